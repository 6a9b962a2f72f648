/*
 * answer.h
 *		What the SQL functions answer: upsert_result and upsert_item.
 */
#ifndef UPSERT_ANSWER_H
#define UPSERT_ANSWER_H

#include "call/outcome.h"
#include "fmgr.h"
#include "jsonb/wire.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

/*
 * One item's answer, ready to be turned into a tuple: only what the option
 * "return" asks for is built.
 */
typedef struct Answer
{
	UpsertOutcome outcome;
	char	   *key;
	char	   *rev;
	Jsonb	   *old;
	Jsonb	   *new;
	Jsonb	   *error;			/* of an ignored item */
} Answer;

/* Frees what was built, to build it again. */
extern void answer_clear(Answer *answer);

/*
 * An error as jsonb: sqlstate, message, and detail, hint, table, column,
 * constraint where there are any.  column: where the error names none, the
 * one whose value was at fault; or NULL.
 */
extern Jsonb *answer_error(const ErrorData *error, const char *column);

/*
 * Answers for an item that is left out: the key, and the error as above, or
 * neither.
 */
extern void answer_ignored(Answer *answer, char *key, const ErrorData *error,
						   const char *column);

/* The first five columns of both result types. */
extern void answer_columns(const Answer *answer, Datum *values, bool *nulls);

/*
 * The tuple descriptor of a function that returns a row, blessed.  Error if
 * the call site takes no row.
 */
extern TupleDesc answer_row_type(FunctionCallInfo fcinfo);

/*
 * A row of the composite type that the function returns.  Does not copy the
 * type's description, as the above does.
 */
extern Datum answer_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* Prepares a set-returning call: rows go into the tuplestore. */
extern Tuplestorestate *answer_begin_set(FunctionCallInfo fcinfo, TupleDesc *tupdesc);

/* The same for a set of values of a scalar type. */
extern Tuplestorestate *answer_begin_values(FunctionCallInfo fcinfo, TupleDesc *tupdesc);

/* One row of upsert_item: the ord-th item's. */
extern void answer_put_item(Tuplestorestate *rows, TupleDesc tupdesc, int ord,
							const Answer *answer);

/*
 * An answer on its way from another node (jsonb/wire.h).  The one that is read
 * is in the current memory context.
 */
extern void answer_write(WireOut *out, const Answer *answer);
extern void answer_read(WireIn *in, Answer *answer);

#endif							/* UPSERT_ANSWER_H */
