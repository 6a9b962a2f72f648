/*
 * cbor.c
 *		jsonb to DAG-CBOR.  (cbor_decode.c is the way back.)
 *
 * DAG-CBOR has one encoding for a document: shortest heads, definite lengths,
 * map keys ordered by length and then by bytes.  jsonb happens to keep the
 * keys of an object in that order, so in a UTF8 database a document streams
 * from its image into the buffer without sorting or a tree in between:
 *
 *		object:	key key key | value value value
 *				 |			   |
 *				 +-- cursor	   +-- cursor  -> { head | head key value ... } -> out
 *
 * In another server encoding strings change their length on the way, so the
 * pairs of each map are put in order after they are written (sort_pairs).
 *
 * JSON has no bytes and no links; objects with the one key "$bytes" or
 * "$link" stand for them.  It has fractions, which the protocol forbids; a
 * number such as 123.0 is an integer.
 *
 * This module must not know where documents come from or what their schema
 * is.
 */
#include "postgres.h"

#include <math.h>

#include "common/base64.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "atproto/cbor.h"
#include "atproto/cid.h"
#include "atproto/datamodel.h"
#include "atproto/path.h"
#include "compat.h"
#include "jsonb/build.h"
#include "upsert.h"

/* The first byte of a floating-point number of 64 bits */
#define CBOR_FLOAT64	0xfb

/* The first byte and an argument of 64 bits */
#define CBOR_HEAD_MAX	9

/* Where in the buffer one pair of a map lies */
typedef struct CborPair
{
	int			start;			/* of the key's head */
	int			value;			/* of the value's head */
	int			end;
} CborPair;

typedef struct CborEncoder
{
	StringInfo	out;
	bool		utf8;			/* strings are UTF-8 already */
	bool		lenient;		/* see cbor_encode_leniently() */
	int			depth;
} CborEncoder;

pg_noreturn static void refuse(const AtPath *path, const char *message,
							   const char *datum);
static inline void reserve(StringInfo out, int len);
static inline char *put_head(char *dst, CborMajor major, uint64 argument);
static void encode_value(CborEncoder *encoder, const DocItem *item,
						 const AtPath *path, AtValue *seen);
static void encode_array(CborEncoder *encoder, const JsonbContainer *array,
						 const AtPath *path);
static void encode_object(CborEncoder *encoder, const JsonbContainer *object,
						  const AtPath *path, AtValue *seen);
static bool encode_special(CborEncoder *encoder, const JsonbContainer *object,
						   const AtPath *path, AtValue *seen);
static const char *encode_link(CborEncoder *encoder, const DocItem *item,
							   AtValue *seen);
static const char *encode_base64(CborEncoder *encoder, const DocItem *item,
								 AtValue *seen);
static void encode_text(CborEncoder *encoder, const DocItem *item);
static void encode_float(CborEncoder *encoder, Numeric num,
						 const AtPath *path);
static int64 encode_numeric(CborEncoder *encoder, Numeric num,
							const AtPath *path);
static AtKind encode_root(Jsonb *doc, bool lenient, StringInfo out);
static int	compare_pairs(const void *a, const void *b, void *arg);
static void sort_pairs(StringInfo out, CborPair *pairs, int npairs);

/* Raises UP006 for the value at path.  datum may be NULL. */
static void
refuse(const AtPath *path, const char *message, const char *datum)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid AT Protocol data: %s", _(message)),
			 datum != NULL ?
			 errdetail("At %s: %s.", at_path_text(path), datum) :
			 errdetail("At %s.", at_path_text(path))));
}

/* Makes room; the call is for the rare case that there is none. */
static inline void
reserve(StringInfo out, int len)
{
	if (unlikely(len >= out->maxlen - out->len))
		enlargeStringInfo(out, len);
}

/*
 * Writes a head of at most CBOR_HEAD_MAX bytes, and returns where it ends.
 */
