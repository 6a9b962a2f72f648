/*
 * context.c
 *		Context Processing Algorithm and IRI Expansion.
 *
 * Owns how a local context (the value of @context) turns an active context
 * into another one, and how a string becomes an IRI under an active context.
 * Step numbers are those of "JSON-LD 1.1 Processing Algorithms and API",
 * sections "Context Processing Algorithm" and "IRI Expansion".  Knows nothing
 * of tables: remote contexts come through context_load().  When and where
 * results are kept is cache.c's business.
 *
 *		local context	--- context_process_full() --->	ActiveContext
 *		  { "@vocab": ...,			 |						base, vocab,
 *			"name": "ex:name" }		 |						language, direction
 *									 +- create_term_definition() -> terms
 *
 * The two call each other: a term may have a context of its own, which is
 * checked where the term is defined (term.c).
 *
 * The algorithm clones the active context once and then changes the clone,
 * for an array of contexts too, so an array of n contexts costs n, not the
 * square of it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "jsonld/iri.h"
#include "jsonld/process.h"

/* how many remote contexts may be nested in one another */
#define REMOTE_CHAIN_MAX	10

static ActiveContext *context_clone(const ActiveContext *ctx);
static ActiveContext *process_from(JldProcessor *proc, ActiveContext *ctx,
								   JldValue *local, int first, JldStr base_url,
								   const RemoteChain *remotes,
								   bool override_protected, bool propagate,
								   bool validate_scoped);
static ActiveContext *process_remote(JldProcessor *proc, ActiveContext *result,
									 JldValue *context, JldStr base_url,
									 const RemoteChain *remotes,
									 bool override_protected, bool propagate,
									 bool validate_scoped);
static JldValue *process_import(JldProcessor *proc, JldValue *context,
								JldStr base_url);
static void process_definition(JldProcessor *proc, ActiveContext *result,
							   JldValue *context, JldStr base_url,
							   const RemoteChain *remotes,
							   bool override_protected);
static void process_version(JldProcessor *proc, JldValue *value);
static void process_base(JldProcessor *proc, ActiveContext *result,
						 JldValue *value);
static void process_vocab(JldProcessor *proc, ActiveContext *result,
						  JldValue *value);
static void process_language(JldProcessor *proc, ActiveContext *result,
							 JldValue *value);
static void process_direction(JldProcessor *proc, ActiveContext *result,
							  JldValue *value);
static void refuse_in_1_0(JldProcessor *proc, const char *keyword);
static void check_prefix_defined(JldProcessor *proc, JldStr value, int colon);

/* --- active contexts ------------------------------------------------------ */

ActiveContext *
context_new(MemoryContext mcxt, JldStr base)
{
	MemoryContext old = MemoryContextSwitchTo(mcxt);
	ActiveContext *ctx = palloc0(sizeof(ActiveContext));

	ctx->mcxt = mcxt;
	ctx->terms = termtable_clone(NULL);
	ctx->base = ctx->original_base = base;
	MemoryContextSwitchTo(old);
	return ctx;
}

/* a copy to be changed, in the current memory context */
static ActiveContext *
context_clone(const ActiveContext *ctx)
{
	ActiveContext *clone = palloc(sizeof(ActiveContext));

	*clone = *ctx;
	clone->mcxt = CurrentMemoryContext;
	if (clone->mcxt != ctx->mcxt)
		clone->entry = NULL;
	clone->terms = termtable_clone(ctx->terms);
	clone->scoped = NULL;
	clone->inverse = NULL;
	return clone;
}

TermDefinition *
context_term(const ActiveContext *ctx, JldStr term)
{
	return termtable_get(ctx->terms, term, jld_hash(term));
}

/* --- Context Processing Algorithm ----------------------------------------- */

ActiveContext *
context_process_full(JldProcessor *proc, ActiveContext *ctx, JldValue *local,
					 JldStr base_url, const RemoteChain *remotes,
					 bool override_protected, bool propagate,
					 bool validate_scoped)
{
	return process_from(proc, ctx, local, 0, base_url, remotes,
						override_protected, propagate, validate_scoped);
}

