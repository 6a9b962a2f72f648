/*
 * import.c
 *		upsert_import(): a long load that commits batch by batch.
 *
 *		query --> query_sort() --> what is still to be done, on disk if it is much
 *			--> [ batch ][ progress ] COMMIT --> [ batch ][ progress ] COMMIT ...
 *
 * A batch and the row that tells how far the load has come are committed
 * together, so a crash at any instant repeats nothing and skips nothing: who
 * calls again with the same resumeKey goes on behind the last key.  A batch
 * ends only where the key changes.  Documents whose key is none come last; how
 * many of them are done is counted.
 *
 * Nothing of the collection is held over a commit: what a batch needs it opens
 * anew, and keys wait as texts.  The rows of progress belong to the extension's
 * owner.
 */
#include "postgres.h"

#include "compat.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/varlena.h"

#include "base/digest.h"
#include "base/owner.h"
#include "base/schema.h"
#include "base/spivalue.h"
#include "call/argument.h"
#include "call/querysort.h"
#include "document/documents.h"
#include "document/request.h"
#include "upsert.h"

#define IMPORTS_TABLE "upsert_imports"

typedef struct ImportOptions
{
	int			batch_size;
	int			batch_bytes;
	char	   *resume_key;
	char	   *error_table;
} ImportOptions;

typedef struct ImportRow
{
	text	   *key;			/* NULL: none */
	Jsonb	   *doc;
} ImportRow;

/* Rows of one batch. */
typedef struct ImportRows
{
	MemoryContext context;		/* their own */
	ImportRow  *rows;
	int			n;
	int			size;
} ImportRows;

/* In memory that outlives the transactions. */
typedef struct Import
{
	Oid			relid;
	const char *query;
	UpsertOptions options;
	ImportOptions import;
	char	   *errors;			/* the errorTable, quoted; NULL: none */

	int64		id;				/* of its row of progress */
	int64		batches;		/* as that has it */
	char	   *last_key;
	int64		keyless;

	MemoryContext context;
	Tuplestorestate *rest;		/* keys as texts, and documents, in order */
	TupleTableSlot *slot;		/* the next of them; empty: there is none */
	bool		texts;			/* the keys were texts when they were read */
	int64		skip;			/* documents without key that are done */
} Import;

enum
{
	COLUMN_KEY,
	COLUMN_DOC,
	COLUMNS
};

/* ----------
 * Options
 * ----------
 */

static bool
take_batch_size(const JsonbValue *value, void *options)
{
	return option_take_count(value, &((ImportOptions *) options)->batch_size);
}

static bool
take_batch_bytes(const JsonbValue *value, void *options)
{
	return option_take_count(value, &((ImportOptions *) options)->batch_bytes);
}

static const OptionDef import_options[] = {
	{"batchSize", 1, OPTION_OTHER, 0, NULL, take_batch_size, "a whole number from 1 on"},
	{"batchBytes", 1, OPTION_OTHER, 0, NULL, take_batch_bytes, "a whole number from 1 on"},
	{"resumeKey", 1, OPTION_STRING, offsetof(ImportOptions, resume_key)},
	{"errorTable", 1, OPTION_STRING, offsetof(ImportOptions, error_table)},
};

static void
read_options(Jsonb *json, Import *import)
{
	OptionSet	sets[] = {
		OPTION_SET(import_options, 1, &import->import),
		options_set(CALL_UPSERT_IMPORT, &import->options)
	};

	import->import.batch_size = 10000;
	import->import.batch_bytes = 16 * 1024 * 1024;
	options_read(json, sets, lengthof(sets));
	options_check(&import->options);
	import->options.ret = RETURN_NONE;
	if (import->import.error_table)
		import->options.ignore_errors = true;
}

/* ----------
 * Progress
 * ----------
 */

/* A statement on the table of loads, in which %s is its name. */
static void
execute_on_imports(const Import *import, const char *sql, int nargs, Oid *types,
				   Datum *values, const char *nulls)
{
	Relation	table = table_open(upsert_table(IMPORTS_TABLE), AccessShareLock);

	owner_execute(table,
				  psprintf(sql, upsert_table_quoted(IMPORTS_TABLE)),
				  nargs, types, values, nulls);
	table_close(table, NoLock);
}

