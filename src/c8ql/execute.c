/*
 * c8ql/execute.c
 *		One call of a statement, from its text to its answer.
 *
 *		text -> tree (kept by the session) -> steps -> rows -> stores closed
 *
 * Trees depend on nothing but the text, so the session keeps them, and a
 * statement that comes again is not parsed again.  Steps depend on tables and
 * on collections given as parameters and are made for each call; that is
 * cheap.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "expr/error.h"
#include "expr/parse.h"
#include "expr/value.h"
#include "c8ql/execute.h"
#include "c8ql/c8ql.h"
#include "upsert.h"

/* trees that a session keeps; when there are more it starts anew */
#define MAX_TREES 128

/* a text with so many bytes, full of data, will hardly come again */
#define MAX_TEXT (16 * 1024)

typedef struct TreeEntry
{
	uint64		hash;			/* of the text */
	char	   *text;
	ExprNode   *tree;
} TreeEntry;

/* The session's trees by text.  Nothing points into them after compiling. */
static HTAB *trees = NULL;
static MemoryContext trees_context = NULL;

typedef struct QueryWork
{
	RunQuery   *query;
	Run		   *run;
	RunEmit		emit;
	void	   *arg;
} QueryWork;

static const ExprNode *statement_tree(const char *text);
static void check_binds(const ExprCompiler *compiler, const Planner *planner,
						const Jsonb *bind);
static void add_errornum(ErrorData *error);
static void run_work(void *arg);

