/*
 * script.c
 *		Running a record script: a fresh state, the caller's repository locked,
 *		the chunk, handle(input, ctx), and its answer.
 *
 *		at_script, at_call
 *			|
 *		script_run		(in a subtransaction that is rolled back, if dryRun)
 *			|
 *			|- program_open		a state, with the compiled script	42601
 *			|- lock_repo									a procedure's
 *			|- bounds_pcall: the chunk, then handle			39000
 *			|- json_get										the answer
 *			+- bounds_close
 *
 * The lock makes a script's load and save one thing: who else would write the
 * repository, script or not, waits until this transaction ends, and each read
 * has a snapshot of its own, so it sees all that was written before the lock
 * was had.
 *
 * An error of PostgreSQL inside of the API leaves the script for good: it is
 * raised where it happens and nothing here catches it.  A Lua error that the
 * script does not catch is made one of PostgreSQL's when Lua is left.
 *
 * This file must not know what the API does.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>

#include "access/xact.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "bounds.h"
#include "json.h"
#include "library.h"
#include "program.h"
#include "script.h"
#include "upsert.h"

static void print_line(lua_State *L, const char *line, size_t len);
static void describe_line(void *arg);
pg_noreturn static void raise_lua_error(Script *s, int sqlstate);
static void prepare_state(lua_State *L);
static void open_state(Script *s, const char *text, size_t len);
static void push_object(lua_State *L, Jsonb *object);
static void push_string(lua_State *L, const char *str);
static void push_arguments(Script *s);
static void run_chunk(Script *s);
static Jsonb *run(Script *s, const char *text, size_t len);

/* ----------
 * The state
 * ----------
 */

/* Adds the script's line to an error of PostgreSQL. */
static void
describe_line(void *arg)
{
	Script	   *s = arg;
	int			line;

	if (s->L == NULL)
		return;
	line = bounds_line(s->L);
	if (line > 0)
		errcontext("script \"%s\", line %d", s->method, line);
	else
		errcontext("script \"%s\"", s->method);
}

static void
print_line(lua_State *L, const char *line, size_t len)
{
	Script	   *s = script_of(L);

	if (!script_text_is_valid(line, len))
		luaL_error(L, "text to be printed is not valid in the encoding of the database");
	ereport(NOTICE, (errmsg("%s: %s", s->method, line)));
}

/* What all states have in common. */
static void
prepare_state(lua_State *L)
{
	library_set_print(print_line);
	library_open(L);
	record_open(L);
	db_open(L);
	global_open(L);
}

/* Makes a state with the compiled script at the top of its stack. */
static void
open_state(Script *s, const char *text, size_t len)
{
	int			status;

	s->scratch = AllocSetContextCreate(CurrentMemoryContext, "upsert_lua call",
									   ALLOCSET_DEFAULT_SIZES);
	status = program_open(CurrentMemoryContext, prepare_state, s->method,
						  text, len, &s->L);
	if (status != LUA_OK)
		raise_lua_error(s, ERRCODE_SYNTAX_ERROR);
	*(Script **) lua_getextraspace(s->L) = s;
	mathlib_renew(s->L);
}

/*
 * Raises the Lua error at the top of the stack, which may be of any type.
 * Lua puts "METHOD:LINE:" before what scripts and its library say; what has
 * none gets the method at least.
 */
static void
raise_lua_error(Script *s, int sqlstate)
{
	lua_State  *L = s->L;
	const char *message;
	char		shown[LUA_IDSIZE];

	if (lua_istable(L, -1) && script_field(L, -1, "message") != LUA_TSTRING)
		lua_pop(L, 1);
	message = bounds_message(L, -1);
	s->L = NULL;				/* its stack says no more where it was */
	strlcpy(shown, s->method, sizeof(shown));
	if (strncmp(message, shown, strlen(shown)) == 0 && message[strlen(shown)] == ':')
		ereport(ERROR, (errcode(sqlstate), errmsg("%s", message)));
	ereport(ERROR, (errcode(sqlstate), errmsg("%s: %s", s->method, message)));
}

/* ----------
 * What a script is given
 * ----------
 */

/* The Lua value of a jsonb; NULL is an empty table. */
static void
push_object(lua_State *L, Jsonb *object)
{
	if (object == NULL)
		lua_newtable(L);
	else
		json_push(L, object);
}

