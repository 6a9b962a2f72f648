/*
 * store.c
 *		Opening, driving and closing a store, whichever implementation is
 *		behind it.
 *
 * This file chooses between direct.c (plain heap tables) and spi.c
 * (everything else, or upsert.direct = off) and holds what both share: the
 * guards that the executor would apply to a writing statement, the lock on
 * the table, the row that compose fills.  It knows nothing of documents.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_trigger.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "catalog/distributed.h"
#include "catalog/uniquekey.h"
#include "store/preview.h"
#include "store/store_impl.h"

static bool store_use_direct = true;

void
store_init(void)
{
	DefineCustomBoolVariable("upsert.direct",
							 "Writes plain heap tables without going through SQL.",
							 "Off: every row goes through SQL statements. The answers are the same.",
							 &store_use_direct, true, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	store_level_init();
	count_init();
	store_pending_init();
}

/*
 * The lock for this user to hold to the end of the transaction, asked as LOCK
 * TABLE asks, and before it is taken.  Who may write nothing may still find
 * that nothing is to be written: that takes a reader's lock, and what else
 * he tries is refused when it is tried.
 */
static LOCKMODE
writer_lock(Oid relid, bool exclusive)
{
	const AclMode write = ACL_UPDATE | ACL_DELETE | ACL_TRUNCATE;
	Oid			user = GetUserId();

	if (IsCatalogRelationOid(relid) && !allowSystemTableMods)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: \"%s\" is a system catalog",
						get_rel_name(relid))));
	if (exclusive)
	{
		if (pg_class_aclcheck(relid, user, write) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV,
						   get_relkind_objtype(get_rel_relkind(relid)),
						   get_rel_name(relid));
		return ShareRowExclusiveLock;
	}
	return pg_class_aclcheck(relid, user, write | ACL_INSERT) == ACLCHECK_OK ||
		pg_attribute_aclcheck_all(relid, user, ACL_INSERT | ACL_UPDATE,
								  ACLMASK_ANY) == ACLCHECK_OK ?
		RowExclusiveLock : AccessShareLock;
}

bool
store_is_direct(Relation rel, const StoreTarget *target)
{
	List	   *arbiters;

	return store_use_direct && store_direct_eligible(rel, target, &arbiters);
}

bool
store_updates_fire(const TriggerDesc *triggers, const StoreTarget *target)
{
	if (triggers == NULL || !triggers->trig_update_before_row)
		return false;
	if (!OidIsValid(target->spared_trigger))
		return true;
	for (int i = 0; i < triggers->numtriggers; i++)
		if (TRIGGER_TYPE_MATCHES(triggers->triggers[i].tgtype, TRIGGER_TYPE_ROW,
								 TRIGGER_TYPE_BEFORE, TRIGGER_TYPE_UPDATE) &&
			triggers->triggers[i].tgoid != target->spared_trigger)
			return true;
	return false;
}

bool
store_wants_direct(void)
{
	return store_use_direct;
}

/* Refuses as the executor would before it looks at a table, and picks the lock. */
static LOCKMODE
enter(Oid relid, bool preview, bool exclusive)
{
	if (preview)
		return AccessShareLock;
	PreventCommandIfParallelMode("upsert()");
	PreventCommandDuringRecovery("upsert()");
	return writer_lock(relid, exclusive);
}

void
store_enter(Relation rel, bool preview)
{
	LockRelationOid(RelationGetRelid(rel), enter(RelationGetRelid(rel), preview, false));
	if (!preview)
		PreventCommandIfReadOnly("upsert()");
}

Store *
store_open(const StoreTarget *target)
{
	MemoryContext context;
	MemoryContext oldcontext;
	LOCKMODE	lockmode = enter(target->relid, target->preview, target->exclusive);
	Store	   *s;
	List	   *arbiters = NIL;
	int			natts;

	context = AllocSetContextCreate(CurrentMemoryContext, "upsert store",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);

	s = palloc0(sizeof(Store));
	s->context = context;
	s->item_context = AllocSetContextCreate(context, "upsert store item",
											ALLOCSET_DEFAULT_SIZES);
	s->target = *target;
	s->item = -1;
	if (target->exclusive && !target->preview)
		distributed_lock_exclusively(target->relid);
	s->rel = table_open(target->relid, lockmode);
	s->lockmode = lockmode;
	s->tupdesc = RelationGetDescr(s->rel);
	/* a temporary table of ours may be written in a read-only transaction */
	if (!target->preview && !s->rel->rd_islocaltemp)
		PreventCommandIfReadOnly("upsert()");

	/* a function that the call ran, of a domain say, may have dropped it */
	if (OidIsValid(target->arbiter))
		unique_key_check(s->rel, target->arbiter);

	natts = s->tupdesc->natts;
	s->row.values = palloc0(sizeof(Datum) * natts);
	s->row.isnull = palloc0(sizeof(bool) * natts);
	s->row.set = palloc0(sizeof(bool) * natts);

	if (store_use_direct && store_direct_eligible(s->rel, target, &arbiters))
	{
		s->methods = &store_direct_methods;
		s->road = COUNT_DIRECT;
	}
	else
	{
		s->methods = &store_spi_methods;
		s->road = COUNT_SQL;
	}
	if (!target->preview)
		s->count = count_open(target->relid);
	s->methods->open(s, arbiters);

	MemoryContextSwitchTo(oldcontext);
	return s;
}

