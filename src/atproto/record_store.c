/*
 * record_store.c
 *		Tables of AT Protocol records.
 *
 *		status (uri PK, repo, collection, rkey, cid, rev, record, ...)
 *		status_repos (repo PK, rev, ...)	one row a repository
 *
 * A revision is the repository's logical clock: each write takes the next one
 * and all its records carry it.  The clock is the repository's row in the
 * companion table NAME_repos, which create_record_store() makes; updating it
 * locks it, so the writers of a repository form a queue and a later revision
 * is never visible before an earlier one.
 *
 * The row is locked when the first record is about to be written, not before:
 * what changes nothing must lock nothing.  At that moment the store (see
 * store.h) has only read the record, so everybody locks repository first,
 * record second, and writers of one repository cannot deadlock.
 *
 * A transaction that writes a repository many times would leave as many dead
 * versions of its row, which nobody may remove before the end, and walk past
 * all of them each time.  Hence a transaction that writes on puts a revision
 * into the row that lies ahead of the last one used, by as many microseconds
 * as it has made writes so far, and uses up what it has so reserved without
 * touching the row.  As a write takes many microseconds, the row is still not
 * ahead of the time when the transaction ends.  What is reserved is kept in
 * RepoClocks, and forgotten when a (sub)transaction ends.
 *
 * That is our clock.  A repository of which a server elsewhere is the master
 * has that server's, too; what applies its events (mirror.c) says so in the
 * row, and then nobody else writes the repository.
 *
 * Any table with columns uri, cid and record will do as well; without the
 * companion the revision, if there is a column for it, is each record's own.
 *
 * This module must not know what a record means or when it may be written.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "atproto/record_store.h"
#include "catalog/distributed.h"
#include "compat.h"
#include "upsert.h"

/* Which repository of which store */
typedef struct RepoClockKey
{
	Oid			relid;			/* of the table of repositories */
	uint64		hash;			/* of the repository's name */
} RepoClockKey;

/* A repository that this transaction has written, and holds locked */
typedef struct RepoClock
{
	RepoClockKey key;
	char	   *repo;			/* another one with the same hash has no clock */
	uint64		nwrites;		/* so far */
	char		last[TID_LENGTH + 1];	/* revision used last */
	char		reserved[TID_LENGTH + 1];	/* the one in the row */
} RepoClock;

/* The RepoClocks of this transaction, in TopTransactionContext; or NULL */
static HTAB *RepoClocks = NULL;

/* What compose_repo() is told, and what it makes */
typedef struct RepoTick
{
	RecordStore *rs;
	RepoClock  *clock;			/* or NULL */
	const char *floor;			/* the revision must be greater; or NULL */
	bool		any;			/* a mirror's, too */
	bool		mirror;			/* it was one */
} RepoTick;

static AttrNumber find_column(Relation rel, const char *name, Oid type);
static void gather_columns(Memo *memo, Relation rel);
static const RecordColumns *table_columns(Oid relid);
static void require_column(Oid relid, AttrNumber column, const char *name,
						   Oid type);
static void find_repos(RecordStore *rs);
static void forget_clocks_xact(XactEvent event, void *arg);
static void forget_clocks_subxact(SubXactEvent event, SubTransactionId mine,
								  SubTransactionId parent, void *arg);
static RepoClock *repo_clock(RecordStore *rs);
static StoreVerdict compose_repo(void *arg, TupleTableSlot *old, StoreRow *row);
static bool tick_row(RecordStore *rs, RepoClock *clock, const char *floor,
					 bool any);

/*
 * The column of this name and type (text: also varchar without a length), if
 * it can be set.
 */
static AttrNumber
find_column(Relation rel, const char *name, Oid type)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && att->attgenerated == '\0' &&
			strcmp(NameStr(att->attname), name) == 0)
		{
			if (att->atttypid == type ||
				(type == TEXTOID && att->atttypid == VARCHAROID &&
				 att->atttypmod < 0))
				return att->attnum;
			return InvalidAttrNumber;
		}
	}
	return InvalidAttrNumber;
}

