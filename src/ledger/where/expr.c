/*
 * expr.c
 *		Expressions of "filter" and "bind" -> SQL.
 *
 * An expression has one of four kinds, and is turned into another where it is
 * needed:
 *
 *		term		jsonb: {"@id"} or a value object, as variables are
 *		number		numeric
 *		text		text
 *		truth		boolean
 *
 * What cannot be turned (a name into a number) is NULL, which a filter takes
 * for false and a bind leaves unbound, as errors do in SPARQL.
 *
 * What SQL needs more than once of an argument it gets from a subselect, so
 * that the text does not double with each level of nesting.
 *
 * No operator is left to the search_path, and neither is the one that CASE x
 * WHEN, NULLIF and IN would look for: they are not used.
 *
 * In a subquery that groups, aggregates are functions like others; their
 * arguments see the rows (w->rows), all else only what is grouped by.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "compat.h"
#include "jsonld/context.h"
#include "ledger/where/where.h"
#include "upsert.h"

#define XSD		"http://www.w3.org/2001/XMLSchema#"
#define RDF		"http://www.w3.org/1999/02/22-rdf-syntax-ns#"

/* XSD's names of numbers, as a regular expression */
#define NUMBER_TYPES \
	"(integer|decimal|double|float|long|int|short|byte|(non)?([pP]osi|[nN]ega)tiveInteger|unsigned(Long|Int|Short|Byte))"

/*
 * In expr, "x" may be written as often as one likes.  OFFSET keeps the planner
 * from putting what it stands for into each place.
 */
#define GIVEN(expr, x)		"(SELECT " expr " FROM (SELECT " x " OFFSET 0) AS s(x))"
#define GIVEN2(expr, x, y)	"(SELECT " expr " FROM (SELECT " x ", " y " OFFSET 0) AS s(x, y))"

/* is the JSON type of the value of x */
#define TYPE_OF_VALUE	"pg_catalog.jsonb_typeof(x" ARROW "'@value')" AND_EQ

/* text, pattern: the first group of the first match */
#define PART(pattern)		"pg_catalog.\"substring\"(%s, '" pattern "')"

#define DIGEST(name) \
	"pg_catalog.encode(pg_catalog." name "(pg_catalog.convert_to(%s, 'UTF8')), 'hex')"

/* numbers of any size as a place in a text */
#define PLACE	"LEAST(GREATEST(%s, -1000000000), 1000000000)::pg_catalog.int4"

/* x is a list */
#define IS_LIST		"pg_catalog.jsonb_typeof(x" ARROW "'@list')" AND_EQ "'array'"

/* numbers from one to another by a step; too many are none */
#define RANGE(step) \
	"(SELECT CASE WHEN z OPERATOR(pg_catalog.<>) 0 AND (y OPERATOR(pg_catalog.-) x) OPERATOR(pg_catalog./) z OPERATOR(pg_catalog.<) 1000000 " \
	"THEN pg_catalog.jsonb_build_object('@list', COALESCE((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('@value', pg_catalog.trim_scale(g.g))) " \
	"FROM pg_catalog.generate_series(x, y, z) AS g(g)), '[]')) END FROM (SELECT %s, %s, " step "::pg_catalog.numeric OFFSET 0) AS s(x, y, z))"

typedef enum ExprKind
{
	KIND_TERM,
	KIND_NUMBER,
	KIND_TEXT,
	KIND_TRUTH
} ExprKind;

typedef struct SqlExpr
{
	char	   *sql;
	ExprKind	kind;
} SqlExpr;

#define MAX_ARGUMENTS	3

/* Functions that are one expression in SQL: %s for each argument. */
static const struct
{
	const char *name;
	int			nargs;
	ExprKind	arguments[MAX_ARGUMENTS];
	ExprKind	result;
	const char *sql;
}			functions[] =

