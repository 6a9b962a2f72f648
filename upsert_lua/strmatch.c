/*
 * strmatch.c
 *		Lua's patterns, matched with a budget.
 *
 * Owns the language of patterns, as the manual of Lua 5.4 has it (6.4.1).
 * Knows nothing of find or gsub, which are strlib.c.
 *
 * A pattern is read from left to right while the subject is; where there is a
 * choice, a frame says what else could be tried, and when something does not
 * fit the last frame is taken back:
 *
 *		pattern  (%a*)-%d?      subject  ab-x
 *		frames   OPEN  GREEDY ab|a|  CLOSE  OPTIONAL
 *
 * Patterns have no loops around more than one character, so there are never
 * more frames than items, and C does not recurse.  Every character looked at
 * costs; four are a step.  A pattern with n choices may take the n-th power of
 * the subject's length: that is what the budget is for.
 *
 * Letters are those of ASCII, whatever the locale.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>

#include "bounds.h"
#include "strmatch.h"

#define ESCAPE	'%'

/* What a frame does when it is taken back */
enum
{
	FRAME_GREEDY,				/* match one less, go on at p */
	FRAME_LAZY,					/* match one more of p, go on behind it */
	FRAME_OPTIONAL,				/* go on at p without it */
	FRAME_OPEN,					/* forget the last capture, go further back */
	FRAME_CLOSE					/* open the capture again, go further back */
};

/* Characters that are worth a step, and how many are charged at once */
#define COST_OF_STEP	4
#define COST_AT_ONCE	1024

static inline void
spend(Match *m, uint64 cost)
{
	m->cost += cost;
	if (m->cost >= COST_AT_ONCE)
	{
		bounds_charge(m->L, m->cost / COST_OF_STEP);
		m->cost = 0;
	}
}

void
match_init(Match *m, lua_State *L, int frames_slot,
		   const char *src, size_t srclen, const char *pat, size_t patlen)
{
	m->L = L;
	m->src = src;
	m->src_end = src + srclen;
	m->pat_end = pat + patlen;
	m->ncaptures = 0;
	m->cost = 0;
	m->frames_slot = frames_slot;
	m->frames = m->first;
	m->nframes = 0;
	m->maxframes = lengthof(m->first);
}

void
match_settle(Match *m)
{
	bounds_charge(m->L, m->cost / COST_OF_STEP);
	m->cost = 0;
}

/* --- single characters ------------------------------------------------------ */

static bool
is_of_class(unsigned char c, unsigned char class)
{
	bool		lower = c >= 'a' && c <= 'z';
	bool		upper = c >= 'A' && c <= 'Z';
	bool		digit = c >= '0' && c <= '9';
	bool		result;

	switch (class | 0x20)
	{
		case 'a':
			result = lower || upper;
			break;
		case 'c':
			result = c < 0x20 || c == 0x7F;
			break;
		case 'd':
			result = digit;
			break;
		case 'g':
			result = c > 0x20 && c < 0x7F;
			break;
		case 'l':
			result = lower;
			break;
		case 'p':
			result = c > 0x20 && c < 0x7F && !lower && !upper && !digit;
			break;
		case 's':
			result = c == ' ' || (c >= '\t' && c <= '\r');
			break;
		case 'u':
			result = upper;
			break;
		case 'w':
			result = lower || upper || digit;
			break;
		case 'x':
			result = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
			break;
		case 'z':
			/* not in the manual any more, but in 5.4 */
			result = c == '\0';
			break;
		default:
			return class == c;
	}
	/* only letters have come here, so this is a capital one */
	if ((class & 0x20) == 0)
		return !result;
	return result;
}

/*
 * Is c in the set from p, its bracket, to end, its last one?
 */
static bool
is_in_set(unsigned char c, const char *p, const char *end)
{
	bool		found = true;

	p++;
	if (*p == '^')
	{
		found = false;
		p++;
	}
	/* the first may be a bracket itself */
	for (; p < end; p++)
	{
		if (*p == ESCAPE)
		{
			p++;
			if (is_of_class(c, *p))
				return found;
		}
		else if (p[1] == '-' && p + 2 < end)
		{
			if ((unsigned char) p[0] <= c && c <= (unsigned char) p[2])
				return found;
			p += 2;
		}
		else if ((unsigned char) *p == c)
			return found;
	}
	return !found;
}

/* The end of the single item at p */
static const char *
item_end(Match *m, const char *p)
{
	const char *start = p;
	char		c = *p++;

	if (c == ESCAPE)
	{
		if (p == m->pat_end)
			luaL_error(m->L, "malformed pattern (ends with '%%')");
		return p + 1;
	}
	if (c != '[')
		return p;

	if (*p == '^')
		p++;
	do
	{
		if (p == m->pat_end)
			luaL_error(m->L, "malformed pattern (missing ']')");
		if (*p++ == ESCAPE && p < m->pat_end)
			p++;
	} while (*p != ']');
	spend(m, p - start);
	return p + 1;
}

