/*
 * jcs.h
 *		The JSON Canonicalization Scheme (RFC 8785).
 */
#ifndef UPSERT_JSONLD_JCS_H
#define UPSERT_JSONLD_JCS_H

#include "lib/stringinfo.h"

#include "jsonld/value.h"

/*
 * Append the canonical text of v: no white space, members ordered by the
 * UTF-16 code units of their keys, numbers as ECMAScript prints the nearest
 * IEEE double.  Errors: 22003 for a number that no double comes near.
 */
extern void jcs_append(StringInfo out, const JldValue *v);

/* Append a finite double as ECMAScript's Number.prototype.toString does. */
extern void jcs_append_double(StringInfo out, double d);

#endif							/* UPSERT_JSONLD_JCS_H */
