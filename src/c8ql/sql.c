/*
 * c8ql/sql.c
 *		The SQL functions of C8QL: unpack, call, pack.
 *
 *		c8ql, c8ql_execute, c8ql_explain	statements
 *
 * (upsert_by, the UPSERT operation as a function, is in by.c.)
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "call/argument.h"
#include "call/remember.h"
#include "expr/value.h"
#include "c8ql/execute.h"

/* The set that a function answers. */
typedef struct Set
{
	Tuplestorestate *store;
	TupleDesc	desc;
} Set;

static void read_options(Jsonb *json, StatementOptions *options);
static void begin_set(FunctionCallInfo fcinfo, const char *column, Oid type,
					  Set *set);
static void emit_row(void *arg, const JsonbValue *value);
static void emit_element(void *arg, const JsonbValue *value);
static void put_int(ValueBuilder *builder, const char *name, int64 number);

static const OptionDef statement_options[] = {
	{"failOnWarning", 1, OPTION_BOOL, offsetof(StatementOptions, fail_on_warning)},
	{"fullCount", 1, OPTION_BOOL, offsetof(StatementOptions, full_count)},
	{"accessAfterWrite", 1, OPTION_BOOL, offsetof(StatementOptions, access_after_write)},
	OPTION_IDEMPOTENCY_KEY(1),
};

static void
read_options(Jsonb *json, StatementOptions *options)
{
	OptionSet	set = OPTION_SET(statement_options, 1, options);

	memset(options, 0, sizeof(StatementOptions));
	options_read(json, &set, 1);
}

static void
begin_set(FunctionCallInfo fcinfo, const char *column, Oid type, Set *set)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext caller;

	if (rsinfo == NULL || !IsA(rsinfo, ReturnSetInfo) ||
		!(rsinfo->allowedModes & SFRM_Materialize))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));
	caller = MemoryContextSwitchTo(rsinfo->econtext->ecxt_per_query_memory);
	set->desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(set->desc, 1, column, type, -1, 0);
	compat_tupdesc_finish(set->desc);
	set->store = tuplestore_begin_heap((rsinfo->allowedModes & SFRM_Materialize_Random) != 0,
									   false, work_mem);
	rsinfo->returnMode = SFRM_Materialize;
	rsinfo->setResult = set->store;
	rsinfo->setDesc = set->desc;
	MemoryContextSwitchTo(caller);
}

static void
emit_row(void *arg, const JsonbValue *value)
{
	Set		   *set = arg;
	Jsonb	   *jsonb = value_to_jsonb(value);
	Datum		datum = JsonbPGetDatum(jsonb);
	bool		isnull = false;

	tuplestore_putvalues(set->store, set->desc, &datum, &isnull);
	pfree(jsonb);
}

static void
emit_element(void *arg, const JsonbValue *value)
{
	JsonbValue	copy;

	value_copy(value, &copy);
	value_array_add(arg, &copy);
}

static void
put_int(ValueBuilder *builder, const char *name, int64 number)
{
	JsonbValue	value;

	value_set_int64(&value, number);
	value_object_put(builder, name, strlen(name), &value);
}

/* {"stats": {...}, "warnings": [...]} */
static void
build_extra(const Run *run, JsonbValue *extra)
{
	ValueBuilder builder;
	ValueBuilder one;
	JsonbValue	stats;
	JsonbValue	warnings;
	JsonbValue	value;
	ListCell   *lc;

	value_object_begin(&builder);
	put_int(&builder, "writesExecuted", run->writes_executed);
	put_int(&builder, "writesIgnored", run->writes_ignored);
	put_int(&builder, "inserted", run->inserted);
	put_int(&builder, "updated", run->updated);
	put_int(&builder, "unchanged", run->unchanged);
	if (run->removed > 0)
		put_int(&builder, "removed", run->removed);
	if (run->full_count >= 0)
		put_int(&builder, "fullCount", run->full_count);
	value_object_finish(&builder, true, &stats);

	value_array_begin(&builder);
	foreach(lc, run->warnings)
	{
		const RunWarning *warning = lfirst(lc);

		value_object_begin(&one);
		put_int(&one, "code", warning->errornum);
		value_set_string(&value, warning->message, strlen(warning->message));
		value_object_put(&one, "message", 7, &value);
		value_object_finish(&one, true, &value);
		value_array_add(&builder, &value);
	}
	value_array_finish(&builder, &warnings);

	value_object_begin(&builder);
	value_object_put(&builder, "stats", 5, &stats);
	value_object_put(&builder, "warnings", 8, &warnings);
	value_object_finish(&builder, true, extra);
}

/* ----------
 * SQL-callable functions
 * ----------
 */
PG_FUNCTION_INFO_V1(c8ql);
PG_FUNCTION_INFO_V1(c8ql_execute);
PG_FUNCTION_INFO_V1(c8ql_explain);

static Datum
c8ql_once(PG_FUNCTION_ARGS)
{
	StatementOptions options;
	Run			run;
	Set			set;

	arguments_require(fcinfo, 1);
	read_options(argument_jsonb(fcinfo, 2), &options);
	begin_set(fcinfo, "c8ql", JSONBOID, &set);
	statement_execute(text_to_cstring(PG_GETARG_TEXT_PP(0)),
					  argument_bind(fcinfo, 1), &options, emit_row, &set, &run);
	return (Datum) 0;
}

Datum
c8ql(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, false, c8ql_once);
}

static Datum
c8ql_execute_once(PG_FUNCTION_ARGS)
{
	StatementOptions options;
	Run			run;
	ValueBuilder builder;
	JsonbValue	result;
	JsonbValue	extra;
	JsonbValue	answer;

	arguments_require(fcinfo, 1);
	read_options(argument_jsonb(fcinfo, 2), &options);
	options.keep_warnings = true;
	value_array_begin(&builder);
	statement_execute(text_to_cstring(PG_GETARG_TEXT_PP(0)),
					  argument_bind(fcinfo, 1), &options, emit_element, &builder,
					  &run);
	value_array_finish(&builder, &result);
	build_extra(&run, &extra);
	value_object_begin(&builder);
	value_object_put(&builder, "result", 6, &result);
	value_object_put(&builder, "extra", 5, &extra);
	value_object_finish(&builder, true, &answer);
	PG_RETURN_JSONB_P(value_to_jsonb(&answer));
}

Datum
c8ql_execute(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, false, c8ql_execute_once);
}

Datum
c8ql_explain(PG_FUNCTION_ARGS)
{
	List	   *lines;
	Set			set;
	ListCell   *lc;

	arguments_require(fcinfo, 1);
	begin_set(fcinfo, "c8ql_explain", TEXTOID, &set);
	lines = statement_explain(text_to_cstring(PG_GETARG_TEXT_PP(0)),
							  argument_bind(fcinfo, 1));
	foreach(lc, lines)
	{
		Datum		datum = CStringGetTextDatum(lfirst(lc));
		bool		isnull = false;

		tuplestore_putvalues(set.store, set.desc, &datum, &isnull);
	}
	return (Datum) 0;
}
