-- ledger_update: what patterns are asked of: from several graphs, from the past
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SCHEMA ledger_dataset;
SET search_path = ledger_dataset, public;
SELECT create_ledger('d', '{"context": {"ex": "http://ex/"}}');
-- the solutions for ?x and ?v, put into a node of their own and taken out again
CREATE FUNCTION found("from" jsonb, "where" jsonb, more jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM ledger_update('d', jsonb_build_object('from', "from", 'where', jsonb_build_array("where") || '[["bind", "?s", "(concat (str ?x) \" \" (str ?v))"]]',
		'graph', 'ex:found', 'insert', '{"@id": "ex:found", "ex:s": "?s"}'::jsonb) || more);
	SELECT string_agg(replace(v, 'http://ex/', ''), ', ' ORDER BY v) INTO answer
	FROM jsonb_array_elements_text(ledger_get('d', 'ex:found', '{"@context": {"s": {"@id": "http://ex/s", "@container": "@set"}}}', options => '{"graph": "ex:found"}')->'s') AS v;
	PERFORM ledger_delete('d', 'ex:found', '{"graph": "ex:found"}');
	RETURN answer;
END $$;

SELECT ledger_upsert('d', '{"@graph": [{"@id": "ex:a", "ex:n": 1, "ex:k": {"@id": "ex:b"}}, {"@id": "ex:b", "ex:n": 2}]}')->'t';
SELECT ledger_upsert('d', '{"@graph": [{"@id": "ex:a", "ex:n": 10}, {"@id": "ex:b", "ex:n": 2, "ex:m": 1},
	{"@id": "ex:g", "@graph": [{"@id": "ex:a", "ex:m": 5, "ex:n": 10}, {"@id": "ex:c", "ex:m": 6, "ex:n": 3}]},
	{"@id": "ex:h", "@graph": [{"@id": "ex:c", "ex:m": 7, "ex:l": {"@list": [1, 2]}}]}]}')->'t';
SELECT ledger_delete('d', 'ex:b')->'t';

-- graphs as one
SELECT found('"d"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"ex:g"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('["d", "ex:g"]', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('["d", "ex:g", "d:main", "ex:g"]', '{"@id": "?x", "ex:n": 10, "ex:m": "?v"}');
SELECT found('["d", "ex:g"]', '{"@id": "?x", "ex:k": {"ex:m": "?v"}}');
SELECT found('["ex:g", "ex:h"]', '{"@id": "?x", "ex:m": "?v"}');
SELECT found('["ex:g", "ex:h"]', '{"@id": "?x", "ex:n": 3, "ex:l": {"@list": ["?v"]}}');
SELECT found('["ex:g", "ex:none"]', '{"@id": "?x", "ex:m": "?v"}');
-- a statement of two graphs is one
SELECT found('["d", "ex:g"]', '["query", {"select": ["?x", "(as (count *) ?v)"], "groupBy": "?x", "where": {"@id": "?x", "ex:n": "?n"}}]');
-- named graphs beside them are asked by their names
SELECT found('["d", "ex:g"]', '["graph", "ex:h", {"@id": "?x", "ex:m": "?v"}]');
SELECT found('["d", "ex:g"]', '["query", {"select": ["?x", "?v"], "where": [{"@id": "?x", "ex:n": "?v"}, ["graph", "?g", {"@id": "?x", "ex:m": 7}]]}]');

-- the past
SELECT found('"d@t:1"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d:main@t:2"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d@t:0"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d@t:latest"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('{"@id": "d", "t": 1}', '{"@id": "?x", "ex:n": "?v", "ex:k": {"@id": "ex:b", "ex:n": 2}}');
SELECT found('{"@id": "d", "t": "latest", "graph": "ex:g"}', '{"@id": "?x", "ex:m": "?v"}');
SELECT found('{"@id": "d@t:1", "graph": "ex:g"}', '{"@id": "?x", "ex:m": "?v"}');
SELECT found('["d@t:2", {"@id": "d", "t": 2, "graph": "ex:g"}]', '{"@id": "?x", "ex:m": "?v"}');
SELECT found('"d@t:1"', '["graph", "ex:g", {"@id": "?x", "ex:m": "?v"}]');
SELECT found('"d@t:2"', '["graph", "?g", {"@id": "?x", "ex:m": "?v"}]');
SELECT found('"d@t:2"', '["graph", "?g", {"@id": "?x", "ex:m": "?v"}]', '{"fromNamed": ["ex:h"]}');
SELECT found('"d@iso:2001-01-01T00:00:00Z"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d@iso:infinity"', '{"@id": "?x", "ex:n": "?v"}');
-- a value is given back
SELECT ledger_update('d', '{"from": "d@t:1", "where": {"@id": "?x", "ex:n": "?v"}, "insert": {"@id": "?x", "ex:was": "?v"}}')->'asserted';
SELECT ledger_get('d', 'ex:a'), ledger_get('d', 'ex:b');
SELECT graph, iri, doc FROM ledger_state('d', 2) ORDER BY graph, iri;
SELECT ledger_merge('[{"@id": "a", "p": [1], "@type": ["T"]}, {"@id": "a", "p": [2, 1], "q": [3]}]');
SELECT ledger_merge('{"a": "x", "b": true}');

-- what cannot be
SELECT found('[]', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('["d@t:1", "d"]', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d@t:1000"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d@t:-1"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d@t:x"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d@commit:bafy"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('{"@id": "d", "t": true}', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('{"@id": "d", "when": 1}', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('{"@id": "other:main", "graph": "ex:g"}', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('["d", "#txn-meta"]', '{"@id": "?x", "ex:n": "?v"}');
SELECT ledger_compact('d', 1) > 0;
SELECT found('"d@t:0"', '{"@id": "?x", "ex:n": "?v"}');
SELECT found('"d@t:1"', '{"@id": "?x", "ex:n": "?v"}');
SELECT create_ledger('none', '{"history": false}');
SELECT ledger_update('none', '{"from": "none@t:0", "where": {"@id": "?x", "http://n": "?v"}, "insert": {"@id": "?x", "http://m": "?v"}}');
DROP SCHEMA ledger_dataset CASCADE;
