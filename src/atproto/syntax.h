/*
 * syntax.h
 *		The syntax of AT Protocol identifiers and of the other string formats
 *		of Lexicon.
 *
 * Pure, and free of the backend's memory management.  All functions take len
 * bytes at str, not terminated, in any server encoding (they know ASCII
 * only), and never error.
 */
#ifndef UPSERT_ATPROTO_SYNTAX_H
#define UPSERT_ATPROTO_SYNTAX_H

typedef bool (*SyntaxCheck) (const char *str, int len);

/*
 * The check of a Lexicon string format by its name ("tid", "record-key",
 * "nsid", "did", "handle", "at-identifier", "at-uri", "datetime", "cid",
 * "language", "uri"), or NULL if there is no such format.
 */
extern SyntaxCheck syntax_lookup(const char *name, int len);

extern bool syntax_is_record_key(const char *str, int len);
extern bool syntax_is_nsid(const char *str, int len);
extern bool syntax_is_did(const char *str, int len);
extern bool syntax_is_handle(const char *str, int len);
extern bool syntax_is_at_identifier(const char *str, int len);
extern bool syntax_is_cid(const char *str, int len);

/* syntax_uri.c */
extern bool syntax_is_uri(const char *str, int len);

/* syntax_datetime.c */
extern bool syntax_is_datetime(const char *str, int len);

/* syntax_language.c */
extern bool syntax_is_language(const char *str, int len);

/*
 * A piece of a string.  str is NULL where an optional part is missing.
 */
typedef struct SyntaxPart
{
	const char *str;
	int			len;
} SyntaxPart;

/* at://authority[/collection[/rkey]] */
typedef struct AtUri
{
	SyntaxPart	authority;		/* a DID or a handle */
	SyntaxPart	collection;		/* an NSID */
	SyntaxPart	rkey;
} AtUri;

/* The longest AT URI, in bytes */
#define AT_URI_MAX			8192

/*
 * Splits an AT URI in the restricted form of Lexicon (no query, no fragment,
 * no trailing slash).  The parts point into str.  False if it is none.
 */
extern bool at_uri_split(const char *str, int len, AtUri *uri);
extern bool syntax_is_at_uri(const char *str, int len);

/*
 * The AT URI of a record, palloc'd, a text as well (base/namedtext.h); the parts
 * are not checked.
 */
extern char *at_uri_join(const char *authority, const char *collection,
						 const char *rkey);

#endif							/* UPSERT_ATPROTO_SYNTAX_H */
