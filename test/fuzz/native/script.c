/*
 * script.c
 *		Record scripts: random ones by the grammar of Lua, run in the sandbox
 *		of upsert_lua/, and beside it in plain Lua with its own library.
 *
 * The input's bytes are choices: each says which rule is taken next.  A script
 * notes what everything answers, errors included.  It ends with the same notes
 * in both, or with UP009 in the sandbox alone, for its budget is small.  No
 * other SQLSTATE may come, nor a word from a sanitizer.  Every second script
 * calls what only the sandbox has, JSON, and asks that what is written can be
 * read and is then written the same.
 */
#include "postgres.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "../../../upsert_lua/bounds.h"
#include "../../../upsert_lua/json.h"
#include "../../../upsert_lua/library.h"
#include "shim.h"
#include "shim_lua.h"
#include "upsert.h"

/* --- choices ---------------------------------------------------------------- */

static const uint8 *next_byte;
static const uint8 *last_byte;
static char source[65536];
static size_t source_len;
static int	depth;

static unsigned
pick(unsigned n)
{
	return next_byte < last_byte ? *next_byte++ % n : 0;
}

#define PICK(array) array[pick(lengthof(array))]

static void
put(const char *text)
{
	size_t		len = strlen(text);

	if (source_len + len < sizeof(source) - 1)
	{
		memcpy(source + source_len, text, len + 1);
		source_len += len;
	}
}

static void
putf(const char *fmt,...)
{
	char		text[256];
	va_list		args;

	va_start(args, fmt);
	(void) vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put(text);
}

/* --- words ------------------------------------------------------------------ */

static const char *const variables[] = {"a", "b", "c", "d", "e", "f"};

static const char *const integers[] = {
	"0", "1", "-1", "2", "3", "4", "7", "10", "36", "100", "255", "256", "-2", "-3", "-100",
	"math.maxinteger", "math.mininteger", "(1 << 53)", "0x7fffffff", "1000000"
};

/* plain Lua makes "" as often as it is told */
static const char *const counts[] = {"0", "1", "-1", "2", "3", "7", "100", "math.mininteger", "'4'", "{}", "2.5"};

static const char *const floats[] = {
	"0.5", "-0.0", "1.0", "3.7", "1e15", "2^53", "1e308", "-1.5", "(0/0)", "(1/0)", "(-1/0)", "1e100", "0.1", "5e-324"
};

static const char *const texts[] = {
	"\"\"", "\"hello world\"", "\"  trim me  \"", "\"key=val, k2=v2\"", "\"((a)(b))x\"", "\"123\"", "\"0x1F\"", "\"1e5\"",
	"\"  12  \"", "\"a,b,,c\"", "\"\\0a\\0b\"", "\"\\xc3\\xa9t\\xc3\\xa9\"", "\"line\\nline\\r\\n\"", "(\"x\"):rep(50)",
	"(\"ab\"):rep(20)", "\"%d %s\"", "\"10\"", "\"-7.25\"", "\"THE (quick) fox\"", "\"[[]]\"", "\"abc123def456\"", "(\" \"):rep(60)"
};

static const char *const operators[] = {
	"+", "-", "*", "/", "//", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or", "&", "|", "~", "<<", ">>"
};

