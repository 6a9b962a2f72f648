/*
 * spivalue.h
 *		What SPI brought: values of rows, and whether a command was carried out.
 */
#ifndef UPSERT_SPIVALUE_H
#define UPSERT_SPIVALUE_H

#include "executor/spi.h"

/*
 * The value of a column, which must be of this type or of a domain over it:
 * the query may have met another table than the one that it was written for.
 * Error 42804 otherwise.
 */
extern Datum spi_value(HeapTuple tuple, TupleDesc desc, int column, Oid type,
					   bool *isnull);

/*
 * A column of type text of the nth row in SPI_tuptable, palloc'd in the current
 * memory context; NULL for a null.  Error as spi_value().
 */
extern char *spi_text(uint64 row, int column);

/*
 * The result of a command on a table, which is to be this one (SPI_OK_INSERT
 * ...).  Error 55000 if a rule of the table did something else instead.
 */
extern void spi_expect(int result, int expected, const char *table);

#endif							/* UPSERT_SPIVALUE_H */
