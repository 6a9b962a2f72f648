-- ledger_update: property paths
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SCHEMA ledger_paths;
SET search_path = ledger_paths, public;
SELECT create_ledger('p', '{"context": {"ex": "http://ex/"}}');
-- the solutions for ?x and ?y, put into a node of their own and taken out again
CREATE FUNCTION reach(path jsonb, "where" jsonb, more jsonb DEFAULT '{"from": "p"}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM ledger_update('p', jsonb_build_object('@context', jsonb_build_object('ex', 'http://ex/', 'rdf', 'http://www.w3.org/1999/02/22-rdf-syntax-ns#', 'rdfs', 'http://www.w3.org/2000/01/rdf-schema#', 'path', jsonb_build_object('@path', path)),
		'where', "where" || '[["bind", "?s", "(concat (str (coalesce ?x \"-\")) \" \" (str (coalesce ?y \"-\")))"]]',
		'graph', 'ex:found', 'insert', '{"@id": "ex:found", "ex:s": "?s"}'::jsonb) || more);
	SELECT string_agg(replace(v, 'http://ex/', ''), ', ' ORDER BY v COLLATE "C") INTO answer
	FROM jsonb_array_elements_text(ledger_get('p', 'ex:found', '{"@context": {"s": {"@id": "http://ex/s", "@container": "@set"}}}', options => '{"graph": "http://ex/found"}')->'s') AS v;
	PERFORM ledger_delete('p', 'ex:found', '{"graph": "ex:found"}');
	RETURN answer;
END $$;
SELECT ledger_upsert('p', '{"@graph": [{"@id": "ex:a", "ex:k": {"@id": "ex:b"}, "ex:n": "A"}, {"@id": "ex:b", "ex:k": {"@id": "ex:c"}, "ex:n": "B"},
	{"@id": "ex:c", "ex:k": {"@id": "ex:a"}, "ex:l": {"@id": "ex:d"}}, {"@id": "ex:d", "ex:n": "D", "@type": "ex:T3"},
	{"@id": "ex:T3", "http://www.w3.org/2000/01/rdf-schema#subClassOf": {"@id": "ex:T2"}}, {"@id": "ex:T2", "http://www.w3.org/2000/01/rdf-schema#subClassOf": {"@id": "ex:T1"}},
	{"@id": "ex:g", "@graph": [{"@id": "ex:a", "ex:k": {"@id": "ex:z"}}, {"@id": "ex:z", "ex:k": {"@id": "ex:y"}}]}]}')->'t';

-- from a node, to a node, between any
SELECT p, reach(to_jsonb(p), '[{"@id": "ex:a", "path": "?y"}]') AS "from", reach(to_jsonb(p), '[{"@id": "?x", "path": {"@id": "ex:d"}}]') AS "to",
	reach(to_jsonb(p), '[{"@id": "?x", "ex:n": "?n"}, {"@id": "?x", "path": "?y"}]') AS "from many"
FROM unnest(ARRAY['ex:k', 'ex:k+', 'ex:k*', 'ex:k?', '^ex:k', '^^ex:k', 'ex:k/ex:k', 'ex:k|ex:l', '(ex:k|ex:l)+', ' ( ex:k | ex:l ) + ', 'ex:k*/ex:l/ex:n',
	'^(ex:l/ex:n)', '(ex:k/ex:k)+', '(^ex:k/ex:l)?', '(ex:k+/ex:l)*', '<http://ex/k>+', 'ex:k+?', 'ex:k|ex:k']) AS p;
-- as data
SELECT p, reach(p, '[{"@id": "ex:a", "path": "?y"}]') FROM unnest(ARRAY['["+", ["|", "ex:k", "ex:l"]]', '["^", ["/", ["^", "ex:l"], ["^", "ex:k"]]]', '["/", ["*", "ex:k"], "http://ex/l"]']::jsonb[]) AS p;
-- types and their superclasses
SELECT reach('"rdf:type/rdfs:subClassOf*"', '[{"@id": "ex:d", "path": "?y"}]');
SELECT reach('"@type/rdfs:subClassOf*"', '[{"@id": "ex:d", "path": "?y"}]'), reach('"@type/rdfs:subClassOf*"', '[{"@id": "?x", "path": {"@id": "ex:T1"}}]');
-- a value at the end, a node of which more is said, a circle, beside others
SELECT reach('"ex:k+/ex:n"', '[{"@id": "?x", "path": "B"}]'), reach('"ex:k+"', '[{"@id": "?x", "path": {"ex:n": "B"}}]'), reach('"ex:k+"', '[{"@id": "?x", "path": {"@id": "?x"}}]');
SELECT reach('"ex:k+"', '[{"@id": "?x", "ex:n": "B", "path": {"ex:l": {"@id": "?y"}}}]'), reach('"ex:k/ex:k"', '[{"@id": "?x", "ex:k": {"path": {"@id": "?y"}}}]');
SELECT reach('"ex:k*"', '[["optional", {"@id": "ex:d", "path": {"@id": "?y", "ex:n": "?n"}}]]'), reach('"ex:k+"', '[{"@id": "?x", "ex:n": "?n"}, ["not-exists", {"@id": "?x", "path": "?y"}]]');
SELECT reach('"ex:k+"', '[{"@id": "ex:b", "@reverse": {"path": {"@id": "?x", "ex:n": "?n"}}}]');
-- in a graph, in any, in several as one, in the past
SELECT reach('"ex:k+"', '[["graph", "ex:g", {"@id": "ex:a", "path": "?y"}]]'), reach('"ex:k+"', '[["graph", "?x", {"@id": "ex:a", "path": "?y"}]]'),
	reach('"ex:k+"', '[["graph", "?g", {"@id": "?x", "path": "?y"}]]'), reach('"ex:k+"', '[["graph", "?g", {"@id": "?x", "path": "?y"}]]', '{"from": "p", "fromNamed": ["ex:h"]}');
