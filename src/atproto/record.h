/*
 * record.h
 *		Writing AT Protocol records: what com.atproto.repo does, for one
 *		repository at a time.
 *
 *		RecordWrite *writes = ...			one each, filled in by the caller
 *		record_write(relid, repo, options, writes, n);
 *		... writes[i].action, .cid, .rev, .old, .new ...
 */
#ifndef UPSERT_ATPROTO_RECORD_H
#define UPSERT_ATPROTO_RECORD_H

#include "call/outcome.h"
#include "atproto/record_ready.h"
#include "expr/expr.h"
#include "jsonb/build.h"
#include "utils/jsonb.h"

typedef enum RecordOp
{
	RECORD_CREATE,				/* must not exist */
	RECORD_PUT,					/* create or replace */
	RECORD_UPDATE,				/* replace, must exist */
	RECORD_UPSERT,				/* create, or merge into what is there */
	RECORD_DELETE				/* nothing to do if it does not exist */
} RecordOp;

/* "swapRecord": what the caller believes to be stored */
typedef enum RecordSwap
{
	SWAP_ANY,					/* does not care */
	SWAP_NONE,					/* nothing */
	SWAP_CID					/* the record with this CID */
} RecordSwap;

/* "missingBind": a bind parameter that nothing is given for */
typedef enum RecordMissingBind
{
	MISSING_BIND_ERROR,
	MISSING_BIND_ABSENT			/* see ExprBindings */
} RecordMissingBind;

typedef struct RecordOptions
{
	RecordValidate validate;
	RecordSwap	swap;			/* where there is one write */
	char	   *swap_cid;
	bool		keep_null;		/* of RECORD_UPSERT, see doc_merge() */
	bool		merge_objects;
	RecordMissingBind missing_bind; /* of RECORD_UPSERT */
	bool		force;			/* also where upstream's events are applied */
	bool		same_rkey;		/* generated keys are one for all */
	bool		dry_run;
	bool		batch;			/* not by the caller: errors say which write */
} RecordOptions;

typedef struct RecordWrite
{
	/* asked for */
	RecordOp	op;
	bool		must_exist;		/* RECORD_DELETE: an error if it does not */
	char	   *collection;
	char	   *rkey;			/* NULL: to be made (RECORD_CREATE only) */
	Jsonb	   *record;			/* CREATE, PUT, UPDATE ... */
	DocItem		element;		/* ... or as it lies in a document (data NULL:
								 * no) */
	bytea	   *block;			/* ... or as DAG-CBOR */
	ExprProgram *insert;		/* UPSERT */
	ExprProgram *update;
	Jsonb	   *bind;

	/*
	 * The caller has read the record before: error 40001 if it is another by
	 * now.
	 */
	bool		guarded;
	const char *seen;			/* its CID then; NULL: there was none */

	/* private to record.c: nobody can have used the key before */
	bool		fresh;
	bool		warned;			/* that it is "invalid" */

	/*
	 * Answered, in the context that record_write() was called in; uri, cid
	 * and rev are texts as well (base/namedtext.h), and rev may be that of
	 * others.
	 */
	UpsertOutcome action;
	char	   *uri;
	char	   *cid;			/* stored now; NULL: nothing is */
	char	   *rev;
	const char *status;			/* see ReadyRecord */
	ErrorData  *error;			/* why it is "invalid" */
	Jsonb	   *old;
	Jsonb	   *new;
} RecordWrite;

/* Registers the limits as settings; called once by _PG_init. */
extern void record_init(void);

/*
 * The validation status that a record of the collection would be stored with
 * ("valid" or "unknown"); nothing is written.  Errors: as record_write().
 */
extern const char *record_status(const char *collection, Jsonb *record);

/*
 * Does all the writes, or raises an error and has done none.  relid is the
 * table, repo a DID or handle.  bounded: the limits of com.atproto.repo.applyWrites hold.
 *
 * Several writes to one record are done in the order given; the order
 * between records does not show, except that all locks are taken in one.
 *
 * Errors: 40001 where a guarded record has changed; UP001 to UP003 by swap, op
 * and must_exist; UP004 record key; UP006
 * data model, "$type" or lexicon; UP007 repo, collection, swap CID; UP009
 * limits; 55000 if the repository takes upstream's events, unless forced; and those of the store.
 */
extern void record_write(Oid relid, const char *repo,
						 const RecordOptions *options, bool bounded,
						 RecordWrite *writes, int nwrites);

#endif							/* UPSERT_ATPROTO_RECORD_H */