static const ExprNode *
statement_tree(const char *text)
{
	uint64		hash;
	TreeEntry  *entry;
	MemoryContext context;
	MemoryContext caller;
	ExprNode   *tree;
	bool		found;

	if (strlen(text) > MAX_TEXT)
		return expr_parse_statement(text);
	hash = DatumGetUInt64(hash_any_extended((const unsigned char *) text,
											strlen(text), 0));
	if (trees != NULL)
	{
		entry = hash_search(trees, &hash, HASH_FIND, NULL);
		if (entry && strcmp(entry->text, text) == 0)
			return entry->tree;
		if (hash_get_num_entries(trees) >= MAX_TREES)
		{
			trees = NULL;
			MemoryContextReset(trees_context);
		}
	}
	if (trees_context == NULL)
		trees_context = AllocSetContextCreate(CacheMemoryContext,
											  "C8QL statements",
											  ALLOCSET_DEFAULT_SIZES);
	if (trees == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(uint64);
		ctl.entrysize = sizeof(TreeEntry);
		ctl.hcxt = trees_context;
		trees = hash_create("C8QL statements", MAX_TREES, &ctl,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}

	/* an error leaves nothing behind */
	context = AllocSetContextCreate(CurrentMemoryContext, "C8QL statement",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	tree = expr_parse_statement(text);
	text = pstrdup(text);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, trees_context);
	entry = hash_search(trees, &hash, HASH_ENTER, &found);
	entry->text = unconstify(char *, text);
	entry->tree = tree;
	return tree;
}

/*
 * Every bind parameter that was given must be one that the text has.
 */
static void
check_binds(const ExprCompiler *compiler, const Planner *planner,
			const Jsonb *bind)
{
	JsonbValue	object;
	JsonbValue	name;
	JsonbValue	value;
	ValueIter	it;

	value_from_jsonb(unconstify(Jsonb *, bind), &object);
	value_iter_init(&it, &object);
	while (value_iter_next(&it, &name, &value))
	{
		char	   *word = pnstrdup(name.val.string.val, name.val.string.len);
		bool		used = false;
		ListCell   *lc;

		foreach(lc, compiler->params)
			used |= strcmp(lfirst(lc), word) == 0;
		foreach(lc, planner->used_binds)
			used |= strcmp(lfirst(lc), word) == 0;
		if (!used)
			expr_error(EXPR_ERR_BIND_UNDECLARED,
					   "bind parameter '%s' was not declared in the query",
					   word);
	}
}

/* Errors of the store that have a number in the language. */
static void
add_errornum(ErrorData *error)
{
	int			errornum;

	if (error->detail && strstr(error->detail, "errorNum") != NULL)
		return;
	switch (error->sqlerrcode)
	{
		case ERRCODE_UPSERT_REVISION_CONFLICT:
			errornum = EXPR_ERR_CONFLICT;
			break;
		case ERRCODE_UNIQUE_VIOLATION:
			errornum = EXPR_ERR_UNIQUE;
			break;
		case ERRCODE_UPSERT_INVALID_KEY:
			errornum = EXPR_ERR_KEY;
			break;
		case ERRCODE_UPSERT_INVALID_DOCUMENT:
			errornum = error->message &&
				strncmp(error->message, "edge", 4) == 0 ?
				EXPR_ERR_EDGE : EXPR_ERR_DOCUMENT_TYPE;
			break;
		default:
			return;
	}
	error->detail = error->detail ?
		psprintf("%s\nerrorNum %d", error->detail, errornum) :
		psprintf("errorNum %d", errornum);
}

void
statement_guard(Run *run, void (*work) (void *arg), void *arg)
{
	MemoryContext caller = CurrentMemoryContext;

	PG_TRY();
	{
		run->level = store_level_begin();
		work(arg);
		while (run->writers != NIL)
		{
			RunWriter  *writer = linitial(run->writers);

			run->writers = list_delete_first(run->writers);
			document_close(writer->store);
		}
		store_level_end(run->level);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		add_errornum(error);
		FlushErrorState();
		ReThrowError(error);
	}
	PG_END_TRY();
}

static void
run_work(void *arg)
{
	QueryWork  *work = arg;

	run_query(work->query, work->run, work->emit, work->arg);
}

void
statement_execute(const char *text, const Jsonb *bind,
				  const StatementOptions *options, RunEmit emit, void *arg,
				  Run *run)
{
	MemoryContext caller = CurrentMemoryContext;
	ExprCompiler compiler;
	Planner		planner = {0};
	QueryWork	work;

	memset(run, 0, sizeof(Run));
	run->context = AllocSetContextCreate(caller, "C8QL run",
										 ALLOCSET_DEFAULT_SIZES);
	run->fail_on_warning = options->fail_on_warning;
	run->access_after_write = options->access_after_write;
	run->keep_warnings = options->keep_warnings;
	run->keep_all_warnings = options->keep_all_warnings;

	MemoryContextSwitchTo(run->context);
	expr_compiler_init(&compiler, text);
	planner.bind = bind;
	planner.access_after_write = options->access_after_write;
	planner.holds = true;
	compiler.host_arg = &planner;
	work.query = plan_query(&compiler, statement_tree(text));
	run->full_count = -1;
	if (options->full_count)
		plan_full_count(work.query);
	work.run = run;
	work.emit = emit;
	work.arg = arg;

	check_binds(&compiler, &planner, bind);
	expr_frame_init(&compiler, &run->frame);
	expr_bind(&compiler, bind, run->frame.params);
	run->frame.warn = run_warn;
	run->frame.warn_arg = run;
	run->frame.host_arg = run;
	run_warn_noted(run, planner.warnings);

	/* reads see what was there when the statement began */
	if (!options->access_after_write)
	{
		CommandCounterIncrement();
		run->snapshot = RegisterSnapshot(GetTransactionSnapshot());
	}
	MemoryContextSwitchTo(caller);
	statement_guard(run, run_work, &work);
	plan_release(&planner);
	if (run->snapshot)
		UnregisterSnapshot(run->snapshot);
	run->snapshot = NULL;
}

List *
statement_explain(const char *text, const Jsonb *bind)
{
	ExprCompiler compiler;
	Planner		planner = {0};

	expr_compiler_init(&compiler, text);
	planner.bind = bind;
	planner.explaining = true;
	planner.holds = true;
	compiler.host_arg = &planner;
	(void) plan_query(&compiler, statement_tree(text));
	check_binds(&compiler, &planner, bind);
	plan_release(&planner);
	return planner.explain;
}
