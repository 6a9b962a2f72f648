/*
 * parts.c
 *		Large documents, node by node.
 *
 * Owns a shorter way through expansion and compaction for the documents that
 * get large: an array of nodes, alone or under @graph.  Each node is read,
 * expanded, compacted and written before the next one is looked at, in memory
 * that is used again, so that a document of many nodes costs per node what a
 * small one does.
 *
 *		jsonb [n0 n1 n2 ...] -> n0 -> tree -> image \
 *								n1 -> tree -> image	 > [image image image]
 *								...					/
 *
 * The nodes at the top of a document have nothing to do with one another but
 * their context, which is why that is the same.  Everything else (nested
 * arrays, an @id beside @graph, aliases of it) goes the long way.
 *
 * Contexts that stand inside of a node are remembered for the rest of the
 * call, so such a node is read into the memory of the call.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "jsonb/build.h"
#include "jsonld/compact.h"
#include "jsonld/expand.h"
#include "jsonld/parts.h"

/* documents below have nothing to gain */
#define PARTS_MIN_NODES		8
#define PARTS_MIN_BYTES		(64 * 1024)

/* the memory of nodes is given back when it is more */
#define PARTS_SCRATCH		(512 * 1024)

/* the images that are done, one behind the other */
typedef struct Images
{
	MemoryContext mcxt;
	char	   *data;
	Size		len;
	Size		size;
	uint32	   *lengths;
	int			n;
	int			cap;
} Images;

static const JsonbContainer *array_of_nodes(Jsonb *doc, JldValue **local);
static void add_image(Images *images, const JldValue *v);
static Jsonb *put_array(const Images *images);
static Jsonb *put_graph(const Images *images, JldStr graph, Jsonb *context);
static void put_images(DocBuilder *b, DocFrame *f, const Images *images);

/*
 * The array of nodes that doc is or has under @graph, or NULL; *local is its
 * @context, or NULL.
 */
static const JsonbContainer *
array_of_nodes(Jsonb *doc, JldValue **local)
{
	const JsonbContainer *array = NULL;
	DocCursor	keys;
	DocCursor	values;
	int			n = JB_ROOT_COUNT(doc);

	*local = NULL;
	if (VARSIZE(doc) < PARTS_MIN_BYTES || JB_ROOT_IS_SCALAR(doc))
		return NULL;
	if (JB_ROOT_IS_ARRAY(doc))
		return n >= PARTS_MIN_NODES ? &doc->root : NULL;

	doc_cursor_first(&keys, &doc->root);
	doc_cursor_values(&values, &doc->root);
	for (int i = 0; i < n; i++)
	{
		DocItem		key;
		DocItem		value;

		doc_cursor_item(&keys, &key);
		doc_cursor_item(&values, &value);
		if (key.len == 6 && memcmp(key.data, "@graph", 6) == 0 &&
			DOC_ITEM_IS_ARRAY(&value))
			array = DOC_ITEM_CONTAINER(&value);
		else if (key.len == 8 && memcmp(key.data, "@context", 8) == 0)
		{
			JsonbValue	v;

			doc_item_value(&value, &v);
			*local = jld_from_value(&v);
		}
		else
			return NULL;
	}
	return array && JsonContainerSize(array) >= PARTS_MIN_NODES ? array : NULL;
}

/* does a context stand somewhere in the node? */
static bool
mentions_context(const DocItem *item)
{
	const char *p = item->data;
	const char *end = p + item->len;

	while ((p = memchr(p, '@', end - p)) != NULL)
	{
		if (end - p >= 8 && memcmp(p, "@context", 8) == 0)
			return true;
		p++;
	}
	return false;
}

