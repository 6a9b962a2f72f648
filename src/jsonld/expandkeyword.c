/*
 * expandkeyword.c
 *		Keys that are keywords (step 13.4 of the Expansion Algorithm).
 *
 * Owns what a key means that expands to a keyword, in documents and in
 * frames.  A frame says more with them: lists of alternatives, {} for
 * whatever there is, [] for nothing, and the keywords of framing.
 *
 *		{"@id": ["ex:a", "ex:b"], "@type": {}, "name": {"@default": "x"}}
 *	 =>	{"@id": ["http://ex/a", "http://ex/b"], "@type": [{}],
 *		 "http://ex/name": [{"@default": [{"@value": "x"}]}]}
 */
#include "postgres.h"

#include "jsonld/expand.h"
#include "jsonld/iri.h"
#include "jsonld/jcs.h"
#include "jsonld/rdf.h"

static JldValue *expand_id(Expansion *e, ActiveContext *ctx, JldValue *value);
static JldValue *expand_types(Expansion *e, JldValue *value);
static JldValue *expand_included(Expansion *e, ActiveContext *ctx,
								 JldValue *value);
static void expand_value_entry(Expansion *e, JldValue *value);
static void check_scalar(Expansion *e, JldValue *value);
static void expand_reverse(Expansion *e, ActiveContext *ctx, JldValue *value);
static void check_reverse_item(JldProcessor *proc, JldValue *item);
static JldValue *expand_frame_ids(Expansion *e, ActiveContext *ctx,
								  JldValue *value);
static JldValue *expand_frame_type(Expansion *e, JldValue *value);
static JldValue *expand_default(Expansion *e, ActiveContext *ctx,
								JldValue *value);
static JldValue *frame_strings(JldValue *value);
static JldValue *frame_scalars(Expansion *e, JldValue *value);

