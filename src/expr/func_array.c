/*
 * func_array.c
 *		Functions over arrays: their members one by one, their ends, and
 *		their union, difference and order.
 *
 * Equality and order are the language's (value_equal, value_compare).  What
 * compares every member with many others goes through a FuncSet, so that no
 * function here is worse than n log n in the number of members.
 *
 * ArangoDB leaves the order of a set function's result open; here it is the
 * order of first occurrence.
 */
#include "postgres.h"

#include "expr/func_util.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

/* Add all members of an array. */
static void
add_all(ValueBuilder *b, const JsonbValue *array)
{
	ValueIter	it;
	JsonbValue	member;

	value_iter_init(&it, array);
	while (value_iter_next(&it, NULL, &member))
		value_array_add(b, &member);
}

/* Add the members of an array that the set does not have yet. */
static void
add_new(ValueBuilder *b, FuncSet *set, const JsonbValue *array)
{
	ValueIter	it;
	JsonbValue	member;

	value_iter_init(&it, array);
	while (value_iter_next(&it, NULL, &member))
		if (func_set_add(set, &member))
			value_array_add(b, &member);
}

/* The position of v in an array, -1 if it is not there. */
static int
find_value(const JsonbValue *array, const JsonbValue *v)
{
	ValueIter	it;
	JsonbValue	member;

	value_iter_init(&it, array);
	for (int i = 0; value_iter_next(&it, NULL, &member); i++)
		if (value_equal(&member, v))
			return i;
	return -1;
}

/* Every argument is an array; if not, null and a warning. */
static bool
all_arrays(ExprCall *call, int errornum, JsonbValue *result)
{
	for (int i = 0; i < call->nargs; i++)
	{
		if (!func_arg_is_array(call, i))
		{
			func_warn(call, errornum);
			value_set_null(result);
			return false;
		}
	}
	return true;
}

/* ----------
 * size and single members
 * ----------
 */

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

/* NTH: unlike the [] operator, a negative position is out of range */
static void
fn_nth(ExprCall *call, JsonbValue *result)
{
	int64		position = value_to_int64(&call->args[1]);

	if (!func_arg_is_array(call, 0))
		func_array_expected(call, result);
	else if (position < 0)
		value_set_null(result);
	else
		(void) value_index(&call->args[0], position, result);
}

static void
fn_position(ExprCall *call, JsonbValue *result)
{
	int			position;

	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return;
	}
	position = find_value(&call->args[0], &call->args[1]);
	if (func_arg_truthy(call, 2))
		value_set_int64(result, position);
	else
		value_set_bool(result, position >= 0);
}

/* ----------
 * adding and removing members
 * ----------
 */
