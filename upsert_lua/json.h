/*
 * json.h
 *		jsonb and Lua values, each made of the other; json.encode, json.decode
 *		and toarray().
 *
 *		jsonb			Lua
 *		null			json.null, a light userdata of NULL (it is true)
 *		true, false		boolean
 *		number			integer where it is one of 64 bits, else float
 *		string			string
 *		array			table, marked as an array; null stays json.null
 *		object			table
 *
 * And back: an integral float is an integer; a table is an array if it is
 * marked, or if it has keys and all of them are positive integers, an object
 * if all its keys are strings, and an empty one without a mark is {}.  Holes
 * of an array are null; more holes than values are an error unless it is
 * marked (so mark what may have some, as what Record.load_all answers).
 * Other keys, functions, NaN, infinities, text that is not valid in the
 * database's encoding or has a zero byte, a table inside itself, and more
 * than JSON_DEPTH levels are errors.  nil fields are not there.  Only raw
 * accesses: no metamethod of a script runs.
 */
#ifndef UPSERT_LUA_JSON_H
#define UPSERT_LUA_JSON_H

#include <lua.h>

#include "utils/jsonb.h"

/* Levels of arrays and objects in both directions */
#define JSON_DEPTH		200

/* For json_get() */
#define JSON_FRACTIONS	1		/* numbers that are no integers are let
								 * through */

/*
 * Sets the globals json (encode, decode, null) and toarray.  Must come before
 * json_push().
 */
extern void json_open(lua_State *L);

/* Pushes json.null. */
extern void json_push_null(lua_State *L);

/*
 * Pushes the Lua value of a jsonb (scalars too).  Raises UP009 (depth,
 * memory); never a Lua error.
 */
extern void json_push(lua_State *L, Jsonb *jb);

/*
 * The jsonb of the Lua value at index, in the current memory context; nil is
 * null.  Raises UP006, DETAIL the place (such as "at .tags[2]"), and UP009;
 * never a Lua error, so that it may be called outside bounds_pcall().  what
 * begins the message: "the answer of the script".
 */
extern Jsonb *json_get(lua_State *L, int index, int flags, const char *what);

/*
 * Objects of the host, such as a Record, inside of what is written: asked for
 * every userdata and every table with a metatable (at the top of the stack,
 * too).  Where the value is one, it pushes the plain table that stands for it
 * and answers true; else it pushes nothing.  It raises no Lua error.
 */
typedef bool (*JsonStandIn) (lua_State *L, int index);

extern void json_set_stand_in(JsonStandIn stand_in);

/* Marks the table at the top of the stack as an array. */
extern void json_mark_array(lua_State *L);

/* --- between json.c and json_text.c ----------------------------------------- */

/* What a Lua value is written as */
typedef enum JsonShape
{
	JSON_NULL,
	JSON_BOOLEAN,
	JSON_INTEGER,
	JSON_FLOAT,					/* not integral, or beyond 64 bits */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
	JSON_NONE					/* as nothing: see problem */
} JsonShape;

typedef struct JsonWhat
{
	JsonShape	shape;
	int64		integer;		/* JSON_INTEGER; JSON_ARRAY: its length */
	double		number;			/* JSON_FLOAT */
	const char *string;			/* JSON_STRING: not terminated */
	size_t		len;
	int64		count;			/* JSON_ARRAY, JSON_OBJECT: values in it */
	char		problem[96];	/* JSON_NONE: "is a function" */
} JsonWhat;

/* The tables that we are in, outermost first, and where in each */
typedef struct JsonPath
{
	int			depth;
	struct
	{
		const void *table;
		const char *key;		/* NULL: index */
		size_t		keylen;
		int64		index;
	}			level[JSON_DEPTH];
} JsonPath;

/*
 * What is the value at the top of the stack?  Puts the plain table in its
 * place where the host has one.  Charges for reading all keys of a table.
 */
extern void json_look(lua_State *L, JsonWhat *what);

/*
 * Enters the table at the top of the stack, leaves it.  json_enter() answers
 * false with a problem if that is too deep, or if we are in it already.
 */
extern bool json_enter(lua_State *L, JsonPath *path, JsonWhat *what);
extern void json_leave(JsonPath *path);

/* The functions of scripts: encode, decode, toarray. */
extern int	json_encode(lua_State *L);
extern int	json_decode(lua_State *L);
extern int	json_toarray(lua_State *L);

#endif							/* UPSERT_LUA_JSON_H */
