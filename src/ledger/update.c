/*
 * update.c
 *		ledger_update: where, delete, insert.
 *
 *		where  -> one SQL query (where.c) -> rows of bindings
 *		delete -> template, once per row -> nodes to retract
 *		insert -> template, once per row -> nodes to add
 *
 * Templates are expanded first, with variables in them as IRIs, and filled in
 * after that; what comes out goes the way of every payload.  A triple with a
 * variable that a row leaves unbound is left out, as in SPARQL Update.
 *
 * What "where" saw may be old news by the time it is acted upon.  So if there
 * is something to change, the rows to be changed are locked and "where" is
 * asked again, until it names no other rows: then what it saw of them holds.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/schema.h"
#include "base/spivalue.h"
#include "call/argument.h"
#include "ledger/envelope.h"
#include "ledger/naming.h"
#include "ledger/stored.h"
#include "ledger/unique.h"
#include "ledger/where/where.h"
#include "upsert.h"

/* rounds of locking and asking again */
#define MAX_ROUNDS	10

typedef struct Update
{
	Ledger	   *ledger;
	JldProcessor proc;
	Where		where;
	JldStr		graph;			/* where templates write; empty: the default
								 * graph */
	JldValue   *delete;			/* expanded templates, or NULL */
	JldValue   *insert;
	char	   *query;			/* NULL: no where, the templates stand once */
	uint64		solution;		/* number of the row that fills them */
	Bindings	bindings;
} Update;

static JldValue *fill_value(Update *u, JldValue *value, JldValue **row);
static JldValue *fill_list(Update *u, JldValue *list, JldValue **row);
static JldValue *fill_reverse(Update *u, JldValue *reverse, JldValue **row);
static JldValue *fill_node(Update *u, JldValue *node, JldValue **row);
static void refuse_blank(const JldValue *value);
static List *solve(Update *u);
static bool lock_nodes(Update *u, List *changes, JldValue *locked);
static bool changes_anything(Update *u, List *changes);

/* --- templates ------------------------------------------------------------ */

/* The term of a variable in a row, or NULL. */
static JldValue *
bound(Update *u, int variable, JldValue **row)
{
	return u->bindings.of[variable].sql ? row[variable] : NULL;
}

/* The IRI of a variable in a row; JLD_NOSTR if it is bound to none. */
static JldStr
bound_iri(Update *u, int variable, JldValue **row)
{
	JldValue   *term = bound(u, variable, row);
	JldValue   *id = term ? jld_get(term, JLD_STR("@id")) : NULL;

	return id ? id->u.string : JLD_NOSTR;
}

/* A label in a template is another node for each solution. */
static JldStr
row_label(const Update *u, JldStr id)
{
	return naming_is_local(id) ?
		jld_str_cat(id, jld_str(psprintf("." UINT64_FORMAT, u->solution))) : id;
}

static JldValue *
fill_values(Update *u, JldValue *values, JldValue **row)
{
	JldValue   *filled = jld_new_array(values->n);

	for (int i = 0; i < values->n; i++)
	{
		JldValue   *value = fill_value(u, values->u.items[i], row);

		if (value)
			jld_push(filled, value);
	}
	return filled;
}

/* A value of a template; NULL: it has an unbound variable. */
static JldValue *
fill_value(Update *u, JldValue *value, JldValue **row)
{
	int			variable = where_variable_value(&u->where, value);

	check_stack_depth();
	if (jld_is_string(value))	/* of @type */
	{
		JldStr		iri = variable < 0 ? row_label(u, value->u.string) :
		bound_iri(u, variable, row);

		return iri.data ? jld_new_string(iri) : NULL;
	}
	if (variable >= 0)
		return bound(u, variable, row);
	if (jld_is_list_object(value))
		return fill_list(u, value, row);
	return jld_is_node_object(value) ? fill_node(u, value, row) : where_unmark(value);
}

/* A list, or the variable that is bound to one. */
static JldValue *
fill_list(Update *u, JldValue *list, JldValue **row)
{
	JldValue   *filled = jld_new_object(1);
	bool		explicit;
	JldValue   *items = where_list_items(list, &explicit);

	if (!explicit && items->n == 1 && where_variable_value(&u->where, items->u.items[0]) >= 0)
	{
		JldValue   *value = fill_value(u, items->u.items[0], row);

		if (value == NULL || jld_is_list_object(value))
			return value;
		items = jld_array_of(value);
	}
	else
		items = fill_values(u, items, row);
	for (int i = 0; i < items->n; i++)
		if (jld_is_list_object(items->u.items[i]))
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
					 errmsg("a list cannot be an item of a list"),
					 errdetail("The template is %s.", where_excerpt(list))));
	jld_put(filled, JLD_STR("@list"), items);
	return filled;
}

