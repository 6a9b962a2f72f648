/*
 * func_string.c
 *		Functions that make, cut, search and compare strings.
 *
 * Arguments are taken by their string form (TO_STRING) unless said otherwise,
 * so that almost nothing here has a wrong type.  Positions and lengths count
 * characters (code points), never bytes; strings are found byte for byte.
 *
 * LOWER and UPPER must not depend on the database's locale, or a document
 * would mean another thing after a move.  ASCII is mapped by itself; anything
 * else by ICU's root collation "und-x-icu", whose full mapping (UPPER of
 * U+00DF is "SS") is that of AQL.  Without ICU the database's default
 * collation serves.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "expr/func_util.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

/* Cells of the edit-distance table: a few seconds' work */
#define MAX_DISTANCE_CELLS	1e9

/* ----------
 * characters
 * ----------
 */

/* The length in bytes of the character at p; never beyond the end. */
static inline int
char_size(const char *p, const char *end)
{
	return Min(pg_mblen(p), (int) (end - p));
}

/* Where the n-th character starts; the end if there are not so many. */
static const char *
skip_chars(const char *p, const char *end, int64 n)
{
	while (n-- > 0 && p < end)
		p += char_size(p, end);
	return p;
}

static int64
char_count(const char *p, const char *end)
{
	return pg_mbstrlen_with_len(p, end - p);
}

/* Where needle first occurs at a character's start; NULL if nowhere. */
static const char *
find_text(const char *p, const char *end, FuncText needle)
{
	for (; end - p >= needle.len; p += char_size(p, end))
	{
		CHECK_FOR_INTERRUPTS();
		if (memcmp(p, needle.data, needle.len) == 0)
			return p;
		if (p == end)
			break;
	}
	return NULL;
}

/* ----------
 * putting together
 * ----------
 */

/* Append the string form of v and a separator before it; null is left out. */
static void
append_joined(StringInfo out, const JsonbValue *v, FuncText separator,
			  bool *first)
{
	if (v->type == jbvNull)
		return;
	if (!*first)
		appendBinaryStringInfo(out, separator.data, separator.len);
	value_to_string(v, out);
	*first = false;
}

/* Join the arguments from the given one on, or the elements of a lone array. */
static void
join_arguments(ExprCall *call, int from, FuncText separator, JsonbValue *result)
{
	StringInfoData buf;
	ValueIter	it;
	JsonbValue	member;
	bool		first = true;

	initStringInfo(&buf);
	if (call->nargs == from + 1 && func_arg_is_array(call, from))
	{
		value_iter_init(&it, &call->args[from]);
		while (value_iter_next(&it, NULL, &member))
			append_joined(&buf, &member, separator, &first);
	}
	else
	{
		for (int i = from; i < call->nargs; i++)
			append_joined(&buf, &call->args[i], separator, &first);
	}
	func_return_buffer(result, &buf);
}

static void
fn_concat(ExprCall *call, JsonbValue *result)
{
	FuncText	nothing = {"", 0};

	join_arguments(call, 0, nothing, result);
}

static void
fn_concat_separator(ExprCall *call, JsonbValue *result)
{
	join_arguments(call, 1, func_text(&call->args[0]), result);
}

/* REPEAT(value, count, separator) */
static void
fn_repeat(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	FuncText	separator = func_text(func_arg(call, 2));
	int64		count = value_to_int64(&call->args[1]);
	StringInfoData buf;

	if (!func_arg_is_number(call, 1) || count < 0)
	{
		func_invalid_argument(call, result);
		return;
	}
	if ((double) count * (text.len + separator.len) > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("result of %s() is too long", call->name),
				 errdetail("A string cannot exceed %u bytes.",
						   JENTRY_OFFLENMASK)));
	initStringInfo(&buf);
	if (text.len + separator.len > 0)
	{
		for (int64 i = 0; i < count; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (i > 0)
				appendBinaryStringInfo(&buf, separator.data, separator.len);
			appendBinaryStringInfo(&buf, text.data, text.len);
		}
	}
	func_return_buffer(result, &buf);
}

/* ----------
 * whole strings
 * ----------
 */
static void
fn_char_length(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);

	value_set_int64(result, char_count(text.data, text.data + text.len));
}

static bool
is_ascii(FuncText text)
{
	for (int i = 0; i < text.len; i++)
		if (IS_HIGHBIT_SET(text.data[i]))
			return false;
	return true;
}

