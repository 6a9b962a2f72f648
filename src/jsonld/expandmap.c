/*
 * expandmap.c
 *		Value Expansion, value objects, and the expansion of container maps.
 *
 * Owns what a value object may look like (step 15 of the Expansion Algorithm),
 * what becomes of a scalar under its property's definition, and of the
 * objects that stand for language maps (step 13.7 of the Expansion
 * Algorithm) and for index, id, type and graph maps (step 13.8):
 *
 *		"label": {"en": "queen", "de": ["Königin"]}
 *	 =>	[{"@value": "queen", "@language": "en"},
 *		 {"@value": "Königin", "@language": "de"}]
 */
#include "postgres.h"

#include "jsonld/expand.h"
#include "jsonld/iri.h"

static void index_item(JldProcessor *proc, ActiveContext *ctx,
					   TermDefinition *def, JldStr index,
					   JldStr expanded_index, JldValue **item);
static void index_by_property(JldProcessor *proc, ActiveContext *ctx,
							  JldStr index_key, JldStr index, JldValue *item);

JldValue *
expand_json_type(void)
{
	return jld_new_string(JLD_STR("@json"));
}

JldValue *
expand_value(JldProcessor *proc, ActiveContext *ctx, TermDefinition *def,
			 JldValue *value)
{
	JldValue   *result;
	JldStr		language;
	JldDirection direction;

	/* 1), 2) */
	if (def && value->type == JLD_STRING &&
		(def->type_keyword == JLD_KW_ID || def->type_keyword == JLD_KW_VOCAB))
	{
		JldStr		iri = context_expand_iri(proc, ctx, value->u.string, true,
											 def->type_keyword == JLD_KW_VOCAB);

		if (iri.data == NULL)
			jld_dropped(proc, value, "a reserved reference would be dropped");
		else if (proc->options.safe && !proc->options.keepRelative &&
				 !iri_is_absolute(iri) &&
				 !jld_is_blank_node_id(iri))
			jld_dropped(proc, value, "a relative reference cannot be resolved");
		jld_output(proc, iri.len + 8);
		result = jld_new_object(1);
		jld_put(result, JLD_STR("@id"),
				iri.data ? jld_new_string(iri) : &jld_null);
		return result;
	}

	/* 3) */
	result = jld_new_object(2);
	jld_put(result, JLD_STR("@value"), value);
	jld_output(proc, value->type == JLD_STRING ? value->u.string.len + 12 : 20);

	/* 4) */
	if (def && def->type.data)
	{
		if (def->type_keyword != JLD_KW_ID && def->type_keyword != JLD_KW_VOCAB &&
			def->type_keyword != JLD_KW_NOT)
		{
			jld_put(result, JLD_STR("@type"), jld_new_string(def->type));
			jld_output(proc, def->type.len + 8);
			return result;
		}
	}

	/* 5) */
	if (value->type != JLD_STRING)
		return result;
	language = def && def->has_language ? def->language : ctx->language;
	direction = def && def->has_direction ? def->direction : ctx->direction;
	if (language.data)
		jld_put(result, JLD_STR("@language"), jld_new_string(language));
	if (direction != JLD_DIR_NULL)
		jld_put(result, JLD_STR("@direction"),
				jld_new_string(jld_direction_name(direction)));
	return result;
}

