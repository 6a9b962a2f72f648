/*
 * c8ql/aggregate.h
 *		Functions behind AGGREGATE: one value of many rows.
 */
#ifndef C8QL_AGGREGATE_H
#define C8QL_AGGREGATE_H

#include "c8ql/rows.h"

typedef struct Aggregate
{
	int			slot;			/* of the result */
	ExprCode   *argument;		/* NULL: counts rows */
	const ExprFunctionDef *function;	/* NULL: the array itself */
	bool		counts;
	bool		distinct;		/* COUNT_DISTINCT */
} Aggregate;

/* Errors 1540, 1541, 1574. */
extern void aggregate_plan(ExprCompiler *compiler, const ExprNode *call,
						   Aggregate *aggregate);

/*
 * Of the rows from first to before end; the arguments are their values at
 * "column".
 */
extern void aggregate_rows(const Aggregate *aggregate, Run *run,
						   const Rows *rows, int column, int64 first,
						   int64 end, JsonbValue *result);

/* A function of one value, which may warn. */
extern void aggregate_call(const ExprFunctionDef *function, Run *run,
						   const JsonbValue *argument, JsonbValue *result);

#endif							/* C8QL_AGGREGATE_H */
