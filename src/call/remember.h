/*
 * remember.h
 *		idempotencyKey: a call's answer, kept for those who call again.
 *
 *		Datum
 *		my_function(PG_FUNCTION_ARGS)
 *		{
 *			return remember_call(fcinfo, true, my_work);
 *		}
 *
 * where my_work has the function's own contract, and reads the option
 * "idempotencyKey" among its others (a word of its table: what a call does not
 * take it refuses).
 */
#ifndef UPSERT_REMEMBER_H
#define UPSERT_REMEMBER_H

#include "fmgr.h"
#include "utils/jsonb.h"

/*
 * Does the work; or, where the options (the last argument, jsonb) have an
 * idempotencyKey that the role has given this function for this target (the
 * first argument, if targeted) before, gives the answer of then.  Works for
 * functions that return a value, a row, or a set in a tuplestore.
 *
 * Two first calls at once: the second waits, and gets the answer of the first.
 * Errors: UP010 if it was another request (any argument differs), 40001 where
 * the transaction's snapshot cannot see the answer, 54000 for an answer above
 * 1 MB, and what the work raises; nothing is kept then.
 */
extern Datum remember_call(FunctionCallInfo fcinfo, bool targeted,
						   PGFunction work);

/*
 * The key that options have; NULL: none, or none that is well formed, of which
 * the function's own reader speaks.  Error 22023 beside "dryRun".
 */
extern char *remember_key(Jsonb *options);

/* The same by a key that stands elsewhere; NULL: none, and the work is done. */
extern Datum remember_call_by(FunctionCallInfo fcinfo, bool targeted,
							  const char *key, PGFunction work);

#endif							/* UPSERT_REMEMBER_H */
