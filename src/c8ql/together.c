/*
 * c8ql/together.c
 *		The rows of a loop that are upserted by their keys, together.
 *
 *		FOR d IN @docs UPSERT {_key: d._key} INSERT d UPDATE {n: OLD.n + 1} IN c
 *
 *		gather		key and variables of each row	c a b a
 *		apply		in the order of the keys		a a b c		call/batch.c
 *		give out	as they came, one by one		c a b a
 *
 * So rows are looked up side by side, new ones are inserted together, and those
 * of one key are one row version, as in a batch of documents.  Nobody can tell
 * but by that: each row has its own OLD and NEW, and warnings come in the order
 * of the rows.
 *
 * It is for what does not depend on what other rows have written.  The text
 * tells most of it:
 *
 *		a loop; nothing before it in the query writes
 *		the search is {_key: ...}, and INSERT brings that key, or none
 *		no expression reads a collection, and accessAfterWrite is off
 *
 * and the table tells the rest when it runs: store_order_shows().  A row whose
 * key is none, or whose INSERT brings another, may be another row's: what was
 * gathered before it is applied, then that row by itself (operation.c), and so
 * on.
 *
 * Where INSERT brings no key, and there is no document, a new one is inserted
 * that nobody searches for: all of these come after the others.
 */
#include "postgres.h"

#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "call/batch.h"
#include "c8ql/operation_impl.h"
#include "c8ql/remote.h"
#include "c8ql/rows.h"
#include "c8ql/together.h"
#include "expr/value.h"

/*
 * So much is gathered at a time: of rows whose documents are given out, less; of
 * others more, when the transaction has used up subtransactions for them.
 */
#define MOST_ROWS 50000
#define FEWEST_ROWS 1000
#define FIRST_SHOWN 4000
#define MOST_BYTES (32 * 1024 * 1024)

typedef struct LoopRow
{
	Together   *loop;
	JsonbValue *variables;
	Datum		key;
	UpsertTry	try;
	List	   *warnings;		/* RunWarning, of the last composition */
	StoreOutcome outcome;
	bool		failed;			/* and is ignored */
	RemoteRow  *remote;			/* NULL: it was none */
	JsonbValue	old;			/* as they are shown */
	JsonbValue	new;
} LoopRow;

struct Together
{
	Step	   *step;
	UpsertOp   *op;
	const Collection *collection;
	bool		never;			/* an expression reads a collection */
	bool		whole;
	bool		used;
	int			nvariables;		/* of the query that are used from here on */
	int		   *from;
	int		   *to;
	ExprCode   *key;			/* of the search */
	ExprCode   *insert_key;		/* of INSERT; NULL: the same, or none */
	const ExprNode *node;		/* the UPSERT, as long as it is planned */
	const char **names;			/* of the variables */
	int			outer_variables;
	Remote	   *remote;			/* for rows that lie elsewhere; NULL: cannot */

	/* of a run */
	bool		decided;
	bool		applies;
	Route	   *route;			/* they lie there */
	bool		ended;			/* there are no more rows */
	bool		alone;			/* the input's row is to be done by itself */
	Run		   *run;
	DocumentStore *store;
	DocumentStore *outer;
	int			most;			/* rows to be gathered */
	int			factor;			/* of bytes */
	bool		warned;			/* while a key was computed */

	MemoryContext context;		/* of rows */
	MemoryContext item_context;
	LoopRow    *rows;
	int			nrows;
	int			space;
	int			next;			/* to be given out */
	bool		applied;		/* they are done; else each is, by itself */
	const LoopRow *loaded;		/* whose variables are in the slots */

	Batch		batch;
	StoreWaiting waiting;
	LoopRow   **items;			/* of the batch */
	bool		second;			/* those that are new without a key */
};

static const BatchDoor loop_door;

/* ----------
 * Planning
 * ----------
 */

/* Does a call in it give another value each time? */
static bool
is_volatile(const ExprNode *node)
{
	check_stack_depth();
	if (node->tag == EXPR_CALL)
	{
		const ExprFunctionDef *function = expr_function_lookup(node->name,
															   strlen(node->name));

		if (function == NULL || function->fn == NULL ||
			(function->flags & EXPR_FN_VOLATILE) != 0)
			return true;
	}
	if (node->tag == EXPR_SUBQUERY)
		return true;
	for (int i = 0; i < node->nargs; i++)
		if (is_volatile(node->args[i]))
			return true;
	return false;
}

