/*
 * c8ql/steps.c
 *		The steps that take rows one by one: FOR, LET, FILTER, LIMIT.
 *
 * Each keeps at most one row (FOR over a collection: one batch of the cursor)
 * in memory, so a loop over millions takes no more than a loop over ten.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "expr/error.h"
#include "expr/value.h"
#include "c8ql/push.h"
#include "c8ql/read.h"
#include "c8ql/run.h"

typedef struct ForStep
{
	Step		step;
	int			slot;
	ExprCode   *source;			/* an array */
	ExprCode   *from;			/* or a range */
	ExprCode   *to;
	Oid			relid;			/* or a collection */
	Push	   *push;			/* of which only a part is looked at */
	bool		whole;

	/* the loop that is going on */
	bool		active;
	ValueIter	it;
	int64		current;
	int64		last;
	bool		more;
	Reader	   *reader;
	MemoryContext element;
} ForStep;

typedef struct LetStep
{
	Step		step;
	int			slot;			/* of LET */
	ExprCode   *value;
} LetStep;

typedef struct LimitStep
{
	Step		step;
	ExprCode   *offset;			/* may be NULL */
	ExprCode   *count;
	bool		counts;			/* run->full_count is this step's */
	int64		skip;
	int64		rest;
} LimitStep;

static void for_start(Step *step, Run *run);
static bool for_next(Step *step, Run *run);
static void for_finish(Step *step, Run *run);
static void for_begin(ForStep *loop, Run *run);
static bool for_element(ForStep *loop, Run *run);
static void no_start(Step *step, Run *run);
static bool let_next(Step *step, Run *run);
static bool filter_next(Step *step, Run *run);
static void limit_start(Step *step, Run *run);
static bool limit_next(Step *step, Run *run);

/* ----------
 * FOR
 * ----------
 */

/* What the language's OPTIONS of FOR say to an optimizer that is not here. */
static const char *const for_options[] = {
	"indexHint", "forceIndexHint", "disableIndex", "maxProjections",
	"useCache", "lookahead", "readOwnWrites", NULL
};

/* OPTIONS {disableIndex: true}: all documents are to be looked at. */
static bool
disables_index(const ExprNode *options)
{
	for (int i = 0; i < options->nargs; i++)
	{
		const ExprNode *option = options->args[i];

		if (option->tag == EXPR_PROP &&
			strcmp(option->name, "disableIndex") == 0 &&
			option->args[0]->tag == EXPR_CONST)
			return value_truthy(option->args[0]->value);
	}
	return false;
}

Step *
plan_for(ExprCompiler *compiler, const ExprNode *query, int n, Step *input,
		 bool whole)
{
	const ExprNode *node = query->args[n];
	ForStep    *loop = (ForStep *) plan_step(compiler, sizeof(ForStep), input);
	const ExprNode *source = plan_qualified(compiler, node->args[0]);
	Planner    *planner = compiler->host_arg;

	plan_check_new(compiler, node);
	loop->step.start = for_start;
	loop->step.next = for_next;
	loop->step.finish = for_finish;
	loop->whole = whole;
	loop->element = AllocSetContextCreate(CurrentMemoryContext, "C8QL element",
										  ALLOCSET_DEFAULT_SIZES);
	if (source->tag == EXPR_BINARY && source->op == EXPR_OP_RANGE)
	{
		loop->from = expr_compile_node(compiler, source->args[0]);
		loop->to = expr_compile_node(compiler, source->args[1]);
	}
	else if (plan_names_collection(compiler, source))
	{
		loop->relid = plan_collection(compiler, source);
		plan_check_read(compiler, loop->relid, source);
		if (!disables_index(node->args[1]))
			loop->push = push_plan(compiler, query, n,
								   collection_resolve(loop->relid));
		if (planner && planner->explaining)
			planner->explain = lappend(planner->explain,
									   psprintf("FOR %s: %s",
												get_rel_name(loop->relid),
												push_explain(loop->push)));
	}
	else
		loop->source = expr_compile_node(compiler, source);
	plan_check_options(compiler, node->args[1], "FOR", for_options);
	loop->slot = expr_declare(compiler, loop->step.owner, pstrdup(node->name));
	return &loop->step;
}

static void
for_start(Step *step, Run *run)
{
	ForStep    *loop = (ForStep *) step;

	for_finish(step, run);
	loop->active = false;
}

static void
for_finish(Step *step, Run *run)
{
	ForStep    *loop = (ForStep *) step;

	if (loop->reader)
		reader_close(loop->reader);
	loop->reader = NULL;
	loop->active = false;
}

static bool
for_next(Step *step, Run *run)
{
	ForStep    *loop = (ForStep *) step;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (loop->active)
		{
			if (for_element(loop, run))
				return true;
			for_finish(step, run);
		}
		if (!run_next(step->input, run))
			return false;
		for_begin(loop, run);
		loop->active = true;
	}
}

/* The loop for one row of the input. */
static void
for_begin(ForStep *loop, Run *run)
{
	MemoryContext caller = MemoryContextSwitchTo(loop->step.context);
	JsonbValue	value;

	MemoryContextReset(loop->step.context);
	if (loop->from)
	{
		expr_run(loop->from, &run->frame, &value);
		loop->current = value_to_int64(&value);
		expr_run(loop->to, &run->frame, &value);
		loop->last = value_to_int64(&value);
		loop->more = true;
	}
	else if (loop->source)
	{
		expr_run(loop->source, &run->frame, &value);
		if (value_type(&value) != VALUE_ARRAY)
			expr_error(EXPR_ERR_ARRAY_EXPECTED,
					   "collection or array expected as operand to FOR loop; you provided a value of type '%s'",
					   value_typename(&value));
		value_iter_init(&loop->it, &value);
	}
	else if (loop->push == NULL)
		loop->reader = reader_open(run, loop->relid, loop->whole, NULL);
	else
	{
		ReaderQuery query;

		if (push_build(loop->push, run, &query))
			loop->reader = reader_open(run, loop->relid, loop->whole, &query);
	}
	MemoryContextSwitchTo(caller);
}

