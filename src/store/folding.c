/*
 * folding.c
 *		Whether it shows how often a row is written, and how it is written once.
 *
 * A batch that has a key several times composes one row of all its items, and
 * writes that.  Nobody must be able to tell, but by the row versions that are
 * not there:
 *
 *		a row trigger, but a foreign key's, sees each of them
 *		so does a rule, or whatever is behind a view or on another server
 *		a constraint sees only the last: if it refuses that, which item was it?
 *
 *		a role with INSERT alone must not change what it has inserted
 *
 * What a disabled trigger would do does not count.  Inheritance children and
 * partitions have triggers of their own.
 *
 * Rows in between are formed as a dry run does (preview.c), each of the one
 * before it:
 *
 *		stored row -- item 1 --> row -- item 2 --> row -- item 3 --> written
 *
 * What only writing a row can tell, such as a sequence's next value, leads back
 * to item by item.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/rls.h"

#include "store/preview.h"
#include "store/store_impl.h"

/* Is it a foreign key's, or another constraint's? */
static bool
is_constraint(const Trigger *trigger)
{
	return trigger->tgisinternal && OidIsValid(trigger->tgconstraint);
}

static bool
fires(const TriggerDesc *triggers, bool row, Oid spared)
{
	if (triggers == NULL)
		return false;
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if ((TRIGGER_FOR_ROW(trigger->tgtype) != 0) == row &&
			trigger->tgenabled != TRIGGER_DISABLED &&
			trigger->tgoid != spared && !is_constraint(trigger))
			return true;
	}
	return false;
}

/* Has a child of the table, to whatever depth, row triggers? */
static bool
children_fire(Store *s)
{
	List	   *children = find_all_inheritors(RelationGetRelid(s->rel),
											   AccessShareLock, NULL);
	ListCell   *lc;
	bool		found = false;

	foreach(lc, children)
	{
		Relation	child = table_open(lfirst_oid(lc), NoLock);

		found = found || child->rd_rel->relkind == RELKIND_FOREIGN_TABLE ||
			fires(child->trigdesc, true, s->target.spared_trigger);
		table_close(child, NoLock);
	}
	return found;
}

bool
store_rows_fire(Store *s)
{
	return fires(s->rel->trigdesc, true, s->target.spared_trigger);
}

/* May the user do to all of the table what any item might ask for? */
static bool
may_all(Store *s)
{
	const AclMode all = ACL_SELECT | ACL_INSERT | ACL_UPDATE;

	return pg_class_aclmask(RelationGetRelid(s->rel), GetUserId(), all,
							ACLMASK_ALL) == all;
}

StoreFolding
store_folding(Store *s)
{
	const TupleConstr *constr = s->tupdesc->constr;

	if ((s->rel->rd_rel->relkind != RELKIND_RELATION &&
		 s->rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) ||
		s->rel->rd_rules != NULL || !may_all(s) ||
		store_rows_fire(s) ||
		(s->rel->rd_rel->relhassubclass && children_fire(s)))
		return STORE_FOLDS_NOT;
	if (s->methods != &store_direct_methods || s->rel->rd_rel->relispartition ||
		(constr && (constr->num_check > 0 || constr->has_generated_stored)) ||
		list_length(RelationGetIndexList(s->rel)) > 1)
		return STORE_FOLDS_RISKY;
	return STORE_FOLDS;
}

/* Is the index one that tells nothing but whose key it is, or nothing at all? */
static bool
index_tells_nothing(Oid indexid, AttrNumber key)
{
	Relation	index = index_open(indexid, AccessShareLock);
	Form_pg_index form = index->rd_index;
	bool		result = !form->indisexclusion &&
	(!form->indisunique ||
	 (form->indnkeyatts == 1 && form->indkey.values[0] == key &&
	  heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL)));

	index_close(index, AccessShareLock);
	return result;
}

bool
store_order_shows(Oid relid, AttrNumber key, Oid spared_trigger)
{
	Relation	rel = table_open(relid, AccessShareLock);
	ListCell   *lc;
	bool		shows = rel->rd_rel->relkind != RELKIND_RELATION ||
	rel->rd_rel->relhassubclass || rel->rd_rules != NULL ||
	fires(rel->trigdesc, true, spared_trigger) ||
	fires(rel->trigdesc, false, spared_trigger) ||
	check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED;

	foreach(lc, RelationGetIndexList(rel))
		shows = shows || !index_tells_nothing(lfirst_oid(lc), key);
	table_close(rel, NoLock);
	return shows;
}

