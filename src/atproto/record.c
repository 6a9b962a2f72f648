/*
 * record.c
 *		Writing AT Protocol records with the semantics of com.atproto.repo.
 *
 * Each write goes through the same steps, and each may stop it:
 *
 *		prepare		key, "$type", data model, CID, lexicon		UP004, UP006
 *		  |			(an upsert's record is made while composing)
 *		compose		same CID as stored?							unchanged
 *		  |			must it exist, or not; swapRecord			UP001 - UP003
 *		  |			next revision of the repository (locks it)
 *		store		insert, update or delete the row
 *
 * "Same CID" comes before every check but "must not exist", so that a retry
 * of a write that has succeeded never fails, as in the reference
 * implementation.  Composing may happen more than once, with the row that won
 * a race; nothing is remembered from the time before, so an update merges
 * into the winner's record and no change is lost.
 *
 * The writes of a batch are done in the order of their URIs, so that two
 * batches cannot wait for each other in a circle, and answered in the order
 * given.  This module must not know SQL's argument lists nor JSON's spelling
 * of batches (record_sql.c), nor how a row is written (the store).
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "atproto/cbor.h"
#include "atproto/cid.h"
#include "atproto/lexicon.h"
#include "atproto/lexicon_registry.h"
#include "atproto/record.h"
#include "atproto/record_store.h"
#include "atproto/syntax.h"
#include "base/tid.h"
#include "call/batch.h"
#include "call/condition.h"
#include "compat.h"
#include "jsonb/doc.h"
#include "upsert.h"

/* Settings; the defaults are the protocol's */
static int	at_max_record_size = 1048576;
static int	at_max_writes = 200;
static int	at_max_writes_size = 2000000;

/* One call of record_write() */
typedef struct RecordBatch
{
	RecordStore store;
	Oid			schema;
	const char *repo;
	const RecordOptions *options;
	MemoryContext context;		/* of the answers */
	MemoryContext item_context; /* reset for each write */
	Size		size;			/* of all records, in bytes of DAG-CBOR */
	bool		bounded;		/* the protocol's limits hold */
	RecordWrite *writes;
	RecordWrite *current;		/* the one at hand, or NULL */
	char	   *shared_key;		/* with same_rkey, once one has been made */

	/* the collection written last; its lexicon, if it has been looked up */
	const char *collection;
	int			collection_len;
	bool		lexicon_sought;
	Jsonb	   *lexicon;
} RecordBatch;

/* A record ready to be stored */
typedef struct ReadyRecord
{
	Jsonb	   *record;
	char		cid[CID_TEXT_LENGTH + 1];
} ReadyRecord;

/* What composing works on */
typedef struct ComposeState
{
	RecordBatch *batch;
	RecordWrite *write;
	ReadyRecord ready;			/* unless the record has yet to be made */
} ComposeState;

static void check_repo(const char *repo);
static void check_names(RecordBatch *batch, const RecordWrite *write);
static bool enter_collection(RecordBatch *batch, const char *collection);
static Jsonb *lookup_lexicon(void *arg, const char *nsid, int len);
static void check_key(RecordBatch *batch, RecordWrite *write);
static void make_key(RecordBatch *batch, RecordWrite *write);
static Jsonb *with_type(Jsonb *record, const char *collection);
static void make_ready(RecordBatch *batch, RecordWrite *write, Jsonb *record,
					   ReadyRecord *ready);
static int	compute_cid(Jsonb *record, char cid[CID_TEXT_LENGTH + 1]);
static void validate(RecordBatch *batch, RecordWrite *write, Jsonb *record);
static void require_object(const Jsonb *value, const char *what);
static void check_operation(const RecordWrite *write, bool exists,
							const char *stored_cid);
static void check_swap(const RecordBatch *batch, const RecordWrite *write,
					   bool exists, const char *stored_cid);
static void answer(RecordBatch *batch, RecordWrite *write, const char *cid,
				   const char *rev, Jsonb *old, Jsonb *new);
static StoreVerdict compose(void *arg, TupleTableSlot *old_slot, StoreRow *row);
static StoreVerdict compose_delete(ComposeState *state,
								   const StoredRecord *stored, bool exists);
static void write_one(RecordBatch *batch, RecordWrite *write);
static void describe_write(void *arg);

