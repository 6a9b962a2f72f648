/*
 * framematch.c
 *		Frame Matching and Value Pattern Matching.
 *
 * Owns what a valid frame is and which nodes and values it matches.  Step
 * numbers are those of the sections of these names in "JSON-LD 1.1 Framing".
 * Knows nothing of what becomes of a node that matches.
 *
 *		[]			nothing may be there
 *		[{}]		something must be there (keywords of framing do not count)
 *		["ex:a"]	@id, @type: one of these
 *		[{...}]		a node that matches, or a value that does
 */
#include "postgres.h"

#include "miscadmin.h"

#include "jsonld/compact.h"
#include "jsonld/frame.h"
#include "jsonld/iri.h"

static JldEmbed embed_flag(JldProcessor *proc, const JldValue *value);
static bool is_wildcard(const JldValue *v);
static bool matches_id(const JldValue *node, const JldValue *ids);
static bool matches_type(const JldValue *node, const JldValue *types);
static bool matches_property(Framing *f, FrameGraph *graph,
							 const JldValue *values, const JldValue *pattern,
							 bool require_all);
static bool matches_item(Framing *f, FrameGraph *graph, const JldValue *item,
						 const JldValue *pattern, bool require_all);
static bool is_among(const JldValue *value, const JldValue *alternatives,
					 bool fold);

/* --- frames --------------------------------------------------------------- */

JldValue *
frame_check(JldProcessor *proc, JldValue *frame)
{
	static const JldStr keys[] = {JLD_STR_INIT("@id"), JLD_STR_INIT("@type")};

	if (jld_is_array(frame) && frame->n == 1)
		frame = frame->u.items[0];
	if (!jld_is_object(frame))
		jld_error(proc, JLD_INVALID_FRAME, jld_excerpt(frame),
				  "a frame is not a single object");
	for (int k = 0; k < lengthof(keys); k++)
	{
		JldValue   *v = jld_get(frame, keys[k]);

		for (int i = 0; v && i < (jld_is_array(v) ? v->n : 1); i++)
		{
			JldValue   *item = jld_is_array(v) ? v->u.items[i] : v;

			if (!jld_is_object(item) &&
				!(jld_is_string(item) &&
				  (iri_is_absolute(item->u.string) ||
				   (k == 1 && jld_is(item->u.string, "@json")))))
				jld_error(proc, JLD_INVALID_FRAME, jld_excerpt(item),
						  "value of %s in a frame is neither an IRI nor {}",
						  keys[k].data);
		}
	}
	return frame;
}

/* the value of a flag, which may be written as a value object or array */
static const JldValue *
flag_value(const JldValue *frame, JldStr keyword)
{
	const JldValue *v = jld_get_object(frame, keyword);

	if (jld_is_array(v) && v->n == 1)
		v = v->u.items[0];
	if (jld_is_object(v) && jld_is_value_object(v))
		v = jld_get(v, JLD_STR("@value"));
	return v;
}

bool
frame_flag(JldProcessor *proc, const JldValue *frame, JldStr keyword,
		   bool otherwise)
{
	const JldValue *v = flag_value(frame, keyword);

	if (v == NULL)
		return otherwise;
	/* older frames write it so */
	if (jld_is_string(v) && jld_is(v->u.string, "true"))
		return true;
	if (jld_is_string(v) && jld_is(v->u.string, "false"))
		return false;
	if (v->type != JLD_BOOL)
		jld_error(proc, JLD_INVALID_FRAME, jld_excerpt(v),
				  "value of %s is not a boolean", keyword.data);
	return v->u.boolean;
}

