/*
 * value.c
 *		What a value of the expression language is, how it compares, what it
 *		is when taken for a truth value, a number or a string.
 *
 * AQL knows six types and no error of type: every value has a truth value,
 * every value can be cast to a number and to a string, and any two values
 * compare.  This file owns those rules.  It must not know expressions,
 * functions, warnings or rows.
 *
 *		null  <  false  <  true  <  numbers  <  strings  <  arrays  <  objects
 *
 *		JsonbValue	jbvNull, jbvBool, jbvNumeric, jbvString
 *					jbvBinary -> JsonbContainer   (every array, every object)
 *
 * A container is read in place: a member's JEntry gives its type and length,
 * a running offset its place, so that a walk neither allocates nor copies.
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

#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "expr/value.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* the largest decimal exponent that text may give a number */
#define MAX_DECIMAL_EXPONENT	999

/* the most characters of a number's text, and of its fraction */
#define MAX_NUMBER_LENGTH		100000
#define MAX_FRACTION_LENGTH		10000

static int	object_compare(const JsonbValue *a, const JsonbValue *b);
static int	array_compare(const JsonbValue *a, const JsonbValue *b);
static bool object_equal(const JsonbValue *a, const JsonbValue *b);
static void member_fill(const JsonbContainer *container, const char *base,
						JEntry entry, uint32 offset, uint32 length,
						JsonbValue *out);

static const JsonbValue null_value = {.type = jbvNull};

/* An array or object, complete with the header that says "no members". */
static const uint32 empty_array_header = JB_FARRAY;
static const uint32 empty_object_header = JB_FOBJECT;

/* ----------
 * types and constructors
 * ----------
 */
ValueType
value_type(const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvNull:
			return VALUE_NULL;
		case jbvBool:
			return VALUE_BOOL;
		case jbvNumeric:
			return VALUE_NUMBER;
		case jbvString:
			return VALUE_STRING;
		case jbvBinary:
			return JsonContainerIsObject(v->val.binary.data) ?
				VALUE_OBJECT : VALUE_ARRAY;
		default:
			elog(ERROR, "unexpected jsonb value type: %d", (int) v->type);
			return VALUE_NULL;	/* keep the compiler quiet */
	}
}

const char *
value_typename(const JsonbValue *v)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null",
		[VALUE_BOOL] = "bool",
		[VALUE_NUMBER] = "number",
		[VALUE_STRING] = "string",
		[VALUE_ARRAY] = "array",
		[VALUE_OBJECT] = "object",
	};

	return names[value_type(v)];
}

void
value_set_null(JsonbValue *v)
{
	v->type = jbvNull;
}

void
value_set_bool(JsonbValue *v, bool b)
{
	v->type = jbvBool;
	v->val.boolean = b;
}

void
value_set_numeric(JsonbValue *v, Numeric n)
{
	v->type = jbvNumeric;
	v->val.numeric = n;
}

void
value_set_int64(JsonbValue *v, int64 i)
{
	value_set_numeric(v, int64_to_numeric(i));
}

void
value_set_double(JsonbValue *v, double d)
{
	char		buf[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(d) || isinf(d))
	{
		value_set_null(v);
		return;
	}
	/* 2^53: below it a double's integers are exact */
	if (d == rint(d) && fabs(d) <= 9007199254740992.0)
	{
		value_set_int64(v, (int64) d);
		return;
	}
	double_to_shortest_decimal_buf(d, buf);
	value_set_numeric(v, DatumGetNumeric(DirectFunctionCall3(numeric_in,
															 CStringGetDatum(buf),
															 ObjectIdGetDatum(InvalidOid),
															 Int32GetDatum(-1))));
}

void
value_set_string(JsonbValue *v, const char *s, int len)
{
	v->type = jbvString;
	v->val.string.val = unconstify(char *, s);
	v->val.string.len = len;
}

