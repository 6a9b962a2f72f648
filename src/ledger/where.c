/*
 * where.c
 *		Patterns -> SQL.
 *
 * A group of patterns is compiled from left to right into a chain of nested
 * SELECTs, which the planner flattens.  Each has one column for every
 * variable bound so far (v0, v1, ...), of type jsonb: {"@id": iri} or a value
 * object.
 *
 *		node maps		FROM (chain) CROSS JOIN nodes n1 CROSS JOIN values of n1 ...
 *		optional		LEFT JOIN LATERAL (group, seeing the chain) ON true
 *		union			CROSS JOIN LATERAL (group UNION ALL group)
 *		exists			WHERE EXISTS (group, seeing the chain)
 *		minus			WHERE NOT EXISTS (group on its own, compatible)
 *		filter, bind	WHERE, SELECT
 *		values			CROSS JOIN the rows
 *
 * Triples look like this: a subject is a row of the table of nodes; a
 * constant value is a containment that the GIN index of the table answers,
 * and then exact equality; a variable is unnested from the document, and
 * where two patterns share one, as subject and value, the equality is
 * written so that both the primary key and the GIN index can serve it.
 *
 * To a pattern, a list is one value.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "ledger/where.h"
#include "upsert.h"

#define AND_EQ		" OPERATOR(pg_catalog.=) "
#define ARROW		" OPERATOR(pg_catalog.->) "
#define ARROW_TEXT	" OPERATOR(pg_catalog.->>) "
#define CONTAINS	" OPERATOR(pg_catalog.@>) "

/* generated SQL may grow to this; expressions can multiply */
#define MAX_SQL		(1024 * 1024)

/* A conjunction of triples being compiled. */
typedef struct Bgp
{
	Where	   *w;
	Bindings   *bindings;
	StringInfoData from;
	StringInfoData conditions;
	JldValue   *subjects;		/* subject -> alias of its row */
} Bgp;

static void bad_pattern(const JldValue *pattern, const char *why) pg_attribute_noreturn();
static char *compile_group(Where *w, const JldValue *patterns, Bindings *bindings);
static char *finish(const char *from, const char *conditions, const Bindings *bindings,
					Bindings *out, const char *alias);
static const char *jsonb_param(Where *w, const JldValue *v);
static void bind_value(Bgp *bgp, int variable, const char *sql);
static char *compile_nodes(Where *w, const char *chain, JldValue *nodes,
						   Bindings *bindings);
static void node_triples(Bgp *bgp, JldValue *node, const char **alias_out,
						 const char **term_out);

static void
bad_pattern(const JldValue *pattern, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid pattern in \"where\": %s", why),
			 errdetail("The pattern is %s.", jld_excerpt(pattern))));
}

/* --- variables and parameters --------------------------------------------- */

static bool
is_variable(JldStr s)
{
	if (s.len < 2 || s.data[0] != '?')
		return false;
	for (int i = 1; i < s.len; i++)
		if (!isalnum((unsigned char) s.data[i]) && s.data[i] != '_' && s.data[i] != '-')
			return false;
	return true;
}

static JldStr
mark(JldStr s)
{
	if (!is_variable(s))
		return s;
	return jld_str_cat(JLD_STR(VARIABLE_IRI), (JldStr) {s.data + 1, s.len - 1});
}

JldValue *
where_mark_variables(JldValue *v)
{
	JldValue   *marked;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	switch (v->type)
	{
		case JLD_STRING:
			return is_variable(v->u.string) ? jld_new_string(mark(v->u.string)) : v;
		case JLD_ARRAY:
			marked = jld_new_array(v->n);
			for (int i = 0; i < v->n; i++)
				jld_push(marked, where_mark_variables(v->u.items[i]));
			return marked;
		case JLD_OBJECT:
			{
				JldValue   *variable = jld_get(v, JLD_STR("@variable"));

				if (variable && v->n == 1)
					return where_mark_variables(variable);
			}
			marked = jld_new_object(v->n);
			for (int i = 0; i < v->n; i++)
			{
				JldMember  *m = &v->u.object.members[i];

				if (jld_is(m->key, "@context") || jld_is(m->key, "@value"))
					jld_put(marked, m->key, m->value);
				else
					jld_put(marked, mark(m->key), where_mark_variables(m->value));
			}
			return marked;
		default:
			return v;
	}
}

