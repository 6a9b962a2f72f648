/*
 * tally.h
 *		What upserts have done to each table since somebody began to count: of
 *		all sessions where the library is preloaded, else of this one.
 */
#ifndef UPSERT_TALLY_H
#define UPSERT_TALLY_H

#include "datatype/timestamp.h"

#include "store/count.h"

/* What was counted of a table of this database. */
typedef struct Tally
{
	Oid			relid;
	TimestampTz since;			/* it has been counted */
	int64		counts[COUNT_END];
} Tally;

/*
 * Registers upsert.stats_max and, while the server starts, asks for shared
 * memory.
 */
extern void tally_init(void);

/* Makes memory ready, as tally_add() may not allocate any. */
extern void tally_prepare(void);

/* Adds to the table's counts.  Raises nothing, as transactions end. */
extern void tally_add(Oid relid, const int64 *counts);

/* Do all sessions see it? */
extern bool tally_is_shared(void);

/* What stands there of this database's tables, palloc'd. */
extern Tally *tally_read(int *n);

/* Forgets a table of this database, or with InvalidOid all of them. */
extern void tally_forget(Oid relid);

#endif							/* UPSERT_TALLY_H */
