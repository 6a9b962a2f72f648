/*
 * event_state.c
 *		What is stored of the records and repositories that events speak of, and
 *		what an event is beside it.
 *
 *		states	 URI -> UriState	DID -> RepoState	(they never move: items
 *						^				^				 point to them)
 *		undo	 [state, as it was] ...
 *
 * All items of a batch are looked up in three queries, without a lock.  What is
 * stored only ever grows, so what is old news is so for good; whether something
 * is news is settled under the lock of the repository (event_apply.c), which
 * looks again where its clock has moved.
 *
 * While a group of news is written, each state is noted before it changes; a
 * group that fails changes them back.
 */
#include "postgres.h"

#include "base/schema.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "atproto/event_impl.h"
#include "base/spivalue.h"
#include "call/answer.h"
#include "catalog/collection.h"
#include "compat.h"
#include "store/count.h"

/* A URI or a DID, not terminated */
typedef struct StateKey
{
	const char *str;
	int			len;
} StateKey;

/* Where the state of a key is: one of the two, which never move */
typedef struct StateEntry
{
	StateKey	key;
	uint32		hash;			/* private to the hash table */
	uint32		status;
	UriState   *uri;
	RepoState  *repo;
} StateEntry;

#define SH_PREFIX state_table
#define SH_ELEMENT_TYPE StateEntry
#define SH_KEY_TYPE StateKey
#define SH_KEY key
#define SH_HASH_KEY(tb, k) hash_bytes((const unsigned char *) (k).str, (k).len)
#define SH_EQUAL(tb, a, b) ((a).len == (b).len && memcmp((a).str, (b).str, (a).len) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, a) (a)->hash
#define SH_SCOPE static inline
#define SH_DEFINE
#define SH_DECLARE
#include "lib/simplehash.h"

/* ----------
 * What is stored
 * ----------
 */

