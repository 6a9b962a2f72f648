-- "Only if": ifRev, ignoreRevs, mustExist and versionAttribute, each alone and together.
\pset format unaligned
\pset tuples_only on
SELECT create_collection('docs');
CREATE TABLE rows (id int PRIMARY KEY, n int, at timestamptz, _rev text);
CREATE FUNCTION asked(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE 'SELECT action FROM ' || call INTO answer;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

\echo == what is there: nothing, or a document; what is asked
CREATE TABLE ask (i serial, options text);
INSERT INTO ask (options) VALUES ('{}'), ('{"mustExist": true}'), ('{"mustExist": false}'), ('{"ifRev": null}'), ('{"ifRev": "REV"}'), ('{"ifRev": "other"}'),
	('{"ignoreRevs": false}'), ('{"ignoreRevs": false, "ifRev": "REV"}'), ('{"ignoreRevs": false, "ifRev": "other"}'),
	('{"mustExist": true, "ifRev": "REV"}'), ('{"mustExist": true, "ifRev": null}'), ('{"mustExist": 1}');
CREATE FUNCTION now_there(there boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	rev text := '2222222222222';
BEGIN
	DELETE FROM docs;
	DELETE FROM rows;
	IF there THEN
		PERFORM upsert('docs', '{"_key": "a", "n": 0}');
		SELECT _rev INTO rev FROM docs;
		INSERT INTO rows VALUES (1, 0, NULL, rev);
	END IF;
	RETURN rev;
END $$;
CREATE FUNCTION all_doors(sent text, options text, there boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	rev text;
	answers text[];
	call text;
BEGIN
	FOREACH call IN ARRAY ARRAY[
		$c$upsert('docs', jsonb_strip_nulls(jsonb_build_object('_key', 'a', 'n', 1, '_rev', %1$s)), %2$L)$c$,
		$c$upsert_many('docs', jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('_key', 'a', 'n', 1, '_rev', %1$s))), %2$L)$c$,
		$c$upsert_by('docs', '{_key: "a"}', '{_key: "a", n: 1}', jsonb_strip_nulls(jsonb_build_object('n', 1, '_rev', %1$s)), NULL, '{}', %2$L)$c$,
		$c$upsert_object('rows', jsonb_strip_nulls(jsonb_build_object('id', 1, 'n', 1, '_rev', %1$s)), NULL::text, %2$L)$c$] LOOP
		rev := now_there(there);
		answers := answers || asked(format(call, coalesce(quote_literal(CASE sent WHEN 'REV' THEN rev ELSE sent END), 'NULL::text'), replace(options, 'REV', rev)));
	END LOOP;
	IF (SELECT count(DISTINCT replace(a, 'row ', 'document ')) FROM unnest(answers) a) = 1 THEN
		RETURN answers[1];
	END IF;
	RETURN answers::text;
END $$;
SELECT sent, options, all_doors(sent, options, false) AS nothing, all_doors(sent, options, true) AS there
  FROM ask, unnest(ARRAY[NULL, 'REV', 'other']) sent ORDER BY i, sent NULLS FIRST;

\echo == what never creates needs nothing to create
SELECT now_there(true) IS NOT NULL;
SELECT asked(format($$upsert_by('docs', %L, NULL, '{n: 5}', NULL, '{}', '{"mustExist": true}')$$, search))
  FROM unnest(ARRAY['{_key: "a"}', '{_key: "b"}', '{n: 5}', '{n: 6}']) search;
SELECT asked($$upsert_by('docs', '{n: 5}', NULL, NULL, '{n: 6}', '{}', '{"mustExist": true}')$$), asked($$upsert_by('docs', '{n: 6}', NULL, '{n: 7}')$$),
	asked($$upsert_by('docs', '{n: 6}', NULL, '{n: 7}', NULL, '{}', '{"mustExist": false}')$$);
SELECT action FROM upsert_by('docs', '{n: 9}', NULL, '{n: 7}', NULL, '{}', '{"mustExist": true, "ignoreErrors": true}');

\echo == an answer of its own where an item may fail
SELECT now_there(true) IS NOT NULL;
SELECT ord, action, key, error->>'sqlstate', error->>'detail', error->>'hint'
  FROM upsert_many('docs', '[{"_key": "a", "n": 7}, {"_key": "b", "n": 7}]', '{"mustExist": true, "ignoreErrors": true}');
SELECT ord, action, key, error->>'sqlstate', error->>'detail', error->>'hint'
  FROM upsert_objects('rows', '[{"id": 1, "n": 7}, {"id": 2, "n": 7}]', NULL, '{"mustExist": true, "ignoreErrors": true}');

\echo == versionAttribute of documents: numbers, and time stamps by their instant
DELETE FROM docs;
SELECT upsert_load('docs', '[{"_key": "none"}, {"_key": "null", "v": null}, {"_key": "word", "v": "x"}, {"_key": "five", "v": 5},
	{"_key": "noon", "v": "2026-01-31T12:00:00Z"}, {"_key": "nanos", "v": "2026-01-31T12:00:00.123456789Z"}, {"_key": "leap", "v": "2016-12-31T23:59:60Z"}]');
CREATE TABLE versions (i serial, v jsonb);
INSERT INTO versions (v) VALUES ('4'), ('5'), ('5.0'), ('6'), ('"2026-01-31T12:00:00Z"'), ('"2026-01-31t13:00:00.000+01:00"'), ('"2026-01-31 12:00:00.0001-00:00"'),
	('"2026-01-31T12:00:00.123456788Z"'), ('"2026-01-31T12:00:00.12345679Z"'), ('"2026-01-31T11:59:59.999Z"'), ('"2017-01-01T00:00:00Z"'), ('"2025-02-28T00:00:00Z"'), (NULL);
SELECT _key, v, asked(format('upsert(''docs'', %L, ''{"versionAttribute": "v", "dryRun": true}'')', jsonb_build_object('_key', _key, 'x', 1) || CASE WHEN v IS NULL THEN '{}' ELSE jsonb_build_object('v', v) END))
  FROM docs, versions ORDER BY _key, i;
-- what is no version, whatever is stored
SELECT v, asked(format('upsert(''docs'', %L, ''{"versionAttribute": "v"}'')', jsonb_build_object('_key', k, 'v', v)))
  FROM unnest(ARRAY['null', 'true', '"x"', '[]', '"2026-02-29T00:00:00Z"', '"2026-01-31T24:00:00Z"', '"2026-01-31"', '"2026-01-31T12:00:00"', '"2026-01-31T12:00:00.Z"',
	'"2026-01-31T12:00:00Z "', '"2026-01-31T12:00:00+0100"', '""']::jsonb[]) v, unnest(ARRAY['five', 'new']) k ORDER BY k, v::text COLLATE "C";
SELECT upsert('docs', '{"_key": "five", "v": "x"}', '{"versionAttribute": "v"}');
SELECT asked($$upsert_by('docs', '{_key: "five"}', '{_key: "five"}', '{v: "x"}', NULL, '{}', '{"versionAttribute": "v"}')$$),
	asked($$upsert_by('docs', '{_key: "five"}', '{_key: "five"}', '{v: 5}', NULL, '{}', '{"versionAttribute": "v"}')$$),
	asked($$upsert_by('docs', '{_key: "five"}', '{_key: "five"}', '{v: 6}', NULL, '{}', '{"versionAttribute": "v"}')$$),
	asked($$upsert_by('docs', '{_key: "new"}', '{_key: "new", v: true}', '{v: 6}', NULL, '{}', '{"versionAttribute": "v"}')$$);
SELECT count(*) FROM docs;

\echo == and of rows, by the order of the column
INSERT INTO rows VALUES (3, 1, '2026-01-31T12:00:00Z', NULL), (4, 1, NULL, NULL);
SELECT asked($$upsert_object('rows', '{"id": 3, "n": 2, "at": "2026-01-31T13:00:00+01:00"}', NULL::text, '{"versionAttribute": "at"}')$$),
	asked($$upsert_object('rows', '{"id": 3, "n": 2, "at": "2026-01-31T13:00:01+01:00"}', NULL::text, '{"versionAttribute": "at"}')$$),
	asked($$upsert_object('rows', '{"id": 3, "n": 3}', NULL::text, '{"versionAttribute": "at"}')$$),
	asked($$upsert_object('rows', '{"id": 4, "n": 3, "at": "-infinity"}', NULL::text, '{"versionAttribute": "at"}')$$);

DROP TABLE docs, rows, ask, versions;
DROP FUNCTION asked, now_there, all_doors;
