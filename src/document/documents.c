/*
 * documents.c
 *		Many documents in one call.
 *
 *		items	[ c ][ a ][ - ][ b ][ a ]	as they came ("-": no key yet)
 *					call/batch.c puts them in order and goes through them
 *		answers	[   ][   ][   ][   ][   ]	beside the items
 *
 * Documents are taken apart when the batch runs.  What is wrong with one is
 * found without a subtransaction: request_prepare() raises nothing where
 * errors are answers.
 *
 * Where the collection has shards, the order is that of the shards, and within
 * each that of the keys: so it is for all roads, and no two of them deadlock.
 * The parts go to their nodes (route.h), or all is applied here.
 */
#include "postgres.h"

#include "catalog/pg_collation_d.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "call/batch.h"
#include "call/excerpt.h"
#include "document/documents.h"
#include "document/request.h"
#include "document/route.h"
#include "jsonb/doc.h"

/* A message to a shard is not much longer, but with all items of a key. */
#define PART_BYTES (32 * 1024 * 1024)

/* So many searches a batch locks one by one. */
#define MAX_SEARCHES 100

typedef struct DocumentItem
{
	Jsonb	   *doc;
	DocumentRequest request;
	Answer		answer;
	int			shard;			/* of its key, where the collection has such */
	bool		sent;			/* it was counted where it was applied */
} DocumentItem;

struct DocumentBatch
{
	Batch		batch;
	const UpsertOptions *options;
	bool		need_keys;
	bool		keep;			/* build answers, not only outcomes */
	const Collection *collection;
	DocumentBy *by;				/* NULL: documents are found by key */
	Relation	held;			/* from the first key that is parsed on */
	const Distribution *distribution;	/* NULL: all rows are in one place */
	bool		alone;			/* nothing else is to be done */
	Route	   *route;			/* to its shards; NULL: all are applied here */
	DocumentStore *store;		/* of all runs, or of the group at hand */
	DocumentStore *outer;		/* that of all runs, while one is apart */
	bool		in_parts;		/* there are several runs */
	bool		was_apart;		/* the last one was in a subtransaction */
	MemoryContext context;		/* of the batch */
	MemoryContext items_context;	/* reset by documents_reset() */

	DocumentItem *items;
	int64	   *places;			/* of the items, in the caller's input */
	int			size;
	StoreWaiting waiting;		/* documents that are new */
	DocumentSummary summary;
};

static const BatchDoor documents_door;

static DocumentBatch *begin(Oid relid, const UpsertOptions *options, bool keep,
							bool here);

DocumentBatch *
documents_begin(Oid relid, const UpsertOptions *options, bool keep)
{
	return begin(relid, options, keep, false);
}

static DocumentBatch *
begin(Oid relid, const UpsertOptions *options, bool keep, bool here)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "upsert batch",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	DocumentBatch *b = palloc0(sizeof(DocumentBatch));

	b->options = options;
	b->keep = keep;
	b->context = context;
	b->items_context = AllocSetContextCreate(context, "upsert batch items",
											 ALLOCSET_DEFAULT_SIZES);
	b->batch.item_context = AllocSetContextCreate(context, "upsert batch item",
												  ALLOCSET_DEFAULT_SIZES);
	b->held = collection_hold(relid);
	b->collection = collection_resolve(relid);
	b->batch.door = &documents_door;
	b->batch.arg = b;
	b->distribution = distribution_of(b->held);
	if (b->distribution && b->distribution->column != b->collection->key_attno)
		b->distribution = NULL;
	if (options->by)
		b->by = by_open(b->collection, b->held, options->by);
	else if (b->distribution)
		b->batch.first_type = INT4OID;
	else
	{
		b->batch.first_type = b->collection->key_type;
		b->batch.first_collation = b->collection->key_collation;
		b->batch.bytes_are_keys = b->collection->key_collation == C_COLLATION_OID;
	}
	b->batch.relid = options->dry_run ? InvalidOid : relid;
	if (b->distribution && !here)
		b->route = route_open(b->collection, b->held, options);
	b->batch.ignore_errors = options->ignore_errors;
	b->batch.duplicates = options->duplicates;
	batch_waiting(&b->batch, &b->waiting);
	if (!options->ignore_errors && b->route == NULL)
		b->store = request_open(b->collection, options, b->by, keep, &b->waiting);
	MemoryContextSwitchTo(oldcontext);
	return b;
}

const DocumentBy *
documents_by(const DocumentBatch *b)
{
	return b->by;
}

const Collection *
documents_collection(const DocumentBatch *b)
{
	return b->collection;
}

bool
documents_has_shards(const DocumentBatch *b)
{
	return b->distribution != NULL && b->by == NULL;
}

int
documents_shard(const DocumentBatch *b, Datum key)
{
	return distribution_shard(b->distribution, b->held, key);
}