/* S text, P pattern, R replacement, I integer, L how often, N number, T table, F function, A anything, B format; lower case: may be missing */
static const struct
{
	const char *name;
	const char *args;
}			functions[] = {
	{"string.find", "SPib"}, {"string.match", "SPi"}, {"string.gsub", "SPRi"}, {"string.find", "SSIA"}, {"string.rep", "SLs"},
	{"string.sub", "SIi"}, {"string.byte", "Sii"}, {"string.char", "iii"}, {"string.upper", "S"}, {"string.lower", "S"},
	{"string.reverse", "S"}, {"string.len", "S"}, {"string.format", "Baaa"}, {"string.format", "Baa"}, {"string.format", "Bnna"},
	{"string.gsub", "SPF"}, {"string.gsub", "SPT"}, {"string.gsub", "SPS"}, {"string.match", "SP"}, {"string.find", "SP"},
	{"table.concat", "Tsii"}, {"table.insert", "TA"}, {"table.insert", "TIA"}, {"table.remove", "Ti"}, {"table.move", "TIIIt"},
	{"table.pack", "aaa"}, {"table.unpack", "Tii"}, {"table.sort", "T"}, {"SORT", "T"}, {"tonumber", "Ai"}, {"tonumber", "SI"},
	{"tostring", "A"}, {"select", "Iaaa"}, {"rawequal", "AA"}, {"rawlen", "A"}, {"rawget", "TA"}, {"rawset", "TAA"}, {"type", "A"},
	{"math.floor", "N"}, {"math.ceil", "N"}, {"math.max", "Nnn"}, {"math.fmod", "NN"}, {"math.tointeger", "A"}, {"math.abs", "N"},
	{"utf8.char", "iii"}, {"utf8.len", "Sii"}, {"utf8.codepoint", "Sii"}, {"utf8.offset", "SIi"}, {"os.date", "DI"}, {"os.time", "T"},
	{"setmetatable", "TT"}, {"getmetatable", "A"}, {"assert", "Aa"}, {"error", "Ai"}, {"pcall", "Faa"}, {"xpcall", "FFa"},
	{"ITER", "T"}, {"GMATCH", "SPi"}, {"next", "A"}, {"string.pack", "Kna"}, {"string.unpack", "KSi"}, {"string.packsize", "K"},
	{"os.difftime", "II"}, {"rawequal", "a"}, {"select", "Aa"}, {"GMATCH", "SP"}, {"string.gsub", "SPR"}, {"math.type", "A"}
};

static const char *const conversions[] = {
	"%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%i", "%u", "%x", "%#x", "%X", "%o", "%c", "%5.2f", "%f", "%e", "%.3e", "%g", "%G",
	"%10.4g", "%a", "%A", "%s", "%10s", "%-10s|", "%.3s", "%10.2s", "%q", "%%", "%5", "%y", "%5q", "%123d", "%.123f", "%99.99f",
	"%#o", "%+.3f", "% .3f", "%#g", "%-#10x|", "%0d", "%s %s", "%3c", "%.0f", "%F", "%n", "%*d", "%", "%-", "%.s", "%5.1q", "%.20a"
};

static const char *const items[] = {
	"a", "b", "x", "1", " ", ",", "=", ".", "%a", "%d", "%s", "%w", "%p", "%l", "%u", "%x", "%c", "%g", "%A", "%D", "%S", "%W", "%.",
	"%%", "%(", "[abc]", "[^abc]", "[%w_]", "[a-c]", "[^%s]", "[]]", "[^]]", "[%]]", "[a-]", "[-a]", "[%a-z]", "[a%-z]", "[^a-z0-9]",
	"%b()", "%f[%w]", "%f[^a]", "%f[%z]", "%1", "%2", "()", "%b", "%f", "%f[", "[", "[a", "[^", "%", "%z", "[%", "(", ")", "-", "*", "\\0",
	"[\\0a]", "$", "^", "%P", "\\xc3", "[\\x80-\\xff]"
};

static const char *const dates[] = {
	"\"%Y-%m-%d\"", "\"!%c\"", "\"*t\"", "\"!*t\"", "\"%x %X %p\"", "\"%Ey%Od\"", "\"%Ez\"", "\"%Q\"", "\"%\"", "\"%%%j%U%w\"", "\"%s\"", "\"\\0%d\"", "\"%E\""
};

static const char *const packs[] = {
	"\"i4\"", "\">i2\"", "\"<I3\"", "\"s1\"", "\"z\"", "\"d\"", "\"!8i1i8\"", "\"bBhH\"", "\"c5\"", "\"x\"", "\"Xi4\"", "\"i17\"", "\"j n\"", "\"q\""
};

/* --- expressions ------------------------------------------------------------ */

static void expression(void);
static void block(int statements);

static void
some_pattern(void)
{
	int			n = pick(6) + 1;
	int			open = 0;

	put("\"");
	if (pick(8) == 0)
		put("^");
	for (int i = 0; i < n; i++)
	{
		if (pick(4) == 0)
		{
			put("(");
			open++;
		}
		put(PICK(items));
		switch (pick(8))
		{
			case 0:
				put("*");
				break;
			case 1:
				put("+");
				break;
			case 2:
				put("-");
				break;
			case 3:
				put("?");
				break;
		}
		if (open > 0 && pick(2) == 0)
		{
			put(")");
			open--;
		}
	}
	while (open-- > 0 && pick(16) != 15)
		put(")");
	if (pick(8) == 0)
		put("$");
	put("\"");
}

