/*
 * dataset.c
 *		Graphs: their names, and what patterns are asked of: "from", "fromNamed",
 *		and "graph".
 *
 *		"from": "db"						the default graph
 *		"from": ["db", "ex:g"]				both, as one graph
 *		"from": "db@t:5"					as it was after t = 5, and so are
 *		"from": {"@id": "db", "t": 5,		the named graphs
 *				 "graph": "ex:g"}
 *
 * Of several graphs, and of a past one, no index knows: the nodes of several
 * are put together (ledger_merge), those of a past one read backwards
 * (ledger_state).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "jsonld/context.h"
#include "ledger/history.h"
#include "ledger/log.h"
#include "ledger/name.h"
#include "ledger/where/where.h"
#include "upsert.h"

/* --- their names ---------------------------------------------------------- */

/* "#txn-meta", or the ledger's name before it. */
static bool
is_commits_graph(Where *w, JldStr label)
{
	int			suffix = strlen(COMMITS_GRAPH);
	JldStr		ledger = {label.data, label.len - suffix};

	return ledger.len >= 0 &&
		memcmp(label.data + ledger.len, COMMITS_GRAPH, suffix) == 0 &&
		(ledger.len == 0 || ledger_is_name(w->ledger, ledger));
}

/* The IRI that a name has by itself: an alias, or "default"; else the name. */
static JldStr
graph_label(Where *w, const JldValue *name)
{
	JldValue   *alias;

	if (!jld_is_string(name))
		where_bad_pattern(name, "the name of a graph must be a string");
	if (is_commits_graph(w, name->u.string))
		return JLD_STR(COMMITS_GRAPH);
	alias = w->named ? jld_get(w->named, name->u.string) : NULL;
	return alias ? alias->u.string :
		jld_is(name->u.string, "default") ? JLD_STR(DEFAULT_GRAPH_IRI) : name->u.string;
}

JldStr
where_graph_name(Where *w, const JldValue *name)
{
	JldStr		label = graph_label(w, name);
	JldStr		iri;

	if (jld_is(label, COMMITS_GRAPH))
		return label;
	iri = context_expand_iri(w->proc, context_initial(w->proc), label, true, false);

	if (where_variable(w, label) < 0)
		name_check_iri(iri.data ? iri : label);
	return iri;
}

/* A node that stands in a named graph. */
static JldValue *
graph_node(JldStr name, JldValue *nodes)
{
	JldValue   *graph = jld_new_object(2);

	jld_put(graph, JLD_STR("@id"), jld_new_string(name));
	jld_put(graph, JLD_STR("@graph"), nodes);
	return graph;
}

JldValue *
where_graph_nodes(Where *w, JldValue *nodes)
{
	check_stack_depth();
	if (jld_is_array(nodes) && nodes->n > 0 && jld_is_string(nodes->u.items[0]))
	{
		JldValue   *members = jld_new_array(nodes->n);

		if (!jld_is(nodes->u.items[0]->u.string, "graph") || nodes->n < 3)
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
					 errmsg("an array in \"delete\" or \"insert\" must be of nodes, or [\"graph\", name, node ...]"),
					 errdetail("There is %s.", where_excerpt(nodes))));
		for (int i = 2; i < nodes->n; i++)
			jld_push(members, where_graph_nodes(w, nodes->u.items[i]));
		return graph_node(graph_label(w, nodes->u.items[1]), members);
	}
	if (jld_is_array(nodes))
	{
		JldValue   *all = jld_new_array(nodes->n);

		for (int i = 0; i < nodes->n; i++)
			jld_push(all, where_graph_nodes(w, nodes->u.items[i]));
		return all;
	}
	if (jld_is_object(nodes) && jld_is_string(jld_get(nodes, JLD_STR("@graph"))))
	{
		JldValue   *node = jld_copy_shallow(nodes);
		JldValue   *context = jld_get(node, JLD_STR("@context"));
		JldValue   *graph = graph_node(graph_label(w, jld_get(node, JLD_STR("@graph"))), NULL);

		(void) jld_remove(node, JLD_STR("@graph"));
		(void) jld_remove(node, JLD_STR("@context"));
		jld_put(graph, JLD_STR("@graph"), jld_array_of(node));
		if (context)
			jld_put(graph, JLD_STR("@context"), context);
		return graph;
	}
	return nodes;
}

