/*
 * objects.c
 *		Many objects in one call, and the SQL functions for one and many.
 *
 * A batch runs in the order of its keys whatever the order of the input, so
 * that two batches cannot deadlock; objects without a key come last:
 *
 *		items	[ c ][ a ][ - ][ a ]
 *		order	  1 3 0 2
 *
 * With ignoreErrors an item may fail without the others: items are taken
 * apart, and then applied, in groups under a subtransaction each (group.c).
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "call/argument.h"
#include "object/object.h"
#include "store/group.h"
#include "upsert.h"

typedef struct ObjectItem
{
	JsonbContainer *object;		/* NULL: a scalar */
	bool		done;			/* has its answer, nothing to be tried */
	Answer		answer;
} ObjectItem;

typedef struct ObjectBatch
{
	ObjectStore *os;
	const UpsertOptions *options;
	MemoryContext context;		/* of items and answers */
	MemoryContext item_context; /* reset for each item */
	ObjectItem *items;
	ObjectRequest **requests;	/* NULL: it could not be taken apart */
	int		   *order;
	int			n;
} ObjectBatch;

/* ----------
 * Taking apart
 * ----------
 */

/* GroupWork: makes requests. */
static void
prepare_items(void *arg, int first, int n, int *current)
{
	ObjectBatch *b = arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(b->context);

	for (*current = first; *current < first + n; (*current)++)
	{
		CHECK_FOR_INTERRUPTS();
		b->requests[*current] = object_request_make(b->os,
													b->items[*current].object);
	}
	MemoryContextSwitchTo(oldcontext);
}

static void
ignore_item(ObjectBatch *b, int position, const ErrorData *error)
{
	ObjectItem *item = &b->items[position];
	const ObjectRequest *request = b->requests[position];
	MemoryContext oldcontext = MemoryContextSwitchTo(b->context);

	memset(&item->answer, 0, sizeof(item->answer));
	item->done = true;
	item->answer.outcome = UPSERT_IGNORED;
	if (request && b->options->ret != RETURN_NONE)
		item->answer.key = object_request_key(b->os, request);
	if (error)
		item->answer.error = answer_error(error);
	MemoryContextSwitchTo(oldcontext);
}

static void
prepare_failed(void *arg, int position, ErrorData *error)
{
	ObjectBatch *b = arg;

	b->requests[position] = NULL;
	ignore_item(b, position, error);
}

/* ----------
 * Duplicates
 * ----------
 */

static void
settle_duplicates(ObjectBatch *b)
{
	int			i;

	for (i = 1; i < b->n; i++)
	{
		int			before = b->order[i - 1];
		int			position = b->order[i];

		if (!object_requests_same(b->os, b->requests[before],
								  b->requests[position]))
			continue;
		switch (b->options->duplicates)
		{
			case DUPLICATES_APPLY:
				break;
			case DUPLICATES_ERROR:
				ereport(ERROR,
						(errcode(ERRCODE_CARDINALITY_VIOLATION),
						 errmsg("a key comes twice in one batch"),
						 errdetail("Objects %d and %d have the key \"%s\".",
								   before + 1, position + 1,
								   object_request_key(b->os, b->requests[position])),
						 errhint("Use another policy of the option \"duplicates\", or send each key once.")));
				break;
			case DUPLICATES_FIRST:
				ignore_item(b, position, NULL);
				break;
			case DUPLICATES_LAST:
				ignore_item(b, before, NULL);
				break;
		}
	}
}

/* ----------
 * Applying
 * ----------
 */

/* GroupWork: all of a group on one open store. */
static void
apply_items(void *arg, int first, int n, int *current)
{
	ObjectBatch *b = arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(b->context);

	object_store_open(b->os);
	for (*current = first; *current < first + n; (*current)++)
	{
		int			position = b->order[*current];
		ObjectItem *item = &b->items[position];

		if (item->done)
			continue;
		MemoryContextReset(b->item_context);
		MemoryContextSwitchTo(b->item_context);
		object_request_apply(b->os, b->requests[position], b->context,
							 &item->answer);
	}
	MemoryContextSwitchTo(oldcontext);
	object_store_close(b->os);
}

static void
apply_failed(void *arg, int position, ErrorData *error)
{
	ObjectBatch *b = arg;

	ignore_item(b, b->order[position], error);
}

