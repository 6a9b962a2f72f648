/*
 * preview.c
 *		The row that a dry run would have written.
 *
 *		set by compose		as it is
 *		else, new row		its default, unless that is volatile
 *		else, old row		what is stored
 *		generated			computed of the others
 *
 * and it is checked as far as that takes neither locks nor writes: privileges,
 * NOT NULL, CHECK, bounds of partitions, WITH CHECK OPTION.  What cannot be
 * known before the row is really written is NULL here, and nothing that
 * depends on it is computed or checked: values of sequences and of other
 * volatile functions, columns that the caller does not read.  A BEFORE trigger may change anything, so where there is one no
 * constraint is checked.  Triggers, policies, foreign keys and other unique
 * indexes are not asked at all.
 *
 * The next item of a batch may be of the same key: it finds the row that this
 * one would have left.
 *
 * Knows the table's catalog entries and the row; both stores use it.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/tupdesc.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "store/bound.h"
#include "store/candidate.h"
#include "store/preview.h"

struct Preview
{
	ExprContext *econtext;
	RowExpression *columns;		/* by column: default or generation */
	RowExpression *checks;		/* by constraint */
	List	   *bounds;
	bool	   *unknown;		/* by column, of the last row */

	TupleTableSlot *last;		/* that row, if there is one of this key */
	bool		chained;		/* the old row is that one */
	Datum		last_key[INDEX_MAX_KEYS];
	bool		last_nulls[INDEX_MAX_KEYS];
};

/* ----------
 * Expressions
 * ----------
 */

static Preview *
preview_of(Store *s)
{
	MemoryContext oldcontext;
	TupleConstr *constr = s->tupdesc->constr;
	Preview    *p = s->preview;
	int			natts = s->tupdesc->natts;
	int			i;

	if (p)
		return p;
	oldcontext = MemoryContextSwitchTo(s->context);
	p = s->preview = palloc0(sizeof(Preview));
	p->econtext = CreateStandaloneExprContext();
	p->columns = palloc0(sizeof(RowExpression) * natts);
	p->unknown = palloc0(sizeof(bool) * natts);
	for (i = 0; i < natts; i++)
		row_expression_of_column(&p->columns[i], s->rel, i + 1);
	if (constr && constr->num_check > 0)
	{
		p->checks = palloc0(sizeof(RowExpression) * constr->num_check);
		for (i = 0; i < constr->num_check; i++)
			if (compat_is_enforced(&constr->check[i]))
				row_expression_make(&p->checks[i],
									compat_expand_virtual(stringToNode(constr->check[i].ccbin),
														  s->rel));
	}
	p->bounds = bounds_of(s->rel);
	MemoryContextSwitchTo(oldcontext);
	return p;
}

/* Are all columns that the expression reads known? */
static bool
is_known(Store *s, const RowExpression *e)
{
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
		if (s->preview->unknown[i] && row_expression_reads(e, i + 1))
			return false;
	return true;
}

/* In the item's memory, as all of the row. */
static Datum
eval_expr(Store *s, RowExpression *e, bool *isnull)
{
	s->preview->econtext->ecxt_scantuple = s->new;
	return ExecEvalExpr(e->state, s->preview->econtext, isnull);
}

/* ----------
 * The row
 * ----------
 */

static void
check_privileges(Store *s, AclMode mode)
{
	Bitmapset  *columns = NULL;
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
		if (s->row.set[i])
			columns = bms_add_member(columns, i + 1);
	compat_check_permissions(s->rel, mode, NULL,
							 mode == ACL_INSERT ? columns : NULL,
							 mode == ACL_UPDATE ? columns : NULL);
}

/* A column that compose has not set. */
static void
fill_column(Store *s, TupleTableSlot *old, int i)
{
	Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);
	RowExpression *e = &s->preview->columns[i];
	Datum	   *value = &s->new->tts_values[i];
	bool	   *isnull = &s->new->tts_isnull[i];

	*value = (Datum) 0;
	*isnull = true;
	if (att->attisdropped || att->attgenerated)
		return;
	if (old)
	{
		if (!s->preview->chained)
			s->preview->unknown[i] = !bms_is_member(i + 1, s->target.read_columns);
		if (!s->preview->unknown[i])
		{
			*value = old->tts_values[i];
			*isnull = old->tts_isnull[i];
		}
	}
	else if (e->state)
		*value = eval_expr(s, e, isnull);
	else if (e->exists)
		s->preview->unknown[i] = true;
	else if (get_typtype(att->atttypid) == TYPTYPE_DOMAIN)
		row_null_of_domain(s->rel, i + 1);
}

static void
fill_generated(Store *s, int i)
{
	RowExpression *e = &s->preview->columns[i];

	s->preview->unknown[i] = e->state == NULL || !is_known(s, e);
	if (!s->preview->unknown[i])
		s->new->tts_values[i] = eval_expr(s, e, &s->new->tts_isnull[i]);
}

static void
check_not_null(Store *s, int i)
{
	Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);

	if (!att->attnotnull || att->attisdropped || !s->new->tts_isnull[i] ||
		s->preview->unknown[i])
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
					NameStr(att->attname), RelationGetRelationName(s->rel)),
			 errtablecol(s->rel, i + 1)));
}

static void
check_check(Store *s, int i)
{
	const char *name = s->tupdesc->constr->check[i].ccname;
	RowExpression *e = &s->preview->checks[i];
	bool		isnull;

	if (e->state == NULL || !is_known(s, e) ||
		DatumGetBool(eval_expr(s, e, &isnull)) || isnull)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("new row for relation \"%s\" violates check constraint \"%s\"",
					RelationGetRelationName(s->rel), name),
			 errtableconstraint(s->rel, name)));
}

