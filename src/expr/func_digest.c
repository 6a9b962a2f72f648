/*
 * func_digest.c
 *		Functions that encode bytes, digest them, or make them up: hexadecimal,
 *		base64, percent-encoding, MD5 and the SHA family, UUIDs and tokens.
 *
 * Digests and encodings work on the bytes of the string form in the
 * database's encoding (UTF-8 as a rule) and answer lower-case hexadecimal.
 * Everything random comes from pg_strong_random().
 */
#include "postgres.h"

#include "common/base64.h"
#include "port/pg_crc32c.h"

#include "base/digest.h"
#include "expr/func_util.h"

/* the longest RANDOM_TOKEN */
#define MAX_TOKEN_LENGTH	65536

static const char hex_digits[] = "0123456789abcdef";

static void
return_hex(const uint8 *bytes, int len, JsonbValue *result)
{
	char	   *hex = (char *) palloc(2 * len + 1);

	for (int i = 0; i < len; i++)
	{
		hex[2 * i] = hex_digits[bytes[i] >> 4];
		hex[2 * i + 1] = hex_digits[bytes[i] & 0x0F];
	}
	value_set_string(result, hex, 2 * len);
}

static void
digest(ExprCall *call, DigestKind kind, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	uint8		bytes[DIGEST_MAX_LENGTH];

	digest_compute(kind, text.data, text.len, bytes);
	return_hex(bytes, digest_length(kind), result);
}

static void
fn_md5(ExprCall *call, JsonbValue *result)
{
	digest(call, DIGEST_MD5, result);
}

static void
fn_sha1(ExprCall *call, JsonbValue *result)
{
	digest(call, DIGEST_SHA1, result);
}

static void
fn_sha256(ExprCall *call, JsonbValue *result)
{
	digest(call, DIGEST_SHA256, result);
}

static void
fn_sha512(ExprCall *call, JsonbValue *result)
{
	digest(call, DIGEST_SHA512, result);
}

/* ----------
 * check sums and hashes
 * ----------
 */

/* CRC32: the Castagnoli polynomial, in hexadecimal without leading zeros */
static void
fn_crc32(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	pg_crc32c	crc;
	char	   *hex;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, text.data, text.len);
	FIN_CRC32C(crc);
	hex = psprintf("%X", crc);
	value_set_string(result, hex, strlen(hex));
}

/* FNV64: FNV-1a of 64 bits, likewise */
static void
fn_fnv64(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	uint64		hash = UINT64CONST(0xcbf29ce484222325);
	char	   *hex;

	for (int i = 0; i < text.len; i++)
	{
		hash ^= (unsigned char) text.data[i];
		hash *= UINT64CONST(0x100000001b3);
	}
	hex = psprintf("%llX", (unsigned long long) hash);
	value_set_string(result, hex, strlen(hex));
}

/* HASH: a number, the same for equal values; for this session's use only */
static void
fn_hash(ExprCall *call, JsonbValue *result)
{
	value_set_int64(result, value_hash(&call->args[0]));
}

/* ----------
 * encodings
 * ----------
 */
static void
fn_to_hex(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);

	return_hex((const uint8 *) text.data, text.len, result);
}

static void
fn_to_base64(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	int			size = pg_b64_enc_len(text.len);
	char	   *base64 = (char *) palloc(size + 1);

	size = pg_b64_encode((const void *) text.data, text.len, base64, size);
	if (size < 0)
		elog(ERROR, "base64 buffer is too small");
	value_set_string(result, base64, size);
}

/* ENCODE_URI_COMPONENT: all but letters, digits and - _ . ! ~ * ' ( ) */
static void
fn_encode_uri_component(ExprCall *call, JsonbValue *result)
{
	FuncText	text = func_text(&call->args[0]);
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < text.len; i++)
	{
		unsigned char c = (unsigned char) text.data[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') ||
			(c != '\0' && strchr("-_.!~*'()", c) != NULL))
			appendStringInfoChar(&buf, c);
		else
			appendStringInfo(&buf, "%%%02X", c);
	}
	func_return_buffer(result, &buf);
}

/* ----------
 * chance
 * ----------
 */
static void
strong_random(void *bytes, int len)
{
	if (!pg_strong_random(bytes, len))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
}

/* UUID: version 4, RFC 4122 */
static void
fn_uuid(ExprCall *call, JsonbValue *result)
{
	uint8		b[16];
	char	   *uuid;

	strong_random(b, sizeof(b));
	b[6] = (b[6] & 0x0F) | 0x40;
	b[8] = (b[8] & 0x3F) | 0x80;
	uuid = psprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
					b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
					b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	value_set_string(result, uuid, strlen(uuid));
}

static void
fn_random_token(ExprCall *call, JsonbValue *result)
{
	static const char letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	int64		length = value_to_int64(&call->args[0]);
	char	   *token;

	if (length < 0 || length > MAX_TOKEN_LENGTH)
	{
		func_invalid_argument(call, result);
		return;
	}
	token = (char *) palloc(length + 1);
	for (int64 i = 0; i < length;)
	{
		uint8		bytes[64];

		strong_random(bytes, sizeof(bytes));
		/* 248 is 4 * 62: taking all 256 would favour the first letters */
		for (int j = 0; j < lengthof(bytes) && i < length; j++)
			if (bytes[j] < 248)
				token[i++] = letters[bytes[j] % 62];
	}
	value_set_string(result, token, length);
}

const ExprFunctionDef func_digest_table[] = {
	{"MD5", 1, 1, 0, fn_md5},
	{"SHA1", 1, 1, 0, fn_sha1},
	{"SHA256", 1, 1, 0, fn_sha256},
	{"SHA512", 1, 1, 0, fn_sha512},
	{"CRC32", 1, 1, 0, fn_crc32},
	{"FNV64", 1, 1, 0, fn_fnv64},
	{"HASH", 1, 1, 0, fn_hash},
	{"TO_HEX", 1, 1, 0, fn_to_hex},
	{"TO_BASE64", 1, 1, 0, fn_to_base64},
	{"ENCODE_URI_COMPONENT", 1, 1, 0, fn_encode_uri_component},
	{"UUID", 0, 0, EXPR_FN_VOLATILE, fn_uuid},
	{"RANDOM_TOKEN", 1, 1, EXPR_FN_VOLATILE, fn_random_token},
	{NULL}
};
