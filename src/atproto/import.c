/*
 * import.c
 *		A whole repository into a table of records.
 *
 *		walk of the CAR file (repo.c)	a  b     d  e		by path
 *		stored rows, a cursor			a  b  c     e  f	by URI, the same order
 *										=  =  -  +  /  -
 *
 * The two are merged, so neither is ever held whole: what the file has and the
 * table has not is put, what it lacks is deleted, but for rows and tombstones
 * that are newer than its commit.  The commit becomes the repository's floor:
 * an event that is not newer has nothing to add to what is now stored.
 *
 * To import a commit again is to compare: the merge runs without a lock first
 * and, if it finds no difference, that is all.
 */
#include "postgres.h"

#include "base/schema.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "atproto/lexicon.h"
#include "atproto/mirror.h"
#include "atproto/repo.h"
#include "atproto/syntax.h"
#include "base/spivalue.h"
#include "call/answer.h"
#include "call/argument.h"
#include "call/options.h"
#include "compat.h"
#include "upsert.h"

#define IMPORT_COLUMNS	6		/* of at_import_result */

/* Refused records that are told of one by one */
#define WARNINGS_MAX	10

/* Rows that a cursor holds at a time */
#define FETCH_SIZE		1000

typedef struct ImportOptions
{
	RecordValidate validate;
} ImportOptions;

/* One row of a table by URI */
typedef struct Stored
{
	char	   *uri;			/* NULL: past the last one */
	char	   *rev;			/* or NULL */
	char	   *cid;			/* or NULL */
} Stored;

/* The rows of a repository in a table, in the order of their URIs */
typedef struct StoredCursor
{
	Portal		portal;
	MemoryContext context;		/* of the rows fetched */
	Stored	   *rows;
	int			nrows;
	int			next;
	Stored		current;
} StoredCursor;

typedef struct Import
{
	Repo		repo;
	Mirror	   *mirror;			/* NULL: only compare */
	RecordMaker maker;
	StoredCursor records;
	StoredCursor tombstones;
	MemoryContext item_context;
	bool		differs;		/* something is to be written */
	int64		inserted;
	int64		updated;
	int64		unchanged;
	int64		deleted;
	int64		ignored;
	int64		refused;		/* of these */
} Import;

static void cursor_open(StoredCursor *cursor, const char *table, bool with_cid,
						const char *repo);
static void cursor_advance(StoredCursor *cursor);
static void cursor_close(StoredCursor *cursor);
static bool is_newer(const Import *import, const Stored *row);
static void lacks(Import *import);
static void put_record(Import *import, const RepoRecord *record,
					   const char *uri, bool buried);
static void visit(void *arg, const RepoRecord *record);
static void merge(Import *import, Oid relid);
static char *stored_floor(Oid relid, const char *repo);

/* ----------
 * Stored rows
 * ----------
 */

static void
cursor_open(StoredCursor *cursor, const char *table, bool with_cid,
			const char *repo)
{
	Oid			argtypes[] = {TEXTOID, TEXTOID};
	Datum		args[2];
	char	   *first;
	char	   *last;

	mirror_range(repo, &first, &last);
	args[0] = CStringGetTextDatum(first);
	args[1] = CStringGetTextDatum(last);
	memset(cursor, 0, sizeof(StoredCursor));
	cursor->portal = SPI_cursor_open_with_args(NULL,
											   psprintf("SELECT uri::pg_catalog.text, rev::pg_catalog.text, %s FROM %s "
														"WHERE uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.>=) $1 "
														"AND uri COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.<) $2 "
														"ORDER BY uri COLLATE pg_catalog.\"C\"",
														with_cid ? "cid::pg_catalog.text" : "NULL::pg_catalog.text", table),
											   2, argtypes, args, NULL, false, 0);
	cursor->context = AllocSetContextCreate(CurrentMemoryContext,
											"upsert stored records",
											ALLOCSET_DEFAULT_SIZES);
	cursor_advance(cursor);
}

/* Goes to the next row. */
static void
cursor_advance(StoredCursor *cursor)
{
	if (cursor->next == cursor->nrows)
	{
		MemoryContext old_context;

		MemoryContextReset(cursor->context);
		SPI_cursor_fetch(cursor->portal, true, FETCH_SIZE);
		old_context = MemoryContextSwitchTo(cursor->context);
		cursor->nrows = (int) SPI_processed;
		cursor->next = 0;
		cursor->rows = palloc((cursor->nrows + 1) * sizeof(Stored));
		for (int i = 0; i < cursor->nrows; i++)
		{
			cursor->rows[i].uri = spi_text(i, 1);
			cursor->rows[i].rev = spi_text(i, 2);
			cursor->rows[i].cid = spi_text(i, 3);
		}
		MemoryContextSwitchTo(old_context);
		SPI_freetuptable(SPI_tuptable);
	}
	if (cursor->nrows == 0)
		memset(&cursor->current, 0, sizeof(Stored));
	else
		cursor->current = cursor->rows[cursor->next++];
}

