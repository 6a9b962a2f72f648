-- The options object: every option wrong.  Nothing may be written.
\set SHOW_CONTEXT never
SELECT create_collection('docs');
SELECT upsert('docs', '{"_key": "a"}', '{"no such option": 1}');
SELECT upsert('docs', '{"_key": "a"}', '{"mode": "upsert"}');
SELECT upsert('docs', '{"_key": "a"}', '{"ifRev": 5}');
SELECT upsert('docs', '{"_key": "a"}', '{"keepNull": "yes"}');
SELECT upsert('docs', '{"_key": "a"}', '{"versionAttribute": null}');
\set VERBOSITY terse
SELECT upsert('docs', '{"_key": "a"}', '[]');
SELECT upsert('docs', '{"_key": "a"}', '"x"');
SELECT upsert('docs', '{"_key": "a"}', 'null');
SELECT upsert('docs', '{"_key": "a"}', '{"Mode": "replace"}');
SELECT upsert('docs', '{"_key": "a"}', '{"": 1}');
CREATE FUNCTION wrong(name text, value jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM upsert('docs', '{"_key": "a"}', jsonb_build_object(name, value));
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || CASE WHEN SQLERRM LIKE '%"' || name || '"%' THEN ' and names it' ELSE ' ' || SQLERRM END;
END $$;
SELECT name, value, wrong(name, value)
  FROM unnest(ARRAY['mode', 'keepNull', 'mergeObjects', 'ignoreRevs', 'ifRev', 'versionAttribute', 'ignoreErrors',
                    'duplicates', 'multiple', 'exclusive', 'waitForSync', 'dryRun', 'return']) WITH ORDINALITY AS n (name, i),
       unnest(ARRAY['7', '[]', '{}', '"?"', 'null', 'true']::jsonb[]) AS v (value)
 WHERE wrong(name, value) <> '22023 and names it'
 ORDER BY i, value;
SELECT upsert_many('docs', '[]', '{"mode": 1}');
SELECT upsert_load('docs', '[]', '{"mode": 1}');
SELECT upsert_from('docs', 'SELECT 1', '{"mode": 1}');
SELECT count(*) FROM docs WHERE _key <> 'a';

-- keepNull false holds in every mode, for new documents and old ones
SELECT mode, i, (SELECT new - '_id' - '_key' - '_rev' FROM upsert('docs', jsonb_build_object('_key', mode, 'a', null, 'o', '{"b": null, "c": 1}'::jsonb), jsonb_build_object('mode', mode, 'keepNull', false))) AS new
  FROM unnest(ARRAY['update', 'replace', 'nothing', 'mergePatch']) mode, generate_series(1, 2) i ORDER BY mode, i;
SELECT i, new - '_id' - '_key' - '_rev' AS new FROM generate_series(1, 2) i, LATERAL
	upsert_by('docs', '{_key: "merged"}', '{_key: "merged", a: null, o: {b: null, c: 1}}', '{d: 1, e: null, o: {c: null}}', NULL, '{}', CASE WHEN i > 0 THEN '{"keepNull": false}'::jsonb END) ORDER BY i;
SELECT i, new - '_id' - '_key' - '_rev' AS new FROM generate_series(1, 2) i, LATERAL
	upsert_by('docs', '{_key: "replaced"}', '{_key: "replaced", a: null, o: {b: null, c: 1}}', NULL, '{d: 1, e: null, o: {f: null}}', '{}', CASE WHEN i > 0 THEN '{"keepNull": false}'::jsonb END) ORDER BY i;
DELETE FROM docs WHERE _key <> 'a';
SELECT upsert('docs', '{"_key": "a"}', '{"mode": "mergePatch", "mergeObjects": false}');

-- waitForSync lasts to the end of the transaction
SET synchronous_commit = off;
BEGIN;
SELECT action FROM upsert('docs', '{"_key": "sync", "v": 1}', '{"waitForSync": false}');
SHOW synchronous_commit;
SELECT action FROM upsert('docs', '{"_key": "sync", "v": 2}', '{"waitForSync": true}');
SHOW synchronous_commit;
COMMIT;
SHOW synchronous_commit;
SET synchronous_commit = remote_apply;
BEGIN;
SELECT action FROM upsert('docs', '{"_key": "sync", "v": 3}', '{"waitForSync": true}');
SHOW synchronous_commit;
COMMIT;
RESET synchronous_commit;

-- exclusive keeps other writers out
BEGIN;
SELECT action FROM upsert('docs', '{"_key": "x", "v": 1}', '{"exclusive": true}');
SELECT mode FROM pg_locks WHERE relation = 'docs'::regclass AND pid = pg_backend_pid() AND mode LIKE 'Share%';
COMMIT;

DROP TABLE docs;
DROP FUNCTION wrong;