/* The nodes under @reverse, by predicate. */
static JldValue *
fill_reverse(Update *u, JldValue *reverse, JldValue **row)
{
	JldValue   *filled = jld_new_object(reverse->n);

	for (int i = 0; i < reverse->n; i++)
	{
		JldMember  *m = &reverse->u.object.members[i];
		int			variable = where_variable(&u->where, m->key);
		JldStr		key = variable < 0 ? m->key : bound_iri(u, variable, row);
		JldValue   *nodes = jld_new_array(m->value->n);

		for (int k = 0; k < m->value->n; k++)
		{
			JldValue   *node = fill_node(u, m->value->u.items[k], row);

			if (node)
				jld_push(nodes, node);
		}
		if (key.data && nodes->n > 0)
			jld_add_value(filled, key, nodes, true);
	}
	return filled;
}

static JldValue *
fill_node(Update *u, JldValue *node, JldValue **row)
{
	JldValue   *filled = jld_new_object(node->n);

	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[i];
		int			variable = where_variable(&u->where, m->key);
		JldStr		key = m->key;

		CHECK_FOR_INTERRUPTS();
		if (jld_is(key, "@id"))
		{
			JldStr		id = m->value->u.string;

			variable = where_variable(&u->where, id);
			id = variable < 0 ? row_label(u, id) : bound_iri(u, variable, row);
			if (id.data == NULL)
				return NULL;
			jld_put(filled, key, jld_new_string(id));
			continue;
		}
		if (jld_is(key, "@reverse"))
		{
			jld_put(filled, key, fill_reverse(u, m->value, row));
			continue;
		}
		if (variable >= 0)
		{
			JldValue   *values;

			key = bound_iri(u, variable, row);
			if (key.data == NULL)
				continue;
			values = fill_values(u, m->value, row);
			if (jld_is(key, RDF_TYPE))
			{
				/* types are stored as IRIs, not as references */
				for (int k = 0; k < values->n; k++)
				{
					JldValue   *id = jld_get(values->u.items[k], JLD_STR("@id"));

					if (id)
						jld_add_value(filled, JLD_STR("@type"), id, true);
				}
				continue;
			}
			jld_add_value(filled, key, values, true);
			continue;
		}
		if (jld_is_array(m->value))
			jld_add_value(filled, key, fill_values(u, m->value, row), true);
		else
			jld_put(filled, key, m->value);
	}
	return filled;
}

/* A template of what to delete names its nodes. */
static void
refuse_blank(const JldValue *value)
{
	JldValue   *id;

	check_stack_depth();
	if (jld_is_array(value))
	{
		for (int i = 0; i < value->n; i++)
			refuse_blank(value->u.items[i]);
		return;
	}
	if (!jld_is_object(value) || jld_has(value, JLD_STR("@value")))
		return;
	id = jld_get(value, JLD_STR("@id"));
	if (jld_is_node_object(value) && (id == NULL || naming_is_local(id->u.string)))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 id ? errmsg("a label of the document's own cannot stand in \"delete\"") :
				 errmsg("a node without @id cannot stand in \"delete\""),
				 errdetail("The node is %s.", where_excerpt(value)),
				 errhint("Bind it by a variable in \"where\", or give the label that the ledger has for it.")));
	for (int i = 0; i < value->n; i++)
	{
		JldMember  *m = &value->u.object.members[i];

		if (jld_is_array(m->value))
			refuse_blank(m->value);
		for (int k = 0; jld_is(m->key, "@reverse") && k < m->value->n; k++)
			refuse_blank(m->value->u.object.members[k].value);
	}
}

/* --- solutions ------------------------------------------------------------ */

/* Adds what a template says to the changes, by node. */
static void
add_changes(Update *u, JldValue *filled, bool retract, JldValue *places, List **changes)
{
	List	   *nodes;
	ListCell   *lc;

	if (filled->n == 0)
		return;
	nodes = payload_nodes(&u->proc, filled, NULLS_IGNORE,
						  PAYLOAD_BY_CONTENT | PAYLOAD_TERMS);
	foreach(lc, nodes)
	{
		PayloadNode *node = lfirst(lc);
		NodeChange *change;
		JldValue   *place;
		JldStr		key;

		if (node->graph.len == 0)
			node->graph = u->graph;
		else if (jld_is(node->graph, DEFAULT_GRAPH_IRI))
			node->graph = JLD_STR("");
		key = jld_str_cat(jld_str_cat(node->graph, JLD_STR("\n")), node->id);
		place = jld_get(places, key);
		if (place)
			change = list_nth(*changes, place->n);
		else
		{
			/* the place in the list, as the length of an array of nothing */
			place = jld_new_array(0);
			place->n = list_length(*changes);
			jld_put(places, key, place);
			change = palloc0(sizeof(NodeChange));
			change->graph = node->graph;
			change->id = node->id;
			change->mode = NODE_UPDATE;
			*changes = lappend(*changes, change);
		}
		if (retract)
			change->retract = node->node;
		else
			change->node = node->node;
	}
}

