/*
 * c8ql/aggregate.c
 *		Functions behind AGGREGATE: one value of many rows.
 *
 * They are functions of the library over the array of all values, but for
 * counts, which need no values, and PUSH, which is that array.
 */
#include "postgres.h"

#include "c8ql/aggregate.h"
#include "expr/error.h"
#include "expr/value.h"

/* Functions that AGGREGATE may use: of all values of a group. */
static const char *const aggregate_names[] = {
	"BIT_AND", "BIT_OR", "BIT_XOR",
	"LENGTH", "COUNT", "SUM", "MIN", "MAX", "AVERAGE", "AVG", "UNIQUE",
	"SORTED_UNIQUE", "COUNT_DISTINCT", "COUNT_UNIQUE", "PUSH",
	"VARIANCE", "VARIANCE_POPULATION", "VARIANCE_SAMPLE", "STDDEV",
	"STDDEV_POPULATION", "STDDEV_SAMPLE"
};

void
aggregate_plan(ExprCompiler *compiler, const ExprNode *call,
			   Aggregate *aggregate)
{
	const char *name = NULL;

	for (int i = 0; i < lengthof(aggregate_names); i++)
	{
		if (pg_strcasecmp(call->name, aggregate_names[i]) == 0)
			name = aggregate_names[i];
	}
	if (name == NULL)
		expr_error_at(1574, compiler->source, call->location,
					  "invalid aggregate expression: '%s()'", call->name);
	aggregate->counts = strcmp(name, "LENGTH") == 0 ||
		strcmp(name, "COUNT") == 0;
	aggregate->distinct = strcmp(name, "COUNT_DISTINCT") == 0 ||
		strcmp(name, "COUNT_UNIQUE") == 0;
	if (call->nargs > 1 || (call->nargs == 0 && !aggregate->counts))
		expr_error_at(EXPR_ERR_FUNCTION_ARITY, compiler->source,
					  call->location,
					  "invalid number of arguments for function '%s()'", name);
	if (!aggregate->counts && strcmp(name, "PUSH") != 0)
	{
		const char *known = aggregate->distinct ? "UNIQUE" : name;

		aggregate->function = expr_function_lookup(known, strlen(known));
		if (aggregate->function == NULL || aggregate->function->fn == NULL)
			expr_error_at(EXPR_ERR_FUNCTION_UNKNOWN, compiler->source,
						  call->location, "usage of unknown function '%s()'",
						  name);
	}
	if (call->nargs == 1)
		aggregate->argument = expr_compile_node(compiler, call->args[0]);
}

void
aggregate_rows(const Aggregate *aggregate, Run *run, const Rows *rows,
			   int column, int64 first, int64 end, JsonbValue *result)
{
	ValueBuilder builder;
	JsonbValue	array;

	if (aggregate->counts)
	{
		value_set_int64(result, end - first);
		return;
	}
	value_array_begin(&builder);
	for (int64 i = first; i < end; i++)
		value_array_add(&builder, &rows->rows[i].values[column]);
	value_array_finish(&builder, &array);
	if (aggregate->function == NULL)
	{
		*result = array;
		return;
	}
	aggregate_call(aggregate->function, run, &array, result);
	if (aggregate->distinct)
		value_set_int64(result, value_count(result));
}

void
aggregate_call(const ExprFunctionDef *function, Run *run,
			   const JsonbValue *argument, JsonbValue *result)
{
	ExprCall	call;

	call.name = function->name;
	call.nargs = 1;
	call.args = argument;
	call.warn = run->frame.warn;
	call.warn_arg = run->frame.warn_arg;
	function->fn(&call, result);
}
