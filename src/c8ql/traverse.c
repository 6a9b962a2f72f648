/*
 * c8ql/traverse.c
 *		FOR v, e, p IN min..max OUTBOUND start edges: paths through edge
 *		collections.
 *
 * A path is a chain of nodes, each with the edge that led to it, down to the
 * start:
 *
 *		start  <-- edge -- vertex  <-- edge -- vertex		(depth 2)
 *
 * Depth first (the default) only the present path is there, and at each of its
 * nodes a cursor over the edges that are still to be followed.  Breadth first
 * all nodes that were reached are kept, in the order in which they are to be
 * followed; memory grows with them.  Edges are looked up by the columns that
 * edge collections have, _from and _to, which are indexed; vertices by their
 * key, and only if something uses them.
 *
 * Nothing is emitted twice but what the options allow: by default no edge is
 * twice on a path, vertices may be.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "c8ql/read.h"
#include "c8ql/run.h"
#include "document/fetch.h"
#include "expr/error.h"
#include "expr/value.h"

/* deeper paths are none that anybody wants */
#define MAX_DEPTH 1000000

typedef enum Uniqueness
{
	UNIQUE_NONE,
	UNIQUE_PATH,
	UNIQUE_GLOBAL
} Uniqueness;

/* One collection to be followed, in one direction. */
typedef struct Edges
{
	Oid			relid;
	const char *collection;		/* its name */
	bool		outbound;
	bool		both;			/* the second direction of ANY: loops have
								 * been followed in the first */
	char	   *tail;			/* of the query */
} Edges;

/* vertices that are read at once */
#define AHEAD	64

/* Vertices at the ends of edges that will be followed next. */
typedef struct Ahead
{
	MemoryContext context;
	int			count;
	const char *ids[AHEAD];
	JsonbValue	vertices[AHEAD];
} Ahead;

typedef struct PathNode
{
	struct PathNode *parent;
	int64		depth;
	MemoryContext context;		/* all of this */
	char	   *id;				/* of the vertex */
	bool		loaded;
	JsonbValue	vertex;
	JsonbValue	edge;			/* null at the start */
	bool		stop;			/* PRUNE says so */
	int			edges;			/* that are being followed */
	Reader	   *reader;
	Ahead	   *ahead;			/* NULL: nothing was read ahead yet */
	int			unread;			/* edges whose vertex was read ahead */
	struct PathNode *next;		/* breadth first: to be followed after this */
} PathNode;

/* Vertices that were reached, by hash. */
typedef struct Visited
{
	uint32		hash;
	List	   *ids;
} Visited;

typedef struct TraversalStep
{
	Step		step;
	ExprCode   *min;			/* NULL: 1 */
	ExprCode   *max;			/* NULL: as min */
	ExprCode   *start;
	int			nedges;
	Edges	   *edges;
	ExprCode   *prune;
	ExprCode   *options_code;
	int			vertex_slot;
	int			edge_slot;		/* -1: no such variable */
	int			path_slot;
	int			prune_slot;
	bool		uses_vertex;
	bool		uses_edge;
	bool		uses_path;

	bool		breadth;
	Uniqueness	vertices;
	Uniqueness	unique_edges;
	JsonbValue	vertex_collections; /* arrays of names; null: all */
	JsonbValue	edge_collections;
	MemoryContext options;

	/* the traversal that is going on */
	bool		active;
	MemoryContext context;		/* of all nodes */
	int64		least;
	int64		most;
	PathNode   *current;		/* is followed; depth first, the path's end */
	PathNode   *last;			/* breadth first, of the queue */
	HTAB	   *visited;		/* vertices, if they are globally unique */
	MemoryContext path;			/* of the path that is shown */
} TraversalStep;

static void traversal_start(Step *step, Run *run);
static bool traversal_next(Step *step, Run *run);
static void traversal_finish(Step *step, Run *run);
static void read_options(TraversalStep *traversal, Run *run);
static bool begin(TraversalStep *traversal, Run *run);
static PathNode *follow(TraversalStep *traversal, Run *run, PathNode *node);
static bool reach(TraversalStep *traversal, Run *run, PathNode *node);

