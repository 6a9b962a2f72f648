/*
 * expr/zone.h
 *		Time zones for dates of the expression language.
 */
#ifndef UPSERT_EXPR_ZONE_H
#define UPSERT_EXPR_ZONE_H

#include "pgtime.h"

/* The zone of this name (not NUL-terminated), NULL if there is none. */
extern pg_tz *zone_find(const char *name, int len);

/*
 * From UTC to what clocks in the zone show, and back, in milliseconds since
 * 1970-01-01T00:00.  What clocks show twice is the later time, what they skip is
 * read with the offset before the gap, as PostgreSQL does.
 */
extern int64 zone_to_local(int64 ms, pg_tz *zone);
extern int64 zone_to_utc(int64 local, pg_tz *zone);

/* What holds in a zone at a time, and from when until when. */
typedef struct ZonePeriod
{
	const char *abbreviation;	/* palloc'd */
	bool		dst;
	long		offset;			/* seconds east of UTC */
	bool		has_begin;
	bool		has_end;
	int64		begin;			/* milliseconds, UTC */
	int64		end;
} ZonePeriod;

extern void zone_period(int64 ms, pg_tz *zone, ZonePeriod *period);

#endif							/* UPSERT_EXPR_ZONE_H */
