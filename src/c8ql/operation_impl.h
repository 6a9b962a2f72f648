/*
 * c8ql/operation_impl.h
 *		What operation.c and together.c share: one row's UPSERT on its way.
 */
#ifndef C8QL_OPERATION_IMPL_H
#define C8QL_OPERATION_IMPL_H

#include "c8ql/operation.h"

/* What became of one try. */
typedef enum TryFate
{
	TRY_APPLIED,
	TRY_ABSENT,					/* no document matches */
	TRY_CHANGED					/* it matched, and does no more */
} TryFate;

typedef struct UpsertTry
{
	UpsertOp   *op;
	Run		   *run;
	MemoryContext context;		/* of the insert document */
	SearchKey	how;
	bool		key_is_all;		/* the search is the key and nothing else */
	Datum		key;			/* that the search names, or that was found */
	char	   *key_text;

	bool		insert_ready;	/* the four below are computed */
	Jsonb	   *insert;			/* NULL: nothing to insert (not an object) */
	JsonbValue	insert_value;	/* the same with its system attributes */
	bool		insert_has_key;
	Datum		insert_key;
	bool		inserting;		/* apply the insert, whatever is there */

	TryFate		fate;
	bool		not_object;		/* the INSERT document is no object */
	bool		evaluating;		/* an error now is the expression's */
	DocumentResult *result;
} UpsertTry;

/* DocumentCompose of a try. */
extern StoreVerdict c8ql_upsert_compose(void *arg, const Jsonb *old,
										const char *old_rev, Jsonb **new);

#endif							/* C8QL_OPERATION_IMPL_H */
