/*
 * func_date.c
 *		Functions of dates.
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
 * What is no date gives null and warning 1572, as null does; another type
 * than string and number gives warning 1542.
 */
#include "postgres.h"

#include <math.h>
#include <sys/time.h>

#include "expr/func_util.h"
#include "miscadmin.h"
#include "utils/datetime.h"

#define MS_PER_SECOND	INT64CONST(1000)
#define MS_PER_MINUTE	(60 * MS_PER_SECOND)
#define MS_PER_HOUR		(60 * MS_PER_MINUTE)
#define MS_PER_DAY		(24 * MS_PER_HOUR)

/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z */
#define MIN_DATE		INT64CONST(-62167219200000)
#define MAX_DATE		INT64CONST(253402300799999)

/* amounts beyond this leave the calendar, whatever their unit */
#define MAX_AMOUNT		1e15

/* the mean length of a year: 400 Gregorian years have 146097 days */
#define MEAN_YEAR_DAYS	(146097.0 / 400.0)

typedef enum DateUnit
{
	UNIT_NONE,
	UNIT_MILLISECOND,
	UNIT_SECOND,
	UNIT_MINUTE,
	UNIT_HOUR,
	UNIT_DAY,
	UNIT_WEEK,
	UNIT_MONTH,
	UNIT_YEAR
} DateUnit;

/* A date in parts; time is the milliseconds since midnight. */
typedef struct Civil
{
	int64		year;
	int64		month;			/* 1 .. 12 */
	int64		day;			/* 1 .. 31 */
	int64		time;
} Civil;

/* ----------
 * the calendar
 * ----------
 */
static Civil
civil_from_ms(int64 ms)
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
static int64
civil_to_ms(Civil civil)
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

static bool
in_calendar(int64 ms)
{
	return ms >= MIN_DATE && ms <= MAX_DATE;
}

static int
day_of_week(int64 ms)
{
	int64		days = (ms - MIN_DATE) / MS_PER_DAY;

	return (days + 6) % 7;		/* 0000-01-01 was a Saturday */
}

static int
day_of_year(int64 ms)
{
	Civil		first = civil_from_ms(ms);

	first.month = first.day = 1;
	first.time = 0;
	return (ms - civil_to_ms(first)) / MS_PER_DAY + 1;
}

static bool
is_leap_year(int64 year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_in_month(Civil civil)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[civil.month - 1] +
		(civil.month == 2 && is_leap_year(civil.year) ? 1 : 0);
}

