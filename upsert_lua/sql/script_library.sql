-- The library of scripts: what the manual of Lua 5.4 says of each function.
-- Every answer here is the same in plain Lua, but where a comment says so;
-- test/fuzz/native/script.c compares random calls.
\set VERBOSITY terse
\pset tuples_only
\pset format unaligned
SELECT create_record_store('ls');
-- evaluates expressions: all values, e(f, ...) the error of a call
CREATE FUNCTION lua(expression text) RETURNS text LANGUAGE sql AS $sql$
SELECT at_script('ls', $lua$
local function show(...)
	local t = table.pack(...)
	for i = 1, t.n do
		local v = t[i]
		if type(v) == "string" then t[i] = string.format("%q", v):gsub("\\\n", "\\n")
		elseif type(v) == "table" or type(v) == "function" then t[i] = type(v)
		else t[i] = tostring(v) end
	end
	return table.concat(t, "  ", 1, t.n)
end
local function e(...) return (select(2, pcall(...))) end
local function x(...) return (select(2, xpcall(...))) end
function handle() return show($lua$ || expression || ') end', options => '{"kind": "query"}') #>> '{}' $sql$;

-- patterns
SELECT lua(s) FROM (VALUES
	(1, $x$("hello world"):find("o w")$x$),
	(2, $x$("hello world"):find("l+")$x$),
	(3, $x$("hello world"):find("o", 6)$x$),
	(4, $x$("hello world"):find("o", -4)$x$),
	(5, $x$("hello"):find("")$x$),
	(6, $x$("hello"):find("", 6)$x$),
	(7, $x$("hello"):find("", 7)$x$),
	(8, $x$("a.b"):find(".", 1, true)$x$),
	(9, $x$("a.b"):find("%.")$x$),
	(10, $x$("a+b"):find("+", 1, true)$x$),
	(11, $x$("key = value"):match("(%w+)%s*=%s*(%w+)")$x$),
	(12, $x$("  trim  "):match("^%s*(.-)%s*$")$x$),
	(13, $x$("2026-11-26"):match("(%d+)-(%d+)-(%d+)")$x$),
	(14, $x$("at://did:plc:abc/com.example/3k"):match("^at://([^/]+)/([^/]+)/([^/]+)$")$x$),
	(15, $x$("hello"):match("()ll()")$x$),
	(16, $x$("THE (quick) fox"):find("%((%a+)%)")$x$),
	(17, $x$("f(a(b)c)d"):match("%b()")$x$),
	(18, $x$("THE (quick) fox"):gsub("%f[%a]%a+", string.lower)$x$),
	(19, $x$("abcabc"):match("(a)(b)c%1%2c")$x$),
	(20, $x$("x=[[y]]"):match("%[%[(.*)%]%]")$x$),
	(21, $x$("]a]"):match("[]]+"), ("a-b"):match("[a-]+"), ("^"):match("[%^]"), ("b"):match("[^a]")$x$),
	(22, $x$("\0a\0"):find("\0", 2), #("\0a\0"):match("[\0]")$x$),
	(23, $x$("aaa"):match("a-"), ("aaa"):match("a-$"), ("aaab"):match("a-b"), ("aaa"):match("a?a?a?a?")$x$),
	(24, $x$("abc"):gsub("%w", "%0%0")$x$),
	(25, $x$("hello world"):gsub("o", "0", 1)$x$),
	(26, $x$("hello world"):gsub("(%w+) (%w+)", "%2 %1")$x$),
	(27, $x$("abc"):gsub("", "-")$x$),
	(28, $x$("abc"):gsub("b*", "x")$x$),
	(29, $x$("$name is $age"):gsub("%$(%w+)", {name = "Ann", age = 7})$x$),
	(30, $x$("$name is $who"):gsub("%$(%w+)", {name = "Ann"})$x$),
	(31, $x$("abc"):gsub("b", function(c) return c == "b" and "B" end)$x$),
	(32, $x$("abc"):gsub("b", function() return nil end)$x$),
	(33, $x$("abc"):gsub("(b)", "[%%%1]")$x$),
	(34, $x$("ab"):gsub("(a)(b)", "%2%1%0")$x$),
	(35, $x$("one;two;;four"):gsub(";", ",", 2)$x$)) v(n, s) ORDER BY n;
-- strings
SELECT lua(s) FROM (VALUES
	(1, $x$("caf\u{e9}"):upper(), #("caf\u{e9}"), ("caf\u{e9}"):reverse():byte(1, -1)$x$),
	(2, $x$("abc"):rep(3, "-"), ("abc"):rep(0), ("abc"):rep(-1), (""):rep(100)$x$),
	(3, $x$("hello"):sub(2, -2), ("hello"):sub(-3), ("hello"):sub(0), ("hello"):sub(10), ("hello"):sub(-100, 2), ("hello"):sub(3, 2)$x$),
	(4, $x$("hello"):byte(), ("hello"):byte(-1), ("hello"):byte(10), ("abc"):byte(1, 3)$x$),
	(5, $x$string.char(72, 105), string.char()$x$),
	(6, $x$("%d items"):format(3), ("%5.2f|%-5s|%05d"):format(3.14159, "ab", 42)$x$),
	(7, $x$("%x %X %#o %c %e %g %a"):format(255, 255, 8, 65, 12345.678, 1e20, 1)$x$),
	(8, $x$("%q"):format('a "quoted"\n\0line\r1'), ("%q"):format(1/3), ("%q"):format(math.mininteger)$x$),
	(9, $x$("%s %s %s"):format(nil, true, 1.0), ("%.3s|%10s|%-10s|"):format("abcdef", "right", "left")$x$),
	(10, $x$("%i"):format(3.0), ("%5%"):len()$x$)) v(n, s) ORDER BY n;
-- numbers
SELECT lua(s) FROM (VALUES
	(1, $x$("10" + 5), ("0x10" * 2), ("3" .. 4), (10 .. ""), ("7" // 2), -"2", ("2" ^ "3")$x$),
	(2, $x$#"abc", "a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "Z" < "a", "\u{e9}" < "z"$x$),
	(3, $x$tonumber("0x1F"), tonumber("  12  "), tonumber("1e2"), tonumber("abc"), tonumber("12", 3), tonumber("zz", 36), tonumber("8", 8), tonumber(""), tonumber("0x"), tonumber("1 2")$x$),
	(4, $x$tonumber("9223372036854775807"), tonumber("9223372036854775808"), tonumber("0x8000000000000000")$x$),
	(5, $x$math.type(1), math.type(1.0), math.type("1"), 1 == 1.0, 7 // 2, 7.0 // 2, -7 // 2, -7 % 3, 7 % -3, 2^53, 1e15, 1e16, 1 / 3$x$),
	(6, $x$math.maxinteger + 1 == math.mininteger, math.tointeger(3.0), math.tointeger(3.5), math.floor(-3.5), math.ult(1, -1), 5 & 3, 5 | 3, 5 ~ 3, ~0, 1 << 62, 1 >> 1$x$),
	(7, $x$tostring(1e100), tostring(-0.0), tostring(1/0), tostring(2^63), tostring(123456789012345), 0.1, 1e300 * 1e10$x$)) v(n, s) ORDER BY n;
-- tables
SELECT lua(s) FROM (VALUES
	(1, $x$select("#"), select("#", nil, nil), select(2, "a", "b", "c"), select(-1, "a", "b", "c")$x$),
	(2, $x$table.concat({1, 2, "x"}, ", "), table.concat({}), table.concat({"a", "b", "c"}, "-", 2), table.concat({"a", "b", "c"}, "-", 2, 2), table.concat({1, 2}, "", 3)$x$),
	(3, $x$table.unpack({1, 2, 3}), table.unpack({1, 2, 3}, 2), table.unpack({1, 2, 3}, 2, 5)$x$),
	(4, $x$table.pack(1, nil, 3).n, #table.pack(), table.pack("a")[1]$x$),
	(5, $x$(function() local t = {1, 2, 3} table.insert(t, 4) table.insert(t, 1, 0) return table.concat(t, ",") end)()$x$),
	(6, $x$(function() local t = {1, 2, 3} local a, b = table.remove(t), table.remove(t, 1) return a, b, #t, table.remove({}), table.remove({}, 0) end)()$x$),
	(7, $x$(function() local t = table.move({1, 2, 3, 4, 5}, 2, 5, 1) return table.concat(t, ",") end)(), table.concat(table.move({1, 2, 3}, 1, 3, 3), ","), table.concat(table.move({1, 2}, 1, 2, 2, {9}), ",")$x$),
	(8, $x$(function() local t = {5, 2, 8, 1} table.sort(t) local s = table.concat(t, ",") table.sort(t, function(a, b) return a > b end) return s, table.concat(t, ",") end)()$x$),
	(9, $x$(function() local t = {"b", "B", "a", "10", "9", "\u{e9}"} table.sort(t) return table.concat(t, " ") end)()$x$)) v(n, s) ORDER BY n;
-- iteration
SELECT lua(s) FROM (VALUES
	(1, $x$(function() local words = {} for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do words[#words + 1] = k .. v end return table.concat(words, " ") end)()$x$),
	(2, $x$(function() local out = {} for w in ("one two"):gmatch("%a+", 4) do out[#out + 1] = w end return table.concat(out, "|") end)()$x$),
	(3, $x$(function() local out = {} for p in ("aXbX"):gmatch("()X") do out[#out + 1] = p end return table.concat(out, "|") end)()$x$),
	(4, $x$(function() local n = 0 for _ in ("abc"):gmatch("") do n = n + 1 end return n end)()$x$),
	(5, $x$utf8.char(228, 8364, 128512), utf8.len("äé€"), utf8.len("\xff"), utf8.codepoint("äé", 1, -1), utf8.offset("äé€", 3)$x$),
	(6, $x$(function() local out = {} for p, c in utf8.codes("aä€") do out[#out + 1] = p .. ":" .. c end return table.concat(out, " ") end)()$x$)) v(n, s) ORDER BY n;
-- os, pack, raw access, metatables
SELECT lua(s) FROM (VALUES
	(1, $x$os.date("!%Y-%m-%dT%H:%M:%SZ", 0), os.date("!%A %d %B %y %j", 86400 * 365), os.time({year = 2026, month = 11, day = 26, hour = 0}), os.difftime(10, 4), os.date("!*t", 0).year$x$),
	(2, $x$os.time({year = 2026, month = 13, day = 1}), os.time({year = 2000, month = 1, day = 1, hour = 0, min = -1})$x$),
	(3, $x$string.pack(">I2", 258):byte(1, -1), string.unpack("<i4", "\1\0\0\0"), string.packsize("i4i8")$x$),
	(4, $x$rawequal("a", "a"), rawlen({1, 2}), rawlen("abc"), rawget(setmetatable({}, {__index = {x = 1}}), "x"), next({}), type(next), type(nil)$x$),
	(5, $x$getmetatable(setmetatable({}, {__metatable = "mine"})), e(setmetatable, setmetatable({}, {__metatable = 1}), {})$x$),
	(6, $x$tostring(setmetatable({}, {__tostring = function() return "shown" end})), #setmetatable({}, {__len = function() return 7 end}), setmetatable({}, {__call = function(_, x) return x * 2 end})(21)$x$),
	(7, $x$(function() local out = {} for k, v in pairs(setmetatable({}, {__pairs = function() return function(_, k) if not k then return 1, "one" end end end})) do out[#out + 1] = v end return out[1] end)()$x$),
	(8, $x$(function() local n = 0 for i, v in ipairs({1, 2, nil, 4}) do n = n + v end return n end)()$x$)) v(n, s) ORDER BY n;
-- errors
SELECT lua(s) FROM (VALUES
	(1, $x$e(error, "plain"), e(error), e(error, {code = 1}), select("#", e(error, nil))$x$),
	(2, $x$e(function() error("with place") end), e(function() error("no place", 0) end), e(function() error("level 2", 2) end)$x$),
	(3, $x$x(function(a, b) return a + b end, print, 1, 2), x(error, function(m) return "handled " .. m end, "it")$x$),
	(4, $x$e(string.rep), e(string.rep, "xx", math.maxinteger), e(("x").bad), e(string.char, 256), e(string.format, "%d", 1.5), e(string.format, "%d", "x")$x$),
	(5, $x$e(string.find, "a", "[a"), e(string.find, "a", "%"), e(string.find, "a", "(a"), e(string.find, "a", "a)"), e(string.find, "a", "%1"), e(string.find, "a", "%f"), e(string.find, "a", "%b")$x$),
	(6, $x$e(string.gsub, "a", "a", "%2"), e(string.gsub, "a", "a", "%x"), e(string.gsub, "a", "a"), e(string.gsub, "a", "a", function() return {} end), e(string.match, "a", ("(a)"):rep(33))$x$),
	(7, $x$e(table.concat, {1, {}, 3}), e(table.insert, {1}, 5, 1), e(table.insert, {}), e(table.unpack, {}, 1, 1 << 40), e(table.sort, {1, "a"}), e(table.move, {}, -1, math.maxinteger, 2)$x$),
	(8, $x$e(setmetatable, 1, {}), e(tonumber, "1", 99), e(select, 0), e(rawset, {}, nil, 1), e(next, {}, "no"), e(ipairs), e(assert, false), e(assert, nil, "said"), e(function() assert(1 > 2, "placed") end), e(assert)$x$),
	(9, $x$e(function() return {} < {} end), e(function() return 1 < "2" end), e(function() return nil .. "x" end), e(function() return #5 end), e(function() local t t.x = 1 end), e(function() return "a" + 1 end), e(function() return "a" | 1 end), e(function() return 1.5 | 1 end), e(function() return 1 // 0 end)$x$),
	(10, $x$e(os.time, {year = 2026}), e(os.date, "%Ez", 0), e(os.date, "%", 0), e(utf8.char, -1), e(utf8.codepoint, "\xff")$x$)) v(n, s) ORDER BY n;

-- what is not plain Lua's: addresses are not shown, finalizers are refused,
-- equal elements keep their order, local time is UTC
SELECT lua(s) FROM (VALUES
	(1, $x$tostring({}):match("^table: 0x%x+$") ~= nil, tostring(print):match("^function: 0x%x+$") ~= nil, (function() local t = {} return tostring(t) == tostring(t), tostring(t) ~= tostring({}), tostring(t) == ("table: %p"):format(t) end)()$x$),
	(2, $x$e(setmetatable, {}, {__gc = function() end}), type(setmetatable({}, {}))$x$),
	(3, $x$(function() local t = {} for i = 1, 9 do t[i] = {k = i % 3, n = i} end table.sort(t, function(a, b) return a.k < b.k end) for i = 1, 9 do t[i] = t[i].n end return table.concat(t, " ") end)()$x$),
	(4, $x$os.date("%H %Z", 0), os.time({year = 1970, month = 1, day = 1, hour = 0}), os.time() > 1e9, os.clock() >= 0$x$),
	(5, $x$math.random() < 1, math.random(7) <= 7, (function() math.randomseed(42) local a = math.random(1 << 40) math.randomseed(42) return a == math.random(1 << 40) end)(), select("#", math.randomseed()), math.random() ~= math.random()$x$),
	(6, $x$getmetatable(""), e(setmetatable, "", {}), e(function() ("x").y = 1 end), ("x").rep == string.rep$x$),
	(7, $x$pcall(string.rep, "x", -1)$x$), (8, $x$print == nil, warn, load, dofile, require, coroutine, io, debug, package, collectgarbage$x$)) v(n, s) ORDER BY n;

-- JSON as text
SELECT lua(s) FROM (VALUES
	(1, $x$json.encode({b = 1, a = {1, 2.5, true, json.null}, c = "q\"\\\n\1/\u{e9}"}), json.encode({}), json.encode(toarray({})), json.encode(toarray({1, 2})), json.encode({[1] = "a", [2] = "b"})$x$),
	(2, $x$json.encode(nil), json.encode(false), json.encode("x"), json.encode(3.0), json.encode(1e15), json.encode(2^63), json.encode(0.1), json.encode(-0.0), json.encode(math.mininteger), json.encode(1e300)$x$),
	(3, $x$(function() local v = json.decode('{"a": [1, 2.5, "x\\u00e9\\ud83d\\ude00\\n", null, true, {}], "b": {}, "a2": []}') return json.encode(v), v.a[1], math.type(v.a[2]), v.a[3], v.a[4] == json.null, type(v.a[4]), #v.a end)()$x$),
	(4, $x$json.decode("9223372036854775807"), json.decode("9223372036854775808"), json.decode("1e2"), json.decode(" -0 "), json.decode('"\\/\\b"'), json.decode('{"k": 1, "k": 2}').k$x$),
	(5, $x$json.encode(json.decode('{"z":[],"y":{},"longer name":[[[]]]}')), json.encode({1, nil, 3}), json.encode(toarray({nil, nil, 3}))$x$),
	(6, $x$e(json.decode, ""), e(json.decode, "{"), e(json.decode, "[1,]"), e(json.decode, '{"a" 1}'), e(json.decode, "01"), e(json.decode, "1."), e(json.decode, "nul"), e(json.decode, '"\\ud800"'), e(json.decode, '"\\x"'), e(json.decode, '"\n"'), e(json.decode, "[1] 2"), e(json.decode, '"a'), e(json.decode, "1e999"), e(json.decode)$x$),
	(7, $x$e(json.encode, print), e(json.encode, {1, 2, x = 3}), e(json.encode, {[0] = 1}), e(json.encode, {[1.5] = 1}), e(json.encode, {[true] = 1}), e(json.encode, 1 / 0), e(json.encode, 0 / 0), e(json.encode, "\xff"), e(json.encode, {["\xff"] = 1}), e(json.encode, {[5] = 1}), e(json.encode)$x$),
	(8, $x$(function() local t = {} t.t = t return e(json.encode, t), e(json.encode, {{{t}}}) end)()$x$),
	(9, $x$(function() local t = {} for i = 1, 300 do t = {t} end return e(json.encode, t), e(json.decode, ("["):rep(300)), #json.encode(json.decode(("["):rep(200) .. ("]"):rep(200))) end)()$x$),
	(10, $x$e(toarray, {x = 1}), e(toarray, 1), #toarray({1, 2, 3}), e(setmetatable, toarray({}), {}), getmetatable(toarray({}))$x$)) v(n, s) ORDER BY n;

-- jsonb in, jsonb out
CREATE FUNCTION through(input jsonb, script text DEFAULT 'return input') RETURNS jsonb LANGUAGE sql AS $sql$
SELECT at_script('ls', 'function handle() ' || script || ' end', input, options => '{"kind": "query"}') $sql$;
SELECT through(v) = v, through(v) FROM (VALUES (1, '{"a": [], "b": {}, "c": null, "d": [null, 1, "x", [[]], {"e": {}}], "n": -9223372036854775808, "": "empty name", "u": "é😀"}'::jsonb),
	(2, '[1, [2, [3]]]'), (3, '"text"'), (4, 'null'), (5, 'true'), (6, '9223372036854775807'), (7, '{"n": 1.0}'), (8, '{}'), (9, '[]')) v(n, v) ORDER BY n;
SELECT through('{"n": 5, "m": 2.0}', 'return {math.type(input.n), math.type(input.m), input.n / 1, 2^53, input.m}');
SELECT through('{"a": 1, "b": 2}', 'input.a = nil input.c = json.null return input');
SELECT through('[1, 2, 3]', 'input[2] = nil return input');
SELECT through('[1, 2, 3]', 'table.remove(input) table.remove(input) table.remove(input) return input');
SELECT through('{"deep": 1}', 'local t = {} for i = 1, 199 do t = {t} end return t') IS NOT NULL;
-- what is no JSON, or no integer
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT through('{"x": 1e400}');
SELECT through('{}', 'return 0.5'), through('{}', 'return {a = {1, 2, {b = 1 / 3}}}');
SELECT through('{}', 'return {a = {1, print}}');
SELECT through('{}', 'return "\0"');
DROP FUNCTION lua, through;
DROP TABLE ls;
