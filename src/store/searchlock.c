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
 * It holds off upserts only.  A plain INSERT takes no such lock; who wants
 * uniqueness against those needs a unique index.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lock.h"

#include "store/searchlock.h"

#define SEARCH_LOCK_CLASS 0x7570

void
search_lock(Oid relid, uint32 hash)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, relid, hash, SEARCH_LOCK_CLASS);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}
