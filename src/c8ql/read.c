/*
 * c8ql/read.c
 *		Reads collections through SPI.
 *
 * A scan is a cursor that is read in batches:
 *
 *		cursor -> batch (keys, revisions, documents) -> one document, shown
 *
 * so that memory is bounded by the batch.  SPI is entered and left within each
 * function: whoever calls us may be inside of other work.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/schema.h"
#include "base/spivalue.h"
#include "c8ql/read.h"
#include "document/fetch.h"
#include "expr/value.h"

#define BATCH_SIZE 64

struct Reader
{
	const Collection *collection;
	bool		whole;
	Portal		portal;
	char	   *name;			/* of the portal */
	MemoryContext context;		/* all of this */
	MemoryContext batch;
	MemoryContext row;
	char	   *keys[BATCH_SIZE];
	char	   *revs[BATCH_SIZE];
	Jsonb	   *docs[BATCH_SIZE];
	int			count;
	int			next;
	bool		done;
};

static void fill_batch(Reader *reader);

void
reader_push_snapshot(Run *run)
{
	if (run->snapshot)
		PushActiveSnapshot(run->snapshot);
	else if (run->access_after_write)
	{
		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
	}
	else
		PushActiveSnapshot(GetActiveSnapshot());
}

void
reader_pop_snapshot(void)
{
	PopActiveSnapshot();
}

Reader *
reader_open(Run *run, Oid relid, bool whole, const ReaderQuery *query)
{
	MemoryContext context;
	MemoryContext caller;
	Reader	   *reader;
	StringInfoData sql;
	SPIPlanPtr	plan;

	context = AllocSetContextCreate(CurrentMemoryContext, "C8QL reader",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	reader = palloc0(sizeof(Reader));
	reader->context = context;
	reader->batch = AllocSetContextCreate(context, "C8QL batch",
										  ALLOCSET_DEFAULT_SIZES);
	reader->row = AllocSetContextCreate(context, "C8QL row",
										ALLOCSET_DEFAULT_SIZES);
	reader->collection = collection_resolve(relid);
	reader->whole = whole;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s, %s, %s FROM %s",
					 document_column(reader->collection,
									 reader->collection->key_attno),
					 document_column(reader->collection,
									 reader->collection->rev_attno),
					 document_column(reader->collection,
									 reader->collection->doc_attno),
					 document_table(reader->collection));
	if (query)
		appendStringInfoString(&sql, query->tail);
	reader_push_snapshot(run);
	SPI_connect();
	plan = document_plan(reader->collection, sql.data,
						 query ? query->nargs : 0, query ? query->types : NULL);
	reader->portal = SPI_cursor_open(NULL, plan,
									 query ? unconstify(Datum *, query->args) : NULL,
									 NULL, true);
	reader->name = MemoryContextStrdup(context, reader->portal->name);
	SPI_finish();
	reader_pop_snapshot();
	MemoryContextSwitchTo(caller);
	return reader;
}

bool
reader_next(Reader *reader, JsonbValue *value)
{
	Jsonb	   *doc;

	if (reader->next == reader->count)
	{
		if (reader->done)
			return false;
		fill_batch(reader);
		if (reader->count == 0)
			return false;
	}
	doc = reader->docs[reader->next];
	if (reader->whole)
	{
		MemoryContext caller;

		MemoryContextReset(reader->row);
		caller = MemoryContextSwitchTo(reader->row);
		doc = document_show(reader->collection, reader->keys[reader->next],
							reader->revs[reader->next], doc);
		MemoryContextSwitchTo(caller);
	}
	value_from_jsonb(doc, value);
	reader->next++;
	return true;
}

static void
fill_batch(Reader *reader)
{
	reader->count = reader->next = 0;
	MemoryContextReset(reader->batch);
	SPI_connect();
	SPI_cursor_fetch(reader->portal, true, BATCH_SIZE);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext caller = MemoryContextSwitchTo(reader->batch);

		reader->keys[i] = SPI_getvalue(tuple, desc, 1);
		if (reader->keys[i] == NULL)
			reader->keys[i] = "";
		reader->revs[i] = SPI_getvalue(tuple, desc, 2);
		reader->docs[i] = document_of_tuple(tuple, desc, 3);
		MemoryContextSwitchTo(caller);
	}
	reader->count = (int) SPI_processed;
	reader->done = SPI_processed < BATCH_SIZE;
	SPI_finish();
}

void
reader_close(Reader *reader)
{
	/*
	 * A portal goes with the subtransaction that opened it, if that is rolled
	 * back, and the reader's owner learns nothing of it.  Names do not come
	 * again.
	 */
	Portal		portal = GetPortalByName(reader->name);

	if (PortalIsValid(portal))
		SPI_cursor_close(portal);
	MemoryContextDelete(reader->context);
}

