/*
 * virtual.c
 *		Virtual generated columns: what SELECT computes, and a tuple lacks.
 *
 *		CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2))
 *
 *		tuple	a = 2, b = NULL
 *		slot	a = 2, b = 4	after virtual_fill()
 *
 * PostgreSQL's rewriter puts the expression in the place of the column; who
 * reads tuples, as direct.c does, has to do it by himself.  spi.c reads by
 * SELECT and needs none of this.  Only columns that the caller may read are
 * computed.  Knows expressions and slots, nothing of keys.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "executor/executor.h"
#include "optimizer/optimizer.h"

#include "store/virtual.h"

struct Virtuals
{
	ExprContext *econtext;
	ExprState **columns;		/* by column; NULL: not virtual, or not read */
};

static Virtuals *
virtuals_of(Store *s)
{
	MemoryContext oldcontext;
	Virtuals   *v = s->virtuals;
	int			i;

	if (v)
		return v;
	oldcontext = MemoryContextSwitchTo(s->context);
	v = palloc0(sizeof(Virtuals));
	v->econtext = CreateStandaloneExprContext();
	v->columns = palloc0(sizeof(ExprState *) * s->tupdesc->natts);
	for (i = 0; i < s->tupdesc->natts; i++)
	{
		Expr	   *expr;

		if (!compat_is_virtual(TupleDescAttr(s->tupdesc, i)) ||
			!bms_is_member(i + 1, s->target.read_columns))
			continue;
		expr = (Expr *) compat_generation_expression(s->rel, i + 1);
		v->columns[i] = ExecInitExpr(expression_planner(expr), NULL);
	}
	s->virtuals = v;
	MemoryContextSwitchTo(oldcontext);
	return v;
}

void
virtual_fill(Store *s, TupleTableSlot *slot)
{
	Virtuals   *v;
	int			i;

	if (!compat_has_virtual(s->tupdesc) || TTS_EMPTY(slot))
		return;
	v = virtuals_of(s);
	slot_getallattrs(slot);
	v->econtext->ecxt_scantuple = slot;
	for (i = 0; i < s->tupdesc->natts; i++)
		if (v->columns[i])
			slot->tts_values[i] = ExecEvalExpr(v->columns[i], v->econtext,
											   &slot->tts_isnull[i]);
}
