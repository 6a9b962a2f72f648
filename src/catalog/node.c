/*
 * node.c
 *		Which of several servers this one is.
 *
 * Citus numbers its nodes by groups, and keeps the number of the local one in
 * pg_catalog.pg_dist_local_group.  It changes when the server joins or leaves
 * a cluster, which nothing reports, so it is read once in a transaction.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_namespace_d.h"
#include "catalog/pg_type_d.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/tid.h"
#include "catalog/node.h"

#define GROUP_TABLE		"pg_dist_local_group"
#define GROUP_COLUMN	"groupid"

/* What is there, or -1. */
static int
read_group(void)
{
	Oid			relid = get_relname_relid(GROUP_TABLE, PG_CATALOG_NAMESPACE);
	AttrNumber	attno;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			group = -1;

	if (!OidIsValid(relid))
		return -1;
	attno = get_attnum(relid, GROUP_COLUMN);
	if (attno == InvalidAttrNumber || get_atttype(relid, attno) != INT4OID)
		return -1;
	rel = table_open(relid, AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, attno, RelationGetDescr(rel), &isnull);

		if (!isnull && DatumGetInt32(value) >= 0)
			group = DatumGetInt32(value);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return group;
}

static int
local_group(void)
{
	static TimestampTz as_of = 0;
	static int	group = -1;

	if (as_of != GetCurrentTransactionStartTimestamp())
	{
		group = read_group();
		as_of = GetCurrentTransactionStartTimestamp();
	}
	return group;
}

void
node_init(void)
{
	tid_default_node = local_group;
}