static Datum
text_array(const StateKey *keys, int n)
{
	Datum	   *values = MemoryContextAllocHuge(CurrentMemoryContext,
												n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		values[i] = PointerGetDatum(cstring_to_text_with_len(keys[i].str,
															 keys[i].len));
	return PointerGetDatum(construct_array(values, n, TEXTOID, -1, false,
										   TYPALIGN_INT));
}

/* The entry of a key, made if need be. */
static StateEntry *
find_state(EventBatch *b, StateKey key, bool *found)
{
	StateEntry *entry = state_table_insert(b->states, key, found);

	if (!*found)
	{
		entry->uri = NULL;
		entry->repo = NULL;
	}
	return entry;
}

/* The entry of the key in the first column of a row; NULL if it has none. */
static StateEntry *
selected_state(EventBatch *b, uint64 i)
{
	bool		isnull;
	Datum		value = spi_value(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
								  TEXTOID, &isnull);
	text	   *key;

	if (isnull)
		return NULL;
	key = DatumGetTextPP(value);
	return state_table_lookup(b->states, (StateKey) {VARDATA_ANY(key),
													 VARSIZE_ANY_EXHDR(key)});
}

/*
 * Runs a query with an array of keys as its parameter, and gives each row to the
 * state of the key in its first column.  A plan for any array is what is wanted:
 * an index is asked for each key, and nobody looks at statistics for each of
 * them.
 */
static void
select_states(EventBatch *b, const char *query, const StateKey *keys, int nkeys,
			  void (*take) (StateEntry *entry, uint64 row))
{
	Oid			argtypes[] = {TEXTARRAYOID};
	Datum		args[] = {text_array(keys, nkeys)};

	/* Citus wants to see the keys, to know their shards */
	int			any_keys = collection_is_distributed(b->relid) ? 0 : CURSOR_OPT_GENERIC_PLAN;
	SPIPlanPtr	plan = SPI_prepare_cursor(query, 1, argtypes, any_keys);
	MemoryContext old_context;

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	if (SPI_execute_plan(plan, args, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read what is stored");
	old_context = MemoryContextSwitchTo(b->items_context);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		StateEntry *entry = selected_state(b, i);

		if (entry != NULL)
			take(entry, i);
	}
	MemoryContextSwitchTo(old_context);
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Before a state is changed: a group that fails changes it back.  NULL where
 * nothing is written, and so nothing fails.
 */
static Undo *
note(EventBatch *b)
{
	MemoryContext old_context;
	Undo	   *undo;

	if (b->mirror == NULL)
		return NULL;
	old_context = MemoryContextSwitchTo(b->items_context);
	undo = palloc0(sizeof(Undo));
	b->undo = lappend(b->undo, undo);
	MemoryContextSwitchTo(old_context);
	return undo;
}

void
event_note_uri(EventBatch *b, UriState *state)
{
	Undo	   *undo = note(b);

	if (undo == NULL)
		return;
	undo->uri = state;
	undo->uri_before = *state;
}

void
event_note_repo(EventBatch *b, RepoState *state)
{
	Undo	   *undo = note(b);

	if (undo == NULL)
		return;
	undo->repo = state;
	undo->repo_before = *state;
}

static void
take_repo(StateEntry *entry, uint64 row)
{
	const char *clock = spi_text(row, 3);

	if (entry->repo == NULL)
		return;
	entry->repo->floor = spi_text(row, 2);
	entry->repo->clock = clock ? clock : "";
}

static void
take_record(StateEntry *entry, uint64 row)
{
	if (entry->uri != NULL)
		*entry->uri = (UriState) {.exists = true, .rev = spi_text(row, 2),
								  .cid = spi_text(row, 3)};
}

static void
take_tombstone(StateEntry *entry, uint64 row)
{
	if (entry->uri != NULL)
		*entry->uri = (UriState) {.buried = true, .rev = spi_text(row, 2)};
}

/* Looks at repositories, which have states already. */
static void
look_at_repos(EventBatch *b, const StateKey *repos, int n)
{
	RecordColumns columns;
	Oid			relid = record_store_beside(b->relid, RECORD_REPOS, &columns);

	for (int i = 0; i < n; i++)
	{
		RepoState  *state = state_table_lookup(b->states, repos[i])->repo;

		event_note_repo(b, state);
		state->floor = NULL;
		state->clock = "";
	}
	if (!OidIsValid(relid) || columns.floor == InvalidAttrNumber)
		return;
	SPI_connect();
	select_states(b, psprintf("SELECT repo::pg_catalog.text, floor::pg_catalog.text, rev::pg_catalog.text "
							  "FROM %s WHERE repo OPERATOR(pg_catalog.=) ANY ($1)",
							  relation_quoted(relid)), repos, n, take_repo);
	SPI_finish();
}

/*
 * Looks at URIs, which have states already; at the tombstones of those that
 * have no record.
 */
static void
look_at_uris(EventBatch *b, const StateKey *uris, int n)
{
	RecordColumns columns;
	Oid			tombstones = record_store_beside(b->relid, RECORD_TOMBSTONES,
												 &columns);
	StateKey   *missing = MemoryContextAllocHuge(CurrentMemoryContext,
												 n * sizeof(StateKey));
	int			nmissing = 0;

	for (int i = 0; i < n; i++)
	{
		UriState   *state = state_table_lookup(b->states, uris[i])->uri;

		event_note_uri(b, state);
		memset(state, 0, sizeof(UriState));
	}
	SPI_connect();
	select_states(b, psprintf("SELECT uri::pg_catalog.text, rev::pg_catalog.text, cid::pg_catalog.text "
							  "FROM %s WHERE uri OPERATOR(pg_catalog.=) ANY ($1)",
							  relation_quoted(b->relid)), uris, n, take_record);
	for (int i = 0; i < n; i++)
	{
		if (!state_table_lookup(b->states, uris[i])->uri->exists)
			missing[nmissing++] = uris[i];
	}
	if (nmissing > 0 && OidIsValid(tombstones))
		select_states(b, psprintf("SELECT uri::pg_catalog.text, rev::pg_catalog.text "
								  "FROM %s WHERE uri OPERATOR(pg_catalog.=) ANY ($1)",
								  relation_quoted(tombstones)), missing, nmissing,
					  take_tombstone);
	SPI_finish();
}

/* Looks at what is stored of these items. */
void
event_look_up(EventBatch *b, const int *items, int n)
{
	StateKey   *repos = MemoryContextAllocHuge(b->items_context,
											   Max(n, 1) * sizeof(StateKey));
	StateKey   *uris = MemoryContextAllocHuge(b->items_context,
											  Max(n, 1) * sizeof(StateKey));
	int			nrepos = 0;
	int			nuris = 0;

	b->states = state_table_create(b->items_context, Max(n, 16) * 2, NULL);
	for (int i = 0; i < n; i++)
	{
		EventItem  *item = &b->items[items[i]];
		StateKey	repo = {item->event.repo, strlen(item->event.repo)};
		StateKey	uri = {item->event.key, item->event.key_len};
		StateEntry *entry;
		bool		found;

		entry = find_state(b, repo, &found);
		if (!found)
		{
			entry->repo = palloc0(sizeof(RepoState));
			repos[nrepos++] = repo;
		}
		item->repo = entry->repo;
		if (item->event.kind == EVENT_ACCOUNT_GONE)
			continue;
		entry = find_state(b, uri, &found);
		if (!found)
		{
			entry->uri = palloc0(sizeof(UriState));
			uris[nuris++] = uri;
		}
		item->stored = entry->uri;
	}
	if (nrepos > 0)
		look_at_repos(b, repos, nrepos);
	if (nuris > 0)
		look_at_uris(b, uris, nuris);
}

void
event_look_again(EventBatch *b, const char *repo)
{
	StateKey	key = {repo, strlen(repo)};
	StateKey   *uris = MemoryContextAllocHuge(CurrentMemoryContext,
											  b->nnews * sizeof(StateKey));
	int			nuris = 0;

	look_at_repos(b, &key, 1);
	for (int i = 0; i < b->nnews; i++)
	{
		const Event *event = &b->items[b->news[i]].event;

		if (event->kind != EVENT_ACCOUNT_GONE && strcmp(event->repo, repo) == 0)
			uris[nuris++] = (StateKey) {event->key, event->key_len};
	}
	if (nuris > 0)
		look_at_uris(b, uris, nuris);
}

/* ----------
 * What is new
 * ----------
 */

/* Compares an event with what is stored. */
Verdict
event_judge(const EventItem *item)
{
	const Event *event = &item->event;
	const char *floor = item->repo->floor;
	const UriState *stored = item->stored;
	int			cmp;

	if (event->kind == EVENT_ACCOUNT_GONE)
	{
		cmp = floor == NULL ? 1 : strcmp(event->rev, floor);
		return cmp > 0 ? NEWS : cmp == 0 ? KNOWN : OLD_NEWS;
	}
	if (stored->rev != NULL)
	{
		cmp = strcmp(event->rev, stored->rev);
		if (cmp < 0)
			return OLD_NEWS;
		if (cmp == 0 && event->kind == EVENT_DELETE)
			return stored->exists ? NEWS : KNOWN;
		if (cmp == 0 && !stored->exists)
			return OLD_NEWS;
		if (cmp == 0 && event->cid != NULL && stored->cid != NULL)
		{
			cmp = strcmp(event->cid, stored->cid);
			return cmp > 0 ? NEWS : cmp == 0 ? KNOWN : OLD_NEWS;
		}
		if (cmp == 0)
			return KNOWN;
	}
	if (floor != NULL && strcmp(event->rev, floor) <= 0)
		return OLD_NEWS;
	return NEWS;
}

/* Answers with what is stored. */
void
event_answer_stored(EventBatch *b, EventItem *item, Verdict verdict)
{
	count_add_to(b->relid, verdict == KNOWN ? COUNT_KNOWN : COUNT_REFUSED, 1);
	item->action = verdict == KNOWN ? UPSERT_UNCHANGED : UPSERT_IGNORED;
	if (item->event.kind == EVENT_ACCOUNT_GONE)
		item->rev = item->repo->floor;
	else
	{
		item->cid = item->stored->exists ? item->stored->cid : NULL;
		item->rev = item->stored->rev;
	}
}

void
event_refuse(EventBatch *b, EventItem *item, const ErrorData *error)
{
	MemoryContext old_context = MemoryContextSwitchTo(b->items_context);

	count_add_to(b->relid, COUNT_REFUSED, 1);
	item->action = UPSERT_IGNORED;
	item->cid = item->rev = NULL;
	item->error = answer_error(error, NULL);
	MemoryContextSwitchTo(old_context);
}

/* What a group that failed has changed of the states, it has not. */
void
event_undo(EventBatch *b)
{
	for (int i = list_length(b->undo) - 1; i >= 0; i--)
	{
		Undo	   *change = list_nth(b->undo, i);

		if (change->uri != NULL)
			*change->uri = change->uri_before;
		else
			*change->repo = change->repo_before;
	}
	b->undo = NIL;
	b->mirror = NULL;
}
