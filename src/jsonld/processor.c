/*
 * processor.c
 *		The state of one JSON-LD call: options, budgets, kinds of objects.
 *
 * Owns the options object of the API, the limits and the settings they
 * come from, and the definitions that tell the kinds of expanded objects
 * apart.  Knows nothing of contexts or algorithms.
 *
 *		upsert.jsonld_max_depth		nesting of documents and contexts
 *		upsert.jsonld_max_steps		contexts and term definitions processed
 *		upsert.jsonld_max_terms		terms of one active context
 *		upsert.jsonld_max_output	bytes that one call makes
 *		upsert.jsonld_max_work		steps of canonicalization
 *
 * A context that a backend has processed before costs no steps.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/guc.h"

#include "call/options.h"
#include "jsonld/context.h"
#include "jsonld/iri.h"
#include "jsonld/jsonld.h"
#include "upsert.h"

static int	max_depth = 512;
static int	max_steps = 100000;
static int	max_terms = 10000;
static int	max_output = 65536; /* kB */
static int	max_work = 1000000;

void
jsonld_init(void)
{
	DefineCustomIntVariable("upsert.jsonld_max_depth",
							"Sets how deep a JSON-LD document or context may be nested.",
							NULL, &max_depth, 512, 1, 100000, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("upsert.jsonld_max_steps",
							"Sets how many contexts and terms a JSON-LD call may process.",
							"Contexts that are processed already cost nothing.",
							&max_steps, 100000, 1, INT_MAX, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("upsert.jsonld_max_terms",
							"Sets how many terms a JSON-LD context may define.",
							NULL, &max_terms, 10000, 1, INT_MAX, PGC_USERSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("upsert.jsonld_max_output",
							"Sets how much output a JSON-LD call may produce.",
							NULL, &max_output, 65536, 1, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("upsert.jsonld_max_work",
							"Sets how many steps the canonicalization of an RDF dataset may take.",
							"Steps to tell apart blank nodes of which the same is said; each blank node adds 20.",
							&max_work, 1000000, 0, INT_MAX, PGC_USERSET, 0,
							NULL, NULL, NULL);
}

/* --- options -------------------------------------------------------------- */

static bool
take_base(const JsonbValue *value, void *options)
{
	JldOptions *o = options;

	return value->type == jbvNull ||
		(jld_string_of(value, &o->base) && iri_is_absolute(o->base));
}

static bool
take_context(const JsonbValue *value, void *options)
{
	JldOptions *o = options;

	o->expandContext = NULL;
	if (value->type == jbvString || value->type == jbvBinary)
		o->expandContext = jld_from_value(value);
	return o->expandContext != NULL || value->type == jbvNull;
}

static bool
take_direction(const JsonbValue *value, void *options)
{
	JldOptions *o = options;
	JldStr		s;

	o->rdfDirection = JLD_DIRECTION_NONE;
	if (value->type == jbvNull)
		return true;
	if (!jld_string_of(value, &s))
		return false;
	if (jld_is(s, "i18n-datatype"))
		o->rdfDirection = JLD_DIRECTION_I18N;
	if (jld_is(s, "compound-literal"))
		o->rdfDirection = JLD_DIRECTION_COMPOUND;
	return o->rdfDirection != JLD_DIRECTION_NONE;
}

static bool
take_embed(const JsonbValue *value, void *options)
{
	static const char *const words[] = {"@once", "@always", "@never", "@first", "@last"};
	JldOptions *o = options;
	JldStr		s;

	if (value->type == jbvBool)
	{
		o->embed = value->val.boolean ? JLD_EMBED_ONCE : JLD_EMBED_NEVER;
		return true;
	}
	if (!jld_string_of(value, &s))
		return false;
	for (int i = 0; i < lengthof(words); i++)
		if (jld_eq(s, jld_str(words[i])))
		{
			o->embed = (JldEmbed) i;
			return true;
		}
	return false;
}

static bool
take_omit_graph(const JsonbValue *value, void *options)
{
	JldOptions *o = options;

	if (value->type != jbvBool)
		return false;
	o->omitGraph = value->val.boolean ? JLD_OMIT_YES : JLD_OMIT_NO;
	return true;
}

static const char *const mode_words[] = {"json-ld-1.1", "json-ld-1.0", NULL};
static const char *const hash_words[] = {"SHA-256", "SHA-384", NULL};

#define FIELD(field) offsetof(JldOptions, field)

/* the calls that read a document */
#define DOCUMENT	(JLD_CALL_API | JLD_CALL_CANONIZE | JLD_CALL_FRAME)

static const OptionDef jsonld_options[] = {
	{"base", DOCUMENT, OPTION_OTHER, 0, NULL, take_base, "an IRI"},
	{"expandContext", DOCUMENT, OPTION_OTHER, 0, NULL, take_context, "a context"},
	{"compactArrays", DOCUMENT, OPTION_BOOL, FIELD(compactArrays)},
	{"compactToRelative", DOCUMENT, OPTION_BOOL, FIELD(compactToRelative)},
	{"ordered", DOCUMENT, OPTION_BOOL, FIELD(ordered)},
	{"processingMode", DOCUMENT, OPTION_WORD, FIELD(processingMode), mode_words},
	{"rdfDirection", DOCUMENT, OPTION_OTHER, 0, NULL, take_direction, "\"i18n-datatype\", \"compound-literal\" or null"},
	{"useNativeTypes", DOCUMENT, OPTION_BOOL, FIELD(useNativeTypes)},
	{"useRdfType", DOCUMENT, OPTION_BOOL, FIELD(useRdfType)},
	{"produceGeneralizedRdf", JLD_CALL_API, OPTION_BOOL, FIELD(produceGeneralizedRdf)},
	{"hashAlgorithm", JLD_CALL_CANONIZE | JLD_CALL_RDF_CANONIZE, OPTION_WORD, FIELD(hashAlgorithm), hash_words},
	{"embed", JLD_CALL_FRAME, OPTION_OTHER, 0, NULL, take_embed, "\"@once\", \"@always\", \"@never\" or a boolean"},
	{"explicit", JLD_CALL_FRAME, OPTION_BOOL, FIELD(explicit)},
	{"requireAll", JLD_CALL_FRAME, OPTION_BOOL, FIELD(requireAll)},
	{"omitDefault", JLD_CALL_FRAME, OPTION_BOOL, FIELD(omitDefault)},
	{"omitGraph", JLD_CALL_FRAME, OPTION_OTHER, 0, NULL, take_omit_graph, "true or false"},
	{"frameDefault", JLD_CALL_FRAME, OPTION_BOOL, FIELD(frameDefault)},
	{"safe", DOCUMENT, OPTION_BOOL, FIELD(safe)},
	{"strictCompactIri", DOCUMENT, OPTION_BOOL, FIELD(strictCompactIri)},
};

void
jsonld_begin(JldProcessor *proc, Jsonb *options)
{
	jsonld_begin_call(proc, options, JLD_CALL_API);
}

void
jsonld_begin_call(JldProcessor *proc, Jsonb *options, JldCall call)
{
	OptionSet	set = OPTION_SET(jsonld_options, call, &proc->options);

	memset(proc, 0, sizeof(JldProcessor));
	proc->mcxt = CurrentMemoryContext;
	jld_arena_begin(proc->mcxt);
	proc->options.contextKey = JLD_STR("expandContext");
	proc->options.compactArrays = true;
	proc->options.compactToRelative = true;
	proc->options.safe = call == JLD_CALL_CANONIZE;
	options_read(options, &set, 1);
}

/* --- budgets -------------------------------------------------------------- */

static void
limit_exceeded(JldProcessor *proc, const char *what, const char *setting,
			   int limit)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
			 errmsg("JSON-LD processing exceeds its limit of %s", what),
			 errdetail("The limit is %d.", limit),
			 errhint("If the document is to be trusted, raise \"%s\".", setting)));
}

void
jld_enter(JldProcessor *proc)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (++proc->depth > max_depth)
		limit_exceeded(proc, "nesting", "upsert.jsonld_max_depth", max_depth);
}

