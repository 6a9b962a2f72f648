/*
 * querysort.c
 *		A query, sorted.
 *
 *		cursor --> (key, place, row) --> sort, on disk if need be --> caller
 *
 * The sort is what makes the order of the keys that of the whole query, not
 * only of the chunks that a caller handles at a time.
 */
#include "postgres.h"

#include "compat.h"

#include "access/tupdesc.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "base/spivalue.h"
#include "call/querysort.h"

/* Rows that the cursor holds at a time. */
#define CHUNK_SIZE 1000

enum
{
	COLUMN_KEY,
	COLUMN_PLACE,
	COLUMN_DOC,
	COLUMN_GROUP,
	COLUMNS
};

struct QuerySort
{
	Tuplesortstate *sort;
	TupleTableSlot *slot;
	MemoryContext row_context;	/* of a document that is not as it was stored */
};

static void
begin_sort(QuerySort *qs, Oid key_type, Oid key_collation, bool groups)
{
	TupleDesc	tupdesc = CreateTemplateTupleDesc(COLUMNS);
	AttrNumber	attnos[3] = {COLUMN_GROUP + 1, COLUMN_KEY + 1, COLUMN_PLACE + 1};
	Oid			operators[3];
	Oid			collations[3] = {InvalidOid, key_collation, InvalidOid};
	bool		nulls_first[3] = {false, false, false};
	int			first = groups ? 0 : 1;

	TupleDescInitEntry(tupdesc, COLUMN_KEY + 1, "key", key_type, -1, 0);
	TupleDescInitEntryCollation(tupdesc, COLUMN_KEY + 1, key_collation);
	TupleDescInitEntry(tupdesc, COLUMN_PLACE + 1, "place", INT8OID, -1, 0);
	TupleDescInitEntry(tupdesc, COLUMN_DOC + 1, "doc", JSONBOID, -1, 0);
	TupleDescInitEntry(tupdesc, COLUMN_GROUP + 1, "group", INT4OID, -1, 0);
	compat_tupdesc_finish(tupdesc);
	qs->slot = MakeSingleTupleTableSlot(tupdesc, &TTSOpsMinimalTuple);

	operators[0] = lookup_type_cache(INT4OID, TYPECACHE_LT_OPR)->lt_opr;
	operators[1] = lookup_type_cache(key_type, TYPECACHE_LT_OPR)->lt_opr;
	operators[2] = lookup_type_cache(INT8OID, TYPECACHE_LT_OPR)->lt_opr;
	qs->sort = tuplesort_begin_heap(tupdesc, 3 - first, attnos + first,
									operators + first, collations + first,
									nulls_first + first,
									Max(work_mem, maintenance_work_mem), NULL, 0);
}

static void
put_row(QuerySort *qs, int64 place, Jsonb *doc, QueryKey key, QueryGroup group,
		void *arg)
{
	TupleTableSlot *slot = qs->slot;

	ExecClearTuple(slot);
	slot->tts_isnull[COLUMN_KEY] = !key(arg, doc, &slot->tts_values[COLUMN_KEY]);
	slot->tts_isnull[COLUMN_GROUP] = group == NULL || slot->tts_isnull[COLUMN_KEY];
	if (!slot->tts_isnull[COLUMN_GROUP])
		slot->tts_values[COLUMN_GROUP] =
			Int32GetDatum(group(arg, slot->tts_values[COLUMN_KEY]));
	slot->tts_isnull[COLUMN_PLACE] = false;
	slot->tts_values[COLUMN_PLACE] = Int64GetDatum(place);
	slot->tts_isnull[COLUMN_DOC] = false;
	slot->tts_values[COLUMN_DOC] = JsonbPGetDatum(doc);
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(qs->sort, slot);
}

