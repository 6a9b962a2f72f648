/*
 * log.c
 *		The history of a ledger: one row for each t and node that it changed.
 *
 *		"db:main_log"	(s, graph, t PK, retracted, asserted)
 *
 * The last two are the NodeDifference of that node at that t as jsonb, or
 * NULL.  The view "db:main_flakes" takes them apart into single flakes, so a
 * transaction pays for nodes, not for statements.
 *
 * Rows are written in the order of their key, together where they are new
 * (StoreWaiting).  They are only ever added, but for one case: when several calls of one
 * transaction change one node, they share the row, which says what they have
 * done together, or goes if that is nothing.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "call/batch.h"
#include "jsonb/doc.h"
#include "ledger/log.h"
#include "ledger/stored.h"
#include "store/store.h"

#define LOG_GRAPH		1
#define LOG_S			2
#define LOG_T			3
#define LOG_RETRACTED	4
#define LOG_ASSERTED	5

/* One row on its way through the store. */
typedef struct LogRow
{
	Datum	   *key;
	const LogEntry *entry;
	bool		refused;		/* by a trigger */
	int			asserted;		/* more in the row than before */
	int			retracted;
} LogRow;

/* All of them. */
typedef struct LogWork
{
	Store	   *store;
	Batch		batch;
	StoreWaiting waiting;
	bool		shared;
	Datum		t;
	LogRow	   *rows;
} LogWork;

/* NULL or {}: there is none; an image of a whole node has its name, too */
static void
set_change(StoreRow *row, AttrNumber column, Jsonb *change)
{
	static const char *const name[] = {"@id"};

	if (change)
		change = doc_strip_attributes(change, name, 1);
	store_row_set(row, column, JsonbPGetDatum(change),
				  change == NULL || JB_ROOT_COUNT(change) == 0);
}

/* A column as a tree, and how many values are in it. */
static JldValue *
old_change(TupleTableSlot *old, AttrNumber column, int *n)
{
	bool		isnull;
	Datum		value = slot_getattr(old, column, &isnull);
	JldValue   *change = isnull ? jld_new_object(0) : stored_half(DatumGetJsonbP(value));

	*n = 0;
	for (int i = 0; i < change->n; i++)
		if (jld_is_array(change->u.object.members[i].value))
			*n += change->u.object.members[i].value->n;
	return change;
}

static JldValue *
new_change(Jsonb *change)
{
	JldValue   *tree = change ? jld_from_jsonb(change) : jld_new_object(0);

	(void) jld_remove(tree, JLD_STR("@id"));
	return tree;
}

/* The store's callback. */
static StoreVerdict
compose_log(void *arg, TupleTableSlot *old, StoreRow *row)
{
	LogRow	   *log = arg;
	NodeDifference both;
	NodeDifference now = {0};

	log->asserted = log->entry->nasserted;
	log->retracted = log->entry->nretracted;
	if (old == NULL)
	{
		store_row_set(row, LOG_GRAPH, log->key[0], false);
		store_row_set(row, LOG_S, log->key[1], false);
		store_row_set(row, LOG_T, log->key[2], false);
		set_change(row, LOG_RETRACTED, log->entry->retracted);
		set_change(row, LOG_ASSERTED, log->entry->asserted);
		return STORE_WRITE;
	}

	/* an earlier call of this transaction has changed the node, too */
	both.retracted = old_change(old, LOG_RETRACTED, &both.nretracted);
	both.asserted = old_change(old, LOG_ASSERTED, &both.nasserted);
	log->asserted = -both.nasserted;
	log->retracted = -both.nretracted;
	now.retracted = new_change(log->entry->retracted);
	now.asserted = new_change(log->entry->asserted);
	now.nretracted = log->entry->nretracted;
	now.nasserted = log->entry->nasserted;
	node_difference_add(&both, &now);
	log->asserted += both.nasserted;
	log->retracted += both.nretracted;
	if (both.retracted->n == 0 && both.asserted->n == 0)
		return STORE_REMOVE;
	set_change(row, LOG_RETRACTED, jld_to_jsonb(both.retracted));
	set_change(row, LOG_ASSERTED, jld_to_jsonb(both.asserted));
	return STORE_WRITE;
}

/* ----------
 * The batch of them
 * ----------
 */

static bool
row_keyed(void *arg, int item)
{
	return true;
}

static int
row_compare(void *arg, int a, int b)
{
	const LogEntry *x = ((LogWork *) arg)->rows[a].entry;
	const LogEntry *y = ((LogWork *) arg)->rows[b].entry;
	int			cmp = jld_cmp(x->s, y->s);

	return cmp != 0 ? cmp : jld_cmp(x->graph, y->graph);
}

static const char *
row_bytes(void *arg, int item, int *len)
{
	const LogEntry *entry = ((LogWork *) arg)->rows[item].entry;

	*len = entry->s.len;
	return entry->s.data;
}

static void
row_apply(void *arg, int item)
{
	LogWork    *work = arg;
	LogRow	   *row = &work->rows[item];
	Datum		key[3];

	key[0] = jld_text_datum(row->entry->graph);
	key[1] = jld_text_datum(row->entry->s);
	key[2] = work->t;
	row->key = key;
	store_next(work->store, batch_position(&work->batch));
	/* without an earlier call the row is new */
	row->refused = store_apply(work->store, work->shared ? key : NULL, NULL,
							   compose_log, row) == STORE_SKIPPED;
	pfree(DatumGetPointer(key[0]));
	pfree(DatumGetPointer(key[1]));
}

static void
rows_flush(void *arg)
{
	store_flush(((LogWork *) arg)->store);
}

static const BatchDoor log_door = {
	.keyed = row_keyed,
	.compare = row_compare,
	.bytes = row_bytes,
	.apply = row_apply,
	.flush = rows_flush
};

void
log_write(const Ledger *ledger, int64 t, bool shared, const LogEntry *entries,
		  int64 n, const LedgerMessage *message)
{
	int64		asserted = 0;
	int64		retracted = 0;
	StoreTarget target = {.relid = ledger->log_relid, .nkeys = 3,
	.keys = {LOG_GRAPH, LOG_S, LOG_T}};
	Bitmapset  *changes = bms_add_member(bms_make_singleton(LOG_RETRACTED), LOG_ASSERTED);
	LogWork		work = {.shared = shared, .t = Int64GetDatum(t)};

	target.update_columns = changes;
	target.read_columns = target.insert_columns =
		bms_add_range(bms_copy(changes), LOG_GRAPH, LOG_T);
	work.rows = palloc_extended(sizeof(LogRow) * Max(n, 1), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < n; i++)
		if (entries[i].nretracted + entries[i].nasserted > 0)
			work.rows[work.batch.n++].entry = &entries[i];
	work.batch.door = &log_door;
	work.batch.arg = &work;
	work.batch.single = true;
	batch_waiting(&work.batch, &work.waiting);
	work.waiting.fresh = !shared;
	target.ascending = true;
	target.waiting = &work.waiting;
	work.store = store_open(&target);
	ledger_check_log(store_relation(work.store));
	batch_run(&work.batch);
	store_close(work.store);
	for (int i = 0; i < work.batch.n; i++)
		if (!work.rows[i].refused)
		{
			asserted += work.rows[i].asserted;
			retracted += work.rows[i].retracted;
		}
	commit_write(ledger, t, shared, asserted, retracted, message);
}
