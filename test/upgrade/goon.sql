-- Every door goes on where it stopped; the same again, and as it was.
SET search_path = app, ext;
SET client_min_messages = warning;
\set VERBOSITY sqlstate
\pset format unaligned
\pset tuples_only on
ALTER EXTENSION upsert UPDATE;
BEGIN;
SELECT action FROM upsert('person', '{"_key": "p1", "email": "1@x"}');
SELECT action, new ->> '_rev' > old ->> '_rev' AS later FROM upsert('person', '{"_key": "p1", "upgraded": true}');
SAVEPOINT s;
SELECT upsert('person', '{"_key": "other", "email": "2@x"}');
ROLLBACK TO s;
SELECT upsert('knows', '{"_key": "other", "n": 1}');
ROLLBACK TO s;
SELECT c8ql('FOR k IN knows FILTER k._from == "person/p3" FOR p IN person FILTER p._id == k._to RETURN p.email');
SELECT action FROM upsert_object('film', '{"title": "Alien", "year": 1979}', 'film_title_year_key');
SELECT action, key FROM upsert_object('film', '{"title": "Aliens", "year": 1986}', 'film_title_year_key');
SELECT r -> 't', r -> 'asserted', r -> 'retracted' FROM ledger_upsert('lib', '{"@context": "http://ctx.example/a", "id": "http://b/1", "pages": 12}') r;
SELECT ledger_get('lib', 'http://b/1') -> 'pages';
SELECT action FROM at_put_record('records', 'did:plc:abc', 'com.example.note', 'a', '{"text": "two"}');
SELECT action FROM at_put_record('records', 'did:plc:abc', 'com.example.note', 'a', '{"text": "three"}');
SELECT at_put_record('records', 'did:plc:abc', 'com.example.note', 'c', '{"text": "longer than it may"}');
ROLLBACK TO s;
INSERT INTO deps VALUES (1000, '{"did": "did:plc:x", "n": 1000}');
SELECT cid FROM deps WHERE id = 1000;
INSERT INTO deps VALUES (1001, '{"did": "nobody"}');
ROLLBACK;
REFRESH MATERIALIZED VIEW deps_seen;
REINDEX INDEX deps_did;
