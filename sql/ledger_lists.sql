-- ledger_update: lists that are computed, unwind, values made at random
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SCHEMA ledger_lists;
SET search_path = ledger_lists, public;
SELECT create_ledger('l', '{"context": {"ex": "http://ex/", "ex:list": {"@container": "@list"}}}');

-- what inserts, by name
CREATE FUNCTION n(txn jsonb) RETURNS text LANGUAGE sql AS
$$ SELECT (r->>'asserted') || ' asserted, ' || (r->>'retracted') || ' retracted' FROM ledger_update('l', txn) AS r $$;
CREATE FUNCTION v(iri text) RETURNS jsonb LANGUAGE plpgsql AS
$$ BEGIN RETURN ledger_get('l', iri) - '@context' - '@id'; END $$;

SELECT n('{"where": [["unwind", "?n", "(range 1 3)"]], "insert": {"@id": "ex:a", "ex:n": "?n"}}'), v('ex:a');
SELECT n('{"where": [["unwind", "?n", "(range 5 1 -2)"]], "insert": {"@id": "ex:b", "ex:n": "?n"}}'), v('ex:b');
SELECT n('{"where": [["unwind", "?n", ["range", 0, 1, 0.25]]], "insert": {"@id": "ex:c", "ex:n": "?n"}}'), v('ex:c');
-- nothing: no step, the wrong way, no numbers, too many, no list
SELECT n('{"where": [["unwind", "?n", "(range 1 3 0)"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');
SELECT n('{"where": [["unwind", "?n", "(range 3 1)"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');
SELECT n('{"where": [["unwind", "?n", "(range 1 \"x\")"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');
SELECT n('{"where": [["unwind", "?n", "(range 1 1000001)"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');
SELECT n('{"where": [["unwind", "?n", "(+ 1 1)"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');
SELECT n('{"where": [["unwind", "?n", "(list 1 ?unbound)"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');
-- a hundred thousand are not
SELECT n('{"where": [["query", {"select": ["(as (sum ?n) ?s)"], "where": [["unwind", "?n", "(range 1 100000)"]]}]], "insert": {"@id": "ex:d", "ex:n": "?s"}}'), v('ex:d');
-- lists: of terms, bound, taken apart
SELECT n('{"where": [["bind", "?l", "(list 1 \"x\" (iri ex:a) (list 2 3))", "?size", "(size ?l)", "?head", "(head ?l)",
                      "?last", "(size (last ?l))", "?nth", "(nth ?l 1)", "?end", "(nth ?l -2)", "?none", "(nth ?l 9)"]],
           "insert": {"@id": "ex:e", "ex:size": "?size", "ex:head": "?head", "ex:last": "?last", "ex:nth": "?nth", "ex:end": "?end", "ex:none": "?none"}}'), v('ex:e');
SELECT n('{"where": [["bind", "?l", "(list 1 \"x\" (iri ex:a))"]], "insert": {"@id": "ex:f", "ex:list": "?l"}}'), v('ex:f');
-- one that is stored
SELECT n('{"where": [{"@id": "ex:f", "ex:list": "?l"}, ["unwind", "?x", "?l"]], "insert": {"@id": "ex:g", "ex:x": "?x"}}'), v('ex:g');
-- an axis, and what stands at it
SELECT ledger_insert('l', '[{"@id": "ex:o1", "ex:year": 2001}, {"@id": "ex:o2", "ex:year": 2001}, {"@id": "ex:o3", "ex:year": 2003}]')->'t';
SELECT n('{"where": [["query", {"select": ["?y", "(as (count ?o) ?c)"], "groupBy": "?y",
                      "where": [["unwind", "?y", "(range 2001 2003)"], ["optional", {"@id": "?o", "ex:year": "?y"}]]}],
                     ["bind", "?i", "(iri (concat \"http://ex/y\" ?y))"]],
           "insert": {"@id": "?i", "ex:count": "?c"}}'), v('ex:y2001'), v('ex:y2002'), v('ex:y2003');
-- what is no unwind
SELECT n('{"where": [["unwind", "?n"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');
SELECT n('{"where": [["unwind", "n", "(range 1 2)"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');
SELECT n('{"where": [{"@id": "?n", "ex:n": "?x"}, ["unwind", "?n", "(range 1 2)"]], "insert": {"@id": "ex:d", "ex:n": "?n"}}');

-- uuid, struuid, rand: one for each solution and place, and the same ones when where is asked again
SELECT n('{"where": [["unwind", "?n", "(range 1 50)"], ["bind", "?i", "(uuid)", "?s", "(struuid)", "?s2", "(strUuid)", "?r", "(rand)"]],
           "insert": {"@id": "?i", "ex:s": "?s", "ex:s2": "?s2", "ex:r": "?r", "ex:at": "?n"}}');
SELECT count(*), count(DISTINCT node->>'ex:s'), count(DISTINCT node->>'ex:s2'), count(DISTINCT node->'ex:r'),
       bool_and(iri ~ '^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$') AS uuids,
       bool_and('urn:uuid:' || (node->>'ex:s') <> iri AND node->>'ex:s' <> node->>'ex:s2') AS different,
       bool_and((node->>'ex:s')::uuid::text = node->>'ex:s') AS texts,
       bool_and((node->'ex:r')::numeric >= 0 AND (node->'ex:r')::numeric < 1) AS numbers
FROM ledger_nodes('l') WHERE node ? 'ex:at';
-- another call, other values
SELECT n('{"where": [["unwind", "?n", "(range 1 50)"], ["bind", "?i", "(uuid)"]], "insert": {"@id": "?i", "ex:at": "?n"}}');
SELECT count(*) FROM ledger_nodes('l') WHERE node ? 'ex:at';
-- in what changes nodes that are there: locked, and asked again
SELECT n('{"where": [{"@id": "?i", "ex:at": "?n"}, ["bind", "?s", "(struuid)"], ["filter", "(< (rand) 2)"]], "delete": {"@id": "?i", "ex:at": "?n"}, "insert": {"@id": "?i", "ex:new": "?s"}}');
SELECT count(DISTINCT node->>'ex:new') FROM ledger_nodes('l');

-- edge annotations are refused by name
SELECT ledger_upsert('l', '{"@id": "ex:a", "ex:knows": {"@id": "ex:b", "@annotation": {"ex:role": "x"}}}');
SELECT ledger_upsert('l', '{"@id": "ex:a", "ex:knows": {"@value": "b", "@edge": {"ex:role": "x"}}}');
SELECT n('{"where": {"@id": "?a", "@reifies": {"@id": "?b", "ex:p": {"@id": "?c"}}}, "insert": {"@id": "?a", "ex:n": "?c"}}');
SELECT n('{"insert": {"@id": "ex:a", "ex:knows": {"@id": "ex:b", "@annotation": {"ex:role": "x"}}}}');
DROP SCHEMA ledger_lists CASCADE;
