/*
 * func_type.c
 *		Functions that ask for a value's type, cast it, or choose between
 *		values: IS_..., TYPENAME, TO_..., NOT_NULL, FIRST_LIST; and those that
 *		raise: FAIL, ASSERT, WARN.
 *
 * The first are total: no argument is of a wrong type.
 */
#include "postgres.h"

#include "expr/func_util.h"

/* ----------
 * type tests
 * ----------
 */
static void
fn_is_null(ExprCall *call, JsonbValue *result)
{
	value_set_bool(result, value_type(&call->args[0]) == VALUE_NULL);
}

static void
fn_is_bool(ExprCall *call, JsonbValue *result)
{
	value_set_bool(result, value_type(&call->args[0]) == VALUE_BOOL);
}

static void
fn_is_number(ExprCall *call, JsonbValue *result)
{
	value_set_bool(result, value_type(&call->args[0]) == VALUE_NUMBER);
}

static void
fn_is_string(ExprCall *call, JsonbValue *result)
{
	value_set_bool(result, value_type(&call->args[0]) == VALUE_STRING);
}

static void
fn_is_array(ExprCall *call, JsonbValue *result)
{
	value_set_bool(result, value_type(&call->args[0]) == VALUE_ARRAY);
}

static void
fn_is_object(ExprCall *call, JsonbValue *result)
{
	value_set_bool(result, value_type(&call->args[0]) == VALUE_OBJECT);
}

/* IS_KEY: a string that a document could have as its _key */
static void
fn_is_key(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	bool		valid = func_arg_is_string(call, 0) &&
	text.len > 0 && text.len <= 254;

	for (int i = 0; valid && i < text.len; i++)
	{
		char		c = text.data[i];

		valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') ||
			(c != '\0' && strchr("_-:.@()+,=;$!*'%", c) != NULL);
	}
	value_set_bool(result, valid);
}

static void
fn_typename(ExprCall *call, JsonbValue *result)
{
	const char *name = value_typename(&call->args[0]);

	value_set_string(result, name, strlen(name));
}

/* ----------
 * casts
 * ----------
 */
static void
fn_to_bool(ExprCall *call, JsonbValue *result)
{
	value_set_bool(result, value_truthy(&call->args[0]));
}

static void
fn_to_number(ExprCall *call, JsonbValue *result)
{
	value_plus(&call->args[0], result);
}

static void
fn_to_string(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);

	value_set_string(result, text.data, text.len);
}

static void
fn_to_array(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *v = &call->args[0];
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	member;

	if (value_type(v) == VALUE_ARRAY)
	{
		*result = *v;
		return;
	}
	value_array_begin(&b);
	if (value_type(v) == VALUE_OBJECT)
	{
		value_iter_init(&it, v);
		while (value_iter_next(&it, NULL, &member))
			value_array_add(&b, &member);
	}
	else if (value_type(v) != VALUE_NULL)
		value_array_add(&b, v);
	value_array_finish(&b, result);
}

/* ----------
 * choice
 * ----------
 */

/* The first argument of a type, null if there is none. */
static void
first_of_type(ExprCall *call, ValueType type, JsonbValue *result)
{
	for (int i = 0; i < call->nargs; i++)
	{
		if (value_type(&call->args[i]) == type)
		{
			*result = call->args[i];
			return;
		}
	}
	value_set_null(result);
}

static void
fn_not_null(ExprCall *call, JsonbValue *result)
{
	for (int i = 0; i < call->nargs; i++)
	{
		if (call->args[i].type != jbvNull)
		{
			*result = call->args[i];
			return;
		}
	}
	value_set_null(result);
}

static void
fn_first_list(ExprCall *call, JsonbValue *result)
{
	first_of_type(call, VALUE_ARRAY, result);
}

static void
fn_first_document(ExprCall *call, JsonbValue *result)
{
	first_of_type(call, VALUE_OBJECT, result);
}

