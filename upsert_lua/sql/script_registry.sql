-- Scripts with names.
\set VERBOSITY terse
SELECT create_record_store('gs');
SELECT at_put_script('x.y.set', 'function handle(i) Record(collection, {v = i.v}):set_rkey("k"):save() return {v = db.get("at://" .. caller_did .. "/" .. collection .. "/k").v, method = method} end', 'a.b.c');
SELECT at_put_script('x.y.get', 'function handle() return {params = params, env = env, records = db.query{collection = collection}.records, caller = caller_did} end', 'a.b.c', 'query');
SELECT method, collection, kind FROM at_scripts ORDER BY method;
SELECT at_call('gs', 'x.y.set', '{"v": 1}', 'did:plc:abc');
SELECT at_call('gs', 'x.y.get', params => '{"limit": "5"}');
SELECT at_call('gs', 'x.y.get', NULL, NULL, NULL);
-- replaced, unchanged, dropped
SELECT at_put_script('x.y.set', 'function handle(i) return "another" end', NULL, NULL);
SELECT at_call('gs', 'x.y.set');
SELECT xmin AS before FROM at_scripts WHERE method = 'x.y.set' \gset
SELECT at_put_script('x.y.set', 'function handle(i) return "another" end', NULL);
SELECT xmin = :'before' AS untouched, collection, kind FROM at_scripts WHERE method = 'x.y.set';
SELECT at_drop_script('x.y.set'), at_drop_script('x.y.set');
SELECT at_call('gs', 'x.y.set');
-- written like any table, by those who may
UPDATE at_scripts SET script = 'function handle() return "updated" end' WHERE method = 'x.y.get';
SELECT at_call('gs', 'x.y.get');
UPDATE at_scripts SET script = 'nonsense' WHERE method = 'x.y.get';
SELECT at_call('gs', 'x.y.get');
UPDATE at_scripts SET kind = 'hook';

-- what is no script is not registered
SELECT at_put_script('x.y.bad', E'function handle()\n  return 1 +\nend', NULL);
SELECT at_put_script('x.y.bad', 'x = 1', NULL);
SELECT at_put_script('x.y.bad', 'function handle() end error("outside")', NULL);
SELECT at_put_script('x.y.bad', 'Record.load("at://did:plc:abc/a.b.c/k") function handle() end', NULL);
SELECT at_put_script('x.y.bad', 'db.query{collection = "a.b.c"} function handle() end', NULL);
SELECT at_put_script('x.y.bad', 'Record("a.b.c"):set_repo("did:plc:abc"):save() function handle() end', NULL);
SELECT at_put_script('x.y.bad', 'while true do end', NULL);
SELECT at_put_script('x.y.good', 'local r = Record("a.b.c", {}) local t = TID() local c = collection function handle() return {c, collection} end', 'a.b.c');
SELECT at_call('gs', 'x.y.good');
SELECT count(*) FROM at_scripts WHERE method = 'x.y.bad';

-- arguments
SELECT at_put_script(NULL, 'function handle() end', NULL);
SELECT at_put_script('x', NULL, NULL);
SELECT at_put_script('', 'function handle() end', NULL);
SELECT at_put_script(repeat('x', 318), 'function handle() end', NULL);
SELECT at_put_script('x', 'function handle() end', 'no nsid');
SELECT at_put_script('x', 'function handle() end', NULL, 'hook');
SELECT at_drop_script(NULL);
SELECT at_call(NULL, 'x.y.good');
SELECT at_call('gs', NULL);
SELECT at_call('gs', 'x.y.good', '{}', 'nobody');
SELECT at_call('gs', 'x.y.good', '{}', NULL, '[]');

-- registered by who may write the table, run with the rights of who calls
CREATE ROLE regress_script_user;
CREATE ROLE regress_script_author;
GRANT CREATE ON SCHEMA public TO regress_script_user;
GRANT INSERT, UPDATE, DELETE ON at_scripts TO regress_script_author;
SET ROLE regress_script_user;
SELECT at_put_script('x.y.mine', 'function handle() end', NULL);
SELECT at_drop_script('x.y.good');
SELECT at_call('gs', 'x.y.good');
RESET ROLE;
SET ROLE regress_script_author;
SELECT at_put_script('x.y.count', 'function handle() return db.count("a.b.c") end', NULL, 'query');
SELECT at_call('gs', 'x.y.count');
RESET ROLE;
SELECT at_call('gs', 'x.y.count');
SET ROLE regress_script_user;
SELECT at_call('gs', 'x.y.count');
-- names that somebody else made mean nothing
CREATE TEMP TABLE at_scripts AS SELECT 'x.y.count' AS method, 'function handle() return "hijacked" end' AS script, 'a.b.c' AS collection, 'query' AS kind;
SET search_path = pg_temp, public;
SELECT at_call('gs', 'x.y.count');
RESET search_path;
RESET ROLE;
SELECT at_call('gs', 'x.y.count');
DROP TABLE pg_temp.at_scripts;

-- dumped, with what belongs to the extension
SELECT extname, extconfig[1]::regclass FROM pg_extension WHERE extname = 'upsert_lua';
-- where upsert is
SELECT count(DISTINCT pronamespace) AS schemas FROM pg_proc WHERE proname IN ('at_script', 'at_call', 'at_get_record');
DELETE FROM at_scripts;
DROP TABLE gs;
DROP OWNED BY regress_script_user, regress_script_author;
DROP ROLE regress_script_user, regress_script_author;
