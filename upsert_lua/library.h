/*
 * library.h
 *		The safe standard library of record scripts.
 *
 * Everything is what the manual of Lua 5.4 says, but for what reaches outside
 * of the state (io, load, require, debug, collectgarbage, string.dump, most
 * of os), coroutines, and finalizers (setmetatable refuses __gc).  Whatever
 * can take long costs steps; see bounds.h.
 */
#ifndef UPSERT_LUA_LIBRARY_H
#define UPSERT_LUA_LIBRARY_H

#include <lua.h>

/*
 * Sets all globals of the library: base functions, string, table, math,
 * utf8, os, json, toarray.  For a new state, before anything else is set.
 */
extern void library_open(lua_State *L);

/* Of a copy of such a state: gives it random numbers of its own. */
extern void mathlib_renew(lua_State *L);

/*
 * print(...) hands its line to this function of the host (NULL: to nobody).
 * It is called as a C function with PostgreSQL's locale, and may ereport().
 */
typedef void (*LibraryPrint) (lua_State *L, const char *line, size_t len);

extern void library_set_print(LibraryPrint print);

/*
 * luaL_tolstring() that tells no addresses: a table is shown by where it is
 * within the state.
 */
extern const char *library_tolstring(lua_State *L, int index, size_t *len);

/* A number that tells apart two objects of the state; 0 for other values. */
extern uint64 library_identity(lua_State *L, int index);

/* The parts, for library_open() alone. */
extern void baselib_open(lua_State *L);
extern void strlib_open(lua_State *L);
extern int	strlib_format(lua_State *L);
extern void tablib_open(lua_State *L);
extern void mathlib_open(lua_State *L);
extern void oslib_open(lua_State *L);

#endif							/* UPSERT_LUA_LIBRARY_H */
