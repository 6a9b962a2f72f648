/*
 * jcs.c
 *		The JSON Canonicalization Scheme (RFC 8785), which gives a JSON
 *		literal its lexical form in RDF.
 *
 * Owns the canonical spelling of a JSON value; knows nothing of JSON-LD.
 *
 * Two things are not as PostgreSQL's own json output has them.  Members are
 * ordered by UTF-16 code units, which differs from the order of bytes only
 * where a character beyond the BMP meets one of U+E000..U+FFFF.  And numbers
 * are those of ECMAScript: the fewest digits that read back as the same
 * double, the nearest to it among those, laid out by magnitude:
 *
 *		  1e-7 | 0.000001 .. 999999999999999900000 | 1e+21
 *
 * PostgreSQL's float output gives fewest digits but for one case: it does
 * not use a decimal that lies exactly on the border between two doubles
 * (1e23 is one) although round-half-even reads it back.  shorten() makes
 * good for that.
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "jsonb/doc.h"
#include "jsonld/jcs.h"

#define MAX_DIGITS	17

static void append_object(StringInfo out, const JldValue *v);
static int	compare_keys(const void *a, const void *b);
static uint32 utf16_rank(pg_wchar c);
static int	split_decimal(const char *text, char *digits, int *point);
static int	shorten(double d, char *digits, int n, int *point);

void
jcs_append(StringInfo out, const JldValue *v)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	switch (v->type)
	{
		case JLD_NULL:
			appendStringInfoString(out, "null");
			break;
		case JLD_BOOL:
			appendStringInfoString(out, v->u.boolean ? "true" : "false");
			break;
		case JLD_NUMBER:
			jcs_append_double(out,
							  DatumGetFloat8(DirectFunctionCall1(numeric_float8,
																 NumericGetDatum(v->u.number))));
			break;
		case JLD_STRING:
			doc_append_string(out, v->u.string.data, v->u.string.len);
			break;
		case JLD_ARRAY:
			appendStringInfoChar(out, '[');
			for (int i = 0; i < v->n; i++)
			{
				if (i > 0)
					appendStringInfoChar(out, ',');
				jcs_append(out, v->u.items[i]);
			}
			appendStringInfoChar(out, ']');
			break;
		case JLD_OBJECT:
			append_object(out, v);
			break;
	}
}

static void
append_object(StringInfo out, const JldValue *v)
{
	const JldMember **members = palloc(v->n * sizeof(JldMember *));

	for (int i = 0; i < v->n; i++)
		members[i] = &v->u.object.members[i];
	qsort(members, v->n, sizeof(JldMember *), compare_keys);

	appendStringInfoChar(out, '{');
	for (int i = 0; i < v->n; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		doc_append_string(out, members[i]->key.data, members[i]->key.len);
		appendStringInfoChar(out, ':');
		jcs_append(out, members[i]->value);
	}
	appendStringInfoChar(out, '}');
	pfree(members);
}

/* Order two members' keys by their UTF-16 code units. */
static int
compare_keys(const void *a, const void *b)
{
	JldStr		x = (*(const JldMember *const *) a)->key;
	JldStr		y = (*(const JldMember *const *) b)->key;
	int			len;
	int			i;

	if (GetDatabaseEncoding() != PG_UTF8)
	{
		x = jld_str(pg_server_to_any(jld_cstr(x), x.len, PG_UTF8));
		y = jld_str(pg_server_to_any(jld_cstr(y), y.len, PG_UTF8));
	}

	len = Min(x.len, y.len);
	for (i = 0; i < len && x.data[i] == y.data[i]; i++)
		;
	if (i == len)
		return (x.len > y.len) - (x.len < y.len);

	/* back to where the two characters begin */
	while (i > 0 && ((unsigned char) x.data[i] & 0xC0) == 0x80)
		i--;
	{
		uint32		p = utf16_rank(utf8_to_unicode((const unsigned char *) x.data + i));
		uint32		q = utf16_rank(utf8_to_unicode((const unsigned char *) y.data + i));

		return (p > q) - (p < q);
	}
}

