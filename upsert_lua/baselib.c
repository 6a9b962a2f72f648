/*
 * baselib.c
 *		The basic functions of scripts: the manual of Lua 5.4, 6.1, without
 *		load, loadfile, dofile, require and collectgarbage.
 *
 * pcall is Lua's, and that is enough: what a script must not catch is no Lua
 * error (bounds.h).  It puts back the locale that it found, because an error
 * in a function of the host comes from under PostgreSQL's.
 *
 * setmetatable refuses __gc: a finalizer would run when nobody counts.  It
 * keeps the metatables that it has seen in the registry, to count them.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <locale.h>
#include <lua.h>

#include "miscadmin.h"

#include "bounds.h"
#include "library.h"

/*
 * Steps that an error costs which is caught.  Raising one may have taken
 * longer than any instruction should: a chain of __index that never ends is
 * an error after two thousand tables.
 */
#define CAUGHT_STEPS	500

/* Its address is the key of the table of metatables */
static const char seen_key = 0;

static LibraryPrint print_function = NULL;

void
library_set_print(LibraryPrint print)
{
	print_function = print;
}

/* --- values ----------------------------------------------------------------- */

static int
base_type(lua_State *L)
{
	luaL_argcheck(L, lua_type(L, 1) != LUA_TNONE, 1, "value expected");
	lua_pushstring(L, luaL_typename(L, 1));
	return 1;
}

static int
base_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	library_tolstring(L, 1, NULL);
	return 1;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The value of a digit in bases up to 36, or 36 */
static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 36;
}

/* An integer in a base, blanks around it; wraps around as Lua's do */
static bool
parse_integer(const char *s, const char *end, int base, lua_Integer *result)
{
	lua_Unsigned n = 0;
	bool		negative = false;

	while (is_blank(*s))
		s++;
	if (*s == '-' || *s == '+')
		negative = *s++ == '-';
	if (digit_value(*s) >= base)
		return false;
	for (; digit_value(*s) < base; s++)
		n = n * base + digit_value(*s);
	while (is_blank(*s))
		s++;
	*result = (lua_Integer) (negative ? 0u - n : n);
	return s == end;
}

static int
base_tonumber(lua_State *L)
{
	size_t		len;
	const char *s;
	lua_Integer base;
	lua_Integer n;

	if (lua_isnoneornil(L, 2))
	{
		if (lua_type(L, 1) == LUA_TNUMBER)
		{
			lua_settop(L, 1);
			return 1;
		}
		s = lua_tolstring(L, 1, &len);
		if (s != NULL && lua_stringtonumber(L, s) == len + 1)
			return 1;
		luaL_checkany(L, 1);
	}
	else
	{
		base = luaL_checkinteger(L, 2);
		luaL_checktype(L, 1, LUA_TSTRING);
		s = lua_tolstring(L, 1, &len);
		luaL_argcheck(L, base >= 2 && base <= 36, 2, "base out of range");
		if (parse_integer(s, s + len, (int) base, &n))
		{
			lua_pushinteger(L, n);
			return 1;
		}
	}
	luaL_pushfail(L);
	return 1;
}

static int
base_rawequal(lua_State *L)
{
	luaL_checkany(L, 1);
	luaL_checkany(L, 2);
	lua_pushboolean(L, lua_rawequal(L, 1, 2));
	return 1;
}

static int
base_rawlen(lua_State *L)
{
	int			type = lua_type(L, 1);

	luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1,
					 "table or string");
	lua_pushinteger(L, (lua_Integer) lua_rawlen(L, 1));
	return 1;
}

static int
base_rawget(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checkany(L, 2);
	lua_settop(L, 2);
	lua_rawget(L, 1);
	return 1;
}

static int
base_rawset(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checkany(L, 2);
	luaL_checkany(L, 3);
	lua_settop(L, 3);
	lua_rawset(L, 1);
	return 1;
}

static int
base_select(lua_State *L)
{
	int			top = lua_gettop(L);
	lua_Integer i;

	if (lua_type(L, 1) == LUA_TSTRING && *lua_tostring(L, 1) == '#')
	{
		lua_pushinteger(L, top - 1);
		return 1;
	}
	i = luaL_checkinteger(L, 1);
	if (i < 0)
		i = top + i;
	else if (i > top)
		i = top;
	luaL_argcheck(L, i >= 1, 1, "index out of range");
	return top - (int) i;
}

/* --- metatables ------------------------------------------------------------- */

static int
base_getmetatable(lua_State *L)
{
	luaL_checkany(L, 1);
	if (!lua_getmetatable(L, 1))
	{
		lua_pushnil(L);
		return 1;
	}
	/* pushes nothing where there is no such field */
	luaL_getmetafield(L, 1, "__metatable");
	return 1;
}

/* The table at index 2 becomes a metatable. */
static void
note_metatable(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &seen_key);
	lua_pushvalue(L, 2);
	if (lua_rawget(L, -2) == LUA_TNIL)
	{
		lua_pushvalue(L, 2);
		lua_pushboolean(L, true);
		lua_rawset(L, -4);
		bounds_note_metatable(L);
	}
	lua_pop(L, 2);
}