/* ----------
 * Planning
 * ----------
 */
static void
plan_edges(TraversalStep *traversal, ExprCompiler *compiler,
		   const ExprNode *node, bool outbound, bool both)
{
	Planner    *planner = compiler->host_arg;
	const char *name = outbound ? "_from" : "_to";
	const Collection *collection;
	Edges	   *edges;
	Oid			relid;
	char	   *column;
	char	   *other;

	relid = plan_collection(compiler, node->args[0]);
	for (int i = 0; i < traversal->nedges; i++)
	{
		/* twice is once */
		if (traversal->edges[i].relid == relid &&
			traversal->edges[i].outbound == outbound)
			return;
	}
	collection = collection_resolve(relid);
	edges = &traversal->edges[traversal->nedges++];
	edges->relid = relid;
	edges->collection = pstrdup(get_rel_name(relid));
	edges->outbound = outbound;
	edges->both = both;
	if (get_attnum(relid, name) != InvalidAttrNumber)
	{
		column = pstrdup(quote_identifier(name));
		other = pstrdup(quote_identifier(outbound ? "_to" : "_from"));
	}
	else
	{
		char	   *doc = document_column(collection, collection->doc_attno);

		column = psprintf("(%s OPERATOR(pg_catalog.->>) '%s')", doc, name);
		other = psprintf("(%s OPERATOR(pg_catalog.->>) '%s')", doc,
						 outbound ? "_to" : "_from");
	}
	edges->tail = psprintf(" WHERE %s OPERATOR(pg_catalog.=) $1", column);
	if (both)
		edges->tail = psprintf("%s AND %s OPERATOR(pg_catalog.<>) $1",
							   edges->tail, other);
	if (planner && planner->explaining)
		planner->explain =
			lappend(planner->explain,
					psprintf("TRAVERSAL %s %s: %s", edges->collection,
							 outbound ? "OUTBOUND" : "INBOUND",
							 get_attnum(relid, name) != InvalidAttrNumber ?
							 psprintf("column %s", name) : "full scan"));
}

static int
declare(ExprCompiler *compiler, TraversalStep *traversal, const ExprNode *node)
{
	if (node->tag == EXPR_NONE)
		return -1;
	plan_check_new(compiler, node);
	return expr_declare(compiler, traversal->step.owner, pstrdup(node->name));
}

static const char *const traversal_options[] = {
	"order", "bfs", "uniqueVertices", "uniqueEdges", "vertexCollections",
	"edgeCollections", "parallelism", "maxProjections", "indexHint", "useCache",
	NULL
};

