/*
 * objects.c
 *		Many objects in one call, and the SQL functions for one and many.
 *
 * call/batch.c puts them in order and goes through them.  With ignoreErrors an
 * item may fail without the others: also when it is taken apart, as the types
 * of columns read their values.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "call/argument.h"
#include "call/batch.h"
#include "call/remember.h"
#include "object/object.h"
#include "upsert.h"

typedef struct ObjectItem
{
	JsonbContainer *object;		/* NULL: a scalar */
	Answer		answer;
} ObjectItem;

typedef struct ObjectBatch
{
	Batch		batch;
	ObjectStore *os;
	const UpsertOptions *options;
	MemoryContext context;		/* of items and answers */
	ObjectItem *items;
	ObjectRequest **requests;	/* NULL: it could not be taken apart */
	Store	   *outer;			/* open for all, while some are apart */
	StoreWaiting waiting;
} ObjectBatch;

/* ----------
 * The door
 * ----------
 */

static bool
object_keyed(void *arg, int item)
{
	return ((ObjectBatch *) arg)->requests[item]->has_key;
}

static int
object_compare(void *arg, int a, int b)
{
	ObjectBatch *batch = arg;

	return object_requests_compare(batch->os, batch->requests[a],
								   batch->requests[b]);
}

static Datum
object_first(void *arg, int item, bool *isnull)
{
	const ObjectRequest *r = ((ObjectBatch *) arg)->requests[item];

	*isnull = r->key_isnull[0];
	return r->key[0];
}

static char *
object_text(void *arg, int item)
{
	ObjectBatch *b = arg;

	return b->requests[item] ? object_request_key(b->os, b->requests[item]) : NULL;
}

static void
prepare_object(void *arg, int item)
{
	ObjectBatch *b = arg;

	b->requests[item] = NULL;
	b->requests[item] = object_request_make(b->os, b->items[item].object);
}

/* What is open for all items, but in a subtransaction. */
static void
open_objects(void *arg)
{
	ObjectBatch *b = arg;
	Store	   *open;

	if (!b->options->ignore_errors && !b->batch.apart)
		return;
	open = object_store_swap(b->os, NULL);
	if (b->batch.apart && b->outer == NULL)
		b->outer = open;
	object_store_open(b->os);
}

static void
apply_object(void *arg, int item)
{
	ObjectBatch *b = arg;

	object_store_next(b->os, batch_position(&b->batch));
	object_request_apply(b->os, b->requests[item], b->context,
						 &b->items[item].answer);
}

static void
flush_objects(void *arg)
{
	object_store_flush(((ObjectBatch *) arg)->os);
}

static void
close_objects(void *arg)
{
	ObjectBatch *b = arg;

	if (!b->options->ignore_errors && !b->batch.apart)
		return;
	object_store_close(b->os);
	(void) object_store_swap(b->os, b->outer);
	b->outer = NULL;
}

static StoreFolding
object_folding(void *arg)
{
	return object_store_folding(((ObjectBatch *) arg)->os);
}

/* The items of one key that are being applied. */
typedef struct ItemsOfKey
{
	ObjectBatch *batch;
	const int  *items;
} ItemsOfKey;

static ObjectRequest *
item_composes(void *arg, int i)
{
	ItemsOfKey *key = arg;

	batch_folds(&key->batch->batch, key->items[i], false);
	return key->batch->requests[key->items[i]];
}

static Answer *
item_composed(void *arg, int i)
{
	ItemsOfKey *key = arg;

	return &key->batch->items[key->items[i]].answer;
}

static void
items_written(void *arg, int first)
{
	ItemsOfKey *key = arg;

	batch_folds(&key->batch->batch, key->items[first], true);
}

static bool
fold_objects(void *arg, const int *items, int n)
{
	ObjectBatch *b = arg;
	ItemsOfKey	key = {b, items};
	ObjectFold	fold = {n, item_composes, item_composed, items_written, &key};

	object_store_next(b->os, batch_position(&b->batch));
	return object_requests_fold(b->os, &fold, b->context);
}

static void
ignore_object(void *arg, int item, const ErrorData *error)
{
	ObjectBatch *b = arg;
	MemoryContext oldcontext = MemoryContextSwitchTo(b->context);

	answer_ignored(&b->items[item].answer,
				   b->options->ret != RETURN_NONE ? object_text(b, item) : NULL,
				   error, error ? object_store_converting(b->os) : NULL);
	MemoryContextSwitchTo(oldcontext);
}