static void
push_string(lua_State *L, const char *str)
{
	if (str == NULL)
		lua_pushnil(L);
	else
		lua_pushstring(L, str);
}

/*
 * Pushes the two arguments of handle(), and sets the same as globals: as
 * scripts were given them before handle() had any.
 */
static void
push_arguments(Script *s)
{
	static const char *const names[] = {"params", "env", "caller_did", "collection", "method"};
	lua_State  *L = s->L;

	push_object(L, s->input);
	lua_pushvalue(L, -1);
	lua_setglobal(L, "input");
	lua_createtable(L, 0, lengthof(names));
	push_object(L, s->params);
	push_object(L, s->env);
	push_string(L, s->caller_did);
	push_string(L, s->collection);
	push_string(L, s->method);
	for (int i = lengthof(names) - 1; i >= 0; i--)
	{
		lua_pushvalue(L, -1);
		lua_setglobal(L, names[i]);
		lua_setfield(L, -2 - i, names[i]);
	}
}

/* ----------
 * Running
 * ----------
 */

/*
 * Runs the chunk, which is below the two arguments, and puts its function handle
 * in its place.
 */
static void
run_chunk(Script *s)
{
	lua_State  *L = s->L;

	lua_pushvalue(L, 1);
	if (bounds_pcall(L, 0, 0) != LUA_OK)
		raise_lua_error(s, ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION);
	lua_pushglobaltable(L);
	if (script_field(L, -1, "handle") != LUA_TFUNCTION)
	{
		s->L = NULL;
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION),
				 errmsg("%s: the script defines no function handle", s->method),
				 errhint("A script is: function handle() ... return {...} end")));
	}
	lua_replace(L, 1);
	lua_pop(L, 1);
}

static Jsonb *
run(Script *s, const char *text, size_t len)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorContextCallback callback = {.callback = describe_line, .arg = s,
	.previous = error_context_stack};
	Jsonb	   *answer = NULL;

	error_context_stack = &callback;
	open_state(s, text, len);
	MemoryContextSwitchTo(s->scratch);
	push_arguments(s);
	if (s->caller_did != NULL && !s->query)
		s->locked = upsert->lock_repo(s->store, s->caller_did);
	run_chunk(s);
	if (bounds_pcall(s->L, 2, 1) != LUA_OK)
		raise_lua_error(s, ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION);
	MemoryContextSwitchTo(caller);
	if (!lua_isnil(s->L, -1))
		answer = json_get(s->L, -1, 0, "the answer of the script");
	error_context_stack = callback.previous;
	bounds_close(s->L);
	MemoryContextDelete(s->scratch);
	return answer;
}

/* Runs it in a subtransaction that is rolled back, however it ends. */
static Jsonb *
run_dry(Script *s, const char *text, size_t len)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	Jsonb	   *volatile answer = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		answer = run(s, text, len);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	if (error != NULL)
		ReThrowError(error);
	return answer;
}

Jsonb *
script_run(Script *s, const char *text, size_t len)
{
	return s->dry_run ? run_dry(s, text, len) : run(s, text, len);
}

void
script_check(Script *s, const char *text, size_t len)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorContextCallback callback = {.callback = describe_line, .arg = s,
	.previous = error_context_stack};

	s->registering = true;
	error_context_stack = &callback;
	open_state(s, text, len);
	MemoryContextSwitchTo(s->scratch);
	push_arguments(s);
	run_chunk(s);
	error_context_stack = callback.previous;
	MemoryContextSwitchTo(caller);
	bounds_close(s->L);
	MemoryContextDelete(s->scratch);
}

/* ----------
 * For the API's functions
 * ----------
 */

Script *
script_enter(lua_State *L)
{
	Script	   *s = script_of(L);

	MemoryContextReset(s->scratch);
	bounds_charge(L, SCRIPT_CALL_STEPS);
	return s;
}

Script *
script_enter_database(lua_State *L)
{
	Script	   *s = script_enter(L);

	bounds_charge(L, SCRIPT_ROW_STEPS);
	if (s->registering)
		luaL_error(L, "the database cannot be reached while a script is registered: move it into handle()");
	return s;
}

Script *
script_enter_writing(lua_State *L, const char *function)
{
	Script	   *s = script_enter_database(L);

	if (s->query)
		luaL_error(L, "%s() writes, and a query must not", function);
	return s;
}

