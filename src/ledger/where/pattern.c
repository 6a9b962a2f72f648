/*
 * pattern.c
 *		Node patterns -> SQL: rows, values and paths.
 *
 *		{"@id": "?s", "p": "?o", "q": 1}	FROM (chain) CROSS JOIN nodes n1
 *											CROSS JOIN values of n1.doc->'p' e2
 *											WHERE n1.doc @> {"q": [1]} ...
 *
 * A subject is a row of the table of nodes.  A constant value is a containment
 * that the GIN index of the table answers, and then exact equality; a variable
 * is unnested from the document, and where two patterns share one, as subject
 * and value, the equality is written so that both the primary key and the GIN
 * index can serve it.
 *
 * To a pattern, a list is one value; {"@list": [item ...]} is a list that has
 * these items, wherever in it.  @reverse is taken out before anything else:
 * it says the same triples from their other end.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "jsonld/context.h"
#include "ledger/log.h"
#include "ledger/naming.h"
#include "ledger/term.h"
#include "ledger/where/where.h"
#include "upsert.h"

/* A triple whose predicate is a path; it is joined when all others are. */
typedef struct PathTriple
{
	GraphScope	scope;
	JldValue   *subject;		/* {"@id"} */
	JldStr		key;
	JldValue   *object;
	bool		done;
} PathTriple;

/* A conjunction of triples being compiled. */
typedef struct Bgp
{
	Where	   *w;
	Bindings   *bindings;
	StringInfoData from;
	StringInfoData conditions;
	JldValue   *subjects;		/* subject -> alias of its row, in this scope */
	List	   *paths;			/* of PathTriple */
} Bgp;

static void bind_value(Bgp *bgp, int variable, const char *sql);
static void bind_iri(Bgp *bgp, int variable, const char *sql);
static const char *new_row(Bgp *bgp);
static void any_graph(Bgp *bgp, const char *alias);
static void match(Bgp *bgp, const char *alias, JldStr key, JldValue *value, bool in_list);
static const char *node_triples(Bgp *bgp, JldValue *node);
static JldValue *name_walker(Bgp *bgp, JldValue *node);
static void graph_triples(Bgp *bgp, JldValue *graph);
static JldValue *forward(Where *w, JldValue *node, JldValue *more);

/* --- rows ----------------------------------------------------------------- */

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

/* The same for a column that has an IRI, so that its index can serve. */
static void
bind_iri(Bgp *bgp, int variable, const char *sql)
{
	Binding    *b = &bgp->bindings->of[variable];

	if (b->sql && b->certain)
		appendStringInfo(&bgp->conditions, " AND %s" AND_EQ "(%s" ARROW_TEXT "'@id')", sql, b->sql);
	else
		bind_value(bgp, variable, psprintf("pg_catalog.jsonb_build_object('@id', %s)", sql));
}

/* One more row of the table, in the graph that is asked: its alias. */
static const char *
new_row(Bgp *bgp)
{
	Where	   *w = bgp->w;
	const char *alias = psprintf("n%d", w->aliases++);

	if (w->scope.relation || (w->scope.variable < 0 && jld_is(w->scope.name, COMMITS_GRAPH)))
	{
		appendStringInfo(&bgp->from, " CROSS JOIN %s AS %s", where_scope_relation(w), alias);
		return alias;
	}
	appendStringInfo(&bgp->from, " CROSS JOIN %s AS %s", where_relation(w), alias);
	if (w->scope.variable < 0)
	{
		appendStringInfo(&bgp->conditions, " AND %s.graph" AND_EQ "%s", alias,
						 where_text_param(w, w->scope.name));
		return alias;
	}
	any_graph(bgp, alias);
	return alias;
}

/* A row's graph, or that of several, is one that the variable may stand for. */
static void
any_graph(Bgp *bgp, const char *alias)
{
	Where	   *w = bgp->w;

	appendStringInfo(&bgp->conditions, " AND %s.graph OPERATOR(pg_catalog.<>) ''", alias);
	if (w->named)
	{
		appendStringInfo(&bgp->conditions, " AND %s.graph" AND_EQ "ANY (ARRAY[''", alias);
		for (int i = 0; i < w->named->n; i++)
			appendStringInfo(&bgp->conditions, ", %s",
							 where_text_param(w, w->named->u.object.members[i].value->u.string));
		appendStringInfoString(&bgp->conditions, "]::pg_catalog.text[])");
	}
	bind_iri(bgp, w->scope.variable, psprintf("%s.graph", alias));
}

