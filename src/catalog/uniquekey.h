/*
 * uniquekey.h
 *		What the catalogs know of a table's unique keys.
 */
#ifndef UPSERT_UNIQUEKEY_H
#define UPSERT_UNIQUEKEY_H

#include "access/attnum.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

/*
 * The unique btree indexes on exactly these columns, in whatever order, that
 * INSERT ... ON CONFLICT could use as arbiters: ready, immediate, without
 * predicate or expression, and with the columns' own equality.  During
 * REINDEX CONCURRENTLY there are two, and both must arbitrate.  NULLS NOT
 * DISTINCT indexes do not count: their equality is not that of a btree lookup.
 * A list of OIDs in the current memory context; the first is valid, so that
 * look-ups can use it, and where none is so the list is NIL.
 */
extern List *unique_key_arbiters(Relation rel, int nkeys, const AttrNumber *keys);

/* Error 55006 if this index is no more among those of the relation. */
extern void unique_key_check(Relation rel, Oid indexoid);

/*
 * The same with the key of this index, which may be partial, on expressions,
 * or NULLS NOT DISTINCT.
 */
extern List *unique_key_arbiters_like(Relation rel, Oid indexoid);

/*
 * An index by which INSERT ... ON CONFLICT (these columns) may arbitrate: as
 * above, and NULLS NOT DISTINCT indexes and those of partitioned tables too;
 * InvalidOid if there is none.  Not *alone: SQL would also take indexes of
 * another equality for arbiters unless it is told this one's.
 */
extern Oid	unique_key_of_columns(Relation rel, int nkeys, const AttrNumber *keys,
								  bool *alone);

/*
 * True if the index compares those of its columns that are columns of the
 * table as "=" does: the same operator, and a collation to the same effect.
 */
extern bool unique_key_has_own_equality(Relation rel, Relation index);

/*
 * True if a unique constraint on exactly these columns is deferrable: ON
 * CONFLICT with them would take it for an arbiter, and fail.
 */
extern bool unique_key_is_deferrable(Relation rel, int nkeys, const AttrNumber *keys);

/*
 * The unique indexes that check each row as it comes: what may arbitrate
 * when it is not only the key that counts.
 */
extern List *unique_keys_immediate(Relation rel);

/* True if no unique or exclusion constraint of the table is deferrable. */
extern bool unique_keys_are_immediate(Relation rel);

#endif							/* UPSERT_UNIQUEKEY_H */