static void
cursor_close(StoredCursor *cursor)
{
	SPI_cursor_close(cursor->portal);
	MemoryContextDelete(cursor->context);
}

/* ----------
 * The merge
 * ----------
 */

/* Is the row newer than the commit? */
static bool
is_newer(const Import *import, const Stored *row)
{
	return row->rev != NULL && strcmp(row->rev, import->repo.rev) > 0;
}

/* The file lacks the record that the cursor is at. */
static void
lacks(Import *import)
{
	const Stored *row = &import->records.current;

	if (!is_newer(import, row))
	{
		import->differs = true;
		if (import->mirror != NULL &&
			mirror_delete(import->mirror, row->uri, import->repo.rev,
						  false) == STORE_DELETED)
			import->deleted++;
	}
	cursor_advance(&import->records);
}

/* Puts a record that is not stored, or not with this CID. */
static void
put_record(Import *import, const RepoRecord *record, const char *uri,
		   bool buried)
{
	const char *slash = memchr(record->path, '/', record->path_len);
	char	   *collection = pnstrdup(record->path, slash - record->path);
	char	   *rkey = pnstrdup(slash + 1, record->path + record->path_len - slash - 1);
	MirrorPlace place = {uri, import->repo.did, collection, rkey};
	ReadyRecord ready;
	ErrorData  *error;
	StoreOutcome outcome;

	if (record->block == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("the CAR file lacks a record of its tree"),
				 errdetail("It is \"%s\", %s.", uri,
						   cid_any_to_text(record->cid, record->cid_len)),
				 errhint("Ask for the whole repository, without \"since\".")));
	error = record_try_block(&import->maker, collection, rkey,
							 record->block->data, record->block->len, &ready);
	if (error != NULL)
	{
		if (import->refused++ < WARNINGS_MAX)
			ereport(WARNING,
					(errcode(error->sqlerrcode),
					 errmsg("record \"%s\" is ignored: %s", uri,
							error->message),
					 error->detail != NULL ?
					 errdetail_internal("%s", error->detail) : 0));
		import->ignored++;
		return;
	}
	outcome = mirror_put(import->mirror, &place, import->repo.rev, &ready, buried);
	if (outcome == STORE_INSERTED)
		import->inserted++;
	else if (outcome == STORE_UPDATED)
		import->updated++;
	else
		import->ignored++;
}

/* A RepoVisit. */
static void
visit(void *arg, const RepoRecord *record)
{
	Import	   *import = arg;
	MemoryContext old_context = MemoryContextSwitchTo(import->item_context);
	char	   *uri = psprintf("at://%s/%.*s", import->repo.did, record->path_len,
							   record->path);
	StoredCursor *records = &import->records;
	StoredCursor *tombstones = &import->tombstones;
	bool		exists;
	bool		buried;

	while (records->current.uri != NULL && strcmp(records->current.uri, uri) < 0)
		lacks(import);
	while (tombstones->current.uri != NULL &&
		   strcmp(tombstones->current.uri, uri) < 0)
		cursor_advance(tombstones);
	exists = records->current.uri != NULL && strcmp(records->current.uri, uri) == 0;
	buried = tombstones->current.uri != NULL &&
		strcmp(tombstones->current.uri, uri) == 0;

	if ((exists && is_newer(import, &records->current)) ||
		(buried && is_newer(import, &tombstones->current)))
		import->ignored++;
	else if (exists && records->current.cid != NULL &&
			 strcmp(records->current.cid,
					cid_any_to_text(record->cid, record->cid_len)) == 0)
		import->unchanged++;
	else
	{
		import->differs = true;
		if (import->mirror != NULL)
			put_record(import, record, uri, buried);
		else
			import->ignored++;
	}
	if (exists)
		cursor_advance(records);
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(import->item_context);
}

