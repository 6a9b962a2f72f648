/*
 * where.c
 *		Groups of patterns -> SQL.
 *
 * A group of patterns is compiled from left to right into a chain of nested
 * SELECTs, which the planner flattens.  Each has one column for every
 * variable bound so far (v0, v1, ...), of type jsonb: {"@id": iri} or a value
 * object.
 *
 *		node maps		FROM (chain) CROSS JOIN nodes n1 CROSS JOIN values of n1 ...
 *		graph			the chain goes on in another graph
 *		optional		LEFT JOIN LATERAL (group, seeing the chain) ON true
 *		union			CROSS JOIN LATERAL (group UNION ALL group)
 *		exists			WHERE EXISTS (group, seeing the chain)
 *		minus			WHERE NOT EXISTS (group on its own, compatible)
 *		query			CROSS JOIN (group on its own, projected), compatible
 *		filter, bind	WHERE, SELECT
 *		unwind			CROSS JOIN LATERAL the items of a list
 *		values			CROSS JOIN the rows
 *
 * A group may hold a query, a query has a group, and a filter may ask whether
 * a group exists: where.c, query.c, expr.c and pattern.c are one recursion.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "ledger/where/where.h"
#include "upsert.h"

static char *compile_lateral(Where *w, const JldValue *patterns, Bindings *bindings);

/* --- chains --------------------------------------------------------------- */

char *
where_finish(const char *from, const char *conditions, const Bindings *bindings,
			 Bindings *out)
{
	StringInfoData sql;
	const char *separator = "";

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	if (out != bindings)
		*out = *bindings;
	for (int i = 0; i < WHERE_MAX_VARIABLES; i++)
	{
		if (bindings->of[i].sql == NULL)
			continue;
		appendStringInfo(&sql, "%s%s AS v%d", separator, bindings->of[i].sql, i);
		out->of[i].sql = psprintf("v%d", i);
		separator = ", ";
	}
	if (from)
		appendStringInfo(&sql, " FROM %s", from);
	appendStringInfo(&sql, " WHERE true%s", conditions);
	if (sql.len > WHERE_MAX_SQL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("\"where\" is too complex")));
	return sql.data;
}

void
where_rename(Bindings *bindings, const char *alias)
{
	for (int i = 0; i < WHERE_MAX_VARIABLES; i++)
		if (bindings->of[i].sql)
			bindings->of[i].sql = psprintf("%s.v%d", alias, i);
}

char *
where_start(Bindings *bindings)
{
	return where_finish(NULL, "", bindings, bindings);
}

/*
 * Computed values are not to be computed again in each place that uses them:
 * flattened, expressions of expressions would grow without bounds.
 */
static const char *
fence(const char *chain, Bindings *bindings)
{
	bool		computed = false;

	for (int i = 0; i < WHERE_MAX_VARIABLES; i++)
	{
		computed = computed || (bindings->of[i].sql && bindings->of[i].computed);
		bindings->of[i].computed = false;
	}
	return computed ? psprintf("%s OFFSET 0", chain) : chain;
}

/* A group of its own that sees the bindings of the chain outside. */
static char *
compile_lateral(Where *w, const JldValue *patterns, Bindings *bindings)
{
	return where_group(w, where_start(bindings), patterns, bindings);
}

char *
where_join(Where *w, const char *chain, const char *relation,
		   const Bindings *inner, Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *r = psprintf("r%d", w->aliases++);
	StringInfoData conditions;

	where_rename(bindings, q);
	initStringInfo(&conditions);
	for (int v = 0; v < WHERE_MAX_VARIABLES; v++)
	{
		Binding    *b = &bindings->of[v];
		const char *sql = psprintf("%s.v%d", r, v);
		bool		certain = inner->of[v].certain;

		if (inner->of[v].sql == NULL)
			continue;
		if (b->sql == NULL)
		{
			*b = (Binding) {.sql = sql, .certain = certain};
			continue;
		}
		appendStringInfo(&conditions, " AND (%s" AND_EQ "%s", b->sql, sql);
		if (!b->certain)
			appendStringInfo(&conditions, " OR %s IS NULL", b->sql);
		if (!certain)
			appendStringInfo(&conditions, " OR %s IS NULL", sql);
		appendStringInfoChar(&conditions, ')');
		if (!b->certain)
			b->sql = psprintf("COALESCE(%s, %s)", b->sql, sql);
		b->certain = b->certain || certain;
	}
	return where_finish(psprintf("(%s) AS %s CROSS JOIN %s AS %s", chain, q, relation, r),
						conditions.data, bindings, bindings);
}