void
record_init(void)
{
	DefineCustomIntVariable("upsert.at_max_record_size",
							"Greatest size of an AT Protocol record, as DAG-CBOR.",
							NULL, &at_max_record_size, 1048576, 1, MaxAllocSize,
							PGC_USERSET, GUC_UNIT_BYTE, NULL, NULL, NULL);
	DefineCustomIntVariable("upsert.at_max_writes",
							"Greatest number of writes in one at_apply_writes().",
							NULL, &at_max_writes, 200, 1, PG_INT32_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("upsert.at_max_writes_size",
							"Greatest size of all records in one at_apply_writes(), as DAG-CBOR.",
							NULL, &at_max_writes_size, 2000000, 1, PG_INT32_MAX,
							PGC_USERSET, GUC_UNIT_BYTE, NULL, NULL, NULL);
}

static void
check_repo(const char *repo)
{
	if (!syntax_is_at_identifier(repo, strlen(repo)))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid repository: neither a DID nor a handle"),
				 errdetail("The value is \"%s\".", repo),
				 errhint("DIDs look like did:plc:z72i7hdynmk6r22z27h6tvur, handles like alice.example.com.")));
}

/* Takes note of the collection that is written now; true if it is another. */
static bool
enter_collection(RecordBatch *batch, const char *collection)
{
	if (batch->collection != NULL && strcmp(batch->collection, collection) == 0)
		return false;
	batch->collection = collection;
	batch->collection_len = strlen(collection);
	batch->lexicon = NULL;
	batch->lexicon_sought = false;
	return true;
}

/*
 * A LexiconLookup.  The lexicon of the collection that is written is asked
 * for again and again, and kept; others come from the registry's cache.
 */
static Jsonb *
lookup_lexicon(void *arg, const char *nsid, int len)
{
	RecordBatch *batch = arg;
	MemoryContext old_context;

	if (len != batch->collection_len || memcmp(nsid, batch->collection, len) != 0)
		return lexicon_registry_lookup(&batch->schema, nsid, len);
	if (!batch->lexicon_sought)
	{
		old_context = MemoryContextSwitchTo(batch->context);
		batch->lexicon = lexicon_registry_lookup(&batch->schema, nsid, len);
		batch->lexicon_sought = true;
		MemoryContextSwitchTo(old_context);
	}
	return batch->lexicon;
}

/* Checks the syntax of collection and record key. */
static void
check_names(RecordBatch *batch, const RecordWrite *write)
{
	if (enter_collection(batch, write->collection) &&
		!syntax_is_nsid(batch->collection, batch->collection_len))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_IDENTIFIER),
				 errmsg("invalid collection: not an NSID"),
				 errdetail("The value is \"%s\".", write->collection),
				 errhint("NSIDs look like com.example.status.")));
	if (write->rkey != NULL &&
		!syntax_is_record_key(write->rkey, strlen(write->rkey)))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("invalid record key"),
				 errdetail("The value is \"%s\".", write->rkey),
				 errhint("Record keys are 1 to 512 characters of A-Z, a-z, 0-9 and ._:~-, and not \".\" or \"..\".")));
}

/* Makes a key for a record without one, by the collection's key type. */
static void
make_key(RecordBatch *batch, RecordWrite *write)
{
	char	   *literal = NULL;
	char		tid[TID_LENGTH + 1];

	switch (lexicon_key_type(write->collection, lookup_lexicon, batch,
							 &literal))
	{
		case LEXICON_KEY_LITERAL:
			write->rkey = literal;
			return;
		case LEXICON_KEY_NSID:
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_KEY),
					 errmsg("a record of \"%s\" needs a record key",
							write->collection),
					 errdetail("The key is an NSID, which cannot be made up.")));
		case LEXICON_KEY_ANY:
		case LEXICON_KEY_TID:
			break;
	}
	tid_next(tid);
	write->rkey = pstrdup(tid);
	write->fresh = true;
}

