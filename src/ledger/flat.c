/*
 * flat.c
 *		Nodes that can be read without the algorithms of JSON-LD.
 *
 * Most nodes of a large payload nest nothing and use little of what contexts
 * can say: their values are scalars, references, value objects, and arrays of
 * these.  For them expansion, node map and storing come to a translation of
 * keys and a wrapping of values, which is done here in one pass from jsonb to
 * jsonb:
 *
 *		{"@id": "ex:a", "name": "A", "knows": {"@id": "ex:b"}}
 *	 =>	{"@id": "http://x/a", "http://x/name": [{"@value": "A"}],
 *		 "http://x/knows": [{"@id": "http://x/b"}]}
 *
 * What keys mean is found once for all nodes that have the same keys under
 * the same active context:
 *
 *		Shape
 *		  like	-> the first such object, whose keys the next are compared with
 *		  props	-> [ member 2, "@id" | member 0, "http://x/name" | ... ]
 *				   sorted as the image wants its keys
 *
 * The answer must be that of the algorithms, errors included.  So whatever is
 * not plainly known here, and whatever looks wrong, is not flat: payload.c
 * hands such nodes to expansion.
 *
 * Pure: knows no tables.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "jsonb/build.h"
#include "jsonld/iri.h"
#include "jsonld/rdf.h"
#include "ledger/flat.h"
#include "ledger/term.h"

/* so many shapes are remembered at a time */
#define SHAPES_MAX		16

/* a numeric of so many bytes has less than 21 digits */
#define SHORT_NUMERIC	12

/* values of one predicate are compared each with each up to here */
#define VALUES_MAX		32

/* One value of a node, on its way into the image. */
typedef struct Value
{
	bool		reference;		/* {"@id": scalar} */
	bool		bare;			/* scalar as it is: under @type */
	DocItem		scalar;
	JldStr		type;			/* of {"@value": scalar}; JLD_NOSTR: none */
	JldStr		language;
} Value;

typedef struct Property
{
	int			member;			/* number in the source */
	JldStr		source;			/* key there */
	JldStr		name;			/* key in the image */
	TermDefinition *def;		/* NULL: none */
	bool		plain;			/* a string is a literal, in this language */
	JldStr		language;

	/* of the node at hand */
	int			first;			/* number in the reader's values */
	int			n;
	bool		given;			/* does it stand in the image? */
} Property;

typedef struct Shape
{
	ActiveContext *ctx;
	const JsonbContainer *like;
	uint32		key_bytes;		/* of all keys together */
	bool		local;			/* one of them is @context: ctx is what it says */
	bool		flat;
	int			id;				/* member number of @id */
	JldStr		id_source;
	int			nprops;			/* without @id */
	Property   *props;			/* in the order of jsonb */
	int		   *by_name;		/* in the order of code points */
	int			id_place;		/* number of props before @id */
	Jsonb	   *all;			/* an image that has all props: its keys are
								 * the next one's; NULL: none yet */
} Shape;

struct FlatReader
{
	JldProcessor *proc;
	LedgerNulls nulls;
	bool		terms;
	Shape		shapes[SHAPES_MAX];
	int			nshapes;
	int			next_shape;		/* to be forgotten next */

	/* the last @context of a node, and what it came to */
	ActiveContext *outer;
	ActiveContext *inner;
	Jsonb	   *local;

	DocBuilder	scratch;		/* for one image after another */

	/* of the node at hand */
	DocItem    *members;
	int			members_size;
	Value	   *values;
	int			nvalues;
	int			values_size;
	JldStr	   *mentioned;
	int			nmentioned;
	int			mentioned_size;
};

static ActiveContext *local_context(FlatReader *r, ActiveContext *ctx,
									JsonbValue *local);
static Shape *find_shape(FlatReader *r, ActiveContext *ctx,
						 JsonbContainer *object);
static bool make_shape(FlatReader *r, Shape *shape);
static bool place_property(Shape *shape, Property *property);
static bool expand_reference(FlatReader *r, ActiveContext *ctx, JldStr value,
							 bool vocab, JldStr *iri);