FuncText
func_change_case(FuncText text, bool upper)
{
	char	   *mapped;

	if (is_ascii(text))
		mapped = upper ? asc_toupper(text.data, text.len) :
			asc_tolower(text.data, text.len);
	else
		mapped = upper ?
			str_toupper(text.data, text.len, func_collation()) :
			str_tolower(text.data, text.len, func_collation());
	text.data = mapped;
	text.len = strlen(mapped);
	return text;
}

Oid
func_collation(void)
{
	Oid			collation;

	collation = get_collation_oid(list_make2(makeString("pg_catalog"),
											 makeString("und-x-icu")), true);
	return OidIsValid(collation) ? collation : DEFAULT_COLLATION_OID;
}

static void
change_case(ExprCall *call, bool upper, JsonbValue *result)
{
	FuncText	mapped = func_change_case(func_text(&call->args[0]), upper);

	value_set_string(result, mapped.data, mapped.len);
}

static void
fn_lower(ExprCall *call, JsonbValue *result)
{
	change_case(call, false, result);
}

static void
fn_upper(ExprCall *call, JsonbValue *result)
{
	change_case(call, true, result);
}

/* ----------
 * parts
 * ----------
 */
static void
fn_substring(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	const char *end = text.data + text.len;
	int64		offset = value_to_int64(&call->args[1]);
	const char *start;
	const char *stop = end;

	if (offset < 0)
		offset = Max(offset + char_count(text.data, end), 0);
	start = skip_chars(text.data, end, offset);
	if (call->nargs > 2)
		stop = skip_chars(start, end, value_to_int64(&call->args[2]));
	value_set_string(result, start, stop - start);
}

static void
fn_left(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	const char *stop = skip_chars(text.data, text.data + text.len,
								  value_to_int64(&call->args[1]));

	value_set_string(result, text.data, stop - text.data);
}

static void
fn_right(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	const char *end = text.data + text.len;
	int64		count = char_count(text.data, end);
	int64		wanted = value_to_int64(&call->args[1]);
	const char *start = skip_chars(text.data, end,
								   count - Max(Min(wanted, count), 0));

	value_set_string(result, start, end - start);
}

/* Is the character at p one of those in set? */
static bool
char_in(const char *p, int size, FuncText set)
{
	const char *end = set.data + set.len;

	for (const char *q = set.data; q < end; q += char_size(q, end))
		if (char_size(q, end) == size && memcmp(p, q, size) == 0)
			return true;
	return false;
}

static void
trim(const JsonbValue *v, FuncText set, bool left, bool right,
	 JsonbValue *result)
{
	FuncText	text = func_text(v);
	const char *start = text.data;
	const char *end = text.data + text.len;
	const char *stop;

	while (left && start < end && char_in(start, char_size(start, end), set))
	{
		CHECK_FOR_INTERRUPTS();
		start += char_size(start, end);
	}
	/* multibyte strings can only be walked forward */
	stop = right ? start : end;
	for (const char *p = start; right && p < end;)
	{
		int			size = char_size(p, end);

		CHECK_FOR_INTERRUPTS();
		if (!char_in(p, size, set))
			stop = p + size;
		p += size;
	}
	value_set_string(result, start, stop - start);
}

/* The characters that are trimmed when none are named. */
static const FuncText blanks = {"\r\n\t ", 4};

/* TRIM(value, characters) or TRIM(value, 0 both | 1 left | 2 right) */
static void
fn_trim(ExprCall *call, JsonbValue *result)
{
	int64		sides = 0;
	FuncText	set = blanks;

	if (func_arg_is_number(call, 1))
		sides = value_to_int64(&call->args[1]);
	else if (func_arg_is_string(call, 1))
		set = func_text(&call->args[1]);
	trim(&call->args[0], set, sides != 2, sides != 1, result);
}

static void
fn_ltrim(ExprCall *call, JsonbValue *result)
{
	trim(&call->args[0], call->nargs > 1 ? func_text(&call->args[1]) : blanks,
		 true, false, result);
}

static void
fn_rtrim(ExprCall *call, JsonbValue *result)
{
	trim(&call->args[0], call->nargs > 1 ? func_text(&call->args[1]) : blanks,
		 false, true, result);
}

/* ----------
 * search
 * ----------
 */

