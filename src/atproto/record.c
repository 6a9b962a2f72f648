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

#include "atproto/record.h"
#include "atproto/record_store.h"
#include "atproto/refs.h"
#include "atproto/syntax.h"
#include "base/namedtext.h"
#include "base/tid.h"
#include "call/batch.h"
#include "call/condition.h"
#include "compat.h"
#include "jsonb/doc.h"
#include "upsert.h"

/* Settings; the defaults are the protocol's */
static int	at_max_writes = 200;
static int	at_max_writes_size = 2000000;

/* One call of record_write() */
typedef struct RecordBatch
{
	RecordStore store;
	const char *repo;
	const RecordOptions *options;
	RecordMaker maker;
	Datum		repo_text;
	const char *collection;		/* of the record before, and its text */
	Datum		collection_text;
	char	   *rev;			/* likewise; a text as well */
	Refs	   *refs;			/* NULL: none are kept */
	MemoryContext context;		/* of the answers */
	bool		bounded;		/* the protocol's limits hold */
	RecordWrite *writes;
	RecordWrite *current;		/* the one at hand, or NULL */
	char	   *shared_key;		/* with same_rkey, once one has been made */
	Batch	   *batch;
	bool		waits;			/* records that are new may wait */
} RecordBatch;

/* What composing works on */
typedef struct ComposeState
{
	RecordBatch *batch;
	RecordWrite *write;
	ReadyRecord ready;			/* unless the record has yet to be made */
} ComposeState;

static void check_operation(const RecordWrite *write, bool exists,
							const char *stored_cid);
static void check_seen(const RecordWrite *write, bool exists,
					   const char *stored_cid);
static void check_swap(const RecordBatch *batch, const RecordWrite *write,
					   bool exists, const char *stored_cid);