void
value_set_empty_array(JsonbValue *v)
{
	v->type = jbvBinary;
	v->val.binary.data = (JsonbContainer *) unconstify(uint32 *, &empty_array_header);
	v->val.binary.len = sizeof(uint32);
}

void
value_set_empty_object(JsonbValue *v)
{
	v->type = jbvBinary;
	v->val.binary.data = (JsonbContainer *) unconstify(uint32 *, &empty_object_header);
	v->val.binary.len = sizeof(uint32);
}

void
value_from_jsonb(Jsonb *jb, JsonbValue *v)
{
	if (JB_ROOT_IS_SCALAR(jb))
		member_fill(&jb->root, (const char *) &jb->root.children[1],
					jb->root.children[0], 0,
					JBE_OFFLENFLD(jb->root.children[0]), v);
	else
	{
		v->type = jbvBinary;
		v->val.binary.data = &jb->root;
		v->val.binary.len = VARSIZE(jb) - VARHDRSZ;
	}
}

Jsonb *
value_to_jsonb(const JsonbValue *v)
{
	/* for the types that values have, core only reads its argument */
	return JsonbValueToJsonb(unconstify(JsonbValue *, v));
}

void
value_copy(const JsonbValue *v, JsonbValue *out)
{
	*out = *v;
	switch (v->type)
	{
		case jbvNumeric:
			out->val.numeric = (Numeric) palloc(VARSIZE_ANY(v->val.numeric));
			memcpy(out->val.numeric, v->val.numeric, VARSIZE_ANY(v->val.numeric));
			break;
		case jbvString:
			out->val.string.val = (char *) palloc(v->val.string.len + 1);
			memcpy(out->val.string.val, v->val.string.val, v->val.string.len);
			out->val.string.val[v->val.string.len] = '\0';
			break;
		case jbvBinary:
			out->val.binary.data = (JsonbContainer *) palloc(v->val.binary.len);
			memcpy(out->val.binary.data, v->val.binary.data, v->val.binary.len);
			break;
		default:
			break;
	}
}

/* ----------
 * truth and order
 * ----------
 */
static inline int
number_compare(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a),
											 NumericGetDatum(b)));
}

bool
value_truthy(const JsonbValue *v)
{
	switch (v->type)
	{
		case jbvNull:
			return false;
		case jbvBool:
			return v->val.boolean;
		case jbvString:
			return v->val.string.len > 0;
		case jbvNumeric:
			return number_compare(v->val.numeric, int64_to_numeric(0)) != 0;
		default:
			return true;
	}
}

/* Code point order is byte order: in UTF-8, and by definition of COLLATE "C". */
static int
string_compare(const char *a, int alen, const char *b, int blen)
{
	int			cmp = memcmp(a, b, Min(alen, blen));

	if (cmp == 0)
		cmp = (alen > blen) - (alen < blen);
	return (cmp > 0) - (cmp < 0);
}

int
value_compare(const JsonbValue *a, const JsonbValue *b)
{
	ValueType	atype = value_type(a);
	ValueType	btype = value_type(b);

	if (atype != btype)
		return atype < btype ? -1 : 1;

	switch (atype)
	{
		case VALUE_NULL:
			return 0;
		case VALUE_BOOL:
			return (int) a->val.boolean - (int) b->val.boolean;
		case VALUE_NUMBER:
			return number_compare(a->val.numeric, b->val.numeric);
		case VALUE_STRING:
			return string_compare(a->val.string.val, a->val.string.len,
								  b->val.string.val, b->val.string.len);
		case VALUE_ARRAY:
			return array_compare(a, b);
		case VALUE_OBJECT:
			return object_compare(a, b);
	}
	pg_unreachable();
}