void
jld_leave(JldProcessor *proc)
{
	proc->depth--;
}

void
jld_step(JldProcessor *proc)
{
	CHECK_FOR_INTERRUPTS();
	if (++proc->steps > max_steps)
		limit_exceeded(proc, "steps", "upsert.jsonld_max_steps", max_steps);
}

void
jld_terms(JldProcessor *proc, int n)
{
	if (n > max_terms)
		limit_exceeded(proc, "terms", "upsert.jsonld_max_terms", max_terms);
}

int
jld_max_work(void)
{
	return max_work;
}

void
jld_limit_work(JldProcessor *proc)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
			 errmsg("canonicalization exceeds its limit of steps"),
			 errdetail("The blank nodes of the dataset are hard to tell apart, as in datasets made for it; the limit is %d.", max_work),
			 errhint("If the dataset is to be trusted, raise \"%s\".", "upsert.jsonld_max_work")));
}

void
jld_output(JldProcessor *proc, int64 bytes)
{
	proc->output += bytes;
	if (proc->output > (int64) max_output * 1024)
		limit_exceeded(proc, "output kilobytes", "upsert.jsonld_max_output",
					   max_output);
}

void
jld_dropped(JldProcessor *proc, const JldValue *what, const char *why)
{
	if (!proc->options.safe)
		return;
	if (proc->path && proc->options.noAnnotations &&
		(jld_is(proc->path->key, "@annotation") || jld_is(proc->path->key, "@edge") || jld_is(proc->path->key, "@reifies")))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("edge annotations are not supported"),
				 errdetail("There is \"%s\".", jld_cstr(proc->path->key)),
				 errhint("Give the relation a node of its own, which has both ends and what is said of it.")));
	jld_error(proc, JLD_DROPPED_DATA, jld_excerpt(what), "%s", why);
}

