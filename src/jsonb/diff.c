/*
 * diff.c
 *		The difference of two documents as a JSON Patch (RFC 6902).
 *
 * Two objects are walked side by side, as in merge.c; what both have is
 * compared in turn, so that a change deep inside is one operation with a long
 * path.  Two arrays are aligned first: between what begins and ends alike,
 * Myers' algorithm ("An O(ND) difference algorithm and its variations", 1986)
 * finds a longest common subsequence:
 *
 *		old:	a b x c			match:	a b - c
 *		new:	a b y z c				gap: x against y z
 *
 * In a gap, elements are paired from the left: pairs are compared in turn, the
 * rest is removed or added.  Arrays with more than MAX_DISTANCE differences
 * are one gap; the patch is as correct, only longer.
 *
 * The patch is made to be read, too: where nothing is left of a container, or
 * an array would need more operations than its new value has elements, one
 * replace says the same.  Equality is that of images, so that the number 1 is
 * replaced by 1.0 and jsonb_patch(old, jsonb_diff(old, new)) is new to the
 * byte.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "jsonb/doc.h"
#include "jsonb/path.h"

/* Myers' algorithm takes memory quadratic in this, and time linear */
#define MAX_DISTANCE 512

typedef struct DiffOp
{
	const char *op;
	char	   *path;
	int			path_len;
	DocItem		value;			/* if has_value */
	bool		has_value;
} DiffOp;

typedef struct Diff
{
	StringInfoData path;		/* of the value that is being compared */
	DiffOp	   *ops;
	uint32		n;
	uint32		size;
	Size		bytes;			/* about the size of the patch */
} Diff;

/* An array's elements, with a hash to tell most different ones apart. */
typedef struct Elements
{
	uint32		n;
	DocItem    *items;
	uint32	   *hashes;
} Elements;

#define NO_MATCH PG_UINT32_MAX

static void diff_value(Diff *diff, const DocItem *old, const DocItem *new);
static void diff_object(Diff *diff, const DocItem *old, const DocItem *new);
static bool share_key(const JsonbContainer *a, const JsonbContainer *b);
static void diff_array(Diff *diff, const DocItem *old, const DocItem *new);
static void load_elements(Elements *e, const JsonbContainer *c);
static void free_elements(Elements *e);
static bool same_element(const Elements *a, uint32 i, const Elements *b,
						 uint32 j);
static void align(const Elements *a, const Elements *b, uint32 *match);
static void align_middle(const Elements *a, const Elements *b, uint32 prefix,
						 uint32 na, uint32 nb, uint32 *match);
static void find_gap_end(uint32 n_old, uint32 n_new, const uint32 *match,
						 uint32 i, uint32 *gap_i, uint32 *gap_j);
static uint32 count_operations(uint32 n_old, uint32 n_new,
							   const uint32 *match);
static void add_op(Diff *diff, const char *op, const DocItem *value);
static void add_op_key(Diff *diff, const char *op, const DocItem *key,
					   const DocItem *value);
static void add_op_index(Diff *diff, const char *op, uint32 index,
						 const DocItem *value);
static void truncate_path(Diff *diff, int len);
static Jsonb *build_patch(const Diff *diff);

Jsonb *
doc_diff(const Jsonb *old, const Jsonb *new)
{
	MemoryContext tmp = AllocSetContextCreate(CurrentMemoryContext,
											  "jsonb_diff",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(tmp);
	Diff		diff = {.size = 8};
	DocItem		old_item,
				new_item;
	Jsonb	   *result;

	initStringInfo(&diff.path);
	diff.ops = palloc(diff.size * sizeof(DiffOp));
	doc_root_item(old, &old_item);
	doc_root_item(new, &new_item);
	diff_value(&diff, &old_item, &new_item);

	MemoryContextSwitchTo(caller);
	result = build_patch(&diff);
	MemoryContextDelete(tmp);
	return result;
}

/* Add the operations that make new of old, which is at diff->path. */
static void
diff_value(Diff *diff, const DocItem *old, const DocItem *new)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	if (doc_same_item(old, new))
		return;
	if (DOC_ITEM_IS_OBJECT(old) && DOC_ITEM_IS_OBJECT(new))
		diff_object(diff, old, new);
	else if (DOC_ITEM_IS_ARRAY(old) && DOC_ITEM_IS_ARRAY(new))
		diff_array(diff, old, new);
	else
		add_op(diff, "replace", new);
}

