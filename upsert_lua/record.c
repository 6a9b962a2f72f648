/*
 * record.c
 *		The class Record: what scripts load, change and save.
 *
 *		r = {status = "hello", ...}				its fields, raw in a plain table
 *		metatable								methods and read-only fields
 *		states[r] = {uri, cid, rkey, ...}		what a script cannot touch
 *
 * A field that is called like a method or like a read-only field would hide
 * it, and stored records may have any field.  Such a one is kept in the state
 * ("hidden"), where the script does not see it, and saved with the others.
 *
 * What a script read and then writes must not have been changed by somebody
 * else in between.  In the caller's repository nobody can have, it is locked;
 * in others, writes are guarded by the CID that was read (RecordWrite), or by
 * there having been nothing; what this script itself has written there is
 * locked by that.  fates[uri] says which of the two is known of a URI.
 *
 * Whether and how a record may be written is the record layer's business.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>

#include "utils/builtins.h"

#include "bounds.h"
#include "json.h"
#include "script.h"
#include "upsert.h"

/* The places of a state */
enum
{
	STATE_URI = 1,
	STATE_CID,
	STATE_RKEY,
	STATE_COLLECTION,
	STATE_KEY_TYPE,
	STATE_SCHEMA,
	STATE_REPO,					/* set_repo() */
	STATE_SEEN,					/* the CID that was loaded */
	STATE_HIDDEN
};

/* The fields that show them */
static const struct
{
	const char *name;
	int			place;
}			shown[] =

{
	{"_uri", STATE_URI},
	{"_cid", STATE_CID},
	{"_rkey", STATE_RKEY},
	{"_collection", STATE_COLLECTION},
	{"_key_type", STATE_KEY_TYPE},
	{"_schema", STATE_SCHEMA},
	{"_repo_override", STATE_REPO},
};

/* Tables in the registry, by the address of their own */
static char states;				/* record -> state */
static char names;				/* method -> function, shown -> place */
static char metatable;			/* of records */
static char fates;				/* URI -> Fate */

/* What this script knows of a record of a repository that it has not locked */
typedef enum Fate
{
	FATE_UNKNOWN,
	FATE_ABSENT,				/* there was none when it looked */
	FATE_WRITTEN				/* by itself */
} Fate;

/* A record on its way to be written */
typedef struct Saving
{
	char	   *repo;
	CompanionWrite write;
	int			place;			/* in the list */
} Saving;

static void push_table(lua_State *L, char *key);
static bool push_state(lua_State *L, int index);
static int	check_record(lua_State *L, int index);
static const char *state_string(lua_State *L, int state, int place);
static void set_state_string(lua_State *L, int state, int place,
							 const char *str);
static Fate fate_of(lua_State *L, const char *uri);
static void set_fate(lua_State *L, const char *uri, Fate fate);
static int	push_record(lua_State *L, const char *collection);
static void hide_field(lua_State *L, int state, const char *name);
static void hide_stored(lua_State *L, int record, int state, const char *name,
						Jsonb *stored);
static void hide_fields(lua_State *L, int record, int state, Jsonb *stored);
static bool member(const JsonbValue *object, const char *name,
				   JsonbValue *value);
static bool main_definition(const char *collection, JsonbValue *main);
static void apply_lexicon(lua_State *L, int record, int state);
static void push_schema(lua_State *L, int state);
static void push_loaded(lua_State *L, Script *s, const char *uri,
						const CompanionRecord *found);
static void prepare_saving(lua_State *L, Script *s, int record, Saving *saving);
static void finish_saving(lua_State *L, Script *s, const Saving *saving,
						  int record);
static void save(lua_State *L, Script *s, Saving *savings, int n);
static int	record_save(lua_State *L);
static int	record_delete(lua_State *L);
static int	record_delete_local(lua_State *L);
static int	record_set_rkey(lua_State *L);
static int	record_set_repo(lua_State *L);
static int	record_set_key_type(lua_State *L);
static int	record_generate_rkey(lua_State *L);