{
	{"str", 1, {KIND_TEXT}, KIND_TEXT, "%s"},
	{"lcase", 1, {KIND_TEXT}, KIND_TEXT, "pg_catalog.lower(%s)"},
	{"ucase", 1, {KIND_TEXT}, KIND_TEXT, "pg_catalog.upper(%s)"},
	{"strlen", 1, {KIND_TEXT}, KIND_NUMBER, "pg_catalog.length(%s)::pg_catalog.numeric"},
	{"contains", 2, {KIND_TEXT, KIND_TEXT}, KIND_TRUTH, "(pg_catalog.strpos(%s, %s) OPERATOR(pg_catalog.>) 0)"},
	{"strstarts", 2, {KIND_TEXT, KIND_TEXT}, KIND_TRUTH, "pg_catalog.starts_with(%s, %s)"},
	{"strends", 2, {KIND_TEXT, KIND_TEXT}, KIND_TRUTH, "pg_catalog.starts_with(pg_catalog.reverse(%s), pg_catalog.reverse(%s))"},
	{"strbefore", 2, {KIND_TEXT, KIND_TEXT}, KIND_TEXT,
	GIVEN2("CASE WHEN pg_catalog.strpos(x, y)" AND_EQ "0 THEN '' ELSE pg_catalog.\"left\"(x, pg_catalog.strpos(x, y) OPERATOR(pg_catalog.-) 1) END", "%s", "%s")},
	{"strafter", 2, {KIND_TEXT, KIND_TEXT}, KIND_TEXT,
	GIVEN2("CASE WHEN pg_catalog.strpos(x, y)" AND_EQ "0 THEN '' ELSE pg_catalog.substr(x, pg_catalog.strpos(x, y) OPERATOR(pg_catalog.+) pg_catalog.length(y)) END", "%s", "%s")},
	{"substr", 2, {KIND_TEXT, KIND_NUMBER}, KIND_TEXT, "pg_catalog.substr(%s, " PLACE ")"},
	{"substr", 3, {KIND_TEXT, KIND_NUMBER, KIND_NUMBER}, KIND_TEXT, "pg_catalog.substr(%s, " PLACE ", GREATEST(" PLACE ", 0))"},
	{"encodeforuri", 1, {KIND_TEXT}, KIND_TEXT,
	GIVEN("CASE WHEN x IS NOT NULL THEN COALESCE((SELECT pg_catalog.string_agg(CASE WHEN c.c OPERATOR(pg_catalog.~) '[A-Za-z0-9_.~-]' THEN c.c ELSE "
		  "pg_catalog.regexp_replace(pg_catalog.upper(pg_catalog.encode(pg_catalog.convert_to(c.c, 'UTF8'), 'hex')), '(..)', '%%\\1', 'g') END, '' ORDER BY c.o) "
		  "FROM pg_catalog.regexp_split_to_table(x, '') WITH ORDINALITY AS c(c, o)), '') END", "%s")},
	{"size", 1, {KIND_TERM}, KIND_NUMBER, GIVEN("CASE WHEN " IS_LIST " THEN pg_catalog.jsonb_array_length(x" ARROW "'@list')::pg_catalog.numeric END", "%s")},
	{"head", 1, {KIND_TERM}, KIND_TERM, "((%s)" ARROW "'@list'" ARROW "0)"},
	{"last", 1, {KIND_TERM}, KIND_TERM, "((%s)" ARROW "'@list'" ARROW "-1)"},
	{"nth", 2, {KIND_TERM, KIND_NUMBER}, KIND_TERM, "((%s)" ARROW "'@list'" ARROW "(" PLACE "))"},
	{"range", 2, {KIND_NUMBER, KIND_NUMBER}, KIND_TERM, RANGE("1")},
	{"range", 3, {KIND_NUMBER, KIND_NUMBER, KIND_NUMBER}, KIND_TERM, RANGE("%s")},
	{"md5", 1, {KIND_TEXT}, KIND_TEXT, "pg_catalog.md5(%s)"},
	{"sha256", 1, {KIND_TEXT}, KIND_TEXT, DIGEST("sha256")},
	{"sha384", 1, {KIND_TEXT}, KIND_TEXT, DIGEST("sha384")},
	{"sha512", 1, {KIND_TEXT}, KIND_TEXT, DIGEST("sha512")},
	{"abs", 1, {KIND_NUMBER}, KIND_NUMBER, "pg_catalog.abs(%s)"},
	{"ceil", 1, {KIND_NUMBER}, KIND_NUMBER, "pg_catalog.ceil(%s)"},
	{"floor", 1, {KIND_NUMBER}, KIND_NUMBER, "pg_catalog.floor(%s)"},
	{"round", 1, {KIND_NUMBER}, KIND_NUMBER, "pg_catalog.round(%s)"},
	{"-", 1, {KIND_NUMBER}, KIND_NUMBER, "(OPERATOR(pg_catalog.-) (%s))"},
	{"now", 0, {0}, KIND_TERM,
	"pg_catalog.jsonb_build_object('@value', pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.now()), "
	"'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '@type', '" XSD "dateTime')"},
	{"year", 1, {KIND_TEXT}, KIND_NUMBER, PART("^(-?[0-9]{4,9})-") "::pg_catalog.numeric"},
	{"month", 1, {KIND_TEXT}, KIND_NUMBER, PART("^-?[0-9]{4,9}-([0-9]{2})") "::pg_catalog.numeric"},
	{"day", 1, {KIND_TEXT}, KIND_NUMBER, PART("^-?[0-9]{4,9}-[0-9]{2}-([0-9]{2})") "::pg_catalog.numeric"},
	{"hours", 1, {KIND_TEXT}, KIND_NUMBER, PART("(?:^|T)([0-9]{2}):[0-9]{2}:") "::pg_catalog.numeric"},
	{"minutes", 1, {KIND_TEXT}, KIND_NUMBER, PART("(?:^|T)[0-9]{2}:([0-9]{2}):") "::pg_catalog.numeric"},
	{"seconds", 1, {KIND_TEXT}, KIND_NUMBER, PART("(?:^|T)[0-9]{2}:[0-9]{2}:([0-9]{2}(?:[.][0-9]{1,30})?)") "::pg_catalog.numeric"},
	{"tz", 1, {KIND_TEXT}, KIND_TEXT, GIVEN("CASE WHEN x OPERATOR(pg_catalog.~) ':[0-9]{2}' THEN COALESCE(" "pg_catalog.\"substring\"(x, '(Z|[+-][0-9]{2}:[0-9]{2})$'), '') END", "%s")},
	{"not", 1, {KIND_TRUTH}, KIND_TRUTH, "(NOT %s)"},
	{"!", 1, {KIND_TRUTH}, KIND_TRUTH, "(NOT %s)"},
	{"lang", 1, {KIND_TERM}, KIND_TEXT, GIVEN("CASE WHEN x OPERATOR(pg_catalog.?) '@value' THEN COALESCE(x" ARROW_TEXT "'@language', '') END", "%s")},
	{"langmatches", 2, {KIND_TEXT, KIND_TEXT}, KIND_TRUTH,
	GIVEN2("CASE WHEN y" AND_EQ "'*' THEN x OPERATOR(pg_catalog.<>) '' ELSE x OPERATOR(pg_catalog.=) y OR pg_catalog.starts_with(x, y OPERATOR(pg_catalog.||) '-') END",
		   "pg_catalog.lower(%s)", "pg_catalog.lower(%s)")},
	{"datatype", 1, {KIND_TERM}, KIND_TERM,
	GIVEN("CASE WHEN x OPERATOR(pg_catalog.?) '@value' THEN pg_catalog.jsonb_build_object('@id', "
		  "CASE WHEN x" ARROW_TEXT "'@type'" AND_EQ "'@json' THEN '" RDF "JSON' "
		  "WHEN x OPERATOR(pg_catalog.?) '@type' THEN x" ARROW_TEXT "'@type' "
		  "WHEN x OPERATOR(pg_catalog.?) '@language' THEN '" RDF "langString' "
		  "ELSE CASE WHEN " TYPE_OF_VALUE "'string' THEN '" XSD "string' WHEN " TYPE_OF_VALUE "'boolean' THEN '" XSD "boolean' "
		  "ELSE CASE WHEN pg_catalog.mod((x" ARROW_TEXT "'@value')::pg_catalog.numeric, 1)" AND_EQ "0 THEN '" XSD "integer' ELSE '" XSD "double' END END END) END", "%s")},
	{"isiri", 1, {KIND_TERM}, KIND_TRUTH, "(NOT pg_catalog.starts_with(COALESCE((%s)" ARROW_TEXT "'@id', '_:'), '_:'))"},
	{"isuri", 1, {KIND_TERM}, KIND_TRUTH, "(NOT pg_catalog.starts_with(COALESCE((%s)" ARROW_TEXT "'@id', '_:'), '_:'))"},
	{"isblank", 1, {KIND_TERM}, KIND_TRUTH, "pg_catalog.starts_with(COALESCE((%s)" ARROW_TEXT "'@id', ''), '_:')"},
	{"isliteral", 1, {KIND_TERM}, KIND_TRUTH, "((%s) OPERATOR(pg_catalog.?) '@value')"},
	{"isnumeric", 1, {KIND_NUMBER}, KIND_TRUTH, "((%s) IS NOT NULL)"},
	{"sameterm", 2, {KIND_TERM, KIND_TERM}, KIND_TRUTH, "((%s)" AND_EQ "(%s))"},
	{"iri", 1, {KIND_TEXT}, KIND_TERM, GIVEN("CASE WHEN x IS NOT NULL THEN pg_catalog.jsonb_build_object('@id', x) END", "%s")},
	{"strdt", 2, {KIND_TEXT, KIND_TERM}, KIND_TERM,
	GIVEN2("CASE WHEN x IS NOT NULL AND y IS NOT NULL THEN pg_catalog.jsonb_build_object('@value', x, '@type', y) END", "%s", "(%s)" ARROW_TEXT "'@id'")},
	{"strlang", 2, {KIND_TEXT, KIND_TEXT}, KIND_TERM,
	GIVEN2("CASE WHEN x IS NOT NULL AND y IS NOT NULL THEN pg_catalog.jsonb_build_object('@value', x, '@language', y) END", "%s", "%s")},
};

