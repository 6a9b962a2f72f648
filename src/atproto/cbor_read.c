/*
 * cbor_read.c
 *		Heads, strings and links of DAG-CBOR.
 *
 *		| major, 3 bits | info, 5 bits | argument, 0 to 8 bytes | content ...
 *
 * One encoding is accepted for each value: the shortest head, definite
 * lengths, no tag but 42.  The input is hostile: a length is believed only as
 * far as bytes are left.
 *
 * Floating-point numbers are no values of the data model, but occur; a lenient
 * reader tells them by their heads (always 64 bits, as DAG-CBOR has them), so
 * that such bytes can at least be walked through.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "atproto/cbor_read.h"
#include "atproto/cid.h"
#include "compat.h"
#include "upsert.h"

#define INFO_FLOAT64	27

static void skip_item(CborReader *reader, int depth);

void
cbor_refuse(const CborReader *reader, const uint8 *where, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("invalid DAG-CBOR: %s", _(message)),
			 errdetail("At byte %zu.", (size_t) (where - reader->data))));
}

CborHead
cbor_read_head(CborReader *reader)
{
	/* least argument that needs 1, 2, 4 and 8 bytes */
	static const uint64 least[] = {24, UINT64CONST(1) << 8,
	UINT64CONST(1) << 16, UINT64CONST(1) << 32};
	CborHead	head = {0};
	int			info;
	int			nbytes;

	if (reader->pos >= reader->end)
		cbor_refuse(reader, reader->pos, gettext_noop("it ends too early"));
	head.start = reader->pos;
	head.major = *reader->pos >> 5;
	info = *reader->pos & 0x1f;
	reader->pos++;
	if (info < 24)
	{
		head.argument = info;
		return head;
	}
	head.is_float = head.major == CBOR_SIMPLE && info == INFO_FLOAT64;
	if (head.major == CBOR_SIMPLE && !(head.is_float && reader->lenient))
		cbor_refuse(reader, head.start,
					gettext_noop("floating-point numbers and unknown simple values are not allowed"));
	if (info == 31)
		cbor_refuse(reader, head.start,
					gettext_noop("lengths must be definite"));
	if (info > 27)
		cbor_refuse(reader, head.start, gettext_noop("a head is malformed"));

	nbytes = 1 << (info - 24);
	if (reader->end - reader->pos < nbytes)
		cbor_refuse(reader, head.start, gettext_noop("it ends too early"));
	for (int i = 0; i < nbytes; i++)
		head.argument = head.argument << 8 | *reader->pos++;
	if (!head.is_float && head.argument < least[info - 24])
		cbor_refuse(reader, head.start,
					gettext_noop("a head is not in its shortest form"));
	return head;
}

CborHead
cbor_expect(CborReader *reader, CborMajor major, const char *message)
{
	CborHead	head = cbor_read_head(reader);

	if (head.major != major)
		cbor_refuse(reader, head.start, message);
	return head;
}

const uint8 *
cbor_read_bytes(CborReader *reader, const CborHead *head)
{
	const uint8 *bytes = reader->pos;

	if (head->argument > (uint64) (reader->end - reader->pos))
		cbor_refuse(reader, head->start, gettext_noop("it ends too early"));
	reader->pos += head->argument;
	return bytes;
}

const uint8 *
cbor_read_link(CborReader *reader, const CborHead *tag, int *len)
{
	CborHead	head;
	const uint8 *bytes;

	if (tag->argument != CBOR_LINK_TAG)
		cbor_refuse(reader, tag->start,
					gettext_noop("tags other than 42 are not allowed"));
	head = cbor_expect(reader, CBOR_BYTES,
					   gettext_noop("a link must be a byte string"));
	bytes = cbor_read_bytes(reader, &head);
	if (head.argument < 2 || head.argument > CID_MAX + 1 || bytes[0] != 0 ||
		!cid_is_valid(bytes + 1, (int) head.argument - 1))
		cbor_refuse(reader, head.start,
					gettext_noop("a link must be a binary CID (version 1) behind a zero byte"));
	*len = (int) head.argument - 1;
	return bytes + 1;
}

/* Walks over one item, whatever is in it. */
static void
skip_item(CborReader *reader, int depth)
{
	CborHead	head = cbor_read_head(reader);
	uint64		nitems = 0;
	int			len;

	switch (head.major)
	{
		case CBOR_UNSIGNED:
		case CBOR_NEGATIVE:
		case CBOR_SIMPLE:
			break;
		case CBOR_BYTES:
		case CBOR_TEXT:
			(void) cbor_read_bytes(reader, &head);
			break;
		case CBOR_TAG:
			(void) cbor_read_link(reader, &head, &len);
			break;
		case CBOR_ARRAY:
		case CBOR_MAP:
			nitems = head.argument;
			break;
	}
	if (nitems == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	if (depth >= CBOR_MAX_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
				 errmsg("DAG-CBOR is nested too deeply"),
				 errdetail("The limit is %d levels.", CBOR_MAX_DEPTH)));
	for (uint64 i = 0; i < nitems; i++)
	{
		/* whoever believes in more items than bytes fails at the end of them */
		if (head.major == CBOR_MAP)
		{
			CborHead	key = cbor_expect(reader, CBOR_TEXT,
										  gettext_noop("map keys must be strings"));

			(void) cbor_read_bytes(reader, &key);
		}
		skip_item(reader, depth + 1);
	}
}

void
cbor_check_leniently(const uint8 *data, Size len)
{
	CborReader	reader = {.data = data, .pos = data, .end = data + len,
	.lenient = true};

	(void) cbor_expect(&reader, CBOR_MAP, gettext_noop("a record must be a map"));
	reader.pos = data;
	skip_item(&reader, 0);
	if (reader.pos != reader.end)
		cbor_refuse(&reader, reader.pos,
					gettext_noop("bytes follow after the end"));
}

void
cbor_read_key(CborReader *reader, const char *key)
{
	CborHead	head = cbor_expect(reader, CBOR_TEXT,
								   gettext_noop("map keys must be strings"));
	const uint8 *bytes = cbor_read_bytes(reader, &head);

	if (head.argument != strlen(key) || memcmp(bytes, key, head.argument) != 0)
		cbor_refuse(reader, head.start,
					psprintf(_("the key must be \"%s\""), key));
}
