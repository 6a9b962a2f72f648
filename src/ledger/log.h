/*
 * log.h
 *		The history of a ledger.
 */
#ifndef UPSERT_LEDGER_LOG_H
#define UPSERT_LEDGER_LOG_H

#include "ledger/ledger.h"

/*
 * What a transaction did to one node: a NodeDifference as jsonb.  An "@id" in
 * it says nothing.
 */
typedef struct LogEntry
{
	JldStr		graph;
	JldStr		s;
	Jsonb	   *retracted;		/* NULL: nothing */
	Jsonb	   *asserted;
} LogEntry;

/*
 * Adds entries, one a node, to the history at this t (see ledger_next_t), which
 * the ledger must keep.
 */
extern void log_write(const Ledger *ledger, int64 t, bool shared,
					  const LogEntry *entries, int64 n);

#endif							/* UPSERT_LEDGER_LOG_H */
