/*
 * base32.c
 *		RFC 4648 base 32, lower case, without padding.
 *
 * Five bytes are eight digits; the bits run through an accumulator:
 *
 *		bytes   |aaaaaaaa|bbbbbbbb|cccccccc| ...
 *		digits  |aaaaa|aaabb|bbbbb|bcccc|cccc0|
 *
 * Decoding accepts exactly what encoding produces, so that a CID has one
 * spelling only.  Not to be confused with the digits of a TID, which are
 * another alphabet and a number rather than bytes.
 */
#include "postgres.h"

#include "port/pg_bswap.h"

#include "atproto/base32.h"

static const char base32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";

static int	base32_digit_value(char c);
static void encode_group(uint64 group, char *dst);

/* The value of a digit, or -1 if c is none. */
static int
base32_digit_value(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

/*
 * Five bytes as eight digits.  The 40 bits are cut in half three times, so that
 * each byte of a word has five of them, most significant first; then all eight
 * become letters, and those from 26 on digits instead.
 */
static void
encode_group(uint64 group, char *dst)
{
	const uint64 ones = UINT64CONST(0x0101010101010101);
	uint64		x = (group & UINT64CONST(0xfffff00000)) << 12 | (group & 0xfffff);
	uint64		is_digit;

	x = (x & UINT64CONST(0x000ffc00000ffc00)) << 6 | (x & UINT64CONST(0x000003ff000003ff));
	x = (x & UINT64CONST(0x03e003e003e003e0)) << 3 | (x & UINT64CONST(0x001f001f001f001f));
	is_digit = (x + ones * (0x80 - 26)) >> 7 & ones;
	x += ones * 'a' - is_digit * ('a' + 26 - '2');
	x = pg_hton64(x);
	memcpy(dst, &x, sizeof(x));
}

void
base32_encode(const uint8 *src, int len, char *dst)
{
	uint32		bits = 0;
	int			nbits = 0;

	for (; len >= 5; len -= 5, src += 5, dst += 8)
		encode_group((uint64) src[0] << 32 | (uint64) src[1] << 24 |
					 (uint64) src[2] << 16 | (uint64) src[3] << 8 | src[4],
					 dst);
	for (int i = 0; i < len; i++)
	{
		bits = (bits << 8) | src[i];
		nbits += 8;
		while (nbits >= 5)
		{
			nbits -= 5;
			*dst++ = base32_digits[(bits >> nbits) & 0x1f];
		}
	}
	if (nbits > 0)
		*dst = base32_digits[(bits << (5 - nbits)) & 0x1f];
}

bool
base32_decode(const char *src, int len, uint8 *dst)
{
	uint32		bits = 0;
	int			nbits = 0;

	for (int i = 0; i < len; i++)
	{
		int			value = base32_digit_value(src[i]);

		if (value < 0)
			return false;
		bits = (bits << 5) | (uint32) value;
		nbits += 5;
		if (nbits >= 8)
		{
			nbits -= 8;
			*dst++ = (uint8) (bits >> nbits);
		}
	}

	/* a whole digit left over belongs to no byte; bits left over are zero */
	return nbits < 5 && (bits & ((1U << nbits) - 1)) == 0;
}
