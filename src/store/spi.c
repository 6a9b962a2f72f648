/*
 * spi.c
 *		The store through SQL statements, for whatever direct.c cannot take:
 *		partitioned tables, inheritance, row-level security, rules, views,
 *		foreign tables, deferrable keys, keys without any unique index, and
 *		everything where upsert.direct is off.
 *
 * The same five steps as in direct.c, in SQL:
 *
 *		SELECT ... WHERE key				   found --> compose --> KEEP: done
 *		SELECT ... FOR NO KEY UPDATE		   another version? compose again
 *		UPDATE / DELETE ... WHERE ctid = ...
 *											   absent -> compose
 *		INSERT ... ON CONFLICT DO NOTHING	   nothing inserted? look again
 *
 * Views and foreign tables have no rows of ours to lock, so there the UPDATE
 * itself is the compare and swap: it asks that the whole row still reads as
 * it did.  Where ON CONFLICT has no arbiter, the search lock keeps other
 * upserts of the key out, and a subtransaction catches the unique violation
 * that a plain INSERT of somebody else may cause.
 *
 * Statements are prepared once for each store and set of columns.  All names
 * in them are quoted, and operators are schema-qualified.
 */
#include "postgres.h"

#include "compat.h"

#include "access/xact.h"
#include "catalog/pg_class_d.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/ruleutils.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "catalog/uniquekey.h"
#include "store/keysql.h"
#include "store/preview.h"
#include "store/searchlock.h"
#include "store/store_impl.h"

/*
 * How often a write may do nothing, without a reason that we can see, before
 * we take it for a trigger's or a policy's word.  A concurrent delete gives
 * one such answer.
 */
#define MAX_REFUSED 5

/* A prepared statement that goes when the store's memory goes. */
typedef struct Statement
{
	SPIPlanPtr	plan;
	Bitmapset  *columns;		/* that it sets, or keys that it finds NULL */
	const char *conflict;		/* clause of an INSERT */
	MemoryContextCallback callback;
} Statement;

typedef struct SpiState
{
	char	   *name;			/* quoted, with schema */
	bool		lockable;		/* has rows with a ctid that we can lock */
	bool		returning;		/* statements can say what they wrote */
	const char *on_conflict;	/* clause, or NULL: no arbiter */
	const char *on_any_conflict;	/* the same for all unique indexes */

	Statement	find;
	Statement	lock;
	Statement	insert;
	Statement	update;
	Statement	remove;

	/* of the row in s->old */
	Datum		ctid;			/* points into ctid_data */
	ItemPointerData ctid_data;
	Oid			tableoid;
	char	   *image;			/* the row as text, where rows cannot be locked */
} SpiState;

static void spi_open(Store *s, List *arbiters);
static StoreOutcome spi_apply(Store *s, const Datum *key, const bool *nulls,
							  StoreCompose compose, void *arg);
static void spi_close(Store *s);

const StoreMethods store_spi_methods = {spi_open, spi_apply, spi_close};

/* ----------
 * Set-up
 * ----------
 */

static void
spi_open(Store *s, List *arbiters)
{
	SpiState   *st = palloc0(sizeof(SpiState));
	char		relkind = s->rel->rd_rel->relkind;
	bool		table = relkind == RELKIND_RELATION ||
		relkind == RELKIND_PARTITIONED_TABLE;

	s->impl = st;
	st->name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(s->rel)),
										  RelationGetRelationName(s->rel));
	/* who may not read the whole table may not read ctid */
	st->lockable = table &&
		pg_class_aclcheck(RelationGetRelid(s->rel), GetUserId(), ACL_SELECT) == ACLCHECK_OK;
	st->returning = s->rel->rd_rules == NULL ||
		(relkind == RELKIND_VIEW && s->rel->rd_rules->numLocks == 1);
	if (table && s->rel->rd_rules == NULL)
		st->on_conflict = keysql_conflict_clause(s);
	st->on_any_conflict = st->on_conflict && unique_keys_are_immediate(s->rel) ?
		" ON CONFLICT DO NOTHING" : st->on_conflict;

	s->old = MakeSingleTupleTableSlot(s->tupdesc, &TTSOpsVirtual);
	s->new = MakeSingleTupleTableSlot(s->tupdesc, &TTSOpsVirtual);
}

