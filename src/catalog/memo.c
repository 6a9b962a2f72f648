/*
 * memo.c
 *		What is made of a relation, and kept until the relation changes.
 *
 *		places:  OID of a relation or of one of its indexes
 *					-> [ memo ] <-> [ memo ] <-> ...		a Collection, ...
 *		by_use:  [ memo ] <-> [ memo ] <-> ...	the one used last comes first
 *
 * A call that upserts one small row would spend a fifth of its time on looking
 * up what the call before it looked up too.  So a backend keeps that until the
 * relation cache reports a change of the relation or of one of its indexes.
 * The report may come in the middle of a call, which goes on with what it has:
 * a report only makes memos stale, and the next one who asks gets another.
 *
 * Who asks for a memo pins it to the memory context that is current then, so
 * it lives as long as what points to it there.  One that is stale, or the
 * least used of too many, is taken out of the places at once and freed with
 * its last pin.
 *
 * A backend has ten places for callbacks of the relation cache, for all
 * extensions together.  This one takes a single one of them and hands on.
 *
 * Nothing that depends on the user may be kept: privileges are asked for at
 * each call.
 */
#include "postgres.h"

#include "catalog/memo.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* Memos that a backend keeps; of a collection in use there are about four. */
#define MEMOS_MAX	1024

/* Those who are told of changes besides. */
#define LISTENERS_MAX	4

/* Where the memos that a relation's change concerns are found. */
typedef struct MemoPlace
{
	Oid			oid;			/* hash key */
	dlist_head	links;			/* of MemoLink */
} MemoPlace;

/* A memo in a place. */
struct MemoLink
{
	dlist_node	node;
	Oid			oid;
	Memo	   *memo;
};

static HTAB *places = NULL;
static dlist_head by_use = DLIST_STATIC_INIT(by_use);
static int	kept = 0;			/* in by_use */
static uint64 reports = 0;		/* of the relation cache, so far */

static void (*listeners[LISTENERS_MAX]) (Oid relid);
static int	nlisteners = 0;

/* ----------
 * Reports
 * ----------
 */

/* The relation cache reports a change: of this one, or of all. */
static void
relation_changed(Datum arg, Oid relid)
{
	dlist_iter	iter;
	MemoPlace  *place;

	reports++;
	if (!OidIsValid(relid))
	{
		dlist_foreach(iter, &by_use)
			dlist_container(Memo, by_use, iter.cur)->stale = true;
	}
	else if (places != NULL &&
			 (place = hash_search(places, &relid, HASH_FIND, NULL)) != NULL)
	{
		dlist_foreach(iter, &place->links)
			dlist_container(MemoLink, node, iter.cur)->memo->stale = true;
	}
	for (int i = 0; i < nlisteners; i++)
		listeners[i] (relid);
}

static void
listen_to_relcache(void)
{
	static bool registered = false;

	if (registered)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	registered = true;
}

void
memo_hand_on(void (*changed) (Oid relid))
{
	if (nlisteners == LISTENERS_MAX)
		elog(ERROR, "too many listeners to changes of relations");
	listen_to_relcache();
	listeners[nlisteners++] = changed;
}

/* ----------
 * Keeping and freeing
 * ----------
 */

/* Nobody will find it any more. */
static void
unlink_memo(Memo *memo)
{
	Assert(memo->kept);
	for (int i = 0; i < memo->nlinks; i++)
	{
		MemoLink   *link = &memo->links[i];
		MemoPlace  *place = hash_search(places, &link->oid, HASH_FIND, NULL);

		dlist_delete(&link->node);
		if (dlist_is_empty(&place->links))
			(void) hash_search(places, &link->oid, HASH_REMOVE, NULL);
	}
	dlist_delete(&memo->by_use);
	if (memo->cache->last == memo)
		memo->cache->last = NULL;
	kept--;
	memo->kept = false;
	if (memo->pins == 0)
		MemoryContextDelete(memo->context);
}