static inline char *
put_head(char *dst, CborMajor major, uint64 argument)
{
	int			nbytes;			/* of the argument behind the first byte */

	if (argument < 24)
	{
		*dst++ = (char) (major << 5 | argument);
		return dst;
	}
	if (argument <= PG_UINT8_MAX)
	{
		*dst++ = (char) (major << 5 | 24);
		nbytes = 1;
	}
	else if (argument <= PG_UINT16_MAX)
	{
		*dst++ = (char) (major << 5 | 25);
		nbytes = 2;
	}
	else if (argument <= PG_UINT32_MAX)
	{
		*dst++ = (char) (major << 5 | 26);
		nbytes = 4;
	}
	else
	{
		*dst++ = (char) (major << 5 | 27);
		nbytes = 8;
	}
	for (int shift = (nbytes - 1) * 8; shift >= 0; shift -= 8)
		*dst++ = (char) (argument >> shift);
	return dst;
}

void
cbor_append_head(StringInfo out, CborMajor major, uint64 argument)
{
	char	   *end;

	reserve(out, CBOR_HEAD_MAX);
	end = put_head(out->data + out->len, major, argument);
	*end = '\0';
	out->len = end - out->data;
}

void
cbor_append_bytes(StringInfo out, const void *data, int len)
{
	cbor_append_head(out, CBOR_BYTES, len);
	appendBinaryStringInfo(out, data, len);
}

void
cbor_append_link(StringInfo out, const uint8 *cid, int len)
{
	cbor_append_head(out, CBOR_TAG, CBOR_LINK_TAG);

	/* the zero in front says that the CID is binary */
	cbor_append_head(out, CBOR_BYTES, len + 1);
	appendStringInfoChar(out, '\0');
	appendBinaryStringInfo(out, (const char *) cid, len);
}

/* Appends a string of the server's encoding. */
static void
encode_text(CborEncoder *encoder, const DocItem *item)
{
	StringInfo	out = encoder->out;
	const char *str = item->data;
	int			len = item->len;
	char	   *end;

	if (!encoder->utf8)
	{
		/* a scratch copy: the converter wants a terminated string */
		str = pg_server_to_any(pnstrdup(str, len), len, PG_UTF8);
		len = strlen(str);
	}
	reserve(out, CBOR_HEAD_MAX + len);
	end = put_head(out->data + out->len, CBOR_TEXT, len);
	memcpy(end, str, len);
	end[len] = '\0';
	out->len = end + len - out->data;
}

/* Appends a number as DAG-CBOR has those that are no integers. */
static void
encode_float(CborEncoder *encoder, Numeric num, const AtPath *path)
{
	double		value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
														   NumericGetDatum(num)));
	uint64		bits;

	if (isinf(value))
		refuse(path, gettext_noop("an integer must fit into 64 bits"), NULL);
	memcpy(&bits, &value, sizeof(bits));
	appendStringInfoChar(encoder->out, (char) CBOR_FLOAT64);
	for (int shift = 56; shift >= 0; shift -= 8)
		appendStringInfoChar(encoder->out, (char) (bits >> shift));
}

/* Appends an integer and returns it; refuses fractions and what is too big. */
static int64
encode_numeric(CborEncoder *encoder, Numeric num, const AtPath *path)
{
	AtNumber	kind;
	int64		value;

	kind = at_numeric_to_int64(num, &value);
	if (kind != AT_NUMBER_INTEGER && encoder->lenient)
	{
		encode_float(encoder, num, path);
		return 0;
	}
	if (kind != AT_NUMBER_INTEGER)
	{
		char	   *digits = numeric_normalize(num);

		refuse(path,
			   kind == AT_NUMBER_FRACTION ?
			   gettext_noop("a number must be an integer") :
			   gettext_noop("an integer must fit into 64 bits"),
			   pnstrdup(digits, Min(strlen(digits), 100)));
	}
	if (value >= 0)
		cbor_append_head(encoder->out, CBOR_UNSIGNED, (uint64) value);
	else
		cbor_append_head(encoder->out, CBOR_NEGATIVE, ~(uint64) value);
	return value;
}

