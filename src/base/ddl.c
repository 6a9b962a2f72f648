/*
 * ddl.c
 *		Commands that make and drop the tables of others.
 */
#include "postgres.h"

#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"

#include "base/ddl.h"

void
ddl_execute(const char *command)
{
	int			result = SPI_execute(command, false, 0);

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
