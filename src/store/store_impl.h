/*
 * store_impl.h
 *		What the files of the store share; nobody else includes it.
 */
#ifndef UPSERT_STORE_IMPL_H
#define UPSERT_STORE_IMPL_H

#include "compat.h"
#include "store/count.h"
#include "store/store.h"
#include "utils/acl.h"
#include "utils/rel.h"

typedef struct Preview Preview;
struct EState;
typedef struct Virtuals Virtuals;

/* One implementation of the seam. */
typedef struct StoreMethods
{
	void		(*open) (Store *s, List *arbiters);
	StoreOutcome (*apply) (Store *s, const Datum *key, const bool *nulls,
						   StoreCompose compose, void *arg);
	void		(*flush) (Store *s);	/* NULL: nothing ever waits */
	void		(*close) (Store *s);
} StoreMethods;

struct Store
{
	const StoreMethods *methods;
	StoreTarget target;
	Relation	rel;
	LOCKMODE	lockmode;		/* that it is open with */
	AclMode		granted;		/* on the whole table, when it was opened */
	Oid			grantee;
	TupleDesc	tupdesc;
	MemoryContext context;		/* lives as long as the store */
	MemoryContext item_context; /* reset before each item */
	int			item;			/* of the next store_apply(), or -1 */
	bool		again;			/* it has been counted before */

	StoreRow	row;			/* what compose fills */
	bool		key_moved;		/* a trigger has given the item another key */
	TupleTableSlot *old;		/* stored row, empty if there is none */
	TupleTableSlot *new;		/* row as written, empty if none was */

	CountTarget *count;			/* NULL: a preview, which counts nothing */
	Counted		road;			/* the first count of items of this store */
	bool		unanswered;		/* compose said STORE_PASS */

	StoreLevel *level;			/* of direct.c: at which it writes */
	Preview    *preview;		/* of preview.c, made when it is needed */
	TupleTableSlot *folded[2];	/* of folding.c: rows in between */
	Virtuals   *virtuals;		/* of virtual.c, the same */
	void	   *impl;			/* DirectState or SpiState */
};

extern const StoreMethods store_direct_methods;
extern const StoreMethods store_spi_methods;

/*
 * True if direct.c can take the table as it is now: a plain heap with an
 * arbiter that it understands.  Fills *arbiters with the OIDs of all unique
 * indexes on exactly the key columns.
 */
extern bool store_direct_eligible(Relation rel, const StoreTarget *target,
								  List **arbiters);

/* Has the table a BEFORE UPDATE row trigger, but for the one to be spared? */
extern bool store_updates_fire(const struct TriggerDesc *triggers,
							   const StoreTarget *target);

/* Has the table a row trigger that is no foreign key's, and not spared? */
extern bool store_rows_fire(Store *s);

/* Empties s->row and hands it, with the old row, to compose. */
extern StoreVerdict store_compose(Store *s, TupleTableSlot *old,
								  StoreCompose compose, void *arg);

/* Are two keys the same by image?  NULL nulls: none is. */
extern bool store_same_key(Store *s, const Datum *a, const bool *a_nulls,
						   const Datum *b, const bool *b_nulls);

/*
 * Has this transaction made the row in the slot, of a table of this server?
 * Where the level keeps its snapshot, a unique key is seen twice if another has
 * deleted its row since and we have inserted it anew: ours is the one to take.
 */
extern bool store_row_is_own(TupleTableSlot *slot);

/* A new row's value for this column: error 428C9 if only the table gives it. */
extern void store_check_identity(Form_pg_attribute att);

/* Registers the callbacks of level.c. */
extern void store_level_init(void);

/* Registers the callback of pending.c. */
extern void store_pending_init(void);

/* Error if another level has been begun inside of this one, and is open. */
extern void store_level_check(const StoreLevel *level);

/*
 * Ends a level of one store, which is still open: triggers find its table in
 * "estate"; NULL: they look for their tables themselves.
 */
extern void store_level_finish(StoreLevel *level, struct EState *estate);

/* A table with triggers writes at it. */
extern void store_level_fires(StoreLevel *level);

/* Raises 27000: our own callback, or a trigger, has changed the row at hand. */
pg_noreturn extern void store_self_modified(void);

/* Raises 40001 in PostgreSQL's own words. */
pg_noreturn extern void store_serialization_failure(void);

#endif							/* UPSERT_STORE_IMPL_H */
