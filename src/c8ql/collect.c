/*
 * c8ql/collect.c
 *		The steps that need all rows first: SORT and COLLECT.
 *
 * Both read their input to the end and keep of each row its keys and what is
 * needed later:
 *
 *		SORT		keys | all variables of this query
 *		COLLECT		group values | aggregates' arguments | INTO's object
 *
 * and sort these rows by their keys, stably.  COLLECT then walks the runs of
 * equal keys.  What is kept is in memory, in a context of its own, except for
 * a COLLECT that only counts, which keeps nothing.
 *
 * What comes after sees these rows and not the input's: the variables that a
 * SORT hands on are slots of its own.  Those of an outer query stay theirs;
 * they are the same in all rows.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "expr/error.h"
#include "expr/value.h"
#include "c8ql/aggregate.h"
#include "c8ql/rows.h"

typedef struct SortStep
{
	Step		step;
	Rows		kept;
	ExprCode  **keys;
	int			nslots;
	int		   *from;			/* variables to be kept */
	int		   *slots;			/* and where they are from here on */
	bool		ready;
	int64		next;
} SortStep;

typedef struct CollectStep
{
	Step		step;
	Rows		kept;
	int			ngroups;
	ExprCode  **groups;
	int		   *group_slots;
	int			naggregates;
	Aggregate  *aggregates;
	int			count_slot;		/* WITH COUNT INTO, or -1 */
	int			into_slot;		/* INTO, or -1 */
	ExprCode   *into;			/* its projection, or NULL */
	int			nvariables;		/* without one, these make the object */
	const char **names;
	int		   *slots;
	bool		count_only;
	bool		ready;
	int64		next;
	int64		rows;			/* counted, if nothing is kept */
} CollectStep;

static void sort_start(Step *step, Run *run);
static bool sort_next(Step *step, Run *run);
static void collect_start(Step *step, Run *run);
static bool collect_next(Step *step, Run *run);
static void collect_read(CollectStep *collect, Run *run);
static void collect_group(CollectStep *collect, Run *run, int64 first,
						  int64 end);

/* ----------
 * SORT
 * ----------
 */
Step *
plan_sort(ExprCompiler *compiler, const ExprNode *node, Step *input,
		  int outer_variables)
{
	SortStep   *sort = (SortStep *) plan_step(compiler, sizeof(SortStep), input);
	bool	   *descending = palloc(sizeof(bool) * node->nargs);

	sort->step.start = sort_start;
	sort->step.next = sort_next;
	sort->keys = palloc(sizeof(ExprCode *) * node->nargs);
	for (int i = 0; i < node->nargs; i++)
	{
		sort->keys[i] = expr_compile_node(compiler, node->args[i]->args[0]);
		descending[i] = node->args[i]->flags != 0;
		sort->step.writes |= expr_node_modifies(node->args[i]);
	}
	sort->nslots = rows_hand_on(compiler, sort->step.owner, outer_variables,
								&sort->from, &sort->slots);
	sort->kept.context = AllocSetContextCreate(CurrentMemoryContext,
											   "C8QL sort",
											   ALLOCSET_DEFAULT_SIZES);
	sort->kept.nkeys = node->nargs;
	sort->kept.nvalues = node->nargs + sort->nslots;
	sort->kept.descending = descending;
	return &sort->step;
}

static void
sort_start(Step *step, Run *run)
{
	((SortStep *) step)->ready = false;
}

static bool
sort_next(Step *step, Run *run)
{
	SortStep   *sort = (SortStep *) step;
	Rows	   *rows = &sort->kept;
	const JsonbValue *values;

	if (!sort->ready)
	{
		rows_start(rows);
		while (run_next(step->input, run))
		{
			JsonbValue *row = rows_add(rows);

			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < rows->nkeys; i++)
				rows_keep(rows, run, step, sort->keys[i], &row[i]);
			rows_keep_slots(rows, run, sort->nslots, sort->from,
							row + rows->nkeys);
			MemoryContextReset(step->context);
		}
		rows_sort(rows);
		sort->ready = true;
		sort->next = 0;
	}
	if (sort->next >= rows->count)
		return false;
	values = rows->rows[sort->next++].values + rows->nkeys;
	for (int i = 0; i < sort->nslots; i++)
		*run_slot(step, run, sort->slots[i]) = values[i];
	return true;
}

/* ----------
 * COLLECT
 * ----------
 */

/* What the language's OPTIONS of COLLECT say. */
static const char *const collect_options[] = {
	"method", "disableIndex", "aggregateIntoExpressionOnDBServers", NULL
};