/* Aggregates, of a term; %s: it as the kind given. */
static const struct
{
	const char *name;
	ExprKind	argument;
	ExprKind	result;
	const char *sql;
}			aggregates[] =

{
	{"count", KIND_TERM, KIND_NUMBER, "pg_catalog.count(%s)::pg_catalog.numeric"},
	{"count-distinct", KIND_TERM, KIND_NUMBER, "pg_catalog.count(DISTINCT %s)::pg_catalog.numeric"},
	{"sum", KIND_NUMBER, KIND_NUMBER, "COALESCE(pg_catalog.sum(%s), 0)"},
	{"avg", KIND_NUMBER, KIND_NUMBER, "pg_catalog.avg(%s)"},
	{"variance", KIND_NUMBER, KIND_NUMBER, "pg_catalog.var_pop(%s)"},
	{"stddev", KIND_NUMBER, KIND_NUMBER, "pg_catalog.stddev_pop(%s)"},
};

pg_noreturn static void bad_expression(const char *what, const char *why);
static JldValue *parse(Where *w, const char **pos);
static SqlExpr compile(Where *w, const JldValue *expr, const Bindings *bindings);
static char *as_kind(SqlExpr e, ExprKind kind);

static void
bad_expression(const char *what, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid expression in \"where\": %s", why),
			 errdetail("At: %s.", what)));
}

/* --- text to data --------------------------------------------------------- */

/* A word: an IRI, if it can be one, or text. */
static JldValue *
parse_word(Where *w, JldStr word)
{
	const char *colon = memchr(word.data, ':', word.len);
	const ActiveContext *context = context_initial(w->proc);
	JldValue   *term = jld_new_object(1);
	JldStr		iri = JLD_NOSTR;

	if (word.len > 2 && word.data[0] == '<' && word.data[word.len - 1] == '>')
		iri = (JldStr) {word.data + 1, word.len - 2};
	else if (colon)
	{
		JldStr		prefix = {word.data, (int) (colon - word.data)};
		bool		absolute = word.len - prefix.len > 3 && memcmp(colon, "://", 3) == 0;

		if (absolute || jld_is(prefix, "_"))
			iri = word;
		else if (context_term(context, prefix))
			iri = context_expand_iri(w->proc, context, word, false, true);
	}
	if (iri.data == NULL)
		return where_mark_variables(jld_new_string(word));
	jld_put(term, JLD_STR("@id"), jld_new_string(iri));
	return term;
}