/* Prepares it, and says of which type its one column is.  SPI is connected. */
static SPIPlanPtr
prepare_query(const char *query, Oid *type)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	TupleDesc	desc;


	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	if (!SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_CURSOR_DEFINITION),
				 errmsg("the query is not one that returns rows"),
				 errdetail("The query is \"%s\".", query),
				 errhint("Give a single SELECT, VALUES, TABLE, or a command with RETURNING.")));
	desc = ((CachedPlanSource *) linitial(SPI_plan_get_plan_sources(plan)))->resultDesc;
	*type = desc && desc->natts == 1 ?
		getBaseType(TupleDescAttr(desc, 0)->atttypid) : InvalidOid;
	if (*type != JSONBOID && *type != JSONOID && *type != TEXTOID && *type != VARCHAROID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query must return one column of type jsonb, json or text"),
				 OidIsValid(*type) ?
				 errdetail("Its column is of type %s.", format_type_be(*type)) :
				 errdetail("It returns %d columns.", desc ? desc->natts : 0),
				 errhint("Make a document of each row, with to_jsonb() or jsonb_build_object().")));
	return plan;
}

void
query_must_read(const char *query)
{
	CachedPlanSource *source;
	Query	   *parsed;
	Oid			type;

	SPI_connect();
	source = linitial(SPI_plan_get_plan_sources(prepare_query(query, &type)));
	parsed = linitial_node(Query, source->query_list);
	if (parsed->commandType != CMD_SELECT || parsed->hasModifyingCTE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_CURSOR_DEFINITION),
				 errmsg("the query is not one that only reads"),
				 errdetail("The query is \"%s\".", query),
				 errhint("A load that breaks off runs it again when it is resumed.")));
	SPI_finish();
}

static void
describe_row(void *arg)
{
	errcontext("row " INT64_FORMAT " of the query", *(int64 *) arg);
}

/* The document in a column of one of the types. */
static Jsonb *
row_document(Datum value, Oid type, int64 place)
{
	ErrorContextCallback callback = {error_context_stack, describe_row, &place};
	Jsonb	   *doc;

	if (type == JSONBOID)
		return DatumGetJsonbP(value);
	error_context_stack = &callback;
	doc = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											 CStringGetDatum(TextDatumGetCString(value))));
	error_context_stack = callback.previous;
	return doc;
}

/* Reads the query to its end. */
static void
read_query(QuerySort *qs, const char *query, QueryKey key, QueryGroup group,
		   void *arg)
{
	MemoryContext rows_context;
	Oid			type;
	Portal		portal;
	int64		place = 0;

	SPI_connect();
	portal = SPI_cursor_open(NULL, prepare_query(query, &type), NULL, NULL, false);

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
										  SPI_tuptable->tupdesc, 1, type,
										  &isnull);

			CHECK_FOR_INTERRUPTS();
			if (isnull)
				ereport(ERROR,
						(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						 errmsg("the query returned a null document"),
						 errdetail("It is row " INT64_FORMAT " of the query.",
								   place + 1),
						 errhint("Leave such rows out, with WHERE.")));
			place++;
			put_row(qs, place, row_document(value, type, place), key, group, arg);
		}
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(rows_context);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
}

QuerySort *
query_sort(const char *query, Oid key_type, Oid key_collation, QueryKey key,
		   QueryGroup group, void *arg)
{
	QuerySort  *qs = palloc0(sizeof(QuerySort));

	qs->row_context = AllocSetContextCreate(CurrentMemoryContext, "upsert query row",
											ALLOCSET_DEFAULT_SIZES);
	begin_sort(qs, key_type, key_collation, group != NULL);
	read_query(qs, query, key, group, arg);
	tuplesort_performsort(qs->sort);
	return qs;
}

bool
query_sort_next(QuerySort *qs, QueryRow *row)
{
	MemoryContext oldcontext;
	bool		isnull;

	CHECK_FOR_INTERRUPTS();
	if (!tuplesort_gettupleslot(qs->sort, true, false, qs->slot, NULL))
		return false;
	row->key = slot_getattr(qs->slot, COLUMN_KEY + 1, &isnull);
	row->has_key = !isnull;
	row->place = DatumGetInt64(slot_getattr(qs->slot, COLUMN_PLACE + 1, &isnull));
	MemoryContextReset(qs->row_context);
	oldcontext = MemoryContextSwitchTo(qs->row_context);
	row->doc = DatumGetJsonbP(slot_getattr(qs->slot, COLUMN_DOC + 1, &isnull));
	MemoryContextSwitchTo(oldcontext);
	return true;
}

void
query_sort_end(QuerySort *qs)
{
	tuplesort_end(qs->sort);
	ExecDropSingleTupleTableSlot(qs->slot);
	MemoryContextDelete(qs->row_context);
	pfree(qs);
}
