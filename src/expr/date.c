/*
 * date.c
 *		Dates of the expression language: the calendar, reading and writing.
 *
 * A date is a number of milliseconds since 1970-01-01T00:00:00Z, as a number
 * or as a string in the form of ISO 8601:
 *
 *		YYYY[-MM[-DD]] [(T| )hh:mm[:ss[.fff]]] [Z|+hh:mm|-hh:mm]
 *
 * The calendar is the proleptic Gregorian one, without leap seconds, and UTC;
 * years run from 0 to 9999.  A part must be in its range (month 1 to 12, day
 * 1 to 31), but a day that the month does not have is not refused: the date
 * runs over into the next month, and so it does in DATE_ADD and DATE_SUBTRACT
 * ("2023-01-31" plus a month is 2023-03-03).  All that is AQL's.
 *
 *		const char *, double ──> int64 milliseconds ──> Civil {y m d, h i s f}
 *
 * This file must not know values, calls or warnings.
 */
#include "postgres.h"

#include <math.h>

#include "expr/date.h"
#include "utils/datetime.h"

/* ----------
 * the calendar
 * ----------
 */
Civil
date_to_civil(int64 ms)
{
	Civil		civil;
	int64		days = ms / MS_PER_DAY;
	int			year,
				month,
				day;

	civil.time = ms % MS_PER_DAY;
	if (civil.time < 0)
	{
		civil.time += MS_PER_DAY;
		days--;
	}
	j2date((int) days + UNIX_EPOCH_JDATE, &year, &month, &day);
	civil.year = year;
	civil.month = month;
	civil.day = day;
	return civil;
}

/* A month beyond 12 or below 1 carries into the year, a day into the month. */
int64
date_from_civil(Civil civil)
{
	int64		months = civil.year * 12 + civil.month - 1;
	int64		year = months / 12;
	int64		month = months % 12;

	if (month < 0)
	{
		month += 12;
		year--;
	}
	return ((int64) date2j(year, month + 1, 1) - UNIX_EPOCH_JDATE + civil.day - 1) *
		MS_PER_DAY + civil.time;
}

bool
date_in_calendar(int64 ms)
{
	return ms >= MIN_DATE && ms <= MAX_DATE;
}

int
date_day_of_week(int64 ms)
{
	int64		days = (ms - MIN_DATE) / MS_PER_DAY;

	return (days + 6) % 7;		/* 0000-01-01 was a Saturday */
}

int
date_day_of_year(int64 ms)
{
	Civil		first = date_to_civil(ms);

	first.month = first.day = 1;
	first.time = 0;
	return (ms - date_from_civil(first)) / MS_PER_DAY + 1;
}

bool
date_is_leap_year(int64 year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
date_days_in_month(Civil civil)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[civil.month - 1] +
		(civil.month == 2 && date_is_leap_year(civil.year) ? 1 : 0);
}

/* The ISO week: the week's Thursday decides to which year it belongs. */
static int64
thursday(int64 ms)
{
	int			weekday = (date_day_of_week(ms) + 6) % 7;	/* Monday is 0 */

	return ms + (3 - weekday) * MS_PER_DAY;
}

int
date_iso_week(int64 ms)
{
	return (date_day_of_year(thursday(ms)) - 1) / 7 + 1;
}

int
date_iso_week_year(int64 ms)
{
	return (int) date_to_civil(thursday(ms)).year;
}

char *
date_format_iso(int64 ms)
{
	Civil		civil = date_to_civil(ms);

	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
					(int) civil.year, (int) civil.month, (int) civil.day,
					(int) (civil.time / MS_PER_HOUR),
					(int) (civil.time / MS_PER_MINUTE % 60),
					(int) (civil.time / MS_PER_SECOND % 60),
					(int) (civil.time % MS_PER_SECOND));
}

int64
date_add(int64 ms, double months, double rest)
{
	Civil		civil = date_to_civil(ms);

	if (fabs(months) > 12 * 20000 || fabs(rest) > MAX_AMOUNT)
		return PG_INT64_MAX;
	civil.month += (int64) months;
	return date_from_civil(civil) + (int64) rest;
}

/* ----------
 * reading
 * ----------
 */

/* What is left of a text. */
typedef struct Cursor
{
	const char *p;
	const char *end;
} Cursor;

static bool
accept_char(Cursor *c, const char *set)
{
	if (c->p < c->end && *c->p != '\0' && strchr(set, *c->p) != NULL)
	{
		c->p++;
		return true;
	}
	return false;
}

/* Read digits, at most max of them and no more; the value, -1 if there are none. */
static int64
accept_digits(Cursor *c, int max)
{
	int64		value = 0;
	int			count = 0;

	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
	{
		if (++count > max)
			return -1;
		value = value * 10 + (*c->p - '0');
	}
	return count == 0 ? -1 : value;
}

