/*
 * companion.h
 *		What companion extensions call: one struct of functions, which they find
 *		by a rendezvous variable.  They use no other symbol of this module.
 *
 *		load_file("$libdir/upsert", false);
 *		f = *find_rendezvous_variable(COMPANION_VARIABLE);
 *		... f->version, f->upsert: are they those that I was built for? ...
 */
#ifndef UPSERT_ATPROTO_COMPANION_H
#define UPSERT_ATPROTO_COMPANION_H

#include "call/options.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/jsonb.h"

#define COMPANION_VARIABLE	"upsert_companion"

/* Moves with every change of what stands below. */
#define COMPANION_VERSION	1

/* A record that was asked for; palloc'd. */
typedef struct CompanionRecord
{
	bool		exists;
	char	   *cid;			/* NULL: neither stored nor to be computed */
	Jsonb	   *record;			/* NULL: stored as bytes that are no record */
} CompanionRecord;

typedef enum CompanionOp
{
	COMPANION_CREATE,			/* must not exist */
	COMPANION_PUT,				/* create or replace */
	COMPANION_DELETE			/* nothing to do if it does not exist */
} CompanionOp;

typedef struct CompanionWrite
{
	/* asked for */
	CompanionOp op;
	char	   *collection;
	char	   *rkey;			/* NULL: to be made (COMPANION_CREATE only) */
	Jsonb	   *record;			/* not of COMPANION_DELETE */
	bool		guarded;		/* see RecordWrite */
	const char *seen;

	/* answered, palloc'd */
	char	   *uri;
	char	   *cid;			/* stored now; NULL: nothing is */
	bool		changed;		/* something was written */
} CompanionWrite;

/*
 * The functions raise PostgreSQL's errors and know no scripts; relid is a table
 * of records.
 */
typedef struct CompanionFunctions
{
	/* in this place in every version */
	int			version;		/* COMPANION_VERSION */
	const char *upsert;			/* UPSERT_VERSION */

	/*
	 * Error 42809 if it is no table of records, 42P01 if it is none at all.
	 * Holds it, so that other sessions leave its columns alone.
	 */
	void		(*check_store) (Oid relid);

	/*
	 * Locks a repository until the end of the transaction; see
	 * record_store_lock().
	 */
	bool		(*lock_repo) (Oid relid, const char *repo);

	/*
	 * Reads n records, each with a new snapshot.  Errors: those of
	 * check_store(), 42501.
	 */
	void		(*read) (Oid relid, const char *const *uris, int n,
						 CompanionRecord *records);

	/*
	 * Writes n records of one repository, all or none; force: also into a
	 * mirror.  Errors: see record_write().
	 */
	void		(*write) (Oid relid, const char *repo, bool force,
						  CompanionWrite *writes, int n);

	/*
	 * The lexicon of a collection, or NULL.  It lives as long as the memory
	 * context that is current.
	 */
	Jsonb	   *(*lexicon) (const char *collection);

	/* Error UP007 unless it is a DID or handle; an NSID. */
	void		(*check_repo) (const char *repo);
	void		(*check_collection) (const char *collection);

	/* The parts of a record's URI, palloc'd.  Error UP007 if it is none. */
	void		(*split_uri) (const char *uri, char **repo, char **collection,
							  char **rkey);

	/* See call/argument.h, call/options.h and base/spivalue.h. */
	void		(*arguments_require) (FunctionCallInfo fcinfo, int n);
	void		(*options_read) (Jsonb *json, const OptionSet *sets, int nsets);
	Datum		(*spi_value) (HeapTuple tuple, TupleDesc desc, int column,
							  Oid type, bool *isnull);

	/* See base/tid.h. */
	bool		(*tid_is_valid) (const char *str, int len);
	uint64		(*tid_decode) (const char *str);
	void		(*tid_encode) (uint64 value, char *out);
	void		(*tid_next) (char *out);
} CompanionFunctions;

/* Offers the struct; called once by _PG_init. */
extern void companion_init(void);

#endif							/* UPSERT_ATPROTO_COMPANION_H */
