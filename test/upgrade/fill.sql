-- Something of every kind that the extension keeps, and what users hang on it.
SET client_min_messages = warning;
CREATE SCHEMA ext;
CREATE EXTENSION upsert SCHEMA ext;
CREATE SCHEMA app;
SET search_path = app, ext;

-- collections, with unique attributes; edges; rows that are long, old or gone
SELECT create_collection('person', '{"unique": ["email", "name.last"]}');
SELECT create_collection('knows', '{"type": "edge"}');
SELECT upsert_load('person', (SELECT jsonb_agg(jsonb_build_object('_key', 'p' || g, 'email', g || '@x', 'name', jsonb_build_object('last', 'L' || g),
	'text', CASE WHEN g % 50 = 0 THEN (SELECT string_agg(md5((g * i)::text), '') FROM generate_series(1, 400) i) END)) FROM generate_series(1, 500) g));
SELECT upsert_load('knows', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || g, '_from', 'person/p' || g, '_to', 'person/p' || g + 1)) FROM generate_series(1, 499) g));
SELECT action FROM upsert('person', '{"_key": "p7", "seen": 1}');
SELECT c8ql('REMOVE "p8" IN person');
SELECT action FROM delete_document('person', 'p9');
SELECT action FROM patch_document('person', 'p10', '[{"op": "add", "path": "/patched", "value": [1]}]');

-- a plain table, and objects in it
CREATE TABLE film (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text COLLATE "C" NOT NULL, year int NOT NULL, UNIQUE (title, year));
SELECT action FROM upsert_object('film', '{"title": "Alien", "year": 1979}', 'film_title_year_key');

-- views whose INSERTs are upserts
SELECT upsert_view('person', '{"ignoreChanges": ["seen"]}');
SELECT upsert_view('film', '{"columns": ["title", "year"], "ignoreErrors": true}');
COPY person_upsert (doc) FROM stdin;
{"_key": "p11", "copied": true}
{"_key": "p11", "twice": true}
\.

-- loads: one that got through, with what it could not store, and one that was cut off
SELECT create_collection('loaded', '{"unique": ["n"], "unlogged": false}');
CALL upsert_import('loaded', 'SELECT jsonb_build_object(''_key'', ''a'' || i, ''n'', i % 9) FROM generate_series(1, 10) i', '{"errorTable": "loaded_errors"}');
\set ON_ERROR_STOP 0
CALL upsert_import('loaded', 'SELECT jsonb_build_object(''_key'', ''b'' || i, ''n'', CASE i WHEN 150 THEN 101 ELSE i END) FROM generate_series(100, 200) i', '{"batchSize": 10, "resumeKey": "cut off"}');
\set ON_ERROR_STOP 1

-- contexts and a ledger that uses one
SELECT jsonld_set_context('http://ctx.example/a', '{"@context": {"@vocab": "http://e/", "id": "@id", "type": "@type", "knows": {"@type": "@id"}}}');
SELECT create_ledger('lib', '{"context": {"@vocab": "http://e/", "id": "@id", "type": "@type"}}');
SELECT ledger_upsert('lib', jsonb_build_object('@graph', (SELECT jsonb_agg(jsonb_build_object('id', 'http://b/' || g, 'type', 'Book', 'pages', g)) FROM generate_series(1, 50) g))) -> 't' AS t;
SELECT ledger_upsert('lib', '{"@context": "http://ctx.example/a", "id": "http://b/1", "pages": 11, "knows": "http://b/2"}') -> 't' AS t;
SELECT ledger_insert('lib', '{"id": "http://b/2", "title": ["a", {"@value": "b", "@language": "en"}], "parts": {"@list": [1, 2]}}', '{"author": "http://a/1", "message": "titles"}') -> 't' AS t;
SELECT ledger_replace('lib', '{"id": "http://b/3", "type": "Book", "pages": 3.5}') -> 't' AS t;
SELECT ledger_update('lib', '{"where": {"@id": "?b", "http://e/pages": "?p"}, "delete": {"@id": "?b", "http://e/pages": "?p"}, "insert": {"@id": "?b", "http://e/pages": 44}, "values": ["?p", [4]]}') -> 't' AS t;
SELECT ledger_delete('lib', 'http://b/5') -> 't' AS t;
SELECT ledger_insert('lib', '{"@context": {"@vocab": "http://e/"}, "@id": "http://g", "@graph": [{"@id": "http://b/1", "note": "in a graph"}]}') -> 't' AS t;
SELECT ledger_copy('lib', 'lib:old', 2);
SELECT create_ledger('plain:main', '{"history": false}');
SELECT ledger_import('plain', '<http://s> <http://p> "o" .') -> 't' AS t;

