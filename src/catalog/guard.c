/*
 * guard.c
 *		The trigger that keeps the promise of revisions in plain SQL.
 *
 *		UPDATE c SET doc = ...	doc differs, _rev does not --> the next revision
 *
 * Without it a revision that was read before such an UPDATE would still be
 * found after it, and a stale ifRev would pass: a lost update.  It is BEFORE
 * UPDATE, and fires last, by its name, so that it sees what other triggers have
 * made of the document; and only at the origin, so that logical replication and
 * pg_restore keep the revisions that they bring.
 *
 * Those who set the revision themselves, documents above all, need it not: the
 * direct store is told to leave it out (StoreTarget.spared_trigger).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "base/tid.h"
#include "catalog/collection.h"
#include "catalog/guard.h"
#include "catalog/memo.h"

/* The columns that it looks at; none if it has nothing to do. */
typedef struct Guarded
{
	Memo		memo;
	AttrNumber	doc;
	AttrNumber	rev;
} Guarded;

static void
find_guarded(Memo *memo, Relation rel)
{
	Guarded    *g = (Guarded *) memo;
	Collection	c = {0};
	const char *reason;

	if (collection_describe(rel, &c, &reason))
	{
		g->doc = c.doc_attno;
		g->rev = c.rev_attno;
	}
}

static MemoCache guarded = {"upsert guards", sizeof(Guarded), find_guarded};

/* Is it the same in both rows, by image? */
static bool
same_column(HeapTuple a, HeapTuple b, TupleDesc desc, AttrNumber attno)
{
	Form_pg_attribute att = TupleDescAttr(desc, attno - 1);
	bool		a_null;
	bool		b_null;
	Datum		a_value = heap_getattr(a, attno, desc, &a_null);
	Datum		b_value = heap_getattr(b, attno, desc, &b_null);

	return a_null == b_null &&
		(a_null || datum_image_eq(a_value, b_value, att->attbyval, att->attlen));
}

/* The row with the next revision. */
static HeapTuple
move_revision(HeapTuple row, TupleDesc desc, AttrNumber attno)
{
	int			column = attno;
	bool		isnull;
	Datum		old = heap_getattr(row, attno, desc, &isnull);
	char		rev[TID_LENGTH + 1];
	Datum		value;

	tid_next_after(isnull ? NULL : TextDatumGetCString(old), rev);
	value = PointerGetDatum(cstring_to_text_with_len(rev, TID_LENGTH));
	isnull = false;
	return heap_modify_tuple_by_cols(row, desc, 1, &column, &value, &isnull);
}

/* ----------
 * SQL-callable functions
 * ----------
 */

PG_FUNCTION_INFO_V1(upsert_guard_revision);

Datum
upsert_guard_revision(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	Guarded    *g;
	HeapTuple	row;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired BEFORE UPDATE FOR EACH ROW",
						GUARD_FUNCTION)));
	desc = RelationGetDescr(data->tg_relation);
	row = data->tg_newtuple;
	g = (Guarded *) memo_of(&guarded, data->tg_relation);
	if (g->rev != InvalidAttrNumber &&
		same_column(data->tg_trigtuple, row, desc, g->rev) &&
		!same_column(data->tg_trigtuple, row, desc, g->doc))
		row = move_revision(row, desc, g->rev);
	return PointerGetDatum(row);
}

/*
 * Is it the trigger's name?  That of a shard's trigger ends as the shard's name
 * does: with the number that Citus has given it.
 */
static bool
is_named(const Trigger *trigger, const char *name, Relation rel)
{
	const char *ending = trigger->tgname + strlen(name);
	const char *table = RelationGetRelationName(rel);

	if (strncmp(trigger->tgname, name, strlen(name)) != 0)
		return false;
	if (*ending == '\0')
		return true;
	return *ending == '_' && ending[1] != '\0' &&
		strspn(ending + 1, "0123456789") == strlen(ending + 1) &&
		strlen(table) > strlen(ending) &&
		strcmp(table + strlen(table) - strlen(ending), ending) == 0;
}

Oid
guard_of(Relation rel, bool *made)
{
	TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];
		FmgrInfo	function;

		*made = strcmp(trigger->tgname, GUARD_TRIGGER) == 0;
		if ((!is_named(trigger, GUARD_TRIGGER, rel) &&
			 !is_named(trigger, GUARD_TRIGGER_OF_OTHERS, rel)) ||
			!TRIGGER_TYPE_MATCHES(trigger->tgtype, TRIGGER_TYPE_ROW,
								  TRIGGER_TYPE_BEFORE, TRIGGER_TYPE_UPDATE))
			continue;
		fmgr_info(trigger->tgfoid, &function);
		if (function.fn_addr == upsert_guard_revision)
			return trigger->tgoid;
	}
	*made = false;
	return InvalidOid;
}
