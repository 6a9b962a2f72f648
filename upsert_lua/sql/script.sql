\set VERBOSITY terse
-- The two pages' scripts, unchanged, with the inputs and answers of the pages.
SELECT create_record_store('statusphere');

-- "Procedure: Upsert a Record"
SELECT $lua$function handle()
local rkey = input.rkey or TID()
local uri = "at://" .. caller_did .. "/" .. collection .. "/" .. rkey
local r = Record.load(uri)
if r then
-- Update existing record
r.status = input.status
r.updatedAt = now()
r:save()
else
-- Create new record
r = Record(collection, {
status = input.status,
createdAt = now(),
updatedAt = now(),
})
r:set_rkey(rkey)
r:save()
end
return { uri = r._uri, cid = r._cid }
end
$lua$ AS upsert_record \gset

-- curl -d '{ "status": "hello" }'
CREATE TEMP TABLE created AS
SELECT at_script('statusphere', :'upsert_record', '{"status": "hello"}', 'did:plc:abc', 'xyz.statusphere.status') AS answer;
SELECT p.authority, p.collection, at_is_valid('tid', p.rkey) AS tid, answer - 'uri' = jsonb_build_object('cid', s.cid) AS is_stored,
       s.cid = record_cid(s.record) AS proved, s.record - '{createdAt,updatedAt}'::text[] AS record,
       at_is_valid('datetime', s.record ->> 'createdAt') AND s.record ->> 'createdAt' LIKE '____-__-__T__:__:__.___Z' AS dates
FROM created JOIN statusphere s ON s.uri = answer ->> 'uri', at_uri_parts(answer ->> 'uri') AS p;
-- without rkey it always creates
SELECT at_script('statusphere', :'upsert_record', '{"status": "hello"}', 'did:plc:abc', 'xyz.statusphere.status') ->> 'uri' COLLATE "C" > answer ->> 'uri' AS another
FROM created;
-- curl -d '{ "rkey": "3abc123", "status": "updated" }': creates, and then updates
SELECT at_script('statusphere', :'upsert_record', '{"rkey": "3abc123", "status": "created"}', 'did:plc:abc', 'xyz.statusphere.status') AS first \gset
CREATE TEMP TABLE first AS SELECT :'first'::jsonb AS answer, at_get_record('statusphere', :'first'::jsonb ->> 'uri') AS got;
SELECT pg_sleep(0.002);
SELECT at_script('statusphere', :'upsert_record', '{"rkey": "3abc123", "status": "updated"}', 'did:plc:abc', 'xyz.statusphere.status') AS second \gset
CREATE TEMP TABLE second AS SELECT :'second'::jsonb AS answer, at_get_record('statusphere', :'second'::jsonb ->> 'uri') AS got;
SELECT s.answer ->> 'uri' AS uri, s.answer = s.got - 'value' AS answered, s.answer ->> 'cid' <> f.answer ->> 'cid' AS new_cid,
       s.got #>> '{value,status}' AS status, s.got #>> '{value,createdAt}' = f.got #>> '{value,createdAt}' AS created_stays,
       s.got #>> '{value,updatedAt}' > f.got #>> '{value,updatedAt}' AS updated_moves
FROM first f, second s;

-- "Sidecar Records"
SELECT $lua$function handle()
  local rkey = TID()

  local post = Record("xyz.statusphere.post", {
    text = input.text,
    createdAt = now(),
  })
  post:set_rkey(rkey)

  local metadata = Record("xyz.statusphere.postMetadata", {
    lang = input.lang or "en",
    source = input.source or "web",
    createdAt = now(),
  })
  metadata:set_rkey(rkey)

  Record.save_all({ post, metadata })

  return {
    post = { uri = post._uri, cid = post._cid },
    metadata = { uri = metadata._uri, cid = metadata._cid },
  }