Step *
plan_traversal(ExprCompiler *compiler, const ExprNode *node, Step *input,
			   bool uses_vertex, bool uses_edge, bool uses_path)
{
	TraversalStep *traversal = (TraversalStep *) plan_step(compiler, sizeof(TraversalStep), input);
	Planner    *planner = plan_planner(compiler);
	const ExprNode *depth = node->args[EXPR_TRAVERSAL_DEPTH];
	const ExprNode *prune = node->args[EXPR_TRAVERSAL_PRUNE];
	const ExprNode *options = node->args[EXPR_TRAVERSAL_OPTIONS];

	if (planner->modified != NIL && !planner->access_after_write)
		expr_error_at(EXPR_ERR_ACCESS_AFTER_WRITE, compiler->source,
					  node->location,
					  "access after data-modification by traversal");
	traversal->step.start = traversal_start;
	traversal->step.next = traversal_next;
	traversal->step.finish = traversal_finish;
	traversal->uses_vertex = uses_vertex;
	traversal->uses_edge = uses_edge;
	traversal->uses_path = uses_path;
	if (depth->tag == EXPR_BINARY && depth->op == EXPR_OP_RANGE)
	{
		traversal->min = expr_compile_node(compiler, depth->args[0]);
		traversal->max = expr_compile_node(compiler, depth->args[1]);
	}
	else if (depth->tag != EXPR_NONE)
		traversal->min = expr_compile_node(compiler, depth);
	traversal->start = expr_compile_node(compiler, node->args[EXPR_TRAVERSAL_START]);

	traversal->edges = palloc0(sizeof(Edges) * 2 *
							   (node->nargs - EXPR_TRAVERSAL_PARTS));
	for (int i = EXPR_TRAVERSAL_PARTS; i < node->nargs; i++)
	{
		const ExprNode *edges = node->args[i];
		int			direction = edges->op ? edges->op : node->op;

		if (direction != EXPR_INBOUND)
			plan_edges(traversal, compiler, edges, true, false);
		if (direction != EXPR_OUTBOUND)
			plan_edges(traversal, compiler, edges, false,
					   direction == EXPR_EITHER);
	}

	if (options->tag != EXPR_NONE)
	{
		traversal->options_code =
			plan_constant(compiler, options,
						  "options of a traversal are not known when the query is compiled");
		plan_check_options(compiler, options, "TRAVERSAL", traversal_options);
	}
	plan_check_new(compiler, node);
	traversal->vertex_slot = expr_declare(compiler, traversal->step.owner,
										  pstrdup(node->name));
	traversal->edge_slot = declare(compiler, traversal,
								   node->args[EXPR_TRAVERSAL_EDGE]);
	traversal->path_slot = declare(compiler, traversal,
								   node->args[EXPR_TRAVERSAL_PATH]);
	traversal->prune_slot = -1;
	if (prune->tag != EXPR_NONE)
	{
		traversal->prune = expr_compile_node(compiler, prune->args[0]);
		if (prune->name)
			traversal->prune_slot = declare(compiler, traversal, prune);
	}
	traversal->context = AllocSetContextCreate(CurrentMemoryContext,
											   "C8QL traversal",
											   ALLOCSET_DEFAULT_SIZES);
	traversal->options = AllocSetContextCreate(CurrentMemoryContext,
											   "C8QL traversal options",
											   ALLOCSET_SMALL_SIZES);
	traversal->path = AllocSetContextCreate(CurrentMemoryContext,
											"C8QL path",
											ALLOCSET_DEFAULT_SIZES);
	return &traversal->step;
}

/* ----------
 * OPTIONS
 * ----------
 */
static bool
is_word(const JsonbValue *value, const char *word)
{
	return value->type == jbvString &&
		value->val.string.len == strlen(word) &&
		memcmp(value->val.string.val, word, value->val.string.len) == 0;
}

/* The words that an option takes, by their numbers; ends with NULL. */
static int
option_word(const char *name, const JsonbValue *value,
			const char *const *words)
{
	StringInfoData json;

	for (int i = 0; words[i] != NULL; i++)
	{
		if (is_word(value, words[i]))
			return i;
	}
	initStringInfo(&json);
	value_to_json(value, &json);
	expr_error(EXPR_ERR_PARSE, "invalid value %s for option '%s' of a traversal",
			   json.data, name);
	return 0;					/* keep the compiler quiet */
}

/* A name, or an array of names; null for an empty one. */
static void
read_names(const JsonbValue *value, JsonbValue *names)
{
	ValueBuilder builder;

	if (value_type(value) == VALUE_ARRAY)
	{
		value_copy(value, names);
		if (value_count(value) == 0)
			value_set_null(names);
		return;
	}
	value_array_begin(&builder);
	value_array_add(&builder, value);
	value_array_finish(&builder, names);
}

