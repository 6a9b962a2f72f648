/*
 * precondition.h
 *		"Only if": the options ifRev, ignoreRevs and versionAttribute.
 */
#ifndef UPSERT_PRECONDITION_H
#define UPSERT_PRECONDITION_H

#include "call/options.h"
#include "compat.h"

/* Why an item is not applied: what an error report has of it. */
typedef struct Refusal
{
	int			sqlstate;
	const char *message;
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
} Refusal;

/*
 * Do the caller's preconditions hold for what is stored?  "sent_rev" is the
 * revision in the document sent, where it counts (ignoreRevs false), or NULL;
 * "exists" and "rev" say what is there.  If not, *why is UP001, UP002 or
 * UP003; its strings are allocated in the current memory context.
 */
extern bool precondition_holds(const UpsertOptions *options,
							   const char *sent_rev, bool exists,
							   const char *rev, Refusal *why);

/* Raises the refusal as an error. */
pg_noreturn extern void refusal_raise(const Refusal *why);

/*
 * Is what was sent no news?  With a versionAttribute that is a number in the
 * stored document, only a greater number is.
 */
extern bool precondition_is_stale(const UpsertOptions *options,
								  const Jsonb *stored, const Jsonb *sent);

#endif							/* UPSERT_PRECONDITION_H */
