/*
 * folding.c
 *		Whether it shows how often a row is written.
 *
 * A batch that has a key several times composes one row of all its items, and
 * writes that.  Nobody must be able to tell, but by the row versions that are
 * not there:
 *
 *		a row trigger, but a foreign key's, sees each of them
 *		so does a rule, or whatever is behind a view or on another server
 *		a constraint sees only the last: if it refuses that, which item was it?
 *
 * What a disabled trigger would do does not count.  Inheritance children and
 * partitions have triggers of their own.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"

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

StoreFolding
store_folding(Store *s)
{
	const TupleConstr *constr = s->tupdesc->constr;

	if ((s->rel->rd_rel->relkind != RELKIND_RELATION &&
		 s->rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE) ||
		s->rel->rd_rules != NULL ||
		store_rows_fire(s) ||
		(s->rel->rd_rel->relhassubclass && children_fire(s)))
		return STORE_FOLDS_NOT;
	if (s->methods != &store_direct_methods || s->rel->rd_rel->relispartition ||
		(constr && (constr->num_check > 0 || constr->has_generated_stored)) ||
		list_length(RelationGetIndexList(s->rel)) > 1)
		return STORE_FOLDS_RISKY;
	return STORE_FOLDS;
}

bool
store_fires_by_statement(Store *s)
{
	return fires(s->rel->trigdesc, false, InvalidOid);
}