static void
read_options(TraversalStep *traversal, Run *run)
{
	static const char *const orders[] = {"dfs", "bfs", "weighted", NULL};
	static const char *const uniques[] = {"none", "path", "global", NULL};
	MemoryContext caller;
	JsonbValue	options;
	JsonbValue	value;

	traversal->breadth = false;
	traversal->vertices = UNIQUE_NONE;
	traversal->unique_edges = UNIQUE_PATH;
	value_set_null(&traversal->vertex_collections);
	value_set_null(&traversal->edge_collections);
	if (traversal->options_code == NULL)
		return;
	MemoryContextReset(traversal->options);
	caller = MemoryContextSwitchTo(traversal->options);
	expr_run(traversal->options_code, &run->frame, &options);
	if (value_attribute(&options, "bfs", 3, &value))
		traversal->breadth = value_truthy(&value);
	if (value_attribute(&options, "order", 5, &value))
	{
		int			order = option_word("order", &value, orders);

		if (order == 2)
			expr_error(EXPR_ERR_NOT_IMPLEMENTED,
					   "a weighted traversal is not supported");
		traversal->breadth = order == 1;
	}
	if (value_attribute(&options, "uniqueVertices", 14, &value))
		traversal->vertices = option_word("uniqueVertices", &value, uniques);
	if (value_attribute(&options, "uniqueEdges", 11, &value))
		traversal->unique_edges = option_word("uniqueEdges", &value, uniques);
	if (traversal->vertices == UNIQUE_GLOBAL && !traversal->breadth)
		expr_error(EXPR_ERR_PARSE,
				   "uniqueVertices: 'global' wants order: 'bfs': depth first, what is found would depend on the order of edges");
	if (traversal->unique_edges == UNIQUE_GLOBAL)
		expr_error(EXPR_ERR_PARSE,
				   "uniqueEdges: 'global' is not supported: it would depend on the order of edges");
	if (value_attribute(&options, "vertexCollections", 17, &value))
		read_names(&value, &traversal->vertex_collections);
	if (value_attribute(&options, "edgeCollections", 15, &value))
		read_names(&value, &traversal->edge_collections);
	MemoryContextSwitchTo(caller);
}

/* Is the name one of those that an option allows? */
static bool
allowed(const JsonbValue *names, const char *name, int len)
{
	ValueIter	it;
	JsonbValue	one;

	if (names->type == jbvNull)
		return true;
	value_iter_init(&it, names);
	while (value_iter_next(&it, NULL, &one))
	{
		if (one.type == jbvString && one.val.string.len == len &&
			memcmp(one.val.string.val, name, len) == 0)
			return true;
	}
	return false;
}

/* ----------
 * Nodes
 * ----------
 */
static PathNode *
new_node(TraversalStep *traversal, PathNode *parent, const char *id, int len)
{
	/* breadth first all nodes live to the end */
	MemoryContext context = traversal->breadth ? traversal->context :
	AllocSetContextCreate(traversal->context, "C8QL path node",
						  ALLOCSET_SMALL_SIZES);
	PathNode   *node = MemoryContextAllocZero(context, sizeof(PathNode));

	node->context = context;
	node->parent = parent;
	node->depth = parent ? parent->depth + 1 : 0;
	node->id = MemoryContextAlloc(context, len + 1);
	memcpy(node->id, id, len);
	node->id[len] = '\0';
	value_set_null(&node->edge);
	value_set_null(&node->vertex);
	return node;
}

static void
drop_node(TraversalStep *traversal, PathNode *node)
{
	if (node->reader)
		reader_close(node->reader);
	node->reader = NULL;
	if (!traversal->breadth)
		MemoryContextDelete(node->context);
}

static void
load_vertex(Run *run, PathNode *node)
{
	MemoryContext caller;

	if (node->loaded)
		return;
	caller = MemoryContextSwitchTo(node->context);
	(void) reader_fetch_id(run, node->id, strlen(node->id), &node->vertex);
	node->loaded = true;
	MemoryContextSwitchTo(caller);
}

/* {vertices: [...], edges: [...]} from the start to the node */
static void
show_path(Run *run, PathNode *node, JsonbValue *path)
{
	PathNode  **chain = palloc(sizeof(PathNode *) * (node->depth + 1));
	ValueBuilder vertices;
	ValueBuilder edges;
	ValueBuilder builder;
	JsonbValue	value;

	for (PathNode *one = node; one != NULL; one = one->parent)
		chain[one->depth] = one;
	value_array_begin(&vertices);
	value_array_begin(&edges);
	for (int64 i = 0; i <= node->depth; i++)
	{
		CHECK_FOR_INTERRUPTS();
		load_vertex(run, chain[i]);
		value_array_add(&vertices, &chain[i]->vertex);
		if (i > 0)
			value_array_add(&edges, &chain[i]->edge);
	}
	value_object_begin(&builder);
	value_array_finish(&edges, &value);
	value_object_put(&builder, "edges", 5, &value);
	value_array_finish(&vertices, &value);
	value_object_put(&builder, "vertices", 8, &value);
	value_object_finish(&builder, true, path);
}

