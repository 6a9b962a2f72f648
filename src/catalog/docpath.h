/*
 * docpath.h
 *		Columns and index expressions that stand for an attribute.
 */
#ifndef UPSERT_DOCPATH_H
#define UPSERT_DOCPATH_H

#include "access/attnum.h"
#include "nodes/pg_list.h"

/*
 * The attribute path that an SQL expression over the document column takes, a
 * list of names, and whether it gives text, not jsonb; NIL for any other
 * expression, and for none (NULL).
 */
extern List *document_path(struct Node *expr, AttrNumber doc, bool *as_text);

#endif							/* UPSERT_DOCPATH_H */