/* Read digits as thousandths of a second: ".5" is 500; more than three are cut. */
static int64
accept_fraction(Cursor *c)
{
	int64		value = 0;
	int			count = 0;

	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
		if (count++ < 3)
			value = value * 10 + (*c->p - '0');
	if (count == 0)
		return -1;
	for (; count < 3; count++)
		value *= 10;
	return value;
}

/* Read a part of one or two digits within its range. */
static bool
accept_part(Cursor *c, int64 min, int64 max, int64 *part)
{
	*part = accept_digits(c, 2);
	return *part >= min && *part <= max;
}

static bool
accept_year(Cursor *c, int64 *year)
{
	/* any number of leading zeros */
	while (c->end - c->p > 4 && c->p[0] == '0' &&
		   c->p[1] >= '0' && c->p[1] <= '9')
		c->p++;
	*year = accept_digits(c, 4);
	return *year >= 0;
}

static bool
accept_time(Cursor *c, int64 *time)
{
	int64		hour,
				minute,
				second = 0,
				fraction = 0;

	if (!accept_part(c, 0, 23, &hour) || !accept_char(c, ":") ||
		!accept_part(c, 0, 59, &minute))
		return false;
	if (accept_char(c, ":"))
	{
		if (!accept_part(c, 0, 59, &second))
			return false;
		if (accept_char(c, "."))
			fraction = accept_fraction(c);
	}
	*time = hour * MS_PER_HOUR + minute * MS_PER_MINUTE +
		second * MS_PER_SECOND + fraction;
	return fraction >= 0;
}

/* Read "+hh:mm" behind its sign, as milliseconds. */
static bool
accept_offset(Cursor *c, int64 *offset)
{
	int64		hour,
				minute;

	if (!accept_part(c, 0, 23, &hour) || !accept_char(c, ":") ||
		!accept_part(c, 0, 59, &minute))
		return false;
	*offset = hour * MS_PER_HOUR + minute * MS_PER_MINUTE;
	return true;
}

bool
date_parse(const char *s, int len, int64 *ms)
{
	Cursor		c = {s, s + len};
	Civil		civil = {0, 1, 1, 0};
	int64		offset = 0;

	while (accept_char(&c, " \t\r\n"))
		 /* skip */ ;
	while (c.end > c.p && strchr(" \t\r\n", c.end[-1]) != NULL)
		c.end--;
	(void) accept_char(&c, "+");

	if (!accept_year(&c, &civil.year))
		return false;
	if (accept_char(&c, "-"))
	{
		if (!accept_part(&c, 1, 12, &civil.month))
			return false;
		if (accept_char(&c, "-") && !accept_part(&c, 1, 31, &civil.day))
			return false;
	}
	if (accept_char(&c, "T ") && !accept_time(&c, &civil.time))
		return false;
	if (!accept_char(&c, "zZ"))
	{
		int			sign = c.p < c.end && *c.p == '-' ? -1 : 1;

		if (accept_char(&c, "+-") && !accept_offset(&c, &offset))
			return false;
		offset *= sign;
	}
	*ms = date_from_civil(civil) - offset;
	return c.p == c.end && date_in_calendar(*ms);
}

/* The designators that may follow in an ISO duration, in their order. */
typedef struct Designator
{
	char		letter;
	int			months;
	int64		ms;
} Designator;

static const Designator date_designators[] = {
	{'Y', 12, 0}, {'M', 1, 0}, {'W', 0, 7 * MS_PER_DAY}, {'D', 0, MS_PER_DAY},
};
static const Designator time_designators[] = {
	{'H', 0, MS_PER_HOUR}, {'M', 0, MS_PER_MINUTE}, {'S', 0, MS_PER_SECOND},
};

/* Read numbers with designators, each at most once and in order. */
static bool
accept_designated(Cursor *c, const Designator *list, int count,
				  double *months, double *rest)
{
	int			at = 0;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
	{
		int64		number = accept_digits(c, 9);
		int64		fraction = 0;
		bool		fractional = accept_char(c, ".,");

		if (fractional)
			fraction = accept_fraction(c);
		if (number < 0 || fraction < 0)
			return false;
		while (at < count && !(c->p < c->end && *c->p == list[at].letter))
			at++;
		/* only seconds may have a fraction */
		if (at == count || (fractional && list[at].letter != 'S'))
			return false;
		c->p++;
		*months += (double) number * list[at].months;
		*rest += (double) number * list[at].ms + fraction;
		at++;
	}
	return true;
}

/* P1Y2M3W4DT5H6M7.8S; at least one character after the P */
bool
date_parse_duration(const char *s, int len, double *months, double *rest)
{
	Cursor		c = {s, s + len};

	*months = 0;
	*rest = 0;
	return accept_char(&c, "P") && c.p < c.end &&
		accept_designated(&c, date_designators, lengthof(date_designators),
						  months, rest) &&
		(!accept_char(&c, "T") ||
		 accept_designated(&c, time_designators, lengthof(time_designators),
						   months, rest)) &&
		c.p == c.end;
}
