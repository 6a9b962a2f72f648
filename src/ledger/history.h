/*
 * history.h
 *		Reading a ledger as it was.
 */
#ifndef UPSERT_LEDGER_HISTORY_H
#define UPSERT_LEDGER_HISTORY_H

#include "fmgr.h"
#include "ledger/ledger.h"

/* The stored node, or NULL; by the active snapshot.  Needs SPI. */
extern JldValue *history_now(const Ledger *ledger, JldStr graph, JldStr id);

/* The node as it was after t, or NULL; ledger_check_t() has been asked. */
extern JldValue *history_node(const Ledger *ledger, JldStr graph, JldStr id,
							  int64 t);

/*
 * The same for a node whose present (NULL: none) and whose changes after t are
 * known: history_begin(), history_undo() for each row of the log, the oldest
 * first, history_end().
 */
typedef struct Past Past;

extern Past *history_begin(void);
extern void history_undo(Past *past, JldValue *retracted, JldValue *asserted);
extern JldValue *history_end(Past *past, JldStr id, const JldValue *now);

/* The t that was the newest at this time; 0 before the first. */
extern int64 history_t_at(const Ledger *ledger, TimestampTz at);

/*
 * Is a past asked for, by this argument or by the option "at"?  Errors: those
 * of ledger_check_t(); 22023 for both.
 */
extern bool ledger_asked_t(FunctionCallInfo fcinfo, int argno, const Ledger *ledger,
						   const LedgerOptions *options, int64 *t);

#endif							/* UPSERT_LEDGER_HISTORY_H */
