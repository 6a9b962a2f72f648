/*
 * expand.c
 *		Expansion Algorithm and Value Expansion.
 *
 * Owns how a document becomes its expanded form: no contexts, every key an
 * IRI or keyword, every value in an array.  Step numbers are those of
 * "JSON-LD 1.1 Processing Algorithms and API", section "Expansion
 * Algorithm".  Knows nothing of how contexts are made or kept.  Container
 * maps (language, index, id, type) are expandmap.c's.
 *
 *		{"@context": {"knows": "http://xmlns.com/foaf/0.1/knows"},
 *		 "@id": "a", "knows": {"@id": "b"}}
 *	 =>	[{"@id": "http://x/a",
 *		  "http://xmlns.com/foaf/0.1/knows": [{"@id": "http://x/b"}]}]
 *
 * C's NULL stands for the algorithm's null.  Arrays that the recursion
 * returns are new and may be taken over.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "call/argument.h"
#include "jsonld/expand.h"
#include "jsonld/iri.h"

/* one node or value object while its members are being expanded */
typedef struct Expansion
{
	JldProcessor *proc;
	ActiveContext *type_scoped; /* 10) */
	JldStr		active_property;
	JldValue   *result;
	bool		input_is_json;	/* 12) input type is @json */
	bool		seen_reverse;	/* 13.4.13) a key meant @reverse */
} Expansion;

static JldValue *expand_scalar(JldProcessor *proc, ActiveContext *ctx,
							   JldStr property, TermDefinition *def,
							   JldValue *element);
static JldValue *expand_items(JldProcessor *proc, ActiveContext *ctx,
							  JldStr property, TermDefinition *def,
							  JldValue *element, bool from_map);
static JldValue *expand_map(JldProcessor *proc, ActiveContext *ctx,
							JldStr property, TermDefinition *def,
							JldValue *element, bool from_map);
static bool starts_new_node(JldProcessor *proc, ActiveContext *ctx,
							JldValue *element);
static ActiveContext *apply_type_scoped(JldProcessor *proc, ActiveContext *ctx,
										ActiveContext *type_scoped,
										JldValue *element, bool *is_json);
static void expand_members(Expansion *e, ActiveContext *ctx, JldValue *element);
static void expand_keyword(Expansion *e, ActiveContext *ctx, JldKeyword keyword,
						   JldStr expanded_property, JldStr key,
						   JldValue *value, List **nests);
static JldValue *expand_id(Expansion *e, ActiveContext *ctx, JldValue *value);
static JldValue *expand_types(Expansion *e, JldValue *value);
static JldValue *expand_included(Expansion *e, ActiveContext *ctx,
								 JldValue *value);
static void expand_value_entry(Expansion *e, JldValue *value);
static void expand_reverse(Expansion *e, ActiveContext *ctx, JldValue *value);
static void expand_nests(Expansion *e, ActiveContext *ctx, JldValue *element,
						 List *nests);
static void expand_property(Expansion *e, ActiveContext *ctx,
							TermDefinition *def, JldStr expanded_property,
							JldStr key, JldValue *value);
static JldValue *finish_object(JldProcessor *proc, JldStr property,
							   JldValue *result);
static void check_reverse_item(JldProcessor *proc, JldValue *item);

/* --- the API method ------------------------------------------------------- */

JldValue *
jsonld_expand(JldProcessor *proc, JldValue *doc)
{
	ActiveContext *ctx = context_initial(proc);
	JldValue   *expanded = expand_element(proc, ctx, JLD_NOSTR, NULL, doc, false);
	JldValue   *graph;

	if (expanded == NULL)
		return jld_new_array(0);
	if (jld_is_object(expanded) && expanded->n == 1 &&
		(graph = jld_get(expanded, JLD_STR("@graph"))) != NULL)
		expanded = graph;
	return expanded->type == JLD_ARRAY ? expanded : jld_array_of(expanded);
}

/* --- Expansion Algorithm -------------------------------------------------- */

JldValue *
expand_element(JldProcessor *proc, ActiveContext *ctx, JldStr property,
			   TermDefinition *def, JldValue *element, bool from_map)
{
	switch (element->type)
	{
		case JLD_NULL:
			return NULL;		/* 1) */
		case JLD_ARRAY:
			return expand_items(proc, ctx, property, def, element, from_map);
		case JLD_OBJECT:
			return expand_map(proc, ctx, property, def, element, from_map);
		default:
			return expand_scalar(proc, ctx, property, def, element);
	}
}

/* is property null or @graph, so that what it holds must be a node? */
static inline bool
is_top_level(JldStr property)
{
	return property.data == NULL || jld_is(property, "@graph");
}

