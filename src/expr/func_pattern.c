/*
 * func_pattern.c
 *		Functions that match patterns: LIKE and regular expressions.
 *
 * LIKE knows "%" (any characters), "_" (one character) and "\" before one of
 * them or before itself; any other backslash stands for itself.  It is
 * brought into the form of SQL's LIKE and left to PostgreSQL, which compares
 * characters under COLLATE "C" and checks for interrupts.
 *
 * Regular expressions are PostgreSQL's (ARE), where ArangoDB has ICU's: what
 * people write is the same in both; "." matches a newline here.  Character
 * classes and case follow the collation that LOWER uses.  An expression that
 * does not compile gives null and warning 1543.  RE_compile_and_cache keeps
 * compiled expressions from call to call.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "expr/func_util.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "regex/regex.h"
#include "utils/builtins.h"

/* groups that are told apart, the whole match among them; of them, a
 * replacement can name $0 to $9 */
#define MAX_GROUPS	100

/* ----------
 * LIKE
 * ----------
 */

/* The pattern in SQL's form: no backslash without something to escape. */
static text *
like_pattern(FuncText pattern)
{
	StringInfoData buf;
	const char *end = pattern.data + pattern.len;

	initStringInfo(&buf);
	for (const char *p = pattern.data; p < end;)
	{
		int			size = Min(pg_mblen(p), (int) (end - p));

		if (*p == '\\' && p + 1 < end &&
			(p[1] == '%' || p[1] == '_' || p[1] == '\\'))
			appendBinaryStringInfo(&buf, p++, 1);
		else if (*p == '\\')
			appendStringInfoChar(&buf, '\\');
		size = Min(pg_mblen(p), (int) (end - p));
		appendBinaryStringInfo(&buf, p, size);
		p += size;
	}
	return cstring_to_text_with_len(buf.data, buf.len);
}

static void
fn_like(ExprCall *call, JsonbValue *result)
{
	FuncText	value = func_text(&call->args[0]);
	FuncText	pattern = func_text(&call->args[1]);
	text	   *subject;

	if (func_arg_truthy(call, 2))
	{
		value = func_change_case(value, false);
		pattern = func_change_case(pattern, false);
	}
	subject = cstring_to_text_with_len(value.data, value.len);
	value_set_bool(result,
				   DatumGetBool(DirectFunctionCall2Coll(textlike,
														C_COLLATION_OID,
														PointerGetDatum(subject),
														PointerGetDatum(like_pattern(pattern)))));
}

/* ----------
 * regular expressions
 * ----------
 */

/* A subject under an expression. */
typedef struct Match
{
	regex_t    *re;
	pg_wchar   *subject;
	int			length;			/* in characters */
	regmatch_t	groups[MAX_GROUPS];
} Match;

/*
 * Compile, or answer NULL for an expression that is not valid.  The engine
 * reports that as an error; nothing but memory is to be cleaned up after it.
 */
static regex_t *
compile(FuncText pattern, bool ignore_case)
{
	text	   *re_text = cstring_to_text_with_len(pattern.data, pattern.len);
	int			flags = REG_ADVANCED | (ignore_case ? REG_ICASE : 0);
	Oid			collation = func_collation();
	MemoryContext context = CurrentMemoryContext;
	regex_t    *volatile re = NULL;

	PG_TRY();
	{
		re = RE_compile_and_cache(re_text, flags, collation);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_INVALID_REGULAR_EXPRESSION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return re;
}

/*
 * Prepare to match argument 0 against argument 1.  False, with a null result
 * and a warning, if that is no expression.
 */
static bool
match_begin(ExprCall *call, int flag_arg, Match *match, JsonbValue *result)
{
	FuncText	value = func_text(&call->args[0]);

	match->re = compile(func_text(&call->args[1]),
						func_arg_truthy(call, flag_arg));
	if (match->re == NULL)
	{
		func_warn(call, EXPR_WARN_INVALID_REGEX);
		value_set_null(result);
		return false;
	}
	match->subject = (pg_wchar *)
		palloc(((Size) value.len + 1) * sizeof(pg_wchar));
	match->length = pg_mb2wchar_with_len(value.data, match->subject, value.len);
	return true;
}

/* Find the next match at or after a character; groups tells where. */
static bool
match_next(Match *match, int from)
{
	int			rc;
	char		message[100];

	CHECK_FOR_INTERRUPTS();
	rc = pg_regexec(match->re, match->subject, match->length, from, NULL,
					MAX_GROUPS, match->groups, 0);
	if (rc != REG_OKAY && rc != REG_NOMATCH)
	{
		CHECK_FOR_INTERRUPTS();
		pg_regerror(rc, match->re, message, sizeof(message));
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_REGULAR_EXPRESSION),
				 errmsg("regular expression failed: %s", message)));
	}
	return rc == REG_OKAY;
}

/* The characters from .. to - 1 of the subject, as bytes. */
static FuncText
match_text(const Match *match, int from, int to)
{
	FuncText	part;
	char	   *bytes;

	bytes = (char *) palloc((Size) (to - from) *
							pg_database_encoding_max_length() + 1);
	part.len = pg_wchar2mb_with_len(match->subject + from, bytes, to - from);
	part.data = bytes;
	return part;
}

