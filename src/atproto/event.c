/*
 * event.c
 *		Events of many repositories into a table of records.
 *
 *		events	 parse --- look --- judge --- old news: answered ------> answers
 *							 |		  |								   ^
 *				 what is stored		  +--- news, by URI --- lock --- write
 *							 ^							     |
 *							 +------- look again, if it <---+
 *									  was not that any more
 *
 * Delivery is at least once and in any order, so whatever an event says is
 * compared with what is stored of its record: the greatest of
 *
 *		(revision, deleted or put, CID)
 *
 * stays.  Taking the greatest does not depend on the order, nor on how often.
 * (Of one revision a record is either there or not, so the rest of the triple
 * settles what does not occur.)
 *
 * What is stored is looked up for all events in three queries, without a lock.
 * It only ever grows, so old news can be told from that alone, and a batch of
 * nothing else locks and writes nothing.  For news the repository is locked,
 * and its clock says whether what was seen still holds (mirror.c).  Locks are
 * taken in the order of the keys, repositories and within them records.
 *
 * News are written in groups that may fail and be done again without the event
 * at fault (call/batch.c); what is remembered of the stored state goes back
 * with them, by way of the undo list.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "atproto/event.h"
#include "atproto/event_parse.h"
#include "atproto/mirror.h"
#include "base/spivalue.h"
#include "base/tid.h"
#include "catalog/collection.h"
#include "call/answer.h"
#include "call/batch.h"
#include "store/count.h"
#include "compat.h"
#include "upsert.h"

/* What is stored of one URI */
typedef struct UriState
{
	bool		exists;			/* a record */
	bool		buried;			/* a tombstone */
	const char *rev;			/* of either; NULL: neither, or unknown */
	const char *cid;			/* of a record */
} UriState;

/* What is stored of a repository, and what this batch has to say of it */
typedef struct RepoState
{
	const char *floor;			/* NULL: none */
	const char *clock;			/* ours; "": it has no row */
	const char *newest;			/* revision of the batch's news */
	bool		locked;
} RepoState;

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

/* An event and its answer */
typedef struct EventItem
{
	Event		event;
	RepoState  *repo;			/* what is stored, once it was looked up */
	UriState   *stored;			/* PUT, DELETE */
	int64		place;
	bool		failed;			/* to be read */
	UpsertOutcome action;
	const char *cid;
	const char *rev;
	Jsonb	   *error;
} EventItem;

/* A state as it was before a group changed it; one of the two */
typedef struct Undo
{
	UriState   *uri;
	UriState	uri_before;
	RepoState  *repo;
	RepoState	repo_before;
} Undo;

struct EventBatch
{
	Oid			relid;
	RecordMaker maker;
	MemoryContext context;		/* of the batch */
	MemoryContext items_context;	/* reset by events_reset() */
	MemoryContext item_context; /* reset before each event is applied */
	int64		time_us;

	EventItem  *items;
	int			n;
	int			size;
	int		   *news;			/* items to be applied */
	int			nnews;

	state_table_hash *states;
	Mirror	   *mirror;			/* of the group at hand */
	List	   *undo;			/* of Undo, what the group has changed */
};

typedef enum Verdict
{
	OLD_NEWS,
	KNOWN,						/* it is what is stored */
	NEWS
} Verdict;

