/*
 * payload.h
 *		From a JSON-LD transaction to the nodes that it speaks of.
 */
#ifndef UPSERT_LEDGER_PAYLOAD_H
#define UPSERT_LEDGER_PAYLOAD_H

#include "jsonld/jsonld.h"
#include "ledger/name.h"
#include "nodes/pg_list.h"

/* rdf:type, as flakes and patterns name it; nodes have it under @type */
#define RDF_TYPE	"http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

/* Option "nulls": what null, [] and an empty @list mean. */
typedef enum LedgerNulls
{
	NULLS_IGNORE,				/* not supplied */
	NULLS_DELETE,				/* no values: what is stored goes */
	NULLS_ERROR
} LedgerNulls;

/* How payloads are read. */
#define PAYLOAD_BY_CONTENT	0x01	/* values are added */
#define PAYLOAD_TERMS		0x02	/* literals in the spelling of a ledger */

/* One node of a payload, as it would be stored. */
typedef struct PayloadNode
{
	JldStr		graph;			/* empty: the default graph */
	JldStr		id;
	JldValue   *node;			/* {"@id", predicate: [values], ...}; a
								 * predicate with [] is to be emptied; NULL:
								 * there is the image */
	Jsonb	   *image;			/* the same as jsonb; NULL: there is the node */
	int			nvalues;		/* in the image; 0: not counted */
	bool		anonymous;		/* belongs to its owner */
	JldStr		owner;			/* that, if it has an image */
} PayloadNode;

/*
 * The nodes of a JSON-LD document, in order of first mention: a List of
 * PayloadNode in the current memory context, which is the processor's, whose
 * options have keepNulls.  Nodes of which nothing is said are left out.  What
 * the answer points to may lie in doc.
 *
 * Nodes without @id, or with a label of the document's, get one that depends on
 * their owner and predicate and on their position there or, with
 * PAYLOAD_BY_CONTENT, on what they say (naming.h).
 *
 * Errors: UP008 as expansion; UP004 malformed or overlong IRIs; UP006 a null
 * under NULLS_ERROR, two lists under one predicate, rdf:type as a predicate, a
 * blank node as one.
 */
extern List *payload_read(JldProcessor *proc, Jsonb *doc, LedgerNulls nulls,
						  int flags);

/* The same for an expanded document; the nodes have no images. */
extern List *payload_nodes(JldProcessor *proc, JldValue *expanded,
						   LedgerNulls nulls, int flags);

/* Does a document, or an item of an array of such, bring an @context? */
extern bool payload_has_context(const Jsonb *doc);

#endif							/* UPSERT_LEDGER_PAYLOAD_H */
