/*
 * term.h
 *		Literals as a ledger keeps them: one spelling for each RDF term.
 */
#ifndef UPSERT_LEDGER_TERM_H
#define UPSERT_LEDGER_TERM_H

#include "jsonld/context.h"

/*
 * The stored spelling of a value object: what means the same RDF term has the
 * same one.  The argument itself, or a new object.  Error 22003 for a number
 * that is no double and would have to be.
 */
extern JldValue *term_normal(JldValue *value);

/* Can a scalar string of this datatype have another spelling? */
extern bool term_is_native(JldStr datatype);

/*
 * A stored node as it is best read under a context: a literal gets back the
 * datatype that a term for its predicate coerces to.  A copy where that changes
 * something.
 */
extern JldValue *term_show_node(JldValue *node, const ActiveContext *ctx);

#endif							/* UPSERT_LEDGER_TERM_H */
