/*
 * expr/zone.c
 *		Time zones for dates of the expression language.
 *
 * The zones and their rules are PostgreSQL's own (pgtz).  A date is
 * milliseconds since 1970 in UTC; "local" is the same count read off the clocks
 * of a zone, so that the calendar of date.c serves both:
 *
 *		UTC ms  -- zone_to_local -->  local ms  -->  Civil {y m d, h i s f}
 *				<-- zone_to_utc ---
 *
 * This file must not know values, calls or warnings.
 */
#include "postgres.h"

#include "expr/date.h"
#include "expr/zone.h"
#include "miscadmin.h"
#include "utils/datetime.h"

/* how far back the begin of a period is looked for: further for each time */
#define FIRST_STEP	(INT64CONST(400) * SECS_PER_DAY)
#define STEPS		10

/* The second that a millisecond is in, also before 1970. */
static pg_time_t
second_of(int64 ms)
{
	return (pg_time_t) (ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000));
}

pg_tz *
zone_find(const char *name, int len)
{
	pg_tz	   *zone;

	if (len == 0 || len > TZ_STRLEN_MAX || memchr(name, '\0', len) != NULL)
		return NULL;
	zone = pg_tzset(pnstrdup(name, len));
	return zone != NULL && pg_tz_acceptable(zone) ? zone : NULL;
}

int64
zone_to_local(int64 ms, pg_tz *zone)
{
	pg_time_t	second = second_of(ms);
	const struct pg_tm *tm = pg_localtime(&second, zone);

	return tm == NULL ? ms : ms + (int64) tm->tm_gmtoff * 1000;
}

int64
zone_to_utc(int64 local, pg_tz *zone)
{
	Civil		civil = date_to_civil(local);
	struct pg_tm tm = {0};

	tm.tm_year = (int) civil.year;
	tm.tm_mon = (int) civil.month;
	tm.tm_mday = (int) civil.day;
	tm.tm_hour = (int) (civil.time / MS_PER_HOUR);
	tm.tm_min = (int) (civil.time / MS_PER_MINUTE % 60);
	tm.tm_sec = (int) (civil.time / MS_PER_SECOND % 60);
	tm.tm_isdst = -1;
	/* seconds west of UTC */
	return local + (int64) DetermineTimeZoneOffset(&tm, zone) * 1000;
}

void
zone_period(int64 ms, pg_tz *zone, ZonePeriod *period)
{
	pg_time_t	second = second_of(ms);
	const struct pg_tm *tm = pg_localtime(&second, zone);
	long		before;
	long		after;
	int			dst_before;
	int			dst_after;
	pg_time_t	boundary;

	memset(period, 0, sizeof(ZonePeriod));
	period->abbreviation = pstrdup(tm && tm->tm_zone ? tm->tm_zone : "");
	period->dst = tm && tm->tm_isdst > 0;
	period->offset = tm ? tm->tm_gmtoff : 0;
	if (pg_next_dst_boundary(&second, &before, &dst_before, &boundary,
							 &after, &dst_after, zone) > 0)
	{
		period->has_end = true;
		period->end = (int64) boundary * 1000;
	}

	/* pgtz looks forward only: from ever further back, to the last one */
	for (int step = 0; step < STEPS && !period->has_begin; step++)
	{
		pg_time_t	from = second - (FIRST_STEP << step);

		while (pg_next_dst_boundary(&from, &before, &dst_before, &boundary,
									&after, &dst_after, zone) > 0 &&
			   boundary <= second)
		{
			CHECK_FOR_INTERRUPTS();
			period->has_begin = true;
			period->begin = (int64) boundary * 1000;
			from = boundary;
		}
	}
}
