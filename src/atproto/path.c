/*
 * path.c
 *		Where in a JSON document we are, for error messages.
 *
 * A path is a list from the leaf to the root, each step on the stack of the
 * recursion that made it:
 *
 *		{index 0} -> {key "images"} -> {key "embed"} -> NULL
 *		is  $.embed.images[0]
 *
 * Keys that are no plain words are quoted as jsonb prints them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/json.h"

#include "atproto/path.h"

/* steps that a message shows; the rest is summed up */
#define AT_PATH_SHOWN	20

/* bytes of a key that a message shows */
#define AT_PATH_KEY_SHOWN	100

static bool is_plain_key(const char *key, int len);
static void append_step(StringInfo out, const AtPath *step);

/* May the key stand in a path without quotes? */
static bool
is_plain_key(const char *key, int len)
{
	if (len == 0 || (key[0] >= '0' && key[0] <= '9'))
		return false;
	for (int i = 0; i < len; i++)
	{
		if (!((key[i] >= 'a' && key[i] <= 'z') ||
			  (key[i] >= 'A' && key[i] <= 'Z') ||
			  (key[i] >= '0' && key[i] <= '9') || key[i] == '_'))
			return false;
	}
	return true;
}

static void
append_step(StringInfo out, const AtPath *step)
{
	int			shown;

	if (step->key == NULL)
	{
		appendStringInfo(out, "[%d]", step->index);
		return;
	}

	shown = pg_mbcliplen(step->key, step->keylen, AT_PATH_KEY_SHOWN);
	appendStringInfoChar(out, '.');
	if (is_plain_key(step->key, step->keylen))
		appendBinaryStringInfo(out, step->key, shown);
	else
		escape_json(out, pnstrdup(step->key, shown));
}

char *
at_path_text(const AtPath *path)
{
	StringInfoData out;
	const AtPath *steps[AT_PATH_SHOWN];
	int			depth = 0;

	/* the outermost steps of a path too deep to show */
	for (const AtPath *step = path; step != NULL; step = step->parent)
		steps[depth++ % AT_PATH_SHOWN] = step;

	initStringInfo(&out);
	appendStringInfoChar(&out, '$');
	for (int i = depth - 1; i >= Max(0, depth - AT_PATH_SHOWN); i--)
		append_step(&out, steps[i % AT_PATH_SHOWN]);
	if (depth > AT_PATH_SHOWN)
		appendStringInfo(&out, " (and %d levels below)", depth - AT_PATH_SHOWN);
	return out.data;
}
