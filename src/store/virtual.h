/*
 * virtual.h
 *		The columns of a row that are in no tuple.  For src/store only.
 */
#ifndef UPSERT_STORE_VIRTUAL_H
#define UPSERT_STORE_VIRTUAL_H

#include "store/store_impl.h"

/*
 * Computes the virtual generated columns that the caller reads into the row in
 * the slot, which must hold the table's rows; an empty one stays so.  They are
 * gone, and this is to be called again, when the slot gets another row or is
 * materialized.  Values are in CurrentMemoryContext.
 */
extern void virtual_fill(Store *s, TupleTableSlot *slot);

#endif							/* UPSERT_STORE_VIRTUAL_H */
