/*
 * pending.c
 *		Rows that wait to be inserted together, as those of COPY do.
 *
 *		batch	a	b	c	d	e	f	g	h		keys that ascend
 *				new	new	=	new	new	chg	new	new
 *		rows	[ a	b		d	e ]	!	[ g	h ]
 *							  flush			  flush
 *
 * A row whose key is not there is formed, and kept.  A flush puts them into the
 * heap page by page, with one WAL record for each, and then makes their index
 * entries, row by row, in the order of the keys.  Nobody may look in between.
 * So the following flush first:
 *
 *		a key that is not greater than the last, by the index's own order
 *		a row that is to be updated or deleted: locks are taken in the order of
 *			the keys, and those that wait have smaller ones
 *		the end of a batch
 *
 * and the following tables have none that wait: those with a row trigger that
 * is not a foreign key's; with somebody's function in a constraint, a default,
 * an index (plain.c) or its operator class; with an exclusion constraint, whose
 * plain insertion may deadlock with its like; with an index of a kind that
 * might keep pages pinned from one insertion to the next, but BRIN where there is
 * no subtransaction that the pins would have to be of.
 *
 * Somebody may be faster.  The rows go in by the protocol of a plain INSERT,
 * which waits for an uncommitted row of the same key, in a subtransaction.  If
 * that fails, it is rolled back, its rows are dead to everybody, and the same
 * rows go in one by one, speculatively (direct.c); a row that loses again is
 * applied again from its beginning, by whoever asked for it:
 *
 *		subtransaction { heap ...; index ... }	released: AFTER events are queued
 *			| error
 *		one by one { speculative insertion }	lost: StoreWaiting.again(item)
 *
 * Inside of the subtransaction nothing touches what was opened outside of it:
 * no scan, no snapshot, no query level of triggers, for PostgreSQL does not
 * take back events that a subtransaction has queued at a level of outside.
 *
 * A transaction with more than 64 subtransactions slows everybody down.  So
 * there are at most MOST_SUBTRANSACTIONS: the first ones for few rows, which are
 * in the processor's caches yet, as are the pages of the index where they were
 * looked for, when they are written; the others each for twice as many rows as the
 * one before it, and none for a few rows.  There is none at all where nobody
 * else can write, where the caller undoes and repeats everything anyway, or where
 * no row has a key to be applied again by.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/amapi.h"
#include "access/heapam.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

#include "store/group.h"
#include "store/pending.h"
#include "store/plain.h"
#include "store/summary.h"

/* What goes into the heap at once, as in COPY. */
#define CHUNK_ROWS 1000
#define CHUNK_BYTES (64 * 1024)

/* What waits for a subtransaction. */
#define FIRST_ROWS 500
#define MOST_ROWS 1000000
#define MOST_BYTES (64 * 1024 * 1024)
#define SMALL_SUBTRANSACTIONS 16	/* for FIRST_ROWS each */
#define MOST_SUBTRANSACTIONS 32

/* Fewer rows go in one by one. */
#define FEWEST_ROWS 32

/* Memory of their tuples, which are smaller than the next power of two. */
#define TUPLES_BLOCK (8 * 1024)
#define TUPLES_MOST (1024 * 1024)

typedef struct PendingRow
{
	HeapTuple	tuple;
	int			item;
	List	   *recheck;		/* deferrable unique indexes, after its
								 * insertion */
} PendingRow;

struct Pending
{
	Store	   *store;
	DirectState *direct;
	const StoreWaiting *waiting;
	bool		alone;			/* no subtransaction is needed */
	bool		fires;			/* somebody waits for AFTER events */
	Summaries  *summaries;		/* NULL: none, or there are subtransactions */
	TupleDesc	tupdesc;		/* a copy that nobody counts references of */
	TupleTableSlot *forming;	/* the row that is being made */
	TupleTableSlot **slots;		/* CHUNK_ROWS to write from; NULL: not made
								 * yet */
	MemoryContext context;		/* of rows and slots */
	MemoryContext tuples;		/* reset after each flush */
	MemoryContext work;			/* reset after each chunk */
	MemoryContext again;		/* the store's item context, meanwhile */
	PendingRow *rows;
	int			nrows;
	int			size;
	Size		bytes;
	bool		keyless;
	bool		flushing;
};

