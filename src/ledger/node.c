/*
 * node.c
 *		The algebra of nodes: old node and payload -> new node and difference.
 *
 * A node maps predicates to sets of values.  The order in which the values of
 * a set are stored means nothing; where a set stays the same, so does its
 * stored order.  Only lists have an order.
 *
 *		value in a node						in a difference
 *		{"@value": "a"}						{"@value": "a"}
 *		{"@list": [{"@value": "a"}, ...]}	{"@value": "a", "@position": 0} ...
 *		"iri" (under @type)					"iri"
 *
 * Two statements are the same if value, datatype, language, direction and
 * list position are.  Numbers are the same if they are equal: 1 is 1.0.
 *
 * Pure: knows no tables.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "jsonb/build.h"
#include "jsonb/doc.h"
#include "jsonld/nodemap.h"
#include "ledger/node.h"
#include "upsert.h"

/* up to so many comparisons are made one by one, without a hash table */
#define FEW_COMPARISONS		64

/* ... and without a tree */
#define FEW_VALUES			8

/* The members of an object, as an image holds them. */
typedef struct Pairs
{
	DocCursor	keys;
	DocCursor	values;
	int			left;
	DocItem		key;			/* of the pair at hand */
	DocItem		value;
} Pairs;

/* Values under one predicate, in half a difference. */
typedef struct ImageValues
{
	DocItem		key;
	int			n;
	DocItem		items[FEW_VALUES];
} ImageValues;

typedef struct ImageHalf
{
	ImageValues *predicates;
	int			n;
	int			nvalues;
} ImageHalf;

static JldValue *subtract(const JldValue *a, const JldValue *b);
static bool same_set(const JldValue *a, const JldValue *b);
static JldValue *join(const NodeChange *change, JldStr predicate,
					  const JldValue *values, const JldValue *more);
static JldValue *changed_values(const NodeChange *change, JldStr predicate,
								JldValue *old);
static void change_predicate(JldStr predicate, JldValue *old, JldValue *new,
							 NodeDifference *difference);
static bool next_pair(Pairs *pairs);
static bool is_plain_value(const DocItem *item);
static bool same_plain_value(const DocItem *a, const DocItem *b);
static int	plain_values(const DocItem *array, DocItem *values);
static int	put_rest(ImageHalf *half, const DocItem *key, const DocItem *a,
					 int na, const DocItem *b, int nb);
static bool compare_images(const NodeChange *change, const Jsonb *old,
						   ImageHalf *retracted, ImageHalf *asserted);
static int	cancel(JldValue *these, JldValue *those);

/* --- sets of values ------------------------------------------------------- */

/* The items of a that are not in b. */
static JldValue *
subtract(const JldValue *a, const JldValue *b)
{
	JldValue   *rest = jld_new_array(0);

	if ((int64) a->n * b->n <= FEW_COMPARISONS)
	{
		for (int i = 0; i < a->n; i++)
		{
			bool		found = false;

			for (int k = 0; k < b->n && !found; k++)
				found = jld_equal(a->u.items[i], b->u.items[k]);
			if (!found)
				jld_push(rest, a->u.items[i]);
		}
	}
	else
	{
		UniqueIndex *index = unique_index_create();
		JldValue   *seen = jld_new_array(b->n);

		for (int k = 0; k < b->n; k++)
			(void) unique_push(index, seen, b->u.items[k]);
		for (int i = 0; i < a->n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (unique_push(index, seen, a->u.items[i]))
				jld_push(rest, a->u.items[i]);
		}
	}
	return rest;
}

static bool
same_set(const JldValue *a, const JldValue *b)
{
	return subtract(a, b)->n == 0 && subtract(b, a)->n == 0;
}

/* Both together; a new array. */
static JldValue *
join(const NodeChange *change, JldStr predicate, const JldValue *values,
	 const JldValue *more)
{
	JldValue   *all = jld_copy_shallow(values);
	int			lists = 0;

	jld_push_all(all, subtract(more, values));
	for (int i = 0; i < all->n; i++)
		lists += jld_is_list_object(all->u.items[i]) ? 1 : 0;
	if (lists > 1)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a predicate can have one list only"),
				 errdetail("Node \"%s\" has another one under \"%s\".",
						   jld_cstr(change->id), jld_cstr(predicate)),
				 errhint("ledger_upsert replaces the list.")));
	return all;
}

