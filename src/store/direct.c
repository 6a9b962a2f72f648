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
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "catalog/uniquekey.h"
#include "store/candidate.h"
#include "store/local.h"
#include "store/preview.h"
#include "store/probe.h"
#include "store/store_impl.h"
#include "store/virtual.h"
#include "store/walk.h"

/*
 * The columns that the last row of its kind set.  Privileges and UPDATE OF
 * triggers go by them, not by what other rows might set.
 */
typedef struct ColumnSet
{
	bool	   *set;			/* as in StoreRow; NULL: no row yet */
	Bitmapset  *columns;		/* offset as the parser has them */
	Bitmapset  *permitted;		/* all that were found to be */
} ColumnSet;

typedef struct DirectState
{
	EState	   *estate;
	ResultRelInfo *rri;
	EPQState	epq;

	List	   *arbiters;		/* OIDs of the unique indexes on the key */
	List	   *all_unique;		/* ... and of the others, but deferrable ones */
	Probe	   *probe;			/* by one of them */
	Walk	   *walk;			/* beside it; NULL: not yet */
	bool		may_walk;
	int			found_by_probe; /* keys, while it still may */

	ExprState **defaults;		/* by attribute number - 1; NULL: none */
	bool	   *default_sought; /* the same: defaults holds what there is */

	ColumnSet	inserted;
	ColumnSet	updated;

	/* what the first item of each kind has made ready */
	bool		indexes_open;
	bool		indexes_speculative;
	bool		insert_ready;
	bool		update_ready;
	bool		delete_ready;
	TransitionCaptureState *insert_capture;
	TransitionCaptureState *update_capture;
	TransitionCaptureState *delete_capture;
} DirectState;

/* How one try at writing ended. */
typedef enum TryResult
{
	TRY_DONE,
	TRY_AGAIN,					/* look again, nothing was lost to anybody */
	TRY_LOST_ROW,				/* somebody else changed or deleted the row */
	TRY_NOTHING					/* a BEFORE trigger said: do nothing */
} TryResult;

/*
 * An insertion that loses so often meets a row that no look-up finds: what its
 * index says of it, 23505, is the answer.
 */
#define MAX_RACES 100

/* It takes some keys for a walk to be worth its beginning. */
#define WALK_AFTER 16

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
static void direct_close(Store *s);

const StoreMethods store_direct_methods = {
	direct_open, direct_apply, direct_close
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
	if (check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED ||
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
	compat_check_permissions(s->rel, ACL_SELECT, s->target.read_columns, NULL,
							 NULL);
	st->estate = CreateExecutorState();
	compat_init_range_table(st->estate, s->rel, s->lockmode,
							s->target.insert_columns,
							s->target.update_columns);
	st->rri = makeNode(ResultRelInfo);
	ExecInitResultRelation(st->estate, st->rri, 1);
	spare_trigger(st->rri, &s->target);
	compat_eval_plan_qual_init(&st->epq, st->estate);

	s->old = table_slot_create(s->rel, &st->estate->es_tupleTable);
	s->new = table_slot_create(s->rel, &st->estate->es_tupleTable);

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
 * HOT updates never need them.  Only insertions need what ExecOpenIndices
 * calls speculative.  If updates came first it is added here, to what is
 * open: ExecOpenIndices must not be called twice.
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
 * The default of a column that the composed row leaves unset, NULL if it has
 * none.  It is looked up when it is first needed: to read and plan the
 * expression takes as long as to insert the row.
 */
static ExprState *
column_default(Store *s, DirectState *st, int i)
{
	Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);

	if (!st->default_sought[i])
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(s->context);

		if (!att->attisdropped && !att->attgenerated)
		{
			Node	   *expr = build_column_default(s->rel, i + 1);

			if (expr)
				st->defaults[i] = ExecInitExpr(expression_planner((Expr *) expr),
											   NULL);
		}
		st->default_sought[i] = true;
		MemoryContextSwitchTo(oldcontext);
	}
	return st->defaults[i];
}

/* Takes note of the columns that s->row sets, and checks privileges on them. */
static void
claim_columns(Store *s, ColumnSet *last, AclMode mode)
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
	if (last->set == NULL || !bms_is_subset(columns, last->permitted))
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
	open_indexes(s, st, true);
	st->all_unique = list_concat_unique_oid(unique_keys_immediate(s->rel),
											st->arbiters);
	st->defaults = palloc0(sizeof(ExprState *) * s->tupdesc->natts);
	st->default_sought = palloc0(sizeof(bool) * s->tupdesc->natts);
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

/* Fills s->new for an insert: composed values, then defaults. */
static void
form_insert(Store *s, DirectState *st)
{
	TupleTableSlot *slot = s->new;
	ExprContext *econtext = GetPerTupleExprContext(st->estate);
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < s->tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);
		ExprState  *expr;

		if (s->row.set[i])
		{
			store_check_identity(att);
			slot->tts_values[i] = s->row.values[i];
			slot->tts_isnull[i] = s->row.isnull[i];
			continue;
		}
		slot->tts_values[i] = (Datum) 0;
		slot->tts_isnull[i] = true;
		expr = column_default(s, st, i);
		if (expr)
			slot->tts_values[i] = ExecEvalExprSwitchContext(expr, econtext,
															&slot->tts_isnull[i]);
		else if (!att->attisdropped && !att->attgenerated &&
				 get_typtype(att->atttypid) == TYPTYPE_DOMAIN)
			row_null_of_domain(s->rel, i + 1);
	}
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
}