static bool read_property(FlatReader *r, ActiveContext *ctx, Property *property);
static bool read_item(FlatReader *r, ActiveContext *ctx, Property *property,
					  const DocItem *item);
static bool read_scalar(FlatReader *r, ActiveContext *ctx, Property *property,
						const DocItem *item);
static bool read_object(FlatReader *r, ActiveContext *ctx, Property *property,
						const JsonbContainer *object);
static bool read_type(FlatReader *r, ActiveContext *ctx, Property *property,
					  const DocItem *item);
static bool add_reference(FlatReader *r, Property *property, JldStr iri);
static bool add_value(FlatReader *r, Property *property, const Value *value);
static bool same_value(const Value *a, const Value *b);
static void put_string(DocBuilder *b, DocFrame *f, JldStr s);
static void put_value(DocBuilder *b, DocFrame *parent, const Value *value);
static Jsonb *build_image(FlatReader *r, Shape *shape, JldStr id);

static inline JldStr
item_str(const DocItem *item)
{
	return (JldStr) {item->data, item->len};
}

/* --- contexts and shapes -------------------------------------------------------------- */

/* The context inside a node; often that of the node before. */
static ActiveContext *
local_context(FlatReader *r, ActiveContext *ctx, JsonbValue *local)
{
	JldPath		step = {.up = r->proc->path, .key = JLD_STR_INIT("@context")};

	if (r->outer == ctx && local->type == jbvBinary &&
		VARSIZE(r->local) - VARHDRSZ == local->val.binary.len &&
		memcmp(&r->local->root, local->val.binary.data, local->val.binary.len) == 0)
		return r->inner;
	r->local = JsonbValueToJsonb(local);
	r->outer = ctx;
	r->proc->path = &step;
	r->inner = context_process(r->proc, ctx, jld_from_jsonb(r->local));
	r->proc->path = step.up;
	return r->inner;
}

