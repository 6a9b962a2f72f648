-- Scripts that want out, or want to stay.  Bounds are those of steps and
-- memory, so nothing here goes by a clock but a timeout that would end it.
\set VERBOSITY terse
SET statement_timeout = '60s';
SELECT create_record_store('es');
CREATE FUNCTION run(script text, input jsonb DEFAULT '{}', options jsonb DEFAULT '{"kind": "query"}') RETURNS jsonb
LANGUAGE sql AS $$ SELECT at_script('es', 'function handle() ' || script || ' end', input, 'did:plc:abc', 'a.b.c', options) $$;
-- how it ended, for those that end with an error of their own kind
CREATE FUNCTION ends(script text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN 'answered ' || coalesce(run(script)::text, 'nothing');
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ' ' || split_part(sqlerrm, ':', 1);
END $$;

-- all that there is
SELECT run($$ local names = {} for name in pairs(_G) do names[#names + 1] = name end table.sort(names) return table.concat(names, " ") $$);
SELECT t, run('local names = {} for name in pairs(_G[input]) do names[#names + 1] = name end table.sort(names) return table.concat(names, " ")', to_jsonb(t))
FROM unnest('{string,table,utf8,os,json,Record,TID,db}'::text[]) t;
-- and what there is not
SELECT n, run('local t = _G for part in input:gmatch("[^.]+") do t = rawget(t, part) if t == nil then return "nil" end end return type(t)', to_jsonb(n))
FROM unnest('{io,load,loadstring,loadfile,dofile,require,package,debug,collectgarbage,coroutine,string.dump,os.execute,os.exit,os.getenv,os.remove,os.rename,os.tmpname,os.setlocale,db.raw}'::text[]) n;
SELECT run('return http') ;
SELECT t, run($$ return select(2, pcall(function() return _G[input].anything end)) $$, to_jsonb(t)) FROM unnest('{http,xrpc,atproto,jobs,spaces}'::text[]) t;

-- metatables that others share
SELECT run($$ return {getmetatable(""), pcall(setmetatable, Record, {}), pcall(setmetatable, TID, nil)} $$);
SELECT run($$ return ("x"):rep(3) .. ("a,b"):gsub(",", ";") $$);
SELECT run($$ string.rep = nil return pcall(function() return ("x"):rep(3) end) $$);
SELECT run($$ return ("x"):rep(3) $$);
SELECT run($$ setmetatable({}, {__gc = function() while true do end end}) return 1 $$);
SELECT run($$ _ENV = {} return x $$);
SELECT run($$ setmetatable(_G, {__index = function(t, k) return k end}) return {whatever, at_script} $$);
SELECT at_script('es', 'setmetatable(_G, {__index = function(t, k) return function() return "not mine" end end})');

-- loops and recursion
SELECT ends(s) FROM (VALUES
	(1, 'while true do end'), (2, 'repeat until false'), (3, '::again:: goto again'), (4, 'local function f() return f() end f()'), (5, 'for i = 1, math.huge do end'),
	(6, 'local function f() f() f() end pcall(f) while true do pcall(f) end'), (7, 'while true do pcall(error) end'), (8, 'local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return pcall(function() return t.x end)'),
	(9, 'local t = setmetatable({}, {}) getmetatable(t).__index = t getmetatable(t).__newindex = t return pcall(function() return t.x end)'),
	(10, 'while true do pcall(function() while true do end end) end'), (11, 'while true do xpcall(function() while true do end end, function() while true do end end) end'),
	(12, 'local a <close> = setmetatable({}, {__close = function() while true do end end})'),
	(13, 'for k in next, setmetatable({}, {__index = {}}) do end for i in function() return 1 end do end'),
	(14, 'while true do Record.load("at://did:plc:abc/a.b.c/k") end'), (15, 'while true do TID() end'), (16, 'while true do db.count("a.b.c") end'), (17, 'while true do now() end')) v(n, s) ORDER BY n;
-- memory
SELECT ends(s) FROM (VALUES
	(1, 'local s = "x" while true do s = s .. s end'), (2, 'local t = {} while true do t[#t + 1] = {} end'), (3, 'return #("x"):rep(1 << 40)'), (4, 'return ("x"):rep(1 << 62)'), (5, 'return ("x"):rep(100000000, "y")'),
	(6, 'local t = {} for i = 1, 1e9 do t[i] = i end'), (7, 'return table.concat({("x"):rep(30000000), ("x"):rep(30000000), ("x"):rep(30000000)})'), (8, 'return string.format("%99999999d", 1)'),
	(9, 'local t = {} t[1] = ("x"):rep(20000000) return json.encode({t, t, t, t, t, t, t, t})'), (10, 'return select("#", table.unpack({}, 1, 1e8))'), (11, 'return ("x"):rep(1e7):gsub("x", "yy")'),
	(12, 'local function f(...) return f(1, ...) end f()'), (13, 'local t = {} for i = 1, 30 do t = {t, t} end return t')) v(n, s) ORDER BY n;
SELECT run($$ while true do pcall(function() local s = "x" while true do s = s .. s end end) end $$);
-- loops of the library
SELECT ends(s) FROM (VALUES
	(1, 'return ("x"):rep(1000):find((".-"):rep(4) .. "b")'), (2, 'return (" "):rep(20000):gsub("%s+$", "")'), (3, 'return ("a"):rep(100000):find((".-"):rep(3) .. "b")'), (4, 'return #(("x"):rep(100000):gsub("", "y"))'),
	(5, 'return ("("):rep(100000):find("%b()")'), (6, 'for w in ("x"):rep(10000):gmatch(".-.-y") do end'), (7, 'return ("x"):rep(1000):match(("x?"):rep(1000) .. ("x"):rep(1000))'), (8, 'return ("x"):rep("", 1 << 53)'), (9, 'return (""):rep(1 << 53)'),
	(10, 'return table.concat({}, "x", 1, 1 << 53)'), (11, 'return table.move({}, 1, 1 << 53, 2)'), (12, 'local t = {} for i = 1, 50000 do t[i] = i end table.sort(t, function() return true end)'), (13, 'table.sort(setmetatable({}, {__len = function() return 1 << 30 end}))'),
	(14, 'return select("#", table.unpack({}, 1, 1 << 24))'), (15, 'table.insert(setmetatable({}, {__len = function() return 1 << 53 end}), 1, 1)'), (16, 'return ("x"):rep(1 << 20):upper():lower():reverse():byte(1, -1)'), (17, 'return utf8.len(("x"):rep(1 << 24))'), (18, 'return string.format(("%s"):rep(200000), table.unpack({}, 1, 200000))'),
	(19, 'return #string.format("%.99f", 1e308)'), (20, 'return string.format("%1000d", 1)'), (21, 'return #os.date(("%c"):rep(1000))'), (22, 'return json.decode(("["):rep(100000))'), (23, 'return tostring(1e308):rep(3) .. tonumber(("9"):rep(1000))')) v(n, s) ORDER BY n;
-- compiling
SELECT sqlstate_of FROM (VALUES
	('local x = ' || repeat('(', 100000) || '1' || repeat(')', 100000)), (repeat('do ', 100000) || repeat('end ', 100000)), ('x = ' || repeat('{', 100000)), ('return ' || repeat('-', 1000000) || '1'), (repeat('local a ', 300)), ('x = "' || repeat('a', 1000000)), ('x = ' || repeat('a.', 100000) || 'a'), (repeat('if x then ', 300)), ('x = ' || repeat('"a" .. ', 300) || '"a"'), (repeat('f(', 300)), (repeat('function f() ', 300)), (repeat('goto x ', 1000))) v(s),
	LATERAL (SELECT ends(s) AS sqlstate_of) e;

-- the limits are settings, for those who may
SET upsert_lua.max_steps = 100000;
SELECT run($$ for i = 1, 1000000 do end return 1 $$);
SET upsert_lua.max_steps = 10000000;
SELECT run($$ for i = 1, 1000000 do end return 1 $$);
RESET upsert_lua.max_steps;
SET upsert_lua.max_memory = '1MB';
SELECT run($$ return #("x"):rep(2000000) $$);
RESET upsert_lua.max_memory;
SELECT run($$ return #("x"):rep(2000000) $$);
SET upsert_lua.max_stepps = 1;
CREATE ROLE regress_script_runaway;
GRANT SELECT ON es TO regress_script_runaway;
SET ROLE regress_script_runaway;
SET upsert_lua.max_steps = 2000000000;
SET upsert_lua.max_memory = '1GB';
SELECT ends('while true do end');
RESET ROLE;
DROP OWNED BY regress_script_runaway;
DROP ROLE regress_script_runaway;

-- what cannot be caught: cancel and timeouts, our limits, PostgreSQL's errors
SET upsert_lua.max_steps = 2000000000;
SET statement_timeout = '200ms';
SELECT run($$ while true do pcall(function() while true do end end) end $$);
SELECT run($$ while true do pcall(string.find, ("x"):rep(100000), (".-"):rep(3) .. "b") end $$);
SET statement_timeout = '60s';
RESET upsert_lua.max_steps;
SELECT ends($$ return {pcall(Record.load, "no uri")} $$);
SELECT run($$ return {pcall(function() return 1 / 0 end)} $$);
SELECT run($$ return {pcall(error, "mine")} $$);
SELECT run($$ return {xpcall(function() error("mine", 0) end, function(m) return m .. ", handled" end)} $$);
SELECT run($$ Record(collection, {n = 1}):set_rkey("k"):save() return {pcall(function() Record(collection, {n = 0.5}):set_rkey("half"):save() end)} $$, options => '{}');
SELECT count(*) FROM es;
-- an error that is caught leaves what was written before it
SELECT run($$ local ok = pcall(function() Record(collection, {n = 1}):set_rkey("k"):save() error("late") end) return {ok, db.count(collection)} $$, options => '{}');
SELECT rkey, record FROM es;

-- after all that, all is as it was
SELECT run($$ local t = {} for word in ("the end"):gmatch("%a+") do t[#t + 1] = word:upper() end return t $$);
RESET statement_timeout;
DROP FUNCTION run, ends;
DROP TABLE es;
