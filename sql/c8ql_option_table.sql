-- Every option of a modification on every modification: honoured, accepted
-- without effect, or warning 1539.  The table below says what the language
-- has; each cell is then tried: the statement without the option and with it,
-- from the same state, must answer, write, lock or wait differently exactly
-- where the option is honoured, and warn exactly where it is not known.
\set SHOW_CONTEXT never
SELECT create_collection('ot');
CREATE TABLE said (option text, value text, ins text, upd text, repl text, rem text, ups text);
INSERT INTO said VALUES
-- option                     value           INSERT      UPDATE      REPLACE     REMOVE      UPSERT
  ('ignoreErrors',            'true',         'honoured', 'honoured', 'honoured', 'honoured', 'honoured'),
  ('waitForSync',             'true',         'honoured', 'honoured', 'honoured', 'honoured', 'honoured'),
  ('exclusive',               'true',         'honoured', 'honoured', 'honoured', 'honoured', 'honoured'),
  ('ignoreRevs',              'false',        'honoured', 'honoured', 'honoured', 'honoured', 'honoured'),
  ('keepNull',                'false',        'honoured', 'honoured', 'accepted', 'warning',  'honoured'),
  ('mergeObjects',            'false',        'honoured', 'honoured', 'accepted', 'warning',  'honoured'),
  ('overwrite',               'true',         'honoured', 'warning',  'warning',  'warning',  'honoured'),
  ('overwriteMode',           '"ignore"',     'honoured', 'warning',  'warning',  'warning',  'honoured'),
  ('overwriteMode',           '"replace"',    'honoured', 'warning',  'warning',  'warning',  'honoured'),
  ('overwriteMode',           '"update"',     'honoured', 'warning',  'warning',  'warning',  'honoured'),
  ('overwriteMode',           '"nonsense"',   'warning',  'warning',  'warning',  'warning',  'warning'),
  ('versionAttribute',        '"v"',          'honoured', 'honoured', 'honoured', 'warning',  'warning'),
  ('indexHint',               '"ot_pkey"',    'warning',  'warning',  'warning',  'warning',  'accepted'),
  ('forceIndexHint',          'true',         'warning',  'warning',  'warning',  'warning',  'honoured'),
  ('useCache',                'false',        'warning',  'warning',  'warning',  'warning',  'accepted'),
  ('disableIndex',            'true',         'warning',  'warning',  'warning',  'warning',  'accepted'),
  ('readOwnWrites',           'false',        'warning',  'warning',  'warning',  'warning',  'accepted'),
  ('skipDocumentValidation',  'true',         'accepted', 'accepted', 'accepted', 'warning',  'accepted'),
  ('refillIndexCaches',       'true',         'accepted', 'accepted', 'accepted', 'accepted', 'accepted'),
  ('isRestore',               'true',         'accepted', 'warning',  'accepted', 'warning',  'warning'),
  ('KeepNull',                'false',        'warning',  'warning',  'warning',  'warning',  'warning'),
  ('nonsense',                'true',         'warning',  'warning',  'warning',  'warning',  'warning');

-- statements whose course each option can change; O is the place of OPTIONS, and what must stand there for it to matter
CREATE TABLE tries (op text, query text, beside text);
INSERT INTO tries VALUES
  ('ins',  'INSERT {_key: "k", _rev: "old", v: 2, a: null, o: {y: 1}} IN ot O RETURN NEW', ''),
  ('ins',  'INSERT {_key: "k", _rev: "old", v: 2, a: null, o: {y: 1}} IN ot O RETURN NEW', 'overwriteMode: "update"'),
  ('ins',  'INSERT {_key: "new", v: 2} IN ot O RETURN NEW', ''),
  ('upd',  'UPDATE {_key: "k", _rev: "old", v: 2, a: null, o: {y: 1}} IN ot O RETURN NEW', ''),
  ('upd',  'UPDATE {_key: "k", _rev: "old"} WITH {v: 2, a: null, o: {y: 1}} IN ot O RETURN NEW', ''),
  ('upd',  'UPDATE "none" WITH {v: 2} IN ot O RETURN NEW', ''),
  ('repl', 'REPLACE {_key: "k", _rev: "old", v: 2, a: null, o: {y: 1}} IN ot O RETURN NEW', ''),
  ('repl', 'REPLACE {_key: "k", _rev: "old"} WITH {v: 2, a: null, o: {y: 1}} IN ot O RETURN NEW', ''),
  ('repl', 'REPLACE "none" WITH {v: 2} IN ot O RETURN NEW', ''),
  ('rem',  'REMOVE {_key: "k", _rev: "old"} IN ot O RETURN OLD', ''),
  ('rem',  'REMOVE "none" IN ot O RETURN OLD', ''),
  ('ups',  'UPSERT {_key: "k"} INSERT {} UPDATE {_rev: "old", v: 2, a: null, o: {y: 1}} IN ot O RETURN NEW', ''),
  ('ups',  'UPSERT {no: 1} INSERT {_key: "k", v: 2, o: {y: 1}} UPDATE {} IN ot O RETURN NEW', ''),
  ('ups',  'UPSERT {v: 3} INSERT {} UPDATE {v: 2} IN ot O RETURN NEW', 'indexHint: "none"');

