/*
 * compact.c
 *		Compaction Algorithm and Value Compaction.
 *
 * Owns how an expanded document is written with a context: IRIs as terms,
 * values as short as the terms' definitions allow, container maps.  Step
 * numbers are those of "JSON-LD 1.1 Processing Algorithms and API", section
 * "Compaction Algorithm".  The choice of terms is inverse.c's.
 *
 *		[{"@id": "http://x/a",
 *		  "http://xmlns.com/foaf/0.1/knows": [{"@id": "http://x/b"}]}]
 *	 =>	{"@context": {"knows": {"@id": "http://xmlns.com/foaf/0.1/knows",
 *								"@type": "@id"}},
 *		 "@id": "http://x/a", "knows": "http://x/b"}
 *
 * The expanded document is only read.  What the recursion returns is new, but
 * for scalars and JSON literals, which are shared with the input.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "call/argument.h"
#include "compat.h"
#include "jsonld/compact.h"
#include "jsonld/parts.h"

/* one object while its entries are being compacted */
typedef struct Compaction
{
	JldProcessor *proc;
	ActiveContext *ctx;
	ActiveContext *type_scoped;
	TermDefinition *def;		/* of the active property, or NULL */
	bool		inside_reverse;
	JldValue   *result;
} Compaction;

/* one item of a property: where it goes and how */
typedef struct ItemTarget
{
	JldStr		property;		/* item active property */
	TermDefinition *def;		/* its definition, or NULL */
	uint8		container;
	bool		as_array;
	JldValue   *nest;			/* nest result */
} ItemTarget;

static JldValue *compact_array(JldProcessor *proc, ActiveContext *ctx,
							   JldStr property, JldValue *element);
static JldValue *compact_map(JldProcessor *proc, ActiveContext *ctx,
							 JldStr property, JldValue *element);
static ActiveContext *apply_type_scoped(JldProcessor *proc, ActiveContext *ctx,
										ActiveContext *type_scoped,
										JldValue *types);
static bool compact_keyword(Compaction *c, JldKeyword keyword,
							JldStr expanded_property, JldValue *value);
static void compact_type_entry(Compaction *c, JldValue *value);
static void compact_reverse_entry(Compaction *c, JldValue *value);
static void compact_property(Compaction *c, JldStr expanded_property,
							 JldValue *value);
static void find_target(Compaction *c, JldStr expanded_property,
						const JldValue *item, ItemTarget *t);
static void compact_item(Compaction *c, JldStr expanded_property,
						 JldValue *item);
static void put_list(Compaction *c, const ItemTarget *t, JldValue *item,
					 JldValue *compacted);
static void put_graph(Compaction *c, const ItemTarget *t, JldValue *item,
					  JldValue *compacted);
static void put_in_map(Compaction *c, const ItemTarget *t, JldValue *item,
					   JldValue *compacted);
static JldStr take_first(JldValue *object, JldStr key);
static JldValue *compact_value(JldProcessor *proc, ActiveContext *ctx,
							   TermDefinition *def, JldValue *value);

/* the alias of a keyword, or a term or compact IRI for an IRI */
static inline JldStr
alias(JldProcessor *proc, ActiveContext *ctx, JldStr var)
{
	return compact_iri(proc, ctx, var, NULL, true, false);
}

static inline JldValue *
compact_id(JldProcessor *proc, ActiveContext *ctx, JldValue *id, bool vocab)
{
	if (!jld_is_string(id))
		return &jld_null;
	return jld_new_string(compact_iri(proc, ctx, id->u.string, NULL, vocab, false));
}

/* --- the API method ------------------------------------------------------- */

bool
jld_is_empty_context(const JldValue *context)
{
	return context->type == JLD_NULL ||
		((context->type == JLD_OBJECT || context->type == JLD_ARRAY) &&
		 context->n == 0);
}

