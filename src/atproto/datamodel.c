/*
 * datamodel.c
 *		The rules for objects of the AT Protocol data model.
 *
 * "$type", where there is one, is a non-empty string.  If it is "blob", the
 * object is a reference to a file and has exactly these pairs:
 *
 *		$type		"blob"
 *		ref			a link to raw bytes
 *		mimeType	a string with a slash
 *		size		an integer from 0
 *
 * Encoder and decoder go through an object pair by pair, so the rules are a
 * notepad (AtObject) that is filled on the way and read at the end.  Unknown
 * keys that start with "$" are left alone, as the protocol demands.
 */
#include "postgres.h"

#include "atproto/datamodel.h"
#include "compat.h"

#define BLOB_PAIRS	4

static inline bool key_is(const char *key, int keylen, const char *name);
static bool small_integer(Numeric num, int64 *value);

static inline bool
key_is(const char *key, int keylen, const char *name)
{
	return keylen == strlen(name) && memcmp(key, name, keylen) == 0;
}

/*
 * Integers below 10^16, from the form that numerics have on disk and in
 * jsonb: one word, and digits of base 10000 without zeros at the end.
 *
 *		1 0 s d d d d d d w w w w w w w		digit  digit  ...
 *
 * s is the sign, d how many decimals are shown, w the weight of the first digit,
 * as a number with a sign.  False if it is another form, or another number.
 */
static bool
small_integer(Numeric num, int64 *value)
{
	const uint16 *form = (const uint16 *) VARDATA(num);
	const int16 *digits = (const int16 *) (form + 1);
	int			ndigits = (int) (VARSIZE(num) - VARHDRSZ) / sizeof(int16) - 1;
	int			weight = form[0] & 0x7f;

	*value = 0;
	if (!VARATT_IS_4B_U(num) || (form[0] & 0xc000) != 0x8000)
		return false;
	if (ndigits == 0)
		return true;
	/* what is below zero has a greater "weight" here */
	if (weight > 3 || ndigits > weight + 1)
		return false;
	for (int i = 0; i <= weight; i++)
		*value = *value * 10000 + (i < ndigits ? digits[i] : 0);
	if (form[0] & 0x2000)
		*value = -*value;
	return true;
}

AtNumber
at_numeric_to_int64(Numeric num, int64 *value)
{
	char	   *digits;
	char	   *end;
	AtNumber	result = AT_NUMBER_INTEGER;

	if (small_integer(num, value))
		return AT_NUMBER_INTEGER;
	if (numeric_is_nan(num) || numeric_is_inf(num))
		return AT_NUMBER_OUT_OF_RANGE;

	/* without trailing zeros, so that any point left is a fraction's */
	digits = numeric_normalize(num);
	errno = 0;
	*value = strtoi64(digits, &end, 10);
	if (*end == '.')
		result = AT_NUMBER_FRACTION;
	else if (errno != 0)
		result = AT_NUMBER_OUT_OF_RANGE;
	pfree(digits);
	return result;
}

void
at_object_begin(AtObject *object)
{
	memset(object, 0, sizeof(AtObject));
}

void
at_object_pair(AtObject *object, const char *key, int keylen,
			   const AtValue *value)
{
	object->npairs++;
	if (key_is(key, keylen, "$type"))
	{
		object->bad_type = value->kind != AT_KIND_STRING || value->len == 0;
		object->is_blob = value->kind == AT_KIND_STRING &&
			key_is(value->str, value->len, "blob");
	}
	else if (key_is(key, keylen, "ref"))
		object->has_ref = value->kind == AT_KIND_LINK && value->raw;
	else if (key_is(key, keylen, "mimeType"))
		object->has_mime_type = value->kind == AT_KIND_STRING &&
			memchr(value->str, '/', value->len) != NULL;
	else if (key_is(key, keylen, "size"))
		object->has_size = value->kind == AT_KIND_INTEGER && value->integer >= 0;
}

const char *
at_object_fault(const AtObject *object)
{
	if (object->bad_type)
		return gettext_noop("\"$type\" must be a non-empty string");
	if (!object->is_blob)
		return NULL;
	if (!object->has_ref)
		return gettext_noop("the \"ref\" of a blob must be a link to raw bytes");
	if (!object->has_mime_type)
		return gettext_noop("the \"mimeType\" of a blob must be a string with a slash");
	if (!object->has_size)
		return gettext_noop("the \"size\" of a blob must be an integer from 0");
	if (object->npairs != BLOB_PAIRS)
		return gettext_noop("a blob must have no keys other than \"$type\", \"ref\", \"mimeType\" and \"size\"");
	return NULL;
}