/* A "string", whose first quote has been read. */
static JldValue *
parse_string(const char **pos)
{
	const char *start = *pos;
	JldValue   *literal = jld_new_object(1);
	StringInfoData text;

	initStringInfo(&text);
	for (; **pos != '"'; (*pos)++)
	{
		char		c = **pos;

		if (c == '\0')
			bad_expression(start, "missing quote");
		if (c == '\\' && (*pos)[1] != '\0' && strchr("\\\"nrt", (*pos)[1]))
		{
			c = *++*pos;
			c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
		}
		appendStringInfoChar(&text, c);
	}
	(*pos)++;
	jld_put(literal, JLD_STR("@value"), jld_new_string((JldStr) {text.data, text.len}));
	return literal;
}

/* One datum of an S-expression: (f a ...), [a ...], "string", number, ?variable, word. */
static JldValue *
parse(Where *w, const char **pos)
{
	const char *start;
	JldStr		token;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	while (isspace((unsigned char) **pos))
		(*pos)++;
	start = *pos;
	if (*start == '(' || *start == '[')
	{
		JldValue   *list = jld_new_array(3);
		char		end = *start == '(' ? ')' : ']';

		(*pos)++;
		for (;;)
		{
			while (isspace((unsigned char) **pos))
				(*pos)++;
			if (**pos == end)
				break;
			if (**pos == '\0')
				bad_expression(start, psprintf("missing \"%c\"", end));
			jld_push(list, parse(w, pos));
		}
		(*pos)++;
		return list;
	}
	if (*start == '"')
	{
		(*pos)++;
		return parse_string(pos);
	}
	while (**pos != '\0' && !isspace((unsigned char) **pos) && strchr("()[]\"", **pos) == NULL)
		(*pos)++;
	token = (JldStr) {start, (int) (*pos - start)};
	if (token.len == 0)
		bad_expression(start, "an expression is missing");
	if (isdigit((unsigned char) start[0]) ||
		(token.len > 1 && (start[0] == '-' || start[0] == '+') &&
		 isdigit((unsigned char) start[1])))
	{
		for (int i = 0; i < token.len; i++)
			if (strchr("0123456789+-.eE", token.data[i]) == NULL)
				bad_expression(start, "malformed number");
		return jld_new_number(DatumGetNumeric(DirectFunctionCall3(numeric_in,
																  CStringGetDatum(jld_cstr(token)),
																  ObjectIdGetDatum(InvalidOid),
																  Int32GetDatum(-1))));
	}
	if (jld_is(token, "true") || jld_is(token, "false"))
		return jld_new_bool(token.len == 4);
	return parse_word(w, token);
}

const JldValue *
where_parse(Where *w, const JldValue *expr)
{
	const char *pos;
	JldValue   *parsed;

	if (!jld_is_string(expr))
		return expr;
	pos = jld_cstr(expr->u.string);
	while (isspace((unsigned char) *pos))
		pos++;
	if (*pos != '(')
		return expr;
	parsed = parse(w, &pos);
	while (isspace((unsigned char) *pos))
		pos++;
	if (*pos != '\0')
		bad_expression(pos, "something follows the expression");
	return parsed;
}

/* --- kinds ---------------------------------------------------------------- */

char *
where_number(const char *sql)
{
	return psprintf(GIVEN("CASE WHEN " TYPE_OF_VALUE "'number' THEN (x" ARROW_TEXT "'@value')::pg_catalog.numeric "
						  "WHEN " TYPE_OF_VALUE "'string' THEN CASE WHEN x" ARROW_TEXT "'@type' OPERATOR(pg_catalog.~) '^" XSD NUMBER_TYPES "$' "
						  "AND x" ARROW_TEXT "'@value' OPERATOR(pg_catalog.~) '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?$' "
						  "THEN (x" ARROW_TEXT "'@value')::pg_catalog.numeric END END", "%s"), sql);
}

char *
where_text(const char *sql)
{
	return psprintf(GIVEN("COALESCE(x" ARROW_TEXT "'@value', x" ARROW_TEXT "'@id')", "%s"), sql);
}

static char *
as_kind(SqlExpr e, ExprKind kind)
{
	if (e.kind == kind)
		return e.sql;
	switch (kind)
	{
		case KIND_TERM:
			if (e.kind == KIND_NUMBER)
				e.sql = psprintf("pg_catalog.trim_scale(%s)", e.sql);
			return psprintf(GIVEN("CASE WHEN x IS NOT NULL THEN pg_catalog.jsonb_build_object('@value', x) END", "%s"), e.sql);
		case KIND_NUMBER:
			return e.kind == KIND_TERM ? where_number(e.sql) : "NULL::pg_catalog.numeric";
		case KIND_TEXT:
			if (e.kind == KIND_TERM)
				return where_text(e.sql);
			if (e.kind == KIND_NUMBER)
				e.sql = psprintf("pg_catalog.trim_scale(%s)", e.sql);
			return psprintf("(%s)::pg_catalog.text", e.sql);
		case KIND_TRUTH:
			if (e.kind != KIND_TERM)
				return "NULL::pg_catalog.bool";
			return psprintf(GIVEN("CASE WHEN " TYPE_OF_VALUE "'boolean' "
								  "THEN (x" ARROW_TEXT "'@value')::pg_catalog.bool END", "%s"), e.sql);
	}
	return e.sql;				/* not reached */
}

