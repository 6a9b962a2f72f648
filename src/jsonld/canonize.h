/*
 * canonize.h
 *		RDF Dataset Canonicalization: labels for blank nodes that depend on
 *		what is said of them and on nothing else.
 */
#ifndef UPSERT_JSONLD_CANONIZE_H
#define UPSERT_JSONLD_CANONIZE_H

#include "base/digest.h"
#include "jsonld/rdf.h"

/* A canonicalized dataset, in UTF-8 whatever the server's encoding. */
typedef struct CanonState CanonState;

/*
 * RDFC-1.0 for dataset (no blank nodes as predicates), whose strings are
 * converted to UTF-8 in place.  What the algorithm may cost beyond the size
 * of the dataset is limited by upsert.jsonld_max_work: UP009.
 */
extern CanonState *rdf_canonize(JldProcessor *proc, RdfDataset *dataset);

/* The serialized canonical form, in the server's encoding. */
extern text *rdf_canonical_text(CanonState *state);

/* { "label in the dataset": "canonical label", ... }, without "_:" */
extern JldValue *rdf_canonical_labels(CanonState *state);

#endif							/* UPSERT_JSONLD_CANONIZE_H */
