/*
 * tablib.c
 *		The table library of scripts: what the manual of Lua 5.4 says in 6.6,
 *		with a budget.
 *
 * Every element that is touched costs a step, before it is: table.move of
 * 2^62 elements ends like a loop without end.  Sorting merges, so that no
 * order of elements and no order function make it slow, and elements that
 * are equal keep their order; an order function that contradicts itself gives
 * some order and no error.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>

#include "bounds.h"
#include "library.h"

/* What a table must allow that is none, by its metatable */
#define USE_READ	1
#define USE_WRITE	2
#define USE_LENGTH	4

/* Results and arguments on the stack, in all */
#define UNPACK_MAX	(INT_MAX - 1)

static bool
has_event(lua_State *L, const char *event)
{
	lua_pushstring(L, event);
	if (lua_rawget(L, -2) != LUA_TNIL)
	{
		lua_pop(L, 1);
		return true;
	}
	lua_pop(L, 1);
	return false;
}

static void
check_table(lua_State *L, int arg, int use)
{
	bool		usable;

	if (lua_istable(L, arg))
		return;
	if (lua_getmetatable(L, arg))
	{
		usable = (!(use & USE_READ) || has_event(L, "__index")) &&
			(!(use & USE_WRITE) || has_event(L, "__newindex")) &&
			(!(use & USE_LENGTH) || has_event(L, "__len"));
		lua_pop(L, 1);
		if (usable)
			return;
	}
	luaL_checktype(L, arg, LUA_TTABLE);
}

static lua_Integer
check_length(lua_State *L, int arg, int use)
{
	check_table(L, arg, use | USE_LENGTH);
	return luaL_len(L, arg);
}

/* t[to] = t[from] */
static void
move_element(lua_State *L, lua_Integer from, lua_Integer to)
{
	bounds_charge_accesses(L, 2);
	lua_geti(L, 1, from);
	lua_seti(L, 1, to);
}

/* --- insert, remove, move --------------------------------------------------- */

static int
tab_insert(lua_State *L)
{
	lua_Integer end = check_length(L, 1, USE_READ | USE_WRITE);
	lua_Integer pos;

	/* the first place that is free; it may wrap around */
	end = (lua_Integer) ((lua_Unsigned) end + 1);
	switch (lua_gettop(L))
	{
		case 2:
			pos = end;
			break;
		case 3:
			pos = luaL_checkinteger(L, 2);
			luaL_argcheck(L, (lua_Unsigned) pos - 1u < (lua_Unsigned) end, 2,
						  "position out of bounds");
			for (lua_Integer i = end; i > pos; i--)
				move_element(L, i - 1, i);
			break;
		default:
			return luaL_error(L, "wrong number of arguments to 'insert'");
	}
	lua_seti(L, 1, pos);
	return 0;
}

static int
tab_remove(lua_State *L)
{
	lua_Integer size = check_length(L, 1, USE_READ | USE_WRITE);
	lua_Integer pos = luaL_optinteger(L, 2, size);

	if (pos != size)
		luaL_argcheck(L, (lua_Unsigned) pos - 1u <= (lua_Unsigned) size, 2,
					  "position out of bounds");
	lua_geti(L, 1, pos);
	for (; pos < size; pos++)
		move_element(L, pos + 1, pos);
	lua_pushnil(L);
	lua_seti(L, 1, pos);
	return 1;
}

/* move(from, first, last, at [, to]) */
static int
tab_move(lua_State *L)
{
	lua_Integer first = luaL_checkinteger(L, 2);
	lua_Integer last = luaL_checkinteger(L, 3);
	lua_Integer at = luaL_checkinteger(L, 4);
	int			to = lua_isnoneornil(L, 5) ? 1 : 5;
	lua_Integer n;

	check_table(L, 1, USE_READ);
	check_table(L, to, USE_WRITE);
	if (last >= first)
	{
		luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3,
					  "too many elements to move");
		n = last - first + 1;
		luaL_argcheck(L, at <= LUA_MAXINTEGER - n + 1, 4,
					  "destination wrap around");
		if (at > last || at <= first ||
			(to != 1 && !lua_compare(L, 1, to, LUA_OPEQ)))
		{
			for (lua_Integer i = 0; i < n; i++)
			{
				bounds_charge_accesses(L, 2);
				lua_geti(L, 1, first + i);
				lua_seti(L, to, at + i);
			}
		}
		else
		{
			for (lua_Integer i = n - 1; i >= 0; i--)
			{
				bounds_charge_accesses(L, 2);
				lua_geti(L, 1, first + i);
				lua_seti(L, to, at + i);
			}
		}
	}
	lua_pushvalue(L, to);
	return 1;
}

/* --- concat, pack, unpack --------------------------------------------------- */

static void
add_element(lua_State *L, luaL_Buffer *buf, lua_Integer i)
{
	bounds_charge_accesses(L, 1);
	lua_geti(L, 1, i);
	if (!lua_isstring(L, -1))
		luaL_error(L, "invalid value (%s) at index %I in table for 'concat'",
				   luaL_typename(L, -1), (LUAI_UACINT) i);
	luaL_addvalue(buf);
}

