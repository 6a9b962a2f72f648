/*
 * node.h
 *		Which of several servers this one is.
 */
#ifndef UPSERT_NODE_H
#define UPSERT_NODE_H

/* Lets TIDs be told apart by the Citus group, where there is one. */
extern void node_init(void);

#endif							/* UPSERT_NODE_H */