/* 13.4) */
void
expand_keyword(Expansion *e, ActiveContext *ctx, JldKeyword keyword,
			   JldStr expanded_property, JldStr key, JldValue *value,
			   List **nests)
{
	JldProcessor *proc = e->proc;
	bool		is_1_0 = proc->options.processingMode == JLD_MODE_1_0;
	JldValue   *expanded = NULL;

	/* 13.4.1) */
	if (e->active_property.data && jld_is(e->active_property, "@reverse"))
		jld_error(proc, JLD_INVALID_REVERSE_PROPERTY_MAP, jld_cstr(key),
				  "a keyword cannot stand in a reverse property map");

	/*
	 * 13.4.2) An @reverse entry in result may also be a reverse property's,
	 * which collides with nothing: whether it came first is up to the order
	 * of keys, which has no meaning.
	 */
	if ((keyword == JLD_KW_REVERSE ? e->seen_reverse :
		 jld_get(e->result, expanded_property) != NULL) &&
		(is_1_0 || (keyword != JLD_KW_INCLUDED && keyword != JLD_KW_TYPE)))
		jld_error(proc, JLD_COLLIDING_KEYWORDS,
				  psprintf("%.*s", expanded_property.len, expanded_property.data),
				  "two keys of an object expand to the same keyword");

	switch (keyword)
	{
		case JLD_KW_ID:			/* 13.4.3) */
			expanded = proc->framing ? expand_frame_ids(e, ctx, value) :
				expand_id(e, ctx, value);
			break;
		case JLD_KW_TYPE:		/* 13.4.4) */
			expanded = expand_types(e, value);
			break;
		case JLD_KW_GRAPH:		/* 13.4.5) */
			expanded = expand_as_array(expand_element(proc, ctx, JLD_STR("@graph"),
													  NULL, value, false));
			break;
		case JLD_KW_INCLUDED:	/* 13.4.6) */
			if (is_1_0)
				return;
			expanded = expand_included(e, ctx, value);
			break;
		case JLD_KW_VALUE:		/* 13.4.7) */
			expand_value_entry(e, value);
			return;
		case JLD_KW_LANGUAGE:	/* 13.4.8) */
			if (proc->framing)
				expanded = frame_strings(value);
			if (expanded)
				break;
			if (value->type != JLD_STRING)
				jld_error(proc, JLD_INVALID_LANGUAGE_TAGGED_STRING,
						  jld_excerpt(value), "value of @language is not a string");
			expanded = value;
			break;
		case JLD_KW_DIRECTION:	/* 13.4.9) */
			if (is_1_0)
				return;
			if (proc->framing)
				expanded = frame_strings(value);
			if (expanded)
				break;
			if (!jld_is_string(value) ||
				(!jld_is(value->u.string, "ltr") && !jld_is(value->u.string, "rtl")))
				jld_error(proc, JLD_INVALID_BASE_DIRECTION, jld_excerpt(value),
						  "value of @direction is not \"ltr\" or \"rtl\"");
			expanded = value;
			break;
		case JLD_KW_INDEX:		/* 13.4.10) */
			if (value->type != JLD_STRING)
				jld_error(proc, JLD_INVALID_INDEX_VALUE, jld_excerpt(value),
						  "value of @index is not a string");
			expanded = value;
			break;
		case JLD_KW_LIST:		/* 13.4.11) */
			if (expand_is_top_level(e->active_property))
			{
				jld_dropped(proc, value, "a free-floating list would be dropped");
				return;
			}
			expanded = expand_as_array(expand_element(proc, ctx, e->active_property,
													  context_term(ctx, e->active_property),
													  value, false));
			expanded = jld_get(expand_to_list(proc, expanded), JLD_STR("@list"));
			break;
		case JLD_KW_SET:		/* 13.4.12) */
			expanded = expand_element(proc, ctx, e->active_property,
									  e->active_property.data ?
									  context_term(ctx, e->active_property) : NULL,
									  value, false);
			break;
		case JLD_KW_REVERSE:	/* 13.4.13) */
			e->seen_reverse = true;
			expand_reverse(e, ctx, value);
			return;
		case JLD_KW_NEST:		/* 13.4.14) */
			*nests = lappend(*nests, jld_new_string(key));
			return;
		case JLD_KW_DEFAULT:	/* 13.4.15) */
			expanded = expand_default(e, ctx, value);
			break;
		case JLD_KW_EMBED:
		case JLD_KW_EXPLICIT:
		case JLD_KW_OMIT_DEFAULT:
		case JLD_KW_REQUIRE_ALL:
			expanded = value;	/* as it is: it is no data */
			break;
		default:
			/* a keyword without meaning in a document */
			jld_dropped(proc, value, "a keyword out of place would be dropped");
			return;
	}

	/* 13.4.16) */
	if (expanded)
		jld_put(e->result, expanded_property, expanded);
}

/* 13.4.3) */
static JldValue *
expand_id(Expansion *e, ActiveContext *ctx, JldValue *value)
{
	JldStr		iri;

	if (value->type != JLD_STRING)
		jld_error(e->proc, JLD_INVALID_ID_VALUE, jld_excerpt(value),
				  "value of @id is not a string");
	iri = context_expand_iri(e->proc, ctx, value->u.string, true, false);
	if (iri.data == NULL)
	{
		jld_dropped(e->proc, value, "a reserved @id would be dropped");
		return &jld_null;
	}
	if (e->proc->options.safe && !e->proc->options.keepRelative &&
		!iri_is_absolute(iri) && !jld_is_blank_node_id(iri))
		jld_dropped(e->proc, value, "a relative @id cannot be resolved");
	jld_output(e->proc, iri.len);
	return jld_eq(iri, value->u.string) ? value : jld_new_string(iri);
}

