/*
 * c8ql/search_impl.h
 *		What search.c and lookup.c share: a search as its leaves.
 */
#ifndef C8QL_SEARCH_IMPL_H
#define C8QL_SEARCH_IMPL_H

#include "c8ql/handle.h"
#include "c8ql/search.h"

typedef struct Leaf
{
	const Path *path;
	ExprCode   *code;			/* of a planned leaf */
	bool		walk;			/* its value may be an object to be walked */
	JsonbValue	value;
} Leaf;

struct Search
{
	const Collection *collection;
	int			nplanned;
	Leaf	   *planned;		/* from an object literal */
	ExprCode   *object;			/* or a parameter that is an object, */
	const char *parameter;		/* its name, */
	const char *source;			/* and the place where it stands */
	int			location;
	ExprCode   *filter;			/* or a filter, and its CURRENT */
	ExprOwner	owner;
	int			current;
	uint32		filter_hash;

	Handles		known;
	bool		warned;			/* that it names _rev */

	/* of this row */
	bool		verify;			/* check what SQL finds, come what may */
	int			nleaves;
	int			space;
	Leaf	   *leaves;
};

/* Is the path this attribute of the system? */
extern bool path_is_system(const Path *path, const char *name);

/* Adds the leaves of an object, which stands at the path (NULL: at the top). */
extern void search_walk_object(Search *search, const Path *path,
							   const JsonbValue *object);

#endif							/* C8QL_SEARCH_IMPL_H */
