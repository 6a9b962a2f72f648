-- Record scripts that call the API at random (upsert_lua): every function, with
-- right and wrong arguments, records in every state, errors caught and not, in
-- procedures, queries and dry runs, with a trigger that runs scripts, too.  A
-- script ends with an answer or with an error of the contract; what it leaves
-- in the table proves its CIDs, and no revision is ahead of its repository's.
\pset tuples_only on
\set QUIET on
SET client_min_messages = error;
SELECT count(*) > 0 AS there FROM pg_available_extensions WHERE name = 'upsert_lua' \gset
\if :there
\else
\q
\endif
CREATE EXTENSION upsert_lua CASCADE;
DO $$
BEGIN
	PERFORM create_record_store('fs', '{"refs": true}');
	PERFORM at_put_lexicon('{"lexicon": 1, "id": "a.b.known", "defs": {"main": {"type": "record", "key": "tid", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "default": 0}, "s": {"type": "string", "maxLength": 20}}}}}}');
	PERFORM at_apply_events('fs', '[{"did": "did:plc:mir", "time_us": 1, "kind": "commit", "commit": {"rev": "3kaaaaaaaaaaa", "operation": "create", "collection": "a.b.c", "rkey": "k1", "record": {"n": 1}}}]');
END $$;
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() < 3 AND NEW.record ? 'again' THEN
		PERFORM at_script('fs', 'function handle(i) local r = Record.load("at://did:plc:abc/a.b.log/log") or Record("a.b.log", {n = 0}):set_repo("did:plc:abc"):set_rkey("log") r.n = r.n + 1 r:save() end', NEW.record, 'did:plc:log');
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER again AFTER INSERT OR UPDATE ON fs FOR EACH ROW EXECUTE FUNCTION again();
SELECT $lua$
local seed = input.seed
local function pick(n)		-- the same numbers for the same seed
  seed = (seed * 6364136223846793005 + 1442695040888963407)
  return ((seed >> 33) % n) + 1
end
local function one(list) if #list > 0 then return list[pick(#list)] end end
local function seldom(bad, good) if pick(60) == 1 then return bad() end return good end
local records = {Record("a.b.c", {n = 1}), Record("a.b.known")}
local strings = {"", "a", "n", "s", "k1", "k2", "self", "a.b.c", "a.b.known", "a.b.log", "no nsid", "did:plc:abc", "did:plc:def", "did:plc:mir", "nobody", "at://did:plc:abc/a.b.c/k1", "at://did:plc:def/a.b.c/k2",
  "at://did:plc:mir/a.b.c/k1", "at://did:plc:abc/a.b.known/self", "at://x", "tid", "any", "nsid", "literal:self", "2026-04-19T15:30:00Z", "3kznmn7xqxl22", "zzzzzzzzzzzzz", "author.handle", "tags[0]", "a..b", "asc", "desc", "LIKE", "OR", "_uri", "save", "$type", "\0", "\xff", "é", ("x"):rep(600), "5", "-1"}
local value
local function fields(depth)
  local t = {}
  for _ = 1, pick(4) - 1 do t[one{"n", "s", "tags", "author", "again", "save", "_uri", "_x", "$type", "uri", "z"}] = value(depth + 1) end
  return t
end
function value(depth)
  depth = depth or 0
  local k = pick(depth > 3 and 10 or 16)
  if k <= 4 then return one(strings) end
  if k == 5 then return pick(10) - 5 end
  if k == 6 then return one{math.maxinteger, math.mininteger, 0.5, 2.0, 1/0, -(0/0)} end
  if k == 7 then return one{true, false} end
  if k == 8 then return json.null end
  if k == 9 then return nil end
  if k == 10 then return one{print, Record, TID, db, _G} end
  if k <= 12 then return fields(depth) end
  if k == 13 then return toarray({value(depth + 1)}) end
  if k == 14 then return {value(depth + 1), value(depth + 1), value(depth + 1)} end
  if k == 15 and #records > 0 then return one(records) end
  return Record(one{"a.b.c", "a.b.known"}, {n = pick(9)})
end
local function options()
  local t = {collection = one{"a.b.c", "a.b.known", "a.b.none"}}
  for _ = 1, pick(4) - 1 do t[one{"did", "limit", "cursor", "sort", "sortDirection", "reverse", "filter", "field", "query", "uri", "more"}] = value() end
  if pick(3) == 1 then t.filter = {field = one{"n", "s", "tags[0]", "author.handle"}, op = one{"=", "<", ">=", "LIKE", "!="}, value = value()} end
  if pick(3) == 1 then t.did = one{"did:plc:abc", "did:plc:def"} end
  if pick(3) == 1 then t.limit = pick(5) end
  return t
