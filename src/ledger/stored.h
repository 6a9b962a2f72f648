/*
 * stored.h
 *		Reading what a ledger's tables hold.
 */
#ifndef UPSERT_LEDGER_STORED_H
#define UPSERT_LEDGER_STORED_H

#include "jsonld/value.h"

/*
 * A node of the table of nodes as a tree, which points into doc: an object
 * with an "@id", "@type" an array of strings, all else arrays of values, of
 * references, and of lists of these.  Error XX001 if it is not that.
 */
extern JldValue *stored_node(Jsonb *doc);

/*
 * The same of half a change of the log, {predicate: [value, ...]}; NULL for
 * NULL, which is what an empty half is.
 */
extern JldValue *stored_half(Jsonb *half);

/* The metadata of a transaction: an object. */
extern JldValue *stored_metadata(Jsonb *metadata);

#endif							/* UPSERT_LEDGER_STORED_H */