JldValue *
jsonld_compact(JldProcessor *proc, JldValue *expanded, JldValue *context,
			   bool graph_always)
{
	JldValue   *inner;
	ActiveContext *ctx;
	JldValue   *compacted;
	JldValue   *result;
	JldPath		step = {.up = proc->path, .key = JLD_STR_INIT("@context")};

	if (jld_is_object(context) &&
		(inner = jld_get(context, JLD_STR("@context"))) != NULL)
		context = inner;
	proc->path = &step;
	ctx = context_process(proc, context_plain(proc), context);
	proc->path = step.up;

	compacted = compact_element(proc, ctx, JLD_NOSTR, expanded);
	if (graph_always && compacted->type != JLD_ARRAY)
		compacted = compacted->n == 0 ? jld_new_array(0) : jld_array_of(compacted);

	/* a list of nodes becomes a graph, unless it is empty */
	result = jld_new_object(4);
	if (!jld_is_empty_context(context))
		jld_put(result, JLD_STR("@context"), context);
	if (compacted->type == JLD_ARRAY)
	{
		if (compacted->n > 0 || graph_always)
			jld_put(result, alias(proc, ctx, JLD_STR("@graph")), compacted);
	}
	else
		for (int i = 0; i < compacted->n; i++)
			jld_put(result, compacted->u.object.members[i].key,
					compacted->u.object.members[i].value);
	return result;
}

/* --- Compaction Algorithm ------------------------------------------------- */

JldValue *
compact_element(JldProcessor *proc, ActiveContext *ctx, JldStr property,
				JldValue *element)
{
	switch (element->type)
	{
		case JLD_ARRAY:
			return compact_array(proc, ctx, property, element);
		case JLD_OBJECT:
			return compact_map(proc, ctx, property, element);
		default:
			return element;		/* 2) */
	}
}

/* the definition of the active property, or NULL */
static inline TermDefinition *
definition_of(ActiveContext *ctx, JldStr property)
{
	return property.data ? context_term(ctx, property) : NULL;
}

/* 3) */
static JldValue *
compact_array(JldProcessor *proc, ActiveContext *ctx, JldStr property,
			  JldValue *element)
{
	JldValue   *result = jld_new_array(element->n);
	TermDefinition *def = definition_of(ctx, property);
	JldPath		step = {.up = proc->path, .key = JLD_NOSTR};

	jld_enter(proc);
	proc->path = &step;
	for (int i = 0; i < element->n; i++)
	{
		JldValue   *item;

		step.index = i;
		item = compact_element(proc, ctx, property, element->u.items[i]);
		if (item->type != JLD_NULL)
			jld_push(result, item);
	}
	proc->path = step.up;
	jld_leave(proc);

	/* 3.3), 3.4) */
	if (result->n != 1 || !proc->options.compactArrays ||
		(property.data && (jld_is(property, "@graph") || jld_is(property, "@set"))) ||
		(def && (def->container & (JLD_CONTAINER_LIST | JLD_CONTAINER_SET))))
		return result;
	return result->u.items[0];
}

