/*
 * strformat.c
 *		string.format of scripts.
 *
 * As the manual of Lua 5.4 has it: conversions of C but for %n and *, and %q.
 * A specification is taken apart before C sees it: it has the flags that go
 * with its conversion, at most two digits of width and two of precision.  %p
 * shows a number within the state and no address.
 *
 * Time is in proportion to the format and its arguments, and so in the price
 * of an instruction.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>

#include "bounds.h"
#include "library.h"

/* PostgreSQL's own knows neither %a nor all flags */
#undef snprintf

/* The longest specification that is taken apart */
#define SPEC_MAX		22

/* Flags of conversions */
#define FLAGS_FLOAT		"-+ #0"
#define FLAGS_HEX		"-#0"
#define FLAGS_SIGNED	"-+ 0"
#define FLAGS_UNSIGNED	"-0"
#define FLAGS_TEXT		"-"

/* Space for what C makes of a number, of %99.99f of the largest too */
#define ITEM_MAX		512

/* A string is not cut by C's formatting from this length on */
#define LONG_STRING		100

/* "%5.2f" */
typedef struct Spec
{
	char		text[SPEC_MAX + 4]; /* with room for ll */
	size_t		len;
} Spec;

/*
 * Reads the specification behind the percent sign at p; answers its last
 * character, the conversion.
 */
static const char *
read_spec(lua_State *L, Spec *spec, const char *p)
{
	size_t		len = strspn(p, FLAGS_FLOAT ".123456789") + 1;

	if (len >= SPEC_MAX)
		luaL_error(L, "invalid format string to 'format'");
	spec->text[0] = '%';
	memcpy(spec->text + 1, p, len);
	spec->len = len + 1;
	spec->text[spec->len] = '\0';
	return p + len - 1;
}

static int
digit_pair(const char *p)
{
	int			n = 0;

	while (n < 2 && isdigit((unsigned char) p[n]))
		n++;
	return n;
}

/* Has it no more than these flags, a width, and a precision if there is one? */
static void
check_spec(lua_State *L, const Spec *spec, const char *flags, bool precision)
{
	const char *p = spec->text + 1;

	p += strspn(p, flags);
	if (*p != '0')
	{
		p += digit_pair(p);
		if (*p == '.' && precision)
		{
			p++;
			p += digit_pair(p);
		}
	}
	if (p != spec->text + spec->len - 1)
		luaL_error(L, "invalid conversion specification: '%s'", spec->text);
}

/* Makes %d into %lld */
static void
make_long(Spec *spec)
{
	char		conversion = spec->text[spec->len - 1];

	strcpy(spec->text + spec->len - 1, LUA_INTEGER_FRMLEN);
	spec->len += strlen(LUA_INTEGER_FRMLEN);
	spec->text[spec->len - 1] = conversion;
	spec->text[spec->len] = '\0';
}

static void
add_text(lua_State *L, luaL_Buffer *buf, const char *text)
{
	luaL_addlstring(buf, text, strlen(text));
}

static void
add_integer(lua_State *L, luaL_Buffer *buf, int arg, Spec *spec,
			const char *flags)
{
	char		item[ITEM_MAX];
	lua_Integer n = luaL_checkinteger(L, arg);

	check_spec(L, spec, flags, true);
	make_long(spec);
	snprintf(item, sizeof(item), spec->text, (long long) n);
	add_text(L, buf, item);
}

static void
add_float(lua_State *L, luaL_Buffer *buf, int arg, Spec *spec)
{
	char		item[ITEM_MAX];
	lua_Number	n = luaL_checknumber(L, arg);

	check_spec(L, spec, FLAGS_FLOAT, true);
	snprintf(item, sizeof(item), spec->text, n);
	add_text(L, buf, item);
}

static void
add_character(lua_State *L, luaL_Buffer *buf, int arg, Spec *spec)
{
	char		item[ITEM_MAX];
	int			n;

	check_spec(L, spec, FLAGS_TEXT, false);
	n = snprintf(item, sizeof(item), spec->text,
				 (int) luaL_checkinteger(L, arg));
	luaL_addlstring(buf, item, n);
}

static void
add_pointer(lua_State *L, luaL_Buffer *buf, int arg, Spec *spec)
{
	char		item[ITEM_MAX];
	char		text[24];
	uint64		identity = library_identity(L, arg);

	check_spec(L, spec, FLAGS_TEXT, false);
	if (identity == 0)
		strcpy(text, "(null)");
	else
		snprintf(text, sizeof(text), "0x%016llx", (unsigned long long) identity);
	spec->text[spec->len - 1] = 's';
	snprintf(item, sizeof(item), spec->text, text);
	add_text(L, buf, item);
}