-- what the statement does from a state that is always the same; all but its warnings
CREATE PROCEDURE attempt(query text, INOUT course jsonb, INOUT warned boolean) LANGUAGE plpgsql AS $$
DECLARE answer jsonb;
BEGIN
  DELETE FROM ot;
  PERFORM upsert('ot', '{"_key": "k", "v": 3, "a": 1, "o": {"x": 1}}');
  COMMIT;
  SET LOCAL synchronous_commit = off;
  warned := false;
  BEGIN
    answer := c8ql_execute(query);
    warned := answer->'extra'->'warnings' @> '[{"code": 1539}]';
    course := jsonb_build_object('stats', answer->'extra'->'stats', 'result', (SELECT jsonb_agg(r - '_rev') FROM jsonb_array_elements(nullif(answer->'result', '[null]')) r));
  EXCEPTION WHEN OTHERS THEN
    course := to_jsonb(SQLSTATE);
  END;
  course := jsonb_build_array(course, (SELECT jsonb_agg(jsonb_build_array(_key, doc)) FROM ot),
    current_setting('synchronous_commit'), exists (SELECT FROM pg_locks WHERE relation = 'ot'::regclass AND mode = 'ShareRowExclusiveLock' AND pid = pg_backend_pid()));
  ROLLBACK;
END $$;
CREATE TABLE found (op text, option text, value text, verdict text);
DO $$
DECLARE
  s record; t record;
  without jsonb; with_it jsonb; warned boolean; ignored boolean; differs boolean; warns boolean;
BEGIN
  FOR s IN SELECT op, option, value FROM said, unnest(ARRAY['ins', 'upd', 'repl', 'rem', 'ups']) op LOOP
    differs := false; warns := false;
    FOR t IN SELECT * FROM tries WHERE op = s.op LOOP
      CONTINUE WHEN position(s.option || ':' IN t.beside) > 0;
      CALL attempt(replace(t.query, ' O ', ' OPTIONS {' || t.beside || '} '), without, ignored);
      CALL attempt(replace(t.query, ' O ', ' OPTIONS {' || concat_ws(', ', nullif(t.beside, ''), s.option || ': ' || s.value) || '} '), with_it, warned);
      differs := differs OR without IS DISTINCT FROM with_it;
      warns := warns OR warned;
    END LOOP;
    INSERT INTO found VALUES (s.op, s.option, s.value, CASE WHEN differs AND warns THEN 'both' WHEN differs THEN 'honoured' WHEN warns THEN 'warning' ELSE 'accepted' END);
  END LOOP;
END $$;
SELECT count(*) AS cells FROM found;
-- nothing to be seen here
SELECT f.op, f.option, f.value, f.verdict AS found, to_jsonb(s)->>f.op AS said
FROM found f JOIN said s USING (option, value) WHERE f.verdict IS DISTINCT FROM to_jsonb(s)->>f.op;