static void
diff_object(Diff *diff, const DocItem *old, const DocItem *new)
{
	const JsonbContainer *a = DOC_ITEM_CONTAINER(old);
	const JsonbContainer *b = DOC_ITEM_CONTAINER(new);
	uint32		na = JsonContainerSize(a);
	uint32		nb = JsonContainerSize(b);
	uint32		i = 0;
	uint32		j = 0;
	int			path_len = diff->path.len;
	DocCursor	keys_a,
				keys_b,
				values_a,
				values_b;
	DocItem		key_a = {0},
				key_b = {0},
				value_a,
				value_b;

	/* a nested object that is another one altogether */
	if (path_len > 0 && na + nb > 1 && !share_key(a, b))
	{
		add_op(diff, "replace", new);
		return;
	}

	doc_cursor_first(&keys_a, a);
	doc_cursor_first(&keys_b, b);
	doc_cursor_values(&values_a, a);
	doc_cursor_values(&values_b, b);
	while (i < na || j < nb)
	{
		int			cmp;

		/* read ahead, once, on the side that was stepped */
		if (i < na && keys_a.index == i)
			doc_cursor_item(&keys_a, &key_a);
		if (j < nb && keys_b.index == j)
			doc_cursor_item(&keys_b, &key_b);
		cmp = i >= na ? 1 : j >= nb ? -1 : doc_compare_keys(&key_a, &key_b);
		if (cmp <= 0)
		{
			doc_cursor_item(&values_a, &value_a);
			i++;
		}
		if (cmp >= 0)
		{
			doc_cursor_item(&values_b, &value_b);
			j++;
		}
		if (cmp < 0)
			add_op_key(diff, "remove", &key_a, NULL);
		else if (cmp > 0)
			add_op_key(diff, "add", &key_b, &value_b);
		else
		{
			doc_path_append_key(&diff->path, &key_a);
			diff_value(diff, &value_a, &value_b);
			truncate_path(diff, path_len);
		}
	}
}

/* Is there a key that both objects have? */
static bool
share_key(const JsonbContainer *a, const JsonbContainer *b)
{
	uint32		na = JsonContainerSize(a);
	uint32		nb = JsonContainerSize(b);
	DocCursor	keys_a,
				keys_b;
	DocItem		key_a,
				key_b;

	if (na == 0 || nb == 0)
		return false;
	doc_cursor_first(&keys_a, a);
	doc_cursor_first(&keys_b, b);
	doc_cursor_item(&keys_a, &key_a);
	doc_cursor_item(&keys_b, &key_b);
	for (;;)
	{
		int			cmp = doc_compare_keys(&key_a, &key_b);

		if (cmp == 0)
			return true;
		if (cmp < 0)
		{
			if (keys_a.index == na)
				return false;
			doc_cursor_item(&keys_a, &key_a);
		}
		else
		{
			if (keys_b.index == nb)
				return false;
			doc_cursor_item(&keys_b, &key_b);
		}
	}
}

/*
 * Arrays
 */

static void
diff_array(Diff *diff, const DocItem *old, const DocItem *new)
{
	Elements	a,
				b;
	uint32	   *match;
	uint32		i = 0;
	uint32		j = 0;
	int			path_len = diff->path.len;
	uint32		count;

	load_elements(&a, DOC_ITEM_CONTAINER(old));
	load_elements(&b, DOC_ITEM_CONTAINER(new));
	match = palloc(Max(a.n, 1) * sizeof(uint32));
	align(&a, &b, match);
	count = count_operations(a.n, b.n, match);
	if (count > 1 && count > b.n)
	{
		add_op(diff, "replace", new);
		i = a.n;				/* and that is all */
		j = b.n;
	}

	/* at any time, elements 0 to j - 1 are those of the new array */
	while (i < a.n || j < b.n)
	{
		uint32		gap_i;
		uint32		gap_j;

		find_gap_end(a.n, b.n, match, i, &gap_i, &gap_j);
		for (; i < gap_i && j < gap_j; i++, j++)
		{
			doc_path_append_index(&diff->path, j);
			diff_value(diff, &a.items[i], &b.items[j]);
			truncate_path(diff, path_len);
		}
		for (; i < gap_i; i++)
			add_op_index(diff, "remove", j, NULL);
		for (; j < gap_j; j++)
			add_op_index(diff, "add", j, &b.items[j]);
		if (i < a.n)
		{
			i++;				/* the match that ends the gap */
			j++;
		}
	}
	free_elements(&a);
	free_elements(&b);
	pfree(match);
}

