/*
 * json_text.c
 *		JSON as text, for scripts: json.encode, json.decode and toarray().
 *
 * These run inside of scripts, so what is wrong is a Lua error, which pcall
 * may catch, and all memory is Lua's: a script that makes a thousand errors
 * leaves nothing behind in PostgreSQL's contexts.
 *
 * Text is written without blanks, names in the order of their bytes.  It is
 * read as RFC 8259 has it: of a name that comes twice the last value counts.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"

#include "bounds.h"
#include "compat.h"
#include "json.h"

/* --- writing ---------------------------------------------------------------- */

/*
 * Text under construction: a userdata at stack slot BUFFER_SLOT that grows by
 * being replaced, so that values can come and go above it.
 */
typedef struct Writer
{
	lua_State  *L;
	char	   *text;
	size_t		len;
	size_t		size;
	JsonPath	path;
} Writer;

#define VALUE_SLOT		1
#define BUFFER_SLOT		2

/* A name of an object, for sorting */
typedef struct ObjectName
{
	const char *text;
	size_t		len;
} ObjectName;

static void
write_bytes(Writer *w, const char *bytes, size_t len)
{
	if (len > w->size - w->len)
	{
		size_t		size = Max(w->size * 2, w->len + len);
		char	   *text = lua_newuserdatauv(w->L, size, 0);

		memcpy(text, w->text, w->len);
		lua_replace(w->L, BUFFER_SLOT);
		w->text = text;
		w->size = size;
	}
	memcpy(w->text + w->len, bytes, len);
	w->len += len;
}

static void
write_string(Writer *w, const char *string, size_t len)
{
	size_t		done = 0;

	write_bytes(w, "\"", 1);
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = string[i];
		char		escape[8];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		write_bytes(w, string + done, i - done);
		done = i + 1;
		switch (c)
		{
			case '"':
			case '\\':
				snprintf(escape, sizeof(escape), "\\%c", c);
				break;
			case '\b':
				strcpy(escape, "\\b");
				break;
			case '\f':
				strcpy(escape, "\\f");
				break;
			case '\n':
				strcpy(escape, "\\n");
				break;
			case '\r':
				strcpy(escape, "\\r");
				break;
			case '\t':
				strcpy(escape, "\\t");
				break;
			default:
				snprintf(escape, sizeof(escape), "\\u%04x", c);
		}
		write_bytes(w, escape, strlen(escape));
	}
	write_bytes(w, string + done, len - done);
	write_bytes(w, "\"", 1);
}

static int
compare_names(const void *a, const void *b)
{
	const ObjectName *left = a;
	const ObjectName *right = b;
	int			order = memcmp(left->text, right->text,
							   Min(left->len, right->len));

	if (order != 0)
		return order;
	return left->len < right->len ? -1 : left->len > right->len;
}

static void write_value(Writer *w);

static void
write_array(Writer *w, int64 length)
{
	write_bytes(w, "[", 1);
	for (int64 i = 1; i <= length; i++)
	{
		bounds_charge_accesses(w->L, 1);
		if (i > 1)
			write_bytes(w, ",", 1);
		lua_rawgeti(w->L, -1, i);
		write_value(w);
		lua_pop(w->L, 1);
	}
	write_bytes(w, "]", 1);
}