static char *table_name(Oid relid);
static Datum text_array(const StateKey *keys, int n);
static char *text_value(uint64 i, int column);
static void select_by(const EventBatch *b, const char *query, const StateKey *keys, int nkeys);
static StateEntry *find_state(EventBatch *b, StateKey key, bool *found);
static StateEntry *selected_state(EventBatch *b, uint64 i);
static void look_up(EventBatch *b, const int *items, int n);
static void look_at_repos(EventBatch *b, const StateKey *repos, int n);
static void look_at_uris(EventBatch *b, const StateKey *uris, int n);
static Undo *note(EventBatch *b);
static void note_uri(EventBatch *b, UriState *state);
static void note_repo(EventBatch *b, RepoState *state);
static Verdict judge(const EventItem *item);
static void answer_stored(EventBatch *b, EventItem *item, Verdict verdict);
static void refuse_item(EventBatch *b, EventItem *item, const ErrorData *error);
static void look_again(EventBatch *b, const char *repo);
static bool lock_repo(EventBatch *b, EventItem *item);
static bool make_ready(EventBatch *b, EventItem *item, ReadyRecord *ready);
static void put(EventBatch *b, EventItem *item, const ReadyRecord *ready);
static void delete(EventBatch *b, EventItem *item);
static void delete_repo(EventBatch *b, EventItem *item);
static void apply(EventBatch *b, EventItem *item);
static void undo(EventBatch *b);

/* ----------
 * What is stored
 * ----------
 */

static char *
table_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

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

static char *
text_value(uint64 i, int column)
{
	bool		isnull;
	Datum		value = spi_value(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
								  column, TEXTOID, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/*
 * Runs a query with an array of keys as its parameter.  A plan for any array is what is wanted: an index is asked
 * for each key, and nobody looks at statistics for each of them.
 */
static void
select_by(const EventBatch *b, const char *query, const StateKey *keys, int nkeys)
{
	Oid			argtypes[] = {TEXTARRAYOID};
	Datum		args[] = {text_array(keys, nkeys)};

	/* Citus wants to see the keys, to know their shards */
	SPIPlanPtr	plan = SPI_prepare_cursor(query, 1, argtypes,
										  collection_is_distributed(b->relid) ? 0 : CURSOR_OPT_GENERIC_PLAN);

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	if (SPI_execute_plan(plan, args, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read what is stored");
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

static void
note_uri(EventBatch *b, UriState *state)
{
	Undo	   *undo = note(b);

	if (undo == NULL)
		return;
	undo->uri = state;
	undo->uri_before = *state;
}

static void
note_repo(EventBatch *b, RepoState *state)
{
	Undo	   *undo = note(b);

	if (undo == NULL)
		return;
	undo->repo = state;
	undo->repo_before = *state;
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

		note_repo(b, state);
		state->floor = NULL;
		state->clock = "";
	}
	if (!OidIsValid(relid) || columns.floor == InvalidAttrNumber)
		return;
	SPI_connect();
	select_by(b, psprintf("SELECT repo::pg_catalog.text, floor::pg_catalog.text, rev::pg_catalog.text "
						  "FROM %s WHERE repo OPERATOR(pg_catalog.=) ANY ($1)",
						  table_name(relid)), repos, n);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		StateEntry *entry = selected_state(b, i);
		MemoryContext old_context;

		if (entry == NULL || entry->repo == NULL)
			continue;
		old_context = MemoryContextSwitchTo(b->items_context);
		entry->repo->floor = text_value(i, 2);
		entry->repo->clock = text_value(i, 3);
		if (entry->repo->clock == NULL)
			entry->repo->clock = "";
		MemoryContextSwitchTo(old_context);
	}
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

		note_uri(b, state);
		memset(state, 0, sizeof(UriState));
	}
	SPI_connect();
	select_by(b, psprintf("SELECT uri::pg_catalog.text, rev::pg_catalog.text, cid::pg_catalog.text "
						  "FROM %s WHERE uri OPERATOR(pg_catalog.=) ANY ($1)",
						  table_name(b->relid)), uris, n);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		StateEntry *entry = selected_state(b, i);
		MemoryContext old_context;

		if (entry == NULL || entry->uri == NULL)
			continue;
		old_context = MemoryContextSwitchTo(b->items_context);
		entry->uri->exists = true;
		entry->uri->rev = text_value(i, 2);
		entry->uri->cid = text_value(i, 3);
		MemoryContextSwitchTo(old_context);
	}
	SPI_freetuptable(SPI_tuptable);

	for (int i = 0; i < n; i++)
	{
		if (!state_table_lookup(b->states, uris[i])->uri->exists)
			missing[nmissing++] = uris[i];
	}
	if (nmissing > 0 && OidIsValid(tombstones))
	{
		select_by(b, psprintf("SELECT uri::pg_catalog.text, rev::pg_catalog.text "
							  "FROM %s WHERE uri OPERATOR(pg_catalog.=) ANY ($1)",
							  table_name(tombstones)), missing, nmissing);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			StateEntry *entry = selected_state(b, i);
			MemoryContext old_context;

			if (entry == NULL || entry->uri == NULL)
				continue;
			old_context = MemoryContextSwitchTo(b->items_context);
			entry->uri->buried = true;
			entry->uri->rev = text_value(i, 2);
			MemoryContextSwitchTo(old_context);
		}
	}
	SPI_finish();
}