GraphScope
where_scope(Where *w, JldStr name)
{
	GraphScope	scope = {name, where_variable(w, name)};

	if (jld_is(name, DEFAULT_GRAPH_IRI))
		scope.name = JLD_STR("");
	else if (scope.variable < 0 && w->named)
	{
		bool		found = false;

		for (int i = 0; i < w->named->n && !found; i++)
			found = jld_eq(w->named->u.object.members[i].value->u.string, name);
		/* a name that no graph can have */
		if (!found)
			scope.name = JLD_STR("_:");
	}
	return scope;
}

/* --- which are asked ------------------------------------------------------ */

/* The graph that "graph" or "from" names; the ledger's own name: the default. */
JldStr
where_read_graph(Where *w, const char *key, JldValue *name)
{
	JldStr		graph;

	if (jld_is_array(name) && name->n == 1)
		name = name->u.items[0];
	if (jld_has(name, JLD_STR("graph")) && name->n == 1)
		name = jld_get(name, JLD_STR("graph"));
	if (jld_is_array(name) && name->n == 1)
		name = name->u.items[0];
	if (jld_is_array(name))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" can name one graph only", key)));
	if (jld_is_string(name) && ledger_is_name(w->ledger, name->u.string))
		return JLD_STR("");
	if (!jld_is_string(name))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("\"%s\" must name a graph", key),
				 errdetail("It is %s.", jld_excerpt(name))));
	graph = where_graph_name(w, name);
	return jld_is(graph, DEFAULT_GRAPH_IRI) ? JLD_STR("") : graph;
}

/*
 * fromNamed: names, {"alias", "graph"}, or an object of aliases: alias -> IRI.
 * The names are those of graphs, so none is an alias while they are read.
 */
JldValue *
where_read_from_named(Where *w, JldValue *named)
{
	JldValue   *graphs = jld_new_object(4);

	if (jld_is_object(named) && !jld_has(named, JLD_STR("graph")))
	{
		for (int i = 0; i < named->n; i++)
		{
			JldMember  *m = &named->u.object.members[i];
			JldValue   *name = jld_is_object(m->value) ? jld_get(m->value, JLD_STR("@graph")) : m->value;

			jld_put(graphs, m->key, jld_new_string(where_read_graph(w, "fromNamed", name ? name : m->value)));
		}
		return graphs;
	}
	if (!jld_is_array(named))
		named = jld_array_of(named);
	for (int i = 0; i < named->n; i++)
	{
		JldValue   *item = named->u.items[i];
		JldValue   *name = jld_is_object(item) ? jld_get(item, JLD_STR("graph")) : item;
		JldValue   *alias = jld_is_object(item) ? jld_get(item, JLD_STR("alias")) : NULL;

		if (alias == NULL)
			alias = name;
		if (!jld_is_string(alias))
			alias = item;
		jld_put(graphs, jld_is_string(alias) ? alias->u.string : JLD_STR("?"),
				jld_new_string(where_read_graph(w, "fromNamed", name ? name : item)));
	}
	return graphs;
}

/* --- from ----------------------------------------------------------------- */

/* "t:5", "t:latest" or "iso:...": -1 is the present. */
static int64
read_time(Where *w, JldStr time)
{
	char	   *text = jld_cstr(time);
	int64		t;

	if (strcmp(text, "t:latest") == 0)
		return -1;
	if (strncmp(text, "iso:", 4) == 0)
	{
		ledger_need_history(w->ledger);
		t = history_t_at(w->ledger,
						 DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
																 CStringGetDatum(text + 4),
																 ObjectIdGetDatum(InvalidOid),
																 Int32GetDatum(-1))));
	}
	else if (strncmp(text, "t:", 2) == 0)
		t = DatumGetInt64(DirectFunctionCall1(int8in, CStringGetDatum(text + 2)));
	else
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"from\" cannot name the time \"%s\"", text),
				 errhint("Write @t:N, @t:latest or @iso:TIME behind the name of the ledger.")));
	ledger_check_t(w->ledger, t);
	return t;
}