/* A column of the first row that SPI has brought. */
static Datum
column(int n, Oid type, bool *isnull)
{
	return spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, n, type, isnull);
}

/* Is the session of the load "i" at work?  A parenthesis is left open. */
#define RUNNING \
	" (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid OPERATOR(pg_catalog.=) i.pid" \
	" AND a.backend_start OPERATOR(pg_catalog.=) i.backend_start" \
	" AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()" \
	" AND a.state OPERATOR(pg_catalog.=) 'active'"

/* The load's row: one that broke off, or a new one.  Locked until the commit. */
static void
begin_progress(Import *import)
{
	Oid			types[] = {OIDOID, OIDOID, TEXTOID, BYTEAOID, INT4OID, TIMESTAMPTZOID};
	bytea	   *hash = palloc(VARHDRSZ + DIGEST_SHA256_LENGTH);
	Datum		values[6];
	char		nulls[] = "      ";
	bytea	   *there;
	Datum		last_key;
	bool		isnull;
	bool		running;

	SET_VARSIZE(hash, VARHDRSZ + DIGEST_SHA256_LENGTH);
	digest_compute(DIGEST_SHA256, import->query, strlen(import->query), (uint8 *) VARDATA(hash));
	values[0] = ObjectIdGetDatum(GetUserId());
	values[1] = ObjectIdGetDatum(import->relid);
	values[2] = import->import.resume_key ? CStringGetTextDatum(import->import.resume_key) :
		(Datum) 0;
	nulls[2] = import->import.resume_key ? ' ' : 'n';
	values[3] = PointerGetDatum(hash);
	values[4] = Int32GetDatum(MyProcPid);
	values[5] = TimestampTzGetDatum(MyStartTimestamp);

	execute_on_imports(import,
					   "DELETE FROM %s i WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) collection)"
					   " OR role OPERATOR(pg_catalog.=) $1 AND collection OPERATOR(pg_catalog.=) $2 AND (state OPERATOR(pg_catalog.=) 'finished' OR resume_key IS NULL AND NOT EXISTS"
					   RUNNING "))",
					   2, types, values, NULL);
	execute_on_imports(import,
					   "INSERT INTO %s (role, collection, resume_key, query, pid, backend_start)"
					   " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
					   6, types, values, nulls);
	if (SPI_processed == 1)
	{
		import->id = DatumGetInt64(column(1, INT8OID, &isnull));
		return;
	}
	execute_on_imports(import,
					   "SELECT id, query, last_key, keyless, batches, EXISTS" RUNNING ") FROM %s i"
					   " WHERE role OPERATOR(pg_catalog.=) $1 AND collection OPERATOR(pg_catalog.=) $2"
					   " AND resume_key OPERATOR(pg_catalog.=) $3 AND state OPERATOR(pg_catalog.=) 'running' FOR UPDATE",
					   3, types, values, NULL);
	running = SPI_processed == 0 || DatumGetBool(column(6, BOOLOID, &isnull));
	if (running)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("another session runs the load \"%s\"", import->import.resume_key),
				 errhint("See upsert_progress.")));
	there = DatumGetByteaPP(column(2, BYTEAOID, &isnull));
	if (VARSIZE_ANY_EXHDR(there) != DIGEST_SHA256_LENGTH ||
		memcmp(VARDATA_ANY(there), VARDATA(hash), DIGEST_SHA256_LENGTH) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_IDEMPOTENCY_MISMATCH),
				 errmsg("another query has the \"resumeKey\" \"%s\"", import->import.resume_key),
				 errdetail("That load is not finished."),
				 errhint("Repeat the CALL as it was, or take another name.")));
	import->id = DatumGetInt64(column(1, INT8OID, &isnull));
	last_key = column(3, TEXTOID, &isnull);
	import->last_key = isnull ? NULL :
		MemoryContextStrdup(import->context, TextDatumGetCString(last_key));
	import->skip = import->keyless = DatumGetInt64(column(4, INT8OID, &isnull));
	import->batches = DatumGetInt64(column(5, INT8OID, &isnull));
	execute_on_imports(import,
					   "UPDATE %s SET pid = $2, backend_start = $3 WHERE id OPERATOR(pg_catalog.=) $1",
					   3, (Oid[]) {INT8OID, INT4OID, TIMESTAMPTZOID},
					   (Datum[]) {Int64GetDatum(import->id), values[4], values[5]}, NULL);
}

