/*
 * func_date.c
 *		Functions of dates.  What a date is, date.c says.
 *
 * What is no date gives null and warning 1572, as null does; another type
 * than string and number gives warning 1542.  Where a time zone is given, the
 * parts of a date are those that clocks show there, and what is computed with
 * parts is taken back to UTC.  A zone that PostgreSQL does not know is an error.
 */
#include "postgres.h"

#include <math.h>
#include <sys/time.h>

#include "call/excerpt.h"
#include "expr/date.h"
#include "expr/func_util.h"
#include "expr/zone.h"
#include "miscadmin.h"

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

bool
func_date_arg(ExprCall *call, int i, int64 *ms, JsonbValue *result)
{
	const JsonbValue *v = &call->args[i];
	bool		ok = false;

	value_set_null(result);
	switch (value_type(v))
	{
		case VALUE_NUMBER:
			*ms = value_to_int64(v);
			ok = date_in_calendar(*ms);
			break;
		case VALUE_STRING:
			ok = date_parse(v->val.string.val, v->val.string.len, ms);
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

bool
func_zone_arg(ExprCall *call, int i, pg_tz **zone, JsonbValue *result)
{
	*zone = NULL;
	if (i >= call->nargs)
		return true;
	if (!func_arg_is_string(call, i))
	{
		func_invalid_argument(call, result);
		return false;
	}
	*zone = zone_find(call->args[i].val.string.val,
					  call->args[i].val.string.len);
	if (*zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone %s not recognized",
						excerpt_value(&call->args[i])),
				 errdetail("errorNum %d\nIt is an argument of %s().",
						   EXPR_WARN_INVALID_ARGUMENT_TYPE, call->name),
				 errhint("Use a name of the IANA time zone database, as \"Europe/Berlin\"; DATE_TIMEZONES() lists them.")));
	return true;
}

/* A date as clocks show it in the zone of argument "where", if it is given. */
static bool
local_arg(ExprCall *call, int i, int where, pg_tz **zone, int64 *ms,
		  JsonbValue *result)
{
	if (!func_date_arg(call, i, ms, result) || !func_zone_arg(call, where, zone, result))
		return false;
	if (*zone)
		*ms = zone_to_local(*ms, *zone);
	if (date_in_calendar(*ms))
		return true;
	func_warn(call, EXPR_WARN_INVALID_DATE);
	return false;
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
/* Answer a date in ISO form; beyond the calendar, null and a warning. */
static void
return_iso(ExprCall *call, int64 ms, JsonbValue *result)
{
	if (date_in_calendar(ms))
	{
		char	   *iso = date_format_iso(ms);

		value_set_string(result, iso, strlen(iso));
	}
	else
	{
		func_warn(call, EXPR_WARN_INVALID_DATE);
		value_set_null(result);
	}
}

/* The same for what was computed in a zone (NULL: UTC). */
static void
return_local(ExprCall *call, int64 ms, pg_tz *zone, JsonbValue *result)
{
	if (zone && ms >= MIN_DATE - MS_PER_DAY && ms <= MAX_DATE + MS_PER_DAY)
		ms = zone_to_utc(ms, zone);
	return_iso(call, ms, result);
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
	*ms = part[1] <= MAX_AMOUNT / MS_PER_DAY / 1000 ? date_from_civil(civil) :
		PG_INT64_MAX;
	if (!date_in_calendar(*ms))
	{
		func_warn(call, EXPR_WARN_INVALID_DATE);
		return false;
	}
	return true;
}

static bool
date_of_call(ExprCall *call, int64 *ms, JsonbValue *result)
{
	return call->nargs == 1 ? func_date_arg(call, 0, ms, result) :
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
				   date_parse(call->args[0].val.string.val,
							  call->args[0].val.string.len, &ms));
}

