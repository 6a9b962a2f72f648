/*
 * payload.h
 *		From a JSON-LD transaction to the nodes that it speaks of.
 */
#ifndef UPSERT_LEDGER_PAYLOAD_H
#define UPSERT_LEDGER_PAYLOAD_H

#include "jsonld/jsonld.h"
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

/* One node of a payload, as it would be stored. */
typedef struct PayloadNode
{
	JldStr		graph;			/* empty: the default graph */
	JldStr		id;
	JldValue   *node;			/* {"@id", predicate: [values], ...}; a
								 * predicate with [] is to be emptied */
	bool		anonymous;		/* belongs to its owner */
} PayloadNode;

/*
 * The nodes of an expanded document (made with keepNulls), in order of first
 * mention: a List of PayloadNode in the current memory context.  Nodes of
 * which nothing is said are left out.
 *
 * Nodes without @id get one that depends on their owner and predicate and on
 * their position there or, with by_content, on what they say.
 *
 * Errors: UP004 malformed or overlong IRIs; UP006 a null under NULLS_ERROR, two
 * lists under one predicate, rdf:type as a predicate, a blank node as one.
 */
extern List *payload_nodes(JldProcessor *proc, JldValue *expanded,
						   LedgerNulls nulls, bool by_content);

/* Was this label made by payload_nodes() for a node without @id? */
extern bool payload_is_anonymous(JldStr id);

/*
 * Raises UP004 unless id can name a node: an absolute IRI without the
 * characters that RFC 3987 excludes, or a blank node's label.
 */
extern void payload_check_iri(JldStr id);

/* Raises UP004 if the two are too long to be a key. */
extern void payload_check_key(JldStr graph, JldStr id);

#endif							/* UPSERT_LEDGER_PAYLOAD_H */