/* One of "from": its graph, and when. */
static JldStr
read_source(Where *w, JldValue *source, int64 *t)
{
	JldValue   *name = jld_is_object(source) ? jld_get(source, JLD_STR("@id")) : source;
	JldValue   *graph = jld_is_object(source) ? jld_get(source, JLD_STR("graph")) : NULL;
	JldValue   *time = jld_is_object(source) ? jld_get(source, JLD_STR("t")) : NULL;
	const char *at = jld_is_string(name) ?
	memchr(name->u.string.data, '@', name->u.string.len) : NULL;

	*t = -1;
	for (int i = 0; jld_is_object(source) && i < source->n; i++)
	{
		JldStr		key = source->u.object.members[i].key;

		if (!jld_is(key, "@id") && !jld_is(key, "graph") && !jld_is(key, "t"))
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
					 errmsg("\"from\" has no \"%s\"", jld_cstr(key)),
					 errhint("It has @id, graph and t.")));
	}
	if (at)
	{
		JldStr		ledger = {name->u.string.data, at - name->u.string.data};

		if (ledger_is_name(w->ledger, ledger))
		{
			*t = read_time(w, (JldStr) {at + 1, name->u.string.len - ledger.len - 1});
			name = jld_new_string(ledger);
		}
	}
	if (time && time->type == JLD_NUMBER)
	{
		*t = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(time->u.number)));
		ledger_check_t(w->ledger, *t);
	}
	else if (time && !(jld_is_string(time) && jld_is(time->u.string, "latest")))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("\"t\" must be a number or \"latest\""),
				 errdetail("It is %s.", jld_excerpt(time))));
	if (graph && name && !(jld_is_string(name) && ledger_is_name(w->ledger, name->u.string)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"from\" can read this ledger only"),
				 errdetail("It says %s.", jld_excerpt(name))));
	return where_read_graph(w, "from", graph ? graph : name ? name : source);
}

void
where_read_from(Where *w, JldValue *from)
{
	JldValue   *graphs = jld_new_object(1);
	int			n = jld_is_array(from) ? from->n : 1;
	Datum	   *names;

	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("\"from\" must name a graph")));
	for (int i = 0; i < n; i++)
	{
		int64		t;
		JldStr		graph = read_source(w, jld_is_array(from) ? from->u.items[i] : from, &t);

		if (i > 0 && t != w->t)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("\"from\" can name one time only")));
		w->t = t;
		jld_put(graphs, graph, &jld_true);
	}
	if (graphs->n == 1)
	{
		w->scope.name = graphs->u.object.members[0].key;
		return;
	}
	names = palloc(sizeof(Datum) * graphs->n);
	for (int i = 0; i < graphs->n; i++)
	{
		JldStr		graph = graphs->u.object.members[i].key;

		if (jld_is(graph, COMMITS_GRAPH))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("the commits can be read in a graph of their own only"),
					 errhint("Use [\"graph\", \"" COMMITS_GRAPH "\", ...] in \"where\".")));
		names[i] = jld_text_datum(graph);
	}
	w->scope.relation =
		psprintf("(SELECT n.iri, %s.ledger_merge(pg_catalog.jsonb_agg(n.doc)) AS doc FROM %s AS n WHERE n.graph" AND_EQ "ANY (%s) GROUP BY n.iri)",
				 w->schema, where_relation(w),
				 where_param(w, TEXTARRAYOID,
							 PointerGetDatum(construct_array(names, graphs->n, TEXTOID, -1,
															 false, TYPALIGN_INT))));
}

const char *
where_relation(Where *w)
{
	if (w->t < 0)
		return w->ledger->nodes;
	return psprintf("%s.ledger_state(%s, %s)", w->schema, where_text_param(w, jld_str(w->ledger->name)),
					where_param(w, INT8OID, Int64GetDatum(w->t)));
}

const char *
where_scope_relation(Where *w)
{
	return w->scope.relation ? w->scope.relation : commit_relation(w->ledger);
}

bool
where_is_table(const Where *w)
{
	return w->t < 0 && w->scope.relation == NULL && !jld_is(w->scope.name, COMMITS_GRAPH);
}