int
where_variable(Where *w, JldStr iri)
{
	int			prefix = sizeof(VARIABLE_IRI) - 1;
	JldStr		name = {iri.data + prefix, iri.len - prefix};

	if (iri.len <= prefix || memcmp(iri.data, VARIABLE_IRI, prefix) != 0)
		return -1;
	for (int i = 0; i < w->variables->n; i++)
		if (jld_eq(w->variables->u.items[i]->u.string, name))
			return i;
	if (w->variables->n == WHERE_MAX_VARIABLES)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("too many variables"),
				 errdetail("At most %d are possible.", WHERE_MAX_VARIABLES)));
	jld_push(w->variables, jld_new_string(name));
	return w->variables->n - 1;
}

int
where_variable_value(Where *w, const JldValue *value)
{
	JldValue   *inner;

	if (jld_is_string(value))
		return where_variable(w, value->u.string);
	if (!jld_is_object(value))
		return -1;
	inner = jld_get(value, JLD_STR("@value"));
	if (inner == NULL && value->n == 1)
		inner = jld_get(value, JLD_STR("@id"));
	return jld_is_string(inner) ? where_variable(w, inner->u.string) : -1;
}

const char *
where_param(Where *w, Oid type, Datum value)
{
	if (w->nparams == WHERE_MAX_PARAMS)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("too many constants in \"where\""),
				 errdetail("At most %d are possible.", WHERE_MAX_PARAMS)));
	w->types[w->nparams] = type;
	w->params[w->nparams] = value;
	return psprintf("$%d", ++w->nparams);
}

static const char *
jsonb_param(Where *w, const JldValue *v)
{
	return where_param(w, JSONBOID, JsonbPGetDatum(jld_to_jsonb(v)));
}

static const char *
text_param(Where *w, JldStr s)
{
	return where_param(w, TEXTOID, PointerGetDatum(cstring_to_text_with_len(s.data, s.len)));
}

/* --- node maps ------------------------------------------------------------ */

/*
 * A variable takes the value of an expression: bound for the first time, or
 * one more condition.
 */
static void
bind_value(Bgp *bgp, int variable, const char *sql)
{
	Binding    *b = &bgp->bindings->of[variable];

	if (b->sql == NULL)
	{
		b->sql = sql;
		b->certain = true;
	}
	else if (b->certain)
		appendStringInfo(&bgp->conditions, " AND %s" AND_EQ "%s", b->sql, sql);
	else
	{
		appendStringInfo(&bgp->conditions, " AND (%s IS NULL OR %s" AND_EQ "%s)",
						 b->sql, b->sql, sql);
		b->sql = psprintf("COALESCE(%s, %s)", b->sql, sql);
		b->certain = true;
	}
}

/* The row of a subject: its alias, found or joined. */
static const char *
subject_row(Bgp *bgp, JldStr id, int variable)
{
	JldValue   *known = jld_get(bgp->subjects, id);
	char	   *alias;

	if (known)
		return jld_cstr(known->u.string);
	alias = psprintf("n%d", bgp->w->aliases++);
	jld_put(bgp->subjects, jld_str_copy(id), jld_new_string(jld_str(alias)));
	appendStringInfo(&bgp->from, " CROSS JOIN %s AS %s", bgp->w->ledger->nodes, alias);
	appendStringInfo(&bgp->conditions, " AND %s.graph" AND_EQ "%s", alias,
					 text_param(bgp->w, bgp->w->graph));
	if (id.data == NULL)
		return alias;
	if (variable < 0)
		appendStringInfo(&bgp->conditions, " AND %s.iri" AND_EQ "%s", alias,
						 text_param(bgp->w, id));
	else
	{
		Binding    *b = &bgp->bindings->of[variable];

		if (b->sql && b->certain)
			appendStringInfo(&bgp->conditions, " AND %s.iri" AND_EQ "(%s" ARROW_TEXT "'@id')",
							 alias, b->sql);
		else
			bind_value(bgp, variable,
					   psprintf("pg_catalog.jsonb_build_object('@id', %s.iri)", alias));
	}
	return alias;
}