static void
some_text(void)
{
	switch (pick(8))
	{
		case 0:
			put(PICK(variables));
			break;
		case 1:
			put("\"");
			for (int n = pick(10); n > 0; n--)
				putf("\\%03d", next_byte < last_byte ? *next_byte++ : 65);
			put("\"");
			break;
		default:
			put(PICK(texts));
	}
}

static void
some_table(void)
{
	put("{");
	for (int n = pick(6); n > 0; n--)
	{
		switch (pick(6))
		{
			case 0:
				put("x=");
				break;
			case 1:
				putf("[%s]=", PICK(integers));
				break;
			case 2:
				if (depth < 3)
				{
					putf("%s=", pick(2) ? "__index" : "__lt");
					put("function(...) return ... end,");
					continue;
				}
		}
		expression();
		put(",");
	}
	put("}");
}

static void
some_function(void)
{
	put("function(...) ");
	if (depth < 4 && pick(2) == 0)
		block(pick(3));
	put(" return ");
	expression();
	put(" end");
}

static void
argument(char kind)
{
	static const char *const replacements[] = {
		"\"%0\"", "\"<%1>\"", "\"%%\"", "\"%2\"", "\"%9\"", "\"%x\"", "\"%\"", "{a=\"A\",b=false,x=1}", "string.upper", "5", "\"\"", "{}"
	};

	switch (kind)
	{
		case 'S':
			some_text();
			break;
		case 'P':
			if (pick(12) == 0)
				some_text();
			else
				some_pattern();
			break;
		case 'R':
			put(PICK(replacements));
			break;
		case 'I':
			put(PICK(integers));
			break;
		case 'L':
			put(PICK(counts));
			break;
		case 'N':
			put(pick(2) ? PICK(integers) : PICK(floats));
			break;
		case 'T':
			if (pick(3) == 0)
				put(PICK(variables));
			else
				some_table();
			break;
		case 'F':
			some_function();
			break;
		case 'B':
			put("\"");
			for (int n = pick(3) + 1; n > 0; n--)
				put(PICK(conversions));
			put("\"");
			break;
		case 'D':
			put(PICK(dates));
			break;
		case 'K':
			put(PICK(packs));
			break;
		default:
			expression();
	}
}

/* "string.find, a, b", for pcall and for us */
static void
call(bool protected)
{
	int			i = pick(lengthof(functions));
	const char *args = functions[i].args;
	bool		first = !protected;

	put(functions[i].name);
	if (!protected)
		put("(");
	for (; *args != '\0'; args++)
	{
		char		kind = *args;

		if (kind >= 'a')
		{
			if (pick(3) == 0)
				break;
			kind -= 'a' - 'A';
		}
		if (!first)
			put(",");
		first = false;
		argument(kind != 'L' && pick(24) == 23 ? 'A' : kind);
	}
	if (!protected)
		put(")");
}

static void
expression(void)
{
	if (++depth > 6)
	{
		put(PICK(integers));
		depth--;
		return;
	}
	switch (pick(14))
	{
		case 0:
		case 1:
			put(PICK(integers));
			break;
		case 2:
			put(PICK(floats));
			break;
		case 3:
			some_text();
			break;
		case 4:
			put(pick(2) ? "nil" : pick(2) ? "true" : "false");
			break;
		case 5:
		case 6:
			put(PICK(variables));
			break;
		case 7:
			put("(");
			expression();
			putf(" %s ", PICK(operators));
			expression();
			put(")");
			break;
		case 8:
			put(pick(4) == 0 ? "#" : pick(3) == 0 ? "- " : pick(2) ? "not " : "~");
			expression();
			break;
		case 9:
			some_table();
			break;
		case 10:
			if (pick(2))
				put(PICK(variables));
			else
				put("...");
			break;
		case 11:
			putf("(%s)[", PICK(variables));
			expression();
			put("]");
			break;
		case 12:
			some_function();
			break;
		default:
			call(false);
	}
	depth--;
}

/* --- statements ------------------------------------------------------------- */

static bool with_json;