/* In the batch's own transaction. */
static void
put_progress(Import *import, DocumentSummary s, int64 failed, bool finished)
{
	Oid			types[] = {INT8OID, INT8OID, TEXTOID, INT8OID, INT8OID, INT8OID, INT8OID,
	INT8OID, INT8OID, TEXTOID};
	Datum		values[10];
	char		nulls[] = "          ";

	values[0] = Int64GetDatum(import->id);
	values[1] = Int64GetDatum(import->batches);
	values[2] = import->last_key ? CStringGetTextDatum(import->last_key) : (Datum) 0;
	nulls[2] = import->last_key ? ' ' : 'n';
	values[3] = Int64GetDatum(import->keyless);
	values[4] = Int64GetDatum(s.inserted);
	values[5] = Int64GetDatum(s.updated);
	values[6] = Int64GetDatum(s.unchanged);
	values[7] = Int64GetDatum(s.ignored - failed);
	values[8] = Int64GetDatum(failed);
	values[9] = CStringGetTextDatum(finished ? "finished" : "running");
	execute_on_imports(import,
					   "UPDATE %s SET batches = batches OPERATOR(pg_catalog.+) 1, last_key = $3, keyless = $4,"
					   " inserted = inserted OPERATOR(pg_catalog.+) $5, updated = updated OPERATOR(pg_catalog.+) $6,"
					   " unchanged = unchanged OPERATOR(pg_catalog.+) $7, ignored = ignored OPERATOR(pg_catalog.+) $8,"
					   " failed = failed OPERATOR(pg_catalog.+) $9, state = $10, updated_at = pg_catalog.clock_timestamp()"
					   " WHERE id OPERATOR(pg_catalog.=) $1 AND batches OPERATOR(pg_catalog.=) $2"
					   " AND state OPERATOR(pg_catalog.=) 'running'",
					   10, types, values, nulls);
	if (SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("another session has gone on with the load"),
				 errhint("See upsert_progress.")));
	import->batches++;
}

/* ----------
 * Reading
 * ----------
 */

/* A QueryKey: the document's. */
static bool
find_key(void *arg, Jsonb *doc, Datum *key)
{
	Refusal		why;

	return request_find_key(arg, doc, key, &why) == REQUEST_KEY_ONE;
}

/* The key that a load goes on behind; false if it is at its beginning. */
static bool
resume_after(const Import *import, const Collection *c, Datum *key)
{
	const char *hint;

	if (import->last_key == NULL)
		return false;
	if (!collection_key_parse(c, import->last_key, strlen(import->last_key), key, &hint))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the load \"%s\" cannot go on", import->import.resume_key),
				 errdetail("Its last key, \"%s\", is none of collection \"%s\".",
						   import->last_key, c->name),
				 errhint("%s", hint)));
	return true;
}

static void
begin_rest(Import *import)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(import->context);
	TupleDesc	tupdesc = CreateTemplateTupleDesc(COLUMNS);

	TupleDescInitEntry(tupdesc, COLUMN_KEY + 1, "key", TEXTOID, -1, 0);
	TupleDescInitEntry(tupdesc, COLUMN_DOC + 1, "doc", JSONBOID, -1, 0);
	compat_tupdesc_finish(tupdesc);
	import->slot = MakeSingleTupleTableSlot(tupdesc, &TTSOpsMinimalTuple);
	/* what does not fit into memory is in a file that commits leave alone */
	import->rest = tuplestore_begin_heap(false, true, Max(work_mem, maintenance_work_mem));
	MemoryContextSwitchTo(oldcontext);
}

/* What comes from a file lies in the memory that is current. */
static void
next_row(Import *import)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(import->context);

	(void) tuplestore_gettupleslot(import->rest, true, false, import->slot);
	MemoryContextSwitchTo(oldcontext);
}

