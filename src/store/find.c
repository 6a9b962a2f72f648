/*
 * find.c
 *		Where the row of an item is, for direct.c.
 *
 *		the item before wrote this key	-->	where it put the row
 *		keys ascend						-->	windows of the index (walk.c)
 *		else, and where these fail		-->	the index (probe.c)
 *
 * Each item by itself has a snapshot of its own, pushed by direct.c.  Items in
 * order, which nobody looks between, share one for some time, and what they
 * write shows when somebody begins anew.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "store/find.h"
#include "store/pending.h"

/* It takes some keys for a walk to be worth its beginning. */
#define WALK_AFTER 16

/* So many items are looked for in one snapshot. */
#define ITEMS_FOR_A_SNAPSHOT 256

void
find_drop_snapshot(DirectState *st)
{
	if (st->kept == NULL)
		return;
	if (st->estate->es_snapshot == st->kept)
		st->estate->es_snapshot = InvalidSnapshot;
	UnregisterSnapshotFromOwner(st->kept, st->owner);
	st->kept = NULL;
}

void
find_anew(DirectState *st)
{
	find_drop_snapshot(st);
	if (st->written)
		CommandCounterIncrement();
	st->written = false;
}

/* Some items have come: those after them may be looked for in windows. */
static void
begin_walk(Store *s, DirectState *st)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(s->context);

	st->walk = walk_open(s, probe_index(st->probe));
	st->may_walk = st->walk != NULL;
	st->in_order = st->may_walk && pending_in_order(s, st);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Has the item the key of the one before, which has written its row?  Then the
 * row is looked for where it was put: by the index it would be found at the end
 * of a chain of versions that is longer by one with each item.
 */
static void
note_last(Store *s, DirectState *st, const Datum *key)
{
	Datum		last[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	ItemPointerSetInvalid(&st->last);
	if (!st->wrote || key == NULL || OidIsValid(s->target.arbiter) ||
		s->new != st->new || TTS_EMPTY(s->new))
		return;
	for (int i = 0; i < s->target.nkeys; i++)
		last[i] = slot_getattr(s->new, s->target.keys[i], &nulls[i]);
	if (store_same_key(s, key, NULL, last, nulls))
		st->last = s->new->tts_tid;
}

/* The row that was put there; false if it has changed since, or gone. */
static bool
find_last(Store *s, DirectState *st, const Datum *key)
{
	Datum		found[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	if (!table_tuple_fetch_row_version(s->rel, &st->last, st->estate->es_snapshot,
									   s->old))
		return false;
	for (int i = 0; i < s->target.nkeys; i++)
		found[i] = slot_getattr(s->old, s->target.keys[i], &nulls[i]);
	if (store_same_key(s, key, NULL, found, nulls))
		return true;
	ExecClearTuple(s->old);
	return false;
}

bool
find_row(Store *s, DirectState *st, const Datum *key, const bool *nulls,
		 bool first)
{
	if (ItemPointerIsValid(&st->last))
	{
		bool		found = find_last(s, st, key);

		ItemPointerSetInvalid(&st->last);
		if (found)
			return true;
	}
	if (st->walk && first && nulls == NULL)
	{
		WalkResult	result = WALK_UNKNOWN;

		if (walk_ascends(st->walk, key))
			result = walk_find(st->walk, st->estate, key);
		else
			walk_forget(st->walk);
		if (result != WALK_UNKNOWN)
			return result == WALK_FOUND;
	}
	return probe_find(st->probe, st->estate, key, nulls);
}

void
find_keep_snapshot(DirectState *st)
{
	if (st->kept && st->kept_for++ == ITEMS_FOR_A_SNAPSHOT)
		find_drop_snapshot(st);
	if (st->kept == NULL)
	{
		st->kept = RegisterSnapshotOnOwner(GetTransactionSnapshot(), st->owner);
		st->kept_for = 0;
	}
	st->estate->es_snapshot = st->kept;
	st->estate->es_output_cid = GetCurrentCommandId(false);
}

bool
find_in_order(Store *s, DirectState *st, const Datum *key)
{
	WalkResult	result;

	find_keep_snapshot(st);
	result = walk_find(st->walk, st->estate, key);
	return result == WALK_UNKNOWN ?
		probe_find(st->probe, st->estate, key, NULL) : result == WALK_FOUND;
}

void
find_begin(Store *s, DirectState *st, const Datum *key)
{
	note_last(s, st, key);
	st->wrote = false;
	if (st->may_walk && st->walk == NULL && ++st->by_themselves > WALK_AFTER)
		begin_walk(s, st);
}