/* 4) to 13) */
static JldValue *
compact_map(JldProcessor *proc, ActiveContext *ctx, JldStr property,
			JldValue *element)
{
	Compaction	c = {.proc = proc};
	JldValue   *types;
	JldPath		step = {.up = proc->path};
	int		   *order;

	jld_enter(proc);
	/* 1) */
	c.type_scoped = ctx;
	c.def = definition_of(ctx, property);

	/* 5) */
	if (ctx->previous && !jld_is_value_object(element) &&
		!(element->n == 1 && jld_has(element, JLD_STR("@id"))))
		ctx = ctx->previous;

	/* 6) */
	if (c.def && c.def->context)
	{
		ctx = context_apply_scoped(proc, ctx, c.def, true, true);
		c.def = definition_of(ctx, property);
	}
	else if (property.data)
		c.def = definition_of(ctx, property);

	/* 7) */
	if (jld_has(element, JLD_STR("@value")) || jld_has(element, JLD_STR("@id")))
	{
		JldValue   *value = compact_value(proc, ctx, c.def, element);

		if (value)
		{
			jld_output(proc, value->type == JLD_STRING ? value->u.string.len + 8 : 12);
			jld_leave(proc);
			return value;
		}
	}

	/* 8) */
	if (jld_is_list_object(element) && c.def &&
		(c.def->container & JLD_CONTAINER_LIST))
	{
		JldValue   *list = compact_element(proc, ctx, property,
										   jld_get(element, JLD_STR("@list")));

		jld_leave(proc);
		return list;
	}

	/* 9), 10) */
	c.inside_reverse = property.data && jld_is(property, "@reverse");
	c.result = jld_new_object(element->n);

	/* 11) */
	if ((types = jld_get(element, JLD_STR("@type"))) != NULL)
		ctx = apply_type_scoped(proc, ctx, c.type_scoped, types);
	c.ctx = ctx;

	/* 12) */
	order = proc->options.ordered ? jld_sorted(element) : NULL;
	proc->path = &step;
	for (int i = 0; i < element->n; i++)
	{
		JldMember  *m = &element->u.object.members[order ? order[i] : i];

		step.key = m->key;
		jld_output(proc, 16);
		if (!compact_keyword(&c, jld_keyword(m->key), m->key, m->value))
			compact_property(&c, m->key, m->value);
	}
	proc->path = step.up;
	jld_leave(proc);
	return c.result;
}

static int
compare_strs(const void *a, const void *b)
{
	return jld_cmp(*(const JldStr *) a, *(const JldStr *) b);
}

/* 11) */
static ActiveContext *
apply_type_scoped(JldProcessor *proc, ActiveContext *ctx,
				  ActiveContext *type_scoped, JldValue *types)
{
	bool		is_array = types->type == JLD_ARRAY;
	int			n = is_array ? types->n : 1;
	JldStr		few[8];
	JldStr	   *terms = n <= lengthof(few) ? few : jld_alloc(sizeof(JldStr) * n);
	int			used = 0;

	for (int i = 0; i < n; i++)
	{
		JldValue   *type = is_array ? types->u.items[i] : types;

		if (type->type == JLD_STRING)
			terms[used++] = compact_iri(proc, type_scoped, type->u.string, NULL,
										true, false);
	}
	if (used > 1)
		qsort(terms, used, sizeof(JldStr), compare_strs);
	for (int i = 0; i < used; i++)
	{
		TermDefinition *def = context_term(type_scoped, terms[i]);

		if (def && def->context)
			ctx = context_apply_scoped(proc, ctx, def, false, false);
	}
	return ctx;
}

/* 12.1) to 12.6): false where the property is to be compacted as others are */
static bool
compact_keyword(Compaction *c, JldKeyword keyword, JldStr expanded_property,
				JldValue *value)
{
	switch (keyword)
	{
		case JLD_KW_ID:			/* 12.1) */
			jld_put(c->result, alias(c->proc, c->ctx, expanded_property),
					compact_id(c->proc, c->ctx, value, false));
			return true;
		case JLD_KW_TYPE:		/* 12.2) */
			compact_type_entry(c, value);
			return true;
		case JLD_KW_REVERSE:	/* 12.3) */
			compact_reverse_entry(c, value);
			return true;
		case JLD_KW_INDEX:		/* 12.5), 12.6) */
			if (c->def && (c->def->container & JLD_CONTAINER_INDEX))
				return true;
			pg_fallthrough;
		case JLD_KW_DIRECTION:	/* 12.6) */
		case JLD_KW_LANGUAGE:
		case JLD_KW_VALUE:
			jld_put(c->result, alias(c->proc, c->ctx, expanded_property), value);
			return true;
		default:
			return false;
	}
}

