/*
 * spi_find.c
 *		Rows as SQL shows them to a store: found by their key, and which version of
 *		a row it is.
 *
 * A version is a ctid and a table where rows can be locked, else the image of the
 * whole row.  Statements are statement.c's.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class_d.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/spivalue.h"
#include "catalog/distributed.h"
#include "store/keysql.h"
#include "store/spi_impl.h"

static int
execute(Statement *statement, Datum *values, const char *flags, Snapshot snapshot)
{
	if (snapshot == InvalidSnapshot)
		return SPI_execute_plan(statement->plan, values, flags, false, 0);
	return SPI_execute_snapshot(statement->plan, values, flags, snapshot,
								InvalidSnapshot, true, false, 0);
}

/* The same where statements are run on shards, of which errors should not speak. */
static int
execute_elsewhere(const Distribution *d, Statement *statement, Datum *values,
				  const char *flags, Snapshot snapshot)
{
	MemoryContext context = CurrentMemoryContext;
	volatile int rc = 0;

	PG_TRY();
	{
		rc = execute(statement, values, flags, snapshot);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		distribution_rename_error(d, error);
		ReThrowError(error);
	}
	PG_END_TRY();
	return rc;
}

uint64
spi_run(Store *s, Statement *statement, Datum *values, const bool *nulls, int n,
		Snapshot snapshot)
{
	const Distribution *d = ((SpiState *) s->impl)->distribution;
	char	   *flags = palloc(n + 1);
	int			rc;
	int			i;

	statement_check_names(s);
	for (i = 0; i < n; i++)
		flags[i] = nulls && nulls[i] ? 'n' : ' ';
	flags[n] = '\0';
	rc = d == NULL ? execute(statement, values, flags, snapshot) :
		execute_elsewhere(d, statement, values, flags, snapshot);
	if (rc < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

void
spi_store_result(Store *s, TupleTableSlot *slot, uint64 row)
{
	HeapTuple	tuple = SPI_tuptable->vals[row];
	int			column = 0;
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < s->tupdesc->natts; i++)
	{
		if (!statement_reads(s, i))
		{
			slot->tts_values[i] = (Datum) 0;
			slot->tts_isnull[i] = true;
			continue;
		}
		slot->tts_values[i] = spi_value(tuple, SPI_tuptable->tupdesc, ++column,
										TupleDescAttr(s->tupdesc, i)->atttypid,
										&slot->tts_isnull[i]);
	}
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
}

Relation
spi_open_table(Store *s, LOCKMODE lockmode)
{
	SpiState   *st = s->impl;
	Relation	rel;

	if (!st->local || !st->lockable)
		return NULL;
	rel = table_open(st->tableoid, lockmode);
	if (RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind))
		return rel;
	table_close(rel, lockmode);
	return NULL;
}

/* Which version a row of the last result is. */
static void
read_version(Store *s, uint64 row)
{
	SpiState   *st = s->impl;
	HeapTuple	tuple = SPI_tuptable->vals[row];
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;
	int			last = tupdesc->natts;
	bool		isnull;

	if (!st->lockable)
	{
		st->image = MemoryContextStrdup(s->item_context,
										SPI_getvalue(tuple, tupdesc, last));
		return;
	}
	st->ctid = *(ItemPointer) DatumGetPointer(spi_value(tuple, tupdesc, last - 1,
														TIDOID, &isnull));
	st->tableoid = DatumGetObjectId(spi_value(tuple, tupdesc, last, OIDOID,
											  &isnull));
}

/*
 * The row to take of two, which a unique key finds where the snapshot is kept:
 * see store_row_is_own().
 */
static uint64
own_row(Store *s, const Datum *key, const bool *nulls)
{
	SpiState   *st = s->impl;
	uint64		row;

	if (st->conflict_target == NULL || !IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("more than one row of \"%s\" matches",
						RelationGetRelationName(s->rel)),
				 errdetail("The key is %s.", keysql_describe(s, key, nulls)),
				 errhint("Search by a unique key.")));
	for (row = 0; st->lockable && row < SPI_processed; row++)
	{
		Relation	rel;
		TupleTableSlot *slot;
		bool		own;

		read_version(s, row);
		rel = spi_open_table(s, AccessShareLock);
		if (rel == NULL)
			break;
		slot = table_slot_create(rel, NULL);
		own = table_tuple_fetch_row_version(rel, &st->ctid, SnapshotAny, slot) &&
			store_row_is_own(slot);
		ExecDropSingleTupleTableSlot(slot);
		table_close(rel, NoLock);
		if (own)
			return row;
	}
	store_serialization_failure();
}

bool
spi_find(Store *s, const Datum *key, const bool *nulls, bool lock, Snapshot snapshot)
{
	SpiState   *st = s->impl;
	TupleTableSlot *slot = lock ? st->locked : s->old;
	int			nkeys = s->target.nkeys;
	Datum		values[INDEX_MAX_KEYS + 1];
	bool		isnull[INDEX_MAX_KEYS + 1];
	uint64		n;
	uint64		row;

	ExecClearTuple(slot);
	if (lock)
		statement_lock(s, nulls);
	else
		statement_find(s, nulls);
	for (int i = 0; i < nkeys; i++)
	{
		values[i] = key[i];
		isnull[i] = nulls && nulls[i];
	}
	if (lock && st->place != InvalidAttrNumber)
	{
		values[nkeys] = slot_getattr(s->old, st->place, &isnull[nkeys]);
		nkeys++;
	}
	n = spi_run(s, lock ? &st->lock : &st->find, values, isnull, nkeys, snapshot);
	if (n == 0)
		return false;
	row = n > 1 ? own_row(s, key, nulls) : 0;
	spi_store_result(s, slot, row);
	read_version(s, row);
	if (st->lockable)
	{
		slot->tts_tid = st->ctid;
		slot->tts_tableOid = st->tableoid;
	}
	SPI_freetuptable(SPI_tuptable);
	return true;
}
