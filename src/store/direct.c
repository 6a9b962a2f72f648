/*
 * direct.c
 *		The store on a plain heap table, through the table access method.
 *
 * One item goes like this; every arrow back is another try with a fresh
 * snapshot (READ COMMITTED) or error 40001 (above):
 *
 *	probe	MVCC index scan on the arbiter, kept open over all items; keys
 *	  |		that come in order are looked up in what was read before (walk.c)
 *	  |
 *	  |- found --> compose --> KEEP: done, nothing was locked or written
 *	  |               |
 *	  |               +--> lock the row, only if a BEFORE ROW trigger wants it
 *	  |               +--> update the version that compose saw (a compare and
 *	  |                    swap: heap_update waits, and reports if it lost)
 *	  |                              |- lost --> probe
 *	  |
 *	  +- absent -> compose --> BEFORE ROW INSERT --> speculative insertion
 *	                                 |- lost --> wait for the winner --> probe
 *
 * Probing with an MVCC snapshot, not a dirty one as ON CONFLICT does, has
 * three effects that we rely on: an absent row is really absent at the
 * snapshot (dirty scans can miss a row that is being updated); under
 * SERIALIZABLE the read takes its predicate locks even where nothing is
 * written; and an item that changes nothing never waits for anybody.  The
 * price is a wasted insertion if somebody else's uncommitted row has the key;
 * only the first try can waste one, later ones wait first.
 *
 * We never follow an update chain: the winner may have moved the key.
 *
 * Snapshots and command ids are our own, not those of the calling query:
 * SELECT upsert(...) FROM t must not see its own writes in t, and must still
 * be able to update the same row twice.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/index.h"
#include "catalog/pg_am_d.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "catalog/uniquekey.h"
#include "store/direct.h"
#include "store/find.h"
#include "store/form.h"
#include "store/local.h"
#include "store/pending.h"
#include "store/preview.h"
#include "store/virtual.h"

/* How one try at writing ended. */
typedef enum TryResult
{
	TRY_DONE,
	TRY_AGAIN,					/* look again, nothing was lost to anybody */
	TRY_LOST_ROW,				/* somebody else changed or deleted the row */
	TRY_FLUSHED,				/* rows that waited had to go first */
	TRY_NOTHING					/* a BEFORE trigger said: do nothing */
} TryResult;

/*
 * An insertion that loses so often meets a row that no look-up finds: what its
 * index says of it, 23505, is the answer.
 */
#define MAX_RACES 100

/* Which unique indexes tell us of a lost race; the others raise 23505. */
typedef enum Arbitration
{
	ARBITRATE_NOT,				/* the key is ours alone */
	ARBITRATE_KEY,
	ARBITRATE_ALL
} Arbitration;

static void direct_open(Store *s, List *arbiters);
static StoreOutcome direct_apply(Store *s, const Datum *key, const bool *nulls,
								 StoreCompose compose, void *arg);
static void direct_flush(Store *s);
static void direct_close(Store *s);

const StoreMethods store_direct_methods = {
	direct_open, direct_apply, direct_flush, direct_close
};

/* ----------
 * Eligibility and set-up
 * ----------
 */

bool
store_direct_eligible(Relation rel, const StoreTarget *target, List **arbiters)
{
	*arbiters = NIL;

	if (rel->rd_rel->relkind != RELKIND_RELATION ||
		rel->rd_rel->relam != HEAP_TABLE_AM_OID ||
		rel->rd_rel->relhassubclass ||
		rel->rd_rules != NULL ||
		IsSystemRelation(rel))
		return false;
	if ((rel->rd_rel->relrowsecurity &&
		 check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED) ||
		!store_is_local(rel))
		return false;
	/* ON CONFLICT could not arbitrate here, and both stores do the same */
	if (unique_key_is_deferrable(rel, target->nkeys, target->keys))
		return false;

	*arbiters = OidIsValid(target->arbiter) ?
		unique_key_arbiters_like(rel, target->arbiter) :
		unique_key_arbiters(rel, target->nkeys, target->keys);
	return *arbiters != NIL;
}

/*
 * Takes a trigger out of our own copy of the table's, before anybody looks at
 * the flags.  It is a BEFORE UPDATE row trigger, so one flag goes by it.
 */
