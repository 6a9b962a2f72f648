/*
 * record_ready.c
 *		From a record as somebody sent it to one that may be stored.
 *
 *		jsonb --- "$type" --- encode ---+
 *										+--- CID, size --- lexicon --- ready
 *		DAG-CBOR ------------ decode ---+
 *
 * Whatever is wrong raises an error.  But who mirrors the network cannot
 * choose what is in it: with VALIDATE_REPORT the error becomes part of the
 * answer.  A record that jsonb or the data model cannot hold (fractions, the
 * character U+0000) then stays the bytes that it is.
 *
 * Such errors are caught without a subtransaction.  That is sound because
 * only code of ours that computes is running when it raises errors of our
 * class: nothing is locked, open or half written then.  Anything else is
 * raised again.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "atproto/cbor.h"
#include "atproto/lexicon.h"
#include "atproto/lexicon_registry.h"
#include "atproto/record_ready.h"
#include "atproto/syntax.h"
#include "base/tid.h"
#include "call/options.h"
#include "compat.h"
#include "jsonb/doc.h"
#include "upsert.h"

/* Setting; the default is the protocol's */
static int	at_max_record_size = 1048576;

/* One record on its way, and what may fail */
typedef struct Making
{
	RecordMaker *maker;
	const char *collection;
	const char *rkey;			/* or NULL */
	Jsonb	   *record;
	bool		typed;			/* its "$type" is the collection for sure */
	const uint8 *data;			/* its DAG-CBOR */
	Size		len;
	const char *status;
	ReadyRecord *ready;			/* of a whole try */
} Making;

typedef void (*MakingStep) (void *making);

static void enter_collection(RecordMaker *maker, const char *collection);
static Jsonb *lookup_lexicon(void *arg, const char *nsid, int len);
static void try_step(void *arg);
static bool is_ours(int sqlstate);
static ErrorData *run_step(MakingStep step, Making *making);
static StringInfo begin_cbor(RecordMaker *maker);
static void encode_step(void *arg);
static void decode_step(void *arg);
static void check_key(RecordMaker *maker, const char *collection,
					  const char *rkey);
static void validate_step(void *arg);
static void check_type(const Jsonb *record, const char *collection);
static void keep_block(Making *making, ErrorData *error, ReadyRecord *ready);
static void finish(Making *making, ErrorData *error, ReadyRecord *ready);

void
record_ready_init(void)
{
	DefineCustomIntVariable("upsert.at_max_record_size",
							"Greatest size of an AT Protocol record, as DAG-CBOR.",
							NULL, &at_max_record_size, 1048576, 1, MaxAllocSize,
							PGC_USERSET, GUC_UNIT_BYTE, NULL, NULL, NULL);
}

/* ----------
 * Names
 * ----------
 */

void
record_check_repo(const char *repo)
{
	if (!syntax_is_at_identifier(repo, strlen(repo)))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid repository: neither a DID nor a handle"),
				 errdetail("The value is \"%s\".", repo),
				 errhint("DIDs look like did:plc:z72i7hdynmk6r22z27h6tvur, handles like alice.example.com.")));
}

AtUri
record_split_uri(const char *str)
{
	AtUri		uri;

	if (!at_uri_split(str, strlen(str), &uri) || uri.rkey.str == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid AT URI of a record"),
				 errdetail("The value is \"%s\".", str),
				 errhint("It has the form at://REPO/COLLECTION/RKEY.")));
	return uri;
}

/* Makes the collection the one whose lexicon is kept; error UP007. */
static void
enter_collection(RecordMaker *maker, const char *collection)
{
	int			len = strlen(collection);

	if (maker->collection != NULL && strcmp(maker->collection, collection) == 0)
		return;
	if (!syntax_is_nsid(collection, len))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid collection: not an NSID"),
				 errdetail("The value is \"%s\".", collection),
				 errhint("NSIDs look like com.example.status.")));
	if (maker->collection != NULL)
		pfree(maker->collection);
	maker->collection = MemoryContextStrdup(maker->context, collection);
	maker->collection_len = len;
	maker->lexicon = NULL;
	maker->lexicon_sought = false;
}

