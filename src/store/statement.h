/*
 * statement.h
 *		The SQL statements of a store that goes through SQL.  Private to spi.c and spi_find.c.
 */
#ifndef UPSERT_STATEMENT_H
#define UPSERT_STATEMENT_H

#include "executor/spi.h"
#include "storage/itemptr.h"
#include "store/store_impl.h"

/* What an INSERT does about a row that is in its way. */
typedef enum InsertKind
{
	INSERT_PLAIN,				/* 23505 */
	INSERT_UNLESS_ANY,			/* nothing, whatever unique index finds it */
	INSERT_UNLESS_KEY,			/* nothing, if it has the same key */
	INSERT_OR_NOTE				/* the same, and notes the key; see keynote.h */
} InsertKind;

/* A prepared statement that goes when the store's memory goes. */
typedef struct Statement
{
	SPIPlanPtr	plan;
	Bitmapset  *columns;		/* that it sets */
	Bitmapset  *null_keys;		/* positions of the keys that it has as NULL */
	InsertKind	kind;
	MemoryContextCallback callback;
} Statement;

typedef struct SpiState
{
	char	   *schema;			/* the table's name, as statements have it */
	char	   *relname;
	char	   *name;			/* both, quoted */
	bool		lockable;		/* has rows with a ctid that we can lock */
	bool		local;			/* ... and they lie in this server's tables */
	bool		copied;			/* Citus writes to several copies of a row,
								 * which have the key in common, and no ctid */
	const struct Distribution *distribution;	/* NULL: by no engine
												 * elsewhere */
	AttrNumber	place;			/* no key, but it says on which shard a row
								 * is; or InvalidAttrNumber */
	bool		returning;		/* statements can say what they wrote */
	bool		any_key;		/* all unique indexes can arbitrate */
	const char *conflict_target;	/* NULL: no arbiter */
	const char *touchable;		/* column for INSERT_OR_NOTE; NULL: none */

	Statement	find;
	Statement	lock;
	Statement	insert;
	Statement	update;
	Statement	remove;

	/* the row as it was when it was locked: what compose saw stays in s->old */
	TupleTableSlot *locked;

	/* of the row that was found or locked last */
	ItemPointerData ctid;
	Oid			tableoid;
	char	   *image;			/* the row as text, where rows cannot be
								 * locked */
} SpiState;

/*
 * To be asked before a statement is prepared or run, as user code can have
 * renamed the table or its columns, which it cannot otherwise change while it
 * is open: error 55006 if they are not to be found by these names any more.
 */
extern void statement_check_names(Store *s);

/* Is column i one that statements read? */
extern bool statement_reads(Store *s, int i);

/*
 * Prepare statements, unless the last of the kind will do.  Each fills values
 * and nulls, which have room for statement_max_params(), and returns how many
 * there are; the SELECTs take the key as it is.
 *
 * A SELECT finds two rows at most, and yields ctid and tableoid after the
 * columns, or the row's image where rows are not lockable.  One that locks
 * takes the value of the column "place" of s->old behind the key.  UPDATE and DELETE
 * are of the row in s->old, as long as it is that version; where rows are copied
 * it must have been locked.
 */
extern void statement_find(Store *s, const bool *nulls);
extern void statement_lock(Store *s, const bool *nulls);
extern int	statement_insert(Store *s, InsertKind kind, Datum *values, bool *nulls);
extern int	statement_update(Store *s, Datum *values, bool *nulls);
extern int	statement_remove(Store *s, Datum *values, bool *nulls);
extern int	statement_max_params(Store *s);

#endif							/* UPSERT_STATEMENT_H */