/* One of the expressions holds, or cannot be known to hold. */
static void
check_bound(Store *s, const Bound *bound)
{
	ListCell   *lc;

	foreach(lc, bound->expressions)
	{
		RowExpression *e = lfirst(lc);
		bool		isnull;

		if (e->state == NULL || !is_known(s, e) ||
			(DatumGetBool(eval_expr(s, e, &isnull)) && !isnull))
			return;
	}
	bound_refuse(bound);
}

/* Can no trigger and no other server still have a word? */
static bool
constraints_decide(Store *s, bool insert)
{
	TriggerDesc *t = s->rel->trigdesc;

	if (s->rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
		return false;			/* the other server's constraints count */
	return t == NULL ||
		!(insert ? t->trig_insert_before_row : store_updates_fire(t, &s->target));
}

/* s->new of old, or of nothing, and what compose has set. */
static void
form_row(Store *s, TupleTableSlot *old)
{
	Preview    *p = s->preview;
	int			natts = s->tupdesc->natts;
	int			i;

	if (old)
		slot_getallattrs(old);
	ExecClearTuple(s->new);
	if (!p->chained)
		memset(p->unknown, 0, sizeof(bool) * natts);
	for (i = 0; i < natts; i++)
	{
		if (s->row.set[i])
		{
			if (old == NULL)
				store_check_identity(TupleDescAttr(s->tupdesc, i));
			s->new->tts_values[i] = s->row.values[i];
			s->new->tts_isnull[i] = s->row.isnull[i];
			p->unknown[i] = false;
		}
		else
			fill_column(s, old, i);
	}
	ExecStoreVirtualTuple(s->new);
	s->new->tts_tableOid = RelationGetRelid(s->rel);
	for (i = 0; i < natts; i++)
		if (TupleDescAttr(s->tupdesc, i)->attgenerated)
			fill_generated(s, i);
}

void
preview_row(Store *s, TupleTableSlot *old)
{
	Preview    *p = preview_of(s);
	TupleConstr *constr = s->tupdesc->constr;
	int			natts = s->tupdesc->natts;
	ListCell   *lc;
	int			i;

	check_privileges(s, old ? ACL_UPDATE : ACL_INSERT);
	form_row(s, old);
	if (!constraints_decide(s, old == NULL))
		return;
	for (i = 0; i < natts; i++)
		check_not_null(s, i);
	for (i = 0; constr && i < constr->num_check; i++)
		check_check(s, i);
	foreach(lc, p->bounds)
		check_bound(s, lfirst(lc));
}

bool
preview_form(Store *s, TupleTableSlot *old, bool made, TupleTableSlot *new)
{
	Preview    *p = preview_of(s);
	TupleTableSlot *kept = s->new;

	s->new = new;
	p->chained = made;
	form_row(s, old);
	p->chained = false;
	s->new = kept;
	for (int i = 0; i < s->tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);

		if (p->unknown[i] ||
			(att->attnotnull && !att->attisdropped && new->tts_isnull[i]))
			return false;
	}
	return true;
}

void
preview_removal(Store *s)
{
	compat_check_permissions(s->rel, ACL_DELETE, NULL, NULL, NULL);
}

/* ----------
 * One after the other
 * ----------
 */

bool
preview_again(Store *s, const Datum *key, const bool *nulls,
			  StoreCompose compose, void *arg, StoreOutcome *outcome)
{
	Preview    *p = s->preview;

	if (key == NULL || p == NULL || p->last == NULL || TTS_EMPTY(p->last))
		return false;
	if (!store_same_key(s, key, nulls, p->last_key, p->last_nulls))
		return false;

	ExecCopySlot(s->old, p->last);
	ExecClearTuple(s->new);
	switch (store_compose(s, s->old, compose, arg))
	{
		case STORE_KEEP:
			*outcome = STORE_UNCHANGED;
			break;
		case STORE_SKIP:
		case STORE_PASS:
			*outcome = STORE_SKIPPED;
			break;
		case STORE_REMOVE:
			preview_removal(s);
			*outcome = STORE_DELETED;
			break;
		case STORE_WRITE:
			p->chained = true;
			preview_row(s, s->old);
			p->chained = false;
			*outcome = STORE_UPDATED;
			break;
	}
	return true;
}

void
preview_remember(Store *s, const Datum *key, const bool *nulls,
				 StoreOutcome outcome)
{
	MemoryContext oldcontext;
	Preview    *p;
	int			i;

	/* what wrote nothing has left the row as it was */
	if (outcome != STORE_INSERTED && outcome != STORE_UPDATED &&
		outcome != STORE_DELETED)
		return;
	p = preview_of(s);
	oldcontext = MemoryContextSwitchTo(s->context);
	if (p->last == NULL)
		p->last = MakeSingleTupleTableSlot(CreateTupleDescCopy(s->tupdesc),
										   &TTSOpsVirtual);
	ExecClearTuple(p->last);
	for (i = 0; key && outcome != STORE_DELETED && i < s->target.nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, s->target.keys[i] - 1);

		p->last_nulls[i] = nulls && nulls[i];
		if (!p->last_nulls[i])
			p->last_key[i] = datumCopy(key[i], att->attbyval, att->attlen);
	}
	if (key && outcome != STORE_DELETED)
		ExecCopySlot(p->last, s->new);
	MemoryContextSwitchTo(oldcontext);
}
