/*
 * level.h
 *		Query levels: when AFTER triggers fire, and what their transition
 *		tables hold.
 */
#ifndef UPSERT_LEVEL_H
#define UPSERT_LEVEL_H

typedef struct StoreLevel StoreLevel;

/*
 * Begins a level inside of the one that is open.  Stores opened at it
 * (StoreTarget.level) may be open side by side; their AFTER triggers fire at
 * its end, as those of one statement.  The level dies with its subtransaction.
 */
extern StoreLevel *store_level_begin(void);

/*
 * Ends the innermost level, whose stores must be closed: fires the triggers
 * and the immediate constraint checks.  Errors: whatever these raise.
 */
extern void store_level_end(StoreLevel *level);

#endif							/* UPSERT_LEVEL_H */
