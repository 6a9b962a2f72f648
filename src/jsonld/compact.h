/*
 * compact.h
 *		Between inverse.c (term selection, IRI Compaction) and compact.c.
 */
#ifndef UPSERT_JSONLD_COMPACT_H
#define UPSERT_JSONLD_COMPACT_H

#include "jsonld/context.h"

/*
 * IRI Compaction.  var is an IRI or keyword; value (NULL: none) is what the
 * property var holds and decides between terms; vocab: relative to the
 * vocabulary, otherwise to the base.
 */
extern JldStr compact_iri(JldProcessor *proc, ActiveContext *ctx, JldStr var,
						  const JldValue *value, bool vocab, bool reverse);

/* Compaction Algorithm.  property is the active property (JLD_NOSTR: null). */
extern JldValue *compact_element(JldProcessor *proc, ActiveContext *ctx,
								 JldStr property, JldValue *element);

/* null, {} or []: a context that is not shown in the answer */
extern bool jld_is_empty_context(const JldValue *context);

/* Equal but for the case of ASCII letters, as language tags are? */
extern bool jld_equal_fold(JldStr a, JldStr b);

#endif							/* UPSERT_JSONLD_COMPACT_H */