ActiveContext *
context_process_rest(JldProcessor *proc, ActiveContext *ctx, JldValue *local,
					 int first, JldStr base_url)
{
	return process_from(proc, ctx, local, first, base_url, NULL, false, true, true);
}

/* first: where to begin in an array, whose items before are in ctx */
static ActiveContext *
process_from(JldProcessor *proc, ActiveContext *ctx, JldValue *local, int first,
			 JldStr base_url, const RemoteChain *remotes,
			 bool override_protected, bool propagate, bool validate_scoped)
{
	ActiveContext *result;
	JldValue   *flag;
	bool		is_array = local->type == JLD_ARRAY;
	int			n = is_array ? local->n : 1;
	const JldPath *path = proc->path;
	JldPath		step = {.up = path, .key = JLD_NOSTR};

	jld_enter(proc);

	/* 1) */
	result = context_clone(ctx);

	/* 2) */
	if (jld_is_object(local) &&
		(flag = jld_get(local, JLD_STR("@propagate"))) != NULL &&
		flag->type == JLD_BOOL)
		propagate = flag->u.boolean;

	/* 3) */
	if (!propagate && result->previous == NULL)
		result->previous = ctx;

	/* 4), 5) */
	for (int i = first; i < n; i++)
	{
		JldValue   *context = is_array ? local->u.items[i] : local;

		if (is_array)
		{
			step.index = i;
			proc->path = &step;
		}
		jld_step(proc);

		switch (context->type)
		{
			case JLD_NULL:
				{
					ActiveContext *fresh;

					/* 5.1.1) */
					if (!override_protected &&
						termtable_any_protected(result->terms))
						jld_error(proc, JLD_INVALID_CONTEXT_NULLIFICATION, NULL,
								  "a null context cannot remove protected terms");
					/* 5.1.2) */
					fresh = context_new(CurrentMemoryContext,
										ctx->original_base);
					if (!propagate)
						fresh->previous = result->previous;
					result = fresh;
					break;
				}

			case JLD_STRING:	/* 5.2) */
				result = process_remote(proc, result, context, base_url, remotes,
										override_protected, propagate,
										validate_scoped);
				break;

			case JLD_OBJECT:	/* 5.4) */
				process_definition(proc, result, context, base_url, remotes,
								   override_protected);
				break;

			default:			/* 5.3) */
				jld_error(proc, JLD_INVALID_LOCAL_CONTEXT, jld_excerpt(context),
						  "context is not null, a string or an object");
		}
	}

	proc->path = path;
	jld_leave(proc);

	/* 6) */
	return result;
}

/* 5.2): context is the IRI of a stored context */
static ActiveContext *
process_remote(JldProcessor *proc, ActiveContext *result, JldValue *context,
			   JldStr base_url, const RemoteChain *remotes,
			   bool override_protected, bool propagate, bool validate_scoped)
{
	JldStr		iri = context->u.string;
	RemoteChain link;
	JldValue   *document;
	JldValue   *loaded;

	/* 5.2.1) */
	if (base_url.data)
		iri = iri_resolve(base_url, iri);
	else if (!iri_is_absolute(iri))
		jld_error(proc, JLD_LOADING_REMOTE_CONTEXT_FAILED, jld_cstr(iri),
				  "context is a relative reference and there is no base");

	/* 5.2.2) */
	if (!validate_scoped)
	{
		for (const RemoteChain *r = remotes; r; r = r->up)
			if (jld_eq(r->iri, iri))
				return result;
	}

	/* 5.2.3) */
	link.up = remotes;
	link.iri = iri;
	link.length = remotes ? remotes->length + 1 : 1;
	if (link.length > REMOTE_CHAIN_MAX)
		jld_error(proc, JLD_CONTEXT_OVERFLOW, jld_cstr(iri),
				  "more than %d contexts refer to one another",
				  REMOTE_CHAIN_MAX);

	/* 5.2.4), 5.2.5) */
	document = context_load(proc, iri);
	loaded = jld_is_object(document) ?
		jld_get(document, JLD_STR("@context")) : NULL;
	if (loaded == NULL)
		jld_error(proc, JLD_INVALID_REMOTE_CONTEXT, jld_cstr(iri),
				  "stored document has no @context");

	/* 5.2.6) */
	return context_process_full(proc, result, loaded, iri, &link,
								override_protected, propagate, validate_scoped);
}