bool
reader_true(Run *run, Oid relid, const char *sql)
{
	SPIPlanPtr	plan;
	bool		isnull;
	bool		answer;

	reader_push_snapshot(run);
	SPI_connect();
	plan = document_plan(collection_resolve(relid), sql, 0, NULL);
	if (SPI_execute_plan(plan, NULL, NULL, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not ask a collection");
	answer = DatumGetBool(spi_value(SPI_tuptable->vals[0],
									SPI_tuptable->tupdesc, 1, BOOLOID, &isnull));
	SPI_finish();
	reader_pop_snapshot();
	return answer;
}

int64
reader_count(Run *run, Oid relid)
{
	const Collection *collection = collection_resolve(relid);
	SPIPlanPtr	plan;
	bool		isnull;
	int64		count;

	reader_push_snapshot(run);
	SPI_connect();
	plan = document_plan(collection,
						 psprintf("SELECT pg_catalog.count(*) FROM %s",
								  document_table(collection)), 0, NULL);
	if (SPI_execute_plan(plan, NULL, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not count documents");
	count = DatumGetInt64(spi_value(SPI_tuptable->vals[0],
									SPI_tuptable->tupdesc, 1, INT8OID, &isnull));
	SPI_finish();
	reader_pop_snapshot();
	return count;
}

void
reader_collections(Run *run, JsonbValue *value)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *sql = psprintf("SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('_id', n, 'name', n) ORDER BY n COLLATE pg_catalog.\"C\")"
							   " FROM (SELECT name::pg_catalog.text AS n FROM %s.upsert_collections"
							   " WHERE pg_catalog.has_table_privilege(name, 'SELECT')) c",
							   upsert_schema_quoted());

	value_set_empty_array(value);
	reader_push_snapshot(run);
	SPI_connect();
	if (SPI_execute(sql, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not list collections");
	if (SPI_processed > 0)
	{
		bool		isnull;
		Datum		list = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
									 1, JSONBOID, &isnull);
		MemoryContext spi = MemoryContextSwitchTo(caller);

		if (!isnull)
			value_from_jsonb((Jsonb *) PG_DETOAST_DATUM_COPY(list), value);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	reader_pop_snapshot();
	MemoryContextSwitchTo(caller);
}

int
reader_ahead(const Reader *reader, const Jsonb **docs, int most)
{
	int			count = Min(reader->count - reader->next, most);

	for (int i = 0; i < count; i++)
		docs[i] = reader->docs[reader->next + i];
	return count;
}

void
reader_fetch_keys(Run *run, Oid relid, int count, const char *const *keys,
				  JsonbValue *values)
{
	MemoryContext caller = CurrentMemoryContext;
	const Collection *collection = collection_resolve(relid);
	Datum	   *datums = palloc(sizeof(Datum) * count);
	int			ndatums = 0;
	int16		typlen;
	bool		typbyval;
	char		typalign;
	Oid			types[1];
	Datum		args[1];
	SPIPlanPtr	plan;

	for (int i = 0; i < count; i++)
	{
		const char *hint;

		value_set_null(&values[i]);
		if (collection_key_parse(collection, keys[i], strlen(keys[i]),
								 &datums[ndatums], &hint))
			ndatums++;
	}
	if (ndatums == 0)
		return;
	get_typlenbyvalalign(collection->key_type, &typlen, &typbyval, &typalign);
	types[0] = get_array_type(collection->key_type);
	args[0] = PointerGetDatum(construct_array(datums, ndatums,
											  collection->key_type, typlen,
											  typbyval, typalign));
	reader_push_snapshot(run);
	SPI_connect();
	plan = document_plan(collection,
						 psprintf("SELECT %s, %s, %s FROM %s WHERE %s OPERATOR(pg_catalog.=) ANY ($1)",
								  document_column(collection, collection->key_attno),
								  document_column(collection, collection->rev_attno),
								  document_column(collection, collection->doc_attno),
								  document_table(collection),
								  document_column(collection, collection->key_attno)),
						 1, types);
	if (SPI_execute_plan(plan, args, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read documents");
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		char	   *key = SPI_getvalue(tuple, desc, 1);
		char	   *rev = SPI_getvalue(tuple, desc, 2);
		Jsonb	   *doc = document_of_tuple(tuple, desc, 3);
		MemoryContext spi = MemoryContextSwitchTo(caller);

		for (int i = 0; key != NULL && i < count; i++)
		{
			if (strcmp(keys[i], key) == 0)
				value_from_jsonb(document_show(collection, key, rev, doc),
								 &values[i]);
		}
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	reader_pop_snapshot();
	MemoryContextSwitchTo(caller);
}

bool
reader_fetch_id(Run *run, const char *id, int len, JsonbValue *value)
{
	const char *slash = memchr(id, '/', len);
	Oid			relid;

	value_set_null(value);
	if (slash == NULL)
		return false;
	relid = plan_find_collection(pnstrdup(id, slash - id));
	return OidIsValid(relid) &&
		reader_fetch(run, relid, slash + 1, len - (int) (slash + 1 - id), value);
}

bool
reader_fetch(Run *run, Oid relid, const char *key, int len, JsonbValue *value)
{
	const Collection *collection = collection_resolve(relid);
	const char *hint;
	Datum		datum;
	Jsonb	   *doc;

	value_set_null(value);
	if (!collection_key_parse(collection, key, len, &datum, &hint))
		return false;
	reader_push_snapshot(run);
	doc = document_fetch(collection, datum);
	reader_pop_snapshot();
	if (doc)
		value_from_jsonb(doc, value);
	return doc != NULL;
}