/* a datatype that Fluree writes as if it were a keyword, or no string */
static JldStr
fluree_datatype(JldProcessor *proc, JldStr type)
{
	if (proc->options.moreDatatypes && jld_is(type, "@fulltext"))
		return JLD_STR(FLUREE_NS "fullText");
	if (proc->options.moreDatatypes && jld_is(type, "@vector"))
		return JLD_STR(FLUREE_NS "embeddingVector");
	return JLD_NOSTR;
}

/* one value of @type; NULL where it means nothing */
static JldValue *
expand_type(Expansion *e, JldValue *value)
{
	JldStr		iri;

	if (e->proc->framing && value->type == JLD_OBJECT)
		return expand_frame_type(e, value);
	if (value->type != JLD_STRING)
		jld_error(e->proc, JLD_INVALID_TYPE_VALUE, jld_excerpt(value),
				  "value of @type is neither a string nor an array of strings");
	iri = fluree_datatype(e->proc, value->u.string);
	if (iri.data == NULL)
		iri = context_expand_iri(e->proc, e->type_scoped, value->u.string, true, true);
	if (iri.data == NULL)
	{
		jld_dropped(e->proc, value, "a reserved @type would be dropped");
		return NULL;
	}
	if (e->proc->options.safe && !e->proc->options.keepRelative &&
		!iri_is_absolute(iri) && !jld_is_blank_node_id(iri) &&
		!jld_is_keyword(iri))
		jld_dropped(e->proc, value, "a relative @type cannot be resolved");
	jld_output(e->proc, iri.len);
	return jld_new_string(iri);
}

/* 13.4.4) */
static JldValue *
expand_types(Expansion *e, JldValue *value)
{
	JldValue   *before = jld_get(e->result, JLD_STR("@type"));
	JldValue   *expanded;

	if (value->type == JLD_ARRAY)
	{
		expanded = jld_new_array(value->n);
		for (int i = 0; i < value->n; i++)
		{
			JldValue   *type = expand_type(e, value->u.items[i]);

			if (type)
				jld_push(expanded, type);
		}
	}
	else
		expanded = expand_type(e, value);

	if (e->proc->framing && expanded)
		expanded = expand_as_array(expanded);

	/* 13.4.4.5) */
	if (before && expanded)
	{
		JldValue   *all = jld_copy_shallow(expand_as_array(before));

		jld_push_all(all, expand_as_array(expanded));
		return all;
	}
	return expanded;
}

/* 13.4.6) */
static JldValue *
expand_included(Expansion *e, ActiveContext *ctx, JldValue *value)
{
	JldValue   *before = jld_get(e->result, JLD_STR("@included"));
	JldValue   *expanded = expand_as_array(expand_element(e->proc, ctx, JLD_NOSTR, NULL,
														  value, false));

	/*
	 * An expansion that drops everything cannot be told from [] any more; a
	 * value that is no node is what was meant to be refused.
	 */
	if (expanded->n == 0 && value->type != JLD_ARRAY && value->type != JLD_NULL)
		jld_error(e->proc, JLD_INVALID_INCLUDED_VALUE, jld_excerpt(value),
				  "value of @included is not a node object");
	for (int i = 0; i < expanded->n; i++)
		if (!jld_is_node_object(expanded->u.items[i]))
			jld_error(e->proc, JLD_INVALID_INCLUDED_VALUE,
					  jld_excerpt(expanded->u.items[i]),
					  "value of @included is not a node object");
	if (before)
	{
		JldValue   *all = jld_copy_shallow(before);

		jld_push_all(all, expanded);
		return all;
	}
	return expanded;
}

/* 13.4.7) */
static void
expand_value_entry(Expansion *e, JldValue *value)
{
	if (e->input_is_json)
	{
		if (e->proc->options.processingMode == JLD_MODE_1_0)
			jld_error(e->proc, JLD_INVALID_VALUE_OBJECT_VALUE, jld_excerpt(value),
					  "JSON literals are not of JSON-LD 1.0");
	}
	else if (e->proc->framing && value->type != JLD_NULL)
		value = frame_scalars(e, value);
	else if (!e->proc->options.moreDatatypes)
		check_scalar(e, value);
	jld_put(e->result, JLD_STR("@value"), value);
}