/* Put a node into the slots. */
static void
show(TraversalStep *traversal, Run *run, PathNode *node)
{
	Step	   *step = &traversal->step;
	MemoryContext caller;

	if (traversal->uses_vertex)
	{
		load_vertex(run, node);
		*run_slot(step, run, traversal->vertex_slot) = node->vertex;
	}
	if (traversal->uses_edge)
		*run_slot(step, run, traversal->edge_slot) = node->edge;
	if (traversal->uses_path)
	{
		MemoryContextReset(traversal->path);
		caller = MemoryContextSwitchTo(traversal->path);
		show_path(run, node, run_slot(step, run, traversal->path_slot));
		MemoryContextSwitchTo(caller);
	}
}

/*
 * A node was reached: does the path end here, and is it one to be emitted?
 */
static bool
reach(TraversalStep *traversal, Run *run, PathNode *node)
{
	bool		shown = false;

	if (traversal->prune)
	{
		MemoryContext caller;
		JsonbValue	value;

		show(traversal, run, node);
		shown = true;
		MemoryContextReset(traversal->step.context);
		caller = MemoryContextSwitchTo(traversal->step.context);
		expr_run(traversal->prune, &run->frame, &value);
		node->stop = value_truthy(&value);
		if (traversal->prune_slot >= 0)
			*run_slot(&traversal->step, run, traversal->prune_slot) = value;
		MemoryContextSwitchTo(caller);
	}
	if (node->depth < traversal->least)
		return false;
	if (!shown)
		show(traversal, run, node);
	return true;
}

/* ----------
 * Following edges
 * ----------
 */
static bool
on_path(PathNode *node, const JsonbValue *edge, const char *vertex, int len,
		bool edges, bool vertices)
{
	for (; node != NULL; node = node->parent)
	{
		JsonbValue	id;
		JsonbValue	other;

		CHECK_FOR_INTERRUPTS();
		if (vertices && strlen(node->id) == len &&
			memcmp(node->id, vertex, len) == 0)
			return true;
		if (edges && value_attribute(&node->edge, "_id", 3, &id) &&
			value_attribute(edge, "_id", 3, &other) &&
			value_equal(&id, &other))
			return true;
	}
	return false;
}

/* Was it there before?  From now on it was. */
static bool
visit(TraversalStep *traversal, const char *id, int len)
{
	JsonbValue	value;
	uint32		hash;
	Visited    *visited;
	bool		found;
	ListCell   *lc;
	MemoryContext caller;

	value_set_string(&value, id, len);
	hash = value_hash(&value);
	visited = hash_search(traversal->visited, &hash, HASH_ENTER, &found);
	if (!found)
		visited->ids = NIL;
	foreach(lc, visited->ids)
	{
		if (strlen(lfirst(lc)) == len && memcmp(lfirst(lc), id, len) == 0)
			return true;
	}
	caller = MemoryContextSwitchTo(traversal->context);
	visited->ids = lappend(visited->ids, pnstrdup(id, len));
	MemoryContextSwitchTo(caller);
	return false;
}

/* The vertex that an edge leads to; false if it is none. */
static bool
other_end(const Edges *edges, const JsonbValue *edge, JsonbValue *other)
{
	return value_attribute(edge, edges->outbound ? "_to" : "_from",
						   edges->outbound ? 3 : 5, other) &&
		other->type == jbvString &&
		memchr(other->val.string.val, '/', other->val.string.len) != NULL;
}

/*
 * Read the vertices at the ends of this edge and of those that come next, those
 * of one collection at a time.
 */