/* Does the item from p to ep match the character at s? */
static inline bool
item_matches(Match *m, const char *s, const char *p, const char *ep)
{
	unsigned char c;

	if (s >= m->src_end)
		return false;
	c = *s;
	switch (*p)
	{
		case '.':
			return true;
		case ESCAPE:
			return is_of_class(c, p[1]);
		case '[':
			spend(m, ep - p);
			return is_in_set(c, p, ep - 1);
		default:
			return (unsigned char) *p == c;
	}
}

/* --- frames ----------------------------------------------------------------- */

static MatchFrame *
push_frame(Match *m, int kind, const char *s, const char *p)
{
	MatchFrame *frame;

	if (m->nframes == m->maxframes)
	{
		MatchFrame *frames = lua_newuserdatauv(m->L, 2 * m->maxframes *
											   sizeof(MatchFrame), 0);

		memcpy(frames, m->frames, m->nframes * sizeof(MatchFrame));
		lua_replace(m->L, m->frames_slot);
		m->frames = frames;
		m->maxframes *= 2;
	}
	frame = &m->frames[m->nframes++];
	frame->kind = kind;
	frame->s = s;
	frame->p = p;
	return frame;
}

/*
 * Takes back frames until there is something else to try: true, with where to
 * go on.
 */
static bool
try_else(Match *m, const char **s, const char **p)
{
	while (m->nframes > 0)
	{
		MatchFrame *frame = &m->frames[m->nframes - 1];

		spend(m, 1);
		switch (frame->kind)
		{
			case FRAME_GREEDY:
				if (frame->u.count == 0)
					break;
				frame->u.count--;
				*s = frame->s + frame->u.count;
				*p = frame->p;
				return true;
			case FRAME_LAZY:
				if (!item_matches(m, frame->s, frame->p, frame->u.ep))
					break;
				frame->s++;
				*s = frame->s;
				*p = frame->u.ep + 1;
				return true;
			case FRAME_OPTIONAL:
				*s = frame->s;
				*p = frame->p;
				m->nframes--;
				return true;
			case FRAME_OPEN:
				m->ncaptures--;
				break;
			case FRAME_CLOSE:
				m->capture[frame->u.capture].len = CAPTURE_OPEN;
				break;
		}
		m->nframes--;
	}
	return false;
}

/* --- items ------------------------------------------------------------------ */

static void
open_capture(Match *m, const char *s, ptrdiff_t len)
{
	if (m->ncaptures == MATCH_CAPTURES)
		luaL_error(m->L, "too many captures");
	m->capture[m->ncaptures].start = s;
	m->capture[m->ncaptures].len = len;
	m->ncaptures++;
	push_frame(m, FRAME_OPEN, NULL, NULL);
}

static void
close_capture(Match *m, const char *s)
{
	int			i = m->ncaptures - 1;

	while (i >= 0 && m->capture[i].len != CAPTURE_OPEN)
		i--;
	if (i < 0)
		luaL_error(m->L, "invalid pattern capture");
	m->capture[i].len = s - m->capture[i].start;
	push_frame(m, FRAME_CLOSE, NULL, NULL)->u.capture = i;
}

/* %1: the text of a capture again; its end, or NULL */
static const char *
match_again(Match *m, const char *s, unsigned char digit)
{
	int			i = digit - '1';
	ptrdiff_t	len;

	if (i < 0 || i >= m->ncaptures || m->capture[i].len == CAPTURE_OPEN)
	{
		luaL_error(m->L, "invalid capture index %%%d", i + 1);
		pg_unreachable();
	}
	len = m->capture[i].len;
	/* a position is no text */
	if (len < 0 || m->src_end - s < len)
		return NULL;
	spend(m, len / 8);
	return memcmp(m->capture[i].start, s, len) == 0 ? s + len : NULL;
}

/* %bxy, p at x: the end of the balanced text, or NULL */
static const char *
match_balanced(Match *m, const char *s, const char *p)
{
	const char *start = s;
	size_t		depth = 1;

	if (m->pat_end - p < 2)
		luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
	if (s == m->src_end || *s != p[0])
		return NULL;
	while (++s < m->src_end)
	{
		if (*s == p[1])
		{
			if (--depth == 0)
				break;
		}
		else if (*s == p[0])
			depth++;
	}
	spend(m, s - start);
	return s < m->src_end ? s + 1 : NULL;
}