SELECT reach('"ex:k+"', '[{"@id": "ex:b", "path": "?y"}]', '{"from": ["p", "ex:g"]}'), reach('"ex:k+"', '[{"@id": "ex:a", "path": "?y"}]', '{"from": "p@t:0"}'), reach('"ex:k+"', '[{"@id": "ex:a", "path": "?y"}]', '{"from": "p@t:1"}');
SELECT reach('"<https://ns.flur.ee/db#t>"', '[["graph", "#txn-meta", {"@id": "?c", "path": "?y"}], ["filter", "(= ?y 1)"]]');
-- what changes is asked again
SELECT ledger_update('p', '{"@context": {"ex": "http://ex/", "all": {"@path": "ex:k+"}}, "where": {"@id": "ex:b", "all": {"@id": "?x", "ex:k": "?y"}}, "delete": {"@id": "?x", "ex:k": "?y"}, "insert": {"@id": "?x", "ex:was": "?y"}}')->'retracted';

-- what is no path
SELECT reach('"ex:k+)"', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('"(ex:k"', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('"ex:k/"', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('""', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('"<ex:k"', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('"@id"', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('"nope:k"', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('"path+"', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('["+"]', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('["!", "ex:k"]', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('["+", "ex:k", "ex:l"]', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('["/", 1]', '[{"@id": "ex:a", "path": "?y"}]');
SELECT reach('"ex:k"', '[{"@id": "ex:a", "path": {"@list": ["?y"]}}]');
SELECT ledger_update('p', '{"@context": {"ex": "http://ex/", "p": {"@path": "ex:k", "@reverse": "ex:k"}}, "insert": {"@id": "ex:a", "ex:n": 1}}');
SELECT ledger_update('p', '{"@context": {"ex": "http://ex/", "p": {"@path": "ex:k"}}, "insert": {"@id": "ex:a", "p": {"@id": "ex:b"}}}');
SELECT ledger_update('p', '{"@context": {"ex": "http://ex/", "p": {"@path": "ex:k"}}, "where": {"@id": "?x", "ex:n": "?n"}, "delete": {"@id": "?x", "ex:q": {"p": "?n"}}}');
\set VERBOSITY sqlstate
SELECT ledger_update('p', jsonb_build_object('@context', jsonb_build_object('p', jsonb_build_object('@path', repeat('(', 20000) || 'http://k')), 'where', '{"p": "?x"}'::jsonb, 'delete', '{"@id": "?x", "http://q": 1}'::jsonb));
\set VERBOSITY default

-- random paths in a random graph, against relations made from the inside out
CREATE TABLE edge (s int, p text, o int);
SELECT setseed(0.19);
INSERT INTO edge SELECT DISTINCT (random() * 9)::int, (ARRAY['p', 'q', 'r'])[1 + floor(random() * 3)::int], (random() * 9)::int FROM generate_series(1, 22);
SELECT create_ledger('r', '{"context": {"ex": "http://ex/"}}');
SELECT ledger_insert('r', jsonb_agg(jsonb_build_object('@id', 'ex:' || s, 'ex:' || p, jsonb_build_object('@id', 'ex:' || o))))->'t' FROM edge;
CREATE FUNCTION relation(path jsonb) RETURNS TABLE (s int, o int) LANGUAGE plpgsql AS $$
DECLARE
	t text := 'rel' || (random() * 1e15)::bigint;
	n int;
BEGIN
	IF jsonb_typeof(path) = 'string' THEN
		RETURN QUERY SELECT e.s, e.o FROM edge AS e WHERE 'ex:' || p = path #>> '{}';
	ELSIF path->>0 = '^' THEN
		RETURN QUERY SELECT r.o, r.s FROM relation(path->1) AS r;
	ELSIF path->>0 = '|' THEN
		RETURN QUERY SELECT * FROM relation(path->1) UNION SELECT * FROM relation(path->2);
	ELSIF path->>0 = '/' THEN
		RETURN QUERY SELECT DISTINCT a.s, b.o FROM relation(path->1) AS a JOIN relation(path->2) AS b ON a.o = b.s;
	ELSE
		EXECUTE format('CREATE TEMP TABLE %I AS SELECT DISTINCT s, o FROM relation($1)', t) USING path->1;
		LOOP
			EXIT WHEN path->>0 = '?';
			EXECUTE format('INSERT INTO %I SELECT a.s, b.o FROM %1$I AS a JOIN %1$I AS b ON a.o = b.s EXCEPT SELECT s, o FROM %1$I', t);
			GET DIAGNOSTICS n = ROW_COUNT;
			EXIT WHEN n = 0;
		END LOOP;
		RETURN QUERY EXECUTE format('SELECT s, o FROM %I', t) || CASE WHEN path->>0 IN ('?', '*') THEN ' UNION SELECT v, v FROM (SELECT s FROM edge UNION SELECT o FROM edge) AS a(v)' ELSE '' END;
		EXECUTE format('DROP TABLE %I', t);
	END IF;
END $$;
CREATE FUNCTION random_path(depth int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	op text := (ARRAY['^', '|', '/', '+', '*', '?'])[1 + floor(random() * 6)::int];
BEGIN
	IF depth = 0 OR random() < 0.2 THEN
		RETURN to_jsonb('ex:' || (ARRAY['p', 'q', 'r'])[1 + floor(random() * 3)::int]);
	ELSIF op IN ('|', '/') THEN
		RETURN jsonb_build_array(op, random_path(depth - 1), random_path(depth - 1));
	END IF;
	RETURN jsonb_build_array(op, random_path(depth - 1));
END $$;
-- the pairs by ledger_update, of what "where" says
CREATE FUNCTION walked(path jsonb, s int, o int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ledger_update('r', jsonb_build_object('@context', jsonb_build_object('ex', 'http://ex/', 'path', jsonb_build_object('@path', path)), 'graph', 'ex:found', 'from', 'r',
		'where', jsonb_build_array(jsonb_build_object('@id', COALESCE('ex:' || s, '?x'), 'path', CASE WHEN o IS NULL THEN '"?y"' ELSE jsonb_build_object('@id', 'ex:' || o) END)) ||
			CASE WHEN s IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_array('bind', '?x', '(iri ex:' || s || ')')) END ||
			CASE WHEN o IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_array('bind', '?y', '(iri ex:' || o || ')')) END ||
			'[["bind", "?z", "(concat (str ?x) \" \" (str ?y))"]]',
		'insert', '{"@id": "ex:found", "ex:z": "?z"}'::jsonb));
	RETURN QUERY SELECT replace(v, 'http://ex/', '') FROM jsonb_array_elements_text(ledger_get('r', 'ex:found', '{"@context": {"z": {"@id": "http://ex/z", "@container": "@set"}}}', options => '{"graph": "http://ex/found"}')->'z') AS v;
	PERFORM ledger_delete('r', 'ex:found', '{"graph": "ex:found"}');
END $$;
DO $$
DECLARE
	path jsonb;
	expected text[];
	found text[];
	pairs int := 0;
BEGIN
	FOR i IN 1..60 LOOP
		path := random_path(3);
		expected := ARRAY(SELECT DISTINCT s || ' ' || o FROM relation(path) ORDER BY 1);
		pairs := pairs + cardinality(expected);
		found := ARRAY(SELECT v FROM walked(path, NULL, NULL) AS v ORDER BY 1);
		IF found <> expected THEN RAISE 'any % walks % instead of %', path, found, expected; END IF;
		found := ARRAY(SELECT v FROM walked(path, i % 10, NULL) AS v ORDER BY 1);
		IF found <> ARRAY(SELECT e FROM unnest(expected) AS e WHERE e LIKE (i % 10) || ' %') THEN RAISE 'from %: % walks % of %', i % 10, path, found, expected; END IF;
		found := ARRAY(SELECT v FROM walked(path, NULL, i % 10) AS v ORDER BY 1);
		IF found <> ARRAY(SELECT e FROM unnest(expected) AS e WHERE e LIKE '% ' || (i % 10)) THEN RAISE 'to %: % walks % of %', i % 10, path, found, expected; END IF;
		found := ARRAY(SELECT v FROM walked(path, i % 7, i % 10) AS v ORDER BY 1);
		IF found <> ARRAY(SELECT e FROM unnest(expected) AS e WHERE e = (i % 7) || ' ' || (i % 10)) THEN RAISE 'from % to %: % walks % of %', i % 7, i % 10, path, found, expected; END IF;
	END LOOP;
	IF pairs < 500 THEN RAISE 'too few pairs: %', pairs; END IF;
END $$;
DROP SCHEMA ledger_paths CASCADE;
