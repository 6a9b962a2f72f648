/*
 * route.h
 *		Documents sent to where they lie.
 *
 *		Route *r = route_open(c, rel, &options);
 *		if (r != NULL && route_send(r, shard, &part)) ... part.answers ...
 */
#ifndef UPSERT_ROUTE_H
#define UPSERT_ROUTE_H

#include "call/answer.h"
#include "catalog/collection.h"
#include "catalog/distributed.h"
#include "document/documents.h"

typedef struct Route Route;

/* Documents of one shard. */
typedef struct RoutePart
{
	Datum		key;			/* of the first */
	int			n;
	Jsonb	  **docs;
	int64	   *places;			/* in the caller's input */
	bool		keep;			/* answers are asked for, not only counts */
	bool		single;			/* it is no batch to the caller */
	bool		alone;			/* nothing else is to be done; see
								 * call/alone.h */

	Answer	   *answers;		/* n of them, in the current memory context */
	int64	   *counts;			/* by UpsertOutcome */
} RoutePart;

/*
 * The way to the shards of an open collection; NULL where there is none for
 * this call and user: then rows are reached through SQL.
 */
extern Route *route_open(const Collection *c, Relation rel,
						 const UpsertOptions *options);

/*
 * Applies a part where the shard is, within this transaction.  False if the
 * shard is not there any more, and nothing was done.  Errors: those of the
 * documents.
 */
extern bool route_send(const Route *r, int shard, RoutePart *part);

#endif							/* UPSERT_ROUTE_H */