/* The pattern (row, key, value): key is the member of the stored document. */
static void
triple(Bgp *bgp, const char *alias, JldStr key, JldValue *value)
{
	Where	   *w = bgp->w;
	bool		is_type = jld_is(key, "@type");
	int			variable = where_variable_value(w, value);
	int			predicate = where_variable(w, key);
	const char *values = psprintf("%s.doc" ARROW "%s", alias, predicate < 0 ? text_param(w, key) : "''");
	const char *item = psprintf("e%d", w->aliases++);
	const char *object = psprintf("%s.value", item);

	if (jld_is_list_object(value))
		bad_pattern(value, "a list cannot be matched, only bound by a variable");
	if (predicate >= 0)
	{
		const char *entry = psprintf("p%d", w->aliases++);

		appendStringInfo(&bgp->from, " CROSS JOIN LATERAL pg_catalog.jsonb_each(%s.doc" " OPERATOR(pg_catalog.-) '@id'::pg_catalog.text) AS %s",
						 alias, entry);
		bind_value(bgp, predicate,
				   psprintf("pg_catalog.jsonb_build_object('@id', CASE %s.key WHEN '@type' THEN '" RDF_TYPE "' ELSE %s.key END)",
							entry, entry));
		values = psprintf("%s.value", entry);
		object = psprintf("CASE %s.key WHEN '@type' THEN pg_catalog.jsonb_build_object('@id', %s.value) ELSE %s.value END",
						  entry, item, item);
	}
	else if (is_type)
		object = psprintf("pg_catalog.jsonb_build_object('@id', %s.value)", item);

	if (variable < 0 && jld_has(value, JLD_STR("@index")))
	{
		value = jld_copy_shallow(value);
		(void) jld_remove(value, JLD_STR("@index"));
	}
	if (variable < 0 && predicate < 0)
	{
		/* the index finds it, the rest makes it exact */
		JldValue   *doc = jld_new_object(1);

		jld_put(doc, key, jld_array_of(value));
		appendStringInfo(&bgp->conditions, " AND %s.doc" CONTAINS "%s", alias, jsonb_param(w, doc));
		if (!is_type && !jld_has(value, JLD_STR("@id")))
			appendStringInfo(&bgp->conditions,
							 " AND EXISTS (SELECT FROM pg_catalog.jsonb_array_elements(%s) AS %s WHERE %s.value" AND_EQ "%s)",
							 values, item, item, jsonb_param(w, value));
		return;
	}
	appendStringInfo(&bgp->from, " CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(%s) AS %s",
					 values, item);
	if (variable < 0)
	{
		if (is_type || jld_is_string(value))
			bad_pattern(value, "@type cannot stand beside a variable predicate");
		appendStringInfo(&bgp->conditions, " AND %s" AND_EQ "%s", object, jsonb_param(w, value));
		return;
	}
	if (bgp->bindings->of[variable].sql && bgp->bindings->of[variable].certain &&
		predicate < 0 && !is_type)
		appendStringInfo(&bgp->conditions,
						 " AND %s.doc" CONTAINS "pg_catalog.jsonb_build_object(%s, pg_catalog.jsonb_build_array(%s))",
						 alias, text_param(w, key), bgp->bindings->of[variable].sql);
	bind_value(bgp, variable, object);
}

/*
 * The triples of an expanded node and of those nested in it.  Answers the alias
 * of its row, or NULL for a bare reference, and its term.
 */
