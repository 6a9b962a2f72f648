/*
 * c8ql/operation.h
 *		The UPSERT operation on one collection: what the statement and the
 *		function upsert_by() share.
 */
#ifndef C8QL_OPERATION_H
#define C8QL_OPERATION_H

#include "c8ql/run.h"
#include "c8ql/search.h"
#include "compat.h"

/* What INSERT does about a key that is there: the option overwriteMode. */
typedef enum OverwriteMode
{
	OVERWRITE_CONFLICT,			/* error 1210 */
	OVERWRITE_IGNORE,			/* leave the document, and show no NEW */
	OVERWRITE_REPLACE,
	OVERWRITE_UPDATE
} OverwriteMode;

/* Planned once; "options" and what follows it are filled in before a run. */
typedef struct UpsertOp
{
	const Collection *collection;
	Search	   *search;
	ExprCode   *insert;
	ExprCode   *update;
	bool		replace;
	bool		insert_keyless; /* it is an object that names no key */
	bool		insert_warns;	/* must be evaluated even if not applied */
	bool		update_warns;
	bool		old_whole;		/* OLD is shown to the expressions */
	ExprOwner	owner;			/* of OLD's slot */
	int			old_slot;

	UpsertOptions options;
	OverwriteMode overwrite;	/* of the INSERT part */
	bool		single;			/* several matches are an error */
	bool		strip_nulls;	/* upsert_by(): keepNull false holds in all
								 * branches, not only where is merged */
	const Datum *only_key;		/* if not NULL: the row is about no document
								 * but this, and if it is another's ... */
	bool		elsewhere;		/* ... that is said, and nothing done */
	MemoryContext context;		/* of one row */
	bool		kept;			/* this row's key was there, and is left as it
								 * is by overwriteMode */
} UpsertOp;

/*
 * Plan from the parts of an UPSERT.  OLD is visible in both documents.
 */
extern UpsertOp *c8ql_upsert_plan(ExprCompiler *compiler, Oid relid,
								  const ExprNode *search, const ExprNode *insert,
								  const ExprNode *update, bool replace);

/*
 * Do it for one row.  With ignoreErrors a failure is no error but false; with
 * *counted telling whether it counts as an ignored write.  "result" lives
 * until the next call.
 */
extern bool c8ql_upsert_row(UpsertOp *op, Run *run, DocumentResult *result,
							bool *counted, ErrorData **error);

/* The only document that the row may be about, if the search names its key. */
extern bool c8ql_upsert_key(UpsertOp *op, Run *run, Datum *key);

/*
 * The key that a document to be inserted brings.  False if it brings none;
 * error 1221.
 */
extern bool c8ql_document_key(const Collection *collection,
							  const JsonbValue *document, Datum *key);

/* Error 1227 unless it is an object. */
extern void c8ql_check_object(const JsonbValue *document,
							  const char *operation);

/* Error 1200 if the document carries a revision that is not this one. */
extern void c8ql_check_rev(const JsonbValue *document, const char *rev);

/* Error 1210 for a key that is there. */
pg_noreturn extern void c8ql_key_exists(const Collection *collection, Datum key);

/* Copy a result into the current context, before its store is closed. */
extern void c8ql_keep_result(DocumentResult *result);

/* OLD or NEW as a value, in the current context; whole: with _id, _key, _rev. */
extern void c8ql_show(const Collection *collection, bool whole, const Jsonb *doc,
					  const char *key, const char *rev, JsonbValue *slot);

/* Is it an object literal that can be seen to have no _key? */
extern bool c8ql_brings_no_key(const ExprNode *document);

/* Can evaluating it warn, or do anything else than give a value? */
extern bool c8ql_may_warn(const ExprNode *node);

#endif							/* C8QL_OPERATION_H */