/* --- statements ----------------------------------------------------------- */

JldValue *
node_statements(JldValue *values)
{
	JldValue   *objects;
	bool		plain = true;

	for (int i = 0; i < values->n && plain; i++)
		plain = !jld_is_list_object(values->u.items[i]);
	if (plain)
		return values;

	objects = jld_new_array(values->n);
	for (int i = 0; i < values->n; i++)
	{
		JldValue   *value = values->u.items[i];
		JldValue   *list = jld_is_object(value) ? jld_get(value, JLD_STR("@list")) : NULL;

		if (list == NULL)
		{
			jld_push(objects, value);
			continue;
		}
		for (int k = 0; k < list->n; k++)
		{
			JldValue   *item = jld_copy_shallow(list->u.items[k]);

			jld_put(item, JLD_STR("@position"),
					jld_new_number(int64_to_numeric(k)));
			jld_push(objects, item);
		}
	}
	return objects;
}

/* --- changes -------------------------------------------------------------- */

/* The values of a predicate after the change; old may be NULL, and so the answer. */
static JldValue *
changed_values(const NodeChange *change, JldStr predicate, JldValue *old)
{
	JldValue   *given = change->node ? jld_get(change->node, predicate) : NULL;
	JldValue   *gone = change->retract ? jld_get(change->retract, predicate) : NULL;

	switch (change->mode)
	{
		case NODE_UPSERT:
			return given ? given : old;
		case NODE_REPLACE:
		case NODE_DELETE:
			return given;
		case NODE_INSERT:
		case NODE_UPDATE:
			if (gone && old)
				old = subtract(old, gone);
			return given && old ? join(change, predicate, old, given) :
				given ? given : old;
	}
	return old;					/* not reached */
}

static void
begin_difference(NodeDifference *difference)
{
	difference->retracted = jld_new_object(0);
	difference->asserted = jld_new_object(0);
	difference->nretracted = difference->nasserted = 0;
}

/* Adds the difference between old and new values (either may be NULL). */
static void
change_predicate(JldStr predicate, JldValue *old, JldValue *new,
				 NodeDifference *difference)
{
	JldValue   *before = old ? node_statements(old) : NULL;
	JldValue   *after = new ? node_statements(new) : NULL;
	JldValue   *gone = before && after ? subtract(before, after) : before;
	JldValue   *come = before && after ? subtract(after, before) : after;

	if (gone && gone->n > 0)
	{
		jld_put(difference->retracted, predicate, gone);
		difference->nretracted += gone->n;
	}
	if (come && come->n > 0)
	{
		jld_put(difference->asserted, predicate, come);
		difference->nasserted += come->n;
	}
}

JldValue *
node_change(const NodeChange *change, JldValue *old, NodeDifference *difference)
{
	JldValue   *result = jld_new_object((old ? old->n : 0) +
										(change->node ? change->node->n : 1));

	begin_difference(difference);
	jld_put(result, JLD_STR("@id"), jld_new_string(change->id));
	for (int i = 0; old && i < old->n; i++)
	{
		JldMember  *m = &old->u.object.members[i];
		JldValue   *values;

		CHECK_FOR_INTERRUPTS();
		if (jld_is(m->key, "@id"))
			continue;
		values = changed_values(change, m->key, m->value);
		if (values != m->value)
		{
			if (values && same_set(values, m->value))
				values = m->value;
			else
				change_predicate(m->key, m->value, values, difference);
		}
		if (values && values->n > 0)
			jld_put(result, m->key, values);
	}
	for (int i = 0; change->node && i < change->node->n; i++)
	{
		JldMember  *m = &change->node->u.object.members[i];

		CHECK_FOR_INTERRUPTS();
		if (jld_is(m->key, "@id") || m->value->n == 0 ||
			(old && jld_get(old, m->key)))
			continue;
		change_predicate(m->key, NULL, m->value, difference);
		jld_put(result, m->key, m->value);
	}
	return result->n > 1 ? result : NULL;
}

