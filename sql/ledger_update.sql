-- where, delete, insert.
SELECT create_ledger('u', '{"context": {"@vocab": "http://e/", "knows": {"@type": "@id"}}}');
CREATE FUNCTION receipt(r jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('t=%s +%s -%s ', r->'t', r->'asserted', r->'retracted') ||
		coalesce((SELECT string_agg(replace(n->>'@id', 'http://p/', '') || ' ' || (n->>'action'), ', ' ORDER BY o) FROM jsonb_array_elements(r->'nodes') WITH ORDINALITY AS x(n, o)), '-')
$$;
CREATE FUNCTION show() RETURNS TABLE(id text, node text) LANGUAGE sql AS $$
	SELECT replace(iri, 'http://p/', ''), replace((ledger_get('u', iri, '{"@vocab": "http://e/", "@base": "http://p/"}') - '@context' - '@id')::text, 'http://p/', '')
	FROM "u:main" ORDER BY iri
$$;
-- the page: age 30 becomes 31
SELECT receipt(ledger_insert('u', '{"@id": "http://p/alice", "name": "Alice", "age": 30}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "http://p/alice", "age": 30}, "delete": {"@id": "http://p/alice", "age": 30}, "insert": {"@id": "http://p/alice", "age": 31}}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "http://p/alice", "age": 30}, "delete": {"@id": "http://p/alice", "age": 30}, "insert": {"@id": "http://p/alice", "age": 31}}'));
SELECT receipt(ledger_update('u', '{"where": [{"@id": "http://p/alice", "age": "?oldAge"}], "delete": [{"@id": "http://p/alice", "age": "?oldAge"}], "insert": [{"@id": "http://p/alice", "age": 32}]}'));
SELECT * FROM show();

SELECT receipt(ledger_insert('u', '[
	{"@id": "http://p/bob", "@type": "Person", "name": "Bob", "age": 20, "knows": ["http://p/alice", "http://p/carol"], "tag": ["x", "y"]},
	{"@id": "http://p/carol", "@type": ["Person", "Admin"], "name": {"@value": "Carol", "@language": "en"}, "email": "c@e", "knows": "http://p/bob", "l": {"@list": [1, 2]}},
	{"@id": "http://p/dave", "@type": "Robot", "name": "Bob", "age": "old"}]'));

-- a value is matched exactly: language and datatype count
SELECT receipt(ledger_update('u', '{"where": {"@id": "?s", "name": "Carol"}, "insert": {"@id": "?s", "seen": 1}}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "?s", "name": {"@value": "Carol", "@language": "en"}}, "insert": {"@id": "?s", "seen": 1}}'));
-- types, several patterns on one subject, joins both ways, a variable predicate
SELECT receipt(ledger_update('u', '{"where": {"@id": "?s", "@type": "Person", "name": "Bob"}, "insert": {"@id": "?s", "seen": 2}}'));
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?a", "knows": "?b"}, {"@id": "?b", "name": "Alice"}], "insert": {"@id": "?a", "knowsAlice": true}}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "?a", "knows": {"@id": "?b", "knows": "?a"}}, "insert": {"@id": "?a", "mutual": {"@id": "?b"}}}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "?a", "knows": {"email": "c@e"}}, "insert": {"@id": "?a", "knowsByMail": "c@e"}}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "http://p/dave", "?p": "?o"}, "insert": {"@id": "http://p/copy", "?p": "?o"}}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "http://p/copy", "@type": "?t"}, "delete": {"@id": "http://p/copy", "@type": "?t"}, "insert": {"@id": "http://p/copy", "was": "?t", "@type": "Copy"}}'));
-- a list is one value
SELECT receipt(ledger_update('u', '{"where": {"@id": "?s", "l": "?l"}, "delete": {"@id": "?s", "l": "?l"}, "insert": {"@id": "?s", "m": "?l"}}'));
SELECT * FROM show();

-- filter, bind
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?s", "age": "?a"}, ["filter", "(and (> ?a 18) (< ?a 25))"], ["bind", "?b", "(+ ?a 1)"]], "delete": {"@id": "?s", "age": "?a"}, "insert": {"@id": "?s", "age": "?b"}}'));
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?s", "name": "?n"}, ["filter", ["or", ["=", "?n", "Alice"], ["strstarts", ["lcase", "?n"], "car"]]], ["bind", "?u", ["concat", ["ucase", "?n"], "!"]]], "insert": {"@id": "?s", "upper": "?u"}}'));
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?s", "name": "?n"}, ["filter", "(= (lang ?n) \"en\")"]], "insert": {"@id": "?s", "f": 1}}'));
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?s", "age": "?n"}, ["filter", "(> (/ 1 (- ?n ?n)) 0)"]], "insert": {"@id": "?s", "f": 2}}'));
-- optional, union, minus, exists, not-exists, values
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?s", "@type": "Person"}, ["optional", {"@id": "?s", "email": "?e"}], ["filter", "(not (bound ?e))"]], "insert": {"@id": "?s", "mail": "none", "email2": "?e"}}'));
SELECT receipt(ledger_update('u', '{"where": ["union", {"@id": "?s", "email": "?x"}, {"@id": "?s", "tag": "?x"}], "insert": {"@id": "?s", "u": "?x"}}'));
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?s", "name": "?n"}, ["minus", {"@id": "?s", "@type": "Person"}], ["minus", {"@id": "?other", "email": "c@e"}]], "insert": {"@id": "?s", "noPerson": true}}'));
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?s", "name": "?n"}, ["exists", {"@id": "?s", "age": "?a"}], ["not-exists", {"@id": "?x", "knows": "?s"}]], "insert": {"@id": "?s", "lonely": true}}'));
SELECT receipt(ledger_update('u', '{"values": [["?s", "?v"], [[{"@id": "http://p/bob"}, 7], [{"@id": "http://p/new"}, "n"]]], "insert": {"@id": "?s", "val": "?v"}}'));
SELECT receipt(ledger_update('u', '{"where": [{"@id": "?s", "val": "?v"}, ["values", "?v", [7, 8]]], "delete": {"@id": "?s", "val": "?v"}}'));
SELECT * FROM show();

