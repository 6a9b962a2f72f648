/*
 * syntax_language.c
 *		The "language" format: a well-formed language tag (RFC 5646, section
 *		2.1).
 *
 * A tag is subtags of one to eight letters and digits between hyphens.  The
 * grammar is regular in the subtags and each kind is told by its length and
 * alphabet, so one pass over them does:
 *
 *		langtag    = language [-script] [-region] *(-variant)
 *		             *(-extension) [-privateuse]
 *		language   = 2*3ALPHA [-extlang{1,3}] / 4ALPHA / 5*8ALPHA
 *		extlang    = 3ALPHA				script  = 4ALPHA
 *		region     = 2ALPHA / 3DIGIT	variant = 5*8alphanum / DIGIT 3alphanum
 *		extension  = singleton 1*(-2*8alphanum)
 *		privateuse = x 1*(-1*8alphanum)
 *
 * Some tags older than the grammar are listed.  Well-formed is not valid: no
 * registry is asked whether a subtag exists.
 */
#include "postgres.h"

#include "atproto/syntax.h"

#define LANGUAGE_MAX	128
#define SUBTAG_MAX		8

/* the irregular tags; the regular ones of old follow the grammar */
static const char *const irregular_tags[] = {
	"en-GB-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak",
	"i-klingon", "i-lux", "i-mingo", "i-navajo", "i-pwn", "i-tao", "i-tay",
	"i-tsu", "sgn-BE-FR", "sgn-BE-NL", "sgn-CH-DE",
};

/* The subtag that we stand on */
typedef struct Subtag
{
	const char *str;
	int			len;			/* 0: behind the last one */
	int			nletters;
	int			ndigits;
	const char *end;			/* of the whole tag */
} Subtag;

static void classify(Subtag *subtag);
static void advance(Subtag *subtag);
static bool is_letters(const Subtag *subtag, int min, int max);
static bool is_variant(const Subtag *subtag);
static bool skip_run(Subtag *subtag, int min);

/* Finds the end of the subtag that starts at str and counts its characters. */
static void
classify(Subtag *subtag)
{
	subtag->len = subtag->nletters = subtag->ndigits = 0;
	for (const char *c = subtag->str; c < subtag->end && *c != '-'; c++)
	{
		subtag->len++;
		if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))
			subtag->nletters++;
		else if (*c >= '0' && *c <= '9')
			subtag->ndigits++;
	}
}

/* Goes to the next subtag. */
static void
advance(Subtag *subtag)
{
	subtag->str += subtag->len;
	if (subtag->str < subtag->end)
		subtag->str++;
	classify(subtag);
}

static bool
is_letters(const Subtag *subtag, int min, int max)
{
	return subtag->nletters == subtag->len &&
		subtag->len >= min && subtag->len <= max;
}

static bool
is_variant(const Subtag *subtag)
{
	return subtag->len >= 5 ||
		(subtag->len == 4 && subtag->str[0] >= '0' && subtag->str[0] <= '9');
}

/*
 * Skips subtags of at least min characters; false if there is not even one.
 */
static bool
skip_run(Subtag *subtag, int min)
{
	bool		any = false;

	while (subtag->len >= min)
	{
		any = true;
		advance(subtag);
	}
	return any;
}

bool
syntax_is_language(const char *str, int len)
{
	Subtag		subtag = {.str = str, .end = str + len};

	if (len < 1 || len > LANGUAGE_MAX || str[len - 1] == '-')
		return false;
	for (int i = 0; i < lengthof(irregular_tags); i++)
	{
		if (strlen(irregular_tags[i]) == len &&
			pg_strncasecmp(irregular_tags[i], str, len) == 0)
			return true;
	}

	/* all subtags first, so that what follows need not look at characters */
	for (classify(&subtag); subtag.str < subtag.end; advance(&subtag))
	{
		if (subtag.len < 1 || subtag.len > SUBTAG_MAX ||
			subtag.nletters + subtag.ndigits != subtag.len)
			return false;
	}
	subtag.str = str;
	classify(&subtag);

	if (subtag.len > 1)
	{
		bool		short_language = subtag.len <= 3;

		if (!is_letters(&subtag, 2, SUBTAG_MAX))
			return false;
		advance(&subtag);
		for (int i = 0; i < 3 && short_language && is_letters(&subtag, 3, 3); i++)
			advance(&subtag);
		if (is_letters(&subtag, 4, 4))
			advance(&subtag);
		if (is_letters(&subtag, 2, 2) ||
			(subtag.len == 3 && subtag.ndigits == 3))
			advance(&subtag);
		while (is_variant(&subtag))
			advance(&subtag);
		while (subtag.len == 1 && subtag.str[0] != 'x' && subtag.str[0] != 'X')
		{
			advance(&subtag);
			if (!skip_run(&subtag, 2))
				return false;
		}
	}
	if (subtag.len == 1 && (subtag.str[0] == 'x' || subtag.str[0] == 'X'))
	{
		advance(&subtag);
		if (!skip_run(&subtag, 1))
			return false;
	}
	return subtag.str >= subtag.end;
}