/* The row of a subject: its alias, found or joined. */
static const char *
subject_row(Bgp *bgp, JldStr id, int variable)
{
	JldValue   *known = jld_get(bgp->subjects, id);
	const char *alias;

	if (known)
		return jld_cstr(known->u.string);
	alias = new_row(bgp);
	jld_put(bgp->subjects, jld_str_copy(id), jld_new_string(jld_str(alias)));
	if (variable < 0)
		appendStringInfo(&bgp->conditions, " AND %s.iri" AND_EQ "%s", alias,
						 where_text_param(bgp->w, id));
	else
		bind_iri(bgp, variable, psprintf("%s.iri", alias));
	return alias;
}

/* --- triples -------------------------------------------------------------- */

/*
 * What the index on keys is asked: the row has something under key; value (SQL):
 * this, if it is a reference.
 */
static void
has_key(Bgp *bgp, const char *alias, JldStr key, const char *value)
{
	Where	   *w = bgp->w;

	if (w->ledger->has_keys && where_is_table(w))
		appendStringInfo(&bgp->conditions,
						 " AND %s.keys" CONTAINS "ARRAY[%s.ledger_key(%s, %s)]",
						 alias, w->schema, where_text_param(w, key),
						 value ? value : "'{}'::pg_catalog.jsonb");
}

/* The row has this value (SQL) under key. */
static void
contains(Bgp *bgp, const char *alias, JldStr key, bool in_list, const char *value)
{
	has_key(bgp, alias, key, value);
	appendStringInfo(&bgp->conditions,
					 in_list ? " AND %s.doc" CONTAINS "pg_catalog.jsonb_build_object(%s, pg_catalog.jsonb_build_array("
					 "pg_catalog.jsonb_build_object('@list', pg_catalog.jsonb_build_array(%s))))" :
					 " AND %s.doc" CONTAINS "pg_catalog.jsonb_build_object(%s, pg_catalog.jsonb_build_array(%s))",
					 alias, where_text_param(bgp->w, key), value);
}

/* The values under a key, unnested, as something for FROM; NULL in lists: none. */
static char *
unnested(const char *values, const char *item, bool in_list, Where *w)
{
	const char *list;

	if (!in_list)
		return psprintf("%s.ledger_values(%s) AS %s", w->schema, values, item);
	list = psprintf("l%d", w->aliases++);
	return psprintf("%s.ledger_values(%s) AS %s "
					"CROSS JOIN LATERAL %s.ledger_values(%s.value" ARROW "'@list') AS %s",
					w->schema, values, list, w->schema, list, item);
}

/*
 * The pattern (row, key, value): key is the member of the stored document.  A
 * variable that is to be a list is bound to none of the other values.
 */
