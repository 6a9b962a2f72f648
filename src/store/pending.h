/*
 * pending.h
 *		Rows that wait to be inserted together.  Private to the direct store.
 */
#ifndef UPSERT_PENDING_H
#define UPSERT_PENDING_H

#include "store/direct.h"

/*
 * May rows of this store be applied in the order of their keys without anybody
 * looking in between: no row trigger but foreign keys', and nobody's code in
 * constraints and generated columns?
 */
extern bool pending_in_order(Store *s, DirectState *st);

/*
 * Prepares for rows to wait; the store's indexes are open.  NULL where they may
 * not: see pending.c.
 */
extern Pending *pending_open(Store *s, DirectState *st);

/* The slot for the next row, empty. */
extern TupleTableSlot *pending_slot(Pending *p);

/* The row in that slot waits, as that of the store's item. */
extern void pending_add(Pending *p, bool keyed);

extern bool pending_is_empty(const Pending *p);

/* Does a row wait whose key was not asked for? */
extern bool pending_keyless(const Pending *p);

/* It is time to write them. */
extern bool pending_is_full(const Pending *p);

/*
 * They are being written: whoever is applied now is one of them, and must not
 * wait again.
 */
extern bool pending_is_flushing(const Pending *p);

/*
 * Writes them.  Those that somebody was faster with have been applied again, by
 * StoreWaiting.again, when it returns.  Errors: what an INSERT raises, for the
 * item that StoreWaiting.writes was told.
 */
extern void pending_flush(Pending *p);

#endif							/* UPSERT_PENDING_H */
