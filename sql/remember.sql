-- idempotencyKey: the first call's answer is kept, and given to a retry.
\set SHOW_CONTEXT never
SELECT create_collection('once', '{"unique": ["mail"]}'), create_collection('other_once');
CREATE TABLE rows_once (id int PRIMARY KEY, n int);
CREATE FUNCTION shown(d jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT d - '_rev' - '_id' $$;

-- one row, one effect, one answer
SELECT action, shown(old) AS old, shown(new) AS new FROM upsert('once', '{"_key": "a", "n": 1}', '{"idempotencyKey": "k1"}');
SELECT action, shown(new) AS new FROM upsert('once', '{"_key": "a", "n": 2}');
SELECT action, shown(old) AS old, shown(new) AS new FROM upsert('once', '{"_key": "a", "n": 1}', '{"idempotencyKey": "k1"}');
SELECT doc FROM once;
-- a generated key is the same key
SELECT count(*), count(DISTINCT key), count(DISTINCT rev), min(action) FROM generate_series(1, 3) i, upsert('once', '{"g": 1}', '{"idempotencyKey": "gen"}');
-- another request; another function, target, role and key are others
SELECT upsert('once', '{"_key": "a", "n": 3}', '{"idempotencyKey": "k1"}');
\set VERBOSITY sqlstate
SELECT upsert('once', '{"_key": "a", "n": 1}', '{"idempotencyKey": "k1", "mode": "replace"}');
SELECT action FROM upsert('other_once', '{"_key": "a", "n": 3}', '{"idempotencyKey": "k1"}');
SELECT action FROM upsert_many('once', '[{"_key": "a", "n": 3}]', '{"idempotencyKey": "k1"}');
SELECT action FROM upsert('once', '{"_key": "a", "n": 4}', '{"idempotencyKey": ""}');
SELECT action FROM upsert('once', '{"_key": "a", "n": 4}', '{"idempotencyKey": ""}');
SELECT action FROM upsert('once', '{"_key": "a", "n": 5}', jsonb_build_object('idempotencyKey', repeat('long', 5000)));
SELECT action FROM upsert('once', '{"_key": "a", "n": 5}', jsonb_build_object('idempotencyKey', repeat('long', 5000)));
-- what is no key, and where there is none
SELECT upsert('once', '{}', '{"idempotencyKey": 1}');
SELECT upsert('once', '{}', '{"idempotencyKey": null}');
SELECT upsert('once', '{}', '{"idempotencyKey": "k", "dryRun": true}');
SELECT upsert('once', '{"_key": "a", "n": 1}', '{"idempotencyKey": "k1", "dryRun": true}');
SELECT upsert_from('once', 'SELECT $${}$$::jsonb', '{"idempotencyKey": "k"}');
SELECT create_collection('x', '{"idempotencyKey": "k"}');
SELECT upsert('once', NULL, '{"idempotencyKey": "k"}');
\set VERBOSITY default

-- nothing is kept of what fails
SELECT upsert('once', '{"_key": "a/b"}', '{"idempotencyKey": "bad"}');
SELECT action FROM upsert('once', '{"_key": "good"}', '{"idempotencyKey": "bad"}');
BEGIN;
SELECT action FROM upsert('once', '{"_key": "rolled"}', '{"idempotencyKey": "back"}');
ROLLBACK;
SELECT action FROM upsert('once', '{"_key": "rolled"}', '{"idempotencyKey": "back"}');
-- an unchanged one is kept, too
SELECT action FROM upsert('once', '{"_key": "rolled"}', '{"idempotencyKey": "unchanged"}');
SELECT action FROM delete_document('once', 'rolled', '{"idempotencyKey": "del"}');
SELECT action FROM upsert('once', '{"_key": "rolled"}', '{"idempotencyKey": "unchanged"}');
SELECT action, shown(old) AS old FROM delete_document('once', 'rolled', '{"idempotencyKey": "del"}');
SELECT action FROM upsert('once', '{"_key": "rolled"}');

-- sets, counts, objects
SELECT ord, action, shown(new) AS new, error ->> 'sqlstate' AS error FROM upsert_many('once', '[{"_key": "m", "n": 1}, 5, {"_key": "m", "n": 2}]', '{"idempotencyKey": "many", "ignoreErrors": true}');
SELECT ord, action, shown(new) AS new, error ->> 'sqlstate' AS error FROM upsert_many('once', '[{"_key": "m", "n": 1}, 5, {"_key": "m", "n": 2}]', '{"idempotencyKey": "many", "ignoreErrors": true}');
SELECT l.* FROM generate_series(1, 2), upsert_load('once', '[{"_key": "l"}, {"_key": "l", "n": 1}]', '{"idempotencyKey": "load"}') l;
SELECT p.action, shown(p.new) AS new FROM generate_series(1, 2), patch_document('once', 'l', '[{"op": "add", "path": "/x", "value": [1]}]', '{"idempotencyKey": "patch"}') p;
SELECT b.action, shown(b.new) AS new FROM generate_series(1, 2), upsert_by('once', '{_key: "l"}', '{_key: "l"}', '{n: OLD.n + 1}', NULL, '{}', '{"idempotencyKey": "by"}') b;
SELECT o.* FROM generate_series(1, 2), upsert_object('rows_once', '{"id": 1, "n": 1}', NULL::text, '{"idempotencyKey": "o"}') o;
SELECT o.* FROM generate_series(1, 2), upsert_object('rows_once', '{"id": 2, "n": 1}', '{id}'::text[], '{"idempotencyKey": "oc"}') o;
SELECT o.* FROM generate_series(1, 2), upsert_objects('rows_once', '[{"id": 3, "n": 1}, {"id": 1, "n": 2}]', NULL::text, '{"idempotencyKey": "os"}') o;
-- statements
SELECT c8ql('FOR i IN 1..2 INSERT {_key: CONCAT("c", i)} INTO once RETURN NEW._key', '{}', '{"idempotencyKey": "c"}');
SELECT c8ql('FOR i IN 1..2 INSERT {_key: CONCAT("c", i)} INTO once RETURN NEW._key', '{}', '{"idempotencyKey": "c"}');
SELECT c8ql_execute('INSERT {_key: "e"} INTO once RETURN NEW._key', '{}', '{"idempotencyKey": "e"}') FROM generate_series(1, 2);
SELECT c8ql('RETURN null', NULL, '{"idempotencyKey": "n"}') FROM generate_series(1, 2);
SELECT c8ql('FOR i IN [] RETURN i', NULL, '{"idempotencyKey": "empty"}') FROM generate_series(1, 2);
\set VERBOSITY terse
SELECT c8ql('RETURN 1', NULL, '{"idempotencyKey": "n"}');
-- a megabyte is enough
SELECT action FROM upsert('once', jsonb_build_object('_key', 'big', 'x', repeat('x', 400000)), '{"idempotencyKey": "big"}');
SELECT action FROM upsert('once', jsonb_build_object('_key', 'big', 'x', repeat('y', 700000)), '{"idempotencyKey": "bigger"}');
SELECT action, length(new ->> 'x') FROM upsert('once', jsonb_build_object('_key', 'big', 'x', repeat('x', 400000)), '{"idempotencyKey": "big"}');
SELECT doc -> 'x' = to_jsonb(repeat('x', 400000)) AS x FROM once WHERE _key = 'big';

-- records
SELECT create_record_store('rec_once');
SELECT count(*), count(DISTINCT uri), count(DISTINCT rev), min(action) FROM generate_series(1, 3), at_create_record('rec_once', 'did:plc:a', 'a.b.c', '{"n": 1}', NULL, '{"idempotencyKey": "k"}');
SELECT r.action, r.new FROM generate_series(1, 2), at_put_record('rec_once', 'did:plc:a', 'a.b.c', 'k', '{"n": 1}', '{"idempotencyKey": "k"}') r;
SELECT r.action, r.new FROM generate_series(1, 2), at_upsert_record('rec_once', 'did:plc:a', 'a.b.c', '{n: 1}', '{n: OLD.n + 1}', 'k', '{}', '{"idempotencyKey": "k"}') r;
SELECT r.action, r.new FROM generate_series(1, 2), at_save_all('rec_once', 'did:plc:a', '[{"collection": "a.b.c", "record": {"s": 1}}, {"collection": "a.b.d", "record": {"s": 2}}]', '{"idempotencyKey": "k"}') r;
SELECT r.action, r.new FROM generate_series(1, 2), at_apply_writes('rec_once', 'did:plc:a', '[{"$type": "com.atproto.repo.applyWrites#create", "collection": "a.b.c", "rkey": "w", "value": {"w": 1}}]', '{"idempotencyKey": "k"}') r;
SELECT r.action FROM generate_series(1, 2), at_delete_record('rec_once', 'at://did:plc:a/a.b.c/w', '{"idempotencyKey": "k"}') r;
SELECT count(*) FROM rec_once;
SELECT at_put_record('rec_once', 'did:plc:a', 'a.b.c', 'k', '{"n": 2}', '{"idempotencyKey": "k"}');
DROP TABLE rec_once, rec_once_repos;

-- ledgers: the key stands among the options, or in the transaction's own
SELECT create_ledger('once:main');
SELECT ledger_upsert('once', '{"@context": {"ex": "http://ex.org/"}, "@id": "ex:a", "ex:n": 1}', '{"idempotencyKey": "k"}') FROM generate_series(1, 2);
SELECT ledger_insert('once', '{"@context": {"ex": "http://ex.org/"}, "opts": {"idempotencyKey": "k"}, "@graph": [{"@id": "ex:a", "ex:n": 2}]}') FROM generate_series(1, 2);
SELECT ledger_update('once', '{"@context": {"ex": "http://ex.org/"}, "where": {"@id": "ex:a", "ex:n": "?n"}, "delete": {"@id": "ex:a", "ex:n": "?n"}, "insert": {"@id": "ex:a", "ex:m": "?n"}, "opts": {"idempotencyKey": "k"}}', '{"idempotencyKey": "k"}') FROM generate_series(1, 2);
SELECT ledger_replace('once', '{"@id": "http://ex.org/a", "http://ex.org/n": 3}', '{"idempotencyKey": "k"}') FROM generate_series(1, 2);
SELECT ledger_delete('once', 'http://ex.org/a', '{"idempotencyKey": "k"}') FROM generate_series(1, 2);
SELECT ledger_replace('once', '{"@id": "http://ex.org/a", "http://ex.org/n": 3}', '{"idempotencyKey": "k"}');
SELECT count(*), max(t) FROM ledger_log('once');
SELECT count(*) FROM ledger_nodes('once');
SELECT ledger_replace('once', '{"@id": "http://ex.org/a", "http://ex.org/n": 4}', '{"idempotencyKey": "k"}');
SELECT ledger_insert('once', '{"@id": "http://ex.org/a", "http://ex.org/n": 4, "opts": {"idempotencyKey": "k"}}', '{"idempotencyKey": "other"}');
SELECT ledger_insert('once', '{"@id": "http://ex.org/a", "http://ex.org/n": 4, "opts": {"idempotencyKey": 4}}');
SELECT ledger_insert('once', '{"@id": "http://ex.org/a", "http://ex.org/n": 4, "opts": 4}', '{"idempotencyKey": "opts"}');
SELECT ledger_insert('once', '4', '{"idempotencyKey": "scalar"}');
SELECT ledger_insert('once', NULL, '{"idempotencyKey": "null"}');
SELECT ledger_get('once', 'http://ex.org/a', NULL, NULL, '{"idempotencyKey": "k"}');
SELECT ledger_import('once', '', '{"idempotencyKey": "k"}');
SELECT jsonld_upsert('once', '{}', '{"idempotencyKey": "k"}');
SELECT drop_ledger('once');

-- nobody but the functions: not the role, and not who calls under its name
CREATE ROLE regress_once;
CREATE ROLE regress_once_other;
GRANT SELECT, INSERT, UPDATE ON once TO regress_once, regress_once_other;
SET ROLE regress_once;
SELECT action FROM upsert('once', '{"_key": "r", "n": 1}', '{"idempotencyKey": "k1"}');
SELECT action FROM upsert('once', '{"_key": "r", "n": 1}', '{"idempotencyKey": "k1"}');
SELECT count(*) FROM upsert_answers;
DELETE FROM upsert_answers;
SET ROLE regress_once_other;
SELECT action FROM upsert('once', '{"_key": "r", "n": 1}', '{"idempotencyKey": "k1"}');
SELECT upsert_forget('0');
SET ROLE regress_once;
SELECT action FROM upsert('once', '{"_key": "r", "n": 1}', '{"idempotencyKey": "k1"}');
SELECT upsert_forget('1 day'), upsert_forget('0'), upsert_forget('0');
SELECT action FROM upsert('once', '{"_key": "r", "n": 1}', '{"idempotencyKey": "k1"}');
RESET ROLE;
SELECT upsert_forget('-1 hour') > 10 AS forgotten, upsert_forget('0');
SELECT upsert_forget(NULL);
SELECT count(*) FROM upsert_answers;
-- a retry is answered where nothing may be written
SELECT action FROM upsert('once', '{"_key": "ro"}', '{"idempotencyKey": "ro"}');
BEGIN READ ONLY;
SELECT action FROM upsert('once', '{"_key": "ro"}', '{"idempotencyKey": "ro"}');
SELECT action FROM upsert('once', '{"_key": "ro"}', '{"idempotencyKey": "ro2"}');
ROLLBACK;
SELECT upsert_forget('-1 hour');
DROP TABLE once, other_once, rows_once;
DROP FUNCTION shown;
DROP ROLE regress_once, regress_once_other;
