/*
 * condition.c
 *		"Only if": what a caller says of the state that it wants to change.
 *
 *						nothing stored		stored
 *	ifRev "r"			UP003				UP001 unless its revision is "r"
 *	ifRev null								UP002
 *	mustExist			UP003
 *	ignoreRevs:false						UP001 unless its revision is the one sent
 *	versionAttribute						stale unless what is sent is greater
 *
 * All that is given is asked.  Whoever composes a document, a row or a record
 * asks here; what becomes of a refusal (an error, or an item that is ignored)
 * is theirs to say.
 */
#include "postgres.h"

#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "call/condition.h"
#include "call/excerpt.h"
#include "jsonb/doc.h"
#include "upsert.h"

static bool
refuse(Refusal *why, int sqlstate, const char *message, const char *detail,
	   const char *hint)
{
	why->sqlstate = sqlstate;
	why->message = message;
	why->detail = detail;
	why->hint = hint;
	return false;
}

/* ----------
 * Revisions
 * ----------
 */

Condition
condition_of_options(const UpsertOptions *options, const char *noun,
					 const char *sent)
{
	Condition	c = {.noun = noun, .option = "ifRev", .value = "_rev"};

	c.given = options->if_rev_given;
	c.expected = options->if_rev;
	c.sent = sent;
	c.must_exist = options->must_exist;
	return c;
}

/* "document", or 'record "at://..."' */
static const char *
subject(const Condition *c)
{
	return c->name ? psprintf("%s \"%s\"", c->noun, c->name) : c->noun;
}

static bool
conflict(const Condition *c, const char *expected, const char *found,
		 Refusal *why)
{
	return refuse(why, ERRCODE_UPSERT_REVISION_CONFLICT,
				  c->name ? psprintf("conflict, %s values of %s do not match",
									 c->value, subject(c)) :
				  psprintf("conflict, %s values do not match", c->value),
				  psprintf("Expected \"%s\", found \"%s\".",
						   expected, found ? found : ""),
				  psprintf("Read the %s again and repeat the change on what it is now.",
						   c->noun));
}

bool
condition_holds(const Condition *c, bool exists, const char *found,
				Refusal *why)
{
	bool		revision = c->given && c->expected != NULL;

	if (!exists && (revision || c->must_exist))
		return refuse(why, ERRCODE_UPSERT_DOCUMENT_NOT_FOUND,
					  psprintf("%s not found", subject(c)),
					  revision ? psprintf("Expected \"%s\", found none.", c->expected) :
					  "The option \"mustExist\" is true.",
					  psprintf("Leave \"%s\" out to %s.",
							   c->must_exist ? "mustExist" : c->option,
							   c->without ? c->without : "create it"));
	if (!exists)
		return true;
	if (c->given && c->expected == NULL)
		return refuse(why, ERRCODE_UPSERT_DOCUMENT_EXISTS,
					  psprintf("%s exists already", subject(c)),
					  found ? psprintf("Expected none, found \"%s\".", found) :
					  psprintf("The option \"%s\" is null, which asks that there be none.",
							   c->option),
					  psprintf("Leave \"%s\" out to update it.", c->option));
	if (revision && (found == NULL || strcmp(c->expected, found) != 0))
		return conflict(c, c->expected, found, why);
	if (c->sent && (found == NULL || strcmp(c->sent, found) != 0))
		return conflict(c, c->sent, found, why);
	return true;
}

void
refusal_raise(const Refusal *why)
{
	ereport(ERROR,
			(errcode(why->sqlstate),
			 errmsg_internal("%s", why->message),
			 why->detail ? errdetail_internal("%s", why->detail) : 0,
			 why->hint ? errhint("%s", why->hint) : 0));
}

ErrorData *
refusal_error(const Refusal *why)
{
	ErrorData  *error = palloc0(sizeof(ErrorData));

	error->elevel = ERROR;
	error->sqlerrcode = why->sqlstate;
	error->message = pstrdup(why->message);
	error->detail = why->detail ? pstrdup(why->detail) : NULL;
	error->hint = why->hint ? pstrdup(why->hint) : NULL;
	return error;
}

/* ----------
 * Versions
 * ----------
 */

/* An instant: whole seconds, and the digits after the point. */
typedef struct Instant
{
	int64		seconds;
	const char *fraction;
	int			digits;
} Instant;

