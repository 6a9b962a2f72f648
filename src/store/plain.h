/*
 * plain.h
 *		Expressions that nobody's code runs in.  Private to the direct store.
 */
#ifndef UPSERT_PLAIN_H
#define UPSERT_PLAIN_H

#include "nodes/nodes.h"

/*
 * True if the expression is made of PostgreSQL's own functions, and of those of
 * store_plain_function(), none of them volatile but nextval: it neither sees which rows are there nor opens anything
 * that would have to be closed.  NULL is plain.
 */
extern bool expression_is_plain(Node *expr);

#endif							/* UPSERT_PLAIN_H */
