/*
 * value_cast.c
 *		A value taken for a number or a string, and arithmetic.
 *
 * AQL casts without an error: what is no number counts as 0.  Owns the texts
 * of numbers and of JSON, and the four operations with their remainder.
 *
 * Numbers.  The language has doubles only; we keep PostgreSQL's numeric, so
 * that integers of any size and decimal fractions are exact under +, - and *.
 * A quotient of two integers that is itself an integer is exact as well; any
 * other quotient is the double that AQL computes, printed by the shortest
 * decimal that reads back as the same double.  Where doubles are exact, both
 * ways agree.  Trailing zeros of a fraction are not part of a number:
 * 1.50 + 0.50 is 2, and 2.0 prints as 2.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"

#include "compat.h"
#include "expr/value.h"
#include "jsonb/doc.h"

/* the largest decimal exponent that text may give a number */
#define MAX_DECIMAL_EXPONENT	999

/* the most characters of a number's text, and of its fraction */
#define MAX_NUMBER_LENGTH		100000
#define MAX_FRACTION_LENGTH		10000

/* ----------
 * casts
 * ----------
 */

/*
 * The text of a number, as strict as the comment in value.h says: what is
 * accepted here numeric_in cannot refuse.
 */
bool
number_is_parsable(const char *s, int len)
{
	const char *p = s;
	const char *end = s + len;
	int			digits = 0;
	int			fraction = 0;

	if (len > MAX_NUMBER_LENGTH)
		return false;
	if (p < end && (*p == '+' || *p == '-'))
		p++;
	for (; p < end && isdigit((unsigned char) *p); p++)
		digits++;
	if (p < end && *p == '.')
		for (p++; p < end && isdigit((unsigned char) *p); p++)
			fraction++;
	if (digits + fraction == 0 || fraction > MAX_FRACTION_LENGTH)
		return false;
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		int			exponent = 0;

		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		if (p == end)
			return false;
		for (; p < end && isdigit((unsigned char) *p); p++)
		{
			exponent = exponent * 10 + (*p - '0');
			if (exponent > MAX_DECIMAL_EXPONENT)
				return false;
		}
	}
	return p == end;
}

bool
number_parse(const char *s, int len, Numeric *out)
{
	char	   *copy;

	if (!number_is_parsable(s, len))
		return false;
	copy = pnstrdup(s, len);
	*out = DatumGetNumeric(DirectFunctionCall3(numeric_in,
											   CStringGetDatum(copy),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
	*out = number_normalize(*out);
	pfree(copy);
	return true;
}

Numeric
number_normalize(Numeric n)
{
	return DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale,
											   NumericGetDatum(n)));
}

/* The blanks that the language trims around a numeric string. */
static inline bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' ||
		c == '\v';
}

/* The cast, and whether it was one or the makeshift 0. */
static bool
cast_to_number(const JsonbValue *v, Numeric *out)
{
	JsonbValue	elem;

	switch (value_type(v))
	{
		case VALUE_NUMBER:
			*out = v->val.numeric;
			return true;
		case VALUE_NULL:
			*out = int64_to_numeric(0);
			return true;
		case VALUE_BOOL:
			*out = int64_to_numeric(v->val.boolean ? 1 : 0);
			return true;
		case VALUE_STRING:
			{
				const char *s = v->val.string.val;
				int			len = v->val.string.len;

				while (len > 0 && is_blank(s[0]))
					s++, len--;
				while (len > 0 && is_blank(s[len - 1]))
					len--;
				if (len == 0 || number_parse(s, len, out))
				{
					if (len == 0)
						*out = int64_to_numeric(0);
					return true;
				}
				break;
			}
		case VALUE_ARRAY:
			check_stack_depth();
			switch (value_count(v))
			{
				case 0:
					*out = int64_to_numeric(0);
					return true;
				case 1:
					(void) value_index(v, 0, &elem);
					return cast_to_number(&elem, out);
			}
			break;
		case VALUE_OBJECT:
			break;
	}
	*out = int64_to_numeric(0);
	return false;
}

Numeric
value_to_numeric(const JsonbValue *v)
{
	Numeric		result;

	(void) cast_to_number(v, &result);
	return result;
}

double
numeric_to_double(Numeric n)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(n)));
}

double
value_to_double(const JsonbValue *v)
{
	return numeric_to_double(value_to_numeric(v));
}

int64
value_to_int64(const JsonbValue *v)
{
	double		d = trunc(value_to_double(v));

	/* 2^63 is a double, 2^63 - 1 is not */
	if (d >= 9223372036854775808.0)
		return PG_INT64_MAX;
	if (d <= -9223372036854775808.0)
		return PG_INT64_MIN;
	if (isnan(d))
		return 0;
	return (int64) d;
}

