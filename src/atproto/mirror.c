/*
 * mirror.c
 *		Rows that follow upstream's revisions.
 *
 *		status				uri -> record, cid, rev		what there is
 *		status_tombstones	uri -> rev					what there was
 *		status_repos		repo -> rev, upstream, floor
 *
 * Of one URI there is a record or a tombstone or neither, and its rev says how
 * new that is.  upstream, if not NULL, says that the repository is a mirror,
 * and how new the newest is that was seen of it; floor, that nothing of a
 * revision up to it is to come any more, because the repository was imported
 * whole, or deleted, at that revision.  So what deletes many records at once
 * leaves a floor and no tombstones.
 *
 * Whoever changes a repository locks its row first, as local writes do
 * (record_store.c), and moves our own clock in it on.  Thus who has read the
 * state of a repository without a lock knows under the lock whether it still
 * holds: if the clock stands where it stood.
 *
 * All tables are open side by side on one query level: their AFTER triggers
 * fire when the mirror is closed.
 */
#include "postgres.h"

#include "base/schema.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "atproto/mirror.h"
#include "atproto/refs.h"
#include "base/spivalue.h"
#include "base/tid.h"
#include "compat.h"

/* Records that are looked for at a time, when many are deleted */
#define DELETE_CHUNK	1000

struct Mirror
{
	StoreLevel *level;
	RecordStore records;
	Store	   *repos;
	RecordColumns repo_columns;
	Store	   *tombstones;
	RecordColumns tombstone_columns;
	Refs	   *refs;			/* NULL: none are kept */
};

/* What compose_lock() is told, and what it finds */
typedef struct Lock
{
	Mirror	   *m;
	const char *repo;
	const char *rev;
	const char *floor;
	char	   *clock;			/* out */
	bool		stale;			/* out: the row has a higher floor */
} Lock;

/* What compose_put() and compose_delete() are told */
typedef struct Put
{
	Mirror	   *m;
	const MirrorPlace *place;
	const char *rev;
	const ReadyRecord *ready;
	Jsonb	   *old;			/* out */
} Put;

/* What compose_tombstone() is told */
typedef struct Burial
{
	Mirror	   *m;
	const char *uri;
	const char *rev;			/* NULL: remove it */
} Burial;

static Oid	require_beside(Mirror *m, const char *ending, RecordColumns *columns);
static void require_columns(const Mirror *m, bool complete);
static const char *later(const char *a, const char *b);
static StoreVerdict compose_lock(void *arg, TupleTableSlot *old, StoreRow *row);
static StoreVerdict compose_put(void *arg, TupleTableSlot *old, StoreRow *row);
static StoreVerdict compose_delete(void *arg, TupleTableSlot *old,
								   StoreRow *row);
static StoreVerdict compose_tombstone(void *arg, TupleTableSlot *old,
									  StoreRow *row);
static void write_tombstone(Mirror *m, const char *uri, const char *rev);

/* The table beside the records' with this ending, and its columns. */
static Oid
require_beside(Mirror *m, const char *ending, RecordColumns *columns)
{
	Oid			relid = record_store_beside(m->records.relid, ending, columns);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" cannot be a mirror",
						get_rel_name(m->records.relid)),
				 errdetail("There is no table \"%s\" beside it.",
						   record_store_name_beside(get_rel_name(m->records.relid),
													ending)),
				 errhint("create_record_store() makes both.")));
	return relid;
}

static void
require_columns(const Mirror *m, bool complete)
{
	if (!complete)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" cannot be a mirror",
						get_rel_name(m->records.relid)),
				 errdetail("A column is missing in it or in the tables beside it."),
				 errhint("create_record_store() makes them.")));
}

Mirror *
mirror_open(Oid relid)
{
	Mirror	   *m = palloc0(sizeof(Mirror));
	StoreTarget repos = {.nkeys = 1};
	StoreTarget tombstones = {.nkeys = 1};
	const RecordColumns *rc = &m->repo_columns;
	const RecordColumns *tc = &m->tombstone_columns;

	m->level = store_level_begin();
	record_store_open(&m->records, relid, NULL, false, true, m->level, NULL);
	record_store_forget_clocks();

	repos.level = tombstones.level = m->level;
	repos.relid = require_beside(m, RECORD_REPOS, &m->repo_columns);
	require_columns(m, m->records.columns.rev != InvalidAttrNumber &&
					rc->repo != InvalidAttrNumber && rc->rev != InvalidAttrNumber &&
					rc->upstream != InvalidAttrNumber && rc->floor != InvalidAttrNumber);
	repos.keys[0] = rc->repo;
	repos.update_columns = bms_add_member(bms_add_member(bms_make_singleton(rc->rev),
														 rc->upstream), rc->floor);
	repos.insert_columns = bms_add_member(bms_copy(repos.update_columns), rc->repo);
	repos.read_columns = bms_copy(repos.insert_columns);
	m->repos = store_open(&repos);

	tombstones.relid = require_beside(m, RECORD_TOMBSTONES, &m->tombstone_columns);
	require_columns(m, tc->uri != InvalidAttrNumber && tc->rev != InvalidAttrNumber);
	tombstones.keys[0] = tc->uri;
	record_store_add_repo(&tombstones, tc);
	tombstones.update_columns = bms_make_singleton(tc->rev);
	if (tc->deleted_at != InvalidAttrNumber)
		tombstones.update_columns = bms_add_member(tombstones.update_columns,
												   tc->deleted_at);
	tombstones.insert_columns = bms_add_member(bms_copy(tombstones.update_columns),
											   tc->uri);
	tombstones.read_columns = bms_add_member(bms_make_singleton(tc->uri), tc->rev);
	if (tc->repo != InvalidAttrNumber)
	{
		tombstones.insert_columns = bms_add_member(tombstones.insert_columns, tc->repo);
		tombstones.read_columns = bms_add_member(tombstones.read_columns, tc->repo);
	}
	m->tombstones = store_open(&tombstones);
	m->refs = refs_open(relid, m->level);
	return m;
}