static JldEmbed
embed_flag(JldProcessor *proc, const JldValue *v)
{
	bool		is_1_0 = proc->options.processingMode == JLD_MODE_1_0;

	if (v->type == JLD_BOOL)
		return v->u.boolean ? JLD_EMBED_ONCE : JLD_EMBED_NEVER;
	if (jld_is_string(v))
	{
		if (jld_is(v->u.string, "@once"))
			return JLD_EMBED_ONCE;
		if (jld_is(v->u.string, "@always"))
			return JLD_EMBED_ALWAYS;
		if (jld_is(v->u.string, "@never"))
			return JLD_EMBED_NEVER;
		if (is_1_0 && jld_is(v->u.string, "@first"))
			return JLD_EMBED_FIRST;
		if (is_1_0 && jld_is(v->u.string, "@last"))
			return JLD_EMBED_LAST;
	}
	jld_error(proc, JLD_INVALID_EMBED_VALUE, jld_excerpt(v),
			  "value of @embed is not \"@once\", \"@always\", \"@never\" or a boolean");
}

void
frame_flags(JldProcessor *proc, const JldValue *frame,
			const FrameFlags *inherited, FrameFlags *flags)
{
	const JldOptions *o = &proc->options;
	const JldValue *embed = flag_value(frame, JLD_STR("@embed"));
	FrameFlags	options = {o->embed, o->explicit, o->requireAll};

	if (inherited == NULL)
		inherited = &options;
	flags->embed = embed ? embed_flag(proc, embed) : inherited->embed;
	if (flags->embed >= JLD_EMBED_FIRST && o->processingMode != JLD_MODE_1_0)
		jld_error(proc, JLD_INVALID_EMBED_VALUE, NULL,
				  "option \"embed\" has a value of JSON-LD 1.0");
	flags->explicit = frame_flag(proc, frame, JLD_STR("@explicit"), inherited->explicit);
	flags->requireAll = frame_flag(proc, frame, JLD_STR("@requireAll"),
								   inherited->requireAll);
}

/* --- nodes ---------------------------------------------------------------- */

/* {}, but for keywords of framing */
static bool
is_wildcard(const JldValue *v)
{
	if (!jld_is_object(v))
		return false;
	for (int i = 0; i < v->n; i++)
		if (jld_framing_keyword(v->u.object.members[i].key) == JLD_KW_NONE)
			return false;
	return true;
}

bool
frame_matches(Framing *f, FrameGraph *graph, const JldValue *node,
			  const JldValue *frame, bool require_all)
{
	const JldValue *ids = jld_get(frame, JLD_STR("@id"));
	const JldValue *types = jld_get(frame, JLD_STR("@type"));
	bool		asks = ids || types;
	bool		matches = asks;

	/* 2.1) to 2.3) */
	if (ids && !matches_id(node, ids))
		return false;
	if (types && !matches_type(node, types))
		return false;
	if (asks && !require_all)
		return true;

	for (int i = 0; i < frame->n; i++)
	{
		const JldMember *m = &frame->u.object.members[i];
		const JldValue *values;
		const JldValue *first;
		bool		empty;
		bool		match;

		if (jld_is_keyword(m->key) || jld_framing_keyword(m->key) != JLD_KW_NONE ||
			!jld_is_array(m->value))
			continue;
		asks = true;
		values = jld_get(node, m->key);
		empty = values == NULL || values->n == 0;
		first = m->value->n > 0 ? m->value->u.items[0] : NULL;
		if (jld_is_object(first) && !jld_is_value_object(first) && !jld_is_list_object(first))
			frame_check(f->proc, unconstify(JldValue *, first));

		/* 2.5) a default stands in, but is no match */
		if (empty && jld_get_object(first, JLD_STR("@default")))
			continue;
		/* 2.6) */
		if (!empty && first == NULL)
			return false;
		if (empty)
			match = first == NULL;
		/* 2.7) to 2.10) */
		else
			match = matches_property(f, graph, values, m->value, require_all);
		if (!match && require_all)
			return false;
		matches |= match;
	}
	/* 1), 2) */
	return !asks || matches;
}

/* 2.1) */
static bool
matches_id(const JldValue *node, const JldValue *ids)
{
	const JldValue *id = jld_get(node, JLD_STR("@id"));

	for (int i = 0; i < ids->n; i++)
		if (jld_is_object(ids->u.items[i]) || jld_equal(ids->u.items[i], id))
			return true;
	return false;
}