/* CONTAINS: the empty string is contained nowhere */
static void
fn_contains(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	FuncText	needle = func_text(&call->args[1]);
	const char *found = NULL;

	if (needle.len > 0)
		found = find_text(text.data, text.data + text.len, needle);
	if (func_arg_truthy(call, 2))
		value_set_int64(result, found ? char_count(text.data, found) : -1);
	else
		value_set_bool(result, found != NULL);
}

/*
 * The span that FIND_FIRST and FIND_LAST search, in characters: from "start"
 * up to and including "last".  False if it is empty by its limits.
 */
static bool
search_span(ExprCall *call, int64 length, int64 *start, int64 *last)
{
	*start = call->nargs > 2 ? value_to_int64(&call->args[2]) : 0;
	*last = length;
	if (call->nargs > 3 && call->args[3].type != jbvNull)
	{
		*last = value_to_int64(&call->args[3]);
		if (*last < *start)
			return false;
	}
	return *start >= 0;
}

static void
find(ExprCall *call, bool want_last, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	FuncText	needle = func_text(&call->args[1]);
	const char *end = text.data + text.len;
	int64		length = char_count(needle.data, needle.data + needle.len);
	int64		position = 0;
	int64		found = -1;
	int64		start;
	int64		last;

	if (search_span(call, char_count(text.data, end), &start, &last))
	{
		if (needle.len == 0)
			found = want_last ? last + (call->nargs > 3) : start;
		else
		{
			for (const char *p = text.data;
				 (p = find_text(p, end, needle)) != NULL;
				 p += char_size(p, end))
			{
				position = char_count(text.data, p);
				if (position + length - 1 > last)
					break;
				if (position >= start)
				{
					found = position;
					if (!want_last)
						break;
				}
			}
		}
	}
	value_set_int64(result, found);
}

static void
fn_find_first(ExprCall *call, JsonbValue *result)
{
	find(call, false, result);
}

static void
fn_find_last(ExprCall *call, JsonbValue *result)
{
	find(call, true, result);
}

static bool
starts_with(FuncText text, const JsonbValue *prefix)
{
	return prefix->val.string.len <= text.len &&
		memcmp(text.data, prefix->val.string.val, prefix->val.string.len) == 0;
}

/* STARTS_WITH(text, prefix) or (text, prefixes, how many must match = 1) */
static void
fn_starts_with(ExprCall *call, JsonbValue *result)
{
	int64		wanted = call->nargs > 2 ? value_to_int64(&call->args[2]) : 1;
	int64		matched = 0;
	FuncText	text;
	ValueIter	it;
	JsonbValue	prefix;

	if (!func_arg_is_string(call, 0) ||
		!(func_arg_is_string(call, 1) || func_arg_is_array(call, 1)))
	{
		func_invalid_argument(call, result);
		return;
	}
	text = func_text(&call->args[0]);
	if (func_arg_is_string(call, 1))
	{
		value_set_bool(result, starts_with(text, &call->args[1]));
		return;
	}
	value_iter_init(&it, &call->args[1]);
	while (value_iter_next(&it, NULL, &prefix))
	{
		if (prefix.type != jbvString)
		{
			func_invalid_argument(call, result);
			return;
		}
		if (starts_with(text, &prefix))
			matched++;
	}
	value_set_bool(result, matched >= wanted);
}

/* ----------
 * splitting and substituting
 * ----------
 */

/* The strings of an array, or a string alone; NULL if there is another type. */
static FuncText *
text_list(const JsonbValue *v, bool null_is_empty, int *count)
{
	FuncText   *list;
	ValueIter	it;
	JsonbValue	member;

	*count = 0;
	if (v->type == jbvString)
	{
		list = (FuncText *) palloc(sizeof(FuncText));
		list[(*count)++] = func_text(v);
		return list;
	}
	if (value_type(v) != VALUE_ARRAY)
		return NULL;
	list = (FuncText *) palloc((value_count(v) + 1) * sizeof(FuncText));
	value_iter_init(&it, v);
	while (value_iter_next(&it, NULL, &member))
	{
		if (member.type != jbvString &&
			!(null_is_empty && member.type == jbvNull))
			return NULL;
		list[(*count)++] = func_text(&member);
	}
	return list;
}

/*
 * Which of the texts stands at p?  The first in the list if several; -1 if
 * none.  The empty text stands nowhere.
 */
static int
text_at(const char *p, const char *end, const FuncText *list, int count)
{
	for (int i = 0; i < count; i++)
		if (list[i].len > 0 && list[i].len <= end - p &&
			memcmp(p, list[i].data, list[i].len) == 0)
			return i;
	return -1;
}

