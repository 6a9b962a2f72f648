/*
 * walk.c
 *		Going through a unique index beside keys that come in its order.
 *
 * A batch asks for one key after the other, each greater than the last.  To
 * descend the tree for each costs more than to insert a row.  So a window of
 * entries is read at a time, and keys are looked up there:
 *
 *		keys		b		 c c' e			   k		   p
 *		window		b  b''	 c	  .   f	 g	h	  m	 n	| read on from p
 *					found	 found,	  absent	absent
 *							 absent (c')
 *
 * Three things are to be seen to:
 *
 * What is read ages.  That a key was not there is good for a try at inserting
 * it, where the index itself has the last word, and for nothing else: callers
 * to whom absence is an answer do not walk.  An entry that is there leads to
 * the row by now; if that is not visible, or has another key because its place
 * was given away, we do not know.
 *
 * Keys that do not ascend, by the index's own order, are not walked; a key
 * that comes twice might be our own row by then.
 *
 * To read a window takes a descent and a copy of the leaf page, which is
 * wasted where keys are few and the table is large.  So where a window has
 * answered for few of them the walk pauses, each time twice as long.
 *
 * No page of the index stays pinned: VACUUM would wait for us, while we wait
 * for a row.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/genam.h"
#include "access/itup.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "executor/executor.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "store/walk.h"

#define FIRST_WINDOW 64
#define LARGEST_WINDOW 512
#define FIRST_PAUSE 16
#define LONGEST_PAUSE 1024

/* A window with fewer keys than one in so many entries is not worth it. */
#define ENTRIES_FOR_A_KEY 16

typedef struct WalkEntry
{
	Datum		key;
	ItemPointerData tid;
} WalkEntry;

struct Walk
{
	Store	   *store;
	Relation	index;
	FmgrInfo	compare;
	Oid			collation;
	bool		typbyval;
	int16		typlen;
	ScanKeyData from;			/* key >= */
	IndexScanDesc scan;			/* NULL before the first window */

	MemoryContext context;		/* of the keys in the window */
	WalkEntry	entries[LARGEST_WINDOW];
	int			nentries;
	int			at;				/* all before are less than the last key */
	bool		read;			/* there is a window */
	bool		to_end;			/* nothing comes after it */
	int			size;			/* of the next window */
	int			asked;			/* keys since it was read */

	MemoryContext last_context;
	Datum		last;			/* key asked for */
	bool		has_last;
	int			pause;			/* keys to let pass */
	int			next_pause;
};

Walk *
walk_open(Store *s, Relation index)
{
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(index), 0);
	Oid			from;
	Walk	   *walk;

	/* some operator classes keep another type than the column's */
	if (s->target.nkeys != 1 || OidIsValid(s->target.arbiter) ||
		index->rd_index->indnkeyatts != 1 || index->rd_indoption[0] != 0 ||
		column->atttypid != TupleDescAttr(s->tupdesc, s->target.keys[0] - 1)->atttypid)
		return NULL;
	from = get_opfamily_member(index->rd_opfamily[0], index->rd_opcintype[0],
							   index->rd_opcintype[0],
							   BTGreaterEqualStrategyNumber);
	if (!OidIsValid(from))
		return NULL;

	walk = palloc0(sizeof(Walk));
	walk->store = s;
	walk->index = index;
	walk->collation = index->rd_indcollation[0];
	walk->typbyval = column->attbyval;
	walk->typlen = column->attlen;
	fmgr_info_copy(&walk->compare, index_getprocinfo(index, 1, BTORDER_PROC),
				   CurrentMemoryContext);
	ScanKeyEntryInitialize(&walk->from, 0, 1, BTGreaterEqualStrategyNumber,
						   InvalidOid, walk->collation, get_opcode(from),
						   (Datum) 0);
	walk->context = AllocSetContextCreate(CurrentMemoryContext, "upsert walk",
										  ALLOCSET_DEFAULT_SIZES);
	walk->last_context = AllocSetContextCreate(CurrentMemoryContext,
											   "upsert walk key",
											   ALLOCSET_SMALL_SIZES);
	walk->size = FIRST_WINDOW;
	walk->next_pause = FIRST_PAUSE;
	return walk;
}

static int
compare(Walk *walk, Datum a, Datum b)
{
	return DatumGetInt32(FunctionCall2Coll(&walk->compare, walk->collation, a, b));
}

