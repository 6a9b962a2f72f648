/*
 * wire.c
 *		Documents as text, for other servers of the same kind.
 *
 *		{"_key": "a", "n": 1}	O2:1:n4:_keyd1;s1:a		O  keys, and their number from now on
 *		{"_key": "b", "n": 2}	o0:d2;s1:b				o  the number, and values alone
 *
 * JSON is read byte by byte, its keys are sorted and its numbers and strings
 * made anew; for documents on their way from one node to another, of whom most have the
 * keys of the one before, that takes several times what becomes of them there.
 * Here lengths come first, keys come once, and all is in the order of the image,
 * which is written as it is read (build.c).
 *
 *		n t f			null, true, false		- nothing at all
 *		s LEN:bytes		a string				d digits;	a number
 *		a N:values		an array
 *		O N:keys values	an object of N keys (each LEN:bytes)
 *		o SHAPE:values	an object with the keys of an earlier one
 *		r value			a document that is a scalar
 *
 * It is text, not bytes, as what carries it is SQL.  Strings are as they are, so that
 * it must be read in the encoding in which it was written.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "compat.h"
#include "jsonb/build.h"
#include "jsonb/wire.h"

/* An integer of so many digits fits into 64 bits. */
#define SHORT_DIGITS 18

/* ----------
 * Out
 * ----------
 */

void
wire_begin(WireOut *out, StringInfo text)
{
	out->text = text;
	out->nshapes = 0;
	memset(out->shapes, 0, sizeof(out->shapes));
}

/* A number behind a letter, and what ends it. */
static void
put_count(WireOut *out, char letter, uint64 n)
{
	char		digits[MAXINT8LEN + 3];
	int			len;

	digits[0] = letter;
	len = 1 + pg_ulltoa_n(n, digits + 1);
	digits[len++] = ':';
	appendBinaryStringInfo(out->text, digits, len);
}

static void
put_bytes(WireOut *out, char letter, const char *bytes, uint32 len)
{
	put_count(out, letter, len);
	appendBinaryStringInfo(out->text, bytes, len);
}

static void
put_numeric(WireOut *out, const char *numeric)
{
	char	   *digits = DatumGetCString(DirectFunctionCall1(numeric_out,
															 PointerGetDatum(numeric)));

	appendStringInfoCharMacro(out->text, 'd');
	appendStringInfoString(out->text, digits);
	appendStringInfoCharMacro(out->text, ';');
	pfree(digits);
}

/* Has an object with these keys been put before? */
static bool
same_keys(const WireShape *shape, const JsonbContainer *object, uint32 n, uint32 key_bytes)
{
	return JsonContainerSize(shape->object) == n && shape->key_bytes == key_bytes &&
		memcmp(shape->object->children, object->children, sizeof(JEntry) * n) == 0 &&
		memcmp(shape->object->children + n * 2, object->children + n * 2, key_bytes) == 0;
}

/* The keys of an object, or the number of their shape; the cursor is at its values then. */
static void
put_keys(WireOut *out, const JsonbContainer *object, DocCursor *values)
{
	uint32		n = JsonContainerSize(object);
	uint32		hash;
	WireShape  *shape;
	DocCursor	keys;

	doc_cursor_values(values, object);
	hash = hash_combine(n, hash_bytes((const unsigned char *) values->base, values->offset));
	shape = &out->shapes[hash % WIRE_SHAPES];
	if (shape->object != NULL && shape->hash == hash &&
		same_keys(shape, object, n, values->offset))
	{
		put_count(out, 'o', shape->number);
		return;
	}
	*shape = (WireShape) {object, hash, values->offset, out->nshapes++};
	put_count(out, 'O', n);
	doc_cursor_first(&keys, object);
	while (keys.index < n)
	{
		DocItem		key;
		char		digits[MAXINT8LEN + 2];
		int			len;

		doc_cursor_item(&keys, &key);
		len = pg_ulltoa_n(key.len, digits);
		digits[len++] = ':';
		appendBinaryStringInfo(out->text, digits, len);
		appendBinaryStringInfo(out->text, key.data, key.len);
	}
}

