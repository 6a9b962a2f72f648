/*
 * batch.c
 *		Many documents in one call, in key order, answered in input order.
 *
 *		items	  [ c ][ a ][ - ][ b ][ a ]	   as they came ("-": no key yet)
 *		order	  1 4 3 0 2					   stable by key, generated last
 *		answers	  [   ][   ][   ][   ][   ]	   beside the items
 *
 * Locks are thus taken in key order whatever the input was.  With
 * ignoreErrors, items run in groups under a subtransaction each (group.c),
 * and every group opens the collection anew, so that AFTER triggers and
 * foreign keys of a group are checked within it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "document/batch.h"
#include "document/request.h"
#include "store/group.h"

typedef struct BatchItem
{
	DocumentRequest request;
	bool		refused;		/* before anything was tried */
	Answer		answer;
} BatchItem;

struct Batch
{
	const UpsertOptions *options;
	bool		keep;			/* build answers, not only outcomes */
	const Collection *collection;
	Relation	held;			/* from the first key that is parsed on */
	DocumentStore *store;		/* NULL while groups open their own */
	MemoryContext context;		/* of the batch */
	MemoryContext items_context;	/* reset by batch_reset() */
	MemoryContext item_context; /* reset for each item */

	BatchItem  *items;
	int		   *order;
	int			n;
	int			size;
	BatchSummary summary;
};

Batch *
batch_begin(Oid relid, const UpsertOptions *options, bool keep)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "upsert batch",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	Batch	   *b = palloc0(sizeof(Batch));

	b->options = options;
	b->keep = keep;
	b->context = context;
	b->items_context = AllocSetContextCreate(context, "upsert batch items",
											 ALLOCSET_DEFAULT_SIZES);
	b->item_context = AllocSetContextCreate(context, "upsert batch item",
											ALLOCSET_DEFAULT_SIZES);
	b->held = collection_hold(relid);
	b->collection = collection_resolve(relid);
	if (!options->ignore_errors)
		b->store = document_open(b->collection, options);
	MemoryContextSwitchTo(oldcontext);
	return b;
}

const Collection *
batch_collection(const Batch *b)
{
	return b->collection;
}

void
batch_add(Batch *b, Jsonb *doc)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(b->items_context);
	BatchItem  *item;

	CHECK_FOR_INTERRUPTS();
	if (b->n == b->size)
	{
		b->size = b->size ? b->size * 2 : 1024;
		if (b->items)
			b->items = repalloc_huge(b->items, sizeof(BatchItem) * b->size);
		else
			b->items = MemoryContextAllocHuge(b->items_context,
											  sizeof(BatchItem) * b->size);
	}
	item = &b->items[b->n++];
	memset(item, 0, sizeof(*item));
	item->refused = !request_prepare(&item->request, b->collection, b->options,
									 b->options->ignore_errors, doc);
	MemoryContextSwitchTo(oldcontext);
}

/* ----------
 * Order and duplicates
 * ----------
 */

static int
compare_items(const void *pa, const void *pb, void *arg)
{
	const Batch *b = arg;
	int			ia = *(const int *) pa;
	int			ib = *(const int *) pb;
	const DocumentRequest *ra = &b->items[ia].request;
	const DocumentRequest *rb = &b->items[ib].request;
	int			cmp = 0;

	if (ra->has_key && rb->has_key)
		cmp = collection_key_compare(b->collection, ra->key, rb->key);
	else if (ra->has_key != rb->has_key)
		cmp = ra->has_key ? -1 : 1;
	return cmp != 0 ? cmp : (ia > ib) - (ia < ib);
}

static bool
same_key(const Batch *b, int i, int k)
{
	const DocumentRequest *ri = &b->items[b->order[i]].request;
	const DocumentRequest *rk = &b->items[b->order[k]].request;

	return ri->has_key && rk->has_key &&
		collection_key_compare(b->collection, ri->key, rk->key) == 0;
}

