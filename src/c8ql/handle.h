/*
 * c8ql/handle.h
 *		Columns and indexed expressions that stand for attributes of documents.
 */
#ifndef C8QL_HANDLE_H
#define C8QL_HANDLE_H

#include "catalog/collection.h"

/* handles of a collection that are made use of */
#define MAX_HANDLES 16

/* An attribute: of the document, or of an object in it. */
typedef struct Path
{
	int			depth;
	const char *names[FLEXIBLE_ARRAY_MEMBER];
} Path;

/* The path (NULL: the document) and one name more; palloc'd, with a copy. */
extern Path *path_extend(const Path *path, const char *name);
extern bool path_same(const Path *a, const Path *b);

typedef struct Handle
{
	const Path *path;
	char	   *sql;			/* column or index expression */
	bool		text;			/* gives text and not jsonb */
	bool		ordered;		/* its index is a btree */
	bool		c_order;		/* ... in order of code points */
	char	   *index;			/* the index's name */
	bool		unique;			/* ... on just this, and unique */
} Handle;

typedef struct Handles
{
	int			count;
	Handle		items[MAX_HANDLES];
	char	   *gin;			/* name of a GIN index on the document */
} Handles;

/* Those of a collection, in the current memory context. */
extern void handles_find(const Collection *collection, Handles *handles);

#endif							/* C8QL_HANDLE_H */
