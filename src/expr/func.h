/*
 * func.h
 *		The function library of the expression language.
 */
#ifndef UPSERT_EXPR_FUNC_H
#define UPSERT_EXPR_FUNC_H

#include "utils/jsonb.h"

/* A number of the language's own for a warning; see expr_function_lookup(). */
#define EXPR_WARN_NUMBER_OUT_OF_RANGE	1504
#define EXPR_WARN_INVALID_ARGUMENT_TYPE	1542
#define EXPR_WARN_INVALID_REGEX			1543
#define EXPR_WARN_INVALID_ARITHMETIC	1561
#define EXPR_WARN_DIVISION_BY_ZERO		1562
#define EXPR_WARN_ARRAY_EXPECTED		1563
#define EXPR_FAIL_CALLED				1569
#define EXPR_WARN_INVALID_DATE			1572
#define EXPR_ASSERT_FAILED				1593
#define EXPR_WARN_CALLED				1594

/*
 * One call.  name is the table's spelling (upper case); args are evaluated
 * already and hold arrays and objects as jbvBinary.  warn is called with the
 * number and the text of a warning, and may not return (failOnWarning).
 */
typedef struct ExprCall
{
	const char *name;
	int			nargs;
	const JsonbValue *args;
	void		(*warn) (void *warn_arg, int errornum, const char *message);
	void	   *warn_arg;
} ExprCall;

/*
 * The result is allocated in CurrentMemoryContext or borrows from the
 * arguments.  Wrong types give null and a warning; what is raised as an ERROR
 * is FAIL(), ASSERT(), a limit, an interrupt, or running out of memory.
 */
typedef void (*ExprFunction) (ExprCall *call, JsonbValue *result);

#define EXPR_FN_VOLATILE		0x0001	/* may not be folded to a constant */
#define EXPR_FN_READS_DOCUMENTS	0x0002	/* 1579 after a modification */

typedef struct ExprFunctionDef
{
	const char *name;
	int16		min_args;
	int16		max_args;		/* -1: any number */
	uint16		flags;
	ExprFunction fn;			/* NULL: the executor supplies it */
} ExprFunctionDef;

/*
 * Look a function up by its name in any case.  NULL: there is none (error
 * 1540).  The caller checks the number of arguments (error 1541).
 */
extern const ExprFunctionDef *expr_function_lookup(const char *name, int len);

/* The name of the function that may be meant by one that is none, or NULL. */
extern const char *expr_function_like(const char *name);

/* The n-th function of the library, NULL after the last; aliases count. */
extern const ExprFunctionDef *expr_function_nth(int n);

#endif							/* UPSERT_EXPR_FUNC_H */
