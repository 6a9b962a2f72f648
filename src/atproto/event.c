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
 * nothing else locks and writes nothing.  Looking and judging is event_state.c,
 * what is done about news event_apply.c; here a batch goes from its events to its
 * answers.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "atproto/event_impl.h"

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
		event_refuse(b, item, error);
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

	for (int i = 0; i < b->n; i++)
	{
		if (!b->items[i].failed && b->items[i].event.kind != EVENT_OTHER)
			read[nread++] = i;
	}
	event_look_up(b, read, nread);

	b->news = MemoryContextAllocHuge(b->items_context,
									 Max(nread, 1) * sizeof(int));
	b->nnews = 0;
	for (int i = 0; i < nread; i++)
	{
		EventItem  *item = &b->items[read[i]];
		Verdict		verdict = event_judge(item);

		if (verdict != NEWS)
		{
			event_answer_stored(b, item, verdict);
			continue;
		}
		b->news[b->nnews++] = read[i];
		if (item->repo->newest == NULL ||
			strcmp(item->repo->newest, item->event.rev) < 0)
			item->repo->newest = item->event.rev;
	}
	if (b->nnews > 0)
		event_apply_news(b);
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