/* Of the transaction: subtransactions that were used, and rows for the next. */
static int	subtransactions = 0;
static int	rows_for_next = FIRST_ROWS;

static void
xact_ended(XactEvent event, void *arg)
{
	subtransactions = 0;
	rows_for_next = FIRST_ROWS;
}

int
store_subtransactions(void)
{
	return subtransactions;
}

void
store_pending_init(void)
{
	RegisterXactCallback(xact_ended, NULL);
}

/* ----------
 * Which tables
 * ----------
 */

bool
pending_in_order(Store *s, DirectState *st)
{
	const TupleConstr *constr = s->tupdesc->constr;

	if (s->target.waiting == NULL || s->target.preview ||
		IsolationUsesXactSnapshot() || store_rows_fire(s))
		return false;
	if (constr == NULL)
		return true;
	for (int i = 0; i < constr->num_check; i++)
		if (!expression_is_plain(stringToNode(constr->check[i].ccbin)))
			return false;
	for (int i = 0; i < s->tupdesc->natts; i++)
		if (TupleDescAttr(s->tupdesc, i)->attgenerated &&
			!expression_is_plain(compat_generation_expression(s->rel, i + 1)))
			return false;
	return true;
}

/* Does an insertion leave nothing behind, and run nobody's code? */
static bool
index_is_plain(Relation index, const IndexInfo *info, bool alone)
{
	switch (index->rd_rel->relam)
	{
		case BRIN_AM_OID:
			if (alone)
				break;
			return false;
		case BTREE_AM_OID:
		case HASH_AM_OID:
		case GIN_AM_OID:
		case GIST_AM_OID:
		case SPGIST_AM_OID:
			break;
		default:
			return false;
	}
	for (int i = 0; i < index->rd_index->indnkeyatts * index->rd_indam->amsupport; i++)
		if (index->rd_support[i] >= FirstNormalObjectId)
			return false;
	return info->ii_ExclusionOps == NULL &&
		expression_is_plain((Node *) info->ii_Expressions) &&
		expression_is_plain((Node *) info->ii_Predicate);
}

/* Can nobody else write to the table? */
static bool
is_alone(Store *s)
{
	return s->lockmode >= ShareRowExclusiveLock || s->rel->rd_islocaltemp ||
		s->rel->rd_createSubid != InvalidSubTransactionId ||
		CheckRelationLockedByMe(s->rel, ShareRowExclusiveLock, true);
}

Pending *
pending_open(Store *s, DirectState *st)
{
	bool		alone = s->target.waiting->undone || s->target.waiting->fresh || is_alone(s);
	MemoryContext oldcontext;
	Pending    *p;

	for (int i = 0; i < st->rri->ri_NumIndices; i++)
		if (!index_is_plain(st->rri->ri_IndexRelationDescs[i],
							st->rri->ri_IndexRelationInfo[i], alone))
			return NULL;

	oldcontext = MemoryContextSwitchTo(s->context);
	p = palloc0(sizeof(Pending));
	p->store = s;
	p->direct = st;
	p->waiting = s->target.waiting;
	p->alone = alone;
	p->fires = st->rri->ri_TrigDesc != NULL;
	p->summaries = alone ? summaries_find(st->rri) : NULL;
	p->context = AllocSetContextCreate(s->context, "upsert pending rows",
									   ALLOCSET_DEFAULT_SIZES);
	p->tuples = GenerationContextCreate(s->context, "upsert pending tuples",
										0, TUPLES_BLOCK, TUPLES_MOST);
	p->work = AllocSetContextCreate(s->context, "upsert pending work",
									ALLOCSET_DEFAULT_SIZES);
	p->again = AllocSetContextCreate(s->context, "upsert pending item",
									 ALLOCSET_DEFAULT_SIZES);
	p->tupdesc = CreateTupleDescCopyConstr(s->tupdesc);
	p->forming = MakeSingleTupleTableSlot(p->tupdesc, &TTSOpsVirtual);
	MemoryContextSwitchTo(oldcontext);
	return p;
}

