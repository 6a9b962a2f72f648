/*
 * record_ready.h
 *		What is asked of a record before it may be stored: names, "$type", the
 *		data model, its CID, its size, its lexicon.
 *
 * Reads lexicons, but no tables of records.
 */
#ifndef UPSERT_ATPROTO_RECORD_READY_H
#define UPSERT_ATPROTO_RECORD_READY_H

#include "atproto/cid.h"
#include "atproto/syntax.h"
#include "jsonb/build.h"
#include "lib/stringinfo.h"
#include "utils/elog.h"
#include "utils/jsonb.h"

/* "validate" */
typedef enum RecordValidate
{
	VALIDATE_IF_KNOWN,			/* against the lexicon if it is registered */
	VALIDATE_ALWAYS,			/* it must be registered */
	VALIDATE_NEVER,
	VALIDATE_REPORT				/* if registered; what is invalid is stored */
} RecordValidate;

/*
 * Who makes records of many collections ready.  Zero it and fill in the first
 * three.
 */
typedef struct RecordMaker
{
	RecordValidate validate;
	bool		opaque;			/* bytes that are no record can be kept */
	MemoryContext context;		/* of all records */

	Size		size;			/* of those made so far, as DAG-CBOR */

	/*
	 * private: a record's DAG-CBOR; the collection last asked for, and its
	 * lexicon, if sought
	 */
	StringInfoData cbor;
	char	   *collection;
	int			collection_len;
	bool		lexicon_sought;
	Jsonb	   *lexicon;
} RecordMaker;

/* A record ready to be stored */
typedef struct ReadyRecord
{
	Jsonb	   *record;			/* NULL: block is all there is of it */
	bytea	   *block;			/* DAG-CBOR that is no record; else NULL */
	char		cid[CID_TEXT_LENGTH + 1];
	const char *status;			/* "valid", "unknown", "invalid", or NULL: not
								 * validated */
	ErrorData  *error;			/* why invalid; else NULL */
} ReadyRecord;

/* Registers the limit as a setting; called once by _PG_init. */
extern void record_ready_init(void);

/* Error UP007 if it is neither a DID nor a handle. */
extern void record_check_repo(const char *repo);

/* Splits the URI of a record; error UP007 if it is none. */
extern AtUri record_split_uri(const char *str);

/*
 * Checks the syntax of a collection (UP007) and, unless it is NULL, of a record
 * key (UP004).
 */
extern void record_check_names(RecordMaker *maker, const char *collection,
							   const char *rkey);

/*
 * Makes a key by the collection's key type, palloc'd; *fresh: nobody can have
 * used it before.  Error UP004 if none can be made up.
 */
extern char *record_make_key(RecordMaker *maker, const char *collection,
							 bool *fresh);

/*
 * The record, with "$type" if it had none, which *filled says.  Error UP006 if
 * it is no object.
 */
extern Jsonb *record_fill_type(Jsonb *record, const char *collection,
							   bool *filled);

/* The same of what lies in another document; always a document of its own. */
extern Jsonb *record_from_element(const DocItem *element,
								  const char *collection, bool *filled);

/* Error UP006 if "what" (a noun) is no object. */
extern void record_require_object(const Jsonb *value, const char *what);

/* Writes the CID of a record and returns its size in bytes of DAG-CBOR. */
extern int	record_compute_cid(Jsonb *record, char cid[CID_TEXT_LENGTH + 1]);

/*
 * Makes a record ready, or raises what is wrong with it: UP004 a key (NULL:
 * none yet) that does not suit the lexicon; UP006 data model, "$type" or
 * lexicon; UP009 limits.  With VALIDATE_REPORT the record comes
 * out "invalid" instead; error 22023 if it is none that jsonb and the data
 * model have a place for, and maker->opaque is not set.  typed: its "$type" need
 * not be looked at, it has been filled in.
 */
extern void record_make_ready(RecordMaker *maker, const char *collection,
							  const char *rkey, Jsonb *record, bool typed,
							  ReadyRecord *ready);

/*
 * The option "validate": takes its value into *validate; false if it is none.
 * What it takes, for hints.
 */
extern bool record_take_validate(const JsonbValue *value, RecordValidate *validate);
#define RECORD_VALIDATE_EXPECTED	"true, false or \"report\""

/*
 * The same, from DAG-CBOR.  The CID is that of the bytes, so "$type" is not
 * filled in.
 */
extern void record_make_ready_block(RecordMaker *maker, const char *collection,
									const char *rkey,
									const uint8 *data, Size len,
									ReadyRecord *ready);

/*
 * Runs a step that only computes.  The error of ours that it raises, in the
 * current context; NULL if it raises none.  Other errors are raised.
 */
extern ErrorData *record_attempt(void (*step) (void *arg), void *arg);

/*
 * The two above, for those who go on with other records: what would be raised
 * is the answer, in the current context; NULL if the record is ready.
 */
extern ErrorData *record_try(RecordMaker *maker, const char *collection,
							 const char *rkey, Jsonb *record,
							 ReadyRecord *ready);
extern ErrorData *record_try_block(RecordMaker *maker, const char *collection,
								   const char *rkey, const uint8 *data,
								   Size len, ReadyRecord *ready);

#endif							/* UPSERT_ATPROTO_RECORD_READY_H */
