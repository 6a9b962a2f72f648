/*
 * grapheme.c
 *		Counting grapheme clusters by the rules of UAX #29, section 3.1.1.
 *
 * A cluster ends between two characters unless a rule joins them; nearly all
 * rules look at the classes of the two alone:
 *
 *		CR x LF						 any x Extend, ZWJ, SpacingMark
 *		Hangul L V T LV LVT			 Prepend x any but a control
 *		pictograph Extend* ZWJ x pictograph
 *		regional indicators in pairs
 *		consonant {Linker, Extend, ZWJ, a Linker among them} x consonant
 *
 * The last three need a memory of what came before, kept in three variables.
 * The last one joins the conjuncts of Indic scripts (GB9c, since Unicode 15.1;
 * 18 words it otherwise).  A class here stands for a character's
 * Grapheme_Cluster_Break and Indic_Conjunct_Break together.  The classes are a
 * sorted table of ranges (grapheme_table.h); ASCII and CJK, most of all text,
 * are told without it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "atproto/grapheme.h"
#include "compat.h"

typedef enum GraphemeClass
{
	GRAPHEME_OTHER,
	GRAPHEME_CONTROL,
	GRAPHEME_EXTEND,
	GRAPHEME_LINKER,			/* an Extend that joins consonants: virama */
	GRAPHEME_NONJOINER,			/* an Extend that keeps them apart */
	GRAPHEME_ZWJ,
	GRAPHEME_REGIONAL,
	GRAPHEME_PREPEND,
	GRAPHEME_SPACING,
	GRAPHEME_PICTOGRAPH,
	GRAPHEME_CONSONANT,			/* of a script with conjuncts */
	GRAPHEME_L,
	GRAPHEME_V,
	GRAPHEME_T,
	GRAPHEME_LV,
	GRAPHEME_LVT
} GraphemeClass;

typedef struct GraphemeRange
{
	uint32		first;
	uint32		last;
	GraphemeClass class;
} GraphemeRange;

#include "atproto/grapheme_table.h"

/* Hangul syllables are laid out by rule: every 28th has no trailing letter */
#define HANGUL_FIRST	0xAC00
#define HANGUL_LAST		0xD7A3
#define HANGUL_TRAILS	28

static GraphemeClass character_class(pg_wchar c);
static bool hangul_joins(GraphemeClass before, GraphemeClass after);

static GraphemeClass
character_class(pg_wchar c)
{
	int			low = 0;
	int			high = lengthof(grapheme_ranges) - 1;

	if (c >= ' ' && c <= '~')
		return GRAPHEME_OTHER;
	if (c >= HANGUL_FIRST && c <= HANGUL_LAST)
		return (c - HANGUL_FIRST) % HANGUL_TRAILS == 0 ?
			GRAPHEME_LV : GRAPHEME_LVT;
	while (low <= high)
	{
		int			middle = (low + high) / 2;

		if (c < grapheme_ranges[middle].first)
			high = middle - 1;
		else if (c > grapheme_ranges[middle].last)
			low = middle + 1;
		else
			return grapheme_ranges[middle].class;
	}
	return GRAPHEME_OTHER;
}

/* Rules GB6 to GB8. */
static bool
hangul_joins(GraphemeClass before, GraphemeClass after)
{
	switch (before)
	{
		case GRAPHEME_L:
			return after == GRAPHEME_L || after == GRAPHEME_V ||
				after == GRAPHEME_LV || after == GRAPHEME_LVT;
		case GRAPHEME_LV:
		case GRAPHEME_V:
			return after == GRAPHEME_V || after == GRAPHEME_T;
		case GRAPHEME_LVT:
		case GRAPHEME_T:
			return after == GRAPHEME_T;
		default:
			return false;
	}
}

int
grapheme_count(const char *str, int len)
{
	const unsigned char *pos = (const unsigned char *) str;
	const unsigned char *end = pos + len;
	pg_wchar	last = 0;
	GraphemeClass last_class = GRAPHEME_CONTROL;
	enum
	{
		NO_PICTOGRAPH, PICTOGRAPH, PICTOGRAPH_ZWJ
	}			emoji = NO_PICTOGRAPH;	/* pictograph Extend* [ZWJ] behind us */
	enum
	{
		NO_CONSONANT, CONSONANT, CONSONANT_LINKER
	}			conjunct = NO_CONSONANT;	/* consonant Extend* [Linker]
											 * behind us */
	bool		odd_regional = false;	/* an unpaired regional indicator */
	int			count = 0;

	while (pos < end)
	{
		pg_wchar	c = utf8_to_unicode(pos);
		GraphemeClass class = character_class(c);
		bool		extends = class == GRAPHEME_EXTEND ||
		class == GRAPHEME_LINKER || class == GRAPHEME_NONJOINER;
		bool		joins;

		if (last_class == GRAPHEME_CONTROL || class == GRAPHEME_CONTROL)
			joins = last == '\r' && c == '\n';
		else
			joins = extends || class == GRAPHEME_ZWJ ||
				class == GRAPHEME_SPACING ||
				last_class == GRAPHEME_PREPEND ||
				hangul_joins(last_class, class) ||
				(class == GRAPHEME_PICTOGRAPH && emoji == PICTOGRAPH_ZWJ) ||
				(class == GRAPHEME_CONSONANT && conjunct == CONSONANT_LINKER) ||
				(class == GRAPHEME_REGIONAL && odd_regional);
		if (!joins)
			count++;

		odd_regional = class == GRAPHEME_REGIONAL && !odd_regional;
		if (class == GRAPHEME_PICTOGRAPH)
			emoji = PICTOGRAPH;
		else if (class == GRAPHEME_ZWJ && emoji == PICTOGRAPH)
			emoji = PICTOGRAPH_ZWJ;
		else if (!extends || emoji != PICTOGRAPH)
			emoji = NO_PICTOGRAPH;
		if (class == GRAPHEME_CONSONANT)
			conjunct = CONSONANT;
		else if (class == GRAPHEME_LINKER && conjunct == CONSONANT)
			conjunct = CONSONANT_LINKER;
		else if (class != GRAPHEME_LINKER && class != GRAPHEME_EXTEND &&
				 class != GRAPHEME_ZWJ)
			conjunct = NO_CONSONANT;
		last = c;
		last_class = class;
		pos += pg_utf_mblen(pos);
	}
	return count;
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_graphemes);

/* at_graphemes(text) -> int */
Datum
at_graphemes(PG_FUNCTION_ARGS)
{
	text	   *arg = PG_GETARG_TEXT_PP(0);
	const char *str = VARDATA_ANY(arg);
	int			len = VARSIZE_ANY_EXHDR(arg);

	if (GetDatabaseEncoding() != PG_UTF8)
	{
		str = pg_server_to_any(pnstrdup(str, len), len, PG_UTF8);
		len = strlen(str);
	}
	PG_RETURN_INT32(grapheme_count(str, len));
}
