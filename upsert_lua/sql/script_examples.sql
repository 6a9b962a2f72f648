-- The shapes that scripts have, one each, as the documents of the API that
-- these come from describe them.
\set VERBOSITY terse
SELECT create_record_store('posts');
CREATE FUNCTION run(script text, input jsonb DEFAULT '{}', collection text DEFAULT NULL, params jsonb DEFAULT '{}', kind text DEFAULT 'procedure') RETURNS jsonb
LANGUAGE sql AS $$ SELECT at_script('posts', script, input, 'did:plc:abc', collection, jsonb_build_object('params', params, 'kind', kind)) $$;
SELECT count(*) FROM generate_series(1, 7) i, at_put_record('posts', 'did:plc:abc', 'xyz.app.post', 'p' || i, jsonb_build_object('text', 'post ' || i, 'n', i, 'createdAt', '2026-01-0' || i || 'T00:00:00Z'));
SELECT count(*) FROM generate_series(1, 5) i, at_put_record('posts', CASE WHEN i < 4 THEN 'did:plc:abc' ELSE 'did:plc:def' END, 'xyz.app.comment', 'c' || i, jsonb_build_object('text', 'comment ' || i, 'postUri', 'at://did:plc:abc/xyz.app.post/p' || (i % 2 + 1)));
SELECT count(*) FROM (VALUES ('abc', 'Alice'), ('def', 'Bob')) v(d, n), at_put_record('posts', 'did:plc:' || d, 'xyz.app.profile', 'self', jsonb_build_object('displayName', n));

-- create a record
SELECT run($lua$
function handle()
  local r = Record(collection, { text = input.text, tags = input.tags, createdAt = "2026-02-01T00:00:00Z" })
  r:set_rkey("made")
  r:save()
  return { uri = r._uri, cid = r._cid }
end
$lua$, '{"text": "a new one", "tags": ["x", "y"]}', 'xyz.app.post');
SELECT record FROM posts WHERE rkey = 'made';

