/*
 * c8ql/rows.c
 *		Rows that a step keeps: SORT, COLLECT and WINDOW read their input to the
 *		end before they answer.
 *
 * Rows are arrays of values, the keys first, all copies in one context.  What
 * comes after such a step sees these rows and not the input's, so the
 * variables that it hands on are slots of its own.  Those of an outer query
 * stay theirs; they are the same in all rows.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "c8ql/rows.h"
#include "expr/value.h"

void
rows_start(Rows *rows)
{
	MemoryContextReset(rows->context);
	rows->count = rows->space = 0;
	rows->rows = NULL;
}

JsonbValue *
rows_add(Rows *rows)
{
	KeptRow    *row;

	if (rows->count == rows->space)
	{
		rows->space = rows->space ? rows->space * 2 : 64;
		if (rows->rows)
			rows->rows = repalloc_huge(rows->rows,
									   sizeof(KeptRow) * rows->space);
		else
			rows->rows = MemoryContextAlloc(rows->context,
											sizeof(KeptRow) * rows->space);
	}
	row = &rows->rows[rows->count];
	row->number = rows->count++;
	row->values = MemoryContextAlloc(rows->context, sizeof(JsonbValue) *
									 Max(rows->nvalues, 1));
	return row->values;
}

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const Rows *rows = arg;
	const KeptRow *x = a;
	const KeptRow *y = b;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < rows->nkeys; i++)
	{
		int			cmp = value_compare(&x->values[i], &y->values[i]);

		if (cmp != 0)
			return rows->descending && rows->descending[i] ? -cmp : cmp;
	}
	return x->number < y->number ? -1 : x->number > y->number;
}

void
rows_sort(Rows *rows)
{
	if (rows->nkeys > 0 && rows->count > 1)
		qsort_arg(rows->rows, rows->count, sizeof(KeptRow), compare_rows, rows);
}

void
rows_keep(Rows *rows, Run *run, Step *step, const ExprCode *code,
		  JsonbValue *value)
{
	MemoryContext caller = MemoryContextSwitchTo(step->context);
	JsonbValue	computed;

	expr_run(code, &run->frame, &computed);
	MemoryContextSwitchTo(rows->context);
	value_copy(&computed, value);
	MemoryContextSwitchTo(caller);
}

void
rows_keep_slots(Rows *rows, Run *run, int nslots, const int *slots,
				JsonbValue *values)
{
	MemoryContext caller = MemoryContextSwitchTo(rows->context);

	for (int i = 0; i < nslots; i++)
		value_copy(&run->frame.slots[slots[i]], &values[i]);
	MemoryContextSwitchTo(caller);
}

int
rows_variables(ExprCompiler *compiler, int from, int **slots,
			   const char ***names)
{
	int			count = 0;
	int			total = list_length(compiler->variables);

	*slots = palloc(sizeof(int) * Max(total, 1));
	if (names)
		*names = palloc(sizeof(char *) * Max(total, 1));
	for (int i = from; i < total; i++)
	{
		const ExprVariable *variable = list_nth(compiler->variables, i);

		/* of a collection's document, OLD and NEW are not for INTO */
		if (names && variable->name[0] == '$')
			continue;
		(*slots)[count] = variable->slot;
		if (names)
			(*names)[count] = variable->name;
		count++;
	}
	return count;
}

int
rows_hand_on(ExprCompiler *compiler, ExprOwner owner, int outer_variables,
			 int **from, int **to)
{
	List	   *variables = list_copy(compiler->variables);
	int			count = rows_variables(compiler, outer_variables, from, NULL);

	*to = palloc(sizeof(int) * Max(count, 1));
	compiler->variables = list_truncate(compiler->variables, outer_variables);
	for (int i = 0; i < count; i++)
	{
		const ExprVariable *variable = list_nth(variables, outer_variables + i);

		(*to)[i] = expr_declare(compiler, owner, variable->name);
	}
	return count;
}