/* 13.7) */
JldValue *
expand_language_map(JldProcessor *proc, ActiveContext *ctx,
					TermDefinition *def, JldValue *map)
{
	JldValue   *expanded = jld_new_array(map->n);
	int		   *order = proc->options.ordered ? jld_sorted(map) : NULL;
	JldPath		step = {.up = proc->path};

	/* 13.7.2), 13.7.3) */
	JldDirection direction = def->has_direction ? def->direction : ctx->direction;

	proc->path = &step;
	/* 13.7.4) */
	for (int i = 0; i < map->n; i++)
	{
		JldMember  *m = &map->u.object.members[order ? order[i] : i];
		bool		is_array = m->value->type == JLD_ARRAY;
		JldStr		iri = context_expand_iri(proc, ctx, m->key, false, true);
		bool		none = iri.data && jld_is(iri, "@none");

		step.key = m->key;
		for (int k = 0; k < (is_array ? m->value->n : 1); k++)
		{
			JldValue   *item = is_array ? m->value->u.items[k] : m->value;
			JldValue   *v;

			/* 13.7.4.2.1), 13.7.4.2.2) */
			if (item->type == JLD_NULL)
				continue;
			if (item->type != JLD_STRING)
				jld_error(proc, JLD_INVALID_LANGUAGE_MAP_VALUE, jld_excerpt(item),
						  "value in a language map is not a string");
			/* 13.7.4.2.3), 13.7.4.2.4) */
			v = jld_new_object(2);
			jld_put(v, JLD_STR("@value"), item);
			if (!none)
				jld_put(v, JLD_STR("@language"), jld_new_string(m->key));
			/* 13.7.4.2.5) */
			if (direction != JLD_DIR_NULL)
				jld_put(v, JLD_STR("@direction"),
						jld_new_string(jld_direction_name(direction)));
			/* 13.7.4.2.6) */
			jld_push(expanded, v);
			jld_output(proc, item->u.string.len + m->key.len + 32);
		}
	}
	proc->path = step.up;
	return expanded;
}

/* 13.8) */
JldValue *
expand_index_map(JldProcessor *proc, ActiveContext *ctx, TermDefinition *def,
				 JldStr key, JldValue *map)
{
	JldValue   *expanded = jld_new_array(map->n);
	int		   *order = proc->options.ordered ? jld_sorted(map) : NULL;
	JldPath		step = {.up = proc->path};

	proc->path = &step;
	/* 13.8.3) */
	for (int i = 0; i < map->n; i++)
	{
		JldMember  *m = &map->u.object.members[order ? order[i] : i];
		ActiveContext *map_ctx = ctx;
		JldStr		expanded_index;
		JldValue   *values = m->value;

		step.key = m->key;
		/* 13.8.3.1) */
		if ((def->container & (JLD_CONTAINER_ID | JLD_CONTAINER_TYPE)) &&
			ctx->previous)
			map_ctx = ctx->previous;
		/* 13.8.3.2) */
		if (def->container & JLD_CONTAINER_TYPE)
		{
			TermDefinition *type = context_term(map_ctx, m->key);

			if (type && type->context)
				map_ctx = context_apply_scoped(proc, map_ctx, type, false, false);
		}
		/* 13.8.3.4) */
		expanded_index = context_expand_iri(proc, ctx, m->key, false, true);
		/* 13.8.3.5), 13.8.3.6) */
		if (values->type != JLD_ARRAY)
			values = jld_array_of(values);
		values = expand_element(proc, map_ctx, key, context_term(map_ctx, key),
								values, true);
		/* 13.8.3.7) */
		for (int k = 0; k < values->n; k++)
		{
			JldValue   *item = values->u.items[k];

			index_item(proc, ctx, def, m->key, expanded_index, &item);
			jld_push(expanded, item);
		}
	}
	proc->path = step.up;
	return expanded;
}