static void
add_string(lua_State *L, luaL_Buffer *buf, int arg, Spec *spec)
{
	char		item[ITEM_MAX];
	size_t		len;
	const char *s = library_tolstring(L, arg, &len);

	if (spec->len == 2)
	{
		luaL_addvalue(buf);
		return;
	}
	luaL_argcheck(L, len == strlen(s), arg, "string contains zeros");
	check_spec(L, spec, FLAGS_TEXT, true);
	if (strchr(spec->text, '.') == NULL && len >= LONG_STRING)
	{
		/* longer than any width */
		luaL_addvalue(buf);
		return;
	}
	snprintf(item, sizeof(item), spec->text, s);
	lua_pop(L, 1);
	add_text(L, buf, item);
}

/* --- %q --------------------------------------------------------------------- */

static void
quote_string(luaL_Buffer *buf, const char *s, size_t len)
{
	luaL_addchar(buf, '"');
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = s[i];

		if (c == '"' || c == '\\' || c == '\n')
		{
			luaL_addchar(buf, '\\');
			luaL_addchar(buf, c);
		}
		else if (c < 0x20 || c == 0x7F)
		{
			char		escape[8];
			bool		digit = i + 1 < len && isdigit((unsigned char) s[i + 1]);

			snprintf(escape, sizeof(escape), digit ? "\\%03d" : "\\%d", c);
			luaL_addlstring(buf, escape, strlen(escape));
		}
		else
			luaL_addchar(buf, c);
	}
	luaL_addchar(buf, '"');
}

static void
quote_number(lua_State *L, luaL_Buffer *buf, int arg)
{
	char		item[ITEM_MAX];

	if (lua_isinteger(L, arg))
	{
		lua_Integer n = lua_tointeger(L, arg);

		/* the least integer has no decimal numeral */
		if (n == LUA_MININTEGER)
			snprintf(item, sizeof(item), "0x%llx", (unsigned long long) n);
		else
			snprintf(item, sizeof(item), "%lld", (long long) n);
	}
	else
	{
		lua_Number	n = lua_tonumber(L, arg);

		if (isnan(n))
			strcpy(item, "(0/0)");
		else if (isinf(n))
			strcpy(item, n > 0 ? "1e9999" : "-1e9999");
		else
			snprintf(item, sizeof(item), "%a", n);
	}
	add_text(L, buf, item);
}

static void
add_quoted(lua_State *L, luaL_Buffer *buf, int arg, Spec *spec)
{
	size_t		len;
	const char *s;

	if (spec->len != 2)
		luaL_error(L, "specifier '%%q' cannot have modifiers");
	switch (lua_type(L, arg))
	{
		case LUA_TSTRING:
			s = lua_tolstring(L, arg, &len);
			quote_string(buf, s, len);
			break;
		case LUA_TNUMBER:
			quote_number(L, buf, arg);
			break;
		case LUA_TNIL:
		case LUA_TBOOLEAN:
			library_tolstring(L, arg, NULL);
			luaL_addvalue(buf);
			break;
		default:
			luaL_argerror(L, arg, "value has no literal form");
	}
}

/* --- format ----------------------------------------------------------------- */

int
strlib_format(lua_State *L)
{
	int			top = lua_gettop(L);
	int			arg = 1;
	size_t		len;
	const char *p = luaL_checklstring(L, 1, &len);
	const char *end = p + len;
	luaL_Buffer buf;
	Spec		spec;

	luaL_buffinit(L, &buf);
	for (; p < end; p++)
	{
		if (*p != '%')
		{
			luaL_addchar(&buf, *p);
			continue;
		}
		if (*++p == '%')
		{
			luaL_addchar(&buf, '%');
			continue;
		}
		if (++arg > top)
			return luaL_argerror(L, arg, "no value");
		p = read_spec(L, &spec, p);
		switch (*p)
		{
			case 'c':
				add_character(L, &buf, arg, &spec);
				break;
			case 'd':
			case 'i':
				add_integer(L, &buf, arg, &spec, FLAGS_SIGNED);
				break;
			case 'u':
				add_integer(L, &buf, arg, &spec, FLAGS_UNSIGNED);
				break;
			case 'o':
			case 'x':
			case 'X':
				add_integer(L, &buf, arg, &spec, FLAGS_HEX);
				break;
			case 'a':
			case 'A':
			case 'e':
			case 'E':
			case 'f':
			case 'g':
			case 'G':
				add_float(L, &buf, arg, &spec);
				break;
			case 'p':
				add_pointer(L, &buf, arg, &spec);
				break;
			case 'q':
				add_quoted(L, &buf, arg, &spec);
				break;
			case 's':
				add_string(L, &buf, arg, &spec);
				break;
			default:
				return luaL_error(L, "invalid conversion '%s' to 'format'",
								  spec.text);
		}
	}
	luaL_pushresult(&buf);
	return 1;
}
