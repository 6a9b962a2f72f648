/*
 * plain.c
 *		Expressions that nobody's code runs in.
 *
 * A function that somebody has written may look at the table, whatever it was
 * declared to be; a domain's constraints may call one.  Who keeps rows back
 * must not let it look.
 */
#include "postgres.h"

#include "access/transam.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "store/plain.h"

static bool
is_somebodys(Oid function, void *unused)
{
	return function >= FirstNormalObjectId;
}

static bool
runs_code(Node *node, void *unused)
{
	if (node == NULL)
		return false;
	if (IsA(node, CoerceToDomain) ||
		check_functions_in_node(node, is_somebodys, unused))
		return true;
	return expression_tree_walker(node, runs_code, unused);
}

bool
expression_is_plain(Node *expr)
{
	return !runs_code(expr, NULL) &&
		!contain_volatile_functions_not_nextval(expr);
}
