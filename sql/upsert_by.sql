-- upsert_by(): C8QL's UPSERT as a function.
\set SHOW_CONTEXT never
SELECT create_collection('ub');
CREATE FUNCTION body(jsonb) RETURNS jsonb LANGUAGE sql AS $$SELECT $1 - '_id' - '_key' - '_rev'$$;

SELECT action, body(old) AS old, body(new) AS new FROM upsert_by('ub', '{name: "x"}', '{name: "x", n: 1}', '{n: OLD.n + 1}');
SELECT action, body(old) AS old, body(new) AS new FROM upsert_by('ub', '{name: "x"}', '{name: "x", n: 1}', '{n: OLD.n + 1}');
SELECT action, body(old) AS old, body(new) AS new FROM upsert_by('ub', '{name: "x"}', '{}', replace => '{n: OLD.n + 1, name: "x", was: OLD._key != null}');
SELECT action, body(old) AS old, body(new) AS new FROM upsert_by('ub', '{name: "x"}', '{}', '{}');
SELECT action, body(old) AS old, body(new) AS new FROM upsert_by('ub', '{name: "x"}', '{}', '{n: 3}');
-- jsonb values are constant expressions
SELECT action, body(new) AS new FROM upsert_by('ub', '{"name": "y"}'::jsonb, '{"name": "y", "o": {"a": 1}}'::jsonb, '{"o": {"b": 2}}'::jsonb);
SELECT action, body(new) AS new FROM upsert_by('ub', '{"name": "y"}'::jsonb, '{"name": "y", "o": {"a": 1}}'::jsonb, '{"o": {"b": 2}}'::jsonb);
-- parameters, also as the whole search; nested objects are paths
SELECT action, body(new) AS new FROM upsert_by('ub', '@s', '@d', '{n: (OLD.n || 0) + @step}', bind => '{"s": {"o": {"a": 1}}, "d": {}, "step": 5}');
SELECT action, body(new) AS new FROM upsert_by('ub', 'MERGE({name: @n}, {n: 5})', '{}', '{merged: true}', bind => '{"n": "y"}');
-- by key
SELECT action, key, body(new) AS new FROM upsert_by('ub', '{_key: "k"}', '{_key: "k", v: 1}', '{v: OLD.v + 1, seen: OLD._key}');
SELECT action, key, body(new) AS new FROM upsert_by('ub', '{_key: "k"}', '{_key: "k", v: 1}', '{v: OLD.v + 1, seen: OLD._key}');
SELECT action, key, body(new) AS new FROM upsert_by('ub', '{_id: "ub/k"}', '{}', '{by: "id"}');
-- many calls from one call site, each sees what the one before did
SELECT count(*), min(action COLLATE "C"), max(action COLLATE "C") FROM generate_series(1, 100) i, upsert_by('ub', '{loop: @l}', '{loop: @l, n: 1}', '{n: OLD.n + 1}', bind => jsonb_build_object('l', i % 3));
SELECT doc FROM ub WHERE doc ? 'loop' ORDER BY doc->'loop';

-- several matches
SELECT action, key FROM upsert_many('ub', '[{"_key": "m2", "tag": "t"}, {"_key": "m1", "tag": "t"}]');
SELECT action, key FROM upsert_by('ub', '{tag: "t"}', '{}', '{hit: true}', options => '{"multiple": "first"}');
SELECT _key, doc->'hit' AS hit FROM ub WHERE doc->>'tag' = 't' ORDER BY 1;
\set VERBOSITY sqlstate
SELECT action, key FROM upsert_by('ub', '{tag: "t"}', '{}', '{hit: true}');
SELECT action, key FROM upsert_by('ub', '{tag: "t"}', '{}', '{hit: true}', options => '{"multiple": "error"}');
\set VERBOSITY default

