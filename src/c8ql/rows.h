/*
 * c8ql/rows.h
 *		Rows that a step keeps: of each its keys, and what is needed later.
 */
#ifndef C8QL_ROWS_H
#define C8QL_ROWS_H

#include "c8ql/run.h"

typedef struct KeptRow
{
	int64		number;			/* in the input */
	JsonbValue *values;			/* keys first */
} KeptRow;

/* Rows in memory, and how to sort them. */
typedef struct Rows
{
	MemoryContext context;
	int			nkeys;
	int			nvalues;
	const bool *descending;		/* by key; NULL: none */
	int64		count;
	int64		space;
	KeptRow    *rows;
} Rows;

/* Forget all rows. */
extern void rows_start(Rows *rows);

/* A new row; its values are to be filled in with copies in the context. */
extern JsonbValue *rows_add(Rows *rows);

/* Keep an expression's value, that of slots; the step's context is used up. */
extern void rows_keep(Rows *rows, Run *run, Step *step, const ExprCode *code,
					  JsonbValue *value);
extern void rows_keep_slots(Rows *rows, Run *run, int nslots, const int *slots,
							JsonbValue *values);

/* By the keys, stably. */
extern void rows_sort(Rows *rows);

/*
 * The slots of the variables that can be seen now, from one on; with names
 * only those that have one of the user's.
 */
extern int	rows_variables(ExprCompiler *compiler, int from, int **slots,
						   const char ***names);

/*
 * Declare those variables anew, as slots of this owner: what comes after sees
 * the rows that the owner kept.  Their number; *from is where they were.
 */
extern int	rows_hand_on(ExprCompiler *compiler, ExprOwner owner,
						 int outer_variables, int **from, int **to);

#endif							/* C8QL_ROWS_H */
