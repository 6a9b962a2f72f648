/*
 * build.h
 *		Reading and writing jsonb containers as images.  For src/doc, and for
 *		those who turn whole documents into another format.
 */
#ifndef UPSERT_DOC_BUILD_H
#define UPSERT_DOC_BUILD_H

#include "utils/jsonb.h"

/*
 * One key or value as it lies in a container, without the padding before it.
 * For a container, data points to its JsonbContainer.
 */
typedef struct DocItem
{
	JEntry		type;			/* type bits only */
	uint32		len;			/* bytes at data */
	const char *data;
} DocItem;

/* A position among the JEntrys of one container, moving forward only. */
typedef struct DocCursor
{
	const JEntry *entries;
	const char *base;			/* start of the variable-length data */
	uint32		index;			/* the entry that comes next */
	uint32		offset;			/* where its data begins, padding included */
} DocCursor;

/* The image being written.  Offsets below count from data. */
typedef struct DocBuilder
{
	char	   *data;
	Size		len;
	Size		size;
} DocBuilder;

/* A container that is open in a DocBuilder. */
typedef struct DocFrame
{
	Size		start;			/* its first byte, padding included */
	Size		entries;		/* its JEntry array */
	Size		content;		/* its variable-length data */
	uint32		next;			/* JEntrys written so far */
} DocFrame;

#define DOC_ITEM_CONTAINER(item) ((const JsonbContainer *) (item)->data)
#define DOC_ITEM_IS_OBJECT(item) \
	((item)->type == JENTRY_ISCONTAINER && \
	 JsonContainerIsObject(DOC_ITEM_CONTAINER(item)))
#define DOC_ITEM_IS_ARRAY(item) \
	((item)->type == JENTRY_ISCONTAINER && \
	 JsonContainerIsArray(DOC_ITEM_CONTAINER(item)))

/* An object without attributes. */
extern const JsonbContainer doc_empty_object;

/* Does data of this type begin at a multiple of four? */
static inline bool
doc_is_aligned(JEntry type)
{
	return type == JENTRY_ISNUMERIC || type == JENTRY_ISCONTAINER;
}

/*
 * Start reading: the keys of an object, which its values follow (or the
 * elements of an array, or a raw scalar); or the values of an object.
 */
static inline void
doc_cursor_first(DocCursor *cur, const JsonbContainer *c)
{
	uint32		n = JsonContainerSize(c);

	if (JsonContainerIsObject(c))
		n *= 2;
	cur->entries = c->children;
	cur->base = (const char *) (c->children + n);
	cur->index = 0;
	cur->offset = 0;
}

extern void doc_cursor_values(DocCursor *cur, const JsonbContainer *c);

/* Go forward to the entry with this index; read the next entry and step. */
extern void doc_cursor_seek(DocCursor *cur, uint32 index);

static inline void
doc_cursor_item(DocCursor *cur, DocItem *item)
{
	JEntry		entry = cur->entries[cur->index++];
	uint32		begin = cur->offset;

	JBE_ADVANCE_OFFSET(cur->offset, entry);
	item->type = entry & JENTRY_TYPEMASK;
	if (doc_is_aligned(item->type))
		begin = INTALIGN(begin);
	item->len = cur->offset - begin;
	item->data = cur->base + begin;
}

/* Is it this string? */
static inline bool
doc_item_is(const DocItem *item, const char *str)
{
	return item->type == JENTRY_ISSTRING && item->len == strlen(str) &&
		memcmp(item->data, str, item->len) == 0;
}

/* An item as a JsonbValue that points into it. */
extern void doc_item_value(const DocItem *item, JsonbValue *v);

/* The reverse; the value is neither jbvArray nor jbvObject. */
extern void doc_value_item(const JsonbValue *v, DocItem *item);

/* The order of keys in an object: by length, then by bytes. */
static inline int
doc_compare_keys(const DocItem *a, const DocItem *b)
{
	if (a->len != b->len)
		return a->len > b->len ? 1 : -1;
	return memcmp(a->data, b->data, a->len);
}

/* The same type and the same bytes? */
static inline bool
doc_same_item(const DocItem *a, const DocItem *b)
{
	return a->type == b->type && a->len == b->len &&
		memcmp(a->data, b->data, a->len) == 0;
}

/*
 * The value of a document as an item: the scalar of a raw scalar, else the
 * root container.
 */
extern void doc_root_item(const Jsonb *doc, DocItem *item);

/* A string, and nothing else, as an item. */
static inline void
doc_string_item(DocItem *item, const char *s, uint32 len)
{
	item->type = JENTRY_ISSTRING;
	item->len = len;
	item->data = s;
}

/*
 * Writing: init; open the root; for an object put all its keys in key order,
 * then all its values in the same order, for an array its elements; close;
 * finish.  A nested container is opened where its value is due, and closed
 * with the parent's frame.  size_hint is the expected size of the result.
 */
extern void doc_build_init(DocBuilder *b, Size size_hint);

/* The same into memory of the caller's, palloc'd, of so many bytes. */
extern void doc_build_init_at(DocBuilder *b, char *data, Size size);
extern void doc_open_object(DocBuilder *b, DocFrame *f, uint32 npairs);
extern void doc_open_array(DocBuilder *b, DocFrame *f, uint32 nelems);
extern void doc_put_item(DocBuilder *b, DocFrame *f, const DocItem *item);

/* The same as an array of one object of one pair: [{key: item}]. */
extern void doc_put_nested(DocBuilder *b, DocFrame *f, const DocItem *key,
						   const DocItem *item);

/* Put the entries of another container from the cursor up to index end. */
extern void doc_put_run(DocBuilder *b, DocFrame *f, DocCursor *from,
						uint32 end);
extern void doc_close(DocBuilder *b, DocFrame *f, DocFrame *parent);
extern Jsonb *doc_build_finish(DocBuilder *b);

/* A whole document from one item (a raw scalar if it is one). */
extern Jsonb *doc_from_item(const DocItem *item);

#endif							/* UPSERT_DOC_BUILD_H */
