/*
 * schema.c
 *		Where the extension's own objects are, and how statements write the
 *		name of a relation.
 *
 * Statements that name them must not depend on the search_path.  The schema is
 * kept until a function is made, changed or dropped, which is what happens to ours
 * when the extension is moved or dropped.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/schema.h"

/* InvalidOid: to be looked up */
static Oid	known = InvalidOid;

static void
functions_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	known = InvalidOid;
}

void
schema_init(void)
{
	CacheRegisterSyscacheCallback(PROCOID, functions_changed, (Datum) 0);
}

static Oid
look_up(void)
{
	Oid			extension = get_extension_oid("upsert", false);
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			schema = InvalidOid;

	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(extension));
	scan = systable_beginscan(rel, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return schema;
}

Oid
upsert_schema(void)
{
	if (!OidIsValid(known))
		known = look_up();
	return known;
}

const char *
upsert_schema_quoted(void)
{
	return quote_identifier(get_namespace_name(upsert_schema()));
}

const char *
upsert_table_quoted(const char *name)
{
	return quote_qualified_identifier(get_namespace_name(upsert_schema()), name);
}

Oid
upsert_table(const char *name)
{
	Oid			relid = get_relname_relid(name, upsert_schema());

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of the extension is missing", name)));
	return relid;
}

char *
relation_quoted(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}
