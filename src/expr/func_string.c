/*
 * func_string.c
 *		Functions that make, cut, search and compare strings.
 *
 * Arguments are taken by their string form (TO_STRING) unless said otherwise,
 * so that almost nothing here has a wrong type.  Positions and lengths count
 * characters (code points), never bytes.
 */
#include "postgres.h"

#include "expr/func_util.h"
#include "miscadmin.h"

/* ----------
 * putting together
 * ----------
 */

/* Append the string form of v and a separator before it; null is left out. */
static void
append_joined(StringInfo out, const JsonbValue *v, FuncText separator,
			  bool *first)
{
	if (v->type == jbvNull)
		return;
	if (!*first)
		appendBinaryStringInfo(out, separator.data, separator.len);
	value_to_string(v, out);
	*first = false;
}

/* Join the arguments from the given one on, or the elements of a lone array. */
static void
join_arguments(ExprCall *call, int from, FuncText separator, JsonbValue *result)
{
	StringInfoData buf;
	ValueIter	it;
	JsonbValue	member;
	bool		first = true;

	initStringInfo(&buf);
	if (call->nargs == from + 1 && func_arg_is_array(call, from))
	{
		value_iter_init(&it, &call->args[from]);
		while (value_iter_next(&it, NULL, &member))
		{
			CHECK_FOR_INTERRUPTS();
			append_joined(&buf, &member, separator, &first);
		}
	}
	else
	{
		for (int i = from; i < call->nargs; i++)
			append_joined(&buf, &call->args[i], separator, &first);
	}
	func_return_buffer(result, &buf);
}

static void
fn_concat(ExprCall *call, JsonbValue *result)
{
	FuncText	nothing = {"", 0};

	join_arguments(call, 0, nothing, result);
}

static void
fn_concat_separator(ExprCall *call, JsonbValue *result)
{
	join_arguments(call, 1, func_text(&call->args[0]), result);
}

const ExprFunctionDef func_string_table[] = {
	{"CONCAT", 1, -1, 0, fn_concat},
	{"CONCAT_SEPARATOR", 2, -1, 0, fn_concat_separator},
	{NULL}
};
