/*
 * tree.c
 *		A document that can be changed in place, many times.
 *
 * A patch of many operations must not rebuild the document for each.  So the
 * document becomes a tree that is as shallow as possible: a node stands for
 * an image until somebody goes into it; then, and only then, it is expanded by
 * one level:
 *
 *		node {n=2}              after going to /b/0
 *		 |-- "a" -> image of 8 kB, never looked at
 *		 `-- "b" -> node [n=3]
 *		             |-- image of 0
 *		             `-- ...
 *
 * In the end doc_from_node() writes expanded nodes anew and copies images.
 *
 * Copying a value within the document is sharing the node.  A shared node is
 * never changed: doc_node_own() puts a copy of that one level in its place,
 * whose children are shared in turn.  So a few copy operations that double the
 * document thirty times cost thirty nodes here, and are refused for their size
 * when the result is written.
 *
 * Everything is allocated in CurrentMemoryContext and nothing is freed: run it
 * in a context of its own.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "jsonb/tree.h"

static bool same_value(const DocItem *a, const DocItem *b);

DocNode *
doc_node(const DocItem *item)
{
	DocNode    *node = palloc0(sizeof(DocNode));

	node->item = *item;
	return node;
}

void
doc_node_share(DocNode *node)
{
	node->shared = true;
}

void
doc_node_own(DocNode **slot)
{
	DocNode    *node = *slot;

	doc_node_expand(node);
	if (node->shared)
	{
		DocNode    *copy = palloc(sizeof(DocNode));
		uint32		i;

		*copy = *node;
		copy->shared = false;
		if (node->expanded)
		{
			copy->size = Max(node->n, 1);
			if (node->is_object)
			{
				copy->keys = palloc(copy->size * sizeof(DocItem));
				memcpy(copy->keys, node->keys, node->n * sizeof(DocItem));
			}
			copy->children = palloc(copy->size * sizeof(DocNode *));
			for (i = 0; i < node->n; i++)
			{
				copy->children[i] = node->children[i];
				doc_node_share(copy->children[i]);
			}
		}
		*slot = copy;
	}
}

void
doc_node_expand(DocNode *node)
{
	const JsonbContainer *c = DOC_ITEM_CONTAINER(&node->item);
	DocCursor	cur;
	DocNode    *children;
	uint32		i;

	if (node->expanded || node->item.type != JENTRY_ISCONTAINER)
		return;
	if (JsonContainerSize(c) > MaxAllocSize / sizeof(DocNode))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the object or array to be patched is too large"),
				 errdetail("It has %u members or elements; the maximum is %zu.",
						   JsonContainerSize(c),
						   MaxAllocSize / sizeof(DocNode))));
	node->expanded = true;
	node->is_object = JsonContainerIsObject(c);
	node->n = JsonContainerSize(c);
	node->size = Max(node->n, 1);
	node->children = palloc(node->size * sizeof(DocNode *));
	children = palloc0(node->size * sizeof(DocNode));
	doc_cursor_first(&cur, c);
	if (node->is_object)
	{
		node->keys = palloc(node->size * sizeof(DocItem));
		for (i = 0; i < node->n; i++)
			doc_cursor_item(&cur, &node->keys[i]);
	}
	for (i = 0; i < node->n; i++)
	{
		doc_cursor_item(&cur, &children[i].item);
		node->children[i] = &children[i];
	}
}

bool
doc_node_find(const DocNode *object, const DocItem *key, uint32 *index)
{
	uint32		low = 0;
	uint32		high = object->n;

	Assert(object->expanded && object->is_object);
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		int			cmp = doc_compare_keys(&object->keys[middle], key);

		if (cmp == 0)
		{
			*index = middle;
			return true;
		}
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*index = low;
	return false;
}

void
doc_node_insert(DocNode *node, uint32 index, const DocItem *key,
				DocNode *child)
{
	uint32		after = node->n - index;

	Assert(node->expanded && !node->shared && index <= node->n);
	if (node->n == node->size)
	{
		node->size *= 2;
		node->children = repalloc(node->children,
								  node->size * sizeof(DocNode *));
		if (node->is_object)
			node->keys = repalloc(node->keys, node->size * sizeof(DocItem));
	}
	memmove(&node->children[index + 1], &node->children[index],
			after * sizeof(DocNode *));
	node->children[index] = child;
	if (node->is_object)
	{
		memmove(&node->keys[index + 1], &node->keys[index],
				after * sizeof(DocItem));
		node->keys[index] = *key;
	}
	node->n++;
}

void
doc_node_remove(DocNode *node, uint32 index)
{
	uint32		after = node->n - index - 1;

	Assert(node->expanded && !node->shared && index < node->n);
	memmove(&node->children[index], &node->children[index + 1],
			after * sizeof(DocNode *));
	if (node->is_object)
		memmove(&node->keys[index], &node->keys[index + 1],
				after * sizeof(DocItem));
	node->n--;
}

bool
doc_node_same_value(DocNode *node, const DocItem *item)
{
	const JsonbContainer *c = DOC_ITEM_CONTAINER(item);
	DocCursor	keys;
	DocCursor	values;
	uint32		i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	if (!node->expanded)
		return same_value(&node->item, item);
	if (item->type != JENTRY_ISCONTAINER ||
		node->is_object != JsonContainerIsObject(c) ||
		node->n != JsonContainerSize(c))
		return false;
	doc_cursor_first(&keys, c);
	if (node->is_object)
		doc_cursor_values(&values, c);
	else
		values = keys;
	for (i = 0; i < node->n; i++)
	{
		DocItem		key;
		DocItem		value;

		if (node->is_object)
		{
			doc_cursor_item(&keys, &key);
			if (!doc_same_item(&node->keys[i], &key))
				return false;
		}
		doc_cursor_item(&values, &value);
		if (!doc_node_same_value(node->children[i], &value))
			return false;
	}
	return true;
}

void
doc_node_put(DocBuilder *b, DocFrame *parent, const DocNode *node)
{
	DocFrame	f;
	uint32		i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	if (!node->expanded)
	{
		doc_put_item(b, parent, &node->item);
		return;
	}
	if (node->is_object)
	{
		doc_open_object(b, &f, node->n);
		for (i = 0; i < node->n; i++)
			doc_put_item(b, &f, &node->keys[i]);
	}
	else
		doc_open_array(b, &f, node->n);
	for (i = 0; i < node->n; i++)
		doc_node_put(b, &f, node->children[i]);
	doc_close(b, &f, parent);
}

Jsonb *
doc_from_node(const DocNode *node, Size size_hint)
{
	DocBuilder	b;

	if (!node->expanded)
		return doc_from_item(&node->item);
	doc_build_init(&b, size_hint);
	doc_node_put(&b, NULL, node);
	return doc_build_finish(&b);
}

/*
 * doc_node_same_value() for two images.
 */
