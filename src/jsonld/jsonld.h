/*
 * jsonld.h
 *		The vocabulary that all parts of the JSON-LD 1.1 processor share: the
 *		processor state of one call, its options, budgets and errors, and the
 *		entry points of the algorithms.
 *
 * Source of the semantics: W3C "JSON-LD 1.1 Processing Algorithms and API"
 * (2020-07-16).  Functions are named after its sections; comments cite its
 * step numbers.
 */
#ifndef UPSERT_JSONLD_H
#define UPSERT_JSONLD_H

#include "base/digest.h"
#include "jsonld/error.h"
#include "jsonld/value.h"

typedef enum JldMode
{
	JLD_MODE_1_1,
	JLD_MODE_1_0
} JldMode;

typedef enum JldRdfDirection
{
	JLD_DIRECTION_NONE,
	JLD_DIRECTION_I18N,			/* "i18n-datatype" */
	JLD_DIRECTION_COMPOUND		/* "compound-literal" */
} JldRdfDirection;

/* the object embed flag of framing */
typedef enum JldEmbed
{
	JLD_EMBED_ONCE,
	JLD_EMBED_ALWAYS,
	JLD_EMBED_NEVER,
	JLD_EMBED_FIRST,			/* json-ld-1.0 */
	JLD_EMBED_LAST				/* json-ld-1.0 */
} JldEmbed;

typedef enum JldOmit
{
	JLD_OMIT_DEFAULT,			/* by processing mode */
	JLD_OMIT_YES,
	JLD_OMIT_NO
} JldOmit;

/* The options object of the API; names as there, defaults as there. */
typedef struct JldOptions
{
	JldStr		base;			/* JLD_NOSTR: none */
	JldValue   *expandContext;	/* NULL: none */
	JldStr		contextKey;		/* ours, not for SQL: the key under which the
								 * user wrote it, for errors */
	bool		compactArrays;	/* true */
	bool		compactToRelative;	/* true */
	bool		ordered;		/* false */
	JldMode		processingMode; /* JLD_MODE_1_1 */
	JldRdfDirection rdfDirection;
	bool		useNativeTypes;
	bool		useRdfType;
	bool		produceGeneralizedRdf;
	JldEmbed	embed;			/* of framing, as all to frameDefault */
	bool		explicit;
	bool		requireAll;
	bool		omitDefault;
	JldOmit		omitGraph;
	bool		frameDefault;
	bool		safe;			/* ours: error instead of dropping data */
	bool		strictCompactIri;	/* ours: refuse undefined prefixes */
	bool		keepNulls;		/* ours, not for SQL: a property that is null
								 * expands to [], so that a caller who cares
								 * can tell it from one not given */
	DigestKind	hashAlgorithm;	/* of canonicalization */
	bool		inlineContexts; /* ours, not for SQL: stored contexts are not
								 * read */
	bool		skipBare;		/* ours, not for SQL: a node of which nothing
								 * is said is left out, also where safe */
	bool		moreDatatypes;	/* ours, not for SQL: rdf:JSON as a datatype
								 * means @json, and Fluree's @fulltext and
								 * @vector are datatypes */
	const char *prefixHint;		/* ours, not for SQL: where a prefix that is
								 * not defined should be; NULL: in an @context */
	bool		noAnnotations;	/* ours, not for SQL: edge annotations are
								 * refused by name */
	bool		keepRelative;	/* ours, not for SQL: the caller checks IRIs,
								 * so safe does not refuse relative ones */
} JldOptions;

/* One step of the way from the document's root to the datum at hand. */
typedef struct JldPath
{
	const struct JldPath *up;
	JldStr		key;			/* JLD_NOSTR: an array index */
	int			index;
} JldPath;

/*
 * The state of one call.  Everything hangs in the memory context that was
 * current at jsonld_begin(), which the caller throws away afterwards.
 */