void
documents_in_parts(DocumentBatch *b)
{
	b->in_parts = true;
}

bool
documents_was_apart(const DocumentBatch *b)
{
	return b->was_apart;
}

void
documents_need_keys(DocumentBatch *b)
{
	b->need_keys = true;
}

void
documents_single(DocumentBatch *b)
{
	b->batch.single = true;
}

void
documents_alone(DocumentBatch *b)
{
	b->alone = true;
}

void
documents_add(DocumentBatch *b, Jsonb *doc, int64 place)
{
	int			i = b->batch.n;

	CHECK_FOR_INTERRUPTS();
	if (i == b->size)
	{
		Size		size = b->size ? b->size * 2 : 1024;

		b->items = b->size ?
			repalloc_huge(b->items, sizeof(DocumentItem) * size) :
			MemoryContextAllocHuge(b->items_context, sizeof(DocumentItem) * size);
		b->places = b->size ?
			repalloc_huge(b->places, sizeof(int64) * size) :
			MemoryContextAllocHuge(b->items_context, sizeof(int64) * size);
		b->size = size;
	}
	memset(&b->items[i], 0, sizeof(DocumentItem));
	b->items[i].doc = doc;
	b->places[i] = place;
	b->batch.n++;
}

void
documents_add_keyed(DocumentBatch *b, Jsonb *doc, Datum key, int64 place)
{
	DocumentItem *item;

	documents_add(b, doc, place);
	item = &b->items[b->batch.n - 1];
	item->request.has_key = true;
	item->request.key = key;
}

/* ----------
 * The door
 * ----------
 */

/* Items that have values to be found by count as keyed by these. */
static bool
document_keyed(void *arg, int item)
{
	const DocumentRequest *r = &((DocumentBatch *) arg)->items[item].request;

	return ((DocumentBatch *) arg)->by ? r->by_values != NULL : r->has_key;
}

static int
document_compare(void *arg, int a, int b)
{
	DocumentBatch *batch = arg;

	if (batch->by)
		return by_compare(batch->items[a].request.by_values,
						  batch->items[b].request.by_values);
	if (batch->items[a].shard != batch->items[b].shard)
		return batch->items[a].shard < batch->items[b].shard ? -1 : 1;
	return collection_key_compare(batch->collection,
								  batch->items[a].request.key,
								  batch->items[b].request.key);
}

static Datum
document_first(void *arg, int item, bool *isnull)
{
	const DocumentBatch *b = arg;

	*isnull = false;
	return b->distribution ? Int32GetDatum(b->items[item].shard) : b->items[item].request.key;
}

static const char *
document_bytes(void *arg, int item, int *len)
{
	const char *key = DatumGetPointer(((DocumentBatch *) arg)->items[item].request.key);

	*len = VARSIZE_ANY_EXHDR(key);
	return VARDATA_ANY(key);
}

static char *
document_text(void *arg, int item)
{
	DocumentBatch *b = arg;
	DocumentRequest *r = &b->items[item].request;

	if (r->by_values)
		return excerpt_jsonb(r->by_values);
	return r->has_key ? collection_key_to_string(b->collection, r->key) : NULL;
}

/*
 * The shard of a document.  One without a key gets it here if it is to be
 * sent, as the key says where to.
 */
static void
find_shard(DocumentBatch *b, DocumentItem *item)
{
	const Collection *c = b->collection;

	if (!item->request.has_key && b->route && collection_generate_key(c, &item->request.key))
	{
		char	   *key = collection_key_to_string(c, item->request.key);
		DocAttribute attribute = {"_key", key, strlen(key)};

		item->request.has_key = true;
		item->doc = doc_add_attributes(item->doc, &attribute, 1);
	}
	item->shard = item->request.has_key ? documents_shard(b, item->request.key) : -1;
}

static void
prepare_document(void *arg, int i)
{
	DocumentBatch *b = arg;
	DocumentItem *item = &b->items[i];

	if (!request_prepare(&item->request, b->collection, b->options,
						 b->options->ignore_errors, item->doc,
						 item->request.has_key ? &item->request.key : NULL) ||
		(b->by && !request_find_by(&item->request, b->by, item->doc)) ||
		(b->need_keys && !request_has_key(&item->request, b->collection)))
		batch_leave_out(&b->batch, i, item->request.refusal);
	else if (b->distribution && !b->by)
		find_shard(b, item);
}

static void
open_documents(void *arg)
{
	DocumentBatch *b = arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(b->context);

	if (b->batch.apart && b->outer == NULL)
		b->outer = b->store;
	if (b->options->ignore_errors || b->batch.apart)
		b->store = request_open(b->collection, b->options, b->by, b->keep,
								&b->waiting);
	b->was_apart = b->batch.apart;
	MemoryContextSwitchTo(oldcontext);
}