Jsonb *
jsonld_in_parts(JldProcessor *proc, Jsonb *doc, JldValue *context,
				MemoryContext answer)
{
	JldValue   *local;
	const JsonbContainer *array = array_of_nodes(doc, &local);
	bool		in_graph = array && !JB_ROOT_IS_ARRAY(doc);
	ActiveContext *ctx;
	ActiveContext *compact_ctx = NULL;
	JldPath		graph_step = {.up = proc->path, .key = JLD_STR_INIT("@graph")};
	JldPath		step = {.up = in_graph ? &graph_step : proc->path, .key = JLD_NOSTR};
	const JldPath *path = proc->path;
	MemoryContext scratch;
	Images		images = {.mcxt = proc->mcxt};
	DocCursor	cur;
	Jsonb	   *result;
	JldValue   *inner;
	int64		output = proc->output;
	bool		odd = false;
	int			n;

	if (array == NULL)
		return NULL;
	if (context && (inner = jld_get_object(context, JLD_STR("@context"))) != NULL)
		context = inner;
	ctx = context_initial(proc);
	if (ctx->previous)
		return NULL;			/* where a node begins it would be left */
	if (local)
	{
		JldPath		context_step = {.up = path, .key = JLD_STR_INIT("@context")};

		proc->path = &context_step;
		ctx = context_process(proc, ctx, local);
		proc->path = path;
	}
	if (context)
	{
		JldPath		context_step = {.up = path, .key = JLD_STR_INIT("@context")};

		proc->path = &context_step;
		compact_ctx = context_process(proc, context_plain(proc), context);
		proc->path = path;
	}

	n = JsonContainerSize(array);
	scratch = AllocSetContextCreate(proc->mcxt, "JSON-LD node", ALLOCSET_DEFAULT_SIZES);
	jld_enter(proc);
	if (in_graph)
		jld_enter(proc);
	proc->path = &step;
	doc_cursor_first(&cur, array);
	for (int i = 0; i < n; i++)
	{
		DocItem		item;
		JsonbValue	v;
		JldValue   *node;
		MemoryContext old;

		doc_cursor_item(&cur, &item);
		step.index = i;
		if (MemoryContextMemAllocated(scratch, false) > PARTS_SCRATCH)
			MemoryContextReset(scratch);
		old = MemoryContextSwitchTo(mentions_context(&item) ? proc->mcxt : scratch);
		jld_arena_begin(CurrentMemoryContext);
		doc_item_value(&item, &v);
		node = v.type == jbvBinary ? jld_from_container(v.val.binary.data) : jld_from_value(&v);
		node = expand_element(proc, ctx, in_graph ? JLD_STR("@graph") : JLD_NOSTR,
							  NULL, node, false);
		node = expand_as_array(node);
		for (int k = 0; k < node->n; k++)
		{
			JldValue   *done = node->u.items[k];

			if (compact_ctx)
				done = compact_element(proc, compact_ctx, JLD_NOSTR, done);
			if (done->type == JLD_OBJECT)
				add_image(&images, done);
			else
				odd |= done->type != JLD_NULL;
		}
		MemoryContextSwitchTo(old);
	}
	proc->path = path;
	if (in_graph)
		jld_leave(proc);
	jld_leave(proc);
	MemoryContextDelete(scratch);

	/* one node alone, or none, is written in another way */
	if (odd || (context && images.n <= 1))
	{
		proc->output = output;
		return NULL;
	}
	MemoryContextSwitchTo(answer);
	if (context == NULL)
		result = put_array(&images);
	else
		result = put_graph(&images,
						   compact_iri(proc, compact_ctx, JLD_STR("@graph"), NULL, true, false),
						   jld_is_empty_context(context) ? NULL : jld_to_jsonb(context));
	MemoryContextSwitchTo(proc->mcxt);
	return result;
}

/* --- images --------------------------------------------------------------- */

/* room in the memory of the call for one more image of so many bytes */
static void
reserve(Images *images, Size len)
{
	MemoryContext old = MemoryContextSwitchTo(images->mcxt);

	if (images->len + len > images->size)
	{
		Size		size = Max(images->size * 2, images->len + len + 1024 * 1024);
		char	   *data = jld_alloc_large(size);

		if (images->len > 0)
			memcpy(data, images->data, images->len);
		if (images->data)
			pfree(images->data);
		images->data = data;
		images->size = size;
	}
	if (images->n == images->cap)
	{
		images->cap = Max(images->cap * 2, 1024);
		images->lengths = images->lengths ?
			repalloc_huge(images->lengths, sizeof(uint32) * images->cap) :
			palloc(sizeof(uint32) * images->cap);
	}
	MemoryContextSwitchTo(old);
}

static void
add_image(Images *images, const JldValue *v)
{
	Jsonb	   *image = jld_to_jsonb(v);
	uint32		len = VARSIZE(image) - VARHDRSZ;

	reserve(images, INTALIGN(len));
	memcpy(images->data + images->len, &image->root, len);
	images->lengths[images->n++] = len;
	images->len += INTALIGN(len);
	pfree(image);
}

static void
put_images(DocBuilder *b, DocFrame *f, const Images *images)
{
	DocItem		item = {.type = JENTRY_ISCONTAINER, .data = images->data};

	for (int i = 0; i < images->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		item.len = images->lengths[i];
		doc_put_item(b, f, &item);
		item.data += INTALIGN(item.len);
	}
}

static Jsonb *
put_array(const Images *images)
{
	Size		size = images->len + sizeof(JEntry) * (Size) images->n + 64;
	DocBuilder	b;
	DocFrame	f;

	doc_build_init_at(&b, jld_alloc_large(size), size);
	doc_open_array(&b, &f, images->n);
	put_images(&b, &f, images);
	doc_close(&b, &f, NULL);
	return doc_build_finish(&b);
}

/* {"@context": context, graph: [images]}; context may be NULL */
static Jsonb *
put_graph(const Images *images, JldStr graph, Jsonb *context)
{
	Size		size = images->len + sizeof(JEntry) * (Size) images->n + 256 + graph.len +
	(context ? VARSIZE(context) : 0);
	DocBuilder	b;
	DocFrame	f;
	DocFrame	inner;
	DocItem		keys[2];
	bool		context_first;

	doc_string_item(&keys[0], "@context", 8);
	doc_string_item(&keys[1], graph.data, graph.len);
	context_first = context && doc_compare_keys(&keys[0], &keys[1]) < 0;
	doc_build_init_at(&b, jld_alloc_large(size), size);
	doc_open_object(&b, &f, context ? 2 : 1);
	if (context)
		doc_put_item(&b, &f, &keys[context_first ? 0 : 1]);
	doc_put_item(&b, &f, &keys[context && !context_first ? 0 : 1]);
	for (int i = 0; i < 2; i++)
	{
		if ((i == 0) == context_first)
		{
			DocItem		item;

			if (context == NULL)
				continue;
			doc_root_item(context, &item);
			doc_put_item(&b, &f, &item);
		}
		else
		{
			doc_open_array(&b, &inner, images->n);
			put_images(&b, &inner, images);
			doc_close(&b, &inner, &f);
		}
	}
	doc_close(&b, &f, NULL);
	return doc_build_finish(&b);
}
