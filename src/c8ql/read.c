/*
 * c8ql/read.c
 *		Reads collections through SPI.
 *
 * A scan is a cursor that is read in batches:
 *
 *		cursor -> batch (keys, revisions, documents) -> one document, shown
 *
 * so that memory is bounded by the batch.  Plans are kept by their text and
 * the types of their parameters, in a memo of the collection.  Values are
 * taken out of rows by the description that comes with those, not by the
 * collection's: a view may have run anything since.  SPI is entered and left
 * within each function: whoever calls us may be inside of other work.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/spivalue.h"
#include "catalog/memo.h"
#include "jsonb/doc.h"
#include "expr/value.h"
#include "c8ql/read.h"

#define BATCH_SIZE 64

/* plans that a session keeps of one collection */
#define MAX_PLANS 64

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

/* A plan that is kept. */
typedef struct KeptPlan
{
	uint32		hash;			/* of the text */
	const char *sql;
	int			nargs;
	const Oid  *types;
	SPIPlanPtr	plan;
	MemoryContextCallback callback;
} KeptPlan;

/* Those of one collection. */
typedef struct CollectionPlans
{
	Memo		memo;
	List	   *plans;			/* of KeptPlan */
} CollectionPlans;

static void fill_batch(Reader *reader);
static Jsonb *tuple_document(HeapTuple tuple, TupleDesc desc, int column);

char *
reader_column(const Collection *collection, AttrNumber attno)
{
	return pstrdup(quote_identifier(get_attname(collection->relid, attno,
												false)));
}

char *
reader_table(const Collection *collection)
{
	Oid			namespace = get_rel_namespace(collection->relid);

	return quote_qualified_identifier(get_namespace_name(namespace),
									  get_rel_name(collection->relid));
}

static void
make_plans(Memo *memo, Relation rel)
{
	/* one by one, as they are asked for */
}

static MemoCache collection_plans = {"C8QL plans", sizeof(CollectionPlans), make_plans};

static void
free_plan(void *arg)
{
	SPI_freeplan(((KeptPlan *) arg)->plan);
}

static KeptPlan *
find_plan(const CollectionPlans *kept, uint32 hash, const char *sql, int nargs,
		  const Oid *types)
{
	ListCell   *lc;

	foreach(lc, kept->plans)
	{
		KeptPlan   *plan = lfirst(lc);

		if (plan->hash == hash && plan->nargs == nargs &&
			strcmp(plan->sql, sql) == 0 &&
			(nargs == 0 || memcmp(plan->types, types, sizeof(Oid) * nargs) == 0))
			return plan;
	}
	return NULL;
}

/* Keeps it, to be freed with the memo. */
static void
keep_plan(CollectionPlans *kept, uint32 hash, const char *sql, int nargs,
		  const Oid *types, SPIPlanPtr plan)
{
	MemoryContext caller = MemoryContextSwitchTo(kept->memo.context);
	KeptPlan   *entry = palloc0(sizeof(KeptPlan));

	entry->hash = hash;
	entry->sql = pstrdup(sql);
	entry->nargs = nargs;
	entry->types = nargs == 0 ? NULL :
		memcpy(palloc(sizeof(Oid) * nargs), types, sizeof(Oid) * nargs);
	entry->plan = plan;
	entry->callback.func = free_plan;
	entry->callback.arg = entry;
	kept->plans = lappend(kept->plans, entry);
	/* nothing fails from here on */
	SPI_keepplan(plan);
	MemoryContextRegisterResetCallback(kept->memo.context, &entry->callback);
	MemoryContextSwitchTo(caller);
}

