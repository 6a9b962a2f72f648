/*
 * strlib.c
 *		The string library of scripts: what the manual of Lua 5.4 says in 6.4,
 *		with a budget, and without string.dump.
 *
 * Owns the functions and the metatable of strings; patterns are strmatch.c,
 * string.format is strformat.c.  pack, unpack and packsize are liblua's own:
 * they do no more than the length of their format and their arguments.
 *
 * The metatable of strings is one for all strings of a state, so a script
 * that got hold of it could change what every other line of it does, and our
 * own functions with it: __metatable hides it.
 *
 * What takes as long as a string is long is not charged here: that is in the
 * price of an instruction (bounds.c).  What takes longer is.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "miscadmin.h"

#include "bounds.h"
#include "library.h"
#include "strmatch.h"

/* Strings longer than this cannot be told by an integer of Lua */
#define STRING_MAX		((size_t) LUA_MAXINTEGER)

/* --- positions -------------------------------------------------------------- */

/* A position from the end becomes one from the start; both clip to the string */
static size_t
start_position(lua_Integer pos, size_t len)
{
	if (pos > 0)
		return (size_t) pos;
	if (pos == 0 || pos < -(lua_Integer) len)
		return 1;
	return len + (size_t) pos + 1;
}

static size_t
end_position(lua_State *L, int arg, lua_Integer def, size_t len)
{
	lua_Integer pos = luaL_optinteger(L, arg, def);

	if (pos > (lua_Integer) len)
		return len;
	if (pos >= 0)
		return (size_t) pos;
	if (pos < -(lua_Integer) len)
		return 0;
	return len + (size_t) pos + 1;
}

/* --- plain strings ---------------------------------------------------------- */

static int
str_len(lua_State *L)
{
	size_t		len;

	luaL_checklstring(L, 1, &len);
	lua_pushinteger(L, (lua_Integer) len);
	return 1;
}

static int
str_sub(lua_State *L)
{
	size_t		len;
	const char *s = luaL_checklstring(L, 1, &len);
	size_t		start = start_position(luaL_checkinteger(L, 2), len);
	size_t		end = end_position(L, 3, -1, len);

	if (start <= end)
		lua_pushlstring(L, s + start - 1, end - start + 1);
	else
		lua_pushliteral(L, "");
	return 1;
}

static int
str_reverse(lua_State *L)
{
	size_t		len;
	const char *s = luaL_checklstring(L, 1, &len);
	luaL_Buffer buf;
	char	   *out = luaL_buffinitsize(L, &buf, len);

	for (size_t i = 0; i < len; i++)
		out[i] = s[len - 1 - i];
	luaL_pushresultsize(&buf, len);
	return 1;
}

/* from and to are 'A' and 'Z', or 'a' and 'z' */
static int
change_case(lua_State *L, char from, char to)
{
	size_t		len;
	const char *s = luaL_checklstring(L, 1, &len);
	luaL_Buffer buf;
	char	   *out = luaL_buffinitsize(L, &buf, len);

	for (size_t i = 0; i < len; i++)
		out[i] = s[i] >= from && s[i] <= to ? s[i] ^ 0x20 : s[i];
	luaL_pushresultsize(&buf, len);
	return 1;
}

static int
str_lower(lua_State *L)
{
	return change_case(L, 'A', 'Z');
}

static int
str_upper(lua_State *L)
{
	return change_case(L, 'a', 'z');
}

/* rep(s, n [, separator]), made by doubling what is there */
static int
str_rep(lua_State *L)
{
	size_t		len;
	size_t		seplen;
	const char *s = luaL_checklstring(L, 1, &len);
	lua_Integer n = luaL_checkinteger(L, 2);
	const char *sep = luaL_optlstring(L, 3, "", &seplen);
	luaL_Buffer buf;
	char	   *out;
	size_t		total;
	size_t		done;

	if (n <= 0 || len + seplen == 0)
	{
		lua_pushliteral(L, "");
		return 1;
	}
	if (len + seplen < len || len + seplen > STRING_MAX / (size_t) n)
		return luaL_error(L, "resulting string too large");

	total = (size_t) n * len + (size_t) (n - 1) * seplen;
	bounds_check_memory(L, total);
	bounds_charge(L, total / 64);
	out = luaL_buffinitsize(L, &buf, total);
	memcpy(out, s, len);
	done = len;
	if (n > 1)
	{
		memcpy(out + done, sep, seplen);
		done += seplen;
	}
	while (done < total)
	{
		size_t		more = Min(done, total - done);

		memcpy(out + done, out, more);
		done += more;
	}
	luaL_pushresultsize(&buf, total);
	return 1;
}

