-- upsert_import(): batches that commit, progress, resuming, failed documents;
-- and queries of json and text.
\set SHOW_CONTEXT never
SELECT create_collection('imp', '{"unique": ["mail"]}');
ALTER TABLE imp ADD began timestamptz DEFAULT now();
CREATE VIEW progress AS SELECT resume_key, state, last_key, batches, inserted, updated, unchanged, ignored, failed FROM upsert_progress WHERE collection = 'imp'::regclass ORDER BY started_at;
CALL upsert_import('imp', $$SELECT jsonb_build_object('_key', 'k' || i, 'n', i) FROM generate_series(1, 1000) i$$, '{"batchSize": 300}');
SELECT * FROM progress;
SELECT count(*), count(DISTINCT began) AS transactions FROM imp;
-- a batch ends where the key changes; json and text; _id; a trailing semicolon
CALL upsert_import('imp', $$SELECT format('{"_id": "imp/k%s", "m": %s}', i % 5, i) FROM generate_series(1, 50) i;$$, '{"batchSize": 3}');
SELECT * FROM progress;
SELECT _key, doc FROM imp WHERE doc ? 'm' ORDER BY 1;
CALL upsert_import('imp', $$SELECT json_build_object('_key', 'k1', 'pad', repeat('x', 1000), 'i', i) FROM generate_series(1, 3) i UNION ALL SELECT json_build_object('_key', 'j' || i, 'pad', repeat('x', 1000)) FROM generate_series(1, 10) i$$, '{"batchBytes": 2500, "duplicates": "last"}');
SELECT * FROM progress;
CALL upsert_import('imp', 'VALUES (NULL::jsonb) LIMIT 0');
SELECT * FROM progress;

-- it breaks off, and goes on
CREATE TABLE todo (k text, doc jsonb);
INSERT INTO todo SELECT 'r' || i, jsonb_build_object('_key', 'r' || i, 'n', i, 'mail', CASE i WHEN 550 THEN 300 ELSE i END) FROM generate_series(100, 999) i;
\set VERBOSITY terse
CALL upsert_import('imp', 'SELECT doc FROM todo', '{"batchSize": 100, "resumeKey": "todo"}');
SELECT * FROM progress;
SELECT count(*) FROM imp WHERE _key LIKE 'r%';
CALL upsert_import('imp', 'SELECT doc FROM todo ', '{"batchSize": 100, "resumeKey": "todo"}');
CALL upsert_import('imp', 'SELECT doc FROM todo', '{"batchSize": 100, "resumeKey": "todo"}');
UPDATE todo SET doc = doc || '{"mail": 550}' WHERE k = 'r550';
-- what is done is not done again
UPDATE todo SET doc = doc || '{"again": true}';
CALL upsert_import('imp', 'SELECT doc FROM todo', '{"batchSize": 100, "resumeKey": "todo"}');
SELECT * FROM progress;
SELECT count(*), count(*) FILTER (WHERE doc ? 'again') AS again, min(_key) FILTER (WHERE doc ? 'again') FROM imp WHERE _key LIKE 'r%';
-- finished: forgotten
CALL upsert_import('imp', 'SELECT doc FROM todo', '{"batchSize": 500, "resumeKey": "todo"}');
SELECT * FROM progress;

-- one that breaks off leaves no file behind
SET work_mem = '64kB';
SET maintenance_work_mem = '1MB';
CALL upsert_import('imp', $$SELECT jsonb_build_object('_key', 'big' || i, 'pad', repeat('x', 500), 'mail', CASE i WHEN 9000 THEN 300 ELSE -i END) FROM generate_series(1, 10000) i$$, '{"batchSize": 1000, "resumeKey": "big"}');
SELECT state, batches > 0 AS some FROM progress WHERE resume_key = 'big';
SELECT count(*) FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%';
-- nor does one that is read in parts from a file
CALL upsert_import('imp', $$SELECT jsonb_build_object('_key', 'big' || i, 'pad', repeat('y', 500)) FROM generate_series(1, 10000) i$$, '{"batchSize": 3000}');
SELECT batches, inserted + updated AS done FROM progress WHERE state = 'finished' ORDER BY batches DESC LIMIT 1;
SELECT count(*), count(*) FILTER (WHERE doc->>'pad' LIKE 'y%') AS new FROM imp WHERE _key LIKE 'big%';
SELECT count(*) FROM pg_ls_tmpdir() WHERE name LIKE 'pgsql_tmp' || pg_backend_pid() || '.%';
DELETE FROM imp WHERE _key LIKE 'big%';
RESET work_mem;
RESET maintenance_work_mem;