/* 13.8.3.7.1) to 13.8.3.7.5): write the index into the item */
static void
index_item(JldProcessor *proc, ActiveContext *ctx, TermDefinition *def,
		   JldStr index, JldStr expanded_index, JldValue **item)
{
	bool		none = expanded_index.data && jld_is(expanded_index, "@none");

	/* 13.8.3.7.1) */
	if ((def->container & JLD_CONTAINER_GRAPH) && !jld_is_graph_object(*item))
	{
		JldValue   *graph = jld_new_object(2);

		jld_put(graph, JLD_STR("@graph"), jld_array_of(*item));
		*item = graph;
	}
	if (none)
		return;
	jld_output(proc, index.len + 16);

	/* 13.8.3.7.2) */
	if ((def->container & JLD_CONTAINER_INDEX) && def->index.data &&
		!jld_is(def->index, "@index"))
		index_by_property(proc, ctx, def->index, index, *item);
	/* 13.8.3.7.3) */
	else if (def->container & JLD_CONTAINER_INDEX)
	{
		if (!jld_has(*item, JLD_STR("@index")))
			jld_put(*item, JLD_STR("@index"), jld_new_string(index));
	}
	/* 13.8.3.7.4) */
	else if (def->container & JLD_CONTAINER_ID)
	{
		if (!jld_has(*item, JLD_STR("@id")))
		{
			JldStr		iri = context_expand_iri(proc, ctx, index, true, false);

			jld_put(*item, JLD_STR("@id"),
					iri.data ? jld_new_string(iri) : &jld_null);
		}
	}
	/* 13.8.3.7.5) */
	else if (def->container & JLD_CONTAINER_TYPE)
	{
		JldValue   *types = jld_new_array(2);
		JldValue   *before = jld_get(*item, JLD_STR("@type"));

		if (expanded_index.data)
			jld_push(types, jld_new_string(expanded_index));
		if (before && before->type == JLD_ARRAY)
			jld_push_all(types, before);
		else if (before)
			jld_push(types, before);
		jld_put(*item, JLD_STR("@type"), types);
	}
}

/* 13.8.3.7.2) a property-valued index */
static void
index_by_property(JldProcessor *proc, ActiveContext *ctx, JldStr index_key,
				  JldStr index, JldValue *item)
{
	JldStr		property = context_expand_iri(proc, ctx, index_key, false, true);
	JldValue   *values = jld_new_array(2);
	JldValue   *before = jld_get(item, property);

	jld_push(values, expand_value(proc, ctx, context_term(ctx, index_key),
								  jld_new_string(index)));
	if (before && before->type == JLD_ARRAY)
		jld_push_all(values, before);
	else if (before)
		jld_push(values, before);
	jld_put(item, property, values);
	/* 13.8.3.7.2.5) */
	if (jld_is_value_object(item))
		jld_error(proc, JLD_INVALID_VALUE_OBJECT, jld_excerpt(item),
				  "a value object cannot be indexed by a property");
}

/* --- value objects -------------------------------------------------------- */

/* 15.1), 15.4), 15.5) */
void
expand_check_value_object(JldProcessor *proc, JldValue *result)
{
	JldValue   *value = jld_get(result, JLD_STR("@value"));
	JldValue   *type = jld_get(result, JLD_STR("@type"));
	bool		tagged = jld_get(result, JLD_STR("@language")) != NULL;

	for (int i = 0; i < result->n; i++)
	{
		switch (jld_keyword(result->u.object.members[i].key))
		{
			case JLD_KW_DIRECTION:
			case JLD_KW_INDEX:
			case JLD_KW_LANGUAGE:
			case JLD_KW_TYPE:
			case JLD_KW_VALUE:
				break;
			default:
				jld_error(proc, JLD_INVALID_VALUE_OBJECT,
						  jld_cstr(result->u.object.members[i].key),
						  "a value object has an entry that is not of value objects");
		}
	}
	if (type && (tagged || jld_get(result, JLD_STR("@direction"))))
		jld_error(proc, JLD_INVALID_VALUE_OBJECT, jld_excerpt(result),
				  "a value object has @type besides @language or @direction");
	if (jld_is_string(type) && jld_is(type->u.string, "@json"))
		return;
	if (value->type == JLD_NULL)
		return;
	if (tagged && value->type != JLD_STRING)
		jld_error(proc, JLD_INVALID_LANGUAGE_TAGGED_VALUE, jld_excerpt(value),
				  "a value with @language is not a string");
	if (type && !(jld_is_string(type) && iri_is_absolute(type->u.string)))
		jld_error(proc, JLD_INVALID_TYPED_VALUE, jld_excerpt(type),
				  "value of @type in a value object is not an IRI");
}
