-- Ledgers as a whole: nodes at a time, differences, giving up history, copies, N-Quads.
\set SHOW_CONTEXT never
\pset format unaligned
SELECT create_ledger('wh', '{"context": {"@vocab": "http://e/", "ex": "http://e/"}}');
SELECT ledger_insert('wh', '[{"@id": "ex:a", "n": 1, "tags": ["x", "y"], "@type": "T"}, {"@id": "ex:b", "n": 1, "address": {"city": "Paris"}}, {"@id": "http://g/1", "@graph": [{"@id": "ex:a", "n": 9}]}]')->'t';
SELECT ledger_upsert('wh', '[{"@id": "ex:a", "n": 2, "tags": ["y", "z"]}, {"@id": "ex:c", "l": {"@list": [1, {"@id": "ex:a"}, "x"]}}]')->'t';
SELECT ledger_delete('wh', 'ex:b')->'t';
SELECT ledger_upsert('wh', '[{"@id": "ex:a", "n": 1, "@type": "U"}, {"@id": "http://g/1", "@graph": [{"@id": "ex:a", "n": 8}]}]')->'t';
SELECT iri, node - '@context' - '@id' AS node FROM ledger_nodes('wh');
SELECT t, iri, node - '@context' - '@id' AS node FROM generate_series(0, 3) t, ledger_nodes('wh', t);
SELECT iri, node - '@context' AS node FROM ledger_nodes('wh', 2, '{"graph": "http://g/1"}');
SELECT count(*) FROM ledger_nodes('wh', options => '{"at": "2001-01-01"}');
-- every node at every t is what ledger_get says (which reads parts with their owner)
SELECT count(*), count(*) FILTER (WHERE node IS DISTINCT FROM ledger_get('wh', iri, t => t)) AS different FROM generate_series(0, 4) t, ledger_nodes('wh', t) WHERE NOT node ? 'address';
SELECT * FROM ledger_nodes('wh', 5);
-- net differences, in both directions
SELECT s, p, o, op, graph FROM ledger_diff('wh', 1, 4);
SELECT count(*), count(*) FILTER (WHERE b.s IS NULL) AS other FROM ledger_diff('wh', 1, 4) a FULL JOIN ledger_diff('wh', 4, 1) b ON a.s = b.s AND a.p = b.p AND a.o = b.o AND a.graph = b.graph AND a.op <> b.op;
SELECT count(*) FROM ledger_diff('wh', 2, 2);
SELECT * FROM ledger_diff('wh', 2, 5);
-- what is, and how much
SELECT name, t, flakes, size > 0 AS size, floor FROM upsert_ledgers WHERE name ~ '^wh';
-- copies: now with all of the past, and then
SELECT ledger_copy('wh', 'wh:all'), ledger_copy('wh', 'wh:then', 2);
SELECT ledger_copy('wh', 'wh:then');
SELECT count(*), count(*) FILTER (WHERE a.* IS DISTINCT FROM b.*) AS different FROM ledger_flakes('wh') a FULL JOIN ledger_flakes('wh:all') b USING (t, s, p, o, op);
SELECT count(*), count(*) FILTER (WHERE a.node IS DISTINCT FROM b.node) AS different FROM ledger_nodes('wh', 2) a FULL JOIN ledger_nodes('wh:then') b USING (iri);
SELECT ledger_upsert('wh:then', '{"@id": "ex:a", "n": 7}')->'t' AS t, (SELECT count(*) FROM ledger_log('wh:then')) AS commits;
SELECT name, t, floor FROM upsert_ledgers WHERE name ~ '^wh' ORDER BY name;
-- giving up history
SELECT ledger_compact('wh:all', 2);
SELECT ledger_get('wh:all', 'ex:a', t => 2) = ledger_get('wh', 'ex:a', t => 2) AS oldest, ledger_get('wh:all', 'ex:b', t => 2) = ledger_get('wh', 'ex:b', t => 2) AS gone_now, (SELECT count(*) FROM ledger_log('wh:all')) AS commits;
SELECT ledger_get('wh:all', 'ex:a', t => 1);
SELECT count(*) FROM ledger_nodes('wh:all', 1);
SELECT count(*) FROM ledger_diff('wh:all', 1, 3);
SELECT count(*) FROM ledger_flakes('wh:all', 2, 3);
SELECT count(*) FROM ledger_flakes('wh:all', 3, 3);
SELECT count(*) = (SELECT count(*) FROM ledger_flakes('wh', 3)) AS rest FROM ledger_flakes('wh:all');
SELECT count(*) FROM ledger_diff('wh:all', 2, 4);
SELECT ledger_compact('wh:all', 1), ledger_compact('wh:all', 5);
SELECT floor FROM upsert_ledgers WHERE name = 'wh:all';
BEGIN;
SELECT ledger_upsert('wh:then', '{"@id": "ex:a", "n": 8}')->'t';
SELECT ledger_compact('wh:then', 4);
ROLLBACK;
SELECT ledger_copy('wh:all', 'wh:late', 3);
SELECT ledger_get('wh:late', 'ex:a', t => 1);
-- N-Quads out
SELECT regexp_replace(x, '_:anon\w+', '_:anon') FROM ledger_export('wh') x;
SELECT * FROM ledger_export('wh', '{"graph": "http://g/1"}');
-- and in again: nothing changes
SELECT ledger_upsert('wh', '{"@id": "ex:v", "i": [32, {"@value": 5, "@type": "http://www.w3.org/2001/XMLSchema#double"}], "d": 1.5, "b": false, "s": ["", "a\"b\\c", {"@value": "x", "@language": "en-GB"}, {"@value": "r", "@direction": "rtl"}, {"@value": "r", "@language": "ar", "@direction": "rtl"}], "j": {"@type": "@json", "@value": {"b": [1.0, null], "a": "x"}}, "date": {"@value": "2024-01-01", "@type": "http://www.w3.org/2001/XMLSchema#date"}}')->'asserted';
SELECT ledger_import('wh', string_agg(x, E'\n')) - 'nodes' FROM ledger_export('wh') x;
SELECT ledger_import_from('wh', 'SELECT ledger_export(''wh'')');
-- into an empty one: the same dataset
SELECT create_ledger('wh:import'), create_ledger('wh:from');
SELECT ledger_import('wh:import', string_agg(x, E'\n'), '{"author": "import"}') - 'nodes' FROM ledger_export('wh') x;
SELECT ledger_import_from('wh:from', 'SELECT ledger_export(''wh'')', '{"message": "from"}');
SELECT count(*), count(*) FILTER (WHERE a.doc IS DISTINCT FROM b.doc) AS imported FROM "wh:main" a FULL JOIN "wh:import" b USING (graph, iri);
CREATE FUNCTION dataset(ledger text) RETURNS text LANGUAGE sql AS $$ SELECT rdf_canonize(string_agg(x, E'\n')) FROM ledger_export(ledger) x $$;
SELECT dataset('wh') = dataset('wh:import') AS imported, dataset('wh') = dataset('wh:from') AS from_query, dataset('wh') <> dataset('wh:all') AS others;
SELECT author, message, asserted FROM ledger_log('wh:import') UNION ALL SELECT author, message, asserted FROM ledger_log('wh:from');
-- labels of the input are the input's, in each call
SELECT ledger_import('wh:from', E'<http://e/x> <http://e/at> _:b .\n_:b <http://e/city> "Oslo" .') - 'nodes';
SELECT ledger_import_from('wh:from', $$VALUES ('<http://e/x> <http://e/at> _:q .'), ('<http://e/y> <http://e/n> "1" .'), (NULL), ('_:q <http://e/city> "Oslo" .'), ('# nothing')$$);
-- errors
SELECT ledger_import('wh', 'nonsense');
SELECT ledger_import_from('wh', 'SELECT 1');
SELECT ledger_import_from('wh', $$SELECT 'a', 'b'$$);
SELECT ledger_import_from('wh', 'DROP TABLE "wh:main"');
SELECT ledger_import('wh', NULL);
SELECT ledger_export('nosuch');
SELECT ledger_compact('wh', NULL);
SELECT ledger_copy('wh', 'bad name');
-- by who may not
CREATE ROLE regress_ledger_reader;
GRANT SELECT ON "wh:main", "wh:main_head" TO regress_ledger_reader;
SET ROLE regress_ledger_reader;
SELECT count(*) FROM upsert_ledgers WHERE name ~ '^wh';
SELECT count(*) > 5 FROM ledger_export('wh');
SELECT ledger_compact('wh', 1);
SELECT ledger_import('wh', '<http://e/x> <http://e/p> "1" .');
SELECT count(*) FROM ledger_nodes('wh', 1);
\set VERBOSITY terse
SELECT ledger_copy('wh', 'wh:mine');
\set VERBOSITY default
RESET ROLE;
SELECT drop_ledger(name) FROM upsert_ledgers WHERE name ~ '^wh:';
DROP ROLE regress_ledger_reader;
