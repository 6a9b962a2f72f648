/*
 * name.h
 *		What can name a node of a ledger.
 */
#ifndef UPSERT_LEDGER_NAME_H
#define UPSERT_LEDGER_NAME_H

#include "jsonld/value.h"

/*
 * Can id name a node?  An absolute IRI without the characters that RFC 3987
 * excludes, or a blank node's label, can; check raises UP004 for others.
 */
extern bool name_is_iri(JldStr id);
extern void name_check_iri(JldStr id);

/* Are the two short enough to be a key?  check raises UP004 if not. */
extern bool name_is_key(JldStr graph, JldStr id);
extern void name_check_key(JldStr graph, JldStr id);

#endif							/* UPSERT_LEDGER_NAME_H */