static void
write_object(Writer *w, int64 count)
{
	lua_State  *L = w->L;
	ObjectName *names = lua_newuserdatauv(L, count * sizeof(ObjectName), 0);
	int64		n = 0;

	lua_pushnil(L);
	while (lua_next(L, -3) != 0)
	{
		lua_pop(L, 1);
		names[n].text = lua_tolstring(L, -1, &names[n].len);
		if (!pg_verifymbstr(names[n].text, names[n].len, true))
			luaL_error(L, "json.encode: a name is not valid text");
		n++;
	}
	Assert(n == count);
	/* each is compared about as often as the number has bits */
	bounds_charge_accesses(L, n * (1 + pg_leftmost_one_pos64(n | 1)));
	qsort(names, n, sizeof(ObjectName), compare_names);

	write_bytes(w, "{", 1);
	for (int64 i = 0; i < n; i++)
	{
		bounds_charge_accesses(L, 1);
		if (i > 0)
			write_bytes(w, ",", 1);
		write_string(w, names[i].text, names[i].len);
		write_bytes(w, ":", 1);
		lua_pushlstring(L, names[i].text, names[i].len);
		lua_rawget(L, -3);
		write_value(w);
		lua_pop(L, 1);
	}
	write_bytes(w, "}", 1);
	lua_pop(L, 1);
}

/* Writes the value at the top of the stack. */
static void
write_value(Writer *w)
{
	JsonWhat	what;
	char		number[Max(DOUBLE_SHORTEST_DECIMAL_LEN, 32)];

	json_look(w->L, &what);
	switch (what.shape)
	{
		case JSON_NULL:
			write_bytes(w, "null", 4);
			break;
		case JSON_BOOLEAN:
			write_bytes(w, what.integer ? "true" : "false",
						what.integer ? 4 : 5);
			break;
		case JSON_INTEGER:
			snprintf(number, sizeof(number), INT64_FORMAT, what.integer);
			write_bytes(w, number, strlen(number));
			break;
		case JSON_FLOAT:
			double_to_shortest_decimal_buf(what.number, number);
			write_bytes(w, number, strlen(number));
			break;
		case JSON_STRING:
			bounds_charge(w->L, what.len / 8);
			write_string(w, what.string, what.len);
			break;
		case JSON_ARRAY:
		case JSON_OBJECT:
			if (!json_enter(w->L, &w->path, &what))
				luaL_error(w->L, "json.encode: a table %s", what.problem);
			if (what.shape == JSON_ARRAY)
				write_array(w, what.integer);
			else
				write_object(w, what.count);
			json_leave(&w->path);
			break;
		case JSON_NONE:
			luaL_error(w->L, "json.encode: a value %s", what.problem);
	}
}

/* json.encode(value): the text of a value */
int
json_encode(lua_State *L)
{
	Writer	   *w;

	luaL_checkany(L, VALUE_SLOT);
	lua_settop(L, VALUE_SLOT);
	lua_newuserdatauv(L, 128, 0);
	w = lua_newuserdatauv(L, sizeof(Writer), 0);
	w->L = L;
	w->text = lua_touserdata(L, BUFFER_SLOT);
	w->len = 0;
	w->size = 128;
	w->path.depth = 0;
	lua_pushvalue(L, VALUE_SLOT);
	write_value(w);
	lua_pushlstring(L, w->text, w->len);
	return 1;
}

/* --- reading ---------------------------------------------------------------- */

typedef struct Reader
{
	lua_State  *L;
	const char *start;
	const char *p;				/* terminated by a zero byte, at end */
	const char *end;
	int			depth;
} Reader;

pg_noreturn static void
refuse(Reader *r, const char *what)
{
	luaL_error(r->L, "json.decode: %s at byte %d", what,
			   (int) Min(r->p - r->start + 1, PG_INT32_MAX));
	pg_unreachable();
}