/* Does the record key suit the collection's key type? */
static void
check_key(RecordBatch *batch, RecordWrite *write)
{
	char	   *literal = NULL;
	bool		suits = true;
	int			len = strlen(write->rkey);

	if (batch->options->validate == VALIDATE_NEVER)
		return;
	switch (lexicon_key_type(write->collection, lookup_lexicon, batch,
							 &literal))
	{
		case LEXICON_KEY_ANY:
			break;
		case LEXICON_KEY_TID:
			suits = tid_is_valid(write->rkey, len);
			break;
		case LEXICON_KEY_NSID:
			suits = syntax_is_nsid(write->rkey, len);
			break;
		case LEXICON_KEY_LITERAL:
			suits = strcmp(write->rkey, literal) == 0;
			break;
	}
	if (!suits)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_KEY),
				 errmsg("record key does not suit the lexicon of \"%s\"",
						write->collection),
				 errdetail("The value is \"%s\".", write->rkey),
				 literal != NULL ?
				 errhint("The only key is \"%s\".", literal) : 0));
}

static void
require_object(const Jsonb *value, const char *what)
{
	if (!JB_ROOT_IS_OBJECT(value))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("%s must be a JSON object", _(what)),
				 errdetail("It is %s.", JB_ROOT_IS_SCALAR(value) ?
						   _("a scalar") : _("an array"))));
}

/*
 * The record with "$type" filled in; an error if it is of another type, or no
 * object.
 */
static Jsonb *
with_type(Jsonb *record, const char *collection)
{
	JsonbValue	type;
	DocAttribute attribute = {"$type", collection, strlen(collection)};

	require_object(record, gettext_noop("a record"));
	if (!doc_get_attribute(record, "$type", &type))
		return doc_add_attributes(record, &attribute, 1);
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
	return record;
}

/* Writes the CID of a record and returns its size in bytes of DAG-CBOR. */
static int
compute_cid(Jsonb *record, char cid[CID_TEXT_LENGTH + 1])
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

/* Validates a record against its lexicon, as the options say. */
static void
validate(RecordBatch *batch, RecordWrite *write, Jsonb *record)
{
	char	   *missing;

	if (batch->options->validate == VALIDATE_NEVER)
		return;
	if (lexicon_validate(write->collection, record, lookup_lexicon, batch,
						 &missing) == LEXICON_VALID)
	{
		write->status = "valid";
		return;
	}
	if (batch->options->validate == VALIDATE_ALWAYS)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("record cannot be validated"),
				 errdetail("The lexicon \"%s\" is not registered.", missing),
				 errhint("Register it with at_put_lexicon().")));
	write->status = "unknown";
}

/*
 * Makes a record ready to be stored, from with_type(), or raises what is wrong
 * with it.
 */
static void
make_ready(RecordBatch *batch, RecordWrite *write, Jsonb *record,
		   ReadyRecord *ready)
{
	int			size;

	ready->record = record;
	size = compute_cid(ready->record, ready->cid);
	if (size > at_max_record_size)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("record is too large"),
				 errdetail("It has %d bytes as DAG-CBOR, the limit is %d.",
						   size, at_max_record_size),
				 errhint("The limit is the setting upsert.at_max_record_size.")));
	batch->size += size;
	validate(batch, write, ready->record);
}

/* What the operation itself asks of the record that is there, or is not. */
static void
check_operation(const RecordWrite *write, bool exists, const char *stored_cid)
{
	Condition	condition = {"record", write->uri};
	Refusal		why;

	condition.given = write->op == RECORD_CREATE;
	condition.must_exist = write->op == RECORD_UPDATE ||
		(write->op == RECORD_DELETE && write->must_exist);
	if (condition_holds(&condition, exists, stored_cid, &why))
		return;
	if (stored_cid == NULL)
		why.detail = NULL;
	why.hint = write->op == RECORD_CREATE ? "at_put_record() replaces it." :
		write->op == RECORD_UPDATE ? "at_put_record() creates it." : NULL;
	refusal_raise(&why);
}

/* Checks "swapRecord" against what is stored. */
static void
check_swap(const RecordBatch *batch, const RecordWrite *write, bool exists,
		   const char *stored_cid)
{
	const RecordOptions *options = batch->options;
	Condition	condition = {"record", write->uri, "swapRecord", "cid"};
	Refusal		why;

	condition.given = options->swap != SWAP_ANY;
	condition.expected = options->swap == SWAP_CID ? options->swap_cid : NULL;
	if (!condition_holds(&condition, exists, stored_cid, &why))
		refusal_raise(&why);
}

static char *
copy_string(const char *str)
{
	return str == NULL ? NULL : pstrdup(str);
}

