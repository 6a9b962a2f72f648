/*
 * cbor_decode.c
 *		DAG-CBOR to jsonb.
 *
 * The decoder accepts what the encoder (cbor.c) writes, nothing else: there
 * is one encoding for a document, and other bytes would have another hash.
 * Hence, beside what the reader (cbor_read.c) asks of heads, map keys must be
 * strings in canonical order without duplicates, integers have 64 bits, and
 * nothing follows the end.  A map that would read as bytes or a link in JSON is
 * refused too.
 *
 * The input is hostile: a length is believed only as far as bytes are left,
 * so nothing is allocated that the input does not pay for.
 *
 *		bytes:  data ..... pos ............ end
 *		jsonb:  state, pushed in step
 *
 * This module must not know where the bytes come from.
 */
#include "postgres.h"

#include "common/base64.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "atproto/cbor_read.h"
#include "atproto/cid.h"
#include "atproto/datamodel.h"
#include "compat.h"
#include "upsert.h"

typedef struct CborDecoder
{
	CborReader	reader;
	int			depth;
	CompatJsonbState state;
} CborDecoder;

static void read_text(CborDecoder *decoder, const CborHead *head,
					  JsonbValue *v);
static void make_integer(CborDecoder *decoder, const CborHead *head,
						 JsonbValue *v);
static void push_special(CborDecoder *decoder, const char *key,
						 char *text, int len);
static void decode_bytes(CborDecoder *decoder, const CborHead *head);
static void decode_link(CborDecoder *decoder, const CborHead *head,
						AtValue *seen);
static void check_count(CborDecoder *decoder, const CborHead *head,
						Size possible, Size limit);
static void decode_array(CborDecoder *decoder, const CborHead *head);
static void decode_map(CborDecoder *decoder, const CborHead *head);
static bool decode_value(CborDecoder *decoder, JsonbValue *v,
						 AtValue *seen);

/* Makes *v the string behind the head, in the server's encoding. */
static void
read_text(CborDecoder *decoder, const CborHead *head, JsonbValue *v)
{
	const char *bytes = (const char *) cbor_read_bytes(&decoder->reader, head);
	int			len = (int) head->argument;

	if (memchr(bytes, '\0', len) != NULL)
		cbor_refuse(&decoder->reader, head->start,
					gettext_noop("a string contains the character U+0000, which jsonb cannot hold"));
	if (!pg_verify_mbstr(PG_UTF8, bytes, len, true))
		cbor_refuse(&decoder->reader, head->start, gettext_noop("a string is not UTF-8"));
	v->type = jbvString;
	v->val.string.val = unconstify(char *, bytes);
	v->val.string.len = len;
	if (GetDatabaseEncoding() != PG_UTF8)
	{
		v->val.string.val = pg_any_to_server(pnstrdup(bytes, len), len, PG_UTF8);
		v->val.string.len = strlen(v->val.string.val);
	}
}

/* Makes *v the integer that the head holds. */
static void
make_integer(CborDecoder *decoder, const CborHead *head, JsonbValue *v)
{
	if (head->argument > (uint64) PG_INT64_MAX)
		cbor_refuse(&decoder->reader, head->start,
					gettext_noop("an integer must fit into 64 bits"));
	v->type = jbvNumeric;
	v->val.numeric = int64_to_numeric(head->major == CBOR_UNSIGNED ?
									  (int64) head->argument :
									  -1 - (int64) head->argument);
}

/* Pushes {key: text}. */
static void
push_special(CborDecoder *decoder, const char *key, char *text, int len)
{
	JsonbValue	v;

	(void) compat_jsonb_push(&decoder->state, WJB_BEGIN_OBJECT, NULL);
	v.type = jbvString;
	v.val.string.val = unconstify(char *, key);
	v.val.string.len = strlen(key);
	(void) compat_jsonb_push(&decoder->state, WJB_KEY, &v);
	v.val.string.val = text;
	v.val.string.len = len;
	(void) compat_jsonb_push(&decoder->state, WJB_VALUE, &v);
	(void) compat_jsonb_push(&decoder->state, WJB_END_OBJECT, NULL);
}

/* Pushes {"$bytes": ...}, without padding as the protocol's examples do. */
static void
decode_bytes(CborDecoder *decoder, const CborHead *head)
{
	const uint8 *bytes = cbor_read_bytes(&decoder->reader, head);
	int			len = (int) head->argument;
	int			textlen = pg_b64_enc_len(len);
	char	   *text = palloc(textlen + 1);

	textlen = pg_b64_encode((const void *) bytes, len, text, textlen);
	if (textlen < 0)
		elog(ERROR, "could not encode base 64");
	while (textlen > 0 && text[textlen - 1] == '=')
		textlen--;
	push_special(decoder, "$bytes", text, textlen);
}

/* Pushes {"$link": ...} for tag 42. */
static void
decode_link(CborDecoder *decoder, const CborHead *tag, AtValue *seen)
{
	int			len;
	const uint8 *cid = cbor_read_link(&decoder->reader, tag, &len);
	char	   *text;

	seen->kind = AT_KIND_LINK;
	seen->raw = cid_is_raw(cid, len);
	text = cid_any_to_text(cid, len);
	push_special(decoder, "$link", text, strlen(text));
}

/* Refuses a count of entries that cannot be there, or is above the limit. */
static void
check_count(CborDecoder *decoder, const CborHead *head, Size possible, Size limit)
{
	if (head->argument > possible)
		cbor_refuse(&decoder->reader, head->start, gettext_noop("it ends too early"));
	if (head->argument > limit)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("DAG-CBOR array or map has too many entries"),
				 errdetail("It has " UINT64_FORMAT " at byte %zu, the limit is %zu.",
						   head->argument,
						   (size_t) (head->start - decoder->reader.data), limit)));
}

