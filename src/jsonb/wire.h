/*
 * wire.h
 *		Documents as text, for other servers of the same kind.
 *
 *		WireOut out; wire_begin(&out, &text); wire_put_doc(&out, doc); ...
 *		WireIn in; wire_open(&in, text, len); doc = wire_take_doc(&in); ...
 *
 * What is put is taken in the same order and by the same names.
 */
#ifndef UPSERT_JSONB_WIRE_H
#define UPSERT_JSONB_WIRE_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "compat.h"

/* An object's keys, which were put once and have a number since. */
typedef struct WireShape
{
	const JsonbContainer *object;	/* the one that had them first */
	uint32		hash;
	uint32		key_bytes;
	int			number;
} WireShape;

#define WIRE_SHAPES 256

typedef struct WireOut
{
	StringInfo	text;
	int			nshapes;		/* put so far */
	WireShape	shapes[WIRE_SHAPES];	/* by hash, the last one of each place */
} WireOut;

typedef struct WireIn
{
	const char *start;
	const char *at;
	const char *end;
	int			nshapes;
	int			size;
	Jsonb	  **shapes;			/* arrays of keys */
	Size		last;			/* how large the last document was */
} WireIn;

/* What was put must stay where it is until the last one has been put. */
extern void wire_begin(WireOut *out, StringInfo text);

/* A number from 0 on. */
extern void wire_put_number(WireOut *out, int64 number);

/* NULL is something, too. */
extern void wire_put_string(WireOut *out, const char *string);
extern void wire_put_doc(WireOut *out, const Jsonb *doc);

/*
 * The text must be in the encoding of the database.  It may come from anybody:
 * what is no text of the above is error 22P02, and what is taken is valid.
 */
extern void wire_open(WireIn *in, const char *text, Size len);
extern bool wire_at_end(const WireIn *in);
extern int64 wire_take_number(WireIn *in);

/* In the current memory context, in which all shapes are kept, too. */
extern char *wire_take_string(WireIn *in);
extern Jsonb *wire_take_doc(WireIn *in);

/* What was taken last is none of what its taker can use: error 22P02. */
pg_noreturn extern void wire_malformed(const WireIn *in);

#endif							/* UPSERT_JSONB_WIRE_H */