static void
spare_trigger(ResultRelInfo *rri, const StoreTarget *target)
{
	TriggerDesc *triggers = rri->ri_TrigDesc;
	int			kept = 0;

	if (triggers == NULL || !OidIsValid(target->spared_trigger))
		return;
	triggers->trig_update_before_row = store_updates_fire(triggers, target);
	for (int i = 0; i < triggers->numtriggers; i++)
		if (triggers->triggers[i].tgoid != target->spared_trigger)
			triggers->triggers[kept++] = triggers->triggers[i];
	triggers->numtriggers = kept;
	if (kept == 0)
		rri->ri_TrigDesc = NULL;
}

static void
direct_open(Store *s, List *arbiters)
{
	DirectState *st = palloc0(sizeof(DirectState));

	s->impl = st;
	st->arbiters = arbiters;
	s->grantee = GetUserId();
	s->granted = compat_table_privileges(s->rel, ACL_SELECT | ACL_INSERT | ACL_UPDATE);
	if (!(s->granted & ACL_SELECT))
		compat_check_permissions(s->rel, ACL_SELECT, s->target.read_columns,
								 NULL, NULL);
	st->estate = CreateExecutorState();
	compat_init_range_table(st->estate, s->rel, s->lockmode,
							s->target.insert_columns,
							s->target.update_columns);
	st->rri = makeNode(ResultRelInfo);
	ExecInitResultRelation(st->estate, st->rri, 1);
	spare_trigger(st->rri, &s->target);

	s->old = table_slot_create(s->rel, &st->estate->es_tupleTable);
	s->new = table_slot_create(s->rel, &st->estate->es_tupleTable);
	st->new = s->new;
	st->owner = CurrentResourceOwner;

	st->probe = probe_open(s, linitial_oid(st->arbiters));
	/* a trigger would see a row that is not inserted after all */
	st->may_walk = s->target.ascending && !s->target.preview &&
		!IsolationUsesXactSnapshot() &&
		!(st->rri->ri_TrigDesc && st->rri->ri_TrigDesc->trig_insert_before_row);

	if (!s->target.preview)
	{
		s->level = s->target.level ? s->target.level : store_level_begin();
		if (st->rri->ri_TrigDesc)
			store_level_fires(s->level);
	}
}

/*
 * Indexes are opened when the first entry is to be made: unchanged items and
 * HOT updates never need them.  What ExecOpenIndices calls speculative takes
 * as long again, and only who has lost an insertion needs it, to look for the
 * winner.  It is added here, to what is open: ExecOpenIndices must not be
 * called twice.
 */
static void
open_indexes(Store *s, DirectState *st, bool speculative)
{
	MemoryContext oldcontext;

	if (st->indexes_open && (st->indexes_speculative || !speculative))
		return;
	oldcontext = MemoryContextSwitchTo(s->context);
	if (!st->indexes_open)
		ExecOpenIndices(st->rri, speculative);
	else
		for (int i = 0; i < st->rri->ri_NumIndices; i++)
		{
			Relation	index = st->rri->ri_IndexRelationDescs[i];

			if (index->rd_index->indisunique && !index->rd_index->indisexclusion)
				BuildSpeculativeIndexInfo(index, st->rri->ri_IndexRelationInfo[i]);
		}
	st->indexes_open = true;
	st->indexes_speculative = speculative;
	MemoryContextSwitchTo(oldcontext);
}

/*
 * The first write of its kind: replica identity, indexes,
 * BEFORE STATEMENT triggers.  Returns true if user code ran, so that the row
 * has to be looked at again.
 */
static bool
prepare_insert(Store *s, DirectState *st)
{
	MemoryContext oldcontext;
	TriggerDesc *trigdesc = st->rri->ri_TrigDesc;

	if (st->insert_ready)
		return false;
	st->insert_ready = true;

	oldcontext = MemoryContextSwitchTo(s->context);
	compat_check_valid_result_rel(st->rri, CMD_INSERT);
	compat_init_generated(st->rri, st->estate);
	open_indexes(s, st, false);
	st->all_unique = list_concat_unique_oid(unique_keys_immediate(s->rel),
											st->arbiters);
	st->defaults = palloc0(sizeof(ColumnDefault) * s->tupdesc->natts);
	if (trigdesc)
	{
		ExecBSInsertTriggers(st->estate, st->rri);
		st->insert_capture = MakeTransitionCaptureState(trigdesc,
														RelationGetRelid(s->rel),
														CMD_INSERT);
	}
	MemoryContextSwitchTo(oldcontext);
	return trigdesc && trigdesc->trig_insert_before_statement;
}

