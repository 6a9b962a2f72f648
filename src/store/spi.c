/*
 * spi.c
 *		The store through SQL statements, for whatever direct.c cannot take:
 *		partitioned tables, inheritance, row-level security, rules, views,
 *		foreign tables, deferrable keys, keys without any unique index, tables
 *		whose rows an extension has elsewhere, and everything where
 *		upsert.direct is off.
 *
 * The same five steps as in direct.c, in SQL:
 *
 *		SELECT ... WHERE key				   found --> compose --> KEEP: done
 *		lock that version					   another one? look again
 *		UPDATE / DELETE ... of that version	   did nothing? see below
 *											   absent -> compose
 *		INSERT ... ON CONFLICT DO NOTHING	   nothing inserted? look again
 *
 * Versions in tables of this server are locked through their access method,
 * which says what became of a row where SQL would raise an error: in READ
 * COMMITTED a row that has moved to another partition is one to be looked for
 * again.  Rows that lie elsewhere are locked by SELECT ... FOR UPDATE.
 *
 * Where another column than the key says on which shard a row is, rows are found
 * on all, and locked and changed on theirs.
 *
 * Of tables that Citus has in several copies, each version has a place of its
 * own in each copy.  There the lock is that of Citus on all writers, and what
 * it has locked is changed by the key.
 *
 * Views, foreign tables, and tables that the caller may read in part only have
 * no rows of ours to lock, so there the UPDATE itself is the compare and swap:
 * it asks that the whole row still reads as it did.
 *
 * A statement that does nothing says that a trigger, a rule or a policy had it
 * so, but only where there is one; else the row is not what it was, and we
 * look again.  No such loop is without end: see MAX_TRIES.
 *
 * Where ON CONFLICT has no arbiter, the search lock keeps other upserts of the
 * key out, and a subtransaction catches the unique violation that a plain
 * INSERT of somebody else may cause.
 */
#include "postgres.h"

#include "store/compat_executor.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class_d.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "base/spivalue.h"
#include "catalog/distributed.h"
#include "catalog/uniquekey.h"
#include "store/keynote.h"
#include "store/keysql.h"
#include "store/local.h"
#include "store/preview.h"
#include "store/searchlock.h"
#include "store/spi_impl.h"
#include "store/store_impl.h"

/*
 * How often an INSERT may do nothing, without a row that we can see, before we
 * take it for a policy's word.  A concurrent delete gives one such answer.
 */
#define MAX_REFUSED 5

/*
 * How often an item is tried before it is an error that nothing comes of it.
 * Where somebody else must have won for us to lose, there is no such limit.
 */
#define MAX_TRIES 100

/* How a change of the row that was found ended. */
typedef enum ChangeResult
{
	CHANGE_DONE,
	CHANGE_LOST,				/* somebody else has changed the row */
	CHANGE_AGAIN,				/* it seems not to be that row any more */
	CHANGE_REFUSED				/* a trigger or a rule said no */
} ChangeResult;

/* One item on its way. */
typedef struct SpiItem
{
	Store	   *s;
	const Datum *key;			/* a trigger may move it */
	const bool *nulls;
	StoreCompose compose;
	void	   *arg;
	int			tries;			/* that others have won */
	int			refused;		/* locks that we were not given */
	char	   *tried;			/* row image that an update did not meet */
	KeyNote    *note;			/* of the row that was in an insertion's way */
	ErrorData  *violation;		/* that an INSERT without arbiter met */
	bool		locked;			/* we hold the search lock */
} SpiItem;

static void spi_open(Store *s, List *arbiters);
static StoreOutcome spi_apply(Store *s, const Datum *key, const bool *nulls,
							  StoreCompose compose, void *arg);
static void spi_close(Store *s);

const StoreMethods store_spi_methods = {spi_open, spi_apply, NULL, spi_close};

/* ----------
 * Set-up
 * ----------
 */

static bool
may(Store *s, AttrNumber attno, AclMode mode)
{
	Oid			relid = RelationGetRelid(s->rel);

	return pg_class_aclcheck(relid, GetUserId(), mode) == ACLCHECK_OK ||
		pg_attribute_aclcheck(relid, attno, GetUserId(), mode) == ACLCHECK_OK;
}

