/*
 * object.h
 *		One object, upserted into a table.
 *
 *		ObjectStore *os = object_store_begin(relid, &selector, &options);
 *		r = object_request_make(os, object);	for each
 *		object_store_open(os, columns);
 *		object_request_apply(os, r, &answer);	for each
 *		object_store_close(os);
 *		object_store_end(os);
 */
#ifndef UPSERT_OBJECT_H
#define UPSERT_OBJECT_H

#include "relational/relational.h"

/* How the caller names the criteria: columns, or else a name or NULL. */
typedef struct CriteriaSelector
{
	const char *name;
	ArrayType  *columns;
} CriteriaSelector;

/* What one object asks for. */
typedef struct ObjectRequest
{
	Jsonb	   *object;
	int			n;				/* attributes given */
	AttrNumber *attnos;
	JsonbValue *json;			/* pointing into object */
	Datum	   *values;
	bool	   *isnull;
	bool	   *made;			/* converted for good: it is in the key */

	List	   *filled;			/* with "any": the criteria that it fills */
	bool		has_key;		/* false: it is new, whatever is there */
	const Criteria *criteria;	/* that key belongs to */
	Datum		key[INDEX_MAX_KEYS];
	bool		key_isnull[INDEX_MAX_KEYS];
	char	   *rev;			/* its _rev, where revisions count; or NULL */
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
extern ObjectRequest *object_request_make(ObjectStore *os, Jsonb *object);

/* Adds the attribute numbers of what it gives. */
extern Bitmapset *object_request_columns(const ObjectRequest *r, Bitmapset *columns);

/* Order and equality by key; those without one come last and equal nothing. */
extern int	object_request_compare(ObjectStore *os, const ObjectRequest *a,
								   const ObjectRequest *b);

/* The key as answers show it; NULL if there is none. */
extern char *object_request_key(ObjectStore *os, const ObjectRequest *r);

/* Opens the table for writing at most these columns; closes it. */
extern void object_store_open(ObjectStore *os, const Bitmapset *columns);
extern void object_store_close(ObjectStore *os);

/*
 * Applies the request and builds the answer in the context given.  Errors:
 * UP001 to UP003 by ifRev and ignoreRevs, 21000 more than one match, 428C9 a
 * generated column given another value, and whatever INSERT or UPDATE raise.
 */
extern void object_request_apply(ObjectStore *os, ObjectRequest *r,
								 MemoryContext context, Answer *answer);

#endif							/* UPSERT_OBJECT_H */
