/*
 * querysort.h
 *		The rows of a query, each one jsonb, in the order of a key that is
 *		taken from them: for calls that read what they write from a query, and
 *		must lock in one order.
 *
 *		QuerySort *qs = query_sort(query, type, collation, key, arg);
 *		while (query_sort_next(qs, &row)) ...
 *		query_sort_end(qs);
 */
#ifndef UPSERT_QUERYSORT_H
#define UPSERT_QUERYSORT_H

#include "utils/jsonb.h"

typedef struct QuerySort QuerySort;

/* The key of a row; false if it has none, and is to come last. */
typedef bool (*QueryKey) (void *arg, Jsonb *doc, Datum *key);

/* Which of several groups, each to be in order by itself, a key belongs to. */
typedef int (*QueryGroup) (void *arg, Datum key);

/* Valid until the next one */
typedef struct QueryRow
{
	Jsonb	   *doc;
	int64		place;			/* in the query, from 1 */
	bool		has_key;
	Datum		key;
} QueryRow;

/*
 * Runs a query with the caller's rights to its end and sorts its rows, on disk
 * if there are many; rows with one key stay as they came.  group: NULL, there
 * is one.  Errors: what the
 * query raises; 34000 it returns no rows, 42804 not one column of type jsonb,
 * json or text, 22P02 a text that is no JSON, 22004 a null among them.
 */
extern QuerySort *query_sort(const char *query, Oid key_type, Oid key_collation,
							 QueryKey key, QueryGroup group, void *arg);

/*
 * For who may run the query again, and would miss what it deleted.  Errors: 34000
 * if it writes, and 34000 and 42804 as above.
 */
extern void query_must_read(const char *query);

/* The next row; false at the end. */
extern bool query_sort_next(QuerySort *qs, QueryRow *row);

extern void query_sort_end(QuerySort *qs);

#endif							/* UPSERT_QUERYSORT_H */
