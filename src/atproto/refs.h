/*
 * refs.h
 *		Who refers to whom: the table NAME_refs beside a table of records.
 */
#ifndef UPSERT_ATPROTO_REFS_H
#define UPSERT_ATPROTO_REFS_H

#include "store/store.h"
#include "utils/jsonb.h"

typedef struct Refs Refs;

/* Does a table of records keep its references? */
extern bool refs_are_kept(Oid relid);

/*
 * Opens the references of a table of records, on a level that is open; NULL if
 * it keeps none.
 */
extern Refs *refs_open(Oid relid, StoreLevel *level);
extern void refs_close(Refs *refs);

/*
 * The record with this URI was old and is new; either may be NULL.  Writes
 * what differs in what they refer to.  refs may be NULL.
 */
extern void refs_change(Refs *refs, const char *uri, const Jsonb *old,
						const Jsonb *new);

#endif							/* UPSERT_ATPROTO_REFS_H */
