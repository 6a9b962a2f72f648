/*
 * patch.c
 *		JSON Patch (RFC 6902): all six operations.
 *
 * The operations of a patch are applied one after the other to a tree of the
 * document (tree.c); the result is written once, at the end.  An operation
 * that fails is an error, so nothing is ever half applied.
 *
 * Paths are walked in two manners.  walk() goes to an existing value and
 * expands nodes on the way; with "own" it also makes them changeable.  The
 * last token of the target of add, remove and move is treated apart, in
 * add_at() and detach(), because there the value may not exist yet, or the
 * change is to its parent.
 *
 * What is wrong with the patch itself, whatever the document, is 22023.  What
 * does not fit the document has the SQL/JSON codes: 2203A where there is no
 * such member, 22033 where there is no such array element.  A test that is not
 * met is 23514, check_violation: that is what the operation is for.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "jsonb/doc.h"
#include "jsonb/path.h"
#include "jsonb/tree.h"

typedef enum PatchOp
{
	PATCH_ADD,
	PATCH_REMOVE,
	PATCH_REPLACE,
	PATCH_MOVE,
	PATCH_COPY,
	PATCH_TEST
} PatchOp;

typedef struct Operation
{
	uint32		number;			/* from 1, for messages */
	PatchOp		op;
	const char *name;
	DocPath		path;
	DocPath		from;			/* of move and copy */
	DocItem		value;			/* of add, replace and test */
} Operation;

static const struct
{
	const char *name;
	bool		has_from;
	bool		has_value;
}			patch_ops[] =

{
	[PATCH_ADD] = {"add", false, true},
	[PATCH_REMOVE] = {"remove", false, false},
	[PATCH_REPLACE] = {"replace", false, true},
	[PATCH_MOVE] = {"move", true, false},
	[PATCH_COPY] = {"copy", true, false},
	[PATCH_TEST] = {"test", false, true},
};

static void read_operation(Operation *operation, const DocItem *item);
static bool get_member(const JsonbContainer *object, const char *name,
					   DocItem *value);
static void get_path(const Operation *operation, const JsonbContainer *object,
					 const char *name, DocPath *path);
pg_noreturn static void malformed(uint32 number, const char *detail);
static void apply(const Operation *operation, DocNode **root);
static DocNode **walk(const Operation *operation, DocNode **root,
					  const DocPath *path, int ntokens, bool own);
static uint32 child_index(const Operation *operation, const DocNode *node,
						  const DocPath *path, int n);
static void add_at(const Operation *operation, DocNode **root,
				   DocNode *value);
static DocNode *detach(const Operation *operation, DocNode **root,
					   const DocPath *path);
pg_noreturn static void no_member(const Operation *operation, const DocPath *path,
								  const DocItem *token);
pg_noreturn static void no_element(const Operation *operation, const DocPath *path,
								   const DocItem *token, DocIndex why,
								   uint32 n);

Jsonb *
doc_patch(const Jsonb *doc, const Jsonb *patch)
{
	MemoryContext tmp = AllocSetContextCreate(CurrentMemoryContext,
											  "jsonb_patch",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(tmp);
	uint32		n = JB_ROOT_COUNT(patch);
	DocItem		item;
	DocNode    *root;
	DocCursor	cur;
	Jsonb	   *result;
	uint32		i;

	if (!JB_ROOT_IS_ARRAY(patch) || JB_ROOT_IS_SCALAR(patch))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a JSON patch must be an array of operations"),
				 errhint("For a patch that is an object use jsonb_merge_patch().")));
	doc_root_item(doc, &item);
	root = doc_node(&item);
	doc_cursor_first(&cur, &patch->root);
	for (i = 0; i < n; i++)
	{
		Operation	operation = {.number = i + 1};

		CHECK_FOR_INTERRUPTS();
		doc_cursor_item(&cur, &item);
		read_operation(&operation, &item);
		apply(&operation, &root);
	}

	MemoryContextSwitchTo(caller);
	result = doc_from_node(root, (Size) VARSIZE(doc) + VARSIZE(patch));
	MemoryContextDelete(tmp);
	return doc_equal(doc, result) ? unconstify(Jsonb *, doc) : result;
}