static ErrorData *keep_error(RecordBatch *batch, ErrorData *error);
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
	record_ready_init();
	DefineCustomIntVariable("upsert.at_max_writes",
							"Greatest number of writes in one at_apply_writes().",
							NULL, &at_max_writes, 200, 1, PG_INT32_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("upsert.at_max_writes_size",
							"Greatest size of all records in one at_apply_writes(), as DAG-CBOR.",
							NULL, &at_max_writes_size, 2000000, 1, PG_INT32_MAX,
							PGC_USERSET, GUC_UNIT_BYTE, NULL, NULL, NULL);
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

/*
 * Is it what the caller has read?  That it is what is to be written now does
 * not count: two who add one to the same number have lost one.  Who would
 * delete it need not mind that it is gone.
 */
static void
check_seen(const RecordWrite *write, bool exists, const char *stored_cid)
{
	if (!write->guarded)
		return;
	if (!exists && (write->seen == NULL || write->op == RECORD_DELETE))
		return;
	if (exists && stored_cid != NULL && write->seen != NULL &&
		strcmp(write->seen, stored_cid) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("record \"%s\" was changed after it had been read", write->uri),
			 errdetail("Read was CID %s, stored is %s.",
					   write->seen != NULL ? write->seen : "(none)",
					   stored_cid != NULL ? stored_cid : "(none)"),
			 errhint("The transaction might succeed if retried.")));
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

/* The error, where the answer is. */
static ErrorData *
keep_error(RecordBatch *batch, ErrorData *error)
{
	MemoryContext old_context = MemoryContextSwitchTo(batch->context);
	ErrorData  *copy = palloc0(sizeof(ErrorData));

	copy->sqlerrcode = error->sqlerrcode;
	copy->message = copy_string(error->message);
	copy->detail = copy_string(error->detail);
	MemoryContextSwitchTo(old_context);
	return copy;
}

/* A revision as a text; that of the record before, where it is the same. */
static char *
rev_text(RecordBatch *batch, const char *rev)
{
	if (batch->rev == NULL || strcmp(batch->rev, rev) != 0)
		batch->rev = named_text(rev, strlen(rev));
	return batch->rev;
}

/* Puts the answer where it outlives the store's item. */
static void
answer(RecordBatch *batch, RecordWrite *write, const char *cid,
	   const char *rev, Jsonb *old, Jsonb *new)
{
	MemoryContext old_context = MemoryContextSwitchTo(batch->context);

	write->cid = cid == NULL ? NULL : named_text(cid, strlen(cid));
	write->rev = rev == NULL ? NULL : rev_text(batch, rev);
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

/* The columns of a new row that say where it belongs. */
static void
set_place(RecordBatch *batch, RecordWrite *write, StoreRow *row)
{
	const RecordColumns *columns = &batch->store.columns;

	if (batch->collection != write->collection)
	{
		MemoryContext old_context = MemoryContextSwitchTo(batch->context);

		batch->collection = write->collection;
		batch->collection_text = CStringGetTextDatum(write->collection);
		MemoryContextSwitchTo(old_context);
	}
	record_store_set_text(row, columns->uri, named_text_datum(write->uri));
	record_store_set_text(row, columns->repo, batch->repo_text);
	record_store_set_text(row, columns->collection, batch->collection_text);
	record_store_set(row, columns->rkey, write->rkey);
	record_store_set_time(row, columns->created_at);
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
		(batch->options->swap == SWAP_CID || write->guarded))
	{
		stored.cid = palloc(CID_TEXT_LENGTH + 1);
		(void) record_compute_cid(stored.record, stored.cid);
	}

	check_seen(write, exists, stored.cid);
	check_operation(write, exists, stored.cid);
	if (write->op == RECORD_DELETE)
		return compose_delete(state, &stored, exists);
	if (write->op == RECORD_UPSERT)
	{
		ExprBindings bindings = {.old = stored.record, .bind = write->bind,
		.missing_absent = batch->options->missing_bind == MISSING_BIND_ABSENT};
		Jsonb	   *record;
		bool		filled;

		if (exists && stored.record == NULL && columns->block != InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
					 errmsg("record \"%s\" cannot be merged into", write->uri),
					 errdetail("It is stored as bytes that are no record."),
					 errhint("at_put_record() replaces it.")));
		if (stored.record != NULL)
		{
			record = expr_eval(write->update, &bindings);
			record_require_object(record, gettext_noop("an update"));
			record = doc_merge(stored.record, record,
							   batch->options->keep_null,
							   batch->options->merge_objects);
		}
		else
			record = expr_eval(write->insert, &bindings);
		record = record_fill_type(record, write->collection, &filled);
		record_make_ready(&batch->maker, write->collection, write->rkey,
						  record, filled, &ready);
	}

	write->status = ready.status;
	write->error = ready.error == NULL ? NULL : keep_error(batch, ready.error);
	if (cid_stored && strcmp(stored.cid, ready.cid) == 0)
	{
		answer(batch, write, stored.cid, stored.rev, stored.record,
			   stored.record);
		return STORE_KEEP;
	}
	check_swap(batch, write, exists, stored.cid);

	rev = record_store_rev(&batch->store, stored.rev);
	answer(batch, write, ready.cid, rev, stored.record, ready.record);
	if (!exists)
		set_place(batch, write, row);
	record_store_set_time(row, columns->indexed_at);
	record_store_set_text(row, columns->cid, named_text_datum(write->cid));
	if (rev != NULL)
		record_store_set_text(row, columns->rev, named_text_datum(write->rev));
	record_store_set_content(row, columns, ready.record, ready.block);
	return STORE_WRITE;
}

const char *
record_status(const char *collection, Jsonb *record)
{
	RecordMaker maker = {.validate = VALIDATE_IF_KNOWN,
	.context = CurrentMemoryContext};
	ReadyRecord ready;
	bool		filled;

	record_check_names(&maker, collection, NULL);
	record = record_fill_type(record, collection, &filled);
	record_make_ready(&maker, collection, NULL, record, filled, &ready);
	return ready.status;
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
	Datum		key[2] = {named_text_datum(write->uri), batch->repo_text};

	if (write->record != NULL || write->element.data != NULL)
	{
		MemoryContext old_context = MemoryContextSwitchTo(batch->context);
		bool		filled;

		if (write->record != NULL)
			write->record = record_fill_type(write->record, write->collection,
											 &filled);
		else
			write->record = record_from_element(&write->element,
												write->collection, &filled);
		MemoryContextSwitchTo(old_context);
		record_make_ready(&batch->maker, write->collection, write->rkey,
						  write->record, filled, &state.ready);
	}
	else if (write->block != NULL)
		record_make_ready_block(&batch->maker, write->collection, write->rkey,
								(const uint8 *) VARDATA_ANY(write->block),
								VARSIZE_ANY_EXHDR(write->block), &state.ready);
	write->action = outcome_of_store(store_apply(batch->store.store,
												 write->fresh ? NULL : key, NULL,
												 compose, &state), false);
	if (write->action == UPSERT_IGNORED)
	{
		/* a trigger would not have it; what is stored, if anything, stays */
		write->cid = write->rev = NULL;
		write->new = NULL;
		return;
	}
	if (write->action != UPSERT_UNCHANGED)
		refs_change(batch->refs, write->uri, write->old, write->new);
	if (write->error == NULL || write->warned)
		return;
	write->warned = true;
	ereport(WARNING,
			(errcode(write->error->sqlerrcode),
			 errmsg("record \"%s\" is invalid: %s",
					write->uri, write->error->message),
			 write->error->detail != NULL ?
			 errdetail_internal("%s", write->error->detail) : 0));
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

	record_check_names(&batch->maker, write->collection, write->rkey);
	if (write->rkey == NULL)
		write->rkey = batch->shared_key;
	if (write->rkey == NULL)
	{
		write->rkey = record_make_key(&batch->maker, write->collection,
									  &write->fresh);
		if (batch->options->same_rkey)
			batch->shared_key = write->rkey;
	}
	write->uri = at_uri_join(batch->repo, write->collection, write->rkey);
}

