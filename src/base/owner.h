/*
 * owner.h
 *		The extension's own tables, which callers cannot reach.
 */
#ifndef UPSERT_OWNER_H
#define UPSERT_OWNER_H

#include "utils/relcache.h"

/*
 * Runs one statement with the rights of the owner of a table of ours, which is
 * open.  SPI is connected, and tells what came of it.
 */
extern void owner_execute(Relation table, const char *sql, int nargs, Oid *types,
						  Datum *values, const char *nulls);

#endif							/* UPSERT_OWNER_H */
