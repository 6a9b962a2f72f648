/*
 * expand.c
 *		Expansion Algorithm and Value Expansion.
 *
 * Owns how a document becomes its expanded form: no contexts, every key an
 * IRI or keyword, every value in an array.  Step numbers are those of
 * "JSON-LD 1.1 Processing Algorithms and API", section "Expansion
 * Algorithm".  Knows nothing of how contexts are made or kept.  Keys that
 * are keywords are expandkeyword.c's, container maps (language, index, id,
 * type) expandmap.c's.
 *
 *		{"@context": {"knows": "http://xmlns.com/foaf/0.1/knows"},
 *		 "@id": "a", "knows": {"@id": "b"}}
 *	 =>	[{"@id": "http://x/a",
 *		  "http://xmlns.com/foaf/0.1/knows": [{"@id": "http://x/b"}]}]
 *
 * The three files are one recursion: what stands under a keyword or in a map
 * is expanded as an element again.
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
#include "jsonld/parts.h"

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
static void expand_nests(Expansion *e, ActiveContext *ctx, JldValue *element,
						 List *nests);
static void expand_property(Expansion *e, ActiveContext *ctx,
							TermDefinition *def, JldStr expanded_property,
							JldStr key, JldValue *value);
static JldValue *finish_object(JldProcessor *proc, JldStr property,
							   JldValue *result);


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

JldValue *
jsonld_expand_frame(JldProcessor *proc, JldValue *frame)
{
	JldValue   *expanded;

	proc->framing = true;
	expanded = jsonld_expand(proc, frame);
	proc->framing = false;
	return expanded;
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

/* 4) */
static JldValue *
expand_scalar(JldProcessor *proc, ActiveContext *ctx, JldStr property,
			  TermDefinition *def, JldValue *element)
{
	/* 4.1) */
	if (expand_is_top_level(property))
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
	JldPath		step = {.up = proc->path, .key = JLD_NOSTR};

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
	Expansion	e = {.proc = proc, .active_property = property};
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
		JldPath		step = {.up = proc->path, .key = JLD_STR_INIT("@context")};

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
	if (proc->options.moreDatatypes)
		expand_datatype(&e);

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
	JldStr		few[4];
	JldStr	   *keys = few;
	int			n = 0;

	for (int i = 0; i < element->n; i++)
	{
		JldStr		key = element->u.object.members[i].key;

		if (means_type(ctx, key))
		{
			if (n == lengthof(few))
			{
				keys = jld_alloc(sizeof(JldStr) * element->n);
				memcpy(keys, few, sizeof(few));
			}
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
		JldStr		few_terms[8];
		JldStr	   *terms = nterms <= lengthof(few_terms) ? few_terms :
		jld_alloc(sizeof(JldStr) * nterms);
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
			(def = context_term(ctx, m->key)) != NULL &&
			(proc->framing || !jld_is_framing(def->keyword)))
		{
			expanded_property = def->iri;
			keyword = def->keyword;
		}
		else
		{
			expanded_property = context_expand_iri(proc, ctx, m->key, false, true);
			keyword = expanded_property.data ?
				jld_keyword(expanded_property) : JLD_KW_NONE;
			if (expanded_property.data == NULL && proc->framing)
			{
				keyword = jld_framing_keyword(m->key);
				expanded_property = m->key;
			}
			def = NULL;
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
		JldPath		step = {.up = proc->path, .key = key};
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

		expanded = expand_as_array(expanded);
		graphs = jld_new_array(expanded->n);
		for (int i = 0; i < expanded->n; i++)
		{
			JldValue   *graph = jld_new_object(1);

			jld_put(graph, JLD_STR("@graph"), expand_as_array(expanded->u.items[i]));
			jld_push(graphs, graph);
		}
		expanded = graphs;
	}

	jld_output(proc, expanded_property.len + 16);

	/* 13.13) */
	if (def && def->reverse)
		expand_add_reverse(e, expanded_property, expand_as_array(expanded));
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

		if (!proc->framing)
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
	if (expand_is_top_level(property))
	{
		bool		bare = !proc->framing &&
		(result->n == 0 || (result->n == 1 && jld_get(result, JLD_STR("@id"))));

		if (bare || jld_is_value_object(result) || jld_is_list_object(result))
		{
			if (!bare || !proc->options.skipBare)
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
	Jsonb	   *doc;
	Jsonb	   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	work = AllocSetContextCreate(CurrentMemoryContext, "jsonld_expand",
								 ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	jsonld_begin(&proc, argument_jsonb(fcinfo, 1));
	doc = PG_GETARG_JSONB_P(0);
	result = jsonld_in_parts(&proc, doc, NULL, old);
	if (result == NULL)
	{
		expanded = jsonld_expand(&proc, jld_from_jsonb(doc));
		MemoryContextSwitchTo(old);
		result = jld_to_jsonb(expanded);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	PG_RETURN_JSONB_P(result);
}
