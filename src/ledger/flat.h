/*
 * flat.h
 *		Nodes that can be read without the algorithms of JSON-LD.
 */
#ifndef UPSERT_LEDGER_FLAT_H
#define UPSERT_LEDGER_FLAT_H

#include "jsonld/context.h"
#include "ledger/naming.h"
#include "ledger/payload.h"

/* A node that was met: read, or only referred to. */
typedef struct FlatNode
{
	JldStr		id;
	Jsonb	   *image;			/* as PayloadNode's node; NULL: nothing is
								 * said of it */
	int			nvalues;		/* in the image */
	bool		empties;		/* is a predicate to be emptied? */
	int			owner;			/* of one without a name: number of the node
								 * that it stands in; else -1 */
	int			member;			/* for the caller */
} FlatNode;

typedef struct FlatReader FlatReader;

/* terms: literals in the spelling of term.h */
extern FlatReader *flat_begin(JldProcessor *proc, Naming *naming,
							  LedgerNulls nulls, bool terms);

/*
 * Reads a node object that stands at the top of a document, where ctx holds:
 * it, what stands in it, and what it refers to, in the order of Node Map
 * Generation.  False: it is not flat, or something is wrong with it, and
 * expansion shall say what.  *nodes is the reader's, until the next node, but
 * what it points to is not.
 *
 * Errors: UP008 for an undefined prefix, and those of contexts.
 */
extern bool flat_read(FlatReader *reader, ActiveContext *ctx,
					  JsonbContainer *object, FlatNode **nodes, int *n);

#endif							/* UPSERT_LEDGER_FLAT_H */
