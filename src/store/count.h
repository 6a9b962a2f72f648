/*
 * count.h
 *		What upserts have done to each table: counted here by those who do it,
 *		kept in tally.h.
 */
#ifndef UPSERT_COUNT_H
#define UPSERT_COUNT_H

/* What is counted of a table. */
typedef enum Counted
{
	/* of what was done, whatever became of it */
	COUNT_CALLS,
	COUNT_CONFLICTS,			/* somebody else was faster */
	COUNT_RETRIES,				/* an item was begun anew */
	COUNT_SEARCH_LOCKS,

	/* of items, once their transaction commits */
	COUNT_FOLDED,				/* share the row version of another */
	COUNT_KNOWN,				/* found to change nothing before a store was
								 * asked */
	COUNT_REFUSED,				/* the same: ignored */
	COUNT_DIRECT,				/* ... and a StoreOutcome */
	COUNT_SQL = COUNT_DIRECT + 5,
	COUNT_END = COUNT_SQL + 5
} Counted;

#define COUNT_ITEMS COUNT_FOLDED	/* the first that is of items */

/* What this transaction has counted of one table. */
typedef struct CountTarget CountTarget;

extern void count_init(void);

/*
 * A call begins: stores that are opened from here to the next one count as
 * one call for each table.
 */
extern void count_call_begins(void);

/*
 * The table's counts, for a store that is opened to write.  They live as long
 * as the transaction.
 */
extern CountTarget *count_open(Oid relid);

extern void count_add(CountTarget *target, Counted what, int64 n);

/* The same for who has no store open; also before the first is. */
extern void count_add_to(Oid relid, Counted what, int64 n);

/*
 * Somebody else was faster: the item is begun anew, or ends in an error of
 * serialization.
 */
extern void count_conflict(Oid relid);

#endif							/* UPSERT_COUNT_H */