void
mirror_close(Mirror *m)
{
	refs_close(m->refs);
	store_close(m->tombstones);
	store_close(m->repos);
	record_store_close(&m->records);
	store_level_end(m->level);
}

const RecordColumns *
mirror_columns(const Mirror *m)
{
	return &m->records.columns;
}

/* The later of two revisions, either of which may be NULL. */
static const char *
later(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	return strcmp(a, b) >= 0 ? a : b;
}

static StoreVerdict
compose_lock(void *arg, TupleTableSlot *old, StoreRow *row)
{
	Lock	   *lock = arg;
	const RecordColumns *columns = &lock->m->repo_columns;
	const char *clock = NULL;
	const char *upstream = NULL;
	const char *floor = NULL;
	char		next[TID_LENGTH + 1];

	if (old != NULL)
	{
		clock = record_store_read_text(old, columns->rev);
		upstream = record_store_read_text(old, columns->upstream);
		floor = record_store_read_text(old, columns->floor);
	}
	strlcpy(lock->clock, clock == NULL ? "" : clock, TID_LENGTH + 1);
	lock->stale = lock->floor != NULL && floor != NULL &&
		strcmp(lock->floor, floor) < 0;
	if (lock->stale)
		return STORE_KEEP;

	tid_next_after(clock, next);
	record_store_set(row, columns->repo, lock->repo);
	record_store_set(row, columns->rev, next);
	record_store_set(row, columns->upstream, later(upstream, lock->rev));
	floor = later(floor, lock->floor);
	if (floor != NULL)
		record_store_set(row, columns->floor, floor);
	return STORE_WRITE;
}

bool
mirror_lock(Mirror *m, const char *repo, const char *rev, const char *floor,
			char clock[TID_LENGTH + 1])
{
	Lock		lock = {m, repo, rev, floor, clock};
	Datum		key = CStringGetTextDatum(repo);

	m->records.repo = repo;
	(void) store_apply(m->repos, &key, NULL, compose_lock, &lock);
	return !lock.stale;
}

static StoreVerdict
compose_put(void *arg, TupleTableSlot *old, StoreRow *row)
{
	Put		   *put = arg;
	const RecordColumns *columns = &put->m->records.columns;
	StoredRecord stored = record_store_read(&put->m->records, old);

	put->old = stored.record;
	if (stored.rev != NULL && strcmp(stored.rev, put->rev) > 0)
		return STORE_KEEP;
	if (old == NULL)
	{
		record_store_set(row, columns->uri, put->place->uri);
		record_store_set(row, columns->repo, put->place->repo);
		record_store_set(row, columns->collection, put->place->collection);
		record_store_set(row, columns->rkey, put->place->rkey);
		record_store_set_time(row, columns->created_at);
	}
	record_store_set_time(row, columns->indexed_at);
	record_store_set(row, columns->cid, put->ready->cid);
	record_store_set(row, columns->rev, put->rev);
	record_store_set_content(row, columns, put->ready->record, put->ready->block);
	return STORE_WRITE;
}

StoreOutcome
mirror_put(Mirror *m, const MirrorPlace *place, const char *rev,
		   const ReadyRecord *ready, bool buried)
{
	Put			put = {m, place, rev, ready};
	Datum		key[2] = {CStringGetTextDatum(place->uri), record_store_repo_key(place->uri)};
	StoreOutcome outcome;

	outcome = store_apply(m->records.store, key, NULL, compose_put, &put);
	if (outcome == STORE_INSERTED || outcome == STORE_UPDATED)
		refs_change(m->refs, place->uri, put.old, ready->record);
	if (buried)
		write_tombstone(m, place->uri, NULL);
	return outcome;
}