static void
put_item(WireOut *out, const DocItem *item)
{
	const JsonbContainer *c = DOC_ITEM_CONTAINER(item);
	DocCursor	cur;
	uint32		end;

	switch (item->type)
	{
		case JENTRY_ISNULL:
			appendStringInfoCharMacro(out->text, 'n');
			return;
		case JENTRY_ISBOOL_TRUE:
			appendStringInfoCharMacro(out->text, 't');
			return;
		case JENTRY_ISBOOL_FALSE:
			appendStringInfoCharMacro(out->text, 'f');
			return;
		case JENTRY_ISNUMERIC:
			put_numeric(out, item->data);
			return;
		case JENTRY_ISSTRING:
			put_bytes(out, 's', item->data, item->len);
			return;
	}
	check_stack_depth();
	end = JsonContainerSize(c);
	if (JsonContainerIsObject(c))
	{
		put_keys(out, c, &cur);
		end *= 2;
	}
	else
	{
		put_count(out, 'a', end);
		doc_cursor_first(&cur, c);
	}
	while (cur.index < end)
	{
		DocItem		child;

		doc_cursor_item(&cur, &child);
		put_item(out, &child);
	}
}

void
wire_put_number(WireOut *out, int64 number)
{
	Assert(number >= 0);
	put_count(out, '#', number);
}

void
wire_put_string(WireOut *out, const char *string)
{
	if (string)
		put_bytes(out, 's', string, strlen(string));
	else
		appendStringInfoCharMacro(out->text, '-');
}

void
wire_put_doc(WireOut *out, const Jsonb *doc)
{
	DocItem		root;

	CHECK_FOR_INTERRUPTS();
	if (doc == NULL)
	{
		appendStringInfoCharMacro(out->text, '-');
		return;
	}
	if (JB_ROOT_IS_SCALAR(doc))
		appendStringInfoCharMacro(out->text, 'r');
	doc_root_item(doc, &root);
	put_item(out, &root);
}

/* ----------
 * In
 * ----------
 */

void
wire_open(WireIn *in, const char *text, Size len)
{
	memset(in, 0, sizeof(*in));
	in->start = in->at = text;
	in->end = text + len;
}

bool
wire_at_end(const WireIn *in)
{
	return in->at == in->end;
}

void
wire_malformed(const WireIn *in)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("documents of another server cannot be read"),
			 errdetail("At byte %zu of %zu something else is expected.",
					   (size_t) (in->at - in->start) + 1, (size_t) (in->end - in->start)),
			 errhint("Nodes need the same version of the extension.")));
}

static char
take_letter(WireIn *in)
{
	if (in->at == in->end)
		wire_malformed(in);
	return *in->at++;
}

/* A number, up to what ends it; of things that take at least so many bytes. */
static int64
take_count(WireIn *in, int each)
{
	int64		n = 0;
	const char *start = in->at;

	while (in->at < in->end && *in->at >= '0' && *in->at <= '9' && in->at - start < SHORT_DIGITS)
		n = n * 10 + (*in->at++ - '0');
	if (in->at == start || in->at == in->end || *in->at != ':')
		wire_malformed(in);
	in->at++;
	if (each > 0 && n > (in->end - in->at) / each)
		wire_malformed(in);
	return n;
}

/* Does no character begin before these bytes and end in them, nor the like at their end? */
static bool
is_cut_well(const char *s, const char *end, const char *text_end)
{
	if (GetDatabaseEncoding() == PG_UTF8)

		/*
		 * all of the text is valid, and what continues a character is known
		 * by itself
		 */
		return s == end || ((*s & 0xc0) != 0x80 && (end == text_end || (*end & 0xc0) != 0x80));
	return pg_database_encoding_max_length() == 1 || pg_verifymbstr(s, end - s, true);
}

static const char *
take_bytes(WireIn *in, uint32 *len)
{
	int64		n = take_count(in, 1);
	const char *bytes = in->at;

	if (!is_cut_well(bytes, bytes + n, in->end))
		wire_malformed(in);
	in->at += n;
	*len = n;
	return bytes;
}

static Datum
take_numeric(WireIn *in)
{
	const char *start = in->at;
	const char *p = start;
	bool		whole = true;
	int64		n = 0;

	if (p < in->end && *p == '-')
		p++;
	if (p == in->end || *p < '0' || *p > '9')
		wire_malformed(in);
	for (; p < in->end && ((*p >= '0' && *p <= '9') || *p == '.'); p++)
	{
		whole = whole && *p != '.';
		if (whole && p - start < SHORT_DIGITS)
			n = n * 10 + (*p - '0');
	}
	if (p == in->end || *p != ';')
		wire_malformed(in);
	in->at = p + 1;
	if (whole && p - start <= SHORT_DIGITS)
		return NumericGetDatum(int64_to_numeric(*start == '-' ? -n : n));
	return DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(start, p - start)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static Jsonb *
take_shape(WireIn *in)
{
	int64		n = take_count(in, 2);
	DocItem		last = {0};
	DocBuilder	b;
	DocFrame	f;

	doc_build_init(&b, 0);
	if (n > JB_CMASK)
		wire_malformed(in);
	doc_open_array(&b, &f, n);
	for (int64 i = 0; i < n; i++)
	{
		DocItem		key;
		uint32		len;
		const char *bytes = take_bytes(in, &len);

		doc_string_item(&key, bytes, len);
		if (i > 0 && doc_compare_keys(&last, &key) >= 0)
			wire_malformed(in);
		doc_put_item(&b, &f, &key);
		last = key;
	}
	doc_close(&b, &f, NULL);
	if (in->nshapes == in->size)
	{
		in->size = Max(in->size * 2, 16);
		in->shapes = in->shapes ?
			repalloc_huge(in->shapes, sizeof(Jsonb *) * in->size) :
			MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Jsonb *) * in->size);
	}
	return in->shapes[in->nshapes++] = doc_build_finish(&b);
}