/* --- images --------------------------------------------------------------- */

static void
begin_pairs(Pairs *pairs, const Jsonb *object)
{
	doc_cursor_first(&pairs->keys, &object->root);
	doc_cursor_values(&pairs->values, &object->root);
	pairs->left = JB_ROOT_COUNT(object);
}

/* The next predicate, in jsonb's order of keys. */
static bool
next_pair(Pairs *pairs)
{
	do
	{
		if (pairs->left-- == 0)
			return false;
		doc_cursor_item(&pairs->keys, &pairs->key);
		doc_cursor_item(&pairs->values, &pairs->value);
	} while (pairs->key.len == 3 && memcmp(pairs->key.data, "@id", 3) == 0);
	return true;
}

/*
 * Is this a value of which bytes tell all: no list, no JSON literal, and no
 * reference to a node without @id?
 */
static bool
is_plain_value(const DocItem *item)
{
	DocCursor	cursor;
	DocItem		part;
	int			n;

	if (item->type == JENTRY_ISSTRING)
		return !jld_is_blank_node_id((JldStr) {item->data, item->len});
	if (!DOC_ITEM_IS_OBJECT(item))
		return false;
	n = JsonContainerSize(DOC_ITEM_CONTAINER(item));
	doc_cursor_values(&cursor, DOC_ITEM_CONTAINER(item));
	for (int i = 0; i < n; i++)
	{
		doc_cursor_item(&cursor, &part);
		if (part.type == JENTRY_ISCONTAINER ||
			(n == 1 && part.type == JENTRY_ISSTRING &&
			 jld_is_blank_node_id((JldStr) {part.data, part.len})))
			return false;
	}
	return true;
}

/* Are two plain values the same?  As jld_equal(): numbers by value. */
static bool
same_plain_value(const DocItem *a, const DocItem *b)
{
	DocCursor	cursors[2];
	int			n;

	if (doc_same_item(a, b))
		return true;
	if (a->type != JENTRY_ISCONTAINER || b->type != JENTRY_ISCONTAINER)
		return false;
	n = JsonContainerSize(DOC_ITEM_CONTAINER(a)) * 2;
	if (JsonContainerSize(DOC_ITEM_CONTAINER(b)) * 2 != n)
		return false;
	doc_cursor_first(&cursors[0], DOC_ITEM_CONTAINER(a));
	doc_cursor_first(&cursors[1], DOC_ITEM_CONTAINER(b));
	for (int i = 0; i < n; i++)
	{
		DocItem		x;
		DocItem		y;

		doc_cursor_item(&cursors[0], &x);
		doc_cursor_item(&cursors[1], &y);
		if (!doc_same_item(&x, &y) &&
			!(x.type == JENTRY_ISNUMERIC && y.type == JENTRY_ISNUMERIC &&
			  DatumGetBool(DirectFunctionCall2(numeric_eq, PointerGetDatum(x.data),
											   PointerGetDatum(y.data)))))
			return false;
	}
	return true;
}

/* The values in an array; -1: not all are plain, or they are many. */
static int
plain_values(const DocItem *array, DocItem *values)
{
	DocCursor	cursor;
	int			n;

	if (!DOC_ITEM_IS_ARRAY(array))
		return -1;
	n = JsonContainerSize(DOC_ITEM_CONTAINER(array));
	if (n > FEW_VALUES)
		return -1;
	doc_cursor_first(&cursor, DOC_ITEM_CONTAINER(array));
	for (int i = 0; i < n; i++)
	{
		doc_cursor_item(&cursor, &values[i]);
		if (!is_plain_value(&values[i]))
			return -1;
	}
	return n;
}