/* A column that the caller may set to what it is; no key if that can be. */
static const char *
touchable_column(Store *s)
{
	const char *result = NULL;
	int			i;

	for (i = 0; i < s->tupdesc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(s->tupdesc, i);
		bool		key = false;
		int			k;

		if (att->attisdropped || att->attgenerated ||
			att->attidentity == ATTRIBUTE_IDENTITY_ALWAYS ||
			!may(s, i + 1, ACL_SELECT) || !may(s, i + 1, ACL_UPDATE))
			continue;
		for (k = 0; k < s->target.nkeys; k++)
			key = key || s->target.keys[k] == i + 1;
		if (result == NULL || !key)
			result = quote_identifier(NameStr(att->attname));
		if (!key)
			break;
	}
	return result;
}

/*
 * The column that says on which shard a row is, where the key does not: rows that
 * were found on all of them are locked and changed on theirs.
 */
static AttrNumber
place_column(Store *s, const Distribution *d)
{
	if (d == NULL || d->kind != DISTRIBUTED_BY_HASH || d->column == InvalidAttrNumber ||
		!may(s, d->column, ACL_SELECT) || !keysql_has_equality(s, d->column - 1))
		return InvalidAttrNumber;
	for (int i = 0; i < s->target.nkeys; i++)
		if (s->target.keys[i] == d->column)
			return InvalidAttrNumber;
	return d->column;
}

static void
spi_open(Store *s, List *arbiters)
{
	SpiState   *st = palloc0(sizeof(SpiState));
	char		relkind = s->rel->rd_rel->relkind;
	bool		table = relkind == RELKIND_RELATION ||
	relkind == RELKIND_PARTITIONED_TABLE;

	s->impl = st;
	st->schema = get_namespace_name(RelationGetNamespace(s->rel));
	st->relname = pstrdup(RelationGetRelationName(s->rel));
	st->name = quote_qualified_identifier(st->schema, st->relname);
	st->distribution = distribution_of(s->rel);
	st->copied = st->distribution && st->distribution->replicated;
	st->place = place_column(s, st->distribution);
	/* who may not read the whole table may not read ctid */
	st->lockable = table && !st->copied &&
		pg_class_aclcheck(RelationGetRelid(s->rel), GetUserId(), ACL_SELECT) == ACLCHECK_OK;
	st->local = table && store_is_local(s->rel);
	st->returning = s->rel->rd_rules == NULL ||
		(relkind == RELKIND_VIEW && s->rel->rd_rules->numLocks == 1);
	if (table && s->rel->rd_rules == NULL)
		st->conflict_target = keysql_conflict_target(s);
	st->any_key = unique_keys_are_immediate(s->rel);
	if (st->conflict_target && !s->target.preview)
		st->touchable = touchable_column(s);

	s->old = MakeSingleTupleTableSlot(s->tupdesc, &TTSOpsVirtual);
	s->new = MakeSingleTupleTableSlot(s->tupdesc, &TTSOpsVirtual);
	st->locked = MakeSingleTupleTableSlot(s->tupdesc, &TTSOpsVirtual);
}

static void
spi_close(Store *s)
{
	ExecDropSingleTupleTableSlot(s->old);
	ExecDropSingleTupleTableSlot(s->new);
	ExecDropSingleTupleTableSlot(((SpiState *) s->impl)->locked);
}

/* ----------
 * Writing
 * ----------
 */

/* Runs a statement that writes a row; true if it did. */
static bool
run_write(Store *s, Statement *statement, Datum *values, bool *nulls, int n)
{
	SpiState   *st = s->impl;

	if (spi_run(s, statement, values, nulls, n, InvalidSnapshot) == 0)
		return false;
	if (st->returning && statement != &st->remove)
		spi_store_result(s, s->new, 0);
	return true;
}

static bool
update_row(SpiItem *item)
{
	Store	   *s = item->s;
	SpiState   *st = s->impl;
	int			size = statement_max_params(s);
	Datum	   *values = palloc(sizeof(Datum) * size);
	bool	   *nulls = palloc(sizeof(bool) * size);
	int			n = statement_update(s, values, nulls);

	return run_write(s, &st->update, values, nulls, n);
}

