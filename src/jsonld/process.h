/*
 * process.h
 *		Between the files that make active contexts: context.c (the
 *		algorithm), term.c (Create Term Definition), termtable.c (the map of
 *		definitions), cache.c (memos), remote.c and registry.c (stored contexts).
 */
#ifndef UPSERT_JSONLD_PROCESS_H
#define UPSERT_JSONLD_PROCESS_H

#include "jsonld/context.h"

/* The remote contexts that are being processed, innermost first. */
typedef struct RemoteChain
{
	const struct RemoteChain *up;
	JldStr		iri;
	int			length;
} RemoteChain;

/* One run of the algorithm over one context definition. */
typedef struct LocalContext
{
	JldProcessor *proc;
	ActiveContext *result;		/* being made */
	JldValue   *local;			/* the context definition, an object */
	uint8	   *defined;		/* per member of local: DEFINED_... */
	JldStr		base_url;
	bool		protected;		/* @protected of local */
	bool		override_protected;
	const RemoteChain *remotes;
} LocalContext;

#define DEFINED_NOT		0
#define DEFINED_BUSY	1		/* "false" in the specification's map */
#define DEFINED_DONE	2		/* "true" */

/* Context Processing Algorithm with all its arguments, no memo. */
extern ActiveContext *context_process_full(JldProcessor *proc,
										   ActiveContext *ctx,
										   JldValue *local, JldStr base_url,
										   const RemoteChain *remotes,
										   bool override_protected,
										   bool propagate,
										   bool validate_scoped);

/*
 * The same for the context of a document, an array from its item first on (what
 * is no array: first is 0).
 */
extern ActiveContext *context_process_rest(JldProcessor *proc,
										   ActiveContext *ctx,
										   JldValue *local, int first,
										   JldStr base_url);

/* Create Term Definition for member number i of lc->local. */
extern void create_term_definition(LocalContext *lc, int i);

/* IRI Expansion during context processing (lc may be NULL: outside of it). */
extern JldStr expand_iri(JldProcessor *proc, const ActiveContext *ctx,
						 JldStr value, bool document_relative, bool vocab,
						 LocalContext *lc);

/*
 * The map of term definitions: layers, each hiding what is below.  A clone
 * shares the layers of its origin and gets a new one on top.
 */
extern struct TermTable *termtable_clone(struct TermTable *below);
extern TermDefinition *termtable_get(const struct TermTable *table,
									 JldStr term, uint32 hash);
extern void termtable_put(struct TermTable *table, TermDefinition *def);
extern int	termtable_count(const struct TermTable *table);
extern bool termtable_any_protected(const struct TermTable *table);

/* all definitions, in no order; *n is set */
extern TermDefinition **termtable_all(const struct TermTable *table, int *n);

/* What a call reads for the contexts that it makes. */
typedef struct RemoteDocuments
{
	MemoryContext build;		/* where the context being made will live */
	struct List *documents;		/* remote.c's own */
	bool		used;			/* since the one who asks set it to false */
	bool		lasting;		/* what was read may be remembered */
} RemoteDocuments;

extern RemoteDocuments *remote_documents(JldProcessor *proc);

/*
 * The remote context document of iri, read once for all contexts that are
 * being made in the same memory; error where it is not stored.
 */
extern JldValue *context_load(JldProcessor *proc, JldStr iri);

/*
 * The stored context document of iri, in the current memory context, or NULL.
 * *lasting is set to false where the answer holds for the caller's snapshot
 * only.  Set by registry.c when the module is loaded.
 */
typedef JldValue *(*ContextLoader) (JldStr iri, bool *lasting);

extern ContextLoader context_loader;

/* The stored contexts have changed: cached contexts made of them are stale. */
extern void context_cache_invalidate(void);

#endif							/* UPSERT_JSONLD_PROCESS_H */
