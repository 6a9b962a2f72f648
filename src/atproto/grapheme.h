/*
 * grapheme.h
 *		Counting grapheme clusters, "what a user thinks of as a character".
 */
#ifndef UPSERT_ATPROTO_GRAPHEME_H
#define UPSERT_ATPROTO_GRAPHEME_H

/*
 * The number of extended grapheme clusters (UAX #29) in len bytes of valid
 * UTF-8.  Pure; never errors.
 */
extern int	grapheme_count(const char *str, int len);

#endif							/* UPSERT_ATPROTO_GRAPHEME_H */