static void
node_triples(Bgp *bgp, JldValue *node, const char **alias_out, const char **term_out)
{
	JldValue   *id = jld_get(node, JLD_STR("@id"));
	int			variable = id ? where_variable(bgp->w, id->u.string) : -1;
	const char *alias;

	check_stack_depth();
	if (id == NULL)
		id = jld_new_string(jld_str(psprintf("_:pattern %d", bgp->w->aliases++)));
	else if (variable < 0)
		payload_check_iri(id->u.string);

	/* a nameless subject is a row without a condition on its name */
	if (jld_is_blank_node_id(id->u.string) && strncmp(id->u.string.data, "_:pattern ", 10) == 0)
	{
		alias = psprintf("n%d", bgp->w->aliases++);
		appendStringInfo(&bgp->from, " CROSS JOIN %s AS %s", bgp->w->ledger->nodes, alias);
		appendStringInfo(&bgp->conditions, " AND %s.graph" AND_EQ "%s", alias,
						 text_param(bgp->w, bgp->w->graph));
	}
	else
		alias = subject_row(bgp, id->u.string, variable);
	*alias_out = alias;
	*term_out = psprintf("pg_catalog.jsonb_build_object('@id', %s.iri)", alias);

	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[i];

		if (jld_is(m->key, "@id") || jld_is(m->key, "@index"))
			continue;
		if (m->key.data[0] == '@' && !jld_is(m->key, "@type"))
			bad_pattern(node, psprintf("%s has no place here", jld_cstr(m->key)));
		for (int k = 0; k < m->value->n; k++)
		{
			JldValue   *value = m->value->u.items[k];
			const char *inner;
			const char *term;

			if (!jld_is_node_object(value) ||
				(value->n == 1 && jld_has(value, JLD_STR("@id"))))
			{
				triple(bgp, alias, m->key, value);
				continue;
			}
			/* a nested node: its row, and the reference to it */
			node_triples(bgp, value, &inner, &term);
			if (where_variable(bgp->w, m->key) >= 0)
				bad_pattern(node, "a nested node cannot stand under a variable");
			appendStringInfo(&bgp->conditions,
							 " AND %s.doc" CONTAINS "pg_catalog.jsonb_build_object(%s, pg_catalog.jsonb_build_array(%s))",
							 alias, text_param(bgp->w, m->key), term);
			appendStringInfo(&bgp->conditions,
							 " AND %s.iri IN (SELECT r.value" ARROW_TEXT "'@id' FROM pg_catalog.jsonb_array_elements(%s.doc" ARROW "%s) AS r)",
							 inner, alias, text_param(bgp->w, m->key));
		}
	}
}

static char *
compile_nodes(Where *w, const char *chain, JldValue *nodes, Bindings *bindings)
{
	Bgp			bgp = {w, bindings};
	Bindings	out;
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *sql;

	for (int i = 0; i < WHERE_MAX_VARIABLES; i++)
		if (bindings->of[i].sql)
			bindings->of[i].sql = psprintf("%s.v%d", q, i);
	initStringInfo(&bgp.from);
	initStringInfo(&bgp.conditions);
	bgp.subjects = jld_new_object(4);
	appendStringInfo(&bgp.from, "(%s) AS %s", chain, q);

	for (int i = 0; i < nodes->n; i++)
	{
		JldValue   *expanded = jsonld_expand(w->proc, nodes->u.items[i]);

		for (int k = 0; k < expanded->n; k++)
		{
			const char *alias;
			const char *term;

			node_triples(&bgp, expanded->u.items[k], &alias, &term);
		}
	}
	sql = finish(bgp.from.data, bgp.conditions.data, bindings, &out, NULL);
	*bindings = out;
	return sql;
}

/* --- groups --------------------------------------------------------------- */

/*
 * "SELECT every bound variable FROM from WHERE true conditions".  *out has the
 * same variables, as columns of alias (NULL: not to be used before the caller
 * names it).
 */
static char *
finish(const char *from, const char *conditions, const Bindings *bindings,
	   Bindings *out, const char *alias)
{
	StringInfoData sql;
	const char *separator = "";

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	*out = *bindings;
	for (int i = 0; i < WHERE_MAX_VARIABLES; i++)
	{
		if (bindings->of[i].sql == NULL)
			continue;
		appendStringInfo(&sql, "%s%s AS v%d", separator, bindings->of[i].sql, i);
		out->of[i].sql = alias ? psprintf("%s.v%d", alias, i) : psprintf("v%d", i);
		separator = ", ";
	}
	if (from)
		appendStringInfo(&sql, " FROM %s", from);
	appendStringInfo(&sql, " WHERE true%s", conditions);
	if (sql.len > MAX_SQL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("\"where\" is too complex")));
	return sql.data;
}

