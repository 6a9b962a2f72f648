/*
 * cache.c
 *		Processed contexts: what a call and a backend remember.
 *
 * Owns the decision where an active context lives and how long.  Three
 * memories, from short to long:
 *
 *		ContextMemo		of one call: the contexts inside the document, found
 *						by content, so that 1,000 nodes with equal contexts
 *						process it once; and the remote documents it has read
 *		ctx->scoped		of an active context: what became of it under the
 *						scoped context of a term, so that a scoped context is
 *						processed once, not once a node
 *		entries			of the backend: the contexts that documents begin
 *						with, found by content, base and mode
 *
 *		entries -> [ CacheEntry ] <-> [ CacheEntry ] <-> ...   (by last use)
 *						mcxt: the local context (a copy), the active context
 *						and everything derived from it by scoped contexts
 *						pins: calls whose answers may point into mcxt, and
 *							  entries that stand on this one
 *						under: the entry of the stored contexts that an array
 *							   begins with, so that these are processed once,
 *							   whatever follows them
 *
 * This is static mutable state.  A call pins the entries it uses until its
 * memory context goes away (also by an error), since expanded documents share
 * the IRIs of definitions; an entry that is evicted or stale is unlinked at
 * once and freed with its last pin.  An entry made of stored contexts is
 * stale when the registry has changed since.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/ilist.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "jsonld/process.h"

/* bounds of what a backend remembers */
#define ENTRIES_MAX			128
#define ENTRY_BYTES_MAX		(32 * 1024 * 1024)
#define ENTRIES_BYTES_MAX	(64 * 1024 * 1024)

typedef struct CacheEntry
{
	dlist_node	node;
	MemoryContext mcxt;			/* this struct lives in it, too */
	uint64		hash;
	JldStr		base;
	JldMode		mode;
	bool		strict;
	JldValue   *local;
	ActiveContext *result;
	struct CacheEntry *under;	/* whose layers of terms result has; or NULL */
	MemoryContextCallback unpin_under;
	Size		bytes;			/* of mcxt, when last looked at */
	int			pins;
	bool		linked;			/* in entries */
	bool		remote;			/* made of stored contexts ... */
	uint64		generation;		/* ... as they were then */
} CacheEntry;

typedef struct ContextMemo
{
	ActiveContext *plain;		/* the newly initialized context */
	ActiveContext *initial;		/* with expandContext */
	HTAB	   *by_content;		/* contexts inside the document */
	HTAB	   *by_term;		/* scoped contexts that cannot go with the
								 * active context */
	List	   *pinned;			/* of CacheEntry */
	MemoryContextCallback unpin;
} ContextMemo;

typedef struct ContentKey
{
	ActiveContext *ctx;
	uint64		hash;
} ContentKey;

typedef struct ContentResult
{
	ContentKey	key;
	List	   *pairs;			/* local, result, local, result, ... */
} ContentResult;

typedef struct ScopedKey
{
	ActiveContext *ctx;
	TermDefinition *def;
	uintptr_t	flags;
} ScopedKey;

typedef struct ScopedResult
{
	ScopedKey	key;
	ActiveContext *result;
} ScopedResult;

static dlist_head entries = DLIST_STATIC_INIT(entries);
static MemoryContext entries_mcxt = NULL;
static uint64 generation = 0;

static ActiveContext *process_cached(JldProcessor *proc, JldValue *local);
static ActiveContext *process_in_document(JldProcessor *proc, ActiveContext *ctx,
										  JldValue *local);
static CacheEntry *entry_find(JldProcessor *proc, JldValue *local, uint64 hash);
static CacheEntry *entry_build(JldProcessor *proc, JldValue *local, uint64 hash);
static CacheEntry *entry_under(JldProcessor *proc, JldValue *local, int *first);
static CacheEntry *entry_of(JldProcessor *proc, JldValue *local);
static void entry_unpin(void *arg);
static void entry_keep(CacheEntry *entry);
static void entries_trim(void);
static void entry_unlink(CacheEntry *entry);
static void entry_pin(JldProcessor *proc, CacheEntry *entry);
static void unpin_all(void *arg);

/* --- beginning a call ----------------------------------------------------- */

