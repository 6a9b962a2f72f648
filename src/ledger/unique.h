/*
 * unique.h
 *		The option uniqueProperties.
 */
#ifndef UPSERT_LEDGER_UNIQUE_H
#define UPSERT_LEDGER_UNIQUE_H

#include "ledger/log.h"

/*
 * The predicates that the names mean, by the payload's context (NULL: the
 * ledger's); NULL for none.  Errors 22023, UP004.
 */
extern JldValue *unique_predicates(const Ledger *ledger, JldProcessor *proc,
								   const JldValue *names, JldValue *context);

/*
 * Does a value of these predicates that a call has asserted (entries say what
 * it did, and the nodes are written) belong to another node of the graph, too?
 * Error 23505.  Holds off, until the end of the transaction, other calls that
 * ask the same of the same value.  Needs SPI.
 */
extern void unique_check(const Ledger *ledger, const JldValue *predicates,
						 const LogEntry *entries, int64 n);

#endif							/* UPSERT_LEDGER_UNIQUE_H */