/* --- keywords ------------------------------------------------------------- */

JldKeyword
jld_keyword(JldStr s)
{
	if (s.len < 3 || s.len > 10 || s.data[0] != '@')
		return JLD_KW_NONE;
	switch (s.len)
	{
		case 3:
			if (jld_is(s, "@id"))
				return JLD_KW_ID;
			break;
		case 4:
			if (jld_is(s, "@set"))
				return JLD_KW_SET;
			break;
		case 5:
			if (jld_is(s, "@type"))
				return JLD_KW_TYPE;
			if (jld_is(s, "@list"))
				return JLD_KW_LIST;
			if (jld_is(s, "@nest"))
				return JLD_KW_NEST;
			if (jld_is(s, "@none"))
				return JLD_KW_NOT;
			if (jld_is(s, "@json"))
				return JLD_KW_JSON;
			if (jld_is(s, "@base"))
				return JLD_KW_BASE;
			break;
		case 6:
			if (jld_is(s, "@value"))
				return JLD_KW_VALUE;
			if (jld_is(s, "@graph"))
				return JLD_KW_GRAPH;
			if (jld_is(s, "@index"))
				return JLD_KW_INDEX;
			if (jld_is(s, "@vocab"))
				return JLD_KW_VOCAB;
			break;
		case 7:
			if (jld_is(s, "@import"))
				return JLD_KW_IMPORT;
			if (jld_is(s, "@prefix"))
				return JLD_KW_PREFIX;
			break;
		case 8:
			if (jld_is(s, "@context"))
				return JLD_KW_CONTEXT;
			if (jld_is(s, "@reverse"))
				return JLD_KW_REVERSE;
			if (jld_is(s, "@version"))
				return JLD_KW_VERSION;
			break;
		case 9:
			if (jld_is(s, "@language"))
				return JLD_KW_LANGUAGE;
			if (jld_is(s, "@included"))
				return JLD_KW_INCLUDED;
			break;
		case 10:
			if (jld_is(s, "@container"))
				return JLD_KW_CONTAINER;
			if (jld_is(s, "@direction"))
				return JLD_KW_DIRECTION;
			if (jld_is(s, "@protected"))
				return JLD_KW_PROTECTED;
			if (jld_is(s, "@propagate"))
				return JLD_KW_PROPAGATE;
			break;
	}
	return JLD_KW_NONE;
}

JldKeyword
jld_framing_keyword(JldStr s)
{
	if (jld_is(s, "@default"))
		return JLD_KW_DEFAULT;
	if (jld_is(s, "@embed"))
		return JLD_KW_EMBED;
	if (jld_is(s, "@explicit"))
		return JLD_KW_EXPLICIT;
	if (jld_is(s, "@omitDefault"))
		return JLD_KW_OMIT_DEFAULT;
	if (jld_is(s, "@requireAll"))
		return JLD_KW_REQUIRE_ALL;
	return JLD_KW_NONE;
}

bool
jld_is_keyword(JldStr s)
{
	return jld_keyword(s) != JLD_KW_NONE;
}

bool
jld_keyword_form(JldStr s)
{
	if (s.len < 2 || s.data[0] != '@')
		return false;
	for (int i = 1; i < s.len; i++)
		if (!((s.data[i] >= 'a' && s.data[i] <= 'z') ||
			  (s.data[i] >= 'A' && s.data[i] <= 'Z')))
			return false;
	return true;
}

JldStr
jld_direction_name(JldDirection direction)
{
	return direction == JLD_DIR_LTR ? JLD_STR("ltr") : JLD_STR("rtl");
}

/* --- kinds of expanded objects -------------------------------------------- */

bool
jld_is_value_object(const JldValue *v)
{
	return jld_has(v, JLD_STR("@value"));
}

bool
jld_is_list_object(const JldValue *v)
{
	return jld_has(v, JLD_STR("@list"));
}

bool
jld_is_set_object(const JldValue *v)
{
	return jld_has(v, JLD_STR("@set"));
}

bool
jld_is_graph_object(const JldValue *v)
{
	if (!jld_has(v, JLD_STR("@graph")))
		return false;
	for (int i = 0; i < v->n; i++)
	{
		JldStr		key = v->u.object.members[i].key;

		if (!jld_is(key, "@graph") && !jld_is(key, "@id") &&
			!jld_is(key, "@index") && !jld_is(key, "@context"))
			return false;
	}
	return true;
}

bool
jld_is_node_object(const JldValue *v)
{
	return jld_is_object(v) && !jld_is_value_object(v) &&
		!jld_is_list_object(v) && !jld_is_set_object(v);
}
