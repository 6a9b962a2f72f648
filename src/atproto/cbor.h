/*
 * cbor.h
 *		DAG-CBOR, the canonical bytes of AT Protocol data (by now also called
 *		DRISL), to and from jsonb.
 *
 * Pure: knows no tables.
 */
#ifndef UPSERT_ATPROTO_CBOR_H
#define UPSERT_ATPROTO_CBOR_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

/* The major types of CBOR (RFC 8949, section 3.1) that we write */
typedef enum CborMajor
{
	CBOR_UNSIGNED = 0,
	CBOR_NEGATIVE = 1,
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
	CBOR_TAG = 6,
	CBOR_SIMPLE = 7
} CborMajor;

/* The one tag, and the simple values, of DAG-CBOR */
#define CBOR_LINK_TAG		42
#define CBOR_FALSE			20
#define CBOR_TRUE			21
#define CBOR_NULL			22

/* How deep arrays and objects may nest */
#define CBOR_MAX_DEPTH		500

/*
 * How many elements an array, and pairs a map, may have: what pushJsonbValue(),
 * which doubles its arrays as they fill, can take
 */
#define CBOR_MAX_ELEMENTS	(MaxAllocSize / sizeof(JsonbValue) / 2)
#define CBOR_MAX_PAIRS		(MaxAllocSize / sizeof(JsonbPair) / 2)

/*
 * Appends the head of a data item: its major type and its argument (value,
 * length or count) in the shortest form.
 */
extern void cbor_append_head(StringInfo out, CborMajor major, uint64 argument);

/* Appends a byte string. */
extern void cbor_append_bytes(StringInfo out, const void *data, int len);

/* Appends a link: tag 42 around the binary CID. */
extern void cbor_append_link(StringInfo out, const uint8 *cid, int len);

/*
 * Appends the DAG-CBOR of a document to out.  Checks the protocol's data
 * model on the way: integers of 64 bits only, {"$link"} and {"$bytes"} in
 * their exact forms, "$type" a non-empty string, blobs whole.
 *
 * Errors: UP006 with the path in DETAIL; UP009 if nested deeper than
 * CBOR_MAX_DEPTH; 22021 if the server's encoding has no UTF-8 for a string.
 */
extern void cbor_encode(Jsonb *doc, StringInfo out);

/* The same for a record, which must be an object; else UP006. */
extern void cbor_encode_record(Jsonb *record, StringInfo out);

/*
 * The same of any object at all: fractions are encoded as floating-point
 * numbers of 64 bits, and what only looks like a link, bytes or a blob is a
 * map.  For records that the network has though they break the data model.
 * Errors: UP006 for numbers beyond 64 bits, UP009 as above.
 */
extern void cbor_encode_leniently(Jsonb *object, StringInfo out);

/*
 * The document that len bytes of DAG-CBOR stand for; palloc'd.  Accepts what
 * cbor_encode() produces and nothing else, so encoding the result gives the
 * same bytes again.
 *
 * Errors: UP006 with the offset in DETAIL; UP009 as above, and for more than
 * CBOR_MAX_ELEMENTS or CBOR_MAX_PAIRS in one array or map; 22P05 if the
 * server's encoding lacks a character.
 */
extern Jsonb *cbor_decode(const uint8 *data, Size len);

/* The same for a record, which must be a map; else UP006. */
extern Jsonb *cbor_decode_record(const uint8 *data, Size len);

/*
 * Are the bytes one map of CBOR, whatever its strings and numbers?  Error:
 * UP006, UP009 as above.
 */
extern void cbor_check_leniently(const uint8 *data, Size len);

#endif							/* UPSERT_ATPROTO_CBOR_H */
