/*
 * envelope.h
 *		What stands in a transaction beside its data.
 */
#ifndef UPSERT_LEDGER_ENVELOPE_H
#define UPSERT_LEDGER_ENVELOPE_H

#include "fmgr.h"

#include "ledger/ledger.h"

typedef struct Envelope
{
	Jsonb	   *doc;			/* the data alone */
	JldValue   *ledger;			/* NULL: says none */
	JldValue   *opts;			/* the same */
	JldValue   *metadata;		/* under txn-meta; NULL: none */
	JldValue   *beside;			/* beside @graph, with the @context; the same */
	Jsonb	   *named_graph;	/* with what stands beside @graph: what it is
								 * if there is an @id by another name */
} Envelope;

/*
 * Takes a payload of ledger_upsert and the like apart.  Errors: UP006 for a
 * reserved key that has no place there or that a context defines, and for
 * metadata that is null.
 */
extern void envelope_open(Jsonb *payload, Envelope *envelope);

/*
 * Makes metadata, expanded by the processor, into that of a message.  Error
 * UP006 for a node in it.  envelope_read() does so for all of an envelope, and
 * answers the data.
 */
extern void envelope_read_metadata(JldProcessor *proc, JldValue *metadata,
								   LedgerMessage *message);
extern Jsonb *envelope_read(JldProcessor *proc, const Envelope *envelope,
							LedgerMessage *message);

/* Error 22023 if the transaction says that it is for another ledger. */
extern void envelope_check_ledger(const Ledger *ledger, const JldValue *name);

/*
 * The options of a call, and those of its transaction.  Error 22023 for one
 * that both give and that is not equal.
 */
extern void envelope_options(Jsonb *argument, const JldValue *opts, int takes,
							 LedgerOptions *options);

/*
 * remember_call() for a function of a ledger, a transaction and options: the
 * key stands in the options, or in the transaction's own.
 */
extern Datum envelope_remember(FunctionCallInfo fcinfo, PGFunction work);

/* Error UP006 for a context that defines a reserved key. */
extern void envelope_check_context(const JldValue *context);

#endif							/* UPSERT_LEDGER_ENVELOPE_H */