-- revisions: of the key document where it has one, else of the document
DELETE FROM ot;
SELECT action FROM upsert('ot', '{"_key": "a", "n": 1}');
\set VERBOSITY sqlstate
SELECT c8ql('REMOVE {_key: "a", _rev: "2222222222222"} IN ot OPTIONS {ignoreRevs: false}');
SELECT c8ql('UPDATE {_key: "a", _rev: "2222222222222"} WITH {n: 2} IN ot OPTIONS {ignoreRevs: false}');
SELECT c8ql('REPLACE {_key: "a", _rev: "2222222222222"} WITH {n: 2} IN ot OPTIONS {ignoreRevs: false}');
SELECT c8ql('UPDATE "a" WITH {n: 2, _rev: "2222222222222"} IN ot OPTIONS {ignoreRevs: false}');
SELECT c8ql('UPDATE {_key: "a"} WITH {n: 2, _rev: "2222222222222"} IN ot OPTIONS {ignoreRevs: false}');
SELECT c8ql('FOR d IN ot UPDATE {_key: "a", _rev: "2222222222222"} WITH {n: 2, _rev: d._rev} IN ot OPTIONS {ignoreRevs: false}');
SELECT c8ql('INSERT {_key: "a", n: 2, _rev: "2222222222222"} IN ot OPTIONS {overwriteMode: "update", ignoreRevs: false}');
\set VERBOSITY default
SELECT c8ql('FOR d IN ot UPDATE d WITH {n: d.n + 1, _rev: "stale"} IN ot OPTIONS {ignoreRevs: false} RETURN NEW.n');
SELECT c8ql('FOR d IN ot REPLACE d WITH {n: d.n + 1} IN ot OPTIONS {ignoreRevs: false} RETURN NEW.n');
SELECT c8ql('UPDATE {_key: "a", _rev: "2222222222222"} WITH {n: 4} IN ot RETURN NEW.n');
SELECT c8ql_execute('FOR r IN ["2222222222222", "3333333333333"] REMOVE {_key: "a", _rev: r} IN ot OPTIONS {ignoreRevs: false, ignoreErrors: true} RETURN OLD');
SELECT c8ql('FOR d IN ot REMOVE d IN ot OPTIONS {ignoreRevs: false} RETURN OLD.n');

-- versionAttribute: only where both sides have a version does the greater one win
CREATE FUNCTION written(old jsonb, new jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  PERFORM c8ql('INSERT {_key: "v", v: @o, n: 1} IN ot OPTIONS {overwriteMode: "replace"}', jsonb_build_object('o', old));
  RETURN c8ql('UPDATE "v" WITH {v: @n, n: 2} IN ot OPTIONS {versionAttribute: "v"} RETURN NEW.n == 2', jsonb_build_object('n', new));
END $$;
SELECT old, new, written(old::jsonb, new::jsonb) FROM (VALUES ('1', '2'), ('2', '1'), ('2', '2'), ('2', '2.9'), ('2.9', '3'), ('2.1', '2.9'), ('2', 'null'), ('2', '"3"'), ('"9"', '1'),
  ('null', '1'), ('-1', '-2'), ('5', '-1'), ('-1', '0'), ('0', '0.5'), ('0', '1'), ('18446744073709551616', '18446744073709551617')) v(old, new);
SELECT c8ql('INSERT {_key: "v2", n: 1} IN ot OPTIONS {versionAttribute: "v"} RETURN NEW.n');
SELECT c8ql('REPLACE "v2" WITH {v: 1, n: 2} IN ot OPTIONS {versionAttribute: "v"} RETURN NEW.n');
SELECT c8ql('REPLACE "v2" WITH {n: 3} IN ot OPTIONS {versionAttribute: "v"} RETURN NEW.n');

-- overwriteMode "ignore": NEW is what was inserted, or null
SELECT c8ql('FOR k IN ["v2", "w"] INSERT {_key: k, n: 9} IN ot OPTIONS {overwriteMode: "ignore"} RETURN NEW.n');
SELECT c8ql('UPSERT {no: 1} INSERT {_key: "w"} UPDATE {} IN ot OPTIONS {overwriteMode: "ignore"} RETURN NEW');
SELECT doc FROM ot WHERE _key IN ('v2', 'w') ORDER BY _key;
SELECT c8ql('INSERT {_key: "w"} IN ot OPTIONS {overwriteMode: "ignore"} RETURN OLD');
SELECT c8ql('INSERT {_key: "w", n: 10} IN ot OPTIONS {overwrite: true} RETURN [OLD.n, NEW.n]');

-- options of FOR and COLLECT
SELECT c8ql('FOR d IN ot OPTIONS {indexHint: "x", useCache: false, nonsense: 1} COLLECT WITH COUNT INTO n OPTIONS {method: "hash", other: 2} RETURN n');
SELECT c8ql_execute('FOR d IN ot OPTIONS {nonsense: 1} FILTER d.n == 10 RETURN 1');
SELECT c8ql_eval('(FOR x IN [1] OPTIONS {nonsense: 1} RETURN x)');
\set VERBOSITY sqlstate
SELECT c8ql('FOR d IN ot OPTIONS {nonsense: 1} RETURN 1', '{}', '{"failOnWarning": true}');
\set VERBOSITY default
DROP TABLE ot, said, tries, found;
DROP PROCEDURE attempt;
DROP FUNCTION written;