/* A function of one date, and perhaps a zone, that answers a number. */
#define DATE_PART(fn_name, expression) \
static void \
fn_name(ExprCall *call, JsonbValue *result) \
{ \
	int64		ms; \
	pg_tz	   *zone; \
\
	if (local_arg(call, 0, 1, &zone, &ms, result)) \
	{ \
		Civil		civil = date_to_civil(ms); \
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
DATE_PART(fn_date_dayofweek, date_day_of_week(ms))
DATE_PART(fn_date_dayofyear, date_day_of_year(ms))
DATE_PART(fn_date_isoweek, date_iso_week(ms))
DATE_PART(fn_date_quarter, (civil.month + 2) / 3)
DATE_PART(fn_date_days_in_month, date_days_in_month(civil))

static void
fn_date_leapyear(ExprCall *call, JsonbValue *result)
{
	int64		ms;
	pg_tz	   *zone;

	if (local_arg(call, 0, 1, &zone, &ms, result))
		value_set_bool(result, date_is_leap_year(date_to_civil(ms).year));
}

/* DATE_ISOWEEKYEAR: the week, and the year that it belongs to */
static void
fn_date_isoweekyear(ExprCall *call, JsonbValue *result)
{
	int64		ms;
	pg_tz	   *zone;
	ValueBuilder b;
	JsonbValue	part;

	if (!local_arg(call, 0, 1, &zone, &ms, result))
		return;
	value_object_begin(&b);
	value_set_int64(&part, date_iso_week(ms));
	value_object_put(&b, "week", 4, &part);
	value_set_int64(&part, date_iso_week_year(ms));
	value_object_put(&b, "year", 4, &part);
	value_object_finish(&b, true, result);
}

/* ----------
 * arithmetic
 * ----------
 */

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

/*
 * DATE_ADD and DATE_SUBTRACT: (date, amount, unit) or (date, duration), and a
 * zone behind either.
 */
static void
shift_date(ExprCall *call, int sign, JsonbValue *result)
{
	int64		ms;
	double		months;
	double		rest;
	DateUnit	unit = unit_arg(call, 2);
	bool		by_duration = func_arg_is_string(call, 1) &&
	!(call->nargs == 3 && unit != UNIT_NONE);
	pg_tz	   *zone;

	if (by_duration && call->nargs == 4)
	{
		func_invalid_argument(call, result);
		return;
	}
	if (!local_arg(call, 0, by_duration ? 2 : 3, &zone, &ms, result))
		return;
	if (call->nargs >= 3 && !by_duration)
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
		if (!date_parse_duration(call->args[1].val.string.val,
								 call->args[1].val.string.len, &months, &rest))
		{
			func_warn(call, EXPR_WARN_INVALID_DATE);
			return;
		}
	}
	return_local(call, date_add(ms, sign * months, sign * rest), zone, result);
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

/*
 * Two dates, each in its zone; the second is in the zone of the first unless it
 * has its own.  "where" is the argument of the first zone.
 */
static bool
two_dates(ExprCall *call, int where, int64 *a, int64 *b, JsonbValue *result)
{
	pg_tz	   *zone;

	return local_arg(call, 0, where, &zone, a, result) &&
		local_arg(call, 1, where + 1 < call->nargs ? where + 1 : where, &zone,
				  b, result);
}

/*
 * DATE_DIFF: from the first date to the second, by the clocks of their zones,
 * which may follow the unit or asFloat
 */
static void
fn_date_diff(ExprCall *call, JsonbValue *result)
{
	DateUnit	unit = unit_arg(call, 2);
	bool		has_float = call->nargs > 3 && call->args[3].type == jbvBool;
	int64		from;
	int64		to;
	double		length;
	double		diff;

	if (!two_dates(call, has_float ? 4 : 3, &from, &to, result))
		return;
	if (!func_arg_is_string(call, 2) || (!has_float && call->nargs > 5))
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
	value_set_double(result, has_float && func_arg_truthy(call, 3) ? diff : round(diff));
}

/* The part of a date that belongs to a unit. */
static int64
unit_part(int64 ms, DateUnit unit)
{
	Civil		civil = date_to_civil(ms);

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

	if (!two_dates(call, 4, &a, &b, result))
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
	pg_tz	   *zone;

	if (!local_arg(call, 0, 2, &zone, &ms, result))
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
	civil = date_to_civil(ms);
	if (unit == UNIT_YEAR)
		civil.month = 1;
	if (unit == UNIT_YEAR || unit == UNIT_MONTH)
	{
		civil.day = 1;
		civil.time = 0;
	}
	else
		civil.time -= civil.time % unit_ms(unit);
	return_local(call, date_from_civil(civil), zone, result);
}

/* DATE_ROUND(date, amount, unit): down (towards 1970) to a whole multiple */
static void
fn_date_round(ExprCall *call, JsonbValue *result)
{
	DateUnit	unit = unit_arg(call, 2);
	int64		ms;
	int64		amount = value_to_int64(&call->args[1]);
	int64		multiple;
	pg_tz	   *zone;

	if (!local_arg(call, 0, 3, &zone, &ms, result))
		return;
	if (!func_arg_is_number(call, 1) || amount <= 0 || unit == UNIT_WEEK ||
		unit_ms(unit) == 0)
	{
		func_invalid_argument(call, result);
		return;
	}
	multiple = Min(amount, (int64) MAX_AMOUNT / unit_ms(unit)) * unit_ms(unit);
	return_local(call, ms / multiple * multiple, zone, result);
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

/*
 * Append a placeholder's text; letters is how often its letter is repeated.
 * "ms" is the date as clocks show it, "utc" the same instant.
 */
static void
append_placeholder(StringInfo out, char letter, int letters, int64 ms,
				   int64 utc)
{
	Civil		civil = date_to_civil(ms);

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
				appendStringInfoString(out, weekday_names[date_day_of_week(ms)]);
			else if (letters == 3)
				appendStringInfo(out, "%.3s", weekday_names[date_day_of_week(ms)]);
			else
				appendStringInfo(out, "%d", date_day_of_week(ms));
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
			appendStringInfo(out, "%0*d", letters, date_day_of_year(ms));
			break;
		case 'k':
			appendStringInfo(out, "%0*d", letters, date_iso_week(ms));
			break;
		case 't':
			appendStringInfo(out, INT64_FORMAT, utc);
			break;
		case 'z':
			appendStringInfoString(out, date_format_iso(utc));
			break;
		case 'l':
			appendStringInfoChar(out, date_is_leap_year(civil.year) ? '1' : '0');
			break;
		case 'q':
			appendStringInfo(out, "%d", (int) (civil.month + 2) / 3);
			break;
		case 'a':
			appendStringInfo(out, "%d", date_days_in_month(civil));
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
	int64		utc;
	FuncText	format;
	StringInfoData buf;
	pg_tz	   *zone;

	if (!func_date_arg(call, 0, &utc, result) ||
		!local_arg(call, 0, 2, &zone, &ms, result))
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
							   len - 1, ms, utc);
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
	{"DATE_YEAR", 1, 2, 0, fn_date_year},
	{"DATE_MONTH", 1, 2, 0, fn_date_month},
	{"DATE_DAY", 1, 2, 0, fn_date_day},
	{"DATE_HOUR", 1, 2, 0, fn_date_hour},
	{"DATE_MINUTE", 1, 2, 0, fn_date_minute},
	{"DATE_SECOND", 1, 1, 0, fn_date_second},
	{"DATE_MILLISECOND", 1, 1, 0, fn_date_millisecond},
	{"DATE_DAYOFWEEK", 1, 2, 0, fn_date_dayofweek},
	{"DATE_DAYOFYEAR", 1, 2, 0, fn_date_dayofyear},
	{"DATE_ISOWEEK", 1, 2, 0, fn_date_isoweek},
	{"DATE_ISOWEEKYEAR", 1, 2, 0, fn_date_isoweekyear},
	{"DATE_LEAPYEAR", 1, 2, 0, fn_date_leapyear},
	{"DATE_QUARTER", 1, 2, 0, fn_date_quarter},
	{"DATE_DAYS_IN_MONTH", 1, 2, 0, fn_date_days_in_month},
	{"DATE_ADD", 2, 4, 0, fn_date_add},
	{"DATE_SUBTRACT", 2, 4, 0, fn_date_subtract},
	{"DATE_DIFF", 3, 6, 0, fn_date_diff},
	{"DATE_COMPARE", 3, 6, 0, fn_date_compare},
	{"DATE_TRUNC", 2, 3, 0, fn_date_trunc},
	{"DATE_ROUND", 3, 4, 0, fn_date_round},
	{"DATE_FORMAT", 2, 3, 0, fn_date_format},
	{NULL}
};
