/*
 * base32.h
 *		RFC 4648 base 32, lower case, without padding, as CIDs are written.
 *
 * Pure, and free of the backend's memory management: callers give buffers.
 */
#ifndef UPSERT_ATPROTO_BASE32_H
#define UPSERT_ATPROTO_BASE32_H

/* Digits that len bytes take */
#define BASE32_ENCODED_LENGTH(len)	(((len) * 8 + 4) / 5)

/* Bytes that len digits hold */
#define BASE32_DECODED_LENGTH(len)	((len) * 5 / 8)

/*
 * Writes the BASE32_ENCODED_LENGTH(len) digits of src to dst, without a
 * terminating zero.
 */
extern void base32_encode(const uint8 *src, int len, char *dst);

/*
 * Writes the BASE32_DECODED_LENGTH(len) bytes of the digits at src to dst.
 * False, with dst undefined, if a character is no digit, or the length or the
 * unused bits of the last digit are not those of any encoding.
 */
extern bool base32_decode(const char *src, int len, uint8 *dst);

#endif							/* UPSERT_ATPROTO_BASE32_H */
