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
 * It holds off upserts only.  A plain INSERT takes no such lock; who wants
 * uniqueness against those needs a unique index.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lock.h"

#include "store/searchlock.h"

#define SEARCH_LOCK_CLASS	0x7570
#define ALL_SEARCHES_CLASS	0x7571

static void
take_lock(Oid relid, uint32 hash, uint16 class, LOCKMODE mode)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, relid, hash, class);
	(void) LockAcquire(&tag, mode, false, false);
}

void
search_lock(Oid relid, uint32 hash)
{
	take_lock(relid, 0, ALL_SEARCHES_CLASS, RowExclusiveLock);
	take_lock(relid, hash, SEARCH_LOCK_CLASS, ExclusiveLock);
}

void
search_lock_all(Oid relid)
{
	take_lock(relid, 0, ALL_SEARCHES_CLASS, ExclusiveLock);
}
