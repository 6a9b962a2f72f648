-- Nodes that are flat are read without expansion: the answer must be the same.
-- @index is not stored, but a node that has one is expanded.
SET client_min_messages = warning;
SELECT create_ledger('flat'), create_ledger('deep') \g /dev/null

CREATE FUNCTION indexed(node jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN jsonb_typeof(node) = 'object' THEN node || '{"@index": "0"}' ELSE node END
$$;
CREATE FUNCTION deep(doc jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN jsonb_typeof(doc) = 'array' THEN (SELECT coalesce(jsonb_agg(indexed(n) ORDER BY i), '[]') FROM jsonb_array_elements(doc) WITH ORDINALITY e(n, i))
		WHEN doc ? '@graph' THEN doc || jsonb_build_object('@graph', deep(doc->'@graph'))
		ELSE indexed(doc) END
$$;
-- the receipt, or the error, of one call
CREATE FUNCTION called(verb text, ledger text, doc jsonb, options jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
	detail text;
BEGIN
	EXECUTE format('SELECT %I($1, $2, $3)', verb) INTO answer USING ledger, doc, options;
	RETURN answer - 'ledger';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN jsonb_build_object('sqlstate', SQLSTATE, 'message', SQLERRM, 'detail', detail);
END $$;
-- flat and deep; the receipt and the nodes if they are the same, else what differs
CREATE FUNCTION twice(payload jsonb, options jsonb DEFAULT '{}', verb text DEFAULT 'ledger_upsert') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a jsonb := called(verb, 'flat', payload, options);
	b jsonb := called(verb, 'deep', deep(payload), options);
	now bigint;
BEGIN
	IF a <> b THEN
		RETURN format('DIFFERENT: %s %s', a, b);
	END IF;
	IF EXISTS (SELECT FROM "flat:main" f FULL JOIN "deep:main" d USING (graph, iri) WHERE f.doc::text IS DISTINCT FROM d.doc::text) THEN
		RETURN (SELECT format('DIFFERENT: %s %s', f.doc, d.doc) FROM "flat:main" f FULL JOIN "deep:main" d USING (graph, iri) WHERE f.doc::text IS DISTINCT FROM d.doc::text LIMIT 1);
	END IF;
	SELECT t INTO now FROM "flat:main_head";
	IF EXISTS ((SELECT * FROM "flat:main_flakes" WHERE t = now EXCEPT ALL SELECT * FROM "deep:main_flakes" WHERE t = now) UNION ALL
			   (SELECT * FROM "deep:main_flakes" WHERE t = now EXCEPT ALL SELECT * FROM "flat:main_flakes" WHERE t = now)) THEN
		RETURN 'DIFFERENT flakes';
	END IF;
	RETURN CASE WHEN a ? 'sqlstate' THEN concat_ws(' ', a->>'sqlstate', a->>'message', '|', a->>'detail')
		ELSE (SELECT format('t %s, +%s -%s, %s: ', a->'t', a->'asserted', a->'retracted', string_agg(n->>'action', ' ' ORDER BY i)) ||
				(SELECT string_agg(format('%s %s', iri, doc - '@id'), '; ' ORDER BY iri) FROM "flat:main")
			  FROM jsonb_array_elements(a->'nodes') WITH ORDINALITY e(n, i)) END;
END $$;
CREATE PROCEDURE clear() LANGUAGE sql AS $$
	DELETE FROM "flat:main"; DELETE FROM "deep:main"; DELETE FROM "flat:main_log"; DELETE FROM "deep:main_log";
$$;
\pset tuples_only on
\pset format unaligned

\echo == values
SELECT twice('[{"@id": "http://n/1", "http://e/s": "a", "http://e/i": 1, "http://e/b": true, "http://e/d": 1.50}]');
SELECT twice('[{"@id": "http://n/1", "http://e/s": ["a", "b", "a"], "http://e/i": [1, 1.0, 2, "1"], "http://e/b": [false, null, false]}]');
SELECT twice('[{"@id": "http://n/1", "http://e/s": {"@value": "x"}, "http://e/i": [{"@value": 1}, 1], "http://e/r": {"@id": "http://n/2"}}]');
SELECT twice('[{"@id": "http://n/1", "http://e/s": [{"@value": "x", "@language": "en"}, {"@value": "x"}, {"@value": "x", "@type": "http://e/T"}, {"@value": "x", "@language": "en"}]}]');
SELECT twice('[{"@id": "http://n/1", "http://e/s": ["x", {"@value": "x", "@type": "http://e/T"}, {"@value": "x", "@language": "en"}, {"@id": "http://x"}]}]');
SELECT twice('[{"@id": "http://n/1", "http://e/s": [{"@value": "x", "@type": "@json"}, {"@value": null}, {"@set": ["y"]}]}]');
SELECT twice('[{"@id": "http://n/1", "@type": "http://e/T"}, {"@id": "http://n/2", "@type": ["http://e/T", "http://e/U", "http://e/T"]}]');
SELECT twice('[{"@id": "http://n/1", "http://e/s": []}, {"@id": "http://n/2", "http://e/s": null, "http://e/t": 1}]');
SELECT twice('[{"@id": "http://n/1", "a:": 1, "zz:": 2, "http://e/long": 3}]', '{"strictCompactIri": false}');
CALL clear();

\echo == the same node again, in the order of mention
SELECT twice('[{"@id": "http://n/2", "http://e/p": 1}, {"@id": "http://n/1", "http://e/p": 1}, {"@id": "http://n/2", "http://e/p": 2}]');
SELECT twice('[{"@id": "http://n/3", "http://e/z": {"@id": "http://n/5"}, "http://e/a": [{"@id": "http://n/4"}]}, {"@id": "http://n/5", "http://e/p": 1}, {"@id": "http://n/4", "http://e/p": 1}]');
SELECT twice('[{"@id": "http://n/1", "http://e/q": 1}, {"@id": "http://n/9", "http://e/nested": {"@id": "http://n/1", "http://e/q": 2, "http://e/r": 3}}]');
SELECT twice('[{"@id": "http://n/9", "http://e/nested": {"@id": "http://n/1", "http://e/q": 5}}, {"@id": "http://n/1", "http://e/r": 6}]');
SELECT twice('[{"@id": "http://g/1", "@graph": [{"@id": "http://n/1", "http://e/p": 7}]}, {"@id": "http://n/1", "http://e/p": 8}]');
CALL clear();

\echo == contexts
SELECT twice('{"@context": {"@vocab": "http://v/", "id": "@id", "type": "@type"}, "@graph": [{"id": "http://n/1", "type": "T", "p": 1}, {"id": "http://n/2", "type": ["T", "U"], "q": "x"}]}');
SELECT twice('{"@context": {"@vocab": "http://v/", "@base": "http://b/"}, "@id": "one", "p": {"@id": "two"}, "q": "three"}');
SELECT twice('{"@context": {"ex": "http://ex/", "date": {"@id": "ex:date", "@type": "ex:date"}, "ref": {"@id": "ex:ref", "@type": "@id"}, "voc": {"@id": "ex:voc", "@type": "@vocab"}, "none": {"@id": "ex:none", "@type": "@none"}},
	"@graph": [{"@id": "ex:1", "date": ["2020-01-01", 5, true], "ref": ["ex:2", 5], "voc": ["date", "ex:3"], "none": "x"}]}');
SELECT twice('{"@context": {"@vocab": "http://v/", "@language": "de", "en": {"@id": "v:en", "@language": "en"}, "no": {"@id": "v:no", "@language": null}, "v": "http://v/"},
	"@graph": [{"@id": "http://n/1", "p": ["x", 1, {"@value": "y"}], "en": "x", "no": "x"}]}');
SELECT twice('{"@context": {"@vocab": "http://v/", "set": {"@container": "@set"}, "list": {"@container": "@list"}, "tags": {"@container": "@language"}, "ix": {"@container": "@index"}, "js": {"@type": "@json"}, "rtl": {"@direction": "rtl"}},
	"@graph": [{"@id": "http://n/1", "set": "x"}, {"@id": "http://n/2", "list": ["b", "a", "b"]}, {"@id": "http://n/3", "tags": {"en": "x"}}, {"@id": "http://n/4", "ix": {"a": "x"}}, {"@id": "http://n/5", "js": {"b": [1]}}, {"@id": "http://n/6", "rtl": "x"}]}');
CALL clear();
SELECT twice('{"@context": {"@vocab": "http://v/", "rev": {"@reverse": "http://v/of"}, "nest": "@nest", "T": {"@id": "http://v/T", "@context": {"p": "http://w/p"}}, "scoped": {"@id": "http://v/scoped", "@context": {"p": "http://s/p"}}},
	"@graph": [{"@id": "http://n/1", "rev": {"@id": "http://n/2"}}, {"@id": "http://n/3", "nest": {"p": 1}}, {"@id": "http://n/4", "@type": "T", "p": 1}, {"@id": "http://n/5", "scoped": {"@id": "http://n/6", "p": 2}}]}');
SELECT twice('[{"@context": {"p": "http://e/p"}, "@id": "http://n/1", "p": 1}, {"@context": {"p": "http://e/q"}, "@id": "http://n/2", "p": 1}, {"@context": {"p": "http://e/q"}, "@id": "http://n/7", "p": 2}]');
SELECT twice('{"@context": {"@propagate": false, "@vocab": "http://v/"}, "@graph": [{"@id": "http://n/1", "p": 1}]}');
SELECT twice('{"@context": {"@vocab": "http://v/", "http://e/T": {"@id": "http://e/T", "@context": {"p": "http://w/p"}}}, "@graph": [{"@id": "http://n/8", "p": {"@value": "x", "@type": "http://e/T"}, "@type": "http://e/T"}]}');
CALL clear();

\echo == nulls
SELECT twice('[{"@id": "http://n/1", "http://e/a": 1, "http://e/b": 2, "http://e/c": [{"@value": 3}]}, {"@id": "http://n/2", "http://e/a": 1}]');
SELECT twice('[{"@id": "http://n/1", "http://e/a": null, "http://e/b": [], "http://e/c": [null]}, {"@id": "http://n/2", "http://e/a": 2}]');
SELECT twice('[{"@id": "http://n/1", "http://e/a": null, "http://e/b": [], "http://e/c": [null, 4]}, {"@id": "http://n/2", "http://e/a": null}]', '{"nulls": "delete"}');
SELECT twice('[{"@id": "http://n/3", "http://e/a": null, "http://e/b": 1}]', '{"nulls": "delete"}');
SELECT twice('[{"@id": "http://n/3", "http://e/a": [null], "http://e/b": 1}]', '{"nulls": "error"}');
SELECT twice('[{"@id": "http://n/3", "http://e/a": null}]');

\echo == sets keep their stored order where they stay
SELECT twice('[{"@id": "http://n/3", "http://e/b": [1, 2, 3], "http://e/c": "x"}]');
SELECT twice('[{"@id": "http://n/3", "http://e/b": [3, 2, 1.0]}]');
SELECT twice('[{"@id": "http://n/3", "http://e/b": [3, 2, 1], "http://e/c": "y"}]');
SELECT twice('[{"@id": "http://n/3", "http://e/b": [4, 2, 1], "http://e/c": "y"}]');
\echo == other verbs
SELECT twice('[{"@id": "http://n/3", "http://e/b": [5, 2], "http://e/d": "z"}]', verb => 'ledger_insert');
SELECT twice('[{"@id": "http://n/3", "http://e/d": ["z", "y"], "http://e/c": "y"}]', verb => 'ledger_replace');
SELECT twice('[{"@id": "http://n/3", "http://e/d": ["y", "z"], "http://e/c": "y"}]', verb => 'ledger_replace');
SELECT twice('[{"@id": "http://n/3", "http://e/d": ["y", "z"], "http://e/c": "y"}]', verb => 'ledger_insert');
SELECT twice('[{"@id": "http://n/4", "http://e/d": ["y", "z"]}]', verb => 'ledger_insert');
CALL clear();

\echo == nodes without a name go with the reference that an image replaces
SELECT twice('[{"@id": "http://n/1", "http://e/a": {"http://e/b": 1}}]');
SELECT twice('[{"@id": "http://n/1", "http://e/a": "x"}]');
CALL clear();

\echo == a label as a type is a reference, too
SELECT twice('[{"@id": "http://n/1", "http://e/a": {"http://e/b": 1}}, {"@id": "http://n/2", "http://e/p": 1}]');
SELECT twice(jsonb_build_array(jsonb_build_object('@id', 'http://n/2', '@type', (SELECT iri FROM "flat:main" WHERE iri LIKE '\_:%')), '{"@id": "http://n/1", "http://e/a": 1}'::jsonb));
SELECT twice(jsonb_build_array(jsonb_build_object('@id', 'http://n/2', '@type', 'http://e/T')));
CALL clear();

\echo == errors, and where they are
SELECT twice(doc::jsonb) FROM (VALUES
	('[{"@id": "relative", "http://e/p": 1}]'),
	('[{"@id": "http://n/ 1", "http://e/p": 1}]'),
	('[{"@id": "http://n/1", "http://e/p|": 1}]'),
	('[{"@id": "http://n/1", "http://e/p": {"@id": "http://<>"}}]'),
	('[{"@id": "http://n/1", "@type": "http://<>"}]'),
	('[{"@id": 1, "http://e/p": 1}]'),
	('[{"@id": "http://n/1", "p": 1}]'),
	('["x"]'), ('[[{"@id": "http://n/1", "http://e/p": 1}], 5]'),
	('[{"@id": "http://n/1", "@type": 5}]'),
	('[{"@id": "http://n/1", "http://e/p": {"@value": "x", "@type": "relative"}}]'),
	('[{"@id": "http://n/1", "http://e/p": {"@value": 1, "@language": "en"}}]'),
	('[{"@id": "http://n/1", "http://e/p": {"@value": [1]}}]'),
	('[{"@id": "http://n/1", "http://e/p": {"@value": 1, "http://e/q": 1}}]'),
	('[{"@id": "http://n/1", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type": 1}]'),
	('[{"@id": "http://n/1", "_:p": 1}]'),
	('[{"@id": "http://n/1", "@type": "http://e/T"}, {"@id": "http://n/2", "http://e/p": 1, "nope:q": 1}]'),
	('[{"@id": "nope:1", "http://e/p": 1}]'),
	('{"@context": {"p": {"@id": "http://e/p", "@type": "@id"}}, "@graph": [{"@id": "http://n/1", "p": "http://n/1"}, {"@id": "http://n/2", "p": ["http://n/1", "nope:x"]}]}'),
	('{"@context": {"p": 5}, "@graph": [{"@id": "http://n/1", "p": 1}]}'),
	('[{"@context": {"p": 5}, "@id": "http://n/1", "p": 1}]'),
	('{"@context": "http://c/missing", "@graph": []}'),
	('{"@context": {"id": "@id"}, "@graph": [{"id": "http://n/1", "@id": "http://n/2", "http://e/p": 1}]}'),
	('{"@context": {"p": "http://e/p"}, "@graph": [{"@id": "http://n/1", "p": 1, "http://e/p": 2}]}'),
	('{"@graph": {"@id": "http://n/1", "http://e/p": 3}}'),
	('{"@graph": [], "http://e/p": 1}'), ('{"@graph": "x"}'), ('[]'), ('{}'), ('5')) v(doc);
SELECT called('ledger_upsert', 'flat', '[{"@id": "http://n/1"}]', '{}');
SELECT twice(jsonb_build_array(jsonb_build_object('@id', 'http://n/' || repeat('x', 2600), 'http://e/p', 1))) LIKE 'UP004%';
SET upsert.jsonld_max_depth = 3;
SELECT twice('{"@graph": [{"@id": "http://n/1", "http://e/p": [1]}]}');
RESET upsert.jsonld_max_depth;
CALL clear();

\echo == random graphs, twice over
CREATE FUNCTION choose(seed text, variadic options text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT options[1 + ('x' || substr(md5(seed), 1, 6))::bit(24)::int % array_length(options, 1)]
$$;
CREATE FUNCTION random_doc(seed int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('@context', '{"@vocab": "http://v/", "ex": "http://ex/", "ref": {"@type": "@id"}, "id": "@id", "day": {"@type": "ex:day"}, "word": {"@language": "en"}}'::jsonb,
		'@graph', jsonb_agg(node))
	FROM generate_series(1, 12) i, LATERAL (
		SELECT jsonb_build_object(choose(seed || 'k' || i, '@id', 'id'), 'ex:' || choose(seed || 'id' || i, '1', '2', '3', '4', '5', '6', '7', '8', '9')) ||
			jsonb_object_agg(choose(seed || 'p' || i || k, 'a', 'b', 'ex:c', 'ref', 'day', 'word', '@type'), 'null'::jsonb) AS blank
		FROM generate_series(1, 4) k) b, LATERAL (
		SELECT b.blank || jsonb_object_agg(key, CASE key
			WHEN '@type' THEN to_jsonb(choose(seed || 't' || i, 'T', 'ex:U'))
			WHEN 'ref' THEN to_jsonb(string_to_array(choose(seed || 'r' || i, 'ex:1', 'ex:2', 'ex:3 ex:4', 'ex:5'), ' '))
			ELSE choose(seed || key || i, '1', '"x"', '[1, "x", true]', '{"@value": 2}', '[{"@value": "y", "@language": "de"}, "y"]', '{"@id": "ex:7"}', 'null', '[]',
				'{"@list": ["p", "q"]}', '{"b": 1}', '{"@id": "ex:9", "b": ["z"]}', '[2, 2.0]',
				'[{"b": 1}, "x", {"b": 2, "ref": "ex:1"}]', '{"a": {"b": {"ex:c": 1, "@type": "T"}, "id": "ex:8"}}', '{"id": "ex:3", "a": [{"id": "ex:4", "b": 1}, {"id": "ex:4", "b": {"b": 3}}]}', '{"@context": {"b": "ex:b"}, "b": [{"b": {"a": null}}, 1]}')::jsonb END) AS node
		FROM jsonb_object_keys(b.blank) key WHERE b.blank->key = 'null') n
$$;
-- each in a transaction of its own
CREATE PROCEDURE many(docs int, INOUT different int DEFAULT 0, INOUT errors int DEFAULT 0, INOUT "not idempotent" int DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
	first text;
	again text;
BEGIN
	FOR seed IN 1 .. docs LOOP
		first := twice(random_doc(seed));
		COMMIT;
		again := twice(random_doc(seed));
		COMMIT;
		different := different + (first LIKE 'DIFFERENT%' OR again LIKE 'DIFFERENT%')::int;
		errors := errors + (first LIKE 'U%')::int;
		"not idempotent" := "not idempotent" + (again NOT LIKE '%, +0 -0,%')::int;
		first := twice(random_doc(docs + seed), format('{"nulls": "%s"}', choose(seed::text, 'ignore', 'delete'))::jsonb, choose(seed || 'verb', 'ledger_upsert', 'ledger_replace'));
		COMMIT;
		different := different + (first LIKE 'DIFFERENT%')::int;
	END LOOP;
END $$;
CALL many(40);
SELECT count(*) > 0, count(*) FILTER (WHERE level NOT IN (0, 1)) AS odd
FROM (SELECT sum(CASE WHEN op THEN 1 ELSE -1 END) OVER (PARTITION BY graph, s, p, o ORDER BY t) AS level FROM "flat:main_flakes") x;

\echo == several calls of one transaction share their rows of the log
CALL clear();
BEGIN;
SELECT twice('[{"@id": "http://n/1", "http://e/p": 1, "http://e/q": ["a", "b"]}, {"@id": "http://n/2", "http://e/p": 1}]') ~ '\+4 -0';
SELECT twice('[{"@id": "http://n/1", "http://e/p": 2, "http://e/q": ["b", "c"]}]') ~ '\+2 -2';
SELECT twice('[{"@id": "http://n/2", "http://e/p": null}]', '{"nulls": "delete"}') ~ '\+0 -1';
COMMIT;
SELECT s, p, o, op FROM ledger_flakes('flat') ORDER BY 1, 2, 3;
SELECT count(*) FROM "flat:main_log";

\echo == 1,000 nodes: the same payload again writes nothing
SELECT a->'asserted', a->'retracted', b->'asserted', b->'retracted', (b->'t') = (a->'t'), w2 - w1 FROM
	(SELECT jsonb_agg(jsonb_build_object('@id', 'http://m/' || i, '@type', 'http://e/T', 'http://e/p', i, 'http://e/r', jsonb_build_object('@id', 'http://m/' || i + 1))) AS doc FROM generate_series(1, 1000) i) d,
	LATERAL (SELECT ledger_upsert('flat', doc) AS a) a, LATERAL (SELECT CASE WHEN a IS NOT NULL THEN pg_current_wal_insert_lsn() END AS w1) w1,
	LATERAL (SELECT CASE WHEN w1 IS NOT NULL THEN ledger_upsert('flat', doc) END AS b) b, LATERAL (SELECT CASE WHEN b IS NOT NULL THEN pg_current_wal_insert_lsn() END AS w2) w2;

\echo == rows that other hands have changed
CALL clear();
SELECT ledger_upsert('flat', '[{"@id": "http://n/1", "http://e/p": 1}]')->'asserted';
CREATE FUNCTION spoilt(doc jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	payload jsonb;
BEGIN
	UPDATE "flat:main" SET doc = spoilt.doc;
	FOREACH payload IN ARRAY ARRAY['[{"@id": "http://n/1", "http://e/p": 2}]', '[{"@id": "http://n/1", "http://e/p": {"@list": [2]}}]']::jsonb[] LOOP
		RETURN NEXT concat_ws(' ', called('ledger_upsert', 'flat', payload, '{}')->>'message', '|', called('ledger_replace', 'flat', payload, '{}')->>'sqlstate', called('ledger_insert', 'flat', payload, '{}')->>'sqlstate');
	END LOOP;
END $$;
SELECT doc, spoilt(doc::jsonb) FROM (VALUES ('5'), ('[1]'), ('{"http://e/p": 1}'), ('{"http://e/p": {"a": 1}}'), ('{"http://e/p": [1]}'), ('{"http://e/p": [[1]]}'), ('{"http://e/p": [{"@list": {"a": 1}}]}'), ('{"http://e/p": [{"@list": [1]}]}')) v(doc);
BEGIN;
DELETE FROM "flat:main";
SELECT ledger_upsert('flat', '[{"@id": "http://n/1", "http://e/p": 1}]')->'asserted';
UPDATE "flat:main_log" SET asserted = '[5]' WHERE t = (SELECT t FROM "flat:main_head");
SELECT called('ledger_upsert', 'flat', '[{"@id": "http://n/1", "http://e/p": 2}]', '{}');
UPDATE "flat:main_log" SET asserted = '{"http://e/p": 5}' WHERE t = (SELECT t FROM "flat:main_head");
SELECT called('ledger_upsert', 'flat', '[{"@id": "http://n/1", "http://e/p": 2}]', '{}');
ROLLBACK;
CREATE FUNCTION states(doc jsonb, half jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	reader text;
BEGIN
	UPDATE "flat:main" SET doc = states.doc WHERE states.doc IS NOT NULL;
	UPDATE "flat:main_log" SET retracted = states.half WHERE states.half IS NOT NULL;
	FOREACH reader IN ARRAY ARRAY['ledger_get(''flat'', ''http://n/1'')', 'ledger_get(''flat'', ''http://n/1'', ''{}'', 0)', 'ledger_get(''flat'', ''http://n/1'', NULL, NULL, ''{"depth": 2}'')', 'count(*) FROM ledger_nodes(''flat'')', 'count(*) FROM ledger_nodes(''flat'', 0)', 'count(*) FROM ledger_flakes(''flat'')', 'count(*) FROM ledger_diff(''flat'', 0, 1)', 'count(*) FROM ledger_export(''flat'')'] LOOP
		BEGIN
			EXECUTE 'SELECT ' || reader;
			RETURN NEXT 'ok';
		EXCEPTION WHEN OTHERS THEN
			RETURN NEXT SQLSTATE;
		END;
	END LOOP;
END $$;
BEGIN;
DELETE FROM "flat:main";
SELECT ledger_upsert('flat', '[{"@id": "http://n/1", "http://e/p": 1}]')->'asserted';
SAVEPOINT s;
SELECT doc, (SELECT string_agg(s, ' ') FROM states(doc::jsonb, NULL) s) FROM (VALUES ('[1, "x", true]'), ('"text"'), ('{"@id": 1, "http://e/p": [{"@value": 1}]}'), ('{"@id": "http://n/1", "@type": [1]}'), ('{"@id": "http://n/1", "http://e/p": {"a": 1, "b": true}}'), ('{"@id": "http://n/1", "http://e/p": [{"@value": {"a": [1]}}]}'), ('{"@id": "http://n/1", "http://e/p": [{"@list": [{"@list": [1]}]}]}'), ('{"@id": "http://n/1", "http://e/p": [{"@value": 1, "@language": 1}]}')) v(doc);
ROLLBACK TO s;
SELECT doc, (SELECT string_agg(s, ' ') FROM states(NULL, doc::jsonb) s) FROM (VALUES ('[1, "x", true]'), ('"text"'), ('{"@id": [1], "http://e/p": 1}'), ('{"http://e/p": ["x"]}'), ('{"@type": [{"a": 1, "b": 2}]}')) v(doc);
ROLLBACK;

\echo == a table of another shape
SELECT create_ledger('shape', '{"history": false}') \g /dev/null
CREATE TABLE "shape:main_commits" ();
CREATE TABLE "shape:main_log" (graph int, s int, t int, retracted int, asserted int);
SELECT called('ledger_upsert', 'shape', '[{"@id": "http://n/1", "http://e/p": 1}]', '{}');

\echo == jsonld_upsert, both ways
\pset tuples_only off
\pset format aligned
SELECT create_collection('flat_docs') \g /dev/null
SELECT create_collection('deep_docs') \g /dev/null
SELECT count(*), count(*) FILTER (WHERE a.action IS DISTINCT FROM b.action OR a.key IS DISTINCT FROM b.key) AS different
FROM generate_series(1, 20) seed, LATERAL (SELECT * FROM jsonld_upsert('flat_docs', random_doc(seed))) a
	LEFT JOIN LATERAL (SELECT * FROM jsonld_upsert('deep_docs', deep(random_doc(seed)))) b USING (ord);
SELECT count(*), count(*) FILTER (WHERE f.doc IS DISTINCT FROM d.doc) AS different FROM flat_docs f FULL JOIN deep_docs d USING (_key);