static Jsonb *
copy_record(const Jsonb *record)
{
	Jsonb	   *copy;

	if (record == NULL)
		return NULL;
	copy = palloc(VARSIZE(record));
	memcpy(copy, record, VARSIZE(record));
	return copy;
}

/* Puts the answer where it outlives the store's item. */
static void
answer(RecordBatch *batch, RecordWrite *write, const char *cid,
	   const char *rev, Jsonb *old, Jsonb *new)
{
	MemoryContext old_context = MemoryContextSwitchTo(batch->context);

	write->cid = copy_string(cid);
	write->rev = copy_string(rev);
	write->old = copy_record(old);
	if (new == write->record)
		write->new = new;		/* of the batch's context already */
	else
		write->new = new == old ? write->old : copy_record(new);
	MemoryContextSwitchTo(old_context);
}

static StoreVerdict
compose_delete(ComposeState *state, const StoredRecord *stored, bool exists)
{
	RecordBatch *batch = state->batch;
	RecordWrite *write = state->write;

	if (!exists)
	{
		answer(batch, write, NULL, NULL, NULL, NULL);
		return STORE_KEEP;
	}
	check_swap(batch, write, true, stored->cid);
	answer(batch, write, NULL, record_store_rev(&batch->store, stored->rev),
		   stored->record, NULL);
	return STORE_REMOVE;
}

/* Says what becomes of a row; see StoreCompose. */
static StoreVerdict
compose(void *arg, TupleTableSlot *old_slot, StoreRow *row)
{
	ComposeState *state = arg;
	RecordBatch *batch = state->batch;
	RecordWrite *write = state->write;
	const RecordColumns *columns = &batch->store.columns;
	StoredRecord stored = record_store_read(&batch->store, old_slot);
	bool		exists = old_slot != NULL;
	bool		cid_stored = stored.cid != NULL;
	ReadyRecord ready = state->ready;
	const char *rev;

	/* a row without a CID has the one of its record, should somebody ask */
	if (stored.record != NULL && !cid_stored &&
		batch->options->swap == SWAP_CID)
	{
		stored.cid = palloc(CID_TEXT_LENGTH + 1);
		(void) compute_cid(stored.record, stored.cid);
	}

	check_operation(write, exists, stored.cid);
	if (write->op == RECORD_DELETE)
		return compose_delete(state, &stored, exists);
	if (write->op == RECORD_UPSERT)
	{
		ExprBindings bindings = {.old = stored.record, .bind = write->bind};
		Jsonb	   *record;

		if (stored.record != NULL)
		{
			record = expr_eval(write->update, &bindings);
			require_object(record, gettext_noop("an update"));
			record = doc_merge(stored.record, record,
							   batch->options->keep_null,
							   batch->options->merge_objects);
		}
		else
			record = expr_eval(write->insert, &bindings);
		make_ready(batch, write, with_type(record, write->collection), &ready);
	}

	if (cid_stored && strcmp(stored.cid, ready.cid) == 0)
	{
		answer(batch, write, stored.cid, stored.rev, stored.record,
			   stored.record);
		return STORE_KEEP;
	}
	check_swap(batch, write, exists, stored.cid);

	rev = record_store_rev(&batch->store, stored.rev);
	if (!exists)
	{
		record_store_set(row, columns->uri, write->uri);
		record_store_set(row, columns->repo, batch->repo);
		record_store_set(row, columns->collection, write->collection);
		record_store_set(row, columns->rkey, write->rkey);
		record_store_set_time(row, columns->created_at);
	}
	record_store_set_time(row, columns->indexed_at);
	record_store_set(row, columns->cid, ready.cid);
	if (rev != NULL)
		record_store_set(row, columns->rev, rev);
	store_row_set(row, columns->record, JsonbPGetDatum(ready.record), false);
	answer(batch, write, ready.cid, rev, stored.record, ready.record);
	return STORE_WRITE;
}

const char *
record_status(Oid schema, const char *collection, Jsonb *record)
{
	RecordOptions options = {.validate = VALIDATE_IF_KNOWN};
	RecordBatch batch = {.schema = schema, .options = &options,
	.context = CurrentMemoryContext};
	RecordWrite write = {.op = RECORD_PUT, .collection = unconstify(char *, collection)};
	ReadyRecord ready;

	check_names(&batch, &write);
	make_ready(&batch, &write, with_type(record, collection), &ready);
	return write.status;
}

