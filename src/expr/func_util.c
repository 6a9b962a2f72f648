/*
 * func_util.c
 *		What the files of the function library share: warnings, arguments,
 *		text, and sets of values.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "expr/func_util.h"
#include "upsert.h"

static const JsonbValue null_value = {.type = jbvNull};

/* ----------
 * warnings
 * ----------
 */
void
func_warn_text(ExprCall *call, int errornum, const char *text)
{
	if (call->warn)
		call->warn(call->warn_arg, errornum, text);
}

void
func_warn(ExprCall *call, int errornum)
{
	const char *text = NULL;

	switch (errornum)
	{
		case EXPR_WARN_INVALID_ARGUMENT_TYPE:
			func_warn_text(call, errornum,
						   psprintf("invalid argument type in call to function '%s()'",
									call->name));
			return;
		case EXPR_WARN_NUMBER_OUT_OF_RANGE:
			text = "number out of range";
			break;
		case EXPR_WARN_INVALID_REGEX:
			text = "invalid regex value";
			break;
		case EXPR_WARN_INVALID_ARITHMETIC:
			text = "invalid arithmetic value";
			break;
		case EXPR_WARN_DIVISION_BY_ZERO:
			text = "division by zero";
			break;
		case EXPR_WARN_ARRAY_EXPECTED:
			text = "array expected";
			break;
		case EXPR_WARN_INVALID_DATE:
			text = "invalid date value";
			break;
		default:
			elog(ERROR, "unrecognized warning number: %d", errornum);
	}
	func_warn_text(call, errornum,
				   psprintf("in function '%s()': %s", call->name, text));
}

void
func_invalid_argument(ExprCall *call, JsonbValue *result)
{
	func_warn(call, EXPR_WARN_INVALID_ARGUMENT_TYPE);
	value_set_null(result);
}

void
func_array_expected(ExprCall *call, JsonbValue *result)
{
	func_warn(call, EXPR_WARN_ARRAY_EXPECTED);
	value_set_null(result);
}

/* ----------
 * arguments and results
 * ----------
 */
const JsonbValue *
func_arg(const ExprCall *call, int i)
{
	return i < call->nargs ? &call->args[i] : &null_value;
}

bool
func_arg_is_array(const ExprCall *call, int i)
{
	return i < call->nargs && value_type(&call->args[i]) == VALUE_ARRAY;
}

bool
func_arg_is_object(const ExprCall *call, int i)
{
	return i < call->nargs && value_type(&call->args[i]) == VALUE_OBJECT;
}

bool
func_arg_is_string(const ExprCall *call, int i)
{
	return i < call->nargs && value_type(&call->args[i]) == VALUE_STRING;
}

bool
func_arg_is_number(const ExprCall *call, int i)
{
	return i < call->nargs && value_type(&call->args[i]) == VALUE_NUMBER;
}

bool
func_arg_truthy(const ExprCall *call, int i)
{
	return i < call->nargs && value_truthy(&call->args[i]);
}

FuncText
func_text(const JsonbValue *v)
{
	FuncText	text;
	StringInfoData buf;

	if (v->type == jbvString)
	{
		text.data = v->val.string.val;
		text.len = v->val.string.len;
		return text;
	}
	initStringInfo(&buf);
	value_to_string(v, &buf);
	text.data = buf.data;
	text.len = buf.len;
	return text;
}

void
func_return_buffer(JsonbValue *result, const StringInfoData *buf)
{
	value_set_string(result, buf->data, buf->len);
}

void
func_check_limit(double count, const char *what)
{
	/* written so that NaN is too many */
	if (!(count <= FUNC_MAX_MEMBERS))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("result of a function has too many members"),
				 errdetail("%s would have %.0f members; the limit is %d.",
						   what, count, FUNC_MAX_MEMBERS)));
}
