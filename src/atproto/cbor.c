/*
 * cbor.c
 *		jsonb to DAG-CBOR.  (cbor_decode.c is the way back.)
 *
 * DAG-CBOR has one encoding for a document: shortest heads, definite lengths,
 * map keys ordered by length and then by bytes.  jsonb happens to keep the
 * keys of an object in that order, so in a UTF8 database a document streams
 * from its iterator into the buffer without sorting or a tree in between:
 *
 *		jsonb iterator -> encode_value() -> { head | head key value ... } -> out
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
#include "upsert.h"

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
	JsonbIterator *it;
	bool		utf8;			/* strings are UTF-8 already */
	int			depth;
} CborEncoder;

static void refuse(const AtPath *path, const char *message,
				   const char *datum) pg_attribute_noreturn();
static void encode_value(CborEncoder *encoder, JsonbIteratorToken token,
						 JsonbValue *v, const AtPath *path, AtValue *seen);
static void encode_array(CborEncoder *encoder, int nelems,
						 const AtPath *path);
static void encode_object(CborEncoder *encoder, int npairs,
						  const AtPath *path, AtValue *seen);
static void encode_special(CborEncoder *encoder, JsonbValue *key,
						   const AtPath *path, AtValue *seen);
static void encode_link(CborEncoder *encoder, JsonbValue *v,
						const AtPath *path);
static void encode_base64(CborEncoder *encoder, JsonbValue *v,
						  const AtPath *path);
static void encode_text(CborEncoder *encoder, const char *str, int len);
static int64 encode_numeric(CborEncoder *encoder, Numeric num,
							const AtPath *path);
static bool is_special_key(const JsonbValue *key);
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