/* A table's columns, as far as it has them. */
static void
gather_columns(Memo *memo, Relation rel)
{
	RecordColumns *columns = (RecordColumns *) memo;

	columns->uri = find_column(rel, "uri", TEXTOID);
	columns->cid = find_column(rel, "cid", TEXTOID);
	columns->record = find_column(rel, "record", JSONBOID);
	columns->rev = find_column(rel, "rev", TEXTOID);
	columns->repo = find_column(rel, "repo", TEXTOID);
	if (columns->repo == InvalidAttrNumber)
		columns->repo = find_column(rel, "did", TEXTOID);
	columns->collection = find_column(rel, "collection", TEXTOID);
	columns->rkey = find_column(rel, "rkey", TEXTOID);
	columns->indexed_at = find_column(rel, "indexed_at", TIMESTAMPTZOID);
	columns->created_at = find_column(rel, "created_at", TIMESTAMPTZOID);
	columns->block = find_column(rel, "block", BYTEAOID);
	columns->upstream = find_column(rel, "upstream", TEXTOID);
	columns->floor = find_column(rel, "floor", TEXTOID);
	columns->deleted_at = find_column(rel, "deleted_at", TIMESTAMPTZOID);
	columns->target = find_column(rel, "target", TEXTOID);
	columns->consumer = find_column(rel, "consumer", TEXTOID);
	columns->time_us = find_column(rel, "time_us", INT8OID);
}

static MemoCache record_columns = {"upsert record stores", sizeof(RecordColumns), gather_columns};

/* The same of a table that need not be open; locks it. */
static const RecordColumns *
table_columns(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	const RecordColumns *columns;

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	columns = (const RecordColumns *) memo_of(&record_columns, rel);
	relation_close(rel, NoLock);
	return columns;
}

/* Raises 42809 if a table of records would need the column and has it not. */
static void
require_column(Oid relid, AttrNumber column, const char *name, Oid type)
{
	if (column == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table of AT Protocol records",
						get_rel_name(relid)),
				 errdetail("It has no column \"%s\" of type %s.", name,
						   format_type_be(type)),
				 errhint("create_record_store() makes such a table.")));
}

void
record_store_columns(Oid relid, RecordColumns *columns)
{
	*columns = *table_columns(relid);
	require_column(relid, columns->uri, "uri", TEXTOID);
	require_column(relid, columns->cid, "cid", TEXTOID);
	require_column(relid, columns->record, "record", JSONBOID);
}

/* The columns of the table of revisions as they are now, if it has them. */
static bool
find_repo_columns(RecordStore *rs)
{
	rs->repos = *table_columns(rs->repos_relid);
	return rs->repos.repo != InvalidAttrNumber &&
		rs->repos.rev != InvalidAttrNumber;
}

char *
record_store_name_beside(const char *name, const char *ending)
{
	return makeObjectName(name, NULL, ending);
}

Oid
record_store_beside(Oid relid, const char *ending, RecordColumns *columns)
{
	const char *name = get_rel_name(relid);
	Oid			beside;

	/* what is wrong with the table itself others say */
	if (name == NULL)
		return InvalidOid;
	beside = get_relname_relid(record_store_name_beside(name, ending),
							   get_rel_namespace(relid));
	if (OidIsValid(beside))
		*columns = *table_columns(beside);
	return beside;
}

/* Finds the table of revisions, if there is one. */
static void
find_repos(RecordStore *rs)
{
	rs->repos_sought = true;
	rs->repos_relid = record_store_beside(rs->relid, RECORD_REPOS, &rs->repos);
	if (OidIsValid(rs->repos_relid) && !find_repo_columns(rs))
		rs->repos_relid = InvalidOid;
}