static void
read_ahead(Run *run, PathNode *node, const Edges *edges,
		   const JsonbValue *edge)
{
	const Jsonb *docs[AHEAD];
	const char *keys[AHEAD];
	Ahead	   *ahead = node->ahead;
	MemoryContext caller;
	int			count = reader_ahead(node->reader, docs, AHEAD - 1);

	if (ahead == NULL)
	{
		ahead = node->ahead = MemoryContextAlloc(node->context, sizeof(Ahead));
		ahead->context = AllocSetContextCreate(node->context, "C8QL vertices",
											   ALLOCSET_DEFAULT_SIZES);
	}
	MemoryContextReset(ahead->context);
	caller = MemoryContextSwitchTo(ahead->context);
	node->unread = count;
	ahead->count = 0;
	for (int i = -1; i < count; i++)
	{
		JsonbValue	one;
		JsonbValue	other;

		if (i >= 0)
			value_from_jsonb(unconstify(Jsonb *, docs[i]), &one);
		if (!other_end(edges, i >= 0 ? &one : edge, &other))
			continue;
		ahead->ids[ahead->count] = pnstrdup(other.val.string.val,
											other.val.string.len);
		value_set_null(&ahead->vertices[ahead->count++]);
	}
	for (int first = 0; first < ahead->count;)
	{
		int			prefix = strchr(ahead->ids[first], '/') - ahead->ids[first] + 1;
		int			end = first;
		Oid			relid = plan_find_collection(pnstrdup(ahead->ids[first], prefix - 1));

		while (end < ahead->count &&
			   strncmp(ahead->ids[end], ahead->ids[first], prefix) == 0)
		{
			keys[end] = ahead->ids[end] + prefix;
			end++;
		}
		if (OidIsValid(relid))
			reader_fetch_keys(run, relid, end - first, keys + first,
							  ahead->vertices + first);
		first = end;
	}
	MemoryContextSwitchTo(caller);
}

/* Take the vertex of a new node from what its parent has read ahead. */
static void
take_vertex(PathNode *node)
{
	const Ahead *ahead = node->parent->ahead;
	MemoryContext caller;

	for (int i = 0; i < ahead->count; i++)
	{
		if (ahead->vertices[i].type == jbvNull ||
			strcmp(ahead->ids[i], node->id) != 0)
			continue;
		caller = MemoryContextSwitchTo(node->context);
		value_copy(&ahead->vertices[i], &node->vertex);
		node->loaded = true;
		MemoryContextSwitchTo(caller);
		return;
	}
}

/* The node at the next edge of a node, or NULL. */
static PathNode *
follow(TraversalStep *traversal, Run *run, PathNode *node)
{
	while (node->depth < traversal->most && !node->stop &&
		   node->edges < traversal->nedges)
	{
		const Edges *edges = &traversal->edges[node->edges];
		JsonbValue	edge;
		JsonbValue	other;
		const char *slash;
		PathNode   *next;
		MemoryContext caller;

		CHECK_FOR_INTERRUPTS();
		if (node->reader == NULL)
		{
			static const Oid types[1] = {TEXTOID};
			Datum		args[1];
			ReaderQuery query = {edges->tail, 1, types, args};

			if (!allowed(&traversal->edge_collections, edges->collection,
						 strlen(edges->collection)))
			{
				node->edges++;
				continue;
			}
			caller = MemoryContextSwitchTo(node->context);
			args[0] = CStringGetTextDatum(node->id);
			node->reader = reader_open(run, edges->relid, true, &query);
			MemoryContextSwitchTo(caller);
		}
		if (!reader_next(node->reader, &edge))
		{
			reader_close(node->reader);
			node->reader = NULL;
			node->unread = 0;
			node->edges++;
			continue;
		}
		if (traversal->uses_vertex || traversal->uses_path)
		{
			if (node->unread > 0)
				node->unread--;
			else
				read_ahead(run, node, edges, &edge);
		}
		if (!other_end(edges, &edge, &other))
			continue;
		slash = memchr(other.val.string.val, '/', other.val.string.len);
		if (!allowed(&traversal->vertex_collections, other.val.string.val,
					 slash - other.val.string.val) ||
			on_path(node, &edge, other.val.string.val, other.val.string.len,
					traversal->unique_edges == UNIQUE_PATH,
					traversal->vertices == UNIQUE_PATH) ||
			(traversal->vertices == UNIQUE_GLOBAL &&
			 visit(traversal, other.val.string.val, other.val.string.len)))
			continue;
		next = new_node(traversal, node, other.val.string.val,
						other.val.string.len);
		caller = MemoryContextSwitchTo(next->context);
		value_copy(&edge, &next->edge);
		MemoryContextSwitchTo(caller);
		if (traversal->uses_vertex || traversal->uses_path)
			take_vertex(next);
		return next;
	}
	return NULL;
}

