/*
 * summary.h
 *		Indexes that keep summaries of pages.  Private to pending.c.
 */
#ifndef UPSERT_SUMMARY_H
#define UPSERT_SUMMARY_H

#include "nodes/execnodes.h"

typedef struct Summaries Summaries;

/* Those of the table, in the current memory context; NULL: none that we know. */
extern Summaries *summaries_find(ResultRelInfo *rri);

/*
 * Takes them away from ExecInsertIndexTuples(), and gives them back.  After an
 * error the table is not to be written any more.
 */
extern void summaries_take(Summaries *s, ResultRelInfo *rri);
extern void summaries_give_back(Summaries *s, ResultRelInfo *rri);

/* The row in the slot, which is in the table, goes into them. */
extern void summaries_add(Summaries *s, EState *estate, Relation rel,
						  TupleTableSlot *slot);

#endif							/* UPSERT_SUMMARY_H */
