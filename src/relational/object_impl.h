/*
 * object_impl.h
 *		What object.c, request.c and any.c share; nobody else includes it.
 */
#ifndef UPSERT_OBJECT_IMPL_H
#define UPSERT_OBJECT_IMPL_H

#include "relational/object.h"

struct ObjectStore
{
	ObjectTable *table;
	Criteria   *criteria;		/* with "any": the ones being tried */
	List	   *any;			/* "any": the usable unique keys; else NIL */
	const Bitmapset *columns;	/* that may be written */
	struct TypeCacheEntry *key_types[INDEX_MAX_KEYS];	/* to compare keys */
	const UpsertOptions *options;
	AttrNumber	version_attno;	/* of versionAttribute */
	Store	   *store;			/* NULL: not open */
};

/* What the store's callback is told. */
typedef struct ObjectApply
{
	ObjectStore *os;
	ObjectRequest *r;

	/* with "any": what was found before, and whether it still is so */
	bool		expect;
	bool		expect_row;
	bool		changed;
} ObjectApply;

/* Opens the store for os->criteria; closes it. */
extern void object_open_by_key(ObjectStore *os, bool preview);
extern void object_close_by_key(ObjectStore *os);

/* Applies the request by os->criteria on the open store. */
extern void object_apply_by_key(ObjectApply *a, MemoryContext context,
								Answer *answer);

/* The same by whichever unique keys the object fills. */
extern void object_apply_by_any(ObjectStore *os, ObjectRequest *r,
								MemoryContext context, Answer *answer);

/* Makes c the criteria, and its values the key.  Error UP005. */
extern void object_use_criteria(ObjectStore *os, ObjectRequest *r, Criteria *c);

/* Converts a value that is not converted yet. */
extern void object_make_value(ObjectStore *os, ObjectRequest *r, int i);

/* Where in the request an attribute is; -1: not there. */
extern int	object_find_given(const ObjectRequest *r, AttrNumber attno);

/* A key as answers show it: text, or a JSON array of several. */
extern char *object_key_text(ObjectStore *os, const Criteria *c,
							 const Datum *key, const bool *isnull);

#endif							/* UPSERT_OBJECT_IMPL_H */
