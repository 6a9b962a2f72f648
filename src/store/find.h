/*
 * find.h
 *		Where the row of an item is.  Private to the direct store.
 */
#ifndef UPSERT_FIND_H
#define UPSERT_FIND_H

#include "store/direct.h"

/*
 * An item begins, with this key (NULL: none, or one with NULLs); s->new is
 * still the row of the one before.
 */
extern void find_begin(Store *s, DirectState *st, const Datum *key);

/*
 * Looks for the row, with estate's snapshot; s->old holds it afterwards, or is
 * empty.  The first try for an item may believe what was read of the index
 * before.
 */
extern bool find_row(Store *s, DirectState *st, const Datum *key,
					 const bool *nulls, bool first);

/* The same in the snapshot that is kept, for a key that ascends. */
extern bool find_in_order(Store *s, DirectState *st, const Datum *key);

/* Makes the snapshot that is kept estate's; some items later it is another. */
extern void find_keep_snapshot(DirectState *st);
extern void find_drop_snapshot(DirectState *st);

/* What items in order have written shows from here on. */
extern void find_anew(DirectState *st);

#endif							/* UPSERT_FIND_H */
