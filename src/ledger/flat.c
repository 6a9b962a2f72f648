/*
 * flat.c
 *		Nodes that can be read without the algorithms of JSON-LD.
 *
 * Most nodes of a large payload use little of what contexts can say: their values
 * are scalars, references, value objects, other such nodes, and arrays of these.
 * For them expansion, node map and storing come to a translation of keys and a
 * wrapping of values, which is done here in one pass from jsonb to jsonb:
 *
 *		{"@id": "ex:a", "name": "A", "knows": {"@id": "ex:b"}}
 *	 =>	{"@id": "http://x/a", "http://x/name": [{"@value": "A"}],
 *		 "http://x/knows": [{"@id": "http://x/b"}]}
 *
 * What keys mean is found once for all nodes that have the same (shape.c).
 *
 * A node that stands in another is read where it is met, and leaves a reference
 * there.  The node that is read last of all has its properties, values and
 * members at the end of the reader's arrays.
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
#include "ledger/shape.h"
#include "ledger/term.h"

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

/* What a node that is being read has of a property. */
typedef struct Given
{
	int			first;			/* number in the reader's values */
	int			n;
	bool		given;			/* does it stand in the image? */
} Given;

struct FlatReader
{
	JldProcessor *proc;
	Naming	   *naming;
	LedgerNulls nulls;
	bool		terms;
	Shapes	   *shapes;
	DocBuilder	scratch;		/* for one image after another */

	/* of the nodes that are being read, one in the other */
	DocItem    *members;
	int			nmembers;
	int			members_size;
	Given	   *given;
	int			ngiven;
	int			given_size;
	Value	   *values;
	int			nvalues;
	int			values_size;

	/* what has been met, in the order of Node Map Generation */
	FlatNode   *nodes;
	int			nnodes;
	int			nodes_size;
};

/* A node that is being read. */
typedef struct Level
{
	const struct Level *up;		/* the one that it stands in; NULL: none */
	Shape	   *shape;
	int			node;			/* numbers in the reader's arrays */
	int			members;
	int			given;
	int			values;
} Level;

static bool expand_reference(FlatReader *r, ActiveContext *ctx, JldStr value,
							 bool vocab, JldStr *iri);
static bool read_property(FlatReader *r, const Level *level, int i);
static bool read_item(FlatReader *r, const Level *level, int i,
					  const DocItem *item);
static bool read_scalar(FlatReader *r, const Level *level, int i,
						const DocItem *item);
static bool read_object(FlatReader *r, const Level *level, int i,
						JsonbContainer *object);
static bool read_type(FlatReader *r, const Level *level, int i,
					  const DocItem *item);
static bool read_node(FlatReader *r, ActiveContext *ctx, JsonbContainer *object,
					  const Level *up, JldStr predicate, int *number);
static bool add_value(FlatReader *r, const Level *level, int i, const Value *value);
static bool same_value(const Value *a, const Value *b);
static void put_string(DocBuilder *b, DocFrame *f, JldStr s);
static void put_value(DocBuilder *b, DocFrame *parent, const Value *value);

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
add_literal(FlatReader *r, const Level *level, int i, Value *value)
{
	if (r->terms)
		normal_literal(value);
	return add_value(r, level, i, value);
}

static void
push_value(FlatReader *r, const Value *value)
{
	if (r->nvalues == r->values_size)
	{
		r->values_size *= 2;
		r->values = repalloc(r->values, sizeof(Value) * r->values_size);
	}
	r->values[r->nvalues++] = *value;
}

/* The same for any value. */
static bool
add_value(FlatReader *r, const Level *level, int i, const Value *value)
{
	Given	   *given = &r->given[level->given + i];

	for (int k = 0; k < given->n; k++)
		if (same_value(&r->values[given->first + k], value))
			return true;
	if (given->n == VALUES_MAX)
		return false;
	push_value(r, value);
	given->n++;
	return true;
}

/* A node is met: its number among those that were. */
static int
meet_node(FlatReader *r, JldStr id, int owner)
{
	if (r->nnodes == r->nodes_size)
	{
		r->nodes_size *= 2;
		r->nodes = repalloc_huge(r->nodes, sizeof(FlatNode) * r->nodes_size);
	}
	r->nodes[r->nnodes] = (FlatNode) {.id = id, .owner = owner};
	return r->nnodes++;
}

static bool
add_reference(FlatReader *r, const Level *level, int i, JldStr iri)
{
	Value		value = {.reference = true};

	doc_string_item(&value.scalar, iri.data, iri.len);
	return add_value(r, level, i, &value);
}