static const BoundsFunction methods[] = {
	{"save", record_save},
	{"delete", record_delete},
	{"save_local", record_save},
	{"delete_local", record_delete_local},
	{"set_rkey", record_set_rkey},
	{"set_repo", record_set_repo},
	{"set_key_type", record_set_key_type},
	{"generate_rkey", record_generate_rkey},
	{NULL, NULL}
};

/* ----------
 * States
 * ----------
 */

static void
push_table(lua_State *L, char *key)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, key);
}

/* Pushes the state of the record at index; false, and nothing, if it is none. */
static bool
push_state(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	if (!lua_istable(L, index))
		return false;
	push_table(L, &states);
	lua_pushvalue(L, index);
	if (lua_rawget(L, -2) != LUA_TTABLE)
	{
		lua_pop(L, 2);
		return false;
	}
	lua_remove(L, -2);
	return true;
}

/* The same of an argument that must be a record; answers where the state is. */
static int
check_record(lua_State *L, int index)
{
	if (!push_state(L, index))
		luaL_error(L, "a Record is expected, not %s; methods are called as in r:save()",
				   lua_istable(L, index) ? "another table" : luaL_typename(L, index));
	return lua_gettop(L);
}

/* A string of the state at this index, which keeps it; or NULL. */
static const char *
state_string(lua_State *L, int state, int place)
{
	const char *str;

	lua_rawgeti(L, state, place);
	str = lua_tostring(L, -1);
	lua_pop(L, 1);
	return str;
}

static void
set_state_string(lua_State *L, int state, int place, const char *str)
{
	if (str == NULL)
		lua_pushnil(L);
	else
		lua_pushstring(L, str);
	lua_rawseti(L, state, place);
}

static Fate
fate_of(lua_State *L, const char *uri)
{
	Fate		fate;

	push_table(L, &fates);
	script_field(L, -1, uri);
	fate = (Fate) lua_tointeger(L, -1);
	lua_pop(L, 2);
	return fate;
}

static void
set_fate(lua_State *L, const char *uri, Fate fate)
{
	push_table(L, &fates);
	lua_pushstring(L, uri);
	lua_pushinteger(L, fate);
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

/* Is this the caller's repository, and has it been locked? */
static bool
is_locked(const Script *s, const char *repo)
{
	return s->locked && strcmp(repo, s->caller_did) == 0;
}

/* ----------
 * Making records
 * ----------
 */

/*
 * Makes the table at the top of the stack a record and pushes its state;
 * answers where that is.
 */
static int
push_record(lua_State *L, const char *collection)
{
	push_table(L, &metatable);
	lua_setmetatable(L, -2);
	push_table(L, &states);
	lua_pushvalue(L, -2);
	lua_createtable(L, STATE_HIDDEN, 0);
	lua_pushvalue(L, -1);
	lua_insert(L, -4);			/* record, state, states, record, state */
	lua_rawset(L, -3);
	lua_pop(L, 1);
	set_state_string(L, lua_gettop(L), STATE_COLLECTION, collection);
	return lua_gettop(L);
}

/* Pops a value and keeps it in the state as the field that is not shown. */
static void
hide_field(lua_State *L, int state, const char *name)
{
	if (lua_rawgeti(L, state, STATE_HIDDEN) != LUA_TTABLE)
	{
		lua_pop(L, 1);
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawseti(L, state, STATE_HIDDEN);
	}
	lua_pushstring(L, name);
	lua_rotate(L, -3, -1);		/* hidden, name, value */
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

/* Moves what would hide methods of a record that was stored. */
static void
hide_stored(lua_State *L, int record, int state, const char *name, Jsonb *stored)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(&stored->root, name, strlen(name), &value) == NULL)
		return;
	script_field(L, record, name);
	hide_field(L, state, name);
	lua_pushstring(L, name);
	lua_pushnil(L);
	lua_rawset(L, record);
}

