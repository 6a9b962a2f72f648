/*
 * module.c
 *		Module magic, and _PG_init: finds the main module and registers the
 *		settings.
 *
 * The main module is built and installed apart from us.  Nothing of it is
 * linked: it is loaded, and then offers one struct of functions, whose first
 * two fields say which one it is.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "bounds.h"
#include "script.h"
#include "upsert.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

const CompanionFunctions *upsert;

static void
find_upsert(void)
{
	void	  **place = find_rendezvous_variable(COMPANION_VARIABLE);
	const CompanionFunctions *found;

	if (*place == NULL)
		load_file("$libdir/upsert", false);
	found = *place;
	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the module upsert offers nothing to upsert_lua"),
				 errdetail("It is an older one than %s, which upsert_lua was built for.",
						   UPSERT_VERSION),
				 errhint("Install both from one source.")));
	if (found->version != COMPANION_VERSION ||
		strcmp(found->upsert, UPSERT_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("upsert_lua does not work with the module upsert %s",
						found->upsert),
				 errdetail("It was built for %s, interface %d, and found interface %d.",
						   UPSERT_VERSION, COMPANION_VERSION, found->version),
				 errhint("Install both from one source, and reconnect.")));
	upsert = found;
}

void
_PG_init(void)
{
	find_upsert();
	bounds_define_settings();
	/* a misspelt setting is an error from here on */
	MarkGUCPrefixReserved("upsert_lua");
}
