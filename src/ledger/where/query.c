/*
 * query.c
 *		["query", {select, where, groupBy, ...}]: a subquery in "where".
 *
 * It is solved on its own, from the bottom up as in SPARQL, and what it
 * selects is joined with the solutions so far:
 *
 *		(chain) CROSS JOIN (SELECT columns FROM (where) GROUP BY ... HAVING ...
 *							ORDER BY ... LIMIT ...)
 *
 * What is ordered by comes first in the order; the columns themselves
 * decide between equals, so that a limit always cuts at the same place.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "ledger/where/where.h"
#include "upsert.h"

/* The members of a subquery, as they were sent; NULL: it has none. */
typedef struct QueryText
{
	JldValue   *select;			/* an array */
	bool		distinct;
	JldValue   *where;
	JldValue   *values;
	JldValue   *group;			/* an array */
	JldValue   *having;
	JldValue   *order;
	JldValue   *limit;
	JldValue   *offset;
} QueryText;

/* A subquery in the making. */
typedef struct Subquery
{
	Where	   *w;
	const JldValue *text;		/* for messages */
	Bindings	rows;			/* what "where" binds */
	Bindings	groups;			/* of these, what is grouped by; or all */
	Bindings	columns;		/* what is selected */
	bool		grouped;
} Subquery;

static JldValue *as_list(JldValue *v);
static int	variable_of(Subquery *sub, const JldValue *v);
static bool is_call(const JldValue *v, const char *name);
static bool has_aggregate(const JldValue *v);
static void select_item(Subquery *sub, const JldValue *item);
static char *order_by(Subquery *sub, JldValue *keys, bool distinct);
static int64 row_count(Subquery *sub, const JldValue *v);

static JldValue *
as_list(JldValue *v)
{
	return jld_is_array(v) ? v : jld_array_of(v);
}

static int
variable_of(Subquery *sub, const JldValue *v)
{
	int			variable = where_variable_value(sub->w, v);

	if (variable < 0)
		where_bad_pattern(sub->text, psprintf("%s is no variable", where_excerpt(v)));
	return variable;
}

static bool
is_call(const JldValue *v, const char *name)
{
	return jld_is_array(v) && v->n > 0 && jld_is_string(v->u.items[0]) &&
		v->u.items[0]->u.string.len == strlen(name) &&
		pg_strncasecmp(v->u.items[0]->u.string.data, name, strlen(name)) == 0;
}

/* Is there an aggregate in a parsed expression? */
static bool
has_aggregate(const JldValue *v)
{
	static const char *const names[] = {
		"avg", "count", "count-distinct", "groupconcat", "max", "min",
		"sample", "stddev", "sum", "variance"
	};

	check_stack_depth();
	for (int i = 0; i < lengthof(names); i++)
		if (is_call(v, names[i]))
			return true;
	for (int i = 0; jld_is_array(v) && i < v->n; i++)
		if (has_aggregate(v->u.items[i]))
			return true;
	return false;
}

/* A variable; (as expression ?variable); or (aggregate ...), named like it. */
static void
select_item(Subquery *sub, const JldValue *item)
{
	Where	   *w = sub->w;
	const JldValue *call = where_parse(w, item);
	JldValue   *target;
	int			v;

	if (!jld_is_array(call))
	{
		v = variable_of(sub, call);
		if (sub->groups.of[v].sql == NULL && sub->rows.of[v].sql)
			where_bad_pattern(sub->text, psprintf("?%s is not grouped by", jld_cstr(w->variables->u.items[v]->u.string)));
		sub->columns.of[v] = sub->groups.of[v];
		if (sub->columns.of[v].sql == NULL)
			sub->columns.of[v].sql = "NULL::pg_catalog.jsonb";
		return;
	}
	if (is_call(call, "as") && call->n == 3)
	{
		target = call->u.items[2];
		call = call->u.items[1];
	}
	else if (has_aggregate(call))
		target = jld_new_string(jld_str_cat(JLD_STR(VARIABLE_IRI), call->u.items[0]->u.string));
	else
		where_bad_pattern(sub->text, psprintf("%s needs a name: (as expression ?name)", where_excerpt(item)));
	v = variable_of(sub, target);
	if (sub->rows.of[v].sql || sub->columns.of[v].sql)
		where_bad_pattern(sub->text, psprintf("?%s is bound already", jld_cstr(w->variables->u.items[v]->u.string)));
	sub->columns.of[v].sql = where_bind(w, call, &sub->groups);
	sub->columns.of[v].certain = false;
}