static void
triple(Bgp *bgp, const char *alias, JldStr key, JldValue *value, bool in_list,
	   bool is_list)
{
	Where	   *w = bgp->w;
	bool		is_type = jld_is(key, "@type");
	int			variable = where_variable_value(w, value);
	int			predicate = where_variable(w, key);
	const char *values;
	const char *item = psprintf("e%d", w->aliases++);
	const char *object = psprintf("%s.value", item);
	const Binding *known = variable < 0 ? NULL : &bgp->bindings->of[variable];

	if (variable < 0 && jld_is_object(value))
	{
		value = jld_copy_shallow(value);
		(void) jld_remove(value, JLD_STR("@index"));
		if (jld_is_value_object(value))
			value = term_normal(where_unmark(value));
	}
	if (variable < 0 && predicate >= 0 && jld_is_string(value))
		where_bad_pattern(value, "@type cannot stand beside a variable predicate");
	if (predicate >= 0)
	{
		const char *entry = psprintf("p%d", w->aliases++);

		appendStringInfo(&bgp->from, " CROSS JOIN LATERAL %s.ledger_members(%s.doc OPERATOR(pg_catalog.-) '@id'::pg_catalog.text) AS %s",
						 w->schema, alias, entry);
		bind_value(bgp, predicate,
				   psprintf("pg_catalog.jsonb_build_object('@id', CASE WHEN %s.key" AND_EQ "'@type' THEN '" RDF_TYPE "' ELSE %s.key END)",
							entry, entry));
		values = psprintf("%s.value", entry);
		object = psprintf("CASE WHEN %s.key" AND_EQ "'@type' THEN pg_catalog.jsonb_build_object('@id', %s.value) ELSE %s.value END",
						  entry, item, item);
	}
	else
	{
		values = psprintf("%s.doc" ARROW "%s", alias, where_text_param(w, key));
		if (is_type)
			object = psprintf("pg_catalog.jsonb_build_object('@id', %s.value)", item);
	}

	if (variable < 0 && predicate < 0)
	{
		/* the index finds it, the rest makes it exact */
		contains(bgp, alias, key, in_list, where_jsonb_param(w, value));
		if (!is_type && !jld_has(value, JLD_STR("@id")))
			appendStringInfo(&bgp->conditions, " AND EXISTS (SELECT FROM %s WHERE %s.value" AND_EQ "%s)",
							 unnested(values, item, in_list, w), item, where_jsonb_param(w, value));
		return;
	}
	appendStringInfo(&bgp->from, " CROSS JOIN LATERAL %s", unnested(values, item, in_list, w));
	if (is_list)
		appendStringInfo(&bgp->conditions, " AND %s.value OPERATOR(pg_catalog.?) '@list'", item);
	if (variable < 0)
	{
		appendStringInfo(&bgp->conditions, " AND %s" AND_EQ "%s", object, where_jsonb_param(w, value));
		return;
	}
	if (known->sql && known->certain && predicate < 0 && !is_type)
		contains(bgp, alias, key, in_list, known->sql);
	else if (predicate < 0)
		has_key(bgp, alias, key, NULL);
	bind_value(bgp, variable, object);
}

/* {"@id"} of a node that has one */
static JldValue *
reference_to(JldValue *node)
{
	JldValue   *reference = jld_new_object(1);

	jld_put(reference, JLD_STR("@id"), jld_get(node, JLD_STR("@id")));
	return reference;
}

/* A node from which paths start, with a variable if it has no name. */
static JldValue *
name_walker(Bgp *bgp, JldValue *node)
{
	bool		walks = false;

	for (int i = 0; i < node->n; i++)
		walks = walks || where_is_path(node->u.object.members[i].key);
	if (!walks || jld_has(node, JLD_STR("@id")))
		return node;
	node = jld_copy_shallow(node);
	jld_put(node, JLD_STR("@id"), jld_new_string(jld_str_cat(JLD_STR(VARIABLE_IRI),
															 jld_str(psprintf(" %d", bgp->w->aliases++)))));
	return node;
}

/* Under key stands a node of which more is said: its row, and the reference. */
static void
reference(Bgp *bgp, const char *alias, JldStr key, JldValue *node, bool in_list)
{
	const char *inner;
	const char *item = psprintf("e%d", bgp->w->aliases++);
	const char *values = psprintf("%s.doc" ARROW "%s", alias, where_text_param(bgp->w, key));

	node = name_walker(bgp, node);
	inner = node_triples(bgp, node);
	if (where_variable(bgp->w, key) >= 0)
		where_bad_pattern(node, "a nested node cannot stand under a variable");
	if (inner == NULL)
	{
		triple(bgp, alias, key, reference_to(node), in_list, false);
		return;
	}
	contains(bgp, alias, key, in_list, psprintf("pg_catalog.jsonb_build_object('@id', %s.iri)", inner));
	appendStringInfo(&bgp->conditions, " AND %s.iri" AND_EQ "ANY (SELECT %s.value" ARROW_TEXT "'@id' FROM %s)",
					 inner, item, unnested(values, item, in_list, bgp->w));
}