static int
tab_concat(lua_State *L)
{
	lua_Integer length = check_length(L, 1, USE_READ);
	size_t		seplen;
	const char *sep = luaL_optlstring(L, 2, "", &seplen);
	lua_Integer i = luaL_optinteger(L, 3, 1);
	lua_Integer last = luaL_optinteger(L, 4, length);
	luaL_Buffer buf;

	luaL_buffinit(L, &buf);
	for (; i < last; i++)
	{
		add_element(L, &buf, i);
		luaL_addlstring(&buf, sep, seplen);
	}
	if (i == last)
		add_element(L, &buf, i);
	luaL_pushresult(&buf);
	return 1;
}

static int
tab_pack(lua_State *L)
{
	int			n = lua_gettop(L);

	bounds_charge(L, n);
	lua_createtable(L, n, 1);
	lua_insert(L, 1);
	for (int i = n; i >= 1; i--)
		lua_rawseti(L, 1, i);
	lua_pushinteger(L, n);
	lua_setfield(L, 1, "n");
	return 1;
}

static int
tab_unpack(lua_State *L)
{
	lua_Integer first = luaL_optinteger(L, 2, 1);
	lua_Integer last = luaL_opt(L, luaL_checkinteger, 3, luaL_len(L, 1));
	lua_Unsigned n;

	if (first > last)
		return 0;
	n = (lua_Unsigned) last - (lua_Unsigned) first;
	if (n >= UNPACK_MAX)
		return luaL_error(L, "too many results to unpack");
	n++;
	bounds_charge_accesses(L, n);
	if (!lua_checkstack(L, (int) n))
		return luaL_error(L, "too many results to unpack");
	for (lua_Unsigned i = 0; i < n; i++)
		lua_geti(L, 1, (lua_Integer) ((lua_Unsigned) first + i));
	return (int) n;
}

/* --- sort ------------------------------------------------------------------- */

#define ORDER_SLOT	2
#define FROM_SLOT	3
#define TO_SLOT		4

/* Is the value at the top less than the one below?  Leaves both. */
static bool
top_is_less(lua_State *L)
{
	bool		result;

	bounds_charge_accesses(L, 4);
	if (lua_isnil(L, ORDER_SLOT))
		return lua_compare(L, -1, -2, LUA_OPLT);
	lua_pushvalue(L, ORDER_SLOT);
	lua_pushvalue(L, -2);
	lua_pushvalue(L, -4);
	lua_call(L, 2, 1);
	result = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return result;
}

/*
 * Merges from[a .. b) and from[b .. c), both sorted, into to[a .. c).  The
 * heads of both are on the stack, the right one at the top.
 */
static void
merge(lua_State *L, int from, int to, lua_Integer a, lua_Integer b,
	  lua_Integer c)
{
	lua_Integer left = a;
	lua_Integer right = b;
	lua_Integer out = a;

	if (left < b && right < c)
	{
		lua_rawgeti(L, from, left);
		lua_rawgeti(L, from, right);
		for (;;)
		{
			if (top_is_less(L))
			{
				lua_rawseti(L, to, out++);
				if (++right == c)
				{
					lua_pop(L, 1);
					break;
				}
				lua_rawgeti(L, from, right);
			}
			else
			{
				lua_insert(L, -2);
				lua_rawseti(L, to, out++);
				if (++left == b)
				{
					lua_pop(L, 1);
					break;
				}
				lua_rawgeti(L, from, left);
				lua_insert(L, -2);
			}
		}
	}
	bounds_charge_accesses(L, (b - left) + (c - right));
	for (; left < b; left++)
	{
		lua_rawgeti(L, from, left);
		lua_rawseti(L, to, out++);
	}
	for (; right < c; right++)
	{
		lua_rawgeti(L, from, right);
		lua_rawseti(L, to, out++);
	}
}

static int
tab_sort(lua_State *L)
{
	lua_Integer n = check_length(L, 1, USE_READ | USE_WRITE);
	int			from = FROM_SLOT;
	int			to = TO_SLOT;

	if (n < 2)
		return 0;
	luaL_argcheck(L, n < INT_MAX, 1, "array too big");
	if (!lua_isnoneornil(L, ORDER_SLOT))
		luaL_checktype(L, ORDER_SLOT, LUA_TFUNCTION);
	lua_settop(L, ORDER_SLOT);

	lua_newtable(L);
	lua_newtable(L);
	for (lua_Integer i = 1; i <= n; i++)
	{
		bounds_charge_accesses(L, 2);
		lua_geti(L, 1, i);
		lua_rawseti(L, FROM_SLOT, i);
	}
	for (lua_Integer width = 1; width < n; width *= 2)
	{
		int			swap = from;

		for (lua_Integer i = 1; i <= n; i += 2 * width)
			merge(L, from, to, i, Min(i + width, n + 1),
				  Min(i + 2 * width, n + 1));
		from = to;
		to = swap;
	}
	for (lua_Integer i = 1; i <= n; i++)
	{
		bounds_charge_accesses(L, 2);
		lua_rawgeti(L, from, i);
		lua_seti(L, 1, i);
	}
	return 0;
}

void
tablib_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"concat", tab_concat},
		{"insert", tab_insert},
		{"move", tab_move},
		{"pack", tab_pack},
		{"remove", tab_remove},
		{"sort", tab_sort},
		{"unpack", tab_unpack},
		{NULL, NULL}
	};

	luaL_newlib(L, functions);
	lua_setglobal(L, "table");
}
