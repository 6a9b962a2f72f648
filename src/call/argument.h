/*
 * argument.h
 *		The arguments of a writing call: NULL among them, and what has to be an
 *		array or an object.
 *
 * A STRICT function that writes would do nothing, without a word, where one
 * of its arguments is NULL.  So none of them is: those that must be there
 * are asked for, and NULL options and bind parameters are the defaults.
 */
#ifndef UPSERT_ARGUMENT_H
#define UPSERT_ARGUMENT_H

#include "fmgr.h"
#include "utils/jsonb.h"

/*
 * A writing call begins; so it stands first in each.  Error 22004 that names
 * it, if one of the first n arguments is NULL.
 */
extern void arguments_require(FunctionCallInfo fcinfo, int n);

/* The jsonb argument, or NULL. */
static inline Jsonb *
argument_jsonb(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : PG_GETARG_JSONB_P(argno);
}

/*
 * The jsonb argument, which must not be NULL: the items of a batch, by the name
 * that messages give them ("documents").  Error UP006 if no array; hint may be
 * NULL.
 */
extern Jsonb *argument_items(FunctionCallInfo fcinfo, int argno,
							 const char *noun, const char *hint);

/* Bind parameters: the jsonb argument, or {}.  Error 22023 if no object. */
extern Jsonb *argument_bind(FunctionCallInfo fcinfo, int argno);

#endif							/* UPSERT_ARGUMENT_H */