static ContextMemo *
memo_get(JldProcessor *proc)
{
	if (proc->memo == NULL)
	{
		proc->memo = MemoryContextAllocZero(proc->mcxt, sizeof(ContextMemo));
	}
	return proc->memo;
}

ActiveContext *
context_initial(JldProcessor *proc)
{
	ContextMemo *memo = memo_get(proc);
	JldValue   *local = proc->options.expandContext;
	JldValue   *inner;
	JldPath		step = {.up = proc->path, .key = proc->options.contextKey};

	if (memo->initial)
		return memo->initial;
	memo->initial = context_plain(proc);
	if (local)
	{
		if (jld_is_object(local) &&
			(inner = jld_get(local, JLD_STR("@context"))) != NULL)
			local = inner;
		proc->path = &step;
		memo->initial = process_cached(proc, local);
		proc->path = step.up;
	}
	return memo->initial;
}

ActiveContext *
context_plain(JldProcessor *proc)
{
	ContextMemo *memo = memo_get(proc);

	if (memo->plain == NULL)
		memo->plain = context_new(proc->mcxt, proc->options.base);
	return memo->plain;
}

/* --- contexts of documents ------------------------------------------------ */

ActiveContext *
context_process(JldProcessor *proc, ActiveContext *ctx, JldValue *local)
{
	ContextMemo *memo = memo_get(proc);

	if (ctx == memo->plain)
		return process_cached(proc, local);
	return process_in_document(proc, ctx, local);
}

