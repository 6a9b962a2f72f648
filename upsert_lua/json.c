/*
 * json.c
 *		jsonb and Lua values, each made of the other.
 *
 * Owns what a Lua value is in JSON (json_look) and both ways to and from
 * jsonb.  JSON as text, which scripts read and write, is json_text.c.  Knows
 * no record: what stands for an object of the host it is told by JsonStandIn.
 *
 * Both directions run outside of any protected call of Lua, so nothing here
 * raises a Lua error: only raw accesses, only keys that lua_next() gave.
 *
 * An array is marked by its metatable, one of the state, which scripts can
 * neither see nor take away (__metatable).
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "bounds.h"
#include "compat.h"
#include "json.h"
#include "upsert.h"

/* Slots that a level may need on Lua's stack */
#define LEVEL_SLOTS		8

/* Bytes of a key that an error shows */
#define KEY_SHOWN		40

/* The address is the key of the arrays' metatable in the registry */
static const char array_key = 0;

static JsonStandIn stand_in = NULL;

void
json_set_stand_in(JsonStandIn function)
{
	stand_in = function;
}

/* --- marks ------------------------------------------------------------------ */

void
json_mark_array(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
	lua_setmetatable(L, -2);
}

/* Of the value at the top: has it a metatable, and is that the arrays' one? */
static bool
is_marked(lua_State *L, bool *has_metatable)
{
	bool		result;

	*has_metatable = lua_getmetatable(L, -1);
	if (!*has_metatable)
		return false;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
	result = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return result;
}

void
json_push_null(lua_State *L)
{
	lua_pushlightuserdata(L, NULL);
}

/* --- what a value is -------------------------------------------------------- */

static void
problem(JsonWhat *what, const char *text)
{
	what->shape = JSON_NONE;
	strlcpy(what->problem, text, sizeof(what->problem));
}

/* The keys of the table at the top say what it is. */
static void
look_at_table(lua_State *L, JsonWhat *what, bool marked)
{
	int64		strings = 0;
	int64		integers = 0;
	int64		last = 0;

	lua_pushnil(L);
	while (lua_next(L, -2) != 0)
	{
		lua_pop(L, 1);
		bounds_charge_accesses(L, 1);
		if (lua_type(L, -1) == LUA_TSTRING)
			strings++;
		else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0)
		{
			integers++;
			last = Max(last, lua_tointeger(L, -1));
		}
		else
		{
			what->shape = JSON_NONE;
			snprintf(what->problem, sizeof(what->problem),
					 lua_isinteger(L, -1) ? "has an index below 1" :
					 "has a key that is a %s", luaL_typename(L, -1));
			lua_pop(L, 1);
			return;
		}
	}

	if (strings > 0 && (integers > 0 || marked))
		problem(what, marked ? "is an array and has names" :
				"has both names and indexes");
	else if (integers > 0 || marked)
	{
		what->shape = JSON_ARRAY;
		what->integer = last;
		what->count = integers;
		if (!marked && last - integers > integers)
			problem(what, "is an array of more holes than values; toarray() lets it be one");
	}
	else
	{
		what->shape = JSON_OBJECT;
		what->count = strings;
	}
}

static void
look_at_number(lua_State *L, JsonWhat *what)
{
	if (lua_isinteger(L, -1))
	{
		what->shape = JSON_INTEGER;
		what->integer = lua_tointeger(L, -1);
		return;
	}
	what->number = lua_tonumber(L, -1);
	if (isnan(what->number) || isinf(what->number))
		problem(what, "is not a finite number");
	else if (what->number == rint(what->number) &&
			 FLOAT8_FITS_IN_INT64(what->number))
	{
		what->shape = JSON_INTEGER;
		what->integer = (int64) what->number;
	}
	else
		what->shape = JSON_FLOAT;
}

static void
look_at_string(lua_State *L, JsonWhat *what)
{
	what->shape = JSON_STRING;
	what->string = lua_tolstring(L, -1, &what->len);
	bounds_charge(L, what->len / 16);
	if (what->len > PG_INT32_MAX)
		problem(what, "is too long");
	else if (!pg_verifymbstr(what->string, what->len, true))
		problem(what, "is not valid text in the encoding of the database");
}

