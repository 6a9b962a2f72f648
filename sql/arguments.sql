-- NULL, and options that a call cannot honour: nothing that is asked for
-- passes without effect.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
-- a strict function that writes would do nothing
SELECT p.oid::regprocedure FROM pg_proc p, pg_depend d
 WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'upsert')
   AND p.provolatile = 'v' AND p.proisstrict AND p.pronargs > 0;

SELECT create_collection('docs', NULL);
SELECT create_record_store('records');
SELECT create_ledger('book', NULL);
CREATE TABLE lines (id int PRIMARY KEY, n int);
CREATE FUNCTION without(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE 'SELECT ' || call INTO answer;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

\echo == every argument of every call, NULL in turn
-- the last ones are options and bind parameters
CREATE TABLE calls (n serial, name text, args text[], needed int);
INSERT INTO calls (name, args, needed) VALUES
	('create_collection', ARRAY[$a$'made'$a$, $a$'{"ifNotExists": true}'$a$], 1),
	('upsert', ARRAY[$a$'docs'$a$, $a$'{"_key": "a"}'$a$, $a$'{}'$a$], 2),
	('upsert_many', ARRAY[$a$'docs'$a$, $a$'[{"_key": "a"}]'$a$, $a$'{}'$a$], 2),
	('upsert_load', ARRAY[$a$'docs'$a$, $a$'[{"_key": "a"}]'$a$, $a$'{}'$a$], 2),
	('upsert_on_shard', ARRAY[$a$'docs'$a$, '1', $a$'#6:#0:#0:#1:O1:4:_keys1:a'$a$, $a$'{}'$a$], 4),
	('upsert_from', ARRAY[$a$'docs'$a$, $a$'SELECT to_jsonb(l) FROM lines l'$a$, $a$'{}'$a$], 2),
	('upsert_merge_operator', ARRAY[$a$'docs'$a$, $a$'{"_key": "a"}'$a$], 2),
	('upsert_replace_operator', ARRAY[$a$'docs'$a$, $a$'{"_key": "a"}'$a$], 2),
	('upsert_by', ARRAY[$a$'docs'$a$, $a$'{_key: "a"}'$a$, $a$'{_key: "a"}'$a$, $a$'{n: 1}'$a$, $a$NULL$a$, $a$'{}'$a$, $a$'{}'$a$], 3),
	('c8ql', ARRAY[$a$'INSERT {} INTO docs'$a$, $a$'{}'$a$, $a$'{}'$a$], 1),
	('c8ql_execute', ARRAY[$a$'INSERT {} INTO docs'$a$, $a$'{}'$a$, $a$'{}'$a$], 1),
	('c8ql_explain', ARRAY[$a$'INSERT {} INTO docs'$a$, $a$'{}'$a$], 1),
	('c8ql_eval', ARRAY[$a$'1 + 1'$a$, $a$'{}'$a$], 1),
	('upsert_object', ARRAY[$a$'lines'$a$, $a$'{"id": 1}'$a$, $a$NULL::text$a$, $a$'{}'$a$], 2),
	('upsert_object', ARRAY[$a$'lines'$a$, $a$'{"id": 1}'$a$, $a$'{id}'::text[]$a$, $a$'{}'$a$], 2),
	('upsert_objects', ARRAY[$a$'lines'$a$, $a$'[{"id": 1}]'$a$, $a$NULL$a$, $a$'{}'$a$], 2),
	('jsonld_set_context', ARRAY[$a$'http://a/b'$a$, $a$'{"@context": {}}'$a$], 2),
	('jsonld_drop_context', ARRAY[$a$'http://a/b'$a$], 1),
	('create_ledger', ARRAY[$a$'other'$a$, $a$'{"ifNotExists": true}'$a$], 1),
	('drop_ledger', ARRAY[$a$'other'$a$], 1),
	('ledger_upsert', ARRAY[$a$'book'$a$, $a$'{"@id": "http://a/1", "http://a/p": 1}'$a$, $a$'{}'$a$], 2),
	('ledger_replace', ARRAY[$a$'book'$a$, $a$'{"@id": "http://a/1", "http://a/p": 1}'$a$, $a$'{}'$a$], 2),
	('ledger_insert', ARRAY[$a$'book'$a$, $a$'{"@id": "http://a/1", "http://a/p": 1}'$a$, $a$'{}'$a$], 2),
	('ledger_update', ARRAY[$a$'book'$a$, $a$'{"insert": {"@id": "http://a/1", "http://a/p": 1}, "opts": {}}'$a$, $a$'{}'$a$], 2),
	('ledger_delete', ARRAY[$a$'book'$a$, $a$'http://a/1'$a$, $a$'{}'$a$], 2),
	('jsonld_upsert', ARRAY[$a$'docs'$a$, $a$'{"@id": "http://a/1", "http://a/p": 1}'$a$, $a$'{}'$a$], 2),
	('at_put_lexicon', ARRAY[$a$'{"lexicon": 1, "id": "a.b.c", "defs": {"main": {"type": "token"}}}'$a$], 1),
	('at_drop_lexicon', ARRAY[$a$'a.b.c'$a$], 1),
	('create_record_store', ARRAY[$a$'more'$a$, $a$'{}'$a$], 1),
	('at_put_block', ARRAY[$a$'records'$a$, $a$'did:plc:abc'$a$, $a$'a.b.c'$a$, $a$'block'$a$, $a$dag_cbor('{"$type": "a.b.c"}')$a$, $a$'{}'$a$], 5),
	('at_apply_events', ARRAY[$a$'records'$a$, $a$'[]'$a$, $a$'{}'$a$], 2),
	('at_apply_events_from', ARRAY[$a$'records'$a$, $a$'SELECT NULL::jsonb WHERE false'$a$, $a$'{}'$a$], 2),
	('at_forget_tombstones', ARRAY[$a$'records'$a$, $a$'1 day'$a$], 2),
	('at_import_repo', ARRAY[$a$'records'$a$, $a$decode('OqJlcm9vdHOB2CpYJQABcRIgZ1vY3RFKdZ2fActZrT83oqxBo3zZvzWNyrQVOMd/nRxndmVyc2lvbgGIAQFxEiBnW9jdEUp1nZ8By1mtPzeirEGjfNm/NY3KtBU4x3+dHKZjZGlkaWRpZDpwbGM6YmNyZXZtM3p6enp6enp6enp6emNzaWdBAGRkYXRh2CpYJQABcRIgnf7+Yd126j3K5QI4gLCDedV63yBILW/b4nWSifZHZ3tkcHJldvZndmVyc2lvbgMrAXESIJ3+/mHdduo9yuUCOICwg3nVet8gSC1v2+J1kon2R2d7omFlgGFs9g==', 'base64')$a$, $a$'{}'$a$], 2),
	('at_create_record', ARRAY[$a$'records'$a$, $a$'did:plc:abc'$a$, $a$'a.b.c'$a$, $a$'{}'$a$, $a$'one'$a$, $a$'{}'$a$], 4),
	('at_put_record', ARRAY[$a$'records'$a$, $a$'did:plc:abc'$a$, $a$'a.b.c'$a$, $a$'two'$a$, $a$'{}'$a$, $a$'{}'$a$], 5),
	('at_upsert_record', ARRAY[$a$'records'$a$, $a$'did:plc:abc'$a$, $a$'a.b.c'$a$, $a$'{}'$a$, $a$'{}'$a$, $a$'three'$a$, $a$'{}'$a$, $a$'{}'$a$], 5),
	('at_delete_record', ARRAY[$a$'records'$a$, $a$'at://did:plc:abc/a.b.c/two'$a$, $a$'{}'$a$], 2),
	('at_save_all', ARRAY[$a$'records'$a$, $a$'did:plc:abc'$a$, $a$'[]'$a$, $a$'{}'$a$], 3),
	('at_apply_writes', ARRAY[$a$'records'$a$, $a$'did:plc:abc'$a$, $a$'[]'$a$, $a$'{}'$a$], 3);
SELECT name, i, without(format('%I(%s)', name, (SELECT string_agg(CASE WHEN k = i THEN
		CASE WHEN a LIKE '%::text[]' THEN 'NULL::text[]' WHEN a LIKE 'NULL%' THEN a ELSE 'NULL' END ELSE a END, ', ' ORDER BY k)
	FROM unnest(args) WITH ORDINALITY u (a, k))))
  FROM calls, generate_series(1, needed) i ORDER BY n, i;
-- options and bind that are NULL are the defaults
SELECT name, without(format('%I(%s)', name, (SELECT string_agg(CASE WHEN k > needed AND a = $a$'{}'$a$ THEN 'NULL' ELSE a END, ', ' ORDER BY k)
	FROM unnest(args) WITH ORDINALITY u (a, k))))
  FROM calls ORDER BY n;
SELECT (SELECT count(*) FROM docs), (SELECT count(*) FROM lines), (SELECT count(*) FROM records), (SELECT count(*) FROM "book:main");

\echo == what reads answers NULL, and its options have defaults too
SELECT jsonld_expand(NULL) IS NULL, jsonld_compact(NULL, '{}') IS NULL, jsonld_compact('{}', NULL) IS NULL,
	jsonld_flatten(NULL) IS NULL, jsonld_to_rdf(NULL) IS NULL, jsonld_from_rdf(NULL) IS NULL,
	(SELECT count(*) FROM jsonld_quads(NULL)), ledger_get(NULL, 'http://a/1') IS NULL, ledger_get('book', NULL) IS NULL,
	at_get_record('records', NULL) IS NULL;
SELECT jsonld_expand('{"a:p": 1}', NULL), jsonld_compact('{"a:p": 1}', '{}', NULL), jsonld_flatten('{"@id": "http://a/1", "http://a/p": 1}', NULL, NULL),
	jsonld_to_rdf('{"@id": "a:1", "a:p": "x"}', NULL), jsonld_from_rdf('<a:1> <a:p> "x" .', NULL), (SELECT count(*) FROM jsonld_quads('{"@id": "a:1", "a:p": "x"}', NULL)),
	ledger_get('book', 'http://a/1', NULL, NULL, NULL) IS NULL;

\echo == options that a call cannot honour
SELECT call, option, without(format('%s, %L)', call, jsonb_build_object(option, value::jsonb)))
  FROM (VALUES (1, 'upsert(''docs'', ''{"_key": "b"}'''), (2, 'upsert_many(''docs'', ''[]'''), (3, 'upsert_load(''docs'', ''[]'''),
		(4, 'upsert_by(''docs'', ''{_key: "b"}'', ''{}'', ''{}'', NULL, NULL'), (5, 'upsert_object(''lines'', ''{"id": 2}'', NULL::text'),
		(6, 'upsert_objects(''lines'', ''[]'', NULL'), (7, 'jsonld_upsert(''docs'', ''{}''')) c (n, call),
	   (VALUES (1, 'duplicates', '"first"'), (2, 'multiple', '"first"'), (3, 'return', '"new"'), (4, 'mode', '"replace"'), (5, 'mergeObjects', 'false'), (6, 'keepNull', 'false'),
		(7, 'base', '"http://a/"'), (8, 'validate', 'true')) o (n, option, value)
 ORDER BY c.n, o.n;
\set VERBOSITY default
SELECT upsert_load('docs', '[]', '{"return": "none"}');
SELECT upsert('docs', '{}', jsonb_build_object('x', repeat('y', 300)));
SELECT at_delete_record('records', 'at://did:plc:abc/a.b.c/two', '{"validate": true}');

\echo == settings
\set VERBOSITY sqlstate
SET upsert.directt = off;
DROP TABLE docs, made, calls, lines, records;
SELECT drop_ledger('book');
DROP FUNCTION without;
