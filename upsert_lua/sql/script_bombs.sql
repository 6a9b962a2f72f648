-- Scripts that do much in what looks like little: one instruction, one call.
-- Each must end by its steps or its memory, or be done.
\set VERBOSITY terse
\pset tuples_only
\pset format unaligned
-- a fifth of what scripts have, so that this does not take long
SET upsert_lua.max_steps = 200000;
SELECT create_record_store('bs');
CREATE FUNCTION ends(body text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN at_script('bs', 'function handle() ' || body || ' end', options => '{"kind": "query"}');
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ' ' || regexp_replace(sqlerrm, '[0-9]+', 'N', 'g');
END $$;
-- keys that all collide: the first is slow to fill, the others to look up
SELECT ends($$ local t = {} for i = 1, 1e7 do t[1 + i * 2.0^-52] = i end $$);
SELECT ends($$ local t = {} for i = 1, 1e7 do t[i * ((1 << 14) - 1) * ((1 << 15) - 1)] = i end $$);
SELECT ends($$ local t = {} for i = 1, 10000 do t[1 + i * 2.0^-52] = i end while true do local x = t[1 + 2.0^-30] end $$);
-- ... within a chain without end, which is an error that is caught
SELECT ends($$ local t = {} for i = 1, 5000 do t[1 + i * 2.0^-52] = i end setmetatable(t, {__index = t}) while true do pcall(function() return t[1 + 2.0^-30] end) end $$);
-- a long chain
SELECT ends($$ local t = {} local first = t for i = 1, 1990 do local n = {} setmetatable(t, {__index = n}) t = n end while true do local x = first.x end $$);
-- strings that are equal to the last byte
SELECT ends($$ local a, b = ("x"):rep(1e7), ("x"):rep(1e7) while true do local c = a == b c = a < b end $$);
SELECT ends($$ local a, b = ("x"):rep(5000) .. "a", ("x"):rep(5000) .. "b" while true do local c = a == b c = a < b end $$);
-- a string of digits, read again and again
SELECT ends($$ local a = ("0"):rep(1e6) while true do local c = a + 1 end $$);
SELECT ends($$ local a = ("0"):rep(1e6) while true do local c = tonumber(a) end $$);
-- tables that are full, and are hashed anew for every key
SELECT ends($$ local t = {} for i = 1, 16384 do t["k" .. i] = i end local i = 0 while true do t["k" .. i] = nil t["k" .. (i + 16384)] = 1 i = i + 1 end $$);
SELECT ends($$ local t = {} for i = 1, 1 << 16 do t[i] = i end local i = 0.5 while true do t[i] = 1 t[i] = nil i = i + 1 end $$);
-- tables that were emptied, and are searched for a first key
SELECT ends($$ local t = {} for i = 1, 1 << 14 do t["k" .. i] = i end for k in pairs(t) do t[k] = nil end while true do next(t) end $$);
-- many arguments
SELECT ends($$ local function f(...) while true do local a = select("#", ...) end end f(table.unpack({}, 1, 100000)) $$);
SELECT ends($$ local function f(...) return f(1, 2, 3, ...) end return f() $$);
SELECT ends($$ return select("#", ("x"):rep(900000):byte(1, -1)) $$);
-- patterns
SELECT ends($$ return ("x"):rep(1000):find((".-"):rep(4) .. "b") $$);
SELECT ends($$ return ("x"):rep(1000):find(("x*"):rep(20) .. "b") $$);
SELECT ends($$ return #(" "):rep(20000):gsub("%s+$", "") $$);
SELECT ends($$ return #((" "):rep(20000) .. "x"):gsub("%s+$", "") $$);
SELECT ends($$ return ("x"):rep(100000):find("[" .. ("a"):rep(8000) .. "]*b") $$);
SELECT ends($$ return ("("):rep(200000):gsub("%b()", "") $$);
SELECT ends($$ return ("x"):rep(100000):find("(x*)%1b") $$);
SELECT ends($$ for _ in ("x"):rep(100000):gmatch("x*y") do end $$);
SELECT ends($$ while true do ("x"):rep(8000):match("y") end $$);
SELECT ends($$ return ("x"):rep(100000):find(("x"):rep(50000) .. "y", 1, true) == nil $$);
SELECT ends($$ return #(("x"):rep(1000) .. "y"):match(("x?"):rep(1000) .. ("x"):rep(1000) .. "y") $$);
-- plain Lua says that this is too complex
SELECT ends($$ return #("ab"):rep(1000):match(("a?b?"):rep(1000)) $$);
-- the library's other loops
SELECT ends($$ local t = {} for i = 1, 30000 do t[i] = -i end while true do table.sort(t) end $$);
SELECT ends($$ local t = {} for i = 1, 1000 do t[i] = i end while true do table.sort(t, function(a, b) return true end) end $$);
SELECT ends($$ local t = {} while true do table.insert(t, 1, 1) end $$);
SELECT ends($$ local t = setmetatable({}, {__len = function() return math.maxinteger end, __index = function() return 1 end, __newindex = function() end}) table.remove(t, 1) $$);
SELECT ends($$ return table.concat(setmetatable({}, {__index = function() return "" end}), "", 1, math.maxinteger) $$);
SELECT ends($$ table.move({}, 1, math.maxinteger - 1, 2) $$);
SELECT ends($$ local t = ("[1,"):rep(99) .. "2" .. ("]"):rep(99) while true do json.decode(t) end $$);
SELECT ends($$ local t = {} for i = 1, 25 do t = {t, t} end return json.encode(t) $$);
SELECT ends($$ local t = {} for i = 1, 25 do t = {t, t} end return t $$);
SELECT ends($$ local s, t = ("x"):rep(1e6), {} for i = 1, 1000 do t[i] = s end return t $$);
SELECT ends($$ return toarray({[math.maxinteger] = 1}) $$);
SELECT ends($$ while true do local s = tostring({}) end $$);
SELECT ends($$ while true do local s = string.format("%q", ("\0"):rep(8000)) end $$);
SELECT ends($$ while true do os.date(("%c"):rep(3000)) end $$);
SELECT ends($$ while true do utf8.len(("x"):rep(8000)) end $$);
SELECT ends($$ while true do string.packsize(("x"):rep(8000)) end $$);
-- the compiler's lists of jumps
SELECT ends('local y x = ' || repeat('y or ', 200000) || '1');
SELECT ends((SELECT string_agg('do ::l' || i || ':: end', ' ') FROM generate_series(1, 32000) i));
SELECT ends('while x do ' || repeat('if x then break end ', 30000) || ' end');
-- recursion through C
SELECT ends($$ local function f() return pcall(f) end return f() $$);
SELECT ends($$ local function f(s) return (s:gsub(".", f)) end return f("x") $$);
SELECT ends($$ local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. "x"] end return t.x $$);
SELECT ends($$ local t = setmetatable({}, {__tostring = function(t) return tostring(t) end}) return tostring(t) $$);
SELECT ends($$ local function f() xpcall(error, f) end f() return 1 $$);
-- the stack grows until there is no memory: whoever says where must not look at it then
SET upsert_lua.max_memory = '1MB';
SELECT ends($$ local function f(n) return 1 + f(n + 1) end return f(1) $$);
SELECT ends($$ return select("#", table.unpack({}, 1, 100000)) $$);
RESET upsert_lua.max_memory;
DROP FUNCTION ends;
DROP TABLE bs;
