/*
 * mathlib.c
 *		The math library of scripts: liblua's, for none of its functions does
 *		more than its arguments are many.
 *
 * But it seeds its generator with an address and the time, and randomseed()
 * without arguments tells them.  Ours seeds with numbers of PostgreSQL's
 * generator.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "common/pg_prng.h"

#include "bounds.h"
#include "library.h"

static void
push_seed(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer) pg_prng_uint64(&pg_global_prng_state));
}

/* upvalue: liblua's randomseed.  Answers the seed, as that does from 5.4.4. */
static int
math_randomseed(lua_State *L)
{
	lua_settop(L, lua_isnone(L, 1) ? 0 : 2);
	if (lua_gettop(L) == 0)
	{
		push_seed(L);
		push_seed(L);
	}
	else
	{
		luaL_checknumber(L, 1);
		luaL_optinteger(L, 2, 0);
	}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	if (lua_isnil(L, 2))
		lua_call(L, 1, 2);
	else
	{
		lua_pushvalue(L, 2);
		lua_call(L, 2, 2);
	}
	return 2;
}

void
mathlib_open(lua_State *L)
{
	lua_pushcfunction(L, luaopen_math);
	lua_call(L, 0, 1);

	lua_getfield(L, -1, "randomseed");
	lua_pushcclosure(L, math_randomseed, 1);
	lua_pushvalue(L, -1);
	lua_call(L, 0, 0);
	lua_setfield(L, -2, "randomseed");
	lua_setglobal(L, LUA_MATHLIBNAME);
}

void
mathlib_renew(lua_State *L)
{
	lua_getglobal(L, LUA_MATHLIBNAME);
	lua_getfield(L, -1, "randomseed");
	lua_call(L, 0, 0);
	lua_pop(L, 1);
}