/* The same, word for word? */
static bool
same_tree(const ExprNode *a, const ExprNode *b)
{
	check_stack_depth();
	if (a->tag != b->tag || a->op != b->op || a->flags != b->flags ||
		a->nargs != b->nargs || (a->name == NULL) != (b->name == NULL) ||
		(a->value == NULL) != (b->value == NULL) ||
		(a->name && strcmp(a->name, b->name) != 0) ||
		(a->value && !value_equal(a->value, b->value)))
		return false;
	for (int i = 0; i < a->nargs; i++)
		if (!same_tree(a->args[i], b->args[i]))
			return false;
	return true;
}

/* The value of _key in a search that is nothing else; or NULL. */
static const ExprNode *
searched_key(const ExprNode *search)
{
	if (search->tag != EXPR_OBJECT || search->nargs != 1 ||
		search->args[0]->tag != EXPR_PROP ||
		strcmp(search->args[0]->name, "_key") != 0)
		return NULL;
	return is_volatile(search->args[0]->args[0]) ? NULL : search->args[0]->args[0];
}

/* What a document's _key is computed of; NULL where that cannot be told. */
static const ExprNode *
inserted_key(const ExprNode *document)
{
	switch ((ExprTag) document->tag)
	{
		case EXPR_OBJECT:
			for (int i = 0; i < document->nargs; i++)
			{
				if (document->args[i]->tag != EXPR_PROP)
					return NULL;
				if (strcmp(document->args[i]->name, "_key") == 0)
					return document->args[i]->args[0];
			}
			return NULL;
		case EXPR_REF:
		case EXPR_ATTR:
		case EXPR_PARAM:
			return expr_node(EXPR_ATTR, document->location, "_key", 1, document);
		case EXPR_CALL:
			/* of MERGE it is that of the last which has one */
			if (pg_strcasecmp(document->name, "MERGE") != 0)
				return NULL;
			for (int i = document->nargs - 1; i >= 0; i--)
				if (!c8ql_brings_no_key(document->args[i]))
					return i == 0 || document->args[i]->tag == EXPR_OBJECT ?
						inserted_key(document->args[i]) : NULL;
			return NULL;
		default:
			return NULL;
	}
}

/* Is there a loop before it? */
static bool
is_in_loop(const ExprNode *query, int n)
{
	for (int i = 0; i < n; i++)
		if (query->args[i]->tag == EXPR_FOR || query->args[i]->tag == EXPR_TRAVERSAL)
			return true;
	return false;
}

/* Keys of bytes, which are the same where their text is. */
static bool
keys_are_text(const Collection *c)
{
	return (c->key_type == TEXTOID || c->key_type == VARCHAROID) &&
		!OidIsValid(c->key_domain) &&
		(c->key_collation == C_COLLATION_OID ||
		 get_collation_isdeterministic(c->key_collation));
}

/* Of the variables that are handed on, those that somebody looks at. */
static void
keep_used(Together *t, ExprCompiler *compiler, const ExprNode *query, int n,
		  int outer_variables)
{
	int			kept = 0;

	t->names = palloc(sizeof(char *) * Max(t->nvariables, 1));
	for (int i = 0; i < t->nvariables; i++)
	{
		const ExprVariable *variable = list_nth(compiler->variables,
												outer_variables + i);
		bool		used = false;

		for (int k = n; k < query->nargs && !used; k++)
			used = plan_uses(query->args[k], variable->name) ||
				expr_node_contains(query->args[k], EXPR_COLLECT_INTO);
		if (!used)
			continue;
		t->names[kept] = variable->name;
		t->from[kept] = t->from[i];
		t->to[kept++] = t->to[i];
	}
	t->nvariables = kept;
}

Together *
together_plan(ExprCompiler *compiler, const ExprNode *query, int n, Step *step,
			  int outer_variables, const Collection *collection)
{
	const ExprNode *node = query->args[n];
	const ExprNode *insert = node->args[EXPR_UPSERT_INSERT];
	Planner    *planner = plan_planner(compiler);
	const ExprNode *key;
	const ExprNode *insert_key;
	Together   *t;

	if (planner->access_after_write || step->input->writes ||
		!keys_are_text(collection) ||
		(!is_in_loop(query, n) && !collection_is_distributed(collection->relid)))
		return NULL;
	key = searched_key(node->args[EXPR_UPSERT_SEARCH]);
	insert_key = inserted_key(insert);
	if (key == NULL ||
		(insert_key ? is_volatile(insert_key) : !c8ql_brings_no_key(insert)))
		return NULL;

	t = palloc0(sizeof(Together));
	t->step = step;
	t->collection = collection;
	t->node = node;
	t->outer_variables = outer_variables;
	t->nvariables = rows_hand_on(compiler, step->owner, outer_variables,
								 &t->from, &t->to);
	keep_used(t, compiler, query, n, outer_variables);
	planner->reads = 0;
	if (insert_key && !same_tree(key, insert_key))
		t->insert_key = expr_compile_node(compiler, insert_key);
	t->context = AllocSetContextCreate(CurrentMemoryContext, "C8QL rows together",
									   ALLOCSET_DEFAULT_SIZES);
	return t;
}

