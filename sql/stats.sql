-- What is counted of each table.  Without shared_preload_libraries it is this
-- session's alone; test/t/017_stats.pl has the shared one.  Which store did the
-- items is not shown, but that it was one of the two.
SELECT current_setting('shared_preload_libraries') ~ '\mupsert\M' AS preloaded \gset
\if :preloaded
\echo skipped: what a session counts, as upsert is preloaded here
\quit
\endif
CREATE SCHEMA stats;
SET search_path = stats, public;
CREATE VIEW counted AS
SELECT target, calls, inserted AS ins, updated AS upd, deleted AS del, unchanged AS unch, ignored AS ign, folded AS fold,
	conflicts AS confl, retries, search_locks AS search, direct + sql AS store
FROM upsert_stats WHERE target::text NOT LIKE '%.%' ORDER BY target::text COLLATE "C";
-- of its own session, and none has been used here
SELECT count(*) FROM upsert_stats;
SELECT create_collection('docs');
SELECT * FROM counted;

-- single calls
SELECT action FROM upsert('docs', '{"_key": "a", "n": 1}');
SELECT action FROM upsert('docs', '{"_key": "a", "n": 2}');
SELECT action FROM upsert('docs', '{"_key": "a", "n": 2}');
SELECT action FROM upsert('docs', '{"_key": "a", "n": 3}', '{"mode": "nothing"}');
SELECT action FROM upsert('docs', '{"_key": "a", "v": 1}', '{"versionAttribute": "v"}');
SELECT action FROM upsert('docs', '{"_key": "a", "v": 1}', '{"versionAttribute": "v"}');
SELECT action FROM patch_document('docs', 'a', '[{"op": "add", "path": "/p", "value": 1}]');
SELECT action FROM delete_document('docs', 'a');
SELECT action FROM delete_document('docs', 'a');
SELECT 'docs' |+ '{"_key": "a"}' IS NOT NULL AS merged;
SELECT * FROM counted;

-- what sees nothing written is not counted: dry runs, and what fails
SELECT upsert_stats_reset();
SELECT * FROM counted;
SELECT action FROM upsert('docs', '{"_key": "a", "n": 9}', '{"dryRun": true}');
SELECT action, error->>'sqlstate' AS error FROM upsert_many('docs', '[{"_key": "/"}]', '{"dryRun": true, "ignoreErrors": true}');
SELECT upsert('docs', '{"_key": "/"}');
SELECT * FROM counted;
\set VERBOSITY terse
SELECT upsert('docs', '{"_key": "a"}', '{"ifRev": null}');
\set VERBOSITY default
SELECT * FROM counted;

-- batches: an item is counted once, whatever became of its group
SELECT upsert_stats_reset('docs');
SELECT * FROM upsert_load('docs', '[{"_key": "b"}, {"_key": "c"}, {"_key": "a"}]');
SELECT * FROM upsert_load('docs', '[{"_key": "b", "n": 1}, {"_key": "b", "n": 2}, {"_key": "b", "m": 3}, {"_key": "f"}]');
SELECT * FROM upsert_load('docs', '[{"_key": "b"}, {"_key": "b"}]');
SELECT * FROM counted;
ALTER TABLE docs ADD CHECK (NOT doc ? 'bad');
SELECT upsert_stats_reset('docs');
SELECT ord, action FROM upsert_many('docs', '[{"_key": "g1"}, {"_key": "g2", "bad": 1}, {"_key": "g3"}, {"_key": "/"}, {"_key": "a"}]', '{"ignoreErrors": true}');
SELECT * FROM counted;
SELECT action FROM upsert_many('docs', '[{"_key": "h"}, {"_key": "h"}, {"_key": "i"}]', '{"duplicates": "last"}');
SELECT * FROM counted;
SELECT * FROM upsert_from('docs', 'SELECT jsonb_build_object(''_key'', ''m'' || i) FROM generate_series(1, 3000) i');
SELECT * FROM counted;

-- subtransactions and transactions that are rolled back: calls were made
SELECT upsert_stats_reset();
DO $$
BEGIN
	PERFORM upsert('docs', '{"_key": "s1"}');
	BEGIN
		PERFORM upsert('docs', '{"_key": "s2"}');
		PERFORM upsert('docs', '{"_key": "s3", "bad": 1}');
	EXCEPTION WHEN check_violation THEN
		PERFORM upsert('docs', '{"_key": "s4"}');
	END;
	BEGIN
		PERFORM upsert('docs', '{"_key": "s5"}');
		BEGIN
			PERFORM upsert('docs', '{"_key": "s6"}');
		EXCEPTION WHEN division_by_zero THEN
		END;
		PERFORM 1 / 0;
	EXCEPTION WHEN division_by_zero THEN
	END;
END
$$;
SELECT array_agg(_key ORDER BY _key) FROM docs WHERE _key LIKE 's%';
SELECT * FROM counted;
BEGIN;
SELECT action FROM upsert('docs', '{"_key": "s7"}');
SAVEPOINT one;
SELECT action FROM upsert('docs', '{"_key": "s8"}');
SAVEPOINT two;
SELECT action FROM upsert('docs', '{"_key": "s9"}');
RELEASE two;
-- shown when it commits
SELECT * FROM counted;
ROLLBACK TO one;
COMMIT;
SELECT * FROM counted;
BEGIN;
SELECT action FROM upsert('docs', '{"_key": "t"}');
ROLLBACK;
SELECT * FROM counted;
-- a call that commits is one call
SELECT upsert_stats_reset();
CREATE PROCEDURE in_parts() LANGUAGE plpgsql AS $$
BEGIN
	PERFORM upsert('docs', '{"_key": "u1"}');
	COMMIT;
	PERFORM upsert('docs', '{"_key": "u2"}');
	ROLLBACK;
	PERFORM upsert('docs', '{"_key": "u3"}');