static int
str_byte(lua_State *L)
{
	size_t		len;
	const char *s = luaL_checklstring(L, 1, &len);
	lua_Integer first = luaL_optinteger(L, 2, 1);
	size_t		start = start_position(first, len);
	size_t		end = end_position(L, 3, first, len);
	int			n;

	if (start > end)
		return 0;
	if (end - start >= INT_MAX)
		return luaL_error(L, "string slice too long");
	n = (int) (end - start) + 1;
	bounds_charge(L, n / 4);
	luaL_checkstack(L, n, "string slice too long");
	for (int i = 0; i < n; i++)
		lua_pushinteger(L, (unsigned char) s[start + i - 1]);
	return n;
}

static int
str_char(lua_State *L)
{
	int			n = lua_gettop(L);
	luaL_Buffer buf;
	char	   *out = luaL_buffinitsize(L, &buf, n);

	for (int i = 1; i <= n; i++)
	{
		lua_Unsigned c = (lua_Unsigned) luaL_checkinteger(L, i);

		luaL_argcheck(L, c <= UCHAR_MAX, i, "value out of range");
		out[i - 1] = (char) c;
	}
	luaL_pushresultsize(&buf, n);
	return 1;
}

/* --- find and match --------------------------------------------------------- */

/* What find and match share: their stack after it was set */
#define FRAMES_SLOT		5

static bool
has_specials(const char *pattern, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (pattern[i] != '\0' && strchr("^$*+?.([%-", pattern[i]) != NULL)
			return true;
	}
	return false;
}

static int
find_plain(lua_State *L, const char *s, size_t len, size_t init,
		   const char *what, size_t whatlen)
{
	const char *found;

	/* linear, whatever the strings are */
	bounds_charge(L, (len - init + whatlen) / 64);
	found = whatlen == 0 ? s + init :
		memmem(s + init, len - init, what, whatlen);
	if (found == NULL)
	{
		luaL_pushfail(L);
		return 1;
	}
	lua_pushinteger(L, found - s + 1);
	lua_pushinteger(L, found - s + (lua_Integer) whatlen);
	return 2;
}

static int
find_or_match(lua_State *L, bool find)
{
	size_t		len;
	size_t		patlen;
	const char *s = luaL_checklstring(L, 1, &len);
	const char *pattern = luaL_checklstring(L, 2, &patlen);
	size_t		init = start_position(luaL_optinteger(L, 3, 1), len) - 1;
	bool		anchored = *pattern == '^';
	Match		m;
	int			n = 1;

	if (init > len)
	{
		luaL_pushfail(L);
		return 1;
	}
	if (find && (lua_toboolean(L, 4) || !has_specials(pattern, patlen)))
		return find_plain(L, s, len, init, pattern, patlen);

	lua_settop(L, FRAMES_SLOT);
	match_init(&m, L, FRAMES_SLOT, s, len, pattern, patlen);
	for (const char *start = s + init;; start++)
	{
		const char *end = match_at(&m, start, pattern + anchored);

		if (end != NULL)
		{
			if (find)
			{
				lua_pushinteger(L, start - s + 1);
				lua_pushinteger(L, end - s);
				n = 2 + match_push_captures(&m, NULL, NULL);
			}
			else
				n = match_push_captures(&m, start, end);
			break;
		}
		if (start == m.src_end || anchored)
		{
			luaL_pushfail(L);
			break;
		}
	}
	match_settle(&m);
	return n;
}

static int
str_find(lua_State *L)
{
	return find_or_match(L, true);
}

static int
str_match(lua_State *L)
{
	return find_or_match(L, false);
}

/* --- gmatch ----------------------------------------------------------------- */

/* Where an iteration is: a userdata beside its strings */
typedef struct Iteration
{
	size_t		next;			/* offset where to go on */
	size_t		last_end;		/* end of the last match, or NO_MATCH */
} Iteration;

#define NO_MATCH	((size_t) -1)

/* upvalues: subject, pattern, iteration */
static int
gmatch_next(lua_State *L)
{
	size_t		len;
	size_t		patlen;
	const char *s = lua_tolstring(L, lua_upvalueindex(1), &len);
	const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &patlen);
	Iteration  *iteration = lua_touserdata(L, lua_upvalueindex(3));
	Match		m;
	int			n = 0;

	lua_settop(L, 1);
	match_init(&m, L, 1, s, len, pattern, patlen);
	while (iteration->next <= len)
	{
		const char *start = s + iteration->next;
		const char *end = match_at(&m, start, pattern);

		/* a match that ends where the last one did is that one, or empty */
		if (end != NULL && end - s != iteration->last_end)
		{
			iteration->next = iteration->last_end = end - s;
			n = match_push_captures(&m, start, end);
			break;
		}
		iteration->next++;
	}
	match_settle(&m);
	return n;
}