-- no rows: nothing happens, not even to what has no variable; no where: once
SELECT receipt(ledger_update('u', '{"where": {"@id": "http://p/nobody", "a": "?a"}, "insert": {"@id": "http://p/x", "a": 1}}'));
SELECT receipt(ledger_update('u', '{"insert": {"@id": "http://p/x", "a": "?a"}}'));
SELECT receipt(ledger_update('u', '{"delete": {"@id": "http://p/x", "a": "?a"}, "insert": {"@id": "http://p/x", "b": {"c": 1}}}'));
SELECT receipt(ledger_update('u', '{"delete": []}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "?s", "val": "?a"}, "insert": {"@id": "?s", "z": [{"@value": "?a"}, {"@variable": "?a"}]}}'));
SELECT * FROM show() WHERE id = 'new';
-- nothing to change: no lock, no xid
BEGIN;
SELECT receipt(ledger_update('u', '{"where": {"@id": "?s", "name": "Alice"}, "insert": {"@id": "?s", "name": "Alice"}}'));
SELECT pg_current_xact_id_if_assigned() IS NULL AS "no xid";
COMMIT;
-- a named graph
SELECT receipt(ledger_upsert('u', '{"@id": "http://g", "@graph": [{"@id": "http://p/alice", "age": 1}]}'));
SELECT receipt(ledger_update('u', '{"where": {"@id": "?s", "age": "?a"}, "delete": {"@id": "?s", "age": "?a"}}', '{"graph": "http://g"}'));

-- bad input
\set VERBOSITY sqlstate
SELECT ledger_update('u', '[]');
SELECT ledger_update('u', '{}');
SELECT ledger_update('u', '{"where": {"@id": "?s", "a": 1}}');
SELECT ledger_update('u', '{"whre": {}, "insert": {}}');
SELECT ledger_update('u', '{"insert": 1}');
SELECT ledger_update('u', '{"where": 1, "insert": {"@id": "?s", "a": 1}}');
SELECT ledger_update('u', '{"where": ["nosuch", {}], "insert": {"@id": "?s", "a": 1}}');
SELECT ledger_update('u', '{"where": [{"@id": "?s", "a": "?a"}, ["filter", "(> ?a"]], "insert": {"@id": "?s", "a": 1}}');
SELECT ledger_update('u', '{"where": [{"@id": "?s", "a": "?a"}, ["filter", "(nosuch ?a)"]], "insert": {"@id": "?s", "a": 1}}');
SELECT ledger_update('u', '{"where": [{"@id": "?s", "a": "?a"}, ["bind", "?a", 1]], "insert": {"@id": "?s", "a": 1}}');
SELECT ledger_update('u', '{"where": {"@id": "?s", "a": {"@list": []}}, "insert": {"@id": "?s", "a": 1}}');
SELECT ledger_update('u', '{"values": [["?a", "?b"], [[1]]], "insert": {"@id": "http://p/x", "a": "?a"}}');
SELECT ledger_update('u', '{"values": ["?a", [null]], "insert": {"@id": "http://p/x", "a": "?a"}}');
SELECT ledger_update('u', '{"where": {"@id": "?s", "a": "?a"}, "delete": {"a": "?a"}}');
SELECT ledger_update('u', '{"where": {"@id": "?s", "name": "?a"}, "insert": {"@id": "http://p/x", "?a": 1}}')->'asserted';
SELECT ledger_update('u', '{"insert": {"@id": "?s", "a": 1}}');
SELECT ledger_update('u', '{"insert": {"@id": "http://p/x", "a": 1}}', '{"nulls": "delete"}');
\set VERBOSITY default
SELECT drop_ledger('u');
DROP FUNCTION receipt, show;