static void
close_documents(void *arg)
{
	DocumentBatch *b = arg;

	if (!b->options->ignore_errors && !b->batch.apart)
		return;
	document_close(b->store);
	b->store = b->outer;
	b->outer = NULL;
}

/*
 * What an item has come to.  One that is done again, as others were faster,
 * has left an answer there.
 */
static void
answer_document(DocumentBatch *b, int i, const DocumentResult *result)
{
	DocumentItem *item = &b->items[i];
	UpsertOutcome outcome = request_outcome(b->options, result);
	MemoryContext oldcontext;

	item->answer.outcome = outcome;
	if (!b->keep)
		return;
	oldcontext = MemoryContextSwitchTo(b->items_context);
	answer_clear(&item->answer);
	document_answer(&item->answer, b->collection, b->options->ret, outcome,
					result);
	if (item->request.refusal)
		item->answer.error = answer_error(item->request.refusal, NULL);
	MemoryContextSwitchTo(oldcontext);
}

static void
apply_document(void *arg, int i)
{
	DocumentBatch *b = arg;
	DocumentResult result;

	document_next(b->store, batch_position(&b->batch));
	request_apply(&b->items[i].request, b->store, &result);
	answer_document(b, i, &result);
}

/*
 * Statement triggers fire for each store, and a run that is apart has one of its
 * own: where there are several runs, that would show.  What "by" finds has
 * its key from the row.
 */
static StoreFolding
document_folding(void *arg)
{
	DocumentBatch *b = arg;
	Store	   *store = document_store(b->store);
	StoreFolding folding = b->by ? STORE_FOLDS_NOT : store_folding(store);

	if (folding == STORE_FOLDS_RISKY && b->in_parts &&
		!b->options->ignore_errors && store_fires_by_statement(store))
		return STORE_FOLDS_NOT;
	return folding;
}

/* The items of one key that are being applied. */
typedef struct ItemsOfKey
{
	DocumentBatch *batch;
	const int  *items;
} ItemsOfKey;

static void *
item_composes(void *arg, int i)
{
	ItemsOfKey *key = arg;
	DocumentRequest *request = &key->batch->items[key->items[i]].request;

	batch_folds(&key->batch->batch, key->items[i], false);
	request->refusal = NULL;
	return request;
}

static void
item_composed(void *arg, int i, const DocumentResult *result)
{
	ItemsOfKey *key = arg;

	answer_document(key->batch, key->items[i], result);
}

static void
items_written(void *arg, int first)
{
	ItemsOfKey *key = arg;

	batch_folds(&key->batch->batch, key->items[first], true);
}

static bool
fold_documents(void *arg, const int *items, int n)
{
	DocumentBatch *b = arg;
	ItemsOfKey	key = {b, items};
	DocumentFold fold = {n, request_compose, item_composes, item_composed,
	items_written, &key};

	document_next(b->store, batch_position(&b->batch));
	return document_apply_fold(b->store, &b->items[items[0]].request.key, &fold);
}

/* An error as the caller is to see it. */
static const ErrorData *
as_seen(const DocumentBatch *b, const ErrorData *error)
{
	ErrorData  *renamed;

	if (b->collection->shard == 0)
		return error;
	renamed = palloc(sizeof(ErrorData));
	*renamed = *error;
	distributed_rename_error(renamed, b->collection->shard);
	return renamed;
}

static void
flush_documents(void *arg)
{
	document_flush(((DocumentBatch *) arg)->store);
}

static void
ignore_document(void *arg, int i, const ErrorData *error)
{
	DocumentBatch *b = arg;
	DocumentItem *item = &b->items[i];
	MemoryContext oldcontext = MemoryContextSwitchTo(b->items_context);
	char	   *key = NULL;

	/* a store that was open in a group is gone with it */
	if (b->options->ignore_errors)
		b->store = NULL;
	if (b->keep && b->options->ret != RETURN_NONE && item->request.has_key)
		key = collection_key_to_string(b->collection, item->request.key);
	answer_ignored(&item->answer, key,
				   b->keep && error ? as_seen(b, error) : NULL, NULL);
	MemoryContextSwitchTo(oldcontext);
}

static const BatchDoor documents_door = {
	.keyed = document_keyed,
	.compare = document_compare,
	.first = document_first,
	.bytes = document_bytes,
	.text = document_text,
	.open = open_documents,
	.apply = apply_document,
	.close = close_documents,
	.folding = document_folding,
	.apply_fold = fold_documents,
	.flush = flush_documents,
	.ignore = ignore_document
};

/* ----------
 * Running
 * ----------
 */

