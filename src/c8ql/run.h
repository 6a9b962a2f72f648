/*
 * c8ql/run.h
 *		A statement compiled to steps, and the state of one run of it.
 *
 * A clause becomes a step.  A step asks the one before it for a row, does its
 * work, and answers that there is a row; the row itself is what the variables'
 * slots in the frame hold.  A step fills its own slots only, and what it puts
 * there lives until it is asked for the next row.
 *
 *		once <- FOR <- FILTER <- UPSERT		RETURN evaluates over the slots
 */
#ifndef C8QL_RUN_H
#define C8QL_RUN_H

#include "nodes/pg_list.h"
#include "utils/snapshot.h"

#include "document/document.h"
#include "expr/compile.h"

typedef struct Step Step;
typedef struct RunQuery RunQuery;
typedef struct Run Run;

struct Step
{
	void		(*start) (Step *step, Run *run);	/* from the beginning; the
													 * input is started */
	bool		(*next) (Step *step, Run *run);
	void		(*finish) (Step *step, Run *run);	/* may be NULL */
	Step	   *input;			/* NULL for the first */
	MemoryContext context;		/* reset by the step itself */
	ExprOwner	owner;			/* of the slots that the step fills */
	bool		writes;			/* this step or one before it writes */
};

/* A query or subquery. */
struct RunQuery
{
	Step	   *last;
	ExprCode   *result;			/* NULL: no RETURN */
	bool		distinct;
	bool		writes;
	MemoryContext seen;			/* of the values that DISTINCT has seen */
};

/* A warning that c8ql_execute() reports. */
typedef struct RunWarning
{
	int			errornum;
	char	   *message;
} RunWarning;

/* An open collection that steps write to. */
typedef struct RunWriter
{
	Oid			relid;
	bool		exclusive;
	const StoreWaiting *waiting;	/* whose rows are written together; or
									 * NULL */
	DocumentStore *store;
} RunWriter;

struct Run
{
	ExprFrame	frame;			/* host_arg points back here */
	MemoryContext context;		/* lives as long as the run */
	Snapshot	snapshot;		/* what reads of collections see */
	List	   *writers;		/* RunWriter, the last opened first */
	StoreLevel *level;			/* of all of them */

	bool		fail_on_warning;
	bool		access_after_write;
	bool		keep_warnings;	/* for the answer; else raise them */
	bool		keep_all_warnings;
	List	   *warnings;		/* RunWarning */
	int64		warnings_dropped;

	int64		writes_executed;
	int64		writes_ignored;
	int64		inserted;
	int64		updated;
	int64		unchanged;
	int64		removed;
	int64		full_count;		/* rows before the last LIMIT; -1: not asked */
};

/* What the compiler of statements knows, behind ExprCompiler.host_arg. */
typedef struct Planner
{
	const Jsonb *bind;
	bool		access_after_write;
	List	   *modified;		/* OIDs of collections written so far */
	List	   *modified_names;
	List	   *used_binds;		/* names of collection parameters */
	bool		in_modification;	/* compiling a modification's expressions */
	int			reads;			/* subqueries, and what else reads
								 * collections, so far */
	List	   *explain;		/* if not NULL: List of text lines */
	bool		explaining;
	List	   *warnings;		/* RunWarning of the compiler, to be raised
								 * when the statement runs */
	bool		holds;			/* keep the collections of the statement open */
	List	   *held;			/* Relation; plan_release() closes them */
} Planner;

/* --- planner.c --- */

/* What is known of the statement; made if there is none yet. */
extern Planner *plan_planner(ExprCompiler *compiler);

/* The collection of this name along the search path, or InvalidOid. */
extern Oid	plan_find_collection(const char *name);

/* A new step with a context of its own. */
extern Step *plan_step(ExprCompiler *compiler, Size size, Step *input);

/*
 * The collection that a node names, locked against changes to the end of the
 * transaction, and, in a statement, held open to its end: what is compiled
 * stands on it.  Errors 1203, 1551, 1553, 42809.
 */
extern Oid	plan_collection(ExprCompiler *compiler, const ExprNode *node);

/* The same; InvalidOid, and nothing else, where there is none. */
extern Oid	plan_collection_if_any(ExprCompiler *compiler, const ExprNode *node);

/* Closes what is held open. */
extern void plan_release(Planner *planner);

/* Is it a name, and no variable's, or a parameter for one? */
extern bool plan_names_collection(ExprCompiler *compiler,
								  const ExprNode *node);

/*
 * For schema.table, which reads like an attribute of a variable and names a
 * collection, a node that names it; else the node itself.
 */