/*
 * Reading operations
 */

static void
read_operation(Operation *operation, const DocItem *item)
{
	const JsonbContainer *object = DOC_ITEM_CONTAINER(item);
	DocItem		name;
	int			op;

	if (!DOC_ITEM_IS_OBJECT(item))
		malformed(operation->number, "It is not an object.");
	if (!get_member(object, "op", &name) || name.type != JENTRY_ISSTRING)
		malformed(operation->number, "It has no string member \"op\".");
	for (op = 0; op < lengthof(patch_ops); op++)
	{
		if (strlen(patch_ops[op].name) == name.len &&
			memcmp(patch_ops[op].name, name.data, name.len) == 0)
			break;
	}
	if (op == lengthof(patch_ops))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown JSON patch operation \"%s\"",
						pnstrdup(name.data, name.len)),
				 errdetail("It is operation %u of the patch.",
						   operation->number),
				 errhint("The operations are add, remove, replace, move, copy and test.")));
	operation->op = (PatchOp) op;
	operation->name = patch_ops[op].name;
	get_path(operation, object, "path", &operation->path);
	if (patch_ops[op].has_from)
		get_path(operation, object, "from", &operation->from);
	if (patch_ops[op].has_value &&
		!get_member(object, "value", &operation->value))
		malformed(operation->number, "It has no member \"value\".");
}

static bool
get_member(const JsonbContainer *object, const char *name, DocItem *value)
{
	uint32		n = JsonContainerSize(object);
	DocCursor	cur;
	DocItem		wanted;
	DocItem		key;
	uint32		i;

	doc_string_item(&wanted, name, strlen(name));
	doc_cursor_first(&cur, object);
	for (i = 0; i < n; i++)
	{
		doc_cursor_item(&cur, &key);
		if (doc_same_item(&key, &wanted))
		{
			doc_cursor_seek(&cur, n + i);
			doc_cursor_item(&cur, value);
			return true;
		}
	}
	return false;
}

static void
get_path(const Operation *operation, const JsonbContainer *object,
		 const char *name, DocPath *path)
{
	DocItem		value;

	if (!get_member(object, name, &value) || value.type != JENTRY_ISSTRING)
		malformed(operation->number,
				  psprintf("It has no string member \"%s\".", name));
	if (!doc_path_parse(path, value.data, value.len))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid JSON pointer \"%s\"", path->text),
				 errdetail("It is \"%s\" of operation %u of the patch.",
						   name, operation->number),
				 errhint("A pointer is empty or starts with \"/\"; \"~\" is written \"~0\" and \"/\" in a name is written \"~1\".")));
}

static void
malformed(uint32 number, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("operation %u of the JSON patch is malformed", number),
			 errdetail_internal("%s", detail)));
}

/*
 * Applying them
 */

static void
apply(const Operation *operation, DocNode **root)
{
	const DocPath *path = &operation->path;
	const DocPath *from = &operation->from;
	DocNode   **slot;
	DocNode    *node;

	switch (operation->op)
	{
		case PATCH_ADD:
			add_at(operation, root, doc_node(&operation->value));
			break;
		case PATCH_REMOVE:
			(void) detach(operation, root, path);
			break;
		case PATCH_REPLACE:
			slot = walk(operation, root, path, path->ntokens, true);
			*slot = doc_node(&operation->value);
			break;
		case PATCH_MOVE:
			if (doc_path_contains(from, path))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("cannot move a value into itself"),
						 errdetail("Operation %u of the patch moves \"%s\" to \"%s\".",
								   operation->number, from->text,
								   path->text)));
			if (from->ntokens == 0)
				break;			/* the whole document onto itself */
			node = detach(operation, root, from);
			add_at(operation, root, node);
			break;
		case PATCH_COPY:
			node = *walk(operation, root, from, from->ntokens, false);
			doc_node_share(node);
			add_at(operation, root, node);
			break;
		case PATCH_TEST:
			node = *walk(operation, root, path, path->ntokens, false);
			if (!doc_node_same_value(node, &operation->value))
				ereport(ERROR,
						(errcode(ERRCODE_CHECK_VIOLATION),
						 errmsg("the value at \"%s\" is not the one that the JSON patch tests for",
								path->text),
						 errdetail("Operation %u of the patch is a test that fails.",
								   operation->number)));
			break;
	}
}

