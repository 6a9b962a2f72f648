/*
 * local.h
 *		Whether a table's rows are where the catalogs say.
 */
#ifndef UPSERT_LOCAL_H
#define UPSERT_LOCAL_H

#include "utils/relcache.h"

/*
 * True if the planner of this server plans an UPDATE of the open table as one
 * of its own heap, or of its own partitions and children.  False: an extension
 * has the rows elsewhere, and only SQL statements reach them.
 */
extern bool store_is_local(Relation rel);

#endif							/* UPSERT_LOCAL_H */
