/*
 * global.c
 *		The global functions of record scripts: now(), log(), TID() with its
 *		conversions; and what there is elsewhere but not in a database.
 *
 * A TID is 53 bits of microseconds and 10 bits of a clock's number; see
 * base/tid.h.  Integers of Lua have 64 bits, so it fits.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "base/tid.h"
#include "bounds.h"
#include "script.h"

/* Microseconds from 1970 to the epoch of timestamps */
#define EPOCH_MICROS \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

static void push_time(lua_State *L, int64 micros, int digits);
static uint64 check_tid(lua_State *L, int index);
static int64 check_micros(lua_State *L, int64 micros);
static void push_tid(lua_State *L, uint64 value);
static bool take_digits(const char **str, int n, int *value);
static bool parse_time(const char *str, int64 *micros);

/* Pushes a time of UTC as RFC 3339, with so many digits of its fraction. */
static void
push_time(lua_State *L, int64 micros, int digits)
{
	struct pg_tm tm;
	fsec_t		fraction;
	char		text[MAXDATELEN + 1];

	if (timestamp2tm(micros - EPOCH_MICROS, NULL, &tm, &fraction, NULL, NULL) != 0)
		luaL_error(L, "the time is out of range");
	if (digits == 3)
		fraction /= 1000;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%0*dZ",
			 tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
			 tm.tm_sec, digits, (int) fraction);
	lua_pushstring(L, text);
}

/* now() */
static int
global_now(lua_State *L)
{
	(void) script_enter(L);
	push_time(L, GetCurrentTimestamp() + EPOCH_MICROS, 3);
	return 1;
}

/* log(value) */
static int
global_log(lua_State *L)
{
	Script	   *s = script_enter(L);
	size_t		len;
	const char *text = luaL_tolstring(L, 1, &len);

	if (!script_text_is_valid(text, len))
		return luaL_error(L, "the text to be logged is not valid in the encoding of the database");
	ereport(NOTICE, (errmsg("%s: %s", s->method, text)));
	return 0;
}

/* ----------
 * TIDs
 * ----------
 */

static uint64
check_tid(lua_State *L, int index)
{
	size_t		len;
	const char *str = NULL;
	uint64		value;

	if (lua_type(L, index) == LUA_TSTRING)
		str = lua_tolstring(L, index, &len);
	if (str == NULL || len != TID_LENGTH || !upsert->tid_is_valid(str, (int) len))
		luaL_error(L, "a TID is expected");
	value = upsert->tid_decode(str);
	if (value > PG_INT64_MAX)
		luaL_error(L, "the TID \"%s\" is beyond what 64 bits hold", str);
	return value;
}

static int64
check_micros(lua_State *L, int64 micros)
{
	if (micros < 0 || micros > TID_MICROS_MAX)
		luaL_error(L, "no TID has this time: it must lie between 1970 and 2255");
	return micros;
}

static void
push_tid(lua_State *L, uint64 value)
{
	char		tid[TID_LENGTH + 1];

	upsert->tid_encode(value, tid);
	lua_pushstring(L, tid);
}

/* TID() */
static int
tid_call(lua_State *L)
{
	char		tid[TID_LENGTH + 1];

	(void) script_enter(L);
	upsert->tid_next(tid);
	lua_pushstring(L, tid);
	return 1;
}

static int
tid_to_iso8601(lua_State *L)
{
	(void) script_enter(L);
	push_time(L, (int64) (check_tid(L, 1) >> TID_CLOCK_BITS), 6);
	return 1;
}

/* So many digits, as a number. */
static bool
take_digits(const char **str, int n, int *value)
{
	*value = 0;
	for (int i = 0; i < n; i++, (*str)++)
	{
		if (**str < '0' || **str > '9')
			return false;
		*value = *value * 10 + (**str - '0');
	}
	return true;
}

static bool
take_char(const char **str, const char *any)
{
	if (**str == '\0' || strchr(any, **str) == NULL)
		return false;
	(*str)++;
	return true;
}

