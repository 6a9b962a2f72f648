/*
 * from.c
 *		A batch from a query: sorted first, then applied in chunks.
 *
 *		cursor --> (key, ord, document) --> sort, on disk if need be
 *				   --> chunk --> documents_run --> chunk --> ...
 *
 * The sort is what makes "in key order" and "duplicates" true of the whole
 * query and not just of a chunk.  A chunk ends only where the key changes.
 * Documents whose key is yet to be generated, or is none, sort last; what is
 * wrong with them is for the batch to say.
 */
#include "postgres.h"

#include "compat.h"

#include "access/tupdesc.h"
#include "base/spivalue.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "jsonb/doc.h"
#include "document/from.h"

/* Rows that the cursor, and documents that the batch, holds at a time. */
#define CHUNK_SIZE 1000

enum
{
	COLUMN_KEY,
	COLUMN_ORD,
	COLUMN_DOC,
	COLUMNS
};

static Tuplesortstate *
begin_sort(const Collection *c, TupleTableSlot **slot)
{
	TupleDesc	tupdesc = CreateTemplateTupleDesc(COLUMNS);
	AttrNumber	attnos[2] = {COLUMN_KEY + 1, COLUMN_ORD + 1};
	Oid			operators[2];
	Oid			collations[2] = {c->key_collation, InvalidOid};
	bool		nulls_first[2] = {false, false};

	TupleDescInitEntry(tupdesc, COLUMN_KEY + 1, "key", c->key_type, -1, 0);
	TupleDescInitEntryCollation(tupdesc, COLUMN_KEY + 1, c->key_collation);
	TupleDescInitEntry(tupdesc, COLUMN_ORD + 1, "ord", INT8OID, -1, 0);
	TupleDescInitEntry(tupdesc, COLUMN_DOC + 1, "doc", JSONBOID, -1, 0);
	compat_tupdesc_finish(tupdesc);
	*slot = MakeSingleTupleTableSlot(tupdesc, &TTSOpsMinimalTuple);

	operators[0] = lookup_type_cache(c->key_type, TYPECACHE_LT_OPR)->lt_opr;
	operators[1] = lookup_type_cache(INT8OID, TYPECACHE_LT_OPR)->lt_opr;
	return tuplesort_begin_heap(tupdesc, 2, attnos, operators, collations,
								nulls_first, work_mem, NULL, 0);
}

static void
put_document(Tuplesortstate *sort, TupleTableSlot *slot, const Collection *c,
			 int64 ord, Jsonb *doc)
{
	JsonbValue	v;
	const char *hint;

	ExecClearTuple(slot);
	slot->tts_isnull[COLUMN_KEY] =
		!(JB_ROOT_IS_OBJECT(doc) && doc_get_attribute(doc, "_key", &v) &&
		  collection_key_parse_json(c, &v, &slot->tts_values[COLUMN_KEY], &hint));
	slot->tts_isnull[COLUMN_ORD] = false;
	slot->tts_values[COLUMN_ORD] = Int64GetDatum(ord);
	slot->tts_isnull[COLUMN_DOC] = false;
	slot->tts_values[COLUMN_DOC] = JsonbPGetDatum(doc);
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(sort, slot);
}

/* Reads the query to its end. */
static void
sort_query(Tuplesortstate *sort, TupleTableSlot *slot, const Collection *c,
		   const char *query)
{
	MemoryContext rows_context;
	SPIPlanPtr	plan;
	Portal		portal;
	int64		ord = 0;

	SPI_connect();
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	if (!SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_CURSOR_DEFINITION),
				 errmsg("the query is not one that returns rows"),
				 errdetail("The query is \"%s\".", query),
				 errhint("Give a single SELECT, VALUES, TABLE, or a command with RETURNING.")));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, false);
	if (portal->tupDesc == NULL || portal->tupDesc->natts != 1 ||
		TupleDescAttr(portal->tupDesc, 0)->atttypid != JSONBOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query must return one column of type jsonb"),
				 portal->tupDesc != NULL && portal->tupDesc->natts == 1 ?
				 errdetail("Its column is of type %s.",
						   format_type_be(TupleDescAttr(portal->tupDesc, 0)->atttypid)) :
				 errdetail("It returns %d columns.",
						   portal->tupDesc ? portal->tupDesc->natts : 0),
				 errhint("Make a document of each row, with to_jsonb() or jsonb_build_object().")));

	rows_context = AllocSetContextCreate(CurrentMemoryContext,
										 "upsert query rows",
										 ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		MemoryContext oldcontext;
		uint64		i;

		SPI_cursor_fetch(portal, true, CHUNK_SIZE);
		if (SPI_processed == 0)
			break;
		oldcontext = MemoryContextSwitchTo(rows_context);
		for (i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			Datum		value = spi_value(SPI_tuptable->vals[i],
										  SPI_tuptable->tupdesc, 1, JSONBOID,
										  &isnull);

			CHECK_FOR_INTERRUPTS();
			if (isnull)
				ereport(ERROR,
						(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						 errmsg("the query returned a null document"),
						 errdetail("It is row " INT64_FORMAT " of the query.",
								   ord + 1),
						 errhint("Leave such rows out, with WHERE.")));
			put_document(sort, slot, c, ord++, DatumGetJsonbP(value));
		}
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(rows_context);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
}

/* Feeds the sorted documents to the batch, a chunk at a time. */
static void
run_sorted(DocumentBatch *b, Tuplesortstate *sort, TupleTableSlot *slot,
		   const Collection *c)
{
	MemoryContext chunk_context = AllocSetContextCreate(CurrentMemoryContext,
														"upsert query chunk",
														ALLOCSET_DEFAULT_SIZES);
	bool		have_last = false;
	Datum		last = (Datum) 0;
	int16		typlen;
	bool		typbyval;

	get_typlenbyval(c->key_type, &typlen, &typbyval);
	while (tuplesort_gettupleslot(sort, true, false, slot, NULL))
	{
		MemoryContext oldcontext;
		bool		isnull;
		Datum		key = slot_getattr(slot, COLUMN_KEY + 1, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (documents_size(b) >= CHUNK_SIZE &&
			(isnull || !have_last || collection_key_compare(c, key, last) != 0))
		{
			documents_run(b);
			documents_reset(b);
			MemoryContextReset(chunk_context);
		}
		oldcontext = MemoryContextSwitchTo(chunk_context);
		have_last = !isnull;
		if (have_last)
			last = datumCopy(key, typbyval, typlen);
		documents_add(b, DatumGetJsonbPCopy(slot_getattr(slot, COLUMN_DOC + 1, &isnull)),
					  DatumGetInt64(slot_getattr(slot, COLUMN_ORD + 1, &isnull)) + 1);
		MemoryContextSwitchTo(oldcontext);
	}
	documents_run(b);
	documents_reset(b);
	MemoryContextDelete(chunk_context);
}

void
documents_from_query(DocumentBatch *b, const char *query)
{
	const Collection *c = documents_collection(b);
	TupleTableSlot *slot;
	Tuplesortstate *sort = begin_sort(c, &slot);

	sort_query(sort, slot, c, query);
	tuplesort_performsort(sort);
	run_sorted(b, sort, slot, c);
	tuplesort_end(sort);
	ExecDropSingleTupleTableSlot(slot);
}