/* 5.5) to 5.13): changes result */
static void
process_definition(JldProcessor *proc, ActiveContext *result,
				   JldValue *context, JldStr base_url,
				   const RemoteChain *remotes, bool override_protected)
{
	LocalContext lc;
	JldValue   *value;

	/* 5.5) */
	if ((value = jld_get(context, JLD_STR("@version"))) != NULL)
		process_version(proc, value);

	/* 5.6) */
	if (jld_get(context, JLD_STR("@import")) != NULL)
		context = process_import(proc, context, base_url);

	/* 5.7) */
	if (remotes == NULL && (value = jld_get(context, JLD_STR("@base"))) != NULL)
		process_base(proc, result, value);

	/* 5.8) */
	if ((value = jld_get(context, JLD_STR("@vocab"))) != NULL)
		process_vocab(proc, result, value);

	/* 5.9) */
	if ((value = jld_get(context, JLD_STR("@language"))) != NULL)
		process_language(proc, result, value);

	/* 5.10) */
	if ((value = jld_get(context, JLD_STR("@direction"))) != NULL)
		process_direction(proc, result, value);

	/* 5.11) */
	if ((value = jld_get(context, JLD_STR("@propagate"))) != NULL)
	{
		refuse_in_1_0(proc, "@propagate");
		if (value->type != JLD_BOOL)
			jld_error(proc, JLD_INVALID_PROPAGATE_VALUE, jld_excerpt(value),
					  "value of @propagate is not a boolean");
	}

	/* 5.12) */
	lc.proc = proc;
	lc.result = result;
	lc.local = context;
	lc.defined = palloc0(Max(context->n, 1));
	lc.base_url = base_url;
	lc.protected = false;
	lc.override_protected = override_protected;
	lc.remotes = remotes;
	if ((value = jld_get(context, JLD_STR("@protected"))) != NULL)
	{
		refuse_in_1_0(proc, "@protected");
		if (value->type != JLD_BOOL)
			jld_error(proc, JLD_INVALID_PROTECTED_VALUE, jld_excerpt(value),
					  "value of @protected is not a boolean");
		lc.protected = value->u.boolean;
	}

	/* 5.13) */
	for (int i = 0; i < context->n; i++)
	{
		switch (jld_keyword(context->u.object.members[i].key))
		{
			case JLD_KW_BASE:
			case JLD_KW_DIRECTION:
			case JLD_KW_IMPORT:
			case JLD_KW_LANGUAGE:
			case JLD_KW_PROPAGATE:
			case JLD_KW_PROTECTED:
			case JLD_KW_VERSION:
			case JLD_KW_VOCAB:
				break;
			default:
				create_term_definition(&lc, i);
		}
	}
	pfree(lc.defined);
}

static void
refuse_in_1_0(JldProcessor *proc, const char *keyword)
{
	if (proc->options.processingMode == JLD_MODE_1_0)
		jld_error(proc, JLD_INVALID_CONTEXT_ENTRY, keyword,
				  "context entry is not of JSON-LD 1.0");
}

/* 5.5) */
static void
process_version(JldProcessor *proc, JldValue *value)
{
	/* 5.5.1) */
	if (value->type != JLD_NUMBER ||
		strcmp(numeric_normalize(value->u.number), "1.1") != 0)
		jld_error(proc, JLD_INVALID_VERSION_VALUE, jld_excerpt(value),
				  "value of @version is not the number 1.1");
	/* 5.5.2) */
	if (proc->options.processingMode == JLD_MODE_1_0)
		jld_error(proc, JLD_PROCESSING_MODE_CONFLICT, "@version",
				  "context wants JSON-LD 1.1, the processing mode is json-ld-1.0");
}