/* Looks at what is stored of these items. */
static void
look_up(EventBatch *b, const int *items, int n)
{
	StateKey   *repos = MemoryContextAllocHuge(b->items_context,
											   Max(n, 1) * sizeof(StateKey));
	StateKey   *uris = MemoryContextAllocHuge(b->items_context,
											  Max(n, 1) * sizeof(StateKey));
	int			nrepos = 0;
	int			nuris = 0;

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

/* ----------
 * What is new
 * ----------
 */

/* Compares an event with what is stored. */
static Verdict
judge(const EventItem *item)
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
static void
answer_stored(EventBatch *b, EventItem *item, Verdict verdict)
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

static void
refuse_item(EventBatch *b, EventItem *item, const ErrorData *error)
{
	MemoryContext old_context = MemoryContextSwitchTo(b->items_context);

	count_add_to(b->relid, COUNT_REFUSED, 1);
	item->action = UPSERT_IGNORED;
	item->cid = item->rev = NULL;
	item->error = answer_error(error, NULL);
	MemoryContextSwitchTo(old_context);
}

/* ----------
 * Writing
 * ----------
 */

/* Looks again at a repository and at all of it that the batch has news of. */
static void
look_again(EventBatch *b, const char *repo)
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

/*
 * Locks the repository of an event, if this batch has not yet.  False if what
 * was known of it is not true any more; then it is known anew, and the event is
 * to be judged again.
 */
static bool
lock_repo(EventBatch *b, EventItem *item)
{
	RepoState  *repo = item->repo;
	const char *floor = item->event.kind == EVENT_ACCOUNT_GONE ?
	item->event.rev : NULL;
	char		clock[TID_LENGTH + 1];
	bool		holds;

	if (repo->locked && floor == NULL)
		return true;
	if (!mirror_lock(b->mirror, item->event.repo, repo->newest, floor, clock))
	{
		look_again(b, item->event.repo);
		return false;
	}
	holds = repo->locked || strcmp(clock, repo->clock) == 0;
	note_repo(b, repo);
	repo->locked = true;
	if (!holds)
		look_again(b, item->event.repo);

	/* a floor that could be set is itself the judgement */
	return holds || floor != NULL;
}

/* What ready_step() is told by record_attempt() */
typedef struct Ready
{
	EventBatch *b;
	Event	   *event;
	ReadyRecord *ready;
} Ready;

static void
ready_step(void *arg)
{
	Ready	   *step = arg;
	RecordMaker *maker = &step->b->maker;
	Event	   *event = step->event;

	if (event->block.type != jbvNull)
	{
		Size		len;
		const uint8 *block = event_block(&event->block, &len);

		record_make_ready_block(maker, event->collection, event->rkey, block, len,
								step->ready);
	}
	else
	{
		Jsonb	   *record = JsonbValueToJsonb(&event->record);

		/* who says the CID says that the record is complete */
		if (event->cid == NULL)
			record = record_fill_type(record, event->collection);
		record_make_ready(maker, event->collection, event->rkey, record,
						  step->ready);
	}
}

/* Makes the record of an event ready; false if it is refused. */
static bool
make_ready(EventBatch *b, EventItem *item, ReadyRecord *ready)
{
	Event	   *event = &item->event;
	Ready		step = {b, event, ready};
	ErrorData  *error = record_attempt(ready_step, &step);

	if (error == NULL && event->cid != NULL && strcmp(event->cid, ready->cid) != 0)
	{
		error = palloc0(sizeof(ErrorData));
		error->sqlerrcode = ERRCODE_UPSERT_INVALID_DOCUMENT;
		error->message = _("the record does not have the CID of its event");
		error->detail = psprintf(_("Expected %s, computed %s."), event->cid,
								 ready->cid);
	}
	if (error != NULL)
		refuse_item(b, item, error);
	return error == NULL;
}

static void
put(EventBatch *b, EventItem *item, const ReadyRecord *ready)
{
	Event	   *event = &item->event;
	MirrorPlace place = {event->uri, event->repo, event->collection, event->rkey};
	MemoryContext old_context;

	item->action = outcome_of_store(mirror_put(b->mirror, &place, event->rev,
											   ready, item->stored->buried),
									false);
	if (item->action == UPSERT_IGNORED)
		return;					/* a trigger would not have it */
	old_context = MemoryContextSwitchTo(b->items_context);
	item->rev = event->rev;
	item->cid = pstrdup(ready->cid);
	if (ready->error != NULL)
		item->error = answer_error(ready->error, NULL);
	MemoryContextSwitchTo(old_context);
	note_uri(b, item->stored);
	*item->stored = (UriState) {.exists = true, .rev = item->rev, .cid = item->cid};
}

static void
delete(EventBatch *b, EventItem *item)
{
	Event	   *event = &item->event;

	item->action = outcome_of_store(mirror_delete(b->mirror, event->uri,
												  event->rev, true), false);
	item->rev = event->rev;
	note_uri(b, item->stored);
	*item->stored = (UriState) {.buried = true, .rev = item->rev};
}

/* A repository is gone: all that is not newer goes. */
static void
delete_repo(EventBatch *b, EventItem *item)
{
	Event	   *event = &item->event;

	mirror_delete_repo(b->mirror, event->repo, event->rev);
	look_again(b, event->repo);
	item->action = UPSERT_DELETED;
	item->rev = event->rev;
}

/* Applies an event that was news when it was looked at. */
static void
apply(EventBatch *b, EventItem *item)
{
	ReadyRecord ready;

	/* a group may be done again */
	item->cid = item->rev = NULL;
	item->error = NULL;
	if (item->event.kind == EVENT_PUT && !make_ready(b, item, &ready))
		return;
	for (;;)
	{
		Verdict		verdict = judge(item);

		if (verdict != NEWS)
		{
			answer_stored(b, item, verdict);
			return;
		}
		if (lock_repo(b, item))
			break;
	}
	switch (item->event.kind)
	{
		case EVENT_PUT:
			put(b, item, &ready);
			break;
		case EVENT_DELETE:
			delete(b, item);
			break;
		case EVENT_ACCOUNT_GONE:
			delete_repo(b, item);
			break;
		case EVENT_OTHER:
			break;
	}
}

/* What a group that failed has changed of the states, it has not. */
static void
undo(EventBatch *b)
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

/* ----------
 * The door of a batch; its items are the news
 * ----------
 */

static const Event *
news_event(EventBatch *b, int item)
{
	return &b->items[b->news[item]].event;
}

static bool
news_keyed(void *arg, int item)
{
	return true;
}

static int
news_compare(void *arg, int x, int y)
{
	return strcmp(news_event(arg, x)->key, news_event(arg, y)->key);
}

static const char *
news_bytes(void *arg, int item, int *len)
{
	const Event *event = news_event(arg, item);

	*len = event->key_len;
	return event->key;
}

static char *
news_text(void *arg, int item)
{
	return news_event(arg, item)->key;
}

static void
news_open(void *arg)
{
	EventBatch *b = arg;

	undo(b);
	b->mirror = mirror_open(b->relid);
}

static void
news_apply(void *arg, int item)
{
	EventBatch *b = arg;

	apply(b, &b->items[b->news[item]]);
}

static void
news_close(void *arg)
{
	EventBatch *b = arg;

	mirror_close(b->mirror);
	b->mirror = NULL;
	b->undo = NIL;
}

static void
news_ignore(void *arg, int item, const ErrorData *error)
{
	EventBatch *b = arg;

	undo(b);
	refuse_item(b, &b->items[b->news[item]], error);
}

static const BatchDoor news_door = {
	.keyed = news_keyed,
	.compare = news_compare,
	.bytes = news_bytes,
	.text = news_text,
	.open = news_open,
	.apply = news_apply,
	.close = news_close,
	.ignore = news_ignore
};

/* ----------
 * Batches
 * ----------
 */

EventBatch *
events_begin(Oid relid, RecordValidate validate)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "upsert events",
												  ALLOCSET_DEFAULT_SIZES);
	EventBatch *b = MemoryContextAllocZero(context, sizeof(EventBatch));
	RecordColumns columns;

	record_store_columns(relid, &columns);
	b->relid = relid;
	b->context = context;
	b->items_context = AllocSetContextCreate(context, "upsert event items",
											 ALLOCSET_DEFAULT_SIZES);
	b->item_context = AllocSetContextCreate(context, "upsert event",
											ALLOCSET_DEFAULT_SIZES);
	b->maker.validate = validate;
	b->maker.opaque = columns.block != InvalidAttrNumber;
	b->maker.context = context;
	return b;
}

