-- What scripts read beyond single records.
\set VERBOSITY terse
SELECT create_record_store('ds', '{"refs": true}');
CREATE FUNCTION run(script text, input jsonb DEFAULT '{}', options jsonb DEFAULT '{"kind": "query"}', store regclass DEFAULT 'ds') RETURNS jsonb
LANGUAGE sql AS $$ SELECT at_script(store, 'local function keys(r) local k = {} for i, x in ipairs(r.records) do k[i] = x.uri:match("([^/]+)/a.b.c/") .. "/" .. x.uri:match("[^/]+$") end return {table.concat(k, " "), r.cursor} end function handle() ' || script || ' end', input, 'did:plc:abc', 'a.b.c', options) $$;
-- created one after the other, but for the key "b", which is the newest in its repository
DO $$
DECLARE i int;
BEGIN
	FOR i IN 1..9 LOOP
		PERFORM at_put_record('ds', CASE WHEN i % 3 = 0 THEN 'did:plc:two' ELSE 'did:plc:one' END, 'a.b.c', 'k' || i, jsonb_build_object('n', i, 'name', chr(96 + i) || '-Name', 'odd', i % 2 = 1, 'tags', jsonb_build_array('t' || i % 3, 'x'), 'author', jsonb_build_object('handle', 'h' || i % 4)));
	END LOOP;
	PERFORM at_put_record('ds', 'did:plc:one', 'a.b.other', 'o1', '{"subject": {"uri": "at://did:plc:one/a.b.c/k1"}}');
	PERFORM at_put_record('ds', 'did:plc:two', 'a.b.other', 'o2', '{"list": [{"at": "at://did:plc:one/a.b.c/k1"}, "did:plc:one"]}');
	PERFORM at_put_record('ds', 'did:plc:two', 'a.b.other', 'o3', '{"text": "at://did:plc:one/a.b.c/k1 in a text"}');
END $$;
UPDATE ds SET created_at = '2026-01-01'::timestamptz + substr(rkey, 2)::int * interval '1 hour', indexed_at = '2026-02-01'::timestamptz - substr(rkey, 2)::int * interval '1 hour' WHERE rkey LIKE 'k%';

-- of one repository by key, of all by the time of creation; newest first
SELECT run('return keys(db.query{collection = collection, did = "did:plc:one"})');
SELECT run('return keys(db.query{collection = collection, did = "did:plc:one", reverse = true, limit = 2})');
SELECT run('return keys(db.query{collection = collection})');
SELECT run('return keys(db.query{collection = collection, reverse = true, limit = "3"})');
SELECT run('return db.query{collection = "a.b.none"}');
SELECT run('return db.query{collection = collection, limit = 1}');
-- pages, in each order
SELECT o, run('local all, cursor, pages = {}, nil, 0 repeat local r = db.query{collection = collection, limit = 2, cursor = cursor, did = input.did, sort = input.sort, reverse = input.reverse, sortDirection = input.dir} all[#all + 1] = keys(r)[1] cursor = r.cursor pages = pages + 1 until not cursor or pages > 9 return table.concat(all, " | ")', o)
FROM (VALUES ('{}'::jsonb), ('{"reverse": true}'), ('{"did": "did:plc:one"}'), ('{"did": "did:plc:one", "reverse": true}'), ('{"sort": "name", "dir": "asc"}'), ('{"sort": "n"}'), ('{"sort": "author.handle", "dir": "ASC"}'), ('{"sort": "tags[0]", "dir": "asc"}'), ('{"sort": "indexed_at", "dir": "asc"}'), ('{"sort": "did", "dir": "asc"}'), ('{"sort": "uri"}'), ('{"sort": "nothing"}')) v(o);
-- a page goes on behind its last row, whatever came in between
SELECT run('local r = db.query{collection = collection, limit = 2} Record(collection, {n = 100}):set_repo("did:plc:one"):set_rkey("k0"):save() Record.load("at://did:plc:one/a.b.c/k8"):delete() return {keys(r)[1], keys(db.query{collection = collection, limit = 2, cursor = r.cursor})[1]}', options => '{"dryRun": true}');

