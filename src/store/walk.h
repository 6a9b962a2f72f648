/*
 * walk.h
 *		Going through a unique index beside keys that come in its order.
 *		Private to direct.c.
 */
#ifndef UPSERT_WALK_H
#define UPSERT_WALK_H

#include "nodes/execnodes.h"
#include "store/store_impl.h"

typedef struct Walk Walk;

typedef enum WalkResult
{
	WALK_UNKNOWN,				/* ask the index itself */
	WALK_ABSENT,				/* it had no such key when it was read */
	WALK_FOUND					/* s->old holds the row */
} WalkResult;

/*
 * Prepares a walk by this index, in the current memory context; NULL if it
 * cannot be walked: columns in ascending order can, and where there are several
 * none may hold NULL.
 */
extern Walk *walk_open(Store *s, Relation index);

/* Does the key, by the store's columns, come after the one that this was asked for before? */
extern bool walk_ascends(Walk *walk, const Datum *key);

/*
 * Where is a key that ascends, by what was read of the index lately?  WALK_FOUND is true
 * at estate's snapshot.  WALK_ABSENT may be older: whoever inserts then finds
 * out, and calls walk_forget().  Holds no pins of the index.
 */
extern WalkResult walk_find(Walk *walk, EState *estate, const Datum *key);

/* What was read is not true any more, or is behind the keys to come. */
extern void walk_forget(Walk *walk);

extern void walk_close(Walk *walk);

#endif							/* UPSERT_WALK_H */
