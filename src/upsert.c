/*
 * upsert.c
 *		Module magic, and _PG_init: each module registers its own settings, and
 *		nobody else may have any of the prefix.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "atproto/companion.h"
#include "atproto/record.h"
#include "base/schema.h"
#include "base/tid.h"
#include "catalog/node.h"
#include "document/verbs.h"
#include "document/view.h"
#include "jsonld/jsonld.h"
#include "jsonld/registry.h"
#include "c8ql/c8ql.h"
#include "ledger/ledger.h"
#include "store/store.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	schema_init();
	jsonld_init();
	registry_init();
	tid_init();
	node_init();
	store_init();
	view_init();
	verbs_init();
	record_init();
	companion_init();
	c8ql_init();
	ledger_init();
	/* a misspelt setting is an error from here on */
	MarkGUCPrefixReserved("upsert");
}
