/*
 * func_text.c
 *		Functions that read something into a text: how it sounds, an internet
 *		address, its bytes.  (func_string.c has the plain ones.)
 */
#include "postgres.h"

#include "expr/func_util.h"
#include "mb/pg_wchar.h"

/* ----------
 * sound
 * ----------
 */

/* The digit of a letter in the American Soundex; 0: it separates nothing */
static char
soundex_digit(char c)
{
	/* A to Z; H and W do not separate equal digits, vowels do */
	static const char digits[] = "01230120022455012623010202";

	return digits[c - 'A'];
}

/*
 * SOUNDEX: the first letter, and the digits of the next consonants, three in
 * all.  What is no ASCII letter is passed over.
 */
static void
fn_soundex(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	char	   *code = (char *) palloc(4);
	int			len = 0;
	char		last = '0';

	for (int i = 0; i < text.len && len < 4; i++)
	{
		char		c = pg_ascii_toupper((unsigned char) text.data[i]);
		char		digit;

		if (c < 'A' || c > 'Z')
			continue;
		digit = soundex_digit(c);
		if (len == 0)
			code[len++] = c;
		else if (digit != '0' && digit != last)
			code[len++] = digit;
		if (c != 'H' && c != 'W')
			last = digit;
	}
	while (len > 0 && len < 4)
		code[len++] = '0';
	value_set_string(result, code, len);
}

/* ----------
 * addresses
 * ----------
 */

/* Four numbers from 0 to 255 of one to three digits, with dots between. */
static bool
parse_ipv4(const JsonbValue *v, uint32 *address)
{
	const char *p;
	const char *end;

	if (v->type != jbvString)
		return false;
	p = v->val.string.val;
	end = p + v->val.string.len;
	*address = 0;
	for (int part = 0; part < 4; part++)
	{
		int			number = 0;
		int			digits = 0;

		if (part > 0 && (p == end || *p++ != '.'))
			return false;
		for (; p < end && *p >= '0' && *p <= '9' && digits < 4; p++, digits++)
			number = number * 10 + (*p - '0');
		if (digits < 1 || digits > 3 || number > 255)
			return false;
		*address = *address << 8 | number;
	}
	return p == end;
}

static void
fn_is_ipv4(ExprCall *call, JsonbValue *result)
{
	uint32		address;

	value_set_bool(result, parse_ipv4(&call->args[0], &address));
}

static void
fn_ipv4_to_number(ExprCall *call, JsonbValue *result)
{
	uint32		address;

	if (!parse_ipv4(&call->args[0], &address))
		func_invalid_argument(call, result);
	else
		value_set_int64(result, address);
}

static void
fn_ipv4_from_number(ExprCall *call, JsonbValue *result)
{
	int64		n = value_to_int64(&call->args[0]);
	char	   *text;

	if (!func_arg_is_number(call, 0) || n < 0 || n > PG_UINT32_MAX)
	{
		func_invalid_argument(call, result);
		return;
	}
	text = psprintf("%d.%d.%d.%d", (int) (n >> 24), (int) (n >> 16 & 255),
					(int) (n >> 8 & 255), (int) (n & 255));
	value_set_string(result, text, strlen(text));
}

/* ----------
 * bytes
 * ----------
 */

/* Does a character begin, or the text end, at this byte? */
static bool
at_boundary(FuncText text, int64 at)
{
	int64		i = 0;

	while (i < at)
		i += pg_mblen(text.data + i);
	return i == at;
}

/*
 * SUBSTRING_BYTES(text, offset, length?): whole characters only.  A negative
 * offset counts from the end.
 */
static void
fn_substring_bytes(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	int64		offset = value_to_int64(&call->args[1]);
	int64		length;

	if (offset < 0)
		offset = Max(offset + text.len, 0);
	offset = Min(offset, text.len);
	length = func_arg(call, 2)->type == jbvNull ?
		text.len - offset : value_to_int64(&call->args[2]);
	length = Min(length, text.len - offset);
	if (length < 0 || !at_boundary(text, offset) ||
		!at_boundary(text, offset + length))
	{
		func_invalid_argument(call, result);
		return;
	}
	value_set_string(result, text.data + offset, (int) length);
}

const ExprFunctionDef func_text_table[] = {
	{"SOUNDEX", 1, 1, 0, fn_soundex},
	{"IS_IPV4", 1, 1, 0, fn_is_ipv4},
	{"IPV4_TO_NUMBER", 1, 1, 0, fn_ipv4_to_number},
	{"IPV4_FROM_NUMBER", 1, 1, 0, fn_ipv4_from_number},
	{"SUBSTRING_BYTES", 2, 3, 0, fn_substring_bytes},
	{NULL}
};