static void
hide_fields(lua_State *L, int record, int state, Jsonb *stored)
{
	for (const BoundsFunction *method = methods; method->name != NULL; method++)
		hide_stored(L, record, state, method->name, stored);
	for (int i = 0; i < lengthof(shown); i++)
		hide_stored(L, record, state, shown[i].name, stored);
}

/* A member of an object; false if it has none, or is none. */
static bool
member(const JsonbValue *object, const char *name, JsonbValue *value)
{
	return object->type == jbvBinary &&
		JsonContainerIsObject(object->val.binary.data) &&
		getKeyJsonValueFromContainer(object->val.binary.data, name,
									 strlen(name), value) != NULL;
}

/* The definition "main" of the collection's lexicon, if there is one. */
static bool
main_definition(const char *collection, JsonbValue *main)
{
	Jsonb	   *lexicon = upsert->lexicon(collection);
	JsonbValue	value;

	if (lexicon == NULL)
		return false;
	value.type = jbvBinary;
	value.val.binary.data = &lexicon->root;
	value.val.binary.len = VARSIZE(lexicon);
	return member(&value, "defs", &value) && member(&value, "main", main);
}

/* Of a new record: the key type, and the defaults of fields without a value. */
static void
apply_lexicon(lua_State *L, int record, int state)
{
	JsonbValue	main;
	JsonbValue	value;
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	property;

	if (!main_definition(state_string(L, state, STATE_COLLECTION), &main))
		return;
	if (member(&main, "key", &value) && value.type == jbvString)
	{
		lua_pushlstring(L, value.val.string.val, value.val.string.len);
		lua_rawseti(L, state, STATE_KEY_TYPE);
	}
	if (!member(&main, "record", &value) || !member(&value, "properties", &value) ||
		value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
		return;
	it = JsonbIteratorInit(value.val.binary.data);
	JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		JsonbIteratorNext(&it, &property, true);
		if (!member(&property, "default", &value))
			continue;
		lua_pushlstring(L, key.val.string.val, key.val.string.len);
		lua_pushvalue(L, -1);
		if (lua_rawget(L, record) == LUA_TNIL)
		{
			lua_pop(L, 1);
			json_push(L, JsonbValueToJsonb(&value));
			lua_rawset(L, record);
		}
		else
			lua_pop(L, 2);
	}
}

/* Pushes the schema of records of the collection, or nil. */
static void
push_schema(lua_State *L, int state)
{
	JsonbValue	main;
	JsonbValue	record;

	if (lua_rawgeti(L, state, STATE_SCHEMA) != LUA_TNIL)
		return;
	if (!main_definition(state_string(L, state, STATE_COLLECTION), &main) ||
		!member(&main, "record", &record))
		return;
	lua_pop(L, 1);
	json_push(L, JsonbValueToJsonb(&record));
	lua_pushvalue(L, -1);
	lua_rawseti(L, state, STATE_SCHEMA);
}

/* Record.new(collection, fields) */
static int
record_new(lua_State *L)
{
	const char *collection;
	int			record;
	int			state;

	(void) script_enter(L);
	collection = script_string(L, 1, "the collection of a Record");
	lua_settop(L, 2);
	if (!lua_isnil(L, 2) && !lua_istable(L, 2))
		return luaL_error(L, "the fields of a Record must be a table, not %s",
						  luaL_typename(L, 2));
	lua_newtable(L);
	record = lua_gettop(L);
	state = push_record(L, collection);
	push_table(L, &names);
	if (lua_istable(L, 2))
	{
		lua_pushnil(L);
		while (lua_next(L, 2))
		{
			int			kind;

			bounds_charge_accesses(L, 2);
			lua_pushvalue(L, -2);
			kind = lua_rawget(L, state + 1);
			lua_pop(L, 1);
			if (kind == LUA_TNUMBER)
				return luaL_error(L, "cannot assign to internal field '%s'",
								  lua_tostring(L, -2));
			if (kind == LUA_TFUNCTION)
				hide_field(L, state, lua_tostring(L, -2));
			else
			{
				lua_pushvalue(L, -2);
				lua_insert(L, -2);
				lua_rawset(L, record);
			}
		}
	}
	apply_lexicon(L, record, state);
	lua_settop(L, record);
	return 1;
}

