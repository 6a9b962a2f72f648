/*
 * shim_lua.h
 *		Settings, for script.c.
 */
#ifndef FUZZ_NATIVE_SHIM_LUA_H
#define FUZZ_NATIVE_SHIM_LUA_H

/* Sets a setting that was defined. */
extern void shim_set(const char *name, int value);

#endif							/* FUZZ_NATIVE_SHIM_LUA_H */