void
record_store_add_repo(StoreTarget *target, const RecordColumns *columns)
{
	Relation	rel = try_relation_open(target->relid, AccessShareLock);
	const Distribution *d = rel ? distribution_of(rel) : NULL;

	if (d && d->column != InvalidAttrNumber && d->column == columns->repo)
		target->keys[target->nkeys++] = columns->repo;
	if (rel)
		relation_close(rel, NoLock);
}

Datum
record_store_repo_key(const char *uri)
{
	const char *repo = uri + strlen("at://");

	if (strncmp(uri, "at://", strlen("at://")) != 0)
		repo = uri;
	return PointerGetDatum(cstring_to_text_with_len(repo, strcspn(repo, "/")));
}

void
record_store_open(RecordStore *rs, Oid relid, const char *repo, bool preview,
				  bool force, StoreLevel *level, const StoreWaiting *waiting)
{
	StoreTarget target = {.relid = relid, .nkeys = 1, .preview = preview,
	.level = level, .ascending = waiting != NULL, .waiting = waiting};
	const RecordColumns *columns = &rs->columns;

	memset(rs, 0, sizeof(RecordStore));
	rs->relid = relid;
	rs->repo = repo;
	rs->preview = preview;
	rs->force = force;
	record_store_columns(relid, &rs->columns);

	target.keys[0] = columns->uri;
	record_store_add_repo(&target, columns);
	for (const AttrNumber *column = &columns->uri; column <= &columns->created_at; column++)
	{
		if (*column == InvalidAttrNumber)
			continue;
		target.insert_columns = bms_add_member(target.insert_columns, *column);
		if (column == &columns->cid || column == &columns->record ||
			column == &columns->block || column == &columns->rev ||
			column == &columns->indexed_at)
			target.update_columns = bms_add_member(target.update_columns, *column);
		if (column == &columns->uri || column == &columns->cid ||
			column == &columns->record || column == &columns->rev ||
			(column == &columns->repo && target.nkeys > 1))
			target.read_columns = bms_add_member(target.read_columns, *column);
	}
	rs->store = store_open(&target);
}

void
record_store_close(RecordStore *rs)
{
	store_close(rs->store);
}

void
record_store_open_reader(RecordStore *rs, Oid relid)
{
	StoreTarget target = {.relid = relid, .nkeys = 1, .preview = true};
	const RecordColumns *columns = &rs->columns;

	memset(rs, 0, sizeof(RecordStore));
	rs->relid = relid;
	rs->preview = true;
	record_store_columns(relid, &rs->columns);
	target.keys[0] = columns->uri;
	record_store_add_repo(&target, columns);
	target.read_columns = bms_make_singleton(columns->uri);
	if (target.nkeys > 1)
		target.read_columns = bms_add_member(target.read_columns, columns->repo);
	target.read_columns = bms_add_member(target.read_columns, columns->cid);
	target.read_columns = bms_add_member(target.read_columns, columns->record);
	rs->store = store_open(&target);
}

void
record_store_look(RecordStore *rs, const char *uri, StoreCompose look, void *arg)
{
	Datum		key[2] = {CStringGetTextDatum(uri), record_store_repo_key(uri)};

	CommandCounterIncrement();
	(void) store_apply(rs->store, key, NULL, look, arg);
}

char *
record_store_read_text(TupleTableSlot *slot, AttrNumber column)
{
	bool		isnull;
	Datum		value;

	if (column == InvalidAttrNumber)
		return NULL;
	value = slot_getattr(slot, column, &isnull);
	return isnull ? NULL : TextDatumGetCString(value);
}

StoredRecord
record_store_read(const RecordStore *rs, TupleTableSlot *slot)
{
	StoredRecord stored = {0};
	bool		isnull;
	Datum		value;

	if (slot == NULL)
		return stored;
	stored.cid = record_store_read_text(slot, rs->columns.cid);
	stored.rev = record_store_read_text(slot, rs->columns.rev);
	value = slot_getattr(slot, rs->columns.record, &isnull);
	if (!isnull)
		stored.record = DatumGetJsonbP(value);
	return stored;
}

