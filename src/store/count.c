/*
 * count.c
 *		What this transaction has done to each table, until it ends.
 *
 * Stores count as they go, into memory of the transaction:
 *
 *		targets	[ docs ]-----------[ lines ]
 *		done	  calls, conflicts, ...		  kept whatever becomes of it
 *		items	  [ subtransaction 3 ]		  dropped with the subtransaction
 *				  [ subtransaction 1 ]		  that is rolled back
 *
 * Items under ignoreErrors are done in groups, which are rolled back and done
 * again (group.c); so items belong to the subtransaction that did them, and
 * what is counted of them is what stays.  When the transaction ends, all goes
 * to the tally (tally.c) at once: so an item costs an addition, and a
 * transaction one short lock.
 *
 * A call may open stores over and over, by group or by item.  It is one call
 * for each table all the same: who begins one says so.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "store/count.h"
#include "store/tally.h"

#define NITEMS (COUNT_END - COUNT_ITEMS)

typedef struct CountLevel
{
	struct CountLevel *upper;
	SubTransactionId subxact;
	int64		items[NITEMS];
} CountLevel;

struct CountTarget
{
	struct CountTarget *next;
	Oid			relid;
	uint64		call;			/* the last that was counted */
	CountLevel *level;			/* of the innermost subtransaction */
	int64		done[COUNT_ITEMS];
	CountLevel	first;			/* spares an allocation */
};

static CountTarget *targets = NULL; /* in TopTransactionContext */
static uint64 call = 1;

/* What was counted last: a call may go on in another transaction. */
static Oid	called_relid = InvalidOid;
static uint64 called = 0;

/* ----------
 * Ends of transactions
 * ----------
 */

static void
subxact_ended(SubXactEvent event, SubTransactionId mine,
			  SubTransactionId parent, void *arg)
{
	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	for (CountTarget *target = targets; target; target = target->next)
	{
		CountLevel *level = target->level;

		if (level == NULL || level->subxact != mine)
			continue;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			target->level = level->upper;
		else if (level->upper == NULL || level->upper->subxact != parent)
			level->subxact = parent;
		else
		{
			for (int i = 0; i < NITEMS; i++)
				level->upper->items[i] += level->items[i];
			target->level = level->upper;
		}
	}
}

static void
xact_ended(XactEvent event, void *arg)
{
	bool		committed;

	if (targets == NULL)
		return;
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			committed = true;
			break;
		case XACT_EVENT_ABORT:
			committed = false;
			break;
		default:
			return;
	}
	for (CountTarget *target = targets; target; target = target->next)
	{
		int64		counts[COUNT_END] = {0};

		memcpy(counts, target->done, sizeof(target->done));
		if (committed && target->level)
			memcpy(counts + COUNT_ITEMS, target->level->items,
				   sizeof(target->level->items));
		tally_add(target->relid, counts);
	}
	/* the memory goes with the transaction */
	targets = NULL;
}

void
count_init(void)
{
	RegisterXactCallback(xact_ended, NULL);
	RegisterSubXactCallback(subxact_ended, NULL);
	tally_init();
}

/* ----------
 * Counting
 * ----------
 */

static CountTarget *
find_target(Oid relid)
{
	CountTarget *target;

	for (target = targets; target; target = target->next)
		if (target->relid == relid)
			return target;

	tally_prepare();
	target = MemoryContextAllocZero(TopTransactionContext, sizeof(CountTarget));
	target->relid = relid;
	target->next = targets;
	targets = target;
	return target;
}

/* Where the items of the current subtransaction are counted. */
static CountLevel *
begin_level(CountTarget *target, SubTransactionId subxact)
{
	CountLevel *level = target->level == NULL ? &target->first :
	MemoryContextAlloc(TopTransactionContext, sizeof(CountLevel));

	memset(level, 0, sizeof(CountLevel));
	level->upper = target->level;
	level->subxact = subxact;
	target->level = level;
	return level;
}

void
count_call_begins(void)
{
	call++;
}

CountTarget *
count_open(Oid relid)
{
	CountTarget *target = find_target(relid);

	if (target->call == call)
		return target;
	if (called_relid != relid || called != call)
		target->done[COUNT_CALLS]++;
	target->call = called = call;
	called_relid = relid;
	return target;
}

void
count_add(CountTarget *target, Counted what, int64 n)
{
	CountLevel *level = target->level;
	SubTransactionId subxact;

	if (what < COUNT_ITEMS)
	{
		target->done[what] += n;
		return;
	}
	subxact = GetCurrentSubTransactionId();
	if (level == NULL || level->subxact != subxact)
		level = begin_level(target, subxact);
	level->items[what - COUNT_ITEMS] += n;
}

void
count_add_to(Oid relid, Counted what, int64 n)
{
	count_add(find_target(relid), what, n);
}

void
count_conflict(Oid relid)
{
	CountTarget *target = find_target(relid);

	target->done[COUNT_CONFLICTS]++;
	if (!IsolationUsesXactSnapshot())
		target->done[COUNT_RETRIES]++;
}
