/*
 * guard.h
 *		The trigger that keeps the promise of revisions in plain SQL.
 */
#ifndef UPSERT_GUARD_H
#define UPSERT_GUARD_H

#include "utils/relcache.h"

/* Its name, which sorts after those of users' triggers. */
#define GUARD_TRIGGER "~upsert_revision"

/* The SQL name of its function. */
#define GUARD_FUNCTION "upsert_guard_revision"

/*
 * The guard of an open relation: the trigger's OID, or InvalidOid.  *kind, if
 * not NULL, is what create_collection() made ("document", "edge"), palloc'd, or
 * NULL for a guard that was put on a table later.
 */
extern Oid	guard_of(Relation rel, char **kind);

#endif							/* UPSERT_GUARD_H */