static void
decode_array(CborDecoder *decoder, const CborHead *head)
{
	/* each element takes a byte at least */
	check_count(decoder, head, decoder->reader.end - decoder->reader.pos, CBOR_MAX_ELEMENTS);
	(void) compat_jsonb_push(&decoder->state, WJB_BEGIN_ARRAY, NULL);
	for (uint64 i = 0; i < head->argument; i++)
	{
		JsonbValue	v;
		AtValue		seen;

		if (!decode_value(decoder, &v, &seen))
			(void) compat_jsonb_push(&decoder->state, WJB_ELEM, &v);
	}
	(void) compat_jsonb_push(&decoder->state, WJB_END_ARRAY, NULL);
}

static void
decode_map(CborDecoder *decoder, const CborHead *head)
{
	const char *last = NULL;	/* the key before */
	uint64		last_len = 0;
	AtObject	object;
	const char *fault;

	check_count(decoder, head, (decoder->reader.end - decoder->reader.pos) / 2,
				CBOR_MAX_PAIRS);
	at_object_begin(&object);
	(void) compat_jsonb_push(&decoder->state, WJB_BEGIN_OBJECT, NULL);
	for (uint64 i = 0; i < head->argument; i++)
	{
		CborHead	key = cbor_read_head(&decoder->reader);
		const char *bytes;
		JsonbValue	k;
		JsonbValue	v;
		AtValue		seen;

		if (key.major != CBOR_TEXT)
			cbor_refuse(&decoder->reader, key.start, gettext_noop("map keys must be strings"));
		bytes = (const char *) decoder->reader.pos;
		read_text(decoder, &key, &k);
		if (last != NULL &&
			(key.argument < last_len ||
			 (key.argument == last_len && memcmp(last, bytes, last_len) >= 0)))
			cbor_refuse(&decoder->reader, key.start,
						gettext_noop("map keys must be in canonical order and unique"));
		if ((key.argument == 5 && memcmp(bytes, "$link", 5) == 0) ||
			(key.argument == 6 && memcmp(bytes, "$bytes", 6) == 0))
			cbor_refuse(&decoder->reader, key.start,
						gettext_noop("a map cannot have the keys \"$link\" and \"$bytes\""));
		last = bytes;
		last_len = key.argument;

		(void) compat_jsonb_push(&decoder->state, WJB_KEY, &k);
		if (!decode_value(decoder, &v, &seen))
			(void) compat_jsonb_push(&decoder->state, WJB_VALUE, &v);
		at_object_pair(&object, bytes, (int) key.argument, &seen);
	}
	fault = at_object_fault(&object);
	if (fault != NULL)
		cbor_refuse(&decoder->reader, head->start, fault);
	(void) compat_jsonb_push(&decoder->state, WJB_END_OBJECT, NULL);
}

/*
 * Decodes the next item.  A scalar is left in *v and the result is false; an
 * array or object has been pushed.  *seen says what it was.
 */
static bool
decode_value(CborDecoder *decoder, JsonbValue *v, AtValue *seen)
{
	CborHead	head = cbor_read_head(&decoder->reader);

	seen->kind = AT_KIND_OTHER;
	switch (head.major)
	{
		case CBOR_UNSIGNED:
		case CBOR_NEGATIVE:
			make_integer(decoder, &head, v);
			seen->kind = AT_KIND_INTEGER;
			seen->integer = head.major == CBOR_UNSIGNED ?
				(int64) head.argument : -1;
			return false;
		case CBOR_TEXT:
			seen->kind = AT_KIND_STRING;
			seen->str = (const char *) decoder->reader.pos;
			seen->len = (int) head.argument;
			read_text(decoder, &head, v);
			return false;
		case CBOR_SIMPLE:
			v->type = head.argument == CBOR_NULL ? jbvNull : jbvBool;
			v->val.boolean = head.argument == CBOR_TRUE;
			if (head.argument < CBOR_FALSE || head.argument > CBOR_NULL)
				cbor_refuse(&decoder->reader, head.start,
							gettext_noop("floating-point numbers and unknown simple values are not allowed"));
			return false;
		case CBOR_BYTES:
			seen->kind = AT_KIND_BYTES;
			decode_bytes(decoder, &head);
			return true;
		case CBOR_TAG:
			decode_link(decoder, &head, seen);
			return true;
		case CBOR_ARRAY:
		case CBOR_MAP:
			break;
	}

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (++decoder->depth > CBOR_MAX_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("DAG-CBOR is nested too deeply"),
				 errdetail("The limit is %d levels.", CBOR_MAX_DEPTH)));
	if (head.major == CBOR_ARRAY)
		decode_array(decoder, &head);
	else
		decode_map(decoder, &head);
	decoder->depth--;
	return true;
}

Jsonb *
cbor_decode(const uint8 *data, Size len)
{
	CborDecoder decoder = {.reader = {.data = data, .pos = data, .end = data + len}};
	JsonbValue	scalar;
	bool		pushed;
	AtValue		seen;

	pushed = decode_value(&decoder, &scalar, &seen);
	if (decoder.reader.pos != decoder.reader.end)
		cbor_refuse(&decoder.reader, decoder.reader.pos,
					gettext_noop("bytes follow after the end"));
	return JsonbValueToJsonb(pushed ? decoder.state.result : &scalar);
}

Jsonb *
cbor_decode_record(const uint8 *data, Size len)
{
	CborReader	reader = {.data = data, .pos = data, .end = data + len};

	(void) cbor_expect(&reader, CBOR_MAP, gettext_noop("a record must be a map"));
	return cbor_decode(data, len);
}
