/*
 * batch.h
 *		Many items in one call: applied in the order of their keys, so that
 *		two batches cannot deadlock, and answered in the order they came in.
 *
 *		Batch b = {.door = &my_door, .arg = my_state, .n = n};
 *		batch_prepare(&b, prepare, may_raise);
 *		batch_run(&b);
 *
 * What an item is only the door knows; here it is a number from 0.
 */
#ifndef UPSERT_BATCH_H
#define UPSERT_BATCH_H

#include "call/options.h"
#include "store/store.h"
#include "utils/elog.h"

/* What a door can do with its items; "arg" is the batch's. */
typedef struct BatchDoor
{
	/* Has it a key?  Those without come last, as they came. */
	bool		(*keyed) (void *arg, int item);

	/* Three-way comparison of two items that have a key. */
	int			(*compare) (void *arg, int a, int b);

	/*
	 * What the comparison begins with, so that most pairs of items need not
	 * be looked at: a value of the type first_type, or else bytes that
	 * compare like keys.  A door that has both says which by the batch.
	 */
	Datum		(*first) (void *arg, int item, bool *isnull);
	const char *(*bytes) (void *arg, int item, int *len);

	/* The key as messages show it, palloc'd; NULL where there is none. */
	char	   *(*text) (void *arg, int item);

	/*
	 * Around the items that are applied together; may be NULL.  A batch that
	 * is "apart" has begun a subtransaction, and what is open must be of it.
	 * An item is applied in the batch's item_context.
	 */
	void		(*open) (void *arg);
	void		(*apply) (void *arg, int item);
	void		(*close) (void *arg);

	/*
	 * Items of one key as one row; NULL: never.  folding() is asked when the
	 * store is open.  apply_fold() is given them as they came, keeps
	 * batch_folds() told, and answers false if they have to be applied one by
	 * one.
	 */
	StoreFolding (*folding) (void *arg);
	bool		(*apply_fold) (void *arg, const int *items, int n);

	/* Nothing waits to be written any more, please; may be NULL. */
	void		(*flush) (void *arg);

	/* The item is left out; why, or NULL for a duplicate nobody wants. */
	void		(*ignore) (void *arg, int item, const ErrorData *error);
} BatchDoor;

typedef struct Batch
{
	/* by the door; zeroes are good where nothing is said */
	const BatchDoor *door;
	void	   *arg;
	int			n;
	MemoryContext item_context; /* reset before each item is applied; NULL:
								 * the current one is used, and kept */
	bool		bytes_are_keys; /* BatchDoor.bytes are all of a key */
	Oid			first_type;		/* of BatchDoor.first, and how it is ordered */
	Oid			first_collation;
	Oid			relid;			/* where items that are left out are counted;
								 * InvalidOid: nowhere */
	bool		ignore_errors;	/* an item may fail without the others */
	UpsertDuplicates duplicates;
	const int64 *places;		/* of items in the input, from 1; NULL: as
								 * they are numbered */
	bool		single;			/* no batch to the caller: errors do not say
								 * which item it was */

	/* private */
	bool	   *left_out;		/* NULL: none is */
	int		   *order;
	int			norder;
	int			current;		/* the item at hand, or -1 */
	int			position;		/* where in the order it is, or its unit
								 * begins; -1: not said */
	int		   *progress;		/* that of the group */
	int			depth;			/* items at hand: more than one, if one is
								 * done again meanwhile */
	bool		composed;		/* it is being written, with others of its key */
	bool		apart;			/* in a subtransaction, as some are folded */
	bool		folds;			/* units that are not unfolded are one row */
	int		   *units;			/* where in the order each key begins; NULL:
								 * no key comes twice */
	bool	   *unfolded;		/* by unit: its items one by one */
	int			nunits;
} Batch;

/*
 * Calls prepare for each item, in the order of the input.  An error has the
 * item in its CONTEXT; with ignore_errors, if it may raise any, items are
 * prepared in groups under subtransactions and those that fail left out.
 */
extern void batch_prepare(Batch *b, void (*prepare) (void *arg, int item),
						  bool may_raise);

/* Leaves an item out, and tells the door. */
extern void batch_leave_out(Batch *b, int item, const ErrorData *error);

/*
 * The items that are not left out, in the order of their keys; palloc'd.  For
 * a door that has them applied elsewhere.
 */
extern int *batch_order(Batch *b, int *n);

/*
 * Puts the items in order, settles duplicates, and applies the rest.  Those of
 * one key are folded, see BatchDoor; if writing what they come to fails, they are
 * applied one by one, so that the error is that of the item at fault.  Error
 * 21000 for a key that comes twice where duplicates are to be an error (with
 * ignore_errors, the items that repeat one are left out), and what the door
 * raises, with CONTEXT 'item 2 of the batch, key "e2"'.
 */
extern void batch_run(Batch *b);

/*
 * While items are folded: this one is composed, or all are, and the row is
 * written that this one was the first to change.
 */
extern void batch_folds(Batch *b, int item, bool composed);

/*
 * For rows that wait in the door's store: store_next() is told the position.
 * waiting->again must not touch what the door resets for each item.
 */
extern int	batch_position(const Batch *b);
extern void batch_waiting(Batch *b, StoreWaiting *waiting);

#endif							/* UPSERT_BATCH_H */