static void
check_scalar(Expansion *e, JldValue *value)
{
	if (value->type == JLD_ARRAY || value->type == JLD_OBJECT)
		jld_error(e->proc, JLD_INVALID_VALUE_OBJECT_VALUE, jld_excerpt(value),
				  "value of @value is neither a scalar nor null");
}

static bool
is_vector(const JldValue *value)
{
	if (!jld_is_array(value))
		return false;
	for (int i = 0; i < value->n; i++)
	{
		if (value->u.items[i]->type != JLD_NUMBER)
			return false;
	}
	return true;
}

void
expand_datatype(Expansion *e)
{
	JldValue   *value = jld_get(e->result, JLD_STR("@value"));
	JldValue   *type = jld_get(e->result, JLD_STR("@type"));
	JldPath		step = {.up = e->proc->path, .key = JLD_STR_INIT("@value")};

	if (value == NULL || e->input_is_json)
		return;
	if (jld_is_string(type) && jld_is(type->u.string, RDF_NS "JSON"))
	{
		jld_put(e->result, JLD_STR("@type"), jld_new_string(JLD_STR("@json")));
		return;
	}
	if (jld_is_string(type) && jld_is(type->u.string, FLUREE_NS "embeddingVector") &&
		is_vector(value))
	{
		StringInfoData text;

		initStringInfo(&text);
		jcs_append(&text, value);
		jld_put(e->result, JLD_STR("@value"),
				jld_new_string((JldStr) {text.data, text.len}));
		return;
	}
	e->proc->path = &step;
	check_scalar(e, value);
	e->proc->path = step.up;
}

/* items must not be values or lists */
static void
check_reverse_item(JldProcessor *proc, JldValue *item)
{
	if (jld_is_value_object(item) || jld_is_list_object(item))
		jld_error(proc, JLD_INVALID_REVERSE_PROPERTY_VALUE, jld_excerpt(item),
				  "value of a reverse property is not a node");
}

/* items to the @reverse entry of a result; none say nothing */
void
expand_add_reverse(Expansion *e, JldStr property, JldValue *items)
{
	JldValue   *map = jld_get(e->result, JLD_STR("@reverse"));

	if (items->n == 0 && !e->proc->options.keepNulls && !e->proc->framing)
		return;
	for (int i = 0; i < items->n; i++)
		check_reverse_item(e->proc, items->u.items[i]);
	if (map == NULL)
	{
		map = jld_new_object(1);
		jld_put(e->result, JLD_STR("@reverse"), map);
	}
	jld_add_value(map, property, items, true);
}

/* 13.4.13) */
static void
expand_reverse(Expansion *e, ActiveContext *ctx, JldValue *value)
{
	JldProcessor *proc = e->proc;
	JldValue   *expanded;
	JldValue   *twice;

	/* 13.4.13.1) */
	if (value->type != JLD_OBJECT)
		jld_error(proc, JLD_INVALID_REVERSE_VALUE, jld_excerpt(value),
				  "value of @reverse is not an object");
	/* 13.4.13.2) */
	expanded = expand_element(proc, ctx, JLD_STR("@reverse"), NULL, value, false);
	if (!jld_is_object(expanded))
		return;
	/* 13.4.13.3) */
	twice = jld_get(expanded, JLD_STR("@reverse"));
	if (twice)
		for (int i = 0; i < twice->n; i++)
			jld_add_value(e->result, twice->u.object.members[i].key,
						  twice->u.object.members[i].value, true);
	/* 13.4.13.4) */
	for (int i = 0; i < expanded->n; i++)
	{
		JldMember  *m = &expanded->u.object.members[i];

		if (jld_is(m->key, "@reverse"))
			continue;
		expand_add_reverse(e, m->key, m->value);
	}
}

