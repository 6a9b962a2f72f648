/*
 * func_aggregate.c
 *		Functions that make one value of an array's members: least and
 *		greatest, sums, means, spread, and the range that goes the other way.
 *
 * Null members are skipped; a member that is no number makes a numeric
 * aggregate null.  Sums and products are exact; means, variances and
 * percentiles are doubles like every division (see value.c).
 */
#include "postgres.h"

#include <math.h>

#include "expr/func_util.h"
#include "miscadmin.h"

static void
fn_min(ExprCall *call, JsonbValue *result)
{
	ValueIter	it;
	JsonbValue	member;

	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return;
	}
	value_set_null(result);
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
		if (member.type != jbvNull &&
			(result->type == jbvNull || value_compare(&member, result) < 0))
			*result = member;
}

static void
fn_max(ExprCall *call, JsonbValue *result)
{
	ValueIter	it;
	JsonbValue	member;

	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return;
	}
	/* null is the least of all values, so it needs no rule of its own */
	value_set_null(result);
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
		if (value_compare(&member, result) > 0)
			*result = member;
}

/*
 * Fold the numbers of argument 0 with an operation.  False, with a null
 * result, for what is no array (with warning 1563) or holds another type.
 */
static bool
fold_numbers(ExprCall *call, int64 start,
			 void (*op) (const JsonbValue *, const JsonbValue *, JsonbValue *),
			 JsonbValue *result, int *count)
{
	ValueIter	it;
	JsonbValue	member;

	*count = 0;
	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return false;
	}
	value_set_int64(result, start);
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
	{
		JsonbValue	so_far = *result;

		if (member.type == jbvNull)
			continue;
		if (member.type != jbvNumeric)
		{
			value_set_null(result);
			return false;
		}
		op(&so_far, &member, result);
		if (result->type == jbvNull)
			return false;		/* too large for any number */
		(*count)++;
	}
	return true;
}

static void
fn_sum(ExprCall *call, JsonbValue *result)
{
	int			count;

	(void) fold_numbers(call, 0, value_add, result, &count);
}

static void
fn_product(ExprCall *call, JsonbValue *result)
{
	int			count;

	(void) fold_numbers(call, 1, value_mul, result, &count);
}

static void
fn_average(ExprCall *call, JsonbValue *result)
{
	JsonbValue	sum;
	JsonbValue	divisor;
	int			count;

	value_set_null(result);
	if (!fold_numbers(call, 0, value_add, &sum, &count))
	{
		/* here, unlike in SUM, a member of another type is worth a warning */
		if (func_arg_is_array(call, 0))
			func_warn(call, EXPR_WARN_ARRAY_EXPECTED);
	}
	else if (count > 0)
	{
		value_set_int64(&divisor, count);
		(void) value_div(&sum, &divisor, result);
	}
}

/*
 * The numbers of argument 0 as doubles.  NULL, with a null result and a
 * warning, if it is no array or holds another type.
 */
static double *
number_array(ExprCall *call, int *count, JsonbValue *result)
{
	double	   *numbers;
	ValueIter	it;
	JsonbValue	member;

	*count = 0;
	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return NULL;
	}
	value_set_null(result);
	numbers = (double *) palloc((value_count(&call->args[0]) + 1) * sizeof(double));
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
	{
		if (member.type == jbvNull)
			continue;
		if (member.type != jbvNumeric)
		{
			func_warn(call, EXPR_WARN_INVALID_ARITHMETIC);
			return NULL;
		}
		numbers[(*count)++] = numeric_to_double(member.val.numeric);
	}
	return numbers;
}

/* The sum of squared distances from the mean, by Welford's method. */
static double
squared_distances(const double *numbers, int count)
{
	double		mean = 0;
	double		sum = 0;

	for (int i = 0; i < count; i++)
	{
		double		delta = numbers[i] - mean;

		mean += delta / (i + 1);
		sum += delta * (numbers[i] - mean);
	}
	return sum;
}

/* Variance with n - 1 (sample) or n (population) as its divisor. */
static void
variance(ExprCall *call, bool sample, bool root, JsonbValue *result)
{
	int			count;
	double	   *numbers = number_array(call, &count, result);
	int			divisor = sample ? count - 1 : count;
	double		v;

	if (numbers == NULL || divisor < 1)
		return;
	v = squared_distances(numbers, count) / divisor;
	value_set_double(result, root ? sqrt(v) : v);
}

static void
fn_variance_sample(ExprCall *call, JsonbValue *result)
{
	variance(call, true, false, result);
}

static void
fn_variance_population(ExprCall *call, JsonbValue *result)
{
	variance(call, false, false, result);
}

static void
fn_stddev_sample(ExprCall *call, JsonbValue *result)
{
	variance(call, true, true, result);
}

static void
fn_stddev_population(ExprCall *call, JsonbValue *result)
{
	variance(call, false, true, result);
}