/* Puts what the query returns, and is not done, into import->rest. */
static void
run_query(Import *import)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "upsert import query",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	MemoryContext row_context = AllocSetContextCreate(context, "upsert import row",
													  ALLOCSET_DEFAULT_SIZES);
	Relation	held = collection_hold(import->relid);
	const Collection *c = collection_resolve(import->relid);
	Datum		after;
	bool		resumes = resume_after(import, c, &after);
	QuerySort  *qs;
	QueryRow	row;

	query_must_read(import->query);
	qs = query_sort(import->query, c->key_type, c->key_collation, find_key, NULL,
					unconstify(Collection *, c));
	begin_rest(import);
	import->texts = collection_keys_are_text(c);
	while (query_sort_next(qs, &row))
	{
		Datum		values[COLUMNS];
		bool		nulls[COLUMNS] = {!row.has_key};

		if (row.has_key ? resumes && collection_key_compare(c, row.key, after) <= 0 :
			import->skip > 0)
		{
			import->skip -= !row.has_key;
			continue;
		}
		MemoryContextReset(row_context);
		MemoryContextSwitchTo(row_context);
		values[COLUMN_KEY] = row.has_key ? collection_key_to_text(c, row.key) : (Datum) 0;
		values[COLUMN_DOC] = JsonbPGetDatum(row.doc);
		tuplestore_putvalues(import->rest, import->slot->tts_tupleDescriptor, values, nulls);
		MemoryContextSwitchTo(context);
	}
	query_sort_end(qs);
	collection_release(held);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	next_row(import);
}

static ImportRow *
add_row(ImportRows *rows)
{
	if (rows->n == rows->size)
	{
		rows->size *= 2;
		rows->rows = repalloc_huge(rows->rows, sizeof(ImportRow) * rows->size);
	}
	return &rows->rows[rows->n++];
}

static ImportRows *
make_rows(const Import *import)
{
	MemoryContext context = AllocSetContextCreate(import->context, "upsert import rows",
												  ALLOCSET_DEFAULT_SIZES);
	ImportRows *rows = MemoryContextAlloc(context, sizeof(ImportRows));

	rows->context = context;
	rows->n = 0;
	rows->size = 1024;
	rows->rows = MemoryContextAlloc(context, sizeof(ImportRow) * rows->size);
	return rows;
}

/* Has the row the key of the last one of these? */
static bool
same_key(const ImportRows *rows, TupleTableSlot *slot)
{
	const ImportRow *last = &rows->rows[rows->n - 1];
	bool		isnull;
	Datum		value = slot_getattr(slot, COLUMN_KEY + 1, &isnull);
	text	   *key;

	if (isnull || last->key == NULL)
		return false;
	key = DatumGetTextPP(value);
	return VARSIZE_ANY_EXHDR(last->key) == VARSIZE_ANY_EXHDR(key) &&
		memcmp(VARDATA_ANY(last->key), VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) == 0;
}

/* The rows of the next batch. */
static ImportRows *
read_batch(Import *import)
{
	ImportRows *rows = make_rows(import);
	MemoryContext oldcontext = MemoryContextSwitchTo(rows->context);
	Size		bytes = 0;

	while (!TupIsNull(import->slot) &&
		   ((rows->n < import->import.batch_size && bytes < import->import.batch_bytes) ||
			same_key(rows, import->slot)))
	{
		ImportRow  *row = add_row(rows);
		bool		isnull;
		Datum		key = slot_getattr(import->slot, COLUMN_KEY + 1, &isnull);

		CHECK_FOR_INTERRUPTS();
		row->key = isnull ? NULL : DatumGetTextPCopy(key);
		row->doc = DatumGetJsonbPCopy(slot_getattr(import->slot, COLUMN_DOC + 1, &isnull));
		bytes += VARSIZE(row->doc);
		next_row(import);
	}
	MemoryContextSwitchTo(oldcontext);
	return rows;
}

/* ----------
 * Writing
 * ----------
 */

