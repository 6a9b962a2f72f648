/*
 * bounds.h
 *		A Lua state that cannot outlive, outrun or outgrow the call that made it.
 *
 * THE RULE OF ERRORS.  There are two kinds and they never meet.
 *
 * 1. A Lua error (luaL_error, error()) is caught by the script's pcall or by
 *	  bounds_pcall(), and by nothing else.  So no function that may raise one
 *	  is called inside a PG_TRY, nor while anything is held that only an error
 *	  of PostgreSQL would release.  In a function that a script calls: first
 *	  take the arguments (Lua may complain), then do what PostgreSQL does
 *	  (nothing of Lua is called), then push the results.
 * 2. An error of PostgreSQL, raised anywhere (our limits, cancel, timeouts,
 *	  40001, what a record's door says), leaves Lua for good: it jumps over
 *	  all of Lua's frames, no pcall sees it, and the state is dead.  Nobody
 *	  catches one to go on with the same state, with a subtransaction or
 *	  without.  A dead state needs no closing; its memory goes with the
 *	  context that it was opened in.
 *
 * What a script may catch is therefore what we raise as a Lua error, and
 * what it may not is what we ereport().
 */
#ifndef UPSERT_LUA_BOUNDS_H
#define UPSERT_LUA_BOUNDS_H

#include <lua.h>

/* Defines upsert_lua.max_steps and upsert_lua.max_memory; for _PG_init(). */
extern void bounds_define_settings(void);

/*
 * A fresh state, empty of libraries, whose memory is a child of parent.  It
 * has the steps and the memory that the settings allow at this moment.
 * lua_getextraspace(L) (a pointer, zeroed) is the caller's; the allocator's
 * user data is ours.  Raises 53200, or UP009 where max_memory is too small.
 *
 * No function of the state may be called outside bounds_pcall() with
 * arguments that a script chose; pushing, setting globals and the like may.
 * A Lua error that nobody catches becomes an error of PostgreSQL (39000).
 */
extern lua_State *bounds_open(MemoryContext parent);

/*
 * The same, with libraries in it: prepare() puts them there, in the first state
 * of a backend; the others are copies of that one, to the byte, made before
 * anything of a script came near it.  There is one prepare().  What it makes
 * must own nothing but memory of the state, and refer to nothing that does not
 * live as long as the backend; what is to differ between two states (numbers
 * at random) is the caller's to set.
 */
extern lua_State *bounds_open_prepared(MemoryContext parent,
									   void (*prepare) (lua_State *L));

/*
 * A copy of such a state as it is now, before a script has run in it, in memory
 * of the backend's; NULL if it cannot be copied.  bounds_open_image() makes a
 * state of it as often as one likes, NULL while there is another script at
 * work.
 */
typedef struct BoundsImage BoundsImage;

extern BoundsImage *bounds_take_image(lua_State *L);
extern lua_State *bounds_open_image(MemoryContext parent,
									const BoundsImage *image);
extern void bounds_free_image(BoundsImage *image);

/* Frees the state and all that it has; not for dead ones (but harmless). */
extern void bounds_close(lua_State *L);

/*
 * Compiles a chunk of text (never bytecode) and pushes the function, or an
 * error message.  name is as in lua_load: "=at.method" makes messages begin
 * with "at.method:LINE:".  Answers what lua_load answers (LUA_OK,
 * LUA_ERRSYNTAX).  Compiling costs steps; raises UP009.
 */
extern int	bounds_load(lua_State *L, const char *text, size_t len,
						const char *name);

/*
 * lua_pcall() without a message handler: the only way in which a function of
 * a script is called from outside.  Answers LUA_OK or a Lua error's status,
 * the message on the stack.  Errors of PostgreSQL pass through.
 */
extern int	bounds_pcall(lua_State *L, int nargs, int nresults);

/*
 * Functions that a script may call and that call PostgreSQL.  Never use
 * lua_pushcfunction(), lua_pushcclosure(), luaL_setfuncs() or lua_register()
 * for them: Lua runs under the C locale (strings compare by their bytes,
 * whatever the database's collation), PostgreSQL must not, and it is the
 * functions made here that change over and back.  n upvalues are taken from
 * the stack, as lua_pushcclosure() does, and are found at
 * lua_upvalueindex(1) to (n).
 */
extern void bounds_pushclosure(lua_State *L, lua_CFunction function, int n);
#define bounds_pushfunction(L, function) bounds_pushclosure(L, function, 0)

/* The same for a table of functions: {name, function}, ended by {NULL, NULL}. */
typedef struct BoundsFunction
{
	const char *name;
	lua_CFunction function;
} BoundsFunction;

extern void bounds_setfuncs(lua_State *L, const BoundsFunction *functions);

/*
 * Charges n steps and sees to interrupts every so often.  A step is about
 * what an instruction of Lua costs, a handful of nanoseconds.  To be called
 * by every loop in C whose length a script decides, before the work is done;
 * a call into PostgreSQL that reads or writes a row is worth about a
 * thousand.  Raises UP009, and whatever an interrupt raises.
 */
extern void bounds_charge(lua_State *L, uint64 n);

/*
 * Charges n accesses to tables or n comparisons of strings: each may cost as
 * much as the largest table or the longest string makes it.
 */
extern void bounds_charge_accesses(lua_State *L, uint64 n);

/*
 * Raises UP009 if the state has less than n bytes left.  For memory that is
 * allocated elsewhere for a script, before it is.
 */
extern void bounds_check_memory(lua_State *L, Size n);

/*
 * The error object at index as text that can be sent to a client, in the
 * current memory context: at most MESSAGE_MAX bytes of a string; what is no
 * text in the database's encoding is shown as question marks.
 */
#define MESSAGE_MAX 4096

extern char *bounds_message(lua_State *L, int index);

/* A table has become a metatable that was none before. */
extern void bounds_note_metatable(lua_State *L);

/*
 * The line of the script that is at work, 0 if none is or if it cannot be
 * told.  May be called for an error that is on its way out of the state.
 */
extern int	bounds_line(lua_State *L);

/* What was used so far: for tests, and for whoever reports it. */
extern uint64 bounds_steps(lua_State *L);
extern Size bounds_memory(lua_State *L);

#endif							/* UPSERT_LUA_BOUNDS_H */
