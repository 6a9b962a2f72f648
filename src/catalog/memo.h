/*
 * memo.h
 *		What is made of a relation, and kept until the relation changes.
 */
#ifndef UPSERT_MEMO_H
#define UPSERT_MEMO_H

#include "lib/ilist.h"
#include "nodes/pg_list.h"
#include "utils/palloc.h"
#include "utils/relcache.h"

typedef struct MemoCache MemoCache;
typedef struct MemoLink MemoLink;

/* Stands first in what is kept. */
typedef struct Memo
{
	MemoryContext context;		/* of all of it */
	Oid			relid;
	List	   *indexes;		/* OIDs of the relation's */
	bool		of_all;			/* any relation's change concerns it */

	/* private to memo.c */
	MemoCache  *cache;
	uint64		as_of;			/* reports of the relation cache */
	bool		stale;
	bool		kept;			/* in the backend's memos */
	int			pins;
	int			nlinks;
	MemoLink   *links;
	dlist_node	by_use;
} Memo;

/* One kind of memo: static. */
struct MemoCache
{
	const char *name;
	Size		size;			/* of what is kept */

	/*
	 * Fills in the rest of a zeroed one, in its context, which is current.
	 * May raise errors; then nothing is kept.
	 */
	void		(*make) (Memo *memo, Relation rel);

	/* private to memo.c */
	Memo	   *last;			/* asked for; NULL, or in the backend's memos */
};

/*
 * What is kept of an open relation, made if need be.  It lives as long as the
 * memory context that is current, even if the relation changes meanwhile.
 */
extern Memo *memo_of(MemoCache *cache, Relation rel);

/* Would memo_of() still give this one, as far as has been reported? */
extern bool memo_is_current(const Memo *memo);

/* The next one who asks gets another; who has it goes on with it. */
extern void memo_forget(Memo *memo);

/*
 * Calls back at each change that the relation cache reports, of this relation
 * or (InvalidOid) of all.  For what is no memo; there can be a handful.
 */
extern void memo_hand_on(void (*changed) (Oid relid));

#endif							/* UPSERT_MEMO_H */
