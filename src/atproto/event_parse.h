/*
 * event_parse.h
 *		One event of the network: from JSON to what it asks for.
 */
#ifndef UPSERT_ATPROTO_EVENT_PARSE_H
#define UPSERT_ATPROTO_EVENT_PARSE_H

#include "utils/jsonb.h"

typedef enum EventKind
{
	EVENT_PUT,					/* a record is this */
	EVENT_DELETE,				/* a record is gone */
	EVENT_ACCOUNT_GONE,			/* a repository is gone */
	EVENT_OTHER					/* nothing that concerns records */
} EventKind;

typedef struct Event
{
	EventKind	kind;
	char	   *repo;
	char	   *key;			/* its place in the order of locks; NULL:
								 * OTHER */
	int			key_len;
	char	   *uri;			/* PUT, DELETE: of the record, the same as key */
	char	   *collection;		/* PUT, DELETE */
	char	   *rkey;
	char	   *rev;			/* ACCOUNT_GONE: a TID of its time */
	char	   *cid;			/* PUT: as said, or NULL */
	JsonbValue	record;			/* PUT: jbvNull if it is a block */
	JsonbValue	block;			/* {"$bytes"}, or jbvNull */
	int64		time_us;		/* 0: it has none */
} Event;

/*
 * Reads an event into *event.  As much as is known of it stands there even if
 * an error is raised.  Errors: UP006 it has another form, UP007 or UP004 an
 * identifier in it is none.
 */
extern void event_parse(const JsonbValue *json, Event *event);

/* The bytes of a block, palloc'd, and their length.  Error: UP006. */
extern const uint8 *event_block(const JsonbValue *block, Size *len);

#endif							/* UPSERT_ATPROTO_EVENT_PARSE_H */
