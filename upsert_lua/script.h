/*
 * script.h
 *		A record script that is running, and what its API is made of.
 *
 * Every function that a script calls and that goes to the database has the
 * same form, by the rule of bounds.h:
 *
 *		Script	   *s = script_enter(L);
 *		... take the arguments: Lua may complain ...
 *		... upsert->read(...): errors of PostgreSQL leave the script for good ...
 *		... push the results ...
 *
 * The memory context that is current in it is emptied by the next
 * script_enter(), so nothing of PostgreSQL's is kept between two calls; what is
 * to be kept belongs to the Lua state.
 */
#ifndef UPSERT_LUA_SCRIPT_H
#define UPSERT_LUA_SCRIPT_H

#include <lua.h>

#include "atproto/companion.h"
#include "utils/jsonb.h"

/* What the main module offers; set by _PG_init(). */
extern const CompanionFunctions *upsert;

/* What a call of the API costs at least, and a row, in steps */
#define SCRIPT_CALL_STEPS	50
#define SCRIPT_ROW_STEPS	200

typedef struct Script
{
	/* asked for */
	Oid			store;			/* the table of records */
	const char *method;			/* its name in messages */
	const char *collection;		/* or NULL */
	const char *caller_did;		/* or NULL */
	Jsonb	   *input;			/* NULL: {} */
	Jsonb	   *params;
	Jsonb	   *env;
	bool		query;			/* writes nothing */
	bool		force;			/* writes into mirrors, too */
	bool		dry_run;

	/* private to script.c, but "locked" */
	lua_State  *L;
	bool		registering;	/* there is no table of records */
	MemoryContext scratch;		/* of one call of the API */
	bool		locked;			/* the caller's repository is */
} Script;

/*
 * Runs it and returns the answer, in the current memory context; NULL if it
 * gives nil.  Errors: 42601 it does not compile, 39000 a Lua error, UP006 the
 * answer, UP009 limits, and those of PostgreSQL.
 */
extern Jsonb *script_run(Script *s, const char *text, size_t len);

/* Compiles it and sees that it defines handle(): the same errors. */
extern void script_check(Script *s, const char *text, size_t len);

/* Error UP007 if the caller or the collection is none. */
extern void script_check_names(const Script *s);

/* The script of a state that runs. */
static inline Script *
script_of(lua_State *L)
{
	return *(Script **) lua_getextraspace(L);
}

/* ----------
 * For the API's functions; all but the first raise Lua errors
 * ----------
 */

/*
 * A function of the API begins: its script, with an empty memory context, and
 * steps are charged.
 */
extern Script *script_enter(lua_State *L);

/* The same of one that needs the table of records. */
extern Script *script_enter_database(lua_State *L);

/* The same of one that writes. */
extern Script *script_enter_writing(lua_State *L, const char *function);

/*
 * The string at index as PostgreSQL can have it; "what" begins the message
 * if it is none.  Belongs to Lua.
 */
extern const char *script_string(lua_State *L, int index, const char *what);

/* Is the text valid in the database's encoding, without a zero byte? */
extern bool script_text_is_valid(const char *text, size_t len);

/* A field of the table at index, by raw access; answers its type. */
extern int	script_field(lua_State *L, int index, const char *name);

/* Pushes the fields of a record that exists, as a plain table. */
extern void script_push_fields(lua_State *L, const char *uri,
							   const CompanionRecord *found);

/* Makes the table at the top of the stack one that can be called. */
extern void script_set_call(lua_State *L, lua_CFunction function);

/* Each is called once for a new state. */
extern void record_open(lua_State *L);
extern void db_open(lua_State *L);
extern void global_open(lua_State *L);

#endif							/* UPSERT_LUA_SCRIPT_H */