void
record_store_set(StoreRow *row, AttrNumber column, const char *value)
{
	if (column != InvalidAttrNumber)
		store_row_set(row, column, CStringGetTextDatum(value), false);
}

void
record_store_set_text(StoreRow *row, AttrNumber column, Datum value)
{
	if (column != InvalidAttrNumber)
		store_row_set(row, column, value, false);
}

void
record_store_set_time(StoreRow *row, AttrNumber column)
{
	if (column != InvalidAttrNumber)
		store_row_set(row, column,
					  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
					  false);
}

void
record_store_set_content(StoreRow *row, const RecordColumns *columns,
						 Jsonb *record, bytea *block)
{
	store_row_set(row, columns->record, PointerGetDatum(record), record == NULL);
	if (columns->block != InvalidAttrNumber)
		store_row_set(row, columns->block, PointerGetDatum(block), block == NULL);
}

void
record_store_forget_clocks(void)
{
	/* the memory goes with the transaction */
	RepoClocks = NULL;
}

static void
forget_clocks_xact(XactEvent event, void *arg)
{
	record_store_forget_clocks();
}

/* A rolled back row reserves nothing, and its lock is gone. */
static void
forget_clocks_subxact(SubXactEvent event, SubTransactionId mine,
					  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		record_store_forget_clocks();
}

/*
 * The clock of the repository in this transaction, a new one if it has not
 * been written yet (last is "" then); NULL if its place is taken.
 */
static RepoClock *
repo_clock(RecordStore *rs)
{
	static bool registered = false;
	RepoClockKey key;
	RepoClock  *clock;
	bool		found;

	if (!registered)
	{
		RegisterXactCallback(forget_clocks_xact, NULL);
		RegisterSubXactCallback(forget_clocks_subxact, NULL);
		registered = true;
	}
	if (RepoClocks == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(RepoClockKey),
			.entrysize = sizeof(RepoClock),
		.hcxt = TopTransactionContext};

		RepoClocks = hash_create("upsert repository clocks", 16, &ctl,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	memset(&key, 0, sizeof(key));
	key.relid = rs->repos_relid;
	key.hash = hash_bytes_extended((const unsigned char *) rs->repo,
								   strlen(rs->repo), 0);
	clock = hash_search(RepoClocks, &key, HASH_ENTER, &found);
	if (!found)
	{
		clock->repo = MemoryContextStrdup(TopTransactionContext, rs->repo);
		clock->nwrites = 0;
		clock->last[0] = clock->reserved[0] = '\0';
	}
	return strcmp(clock->repo, rs->repo) == 0 ? clock : NULL;
}

/* Moves a repository's row on. */
static StoreVerdict
compose_repo(void *arg, TupleTableSlot *old, StoreRow *row)
{
	RepoTick   *tick = arg;
	RecordStore *rs = tick->rs;
	const char *previous = old == NULL ? NULL : record_store_read_text(old, rs->repos.rev);
	char		reserved[TID_LENGTH + 1];

	tick->mirror = old != NULL &&
		record_store_read_text(old, rs->repos.upstream) != NULL;
	if (tick->mirror && !rs->force && !tick->any)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("repository \"%s\" is a mirror", rs->repo),
				 errdetail("It takes the events of its own server, whose revisions cannot be compared with ours."),
				 errhint("Write to its server, or here with the option \"force\".")));
	if (previous == NULL ||
		(tick->floor != NULL && strcmp(previous, tick->floor) < 0))
		previous = tick->floor;
	tid_next_after(previous, rs->rev);
	tid_advance(rs->rev, tick->clock != NULL ? tick->clock->nwrites : 0,
				reserved);
	record_store_set(row, rs->repos.repo, rs->repo);
	record_store_set(row, rs->repos.rev, reserved);
	if (tick->clock != NULL)
		strcpy(tick->clock->reserved, reserved);
	return STORE_WRITE;
}

