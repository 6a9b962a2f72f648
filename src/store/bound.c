/*
 * bound.c
 *		What refuses a row and stands in none of its columns or constraints:
 *		the bounds of partitions, and a view's WITH CHECK OPTION.
 *
 * PostgreSQL asks them when a row is on its way into the heap.  A dry run has
 * no such row and no right to the locks of writers, so they become expressions
 * over the columns of the relation that was named:
 *
 *		a partition			its own bound
 *		a partitioned table	one of its leaves' bounds, by its own columns
 *		a view				the WHERE of each view that is asked, by the
 *							columns of the one on top
 *
 * Of a view's WHERE that reads what the view does not show nothing is known, and
 * it is not asked.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/table.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "partitioning/partdesc.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteManip.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "store/bound.h"

static Bound *
add_bound(List **bounds, Relation rel, const char *view)
{
	Bound	   *bound = palloc0(sizeof(Bound));

	bound->rel = rel;
	bound->view = view;
	*bounds = lappend(*bounds, bound);
	return bound;
}

static void
add_expression(Bound *bound, Node *expr)
{
	RowExpression *e = palloc0(sizeof(RowExpression));

	row_expression_make(e, expr);
	bound->expressions = lappend(bound->expressions, e);
}

/* ----------
 * Partitions
 * ----------
 */

static void
add_partition(List **bounds, Relation rel)
{
	List	   *qual = RelationGetPartitionQual(rel);

	/* a default partition that is alone takes everything */
	if (qual != NIL)
		add_expression(add_bound(bounds, rel, NULL), (Node *) make_ands_explicit(qual));
}

static void
add_leaves(List **bounds, Relation rel)
{
	Bound	   *bound = add_bound(bounds, rel, NULL);
	List	   *members = find_all_inheritors(RelationGetRelid(rel), AccessShareLock, NULL);
	ListCell   *lc;

	bound->leaves = true;
	foreach(lc, members)
	{
		Relation	leaf = table_open(lfirst_oid(lc), NoLock);

		CHECK_FOR_INTERRUPTS();
		if (leaf->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		{
			List	   *qual = RelationGetPartitionQual(leaf);

			if (qual == NIL)
				add_expression(bound, makeBoolConst(true, false));
			else
				add_expression(bound, (Node *)
							   make_ands_explicit(map_partition_varattnos(qual, 1, rel, leaf)));
		}
		table_close(leaf, NoLock);
	}
}

/* ----------
 * Views
 * ----------
 */

/* A relation below the view on top. */
typedef struct Below
{
	Index		varno;			/* in the query of the view above */
	int			natts;
	AttrNumber *shown;			/* by attribute number - 1: the column of the
								 * view on top; InvalidAttrNumber: none */
	bool		hidden;			/* something was read that is none */
} Below;

/* Columns of the relation below become those of the view on top. */
static Node *
lift(Node *node, Below *below)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);

		if (var->varno != below->varno || var->varattno <= 0 ||
			var->varattno > below->natts ||
			below->shown[var->varattno - 1] == InvalidAttrNumber)
		{
			below->hidden = true;
			return node;
		}
		var->varno = 1;
		var->varattno = below->shown[var->varattno - 1];
		return (Node *) var;
	}
	return expression_tree_mutator(node, lift, below);
}

/*
 * The options of a view, and of those below it.  shown: by the view's columns,
 * those of the view on top; asked: a view above wants all of them to be asked.
 */
static void
add_views(List **bounds, Relation top, Relation view, const AttrNumber *shown,
		  bool asked)
{
	Query	   *query = get_view_query(view);
	Below		below = {0};
	RangeTblRef *from;
	RangeTblEntry *rte;
	Relation	base;
	Node	   *quals;
	ListCell   *lc;

	check_stack_depth();
	/* triggers and rules instead: who knows what comes of the row */
	if ((view->trigdesc && (view->trigdesc->trig_insert_instead_row ||
							view->trigdesc->trig_update_instead_row)) ||
		(view->rd_rules && view->rd_rules->numLocks > 1) ||
		view_query_is_auto_updatable(query, true) != NULL)
		return;
	from = linitial_node(RangeTblRef, query->jointree->fromlist);
	rte = rt_fetch(from->rtindex, query->rtable);
	base = table_open(rte->relid, AccessShareLock);
	below.varno = from->rtindex;
	below.natts = RelationGetNumberOfAttributes(base);
	below.shown = palloc0(sizeof(AttrNumber) * below.natts);
	foreach(lc, query->targetList)
	{
		TargetEntry *te = lfirst_node(TargetEntry, lc);
		Var		   *var = (Var *) te->expr;

		if (!te->resjunk && IsA(var, Var) && var->varno == below.varno &&
			var->varattno > 0 && below.shown[var->varattno - 1] == InvalidAttrNumber)
			below.shown[var->varattno - 1] = shown[te->resno - 1];
	}

	quals = query->jointree->quals;
	asked = asked || RelationHasCascadedCheckOption(view);
	if ((asked || RelationHasCheckOption(view)) && quals && !query->hasSubLinks)
	{
		quals = lift(quals, &below);
		if (!below.hidden)
			add_expression(add_bound(bounds, top, pstrdup(RelationGetRelationName(view))),
						   quals);
	}
	if (base->rd_rel->relkind == RELKIND_VIEW)
		add_views(bounds, top, base, below.shown, asked);
	table_close(base, NoLock);
}

/* ----------
 * All of them
 * ----------
 */

List *
bounds_of(Relation rel)
{
	List	   *bounds = NIL;

	if (rel->rd_rel->relispartition)
		add_partition(&bounds, rel);
	if (rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		add_leaves(&bounds, rel);
	if (rel->rd_rel->relkind == RELKIND_VIEW)
	{
		int			natts = RelationGetNumberOfAttributes(rel);
		AttrNumber *shown = palloc(sizeof(AttrNumber) * natts);

		for (int i = 0; i < natts; i++)
			shown[i] = i + 1;
		add_views(&bounds, rel, rel, shown, false);
	}
	return bounds;
}

void
bound_refuse(const Bound *bound)
{
	if (bound->view)
		ereport(ERROR,
				(errcode(ERRCODE_WITH_CHECK_OPTION_VIOLATION),
				 errmsg("new row violates check option for view \"%s\"", bound->view)));
	if (bound->leaves)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("no partition of relation \"%s\" found for row",
						RelationGetRelationName(bound->rel)),
				 errtable(bound->rel)));
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("new row for relation \"%s\" violates partition constraint",
					RelationGetRelationName(bound->rel)),
			 errtable(bound->rel)));
}