/* Runs work over all items, each on its own if errors are answers. */
static void
run(ObjectBatch *b, GroupWork work, GroupFailed failed)
{
	int			current;

	if (b->options->ignore_errors)
		group_run(b->n, work, failed, b);
	else
		work(b, 0, b->n, &current);
}

static void
run_batch(ObjectBatch *b)
{
	if (b->n == 0)
		return;
	b->requests = MemoryContextAllocExtended(b->context,
											 sizeof(ObjectRequest *) * b->n,
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	run(b, prepare_items, prepare_failed);
	b->order = object_requests_order(b->os, b->requests, b->n);
	settle_duplicates(b);
	run(b, apply_items, apply_failed);
}

static void
take_objects(ObjectBatch *b, Jsonb *objects)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;

	if (!JB_ROOT_IS_ARRAY(objects) || JB_ROOT_IS_SCALAR(objects))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("objects must be a JSON array"),
				 errdetail("They are %s.",
						   JB_ROOT_IS_SCALAR(objects) ? "a scalar" : "an object"),
				 errhint("One object is for upsert_object().")));

	b->items = MemoryContextAllocExtended(b->context,
										  sizeof(ObjectItem) * Max(JB_ROOT_COUNT(objects), 1),
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	it = JsonbIteratorInit(&objects->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
			b->items[b->n++].object = v.type == jbvBinary ?
				v.val.binary.data : NULL;
	}
}

static void
begin_batch(ObjectBatch *b, Oid relid, const CriteriaSelector *selector,
			const UpsertOptions *options)
{
	memset(b, 0, sizeof(*b));
	b->options = options;
	b->context = CurrentMemoryContext;
	b->item_context = AllocSetContextCreate(CurrentMemoryContext,
											"upsert object item",
											ALLOCSET_DEFAULT_SIZES);
	b->os = object_store_begin(relid, selector, options);
}

/* One object. */
static void
upsert_one(Oid relid, Jsonb *object, const CriteriaSelector *selector,
		   const UpsertOptions *options, Answer *answer)
{
	ObjectBatch b;
	ObjectItem	item = {&object->root};

	begin_batch(&b, relid, selector, options);
	b.items = &item;
	b.n = 1;
	run_batch(&b);
	object_store_end(b.os);
	*answer = item.answer;
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_object);
PG_FUNCTION_INFO_V1(upsert_object_by_columns);
PG_FUNCTION_INFO_V1(upsert_objects);

static Datum
upsert_object_row(FunctionCallInfo fcinfo, const CriteriaSelector *selector)
{
	UpsertOptions options;
	Answer		answer;
	Datum		values[5];
	bool		nulls[5];

	arguments_require(fcinfo, 2);
	options_parse(argument_jsonb(fcinfo, 3), CALL_OBJECT, &options);
	upsert_one(PG_GETARG_OID(0), PG_GETARG_JSONB_P(1), selector, &options,
			   &answer);
	answer_columns(&answer, values, nulls);
	PG_RETURN_DATUM(answer_row(fcinfo, values, nulls));
}

Datum
upsert_object(PG_FUNCTION_ARGS)
{
	CriteriaSelector selector = {0};

	if (!PG_ARGISNULL(2))
		selector.name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	return upsert_object_row(fcinfo, &selector);
}

Datum
upsert_object_by_columns(PG_FUNCTION_ARGS)
{
	CriteriaSelector selector = {0};

	if (!PG_ARGISNULL(2))
		selector.columns = PG_GETARG_ARRAYTYPE_P(2);
	return upsert_object_row(fcinfo, &selector);
}

Datum
upsert_objects(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &tupdesc);
	CriteriaSelector selector = {0};
	UpsertOptions options;
	ObjectBatch b;
	int			i;

	arguments_require(fcinfo, 2);
	if (!PG_ARGISNULL(2))
		selector.name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	options_parse(argument_jsonb(fcinfo, 3), CALL_OBJECTS, &options);

	begin_batch(&b, PG_GETARG_OID(0), &selector, &options);
	take_objects(&b, PG_GETARG_JSONB_P(1));
	run_batch(&b);
	for (i = 0; i < b.n; i++)
		answer_put_item(rows, tupdesc, i + 1, &b.items[i].answer);
	object_store_end(b.os);
	return (Datum) 0;
}