static void
settle_duplicates(Batch *b)
{
	UpsertDuplicates policy = b->options->duplicates;
	int			i;

	if (policy == DUPLICATES_APPLY)
		return;
	for (i = 1; i < b->n; i++)
	{
		if (!same_key(b, i - 1, i))
			continue;
		if (policy == DUPLICATES_ERROR)
			ereport(ERROR,
					(errcode(ERRCODE_CARDINALITY_VIOLATION),
					 errmsg("a key comes twice in one batch"),
					 errdetail("The key is \"%s\".",
							   collection_key_to_string(b->collection,
														b->items[b->order[i]].request.key)),
					 errhint("Use another policy of the option \"duplicates\", or send each key once.")));
		b->items[b->order[policy == DUPLICATES_FIRST ? i : i - 1]].refused = true;
	}
}

/* ----------
 * Running
 * ----------
 */

static void
run_item(Batch *b, DocumentStore *ds, BatchItem *item)
{
	MemoryContext oldcontext;
	DocumentResult result;
	UpsertOutcome outcome;

	MemoryContextReset(b->item_context);
	oldcontext = MemoryContextSwitchTo(b->item_context);
	request_apply(&item->request, ds, &result);
	outcome = request_outcome(b->options, &result);
	item->answer.outcome = outcome;
	if (b->keep)
	{
		MemoryContextSwitchTo(b->items_context);
		document_answer(&item->answer, b->collection, b->options->ret, outcome,
					&result);
		if (item->request.refusal)
			item->answer.error = answer_error(item->request.refusal);
	}
	MemoryContextSwitchTo(oldcontext);
}

/* Work of a group: all of it on one open store. */
static void
run_group(void *arg, int first, int n, int *current)
{
	Batch	   *b = arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(b->context);
	DocumentStore *ds = b->store ? b->store : document_open(b->collection, b->options);

	MemoryContextSwitchTo(oldcontext);
	for (*current = first; *current < first + n; (*current)++)
	{
		BatchItem  *item = &b->items[b->order[*current]];

		if (!item->refused)
			run_item(b, ds, item);
	}
	if (b->store == NULL)
		document_close(ds);
}

static void
ignore_item(Batch *b, BatchItem *item, const ErrorData *error)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(b->items_context);

	memset(&item->answer, 0, sizeof(item->answer));
	item->answer.outcome = UPSERT_IGNORED;
	if (b->keep && item->request.has_key && b->options->ret != RETURN_NONE)
		item->answer.key = collection_key_to_string(b->collection,
													item->request.key);
	if (b->keep && error)
		item->answer.error = answer_error(error);
	MemoryContextSwitchTo(oldcontext);
}

static void
item_failed(void *arg, int position, ErrorData *error)
{
	Batch	   *b = arg;

	ignore_item(b, &b->items[b->order[position]], error);
}

static void
count(Batch *b)
{
	int			i;

	for (i = 0; i < b->n; i++)
	{
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

void
batch_run(Batch *b)
{
	int			i;
	int			current;

	if (b->n == 0)
		return;
	b->order = MemoryContextAllocHuge(b->items_context, sizeof(int) * b->n);
	for (i = 0; i < b->n; i++)
		b->order[i] = i;
	qsort_arg(b->order, b->n, sizeof(int), compare_items, b);
	settle_duplicates(b);

	for (i = 0; i < b->n; i++)
		if (b->items[i].refused)
			ignore_item(b, &b->items[i], b->items[i].request.refusal);

	if (b->options->ignore_errors)
		group_run(b->n, run_group, item_failed, b);
	else
		run_group(b, 0, b->n, &current);
	count(b);
}

int
batch_size(const Batch *b)
{
	return b->n;
}

const Answer *
batch_answer(const Batch *b, int i)
{
	return &b->items[i].answer;
}

BatchSummary
batch_summary(const Batch *b)
{
	return b->summary;
}

void
batch_reset(Batch *b)
{
	MemoryContextReset(b->items_context);
	b->items = NULL;
	b->order = NULL;
	b->n = 0;
	b->size = 0;
}

void
batch_close(Batch *b)
{
	if (b->store)
		document_close(b->store);
	if (b->held)
		collection_release(b->held);
	b->store = NULL;
	b->held = NULL;
}

void
batch_end(Batch *b)
{
	batch_close(b);
	MemoryContextDelete(b->context);
}