static bool
has_null(Store *s, const bool *nulls)
{
	for (int i = 0; i < s->target.nkeys; i++)
		if (nulls[i])
			return true;
	return false;
}

StoreOutcome
store_apply(Store *s, const Datum *key, const bool *nulls,
			StoreCompose compose, void *arg)
{
	MemoryContext oldcontext;
	StoreOutcome outcome;

	MemoryContextReset(s->item_context);
	s->key_moved = false;
	if (nulls && !has_null(s, nulls))
		nulls = NULL;
	oldcontext = MemoryContextSwitchTo(s->item_context);
	if (!s->target.preview)
	{
		outcome = s->methods->apply(s, key, nulls, compose, arg);
		if (!s->unanswered)
			count_add(s->count, s->road + outcome, 1);
	}
	else
	{
		if (!preview_again(s, key, nulls, compose, arg, &outcome))
			outcome = s->methods->apply(s, key, nulls, compose, arg);
		preview_remember(s, key, nulls, outcome);
	}
	s->item = -1;
	MemoryContextSwitchTo(oldcontext);
	return outcome;
}

void
store_next(Store *s, int item)
{
	s->item = item;
}

void
store_flush(Store *s)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(s->context);

	if (s->methods->flush)
		s->methods->flush(s);
	MemoryContextSwitchTo(oldcontext);
}

TupleTableSlot *
store_old(Store *s)
{
	return TTS_EMPTY(s->old) ? NULL : s->old;
}

TupleTableSlot *
store_new(Store *s)
{
	return TTS_EMPTY(s->new) ? NULL : s->new;
}

bool
store_key_moved(Store *s)
{
	return s->key_moved;
}

Relation
store_relation(Store *s)
{
	return s->rel;
}

void
store_count_folded(Store *s, int n)
{
	if (s->count && !s->again)
		count_add(s->count, COUNT_FOLDED, n);
}

void
store_count_conflict(Store *s)
{
	if (s->count)
		count_conflict(RelationGetRelid(s->rel));
}

void
store_close(Store *s)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(s->context);

	s->methods->close(s);
	table_close(s->rel, NoLock);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(s->context);
}

/*
 * An update sets only what changes: a key that is set to itself takes a
 * stronger lock, fires triggers and needs a privilege, and engines that keep
 * rows by it refuse.  A compose that changes nothing means what it says.
 */
static void
unset_unchanged(Store *s, TupleTableSlot *old)
{
	bool		unchanged[MaxTupleAttributeNumber];
	bool		changes = false;
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);
		bool		isnull;
		Datum		value;

		unchanged[i] = false;
		if (!s->row.set[i])
			continue;
		if (bms_is_member(i + 1, s->target.read_columns))
		{
			value = slot_getattr(old, i + 1, &isnull);
			unchanged[i] = isnull == s->row.isnull[i] &&
				(isnull || datum_image_eq(value, s->row.values[i],
										  att->attbyval, att->attlen));
		}
		changes = changes || !unchanged[i];
	}
	for (i = 0; changes && i < s->tupdesc->natts; i++)
		if (unchanged[i])
			s->row.set[i] = false;
}

/*
 * The row was found by the key that a trigger has made of the caller's, and
 * keeps it.  False if nothing else is set.
 */
static bool
unset_key(Store *s)
{
	bool		changes = false;
	int			i;

	for (i = 0; i < s->target.nkeys; i++)
		s->row.set[s->target.keys[i] - 1] = false;
	for (i = 0; i < s->tupdesc->natts; i++)
		changes = changes || s->row.set[i];
	return changes;
}

StoreVerdict
store_compose(Store *s, TupleTableSlot *old, StoreCompose compose, void *arg)
{
	StoreVerdict verdict;

	memset(s->row.set, 0, sizeof(bool) * s->tupdesc->natts);
	verdict = compose(arg, old, &s->row);
	s->unanswered = verdict == STORE_PASS;
	if (s->unanswered)
		return STORE_SKIP;
	if (verdict != STORE_WRITE || old == NULL)
		return verdict;
	if (s->key_moved && !unset_key(s))
		return STORE_KEEP;
	unset_unchanged(s, old);
	return verdict;
}

bool
store_same_key(Store *s, const Datum *a, const bool *a_nulls,
			   const Datum *b, const bool *b_nulls)
{
	int			i;

	for (i = 0; i < s->target.nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, s->target.keys[i] - 1);
		bool		a_null = a_nulls && a_nulls[i];
		bool		b_null = b_nulls && b_nulls[i];

		if (a_null != b_null ||
			(!a_null && !datum_image_eq(a[i], b[i], att->attbyval, att->attlen)))
			return false;
	}
	return true;
}

bool
store_row_is_own(TupleTableSlot *slot)
{
	bool		isnull;
	Datum		xmin = slot_getsysattr(slot, MinTransactionIdAttributeNumber,
									   &isnull);

	return TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin));
}

void
store_check_identity(Form_pg_attribute att)
{
	if (att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS)
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("cannot insert a non-DEFAULT value into column \"%s\"",
						NameStr(att->attname)),
				 errdetail("Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
						   NameStr(att->attname)),
				 errhint("Leave it to the table to give a new row its value.")));
}

void
store_self_modified(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 errmsg("tuple to be updated was already modified by an operation triggered by the current command"),
			 errhint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.")));
}

void
store_serialization_failure(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}
