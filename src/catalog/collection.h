/*
 * collection.h
 *		A table seen as a collection of documents: which column is the key,
 *		which the document, which the revision.
 */
#ifndef UPSERT_COLLECTION_H
#define UPSERT_COLLECTION_H

#include "access/attnum.h"
#include "catalog/memo.h"
#include "nodes/bitmapset.h"
#include "utils/jsonb.h"
#include "utils/relcache.h"

/* Keys are at most this long, in bytes (as in ArangoDB). */
#define COLLECTION_MAX_KEY 254

typedef struct Collection
{
	Memo		memo;
	Oid			relid;
	char	   *name;			/* the table's (of a shard, that of the
								 * whole), as it stands in _id */
	int64		shard;			/* its id, if it is one; else 0 */
	AttrNumber	key_attno;
	AttrNumber	rev_attno;		/* InvalidAttrNumber: keeps no revisions */
	AttrNumber	doc_attno;
	Bitmapset  *columns;		/* these three */
	Bitmapset  *set_columns;	/* ... but the key's */
	Oid			key_type;		/* TEXTOID, VARCHAROID, UUIDOID, INT[248]OID */
	Oid			key_domain;		/* over key_type, or InvalidOid */
	int			key_max;		/* characters of a varchar(n); 0: no limit */
	Oid			key_collation;
	bool		key_has_default;	/* the table makes keys by itself */
	bool		edge;			/* documents need _from and _to */
	Oid			guard;			/* the trigger of catalog/guard.h; InvalidOid */
} Collection;

/*
 * Describes the table, which must exist; takes AccessShareLock to the end of
 * the transaction.  Error 42809 if it is no collection, with the reason in
 * DETAIL.  A memo: it lives as long as the memory context that is current.
 *
 * What is parsed with it, keys above all, is of the types that it tells.  Who
 * lets user code run before that is used holds the table open, or has it
 * checked when it is opened.
 */
extern const Collection *collection_resolve(Oid relid);

/*
 * Opens the table, so that this session cannot alter or drop it (55006) until
 * collection_release(), and others not before the transaction ends.
 */
extern Relation collection_hold(Oid relid);
extern void collection_release(Relation rel);

/* Has Citus its rows on several nodes (catalog/distributed.h)? */
extern bool collection_is_distributed(Oid relid);

/*
 * The table is open: is it what was described, as far as values depend on it?
 * Error 55006 if it has been altered since.
 */
extern void collection_check(const Collection *c, Relation rel);

/*
 * Describes an open table, in a zeroed struct and the current memory context;
 * false if it is no collection, and *reason says why.
 */
extern bool collection_describe(Relation rel, Collection *c, const char **reason);

/*
 * The key column's value for a key as documents and SQL write it.  False where
 * no key of this collection can look like that; *hint then tells the rule.
 */
extern bool collection_key_parse(const Collection *c, const char *key, int len,
								 Datum *result, const char **hint);

/*
 * The same for the value of a _key attribute: a string, or a number where
 * keys are integers.
 */
extern bool collection_key_parse_json(const Collection *c, const JsonbValue *v,
									  Datum *result, const char **hint);

/*
 * A key is about to become a row's: error 23514 or 23502 if it is none of the
 * column's domain, UP004 if it is longer than the column takes.
 */
extern void collection_check_new_key(const Collection *c, Datum key);

/* The key's text form, palloc'd. */
extern char *collection_key_to_string(const Collection *c, Datum key);

/* The same as a text: a key that is one, itself.  Are keys texts? */
extern Datum collection_key_to_text(const Collection *c, Datum key);
extern bool collection_keys_are_text(const Collection *c);

/*
 * A key for a document that brought none.  False if the table makes its own
 * (a column default) or, with error UP004, if nobody can.
 */
extern bool collection_generate_key(const Collection *c, Datum *key);

/* Three-way comparison of two keys in the order of the key's btree. */
extern int	collection_key_compare(const Collection *c, Datum a, Datum b);

#endif							/* UPSERT_COLLECTION_H */
