/*
 * frame.c
 *		The Framing Algorithm, and the SQL function over it.
 *
 * Owns how the nodes of a document are laid out by a frame: which nodes are
 * at the top, which stand inside others, what is shown of them.  It works on
 * node maps and an expanded frame and must not know of contexts; which nodes
 * a frame matches is framematch.c's.  Step numbers are those of "JSON-LD 1.1
 * Framing" (2020-07-16 and its corrections), section "Framing Algorithm".
 *
 *		frame	{"@type": "Library", "contains": {"@type": "Book"}}
 *		nodes	library, book, chapter, ...
 *	 =>	{"@id": library, "contains": {"@id": book, "contains": chapter ...}}
 *
 * The nodes of a graph, and what is needed to find them:
 *
 *		FrameGraph	nodes		id -> node
 *					order		their numbers by id
 *					reverse		property -> id -> subjects that refer to it
 *
 * "There is an existing embedded node" is a mark that a node has in a hash
 * table, good for one node at the top with all that stands inside of it.
 *
 * The specification marks what stands for a missing value by @preserve and
 * "@null" and replaces these at the end.  Here the value is put at once, and
 * null is one certain value, told by its address: no text in the data is
 * taken for it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "call/argument.h"
#include "jsonld/frame.h"

/* A node that stands in the answer already, with its parent. */
typedef struct Embed
{
	FrameNode	node;			/* hash key */
	uint64		top;			/* in which of the top's nodes */
	JldValue   *parent;
	JldStr		property;
} Embed;

/* the nodes that are to be framed: numbers of members of a graph's nodes */
typedef struct Subjects
{
	const int  *members;
	int			n;
} Subjects;

/* "@null" in the answer */
static JldValue frame_null = {.type = JLD_STRING, .u.string = JLD_STR_INIT("@null")};

static JldValue empty_frame = {.type = JLD_OBJECT};

static JldValue *merge_graphs(NodeMap *map);
static void begin_graphs(Framing *f, NodeMap *map, bool default_only);
static const int *graph_order(FrameGraph *graph);
static JldValue *subjects_referring(Framing *f, FrameGraph *graph,
									JldStr property, JldStr id);
static void frame_subjects(Framing *f, FrameGraph *graph, bool embedded,
						   Subjects subjects, JldValue *frame,
						   const FrameFlags *inherited, JldValue *parent,
						   JldStr property);
static void frame_node(Framing *f, FrameGraph *graph, bool embedded,
					   Subjects subjects, int member, JldValue *frame,
					   const FrameFlags *flags, JldValue *parent,
					   JldStr property);
static void frame_graph(Framing *f, FrameGraph *graph, JldStr id,
						JldValue *frame, JldValue *output);
static void frame_properties(Framing *f, FrameGraph *graph, JldValue *node,
							 JldValue *frame, const FrameFlags *flags,
							 JldValue *output);
static void frame_reference(Framing *f, FrameGraph *graph, JldStr id,
							JldValue *frame, const FrameFlags *flags,
							JldValue *parent, JldStr property);
static void frame_list(Framing *f, FrameGraph *graph, JldValue *list,
					   JldValue *frame, const FrameFlags *flags,
					   JldValue *output, JldStr property);
static void add_defaults(Framing *f, JldValue *frame, JldValue *output);
static void frame_reverse(Framing *f, FrameGraph *graph, JldStr id,
						  JldValue *frame, JldValue *output, JldStr property);
static void remove_embed(Framing *f, Embed *embed, JldStr id);
static void prune_labels(JldValue *framed);
static JldValue *put_nulls(JldValue *value);
static bool has_graph_key(JldProcessor *proc, JldValue *frame, JldValue *context);

/* --- the API method ------------------------------------------------------- */

