/*
 * build.c
 *		Reader and writer of the jsonb container format.
 *
 * The usual way to make a jsonb, pushJsonbValue(), takes a document apart into
 * a tree of JsonbValues, sorts the keys of every object and writes everything
 * anew.  Our operations change little in documents that are sorted already, so
 * we write the image directly and copy what is untouched:
 *
 *		header | JEntry 0 | ... | JEntry n-1 | data 0 | data 1 | ...
 *		       |<------- children ---------->|<- base
 *
 * An object has its keys first, sorted by length and then by bytes, then its
 * values in the same order.  A JEntry tells type and length, but every
 * JB_OFFSET_STRIDE'th tells the end offset from base instead.  Numerics and
 * containers begin at a multiple of four, and the zero bytes needed for that
 * count as the beginning of their own data.  As every container begins at a
 * multiple of four and offsets are relative to its base, the image of a nested
 * container is the same wherever it lies: it can be copied as it is, only the
 * padding before it may change.
 *
 * The same goes for a run of entries: if it lands at the same offset modulo
 * four as it had, its data is one memcpy, padding included.  If it does not,
 * the piece ends before the first item that needs alignment; after that item
 * source and target agree modulo four.  See doc_put_run().
 *
 * This file knows the format and nothing about what is to be built.  The
 * images are exactly those of jsonb_util.c's convertToJsonb(), which
 * doc_equal() and every user of binary equality (unchanged detection, hash
 * indexes, *= ) rely on.
 */
#include "postgres.h"

#include "compat.h"
#include "jsonb/build.h"

/* a root container of the greatest size, and room for padding not needed */
#define MAX_IMAGE ((Size) JENTRY_OFFLENMASK + VARHDRSZ + 2 * sizeof(uint32))

pg_noreturn static void too_large(void);
static void reserve(DocBuilder *b, Size n);
static void pad(DocBuilder *b);
static void open_container(DocBuilder *b, DocFrame *f, uint32 flags,
						   uint32 count, uint32 nentries);
static inline void put_entry(DocBuilder *b, DocFrame *f, JEntry type,
							 uint32 len, uint32 total);

const JsonbContainer doc_empty_object = {JB_FOBJECT};

/*
 * Reading
 */

void
doc_cursor_values(DocCursor *cur, const JsonbContainer *c)
{
	uint32		n = JsonContainerSize(c);

	Assert(JsonContainerIsObject(c));
	cur->entries = c->children;
	cur->base = (const char *) (c->children + n * 2);
	cur->index = n;
	cur->offset = getJsonbOffset(c, n);
}

void
doc_cursor_seek(DocCursor *cur, uint32 index)
{
	uint32		i = cur->index;
	uint32		offset = cur->offset;

	Assert(index >= i);
	for (; i < index; i++)
		JBE_ADVANCE_OFFSET(offset, cur->entries[i]);
	cur->index = index;
	cur->offset = offset;
}

void
doc_item_value(const DocItem *item, JsonbValue *v)
{
	switch (item->type)
	{
		case JENTRY_ISNULL:
			v->type = jbvNull;
			break;
		case JENTRY_ISBOOL_TRUE:
		case JENTRY_ISBOOL_FALSE:
			v->type = jbvBool;
			v->val.boolean = item->type == JENTRY_ISBOOL_TRUE;
			break;
		case JENTRY_ISNUMERIC:
			v->type = jbvNumeric;
			v->val.numeric = (Numeric) item->data;
			break;
		case JENTRY_ISSTRING:
			v->type = jbvString;
			v->val.string.val = unconstify(char *, item->data);
			v->val.string.len = item->len;
			break;
		default:
			v->type = jbvBinary;
			v->val.binary.data = (JsonbContainer *) item->data;
			v->val.binary.len = item->len;
			break;
	}
}