static const BatchDoor objects_door = {
	.keyed = object_keyed,
	.compare = object_compare,
	.first = object_first,
	.text = object_text,
	.open = open_objects,
	.apply = apply_object,
	.folding = object_folding,
	.apply_fold = fold_objects,
	.flush = flush_objects,
	.close = close_objects,
	.ignore = ignore_object
};

static void
run_batch(ObjectBatch *b)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(b->context);
	bool		together;

	b->requests = MemoryContextAllocExtended(b->context,
											 sizeof(ObjectRequest *) * Max(b->batch.n, 1),
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	batch_prepare(&b->batch, prepare_object, true);
	object_store_order(b->os, &b->batch.first_type, &b->batch.first_collation);
	/* no objects ask for no privilege */
	together = b->batch.n > 0 && !b->options->ignore_errors;
	if (together)
		object_store_open(b->os);
	batch_run(&b->batch);
	if (together)
		object_store_close(b->os);
	MemoryContextSwitchTo(oldcontext);
}

static void
take_objects(ObjectBatch *b, Jsonb *objects)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;

	b->items = MemoryContextAllocExtended(b->context,
										  sizeof(ObjectItem) * Max(JB_ROOT_COUNT(objects), 1),
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	it = JsonbIteratorInit(&objects->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
			b->items[b->batch.n++].object = v.type == jbvBinary ?
				v.val.binary.data : NULL;
	}
}

static void
begin_batch(ObjectBatch *b, Oid relid, const CriteriaSelector *selector,
			const UpsertOptions *options)
{
	memset(b, 0, sizeof(*b));
	b->batch.door = &objects_door;
	b->batch.arg = b;
	b->batch.relid = options->dry_run ? InvalidOid : relid;
	b->batch.ignore_errors = options->ignore_errors;
	b->batch.duplicates = options->duplicates;
	b->options = options;
	b->context = CurrentMemoryContext;
	b->batch.item_context = AllocSetContextCreate(CurrentMemoryContext,
												  "upsert object item",
												  ALLOCSET_DEFAULT_SIZES);
	b->os = object_store_begin(relid, selector, options);
	batch_waiting(&b->batch, &b->waiting);
	object_store_waits(b->os, &b->waiting);
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
	b.batch.n = 1;
	b.batch.single = true;
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
PG_FUNCTION_INFO_V1(upsert_objects_by_columns);

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

static Datum
upsert_object_once(PG_FUNCTION_ARGS)
{
	CriteriaSelector selector = {0};

	if (!PG_ARGISNULL(2))
		selector.name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	return upsert_object_row(fcinfo, &selector);
}

Datum
upsert_object(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, upsert_object_once);
}

static Datum
upsert_object_by_columns_once(PG_FUNCTION_ARGS)
{
	CriteriaSelector selector = {0};

	if (!PG_ARGISNULL(2))
		selector.columns = PG_GETARG_ARRAYTYPE_P(2);
	return upsert_object_row(fcinfo, &selector);
}

Datum
upsert_object_by_columns(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, upsert_object_by_columns_once);
}

static Datum
upsert_objects_rows(FunctionCallInfo fcinfo, const CriteriaSelector *selector)
{
	TupleDesc	tupdesc;
	Tuplestorestate *rows = answer_begin_set(fcinfo, &tupdesc);
	UpsertOptions options;
	ObjectBatch b;
	int			i;

	arguments_require(fcinfo, 2);
	options_parse(argument_jsonb(fcinfo, 3), CALL_OBJECTS, &options);

	begin_batch(&b, PG_GETARG_OID(0), selector, &options);
	take_objects(&b, argument_items(fcinfo, 1, "objects",
									"One object is for upsert_object()."));
	run_batch(&b);
	for (i = 0; i < b.batch.n; i++)
		answer_put_item(rows, tupdesc, i + 1, &b.items[i].answer);
	object_store_end(b.os);
	return (Datum) 0;
}

static Datum
upsert_objects_once(PG_FUNCTION_ARGS)
{
	CriteriaSelector selector = {0};

	if (!PG_ARGISNULL(2))
		selector.name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	return upsert_objects_rows(fcinfo, &selector);
}

Datum
upsert_objects(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, upsert_objects_once);
}

static Datum
upsert_objects_by_columns_once(PG_FUNCTION_ARGS)
{
	CriteriaSelector selector = {0};

	if (!PG_ARGISNULL(2))
		selector.columns = PG_GETARG_ARRAYTYPE_P(2);
	return upsert_objects_rows(fcinfo, &selector);
}

Datum
upsert_objects_by_columns(PG_FUNCTION_ARGS)
{
	return remember_call(fcinfo, true, upsert_objects_by_columns_once);
}
