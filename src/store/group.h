/*
 * group.h
 *		Many items, each of which may fail without the others: "ignoreErrors".
 */
#ifndef UPSERT_GROUP_H
#define UPSERT_GROUP_H

#include "utils/elog.h"

/*
 * Does items first .. first + n - 1, and keeps *current at the item that it
 * is at (first + n once it is past the last).
 */
typedef void (*GroupWork) (void *arg, int first, int n, int *current);

/* Told of each item that failed; the error lives in the current context. */
typedef void (*GroupFailed) (void *arg, int item, ErrorData *error);

/*
 * Does them all in one subtransaction.  NULL if it worked, else what went
 * wrong: then all is undone.
 */
extern ErrorData *group_try(GroupWork work, void *arg, int first, int n,
							int *current);

/*
 * Does n items, in groups that each run in one subtransaction.  A group that
 * fails is rolled back and done again without the item at fault, so "work"
 * may see an item several times; what it did for items of a failed group is
 * undone in the database, and must be overwritten in memory.
 *
 * From both, errors that are nobody's fault but the transaction's or the
 * server's (serialization, deadlock, cancel, out of memory, ...) come through.
 */
extern void group_run(int n, GroupWork work, GroupFailed failed, void *arg);

#endif							/* UPSERT_GROUP_H */
