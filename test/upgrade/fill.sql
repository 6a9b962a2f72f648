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

-- a plain table, and objects in it
CREATE TABLE film (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text COLLATE "C" NOT NULL, year int NOT NULL, UNIQUE (title, year));
SELECT action FROM upsert_object('film', '{"title": "Alien", "year": 1979}', 'film_title_year_key');

-- contexts and a ledger that uses one
SELECT jsonld_set_context('http://ctx.example/a', '{"@context": {"@vocab": "http://e/", "id": "@id", "type": "@type", "knows": {"@type": "@id"}}}');
SELECT create_ledger('lib', '{"context": {"@vocab": "http://e/", "id": "@id", "type": "@type"}}');
SELECT ledger_upsert('lib', jsonb_build_object('@graph', (SELECT jsonb_agg(jsonb_build_object('id', 'http://b/' || g, 'type', 'Book', 'pages', g)) FROM generate_series(1, 50) g))) -> 't' AS t;
SELECT ledger_upsert('lib', '{"@context": "http://ctx.example/a", "id": "http://b/1", "pages": 11, "knows": "http://b/2"}') -> 't' AS t;

-- lexicons and repositories of records
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.note", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "maxGraphemes": 10}}}}}}');
SELECT create_record_store('records');
SELECT action FROM at_put_record('records', 'did:plc:abc', 'com.example.note', 'a', '{"text": "one"}');
SELECT action FROM at_put_record('records', 'did:plc:abc', 'com.example.note', 'a', '{"text": "two"}');
SELECT action FROM at_put_record('records', 'did:plc:def', 'xyz.statusphere.status', 'b', '{"status": "x"}');

-- objects of the user's that depend on our functions
CREATE TABLE deps (id int PRIMARY KEY, doc jsonb NOT NULL CHECK (at_is_valid('did', doc ->> 'did')),
	cid text GENERATED ALWAYS AS (record_cid(doc)) STORED);
CREATE INDEX deps_did ON deps ((jsonb_merge_patch(doc, '{"n": null}') ->> 'did'));
INSERT INTO deps SELECT g, jsonb_build_object('did', 'did:plc:' || md5(g::text), 'n', g) FROM generate_series(1, 100) g;
CREATE VIEW deps_view AS SELECT id, jsonb_merge(doc, '{"seen": true}') AS doc FROM deps;
CREATE MATERIALIZED VIEW deps_seen AS SELECT id, jsonb_diff('{}', doc) AS diff FROM deps;
CREATE VIEW loud AS SELECT c8ql('FOR p IN person FILTER p._key == "p1" RETURN p.email') AS email;