static bool
prepare_update(Store *s, DirectState *st)
{
	MemoryContext oldcontext;
	TriggerDesc *trigdesc = st->rri->ri_TrigDesc;

	if (st->update_ready)
		return false;
	st->update_ready = true;

	oldcontext = MemoryContextSwitchTo(s->context);
	compat_check_valid_result_rel(st->rri, CMD_UPDATE);
	compat_init_generated(st->rri, st->estate);
	if (trigdesc)
	{
		ExecBSUpdateTriggers(st->estate, st->rri);
		st->update_capture = MakeTransitionCaptureState(trigdesc,
														RelationGetRelid(s->rel),
														CMD_UPDATE);
	}
	MemoryContextSwitchTo(oldcontext);
	return trigdesc && trigdesc->trig_update_before_statement;
}

static bool
prepare_delete(Store *s, DirectState *st)
{
	MemoryContext oldcontext;
	TriggerDesc *trigdesc = st->rri->ri_TrigDesc;

	if (st->delete_ready)
		return false;
	st->delete_ready = true;

	oldcontext = MemoryContextSwitchTo(s->context);
	compat_check_permissions(s->rel, ACL_DELETE, NULL, NULL, NULL);
	compat_check_valid_result_rel(st->rri, CMD_DELETE);
	if (trigdesc)
	{
		ExecBSDeleteTriggers(st->estate, st->rri);
		st->delete_capture = MakeTransitionCaptureState(trigdesc,
														RelationGetRelid(s->rel),
														CMD_DELETE);
	}
	MemoryContextSwitchTo(oldcontext);
	return trigdesc && trigdesc->trig_delete_before_statement;
}

/* ----------
 * One item
 * ----------
 */

/*
 * The key columns of the row in "slot", as triggers may have left them: copies,
 * since the slot will hold other rows while the key is still looked for.
 */
static void
key_of_slot(Store *s, TupleTableSlot *slot, Datum *key, bool *nulls)
{
	int			i;

	for (i = 0; i < s->target.nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, s->target.keys[i] - 1);

		key[i] = slot_getattr(slot, att->attnum, &nulls[i]);
		if (!nulls[i])
			key[i] = datumCopy(key[i], att->attbyval, att->attlen);
	}
}

/*
 * Inserts the row in the slot.  With arbitration, TRY_AGAIN says that somebody
 * was faster: by the key, or by any unique index (ARBITRATE_ALL), so that one
 * who inserts the same document, with its other unique attributes, is met again
 * by key.
 */
static TryResult
try_insert(Store *s, DirectState *st, TupleTableSlot *slot,
		   Arbitration arbitrate)
{
	EState	   *estate = st->estate;
	List	   *recheck;

	store_level_check(s->level);
	estate->es_output_cid = GetCurrentCommandId(true);
	if (arbitrate == ARBITRATE_NOT)
	{
		table_tuple_insert(s->rel, slot, estate->es_output_cid, 0, NULL);
		recheck = compat_insert_index_tuples(st->rri, slot, estate, false,
											 NULL, NIL);
	}
	else
	{
		TransactionId xid = GetCurrentTransactionId();
		bool		conflict = false;
		uint32		token;

		/* nothing of the user's but index expressions may run under it */
		token = SpeculativeInsertionLockAcquire(xid);
		table_tuple_insert_speculative(s->rel, slot, estate->es_output_cid,
									   0, NULL, token);
		recheck = compat_insert_index_tuples(st->rri, slot, estate, true,
											 &conflict,
											 arbitrate == ARBITRATE_ALL ? st->all_unique : st->arbiters);
		table_tuple_complete_speculative(s->rel, slot, token, !conflict);
		SpeculativeInsertionLockRelease(xid);
		if (conflict)
			return TRY_AGAIN;
	}

	ExecARInsertTriggers(estate, st->rri, slot, recheck, st->insert_capture);
	return TRY_DONE;
}

