/*
 * record_read.c
 *		Reading tables of AT Protocol records.
 *
 *		at_get_record		what com.atproto.repo.getRecord answers
 *		at_list_records		what com.atproto.repo.listRecords answers
 *		at_backlinks		who refers to a record or an account
 *
 * Plain queries, with the rights of the caller.  The records of a collection
 * are a range of URIs, in whose order pages are given; so any table that has
 * the columns uri, cid and record will do, and the index is that of its key.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "atproto/datamodel.h"
#include "atproto/record_ready.h"
#include "atproto/record_store.h"
#include "base/schema.h"
#include "base/spivalue.h"
#include "call/answer.h"
#include "call/argument.h"
#include "call/options.h"
#include "compat.h"

/* The protocol's, for one page */
#define LIST_LIMIT_MAX		100
#define LIST_LIMIT_DEFAULT	50

typedef struct ReadOptions
{
	int			limit;			/* 0: none */
	char	   *cursor;			/* or NULL */
	bool		reverse;
	char	   *collection;		/* or NULL */
} ReadOptions;

typedef enum ReadCall
{
	CALL_LIST = 0x01,
	CALL_BACKLINKS = 0x02
} ReadCall;

static bool take_limit(const JsonbValue *value, int max, ReadOptions *options);
static bool take_list_limit(const JsonbValue *value, void *options);
static bool take_backlinks_limit(const JsonbValue *value, void *options);
static char *record_object(FunctionCallInfo fcinfo, const RecordColumns *columns);

static bool
take_limit(const JsonbValue *value, int max, ReadOptions *options)
{
	int64		limit;

	if (value->type != jbvNumeric ||
		at_numeric_to_int64(value->val.numeric, &limit) != AT_NUMBER_INTEGER ||
		limit < 1 || limit > max)
		return false;
	options->limit = (int) limit;
	return true;
}

static bool
take_list_limit(const JsonbValue *value, void *options)
{
	return take_limit(value, LIST_LIMIT_MAX, options);
}

static bool
take_backlinks_limit(const JsonbValue *value, void *options)
{
	return take_limit(value, PG_INT32_MAX, options);
}

#define FIELD(field) offsetof(ReadOptions, field)

static const OptionDef read_options[] = {
	{"limit", CALL_LIST, OPTION_OTHER, 0, NULL, take_list_limit, "an integer from 1 to 100"},
	{"limit", CALL_BACKLINKS, OPTION_OTHER, 0, NULL, take_backlinks_limit, "an integer from 1"},
	{"cursor", CALL_LIST | CALL_BACKLINKS, OPTION_STRING, FIELD(cursor)},
	{"reverse", CALL_LIST, OPTION_BOOL, FIELD(reverse)},
	{"collection", CALL_BACKLINKS, OPTION_STRING, FIELD(collection)},
};

/*
 * The expression for a record as the protocol answers it; with "block" where
 * bytes are all there is of it.
 */
static char *
record_object(FunctionCallInfo fcinfo, const RecordColumns *columns)
{
	const char *schema = upsert_schema_quoted();
	char	   *object = psprintf("pg_catalog.jsonb_build_object('uri', uri, "
								  "'cid', coalesce(cid, %s.record_cid(record)), 'value', record)",
								  schema);

	if (columns->block == InvalidAttrNumber)
		return object;
	return psprintf("CASE WHEN block IS NULL THEN %s ELSE pg_catalog.jsonb_build_object('uri', uri, 'cid', cid, 'value', NULL, "
					"'block', pg_catalog.jsonb_build_object('$bytes', pg_catalog.translate(pg_catalog.encode(block, 'base64'), E'=\\n', ''))) END",
					object);
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_get_record);
PG_FUNCTION_INFO_V1(at_list_records);
PG_FUNCTION_INFO_V1(at_backlinks);

/* at_get_record(store, uri) -> jsonb */
Datum
at_get_record(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	Datum		uri = PG_GETARG_DATUM(1);
	Oid			argtypes[] = {TEXTOID};
	RecordColumns columns;
	Datum		result = (Datum) 0;
	bool		isnull = true;

	(void) record_split_uri(TextDatumGetCString(uri));
	record_store_columns(relid, &columns);
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT %s FROM %s WHERE uri OPERATOR(pg_catalog.=) $1",
									   record_object(fcinfo, &columns),
									   relation_quoted(relid)),
							  1, argtypes, &uri, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read \"%s\"", get_rel_name(relid));
	if (SPI_processed > 0)
		result = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						   JSONBOID, &isnull);
	if (!isnull)
		result = SPI_datumTransfer(result, false, -1);
	SPI_finish();
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

