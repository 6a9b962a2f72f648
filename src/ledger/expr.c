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
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "ledger/where.h"
#include "upsert.h"

#define ARROW		" OPERATOR(pg_catalog.->) "
#define ARROW_TEXT	" OPERATOR(pg_catalog.->>) "

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

/* Functions that are one call in SQL: %s for each argument. */
static const struct
{
	const char *name;
	int			nargs;
	ExprKind	arguments;
	ExprKind	result;
	const char *sql;
}			functions[] =
{
	{"str", 1, KIND_TEXT, KIND_TEXT, "%s"},
	{"lcase", 1, KIND_TEXT, KIND_TEXT, "pg_catalog.lower(%s)"},
	{"ucase", 1, KIND_TEXT, KIND_TEXT, "pg_catalog.upper(%s)"},
	{"strlen", 1, KIND_TEXT, KIND_NUMBER, "pg_catalog.length(%s)::pg_catalog.numeric"},
	{"contains", 2, KIND_TEXT, KIND_TRUTH, "(pg_catalog.strpos(%s, %s) OPERATOR(pg_catalog.>) 0)"},
	{"strstarts", 2, KIND_TEXT, KIND_TRUTH, "pg_catalog.starts_with(%s, %s)"},
	{"regex", 2, KIND_TEXT, KIND_TRUTH, "((%s) OPERATOR(pg_catalog.~) (%s))"},
	{"abs", 1, KIND_NUMBER, KIND_NUMBER, "pg_catalog.abs(%s)"},
	{"ceil", 1, KIND_NUMBER, KIND_NUMBER, "pg_catalog.ceil(%s)"},
	{"floor", 1, KIND_NUMBER, KIND_NUMBER, "pg_catalog.floor(%s)"},
	{"round", 1, KIND_NUMBER, KIND_NUMBER, "pg_catalog.round(%s)"},
	{"not", 1, KIND_TRUTH, KIND_TRUTH, "(NOT %s)"},
	{"lang", 1, KIND_TERM, KIND_TEXT, "COALESCE((%s)" ARROW_TEXT "'@language', '')"},
	{"isiri", 1, KIND_TERM, KIND_TRUTH, "((%s) OPERATOR(pg_catalog.?) '@id')"},
};

static void bad_expression(const char *what, const char *why) pg_attribute_noreturn();
static JldValue *parse(const char **pos);
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

/* One datum of an S-expression: (f a ...), "string", number, ?variable, word. */
static JldValue *
parse(const char **pos)
{
	const char *start;
	JldStr		token;

	check_stack_depth();
	while (isspace((unsigned char) **pos))
		(*pos)++;
	start = *pos;
	if (*start == '(')
	{
		JldValue   *list = jld_new_array(3);

		(*pos)++;
		for (;;)
		{
			while (isspace((unsigned char) **pos))
				(*pos)++;
			if (**pos == ')')
				break;
			if (**pos == '\0')
				bad_expression(start, "missing \")\"");
			jld_push(list, parse(pos));
		}
		(*pos)++;
		return list;
	}
	if (*start == '"')
	{
		StringInfoData text;
		JldValue   *literal = jld_new_object(1);

		initStringInfo(&text);
		for ((*pos)++; **pos != '"'; (*pos)++)
		{
			if (**pos == '\\' && (*pos)[1] != '\0')
				(*pos)++;
			if (**pos == '\0')
				bad_expression(start, "missing quote");
			appendStringInfoChar(&text, **pos);
		}
		(*pos)++;
		jld_put(literal, JLD_STR("@value"), jld_new_string((JldStr) {text.data, text.len}));
		return literal;
	}
	while (**pos != '\0' && !isspace((unsigned char) **pos) && **pos != '(' && **pos != ')')
		(*pos)++;
	token = (JldStr) {start, (int) (*pos - start)};
	if (token.len == 0)
		bad_expression(start, "an expression is missing");
	if (isdigit((unsigned char) start[0]) ||
		(token.len > 1 && (start[0] == '-' || start[0] == '+') && isdigit((unsigned char) start[1])))
		return jld_new_number(DatumGetNumeric(DirectFunctionCall3(numeric_in,
																  CStringGetDatum(jld_cstr(token)),
																  ObjectIdGetDatum(InvalidOid),
																  Int32GetDatum(-1))));
	if (jld_is(token, "true") || jld_is(token, "false"))
		return jld_new_bool(token.len == 4);
	return where_mark_variables(jld_new_string(token));
}