static void
fn_push(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *array = &call->args[0];
	const JsonbValue *v = &call->args[1];
	ValueBuilder b;

	if (array->type != jbvNull && !func_arg_is_array(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (func_arg_truthy(call, 2) && find_value(array, v) >= 0)
	{
		*result = *array;
		return;
	}
	value_array_begin(&b);
	add_all(&b, array);
	value_array_add(&b, v);
	value_array_finish(&b, result);
}

static void
fn_unshift(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *array = &call->args[0];
	const JsonbValue *v = &call->args[1];
	ValueBuilder b;

	if (array->type != jbvNull && !func_arg_is_array(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (func_arg_truthy(call, 2) && find_value(array, v) >= 0)
	{
		*result = *array;
		return;
	}
	value_array_begin(&b);
	value_array_add(&b, v);
	add_all(&b, array);
	value_array_finish(&b, result);
}

static void
fn_append(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *array = &call->args[0];
	const JsonbValue *v = &call->args[1];
	bool		many = value_type(v) == VALUE_ARRAY;
	ValueBuilder b;
	FuncSet    *set;

	if (v->type == jbvNull || (many && value_count(v) == 0))
	{
		*result = *array;
		return;
	}
	if (array->type == jbvNull)
	{
		*result = *v;
		return;
	}
	if (!func_arg_is_array(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}

	value_array_begin(&b);
	if (func_arg_truthy(call, 2))
	{
		set = func_set_create(value_count(array));
		add_new(&b, set, array);
		if (many)
			add_new(&b, set, v);
		else if (func_set_add(set, v))
			value_array_add(&b, v);
	}
	else
	{
		add_all(&b, array);
		if (many)
			add_all(&b, v);
		else
			value_array_add(&b, v);
	}
	value_array_finish(&b, result);
}

/* The members from position "from" up to, not including, position "to". */
static void
slice(const JsonbValue *array, int64 from, int64 to, JsonbValue *result)
{
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	member;

	value_array_begin(&b);
	value_iter_init(&it, array);
	for (int64 i = 0; i < to && value_iter_next(&it, NULL, &member); i++)
		if (i >= from)
			value_array_add(&b, &member);
	value_array_finish(&b, result);
}

static void
fn_slice(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *length = func_arg(call, 2);
	int64		count;
	int64		from;
	int64		to;

	if (!func_arg_is_array(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	count = value_count(&call->args[0]);
	from = value_to_int64(&call->args[1]);
	from = from < 0 ? Max(Max(from, -count) + count, 0) : Min(from, count);
	if (length->type == jbvNull)
		to = count;
	else
	{
		to = value_to_int64(length);
		to = to >= 0 ? Min(to, count) + from : Max(to, -count) + count;
	}
	slice(&call->args[0], from, to, result);
}

/* POP and SHIFT: null stays null without a warning */
static void
fn_pop(ExprCall *call, JsonbValue *result)
{
	if (call->args[0].type == jbvNull)
		value_set_null(result);
	else if (!func_arg_is_array(call, 0))
		func_invalid_argument(call, result);
	else
		slice(&call->args[0], 0, value_count(&call->args[0]) - 1, result);
}

static void
fn_shift(ExprCall *call, JsonbValue *result)
{
	if (call->args[0].type == jbvNull)
		value_set_null(result);
	else if (!func_arg_is_array(call, 0))
		func_invalid_argument(call, result);
	else
		slice(&call->args[0], 1, value_count(&call->args[0]), result);
}

static void
fn_remove_value(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *limit = func_arg(call, 2);
	int64		left = limit->type == jbvNull ? -1 : value_to_int64(limit);
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	member;

	if (call->args[0].type == jbvNull)
	{
		value_set_empty_array(result);
		return;
	}
	if (!func_arg_is_array(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_array_begin(&b);
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
	{
		/* a negative limit is none */
		if (left != 0 && value_equal(&member, &call->args[1]))
			left--;
		else
			value_array_add(&b, &member);
	}
	value_array_finish(&b, result);
}

static void
fn_remove_values(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	member;
	FuncSet    *unwanted;

	if (call->args[1].type == jbvNull)
	{
		*result = call->args[0];
		return;
	}
	if (call->args[0].type == jbvNull)
	{
		value_set_empty_array(result);
		return;
	}
	if (!func_arg_is_array(call, 0) || !func_arg_is_array(call, 1))
	{
		func_invalid_argument(call, result);
		return;
	}
	unwanted = func_set_create(value_count(&call->args[1]));
	value_iter_init(&it, &call->args[1]);
	while (value_iter_next(&it, NULL, &member))
		(void) func_set_add(unwanted, &member);

	value_array_begin(&b);
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
		if (!func_set_contains(unwanted, &member))
			value_array_add(&b, &member);
	value_array_finish(&b, result);
}

static void
fn_remove_nth(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *array = &call->args[0];
	int64		position = value_to_int64(&call->args[1]);
	int64		count = value_count(array);
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	member;

	if (array->type == jbvNull)
	{
		value_set_empty_array(result);
		return;
	}
	if (!func_arg_is_array(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (position >= count || position < -count)
	{
		*result = *array;
		return;
	}
	if (position < 0)
		position += count;
	value_array_begin(&b);
	value_iter_init(&it, array);
	for (int64 i = 0; value_iter_next(&it, NULL, &member); i++)
		if (i != position)
			value_array_add(&b, &member);
	value_array_finish(&b, result);
}

/*
 * REPLACE_NTH: one past the end appends; further out needs a value to pad
 * with.  A negative position beyond the start means the first.
 */
static void
fn_replace_nth(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *array = &call->args[0];
	int64		count = value_count(array);
	int64		position = value_to_int64(&call->args[1]);
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	member;

	if (position < 0)
		position = Max(Max(position, -count) + count, 0);
	if (!func_arg_is_array(call, 0) || call->args[1].type == jbvNull ||
		(position > count && call->nargs < 4))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (position > count)
		func_check_limit((double) position + 1, "The padded array");

	value_array_begin(&b);
	value_iter_init(&it, array);
	for (int64 i = 0; value_iter_next(&it, NULL, &member); i++)
		value_array_add(&b, i == position ? &call->args[2] : &member);
	for (int64 i = count; i < position; i++)
		value_array_add(&b, &call->args[3]);
	if (position >= count)
		value_array_add(&b, &call->args[2]);
	value_array_finish(&b, result);
}

/* ----------
 * order
 * ----------
 */

/* REVERSE takes strings, too */
static void
fn_reverse(ExprCall *call, JsonbValue *result)
{
	if (func_arg_is_array(call, 0))
	{
		ValueBuilder b;

		value_array_begin(&b);
		add_all(&b, &call->args[0]);
		for (int i = 0, j = b.count - 1; i < j; i++, j--)
		{
			JsonbValue	swap = b.values[i];

			b.values[i] = b.values[j];
			b.values[j] = swap;
		}
		value_array_finish(&b, result);
	}
	else if (func_arg_is_string(call, 0))
	{
		FuncText	text = func_text(&call->args[0]);
		char	   *copy = (char *) palloc(text.len + 1);
		int			at = 0;

		while (at < text.len)
		{
			int			size = Min(pg_mblen(text.data + at), text.len - at);

			memcpy(copy + text.len - at - size, text.data + at, size);
			at += size;
		}
		value_set_string(result, copy, text.len);
	}
	else
		func_array_expected(call, result);
}

static int
qsort_compare(const void *a, const void *b)
{
	CHECK_FOR_INTERRUPTS();
	return value_compare((const JsonbValue *) a, (const JsonbValue *) b);
}

/* The members in order, equal ones once if asked. */
static void
sorted(ExprCall *call, bool once, JsonbValue *result)
{
	ValueBuilder b;

	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return;
	}
	value_array_begin(&b);
	add_all(&b, &call->args[0]);
	if (b.count > 1)
		qsort(b.values, b.count, sizeof(JsonbValue), qsort_compare);
	if (once && b.count > 1)
	{
		int			kept = 1;

		for (int i = 1; i < b.count; i++)
			if (!value_equal(&b.values[i], &b.values[kept - 1]))
				b.values[kept++] = b.values[i];
		b.count = kept;
	}
	value_array_finish(&b, result);
}

static void
fn_sorted(ExprCall *call, JsonbValue *result)
{
	sorted(call, false, result);
}

static void
fn_sorted_unique(ExprCall *call, JsonbValue *result)
{
	sorted(call, true, result);
}

/* ----------
 * sets
 * ----------
 */
static void
fn_unique(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;

	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return;
	}
	value_array_begin(&b);
	add_new(&b, func_set_create(value_count(&call->args[0])), &call->args[0]);
	value_array_finish(&b, result);
}

static void
fn_union(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;

	if (!all_arrays(call, EXPR_WARN_INVALID_ARGUMENT_TYPE, result))
		return;
	value_array_begin(&b);
	for (int i = 0; i < call->nargs; i++)
		add_all(&b, &call->args[i]);
	value_array_finish(&b, result);
}

static void
fn_union_distinct(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;
	FuncSet    *set;

	if (!all_arrays(call, EXPR_WARN_INVALID_ARGUMENT_TYPE, result))
		return;
	set = func_set_create(value_count(&call->args[0]));
	value_array_begin(&b);
	for (int i = 0; i < call->nargs; i++)
		add_new(&b, set, &call->args[i]);
	value_array_finish(&b, result);
}

/* MINUS: what the first array has and no other */
static void
fn_minus(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;
	ValueIter	it;
	JsonbValue	member;
	FuncSet    *seen = func_set_create(0);

	if (!all_arrays(call, EXPR_WARN_INVALID_ARGUMENT_TYPE, result))
		return;
	for (int i = 1; i < call->nargs; i++)
	{
		value_iter_init(&it, &call->args[i]);
		while (value_iter_next(&it, NULL, &member))
			(void) func_set_add(seen, &member);
	}
	value_array_begin(&b);
	add_new(&b, seen, &call->args[0]);
	value_array_finish(&b, result);
}

/* Keep the members of b that are in an array, each once. */
static void
intersect(ValueBuilder *b, const JsonbValue *array)
{
	FuncSet    *set = func_set_create(value_count(array));
	ValueIter	it;
	JsonbValue	member;
	int			kept = 0;

	value_iter_init(&it, array);
	while (value_iter_next(&it, NULL, &member))
		(void) func_set_add(set, &member);
	for (int i = 0; i < b->count; i++)
		if (func_set_contains(set, &b->values[i]))
			b->values[kept++] = b->values[i];
	b->count = kept;
}

static void
fn_intersection(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;

	if (!all_arrays(call, EXPR_WARN_ARRAY_EXPECTED, result))
		return;
	value_array_begin(&b);
	add_new(&b, func_set_create(value_count(&call->args[0])), &call->args[0]);
	for (int i = 1; i < call->nargs; i++)
		intersect(&b, &call->args[i]);
	value_array_finish(&b, result);
}

/* OUTERSECTION: what occurs once in all the arrays together */
static void
fn_outersection(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;
	FuncSet    *seen = func_set_create(0);
	FuncSet    *again = func_set_create(0);
	int			kept = 0;

	if (!all_arrays(call, EXPR_WARN_ARRAY_EXPECTED, result))
		return;
	value_array_begin(&b);
	for (int i = 0; i < call->nargs; i++)
		add_all(&b, &call->args[i]);
	for (int i = 0; i < b.count; i++)
		if (!func_set_add(seen, &b.values[i]))
			(void) func_set_add(again, &b.values[i]);
	for (int i = 0; i < b.count; i++)
		if (!func_set_contains(again, &b.values[i]))
			b.values[kept++] = b.values[i];
	b.count = kept;
	value_array_finish(&b, result);
}

/* ----------
 * nesting
 * ----------
 */
static void
flatten_into(ValueBuilder *b, const JsonbValue *array, int64 depth)
{
	ValueIter	it;
	JsonbValue	member;

	check_stack_depth();
	value_iter_init(&it, array);
	while (value_iter_next(&it, NULL, &member))
	{
		if (depth > 0 && value_type(&member) == VALUE_ARRAY)
			flatten_into(b, &member, depth - 1);
		else
			value_array_add(b, &member);
	}
}

static void
fn_flatten(ExprCall *call, JsonbValue *result)
{
	int64		depth = call->nargs > 1 ? value_to_int64(&call->args[1]) : 1;
	ValueBuilder b;

	if (!func_arg_is_array(call, 0))
	{
		func_array_expected(call, result);
		return;
	}
	value_array_begin(&b);
	flatten_into(&b, &call->args[0], Max(depth, 1));
	value_array_finish(&b, result);
}

/* INTERLEAVE: the first members of all arrays, then the second ones, ... */
static void
fn_interleave(ExprCall *call, JsonbValue *result)
{
	ValueIter  *its = (ValueIter *) palloc(call->nargs * sizeof(ValueIter));
	ValueBuilder b;
	bool		any = true;

	if (!all_arrays(call, EXPR_WARN_ARRAY_EXPECTED, result))
		return;
	for (int i = 0; i < call->nargs; i++)
		value_iter_init(&its[i], &call->args[i]);
	value_array_begin(&b);
	while (any)
	{
		JsonbValue	member;

		any = false;
		for (int i = 0; i < call->nargs; i++)
			if (value_iter_next(&its[i], NULL, &member))
			{
				value_array_add(&b, &member);
				any = true;
			}
	}
	value_array_finish(&b, result);
}

/* JACCARD: how much two sets have in common; 1 for two empty ones */
static void
fn_jaccard(ExprCall *call, JsonbValue *result)
{
	ValueIter	it;
	JsonbValue	member;
	FuncSet    *left;
	FuncSet    *both;
	int			all = 0;
	int			common = 0;

	if (!all_arrays(call, EXPR_WARN_ARRAY_EXPECTED, result))
		return;
	left = func_set_create(value_count(&call->args[0]));
	both = func_set_create(value_count(&call->args[1]));
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
		if (func_set_add(left, &member))
			all++;
	value_iter_init(&it, &call->args[1]);
	while (value_iter_next(&it, NULL, &member))
		if (func_set_add(both, &member))
		{
			if (func_set_contains(left, &member))
				common++;
			else
				all++;
		}
	value_set_double(result, all == 0 ? 1.0 : (double) common / all);
}

const ExprFunctionDef func_array_table[] = {
	{"LENGTH", 1, 1, 0, fn_length},
	{"COUNT", 1, 1, 0, fn_length},
	{"FIRST", 1, 1, 0, fn_first},
	{"LAST", 1, 1, 0, fn_last},
	{"NTH", 2, 2, 0, fn_nth},
	{"POSITION", 2, 3, 0, fn_position},
	{"CONTAINS_ARRAY", 2, 3, 0, fn_position},
	{"PUSH", 2, 3, 0, fn_push},
	{"UNSHIFT", 2, 3, 0, fn_unshift},
	{"APPEND", 2, 3, 0, fn_append},
	{"POP", 1, 1, 0, fn_pop},
	{"SHIFT", 1, 1, 0, fn_shift},
	{"SLICE", 2, 3, 0, fn_slice},
	{"REMOVE_VALUE", 2, 3, 0, fn_remove_value},
	{"REMOVE_VALUES", 2, 2, 0, fn_remove_values},
	{"REMOVE_NTH", 2, 2, 0, fn_remove_nth},
	{"REPLACE_NTH", 3, 4, 0, fn_replace_nth},
	{"REVERSE", 1, 1, 0, fn_reverse},
	{"SORTED", 1, 1, 0, fn_sorted},
	{"SORTED_UNIQUE", 1, 1, 0, fn_sorted_unique},
	{"UNIQUE", 1, 1, 0, fn_unique},
	{"UNION", 2, -1, 0, fn_union},
	{"UNION_DISTINCT", 2, -1, 0, fn_union_distinct},
	{"MINUS", 2, -1, 0, fn_minus},
	{"INTERSECTION", 2, -1, 0, fn_intersection},
	{"OUTERSECTION", 2, -1, 0, fn_outersection},
	{"INTERLEAVE", 2, -1, 0, fn_interleave},
	{"JACCARD", 2, 2, 0, fn_jaccard},
	{"FLATTEN", 1, 2, 0, fn_flatten},
	{NULL}
};