/* Value Expansion. */
static bool
read_scalar(FlatReader *r, const Level *level, int i, const DocItem *item)
{
	const Property *property = &level->shape->props[i];
	ActiveContext *ctx = level->shape->ctx;
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
			return add_literal(r, level, i, &value);
		}
		if (item->type == JENTRY_ISSTRING && (vocab || def->type_keyword == JLD_KW_ID))
		{
			if (!expand_reference(r, ctx, shape_str(item), vocab, &iri))
				return false;
			(void) meet_node(r, iri, -1);
			return add_reference(r, level, i, iri);
		}
		if (def->type_keyword != JLD_KW_NOT && !vocab && def->type_keyword != JLD_KW_ID)
			return false;
	}
	if (item->type == JENTRY_ISSTRING)
		value.language = property->language;
	return add_literal(r, level, i, &value);
}

/* {"@id"}, {"@value"}, {"@type", "@value"}, {"@value", "@language"}, or a node */
static bool
read_object(FlatReader *r, const Level *level, int i, JsonbContainer *object)
{
	ActiveContext *ctx = level->shape->ctx;
	int			n = JsonContainerSize(object);
	Value		value = {0};
	DocItem		keys[2];
	DocItem		items[2];
	DocCursor	cursor;
	JldStr		iri;

	if (n < 1)
		return false;
	doc_cursor_first(&cursor, object);
	for (int k = 0; k < Min(n, 2); k++)
		doc_cursor_item(&cursor, &keys[k]);
	doc_cursor_values(&cursor, object);
	for (int k = 0; k < Min(n, 2); k++)
		doc_cursor_item(&cursor, &items[k]);

	if (n == 1 && jld_is(shape_str(&keys[0]), "@id"))
	{
		if (items[0].type != JENTRY_ISSTRING ||
			!expand_reference(r, ctx, shape_str(&items[0]), false, &iri))
			return false;
		(void) meet_node(r, iri, -1);
		return add_reference(r, level, i, iri);
	}
	if (n <= 2 && jld_is(shape_str(&keys[0]), "@value"))
		value.scalar = items[0];
	else if (n == 2 && jld_is(shape_str(&keys[0]), "@type") &&
			 jld_is(shape_str(&keys[1]), "@value"))
	{
		TermDefinition *def;

		if (items[0].type != JENTRY_ISSTRING)
			return false;
		def = context_term(ctx, shape_str(&items[0]));
		if ((def && def->context) ||
			!expand_reference(r, ctx, shape_str(&items[0]), true, &value.type))
			return false;
		value.scalar = items[1];
	}
	else
	{
		int			node;

		return read_node(r, ctx, object, level, level->shape->props[i].name, &node) &&
			add_reference(r, level, i, r->nodes[node].id);
	}
	if (n == 2 && value.type.data == NULL)
	{
		if (!jld_is(shape_str(&keys[1]), "@language") ||
			items[0].type != JENTRY_ISSTRING || items[1].type != JENTRY_ISSTRING)
			return false;
		value.language = shape_str(&items[1]);
	}
	if (value.scalar.type == JENTRY_ISCONTAINER || value.scalar.type == JENTRY_ISNULL ||
		(value.type.data && jld_is(value.type, RDF_NS "JSON")))
		return false;
	return add_literal(r, level, i, &value);
}

static bool
read_type(FlatReader *r, const Level *level, int i, const DocItem *item)
{
	ActiveContext *ctx = level->shape->ctx;
	Value		value = {.bare = true};
	TermDefinition *def;
	JldStr		iri;

	if (item->type != JENTRY_ISSTRING)
		return false;
	def = context_term(ctx, shape_str(item));
	if ((def && def->context) || !expand_reference(r, ctx, shape_str(item), true, &iri))
		return false;
	doc_string_item(&value.scalar, iri.data, iri.len);
	return add_value(r, level, i, &value);
}

static bool
read_item(FlatReader *r, const Level *level, int i, const DocItem *item)
{
	bool		flat;

	if (jld_is(level->shape->props[i].name, "@type"))
		return read_type(r, level, i, item);
	if (item->type != JENTRY_ISCONTAINER)
		return read_scalar(r, level, i, item);
	if (!DOC_ITEM_IS_OBJECT(item))
		return false;
	jld_enter(r->proc);
	flat = read_object(r, level, i, (JsonbContainer *) item->data);
	jld_leave(r->proc);
	return flat;
}