/* Adds the record to an error's context. */
static void
describe_write(void *arg)
{
	RecordBatch *batch = arg;

	if (batch->current && batch->current->uri)
		errcontext("record \"%s\"", batch->current->uri);
}

/* Does one write that has been prepared. */
static void
write_one(RecordBatch *batch, RecordWrite *write)
{
	ComposeState state = {batch, write};
	Datum		key = CStringGetTextDatum(write->uri);

	(void) enter_collection(batch, write->collection);
	if (write->record != NULL)
	{
		MemoryContext old_context = MemoryContextSwitchTo(batch->context);

		write->record = with_type(write->record, write->collection);
		MemoryContextSwitchTo(old_context);
		make_ready(batch, write, write->record, &state.ready);
	}
	write->action = outcome_of_store(store_apply(batch->store.store,
												 write->fresh ? NULL : &key, NULL,
												 compose, &state), false);
	if (write->action == UPSERT_IGNORED)
	{
		/* a trigger would not have it; what is stored, if anything, stays */
		write->cid = write->rev = NULL;
		write->new = NULL;
	}
}

/* ----------
 * The door of a batch
 * ----------
 */

static bool
write_keyed(void *arg, int item)
{
	return true;
}

static int
write_compare(void *arg, int a, int b)
{
	RecordBatch *batch = arg;

	return strcmp(batch->writes[a].uri, batch->writes[b].uri);
}

static const char *
write_bytes(void *arg, int item, int *len)
{
	const char *uri = ((RecordBatch *) arg)->writes[item].uri;

	*len = strlen(uri);
	return uri;
}

static char *
write_text(void *arg, int item)
{
	return ((RecordBatch *) arg)->writes[item].uri;
}

/* Checks the names of a write, and makes the key that it has not. */
static void
prepare_write(void *arg, int item)
{
	RecordBatch *batch = arg;
	RecordWrite *write = &batch->writes[item];

	check_names(batch, write);
	if (write->rkey == NULL)
		write->rkey = batch->shared_key;
	if (write->rkey == NULL)
	{
		make_key(batch, write);
		if (batch->options->same_rkey)
			batch->shared_key = write->rkey;
	}
	if (write->op != RECORD_DELETE)
		check_key(batch, write);
	write->uri = at_uri_join(batch->repo, write->collection, write->rkey);
}

static void
apply_write(void *arg, int item)
{
	RecordBatch *batch = arg;
	MemoryContext old_context = MemoryContextSwitchTo(batch->item_context);

	batch->current = &batch->writes[item];
	write_one(batch, batch->current);
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(batch->item_context);
	if (batch->bounded && batch->size > at_max_writes_size)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("writes are too large"),
				 errdetail("Their records have more than %d bytes as DAG-CBOR.",
						   at_max_writes_size),
				 errhint("The limit is the setting upsert.at_max_writes_size.")));
	batch->current = NULL;
}

static const BatchDoor records_door = {
	.keyed = write_keyed,
	.compare = write_compare,
	.bytes = write_bytes,
	.text = write_text,
	.apply = apply_write
};

void
record_write(Oid relid, Oid schema, const char *repo,
			 const RecordOptions *options, bool bounded,
			 RecordWrite *writes, int nwrites)
{
	RecordBatch batch = {.schema = schema, .repo = repo, .options = options,
		.context = CurrentMemoryContext, .bounded = bounded, .writes = writes};
	Batch		b = {.door = &records_door, .arg = &batch, .n = nwrites,
		.single = !options->batch};
	ErrorContextCallback callback = {.callback = describe_write,
		.arg = &batch, .previous = error_context_stack};

	if (bounded && nwrites > at_max_writes)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("too many writes"),
				 errdetail("There are %d, the limit is %d.", nwrites,
						   at_max_writes),
				 errhint("The limit is the setting upsert.at_max_writes.")));

	check_repo(repo);
	batch_prepare(&b, prepare_write, false);
	batch.item_context = AllocSetContextCreate(CurrentMemoryContext, "upsert record",
											   ALLOCSET_DEFAULT_SIZES);
	record_store_open(&batch.store, relid, repo, options->dry_run);
	if (!options->batch)
		error_context_stack = &callback;
	batch_run(&b);
	error_context_stack = callback.previous;
	record_store_close(&batch.store);
}