static void
add_part(ValueBuilder *b, const Match *match, int from, int to)
{
	FuncText	part = match_text(match, from, to);
	JsonbValue	v;

	value_set_string(&v, part.data, part.len);
	value_array_add(b, &v);
}

/*
 * Add what the groups matched while there are less than limit members; a
 * group that took no part is the empty string.
 */
static void
add_groups(ValueBuilder *b, const Match *match, int64 limit)
{
	for (int i = 1; i <= (int) match->re->re_nsub && i < MAX_GROUPS; i++)
	{
		const regmatch_t *group = &match->groups[i];

		if (b->count < limit)
			add_part(b, match, Max(group->rm_so, 0), Max(group->rm_eo, 0));
	}
}

static void
fn_regex_test(ExprCall *call, JsonbValue *result)
{
	Match		match;

	if (match_begin(call, 2, &match, result))
		value_set_bool(result, match_next(&match, 0));
}

/* REGEX_MATCHES: the first match and its groups; null if there is none */
static void
fn_regex_matches(ExprCall *call, JsonbValue *result)
{
	Match		match;
	ValueBuilder b;

	if (!match_begin(call, 2, &match, result))
		return;
	if (!match_next(&match, 0))
	{
		value_set_null(result);
		return;
	}
	value_array_begin(&b);
	add_part(&b, &match, match.groups[0].rm_so, match.groups[0].rm_eo);
	add_groups(&b, &match, PG_INT64_MAX);
	value_array_finish(&b, result);
}

/*
 * REGEX_SPLIT(value, expression, ignore case, limit).  An expression that
 * matches the empty string splits into characters.  What the groups of a
 * separator matched stands between the parts and counts for the limit.
 */
static void
fn_regex_split(ExprCall *call, JsonbValue *result)
{
	int64		limit = PG_INT64_MAX;
	Match		match;
	ValueBuilder b;
	int			start = 0;
	int			from = 0;

	if (call->nargs > 3)
	{
		if (!func_arg_is_number(call, 3))
		{
			func_invalid_argument(call, result);
			return;
		}
		limit = value_to_int64(&call->args[3]);
		if (limit < 0)
		{
			value_set_null(result);
			return;
		}
	}
	if (!match_begin(call, 2, &match, result))
		return;

	value_array_begin(&b);
	while (b.count < limit && from < match.length && match_next(&match, from))
	{
		int			so = match.groups[0].rm_so;
		int			eo = match.groups[0].rm_eo;

		if (so == match.length)
			break;
		/* an empty match at the start of a part separates nothing */
		if (so == eo && so == start)
		{
			from = so + 1;
			continue;
		}
		add_part(&b, &match, start, so);
		add_groups(&b, &match, limit);
		start = eo;
		from = eo;
	}
	if (b.count < limit)
		add_part(&b, &match, start, match.length);
	value_array_finish(&b, result);
}

/* Append the replacement: $0 to $9 are groups, "\" takes what follows it. */
static void
append_replacement(StringInfo out, FuncText replacement, const Match *match)
{
	const char *end = replacement.data + replacement.len;

	for (const char *p = replacement.data; p < end;)
	{
		if (*p == '$' && p + 1 < end && p[1] >= '0' && p[1] <= '9')
		{
			const regmatch_t *group = &match->groups[p[1] - '0'];

			if (p[1] - '0' <= (int) match->re->re_nsub && group->rm_so >= 0)
			{
				FuncText	part = match_text(match, group->rm_so, group->rm_eo);

				appendBinaryStringInfo(out, part.data, part.len);
			}
			p += 2;
			continue;
		}
		if (*p == '\\' && p + 1 < end)
			p++;
		appendBinaryStringInfo(out, p, Min(pg_mblen(p), (int) (end - p)));
		p += Min(pg_mblen(p), (int) (end - p));
	}
}

/* REGEX_REPLACE: every match */
static void
fn_regex_replace(ExprCall *call, JsonbValue *result)
{
	FuncText	replacement = func_text(&call->args[2]);
	StringInfoData buf;
	Match		match;
	FuncText	part;
	int			copied = 0;
	int			from = 0;

	if (!match_begin(call, 3, &match, result))
		return;
	initStringInfo(&buf);
	while (from <= match.length && match_next(&match, from))
	{
		int			so = match.groups[0].rm_so;
		int			eo = match.groups[0].rm_eo;

		part = match_text(&match, copied, so);
		appendBinaryStringInfo(&buf, part.data, part.len);
		append_replacement(&buf, replacement, &match);
		copied = eo;
		/* after an empty match, go on behind the next character */
		from = eo + (so == eo);
	}
	part = match_text(&match, copied, match.length);
	appendBinaryStringInfo(&buf, part.data, part.len);
	func_return_buffer(result, &buf);
}

const ExprFunctionDef func_pattern_table[] = {
	{"LIKE", 2, 3, 0, fn_like},
	{"REGEX_TEST", 2, 3, 0, fn_regex_test},
	{"REGEX_MATCHES", 2, 3, 0, fn_regex_matches},
	{"REGEX_SPLIT", 2, 4, 0, fn_regex_split},
	{"REGEX_REPLACE", 3, 4, 0, fn_regex_replace},
	{NULL}
};