static bool
remove_row(SpiItem *item)
{
	Store	   *s = item->s;
	SpiState   *st = s->impl;
	Datum		values[INDEX_MAX_KEYS + 3];
	bool		nulls[INDEX_MAX_KEYS + 3];
	int			n = statement_remove(s, values, nulls);

	return run_write(s, &st->remove, values, nulls, n);
}

static bool
insert_row(Store *s, InsertKind kind)
{
	SpiState   *st = s->impl;
	int			size = statement_max_params(s);
	Datum	   *values = palloc(sizeof(Datum) * size);
	bool	   *nulls = palloc(sizeof(bool) * size);
	int			n = statement_insert(s, kind, values, nulls);

	return run_write(s, &st->insert, values, nulls, n);
}

static bool
insert_row_plain(SpiItem *item)
{
	return insert_row(item->s, INSERT_PLAIN);
}

/* Inserts, or notes the key of the row that was in the way of an insertion. */
static bool
insert_row_or_note(Store *s, KeyNote *note)
{
	KeyNote    *outer;
	volatile bool inserted = false;

	note->store = s;
	note->noted = false;
	outer = keynote_expect(note);
	PG_TRY();
	{
		inserted = insert_row(s, INSERT_OR_NOTE);
	}
	PG_FINALLY();
	{
		(void) keynote_expect(outer);
	}
	PG_END_TRY();
	return inserted;
}

/*
 * Does something in a subtransaction.  An error with this SQLSTATE is handed
 * out, and the result is false; others are raised.
 * A violation of a key WITHOUT OVERLAPS counts as one of a unique key.
 */
static bool
try_to(bool (*what) (SpiItem *item), SpiItem *item, int sqlstate, ErrorData **error)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	*error = NULL;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		done = what(item);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		*error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (*error && (*error)->sqlerrcode != sqlstate &&
		!(sqlstate == ERRCODE_UNIQUE_VIOLATION &&
		  (*error)->sqlerrcode == ERRCODE_EXCLUSION_VIOLATION))
		ReThrowError(*error);
	return done && *error == NULL;
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
												 TYPECACHE_HASH_PROC);
		uint32		one = 0;

		/* not by the type cache's own: an operator class may run anything */
		if (!(nulls && nulls[i]) && OidIsValid(type->hash_proc))
			one = DatumGetUInt32(OidFunctionCall1Coll(type->hash_proc,
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
compose_item(SpiItem *item, TupleTableSlot *old)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(item->s->item_context);
	StoreVerdict verdict = store_compose(item->s, old, item->compose, item->arg);

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

static bool
has_policies(Store *s)
{
	return check_enable_rls(RelationGetRelid(s->rel), InvalidOid, true) == RLS_ENABLED;
}

static void
refuse_by_policy(Store *s)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("new row violates row-level security policy (USING expression) for table \"%s\"",
					RelationGetRelationName(s->rel))));
}

/* A try has come to nothing, and nobody else has won it for sure. */
static void
count_try(SpiItem *item)
{
	if (++item->tries > MAX_TRIES)
		store_serialization_failure();
}

/* ----------
 * A row is there
 * ----------
 */

/* As a statement would, but before we wait for anybody. */
static void
check_change_privileges(Store *s, bool remove)
{
	Bitmapset  *columns = NULL;
	int			i;

	for (i = 0; !remove && i < s->tupdesc->natts; i++)
		if (s->row.set[i])
			columns = bms_add_member(columns, i + 1);
	compat_check_permissions(s->rel, remove ? ACL_DELETE : ACL_UPDATE, NULL,
							 NULL, columns);
}

/* Locks the version in s->old; false if it is not the last one any more. */
static bool
lock_version(Store *s, Relation rel, LockTupleMode mode)
{
	SpiState   *st = s->impl;
	ItemPointerData tid = st->ctid;
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TM_FailureData tmfd;
	TM_Result	result;

	/* what compose may have done to the row is to be seen */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	result = table_tuple_lock(rel, &tid, GetActiveSnapshot(), slot,
							  GetCurrentCommandId(false), mode, LockWaitBlock,
							  0, &tmfd);
	PopActiveSnapshot();
	ExecDropSingleTupleTableSlot(slot);
	if (result == TM_Ok)
		return true;
	/* who loses to himself would lose for ever */
	if (result == TM_SelfModified ||
		((result == TM_Updated || result == TM_Deleted) &&
		 TransactionIdIsCurrentTransactionId(tmfd.xmax)))
		store_self_modified();
	if (IsolationUsesXactSnapshot())
	{
		store_count_conflict(s);
		store_serialization_failure();
	}
	return false;
}

