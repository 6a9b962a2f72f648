/*
 * searchlock.c
 *		Arbitration where no unique index arbitrates.
 *
 * Two sessions that look for the same absent row and would both insert it
 * must queue; two that look for different rows must not.  The lock is an
 * advisory one in a class of its own: users' pg_advisory_lock() functions
 * have field4 = 1 or 2, so that nothing they lock can collide with ours.
 *
 *		field1	database		field3	hash of the search values
 *		field2	relation		field4	SEARCH_LOCK_CLASS
 *
 * Whoever locks a search also holds RowExclusiveLock on (relation, 0) in
 * ALL_SEARCHES_CLASS, where ExclusiveLock stands for all searches.
 *
 * Locks stand in shared memory, which is little.  So a transaction counts
 * those that it takes, by relation and in all:
 *
 *		relation -> searches locked			goes with the transaction
 *
 * and after so many takes the lock on all searches of the relation instead.
 * What a subtransaction gave up is not counted back: then the one lock, which
 * is asked for each time, comes a little earlier.
 *
 * Such locks are of one node.  Where Citus has the rows on several, searches are
 * the coordinator's.
 *
 * It holds off upserts only.  A plain INSERT takes no such lock; who wants
 * uniqueness against those needs a unique index.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "store/count.h"
#include "catalog/distributed.h"
#include "store/searchlock.h"

#define SEARCH_LOCK_CLASS	0x7570
#define ALL_SEARCHES_CLASS	0x7571

/* searches that are locked one by one: of a relation, and in all */
#define MAX_OF_RELATION		256
#define MAX_IN_ALL			2048

typedef struct SearchCount
{
	Oid			relid;			/* hash key */
	int			locks;
} SearchCount;

static HTAB *counts = NULL;		/* of this transaction */
static int	all_locks = 0;

static void
forget_counts(void *arg)
{
	counts = NULL;
	all_locks = 0;
}

static SearchCount *
count_of(Oid relid)
{
	SearchCount *count;
	bool		found;

	if (counts == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(SearchCount),
		.hcxt = TopTransactionContext};
		MemoryContextCallback *callback =
		MemoryContextAllocZero(TopTransactionContext, sizeof(MemoryContextCallback));

		counts = hash_create("upsert searches", 16, &ctl,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		callback->func = forget_counts;
		MemoryContextRegisterResetCallback(TopTransactionContext, callback);
	}
	count = hash_search(counts, &relid, HASH_ENTER, &found);
	if (!found)
		count->locks = 0;
	return count;
}

/* True if it is a lock that this transaction had not yet. */
static bool
take_lock(Oid relid, uint32 hash, uint16 class, LOCKMODE mode)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, relid, hash, class);
	return LockAcquire(&tag, mode, false, false) == LOCKACQUIRE_OK;
}

/* Where rows lie on several nodes, all who search must lock on the same one. */
static void
require_one_node(Oid relid)
{
	Relation	rel = RelationIdGetRelation(relid);

	if (!RelationIsValid(rel))
		elog(ERROR, "could not open relation with OID %u", relid);
	distributed_require_coordinator(rel, "a search that no index covers");
	distributed_refuse_shard(rel, "a search that no index covers");
	RelationClose(rel);
}

void
search_lock_all(Oid relid)
{
	require_one_node(relid);
	if (take_lock(relid, 0, ALL_SEARCHES_CLASS, ExclusiveLock))
		count_add_to(relid, COUNT_SEARCH_LOCKS, 1);
}

void
search_lock(Oid relid, uint32 hash)
{
	SearchCount *count = count_of(relid);

	require_one_node(relid);
	if (count->locks >= MAX_OF_RELATION || all_locks >= MAX_IN_ALL)
	{
		search_lock_all(relid);
		return;
	}
	(void) take_lock(relid, 0, ALL_SEARCHES_CLASS, RowExclusiveLock);
	if (take_lock(relid, hash, SEARCH_LOCK_CLASS, ExclusiveLock))
	{
		count->locks++;
		all_locks++;
		count_add_to(relid, COUNT_SEARCH_LOCKS, 1);
	}
}