/* The ISO week: the week's Thursday decides to which year it belongs. */
static int
iso_week(int64 ms)
{
	int			weekday = (day_of_week(ms) + 6) % 7;	/* Monday is 0 */

	return (day_of_year(ms + (3 - weekday) * MS_PER_DAY) - 1) / 7 + 1;
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

static bool
parse_date(FuncText text, int64 *ms)
{
	Cursor		c = {text.data, text.data + text.len};
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
	*ms = civil_to_ms(civil) - offset;
	return c.p == c.end && in_calendar(*ms);
}

/*
 * Take argument i for a date.  False, with a null result and a warning, if it
 * is none.
 */
static bool
date_arg(ExprCall *call, int i, int64 *ms, JsonbValue *result)
{
	const JsonbValue *v = &call->args[i];
	bool		ok = false;

	value_set_null(result);
	switch (value_type(v))
	{
		case VALUE_NUMBER:
			*ms = value_to_int64(v);
			ok = in_calendar(*ms);
			break;
		case VALUE_STRING:
			ok = parse_date(func_text(v), ms);
			break;
		case VALUE_NULL:
			break;
		default:
			func_warn(call, EXPR_WARN_INVALID_ARGUMENT_TYPE);
			return false;
	}
	if (!ok)
		func_warn(call, EXPR_WARN_INVALID_DATE);
	return ok;
}

/* The unit that an argument names; UNIT_NONE if it names none. */
static DateUnit
unit_arg(const ExprCall *call, int i)
{
	static const struct
	{
		const char *letter;
		const char *name;
		DateUnit	unit;
	}			units[] = {
		{"y", "year", UNIT_YEAR},
		{"m", "month", UNIT_MONTH},
		{"w", "week", UNIT_WEEK},
		{"d", "day", UNIT_DAY},
		{"h", "hour", UNIT_HOUR},
		{"i", "minute", UNIT_MINUTE},
		{"s", "second", UNIT_SECOND},
		{"f", "millisecond", UNIT_MILLISECOND},
	};
	FuncText	text;

	if (!func_arg_is_string(call, i))
		return UNIT_NONE;
	text = func_text(&call->args[i]);
	for (int u = 0; u < lengthof(units); u++)
	{
		int			len = strlen(units[u].name);

		if (text.len == 1 && pg_tolower(text.data[0]) == units[u].letter[0])
			return units[u].unit;
		if ((text.len == len ||
			 (text.len == len + 1 && pg_tolower(text.data[len]) == 's')) &&
			pg_strncasecmp(text.data, units[u].name, len) == 0)
			return units[u].unit;
	}
	return UNIT_NONE;
}

/* Milliseconds of a unit of fixed length; 0 for months and years. */
static int64
unit_ms(DateUnit unit)
{
	switch (unit)
	{
		case UNIT_MILLISECOND:
			return 1;
		case UNIT_SECOND:
			return MS_PER_SECOND;
		case UNIT_MINUTE:
			return MS_PER_MINUTE;
		case UNIT_HOUR:
			return MS_PER_HOUR;
		case UNIT_DAY:
			return MS_PER_DAY;
		case UNIT_WEEK:
			return 7 * MS_PER_DAY;
		default:
			return 0;
	}
}

/* ----------
 * writing
 * ----------
 */
static char *
format_iso(int64 ms)
{
	Civil		civil = civil_from_ms(ms);

	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
					(int) civil.year, (int) civil.month, (int) civil.day,
					(int) (civil.time / MS_PER_HOUR),
					(int) (civil.time / MS_PER_MINUTE % 60),
					(int) (civil.time / MS_PER_SECOND % 60),
					(int) (civil.time % MS_PER_SECOND));
}

/* Answer a date in ISO form; beyond the calendar, null and a warning. */
static void
return_iso(ExprCall *call, int64 ms, JsonbValue *result)
{
	if (in_calendar(ms))
	{
		char	   *iso = format_iso(ms);

		value_set_string(result, iso, strlen(iso));
	}
	else
	{
		func_warn(call, EXPR_WARN_INVALID_DATE);
		value_set_null(result);
	}
}

/* ----------
 * now, conversion, parts
 * ----------
 */
static void
fn_date_now(ExprCall *call, JsonbValue *result)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	value_set_int64(result, (int64) now.tv_sec * 1000 + now.tv_usec / 1000);
}

/*
 * A date from year, month, day and up to four parts of the time.  Parts are
 * not negative; what exceeds its range carries over.
 */
static bool
date_from_parts(ExprCall *call, int64 *ms, JsonbValue *result)
{
	int64		part[7] = {0};
	Civil		civil;

	value_set_null(result);
	for (int i = 0; i < call->nargs; i++)
	{
		if (call->nargs < 3 ||
			!(func_arg_is_number(call, i) || func_arg_is_string(call, i)))
		{
			func_warn(call, EXPR_WARN_INVALID_ARGUMENT_TYPE);
			return false;
		}
		part[i] = value_to_int64(&call->args[i]);
		if (part[i] < 0 || part[i] > MAX_AMOUNT / MS_PER_DAY || part[0] > 9999)
		{
			func_warn(call, EXPR_WARN_INVALID_DATE);
			return false;
		}
	}
	civil.year = part[0];
	civil.month = part[1];
	civil.day = part[2];
	civil.time = part[3] * MS_PER_HOUR + part[4] * MS_PER_MINUTE +
		part[5] * MS_PER_SECOND + Min(part[6], 999);
	*ms = part[1] <= MAX_AMOUNT / MS_PER_DAY / 1000 ? civil_to_ms(civil) :
		PG_INT64_MAX;
	if (!in_calendar(*ms))
	{
		func_warn(call, EXPR_WARN_INVALID_DATE);
		return false;
	}
	return true;
}