SPIPlanPtr
reader_plan(const Collection *collection, const char *sql, int nargs,
			const Oid *types)
{
	Relation	rel = collection_hold(collection->relid);
	CollectionPlans *kept = (CollectionPlans *) memo_of(&collection_plans, rel);
	uint32		hash = hash_bytes((const unsigned char *) sql, strlen(sql));
	KeptPlan   *found = find_plan(kept, hash, sql, nargs, types);
	SPIPlanPtr	plan;

	if (found == NULL)
	{
		plan = SPI_prepare(sql, nargs, unconstify(Oid *, types));
		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s",
				 SPI_result_code_string(SPI_result));
		if (list_length(kept->plans) >= MAX_PLANS)
		{
			/* anew; those that run now are pinned */
			memo_forget(&kept->memo);
			kept = (CollectionPlans *) memo_of(&collection_plans, rel);
		}
		keep_plan(kept, hash, sql, nargs, types, plan);
	}
	else
		plan = found->plan;
	collection_release(rel);
	return plan;
}

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
reader_open(Run *run, Oid relid, bool whole)
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
					 reader_column(reader->collection,
								   reader->collection->key_attno),
					 reader->collection->rev_attno == InvalidAttrNumber ?
					 "NULL::pg_catalog.text" :
					 reader_column(reader->collection,
								   reader->collection->rev_attno),
					 reader_column(reader->collection,
								   reader->collection->doc_attno),
					 reader_table(reader->collection));
	reader_push_snapshot(run);
	SPI_connect();
	plan = reader_plan(reader->collection, sql.data, 0, NULL);
	reader->portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
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
		reader->docs[i] = tuple_document(tuple, desc, 3);
		MemoryContextSwitchTo(caller);
	}
	reader->count = (int) SPI_processed;
	reader->done = SPI_processed < BATCH_SIZE;
	SPI_finish();
}

/* A copy of a document in the current context. */
static Jsonb *
tuple_document(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = spi_value(tuple, desc, column, JSONBOID, &isnull);

	if (isnull)
		return doc_empty();
	return (Jsonb *) PG_DETOAST_DATUM_COPY(value);
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

int64
reader_count(Run *run, Oid relid)
{
	const Collection *collection = collection_resolve(relid);
	SPIPlanPtr	plan;
	bool		isnull;
	int64		count;

	reader_push_snapshot(run);
	SPI_connect();
	plan = reader_plan(collection,
					   psprintf("SELECT pg_catalog.count(*) FROM %s",
								reader_table(collection)), 0, NULL);
	if (SPI_execute_plan(plan, NULL, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not count documents");
	count = DatumGetInt64(spi_value(SPI_tuptable->vals[0],
									SPI_tuptable->tupdesc, 1, INT8OID, &isnull));
	SPI_finish();
	reader_pop_snapshot();
	return count;
}

bool
reader_fetch(Run *run, Oid relid, const char *key, int len, JsonbValue *value)
{
	MemoryContext caller = CurrentMemoryContext;
	const Collection *collection = collection_resolve(relid);
	const char *hint;
	StringInfoData sql;
	SPIPlanPtr	plan;
	Datum		args[1];
	Oid			types[1];
	bool		found;

	value_set_null(value);
	if (!collection_key_parse(collection, key, len, &args[0], &hint))
		return false;
	types[0] = collection->key_type;
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s, %s FROM %s WHERE %s OPERATOR(pg_catalog.=) $1",
					 collection->rev_attno == InvalidAttrNumber ?
					 "NULL::pg_catalog.text" :
					 reader_column(collection, collection->rev_attno),
					 reader_column(collection, collection->doc_attno),
					 reader_table(collection),
					 reader_column(collection, collection->key_attno));
	reader_push_snapshot(run);
	SPI_connect();
	plan = reader_plan(collection, sql.data, 1, types);
	if (SPI_execute_plan(plan, args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read a document");
	found = SPI_processed > 0;
	if (found)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext spi = MemoryContextSwitchTo(caller);
		Jsonb	   *doc = tuple_document(tuple, desc, 2);

		doc = document_show(collection,
							collection_key_to_string(collection, args[0]),
							SPI_getvalue(tuple, desc, 1), doc);
		value_from_jsonb(doc, value);
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	reader_pop_snapshot();
	MemoryContextSwitchTo(caller);
	return found;
}
