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
#include "jsonb/wire.h"

typedef struct Route Route;

/* What is to be done on a shard. */
typedef enum RouteCall
{
	ROUTE_DOCUMENTS,			/* a part of a batch */
	ROUTE_DELETE,				/* delete_document() */
	ROUTE_PATCH,				/* patch_document() */
	ROUTE_BY,					/* upsert_by() */
	ROUTE_LOOP,					/* rows of a loop of C8QL */
	ROUTE_CALLS
} RouteCall;

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

/*
 * Other calls: what is to be done with the documents of these keys, all of one
 * shard.  "arguments" are what the handler takes.  Answers go to take(), a text
 * of many at a time, in the current memory context.  False as above.
 */
typedef struct RouteArguments
{
	StringInfoData text;
	WireOut		out;
	int			shard;
	Datum		key;			/* the first one */
} RouteArguments;

/* The way of such a call, as route_open(); the shard of a key, as a place, or -1. */
extern Route *route_to(const Collection *c, const UpsertOptions *options);
extern int	route_shard(const Route *r, Datum key);
extern const Collection *route_collection(const Route *r);

/* Is the SQL function all that is to be done?  See call/alone.h. */
extern bool route_is_alone(FunctionCallInfo fcinfo, int options);

extern void route_begin(const Route *r, RouteArguments *arguments, RouteCall call,
						const Datum *keys, int n);
extern bool route_call(const Route *r, RouteArguments *arguments, bool alone,
					   void (*take) (void *arg, WireIn *in), void *arg);

/* Options of a call among its arguments. */
extern void route_put_options(RouteArguments *arguments, const UpsertOptions *options,
							  UpsertCall call);
extern void route_take_options(WireIn *in, UpsertOptions *options, UpsertCall call);

/*
 * What does it: on the table that is the shard, for those keys.  False if it cannot be done there,
 * and nothing was.  Answers may be cut into several texts.
 */
typedef struct RouteAnswers RouteAnswers;
typedef bool (*RouteHandler) (Oid relid, const Datum *keys, int n, WireIn *arguments,
							  RouteAnswers *answers);

extern void route_handle(RouteCall call, RouteHandler handler);
extern WireOut *route_answer(RouteAnswers *answers);
extern void route_cut(RouteAnswers *answers);

#endif							/* UPSERT_ROUTE_H */
