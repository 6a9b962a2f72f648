/*
 * owner.c
 *		The extension's own tables, which callers cannot reach.
 *
 * What is kept for a caller (answers, progress) nobody may read or write but
 * through our functions; these run as the caller, so the statements on such a
 * table run as its owner.  Nothing of the caller's is in them but values.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "base/owner.h"

void
owner_execute(Relation table, const char *sql, int nargs, Oid *types,
			  Datum *values, const char *nulls)
{
	Oid			user;
	int			context;
	int			result;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(table->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	result = SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0);
	SetUserIdAndSecContext(user, context);
	if (result < 0)
		elog(ERROR, "SPI_execute_with_args failed: %s",
			 SPI_result_code_string(result));
}
