/*
 * tree.h
 *		A document that can be changed in place.  Private to src/doc.
 */
#ifndef UPSERT_DOC_TREE_H
#define UPSERT_DOC_TREE_H

#include "jsonb/build.h"

/*
 * A value.  Unexpanded it is an image; expanded it is a container whose
 * members or elements are nodes.  Use the functions below to change one.
 */
typedef struct DocNode
{
	DocItem		item;			/* the image; after expansion, type only */
	bool		expanded;
	bool		shared;			/* may have several parents: see tree.c */
	bool		is_object;		/* if expanded; else it is an array */
	uint32		n;				/* members or elements */
	uint32		size;			/* allocated places in the arrays */
	DocItem    *keys;			/* of an object, in key order */
	struct DocNode **children;
} DocNode;

/* A new node for an image, which must outlive the node. */
extern DocNode *doc_node(const DocItem *item);

/*
 * Make the node in a slot one that may be changed, and expand it.  (To look
 * into a node it is enough to expand it.)  No-op on scalars.
 */
extern void doc_node_own(DocNode **slot);
extern void doc_node_expand(DocNode *node);

/* A second place for the same value: put the node there and here. */
extern void doc_node_share(DocNode *node);

/* Find a member: its index or, with false, where it would have to be. */
extern bool doc_node_find(const DocNode *object, const DocItem *key,
						  uint32 *index);

/*
 * Insert or remove the child at an index of an owned node; key is NULL for an
 * array.
 */
extern void doc_node_insert(DocNode *node, uint32 index, const DocItem *key,
							DocNode *child);
extern void doc_node_remove(DocNode *node, uint32 index);

/*
 * The same JSON value?  Numbers are compared as numbers: 1 equals 1.0.
 */
extern bool doc_node_same_value(DocNode *node, const DocItem *item);

/* Write the node as the next entry of parent, or as a document. */
extern void doc_node_put(DocBuilder *b, DocFrame *parent,
						 const DocNode *node);
extern Jsonb *doc_from_node(const DocNode *node, Size size_hint);

#endif							/* UPSERT_DOC_TREE_H */