static void
match(Bgp *bgp, const char *alias, JldStr key, JldValue *value, bool in_list)
{
	if (jld_is_list_object(value))
	{
		bool		explicit;
		JldValue   *items = where_list_items(value, &explicit);

		/* what a context made a list, a variable binds whole */
		if (!explicit && items->n == 1 && !in_list && where_may_be_list(bgp->w, items->u.items[0]))
		{
			triple(bgp, alias, key, items->u.items[0], false, true);
			return;
		}
		if (in_list)
			where_bad_pattern(value, "a list of lists is never stored");
		if (items->n == 0)
			where_bad_pattern(value, "an empty list is never stored");
		if (where_variable(bgp->w, key) >= 0)
			where_bad_pattern(value, "a list cannot stand under a variable");
		for (int i = 0; i < items->n; i++)
			match(bgp, alias, key, items->u.items[i], true);
	}
	else if (!jld_is_node_object(value) ||
			 (value->n == 1 && jld_has(value, JLD_STR("@id"))))
		triple(bgp, alias, key, value, in_list, false);
	else if (jld_has(value, JLD_STR("@graph")))
		where_bad_pattern(value, "a graph cannot be a value");
	else
		reference(bgp, alias, key, value, in_list);
}

/* The node reaches something by a path. */
static void
add_path(Bgp *bgp, JldValue *node, JldStr key, JldValue *object)
{
	PathTriple *path = palloc0(sizeof(PathTriple));

	if (jld_is_list_object(object) || jld_has(object, JLD_STR("@graph")))
		where_bad_pattern(object, "a list or a graph cannot stand under a path");
	if (jld_is_node_object(object) && (object->n != 1 || !jld_has(object, JLD_STR("@id"))))
	{
		if (!jld_has(object, JLD_STR("@id")))
		{
			object = jld_copy_shallow(object);
			jld_put(object, JLD_STR("@id"), jld_new_string(jld_str_cat(JLD_STR(VARIABLE_IRI),
																	   jld_str(psprintf(" %d", bgp->w->aliases++)))));
		}
		(void) node_triples(bgp, object);
		object = reference_to(object);
	}
	path->scope = bgp->w->scope;
	path->subject = reference_to(node);
	path->key = key;
	path->object = object;
	bgp->paths = lappend(bgp->paths, path);
}

/* What an end of a path is, in SQL; NULL: a variable (to *variable) that is not known yet. */
static const char *
known_end(Bgp *bgp, JldValue *end, int *variable)
{
	const Binding *b;

	*variable = where_variable_value(bgp->w, end);
	if (*variable < 0)
	{
		end = jld_copy_shallow(end);
		(void) jld_remove(end, JLD_STR("@index"));
		if (jld_is_value_object(end))
			end = term_normal(where_unmark(end));
		return where_jsonb_param(bgp->w, end);
	}
	b = &bgp->bindings->of[*variable];
	return b->sql && b->certain ? b->sql : NULL;
}

static bool
is_known(Bgp *bgp, JldValue *end)
{
	int			variable = where_variable_value(bgp->w, end);

	return variable < 0 || (bgp->bindings->of[variable].sql && bgp->bindings->of[variable].certain);
}

/* Joins a path. */
static void
path_triple(Bgp *bgp, PathTriple *path)
{
	Where	   *w = bgp->w;
	GraphScope	scope = w->scope;
	const char *graph = NULL;
	const char *start;
	const char *other;
	const char *alias = psprintf("p%d", w->aliases++);
	bool		backwards = !is_known(bgp, path->subject) && is_known(bgp, path->object);
	int			start_variable;
	int			other_variable;

	w->scope = path->scope;
	if (w->scope.variable >= 0)
	{
		const Binding *b = &bgp->bindings->of[w->scope.variable];

		if (b->sql == NULL || !b->certain)
		{
			const char *graphs = psprintf("g%d", w->aliases++);

			appendStringInfo(&bgp->from, " CROSS JOIN (SELECT DISTINCT n.graph FROM %s AS n) AS %s", where_relation(w), graphs);
			any_graph(bgp, graphs);
		}
		graph = psprintf("(%s" ARROW_TEXT "'@id')", b->sql);
	}
	else if (w->scope.relation == NULL && !jld_is(w->scope.name, COMMITS_GRAPH))
		graph = where_text_param(w, w->scope.name);
	start = known_end(bgp, backwards ? path->object : path->subject, &start_variable);
	other = known_end(bgp, backwards ? path->subject : path->object, &other_variable);
	appendStringInfo(&bgp->from, " CROSS JOIN LATERAL %s AS %s", where_walk(w, path->key, backwards, start, graph), alias);
	if (start == NULL)
		bind_value(bgp, start_variable, psprintf("%s.s", alias));
	if (other_variable < 0)
		appendStringInfo(&bgp->conditions, " AND %s.o" AND_EQ "%s", alias, other);
	else
		bind_value(bgp, other_variable, psprintf("%s.o", alias));
	w->scope = scope;
}