static void
spi_close(Store *s)
{
	ExecDropSingleTupleTableSlot(s->old);
	ExecDropSingleTupleTableSlot(s->new);
}

/* ----------
 * Statements
 * ----------
 */

static const char *
column_name(Store *s, int i)
{
	return quote_identifier(NameStr(TupleDescAttr(s->tupdesc, i)->attname));
}

/* Is column i one that statements read? */
static bool
is_read(Store *s, int i)
{
	return !TupleDescAttr(s->tupdesc, i)->attisdropped &&
		bms_is_member(i + 1, s->target.read_columns);
}

static void
append_columns(Store *s, StringInfo buf)
{
	const char *separator = "";
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
	{
		if (!is_read(s, i))
			continue;
		appendStringInfo(buf, "%st.%s", separator, column_name(s, i));
		separator = ", ";
	}
}

/* The whole row, as far as it may be read, as text. */
static void
append_image(Store *s, StringInfo buf)
{
	appendStringInfoString(buf, "ROW(");
	append_columns(s, buf);
	appendStringInfoString(buf, ")::pg_catalog.text");
}

static void
free_statement(void *arg)
{
	Statement  *statement = arg;

	if (statement->plan)
		SPI_freeplan(statement->plan);
	statement->plan = NULL;
}

/* Prepares the statement, in place of what was there for other columns. */
static void
prepare(Store *s, Statement *statement, const char *sql, int nargs, Oid *types,
		Bitmapset *columns)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(s->context);

	if (statement->callback.func == NULL)
	{
		statement->callback.func = free_statement;
		statement->callback.arg = statement;
		MemoryContextRegisterResetCallback(s->context, &statement->callback);
	}
	free_statement(statement);
	statement->columns = bms_copy(columns);
	MemoryContextSwitchTo(oldcontext);

	statement->plan = SPI_prepare(sql, nargs, types);
	if (statement->plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	SPI_keepplan(statement->plan);
}

static Oid *
key_types(Store *s, int extra)
{
	Oid		   *types = palloc(sizeof(Oid) * (s->target.nkeys + extra));
	int			i;

	for (i = 0; i < s->target.nkeys; i++)
		types[i] = TupleDescAttr(s->tupdesc, s->target.keys[i] - 1)->atttypid;
	return types;
}

/*
 * SELECT by key; two rows are one too many.  The lock is the weakest that
 * keeps other writers out, so that foreign keys to the row do not wait for us;
 * a statement that changes a key takes what more it needs by itself.
 */
static void
prepare_find(Store *s, Statement *statement, const bool *nulls, bool lock)
{
	SpiState   *st = s->impl;
	Bitmapset  *null_keys = NULL;
	StringInfoData sql;
	int			i;

	for (i = 0; i < s->target.nkeys; i++)
		if (nulls && nulls[i])
			null_keys = bms_add_member(null_keys, i);
	if (statement->plan && bms_equal(null_keys, statement->columns))
		return;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	append_columns(s, &sql);
	if (st->lockable)
		appendStringInfoString(&sql, ", t.ctid, t.tableoid");
	else
	{
		appendStringInfoString(&sql, ", ");
		append_image(s, &sql);
	}
	appendStringInfo(&sql, " FROM %s t WHERE ", st->name);
	keysql_condition(s, &sql, nulls);
	appendStringInfo(&sql, " LIMIT 2%s", lock ? " FOR NO KEY UPDATE OF t" : "");
	prepare(s, statement, sql.data, s->target.nkeys, key_types(s, 0), null_keys);
}

/* The columns that compose has set. */
static Bitmapset *
set_columns(Store *s)
{
	Bitmapset  *columns = NULL;
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
		if (s->row.set[i])
			columns = bms_add_member(columns, i);
	return columns;
}

static void
append_returning(Store *s, StringInfo sql)
{
	SpiState   *st = s->impl;

	if (!st->returning)
		return;
	appendStringInfoString(sql, " RETURNING ");
	append_columns(s, sql);
}