-- save a batch
SELECT run($lua$
function handle()
  local records = {}
  for i, item in ipairs(input.items) do
    local r = Record(collection, { text = item.text, position = i })
    r:set_rkey("batch" .. i)
    records[#records + 1] = r
  end
  Record.save_all(records)
  local uris = {}
  for _, r in ipairs(records) do
    table.insert(uris, r._uri)
  end
  return { uris = toarray(uris), count = #uris }
end
$lua$, '{"items": [{"text": "one"}, {"text": "two"}, {"text": "three"}]}', 'xyz.app.post');

-- update or delete
SELECT $lua$
function handle()
  local r = Record.load("at://" .. caller_did .. "/" .. collection .. "/" .. input.rkey)
  if not r then
    return { error = "not found" }
  end
  if input.delete then
    r:delete()
    return { deleted = true, uri = r._uri }
  end
  for _, name in ipairs({"text", "n"}) do
    if input[name] ~= nil then r[name] = input[name] end
  end
  r:save()
  return { uri = r._uri, n = r.n }
end
$lua$ AS update_or_delete \gset
SELECT run(:'update_or_delete', '{"rkey": "p7", "n": 70}', 'xyz.app.post');
SELECT run(:'update_or_delete', '{"rkey": "p7", "delete": true}', 'xyz.app.post');
SELECT run(:'update_or_delete', '{"rkey": "p7"}', 'xyz.app.post');

-- mutations of numbers, arrays and strings
SELECT run($lua$
function handle()
  local r = Record.load(input.uri)
  r.likeCount = (r.likeCount or 0) + 1
  r.ratio = r.n * 2 / 4
  r.tags = r.tags or {}
  for _, tag in ipairs(input.tags) do
    local found = false
    for _, t in ipairs(r.tags) do
      if t == tag then found = true break end
    end
    if not found then r.tags[#r.tags + 1] = tag end
  end
  while #r.tags > 3 do
    table.remove(r.tags, 1)
  end
  r.title = string.gsub(input.title, "^%s+", "")
  r.title = string.gsub(r.title, "%s+$", "")
  r.text = nil
  r:save()
  return { tags = r.tags, likeCount = r.likeCount }
end
$lua$, '{"uri": "at://did:plc:abc/xyz.app.post/p2", "tags": ["a", "b", "a", "c", "d"], "title": "  My title \n"}');
SELECT record FROM posts WHERE rkey = 'p2';

-- delete with what depends on it
SELECT run($lua$
function handle()
  local r = Record.load(input.uri)
  if not r then return { error = "not found" } end
  local related = db.query({ collection = "xyz.app.comment", did = caller_did, limit = 100 })
  local deleted = 0
  for _, comment in ipairs(related.records) do
    if comment.postUri == input.uri then
      Record.load(comment.uri):delete()
      deleted = deleted + 1
    end
  end
  r:delete()
  return { deleted = deleted + 1 }
end
$lua$, '{"uri": "at://did:plc:abc/xyz.app.post/p1"}');
SELECT uri FROM posts WHERE collection = 'xyz.app.comment' ORDER BY uri;

-- get one
SELECT $lua$
function handle()
  if not params.uri then error("uri is required") end
  local record = db.get(params.uri)
  if not record then return { error = "not found" } end
  return { record = record }
end
$lua$ AS get_record \gset
SELECT run(:'get_record', params => '{"uri": "at://did:plc:abc/xyz.app.post/p3"}', kind => 'query');
SELECT run(:'get_record', params => '{"uri": "at://did:plc:abc/xyz.app.post/p7"}', kind => 'query');
SELECT run(:'get_record', kind => 'query');

-- get one, or list
SELECT $lua$
function handle()
  if params.uri then
    return { record = db.get(params.uri) }
  end
  return db.query({ collection = collection, did = params.did, limit = tonumber(params.limit) or 20, cursor = params.cursor })
end
$lua$ AS list_or_get \gset
SELECT run(:'list_or_get', '{}', 'xyz.app.profile', '{"uri": "at://did:plc:def/xyz.app.profile/self"}', 'query');
SELECT run(:'list_or_get', '{}', 'xyz.app.profile', '{"did": "did:plc:def"}', 'query');

-- list by pages
SELECT run(:'list_or_get', '{}', 'xyz.app.post', '{"did": "did:plc:abc", "limit": "3"}', 'query') AS page1 \gset
SELECT :'page1'::jsonb -> 'cursor' AS cursor, jsonb_path_query_array(:'page1', '$.records[*].uri');
SELECT run(:'list_or_get', '{}', 'xyz.app.post', jsonb_build_object('did', 'did:plc:abc', 'limit', '3', 'cursor', :'page1'::jsonb ->> 'cursor'), 'query') AS page2 \gset
SELECT jsonb_path_query_array(:'page2', '$.records[*].uri');
SELECT run(:'list_or_get', '{}', 'xyz.app.post', jsonb_build_object('did', 'did:plc:abc', 'limit', '3', 'cursor', :'page2'::jsonb ->> 'cursor'), 'query') AS page3 \gset
SELECT jsonb_path_query_array(:'page3', '$.records[*].uri'), :'page3'::jsonb ? 'cursor' AS goes_on;

-- a list, with the profiles of its authors
SELECT jsonb_pretty(run($lua$
function handle()
  local result = db.query({ collection = "xyz.app.comment", limit = 10 })
  local uris, seen = {}, {}
  for _, comment in ipairs(result.records) do
    local did = string.match(comment.uri, "^at://([^/]+)/")
    if did and not seen[did] then
      seen[did] = true
      uris[#uris + 1] = "at://" .. did .. "/xyz.app.profile/self"
    end
  end
  table.sort(uris)
  local profiles = {}
  for i, profile in ipairs(Record.load_all(uris)) do
    profiles[i] = { uri = profile._uri, name = profile.displayName }
  end
  local texts = {}
  for i, comment in ipairs(result.records) do texts[i] = comment.text end
  table.sort(texts)
  return { comments = texts, profiles = profiles, cursor = result.cursor }
end
$lua$, kind => 'query'));

-- a record that is signed, and verified: there is no signer in a database
SELECT run($lua$
function handle()
  local r = Record(collection, { text = input.text })
  r.sig = atproto.sign(r)
  r:save()
end
$lua$, '{"text": "signed"}', 'xyz.app.post');
SELECT run($lua$
function handle()
  local r = Record.load(params.uri)
  return { valid = atproto.verify_signature(r) }
end
$lua$, '{}', 'xyz.app.post', '{"uri": "at://did:plc:abc/xyz.app.post/p3"}', 'query');
-- nor a network, for the hooks that feed a search engine
SELECT run($lua$ function handle() return http.post("https://example.com", { body = json.encode(input) }) end $lua$);
SELECT run($lua$ function handle() return xrpc.query("com.example.get", {}) end $lua$);
-- and a script that can do without them says so
SELECT run($lua$ function handle() local ok, message = pcall(function() return http.get("https://example.com") end) return { ok = ok, message = message } end $lua$);
DROP FUNCTION run;
DROP TABLE posts;
