/*
 * outcome.c
 *		What became of one item, and the word for it.
 *
 *		store		inserted  updated			   unchanged  skipped  deleted
 *		outcome		inserted  updated or replaced  unchanged  ignored  deleted
 */
#include "postgres.h"

#include "call/outcome.h"

UpsertOutcome
outcome_of_store(StoreOutcome outcome, bool replaced)
{
	switch (outcome)
	{
		case STORE_INSERTED:
			return UPSERT_INSERTED;
		case STORE_UPDATED:
			return replaced ? UPSERT_REPLACED : UPSERT_UPDATED;
		case STORE_UNCHANGED:
			return UPSERT_UNCHANGED;
		case STORE_DELETED:
			return UPSERT_DELETED;
		case STORE_SKIPPED:
			break;
	}
	return UPSERT_IGNORED;
}

const char *
outcome_name(UpsertOutcome outcome)
{
	switch (outcome)
	{
		case UPSERT_INSERTED:
			return "inserted";
		case UPSERT_UPDATED:
			return "updated";
		case UPSERT_REPLACED:
			return "replaced";
		case UPSERT_UNCHANGED:
			return "unchanged";
		case UPSERT_IGNORED:
			return "ignored";
		case UPSERT_DELETED:
			return "deleted";
	}
	elog(ERROR, "unrecognized upsert outcome: %d", (int) outcome);
	return NULL;				/* keep the compiler quiet */
}

bool
outcome_of_name(const char *name, UpsertOutcome *outcome)
{
	for (UpsertOutcome o = UPSERT_INSERTED; o <= UPSERT_DELETED; o++)
	{
		if (strcmp(name, outcome_name(o)) != 0)
			continue;
		*outcome = o;
		return true;
	}
	return false;
}
