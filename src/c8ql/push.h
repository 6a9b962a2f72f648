/*
 * c8ql/push.h
 *		What a FOR over a collection can leave to PostgreSQL.
 */
#ifndef C8QL_PUSH_H
#define C8QL_PUSH_H

#include "c8ql/read.h"

typedef struct Push Push;

/*
 * Look through the clauses that follow the FOR at n in a query for conditions
 * on its variable that SQL can help with.  Their other sides are compiled with
 * what is visible now.  NULL if there are none.
 */
extern Push *push_plan(ExprCompiler *compiler, const ExprNode *query, int n,
					   const Collection *collection);

/*
 * The query for this row of the input, in the current memory context, where it
 * must stay until it has been opened.  False: no document can pass.
 */
extern bool push_build(Push *push, Run *run, ReaderQuery *query);

/* How it will be looked up, in words. */
extern const char *push_explain(const Push *push);

#endif							/* C8QL_PUSH_H */