/* --- data to SQL ---------------------------------------------------------- */

static SqlExpr
compile_compare(const char *op, SqlExpr a, SqlExpr b)
{
	char	   *sql;

	bool		numeric = (a.kind == KIND_TERM || a.kind == KIND_NUMBER) &&
	(b.kind == KIND_TERM || b.kind == KIND_NUMBER);

	if (strcmp(op, "=") == 0 || strcmp(op, "!=") == 0)
	{
		op = op[0] == '=' ? "=" : "<>";
		a.sql = as_kind(a, KIND_TERM);
		b.sql = as_kind(b, KIND_TERM);
		/* numbers are equal by value, whatever their types are */
		sql = !numeric ? psprintf("((%s) OPERATOR(pg_catalog.%s) (%s))", a.sql, op, b.sql) :
			psprintf(GIVEN2("COALESCE(%s OPERATOR(pg_catalog.%s) %s, x OPERATOR(pg_catalog.%s) y)", "%s", "%s"),
					 where_number("x"), op, where_number("y"), op, a.sql, b.sql);
	}
	else if (a.kind == KIND_NUMBER || b.kind == KIND_NUMBER)
		sql = psprintf("((%s) OPERATOR(pg_catalog.%s) (%s))", as_kind(a, KIND_NUMBER), op,
					   as_kind(b, KIND_NUMBER));
	else if (numeric)
		sql = psprintf("(SELECT CASE WHEN m.x IS NOT NULL OR m.y IS NOT NULL THEN m.x OPERATOR(pg_catalog.%s) m.y "
					   "ELSE m.s COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.%s) m.t END "
					   "FROM (SELECT %s, %s, %s, %s FROM (SELECT %s, %s OFFSET 0) AS b(x, y) OFFSET 0) AS m(x, y, s, t))",
					   op, op, where_number("b.x"), where_number("b.y"), where_text("b.x"), where_text("b.y"), a.sql, b.sql);
	else
		sql = psprintf("((%s) COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.%s) (%s))",
					   as_kind(a, KIND_TEXT), op, as_kind(b, KIND_TEXT));
	return (SqlExpr) {sql, KIND_TRUTH};
}

/* and, or, + - * /, concat: any number of arguments */
static SqlExpr
compile_chain(const char *op, ExprKind kind, SqlExpr *args, int n)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoChar(&sql, '(');
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			appendStringInfo(&sql, " %s ", op);
		if (i > 0 && strstr(op, "./)"))
			appendStringInfo(&sql, GIVEN("CASE WHEN x OPERATOR(pg_catalog.<>) 0 THEN x END", "%s"), as_kind(args[i], kind));
		else
			appendStringInfo(&sql, "(%s)", as_kind(args[i], kind));
	}
	appendStringInfoChar(&sql, ')');
	return (SqlExpr) {sql.data, kind};
}

/* [not-]in: a value and an array of such */
static SqlExpr
compile_in(Where *w, const JldValue *call, bool not, const Bindings *bindings)
{
	const JldValue *items = call->u.items[2];
	StringInfoData sql;

	if (!jld_is_array(items))
		bad_expression(where_excerpt(call), "in takes a value and an array of values");
	initStringInfo(&sql);
	if (items->n == 0)
		appendStringInfoString(&sql, not ? "true" : "false");
	else
		appendStringInfo(&sql, "((%s) OPERATOR(pg_catalog.%s (ARRAY[", as_kind(compile(w, call->u.items[1], bindings), KIND_TERM),
						 not ? "<>) ALL" : "=) ANY");
	for (int i = 0; i < items->n; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "",
						 as_kind(compile(w, items->u.items[i], bindings), KIND_TERM));
	if (items->n > 0)
		appendStringInfoString(&sql, "]))");
	return (SqlExpr) {sql.data, KIND_TRUTH};
}

/* The text of a constant, or JLD_NOSTR. */
static JldStr
constant_text(const JldValue *expr)
{
	const JldValue *value = jld_is_object(expr) ? jld_get(expr, JLD_STR("@value")) : expr;

	return jld_is_string(value) ? value->u.string : JLD_NOSTR;
}

/*
 * The flags of regex and replace, as the beginning of a pattern; empty if
 * there are none.
 */
static const char *
pattern_flags(const JldValue *flags)
{
	JldStr		s = constant_text(flags);
	bool		i = false,
				m = false,
				dotall = false,
				x = false;

	for (int k = 0; k < s.len; k++)
	{
		switch (s.data[k])
		{
			case 'i':
				i = true;
				break;
			case 'm':
				m = true;
				break;
			case 's':
				dotall = true;
				break;
			case 'x':
				x = true;
				break;
			default:
				s.data = NULL;
				s.len = 0;
				break;
		}
	}
	if (s.data == NULL)
		bad_expression(where_excerpt(flags), "flags are a text of i, m, s and x");
	return psprintf("(?%s%s%s)", i ? "i" : "", x ? "x" : "",
					dotall ? (m ? "w" : "s") : (m ? "n" : "p"));
}