/* IN_RANGE(value, low, high, with low?, with high?), by the order of all types */
static void
fn_in_range(ExprCall *call, JsonbValue *result)
{
	int			low = value_compare(&call->args[0], &call->args[1]);
	int			high = value_compare(&call->args[0], &call->args[2]);

	value_set_bool(result,
				   (low > 0 || (low == 0 && func_arg_truthy(call, 3))) &&
				   (high < 0 || (high == 0 && func_arg_truthy(call, 4))));
}

/* ----------
 * raising
 * ----------
 */

/* FAIL(reason): an error, whatever the rest of the query does */
static void
fn_fail(ExprCall *call, JsonbValue *result)
{
	FuncText	reason = func_text(func_arg(call, 0));

	ereport(ERROR,
			(errcode(ERRCODE_RAISE_EXCEPTION),
			 errmsg("FAIL(%.*s) called", reason.len, reason.data),
			 errdetail("errorNum %d", EXPR_FAIL_CALLED)));
}

/* ASSERT(condition, message): true, or an error with the message */
static void
fn_assert(ExprCall *call, JsonbValue *result)
{
	FuncText	message = func_text(&call->args[1]);

	if (!func_arg_is_string(call, 1))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (!value_truthy(&call->args[0]))
		ereport(ERROR,
				(errcode(ERRCODE_RAISE_EXCEPTION),
				 errmsg("%.*s", message.len, message.data),
				 errdetail("errorNum %d", EXPR_ASSERT_FAILED)));
	value_set_bool(result, true);
}

/* WARN(condition, message): does the condition hold? else with a warning */
static void
fn_warn(ExprCall *call, JsonbValue *result)
{
	FuncText	message = func_text(&call->args[1]);
	bool		holds = value_truthy(&call->args[0]);

	if (!func_arg_is_string(call, 1))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (!holds)
		func_warn_text(call, EXPR_WARN_CALLED,
					   pnstrdup(message.data, message.len));
	value_set_bool(result, holds);
}

static void
fn_passthru(ExprCall *call, JsonbValue *result)
{
	*result = call->args[0];
}

const ExprFunctionDef func_type_table[] = {
	{"IS_NULL", 1, 1, 0, fn_is_null},
	{"IS_BOOL", 1, 1, 0, fn_is_bool},
	{"IS_NUMBER", 1, 1, 0, fn_is_number},
	{"IS_STRING", 1, 1, 0, fn_is_string},
	{"IS_ARRAY", 1, 1, 0, fn_is_array},
	{"IS_LIST", 1, 1, 0, fn_is_array},
	{"IS_OBJECT", 1, 1, 0, fn_is_object},
	{"IS_DOCUMENT", 1, 1, 0, fn_is_object},
	{"IS_KEY", 1, 1, 0, fn_is_key},
	{"TYPENAME", 1, 1, 0, fn_typename},
	{"TO_BOOL", 1, 1, 0, fn_to_bool},
	{"TO_NUMBER", 1, 1, 0, fn_to_number},
	{"TO_STRING", 1, 1, 0, fn_to_string},
	{"TO_ARRAY", 1, 1, 0, fn_to_array},
	{"TO_LIST", 1, 1, 0, fn_to_array},
	{"NOT_NULL", 1, -1, 0, fn_not_null},
	{"FIRST_LIST", 1, -1, 0, fn_first_list},
	{"FIRST_DOCUMENT", 1, -1, 0, fn_first_document},
	{"IN_RANGE", 5, 5, 0, fn_in_range},
	{"PASSTHRU", 1, 1, 0, fn_passthru},
	{"FAIL", 0, 1, EXPR_FN_VOLATILE, fn_fail},
	{"ASSERT", 2, 2, EXPR_FN_VOLATILE, fn_assert},
	{"WARN", 2, 2, EXPR_FN_VOLATILE, fn_warn},
	{"NOEVAL", 1, 1, EXPR_FN_VOLATILE, fn_passthru},
	{"NOOPT", 1, 1, EXPR_FN_VOLATILE, fn_passthru},
	{NULL}
};