/* " ORDER BY ..." of variables and ["desc", ?variable]. */
static char *
order_by(Subquery *sub, JldValue *keys, bool distinct)
{
	StringInfoData sql;
	int			n = 0;

	initStringInfo(&sql);
	appendStringInfoString(&sql, " ORDER BY ");
	/* one key may be written without the array around it */
	if (keys && (is_call(keys, "desc") || is_call(keys, "asc")))
		keys = jld_array_of(keys);
	keys = keys ? as_list(keys) : jld_new_array(0);
	for (int i = 0; i < keys->n; i++)
	{
		const JldValue *key = where_parse(sub->w, keys->u.items[i]);
		bool		descending = is_call(key, "desc");
		const char *direction = descending ? " DESC" : "";
		const char *term;
		int			v;

		if ((descending || is_call(key, "asc")) && key->n == 2)
			key = key->u.items[1];
		v = variable_of(sub, key);
		term = distinct && sub->columns.of[v].sql ? psprintf("o.v%d", v) :
			sub->columns.of[v].sql ? sub->columns.of[v].sql :
			distinct ? NULL : sub->groups.of[v].sql;
		if (term == NULL)
			where_bad_pattern(sub->text, psprintf("cannot order by ?%s, which is not selected",
												  jld_cstr(sub->w->variables->u.items[v]->u.string)));
		appendStringInfo(&sql, "%s%s NULLS FIRST, %s COLLATE pg_catalog.\"C\"%s NULLS FIRST, ",
						 where_number(term), direction, where_text(term), direction);
	}
	for (int v = 0; v < WHERE_MAX_VARIABLES; v++)
	{
		if (sub->columns.of[v].sql)
		{
			appendStringInfo(&sql, "%s%d", n > 0 ? ", " : "", n + 1);
			n++;
		}
	}
	return sql.data;
}

static int64
row_count(Subquery *sub, const JldValue *v)
{
	if (v->type != JLD_NUMBER || numeric_is_nan(v->u.number) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(v->u.number),
										 NumericGetDatum(int64_to_numeric(0)))) ||
		DatumGetBool(DirectFunctionCall2(numeric_gt, NumericGetDatum(v->u.number),
										 NumericGetDatum(int64_to_numeric(PG_INT32_MAX)))))
		where_bad_pattern(sub->text, psprintf("%s is no number of rows", where_excerpt(v)));
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(v->u.number)));
}

/* The members of the object, each where it belongs. */
static QueryText
read_query(const JldValue *pattern)
{
	JldValue   *query = pattern->n == 2 ? pattern->u.items[1] : NULL;
	QueryText	t = {NULL};

	if (!jld_is_object(query))
		where_bad_pattern(pattern, "query takes an object");
	for (int i = 0; i < query->n; i++)
	{
		JldMember  *m = &query->u.object.members[i];

		if (jld_is(m->key, "select") || jld_is(m->key, "selectDistinct"))
		{
			if (t.select)
				where_bad_pattern(pattern, "select stands twice");
			t.select = as_list(m->value);
			t.distinct = jld_is(m->key, "selectDistinct");
		}
		else if (jld_is(m->key, "where"))
			t.where = m->value;
		else if (jld_is(m->key, "values"))
			t.values = m->value;
		else if (jld_is(m->key, "groupBy"))
			t.group = as_list(m->value);
		else if (jld_is(m->key, "having"))
			t.having = m->value;
		else if (jld_is(m->key, "orderBy"))
			t.order = m->value;
		else if (jld_is(m->key, "limit"))
			t.limit = m->value;
		else if (jld_is(m->key, "offset"))
			t.offset = m->value;
		else
			where_bad_pattern(pattern, psprintf("a subquery has no \"%s\"", jld_cstr(m->key)));
	}
	if (t.select == NULL || t.select->n == 0 || t.where == NULL)
		where_bad_pattern(pattern, "a subquery needs select and where");
	return t;
}

