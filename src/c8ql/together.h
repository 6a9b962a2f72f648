/*
 * c8ql/together.h
 *		The rows of a loop that are upserted by their keys, together.
 *
 *		Together *t = together_plan(...);	before the UPSERT is compiled
 *		together_use(t, op, ...);			after it
 *		together_start(t);					for each run
 *		while (together_next(t, run) != TOGETHER_END) ...
 */
#ifndef C8QL_TOGETHER_H
#define C8QL_TOGETHER_H

#include "c8ql/operation.h"

typedef struct Together Together;

/*
 * For the UPSERT that is the n-th clause of the query, if by its text its rows
 * may be gathered; else NULL.  Declares the query's variables anew, as the
 * step's.
 */
extern Together *together_plan(ExprCompiler *compiler, const ExprNode *query,
							   int n, Step *step, int outer_variables,
							   const Collection *collection);

/* The operation, compiled, and what of OLD and NEW is used after it. */
extern void together_use(Together *t, ExprCompiler *compiler, UpsertOp *op,
						 bool whole, bool used);

/* From the beginning; the operation's options are known. */
extern void together_start(Together *t);

typedef enum TogetherNext
{
	TOGETHER_END,
	TOGETHER_ROW,				/* together_give() gives one that is done */
	TOGETHER_ALONE				/* one is to be done by itself: its variables
								 * are in the step's slots */
} TogetherNext;

extern TogetherNext together_next(Together *t, Run *run);

/*
 * Gives out the next row: its variables, and OLD and NEW, in the step's slots.
 * False if it is dropped, since it was ignored.
 */
extern bool together_give(Together *t, Run *run, int old_slot, int new_slot);

#endif							/* C8QL_TOGETHER_H */
