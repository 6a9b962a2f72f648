/*
 * event_sql.c
 *		The SQL functions of events.
 *
 *		at_apply_events			an array, an at_event_result for each event
 *		at_apply_events_from	a query, sorted first, in chunks; a summary
 *		at_forget_tombstones
 *
 * A query is sorted by what its events are about, and cut where that changes,
 * so that the locks of all chunks are taken in one order.
 */
#include "postgres.h"

#include "base/schema.h"
#include "base/spivalue.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "atproto/event.h"
#include "atproto/record_store.h"
#include "call/answer.h"
#include "call/argument.h"
#include "call/options.h"
#include "call/querysort.h"
#include "compat.h"
#include "upsert.h"

#define EVENT_COLUMNS	6		/* of at_event_result */
#define SUMMARY_COLUMNS 5		/* of at_event_summary */

/* Events that are applied at a time, when they come from a query */
#define CHUNK_SIZE		2000

typedef struct EventOptions
{
	RecordValidate validate;
	char	   *consumer;		/* NULL: none */
} EventOptions;

static bool take_validate(const JsonbValue *value, void *options);

static const OptionDef event_options[] = {
	{"validate", ~0, OPTION_OTHER, 0, NULL, take_validate, RECORD_VALIDATE_EXPECTED},
	{"consumer", ~0, OPTION_STRING, offsetof(EventOptions, consumer)},
};

static bool
take_validate(const JsonbValue *value, void *options)
{
	return record_take_validate(value, &((EventOptions *) options)->validate);
}

static void
parse_options(Jsonb *json, EventOptions *options)
{
	OptionSet	set = OPTION_SET(event_options, ~0, options);

	memset(options, 0, sizeof(EventOptions));
	options_read(json, &set, 1);
}

static void
set_text(const char *str, Datum *value, bool *isnull)
{
	*isnull = str == NULL;
	*value = str == NULL ? (Datum) 0 : CStringGetTextDatum(str);
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_apply_events);
PG_FUNCTION_INFO_V1(at_apply_events_from);
PG_FUNCTION_INFO_V1(at_forget_tombstones);

/* at_apply_events(store, events jsonb, options) -> setof at_event_result */
Datum
at_apply_events(PG_FUNCTION_ARGS)
{
	Tuplestorestate *rows;
	TupleDesc	tupdesc;
	EventOptions options;
	EventBatch *b;
	Jsonb	   *events;
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;
	int64		place = 0;
	MemoryContext row_context;

	arguments_require(fcinfo, 2);
	rows = answer_begin_set(fcinfo, &tupdesc);
	parse_options(argument_jsonb(fcinfo, 2), &options);
	events = argument_items(fcinfo, 1, "events", NULL);
	b = events_begin(PG_GETARG_OID(0), options.validate);
	it = JsonbIteratorInit(&events->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
			events_add(b, &v, ++place);
	}
	events_run(b);
	if (options.consumer != NULL && events_time(b) > 0)
		events_remember(PG_GETARG_OID(0), options.consumer, events_time(b));

	row_context = AllocSetContextCreate(CurrentMemoryContext,
										"upsert at_event_result",
										ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < events_size(b); i++)
	{
		MemoryContext old_context = MemoryContextSwitchTo(row_context);
		EventAnswer answer = events_get(b, i);
		Datum		values[EVENT_COLUMNS];
		bool		nulls[EVENT_COLUMNS] = {false};

		values[0] = Int32GetDatum((int32) answer.place);
		set_text(answer.uri, &values[1], &nulls[1]);
		set_text(answer.cid, &values[2], &nulls[2]);
		set_text(answer.rev, &values[3], &nulls[3]);
		values[4] = CStringGetTextDatum(outcome_name(answer.action));
		nulls[5] = answer.error == NULL;
		values[5] = PointerGetDatum(answer.error);
		tuplestore_putvalues(rows, tupdesc, values, nulls);
		MemoryContextSwitchTo(old_context);
		MemoryContextReset(row_context);
	}
	return (Datum) 0;
}

/* Counts of many events */
typedef struct Summary
{
	int64		counts[UPSERT_DELETED + 1];
	int64		failed;
	int64		first_place;	/* of the first that failed */
	char	   *first_error;
} Summary;

static void
run_chunk(EventBatch *b, Summary *summary)
{
	events_run(b);
	for (int i = 0; i < events_size(b); i++)
	{
		EventAnswer answer = events_get(b, i);

		summary->counts[answer.action]++;
		if (answer.action != UPSERT_IGNORED || answer.error == NULL)
			continue;
		if (summary->failed++ == 0 || answer.place < summary->first_place)
		{
			summary->first_place = answer.place;
			summary->first_error = JsonbToCString(NULL, &answer.error->root,
												  VARSIZE(answer.error));
		}
	}
	events_reset(b);
}