static void
statement(void)
{
	depth++;
	switch (depth > 5 ? pick(4) : pick(16))
	{
		case 0:
		case 1:
		case 2:
			put("P(");
			call(true);
			put(")");
			break;
		case 3:
			putf("%s = ", PICK(variables));
			expression();
			break;
		case 4:
			put("R(");
			expression();
			put(",");
			expression();
			put(")");
			break;
		case 5:
			put("if ");
			expression();
			put(" then ");
			block(pick(3));
			put(" else ");
			block(pick(2));
			put(" end");
			break;
		case 6:
			putf("for i = %s,", PICK(integers));
			put(PICK(integers));
			putf(",%s do ", PICK(integers));
			block(pick(3));
			put(" a = i if i == 3 then break end end");
			break;
		case 7:
			put("for i, v in ipairs(");
			argument('T');
			put(") do b = v ");
			block(pick(2));
			put(" end");
			break;
		case 8:
			put("P(function() for w, x in string.gmatch(");
			argument('S');
			put(",");
			some_pattern();
			put(") do R(w, x) end end)");
			break;
		case 9:
			putf("local function g(...) ");
			block(pick(3));
			put(" return ");
			expression();
			put(" end P(g, ");
			expression();
			put(")");
			break;
		case 10:
			put("P(function(...) ");
			block(pick(4));
			put(" end)");
			break;
		case 11:
			put("do local x <close> = setmetatable({}, {__close = function(o, e) R(e) end}) ");
			block(pick(3));
			put(" end");
			break;
		case 12:
			putf("P(function() %s[", PICK(variables));
			expression();
			put("] = ");
			expression();
			put(" end)");
			break;
		case 13:
			put("P(function() R(setmetatable({}, {__index = ");
			expression();
			put(", __add = ");
			expression();
			put("}).x, ");
			some_text();
			putf(" %s ", PICK(operators));
			expression();
			put(") end)");
			break;
		case 14:
			if (with_json)
			{
				put(pick(3) == 0 ? "J(toarray(" : pick(2) ? "J((" : "D((");
				if (pick(2))
					some_table();
				else
					expression();
				put("))");
				break;
			}
			/* fall through */
		default:
			putf("local n = 0 repeat n = n + 1 ");
			block(pick(3));
			put(" until n == 3 or ");
			expression();
	}
	put("\n");
	depth--;
}

static void
block(int statements)
{
	put("do ");
	for (; statements > 0 && source_len < sizeof(source) / 2; statements--)
		statement();
	put("end ");
}

/*
 * The frame: R notes values, P what a protected call answers.  What differs
 * for a good reason is not noted: addresses, which of two elements an error
 * of sort is about, and the number of an argument that some 5.4 have wrong.
 */
static const char prelude[] =
"local out = {}\n"
"local function show(v, deep)\n"
"  local t = type(v)\n"
"  if t == 'string' then\n"
"    v = v:gsub('0x%x%x%x%x%x%x+', 'ADDRESS'):gsub('#%d to (.-remove)', '#2 to %1'):gsub('to compare .*', '')\n"
"    return string.format('%q', v)\n"
"  end\n"
"  if t == 'table' then\n"
"    if deep then return '{}' end\n"
"    local s = '{'\n"
"    for i = 1, 6 do s = s .. show(rawget(v, i), true) .. ',' end\n"
"    return s .. show(rawget(v, 'x'), true) .. '}'\n"
"  end\n"
"  if t == 'function' then return 'function' end\n"
"  if v ~= v then return 'nan' end\n"
"  return tostring(v) .. (math.type(v) or '')\n"
"end\n"
"local function R(...)\n"
"  local n = select('#', ...)\n"
"  if #out > 400 then return end\n"
"  out[#out + 1] = n .. ':'\n"
"  for i = 1, math.min(n, 8) do out[#out + 1] = show((select(i, ...))) end\n"
"end\n"
"local function P(f, ...) R(pcall(f, ...)) end\n"
"local function SORT(t) local c = {} for i = 1, 9 do local v = rawget(t, i) if math.type(v) and v == v then c[#c + 1] = v end end\n"
"  table.sort(c, function(x, y) if x == y then return math.type(x) < math.type(y) end return x > y end) R(table.unpack(c)) end\n"
"local function ITER(t) local n = 0 for i, v in ipairs(t) do n = n + 1 if n > 9 then break end R(i, v) end end\n"
"local function GMATCH(...) local n = 0 for x, y, z in string.gmatch(...) do n = n + 1 if n > 30 then break end R(x, y, z) end end\n"
"local function VIOLATION(s) error('VIOLATION ' .. s, 0) end\n"
"local function D(v) R(pcall(json and json.decode or type, v)) end\n"
"local function J(v) if not json then return end local ok, s = pcall(json.encode, v) if not ok then R(s) return end\n"
"  local ok, t = pcall(json.decode, s) if not ok then VIOLATION(s .. t) end\n"
"  if json.encode(t) ~= s then VIOLATION(s) end end\n"
"local a, b, c, d, e, f = 1, 'two', {3, 4, 5}, 4.5, nil, {x = 'y'}\n"
"local ok, message = pcall(function(...)\n";