bool
walk_ascends(Walk *walk, Datum key)
{
	bool		result = !walk->has_last || compare(walk, key, walk->last) > 0;
	MemoryContext oldcontext;

	if (!walk->typbyval)
		MemoryContextReset(walk->last_context);
	oldcontext = MemoryContextSwitchTo(walk->last_context);
	walk->last = datumCopy(key, walk->typbyval, walk->typlen);
	walk->has_last = true;
	MemoryContextSwitchTo(oldcontext);
	return result;
}

/* Reads the entries from the key on. */
static void
read_window(Walk *walk, EState *estate, Datum key)
{
	Store	   *s = walk->store;
	TupleDesc	tupdesc = RelationGetDescr(walk->index);
	MemoryContext oldcontext = MemoryContextSwitchTo(s->context);
	ItemPointer tid;

	if (walk->scan == NULL)
		walk->scan = compat_index_beginscan(s->rel, walk->index,
											estate->es_snapshot, 1);
	walk->scan->xs_want_itup = true;
	walk->scan->xs_snapshot = estate->es_snapshot;
	walk->from.sk_argument = key;
	index_rescan(walk->scan, &walk->from, 1, NULL, 0);

	MemoryContextReset(walk->context);
	MemoryContextSwitchTo(walk->context);
	walk->nentries = 0;
	walk->at = 0;
	walk->asked = 0;
	walk->to_end = false;
	while (walk->nentries < walk->size)
	{
		WalkEntry  *entry = &walk->entries[walk->nentries];
		bool		isnull;

		tid = index_getnext_tid(walk->scan, ForwardScanDirection);
		if (tid == NULL)
		{
			walk->to_end = true;
			break;
		}
		entry->tid = *tid;
		entry->key = datumCopy(index_getattr(walk->scan->xs_itup, 1, tupdesc, &isnull),
							   walk->typbyval, walk->typlen);
		walk->nentries++;
	}
	walk->read = true;

	/* lets go of the page */
	index_rescan(walk->scan, &walk->from, 1, NULL, 0);
	MemoryContextSwitchTo(oldcontext);
}

/* Goes to the first entry that is not less than the key. */
static void
go_to(Walk *walk, Datum key)
{
	int			step = 1;
	int			low = walk->at; /* all before are less */
	int			high = walk->at;	/* is not, or there is no entry */

	while (high < walk->nentries && compare(walk, walk->entries[high].key, key) < 0)
	{
		low = high + 1;
		high += step;
		step *= 2;
	}
	high = Min(high, walk->nentries);
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (compare(walk, walk->entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	walk->at = low;
}

/* The row that the entry leads to, if it is visible, and has the key. */
static bool
fetch(Walk *walk, EState *estate, const WalkEntry *entry, Datum key)
{
	Store	   *s = walk->store;
	bool		isnull;
	Datum		value;

	walk->scan->xs_snapshot = estate->es_snapshot;
	walk->scan->xs_heaptid = entry->tid;
	if (!index_fetch_heap(walk->scan, s->old))
		return false;
	value = slot_getattr(s->old, s->target.keys[0], &isnull);
	if (!isnull && compare(walk, value, key) == 0)
		return true;
	ExecClearTuple(s->old);
	return false;
}

WalkResult
walk_find(Walk *walk, EState *estate, Datum key)
{
	bool		entries = false;

	if (walk->pause > 0)
	{
		walk->pause--;
		return WALK_UNKNOWN;
	}

	if (walk->read)
	{
		go_to(walk, key);
		if (walk->at == walk->nentries && !walk->to_end)
		{
			walk->read = false;
			if (walk->asked < walk->nentries / ENTRIES_FOR_A_KEY)
			{
				walk->pause = walk->next_pause;
				walk->next_pause = Min(walk->next_pause * 2, LONGEST_PAUSE);
				walk->size = FIRST_WINDOW;
				return WALK_UNKNOWN;
			}
			walk->next_pause = FIRST_PAUSE;
			walk->size = Min(walk->size * 2, LARGEST_WINDOW);
		}
	}
	if (!walk->read)
		read_window(walk, estate, key);
	walk->asked++;

	ExecClearTuple(walk->store->old);
	for (int i = walk->at; i < walk->nentries; i++)
	{
		if (compare(walk, walk->entries[i].key, key) != 0)
			return entries ? WALK_UNKNOWN : WALK_ABSENT;
		if (fetch(walk, estate, &walk->entries[i], key))
			return WALK_FOUND;
		entries = true;
	}
	return entries || !walk->to_end ? WALK_UNKNOWN : WALK_ABSENT;
}

void
walk_forget(Walk *walk)
{
	walk->read = false;
}

void
walk_close(Walk *walk)
{
	if (walk->scan)
		index_endscan(walk->scan);
}