bool
script_text_is_valid(const char *text, size_t len)
{
	return memchr(text, '\0', len) == NULL && len <= MaxAllocSize / 4 &&
		pg_verifymbstr(text, (int) len, true);
}

const char *
script_string(lua_State *L, int index, const char *what)
{
	size_t		len;
	const char *str;

	if (lua_type(L, index) != LUA_TSTRING)
		luaL_error(L, "%s must be a string, not %s", what, luaL_typename(L, index));
	str = lua_tolstring(L, index, &len);
	if (!script_text_is_valid(str, len))
		luaL_error(L, "%s is not valid in the encoding of the database", what);
	return str;
}

int
script_field(lua_State *L, int index, const char *name)
{
	index = lua_absindex(L, index);
	lua_pushstring(L, name);
	return lua_rawget(L, index);
}

void
script_push_fields(lua_State *L, const char *uri, const CompanionRecord *found)
{
	if (found->record == NULL || !JB_ROOT_IS_OBJECT(found->record))
		luaL_error(L, "record \"%s\" is stored as bytes that are no record", uri);
	json_push(L, found->record);
}

void
script_set_call(lua_State *L, lua_CFunction function)
{
	lua_createtable(L, 0, 2);
	bounds_pushfunction(L, function);
	lua_setfield(L, -2, "__call");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
}


void
script_check_names(const Script *s)
{
	if (s->caller_did != NULL)
		upsert->check_repo(s->caller_did);
	if (s->collection != NULL)
		upsert->check_collection(s->collection);
}


/*
 * SQL-callable functions
 */

PG_FUNCTION_INFO_V1(at_script);

static const char *const kinds[] = {"procedure", "query", NULL};

/* The options of at_script() */
typedef struct ScriptOptions
{
	int			kind;			/* of kinds[] */
	char	   *method;
	Jsonb	   *params;
	Jsonb	   *env;
	bool		force;
	bool		dry_run;
} ScriptOptions;

static bool
take_object(const JsonbValue *value, Jsonb **object)
{
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		return false;
	*object = JsonbValueToJsonb(unconstify(JsonbValue *, value));
	return true;
}

static bool
take_params(const JsonbValue *value, void *options)
{
	return take_object(value, &((ScriptOptions *) options)->params);
}

static bool
take_env(const JsonbValue *value, void *options)
{
	return take_object(value, &((ScriptOptions *) options)->env);
}

#define FIELD(field) offsetof(ScriptOptions, field)

static const OptionDef script_options[] = {
	{"kind", ~0, OPTION_WORD, FIELD(kind), kinds},
	{"method", ~0, OPTION_STRING, FIELD(method)},
	{"params", ~0, OPTION_OTHER, 0, NULL, take_params, "an object"},
	{"env", ~0, OPTION_OTHER, 0, NULL, take_env, "an object"},
	{"force", ~0, OPTION_BOOL, FIELD(force)},
	{"dryRun", ~0, OPTION_BOOL, FIELD(dry_run)},
};

/* at_script(store, script, input, caller_did, collection, options) -> jsonb */
Datum
at_script(PG_FUNCTION_ARGS)
{
	ScriptOptions options = {.method = "script"};
	OptionSet	set = {script_options, lengthof(script_options), ~0, &options};
	Script		script = {0};
	text	   *source;
	Jsonb	   *answer;

	upsert->arguments_require(fcinfo, 2);
	upsert->options_read(PG_ARGISNULL(5) ? NULL : PG_GETARG_JSONB_P(5), &set, 1);
	source = PG_GETARG_TEXT_PP(1);
	script.store = PG_GETARG_OID(0);
	script.input = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	if (!PG_ARGISNULL(3))
		script.caller_did = text_to_cstring(PG_GETARG_TEXT_PP(3));
	if (!PG_ARGISNULL(4))
		script.collection = text_to_cstring(PG_GETARG_TEXT_PP(4));
	script.method = options.method;
	script.params = options.params;
	script.env = options.env;
	script.query = options.kind == 1;
	script.force = options.force;
	script.dry_run = options.dry_run;
	script_check_names(&script);
	answer = script_run(&script, VARDATA_ANY(source), VARSIZE_ANY_EXHDR(source));
	if (answer == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(answer);
}
