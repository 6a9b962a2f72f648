/*
 * payload.c
 *		What a JSON-LD transaction says, node by node.
 *
 *		document
 *		  -> nodes that are flat: images as they are stored (flat.c)
 *		  -> others: expanded
 *		  -> every node object has a name (naming.c)
 *		  -> node map, whose labels are taken back (rename_value)
 *		  -> nodes as they are stored (store_node):
 *
 *		{"@id": iri, "@type": [iri, ...], predicate: [value, ...], ...}
 *
 * where a value is a value object, a reference {"@id": iri}, or one list
 * object.  @index is not stored: it is no part of what a document states.
 *
 * Pure: knows no tables.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "jsonb/build.h"
#include "jsonld/expand.h"
#include "jsonld/iri.h"
#include "jsonld/nodemap.h"
#include "ledger/flat.h"
#include "ledger/naming.h"
#include "ledger/payload.h"
#include "upsert.h"

/* A node of the payload that is flat. */
typedef struct Image
{
	Jsonb	   *jsonb;			/* NULL: there is none */
	int			nvalues;
	JldStr		owner;			/* of a node without a name */
} Image;

/* A document while it is read. */
typedef struct Reading
{
	JldProcessor *proc;
	Naming	   *naming;
	NodeMap		map;
	FlatReader *flat;
	Image	   *images;			/* by member number in map's default graph */
	int			images_size;
} Reading;

static JldStr rename_label(const JldValue *names, JldStr label);
static JldValue *rename_value(const JldValue *names, JldValue *value);
static JldValue *store_values(const JldValue *names, JldStr id, JldStr predicate,
							  JldValue *values, LedgerNulls nulls);
static JldValue *store_node(const JldValue *names, JldStr id, JldValue *node,
							LedgerNulls nulls);
static JldValue *names_of_labels(const BlankNodeLabels *labels);
static List *collect_nodes(const NodeMap *map, LedgerNulls nulls,
						   const Image *images, int nimages);
static void take_images_of(Reading *reading, const JldValue *named);
static void add_flat(Reading *reading, FlatNode *nodes, int n);
static void read_top(Reading *reading, ActiveContext *ctx, JldStr property,
					 const DocItem *item);
static void settle_images(Reading *reading);
static JsonbContainer *top_array(Jsonb *doc, bool has_context);
static void read_items(Reading *reading, ActiveContext *ctx, JldStr property,
					   const JsonbContainer *array);
static void read_graph(Reading *reading, ActiveContext *ctx, Jsonb *doc,
					   const JsonbContainer *array);

/* --- nodes as stored ------------------------------------------------------ */

/* The node map has given its own labels to blank nodes: ours come back. */
static JldStr
rename_label(const JldValue *names, JldStr label)
{
	JldValue   *name;

	if (!jld_is_blank_node_id(label))
		return label;
	name = jld_get(names, label);
	return name ? name->u.string : label;
}

static JldValue *
rename_value(const JldValue *names, JldValue *value)
{
	JldValue   *id;
	JldValue   *list;

	check_stack_depth();
	if (jld_is_string(value))	/* of @type */
	{
		JldStr		iri = rename_label(names, value->u.string);

		name_check_iri(iri);
		return jld_new_string(iri);
	}
	list = jld_get(value, JLD_STR("@list"));
	if (list)
	{
		JldValue   *renamed = jld_new_object(1);
		JldValue   *items = jld_new_array(list->n);

		for (int i = 0; i < list->n; i++)
			jld_push(items, rename_value(names, list->u.items[i]));
		jld_put(renamed, JLD_STR("@list"), items);
		return renamed;
	}
	id = jld_get(value, JLD_STR("@id"));
	if (id)
	{
		JldValue   *renamed = jld_new_object(1);
		JldStr		iri = rename_label(names, id->u.string);

		name_check_iri(iri);
		jld_put(renamed, JLD_STR("@id"), jld_new_string(iri));
		return renamed;
	}
	return value;
}