/*
 * The slot of the value at the first ntokens of path.  With own, the nodes
 * above it may be changed.
 */
static DocNode **
walk(const Operation *operation, DocNode **root, const DocPath *path,
	 int ntokens, bool own)
{
	DocNode   **slot = root;
	int			i;

	for (i = 0; i < ntokens; i++)
	{
		if (own)
			doc_node_own(slot);
		else
			doc_node_expand(*slot);
		slot = &(*slot)->children[child_index(operation, *slot, path, i)];
	}
	return slot;
}

/* Where the existing child of node is that token number n names. */
static uint32
child_index(const Operation *operation, const DocNode *node,
			const DocPath *path, int n)
{
	const DocItem *token = &path->tokens[n];
	DocIndex	why;
	uint32		index = 0;

	if (!node->expanded)
		no_member(operation, path, token);	/* a scalar */
	if (node->is_object)
	{
		if (!doc_node_find(node, token, &index))
			no_member(operation, path, token);
		return index;
	}
	why = doc_path_index(token, node->n, &index);
	if (why != DOC_INDEX_OK || index == node->n)
		no_element(operation, path, token, why, node->n);
	return index;
}

/* Put a value at the operation's path, as add does. */
static void
add_at(const Operation *operation, DocNode **root, DocNode *value)
{
	const DocPath *path = &operation->path;
	const DocItem *token;
	DocNode   **slot;
	DocNode    *parent;
	DocIndex	why;
	uint32		index = 0;

	if (path->ntokens == 0)
	{
		*root = value;
		return;
	}
	token = &path->tokens[path->ntokens - 1];
	slot = walk(operation, root, path, path->ntokens - 1, true);
	doc_node_own(slot);
	parent = *slot;
	if (!parent->expanded)
		no_member(operation, path, token);
	if (parent->is_object)
	{
		if (doc_node_find(parent, token, &index))
			parent->children[index] = value;
		else
			doc_node_insert(parent, index, token, value);
		return;
	}
	why = doc_path_index(token, parent->n, &index);
	if (why == DOC_INDEX_END)
		index = parent->n;
	else if (why != DOC_INDEX_OK)
		no_element(operation, path, token, why, parent->n);
	doc_node_insert(parent, index, NULL, value);
}

/* Take an existing value out of its parent. */
static DocNode *
detach(const Operation *operation, DocNode **root, const DocPath *path)
{
	DocNode   **slot;
	DocNode    *parent;
	DocNode    *node;
	uint32		index;

	if (path->ntokens == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a JSON patch cannot remove the whole document"),
				 errdetail("Operation %u of the patch has the empty path.",
						   operation->number)));
	slot = walk(operation, root, path, path->ntokens - 1, true);
	doc_node_own(slot);
	parent = *slot;
	index = child_index(operation, parent, path, path->ntokens - 1);
	node = parent->children[index];
	doc_node_remove(parent, index);
	return node;
}

static void
no_member(const Operation *operation, const DocPath *path,
		  const DocItem *token)
{
	ereport(ERROR,
			(errcode(ERRCODE_SQL_JSON_MEMBER_NOT_FOUND),
			 errmsg("JSON patch path \"%s\" does not exist", path->text),
			 errdetail("Operation %u (%s) finds no member \"%s\".",
					   operation->number, operation->name, token->data)));
}

static void
no_element(const Operation *operation, const DocPath *path,
		   const DocItem *token, DocIndex why, uint32 n)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_SQL_JSON_SUBSCRIPT),
			 errmsg("JSON patch path \"%s\" does not exist", path->text),
			 why == DOC_INDEX_MALFORMED ?
			 errdetail("Operation %u (%s): \"%s\" is not an array index.",
					   operation->number, operation->name, token->data) :
			 errdetail("Operation %u (%s): \"%s\" is not an element of an array of %u.",
					   operation->number, operation->name, token->data, n)));
}

/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(upsert_jsonb_patch);

Datum
upsert_jsonb_patch(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(doc_patch(PG_GETARG_JSONB_P(0), PG_GETARG_JSONB_P(1)));
}