/* YYYY-MM-DDTHH:MM:SS, a fraction or none, and Z or +HH:MM */
static bool
parse_time(const char *str, int64 *micros)
{
	int			year,
				month,
				day,
				hour,
				minute,
				second;
	int			offset_hour = 0;
	int			offset_minute = 0;
	int			digit;
	int64		fraction = 0;
	char		sign;

	if (!take_digits(&str, 4, &year) || !take_char(&str, "-") ||
		!take_digits(&str, 2, &month) || !take_char(&str, "-") ||
		!take_digits(&str, 2, &day) || !take_char(&str, "Tt ") ||
		!take_digits(&str, 2, &hour) || !take_char(&str, ":") ||
		!take_digits(&str, 2, &minute) || !take_char(&str, ":") ||
		!take_digits(&str, 2, &second))
		return false;
	if (take_char(&str, "."))
	{
		int64		unit = 100000;

		if (*str < '0' || *str > '9')
			return false;
		for (; *str >= '0' && *str <= '9'; unit /= 10)
		{
			(void) take_digits(&str, 1, &digit);
			fraction += digit * unit;
		}
	}
	sign = *str;
	if (!take_char(&str, "Zz") &&
		(!take_char(&str, "+-") || !take_digits(&str, 2, &offset_hour) ||
		 !take_char(&str, ":") || !take_digits(&str, 2, &offset_minute)))
		return false;
	if (*str != '\0' || month < 1 || month > 12 || day < 1 ||
		day > day_tab[isleap(year)][month - 1] || hour > 23 || minute > 59 ||
		second > 59 || offset_hour > 23 || offset_minute > 59)
		return false;
	*micros = (int64) (date2j(year, month, day) - UNIX_EPOCH_JDATE) * USECS_PER_DAY +
		((hour * 60 + minute) * INT64CONST(60) + second) * USECS_PER_SEC + fraction;
	*micros -= (sign == '-' ? -1 : 1) *
		(offset_hour * 60 + offset_minute) * INT64CONST(60) * USECS_PER_SEC;
	return true;
}

static int
tid_from_iso8601(lua_State *L)
{
	const char *str;
	int64		micros;

	(void) script_enter(L);
	str = script_string(L, 1, "the argument of TID.fromISO8601()");
	if (!parse_time(str, &micros))
		return luaL_error(L, "\"%s\" is not a time like 2026-04-19T15:30:00Z", str);
	push_tid(L, (uint64) check_micros(L, micros) << TID_CLOCK_BITS);
	return 1;
}

static int
tid_to_micros(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer) (check_tid(L, 1) >> TID_CLOCK_BITS));
	return 1;
}

static int
tid_from_micros(lua_State *L)
{
	push_tid(L, (uint64) check_micros(L, luaL_checkinteger(L, 1)) << TID_CLOCK_BITS);
	return 1;
}

static int
tid_to_number(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer) check_tid(L, 1));
	return 1;
}

static int
tid_from_number(lua_State *L)
{
	lua_Integer value = luaL_checkinteger(L, 1);

	if (value < 0)
		return luaL_error(L, "no TID has a number below zero");
	push_tid(L, (uint64) value);
	return 1;
}

static const BoundsFunction tid_functions[] = {
	{"toISO8601", tid_to_iso8601},
	{"fromISO8601", tid_from_iso8601},
	{"toUnixMicroseconds", tid_to_micros},
	{"fromUnixMicroseconds", tid_from_micros},
	{"toNumber", tid_to_number},
	{"fromNumber", tid_from_number},
	{NULL, NULL}
};

/* ----------
 * What there is not
 * ----------
 */

static const char *const absent[] = {"http", "xrpc", "atproto", "spaces", "linked_repos", "jobs", NULL};

/* http.get: the name of the table is the upvalue */
static int
absent_index(lua_State *L)
{
	const char *name = lua_tostring(L, lua_upvalueindex(1));

	if (lua_type(L, 2) == LUA_TSTRING)
		return luaL_error(L, "%s.%s is not available in a database", name, lua_tostring(L, 2));
	return luaL_error(L, "%s is not available in a database", name);
}

static void
push_absent(lua_State *L, const char *name)
{
	lua_createtable(L, 0, 0);
	lua_createtable(L, 0, 2);
	lua_pushstring(L, name);
	bounds_pushclosure(L, absent_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
}

void
global_open(lua_State *L)
{
	bounds_pushfunction(L, global_now);
	lua_setglobal(L, "now");
	bounds_pushfunction(L, global_log);
	lua_setglobal(L, "log");

	lua_createtable(L, 0, lengthof(tid_functions));
	bounds_setfuncs(L, tid_functions);
	script_set_call(L, tid_call);
	lua_setglobal(L, "TID");

	for (const char *const *name = absent; *name != NULL; name++)
	{
		push_absent(L, *name);
		lua_setglobal(L, *name);
	}
}