/* One order, whatever the plan of the query was. */
static int
compare_changes(const ListCell *a, const ListCell *b)
{
	const NodeChange *x = lfirst(a);
	const NodeChange *y = lfirst(b);
	int			order = jld_cmp(x->graph, y->graph);

	return order != 0 ? order : jld_cmp(x->id, y->id);
}

/* Runs the query and fills the templates: a List of NodeChange. */
static List *
solve(Update *u)
{
	JldValue   *gone = jld_new_array(0);
	JldValue   *new = jld_new_array(0);
	JldValue   *row[WHERE_MAX_VARIABLES] = {0};
	List	   *changes = NIL;
	JldValue   *places = jld_new_object(8);
	uint64		n = 1;

	if (u->query)
	{
		int			result = SPI_execute_with_args(u->query, u->where.nparams, u->where.types,
												   u->where.params, NULL, true, 0);

		if (result != SPI_OK_SELECT)
			elog(ERROR, "SPI_execute_with_args returned %s", SPI_result_code_string(result));
		n = SPI_processed;
	}
	for (uint64 i = 0; i < n; i++)
	{
		int			column = 0;

		CHECK_FOR_INTERRUPTS();
		u->solution = i;
		for (int v = 0; v < WHERE_MAX_VARIABLES; v++)
		{
			bool		isnull;
			Datum		value;

			if (u->bindings.of[v].sql == NULL)
				continue;
			value = spi_value(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, ++column,
							  JSONBOID, &isnull);
			row[v] = isnull ? NULL : jld_from_jsonb(DatumGetJsonbPCopy(value));
		}
		for (int k = 0; u->delete && k < u->delete->n; k++)
		{
			JldValue   *node = fill_node(u, u->delete->u.items[k], row);

			if (node)
				jld_push(gone, node);
		}
		for (int k = 0; u->insert && k < u->insert->n; k++)
		{
			JldValue   *node = fill_node(u, u->insert->u.items[k], row);

			if (node)
				jld_push(new, node);
		}
	}
	add_changes(u, gone, true, places, &changes);
	add_changes(u, new, false, places, &changes);
	list_sort(changes, compare_changes);
	return changes;
}

