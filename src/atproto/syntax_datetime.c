/*
 * syntax_datetime.c
 *		The "datetime" format: the intersection of RFC 3339, ISO 8601 and HTML.
 *
 *		YYYY-MM-DD T HH:MM:SS [. digits] ( Z | +HH:MM | -HH:MM )
 *
 * Capitals only, seconds and zone required, "-00:00" and leap seconds not
 * allowed; the day must be of the calendar, and the instant in UTC between
 * the years 0 and 9999.  Nothing is converted: a record's datetime stays the
 * string that it is, since its hash depends on it.
 */
#include "postgres.h"

#include "atproto/syntax.h"

#define DATETIME_MAX	64
#define MINUTES_PER_DAY (24 * 60)

typedef struct Scanner
{
	const char *pos;
	const char *end;
} Scanner;

static bool scan_number(Scanner *scanner, int ndigits, int *number);
static bool scan_char(Scanner *scanner, char c);
static bool scan_fraction(Scanner *scanner);
static bool scan_zone(Scanner *scanner, int *minutes);
static int	days_in_month(int year, int month);

/* Exactly ndigits digits. */
static bool
scan_number(Scanner *scanner, int ndigits, int *number)
{
	*number = 0;
	if (scanner->end - scanner->pos < ndigits)
		return false;
	for (int i = 0; i < ndigits; i++)
	{
		char		c = *scanner->pos++;

		if (c < '0' || c > '9')
			return false;
		*number = *number * 10 + (c - '0');
	}
	return true;
}

static bool
scan_char(Scanner *scanner, char c)
{
	if (scanner->pos >= scanner->end || *scanner->pos != c)
		return false;
	scanner->pos++;
	return true;
}

/* Nothing, or a point and at least one digit. */
static bool
scan_fraction(Scanner *scanner)
{
	int			digit;

	if (!scan_char(scanner, '.'))
		return true;
	if (!scan_number(scanner, 1, &digit))
		return false;
	while (scanner->pos < scanner->end &&
		   *scanner->pos >= '0' && *scanner->pos <= '9')
		scanner->pos++;
	return true;
}

/* The offset from UTC in minutes. */
static bool
scan_zone(Scanner *scanner, int *minutes)
{
	bool		negative;
	int			hour;
	int			minute;

	*minutes = 0;
	if (scan_char(scanner, 'Z'))
		return true;
	negative = scan_char(scanner, '-');
	if (!negative && !scan_char(scanner, '+'))
		return false;
	if (!scan_number(scanner, 2, &hour) || !scan_char(scanner, ':') ||
		!scan_number(scanner, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*minutes = hour * 60 + minute;
	if (negative)
	{
		if (*minutes == 0)
			return false;
		*minutes = -*minutes;
	}
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

bool
syntax_is_datetime(const char *str, int len)
{
	Scanner		scanner = {str, str + len};
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			second;
	int			offset;
	int			utc_minute;		/* of the day; outside of it: another day */

	if (len > DATETIME_MAX ||
		!scan_number(&scanner, 4, &year) || !scan_char(&scanner, '-') ||
		!scan_number(&scanner, 2, &month) || !scan_char(&scanner, '-') ||
		!scan_number(&scanner, 2, &day) || !scan_char(&scanner, 'T') ||
		!scan_number(&scanner, 2, &hour) || !scan_char(&scanner, ':') ||
		!scan_number(&scanner, 2, &minute) || !scan_char(&scanner, ':') ||
		!scan_number(&scanner, 2, &second) ||
		!scan_fraction(&scanner) || !scan_zone(&scanner, &offset) ||
		scanner.pos != scanner.end)
		return false;
	if (month < 1 || month > 12 || day < 1 ||
		day > days_in_month(year, month) ||
		hour > 23 || minute > 59 || second > 59)
		return false;

	utc_minute = hour * 60 + minute - offset;
	if (year == 0 && month == 1 && day == 1 && utc_minute < 0)
		return false;
	if (year == 9999 && month == 12 && day == 31 &&
		utc_minute >= MINUTES_PER_DAY)
		return false;
	return true;
}
