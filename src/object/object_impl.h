/*
 * object_impl.h
 *		What object.c, request.c and any.c share; nobody else includes it.
 */
#ifndef UPSERT_OBJECT_IMPL_H
#define UPSERT_OBJECT_IMPL_H

#include "object/object.h"
#include "store/candidate.h"

/* What the object at hand says of one column. */
typedef struct GivenColumn
{
	bool		given;
	bool		made;			/* value and isnull are there */
	bool		isnull;
	Datum		value;
	JsonbValue	json;			/* pointing into the object */
} GivenColumn;

struct ObjectStore
{
	ObjectTable *table;
	const Criteria *criteria;	/* with "any": the ones being tried */
	List	   *any;			/* "any": the usable unique keys; else NIL */
	Bitmapset  *columns;		/* that any object so far gives */
	struct TypeCacheEntry *key_types[INDEX_MAX_KEYS];	/* to compare keys */
	FmgrInfo	key_comparisons[INDEX_MAX_KEYS];

	const StoreWaiting *waiting;	/* of the batch; NULL: rows do not wait */

	/* the object at hand, by object_take() */
	const ObjectRequest *taken;
	GivenColumn *columns_given; /* by attribute number - 1 */
	AttrNumber *attnos;			/* those that are given, in its order */
	Candidate  *candidate;		/* the row it would insert; NULL: not asked */
	int			n;
	char	   *rev;			/* its _rev, where revisions count; or NULL */
	const UpsertOptions *options;
	AttrNumber	version_attno;	/* of versionAttribute */
	struct SnapshotData *look;	/* that "any" looks with */
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
extern void object_use_criteria(ObjectStore *os, ObjectRequest *r,
								const Criteria *c);

/*
 * Makes the request's object the one at hand: takes it apart, and converts
 * all that it gives, in the current memory context; the key stands already.
 */
extern void object_take(ObjectStore *os, const ObjectRequest *r);

/* ----------
 * merge.c
 * ----------
 */

/* Are jsonb columns merged? */
extern bool object_merges_jsonb(const UpsertOptions *o);

/* Does what the column gets depend on what is stored? */
extern bool object_merges_column(ObjectStore *os, AttrNumber attno);

/*
 * What the column gets by the object at hand, which gives it, where this is
 * stored; in a new row, NULL.  In the current memory context, or shared.
 */
extern Datum object_new_value(ObjectStore *os, AttrNumber attno, Datum stored,
							  bool stored_isnull, bool *isnull);

/* ----------
 * request.c
 * ----------
 */

/* The row that the object at hand would insert. */
extern Candidate *object_candidate(ObjectStore *os);

/* What the object at hand says of a column. */
static inline GivenColumn *
object_given(ObjectStore *os, AttrNumber attno)
{
	return &os->columns_given[attno - 1];
}

/* A key as answers show it: text, or a JSON array of several. */
extern char *object_key_text(ObjectStore *os, const Criteria *c,
							 const Datum *key, const bool *isnull);

#endif							/* UPSERT_OBJECT_IMPL_H */
