/*
 * batch.c
 *		Many items in one call.
 *
 *		items	  [ c ][ a ][ - ][ b ][ a ]	   as they came ("-": no key)
 *		order	  1 4 3 0 2					   stable by key, no key last
 *
 * Rows are locked in the order of their keys whatever the input's order was.
 * What is sorted is small: the first eight bytes that the keys do not have in
 * common, or an abbreviation by the type, beside the item's number; whole keys
 * are compared where these are the same.
 *
 * Where keys come twice, the order falls into units, one for each key, which
 * are folded: one row is written.  Which item it was that a constraint
 * refuses cannot be seen then.  So this is undone, and done item by item:
 *
 *		order	  1 4 3 0 2		units  [1 4] [3] [0] [2]
 *
 * With ignore_errors, units run in groups under a subtransaction each
 * (store/group.c), and every group opens the door's store anew, so that AFTER
 * triggers and foreign keys of a group are checked within it.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"

#include "call/batch.h"
#include "call/condition.h"
#include "store/count.h"
#include "store/group.h"

/* Keys of messages are cut there. */
#define KEY_BYTES 200

/* ----------
 * Order
 * ----------
 */

typedef struct OrderedItem
{
	Datum		first;
	bool		has_first;
	bool		keyed;
	int			item;
} OrderedItem;

typedef struct Order
{
	Batch	   *batch;
	SortSupportData first;		/* without comparator: see the whole key */
	bool		repeats;		/* a key was met twice */
} Order;

static int
compare_numbers(Datum a, Datum b, SortSupport unused)
{
	return a == b ? 0 : a > b ? 1 : -1;
}

/* As memcmp(), and who ends first is less. */
static int
compare_bytes(Batch *b, int one, int other)
{
	int			len;
	int			other_len;
	const char *bytes = b->door->bytes(b->arg, one, &len);
	const char *other_bytes = b->door->bytes(b->arg, other, &other_len);
	int			cmp = memcmp(bytes, other_bytes, Min(len, other_len));

	return cmp != 0 ? cmp : len - other_len;
}

static int
compare_items(const void *pa, const void *pb, void *arg)
{
	Order	   *order = arg;
	const OrderedItem *a = pa;
	const OrderedItem *b = pb;
	int			cmp = 0;

	if (a->has_first && b->has_first)
		cmp = order->first.comparator(a->first, b->first, &order->first);
	if (cmp == 0 && a->keyed && b->keyed)
	{
		cmp = order->batch->bytes_are_keys ?
			compare_bytes(order->batch, a->item, b->item) :
			order->batch->door->compare(order->batch->arg, a->item, b->item);
		/* a sort cannot but compare what is to stand side by side */
		order->repeats = order->repeats || cmp == 0;
	}
	if (a->keyed != b->keyed)
		cmp = a->keyed ? -1 : 1;
	return cmp != 0 ? cmp : (a->item > b->item) - (a->item < b->item);
}

/* The bytes after the prefix, as a number that compares like them. */
static Datum
abbreviate(const char *bytes, int len, int prefix)
{
	Datum		number = 0;

	for (int i = prefix; i < prefix + (int) sizeof(Datum); i++)
		number = number << 8 | (i < len ? (unsigned char) bytes[i] : 0);
	return number;
}

/* How much do the keys have in common at their start? */
static int
common_prefix(Batch *b, const OrderedItem *items, int n)
{
	const char *first = NULL;
	int			prefix = 0;

	for (int i = 0; i < n; i++)
	{
		const char *bytes;
		int			len;
		int			same;

		if (!items[i].keyed)
			continue;
		bytes = b->door->bytes(b->arg, items[i].item, &len);
		if (first == NULL)
		{
			first = bytes;
			prefix = len;
			continue;
		}
		len = Min(len, prefix);
		if (memcmp(first, bytes, len) == 0)
			prefix = len;
		else
		{
			for (same = 0; first[same] == bytes[same]; same++)
				;
			prefix = same;
		}
	}
	return prefix;
}

static void
abbreviate_bytes(Order *order, OrderedItem *items, int n)
{
	Batch	   *b = order->batch;
	int			prefix = common_prefix(b, items, n);

	order->first.comparator = compare_numbers;
	for (int i = 0; i < n; i++)
	{
		const char *bytes;
		int			len;

		if (!items[i].keyed)
			continue;
		bytes = b->door->bytes(b->arg, items[i].item, &len);
		items[i].first = abbreviate(bytes, len, prefix);
		items[i].has_first = true;
	}
}