void
doc_value_item(const JsonbValue *v, DocItem *item)
{
	item->len = 0;
	item->data = NULL;
	switch (v->type)
	{
		case jbvNull:
			item->type = JENTRY_ISNULL;
			break;
		case jbvBool:
			item->type = v->val.boolean ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE;
			break;
		case jbvNumeric:
			item->type = JENTRY_ISNUMERIC;
			item->len = VARSIZE_ANY(v->val.numeric);
			item->data = (const char *) v->val.numeric;
			break;
		case jbvString:
			doc_string_item(item, v->val.string.val, v->val.string.len);
			break;
		case jbvBinary:
			item->type = JENTRY_ISCONTAINER;
			item->len = v->val.binary.len;
			item->data = (const char *) v->val.binary.data;
			break;
		default:
			elog(ERROR, "unexpected jsonb value type: %d", (int) v->type);
	}
}

void
doc_root_item(const Jsonb *doc, DocItem *item)
{
	if (JB_ROOT_IS_SCALAR(doc))
	{
		DocCursor	cur;

		doc_cursor_first(&cur, &doc->root);
		doc_cursor_item(&cur, item);
	}
	else
	{
		item->type = JENTRY_ISCONTAINER;
		item->len = VARSIZE(doc) - VARHDRSZ;
		item->data = (const char *) &doc->root;
	}
}

/*
 * Writing
 */

void
doc_build_init(DocBuilder *b, Size size_hint)
{
	b->size = Min(Max(size_hint, 64), MAX_IMAGE);
	b->data = palloc(b->size);
	b->len = VARHDRSZ;
}

void
doc_build_init_at(DocBuilder *b, char *data, Size size)
{
	b->size = size;
	b->data = data;
	b->len = VARHDRSZ;
}

Jsonb *
doc_build_finish(DocBuilder *b)
{
	SET_VARSIZE(b->data, b->len);
	return (Jsonb *) b->data;
}

void
doc_open_object(DocBuilder *b, DocFrame *f, uint32 npairs)
{
	open_container(b, f, JB_FOBJECT, npairs, npairs * 2);
}

void
doc_open_array(DocBuilder *b, DocFrame *f, uint32 nelems)
{
	open_container(b, f, JB_FARRAY, nelems, nelems);
}

void
doc_put_item(DocBuilder *b, DocFrame *f, const DocItem *item)
{
	Size		start = b->len;

	reserve(b, (Size) item->len + sizeof(uint32));
	if (doc_is_aligned(item->type))
		pad(b);
	if (item->len > 0)
		memcpy(b->data + b->len, item->data, item->len);
	b->len += item->len;
	put_entry(b, f, item->type, b->len - start, b->len - f->content);
}

void
doc_put_nested(DocBuilder *b, DocFrame *f, const DocItem *key,
			   const DocItem *item)
{
	Size		start = b->len;
	Size		array;
	Size		object;
	Size		value;
	uint32	   *words;

	reserve(b, 6 * sizeof(uint32) + (Size) key->len + (Size) item->len + sizeof(uint32));
	pad(b);
	array = b->len;
	object = array + 2 * sizeof(uint32);
	b->len = object + 3 * sizeof(uint32);
	memcpy(b->data + b->len, key->data, key->len);
	b->len += key->len;
	value = b->len;
	if (doc_is_aligned(item->type))
		pad(b);
	if (item->len > 0)
		memcpy(b->data + b->len, item->data, item->len);
	b->len += item->len;

	/* the first entry of a container has an offset, the second its length */
	words = (uint32 *) (b->data + array);
	words[0] = JB_FARRAY | 1;
	words[1] = JENTRY_ISCONTAINER | JENTRY_HAS_OFF | ((b->len - object) & JENTRY_OFFLENMASK);
	words[2] = JB_FOBJECT | 1;
	words[3] = JENTRY_ISSTRING | JENTRY_HAS_OFF | key->len;
	words[4] = item->type | ((b->len - value) & JENTRY_OFFLENMASK);
	if (b->len - start > JENTRY_OFFLENMASK)
		too_large();
	put_entry(b, f, JENTRY_ISCONTAINER, b->len - start, b->len - f->content);
}