static bool
date_of_call(ExprCall *call, int64 *ms, JsonbValue *result)
{
	return call->nargs == 1 ? date_arg(call, 0, ms, result) :
		date_from_parts(call, ms, result);
}

static void
fn_date_timestamp(ExprCall *call, JsonbValue *result)
{
	int64		ms;

	if (date_of_call(call, &ms, result))
		value_set_int64(result, ms);
}

static void
fn_date_iso8601(ExprCall *call, JsonbValue *result)
{
	int64		ms;

	if (date_of_call(call, &ms, result))
		return_iso(call, ms, result);
}

static void
fn_is_datestring(ExprCall *call, JsonbValue *result)
{
	int64		ms;

	value_set_bool(result, func_arg_is_string(call, 0) &&
				   parse_date(func_text(&call->args[0]), &ms));
}

/* A function of one date that answers a number. */
#define DATE_PART(fn_name, expression) \
static void \
fn_name(ExprCall *call, JsonbValue *result) \
{ \
	int64		ms; \
\
	if (date_arg(call, 0, &ms, result)) \
	{ \
		Civil		civil = civil_from_ms(ms); \
\
		(void) civil; \
		value_set_int64(result, (expression)); \
	} \
}

DATE_PART(fn_date_year, civil.year)
DATE_PART(fn_date_month, civil.month)
DATE_PART(fn_date_day, civil.day)
DATE_PART(fn_date_hour, civil.time / MS_PER_HOUR)
DATE_PART(fn_date_minute, civil.time / MS_PER_MINUTE % 60)
DATE_PART(fn_date_second, civil.time / MS_PER_SECOND % 60)
DATE_PART(fn_date_millisecond, civil.time % MS_PER_SECOND)
DATE_PART(fn_date_dayofweek, day_of_week(ms))
DATE_PART(fn_date_dayofyear, day_of_year(ms))
DATE_PART(fn_date_isoweek, iso_week(ms))
DATE_PART(fn_date_quarter, (civil.month + 2) / 3)
DATE_PART(fn_date_days_in_month, days_in_month(civil))

static void
fn_date_leapyear(ExprCall *call, JsonbValue *result)
{
	int64		ms;

	if (date_arg(call, 0, &ms, result))
		value_set_bool(result, is_leap_year(civil_from_ms(ms).year));
}

/* ----------
 * arithmetic
 * ----------
 */

/*
 * Add amounts of the units to a date, months and years before the rest.  The
 * result may lie beyond the calendar.
 */
static int64
add_amounts(int64 ms, double months, double rest)
{
	Civil		civil = civil_from_ms(ms);

	if (fabs(months) > 12 * 20000 || fabs(rest) > MAX_AMOUNT)
		return PG_INT64_MAX;
	civil.month += (int64) months;
	return civil_to_ms(civil) + (int64) rest;
}

/*
 * An amount in one unit, as months and milliseconds.  The fraction of a year
 * is taken in months, that of a month in days of which it has 30.
 */