/*
 * Locks the row that was found by SQL; true if it is still the same version.
 * In READ COMMITTED the version that won is in st->locked otherwise, or none is.
 */
static bool
lock_found(SpiItem *item)
{
	Store	   *s = item->s;
	SpiState   *st = s->impl;
	ItemPointerData ctid = st->ctid;
	Oid			tableoid = st->tableoid;
	const char *image = st->image;

	if (!spi_find(s, item->key, item->nulls, true, InvalidSnapshot))
		return false;
	return st->copied ? strcmp(image, st->image) == 0 :
		ItemPointerEquals(&ctid, &st->ctid) && tableoid == st->tableoid;
}

/* Does a trigger or a rule have a word in a change of the row in s->old? */
static bool
may_refuse_change(Store *s, bool remove)
{
	Relation	rel;
	TriggerDesc *trigdesc;
	bool		result;

	if (s->rel->rd_rules != NULL)
		return true;
	rel = spi_open_table(s, AccessShareLock);
	/* another server's triggers, or those of we know not which partition */
	if (rel == NULL && (s->rel->rd_rel->relkind != RELKIND_RELATION ||
						s->rel->rd_rel->relhassubclass))
		return true;
	trigdesc = rel ? rel->trigdesc : s->rel->trigdesc;
	result = trigdesc && (remove ? trigdesc->trig_delete_before_row :
						  store_updates_fire(trigdesc, &s->target));
	if (rel)
		table_close(rel, NoLock);
	return result;
}

/* The statement did nothing: who said so? */
static ChangeResult
change_did_nothing(SpiItem *item, bool remove)
{
	Store	   *s = item->s;
	SpiState   *st = s->impl;
	bool		refused = may_refuse_change(s, remove);

	if (st->lockable || st->copied)
	{
		/* the row is locked, so nobody else has touched it */
		if (has_policies(s) &&
			(!refused || !spi_find(s, item->key, item->nulls, true, InvalidSnapshot)))
			refuse_by_policy(s);
		return refused ? CHANGE_REFUSED : CHANGE_AGAIN;
	}

	/* it reads the same at the second look, and still cannot be changed */
	if (item->tried && strcmp(item->tried, st->image) == 0)
		return refused ? CHANGE_REFUSED : CHANGE_AGAIN;
	item->tried = st->image;
	return CHANGE_LOST;
}

/*
 * The row in s->old is to be changed.  In READ COMMITTED it may have moved to
 * another partition since it was found, which SQL calls a serialization
 * failure: then the key is elsewhere, or gone, and we look again.
 */
static ChangeResult
change_found(SpiItem *item, bool remove)
{
	Store	   *s = item->s;
	SpiState   *st = s->impl;
	bool		(*change) (SpiItem *item) = remove ? remove_row : update_row;
	Relation	rel;
	ErrorData  *moved = NULL;
	bool		may_move;
	bool		done;

	check_change_privileges(s, remove);
	rel = spi_open_table(s, RowExclusiveLock);
	may_move = rel == NULL && !IsolationUsesXactSnapshot() &&
		s->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	if (rel)
	{
		bool		locked = lock_version(s, rel, remove ? LockTupleExclusive :
										  LockTupleNoKeyExclusive);

		table_close(rel, NoLock);
		if (!locked)
			return CHANGE_LOST;
	}
	else if (st->lockable || st->copied)
	{
		bool		locked = may_move ?
		try_to(lock_found, item, ERRCODE_T_R_SERIALIZATION_FAILURE, &moved) :
		lock_found(item);

		/* visible, not gone, and yet not ours to lock */
		if (!locked && !moved && TTS_EMPTY(st->locked) && has_policies(s) &&
			++item->refused > MAX_REFUSED)
			refuse_by_policy(s);
		if (!locked)
			return CHANGE_AGAIN;
	}

	done = may_move ?
		try_to(change, item, ERRCODE_T_R_SERIALIZATION_FAILURE, &moved) :
		change(item);
	if (done)
		return CHANGE_DONE;
	return moved ? CHANGE_AGAIN : change_did_nothing(item, remove);
}

