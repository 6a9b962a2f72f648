/*
 * mirror.h
 *		A table of records that follows repositories elsewhere: its rows carry
 *		the revisions of their own servers, upstream's, and so do the
 *		tombstones of what these have deleted.
 *
 *		Mirror *m = mirror_open(relid);
 *		for each repository, in the order of their URIs
 *			mirror_lock(m, repo, rev, floor, &seen);
 *			for each record, in the order of their URIs
 *				mirror_put(m, ...) or mirror_delete(m, ...)
 *		mirror_close(m);
 */
#ifndef UPSERT_ATPROTO_MIRROR_H
#define UPSERT_ATPROTO_MIRROR_H

#include "atproto/record_ready.h"
#include "atproto/record_store.h"

typedef struct Mirror Mirror;

/* Where a record is to go */
typedef struct MirrorPlace
{
	const char *uri;
	const char *repo;
	const char *collection;
	const char *rkey;
} MirrorPlace;

/*
 * Opens the table and those beside it.  Errors: 42809 if it is none of
 * records, 55000 if it has none beside it, and those of store_open().
 */
extern Mirror *mirror_open(Oid relid);
extern void mirror_close(Mirror *m);

/* Its columns. */
extern const RecordColumns *mirror_columns(const Mirror *m);

/*
 * Locks a repository until the end of the transaction: its row takes our next
 * revision, upstream's rev if that is newer, and a floor (NULL: none), unless
 * it has a higher one; then nothing is locked and the answer is false.  *clock
 * is our revision of the row before, "" if there was none.
 */
extern bool mirror_lock(Mirror *m, const char *repo, const char *rev,
						const char *floor, char clock[TID_LENGTH + 1]);

/*
 * Stores a record with upstream's rev, unless what is stored is newer; buried:
 * there is a tombstone to be removed.  The answer is what became of the row.
 */
extern StoreOutcome mirror_put(Mirror *m, const MirrorPlace *place,
							   const char *rev, const ReadyRecord *ready,
							   bool buried);

/*
 * Deletes a record, unless it is newer than rev.  bury: leaves a tombstone of
 * that revision, or moves it on.
 */
extern StoreOutcome mirror_delete(Mirror *m, const char *uri, const char *rev,
								  bool bury);

/*
 * Deletes all records and tombstones of a repository that are not newer than
 * rev, which is to be its floor.
 */
extern void mirror_delete_repo(Mirror *m, const char *repo, const char *rev);

/*
 * The range of the URIs of a repository's records: from *first to before
 * *last, palloc'd.
 */
extern void mirror_range(const char *repo, char **first, char **last);

/* Deletes the tombstones in it that are not newer than rev. */
extern void mirror_forget(Oid relid, const char *repo, const char *rev);

#endif							/* UPSERT_ATPROTO_MIRROR_H */