-- lexicons and repositories of records
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.note", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "maxGraphemes": 10}}}}}}');
SELECT create_record_store('records');
SELECT action FROM at_put_record('records', 'did:plc:abc', 'com.example.note', 'a', '{"text": "one"}');
SELECT action FROM at_put_record('records', 'did:plc:abc', 'com.example.note', 'a', '{"text": "two"}');
SELECT action FROM at_put_record('records', 'did:plc:def', 'xyz.statusphere.status', 'b', '{"status": "x"}');
SELECT action FROM at_upsert_record('records', 'did:plc:abc', 'xyz.statusphere.status', '{n: 1}', '{n: OLD.n + 1}', 'c');
SELECT action FROM at_save_all('records', 'did:plc:abc', '[{"collection": "a.b.c", "rkey": "gone", "record": {"n": 1}}, {"collection": "a.b.d", "rkey": "x", "record": {"n": 2}}]');
SELECT action FROM at_delete_record('records', 'at://did:plc:abc/a.b.c/gone');
SELECT create_record_store('mirror', '{"refs": true, "opaque": true}');
SELECT action FROM at_apply_events('mirror', '[
	{"did": "did:plc:m", "time_us": 1, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2a", "operation": "create", "collection": "a.b.like", "rkey": "1", "record": {"$type": "a.b.like", "subject": "at://did:plc:p/a.b.post/1"}}},
	{"did": "did:plc:m", "time_us": 2, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2b", "operation": "create", "collection": "a.b.like", "rkey": "2", "record": {"$type": "a.b.like", "subject": "at://did:plc:p/a.b.post/2"}}},
	{"did": "did:plc:m", "time_us": 3, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2c", "operation": "delete", "collection": "a.b.like", "rkey": "2"}}]', '{"consumer": "jetstream"}');
SELECT action FROM at_put_block('mirror', 'did:plc:n', 'a.b.c', 'k', dag_cbor('{"$type": "a.b.c", "n": 1}'), '{"force": true}');

-- answers that retries get
SELECT action FROM upsert('person', '{"email": "once@x"}', '{"idempotencyKey": "once"}');
SELECT action FROM upsert_by('person', '{email: "by@x"}', '{email: "by@x", n: 1}', '{n: OLD.n + 1}', NULL, '{}', '{"idempotencyKey": "by"}');
SELECT action FROM upsert_object('film', '{"title": "Once", "year": 2007}', 'film_title_year_key', '{"idempotencyKey": "once"}');
SELECT c8ql('INSERT {email: "c8ql@x"} INTO person RETURN NEW._key', '{}', '{"idempotencyKey": "once"}') IS NOT NULL;
SELECT ledger_insert('lib', '{"id": "http://b/once", "pages": 1}', '{"idempotencyKey": "once"}') -> 't' AS t;
SELECT action FROM at_create_record('records', 'did:plc:abc', 'a.b.c', '{"n": 1}', NULL, '{"idempotencyKey": "once"}');
CREATE TABLE first_answers AS
	SELECT 'upsert' AS call, to_jsonb(r) AS answer FROM upsert('person', '{"email": "once@x"}', '{"idempotencyKey": "once"}') r
	UNION ALL SELECT 'c8ql', c8ql('INSERT {email: "c8ql@x"} INTO person RETURN NEW._key', '{}', '{"idempotencyKey": "once"}')
	UNION ALL SELECT 'at', to_jsonb(r) FROM at_create_record('records', 'did:plc:abc', 'a.b.c', '{"n": 1}', NULL, '{"idempotencyKey": "once"}') r;

-- objects of the user's that depend on our functions
CREATE TABLE deps (id int PRIMARY KEY, doc jsonb NOT NULL CHECK (at_is_valid('did', doc ->> 'did')),
	cid text GENERATED ALWAYS AS (record_cid(doc)) STORED);
CREATE INDEX deps_did ON deps ((jsonb_merge_patch(doc, '{"n": null}') ->> 'did'));
INSERT INTO deps SELECT g, jsonb_build_object('did', 'did:plc:' || md5(g::text), 'n', g) FROM generate_series(1, 100) g;
CREATE VIEW deps_view AS SELECT id, jsonb_merge(doc, '{"seen": true}') AS doc FROM deps;
CREATE MATERIALIZED VIEW deps_seen AS SELECT id, jsonb_diff('{}', doc) AS diff FROM deps;
CREATE FUNCTION cids(jsonb) RETURNS text IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT record_cid($1); END;
CREATE TABLE formula (name text PRIMARY KEY, expr docexpr NOT NULL);
INSERT INTO formula VALUES ('twice', '@n * 2'), ('all', '(FOR p IN person FILTER p._key == "p1" RETURN p.email)'), ('merge', 'MERGE(OLD, {at: DATE_ISO8601(0)})');
CREATE VIEW loud AS SELECT c8ql('FOR p IN person FILTER p._key == "p1" RETURN p.email') AS email;