/* Those of a that are not in b go to half; answers how many. */
static int
put_rest(ImageHalf *half, const DocItem *key, const DocItem *a, int na,
		 const DocItem *b, int nb)
{
	ImageValues *values = &half->predicates[half->n];

	values->n = 0;
	for (int i = 0; i < na; i++)
	{
		bool		found = false;

		for (int k = 0; k < nb && !found; k++)
			found = same_plain_value(&a[i], &b[k]);
		if (!found)
			values->items[values->n++] = a[i];
	}
	if (values->n > 0)
	{
		values->key = *key;
		half->n++;
		half->nvalues += values->n;
	}
	return values->n;
}

static Jsonb *
build_half(const ImageHalf *half)
{
	DocBuilder	b;
	DocFrame	root;
	Size		size = 16;

	if (half->n == 0)
		return NULL;
	for (int i = 0; i < half->n; i++)
	{
		size += half->predicates[i].key.len + 16;
		for (int k = 0; k < half->predicates[i].n; k++)
			size += half->predicates[i].items[k].len + 8;
	}
	doc_build_init(&b, size);
	doc_open_object(&b, &root, half->n);
	for (int i = 0; i < half->n; i++)
		doc_put_item(&b, &root, &half->predicates[i].key);
	for (int i = 0; i < half->n; i++)
	{
		DocFrame	array;

		doc_open_array(&b, &array, half->predicates[i].n);
		for (int k = 0; k < half->predicates[i].n; k++)
			doc_put_item(&b, &array, &half->predicates[i].items[k]);
		doc_close(&b, &array, &root);
	}
	doc_close(&b, &root, NULL);
	return doc_build_finish(&b);
}

/*
 * The difference that change->image makes to old, in an upsert or a
 * replacement.  False: there are other than plain values, or a set has been
 * written in another order, so that the new node is not just what the images
 * say.
 */
static bool
compare_images(const NodeChange *change, const Jsonb *old,
			   ImageHalf *retracted, ImageHalf *asserted)
{
	Pairs		before;
	Pairs		after;
	bool		is_before;
	bool		is_after;

	begin_pairs(&before, old);
	begin_pairs(&after, change->image);
	is_before = next_pair(&before);
	is_after = next_pair(&after);
	while (is_before || is_after)
	{
		int			order = !is_before ? 1 : !is_after ? -1 :
		doc_compare_keys(&before.key, &after.key);

		CHECK_FOR_INTERRUPTS();
		if (order == 0 ? !doc_same_item(&before.value, &after.value) :
			order > 0 || change->mode == NODE_REPLACE)
		{
			DocItem		old_values[FEW_VALUES];
			DocItem		new_values[FEW_VALUES];
			int			nold = order <= 0 ? plain_values(&before.value, old_values) : 0;
			int			nnew = order >= 0 ? plain_values(&after.value, new_values) : 0;
			const DocItem *key = order <= 0 ? &before.key : &after.key;

			if (nold < 0 || nnew < 0 ||
				put_rest(retracted, key, old_values, nold, new_values, nnew) +
				put_rest(asserted, key, new_values, nnew, old_values, nold) == 0)
				return false;
		}
		if (order <= 0)
			is_before = next_pair(&before);
		if (order >= 0)
			is_after = next_pair(&after);
	}
	return true;
}

static void
begin_half(ImageHalf *half, int npredicates)
{
	half->predicates = palloc(sizeof(ImageValues) * Max(npredicates, 1));
	half->n = 0;
	half->nvalues = 0;
}

bool
node_change_image(const NodeChange *change, Jsonb *old, bool differences,
				  ImageChange *result)
{
	ImageHalf	retracted;
	ImageHalf	asserted;

	if (change->image == NULL || change->nvalues == 0 || change->retract ||
		change->mode == NODE_DELETE)
		return false;
	memset(result, 0, sizeof(ImageChange));
	result->node = change->image;
	if (old == NULL)
	{
		result->asserted = change->image;
		result->nasserted = change->nvalues;
		return true;
	}
	if (doc_equal(old, change->image))
		return true;
	if (!JB_ROOT_IS_OBJECT(old) ||
		(change->mode != NODE_UPSERT && change->mode != NODE_REPLACE))
		return false;

	begin_half(&retracted, JB_ROOT_COUNT(old));
	begin_half(&asserted, JB_ROOT_COUNT(change->image));
	if (!compare_images(change, old, &retracted, &asserted))
		return false;
	result->nretracted = retracted.nvalues;
	result->nasserted = asserted.nvalues;
	if (change->mode == NODE_UPSERT && result->nretracted + result->nasserted > 0)
		result->node = doc_merge(old, change->image, true, false);
	if (differences)
	{
		result->retracted = build_half(&retracted);
		result->asserted = build_half(&asserted);
	}
	return true;
}