static bool
same_value(const DocItem *a, const DocItem *b)
{
	const JsonbContainer *ca = DOC_ITEM_CONTAINER(a);
	const JsonbContainer *cb = DOC_ITEM_CONTAINER(b);
	DocCursor	cur_a;
	DocCursor	cur_b;
	uint32		nkeys;
	uint32		n;
	uint32		i;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	if (a->type != b->type)
		return false;
	if (a->type == JENTRY_ISNUMERIC)
		return DatumGetBool(DirectFunctionCall2(numeric_eq,
												PointerGetDatum(a->data),
												PointerGetDatum(b->data)));
	if (a->type != JENTRY_ISCONTAINER)
		return doc_same_item(a, b);
	if (ca->header != cb->header)
		return false;
	nkeys = JsonContainerIsObject(ca) ? JsonContainerSize(ca) : 0;
	n = nkeys + JsonContainerSize(ca);
	doc_cursor_first(&cur_a, ca);
	doc_cursor_first(&cur_b, cb);
	for (i = 0; i < n; i++)
	{
		DocItem		item_a;
		DocItem		item_b;

		doc_cursor_item(&cur_a, &item_a);
		doc_cursor_item(&cur_b, &item_b);
		if (i < nkeys ? !doc_same_item(&item_a, &item_b)
			: !same_value(&item_a, &item_b))
			return false;
	}
	return true;
}
