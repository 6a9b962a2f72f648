/*
 * preview.h
 *		What a dry run shows instead of writing.
 */
#ifndef UPSERT_PREVIEW_H
#define UPSERT_PREVIEW_H

#include "store/store_impl.h"

/*
 * Fills s->new with the row that s->row would make of old, or of nothing
 * (old == NULL), as far as that can be known.  In the current memory context,
 * which is the item's.  Errors: 42501, 23502 and 23514, as the statement
 * would raise them.
 */
extern void preview_row(Store *s, TupleTableSlot *old);

/*
 * The same row in another slot, where nothing is asked but whether all of it is
 * known, and no column that must not be is NULL; false if not.  "made": the old
 * row is one that this has formed.
 */
extern bool preview_form(Store *s, TupleTableSlot *old, bool made,
						 TupleTableSlot *new);

/* The old row would be deleted: may the caller?  Error 42501. */
extern void preview_removal(Store *s);

/*
 * A batch comes with equal keys one after the other.  preview_again() applies
 * compose to the row that the preview before has left of this key, and is
 * false if that was of another; preview_remember() is told every outcome.
 */
extern bool preview_again(Store *s, const Datum *key, const bool *nulls,
						  StoreCompose compose, void *arg,
						  StoreOutcome *outcome);
extern void preview_remember(Store *s, const Datum *key, const bool *nulls,
							 StoreOutcome outcome);

#endif							/* UPSERT_PREVIEW_H */
