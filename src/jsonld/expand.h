/*
 * expand.h
 *		Between expand.c (the algorithm), expandkeyword.c (keys that are
 *		keywords) and expandmap.c (values and container maps).
 */
#ifndef UPSERT_JSONLD_EXPAND_H
#define UPSERT_JSONLD_EXPAND_H

#include "nodes/pg_list.h"

#include "jsonld/context.h"

/* one node or value object while its members are being expanded */
typedef struct Expansion
{
	JldProcessor *proc;
	ActiveContext *type_scoped; /* 10) */
	JldStr		active_property;
	JldValue   *result;
	bool		input_is_json;	/* 12) input type is @json */
	bool		seen_reverse;	/* 13.4.13) a key meant @reverse */
} Expansion;

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

/*
 * Step 13.4: the key means keyword, whose name is expanded_property.  Keys that
 * mean @nest are added to *nests.
 */
extern void expand_keyword(Expansion *e, ActiveContext *ctx, JldKeyword keyword,
						   JldStr expanded_property, JldStr key,
						   JldValue *value, List **nests);

/*
 * Ours, for the option moreDatatypes: a value object whose datatype is rdf:JSON,
 * whichever way it was written, is a JSON literal; and the numbers of a vector
 * are the text that its RDF literal has.
 */
extern void expand_datatype(Expansion *e);

/* Items to the @reverse entry of a result; none say nothing. */
extern void expand_add_reverse(Expansion *e, JldStr property, JldValue *items);

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

/* is property null or @graph, so that what it holds must be a node? */
static inline bool
expand_is_top_level(JldStr property)
{
	return property.data == NULL || jld_is(property, "@graph");
}

/* the value as an array of its own */
static inline JldValue *
expand_as_array(JldValue *v)
{
	if (v == NULL)
		return jld_new_array(0);
	return v->type == JLD_ARRAY ? v : jld_array_of(v);
}

#endif							/* UPSERT_JSONLD_EXPAND_H */
