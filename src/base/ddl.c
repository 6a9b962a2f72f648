/*
 * ddl.c
 *		Commands that make and drop the tables of others.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "base/ddl.h"

/*
 * Runs it as if it came from the client.  Engines that make a new table one of
 * theirs, as Citus does in a schema that it has distributed, do so for these only.
 */
static void
run_create_table(const char *command, RawStmt *raw)
{
	PlannedStmt *stmt = makeNode(PlannedStmt);

	stmt->commandType = CMD_UTILITY;
	stmt->canSetTag = true;
	stmt->utilityStmt = raw->stmt;
	stmt->stmt_location = raw->stmt_location;
	stmt->stmt_len = raw->stmt_len;
	PushActiveSnapshot(GetTransactionSnapshot());
	ProcessUtility(stmt, command, false, PROCESS_UTILITY_TOPLEVEL, NULL, NULL,
				   None_Receiver, NULL);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

void
ddl_execute(const char *command)
{
	int			result;

	if (ProcessUtility_hook != NULL)
	{
		List	   *raw = pg_parse_query(command);

		if (list_length(raw) == 1 && IsA(linitial_node(RawStmt, raw)->stmt, CreateStmt))
		{
			run_create_table(command, linitial_node(RawStmt, raw));
			return;
		}
	}
	result = SPI_execute(command, false, 0);

	if (result < 0)
		elog(ERROR, "SPI_execute returned %s", SPI_result_code_string(result));
}

void
ddl_belongs_to(Oid part, Oid whole)
{
	ObjectAddress part_address;
	ObjectAddress whole_address;

	ObjectAddressSet(part_address, RelationRelationId, part);
	ObjectAddressSet(whole_address, RelationRelationId, whole);
	recordDependencyOn(&part_address, &whole_address, DEPENDENCY_AUTO);
}

List *
ddl_parts(Oid whole)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	List	   *parts = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(whole));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend d = (Form_pg_depend) GETSTRUCT(tuple);

		if (d->classid == RelationRelationId && d->refobjsubid == 0 &&
			d->deptype == DEPENDENCY_AUTO && get_rel_relkind(d->objid) == RELKIND_RELATION)
			parts = lappend_oid(parts, d->objid);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return parts;
}
