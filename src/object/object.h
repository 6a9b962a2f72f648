/*
 * object.h
 *		One object, upserted into a table.
 *
 *		ObjectStore *os = object_store_begin(relid, &selector, &options);
 *		r = object_request_make(os, object);	for each
 *		object_store_open(os);
 *		object_request_apply(os, r, &answer);	for each
 *		object_store_close(os);
 *		object_store_end(os);
 */
#ifndef UPSERT_OBJECT_H
#define UPSERT_OBJECT_H

#include "object/table.h"
#include "store/store.h"

/*
 * What one object asks for.  It keeps the key only; the attributes are taken
 * again when the row is at hand (object_impl.h), so that a large batch does
 * not hold them all.
 */
typedef struct ObjectRequest
{
	JsonbContainer *object;
	List	   *filled;			/* with "any": the criteria that it fills */
	bool		has_key;		/* false: it is new, whatever is there */
	const Criteria *criteria;	/* that key belongs to */
	Datum	   *key;			/* by the position in the criteria */
	bool	   *key_isnull;
} ObjectRequest;

typedef struct ObjectStore ObjectStore;

/*
 * Resolves table and criteria; nothing is written yet.  Errors: those of
 * object_table_open() and criteria_by_*(), 22023 for options that objects
 * cannot have.
 */
extern ObjectStore *object_store_begin(Oid relid,
									   const CriteriaSelector *selector,
									   const UpsertOptions *options);
extern void object_store_end(ObjectStore *os);

/*
 * Takes an object apart, and converts what the criteria need of it.  It must
 * live as long as the request.  Errors: UP006 no object, 42703 unknown
 * attribute, UP005 criteria incomplete, and those of type input.
 */
extern ObjectRequest *object_request_make(ObjectStore *os, JsonbContainer *object);

/* Three-way comparison of the keys of two requests that have one. */
extern int	object_requests_compare(ObjectStore *os, const ObjectRequest *a,
									const ObjectRequest *b);

/* What it begins with; left as it is where there is no order of values. */
extern void object_store_order(ObjectStore *os, Oid *type, Oid *collation);

/* The column whose value an error interrupted the making of, or NULL. */
extern const char *object_store_converting(ObjectStore *os);

/* The key as answers show it; NULL if there is none. */
extern char *object_request_key(ObjectStore *os, const ObjectRequest *r);

/*
 * Opens the table for writing what the requests give; closes it.  With "any"
 * nothing is opened here: each request opens it by the keys that it fills.
 */
extern void object_store_open(ObjectStore *os);
extern void object_store_close(ObjectStore *os);

/*
 * For a batch, whose rows may wait where the table allows it; the next request
 * is this item; no row waits any more.  See StoreWaiting.
 */
extern void object_store_waits(ObjectStore *os, const StoreWaiting *waiting);
extern void object_store_next(ObjectStore *os, int item);
extern void object_store_flush(ObjectStore *os);

/*
 * May requests of one key be one row?  Not where that is not one by an index, or
 * where a policy applies, or a type's own functions run for a value.  Asked when the table is open.
 */
extern StoreFolding object_store_folding(ObjectStore *os);

/*
 * Requests of one key that are to be one row: "composes" gives each, before its
 * turn, and may be asked again from the first on; "composed" gives the place for
 * its answer; "written" as in StoreFold.
 */
typedef struct ObjectFold
{
	int			n;
	ObjectRequest *(*composes) (void *arg, int i);
	Answer	   *(*composed) (void *arg, int i);
	void		(*written) (void *arg, int first);
	void	   *arg;
} ObjectFold;

/* Applies them; false if it has to be one by one, and nothing is written. */
extern bool object_requests_fold(ObjectStore *os, const ObjectFold *fold,
								 MemoryContext context);

/*
 * For a batch whose items are done in several transactions: puts another open
 * table, or none, in the place of the one that is open.
 */
extern Store *object_store_swap(ObjectStore *os, Store *store);

/*
 * Applies the request and builds the answer in the context given.  Errors:
 * UP001 to UP003 by ifRev and ignoreRevs, 21000 more than one match, 428C9 a
 * generated column given another value, and whatever INSERT or UPDATE raise.
 */
extern void object_request_apply(ObjectStore *os, ObjectRequest *r,
								 MemoryContext context, Answer *answer);

#endif							/* UPSERT_OBJECT_H */