/* 5.6): answers context merged into the imported one */
static JldValue *
process_import(JldProcessor *proc, JldValue *context, JldStr base_url)
{
	JldValue   *value = jld_get(context, JLD_STR("@import"));
	JldValue   *document;
	JldValue   *import;
	JldValue   *merged;
	JldStr		iri;

	/* 5.6.1) */
	refuse_in_1_0(proc, "@import");
	/* 5.6.2) */
	if (value->type != JLD_STRING)
		jld_error(proc, JLD_INVALID_IMPORT_VALUE, jld_excerpt(value),
				  "value of @import is not a string");
	/* 5.6.3) */
	iri = value->u.string;
	if (base_url.data)
		iri = iri_resolve(base_url, iri);
	/* 5.6.4), 5.6.5) */
	document = context_load(proc, iri);
	/* 5.6.6) */
	import = jld_is_object(document) ?
		jld_get(document, JLD_STR("@context")) : NULL;
	if (!jld_is_object(import))
		jld_error(proc, JLD_INVALID_REMOTE_CONTEXT, jld_cstr(iri),
				  "imported document has no @context that is an object");
	/* 5.6.7) */
	if (jld_get(import, JLD_STR("@import")))
		jld_error(proc, JLD_INVALID_CONTEXT_ENTRY, "@import",
				  "an imported context cannot import");
	/* 5.6.8) */
	merged = jld_copy_shallow(import);
	for (int i = 0; i < context->n; i++)
		jld_put(merged, context->u.object.members[i].key,
				context->u.object.members[i].value);
	return merged;
}

/* 5.7) */
static void
process_base(JldProcessor *proc, ActiveContext *result, JldValue *value)
{
	if (value->type == JLD_NULL)
		result->base = JLD_NOSTR;	/* 5.7.2) */
	else if (value->type != JLD_STRING)
		jld_error(proc, JLD_INVALID_BASE_IRI, jld_excerpt(value),
				  "value of @base is neither a string nor null");
	else if (iri_is_absolute(value->u.string))
		result->base = value->u.string; /* 5.7.3) */
	else if (result->base.data)
		result->base = iri_resolve(result->base, value->u.string);	/* 5.7.4) */
	else
		jld_error(proc, JLD_INVALID_BASE_IRI, jld_excerpt(value),
				  "value of @base is relative and there is no base");	/* 5.7.5) */
}

/* 5.8) */
static void
process_vocab(JldProcessor *proc, ActiveContext *result, JldValue *value)
{
	if (value->type == JLD_NULL)
	{
		result->vocab = JLD_NOSTR;	/* 5.8.2) */
		return;
	}
	if (value->type != JLD_STRING)
		jld_error(proc, JLD_INVALID_VOCAB_MAPPING, jld_excerpt(value),
				  "value of @vocab is neither a string nor null");

	/* 5.8.3) 1.0 knows no relative vocabulary */
	if (proc->options.processingMode == JLD_MODE_1_0 &&
		!iri_is_absolute(value->u.string) &&
		!jld_is_blank_node_id(value->u.string))
		jld_error(proc, JLD_INVALID_VOCAB_MAPPING, jld_excerpt(value),
				  "value of @vocab is not an IRI");
	result->vocab = expand_iri(proc, result, value->u.string, true, true, NULL);
	if (result->vocab.data == NULL)
		jld_error(proc, JLD_INVALID_VOCAB_MAPPING, jld_excerpt(value),
				  "value of @vocab is not an IRI");
}

/* 5.9) */
static void
process_language(JldProcessor *proc, ActiveContext *result, JldValue *value)
{
	if (value->type == JLD_NULL)
		result->language = JLD_NOSTR;
	else if (value->type == JLD_STRING)
		result->language = value->u.string;
	else
		jld_error(proc, JLD_INVALID_DEFAULT_LANGUAGE, jld_excerpt(value),
				  "value of @language is neither a string nor null");
}