/* The new row as it stands now, where the statement could not return it. */
static void
read_back(SpiItem *item)
{
	Store	   *s = item->s;
	SpiState   *st = s->impl;

	if (st->returning || item->key == NULL)
		return;
	statement_find(s, item->nulls);
	if (spi_run(s, &st->find, (Datum *) item->key, item->nulls, s->target.nkeys,
				InvalidSnapshot) > 0)
		spi_store_result(s, s->new, 0);
}

/* To the row in s->old; false: look again. */
static bool
apply_to_found(SpiItem *item, StoreOutcome *outcome)
{
	Store	   *s = item->s;
	StoreVerdict verdict;
	bool		remove;

	item->violation = NULL;
	verdict = compose_item(item, s->old);
	remove = verdict == STORE_REMOVE;
	*outcome = remove ? STORE_DELETED : STORE_UPDATED;
	if (verdict == STORE_KEEP || verdict == STORE_SKIP)
	{
		*outcome = verdict == STORE_KEEP ? STORE_UNCHANGED : STORE_SKIPPED;
		return true;
	}
	if (s->target.preview)
	{
		if (remove)
			preview_removal(s);
		else
			preview_item(s, s->old);
		return true;
	}
	switch (change_found(item, remove))
	{
		case CHANGE_DONE:
			if (!remove)
				read_back(item);
			return true;
		case CHANGE_REFUSED:
			*outcome = STORE_SKIPPED;
			return true;
		case CHANGE_LOST:
			break;
		case CHANGE_AGAIN:
			count_try(item);
			break;
	}
	store_count_conflict(s);
	return false;
}

/* ----------
 * No row is there
 * ----------
 */

/* Has a BEFORE trigger a word in an INSERT?  A partition's we do not know. */
static bool
may_refuse_insert(Store *s)
{
	TriggerDesc *trigdesc = s->rel->trigdesc;

	return trigdesc && trigdesc->trig_insert_before_row;
}

/* Would a DO UPDATE that updates nothing be heard of? */
static bool
tells_of_updates(Store *s)
{
	TriggerDesc *trigdesc = s->rel->trigdesc;

	return trigdesc && (trigdesc->trig_update_before_statement ||
						trigdesc->trig_update_after_statement);
}

/*
 * A trigger is asked once if that can be, so what it makes of the row is noted
 * at the first try.  Without one, somebody who inserts the same document is
 * met by any of its unique attributes, and then found by its key; if not, the
 * next try raises the violation.
 */
static InsertKind
choose_insert(Store *s, int tries)
{
	SpiState   *st = s->impl;

	if (st->touchable &&
		(tries > 0 ?
		 may_refuse_insert(s) || s->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE :
		 may_refuse_insert(s) && !tells_of_updates(s)))
		return INSERT_OR_NOTE;
	return tries > 0 || IsolationUsesXactSnapshot() || !st->any_key ?
		INSERT_UNLESS_KEY : INSERT_UNLESS_ANY;
}

static void
take_search_lock(SpiItem *item)
{
	search_lock(RelationGetRelid(item->s->rel),
				hash_key(item->s, item->key, item->nulls));
	item->locked = true;
}

/* A trigger may have moved the key: that of the row in the way is the row now. */
static void
follow_note(SpiItem *item)
{
	Store	   *s = item->s;
	KeyNote    *note = item->note;

	if (store_same_key(s, note->key, note->nulls, item->key, item->nulls))
		return;
	item->key = memcpy(palloc(sizeof(note->key)), note->key, sizeof(note->key));
	item->nulls = memcpy(palloc(sizeof(note->nulls)), note->nulls,
						 sizeof(note->nulls));
	s->key_moved = true;
}

