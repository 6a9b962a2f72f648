/*
 * spivalue.c
 *		What SPI brought: values of rows, and whether a command was carried out.
 *
 * A Datum has no type of its own.  Who writes the text of a query for one
 * table, and takes the result apart, may find that another one stands under
 * the name by now: a view in the place of a table, a column altered by a
 * function that the query ran.  An integer taken for a pointer shows memory of
 * the server.  So the description that came with the row is asked, each time.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"

#include "base/spivalue.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

Datum
spi_value(HeapTuple tuple, TupleDesc desc, int column, Oid type, bool *isnull)
{
	Oid			found = SPI_gettypeid(desc, column);

	if (found != type && (!OidIsValid(found) || getBaseType(found) != type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" is of another type than it was",
						SPI_fname(desc, column)),
				 errdetail("It is of type %s, and %s is needed.",
						   format_type_be(found), format_type_be(type)),
				 errhint("The table was altered, or another one has its name.")));
	return SPI_getbinval(tuple, desc, column, isnull);
}

char *
spi_text(uint64 row, int column)
{
	bool		isnull;
	Datum		value = spi_value(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
								  column, TEXTOID, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

void
spi_expect(int result, int expected, const char *table)
{
	if (result == expected)
		return;
	if (result < 0)
		elog(ERROR, "SPI failed: %s", SPI_result_code_string(result));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot write to table \"%s\"", table),
			 errdetail("A rule of the table does something else instead."),
			 errhint("Drop the rule.")));
}
