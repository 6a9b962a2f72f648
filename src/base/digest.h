/*
 * digest.h
 *		Cryptographic hashes of bytes.
 */
#ifndef UPSERT_DIGEST_H
#define UPSERT_DIGEST_H

typedef enum DigestKind
{
	DIGEST_SHA256,				/* first: the default of who lets one choose */
	DIGEST_SHA384,
	DIGEST_SHA512,
	DIGEST_SHA1,
	DIGEST_MD5
} DigestKind;

#define DIGEST_SHA256_LENGTH	32
#define DIGEST_MAX_LENGTH		64

/* how many bytes a digest of this kind has */
extern int	digest_length(DigestKind kind);

/*
 * Writes the digest of len bytes of data to out; in parts: begin, update as
 * often as need be, end.  Between begin and end no other digest of this kind
 * may be made.
 */
extern void digest_compute(DigestKind kind, const void *data, Size len, uint8 *out);
extern void digest_begin(DigestKind kind);
extern void digest_update(DigestKind kind, const void *data, Size len);
extern void digest_end(DigestKind kind, uint8 *out);

#endif							/* UPSERT_DIGEST_H */