void
json_look(lua_State *L, JsonWhat *what)
{
	bool		has_metatable;
	bool		marked;

	switch (lua_type(L, -1))
	{
		case LUA_TNIL:
			what->shape = JSON_NULL;
			return;
		case LUA_TLIGHTUSERDATA:
			if (lua_touserdata(L, -1) == NULL)
				what->shape = JSON_NULL;
			else
				problem(what, "is a userdata");
			return;
		case LUA_TBOOLEAN:
			what->shape = JSON_BOOLEAN;
			what->integer = lua_toboolean(L, -1);
			return;
		case LUA_TNUMBER:
			look_at_number(L, what);
			return;
		case LUA_TSTRING:
			look_at_string(L, what);
			return;
		case LUA_TTABLE:
		case LUA_TUSERDATA:
			marked = is_marked(L, &has_metatable);
			if (has_metatable && !marked && stand_in != NULL &&
				stand_in(L, lua_gettop(L)))
			{
				lua_replace(L, -2);
				marked = is_marked(L, &has_metatable);
			}
			if (lua_istable(L, -1))
			{
				look_at_table(L, what, marked);
				return;
			}
			break;
		default:
			break;
	}
	what->shape = JSON_NONE;
	snprintf(what->problem, sizeof(what->problem), "is a %s",
			 luaL_typename(L, -1));
}

bool
json_enter(lua_State *L, JsonPath *path, JsonWhat *what)
{
	const void *table = lua_topointer(L, -1);

	for (int i = 0; i < path->depth; i++)
	{
		if (path->level[i].table == table)
		{
			problem(what, "is inside itself");
			return false;
		}
	}
	if (path->depth == JSON_DEPTH)
	{
		problem(what, "is nested too deep");
		return false;
	}
	luaL_checkstack(L, LEVEL_SLOTS, NULL);
	path->level[path->depth].table = table;
	path->level[path->depth].key = NULL;
	path->level[path->depth].index = 0;
	path->depth++;
	return true;
}

void
json_leave(JsonPath *path)
{
	path->depth--;
}

/* --- Lua to jsonb ----------------------------------------------------------- */

typedef struct Build
{
	lua_State  *L;
	CompatJsonbState state;
	JsonPath	path;
	Size		size;			/* of the result so far, about */
	int			flags;
	const char *what;			/* begins the error message */
} Build;

/* ".tags[2].name" */
static char *
show_path(const JsonPath *path)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < path->depth; i++)
	{
		if (path->level[i].key != NULL)
			appendStringInfo(&buf, ".%.*s",
							 pg_mbcliplen(path->level[i].key,
										  path->level[i].keylen, KEY_SHOWN),
							 path->level[i].key);
		else if (path->level[i].index > 0)
			appendStringInfo(&buf, "[" INT64_FORMAT "]", path->level[i].index);
	}
	return buf.data;
}

pg_noreturn static void
refuse(Build *build, const char *why, const char *hint)
{
	char	   *place = show_path(&build->path);

	ereport(ERROR,
			(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
			 errmsg("%s cannot be written as JSON", build->what),
			 *place == '\0' ? errdetail("The value %s.", why) :
			 errdetail("The value at %s %s.", place, why),
			 hint == NULL ? 0 : errhint("%s", hint)));
}

/* Takes a string for the result: shared ones are copied each time */
static void
take_string(Build *build, JsonbValue *value, const char *string, size_t len)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, string);
	value->val.string.len = len;
	build->size += len;
	bounds_check_memory(build->L, build->size);
}

static void
take_number(Build *build, JsonbValue *value, const JsonWhat *what)
{
	value->type = jbvNumeric;
	if (what->shape == JSON_INTEGER)
		value->val.numeric = int64_to_numeric(what->integer);
	else if (build->flags & JSON_FRACTIONS)
	{
		char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

		double_to_shortest_decimal_buf(what->number, text);
		value->val.numeric =
			DatumGetNumeric(DirectFunctionCall3(numeric_in,
												CStringGetDatum(text),
												ObjectIdGetDatum(InvalidOid),
												Int32GetDatum(-1)));
	}
	else if (what->number == rint(what->number))
		refuse(build, "is a number of more than 64 bits",
			   "Write it as a string.");
	else
		refuse(build, "is a number with a fraction",
			   "Round it with math.floor(), or write it as a string.");
}

