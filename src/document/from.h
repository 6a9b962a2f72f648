/*
 * from.h
 *		A batch from a query.
 */
#ifndef UPSERT_FROM_H
#define UPSERT_FROM_H

#include "document/documents.h"

/*
 * Runs the query with the caller's rights and upserts the documents that it
 * returns through the batch, in the order of their keys, holding a bounded
 * number of them in memory.  Errors: 42804 if the query does not return one
 * column of type jsonb, 22004 for a null document, 34000 if it returns
 * nothing at all, and those of documents_run().
 */
extern void documents_from_query(DocumentBatch *b, const char *query);

#endif							/* UPSERT_FROM_H */