bool
store_checks_later(Store *s)
{
	const TriggerDesc *triggers = s->rel->trigdesc;

	/* statements of SQL end row by row */
	if (s->methods != &store_direct_methods)
		return false;
	for (int i = 0; triggers && i < triggers->numtriggers; i++)
		if (is_constraint(&triggers->triggers[i]))
			return true;
	return false;
}

bool
store_fires_by_statement(Store *s)
{
	return fires(s->rel->trigdesc, false, InvalidOid);
}

/* ----------
 * The row of all of them
 * ----------
 */

typedef struct FoldApply
{
	Store	   *store;
	const StoreFold *fold;
	bool		writes;			/* the last composition came to a new row */
	bool		one_by_one;		/* or to nothing that is known */
} FoldApply;

/* Two slots for rows in between; what is in them has its own memory. */
static void
make_slots(Store *s)
{
	MemoryContext oldcontext;

	if (s->folded[0])
		return;
	oldcontext = MemoryContextSwitchTo(s->context);
	for (int i = 0; i < 2; i++)
		s->folded[i] = MakeSingleTupleTableSlot(CreateTupleDescCopyConstr(s->tupdesc),
												&TTSOpsVirtual);
	MemoryContextSwitchTo(oldcontext);
}

/* The row of the last item as what is set; the columns are those that any set. */
static void
set_row(Store *s, TupleTableSlot *last, const bool *set)
{
	for (int i = 0; i < s->tupdesc->natts; i++)
	{
		s->row.set[i] = set[i];
		s->row.values[i] = last->tts_values[i];
		s->row.isnull[i] = last->tts_isnull[i];
	}
}

/* The store's callback: a row from all items. */
static StoreVerdict
compose_fold(void *arg, TupleTableSlot *old, StoreRow *row)
{
	FoldApply  *a = arg;
	Store	   *s = a->store;
	const StoreFold *fold = a->fold;
	int			natts = s->tupdesc->natts;
	bool	   *set = palloc0(sizeof(bool) * natts);
	MemoryContext context = CurrentMemoryContext;
	MemoryContext item = AllocSetContextCreate(context, "upsert fold",
											   ALLOCSET_DEFAULT_SIZES);
	TupleTableSlot *row_now = old;
	int			first = -1;		/* that changes something */

	a->writes = a->one_by_one = false;
	for (int i = 0; i < fold->n; i++)
	{
		TupleTableSlot *next = s->folded[row_now == s->folded[0] ? 1 : 0];
		StoreVerdict verdict;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(item);
		MemoryContextSwitchTo(item);
		verdict = store_compose(s, row_now, fold->compose,
								fold->composes(fold->arg, i));
		if (verdict != STORE_WRITE)
		{
			fold->composed(fold->arg, i,
						   verdict == STORE_KEEP ? STORE_UNCHANGED : STORE_SKIPPED,
						   row_now, NULL);
			continue;
		}
		if (!preview_form(s, row_now, first >= 0, next))
		{
			a->one_by_one = true;
			MemoryContextSwitchTo(context);
			return STORE_PASS;
		}
		ExecMaterializeSlot(next);
		for (int k = 0; k < natts; k++)
			set[k] = set[k] || s->row.set[k];
		fold->composed(fold->arg, i, row_now ? STORE_UPDATED : STORE_INSERTED,
					   row_now, next);
		if (first < 0)
			first = i;
		row_now = next;
	}
	MemoryContextSwitchTo(context);

	a->writes = first >= 0;
	if (!a->writes)
		return STORE_KEEP;
	set_row(s, row_now, set);
	fold->written(fold->arg, first);
	return STORE_WRITE;
}

bool
store_apply_fold(Store *s, const Datum *key, const bool *nulls,
				 const StoreFold *fold)
{
	FoldApply	a = {s, fold};
	StoreOutcome outcome;

	make_slots(s);
	outcome = store_apply(s, key, nulls, compose_fold, &a);
	if (a.one_by_one || (a.writes && outcome == STORE_SKIPPED))
		return false;
	store_count_folded(s, fold->n - 1);
	return true;
}
