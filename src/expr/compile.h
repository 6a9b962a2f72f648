/*
 * expr/compile.h
 *		From tree to code that runs: for the evaluator and for those who run
 *		whole statements.
 *
 * Code is a tree again; each node knows the C function that evaluates it.
 * Variables are slots of one frame, found when compiling and not by name when
 * running; bind parameters are numbered likewise.
 *
 * Each slot has one owner, the step or expression that fills it, and nobody
 * else writes to it: frames are read only but for expr_own_slot().  What hands
 * on a variable of somebody else's (SORT) declares it anew, as a slot of its
 * own.  So what a slot holds is of the row of its owner, and its memory too.
 */
#ifndef EXPR_COMPILE_H
#define EXPR_COMPILE_H

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

#include "expr/expr.h"
#include "expr/func.h"
#include "expr/node.h"

typedef struct ExprCode ExprCode;
typedef struct ExprCompiler ExprCompiler;

/* Who fills a slot; 0 is nobody. */
typedef int ExprOwner;

/*
 * The state of one run.  Values borrow: the owner of a slot keeps what it puts
 * there alive until it is asked for another.
 */
typedef struct ExprFrame
{
	const JsonbValue *slots;
	const ExprOwner *owners;	/* of the slots */
	JsonbValue *params;			/* by number */
	Bitmapset  *absent;			/* params that nothing was given for, where
								 * that is allowed */
	ExprWarn	warn;			/* never NULL */
	void	   *warn_arg;
	void	   *host_arg;		/* the host's; NULL outside of a statement */
} ExprFrame;

typedef void (*ExprEvaluate) (const ExprCode *code, ExprFrame *frame,
							  JsonbValue *result);

struct ExprCode
{
	ExprEvaluate evaluate;
	uint8		op;				/* as in the node */
	uint8		flags;
	bool		constant;		/* the value is known: evaluate copies it */
	int			slot;			/* variable, parameter; first of an expansion */
	ExprOwner	owner;			/* an expansion, of its slots */
	const char *name;
	int			name_len;
	JsonbValue	value;			/* of a constant */
	const ExprFunctionDef *function;
	void	   *extra;			/* the host's, for subqueries */
	int			nargs;
	ExprCode  **args;			/* NULL where a part is absent */
};

/*
 * What the language leaves to whoever can run statements.  The one host
 * registers itself when the library is loaded; without it subqueries and
 * functions that read documents are refused.
 */
typedef struct ExprHost
{
	/* Compile a subquery into *extra; set code->evaluate.  */
	void		(*subquery) (ExprCompiler *compiler, const ExprNode *query,
							 ExprCode *code);

	/* A function without a C function: set code->evaluate. */
	void		(*function) (ExprCompiler *compiler, const ExprNode *call,
							 ExprCode *code);

	/*
	 * A name that is no variable, or an attribute of such a name, which may
	 * be a schema: true if it is a collection (code is set).
	 */
	bool		(*collection) (ExprCompiler *compiler, const ExprNode *node,
							   ExprCode *code);
} ExprHost;

extern void expr_set_host(const ExprHost *host);

typedef struct ExprVariable
{
	const char *name;
	int			slot;
} ExprVariable;

struct ExprCompiler
{
	const char *source;			/* for the place of errors; may be NULL */
	int			nslots;
	int			space;			/* of the array */
	ExprOwner  *owners;			/* of the slots */
	ExprOwner	last_owner;
	List	   *variables;		/* ExprVariable, visible now, newest last */
	List	   *params;			/* names, in the order of their numbers */
	void	   *host_arg;		/* the host's while compiling */
	bool		asked_names;	/* the code holds for tables as they are now:
								 * it must not be kept for another call */
};

/* Start with nothing visible. */
extern void expr_compiler_init(ExprCompiler *compiler, const char *source);

/* A new owner of slots. */
extern ExprOwner expr_new_owner(ExprCompiler *compiler);

/* A new slot of this owner; and one that a name refers to from here on. */
extern int	expr_new_slot(ExprCompiler *compiler, ExprOwner owner);
extern int	expr_declare(ExprCompiler *compiler, ExprOwner owner,
						 const char *name);

/* Let a name refer to a slot from here on. */
extern void expr_declare_slot(ExprCompiler *compiler, const char *name,
							  int slot);

/* The slot that a name refers to, -1 if none. */
extern int	expr_lookup(const ExprCompiler *compiler, const char *name);

/* Compile one expression with what is visible now. */
extern ExprCode *expr_compile_node(ExprCompiler *compiler,
								   const ExprNode *node);

/*
 * The arrays of a frame for what was compiled, in the current memory context;
 * all slots are null.
 */
extern void expr_frame_init(const ExprCompiler *compiler, ExprFrame *frame);

/* The slot, for its owner to fill. */
static inline JsonbValue *
expr_own_slot(ExprFrame *frame, ExprOwner owner, int slot)
{
	Assert(owner != 0 && frame->owners[slot] == owner);
	return unconstify(JsonbValue *, &frame->slots[slot]);
}

/* Fill params from the bind object; error 1551. */
extern void expr_bind(const ExprCompiler *compiler, const Jsonb *bind,
					  JsonbValue *params);

/* Evaluate. */
static inline void
expr_run(const ExprCode *code, ExprFrame *frame, JsonbValue *result)
{
	code->evaluate(code, frame, result);
}

/* The evaluating functions, by node (expr/eval.c). */
extern ExprEvaluate expr_evaluator(const ExprNode *node);

#endif							/* EXPR_COMPILE_H */