/* The keys of changes as two arrays. */
static void
key_arrays(List *changes, Datum *arrays)
{
	int			n = list_length(changes);
	Datum	   *graphs = palloc(sizeof(Datum) * Max(n, 1));
	Datum	   *iris = palloc(sizeof(Datum) * Max(n, 1));
	ListCell   *lc;

	foreach(lc, changes)
	{
		const NodeChange *change = lfirst(lc);
		int			i = foreach_current_index(lc);

		graphs[i] = jld_text_datum(change->graph);
		iris[i] = jld_text_datum(change->id);
	}
	arrays[0] = PointerGetDatum(construct_array(graphs, n, TEXTOID, -1, false, TYPALIGN_INT));
	arrays[1] = PointerGetDatum(construct_array(iris, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * The stored rows of changes, as "SELECT columns ... " with a tail; read_only:
 * by the active snapshot.
 */
static void
select_nodes(Update *u, List *changes, const char *columns, const char *tail,
			 bool read_only)
{
	Oid			types[] = {TEXTARRAYOID, TEXTARRAYOID};
	Datum		values[2];

	key_arrays(changes, values);
	if (SPI_execute_with_args(psprintf("SELECT %s FROM %s AS n JOIN ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k(graph, iri) "
									   "ON n.graph OPERATOR(pg_catalog.=) k.graph AND n.iri OPERATOR(pg_catalog.=) k.iri%s",
									   columns, u->ledger->nodes, tail),
							  2, types, values, NULL, read_only, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the nodes of a ledger");
}

/* Would the changes change the nodes as this transaction sees them now? */
static bool
changes_anything(Update *u, List *changes)
{
	JldValue   *docs = jld_new_object(8);
	ListCell   *lc;

	select_nodes(u, changes, "n.graph, n.iri, n.doc", "", true);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		char	   *key = psprintf("%s\n%s",
								   TextDatumGetCString(spi_value(tuple, desc, 1, TEXTOID, &isnull)),
								   TextDatumGetCString(spi_value(tuple, desc, 2, TEXTOID,
																 &isnull)));

		jld_put(docs, jld_str(key),
				stored_node(DatumGetJsonbPCopy(spi_value(tuple, desc, 3, JSONBOID, &isnull))));
	}
	foreach(lc, changes)
	{
		const NodeChange *change = lfirst(lc);
		JldStr		key = jld_str_cat(jld_str_cat(change->graph, JLD_STR("\n")), change->id);
		NodeDifference difference;

		CHECK_FOR_INTERRUPTS();
		(void) node_change(change, jld_get(docs, key), &difference);
		if (difference.nasserted + difference.nretracted > 0)
			return true;
	}
	return false;
}

/* Locks the rows of the changes; false if all were locked before. */
static bool
lock_nodes(Update *u, List *changes, JldValue *locked)
{
	bool		more = false;
	ListCell   *lc;

	foreach(lc, changes)
	{
		const NodeChange *change = lfirst(lc);
		JldStr		key = jld_str_cat(jld_str_cat(change->graph, JLD_STR("\n")), change->id);

		if (jld_get(locked, key))
			continue;
		jld_put(locked, key, &jld_true);
		more = true;
	}
	if (more)
		select_nodes(u, changes, "1",
					 " ORDER BY n.graph USING OPERATOR(pg_catalog.<), n.iri USING OPERATOR(pg_catalog.<) FOR NO KEY UPDATE OF n", false);
	return more;
}

/*
 * A new snapshot that sees our own writes.  The solutions and the nodes that
 * they are held against must come from one: between two, a node may become
 * just what stale solutions would make of it.
 */
static void
push_snapshot(void)
{
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
}

/* Nothing was to change when "where" was asked; so nothing does. */
static void
drop_changes(List *changes)
{
	ListCell   *lc;

	foreach(lc, changes)
	{
		NodeChange *change = lfirst(lc);

		change->node = NULL;
		change->retract = NULL;
	}
}

/* --- the transaction ------------------------------------------------------ */

/* A template: marked if there are variables to bind, and expanded. */
static JldValue *
read_template(Update *u, JldValue *template, bool variables)
{
	if (template == NULL || template->type == JLD_NULL)
		return NULL;
	if (!jld_is_object(template) && !jld_is_array(template))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("\"delete\" and \"insert\" must be nodes or arrays of nodes"),
				 errdetail("There is %s.", where_excerpt(template))));
	if (template->n == 0)
		return NULL;
	if (variables)
		template = where_mark_variables(template);
	template = where_mark_paths(&u->where, template);
	where_refuse_paths(template);
	template = jsonld_expand(&u->proc, where_graph_nodes(&u->where, template));
	return template->n > 0 ? template : NULL;
}

/* What an update may say beside where, delete, insert and values. */
typedef struct Keys
{
	JldValue   *context;
	JldValue   *where;
	JldValue   *values;
	JldValue   *delete;
	JldValue   *insert;
	JldValue   *graph;
	JldValue   *from;
	JldValue   *from_named;
	JldValue   *opts;
	JldValue   *ledger;
	JldValue   *metadata;
} Keys;

static void
read_keys(const JldValue *txn, Keys *keys)
{
	const struct
	{
		const char *name;
		JldValue  **value;
	}			known[] = {
		{"@context", &keys->context}, {"where", &keys->where}, {"values", &keys->values},
		{"delete", &keys->delete}, {"insert", &keys->insert}, {"graph", &keys->graph},
		{"from", &keys->from}, {"fromNamed", &keys->from_named}, {"from-named", &keys->from_named},
		{"opts", &keys->opts}, {"ledger", &keys->ledger}, {"txn-meta", &keys->metadata},
	};

	memset(keys, 0, sizeof(Keys));
	if (!jld_is_object(txn))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("an update must be a JSON object"),
				 errdetail("It is %s.", jld_excerpt(txn))));
	for (int i = 0; i < txn->n; i++)
	{
		JldMember  *m = &txn->u.object.members[i];
		char	   *name = jld_cstr(m->key);
		int			k = 0;

		while (k < lengthof(known) && strcmp(name, known[k].name) != 0)
			k++;
		if (k == lengthof(known))
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
					 errmsg("unknown key \"%s\" in an update", name),
					 errhint("Keys are @context, where, delete, insert, values, graph, from, fromNamed, opts, ledger and txn-meta.")));
		*known[k].value = m->value;
	}
	if (keys->delete == NULL && keys->insert == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("an update needs \"delete\" or \"insert\"")));
}