/* Merges the file into what is stored, or only compares. */
static void
merge(Import *import, Oid relid)
{
	RecordColumns columns;
	Oid			tombstones = record_store_beside(relid, RECORD_TOMBSTONES,
												 &columns);

	if (!OidIsValid(tombstones))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" cannot be a mirror", get_rel_name(relid)),
				 errdetail("There is no table \"%s\" beside it.",
						   record_store_name_beside(get_rel_name(relid),
													RECORD_TOMBSTONES)),
				 errhint("create_record_store() makes both.")));
	import->inserted = import->updated = import->unchanged = 0;
	import->deleted = import->ignored = 0;
	cursor_open(&import->records, relation_quoted(relid), true, import->repo.did);
	cursor_open(&import->tombstones, relation_quoted(tombstones), false,
				import->repo.did);
	repo_walk(&import->repo, visit, import);
	while (import->records.current.uri != NULL)
		lacks(import);
	cursor_close(&import->tombstones);
	cursor_close(&import->records);
}

/* The floor of a repository; NULL if it has none. */
static char *
stored_floor(Oid relid, const char *repo)
{
	RecordColumns columns;
	Oid			repos = record_store_beside(relid, RECORD_REPOS, &columns);
	Oid			argtypes[] = {TEXTOID};
	Datum		args[] = {CStringGetTextDatum(repo)};

	if (!OidIsValid(repos) || columns.floor == InvalidAttrNumber)
		return NULL;
	if (SPI_execute_with_args(psprintf("SELECT floor::pg_catalog.text FROM %s WHERE repo OPERATOR(pg_catalog.=) $1",
									   relation_quoted(repos)),
							  1, argtypes, args, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read \"%s\"", get_rel_name(repos));
	return SPI_processed == 0 ? NULL : spi_text(0, 1);
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_import_repo);

static bool
take_validate(const JsonbValue *value, void *options)
{
	return record_take_validate(value, &((ImportOptions *) options)->validate);
}

static const OptionDef import_options[] = {
	{"validate", ~0, OPTION_OTHER, 0, NULL, take_validate, RECORD_VALIDATE_EXPECTED},
};

/* at_import_repo(store, car bytea, options) -> at_import_result */
Datum
at_import_repo(PG_FUNCTION_ARGS)
{
	Oid			relid;
	bytea	   *car;
	Import		import = {0};
	ImportOptions options = {0};
	OptionSet	set = OPTION_SET(import_options, ~0, &options);
	RecordColumns columns;
	char	   *floor;
	char		clock[TID_LENGTH + 1];
	bool		stale;
	bool		same;
	MemoryContext context = CurrentMemoryContext;
	Datum		values[IMPORT_COLUMNS];
	bool		nulls[IMPORT_COLUMNS] = {false};

	arguments_require(fcinfo, 2);
	relid = PG_GETARG_OID(0);
	car = PG_GETARG_BYTEA_PP(1);
	options_read(argument_jsonb(fcinfo, 2), &set, 1);
	record_store_columns(relid, &columns);
	repo_open(&import.repo, (const uint8 *) VARDATA_ANY(car),
			  VARSIZE_ANY_EXHDR(car));
	import.maker.validate = options.validate;
	import.maker.opaque = columns.block != InvalidAttrNumber;
	import.maker.context = CurrentMemoryContext;
	import.item_context = AllocSetContextCreate(CurrentMemoryContext,
												"upsert import",
												ALLOCSET_DEFAULT_SIZES);

	SPI_connect();
	floor = stored_floor(relid, import.repo.did);
	stale = floor != NULL && strcmp(floor, import.repo.rev) > 0;
	same = floor != NULL && strcmp(floor, import.repo.rev) == 0;

	/* of a commit older than the floor nothing matters any more */
	if (stale || same)
		merge(&import, relid);
	if (!stale && (!same || import.differs))
	{
		import.mirror = mirror_open(relid);
		stale = !mirror_lock(import.mirror, import.repo.did, import.repo.rev,
							 import.repo.rev, clock);
		if (!stale)
			merge(&import, relid);
		mirror_close(import.mirror);
		import.mirror = NULL;
		if (!stale)
			mirror_forget(relid, import.repo.did, import.repo.rev);
		else
			merge(&import, relid);
	}
	if (stale)
		floor = stored_floor(relid, import.repo.did);
	if (import.refused > WARNINGS_MAX)
		ereport(WARNING,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("records were ignored because of errors: " INT64_FORMAT,
						import.refused)));
	floor = MemoryContextStrdup(context, stale ? floor : import.repo.rev);
	SPI_finish();

	values[0] = Int64GetDatum(import.inserted);
	values[1] = Int64GetDatum(import.updated);
	values[2] = Int64GetDatum(import.unchanged);
	values[3] = Int64GetDatum(import.deleted);
	values[4] = Int64GetDatum(import.ignored);
	values[5] = CStringGetTextDatum(floor);
	return answer_row(fcinfo, values, nulls);
}
