/*
 * naming.h
 *		Names for the nodes of a payload that have none of their own.
 */
#ifndef UPSERT_LEDGER_NAMING_H
#define UPSERT_LEDGER_NAMING_H

#include "jsonld/jsonld.h"

typedef struct Naming Naming;

/*
 * Begins to name the nodes of one document.  by_content: by what they say, not
 * by their position; terms: literals get their stored spelling (term.h).
 */
extern Naming *naming_begin(JldProcessor *proc, bool by_content, bool terms);

/*
 * The elements at the top of an expanded document, one after another: a copy
 * in which every node object has an @id that can be stored, or NULL where that
 * is not known before the whole document is: naming_rest() brings those, an
 * array in the order in which they came.
 *
 * Errors: UP004 malformed IRIs.
 */
extern JldValue *naming_element(Naming *naming, JldValue *element);
extern JldValue *naming_rest(Naming *naming);

/* All of a document at once. */
extern JldValue *naming_document(Naming *naming, JldValue *expanded);

/*
 * For who names the nodes of an element by himself: the label of the next node
 * without @id under this predicate of this node; visit is a number of the place
 * where the owner stands.  JLD_NOSTR: it would depend on more than that.  What
 * was named since naming_begin_parts() can be taken back, if the element is
 * given to naming_element() after all.
 */
extern void naming_begin_parts(Naming *naming);
extern JldStr naming_part(Naming *naming, JldStr owner, JldStr predicate, int visit);
extern void naming_take_back_parts(Naming *naming);

/* Has an element the label of a blank node that is the document's own? */
extern bool naming_has_labels(const JldValue *element);

/* Is it such a label?  Those that a ledger has given out are its own. */
extern bool naming_is_local(JldStr id);

/* Is it a label that a ledger gave? */
extern bool naming_is_minted(JldStr id);

/* What such a label has behind what all have in common. */
extern JldStr naming_digest(JldStr minted);

#endif							/* UPSERT_LEDGER_NAMING_H */