static MemoPlace *
place_of(Oid oid)
{
	bool		found;
	MemoPlace  *place = hash_search(places, &oid, HASH_ENTER, &found);

	if (!found)
		dlist_init(&place->links);
	return place;
}

/* To be found from now on, as the one that was used last. */
static void
link_memo(Memo *memo)
{
	ListCell   *lc;

	if (places == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(MemoPlace)};

		places = hash_create("upsert memos", 128, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	memo->links = MemoryContextAlloc(memo->context,
									 sizeof(MemoLink) * (1 + list_length(memo->indexes)));
	memo->links[0].oid = memo->relid;
	memo->nlinks = 1;
	foreach(lc, memo->indexes)
		memo->links[memo->nlinks++].oid = lfirst_oid(lc);
	for (int i = 0; i < memo->nlinks; i++)
		(void) place_of(memo->links[i].oid);

	/* nothing fails from here on */
	for (int i = 0; i < memo->nlinks; i++)
	{
		memo->links[i].memo = memo;
		dlist_push_head(&place_of(memo->links[i].oid)->links,
						&memo->links[i].node);
	}
	dlist_push_head(&by_use, &memo->by_use);
	kept++;
	memo->kept = true;
	MemoryContextSetParent(memo->context, CacheMemoryContext);
	while (kept > MEMOS_MAX)
		unlink_memo(dlist_tail_element(Memo, by_use, &by_use));
}

static void
unpin(void *arg)
{
	Memo	   *memo = arg;

	if (--memo->pins == 0 && !memo->kept)
		MemoryContextDelete(memo->context);
}

static void
pin(Memo *memo)
{
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));

	callback->func = unpin;
	callback->arg = memo;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	memo->pins++;
}

/* ----------
 * Asking
 * ----------
 */

static Memo *
make_memo(MemoCache *cache, Relation rel)
{
	uint64		as_of = reports;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "upsert memo",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Memo	   *memo = palloc0(cache->size);

	MemoryContextSetIdentifier(context, cache->name);
	memo->context = context;
	memo->cache = cache;
	memo->relid = RelationGetRelid(rel);
	memo->as_of = as_of;
	memo->indexes = RelationGetIndexList(rel);
	cache->make(memo, rel);
	/* what was reported meanwhile may not have been seen */
	memo->stale = as_of != reports;
	MemoryContextSwitchTo(oldcontext);
	return memo;
}

static Memo *
find_memo(const MemoCache *cache, Oid relid)
{
	MemoPlace  *place;
	dlist_iter	iter;

	/* one table is mostly asked for again and again */
	if (cache->last && cache->last->relid == relid)
		return cache->last;
	if (places == NULL ||
		(place = hash_search(places, &relid, HASH_FIND, NULL)) == NULL)
		return NULL;
	dlist_foreach(iter, &place->links)
	{
		Memo	   *memo = dlist_container(MemoLink, node, iter.cur)->memo;

		if (memo->cache == cache && memo->relid == relid)
			return memo;
	}
	return NULL;
}

bool
memo_is_current(const Memo *memo)
{
	/* one that was taken out hears of no reports any more */
	return memo->kept && !memo->stale &&
		!(memo->of_all && memo->as_of != reports);
}

Memo *
memo_of(MemoCache *cache, Relation rel)
{
	Memo	   *memo = find_memo(cache, RelationGetRelid(rel));
	Memo	   *former;

	Assert(rel->rd_refcnt > 0);
	if (memo != NULL && !memo_is_current(memo))
	{
		unlink_memo(memo);
		memo = NULL;
	}
	if (memo == NULL)
	{
		listen_to_relcache();
		memo = make_memo(cache, rel);
		/* making it may have led to the same question */
		former = find_memo(cache, memo->relid);
		if (former != NULL)
			unlink_memo(former);
		link_memo(memo);
	}
	else
		dlist_move_head(&by_use, &memo->by_use);
	cache->last = memo;
	pin(memo);
	return memo;
}

void
memo_forget(Memo *memo)
{
	if (memo->kept)
		unlink_memo(memo);
}
