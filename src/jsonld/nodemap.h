/*
 * nodemap.h
 *		Node maps: every graph of an expanded document as a map from subject
 *		to node; and the labels of blank nodes.
 */
#ifndef UPSERT_JSONLD_NODEMAP_H
#define UPSERT_JSONLD_NODEMAP_H

#include "jsonld/jsonld.h"

/* Generate Blank Node Identifier: the identifier map and its counter. */
typedef struct BlankNodeLabels
{
	JldValue   *map;			/* identifier of the source -> label */
	int64		counter;
} BlankNodeLabels;

extern void blank_node_labels_init(BlankNodeLabels *labels);

/* The label of identifier, or a new one for JLD_NOSTR: "_:b0", "_:b1", … */
extern JldStr blank_node_label(BlankNodeLabels *labels, JldStr identifier);

/* The identifier that label stands for, or label itself: for messages, slow. */
extern JldStr blank_node_source(const BlankNodeLabels *labels, JldStr label);

/*
 * Arrays used as sets.  One UniqueIndex serves any number of arrays, which
 * must not be changed by other hands meanwhile.
 */
typedef struct UniqueIndex UniqueIndex;

extern UniqueIndex *unique_index_create(void);

/* Append item to array, unless an equal one is there; answers whether. */
extern bool unique_push(UniqueIndex *index, JldValue *array, JldValue *item);

typedef struct NodeMap
{
	JldProcessor *proc;
	JldValue   *graphs;			/* graph name -> (subject -> node) */
	BlankNodeLabels labels;
	UniqueIndex *unique;
} NodeMap;

/*
 * Node Map Generation for the expanded document, with "@default" as active
 * graph.  The document is left as it is.  Nodes, and arrays below them, are
 * the map's own; values are shared with the document.
 */
extern void node_map_generate(NodeMap *map, JldProcessor *proc,
							  JldValue *expanded);

/*
 * The same in parts: begin, and add one document after another.  mention makes
 * sure that a node is in the default graph, and answers its
 * member number there.
 */
extern void node_map_begin(NodeMap *map, JldProcessor *proc);
extern void node_map_add(NodeMap *map, JldValue *expanded);
extern int	node_map_mention(NodeMap *map, JldStr id);

/*
 * The flatten() method up to the context: the flattened form of an expanded
 * document, an array of nodes.
 */
extern JldValue *jsonld_flatten(JldProcessor *proc, JldValue *expanded);

#endif							/* UPSERT_JSONLD_NODEMAP_H */