/* What event_parse() is told by record_attempt() */
typedef struct Parse
{
	const JsonbValue *json;
	Event	   *event;
} Parse;

static void
parse_step(void *arg)
{
	Parse	   *parse = arg;

	event_parse(parse->json, parse->event);
}

void
events_add(EventBatch *b, const JsonbValue *event, int64 place)
{
	MemoryContext old_context = MemoryContextSwitchTo(b->items_context);
	EventItem  *item;
	Parse		parse = {event};
	ErrorData  *error;

	CHECK_FOR_INTERRUPTS();
	if (b->n == b->size)
	{
		b->size = b->size ? b->size * 2 : 1024;
		b->items = b->items == NULL ?
			MemoryContextAllocHuge(b->items_context, b->size * sizeof(EventItem)) :
			repalloc_huge(b->items, b->size * sizeof(EventItem));
	}
	item = &b->items[b->n++];
	memset(item, 0, sizeof(EventItem));
	item->place = place;
	item->action = UPSERT_IGNORED;
	parse.event = &item->event;
	error = record_attempt(parse_step, &parse);
	if (error != NULL)
	{
		item->failed = true;
		refuse_item(b, item, error);
	}
	b->time_us = Max(b->time_us, item->event.time_us);
	MemoryContextSwitchTo(old_context);
}

