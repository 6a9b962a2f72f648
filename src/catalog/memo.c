/*
 * memo.c
 *		What is made of a relation, and kept until the relation changes.
 *
 *		relid --> memo: a Collection, TableFacts, ...
 *
 * A call that upserts one small row would spend a fifth of its time on looking
 * up what the call before it looked up too.  So a backend keeps that until the
 * relation cache reports a change of the relation or of one of its indexes.
 * The report may come in the middle of a call, which goes on with what it has:
 * a report only makes memos stale, the next one who asks throws them away, and
 * they live on to the end of that transaction.
 *
 * Nothing that depends on the user may be kept: privileges are asked for at
 * each call.
 */
#include "postgres.h"

#include "catalog/memo.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

typedef struct MemoEntry
{
	Oid			relid;			/* hash key */
	Memo	   *memo;
} MemoEntry;

static uint64 reports = 0;		/* of the relation cache, so far */

/* The relation cache reports a change: of this one, or of all. */
static void
relation_changed(Datum arg, Oid relid)
{
	MemoCache  *cache = (MemoCache *) DatumGetPointer(arg);
	HASH_SEQ_STATUS seq;
	MemoEntry  *entry;

	reports++;
	hash_seq_init(&seq, cache->entries);
	while ((entry = hash_seq_search(&seq)) != NULL)
	{
		Memo	   *memo = entry->memo;

		if (relid == InvalidOid || relid == entry->relid || memo->of_all ||
			list_member_oid(memo->indexes, relid))
			memo->stale = true;
	}
}

static void
forget_stale(MemoCache *cache)
{
	HASH_SEQ_STATUS seq;
	MemoEntry  *entry;

	hash_seq_init(&seq, cache->entries);
	while ((entry = hash_seq_search(&seq)) != NULL)
	{
		if (!entry->memo->stale)
			continue;
		MemoryContextSetParent(entry->memo->context, TopTransactionContext);
		(void) hash_search(cache->entries, &entry->relid, HASH_REMOVE, NULL);
	}
}

static void
init_cache(MemoCache *cache)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(MemoEntry)};

	cache->entries = hash_create(cache->name, 32, &ctl, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relation_changed, PointerGetDatum(cache));
}

static Memo *
make_memo(MemoCache *cache, Relation rel)
{
	uint64		as_of = reports;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "upsert memo",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Memo	   *memo = palloc0(cache->size);

	memo->context = context;
	memo->indexes = RelationGetIndexList(rel);
	cache->make(memo, rel);
	/* what was reported meanwhile may not have been seen */
	memo->stale = as_of != reports;
	MemoryContextSwitchTo(oldcontext);
	return memo;
}

Memo *
memo_of(MemoCache *cache, Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	MemoEntry  *entry;
	Memo	   *memo;

	if (cache->entries == NULL)
		init_cache(cache);
	entry = hash_search(cache->entries, &relid, HASH_FIND, NULL);
	if (entry && !entry->memo->stale)
		return entry->memo;

	forget_stale(cache);
	memo = make_memo(cache, rel);
	/* nothing may fail once there is an entry */
	entry = hash_search(cache->entries, &relid, HASH_ENTER, NULL);
	entry->memo = memo;
	MemoryContextSetParent(memo->context, CacheMemoryContext);
	return memo;
}
