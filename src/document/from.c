/*
 * from.c
 *		A batch from a query: sorted first, then applied in chunks.
 *
 *		query_sort() --> chunk --> documents_run --> chunk --> ...
 *
 * The sort is what makes "in key order" and "duplicates" true of the whole
 * query and not just of a chunk.  A chunk ends only where the key changes.
 * Documents whose key is yet to be generated, or is none, sort last; what is
 * wrong with them is for the batch to say.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "call/querysort.h"
#include "document/from.h"
#include "document/request.h"

/* Documents that the batch holds at a time. */
#define CHUNK_SIZE 1000

/* A QueryKey: the values that the document is found by. */
static bool
document_by(void *arg, Jsonb *doc, Datum *key)
{
	Refusal		why;
	Jsonb	   *values = JB_ROOT_IS_OBJECT(doc) ? by_values(arg, doc, &why) : NULL;

	*key = PointerGetDatum(values);
	return values != NULL;
}

/* A QueryKey: the document's. */
static bool
document_key(void *arg, Jsonb *doc, Datum *key)
{
	Refusal		why;

	return request_find_key(arg, doc, key, &why) == REQUEST_KEY_ONE;
}

void
documents_from_query(DocumentBatch *b, const char *query)
{
	const Collection *c = documents_collection(b);
	const DocumentBy *by = documents_by(b);
	Oid			key_type = by ? JSONBOID : c->key_type;
	QuerySort  *qs = by ?
		query_sort(query, key_type, InvalidOid, document_by, unconstify(DocumentBy *, by)) :
		query_sort(query, key_type, c->key_collation, document_key, unconstify(Collection *, c));
	MemoryContext chunk_context = AllocSetContextCreate(CurrentMemoryContext,
														"upsert query chunk",
														ALLOCSET_DEFAULT_SIZES);
	bool		have_last = false;
	Datum		last = (Datum) 0;
	int16		typlen;
	bool		typbyval;
	QueryRow	row;

	get_typlenbyval(key_type, &typlen, &typbyval);
	while (query_sort_next(qs, &row))
	{
		MemoryContext oldcontext;

		if (documents_size(b) >= CHUNK_SIZE &&
			(!row.has_key || !have_last ||
			 (by ? by_compare(DatumGetJsonbP(row.key), DatumGetJsonbP(last)) :
			  collection_key_compare(c, row.key, last)) != 0))
		{
			documents_run(b);
			documents_reset(b);
			MemoryContextReset(chunk_context);
		}
		oldcontext = MemoryContextSwitchTo(chunk_context);
		have_last = row.has_key;
		if (have_last)
			last = datumCopy(row.key, typbyval, typlen);
		documents_add(b, DatumGetJsonbPCopy(JsonbPGetDatum(row.doc)), row.place);
		MemoryContextSwitchTo(oldcontext);
	}
	documents_run(b);
	documents_reset(b);
	MemoryContextDelete(chunk_context);
	query_sort_end(qs);
}