/* --- one difference after another ------------------------------------------ */

/*
 * Takes out of both what they have in common; answers how many values that
 * were.
 */
static int
cancel(JldValue *these, JldValue *those)
{
	int			n = 0;

	for (int i = these->n - 1; i >= 0; i--)
	{
		JldMember  *m = &these->u.object.members[i];
		JldStr		predicate = m->key;
		JldValue   *other = jld_get(those, predicate);
		JldValue   *rest;

		CHECK_FOR_INTERRUPTS();
		if (other == NULL)
			continue;
		rest = subtract(m->value, other);
		if (rest->n == m->value->n)
			continue;
		n += m->value->n - rest->n;
		other = subtract(other, m->value);
		if (rest->n > 0)
			jld_put(these, predicate, rest);
		else
			(void) jld_remove(these, predicate);
		if (other->n > 0)
			jld_put(those, predicate, other);
		else
			(void) jld_remove(those, predicate);
	}
	return n;
}

/* Appends what is asserted, or retracted, under each predicate. */
static void
append_values(JldValue *all, const JldValue *more)
{
	for (int i = 0; i < more->n; i++)
	{
		JldMember  *m = &more->u.object.members[i];
		JldValue   *before = jld_get(all, m->key);
		JldValue   *both = before ? jld_copy_shallow(before) : m->value;

		if (before)
			jld_push_all(both, m->value);
		jld_put(all, m->key, both);
	}
}

void
node_difference_add(NodeDifference *first, const NodeDifference *second)
{
	JldValue   *retracted = jld_copy_shallow(second->retracted);
	JldValue   *asserted = jld_copy_shallow(second->asserted);
	int			undone = cancel(first->asserted, retracted);
	int			redone = cancel(first->retracted, asserted);

	append_values(first->retracted, retracted);
	append_values(first->asserted, asserted);
	first->nasserted += second->nasserted - undone - redone;
	first->nretracted += second->nretracted - undone - redone;
}

/* --- back from statements ------------------------------------------------- */

JldValue *
node_from_statements(JldStr id, const Statement *statements, int n)
{
	JldValue   *node = jld_new_object(8);
	JldValue   *lists = jld_new_object(0);	/* predicate -> items by position */

	jld_put(node, JLD_STR("@id"), jld_new_string(id));
	for (int i = 0; i < n; i++)
	{
		JldStr		predicate = statements[i].p;
		JldValue   *value = statements[i].o;
		JldValue   *position = jld_is_object(value) ? jld_get(value, JLD_STR("@position")) : NULL;
		JldValue   *items;
		int			place;

		if (position == NULL)
		{
			if (jld_is(predicate, RDF_TYPE))
			{
				predicate = JLD_STR("@type");
				value = jld_get(value, JLD_STR("@id"));
			}
			jld_add_value(node, predicate, value, true);
			continue;
		}

		items = jld_get(lists, predicate);
		if (items == NULL)
		{
			JldValue   *list = jld_new_object(1);

			items = jld_new_array(1);
			jld_put(lists, predicate, items);
			jld_put(list, JLD_STR("@list"), items);
			jld_add_value(node, predicate, list, true);
		}
		place = DatumGetInt32(DirectFunctionCall1(numeric_int4,
												  NumericGetDatum(position->u.number)));
		if (place < 0 || place >= n)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("history of node \"%s\" has a list with holes", jld_cstr(id))));
		while (items->n <= place)
			jld_push(items, &jld_null);
		value = jld_copy_shallow(value);
		(void) jld_remove(value, JLD_STR("@position"));
		items->u.items[place] = value;
	}
	return node;
}
