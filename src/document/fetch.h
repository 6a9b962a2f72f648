/*
 * fetch.h
 *		Documents read through SELECT, and the plans that read them.
 */
#ifndef UPSERT_FETCH_H
#define UPSERT_FETCH_H

#include "executor/spi.h"

#include "catalog/collection.h"

/*
 * The document with this key as it is shown, in the current memory context;
 * NULL if the caller sees none.  Looks with the active snapshot.  Errors: what
 * the SELECT raises.
 */
extern Jsonb *document_fetch(const Collection *c, Datum key);

/*
 * Names of a collection, quoted, for SQL texts; palloc'd.  A column that it has
 * not (InvalidAttrNumber: its revision) is a null text.
 */
extern char *document_column(const Collection *c, AttrNumber attno);
extern char *document_table(const Collection *c);

/*
 * The plan of an SQL text on this collection with parameters of these types,
 * kept until the collection changes.  SPI is connected; the plan lives until
 * it is left.
 */
extern SPIPlanPtr document_plan(const Collection *c, const char *sql, int nargs,
								const Oid *types);

/* A copy of the document in a row that SPI brought, {} for NULL. */
extern Jsonb *document_of_tuple(HeapTuple tuple, TupleDesc desc, int column);

#endif							/* UPSERT_FETCH_H */
