/*
 * event_impl.h
 *		What the files of events share: an event beside what is stored of it.
 *
 *		event.c			a batch from its events to its answers
 *		event_state.c	what is stored: looked up, judged, changed back
 *		event_apply.c	the news: locked and written
 */
#ifndef UPSERT_ATPROTO_EVENT_IMPL_H
#define UPSERT_ATPROTO_EVENT_IMPL_H

#include "atproto/event.h"
#include "atproto/event_parse.h"
#include "atproto/mirror.h"
#include "nodes/pg_list.h"

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

	struct state_table_hash *states;
	Mirror	   *mirror;			/* of the group at hand */
	List	   *undo;			/* of Undo, what the group has changed */
};

typedef enum Verdict
{
	OLD_NEWS,
	KNOWN,						/* it is what is stored */
	NEWS
} Verdict;

/* Looks at what is stored of these items, which have been read. */
extern void event_look_up(EventBatch *b, const int *items, int n);

/* Looks again at a repository and at all of it that the batch has news of. */
extern void event_look_again(EventBatch *b, const char *repo);

/* Compares an event with what is stored. */
extern Verdict event_judge(const EventItem *item);

/* Answers with what is stored. */
extern void event_answer_stored(EventBatch *b, EventItem *item, Verdict verdict);

/* Answers that it is ignored, and why. */
extern void event_refuse(EventBatch *b, EventItem *item, const ErrorData *error);

/*
 * Before a state is changed: a group that fails changes it back, by
 * event_undo().
 */
extern void event_note_uri(EventBatch *b, UriState *state);
extern void event_note_repo(EventBatch *b, RepoState *state);
extern void event_undo(EventBatch *b);

/* Applies the news of the batch, in groups, and answers for them. */
extern void event_apply_news(EventBatch *b);

#endif							/* UPSERT_ATPROTO_EVENT_IMPL_H */