/*
 * A LexiconLookup.  The lexicon of the collection that is written is asked
 * for again and again, and kept; others come from the registry's cache.
 */
static Jsonb *
lookup_lexicon(void *arg, const char *nsid, int len)
{
	RecordMaker *maker = arg;
	MemoryContext old_context;

	if (len != maker->collection_len || memcmp(nsid, maker->collection, len) != 0)
		return lexicon_registry_lookup(nsid, len);
	if (!maker->lexicon_sought)
	{
		old_context = MemoryContextSwitchTo(maker->context);
		maker->lexicon = lexicon_registry_lookup(nsid, len);
		maker->lexicon_sought = true;
		MemoryContextSwitchTo(old_context);
	}
	return maker->lexicon;
}

void
record_check_names(RecordMaker *maker, const char *collection, const char *rkey)
{
	enter_collection(maker, collection);
	if (rkey != NULL && !syntax_is_record_key(rkey, strlen(rkey)))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("invalid record key"),
				 errdetail("The value is \"%s\".", rkey),
				 errhint("Record keys are 1 to 512 characters of A-Z, a-z, 0-9 and ._:~-, and not \".\" or \"..\".")));
}

char *
record_make_key(RecordMaker *maker, const char *collection, bool *fresh)
{
	char	   *literal = NULL;
	char		tid[TID_LENGTH + 1];

	enter_collection(maker, collection);
	*fresh = false;
	switch (lexicon_key_type(collection, lookup_lexicon, maker, &literal))
	{
		case LEXICON_KEY_LITERAL:
			return literal;
		case LEXICON_KEY_NSID:
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_KEY),
					 errmsg("a record of \"%s\" needs a record key", collection),
					 errdetail("The key is an NSID, which cannot be made up.")));
		case LEXICON_KEY_ANY:
		case LEXICON_KEY_TID:
			break;
	}
	tid_next(tid);
	*fresh = true;
	return pstrdup(tid);
}

/* ----------
 * Records
 * ----------
 */

void
record_require_object(const Jsonb *value, const char *what)
{
	if (!JB_ROOT_IS_OBJECT(value))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("%s must be a JSON object", _(what)),
				 errdetail("It is %s.", JB_ROOT_IS_SCALAR(value) ?
						   _("a scalar") : _("an array"))));
}

/* The "$type" must be the collection. */
static void
check_type(const Jsonb *record, const char *collection)
{
	JsonbValue	type;

	if (!doc_get_attribute(record, "$type", &type))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("invalid \"$type\" of a record"),
				 errdetail("Expected \"%s\", there is none.", collection)));
	if (!lexicon_is_string(&type, collection))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("invalid \"$type\" of a record"),
				 type.type == jbvString ?
				 errdetail("Expected \"%s\", got \"%s\".", collection,
						   pnstrdup(type.val.string.val, type.val.string.len)) :
				 errdetail("Expected \"%s\", got something else than a string.",
						   collection),
				 errhint("Leave \"$type\" out, or name the collection.")));
}

Jsonb *
record_fill_type(Jsonb *record, const char *collection, bool *filled)
{
	DocAttribute attribute = {"$type", collection, strlen(collection)};
	Jsonb	   *with_type;

	record_require_object(record, gettext_noop("a record"));
	with_type = doc_fill_attribute(&record->root, VARSIZE(record) - VARHDRSZ,
								   &attribute);
	*filled = with_type != NULL;
	return *filled ? with_type : record;
}

Jsonb *
record_from_element(const DocItem *element, const char *collection, bool *filled)
{
	DocAttribute attribute = {"$type", collection, strlen(collection)};
	Jsonb	   *record;

	if (DOC_ITEM_IS_OBJECT(element))
	{
		record = doc_fill_attribute(DOC_ITEM_CONTAINER(element), element->len,
									&attribute);
		if (record != NULL)
		{
			*filled = true;
			return record;
		}
	}
	return record_fill_type(doc_from_item(element), collection, filled);
}