/* ON CONFLICT DO NOTHING; false: look again. */
static bool
insert_by_arbiter(SpiItem *item, StoreOutcome *outcome)
{
	Store	   *s = item->s;
	InsertKind	kind = choose_insert(s, item->tries);
	bool		noting = kind == INSERT_OR_NOTE;

	if (noting && item->note == NULL)
		item->note = MemoryContextAlloc(s->item_context, sizeof(KeyNote));
	*outcome = STORE_INSERTED;
	if (noting ? insert_row_or_note(s, item->note) : insert_row(s, kind))
	{
		read_back(item);
		return true;
	}
	if (noting && !item->note->noted)
	{
		*outcome = STORE_SKIPPED;
		return true;
	}
	store_count_conflict(s);
	item->tries++;
	if (noting)
	{
		follow_note(item);
		return false;
	}

	/*
	 * Another look shows a row that came meanwhile, but not one that a policy
	 * hides.  What a trigger did that we cannot ask shows when nothing but a
	 * violation can stop the row.
	 */
	if (item->tries > MAX_REFUSED && has_policies(s))
		refuse_by_policy(s);
	if (item->tries > MAX_REFUSED &&
		(may_refuse_insert(s) ||
		 s->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE))
		item->tries = MAX_TRIES;
	return false;
}

/*
 * A plain INSERT: under the search lock where there is no arbiter, and after
 * another look; false: look again.
 */
static bool
insert_without_arbiter(SpiItem *item, StoreOutcome *outcome)
{
	Store	   *s = item->s;
	SpiState   *st = s->impl;

	if (st->conflict_target == NULL && !item->locked)
	{
		take_search_lock(item);
		if (IsolationUsesXactSnapshot())
		{
			PushActiveSnapshot(GetLatestSnapshot());
			if (spi_find(s, item->key, item->nulls, false, GetActiveSnapshot()))
				store_serialization_failure();
			PopActiveSnapshot();
		}
		return false;
	}
	*outcome = STORE_INSERTED;
	if (try_to(insert_row_plain, item, ERRCODE_UNIQUE_VIOLATION, &item->violation))
		read_back(item);
	else if (item->violation)
	{
		store_count_conflict(s);
		return false;
	}
	else if (st->returning)
		*outcome = STORE_SKIPPED;
	else
		read_back(item);
	return true;
}

/* To a row that is not there; false: look again. */
static bool
apply_to_none(SpiItem *item, StoreOutcome *outcome)
{
	Store	   *s = item->s;
	SpiState   *st = s->impl;
	StoreVerdict verdict;

	/* the row of the violation is not to be seen */
	if (item->violation)
		ReThrowError(item->violation);
	ExecClearTuple(s->old);
	verdict = compose_item(item, NULL);
	*outcome = STORE_INSERTED;
	if (verdict != STORE_WRITE)
		*outcome = verdict == STORE_KEEP ? STORE_UNCHANGED : STORE_SKIPPED;
	else if (s->target.preview)
		preview_item(s, NULL);
	else if (item->key == NULL)
	{
		/* nobody is in the way of a key that a generator has made */
		if (!insert_row(s, INSERT_PLAIN))
			*outcome = STORE_SKIPPED;
	}
	else if (st->conflict_target && item->tries < MAX_TRIES)
		return insert_by_arbiter(item, outcome);
	else
		return insert_without_arbiter(item, outcome);
	return true;
}

static StoreOutcome
spi_apply_connected(SpiItem *item)
{
	Store	   *s = item->s;
	StoreOutcome outcome;
	bool		done;

	/*
	 * A foreign server may show one snapshot for all of a transaction, so
	 * that a second look is no newer: there we wait before the first.
	 */
	if (item->key != NULL && !s->target.preview &&
		s->rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
		take_search_lock(item);
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (item->key != NULL &&
			spi_find(s, item->key, item->nulls, false, s->target.snapshot))
			done = apply_to_found(item, &outcome);
		else
			done = apply_to_none(item, &outcome);
	} while (!done);
	return outcome;
}

static StoreOutcome
spi_apply(Store *s, const Datum *key, const bool *nulls,
		  StoreCompose compose, void *arg)
{
	SpiItem		item = {s, key, nulls, compose, arg};
	StoreOutcome outcome;
	Snapshot	held;

	ExecClearTuple(s->old);
	ExecClearTuple(s->new);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");

	/* a version that was found must not give way to another at its place */
	held = RegisterSnapshot(GetTransactionSnapshot());
	outcome = spi_apply_connected(&item);
	UnregisterSnapshot(held);
	SPI_finish();
	return outcome;
}
