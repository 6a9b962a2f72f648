/*
 * c8ql/search.h
 *		What UPSERT looks for, and how it is found.
 */
#ifndef C8QL_SEARCH_H
#define C8QL_SEARCH_H

#include "c8ql/run.h"

typedef struct Search Search;

/*
 * The search expression of an UPSERT on a collection: an object literal, an
 * EXPR_FILTER over CURRENT, or any other expression, whose value must be an
 * object then.
 */
extern Search *search_plan(ExprCompiler *compiler, const ExprNode *node,
						   const Collection *collection);

/* The value of its first attribute, compiled. */
extern ExprCode *search_expression(const Search *search);

/*
 * Compute what is looked for, for this row, in the current memory context,
 * where it must stay until the row is done.  Error 1501 if it is no object; a
 * WARNING, once, if it names _rev, which belongs into the update.
 */
extern void search_evaluate(Search *search, Run *run);

/* Has it given that warning? */
extern bool search_has_warned(const Search *search);

typedef enum SearchKey
{
	SEARCH_KEY_NONE,			/* the search does not name a key */
	SEARCH_KEY_ONE,				/* it names one */
	SEARCH_KEY_IMPOSSIBLE		/* ... that no document can have */
} SearchKey;

/* The key that the search names by _key or _id. */
extern SearchKey search_key(const Search *search, Datum *key);

/*
 * Look for the match with the least key; sees this transaction's own writes.
 * "latest" looks past the transaction's snapshot.  With "single", more than
 * one match is error 21000.
 */
extern bool search_find(Search *search, Run *run, bool latest, bool single,
						Datum *key);

/* Does this document (as stored) match? */
extern bool search_matches(Search *search, Run *run, const Jsonb *doc,
						   const char *key, const char *rev);

/*
 * A document was found that does not match when it is locked: from now on, for
 * this row, check each find before it is given out.
 */
extern void search_distrust(Search *search);

/* Take the lock on this search; see store/searchlock.h. */
extern void search_arbitrate(Search *search);

/* How it will be looked up, in words.  bind: NULL, or the parameters' values. */
extern char *search_explain(Search *search, const Jsonb *bind);

#endif							/* C8QL_SEARCH_H */