END
$$;
CALL in_parts();
SELECT * FROM counted;
CALL upsert_import('docs', 'SELECT jsonb_build_object(''_key'', ''m'' || i, ''n'', 1) FROM generate_series(1, 300) i', '{"batchSize": 100}');
SELECT * FROM counted;

-- the other doors
SELECT upsert_stats_reset();
SELECT c8ql('FOR i IN 1..3 UPSERT {_key: CONCAT("c", i)} INSERT {_key: CONCAT("c", i)} UPDATE {n: i} IN docs');
SELECT c8ql('FOR d IN docs FILTER d._key IN ["c1", "c2"] UPDATE d WITH {n: 7} IN docs');
SELECT c8ql('FOR d IN docs FILTER d._key == "c3" REMOVE d IN docs');
SELECT * FROM counted;
SELECT upsert_stats_reset();
SELECT action FROM upsert_by('docs', '{name: "x"}', '{name: "x", n: 1}', '{n: OLD.n + 1}');
SELECT action FROM upsert_by('docs', '{name: "x"}', '{name: "x", n: 1}', '{n: OLD.n + 1}');
SELECT action FROM upsert_by('docs', '{_key: "c1"}', '{_key: "c1", n: 1}', '{bad: 1}', NULL, '{}', '{"ignoreErrors": true}');
SELECT * FROM counted;
CREATE TABLE lines (id int PRIMARY KEY, sku text UNIQUE, qty int CHECK (qty > 0));
SELECT upsert_stats_reset();
SELECT action FROM upsert_object('lines', '{"id": 1, "sku": "a", "qty": 1}');
SELECT action FROM upsert_object('lines', '{"id": 1, "sku": "a", "qty": 2}', 'any');
SELECT action FROM upsert_objects('lines', '[{"id": 2, "sku": "b", "qty": 1}, {"id": 3, "qty": 0}, {"id": 1, "qty": 2}]', NULL, '{"ignoreErrors": true}');
SELECT action FROM upsert_object('lines', '{"qty": 1, "id": 4}', '{qty}');
SELECT * FROM counted;
SELECT upsert_view('docs');
SELECT upsert_stats_reset();
INSERT INTO docs_upsert (doc) SELECT jsonb_build_object('_key', 'v' || i) FROM generate_series(1, 2500) i;
SELECT * FROM counted;
SELECT create_record_store('records');
SELECT upsert_stats_reset();
SELECT action FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 1}');
SELECT action FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 1}');
SELECT * FROM counted WHERE target = 'records'::regclass;
SELECT create_ledger('book');
SELECT upsert_stats_reset();
SELECT ledger_upsert('book', '[{"@id": "http://a/1", "http://a/p": 1}, {"@id": "http://a/2", "http://a/p": 1}]') IS NOT NULL;
SELECT * FROM counted;

-- the name is today's, and of a table that is gone nothing is told
SELECT upsert_stats_reset();
SELECT action FROM upsert('docs', '{"_key": "w"}');
ALTER TABLE docs RENAME TO papers;
SELECT * FROM counted;
DROP TABLE papers CASCADE;
SELECT * FROM counted;
SELECT upsert_stats_reset(0::regclass);
SELECT upsert_stats_reset('papers');
SELECT upsert_stats_reset(NULL);

-- who sees it: who may read or write something of the table, its owner, and
-- readers of all statistics
CREATE ROLE stats_poor;
CREATE ROLE stats_column;
CREATE ROLE stats_reader;
GRANT USAGE ON SCHEMA stats TO PUBLIC;
GRANT SELECT ON counted TO PUBLIC;
CREATE TABLE things (id int PRIMARY KEY, note text);
GRANT INSERT (note) ON things TO stats_column;
GRANT pg_read_all_stats TO stats_reader;
SELECT action FROM upsert_object('things', '{"id": 1}');
SET ROLE stats_poor;
SELECT target FROM upsert_stats;
SELECT target FROM upsert_stats_rows();
-- what is shown is this session's, so anybody forgets it
SELECT upsert_stats_reset('things');
RESET ROLE;
SELECT * FROM counted;
SELECT action FROM upsert_object('things', '{"id": 2}');
SET ROLE stats_column;
SELECT target FROM upsert_stats;
RESET ROLE;
SET ROLE stats_reader;
SELECT target FROM upsert_stats;
RESET ROLE;
SELECT shared, since <= now() AS since, since > now() - interval '1 hour' AS recent FROM upsert_stats;

-- a session knows of 100 tables; the least used one gives way
SELECT upsert_stats_reset();
DO $$
BEGIN
	FOR i IN 1..150 LOOP
		EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY)', i);
	END LOOP;
END
$$;
SELECT count(*) FROM generate_series(1, 10) i, LATERAL upsert_object('things', jsonb_build_object('id', i));
CREATE PROCEDURE each() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..150 LOOP
		FOR j IN 1..3 LOOP
			PERFORM upsert_object('things', '{"id": 1}');
			COMMIT;
		END LOOP;
		PERFORM upsert_object(format('t%s', i)::regclass, '{"id": 1}');
		COMMIT;
	END LOOP;
END
$$;
CALL each();
SELECT count(*) FROM upsert_stats;
SELECT calls FROM upsert_stats WHERE target = 'things'::regclass;
SELECT count(*) AS last FROM upsert_stats WHERE target = 't150'::regclass;

SHOW upsert.stats_max;
SET upsert.stats_max = 100;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA stats CASCADE;
DROP ROLE stats_poor, stats_column, stats_reader;