JldValue *
jsonld_frame(JldProcessor *proc, JldValue *expanded, JldValue *frame)
{
	JldOptions *o = &proc->options;
	bool		is_1_0 = o->processingMode == JLD_MODE_1_0;
	bool		omit_graph = o->omitGraph == JLD_OMIT_DEFAULT ? !is_1_0 :
	o->omitGraph == JLD_OMIT_YES;
	JldPath		step = {.up = proc->path, .key = JLD_STR_INIT("frame")};
	JldValue   *context;
	JldValue   *expanded_frame;
	JldValue   *framed = jld_new_array(4);
	NodeMap		map;
	Framing		f = {.proc = proc};
	FrameGraph *graph;
	Subjects	all;

	proc->path = &step;
	if (frame->type == JLD_ARRAY && frame->n == 1)
		frame = frame->u.items[0];
	if (frame->type != JLD_OBJECT)
		jld_error(proc, JLD_INVALID_FRAME, jld_excerpt(frame),
				  "a frame is not an object");
	context = jld_get(frame, JLD_STR("@context"));
	if (context == NULL)
		context = jld_new_object(0);
	expanded_frame = jsonld_expand_frame(proc, frame);

	node_map_generate(&map, proc, expanded);
	begin_graphs(&f, &map, o->frameDefault || has_graph_key(proc, frame, context));

	graph = &f.graphs[0];
	all = (Subjects) {graph_order(graph), graph->nodes->n};
	frame_subjects(&f, graph, false, all, expanded_frame, NULL, framed, JLD_NOSTR);
	proc->path = step.up;

	if (!is_1_0)
		prune_labels(framed);
	return put_nulls(jsonld_compact(proc, framed, context, !omit_graph));
}

/* does the frame speak of graphs at its top? */
static bool
has_graph_key(JldProcessor *proc, JldValue *frame, JldValue *context)
{
	ActiveContext *ctx;
	JldPath		step = {.up = proc->path, .key = JLD_STR_INIT("@context")};

	proc->path = &step;
	ctx = context_process(proc, context_plain(proc), context);
	proc->path = step.up;
	for (int i = 0; i < frame->n; i++)
	{
		JldStr		iri = context_expand_iri(proc, ctx,
											 frame->u.object.members[i].key,
											 false, true);

		if (iri.data && jld_is(iri, "@graph"))
			return true;
	}
	return false;
}

/* --- graphs --------------------------------------------------------------- */

/* Merge Node Maps: what any graph says of a node */
static JldValue *
merge_graphs(NodeMap *map)
{
	JldValue   *merged = jld_new_object(8);
	int		   *names = jld_sorted(map->graphs);

	for (int g = 0; g < map->graphs->n; g++)
	{
		JldValue   *nodes = map->graphs->u.object.members[names[g]].value;

		for (int i = 0; i < nodes->n; i++)
		{
			JldMember  *m = &nodes->u.object.members[i];
			JldValue   *node = jld_get(merged, m->key);

			CHECK_FOR_INTERRUPTS();
			/* as long as one graph alone speaks of it the node can be shared */
			if (node == NULL)
			{
				jld_append(merged, m->key, m->value);
				continue;
			}
			node = jld_copy_shallow(node);
			jld_put(merged, m->key, node);
			for (int k = 0; k < m->value->n; k++)
			{
				JldMember  *p = &m->value->u.object.members[k];
				JldValue   *values = jld_get(node, p->key);

				if (values == NULL || !jld_is_array(p->value) ||
					(jld_is_keyword(p->key) && !jld_is(p->key, "@type")))
				{
					jld_put(node, p->key, p->value);
					continue;
				}
				values = jld_copy_shallow(values);
				jld_put(node, p->key, values);
				for (int v = 0; v < p->value->n; v++)
					unique_push(map->unique, values, p->value->u.items[v]);
			}
		}
	}
	return merged;
}

