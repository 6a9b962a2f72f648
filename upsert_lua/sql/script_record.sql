-- The class Record: fields and what stands beside them, keys, lexicons,
-- whose repository, and what has been read before it is written.
\set VERBOSITY terse
SELECT create_record_store('rs');
CREATE FUNCTION run(script text, input jsonb DEFAULT '{}', did text DEFAULT 'did:plc:abc', options jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql AS $$ SELECT at_script('rs', 'function handle() ' || script || ' end', input, did, 'a.b.c', options) $$;

-- fields
SELECT run('local r = Record(collection, {a = 1, b = {x = {}}, c = toarray({}), d = json.null}) r.e = "e" r.a = nil r.b.y = 2 local n = {} for k, v in pairs(r) do n[#n + 1] = k end table.sort(n) return {n, r, type(r)}');
SELECT run('local r = Record(collection) return {uri = r._uri, cid = r._cid, rkey = r._rkey, key_type = r._key_type, schema = r._schema, repo = r._repo_override, nothing = r.nothing, collection = r._collection}');
SELECT run('local r = Record(collection, {a = 1, gone = nil}):set_rkey("f") r:save() r = Record.load(r._uri) r.b = 2 r.a = nil r:save() return {r, (db.get(r._uri))}');
SELECT run('local r = Record(collection, {a = {b = {c = {1, 2, {d = 9007199254740993}}}}}):set_rkey("deep") r:save() return Record.load(r._uri)');
SELECT run('local r = Record(collection, {[1] = "array"}) r:save()');
SELECT run('local r = Record(collection, {[true] = 1}) r:save()');
SELECT run('local r = Record(collection, {f = function() end}) r:save()');
SELECT run('local r = Record(collection, {["$type"] = "x.y.z"}) r:save()');
SELECT run('local r = Record(collection, {["$type"] = collection}):set_rkey("typed") r:save() return Record.load(r._uri)');
SELECT run('return Record(collection, "fields")');
SELECT run('return Record(nil, {})');
SELECT run('return Record({})');
SELECT run('return Record.new("x.y.z", {n = 1})._collection');

-- what scripts may read only
SELECT run('local r = Record(collection, {}) r._uri = "at://did:plc:def/a.b.c/x"');
SELECT run('local r = Record(collection, {}) r._cid = nil');
SELECT run('Record(collection, input)', '{"_uri": "at://did:plc:def/a.b.c/x"}');
SELECT run('Record(collection, input)', '{"_rkey": "x"}');
SELECT run('local r = Record(collection, {}) setmetatable(r, {})');
SELECT run('return getmetatable(Record(collection, {}))');
SELECT run('local ok, m = pcall(function() Record(collection, {_uri = 1}) end) return {ok, m}');
-- by force it deceives itself, and not what is saved
SELECT run('local r = Record(collection, {a = 1}):set_rkey("forced") rawset(r, "_uri", "at://did:plc:def/a.b.c/x") r:save() return {r._uri, db.get("at://did:plc:abc/a.b.c/forced")}');
-- fields like methods and like those above are kept, and do not hide them
SELECT action FROM at_put_record('rs', 'did:plc:abc', 'a.b.c', 'odd', '{"save": "s", "_uri": "u", "delete": {"x": 1}, "_other": 1, "a": 1}');
SELECT run('local r = Record.load("at://did:plc:abc/a.b.c/odd") r.a = 2 r.set_rkey = "k" r:save() return {r._uri, r}');
SELECT record FROM rs WHERE rkey = 'odd';
-- a method without its record
SELECT run('Record.new(collection, {}).save()');
SELECT run('Record.new(collection, {}).save({})');
SELECT run('Record.new(collection, {}).save(1)');
SELECT run('Record.save_all({Record(collection, {}), {}})');
SELECT run('Record.save_all({Record(collection, {}), "at://did:plc:abc/a.b.c/f"})');
SELECT run('Record.save_all("x")');
SELECT run('return Record.save_all({})');

-- keys
SELECT run('local r = Record(collection, {}) r:save() return {r._rkey == r._uri:match("[^/]+$"), #r._rkey}');
SELECT run('local r = Record(collection, {}) return {r:set_key_type("tid") == r, #r:generate_rkey() == #r._rkey, r._key_type}');
SELECT run('local r = Record(collection, {}):set_key_type("literal:self") return {r:generate_rkey(), r._rkey}');
SELECT run('local r = Record(collection, {n = 1}):set_key_type("literal:self") r:save() return r._uri');
SELECT run('Record(collection, {}):set_key_type("nsid"):generate_rkey()');
SELECT run('Record(collection, {}):generate_rkey()');
SELECT run('Record(collection, {}):set_key_type("other")');
SELECT run('Record(collection, {}):set_rkey("")');
SELECT run('Record(collection, {}):set_rkey(1)');
SELECT run('Record(collection, {}):set_rkey("a b"):save()');
SELECT run('Record(collection, {}):set_rkey("a\0b")');
SELECT run('Record(collection, {}):set_rkey("self"):save()');

-- loading
SELECT run('return {Record.load("at://did:plc:abc/a.b.c/none"), 1}');
SELECT run('local l = Record.load_all({"at://did:plc:abc/a.b.c/f", "at://did:plc:abc/a.b.c/none", "at://did:plc:abc/a.b.c/self"}) return {l[1]._rkey, l[2] == nil, l[3]._rkey, l[1]["$type"] == nil}');
SELECT run('return Record.load_all({})');
SELECT run('return Record.load_all({1})');
SELECT run('return Record.load("no uri")');
SELECT run('return Record.load("at://did:plc:abc/a.b.c")');
SELECT run('return Record.load()');
SELECT run('return Record.load("at://did:plc:abc/a.b.c/f\xff")');

-- deleting
SELECT run('local r = Record.load("at://did:plc:abc/a.b.c/f") r:delete() return {uri = r._uri, cid = r._cid, collection = r._collection, loaded = Record.load("at://did:plc:abc/a.b.c/f")}');
SELECT run('Record(collection, {}):delete()');
SELECT run('local r = Record(collection, {n = 1}):set_rkey("again") r:save() r:delete() r.n = 2 r:save() return {r._uri, db.get(r._uri).n, pcall(r.delete, r)}');
SELECT run('return {Record.delete_local("at://did:plc:abc/a.b.c/again"), Record.delete_local("at://did:plc:abc/a.b.c/again")}');
SELECT run('local r = Record(collection, {}):set_rkey("local") return {r:save_local()._uri, r:delete_local(), db.get("at://did:plc:abc/a.b.c/local"), "end"}');

-- saving twice: what has not changed is not written
SELECT run('local r = Record(collection, {n = 1}):set_rkey("twice") r:save() local c = r._cid r:save() return {c == r._cid, r.n}');
SELECT rev AS before FROM rs WHERE rkey = 'twice' \gset
SELECT run('local r = Record.load("at://did:plc:abc/a.b.c/twice") r:save() return r._cid ~= nil');
SELECT rev = :'before' AS untouched FROM rs WHERE rkey = 'twice';

-- whose
SELECT run('Record(collection, {}):save()', did => NULL);
SELECT run('local r = Record(collection, {n = 1}):set_repo("did:plc:def"):set_rkey("theirs") r:save() return {r._uri, r._repo_override}', did => NULL);
SELECT run('local r = Record.load("at://did:plc:def/a.b.c/theirs") r.n = 2 r:save() return r._uri');
SELECT run('local r = Record.load("at://did:plc:def/a.b.c/theirs") r:set_repo(caller_did) r.n = 3 r:save() return {r._uri, db.get("at://did:plc:def/a.b.c/theirs").n}');
SELECT run('Record(collection, {}):set_repo("nobody"):save()');
SELECT run('local l = Record.save_all({Record(collection, {n = 1}):set_repo("did:plc:zzz"):set_rkey("m"), Record(collection, {n = 2}):set_rkey("m"), Record(collection, {n = 3}):set_repo("did:plc:aaa"):set_rkey("m")}) return {l[1]._uri, l[2]._uri, l[3]._uri, l[1].n}');
-- all or none
SELECT run('Record.save_all({Record(collection, {n = 1}):set_rkey("all1"), Record(collection, {n = 0.5}):set_rkey("all2")})');
SELECT run('Record.save_all({Record(collection, {n = 1}):set_rkey("all1"), Record(collection, {n = 1}):set_rkey("self")})');
SELECT count(*) FROM rs WHERE rkey LIKE 'all%';

-- what was read of others' records, and was changed since: 40001; by the script itself: nothing
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.record ? 'meddle' THEN
		PERFORM at_put_record('rs', split_part(NEW.record ->> 'meddle', '/', 3), 'a.b.c', split_part(NEW.record ->> 'meddle', '/', 5), '{"n": "meddled"}');
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER meddle AFTER INSERT OR UPDATE ON rs FOR EACH ROW EXECUTE FUNCTION meddle();
SELECT $$ local r = Record.load(input.uri) Record(collection, {meddle = input.uri}):set_rkey("meddler"):save() if r then r.n = "mine" r:save() else r = Record(collection, {n = "mine"}):set_repo(input.uri:match("//([^/]+)/")):set_rkey(input.uri:match("[^/]+$")) r:save() end return r._uri $$ AS meddled \gset
SELECT run(:'meddled', '{"uri": "at://did:plc:def/a.b.c/theirs"}');
SELECT run(:'meddled', '{"uri": "at://did:plc:def/a.b.c/nothing"}');
SELECT run(replace(:'meddled', 'r.n = "mine" r:save()', 'r:delete()'), '{"uri": "at://did:plc:def/a.b.c/theirs"}');
-- of one's own it is the script's transaction that did it, behind its own lock
SELECT run(:'meddled', '{"uri": "at://did:plc:abc/a.b.c/twice"}');
SELECT run('local a = Record.load(input.uri) local b = Record.load(input.uri) a.n = 10 a:save() b.n = 11 b:save() b:delete() a:save() return {a._uri, db.get(input.uri).n}', '{"uri": "at://did:plc:def/a.b.c/theirs"}');
DROP TRIGGER meddle ON rs;
-- without a table of repositories there is nothing to lock: everything is guarded
CREATE TABLE plain (uri text COLLATE "C" PRIMARY KEY, cid text, record jsonb);
SELECT at_script('plain', 'function handle() local r = Record(collection, {n = 1}):set_rkey("k") r:save() r.n = 2 r:save() r = Record.load(r._uri) r.n = 3 r:save() r = Record.load(r._uri) r:delete() Record(collection, {n = 4}):set_rkey("k"):save() return {db.query{collection = collection}, db.count(collection)} end', '{}', 'did:plc:abc', 'a.b.c');
UPDATE plain SET cid = NULL;
SELECT at_script('plain', 'function handle() local r = Record.load("at://did:plc:abc/a.b.c/k") local c = r._cid r.n = 5 r:save() return {c, r._cid} end', '{}', 'did:plc:abc', 'a.b.c');
DROP TABLE plain;

-- a mirror takes reads, and no writes but by force
SELECT action FROM at_apply_events('rs', '[{"did": "did:plc:mir", "time_us": 1, "kind": "commit", "commit": {"rev": "3kaaaaaaaaaaa", "operation": "create", "collection": "a.b.c", "rkey": "k", "record": {"n": 1}}}]');
SELECT run('return Record.load("at://did:plc:mir/a.b.c/k").n', did => 'did:plc:mir');
SELECT run('local r = Record.load("at://did:plc:mir/a.b.c/k") r.n = 2 r:save()', did => 'did:plc:mir');
SELECT run('local r = Record.load("at://did:plc:mir/a.b.c/k") r.n = 2 r:save() return r._uri', did => 'did:plc:mir', options => '{"force": true}');
SELECT run('Record(collection, {}):set_repo("did:plc:mir"):save()');

-- a trigger that would not have it
CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER no BEFORE INSERT OR UPDATE OR DELETE ON rs FOR EACH ROW EXECUTE FUNCTION no();
SELECT run('local r = Record(collection, {}):set_rkey("no") r:save() return {uri = r._uri, cid = r._cid, rkey = r._rkey}');
SELECT run('local r = Record.load("at://did:plc:abc/a.b.c/twice") r.n = "no" r:save() return {uri = r._uri, cid = r._cid}');
DROP TRIGGER no ON rs;

-- lexicons: key types, defaults, what is required
SELECT at_put_lexicon('{"lexicon": 1, "id": "a.b.known", "defs": {"main": {"type": "record", "key": "literal:one", "record": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "maxLength": 10}, "lang": {"type": "string", "default": "en"}, "count": {"type": "integer", "default": 0}, "on": {"type": "boolean", "default": true}}}}}}');
SELECT run('local r = Record("a.b.known", {text = "t", lang = "de"}) return {r, r._key_type, r._schema.properties.lang.default, r._schema == r._schema}');
SELECT run('local r = Record("a.b.known", {text = "t", extra = {1}}) r:save() return {r._uri, r}');
SELECT validate.v, rs.record FROM rs, at_validation_status('a.b.known', record) AS validate(v) WHERE collection = 'a.b.known';
SELECT run('local r = Record("a.b.known", {}) r:save()');
SELECT run('local r = Record("a.b.known", {text = "much too long a text"}) r:save()');
SELECT run('local r = Record.load("at://did:plc:abc/a.b.known/one") r.text = nil r:save()');
SELECT run('local r = Record.load("at://did:plc:abc/a.b.known/one") return {r._key_type, r._schema ~= nil, r._rkey}');
SELECT at_drop_lexicon('a.b.known');

-- TIDs
SELECT run('local a, b = TID(), TID() return {#a, a < b, TID.toUnixMicroseconds(a) // 1000000 - os.time() < 5}');
SELECT run('local t = "3kznmn7xqxl22" return {TID.toISO8601(t), TID.fromISO8601(TID.toISO8601(t)) == t, TID.toUnixMicroseconds(t), TID.fromUnixMicroseconds(TID.toUnixMicroseconds(t)) == t, TID.fromNumber(TID.toNumber(t)) == t, TID.toNumber(t)}');
SELECT run('return {TID.fromISO8601("2026-04-19T15:30:00Z"), TID.fromISO8601("2026-04-19T17:30:00.5+02:00"), TID.fromISO8601("2024-02-29T00:00:00-00:30"), TID.fromNumber(0), TID.fromNumber(math.maxinteger)}');
SELECT s, run('return select(2, pcall(TID[input[1]], input[2]))', s)
FROM (VALUES ('["fromISO8601", "2026-02-29T00:00:00Z"]'::jsonb), ('["fromISO8601", "2026-04-19"]'), ('["fromISO8601", "2026-04-19T15:30:00"]'), ('["fromISO8601", "1969-12-31T23:59:59Z"]'), ('["fromISO8601", 1]'),
	('["toISO8601", "zzzzzzzzzzzzz"]'), ('["toISO8601", "jzzzzzzzzzzzz"]'), ('["toNumber", ""]'), ('["toNumber", 1]'), ('["fromNumber", -1]'), ('["fromNumber", 1.5]'), ('["fromUnixMicroseconds", 9007199254740992]'), ('["fromUnixMicroseconds", -1]')) AS v(s);
DROP FUNCTION run;
DROP TABLE rs;
DROP FUNCTION meddle, no;
