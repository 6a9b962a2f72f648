/*
 * outcome.h
 *		What became of one item, and the word for it.
 */
#ifndef UPSERT_OUTCOME_H
#define UPSERT_OUTCOME_H

#include "store/store.h"

typedef enum UpsertOutcome
{
	UPSERT_INSERTED,
	UPSERT_UPDATED,
	UPSERT_REPLACED,
	UPSERT_UNCHANGED,
	UPSERT_IGNORED,
	UPSERT_DELETED
} UpsertOutcome;

/*
 * What the store did, as the caller sees it.  replaced: a row that was there
 * was to be replaced, not updated.
 */
extern UpsertOutcome outcome_of_store(StoreOutcome outcome, bool replaced);

/* The word that SQL uses ("inserted", ...): a constant string. */
extern const char *outcome_name(UpsertOutcome outcome);

/* The outcome of such a word; false if it is none. */
extern bool outcome_of_name(const char *name, UpsertOutcome *outcome);

#endif							/* UPSERT_OUTCOME_H */
