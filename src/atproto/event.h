/*
 * event.h
 *		Events of the network, as Jetstream sends them, into a table of
 *		records.
 *
 *		EventBatch *b = events_begin(relid, validate);
 *		for each event events_add(b, event, place);
 *		events_run(b);
 *		... events_size(b), events_get(b, i) ...
 *		events_reset(b), and again
 */
#ifndef UPSERT_ATPROTO_EVENT_H
#define UPSERT_ATPROTO_EVENT_H

#include "atproto/record_ready.h"
#include "call/outcome.h"

typedef struct EventBatch EventBatch;

/* What became of one event */
typedef struct EventAnswer
{
	int64		place;			/* of the event in the input */
	const char *uri;			/* of the record or repository; or NULL */
	const char *cid;			/* stored now; NULL: nothing is */
	const char *rev;			/* of what is stored, or of its tombstone */
	UpsertOutcome action;
	Jsonb	   *error;			/* why it was ignored, or stored as invalid */
} EventAnswer;

/*
 * relid is the table.  Errors: those of mirror_open(), when something is to be
 * written.
 */
extern EventBatch *events_begin(Oid relid, RecordValidate validate);

/*
 * Adds an event, which must live until the batch is reset.  What is wrong with
 * it becomes part of its answer.
 */
extern void events_add(EventBatch *b, const JsonbValue *event, int64 place);

/*
 * Applies what was added: of one record the newest revision wins, whatever the
 * order.  Nothing is written or locked that would change nothing.
 */
extern void events_run(EventBatch *b);

extern int	events_size(const EventBatch *b);
extern EventAnswer events_get(const EventBatch *b, int i);

/* The greatest time_us of all events so far; 0: none had one. */
extern int64 events_time(const EventBatch *b);

/* Forgets events and answers. */
extern void events_reset(EventBatch *b);

/*
 * What events are to be sorted by, before they are cut into batches; palloc'd,
 * NULL if there is nothing.
 */
extern char *event_key(Jsonb *event);

/*
 * Stores how far a consumer has read, unless that is known.  Error: 55000 if
 * the table has none beside it that keeps it.
 */
extern void events_remember(Oid relid, const char *consumer, int64 time_us);

#endif							/* UPSERT_ATPROTO_EVENT_H */