void
doc_put_run(DocBuilder *b, DocFrame *f, DocCursor *from, uint32 end)
{
	while (from->index < end)
	{
		uint32		start = from->offset;
		uint32		shift = (uint32) (b->len - f->content) - start;
		DocItem		item;

		/* one piece, as far as the padding in it is right */
		for (; from->index < end; from->index++)
		{
			JEntry		entry = from->entries[from->index];
			uint32		begin = from->offset;

			if ((shift & 3) != 0 && doc_is_aligned(entry & JENTRY_TYPEMASK))
				break;
			JBE_ADVANCE_OFFSET(from->offset, entry);
			put_entry(b, f, entry & JENTRY_TYPEMASK, from->offset - begin,
					  from->offset + shift);
		}
		if (from->offset > start)
		{
			reserve(b, from->offset - start);
			memcpy(b->data + b->len, from->base + start,
				   from->offset - start);
			b->len += from->offset - start;
		}

		/* then an item that needs other padding */
		if (from->index < end)
		{
			doc_cursor_item(from, &item);
			doc_put_item(b, f, &item);
		}
	}
}

void
doc_close(DocBuilder *b, DocFrame *f, DocFrame *parent)
{
	Size		len = b->len - f->start;

	/*
	 * The one place where sizes are checked exactly.  Within the frame a
	 * total that is too large has been cut off, but then this length is too
	 * large as well.
	 */
	if (len > JENTRY_OFFLENMASK)
		too_large();
	if (parent != NULL)
		put_entry(b, parent, JENTRY_ISCONTAINER, len,
				  b->len - parent->content);
}

Jsonb *
doc_from_item(const DocItem *item)
{
	DocBuilder	b;
	DocFrame	f;

	doc_build_init(&b, (Size) item->len + 3 * sizeof(uint32));
	if (item->type == JENTRY_ISCONTAINER)
	{
		reserve(&b, item->len);
		memcpy(b.data + b.len, item->data, item->len);
		b.len += item->len;
	}
	else
	{
		open_container(&b, &f, JB_FARRAY | JB_FSCALAR, 1, 1);
		doc_put_item(&b, &f, item);
		doc_close(&b, &f, NULL);
	}
	return doc_build_finish(&b);
}

/*
 * Subroutines
 */

static void
too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the document is too large"),
			 errdetail("The total size of jsonb object or array elements exceeds the maximum of %u bytes.",
					   JENTRY_OFFLENMASK)));
}

/* Make room for n more bytes. */
static void
reserve(DocBuilder *b, Size n)
{
	Size		need = b->len + n;

	if (likely(need <= b->size))
		return;
	if (need > MAX_IMAGE)
		too_large();			/* doc_close() would say so, much later */
	b->size = Min(Max(need, b->size * 2), MAX_IMAGE);
	b->data = repalloc(b->data, b->size);
}

/* Align the end with zero bytes; room for them must be reserved. */
static void
pad(DocBuilder *b)
{
	while (b->len != INTALIGN(b->len))
		b->data[b->len++] = '\0';
}

static void
open_container(DocBuilder *b, DocFrame *f, uint32 flags, uint32 count,
			   uint32 nentries)
{
	Size		size = sizeof(uint32) + (Size) nentries * sizeof(JEntry);

	if (count > JB_CMASK)
		too_large();
	f->start = b->len;
	reserve(b, size + sizeof(uint32));
	pad(b);
	*(uint32 *) (b->data + b->len) = flags | count;
	f->entries = b->len + sizeof(uint32);
	f->content = b->len + size;
	f->next = 0;
	b->len += size;
}

/* Write the next JEntry of the frame; total is its end offset. */
static inline void
put_entry(DocBuilder *b, DocFrame *f, JEntry type, uint32 len, uint32 total)
{
	JEntry		entry;

	if ((f->next % JB_OFFSET_STRIDE) == 0)
		entry = type | (total & JENTRY_OFFLENMASK) | JENTRY_HAS_OFF;
	else
		entry = type | (len & JENTRY_OFFLENMASK);
	((JEntry *) (b->data + f->entries))[f->next++] = entry;
}
