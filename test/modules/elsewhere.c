/*
 * elsewhere.c
 *		A planner hook as a distributed engine has it: statements on a table
 *		that is a shell are planned on another that has the rows.  For tests
 *		only; test/t/009_elsewhere.pl builds and loads it.
 *
 *		elsewhere.shell = 's.shell'		the empty table
 *		elsewhere.shard = 's.shard'		the one that has its rows
 *		elsewhere.lose = 2				the next 2 UPDATEs and DELETEs of the
 *										shell meet no row, as while a shard moves
 *
 * Where tables of several nodes were made alike, they share OIDs: tableoid of
 * a shell's rows is the same whatever partition of the shard they are in.
 */
#include "postgres.h"

#include <limits.h>

#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

static char *shell_name = NULL;
static char *shard_name = NULL;
static int	lose = 0;
static planner_hook_type next_planner = NULL;

typedef struct Redirect
{
	Oid			shell;
	Oid			shard;
	Query	   *query;			/* that is being looked at */
	bool		found;
} Redirect;

static Oid
named(const char *name)
{
	if (name == NULL || name[0] == '\0')
		return InvalidOid;
	return RangeVarGetRelid(makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(name))),
							NoLock, true);
}

/* Makes tableoid of the shell a constant. */
static Node *
redirect_node(Node *node, void *context)
{
	Redirect   *r = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varlevelsup == 0 && var->varattno == TableOidAttributeNumber &&
			rt_fetch(var->varno, r->query->rtable)->relid == r->shard)
			return (Node *) makeConst(OIDOID, -1, InvalidOid, sizeof(Oid),
									  ObjectIdGetDatum(r->shell), false, true);
		return node;
	}
	return expression_tree_mutator(node, redirect_node, context);
}

static Query *
redirect(Query *query, Redirect *r)
{
	ListCell   *lc;
	bool		found = false;

	query = copyObject(query);
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst(lc);

		if (rte->rtekind != RTE_RELATION || rte->relid != r->shell)
			continue;
		rte->relid = r->shard;
		rte->relkind = get_rel_relkind(r->shard);
		rte->inh = true;
		LockRelationOid(r->shard, rte->rellockmode);
		found = true;
	}
#if PG_VERSION_NUM >= 160000
	foreach(lc, query->rteperminfos)
	{
		RTEPermissionInfo *perm = lfirst(lc);

		if (perm->relid == r->shell)
			perm->relid = r->shard;
	}
#endif
	if (!found)
		return query;
	r->found = true;
	r->query = query;
	return query_tree_mutator(query, redirect_node, r, QTW_DONT_COPY_QUERY);
}

#if PG_VERSION_NUM >= 190000
#define MORE_PARAMS , ExplainState *es
#define MORE_ARGS , es
#else
#define MORE_PARAMS
#define MORE_ARGS
#endif

static PlannedStmt *
plan_elsewhere(Query *parse, const char *query_string, int options,
			   ParamListInfo params MORE_PARAMS)
{
	Redirect	r = {named(shell_name), named(shard_name)};

	if (OidIsValid(r.shell) && OidIsValid(r.shard) && parse->commandType != CMD_UTILITY)
	{
		parse = redirect(parse, &r);
		if (r.found && lose > 0 && params != NULL &&
			(parse->commandType == CMD_UPDATE || parse->commandType == CMD_DELETE))
		{
			lose--;
			parse->jointree->quals = makeBoolConst(false, false);
		}
	}
	return next_planner ? next_planner(parse, query_string, options, params MORE_ARGS) :
		standard_planner(parse, query_string, options, params MORE_ARGS);
}

void
_PG_init(void)
{
	DefineCustomStringVariable("elsewhere.shell", "The empty table.", NULL,
							   &shell_name, NULL, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("elsewhere.shard", "The table that has its rows.", NULL,
							   &shard_name, NULL, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("elsewhere.lose", "So many changes meet no row.", NULL,
							&lose, 0, 0, INT_MAX, PGC_USERSET, 0, NULL, NULL, NULL);
	next_planner = planner_hook;
	planner_hook = plan_elsewhere;
}
