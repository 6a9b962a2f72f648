/*
 * expr/node.c
 *		Makes and searches trees.
 *
 *		OLD.logins + 1		BINARY op=ADD
 *							 |- ATTR name=logins
 *							 |	 `- REF name=OLD
 *							 `- CONST value=1
 *
 * It knows the shape of nodes and not what they mean.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"

#include "expr/node.h"

static ExprNode *new_node(ExprTag tag, int location, const char *name,
						  int nargs);

static ExprNode *
new_node(ExprTag tag, int location, const char *name, int nargs)
{
	ExprNode   *node = palloc0(sizeof(ExprNode));

	node->tag = tag;
	node->location = location;
	node->name = name;
	node->name_len = name ? strlen(name) : 0;
	node->nargs = nargs;
	if (nargs > 0)
		node->args = palloc(sizeof(ExprNode *) * nargs);
	return node;
}

ExprNode *
expr_node(ExprTag tag, int location, const char *name, int nargs,...)
{
	ExprNode   *node = new_node(tag, location, name, nargs);
	va_list		parts;

	va_start(parts, nargs);
	for (int i = 0; i < nargs; i++)
		node->args[i] = va_arg(parts, ExprNode *);
	va_end(parts);
	return node;
}

ExprNode *
expr_node_list(ExprTag tag, int location, const char *name, List *args)
{
	ExprNode   *node = new_node(tag, location, name, list_length(args));
	ListCell   *lc;

	foreach(lc, args)
		node->args[foreach_current_index(lc)] = lfirst(lc);
	return node;
}

ExprNode *
expr_node_const(const JsonbValue *value, int location)
{
	ExprNode   *node = new_node(EXPR_CONST, location, NULL, 0);
	JsonbValue *copy = palloc(sizeof(JsonbValue));

	Assert(value->type != jbvBinary);
	*copy = *value;
	node->value = copy;
	return node;
}

ExprNode *
expr_node_from_value(const JsonbValue *value)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item;
	List	   *args = NIL;
	const char *name = NULL;
	bool		is_array;

	check_stack_depth();
	if (value->type != jbvBinary)
		return expr_node_const(value, -1);

	it = JsonbIteratorInit(value->val.binary.data);
	is_array = JsonbIteratorNext(&it, &item, true) == WJB_BEGIN_ARRAY;
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = pnstrdup(item.val.string.val, item.val.string.len);
		else if (token == WJB_VALUE)
			args = lappend(args, expr_node(EXPR_PROP, -1, name, 1,
										   expr_node_from_value(&item)));
		else if (token == WJB_ELEM)
			args = lappend(args, expr_node_from_value(&item));
	}
	return expr_node_list(is_array ? EXPR_ARRAY : EXPR_OBJECT, -1, NULL, args);
}

char *
expr_qualified_name(const char *schema, const char *table)
{
	char	   *quoted = pstrdup(quote_identifier(schema));

	return psprintf("%s.%s", quoted, quote_identifier(table));
}

bool
expr_node_contains(const ExprNode *node, ExprTag tag)
{
	check_stack_depth();
	if (node->tag == tag)
		return true;
	for (int i = 0; i < node->nargs; i++)
	{
		if (expr_node_contains(node->args[i], tag))
			return true;
	}
	return false;
}

bool
expr_node_modifies(const ExprNode *node)
{
	check_stack_depth();
	if (expr_tag_modifies(node->tag))
		return true;
	for (int i = 0; i < node->nargs; i++)
	{
		if (expr_node_modifies(node->args[i]))
			return true;
	}
	return false;
}