extern const ExprNode *plan_qualified(ExprCompiler *compiler,
									  const ExprNode *node);

/* Before a read of a collection: error 1579 if it was written. */
extern void plan_check_read(ExprCompiler *compiler, Oid relid,
							const ExprNode *node);

/* Error 1511 if a variable of the node's name can be seen. */
extern void plan_check_new(ExprCompiler *compiler, const ExprNode *node);

/* A warning about the text. */
extern void plan_warn(ExprCompiler *compiler, int errornum,
					  const char *message);

/*
 * What has to be known when the statement is compiled, compiled; else error 1575 with
 * the message.
 */
extern ExprCode *plan_constant(ExprCompiler *compiler, const ExprNode *node,
							   const char *message);

/*
 * OPTIONS of a FOR or COLLECT: warning 1539 for what is none of the names, which
 * end with a NULL.
 */
extern void plan_check_options(ExprCompiler *compiler,
							   const ExprNode *options,
							   const char *clause,
							   const char *const *names);

/* Does this tree use the variable whole, or its system attributes? */
extern bool plan_uses_whole(const ExprNode *node, const char *name);
extern bool plan_uses(const ExprNode *node, const char *name);

/* --- plan.c --- */

/* Compile a query; what it declares is visible no more afterwards. */
extern RunQuery *plan_query(ExprCompiler *compiler, const ExprNode *node);

/* The first step. */
extern Step *plan_once(void);

/* --- run.c --- */

/* Run a query from the beginning; each value goes to "emit". */
typedef void (*RunEmit) (void *arg, const JsonbValue *value);
extern void run_query(RunQuery *query, Run *run, RunEmit emit, void *arg);

/* Start a step and all before it. */
extern void run_start(Step *step, Run *run);

/* A slot of this step's, to be filled. */
static inline JsonbValue *
run_slot(Step *step, Run *run, int slot)
{
	return expr_own_slot(&run->frame, step->owner, slot);
}

static inline bool
run_next(Step *step, Run *run)
{
	return step->next(step, run);
}

/* The store of a collection, opened at its first use. */
extern DocumentStore *run_writer(Run *run, const Collection *collection,
								 const UpsertOptions *options);

/* The same, for who writes many rows together: see document_open_batch(). */
extern DocumentStore *run_writer_together(Run *run, const Collection *collection,
										  const UpsertOptions *options,
										  bool answers,
										  const StoreWaiting *waiting);

/* A write came to this. */
extern void run_count(Run *run, StoreOutcome outcome);

/* A warning: kept, raised, or an error, as the options say. */
extern void run_warn(void *arg, int errornum, const char *message);

/* Keeps a warning that is yet to be raised, in the current memory context. */
extern List *run_note_warning(List *warnings, int errornum, const char *message);

/* Raises those that were kept. */
extern void run_warn_noted(Run *run, const List *warnings);

/* Copy a Jsonb into the current context. */
extern Jsonb *run_copy_jsonb(const Jsonb *jsonb);

/* --- steps.c: FOR, LET, FILTER, LIMIT --- */
extern Step *plan_for(ExprCompiler *compiler, const ExprNode *query, int n,
					  Step *input, bool whole);
extern Step *plan_let(ExprCompiler *compiler, const ExprNode *node,
					  Step *input);
extern Step *plan_filter(ExprCompiler *compiler, const ExprNode *node,
						 Step *input);
extern Step *plan_limit(ExprCompiler *compiler, const ExprNode *node,
						Step *input);

/* Let the last LIMIT of a query count all rows, for run->full_count. */
extern void plan_full_count(RunQuery *query);

/* --- collect.c: SORT, COLLECT --- */
extern Step *plan_sort(ExprCompiler *compiler, const ExprNode *node,
					   Step *input, int outer_variables);
extern Step *plan_collect(ExprCompiler *compiler, const ExprNode *node,
						  Step *input, int outer_variables);

/* --- window.c --- */
extern Step *plan_window(ExprCompiler *compiler, const ExprNode *node,
						 Step *input, int outer_variables);

/* --- traverse.c --- */
extern Step *plan_traversal(ExprCompiler *compiler, const ExprNode *node,
							Step *input, bool uses_vertex, bool uses_edge,
							bool uses_path);

/* --- modify.c --- */
extern Step *plan_modification(ExprCompiler *compiler, const ExprNode *query,
							   int n, Step *input, int outer_variables,
							   bool whole, bool used, bool old_used);

#endif							/* C8QL_RUN_H */
