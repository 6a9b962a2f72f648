/*
 * parts.h
 *		Large documents, node by node.
 */
#ifndef UPSERT_JSONLD_PARTS_H
#define UPSERT_JSONLD_PARTS_H

#include "jsonld/jsonld.h"

/*
 * What jsonld_expand_sql and jsonld_compact_sql answer for doc, in answer's
 * memory; or NULL where doc is not one to be taken apart (then nothing has
 * been done).  context: as for jsonld_compact(); NULL: the document is
 * expanded only.
 */
extern Jsonb *jsonld_in_parts(JldProcessor *proc, Jsonb *doc,
							  JldValue *context, MemoryContext answer);

#endif							/* UPSERT_JSONLD_PARTS_H */