/* A QueryKey. */
static bool
sort_key(void *arg, Jsonb *event, Datum *key)
{
	char	   *str = event_key(event);

	if (str == NULL)
		return false;
	*key = CStringGetTextDatum(str);
	return true;
}

/* at_apply_events_from(store, query text, options) -> at_event_summary */
Datum
at_apply_events_from(PG_FUNCTION_ARGS)
{
	EventOptions options;
	EventBatch *b;
	QuerySort  *qs;
	QueryRow	row;
	Summary		summary = {0};
	MemoryContext chunk_context;
	Datum		values[SUMMARY_COLUMNS];
	bool		nulls[SUMMARY_COLUMNS] = {false};

	arguments_require(fcinfo, 2);
	parse_options(argument_jsonb(fcinfo, 2), &options);
	b = events_begin(PG_GETARG_OID(0), options.validate);
	qs = query_sort(text_to_cstring(PG_GETARG_TEXT_PP(1)), TEXTOID,
					C_COLLATION_OID, sort_key, NULL, NULL);
	chunk_context = AllocSetContextCreate(CurrentMemoryContext,
										  "upsert events of a query",
										  ALLOCSET_DEFAULT_SIZES);
	while (query_sort_next(qs, &row))
	{
		MemoryContext old_context;
		JsonbValue	event;
		Jsonb	   *doc;

		if (events_size(b) >= CHUNK_SIZE)
		{
			run_chunk(b, &summary);
			MemoryContextReset(chunk_context);
		}
		old_context = MemoryContextSwitchTo(chunk_context);
		doc = DatumGetJsonbPCopy(JsonbPGetDatum(row.doc));
		event.type = jbvBinary;
		event.val.binary.data = &doc->root;
		event.val.binary.len = VARSIZE_ANY_EXHDR(doc);
		MemoryContextSwitchTo(old_context);
		events_add(b, &event, row.place);
	}
	run_chunk(b, &summary);
	query_sort_end(qs);
	if (options.consumer != NULL && events_time(b) > 0)
		events_remember(PG_GETARG_OID(0), options.consumer, events_time(b));
	if (summary.failed > 0)
		ereport(WARNING,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("events were ignored because of errors: " INT64_FORMAT,
						summary.failed),
				 errdetail("The first is row " INT64_FORMAT " of the query: %s",
						   summary.first_place, summary.first_error),
				 errhint("at_apply_events() answers for each event.")));

	values[0] = Int64GetDatum(summary.counts[UPSERT_INSERTED]);
	values[1] = Int64GetDatum(summary.counts[UPSERT_UPDATED]);
	values[2] = Int64GetDatum(summary.counts[UPSERT_UNCHANGED]);
	values[3] = Int64GetDatum(summary.counts[UPSERT_DELETED]);
	values[4] = Int64GetDatum(summary.counts[UPSERT_IGNORED]);
	return answer_row(fcinfo, values, nulls);
}

/* at_forget_tombstones(store, older_than interval) -> bigint */
Datum
at_forget_tombstones(PG_FUNCTION_ARGS)
{
	Oid			relid;
	Oid			tombstones;
	RecordColumns columns;
	Oid			argtypes[] = {INTERVALOID};
	Datum		args[1];
	uint64		deleted;

	arguments_require(fcinfo, 2);
	relid = PG_GETARG_OID(0);
	args[0] = PG_GETARG_DATUM(1);
	record_store_columns(relid, &columns);
	tombstones = record_store_beside(relid, RECORD_TOMBSTONES, &columns);
	if (!OidIsValid(tombstones))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" has no tombstones", get_rel_name(relid)),
				 errdetail("There is no table \"%s\" beside it.",
						   record_store_name_beside(get_rel_name(relid),
													RECORD_TOMBSTONES)),
				 errhint("create_record_store() makes both.")));
	SPI_connect();
	spi_expect(SPI_execute_with_args(psprintf("DELETE FROM %s WHERE deleted_at OPERATOR(pg_catalog.<) "
											  "(pg_catalog.now() OPERATOR(pg_catalog.-) $1)",
											  relation_quoted(tombstones)),
									 1, argtypes, args, NULL, false, 0),
			   SPI_OK_DELETE, get_rel_name(tombstones));
	deleted = SPI_processed;
	SPI_finish();
	PG_RETURN_INT64((int64) deleted);
}