static void
abbreviate_values(Order *order, OrderedItem *items, int n)
{
	Batch	   *b = order->batch;
	TypeCacheEntry *type = lookup_type_cache(b->first_type, TYPECACHE_LT_OPR);

	if (!OidIsValid(type->lt_opr))
		return;
	order->first.ssup_cxt = CurrentMemoryContext;
	order->first.ssup_collation = b->first_collation;
	order->first.abbreviate = true;
	PrepareSortSupportFromOrderingOp(type->lt_opr, &order->first);
	for (int i = 0; i < n; i++)
	{
		bool		isnull = true;
		Datum		value = (Datum) 0;

		if (items[i].keyed)
			value = b->door->first(b->arg, items[i].item, &isnull);
		if (isnull)
			continue;
		items[i].first = order->first.abbrev_converter ?
			order->first.abbrev_converter(value, &order->first) : value;
		items[i].has_first = true;
	}
}

/* The items that are not left out; does a key come twice? */
static int *
put_in_order(Batch *b, int *n, bool *repeats)
{
	Order		order = {b};
	OrderedItem *items = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(OrderedItem) * Max(b->n, 1));
	int		   *result = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(int) * Max(b->n, 1));

	*n = 0;
	for (int i = 0; i < b->n; i++)
	{
		if (b->left_out && b->left_out[i])
			continue;
		items[*n].has_first = false;
		items[*n].keyed = b->door->keyed(b->arg, i);
		items[(*n)++].item = i;
	}
	if (*n > 1 && b->door->bytes && (b->bytes_are_keys || b->door->first == NULL))
		abbreviate_bytes(&order, items, *n);
	else if (*n > 1 && b->door->first && OidIsValid(b->first_type))
		abbreviate_values(&order, items, *n);
	qsort_arg(items, *n, sizeof(OrderedItem), compare_items, &order);
	for (int i = 0; i < *n; i++)
		result[i] = items[i].item;
	*repeats = order.repeats;
	pfree(items);
	return result;
}

int *
batch_order(Batch *b, int *n)
{
	bool		repeats;

	return put_in_order(b, n, &repeats);
}

/* ----------
 * Which item it was
 * ----------
 */

static int64
place_of(const Batch *b, int item)
{
	return b->places ? b->places[item] : item + 1;
}

static char *
key_of(const Batch *b, int item)
{
	char	   *key = b->door->text ? b->door->text(b->arg, item) : NULL;

	if (key && strlen(key) > KEY_BYTES)
		key = psprintf("%.*s...", pg_mbcliplen(key, strlen(key), KEY_BYTES), key);
	return key;
}

static void
describe_item(void *arg)
{
	const Batch *b = arg;
	char	   *key;

	if (b->current < 0)
		return;
	key = key_of(b, b->current);
	if (key)
		errcontext("item " INT64_FORMAT " of the batch, key \"%s\"",
				   place_of(b, b->current), key);
	else
		errcontext("item " INT64_FORMAT " of the batch",
				   place_of(b, b->current));
}

static void
context_begin(Batch *b, ErrorContextCallback *callback)
{
	b->current = -1;
	callback->callback = describe_item;
	callback->arg = b;
	callback->previous = error_context_stack;
	if (!b->single)
		error_context_stack = callback;
}

static void
context_end(ErrorContextCallback *callback)
{
	error_context_stack = callback->previous;
}

/* ----------
 * Preparing
 * ----------
 */

typedef struct Preparation
{
	Batch	   *batch;
	void		(*prepare) (void *arg, int item);
} Preparation;

/* GroupWork */
static void
prepare_items(void *arg, int first, int n, int *current)
{
	Preparation *p = arg;
	Batch	   *b = p->batch;
	ErrorContextCallback callback;

	context_begin(b, &callback);
	for (*current = first; *current < first + n; (*current)++)
	{
		CHECK_FOR_INTERRUPTS();
		b->current = *current;
		p->prepare(b->arg, *current);
	}
	context_end(&callback);
}

static void
prepare_failed(void *arg, int item, ErrorData *error)
{
	batch_leave_out(((Preparation *) arg)->batch, item, error);
}

void
batch_prepare(Batch *b, void (*prepare) (void *arg, int item), bool may_raise)
{
	Preparation p = {b, prepare};
	int			current;

	if (b->ignore_errors && may_raise)
		group_run(b->n, prepare_items, prepare_failed, &p);
	else
		prepare_items(&p, 0, b->n, &current);
}