static void
apply_write(void *arg, int item)
{
	RecordBatch *batch = arg;
	RecordWrite *at_hand = batch->current;	/* while this one is done again */

	batch->current = &batch->writes[item];
	if (at_hand == NULL && batch->waits)
		store_next(batch->store.store, batch_position(batch->batch));
	write_one(batch, batch->current);
	if (batch->bounded && batch->maker.size > at_max_writes_size)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("writes are too large"),
				 errdetail("Their records have more than %d bytes as DAG-CBOR.",
						   at_max_writes_size),
				 errhint("The limit is the setting upsert.at_max_writes_size.")));
	batch->current = at_hand;
}

static void
flush_writes(void *arg)
{
	store_flush(((RecordBatch *) arg)->store.store);
}

/*
 * May records wait that are not there?  That they are not must lead to nothing
 * but their insertion, nobody must look at the store for them, nor rows of
 * others be locked before their own.
 */
static bool
may_wait(const RecordBatch *batch, int n)
{
	if (batch->bounded || !batch->options->batch ||
		batch->options->swap != SWAP_ANY)
		return false;
	for (int i = 0; i < n; i++)
	{
		const RecordWrite *write = &batch->writes[i];

		if (write->guarded ||
			(write->op != RECORD_CREATE && write->op != RECORD_PUT))
			return false;
	}
	return true;
}

static const BatchDoor records_door = {
	.keyed = write_keyed,
	.compare = write_compare,
	.bytes = write_bytes,
	.text = write_text,
	.apply = apply_write,
	.flush = flush_writes
};

void
record_write(Oid relid, const char *repo,
			 const RecordOptions *options, bool bounded,
			 RecordWrite *writes, int nwrites)
{
	RecordBatch batch = {.repo = repo, .options = options,
		.maker = {.validate = options->validate,
		.context = CurrentMemoryContext},
	.context = CurrentMemoryContext, .bounded = bounded, .writes = writes};
	Batch		b = {.door = &records_door, .arg = &batch, .n = nwrites,
	.single = !options->batch};
	ErrorContextCallback callback = {.callback = describe_write,
	.arg = &batch, .previous = error_context_stack};
	StoreLevel *level = NULL;
	StoreWaiting waiting;

	if (bounded && nwrites > at_max_writes)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("too many writes"),
				 errdetail("There are %d, the limit is %d.", nwrites,
						   at_max_writes),
				 errhint("The limit is the setting upsert.at_max_writes.")));

	record_check_repo(repo);
	batch_prepare(&b, prepare_write, false);
	b.item_context = AllocSetContextCreate(CurrentMemoryContext, "upsert record",
										   ALLOCSET_DEFAULT_SIZES);
	if (!options->dry_run && refs_are_kept(relid))
		level = store_level_begin();
	batch.batch = &b;
	batch.repo_text = CStringGetTextDatum(repo);
	batch.waits = level == NULL && may_wait(&batch, nwrites);
	batch_waiting(&b, &waiting);
	record_store_open(&batch.store, relid, repo, options->dry_run,
					  options->force, level, batch.waits ? &waiting : NULL);
	if (level != NULL)
		batch.refs = refs_open(relid, level);
	batch.maker.opaque = batch.store.columns.block != InvalidAttrNumber;
	if (!options->batch)
		error_context_stack = &callback;
	batch_run(&b);
	error_context_stack = callback.previous;
	refs_close(batch.refs);
	record_store_close(&batch.store);
	if (level != NULL)
		store_level_end(level);
}
