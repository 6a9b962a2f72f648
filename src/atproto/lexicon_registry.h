/*
 * lexicon_registry.h
 *		The lexicons that this database knows: table at_lexicons.
 */
#ifndef UPSERT_ATPROTO_LEXICON_REGISTRY_H
#define UPSERT_ATPROTO_LEXICON_REGISTRY_H

#include "utils/jsonb.h"

/*
 * The registered lexicon with this NSID (len bytes), or NULL.  The result
 * belongs to the registry and lives as long as the memory context that is
 * current.
 */
extern Jsonb *lexicon_registry_lookup(const char *nsid, int len);

#endif							/* UPSERT_ATPROTO_LEXICON_REGISTRY_H */