/* --- operators ------------------------------------------------------------ */

/* The items of an operator's array behind its name. */
static JldValue *
operands(const JldValue *pattern)
{
	JldValue   *rest = jld_new_array(pattern->n);

	for (int i = 1; i < pattern->n; i++)
		jld_push(rest, pattern->u.items[i]);
	return rest;
}

static char *
compile_optional(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *r = psprintf("r%d", w->aliases++);
	Bindings	inner;
	Bindings	all;
	char	   *group;

	chain = fence(chain, bindings);
	where_rename(bindings, q);
	inner = *bindings;
	group = compile_lateral(w, operands(pattern), &inner);
	all = *bindings;
	for (int i = 0; i < WHERE_MAX_VARIABLES; i++)
	{
		if (inner.of[i].sql == NULL || (all.of[i].sql && all.of[i].certain))
			continue;
		all.of[i].computed = all.of[i].sql != NULL;
		all.of[i].sql = all.of[i].sql ?
			psprintf("COALESCE(%s, %s.v%d)", all.of[i].sql, r, i) : psprintf("%s.v%d", r, i);
		all.of[i].certain = false;
	}
	return where_finish(psprintf("(%s) AS %s LEFT JOIN LATERAL (%s) AS %s ON true", chain, q, group, r),
						"", &all, bindings);
}

static char *
compile_union(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *r = psprintf("r%d", w->aliases++);
	int			n = pattern->n - 1;
	Bindings   *branch = palloc(sizeof(Bindings) * Max(n, 1));
	char	  **sql = palloc(sizeof(char *) * Max(n, 1));
	Bindings	all = {0};
	StringInfoData united;

	if (n < 1)
		where_bad_pattern(pattern, "a union needs branches");
	where_rename(bindings, q);
	for (int i = 0; i < n; i++)
	{
		JldValue   *one = pattern->u.items[i + 1];

		branch[i] = *bindings;
		sql[i] = compile_lateral(w, one, &branch[i]);
		for (int v = 0; v < WHERE_MAX_VARIABLES; v++)
			if (branch[i].of[v].sql)
				all.of[v].sql = "";
	}
	initStringInfo(&united);
	for (int i = 0; i < n; i++)
	{
		const char *separator = "";

		appendStringInfo(&united, "%sSELECT ", i > 0 ? " UNION ALL " : "");
		for (int v = 0; v < WHERE_MAX_VARIABLES; v++)
		{
			if (all.of[v].sql == NULL)
				continue;
			if (i == 0)
				all.of[v].certain = true;
			if (branch[i].of[v].sql)
				appendStringInfo(&united, "%su.v%d", separator, v);
			else
				appendStringInfo(&united, "%sNULL::pg_catalog.jsonb AS v%d", separator, v);
			all.of[v].certain = all.of[v].certain && branch[i].of[v].sql && branch[i].of[v].certain;
			separator = ", ";
		}
		appendStringInfo(&united, " FROM (%s) AS u", sql[i]);
	}
	where_rename(&all, r);
	return where_finish(psprintf("(%s) AS %s CROSS JOIN LATERAL (%s) AS %s", chain, q, united.data, r),
						"", &all, bindings);
}

static char *
compile_exists(Where *w, const char *chain, const JldValue *pattern, bool not,
			   Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	Bindings	inner;
	char	   *group;

	where_rename(bindings, q);
	inner = *bindings;
	group = compile_lateral(w, operands(pattern), &inner);
	return where_finish(psprintf("(%s) AS %s", chain, q),
						psprintf(" AND %sEXISTS (%s)", not ? "NOT " : "", group),
						bindings, bindings);
}

