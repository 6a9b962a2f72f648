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
	int			nretracted;		/* values in them; none at all: no row */
	int			nasserted;
} LogEntry;

/*
 * Adds entries, one a node, to the history at this t (see ledger_next_t), which
 * the ledger must keep, and what the caller says of them to the commits.
 */
extern void log_write(const Ledger *ledger, int64 t, bool shared,
					  const LogEntry *entries, int64 n,
					  const LedgerMessage *message);

/* Adds to the commits; counts are how many more flakes t has by this call. */
extern void commit_write(const Ledger *ledger, int64 t, bool shared,
						 int64 asserted, int64 retracted,
						 const LedgerMessage *message);

/*
 * The commits as nodes, for FROM: a relation with columns iri and doc.  Error
 * 55000 without history.
 */
extern char *commit_relation(const Ledger *ledger);

#endif							/* UPSERT_LEDGER_LOG_H */