static void
count(DocumentBatch *b)
{
	for (int i = 0; i < b->batch.n; i++)
	{
		if (b->items[i].sent)
			continue;
		switch (b->items[i].answer.outcome)
		{
			case UPSERT_INSERTED:
				b->summary.inserted++;
				break;
			case UPSERT_UPDATED:
			case UPSERT_REPLACED:
				b->summary.updated++;
				break;
			case UPSERT_UNCHANGED:
				b->summary.unchanged++;
				break;
			default:
				b->summary.ignored++;
				break;
		}
	}
}

/* Applies the documents of a part through SQL, as their shard is on its way. */
static void
apply_here(DocumentBatch *b, const RoutePart *part, const int *items)
{
	DocumentBatch *here = begin(b->collection->relid, b->options, true, true);

	here->batch.single = b->batch.single;
	for (int i = 0; i < part->n; i++)
		documents_add(here, part->docs[i], part->places[i]);
	documents_run(here);
	/* answers stay in its context, which is a part of this batch's */
	for (int i = 0; i < part->n; i++)
		b->items[items[i]].answer = *documents_answer(here, i);
	documents_close(here);
}

/* The items of one shard, n from position on. */
static void
send_part(DocumentBatch *b, const int *items, int n)
{
	DocumentItem *first = &b->items[items[0]];
	RoutePart	part = {first->request.key, n};
	int64		counts[UPSERT_DELETED + 1] = {0};

	part.keep = b->keep;
	part.single = b->batch.single;
	part.alone = b->alone;
	part.docs = palloc_extended(sizeof(Jsonb *) * n, MCXT_ALLOC_HUGE);
	part.places = palloc_extended(sizeof(int64) * n, MCXT_ALLOC_HUGE);
	part.answers = b->keep ? palloc_extended(sizeof(Answer) * n, MCXT_ALLOC_HUGE) : NULL;
	part.counts = counts;
	for (int i = 0; i < n; i++)
	{
		part.docs[i] = b->items[items[i]].doc;
		part.places[i] = b->places[items[i]];
	}
	if (first->shard < 0 || !route_send(b->route, first->shard, &part))
	{
		apply_here(b, &part, items);
		return;
	}
	for (int i = 0; i < n; i++)
	{
		b->items[items[i]].sent = !b->keep;
		if (b->keep)
			b->items[items[i]].answer = part.answers[i];
	}
	b->summary.inserted += counts[UPSERT_INSERTED];
	b->summary.updated += counts[UPSERT_UPDATED] + counts[UPSERT_REPLACED];
	b->summary.unchanged += counts[UPSERT_UNCHANGED];
	b->summary.ignored += counts[UPSERT_IGNORED];
}

/* Do two items of one shard have to go together? */
static bool
same_place(DocumentBatch *b, int one, int other, Size bytes)
{
	if (b->items[one].shard != b->items[other].shard)
		return false;
	return bytes < PART_BYTES || !b->items[one].request.has_key ||
		document_compare(b, one, other) == 0;
}

/* Shard by shard.  What has no key comes last, and is applied here. */
static void
send_parts(DocumentBatch *b)
{
	int			n;
	int		   *order = batch_order(&b->batch, &n);
	int			end;

	for (int start = 0; start < n; start = end)
	{
		Size		bytes = VARSIZE(b->items[order[start]].doc);

		for (end = start + 1;
			 end < n && same_place(b, order[end - 1], order[end], bytes); end++)
			bytes += VARSIZE(b->items[order[end]].doc);
		send_part(b, order + start, end - start);
	}
}

void
documents_run(DocumentBatch *b)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(b->items_context);

	b->batch.places = b->places;
	b->was_apart = false;
	batch_prepare(&b->batch, prepare_document, false);
	/* no lock after another, but one: so none of them meets its like */
	if (b->by && !OidIsValid(b->by->index) && !b->options->dry_run &&
		b->batch.n > MAX_SEARCHES)
		by_lock_all(b->by);
	if (b->route)
		send_parts(b);
	else
		batch_run(&b->batch);
	count(b);
	MemoryContextSwitchTo(oldcontext);
}

int
documents_size(const DocumentBatch *b)
{
	return b->batch.n;
}

const Answer *
documents_answer(const DocumentBatch *b, int i)
{
	return &b->items[i].answer;
}

DocumentSummary
documents_summary(const DocumentBatch *b)
{
	return b->summary;
}

void
documents_reset(DocumentBatch *b)
{
	MemoryContextReset(b->items_context);
	b->items = NULL;
	b->places = NULL;
	b->size = 0;
	b->batch.n = 0;
	b->batch.left_out = NULL;
}

void
documents_close(DocumentBatch *b)
{
	if (b->store)
		document_close(b->store);
	if (b->held)
		collection_release(b->held);
	b->store = NULL;
	b->held = NULL;
}

void
documents_end(DocumentBatch *b)
{
	documents_close(b);
	MemoryContextDelete(b->context);
}