static void
split_amount(double amount, DateUnit unit, double *months, double *rest)
{
	double		whole;

	*months = 0;
	*rest = 0;
	if (unit == UNIT_YEAR)
	{
		amount = modf(amount, &whole) * 12;
		*months = whole * 12;
	}
	if (unit == UNIT_YEAR || unit == UNIT_MONTH)
	{
		amount = modf(amount, &whole) * 30;
		*months += whole;
		unit = UNIT_DAY;
	}
	*rest = trunc(amount * unit_ms(unit));
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
static bool
parse_duration(FuncText text, double *months, double *rest)
{
	Cursor		c = {text.data, text.data + text.len};

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

/* DATE_ADD and DATE_SUBTRACT: (date, amount, unit) or (date, duration) */
static void
shift_date(ExprCall *call, int sign, JsonbValue *result)
{
	int64		ms;
	double		months;
	double		rest;
	DateUnit	unit = unit_arg(call, 2);

	if (!date_arg(call, 0, &ms, result))
		return;
	if (call->nargs == 3)
	{
		if (!func_arg_is_number(call, 1) || !func_arg_is_string(call, 2))
		{
			func_invalid_argument(call, result);
			return;
		}
		if (unit == UNIT_NONE)
		{
			func_warn(call, EXPR_WARN_INVALID_DATE);
			return;
		}
		split_amount(value_to_double(&call->args[1]), unit, &months, &rest);
	}
	else
	{
		if (!func_arg_is_string(call, 1))
		{
			func_invalid_argument(call, result);
			return;
		}
		if (!parse_duration(func_text(&call->args[1]), &months, &rest))
		{
			func_warn(call, EXPR_WARN_INVALID_DATE);
			return;
		}
	}
	return_iso(call, add_amounts(ms, sign * months, sign * rest), result);
}

static void
fn_date_add(ExprCall *call, JsonbValue *result)
{
	shift_date(call, 1, result);
}

static void
fn_date_subtract(ExprCall *call, JsonbValue *result)
{
	shift_date(call, -1, result);
}

/* DATE_DIFF: from the first date to the second */
static void
fn_date_diff(ExprCall *call, JsonbValue *result)
{
	DateUnit	unit = unit_arg(call, 2);
	int64		from;
	int64		to;
	double		length;
	double		diff;

	if (!date_arg(call, 0, &from, result) || !date_arg(call, 1, &to, result))
		return;
	if (!func_arg_is_string(call, 2) ||
		(call->nargs > 3 && call->args[3].type != jbvBool))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (unit == UNIT_NONE)
	{
		func_warn(call, EXPR_WARN_INVALID_DATE);
		return;
	}
	length = unit == UNIT_YEAR ? MEAN_YEAR_DAYS * MS_PER_DAY :
		unit == UNIT_MONTH ? MEAN_YEAR_DAYS * MS_PER_DAY / 12 : unit_ms(unit);
	diff = (double) (to - from) / length;
	value_set_double(result, func_arg_truthy(call, 3) ? diff : round(diff));
}

/* The part of a date that belongs to a unit. */
static int64
unit_part(int64 ms, DateUnit unit)
{
	Civil		civil = civil_from_ms(ms);

	switch (unit)
	{
		case UNIT_YEAR:
			return civil.year;
		case UNIT_MONTH:
			return civil.month;
		case UNIT_DAY:
			return civil.day;
		case UNIT_HOUR:
			return civil.time / MS_PER_HOUR;
		case UNIT_MINUTE:
			return civil.time / MS_PER_MINUTE % 60;
		case UNIT_SECOND:
			return civil.time / MS_PER_SECOND % 60;
		default:
			return civil.time % MS_PER_SECOND;
	}
}

/* DATE_COMPARE: are the parts from one unit down to another the same? */
static void
fn_date_compare(ExprCall *call, JsonbValue *result)
{
	DateUnit	from = unit_arg(call, 2);
	DateUnit	to = call->nargs > 3 ? unit_arg(call, 3) : from;
	int64		a;
	int64		b;

	if (!date_arg(call, 0, &a, result) || !date_arg(call, 1, &b, result))
		return;
	/* a week is no part of a date's notation */
	if (from == UNIT_NONE || from == UNIT_WEEK ||
		to == UNIT_NONE || to == UNIT_WEEK)
	{
		func_invalid_argument(call, result);
		return;
	}
	value_set_bool(result, true);
	for (int unit = from; unit >= (int) to; unit--)
		if (unit != UNIT_WEEK &&
			unit_part(a, unit) != unit_part(b, unit))
			value_set_bool(result, false);
}

static void
fn_date_trunc(ExprCall *call, JsonbValue *result)
{
	DateUnit	unit = unit_arg(call, 1);
	int64		ms;
	Civil		civil;

	if (!date_arg(call, 0, &ms, result))
		return;
	if (!func_arg_is_string(call, 1))
	{
		func_invalid_argument(call, result);
		return;
	}
	if (unit == UNIT_NONE || unit == UNIT_WEEK)
	{
		func_warn(call, EXPR_WARN_INVALID_DATE);
		return;
	}
	civil = civil_from_ms(ms);
	if (unit == UNIT_YEAR)
		civil.month = 1;
	if (unit == UNIT_YEAR || unit == UNIT_MONTH)
	{
		civil.day = 1;
		civil.time = 0;
	}
	else
		civil.time -= civil.time % unit_ms(unit);
	return_iso(call, civil_to_ms(civil), result);
}

/* DATE_ROUND(date, amount, unit): down (towards 1970) to a whole multiple */
static void
fn_date_round(ExprCall *call, JsonbValue *result)
{
	DateUnit	unit = unit_arg(call, 2);
	int64		ms;
	int64		amount = value_to_int64(&call->args[1]);
	int64		multiple;

	if (!date_arg(call, 0, &ms, result))
		return;
	if (!func_arg_is_number(call, 1) || amount <= 0 || unit == UNIT_WEEK ||
		unit_ms(unit) == 0)
	{
		func_invalid_argument(call, result);
		return;
	}
	multiple = Min(amount, (int64) MAX_AMOUNT / unit_ms(unit)) * unit_ms(unit);
	return_iso(call, ms / multiple * multiple, result);
}

/* ----------
 * DATE_FORMAT
 * ----------
 */
static const char *const month_names[] = {
	"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December",
};
static const char *const weekday_names[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
	"Saturday",
};

/* The placeholders; of two that fit, the longer one is meant. */
static const char *const placeholders[] = {
	"%yyyyyy", "%mmmm", "%yyyy", "%wwww", "%mmm", "%www", "%fff", "%xxx",
	"%yy", "%mm", "%dd", "%hh", "%ii", "%ss", "%kk", "%t", "%z", "%w", "%y",
	"%m", "%d", "%h", "%i", "%s", "%f", "%x", "%k", "%l", "%q", "%a", "%%",
	"%&", "%",
};

/* Append a placeholder's text; letters is how often its letter is repeated. */
static void
append_placeholder(StringInfo out, char letter, int letters, int64 ms)
{
	Civil		civil = civil_from_ms(ms);

	switch (letter)
	{
		case 'y':
			if (letters == 6)
				appendStringInfo(out, "+%06d", (int) civil.year);
			else if (letters == 2)
				appendStringInfo(out, "%02d", (int) civil.year % 100);
			else
				appendStringInfo(out, "%0*d", letters, (int) civil.year);
			break;
		case 'm':
			if (letters == 4)
				appendStringInfoString(out, month_names[civil.month - 1]);
			else if (letters == 3)
				appendStringInfo(out, "%.3s", month_names[civil.month - 1]);
			else
				appendStringInfo(out, "%0*d", letters, (int) civil.month);
			break;
		case 'w':
			if (letters == 4)
				appendStringInfoString(out, weekday_names[day_of_week(ms)]);
			else if (letters == 3)
				appendStringInfo(out, "%.3s", weekday_names[day_of_week(ms)]);
			else
				appendStringInfo(out, "%d", day_of_week(ms));
			break;
		case 'd':
			appendStringInfo(out, "%0*d", letters, (int) civil.day);
			break;
		case 'h':
			appendStringInfo(out, "%0*d", letters,
							 (int) unit_part(ms, UNIT_HOUR));
			break;
		case 'i':
			appendStringInfo(out, "%0*d", letters,
							 (int) unit_part(ms, UNIT_MINUTE));
			break;
		case 's':
			appendStringInfo(out, "%0*d", letters,
							 (int) unit_part(ms, UNIT_SECOND));
			break;
		case 'f':
			appendStringInfo(out, "%0*d", letters,
							 (int) unit_part(ms, UNIT_MILLISECOND));
			break;
		case 'x':
			appendStringInfo(out, "%0*d", letters, day_of_year(ms));
			break;
		case 'k':
			appendStringInfo(out, "%0*d", letters, iso_week(ms));
			break;
		case 't':
			appendStringInfo(out, INT64_FORMAT, ms);
			break;
		case 'z':
			appendStringInfoString(out, format_iso(ms));
			break;
		case 'l':
			appendStringInfoChar(out, is_leap_year(civil.year) ? '1' : '0');
			break;
		case 'q':
			appendStringInfo(out, "%d", (int) (civil.month + 2) / 3);
			break;
		case 'a':
			appendStringInfo(out, "%d", days_in_month(civil));
			break;
		case '%':
			appendStringInfoChar(out, '%');
			break;
		default:
			break;				/* "%&" and a lone "%" stand for nothing */
	}
}

static void
fn_date_format(ExprCall *call, JsonbValue *result)
{
	int64		ms;
	FuncText	format;
	StringInfoData buf;

	if (!date_arg(call, 0, &ms, result))
		return;
	if (!func_arg_is_string(call, 1))
	{
		func_invalid_argument(call, result);
		return;
	}
	format = func_text(&call->args[1]);
	initStringInfo(&buf);
	for (int i = 0; i < format.len;)
	{
		int			len = 0;

		CHECK_FOR_INTERRUPTS();
		for (int p = 0; p < lengthof(placeholders) && len == 0; p++)
		{
			int			size = strlen(placeholders[p]);

			if (size <= format.len - i &&
				memcmp(format.data + i, placeholders[p], size) == 0)
				len = size;
		}
		if (len == 0)
			appendStringInfoChar(&buf, format.data[i++]);
		else
		{
			append_placeholder(&buf, len > 1 ? format.data[i + 1] : '\0',
							   len - 1, ms);
			i += len;
		}
	}
	func_return_buffer(result, &buf);
}

const ExprFunctionDef func_date_table[] = {
	{"DATE_NOW", 0, 0, EXPR_FN_VOLATILE, fn_date_now},
	{"DATE_TIMESTAMP", 1, 7, 0, fn_date_timestamp},
	{"DATE_ISO8601", 1, 7, 0, fn_date_iso8601},
	{"IS_DATESTRING", 1, 1, 0, fn_is_datestring},
	{"DATE_YEAR", 1, 1, 0, fn_date_year},
	{"DATE_MONTH", 1, 1, 0, fn_date_month},
	{"DATE_DAY", 1, 1, 0, fn_date_day},
	{"DATE_HOUR", 1, 1, 0, fn_date_hour},
	{"DATE_MINUTE", 1, 1, 0, fn_date_minute},
	{"DATE_SECOND", 1, 1, 0, fn_date_second},
	{"DATE_MILLISECOND", 1, 1, 0, fn_date_millisecond},
	{"DATE_DAYOFWEEK", 1, 1, 0, fn_date_dayofweek},
	{"DATE_DAYOFYEAR", 1, 1, 0, fn_date_dayofyear},
	{"DATE_ISOWEEK", 1, 1, 0, fn_date_isoweek},
	{"DATE_LEAPYEAR", 1, 1, 0, fn_date_leapyear},
	{"DATE_QUARTER", 1, 1, 0, fn_date_quarter},
	{"DATE_DAYS_IN_MONTH", 1, 1, 0, fn_date_days_in_month},
	{"DATE_ADD", 2, 3, 0, fn_date_add},
	{"DATE_SUBTRACT", 2, 3, 0, fn_date_subtract},
	{"DATE_DIFF", 3, 4, 0, fn_date_diff},
	{"DATE_COMPARE", 3, 4, 0, fn_date_compare},
	{"DATE_TRUNC", 2, 2, 0, fn_date_trunc},
	{"DATE_ROUND", 3, 3, 0, fn_date_round},
	{"DATE_FORMAT", 2, 2, 0, fn_date_format},
	{NULL}
};