static int
double_compare(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static void
fn_median(ExprCall *call, JsonbValue *result)
{
	int			count;
	double	   *numbers = number_array(call, &count, result);

	if (numbers == NULL || count == 0)
		return;
	qsort(numbers, count, sizeof(double), double_compare);
	if (count % 2 == 1)
		value_set_double(result, numbers[count / 2]);
	else
		value_set_double(result,
						 (numbers[count / 2 - 1] + numbers[count / 2]) / 2);
}

/* PERCENTILE(array, p, "rank" | "interpolation") */
static void
fn_percentile(ExprCall *call, JsonbValue *result)
{
	FuncText	method = {"rank", 4};
	bool		interpolate;
	double		p = value_to_double(&call->args[1]);
	double	   *numbers;
	int			count;
	double		index;
	double		position;

	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return;
	}
	if (func_arg_is_string(call, 2))
		method = func_text(&call->args[2]);
	interpolate = method.len == 13 &&
		memcmp(method.data, "interpolation", 13) == 0;
	if (!func_arg_is_number(call, 1) || p <= 0 || p > 100 ||
		(call->nargs > 2 && !func_arg_is_string(call, 2)) ||
		(!interpolate &&
		 !(method.len == 4 && memcmp(method.data, "rank", 4) == 0)))
	{
		func_invalid_argument(call, result);
		return;
	}

	numbers = number_array(call, &count, result);
	if (numbers == NULL || count == 0)
		return;
	qsort(numbers, count, sizeof(double), double_compare);
	index = interpolate ? p * (count + 1) / 100 : p * count / 100;
	position = interpolate ? floor(index) : ceil(index);
	if (count == 1 || position >= count)
		value_set_double(result, numbers[count - 1]);
	else if (position > 0)
	{
		double		low = numbers[(int) position - 1];
		double		high = numbers[(int) position];

		value_set_double(result, interpolate ?
						 (index - position) * (high - low) + low : low);
	}
}

static void
fn_count_distinct(ExprCall *call, JsonbValue *result)
{
	ValueIter	it;
	JsonbValue	member;
	FuncSet    *set;
	int64		count = 0;

	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return;
	}
	set = func_set_create(value_count(&call->args[0]));
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
		if (func_set_add(set, &member))
			count++;
	value_set_int64(result, count);
}

/* ----------
 * ranges
 * ----------
 */

/* RANGE(a, b): the integers from a to b, which may be the lesser */
static void
integer_range(int64 from, int64 to, JsonbValue *result)
{
	ValueBuilder b;
	JsonbValue	member;
	int64		step = from <= to ? 1 : -1;

	func_check_limit(fabs((double) to - (double) from) + 1, "The range");
	value_array_begin(&b);
	for (int64 i = from;; i += step)
	{
		CHECK_FOR_INTERRUPTS();
		value_set_int64(&member, i);
		value_array_add(&b, &member);
		if (i == to)
			break;
	}
	value_array_finish(&b, result);
}

static void
fn_range(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *step = func_arg(call, 2);
	JsonbValue	from;
	JsonbValue	to;
	JsonbValue	zero;
	JsonbValue	next;
	JsonbValue	by;
	double		width;
	int			up;
	ValueBuilder b;

	if (step->type == jbvNull)
	{
		integer_range(value_to_int64(&call->args[0]),
					  value_to_int64(&call->args[1]), result);
		return;
	}

	value_set_numeric(&from, value_to_numeric(&call->args[0]));
	value_set_numeric(&to, value_to_numeric(&call->args[1]));
	value_set_numeric(&by, value_to_numeric(step));
	value_set_int64(&zero, 0);
	up = value_compare(&by, &zero);
	if (up == 0 || value_compare(&to, &from) == -up)
	{
		func_invalid_argument(call, result);
		return;
	}
	width = value_to_double(&to) - value_to_double(&from);
	func_check_limit(floor(width / value_to_double(&by)) + 1, "The range");

	value_array_begin(&b);
	for (next = from; value_compare(&next, &to) != up;)
	{
		JsonbValue	sum;

		CHECK_FOR_INTERRUPTS();
		func_check_limit(b.count + 1, "The range");
		value_array_add(&b, &next);
		value_add(&next, &by, &sum);
		next = sum;
	}
	value_array_finish(&b, result);
}

const ExprFunctionDef func_aggregate_table[] = {
	{"MIN", 1, 1, 0, fn_min},
	{"MAX", 1, 1, 0, fn_max},
	{"SUM", 1, 1, 0, fn_sum},
	{"PRODUCT", 1, 1, 0, fn_product},
	{"AVERAGE", 1, 1, 0, fn_average},
	{"AVG", 1, 1, 0, fn_average},
	{"MEDIAN", 1, 1, 0, fn_median},
	{"PERCENTILE", 2, 3, 0, fn_percentile},
	{"VARIANCE_SAMPLE", 1, 1, 0, fn_variance_sample},
	{"VARIANCE_POPULATION", 1, 1, 0, fn_variance_population},
	{"VARIANCE", 1, 1, 0, fn_variance_population},
	{"STDDEV_SAMPLE", 1, 1, 0, fn_stddev_sample},
	{"STDDEV_POPULATION", 1, 1, 0, fn_stddev_population},
	{"STDDEV", 1, 1, 0, fn_stddev_population},
	{"COUNT_DISTINCT", 1, 1, 0, fn_count_distinct},
	{"COUNT_UNIQUE", 1, 1, 0, fn_count_distinct},
	{"RANGE", 2, 3, 0, fn_range},
	{NULL}
};