void
batch_leave_out(Batch *b, int item, const ErrorData *error)
{
	if (b->left_out == NULL)
		b->left_out = MemoryContextAllocExtended(CurrentMemoryContext, b->n,
												 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	b->left_out[item] = true;
	if (OidIsValid(b->relid))
		count_add_to(b->relid, COUNT_REFUSED, 1);
	b->door->ignore(b->arg, item, error);
}

/* ----------
 * Duplicates
 * ----------
 */

static bool
same_key(Batch *b, int one, int other)
{
	return b->door->keyed(b->arg, one) && b->door->keyed(b->arg, other) &&
		b->door->compare(b->arg, one, other) == 0;
}

/* The item repeats the key of one before it, and it should not. */
static void
refuse_duplicate(Batch *b, int before, int item)
{
	Refusal		why = {
		ERRCODE_CARDINALITY_VIOLATION,
		"a key comes twice in one batch",
		psprintf("Items " INT64_FORMAT " and " INT64_FORMAT " have the key \"%s\".",
				 place_of(b, before), place_of(b, item), key_of(b, item)),
		"Use another policy of the option \"duplicates\", or send each key once."
	};

	if (!b->ignore_errors)
		refusal_raise(&why);
	batch_leave_out(b, item, refusal_error(&why));
}

static void
settle_duplicates(Batch *b)
{
	int			kept = 0;

	if (b->duplicates == DUPLICATES_APPLY || b->norder == 0)
		return;
	for (int i = 1; i < b->norder; i++)
	{
		int			before = b->order[kept];
		int			item = b->order[i];

		if (!same_key(b, before, item))
			b->order[++kept] = item;
		else if (b->duplicates == DUPLICATES_ERROR)
			refuse_duplicate(b, before, item);
		else if (b->duplicates == DUPLICATES_FIRST)
			batch_leave_out(b, item, NULL);
		else
		{
			batch_leave_out(b, before, NULL);
			b->order[kept] = item;
		}
	}
	b->norder = kept + 1;
}

/* ----------
 * Applying
 * ----------
 */

/* The items of each key, where there are keys of several. */
static void
make_units(Batch *b)
{
	b->nunits = 0;
	b->units = MemoryContextAllocHuge(CurrentMemoryContext,
									  sizeof(int) * (b->norder + 1));
	for (int i = 0; i < b->norder; i++)
		if (i == 0 || !same_key(b, b->order[i - 1], b->order[i]))
			b->units[b->nunits++] = i;
	b->units[b->nunits] = b->norder;
	b->unfolded = MemoryContextAllocExtended(CurrentMemoryContext, b->nunits,
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static int
first_of_unit(const Batch *b, int unit)
{
	return b->units ? b->units[unit] : unit;
}

static int
unit_size(const Batch *b, int unit)
{
	return b->units ? b->units[unit + 1] - b->units[unit] : 1;
}

void
batch_folds(Batch *b, int item, bool composed)
{
	b->current = item;
	b->composed = composed;
}

/*
 * To the memory of an item; the answer is where to go back to.  One that is
 * done again while another is at hand has memory of its own.
 */
static MemoryContext
enter_item(Batch *b)
{
	CHECK_FOR_INTERRUPTS();
	if (b->item_context == NULL)
		return CurrentMemoryContext;
	if (b->depth++ > 0)
		return MemoryContextSwitchTo(AllocSetContextCreate(b->item_context,
														   "upsert item again",
														   ALLOCSET_SMALL_SIZES));
	MemoryContextReset(b->item_context);
	return MemoryContextSwitchTo(b->item_context);
}

static void
leave_item(Batch *b, MemoryContext outer)
{
	MemoryContext own = MemoryContextSwitchTo(outer);

	if (b->item_context && --b->depth > 0)
		MemoryContextDelete(own);
}

static void
apply_item(Batch *b, int position)
{
	MemoryContext outer = enter_item(b);

	b->current = b->order[position];
	b->composed = false;
	b->door->apply(b->arg, b->current);
	leave_item(b, outer);
}

/* Several of one key; false if they have to be applied one by one. */
static bool
apply_fold(Batch *b, int position, int n)
{
	MemoryContext outer = enter_item(b);
	bool		done = b->door->apply_fold(b->arg, &b->order[position], n);

	leave_item(b, outer);
	return done;
}

/* A unit by itself, or item by item. */
static void
apply_unit_at(Batch *b, int unit, bool folds)
{
	int			position = first_of_unit(b, unit);
	int			size = unit_size(b, unit);

	b->position = position;
	if (size > 1 && folds && !b->unfolded[unit])
	{
		if (apply_fold(b, position, size))
			return;
		/* nor is one of them to be done again as all of them */
		b->unfolded[unit] = true;
	}
	for (int i = 0; i < size; i++)
	{
		b->position = position + i;
		apply_item(b, position + i);
	}
}

/* ----------
 * Rows that wait
 * ----------
 */

int
batch_position(const Batch *b)
{
	return b->position;
}

/* The unit of a position in the order. */
static int
unit_of(const Batch *b, int position)
{
	int			low = 0;
	int			high = b->nunits;

	if (b->units == NULL)
		return position;
	while (high - low > 1)
	{
		int			middle = low + (high - low) / 2;

		if (b->units[middle] <= position)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Is the row at this position that of a whole unit? */
static bool
is_folded(const Batch *b, int position)
{
	int			unit = unit_of(b, position);

	return b->folds && unit_size(b, unit) > 1 && !b->unfolded[unit] &&
		position == first_of_unit(b, unit);
}

/* StoreWaiting.writes */
static void
row_is_written(void *arg, int position)
{
	Batch	   *b = arg;

	if (position < 0)
	{
		/* the item at hand is composed once more */
		position = b->position;
		b->composed = false;
	}
	else
		b->composed = is_folded(b, position);
	b->current = b->order[position];
	*b->progress = unit_of(b, position);
}

/* StoreWaiting.again */
static void
apply_again(void *arg, int position)
{
	Batch	   *b = arg;
	int			at_hand = b->position;

	row_is_written(b, position);
	if (is_folded(b, position))
		apply_unit_at(b, unit_of(b, position), true);
	else
	{
		b->position = position;
		apply_item(b, position);
	}
	b->position = at_hand;
}

void
batch_waiting(Batch *b, StoreWaiting *waiting)
{
	waiting->arg = b;
	waiting->writes = row_is_written;
	waiting->again = apply_again;
	waiting->undone = b->ignore_errors;
}

static void
open_door(Batch *b)
{
	if (b->door->open)
		b->door->open(b->arg);
}

static void
close_door(Batch *b)
{
	b->current = -1;
	if (b->door->close)
		b->door->close(b->arg);
}

static StoreFolding
ask_folding(Batch *b)
{
	return b->units && b->door->folding ? b->door->folding(b->arg) : STORE_FOLDS_NOT;
}

/* GroupWork: all of a group on one open store. */
static void
apply_units(void *arg, int first, int n, int *current)
{
	Batch	   *b = arg;
	ErrorContextCallback callback;

	context_begin(b, &callback);
	b->depth = 0;
	open_door(b);
	b->folds = ask_folding(b) != STORE_FOLDS_NOT;
	b->progress = current;
	for (*current = first; *current < first + n; (*current)++)
		apply_unit_at(b, *current, b->folds);
	if (b->door->flush)
		b->door->flush(b->arg);
	*current = first + n;
	close_door(b);
	context_end(&callback);
}

/* The items of a unit that failed, one by one. */
typedef struct UnitRun
{
	Batch	   *batch;
	int			position;
} UnitRun;

/* GroupWork */
static void
apply_unit(void *arg, int first, int n, int *current)
{
	UnitRun    *run = arg;
	ErrorContextCallback callback;

	context_begin(run->batch, &callback);
	run->batch->depth = 0;
	open_door(run->batch);
	run->batch->position = -1;
	for (*current = first; *current < first + n; (*current)++)
		apply_item(run->batch, run->position + *current);
	close_door(run->batch);
	context_end(&callback);
}

static void
item_failed(void *arg, int i, ErrorData *error)
{
	UnitRun    *run = arg;

	batch_leave_out(run->batch, run->batch->order[run->position + i], error);
}

static void
unit_failed(void *arg, int unit, ErrorData *error)
{
	Batch	   *b = arg;
	UnitRun		run = {b, first_of_unit(b, unit)};

	if (unit_size(b, unit) > 1)
		group_run(unit_size(b, unit), apply_unit, item_failed, &run);
	else
		item_failed(&run, 0, error);
}

/*
 * All of them, where the writing of several that are one may fail: then these
 * are what is not folded in the next try.
 */
static void
run_apart(Batch *b)
{
	b->apart = true;
	for (;;)
	{
		int			unit;
		ErrorData  *error = group_try(apply_units, b, 0, b->nunits, &unit);

		if (error == NULL)
			break;
		if (unit == b->nunits || !b->composed || b->unfolded[unit])
			ReThrowError(error);
		FreeErrorData(error);
		b->unfolded[unit] = true;
	}
	b->apart = false;
}

void
batch_run(Batch *b)
{
	bool		repeats;
	int			current;

	b->order = put_in_order(b, &b->norder, &repeats);
	settle_duplicates(b);
	if (b->norder == 0)
		return;
	b->units = NULL;
	b->nunits = b->norder;
	if (repeats && b->duplicates == DUPLICATES_APPLY && b->door->folding)
		make_units(b);
	if (b->ignore_errors)
		group_run(b->nunits, apply_units, unit_failed, b);
	else if (ask_folding(b) == STORE_FOLDS_RISKY)
		run_apart(b);
	else
		apply_units(b, 0, b->nunits, &current);
}
