/*
 * rdf.h
 *		RDF datasets as the JSON-LD processor sees them: terms, quads, the set
 *		of quads, and the two algorithms between them and JSON-LD.
 */
#ifndef UPSERT_JSONLD_RDF_H
#define UPSERT_JSONLD_RDF_H

#include "jsonld/jsonld.h"

#define RDF_NS		"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define FLUREE_NS	"https://ns.flur.ee/db#"
#define XSD_NS		"http://www.w3.org/2001/XMLSchema#"
#define I18N_NS		"https://www.w3.org/ns/i18n#"

typedef enum RdfTermKind
{
	RDF_NONE,					/* the name of the default graph */
	RDF_IRI,
	RDF_BLANK,					/* value is the label with its "_:" */
	RDF_LITERAL
} RdfTermKind;

typedef struct RdfTerm
{
	RdfTermKind kind;
	JldStr		value;
	JldStr		datatype;		/* literals: always set */
	JldStr		language;		/* rdf:langString only, else JLD_NOSTR */
} RdfTerm;

typedef struct RdfQuad
{
	RdfTerm		subject;
	RdfTerm		predicate;
	RdfTerm		object;
	RdfTerm		graph;
} RdfQuad;

/* A set of quads, in the order in which they came. */
typedef struct RdfDataset
{
	RdfQuad    *quads;
	uint32	   *hashes;			/* of the quads */
	int			n;
	int			cap;
	int32	   *index;			/* open addressing: quad number + 1, 0 is free */
	int			index_size;		/* a power of two */
} RdfDataset;

/*
 * An empty dataset in the current context, with room for about so many quads.
 * It grows there.
 */
extern RdfDataset *rdf_dataset_create(int expected);

/* Add a copy of quad, unless it is in.  The strings are not copied. */
extern void rdf_dataset_add(RdfDataset *dataset, const RdfQuad *quad);

/* Terms.  The strings are not copied. */
extern RdfTerm rdf_resource(JldStr id); /* a blank node if it begins "_:" */
extern RdfTerm rdf_literal(JldStr value, JldStr datatype);

/*
 * The lexical form of a string, boolean or number, and its datatype where it
 * has none yet (JLD_NOSTR).  Error 22003 for a number beyond doubles.
 */
extern JldStr rdf_scalar_lexical(const JldValue *value, JldStr *datatype);

/*
 * Well-formedness: an absolute IRI by the grammar of RFC 3987; a language
 * tag by the N-Quads and JSON-LD reading of BCP 47 2.2.9 (subtags of 1 to 8
 * letters or digits, the first of letters).
 */
extern bool rdf_is_iri(JldStr s);
extern bool rdf_is_language_tag(JldStr s);

/*
 * Deserialize JSON-LD to RDF Algorithm.  expanded is what jsonld_expand
 * answers.  What is not well-formed is left out (in safe mode: UP008).
 */
extern RdfDataset *jsonld_to_rdf(JldProcessor *proc, JldValue *expanded);

/*
 * Serialize RDF as JSON-LD Algorithm.  The answer is an expanded document
 * whose strings may point into the dataset's.  Errors: UP008.
 */
extern JldValue *jsonld_from_rdf(JldProcessor *proc,
								 const RdfDataset *dataset);

#endif							/* UPSERT_JSONLD_RDF_H */
