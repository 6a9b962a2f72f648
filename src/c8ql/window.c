/*
 * c8ql/window.c
 *		WINDOW: aggregates of the rows around each row.
 *
 * The step reads its input to the end and keeps of each row
 *
 *		range value? | arguments of the aggregates | all variables of this query
 *
 * and then answers row by row, each with the aggregates over its frame:
 *
 *		rows		first = i - preceding .. i + following
 *		range		all whose value is in value - preceding .. value + following;
 *					sorted by it first
 *
 * Frames of neighbours overlap, so sums, means, counts, least and greatest
 * values are carried on from frame to frame, by what comes in and what goes
 * out (sums of numeric are exact, nothing is lost that way); others are
 * computed anew for each frame.  A row whose range value is no number is in no
 * frame, and its aggregates are null, with a warning.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "c8ql/aggregate.h"
#include "c8ql/rows.h"
#include "expr/date.h"
#include "expr/error.h"
#include "expr/value.h"

/* sums that are computed before the memory of the old ones is given back */
#define SUMS_A_RESET 1024

typedef struct Bound
{
	bool		unbounded;
	bool		duration;
	JsonbValue	number;			/* of rows, or of the value's unit */
	double		months;			/* of a duration */
	double		rest;
} Bound;

typedef enum SlidingKind
{
	SLIDING_NONE,				/* anew for each frame */
	SLIDING_SUM,
	SLIDING_AVERAGE,
	SLIDING_MIN,
	SLIDING_MAX
} SlidingKind;

/* What is carried on from frame to frame. */
typedef struct Sliding
{
	SlidingKind kind;
	MemoryContext context;
	int64		first;			/* the frame that it is of */
	int64		end;
	JsonbValue	sum;
	int64		numbers;		/* summed up */
	int64		others;			/* neither numbers nor null */
	int			sums;			/* since the last reset */
	int64	   *best;			/* rows that may become the best one yet, each
								 * better than those after it */
	int64		head;
	int64		tail;
} Sliding;

typedef struct WindowStep
{
	Step		step;
	Rows		kept;
	ExprCode   *value;			/* range; NULL: rows */
	ExprCode   *bounds_code;
	Bound		preceding;
	Bound		following;
	int			naggregates;
	Aggregate  *aggregates;
	Sliding    *sliding;
	int			nslots;
	int		   *from;
	int		   *slots;
	bool		ready;
	int64		next;
	int64		valid;			/* the first row that has a range value */
	MemoryContext bounds;		/* of "preceding" and "following" */
} WindowStep;

static void window_start(Step *step, Run *run);
static bool window_next(Step *step, Run *run);
static void read_bounds(WindowStep *window, Run *run);
static void window_read(WindowStep *window, Run *run);
static void frame_of(WindowStep *window, int64 row, int64 *first, int64 *end);
static void slide(WindowStep *window, Run *run, int n, int64 first, int64 end,
				  JsonbValue *result);

Step *
plan_window(ExprCompiler *compiler, const ExprNode *node, Step *input,
			int outer_variables)
{
	WindowStep *window = (WindowStep *) plan_step(compiler, sizeof(WindowStep), input);
	const ExprNode *bounds = node->args[1];

	window->step.start = window_start;
	window->step.next = window_next;
	if (node->args[0]->tag != EXPR_NONE)
	{
		window->value = expr_compile_node(compiler, node->args[0]);
		window->step.writes |= expr_node_modifies(node->args[0]);
	}
	window->bounds_code = plan_constant(compiler, bounds,
										"WINDOW bounds are not known when the query is compiled");
	window->naggregates = node->nargs - 2;
	window->aggregates = palloc0(sizeof(Aggregate) * window->naggregates);
	window->sliding = palloc0(sizeof(Sliding) * window->naggregates);
	for (int i = 0; i < window->naggregates; i++)
	{
		const ExprNode *part = node->args[i + 2];
		Aggregate  *one = &window->aggregates[i];
		Sliding    *sliding = &window->sliding[i];
		const char *name;

		plan_check_new(compiler, part);
		aggregate_plan(compiler, part->args[0], one);
		name = one->function && !one->distinct ? one->function->name : "";
		sliding->kind = strcmp(name, "SUM") == 0 ? SLIDING_SUM :
			strcmp(name, "AVERAGE") == 0 || strcmp(name, "AVG") == 0 ? SLIDING_AVERAGE :
			strcmp(name, "MIN") == 0 ? SLIDING_MIN :
			strcmp(name, "MAX") == 0 ? SLIDING_MAX : SLIDING_NONE;
		sliding->context = AllocSetContextCreate(CurrentMemoryContext,
												 "C8QL window aggregate",
												 ALLOCSET_SMALL_SIZES);
	}
	window->nslots = rows_hand_on(compiler, window->step.owner,
								  outer_variables, &window->from,
								  &window->slots);
	for (int i = 0; i < window->naggregates; i++)
		window->aggregates[i].slot = expr_declare(compiler, window->step.owner,
												  pstrdup(node->args[i + 2]->name));
	window->kept.context = AllocSetContextCreate(CurrentMemoryContext,
												 "C8QL window",
												 ALLOCSET_DEFAULT_SIZES);
	window->bounds = AllocSetContextCreate(CurrentMemoryContext,
										   "C8QL window bounds",
										   ALLOCSET_SMALL_SIZES);
	window->kept.nkeys = window->value ? 1 : 0;
	window->kept.nvalues = window->kept.nkeys + window->naggregates +
		window->nslots;
	return &window->step;
}