/* %f[set], *p at the bracket: does it match at s?  *p is moved behind it. */
static bool
match_frontier(Match *m, const char *s, const char **p)
{
	const char *set = *p;
	unsigned char before = s == m->src ? '\0' : s[-1];

	if (*set != '[')
		luaL_error(m->L, "missing '[' after '%%f' in pattern");
	*p = item_end(m, set);
	return !is_in_set(before, set, *p - 1) &&
		is_in_set((unsigned char) *s, set, *p - 1);
}

/* As many of the item from p to ep as there are, from s on */
static size_t
count_matches(Match *m, const char *s, const char *p, const char *ep)
{
	size_t		n = 0;

	while (item_matches(m, s + n, p, ep))
	{
		n++;
		/* so that a long run is no longer than the budget */
		spend(m, 1);
	}
	return n;
}

/*
 * The single item at p, with what follows it.  Moves s and p behind it;
 * false where it does not match.
 */
static bool
match_item(Match *m, const char **s, const char **p)
{
	const char *item = *p;
	const char *ep = item_end(m, item);
	MatchFrame *frame;
	size_t		n;

	switch (ep == m->pat_end ? '\0' : *ep)
	{
		case '?':
			*p = ep + 1;
			if (item_matches(m, *s, item, ep))
			{
				push_frame(m, FRAME_OPTIONAL, *s, ep + 1);
				(*s)++;
			}
			return true;
		case '*':
		case '+':
			n = count_matches(m, *s, item, ep);
			*p = ep + 1;
			if (*ep == '+')
			{
				if (n == 0)
					return false;
				(*s)++;
				n--;
			}
			if (n > 0)
			{
				frame = push_frame(m, FRAME_GREEDY, *s, ep + 1);
				frame->u.count = n;
				*s += n;
			}
			return true;
		case '-':
			frame = push_frame(m, FRAME_LAZY, *s, item);
			frame->u.ep = ep;
			*p = ep + 1;
			return true;
		default:
			if (!item_matches(m, *s, item, ep))
				return false;
			(*s)++;
			*p = ep;
			return true;
	}
}

const char *
match_at(Match *m, const char *s, const char *p)
{
	m->ncaptures = 0;
	m->nframes = 0;
	for (;;)
	{
		bool		matches = true;
		const char *end;

		spend(m, 1);
		if (p == m->pat_end)
			return s;
		switch (*p)
		{
			case '(':
				if (p[1] == ')')
				{
					open_capture(m, s, CAPTURE_POSITION);
					p += 2;
				}
				else
				{
					open_capture(m, s, CAPTURE_OPEN);
					p++;
				}
				break;
			case ')':
				close_capture(m, s);
				p++;
				break;
			case '$':
				if (p + 1 != m->pat_end)
					matches = match_item(m, &s, &p);
				else if (s == m->src_end)
					p++;
				else
					matches = false;
				break;
			case ESCAPE:
				switch (p[1])
				{
					case 'b':
						end = match_balanced(m, s, p + 2);
						matches = end != NULL;
						if (matches)
						{
							s = end;
							p += 4;
						}
						break;
					case 'f':
						p += 2;
						matches = match_frontier(m, s, &p);
						break;
					case '0':
					case '1':
					case '2':
					case '3':
					case '4':
					case '5':
					case '6':
					case '7':
					case '8':
					case '9':
						end = match_again(m, s, p[1]);
						matches = end != NULL;
						if (matches)
						{
							s = end;
							p += 2;
						}
						break;
					default:
						matches = match_item(m, &s, &p);
				}
				break;
			default:
				matches = match_item(m, &s, &p);
		}
		if (!matches && !try_else(m, &s, &p))
			return NULL;
	}
}

/* --- captures --------------------------------------------------------------- */

ptrdiff_t
match_capture(Match *m, int i, const char *s, const char *e,
			  const char **start)
{
	if (i >= m->ncaptures)
	{
		if (i != 0)
			luaL_error(m->L, "invalid capture index %%%d", i + 1);
		*start = s;
		return e - s;
	}
	*start = m->capture[i].start;
	if (m->capture[i].len == CAPTURE_OPEN)
		luaL_error(m->L, "unfinished capture");
	else if (m->capture[i].len == CAPTURE_POSITION)
		lua_pushinteger(m->L, *start - m->src + 1);
	return m->capture[i].len;
}

void
match_push_capture(Match *m, int i, const char *s, const char *e)
{
	const char *start;
	ptrdiff_t	len = match_capture(m, i, s, e, &start);

	if (len != CAPTURE_POSITION)
		lua_pushlstring(m->L, start, len);
}

int
match_push_captures(Match *m, const char *s, const char *e)
{
	int			n = m->ncaptures == 0 && s != NULL ? 1 : m->ncaptures;

	luaL_checkstack(m->L, n, "too many captures");
	for (int i = 0; i < n; i++)
		match_push_capture(m, i, s, e);
	return n;
}
