/*
 * nodemap.c
 *		Node Map Generation, and what it needs: labels for blank nodes and
 *		arrays without duplicates.
 *
 * Owns the step from a tree of nested node objects to a map per graph:
 *
 *		graphs = { "@default": { "http://a": {"@id": "http://a", "p": [...]},
 *								 "_:b0":	 {...} },
 *				   "http://g": { ... } }
 *
 * It works on expanded form and must not know of contexts or of RDF.
 *
 * The document may be shared, so nothing in it is changed: where the
 * specification takes entries out of an element once they are done, the
 * loop over the rest passes them by.
 *
 * "Unless there is an equal item" is asked for each value of each property.
 * To keep documents with long arrays linear, values of arrays above a small
 * size stand in a hash table that all arrays of a map share.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "jsonld/nodemap.h"

/* arrays up to here are searched one by one */
#define SMALL_ARRAY		8

typedef struct UniqueEntry
{
	const JldValue *array;		/* NULL: free */
	const JldValue *item;
	uint64		hash;			/* of both */
} UniqueEntry;

struct UniqueIndex
{
	UniqueEntry *entries;
	uint64		size;			/* a power of two */
	uint64		used;
};

/* What is said of the place where an element stands. */
typedef struct Place
{
	JldValue   *graph;			/* node map of the active graph */
	JldValue   *subject;		/* node of the active subject, or NULL */
	JldValue   *referenced;		/* the reverse relation's map, or NULL */
	JldStr		property;		/* active property, or JLD_NOSTR */
	JldValue   *list;			/* items of the list being filled, or NULL */
} Place;

static void unique_insert(UniqueIndex *index, const JldValue *array,
						  const JldValue *item);
static uint64 unique_hash(const JldValue *array, const JldValue *item);
static void generate(NodeMap *map, JldValue *element, const Place *place);
static void generate_node(NodeMap *map, JldValue *element, const Place *place);
static void drop_nameless(NodeMap *map, JldValue *element,
						  const Place *place);
static JldValue *reference_to(JldValue *id);
static void generate_reverse(NodeMap *map, JldValue *reverse, JldStr id,
							 const Place *place);
static void add_to_place(NodeMap *map, JldValue *value, const Place *place);
static JldValue *own_array(JldValue *node, JldStr property);
static JldValue *graph_of(NodeMap *map, JldStr name);
static JldValue *new_node(JldValue *graph, JldStr id);
static JldValue *node_of(JldValue *graph, JldStr id);
static JldStr relabel(NodeMap *map, JldStr id);
static bool is_done_elsewhere(JldStr property);

/* --- blank node labels ---------------------------------------------------- */

void
blank_node_labels_init(BlankNodeLabels *labels)
{
	labels->map = jld_new_object(8);
	labels->counter = 0;
}

JldStr
blank_node_label(BlankNodeLabels *labels, JldStr identifier)
{
	JldStr		label;

	if (identifier.data != NULL)
	{
		JldValue   *known = jld_get(labels->map, identifier);

		if (known != NULL)
			return known->u.string;
	}
	label.data = jld_alloc(32);
	label.len = sprintf(unconstify(char *, label.data), "_:b" INT64_FORMAT, labels->counter++);
	if (identifier.data != NULL)
		jld_put(labels->map, identifier, jld_new_string(label));
	return label;
}

JldStr
blank_node_source(const BlankNodeLabels *labels, JldStr label)
{
	for (int i = 0; i < labels->map->n; i++)
		if (jld_eq(labels->map->u.object.members[i].value->u.string, label))
			return labels->map->u.object.members[i].key;
	return label;
}

/* --- arrays as sets ------------------------------------------------------- */

UniqueIndex *
unique_index_create(void)
{
	UniqueIndex *index = palloc(sizeof(UniqueIndex));

	index->size = 64;
	index->used = 0;
	index->entries = palloc0(index->size * sizeof(UniqueEntry));
	return index;
}

bool
unique_push(UniqueIndex *index, JldValue *array, JldValue *item)
{
	if (array->n < SMALL_ARRAY)
	{
		for (int i = 0; i < array->n; i++)
			if (jld_equal(array->u.items[i], item))
				return false;
	}
	else
	{
		uint64		hash;
		uint64		slot;

		if (array->n == SMALL_ARRAY)
			for (int i = 0; i < array->n; i++)
				unique_insert(index, array, array->u.items[i]);
		hash = unique_hash(array, item);
		for (slot = hash & (index->size - 1);
			 index->entries[slot].array != NULL;
			 slot = (slot + 1) & (index->size - 1))
		{
			UniqueEntry *entry = &index->entries[slot];

			if (entry->hash == hash && entry->array == array &&
				jld_equal(entry->item, item))
				return false;
		}
		unique_insert(index, array, item);
	}
	jld_push(array, item);
	return true;
}

