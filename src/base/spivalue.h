/*
 * spivalue.h
 *		Values of rows that SPI brought.
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

#endif							/* UPSERT_SPIVALUE_H */
