/*
 * c8ql/by.c
 *		upsert_by(): the UPSERT operation as a function.
 *
 *		search, insert, update, bind  -->  UpsertOp  -->  c8ql_upsert_row()
 *
 * A search that names a key is a matter of one document.  Where the collection
 * has shards and the expressions read no other document, they go where that one is
 * (document/route.h), as text, and are compiled there.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "call/answer.h"
#include "call/argument.h"
#include "call/remember.h"
#include "document/request.h"
#include "document/route.h"
#include "expr/error.h"
#include "expr/parse.h"
#include "expr/value.h"
#include "c8ql/c8ql.h"
#include "c8ql/execute.h"
#include "c8ql/operation.h"

/*
 * What a call site keeps from call to call, as long as the description of the
 * collection, which it pins, is the present one.
 */
typedef struct UpsertByCache
{
	MemoryContext context;
	Oid			relid;
	bool		replace;
	DocExpr    *exprs[3];		/* search, insert, update */
	ExprCompiler compiler;
	UpsertOp   *op;
} UpsertByCache;

typedef struct UpsertByWork
{
	UpsertOp   *op;
	Run		   *run;
	DocumentResult result;
	bool		done;
	Answer	   *answer;
} UpsertByWork;

static bool
same_docexpr(const DocExpr *a, const DocExpr *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

static UpsertByCache *
upsert_by_compile(UpsertByCache *cache, MemoryContext keep, Oid relid, DocExpr **exprs,
				  bool replace)
{
	MemoryContext caller;
	ExprNode   *trees[3];
	bool		same = cache != NULL && cache->op != NULL &&
	cache->relid == relid && cache->replace == replace &&
	!cache->compiler.asked_names &&
	memo_is_current(&cache->op->collection->memo);

	for (int i = 0; i < 3 && same; i++)
		same = same_docexpr(cache->exprs[i], exprs[i]);
	if (same)
		return cache;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(keep, sizeof(UpsertByCache));
		cache->context = AllocSetContextCreate(keep, "upsert_by",
											   ALLOCSET_DEFAULT_SIZES);
	}
	cache->op = NULL;
	MemoryContextReset(cache->context);
	caller = MemoryContextSwitchTo(cache->context);
	for (int i = 0; i < 3; i++)
	{
		cache->exprs[i] = palloc(VARSIZE(exprs[i]));
		memcpy(cache->exprs[i], exprs[i], VARSIZE(exprs[i]));
		trees[i] = docexpr_tree(cache->exprs[i]);
		if (expr_node_modifies(trees[i]))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("an expression of type docexpr cannot write"),
					 errhint("Use c8ql() to run a statement.")));
	}
	expr_compiler_init(&cache->compiler, NULL);
	cache->relid = relid;
	cache->replace = replace;
	cache->op = c8ql_upsert_plan(&cache->compiler, relid, trees[0], trees[1],
								 trees[2], replace);
	MemoryContextSwitchTo(caller);
	return cache;
}

static void
upsert_by_work(void *arg)
{
	UpsertByWork *work = arg;
	UpsertOp   *op = work->op;
	bool		counted;
	ErrorData  *error;
	UpsertOutcome outcome = UPSERT_IGNORED;

	work->done = c8ql_upsert_row(op, work->run, &work->result, &counted, &error);
	if (work->done)
		outcome = request_outcome(&op->options, &work->result);
	else
		memset(&work->result, 0, sizeof(DocumentResult));
	document_answer(work->answer, op->collection, op->options.ret, outcome,
					&work->result);
}

/* What is asked. */
typedef struct UpsertByCall
{
	DocExpr   **exprs;
	bool		replace;
	const UpsertOptions *options;
	const Jsonb *bind;
	UpsertByCache *cache;
	Run			run;
} UpsertByCall;

/* Ready to be run. */
static void
begin_call(UpsertByCall *call)
{
	UpsertOp   *op = call->cache->op;
	Run		   *run = &call->run;

	op->options = *call->options;
	op->options.mode = call->replace ? MODE_REPLACE : MODE_UPDATE;
	op->strip_nulls = !call->options->keep_null;
	op->single = call->options->multiple != MULTIPLE_FIRST;
	op->only_key = NULL;

	memset(run, 0, sizeof(*run));
	run->context = CurrentMemoryContext;
	run->access_after_write = true;
	expr_frame_init(&call->cache->compiler, &run->frame);
	expr_bind(&call->cache->compiler, call->bind, run->frame.params);
	run->frame.warn = run_warn;
	run->frame.warn_arg = run;
	run->frame.host_arg = run;
}

static void
run_call(UpsertByCall *call, Answer *answer)
{
	UpsertByWork work = {call->cache->op, &call->run};

	work.answer = answer;
	statement_guard(&call->run, upsert_by_work, &work);
}

