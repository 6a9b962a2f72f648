/*
 * compat_executor.h
 *		The half of compat.h that only the store needs: the executor's and the
 *		table access methods' calls, one spelling for all majors.
 */
#ifndef UPSERT_COMPAT_EXECUTOR_H
#define UPSERT_COMPAT_EXECUTOR_H

#include "compat.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/hio.h"
#include "access/tableam.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/rel.h"

/* The range table entry of a table, without any permission in it. */
static inline RangeTblEntry *
compat_make_rte(Relation rel, LOCKMODE lockmode)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(rel);
	rte->relkind = rel->rd_rel->relkind;
	rte->rellockmode = lockmode;
	rte->inh = false;
	rte->inFromCl = false;
	return rte;
}

/* Bitmaps of columns are offset as the parser has them. */
static inline Bitmapset *
compat_offset_columns(const Bitmapset *attnos)
{
	const int	offset = -FirstLowInvalidHeapAttributeNumber;
	Bitmapset  *result = NULL;
	int			x = -1;

	/* of most tables all columns are in one word, and stay there */
	if (attnos && attnos->nwords == 1 &&
		attnos->words[0] >> (BITS_PER_BITMAPWORD - offset) == 0)
	{
		result = bms_copy(attnos);
		result->words[0] <<= offset;
		return result;
	}
	while ((x = bms_next_member(attnos, x)) >= 0)
		result = bms_add_member(result, x + offset);
	return result;
}

/* Those of the privileges that the user has on the table; none under a hook. */
static inline AclMode
compat_table_privileges(Relation rel, AclMode mask)
{
	return ExecutorCheckPerms_hook ? ACL_NO_RIGHTS :
		pg_class_aclmask(RelationGetRelid(rel), GetUserId(), mask, ACLMASK_ALL);
}

/*
 * Raises 42501 (and calls ExecutorCheckPerms_hook) as a statement would.  Who
 * has the privileges on the table needs none on columns: the executor asks for
 * them first, and so do we, before anything is built for it and for hooks.
 */
static inline void
compat_check_permissions(Relation rel, AclMode required, Bitmapset *selected,
						 Bitmapset *inserted, Bitmapset *updated)
{
	RangeTblEntry *rte;

#if PG_VERSION_NUM >= 160000
	List	   *perminfos = NIL;
	RTEPermissionInfo *perm;
#endif

	if (compat_table_privileges(rel, required) == required)
		return;
	rte = compat_make_rte(rel, RowExclusiveLock);
#if PG_VERSION_NUM >= 160000
	perm = addRTEPermissionInfo(&perminfos, rte);
	perm->requiredPerms = required;
	perm->selectedCols = compat_offset_columns(selected);
	perm->insertedCols = compat_offset_columns(inserted);
	perm->updatedCols = compat_offset_columns(updated);
	ExecCheckPermissions(list_make1(rte), perminfos, true);
#else
	rte->requiredPerms = required;
	rte->selectedCols = compat_offset_columns(selected);
	rte->insertedCols = compat_offset_columns(inserted);
	rte->updatedCols = compat_offset_columns(updated);
	ExecCheckRTPerms(list_make1(rte), true);
#endif
}

/* Gives the executor state a range table of this one relation. */
static inline void
compat_init_range_table(EState *estate, Relation rel, LOCKMODE lockmode,
						Bitmapset *inserted, Bitmapset *updated)
{
	RangeTblEntry *rte = compat_make_rte(rel, lockmode);

#if PG_VERSION_NUM >= 160000
	List	   *perminfos = NIL;
	RTEPermissionInfo *perm = addRTEPermissionInfo(&perminfos, rte);

	perm->insertedCols = compat_offset_columns(inserted);
	perm->updatedCols = compat_offset_columns(updated);
#if PG_VERSION_NUM >= 180000
	ExecInitRangeTable(estate, list_make1(rte), perminfos,
					   bms_make_singleton(1));
#else
	ExecInitRangeTable(estate, list_make1(rte), perminfos);
#endif
#else
	rte->insertedCols = compat_offset_columns(inserted);
	rte->updatedCols = compat_offset_columns(updated);
	ExecInitRangeTable(estate, list_make1(rte));
#endif
}

/* Columns (offset) that a statement sets, by the path taken. */
typedef struct CompatSetColumns
{
	Bitmapset  *inserted;
	Bitmapset  *updated;
} CompatSetColumns;

/*
 * Tells triggers and messages which columns the next row sets; returns what
 * they were told before.
 */
