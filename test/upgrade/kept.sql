-- What pg_upgrade keeps, and a dump does not: answers for retries, and how far
-- loads have come.
SET search_path = app, ext;
SET client_min_messages = warning;
\set VERBOSITY sqlstate
\pset format unaligned
\pset tuples_only on
SELECT 'answers', count(*), md5(string_agg(a::text, ',' ORDER BY id)) FROM upsert_answers a;
BEGIN;
SELECT to_jsonb(r) = (SELECT answer FROM first_answers WHERE call = 'upsert') FROM upsert('person', '{"email": "once@x"}', '{"idempotencyKey": "once"}') r;
SELECT c8ql('INSERT {email: "c8ql@x"} INTO person RETURN NEW._key', '{}', '{"idempotencyKey": "once"}') = (SELECT answer FROM first_answers WHERE call = 'c8ql');
SELECT to_jsonb(r) = (SELECT answer FROM first_answers WHERE call = 'at') FROM at_create_record('records', 'did:plc:abc', 'a.b.c', '{"n": 1}', NULL, '{"idempotencyKey": "once"}') r;
SELECT action, new -> 'n' FROM upsert_by('person', '{email: "by@x"}', '{email: "by@x", n: 1}', '{n: OLD.n + 1}', NULL, '{}', '{"idempotencyKey": "by"}');
SELECT action FROM upsert_object('film', '{"title": "Once", "year": 2007}', 'film_title_year_key', '{"idempotencyKey": "once"}');
SELECT ledger_insert('lib', '{"id": "http://b/once", "pages": 1}', '{"idempotencyKey": "once"}') -> 't' AS t;
SAVEPOINT s;
SELECT upsert('person', '{"email": "another@x"}', '{"idempotencyKey": "once"}');
ROLLBACK TO s;
SELECT upsert_forget('0');
ROLLBACK;
SELECT collection, resume_key, state, last_key FROM upsert_progress WHERE resume_key IS NOT NULL;
CALL upsert_import('loaded', 'SELECT jsonb_build_object(''_key'', ''b'' || i, ''n'', CASE i WHEN 150 THEN 101 ELSE i END) FROM generate_series(100, 200) i', '{"batchSize": 10, "resumeKey": "cut off"}');
CALL upsert_import('loaded', 'SELECT 1', '{"batchSize": 10, "resumeKey": "cut off"}');
SELECT collection, resume_key, state, last_key FROM upsert_progress WHERE resume_key IS NOT NULL;
