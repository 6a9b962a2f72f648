/*
 * record_store.h
 *		A table of AT Protocol records: its columns, its rows, and the
 *		revisions of its repositories.
 */
#ifndef UPSERT_ATPROTO_RECORD_STORE_H
#define UPSERT_ATPROTO_RECORD_STORE_H

#include "access/attnum.h"
#include "atproto/cid.h"
#include "base/tid.h"
#include "catalog/memo.h"
#include "store/store.h"
#include "utils/jsonb.h"

/* Columns; InvalidAttrNumber: the table has none that we may set */
typedef struct RecordColumns
{
	Memo		memo;
	AttrNumber	uri;			/* required */
	AttrNumber	cid;			/* required */
	AttrNumber	record;			/* required, jsonb */
	AttrNumber	block;			/* bytea, of what is no record */
	AttrNumber	rev;
	AttrNumber	repo;			/* named repo or did */
	AttrNumber	collection;
	AttrNumber	rkey;
	AttrNumber	indexed_at;		/* timestamptz, of the last write */
	AttrNumber	created_at;		/* timestamptz, of the first one */

	/* of the tables beside it */
	AttrNumber	upstream;
	AttrNumber	floor;
	AttrNumber	deleted_at;
	AttrNumber	target;
	AttrNumber	consumer;
	AttrNumber	time_us;
} RecordColumns;

/* The tables beside a table of records, by what their names end in */
#define RECORD_REPOS		"repos"
#define RECORD_TOMBSTONES	"tombstones"
#define RECORD_CONSUMERS	"consumers"
#define RECORD_REFS			"refs"

/* An open table of records */
typedef struct RecordStore
{
	Oid			relid;
	bool		repos_sought;	/* the table of revisions has been looked for */
	Oid			repos_relid;	/* it; InvalidOid: there is none */
	RecordColumns repos;
	RecordColumns columns;
	Store	   *store;

	/* the repository being written, and its revision, made when needed */
	const char *repo;
	bool		preview;
	bool		force;			/* even if it takes upstream's events */
	bool		has_rev;
	char		rev[TID_LENGTH + 1];
} RecordStore;

/* Reads a text column of a row, palloc'd; NULL if null or not there. */
extern char *record_store_read_text(TupleTableSlot *slot, AttrNumber column);

/*
 * A stored row; NULL where the column is.  Strings are palloc'd, the record may
 * point into the row.
 */
typedef struct StoredRecord
{
	char	   *cid;
	char	   *rev;
	Jsonb	   *record;
} StoredRecord;

/*
 * Opens a table of records to write one repository's; see store_open().  level
 * may be NULL; so may waiting, which is for records that come in the order of
 * their URIs.  Error: 42809 if the table lacks a column.
 */
extern void record_store_open(RecordStore *rs, Oid relid, const char *repo,
							  bool preview, bool force, StoreLevel *level,
							  const StoreWaiting *waiting);
extern void record_store_close(RecordStore *rs);

/*
 * What finds a row of an open table of records, or of one beside it: the columns
 * that are given, and behind them the repository where Citus has the rows by it.
 * Adds its column to a target of nkeys columns.
 */
extern void record_store_add_repo(StoreTarget *target, const RecordColumns *columns);

/* The repository of a record, behind "at://"; key is for one row of such a table. */
extern Datum record_store_repo_key(const char *uri);

/*
 * The same to read any repository's with record_store_look().  Asks for no more
 * than the privilege to read.
 */
extern void record_store_open_reader(RecordStore *rs, Oid relid);

/*
 * Shows a record, as it is in a new snapshot, to the callback (see
 * StoreCompose; slot NULL: there is none), which gives STORE_KEEP back.
 */
extern void record_store_look(RecordStore *rs, const char *uri,
							  StoreCompose look, void *arg);

/* Finds the columns without opening; the same error. */
extern void record_store_columns(Oid relid, RecordColumns *columns);

/*
 * The table beside it with this ending, and its columns; InvalidOid if there
 * is none.  Its name, palloc'd.
 */
extern Oid	record_store_beside(Oid relid, const char *ending,
								RecordColumns *columns);
extern char *record_store_name_beside(const char *name, const char *ending);

/* Reads a row; "slot" may be NULL, then all is NULL. */
extern StoredRecord record_store_read(const RecordStore *rs,
									  TupleTableSlot *slot);

/*
 * The revision of what is being written: greater than all earlier ones of
 * the repository, the same for all records of one RecordStore.  The first
 * call locks the repository's row until the end of the transaction, so other
 * writers of the repository wait.  Without such a row the revision is that of
 * the record alone.  In any case it is greater than old_rev, the record's
 * present one (NULL: none), unless that is of the same batch.  NULL if the
 * table has no column for it.  Error: 55000 if the repository takes the events
 * of its own server and that is not forced.
 */
extern const char *record_store_rev(RecordStore *rs, const char *old_rev);

/*
 * Locks a repository until the end of the transaction, for who reads its
 * records and will write what follows from them: other writers wait.  False if
 * the table keeps no revisions of repositories; then nothing is locked.  Of a
 * mirror it says nothing: that is for those who write.
 */
extern bool record_store_lock(Oid relid, const char *repo);

/*
 * Nothing that this transaction has reserved holds any more: somebody else
 * writes the rows of revisions.
 */
extern void record_store_forget_clocks(void);

/* Sets the columns of the content, of which one is NULL. */
extern void record_store_set_content(StoreRow *row,
									 const RecordColumns *columns,
									 Jsonb *record, bytea *block);

/*
 * Sets a text column of the row under construction, if the table has it; the
 * same to what is a text already.
 */
extern void record_store_set(StoreRow *row, AttrNumber column,
							 const char *value);
extern void record_store_set_text(StoreRow *row, AttrNumber column, Datum value);

/* The same, a timestamptz column to the time of the transaction. */
extern void record_store_set_time(StoreRow *row, AttrNumber column);

#endif							/* UPSERT_ATPROTO_RECORD_STORE_H */