static inline CompatSetColumns
compat_set_columns(EState *estate, CompatSetColumns columns)
{
	RangeTblEntry *rte = exec_rt_fetch(1, estate);
#if PG_VERSION_NUM >= 160000
	RTEPermissionInfo *perm = getRTEPermissionInfo(estate->es_rteperminfos, rte);
#else
	RangeTblEntry *perm = rte;
#endif
	CompatSetColumns before = {perm->insertedCols, perm->updatedCols};

	perm->insertedCols = columns.inserted;
	perm->updatedCols = columns.updated;
	return before;
}

/*
 * Is the column computed whenever it is read?  18 has such, and makes a
 * generated column one unless told otherwise.  They are NULL in every tuple.
 */
static inline bool
compat_is_virtual(Form_pg_attribute att)
{
#if PG_VERSION_NUM >= 180000
	return att->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL;
#else
	return false;
#endif
}

/* Has the table such columns? */
static inline bool
compat_has_virtual(TupleDesc tupdesc)
{
#if PG_VERSION_NUM >= 180000
	return tupdesc->constr != NULL && tupdesc->constr->has_generated_virtual;
#else
	return false;
#endif
}

/* The expression of a generated column, over stored columns. */
static inline Node *
compat_generation_expression(Relation rel, AttrNumber attno)
{
#if PG_VERSION_NUM >= 180000
	return build_generation_expression(rel, attno);
#else
	return build_column_default(rel, attno);
#endif
}

/* An expression over the table's columns as one over its stored columns. */
static inline Node *
compat_expand_virtual(Node *expr, Relation rel)
{
#if PG_VERSION_NUM >= 180000
	return expand_generated_columns_in_expr(expr, rel, 1);
#else
	return expr;
#endif
}

/* NOT ENFORCED came with 18. */
static inline bool
compat_is_enforced(const ConstrCheck *check)
{
#if PG_VERSION_NUM >= 180000
	return check->ccenforced;
#else
	return true;
#endif
}

/*
 * Makes ready to compute every generated column that any row may need.  Left
 * to itself, the executor would prepare those of the first row that it sees,
 * and 15 does not even tell inserts from updates.
 */
static inline void
compat_init_generated(ResultRelInfo *rri, EState *estate)
{
	TupleDesc	tupdesc = RelationGetDescr(rri->ri_RelationDesc);

	if (tupdesc->constr == NULL ||
		!(tupdesc->constr->has_generated_stored || compat_has_virtual(tupdesc)))
		return;
#if PG_VERSION_NUM >= 180000
	if (rri->ri_GeneratedExprsU == NULL)
		ExecInitGenerated(rri, estate, CMD_UPDATE);
#elif PG_VERSION_NUM >= 160000
	if (rri->ri_GeneratedExprsU == NULL)
		ExecInitStoredGenerated(rri, estate, CMD_UPDATE);
#else
	if (rri->ri_GeneratedExprs == NULL)
		ExecInitStoredGenerated(rri, estate, CMD_INSERT);
#endif
}

static inline void
compat_check_valid_result_rel(ResultRelInfo *rri, CmdType operation)
{
#if PG_VERSION_NUM >= 180000
	CheckValidResultRel(rri, operation, ONCONFLICT_NONE, NIL);
#elif PG_VERSION_NUM >= 170000
	CheckValidResultRel(rri, operation, NIL);
#else
	CheckValidResultRel(rri, operation);
#endif
}

static inline void
compat_eval_plan_qual_init(EPQState *epq, EState *estate)
{
#if PG_VERSION_NUM >= 160000
	EvalPlanQualInit(epq, estate, NULL, NIL, -1, NIL);
#else
	EvalPlanQualInit(epq, estate, NULL, NIL, -1);
#endif
}

static inline IndexScanDesc
compat_index_beginscan(Relation heap, Relation index, Snapshot snapshot, int nkeys)
{
#if PG_VERSION_NUM >= 190000
	return index_beginscan(heap, index, snapshot, NULL, nkeys, 0, SO_NONE);
#elif PG_VERSION_NUM >= 180000
	return index_beginscan(heap, index, snapshot, NULL, nkeys, 0);
#else
	return index_beginscan(heap, index, snapshot, nkeys, 0);
#endif
}

/* True if no committed or waited-for row conflicts; else *conflict is its TID. */
static inline bool
compat_check_index_constraints(ResultRelInfo *rri, TupleTableSlot *slot,
							   EState *estate, ItemPointer conflict,
							   List *arbiters)
{
#if PG_VERSION_NUM >= 180000
	ItemPointerData invalid;

	ItemPointerSetInvalid(&invalid);
	return ExecCheckIndexConstraints(rri, slot, estate, conflict, &invalid,
									 arbiters);
#else
	return ExecCheckIndexConstraints(rri, slot, estate, conflict, arbiters);
#endif
}

/*
 * A bulk insertion through the shared buffers as they are: the ring that COPY
 * has keeps pages of a small load from staying there.
 */