/* 4) */
static JldValue *
expand_scalar(JldProcessor *proc, ActiveContext *ctx, JldStr property,
			  TermDefinition *def, JldValue *element)
{
	/* 4.1) */
	if (is_top_level(property))
	{
		jld_dropped(proc, element, "a free-floating scalar would be dropped");
		return NULL;
	}
	/* 4.2) */
	if (def && def->context)
	{
		ctx = context_apply_scoped(proc, ctx, def, true, true);
		def = context_term(ctx, property);
	}
	/* 4.3) */
	return expand_value(proc, ctx, def, element);
}

/* 5) */
static JldValue *
expand_items(JldProcessor *proc, ActiveContext *ctx, JldStr property,
			 TermDefinition *def, JldValue *element, bool from_map)
{
	JldValue   *result = jld_new_array(element->n);
	JldPath		step = {.up = proc->path,.key = JLD_NOSTR};

	jld_enter(proc);
	proc->path = &step;
	for (int i = 0; i < element->n; i++)
	{
		JldValue   *item;

		step.index = i;
		/* 5.2.1) */
		item = expand_element(proc, ctx, property, def, element->u.items[i],
							  from_map);
		/* 5.2.2) */
		if (def && (def->container & JLD_CONTAINER_LIST) && jld_is_array(item))
			item = expand_to_list(proc, item);
		/* 5.2.3) */
		if (jld_is_array(item))
			jld_push_all(result, item);
		else if (item)
			jld_push(result, item);
	}
	proc->path = step.up;
	jld_leave(proc);
	return result;
}

/* a list object with the items; 1.0 has no lists in lists */
JldValue *
expand_to_list(JldProcessor *proc, JldValue *items)
{
	JldValue   *list = jld_new_object(1);

	if (items->type != JLD_ARRAY)
		items = jld_array_of(items);
	if (proc->options.processingMode == JLD_MODE_1_0)
		for (int i = 0; i < items->n; i++)
			if (jld_is_list_object(items->u.items[i]))
				jld_error(proc, JLD_LIST_OF_LISTS, NULL,
						  "a list cannot hold a list in JSON-LD 1.0");
	jld_put(list, JLD_STR("@list"), items);
	return list;
}

/* 6) to 20) */
static JldValue *
expand_map(JldProcessor *proc, ActiveContext *ctx, JldStr property,
		   TermDefinition *def, JldValue *element, bool from_map)
{
	Expansion	e = {.proc = proc,.active_property = property};
	JldValue   *local;

	jld_enter(proc);

	/* 7) */
	if (ctx->previous && !from_map && starts_new_node(proc, ctx, element))
		ctx = ctx->previous;
	/* 8) */
	if (def && def->context)
		ctx = context_apply_scoped(proc, ctx, def, true, true);
	/* 9) */
	if ((local = jld_get(element, JLD_STR("@context"))) != NULL)
	{
		JldPath		step = {.up = proc->path,.key = JLD_STR_INIT("@context")};

		proc->path = &step;
		ctx = context_process(proc, ctx, local);
		proc->path = step.up;
	}
	/* 10), 11), 12) */
	e.type_scoped = ctx;
	ctx = apply_type_scoped(proc, ctx, e.type_scoped, element, &e.input_is_json);

	/* 12), 13), 14) */
	e.result = jld_new_object(element->n);
	expand_members(&e, ctx, element);

	jld_leave(proc);
	return finish_object(proc, property, e.result);
}

/*
 * 7) Is element something else than a value object or a mere reference?
 * Then it is a new node, where type-scoped contexts end.
 */
static bool
starts_new_node(JldProcessor *proc, ActiveContext *ctx, JldValue *element)
{
	for (int i = 0; i < element->n; i++)
	{
		JldStr		iri = context_expand_iri(proc, ctx,
											 element->u.object.members[i].key,
											 false, true);

		if (iri.data && jld_is(iri, "@value"))
			return false;
		if (element->n == 1 && iri.data && jld_is(iri, "@id"))
			return false;
	}
	return true;
}

static int
compare_strs(const void *a, const void *b)
{
	return jld_cmp(*(const JldStr *) a, *(const JldStr *) b);
}

/* does key mean @type?  Answers before any look-up for most keys. */
static inline bool
means_type(const ActiveContext *ctx, JldStr key)
{
	TermDefinition *def;

	if (key.len > 0 && key.data[0] == '@')
		return jld_is(key, "@type");
	def = context_term(ctx, key);
	return def && def->keyword == JLD_KW_TYPE;
}