static void
make_error_table(Import *import)
{
	RangeVar   *name;

	if (import->import.error_table == NULL)
		return;
	name = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(import->import.error_table)));
	import->errors = MemoryContextStrdup(import->context,
										 name->schemaname ?
										 quote_qualified_identifier(name->schemaname,
																	name->relname) :
										 quote_identifier(name->relname));
	if (OidIsValid(RangeVarGetRelid(name, NoLock, true)))
		return;
	if (SPI_execute(psprintf("CREATE TABLE %s (at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),"
							 " collection pg_catalog.text NOT NULL, key pg_catalog.text, doc pg_catalog.jsonb NOT NULL,"
							 " error pg_catalog.jsonb NOT NULL)", import->errors),
					false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not make the table of errors");
}

static void
put_error(const Import *import, const char *collection, const ImportRow *row,
		  const Answer *answer)
{
	Oid			types[] = {TEXTOID, TEXTOID, JSONBOID, JSONBOID};
	Datum		values[4];

	values[0] = CStringGetTextDatum(collection);
	values[1] = PointerGetDatum(row->key);
	values[2] = JsonbPGetDatum(row->doc);
	values[3] = JsonbPGetDatum(answer->error);
	spi_expect(SPI_execute_with_args(psprintf("INSERT INTO %s (collection, key, doc, error) VALUES ($1, $2, $3, $4)",
											  import->errors),
									 4, types, values, row->key ? "    " : " n  ", false, 0),
			   SPI_OK_INSERT, import->import.error_table);
}

/* Applies the rows, and notes that they are done. */
static void
run_batch(Import *import, const ImportRows *rows)
{
	DocumentBatch *b = documents_begin(import->relid, &import->options,
									   import->errors != NULL);
	int			n = rows->n;
	int64		failed = 0;
	bool		known;
	DocumentSummary summary;

	documents_need_keys(b);
	/* of another type, they are to be read again, as they were written */
	known = import->texts && collection_keys_are_text(documents_collection(b));
	for (int i = 0; i < n; i++)
	{
		const ImportRow *row = &rows->rows[i];

		if (known && row->key)
			documents_add_keyed(b, row->doc, PointerGetDatum(row->key), i + 1);
		else
			documents_add(b, row->doc, i + 1);
	}
	documents_run(b);
	summary = documents_summary(b);
	documents_close(b);
	for (int i = 0; i < n && import->errors; i++)
	{
		const Answer *answer = documents_answer(b, i);

		if (answer->error == NULL)
			continue;
		failed++;
		put_error(import, documents_collection(b)->name, &rows->rows[i], answer);
	}
	documents_end(b);
	for (int i = 0; i < n; i++)
	{
		if (rows->rows[i].key == NULL)
			import->keyless++;
		else if (i + 1 == n || rows->rows[i + 1].key == NULL)
			import->last_key = MemoryContextStrdup(import->context,
												   text_to_cstring(rows->rows[i].key));
	}
	put_progress(import, summary, failed, TupIsNull(import->slot));
}

static void
commit(void)
{
	SPI_commit();
	/* values of the next transaction may lie out of line */
	EnsurePortalSnapshotExists();
}

static void
run_import(Import *import)
{
	begin_progress(import);
	make_error_table(import);
	commit();
	run_query(import);
	do
	{
		ImportRows *rows = read_batch(import);

		run_batch(import, rows);
		MemoryContextDelete(rows->context);
		commit();
	} while (!TupIsNull(import->slot));
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_import);
PG_FUNCTION_INFO_V1(upsert_document_key);

/* (collection, query, options) */
Datum
upsert_import(PG_FUNCTION_ARGS)
{
	CallContext *call = (CallContext *) fcinfo->context;
	Import	   *import;

	arguments_require(fcinfo, 2);
	if (call == NULL || !IsA(call, CallContext) || call->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("upsert_import() cannot run in a transaction block"),
				 errdetail("It commits after each batch."),
				 errhint("CALL it by itself, or use upsert_from().")));
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	/* SPI's memory is that of the portal now, and outlives the transactions */
	import = palloc0(sizeof(Import));
	import->context = CurrentMemoryContext;
	import->relid = PG_GETARG_OID(0);
	import->query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	read_options(argument_jsonb(fcinfo, 2), import);
	(void) collection_resolve(import->relid);
	PG_TRY();
	{
		run_import(import);
	}
	PG_FINALLY();
	{
		/* nobody else would close its file before the session ends */
		if (import->rest)
			tuplestore_end(import->rest);
	}
	PG_END_TRY();
	SPI_finish();
	PG_RETURN_VOID();
}

/* (collection, doc) */
Datum
upsert_document_key(PG_FUNCTION_ARGS)
{
	const Collection *c = collection_resolve(PG_GETARG_OID(0));
	Datum		key;
	Refusal		why;

	if (request_find_key(c, PG_GETARG_JSONB_P(1), &key, &why) != REQUEST_KEY_ONE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(collection_key_to_string(c, key)));
}
