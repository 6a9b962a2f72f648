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
 * marked, or if it has keys and all of them are positive integers (holes are
 * null; more holes than values: error), an object if all its keys are
 * strings, and an empty one without a mark is {}.  Other keys, functions,
 * NaN, infinities, text that is not valid in the database's encoding or has a
 * zero byte, a table inside itself, and more than JSON_DEPTH levels are
 * errors.  nil fields are not there.  Only raw accesses: no metamethod of a
 * script runs.
 */
#ifndef UPSERT_LUA_JSON_H
#define UPSERT_LUA_JSON_H

#include <lua.h>

#include "utils/jsonb.h"

/* Levels of arrays and objects in both directions */
#define JSON_DEPTH		200

/* For json_get() */
#define JSON_FRACTIONS	1		/* numbers that are no integers are let through */

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

#endif							/* UPSERT_LUA_JSON_H */