static int
str_gmatch(lua_State *L)
{
	size_t		len;
	Iteration  *iteration;
	size_t		init;

	luaL_checklstring(L, 1, &len);
	luaL_checkstring(L, 2);
	init = start_position(luaL_optinteger(L, 3, 1), len) - 1;
	lua_settop(L, 2);
	iteration = lua_newuserdatauv(L, sizeof(Iteration), 0);
	iteration->next = Min(init, len + 1);
	iteration->last_end = NO_MATCH;
	lua_pushcclosure(L, gmatch_next, 3);
	return 1;
}

/* --- gsub ------------------------------------------------------------------- */

#define REPLACEMENT_SLOT	3

/* The replacement is a string with %0 to %9 in it. */
static void
add_template(Match *m, luaL_Buffer *buf, const char *s, const char *e)
{
	size_t		len;
	const char *p = lua_tolstring(m->L, REPLACEMENT_SLOT, &len);
	const char *end = p + len;
	const char *capture;

	while (p < end)
	{
		const char *escape = memchr(p, '%', end - p);
		ptrdiff_t	length;

		if (escape == NULL)
			escape = end;
		luaL_addlstring(buf, p, escape - p);
		if (escape == end)
			break;
		p = escape + 2;
		if (escape[1] == '%')
			luaL_addchar(buf, '%');
		else if (escape[1] == '0')
			luaL_addlstring(buf, s, e - s);
		else if (escape[1] >= '1' && escape[1] <= '9')
		{
			length = match_capture(m, escape[1] - '1', s, e, &capture);
			if (length == CAPTURE_POSITION)
				luaL_addvalue(buf);
			else
				luaL_addlstring(buf, capture, length);
		}
		else
			luaL_error(m->L, "invalid use of '%%' in replacement string");
	}
}

/* Adds what stands for the match s to e; false if it is left as it is. */
static bool
add_replacement(Match *m, luaL_Buffer *buf, const char *s, const char *e)
{
	lua_State  *L = m->L;

	switch (lua_type(L, REPLACEMENT_SLOT))
	{
		case LUA_TFUNCTION:
			match_settle(m);
			check_stack_depth();
			lua_pushvalue(L, REPLACEMENT_SLOT);
			lua_call(L, match_push_captures(m, s, e), 1);
			break;
		case LUA_TTABLE:
			bounds_charge_accesses(L, 1);
			match_push_capture(m, 0, s, e);
			lua_gettable(L, REPLACEMENT_SLOT);
			break;
		default:
			add_template(m, buf, s, e);
			return true;
	}
	if (!lua_toboolean(L, -1))
	{
		lua_pop(L, 1);
		luaL_addlstring(buf, s, e - s);
		return false;
	}
	if (!lua_isstring(L, -1))
		luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
	luaL_addvalue(buf);
	return true;
}

static int
str_gsub(lua_State *L)
{
	size_t		len;
	size_t		patlen;
	const char *s = luaL_checklstring(L, 1, &len);
	const char *pattern = luaL_checklstring(L, 2, &patlen);
	int			type = lua_type(L, REPLACEMENT_SLOT);
	lua_Integer max = luaL_optinteger(L, 4, (lua_Integer) len + 1);
	bool		anchored = *pattern == '^';
	lua_Integer n = 0;
	bool		changed = false;
	const char *last_end = NULL;
	const char *start = s;
	luaL_Buffer buf;
	Match		m;

	luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING ||
					 type == LUA_TFUNCTION || type == LUA_TTABLE,
					 REPLACEMENT_SLOT, "string/function/table");
	lua_settop(L, FRAMES_SLOT);
	if (type == LUA_TNUMBER)
		lua_tostring(L, REPLACEMENT_SLOT);
	match_init(&m, L, FRAMES_SLOT, s, len, pattern, patlen);
	luaL_buffinit(L, &buf);
	while (n < max)
	{
		const char *end = match_at(&m, start, pattern + anchored);

		/* a match that ends where the last one did is that one, or empty */
		if (end != NULL && end != last_end)
		{
			n++;
			changed |= add_replacement(&m, &buf, start, end);
			start = last_end = end;
		}
		else if (start < m.src_end)
			luaL_addchar(&buf, *start++);
		else
			break;
		if (anchored)
			break;
	}
	match_settle(&m);
	if (changed)
	{
		luaL_addlstring(&buf, start, m.src_end - start);
		luaL_pushresult(&buf);
	}
	else
		lua_pushvalue(L, 1);
	lua_pushinteger(L, n);
	return 2;
}