/* Fills s->new for an update: composed values over the old row's. */
static void
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

/* Generated columns and constraints of s->new, in the executor's order. */
static void
check_new(Store *s, DirectState *st, CmdType command)
{
	TupleConstr *constr = s->tupdesc->constr;

	s->new->tts_tableOid = RelationGetRelid(s->rel);
	if (constr && constr->has_generated_stored)
		ExecComputeStoredGenerated(st->rri, st->estate, s->new, command);
	if (constr)
		ExecConstraints(st->rri, s->new, st->estate);
	if (s->rel->rd_rel->relispartition)
		ExecPartitionCheck(st->rri, s->new, st->estate, true);
}

/*
 * Inserts s->new.  With arbitration, TRY_AGAIN says that somebody was faster:
 * by the key, or by any unique index (ARBITRATE_ALL), so that one who inserts
 * the same document, with its other unique attributes, is met again by key.
 */
static TryResult
try_insert(Store *s, DirectState *st, Arbitration arbitrate)
{
	EState	   *estate = st->estate;
	List	   *recheck;

	store_level_check(s->level);
	estate->es_output_cid = GetCurrentCommandId(true);
	if (arbitrate == ARBITRATE_NOT)
	{
		table_tuple_insert(s->rel, s->new, estate->es_output_cid, 0, NULL);
		recheck = compat_insert_index_tuples(st->rri, s->new, estate, false,
											 NULL, NIL);
	}
	else
	{
		TransactionId xid = GetCurrentTransactionId();
		bool		conflict = false;
		uint32		token;

		/* nothing of the user's but index expressions may run under it */
		token = SpeculativeInsertionLockAcquire(xid);
		table_tuple_insert_speculative(s->rel, s->new, estate->es_output_cid,
									   0, NULL, token);
		recheck = compat_insert_index_tuples(st->rri, s->new, estate, true,
											 &conflict,
											 arbitrate == ARBITRATE_ALL ? st->all_unique : st->arbiters);
		table_tuple_complete_speculative(s->rel, s->new, token, !conflict);
		SpeculativeInsertionLockRelease(xid);
		if (conflict)
			return TRY_AGAIN;
	}

	ExecARInsertTriggers(estate, st->rri, s->new, recheck, st->insert_capture);
	return TRY_DONE;
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
		if (!compat_br_update_triggers(estate, &st->epq, st->rri, &tid, s->new))
			return TRY_NOTHING;
	}
	check_new(s, st, CMD_UPDATE);

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
			form_update(s);
			claim_columns(s, &st->updated, ACL_UPDATE);
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
		switch (store_compose(s, NULL, compose, arg))
		{
			case STORE_WRITE:
				break;
			case STORE_KEEP:
				*outcome = STORE_UNCHANGED;
				return TRY_DONE;
			default:
				*outcome = STORE_SKIPPED;
				return TRY_DONE;
		}

		if (s->target.preview)
		{
			preview_row(s, NULL);
			*outcome = STORE_INSERTED;
			return TRY_DONE;
		}

		claim_columns(s, &st->inserted, ACL_INSERT);
		if (prepare_insert(s, st))
			return TRY_AGAIN;
		form_insert(s, st);
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
		check_new(s, st, CMD_INSERT);
		(void) compat_set_columns(st->estate, all);
		*composed = true;
	}

	*outcome = STORE_INSERTED;
	return try_insert(s, st, arbitrate);
}

/*
 * Looks for the row.  The first try may believe what was read of the index
 * before.
 */
static bool
find(Store *s, DirectState *st, const Datum *key, const bool *nulls, bool first)
{
	if (st->may_walk && st->walk == NULL && ++st->found_by_probe > WALK_AFTER)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(s->context);

		st->walk = walk_open(s, probe_index(st->probe));
		st->may_walk = st->walk != NULL;
		MemoryContextSwitchTo(oldcontext);
	}
	if (st->walk && first && nulls == NULL)
	{
		WalkResult	result = walk_find(st->walk, st->estate, key[0]);

		if (result != WALK_UNKNOWN)
			return result == WALK_FOUND;
	}
	return probe_find(st->probe, st->estate, key, nulls);
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
	ExecClearTuple(s->new);

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
		if (key != NULL && find(s, st, key, nulls, first))
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
		if (result == TRY_AGAIN && composed)
		{
			ItemPointerData conflict;

			store_count_conflict(s);
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
direct_close(Store *s)
{
	DirectState *st = s->impl;
	EState	   *estate = st->estate;

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
	EvalPlanQualEnd(&st->epq);
	ExecResetTupleTable(estate->es_tupleTable, false);
	ExecCloseResultRelations(estate);
	ExecCloseRangeTableRelations(estate);
	FreeExecutorState(estate);
	CommandCounterIncrement();
}
