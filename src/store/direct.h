/*
 * direct.h
 *		What the files of the direct store share; nobody else includes it.
 */
#ifndef UPSERT_DIRECT_H
#define UPSERT_DIRECT_H

#include "nodes/execnodes.h"
#include "store/probe.h"
#include "store/store_impl.h"
#include "store/walk.h"
#include "utils/resowner.h"

typedef struct Pending Pending;

/*
 * The columns that the last row of its kind set.  Privileges and UPDATE OF
 * triggers go by them, not by what other rows might set.
 */
typedef struct ColumnSet
{
	bool	   *set;			/* as in StoreRow; NULL: no row yet */
	Bitmapset  *columns;		/* offset as the parser has them */
	Bitmapset  *permitted;		/* all that were found to be */
} ColumnSet;

/* What a column gets that the composed row leaves unset. */
typedef struct ColumnDefault
{
	bool		sought;
	bool		plain;			/* nobody's code runs for it */
	ExprState  *expr;			/* NULL: none */
} ColumnDefault;

typedef struct DirectState
{
	EState	   *estate;
	ResultRelInfo *rri;
	EPQState	epq;
	bool		epq_ready;

	List	   *arbiters;		/* OIDs of the unique indexes on the key */
	List	   *all_unique;		/* ... and of the others, but deferrable ones */
	Probe	   *probe;			/* by one of them */
	Walk	   *walk;			/* beside it; NULL: not yet */
	bool		may_walk;
	int			by_themselves;	/* items, before there is one */

	/* items in the order of their keys that nobody looks between */
	bool		in_order;		/* these are such, as far as the table goes */
	bool		waits_not;		/* but new rows may not wait */
	Pending    *pending;		/* rows that do; NULL: not yet */
	Snapshot	kept;			/* registered; NULL: the next is to be taken */
	int			kept_for;		/* items */
	ResourceOwner owner;		/* of that, as of all that is open */
	bool		written;		/* since the command counter moved */
	bool		found_writes;	/* the last row that was found was written */

	ItemPointerData last;		/* the row that the item before this wrote, if
								 * this one has its key; else invalid */
	bool		wrote;			/* the item before this */

	ColumnDefault *defaults;	/* by attribute number - 1 */
	TupleTableSlot *new;		/* s->new, but for a row that waits */

	ColumnSet	inserted;
	ColumnSet	updated;

	/* what the first item of each kind has made ready */
	bool		indexes_open;
	bool		indexes_speculative;
	bool		insert_ready;
	bool		update_ready;
	bool		delete_ready;
	TransitionCaptureState *insert_capture;
	TransitionCaptureState *update_capture;
	TransitionCaptureState *delete_capture;
} DirectState;

/*
 * Inserts the row in the slot, which is complete; false if somebody was faster,
 * by any unique index.
 */
extern bool direct_insert(Store *s, DirectState *st, TupleTableSlot *slot);

#endif							/* UPSERT_DIRECT_H */