/* --- kinds ---------------------------------------------------------------- */

static char *
as_kind(SqlExpr e, ExprKind kind)
{
	if (e.kind == kind)
		return e.sql;
	switch (kind)
	{
		case KIND_TERM:
			return psprintf("CASE WHEN (%s) IS NOT NULL THEN pg_catalog.jsonb_build_object('@value', %s) END",
							e.sql, e.sql);
		case KIND_NUMBER:
			if (e.kind != KIND_TERM)
				return "NULL::pg_catalog.numeric";
			return psprintf("CASE WHEN pg_catalog.jsonb_typeof(%s" ARROW "'@value') OPERATOR(pg_catalog.=) 'number' "
							"THEN (%s" ARROW_TEXT "'@value')::pg_catalog.numeric END", e.sql, e.sql);
		case KIND_TEXT:
			if (e.kind != KIND_TERM)
				return psprintf("(%s)::pg_catalog.text", e.sql);
			return psprintf("COALESCE(%s" ARROW_TEXT "'@value', %s" ARROW_TEXT "'@id')", e.sql, e.sql);
		case KIND_TRUTH:
			if (e.kind != KIND_TERM)
				return "NULL::pg_catalog.bool";
			return psprintf("CASE WHEN pg_catalog.jsonb_typeof(%s" ARROW "'@value') OPERATOR(pg_catalog.=) 'boolean' "
							"THEN (%s" ARROW_TEXT "'@value')::pg_catalog.bool END", e.sql, e.sql);
	}
	return e.sql;				/* not reached */
}

/* --- data to SQL ---------------------------------------------------------- */

static SqlExpr
compile_compare(const char *op, SqlExpr a, SqlExpr b)
{
	char	   *x;
	char	   *y;

	if (strcmp(op, "=") == 0 || strcmp(op, "!=") == 0)
		return (SqlExpr) {psprintf("((%s) OPERATOR(pg_catalog.%s) (%s))", as_kind(a, KIND_TERM),
								   op[0] == '=' ? "=" : "<>", as_kind(b, KIND_TERM)), KIND_TRUTH};
	if (a.kind == KIND_NUMBER || b.kind == KIND_NUMBER)
		return (SqlExpr) {psprintf("((%s) OPERATOR(pg_catalog.%s) (%s))", as_kind(a, KIND_NUMBER), op,
								   as_kind(b, KIND_NUMBER)), KIND_TRUTH};
	if (a.kind == KIND_TERM && b.kind == KIND_TERM)
	{
		x = as_kind(a, KIND_NUMBER);
		y = as_kind(b, KIND_NUMBER);
		return (SqlExpr) {psprintf("CASE WHEN (%s) IS NOT NULL OR (%s) IS NOT NULL THEN ((%s) OPERATOR(pg_catalog.%s) (%s)) "
								   "ELSE ((%s) COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.%s) (%s)) END",
								   x, y, x, op, y, as_kind(a, KIND_TEXT), op, as_kind(b, KIND_TEXT)), KIND_TRUTH};
	}
	return (SqlExpr) {psprintf("((%s) COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.%s) (%s))",
							   as_kind(a, KIND_TEXT), op, as_kind(b, KIND_TEXT)), KIND_TRUTH};
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
			appendStringInfo(&sql, "NULLIF(%s, 0)", as_kind(args[i], kind));
		else
			appendStringInfo(&sql, "(%s)", as_kind(args[i], kind));
	}
	appendStringInfoChar(&sql, ')');
	return (SqlExpr) {sql.data, kind};
}