-- failed documents
CALL upsert_import('imp', $$VALUES ('{"_key": "f1", "mail": 1}'), ('{"_key": "f2", "mail": 300}'), ('{"n": 1}'), ('{"_key": "a/b"}'), ('[]'), ('{"_id": "other/x"}'), ('{"_key": "f3"}')$$, '{"errorTable": "imp_errors", "batchSize": 2, "resumeKey": "e"}');
SELECT * FROM progress;
SELECT collection, key, doc, error ->> 'sqlstate' AS sqlstate, error ->> 'message' AS message FROM imp_errors ORDER BY doc;
CALL upsert_import('imp', $$VALUES ('{"_key": "f1", "mail": 300}')$$, '{"errorTable": "public.imp_errors"}');
SELECT count(*) FROM imp_errors;
CALL upsert_import('imp', $$VALUES ('{"_key": "f1", "mail": 300}'), ('{"_key": "f2"}')$$, '{"ignoreErrors": true}');
SELECT inserted, unchanged, ignored, failed FROM progress;
CALL upsert_import('imp', $$VALUES ('{"n": 1}'::jsonb)$$);
-- modes and conditions
CALL upsert_import('imp', $$VALUES ('{"_key": "f1", "x": 1}'::jsonb)$$, '{"mode": "replace"}');
CALL upsert_import('imp', $$VALUES ('{"_key": "f9", "x": 1}'::jsonb)$$, '{"mustExist": true}');
SELECT doc FROM imp WHERE _key IN ('f1', 'f9');
-- numbers in their own order
CREATE TABLE imp_int (id int PRIMARY KEY, doc jsonb);
CALL upsert_import('imp_int', $$SELECT jsonb_build_object('_key', i, 'n', i) FROM generate_series(20, 1, -1) i$$, '{"batchSize": 7}');
SELECT count(*), min(id), max(id), (SELECT last_key FROM upsert_progress WHERE collection = 'imp_int'::regclass) FROM imp_int;

-- not from functions, but from a DO block it goes
DO $$ BEGIN CALL upsert_import('imp', 'SELECT jsonb_build_object(''_key'', ''do'' || i) FROM generate_series(1, 10) i', '{"batchSize": 3}'); END $$;
SELECT batches, inserted FROM progress;

-- refused
BEGIN;
CALL upsert_import('imp', $$VALUES ('{}'::jsonb)$$);
ROLLBACK;
CREATE FUNCTION call_it() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL upsert_import('imp', 'VALUES (''{}''::jsonb)'); END $$;
SELECT call_it();
CALL upsert_import('imp', 'SELECT 1');
CALL upsert_import('imp', 'SELECT 1, 2');
CALL upsert_import('imp', 'DROP TABLE imp');
CALL upsert_import('imp', 'DELETE FROM todo RETURNING doc');
CALL upsert_import('imp', 'WITH t AS (DELETE FROM todo RETURNING doc) SELECT doc FROM t');
SELECT count(*) FROM todo;
CALL upsert_import('imp', $$VALUES ('no json')$$);
CALL upsert_import('imp', $$VALUES (NULL::jsonb)$$);
CALL upsert_import('imp', NULL);
CALL upsert_import('todo', $$VALUES ('{}'::jsonb)$$);
CALL upsert_import('imp', $$VALUES ('{}'::jsonb)$$, '{"batchSize": 0}');
CALL upsert_import('imp', $$VALUES ('{}'::jsonb)$$, '{"batchSize": 1.5}');
CALL upsert_import('imp', $$VALUES ('{}'::jsonb)$$, '{"dryRun": true}');
CALL upsert_import('imp', $$VALUES ('{}'::jsonb)$$, '{"by": ["a"]}');

-- a rule has the error itself go elsewhere
\set VERBOSITY default
CREATE RULE nowhere AS ON INSERT TO imp_errors DO INSTEAD NOTHING;
CALL upsert_import('imp', $$VALUES ('[]'::jsonb)$$, '{"errorTable": "imp_errors"}');
DROP RULE nowhere ON imp_errors;
\set VERBOSITY terse

-- others' progress is theirs, and rights are the caller's
CREATE ROLE regress_import;
SET ROLE regress_import;
SELECT count(*) FROM upsert_progress;
SELECT count(*) FROM upsert_imports;
CALL upsert_import('imp', $$VALUES ('{"_key": "role"}'::jsonb)$$);
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON imp TO regress_import;
SET ROLE regress_import;
CALL upsert_import('imp', $$VALUES ('{"_key": "role"}'::jsonb)$$);
CALL upsert_import('imp', $$SELECT doc FROM todo$$);
SELECT state, inserted FROM upsert_progress;
RESET ROLE;

-- upsert_from, too, takes json and text
SELECT * FROM upsert_from('imp', $$SELECT '{"_key": "t1", "a": 1}'::text UNION ALL SELECT '{"_key": "t2"}'$$);
SELECT * FROM upsert_from('imp', $$SELECT '{"_key": "t1", "a": 2}'::json$$);
\set VERBOSITY default
\set SHOW_CONTEXT always
SELECT * FROM upsert_from('imp', $$VALUES ('{"_key": "t1"}'::text), ('{"_key"')$$);
SELECT upsert_document_key('imp', '{"_id": "imp/x"}'), upsert_document_key('imp', '{"_id": "other/x"}'), upsert_document_key('imp', '{}'), upsert_document_key('imp_int', '{"_key": 7}'), upsert_document_key('imp', '[]');
DROP VIEW progress;
DROP TABLE imp, todo, imp_errors, imp_int;
DROP FUNCTION call_it;
DROP ROLE regress_import;