void
together_use(Together *t, ExprCompiler *compiler, UpsertOp *op, bool whole,
			 bool used)
{
	t->op = op;
	t->key = search_expression(op->search);
	t->whole = whole;
	t->used = used;
	t->never = plan_planner(compiler)->reads > 0;
	if (!t->never && !op->insert_keyless && collection_is_distributed(t->collection->relid))
		t->remote = remote_plan(compiler, t->node, t->names, t->nvariables,
								t->outer_variables);
}

/* ----------
 * The slots
 * ----------
 */

/* The input's row, as it is. */
static void
load_input(Together *t, Run *run)
{
	for (int i = 0; i < t->nvariables; i++)
		*run_slot(t->step, run, t->to[i]) = run->frame.slots[t->from[i]];
	t->loaded = NULL;
}

static void
load_row(Together *t, Run *run, const LoopRow *row)
{
	for (int i = 0; i < t->nvariables; i++)
		*run_slot(t->step, run, t->to[i]) = row->variables[i];
	t->loaded = row;
}

/* ----------
 * Gathering
 * ----------
 */

static void
note_warned(void *arg, int errornum, const char *message)
{
	((Together *) arg)->warned = true;
}

/* The key of the row that is loaded; false if the row is to be done alone. */
static bool
compute_key(Together *t, Run *run, Datum *key)
{
	JsonbValue	value;
	JsonbValue	inserted;
	const char *hint;

	expr_run(t->key, &run->frame, &value);
	if (value.type != jbvString)
		return false;
	if (t->insert_key)
	{
		expr_run(t->insert_key, &run->frame, &inserted);
		if (inserted.type != jbvString ||
			inserted.val.string.len != value.val.string.len ||
			memcmp(inserted.val.string.val, value.val.string.val,
				   value.val.string.len) != 0)
			return false;
	}
	MemoryContextSwitchTo(t->context);
	return !t->warned &&
		collection_key_parse(t->collection, value.val.string.val,
							 value.val.string.len, key, &hint);
}

static LoopRow *
new_row(Together *t)
{
	if (t->nrows == t->space)
	{
		t->space = t->space ? t->space * 2 : 64;
		t->rows = t->rows ?
			repalloc_huge(t->rows, sizeof(LoopRow) * t->space) :
			palloc(sizeof(LoopRow) * t->space);
	}
	memset(&t->rows[t->nrows], 0, sizeof(LoopRow));
	return &t->rows[t->nrows++];
}

/* Keeps the row that is loaded.  False if it is to be done alone. */
static bool
keep_row(Together *t, Run *run)
{
	ExprWarn	warn = run->frame.warn;
	void	   *warn_arg = run->frame.warn_arg;
	MemoryContext caller;
	LoopRow    *row;
	Datum		key = (Datum) 0;
	bool		keyed;

	MemoryContextReset(t->op->context);
	caller = MemoryContextSwitchTo(t->op->context);
	t->warned = false;
	run->frame.warn = note_warned;
	run->frame.warn_arg = t;
	keyed = compute_key(t, run, &key);
	run->frame.warn = warn;
	run->frame.warn_arg = warn_arg;
	if (keyed)
	{
		MemoryContextSwitchTo(t->context);
		row = new_row(t);
		row->loop = t;
		row->key = key;
		row->variables = palloc(sizeof(JsonbValue) * Max(t->nvariables, 1));
		for (int i = 0; i < t->nvariables; i++)
			value_copy(&run->frame.slots[t->to[i]], &row->variables[i]);
	}
	MemoryContextSwitchTo(caller);
	return keyed;
}

