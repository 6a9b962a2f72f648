/*
 * c8ql/execute.h
 *		One call of a statement, from its text to its answer.
 */
#ifndef C8QL_EXECUTE_H
#define C8QL_EXECUTE_H

#include "c8ql/run.h"

typedef struct StatementOptions
{
	bool		fail_on_warning;
	bool		access_after_write;
	bool		full_count;		/* run->full_count is to be known */
	bool		keep_warnings;	/* in run->warnings, not as WARNING */
	bool		keep_all_warnings;	/* however many they are */
} StatementOptions;

/*
 * Compile and run a statement.  Each value of its RETURN goes to emit, in
 * CurrentMemoryContext.  *run is filled in: counts and warnings stay there,
 * allocated in a context below CurrentMemoryContext.  Errors of the language
 * and of the store; every one that has a number in the language carries it.
 */
extern void statement_execute(const char *text, const Jsonb *bind,
							  const StatementOptions *options,
							  RunEmit emit, void *arg, Run *run);

/* How it would look things up, as a List of strings. */
extern List *statement_explain(const char *text, const Jsonb *bind);

/*
 * Run something with a run's writers: they are closed at its end, when the
 * AFTER triggers of all of them fire, and errors get their number.
 */
extern void statement_guard(Run *run, void (*work) (void *arg), void *arg);

#endif							/* C8QL_EXECUTE_H */