static void
load_elements(Elements *e, const JsonbContainer *c)
{
	DocCursor	cur;
	uint32		i;

	e->n = JsonContainerSize(c);
	e->items = palloc_extended(Max(e->n, 1) * sizeof(DocItem),
							   MCXT_ALLOC_HUGE);
	e->hashes = palloc_extended(Max(e->n, 1) * sizeof(uint32),
								MCXT_ALLOC_HUGE);
	doc_cursor_first(&cur, c);
	for (i = 0; i < e->n; i++)
	{
		doc_cursor_item(&cur, &e->items[i]);
		e->hashes[i] = hash_bytes((const unsigned char *) e->items[i].data,
								  e->items[i].len) ^ e->items[i].type;
	}
}

static void
free_elements(Elements *e)
{
	pfree(e->items);
	pfree(e->hashes);
}

static bool
same_element(const Elements *a, uint32 i, const Elements *b, uint32 j)
{
	return a->hashes[i] == b->hashes[j] &&
		doc_same_item(&a->items[i], &b->items[j]);
}

/* Fill in match: for each element of a its like in b, or NO_MATCH. */
static void
align(const Elements *a, const Elements *b, uint32 *match)
{
	uint32		prefix = 0;
	uint32		suffix = 0;
	uint32		least = Min(a->n, b->n);
	uint32		i;

	for (i = 0; i < a->n; i++)
		match[i] = NO_MATCH;
	while (prefix < least && same_element(a, prefix, b, prefix))
	{
		match[prefix] = prefix;
		prefix++;
	}
	while (suffix < least - prefix &&
		   same_element(a, a->n - suffix - 1, b, b->n - suffix - 1))
	{
		suffix++;
		match[a->n - suffix] = b->n - suffix;
	}
	if (a->n > prefix + suffix && b->n > prefix + suffix)
		align_middle(a, b, prefix, a->n - prefix - suffix,
					 b->n - prefix - suffix, match);
}

/*
 * Myers' algorithm for na and nb elements after the prefix.
 *
 * A point (x, y) says that x elements of a and y of b are dealt with; it lies
 * on diagonal k = x - y.  reach(d, k) is the greatest x on diagonal k to which
 * d removals and additions lead; matching elements are free.  All rounds are
 * kept (round d has 2d + 1 diagonals, so it starts at d * d) to find the way
 * back from (na, nb).
 */
static void
align_middle(const Elements *a, const Elements *b, uint32 prefix,
			 uint32 na, uint32 nb, uint32 *match)
{
	int			max = Min((uint64) na + nb, MAX_DISTANCE);
	int32	   *reach = palloc((Size) (max + 1) * (max + 1) * sizeof(int32));
	int			d;
	int			k;
	int32		x = 0;
	int32		y = 0;
	bool		found = false;

#define REACH(d, k) reach[(d) * (d) + (k) + (d)]
/* is the last step to diagonal k in round d an addition (from k + 1)? */
#define IS_ADDITION(d, k) \
	((k) == -(d) || \
	 ((k) != (d) && REACH((d) - 1, (k) - 1) < REACH((d) - 1, (k) + 1)))

	for (d = 0; d <= max && !found; d++)
	{
		CHECK_FOR_INTERRUPTS();
		for (k = -d; k <= d && !found; k += 2)
		{
			if (d == 0)
				x = 0;
			else if (IS_ADDITION(d, k))
				x = REACH(d - 1, k + 1);
			else
				x = REACH(d - 1, k - 1) + 1;
			y = x - k;
			while (x < (int32) na && y < (int32) nb &&
				   same_element(a, prefix + x, b, prefix + y))
			{
				x++;
				y++;
			}
			REACH(d, k) = x;
			found = (x >= (int32) na && y >= (int32) nb);
		}
	}

	if (found)
	{
		/* d is one beyond the round that got there */
		for (d--; d >= 0; d--)
		{
			int32		from_x = 0;
			int32		from_y = 0;

			if (d > 0)
			{
				k = x - y;
				k = IS_ADDITION(d, k) ? k + 1 : k - 1;
				from_x = REACH(d - 1, k);
				from_y = from_x - k;
			}
			while (x > from_x && y > from_y)
			{
				x--;
				y--;
				match[prefix + x] = prefix + y;
			}
			x = from_x;
			y = from_y;
		}
	}
#undef REACH
#undef IS_ADDITION
	pfree(reach);
}