end
$lua$ AS sidecar \gset
CREATE TEMP TABLE sidecar AS
SELECT at_script('statusphere', :'sidecar', '{"text": "Hello world", "lang": "en", "source": "web"}', 'did:plc:abc') AS answer;
SELECT part, p.authority, p.collection, a - 'uri' = jsonb_build_object('cid', s.cid) AS is_stored, s.record - 'createdAt' AS record
FROM sidecar, jsonb_each(answer) AS e(part, a), at_uri_parts(a ->> 'uri') AS p, statusphere AS s WHERE s.uri = a ->> 'uri' ORDER BY part COLLATE "C";
SELECT replace(answer #>> '{post,uri}', 'xyz.statusphere.post', 'xyz.statusphere.postMetadata') = answer #>> '{metadata,uri}' AS one_key,
       (SELECT count(DISTINCT rev) FROM statusphere WHERE collection LIKE 'xyz.statusphere.post%') AS revs FROM sidecar;
-- what the table and the clock of the repository say
SELECT count(*) AS records, bool_and(cid = record_cid(record)) AS proved, bool_and(s.rev <= r.rev) AS in_order
FROM statusphere s JOIN statusphere_repos r USING (repo);

-- what a script is given: globals, and the arguments of handle
\set given 'function handle(i, ctx) return {input == i, params == ctx.params, env == ctx.env, {input = input, params = params, env = env, caller_did = caller_did, collection = collection, method = method}, ctx} end'
SELECT jsonb_pretty(at_script('statusphere', :'given', '{"a": [1, null]}', 'did:plc:abc', 'a.b.c', '{"params": {"limit": "5"}, "env": {"KEY": "v"}, "method": "x.y.z"}'));
SELECT at_script('statusphere', :'given');
SELECT at_script('statusphere', :'given', NULL, NULL, NULL, NULL);
SELECT at_script('statusphere', 'function handle(i) return i end', '"a scalar"');

-- answers
SELECT at_script('statusphere', 'function handle() end') IS NULL AS nothing;
SELECT at_script('statusphere', 'function handle() return json.null end');
SELECT at_script('statusphere', 'function handle() return {} end'), at_script('statusphere', 'function handle() return toarray({}) end');
SELECT at_script('statusphere', 'function handle() return {n = math.maxinteger, m = math.mininteger, f = 3.0, s = "x", b = false, a = {1, "b"}, e = {}, gone = nil} end');
SELECT at_script('statusphere', 'function handle() return {a = input.a, b = {c = input.a}, n = input.n, o = input.o} end', '{"a": [], "n": 9007199254740993, "o": {"x": {}}}');
SELECT at_script('statusphere', 'function handle() return {half = 1/2} end');
SELECT at_script('statusphere', 'function handle() return {f = print} end');
SELECT at_script('statusphere', 'function handle() local t = {} t.t = t return t end');
-- a null is true, as there
SELECT at_script('statusphere', 'function handle() return {input.a == json.null, input.a and 1 or 2} end', '{"a": null}');
SELECT at_script('statusphere', :'upsert_record', '{"rkey": null}', 'did:plc:abc', 'xyz.statusphere.status');

-- errors of scripts say method and line
SELECT at_script('statusphere', E'function handle()\n  local x\n  return x.y\nend');
SELECT at_script('statusphere', E'function handle()\n  local x\n  return x.y\nend', options => '{"method": "xyz.statusphere.setStatus"}');
SELECT at_script('statusphere', 'function handle() error("no " .. input.what) end', '{"what": "luck"}');
SELECT at_script('statusphere', 'function handle() error("no line", 0) end');
SELECT at_script('statusphere', 'function handle() error({message = "from a table"}) end');
SELECT at_script('statusphere', 'function handle() error({}) end');
SELECT at_script('statusphere', 'function handle() error() end');
SELECT at_script('statusphere', 'function handle() error("\xff\xfe", 0) end');
DO $$ BEGIN PERFORM at_script('statusphere', 'function handle() error(("x"):rep(100000), 0) end'); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', sqlstate, length(sqlerrm); END $$;
SELECT at_script('statusphere', E'\n\nerror("outside of handle")');
SELECT at_script('statusphere', 'x = 1');
SELECT at_script('statusphere', 'handle = 1');
SELECT at_script('statusphere', E'function handle()\n  retrun 1\nend');
SELECT at_script('statusphere', '');
SELECT at_script('statusphere', E'\x1bLua');
\set VERBOSITY sqlstate
SELECT at_script('statusphere', 'function handle() error("x") end');
SELECT at_script('statusphere', 'x = 1');
SELECT at_script('statusphere', 'function');
SELECT at_script('statusphere', 'function handle() return 1/2 end');
-- ours pass, with the line as context
\set VERBOSITY default
SELECT at_script('statusphere', E'function handle()\n\n  Record("xyz.statusphere.status", {rate = 1.5}):save()\nend', '{}', 'did:plc:abc');
SELECT at_script('statusphere', E'function handle()\n  Record("no nsid", {}):save()\nend', '{}', 'did:plc:abc');
SELECT at_script('statusphere', E'local function load() return Record.load("at://x") end\n\nfunction handle() return load() end', '{}', 'did:plc:abc');
\set VERBOSITY terse

-- arguments
SELECT at_script(NULL, 'function handle() end');
SELECT at_script('statusphere', NULL);
SELECT at_script('statusphere', 'function handle() end', '{}', 'not a did');
SELECT at_script('statusphere', 'function handle() end', '{}', 'did:plc:abc', 'no nsid');
\set VERBOSITY default
SELECT at_script('statusphere', 'function handle() end', options => '{"kind": "hook"}');
SELECT at_script('statusphere', 'function handle() end', options => '{"params": [1]}');
SELECT at_script('statusphere', 'function handle() end', options => '{"dryrun": true}');
\set VERBOSITY terse
SELECT at_script('pg_class', 'function handle() return db.get("at://did:plc:abc/a.b.c/k") end');
SELECT at_script('pg_class', 'function handle() return 1 end', '{}', 'did:plc:abc');
SELECT at_script(0::regclass, 'function handle() return db.get("at://did:plc:abc/a.b.c/k") end');
SELECT at_script(0::regclass, 'function handle() return db.count("a.b.c") end');

-- log() and print()
SELECT at_script('statusphere', 'function handle() log("one") log(2) log({} ~= nil) print("a", 1, nil) end', options => '{"method": "m"}');
SELECT at_script('statusphere', 'function handle() log("\xff") end');

-- dryRun: the same answer, and nothing is left
CREATE TEMP TABLE before AS SELECT (SELECT count(*) FROM statusphere) AS n, (SELECT max(rev COLLATE "C") FROM statusphere_repos) AS rev;
SELECT at_script('statusphere', 'function handle() local r = Record(collection, {n = 1}) r:set_rkey("dry") r:save() local s = Record.load(r._uri) s.n = s.n + 1 s:save() return {s._uri, s._cid, s.n, db.count(collection)} end',
                 '{}', 'did:plc:abc', 'a.b.dry', '{"dryRun": true}');
SELECT at_script('statusphere', 'function handle() local r = Record(collection, {n = 1}) r:save() error("late") end', '{}', 'did:plc:abc', 'a.b.dry', '{"dryRun": true}');
SELECT at_script('statusphere', 'function handle() Record(collection, {n = 0.5}):save() end', '{}', 'did:plc:abc', 'a.b.dry', '{"dryRun": true}');
SELECT n = (SELECT count(*) FROM statusphere) AS same, rev = (SELECT max(rev COLLATE "C") FROM statusphere_repos) AS same_rev FROM before;
BEGIN;
SELECT at_script('statusphere', 'function handle() Record(collection, {n = 1}):set_rkey("dry"):save() return db.count(collection) end', '{}', 'did:plc:abc', 'a.b.dry', '{"dryRun": true}');
SELECT at_script('statusphere', 'function handle() Record(collection, {n = 1}):set_rkey("wet"):save() return db.count(collection) end', '{}', 'did:plc:abc', 'a.b.dry');
ROLLBACK;

-- nothing outlives a call
SELECT at_script('statusphere', 'leak = 1 string.leak = 2 function handle() return {leak, string.leak} end');
SELECT at_script('statusphere', 'function handle() return {leak = leak, of_string = string.leak} end');
-- and they nest, where a call has another as its input
SELECT at_script('statusphere', 'function handle(i) return {outer = i} end', at_script('statusphere', 'function handle(i) return {inner = i} end', '{"x": 1}'));

-- a transaction that must not write
BEGIN READ ONLY;
SAVEPOINT s;
SELECT at_script('statusphere', 'function handle() return 1 end', '{}', 'did:plc:abc');
ROLLBACK TO s;
SELECT at_script('statusphere', 'function handle() return db.count("xyz.statusphere.status") end');
SELECT at_script('statusphere', 'function handle() return db.count("xyz.statusphere.status") end', '{}', 'did:plc:abc', options => '{"kind": "query"}');
ROLLBACK;
-- a query writes nothing, and locks nothing
SELECT at_script('statusphere', 'function handle() Record("a.b.c", {}):save() end', '{}', 'did:plc:abc', options => '{"kind": "query"}');
SELECT at_script('statusphere', 'function handle() Record.save_all({}) end', '{}', 'did:plc:abc', options => '{"kind": "query"}');
SELECT at_script('statusphere', 'function handle() Record.load("at://did:plc:abc/xyz.statusphere.status/3abc123"):delete() end', '{}', 'did:plc:abc', options => '{"kind": "query"}');
BEGIN;
SELECT at_script('statusphere', 'function handle() return Record.load("at://did:plc:abc/xyz.statusphere.status/3abc123").status end', '{}', 'did:plc:abc', options => '{"kind": "query"}');
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
ROLLBACK;
DROP TABLE statusphere;