-- options
SELECT action, body(new) AS new FROM upsert_by('ub', '{_key: "o"}', '{_key: "o", a: {b: 1}, c: 1}', '{}');
SELECT action, body(new) AS new FROM upsert_by('ub', '{_key: "o"}', '{}', '{a: {d: 2}, c: null}', options => '{"keepNull": false}');
SELECT action, body(new) AS new FROM upsert_by('ub', '{_key: "o"}', '{}', '{a: {e: 3}}', options => '{"mergeObjects": false}');
SELECT action, body(new) AS new FROM upsert_by('ub', '{_key: "o"}', '{}', '{dry: 1}', options => '{"dryRun": true}');
SELECT action, body(new) AS new FROM upsert_by('ub', '{dry: "insert"}', '{dry: "insert"}', '{}', options => '{"dryRun": true}');
SELECT count(*) FROM ub WHERE doc ? 'dry';
SELECT action, key, old IS NULL AS old, new IS NULL AS new FROM upsert_by('ub', '{_key: "o"}', '{}', '{r: 1}', options => '{"return": "key"}');
SELECT action, body(new) AS new FROM upsert_by('ub', '{_key: "o"}', '{}', '{r: 2}', options => '{"return": "new"}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{v: 5}', options => '{"versionAttribute": "v"}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{v: 5, late: 1}', options => '{"versionAttribute": "v"}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{_rev: "no", v: 6}', options => '{"ignoreRevs": false, "ignoreErrors": true}');
SELECT action FROM upsert_by('ub', '{no: 1}', '{_key: "o"}', '{}', options => '{"ignoreErrors": true}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{v: 7}', options => '{"exclusive": true, "waitForSync": true}');

-- _rev in the search
SELECT action FROM upsert_by('ub', '{_key: "o", _rev: "no"}', '{_key: "p"}', '{v: 6}');
SELECT action FROM upsert_by('ub', '@s', '{_key: "q"}', '{v: 6}', bind => '{"s": {"_rev": "no"}}');

-- errors
\set VERBOSITY sqlstate
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{_rev: "no", v: 6}', options => '{"ignoreRevs": false}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{v: 8}', options => '{"ifRev": "no"}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{v: 8}', options => '{"ifRev": null}');
SELECT action FROM upsert_by('ub', '{_key: "none"}', '{_key: "none"}', '{v: 8}', options => '{"ifRev": "x"}');
SELECT action FROM upsert_by('ub', '{no: 1}', '{_key: "o"}', '{}');
SELECT action FROM upsert_by('ub', '{no: 1}', '{_key: "a b"}', '{}');
SELECT action FROM upsert_by('ub', '{no: 1}', '1', '{}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '1');
SELECT action FROM upsert_by('ub', '1', '{}', '{}');
SELECT action FROM upsert_by('ub', '{}', '{}');
SELECT action FROM upsert_by('ub', '{}', '{}', '{}', '{}');
SELECT action FROM upsert_by('ub', '{}', NULL, '{}');
SELECT action FROM upsert_by(NULL, '{}', '{}', '{}');
SELECT action FROM upsert_by('ub', '{a: @a}', '{}', '{}');
SELECT action FROM upsert_by('ub', '{a: @a}', '{}', '{}', bind => '[]');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{}', options => '{"mode": "replace"}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', '{}', options => '{"mode": "nothing"}');
SELECT action FROM upsert_by('ub', '{_key: "o"}', '{}', NULL, '{z: 1}', options => '{"mode": "replace"}');
SELECT action FROM upsert_by('ub', '{a: b}', '{}', '{}');
SELECT action FROM upsert_by('ub', '{a: 1}', '{}', '{a: (INSERT {} IN ub)}');
SELECT action FROM upsert_by('ub', '{a: 1}', '{}', '{}', options => '{"nope": 1}');
SELECT action FROM upsert_by('pg_class', '{a: 1}', '{}', '{}');
SELECT action FROM upsert_by('ub', '{a: 1}', '{a:', '{}');
\set VERBOSITY default
-- a failed compilation leaves nothing behind in the call site
DO $$
DECLARE u text; r text;
BEGIN
  FOREACH u IN ARRAY ARRAY['{x: 1}', '{x: nope}', '{x: 2}'] LOOP
    BEGIN
      SELECT new->>'x' INTO r FROM upsert_by('ub', '{_key: "z"}', '{_key: "z"}', u::docexpr);
      RAISE NOTICE '%', r;
    EXCEPTION WHEN undefined_table THEN RAISE NOTICE 'undefined';
    END;
  END LOOP;
END $$;
-- on the index of a unique attribute
SELECT create_collection('ubu', '{"unique": ["email"]}');
SELECT i, action, body(new) AS new FROM generate_series(1, 2) i, upsert_by('ubu', '{email: "a@b"}', '{email: "a@b", n: 1}', '{n: OLD.n + 1}', bind => jsonb_build_object('i', i));
SELECT action FROM upsert_by('ubu', '{email: null}', '{n: 7}', '{n: 8}');
SELECT action, body(new) AS new FROM upsert_by('ubu', '{email: null}', '{n: 7}', '{n: 8}');
DROP FUNCTION body;
DROP TABLE ub, ubu;
