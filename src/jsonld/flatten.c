/*
 * flatten.c
 *		The Flattening Algorithm, and the SQL function over it.
 *
 * Owns the step from a node map back to a document: one array of nodes, with
 * each named graph under @graph of the node that names it.  It knows node
 * maps and, for the optional context, compaction; nothing of RDF.
 *
 *		node map { "@default": {...}, "g": {...} }
 *		  ->  [ {"@id": "a", ...}, {"@id": "g", "@graph": [...]}, ... ]
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "call/argument.h"
#include "jsonld/nodemap.h"

static JldValue *nodes_in_order(JldValue *graph);

JldValue *
jsonld_flatten(JldProcessor *proc, JldValue *expanded)
{
	NodeMap		map;
	JldValue   *default_graph;
	int		   *sorted;

	node_map_generate(&map, proc, expanded);
	default_graph = jld_get(map.graphs, JLD_STR("@default"));

	sorted = jld_sorted(map.graphs);
	for (int i = 0; i < map.graphs->n; i++)
	{
		JldMember  *named = &map.graphs->u.object.members[sorted[i]];
		JldValue   *entry;

		if (jld_is(named->key, "@default"))
			continue;
		entry = jld_get(default_graph, named->key);
		if (entry == NULL)
		{
			entry = jld_new_object(2);
			jld_put(entry, JLD_STR("@id"), jld_new_string(named->key));
			jld_put(default_graph, named->key, entry);
		}
		jld_put(entry, JLD_STR("@graph"), nodes_in_order(named->value));
	}
	return nodes_in_order(default_graph);
}

/*
 * The nodes of a graph that have more than an @id, by code point order of
 * their ids: the specification leaves the order free unless "ordered" is
 * set, and one order for all is the more useful answer.
 */
static JldValue *
nodes_in_order(JldValue *graph)
{
	JldValue   *nodes = jld_new_array(graph->n);
	int		   *sorted = jld_sorted(graph);

	for (int i = 0; i < graph->n; i++)
	{
		JldValue   *node = graph->u.object.members[sorted[i]].value;

		CHECK_FOR_INTERRUPTS();
		if (node->n > 1)
			jld_push(nodes, node);
	}
	return nodes;
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(jsonld_flatten_sql);

/* jsonld_flatten(doc jsonb, context jsonb, options jsonb) → jsonb */
Datum
jsonld_flatten_sql(PG_FUNCTION_ARGS)
{
	JldProcessor proc;
	JldValue   *doc;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	jsonld_begin(&proc, argument_jsonb(fcinfo, 2));
	doc = jld_from_jsonb(PG_GETARG_JSONB_P(0));
	doc = jsonld_flatten(&proc, jsonld_expand(&proc, doc));
	if (!PG_ARGISNULL(1))
	{
		JldValue   *context = jld_from_jsonb(PG_GETARG_JSONB_P(1));

		if (context->type != JLD_NULL)
			doc = jsonld_compact(&proc, doc, context, true);
	}
	PG_RETURN_POINTER(jld_to_jsonb(doc));
}