/* ----------
 * Running
 * ----------
 */
static void
traversal_start(Step *step, Run *run)
{
	TraversalStep *traversal = (TraversalStep *) step;

	traversal_finish(step, run);
	read_options(traversal, run);
}

static void
traversal_finish(Step *step, Run *run)
{
	TraversalStep *traversal = (TraversalStep *) step;

	/* breadth first only the node that is followed has a cursor */
	while (traversal->current != NULL)
	{
		PathNode   *node = traversal->current;

		traversal->current = traversal->breadth ? NULL : node->parent;
		drop_node(traversal, node);
	}
	traversal->active = false;
	MemoryContextReset(traversal->context);
}

static int64
depth_number(const ExprCode *code, Run *run)
{
	JsonbValue	value;
	int64		depth;

	expr_run(code, &run->frame, &value);
	depth = value_to_int64(&value);
	if (value.type != jbvNumeric || depth < 0)
		expr_error(EXPR_ERR_NUMBER_RANGE,
				   "depth of a traversal is not a non-negative number");
	return Min(depth, MAX_DEPTH);
}

/* The traversal for one row of the input; false if it has no start. */
static bool
begin(TraversalStep *traversal, Run *run)
{
	MemoryContext caller = MemoryContextSwitchTo(traversal->step.context);
	JsonbValue	start;
	JsonbValue	id;
	PathNode   *node;

	MemoryContextReset(traversal->step.context);
	MemoryContextReset(traversal->context);
	traversal->least = traversal->min ? depth_number(traversal->min, run) : 1;
	traversal->most = traversal->max ? depth_number(traversal->max, run) :
		traversal->least;
	expr_run(traversal->start, &run->frame, &start);
	id = start;
	if (value_type(&start) == VALUE_OBJECT)
		value_attribute(&start, "_id", 3, &id);
	MemoryContextSwitchTo(caller);
	if (id.type != jbvString ||
		memchr(id.val.string.val, '/', id.val.string.len) == NULL)
	{
		run_warn(run, EXPR_ERR_ARGUMENT_TYPE,
				 "invalid start vertex of a traversal: neither an _id nor a document");
		return false;
	}
	if (traversal->vertices == UNIQUE_GLOBAL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(uint32);
		ctl.entrysize = sizeof(Visited);
		ctl.hcxt = traversal->context;
		traversal->visited = hash_create("C8QL visited vertices", 256, &ctl,
										 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		(void) visit(traversal, id.val.string.val, id.val.string.len);
	}
	node = new_node(traversal, NULL, id.val.string.val, id.val.string.len);
	if (value_type(&start) == VALUE_OBJECT)
	{
		caller = MemoryContextSwitchTo(node->context);
		value_copy(&start, &node->vertex);
		node->loaded = true;
		MemoryContextSwitchTo(caller);
	}
	traversal->current = traversal->last = node;
	/* where the start is looked at, it must be there */
	if (traversal->least == 0 || traversal->prune)
	{
		load_vertex(run, node);
		if (node->vertex.type == jbvNull)
			return false;
	}
	return true;
}

static bool
traversal_next(Step *step, Run *run)
{
	TraversalStep *traversal = (TraversalStep *) step;

	for (;;)
	{
		PathNode   *node;

		CHECK_FOR_INTERRUPTS();
		if (!traversal->active)
		{
			if (!run_next(step->input, run))
				return false;
			if (!begin(traversal, run))
			{
				traversal_finish(step, run);
				continue;
			}
			traversal->active = true;
			if (reach(traversal, run, traversal->current))
				return true;
		}
		node = traversal->current;
		if (node == NULL)
		{
			traversal_finish(step, run);
			continue;
		}
		node = follow(traversal, run, node);
		if (node == NULL)
		{
			node = traversal->current;
			traversal->current = traversal->breadth ? node->next : node->parent;
			drop_node(traversal, node);
			continue;
		}
		if (traversal->breadth)
		{
			traversal->last->next = node;
			traversal->last = node;
		}
		else
			traversal->current = node;
		if (reach(traversal, run, node))
			return true;
	}
}
