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

#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/guc.h"
#include "utils/memutils.h"

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
}

Store *
store_open(const StoreTarget *target)
{
	MemoryContext context;
	MemoryContext oldcontext;
	LOCKMODE	lockmode;
	Store	   *s;
	List	   *arbiters;
	int			natts;

	if (target->preview)
		lockmode = AccessShareLock;
	else
	{
		PreventCommandIfParallelMode("upsert()");
		PreventCommandDuringRecovery("upsert()");
		lockmode = target->exclusive ? ShareRowExclusiveLock : RowExclusiveLock;
	}

	context = AllocSetContextCreate(CurrentMemoryContext, "upsert store",
									ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);

	s = palloc0(sizeof(Store));
	s->context = context;
	s->item_context = AllocSetContextCreate(context, "upsert store item",
											ALLOCSET_DEFAULT_SIZES);
	s->target = *target;
	s->rel = table_open(target->relid, lockmode);
	s->lockmode = lockmode;
	s->tupdesc = RelationGetDescr(s->rel);
	/* a temporary table of ours may be written in a read-only transaction */
	if (!target->preview && !s->rel->rd_islocaltemp)
		PreventCommandIfReadOnly("upsert()");

	natts = s->tupdesc->natts;
	s->row.values = palloc0(sizeof(Datum) * natts);
	s->row.isnull = palloc0(sizeof(bool) * natts);
	s->row.set = palloc0(sizeof(bool) * natts);

	if (store_use_direct && store_direct_eligible(s->rel, target, &arbiters))
		s->methods = &store_direct_methods;
	else
		s->methods = &store_spi_methods;
	s->methods->open(s, arbiters);

	MemoryContextSwitchTo(oldcontext);
	return s;
}

StoreOutcome
store_apply(Store *s, const Datum *key, const bool *nulls,
			StoreCompose compose, void *arg)
{
	MemoryContext oldcontext;
	StoreOutcome outcome;

	MemoryContextReset(s->item_context);
	oldcontext = MemoryContextSwitchTo(s->item_context);
	if (!s->target.preview)
		outcome = s->methods->apply(s, key, nulls, compose, arg);
	else
	{
		if (!preview_again(s, key, nulls, compose, arg, &outcome))
			outcome = s->methods->apply(s, key, nulls, compose, arg);
		preview_remember(s, key, nulls, outcome);
	}
	MemoryContextSwitchTo(oldcontext);
	return outcome;
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

Relation
store_relation(Store *s)
{
	return s->rel;
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

StoreVerdict
store_compose(Store *s, TupleTableSlot *old, StoreCompose compose, void *arg)
{
	memset(s->row.set, 0, sizeof(bool) * s->tupdesc->natts);
	return compose(arg, old, &s->row);
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
store_serialization_failure(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}