/* regex(text, pattern[, flags]), replace(text, pattern, replacement[, flags]) */
static SqlExpr
compile_regex(Where *w, const JldValue *call, bool replace, const Bindings *bindings)
{
	int			n = replace ? 4 : 3;
	char	   *text = as_kind(compile(w, call->u.items[1], bindings), KIND_TEXT);
	char	   *pattern = as_kind(compile(w, call->u.items[2], bindings), KIND_TEXT);

	if (call->n > n)
		pattern = psprintf("('%s' OPERATOR(pg_catalog.||) (%s))", pattern_flags(call->u.items[n]), pattern);
	if (!replace)
		return (SqlExpr) {psprintf("((%s) OPERATOR(pg_catalog.~) (%s))", text, pattern), KIND_TRUTH};

	/* $1 and the like are groups, a backslash is one */
	return (SqlExpr) {psprintf("pg_catalog.regexp_replace(%s, %s, pg_catalog.regexp_replace("
							   "pg_catalog.replace(%s, '\\', '\\\\'), '[$]([0-9])', '\\\\\\1', 'g'), 'g')",
							   text, pattern,
							   as_kind(compile(w, call->u.items[3], bindings), KIND_TEXT)),
					  KIND_TEXT};
}

/* A list of terms; none if one of them is unbound. */
static SqlExpr
compile_list(SqlExpr *items, int n)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < n; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", as_kind(items[i], KIND_TERM));
	return (SqlExpr) {psprintf(GIVEN("CASE WHEN pg_catalog.array_position(x, NULL) IS NULL "
									 "THEN pg_catalog.jsonb_build_object('@list', pg_catalog.to_jsonb(x)) END", "ARRAY[%s]::pg_catalog.jsonb[]"),
							   sql.data), KIND_TERM};
}

/*
 * 64 random hexadecimal digits for each place in the text and each solution,
 * and the same ones when "where" is asked again: a digest of a secret of the
 * call, the place and what is bound.
 */
