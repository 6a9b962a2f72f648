/*
 * func_bit.c
 *		Functions that read a number as a set of up to 32 bits.
 *
 * Operands are integers from 0 to 2^32 - 1; positions and widths are integers
 * within the word.  Whatever else is given, also a fraction, makes the result
 * null with warning 1542.  BIT_AND, BIT_OR and BIT_XOR combine two numbers or
 * the members of an array, where null is skipped; so AGGREGATE takes them too.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "expr/func_util.h"

#define WORD_BITS	32

/* Is v an integer from 0 to max?  Casts nothing. */
static bool
bits_of(const JsonbValue *v, uint64 max, uint64 *out)
{
	JsonbValue	back;
	int64		i;

	if (v->type != jbvNumeric)
		return false;
	i = value_to_int64(v);
	value_set_int64(&back, i);
	if (i < 0 || (uint64) i > max || !value_equal(v, &back))
		return false;
	*out = (uint64) i;
	return true;
}

static bool
word_arg(ExprCall *call, int i, uint64 *out)
{
	return bits_of(func_arg(call, i), PG_UINT32_MAX, out);
}

/* The lowest "width" bits set, 0 to 32 of them. */
static uint64
mask_of(uint64 width)
{
	return (UINT64CONST(1) << width) - 1;
}

/* ----------
 * combinations
 * ----------
 */
typedef enum BitOperation
{
	BIT_OPERATION_AND,
	BIT_OPERATION_OR,
	BIT_OPERATION_XOR
} BitOperation;

static uint64
apply(BitOperation operation, uint64 a, uint64 b)
{
	switch (operation)
	{
		case BIT_OPERATION_AND:
			return a & b;
		case BIT_OPERATION_OR:
			return a | b;
		case BIT_OPERATION_XOR:
			break;
	}
	return a ^ b;
}

