/*
 * shape.c
 *		What the keys of a node mean, found once for all nodes that have the same
 *		keys under the same active context.
 *
 *		Shape
 *		  like	-> the first such object, whose keys the next are compared with
 *		  props	-> [ member 2, "@id" | member 0, "http://x/name" | ... ]
 *				   sorted as the image wants its keys
 *
 * The last few are remembered.  Knows nothing of values; for flat.c.
 */
#include "postgres.h"

#include "jsonb/build.h"
#include "jsonld/iri.h"
#include "jsonld/rdf.h"
#include "ledger/name.h"
#include "ledger/payload.h"
#include "ledger/shape.h"

/* so many are remembered at a time */
#define SHAPES_MAX		16

struct Shapes
{
	JldProcessor *proc;
	Shape		shapes[SHAPES_MAX];
	int			nshapes;
	int			next_shape;		/* to be forgotten next */

	/* the last @context of a node, and what it came to */
	ActiveContext *outer;
	ActiveContext *inner;
	Jsonb	   *local;
};

static bool make_shape(Shapes *s, Shape *shape);
static bool place_property(Shape *shape, Property *property);

Shapes *
shapes_begin(JldProcessor *proc)
{
	Shapes	   *s = palloc0(sizeof(Shapes));

	s->proc = proc;
	return s;
}

/* The context inside a node; often that of the node before. */
static ActiveContext *
local_context(Shapes *s, ActiveContext *ctx, JsonbValue *local)
{
	JldPath		step = {.up = s->proc->path, .key = JLD_STR_INIT("@context")};

	if (s->outer == ctx && local->type == jbvBinary &&
		VARSIZE(s->local) - VARHDRSZ == local->val.binary.len &&
		memcmp(&s->local->root, local->val.binary.data, local->val.binary.len) == 0)
		return s->inner;
	s->local = JsonbValueToJsonb(local);
	s->outer = ctx;
	s->proc->path = &step;
	s->inner = context_process(s->proc, ctx, jld_from_jsonb(s->local));
	s->proc->path = step.up;
	return s->inner;
}

/* One with these keys that is known; NULL: none. */
static Shape *
known_shape(Shapes *s, ActiveContext *ctx, const JsonbContainer *object,
			bool local)
{
	uint32		n = JsonContainerSize(object);
	Size		entries = sizeof(JEntry) * n;

	for (int i = 0; i < s->nshapes; i++)
	{
		Shape	   *shape = &s->shapes[i];
		const JsonbContainer *like = shape->like;

		if (shape->ctx == ctx && shape->local == local &&
			JsonContainerSize(like) == n &&
			memcmp(like->children, object->children, entries) == 0 &&
			memcmp(&like->children[n * 2], &object->children[n * 2],
				   shape->key_bytes) == 0)
			return shape;
	}
	return NULL;
}

/* The place of the next shape; NULL: all are used by nodes that are being read. */
static Shape *
next_shape(Shapes *s)
{
	if (s->nshapes < SHAPES_MAX)
		return &s->shapes[s->nshapes++];
	for (int i = 0; i < SHAPES_MAX; i++)
	{
		Shape	   *shape = &s->shapes[s->next_shape];

		s->next_shape = (s->next_shape + 1) % SHAPES_MAX;
		if (shape->used == 0)
			return shape;
	}
	return NULL;
}

Shape *
shape_find(Shapes *s, ActiveContext *ctx, JsonbContainer *object)
{
	Shape	   *shape = known_shape(s, ctx, object, false);
	JsonbValue	local;
	bool		has_local;

	if (shape)
		return shape;
	has_local = getKeyJsonValueFromContainer(object, "@context", strlen("@context"),
											 &local) != NULL;
	if (has_local)
	{
		ctx = local_context(s, ctx, &local);
		shape = known_shape(s, ctx, object, true);
		if (shape)
			return shape;
	}

	shape = next_shape(s);
	if (shape == NULL)
		return NULL;
	shape->ctx = ctx;
	shape->like = object;
	shape->key_bytes = getJsonbOffset(object, JsonContainerSize(object));
	shape->local = has_local;
	shape->all = NULL;
	shape->used = 0;
	shape->flat = make_shape(s, shape);
	return shape;
}