/* The bindings as columns of a subquery that is about to get this alias. */
static void
rename_bindings(Bindings *bindings, const char *alias)
{
	for (int i = 0; i < WHERE_MAX_VARIABLES; i++)
		if (bindings->of[i].sql)
			bindings->of[i].sql = psprintf("%s.v%d", alias, i);
}

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

	rename_bindings(bindings, q);
	inner = *bindings;
	group = compile_group(w, operands(pattern), &inner);
	all = *bindings;
	for (int i = 0; i < WHERE_MAX_VARIABLES; i++)
	{
		if (inner.of[i].sql == NULL || (all.of[i].sql && all.of[i].certain))
			continue;
		all.of[i].sql = all.of[i].sql ?
			psprintf("COALESCE(%s, %s.v%d)", all.of[i].sql, r, i) : psprintf("%s.v%d", r, i);
		all.of[i].certain = false;
	}
	return finish(psprintf("(%s) AS %s LEFT JOIN LATERAL (%s) AS %s ON true", chain, q, group, r),
				  "", &all, bindings, NULL);
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
		bad_pattern(pattern, "a union needs branches");
	rename_bindings(bindings, q);
	for (int i = 0; i < n; i++)
	{
		JldValue   *one = pattern->u.items[i + 1];

		branch[i] = *bindings;
		sql[i] = compile_group(w, one, &branch[i]);
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
	rename_bindings(&all, r);
	return finish(psprintf("(%s) AS %s CROSS JOIN LATERAL (%s) AS %s", chain, q, united.data, r),
				  "", &all, bindings, NULL);
}

static char *
compile_exists(Where *w, const char *chain, const JldValue *pattern, bool not,
			   Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	Bindings	inner;
	char	   *group;

	rename_bindings(bindings, q);
	inner = *bindings;
	group = compile_group(w, operands(pattern), &inner);
	return finish(psprintf("(%s) AS %s", chain, q),
				  psprintf(" AND %sEXISTS (%s)", not ? "NOT " : "", group),
				  bindings, bindings, NULL);
}

static char *
compile_minus(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *r = psprintf("r%d", w->aliases++);
	Bindings	inner = {0};
	char	   *group = compile_group(w, operands(pattern), &inner);
	StringInfoData compatible;
	StringInfoData shared;

	rename_bindings(bindings, q);
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
	return finish(psprintf("(%s) AS %s", chain, q),
				  shared.len == 0 ? "" :
				  psprintf(" AND NOT EXISTS (SELECT FROM (%s) AS %s WHERE (%s)%s)",
						   group, r, shared.data, compatible.data),
				  bindings, bindings, NULL);
}

/* [vars, rows] */
static char *
compile_values(Where *w, const char *chain, JldValue *vars, JldValue *rows,
			   Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	char	   *r = psprintf("r%d", w->aliases++);
	JldValue   *terms = jld_new_array(rows->n);
	StringInfoData conditions;

	if (!jld_is_array(vars))
		vars = jld_array_of(vars);
	if (!jld_is_array(rows))
		bad_pattern(rows, "rows of values must be an array");
	for (int i = 0; i < rows->n; i++)
	{
		JldValue   *row = rows->u.items[i];
		JldValue   *out = jld_new_array(vars->n);

		if (!jld_is_array(row))
			row = jld_array_of(row);
		if (row->n != vars->n)
			bad_pattern(row, "a row has not as many values as there are variables");
		for (int k = 0; k < row->n; k++)
		{
			JldValue   *value = row->u.items[k];

			if (value->type == JLD_NULL || value->type == JLD_ARRAY)
				bad_pattern(row, "null and arrays cannot be values");
			if (value->type == JLD_OBJECT)
			{
				/* by the context, as the value of some property */
				JldValue   *holder = jld_new_object(1);
				JldValue   *expanded;

				jld_put(holder, JLD_STR("urn:upsert:values"), value);
				expanded = jsonld_expand(w->proc, holder);
				value = jld_get(expanded->u.items[0], JLD_STR("urn:upsert:values"));
				if (value->n != 1)
					bad_pattern(row, "not one value");
				value = value->u.items[0];
			}
			else
			{
				JldValue   *literal = jld_new_object(1);

				jld_put(literal, JLD_STR("@value"), value);
				value = literal;
			}
			jld_push(out, value);
		}
		jld_push(terms, out);
	}

	rename_bindings(bindings, q);
	initStringInfo(&conditions);
	for (int k = 0; k < vars->n; k++)
	{
		int			v = where_variable_value(w, vars->u.items[k]);
		Binding    *b;
		char	   *sql = psprintf("(%s.value" ARROW "%d)", r, k);

		if (v < 0)
			bad_pattern(vars, "values need the names of variables");
		b = &bindings->of[v];
		if (b->sql)
			appendStringInfo(&conditions, " AND (%s%s IS NULL OR %s" AND_EQ "%s)",
							 b->certain ? "false AND " : "", b->sql, b->sql, sql);
		b->sql = b->sql ? psprintf("COALESCE(%s, %s)", b->sql, sql) : sql;
		b->certain = true;
	}
	return finish(psprintf("(%s) AS %s CROSS JOIN pg_catalog.jsonb_array_elements(%s) AS %s",
						   chain, q, jsonb_param(w, terms), r),
				  conditions.data, bindings, bindings, NULL);
}

