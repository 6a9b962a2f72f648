/*
 * datamodel.h
 *		The rules for objects of the AT Protocol data model that hold in JSON
 *		and CBOR alike, and in any schema.
 */
#ifndef UPSERT_ATPROTO_DATAMODEL_H
#define UPSERT_ATPROTO_DATAMODEL_H

#include "utils/numeric.h"

/* What a JSON number is to the data model */
typedef enum AtNumber
{
	AT_NUMBER_INTEGER,			/* also 123.0 */
	AT_NUMBER_FRACTION,
	AT_NUMBER_OUT_OF_RANGE		/* more than 64 bits, or infinite */
} AtNumber;

/* Classifies a number; if it is AT_NUMBER_INTEGER, *value is its value. */
extern AtNumber at_numeric_to_int64(Numeric num, int64 *value);

/* The kinds of values that the rules tell apart */
typedef enum AtKind
{
	AT_KIND_INTEGER,
	AT_KIND_STRING,
	AT_KIND_LINK,
	AT_KIND_BYTES,
	AT_KIND_OTHER				/* null, boolean, array, object */
} AtKind;

/* A value as far as the rules look at it */
typedef struct AtValue
{
	AtKind		kind;
	int64		integer;		/* AT_KIND_INTEGER */
	bool		raw;			/* AT_KIND_LINK: to raw bytes */
	const char *str;			/* AT_KIND_STRING: not terminated */
	int			len;
} AtValue;

/* What we have seen of one object */
typedef struct AtObject
{
	bool		is_blob;		/* "$type" is "blob" */
	bool		has_ref;		/* "ref" is a link to raw bytes */
	bool		has_mime_type;	/* "mimeType" is a string with a slash */
	bool		has_size;		/* "size" is an integer from 0 */
	int			npairs;
	bool		bad_type;		/* "$type" is no non-empty string */
} AtObject;

/* Starts an object; takes notes of one pair of it. */
extern void at_object_begin(AtObject *object);
extern void at_object_pair(AtObject *object, const char *key, int keylen,
						   const AtValue *value);

/*
 * After the last pair: NULL if the object keeps the rules, else what is wrong
 * with it, a constant string.
 */
extern const char *at_object_fault(const AtObject *object);

#endif							/* UPSERT_ATPROTO_DATAMODEL_H */
