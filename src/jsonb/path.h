/*
 * path.h
 *		JSON Pointer (RFC 6901).  Private to src/doc.
 */
#ifndef UPSERT_DOC_PATH_H
#define UPSERT_DOC_PATH_H

#include "lib/stringinfo.h"

#include "jsonb/build.h"

/* A parsed pointer: its reference tokens, unescaped. */
typedef struct DocPath
{
	const char *text;			/* as given, NUL-terminated, for messages */
	int			ntokens;
	DocItem    *tokens;			/* strings */
} DocPath;

/* What an array index token may mean; see doc_path_index(). */
typedef enum DocIndex
{
	DOC_INDEX_OK,
	DOC_INDEX_END,				/* "-": the place after the last element */
	DOC_INDEX_TOO_LARGE,
	DOC_INDEX_MALFORMED
} DocIndex;

/*
 * Parse a pointer.  Returns false, and leaves *path with its text only, if it
 * is neither empty nor starts with "/", or has a "~" without 0 or 1 after it.
 */
extern bool doc_path_parse(DocPath *path, const char *s, int len);

/* Is a the pointer to a value that contains the one at b? */
extern bool doc_path_contains(const DocPath *a, const DocPath *b);

/*
 * Read a token as an index of an array: digits without leading zeros, or "-".
 * DOC_INDEX_OK fills in *index, which is <= limit; else DOC_INDEX_TOO_LARGE.
 */
extern DocIndex doc_path_index(const DocItem *token, uint32 limit,
							   uint32 *index);

/* Append "/" and the token, escaped, or "/" and the index. */
extern void doc_path_append_key(StringInfo path, const DocItem *key);
extern void doc_path_append_index(StringInfo path, uint32 index);

#endif							/* UPSERT_DOC_PATH_H */