-- filters
SELECT f, run('return keys(db.query{collection = collection, filter = input, sort = "n", sortDirection = "asc"})[1]', f)
FROM (VALUES ('{"field": "n", "value": 3}'::jsonb), ('{"field": "n", "op": ">", "value": 7}'), ('{"field": "n", "op": "<=", "value": 2.5}'), ('{"field": "n", "op": "!=", "value": 1}'), ('{"field": "n", "op": "<", "value": "x"}'), ('{"field": "name", "op": ">=", "value": "g"}'),
	('{"field": "name", "op": "like", "value": "%c-%"}'), ('{"field": "name", "op": "NOT LIKE", "value": "%-N%"}'), ('{"field": "n", "op": "LIKE", "value": "1"}'), ('{"field": "odd", "value": false}'), ('{"field": "author.handle", "value": "h1"}'), ('{"field": "tags[0]", "value": "t2"}'), ('{"field": "nothing", "op": "!=", "value": 1}'),
	('[{"field": "n", "op": ">", "value": 3}, {"field": "n", "op": "<", "value": 6}]')) v(f);
SELECT run('return keys(db.query{collection = collection, filter = {combine = "OR", {field = "n", value = 1}, {combine = "and", {field = "odd", value = true}, {field = "n", op = ">", value = 6}}}})[1]');
SELECT run('return keys(db.query{collection = collection, did = "did:plc:two", limit = 1, filter = {field = "odd", value = true}})');
-- what is said of fields is data
SELECT run($s$return keys(db.query{collection = "a' OR true --", filter = {field = "n", op = "LIKE", value = "' OR true --"}})[1]$s$);
SELECT run($s$return pcall(db.query, {collection = collection, filter = {field = "n' OR true --", value = 1}})$s$);

-- single records, searches, references, numbers
SELECT run('return {db.get("at://did:plc:one/a.b.c/k1"), db.get("at://did:plc:one/a.b.c/none")}');
SELECT run('return {keys(db.search{collection = collection, field = "name", query = "NAME", limit = 3}), keys(db.search{collection = collection, field = "name", query = "C-n"}), keys(db.search{collection = collection, field = "author.handle", query = "h2"}), keys(db.search{collection = collection, field = "name", query = "%"})}');
SELECT run('local u = {} for i, r in ipairs(db.backlinks{collection = "a.b.other", uri = "at://did:plc:one/a.b.c/k1"}.records) do u[i] = r.uri end table.sort(u) return u');
SELECT run('local r = db.backlinks{collection = "a.b.other", uri = "at://did:plc:one/a.b.c/k1", limit = 1, did = "did:plc:two"} return {r.records[1].uri, r.cursor}');
SELECT run('return db.backlinks{collection = "a.b.other", uri = "at://did:plc:one/a.b.c/k2"}');
SELECT run('return {db.count(collection), db.count(collection, "did:plc:two"), db.count("a.b.none"), db.backend()}');
-- the same of a table that keeps no references, and has no more than it must
CREATE TABLE plain AS SELECT uri, cid, record FROM ds;
SELECT run('local u = {} for i, r in ipairs(db.backlinks{collection = "a.b.other", uri = "at://did:plc:one/a.b.c/k1"}.records) do u[i] = r.uri end return u', store => 'plain');
SELECT run('local r = db.query{collection = collection, limit = 4} return {keys(r), keys(db.query{collection = collection, limit = 9, cursor = r.cursor}), db.count(collection)}', store => 'plain');
SELECT run('return keys(db.query{collection = collection, sort = "did"})', store => 'plain');
DROP TABLE plain;
-- what the script has written it reads
SELECT run('local r = Record(collection, {n = 10}):set_rkey("k10") local before = db.count(collection) r:save() return {before, db.count(collection), db.get(r._uri).n, keys(db.query{collection = collection, limit = 1})[1]}', options => '{"dryRun": true}');