static inline BulkInsertState
compat_bulk_insert_state(void)
{
	BulkInsertState bulk = GetBulkInsertState();

	FreeAccessStrategy(bulk->strategy);
	bulk->strategy = NULL;
	return bulk;
}

/* Index entries of a new row. */
static inline List *
compat_insert_index_tuples(ResultRelInfo *rri, TupleTableSlot *slot,
						   EState *estate, bool no_dup_error,
						   bool *conflict, List *arbiters)
{
#if PG_VERSION_NUM >= 190000
	return ExecInsertIndexTuples(rri, estate,
								 no_dup_error ? EIIT_NO_DUPE_ERROR : 0, slot,
								 arbiters, conflict);
#elif PG_VERSION_NUM >= 160000
	return ExecInsertIndexTuples(rri, slot, estate, false, no_dup_error,
								 conflict, arbiters, false);
#else
	return ExecInsertIndexTuples(rri, slot, estate, false, no_dup_error,
								 conflict, arbiters);
#endif
}

/* Which indexes an update has to insert into. */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes CompatUpdateIndexes;
#define COMPAT_UPDATE_INDEXES_NONE TU_None
#else
typedef bool CompatUpdateIndexes;
#define COMPAT_UPDATE_INDEXES_NONE false
#endif

static inline TM_Result
compat_tuple_update(Relation rel, EState *estate, ItemPointer tid,
					TupleTableSlot *slot, TM_FailureData *tmfd,
					CompatUpdateIndexes *update_indexes)
{
	LockTupleMode lockmode;

#if PG_VERSION_NUM >= 190000
	return table_tuple_update(rel, tid, slot, estate->es_output_cid, 0,
							  estate->es_snapshot, InvalidSnapshot, true,
							  tmfd, &lockmode, update_indexes);
#else
	return table_tuple_update(rel, tid, slot, estate->es_output_cid,
							  estate->es_snapshot, InvalidSnapshot, true,
							  tmfd, &lockmode, update_indexes);
#endif
}

static inline TM_Result
compat_tuple_delete(Relation rel, EState *estate, ItemPointer tid,
					TM_FailureData *tmfd)
{
#if PG_VERSION_NUM >= 190000
	return table_tuple_delete(rel, tid, estate->es_output_cid, 0,
							  estate->es_snapshot, InvalidSnapshot, true, tmfd);
#else
	return table_tuple_delete(rel, tid, estate->es_output_cid,
							  estate->es_snapshot, InvalidSnapshot, true, tmfd,
							  false);
#endif
}

/* Index entries of an updated row that was not HOT; the deferred checks. */
static inline List *
compat_update_index_tuples(ResultRelInfo *rri, TupleTableSlot *slot,
						   EState *estate, CompatUpdateIndexes update_indexes)
{
#if PG_VERSION_NUM >= 190000
	return ExecInsertIndexTuples(rri, estate, EIIT_IS_UPDATE |
								 (update_indexes == TU_Summarizing ?
								  EIIT_ONLY_SUMMARIZING : 0),
								 slot, NIL, NULL);
#elif PG_VERSION_NUM >= 160000
	return ExecInsertIndexTuples(rri, slot, estate, true, false, NULL, NIL,
								 update_indexes == TU_Summarizing);
#else
	return ExecInsertIndexTuples(rri, slot, estate, true, false, NULL, NIL);
#endif
}

static inline bool
compat_br_update_triggers(EState *estate, EPQState *epq, ResultRelInfo *rri,
						  ItemPointer tid, TupleTableSlot *slot)
{
	TM_FailureData tmfd;

#if PG_VERSION_NUM >= 180000
	return ExecBRUpdateTriggers(estate, epq, rri, tid, NULL, slot, NULL, &tmfd,
								false);
#elif PG_VERSION_NUM >= 160000
	return ExecBRUpdateTriggers(estate, epq, rri, tid, NULL, slot, NULL, &tmfd);
#else
	return ExecBRUpdateTriggers(estate, epq, rri, tid, NULL, slot, &tmfd);
#endif
}

static inline bool
compat_br_delete_triggers(EState *estate, EPQState *epq, ResultRelInfo *rri,
						  ItemPointer tid)
{
#if PG_VERSION_NUM >= 180000
	TM_FailureData tmfd;

	return ExecBRDeleteTriggers(estate, epq, rri, tid, NULL, NULL, NULL, &tmfd,
								false);
#elif PG_VERSION_NUM >= 160000
	TM_FailureData tmfd;

	return ExecBRDeleteTriggers(estate, epq, rri, tid, NULL, NULL, NULL, &tmfd);
#else
	return ExecBRDeleteTriggers(estate, epq, rri, tid, NULL, NULL);
#endif
}

#endif							/* UPSERT_COMPAT_EXECUTOR_H */