static char *
compile_minus(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *r = psprintf("r%d", w->aliases++);
	Bindings	inner = {0};
	char	   *group = compile_lateral(w, operands(pattern), &inner);
	StringInfoData compatible;
	StringInfoData shared;

	where_rename(bindings, q);
	initStringInfo(&compatible);
	initStringInfo(&shared);
	for (int v = 0; v < WHERE_MAX_VARIABLES; v++)
	{
		if (inner.of[v].sql == NULL || bindings->of[v].sql == NULL)
			continue;
		if (inner.of[v].certain && bindings->of[v].certain)
			appendStringInfo(&compatible, " AND %s.v%d" AND_EQ "%s.v%d", r, v, q, v);
		else
			appendStringInfo(&compatible, " AND (%s.v%d IS NULL OR %s.v%d IS NULL OR %s.v%d" AND_EQ "%s.v%d)",
							 r, v, q, v, r, v, q, v);
		appendStringInfo(&shared, "%s(%s.v%d IS NOT NULL AND %s.v%d IS NOT NULL)",
						 shared.len ? " OR " : "", r, v, q, v);
	}
	/* what shares no variable takes nothing away */
	return where_finish(psprintf("(%s) AS %s", chain, q),
						shared.len == 0 ? "" :
						psprintf(" AND NOT EXISTS (SELECT FROM (%s) AS %s WHERE (%s)%s)",
								 group, r, shared.data, compatible.data),
						bindings, bindings);
}

/* [vars, rows] */
static char *
compile_values(Where *w, const char *chain, JldValue *vars, JldValue *rows,
			   Bindings *bindings)
{
	JldValue   *terms = jld_new_array(rows->n);
	Bindings	inner = {0};
	StringInfoData columns;

	if (!jld_is_array(vars))
		vars = jld_array_of(vars);
	if (!jld_is_array(rows))
		where_bad_pattern(rows, "rows of values must be an array");
	for (int i = 0; i < rows->n; i++)
	{
		JldValue   *row = rows->u.items[i];
		JldValue   *out = jld_new_array(vars->n);

		CHECK_FOR_INTERRUPTS();
		if (!jld_is_array(row))
			row = jld_array_of(row);
		if (row->n != vars->n)
			where_bad_pattern(row, "a row has not as many values as there are variables");
		for (int k = 0; k < row->n; k++)
			jld_push(out, where_term(w, row->u.items[k]));
		jld_push(terms, out);
	}

	initStringInfo(&columns);
	for (int k = 0; k < vars->n; k++)
	{
		int			v = where_variable_value(w, vars->u.items[k]);

		if (v < 0 || inner.of[v].sql)
			where_bad_pattern(vars, "values need the names of variables, each once");
		inner.of[v] = (Binding) {psprintf("v%d", v), true};
		appendStringInfo(&columns, "%s(r.value" ARROW "%d) AS v%d", k > 0 ? ", " : "", k, v);
	}
	return where_join(w, chain,
					  psprintf("(SELECT %s FROM pg_catalog.jsonb_array_elements(%s) AS r)",
							   columns.data, where_jsonb_param(w, terms)),
					  &inner, bindings);
}

/* ["graph", name, pattern ...]: the chain goes on in that graph. */
static char *
compile_graph(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	GraphScope	scope = w->scope;
	JldValue   *patterns = jld_new_array(pattern->n);
	char	   *sql;

	if (pattern->n < 3)
		where_bad_pattern(pattern, "graph takes a name and patterns");
	for (int i = 2; i < pattern->n; i++)
		jld_push(patterns, pattern->u.items[i]);
	w->scope = where_scope(w, where_graph_name(w, pattern->u.items[1]));
	sql = where_group(w, chain, patterns, bindings);
	w->scope = scope;
	return sql;
}

static char *
compile_filter(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	StringInfoData conditions;

	where_rename(bindings, q);
	initStringInfo(&conditions);
	for (int i = 1; i < pattern->n; i++)
		appendStringInfo(&conditions, " AND (%s)", where_filter(w, pattern->u.items[i], bindings));
	return where_finish(psprintf("(%s) AS %s", chain, q), conditions.data, bindings, bindings);
}

static char *
compile_bind(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	for (int i = 1; i + 1 < pattern->n; i += 2)
	{
		char	   *q = psprintf("q%d", w->aliases++);
		int			v = where_variable_value(w, pattern->u.items[i]);

		if (v < 0 || bindings->of[v].sql)
			where_bad_pattern(pattern, "bind needs a variable that is not bound yet");
		chain = fence(chain, bindings);
		where_rename(bindings, q);
		bindings->of[v] = (Binding) {where_bind(w, pattern->u.items[i + 1], bindings), false, true};
		chain = where_finish(psprintf("(%s) AS %s", chain, q), "", bindings, bindings);
	}
	if (pattern->n % 2 == 0 || pattern->n < 3)
		where_bad_pattern(pattern, "bind takes pairs of variable and expression");
	return (char *) chain;
}

