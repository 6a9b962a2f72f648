/*
 * program.h
 *		Compiled scripts.
 */
#ifndef UPSERT_LUA_PROGRAM_H
#define UPSERT_LUA_PROGRAM_H

#include <lua.h>

/*
 * A fresh state, made by prepare() (see bounds_open_prepared()), with the
 * compiled script or the error message at the top of its stack.  Answers what
 * bounds_load() answers.  method is what messages call it.
 */
extern int	program_open(MemoryContext parent, void (*prepare) (lua_State *L),
						 const char *method, const char *text, size_t len,
						 lua_State **L);

#endif							/* UPSERT_LUA_PROGRAM_H */
