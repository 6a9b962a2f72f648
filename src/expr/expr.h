/*
 * expr/expr.h
 *		Type docexpr and its evaluation: what other modules need.
 *
 * A docexpr is an expression of the language, parsed.  To evaluate one:
 *
 *		program = expr_compile(docexpr, CurrentMemoryContext);	-- once
 *		ExprBindings bindings = {.old = OLD, .bind = bind};
 *		for each row
 *			result = expr_eval(program, &bindings);				-- Jsonb
 *
 * Who evaluates once per SQL call keeps the program by expr_compile_cached().
 * Subqueries and functions that read documents work too; a docexpr can never
 * write.
 */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include "fmgr.h"
#include "utils/jsonb.h"

/* The datum: a varlena, int-aligned.  See expr/docexpr.c for the layout. */
typedef struct DocExpr
{
	int32		vl_len_;
	uint32		version;
	char		nodes[FLEXIBLE_ARRAY_MEMBER];
} DocExpr;

#define DatumGetDocExprP(d)		((DocExpr *) PG_DETOAST_DATUM(d))
#define PG_GETARG_DOCEXPR_P(n)	DatumGetDocExprP(PG_GETARG_DATUM(n))

typedef struct ExprProgram ExprProgram;

/* Called for each warning of the language; may raise an error instead. */
typedef void (*ExprWarn) (void *arg, int errornum, const char *message);

/* What an expression can see.  NULL documents are null. */
typedef struct ExprBindings
{
	const Jsonb *old;			/* OLD */
	const Jsonb *new;			/* NEW */
	const Jsonb *bind;			/* @name; NULL: none */
	bool		missing_absent; /* a missing @name is no error 1551: null, and
								 * as the value of an attribute none at all */
	ExprWarn	warn;			/* NULL: raise it as a WARNING */
	void	   *warn_arg;
} ExprBindings;

/*
 * Compile.  The program lives in "context" and does not point into the datum.
 * Errors: 1203 unknown name, 1540 and 1541 for functions, 0A000 if it writes.
 */
extern ExprProgram *expr_compile(const DocExpr *docexpr, MemoryContext context);

/*
 * A program kept with a call site: zero it, put it into fn_extra's struct, and
 * the docexpr is compiled again only when another one comes.  The program
 * lives below "parent" (fn_mcxt).
 */
typedef struct ExprCache
{
	DocExpr    *docexpr;
	MemoryContext context;
	ExprProgram *program;
} ExprCache;

extern ExprProgram *expr_compile_cached(ExprCache *cache,
										const DocExpr *docexpr,
										MemoryContext parent);

/*
 * Evaluate in the current memory context.  Errors: 1551 if a bind parameter
 * is missing; FAIL(); limits.
 */
extern Jsonb *expr_eval(ExprProgram *program, const ExprBindings *bindings);

/* The same as a value (expr/value.h): no copy is made of what is borrowed. */
extern void expr_eval_value(ExprProgram *program, const ExprBindings *bindings,
							JsonbValue *result);

/* Raises a warning of the language as a WARNING. */
extern void expr_warn_default(void *arg, int errornum, const char *message);

/* The tree of a datum; borrows from it.  And back. */
struct ExprNode;
extern struct ExprNode *docexpr_tree(const DocExpr *docexpr);
extern DocExpr *docexpr_from_tree(const struct ExprNode *node);

#endif							/* EXPR_EXPR_H */
