/*
 * func_array.c
 *		Functions over arrays: their members one by one, their ends, their
 *		union and difference, their order, their sums.
 *
 * Equality and order are the language's (value_equal, value_compare).  What
 * compares every member with many others goes through a FuncSet, so that no
 * function is worse than n log n in the number of members.
 */
#include "postgres.h"

#include "expr/func_util.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

/* LENGTH: members, characters, or what the language makes of the rest */
static void
fn_length(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *v = &call->args[0];
	int64		n = 0;

	switch (value_type(v))
	{
		case VALUE_ARRAY:
		case VALUE_OBJECT:
			n = value_count(v);
			break;
		case VALUE_NULL:
			break;
		case VALUE_BOOL:
			n = v->val.boolean ? 1 : 0;
			break;
		case VALUE_NUMBER:
		case VALUE_STRING:
			{
				FuncText	text = func_text(v);

				n = pg_mbstrlen_with_len(text.data, text.len);
				break;
			}
	}
	value_set_int64(result, n);
}

static void
fn_first(ExprCall *call, JsonbValue *result)
{
	if (!func_arg_is_array(call, 0))
		func_array_expected(call, result);
	else
		(void) value_index(&call->args[0], 0, result);
}

static void
fn_last(ExprCall *call, JsonbValue *result)
{
	if (!func_arg_is_array(call, 0))
		func_array_expected(call, result);
	else
		(void) value_index(&call->args[0], -1, result);
}

const ExprFunctionDef func_array_table[] = {
	{"LENGTH", 1, 1, 0, fn_length},
	{"COUNT", 1, 1, 0, fn_length},
	{"FIRST", 1, 1, 0, fn_first},
	{"LAST", 1, 1, 0, fn_last},
	{NULL}
};