/* Reads exactly n digits; -1 if there are not so many. */
static int
take_digits(const char **p, const char *end, int n)
{
	int			number = 0;

	for (; n > 0; n--, (*p)++)
	{
		if (*p == end || **p < '0' || **p > '9')
			return -1;
		number = number * 10 + (**p - '0');
	}
	return number;
}

static bool
take_char(const char **p, const char *end, const char *any_of)
{
	if (*p == end || **p == '\0' || strchr(any_of, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

/* RFC 3339, section 5.6: 2026-01-31T12:00:00.5Z, ...+01:00 */
static bool
parse_instant(const char *s, int len, Instant *instant)
{
	const char *end = s + len;
	const char *p = s;
	int			year = take_digits(&p, end, 4);
	int			month = take_char(&p, end, "-") ? take_digits(&p, end, 2) : -1;
	int			day = take_char(&p, end, "-") ? take_digits(&p, end, 2) : -1;
	int			hour = take_char(&p, end, "Tt ") ? take_digits(&p, end, 2) : -1;
	int			minute = take_char(&p, end, ":") ? take_digits(&p, end, 2) : -1;
	int			second = take_char(&p, end, ":") ? take_digits(&p, end, 2) : -1;
	int			offset = 0;

	if (year < 0 || month < 1 || month > 12 || day < 1 ||
		day > day_tab[isleap(year)][month - 1] || hour < 0 || hour > 23 ||
		minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	instant->digits = 0;
	if (take_char(&p, end, "."))
	{
		instant->fraction = p;
		while (take_digits(&p, end, 1) >= 0)
			;
		instant->digits = p - instant->fraction;
		if (instant->digits == 0)
			return false;
		while (instant->digits > 0 && instant->fraction[instant->digits - 1] == '0')
			instant->digits--;
	}
	if (!take_char(&p, end, "Zz"))
	{
		bool		west = p < end && *p == '-';
		int			hours = take_char(&p, end, "+-") ? take_digits(&p, end, 2) : -1;
		int			minutes = take_char(&p, end, ":") ? take_digits(&p, end, 2) : -1;

		if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
			return false;
		offset = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
	}
	instant->seconds = (int64) date2j(year, month, day) * SECS_PER_DAY +
		(hour * 60 + minute) * 60 + second - offset;
	return p == end;
}

static int
compare_instants(const Instant *a, const Instant *b)
{
	int			shorter = Min(a->digits, b->digits);
	int			cmp;

	if (a->seconds != b->seconds)
		return a->seconds > b->seconds ? 1 : -1;
	cmp = shorter > 0 ? memcmp(a->fraction, b->fraction, shorter) : 0;
	return cmp != 0 ? cmp : a->digits - b->digits;
}

VersionVerdict
condition_version(const UpsertOptions *options, const Jsonb *stored,
				  const Jsonb *sent, Refusal *why)
{
	const char *attribute = options->version_attribute;
	JsonbValue	there;
	JsonbValue	here;
	Instant		then;
	Instant		now;

	if (attribute == NULL)
		return VERSION_NEW;
	if (!doc_get_attribute(sent, attribute, &here))
		return stored ? VERSION_STALE : VERSION_NEW;
	if (here.type != jbvNumeric &&
		!(here.type == jbvString &&
		  parse_instant(here.val.string.val, here.val.string.len, &now)))
	{
		refuse(why, ERRCODE_UPSERT_INVALID_DOCUMENT,
			   psprintf("attribute \"%s\" is no version", attribute),
			   psprintf("It is %s.", excerpt_value(&here)),
			   "With \"versionAttribute\" it is a number, or a time stamp like \"2026-01-31T12:00:00Z\".");
		return VERSION_REFUSED;
	}
	if (stored == NULL || !doc_get_attribute(stored, attribute, &there) ||
		there.type != here.type)
		return VERSION_NEW;
	if (here.type == jbvNumeric)
		return DatumGetBool(DirectFunctionCall2(numeric_gt,
												NumericGetDatum(here.val.numeric),
												NumericGetDatum(there.val.numeric))) ?
			VERSION_NEW : VERSION_STALE;
	if (!parse_instant(there.val.string.val, there.val.string.len, &then))
		return VERSION_NEW;
	return compare_instants(&now, &then) > 0 ? VERSION_NEW : VERSION_STALE;
}
