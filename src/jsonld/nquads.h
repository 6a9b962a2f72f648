/*
 * nquads.h
 *		N-Quads (W3C Recommendation of 2014-02-25): a strict reader and a
 *		writer of the canonical form.
 */
#ifndef UPSERT_JSONLD_NQUADS_H
#define UPSERT_JSONLD_NQUADS_H

#include "lib/stringinfo.h"

#include "jsonld/rdf.h"

/*
 * Read an N-Quads document of len bytes in the server encoding.  The terms
 * of the answer point into text where they can, so text must outlive it.
 * Errors: 22P02 with line and column; 22P05 for \u0000 and characters the
 * encoding has not.
 */
#define NQUADS_GENERALIZED	0x01	/* a blank node may stand as predicate */
#define NQUADS_NUL			0x02	/* a literal may hold \u0000, as a zero
									 * byte */

extern RdfDataset *nquads_parse(const char *text, int len, int flags);

/*
 * Begin a text with so many bytes left free, and room for about all statements
 * of dataset.
 */
extern void nquads_begin(StringInfo out, int header, const RdfDataset *dataset);

/* Append one statement with its " .\n", by the rules of canonical N-Quads. */
extern void nquads_append(StringInfo out, const RdfQuad *quad);

/* Append one term, by the same rules. */
extern void nquads_append_term(StringInfo out, const RdfTerm *term);

#endif							/* UPSERT_JSONLD_NQUADS_H */
