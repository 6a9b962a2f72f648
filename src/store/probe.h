/*
 * probe.h
 *		Finding a row of a heap table by a unique index.  Private to direct.c.
 */
#ifndef UPSERT_PROBE_H
#define UPSERT_PROBE_H

#include "nodes/execnodes.h"
#include "store/store_impl.h"

typedef struct Probe Probe;

/* Prepares look-ups by this index; in the current memory context. */
extern Probe *probe_open(Store *s, Oid index);

/*
 * Looks for the row that the key names, with estate's snapshot; s->old holds
 * it afterwards, or is empty.
 */
extern bool probe_find(Probe *probe, EState *estate, const Datum *key,
					   const bool *nulls);

/* The index that it looks by. */
extern Relation probe_index(Probe *probe);

extern void probe_close(Probe *probe);

#endif							/* UPSERT_PROBE_H */