/* One with these keys that is known; NULL: none. */
static Shape *
known_shape(FlatReader *r, ActiveContext *ctx, const JsonbContainer *object,
			bool local)
{
	uint32		n = JsonContainerSize(object);
	Size		entries = sizeof(JEntry) * n;

	for (int i = 0; i < r->nshapes; i++)
	{
		Shape	   *shape = &r->shapes[i];
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

/* The shape of an object that stands in this context. */
static Shape *
find_shape(FlatReader *r, ActiveContext *ctx, JsonbContainer *object)
{
	Shape	   *shape = known_shape(r, ctx, object, false);
	JsonbValue	local;
	bool		has_local;

	if (shape)
		return shape;
	has_local = getKeyJsonValueFromContainer(object, "@context", strlen("@context"),
											 &local) != NULL;
	if (has_local)
	{
		ctx = local_context(r, ctx, &local);
		shape = known_shape(r, ctx, object, true);
		if (shape)
			return shape;
	}

	if (r->nshapes < SHAPES_MAX)
		shape = &r->shapes[r->nshapes++];
	else
	{
		shape = &r->shapes[r->next_shape];
		r->next_shape = (r->next_shape + 1) % SHAPES_MAX;
	}
	shape->ctx = ctx;
	shape->like = object;
	shape->key_bytes = getJsonbOffset(object, JsonContainerSize(object));
	shape->local = has_local;
	shape->all = NULL;
	shape->flat = make_shape(r, shape);
	return shape;
}

/* What the keys mean; false: it is more than we know. */
static bool
make_shape(FlatReader *r, Shape *shape)
{
	JldProcessor *proc = r->proc;
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
		property.source = step.key = item_str(&key);
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
	if (shape->id < 0 || shape->nprops == 0)
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

/* --- values --------------------------------------------------------------- */

/* An IRI from a value; false: it is none that can be stored, or a blank node. */
static bool
expand_reference(FlatReader *r, ActiveContext *ctx, JldStr value, bool vocab,
				 JldStr *iri)
{
	*iri = context_expand_iri(r->proc, ctx, value, true, vocab);
	return iri->data != NULL && !jld_is_blank_node_id(*iri) && name_is_iri(*iri);
}

static bool
same_scalar(const DocItem *a, const DocItem *b)
{
	if (a->type == JENTRY_ISNUMERIC && b->type == JENTRY_ISNUMERIC)
		return DatumGetBool(DirectFunctionCall2(numeric_eq,
												PointerGetDatum(a->data),
												PointerGetDatum(b->data)));
	return doc_same_item(a, b);
}

static bool
same_value(const Value *a, const Value *b)
{
	return a->reference == b->reference && same_scalar(&a->scalar, &b->scalar) &&
		jld_eq(a->type, b->type) && jld_eq(a->language, b->language);
}

/* A literal as it is stored; most are. */
static void
normal_literal(Value *value)
{
	JldValue   *object;
	JldValue   *normal;
	JldValue   *scalar;
	JldValue   *type;

	if (value->language.data)
		return;
	if (value->type.data == NULL)
	{
		/* a short number without a point */
		if (value->scalar.type != JENTRY_ISNUMERIC ||
			(value->scalar.len <= SHORT_NUMERIC &&
			 DatumGetInt32(DirectFunctionCall1(numeric_scale,
											   PointerGetDatum(value->scalar.data))) == 0))
			return;
	}
	else if (value->scalar.type == JENTRY_ISSTRING && !term_is_native(value->type))
		return;

	object = jld_new_object(2);
	jld_put(object, JLD_STR("@value"), jld_from_jsonb(doc_from_item(&value->scalar)));
	if (value->type.data)
		jld_put(object, JLD_STR("@type"), jld_new_string(value->type));
	normal = term_normal(object);
	if (normal == object)
		return;
	scalar = jld_get(normal, JLD_STR("@value"));
	type = jld_get(normal, JLD_STR("@type"));
	value->type = type ? type->u.string : JLD_NOSTR;
	switch (scalar->type)
	{
		case JLD_STRING:
			doc_string_item(&value->scalar, scalar->u.string.data, scalar->u.string.len);
			break;
		case JLD_NUMBER:
			value->scalar = (DocItem) {JENTRY_ISNUMERIC, VARSIZE_ANY(scalar->u.number),
									   (const char *) scalar->u.number};
			break;
		default:
			value->scalar = (DocItem) {scalar->u.boolean ? JENTRY_ISBOOL_TRUE :
									   JENTRY_ISBOOL_FALSE};
			break;
	}
}

/* Unless the predicate has it; false: that would be too much to compare. */
static bool
add_literal(FlatReader *r, Property *property, Value *value)
{
	if (r->terms)
		normal_literal(value);
	return add_value(r, property, value);
}

/* The same for any value. */
static bool
add_value(FlatReader *r, Property *property, const Value *value)
{
	for (int i = 0; i < property->n; i++)
		if (same_value(&r->values[property->first + i], value))
			return true;
	if (property->n == VALUES_MAX)
		return false;
	if (r->nvalues == r->values_size)
	{
		r->values_size *= 2;
		r->values = repalloc(r->values, sizeof(Value) * r->values_size);
	}
	r->values[r->nvalues++] = *value;
	property->n++;
	return true;
}

static bool
add_reference(FlatReader *r, Property *property, JldStr iri)
{
	Value		value = {.reference = true};

	if (r->nmentioned == r->mentioned_size)
	{
		r->mentioned_size *= 2;
		r->mentioned = repalloc(r->mentioned, sizeof(JldStr) * r->mentioned_size);
	}
	r->mentioned[r->nmentioned++] = iri;
	doc_string_item(&value.scalar, iri.data, iri.len);
	return add_value(r, property, &value);
}

/* Value Expansion. */
static bool
read_scalar(FlatReader *r, ActiveContext *ctx, Property *property,
			const DocItem *item)
{
	const TermDefinition *def = property->def;
	Value		value = {.scalar = *item};

	if (item->type == JENTRY_ISNULL)
		return true;
	if (def && def->type.data)
	{
		bool		vocab = def->type_keyword == JLD_KW_VOCAB;
		JldStr		iri;

		if (def->type_keyword == JLD_KW_NONE)
		{
			value.type = def->type;
			return add_literal(r, property, &value);
		}
		if (item->type == JENTRY_ISSTRING && (vocab || def->type_keyword == JLD_KW_ID))
			return expand_reference(r, ctx, item_str(item), vocab, &iri) &&
				add_reference(r, property, iri);
		if (def->type_keyword != JLD_KW_NOT && !vocab && def->type_keyword != JLD_KW_ID)
			return false;
	}
	if (item->type == JENTRY_ISSTRING)
		value.language = property->language;
	return add_literal(r, property, &value);
}

/* {"@id"}, {"@value"}, {"@type", "@value"} or {"@value", "@language"} */
static bool
read_object(FlatReader *r, ActiveContext *ctx, Property *property,
			const JsonbContainer *object)
{
	int			n = JsonContainerSize(object);
	Value		value = {0};
	DocItem		keys[2];
	DocItem		items[2];
	DocCursor	cursor;
	JldStr		iri;

	if (n < 1 || n > 2)
		return false;
	doc_cursor_first(&cursor, object);
	for (int i = 0; i < n; i++)
		doc_cursor_item(&cursor, &keys[i]);
	for (int i = 0; i < n; i++)
		doc_cursor_item(&cursor, &items[i]);

	if (n == 1 && jld_is(item_str(&keys[0]), "@id"))
		return items[0].type == JENTRY_ISSTRING &&
			expand_reference(r, ctx, item_str(&items[0]), false, &iri) &&
			add_reference(r, property, iri);
	if (jld_is(item_str(&keys[0]), "@value"))
		value.scalar = items[0];
	else if (n == 2 && jld_is(item_str(&keys[0]), "@type") &&
			 jld_is(item_str(&keys[1]), "@value"))
	{
		TermDefinition *def;

		if (items[0].type != JENTRY_ISSTRING)
			return false;
		def = context_term(ctx, item_str(&items[0]));
		if ((def && def->context) ||
			!expand_reference(r, ctx, item_str(&items[0]), true, &value.type))
			return false;
		value.scalar = items[1];
	}
	else
		return false;
	if (n == 2 && value.type.data == NULL)
	{
		if (!jld_is(item_str(&keys[1]), "@language") ||
			items[0].type != JENTRY_ISSTRING || items[1].type != JENTRY_ISSTRING)
			return false;
		value.language = item_str(&items[1]);
	}
	if (value.scalar.type == JENTRY_ISCONTAINER || value.scalar.type == JENTRY_ISNULL ||
		(value.type.data && jld_is(value.type, RDF_NS "JSON")))
		return false;
	return add_literal(r, property, &value);
}

static bool
read_type(FlatReader *r, ActiveContext *ctx, Property *property,
		  const DocItem *item)
{
	Value		value = {.bare = true};
	TermDefinition *def;
	JldStr		iri;

	if (item->type != JENTRY_ISSTRING)
		return false;
	def = context_term(ctx, item_str(item));
	if ((def && def->context) || !expand_reference(r, ctx, item_str(item), true, &iri))
		return false;
	doc_string_item(&value.scalar, iri.data, iri.len);
	return add_value(r, property, &value);
}

static bool
read_item(FlatReader *r, ActiveContext *ctx, Property *property,
		  const DocItem *item)
{
	bool		flat;

	if (jld_is(property->name, "@type"))
		return read_type(r, ctx, property, item);
	if (item->type != JENTRY_ISCONTAINER)
		return read_scalar(r, ctx, property, item);
	if (!DOC_ITEM_IS_OBJECT(item))
		return false;
	jld_enter(r->proc);
	flat = read_object(r, ctx, property, DOC_ITEM_CONTAINER(item));
	jld_leave(r->proc);
	return flat;
}

/* All values of a property. */
static bool
read_property(FlatReader *r, ActiveContext *ctx, Property *property)
{
	const DocItem *member = &r->members[property->member];
	JldPath		key;
	bool		flat = true;

	property->first = r->nvalues;
	property->n = 0;
	/* most are */
	if (property->plain && member->type == JENTRY_ISSTRING)
	{
		property->given = true;
		return add_value(r, property, &(Value) {.scalar = *member, .language = property->language});
	}
	key = (JldPath) {.up = r->proc->path, .key = property->source};
	r->proc->path = &key;
	if (DOC_ITEM_IS_ARRAY(member))
	{
		int			n = JsonContainerSize(DOC_ITEM_CONTAINER(member));
		JldPath		index = {.up = &key, .key = JLD_NOSTR};
		DocCursor	cursor;

		jld_enter(r->proc);
		r->proc->path = &index;
		doc_cursor_first(&cursor, DOC_ITEM_CONTAINER(member));
		for (index.index = 0; index.index < n && flat; index.index++)
		{
			DocItem		item;

			doc_cursor_item(&cursor, &item);
			flat = read_item(r, ctx, property, &item);
		}
		jld_leave(r->proc);
	}
	else
		flat = read_item(r, ctx, property, member);
	r->proc->path = key.up;

	/* no type at all is for expansion to judge, and no value for store_values */
	if (property->n == 0 &&
		(r->nulls == NULLS_ERROR || jld_is(property->name, "@type")))
		return false;
	property->given = property->n > 0 || r->nulls == NULLS_DELETE;
	return flat;
}

/* --- images --------------------------------------------------------------- */

static void
put_string(DocBuilder *b, DocFrame *f, JldStr s)
{
	DocItem		item;

	doc_string_item(&item, s.data, s.len);
	doc_put_item(b, f, &item);
}

static void
put_value(DocBuilder *b, DocFrame *parent, const Value *value)
{
	DocFrame	object;

	if (value->bare)
	{
		doc_put_item(b, parent, &value->scalar);
		return;
	}
	doc_open_object(b, &object, value->type.data || value->language.data ? 2 : 1);
	if (value->type.data)
		put_string(b, &object, JLD_STR("@type"));
	put_string(b, &object, value->reference ? JLD_STR("@id") : JLD_STR("@value"));
	if (value->language.data)
		put_string(b, &object, JLD_STR("@language"));
	if (value->type.data)
		put_string(b, &object, value->type);
	doc_put_item(b, &object, &value->scalar);
	if (value->language.data)
		put_string(b, &object, value->language);
	doc_close(b, &object, parent);
}

/* The keys of an image that has so many properties. */
static void
put_keys(DocBuilder *b, DocFrame *root, const Shape *shape, int given)
{
	DocCursor	keys;

	if (given == shape->nprops && shape->all)
	{
		doc_cursor_first(&keys, &shape->all->root);
		doc_put_run(b, root, &keys, given + 1);
		return;
	}
	for (int i = 0; i <= shape->nprops; i++)
	{
		if (i == shape->id_place)
			put_string(b, root, JLD_STR("@id"));
		if (i < shape->nprops && shape->props[i].given)
			put_string(b, root, shape->props[i].name);
	}
}

/* The array of a property's values. */
static void
put_values(FlatReader *r, DocFrame *root, const Property *property)
{
	static const DocItem id = {JENTRY_ISSTRING, 3, "@id"};
	static const DocItem literal = {JENTRY_ISSTRING, 6, "@value"};
	const Value *value = &r->values[property->first];
	DocBuilder *b = &r->scratch;
	DocFrame	array;

	if (property->n == 1 && !value->bare && value->type.data == NULL &&
		value->language.data == NULL)
	{
		doc_put_nested(b, root, value->reference ? &id : &literal, &value->scalar);
		return;
	}
	doc_open_array(b, &array, property->n);
	for (int k = 0; k < property->n; k++)
		put_value(b, &array, &value[k]);
	doc_close(b, &array, root);
}

/* The image of what was read; by then all of it is known to be good. */
static Jsonb *
build_image(FlatReader *r, Shape *shape, JldStr id)
{
	DocBuilder *b = &r->scratch;
	int			given = 0;
	DocFrame	root;
	Jsonb	   *image;

	for (int i = 0; i < shape->nprops; i++)
		given += shape->props[i].given ? 1 : 0;

	b->len = VARHDRSZ;
	doc_open_object(b, &root, given + 1);
	put_keys(b, &root, shape, given);
	for (int i = 0; i <= shape->nprops; i++)
	{
		if (i == shape->id_place)
			put_string(b, &root, id);
		if (i < shape->nprops && shape->props[i].given)
			put_values(r, &root, &shape->props[i]);
	}
	doc_close(b, &root, NULL);

	/* in its true size: there may be many */
	image = jld_alloc(b->len);
	memcpy(image, doc_build_finish(b), b->len);
	if (given == shape->nprops && shape->all == NULL)
		shape->all = image;
	return image;
}

/* --- nodes ---------------------------------------------------------------- */

FlatReader *
flat_begin(JldProcessor *proc, LedgerNulls nulls, bool terms)
{
	FlatReader *r = palloc0(sizeof(FlatReader));

	r->proc = proc;
	r->nulls = nulls;
	r->terms = terms;
	doc_build_init(&r->scratch, 1024);
	r->values_size = 64;
	r->values = palloc(sizeof(Value) * r->values_size);
	r->mentioned_size = 16;
	r->mentioned = palloc(sizeof(JldStr) * r->mentioned_size);
	return r;
}

/* The node with this shape, in r->values and the shape's props. */
static bool
read_members(FlatReader *r, const Shape *shape, const JsonbContainer *object,
			 FlatNode *node)
{
	int			n = JsonContainerSize(object);
	JldPath		key = {.up = r->proc->path, .key = shape->id_source};
	DocCursor	cursor;
	DocItem    *id;
	bool		good;

	if (n > r->members_size)
	{
		r->members_size = n;
		r->members = palloc(sizeof(DocItem) * n);
	}
	doc_cursor_values(&cursor, object);
	for (int i = 0; i < n; i++)
		doc_cursor_item(&cursor, &r->members[i]);

	id = &r->members[shape->id];
	if (id->type != JENTRY_ISSTRING)
		return false;
	r->proc->path = &key;
	good = expand_reference(r, shape->ctx, item_str(id), false, &node->id);
	r->proc->path = key.up;
	if (!good || !name_is_key(JLD_STR(""), node->id))
		return false;

	r->nvalues = 0;
	r->nmentioned = 0;
	for (int i = 0; i < shape->nprops; i++)
		if (!read_property(r, shape->ctx, &shape->props[shape->by_name[i]]))
			return false;
	return true;
}

bool
flat_read(FlatReader *r, ActiveContext *ctx, JsonbContainer *object,
		  FlatNode *node)
{
	const JldPath *path = r->proc->path;
	int			depth = r->proc->depth;
	Shape	   *shape;
	bool		given = false;

	jld_enter(r->proc);
	shape = find_shape(r, ctx, object);
	if (!shape->flat || !read_members(r, shape, object, node))
	{
		r->proc->path = path;
		r->proc->depth = depth;
		return false;
	}

	node->empties = false;
	for (int i = 0; i < shape->nprops; i++)
	{
		given |= shape->props[i].given;
		node->empties |= shape->props[i].given && shape->props[i].n == 0;
	}
	node->image = given ? build_image(r, shape, node->id) : NULL;
	node->nvalues = r->nvalues;
	node->mentioned = r->mentioned;
	node->nmentioned = r->nmentioned;
	if (given)
		jld_output(r->proc, VARSIZE(node->image));
	jld_leave(r->proc);
	return true;
}