/* ----------
 * Waiting
 * ----------
 */

TupleTableSlot *
pending_slot(Pending *p)
{
	ExecClearTuple(p->forming);
	return p->forming;
}

void
pending_add(Pending *p, bool keyed)
{
	MemoryContext oldcontext;
	PendingRow *row;

	if (p->nrows == p->size)
	{
		int			size = p->size ? p->size * 2 : 64;

		p->rows = p->size ?
			repalloc_huge(p->rows, sizeof(PendingRow) * size) :
			MemoryContextAlloc(p->context, sizeof(PendingRow) * size);
		p->size = size;
	}
	row = &p->rows[p->nrows++];
	oldcontext = MemoryContextSwitchTo(p->tuples);
	row->tuple = heap_form_tuple(p->tupdesc, p->forming->tts_values,
								 p->forming->tts_isnull);
	MemoryContextSwitchTo(oldcontext);
	p->bytes += row->tuple->t_len;
	row->item = p->store->item;
	row->recheck = NIL;
	p->keyless = p->keyless || !keyed;
}

bool
pending_is_empty(const Pending *p)
{
	return p->nrows == 0;
}

bool
pending_keyless(const Pending *p)
{
	return p->keyless;
}

bool
pending_is_flushing(const Pending *p)
{
	return p->flushing;
}

bool
pending_is_full(const Pending *p)
{
	if (p->alone)
		return p->nrows >= CHUNK_ROWS || p->bytes >= CHUNK_BYTES;
	return p->nrows >= rows_for_next || p->bytes >= MOST_BYTES;
}

/* ----------
 * Writing
 * ----------
 */

/* How many rows from this one on go into the heap at once? */
static int
chunk_size(Pending *p, int first)
{
	Size		bytes = 0;
	int			n = 0;

	while (first + n < p->nrows && n < CHUNK_ROWS && bytes < CHUNK_BYTES)
		bytes += p->rows[first + n++].tuple->t_len;
	return n;
}

/*
 * The i-th slot with a row in it.  The row stays ours, as it may be needed again;
 * but who wants a slot's tuple to be the slot's own would copy it, so it counts
 * as that until another is put there.
 */
static TupleTableSlot *
row_in_slot(Pending *p, int i, const PendingRow *row)
{
	TupleTableSlot *slot;

	if (p->slots == NULL)
		p->slots = MemoryContextAllocZero(p->context,
										  sizeof(TupleTableSlot *) * CHUNK_ROWS);
	if (p->slots[i] == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(p->context);

		p->slots[i] = MakeSingleTupleTableSlot(p->tupdesc, &TTSOpsHeapTuple);
		MemoryContextSwitchTo(oldcontext);
	}
	slot = p->slots[i];
	slot->tts_flags &= ~TTS_FLAG_SHOULDFREE;
	ExecStoreHeapTuple(row->tuple, slot, false);
	slot->tts_flags |= TTS_FLAG_SHOULDFREE;
	slot->tts_tableOid = RelationGetRelid(p->store->rel);
	return slot;
}

static void
write_chunk(Pending *p, int first, int n, BulkInsertState bulk, int *current)
{
	DirectState *st = p->direct;
	EState	   *estate = st->estate;

	for (int i = 0; i < n; i++)
		(void) row_in_slot(p, i, &p->rows[first + i]);
	*current = first;
	p->waiting->writes(p->waiting->arg, p->rows[first].item);
	table_multi_insert(p->store->rel, p->slots, n, estate->es_output_cid, 0, bulk);
	if (p->summaries)
		summaries_take(p->summaries, st->rri);
	for (int i = 0; i < n; i++)
	{
		PendingRow *row = &p->rows[first + i];
		TupleTableSlot *slot = p->slots[i];
		List	   *recheck;

		CHECK_FOR_INTERRUPTS();
		*current = first + i;
		p->waiting->writes(p->waiting->arg, row->item);
		ResetPerTupleExprContext(estate);
		row->tuple->t_self = slot->tts_tid;
		recheck = compat_insert_index_tuples(st->rri, slot, estate, false,
											 NULL, NIL);
		if (recheck != NIL)
		{
			MemoryContext oldcontext = MemoryContextSwitchTo(p->context);

			row->recheck = list_copy(recheck);
			MemoryContextSwitchTo(oldcontext);
		}
		if (p->summaries)
			summaries_add(p->summaries, estate, p->store->rel, slot);
	}
	if (p->summaries)
		summaries_give_back(p->summaries, st->rri);
}