/*
 * A number that orders code points as their UTF-16 forms are ordered: a
 * surrogate pair begins with D800..DBFF, so it goes before U+E000.
 */
static uint32
utf16_rank(pg_wchar c)
{
	if (c >= 0x10000)
		return c - 0x10000 + 0xD800;
	if (c >= 0xE000)
		return c + 0x100000;
	return c;
}

void
jcs_append_double(StringInfo out, double d)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];
	char		digits[MAX_DIGITS + 1];
	int			point;
	int			n;

	if (d == 0)
	{
		/* also for negative zero */
		appendStringInfoChar(out, '0');
		return;
	}
	if (d < 0)
	{
		appendStringInfoChar(out, '-');
		d = -d;
	}

	double_to_shortest_decimal_buf(d, text);
	n = split_decimal(text, digits, &point);
	n = shorten(d, digits, n, &point);

	/* ECMA-262, Number::toString: the value is 0.digits * 10^point */
	if (n <= point && point <= 21)
	{
		appendBinaryStringInfo(out, digits, n);
		for (int i = n; i < point; i++)
			appendStringInfoChar(out, '0');
	}
	else if (0 < point && point <= 21)
	{
		appendBinaryStringInfo(out, digits, point);
		appendStringInfoChar(out, '.');
		appendBinaryStringInfo(out, digits + point, n - point);
	}
	else if (-6 < point && point <= 0)
	{
		appendStringInfoString(out, "0.");
		for (int i = point; i < 0; i++)
			appendStringInfoChar(out, '0');
		appendBinaryStringInfo(out, digits, n);
	}
	else
	{
		appendStringInfoChar(out, digits[0]);
		if (n > 1)
		{
			appendStringInfoChar(out, '.');
			appendBinaryStringInfo(out, digits + 1, n - 1);
		}
		appendStringInfo(out, "e%+d", point - 1);
	}
}

/*
 * Take "123.45", "0.00123" or "1.23e+45" apart: the significant digits
 * without zeros at either end into digits, and into *point the power of ten
 * so that the value is 0.digits * 10^*point.  Answers the number of digits.
 */
static int
split_decimal(const char *text, char *digits, int *point)
{
	int			n = 0;
	bool		seen_point = false;
	const char *p;

	*point = 0;
	for (p = text; *p != '\0' && *p != 'e'; p++)
	{
		if (*p == '.')
		{
			seen_point = true;
			continue;
		}
		if (n == 0 && *p == '0')
		{
			/* a leading zero: counts only behind the point */
			if (seen_point)
				(*point)--;
			continue;
		}
		if (n < MAX_DIGITS)
			digits[n++] = *p;
		if (!seen_point)
			(*point)++;
	}
	if (*p == 'e')
		*point += atoi(p + 1);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

/*
 * If a decimal of one digit less, next to the given one, reads back as d,
 * take that: it can only be one on the border of d's interval.
 */
static int
shorten(double d, char *digits, int n, int *point)
{
	if (n < 2)
		return n;

	for (int up = 0; up <= 1; up++)
	{
		char		text[MAX_DIGITS + 16];
		char		shorter[MAX_DIGITS + 1];
		int			shorter_point = *point;
		int			m = n - 1;

		memcpy(shorter, digits, m);
		if (up)
		{
			int			i = m - 1;

			while (i >= 0 && shorter[i] == '9')
				shorter[i--] = '0';
			if (i >= 0)
				shorter[i]++;
			else
			{
				/* 99…9 became 100…0 */
				shorter[0] = '1';
				shorter_point++;
			}
		}
		snprintf(text, sizeof(text), "0.%.*se%d", m, shorter, shorter_point);
		if (strtod(text, NULL) == d)
		{
			while (m > 1 && shorter[m - 1] == '0')
				m--;
			memcpy(digits, shorter, m);
			*point = shorter_point;
			return m;
		}
	}
	return n;
}
