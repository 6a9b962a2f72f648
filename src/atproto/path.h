/*
 * path.h
 *		Where in a JSON document we are, for error messages.
 *
 * Each level of a recursive walk puts one step on its own stack; nothing is
 * allocated unless a message is written.
 */
#ifndef UPSERT_ATPROTO_PATH_H
#define UPSERT_ATPROTO_PATH_H

typedef struct AtPath
{
	const struct AtPath *parent;	/* NULL below the document itself */
	const char *key;			/* in an object: the key, not terminated ... */
	int			keylen;
	int			index;			/* in an array (key is NULL): from 0 */
} AtPath;

/*
 * The path as text, in the notation of SQL/JSON paths: $.embed."a key"[0].
 * NULL is the document itself, "$".  Of a long path the outermost steps are
 * shown.  palloc'd.
 */
extern char *at_path_text(const AtPath *path);

#endif							/* UPSERT_ATPROTO_PATH_H */