bool
direct_insert(Store *s, DirectState *st, TupleTableSlot *slot)
{
	return try_insert(s, st, slot, ARBITRATE_ALL) == TRY_DONE;
}

/*
 * Writes the rows that wait, before one with a greater key is locked.  False if
 * there are none.
 */
static bool
flush_first(Store *s, DirectState *st)
{
	if (st->pending == NULL || pending_is_empty(st->pending) ||
		pending_is_flushing(st->pending))
		return false;
	pending_flush(st->pending);
	find_drop_snapshot(st);
	/* some may have been applied again */
	s->new = st->new;
	ExecClearTuple(s->new);
	return true;
}

static TryResult
lost(TM_Result result, const TM_FailureData *tmfd)
{
	switch (result)
	{
		case TM_Updated:
		case TM_Deleted:
			/* who loses to himself would lose for ever */
			if (!TransactionIdIsCurrentTransactionId(tmfd->xmax))
				return TRY_LOST_ROW;
			pg_fallthrough;
		case TM_SelfModified:
			store_self_modified();
			break;
		default:
			elog(ERROR, "unrecognized table_tuple_update status: %u", result);
	}
	return TRY_AGAIN;			/* keep the compiler quiet */
}

/*
 * Locks the version in s->old.  BEFORE ROW triggers need it: they are handed
 * the old row, and without the lock the executor would try to re-evaluate a
 * plan that we do not have.
 */
static TryResult
lock_old(Store *s, DirectState *st, LockTupleMode mode)
{
	ItemPointerData tid = s->old->tts_tid;
	TM_FailureData tmfd;
	TM_Result	result;

	result = table_tuple_lock(s->rel, &tid, st->estate->es_snapshot, s->old,
							  st->estate->es_output_cid, mode, LockWaitBlock, 0,
							  &tmfd);
	return result == TM_Ok ? TRY_DONE : lost(result, &tmfd);
}

/* What the executor hands to BEFORE ROW triggers, though we have no plan. */
static void
plan_qual_ready(Store *s, DirectState *st)
{
	MemoryContext oldcontext;

	if (st->epq_ready)
		return;
	oldcontext = MemoryContextSwitchTo(s->context);
	compat_eval_plan_qual_init(&st->epq, st->estate);
	st->epq_ready = true;
	MemoryContextSwitchTo(oldcontext);
}

/* Replaces the version in s->old by s->new. */
static TryResult
try_update_columns(Store *s, DirectState *st)
{
	EState	   *estate = st->estate;
	ItemPointerData tid = s->old->tts_tid;
	CompatUpdateIndexes update_indexes;
	TM_FailureData tmfd;
	TM_Result	result;
	List	   *recheck = NIL;

	store_level_check(s->level);
	estate->es_output_cid = GetCurrentCommandId(true);
	if (st->rri->ri_TrigDesc && st->rri->ri_TrigDesc->trig_update_before_row)
	{
		TryResult	locked = lock_old(s, st, ExecUpdateLockMode(estate, st->rri));

		if (locked != TRY_DONE)
			return locked;
		plan_qual_ready(s, st);
		if (!compat_br_update_triggers(estate, &st->epq, st->rri, &tid, s->new))
			return TRY_NOTHING;
	}
	form_check(s, st, s->new, CMD_UPDATE);

	result = compat_tuple_update(s->rel, estate, &tid, s->new, &tmfd,
								 &update_indexes);
	if (result != TM_Ok)
		return lost(result, &tmfd);
	if (update_indexes != COMPAT_UPDATE_INDEXES_NONE)
	{
		open_indexes(s, st, false);
		recheck = compat_update_index_tuples(st->rri, s->new, estate,
											 update_indexes);
	}

	ExecARUpdateTriggers(estate, st->rri, NULL, NULL, &tid, NULL, s->new,
						 recheck, st->update_capture, false);
	return TRY_DONE;
}

/*
 * The same, with the columns that are really updated for triggers to see, and
 * for messages: what other items of the batch set is not this row's to show.
 */
static TryResult
try_update(Store *s, DirectState *st)
{
	CompatSetColumns all = compat_set_columns(st->estate,
											  (CompatSetColumns) {.updated = st->updated.columns});
	TryResult	result = try_update_columns(s, st);

	(void) compat_set_columns(st->estate, all);
	return result;
}

