/*
 * ddl.h
 *		Commands that make and drop the tables of others.
 */
#ifndef UPSERT_BASE_DDL_H
#define UPSERT_BASE_DDL_H

#include "nodes/pg_list.h"

/*
 * Runs a command, or several, with the caller's rights.  Needs a connection
 * to SPI.  Error: whatever the command raises.
 */
extern void ddl_execute(const char *command);

/* The relation goes when the other one does. */
extern void ddl_belongs_to(Oid part, Oid whole);

/* The tables of which this was said: their OIDs. */
extern List *ddl_parts(Oid whole);

#endif							/* UPSERT_BASE_DDL_H */
