/*
 * context.h
 *		Active contexts: what the keys and values of a document mean.
 *
 * Layers above (expand.c, compact.c) look terms up, expand IRIs and derive
 * new contexts from old ones; they never change a context.  An active
 * context is constant once handed out and may be shared by any number of
 * calls.
 */
#ifndef UPSERT_JSONLD_CONTEXT_H
#define UPSERT_JSONLD_CONTEXT_H

#include "jsonld/jsonld.h"

/* The keywords of the syntax; JLD_KW_NONE: not a keyword. */
typedef enum JldKeyword
{
	JLD_KW_NONE,
	JLD_KW_BASE,
	JLD_KW_CONTAINER,
	JLD_KW_CONTEXT,
	JLD_KW_DIRECTION,
	JLD_KW_GRAPH,
	JLD_KW_ID,
	JLD_KW_IMPORT,
	JLD_KW_INCLUDED,
	JLD_KW_INDEX,
	JLD_KW_JSON,
	JLD_KW_LANGUAGE,
	JLD_KW_LIST,
	JLD_KW_NEST,
	JLD_KW_NOT,					/* @none */
	JLD_KW_PREFIX,
	JLD_KW_PROPAGATE,
	JLD_KW_PROTECTED,
	JLD_KW_REVERSE,
	JLD_KW_SET,
	JLD_KW_TYPE,
	JLD_KW_VALUE,
	JLD_KW_VERSION,
	JLD_KW_VOCAB,
	/* of frames only */
	JLD_KW_DEFAULT,
	JLD_KW_EMBED,
	JLD_KW_EXPLICIT,
	JLD_KW_OMIT_DEFAULT,
	JLD_KW_REQUIRE_ALL
} JldKeyword;

extern JldKeyword jld_keyword(JldStr s);	/* not those of frames */
extern JldKeyword jld_framing_keyword(JldStr s);	/* only those */

static inline bool
jld_is_framing(JldKeyword keyword)
{
	return keyword >= JLD_KW_DEFAULT;
}

extern bool jld_keyword_form(JldStr s); /* "@" 1*ALPHA */

/* container mapping, a set of these */
#define JLD_CONTAINER_GRAPH		0x01
#define JLD_CONTAINER_ID		0x02
#define JLD_CONTAINER_INDEX		0x04
#define JLD_CONTAINER_LANGUAGE	0x08
#define JLD_CONTAINER_LIST		0x10
#define JLD_CONTAINER_SET		0x20
#define JLD_CONTAINER_TYPE		0x40

typedef enum JldDirection
{
	JLD_DIR_NULL,				/* no direction */
	JLD_DIR_LTR,
	JLD_DIR_RTL
} JldDirection;

extern JldStr jld_direction_name(JldDirection direction);

typedef struct TermDefinition
{
	JldStr		term;
	uint32		hash;			/* jld_hash(term) */
	JldStr		iri;			/* IRI mapping; JLD_NOSTR: null */
	JldKeyword	keyword;		/* what iri is, if it is a keyword */
	JldKeyword	type_keyword;	/* what type is, if it is a keyword */
	JldStr		type;			/* type mapping; JLD_NOSTR: none */
	uint8		container;
	bool		removed;		/* hides a definition of a lower layer */
	bool		prefix;
	bool		protected;
	bool		reverse;
	bool		has_language;	/* language mapping, JLD_NOSTR: null */
	bool		has_direction;	/* direction mapping, may be null */
	JldDirection direction;
	JldStr		language;
	JldStr		index;			/* index mapping; JLD_NOSTR: none */
	JldStr		nest;			/* nest value; JLD_NOSTR: none */
	MemoryContext mcxt;			/* where all of this lives */
	JldValue   *context;		/* scoped local context; C NULL: none */
	JldStr		base_url;		/* to resolve its relative references */
} TermDefinition;

typedef struct ActiveContext
{
	MemoryContext mcxt;			/* what is derived from it lives here too */
	struct TermTable *terms;	/* termtable.c */
	JldStr		base;			/* base IRI; JLD_NOSTR: none */
	JldStr		original_base;	/* original base URL */
	JldStr		vocab;			/* vocabulary mapping; JLD_NOSTR: none */
	JldStr		language;		/* default language; JLD_NOSTR: none */
	JldDirection direction;		/* default base direction */
	struct ActiveContext *previous; /* NULL: it propagates */
	struct CacheEntry *entry;	/* cache.c: in whose memory it lives, or NULL */
	struct HTAB *scoped;		/* cache.c: contexts derived by terms */
	struct InverseContext *inverse; /* inverse.c: made on demand */
} ActiveContext;

/* The definition of term, or NULL. */
extern TermDefinition *context_term(const ActiveContext *ctx, JldStr term);

/* The context that a call starts from: base and expandContext of options. */
extern ActiveContext *context_initial(JldProcessor *proc);

/* The same without expandContext: what compaction starts from. */
extern ActiveContext *context_plain(JldProcessor *proc);

/* A newly initialized context whose base and original base are base. */
extern ActiveContext *context_new(MemoryContext mcxt, JldStr base);

/*
 * Context Processing Algorithm for an @context of a document.  Contexts that
 * were processed before against the same active context cost a look-up.
 */
extern ActiveContext *context_process(JldProcessor *proc, ActiveContext *ctx,
									  JldValue *local);

/*
 * The same for the scoped context of def (def->context is not NULL), applied
 * to ctx: property-scoped with override and propagate, type-scoped without.
 */
extern ActiveContext *context_apply_scoped(JldProcessor *proc,
										   ActiveContext *ctx,
										   TermDefinition *def,
										   bool override, bool propagate);

/* IRI Expansion; answers JLD_NOSTR for null. */
extern JldStr context_expand_iri(JldProcessor *proc, const ActiveContext *ctx,
								 JldStr value, bool document_relative,
								 bool vocab);

#endif							/* UPSERT_JSONLD_CONTEXT_H */