static TryResult
try_delete(Store *s, DirectState *st)
{
	EState	   *estate = st->estate;
	ItemPointerData tid = s->old->tts_tid;
	TM_FailureData tmfd;
	TM_Result	result;

	store_level_check(s->level);
	estate->es_output_cid = GetCurrentCommandId(true);
	if (st->rri->ri_TrigDesc && st->rri->ri_TrigDesc->trig_delete_before_row)
	{
		TryResult	locked = lock_old(s, st, LockTupleExclusive);

		if (locked != TRY_DONE)
			return locked;
		plan_qual_ready(s, st);
		if (!compat_br_delete_triggers(estate, &st->epq, st->rri, &tid))
			return TRY_NOTHING;
	}

	result = compat_tuple_delete(s->rel, estate, &tid, &tmfd);
	if (result != TM_Ok)
		return lost(result, &tmfd);

	ExecARDeleteTriggers(estate, st->rri, &tid, NULL, st->delete_capture, false);
	return TRY_DONE;
}

/*
 * The row is there: compose and write.  *outcome is set unless the result
 * says to try again.
 */
static TryResult
apply_found(Store *s, DirectState *st, StoreCompose compose, void *arg,
			StoreOutcome *outcome)
{
	TryResult	result;

	ExecClearTuple(s->new);		/* an earlier try may have been an insert */
	virtual_fill(s, s->old);
	switch (store_compose(s, s->old, compose, arg))
	{
		case STORE_KEEP:
			*outcome = STORE_UNCHANGED;
			return TRY_DONE;

		case STORE_SKIP:
			*outcome = STORE_SKIPPED;
			return TRY_DONE;

		case STORE_REMOVE:
			*outcome = STORE_DELETED;
			if (s->target.preview)
			{
				preview_removal(s);
				return TRY_DONE;
			}
			if (flush_first(s, st))
				return TRY_FLUSHED;
			if (prepare_delete(s, st))
				return TRY_AGAIN;
			result = try_delete(s, st);
			break;

		case STORE_WRITE:
		default:
			*outcome = STORE_UPDATED;
			if (s->target.preview)
			{
				preview_row(s, s->old);
				return TRY_DONE;
			}
			if (flush_first(s, st))
				return TRY_FLUSHED;
			form_update(s);
			form_claim_columns(s, &st->updated, ACL_UPDATE);
			if (prepare_update(s, st))
				return TRY_AGAIN;
			result = try_update(s, st);
			break;
	}

	if (result == TRY_NOTHING)
	{
		ExecClearTuple(s->new);
		*outcome = STORE_SKIPPED;
		return TRY_DONE;
	}
	return result;
}

/* What compose makes of no row: true if it is to be written. */
static bool
compose_absent(Store *s, StoreCompose compose, void *arg, StoreOutcome *outcome)
{
	switch (store_compose(s, NULL, compose, arg))
	{
		case STORE_WRITE:
			return true;
		case STORE_KEEP:
			*outcome = STORE_UNCHANGED;
			return false;
		default:
			*outcome = STORE_SKIPPED;
			return false;
	}
}

/*
 * The row is not there.  *composed says that s->new stands already, made by
 * an earlier try: its triggers and defaults must not run twice.
 */
static TryResult
apply_absent(Store *s, DirectState *st, Arbitration arbitrate, bool *composed,
			 StoreCompose compose, void *arg, StoreOutcome *outcome)
{
	CompatSetColumns all;

	if (!*composed)
	{
		if (!compose_absent(s, compose, arg, outcome))
			return TRY_DONE;
		if (s->target.preview)
		{
			preview_row(s, NULL);
			*outcome = STORE_INSERTED;
			return TRY_DONE;
		}

		form_claim_columns(s, &st->inserted, ACL_INSERT);
		if (prepare_insert(s, st))
			return TRY_AGAIN;
		form_insert(s, st, s->new);
		ExecMaterializeSlot(s->new);
		if (st->rri->ri_TrigDesc &&
			st->rri->ri_TrigDesc->trig_insert_before_row &&
			!ExecBRInsertTriggers(st->estate, st->rri, s->new))
		{
			ExecClearTuple(s->new);
			*outcome = STORE_SKIPPED;
			return TRY_DONE;
		}
		all = compat_set_columns(st->estate,
								 (CompatSetColumns) {.inserted = st->inserted.columns});
		form_check(s, st, s->new, CMD_INSERT);
		(void) compat_set_columns(st->estate, all);
		*composed = true;
	}

	*outcome = STORE_INSERTED;
	return try_insert(s, st, s->new, arbitrate);
}

