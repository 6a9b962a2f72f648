/*
 * condition.h
 *		"Only if": what a caller says of the state that it wants to change.
 *
 * ifRev, ignoreRevs and mustExist of documents and rows, swapRecord of
 * records, and versionAttribute of documents.
 */
#ifndef UPSERT_CONDITION_H
#define UPSERT_CONDITION_H

#include "call/options.h"

/* Why an item is not applied: what an error report has of it. */
typedef struct Refusal
{
	int			sqlstate;
	const char *message;
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
} Refusal;

/* What is asked, in the words of the door that asks. */
typedef struct Condition
{
	const char *noun;			/* "document", "row", "record" */
	const char *name;			/* which one, where messages name it; or NULL */
	const char *option;			/* "ifRev", "swapRecord" */
	const char *value;			/* what it compares: "_rev", "cid" */
	bool		given;			/* the option was */
	const char *expected;		/* its value; NULL: none may be there */
	const char *sent;			/* the revision in what was sent, where that
								 * counts, or NULL */
	bool		must_exist;
	const char *without;		/* what happens to an absent one if nothing is
								 * asked; NULL: "create it" */
} Condition;

/* What ifRev, ignoreRevs and mustExist ask. */
extern Condition condition_of_options(const UpsertOptions *options,
									  const char *noun, const char *sent);

/*
 * Does it hold for what is stored?  "exists" and "found", its revision or
 * NULL, say what is there.  If not, *why is UP001, UP002 or UP003; its
 * strings are allocated in the current memory context.
 */
extern bool condition_holds(const Condition *condition, bool exists,
							const char *found, Refusal *why);

/* Raises the refusal as an error. */
pg_noreturn extern void refusal_raise(const Refusal *why);

/* The refusal as an error that is not raised, in the current memory context. */
extern ErrorData *refusal_error(const Refusal *why);

typedef enum VersionVerdict
{
	VERSION_NEW,				/* greater, or nothing to be compared with */
	VERSION_STALE,				/* no news */
	VERSION_REFUSED				/* no version can be such */
} VersionVerdict;

/*
 * Judges the versionAttribute of a document that was sent by the one that is
 * stored (NULL: none): numbers, or RFC 3339 time stamps by the instant that
 * they mean.  *why is UP006 where it is something else.
 */
extern VersionVerdict condition_version(const UpsertOptions *options,
										const Jsonb *stored, const Jsonb *sent,
										Refusal *why);

#endif							/* UPSERT_CONDITION_H */