static char *
compile_filter(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	char	   *q = psprintf("q%d", w->aliases++);
	StringInfoData conditions;

	rename_bindings(bindings, q);
	initStringInfo(&conditions);
	for (int i = 1; i < pattern->n; i++)
		appendStringInfo(&conditions, " AND (%s)", where_filter(w, pattern->u.items[i], bindings));
	return finish(psprintf("(%s) AS %s", chain, q), conditions.data, bindings, bindings, NULL);
}

static char *
compile_bind(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	for (int i = 1; i + 1 < pattern->n; i += 2)
	{
		char	   *q = psprintf("q%d", w->aliases++);
		int			v = where_variable_value(w, pattern->u.items[i]);

		if (v < 0 || bindings->of[v].sql)
			bad_pattern(pattern, "bind needs a variable that is not bound yet");
		rename_bindings(bindings, q);
		bindings->of[v].sql = where_bind(w, pattern->u.items[i + 1], bindings);
		bindings->of[v].certain = false;
		chain = finish(psprintf("(%s) AS %s", chain, q), "", bindings, bindings, NULL);
	}
	if (pattern->n % 2 == 0 || pattern->n < 3)
		bad_pattern(pattern, "bind takes pairs of variable and expression");
	return (char *) chain;
}

static char *
compile_operator(Where *w, const char *chain, const JldValue *pattern, Bindings *bindings)
{
	JldStr		name = pattern->u.items[0]->u.string;

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
			bad_pattern(pattern, "values take variables and rows");
		return compile_values(w, chain, args->u.items[first], args->u.items[first + 1], bindings);
	}
	bad_pattern(pattern, "unknown operator");
}

/* patterns: one, or an array of such; bindings go in from outside and out. */
static char *
compile_group(Where *w, const JldValue *patterns, Bindings *bindings)
{
	JldValue   *list;
	JldValue   *nodes = jld_new_array(1);
	char	   *chain;

	check_stack_depth();
	if (!jld_is_array(patterns) ||
		(patterns->n > 0 && jld_is_string(patterns->u.items[0])))
	{
		list = jld_new_array(1);
		jld_push(list, (JldValue *) patterns);
	}
	else
		list = (JldValue *) patterns;

	chain = finish(NULL, "", bindings, bindings, NULL);
	for (int i = 0; i <= list->n; i++)
	{
		JldValue   *pattern = i < list->n ? list->u.items[i] : NULL;

		CHECK_FOR_INTERRUPTS();
		if (pattern && jld_is_object(pattern))
		{
			jld_push(nodes, pattern);
			continue;
		}
		if (nodes->n > 0)
		{
			chain = compile_nodes(w, chain, nodes, bindings);
			nodes = jld_new_array(1);
		}
		if (pattern == NULL)
			break;
		if (!jld_is_array(pattern) || pattern->n == 0)
			bad_pattern(pattern, "neither a node nor an operator");
		chain = jld_is_string(pattern->u.items[0]) ?
			compile_operator(w, chain, pattern, bindings) :
			(bad_pattern(pattern, "neither a node nor an operator"), NULL);
	}
	return chain;
}

char *
where_compile(Where *w, JldValue *where, JldValue *values, Bindings *bindings)
{
	JldValue   *all = jld_new_array(2);

	memset(bindings, 0, sizeof(Bindings));
	if (values)
	{
		JldValue   *pattern;

		if (!jld_is_array(values) || values->n != 2)
			bad_pattern(values, "values take variables and rows");
		pattern = jld_array_of(jld_new_string(JLD_STR("values")));
		jld_push(pattern, values->u.items[0]);
		jld_push(pattern, values->u.items[1]);
		jld_push(all, pattern);
	}
	if (where)
	{
		if (jld_is_array(where) &&
			!(where->n > 0 && jld_is_string(where->u.items[0])))
			jld_push_all(all, where);
		else
			jld_push(all, where);
	}
	return compile_group(w, all, bindings);
}