void
events_run(EventBatch *b)
{
	MemoryContext old_context = MemoryContextSwitchTo(b->items_context);
	int		   *read = MemoryContextAllocHuge(b->items_context,
											  Max(b->n, 1) * sizeof(int));
	int			nread = 0;
	Batch		batch = {.door = &news_door, .arg = b,
	.item_context = b->item_context, .ignore_errors = true};

	for (int i = 0; i < b->n; i++)
	{
		if (!b->items[i].failed && b->items[i].event.kind != EVENT_OTHER)
			read[nread++] = i;
	}
	b->states = state_table_create(b->items_context, Max(nread, 16) * 2, NULL);
	look_up(b, read, nread);

	b->news = MemoryContextAllocHuge(b->items_context,
									 Max(nread, 1) * sizeof(int));
	b->nnews = 0;
	for (int i = 0; i < nread; i++)
	{
		EventItem  *item = &b->items[read[i]];
		Verdict		verdict = judge(item);

		if (verdict != NEWS)
		{
			answer_stored(b, item, verdict);
			continue;
		}
		b->news[b->nnews++] = read[i];
		if (item->repo->newest == NULL ||
			strcmp(item->repo->newest, item->event.rev) < 0)
			item->repo->newest = item->event.rev;
	}
	batch.n = b->nnews;
	if (b->nnews > 0)
		batch_run(&batch);
	MemoryContextSwitchTo(old_context);
}