int
record_compute_cid(Jsonb *record, char cid[CID_TEXT_LENGTH + 1])
{
	StringInfoData cbor;
	uint8		binary[CID_LENGTH];

	initStringInfo(&cbor);
	cbor_encode_record(record, &cbor);
	cid_compute(CID_CODEC_DAG_CBOR, cbor.data, cbor.len, binary);
	cid_to_text(binary, cid);
	pfree(cbor.data);
	return cbor.len;
}

/* Does the error say what is wrong with a record? */
static bool
is_ours(int sqlstate)
{
	return sqlstate == ERRCODE_UPSERT_INVALID_DOCUMENT ||
		sqlstate == ERRCODE_UPSERT_INVALID_IDENTIFIER ||
		sqlstate == ERRCODE_UPSERT_INVALID_KEY ||
		sqlstate == ERRCODE_UPSERT_LIMIT_EXCEEDED ||
		sqlstate == ERRCODE_UNTRANSLATABLE_CHARACTER ||
		sqlstate == ERRCODE_INVALID_PARAMETER_VALUE;	/* option_refuse() */
}

ErrorData *
record_attempt(void (*step) (void *arg), void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		step(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!is_ours(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return error;
}

/* The same if errors are to be reported, else they are raised. */
static ErrorData *
run_step(MakingStep step, Making *making)
{
	if (making->maker->validate == VALIDATE_REPORT)
		return record_attempt(step, making);
	step(making);
	return NULL;
}

/* The bytes of one record at a time; the memory stays. */
static StringInfo
begin_cbor(RecordMaker *maker)
{
	MemoryContext old_context;

	if (maker->cbor.data != NULL)
		resetStringInfo(&maker->cbor);
	else
	{
		old_context = MemoryContextSwitchTo(maker->context);
		initStringInfo(&maker->cbor);
		MemoryContextSwitchTo(old_context);
	}
	return &maker->cbor;
}

static void
encode_step(void *arg)
{
	Making	   *making = arg;
	StringInfo	cbor = begin_cbor(making->maker);

	cbor_encode_record(making->record, cbor);
	making->data = (const uint8 *) cbor->data;
	making->len = cbor->len;
}

static void
decode_step(void *arg)
{
	Making	   *making = arg;
	Jsonb	   *record = cbor_decode_record(making->data, making->len);

	making->record = record;
}

/* Error UP004 if a key does not suit the lexicon. */
static void
check_key(RecordMaker *maker, const char *collection, const char *rkey)
{
	char	   *literal = NULL;
	bool		suits = true;
	int			len = strlen(rkey);

	switch (lexicon_key_type(collection, lookup_lexicon, maker, &literal))
	{
		case LEXICON_KEY_ANY:
			break;
		case LEXICON_KEY_TID:
			suits = tid_is_valid(rkey, len);
			break;
		case LEXICON_KEY_NSID:
			suits = syntax_is_nsid(rkey, len);
			break;
		case LEXICON_KEY_LITERAL:
			suits = strcmp(rkey, literal) == 0;
			break;
	}
	if (!suits)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("record key does not suit the lexicon of \"%s\"",
						collection),
				 errdetail("The value is \"%s\".", rkey),
				 literal != NULL ?
				 errhint("The only key is \"%s\".", literal) : 0));
}

/* Validates a record against its lexicon, as the maker is told. */
static void
validate_step(void *arg)
{
	Making	   *making = arg;
	RecordMaker *maker = making->maker;
	char	   *missing;

	if (!making->typed)
		check_type(making->record, making->collection);
	if (maker->validate == VALIDATE_NEVER)
		return;
	enter_collection(maker, making->collection);
	if (lookup_lexicon(maker, maker->collection, maker->collection_len) == NULL)
		missing = maker->collection;
	else
	{
		if (making->rkey != NULL)
			check_key(maker, making->collection, making->rkey);
		if (lexicon_validate(making->collection, making->record, lookup_lexicon,
							 maker, &missing) == LEXICON_VALID)
		{
			making->status = "valid";
			return;
		}
	}
	if (maker->validate == VALIDATE_ALWAYS)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("record cannot be validated"),
				 errdetail("The lexicon \"%s\" is not registered.", missing),
				 errhint("Register it with at_put_lexicon().")));
	making->status = "unknown";
}