static void build_value(Build *build, JsonbIteratorToken token);

/* The table at the top of the stack, whose keys are all names */
static void
build_object(Build *build)
{
	lua_State  *L = build->L;
	int			level = build->path.depth - 1;

	compat_jsonb_push(&build->state, WJB_BEGIN_OBJECT, NULL);
	lua_pushnil(L);
	while (lua_next(L, -2) != 0)
	{
		JsonbValue	key;
		JsonWhat	what;

		lua_pushvalue(L, -2);
		look_at_string(L, &what);
		lua_pop(L, 1);
		if (what.shape == JSON_NONE)
			refuse(build, "has a name that is not valid text in the encoding of the database",
				   NULL);
		build->path.level[level].key = what.string;
		build->path.level[level].keylen = what.len;
		take_string(build, &key, what.string, what.len);
		compat_jsonb_push(&build->state, WJB_KEY, &key);
		build_value(build, WJB_VALUE);
		lua_pop(L, 1);
	}
	compat_jsonb_push(&build->state, WJB_END_OBJECT, NULL);
}

static void
build_array(Build *build, int64 length)
{
	lua_State  *L = build->L;
	int			level = build->path.depth - 1;

	compat_jsonb_push(&build->state, WJB_BEGIN_ARRAY, NULL);
	for (int64 i = 1; i <= length; i++)
	{
		bounds_charge_accesses(L, 1);
		build->path.level[level].index = i;
		lua_rawgeti(L, -1, i);
		build_value(build, WJB_ELEM);
		lua_pop(L, 1);
	}
	compat_jsonb_push(&build->state, WJB_END_ARRAY, NULL);
}

/* The value at the top of the stack; table: as a table's value or element. */
static void
build_value(Build *build, JsonbIteratorToken token)
{
	JsonWhat	what;
	JsonbValue	value;

	json_look(build->L, &what);
	build->size += sizeof(JsonbValue);
	bounds_check_memory(build->L, build->size);
	switch (what.shape)
	{
		case JSON_NULL:
			value.type = jbvNull;
			break;
		case JSON_BOOLEAN:
			value.type = jbvBool;
			value.val.boolean = what.integer != 0;
			break;
		case JSON_INTEGER:
		case JSON_FLOAT:
			take_number(build, &value, &what);
			break;
		case JSON_STRING:
			take_string(build, &value, what.string, what.len);
			break;
		case JSON_ARRAY:
		case JSON_OBJECT:
			if (!json_enter(build->L, &build->path, &what))
				refuse(build, what.problem, NULL);
			if (what.shape == JSON_ARRAY)
				build_array(build, what.integer);
			else
				build_object(build);
			json_leave(&build->path);
			return;
		case JSON_NONE:
			refuse(build, what.problem, NULL);
	}
	if (build->path.depth == 0)
	{
		/* a lone value, for JsonbValueToJsonb() */
		build->state.result = palloc(sizeof(JsonbValue));
		*build->state.result = value;
	}
	else
		compat_jsonb_push(&build->state, token, &value);
}

Jsonb *
json_get(lua_State *L, int index, int flags, const char *what)
{
	Build	   *build = palloc0(sizeof(Build));
	Jsonb	   *result;

	build->L = L;
	build->flags = flags;
	build->what = what;
	luaL_checkstack(L, LEVEL_SLOTS, NULL);
	lua_pushvalue(L, index);
	build_value(build, WJB_VALUE);
	lua_pop(L, 1);
	result = JsonbValueToJsonb(build->state.result);
	pfree(build);
	return result;
}

/* --- jsonb to Lua ----------------------------------------------------------- */

