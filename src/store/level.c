/*
 * level.c
 *		Query levels of AFTER triggers.
 *
 * PostgreSQL keeps what AFTER triggers wait for, and their transition tables,
 * by query level.  Levels are a stack that only the innermost statement pushes
 * and pops; stores are not, when one statement of ours writes to several
 * tables, row by row:
 *
 *		level	[ statement ........................................... ]
 *		stores	   [ a ................ ]
 *					  [ b ................... ]
 *		level		   [ trigger's own ]
 *
 * So a level has an owner, who begins it before the first store is opened and
 * ends it after the last is closed, and all stores of the statement write at
 * it, as the ModifyTable nodes of one query do.  A store that nobody gives a
 * level has one of its own, from open to close; such stores must nest.  Core
 * trusts its callers to keep to that; we look.
 *
 * A level that an error ends is popped by PostgreSQL with its subtransaction,
 * and by us.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "store/store_impl.h"

struct StoreLevel
{
	StoreLevel *outer;
	SubTransactionId subxact;
	bool		fires;			/* a table with triggers was opened at it */
};

/* In TopTransactionContext, as all of them. */
static StoreLevel *innermost = NULL;

static void
pop_level(void)
{
	StoreLevel *level = innermost;

	innermost = level->outer;
	pfree(level);
}

static void
subxact_ended(SubXactEvent event, SubTransactionId mine,
			  SubTransactionId parent, void *arg)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (innermost && innermost->subxact >= mine)
		pop_level();
}

static void
xact_ended(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			/* the memory goes with the transaction */
			innermost = NULL;
			break;
		default:
			break;
	}
}

void
store_level_init(void)
{
	RegisterXactCallback(xact_ended, NULL);
	RegisterSubXactCallback(subxact_ended, NULL);
}

StoreLevel *
store_level_begin(void)
{
	StoreLevel *level = MemoryContextAllocZero(TopTransactionContext,
											   sizeof(StoreLevel));

	level->outer = innermost;
	level->subxact = GetCurrentSubTransactionId();
	innermost = level;
	AfterTriggerBeginQuery();
	return level;
}

void
store_level_check(const StoreLevel *level)
{
	if (level != innermost)
		elog(ERROR, "a store writes at a query level that is not the innermost");
}

void
store_level_fires(StoreLevel *level)
{
	level->fires = true;
}

void
store_level_end(StoreLevel *level)
{
	store_level_finish(level, NULL);
}

void
store_level_finish(StoreLevel *level, struct EState *estate)
{
	bool		fires = level->fires;

	store_level_check(level);
	if (fires)
		PushActiveSnapshot(GetTransactionSnapshot());
	AfterTriggerEndQuery(estate);
	if (fires)
		PopActiveSnapshot();
	/* triggers begin levels of their own, and end them */
	store_level_check(level);
	pop_level();
}