/*
 * Appends the link of {"$link": v}, or says what is wrong with it and appends
 * nothing.
 */
static const char *
encode_link(CborEncoder *encoder, const DocItem *item, AtValue *seen)
{
	uint8		cid[CID_MAX];
	int			len;

	if (item->type != JENTRY_ISSTRING)
		return gettext_noop("\"$link\" must be a string");
	len = cid_from_text(item->data, item->len, cid);
	if (len == 0)
		return gettext_noop("\"$link\" must be a CID (version 1, base 32)");
	cbor_append_link(encoder->out, cid, len);
	seen->kind = AT_KIND_LINK;
	seen->raw = cid_is_raw(cid, len);
	return NULL;
}

/*
 * Appends the bytes of {"$bytes": v}: the standard base 64 alphabet, padding
 * optional but whole.  Or says what is wrong, as above.
 */
static const char *
encode_base64(CborEncoder *encoder, const DocItem *item, AtValue *seen)
{
	const char *str;
	int			len;
	int			ndigits;
	int			padded_len;
	char	   *padded;
	void	   *decoded;
	int			decoded_len;

	if (item->type != JENTRY_ISSTRING)
		return gettext_noop("\"$bytes\" must be a string");
	str = item->data;
	len = ndigits = item->len;
	while (ndigits > 0 && len - ndigits < 2 && str[ndigits - 1] == '=')
		ndigits--;
	if (ndigits % 4 == 1 || (ndigits != len && len % 4 != 0) ||
		memchr(str, '=', ndigits) != NULL)
		return gettext_noop("\"$bytes\" must be base 64");

	/* PostgreSQL's decoder insists on the padding */
	padded_len = (ndigits + 3) / 4 * 4;
	padded = palloc(padded_len + 1);
	memcpy(padded, str, ndigits);
	memset(padded + ndigits, '=', padded_len - ndigits);
	decoded_len = pg_b64_dec_len(padded_len);
	decoded = palloc(decoded_len + 1);
	decoded_len = pg_b64_decode(padded, padded_len, decoded, decoded_len);
	if (decoded_len < 0)
		return gettext_noop("\"$bytes\" must be base 64");
	cbor_append_bytes(encoder->out, decoded, decoded_len);
	seen->kind = AT_KIND_BYTES;
	pfree(decoded);
	pfree(padded);
	return NULL;
}

/*
 * Appends what an object stands for that has the key "$link" or "$bytes".
 * False if it has neither, or a lenient encoder takes it for a map.
 */
static bool
encode_special(CborEncoder *encoder, const JsonbContainer *object,
			   const AtPath *path, AtValue *seen)
{
	DocCursor	cursor;
	DocItem		item;
	bool		link;
	const char *fault;

	/* both are short, and short keys come first */
	doc_cursor_first(&cursor, object);
	do
	{
		if (cursor.index == JsonContainerSize(object))
			return false;
		doc_cursor_item(&cursor, &item);
		if (item.len > strlen("$bytes"))
			return false;
		link = doc_item_is(&item, "$link");
	} while (!link && !doc_item_is(&item, "$bytes"));

	if (JsonContainerSize(object) > 1)
		fault = gettext_noop("\"$link\" and \"$bytes\" must be the only key of an object");
	else
	{
		doc_cursor_item(&cursor, &item);
		fault = link ? encode_link(encoder, &item, seen) :
			encode_base64(encoder, &item, seen);
	}
	if (fault == NULL)
		return true;
	if (!encoder->lenient)
		refuse(path, fault, link && item.type == JENTRY_ISSTRING &&
			   JsonContainerSize(object) == 1 ?
			   psprintf("\"%s\"", pnstrdup(item.data,
										   pg_mbcliplen(item.data, item.len, 100))) :
			   NULL);
	return false;
}

