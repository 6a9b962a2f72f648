/*
 * shape.h
 *		What the keys of a flat node mean.  Private to flat.c.
 */
#ifndef UPSERT_LEDGER_SHAPE_H
#define UPSERT_LEDGER_SHAPE_H

#include "jsonb/build.h"
#include "jsonld/context.h"

typedef struct Property
{
	int			member;			/* number in the source */
	JldStr		source;			/* key there */
	JldStr		name;			/* key in the image */
	TermDefinition *def;		/* NULL: none */
	bool		plain;			/* a string is a literal, in this language */
	JldStr		language;
} Property;

typedef struct Shape
{
	ActiveContext *ctx;
	const JsonbContainer *like;
	uint32		key_bytes;		/* of all keys together */
	bool		local;			/* one of them is @context: ctx is what it
								 * says */
	bool		flat;
	int			used;			/* by nodes that are being read */
	int			id;				/* member number of @id; -1: it has none */
	JldStr		id_source;
	int			nprops;			/* without @id */
	Property   *props;			/* in the order of jsonb */
	int		   *by_name;		/* in the order of code points */
	int			id_place;		/* number of props before @id */
	Jsonb	   *all;			/* an image that has all props: its keys are
								 * the next one's; NULL: none yet */
} Shape;

typedef struct Shapes Shapes;

/* For the nodes of one document; lives in the current memory context. */
extern Shapes *shapes_begin(JldProcessor *proc);

/*
 * The shape of an object that stands in this context, with what its own @context
 * adds; valid as long as it is used, and until the next one is asked for.  NULL:
 * there are too many that are used.
 *
 * Errors: UP008 for an undefined prefix, and those of contexts.
 */
extern Shape *shape_find(Shapes *shapes, ActiveContext *ctx,
						 JsonbContainer *object);

static inline JldStr
shape_str(const DocItem *item)
{
	return (JldStr) {item->data, item->len};
}

#endif							/* UPSERT_LEDGER_SHAPE_H */