/* --- pack ------------------------------------------------------------------- */

/* liblua's functions, which have no names that can be linked */
static lua_CFunction real_pack = NULL;
static lua_CFunction real_unpack = NULL;
static lua_CFunction real_packsize = NULL;

static lua_CFunction
field_function(lua_State *L, const char *name)
{
	lua_CFunction result;

	lua_getfield(L, -1, name);
	result = lua_tocfunction(L, -1);
	lua_pop(L, 1);
	return result;
}

/* Once in a backend: opens liblua's library, and takes its metatable away. */
static void
find_real(lua_State *L)
{
	luaL_checkstack(L, LUA_MINSTACK, NULL);
	lua_pushliteral(L, "");
	lua_getmetatable(L, -1);
	lua_pushcfunction(L, luaopen_string);
	lua_call(L, 0, 1);
	real_pack = field_function(L, "pack");
	real_unpack = field_function(L, "unpack");
	real_packsize = field_function(L, "packsize");
	lua_pop(L, 1);
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

/* Called in the place of ours, so that errors name it and the script's line */
static int
call_real(lua_State *L, const lua_CFunction *function)
{
	if (*function == NULL)
		find_real(L);
	return (*function) (L);
}

static int
str_pack(lua_State *L)
{
	return call_real(L, &real_pack);
}

static int
str_unpack(lua_State *L)
{
	return call_real(L, &real_unpack);
}

static int
str_packsize(lua_State *L)
{
	return call_real(L, &real_packsize);
}

/* --- arithmetic ------------------------------------------------------------- */

/* Pushes the argument as a number, if it is one or spells one. */
static bool
push_number(lua_State *L, int arg)
{
	size_t		len;
	const char *s;

	if (lua_type(L, arg) == LUA_TNUMBER)
	{
		lua_pushvalue(L, arg);
		return true;
	}
	s = lua_tolstring(L, arg, &len);
	return s != NULL && lua_stringtonumber(L, s) == len + 1;
}

/* One operand is a string: numbers if both spell some, else the other's way */
static int
arithmetic(lua_State *L, int op, const char *event)
{
	if (push_number(L, 1) && push_number(L, 2))
	{
		lua_arith(L, op);
		return 1;
	}
	lua_settop(L, 2);
	if (lua_type(L, 2) == LUA_TSTRING || !luaL_getmetafield(L, 2, event))
		return luaL_error(L, "attempt to %s a '%s' with a '%s'", event + 2,
						  luaL_typename(L, 1), luaL_typename(L, 2));
	lua_insert(L, 1);
	lua_call(L, 2, 1);
	return 1;
}

#define ARITHMETIC(name, op) \
static int \
arith_##name(lua_State *L) \
{ \
	return arithmetic(L, op, "__" #name); \
}

ARITHMETIC(add, LUA_OPADD)
ARITHMETIC(sub, LUA_OPSUB)
ARITHMETIC(mul, LUA_OPMUL)
ARITHMETIC(mod, LUA_OPMOD)
ARITHMETIC(pow, LUA_OPPOW)
ARITHMETIC(div, LUA_OPDIV)
ARITHMETIC(idiv, LUA_OPIDIV)
ARITHMETIC(unm, LUA_OPUNM)

/* --- the library ------------------------------------------------------------ */

void
strlib_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"byte", str_byte},
		{"char", str_char},
		{"find", str_find},
		{"format", strlib_format},
		{"gmatch", str_gmatch},
		{"gsub", str_gsub},
		{"len", str_len},
		{"lower", str_lower},
		{"match", str_match},
		{"pack", str_pack},
		{"packsize", str_packsize},
		{"rep", str_rep},
		{"reverse", str_reverse},
		{"sub", str_sub},
		{"unpack", str_unpack},
		{"upper", str_upper},
		{NULL, NULL}
	};
	static const luaL_Reg events[] = {
		{"__add", arith_add},
		{"__sub", arith_sub},
		{"__mul", arith_mul},
		{"__mod", arith_mod},
		{"__pow", arith_pow},
		{"__div", arith_div},
		{"__idiv", arith_idiv},
		{"__unm", arith_unm},
		{"__index", NULL},
		{"__metatable", NULL},
		{NULL, NULL}
	};

	luaL_newlib(L, functions);
	lua_pushliteral(L, "");
	luaL_newlib(L, events);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
	lua_setglobal(L, "string");
}