static char *
random_digits(Where *w, const Bindings *bindings)
{
	StringInfoData sql;

	if (w->secret == NULL)
	{
		uint8		bytes[32];
		StringInfoData hex;

		if (!pg_strong_random(bytes, sizeof(bytes)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		initStringInfo(&hex);
		for (int i = 0; i < lengthof(bytes); i++)
			appendStringInfo(&hex, "%02x", bytes[i]);
		w->secret = hex.data;
	}
	initStringInfo(&sql);
	appendStringInfo(&sql, "pg_catalog.jsonb_build_array(%s, %d",
					 where_text_param(w, jld_str(w->secret)), w->aliases++);
	for (int v = 0; v < WHERE_MAX_VARIABLES; v++)
		if (bindings->of[v].sql)
			appendStringInfo(&sql, ", %s", bindings->of[v].sql);
	appendStringInfoString(&sql, ")::pg_catalog.text");
	return psprintf(DIGEST("sha256"), sql.data);
}

/* uuid(), struuid(), rand(); false if name is none of them. */
static bool
compile_random(Where *w, const char *name, const Bindings *bindings, SqlExpr *result)
{
	bool		is_text = pg_strcasecmp(name, "struuid") == 0;

	if (pg_strcasecmp(name, "rand") == 0)
		*result = (SqlExpr) {psprintf("(('x' OPERATOR(pg_catalog.||) pg_catalog.\"left\"(%s, 13))::pg_catalog.bit(52)::pg_catalog.int8::pg_catalog.numeric "
									  "OPERATOR(pg_catalog./) 4503599627370496)", random_digits(w, bindings)), KIND_NUMBER};
	else if (is_text || pg_strcasecmp(name, "uuid") == 0)
	{
		/* of version 4, and the variant of the standard */
		char	   *sql = psprintf(GIVEN("pg_catalog.concat(pg_catalog.\"left\"(x, 8), '-', pg_catalog.substr(x, 9, 4), '-4', pg_catalog.substr(x, 14, 3), '-', "
										 "pg_catalog.translate(pg_catalog.substr(x, 17, 1), '0123456789abcdef', '89ab89ab89ab89ab'), pg_catalog.substr(x, 18, 3), "
										 "'-', pg_catalog.substr(x, 21, 12))", "%s"), random_digits(w, bindings));

		*result = is_text ? (SqlExpr) {sql, KIND_TEXT} :
			(SqlExpr) {psprintf("pg_catalog.jsonb_build_object('@id', 'urn:uuid:' OPERATOR(pg_catalog.||) %s)", sql), KIND_TERM};
	}
	else
		return false;
	return true;
}

/* An aggregate over the rows of a group; false if name is none. */
static bool
compile_aggregate(Where *w, const JldValue *call, const char *name, SqlExpr *result)
{
	const Bindings *rows = w->rows;
	int			n = call->n - 1;
	bool		least = pg_strcasecmp(name, "min") == 0 || pg_strcasecmp(name, "sample") == 0;
	int			which = -1;
	SqlExpr		argument;

	for (int i = 0; i < lengthof(aggregates); i++)
		if (n == 1 && pg_strcasecmp(name, aggregates[i].name) == 0)
			which = i;
	if (which < 0 && !((least || pg_strcasecmp(name, "max") == 0) && n == 1) &&
		!(pg_strcasecmp(name, "groupconcat") == 0 && (n == 1 || n == 2)))
		return false;
	if (rows == NULL)
		bad_expression(where_excerpt(call), "an aggregate has no place here");
	if (pg_strcasecmp(name, "count") == 0 && jld_is(constant_text(call->u.items[1]), "*"))
	{
		const char *any = "*";

		/* a column makes it an aggregate of this query, wherever it stands */
		for (int v = 0; v < WHERE_MAX_VARIABLES; v++)
			if (rows->of[v].sql)
				any = psprintf("ROW(%s)", rows->of[v].sql);
		*result = (SqlExpr) {psprintf("pg_catalog.count(%s)::pg_catalog.numeric", any), KIND_NUMBER};
		return true;
	}

	w->rows = NULL;				/* no aggregate of aggregates */
	argument = compile(w, call->u.items[1], rows);
	w->rows = rows;
	if (which >= 0)
		*result = (SqlExpr) {psprintf(aggregates[which].sql, as_kind(argument, aggregates[which].argument)),
							 aggregates[which].result};
	else if (n == 2 || pg_strcasecmp(name, "groupconcat") == 0)
	{
		char	   *text = as_kind(argument, KIND_TEXT);
		char	   *separator = n == 2 ? as_kind(compile(w, call->u.items[2], rows), KIND_TEXT) : "' '";

		*result = (SqlExpr) {psprintf("pg_catalog.string_agg(%s, %s ORDER BY %s COLLATE pg_catalog.\"C\")",
									  text, separator, text), KIND_TEXT};
	}
	else
	{
		/* numbers before all else, then texts by their bytes */
		char	   *term = as_kind(argument, KIND_TERM);
		const char *order = least ? "" : " DESC";

		*result = (SqlExpr) {psprintf("(pg_catalog.array_agg(%s ORDER BY %s%s NULLS LAST, %s COLLATE pg_catalog.\"C\"%s) FILTER (WHERE (%s) IS NOT NULL))[1]",
									  term, where_number(term), order, where_text(term), order,
									  term), KIND_TERM};
	}
	return true;
}

/*
 * Calls that look at their arguments before these are compiled; false if name is
 * none of them.
 */
static bool
compile_special(Where *w, const JldValue *call, const char *name,
				const Bindings *bindings, SqlExpr *result)
{
	int			n = call->n - 1;
	JldStr		iri;
	JldValue   *term;

	if (pg_strcasecmp(name, "bound") == 0 && n == 1)
	{
		int			v = where_variable_value(w, call->u.items[1]);

		if (v < 0)
			bad_expression(where_excerpt(call), "bound takes a variable");
		*result = (SqlExpr) {bindings->of[v].sql ? psprintf("(%s IS NOT NULL)", bindings->of[v].sql) : "false",
							 KIND_TRUTH};
	}
	else if ((pg_strcasecmp(name, "in") == 0 || pg_strcasecmp(name, "not-in") == 0) && n == 2)
		*result = compile_in(w, call, pg_strcasecmp(name, "in") != 0, bindings);
	else if (pg_strcasecmp(name, "regex") == 0 && (n == 2 || n == 3))
		*result = compile_regex(w, call, false, bindings);
	else if (pg_strcasecmp(name, "replace") == 0 && (n == 3 || n == 4))
		*result = compile_regex(w, call, true, bindings);
	else if (pg_strcasecmp(name, "iri") == 0 && n == 1 &&
			 (iri = constant_text(call->u.items[1])).data && where_variable(w, iri) < 0)
	{
		/* a constant: by the context */
		term = jld_new_object(1);
		jld_put(term, JLD_STR("@id"), jld_new_string(iri));
		*result = (SqlExpr) {(char *) where_jsonb_param(w, where_term(w, term)), KIND_TERM};
	}
	else
		return compile_aggregate(w, call, name, result);
	return true;
}

static SqlExpr
compile_coalesce(SqlExpr *args, int n)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < n; i++)
		appendStringInfo(&sql, "%s%s", i ? ", " : "COALESCE(", as_kind(args[i], KIND_TERM));
	appendStringInfoChar(&sql, ')');
	return (SqlExpr) {sql.data, KIND_TERM};
}

static bool
is_comparison(const char *name)
{
	return strcmp(name, "=") == 0 || strcmp(name, "!=") == 0 ||
		strcmp(name, "<") == 0 || strcmp(name, "<=") == 0 ||
		strcmp(name, ">") == 0 || strcmp(name, ">=") == 0;
}

/* What the tables of functions and operators know; false if name is none. */
static bool
compile_known(const char *name, SqlExpr *args, int n, SqlExpr *result)
{
	static const struct
	{
		const char *name;
		ExprKind	kind;
		const char *op;
	}			chains[] =
	{
		{"and", KIND_TRUTH, "AND"}, {"&&", KIND_TRUTH, "AND"},
		{"or", KIND_TRUTH, "OR"}, {"||", KIND_TRUTH, "OR"},
		{"+", KIND_NUMBER, "OPERATOR(pg_catalog.+)"}, {"-", KIND_NUMBER, "OPERATOR(pg_catalog.-)"},
		{"*", KIND_NUMBER, "OPERATOR(pg_catalog.*)"}, {"/", KIND_NUMBER, "OPERATOR(pg_catalog./)"},
		{"concat", KIND_TEXT, "OPERATOR(pg_catalog.||)"},
	};

	for (int i = 0; i < lengthof(functions); i++)
	{
		char	   *sql[MAX_ARGUMENTS] = {"", "", ""};

		if (functions[i].nargs != n || pg_strcasecmp(name, functions[i].name) != 0)
			continue;
		for (int k = 0; k < n; k++)
			sql[k] = as_kind(args[k], functions[i].arguments[k]);
		*result = (SqlExpr) {psprintf(functions[i].sql, sql[0], sql[1], sql[2]), functions[i].result};
		return true;
	}
	for (int i = 0; i < lengthof(chains); i++)
	{
		if (n < 1 || pg_strcasecmp(name, chains[i].name) != 0)
			continue;
		*result = compile_chain(chains[i].op, chains[i].kind, args, n);
		return true;
	}
	return false;
}

