/*
 * c8ql/read.h
 *		Reading collections for statements: scans in bounded memory, single
 *		documents, counts.
 */
#ifndef C8QL_READ_H
#define C8QL_READ_H

#include "c8ql/run.h"

typedef struct Reader Reader;

/* What follows FROM table in the SELECT, and its parameters. */
typedef struct ReaderQuery
{
	const char *tail;			/* begins with a blank, if not empty */
	int			nargs;
	const Oid  *types;
	const Datum *args;			/* none is null */
} ReaderQuery;

/*
 * Scan a collection, or (query not NULL) a part of it.  Documents come as they
 * are shown, with _id, _key and _rev, if "whole"; else as they are stored.  A
 * value lives until the next reader_next().  All with the caller's privileges.
 */
extern Reader *reader_open(Run *run, Oid relid, bool whole,
						   const ReaderQuery *query);
extern bool reader_next(Reader *reader, JsonbValue *value);
extern void reader_close(Reader *reader);

/*
 * The documents that reader_next() will give without reading on, as they are
 * stored; their number, at most "most".
 */
extern int	reader_ahead(const Reader *reader, const Jsonb **docs, int most);

/* The answer to an SQL text on a collection that gives one boolean. */
extern bool reader_true(Run *run, Oid relid, const char *sql);

/* The number of documents. */
extern int64 reader_count(Run *run, Oid relid);

/*
 * The collections that create_collection() made and the caller may read, as
 * COLLECTIONS() answers them, in the current memory context.
 */
extern void reader_collections(Run *run, JsonbValue *value);

/*
 * The document with this key, as shown, in the current memory context; false
 * and null if there is none.
 */
extern bool reader_fetch(Run *run, Oid relid, const char *key, int len,
						 JsonbValue *value);

/* Several at once; keys that differ in their spelling only are not found. */
extern void reader_fetch_keys(Run *run, Oid relid, int count,
							  const char *const *keys, JsonbValue *values);

/* The same by "collection/key". */
extern bool reader_fetch_id(Run *run, const char *id, int len,
							JsonbValue *value);

/* Make reads of this run see what they should; undo it. */
extern void reader_push_snapshot(Run *run);
extern void reader_pop_snapshot(void);

#endif							/* C8QL_READ_H */