bool
value_equal(const JsonbValue *a, const JsonbValue *b)
{
	/* the same bytes are the same value; different bytes prove nothing */
	if (a->type == jbvBinary && b->type == jbvBinary &&
		a->val.binary.len == b->val.binary.len &&
		memcmp(a->val.binary.data, b->val.binary.data, a->val.binary.len) == 0)
		return true;
	if (a->type != b->type)
		return false;
	if (a->type == jbvString)
		return a->val.string.len == b->val.string.len &&
			memcmp(a->val.string.val, b->val.string.val,
				   a->val.string.len) == 0;
	if (a->type == jbvBinary && value_type(a) == VALUE_OBJECT &&
		value_type(b) == VALUE_OBJECT)
		return object_equal(a, b);
	return value_compare(a, b) == 0;
}

static int
array_compare(const JsonbValue *a, const JsonbValue *b)
{
	ValueIter	ait,
				bit;

	check_stack_depth();
	value_iter_init(&ait, a);
	value_iter_init(&bit, b);
	for (;;)
	{
		JsonbValue	aelem = null_value;
		JsonbValue	belem = null_value;
		bool		amore = value_iter_next(&ait, NULL, &aelem);
		bool		bmore = value_iter_next(&bit, NULL, &belem);
		int			cmp;

		if (!amore && !bmore)
			return 0;
		cmp = value_compare(&aelem, &belem);
		if (cmp != 0)
			return cmp;
	}
}

/* One attribute of an object, for sorting by name. */
typedef struct Attribute
{
	JsonbValue	name;
	JsonbValue	value;
} Attribute;

static int
attribute_name_compare(const JsonbValue *a, const JsonbValue *b)
{
	return string_compare(a->val.string.val, a->val.string.len,
						  b->val.string.val, b->val.string.len);
}

static int
attribute_qsort_compare(const void *a, const void *b)
{
	return attribute_name_compare(&((const Attribute *) a)->name,
								  &((const Attribute *) b)->name);
}

/* jsonb keeps names by length first; the language orders them as strings */
static Attribute *
attributes_by_name(const JsonbValue *object, int *count)
{
	ValueIter	it;
	Attribute  *result;
	int			n = 0;

	value_iter_init(&it, object);
	result = (Attribute *) palloc(sizeof(Attribute) * Max(it.count, 1));
	while (value_iter_next(&it, &result[n].name, &result[n].value))
		n++;
	qsort(result, n, sizeof(Attribute), attribute_qsort_compare);
	*count = n;
	return result;
}

static int
object_compare(const JsonbValue *a, const JsonbValue *b)
{
	Attribute  *aattrs,
			   *battrs;
	int			na,
				nb,
				i = 0,
				j = 0,
				result = 0;

	check_stack_depth();
	aattrs = attributes_by_name(a, &na);
	battrs = attributes_by_name(b, &nb);
	while (result == 0 && (i < na || j < nb))
	{
		int			cmp;

		if (i == na)
			cmp = 1;
		else if (j == nb)
			cmp = -1;
		else
			cmp = attribute_name_compare(&aattrs[i].name, &battrs[j].name);

		/* a name that only one side has is null on the other */
		result = value_compare(cmp <= 0 ? &aattrs[i].value : &null_value,
							   cmp >= 0 ? &battrs[j].value : &null_value);
		if (cmp <= 0)
			i++;
		if (cmp >= 0)
			j++;
	}
	pfree(aattrs);
	pfree(battrs);
	return result;
}

/*
 * Equality does not depend on the order of names, so it can walk both objects
 * in jsonb's own order: by length, then bytes.
 */
