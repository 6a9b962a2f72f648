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
 * that comes twice might be our own row by then.  Keys of several columns are
 * compared column by column, in the order of the index, and a window is what
 * ROW(columns) >= ROW(key) finds; PostgreSQL's trees end such a scan at a NULL,
 * so columns that may hold one are walked only where they are the whole key.
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
#include "utils/sortsupport.h"

#include "store/walk.h"

#define FIRST_WINDOW 64
#define LARGEST_WINDOW 512
#define FIRST_PAUSE 16
#define LONGEST_PAUSE 1024

/* A window with fewer keys than one in so many entries is not worth it. */
#define ENTRIES_FOR_A_KEY 16

struct Walk
{
	Store	   *store;
	Relation	index;
	int			nkeys;
	int		   *keymap;			/* index column -> position in key */
	SortSupportData *order;		/* by index column */
	ScanKeyData from;			/* key >=, or columns >= */
	ScanKeyData *columns;		/* of the latter */
	IndexScanDesc scan;			/* NULL before the first window */

	MemoryContext context;		/* of the keys in the window */
	ItemPointerData tids[LARGEST_WINDOW];	/* the entries: where they lead */
	Datum	   *keys;			/* ... and nkeys values of each */
	int			nentries;
	int			at;				/* all before are less than the last key */
	bool		read;			/* there is a window */
	bool		to_end;			/* nothing comes after it */
	int			size;			/* of the next window */
	int			asked;			/* keys since it was read */

	Datum	   *last;			/* key asked for, by index column */
	char	  **copies;			/* of those that are passed by reference */
	Size	   *sizes;			/* of these */
	bool		has_last;
	int			pause;			/* keys to let pass */
	int			next_pause;
};

/* The operator class's own of these, InvalidOid where it has none. */
static Oid
comparison(Relation index, int i, int strategy)
{
	return get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
							   index->rd_opcintype[i], strategy);
}

static bool
can_walk(Store *s, Relation index)
{
	int			nkeys = s->target.nkeys;

	if (OidIsValid(s->target.arbiter) || index->rd_index->indnkeyatts != nkeys)
		return false;
	for (int i = 0; i < nkeys; i++)
	{
		Form_pg_attribute column =
		TupleDescAttr(s->tupdesc, index->rd_index->indkey.values[i] - 1);

		/* some operator classes keep another type than the column's */
		if (index->rd_indoption[i] & INDOPTION_DESC ||
			TupleDescAttr(RelationGetDescr(index), i)->atttypid != column->atttypid ||
			!OidIsValid(comparison(index, i, BTGreaterEqualStrategyNumber)) ||
			!OidIsValid(comparison(index, i, BTLessStrategyNumber)) ||
			(nkeys > 1 && !column->attnotnull))
			return false;
	}
	return true;
}

/* The first column of the index as a key, or all of them as a row. */
static void
make_scan_key(Walk *walk)
{
	Relation	index = walk->index;

	if (walk->nkeys == 1)
	{
		ScanKeyEntryInitialize(&walk->from, 0, 1, BTGreaterEqualStrategyNumber,
							   InvalidOid, index->rd_indcollation[0],
							   get_opcode(comparison(index, 0, BTGreaterEqualStrategyNumber)),
							   (Datum) 0);
		return;
	}
	walk->columns = palloc(sizeof(ScanKeyData) * walk->nkeys);
	for (int i = 0; i < walk->nkeys; i++)
		ScanKeyEntryInitialize(&walk->columns[i],
							   SK_ROW_MEMBER | (i == walk->nkeys - 1 ? SK_ROW_END : 0),
							   i + 1, BTGreaterEqualStrategyNumber, InvalidOid,
							   index->rd_indcollation[i],
							   index_getprocid(index, i + 1, BTORDER_PROC),
							   (Datum) 0);
	memset(&walk->from, 0, sizeof(ScanKeyData));
	walk->from.sk_flags = SK_ROW_HEADER;
	walk->from.sk_attno = 1;
	walk->from.sk_strategy = BTGreaterEqualStrategyNumber;
	walk->from.sk_argument = PointerGetDatum(walk->columns);
}

Walk *
walk_open(Store *s, Relation index)
{
	Walk	   *walk;

	if (!can_walk(s, index))
		return NULL;

	walk = palloc0(sizeof(Walk));
	walk->store = s;
	walk->index = index;
	walk->nkeys = s->target.nkeys;
	walk->keymap = palloc(sizeof(int) * walk->nkeys);
	walk->order = palloc0(sizeof(SortSupportData) * walk->nkeys);
	walk->last = palloc(sizeof(Datum) * walk->nkeys);
	walk->copies = palloc0(sizeof(char *) * walk->nkeys);
	walk->sizes = palloc0(sizeof(Size) * walk->nkeys);
	walk->keys = palloc(sizeof(Datum) * walk->nkeys * LARGEST_WINDOW);
	for (int i = 0; i < walk->nkeys; i++)
	{
		int			k = 0;

		while (s->target.keys[k] != index->rd_index->indkey.values[i])
			k++;
		walk->keymap[i] = k;
		walk->order[i].ssup_cxt = CurrentMemoryContext;
		walk->order[i].ssup_collation = index->rd_indcollation[i];
		PrepareSortSupportFromOrderingOp(comparison(index, i, BTLessStrategyNumber),
										 &walk->order[i]);
	}
	make_scan_key(walk);
	walk->context = AllocSetContextCreate(CurrentMemoryContext, "upsert walk",
										  ALLOCSET_DEFAULT_SIZES);
	walk->size = FIRST_WINDOW;
	walk->next_pause = FIRST_PAUSE;
	return walk;
}