/* More rows, until there are so many. */
static void
gather(Together *t, Run *run, int most)
{
	while (t->nrows < most && !t->alone && !t->ended &&
		   (t->nrows % 64 != 0 || MemoryContextMemAllocated(t->context, true) < (Size) MOST_BYTES * t->factor))
	{
		CHECK_FOR_INTERRUPTS();
		t->ended = !run_next(t->step->input, run);
		if (t->ended)
			return;
		load_input(t, run);
		t->alone = !keep_row(t, run);
		if (t->alone)
			return;
	}
}

/* ----------
 * Composing
 * ----------
 */

static void
note_warning(void *arg, int errornum, const char *message)
{
	Together   *t = arg;
	LoopRow    *row = unconstify(LoopRow *, t->loaded);
	MemoryContext caller;

	if (t->run->fail_on_warning)
		run_warn(t->run, errornum, message);
	caller = MemoryContextSwitchTo(t->context);
	row->warnings = run_note_warning(row->warnings, errornum, message);
	MemoryContextSwitchTo(caller);
}

/* DocumentCompose: the row at hand may be done while another is in between. */
static StoreVerdict
compose_row(void *arg, const Jsonb *old, const char *old_rev, Jsonb **new)
{
	LoopRow    *row = arg;
	Together   *t = row->loop;

	if (t->loaded != row)
		load_row(t, t->run, row);
	/* a document to be inserted is not evaluated again */
	if (old != NULL || !row->try.insert_ready)
		row->warnings = NIL;
	return c8ql_upsert_compose(&row->try, old, old_rev, new);
}

/* Its turn begins, maybe anew. */
static void
begin_row(Together *t, LoopRow *row)
{
	UpsertTry  *try = &row->try;

	memset(try, 0, sizeof(*try));
	try->op = t->op;
	try->run = t->run;
	try->context = CurrentMemoryContext;
	try->how = SEARCH_KEY_ONE;
	try->key_is_all = true;
	try->key = row->key;
	if (t->op->old_whole)
		try->key_text = collection_key_to_string(t->collection, row->key);
	try->inserting = t->second;
	row->failed = false;
}

static void
end_row(Together *t, LoopRow *row, const DocumentResult *result)
{
	MemoryContext caller;

	row->outcome = result->outcome;
	if (!t->used || row->try.fate == TRY_ABSENT)
		return;
	caller = MemoryContextSwitchTo(t->context);
	c8ql_show(t->collection, t->whole, result->old, result->key,
			  result->old_rev, &row->old);
	c8ql_show(t->collection, t->whole, result->new, result->key, result->rev,
			  &row->new);
	MemoryContextSwitchTo(caller);
}

/* ----------
 * The door
 * ----------
 */

static bool
row_keyed(void *arg, int item)
{
	return !((Together *) arg)->second;
}

static int
row_compare(void *arg, int a, int b)
{
	Together   *t = arg;

	return collection_key_compare(t->collection, t->items[a]->key, t->items[b]->key);
}

static Datum
row_first(void *arg, int item, bool *isnull)
{
	*isnull = false;
	return ((Together *) arg)->items[item]->key;
}

static const char *
row_bytes(void *arg, int item, int *len)
{
	const char *key = DatumGetPointer(((Together *) arg)->items[item]->key);

	*len = VARSIZE_ANY_EXHDR(key);
	return VARDATA_ANY(key);
}

static void
open_rows(void *arg)
{
	Together   *t = arg;
	const UpsertOptions *options = &t->op->options;

	if (!options->ignore_errors && !t->batch.apart)
		return;
	if (t->batch.apart && t->outer == NULL)
		t->outer = t->store;
	t->store = document_open_batch(NULL, t->collection, options, t->used, &t->waiting);
}

static void
close_rows(void *arg)
{
	Together   *t = arg;

	if (!t->op->options.ignore_errors && !t->batch.apart)
		return;
	document_close(t->store);
	t->store = t->outer;
	t->outer = NULL;
}

static void
apply_row(void *arg, int item)
{
	Together   *t = arg;
	LoopRow    *row = t->items[item];
	DocumentResult result;

	begin_row(t, row);
	document_next(t->store, batch_position(&t->batch));
	document_apply(t->store, t->second ? NULL : &row->key, compose_row, row, &result);
	end_row(t, row, &result);
}

/*
 * What is done in a subtransaction, as a constraint may refuse it, must leave
 * foreign keys to the end of the statement.
 */