static bool
object_equal(const JsonbValue *a, const JsonbValue *b)
{
	ValueIter	ait,
				bit;
	JsonbValue	akey,
				bkey,
				avalue,
				bvalue;
	bool		amore,
				bmore;

	check_stack_depth();
	value_iter_init(&ait, a);
	value_iter_init(&bit, b);
	amore = value_iter_next(&ait, &akey, &avalue);
	bmore = value_iter_next(&bit, &bkey, &bvalue);
	while (amore || bmore)
	{
		int			cmp;

		if (!amore)
			cmp = 1;
		else if (!bmore)
			cmp = -1;
		else if (akey.val.string.len != bkey.val.string.len)
			cmp = akey.val.string.len < bkey.val.string.len ? -1 : 1;
		else
			cmp = memcmp(akey.val.string.val, bkey.val.string.val,
						 akey.val.string.len);

		if (!value_equal(cmp <= 0 ? &avalue : &null_value,
						 cmp >= 0 ? &bvalue : &null_value))
			return false;
		if (cmp <= 0)
			amore = value_iter_next(&ait, &akey, &avalue);
		if (cmp >= 0)
			bmore = value_iter_next(&bit, &bkey, &bvalue);
	}
	return true;
}

/*
 * Equal arrays may differ in trailing nulls and equal objects in null
 * attributes, so nulls inside containers must not contribute.
 */
uint32
value_hash(const JsonbValue *v)
{
	uint32		hash = (uint32) value_type(v);
	ValueIter	it;
	JsonbValue	key,
				member;

	switch (value_type(v))
	{
		case VALUE_NULL:
			return hash;
		case VALUE_BOOL:
			return hash_combine(hash, v->val.boolean ? 1 : 0);
		case VALUE_NUMBER:
			return hash_combine(hash,
								DatumGetUInt32(DirectFunctionCall1(hash_numeric,
																   NumericGetDatum(v->val.numeric))));
		case VALUE_STRING:
			return hash_combine(hash,
								hash_bytes((const unsigned char *) v->val.string.val,
										   v->val.string.len));
		case VALUE_ARRAY:
		case VALUE_OBJECT:
			check_stack_depth();
			value_iter_init(&it, v);
			for (int i = 0; value_iter_next(&it, &key, &member); i++)
			{
				uint32		h;

				if (member.type == jbvNull)
					continue;
				h = hash_combine(value_hash(&member),
								 key.type == jbvString ?
								 value_hash(&key) : (uint32) i);
				hash = hash_combine(hash, h);
			}
			return hash;
	}
	pg_unreachable();
}

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

