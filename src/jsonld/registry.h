/*
 * registry.h
 *		The stored contexts: the one door of the JSON-LD processor to a table.
 */
#ifndef UPSERT_JSONLD_REGISTRY_H
#define UPSERT_JSONLD_REGISTRY_H

/* Makes stored contexts known to context processing; once, by _PG_init. */
extern void registry_init(void);

#endif							/* UPSERT_JSONLD_REGISTRY_H */
