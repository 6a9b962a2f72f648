/*
 * upsert.c
 *		Module magic, and _PG_init: each module registers its own settings.
 */
#include "postgres.h"

#include "fmgr.h"

#include "atproto/record.h"
#include "jsonld/jsonld.h"
#include "c8ql/c8ql.h"
#include "store/store.h"
#include "upsert.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	jsonld_init();
	store_init();
	record_init();
	c8ql_init();
}

const char *
upsert_outcome_name(UpsertOutcome outcome)
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
