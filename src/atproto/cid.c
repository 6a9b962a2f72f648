/*
 * cid.c
 *		Content identifiers (CIDs), version 1.
 *
 * A CID names bytes by their hash:
 *
 *		+---------+-------+------+--------+----------------+
 *		| version | codec | hash | length | digest         |
 *		|  0x01   | 0x71  | 0x12 |  0x20  | SHA-256, 32 B  |
 *		+---------+-------+------+--------+----------------+
 *
 * Every field before the digest is an unsigned varint.  As text it is the
 * letter "b" and the base 32 of that.  We make only the kinds the protocol
 * blesses: DAG-CBOR (0x71) for records and raw (0x55) for blobs, SHA-256.  We
 * read any codec and hash, for a record may link to what is not ours to
 * judge, but only one spelling of each: version 1, minimal varints, base 32.
 *
 * This module must not know what is in the bytes.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "atproto/base32.h"
#include "atproto/cid.h"
#include "base/digest.h"
#include "compat.h"

#define CID_VERSION			1
#define CID_HASH_SHA256		0x12
#define CID_HEADER_LENGTH	4

void
cid_digest(const void *data, Size len, uint8 out[CID_DIGEST_LENGTH])
{
	digest_compute(DIGEST_SHA256, data, len, out);
}

void
cid_compute(int codec, const void *data, Size len, uint8 out[CID_LENGTH])
{
	out[0] = CID_VERSION;
	out[1] = (uint8) codec;
	out[2] = CID_HASH_SHA256;
	out[3] = CID_DIGEST_LENGTH;
	cid_digest(data, len, out + CID_HEADER_LENGTH);
}

void
cid_to_text(const uint8 cid[CID_LENGTH], char out[CID_TEXT_LENGTH + 1])
{
	out[0] = 'b';
	base32_encode(cid, CID_LENGTH, out + 1);
	out[CID_TEXT_LENGTH] = '\0';
}

char *
cid_any_to_text(const uint8 *cid, int len)
{
	int			ndigits = BASE32_ENCODED_LENGTH(len);
	char	   *text = palloc(ndigits + 2);

	text[0] = 'b';
	base32_encode(cid, len, text + 1);
	text[ndigits + 1] = '\0';
	return text;
}

bool
cid_read_varint(const uint8 **pos, const uint8 *end, uint64 *value)
{
	*value = 0;
	for (int shift = 0; shift < 63; shift += 7)
	{
		uint8		byte;

		if (*pos >= end)
			return false;
		byte = *(*pos)++;
		*value |= (uint64) (byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return byte != 0 || shift == 0;
	}
	return false;
}

bool
cid_is_valid(const uint8 *cid, int len)
{
	const uint8 *pos = cid;
	const uint8 *end = cid + len;
	uint64		version;
	uint64		codec;
	uint64		hash;
	uint64		digest_length;

	return cid_read_varint(&pos, end, &version) && version == CID_VERSION &&
		cid_read_varint(&pos, end, &codec) &&
		cid_read_varint(&pos, end, &hash) &&
		cid_read_varint(&pos, end, &digest_length) &&
		digest_length == (uint64) (end - pos) &&
		(hash != CID_HASH_SHA256 || digest_length == CID_DIGEST_LENGTH);
}

bool
cid_is_blessed(const uint8 *cid, int len)
{
	return len == CID_LENGTH && cid[0] == CID_VERSION &&
		(cid[1] == CID_CODEC_DAG_CBOR || cid[1] == CID_CODEC_RAW) &&
		cid[2] == CID_HASH_SHA256 && cid[3] == CID_DIGEST_LENGTH;
}

bool
cid_is_raw(const uint8 *cid, int len)
{
	return len == CID_LENGTH && cid[1] == CID_CODEC_RAW &&
		cid[2] == CID_HASH_SHA256;
}

int
cid_from_text(const char *str, int len, uint8 out[CID_MAX])
{
	int			nbytes;

	if (len < 2 || len > CID_TEXT_MAX || str[0] != 'b')
		return 0;
	nbytes = BASE32_DECODED_LENGTH(len - 1);
	if (!base32_decode(str + 1, len - 1, out) || !cid_is_valid(out, nbytes))
		return 0;
	return nbytes;
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(blob_cid);

/* blob_cid(bytea) -> text */
Datum
blob_cid(PG_FUNCTION_ARGS)
{
	bytea	   *data = PG_GETARG_BYTEA_PP(0);
	uint8		cid[CID_LENGTH];
	char		text[CID_TEXT_LENGTH + 1];

	cid_compute(CID_CODEC_RAW, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data), cid);
	cid_to_text(cid, text);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text, CID_TEXT_LENGTH));
}