static const char postlude[] =
"end, 1, 'x')\n"
"if not ok then R(message) end\n"
"return table.concat(out, '\\n')\n";

/* --- two runs --------------------------------------------------------------- */

static char ours[1 << 20];
static int	ours_len;

static void
run_ours(const uint8 *data, size_t len)
{
	lua_State  *L = bounds_open(CurrentMemoryContext);
	const char *answer;
	size_t		n;

	ours_len = -1;
	library_open(L);
	if (bounds_load(L, source, source_len, "=script") != LUA_OK)
		return;
	if (bounds_pcall(L, 0, 1) != LUA_OK)
	{
		fprintf(stderr, "ours: %s\n", lua_tostring(L, -1));
		abort();
	}
	answer = lua_tolstring(L, -1, &n);
	if (memmem(answer, n, "VIOLATION", 9) != NULL)
	{
		fprintf(stderr, "%s\n%.*s\n", source, (int) n, answer);
		abort();
	}
	if (n < sizeof(ours))
	{
		memcpy(ours, answer, n);
		ours_len = n;
	}
	bounds_close(L);
}

static void
too_long(lua_State *L, lua_Debug *ar)
{
	fprintf(stderr, "plain Lua takes too long\n%s\n", source);
	abort();
}

static void
run_plain(void)
{
	static const char shape[] =
		"io = nil debug = nil require = nil package = nil load = nil loadfile = nil dofile = nil collectgarbage = nil\n"
		"coroutine = nil string.dump = nil warn = nil getmetatable('').__metatable = false\n";
	lua_State  *L = luaL_newstate();
	const char *answer;
	size_t		n;

	luaL_openlibs(L);
	if (luaL_dostring(L, shape) != LUA_OK)
		abort();
	lua_sethook(L, too_long, LUA_MASKCOUNT, 10000000);
	if (luaL_loadbuffer(L, source, source_len, "=script") != LUA_OK ||
		lua_pcall(L, 0, 1, 0) != LUA_OK)
	{
		fprintf(stderr, "plain: %s\n", lua_tostring(L, -1));
		abort();
	}
	answer = lua_tolstring(L, -1, &n);
	if (n != ours_len || memcmp(ours, answer, n) != 0)
	{
		fprintf(stderr, "%s\n--- ours\n%.*s\n--- plain\n%.*s\n", source,
				ours_len, ours, (int) n, answer);
		abort();
	}
	lua_close(L);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t len)
{
	static bool ready = false;
	int			sqlstate;

	if (!ready)
	{
		setenv("TZ", "UTC", 1);
		bounds_define_settings();
		shim_set("upsert_lua.max_steps", 40000);
		shim_set("upsert_lua.max_memory", 4096);
		ready = true;
	}
	next_byte = data;
	last_byte = data + len;
	source_len = 0;
	depth = 0;
	with_json = pick(2) == 1;
	put(prelude);
	for (int i = 0; i < 12 && next_byte < last_byte; i++)
		statement();
	put(postlude);

	sqlstate = shim_run(run_ours, data, len);
	if (sqlstate == ERRCODE_UPSERT_LIMIT_EXCEEDED)
		return 0;
	if (sqlstate != 0)
	{
		fprintf(stderr, "%s\nSQLSTATE %08x\n", source, sqlstate);
		abort();
	}
	if (ours_len >= 0 && !with_json)
		run_plain();
	return 0;
}