static StoreVerdict
compose_delete(void *arg, TupleTableSlot *old, StoreRow *row)
{
	Put		   *put = arg;
	StoredRecord stored = record_store_read(&put->m->records, old);

	put->old = stored.record;
	if (old == NULL ||
		(stored.rev != NULL && strcmp(stored.rev, put->rev) > 0))
		return STORE_KEEP;
	return STORE_REMOVE;
}

StoreOutcome
mirror_delete(Mirror *m, const char *uri, const char *rev, bool bury)
{
	Put			put = {.m = m, .rev = rev};
	Datum		key[2] = {CStringGetTextDatum(uri), record_store_repo_key(uri)};
	StoreOutcome outcome;

	outcome = store_apply(m->records.store, key, NULL, compose_delete, &put);
	if (outcome == STORE_DELETED)
		refs_change(m->refs, uri, put.old, NULL);
	if (bury)
		write_tombstone(m, uri, rev);
	return outcome;
}

static StoreVerdict
compose_tombstone(void *arg, TupleTableSlot *old, StoreRow *row)
{
	Burial	   *burial = arg;
	const RecordColumns *columns = &burial->m->tombstone_columns;

	if (burial->rev == NULL)
		return old == NULL ? STORE_KEEP : STORE_REMOVE;
	if (old != NULL)
	{
		char	   *rev = record_store_read_text(old, columns->rev);

		if (rev != NULL && strcmp(rev, burial->rev) >= 0)
			return STORE_KEEP;
	}
	record_store_set(row, columns->uri, burial->uri);
	if (columns->repo != InvalidAttrNumber)
		store_row_set(row, columns->repo, record_store_repo_key(burial->uri), false);
	record_store_set(row, columns->rev, burial->rev);
	record_store_set_time(row, columns->deleted_at);
	return STORE_WRITE;
}

/* Leaves a tombstone of this revision, or (NULL) removes it. */
static void
write_tombstone(Mirror *m, const char *uri, const char *rev)
{
	Burial		burial = {m, uri, rev};
	Datum		key[2] = {CStringGetTextDatum(uri), record_store_repo_key(uri)};

	(void) store_apply(m->tombstones, key, NULL, compose_tombstone, &burial);
}

void
mirror_range(const char *repo, char **first, char **last)
{
	/* "0" follows "/" */
	*first = psprintf("at://%s/", repo);
	*last = psprintf("at://%s0", repo);
}

void
mirror_forget(Oid relid, const char *repo, const char *rev)
{
	RecordColumns columns;
	Oid			tombstones = record_store_beside(relid, RECORD_TOMBSTONES,
												 &columns);
	Oid			argtypes[] = {TEXTOID, TEXTOID, TEXTOID};
	Datum		args[3];
	char	   *first;
	char	   *last;

	mirror_range(repo, &first, &last);
	args[0] = CStringGetTextDatum(first);
	args[1] = CStringGetTextDatum(last);
	args[2] = CStringGetTextDatum(rev);
	SPI_connect();
	spi_expect(SPI_execute_with_args(psprintf("DELETE FROM %s "
											  "WHERE uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.>=) $1 "
											  "AND uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.<) $2 "
											  "AND rev COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.<=) $3",
											  relation_quoted(tombstones)),
									 3, argtypes, args, NULL, false, 0),
			   SPI_OK_DELETE, get_rel_name(tombstones));
	SPI_finish();
}

void
mirror_delete_repo(Mirror *m, const char *repo, const char *rev)
{
	Oid			relid = m->records.relid;
	Oid			argtypes[] = {TEXTOID, TEXTOID, TEXTOID};
	Datum		args[3];
	char	   *first;
	char	   *last;
	uint64		nrows;
	SPITupleTable *rows;

	mirror_range(repo, &first, &last);
	args[1] = CStringGetTextDatum(last);
	args[2] = CStringGetTextDatum(rev);
	SPI_connect();
	do
	{
		args[0] = CStringGetTextDatum(first);
		if (SPI_execute_with_args(psprintf("SELECT uri::pg_catalog.text FROM %s "
										   "WHERE uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.>=) $1 "
										   "AND uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.<) $2 "
										   "AND (rev IS NULL OR rev COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.<=) $3) "
										   "ORDER BY uri COLLATE pg_catalog.\"C\"",
										   relation_quoted(relid)),
								  3, argtypes, args, NULL, false, DELETE_CHUNK) != SPI_OK_SELECT)
			elog(ERROR, "could not read \"%s\"", get_rel_name(relid));
		nrows = SPI_processed;
		rows = SPI_tuptable;
		for (uint64 i = 0; i < nrows; i++)
		{
			bool		isnull;

			first = TextDatumGetCString(spi_value(rows->vals[i], rows->tupdesc, 1,
												  TEXTOID, &isnull));
			(void) mirror_delete(m, first, rev, false);
			if (i + 1 < nrows)
				pfree(first);
		}
		SPI_freetuptable(rows);

		/* the next after it in bytes */
		first = psprintf("%s ", first);
	} while (nrows == DELETE_CHUNK);
	SPI_finish();
	mirror_forget(relid, repo, rev);
}