static SqlExpr
compile_call(Where *w, const JldValue *call, const Bindings *bindings)
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
	char	   *name;
	int			n = call->n - 1;
	SqlExpr    *args = palloc(sizeof(SqlExpr) * Max(n, 1));

	if (call->n == 0 || !jld_is_string(call->u.items[0]))
		bad_expression(jld_excerpt(call), "the name of a function is missing");
	name = jld_cstr(call->u.items[0]->u.string);
	if (pg_strcasecmp(name, "bound") == 0 && n == 1)
	{
		int			v = where_variable_value(w, call->u.items[1]);

		if (v < 0)
			bad_expression(jld_excerpt(call), "bound takes a variable");
		return (SqlExpr) {bindings->of[v].sql ? psprintf("(%s IS NOT NULL)", bindings->of[v].sql) : "false", KIND_TRUTH};
	}
	for (int i = 0; i < n; i++)
		args[i] = compile(w, call->u.items[i + 1], bindings);

	if (n == 2 && (strcmp(name, "=") == 0 || strcmp(name, "!=") == 0 || strcmp(name, "<") == 0 ||
				   strcmp(name, "<=") == 0 || strcmp(name, ">") == 0 || strcmp(name, ">=") == 0))
		return compile_compare(name, args[0], args[1]);
	if (pg_strcasecmp(name, "coalesce") == 0 && n > 0)
	{
		StringInfoData sql;

		initStringInfo(&sql);
		for (int i = 0; i < n; i++)
			appendStringInfo(&sql, "%s%s", i ? ", " : "COALESCE(", as_kind(args[i], KIND_TERM));
		appendStringInfoChar(&sql, ')');
		return (SqlExpr) {sql.data, KIND_TERM};
	}
	if (pg_strcasecmp(name, "if") == 0 && n == 3)
		return (SqlExpr) {psprintf("CASE WHEN %s THEN %s ELSE %s END", as_kind(args[0], KIND_TRUTH),
								   as_kind(args[1], KIND_TERM), as_kind(args[2], KIND_TERM)), KIND_TERM};
	for (int i = 0; i < lengthof(chains); i++)
		if (n >= 2 && pg_strcasecmp(name, chains[i].name) == 0)
			return compile_chain(chains[i].op, chains[i].kind, args, n);
	for (int i = 0; i < lengthof(functions); i++)
	{
		if (functions[i].nargs != n || pg_strcasecmp(name, functions[i].name) != 0)
			continue;
		if (n == 1)
			return (SqlExpr) {psprintf(functions[i].sql, as_kind(args[0], functions[i].arguments)),
		functions[i].result};
		return (SqlExpr) {psprintf(functions[i].sql, as_kind(args[0], functions[i].arguments),
								   as_kind(args[1], functions[i].arguments)), functions[i].result};
	}
	bad_expression(jld_excerpt(call), psprintf("no function \"%s\" of %d arguments", name, n));
}

static SqlExpr
compile(Where *w, const JldValue *expr, const Bindings *bindings)
{
	int			v = where_variable_value(w, expr);

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (v >= 0)
		return (SqlExpr) {bindings->of[v].sql ? (char *) bindings->of[v].sql : "NULL::pg_catalog.jsonb", KIND_TERM};
	switch (expr->type)
	{
		case JLD_ARRAY:
			return compile_call(w, expr, bindings);
		case JLD_NUMBER:
			return (SqlExpr) {(char *) where_param(w, NUMERICOID, NumericGetDatum(expr->u.number)), KIND_NUMBER};
		case JLD_BOOL:
			return (SqlExpr) {expr->u.boolean ? "true" : "false", KIND_TRUTH};
		case JLD_STRING:
			return (SqlExpr) {(char *) where_param(w, TEXTOID, CStringGetTextDatum(jld_cstr(expr->u.string))), KIND_TEXT};
		case JLD_OBJECT:
			if (jld_has(expr, JLD_STR("@value")) && expr->n == 1)
				return compile(w, jld_get(expr, JLD_STR("@value")), bindings);
			if (jld_has(expr, JLD_STR("@id")) || jld_has(expr, JLD_STR("@value")))
				return (SqlExpr) {(char *) where_param(w, JSONBOID, JsonbPGetDatum(jld_to_jsonb(expr))), KIND_TERM};
			break;
		case JLD_NULL:
			break;
	}
	bad_expression(jld_excerpt(expr), "neither a value, a variable nor a call");
}

static SqlExpr
compile_any(Where *w, const JldValue *expr, const Bindings *bindings)
{
	if (jld_is_string(expr) && expr->u.string.len > 0 && expr->u.string.data[0] == '(')
	{
		const char *text = jld_cstr(expr->u.string);
		const char *pos = text;
		JldValue   *parsed = parse(&pos);

		while (isspace((unsigned char) *pos))
			pos++;
		if (*pos != '\0')
			bad_expression(pos, "something follows the expression");
		return compile(w, parsed, bindings);
	}
	return compile(w, expr, bindings);
}

char *
where_filter(Where *w, const JldValue *expr, const Bindings *bindings)
{
	return as_kind(compile_any(w, expr, bindings), KIND_TRUTH);
}

char *
where_bind(Where *w, const JldValue *expr, const Bindings *bindings)
{
	return as_kind(compile_any(w, expr, bindings), KIND_TERM);
}
