/*
 * bound.h
 *		What refuses a row and stands in none of its columns or constraints.
 */
#ifndef UPSERT_BOUND_H
#define UPSERT_BOUND_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "store/candidate.h"

/* Rows are admitted if one of the expressions holds. */
typedef struct Bound
{
	List	   *expressions;	/* of RowExpression * */
	Relation	rel;			/* that is written */
	const char *view;			/* whose WITH CHECK OPTION it is; NULL: the
								 * bounds of partitions, */
	bool		leaves;			/* those below rel, or its own */
} Bound;

/*
 * The bounds of a relation's rows, expressions over its columns; in the current
 * memory context.  Locks partitions and the views below as a query would.
 */
extern List *bounds_of(Relation rel);

/* Error 23514 or 44000: the row lies outside. */
pg_noreturn extern void bound_refuse(const Bound *bound);

#endif							/* UPSERT_BOUND_H */