static SqlExpr
compile_call(Where *w, const JldValue *call, const Bindings *bindings)
{
	char	   *name;
	int			n = call->n - 1;
	SqlExpr    *args = palloc(sizeof(SqlExpr) * Max(n, 1));
	SqlExpr		result;

	if (call->n == 0 || !jld_is_string(call->u.items[0]))
		bad_expression(where_excerpt(call), "the name of a function is missing");
	name = jld_cstr(call->u.items[0]->u.string);
	if (pg_strcasecmp(name, "uri") == 0 && n == 1)
		name = "iri";
	if (pg_strcasecmp(name, "encode_for_uri") == 0)
		name = "encodeForUri";
	if (compile_special(w, call, name, bindings, &result))
		return result;
	for (int i = 0; i < n; i++)
		args[i] = compile(w, call->u.items[i + 1], bindings);

	if (n >= 2 && is_comparison(name))
	{
		/* of many, each with the next */
		for (int i = 0; i + 1 < n; i++)
			args[i] = compile_compare(name, args[i], args[i + 1]);
		return compile_chain("AND", KIND_TRUTH, args, n - 1);
	}
	if (pg_strcasecmp(name, "coalesce") == 0 && n > 0)
		return compile_coalesce(args, n);
	if (pg_strcasecmp(name, "list") == 0)
		return compile_list(args, n);
	if (n == 0 && compile_random(w, name, bindings, &result))
		return result;
	if (pg_strcasecmp(name, "if") == 0 && n == 3)
		return (SqlExpr) {psprintf("CASE WHEN %s THEN %s ELSE %s END", as_kind(args[0], KIND_TRUTH),
								   as_kind(args[1], KIND_TERM), as_kind(args[2], KIND_TERM)),
						  KIND_TERM};
	if (!compile_known(name, args, n, &result))
		bad_expression(where_excerpt(call), psprintf("no function \"%s\" of %d arguments", name, n));
	return result;
}

static SqlExpr
compile_variable(Where *w, int v, const Bindings *bindings)
{
	if (bindings->of[v].sql)
		return (SqlExpr) {(char *) bindings->of[v].sql, KIND_TERM};
	if (w->rows && w->rows->of[v].sql)
		bad_expression(jld_cstr(w->variables->u.items[v]->u.string),
					   "what is not grouped by must stand in an aggregate");
	return (SqlExpr) {"NULL::pg_catalog.jsonb", KIND_TERM};
}

static SqlExpr
compile(Where *w, const JldValue *expr, const Bindings *bindings)
{
	int			v = where_variable_value(w, expr);
	SqlExpr		result;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (v >= 0)
		return compile_variable(w, v, bindings);
	switch (expr->type)
	{
		case JLD_ARRAY:
			result = compile_call(w, expr, bindings);
			if (strlen(result.sql) > WHERE_MAX_SQL)
				ereport(ERROR,
						(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
						 errmsg("\"where\" is too complex")));
			return result;
		case JLD_NUMBER:
			return (SqlExpr) {(char *) where_param(w, NUMERICOID,
												   NumericGetDatum(expr->u.number)), KIND_NUMBER};
		case JLD_BOOL:
			return (SqlExpr) {expr->u.boolean ? "true" : "false", KIND_TRUTH};
		case JLD_STRING:
			return (SqlExpr) {(char *) where_text_param(w, expr->u.string), KIND_TEXT};
		case JLD_OBJECT:
			if (jld_has(expr, JLD_STR("@value")) && expr->n == 1)
				return compile(w, jld_get(expr, JLD_STR("@value")), bindings);
			return (SqlExpr) {(char *) where_jsonb_param(w, where_term(w, (JldValue *) expr)),
							  KIND_TERM};
		case JLD_NULL:
			break;
	}
	bad_expression(where_excerpt(expr), "neither a value, a variable nor a call");
}

char *
where_filter(Where *w, const JldValue *expr, const Bindings *bindings)
{
	expr = where_parse(w, expr);
	if (!jld_is_array(expr) && expr->type != JLD_BOOL && where_variable_value(w, expr) < 0)
		bad_expression(where_excerpt(expr), "a filter is a call, like (> ?age 18)");
	return as_kind(compile(w, expr, bindings), KIND_TRUTH);
}

char *
where_bind(Where *w, const JldValue *expr, const Bindings *bindings)
{
	return as_kind(compile(w, where_parse(w, expr), bindings), KIND_TERM);
}

char *
where_items(Where *w, const JldValue *expr, const Bindings *bindings)
{
	return psprintf(GIVEN("CASE WHEN " IS_LIST " THEN x" ARROW "'@list' ELSE '[]' END", "%s"),
					where_bind(w, expr, bindings));
}