typedef struct JldProcessor
{
	MemoryContext mcxt;
	JldOptions	options;
	const JldPath *path;		/* where we are, for error messages */
	bool		framing;		/* a frame is being expanded */
	int			validating;		/* nesting of scoped context validation */
	int			depth;			/* against upsert.jsonld_max_depth */
	int64		steps;			/* against upsert.jsonld_max_steps */
	int64		output;			/* bytes, against upsert.jsonld_max_output */
	struct ContextMemo *memo;	/* cache.c: what this call has processed */
	struct RemoteDocuments *remotes;	/* remote.c: what it has read */
} JldProcessor;

/*
 * Start a call: sets the defaults, then reads options (NULL: none).  An
 * unknown option, or one of the wrong type, is error 22023 that names it.
 */
extern void jsonld_begin(JldProcessor *proc, Jsonb *options);

/* The same for calls that take other options than the API's first six. */
typedef enum JldCall
{
	JLD_CALL_API = 0x01,
	JLD_CALL_CANONIZE = 0x02,	/* safe unless told otherwise */
	JLD_CALL_RDF_CANONIZE = 0x04,
	JLD_CALL_FRAME = 0x08
} JldCall;

extern void jsonld_begin_call(JldProcessor *proc, Jsonb *options, JldCall call);

/* Budgets: each raises UP009 when its limit is passed. */
extern void jld_enter(JldProcessor *proc);	/* one level deeper; also checks
											 * the stack */
extern void jld_leave(JldProcessor *proc);
extern void jld_step(JldProcessor *proc);	/* one step of context processing */
extern void jld_output(JldProcessor *proc, int64 bytes);	/* made so much */
extern void jld_terms(JldProcessor *proc, int n);	/* terms of a context */
extern int	jld_max_work(void); /* steps of canonicalization ... */
pg_noreturn extern void jld_limit_work(JldProcessor *proc); /* ... and these were
															 * more */

/*
 * Data are about to be left out of the answer.  In safe mode that is an error
 * whose DETAIL begins with "dropped data"; otherwise nothing happens.
 */
extern void jld_dropped(JldProcessor *proc, const JldValue *what,
						const char *why);

/* Registers the settings; called once by _PG_init. */
extern void jsonld_init(void);

/*
 * Algorithms over values.  doc is any JSON value; "expanded" is what
 * jsonld_expand answers: an array of node objects.
 */

/* The expand() method: context from options, then the Expansion Algorithm. */
extern JldValue *jsonld_expand(JldProcessor *proc, JldValue *doc);

/* The same for a frame: what the keywords of framing say is kept. */
extern JldValue *jsonld_expand_frame(JldProcessor *proc, JldValue *frame);

/*
 * The frame() method from the expanded input on.  frame is as the user wrote
 * it, an object.
 */
extern JldValue *jsonld_frame(JldProcessor *proc, JldValue *expanded,
							  JldValue *frame);

/*
 * The compact() method from step 5 on: compacts an expanded document.
 * context is a context or an object that has one under "@context".  The
 * answer is an object; with graph_always the top-level nodes stand in a
 * @graph array even if there is only one (as flatten wants it).
 */
extern JldValue *jsonld_compact(JldProcessor *proc, JldValue *expanded,
								JldValue *context, bool graph_always);

/* Definitions of section 4 and 9 of the syntax, on expanded form. */
extern bool jld_is_value_object(const JldValue *v); /* has @value */
extern bool jld_is_list_object(const JldValue *v);	/* has @list */
extern bool jld_is_set_object(const JldValue *v);	/* has @set */
extern bool jld_is_graph_object(const JldValue *v); /* @graph, with at most
													 * @id, @index */
extern bool jld_is_node_object(const JldValue *v);	/* map, none of @value
													 * @list @set */
extern bool jld_is_keyword(JldStr s);

/* Is s _:…? */
static inline bool
jld_is_blank_node_id(JldStr s)
{
	return s.len >= 2 && s.data[0] == '_' && s.data[1] == ':';
}

#endif							/* UPSERT_JSONLD_H */