/* ----------
 * Where the document is
 * ----------
 */

static void
take_answer(void *arg, WireIn *in)
{
	answer_read(in, arg);
}

/* False if it is to be done here. */
static bool
send_call(FunctionCallInfo fcinfo, UpsertByCall *call, Answer *answer)
{
	UpsertOp   *op = call->cache->op;
	RouteArguments arguments;
	Route	   *route;
	Datum		key;

	if (plan_planner(&call->cache->compiler)->reads > 0 ||
		(route = route_to(op->collection, call->options)) == NULL ||
		!c8ql_upsert_key(op, &call->run, &key))
		return false;
	route_begin(route, &arguments, ROUTE_BY, &key, 1);
	route_put_options(&arguments, call->options, CALL_UPSERT_BY);
	wire_put_number(&arguments.out, call->replace);
	for (int i = 0; i < 3; i++)
	{
		StringInfoData text;

		initStringInfo(&text);
		expr_deparse(docexpr_tree(call->exprs[i]), &text);
		wire_put_string(&arguments.out, text.data);
	}
	wire_put_doc(&arguments.out, call->bind);
	return route_call(route, &arguments, route_is_alone(fcinfo, 6), take_answer, answer);
}

static bool
handle_call(Oid relid, const Datum *keys, int n, WireIn *in, RouteAnswers *answers)
{
	UpsertByCall call = {0};
	UpsertOptions options;
	DocExpr    *exprs[3];
	Answer		answer;

	route_take_options(in, &options, CALL_UPSERT_BY);
	call.options = &options;
	call.replace = wire_take_number(in) != 0;
	for (int i = 0; i < 3; i++)
	{
		char	   *text = wire_take_string(in);

		if (text == NULL)
			return false;
		exprs[i] = docexpr_from_tree(expr_parse_expression(text));
	}
	call.exprs = exprs;
	call.bind = wire_take_doc(in);
	if (n != 1 || call.bind == NULL)
		return false;
	call.cache = upsert_by_compile(NULL, CurrentMemoryContext, relid, exprs, call.replace);
	if (plan_planner(&call.cache->compiler)->reads > 0)
		return false;
	begin_call(&call);
	call.cache->op->only_key = &keys[0];
	run_call(&call, &answer);
	if (call.cache->op->elsewhere)
		return false;
	answer_write(route_answer(answers), &answer);
	return true;
}

void
by_init(void)
{
	route_handle(ROUTE_BY, handle_call);
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_by);

/*
 * upsert_by(collection, search, insert, update, replace, bind, options)
 */
static Datum
upsert_by_once(PG_FUNCTION_ARGS)
{
	bool		replace = PG_ARGISNULL(3);
	UpsertOptions options;
	DocExpr    *exprs[3];
	UpsertByCall call = {0};
	Relation	held;
	Answer		answer;
	Datum		values[5];
	bool		nulls[5];
	TupleDesc	desc = answer_row_type(fcinfo);

	options_parse(argument_jsonb(fcinfo, 6), CALL_UPSERT_BY, &options);
	/* what never creates needs no document to create */
	arguments_require(fcinfo, options.must_exist ? 2 : 3);
	if (PG_ARGISNULL(3) == PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("exactly one of \"update\" and \"replace\" must be given"),
				 PG_ARGISNULL(3) ? errdetail("Neither is.") :
				 errdetail("Both are."),
				 errhint("\"update\" is merged into the document that is found, \"replace\" takes its place.")));
	if (options.mode != MODE_UPDATE &&
		!(replace && options.mode == MODE_REPLACE))
		option_refuse("mode", replace ?
					  "The argument \"replace\" is given, and says what is done." :
					  "The argument \"update\" is given, and says what is done.");
	exprs[0] = PG_GETARG_DOCEXPR_P(1);
	exprs[1] = PG_ARGISNULL(2) ?
		docexpr_from_tree(expr_parse_expression("{}")) : PG_GETARG_DOCEXPR_P(2);
	exprs[2] = PG_GETARG_DOCEXPR_P(replace ? 4 : 3);
	call.exprs = exprs;
	call.replace = replace;
	call.options = &options;
	call.bind = argument_bind(fcinfo, 5);

	/* the expressions may run anything */
	held = collection_hold(PG_GETARG_OID(0));
	call.cache = upsert_by_compile(fcinfo->flinfo->fn_extra, fcinfo->flinfo->fn_mcxt,
								   PG_GETARG_OID(0), exprs, replace);
	fcinfo->flinfo->fn_extra = call.cache;
	begin_call(&call);
	if (!send_call(fcinfo, &call, &answer))
		run_call(&call, &answer);
	collection_release(held);

	answer_columns(&answer, values, nulls);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

Datum
upsert_by(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, upsert_by_once);
}