/* ----------
 * Items in the order of their keys
 * ----------
 */

/* The row is not there: it is composed, and waits. */
static TryResult
wait_to_insert(Store *s, DirectState *st, bool keyed, StoreCompose compose,
			   void *arg, StoreOutcome *outcome)
{
	CompatSetColumns all;

	if (!compose_absent(s, compose, arg, outcome))
		return TRY_DONE;
	form_claim_columns(s, &st->inserted, ACL_INSERT);
	if (prepare_insert(s, st))
		return TRY_AGAIN;
	if (st->pending == NULL)
		st->pending = pending_open(s, st);
	st->waits_not = st->pending == NULL;
	if (st->waits_not || !form_is_plain(s, st))
		return flush_first(s, st) ? TRY_FLUSHED : TRY_AGAIN;

	s->new = pending_slot(st->pending);
	form_insert(s, st, s->new);
	all = compat_set_columns(st->estate,
							 (CompatSetColumns) {.inserted = st->inserted.columns});
	form_check(s, st, s->new, CMD_INSERT);
	(void) compat_set_columns(st->estate, all);
	pending_add(st->pending, keyed);
	*outcome = STORE_INSERTED;
	return TRY_DONE;
}

/*
 * One item of many whose keys ascend, while nobody looks at the table in
 * between: the snapshot and the command counter are not moved for each.  False
 * if it has to be applied by itself; composed it may have been.
 */
static bool
apply_in_order(Store *s, DirectState *st, const Datum *key,
			   StoreCompose compose, void *arg, StoreOutcome *outcome)
{
	TryResult	result;
	bool		found = false;

	if (st->pending && (pending_is_full(st->pending) ||
						(key != NULL && pending_keyless(st->pending))))
		flush_first(s, st);
	if (key != NULL)
	{
		if (!walk_ascends(st->walk, key))
		{
			flush_first(s, st);
			walk_forget(st->walk);
			return false;
		}
		found = find_in_order(s, st, key);
		/* what is there will be written, too: it is to be composed once */
		if (found && st->found_writes && flush_first(s, st))
			found = find_in_order(s, st, key);
	}
	else
		find_keep_snapshot(st);

	if (found)
	{
		result = apply_found(s, st, compose, arg, outcome);
		st->found_writes = result != TRY_DONE || *outcome == STORE_UPDATED ||
			*outcome == STORE_DELETED;
		st->written = st->written || st->found_writes;
	}
	else
	{
		ExecClearTuple(s->old);
		result = wait_to_insert(s, st, key != NULL, compose, arg, outcome);
		st->written = st->written || result == TRY_AGAIN;
	}
	return result == TRY_DONE;
}

