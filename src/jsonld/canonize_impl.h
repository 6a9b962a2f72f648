/*
 * canonize_impl.h
 *		Between canonize.c (the dataset, first degree hashes) and ndegree.c
 *		(Hash N-Degree Quads).
 */
#ifndef UPSERT_JSONLD_CANONIZE_IMPL_H
#define UPSERT_JSONLD_CANONIZE_IMPL_H

#include "jsonld/canonize.h"

/* subject, object, graph name */
#define COMPONENTS			3

#define HASH_MAX_LENGTH		(2 * DIGEST_MAX_LENGTH) /* in hexadecimal */

typedef struct CanonQuad
{
	char	   *text;			/* the statement without its blank nodes */
	int			len;
	int			cut[COMPONENTS];	/* where they go */
	int			blank[COMPONENTS];	/* their numbers, or -1 */
	JldStr		predicate;
} CanonQuad;

typedef struct CanonBlank
{
	JldStr		label;			/* as it came, with "_:" */
	int			mentions;		/* first of its quads in state->mentions */
	int			nmentions;
	int			canonical;		/* number of its canonical label, or -1 */
	char		hash[HASH_MAX_LENGTH];	/* first degree */
} CanonBlank;

struct CanonState
{
	JldProcessor *proc;
	DigestKind	kind;
	int			hash_length;	/* of a hash in hexadecimal */
	CanonQuad  *quads;
	int			nquads;
	CanonBlank *blanks;
	int			nblanks;
	int		   *mentions;		/* quad numbers, grouped by blank node */
	int			issued;			/* canonical labels so far */
	int64		work;			/* steps of N-degree so far */
	int64		max_work;
};

/*
 * An identifier issuer: blank nodes in the order in which they got their
 * temporary labels, and an index by open addressing once there are many.
 */
#define ISSUER_LINEAR_MAX	8

typedef struct Issuer
{
	MemoryContext mcxt;			/* where it grows */
	int			n;
	int			cap;
	int		   *order;
	int			slots;			/* a power of two; 0: none */
	int		   *index;			/* place in order + 1 */
} Issuer;

/* An issuer that has issued its first label to blank. */
extern Issuer *issuer_create(int blank);

/*
 * Hash N-Degree Quads: writes the hash of blank and answers what became of
 * issuer, which is used up: itself, or another one in keep.
 */
extern Issuer *canon_n_degree(CanonState *state, int blank, Issuer *issuer,
							  MemoryContext keep, char *hash);

/* The hash of a text as hexadecimal digits, without a terminating zero. */
extern void canon_hash(CanonState *state, const char *text, int len, char *hash);

/* "_:c14nN", in buf, which holds 32 bytes */
static inline JldStr
canon_label(char *buf, int number)
{
	return (JldStr) {buf, sprintf(buf, "_:c14n%d", number)};
}

#endif							/* UPSERT_JSONLD_CANONIZE_IMPL_H */