/* ["unwind", "?x", expression]: a solution for each item of a list */
static char *
compile_unwind(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *r = psprintf("r%d", w->aliases++);
	int			v = pattern->n == 3 ? where_variable_value(w, pattern->u.items[1]) : -1;
	char	   *items;

	if (v < 0 || bindings->of[v].sql)
		where_bad_pattern(pattern, "unwind takes a variable that is not bound yet, and a list");
	chain = fence(chain, bindings);
	where_rename(bindings, q);
	items = where_items(w, pattern->u.items[2], bindings);
	bindings->of[v] = (Binding) {psprintf("%s.value", r), true};
	return where_finish(psprintf("(%s) AS %s CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(%s) AS %s",
								 chain, q, items, r),
						"", bindings, bindings);
}

static char *
compile_operator(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	JldStr		name = pattern->u.items[0]->u.string;

	if (jld_is(name, "graph"))
		return compile_graph(w, chain, pattern, bindings);
	if (jld_is(name, "query"))
		return where_query(w, chain, pattern, bindings);
	if (jld_is(name, "optional"))
		return compile_optional(w, chain, pattern, bindings);
	if (jld_is(name, "union"))
		return compile_union(w, chain, pattern, bindings);
	if (jld_is(name, "minus"))
		return compile_minus(w, chain, pattern, bindings);
	if (jld_is(name, "exists"))
		return compile_exists(w, chain, pattern, false, bindings);
	if (jld_is(name, "not-exists"))
		return compile_exists(w, chain, pattern, true, bindings);
	if (jld_is(name, "filter"))
		return compile_filter(w, chain, pattern, bindings);
	if (jld_is(name, "bind"))
		return compile_bind(w, chain, pattern, bindings);
	if (jld_is(name, "unwind"))
		return compile_unwind(w, chain, pattern, bindings);
	if (jld_is(name, "values"))
	{
		const JldValue *args = pattern;
		int			first = 1;

		if (pattern->n == 2 && jld_is_array(pattern->u.items[1]))
		{
			args = pattern->u.items[1];
			first = 0;
		}
		if (args->n != first + 2)
			where_bad_pattern(pattern, "values take variables and rows");
		return compile_values(w, chain, args->u.items[first], args->u.items[first + 1], bindings);
	}
	where_bad_pattern(pattern, "unknown operator");
}

/* --- groups --------------------------------------------------------------- */

/* Is it ["operator", ...]? */
static bool
is_operator(const JldValue *pattern)
{
	return jld_is_array(pattern) && pattern->n > 0 && jld_is_string(pattern->u.items[0]);
}

char *
where_group(Where *w, const char *chain, const JldValue *patterns, Bindings *bindings)
{
	const JldValue *list = patterns;
	JldValue   *nodes = jld_new_array(1);

	check_stack_depth();
	if (!jld_is_array(patterns) || is_operator(patterns))
		list = jld_array_of((JldValue *) patterns);

	for (int i = 0; i < list->n; i++)
	{
		JldValue   *pattern = list->u.items[i];

		CHECK_FOR_INTERRUPTS();
		if (jld_is_object(pattern))
		{
			jld_push(nodes, pattern);
			continue;
		}
		if (!is_operator(pattern))
			where_bad_pattern(pattern, "neither a node nor an operator");
		if (nodes->n > 0)
			chain = where_nodes(w, chain, nodes, bindings);
		nodes = jld_new_array(1);
		chain = compile_operator(w, chain, pattern, bindings);
	}
	if (nodes->n > 0)
		chain = where_nodes(w, chain, nodes, bindings);
	return (char *) chain;
}

char *
where_compile(Where *w, JldValue *where, JldValue *values, Bindings *bindings)
{
	char	   *chain;

	memset(bindings, 0, sizeof(Bindings));
	chain = where_start(bindings);
	if (values)
	{
		if (!jld_is_array(values) || values->n != 2)
			where_bad_pattern(values, "values take variables and rows");
		chain = compile_values(w, chain, values->u.items[0], values->u.items[1], bindings);
	}
	return where ? where_group(w, chain, where, bindings) : chain;
}
