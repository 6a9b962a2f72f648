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
SELECT action, old - '_rev' AS old FROM delete_document('person', 'p2');
SELECT action FROM delete_document('person', 'p9');
SELECT action, new -> 'n' FROM patch_document('person', 'p3', '[{"op": "add", "path": "/n", "value": 1}]');
SELECT get_document('person', 'p10') -> 'patched', get_document('person', 'p9');
SELECT action, new -> 'n' FROM upsert_by('person', '{email: "by@x"}', '{email: "by@x"}', '{n: OLD.n + 1}');
SELECT ord, action, key FROM upsert_many('person', '[{"email": "4@x", "n": 1}, {"email": "new@x"}]', '{"by": ["email"], "ignoreErrors": true, "return": "key"}') WHERE ord = 1;
SELECT inserted, updated, unchanged FROM upsert_from('person', 'SELECT jsonb_build_object(''_key'', ''p'' || i, ''seen'', i) FROM generate_series(300, 310) i', '{"ignoreChanges": ["seen"]}');
ROLLBACK TO s;
COPY person_upsert (doc) FROM stdin;
{"_key": "p11", "seen": 1}
{"_key": "p12", "copied": true}
\.
INSERT INTO person_upsert VALUES ('{"_key": "p13", "email": "2@x"}');
ROLLBACK TO s;
INSERT INTO film_upsert VALUES ('Alien', 1979), ('Alien 3', 1992), (NULL, 1);
SELECT count(*) FROM film;
SELECT * FROM c8ql('FOR v IN 1..2 OUTBOUND "person/p20" knows RETURN v._key');
SELECT expr FROM formula WHERE name = 'twice' AND c8ql_eval(expr, '{"n": 21}') = '42';
SELECT drop_collection('knows');
ROLLBACK TO s;
SELECT r -> 't', r -> 'asserted', r -> 'retracted' FROM ledger_update('lib', '{"where": {"@id": "?b", "http://e/pages": "?p"}, "delete": {"@id": "?b", "http://e/pages": "?p"}, "values": ["?p", [44]]}') r;
SELECT r -> 't', r -> 'asserted', r -> 'retracted' FROM ledger_delete('lib', 'http://b/2') r;
SELECT r -> 'asserted' FROM ledger_import('lib:old', '<http://s> <http://p> "o" .') r;
SELECT ledger_compact('lib', 3);
SELECT ledger_get('lib', 'http://b/4', '{}', 3) IS NULL;
SELECT ledger_get('lib', 'http://b/4', '{}', 2) IS NULL;
ROLLBACK TO s;
SELECT drop_ledger('lib:old');
SELECT count(*) FROM upsert_ledgers;
SELECT action, new FROM at_upsert_record('records', 'did:plc:abc', 'xyz.statusphere.status', '{n: 1}', '{n: OLD.n + 1}', 'c');
SELECT action FROM at_apply_writes('records', 'did:plc:def', '[{"$type": "com.atproto.repo.applyWrites#delete", "collection": "xyz.statusphere.status", "rkey": "b"}]');
SELECT ord, action FROM at_apply_events('mirror', '[
	{"did": "did:plc:m", "time_us": 2, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2b", "operation": "create", "collection": "a.b.like", "rkey": "2", "record": {"$type": "a.b.like"}}},
	{"did": "did:plc:m", "time_us": 4, "kind": "commit", "commit": {"rev": "3jzfcijpj2z2d", "operation": "create", "collection": "a.b.like", "rkey": "3", "record": {"$type": "a.b.like", "subject": "did:plc:v"}}}]', '{"consumer": "jetstream"}');
SELECT at_backlinks('mirror', 'did:plc:v');
SELECT action FROM at_put_block('mirror', 'did:plc:n', 'a.b.c', 'k', dag_cbor('{"$type": "a.b.c", "n": 2}'), '{"force": true}');
SELECT at_forget_tombstones('mirror', '0');
SELECT jsonld_drop_context('http://ctx.example/a');
ROLLBACK TO s;
INSERT INTO deps VALUES (1000, '{"did": "did:plc:x", "n": 1000}');
SELECT cid FROM deps WHERE id = 1000;
INSERT INTO deps VALUES (1001, '{"did": "nobody"}');
ROLLBACK;
REFRESH MATERIALIZED VIEW deps_seen;
REINDEX INDEX deps_did;
