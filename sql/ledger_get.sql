-- Reading a node with what belongs to it: its parts, neighbours, frames; and whose part has changed.
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SELECT create_ledger('rd', '{"context": {"@vocab": "http://e/", "ex": "http://e/", "knows": {"@type": "@id"}}}');
SELECT ledger_upsert('rd', '[{"@id": "ex:a", "name": "A", "address": {"city": "Paris", "geo": {"lat": 1}}, "tags": {"@list": [{"k": 1}, "x", {"@id": "ex:b"}]}, "knows": ["ex:b", "ex:c"]}, {"@id": "ex:b", "name": "B", "knows": "ex:a", "address": {"city": "Rome"}}, {"@id": "ex:c", "name": "C", "knows": "ex:d"}, {"@id": "ex:d", "name": "D", "knows": "ex:e"}]')->'asserted';
CREATE FUNCTION pg_temp.short(j jsonb) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace((j - '@context')::text, '_:anon\w+', '_:anon', 'g') $$;
-- parts are read with their owner; named nodes as far as depth says, none inside of itself
SELECT pg_temp.short(ledger_get('rd', 'ex:a'));
SELECT pg_temp.short(ledger_get('rd', 'ex:a', options => '{"depth": 1}'));
SELECT pg_temp.short(ledger_get('rd', 'ex:a', options => '{"depth": 2}')) = pg_temp.short(ledger_get('rd', 'ex:a', options => '{"depth": 9}')) AS same, pg_temp.short(ledger_get('rd', 'ex:c', options => '{"depth": 9}'));
SELECT pg_temp.short(ledger_get('rd', (SELECT iri FROM "rd:main" WHERE doc ? 'http://e/city' AND doc ? 'http://e/geo')));
-- what was read can be sent back: nothing changes
SELECT ledger_upsert('rd', ledger_get('rd', 'ex:a')) - 'nodes', ledger_upsert('rd', ledger_get('rd', 'ex:a', options => '{"depth": 5}')) - 'nodes';
-- a past has its parts of then
SELECT ledger_upsert('rd', '{"@id": "ex:a", "address": {"city": "Lyon", "geo": {"lat": 1}}}')->'nodes' @> '[{"@id": "http://e/a", "action": "updated"}]' AS owner;
SELECT pg_temp.short(ledger_get('rd', 'ex:a', t => 1)->'address'), pg_temp.short(ledger_get('rd', 'ex:a')->'address');
-- the owner of a part that has changed is updated, at any depth; one whose parts stay is not
SELECT regexp_replace((ledger_upsert('rd', '[{"@id": "ex:a", "address": {"city": "Lyon", "geo": {"lat": 2}}}, {"@id": "ex:b", "address": {"city": "Rome"}}]')->'nodes')::text, '_:anon\w+', '_:anon', 'g');
SELECT ledger_replace('rd', '{"@id": "ex:b", "name": "B", "knows": {"@id": "ex:a"}, "address": {"city": "Bari"}}')->'nodes'->0;
-- frames
SELECT pg_temp.short(ledger_get('rd', 'ex:a', options => '{"frame": {"knows": {"knows": {}}}}'));
SELECT pg_temp.short(ledger_get('rd', 'ex:a', options => '{"frame": {"@explicit": true, "name": {}, "knows": {"@explicit": true, "name": {}}}}'));
SELECT ledger_get('rd', 'ex:a', options => '{"frame": {"@context": {"n": "http://e/name"}, "@explicit": true, "n": {}}}');
SELECT pg_temp.short(ledger_get('rd', 'ex:a', options => '{"frame": {"@id": "ex:zzz"}}'));
SELECT ledger_get('rd', 'ex:nobody', options => '{"frame": {}}') IS NULL;
-- errors
SELECT ledger_get('rd', 'ex:a', options => '{"depth": -1}');
SELECT ledger_get('rd', 'ex:a', options => '{"depth": 1.5}');
SELECT ledger_get('rd', 'ex:a', options => '{"frame": []}');
SELECT ledger_get('rd', 'ex:a', options => '{"frame": "x"}');
SELECT ledger_upsert('rd', (SELECT jsonb_agg(jsonb_build_object('@id', 'http://k/' || i, 'knows', (SELECT jsonb_agg('http://k/' || k) FROM generate_series(0, 9) k WHERE k <> i))) FROM generate_series(0, 9) i))->'asserted';
SELECT ledger_get('rd', 'http://k/0', options => '{"depth": 9}');
SELECT drop_ledger('rd');