/* What the keys mean; false: it is more than we know. */
static bool
make_shape(Shapes *s, Shape *shape)
{
	JldProcessor *proc = s->proc;
	ActiveContext *ctx = shape->ctx;
	int			n = JsonContainerSize(shape->like);
	JldPath		step = {.up = proc->path};
	DocCursor	keys;

	shape->id = -1;
	shape->nprops = 0;
	shape->props = palloc(sizeof(Property) * Max(n, 1));
	if (ctx->previous || ctx->direction != JLD_DIR_NULL)
		return false;

	doc_cursor_first(&keys, shape->like);
	proc->path = &step;
	for (int i = 0; i < n; i++)
	{
		Property	property = {.member = i};
		JldKeyword	keyword;
		DocItem		key;

		doc_cursor_item(&keys, &key);
		property.source = step.key = shape_str(&key);
		if (property.source.len > 0 && property.source.data[0] == '@')
			property.name = property.source;
		else if ((property.def = context_term(ctx, property.source)) != NULL)
			property.name = property.def->iri;
		else
			property.name = context_expand_iri(proc, ctx, property.source, false, true);
		if (property.name.data == NULL)
			return false;
		keyword = jld_keyword(property.name);

		if (keyword == JLD_KW_CONTEXT)
			continue;			/* is part of ctx already */
		if (keyword == JLD_KW_ID && shape->id < 0)
		{
			shape->id = i;
			shape->id_source = property.source;
			continue;
		}
		if (keyword != JLD_KW_TYPE)
		{
			const TermDefinition *def = property.def;

			if (keyword != JLD_KW_NONE || jld_is_blank_node_id(property.name) ||
				!name_is_iri(property.name) || jld_is(property.name, RDF_TYPE))
				return false;
			if (def && (def->context || def->reverse || def->nest.data ||
						(def->container & ~JLD_CONTAINER_SET) ||
						def->type_keyword == JLD_KW_JSON ||
						(def->has_direction && def->direction != JLD_DIR_NULL)))
				return false;
			property.plain = def == NULL || def->type.data == NULL;
			property.language = def && def->has_language ? def->language : ctx->language;
		}
		if (!place_property(shape, &property))
			return false;
	}
	proc->path = step.up;
	if (shape->nprops == 0)
		return false;

	shape->by_name = palloc(sizeof(int) * shape->nprops);
	shape->id_place = 0;
	for (int i = 0; i < shape->nprops; i++)
	{
		JldStr		name = shape->props[i].name;
		int			k = i;

		if (name.len < 3 || (name.len == 3 && memcmp(name.data, "@id", 3) < 0))
			shape->id_place++;
		for (; k > 0 && jld_cmp(shape->props[shape->by_name[k - 1]].name, name) > 0; k--)
			shape->by_name[k] = shape->by_name[k - 1];
		shape->by_name[k] = i;
	}
	return true;
}

/* Into its place by jsonb's order of keys; false: that is taken. */
static bool
place_property(Shape *shape, Property *property)
{
	DocItem		name;
	int			i = shape->nprops;

	doc_string_item(&name, property->name.data, property->name.len);
	for (; i > 0; i--)
	{
		DocItem		other;
		int			order;

		doc_string_item(&other, shape->props[i - 1].name.data, shape->props[i - 1].name.len);
		order = doc_compare_keys(&name, &other);
		if (order == 0)
			return false;
		if (order > 0)
			break;
		shape->props[i] = shape->props[i - 1];
	}
	shape->props[i] = *property;
	shape->nprops++;
	return true;
}