/*
 * The gap that begins at old element i ends before old element *gap_i, which
 * matches new element *gap_j (or both are at the end).
 */
static void
find_gap_end(uint32 n_old, uint32 n_new, const uint32 *match, uint32 i,
			 uint32 *gap_i, uint32 *gap_j)
{
	while (i < n_old && match[i] == NO_MATCH)
		i++;
	*gap_i = i;
	*gap_j = i < n_old ? match[i] : n_new;
}

/* How many operations on elements the alignment leads to, at most. */
static uint32
count_operations(uint32 n_old, uint32 n_new, const uint32 *match)
{
	uint32		i = 0;
	uint32		j = 0;
	uint32		count = 0;

	while (i < n_old || j < n_new)
	{
		uint32		gap_i;
		uint32		gap_j;

		find_gap_end(n_old, n_new, match, i, &gap_i, &gap_j);
		count += Max(gap_i - i, gap_j - j);
		i = gap_i + 1;
		j = gap_j + 1;
	}
	return count;
}

/*
 * The list of operations
 */

/* Add an operation on diff->path; value is NULL for remove. */
static void
add_op(Diff *diff, const char *op, const DocItem *value)
{
	DiffOp	   *o;

	if (diff->n == diff->size)
	{
		diff->size *= 2;
		diff->ops = repalloc_huge(diff->ops, diff->size * sizeof(DiffOp));
	}
	o = &diff->ops[diff->n++];
	o->op = op;
	o->path_len = diff->path.len;
	o->path = pnstrdup(diff->path.data, diff->path.len);
	o->has_value = (value != NULL);
	if (value != NULL)
		o->value = *value;
	diff->bytes += 48 + o->path_len + (value != NULL ? value->len : 0);
}

/* Add an operation on a member of the object at diff->path. */
static void
add_op_key(Diff *diff, const char *op, const DocItem *key,
		   const DocItem *value)
{
	int			path_len = diff->path.len;

	doc_path_append_key(&diff->path, key);
	add_op(diff, op, value);
	truncate_path(diff, path_len);
}

/* Add an operation on an element of the array at diff->path. */
static void
add_op_index(Diff *diff, const char *op, uint32 index, const DocItem *value)
{
	int			path_len = diff->path.len;

	doc_path_append_index(&diff->path, index);
	add_op(diff, op, value);
	truncate_path(diff, path_len);
}

static void
truncate_path(Diff *diff, int len)
{
	diff->path.len = len;
	diff->path.data[len] = '\0';
}

static Jsonb *
build_patch(const Diff *diff)
{
	DocBuilder	b;
	DocFrame	array;
	DocFrame	object;
	DocItem		item;
	uint32		i;

	doc_build_init(&b, diff->bytes + 16);
	doc_open_array(&b, &array, diff->n);
	for (i = 0; i < diff->n; i++)
	{
		const DiffOp *o = &diff->ops[i];

		CHECK_FOR_INTERRUPTS();
		/* the keys are in key order: by length */
		doc_open_object(&b, &object, o->has_value ? 3 : 2);
		doc_string_item(&item, "op", 2);
		doc_put_item(&b, &object, &item);
		doc_string_item(&item, "path", 4);
		doc_put_item(&b, &object, &item);
		if (o->has_value)
		{
			doc_string_item(&item, "value", 5);
			doc_put_item(&b, &object, &item);
		}
		doc_string_item(&item, o->op, strlen(o->op));
		doc_put_item(&b, &object, &item);
		doc_string_item(&item, o->path, o->path_len);
		doc_put_item(&b, &object, &item);
		if (o->has_value)
			doc_put_item(&b, &object, &o->value);
		doc_close(&b, &object, &array);
	}
	doc_close(&b, &array, NULL);
	return doc_build_finish(&b);
}

/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(upsert_jsonb_diff);

Datum
upsert_jsonb_diff(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(doc_diff(PG_GETARG_JSONB_P(0), PG_GETARG_JSONB_P(1)));
}