/* The parts of a COLLECT that are names, until it declares them. */
typedef struct CollectNames
{
	const char **groups;
	const char **aggregates;
	const char *count;			/* NULL: no WITH COUNT INTO */
	const char *into;			/* NULL: no INTO */
	const char **kept;			/* KEEP's */
	int			nkept;
} CollectNames;

/* Compiles the parts, as long as what comes before them is visible. */
static void
plan_parts(CollectStep *collect, ExprCompiler *compiler, const ExprNode *node,
		   CollectNames *names)
{
	memset(names, 0, sizeof(*names));
	names->groups = palloc(sizeof(char *) * node->nargs);
	names->aggregates = palloc(sizeof(char *) * node->nargs);
	names->kept = palloc(sizeof(char *) * node->nargs);
	collect->groups = palloc(sizeof(ExprCode *) * node->nargs);
	collect->group_slots = palloc(sizeof(int) * node->nargs);
	collect->aggregates = palloc0(sizeof(Aggregate) * node->nargs);
	for (int i = 0; i < node->nargs; i++)
	{
		const ExprNode *part = node->args[i];

		switch ((ExprTag) part->tag)
		{
			case EXPR_COLLECT_GROUP:
				names->groups[collect->ngroups] = part->name;
				collect->groups[collect->ngroups++] =
					expr_compile_node(compiler, part->args[0]);
				break;
			case EXPR_COLLECT_AGGREGATE:
				names->aggregates[collect->naggregates] = part->name;
				aggregate_plan(compiler, part->args[0],
							   &collect->aggregates[collect->naggregates++]);
				break;
			case EXPR_COLLECT_INTO:
				names->into = part->name;
				if (part->args[0]->tag != EXPR_NONE)
					collect->into = expr_compile_node(compiler, part->args[0]);
				break;
			case EXPR_COLLECT_COUNT:
				names->count = part->name;
				break;
			case EXPR_COLLECT_KEEP:
				names->kept[names->nkept++] = part->args[0]->name;
				break;
			default:
				/* one method does all */
				plan_check_options(compiler, part->args[0], "COLLECT",
								   collect_options);
				break;
		}
	}
}

/* The variables that KEEP names make INTO's object. */
static void
keep_variables(CollectStep *collect, ExprCompiler *compiler, int location,
			   const CollectNames *names)
{
	collect->nvariables = names->nkept;
	collect->slots = palloc(sizeof(int) * names->nkept);
	collect->names = palloc(sizeof(char *) * names->nkept);
	for (int i = 0; i < names->nkept; i++)
	{
		collect->names[i] = pstrdup(names->kept[i]);
		collect->slots[i] = expr_lookup(compiler, names->kept[i]);
		if (collect->slots[i] < 0)
			expr_error_at(EXPR_ERR_VARIABLE_UNKNOWN, compiler->source, location,
						  "unknown variable '%s'", names->kept[i]);
	}
}

/* Only what COLLECT makes is visible from here on. */
static void
declare_results(CollectStep *collect, ExprCompiler *compiler, int outer_variables,
				const CollectNames *names)
{
	ExprOwner	owner = collect->step.owner;

	compiler->variables = list_truncate(list_copy(compiler->variables),
										outer_variables);
	for (int i = 0; i < collect->ngroups; i++)
		collect->group_slots[i] = expr_declare(compiler, owner,
											   pstrdup(names->groups[i]));
	for (int i = 0; i < collect->naggregates; i++)
		collect->aggregates[i].slot = expr_declare(compiler, owner,
												   pstrdup(names->aggregates[i]));
	collect->count_slot = names->count == NULL ? -1 :
		expr_declare(compiler, owner, pstrdup(names->count));
	collect->into_slot = names->into == NULL ? -1 :
		expr_declare(compiler, owner, pstrdup(names->into));
}

Step *
plan_collect(ExprCompiler *compiler, const ExprNode *node, Step *input,
			 int outer_variables)
{
	CollectStep *collect = (CollectStep *) plan_step(compiler, sizeof(CollectStep), input);
	CollectNames names;

	collect->step.start = collect_start;
	collect->step.next = collect_next;
	plan_parts(collect, compiler, node, &names);
	if (names.into && collect->into == NULL && names.nkept > 0)
		keep_variables(collect, compiler, node->location, &names);
	else if (names.into && collect->into == NULL)
		collect->nvariables = rows_variables(compiler, outer_variables,
											 &collect->slots, &collect->names);
	declare_results(collect, compiler, outer_variables, &names);

	collect->count_only = collect->ngroups == 0 &&
		collect->naggregates == 0 && names.into == NULL;
	collect->kept.context = AllocSetContextCreate(CurrentMemoryContext,
												  "C8QL collect",
												  ALLOCSET_DEFAULT_SIZES);
	collect->kept.nkeys = collect->ngroups;
	collect->kept.nvalues = collect->ngroups + collect->naggregates +
		(names.into ? 1 : 0);
	return &collect->step;
}

