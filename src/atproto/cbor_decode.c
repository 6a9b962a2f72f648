/*
 * cbor_decode.c
 *		DAG-CBOR to jsonb.
 *
 * The decoder accepts what the encoder (cbor.c) writes, nothing else: there
 * is one encoding for a document, and other bytes would have another hash.
 * Hence each head must be in its shortest form, lengths definite, map keys
 * strings in canonical order without duplicates, integers of 64 bits, and
 * tags other than 42, floating-point numbers and trailing bytes are refused.
 * A map that would read as bytes or a link in JSON is refused too.
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

#include "atproto/cbor.h"
#include "atproto/cid.h"
#include "atproto/datamodel.h"
#include "compat.h"
#include "upsert.h"

typedef struct CborDecoder
{
	const uint8 *data;
	const uint8 *pos;
	const uint8 *end;
	int			depth;
	CompatJsonbState state;
} CborDecoder;

/* A head, with where it began for error messages */
typedef struct CborHead
{
	const uint8 *start;
	CborMajor	major;
	uint64		argument;
} CborHead;

pg_noreturn static void refuse(const CborDecoder *decoder, const uint8 *where,
							   const char *message);
static CborHead read_head(CborDecoder *decoder);
static const uint8 *read_bytes(CborDecoder *decoder, const CborHead *head);
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

/* Raises UP006 for what stands at "where". */
static void
refuse(const CborDecoder *decoder, const uint8 *where, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid DAG-CBOR: %s", _(message)),
			 errdetail("At byte %zu.", (size_t) (where - decoder->data))));
}

/* Reads the head of the next item. */
static CborHead
read_head(CborDecoder *decoder)
{
	/* least argument that needs 1, 2, 4 and 8 bytes */
	static const uint64 least[] = {24, UINT64CONST(1) << 8,
	UINT64CONST(1) << 16, UINT64CONST(1) << 32};
	CborHead	head;
	int			info;
	int			nbytes;

	if (decoder->pos >= decoder->end)
		refuse(decoder, decoder->pos, gettext_noop("it ends too early"));
	head.start = decoder->pos;
	head.major = *decoder->pos >> 5;
	info = *decoder->pos & 0x1f;
	decoder->pos++;
	if (info < 24)
	{
		head.argument = info;
		return head;
	}
	if (head.major == CBOR_SIMPLE)
		refuse(decoder, head.start,
			   gettext_noop("floating-point numbers and unknown simple values are not allowed"));
	if (info == 31)
		refuse(decoder, head.start,
			   gettext_noop("lengths must be definite"));
	if (info > 27)
		refuse(decoder, head.start, gettext_noop("a head is malformed"));

	nbytes = 1 << (info - 24);
	if (decoder->end - decoder->pos < nbytes)
		refuse(decoder, head.start, gettext_noop("it ends too early"));
	head.argument = 0;
	for (int i = 0; i < nbytes; i++)
		head.argument = head.argument << 8 | *decoder->pos++;
	if (head.argument < least[info - 24])
		refuse(decoder, head.start,
			   gettext_noop("a head is not in its shortest form"));
	return head;
}

/* The bytes behind the head of a string; moves on behind them. */
static const uint8 *
read_bytes(CborDecoder *decoder, const CborHead *head)
{
	const uint8 *bytes = decoder->pos;

	if (head->argument > (uint64) (decoder->end - decoder->pos))
		refuse(decoder, head->start, gettext_noop("it ends too early"));
	decoder->pos += head->argument;
	return bytes;
}