/*
 * The next revision of the repository, from its row.  any: of a mirror, too;
 * the answer is whether it is one.
 */
static bool
tick_row(RecordStore *rs, RepoClock *clock, const char *floor, bool any)
{
	StoreTarget target = {.relid = rs->repos_relid, .nkeys = 1,
	.preview = rs->preview};
	RepoTick	tick = {rs, clock, floor, any};
	Datum		key = CStringGetTextDatum(rs->repo);
	Store	   *repos;

	/* nobody holds this table while records are written */
	if (!find_repo_columns(rs))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("\"%s\" was altered while records were written",
						get_rel_name(rs->repos_relid))));
	target.keys[0] = rs->repos.repo;
	target.update_columns = bms_make_singleton(rs->repos.rev);
	target.insert_columns =
		bms_add_member(bms_make_singleton(rs->repos.repo), rs->repos.rev);
	target.read_columns = bms_copy(target.insert_columns);
	if (rs->repos.upstream != InvalidAttrNumber)
		target.read_columns = bms_add_member(target.read_columns,
											 rs->repos.upstream);
	repos = store_open(&target);
	(void) store_apply(repos, &key, NULL, compose_repo, &tick);
	store_close(repos);
	return tick.mirror;
}

const char *
record_store_rev(RecordStore *rs, const char *old_rev)
{
	RepoClock  *clock;

	if (rs->columns.rev == InvalidAttrNumber)
		return NULL;
	if (!rs->repos_sought)
		find_repos(rs);
	if (!OidIsValid(rs->repos_relid))
	{
		tid_next_after(old_rev, rs->rev);
		return rs->rev;
	}

	/*
	 * A record that came from elsewhere may be ahead of its repository.  One
	 * that this batch has written already keeps the batch's revision.
	 */
	if (rs->has_rev && (old_rev == NULL || strcmp(old_rev, rs->rev) <= 0))
		return rs->rev;
	rs->has_rev = true;
	if (rs->preview)
	{
		(void) tick_row(rs, NULL, old_rev, false);
		return rs->rev;
	}

	clock = repo_clock(rs);
	if (clock != NULL && clock->nwrites > 0 &&
		strcmp(clock->last, clock->reserved) < 0)
	{
		tid_advance(clock->last, 1, rs->rev);
		if (strcmp(rs->rev, clock->reserved) <= 0 &&
			(old_rev == NULL || strcmp(old_rev, rs->rev) < 0))
		{
			clock->nwrites++;
			strcpy(clock->last, rs->rev);
			return rs->rev;
		}
	}

	(void) tick_row(rs, clock, old_rev, false);

	/* the row's lock may have been waited for, and the clocks forgotten */
	clock = repo_clock(rs);
	if (clock != NULL && clock->reserved[0] != '\0')
	{
		clock->nwrites++;
		strcpy(clock->last, rs->rev);
	}
	return rs->rev;
}

/*
 * The lock is the row's update, and the revision that it takes is that of the
 * first write: to lock and to write updates the row once.
 */
bool
record_store_lock(Oid relid, const char *repo)
{
	RecordStore rs = {.relid = relid, .repo = repo};
	RepoClock  *clock;
	bool		mirror;

	find_repos(&rs);
	if (!OidIsValid(rs.repos_relid))
		return false;
	clock = repo_clock(&rs);
	if (clock != NULL && clock->nwrites > 0)
		return true;
	if (clock != NULL)
		clock->nwrites = 1;
	mirror = tick_row(&rs, clock, NULL, true);

	/* as in record_store_rev(); a write to a mirror is to look at the row */
	clock = repo_clock(&rs);
	if (clock == NULL)
		return true;
	if (mirror)
		clock->reserved[0] = '\0';
	clock->nwrites = clock->reserved[0] != '\0' ? 1 : 0;
	strcpy(clock->last, rs.rev);
	return true;
}