/* " GROUP BY ...": what one may speak of after grouping. */
static void
group_by(Subquery *sub, const JldValue *group, StringInfo sql)
{
	for (int i = 0; i < group->n; i++)
	{
		int			v = variable_of(sub, group->u.items[i]);

		if (sub->rows.of[v].sql == NULL)
			where_bad_pattern(sub->text, "groupBy names a variable that is not bound");
		appendStringInfo(sql, "%s%s", i > 0 ? ", " : " GROUP BY ", sub->rows.of[v].sql);
		sub->groups.of[v] = sub->rows.of[v];
	}
}

/*
 * " HAVING ...", by an expression, or ["filter", expression ...], or an array of
 * such.
 */
static void
having(Subquery *sub, JldValue *conditions, StringInfo sql)
{
	Where	   *w = sub->w;
	bool		one = is_call(conditions, "filter") || !jld_is_array(conditions) ||
	(conditions->n > 0 && jld_is_string(conditions->u.items[0]));
	JldValue   *filters = one ? jld_array_of(conditions) : conditions;

	appendStringInfoString(sql, " HAVING true");
	for (int i = 0; i < filters->n; i++)
	{
		JldValue   *filter = filters->u.items[i];

		for (int k = 1; is_call(filter, "filter") && k < filter->n; k++)
			appendStringInfo(sql, " AND (%s)", where_filter(w, filter->u.items[k], &sub->groups));
		if (!is_call(filter, "filter"))
			appendStringInfo(sql, " AND (%s)", where_filter(w, filter, &sub->groups));
	}
}

static void
select_items(Subquery *sub, const JldValue *select)
{
	bool		all = false;

	for (int i = 0; i < select->n; i++)
	{
		JldValue   *item = select->u.items[i];

		if (jld_is_string(item) && jld_is(item->u.string, "*") && !sub->grouped)
			all = true;
		else
			select_item(sub, item);
	}
	if (all)
		sub->columns = sub->rows;
}

/* The query, ordered and cut. */
static char *
order_and_cut(Subquery *sub, const QueryText *t, char *sql)
{
	if (t->distinct)
		sql = psprintf("SELECT DISTINCT * FROM (%s) AS d", sql);
	if (t->order || t->limit || t->offset)
	{
		if (t->distinct)
			sql = psprintf("SELECT * FROM (%s) AS o", sql);
		sql = psprintf("%s%s", sql, order_by(sub, t->order, t->distinct));
	}
	if (t->limit)
		sql = psprintf("%s LIMIT " INT64_FORMAT, sql, row_count(sub, t->limit));
	if (t->offset)
		sql = psprintf("%s OFFSET " INT64_FORMAT, sql, row_count(sub, t->offset));
	return sql;
}

char *
where_query(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	Subquery	sub = {w, pattern};
	QueryText	t;
	const Bindings *rows = w->rows;
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *sql;
	StringInfoData tail;
	Bindings	inner;

	check_stack_depth();
	t = read_query(pattern);
	w->rows = NULL;
	sql = where_compile(w, t.where, t.values, &sub.rows);
	where_rename(&sub.rows, q);

	sub.grouped = t.group != NULL || t.having != NULL;
	for (int i = 0; i < t.select->n; i++)
		sub.grouped = sub.grouped || has_aggregate(where_parse(w, t.select->u.items[i]));
	initStringInfo(&tail);
	if (!sub.grouped)
		sub.groups = sub.rows;
	if (t.group)
		group_by(&sub, t.group, &tail);
	if (sub.grouped)
		w->rows = &sub.rows;
	if (t.having)
		having(&sub, t.having, &tail);
	select_items(&sub, t.select);
	w->rows = rows;

	/* GROUP BY and the rest go behind "WHERE true" */
	inner = sub.columns;
	sql = where_finish(psprintf("(%s) AS %s", sql, q), tail.data, &sub.columns, &inner);
	sql = order_and_cut(&sub, &t, sql);
	if (strlen(sql) > WHERE_MAX_SQL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("\"where\" is too complex")));
	return where_join(w, chain, psprintf("(%s)", sql), &inner, bindings);
}