/* Makes *v the string behind the head, in the server's encoding. */
static void
read_text(CborDecoder *decoder, const CborHead *head, JsonbValue *v)
{
	const char *bytes = (const char *) read_bytes(decoder, head);
	int			len = (int) head->argument;

	if (memchr(bytes, '\0', len) != NULL)
		refuse(decoder, head->start,
			   gettext_noop("a string contains the character U+0000, which jsonb cannot hold"));
	if (!pg_verify_mbstr(PG_UTF8, bytes, len, true))
		refuse(decoder, head->start, gettext_noop("a string is not UTF-8"));
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
		refuse(decoder, head->start,
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
	const uint8 *bytes = read_bytes(decoder, head);
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
	CborHead	head;
	const uint8 *bytes;
	char	   *text;

	if (tag->argument != CBOR_LINK_TAG)
		refuse(decoder, tag->start,
			   gettext_noop("tags other than 42 are not allowed"));
	head = read_head(decoder);
	if (head.major != CBOR_BYTES)
		refuse(decoder, head.start, gettext_noop("a link must be a byte string"));
	bytes = read_bytes(decoder, &head);
	if (head.argument < 2 || head.argument > CID_MAX + 1 || bytes[0] != 0 ||
		!cid_is_valid(bytes + 1, (int) head.argument - 1))
		refuse(decoder, head.start,
			   gettext_noop("a link must be a binary CID (version 1) behind a zero byte"));
	seen->kind = AT_KIND_LINK;
	seen->raw = cid_is_raw(bytes + 1, (int) head.argument - 1);
	text = cid_any_to_text(bytes + 1, (int) head.argument - 1);
	push_special(decoder, "$link", text, strlen(text));
}

/* Refuses a count of entries that cannot be there, or is above the limit. */
static void
check_count(CborDecoder *decoder, const CborHead *head, Size possible, Size limit)
{
	if (head->argument > possible)
		refuse(decoder, head->start, gettext_noop("it ends too early"));
	if (head->argument > limit)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("DAG-CBOR array or map has too many entries"),
				 errdetail("It has " UINT64_FORMAT " at byte %zu, the limit is %zu.",
						   head->argument,
						   (size_t) (head->start - decoder->data), limit)));
}

static void
decode_array(CborDecoder *decoder, const CborHead *head)
{
	/* each element takes a byte at least */
	check_count(decoder, head, decoder->end - decoder->pos, CBOR_MAX_ELEMENTS);
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

	check_count(decoder, head, (decoder->end - decoder->pos) / 2,
				CBOR_MAX_PAIRS);
	at_object_begin(&object);
	(void) compat_jsonb_push(&decoder->state, WJB_BEGIN_OBJECT, NULL);
	for (uint64 i = 0; i < head->argument; i++)
	{
		CborHead	key = read_head(decoder);
		const char *bytes;
		JsonbValue	k;
		JsonbValue	v;
		AtValue		seen;

		if (key.major != CBOR_TEXT)
			refuse(decoder, key.start, gettext_noop("map keys must be strings"));
		bytes = (const char *) decoder->pos;
		read_text(decoder, &key, &k);
		if (last != NULL &&
			(key.argument < last_len ||
			 (key.argument == last_len && memcmp(last, bytes, last_len) >= 0)))
			refuse(decoder, key.start,
				   gettext_noop("map keys must be in canonical order and unique"));
		if ((key.argument == 5 && memcmp(bytes, "$link", 5) == 0) ||
			(key.argument == 6 && memcmp(bytes, "$bytes", 6) == 0))
			refuse(decoder, key.start,
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
		refuse(decoder, head->start, fault);
	(void) compat_jsonb_push(&decoder->state, WJB_END_OBJECT, NULL);
}

/*
 * Decodes the next item.  A scalar is left in *v and the result is false; an
 * array or object has been pushed.  *seen says what it was.
 */
static bool
decode_value(CborDecoder *decoder, JsonbValue *v, AtValue *seen)
{
	CborHead	head = read_head(decoder);

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
			seen->str = (const char *) decoder->pos;
			seen->len = (int) head.argument;
			read_text(decoder, &head, v);
			return false;
		case CBOR_SIMPLE:
			v->type = head.argument == CBOR_NULL ? jbvNull : jbvBool;
			v->val.boolean = head.argument == CBOR_TRUE;
			if (head.argument < CBOR_FALSE || head.argument > CBOR_NULL)
				refuse(decoder, head.start,
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
	CborDecoder decoder = {.data = data, .pos = data, .end = data + len};
	JsonbValue	scalar;
	bool		pushed;
	AtValue		seen;

	pushed = decode_value(&decoder, &scalar, &seen);
	if (decoder.pos != decoder.end)
		refuse(&decoder, decoder.pos,
			   gettext_noop("bytes follow after the end"));
	return JsonbValueToJsonb(pushed ? decoder.state.result : &scalar);
}