static StoreFolding
row_folding(void *arg)
{
	Together   *t = arg;
	Store	   *store = document_store(t->store);
	StoreFolding folding = t->second ? STORE_FOLDS_NOT : store_folding(store);

	if (folding == STORE_FOLDS_RISKY && !t->op->options.ignore_errors &&
		store_checks_later(store))
		return STORE_FOLDS_NOT;
	return folding;
}

/* The rows of one key that are being applied. */
typedef struct RowsOfKey
{
	Together   *loop;
	const int  *items;
} RowsOfKey;

static void *
item_composes(void *arg, int i)
{
	RowsOfKey  *key = arg;
	LoopRow    *row = key->loop->items[key->items[i]];

	batch_folds(&key->loop->batch, key->items[i], false);
	begin_row(key->loop, row);
	return row;
}

static void
item_composed(void *arg, int i, const DocumentResult *result)
{
	RowsOfKey  *key = arg;

	end_row(key->loop, key->loop->items[key->items[i]], result);
}

static void
items_written(void *arg, int first)
{
	RowsOfKey  *key = arg;

	batch_folds(&key->loop->batch, key->items[first], true);
}

static bool
fold_rows(void *arg, const int *items, int n)
{
	Together   *t = arg;
	RowsOfKey	key = {t, items};
	DocumentFold fold = {n, compose_row, item_composes, item_composed,
	items_written, &key};

	document_next(t->store, batch_position(&t->batch));
	return document_apply_fold(t->store, &t->items[items[0]]->key, &fold);
}

static void
flush_rows(void *arg)
{
	document_flush(((Together *) arg)->store);
}

/* An error of an expression is nobody's to ignore. */
static void
ignore_row(void *arg, int item, const ErrorData *error)
{
	Together   *t = arg;

	t->store = NULL;
	if (t->items[item]->try.evaluating)
		ReThrowError(unconstify(ErrorData *, error));
	t->items[item]->failed = true;
}

static const BatchDoor loop_door = {
	.keyed = row_keyed,
	.compare = row_compare,
	.first = row_first,
	.bytes = row_bytes,
	.open = open_rows,
	.apply = apply_row,
	.close = close_rows,
	.folding = row_folding,
	.apply_fold = fold_rows,
	.flush = flush_rows,
	.ignore = ignore_row
};

/* ----------
 * Applying
 * ----------
 */

static void
run_batch(Together *t, int n)
{
	const Collection *c = t->collection;

	if (t->item_context == NULL)
		t->item_context = AllocSetContextCreate(t->run->context, "C8QL row applied",
												ALLOCSET_DEFAULT_SIZES);
	memset(&t->batch, 0, sizeof(Batch));
	t->batch.door = &loop_door;
	t->batch.arg = t;
	t->batch.n = n;
	t->batch.item_context = t->item_context;
	t->batch.bytes_are_keys = c->key_collation == C_COLLATION_OID;
	t->batch.first_type = c->key_type;
	t->batch.first_collation = c->key_collation;
	t->batch.relid = c->relid;
	t->batch.ignore_errors = t->op->options.ignore_errors;
	t->batch.duplicates = DUPLICATES_APPLY;
	t->batch.single = true;		/* rows of a statement are no items */
	batch_waiting(&t->batch, &t->waiting);
	if (!t->op->options.ignore_errors)
		t->store = run_writer_together(t->run, c, &t->op->options, t->used,
									   &t->waiting);
	t->outer = NULL;
	batch_run(&t->batch);
}