/* The values of one predicate; NULL: it was not supplied. */
static JldValue *
store_values(const JldValue *names, JldStr id, JldStr predicate,
			 JldValue *values, LedgerNulls nulls)
{
	JldValue   *stored = jld_new_array(values->n);
	JldValue   *list = NULL;

	for (int i = 0; i < values->n; i++)
	{
		JldValue   *value = rename_value(names, values->u.items[i]);
		JldValue   *items = jld_is_object(value) ? jld_get(value, JLD_STR("@list")) : NULL;

		CHECK_FOR_INTERRUPTS();
		if (items)
		{
			if (items->n == 0)
				continue;
			if (list && jld_equal(list, value))
				continue;
			if (list)
				ereport(ERROR,
						(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
						 errmsg("a predicate can have one list only"),
						 errdetail("Node \"%s\" has two under \"%s\".",
								   jld_cstr(id), jld_cstr(predicate))));
			list = value;
		}
		jld_push(stored, value);
	}
	if (stored->n > 0 || nulls == NULLS_DELETE)
		return stored;
	if (nulls == NULLS_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a predicate has no value"),
				 errdetail("It is \"%s\" of node \"%s\".",
						   jld_cstr(predicate), jld_cstr(id)),
				 errhint("With the option \"nulls\" at \"error\", null, [] and an empty @list are errors.")));
	return NULL;
}

/* A node of the node map as it is stored; NULL if nothing is said of it. */
static JldValue *
store_node(const JldValue *names, JldStr id, JldValue *node, LedgerNulls nulls)
{
	JldValue   *stored = jld_new_object(node->n);

	jld_put(stored, JLD_STR("@id"), jld_new_string(id));
	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[i];
		JldValue   *values;

		if (jld_is(m->key, "@id") || jld_is(m->key, "@index"))
			continue;
		if (jld_is(m->key, RDF_TYPE) || jld_is_blank_node_id(m->key))
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
					 errmsg("illegal predicate"),
					 errdetail("Node \"%s\" has \"%s\".", jld_cstr(id), jld_cstr(m->key)),
					 errhint("Types stand under @type; other predicates are IRIs.")));
		if (!jld_is(m->key, "@type"))
			name_check_iri(m->key);
		values = store_values(names, id, m->key, m->value, nulls);
		if (values)
			jld_put(stored, m->key, values);
	}
	return stored->n > 1 ? stored : NULL;
}

/* The labels that were written in a payload, by those of the node map. */
static JldValue *
names_of_labels(const BlankNodeLabels *labels)
{
	JldValue   *names = jld_new_object(labels->map->n);

	for (int i = 0; i < labels->map->n; i++)
	{
		JldMember  *m = &labels->map->u.object.members[i];

		jld_put(names, m->value->u.string, jld_new_string(m->key));
	}
	return names;
}

/* The nodes of a node map; images: of those in its default graph. */
static List *
collect_nodes(const NodeMap *map, LedgerNulls nulls, const Image *images,
			  int nimages)
{
	JldValue   *names = names_of_labels(&map->labels);
	List	   *nodes = NIL;

	for (int g = 0; g < map->graphs->n; g++)
	{
		JldMember  *graph = &map->graphs->u.object.members[g];
		bool		is_default = jld_is(graph->key, "@default");
		JldStr		name = is_default ? JLD_STR("") : rename_label(names, graph->key);

		for (int i = 0; i < graph->value->n; i++)
		{
			JldMember  *m = &graph->value->u.object.members[i];
			PayloadNode node = {.graph = name};

			CHECK_FOR_INTERRUPTS();
			if (is_default && i < nimages && images[i].jsonb)
			{
				node.id = rename_label(names, m->key);
				node.image = images[i].jsonb;
				node.nvalues = images[i].nvalues;
				node.anonymous = naming_is_minted(node.id);
				node.owner = images[i].owner;
			}
			else
			{
				node.id = rename_label(names, m->key);
				node.node = store_node(names, node.id, m->value, nulls);
				if (node.node == NULL)
					continue;
				name_check_key(name, node.id);
				node.anonymous = naming_is_minted(node.id);
			}
			nodes = lappend(nodes, memcpy(palloc(sizeof(PayloadNode)), &node, sizeof(PayloadNode)));
		}
	}
	return nodes;
}

List *
payload_nodes(JldProcessor *proc, JldValue *expanded, LedgerNulls nulls,
			  int flags)
{
	Naming	   *naming = naming_begin(proc, (flags & PAYLOAD_BY_CONTENT) != 0,
									  (flags & PAYLOAD_TERMS) != 0);
	NodeMap		map;

	node_map_generate(&map, proc, naming_document(naming, expanded));
	return collect_nodes(&map, nulls, NULL, 0);
}

