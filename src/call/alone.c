/*
 * alone.c
 *		Is a call all that the client has asked for?
 *
 *		portal --> statement --> plan --> the very expression that is being
 *										  evaluated
 *
 * What another node does for such a call it may commit at once: nothing comes
 * after it that could fail.  So everything that might stand beside the call in
 * the statement makes the answer no.
 */
#include "postgres.h"

#include "access/xact.h"
#include "nodes/plannodes.h"
#include "nodes/primnodes.h"
#include "tcop/pquery.h"

#include "call/alone.h"

/* The only expression of a plan that evaluates nothing else; or NULL. */
static const Node *
only_expression(const Plan *plan)
{
	ListCell   *lc;

	if (plan->qual != NIL || plan->initPlan != NIL || plan->lefttree != NULL)
		return NULL;
	if (IsA(plan, Result) && ((const Result *) plan)->resconstantqual == NULL &&
		list_length(plan->targetlist) == 1)
		return (const Node *) linitial_node(TargetEntry, plan->targetlist)->expr;
	if (!IsA(plan, FunctionScan) || list_length(((const FunctionScan *) plan)->functions) != 1)
		return NULL;
	foreach(lc, plan->targetlist)
		if (!IsA(lfirst_node(TargetEntry, lc)->expr, Var))
		return NULL;
	return linitial_node(RangeTblFunction, ((const FunctionScan *) plan)->functions)->funcexpr;
}

bool
call_is_alone(FunctionCallInfo fcinfo)
{
	const Node *call = fcinfo->flinfo->fn_expr;
	const PlannedStmt *stmt;
	ListCell   *lc;

	if (call == NULL || !IsA(call, FuncExpr) || ActivePortal == NULL ||
		list_length(ActivePortal->stmts) != 1 || IsInTransactionBlock(true))
		return false;
	stmt = linitial_node(PlannedStmt, ActivePortal->stmts);
	if (stmt->commandType != CMD_SELECT || stmt->planTree == NULL ||
		stmt->subplans != NIL || only_expression(stmt->planTree) != call)
		return false;
	foreach(lc, ((const FuncExpr *) call)->args)
		if (!IsA(lfirst(lc), Const) && !IsA(lfirst(lc), Param))
		return false;
	return true;
}
