/*
 * verbs.h
 *		One document by its key.
 */
#ifndef UPSERT_VERBS_H
#define UPSERT_VERBS_H

/* Makes them known to other nodes; called by _PG_init(). */
extern void verbs_init(void);

#endif							/* UPSERT_VERBS_H */