/* 12.2) */
static void
compact_type_entry(Compaction *c, JldValue *value)
{
	JldValue   *compacted;
	JldStr		name;
	TermDefinition *def;
	bool		as_array;

	/* 12.2.1), 12.2.2) */
	if (value->type == JLD_ARRAY)
	{
		compacted = jld_new_array(value->n);
		for (int i = 0; i < value->n; i++)
			jld_push(compacted, compact_id(c->proc, c->type_scoped,
										   value->u.items[i], true));
	}
	else
		compacted = compact_id(c->proc, c->type_scoped, value, true);

	/* 12.2.3), 12.2.4), 12.2.5) */
	name = alias(c->proc, c->ctx, JLD_STR("@type"));
	def = context_term(c->ctx, name);
	as_array = !c->proc->options.compactArrays ||
		(c->proc->options.processingMode == JLD_MODE_1_1 && def &&
		 (def->container & JLD_CONTAINER_SET));
	/* an empty array stays one */
	jld_add_value(c->result, name, compacted,
				  as_array || (compacted->type == JLD_ARRAY && compacted->n == 0));
}

/* 12.3) */
static void
compact_reverse_entry(Compaction *c, JldValue *value)
{
	JldValue   *compacted = compact_element(c->proc, c->ctx, JLD_STR("@reverse"),
											value);
	JldValue   *remaining = jld_new_object(compacted->n);

	/* 12.3.2) */
	for (int i = 0; i < compacted->n; i++)
	{
		JldMember  *m = &compacted->u.object.members[i];
		TermDefinition *def = context_term(c->ctx, m->key);

		if (def && def->reverse)
			jld_add_value(c->result, m->key, m->value,
						  (def->container & JLD_CONTAINER_SET) ||
						  !c->proc->options.compactArrays);
		else
			jld_put(remaining, m->key, m->value);
	}
	/* 12.3.3) */
	if (remaining->n > 0)
		jld_put(c->result, alias(c->proc, c->ctx, JLD_STR("@reverse")), remaining);
}

/* 12.7), 12.8) */
static void
compact_property(Compaction *c, JldStr expanded_property, JldValue *value)
{
	ItemTarget	t;

	if (value->type != JLD_ARRAY)
	{
		/* cannot come out of expansion; be kind to a caller's own document */
		compact_item(c, expanded_property, value);
		return;
	}
	/* 12.7) */
	if (value->n == 0)
	{
		find_target(c, expanded_property, value, &t);
		jld_add_value(t.nest, t.property, value, true);
	}
	/* 12.8) */
	for (int i = 0; i < value->n; i++)
		compact_item(c, expanded_property, value->u.items[i]);
}

/* 12.8.1) to 12.8.5), and the same of 12.7) */
static void
find_target(Compaction *c, JldStr expanded_property, const JldValue *item,
			ItemTarget *t)
{
	JldProcessor *proc = c->proc;

	/* 12.8.1) */
	t->property = compact_iri(proc, c->ctx, expanded_property, item, true,
							  c->inside_reverse);
	t->def = context_term(c->ctx, t->property);
	t->nest = c->result;
	/* 12.8.2) */
	if (t->def && t->def->nest.data)
	{
		JldStr		nest = t->def->nest;
		JldStr		means = context_expand_iri(proc, c->ctx, nest, false, true);

		if (means.data == NULL || !jld_is(means, "@nest"))
			jld_error(proc, JLD_INVALID_NEST_VALUE, jld_cstr(nest),
					  "value of @nest in a term definition does not mean @nest");
		if (!jld_is_object(jld_get(c->result, nest)))
			jld_put(c->result, nest, jld_new_object(2));
		t->nest = jld_get(c->result, nest);
	}
	/* 12.8.4), 12.8.5) */
	t->container = t->def ? t->def->container : 0;
	t->as_array = (t->container & JLD_CONTAINER_SET) ||
		jld_is(t->property, "@graph") || jld_is(t->property, "@list") ||
		!proc->options.compactArrays;
}