/*
 * What a numeric's text is in Lua: an integer where it is one that fits,
 * else the nearest float.  Something that is larger than any float is an
 * error, as infinity cannot be written again.
 */
static void
push_numeric(lua_State *L, Numeric numeric)
{
	char	   *text;
	char	   *end;
	long long	integer;

	text = DatumGetCString(DirectFunctionCall1(numeric_out,
											   NumericGetDatum(numeric)));
	errno = 0;
	integer = strtoll(text, &end, 10);
	if (*end == '\0' && errno == 0)
		lua_pushinteger(L, integer);
	else
	{
		double		number = strtod(text, NULL);

		if (isinf(number))
			ereport(ERROR,
					(errcode(ERRCODE_UPSERT_INVALID_DOCUMENT),
					 errmsg("number is too large for a script"),
					 errdetail("The number has %d digits.", (int) strlen(text)),
					 errhint("Give it as a string.")));
		lua_pushnumber(L, number);
	}
	pfree(text);
}

static void
push_scalar(lua_State *L, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			json_push_null(L);
			break;
		case jbvBool:
			lua_pushboolean(L, value->val.boolean);
			break;
		case jbvNumeric:
			push_numeric(L, value->val.numeric);
			break;
		case jbvString:
			lua_pushlstring(L, value->val.string.val, value->val.string.len);
			break;
		default:
			elog(ERROR, "unexpected type of jsonb value: %d", value->type);
	}
}

/*
 * Tables under construction are on Lua's stack, each below its next key, if
 * it is an object.  next[level] counts the elements of an array, and is -1
 * for an object.
 */
void
json_push(lua_State *L, Jsonb *jb)
{
	JsonbIterator *it = JsonbIteratorInit(&jb->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	int64		next[JSON_DEPTH];
	int			depth = 0;
	bool		scalar = JB_ROOT_IS_SCALAR(jb);

	luaL_checkstack(L, LEVEL_SLOTS, NULL);
	while ((token = JsonbIteratorNext(&it, &value, false)) != WJB_DONE)
	{
		bounds_charge_accesses(L, 1);
		switch (token)
		{
			case WJB_BEGIN_ARRAY:
			case WJB_BEGIN_OBJECT:
				if (scalar)
					continue;
				if (depth == JSON_DEPTH)
					ereport(ERROR,
							(errcode(ERRCODE_UPSERT_LIMIT_EXCEEDED),
							 errmsg("document is nested too deep for a script"),
							 errdetail("A script takes %d levels.", JSON_DEPTH)));
				luaL_checkstack(L, LEVEL_SLOTS, NULL);
				if (token == WJB_BEGIN_ARRAY)
				{
					lua_createtable(L, value.val.array.nElems, 0);
					json_mark_array(L);
				}
				else
					lua_createtable(L, 0, value.val.object.nPairs);
				next[depth++] = token == WJB_BEGIN_ARRAY ? 0 : -1;
				continue;
			case WJB_KEY:
				push_scalar(L, &value);
				continue;
			case WJB_ELEM:
			case WJB_VALUE:
				push_scalar(L, &value);
				break;
			case WJB_END_ARRAY:
			case WJB_END_OBJECT:
				if (scalar)
					continue;
				depth--;
				break;
			default:
				elog(ERROR, "unexpected token of jsonb: %d", (int) token);
		}

		/* a value is complete at the top of the stack: put it where it goes */
		if (depth == 0)
			continue;
		if (next[depth - 1] < 0)
			lua_rawset(L, -3);
		else
			lua_rawseti(L, -2, ++next[depth - 1]);
	}
}

/* --- the globals ------------------------------------------------------------ */

void
json_open(lua_State *L)
{
	static const BoundsFunction functions[] = {
		{"encode", json_encode},
		{"decode", json_decode},
		{NULL, NULL}
	};

	lua_createtable(L, 0, 1);
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);

	lua_createtable(L, 0, 3);
	bounds_setfuncs(L, functions);
	json_push_null(L);
	lua_setfield(L, -2, "null");
	lua_setglobal(L, "json");
	bounds_pushfunction(L, json_toarray);
	lua_setglobal(L, "toarray");
}