/*
 * 11) the contexts that the types of element bring, and of 12) whether the
 * input type is @json.
 */
static ActiveContext *
apply_type_scoped(JldProcessor *proc, ActiveContext *ctx,
				  ActiveContext *type_scoped, JldValue *element, bool *is_json)
{
	JldStr	   *keys = NULL;
	int			n = 0;

	for (int i = 0; i < element->n; i++)
	{
		JldStr		key = element->u.object.members[i].key;

		if (means_type(ctx, key))
		{
			if (keys == NULL)
				keys = palloc(sizeof(JldStr) * element->n);
			keys[n++] = key;
		}
	}
	if (n > 1)
		qsort(keys, n, sizeof(JldStr), compare_strs);

	for (int k = 0; k < n; k++)
	{
		JldValue   *value = jld_get(element, keys[k]);
		bool		is_array = value->type == JLD_ARRAY;
		int			nterms = is_array ? value->n : 1;
		JldStr	   *terms = palloc(sizeof(JldStr) * Max(nterms, 1));
		int			used = 0;

		/* 11.1) */
		for (int i = 0; i < nterms; i++)
		{
			JldValue   *item = is_array ? value->u.items[i] : value;

			if (item->type == JLD_STRING)
				terms[used++] = item->u.string;
		}

		/* 12) the last value of the first entry, as it stands */
		if (k == 0 && used > 0)
		{
			JldStr		iri = context_expand_iri(proc, ctx, terms[used - 1],
												 false, true);

			*is_json = iri.data && jld_is(iri, "@json");
		}

		/* 11.2) */
		if (used > 1)
			qsort(terms, used, sizeof(JldStr), compare_strs);
		for (int i = 0; i < used; i++)
		{
			TermDefinition *def = context_term(type_scoped, terms[i]);

			if (def && def->context)
				ctx = context_apply_scoped(proc, ctx, def, false, false);
		}
	}
	return ctx;
}

/* 13) and 14) for the members of element, which go into e->result */
static void
expand_members(Expansion *e, ActiveContext *ctx, JldValue *element)
{
	JldProcessor *proc = e->proc;
	int		   *order = proc->options.ordered ? jld_sorted(element) : NULL;
	JldPath		step = {.up = proc->path};
	List	   *nests = NIL;

	proc->path = &step;
	for (int i = 0; i < element->n; i++)
	{
		JldMember  *m = &element->u.object.members[order ? order[i] : i];
		TermDefinition *def = NULL;
		JldStr		expanded_property;
		JldKeyword	keyword;

		step.key = m->key;
		/* 13.2) */
		if (m->key.len > 0 && m->key.data[0] != '@' &&
			(def = context_term(ctx, m->key)) != NULL)
		{
			expanded_property = def->iri;
			keyword = def->keyword;
		}
		else
		{
			expanded_property = context_expand_iri(proc, ctx, m->key, false, true);
			keyword = expanded_property.data ?
				jld_keyword(expanded_property) : JLD_KW_NONE;
			if (m->key.len > 0 && m->key.data[0] == '@' && keyword == JLD_KW_NONE)
				def = context_term(ctx, m->key);
		}

		/* 13.1) */
		if (keyword == JLD_KW_CONTEXT)
			continue;
		if (keyword != JLD_KW_NONE)
		{
			expand_keyword(e, ctx, keyword, expanded_property, m->key, m->value,
						   &nests);
			continue;
		}
		/* 13.3) */
		if (expanded_property.data == NULL ||
			memchr(expanded_property.data, ':', expanded_property.len) == NULL)
		{
			jld_dropped(proc, m->value,
						"a property that does not expand to an IRI would be dropped");
			continue;
		}
		expand_property(e, ctx, def, expanded_property, m->key, m->value);
	}
	proc->path = step.up;

	/* 14) */
	if (nests)
		expand_nests(e, ctx, element, nests);
}

/* the value as an array of its own */
static JldValue *
as_array(JldValue *v)
{
	if (v == NULL)
		return jld_new_array(0);
	return v->type == JLD_ARRAY ? v : jld_array_of(v);
}

