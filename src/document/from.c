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

/*
 * Documents that the batch holds at a time.  Twice as many after each chunk
 * that took a subtransaction, to so many bytes: a transaction should not have
 * more than some dozens.
 */
#define CHUNK_SIZE 1000
#define MAX_CHUNK_SIZE 1000000
#define CHUNK_BYTES (64 * 1024 * 1024)

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

	return request_find_key(documents_collection(arg), doc, key, &why) == REQUEST_KEY_ONE;
}

/* A QueryGroup: the shard of its key. */
static int
document_group(void *arg, Datum key)
{
	return documents_shard(arg, key);
}

void
documents_from_query(DocumentBatch *b, const char *query)
{
	const Collection *c = documents_collection(b);
	const DocumentBy *by = documents_by(b);
	Oid			key_type = by ? JSONBOID : c->key_type;
	QuerySort  *qs = by ?
	query_sort(query, key_type, InvalidOid, document_by, NULL, unconstify(DocumentBy *, by)) :
	query_sort(query, key_type, c->key_collation, document_key,
			   documents_has_shards(b) ? document_group : NULL, b);
	MemoryContext chunk_context = AllocSetContextCreate(CurrentMemoryContext,
														"upsert query chunk",
														ALLOCSET_DEFAULT_SIZES);
	int			chunk_size = CHUNK_SIZE;
	Size		bytes = 0;
	bool		have_last = false;
	Datum		last = (Datum) 0;
	int16		typlen;
	bool		typbyval;
	QueryRow	row;

	get_typlenbyval(key_type, &typlen, &typbyval);
	while (query_sort_next(qs, &row))
	{
		MemoryContext oldcontext;

		if ((documents_size(b) >= chunk_size ||
			 (documents_size(b) >= CHUNK_SIZE && bytes >= CHUNK_BYTES)) &&
			(!row.has_key || !have_last ||
			 (by ? by_compare(DatumGetJsonbP(row.key), DatumGetJsonbP(last)) :
			  collection_key_compare(c, row.key, last)) != 0))
		{
			int			subtransactions = store_subtransactions();

			documents_in_parts(b);
			documents_run(b);
			if ((documents_was_apart(b) || store_subtransactions() > subtransactions) &&
				chunk_size < MAX_CHUNK_SIZE)
				chunk_size *= 2;
			documents_reset(b);
			MemoryContextReset(chunk_context);
			bytes = 0;
		}
		oldcontext = MemoryContextSwitchTo(chunk_context);
		have_last = row.has_key;
		if (have_last)
			last = datumCopy(row.key, typbyval, typlen);
		if (have_last && !by)
			documents_add_keyed(b, DatumGetJsonbPCopy(JsonbPGetDatum(row.doc)), last, row.place);
		else
			documents_add(b, DatumGetJsonbPCopy(JsonbPGetDatum(row.doc)), row.place);
		bytes += VARSIZE(row.doc);
		MemoryContextSwitchTo(oldcontext);
	}
	documents_run(b);
	documents_reset(b);
	MemoryContextDelete(chunk_context);
	query_sort_end(qs);
}