/* Record(collection, fields) */
static int
record_call(lua_State *L)
{
	lua_remove(L, 1);
	return record_new(L);
}

/* ----------
 * Loading
 * ----------
 */

/* Pushes a record that was found, or nil. */
static void
push_loaded(lua_State *L, Script *s, const char *uri,
			const CompanionRecord *found)
{
	char	   *repo;
	char	   *collection;
	char	   *rkey;
	int			record;
	int			state;

	upsert->split_uri(uri, &repo, &collection, &rkey);
	if (!found->exists)
	{
		if (!is_locked(s, repo) && fate_of(L, uri) == FATE_UNKNOWN)
			set_fate(L, uri, FATE_ABSENT);
		lua_pushnil(L);
		return;
	}
	script_push_fields(L, uri, found);
	lua_pushliteral(L, "$type");
	lua_pushnil(L);
	lua_rawset(L, -3);
	record = lua_gettop(L);
	state = push_record(L, collection);
	set_state_string(L, state, STATE_URI, uri);
	set_state_string(L, state, STATE_CID, found->cid);
	set_state_string(L, state, STATE_SEEN, found->cid);
	set_state_string(L, state, STATE_RKEY, rkey);
	hide_fields(L, record, state, found->record);
	lua_settop(L, record);
}

/* Record.load(uri) */
static int
record_load(lua_State *L)
{
	Script	   *s = script_enter_database(L);
	const char *uri = script_string(L, 1, "the URI of a Record");
	CompanionRecord found;

	upsert->read(s->store, &uri, 1, &found);
	push_loaded(L, s, uri, &found);
	return 1;
}

