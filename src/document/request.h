/*
 * request.h
 *		"Upsert this document": what a caller asks of one document, and what
 *		it becomes by mode and preconditions.
 */
#ifndef UPSERT_REQUEST_H
#define UPSERT_REQUEST_H

#include "call/condition.h"
#include "document/by.h"
#include "document/document.h"
#include "utils/elog.h"

typedef enum RequestKey
{
	REQUEST_KEY_NONE,			/* neither _key nor _id: one is generated */
	REQUEST_KEY_ONE,
	REQUEST_KEY_BAD				/* UP004, and why */
} RequestKey;

/* The key that an object names by _key or _id; *why is set if it is bad. */
extern RequestKey request_find_key(const Collection *c, const Jsonb *doc,
								   Datum *key, Refusal *why);

typedef struct DocumentRequest
{
	const UpsertOptions *options;
	bool		soft;			/* refusals go to "refusal", not to ereport */

	bool		has_key;
	Datum		key;
	const DocumentBy *by;		/* what it is found by, instead of the key, */
	Jsonb	   *by_values;		/* and with which values; see by.h */
	const Jsonb *doc;			/* what was sent */
	char	   *rev;			/* its _rev, where revisions count; or NULL */

	ErrorData  *refusal;		/* why it was not applied; NULL: it was, or a
								 * precondition let it pass silently */

	/* of a search by attributes without an index */
	DocumentStore *store;
	bool		found;			/* it was, and is expected to be there */
	bool		changed;		/* it is not, or has other values by now */
} DocumentRequest;

/*
 * Takes a caller's document apart.  known: the key that request_find_key() has
 * found in it, NULL: it has yet to.  Errors (or a refusal, if soft): UP006 if
 * it is no object, UP004 if its _key or _id cannot be one.  Returns false if it was
 * refused.
 */
extern bool request_prepare(DocumentRequest *r, const Collection *c,
							const UpsertOptions *options, bool soft,
							Jsonb *doc, const Datum *known);

/*
 * Applies it.  Errors (or refusals): UP001, UP002, UP003 by ifRev and
 * ignoreRevs, and whatever document_apply() raises.
 */
extern void request_apply(DocumentRequest *r, DocumentStore *ds,
						  DocumentResult *result);

/* Has it a key?  UP004 (or a refusal) if not. */
extern bool request_has_key(DocumentRequest *r, const Collection *c);

/*
 * The DocumentCompose of a request (arg) that is found by its key, for who
 * applies several at once.
 */
extern StoreVerdict request_compose(void *arg, const Jsonb *old,
									const char *old_rev, Jsonb **new);

/*
 * Lets it be found by attributes: UP005 (or a refusal) where one is missing or
 * null.  Then its store is request_open()'s.
 */
extern bool request_find_by(DocumentRequest *r, const DocumentBy *by,
							const Jsonb *doc);

/*
 * Opens the collection for a batch of requests by key, or by attributes if not
 * NULL.  answers, waiting: as in document_open_batch().
 */
extern DocumentStore *request_open(const Collection *c,
								   const UpsertOptions *options,
								   const DocumentBy *by, bool answers,
								   const StoreWaiting *waiting);

/* The word for what became of it. */
extern UpsertOutcome request_outcome(const UpsertOptions *options,
									 const DocumentResult *result);

#endif							/* UPSERT_REQUEST_H */