/* The first graph is the one that is framed, the named ones follow. */
static void
begin_graphs(Framing *f, NodeMap *map, bool default_only)
{
	HASHCTL		ctl = {.keysize = sizeof(FrameNode), .entrysize = sizeof(Embed),
	.hcxt = CurrentMemoryContext};

	f->names = map->graphs;
	f->merged = !default_only;
	f->graphs = jld_alloc(sizeof(FrameGraph) * (map->graphs->n + 1));
	for (int i = 0; i <= map->graphs->n; i++)
	{
		FrameGraph *graph = &f->graphs[i];

		memset(graph, 0, sizeof(FrameGraph));
		if (i > 0)
			graph->nodes = map->graphs->u.object.members[i - 1].value;
		else if (default_only)
			graph->nodes = jld_get(map->graphs, JLD_STR("@default"));
		else
			graph->nodes = merge_graphs(map);
	}
	f->embeds = hash_create("framed nodes", 256, &ctl,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static const int *
graph_order(FrameGraph *graph)
{
	if (graph->order == NULL)
		graph->order = jld_sorted(graph->nodes);
	return graph->order;
}

/* the numbers of the nodes that have id under property, or NULL */
static JldValue *
subjects_referring(Framing *f, FrameGraph *graph, JldStr property, JldStr id)
{
	JldValue   *by_object;

	if (graph->reverse == NULL)
		graph->reverse = jld_new_object(4);
	by_object = jld_get(graph->reverse, property);
	if (by_object == NULL)
	{
		const int  *order = graph_order(graph);

		by_object = jld_new_object(8);
		jld_put(graph->reverse, property, by_object);
		for (int i = 0; i < graph->nodes->n; i++)
		{
			JldMember  *m = &graph->nodes->u.object.members[order[i]];
			JldValue   *values = jld_get(m->value, property);

			CHECK_FOR_INTERRUPTS();
			for (int k = 0; values && k < values->n; k++)
			{
				JldValue   *object = jld_get_object(values->u.items[k], JLD_STR("@id"));

				if (jld_is_string(object))
					jld_add_value(by_object, object->u.string,
								  jld_new_string(m->key), true);
			}
		}
	}
	return jld_get(by_object, id);
}

/* --- the Framing Algorithm ------------------------------------------------ */

/* add output to parent, an array, or to property of parent, an object */
static void
add_output(JldValue *parent, JldStr property, JldValue *output)
{
	if (parent->type == JLD_ARRAY)
		jld_push(parent, output);
	else
		jld_add_value(parent, property, output, true);
}

/*
 * inherited: the flags that hold where frame says nothing; NULL: those of the
 * options.
 */
static void
frame_subjects(Framing *f, FrameGraph *graph, bool embedded, Subjects subjects,
			   JldValue *frame, const FrameFlags *inherited, JldValue *parent,
			   JldStr property)
{
	FrameFlags	flags;

	jld_enter(f->proc);
	/* 1) */
	frame = frame_check(f->proc, frame);
	/* 2) */
	frame_flags(f->proc, frame, inherited, &flags);
	/* 3), 4) */
	for (int i = 0; i < subjects.n; i++)
	{
		int			member = subjects.members[i];

		CHECK_FOR_INTERRUPTS();
		if (frame_matches(f, graph, graph->nodes->u.object.members[member].value,
						  frame, flags.requireAll))
			frame_node(f, graph, embedded, subjects, member, frame, &flags,
					   parent, property);
	}
	jld_leave(f->proc);
}

/* is the node being framed further up? */
static bool
is_open(const Framing *f, const FrameNode *node)
{
	for (const OpenNode *open = f->open; open; open = open->up)
		if (open->node.graph == node->graph && open->node.node == node->node)
			return true;
	return false;
}

/* 4) for one matching node */
static void
frame_node(Framing *f, FrameGraph *graph, bool embedded, Subjects subjects,
		   int member, JldValue *frame, const FrameFlags *flags,
		   JldValue *parent, JldStr property)
{
	JldStr		id = graph->nodes->u.object.members[member].key;
	JldValue   *node = graph->nodes->u.object.members[member].value;
	JldValue   *output = jld_new_object(node->n + 1);
	OpenNode	open = {.up = f->open, .node = {graph, node}};
	JldValue   *included;
	Embed	   *embed;
	bool		found;

	/* each node at the top is a document of its own */
	if (property.data == NULL)
		f->top++;

	/* 4.1) */
	jld_append(output, JLD_STR("@id"), jld_new_string(id));
	jld_output(f->proc, id.len + 24);

	embed = hash_search(f->embeds, &open.node, HASH_FIND, NULL);
	found = embed && embed->top == f->top;
	/* 4.2) */
	if (!embedded && found)
		return;
	/* 4.3), 4.4) */
	if (embedded &&
		(flags->embed == JLD_EMBED_NEVER || is_open(f, &open.node) ||
		 (found && (flags->embed == JLD_EMBED_ONCE || flags->embed == JLD_EMBED_FIRST))))
	{
		add_output(parent, property, output);
		return;
	}
	if (found && flags->embed == JLD_EMBED_LAST)
		remove_embed(f, embed, id);
	embed = hash_search(f->embeds, &open.node, HASH_ENTER, NULL);
	embed->top = f->top;
	embed->parent = parent;
	embed->property = property;
	f->open = &open;

	/* 4.5) */
	frame_graph(f, graph, id, frame, output);
	/* 4.6) */
	if ((included = jld_get(frame, JLD_STR("@included"))) != NULL)
		frame_subjects(f, graph, false, subjects, included, NULL, output,
					   JLD_STR("@included"));
	/* 4.7.1) to 4.7.3) */
	frame_properties(f, graph, node, frame, flags, output);
	/* 4.7.4) */
	add_defaults(f, frame, output);
	/* 4.7.5) */
	frame_reverse(f, graph, id, frame, output, property);
	/* 4.8) */
	add_output(parent, property, output);
	f->open = open.up;
}

/* the first value of an entry of a frame, or NULL */
static JldValue *
first_of(JldValue *frame, JldStr key)
{
	JldValue   *v = jld_get(frame, key);

	if (jld_is_array(v))
		return v->n > 0 ? v->u.items[0] : NULL;
	return v;
}

/* 4.5) the node names a graph */
static void
frame_graph(Framing *f, FrameGraph *graph, JldStr id, JldValue *frame,
			JldValue *output)
{
	int			name = jld_find(f->names, id);
	JldValue   *subframe = &empty_frame;
	FrameGraph *named;

	if (name < 0)
		return;
	if (jld_get(frame, JLD_STR("@graph")))
	{
		JldValue   *first = first_of(frame, JLD_STR("@graph"));

		if (jld_is_object(first))
			subframe = first;
	}
	else if (f->merged && graph == &f->graphs[0])
		return;
	named = &f->graphs[name + 1];
	frame_subjects(f, named, false,
				   (Subjects) {graph_order(named), named->nodes->n},
				   subframe, NULL, output, JLD_STR("@graph"));
}

/* 4.7) what the node says, as far as the frame shows it */
static void
frame_properties(Framing *f, FrameGraph *graph, JldValue *node,
				 JldValue *frame, const FrameFlags *flags, JldValue *output)
{
	int		   *order = jld_sorted(node);

	for (int i = 0; i < node->n; i++)
	{
		JldMember  *m = &node->u.object.members[order[i]];
		JldValue   *subframe = jld_get(frame, m->key);

		/* 4.7.1) */
		if (jld_is_keyword(m->key))
		{
			jld_put(output, m->key, m->value);
			continue;
		}
		/* 4.7.2) */
		if (flags->explicit && subframe == NULL)
			continue;
		/* a frame that is to match none is none for what is there */
		if (jld_is_array(subframe) && subframe->n == 0)
			subframe = NULL;
		/* 4.7.3) */
		for (int k = 0; k < m->value->n; k++)
		{
			JldValue   *item = m->value->u.items[k];

			jld_output(f->proc, 16);
			if (jld_is_list_object(item))
				frame_list(f, graph, item, subframe, flags, output, m->key);
			else if (jld_is_reference(item))
				frame_reference(f, graph, jld_get(item, JLD_STR("@id"))->u.string,
								subframe, flags, output, m->key);
			else if (subframe == NULL || frame_matches_value(subframe, item))
				jld_add_value(output, m->key, item, true);
		}
	}
	pfree(order);
}

/* 4.7.3.2) another node; frame NULL: all of it, with the same flags */
static void
frame_reference(Framing *f, FrameGraph *graph, JldStr id, JldValue *frame,
				const FrameFlags *flags, JldValue *parent, JldStr property)
{
	int			member = jld_find(graph->nodes, id);

	if (member < 0)
		return;					/* it has a keyword's form */
	frame_subjects(f, graph, true, (Subjects) {&member, 1},
				   frame ? frame : &empty_frame, frame ? NULL : flags,
				   parent, property);
}

/* 4.7.3.1) */
static void
frame_list(Framing *f, FrameGraph *graph, JldValue *list, JldValue *frame,
		   const FrameFlags *flags, JldValue *output, JldStr property)
{
	JldValue   *items = jld_get(list, JLD_STR("@list"));
	JldValue   *result = jld_new_object(1);
	JldValue   *first = jld_is_array(frame) ? frame->u.items[0] : frame;
	JldValue   *subframe = jld_get_object(first, JLD_STR("@list"));

	jld_put(result, JLD_STR("@list"), jld_new_array(items->n));
	jld_add_value(output, property, result, true);
	if (jld_is_array(subframe) && subframe->n == 0)
		subframe = NULL;
	for (int i = 0; i < items->n; i++)
	{
		JldValue   *item = items->u.items[i];

		jld_output(f->proc, 16);
		if (jld_is_reference(item))
			frame_reference(f, graph, jld_get(item, JLD_STR("@id"))->u.string,
							subframe, flags, result, JLD_STR("@list"));
		else
			jld_add_value(result, JLD_STR("@list"), item, true);
	}
}

/* 4.7.4) what the frame has and the node has not */
static void
add_defaults(Framing *f, JldValue *frame, JldValue *output)
{
	for (int i = 0; i < frame->n; i++)
	{
		JldMember  *m = &frame->u.object.members[i];
		JldValue   *first = first_of(frame, m->key);
		JldValue   *value = jld_get_object(first, JLD_STR("@default"));

		if (jld_is_keyword(m->key) || jld_framing_keyword(m->key) != JLD_KW_NONE)
			if (!jld_is(m->key, "@type") || value == NULL)
				continue;
		if (jld_get(output, m->key) ||
			frame_flag(f->proc, first, JLD_STR("@omitDefault"), f->proc->options.omitDefault))
			continue;
		if (jld_is_array(value))
			value = value->n > 0 ? value->u.items[0] : NULL;
		if (value == NULL ||
			(jld_is_string(value) && jld_is(value->u.string, "@null")))
			value = &frame_null;
		jld_output(f->proc, 16);
		jld_put(output, m->key, jld_array_of(value));
	}
}

/* 4.7.5) nodes that refer to this one */
static void
frame_reverse(Framing *f, FrameGraph *graph, JldStr id, JldValue *frame,
			  JldValue *output, JldStr property)
{
	JldValue   *reverse = jld_get(frame, JLD_STR("@reverse"));
	JldValue   *dict;

	if (!jld_is_object(reverse))
		return;
	for (int i = 0; i < reverse->n; i++)
	{
		JldMember  *m = &reverse->u.object.members[i];
		JldValue   *subjects = subjects_referring(f, graph, m->key, id);

		for (int k = 0; subjects && k < subjects->n; k++)
		{
			int			member = jld_find(graph->nodes, subjects->u.items[k]->u.string);

			dict = jld_get(output, JLD_STR("@reverse"));
			if (dict == NULL)
			{
				dict = jld_new_object(1);
				jld_put(output, JLD_STR("@reverse"), dict);
			}
			if (jld_get(dict, m->key) == NULL)
				jld_put(dict, m->key, jld_new_array(1));
			frame_subjects(f, graph, true, (Subjects) {&member, 1}, m->value,
						   NULL, jld_get(dict, m->key), property);
		}
	}
}

/* --- @last (json-ld-1.0) -------------------------------------------------- */

/* is v the output of node id, or a reference to it? */
static bool
is_output_of(const JldValue *v, JldStr id)
{
	JldValue   *own = jld_get_object(v, JLD_STR("@id"));

	return jld_is_string(own) && jld_eq(own->u.string, id);
}

/* what stood inside of node id is not embedded any more, and so on down */
static void
forget_embeds_below(Framing *f, JldStr id)
{
	HASH_SEQ_STATUS status;
	Embed	   *embed;
	JldValue   *gone = jld_new_array(4);

	hash_seq_init(&status, f->embeds);
	while ((embed = hash_seq_search(&status)) != NULL)
		if (embed->top == f->top && is_output_of(embed->parent, id))
		{
			embed->top = 0;
			jld_push(gone, jld_get(embed->node.node, JLD_STR("@id")));
		}
	for (int i = 0; i < gone->n; i++)
		forget_embeds_below(f, gone->u.items[i]->u.string);
}

/* where the node stood there is a reference from now on */
static void
remove_embed(Framing *f, Embed *embed, JldStr id)
{
	JldValue   *values = embed->parent->type == JLD_ARRAY ? embed->parent :
	jld_get(embed->parent, embed->property);

	check_stack_depth();
	for (int i = 0; values && i < values->n; i++)
		if (is_output_of(values->u.items[i], id))
		{
			JldValue   *reference = jld_new_object(1);

			jld_put(reference, JLD_STR("@id"), jld_new_string(id));
			values->u.items[i] = reference;
		}
	embed->top = 0;
	forget_embeds_below(f, id);
}

/* --- after framing -------------------------------------------------------- */

/*
 * Count the blank node labels of value in counts (label -> array as long), or,
 * where counts is complete, take out those that occur once.
 */
static void
visit_labels(JldValue *value, JldValue *counts, bool complete)
{
	JldValue   *id;
	JldValue   *types;

	check_stack_depth();
	if (jld_is_array(value))
		for (int i = 0; i < value->n; i++)
			visit_labels(value->u.items[i], counts, complete);
	if (!jld_is_object(value) || jld_is_value_object(value))
		return;
	id = jld_get(value, JLD_STR("@id"));
	if (jld_is_string(id) && jld_is_blank_node_id(id->u.string))
	{
		if (!complete)
			jld_add_value(counts, id->u.string, &jld_null, true);
		else if (jld_get(counts, id->u.string)->n == 1)
			jld_remove(value, JLD_STR("@id"));
	}
	types = jld_get(value, JLD_STR("@type"));
	for (int i = 0; !complete && jld_is_array(types) && i < types->n; i++)
		if (jld_is_string(types->u.items[i]) &&
			jld_is_blank_node_id(types->u.items[i]->u.string))
			jld_add_value(counts, types->u.items[i]->u.string, &jld_null, true);
	for (int i = 0; i < value->n; i++)
		visit_labels(value->u.object.members[i].value, counts, complete);
}

/* the label of a blank node that nothing else refers to is no news */
static void
prune_labels(JldValue *framed)
{
	JldValue   *counts = jld_new_object(16);

	visit_labels(framed, counts, false);
	visit_labels(framed, counts, true);
}

/* null for frame_null; an array of nothing else is left empty */
static JldValue *
put_nulls(JldValue *value)
{
	check_stack_depth();
	if (value == &frame_null)
		return &jld_null;
	if (value->type == JLD_ARRAY)
	{
		if (value->n == 1 && value->u.items[0] == &frame_null)
			return jld_new_array(0);
		for (int i = 0; i < value->n; i++)
			value->u.items[i] = put_nulls(value->u.items[i]);
	}
	else if (value->type == JLD_OBJECT)
		for (int i = 0; i < value->n; i++)
			value->u.object.members[i].value = put_nulls(value->u.object.members[i].value);
	return value;
}

/* --- SQL-callable --------------------------------------------------------- */

PG_FUNCTION_INFO_V1(jsonld_frame_sql);

/* jsonld_frame(doc jsonb, frame jsonb, options jsonb) → jsonb */
Datum
jsonld_frame_sql(PG_FUNCTION_ARGS)
{
	MemoryContext work;
	MemoryContext old;
	JldProcessor proc;
	JldValue   *result;
	Jsonb	   *jb;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	work = AllocSetContextCreate(CurrentMemoryContext, "jsonld_frame",
								 ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	jsonld_begin_call(&proc, argument_jsonb(fcinfo, 2), JLD_CALL_FRAME);
	result = jsonld_expand(&proc, jld_from_jsonb(PG_GETARG_JSONB_P(0)));
	result = jsonld_frame(&proc, result, jld_from_jsonb(PG_GETARG_JSONB_P(1)));
	MemoryContextSwitchTo(old);
	jb = jld_to_jsonb(result);
	MemoryContextDelete(work);
	PG_RETURN_JSONB_P(jb);
}
