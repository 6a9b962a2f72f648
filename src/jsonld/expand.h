/*
 * expand.h
 *		Between expand.c (the algorithm) and expandmap.c (values and container
 *		maps).
 */
#ifndef UPSERT_JSONLD_EXPAND_H
#define UPSERT_JSONLD_EXPAND_H

#include "nodes/pg_list.h"

#include "jsonld/context.h"

/*
 * Expansion Algorithm.  property is the active property (JLD_NOSTR: null) and
 * def its definition in ctx (NULL: none).  Answers NULL for null; an array in
 * the answer is new.
 */
extern JldValue *expand_element(JldProcessor *proc, ActiveContext *ctx,
								JldStr property, TermDefinition *def,
								JldValue *element, bool from_map);

/* Value Expansion of a scalar; def is the active property's or NULL. */
extern JldValue *expand_value(JldProcessor *proc, ActiveContext *ctx,
							  TermDefinition *def, JldValue *value);

/* Steps 13.7 and 13.8; the answer is a new array. */
extern JldValue *expand_language_map(JldProcessor *proc, ActiveContext *ctx,
									 TermDefinition *def, JldValue *map);
extern JldValue *expand_index_map(JldProcessor *proc, ActiveContext *ctx,
								  TermDefinition *def, JldStr key,
								  JldValue *map);

/* Steps 15.1), 15.4) and 15.5): errors for a bad value object. */
extern void expand_check_value_object(JldProcessor *proc, JldValue *result);

/* Small parts that both need. */
extern JldValue *expand_to_list(JldProcessor *proc, JldValue *items);
extern JldValue *expand_json_type(void);	/* the string "@json" */

#endif							/* UPSERT_JSONLD_EXPAND_H */