/* ----------
 * Bounds
 * ----------
 */
static void
read_bound(WindowStep *window, const JsonbValue *value, Bound *bound)
{
	if (value->type == jbvString &&
		value->val.string.len == strlen("unbounded") &&
		memcmp(value->val.string.val, "unbounded", value->val.string.len) == 0)
		bound->unbounded = true;
	else if (value->type == jbvNumeric &&
			 number_compare(value->val.numeric, int64_to_numeric(0)) >= 0)
		value_copy(value, &bound->number);
	else if (value->type == jbvString && window->value != NULL &&
			 date_parse_duration(value->val.string.val, value->val.string.len,
								 &bound->months, &bound->rest))
		bound->duration = true;
	else if (value->type != jbvNull)
		expr_error(EXPR_ERR_NUMBER_RANGE,
				   window->value ?
				   "WINDOW bound is neither a number that is not negative, nor a duration, nor \"unbounded\"" :
				   "WINDOW bound is neither a number of rows nor \"unbounded\"");
}

static void
read_bounds(WindowStep *window, Run *run)
{
	MemoryContext caller;
	JsonbValue	bounds;
	JsonbValue	name;
	JsonbValue	value;
	ValueIter	it;
	bool		numbers = false;

	MemoryContextReset(window->bounds);
	caller = MemoryContextSwitchTo(window->bounds);
	memset(&window->preceding, 0, sizeof(Bound));
	memset(&window->following, 0, sizeof(Bound));
	value_set_int64(&window->preceding.number, 0);
	value_set_int64(&window->following.number, 0);
	expr_run(window->bounds_code, &run->frame, &bounds);
	if (value_count(&bounds) == 0)
		expr_error(EXPR_ERR_PARSE,
				   "WINDOW wants at least one of \"preceding\" and \"following\"");
	value_iter_init(&it, &bounds);
	while (value_iter_next(&it, &name, &value))
	{
		char	   *word = pnstrdup(name.val.string.val, name.val.string.len);

		if (strcmp(word, "preceding") == 0)
			read_bound(window, &value, &window->preceding);
		else if (strcmp(word, "following") == 0)
			read_bound(window, &value, &window->following);
		else
			expr_error(EXPR_ERR_PARSE, "WINDOW has no bound '%s'", word);
		numbers |= value.type == jbvNumeric;
	}
	if (numbers && (window->preceding.duration || window->following.duration))
		expr_error(EXPR_ERR_NUMBER_RANGE,
				   "WINDOW bounds are a number and a duration");
	MemoryContextSwitchTo(caller);
}

/* The value that lies a bound away, on one side. */
static void
away(const JsonbValue *value, const Bound *bound, int sign, JsonbValue *out)
{
	if (bound->duration)
	{
		int64		ms = value_to_int64(value);

		if (date_in_calendar(ms))
			ms = date_add(ms, sign * bound->months, sign * bound->rest);
		value_set_int64(out, ms);
	}
	else if (sign < 0)
		value_sub(value, &bound->number, out);
	else
		value_add(value, &bound->number, out);
}