static void
prepare_insert(Store *s, const char *conflict)
{
	SpiState   *st = s->impl;
	Bitmapset  *columns = set_columns(s);
	Oid		   *types = palloc(sizeof(Oid) * s->tupdesc->natts);
	StringInfoData names;
	StringInfoData params;
	StringInfoData sql;
	int			n = 0;
	int			i = -1;

	if (st->insert.plan && st->insert.conflict == conflict &&
		bms_equal(columns, st->insert.columns))
		return;

	initStringInfo(&names);
	initStringInfo(&params);
	while ((i = bms_next_member(columns, i)) >= 0)
	{
		store_check_identity(TupleDescAttr(s->tupdesc, i));
		types[n++] = TupleDescAttr(s->tupdesc, i)->atttypid;
		appendStringInfo(&names, "%s%s", n > 1 ? ", " : "", column_name(s, i));
		appendStringInfo(&params, "%s$%d", n > 1 ? ", " : "", n);
	}

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s AS t", st->name);
	if (n > 0)
		appendStringInfo(&sql, " (%s) VALUES (%s)", names.data, params.data);
	else
		appendStringInfoString(&sql, " DEFAULT VALUES");
	if (conflict)
		appendStringInfoString(&sql, conflict);
	append_returning(s, &sql);
	prepare(s, &st->insert, sql.data, n, types, columns);
	st->insert.conflict = conflict;
}

/* The row that s->old is, after n parameters. */
static void
append_old_row(Store *s, StringInfo sql, Oid *types, int *n)
{
	SpiState   *st = s->impl;
	int			i;

	if (st->lockable)
	{
		appendStringInfo(sql,
						 " WHERE t.ctid OPERATOR(pg_catalog.=) $%d AND t.tableoid OPERATOR(pg_catalog.=) $%d",
						 *n + 1, *n + 2);
		types[(*n)++] = TIDOID;
		types[(*n)++] = OIDOID;
		return;
	}
	appendStringInfoString(sql, " WHERE ");
	for (i = 0; i < s->target.nkeys; i++)
	{
		int			column = s->target.keys[i] - 1;

		keysql_equality(s, sql, column, *n + 1);
		appendStringInfoString(sql, " AND ");
		types[(*n)++] = TupleDescAttr(s->tupdesc, column)->atttypid;
	}
	append_image(s, sql);
	appendStringInfo(sql, " OPERATOR(pg_catalog.=) $%d", *n + 1);
	types[(*n)++] = TEXTOID;
}

static void
prepare_update(Store *s)
{
	SpiState   *st = s->impl;
	Bitmapset  *columns = set_columns(s);
	Oid		   *types = palloc(sizeof(Oid) * (s->tupdesc->natts + INDEX_MAX_KEYS + 2));
	StringInfoData sql;
	int			n = 0;
	int			i = -1;

	if (st->update.plan && bms_equal(columns, st->update.columns))
		return;

	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s AS t SET ", st->name);
	while ((i = bms_next_member(columns, i)) >= 0)
	{
		types[n++] = TupleDescAttr(s->tupdesc, i)->atttypid;
		appendStringInfo(&sql, "%s%s = $%d", n > 1 ? ", " : "", column_name(s, i), n);
	}
	append_old_row(s, &sql, types, &n);
	append_returning(s, &sql);
	prepare(s, &st->update, sql.data, n, types, columns);
}

static void
prepare_remove(Store *s)
{
	SpiState   *st = s->impl;
	Oid			types[INDEX_MAX_KEYS + 2];
	StringInfoData sql;
	int			n = 0;

	if (st->remove.plan)
		return;
	initStringInfo(&sql);
	appendStringInfo(&sql, "DELETE FROM %s AS t", st->name);
	append_old_row(s, &sql, types, &n);
	prepare(s, &st->remove, sql.data, n, types, NULL);
}

/* ----------
 * Running them
 * ----------
 */