static void
skip_blanks(Reader *r)
{
	while (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r')
		r->p++;
}

static void
read_word(Reader *r, const char *word)
{
	size_t		len = strlen(word);

	if (r->end - r->p < len || memcmp(r->p, word, len) != 0)
		refuse(r, "unexpected character");
	r->p += len;
}

static void
read_digits(Reader *r)
{
	if (!isdigit((unsigned char) *r->p))
		refuse(r, "number without a digit");
	while (isdigit((unsigned char) *r->p))
		r->p++;
}

static void
read_number(Reader *r)
{
	const char *start = r->p;
	bool		integral = true;
	long long	integer;
	double		number;

	if (*r->p == '-')
		r->p++;
	if (*r->p == '0')
		r->p++;
	else
		read_digits(r);
	if (*r->p == '.')
	{
		integral = false;
		r->p++;
		read_digits(r);
	}
	if (*r->p == 'e' || *r->p == 'E')
	{
		integral = false;
		r->p++;
		if (*r->p == '+' || *r->p == '-')
			r->p++;
		read_digits(r);
	}

	if (integral)
	{
		errno = 0;
		integer = strtoll(start, NULL, 10);
		if (errno == 0)
		{
			lua_pushinteger(r->L, integer);
			return;
		}
	}
	number = strtod(start, NULL);
	if (isinf(number))
		refuse(r, "number too large");
	lua_pushnumber(r->L, number);
}

/* Four hexadecimal digits */
static pg_wchar
read_hex(Reader *r)
{
	pg_wchar	code = 0;

	for (int i = 0; i < 4; i++)
	{
		char		c = *r->p;

		if (c >= '0' && c <= '9')
			code = code * 16 + c - '0';
		else if (c >= 'a' && c <= 'f')
			code = code * 16 + c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			code = code * 16 + c - 'A' + 10;
		else
			refuse(r, "invalid escape in a string");
		r->p++;
	}
	return code;
}

/* What follows a backslash, written to out; answers how many bytes */
static int
read_escape(Reader *r, char *out)
{
	pg_wchar	code;

	switch (*r->p++)
	{
		case '"':
			*out = '"';
			return 1;
		case '\\':
			*out = '\\';
			return 1;
		case '/':
			*out = '/';
			return 1;
		case 'b':
			*out = '\b';
			return 1;
		case 'f':
			*out = '\f';
			return 1;
		case 'n':
			*out = '\n';
			return 1;
		case 'r':
			*out = '\r';
			return 1;
		case 't':
			*out = '\t';
			return 1;
		case 'u':
			break;
		default:
			r->p--;
			refuse(r, "invalid escape in a string");
	}
	code = read_hex(r);
	if (is_utf16_surrogate_first(code) && r->p[0] == '\\' && r->p[1] == 'u')
	{
		pg_wchar	second;

		r->p += 2;
		second = read_hex(r);
		if (!is_utf16_surrogate_second(second))
			refuse(r, "half of a surrogate pair");
		code = surrogate_pair_to_codepoint(code, second);
	}
	else if (is_utf16_surrogate_first(code) || is_utf16_surrogate_second(code))
		refuse(r, "half of a surrogate pair");

	if (code <= 0x7F)
	{
		*out = (char) code;
		return 1;
	}
	if (GetDatabaseEncoding() == PG_UTF8)
	{
		unicode_to_utf8(code, (unsigned char *) out);
		return code <= 0x7FF ? 2 : code <= 0xFFFF ? 3 : 4;
	}
	else
	{
		unsigned char bytes[MAX_UNICODE_EQUIVALENT_STRING + 1];
		int			len;

		pg_unicode_to_server(code, bytes);
		len = strlen((char *) bytes);
		memcpy(out, bytes, len);
		return len;
	}
}

/* Behind its opening quote */
static void
read_string(Reader *r)
{
	const char *start = r->p;
	luaL_Buffer buf;
	char	   *out;
	size_t		len = 0;

	/* most have no escapes and are where they shall be */
	while (*r->p != '"' && *r->p != '\\' && (unsigned char) *r->p >= 0x20)
		r->p++;
	if (*r->p == '"')
	{
		lua_pushlstring(r->L, start, r->p++ - start);
		return;
	}

	/* find the end, so that the buffer can be made of the length it may need */
	r->p = start;
	while (*r->p != '"')
	{
		if ((unsigned char) *r->p < 0x20)
			refuse(r, r->p == r->end ? "unfinished string" :
				   "control character in a string");
		if (*r->p == '\\' && r->p + 1 < r->end)
			r->p++;
		r->p++;
	}
	out = luaL_buffinitsize(r->L, &buf,
							r->p - start + MAX_UNICODE_EQUIVALENT_STRING);
	r->p = start;
	while (*r->p != '"')
	{
		if (*r->p == '\\')
		{
			r->p++;
			len += read_escape(r, out + len);
		}
		else
			out[len++] = *r->p++;
	}
	r->p++;
	luaL_pushresultsize(&buf, len);
}

static void read_value(Reader *r);

/* Behind its opening bracket; so is the next */
static void
read_array(Reader *r)
{
	lua_State  *L = r->L;

	lua_newtable(L);
	json_mark_array(L);
	skip_blanks(r);
	if (*r->p == ']')
	{
		r->p++;
		return;
	}
	for (int64 i = 1;; i++)
	{
		read_value(r);
		lua_rawseti(L, -2, i);
		skip_blanks(r);
		if (*r->p == ']')
			break;
		if (*r->p != ',')
			refuse(r, "expected , or ]");
		r->p++;
	}
	r->p++;
}

static void
read_object(Reader *r)
{
	lua_State  *L = r->L;

	lua_newtable(L);
	skip_blanks(r);
	if (*r->p == '}')
	{
		r->p++;
		return;
	}
	for (;;)
	{
		skip_blanks(r);
		if (*r->p != '"')
			refuse(r, "expected a name");
		r->p++;
		read_string(r);
		skip_blanks(r);
		if (*r->p != ':')
			refuse(r, "expected :");
		r->p++;
		read_value(r);
		lua_rawset(L, -3);
		skip_blanks(r);
		if (*r->p == '}')
			break;
		if (*r->p != ',')
			refuse(r, "expected , or }");
		r->p++;
	}
	r->p++;
}

static void
read_value(Reader *r)
{
	bounds_charge_accesses(r->L, 1);
	skip_blanks(r);
	switch (*r->p)
	{
		case '{':
		case '[':
			if (r->depth == JSON_DEPTH)
				refuse(r, "text is nested too deep");
			luaL_checkstack(r->L, LUA_MINSTACK, NULL);
			r->depth++;
			if (*r->p++ == '{')
				read_object(r);
			else
				read_array(r);
			r->depth--;
			break;
		case '"':
			r->p++;
			read_string(r);
			break;
		case 't':
			read_word(r, "true");
			lua_pushboolean(r->L, true);
			break;
		case 'f':
			read_word(r, "false");
			lua_pushboolean(r->L, false);
			break;
		case 'n':
			read_word(r, "null");
			json_push_null(r->L);
			break;
		default:
			if (*r->p != '-' && !isdigit((unsigned char) *r->p))
				refuse(r, r->p == r->end ? "unexpected end" :
					   "unexpected character");
			read_number(r);
	}
}

/* json.decode(text): the value of a text */
int
json_decode(lua_State *L)
{
	Reader		r;
	size_t		len;

	r.L = L;
	r.start = r.p = luaL_checklstring(L, 1, &len);
	r.end = r.start + len;
	r.depth = 0;
	bounds_charge(L, len / 8);
	if (!pg_verifymbstr(r.start, len, true))
		luaL_error(L, "json.decode: not valid text");
	read_value(&r);
	skip_blanks(&r);
	if (r.p != r.end)
		refuse(&r, "text goes on after the value");
	return 1;
}

/* --- marking ---------------------------------------------------------------- */

/*
 * toarray(table): a copy that is an array whatever is in it.  It has the
 * table's values at the same places, holes included.
 */
int
json_toarray(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_createtable(L, (int) Min(lua_rawlen(L, 1), PG_INT16_MAX), 0);
	json_mark_array(L);
	lua_pushnil(L);
	while (lua_next(L, 1) != 0)
	{
		bounds_charge_accesses(L, 2);
		if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1)
			return luaL_argerror(L, 1, "a table with other keys than indexes is no array");
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, 2);
	}
	return 1;
}