/* GroupWork: all that wait. */
static void
write_rows(void *arg, int first, int n, int *current)
{
	Pending    *p = arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(p->work);

	while (n > 0)
	{
		int			chunk = chunk_size(p, first);
		BulkInsertState bulk = compat_bulk_insert_state();

		write_chunk(p, first, chunk, bulk, current);
		/* no page stays pinned beyond the subtransaction */
		FreeBulkInsertState(bulk);
		MemoryContextReset(p->work);
		first += chunk;
		n -= chunk;
	}
	*current = first;
	MemoryContextSwitchTo(oldcontext);
}

/* AFTER ROW triggers, transition tables and checks that are deferred. */
static void
queue_events(Pending *p)
{
	DirectState *st = p->direct;

	if (!p->fires)
		return;
	store_level_check(p->store->level);
	for (int i = 0; i < p->nrows; i++)
	{
		p->waiting->writes(p->waiting->arg, p->rows[i].item);
		ExecARInsertTriggers(st->estate, st->rri,
							 row_in_slot(p, 0, &p->rows[i]),
							 p->rows[i].recheck, st->insert_capture);
	}
}

/* Applies an item again, as if it had not been looked at. */
static void
apply_again(Pending *p, int item)
{
	Store	   *s = p->store;
	MemoryContext item_context = s->item_context;
	int			at_hand = s->item;

	store_count_conflict(s);
	count_add(s->count, s->road + STORE_INSERTED, -1);
	s->item_context = p->again;
	s->again = true;
	p->waiting->again(p->waiting->arg, item);
	s->again = false;
	s->item_context = item_context;
	s->item = at_hand;
}

/* Speculatively, in the order of the keys; who was faster is waited for. */
static void
write_one_by_one(Pending *p)
{
	DirectState *st = p->direct;

	for (int i = 0; i < p->nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		p->waiting->writes(p->waiting->arg, p->rows[i].item);
		ResetPerTupleExprContext(st->estate);
		if (direct_insert(p->store, st, row_in_slot(p, 0, &p->rows[i])))
			continue;
		/* what triggers have queued is not to be seen again */
		if (st->walk)
			walk_forget(st->walk);
		CommandCounterIncrement();
		apply_again(p, p->rows[i].item);
	}
}

/*
 * In a subtransaction, if one is left for so many rows.  False if they are yet
 * to be written.
 */
static bool
write_together(Pending *p)
{
	ErrorData  *error;
	int			current = 0;

	if (p->nrows < FEWEST_ROWS || subtransactions >= MOST_SUBTRANSACTIONS)
		return false;
	subtransactions++;
	if (subtransactions >= SMALL_SUBTRANSACTIONS)
		rows_for_next = Min(rows_for_next * 2, MOST_ROWS);
	error = group_try(write_rows, p, 0, p->nrows, &current);
	if (error == NULL)
		return true;
	/* an error of the row's own comes again where nobody was faster */
	FreeErrorData(error);
	rows_for_next = FIRST_ROWS;
	if (p->direct->walk)
		walk_forget(p->direct->walk);
	return false;
}

void
pending_flush(Pending *p)
{
	int			current = 0;

	if (p->nrows == 0)
		return;
	p->flushing = true;
	p->direct->estate->es_output_cid = GetCurrentCommandId(true);
	if (p->alone)
		write_rows(p, 0, p->nrows, &current);
	if (p->alone || write_together(p))
		queue_events(p);
	else
		write_one_by_one(p);
	MemoryContextReset(p->tuples);
	p->nrows = 0;
	p->bytes = 0;
	p->keyless = false;
	p->flushing = false;
	p->waiting->writes(p->waiting->arg, -1);
	CommandCounterIncrement();
}
