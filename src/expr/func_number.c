/*
 * func_number.c
 *		Functions of numbers.
 *
 * Arguments are cast to numbers, so no argument is of a wrong type.  What
 * stays within decimal fractions (ABS, FLOOR, CEIL, ROUND) is exact; the rest
 * is computed in doubles.  Where the mathematical function has no value or an
 * infinite one the result is null.
 */
#include "postgres.h"

#include <math.h>

#include "common/pg_prng.h"
#include "utils/builtins.h"

#include "expr/func_util.h"

/* ----------
 * exact functions
 * ----------
 */
static Numeric
half(void)
{
	return int64_div_fast_to_numeric(5, 1);
}

static void
fn_abs(ExprCall *call, JsonbValue *result)
{
	Numeric		n = value_to_numeric(&call->args[0]);

	n = DatumGetNumeric(DirectFunctionCall1(numeric_abs, NumericGetDatum(n)));
	value_set_numeric(result, number_normalize(n));
}

static void
fn_floor(ExprCall *call, JsonbValue *result)
{
	Numeric		n = value_to_numeric(&call->args[0]);

	value_set_numeric(result,
					  DatumGetNumeric(DirectFunctionCall1(numeric_floor,
														  NumericGetDatum(n))));
}

static void
fn_ceil(ExprCall *call, JsonbValue *result)
{
	Numeric		n = value_to_numeric(&call->args[0]);

	value_set_numeric(result,
					  DatumGetNumeric(DirectFunctionCall1(numeric_ceil,
														  NumericGetDatum(n))));
}

/* ROUND: halves go up, also below zero: -1.5 gives -1 */
static void
fn_round(ExprCall *call, JsonbValue *result)
{
	Datum		n = NumericGetDatum(value_to_numeric(&call->args[0]));

	n = DirectFunctionCall2(numeric_add, n, NumericGetDatum(half()));
	n = DirectFunctionCall1(numeric_floor, n);
	value_set_numeric(result, DatumGetNumeric(n));
}

/* ----------
 * functions in doubles
 * ----------
 */
#define DOUBLE_FUNCTION(fn_name, expression) \
static void \
fn_name(ExprCall *call, JsonbValue *result) \
{ \
	double		x = value_to_double(&call->args[0]); \
\
	value_set_double(result, (expression)); \
}

DOUBLE_FUNCTION(fn_sqrt, sqrt(x))
DOUBLE_FUNCTION(fn_log, log(x))
DOUBLE_FUNCTION(fn_log2, log2(x))
DOUBLE_FUNCTION(fn_log10, log10(x))
DOUBLE_FUNCTION(fn_exp, exp(x))
DOUBLE_FUNCTION(fn_exp2, exp2(x))
DOUBLE_FUNCTION(fn_sin, sin(x))
DOUBLE_FUNCTION(fn_cos, cos(x))
DOUBLE_FUNCTION(fn_tan, tan(x))
DOUBLE_FUNCTION(fn_asin, asin(x))
DOUBLE_FUNCTION(fn_acos, acos(x))
DOUBLE_FUNCTION(fn_atan, atan(x))
DOUBLE_FUNCTION(fn_radians, x * (M_PI / 180.0))
DOUBLE_FUNCTION(fn_degrees, x * (180.0 / M_PI))

static void
fn_atan2(ExprCall *call, JsonbValue *result)
{
	value_set_double(result, atan2(value_to_double(&call->args[0]),
								   value_to_double(&call->args[1])));
}

static void
fn_pow(ExprCall *call, JsonbValue *result)
{
	value_set_double(result, pow(value_to_double(&call->args[0]),
								 value_to_double(&call->args[1])));
}

static void
fn_pi(ExprCall *call, JsonbValue *result)
{
	value_set_double(result, M_PI);
}

/* RAND: 0 <= result < 1, another one at each call */
static void
fn_rand(ExprCall *call, JsonbValue *result)
{
	value_set_double(result, pg_prng_double(&pg_global_prng_state));
}

const ExprFunctionDef func_number_table[] = {
	{"ABS", 1, 1, 0, fn_abs},
	{"FLOOR", 1, 1, 0, fn_floor},
	{"CEIL", 1, 1, 0, fn_ceil},
	{"ROUND", 1, 1, 0, fn_round},
	{"SQRT", 1, 1, 0, fn_sqrt},
	{"POW", 2, 2, 0, fn_pow},
	{"LOG", 1, 1, 0, fn_log},
	{"LOG2", 1, 1, 0, fn_log2},
	{"LOG10", 1, 1, 0, fn_log10},
	{"EXP", 1, 1, 0, fn_exp},
	{"EXP2", 1, 1, 0, fn_exp2},
	{"SIN", 1, 1, 0, fn_sin},
	{"COS", 1, 1, 0, fn_cos},
	{"TAN", 1, 1, 0, fn_tan},
	{"ASIN", 1, 1, 0, fn_asin},
	{"ACOS", 1, 1, 0, fn_acos},
	{"ATAN", 1, 1, 0, fn_atan},
	{"ATAN2", 2, 2, 0, fn_atan2},
	{"RADIANS", 1, 1, 0, fn_radians},
	{"DEGREES", 1, 1, 0, fn_degrees},
	{"PI", 0, 0, 0, fn_pi},
	{"RAND", 0, 0, EXPR_FN_VOLATILE, fn_rand},
	{"RANDOM", 0, 0, EXPR_FN_VOLATILE, fn_rand},
	{NULL}
};
