/*
 * c8ql/plan.c
 *		From the tree of a query to steps.
 *
 * Goes through the clauses in their order, makes a step of each, and keeps
 * track of what is visible: a variable from its clause to the end of its
 * query, OLD and NEW after a modification.  What clauses need for it is in
 * planner.c.
 *
 * It is the expression compiler's host: subqueries, functions that read
 * documents, and names that are collections come back here.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "expr/error.h"
#include "expr/value.h"
#include "c8ql/read.h"
#include "c8ql/run.h"
#include "c8ql/c8ql.h"
#include "c8ql/remote.h"

static Step *plan_clause(ExprCompiler *compiler, const ExprNode *query, int n,
						 Step *input, int outer_variables);
static bool rest_uses(const ExprNode *query, int n, const char *name,
					  bool whole);
static bool rest_takes_all(const ExprNode *query, int n);
static bool traversal_uses(const ExprNode *query, int n, const char *name);
static bool once_next(Step *step, Run *run);
static void once_start(Step *step, Run *run);
typedef struct OnceStep
{
	Step		step;
	bool		done;
} OnceStep;

Step *
plan_once(void)
{
	OnceStep   *once = palloc0(sizeof(OnceStep));

	once->step.start = once_start;
	once->step.next = once_next;
	return &once->step;
}

static void
once_start(Step *step, Run *run)
{
	((OnceStep *) step)->done = false;
}

static bool
once_next(Step *step, Run *run)
{
	OnceStep   *once = (OnceStep *) step;

	if (once->done)
		return false;
	once->done = true;
	return true;
}

RunQuery *
plan_query(ExprCompiler *compiler, const ExprNode *node)
{
	RunQuery   *query = palloc0(sizeof(RunQuery));
	int			visible = list_length(compiler->variables);
	Step	   *last = plan_once();

	check_stack_depth();
	for (int i = 0; i < node->nargs; i++)
	{
		const ExprNode *clause = node->args[i];

		if (clause->tag == EXPR_RETURN)
		{
			query->distinct = clause->flags != 0;
			query->result = expr_compile_node(compiler, clause->args[0]);
		}
		else
			last = plan_clause(compiler, node, i, last, visible);
	}
	query->last = last;
	query->writes = last->writes;
	query->seen = AllocSetContextCreate(CurrentMemoryContext, "C8QL query",
										ALLOCSET_DEFAULT_SIZES);
	compiler->variables = list_truncate(compiler->variables, visible);
	return query;
}

static Step *
plan_clause(ExprCompiler *compiler, const ExprNode *query, int n, Step *input,
			int outer_variables)
{
	const ExprNode *clause = query->args[n];
	bool		whole;
	bool		used;
	bool		old_used;

	switch ((ExprTag) clause->tag)
	{
		case EXPR_WITH:
			for (int i = 0; i < clause->nargs; i++)
				(void) plan_collection(compiler, clause->args[i]);
			return input;
		case EXPR_FOR:
			whole = rest_uses(query, n + 1, clause->name, true) ||
				rest_takes_all(query, n + 1);
			return plan_for(compiler, query, n, input, whole);
		case EXPR_TRAVERSAL:
			return plan_traversal(compiler, clause, input,
								  traversal_uses(query, n, clause->name),
								  traversal_uses(query, n, clause->args[EXPR_TRAVERSAL_EDGE]->name),
								  traversal_uses(query, n,
												 clause->args[EXPR_TRAVERSAL_PATH]->name));
		case EXPR_WINDOW:
			return plan_window(compiler, clause, input, outer_variables);
		case EXPR_LET:
			return plan_let(compiler, clause, input);
		case EXPR_FILTER:
			return plan_filter(compiler, clause, input);
		case EXPR_SORT:
			return plan_sort(compiler, clause, input, outer_variables);
		case EXPR_LIMIT:
			return plan_limit(compiler, clause, input);
		case EXPR_COLLECT:
			return plan_collect(compiler, clause, input, outer_variables);
		case EXPR_INSERT:
		case EXPR_UPDATE:
		case EXPR_REPLACE:
		case EXPR_REMOVE:
		case EXPR_UPSERT:
			whole = rest_uses(query, n + 1, "OLD", true) ||
				rest_uses(query, n + 1, "NEW", true) ||
				rest_uses(query, n + 1, "$OLD", true) ||
				rest_uses(query, n + 1, "$NEW", true);
			old_used = rest_uses(query, n + 1, "OLD", false) ||
				rest_uses(query, n + 1, "$OLD", false);
			used = old_used || rest_uses(query, n + 1, "NEW", false) ||
				rest_uses(query, n + 1, "$NEW", false);
			return plan_modification(compiler, query, n, input, outer_variables,
									 whole, used, old_used);
		default:
			elog(ERROR, "unrecognized clause: %d", (int) clause->tag);
			return NULL;		/* keep the compiler quiet */
	}
}

