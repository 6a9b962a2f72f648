/*
 * strmatch.h
 *		Lua's patterns, matched with a budget.
 *
 * Raises Lua errors for malformed patterns, when matching comes to the place,
 * and UP009 (see bounds.h).
 */
#ifndef UPSERT_LUA_STRMATCH_H
#define UPSERT_LUA_STRMATCH_H

#include <lua.h>

/* Captures that a pattern may have */
#define MATCH_CAPTURES	32

/* Lengths that are none */
#define CAPTURE_OPEN		(-1)
#define CAPTURE_POSITION	(-2)

typedef struct MatchFrame
{
	int			kind;
	const char *s;				/* in the subject */
	const char *p;				/* in the pattern */
	union
	{
		size_t		count;		/* characters that may be given back */
		const char *ep;			/* end of the single item at p */
		int			capture;
	}			u;
} MatchFrame;

/*
 * A match under way, or done.  Frames that do not fit into first[] are
 * userdata: while a match is under way it needs stack slot frames_slot,
 * which its user reserves (with anything in it).
 */
typedef struct Match
{
	lua_State  *L;
	const char *src;
	const char *src_end;
	const char *pat_end;
	int			ncaptures;
	struct
	{
		const char *start;
		ptrdiff_t	len;
	}			capture[MATCH_CAPTURES];

	uint64		cost;			/* not yet charged */
	int			frames_slot;
	MatchFrame *frames;
	size_t		nframes;
	size_t		maxframes;
	MatchFrame	first[32];
} Match;

/* Subject and pattern end with a zero byte behind their length. */
extern void match_init(Match *m, lua_State *L, int frames_slot,
					   const char *src, size_t srclen,
					   const char *pat, size_t patlen);

/*
 * Matches the pattern, from p on, at s; answers the end of the match, or NULL.
 * The captures are in m until the next call.  A match keeps no state between
 * calls.
 */
extern const char *match_at(Match *m, const char *s, const char *p);

/* After the last match: charges what is not yet charged. */
extern void match_settle(Match *m);

/*
 * Pushes capture i (from 0); the whole match s to e stands for the first of a
 * pattern without captures.  match_capture() answers its length, or
 * CAPTURE_POSITION, having pushed the position.
 */
extern void match_push_capture(Match *m, int i, const char *s, const char *e);
extern ptrdiff_t match_capture(Match *m, int i, const char *s, const char *e,
							   const char **start);

/*
 * Pushes all captures, or the whole match where there are none and s is not
 * NULL; answers how many.
 */
extern int	match_push_captures(Match *m, const char *s, const char *e);

#endif							/* UPSERT_LUA_STRMATCH_H */
