/*
 * cid.h
 *		Content identifiers (CIDs), version 1.
 */
#ifndef UPSERT_ATPROTO_CID_H
#define UPSERT_ATPROTO_CID_H

/* What the hashed bytes are */
#define CID_CODEC_RAW		0x55
#define CID_CODEC_DAG_CBOR	0x71

/* Bytes of a SHA-256 digest */
#define CID_DIGEST_LENGTH	32

/* A CID that we make: version, codec, hash function, length, SHA-256 */
#define CID_LENGTH			36
#define CID_TEXT_LENGTH		59

/* The longest that we read: 2048 characters */
#define CID_TEXT_MAX		2048
#define CID_MAX				1279

/* Writes the SHA-256 digest of len bytes of data to out. */
extern void cid_digest(const void *data, Size len,
					   uint8 out[CID_DIGEST_LENGTH]);

/*
 * Writes the CID of len bytes of data to out.  The codec is one of the two
 * above.
 */
extern void cid_compute(int codec, const void *data, Size len,
						uint8 out[CID_LENGTH]);

/* Writes the text of a CID that we made, with a terminating zero. */
extern void cid_to_text(const uint8 cid[CID_LENGTH],
						char out[CID_TEXT_LENGTH + 1]);

/* The text of any CID that cid_is_valid() accepts; palloc'd. */
extern char *cid_any_to_text(const uint8 *cid, int len);

/*
 * Is this the binary form of a version 1 CID, whatever its codec and hash
 * function?
 */
extern bool cid_is_valid(const uint8 *cid, int len);

/* Is this valid CID one of raw bytes, as blobs have it (0x55, SHA-256)? */
extern bool cid_is_raw(const uint8 *cid, int len);

/*
 * Does the protocol make such CIDs: version 1, DAG-CBOR or raw, SHA-256?  The
 * bytes need not be a valid CID.
 */
extern bool cid_is_blessed(const uint8 *cid, int len);

/*
 * Reads one unsigned varint and moves *pos behind it.  False if it is cut
 * off, longer than 63 bits, or has a needless last byte.
 */
extern bool cid_read_varint(const uint8 **pos, const uint8 *end,
							uint64 *value);

/*
 * Reads the text of a CID: version 1 in lower-case base 32.  Writes its
 * binary form to out and returns the length, or 0 if it is none.
 */
extern int	cid_from_text(const char *str, int len, uint8 out[CID_MAX]);

#endif							/* UPSERT_ATPROTO_CID_H */