void
value_to_string(const JsonbValue *v, StringInfo out)
{
	if (v->type == jbvNull)
		return;
	if (v->type == jbvString)
		appendBinaryStringInfo(out, v->val.string.val, v->val.string.len);
	else
		value_to_json(v, out);
}

void
value_to_json(const JsonbValue *v, StringInfo out)
{
	ValueIter	it;
	JsonbValue	key,
				member;
	bool		object;

	switch (value_type(v))
	{
		case VALUE_NULL:
			appendStringInfoString(out, "null");
			return;
		case VALUE_BOOL:
			appendStringInfoString(out, v->val.boolean ? "true" : "false");
			return;
		case VALUE_NUMBER:
			appendStringInfoString(out, numeric_normalize(v->val.numeric));
			return;
		case VALUE_STRING:
			doc_append_string(out, v->val.string.val, v->val.string.len);
			return;
		case VALUE_ARRAY:
		case VALUE_OBJECT:
			break;
	}

	check_stack_depth();
	object = value_type(v) == VALUE_OBJECT;
	appendStringInfoChar(out, object ? '{' : '[');
	value_iter_init(&it, v);
	for (int i = 0; value_iter_next(&it, &key, &member); i++)
	{
		if (i > 0)
			appendStringInfoCharMacro(out, ',');
		if (object)
		{
			doc_append_string(out, key.val.string.val, key.val.string.len);
			appendStringInfoCharMacro(out, ':');
		}
		value_to_json(&member, out);
	}
	appendStringInfoChar(out, object ? '}' : ']');
}

/* ----------
 * arithmetic
 * ----------
 */

/*
 * Store the result of an exact operation, null if the types could not hold
 * it.  Only a result that shows a fraction can have zeros to trim.
 */
static void
set_exact(JsonbValue *out, Numeric n, bool overflow)
{
	if (overflow || numeric_is_nan(n) || numeric_is_inf(n))
	{
		value_set_null(out);
		return;
	}
	if (DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(n))) > 0)
		n = number_normalize(n);
	value_set_numeric(out, n);
}

void
value_add(const JsonbValue *a, const JsonbValue *b, JsonbValue *out)
{
	bool		overflow = false;
	Numeric		n = compat_numeric_add(value_to_numeric(a),
									   value_to_numeric(b), &overflow);

	set_exact(out, n, overflow);
}

void
value_sub(const JsonbValue *a, const JsonbValue *b, JsonbValue *out)
{
	bool		overflow = false;
	Numeric		n = compat_numeric_sub(value_to_numeric(a),
									   value_to_numeric(b), &overflow);

	set_exact(out, n, overflow);
}

void
value_mul(const JsonbValue *a, const JsonbValue *b, JsonbValue *out)
{
	bool		overflow = false;
	Numeric		n = compat_numeric_mul(value_to_numeric(a),
									   value_to_numeric(b), &overflow);

	set_exact(out, n, overflow);
}

static bool
number_is_integer(Numeric n)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_min_scale,
											 NumericGetDatum(n))) == 0;
}

bool
value_div(const JsonbValue *a, const JsonbValue *b, JsonbValue *out)
{
	Numeric		x = value_to_numeric(a);
	Numeric		y = value_to_numeric(b);
	Numeric		zero = int64_to_numeric(0);
	bool		overflow = false;

	value_set_null(out);
	if (number_compare(y, zero) == 0)
		return false;

	if (number_is_integer(x) && number_is_integer(y) &&
		number_compare(compat_numeric_mod(x, y, &overflow), zero) == 0)
	{
		set_exact(out,
				  DatumGetNumeric(DirectFunctionCall2(numeric_div_trunc,
													  NumericGetDatum(x),
													  NumericGetDatum(y))),
				  false);
		return true;
	}
	value_set_double(out, numeric_to_double(x) / numeric_to_double(y));
	return true;
}

bool
value_mod(const JsonbValue *a, const JsonbValue *b, JsonbValue *out)
{
	Numeric		x = value_to_numeric(a);
	Numeric		y = value_to_numeric(b);
	bool		overflow = false;

	value_set_null(out);
	if (number_compare(y, int64_to_numeric(0)) == 0)
		return false;
	set_exact(out, compat_numeric_mod(x, y, &overflow), overflow);
	return true;
}

void
value_negate(const JsonbValue *a, JsonbValue *out)
{
	Datum		n = NumericGetDatum(value_to_numeric(a));

	set_exact(out, DatumGetNumeric(DirectFunctionCall1(numeric_uminus, n)),
			  false);
}

void
value_plus(const JsonbValue *a, JsonbValue *out)
{
	set_exact(out, value_to_numeric(a), false);
}