/* 5.10) */
static void
process_direction(JldProcessor *proc, ActiveContext *result, JldValue *value)
{
	refuse_in_1_0(proc, "@direction");
	if (value->type == JLD_NULL)
		result->direction = JLD_DIR_NULL;
	else if (jld_is_string(value) && jld_is(value->u.string, "ltr"))
		result->direction = JLD_DIR_LTR;
	else if (jld_is_string(value) && jld_is(value->u.string, "rtl"))
		result->direction = JLD_DIR_RTL;
	else
		jld_error(proc, JLD_INVALID_BASE_DIRECTION, jld_excerpt(value),
				  "value of @direction is not \"ltr\", \"rtl\" or null");
}

/* --- IRI Expansion -------------------------------------------------------- */

JldStr
context_expand_iri(JldProcessor *proc, const ActiveContext *ctx, JldStr value,
				   bool document_relative, bool vocab)
{
	return expand_iri(proc, ctx, value, document_relative, vocab, NULL);
}

/* make sure that term, if the local context has it, is defined */
static inline void
define_dependency(LocalContext *lc, JldStr term)
{
	int			i = jld_find(lc->local, term);

	if (i >= 0 && lc->defined[i] != DEFINED_DONE)
		create_term_definition(lc, i);
}

JldStr
expand_iri(JldProcessor *proc, const ActiveContext *ctx, JldStr value,
		   bool document_relative, bool vocab, LocalContext *lc)
{
	TermDefinition *def;
	const char *found;

	/* 1), 2) */
	if (value.len > 0 && value.data[0] == '@')
	{
		if (jld_keyword(value) != JLD_KW_NONE)
			return value;
		if (jld_keyword_form(value))
			return JLD_NOSTR;
	}

	/* 3) */
	if (lc)
		define_dependency(lc, value);

	/* 4), 5) */
	def = context_term(ctx, value);
	if (def && jld_is_framing(def->keyword))
		def = NULL;
	if (def && (vocab || def->keyword != JLD_KW_NONE))
		return def->iri;

	/* 6) */
	found = value.len > 1 ? memchr(value.data + 1, ':', value.len - 1) : NULL;
	if (found)
	{
		int			colon = found - value.data;
		JldStr		prefix = {value.data, colon};
		JldStr		suffix = {found + 1, value.len - colon - 1};

		/* 6.2) */
		if (jld_is(prefix, "_") ||
			(suffix.len >= 2 && suffix.data[0] == '/' && suffix.data[1] == '/'))
			return value;

		/* 6.3) */
		if (lc)
			define_dependency(lc, prefix);

		/* 6.4) */
		def = context_term(ctx, prefix);
		if (def && def->iri.data && def->prefix)
			return jld_str_cat(def->iri, suffix);

		/* 6.5) */
		if (iri_is_absolute(value))
		{
			if (proc->options.strictCompactIri)
				check_prefix_defined(proc, value, colon);
			return value;
		}
	}

	/* 7) */
	if (vocab && ctx->vocab.data)
		return jld_str_cat(ctx->vocab, value);

	/* 8) */
	if (document_relative && ctx->base.data)
		return iri_resolve(ctx->base, value);

	/* 9) */
	return value;
}

/*
 * Not of the specification: "ex:alice" where ex is no term is an IRI by the
 * letter, and nearly always a forgotten prefix.  Schemes that have no
 * authority and are seen in data are let through.
 */
static void
check_prefix_defined(JldProcessor *proc, JldStr value, int colon)
{
	static const char *const schemes[] = {
		"blob", "data", "did", "fluree", "geo", "ipfs", "ipns", "magnet",
		"mailto", "tel", "urn"
	};

	for (int i = 0; i < lengthof(schemes); i++)
		if (strlen(schemes[i]) == colon &&
			pg_strncasecmp(schemes[i], value.data, colon) == 0)
			return;
	jld_error(proc, JLD_UNDEFINED_PREFIX, jld_cstr(value),
			  "prefix \"%.*s\" is not defined", colon, value.data);
}