/* A record that has no other form than its bytes stays these. */
static void
keep_block(Making *making, ErrorData *error, ReadyRecord *ready)
{
	if (!making->maker->opaque)
		option_refuse("validate",
					  psprintf(_("A record that only bytes can hold (%s) needs a store with the column \"block\"; create_record_store() makes it with the option \"opaque\"."),
							   error->message));
	making->record = NULL;
	ready->block = palloc(VARHDRSZ + making->len);
	SET_VARSIZE(ready->block, VARHDRSZ + making->len);
	memcpy(VARDATA(ready->block), making->data, making->len);
}

/* From bytes, and a record or what is wrong with them. */
static void
finish(Making *making, ErrorData *error, ReadyRecord *ready)
{
	RecordMaker *maker = making->maker;
	uint8		cid[CID_LENGTH];

	if (making->len > at_max_record_size)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("record is too large"),
				 errdetail("It has %zu bytes as DAG-CBOR, the limit is %d.",
						   making->len, at_max_record_size),
				 errhint("The limit is the setting upsert.at_max_record_size.")));
	maker->size += making->len;
	cid_compute(CID_CODEC_DAG_CBOR, making->data, making->len, cid);
	cid_to_text(cid, ready->cid);
	if (error != NULL)
		keep_block(making, error, ready);
	else
		error = run_step(validate_step, making);
	ready->record = making->record;
	ready->error = error;
	ready->status = error != NULL ? "invalid" : making->status;
}

void
record_make_ready(RecordMaker *maker, const char *collection,
				  const char *rkey, Jsonb *record, bool typed,
				  ReadyRecord *ready)
{
	Making		making = {.maker = maker, .collection = collection,
	.rkey = rkey, .record = record, .typed = typed};
	ErrorData  *error;

	memset(ready, 0, sizeof(ReadyRecord));
	record_require_object(record, gettext_noop("a record"));
	error = run_step(encode_step, &making);
	if (error != NULL)
	{
		StringInfo	cbor = begin_cbor(maker);

		cbor_encode_leniently(record, cbor);
		making.data = (const uint8 *) cbor->data;
		making.len = cbor->len;
	}
	finish(&making, error, ready);
}

void
record_make_ready_block(RecordMaker *maker, const char *collection,
						const char *rkey, const uint8 *data, Size len,
						ReadyRecord *ready)
{
	Making		making = {.maker = maker, .collection = collection,
	.rkey = rkey, .data = data, .len = len};
	ErrorData  *error;

	memset(ready, 0, sizeof(ReadyRecord));
	error = run_step(decode_step, &making);
	if (error != NULL)
		cbor_check_leniently(data, len);
	finish(&making, error, ready);
}

static void
try_step(void *arg)
{
	Making	   *making = arg;

	record_check_names(making->maker, making->collection, making->rkey);
	if (making->data != NULL)
		record_make_ready_block(making->maker, making->collection, making->rkey,
								making->data, making->len, making->ready);
	else
		record_make_ready(making->maker, making->collection, making->rkey,
						  making->record, false, making->ready);
}

ErrorData *
record_try(RecordMaker *maker, const char *collection, const char *rkey,
		   Jsonb *record, ReadyRecord *ready)
{
	Making		making = {.maker = maker, .collection = collection,
	.rkey = rkey, .record = record, .ready = ready};

	return record_attempt(try_step, &making);
}

ErrorData *
record_try_block(RecordMaker *maker, const char *collection, const char *rkey,
				 const uint8 *data, Size len, ReadyRecord *ready)
{
	Making		making = {.maker = maker, .collection = collection,
	.rkey = rkey, .data = data, .len = len, .ready = ready};

	return record_attempt(try_step, &making);
}

bool
record_take_validate(const JsonbValue *value, RecordValidate *validate)
{
	if (lexicon_is_string(value, "report"))
		*validate = VALIDATE_REPORT;
	else if (value->type == jbvBool)
		*validate = value->val.boolean ? VALIDATE_ALWAYS : VALIDATE_NEVER;
	else
		return false;
	return true;
}
