/*
 * searchlock.h
 *		Arbitration where no unique index arbitrates.
 */
#ifndef UPSERT_SEARCHLOCK_H
#define UPSERT_SEARCHLOCK_H

/*
 * Waits until no other transaction holds the lock on this search of this
 * relation, and holds it to the end of the transaction.  "hash" stands for
 * the normalised search values: equal searches must have equal hashes; other
 * searches that happen to share it only wait for nothing.  The caller looks
 * (and found nothing), locks, looks again with a new snapshot, and inserts.
 */
extern void search_lock(Oid relid, uint32 hash);

/*
 * The same for all searches of the relation at once: for who would need very
 * many locks, which are in shared memory.  Two that both go up from locks on
 * single searches to this one may end in a deadlock error.
 */
extern void search_lock_all(Oid relid);

#endif							/* UPSERT_SEARCHLOCK_H */