end
local static = {
  function() return Record(seldom(value, one{"a.b.c", "a.b.known"}), fields(0)) end,
  function() return Record(one{"a.b.c", "a.b.known"}, {n = pick(9), s = one{"x", "y"}, again = one{1, 2}}) end,
  function() return Record.new(value(), value()) end,
  function() return Record.load("at://did:plc:" .. one{"abc", "def", "mir"} .. "/a.b.c/k" .. pick(5)) end,
  function() return Record.load(seldom(value, "at://did:plc:abc/a.b.c/k" .. pick(9))) end,
  function() return Record.load_all({seldom(value, "at://did:plc:def/a.b.c/k" .. pick(3)), "at://did:plc:abc/a.b.c/k" .. pick(3)}) end,
  function() return Record.save_all({one(records), one(records), #records > 0 and one(records) or nil}) end,
  function() return Record.save_all(value()) end,
  function() return Record.delete_local("at://did:plc:abc/a.b.c/k" .. pick(9)) end,
  function() return Record.delete_local(seldom(value, "at://did:plc:def/a.b.c/k" .. pick(9))) end,
  function() return db.query(options()) end,
  function() return db.search(options()) end,
  function() return db.backlinks(options()) end,
  function() return db.count(one(strings), value()) end,
  function() return db.get(seldom(value, "at://did:plc:def/a.b.c/k" .. pick(9))) end,
  function() return TID[one{"toISO8601", "fromISO8601", "toUnixMicroseconds", "fromUnixMicroseconds", "toNumber", "fromNumber"}](value()) end,
  function() return json.decode(json.encode(value())) end,
  function() log(value()) end,
  function() return one{http, xrpc, atproto, db}[one(strings)] end,
}
local methods = {"save", "save", "save", "delete", "save_local", "delete_local", "set_rkey", "set_repo", "set_key_type", "generate_rkey"}
function handle()
  for i = 1, 12 do
    local call
    if #records > 0 and pick(2) == 1 then
      local r, m = one(records), one(methods)
      if m == "set_repo" and pick(3) > 1 then call = function() return r:set_repo(one{"did:plc:abc", "did:plc:def"}) end
      elseif m == "set_rkey" and pick(3) > 1 then call = function() return r:set_rkey("k" .. pick(300)) end
      elseif pick(4) == 1 then call = function() r[one(strings)] = value() return r[one(strings)] end
      elseif pick(30) == 1 then call = function() return r[m](value(), value()) end
      else call = function() return r[m](r, seldom(value, one{"tid", "k1", "k7", "did:plc:abc"})) end end
    else
      call = one(static)
    end
    local ok, result
    if pick(40) == 1 then result = call() else ok, result = pcall(call) end
    if ok and type(result) == "table" and getmetatable(result) == false and result._collection then records[#records + 1] = result end
    if pick(25) == 1 then rawset(one(records) or {}, one(strings), value()) end
  end
  return one{records, value(), fields(0), true}
end
$lua$ AS script \gset
CREATE TABLE scripts AS SELECT :'script'::text AS script;
SELECT set_config('fuzz.seed', :'seed', false), set_config('fuzz.rounds', :'rounds', false) \g /dev/null
SET client_min_messages = warning;
DO $$
DECLARE
	start bigint := floor(current_setting('fuzz.seed')::float8 * 1e15);
	rounds int := current_setting('fuzz.rounds')::int;
	s text := (SELECT script FROM scripts);
BEGIN
	FOR i IN 1 .. rounds LOOP
		BEGIN
			PERFORM at_script('fs', s, jsonb_build_object('seed', start + i), CASE WHEN i % 5 <> 0 THEN 'did:plc:abc' END, 'a.b.c',
				jsonb_build_object('kind', CASE WHEN i % 7 = 0 THEN 'query' ELSE 'procedure' END, 'dryRun', i % 3 = 0, 'force', i % 11 = 0));
		EXCEPTION WHEN OTHERS THEN
			IF sqlstate ~ '^(XX|58|0A)' OR sqlstate NOT IN ('39000', '40001', '42601', '55000', '22023', '22P05', 'UP001', 'UP002', 'UP003', 'UP004', 'UP006', 'UP007', 'UP009') THEN
				RAISE WARNING 'seed %: % %', start + i, sqlstate, sqlerrm;
			END IF;
		END;
		IF i % 100 = 0 THEN COMMIT; END IF;
	END LOOP;
END $$;
SELECT 'wrong: ' || uri FROM fs WHERE cid <> record_cid(record) OR split_part(uri, '/', 3) <> repo;
SELECT 'ahead: ' || uri FROM fs JOIN fs_repos r USING (repo) WHERE fs.rev > r.rev AND r.upstream IS NULL;
