/*
 * by.h
 *		Documents that are found by attributes instead of their key: "by".
 */
#ifndef UPSERT_BY_H
#define UPSERT_BY_H

#include "call/condition.h"
#include "catalog/collection.h"

typedef struct DocumentBy
{
	const Collection *collection;
	List	   *attributes;		/* names (char *) */

	/* a unique index on columns that stand for just these, in their order */
	Oid			index;			/* InvalidOid: there is none */
	AttrNumber *columns;

	bool		all_locked;		/* by by_lock_all() */
} DocumentBy;

/* In the current memory context; the collection's table is held. */
extern DocumentBy *by_open(const Collection *c, Relation rel, List *attributes);

/*
 * The values of the attributes, an array; NULL, and UP005 why, if one is
 * missing or null.
 */
extern Jsonb *by_values(const DocumentBy *by, const Jsonb *doc, Refusal *why);

/* Three-way comparison of two such arrays; 0 is the index's equality, too. */
extern int	by_compare(const Jsonb *a, const Jsonb *b);

/* The values as those of the index's columns. */
extern void by_columns(const DocumentBy *by, const Jsonb *values, Datum *columns);

/* Has the stored document these values? */
extern bool by_matches(const DocumentBy *by, const Jsonb *doc, const Jsonb *values);

/*
 * The key of the document that has these values, as the caller may SELECT it;
 * "latest" looks past the transaction's snapshot.  Error 21000 if there are
 * several.
 */
extern bool by_find(const DocumentBy *by, const Jsonb *values, bool latest,
					Datum *key);

/*
 * Takes the lock on this search, the same that C8QL takes; or on all
 * searches of the collection, for who would lock very many.
 */
extern void by_lock(const DocumentBy *by, const Jsonb *values);
extern void by_lock_all(DocumentBy *by);

#endif							/* UPSERT_BY_H */