void
cbor_append_head(StringInfo out, CborMajor major, uint64 argument)
{
	uint8		head[9];
	int			nbytes;			/* of the argument behind the first byte */

	if (argument < 24)
	{
		appendStringInfoCharMacro(out, (char) (major << 5 | argument));
		return;
	}
	if (argument <= PG_UINT8_MAX)
	{
		head[0] = major << 5 | 24;
		nbytes = 1;
	}
	else if (argument <= PG_UINT16_MAX)
	{
		head[0] = major << 5 | 25;
		nbytes = 2;
	}
	else if (argument <= PG_UINT32_MAX)
	{
		head[0] = major << 5 | 26;
		nbytes = 4;
	}
	else
	{
		head[0] = major << 5 | 27;
		nbytes = 8;
	}
	for (int i = nbytes; i > 0; i--)
	{
		head[i] = argument & 0xff;
		argument >>= 8;
	}
	appendBinaryStringInfo(out, (const char *) head, nbytes + 1);
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
encode_text(CborEncoder *encoder, const char *str, int len)
{
	if (!encoder->utf8)
	{
		/* a scratch copy: the converter wants a terminated string */
		char	   *source = pnstrdup(str, len);
		char	   *converted = pg_server_to_any(source, len, PG_UTF8);

		str = converted;
		len = strlen(converted);
	}
	cbor_append_head(encoder->out, CBOR_TEXT, len);
	appendBinaryStringInfo(encoder->out, str, len);
}

/* Appends an integer and returns it; refuses fractions and what is too big. */
static int64
encode_numeric(CborEncoder *encoder, Numeric num, const AtPath *path)
{
	AtNumber	kind;
	int64		value;

	kind = at_numeric_to_int64(num, &value);
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

/* Is this "$link" or "$bytes"? */
static bool
is_special_key(const JsonbValue *key)
{
	int			len = key->val.string.len;
	const char *str = key->val.string.val;

	return (len == 5 && memcmp(str, "$link", 5) == 0) ||
		(len == 6 && memcmp(str, "$bytes", 6) == 0);
}

/* Appends the link of {"$link": v}. */
static void
encode_link(CborEncoder *encoder, JsonbValue *v, const AtPath *path)
{
	uint8		cid[CID_MAX];
	int			len;

	if (v->type != jbvString)
		refuse(path, gettext_noop("\"$link\" must be a string"), NULL);
	len = cid_from_text(v->val.string.val, v->val.string.len, cid);
	if (len == 0)
		refuse(path, gettext_noop("\"$link\" must be a CID (version 1, base 32)"),
			   psprintf("\"%s\"",
						pnstrdup(v->val.string.val,
								 pg_mbcliplen(v->val.string.val,
											  v->val.string.len, 100))));
	cbor_append_link(encoder->out, cid, len);
}

/*
 * Appends the bytes of {"$bytes": v}: the standard base 64 alphabet, padding
 * optional but whole.
 */
static void
encode_base64(CborEncoder *encoder, JsonbValue *v, const AtPath *path)
{
	const char *str;
	int			len;
	int			ndigits;
	int			padded_len;
	char	   *padded;
	void	   *decoded;
	int			decoded_len;

	if (v->type != jbvString)
		refuse(path, gettext_noop("\"$bytes\" must be a string"), NULL);
	str = v->val.string.val;
	len = ndigits = v->val.string.len;
	while (ndigits > 0 && len - ndigits < 2 && str[ndigits - 1] == '=')
		ndigits--;
	if (ndigits % 4 == 1 || (ndigits != len && len % 4 != 0) ||
		memchr(str, '=', ndigits) != NULL)
		refuse(path, gettext_noop("\"$bytes\" must be base 64"), NULL);

	/* PostgreSQL's decoder insists on the padding */
	padded_len = (ndigits + 3) / 4 * 4;
	padded = palloc(padded_len + 1);
	memcpy(padded, str, ndigits);
	memset(padded + ndigits, '=', padded_len - ndigits);
	decoded_len = pg_b64_dec_len(padded_len);
	decoded = palloc(decoded_len + 1);
	decoded_len = pg_b64_decode(padded, padded_len, decoded, decoded_len);
	if (decoded_len < 0)
		refuse(path, gettext_noop("\"$bytes\" must be base 64"), NULL);
	cbor_append_bytes(encoder->out, decoded, decoded_len);
	pfree(decoded);
	pfree(padded);
}

/*
 * Appends what an object with one pair stands for whose key is "$link" or
 * "$bytes".  The iterator stands behind the key.
 */
static void
encode_special(CborEncoder *encoder, JsonbValue *key, const AtPath *path,
			   AtValue *seen)
{
	bool		link = key->val.string.len == strlen("$link");
	JsonbValue	v;

	/* an array or object as the value is refused before we are inside it */
	if (JsonbIteratorNext(&encoder->it, &v, true) != WJB_VALUE)
		elog(ERROR, "unexpected token in jsonb object");
	if (link)
	{
		encode_link(encoder, &v, path);
		seen->kind = AT_KIND_LINK;
	}
	else
		encode_base64(encoder, &v, path);
	if (JsonbIteratorNext(&encoder->it, &v, true) != WJB_END_OBJECT)
		elog(ERROR, "unexpected token in jsonb object");
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

/* Appends an array; the iterator stands behind its start. */
static void
encode_array(CborEncoder *encoder, int nelems, const AtPath *path)
{
	AtPath		step = {.parent = path};
	JsonbIteratorToken token;
	JsonbValue	v;
	AtValue		seen;

	cbor_append_head(encoder->out, CBOR_ARRAY, nelems);
	while ((token = JsonbIteratorNext(&encoder->it, &v, false)) != WJB_END_ARRAY)
	{
		encode_value(encoder, token, &v, &step, &seen);
		step.index++;
	}
}

/* Appends an object; the iterator stands behind its start. */
static void
encode_object(CborEncoder *encoder, int npairs, const AtPath *path,
			  AtValue *seen)
{
	AtPath		step = {.parent = path};
	AtObject	object;
	CborPair   *pairs = NULL;
	int			n = 0;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	v;
	const char *fault;

	if (!encoder->utf8 && npairs > 1)
		pairs = palloc(npairs * sizeof(CborPair));
	at_object_begin(&object);
	while (JsonbIteratorNext(&encoder->it, &key, false) == WJB_KEY)
	{
		AtValue		value;

		if (is_special_key(&key))
		{
			if (npairs > 1)
				refuse(path, gettext_noop("\"$link\" and \"$bytes\" must be the only key of an object"),
					   NULL);
			encode_special(encoder, &key, path, seen);
			return;
		}
		if (n == 0)
			cbor_append_head(encoder->out, CBOR_MAP, npairs);
		step.key = key.val.string.val;
		step.keylen = key.val.string.len;

		if (pairs)
			pairs[n].start = encoder->out->len;
		encode_text(encoder, step.key, step.keylen);
		if (pairs)
			pairs[n].value = encoder->out->len;
		token = JsonbIteratorNext(&encoder->it, &v, false);
		encode_value(encoder, token, &v, &step, &value);
		if (pairs)
			pairs[n].end = encoder->out->len;
		n++;
		at_object_pair(&object, step.key, step.keylen, &value);
	}
	if (n == 0)
		cbor_append_head(encoder->out, CBOR_MAP, 0);
	fault = at_object_fault(&object);
	if (fault != NULL)
		refuse(path, fault, NULL);
	if (pairs)
	{
		sort_pairs(encoder->out, pairs, npairs);
		pfree(pairs);
	}
}

/*
 * Appends one value, of which the iterator has just returned the first token,
 * and says in *seen what it was.
 */
static void
encode_value(CborEncoder *encoder, JsonbIteratorToken token, JsonbValue *v,
			 const AtPath *path, AtValue *seen)
{
	seen->kind = AT_KIND_OTHER;
	if (token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT)
	{
		check_stack_depth();
		CHECK_FOR_INTERRUPTS();
		if (++encoder->depth > CBOR_MAX_DEPTH)
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
					 errmsg("AT Protocol data is nested too deeply"),
					 errdetail("The limit is %d levels.", CBOR_MAX_DEPTH)));
		if (token == WJB_BEGIN_ARRAY)
			encode_array(encoder, v->val.array.nElems, path);
		else
			encode_object(encoder, v->val.object.nPairs, path, seen);
		encoder->depth--;
		return;
	}

	switch (v->type)
	{
		case jbvNull:
			cbor_append_head(encoder->out, CBOR_SIMPLE, CBOR_NULL);
			break;
		case jbvBool:
			cbor_append_head(encoder->out, CBOR_SIMPLE,
							 v->val.boolean ? CBOR_TRUE : CBOR_FALSE);
			break;
		case jbvString:
			seen->kind = AT_KIND_STRING;
			seen->str = v->val.string.val;
			seen->len = v->val.string.len;
			encode_text(encoder, v->val.string.val, v->val.string.len);
			break;
		case jbvNumeric:
			seen->kind = AT_KIND_INTEGER;
			seen->integer = encode_numeric(encoder, v->val.numeric, path);
			break;
		default:
			elog(ERROR, "unexpected jsonb value type: %d", (int) v->type);
	}
}

void
cbor_encode(Jsonb *doc, StringInfo out)
{
	CborEncoder encoder = {
		.out = out,
		.it = JsonbIteratorInit(&doc->root),
		.utf8 = GetDatabaseEncoding() == PG_UTF8
	};
	JsonbIteratorToken token;
	JsonbValue	v;
	AtValue		seen;

	token = JsonbIteratorNext(&encoder.it, &v, false);
	if (token == WJB_BEGIN_ARRAY && v.val.array.rawScalar)
		token = JsonbIteratorNext(&encoder.it, &v, false);
	encode_value(&encoder, token, &v, NULL, &seen);
}

void
cbor_encode_record(Jsonb *record, StringInfo out)
{
	if (!JB_ROOT_IS_OBJECT(record))
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
				 errmsg("a record must be a JSON object")));
	cbor_encode(record, out);
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