/* Joins all paths: as long as there are such, those that start somewhere. */
static void
path_triples(Bgp *bgp)
{
	for (int i = 0; i < list_length(bgp->paths); i++)
	{
		PathTriple *next = NULL;
		ListCell   *lc;

		foreach(lc, bgp->paths)
		{
			PathTriple *path = lfirst(lc);

			if (!path->done &&
				(next == NULL || is_known(bgp, path->subject) || is_known(bgp, path->object)))
				next = path;
			if (next && !next->done &&
				(is_known(bgp, next->subject) || is_known(bgp, next->object)))
				break;
		}
		path_triple(bgp, next);
		next->done = true;
	}
}

/* The triples of an expanded node and of those nested in it: its row. */
static const char *
node_triples(Bgp *bgp, JldValue *node)
{
	JldValue   *id = jld_get(node, JLD_STR("@id"));
	int			variable = id ? where_variable(bgp->w, id->u.string) : -1;
	const char *alias;

	bool		paths_only = node->n > 1;

	check_stack_depth();
	if (id && variable < 0)
		name_check_iri(id->u.string);
	for (int i = 0; i < node->n; i++)
		paths_only = paths_only && (jld_is(node->u.object.members[i].key, "@id") ||
									where_is_path(node->u.object.members[i].key));
	/* a nameless subject is a row without a condition on its name */
	alias = paths_only ? NULL : id ? subject_row(bgp, id->u.string, variable) : new_row(bgp);

	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[i];

		CHECK_FOR_INTERRUPTS();
		if (jld_is(m->key, "@id") || jld_is(m->key, "@index"))
			continue;
		if (m->key.data[0] == '@' && !jld_is(m->key, "@type"))
			where_bad_pattern(node, psprintf("%s has no place here", jld_cstr(m->key)));
		for (int k = 0; k < m->value->n; k++)
		{
			if (where_is_path(m->key))
				add_path(bgp, node, m->key, m->value->u.items[k]);
			else
				match(bgp, alias, m->key, m->value->u.items[k], false);
		}
	}
	return alias;
}

/* A named graph: its nodes, in a scope of their own. */
static void
graph_triples(Bgp *bgp, JldValue *graph)
{
	Where	   *w = bgp->w;
	GraphScope	scope = w->scope;
	JldValue   *subjects = bgp->subjects;
	JldValue   *name = jld_get(graph, JLD_STR("@id"));
	JldValue   *nodes = jld_get(graph, JLD_STR("@graph"));

	if (name == NULL || graph->n != 2)
		where_bad_pattern(graph, "a graph has a name, and nodes under @graph");
	if (where_variable(w, name->u.string) < 0 && !jld_is(name->u.string, COMMITS_GRAPH))
		name_check_iri(name->u.string);
	w->scope = where_scope(w, name->u.string);
	bgp->subjects = jld_new_object(4);
	for (int i = 0; i < nodes->n; i++)
	{
		if (jld_has(nodes->u.items[i], JLD_STR("@graph")))
			where_bad_pattern(graph, "a graph in a graph");
		(void) node_triples(bgp, name_walker(bgp, nodes->u.items[i]));
	}
	w->scope = scope;
	bgp->subjects = subjects;
}

/* --- @reverse ------------------------------------------------------------- */