/* Record.load_all(uris): nil stands where there is none */
static int
record_load_all(lua_State *L)
{
	Script	   *s = script_enter_database(L);
	lua_Unsigned n;
	const char **uris;
	CompanionRecord *found;

	luaL_checktype(L, 1, LUA_TTABLE);
	n = lua_rawlen(L, 1);
	bounds_charge(L, n * SCRIPT_ROW_STEPS);
	uris = palloc(sizeof(char *) * Max(n, 1));
	found = palloc(sizeof(CompanionRecord) * Max(n, 1));
	for (lua_Unsigned i = 0; i < n; i++)
	{
		lua_rawgeti(L, 1, i + 1);
		uris[i] = script_string(L, -1, "the URI of a Record");
		lua_pop(L, 1);			/* the list has it */
	}
	upsert->read(s->store, uris, (int) n, found);
	lua_createtable(L, (int) n, 0);
	json_mark_array(L);
	for (lua_Unsigned i = 0; i < n; i++)
	{
		push_loaded(L, s, uris[i], &found[i]);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

/* ----------
 * Saving and deleting
 * ----------
 */

/* Takes what is to be written of the record at this index. */
static void
prepare_saving(lua_State *L, Script *s, int record, Saving *saving)
{
	CompanionWrite *write = &saving->write;
	int			state = check_record(L, record);
	const char *uri = state_string(L, state, STATE_URI);
	const char *rkey = state_string(L, state, STATE_RKEY);
	const char *key_type = state_string(L, state, STATE_KEY_TYPE);
	const char *repo = state_string(L, state, STATE_REPO);

	memset(saving, 0, sizeof(Saving));
	write->collection = pstrdup(state_string(L, state, STATE_COLLECTION));
	write->op = uri != NULL ? COMPANION_PUT : COMPANION_CREATE;
	if (uri != NULL)
	{
		char	   *collection;

		upsert->split_uri(uri, &saving->repo, &collection, &write->rkey);
		if (repo != NULL && strcmp(repo, saving->repo) != 0)
			uri = NULL;			/* another's, with the same key */
	}
	else if (rkey != NULL)
		write->rkey = pstrdup(rkey);
	else if (key_type != NULL && strncmp(key_type, "literal:", 8) == 0)
		write->rkey = pstrdup(key_type + 8);
	if (repo != NULL)
		saving->repo = pstrdup(repo);
	else if (uri == NULL)
	{
		if (s->caller_did == NULL)
			luaL_error(L, "there is no caller_did to save a Record for: say whose it is with set_repo()");
		saving->repo = pstrdup(s->caller_did);
	}

	if (!is_locked(s, saving->repo))
	{
		if (uri != NULL)
			write->guarded = fate_of(L, uri) != FATE_WRITTEN;
		else if (write->op == COMPANION_CREATE && write->rkey != NULL)
			write->guarded = fate_of(L, psprintf("at://%s/%s/%s", saving->repo, write->collection, write->rkey)) == FATE_ABSENT;
		if (uri != NULL && state_string(L, state, STATE_SEEN) != NULL)
			write->seen = pstrdup(state_string(L, state, STATE_SEEN));
	}
	lua_pop(L, 1);
	write->record = json_get(L, record, 0, "the record");
}

/* What the record at this index is from now on. */
static void
finish_saving(lua_State *L, Script *s, const Saving *saving, int record)
{
	const CompanionWrite *write = &saving->write;
	int			state = check_record(L, record);

	if (write->cid != NULL)		/* a trigger would have it */
	{
		set_state_string(L, state, STATE_URI, write->uri);
		set_state_string(L, state, STATE_RKEY, write->rkey);
	}
	set_state_string(L, state, STATE_CID, write->cid);
	set_state_string(L, state, STATE_SEEN, write->cid);
	if (write->changed && !is_locked(s, saving->repo))
		set_fate(L, write->uri, FATE_WRITTEN);
	lua_pop(L, 1);
}

static int
compare_savings(const void *a, const void *b)
{
	const Saving *x = a;
	const Saving *y = b;
	int			result = strcmp(x->repo, y->repo);

	return result != 0 ? result : x->place - y->place;
}

/* Writes them, repository by repository, in an order that is everybody's. */
static void
save(lua_State *L, Script *s, Saving *savings, int n)
{
	CompanionWrite *writes = palloc(sizeof(CompanionWrite) * Max(n, 1));
	int			end;

	qsort(savings, n, sizeof(Saving), compare_savings);
	for (int i = 0; i < n; i = end)
	{
		for (end = i; end < n && strcmp(savings[end].repo, savings[i].repo) == 0; end++)
			writes[end] = savings[end].write;
		upsert->write(s->store, savings[i].repo, s->force, &writes[i], end - i);
	}
	for (int i = 0; i < n; i++)
		savings[i].write = writes[i];
}

/* r:save(), r:save_local() */
static int
record_save(lua_State *L)
{
	Script	   *s = script_enter_writing(L, "save");
	Saving		saving;

	lua_settop(L, 1);
	prepare_saving(L, s, 1, &saving);
	save(L, s, &saving, 1);
	finish_saving(L, s, &saving, 1);
	return 1;
}

/* Record.save_all(records) */
static int
record_save_all(lua_State *L)
{
	Script	   *s = script_enter_writing(L, "save_all");
	lua_Unsigned n;
	Saving	   *savings;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	n = lua_rawlen(L, 1);
	bounds_charge(L, n * SCRIPT_ROW_STEPS);
	savings = palloc(sizeof(Saving) * Max(n, 1));
	for (lua_Unsigned i = 0; i < n; i++)
	{
		lua_rawgeti(L, 1, i + 1);
		prepare_saving(L, s, 2, &savings[i]);
		savings[i].place = (int) i + 1;
		lua_pop(L, 1);
	}
	save(L, s, savings, (int) n);
	lua_createtable(L, (int) n, 0);
	json_mark_array(L);
	for (lua_Unsigned i = 0; i < n; i++)
	{
		lua_rawgeti(L, 1, savings[i].place);
		finish_saving(L, s, &savings[i], 3);
		lua_rawseti(L, 2, savings[i].place);
	}
	return 1;
}

/* Deletes a record of which this CID was seen (NULL: none was). */
static bool
delete_uri(lua_State *L, Script *s, const char *uri, const char *seen)
{
	CompanionWrite write = {.op = COMPANION_DELETE};
	char	   *repo;

	upsert->split_uri(uri, &repo, &write.collection, &write.rkey);
	if (!is_locked(s, repo) && seen != NULL && fate_of(L, uri) != FATE_WRITTEN)
	{
		write.guarded = true;
		write.seen = pstrdup(seen);
	}
	upsert->write(s->store, repo, s->force, &write, 1);
	if (write.changed && !is_locked(s, repo))
		set_fate(L, uri, FATE_WRITTEN);
	return write.changed;
}

/* r:delete(); r:delete_local() and Record.delete_local(uri) tell whether it was there */
static int
delete_record(lua_State *L, const char *function, bool tell)
{
	Script	   *s = script_enter_writing(L, function);
	bool		deleted;
	int			state;
	const char *uri;

	lua_settop(L, 1);
	state = check_record(L, 1);
	uri = state_string(L, state, STATE_URI);
	if (uri == NULL)
		return luaL_error(L, "cannot delete a Record that has no _uri");
	deleted = delete_uri(L, s, uri, state_string(L, state, STATE_SEEN));
	set_state_string(L, state, STATE_URI, NULL);
	set_state_string(L, state, STATE_CID, NULL);
	set_state_string(L, state, STATE_SEEN, NULL);
	if (!tell)
		return 0;
	lua_pushboolean(L, deleted);
	return 1;
}

static int
record_delete(lua_State *L)
{
	return delete_record(L, "delete", false);
}

static int
record_delete_local(lua_State *L)
{
	Script	   *s;

	if (lua_type(L, 1) != LUA_TSTRING)
		return delete_record(L, "delete_local", true);
	s = script_enter_writing(L, "delete_local");
	lua_pushboolean(L, delete_uri(L, s, script_string(L, 1, "the URI of a Record"), NULL));
	return 1;
}

/* ----------
 * Names
 * ----------
 */

/* Of the methods that set one string, and give the record back. */
static int
set_name(lua_State *L, const char *function, int place)
{
	int			state;
	const char *value;

	(void) script_enter(L);
	lua_settop(L, 2);
	state = check_record(L, 1);
	value = script_string(L, 2, lua_pushfstring(L, "the argument of %s()", function));
	if (value[0] == '\0')
		return luaL_error(L, "the argument of %s() must not be empty", function);
	if (place == STATE_KEY_TYPE && strcmp(value, "tid") != 0 &&
		strcmp(value, "any") != 0 && strcmp(value, "nsid") != 0 &&
		(strncmp(value, "literal:", 8) != 0 || value[8] == '\0'))
		return luaL_error(L, "the argument of set_key_type() must be \"tid\", \"any\", \"nsid\" or \"literal:...\", not \"%s\"",
						  value);
	set_state_string(L, state, place, value);
	lua_settop(L, 1);
	return 1;
}

static int
record_set_rkey(lua_State *L)
{
	return set_name(L, "set_rkey", STATE_RKEY);
}

static int
record_set_repo(lua_State *L)
{
	return set_name(L, "set_repo", STATE_REPO);
}

static int
record_set_key_type(lua_State *L)
{
	return set_name(L, "set_key_type", STATE_KEY_TYPE);
}

/* r:generate_rkey() */
static int
record_generate_rkey(lua_State *L)
{
	int			state;
	const char *type;
	char		tid[32];

	(void) script_enter(L);
	lua_settop(L, 1);
	state = check_record(L, 1);
	type = state_string(L, state, STATE_KEY_TYPE);
	if (type == NULL)
		return luaL_error(L, "a Record without a key type: no lexicon of \"%s\" is registered, or it was loaded; set_key_type() says which",
						  state_string(L, state, STATE_COLLECTION));
	if (strcmp(type, "nsid") == 0)
		return luaL_error(L, "a key that is an NSID cannot be made up: use set_rkey()");
	if (strncmp(type, "literal:", 8) == 0)
		lua_pushstring(L, type + 8);
	else
	{
		upsert->tid_next(tid);
		lua_pushstring(L, tid);
	}
	lua_pushvalue(L, -1);
	lua_rawseti(L, state, STATE_RKEY);
	return 1;
}

/* ----------
 * The class
 * ----------
 */

/* r.name, where the table has no such field */
static int
record_index(lua_State *L)
{
	int			state = check_record(L, 1);
	int			place;

	push_table(L, &names);
	lua_pushvalue(L, 2);
	if (lua_rawget(L, -2) != LUA_TNUMBER)
		return 1;				/* a method, or nil */
	place = (int) lua_tointeger(L, -1);
	if (place == STATE_SCHEMA)
		push_schema(L, state);
	else
		lua_rawgeti(L, state, place);
	return 1;
}

/* r.name = value, where the table has no such field */
static int
record_newindex(lua_State *L)
{
	int			state;

	lua_settop(L, 3);
	state = check_record(L, 1);
	push_table(L, &names);
	lua_pushvalue(L, 2);
	switch (lua_rawget(L, -2))
	{
		case LUA_TNUMBER:
			return luaL_error(L, "cannot assign to internal field '%s'",
							  lua_tostring(L, 2));
		case LUA_TFUNCTION:
			lua_pushvalue(L, 3);
			hide_field(L, state, lua_tostring(L, 2));
			return 0;
	}
	lua_settop(L, 3);
	lua_rawset(L, 1);
	return 0;
}

/* What stands for a record in JSON, if it has fields that are not shown. */
static bool
stand_in(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	if (!push_state(L, index))
		return false;
	if (lua_rawgeti(L, -1, STATE_HIDDEN) != LUA_TTABLE)
	{
		lua_pop(L, 2);
		return false;
	}
	lua_replace(L, -2);			/* the hidden fields for the state */
	lua_newtable(L);
	for (int from = 0; from < 2; from++)
	{
		int			source = from == 0 ? index : lua_absindex(L, -2);

		for (lua_pushnil(L); lua_next(L, source);)
		{
			lua_pushvalue(L, -2);
			lua_insert(L, -2);
			lua_rawset(L, -4);
		}
	}
	lua_remove(L, -2);
	return true;
}

static const BoundsFunction class_functions[] = {
	{"new", record_new},
	{"load", record_load},
	{"load_all", record_load_all},
	{"save_all", record_save_all},
	{"delete_local", record_delete_local},
	{NULL, NULL}
};

static const BoundsFunction metamethods[] = {
	{"__index", record_index},
	{"__newindex", record_newindex},
	{NULL, NULL}
};

/* Makes the table at the top of the stack a place of the registry. */
static void
keep_table(lua_State *L, char *key)
{
	lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void
record_open(lua_State *L)
{
	lua_newtable(L);
	keep_table(L, &states);
	lua_newtable(L);
	keep_table(L, &fates);

	lua_createtable(L, 0, lengthof(methods) + lengthof(shown));
	bounds_setfuncs(L, methods);
	for (int i = 0; i < lengthof(shown); i++)
	{
		lua_pushinteger(L, shown[i].place);
		lua_setfield(L, -2, shown[i].name);
	}
	keep_table(L, &names);

	lua_createtable(L, 0, lengthof(metamethods));
	bounds_setfuncs(L, metamethods);
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	keep_table(L, &metatable);

	lua_createtable(L, 0, lengthof(class_functions));
	bounds_setfuncs(L, class_functions);
	script_set_call(L, record_call);
	lua_setglobal(L, "Record");
	json_set_stand_in(stand_in);
}
