/*
 * form.h
 *		The row to be written: composed columns, defaults, generated columns,
 *		constraints.  Private to the direct store.
 */
#ifndef UPSERT_FORM_H
#define UPSERT_FORM_H

#include "store/direct.h"
#include "utils/acl.h"

/*
 * Takes note of the columns that s->row sets, and asks for the privilege on
 * them (42501).
 */
extern void form_claim_columns(Store *s, ColumnSet *last, AclMode mode);

/* Does nobody's code run for the defaults of the columns that are not set? */
extern bool form_is_plain(Store *s, DirectState *st);

/*
 * Fills the slot for an insert: composed values, then defaults.  It is virtual,
 * and its values are for this item.  Error 428C9 for a column that only the
 * table gives; 23502, 23514 by a domain.
 */
extern void form_insert(Store *s, DirectState *st, TupleTableSlot *slot);

/* Fills s->new for an update: composed values over the old row's. */
extern void form_update(Store *s);

/*
 * Generated columns and constraints of the row in the slot, in the executor's
 * order.  Errors: 23502, 23514.
 */
extern void form_check(Store *s, DirectState *st, TupleTableSlot *slot,
					   CmdType command);

#endif							/* UPSERT_FORM_H */