static int
base_setmetatable(lua_State *L)
{
	int			type = lua_type(L, 2);

	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2,
					 "nil or table");
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	lua_settop(L, 2);
	if (type == LUA_TTABLE)
	{
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL)
			return luaL_error(L, "finalizers (__gc) are not available in a database");
		lua_pop(L, 1);
		note_metatable(L);
	}
	lua_setmetatable(L, 1);
	return 1;
}

/* --- iteration -------------------------------------------------------------- */

static int
base_next(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	if (lua_next(L, 1))
		return 2;
	lua_pushnil(L);
	return 1;
}

static int
base_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__pairs") == LUA_TNIL)
	{
		lua_pushcfunction(L, base_next);
		lua_pushvalue(L, 1);
		lua_pushnil(L);
	}
	else
	{
		lua_pushvalue(L, 1);
		lua_call(L, 1, 3);
	}
	return 3;
}

static int
ipairs_next(lua_State *L)
{
	lua_Integer i = luaL_checkinteger(L, 2);

	i = (lua_Integer) ((lua_Unsigned) i + 1);
	lua_pushinteger(L, i);
	return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

static int
base_ipairs(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_pushcfunction(L, ipairs_next);
	lua_pushvalue(L, 1);
	lua_pushinteger(L, 0);
	return 3;
}

/* --- errors ----------------------------------------------------------------- */

static int
base_error(lua_State *L)
{
	int			level = (int) luaL_optinteger(L, 2, 1);

	lua_settop(L, 1);
	if (lua_type(L, 1) == LUA_TSTRING && level > 0)
	{
		luaL_where(L, level);
		lua_pushvalue(L, 1);
		lua_concat(L, 2);
	}
	return lua_error(L);
}

static int
base_assert(lua_State *L)
{
	if (lua_toboolean(L, 1))
		return lua_gettop(L);
	luaL_checkany(L, 1);
	lua_remove(L, 1);
	lua_pushliteral(L, "assertion failed!");
	lua_settop(L, 1);
	return base_error(L);
}

/* lua_pcall() for scripts: what was caught has its price */
static int
call_protected(lua_State *L, int nargs, int handler)
{
	locale_t	locale = uselocale((locale_t) 0);
	int			status;

	check_stack_depth();
	status = lua_pcall(L, nargs, LUA_MULTRET, handler);
	if (status != LUA_OK)
	{
		uselocale(locale);
		bounds_charge_accesses(L, CAUGHT_STEPS);
	}
	return status;
}

static int
base_pcall(lua_State *L)
{
	int			status;

	luaL_checkany(L, 1);
	/* the answer's first place is made before it is full of results */
	lua_pushboolean(L, true);
	lua_insert(L, 1);
	status = call_protected(L, lua_gettop(L) - 2, 0);
	if (status != LUA_OK)
	{
		lua_pushboolean(L, false);
		lua_replace(L, 1);
	}
	return lua_gettop(L);
}

static int
base_xpcall(lua_State *L)
{
	int			nargs = lua_gettop(L) - 2;
	int			status;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	/* the handler below the function */
	lua_pushvalue(L, 1);
	lua_copy(L, 2, 1);
	lua_replace(L, 2);
	status = call_protected(L, nargs, 1);
	luaL_checkstack(L, 1, NULL);
	lua_pushboolean(L, status == LUA_OK);
	lua_replace(L, 1);
	return lua_gettop(L);
}

/* --- print ------------------------------------------------------------------ */

static int
base_print(lua_State *L)
{
	int			n = lua_gettop(L);
	luaL_Buffer buf;
	size_t		len;
	const char *line;

	luaL_buffinit(L, &buf);
	for (int i = 1; i <= n; i++)
	{
		if (i > 1)
			luaL_addchar(&buf, '\t');
		library_tolstring(L, i, NULL);
		luaL_addvalue(&buf);
	}
	luaL_pushresult(&buf);
	line = lua_tolstring(L, -1, &len);
	if (print_function != NULL)
		print_function(L, line, len);
	return 0;
}

void
baselib_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"assert", base_assert},
		{"error", base_error},
		{"getmetatable", base_getmetatable},
		{"ipairs", base_ipairs},
		{"next", base_next},
		{"pairs", base_pairs},
		{"pcall", base_pcall},
		{"rawequal", base_rawequal},
		{"rawget", base_rawget},
		{"rawlen", base_rawlen},
		{"rawset", base_rawset},
		{"select", base_select},
		{"setmetatable", base_setmetatable},
		{"tonumber", base_tonumber},
		{"tostring", base_tostring},
		{"type", base_type},
		{"xpcall", base_xpcall},
		{NULL, NULL}
	};

	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &seen_key);

	lua_pushglobaltable(L);
	luaL_setfuncs(L, functions, 0);
	bounds_pushfunction(L, base_print);
	lua_setfield(L, -2, "print");
	lua_pushliteral(L, LUA_VERSION);
	lua_setfield(L, -2, "_VERSION");
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, LUA_GNAME);
	lua_pop(L, 1);
}
