/*
 * event_parse.c
 *		Events as Jetstream sends them.
 *
 *		{"did": DID, "time_us": n, "kind": "commit", "commit":
 *			{"rev": TID, "operation": "create", "collection": NSID,
 *			 "rkey": key, "record": {...}, "cid": CID}}
 *		{..., "kind": "account", "account": {"status": "deleted", ...}}
 *		{..., "kind": "identity", ...}
 *
 * In the place of "record" a commit may have "block": {"$bytes": base 64}, the
 * DAG-CBOR of it.  Attributes that are not known are left alone: the network
 * adds to its events.  Kinds and operations that are not known are errors.
 *
 * Account events have no revision; a TID of their time stands for it, the
 * last one of that microsecond, for revisions are TIDs of the server's time.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "atproto/cbor_read.h"
#include "atproto/datamodel.h"
#include "atproto/event_parse.h"
#include "atproto/lexicon.h"
#include "atproto/syntax.h"
#include "base/tid.h"
#include "call/excerpt.h"
#include "compat.h"
#include "upsert.h"

pg_noreturn static void refuse(const char *message, const char *attribute,
							   const JsonbValue *value);
static char *get_string(JsonbContainer *object, const char *name, bool required);
static int64 get_time(JsonbContainer *object);
static char *get_identifier(JsonbContainer *object, const char *name,
							SyntaxCheck check, int sqlstate);
static void parse_commit(JsonbContainer *commit, Event *event);
static void parse_account(JsonbContainer *account, Event *event);

/* Raises UP006 for an attribute; value may be NULL. */
static void
refuse(const char *message, const char *attribute, const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid event: %s", _(message)),
			 value != NULL ?
			 errdetail("\"%s\" is %s.", attribute, excerpt_value(value)) :
			 errdetail("\"%s\" is missing.", attribute)));
}

/* A string of an object, palloc'd; NULL if there is none and need not be. */
static char *
get_string(JsonbContainer *object, const char *name, bool required)
{
	JsonbValue	v;

	if (!lexicon_get(object, name, &v) || (v.type == jbvNull && !required))
	{
		if (required)
			refuse(gettext_noop("an attribute is missing"), name, NULL);
		return NULL;
	}
	if (v.type != jbvString)
		refuse(gettext_noop("an attribute must be a string"), name, &v);
	return pnstrdup(v.val.string.val, v.val.string.len);
}

static char *
get_identifier(JsonbContainer *object, const char *name, SyntaxCheck check,
			   int sqlstate)
{
	char	   *str = get_string(object, name, true);

	if (!check(str, strlen(str)))
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("invalid event: malformed \"%s\"", name),
				 errdetail("The value is \"%s\".", str)));
	return str;
}

static int64
get_time(JsonbContainer *object)
{
	JsonbValue	v;
	int64		time_us;

	if (!lexicon_get(object, "time_us", &v))
		return 0;
	if (v.type != jbvNumeric ||
		at_numeric_to_int64(v.val.numeric, &time_us) != AT_NUMBER_INTEGER ||
		time_us <= 0 || time_us > (int64) TID_MICROS_MAX)
		refuse(gettext_noop("a time must be microseconds since 1970"), "time_us", &v);
	return time_us;
}

const uint8 *
event_block(const JsonbValue *block, Size *len)
{
	StringInfoData cbor;
	CborReader	reader;
	CborHead	head;

	/* the encoder knows how bytes are written in JSON */
	initStringInfo(&cbor);
	cbor_encode(JsonbValueToJsonb(unconstify(JsonbValue *, block)), &cbor);
	reader = (CborReader) {.data = (uint8 *) cbor.data, .pos = (uint8 *) cbor.data,
						   .end = (uint8 *) cbor.data + cbor.len};
	head = cbor_read_head(&reader);
	if (head.major != CBOR_BYTES)
		refuse(gettext_noop("a block must have the form {\"$bytes\": ...}"), "block", block);
	*len = (Size) head.argument;
	return cbor_read_bytes(&reader, &head);
}

