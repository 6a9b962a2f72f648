/*
 * iri.h
 *		IRI references: RFC 3986 section 5 and RFC 3987 section 6.5.
 *
 * All functions take UTF-8 as it is: characters above ASCII count as
 * unreserved, nothing is normalized or percent-encoded.
 */
#ifndef UPSERT_JSONLD_IRI_H
#define UPSERT_JSONLD_IRI_H

#include "jsonld/value.h"

/* The five components; data == NULL where the component is not defined. */
typedef struct IriParts
{
	JldStr		scheme;			/* without ":" */
	JldStr		authority;		/* without "//" */
	JldStr		path;			/* always defined, may be empty */
	JldStr		query;			/* without "?" */
	JldStr		fragment;		/* without "#" */
} IriParts;

/* Split as the regular expression of RFC 3986 appendix B.  Never fails. */
extern void iri_parse(JldStr iri, IriParts *parts);

/*
 * Has s the form of an IRI: a scheme, ":", and no white space or control
 * character?  (What JSON-LD means by "is an IRI".)
 */
extern bool iri_is_absolute(JldStr s);

/* Has it a scheme?  For who looks at all characters anyway. */
extern bool iri_has_scheme(JldStr s);

/* RFC 3986 5.2.2: the target of ref against the absolute base. */
extern JldStr iri_resolve(JldStr base, JldStr ref);

/*
 * The shortest simple reference that resolves to iri against base; iri
 * itself where there is none (other scheme or authority).
 */
extern JldStr iri_relativize(JldStr base, JldStr iri);

#endif							/* UPSERT_JSONLD_IRI_H */