/* Values by index column, with those of a key of the store's. */
static int
compare(Walk *walk, const Datum *values, const Datum *key)
{
	int			cmp = 0;

	for (int i = 0; i < walk->nkeys && cmp == 0; i++)
		cmp = walk->order[i].comparator(values[i], key[walk->keymap[i]],
										&walk->order[i]);
	return cmp;
}

/* A copy of a value of this column, in the current memory context. */
static Datum
copy(Walk *walk, int i, Datum value)
{
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(walk->index), i);

	return datumCopy(value, column->attbyval, column->attlen);
}

/* Remembers a column of the key, in the place of the last one. */
static void
remember(Walk *walk, int i, Datum value)
{
	Form_pg_attribute column = TupleDescAttr(RelationGetDescr(walk->index), i);
	Size		size;

	if (column->attbyval)
	{
		walk->last[i] = value;
		return;
	}
	if (column->attlen == -1 && VARATT_IS_EXTERNAL(DatumGetPointer(value)))
		value = PointerGetDatum(PG_DETOAST_DATUM(value));
	size = datumGetSize(value, false, column->attlen);
	if (size > walk->sizes[i])
	{
		walk->sizes[i] = Max(size, 64);
		if (walk->copies[i])
			pfree(walk->copies[i]);
		walk->copies[i] = MemoryContextAlloc(walk->store->context, walk->sizes[i]);
	}
	memcpy(walk->copies[i], DatumGetPointer(value), size);
	walk->last[i] = PointerGetDatum(walk->copies[i]);
}

bool
walk_ascends(Walk *walk, const Datum *key)
{
	bool		result = !walk->has_last || compare(walk, walk->last, key) < 0;

	for (int i = 0; i < walk->nkeys; i++)
		remember(walk, i, key[walk->keymap[i]]);
	walk->has_last = true;
	return result;
}

/* The entry that the scan stands on, if it has a key. */
static void
take_entry(Walk *walk, ItemPointer tid)
{
	Datum	   *values = &walk->keys[walk->nentries * walk->nkeys];

	for (int i = 0; i < walk->nkeys; i++)
	{
		bool		isnull;
		Datum		value = index_getattr(walk->scan->xs_itup, i + 1,
										  RelationGetDescr(walk->index), &isnull);

		if (isnull)
			return;				/* of a row from before NOT NULL */
		values[i] = copy(walk, i, value);
	}
	walk->tids[walk->nentries++] = *tid;
}

/* Reads the entries from the key on. */
static void
read_window(Walk *walk, EState *estate, const Datum *key)
{
	Store	   *s = walk->store;
	MemoryContext oldcontext = MemoryContextSwitchTo(s->context);
	ItemPointer tid;

	if (walk->scan == NULL)
		walk->scan = compat_index_beginscan(s->rel, walk->index,
											estate->es_snapshot, 1);
	walk->scan->xs_want_itup = true;
	walk->scan->xs_snapshot = estate->es_snapshot;
	if (walk->columns == NULL)
		walk->from.sk_argument = key[0];
	else
		for (int i = 0; i < walk->nkeys; i++)
			walk->columns[i].sk_argument = key[walk->keymap[i]];
	index_rescan(walk->scan, &walk->from, 1, NULL, 0);

	MemoryContextReset(walk->context);
	MemoryContextSwitchTo(walk->context);
	walk->nentries = 0;
	walk->at = 0;
	walk->asked = 0;
	walk->to_end = false;
	while (walk->nentries < walk->size)
	{
		tid = index_getnext_tid(walk->scan, ForwardScanDirection);
		if (tid == NULL)
		{
			walk->to_end = true;
			break;
		}
		take_entry(walk, tid);
	}
	walk->read = true;

	/* lets go of the page */
	index_rescan(walk->scan, &walk->from, 1, NULL, 0);
	MemoryContextSwitchTo(oldcontext);
}

static int
compare_entry(Walk *walk, int entry, const Datum *key)
{
	return compare(walk, &walk->keys[entry * walk->nkeys], key);
}

/* Goes to the first entry that is not less than the key. */
static void
go_to(Walk *walk, const Datum *key)
{
	int			step = 1;
	int			low = walk->at; /* all before are less */
	int			high = walk->at;	/* is not, or there is no entry */

	while (high < walk->nentries && compare_entry(walk, high, key) < 0)
	{
		low = high + 1;
		high += step;
		step *= 2;
	}
	high = Min(high, walk->nentries);
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (compare_entry(walk, middle, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	walk->at = low;
}

/* The row that the entry leads to, if it is visible, and has the key. */
static bool
fetch(Walk *walk, EState *estate, int entry, const Datum *key)
{
	Store	   *s = walk->store;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull = false;

	walk->scan->xs_snapshot = estate->es_snapshot;
	walk->scan->xs_heaptid = walk->tids[entry];
	if (!index_fetch_heap(walk->scan, s->old))
		return false;
	for (int i = 0; i < walk->nkeys && !isnull; i++)
		values[i] = slot_getattr(s->old, walk->index->rd_index->indkey.values[i],
								 &isnull);
	if (!isnull && compare(walk, values, key) == 0)
		return true;
	ExecClearTuple(s->old);
	return false;
}

WalkResult
walk_find(Walk *walk, EState *estate, const Datum *key)
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
		if (compare_entry(walk, i, key) != 0)
			return entries ? WALK_UNKNOWN : WALK_ABSENT;
		if (fetch(walk, estate, i, key))
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