-- mistakes
SELECT m, run('local f = load_function if input[2] == json.null then input[2] = nil end return select(2, pcall(db[input[1]], input[2]))', jsonb_build_array(f, m))
FROM (VALUES ('query', NULL::jsonb), ('query', '{}'), ('query', '{"collection": 1}'), ('query', '{"collection": "a.b.c", "limt": 1}'), ('query', '{"collection": "a.b.c", "limit": 0}'), ('query', '{"collection": "a.b.c", "limit": "x"}'), ('query', '{"collection": "a.b.c", "cursor": "x"}'), ('query', '{"collection": "a.b.c", "cursor": "5:x"}'), ('query', '{"collection": "a.b.c", "did": "d", "cursor": "5"}'), ('query', '{"collection": "a.b.c", "sort": "n", "cursor": "-1"}'), ('query', '{"collection": "a.b.c", "sort": "n;"}'), ('query', '{"collection": "a.b.c", "sortDirection": "up"}'),
	('query', '{"collection": "a.b.c", "filter": 1}'), ('query', '{"collection": "a.b.c", "filter": {}}'), ('query', '{"collection": "a.b.c", "filter": {"field": "n"}}'), ('query', '{"collection": "a.b.c", "filter": {"field": "n", "op": "~", "value": 1}}'), ('query', '{"collection": "a.b.c", "filter": {"field": "n", "op": "LIKE", "value": 1}}'), ('query', '{"collection": "a.b.c", "filter": {"field": "a..b", "value": 1}}'), ('query', '{"collection": "a.b.c", "filter": {"field": "a[x]", "value": 1}}'), ('query', '{"collection": "a.b.c", "filter": {"combine": "XOR"}}'),
	('query', '{"collection": "a.b.c", "filter": [[[[[[{"field": "n", "value": 1}]]]]]]}'), ('search', '{"collection": "a.b.c"}'), ('search', '{"collection": "a.b.c", "field": "n", "query": "x", "cursor": "y"}'), ('backlinks', '{"collection": "a.b.c"}'), ('count', NULL), ('get', NULL)) v(f, m);
SELECT run('local f = {} for i = 1, 300 do f[i] = {field = "n", value = i} end db.query{collection = collection, filter = f}');
SELECT run('db.raw("DROP TABLE ds")');
SELECT run('db.query = nil return db.query');

-- with the rights of the caller, and by the policies that hold for it
CREATE ROLE regress_script_reader;
GRANT SELECT ON ds TO regress_script_reader;
ALTER TABLE ds ENABLE ROW LEVEL SECURITY;
CREATE POLICY two ON ds TO regress_script_reader USING (repo = 'did:plc:two');
SET ROLE regress_script_reader;
SELECT run('return {db.count(collection), keys(db.query{collection = collection}), db.get("at://did:plc:one/a.b.c/k1"), db.get("at://did:plc:two/a.b.c/k3").n, Record.load("at://did:plc:two/a.b.c/k6").n}');
SELECT run('return keys(db.backlinks{collection = "a.b.other", uri = "at://did:plc:one/a.b.c/k1"})');
SELECT at_script('ds', 'function handle() end', '{}', 'did:plc:two');
\set VERBOSITY sqlstate
SELECT at_script('ds', 'function handle() local r = Record.load("at://did:plc:two/a.b.c/k3") r.n = 0 r:save() end');
\set VERBOSITY terse
RESET ROLE;
REVOKE SELECT ON ds FROM regress_script_reader;
SET ROLE regress_script_reader;
SELECT run('return db.count(collection)');
SELECT run('return db.get("at://did:plc:two/a.b.c/k3")');
SELECT run('return 1');
RESET ROLE;
DROP FUNCTION run;
DROP TABLE ds;
DROP ROLE regress_script_reader;