/* The graphs that the update speaks of: its own, and those of its patterns. */
static void
read_graphs(Update *u, const Keys *keys, const LedgerOptions *options)
{
	JldValue   *graph = keys->graph;

	if (graph && options->graph.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"graph\" is both in the update and an option")));
	if (options->graph.len > 0)
		graph = jld_new_string(options->graph);
	u->graph = graph ? where_read_graph(&u->where, "graph", graph) : JLD_STR("");
	u->where.scope.name = u->graph;
	u->where.scope.variable = -1;
	u->where.t = -1;
	if (keys->from)
		where_read_from(&u->where, keys->from);
	if (keys->from_named)
		u->where.named = where_read_from_named(&u->where, keys->from_named);
}

/* "where" as a query, and both templates. */
static void
read_update(Update *u, const Keys *keys)
{
	JldValue   *where = keys->where ? where_mark_variables(keys->where) : NULL;

	if (where || keys->values)
		u->query = where_compile(&u->where,
								 where ? where_mark_paths(&u->where, where) : NULL,
								 keys->values ? where_mark_variables(keys->values) : NULL,
								 &u->bindings);
	u->delete = read_template(u, keys->delete, u->query != NULL);
	u->insert = read_template(u, keys->insert, u->query != NULL);
	if (u->delete)
		refuse_blank(u->delete);
	/* "delete": [] may stand alone: it says that there is nothing to do */
	if (u->delete == NULL && u->insert == NULL &&
		(keys->insert || !jld_is_array(keys->delete)))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("the update says nothing"),
				 errdetail("Neither \"delete\" nor \"insert\" has a node with a predicate or a type.")));
}

static List *
solve_now(Update *u)
{
	List	   *changes;

	push_snapshot();
	changes = solve(u);
	PopActiveSnapshot();
	return changes;
}

/*
 * What is to be changed.  Where patterns say so, the nodes are locked, and
 * "where" is asked again until that locks no others.
 */
static List *
settle(Update *u)
{
	JldValue   *locked = jld_new_object(8);
	List	   *changes;
	bool		anything;

	push_snapshot();
	changes = solve(u);
	anything = u->query == NULL || changes_anything(u, changes);
	PopActiveSnapshot();
	if (!anything)
	{
		drop_changes(changes);
		return changes;
	}
	for (int round = 0; u->query && lock_nodes(u, changes, locked); round++)
	{
		if (round == MAX_ROUNDS)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not settle what \"where\" matches, as it keeps changing")));
		changes = solve_now(u);
	}
	return changes;
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(ledger_update);

static Datum
ledger_update_once(PG_FUNCTION_ARGS)
{
	LedgerOptions options;
	Update		u = {0};
	Keys		keys;
	LedgerApply how = {.message = &options.message};

	arguments_require(fcinfo, 2);
	read_keys(jld_from_jsonb(PG_GETARG_JSONB_P(1)), &keys);
	envelope_check_context(keys.context);
	envelope_options(argument_jsonb(fcinfo, 2), keys.opts,
					 LEDGER_OPTION_IRIS | LEDGER_OPTION_GRAPH | LEDGER_OPTION_MESSAGE |
					 LEDGER_OPTION_UNIQUE | LEDGER_OPTION_ONCE, &options);

	SPI_connect();
	u.ledger = ledger_open(PG_GETARG_TEXT_PP(0), false);
	envelope_check_ledger(u.ledger, keys.ledger);
	ledger_processor(u.ledger, &options, keys.context != NULL, &u.proc);
	if (keys.context)
		u.proc.options.expandContext = where_take_paths(&u.where, keys.context);
	if (keys.metadata)
		envelope_read_metadata(&u.proc, keys.metadata, &options.message);
	u.where.ledger = u.ledger;
	u.where.schema = upsert_schema_quoted();
	u.where.proc = &u.proc;
	u.where.variables = jld_new_array(4);
	read_graphs(&u, &keys, &options);
	if (options.unique)
		how.unique = unique_predicates(u.ledger, &u.proc, options.unique,
									   u.proc.options.expandContext);
	read_update(&u, &keys);
	return ledger_return(ledger_apply(u.ledger, settle(&u), &how));
}

/* ledger_update(ledger text, txn jsonb, options jsonb) -> jsonb */
Datum
ledger_update(PG_FUNCTION_ARGS)
{
	return envelope_remember(fcinfo, ledger_update_once);
}
