/*
 * oslib.c
 *		What scripts have of the os library: time, date, difftime and clock.
 *
 * As the manual of Lua 5.4 has it in 6.9, with one decision: local time is
 * UTC.  A stored script then answers the same on every server and for every
 * session; now() and the records' times are UTC anyway.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <time.h>

#include "bounds.h"
#include "library.h"

/* What a conversion of a date may become */
#define ITEM_MAX	250

/* Conversions of C99, alone and behind E and O */
#define PLAIN		"aAbBcCdDeFgGhHIjmMnprRStTuUVwWxXyYzZ%"
#define BEHIND_E	"cCxXyY"
#define BEHIND_O	"deHImMSuUVwWy"

/* --- dates as tables -------------------------------------------------------- */

static void
set_field(lua_State *L, const char *name, int value, int offset)
{
	lua_pushinteger(L, (lua_Integer) value + offset);
	lua_setfield(L, -2, name);
}

/* Sets the fields of the table at the top. */
static void
set_fields(lua_State *L, const struct tm *tm)
{
	set_field(L, "year", tm->tm_year, 1900);
	set_field(L, "month", tm->tm_mon, 1);
	set_field(L, "day", tm->tm_mday, 0);
	set_field(L, "hour", tm->tm_hour, 0);
	set_field(L, "min", tm->tm_min, 0);
	set_field(L, "sec", tm->tm_sec, 0);
	set_field(L, "yday", tm->tm_yday, 1);
	set_field(L, "wday", tm->tm_wday, 1);
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "isdst");
}

/* A field of the table at the top; def below 0: there must be one. */
static int
get_field(lua_State *L, const char *name, int def, int offset)
{
	int			is_integer;
	int			type = lua_getfield(L, -1, name);
	lua_Integer value = lua_tointegerx(L, -1, &is_integer);

	if (!is_integer)
	{
		if (type != LUA_TNIL)
			return luaL_error(L, "field '%s' is not an integer", name);
		if (def < 0)
			return luaL_error(L, "field '%s' missing in date table", name);
		value = def;
	}
	else
	{
		if (value >= 0 ? value - offset > INT_MAX : value < INT_MIN + offset)
			return luaL_error(L, "field '%s' is out-of-bound", name);
		value -= offset;
	}
	lua_pop(L, 1);
	return (int) value;
}

/* --- functions -------------------------------------------------------------- */

static int
os_time(lua_State *L)
{
	struct tm	tm = {0};
	time_t		t;

	if (lua_isnoneornil(L, 1))
		t = time(NULL);
	else
	{
		luaL_checktype(L, 1, LUA_TTABLE);
		lua_settop(L, 1);
		tm.tm_year = get_field(L, "year", -1, 1900);
		tm.tm_mon = get_field(L, "month", -1, 1);
		tm.tm_mday = get_field(L, "day", -1, 0);
		tm.tm_hour = get_field(L, "hour", 12, 0);
		tm.tm_min = get_field(L, "min", 0, 0);
		tm.tm_sec = get_field(L, "sec", 0, 0);
		t = timegm(&tm);
		/* into the ranges that they have */
		if (t != (time_t) -1)
			set_fields(L, &tm);
	}
	if (t == (time_t) -1)
		return luaL_error(L, "time result cannot be represented in this installation");
	lua_pushinteger(L, (lua_Integer) t);
	return 1;
}

/* The conversion at p, behind its percent sign; answers its length. */
static int
check_conversion(lua_State *L, const char *p, const char *end)
{
	if (p < end && *p != '\0' && strchr(PLAIN, *p) != NULL)
		return 1;
	if (end - p >= 2 && p[1] != '\0' &&
		((*p == 'E' && strchr(BEHIND_E, p[1]) != NULL) ||
		 (*p == 'O' && strchr(BEHIND_O, p[1]) != NULL)))
		return 2;
	luaL_argerror(L, 1,
				  lua_pushfstring(L, "invalid conversion specifier '%%%s'", p));
	return 0;
}

static int
os_date(lua_State *L)
{
	size_t		len;
	const char *p = luaL_optlstring(L, 1, "%c", &len);
	const char *end = p + len;
	lua_Integer seconds = luaL_opt(L, luaL_checkinteger, 2,
								   (lua_Integer) time(NULL));
	time_t		t = (time_t) seconds;
	struct tm	tm;
	luaL_Buffer buf;

	if (*p == '!')
		p++;
	if (t != seconds || gmtime_r(&t, &tm) == NULL)
		return luaL_error(L, "date result cannot be represented in this installation");
	if (strcmp(p, "*t") == 0)
	{
		lua_createtable(L, 0, 9);
		set_fields(L, &tm);
		return 1;
	}

	luaL_buffinit(L, &buf);
	for (; p < end; p++)
	{
		char		conversion[4] = "%";
		char		item[ITEM_MAX];
		int			n;

		if (*p != '%')
		{
			luaL_addchar(&buf, *p);
			continue;
		}
		n = check_conversion(L, p + 1, end);
		memcpy(conversion + 1, p + 1, n);
		luaL_addlstring(&buf, item,
						strftime(item, sizeof(item), conversion, &tm));
		p += n;
	}
	luaL_pushresult(&buf);
	return 1;
}

static int
os_difftime(lua_State *L)
{
	lua_Integer a = luaL_checkinteger(L, 1);
	lua_Integer b = luaL_checkinteger(L, 2);

	lua_pushnumber(L, (lua_Number) difftime((time_t) a, (time_t) b));
	return 1;
}

static int
os_clock(lua_State *L)
{
	lua_pushnumber(L, (lua_Number) clock() / (lua_Number) CLOCKS_PER_SEC);
	return 1;
}

void
oslib_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"clock", os_clock},
		{"date", os_date},
		{"difftime", os_difftime},
		{"time", os_time},
		{NULL, NULL}
	};

	luaL_newlib(L, functions);
	lua_setglobal(L, "os");
}
