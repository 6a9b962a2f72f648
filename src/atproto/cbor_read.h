/*
 * cbor_read.h
 *		Reading DAG-CBOR head by head, for those who know what they expect.
 */
#ifndef UPSERT_ATPROTO_CBOR_READ_H
#define UPSERT_ATPROTO_CBOR_READ_H

#include "atproto/cbor.h"
#include "compat.h"

/* Bytes being read; start it with data = pos */
typedef struct CborReader
{
	const uint8 *data;
	const uint8 *pos;
	const uint8 *end;
	bool		lenient;		/* heads of floating-point numbers are read,
								 * too */
} CborReader;

/* A head, with where it began for error messages */
typedef struct CborHead
{
	const uint8 *start;
	CborMajor	major;
	uint64		argument;		/* of a float its bits */
	bool		is_float;		/* lenient only: major is CBOR_SIMPLE */
} CborHead;

/* Raises UP006 for what stands at "where". */
pg_noreturn extern void cbor_refuse(const CborReader *reader, const uint8 *where,
									const char *message);

/*
 * Reads the head of the next item, in its shortest form and definite.  Error:
 * UP006, as from all below.
 */
extern CborHead cbor_read_head(CborReader *reader);

/* The same, of the kind that is expected; else an error with the message. */
extern CborHead cbor_expect(CborReader *reader, CborMajor major,
							const char *message);

/* The bytes behind the head of a string; moves on behind them. */
extern const uint8 *cbor_read_bytes(CborReader *reader, const CborHead *head);

/*
 * The binary CID of a link, behind the head of its tag, and its length; moves
 * on behind it.
 */
extern const uint8 *cbor_read_link(CborReader *reader, const CborHead *tag,
								   int *len);

/* Reads a map key, which must be this one. */
extern void cbor_read_key(CborReader *reader, const char *key);

#endif							/* UPSERT_ATPROTO_CBOR_READ_H */