/* Bytewise order of two encoded keys. */
static int
compare_pairs(const void *a, const void *b, void *arg)
{
	const CborPair *pa = a;
	const CborPair *pb = b;
	const char *data = arg;
	int			alen = pa->value - pa->start;
	int			blen = pb->value - pb->start;
	int			cmp = memcmp(data + pa->start, data + pb->start, Min(alen, blen));

	return cmp != 0 ? cmp : alen - blen;
}

/* Puts the pairs of a map just written in canonical order. */
static void
sort_pairs(StringInfo out, CborPair *pairs, int npairs)
{
	int			start = pairs[0].start;
	int			len = out->len - start;
	char	   *copy = palloc(len);
	char	   *dst = out->data + start;

	memcpy(copy, out->data + start, len);
	qsort_arg(pairs, npairs, sizeof(CborPair), compare_pairs, out->data);
	for (int i = 0; i < npairs; i++)
	{
		memcpy(dst, copy + (pairs[i].start - start),
			   pairs[i].end - pairs[i].start);
		dst += pairs[i].end - pairs[i].start;
	}
	pfree(copy);
}

static void
encode_array(CborEncoder *encoder, const JsonbContainer *array,
			 const AtPath *path)
{
	int			nelems = JsonContainerSize(array);
	AtPath		step = {.parent = path};
	DocCursor	cursor;
	DocItem		item;
	AtValue		seen;

	cbor_append_head(encoder->out, CBOR_ARRAY, nelems);
	doc_cursor_first(&cursor, array);
	for (step.index = 0; step.index < nelems; step.index++)
	{
		doc_cursor_item(&cursor, &item);
		encode_value(encoder, &item, &step, &seen);
	}
}

static void
encode_object(CborEncoder *encoder, const JsonbContainer *object,
			  const AtPath *path, AtValue *seen)
{
	int			npairs = JsonContainerSize(object);
	AtPath		step = {.parent = path};
	AtObject	rules;
	CborPair   *pairs = NULL;
	DocCursor	keys;
	DocCursor	values;
	const char *fault;

	if (encode_special(encoder, object, path, seen))
		return;
	if (!encoder->utf8 && npairs > 1)
		pairs = palloc(npairs * sizeof(CborPair));
	at_object_begin(&rules);
	cbor_append_head(encoder->out, CBOR_MAP, npairs);
	doc_cursor_first(&keys, object);
	doc_cursor_values(&values, object);
	for (int i = 0; i < npairs; i++)
	{
		DocItem		key;
		DocItem		item;
		AtValue		value;

		doc_cursor_item(&keys, &key);
		doc_cursor_item(&values, &item);
		step.key = key.data;
		step.keylen = key.len;
		if (pairs)
			pairs[i].start = encoder->out->len;
		encode_text(encoder, &key);
		if (pairs)
			pairs[i].value = encoder->out->len;
		encode_value(encoder, &item, &step, &value);
		if (pairs)
			pairs[i].end = encoder->out->len;
		at_object_pair(&rules, step.key, step.keylen, &value);
	}
	fault = at_object_fault(&rules);
	if (fault != NULL && !encoder->lenient)
		refuse(path, fault, NULL);
	if (pairs)
	{
		sort_pairs(encoder->out, pairs, npairs);
		pfree(pairs);
	}
}