/* ----------
 * What is used of a variable
 * ----------
 */
/* Do the clauses from number n on use it? */
static bool
rest_uses(const ExprNode *query, int n, const char *name, bool whole)
{
	for (int i = n; i < query->nargs; i++)
	{
		const ExprNode *clause = query->args[i];

		if (whole ? plan_uses_whole(clause, name) : plan_uses(clause, name))
			return true;
	}
	return false;
}

/* Is this variable of a traversal used, by PRUNE or by what follows? */
static bool
traversal_uses(const ExprNode *query, int n, const char *name)
{
	return name != NULL &&
		(rest_uses(query, n + 1, name, false) || rest_takes_all(query, n + 1) ||
		 plan_uses(query->args[n]->args[EXPR_TRAVERSAL_PRUNE], name));
}

/* COLLECT ... INTO g takes all variables, but OLD and NEW. */
static bool
rest_takes_all(const ExprNode *query, int n)
{
	for (int i = n; i < query->nargs; i++)
	{
		if (expr_node_contains(query->args[i], EXPR_COLLECT_INTO))
			return true;
	}
	return false;
}

/* ----------
 * The expression compiler's host
 * ----------
 */
typedef struct Emitted
{
	ValueBuilder builder;
} Emitted;

static void eval_subquery(const ExprCode *code, ExprFrame *frame,
						  JsonbValue *result);
static void eval_collection(const ExprCode *code, ExprFrame *frame,
							JsonbValue *result);
static void eval_document(const ExprCode *code, ExprFrame *frame,
						  JsonbValue *result);
static void eval_collections(const ExprCode *code, ExprFrame *frame,
							 JsonbValue *result);
static void eval_count(const ExprCode *code, ExprFrame *frame,
					   JsonbValue *result);
static Run *run_of(ExprFrame *frame, Run *own);
static void emit_element(void *arg, const JsonbValue *value);

/* What the code of a collection or function points to. */
typedef struct CollectionCode
{
	Oid			relid;			/* InvalidOid: an argument names it */
} CollectionCode;

static void
host_subquery(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	if (plan_planner(compiler)->in_modification && expr_node_modifies(node))
		expr_error_at(EXPR_ERR_MULTI_MODIFY, compiler->source, node->location,
					  "multi-modify query: a modification inside the expressions of a modification");
	plan_planner(compiler)->reads++;
	code->extra = plan_query(compiler, node);
	code->evaluate = eval_subquery;
}

static bool
host_collection(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	CollectionCode *collection = palloc0(sizeof(CollectionCode));

	node = plan_qualified(compiler, node);
	if (node->tag == EXPR_ATTR)
		return false;
	collection->relid = plan_collection_if_any(compiler, node);
	if (!OidIsValid(collection->relid))
		return false;
	plan_check_read(compiler, collection->relid, node);
	plan_planner(compiler)->reads++;
	code->extra = collection;
	code->evaluate = eval_collection;
	return true;
}

/*
 * DOCUMENT(), COLLECTION_COUNT() and COLLECTIONS().
 */
static void
host_function(ExprCompiler *compiler, const ExprNode *node, ExprCode *code)
{
	Planner    *planner = plan_planner(compiler);
	CollectionCode *collection = palloc0(sizeof(CollectionCode));
	int			first = 0;

	planner->reads++;
	if (strcmp(code->function->name, "COLLECTIONS") == 0)
	{
		code->evaluate = eval_collections;
		return;
	}
	if (planner->modified != NIL && !planner->access_after_write)
		expr_error_at(EXPR_ERR_ACCESS_AFTER_WRITE, compiler->source,
					  node->location,
					  "access after data-modification by function %s",
					  code->function->name);
	if (strcmp(code->function->name, "COLLECTION_COUNT") == 0)
		code->evaluate = eval_count;
	else if (strcmp(code->function->name, "DOCUMENT") == 0)
		code->evaluate = eval_document;
	else
		expr_error_at(EXPR_ERR_FUNCTION_UNKNOWN, compiler->source,
					  node->location, "function '%s()' is not supported",
					  code->function->name);
	code->extra = collection;

	/* the collection may stand there by its name */
	if ((code->evaluate == eval_count || node->nargs == 2) &&
		plan_names_collection(compiler, plan_qualified(compiler, node->args[0])))
	{
		collection->relid = plan_collection(compiler,
											plan_qualified(compiler, node->args[0]));
		first = 1;
	}
	for (int i = first; i < node->nargs; i++)
		code->args[i] = expr_compile_node(compiler, node->args[i]);
}

