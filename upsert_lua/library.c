/*
 * library.c
 *		The safe standard library of record scripts, as a whole.
 *
 * Owns which globals there are, and how values are shown to scripts.  Lua
 * shows tables and functions by their addresses; those of a server's memory
 * are nobody's business, so we show a number that has nothing to do with it
 * but tells two objects apart.
 *
 *		base	baselib.c	no load, require, dofile, collectgarbage
 *		string	strlib.c, strmatch.c, strformat.c	no dump
 *		table	tablib.c
 *		math	mathlib.c, liblua's but for randomseed
 *		utf8	liblua's
 *		os		oslib.c		time, date, difftime, clock
 *		json	json.c, json_text.c, with toarray
 *
 * liblua's own functions are taken where none does more than its arguments
 * are long.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "bounds.h"
#include "json.h"
#include "library.h"

/* Numbers are as C and Lua print them, "nan" and not "NaN" */
#undef snprintf

/* Makes of an address what cannot be turned back; one for a backend */
static uint64 identity_key[2] = {0, 0};

uint64
library_identity(lua_State *L, int index)
{
	const void *address = lua_topointer(L, index);
	uint64		n = (uint64) (uintptr_t) address;

	if (address == NULL)
		return 0;
	if (identity_key[1] == 0)
	{
		if (!pg_strong_random(identity_key, sizeof(identity_key)))
			return 1;
		identity_key[1] |= 1;
	}

	/* each of these steps has an inverse, so no two become the same */
	n = (n ^ identity_key[0]) * identity_key[1];
	n = (n ^ (n >> 32)) * identity_key[1];
	return n ^ (n >> 29);
}

static void
push_number_text(lua_State *L, int index)
{
	char		text[64];

	if (lua_isinteger(L, index))
		snprintf(text, sizeof(text), LUA_INTEGER_FMT, lua_tointeger(L, index));
	else
	{
		snprintf(text, sizeof(text), LUA_NUMBER_FMT, lua_tonumber(L, index));
		/* looks like an integer, and is none */
		if (text[strspn(text, "-0123456789")] == '\0')
			strcat(text, ".0");
	}
	lua_pushstring(L, text);
}

const char *
library_tolstring(lua_State *L, int index, size_t *len)
{
	index = lua_absindex(L, index);
	if (luaL_callmeta(L, index, "__tostring"))
	{
		if (!lua_isstring(L, -1))
			luaL_error(L, "'__tostring' must return a string");
		return lua_tolstring(L, -1, len);
	}
	switch (lua_type(L, index))
	{
		case LUA_TNUMBER:
			push_number_text(L, index);
			break;
		case LUA_TSTRING:
			lua_pushvalue(L, index);
			break;
		case LUA_TBOOLEAN:
			lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
			break;
		case LUA_TNIL:
			lua_pushliteral(L, "nil");
			break;
		default:
			{
				char		number[24];
				const char *kind = luaL_typename(L, index);

				snprintf(number, sizeof(number), "0x%016llx",
						 (unsigned long long) library_identity(L, index));
				if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING)
					kind = lua_tostring(L, -1);
				lua_pushfstring(L, "%s: %s", kind, number);
			}
	}
	return lua_tolstring(L, -1, len);
}

static void
open_utf8(lua_State *L)
{
	lua_pushcfunction(L, luaopen_utf8);
	lua_call(L, 0, 1);
	lua_setglobal(L, LUA_UTF8LIBNAME);
}

/*
 * Errors about an argument name the function, which liblua finds among the
 * modules that it has loaded.
 */
static void
name_functions(lua_State *L)
{
	static const char *const modules[] = {
		"string", "table", "math", "utf8", "os", "json"
	};

	lua_createtable(L, 0, lengthof(modules) + 1);
	for (int i = 0; i < lengthof(modules); i++)
	{
		lua_getglobal(L, modules[i]);
		lua_setfield(L, -2, modules[i]);
	}
	lua_pushglobaltable(L);
	lua_setfield(L, -2, LUA_GNAME);
	lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
}

void
library_open(lua_State *L)
{
	baselib_open(L);
	strlib_open(L);
	tablib_open(L);
	mathlib_open(L);
	open_utf8(L);
	oslib_open(L);
	json_open(L);
	name_functions(L);
}