/* at_list_records(store, repo, collection, options) -> jsonb */
Datum
at_list_records(PG_FUNCTION_ARGS)
{
	ReadOptions options = {.limit = LIST_LIMIT_DEFAULT};
	OptionSet	set = OPTION_SET(read_options, CALL_LIST, &options);
	RecordMaker maker = {.context = CurrentMemoryContext};
	RecordColumns columns;
	Oid			argtypes[] = {TEXTOID, TEXTOID, INT8OID, INT4OID};
	Datum		args[4];
	Oid			relid;
	char	   *repo;
	char	   *collection;
	char	   *prefix;
	char	   *first;
	char	   *last;
	Datum		result = (Datum) 0;
	bool		isnull = true;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	relid = PG_GETARG_OID(0);
	repo = text_to_cstring(PG_GETARG_TEXT_PP(1));
	collection = text_to_cstring(PG_GETARG_TEXT_PP(2));
	options_read(argument_jsonb(fcinfo, 3), &set, 1);
	record_check_repo(repo);
	record_check_names(&maker, collection, options.cursor);
	record_store_columns(relid, &columns);

	/* newest keys first; "0" follows "/" */
	prefix = psprintf("at://%s/%s/", repo, collection);
	first = prefix;
	last = psprintf("at://%s/%s0", repo, collection);
	if (options.cursor != NULL && options.reverse)
		first = psprintf("%s%s", prefix, options.cursor);
	else if (options.cursor != NULL)
		last = psprintf("%s%s", prefix, options.cursor);
	args[0] = CStringGetTextDatum(first);
	args[1] = CStringGetTextDatum(last);
	args[2] = Int64GetDatum(options.limit);
	args[3] = Int32GetDatum(strlen(prefix) + 1);
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT pg_catalog.jsonb_build_object('records', pg_catalog.jsonb_agg(p.r ORDER BY p.n), "
									   "'cursor', (pg_catalog.array_agg(p.rkey ORDER BY p.n DESC))[1]) "
									   "FROM (SELECT pg_catalog.row_number() OVER () AS n, "
									   "pg_catalog.substr(uri, $4) AS rkey, %s AS r "
									   "FROM (SELECT * FROM %s "
									   "WHERE uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.>) $1 "
									   "AND uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.<) $2 "
									   "ORDER BY uri COLLATE pg_catalog.\"C\" %s LIMIT $3) AS s) AS p "
									   "HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0",
									   record_object(fcinfo, &columns),
									   relation_quoted(relid), options.reverse ? "ASC" : "DESC"),
							  4, argtypes, args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read \"%s\"", get_rel_name(relid));
	if (SPI_processed > 0)
		result = spi_value(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						   JSONBOID, &isnull);
	if (!isnull)
		result = SPI_datumTransfer(result, false, -1);
	SPI_finish();
	if (isnull)
		PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in,
											CStringGetDatum("{\"records\": []}")));
	PG_RETURN_DATUM(result);
}

/* at_backlinks(store, target, options) -> setof text */
Datum
at_backlinks(PG_FUNCTION_ARGS)
{
	Tuplestorestate *rows;
	TupleDesc	tupdesc;
	ReadOptions options = {0};
	OptionSet	set = OPTION_SET(read_options, CALL_BACKLINKS, &options);
	RecordMaker maker = {.context = CurrentMemoryContext};
	RecordColumns columns;
	Oid			relid;
	Oid			refs;
	Oid			argtypes[] = {TEXTOID, TEXTOID, TEXTOID, INT8OID};
	Datum		args[4] = {0};
	char		nulls[4] = {' ', 'n', 'n', 'n'};

	rows = answer_begin_values(fcinfo, &tupdesc);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	relid = PG_GETARG_OID(0);
	options_read(argument_jsonb(fcinfo, 2), &set, 1);
	record_store_columns(relid, &columns);
	refs = record_store_beside(relid, RECORD_REFS, &columns);
	if (!OidIsValid(refs))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" keeps no references", get_rel_name(relid)),
				 errdetail("There is no table \"%s\" beside it.",
						   record_store_name_beside(get_rel_name(relid), RECORD_REFS)),
				 errhint("create_record_store() makes it with the option \"refs\".")));
	args[0] = PG_GETARG_DATUM(1);
	if (options.cursor != NULL)
	{
		(void) record_split_uri(options.cursor);
		args[1] = CStringGetTextDatum(options.cursor);
		nulls[1] = ' ';
	}
	if (options.collection != NULL)
	{
		record_check_names(&maker, options.collection, NULL);
		args[2] = CStringGetTextDatum(options.collection);
		nulls[2] = ' ';
	}
	if (options.limit > 0)
	{
		args[3] = Int64GetDatum(options.limit);
		nulls[3] = ' ';
	}
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT uri::pg_catalog.text FROM %s "
									   "WHERE target OPERATOR(pg_catalog.=) $1 "
									   "AND ($2 IS NULL OR uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.>) $2) "
									   "AND ($3 IS NULL OR pg_catalog.split_part(uri, '/', 4) OPERATOR(pg_catalog.=) $3) "
									   "ORDER BY uri COLLATE pg_catalog.\"C\" LIMIT $4",
									   relation_quoted(refs)),
							  4, argtypes, args, nulls, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read \"%s\"", get_rel_name(refs));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		uri = spi_value(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
									1, TEXTOID, &isnull);

		tuplestore_putvalues(rows, tupdesc, &uri, &isnull);
	}
	SPI_finish();
	return (Datum) 0;
}
