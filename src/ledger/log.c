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
 * Rows are only ever added, but for one case: when several calls of one
 * transaction change one node, they share the row, which says what they have
 * done together, or goes if that is nothing.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

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
	int			asserted;		/* more in the row than before */
	int			retracted;
} LogRow;

static void set_change(StoreRow *row, AttrNumber column, Jsonb *change);
static JldValue *old_change(TupleTableSlot *old, AttrNumber column, int *n);
static StoreVerdict compose_log(void *arg, TupleTableSlot *old, StoreRow *row);

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

void
log_write(const Ledger *ledger, int64 t, bool shared, const LogEntry *entries,
		  int64 n, const LedgerMessage *message)
{
	int64		asserted = 0;
	int64		retracted = 0;
	StoreTarget target = {.relid = ledger->log_relid, .nkeys = 3,
	.keys = {LOG_GRAPH, LOG_S, LOG_T}};
	Bitmapset  *changes = bms_add_member(bms_make_singleton(LOG_RETRACTED), LOG_ASSERTED);
	Store	   *store;

	target.update_columns = changes;
	target.read_columns = target.insert_columns =
		bms_add_range(bms_copy(changes), LOG_GRAPH, LOG_T);
	store = store_open(&target);
	ledger_check_log(store_relation(store));
	for (int64 i = 0; i < n; i++)
	{
		Datum		key[3];
		LogRow		row = {key, &entries[i], 0, 0};

		CHECK_FOR_INTERRUPTS();
		key[0] = jld_text_datum(entries[i].graph);
		key[1] = jld_text_datum(entries[i].s);
		key[2] = Int64GetDatum(t);
		/* without an earlier call the row is new */
		if (store_apply(store, shared ? key : NULL, NULL, compose_log, &row) != STORE_SKIPPED)
		{
			asserted += row.asserted;
			retracted += row.retracted;
		}
		pfree(DatumGetPointer(key[0]));
		pfree(DatumGetPointer(key[1]));
	}
	store_close(store);
	commit_write(ledger, t, shared, asserted, retracted, message);
}