static uint64
run(Statement *statement, Datum *values, const bool *nulls, int n, Snapshot snapshot)
{
	char	   *flags = palloc(n + 1);
	int			rc;
	int			i;

	for (i = 0; i < n; i++)
		flags[i] = nulls && nulls[i] ? 'n' : ' ';
	flags[n] = '\0';
	if (snapshot == InvalidSnapshot)
		rc = SPI_execute_plan(statement->plan, values, flags, false, 0);
	else
		rc = SPI_execute_snapshot(statement->plan, values, flags, snapshot,
								  InvalidSnapshot, true, false, 0);
	if (rc < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

/* Puts a row of the last result into a slot that outlives the result. */
static void
store_result(Store *s, TupleTableSlot *slot)
{
	HeapTuple	tuple = SPI_tuptable->vals[0];
	int			column = 0;
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < s->tupdesc->natts; i++)
	{
		if (!is_read(s, i))
		{
			slot->tts_values[i] = (Datum) 0;
			slot->tts_isnull[i] = true;
			continue;
		}
		slot->tts_values[i] = SPI_getbinval(tuple, SPI_tuptable->tupdesc,
											++column, &slot->tts_isnull[i]);
	}
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
}

/* Looks up the key, with what identifies the version of the row. */
static bool
find(Store *s, Statement *statement, const Datum *key, const bool *nulls,
	 bool lock, Snapshot snapshot)
{
	SpiState   *st = s->impl;
	int			last;
	bool		isnull;
	uint64		n;

	ExecClearTuple(s->old);
	prepare_find(s, statement, nulls, lock);
	n = run(statement, (Datum *) key, nulls, s->target.nkeys, snapshot);
	if (n == 0)
		return false;
	if (n > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("more than one row of \"%s\" matches",
						RelationGetRelationName(s->rel)),
				 errdetail("The key is %s.", keysql_describe(s, key, nulls)),
				 errhint("Search by a unique key.")));

	store_result(s, s->old);
	last = SPI_tuptable->tupdesc->natts;
	if (st->lockable)
	{
		Datum		ctid = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
										 last - 1, &isnull);

		st->ctid_data = *(ItemPointer) DatumGetPointer(ctid);
		st->ctid = PointerGetDatum(&st->ctid_data);
		st->tableoid = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0],
													  SPI_tuptable->tupdesc,
													  last, &isnull));
		s->old->tts_tid = st->ctid_data;
		s->old->tts_tableOid = st->tableoid;
	}
	else
		st->image = MemoryContextStrdup(s->item_context,
										SPI_getvalue(SPI_tuptable->vals[0],
													 SPI_tuptable->tupdesc, last));
	SPI_freetuptable(SPI_tuptable);
	return true;
}

/* The parameters that append_old_row() asked for. */
static void
add_old_row(Store *s, Datum *values, bool *nulls, int *n)
{
	SpiState   *st = s->impl;
	int			i;

	if (st->lockable)
	{
		nulls[*n] = false;
		values[(*n)++] = st->ctid;
		nulls[*n] = false;
		values[(*n)++] = ObjectIdGetDatum(st->tableoid);
		return;
	}
	for (i = 0; i < s->target.nkeys; i++)
	{
		values[*n] = slot_getattr(s->old, s->target.keys[i], &nulls[*n]);
		(*n)++;
	}
	nulls[*n] = false;
	values[(*n)++] = CStringGetTextDatum(st->image);
}

/* The composed values, in the order of the statement's parameters. */
static int
row_values(Store *s, Datum *values, bool *nulls)
{
	int			n = 0;
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
	{
		if (!s->row.set[i])
			continue;
		values[n] = s->row.values[i];
		nulls[n++] = s->row.isnull[i];
	}
	return n;
}

static bool
update_row(Store *s)
{
	SpiState   *st = s->impl;
	int			size = s->tupdesc->natts + INDEX_MAX_KEYS + 2;
	Datum	   *values = palloc(sizeof(Datum) * size);
	bool	   *nulls = palloc(sizeof(bool) * size);
	int			n;

	prepare_update(s);
	n = row_values(s, values, nulls);
	add_old_row(s, values, nulls, &n);
	if (run(&st->update, values, nulls, n, InvalidSnapshot) == 0)
		return false;
	if (st->returning)
		store_result(s, s->new);
	return true;
}

static bool
remove_row(Store *s)
{
	SpiState   *st = s->impl;
	Datum		values[INDEX_MAX_KEYS + 2];
	bool		nulls[INDEX_MAX_KEYS + 2];
	int			n = 0;

	prepare_remove(s);
	add_old_row(s, values, nulls, &n);
	return run(&st->remove, values, nulls, n, InvalidSnapshot) > 0;
}

static bool
insert_row(Store *s, const char *conflict)
{
	SpiState   *st = s->impl;
	Datum	   *values = palloc(sizeof(Datum) * s->tupdesc->natts);
	bool	   *nulls = palloc(sizeof(bool) * s->tupdesc->natts);
	int			n;

	prepare_insert(s, conflict);
	n = row_values(s, values, nulls);
	if (run(&st->insert, values, nulls, n, InvalidSnapshot) == 0)
		return false;
	if (st->returning)
		store_result(s, s->new);
	return true;
}

