/*
 * store.h
 *		The seam between those who know what a row means and those who know
 *		how to write one safely.
 *
 * A caller opens a Store on a table, names the columns that make up the key,
 * and hands over one key at a time together with a "compose" callback.  The
 * store finds the row, shows it to the callback, and applies the verdict; if
 * another session got in between, it starts over with the row that won, so
 * the callback may run several times for one item: for the same row it must
 * come to the same, and what it notes down it must overwrite.  It may lock
 * rows that everybody locks in the same order (the clock of a repository),
 * run user code, and have stores of its own, closed before it returns.
 *
 *		Store *s = store_open(&target);
 *		for each item
 *			outcome = store_apply(s, key, compose, arg);
 *			... store_old(s), store_new(s) ...
 *		store_close(s);
 */
#ifndef UPSERT_STORE_H
#define UPSERT_STORE_H

#include "access/attnum.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "pg_config_manual.h"

#include "store/level.h"

struct RelationData;
struct TriggerDesc;

typedef struct Store Store;

/*
 * For who applies many items in the order of their keys, and looks at the table
 * in no other way before store_flush(): rows that are new may wait, to be
 * inserted together.  An item whose row waits is answered as inserted.
 */
typedef struct StoreWaiting
{
	void	   *arg;

	/* The row of this item is written now; -1: the one at hand, again. */
	void		(*writes) (void *arg, int item);

	/*
	 * Somebody was faster: apply the item again, its answer was not true.
	 * What the item at hand has in memory must survive that.
	 */
	void		(*again) (void *arg, int item);

	/*
	 * An error undoes everything since the store was opened, and the item
	 * that "writes" was told last will then be applied alone.
	 */
	bool		undone;

	/* No item has a key: what is there already is an error in any case. */
	bool		fresh;
} StoreWaiting;

/* What to open. */
typedef struct StoreTarget
{
	Oid			relid;
	int			nkeys;			/* columns that identify a row */
	AttrNumber	keys[INDEX_MAX_KEYS];

	/*
	 * The unique index that arbitrates, where the caller knows it must be
	 * that one (partial or expression indexes); InvalidOid: any unique index
	 * on exactly the key columns, and a search lock where there is none.
	 */
	Oid			arbiter;
	Bitmapset  *read_columns;	/* attribute numbers that the caller looks at,
								 * keys included; others may read as NULL */
	Bitmapset  *insert_columns; /* ... that compose may set for a new row */
	Bitmapset  *update_columns; /* ... when there is an old row */
	bool		preview;		/* compose and answer, but lock and write
								 * nothing */
	struct SnapshotData *snapshot;	/* that a preview looks with; NULL: one of
									 * its own */
	bool		exclusive;		/* keep other writers out until commit */
	bool		ascending;		/* keys come in order, mostly, and that a row
								 * is absent leads to nothing but its
								 * insertion */
	const StoreWaiting *waiting;	/* NULL: no row may wait; kept, not copied */
	Oid			spared_trigger; /* a BEFORE UPDATE row trigger that would do
								 * nothing: the caller does its work;
								 * InvalidOid: none */
	StoreLevel *level;			/* shared with other stores that are open at
								 * the same time; NULL: one of its own */
} StoreTarget;

/*
 * The row under construction, by attribute number - 1.  On the insert path
 * nothing is set and what stays so takes its default; on the update path
 * what is not set keeps its old value.
 */
typedef struct StoreRow
{
	Datum	   *values;
	bool	   *isnull;
	bool	   *set;
} StoreRow;

/* Sets a column of the row under construction. */
static inline void
store_row_set(StoreRow *row, AttrNumber attno, Datum value, bool isnull)
{
	row->values[attno - 1] = value;
	row->isnull[attno - 1] = isnull;
	row->set[attno - 1] = true;
}

typedef enum StoreVerdict
{
	STORE_WRITE,				/* insert or update with the composed row */
	STORE_KEEP,					/* nothing would change: write nothing */
	STORE_SKIP,					/* the caller's own reason not to write */
	STORE_PASS,					/* the same, but the item is not done: it is
								 * not the row that is meant */
	STORE_REMOVE				/* delete the old row */
} StoreVerdict;

typedef enum StoreOutcome
{
	STORE_INSERTED,
	STORE_UPDATED,
	STORE_UNCHANGED,
	STORE_SKIPPED,
	STORE_DELETED
} StoreOutcome;

/*
 * Composes the row for one item.  "old" is the stored row, or NULL where
 * there is none.  Runs in the store's per-item memory context; whatever it
 * allocates there lives until the next store_apply().
 */
typedef StoreVerdict (*StoreCompose) (void *arg, TupleTableSlot *old, StoreRow *row);

/* Registers upsert.direct. */
extern void store_init(void);

/*
 * To be called when the module is loaded: this C function of the extension
 * looks at nothing but its arguments, so rows may wait in tables that have it in
 * a generated column, an index or a constraint.
 */
extern void store_plain_function(PGFunction function);