static void
add_text(ValueBuilder *b, const char *start, const char *end)
{
	JsonbValue	v;

	value_set_string(&v, start, end - start);
	value_array_add(b, &v);
}

/* One string for each character. */
static void
split_chars(FuncText text, int64 limit, JsonbValue *result)
{
	const char *end = text.data + text.len;
	ValueBuilder b;

	value_array_begin(&b);
	for (const char *p = text.data; p < end && b.count < limit;)
	{
		int			size = char_size(p, end);

		add_text(&b, p, p + size);
		p += size;
	}
	value_array_finish(&b, result);
}

/*
 * SPLIT(value, separator, limit).  A list of separators with an empty string
 * or another type among them splits into characters, as the empty separator
 * does.  The limit cuts the list off; it does not join the rest.
 */
static void
fn_split(ExprCall *call, JsonbValue *result)
{
	const JsonbValue *separator = func_arg(call, 1);
	int64		limit = PG_INT64_MAX;
	FuncText	text;
	FuncText   *separators;
	int			count;
	const char *start;
	const char *end;
	ValueBuilder b;

	if (value_type(separator) == VALUE_OBJECT ||
		(call->nargs > 2 && !func_arg_is_number(call, 2)))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (call->nargs > 2)
		limit = value_to_int64(&call->args[2]);
	if (limit < 0)
	{
		value_set_null(result);
		return;
	}
	value_array_begin(&b);
	if (limit == 0)
	{
		value_array_finish(&b, result);
		return;
	}
	if (call->nargs == 1)
	{
		value_array_add(&b, &call->args[0]);
		value_array_finish(&b, result);
		return;
	}

	text = func_text(&call->args[0]);
	separators = text_list(separator, false, &count);
	if (separators == NULL && value_type(separator) != VALUE_ARRAY)
	{
		separators = (FuncText *) palloc(sizeof(FuncText));
		separators[0] = func_text(separator);
		count = 1;
	}
	for (int i = 0; i < count && separators != NULL; i++)
		if (separators[i].len == 0)
			separators = NULL;
	if (separators == NULL)
	{
		split_chars(text, limit, result);
		return;
	}

	start = text.data;
	end = text.data + text.len;
	for (const char *p = start; p < end && b.count < limit;)
	{
		int			which = text_at(p, end, separators, count);

		CHECK_FOR_INTERRUPTS();
		if (which < 0)
		{
			p += char_size(p, end);
			continue;
		}
		add_text(&b, start, p);
		p += separators[which].len;
		start = p;
	}
	if (b.count < limit)
		add_text(&b, start, end);
	value_array_finish(&b, result);
}

/* What SUBSTITUTE looks for and puts in its place. */
typedef struct Substitution
{
	FuncText   *searches;
	FuncText   *replacements;
	int			nsearches;
	int			nreplacements;
	bool		one_for_all;	/* a single replacement serves every search */
	int64		limit;			/* -1: none */
} Substitution;

/* A mapping {search: replacement}; false for a replacement of another type. */
static bool
substitution_from_mapping(const JsonbValue *mapping, Substitution *sub)
{
	ValueIter	it;
	JsonbValue	key,
				value;
	int			n = value_count(mapping);

	sub->searches = (FuncText *) palloc((n + 1) * sizeof(FuncText));
	sub->replacements = (FuncText *) palloc((n + 1) * sizeof(FuncText));
	value_iter_init(&it, mapping);
	while (value_iter_next(&it, &key, &value))
	{
		if (value.type != jbvNull && value.type != jbvString)
			return false;
		sub->searches[sub->nsearches++] = func_text(&key);
		sub->replacements[sub->nreplacements++] = func_text(&value);
	}
	return true;
}

/* The arguments of SUBSTITUTE; false if one is of a wrong type. */
static bool
substitution_parse(ExprCall *call, Substitution *sub)
{
	int			limit_arg = 3;

	memset(sub, 0, sizeof(Substitution));
	if (func_arg_is_object(call, 1))
	{
		limit_arg = 2;
		if (call->nargs > 3 ||
			!substitution_from_mapping(&call->args[1], sub))
			return false;
	}
	else
	{
		sub->searches = text_list(&call->args[1], false, &sub->nsearches);
		if (sub->searches == NULL)
			return false;
		if (call->nargs > 2)
		{
			sub->replacements = text_list(&call->args[2], true,
										  &sub->nreplacements);
			sub->one_for_all = func_arg_is_string(call, 2);
			if (sub->replacements == NULL)
				return false;
		}
	}
	sub->limit = call->nargs > limit_arg ?
		value_to_int64(&call->args[limit_arg]) : -1;
	return true;
}

