/*
 * registry.c
 *		Scripts with names: the table at_scripts, beside the functions, and
 *		at_call(), which runs one of them.
 *
 * Who may write the table says what at_call() runs; it runs with the rights of
 * who calls it, so a script can do nothing for its caller that the caller
 * could not do with at_script().
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "script.h"
#include "upsert.h"

#define SCRIPTS_TABLE	"at_scripts"
#define KIND_PROCEDURE	"procedure"
#define KIND_QUERY		"query"

/* Method names are NSIDs elsewhere, and as long */
#define METHOD_MAX		317

static char *table_name(FunctionCallInfo fcinfo);
static char *text_argument(FunctionCallInfo fcinfo, int n);
static Jsonb *object_argument(FunctionCallInfo fcinfo, int n, const char *name);
static char *text_column(int column);
static SPIPlanPtr find_plan(const char *table);
static char *find_script(FunctionCallInfo fcinfo, Script *s);

/* The table's qualified name; it stands where the function stands. */
static char *
table_name(FunctionCallInfo fcinfo)
{
	Oid			schema = get_func_namespace(fcinfo->flinfo->fn_oid);

	return quote_qualified_identifier(get_namespace_name(schema), SCRIPTS_TABLE);
}

static char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* An object, or NULL.  Error 22023 if it is something else. */
static Jsonb *
object_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	Jsonb	   *object;

	if (PG_ARGISNULL(n))
		return NULL;
	object = PG_GETARG_JSONB_P(n);
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be an object", name)));
	return object;
}

/* A text column of the row that SPI has brought, palloc'd; or NULL. */
static char *
text_column(int column)
{
	bool		isnull;
	Datum		value = upsert->spi_value(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, column,
										  TEXTOID, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * The plan that finds a script, kept.  PostgreSQL plans it anew when the table or
 * the role has changed; if the schema was renamed, the text is another.
 */
static SPIPlanPtr
find_plan(const char *table)
{
	static SPIPlanPtr kept = NULL;
	static char *kept_for = NULL;
	Oid			argtypes[] = {TEXTOID};
	SPIPlanPtr	plan;

	if (kept != NULL && strcmp(kept_for, table) == 0)
		return kept;
	plan = SPI_prepare(psprintf("SELECT script, collection, kind FROM %s "
								"WHERE method OPERATOR(pg_catalog.=) $1", table),
					   1, argtypes);
	if (plan == NULL)
		elog(ERROR, "could not read %s", SCRIPTS_TABLE);
	if (kept != NULL)
	{
		SPI_freeplan(kept);
		pfree(kept_for);
		kept = NULL;
	}
	kept_for = MemoryContextStrdup(TopMemoryContext, table);
	SPI_keepplan(plan);
	kept = plan;
	return plan;
}

/*
 * Finds the script by its method and fills in what is registered with it;
 * answers its text.  Error 42704 if there is none.
 */
static char *
find_script(FunctionCallInfo fcinfo, Script *s)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	char	   *table = table_name(fcinfo);
	Datum		args[] = {CStringGetTextDatum(s->method)};
	char	   *text;

	SPI_connect();
	if (SPI_execute_plan(find_plan(table), args, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read %s", SCRIPTS_TABLE);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no script is registered for the method \"%s\"", s->method),
				 errhint("at_put_script() registers one.")));
	spi = MemoryContextSwitchTo(caller);
	text = text_column(1);
	s->collection = text_column(2);
	s->query = strcmp(text_column(3), KIND_QUERY) == 0;
	MemoryContextSwitchTo(spi);
	SPI_finish();
	return text;
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_put_script);
PG_FUNCTION_INFO_V1(at_drop_script);
PG_FUNCTION_INFO_V1(at_call);

/* at_put_script(method, script, collection, kind) -> text */
Datum
at_put_script(PG_FUNCTION_ARGS)
{
	Script		script = {0};
	Oid			argtypes[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		args[4];
	char		nulls[4] = {' ', ' ', ' ', ' '};
	char	   *text;
	char	   *kind;

	upsert->arguments_require(fcinfo, 2);
	script.method = text_argument(fcinfo, 0);
	text = text_argument(fcinfo, 1);
	script.collection = text_argument(fcinfo, 2);
	kind = PG_ARGISNULL(3) ? KIND_PROCEDURE : text_argument(fcinfo, 3);
	if (script.method[0] == '\0' || strlen(script.method) > METHOD_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a method must have 1 to %d bytes", METHOD_MAX)));
	if (strcmp(kind, KIND_PROCEDURE) != 0 && strcmp(kind, KIND_QUERY) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a script cannot be of the kind \"%s\"", kind),
				 errhint("Kinds are \"procedure\" and \"query\".")));
	script.query = strcmp(kind, KIND_QUERY) == 0;
	script_check_names(&script);
	script_check(&script, text, strlen(text));

	args[0] = CStringGetTextDatum(script.method);
	args[1] = CStringGetTextDatum(text);
	args[2] = script.collection != NULL ? CStringGetTextDatum(script.collection) : (Datum) 0;
	nulls[2] = script.collection != NULL ? ' ' : 'n';
	args[3] = CStringGetTextDatum(kind);
	SPI_connect();
	if (SPI_execute_with_args(psprintf("INSERT INTO %s AS old (method, script, collection, kind) VALUES ($1, $2, $3, $4) "
									   "ON CONFLICT (method) DO UPDATE SET script = excluded.script, collection = excluded.collection, kind = excluded.kind "
									   "WHERE old.script OPERATOR(pg_catalog.<>) excluded.script OR old.kind OPERATOR(pg_catalog.<>) excluded.kind "
									   "OR coalesce(old.collection, '') OPERATOR(pg_catalog.<>) coalesce(excluded.collection, '')",
									   table_name(fcinfo)),
							  4, argtypes, args, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not write %s", SCRIPTS_TABLE);
	SPI_finish();
	PG_RETURN_DATUM(args[0]);
}

/* at_drop_script(method) -> boolean */
Datum
at_drop_script(PG_FUNCTION_ARGS)
{
	Oid			argtypes[] = {TEXTOID};
	Datum		args[] = {PG_GETARG_DATUM(0)};
	uint64		deleted;

	upsert->arguments_require(fcinfo, 1);
	SPI_connect();
	if (SPI_execute_with_args(psprintf("DELETE FROM %s WHERE method OPERATOR(pg_catalog.=) $1",
									   table_name(fcinfo)),
							  1, argtypes, args, NULL, false, 0) != SPI_OK_DELETE)
		elog(ERROR, "could not write %s", SCRIPTS_TABLE);
	deleted = SPI_processed;
	SPI_finish();
	PG_RETURN_BOOL(deleted > 0);
}

/* at_call(store, method, input, caller_did, params) -> jsonb */
Datum
at_call(PG_FUNCTION_ARGS)
{
	Script		script = {0};
	char	   *text;
	Jsonb	   *answer;

	upsert->arguments_require(fcinfo, 2);
	script.store = PG_GETARG_OID(0);
	script.method = text_argument(fcinfo, 1);
	script.input = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	script.caller_did = text_argument(fcinfo, 3);
	script.params = object_argument(fcinfo, 4, "params");
	text = find_script(fcinfo, &script);
	script_check_names(&script);
	answer = script_run(&script, text, strlen(text));
	if (answer == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(answer);
}
