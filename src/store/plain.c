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
#include "store/store.h"

/* Functions of this extension that may stand in a table. */
#define MOST_OURS 4

static PGFunction ours[MOST_OURS];
static int	nours = 0;

void
store_plain_function(PGFunction function)
{
	Assert(nours < MOST_OURS);
	ours[nours++] = function;
}

/* By its code: what a name or an OID stands for may be somebody's by now. */
static bool
is_ours(Oid function)
{
	FmgrInfo	info;

	fmgr_info(function, &info);
	for (int i = 0; i < nours; i++)
		if (info.fn_addr == ours[i])
			return true;
	return false;
}

static bool
is_somebodys(Oid function, void *unused)
{
	return function >= FirstNormalObjectId && !is_ours(function);
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
