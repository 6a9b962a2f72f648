/*
 * func_zone.c
 *		Functions of time zones: to what clocks show somewhere, and back, and
 *		what zones there are.  What a zone is, zone.c says.
 */
#include "postgres.h"

#include "expr/date.h"
#include "expr/func_util.h"
#include "expr/zone.h"
#include "nodes/pg_list.h"

static void
put_text(ValueBuilder *b, const char *name, const char *text)
{
	JsonbValue	value;

	if (text)
		value_set_string(&value, text, strlen(text));
	else
		value_set_null(&value);
	value_object_put(b, name, strlen(name), &value);
}

/* An instant, null if there is none or none that has a notation. */
static void
put_date(ValueBuilder *b, const char *name, bool there, int64 ms)
{
	put_text(b, name, there && date_in_calendar(ms) ? date_format_iso(ms) : NULL);
}

/* {name, begin, end, dst, offset} of the period that an instant is in */
static void
zone_info(int64 utc, pg_tz *zone, JsonbValue *info)
{
	ZonePeriod	period;
	ValueBuilder b;
	JsonbValue	value;

	zone_period(utc, zone, &period);
	value_object_begin(&b);
	put_text(&b, "name", period.abbreviation);
	put_date(&b, "begin", period.has_begin, period.begin);
	put_date(&b, "end", period.has_end, period.end);
	value_set_bool(&value, period.dst);
	value_object_put(&b, "dst", 3, &value);
	value_set_int64(&value, period.offset);
	value_object_put(&b, "offset", 6, &value);
	value_object_finish(&b, true, info);
}

/*
 * DATE_UTCTOLOCAL and DATE_LOCALTOUTC: (date, zone[, with zone information]).
 * Local time is written without a zone.
 */
static void
convert_zone(ExprCall *call, bool to_local, JsonbValue *result)
{
	pg_tz	   *zone;
	int64		ms;
	int64		converted;
	char	   *text;
	ValueBuilder b;
	JsonbValue	info;

	if (!func_date_arg(call, 0, &ms, result) || !func_zone_arg(call, 1, &zone, result))
		return;
	converted = to_local ? zone_to_local(ms, zone) : zone_to_utc(ms, zone);
	if (!date_in_calendar(converted))
	{
		func_warn(call, EXPR_WARN_INVALID_DATE);
		return;
	}
	text = date_format_iso(converted);
	if (to_local)
		text[strlen(text) - 1] = '\0';
	if (!func_arg_truthy(call, 2))
	{
		value_set_string(result, text, strlen(text));
		return;
	}
	value_object_begin(&b);
	put_text(&b, to_local ? "local" : "utc", text);
	put_text(&b, "tzdb", "PostgreSQL " PG_VERSION);
	zone_info(to_local ? ms : converted, zone, &info);
	value_object_put(&b, "zoneInfo", 8, &info);
	value_object_finish(&b, true, result);
}

static void
fn_date_utctolocal(ExprCall *call, JsonbValue *result)
{
	convert_zone(call, true, result);
}

static void
fn_date_localtoutc(ExprCall *call, JsonbValue *result)
{
	convert_zone(call, false, result);
}

/* DATE_TIMEZONE: the session's */
static void
fn_date_timezone(ExprCall *call, JsonbValue *result)
{
	const char *name = pg_get_timezone_name(session_timezone);

	value_set_string(result, name, strlen(name));
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static void
fn_date_timezones(ExprCall *call, JsonbValue *result)
{
	pg_tzenum  *zones = pg_tzenumerate_start();
	pg_tz	   *zone;
	List	   *names = NIL;
	ListCell   *lc;
	ValueBuilder b;

	while ((zone = pg_tzenumerate_next(zones)) != NULL)
		names = lappend(names, pstrdup(pg_get_timezone_name(zone)));
	pg_tzenumerate_end(zones);
	list_sort(names, compare_names);
	value_array_begin(&b);
	foreach(lc, names)
	{
		JsonbValue	name;

		value_set_string(&name, lfirst(lc), strlen(lfirst(lc)));
		value_array_add(&b, &name);
	}
	value_array_finish(&b, result);
}

const ExprFunctionDef func_zone_table[] = {
	{"DATE_UTCTOLOCAL", 2, 3, 0, fn_date_utctolocal},
	{"DATE_LOCALTOUTC", 2, 3, 0, fn_date_localtoutc},
	{"DATE_TIMEZONE", 0, 0, EXPR_FN_VOLATILE, fn_date_timezone},
	{"DATE_TIMEZONES", 0, 0, 0, fn_date_timezones},
	{NULL}
};