/* --- documents ------------------------------------------------------------ */

static bool
has_key(JsonbContainer *object, const char *key)
{
	JsonbValue	v;

	return getKeyJsonValueFromContainer(object, key, strlen(key), &v) != NULL;
}

bool
payload_has_context(const Jsonb *doc)
{
	JsonbContainer *root = unconstify(JsonbContainer *, &doc->root);
	JsonbIterator *it;
	JsonbValue	v;

	if (JB_ROOT_IS_OBJECT(doc))
		return has_key(root, "@context");
	it = JsonbIteratorInit(root);
	(void) JsonbIteratorNext(&it, &v, true);
	while (JsonbIteratorNext(&it, &v, true) == WJB_ELEM)
		if (v.type == jbvBinary && JsonContainerIsObject(v.val.binary.data) &&
			has_key(v.val.binary.data, "@context"))
			return true;
	return false;
}

static void
take_into_map(Reading *reading, Image *image)
{
	node_map_add(&reading->map, jld_from_jsonb(image->jsonb));
	image->jsonb = NULL;
}

/*
 * Images of nodes that a named document says more of go into the map first, so
 * that values stand in the order in which they were given.
 */
static void
take_images_of(Reading *reading, const JldValue *named)
{
	JldValue   *graph = reading->map.graphs->u.object.members[0].value;
	JldValue   *id;

	check_stack_depth();
	if (jld_is_array(named))
	{
		for (int i = 0; i < named->n; i++)
			take_images_of(reading, named->u.items[i]);
		return;
	}
	if (!jld_is_object(named) || named->n < 2)
		return;
	id = jld_get(named, JLD_STR("@id"));
	if (jld_is_string(id))
	{
		JldValue   *label = jld_get(reading->map.labels.map, id->u.string);
		int			member = jld_find(graph, label ? label->u.string : id->u.string);

		if (member >= 0 && member < reading->images_size &&
			reading->images[member].jsonb)
			take_into_map(reading, &reading->images[member]);
	}
	for (int i = 0; i < named->n; i++)
		take_images_of(reading, named->u.object.members[i].value);
}

static void
add_image(Reading *reading, const FlatNode *nodes, const FlatNode *node)
{
	JldValue   *graph = reading->map.graphs->u.object.members[0].value;
	Image	   *image = &reading->images[node->member];

	if (image->jsonb)
		take_into_map(reading, image);
	if (graph->u.object.members[node->member].value->n > 1)
	{
		/* spoken of before: all that is said meets in the map */
		node_map_add(&reading->map, jld_from_jsonb(node->image));
		return;
	}
	image->jsonb = node->image;
	image->nvalues = node->empties ? 0 : node->nvalues;
	image->owner = node->owner < 0 ? JLD_NOSTR : nodes[node->owner].id;
}

/* Takes in what was read as flat. */
static void
add_flat(Reading *reading, FlatNode *nodes, int n)
{
	JldValue   *graph = reading->map.graphs->u.object.members[0].value;

	for (int i = 0; i < n; i++)
		nodes[i].member = node_map_mention(&reading->map, nodes[i].id);
	if (graph->n > reading->images_size)
	{
		int			size = Max(graph->n, reading->images_size * 2);

		reading->images = repalloc_huge(reading->images, sizeof(Image) * size);
		memset(reading->images + reading->images_size, 0,
			   sizeof(Image) * (size - reading->images_size));
		reading->images_size = size;
	}
	for (int i = 0; i < n; i++)
		if (nodes[i].image)
			add_image(reading, nodes, &nodes[i]);
}

static void
add_named(Reading *reading, JldValue *element)
{
	take_images_of(reading, element);
	node_map_add(&reading->map, element);
}

/* One of the items at the top of a document. */
static void
read_top(Reading *reading, ActiveContext *ctx, JldStr property,
		 const DocItem *item)
{
	JsonbContainer *container = (JsonbContainer *) item->data;
	FlatNode   *nodes;
	JldValue   *element;
	int			n;

	if (DOC_ITEM_IS_OBJECT(item) && flat_read(reading->flat, ctx, container, &nodes, &n))
	{
		add_flat(reading, nodes, n);
		return;
	}
	element = item->type == JENTRY_ISCONTAINER ? jld_from_container(container) :
		jld_from_jsonb(doc_from_item(item));
	element = expand_element(reading->proc, ctx, property, NULL, element, false);
	if (element)
		element = naming_element(reading->naming, element);
	if (element)
		add_named(reading, element);
}