int
events_size(const EventBatch *b)
{
	return b->n;
}

EventAnswer
events_get(const EventBatch *b, int i)
{
	const EventItem *item = &b->items[i];
	const Event *event = &item->event;

	return (EventAnswer) {.place = item->place,
						  .uri = event->uri != NULL || event->repo == NULL ? event->uri :
						  psprintf("at://%s", event->repo),
						  .cid = item->cid,
						  .rev = item->rev, .action = item->action, .error = item->error};
}

int64
events_time(const EventBatch *b)
{
	return b->time_us;
}

void
events_reset(EventBatch *b)
{
	MemoryContextReset(b->items_context);
	b->items = NULL;
	b->n = b->size = 0;
	b->news = NULL;
	b->nnews = 0;
	b->states = NULL;
	b->undo = NIL;
}

char *
event_key(Jsonb *event)
{
	JsonbValue	json;
	Event		parsed;
	Parse		parse = {&json, &parsed};

	json.type = jbvBinary;
	json.val.binary.data = &event->root;
	json.val.binary.len = VARSIZE_ANY_EXHDR(event);
	memset(&parsed, 0, sizeof(parsed));
	(void) record_attempt(parse_step, &parse);
	return parsed.key;
}

/* ----------
 * Consumers
 * ----------
 */

/* What compose_consumer() is told */
typedef struct Remember
{
	const RecordColumns *columns;
	const char *consumer;
	int64		time_us;
} Remember;

static StoreVerdict
compose_consumer(void *arg, TupleTableSlot *old, StoreRow *row)
{
	Remember   *remember = arg;
	const RecordColumns *columns = remember->columns;

	if (old != NULL)
	{
		bool		isnull;
		Datum		time_us = slot_getattr(old, columns->time_us, &isnull);

		if (!isnull && DatumGetInt64(time_us) >= remember->time_us)
			return STORE_KEEP;
	}
	record_store_set(row, columns->consumer, remember->consumer);
	store_row_set(row, columns->time_us, Int64GetDatum(remember->time_us), false);
	return STORE_WRITE;
}

void
events_remember(Oid relid, const char *consumer, int64 time_us)
{
	RecordColumns columns;
	StoreTarget target = {.nkeys = 1};
	Remember	remember = {&columns, consumer, time_us};
	Datum		key = CStringGetTextDatum(consumer);
	Store	   *store;

	target.relid = record_store_beside(relid, RECORD_CONSUMERS, &columns);
	if (!OidIsValid(target.relid) || columns.consumer == InvalidAttrNumber ||
		columns.time_us == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" cannot remember consumers", get_rel_name(relid)),
				 errdetail("There is no table \"%s\" with the columns \"consumer\" and \"time_us\" beside it.",
						   record_store_name_beside(get_rel_name(relid),
													RECORD_CONSUMERS)),
				 errhint("create_record_store() makes both.")));
	target.keys[0] = columns.consumer;
	target.update_columns = bms_make_singleton(columns.time_us);
	target.insert_columns = bms_add_member(bms_make_singleton(columns.time_us),
										   columns.consumer);
	target.read_columns = bms_copy(target.insert_columns);
	store = store_open(&target);
	(void) store_apply(store, &key, NULL, compose_consumer, &remember);
	store_close(store);
}