static bool
for_element(ForStep *loop, Run *run)
{
	JsonbValue *slot = run_slot(&loop->step, run, loop->slot);
	MemoryContext caller;

	if (OidIsValid(loop->relid))
		return loop->reader && reader_next(loop->reader, slot);
	if (loop->source)
		return value_iter_next(&loop->it, NULL, slot);
	if (!loop->more)
		return false;

	MemoryContextReset(loop->element);
	caller = MemoryContextSwitchTo(loop->element);
	value_set_int64(slot, loop->current);
	MemoryContextSwitchTo(caller);
	if (loop->current == loop->last)
		loop->more = false;
	else
		loop->current += loop->current < loop->last ? 1 : -1;
	return true;
}

/* ----------
 * LET
 * ----------
 */
Step *
plan_let(ExprCompiler *compiler, const ExprNode *node, Step *input)
{
	LetStep    *let = (LetStep *) plan_step(compiler, sizeof(LetStep), input);

	plan_check_new(compiler, node);
	let->step.start = no_start;
	let->step.next = let_next;
	let->value = expr_compile_node(compiler, node->args[0]);
	let->step.writes |= expr_node_modifies(node->args[0]);
	let->slot = expr_declare(compiler, let->step.owner, pstrdup(node->name));
	return &let->step;
}

static void
no_start(Step *step, Run *run)
{
}

static bool
let_next(Step *step, Run *run)
{
	LetStep    *let = (LetStep *) step;
	MemoryContext caller;

	if (!run_next(step->input, run))
		return false;
	MemoryContextReset(step->context);
	caller = MemoryContextSwitchTo(step->context);
	expr_run(let->value, &run->frame, run_slot(step, run, let->slot));
	MemoryContextSwitchTo(caller);
	return true;
}

/* ----------
 * FILTER
 * ----------
 */
Step *
plan_filter(ExprCompiler *compiler, const ExprNode *node, Step *input)
{
	LetStep    *filter = (LetStep *) plan_step(compiler, sizeof(LetStep), input);

	filter->step.start = no_start;
	filter->step.next = filter_next;
	filter->value = expr_compile_node(compiler, node->args[0]);
	filter->step.writes |= expr_node_modifies(node->args[0]);
	return &filter->step;
}

static bool
filter_next(Step *step, Run *run)
{
	LetStep    *filter = (LetStep *) step;

	while (run_next(step->input, run))
	{
		MemoryContext caller = MemoryContextSwitchTo(step->context);
		JsonbValue	value;
		bool		passes;

		CHECK_FOR_INTERRUPTS();
		expr_run(filter->value, &run->frame, &value);
		passes = value_truthy(&value);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(step->context);
		if (passes)
			return true;
	}
	return false;
}

/* ----------
 * LIMIT
 * ----------
 */
Step *
plan_limit(ExprCompiler *compiler, const ExprNode *node, Step *input)
{
	LimitStep  *limit = (LimitStep *) plan_step(compiler, sizeof(LimitStep), input);

	limit->step.start = limit_start;
	limit->step.next = limit_next;
	if (node->args[0]->tag != EXPR_NONE)
		limit->offset = expr_compile_node(compiler, node->args[0]);
	limit->count = expr_compile_node(compiler, node->args[1]);
	return &limit->step;
}

void
plan_full_count(RunQuery *query)
{
	for (Step *step = query->last; step != NULL; step = step->input)
	{
		if (step->next != limit_next)
			continue;
		((LimitStep *) step)->counts = true;
		return;
	}
}

/* A number of rows; null stands for all that there are. */
static int64
limit_number(const ExprCode *code, Run *run, bool may_be_null)
{
	JsonbValue	value;
	int64		number;

	expr_run(code, &run->frame, &value);
	if (may_be_null && value.type == jbvNull)
		return PG_INT64_MAX;
	number = value_to_int64(&value);
	if (value.type != jbvNumeric || number < 0)
		expr_error(EXPR_ERR_NUMBER_RANGE,
				   "LIMIT value is not a non-negative number");
	return number;
}

static void
limit_start(Step *step, Run *run)
{
	LimitStep  *limit = (LimitStep *) step;
	MemoryContext caller = MemoryContextSwitchTo(step->context);

	limit->skip = limit->offset ? limit_number(limit->offset, run, false) : 0;
	limit->rest = limit_number(limit->count, run, true);
	if (limit->counts)
		run->full_count = 0;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(step->context);
}

/*
 * Limits what goes on, not what is written before it.
 */
static bool
limit_next(Step *step, Run *run)
{
	LimitStep  *limit = (LimitStep *) step;

	while (limit->rest > 0 && run_next(step->input, run))
	{
		CHECK_FOR_INTERRUPTS();
		if (limit->counts)
			run->full_count++;
		if (limit->skip > 0)
		{
			limit->skip--;
			continue;
		}
		limit->rest--;
		return true;
	}
	while ((step->writes || limit->counts) && run_next(step->input, run))
	{
		CHECK_FOR_INTERRUPTS();
		if (limit->counts)
			run->full_count++;
	}
	return false;
}