/*
 * Inserts where only a unique violation tells that somebody was faster.
 * False: there was one, of whatever index; the caller looks again, and if it
 * finds nothing the violation is the answer.
 */
static bool
insert_row_or_violation(Store *s, ErrorData **violation)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool inserted = false;

	*violation = NULL;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		inserted = insert_row(s, NULL);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		*violation = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (*violation && (*violation)->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
		ReThrowError(*violation);
	return inserted;
}

/* A hash of the key by the types' own notion of equality. */
static uint32
hash_key(Store *s, const Datum *key, const bool *nulls)
{
	uint32		hash = 0;
	int			i;

	for (i = 0; i < s->target.nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, s->target.keys[i] - 1);
		TypeCacheEntry *type = lookup_type_cache(att->atttypid,
												 TYPECACHE_HASH_PROC_FINFO);
		uint32		one = 0;

		if (!(nulls && nulls[i]) && OidIsValid(type->hash_proc_finfo.fn_oid))
			one = DatumGetUInt32(FunctionCall1Coll(&type->hash_proc_finfo,
												   att->attcollation, key[i]));
		hash = hash_combine(hash, one);
	}
	return hash;
}

/* ----------
 * One item
 * ----------
 */

/* Calls compose in the context that it was promised. */
static StoreVerdict
compose_item(Store *s, TupleTableSlot *old, StoreCompose compose, void *arg)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(s->item_context);
	StoreVerdict verdict = store_compose(s, old, compose, arg);

	MemoryContextSwitchTo(oldcontext);
	return verdict;
}

/* s->new as a preview shows it, in memory that outlives SPI's. */
static void
preview_item(Store *s, TupleTableSlot *old)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(s->item_context);

	preview_row(s, old);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * The row in s->old is to be changed.  True if that is done and *outcome
 * says how; false: it is not that row any more.
 */
static bool
change_found(Store *s, StoreVerdict verdict, StoreOutcome *outcome)
{
	SpiState   *st = s->impl;
	bool		done;

	*outcome = verdict == STORE_REMOVE ? STORE_DELETED : STORE_UPDATED;
	if (s->target.preview)
	{
		if (verdict != STORE_REMOVE)
			preview_item(s, s->old);
		return true;
	}
	done = verdict == STORE_REMOVE ? remove_row(s) : update_row(s);
	if (!done && st->lockable)
	{
		/* the row is locked, so it was a trigger that said no */
		*outcome = STORE_SKIPPED;
		return true;
	}
	return done;
}

/*
 * Locks the row that was found; true if it is still the same version.  In
 * READ COMMITTED the version that won is in s->old otherwise, or none is.
 */
static bool
lock_found(Store *s, const Datum *key, const bool *nulls)
{
	SpiState   *st = s->impl;
	ItemPointerData ctid = st->ctid_data;
	Oid			tableoid = st->tableoid;

	return find(s, &st->lock, key, nulls, true, InvalidSnapshot) &&
		ItemPointerEquals(&ctid, &st->ctid_data) && tableoid == st->tableoid;
}

/* The new row as it stands now, where the statement could not return it. */
static void
read_back(Store *s, const Datum *key, const bool *nulls)
{
	SpiState   *st = s->impl;

	if (st->returning || key == NULL)
		return;
	prepare_find(s, &st->find, nulls, false);
	if (run(&st->find, (Datum *) key, nulls, s->target.nkeys, InvalidSnapshot) > 0)
		store_result(s, s->new);
}

static bool
has_policies(Store *s)
{
	return check_enable_rls(RelationGetRelid(s->rel), InvalidOid, true) == RLS_ENABLED;
}

/* Can an INSERT do nothing though no row that we may see has its key? */
static bool
may_refuse(Store *s)
{
	TriggerDesc *trigdesc = s->rel->trigdesc;

	/* a partition may have triggers of its own */
	return s->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
		(trigdesc && trigdesc->trig_insert_before_row) || has_policies(s);
}

static void
refuse_by_policy(Store *s)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("new row violates row-level security policy (USING expression) for table \"%s\"",
					RelationGetRelationName(s->rel))));
}