static void
unique_insert(UniqueIndex *index, const JldValue *array, const JldValue *item)
{
	UniqueEntry entry = {array, item, unique_hash(array, item)};
	uint64		slot;

	if (index->used >= index->size / 2)
	{
		UniqueEntry *old = index->entries;
		uint64		old_size = index->size;

		index->size *= 2;
		index->entries = MemoryContextAllocExtended(CurrentMemoryContext,
													index->size * sizeof(UniqueEntry),
													MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		for (uint64 i = 0; i < old_size; i++)
		{
			if (old[i].array == NULL)
				continue;
			slot = old[i].hash & (index->size - 1);
			while (index->entries[slot].array != NULL)
				slot = (slot + 1) & (index->size - 1);
			index->entries[slot] = old[i];
		}
		pfree(old);
	}
	slot = entry.hash & (index->size - 1);
	while (index->entries[slot].array != NULL)
		slot = (slot + 1) & (index->size - 1);
	index->entries[slot] = entry;
	index->used++;
}

static uint64
unique_hash(const JldValue *array, const JldValue *item)
{
	return hash_combine64(hash_bytes_extended((const unsigned char *) &array,
											  sizeof(array), 0),
						  jld_hash_value(item));
}

/* --- Node Map Generation -------------------------------------------------- */

void
node_map_begin(NodeMap *map, JldProcessor *proc)
{
	map->proc = proc;
	map->graphs = jld_new_object(2);
	blank_node_labels_init(&map->labels);
	map->unique = unique_index_create();
	(void) graph_of(map, JLD_STR("@default"));
}

void
node_map_add(NodeMap *map, JldValue *expanded)
{
	Place		place = {0};

	place.graph = graph_of(map, JLD_STR("@default"));
	generate(map, expanded, &place);
}

int
node_map_mention(NodeMap *map, JldStr id)
{
	JldValue   *graph = graph_of(map, JLD_STR("@default"));
	int			member;

	id = relabel(map, id);
	member = jld_find(graph, id);
	if (member >= 0)
		return member;
	(void) new_node(graph, id);
	return graph->n - 1;
}

void
node_map_generate(NodeMap *map, JldProcessor *proc, JldValue *expanded)
{
	node_map_begin(map, proc);
	node_map_add(map, expanded);
}

/* The algorithm; step numbers are those of section 7.2.2. */
static void
generate(NodeMap *map, JldValue *element, const Place *place)
{
	jld_enter(map->proc);
	CHECK_FOR_INTERRUPTS();

	if (jld_is_array(element))
	{
		/* 1 */
		for (int i = 0; i < element->n; i++)
			generate(map, element->u.items[i], place);
	}
	else if (jld_is_value_object(element))
	{
		/* 4; expansion has refused blank nodes as datatypes, so 3 is nodes' */
		add_to_place(map, element, place);
	}
	else if (jld_is_list_object(element))
	{
		/* 5 */
		JldValue   *items = jld_get(element, JLD_STR("@list"));
		JldValue   *result = jld_new_object(1);
		Place		inside = *place;

		inside.list = jld_new_array(jld_is_array(items) ? items->n : 1);
		generate(map, items, &inside);
		jld_put(result, JLD_STR("@list"), inside.list);
		/* lists are not compared: equal ones are still two lists */
		if (place->list != NULL)
			jld_push(place->list, result);
		else if (place->subject != NULL)
			jld_push(own_array(place->subject, place->property), result);
	}
	else if (jld_is_object(element))
		generate_node(map, element, place);

	jld_leave(map->proc);
}

/* Step 6: element is a node object. */
static void
generate_node(NodeMap *map, JldValue *element, const Place *place)
{
	JldValue   *value = jld_get(element, JLD_STR("@id"));
	JldStr		id;
	JldValue   *node;
	JldValue   *types = jld_get(element, JLD_STR("@type"));
	int		   *sorted;

	/* 3 comes first, so that labels are given in the specification's order */
	if (types != NULL)
	{
		JldValue   *relabeled;

		if (!jld_is_array(types))
			types = jld_array_of(types);
		relabeled = jld_new_array(types->n);
		for (int i = 0; i < types->n; i++)
		{
			JldValue   *type = types->u.items[i];

			if (jld_is_string(type) && jld_is_blank_node_id(type->u.string))
				type = jld_new_string(relabel(map, type->u.string));
			jld_push(relabeled, type);
		}
		types = relabeled;
	}

	/* 6.1 to 6.4 */
	if (value != NULL && value->type == JLD_NULL)
	{
		drop_nameless(map, element, place);
		return;
	}
	if (value != NULL)
		id = relabel(map, value->u.string);
	else
		id = blank_node_label(&map->labels, JLD_NOSTR);
	node = node_of(place->graph, id);

	/* 6.5, 6.6 */
	if (place->referenced != NULL)
		unique_push(map->unique, own_array(node, place->property),
					place->referenced);
	else if (place->property.data != NULL)
		add_to_place(map, reference_to(jld_new_string(id)), place);

	/* 6.7 */
	if (types != NULL)
	{
		JldValue   *array = own_array(node, JLD_STR("@type"));

		for (int i = 0; i < types->n; i++)
			unique_push(map->unique, array, types->u.items[i]);
	}

	/* 6.8 */
	value = jld_get(element, JLD_STR("@index"));
	if (value != NULL)
	{
		JldValue   *old = jld_get(node, JLD_STR("@index"));

		if (old != NULL && !jld_equal(old, value))
			jld_error(map->proc, JLD_CONFLICTING_INDEXES,
					  jld_cstr(blank_node_source(&map->labels, id)),
					  "node has two different @index values");
		jld_put(node, JLD_STR("@index"), value);
	}

	/* 6.9 */
	value = jld_get(element, JLD_STR("@reverse"));
	if (jld_is_object(value))
		generate_reverse(map, value, id, place);

	/* 6.10 */
	value = jld_get(element, JLD_STR("@graph"));
	if (value != NULL)
	{
		Place		inside = {0};

		inside.graph = graph_of(map, id);
		generate(map, value, &inside);
	}

	/* 6.11 */
	value = jld_get(element, JLD_STR("@included"));
	if (value != NULL)
	{
		Place		inside = {0};

		inside.graph = place->graph;
		generate(map, value, &inside);
	}

	/* 6.12 */
	sorted = jld_sorted(element);
	for (int i = 0; i < element->n; i++)
	{
		JldMember  *member = &element->u.object.members[sorted[i]];
		Place		inside = {0};

		if (is_done_elsewhere(member->key))
			continue;
		if (jld_is_keyword(member->key))
		{
			/* a stray @language or @direction */
			jld_put(node, member->key, member->value);
			continue;
		}
		inside.graph = place->graph;
		inside.subject = node;
		inside.property = relabel(map, member->key);
		own_array(node, inside.property);
		generate(map, member->value, &inside);
	}
	pfree(sorted);
}

/*
 * Expansion makes @id null where it ignores an IRI that looks like a keyword.
 * No node has that name, so it goes with all that is said of it; only a list
 * keeps the place, as its length matters.
 */
static void
drop_nameless(NodeMap *map, JldValue *element, const Place *place)
{
	if (map->proc->options.safe)
		jld_error(map->proc, JLD_DROPPED_DATA, jld_excerpt(element),
				  "node has an @id that looks like a keyword");
	if (place->list != NULL)
		jld_push(place->list, reference_to(&jld_null));
}

/* {"@id": id} */
static JldValue *
reference_to(JldValue *id)
{
	JldValue   *reference = jld_new_object(1);

	jld_put(reference, JLD_STR("@id"), id);
	return reference;
}

/* Step 6.9: the values of a reverse property point at node id. */
static void
generate_reverse(NodeMap *map, JldValue *reverse, JldStr id,
				 const Place *place)
{
	Place		inside = {0};

	inside.graph = place->graph;
	inside.referenced = reference_to(jld_new_string(id));
	for (int i = 0; i < reverse->n; i++)
	{
		inside.property = relabel(map, reverse->u.object.members[i].key);
		generate(map, reverse->u.object.members[i].value, &inside);
	}
}

/* Steps 4.1, 4.2, 6.6.2 and 6.6.3: to the list, or to the subject's values. */
static void
add_to_place(NodeMap *map, JldValue *value, const Place *place)
{
	if (place->list != NULL)
		jld_push(place->list, value);
	else if (place->subject != NULL)
		unique_push(map->unique, own_array(place->subject, place->property),
					value);
	/* else a free-floating value, which expansion has dropped already */
}

/* The array under property in node, made if it is not there. */
static JldValue *
own_array(JldValue *node, JldStr property)
{
	JldValue   *array = jld_get(node, property);

	if (array == NULL)
	{
		array = jld_new_array(1);
		jld_put(node, property, array);
	}
	return array;
}

static JldValue *
graph_of(NodeMap *map, JldStr name)
{
	JldValue   *graph = jld_get(map->graphs, name);

	if (graph == NULL)
	{
		graph = jld_new_object(8);
		jld_put(map->graphs, name, graph);
	}
	return graph;
}

static JldValue *
new_node(JldValue *graph, JldStr id)
{
	JldValue   *node = jld_new_object(4);

	jld_append(node, JLD_STR("@id"), jld_new_string(id));
	jld_append(graph, id, node);
	return node;
}

static JldValue *
node_of(JldValue *graph, JldStr id)
{
	JldValue   *node = jld_get(graph, id);

	return node ? node : new_node(graph, id);
}

static JldStr
relabel(NodeMap *map, JldStr id)
{
	return jld_is_blank_node_id(id) ? blank_node_label(&map->labels, id) : id;
}

/* Entries that the specification removes before it comes to the properties. */
static bool
is_done_elsewhere(JldStr property)
{
	return jld_is(property, "@id") || jld_is(property, "@type") ||
		jld_is(property, "@index") || jld_is(property, "@reverse") ||
		jld_is(property, "@graph") || jld_is(property, "@included");
}