/* 12.8) for one item */
static void
compact_item(Compaction *c, JldStr expanded_property, JldValue *item)
{
	ItemTarget	t;
	bool		is_list = jld_is_list_object(item);
	bool		is_graph = !is_list && jld_is_graph_object(item);
	JldValue   *inner = item;
	JldValue   *compacted;

	find_target(c, expanded_property, item, &t);
	/* 12.8.6) */
	if (is_list)
		inner = jld_get(item, JLD_STR("@list"));
	else if (is_graph)
		inner = jld_get(item, JLD_STR("@graph"));
	compacted = compact_element(c->proc, c->ctx, t.property, inner);
	jld_output(c->proc, t.property.len + 4);

	if (is_list)				/* 12.8.7) */
		put_list(c, &t, item, compacted);
	else if (is_graph)			/* 12.8.8) */
		put_graph(c, &t, item, compacted);
	else if ((t.container & (JLD_CONTAINER_LANGUAGE | JLD_CONTAINER_INDEX |
							 JLD_CONTAINER_ID | JLD_CONTAINER_TYPE)) &&
			 !(t.container & JLD_CONTAINER_GRAPH))
		put_in_map(c, &t, item, compacted); /* 12.8.9) */
	else						/* 12.8.10), where the JSON literal [] is a
								 * value */
		jld_add_value(t.nest, t.property, compacted, t.as_array ||
					  (compacted->type == JLD_ARRAY && compacted->n == 0));
}

/* 12.8.7) */
static void
put_list(Compaction *c, const ItemTarget *t, JldValue *item, JldValue *compacted)
{
	JldValue   *list;
	JldValue   *index;

	/* 12.8.7.1) */
	if (compacted->type != JLD_ARRAY)
		compacted = jld_array_of(compacted);
	/* 12.8.7.3) */
	if (t->container & JLD_CONTAINER_LIST)
	{
		if (c->proc->options.processingMode == JLD_MODE_1_0 &&
			jld_get(t->nest, t->property))
			jld_error(c->proc, JLD_COMPACTION_TO_LIST_OF_LISTS,
					  jld_cstr(t->property),
					  "a property with a @list container has two lists");
		jld_put(t->nest, t->property, compacted);
		return;
	}
	/* 12.8.7.2) */
	list = jld_new_object(2);
	jld_put(list, alias(c->proc, c->ctx, JLD_STR("@list")), compacted);
	if ((index = jld_get(item, JLD_STR("@index"))) != NULL)
		jld_put(list, alias(c->proc, c->ctx, JLD_STR("@index")), index);
	jld_add_value(t->nest, t->property, list, t->as_array);
}

/* the map of a property with a map container */
static JldValue *
map_object(const ItemTarget *t)
{
	JldValue   *map = jld_get(t->nest, t->property);

	if (!jld_is_object(map))
	{
		map = jld_new_object(4);
		jld_put(t->nest, t->property, map);
	}
	return map;
}

/* 12.8.8) */
static void
put_graph(Compaction *c, const ItemTarget *t, JldValue *item,
		  JldValue *compacted)
{
	JldProcessor *proc = c->proc;
	JldValue   *id = jld_get(item, JLD_STR("@id"));
	JldValue   *index = jld_get(item, JLD_STR("@index"));
	JldValue   *graph;

	if (t->container & JLD_CONTAINER_GRAPH)
	{
		/* 12.8.8.1) */
		if (t->container & JLD_CONTAINER_ID)
		{
			JldStr		key = jld_is_string(id) ?
			compact_iri(proc, c->ctx, id->u.string, NULL, false, false) :
			alias(proc, c->ctx, JLD_STR("@none"));

			jld_add_value(map_object(t), key, compacted, t->as_array);
			return;
		}
		if (id == NULL)
		{
			/* 12.8.8.2) */
			if (t->container & JLD_CONTAINER_INDEX)
			{
				JldStr		key = jld_is_string(index) ? index->u.string :
				alias(proc, c->ctx, JLD_STR("@none"));

				jld_add_value(map_object(t), key, compacted, t->as_array);
				return;
			}
			/* 12.8.8.3) */
			if (compacted->type == JLD_ARRAY && compacted->n > 1)
			{
				JldValue   *included = jld_new_object(1);

				jld_put(included, alias(proc, c->ctx, JLD_STR("@included")),
						compacted);
				compacted = included;
			}
			jld_add_value(t->nest, t->property, compacted, t->as_array);
			return;
		}
	}

	/* 12.8.8.4) */
	graph = jld_new_object(3);
	jld_put(graph, alias(proc, c->ctx, JLD_STR("@graph")), compacted);
	if (jld_is_string(id))
		jld_put(graph, alias(proc, c->ctx, JLD_STR("@id")),
				compact_id(proc, c->ctx, id, false));
	if (index)
		jld_put(graph, alias(proc, c->ctx, JLD_STR("@index")), index);
	jld_add_value(t->nest, t->property, graph, t->as_array);
}

