/*
 * probe.c
 *		Finding a row of a heap table by a unique index.
 *
 * One index scan is kept open over all items:
 *
 *		key (columns of the target) --> values of the index --> scan keys
 *
 * The values of a plain index are the key in another order.  Where the target
 * names its arbiter, which may have expressions, they are what the index
 * makes of a row that has the key and nothing else; a partial index holds no
 * rows but those that satisfy its predicate, so that needs no look.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/genam.h"
#include "access/nbtree.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "catalog/memo.h"
#include "store/probe.h"

struct Probe
{
	Store	   *store;
	Relation	index;
	int			nkeys;			/* of the index */
	bool		nulls_equal;	/* NULLS NOT DISTINCT */
	IndexScanDesc scan;			/* NULL before the first look */
	ScanKey		scankeys;		/* nkeys */
	int		   *keymap;			/* index column -> position in key */
	TupleTableSlot *second;		/* of a key that is seen twice; NULL: not yet */

	/* where the target says which index */
	IndexInfo  *keyinfo;
	TupleTableSlot *keyslot;
};

/* The equality of an index's columns: the same for every look. */
typedef struct ProbeKeys
{
	Memo		memo;
	ScanKeyData scankeys[INDEX_MAX_KEYS];
} ProbeKeys;

static void
gather_keys(Memo *memo, Relation index)
{
	ScanKey		scankeys = ((ProbeKeys *) memo)->scankeys;
	int			i;

	for (i = 0; i < index->rd_index->indnkeyatts; i++)
	{
		Oid			opfamily = index->rd_opfamily[i];
		Oid			opcintype = index->rd_opcintype[i];
		Oid			eq = get_opfamily_member(opfamily, opcintype, opcintype,
											 BTEqualStrategyNumber);

		if (!OidIsValid(eq))
			elog(ERROR, "missing operator %d(%u,%u) in opfamily %u",
				 BTEqualStrategyNumber, opcintype, opcintype, opfamily);
		ScanKeyEntryInitialize(&scankeys[i], 0, i + 1, BTEqualStrategyNumber,
							   InvalidOid, index->rd_indcollation[i],
							   get_opcode(eq), (Datum) 0);
	}
}

static MemoCache probe_keys = {"upsert probes", sizeof(ProbeKeys), gather_keys};

Probe *
probe_open(Store *s, Oid index)
{
	Probe	   *probe = palloc0(sizeof(Probe));
	ProbeKeys  *keys;
	int			i;

	probe->store = s;
	/* as the executor will when it inserts: then that finds the lock taken */
	probe->index = index_open(index, s->lockmode == AccessShareLock ?
							  AccessShareLock : RowExclusiveLock);
	probe->nkeys = probe->index->rd_index->indnkeyatts;
	probe->nulls_equal = probe->index->rd_index->indnullsnotdistinct;
	probe->scankeys = palloc(sizeof(ScanKeyData) * probe->nkeys);
	probe->keymap = palloc(sizeof(int) * probe->nkeys);
	keys = (ProbeKeys *) memo_of(&probe_keys, probe->index);
	for (i = 0; i < probe->nkeys; i++)
	{
		probe->scankeys[i] = keys->scankeys[i];
		/* what the function keeps for itself goes with this probe */
		fmgr_info_copy(&probe->scankeys[i].sk_func, &keys->scankeys[i].sk_func,
					   CurrentMemoryContext);
	}

	if (OidIsValid(s->target.arbiter))
	{
		probe->keyinfo = BuildIndexInfo(probe->index);
		probe->keyslot = MakeSingleTupleTableSlot(s->tupdesc, &TTSOpsVirtual);
		return probe;
	}
	for (i = 0; i < probe->nkeys; i++)
	{
		int			k = 0;

		while (s->target.keys[k] != probe->index->rd_index->indkey.values[i])
			k++;
		probe->keymap[i] = k;
	}
	return probe;
}

/* What the index makes of the key. */
static void
index_values(Probe *probe, EState *estate, const Datum *key, const bool *nulls,
			 Datum *values, bool *isnull)
{
	Store	   *s = probe->store;
	TupleTableSlot *slot = probe->keyslot;
	int			i;

	if (probe->keyinfo == NULL)
	{
		for (i = 0; i < probe->nkeys; i++)
		{
			values[i] = key[probe->keymap[i]];
			isnull[i] = nulls && nulls[probe->keymap[i]];
		}
		return;
	}

	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * s->tupdesc->natts);
	for (i = 0; i < s->target.nkeys; i++)
	{
		slot->tts_values[s->target.keys[i] - 1] = key[i];
		slot->tts_isnull[s->target.keys[i] - 1] = nulls && nulls[i];
	}
	ExecStoreVirtualTuple(slot);
	GetPerTupleExprContext(estate)->ecxt_scantuple = slot;
	FormIndexDatum(probe->keyinfo, slot, estate, values, isnull);
}

/* A row was found.  If the snapshot has the key twice, the row of our own. */
static void
take_own(Probe *probe, EState *estate)
{
	Store	   *s = probe->store;

	if (!IsolationUsesXactSnapshot() || store_row_is_own(s->old))
		return;
	if (probe->second == NULL)
		probe->second = table_slot_create(s->rel, &estate->es_tupleTable);
	if (index_getnext_slot(probe->scan, ForwardScanDirection, probe->second))
	{
		ExecCopySlot(s->old, probe->second);
		s->old->tts_tableOid = RelationGetRelid(s->rel);
		ExecClearTuple(probe->second);
	}
}

bool
probe_find(Probe *probe, EState *estate, const Datum *key, const bool *nulls)
{
	Store	   *s = probe->store;
	MemoryContext oldcontext;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
	bool		found;
	int			i;

	ExecClearTuple(s->old);
	index_values(probe, estate, key, nulls, values, isnull);
	for (i = 0; i < probe->nkeys; i++)
	{
		/* where NULLs are distinct no row has such a key */
		if (isnull[i] && !probe->nulls_equal)
			return false;
		probe->scankeys[i].sk_flags = isnull[i] ? SK_ISNULL | SK_SEARCHNULL : 0;
		probe->scankeys[i].sk_argument = values[i];
	}

	/* the scan keeps state of its own, which must live as long as it does */
	oldcontext = MemoryContextSwitchTo(s->context);
	if (probe->scan == NULL)
		probe->scan = compat_index_beginscan(s->rel, probe->index,
											 estate->es_snapshot, probe->nkeys);
	probe->scan->xs_snapshot = estate->es_snapshot;
	index_rescan(probe->scan, probe->scankeys, probe->nkeys, NULL, 0);
	found = index_getnext_slot(probe->scan, ForwardScanDirection, s->old);
	if (found)
		take_own(probe, estate);
	MemoryContextSwitchTo(oldcontext);
	return found;
}

Relation
probe_index(Probe *probe)
{
	return probe->index;
}

void
probe_close(Probe *probe)
{
	if (probe->scan)
		index_endscan(probe->scan);
	index_close(probe->index, NoLock);
	if (probe->keyslot)
		ExecDropSingleTupleTableSlot(probe->keyslot);
}