/* Appends one value, and says in *seen what it was. */
static void
encode_value(CborEncoder *encoder, const DocItem *item, const AtPath *path,
			 AtValue *seen)
{
	seen->kind = AT_KIND_OTHER;
	switch (item->type)
	{
		case JENTRY_ISNULL:
			cbor_append_head(encoder->out, CBOR_SIMPLE, CBOR_NULL);
			break;
		case JENTRY_ISBOOL_TRUE:
			cbor_append_head(encoder->out, CBOR_SIMPLE, CBOR_TRUE);
			break;
		case JENTRY_ISBOOL_FALSE:
			cbor_append_head(encoder->out, CBOR_SIMPLE, CBOR_FALSE);
			break;
		case JENTRY_ISSTRING:
			seen->kind = AT_KIND_STRING;
			seen->str = item->data;
			seen->len = item->len;
			encode_text(encoder, item);
			break;
		case JENTRY_ISNUMERIC:
			seen->kind = AT_KIND_INTEGER;
			seen->integer = encode_numeric(encoder, (Numeric) item->data, path);
			break;
		case JENTRY_ISCONTAINER:
			check_stack_depth();
			CHECK_FOR_INTERRUPTS();
			if (++encoder->depth > CBOR_MAX_DEPTH)
				ereport(ERROR,
						(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
						 errmsg("AT Protocol data is nested too deeply"),
						 errdetail("The limit is %d levels.", CBOR_MAX_DEPTH)));
			if (DOC_ITEM_IS_OBJECT(item))
				encode_object(encoder, DOC_ITEM_CONTAINER(item), path, seen);
			else
				encode_array(encoder, DOC_ITEM_CONTAINER(item), path);
			encoder->depth--;
			break;
		default:
			elog(ERROR, "unexpected type of a jsonb entry: %x", item->type);
	}
}

/* Appends a document and says what it is. */
static AtKind
encode_root(Jsonb *doc, bool lenient, StringInfo out)
{
	CborEncoder encoder = {
		.out = out,
		.utf8 = GetDatabaseEncoding() == PG_UTF8,
		.lenient = lenient
	};
	DocItem		root;
	AtValue		seen;

	doc_root_item(doc, &root);
	encode_value(&encoder, &root, NULL, &seen);
	return seen.kind;
}

void
cbor_encode(Jsonb *doc, StringInfo out)
{
	(void) encode_root(doc, false, out);
}

void
cbor_encode_record(Jsonb *record, StringInfo out)
{
	AtKind		kind;

	if (!JB_ROOT_IS_OBJECT(record))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a record must be a JSON object"),
				 errdetail("It is %s.", JB_ROOT_IS_SCALAR(record) ?
						   _("a scalar") : _("an array"))));
	kind = encode_root(record, false, out);
	if (kind == AT_KIND_LINK || kind == AT_KIND_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a record must be a JSON object"),
				 errdetail("It stands for %s.", kind == AT_KIND_LINK ?
						   _("a link") : _("bytes"))));
}

void
cbor_encode_leniently(Jsonb *object, StringInfo out)
{
	(void) encode_root(object, true, out);
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(dag_cbor);
PG_FUNCTION_INFO_V1(dag_cbor_decode);
PG_FUNCTION_INFO_V1(record_cid);

/* dag_cbor(jsonb) -> bytea */
Datum
dag_cbor(PG_FUNCTION_ARGS)
{
	StringInfoData out;

	/* the buffer starts with the head of the bytea that it becomes */
	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	cbor_encode(PG_GETARG_JSONB_P(0), &out);
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_BYTEA_P(out.data);
}

/* dag_cbor_decode(bytea) -> jsonb */
Datum
dag_cbor_decode(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(0);

	PG_RETURN_JSONB_P(cbor_decode((const uint8 *) VARDATA_ANY(data),
								  VARSIZE_ANY_EXHDR(data)));
}

/* record_cid(jsonb) -> text */
Datum
record_cid(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	uint8		cid[CID_LENGTH];
	char		text[CID_TEXT_LENGTH + 1];

	initStringInfo(&out);
	cbor_encode_record(PG_GETARG_JSONB_P(0), &out);
	cid_compute(CID_CODEC_DAG_CBOR, out.data, out.len, cid);
	cid_to_text(cid, text);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text, CID_TEXT_LENGTH));
}