static void
collect_start(Step *step, Run *run)
{
	((CollectStep *) step)->ready = false;
}

/* What INTO keeps of a row. */
static void
into_value(CollectStep *collect, Run *run, JsonbValue *value)
{
	ValueBuilder builder;

	if (collect->into)
	{
		expr_run(collect->into, &run->frame, value);
		return;
	}
	value_object_begin(&builder);
	for (int i = 0; i < collect->nvariables; i++)
		value_object_put(&builder, collect->names[i],
						 strlen(collect->names[i]),
						 &run->frame.slots[collect->slots[i]]);
	value_object_finish(&builder, true, value);
}

static void
collect_read(CollectStep *collect, Run *run)
{
	Rows	   *rows = &collect->kept;

	rows_start(rows);
	collect->rows = 0;
	while (run_next(collect->step.input, run))
	{
		JsonbValue *row;

		CHECK_FOR_INTERRUPTS();
		collect->rows++;
		if (collect->count_only)
			continue;
		row = rows_add(rows);
		for (int i = 0; i < rows->nvalues; i++)
		{
			MemoryContext caller = MemoryContextSwitchTo(collect->step.context);
			JsonbValue	value;

			if (i < collect->ngroups)
				expr_run(collect->groups[i], &run->frame, &value);
			else if (i < collect->ngroups + collect->naggregates)
			{
				const Aggregate *one = &collect->aggregates[i - collect->ngroups];

				if (one->argument)
					expr_run(one->argument, &run->frame, &value);
				else
					value_set_null(&value);
			}
			else
				into_value(collect, run, &value);
			MemoryContextSwitchTo(rows->context);
			value_copy(&value, &row[i]);
			MemoryContextSwitchTo(caller);
		}
		MemoryContextReset(collect->step.context);
	}
	rows_sort(rows);
}

static bool
collect_next(Step *step, Run *run)
{
	CollectStep *collect = (CollectStep *) step;
	Rows	   *rows = &collect->kept;
	int64		first;
	int64		end;
	MemoryContext caller;

	if (!collect->ready)
	{
		collect_read(collect, run);
		collect->ready = true;
		collect->next = 0;
	}
	else if (collect->ngroups == 0)
		return false;
	if (collect->ngroups > 0 && collect->next >= rows->count)
		return false;

	/* without groups there is one, even of nothing */
	first = collect->next;
	for (end = first; end < rows->count; end++)
	{
		bool		same = true;

		for (int i = 0; i < collect->ngroups && same; i++)
			same = value_equal(&rows->rows[first].values[i],
							   &rows->rows[end].values[i]);
		if (!same)
			break;
	}
	collect->next = end;
	MemoryContextReset(step->context);
	caller = MemoryContextSwitchTo(step->context);
	collect_group(collect, run, first, end);
	MemoryContextSwitchTo(caller);
	return true;
}

/* Put one group into the slots. */
static void
collect_group(CollectStep *collect, Run *run, int64 first, int64 end)
{
	const Rows *rows = &collect->kept;
	Step	   *step = &collect->step;

	for (int i = 0; i < collect->ngroups; i++)
		*run_slot(step, run, collect->group_slots[i]) =
			rows->rows[first].values[i];
	for (int i = 0; i < collect->naggregates; i++)
		aggregate_rows(&collect->aggregates[i], run, rows,
					   collect->ngroups + i, first, end,
					   run_slot(step, run, collect->aggregates[i].slot));
	if (collect->count_slot >= 0)
		value_set_int64(run_slot(step, run, collect->count_slot),
						collect->count_only ? collect->rows : end - first);
	if (collect->into_slot >= 0)
	{
		ValueBuilder builder;

		value_array_begin(&builder);
		for (int64 i = first; i < end; i++)
			value_array_add(&builder, &rows->rows[i].values[rows->nvalues - 1]);
		value_array_finish(&builder,
						   run_slot(step, run, collect->into_slot));
	}
}