static void take_item(WireIn *in, DocBuilder *b, DocFrame *f);

static void
take_object(WireIn *in, DocBuilder *b, DocFrame *parent, const Jsonb *shape)
{
	uint32		n = JB_ROOT_COUNT(shape);
	DocCursor	keys;
	DocFrame	f;

	if (n > in->end - in->at)
		wire_malformed(in);
	doc_open_object(b, &f, n);
	doc_cursor_first(&keys, &shape->root);
	doc_put_run(b, &f, &keys, n);
	for (uint32 i = 0; i < n; i++)
		take_item(in, b, &f);
	doc_close(b, &f, parent);
}

static void
take_array(WireIn *in, DocBuilder *b, DocFrame *parent)
{
	int64		n = take_count(in, 1);
	DocFrame	f;

	if (n > JB_CMASK)
		wire_malformed(in);
	doc_open_array(b, &f, n);
	for (int64 i = 0; i < n; i++)
		take_item(in, b, &f);
	doc_close(b, &f, parent);
}

static const Jsonb *
known_shape(WireIn *in)
{
	int64		number = take_count(in, 0);

	if (number >= in->nshapes)
		wire_malformed(in);
	return in->shapes[number];
}

/* A container, if that is what the letter says. */
static bool
take_container(WireIn *in, char letter, DocBuilder *b, DocFrame *parent)
{
	check_stack_depth();
	switch (letter)
	{
		case 'o':
			take_object(in, b, parent, known_shape(in));
			return true;
		case 'O':
			take_object(in, b, parent, take_shape(in));
			return true;
		case 'a':
			take_array(in, b, parent);
			return true;
	}
	return false;
}

/* False if the letter is that of no scalar. */
static bool
take_scalar(WireIn *in, char letter, DocItem *item)
{
	*item = (DocItem) {0};
	switch (letter)
	{
		case 'n':
			item->type = JENTRY_ISNULL;
			return true;
		case 't':
			item->type = JENTRY_ISBOOL_TRUE;
			return true;
		case 'f':
			item->type = JENTRY_ISBOOL_FALSE;
			return true;
		case 's':
			item->type = JENTRY_ISSTRING;
			item->data = take_bytes(in, &item->len);
			return true;
		case 'd':
			item->type = JENTRY_ISNUMERIC;
			item->data = DatumGetPointer(take_numeric(in));
			item->len = VARSIZE_ANY(item->data);
			return true;
	}
	return false;
}

static void
take_item(WireIn *in, DocBuilder *b, DocFrame *f)
{
	char		letter = take_letter(in);
	DocItem		item;

	if (take_scalar(in, letter, &item))
		doc_put_item(b, f, &item);
	else if (!take_container(in, letter, b, f))
	{
		in->at--;
		wire_malformed(in);
	}
}

int64
wire_take_number(WireIn *in)
{
	if (take_letter(in) != '#')
	{
		in->at--;
		wire_malformed(in);
	}
	return take_count(in, 0);
}

char *
wire_take_string(WireIn *in)
{
	char		letter = take_letter(in);
	const char *bytes;
	uint32		len;

	if (letter == '-')
		return NULL;
	if (letter != 's')
	{
		in->at--;
		wire_malformed(in);
	}
	bytes = take_bytes(in, &len);
	return pnstrdup(bytes, len);
}

Jsonb *
wire_take_doc(WireIn *in)
{
	char		letter = take_letter(in);
	DocBuilder	b;
	DocItem		item;

	CHECK_FOR_INTERRUPTS();
	if (letter == '-')
		return NULL;
	if (letter == 'r' && take_scalar(in, take_letter(in), &item))
		return doc_from_item(&item);
	doc_build_init(&b, in->last + in->last / 8);
	if (!take_container(in, letter, &b, NULL))
	{
		in->at--;
		wire_malformed(in);
	}
	in->last = b.len;
	return doc_build_finish(&b);
}