/*
 * Opens the table for upserts: takes RowExclusiveLock (ShareRowExclusiveLock
 * if exclusive, AccessShareLock for a preview or a user who may write
 * nothing), which is kept to the end of the transaction, refuses read-only
 * transactions, parallel mode, recovery and system catalogs, and chooses the
 * implementation.  Privileges are checked when a path is first taken, that to
 * be exclusive, as LOCK TABLE asks for it, before the lock (42501).  The
 * result lives in a context of its own below CurrentMemoryContext.  Stores
 * nest: close them in reverse order, unless they share a level.
 */
extern Store *store_open(const StoreTarget *target);

/*
 * Would rows of this open table be written directly, and not through SQL?  As
 * things are now: by the setting, the user and the table.
 */
extern bool store_is_direct(struct RelationData *rel, const StoreTarget *target);

/* Is it wanted at all (upsert.direct)? */
extern bool store_wants_direct(void);

/*
 * For who has the rows of an open table written elsewhere: refuses as
 * store_open() does, and takes its lock, which is kept to the end of the
 * transaction.
 */
extern void store_enter(struct RelationData *rel, bool preview);

/*
 * Upserts the row with this key (nkeys values of the key columns' types,
 * none NULL unless nulls is given).  key == NULL: the row is known to be new
 * (its key comes from a generator), so nothing is looked up, and a duplicate
 * is error 23505.
 *
 * Errors: what the equivalent INSERT or UPDATE raises; 40001 under REPEATABLE
 * READ and above where INSERT ... ON CONFLICT would.
 */
extern StoreOutcome store_apply(Store *s, const Datum *key, const bool *nulls,
								StoreCompose compose, void *arg);

/* The next store_apply() is for this item (>= 0), as StoreWaiting knows it. */
extern void store_next(Store *s, int item);

/*
 * Writes the rows that wait; other ways of looking at the table show them then.
 * Errors: what store_apply() raises.
 */
extern void store_flush(Store *s);

/*
 * Subtransactions that this transaction has taken for rows that waited.  There
 * are only so many: who applies batch after batch had better make them larger.
 */
extern int	store_subtransactions(void);

/*
 * The rows of the last store_apply(): valid until the next one.  store_old()
 * is NULL when there was no row; store_new() is the row as stored (after
 * triggers, defaults and generated columns) and NULL unless one was written
 * or, in a preview, would have been.
 */
extern TupleTableSlot *store_old(Store *s);
extern TupleTableSlot *store_new(Store *s);

/*
 * True if the row at hand is not the key's: a BEFORE INSERT trigger has given
 * the item another key, and that one's row exists.
 */
extern bool store_key_moved(Store *s);

/* The open table. */
extern struct RelationData *store_relation(Store *s);

/* May several writes of one row be made one? */
typedef enum StoreFolding
{
	STORE_FOLDS_NOT,			/* each of them shows: a row trigger that is
								 * no foreign key's, a rule, no table of ours */
	STORE_FOLDS,				/* nothing in the row but its key can be
								 * refused */
	STORE_FOLDS_RISKY			/* a constraint may refuse the one that is
								 * written */
} StoreFolding;

extern StoreFolding store_folding(Store *s);

/*
 * Items of one key that are to be one row.  "composes" is told before each
 * item's turn, gives the argument of its compose, and may be asked again from
 * the first on; "composed" is told what became of the item, and shown the row
 * before it and after, NULL where there is none; "written" that what follows is
 * the writing of them all, and which was the first to change something.
 */
typedef struct StoreFold
{
	int			n;
	StoreCompose compose;
	void	   *(*composes) (void *arg, int i);
	void		(*composed) (void *arg, int i, StoreOutcome outcome,
							 TupleTableSlot *old, TupleTableSlot *new);
	void		(*written) (void *arg, int first);
	void	   *arg;
} StoreFold;

/*
 * Upserts the row with this key as store_apply() would for each of the items,
 * with a single write.  False if they are to be applied one by one, since a row
 * in between is not known before it is written, or would be refused, or the
 * table did not take the last: then nothing has been written.  Only where
 * store_folding() allows it, and compose does nothing but STORE_WRITE,
 * STORE_KEEP and STORE_SKIP.
 */
extern bool store_apply_fold(Store *s, const Datum *key, const bool *nulls,
							 const StoreFold *fold);

/*
 * For upsert_stats: so many items share the row version of the last
 * store_apply(); and somebody else was faster with what the caller had found.
 */
extern void store_count_folded(Store *s, int n);
extern void store_count_conflict(Store *s);

/*
 * Could one tell the order in which rows with different keys were written: by
 * other triggers than foreign keys' (but the one to be spared), a rule, a
 * policy, a unique index or an exclusion that is not on the key?  So it is where
 * the table is no plain one.
 */
extern bool store_order_shows(Oid relid, AttrNumber key, Oid spared_trigger);

/* Has it constraints that are checked when its level ends, as foreign keys are? */
extern bool store_checks_later(Store *s);

/* Has the table triggers that fire once for a statement, that is a store? */
extern bool store_fires_by_statement(Store *s);

/*
 * Queues AFTER STATEMENT triggers and, where the level is its own, fires all
 * AFTER triggers and immediate constraint checks; frees.
 */
extern void store_close(Store *s);

#endif							/* UPSERT_STORE_H */