/* The first row from "low" on whose value is not below (or above) the limit. */
static int64
find_row(const Rows *rows, int64 low, const JsonbValue *limit, bool above)
{
	int64		high = rows->count;

	while (low < high)
	{
		int64		middle = low + (high - low) / 2;
		int			cmp = value_compare(&rows->rows[middle].values[0], limit);

		if (cmp < 0 || (above && cmp == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64
row_offset(const Bound *bound)
{
	return bound->unbounded ? PG_INT64_MAX / 2 :
		Min(value_to_int64(&bound->number), PG_INT64_MAX / 2);
}

static void
frame_of(WindowStep *window, int64 row, int64 *first, int64 *end)
{
	const Rows *rows = &window->kept;
	JsonbValue	limit;

	if (window->value == NULL)
	{
		*first = Max(row - row_offset(&window->preceding), 0);
		*end = Min(row + row_offset(&window->following) + 1, rows->count);
		return;
	}
	*first = window->valid;
	*end = rows->count;
	if (!window->preceding.unbounded)
	{
		away(&rows->rows[row].values[0], &window->preceding, -1, &limit);
		*first = find_row(rows, window->valid, &limit, false);
	}
	if (!window->following.unbounded)
	{
		away(&rows->rows[row].values[0], &window->following, 1, &limit);
		*end = find_row(rows, window->valid, &limit, true);
	}
}

/* ----------
 * Aggregates that are carried on
 * ----------
 */
static void
sliding_reset(Sliding *sliding, int64 first)
{
	MemoryContext caller;

	MemoryContextReset(sliding->context);
	sliding->first = sliding->end = first;
	sliding->numbers = sliding->others = 0;
	sliding->sums = 0;
	sliding->best = NULL;
	sliding->head = sliding->tail = 0;
	caller = MemoryContextSwitchTo(sliding->context);
	value_set_int64(&sliding->sum, 0);
	MemoryContextSwitchTo(caller);
}

/* Add a value to the sum, or take it out again. */
static void
sliding_sum(Sliding *sliding, const JsonbValue *value, bool add)
{
	MemoryContext caller;
	JsonbValue	sum = sliding->sum;

	if (value->type != jbvNumeric)
	{
		if (value->type != jbvNull)
			sliding->others += add ? 1 : -1;
		return;
	}
	sliding->numbers += add ? 1 : -1;
	if (++sliding->sums > SUMS_A_RESET)
	{
		JsonbValue	copy;

		value_copy(&sum, &copy);
		MemoryContextReset(sliding->context);
		sum = copy;
		sliding->sums = 0;
	}
	caller = MemoryContextSwitchTo(sliding->context);
	if (add)
		value_add(&sum, value, &sliding->sum);
	else
		value_sub(&sum, value, &sliding->sum);
	MemoryContextSwitchTo(caller);
}

static const JsonbValue *
argument(const WindowStep *window, int n, int64 row)
{
	return &window->kept.rows[row].values[window->kept.nkeys + n];
}

/* A row comes in: those before it that are no better will never be the best. */
static void
sliding_best(WindowStep *window, int n, int64 row)
{
	Sliding    *sliding = &window->sliding[n];
	const JsonbValue *value = argument(window, n, row);

	if (value->type == jbvNull)
		return;
	if (sliding->best == NULL)
		sliding->best = MemoryContextAllocHuge(sliding->context,
											   sizeof(int64) * window->kept.count);
	while (sliding->tail > sliding->head)
	{
		int			cmp = value_compare(argument(window, n, sliding->best[sliding->tail - 1]),
										value);

		if (sliding->kind == SLIDING_MIN ? cmp < 0 : cmp > 0)
			break;
		sliding->tail--;
	}
	sliding->best[sliding->tail++] = row;
}

static void
slide(WindowStep *window, Run *run, int n, int64 first, int64 end,
	  JsonbValue *result)
{
	Sliding    *sliding = &window->sliding[n];
	bool		sums = sliding->kind == SLIDING_SUM ||
	sliding->kind == SLIDING_AVERAGE;
	JsonbValue	divisor;

	/* durations in months may go backwards; so does a frame that is far off */
	if (first < sliding->first || end < sliding->end || first > sliding->end)
		sliding_reset(sliding, first);
	for (; sliding->end < end; sliding->end++)
	{
		CHECK_FOR_INTERRUPTS();
		if (sums)
			sliding_sum(sliding, argument(window, n, sliding->end), true);
		else
			sliding_best(window, n, sliding->end);
	}
	for (; sliding->first < first; sliding->first++)
	{
		CHECK_FOR_INTERRUPTS();
		if (sums)
			sliding_sum(sliding, argument(window, n, sliding->first), false);
		else if (sliding->head < sliding->tail &&
				 sliding->best[sliding->head] == sliding->first)
			sliding->head++;
	}

	if (!sums)
	{
		if (sliding->head < sliding->tail)
			*result = *argument(window, n, sliding->best[sliding->head]);
		else
			value_set_null(result);
	}
	else if (sliding->others > 0 || sliding->sum.type == jbvNull)
	{
		/* as the function has it, with its warnings */
		aggregate_rows(&window->aggregates[n], run, &window->kept,
					   window->kept.nkeys + n, first, end, result);
		if (sliding->sum.type == jbvNull)
			sliding_reset(sliding, first);
	}
	else if (sliding->kind == SLIDING_SUM)
		value_set_numeric(result, number_normalize(sliding->sum.val.numeric));
	else if (sliding->numbers == 0)
		value_set_null(result);
	else
	{
		value_set_int64(&divisor, sliding->numbers);
		(void) value_div(&sliding->sum, &divisor, result);
	}
}

/* ----------
 * Running
 * ----------
 */
static void
window_start(Step *step, Run *run)
{
	WindowStep *window = (WindowStep *) step;

	window->ready = false;
	read_bounds(window, run);
}

static void
window_read(WindowStep *window, Run *run)
{
	Rows	   *rows = &window->kept;
	Step	   *step = &window->step;

	rows_start(rows);
	while (run_next(step->input, run))
	{
		JsonbValue *row = rows_add(rows);

		CHECK_FOR_INTERRUPTS();
		if (window->value)
		{
			rows_keep(rows, run, step, window->value, &row[0]);
			if (row[0].type != jbvNumeric)
			{
				run_warn(run, EXPR_ERR_ARGUMENT_TYPE,
						 "WINDOW wants a number as range value");
				value_set_null(&row[0]);
			}
		}
		for (int i = 0; i < window->naggregates; i++)
		{
			if (window->aggregates[i].argument)
				rows_keep(rows, run, step, window->aggregates[i].argument,
						  &row[rows->nkeys + i]);
			else
				value_set_null(&row[rows->nkeys + i]);
		}
		rows_keep_slots(rows, run, window->nslots, window->from,
						row + rows->nkeys + window->naggregates);
		MemoryContextReset(step->context);
	}
	rows_sort(rows);
	window->valid = 0;
	while (window->value && window->valid < rows->count &&
		   rows->rows[window->valid].values[0].type == jbvNull)
		window->valid++;
	for (int i = 0; i < window->naggregates; i++)
		sliding_reset(&window->sliding[i], 0);
	window->ready = true;
	window->next = 0;
}

static bool
window_next(Step *step, Run *run)
{
	WindowStep *window = (WindowStep *) step;
	Rows	   *rows = &window->kept;
	MemoryContext caller;
	const JsonbValue *values;
	int64		row;
	int64		first = 0;
	int64		end = 0;

	if (!window->ready)
		window_read(window, run);
	if (window->next >= rows->count)
		return false;
	CHECK_FOR_INTERRUPTS();
	row = window->next++;
	values = rows->rows[row].values + rows->nkeys + window->naggregates;
	for (int i = 0; i < window->nslots; i++)
		*run_slot(step, run, window->slots[i]) = values[i];

	MemoryContextReset(step->context);
	caller = MemoryContextSwitchTo(step->context);
	if (row >= window->valid)
		frame_of(window, row, &first, &end);
	for (int i = 0; i < window->naggregates; i++)
	{
		const Aggregate *one = &window->aggregates[i];
		JsonbValue *result = run_slot(step, run, one->slot);

		if (row < window->valid)
			value_set_null(result);
		else if (window->sliding[i].kind != SLIDING_NONE)
			slide(window, run, i, first, end, result);
		else
			aggregate_rows(one, run, rows, rows->nkeys + i, first, end, result);
	}
	MemoryContextSwitchTo(caller);
	return true;
}