/*
 * SUBSTITUTE(value, search, replace, limit) or (value, mapping, limit).  A
 * search without a replacement is cut out.  Of several that match at one
 * place the first in the list counts.
 */
static void
fn_substitute(ExprCall *call, JsonbValue *result)
{
	Substitution sub;
	FuncText	text;
	const char *end;
	StringInfoData buf;

	if (!substitution_parse(call, &sub))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (sub.limit == 0 || sub.nsearches == 0)
	{
		*result = call->args[0];
		return;
	}
	text = func_text(&call->args[0]);
	end = text.data + text.len;
	initStringInfo(&buf);
	for (const char *p = text.data; p < end;)
	{
		int			which = -1;
		int			size = char_size(p, end);

		CHECK_FOR_INTERRUPTS();
		if (sub.limit != 0)
			which = text_at(p, end, sub.searches, sub.nsearches);
		if (which < 0)
		{
			appendBinaryStringInfo(&buf, p, size);
			p += size;
			continue;
		}
		p += sub.searches[which].len;
		if (sub.one_for_all)
			which = 0;
		if (which < sub.nreplacements)
			appendBinaryStringInfo(&buf, sub.replacements[which].data,
								   sub.replacements[which].len);
		sub.limit--;
	}
	func_return_buffer(result, &buf);
}

/* ----------
 * likeness
 * ----------
 */

/* LEVENSHTEIN_DISTANCE: edits of one character; two rows of the table */
static void
fn_levenshtein_distance(ExprCall *call, JsonbValue *result)
{
	FuncText	a = func_text(&call->args[0]);
	FuncText	b = func_text(&call->args[1]);
	pg_wchar   *s = (pg_wchar *) palloc((a.len + 1) * sizeof(pg_wchar));
	pg_wchar   *t = (pg_wchar *) palloc((b.len + 1) * sizeof(pg_wchar));
	int			m = pg_mb2wchar_with_len(a.data, s, a.len);
	int			n = pg_mb2wchar_with_len(b.data, t, b.len);
	int		   *above = (int *) palloc((n + 1) * sizeof(int));
	int		   *row = (int *) palloc((n + 1) * sizeof(int));

	if ((double) m * n > MAX_DISTANCE_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("strings are too long for %s()", call->name),
				 errdetail("They have %d and %d characters.", m, n)));
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; i <= m; i++)
	{
		int		   *swap = above;

		CHECK_FOR_INTERRUPTS();
		above = row;
		row = swap;
		row[0] = i;
		for (int j = 1; j <= n; j++)
		{
			int			change = above[j - 1] + (s[i - 1] != t[j - 1]);

			row[j] = Min(change, Min(above[j], row[j - 1]) + 1);
		}
	}
	value_set_int64(result, row[n]);
}

const ExprFunctionDef func_string_table[] = {
	{"CONCAT", 1, -1, 0, fn_concat},
	{"CONCAT_SEPARATOR", 2, -1, 0, fn_concat_separator},
	{"REPEAT", 2, 3, 0, fn_repeat},
	{"CHAR_LENGTH", 1, 1, 0, fn_char_length},
	{"LOWER", 1, 1, 0, fn_lower},
	{"UPPER", 1, 1, 0, fn_upper},
	{"SUBSTRING", 2, 3, 0, fn_substring},
	{"LEFT", 2, 2, 0, fn_left},
	{"RIGHT", 2, 2, 0, fn_right},
	{"TRIM", 1, 2, 0, fn_trim},
	{"LTRIM", 1, 2, 0, fn_ltrim},
	{"RTRIM", 1, 2, 0, fn_rtrim},
	{"CONTAINS", 2, 3, 0, fn_contains},
	{"FIND_FIRST", 2, 4, 0, fn_find_first},
	{"FIND_LAST", 2, 4, 0, fn_find_last},
	{"STARTS_WITH", 2, 3, 0, fn_starts_with},
	{"SPLIT", 1, 3, 0, fn_split},
	{"SUBSTITUTE", 2, 4, 0, fn_substitute},
	{"LEVENSHTEIN_DISTANCE", 2, 2, 0, fn_levenshtein_distance},
	{NULL}
};