/* 12.8.9) */
static void
put_in_map(Compaction *c, const ItemTarget *t, JldValue *item,
		   JldValue *compacted)
{
	JldProcessor *proc = c->proc;
	JldStr		map_key = JLD_NOSTR;
	JldValue   *v;

	/* a value object's JSON literal is not ours to take apart */
	JldValue   *own = jld_is_object(compacted) && !jld_is_value_object(item) ?
	compacted : NULL;

	if (t->container & JLD_CONTAINER_LANGUAGE)
	{
		/* 12.8.9.4) */
		if (jld_is_value_object(item))
		{
			compacted = jld_get(item, JLD_STR("@value"));
			v = jld_get(item, JLD_STR("@language"));
			map_key = jld_is_string(v) ? v->u.string : JLD_NOSTR;
		}
	}
	else if (t->container & JLD_CONTAINER_INDEX)
	{
		/* 12.8.9.5) */
		if (t->def->index.data == NULL || jld_is(t->def->index, "@index"))
		{
			v = jld_get_object(item, JLD_STR("@index"));
			map_key = jld_is_string(v) ? v->u.string : JLD_NOSTR;
		}
		/* 12.8.9.6) */
		else if (own)
		{
			JldStr		iri = context_expand_iri(proc, c->ctx, t->def->index,
												 false, true);

			map_key = take_first(own, alias(proc, c->ctx, iri));
		}
	}
	else if (t->container & JLD_CONTAINER_ID)
	{
		/* 12.8.9.7) */
		if (own)
			map_key = take_first(own, alias(proc, c->ctx, JLD_STR("@id")));
	}
	else
	{
		/* 12.8.9.8) */
		if (own)
		{
			map_key = take_first(own, alias(proc, c->ctx, JLD_STR("@type")));
			/* 12.8.9.8.4) */
			if (own->n == 1 && (v = jld_get_object(item, JLD_STR("@id"))) != NULL &&
				jld_get(own, alias(proc, c->ctx, JLD_STR("@id"))))
			{
				JldValue   *reference = jld_new_object(1);

				jld_put(reference, JLD_STR("@id"), v);
				compacted = compact_element(proc, c->ctx, t->property, reference);
			}
		}
	}

	/* 12.8.9.9), 12.8.9.10) */
	if (map_key.data == NULL)
		map_key = alias(proc, c->ctx, JLD_STR("@none"));
	jld_add_value(map_object(t), map_key, compacted, t->as_array);
}

/*
 * Take the first value, if it is a string, out of the entry key of object;
 * the others stay.
 */
static JldStr
take_first(JldValue *object, JldStr key)
{
	JldValue   *v = jld_get(object, key);
	JldStr		first;

	if (jld_is_array(v) && v->n > 0 && jld_is_string(v->u.items[0]))
	{
		JldValue   *others;

		first = v->u.items[0]->u.string;
		if (v->n == 1)
		{
			jld_remove(object, key);
			return first;
		}
		if (v->n == 2)
			others = v->u.items[1];
		else
		{
			others = jld_new_array(v->n - 1);
			for (int i = 1; i < v->n; i++)
				jld_push(others, v->u.items[i]);
		}
		jld_put(object, key, others);
		return first;
	}
	if (jld_is_string(v))
	{
		first = v->u.string;
		jld_remove(object, key);
		return first;
	}
	return JLD_NOSTR;
}