/* The same for an array of values: those of which something is left. */
static JldValue *
forward_values(Where *w, JldValue *values, JldValue *more)
{
	JldValue   *forwarded = jld_new_array(values->n);

	for (int i = 0; i < values->n; i++)
	{
		JldValue   *value = values->u.items[i];
		JldValue   *list = jld_is_object(value) ? jld_get(value, JLD_STR("@list")) : NULL;

		if (list)
		{
			JldValue   *object = jld_new_object(1);

			jld_put(object, JLD_STR("@list"), forward_values(w, list, more));
			value = object;
		}
		else if (jld_is_node_object(value))
			value = forward(w, value, more);
		jld_push(forwarded, value);
	}
	return forwarded;
}

/*
 * A node without @reverse, in it and in what is nested in it; what @reverse
 * said goes to the array more, as nodes.
 */
static JldValue *
forward(Where *w, JldValue *node, JldValue *more)
{
	JldValue   *forwarded = jld_new_object(node->n);
	JldValue   *reverse = jld_get(node, JLD_STR("@reverse"));
	JldValue   *id = jld_get(node, JLD_STR("@id"));

	check_stack_depth();
	if (id && naming_is_local(id->u.string))
	{
		/* a label stands for some node, as a variable does */
		id = jld_new_string(jld_str_cat(JLD_STR(VARIABLE_IRI), id->u.string));
		node = jld_copy_shallow(node);
		jld_put(node, JLD_STR("@id"), id);
	}
	if (reverse && id == NULL)
	{
		id = jld_new_string(jld_str_cat(JLD_STR(VARIABLE_IRI),
										jld_str(psprintf(" %d", w->aliases++))));
		jld_put(forwarded, JLD_STR("@id"), id);
	}
	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[i];

		CHECK_FOR_INTERRUPTS();
		if (jld_is(m->key, "@graph"))
		{
			JldValue   *inside = jld_new_array(m->value->n);

			jld_push_all(inside, forward_values(w, m->value, inside));
			jld_put(forwarded, m->key, inside);
		}
		else if (jld_is_array(m->value))
			jld_put(forwarded, m->key, forward_values(w, m->value, more));
		else if (!jld_is(m->key, "@reverse"))
			jld_put(forwarded, m->key, m->value);
	}
	for (int i = 0; reverse && i < reverse->n; i++)
	{
		JldMember  *m = &reverse->u.object.members[i];

		for (int k = 0; k < m->value->n; k++)
		{
			JldValue   *other = forward(w, m->value->u.items[k], more);
			JldValue   *back = jld_new_object(1);

			jld_put(back, JLD_STR("@id"), id);
			jld_add_value(other, m->key, back, true);
			jld_push(more, other);
		}
	}
	return forwarded;
}

/* --- node maps ------------------------------------------------------------ */

char *
where_nodes(Where *w, const char *chain, JldValue *nodes, Bindings *bindings)
{
	Bgp			bgp = {w, bindings};
	Bindings	out;
	char	   *q = psprintf("q%d", w->aliases++);
	JldValue   *all = jld_new_array(nodes->n);
	char	   *sql;

	where_rename(bindings, q);
	initStringInfo(&bgp.from);
	initStringInfo(&bgp.conditions);
	bgp.subjects = jld_new_object(4);
	appendStringInfo(&bgp.from, "(%s) AS %s", chain, q);

	for (int i = 0; i < nodes->n; i++)
	{
		JldValue   *expanded = jsonld_expand(w->proc, where_graph_nodes(w, nodes->u.items[i]));

		for (int k = 0; k < expanded->n; k++)
		{
			JldValue   *node = expanded->u.items[k];
			JldValue   *rest = forward(w, node, all);

			/* of a node that only @reverse spoke of, nothing is left */
			if (rest->n > 1 || !jld_has(node, JLD_STR("@reverse")))
				jld_push(all, rest);
		}
	}
	for (int i = 0; i < all->n; i++)
	{
		if (jld_has(all->u.items[i], JLD_STR("@graph")))
			graph_triples(&bgp, all->u.items[i]);
		else
			(void) node_triples(&bgp, name_walker(&bgp, all->u.items[i]));
	}
	path_triples(&bgp);
	sql = where_finish(bgp.from.data, bgp.conditions.data, bindings, &out);
	*bindings = out;
	return sql;
}
