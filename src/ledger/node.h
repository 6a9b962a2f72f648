/*
 * node.h
 *		What a transaction makes of one stored node, and the flakes of that.
 */
#ifndef UPSERT_LEDGER_NODE_H
#define UPSERT_LEDGER_NODE_H

#include "ledger/payload.h"

typedef enum NodeMode
{
	NODE_UPSERT,				/* replace the values of each predicate given */
	NODE_REPLACE,				/* replace the node */
	NODE_INSERT,				/* add values */
	NODE_UPDATE,				/* retract some values, then add some */
	NODE_DELETE
} NodeMode;

/* What is to be done to one node. */
typedef struct NodeChange
{
	JldStr		graph;			/* empty: the default graph */
	JldStr		id;
	NodeMode	mode;
	JldValue   *node;			/* as in PayloadNode; NULL for NODE_DELETE */
	Jsonb	   *image;			/* the same in its place; or NULL */
	int			nvalues;		/* in the image, if that is all that a new
								 * node gets; 0: not known */
	JldValue   *retract;		/* as node, of NODE_UPDATE; or NULL */
	JldStr		owner;			/* as in PayloadNode */
} NodeChange;

/*
 * What a change did to a node: {predicate: [value, ...], ...} twice.  Values
 * are as in the node, but for lists: their items stand here singly, each with
 * its "@position".
 */
typedef struct NodeDifference
{
	JldValue   *retracted;
	JldValue   *asserted;
	int			nretracted;		/* values in all */
	int			nasserted;
} NodeDifference;

/*
 * The node after the change, old being the stored one (NULL: there is none).
 * NULL: nothing is left of it.  Where *difference is empty, the answer has no
 * meaning and old stays.  Shares structure with both; allocates in the current
 * memory context.
 *
 * Error UP006 if a predicate would get a second list.
 */
extern JldValue *node_change(const NodeChange *change, JldValue *old,
							 NodeDifference *difference);

/* The same in images. */
typedef struct ImageChange
{
	Jsonb	   *node;			/* after the change */
	Jsonb	   *retracted;		/* NULL: nothing, or not asked for */
	Jsonb	   *asserted;		/* the same; of a new node it is the node */
	int			nretracted;
	int			nasserted;
} ImageChange;

/*
 * What node_change() does, where change has an image and that is all it takes:
 * false says that node_change() is to be asked.  differences: retracted and
 * asserted are wanted.  Neither names a node without @id.
 */
extern bool node_change_image(const NodeChange *change, Jsonb *old,
							  bool differences, ImageChange *result);

/*
 * One difference after another: *first becomes what both made.  What the one
 * asserts and the other retracts leaves nothing.
 */
extern void node_difference_add(NodeDifference *first,
								const NodeDifference *second);

/* Values with the items of a list, and their "@position", in place of the list. */
extern JldValue *node_statements(JldValue *values);

/* A statement as the ledger's log has it, or its flakes. */
typedef struct Statement
{
	JldStr		p;				/* an IRI, or "@type" */
	JldValue   *o;				/* a value object, or {"@id"}; in a list with
								 * its "@position" */
} Statement;

/* The node that has these statements. */
extern JldValue *node_from_statements(JldStr id, const Statement *statements,
									  int n);

#endif							/* UPSERT_LEDGER_NODE_H */