/* --- Value Compaction ----------------------------------------------------- */

/* has value no entries but name and, perhaps, @index? */
static bool
only_entry(const JldValue *value, JldStr name)
{
	return jld_has(value, name) &&
		value->n == (jld_has(value, JLD_STR("@index")) ? 2 : 1);
}

/*
 * The scalar or JSON literal that stands for value under the property with
 * definition def, or NULL where value stays an object: then its entries are
 * compacted like those of a node, which is what steps 8.1) and 11) come to.
 */
static JldValue *
compact_value(JldProcessor *proc, ActiveContext *ctx, TermDefinition *def,
			  JldValue *value)
{
	JldStr		language = def && def->has_language ? def->language : ctx->language;
	JldDirection direction = def && def->has_direction ? def->direction :
	ctx->direction;
	JldValue   *v = jld_get(value, JLD_STR("@value"));
	JldValue   *type = jld_get(value, JLD_STR("@type"));
	JldStr		wanted = def ? def->type : JLD_NOSTR;

	/* an @index that the property does not show must stay */
	bool		index_free = !jld_has(value, JLD_STR("@index")) ||
	(def && (def->container & JLD_CONTAINER_INDEX));
	bool		enabled = index_free && !(def && def->type_keyword == JLD_KW_NOT);

	/* 6) */
	if (only_entry(value, JLD_STR("@id")))
	{
		if (index_free && def && def->type_keyword == JLD_KW_ID)
			return compact_id(proc, ctx, jld_get(value, JLD_STR("@id")), false);
		if (index_free && def && def->type_keyword == JLD_KW_VOCAB)
			return compact_id(proc, ctx, jld_get(value, JLD_STR("@id")), true);
		return NULL;
	}
	if (v && enabled)
	{
		/* 7) */
		if (jld_is_string(type))
		{
			if (wanted.data && jld_eq(type->u.string, wanted))
				return v;
		}
		/* 9) */
		else if (v->type != JLD_STRING)
			return v;
		/* 10) */
		else if (wanted.data == NULL || def->type_keyword == JLD_KW_ID ||
				 def->type_keyword == JLD_KW_VOCAB)
		{
			JldValue   *tag = jld_get(value, JLD_STR("@language"));
			JldValue   *dir = jld_get(value, JLD_STR("@direction"));
			bool		same_language = language.data ?
			jld_is_string(tag) && jld_equal_fold(tag->u.string, language) : tag == NULL;
			bool		same_direction = direction != JLD_DIR_NULL ?
			jld_is_string(dir) && jld_eq(dir->u.string, jld_direction_name(direction)) :
			dir == NULL;

			if (same_language && same_direction)
				return v;
		}
	}

	/* 8), 11) compacted entry by entry */
	return NULL;
}

/* --- SQL functions -------------------------------------------------------- */

PG_FUNCTION_INFO_V1(jsonld_compact_sql);

Datum
jsonld_compact_sql(PG_FUNCTION_ARGS)
{
	MemoryContext work;
	MemoryContext old;
	JldProcessor proc;
	JldValue   *context;
	JldValue   *result;
	Jsonb	   *doc;
	Jsonb	   *jb;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	work = AllocSetContextCreate(CurrentMemoryContext, "jsonld_compact",
								 ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	jsonld_begin(&proc, argument_jsonb(fcinfo, 2));
	doc = PG_GETARG_JSONB_P(0);
	context = jld_from_jsonb(PG_GETARG_JSONB_P(1));
	jb = jsonld_in_parts(&proc, doc, context, old);
	if (jb == NULL)
	{
		result = jsonld_expand(&proc, jld_from_jsonb(doc));
		result = jsonld_compact(&proc, result, context, false);
		MemoryContextSwitchTo(old);
		jb = jld_to_jsonb(result);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	PG_RETURN_JSONB_P(jb);
}