static void
combine(ExprCall *call, BitOperation operation, JsonbValue *result)
{
	ValueIter	it;
	JsonbValue	member;
	uint64		bits = 0;
	uint64		next;
	bool		first = true;

	if (call->nargs == 2)
	{
		if (!word_arg(call, 0, &bits) || !word_arg(call, 1, &next))
			func_invalid_argument(call, result);
		else
			value_set_int64(result, (int64) apply(operation, bits, next));
		return;
	}
	if (!func_arg_is_array(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
	{
		if (member.type == jbvNull)
			continue;
		if (!bits_of(&member, PG_UINT32_MAX, &next))
		{
			func_invalid_argument(call, result);
			return;
		}
		bits = first ? next : apply(operation, bits, next);
		first = false;
	}
	/* of nothing: no number */
	if (first)
		value_set_null(result);
	else
		value_set_int64(result, (int64) bits);
}

static void
fn_bit_and(ExprCall *call, JsonbValue *result)
{
	combine(call, BIT_OPERATION_AND, result);
}

static void
fn_bit_or(ExprCall *call, JsonbValue *result)
{
	combine(call, BIT_OPERATION_OR, result);
}

static void
fn_bit_xor(ExprCall *call, JsonbValue *result)
{
	combine(call, BIT_OPERATION_XOR, result);
}

static void
fn_bit_negate(ExprCall *call, JsonbValue *result)
{
	uint64		bits;
	uint64		width;

	if (!word_arg(call, 0, &bits) || !bits_of(&call->args[1], WORD_BITS, &width))
		func_invalid_argument(call, result);
	else
		value_set_int64(result, (int64) (~bits & mask_of(width)));
}

static void
shift(ExprCall *call, bool left, JsonbValue *result)
{
	uint64		bits;
	uint64		by;
	uint64		width;

	if (!word_arg(call, 0, &bits) || !bits_of(&call->args[1], WORD_BITS, &by) ||
		!bits_of(&call->args[2], WORD_BITS, &width))
	{
		func_invalid_argument(call, result);
		return;
	}
	bits = left ? bits << by : bits >> by;
	value_set_int64(result, (int64) (bits & mask_of(width)));
}

static void
fn_bit_shift_left(ExprCall *call, JsonbValue *result)
{
	shift(call, true, result);
}

static void
fn_bit_shift_right(ExprCall *call, JsonbValue *result)
{
	shift(call, false, result);
}

/* ----------
 * single bits
 * ----------
 */
static void
fn_bit_test(ExprCall *call, JsonbValue *result)
{
	uint64		bits;
	uint64		position;

	if (!word_arg(call, 0, &bits) ||
		!bits_of(&call->args[1], WORD_BITS - 1, &position))
		func_invalid_argument(call, result);
	else
		value_set_bool(result, ((bits >> position) & 1) != 0);
}

static void
fn_bit_popcount(ExprCall *call, JsonbValue *result)
{
	uint64		bits;

	if (!word_arg(call, 0, &bits))
		func_invalid_argument(call, result);
	else
		value_set_int64(result, pg_popcount64(bits));
}

static void
fn_bit_construct(ExprCall *call, JsonbValue *result)
{
	ValueIter	it;
	JsonbValue	member;
	uint64		bits = 0;
	uint64		position;

	if (!func_arg_is_array(call, 0))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_iter_init(&it, &call->args[0]);
	while (value_iter_next(&it, NULL, &member))
	{
		if (!bits_of(&member, WORD_BITS - 1, &position))
		{
			func_invalid_argument(call, result);
			return;
		}
		bits |= UINT64CONST(1) << position;
	}
	value_set_int64(result, (int64) bits);
}

static void
fn_bit_deconstruct(ExprCall *call, JsonbValue *result)
{
	ValueBuilder b;
	JsonbValue	member;
	uint64		bits;

	if (!word_arg(call, 0, &bits))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_array_begin(&b);
	for (int position = 0; position < WORD_BITS; position++)
		if ((bits >> position) & 1)
		{
			value_set_int64(&member, position);
			value_array_add(&b, &member);
		}
	value_array_finish(&b, result);
}

/* ----------
 * text
 * ----------
 */
static void
fn_bit_to_string(ExprCall *call, JsonbValue *result)
{
	uint64		bits;
	uint64		width;
	char	   *digits;

	if (!word_arg(call, 0, &bits) || !bits_of(&call->args[1], WORD_BITS, &width))
	{
		func_invalid_argument(call, result);
		return;
	}
	digits = (char *) palloc(WORD_BITS);
	for (uint64 i = 0; i < width; i++)
		digits[i] = ((bits >> (width - 1 - i)) & 1) ? '1' : '0';
	value_set_string(result, digits, (int) width);
}

static void
fn_bit_from_string(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *digits = &call->args[0];
	uint64		bits = 0;

	if (!func_arg_is_string(call, 0) || digits->val.string.len > WORD_BITS)
	{
		func_invalid_argument(call, result);
		return;
	}
	for (int i = 0; i < digits->val.string.len; i++)
	{
		char		c = digits->val.string.val[i];

		if (c != '0' && c != '1')
		{
			func_invalid_argument(call, result);
			return;
		}
		bits = bits << 1 | (c == '1');
	}
	value_set_int64(result, (int64) bits);
}

const ExprFunctionDef func_bit_table[] = {
	{"BIT_AND", 1, 2, 0, fn_bit_and},
	{"BIT_OR", 1, 2, 0, fn_bit_or},
	{"BIT_XOR", 1, 2, 0, fn_bit_xor},
	{"BIT_NEGATE", 2, 2, 0, fn_bit_negate},
	{"BIT_SHIFT_LEFT", 3, 3, 0, fn_bit_shift_left},
	{"BIT_SHIFT_RIGHT", 3, 3, 0, fn_bit_shift_right},
	{"BIT_TEST", 2, 2, 0, fn_bit_test},
	{"BIT_POPCOUNT", 1, 1, 0, fn_bit_popcount},
	{"BIT_CONSTRUCT", 1, 1, 0, fn_bit_construct},
	{"BIT_DECONSTRUCT", 1, 1, 0, fn_bit_deconstruct},
	{"BIT_TO_STRING", 2, 2, 0, fn_bit_to_string},
	{"BIT_FROM_STRING", 1, 1, 0, fn_bit_from_string},
	{NULL}
};