static StoreOutcome
spi_apply_connected(Store *s, const Datum *key, const bool *nulls,
					StoreCompose compose, void *arg)
{
	SpiState   *st = s->impl;
	ErrorData  *violation = NULL;
	bool		locked = false; /* we hold the search lock */
	int			refused = 0;	/* writes that did nothing */
	char	   *tried = NULL;	/* row image that an update did not meet */

	/*
	 * A foreign server may show one snapshot for all of a transaction, so that
	 * a second look is no newer: there we wait before the first.
	 */
	if (key != NULL && !s->target.preview &&
		s->rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
	{
		search_lock(RelationGetRelid(s->rel), hash_key(s, key, nulls));
		locked = true;
	}

	for (;;)
	{
		StoreOutcome outcome;
		StoreVerdict verdict;

		CHECK_FOR_INTERRUPTS();
		if (key != NULL && find(s, &st->find, key, nulls, false, InvalidSnapshot))
		{
			verdict = compose_item(s, s->old, compose, arg);
			if (verdict == STORE_KEEP)
				return STORE_UNCHANGED;
			if (verdict == STORE_SKIP)
				return STORE_SKIPPED;
			if (st->lockable && !s->target.preview &&
				!lock_found(s, key, nulls))
			{
				/* visible, not gone, and yet not ours to lock */
				if (TTS_EMPTY(s->old) && has_policies(s) &&
					++refused > MAX_REFUSED)
					refuse_by_policy(s);
				continue;
			}
			if (!change_found(s, verdict, &outcome))
			{
				/*
				 * Somebody changed the row, or, if it still reads the same at
				 * the second look, an INSTEAD OF trigger said no.
				 */
				if (tried && strcmp(tried, st->image) == 0)
					return STORE_SKIPPED;
				tried = st->image;
				continue;
			}
			if (outcome == STORE_UPDATED && !s->target.preview)
				read_back(s, key, nulls);
			return outcome;
		}

		if (violation)
			ReThrowError(violation);
		ExecClearTuple(s->old);
		verdict = compose_item(s, NULL, compose, arg);
		if (verdict == STORE_KEEP)
			return STORE_UNCHANGED;
		if (verdict != STORE_WRITE)
			return STORE_SKIPPED;
		if (s->target.preview)
		{
			preview_item(s, NULL);
			return STORE_INSERTED;
		}

		if (key == NULL || st->on_conflict)
		{
			/*
			 * Somebody who inserts the same document is met by any of its
			 * unique attributes, and then found by its key.  If not, the next
			 * try raises the violation.
			 */
			const char *conflict = key == NULL ? NULL :
				refused > 0 || IsolationUsesXactSnapshot() ? st->on_conflict :
				st->on_any_conflict;

			if (insert_row(s, conflict))
			{
				read_back(s, key, nulls);
				return STORE_INSERTED;
			}

			/*
			 * A trigger said no, or there is a conflict.  Another look shows
			 * a row that came meanwhile, but not one that a policy hides.
			 */
			refused++;
			if (key != NULL && (refused <= MAX_REFUSED || !may_refuse(s)))
				continue;
			if (has_policies(s))
				refuse_by_policy(s);
			return STORE_SKIPPED;
		}

		if (!locked)
		{
			search_lock(RelationGetRelid(s->rel), hash_key(s, key, nulls));
			locked = true;
			if (IsolationUsesXactSnapshot())
			{
				PushActiveSnapshot(GetLatestSnapshot());
				if (find(s, &st->find, key, nulls, false, GetActiveSnapshot()))
					store_serialization_failure();
				PopActiveSnapshot();
			}
			continue;
		}
		if (insert_row_or_violation(s, &violation))
		{
			read_back(s, key, nulls);
			return STORE_INSERTED;
		}
		if (violation == NULL && st->returning)
			return STORE_SKIPPED;
		if (violation == NULL)
		{
			read_back(s, key, nulls);
			return STORE_INSERTED;
		}
	}
}

static StoreOutcome
spi_apply(Store *s, const Datum *key, const bool *nulls,
		  StoreCompose compose, void *arg)
{
	StoreOutcome outcome;

	ExecClearTuple(s->old);
	ExecClearTuple(s->new);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	outcome = spi_apply_connected(s, key, nulls, compose, arg);
	SPI_finish();
	return outcome;
}