/* 13.4) */
static void
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
			expanded = expand_id(e, ctx, value);
			break;
		case JLD_KW_TYPE:		/* 13.4.4) */
			expanded = expand_types(e, value);
			break;
		case JLD_KW_GRAPH:		/* 13.4.5) */
			expanded = as_array(expand_element(proc, ctx, JLD_STR("@graph"),
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
			if (value->type != JLD_STRING)
				jld_error(proc, JLD_INVALID_LANGUAGE_TAGGED_STRING,
						  jld_excerpt(value), "value of @language is not a string");
			expanded = value;
			break;
		case JLD_KW_DIRECTION:	/* 13.4.9) */
			if (is_1_0)
				return;
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
			if (is_top_level(e->active_property))
			{
				jld_dropped(proc, value, "a free-floating list would be dropped");
				return;
			}
			expanded = as_array(expand_element(proc, ctx, e->active_property,
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

/* one value of @type; NULL where it means nothing */
static JldValue *
expand_type(Expansion *e, JldValue *value)
{
	JldStr		iri;

	if (value->type != JLD_STRING)
		jld_error(e->proc, JLD_INVALID_TYPE_VALUE, jld_excerpt(value),
				  "value of @type is neither a string nor an array of strings");
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

	/* 13.4.4.5) */
	if (before && expanded)
	{
		JldValue   *all = jld_copy_shallow(as_array(before));

		jld_push_all(all, as_array(expanded));
		return all;
	}
	return expanded;
}

/* 13.4.6) */
static JldValue *
expand_included(Expansion *e, ActiveContext *ctx, JldValue *value)
{
	JldValue   *before = jld_get(e->result, JLD_STR("@included"));
	JldValue   *expanded = as_array(expand_element(e->proc, ctx, JLD_NOSTR, NULL,
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
	else if (value->type == JLD_ARRAY || value->type == JLD_OBJECT)
		jld_error(e->proc, JLD_INVALID_VALUE_OBJECT_VALUE, jld_excerpt(value),
				  "value of @value is neither a scalar nor null");
	jld_put(e->result, JLD_STR("@value"), value);
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
static void
add_reverse(Expansion *e, JldStr property, JldValue *items)
{
	JldValue   *map = jld_get(e->result, JLD_STR("@reverse"));

	if (items->n == 0 && !e->proc->options.keepNulls)
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
		add_reverse(e, m->key, m->value);
	}
}

/* the order of nesting keys, for option ordered */
static int
compare_nests(const ListCell *a, const ListCell *b)
{
	return jld_cmp(((JldValue *) lfirst(a))->u.string,
				   ((JldValue *) lfirst(b))->u.string);
}

/* 14) */
static void
expand_nests(Expansion *e, ActiveContext *ctx, JldValue *element, List *nests)
{
	JldProcessor *proc = e->proc;
	ListCell   *lc;

	if (proc->options.ordered)
		list_sort(nests, compare_nests);
	foreach(lc, nests)
	{
		JldStr		key = ((JldValue *) lfirst(lc))->u.string;
		JldValue   *values = jld_get(element, key);
		TermDefinition *def = context_term(ctx, key);
		bool		is_array = values->type == JLD_ARRAY;
		JldPath		step = {.up = proc->path,.key = key};
		JldStr		outer = e->active_property;

		jld_enter(proc);
		proc->path = &step;
		for (int i = 0; i < (is_array ? values->n : 1); i++)
		{
			JldValue   *nested = is_array ? values->u.items[i] : values;
			ActiveContext *nested_ctx = ctx;

			/* 14.2.1) */
			if (nested->type != JLD_OBJECT)
				jld_error(proc, JLD_INVALID_NEST_VALUE, jld_excerpt(nested),
						  "value of @nest is not an object");
			for (int k = 0; k < nested->n; k++)
			{
				JldStr		iri = context_expand_iri(proc, ctx,
													 nested->u.object.members[k].key,
													 false, true);

				if (iri.data && jld_is(iri, "@value"))
					jld_error(proc, JLD_INVALID_NEST_VALUE, jld_excerpt(nested),
							  "value of @nest is a value object");
			}
			/* 14.2.2) steps 3, 8, 13, 14 */
			if (def && def->context)
				nested_ctx = context_apply_scoped(proc, ctx, def, true, true);
			e->active_property = key;
			expand_members(e, nested_ctx, nested);
			e->active_property = outer;
		}
		proc->path = step.up;
		jld_leave(proc);
	}
}

/* 13.5) to 13.14) */
static void
expand_property(Expansion *e, ActiveContext *ctx, TermDefinition *def,
				JldStr expanded_property, JldStr key, JldValue *value)
{
	JldProcessor *proc = e->proc;
	uint8		container = def ? def->container : 0;
	JldValue   *expanded;

	/* 13.6) */
	if (def && def->type_keyword == JLD_KW_JSON)
	{
		expanded = jld_new_object(2);
		jld_put(expanded, JLD_STR("@value"), value);
		jld_put(expanded, JLD_STR("@type"), expand_json_type());
	}
	/* 13.7) */
	else if ((container & JLD_CONTAINER_LANGUAGE) && value->type == JLD_OBJECT)
		expanded = expand_language_map(proc, ctx, def, value);
	/* 13.8) */
	else if ((container & (JLD_CONTAINER_INDEX | JLD_CONTAINER_TYPE |
						   JLD_CONTAINER_ID)) && value->type == JLD_OBJECT)
		expanded = expand_index_map(proc, ctx, def, key, value);
	/* 13.9) */
	else
		expanded = expand_element(proc, ctx, key, def, value, false);

	/* 13.10) */
	if (expanded == NULL)
	{
		if (!proc->options.keepNulls)
			return;
		expanded = jld_new_array(0);
	}

	/* 13.11) */
	if ((container & JLD_CONTAINER_LIST) && !jld_is_list_object(expanded))
		expanded = expand_to_list(proc, expanded);

	/* 13.12) */
	if ((container & JLD_CONTAINER_GRAPH) &&
		!(container & (JLD_CONTAINER_ID | JLD_CONTAINER_INDEX)))
	{
		JldValue   *graphs;

		expanded = as_array(expanded);
		graphs = jld_new_array(expanded->n);
		for (int i = 0; i < expanded->n; i++)
		{
			JldValue   *graph = jld_new_object(1);

			jld_put(graph, JLD_STR("@graph"), as_array(expanded->u.items[i]));
			jld_push(graphs, graph);
		}
		expanded = graphs;
	}

	jld_output(proc, expanded_property.len + 16);

	/* 13.13) */
	if (def && def->reverse)
		add_reverse(e, expanded_property, as_array(expanded));
	/* 13.14) */
	else if (expanded->type == JLD_ARRAY &&
			 jld_get(e->result, expanded_property) == NULL)
		jld_put(e->result, expanded_property, expanded);
	else
		jld_add_value(e->result, expanded_property, expanded, true);
}

/* 15) to 20) */
static JldValue *
finish_object(JldProcessor *proc, JldStr property, JldValue *result)
{
	JldValue   *v;

	/* 15) */
	if ((v = jld_get(result, JLD_STR("@value"))) != NULL)
	{
		JldValue   *type;

		expand_check_value_object(proc, result);
		/* 15.2), 15.3) */
		type = jld_get(result, JLD_STR("@type"));
		if (v->type == JLD_NULL &&
			!(jld_is_string(type) && jld_is(type->u.string, "@json")))
			return NULL;
	}
	/* 16) */
	else if ((v = jld_get(result, JLD_STR("@type"))) != NULL)
	{
		if (v->type != JLD_ARRAY)
			jld_put(result, JLD_STR("@type"), jld_array_of(v));
	}
	/* 17) */
	else if (jld_get(result, JLD_STR("@set")) || jld_get(result, JLD_STR("@list")))
	{
		/* 17.1) */
		if (result->n > 2 || (result->n == 2 && !jld_get(result, JLD_STR("@index"))))
			jld_error(proc, JLD_INVALID_SET_OR_LIST_OBJECT, jld_excerpt(result),
					  "a set or list object has entries besides @index");
		/* 17.2) */
		if ((v = jld_get(result, JLD_STR("@set"))) != NULL)
		{
			if (v->type != JLD_OBJECT)
				return v;
			result = v;
		}
	}

	/* 18) */
	if (result->n == 1 && jld_get(result, JLD_STR("@language")))
	{
		jld_dropped(proc, result, "an object with only @language would be dropped");
		return NULL;
	}

	/* 19) */
	if (is_top_level(property))
	{
		bool		drop = result->n == 0 || jld_is_value_object(result) ||
		jld_is_list_object(result) ||
		(result->n == 1 && jld_get(result, JLD_STR("@id")));

		if (drop)
		{
			jld_dropped(proc, result, "a free-floating object would be dropped");
			return NULL;
		}
	}
	return result;
}

/* --- SQL functions -------------------------------------------------------- */

PG_FUNCTION_INFO_V1(jsonld_expand_sql);

Datum
jsonld_expand_sql(PG_FUNCTION_ARGS)
{
	MemoryContext work;
	MemoryContext old;
	JldProcessor proc;
	JldValue   *expanded;
	Jsonb	   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	work = AllocSetContextCreate(CurrentMemoryContext, "jsonld_expand",
								 ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	jsonld_begin(&proc, argument_jsonb(fcinfo, 1));
	expanded = jsonld_expand(&proc, jld_from_jsonb(PG_GETARG_JSONB_P(0)));
	result = jld_to_jsonb(expanded);
	MemoryContextSwitchTo(old);
	result = jld_jsonb_copy(result);
	MemoryContextDelete(work);
	PG_RETURN_JSONB_P(result);
}