static void
parse_commit(JsonbContainer *commit, Event *event)
{
	JsonbValue	operation;

	event->collection = get_identifier(commit, "collection", syntax_is_nsid,
									   ERRCODE_UPSERT_INVALID_IDENTIFIER);
	event->rkey = get_identifier(commit, "rkey", syntax_is_record_key,
								 ERRCODE_UPSERT_INVALID_KEY);
	event->uri = at_uri_join(event->repo, event->collection, event->rkey);
	event->rev = get_identifier(commit, "rev", tid_is_valid,
								ERRCODE_UPSERT_INVALID_IDENTIFIER);
	event->key = event->uri;
	event->key_len = strlen(event->key);

	if (!lexicon_get(commit, "operation", &operation))
		refuse(gettext_noop("an attribute is missing"), "operation", NULL);
	if (lexicon_is_string(&operation, "delete"))
	{
		event->kind = EVENT_DELETE;
		return;
	}
	if (!lexicon_is_string(&operation, "create") &&
		!lexicon_is_string(&operation, "update"))
		refuse(gettext_noop("an operation is \"create\", \"update\" or \"delete\""),
			   "operation", &operation);

	/* what is in it, and whether it has this CID, is asked if it is news */
	event->kind = EVENT_PUT;
	event->cid = get_string(commit, "cid", false);
	if (!lexicon_get(commit, "block", &event->block))
		event->block.type = jbvNull;
	if (!lexicon_get(commit, "record", &event->record))
		event->record.type = jbvNull;
	if (event->block.type != jbvNull && event->record.type != jbvNull)
		refuse(gettext_noop("a commit has a record or a block, not both"),
			   "record", &event->record);
	if (event->block.type == jbvNull && event->record.type == jbvNull)
		refuse(gettext_noop("an attribute is missing"), "record", NULL);
}

/* Of all that happens to accounts, only their end concerns their records. */
static void
parse_account(JsonbContainer *account, Event *event)
{
	char	   *status = get_string(account, "status", false);
	char		tid[TID_LENGTH + 1];

	if (status == NULL || strcmp(status, "deleted") != 0)
		return;
	if (event->time_us == 0)
		refuse(gettext_noop("an attribute is missing"), "time_us", NULL);
	tid_encode((uint64) event->time_us << TID_CLOCK_BITS | TID_CLOCK_ID_MAX, tid);
	event->rev = pstrdup(tid);
	event->key = psprintf("at://%s/", event->repo);
	event->key_len = strlen(event->key);
	event->kind = EVENT_ACCOUNT_GONE;
}

void
event_parse(const JsonbValue *json, Event *event)
{
	JsonbContainer *object = lexicon_object(json);
	JsonbContainer *part;
	JsonbValue	kind;
	JsonbValue	v;
	bool		is_commit;
	const char *name;

	memset(event, 0, sizeof(Event));
	event->kind = EVENT_OTHER;
	if (object == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("invalid event: it must be an object"),
				 errdetail("It is %s.", excerpt_value(json))));
	event->time_us = get_time(object);
	event->repo = get_identifier(object, "did", syntax_is_did,
								 ERRCODE_UPSERT_INVALID_IDENTIFIER);
	if (!lexicon_get(object, "kind", &kind))
		refuse(gettext_noop("an attribute is missing"), "kind", NULL);
	if (lexicon_is_string(&kind, "identity"))
		return;
	is_commit = lexicon_is_string(&kind, "commit");
	if (!is_commit && !lexicon_is_string(&kind, "account"))
		refuse(gettext_noop("a kind is \"commit\", \"account\" or \"identity\""),
			   "kind", &kind);
	name = is_commit ? "commit" : "account";
	if (!lexicon_get(object, name, &v))
		refuse(gettext_noop("an attribute is missing"), name, NULL);
	part = lexicon_object(&v);
	if (part == NULL)
		refuse(gettext_noop("an attribute must be an object"), name, &v);
	if (is_commit)
		parse_commit(part, event);
	else
		parse_account(part, event);
}