bool
value_is_castable_number(const JsonbValue *v)
{
	Numeric		ignored;

	return cast_to_number(v, &ignored);
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
json_append_string(StringInfo out, const char *s, int len)
{
	const char *end = s + len;

	appendStringInfoCharMacro(out, '"');
	for (; s < end; s++)
	{
		switch (*s)
		{
			case '"':
				appendStringInfoString(out, "\\\"");
				break;
			case '\\':
				appendStringInfoString(out, "\\\\");
				break;
			case '\b':
				appendStringInfoString(out, "\\b");
				break;
			case '\f':
				appendStringInfoString(out, "\\f");
				break;
			case '\n':
				appendStringInfoString(out, "\\n");
				break;
			case '\r':
				appendStringInfoString(out, "\\r");
				break;
			case '\t':
				appendStringInfoString(out, "\\t");
				break;
			default:
				if ((unsigned char) *s < ' ')
					appendStringInfo(out, "\\u%04x", (unsigned char) *s);
				else
					appendStringInfoCharMacro(out, *s);
		}
	}
	appendStringInfoCharMacro(out, '"');
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
			json_append_string(out, v->val.string.val, v->val.string.len);
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
			json_append_string(out, key.val.string.val, key.val.string.len);
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
	Numeric		n = numeric_add_opt_error(value_to_numeric(a),
										  value_to_numeric(b), &overflow);

	set_exact(out, n, overflow);
}

void
value_sub(const JsonbValue *a, const JsonbValue *b, JsonbValue *out)
{
	bool		overflow = false;
	Numeric		n = numeric_sub_opt_error(value_to_numeric(a),
										  value_to_numeric(b), &overflow);

	set_exact(out, n, overflow);
}

void
value_mul(const JsonbValue *a, const JsonbValue *b, JsonbValue *out)
{
	bool		overflow = false;
	Numeric		n = numeric_mul_opt_error(value_to_numeric(a),
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
		number_compare(numeric_mod_opt_error(x, y, &overflow), zero) == 0)
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
	set_exact(out, numeric_mod_opt_error(x, y, &overflow), overflow);
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

/* ----------
 * reading containers
 * ----------
 */

/* A member from its JEntry; offset and length are of its data, with padding. */
static void
member_fill(const JsonbContainer *container, const char *base, JEntry entry,
			uint32 offset, uint32 length, JsonbValue *out)
{
	switch (entry & JENTRY_TYPEMASK)
	{
		case JENTRY_ISNULL:
			out->type = jbvNull;
			break;
		case JENTRY_ISSTRING:
			value_set_string(out, base + offset, length);
			break;
		case JENTRY_ISNUMERIC:
			out->type = jbvNumeric;
			out->val.numeric = (Numeric) unconstify(char *, base + INTALIGN(offset));
			break;
		case JENTRY_ISBOOL_TRUE:
			value_set_bool(out, true);
			break;
		case JENTRY_ISBOOL_FALSE:
			value_set_bool(out, false);
			break;
		case JENTRY_ISCONTAINER:
			out->type = jbvBinary;
			out->val.binary.data = (JsonbContainer *)
				unconstify(char *, base + INTALIGN(offset));
			out->val.binary.len = length - (INTALIGN(offset) - offset);
			break;
		default:
			elog(ERROR, "unexpected jsonb entry type: %08x", entry);
	}
}

int
value_count(const JsonbValue *v)
{
	return v->type == jbvBinary ? JsonContainerSize(v->val.binary.data) : 0;
}

bool
value_attribute(const JsonbValue *v, const char *name, int len, JsonbValue *out)
{
	if (v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data) &&
		getKeyJsonValueFromContainer(v->val.binary.data, name, len, out) != NULL)
		return true;
	value_set_null(out);
	return false;
}

bool
value_index(const JsonbValue *v, int64 i, JsonbValue *out)
{
	JsonbContainer *container;
	int64		count;

	value_set_null(out);
	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		return false;
	container = v->val.binary.data;
	count = JsonContainerSize(container);
	if (i < 0)
		i += count;
	if (i < 0 || i >= count)
		return false;
	member_fill(container, (const char *) &container->children[count],
				container->children[i], getJsonbOffset(container, i),
				getJsonbLength(container, i), out);
	return true;
}

void
value_iter_init(ValueIter *it, const JsonbValue *v)
{
	bool		object;

	memset(it, 0, sizeof(ValueIter));
	if (v->type != jbvBinary)
		return;
	it->container = v->val.binary.data;
	it->count = JsonContainerSize(it->container);
	object = JsonContainerIsObject(it->container);
	it->base = (const char *) &it->container->children[object ? 2 * it->count : it->count];
	if (object && it->count > 0)
		it->value_offset = getJsonbOffset(it->container, it->count);
}

/* The length of the member whose entry is at offset; moves the offset past it */
static inline uint32
entry_advance(JEntry entry, uint32 *offset)
{
	uint32		start = *offset;

	JBE_ADVANCE_OFFSET(*offset, entry);
	return *offset - start;
}

bool
value_iter_next(ValueIter *it, JsonbValue *key, JsonbValue *value)
{
	int			i = it->next;
	int			value_entry = i;
	uint32		start;
	uint32		length;

	if (i >= it->count)
		return false;
	CHECK_FOR_INTERRUPTS();
	it->next++;

	if (JsonContainerIsObject(it->container))
	{
		start = it->key_offset;
		length = entry_advance(it->container->children[i], &it->key_offset);
		if (key)
			value_set_string(key, it->base + start, length);
		value_entry = i + it->count;
	}
	else if (key)
		value_set_null(key);

	start = it->value_offset;
	length = entry_advance(it->container->children[value_entry],
						   &it->value_offset);
	member_fill(it->container, it->base,
				it->container->children[value_entry], start, length, value);
	return true;
}