static ActiveContext *
process_in_document(JldProcessor *proc, ActiveContext *ctx, JldValue *local)
{
	ContextMemo *memo = memo_get(proc);
	ContentKey	key = {ctx, jld_hash_value(local)};
	ContentResult *found;
	MemoryContext old;
	MemoryContext old_build = remote_documents(proc)->build;
	ActiveContext *result;
	bool		exists;

	if (memo->by_content == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(ContentKey),
		.entrysize = sizeof(ContentResult), .hcxt = proc->mcxt};

		memo->by_content = hash_create("JSON-LD contexts by content", 32, &ctl,
									   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	found = hash_search(memo->by_content, &key, HASH_FIND, NULL);
	if (found)
	{
		for (int i = 0; i < list_length(found->pairs); i += 2)
			if (jld_equal(list_nth(found->pairs, i), local))
				return list_nth(found->pairs, i + 1);
	}

	old = MemoryContextSwitchTo(proc->mcxt);
	remote_documents(proc)->build = proc->mcxt;
	result = context_process_full(proc, ctx, local, proc->options.base, NULL,
								  false, true, true);
	remote_documents(proc)->build = old_build;
	found = hash_search(memo->by_content, &key, HASH_ENTER, &exists);
	if (!exists)
		found->pairs = NIL;
	found->pairs = lappend(lappend(found->pairs, local), result);
	MemoryContextSwitchTo(old);
	return result;
}

/* --- scoped contexts ------------------------------------------------------ */

/* is def there as long as ctx is? */
static bool
outlives(const TermDefinition *def, const ActiveContext *ctx)
{
	if (def->mcxt == ctx->mcxt)
		return true;
	for (CacheEntry *e = ctx->entry ? ctx->entry->under : NULL; e; e = e->under)
		if (def->mcxt == e->mcxt)
			return true;
	return false;
}

ActiveContext *
context_apply_scoped(JldProcessor *proc, ActiveContext *ctx,
					 TermDefinition *def, bool override, bool propagate)
{
	ContextMemo *memo = memo_get(proc);

	/*
	 * Into the memory of ctx, unless the definition may die before: a
	 * property of the document's own context, applied after its context was
	 * rolled back to one of the cache.
	 */
	bool		with_ctx = outlives(def, ctx);
	MemoryContext mcxt = with_ctx ? ctx->mcxt : proc->mcxt;
	HTAB	  **table = with_ctx ? &ctx->scoped : &memo->by_term;
	ScopedKey	key = {ctx, def, (override ? 1 : 0) | (propagate ? 2 : 0)};
	ScopedResult *found;
	MemoryContext old;
	MemoryContext old_build = remote_documents(proc)->build;
	ActiveContext *result;

	if (*table == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(ScopedKey),
		.entrysize = sizeof(ScopedResult), .hcxt = mcxt};

		*table = hash_create("JSON-LD scoped contexts", 16, &ctl,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	found = hash_search(*table, &key, HASH_FIND, NULL);
	if (found)
		return found->result;

	old = MemoryContextSwitchTo(mcxt);
	remote_documents(proc)->build = mcxt;
	result = context_process_full(proc, ctx, def->context, def->base_url, NULL,
								  override, propagate, true);
	remote_documents(proc)->build = old_build;
	found = hash_search(*table, &key, HASH_ENTER, NULL);
	found->result = result;
	MemoryContextSwitchTo(old);
	return result;
}

/* --- the cache of the backend --------------------------------------------- */

void
context_cache_invalidate(void)
{
	generation++;
}

static ActiveContext *
process_cached(JldProcessor *proc, JldValue *local)
{
	CacheEntry *entry = entry_of(proc, local);

	if (entry->linked)			/* otherwise it dies with the call */
		entry_pin(proc, entry);
	return entry->result;
}

static CacheEntry *
entry_of(JldProcessor *proc, JldValue *local)
{
	uint64		hash = jld_hash_value(local);
	CacheEntry *entry = entry_find(proc, local, hash);

	return entry ? entry : entry_build(proc, local, hash);
}

static CacheEntry *
entry_find(JldProcessor *proc, JldValue *local, uint64 hash)
{
	dlist_iter	iter;
	JldOptions *o = &proc->options;

	dlist_foreach(iter, &entries)
	{
		CacheEntry *entry = dlist_container(CacheEntry, node, iter.cur);

		if (entry->hash != hash || entry->mode != o->processingMode ||
			entry->strict != o->strictCompactIri ||
			(entry->remote && o->inlineContexts) ||
			(entry->base.data == NULL) != (o->base.data == NULL) ||
			!jld_eq(entry->base, o->base) ||
			!jld_equal(entry->local, local))
			continue;

		/*
		 * A look-up opens no table, so within a transaction nobody else would
		 * let a change of the registry come in.
		 */
		if (entry->remote)
			AcceptInvalidationMessages();
		if ((entry->remote && entry->generation != generation) ||
			entry->bytes > ENTRY_BYTES_MAX)
		{
			entry_unlink(entry);
			return NULL;
		}
		for (CacheEntry *e = entry; e; e = e->under)
			if (e->linked)
				dlist_move_head(&entries, &e->node);
		return entry;
	}
	return NULL;
}

/*
 * The entry of what local, an array, begins with: references to stored
 * contexts, of which there may be any number of large ones.  NULL: there are
 * none, or nothing else.  *first: the item that comes next.
 */
static CacheEntry *
entry_under(JldProcessor *proc, JldValue *local, int *first)
{
	JldPath		step = {.up = proc->path, .key = JLD_NOSTR};
	JldValue   *prefix;
	CacheEntry *entry;
	int			n = 0;

	*first = 0;
	if (!jld_is_array(local))
		return NULL;
	while (n < local->n && jld_is_string(local->u.items[n]))
		n++;
	if (n == local->n)
		n--;
	if (n <= 0)
		return NULL;
	*first = n;
	if (n == 1)
		proc->path = &step;		/* it is not processed as an array */
	prefix = n == 1 ? local->u.items[0] : jld_new_array(n);
	for (int i = 0; n > 1 && i < n; i++)
		jld_push(prefix, local->u.items[i]);
	entry = entry_of(proc, prefix);
	proc->path = step.up;
	return entry;
}

/* process local in memory of its own, and keep that if it may be kept */
static CacheEntry *
entry_build(JldProcessor *proc, JldValue *local, uint64 hash)
{
	RemoteDocuments *remotes = remote_documents(proc);
	MemoryContext mcxt = AllocSetContextCreate(proc->mcxt, "JSON-LD context",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(mcxt);
	CacheEntry *entry = palloc0(sizeof(CacheEntry));
	ActiveContext *start;
	uint64		as_of;
	int			first;

	entry->mcxt = mcxt;
	entry->hash = hash;
	entry->base = jld_str_copy(proc->options.base);
	entry->mode = proc->options.processingMode;
	entry->strict = proc->options.strictCompactIri;
	entry->local = jld_copy_deep(local);

	/* an invalidation may come in while stored contexts are read */
	as_of = generation;
	entry->under = entry_under(proc, entry->local, &first);
	if (entry->under && entry->under->linked)
	{
		entry->under->pins++;
		entry->unpin_under.func = entry_unpin;
		entry->unpin_under.arg = entry->under;
		MemoryContextRegisterResetCallback(mcxt, &entry->unpin_under);
	}
	start = entry->under ? entry->under->result : context_new(mcxt, entry->base);
	remotes->used = entry->under != NULL;
	remotes->lasting = entry->under == NULL || entry->under->linked;
	remotes->build = mcxt;
	entry->result = context_process_rest(proc, start, entry->local, first,
										 entry->base);
	remotes->build = proc->mcxt;
	entry->result->entry = entry;
	entry->remote = remotes->used;
	entry->generation = as_of;
	MemoryContextSwitchTo(old);

	if (remotes->lasting && !(entry->remote && as_of != generation) &&
		MemoryContextMemAllocated(mcxt, true) <= ENTRY_BYTES_MAX)
		entry_keep(entry);
	return entry;
}

static void
entry_keep(CacheEntry *entry)
{
	if (entries_mcxt == NULL)
		entries_mcxt = AllocSetContextCreate(CacheMemoryContext,
											 "JSON-LD context cache",
											 ALLOCSET_SMALL_SIZES);
	MemoryContextSetParent(entry->mcxt, entries_mcxt);
	entry->linked = true;
	dlist_push_head(&entries, &entry->node);
	entry->bytes = MemoryContextMemAllocated(entry->mcxt, true);
	entries_trim();
}

/* keep to the bounds: the least recently used entries go, never the first */
static void
entries_trim(void)
{
	dlist_mutable_iter iter;
	Size		bytes = 0;
	int			n = 0;

	dlist_foreach_modify(iter, &entries)
	{
		CacheEntry *entry = dlist_container(CacheEntry, node, iter.cur);

		bytes += entry->bytes;
		if (++n > 1 && (n > ENTRIES_MAX || bytes > ENTRIES_BYTES_MAX))
		{
			bytes -= entry->bytes;
			entry_unlink(entry);
		}
	}
}

/* out of the cache; freed now or with the last pin */
static void
entry_unlink(CacheEntry *entry)
{
	dlist_delete(&entry->node);
	entry->linked = false;
	if (entry->pins == 0)
		MemoryContextDelete(entry->mcxt);
}

static void
entry_pin(JldProcessor *proc, CacheEntry *entry)
{
	ContextMemo *memo = memo_get(proc);
	MemoryContext old;

	if (list_member_ptr(memo->pinned, entry))
		return;
	old = MemoryContextSwitchTo(proc->mcxt);
	memo->pinned = lappend(memo->pinned, entry);
	MemoryContextSwitchTo(old);
	entry->pins++;
	if (memo->unpin.func == NULL)
	{
		memo->unpin.func = unpin_all;
		memo->unpin.arg = memo;
		MemoryContextRegisterResetCallback(proc->mcxt, &memo->unpin);
	}
}

/* who held the entry is gone; an entry that stands on it, or a call */
static void
entry_unpin(void *arg)
{
	CacheEntry *entry = arg;

	if (--entry->pins == 0 && !entry->linked)
		MemoryContextDelete(entry->mcxt);
}

/* scoped and inverse contexts have come since we last looked */
static bool
entry_has_grown(CacheEntry *entry)
{
	Size		bytes = MemoryContextMemAllocated(entry->mcxt, true);

	if (bytes == entry->bytes)
		return false;
	entry->bytes = bytes;
	return true;
}

/* the memory of a call goes away */
static void
unpin_all(void *arg)
{
	ContextMemo *memo = arg;
	ListCell   *lc;
	bool		grown = false;

	foreach(lc, memo->pinned)
	{
		CacheEntry *entry = lfirst(lc);

		if (entry->linked && entry->pins == 1)
			grown |= entry_has_grown(entry);
		entry_unpin(entry);
	}
	if (grown)
		entries_trim();
}