/* --- what frames say besides ---------------------------------------------- */

static inline bool
is_wildcard(const JldValue *value)
{
	return value->type == JLD_OBJECT && value->n == 0;
}

/* 13.4.3) a string, strings, or {} */
static JldValue *
expand_frame_ids(Expansion *e, ActiveContext *ctx, JldValue *value)
{
	JldValue   *ids = expand_as_array(value);
	JldValue   *expanded = jld_new_array(ids->n);

	for (int i = 0; i < ids->n; i++)
		jld_push(expanded, is_wildcard(ids->u.items[i]) ? ids->u.items[i] :
				 expand_id(e, ctx, ids->u.items[i]));
	return expanded;
}

/* 13.4.4) {}, or a default object whose values are IRIs */
static JldValue *
expand_frame_type(Expansion *e, JldValue *value)
{
	JldMember  *m = &value->u.object.members[0];
	TermDefinition *def;
	JldValue   *types;
	JldValue   *defaults;

	if (value->n == 0)
		return value;
	def = context_term(e->type_scoped, m->key);
	if (value->n != 1 ||
		!(jld_is(m->key, "@default") || (def && def->keyword == JLD_KW_DEFAULT)))
		jld_error(e->proc, JLD_INVALID_TYPE_VALUE, jld_excerpt(value),
				  "value of @type in a frame is neither IRIs, {} nor a default object");
	types = expand_as_array(m->value);
	defaults = jld_new_array(types->n);
	for (int i = 0; i < types->n; i++)
	{
		JldValue   *type;

		if (types->u.items[i]->type != JLD_STRING)
			jld_error(e->proc, JLD_INVALID_TYPE_VALUE, jld_excerpt(value),
					  "default of @type in a frame is not an IRI");
		if ((type = expand_type(e, types->u.items[i])) != NULL)
			jld_push(defaults, type);
	}
	value = jld_new_object(1);
	jld_put(value, JLD_STR("@default"), defaults);
	return value;
}

/*
 * 13.4.15) The default of a property: values as the property has them.  The
 * string "@null" stays what it is.
 */
static JldValue *
expand_default(Expansion *e, ActiveContext *ctx, JldValue *value)
{
	JldProcessor *proc = e->proc;
	JldStr		property = expand_is_top_level(e->active_property) ?
	JLD_STR("@default") : e->active_property;
	JldValue   *items = expand_as_array(value);
	JldValue   *expanded = jld_new_array(items->n);

	/* 2) its value is no frame */
	proc->framing = false;
	for (int i = 0; i < items->n; i++)
	{
		JldValue   *item = items->u.items[i];

		if (!(jld_is_string(item) && jld_is(item->u.string, "@null")))
			item = expand_element(proc, ctx, property, context_term(ctx, property),
								  item, false);
		if (jld_is_array(item))
			jld_push_all(expanded, item);
		else if (item)
			jld_push(expanded, item);
	}
	proc->framing = true;
	return expanded;
}

/* 13.4.8), 13.4.9) strings or {}, as an array; NULL where it is neither */
static JldValue *
frame_strings(JldValue *value)
{
	JldValue   *items = expand_as_array(value);

	for (int i = 0; i < items->n; i++)
		if (items->u.items[i]->type != JLD_STRING && !is_wildcard(items->u.items[i]))
			return NULL;
	return items;
}

/* 13.4.7) scalars or {}, as an array */
static JldValue *
frame_scalars(Expansion *e, JldValue *value)
{
	JldValue   *items = expand_as_array(value);

	for (int i = 0; i < items->n; i++)
		if (items->u.items[i]->type == JLD_ARRAY ||
			(items->u.items[i]->type == JLD_OBJECT && !is_wildcard(items->u.items[i])))
			jld_error(e->proc, JLD_INVALID_VALUE_OBJECT_VALUE, jld_excerpt(value),
					  "value of @value in a frame is neither scalars nor {}");
	return items;
}
