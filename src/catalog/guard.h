/*
 * guard.h
 *		The trigger that keeps the promise of revisions in plain SQL.
 */
#ifndef UPSERT_GUARD_H
#define UPSERT_GUARD_H

#include "utils/relcache.h"

/*
 * Its name, which sorts after those of users' triggers; and that of a guard
 * that was put on somebody's own table.
 */
#define GUARD_TRIGGER "~upsert_revision"
#define GUARD_TRIGGER_OF_OTHERS "~upsert_guard"

/* The SQL name of its function. */
#define GUARD_FUNCTION "upsert_guard_revision"

/*
 * The guard of an open relation: the trigger's OID, or InvalidOid; and whether
 * it says that create_collection() made the table.
 */
extern Oid	guard_of(Relation rel, bool *made);

#endif							/* UPSERT_GUARD_H */