/* All that were gathered go to their shards. */
static void
send(Together *t, Run *run)
{
	MemoryContext caller = MemoryContextSwitchTo(t->context);
	RemoteRow  *rows = palloc_extended(sizeof(RemoteRow) * t->nrows,
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	for (int i = 0; i < t->nrows; i++)
	{
		t->rows[i].remote = &rows[i];
		rows[i].key = t->rows[i].key;
		rows[i].variables = t->rows[i].variables;
	}
	remote_apply(t->remote, t->route, &t->op->options, t->used, run, rows, t->nrows);
	MemoryContextSwitchTo(caller);
}

/* All that were gathered. */
static void
apply(Together *t, Run *run)
{
	MemoryContext caller = MemoryContextSwitchTo(t->context);
	ExprWarn	warn = run->frame.warn;
	void	   *warn_arg = run->frame.warn_arg;
	int			absent = 0;

	t->run = run;
	t->loaded = NULL;
	run->frame.warn = note_warning;
	run->frame.warn_arg = t;
	t->items = palloc_extended(sizeof(LoopRow *) * t->nrows, MCXT_ALLOC_HUGE);
	for (int i = 0; i < t->nrows; i++)
		t->items[i] = &t->rows[i];
	t->second = false;
	run_batch(t, t->nrows);

	for (int i = 0; t->op->insert_keyless && i < t->nrows; i++)
		if (!t->rows[i].failed && t->rows[i].try.fate == TRY_ABSENT)
			t->items[absent++] = &t->rows[i];
	if (absent > 0)
	{
		t->second = true;
		run_batch(t, absent);
	}
	run->frame.warn = warn;
	run->frame.warn_arg = warn_arg;
	t->loaded = NULL;
	MemoryContextSwitchTo(caller);
}

static void
apply_gathered(Together *t, Run *run)
{
	if (t->route)
		send(t, run);
	else
		apply(t, run);
	if (!t->used)
	{
		t->factor = 1 << Min(store_subtransactions() / 8, 2);
		t->most = MOST_ROWS * t->factor;
	}
	else if (MemoryContextMemAllocated(t->context, true) > MOST_BYTES / 2)
		t->most = Max(t->most / 2, FEWEST_ROWS);
	else
		t->most = Min(t->most * 2, MOST_ROWS);
}

/* ----------
 * Running
 * ----------
 */

void
together_start(Together *t)
{
	t->ended = t->alone = false;
	t->nrows = t->next = 0;
	t->loaded = NULL;
	t->most = t->used ? FIRST_SHOWN : MOST_ROWS;
	t->factor = 1;
}

/* Do the table and its rows allow it?  Asked when there are several. */
static bool
applies(Together *t, Run *run)
{
	MemoryContext caller = MemoryContextSwitchTo(run->context);

	if (!t->decided)
	{
		t->route = t->remote ? route_to(t->collection, &t->op->options) : NULL;
		/* what the order of rows of a shard shows is seen to there */
		t->applies = t->route != NULL ||
			(!collection_is_distributed(t->collection->relid) &&
			 !store_order_shows(t->collection->relid, t->collection->key_attno,
								t->collection->guard));
	}
	t->decided = true;
	MemoryContextSwitchTo(caller);
	return t->applies;
}

/* Gathers, and applies what is more than one row, or lies elsewhere. */
static void
next_rows(Together *t, Run *run)
{
	MemoryContextReset(t->context);
	t->rows = NULL;
	t->nrows = t->space = t->next = 0;
	t->applied = false;
	gather(t, run, 2);
	if (t->nrows < (t->remote ? 1 : 2) || !applies(t, run))
		return;
	gather(t, run, t->most);
	apply_gathered(t, run);
	t->applied = true;
}

TogetherNext
together_next(Together *t, Run *run)
{
	for (;;)
	{
		if (t->next < t->nrows)
		{
			const LoopRow *row = &t->rows[t->next];

			if (t->applied && (row->remote == NULL || row->remote->fate != REMOTE_HERE))
				return TOGETHER_ROW;
			load_row(t, run, row);
			t->next++;
			return TOGETHER_ALONE;
		}
		if (t->alone)
		{
			t->alone = false;
			load_input(t, run);
			return TOGETHER_ALONE;
		}
		if (t->ended)
			return TOGETHER_END;
		if (t->never || (t->decided && !t->applies))
		{
			t->ended = !run_next(t->step->input, run);
			t->alone = !t->ended;
		}
		else
			next_rows(t, run);
	}
}

/* One that was done elsewhere, and counted. */
static bool
give_remote(Together *t, Run *run, const RemoteRow *row, int old_slot, int new_slot)
{
	run_warn_noted(run, row->warnings);
	if (row->fate == REMOTE_GIVEN && t->used)
	{
		*run_slot(t->step, run, old_slot) = row->old;
		*run_slot(t->step, run, new_slot) = row->new;
	}
	return row->fate == REMOTE_GIVEN || !t->used;
}

bool
together_give(Together *t, Run *run, int old_slot, int new_slot)
{
	LoopRow    *row = &t->rows[t->next++];

	load_row(t, run, row);
	if (row->remote)
		return give_remote(t, run, row->remote, old_slot, new_slot);
	run_warn_noted(run, row->warnings);
	if (row->failed)
	{
		if (!row->try.not_object)
			run->writes_ignored++;
		return !t->used;
	}
	run_count(run, row->outcome);
	if (t->used)
	{
		*run_slot(t->step, run, old_slot) = row->old;
		*run_slot(t->step, run, new_slot) = row->new;
	}
	return true;
}
