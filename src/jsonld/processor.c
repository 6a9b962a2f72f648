/*
 * processor.c
 *		The state of one JSON-LD call: options, budgets, kinds of objects.
 *
 * Owns the options object of the API, the four limits and the settings they
 * come from, and the definitions that tell the kinds of expanded objects
 * apart.  Knows nothing of contexts or algorithms.
 *
 *		upsert.jsonld_max_depth		nesting of documents and contexts
 *		upsert.jsonld_max_steps		contexts and term definitions processed
 *		upsert.jsonld_max_terms		terms of one active context
 *		upsert.jsonld_max_output	bytes that one call makes
 *
 * A context that a backend has processed before costs no steps.
 */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/guc.h"

#include "jsonld/context.h"
#include "jsonld/iri.h"
#include "jsonld/jsonld.h"
#include "jsonld/registry.h"
#include "upsert.h"

static int	max_depth = 512;
static int	max_steps = 100000;
static int	max_terms = 10000;
static int	max_output = 65536; /* kB */

static void read_option(JldOptions *o, JldStr name, JldValue *value);
static void option_error(const char *name, const char *expected);

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
	registry_init();
}

/* --- options -------------------------------------------------------------- */

void
jsonld_begin(JldProcessor *proc, Jsonb *options)
{
	JldValue   *o;

	memset(proc, 0, sizeof(JldProcessor));
	proc->mcxt = CurrentMemoryContext;
	jld_arena_begin(proc->mcxt);
	proc->options.contextKey = JLD_STR("expandContext");
	proc->options.compactArrays = true;
	proc->options.compactToRelative = true;
	if (options == NULL)
		return;

	o = jld_from_jsonb(options);
	if (o->type != JLD_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options are not a JSON object"),
				 errdetail("The options are %s.", jld_excerpt(o))));
	for (int i = 0; i < o->n; i++)
		read_option(&proc->options, o->u.object.members[i].key,
					o->u.object.members[i].value);
}

static void
option_error(const char *name, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" is not %s", name, expected)));
}

/* the boolean options, by name */
static bool *
boolean_option(JldOptions *o, JldStr name)
{
	const struct
	{
		JldStr		name;
		bool	   *target;
	}			booleans[] = {
		{JLD_STR_INIT("compactArrays"), &o->compactArrays},
		{JLD_STR_INIT("compactToRelative"), &o->compactToRelative},
		{JLD_STR_INIT("ordered"), &o->ordered},
		{JLD_STR_INIT("produceGeneralizedRdf"), &o->produceGeneralizedRdf},
		{JLD_STR_INIT("safe"), &o->safe},
		{JLD_STR_INIT("strictCompactIri"), &o->strictCompactIri},
		{JLD_STR_INIT("useNativeTypes"), &o->useNativeTypes},
		{JLD_STR_INIT("useRdfType"), &o->useRdfType},
	};

	for (int i = 0; i < lengthof(booleans); i++)
		if (jld_eq(booleans[i].name, name))
			return booleans[i].target;
	return NULL;
}

static void
read_option(JldOptions *o, JldStr name, JldValue *value)
{
	bool	   *flag = boolean_option(o, name);
	bool		is_string = value->type == JLD_STRING;
	JldStr		s = is_string ? value->u.string : JLD_NOSTR;

	if (flag)
	{
		if (value->type != JLD_BOOL)
			option_error(jld_cstr(name), "a boolean");
		*flag = value->u.boolean;
	}
	else if (jld_is(name, "base"))
	{
		if (value->type == JLD_NULL)
			return;
		if (!is_string || !iri_is_absolute(s))
			option_error("base", "an IRI");
		o->base = s;
	}
	else if (jld_is(name, "expandContext"))
	{
		if (value->type == JLD_BOOL || value->type == JLD_NUMBER)
			option_error("expandContext", "a context");
		o->expandContext = value->type == JLD_NULL ? NULL : value;
	}
	else if (jld_is(name, "processingMode"))
	{
		if (is_string && jld_is(s, "json-ld-1.1"))
			o->processingMode = JLD_MODE_1_1;
		else if (is_string && jld_is(s, "json-ld-1.0"))
			o->processingMode = JLD_MODE_1_0;
		else
			option_error("processingMode", "\"json-ld-1.1\" or \"json-ld-1.0\"");
	}
	else if (jld_is(name, "rdfDirection"))
	{
		if (value->type == JLD_NULL)
			o->rdfDirection = JLD_DIRECTION_NONE;
		else if (is_string && jld_is(s, "i18n-datatype"))
			o->rdfDirection = JLD_DIRECTION_I18N;
		else if (is_string && jld_is(s, "compound-literal"))
			o->rdfDirection = JLD_DIRECTION_COMPOUND;
		else
			option_error("rdfDirection",
						 "\"i18n-datatype\", \"compound-literal\" or null");
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized option \"%s\"", jld_cstr(name)),
				 errhint("Options are base, expandContext, compactArrays, compactToRelative, ordered, processingMode, rdfDirection, useNativeTypes, useRdfType, produceGeneralizedRdf, safe and strictCompactIri.")));
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
	if (proc->options.safe)
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