/* So do images that a reverse property of a later node has added to. */
static void
settle_images(Reading *reading)
{
	JldValue   *graph = reading->map.graphs->u.object.members[0].value;

	for (int i = 0; i < Min(reading->images_size, graph->n); i++)
		if (reading->images[i].jsonb && graph->u.object.members[i].value->n > 1)
			take_into_map(reading, &reading->images[i]);
}

/*
 * The array whose items are the nodes of a document: the document, or its
 * @graph if it has nothing else but an @context.  NULL: neither.
 */
static JsonbContainer *
top_array(Jsonb *doc, bool has_context)
{
	JsonbValue	graph;

	if (JB_ROOT_IS_ARRAY(doc))
		return &doc->root;
	if (JB_ROOT_COUNT(doc) != (has_context ? 2 : 1) ||
		!getKeyJsonValueFromContainer(&doc->root, "@graph", strlen("@graph"), &graph) ||
		graph.type != jbvBinary || !JsonContainerIsArray(graph.val.binary.data))
		return NULL;
	return graph.val.binary.data;
}

/* Reads the items of the array that top_array() found. */
static void
read_items(Reading *reading, ActiveContext *ctx, JldStr property,
		   const JsonbContainer *array)
{
	JldProcessor *proc = reading->proc;
	JldPath		step = {.up = proc->path, .key = JLD_NOSTR};
	int			n = JsonContainerSize(array);
	DocCursor	cursor;

	jld_enter(proc);
	proc->path = &step;
	doc_cursor_first(&cursor, array);
	for (step.index = 0; step.index < n; step.index++)
	{
		DocItem		item;

		CHECK_FOR_INTERRUPTS();
		doc_cursor_item(&cursor, &item);
		read_top(reading, ctx, property, &item);
	}
	proc->path = step.up;
	jld_leave(proc);
}

/* The same for a document that is an object with @graph: its context first. */
static void
read_graph(Reading *reading, ActiveContext *ctx, Jsonb *doc,
		   const JsonbContainer *array)
{
	JldProcessor *proc = reading->proc;
	JldPath		context = {.key = JLD_STR_INIT("@context")};
	JldPath		graph = {.key = JLD_STR_INIT("@graph")};
	JsonbValue	local;

	jld_enter(proc);
	if (getKeyJsonValueFromContainer(&doc->root, "@context", strlen("@context"), &local))
	{
		proc->path = &context;
		ctx = context_process(proc, ctx, jld_from_jsonb(JsonbValueToJsonb(&local)));
	}
	proc->path = &graph;
	read_items(reading, ctx, JLD_STR("@graph"), array);
	proc->path = NULL;
	jld_leave(proc);
}

List *
payload_read(JldProcessor *proc, Jsonb *doc, LedgerNulls nulls, int flags)
{
	Reading		reading = {.proc = proc};
	JldValue   *rest;
	ActiveContext *ctx = context_initial(proc);
	JsonbContainer *array = top_array(doc, JB_ROOT_IS_OBJECT(doc) && payload_has_context(doc));

	node_map_begin(&reading.map, proc);
	reading.naming = naming_begin(proc, (flags & PAYLOAD_BY_CONTENT) != 0,
								  (flags & PAYLOAD_TERMS) != 0);
	reading.flat = flat_begin(proc, reading.naming, nulls, (flags & PAYLOAD_TERMS) != 0);
	reading.images_size = 64;
	reading.images = palloc0(sizeof(Image) * reading.images_size);
	if (JB_ROOT_IS_ARRAY(doc))
		read_items(&reading, ctx, JLD_NOSTR, array);
	else if (array)
		read_graph(&reading, ctx, doc, array);
	else
	{
		FlatNode   *flat;
		int			n;

		if (!flat_read(reading.flat, ctx, &doc->root, &flat, &n))
			return payload_nodes(proc, jsonld_expand(proc, jld_from_jsonb(doc)),
								 nulls, flags);
		add_flat(&reading, flat, n);
	}
	rest = naming_rest(reading.naming);
	for (int i = 0; i < rest->n; i++)
		add_named(&reading, rest->u.items[i]);
	settle_images(&reading);
	return collect_nodes(&reading.map, nulls, reading.images,
						 reading.images_size);
}