/* 2.2) */
static bool
matches_type(const JldValue *node, const JldValue *types)
{
	const JldValue *own = jld_get(node, JLD_STR("@type"));
	bool		empty = own == NULL || own->n == 0;

	if (types->n == 0)
		return empty;
	for (int i = 0; i < types->n; i++)
	{
		const JldValue *type = types->u.items[i];

		if (jld_is_object(type))
		{
			if (!empty || jld_get(type, JLD_STR("@default")))
				return true;
			continue;
		}
		for (int k = 0; own && k < own->n; k++)
			if (jld_equal(own->u.items[k], type))
				return true;
	}
	return false;
}

/* any of the values by any of the patterns */
static bool
matches_property(Framing *f, FrameGraph *graph, const JldValue *values,
				 const JldValue *patterns, bool require_all)
{
	check_stack_depth();
	for (int p = 0; p < patterns->n; p++)
	{
		const JldValue *pattern = patterns->u.items[p];

		if (is_wildcard(pattern))
			return true;
		for (int i = 0; i < values->n; i++)
			if (matches_item(f, graph, values->u.items[i], pattern, require_all))
				return true;
	}
	return false;
}

static bool
matches_item(Framing *f, FrameGraph *graph, const JldValue *item,
			 const JldValue *pattern, bool require_all)
{
	if (!jld_is_object(pattern))
		return false;
	if (jld_is_list_object(pattern))
	{
		const JldValue *inner = jld_get(pattern, JLD_STR("@list"));
		const JldValue *items = jld_get_object(item, JLD_STR("@list"));

		if (items == NULL)
			return false;
		if (inner->n == 0)
			return items->n == 0;
		return matches_property(f, graph, items, inner, require_all);
	}
	if (jld_is_value_object(pattern))
		return jld_is_value_object(item) && frame_matches_value(pattern, item);
	if (jld_is_reference(item))
	{
		JldValue   *node = jld_get(graph->nodes, jld_get(item, JLD_STR("@id"))->u.string);

		return node && frame_matches(f, graph, node, pattern, require_all);
	}
	return false;
}

/* --- values --------------------------------------------------------------- */

bool
frame_matches_value(const JldValue *frame, const JldValue *value)
{
	const JldValue *pattern = frame;
	bool		is_pattern;

	if (jld_is_array(frame))
	{
		for (int i = 0; i < frame->n; i++)
			if (frame_matches_value(frame->u.items[i], value))
				return true;
		return false;
	}
	/* a pattern of nodes says nothing of values */
	is_pattern = jld_is_object(pattern) && jld_is_value_object(pattern);
	if (!is_pattern)
		return true;
	if (!jld_is_value_object(value))
		return false;
	return is_among(jld_get(value, JLD_STR("@value")),
					jld_get(pattern, JLD_STR("@value")), false) &&
		is_among(jld_get(value, JLD_STR("@type")),
				 jld_get(pattern, JLD_STR("@type")), false) &&
		is_among(jld_get(value, JLD_STR("@language")),
				 jld_get(pattern, JLD_STR("@language")), true);
}

/* one of the alternatives, {} for any; both may be absent */
static bool
is_among(const JldValue *value, const JldValue *alternatives, bool fold)
{
	int			n = alternatives == NULL ? 0 : jld_is_array(alternatives) ? alternatives->n : 1;

	if (value == NULL)
		return n == 0;
	for (int i = 0; i < n; i++)
	{
		const JldValue *other = jld_is_array(alternatives) ?
		alternatives->u.items[i] : alternatives;

		if (jld_is_object(other) && other->n == 0)
			return true;
		if (fold && jld_is_string(other) && jld_is_string(value) ?
			jld_equal_fold(other->u.string, value->u.string) : jld_equal(other, value))
			return true;
	}
	return false;
}