static StoreOutcome
direct_apply(Store *s, const Datum *key, const bool *nulls,
			 StoreCompose compose, void *arg)
{
	DirectState *st = s->impl;
	EState	   *estate = st->estate;
	Arbitration arbitrate = key ? ARBITRATE_ALL : ARBITRATE_NOT;
	bool		first = true;	/* try */
	bool		composed = false;	/* s->new is a row to insert */
	bool		key_taken = false;	/* by a row that we do not see */
	int			races = 0;		/* that our insertion has lost */
	StoreOutcome outcome = STORE_SKIPPED;
	Datum		newkey[INDEX_MAX_KEYS];
	bool		newnulls[INDEX_MAX_KEYS];

	ResetPerTupleExprContext(estate);
	find_begin(s, st, nulls == NULL ? key : NULL);
	s->new = st->new;
	ExecClearTuple(s->new);

	if (st->in_order && s->item >= 0 && nulls == NULL && !st->waits_not &&
		(st->pending == NULL || !pending_is_flushing(st->pending)))
	{
		if (apply_in_order(s, st, key, compose, arg, &outcome))
		{
			virtual_fill(s, s->old);
			virtual_fill(s, s->new);
			return outcome;
		}
		/* its key is not to be asked for as the next one again */
		first = false;
		s->new = st->new;
	}
	else
		flush_first(s, st);
	find_anew(st);

	for (;;)
	{
		TryResult	result;

		CHECK_FOR_INTERRUPTS();
		PushActiveSnapshot(s->target.snapshot ? s->target.snapshot :
						   GetTransactionSnapshot());
		estate->es_snapshot = GetActiveSnapshot();
		estate->es_output_cid = GetCurrentCommandId(false);

		if (key == NULL)
			ExecClearTuple(s->old);
		if (key != NULL && find_row(s, st, key, nulls, first))
		{
			composed = false;
			result = apply_found(s, st, compose, arg, &outcome);
		}
		else
		{
			/* what beat us is not for this snapshot to see */
			if (key_taken && IsolationUsesXactSnapshot())
				store_serialization_failure();

			result = apply_absent(s, st, arbitrate, &composed, compose, arg,
								  &outcome);
		}

		/*
		 * A try that lost its insertion waits for the winner here.  If the
		 * winner is committed, a new snapshot shows it; triggers may have
		 * moved the key, so we look for the key that collided.  A winner by
		 * another index than the key's is either the same document, and then
		 * found by its key, or a true violation, which the next try raises.
		 */
		first = false;
		if (result == TRY_FLUSHED)
		{
			PopActiveSnapshot();
			continue;
		}
		if (result == TRY_AGAIN && composed)
		{
			ItemPointerData conflict;

			store_count_conflict(s);
			open_indexes(s, st, true);
			if (st->walk)
				walk_forget(st->walk);
			if (++races == MAX_RACES)
				arbitrate = ARBITRATE_NOT;
			else if (!compat_check_index_constraints(st->rri, s->new, estate,
													 &conflict, st->arbiters))
			{
				key_taken = true;
				key_of_slot(s, s->new, newkey, newnulls);
				s->key_moved = s->key_moved ||
					!store_same_key(s, key, nulls, newkey, newnulls);
				key = newkey;
				nulls = newnulls;
			}
			else if (!compat_check_index_constraints(st->rri, s->new, estate,
													 &conflict, st->all_unique))
				arbitrate = ARBITRATE_KEY;
		}
		PopActiveSnapshot();

		if (result == TRY_DONE)
			break;
		if (result == TRY_LOST_ROW)
		{
			store_count_conflict(s);
			if (IsolationUsesXactSnapshot())
				store_serialization_failure();
		}
		else if (!composed)
			CommandCounterIncrement();	/* let us see what triggers did */
	}

	if (outcome == STORE_INSERTED || outcome == STORE_UPDATED ||
		outcome == STORE_DELETED)
		CommandCounterIncrement();
	if (!s->target.preview)
	{
		st->wrote = outcome == STORE_INSERTED || outcome == STORE_UPDATED;
		virtual_fill(s, s->old);
		virtual_fill(s, s->new);
	}
	return outcome;
}

/* ----------
 * The end
 * ----------
 */

static void
direct_flush(Store *s)
{
	DirectState *st = s->impl;

	flush_first(s, st);
	find_anew(st);
}

static void
direct_close(Store *s)
{
	DirectState *st = s->impl;
	EState	   *estate = st->estate;

	direct_flush(s);
	if (st->rri->ri_TrigDesc && s->level)
	{
		store_level_check(s->level);
		PushActiveSnapshot(GetTransactionSnapshot());
		estate->es_snapshot = GetActiveSnapshot();
		if (st->delete_ready)
			ExecASDeleteTriggers(estate, st->rri, st->delete_capture);
		if (st->update_ready)
			ExecASUpdateTriggers(estate, st->rri, st->update_capture);
		if (st->insert_ready)
			ExecASInsertTriggers(estate, st->rri, st->insert_capture);
		PopActiveSnapshot();
		estate->es_snapshot = InvalidSnapshot;
	}
	if (s->level && s->target.level == NULL)
		store_level_finish(s->level, estate);

	if (st->walk)
		walk_close(st->walk);
	probe_close(st->probe);
	if (st->epq_ready)
		EvalPlanQualEnd(&st->epq);
	ExecResetTupleTable(estate->es_tupleTable, false);
	ExecCloseResultRelations(estate);
	ExecCloseRangeTableRelations(estate);
	FreeExecutorState(estate);
	CommandCounterIncrement();
}
