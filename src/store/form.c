/*
 * form.c
 *		The row to be written, for direct.c: what compose has set, and what the
 *		table adds.
 *
 *		StoreRow	[ a = 1 ][	   ][ c = 3 ][	   ]
 *		insert		  a = 1	 default  c = 3	 NULL		--> generated columns,
 *		update		  a = 1	  old b	  c = 3	 old d			constraints
 *
 * Privileges are asked for the columns that are set, as a statement would
 * that names them; when others are set than in the row before.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "store/candidate.h"
#include "store/form.h"
#include "store/plain.h"

/*
 * The default of a column that the composed row leaves unset.  It is looked up
 * when it is first needed: to read and plan the expression takes as long as to
 * insert the row.
 */
static const ColumnDefault *
column_default(Store *s, DirectState *st, int i)
{
	Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);
	ColumnDefault *def = &st->defaults[i];
	MemoryContext oldcontext;

	if (def->sought)
		return def;
	oldcontext = MemoryContextSwitchTo(s->context);
	def->plain = true;
	if (!att->attisdropped && !att->attgenerated)
	{
		Node	   *expr = build_column_default(s->rel, i + 1);

		if (expr)
		{
			Expr	   *planned = expression_planner((Expr *) expr);

			def->expr = ExecInitExpr(planned, NULL);
			def->plain = expression_is_plain((Node *) planned);
		}
		else
			def->plain = get_typtype(att->atttypid) != TYPTYPE_DOMAIN;
	}
	def->sought = true;
	MemoryContextSwitchTo(oldcontext);
	return def;
}

bool
form_is_plain(Store *s, DirectState *st)
{
	for (int i = 0; i < s->tupdesc->natts; i++)
		if (!s->row.set[i] && !column_default(s, st, i)->plain)
			return false;
	return true;
}

void
form_claim_columns(Store *s, ColumnSet *last, AclMode mode)
{
	MemoryContext oldcontext;
	Bitmapset  *columns = NULL;
	int			natts = s->tupdesc->natts;
	int			i;

	if (last->set && memcmp(last->set, s->row.set, sizeof(bool) * natts) == 0)
		return;
	for (i = 0; i < natts; i++)
		if (s->row.set[i])
			columns = bms_add_member(columns, i + 1);

	oldcontext = MemoryContextSwitchTo(s->context);
	if ((!(s->granted & mode) || s->grantee != GetUserId()) &&
		(last->set == NULL || !bms_is_subset(columns, last->permitted)))
		compat_check_permissions(s->rel, mode, NULL,
								 mode == ACL_INSERT ? columns : NULL,
								 mode == ACL_UPDATE ? columns : NULL);
	last->permitted = bms_add_members(last->permitted, columns);
	if (last->set == NULL)
		last->set = palloc(sizeof(bool) * natts);
	memcpy(last->set, s->row.set, sizeof(bool) * natts);
	bms_free(last->columns);
	last->columns = compat_offset_columns(columns);
	MemoryContextSwitchTo(oldcontext);
}

void
form_insert(Store *s, DirectState *st, TupleTableSlot *slot)
{
	ExprContext *econtext = GetPerTupleExprContext(st->estate);
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < s->tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);
		const ColumnDefault *def;

		if (s->row.set[i])
		{
			store_check_identity(att);
			slot->tts_values[i] = s->row.values[i];
			slot->tts_isnull[i] = s->row.isnull[i];
			continue;
		}
		slot->tts_values[i] = (Datum) 0;
		slot->tts_isnull[i] = true;
		def = column_default(s, st, i);
		if (def->expr)
			slot->tts_values[i] = ExecEvalExprSwitchContext(def->expr, econtext,
															&slot->tts_isnull[i]);
		else if (!def->plain)
			row_null_of_domain(s->rel, i + 1);
	}
	ExecStoreVirtualTuple(slot);
}

void
form_update(Store *s)
{
	TupleTableSlot *slot = s->new;
	int			i;

	slot_getallattrs(s->old);
	ExecClearTuple(slot);
	for (i = 0; i < s->tupdesc->natts; i++)
	{
		bool		set = s->row.set[i];
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);

		if (att->attisdropped || compat_is_virtual(att))
		{
			slot->tts_values[i] = (Datum) 0;
			slot->tts_isnull[i] = true;
			continue;
		}
		/* an untouched value is passed as it is, toast pointer and all */
		slot->tts_values[i] = set ? s->row.values[i] : s->old->tts_values[i];
		slot->tts_isnull[i] = set ? s->row.isnull[i] : s->old->tts_isnull[i];
	}
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
}

void
form_check(Store *s, DirectState *st, TupleTableSlot *slot, CmdType command)
{
	TupleConstr *constr = s->tupdesc->constr;

	slot->tts_tableOid = RelationGetRelid(s->rel);
	if (constr && constr->has_generated_stored)
		ExecComputeStoredGenerated(st->rri, st->estate, slot, command);
	if (constr)
		ExecConstraints(st->rri, slot, st->estate);
	if (s->rel->rd_rel->relispartition)
		ExecPartitionCheck(st->rri, slot, st->estate, true);
}