static const ExprHost statement_host = {
	.subquery = host_subquery,
	.function = host_function,
	.collection = host_collection
};

void
c8ql_init(void)
{
	expr_set_host(&statement_host);
	by_init();
	remote_init();
}

/*
 * The run that a frame belongs to.  A docexpr outside of a statement has
 * none, and gets one that can only read.
 */
static Run *
run_of(ExprFrame *frame, Run *own)
{
	if (frame->host_arg)
		return frame->host_arg;
	memset(own, 0, sizeof(Run));
	own->frame = *frame;
	own->frame.host_arg = own;
	own->context = CurrentMemoryContext;
	return own;
}

static void
emit_element(void *arg, const JsonbValue *value)
{
	Emitted    *emitted = arg;
	JsonbValue	copy;

	value_copy(value, &copy);
	value_array_add(&emitted->builder, &copy);
}

static void
eval_subquery(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	Run			own;
	Emitted		emitted;

	check_stack_depth();
	value_array_begin(&emitted.builder);
	run_query(code->extra, run_of(frame, &own), emit_element, &emitted);
	value_array_finish(&emitted.builder, result);
}

static void
eval_collection(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	const CollectionCode *collection = code->extra;
	Run			own;
	ValueBuilder builder;
	Reader	   *reader;
	JsonbValue	value;

	reader = reader_open(run_of(frame, &own), collection->relid, true, NULL);
	value_array_begin(&builder);
	while (reader_next(reader, &value))
	{
		JsonbValue	copy;

		value_copy(&value, &copy);
		value_array_add(&builder, &copy);
	}
	reader_close(reader);
	value_array_finish(&builder, result);
}

static void
eval_collections(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	Run			own;

	reader_collections(run_of(frame, &own), result);
}

static Oid
collection_argument(const ExprCode *code, ExprFrame *frame)
{
	const CollectionCode *collection = code->extra;
	JsonbValue	name;
	StringInfoData text;
	Oid			relid;

	if (OidIsValid(collection->relid))
		return collection->relid;
	expr_run(code->args[0], frame, &name);
	initStringInfo(&text);
	value_to_string(&name, &text);
	relid = plan_find_collection(text.data);
	if (!OidIsValid(relid))
		expr_error(EXPR_ERR_NOT_FOUND, "collection or view not found: %s",
				   text.data);
	return relid;
}

static void
eval_count(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	Run			own;

	value_set_int64(result, reader_count(run_of(frame, &own),
										 collection_argument(code, frame)));
}

/*
 * One document by "collection/key", or by key of a given collection; null if
 * there is none.
 */
static void
fetch_document(Run *run, Oid relid, const JsonbValue *id, JsonbValue *result)
{
	value_set_null(result);
	if (id->type != jbvString)
		return;
	if (OidIsValid(relid))
		(void) reader_fetch(run, relid, id->val.string.val,
							id->val.string.len, result);
	else
		(void) reader_fetch_id(run, id->val.string.val, id->val.string.len,
							   result);
}

/*
 * DOCUMENT(id), DOCUMENT([id, ...]), DOCUMENT(collection, key or keys): of an
 * array, the documents that are there.
 */
static void
eval_document(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	Run			own;
	Run		   *run = run_of(frame, &own);
	Oid			relid = InvalidOid;
	JsonbValue	id;
	JsonbValue	element;
	JsonbValue	document;
	ValueIter	it;
	ValueBuilder builder;

	if (code->nargs == 2)
		relid = collection_argument(code, frame);
	expr_run(code->args[code->nargs - 1], frame, &id);
	if (value_type(&id) != VALUE_ARRAY)
	{
		fetch_document(run, relid, &id, result);
		return;
	}
	value_array_begin(&builder);
	value_iter_init(&it, &id);
	while (value_iter_next(&it, NULL, &element))
	{
		CHECK_FOR_INTERRUPTS();
		fetch_document(run, relid, &element, &document);
		if (document.type != jbvNull)
			value_array_add(&builder, &document);
	}
	value_array_finish(&builder, result);
}
