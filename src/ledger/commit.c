/*
 * commit.c
 *		Who made a t, when, and what he said of it.
 *
 *		"db:main_commits"	(t PK, at, author, role, message, asserted,
 *							 retracted, metadata)
 *
 * "at" is the transaction's clock, role the user whose rights it had; author
 * and message are what the caller gives.  Metadata is a node without a name,
 * {predicate: [value, ...], ...}: the keys beside @graph in a payload.  The
 * calls of one transaction share a row: counts are of what they have done
 * together, of author and message the last given stands, and so of each
 * predicate.
 *
 * Patterns see the rows as nodes of the graph #txn-meta (commit_relation).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "call/answer.h"
#include "ledger/log.h"
#include "ledger/stored.h"
#include "store/store.h"

#define COMMIT_T			1
#define COMMIT_AT			2
#define COMMIT_AUTHOR		3
#define COMMIT_ROLE			4
#define COMMIT_MESSAGE		5
#define COMMIT_ASSERTED		6
#define COMMIT_RETRACTED	7
#define COMMIT_METADATA		8

/* One row on its way through the store. */
typedef struct CommitRow
{
	Datum	   *key;
	int64		asserted;
	int64		retracted;
	const LedgerMessage *message;
} CommitRow;

static void
set_text(StoreRow *row, AttrNumber column, JldStr s)
{
	if (s.data)
		store_row_set(row, column, jld_text_datum(s), false);
}

static void
set_count(StoreRow *row, AttrNumber column, int64 count, TupleTableSlot *old)
{
	bool		isnull;

	if (old)
		count += DatumGetInt64(slot_getattr(old, column, &isnull));
	store_row_set(row, column, Int64GetDatum(count), false);
}

static void
set_metadata(StoreRow *row, const JldValue *metadata, TupleTableSlot *old)
{
	bool		isnull = true;
	Datum		before = old ? slot_getattr(old, COMMIT_METADATA, &isnull) : (Datum) 0;
	JldValue   *all = isnull ? jld_new_object(metadata->n) :
	stored_metadata(DatumGetJsonbP(before));

	for (int i = 0; i < metadata->n; i++)
		jld_put(all, metadata->u.object.members[i].key, metadata->u.object.members[i].value);
	store_row_set(row, COMMIT_METADATA, JsonbPGetDatum(jld_to_jsonb(all)), false);
}

/* The store's callback. */
static StoreVerdict
compose_commit(void *arg, TupleTableSlot *old, StoreRow *row)
{
	CommitRow  *commit = arg;
	const LedgerMessage *message = commit->message;

	if (old == NULL)
	{
		char	   *role = GetUserNameFromId(GetUserId(), false);

		store_row_set(row, COMMIT_T, commit->key[0], false);
		store_row_set(row, COMMIT_AT,
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
		set_text(row, COMMIT_ROLE, jld_str(role));
	}
	else if (commit->asserted == 0 && commit->retracted == 0 && message->author.data == NULL &&
			 message->message.data == NULL && message->metadata == NULL)
		return STORE_KEEP;
	set_count(row, COMMIT_ASSERTED, commit->asserted, old);
	set_count(row, COMMIT_RETRACTED, commit->retracted, old);
	set_text(row, COMMIT_AUTHOR, message->author);
	set_text(row, COMMIT_MESSAGE, message->message);
	if (message->metadata)
		set_metadata(row, message->metadata, old);
	return STORE_WRITE;
}

void
commit_write(const Ledger *ledger, int64 t, bool shared, int64 asserted,
			 int64 retracted, const LedgerMessage *message)
{
	StoreTarget target = {.relid = ledger->commits_relid, .nkeys = 1,
	.keys = {COMMIT_T}};
	Datum		key[] = {Int64GetDatum(t)};
	CommitRow	row = {key, asserted, retracted, message};
	Store	   *store;

	target.read_columns = target.insert_columns =
		bms_add_range(NULL, COMMIT_T, COMMIT_METADATA);
	target.update_columns = bms_del_member(bms_del_member(bms_del_member(bms_copy(target.read_columns),
																		 COMMIT_T), COMMIT_AT),
										   COMMIT_ROLE);
	store = store_open(&target);
	(void) store_apply(store, shared ? key : NULL, NULL, compose_commit, &row);
	store_close(store);
}

/* --- as nodes -------------------------------------------------------------- */

#define FLUREE		"https://ns.flur.ee/db#"
#define XSD			"http://www.w3.org/2001/XMLSchema#"
#define ONE_VALUE(sql) \
	"pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object('@value', " sql "))"
#define MAYBE(predicate, column) \
	" OPERATOR(pg_catalog.||) CASE WHEN c." column " IS NULL THEN '{}'::pg_catalog.jsonb " \
	"ELSE pg_catalog.jsonb_build_object('" FLUREE predicate "', " ONE_VALUE("c." column) ") END"

char *
commit_relation(const Ledger *ledger)
{
	const char *iri = psprintf("(%s OPERATOR(pg_catalog.||) c.t::pg_catalog.text)",
							   quote_literal_cstr(psprintf("urn:upsert:commit:%s:", ledger->name)));

	ledger_need_history(ledger);
	return psprintf("(SELECT %s AS iri, COALESCE(c.metadata, '{}'::pg_catalog.jsonb) "
					"OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('@id', %s, "
					"'" FLUREE "t', " ONE_VALUE("c.t") ", "
					"'" FLUREE "time', pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object("
					"'@type', '" XSD "dateTime', '@value', pg_catalog.to_char(pg_catalog.timezone('UTC', c.at), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))), "
					"'" FLUREE "role', " ONE_VALUE("c.role") ")"
					MAYBE("author", "author") MAYBE("message", "message")
					" AS doc FROM %s AS c)", iri, iri, ledger->commits);
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_log);

/*
 * ledger_log(ledger text, from_t int8, to_t int8) -> TABLE(t int8, at timestamptz,
 * author text, role text, message text, asserted int8, retracted int8, metadata jsonb)
 */
Datum
ledger_log(PG_FUNCTION_ARGS)
{
	Oid			types[] = {INT8OID, INT8OID};
	Datum		args[2] = {0};
	char		arg_nulls[] = "nn";
	TupleDesc	desc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &desc);
	Ledger	   *ledger;

	if (PG_ARGISNULL(0))
		return (Datum) 0;
	SPI_connect();
	ledger = ledger_open(PG_GETARG_TEXT_PP(0), true);
	ledger_need_history(ledger);
	for (int i = 0; i < 2; i++)
	{
		if (PG_ARGISNULL(i + 1))
			continue;
		args[i] = PG_GETARG_DATUM(i + 1);
		arg_nulls[i] = ' ';
		ledger_check_newest(ledger, PG_GETARG_INT64(i + 1));
	}
	if (SPI_execute_with_args(psprintf("SELECT t, at, author, role, message, asserted, retracted, metadata FROM %s "
									   "WHERE ($1 IS NULL OR t OPERATOR(pg_catalog.>=) $1) "
									   "AND ($2 IS NULL OR t OPERATOR(pg_catalog.<=) $2) "
									   "ORDER BY t USING OPERATOR(pg_catalog.<)", ledger->commits),
							  lengthof(types), types, args, arg_nulls, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the commits of a ledger");
	ledger_put_rows(rows, desc);
	SPI_finish();
	return (Datum) 0;
}
