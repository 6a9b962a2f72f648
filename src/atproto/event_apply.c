/*
 * event_apply.c
 *		The news among the events of a batch: locked, judged again, and written.
 *
 *		news, by URI --- judge --- lock --- write --- answer
 *						   ^		|
 *						   +--------+ it was not as it had been looked up
 *
 * For news the repository is locked, and its clock says whether what was seen
 * still holds (mirror.c).  Locks are taken in the order of the keys, repositories
 * and within them records.  News are written in groups that may fail and be
 * done again without the event at fault (call/batch.c).
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "atproto/event_impl.h"
#include "base/tid.h"
#include "call/answer.h"
#include "call/batch.h"
#include "upsert.h"

/* ----------
 * Writing
 * ----------
 */

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
		event_look_again(b, item->event.repo);
		return false;
	}
	holds = repo->locked || strcmp(clock, repo->clock) == 0;
	event_note_repo(b, repo);
	repo->locked = true;
	if (!holds)
		event_look_again(b, item->event.repo);

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
		bool		filled = false;

		/* who says the CID says that the record is complete */
		if (event->cid == NULL)
			record = record_fill_type(record, event->collection, &filled);
		record_make_ready(maker, event->collection, event->rkey, record, filled,
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
		event_refuse(b, item, error);
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
	event_note_uri(b, item->stored);
	*item->stored = (UriState) {.exists = true, .rev = item->rev, .cid = item->cid};
}

static void
delete(EventBatch *b, EventItem *item)
{
	Event	   *event = &item->event;

	item->action = outcome_of_store(mirror_delete(b->mirror, event->uri,
												  event->rev, true), false);
	item->rev = event->rev;
	event_note_uri(b, item->stored);
	*item->stored = (UriState) {.buried = true, .rev = item->rev};
}

/* A repository is gone: all that is not newer goes. */
static void
delete_repo(EventBatch *b, EventItem *item)
{
	Event	   *event = &item->event;

	mirror_delete_repo(b->mirror, event->repo, event->rev);
	event_look_again(b, event->repo);
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
		Verdict		verdict = event_judge(item);

		if (verdict != NEWS)
		{
			event_answer_stored(b, item, verdict);
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

	event_undo(b);
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

	event_undo(b);
	event_refuse(b, &b->items[b->news[item]], error);
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

void
event_apply_news(EventBatch *b)
{
	Batch		batch = {.door = &news_door, .arg = b, .n = b->nnews,
	.item_context = b->item_context, .ignore_errors = true};

	batch_run(&batch);
}
