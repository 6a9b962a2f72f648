/*
 * date.h
 *		Dates of the expression language: the calendar, reading and writing.
 */
#ifndef UPSERT_EXPR_DATE_H
#define UPSERT_EXPR_DATE_H

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

/* A date in parts; time is the milliseconds since midnight. */
typedef struct Civil
{
	int64		year;
	int64		month;			/* 1 .. 12 */
	int64		day;			/* 1 .. 31 */
	int64		time;
} Civil;

/*
 * To and from parts.  date_from_civil carries a month beyond 12 or below 1
 * into the year and a day into the month.
 */
extern Civil date_to_civil(int64 ms);
extern int64 date_from_civil(Civil civil);

extern bool date_in_calendar(int64 ms);
extern int	date_day_of_week(int64 ms); /* Sunday is 0 */
extern int	date_day_of_year(int64 ms); /* from 1 */
extern int	date_iso_week(int64 ms);
extern int	date_iso_week_year(int64 ms);	/* that the week belongs to */
extern bool date_is_leap_year(int64 year);
extern int	date_days_in_month(Civil civil);

/* Read an ISO 8601 date; false if it is none or beyond the calendar. */
extern bool date_parse(const char *s, int len, int64 *ms);

/* Read an ISO 8601 duration, as months and milliseconds. */
extern bool date_parse_duration(const char *s, int len,
								double *months, double *rest);

/* YYYY-MM-DDTHH:MM:SS.mmmZ of a date in the calendar; palloc'd */
extern char *date_format_iso(int64 ms);

/*
 * Add months, then milliseconds, to a date.  The result may lie beyond the
 * calendar.
 */
extern int64 date_add(int64 ms, double months, double rest);

#endif							/* UPSERT_EXPR_DATE_H */