/* All values of a property. */
static bool
read_property(FlatReader *r, const Level *level, int i)
{
	const Property *property = &level->shape->props[i];
	DocItem		member = r->members[level->members + property->member];
	Given	   *given = &r->given[level->given + i];
	JldPath		key;
	bool		flat = true;

	given->first = r->nvalues;
	given->n = 0;
	given->given = true;
	/* most are */
	if (property->plain && member.type == JENTRY_ISSTRING)
	{
		push_value(r, &(Value) {.scalar = member, .language = property->language});
		given->n = 1;
		return true;
	}
	key = (JldPath) {.up = r->proc->path, .key = property->source};
	r->proc->path = &key;
	if (DOC_ITEM_IS_ARRAY(&member))
	{
		int			n = JsonContainerSize(DOC_ITEM_CONTAINER(&member));
		JldPath		index = {.up = &key, .key = JLD_NOSTR};
		DocCursor	cursor;

		jld_enter(r->proc);
		r->proc->path = &index;
		doc_cursor_first(&cursor, DOC_ITEM_CONTAINER(&member));
		for (index.index = 0; index.index < n && flat; index.index++)
		{
			DocItem		item;

			doc_cursor_item(&cursor, &item);
			flat = read_item(r, level, i, &item);
		}
		jld_leave(r->proc);
	}
	else
		flat = read_item(r, level, i, &member);
	r->proc->path = key.up;

	/* no type at all is for expansion to judge, and no value for store_values */
	given = &r->given[level->given + i];
	if (given->n == 0 &&
		(r->nulls == NULLS_ERROR || jld_is(property->name, "@type")))
		return false;
	given->given = given->n > 0 || r->nulls == NULLS_DELETE;
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
put_keys(DocBuilder *b, DocFrame *root, const Shape *shape, const Given *given,
		 int ngiven)
{
	DocCursor	keys;

	if (ngiven == shape->nprops && shape->all)
	{
		doc_cursor_first(&keys, &shape->all->root);
		doc_put_run(b, root, &keys, ngiven + 1);
		return;
	}
	for (int i = 0; i <= shape->nprops; i++)
	{
		if (i == shape->id_place)
			put_string(b, root, JLD_STR("@id"));
		if (i < shape->nprops && given[i].given)
			put_string(b, root, shape->props[i].name);
	}
}

/* The array of a property's values. */
static void
put_values(FlatReader *r, DocFrame *root, const Given *given)
{
	static const DocItem id = {JENTRY_ISSTRING, 3, "@id"};
	static const DocItem literal = {JENTRY_ISSTRING, 6, "@value"};
	const Value *value = &r->values[given->first];
	DocBuilder *b = &r->scratch;
	DocFrame	array;

	if (given->n == 1 && !value->bare && value->type.data == NULL &&
		value->language.data == NULL)
	{
		doc_put_nested(b, root, value->reference ? &id : &literal, &value->scalar);
		return;
	}
	doc_open_array(b, &array, given->n);
	for (int k = 0; k < given->n; k++)
		put_value(b, &array, &value[k]);
	doc_close(b, &array, root);
}

/* The image of what was read; NULL: nothing was. */
static Jsonb *
build_image(FlatReader *r, const Level *level, JldStr id)
{
	Shape	   *shape = level->shape;
	const Given *given = &r->given[level->given];
	DocBuilder *b = &r->scratch;
	int			ngiven = 0;
	DocFrame	root;
	Jsonb	   *image;

	for (int i = 0; i < shape->nprops; i++)
		ngiven += given[i].given ? 1 : 0;
	if (ngiven == 0)
		return NULL;

	b->len = VARHDRSZ;
	doc_open_object(b, &root, ngiven + 1);
	put_keys(b, &root, shape, given, ngiven);
	for (int i = 0; i <= shape->nprops; i++)
	{
		if (i == shape->id_place)
			put_string(b, &root, id);
		if (i < shape->nprops && given[i].given)
			put_values(r, &root, &given[i]);
	}
	doc_close(b, &root, NULL);

	/* in its true size: there may be many */
	image = jld_alloc(b->len);
	memcpy(image, doc_build_finish(b), b->len);
	if (ngiven == shape->nprops && shape->all == NULL)
		shape->all = image;
	return image;
}

/* --- nodes ---------------------------------------------------------------- */

FlatReader *
flat_begin(JldProcessor *proc, Naming *naming, LedgerNulls nulls, bool terms)
{
	FlatReader *r = palloc0(sizeof(FlatReader));

	r->proc = proc;
	r->shapes = shapes_begin(proc);
	r->naming = naming;
	r->nulls = nulls;
	r->terms = terms;
	doc_build_init(&r->scratch, 1024);
	r->members_size = r->given_size = r->values_size = 64;
	r->members = palloc(sizeof(DocItem) * r->members_size);
	r->given = palloc(sizeof(Given) * r->given_size);
	r->values = palloc(sizeof(Value) * r->values_size);
	r->nodes_size = 16;
	r->nodes = palloc(sizeof(FlatNode) * r->nodes_size);
	return r;
}

/* Room for a node of this shape at the end of the reader's arrays. */
static void
begin_level(FlatReader *r, Level *level, const JsonbContainer *object)
{
	Shape	   *shape = level->shape;
	int			n = JsonContainerSize(object);
	DocCursor	cursor;

	level->members = r->nmembers;
	level->given = r->ngiven;
	level->values = r->nvalues;
	if (r->nmembers + n > r->members_size)
	{
		r->members_size = Max(r->members_size * 2, r->nmembers + n);
		r->members = repalloc_huge(r->members, sizeof(DocItem) * r->members_size);
	}
	if (r->ngiven + shape->nprops > r->given_size)
	{
		r->given_size = Max(r->given_size * 2, r->ngiven + shape->nprops);
		r->given = repalloc_huge(r->given, sizeof(Given) * r->given_size);
	}
	doc_cursor_values(&cursor, object);
	for (int i = 0; i < n; i++)
		doc_cursor_item(&cursor, &r->members[r->nmembers + i]);
	r->nmembers += n;
	r->ngiven += shape->nprops;
	shape->used++;
}

static void
end_level(FlatReader *r, const Level *level)
{
	r->nmembers = level->members;
	r->ngiven = level->given;
	r->nvalues = level->values;
	level->shape->used--;
}

/*
 * The name of a node: its own, or one that depends on its owner and predicate.
 * False: it has none that we know.
 */
static bool
read_name(FlatReader *r, const Level *level, JldStr predicate, JldStr *id)
{
	const Shape *shape = level->shape;
	JldPath		key;
	const DocItem *item;
	bool		good;

	if (shape->id < 0)
	{
		if (level->up == NULL)
			return false;
		*id = naming_part(r->naming, r->nodes[level->up->node].id, predicate,
						  level->up->node);
		return id->data != NULL;
	}
	item = &r->members[level->members + shape->id];
	if (item->type != JENTRY_ISSTRING)
		return false;
	key = (JldPath) {.up = r->proc->path, .key = shape->id_source};
	r->proc->path = &key;
	good = expand_reference(r, shape->ctx, shape_str(item), false, id);
	r->proc->path = key.up;
	if (!good || !name_is_key(JLD_STR(""), *id))
		return false;
	/* one that stands in itself says some of its values before others */
	for (const Level *up = level->up; up; up = up->up)
		if (jld_eq(r->nodes[up->node].id, *id))
			return false;
	return true;
}

/* What a node says, on its level. */
static bool
read_statements(FlatReader *r, Level *level, JldStr predicate)
{
	const Shape *shape = level->shape;
	FlatNode   *node;
	JldStr		id;

	if (!read_name(r, level, predicate, &id))
		return false;
	level->node = meet_node(r, id, shape->id < 0 ? level->up->node : -1);
	for (int i = 0; i < shape->nprops; i++)
		if (!read_property(r, level, shape->by_name[i]))
			return false;

	node = &r->nodes[level->node];
	for (int i = 0; i < shape->nprops; i++)
		node->empties |= r->given[level->given + i].given && r->given[level->given + i].n == 0;
	node->nvalues = r->nvalues - level->values;
	node->image = build_image(r, level, id);
	if (node->image)
		jld_output(r->proc, VARSIZE(node->image));
	return true;
}

/* A node object, at the top or in another, under a predicate. */
static bool
read_node(FlatReader *r, ActiveContext *ctx, JsonbContainer *object,
		  const Level *up, JldStr predicate, int *number)
{
	Level		level = {.up = up};
	bool		flat;

	jld_enter(r->proc);
	level.shape = shape_find(r->shapes, ctx, object);
	if (level.shape == NULL || !level.shape->flat)
		return false;
	begin_level(r, &level, object);
	flat = read_statements(r, &level, predicate);
	end_level(r, &level);
	jld_leave(r->proc);
	*number = level.node;
	return flat;
}

bool
flat_read(FlatReader *r, ActiveContext *ctx, JsonbContainer *object,
		  FlatNode **nodes, int *n)
{
	const JldPath *path = r->proc->path;
	int			depth = r->proc->depth;
	int			top;

	r->nnodes = 0;
	naming_begin_parts(r->naming);
	if (!read_node(r, ctx, object, NULL, JLD_NOSTR, &top))
	{
		naming_take_back_parts(r->naming);
		r->proc->path = path;
		r->proc->depth = depth;
		return false;
	}
	*nodes = r->nodes;
	*n = r->nnodes;
	return true;
}
