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
 *
 * A transaction that locks very many gets, and waits for, all searches of the
 * relation instead.  Two that both go up to that may end in a deadlock error.
 * Error 0A000 where the relation is distributed and this is not the coordinator.
 */
extern void search_lock(Oid relid, uint32 hash);

/* The lock on all searches of the relation, for who knows of very many. */
extern void search_lock_all(Oid relid);

#endif							/* UPSERT_SEARCHLOCK_H */
