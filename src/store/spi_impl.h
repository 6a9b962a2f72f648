/*
 * spi_impl.h
 *		What spi.c and spi_find.c share; nobody else includes it.
 */
#ifndef UPSERT_SPI_IMPL_H
#define UPSERT_SPI_IMPL_H

#include "storage/lockdefs.h"
#include "store/statement.h"
#include "utils/snapshot.h"

/*
 * Runs a statement, as often as it is prepared; snapshot: see SPI_execute_snapshot(),
 * or InvalidSnapshot.  The number of its rows.
 */
extern uint64 spi_run(Store *s, Statement *statement, Datum *values,
					  const bool *nulls, int n, Snapshot snapshot);

/* Puts a row of the last result into a slot that outlives the result. */
extern void spi_store_result(Store *s, TupleTableSlot *slot, uint64 row);

/* The table of this server that the row read last is in; NULL: there is none. */
extern Relation spi_open_table(Store *s, LOCKMODE lockmode);

/*
 * Looks up the key: its row in s->old, with what identifies that version; where
 * it is to be locked, in the slot "locked".  Error 21000 if several match.
 */
extern bool spi_find(Store *s, const Datum *key, const bool *nulls, bool lock,
					 Snapshot snapshot);

#endif							/* UPSERT_SPI_IMPL_H */
