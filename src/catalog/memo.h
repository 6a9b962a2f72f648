/*
 * memo.h
 *		What is made of a relation, and kept until the relation changes.
 */
#ifndef UPSERT_MEMO_H
#define UPSERT_MEMO_H

#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/palloc.h"
#include "utils/relcache.h"

/* Stands first in what is kept. */
typedef struct Memo
{
	MemoryContext context;		/* of all of it */
	bool		stale;			/* not for another call */
	bool		of_all;			/* any relation's change concerns it */
	List	   *indexes;		/* OIDs of the relation's */
} Memo;

/* One cache: static, with name, size and make set. */
typedef struct MemoCache
{
	const char *name;
	Size		size;			/* of what is kept */

	/*
	 * Fills in the rest of a zeroed one, in its context, which is current.
	 * May raise errors; then nothing is kept.
	 */
	void		(*make) (Memo *memo, Relation rel);
	HTAB	   *entries;
} MemoCache;

/*
 * What is kept of an open relation, made if need be.  It lives to the end of
 * the transaction at least, even if the relation changes meanwhile.
 */
extern Memo *memo_of(MemoCache *cache, Relation rel);

#endif							/* UPSERT_MEMO_H */
