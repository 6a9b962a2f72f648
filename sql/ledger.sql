-- What ledgers are made of, and what the verbs do beyond the page's examples.
SELECT create_ledger('lib', '{"context": {"@vocab": "http://e/", "id": "@id", "type": "@type", "tags": {"@container": "@list"},
	"label": {"@container": "@language"}, "data": {"@type": "@json"}, "knows": {"@type": "@id"}}}');
SELECT create_ledger('lib:main', '{"ifNotExists": true}');
CREATE FUNCTION receipt(r jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT format('t=%s +%s -%s ', r->'t', r->'asserted', r->'retracted') ||
		(SELECT string_agg(CASE WHEN n->>'@id' ~ '^_:anon' THEN 'anonymous' ELSE n->>'@id' END || ' ' || coalesce('in ' || (n->>'@graph') || ' ', '') || (n->>'action'), ', ' ORDER BY o)
		 FROM jsonb_array_elements(r->'nodes') WITH ORDINALITY AS x(n, o))
$$;

-- nodes are rows, documents expanded nodes
SELECT receipt(ledger_upsert('lib', '{"id": "http://b/1", "type": "Book", "title": "One", "pages": 10}'));
SELECT graph, iri, doc FROM "lib:main";
SELECT t, context->>'@vocab' AS vocab FROM "lib:main_head";
SELECT * FROM ledger_flakes('lib');

-- sets: order and repetition mean nothing; equal numbers are one value
SELECT receipt(ledger_upsert('lib', '{"id": "http://b/1", "n": [1, 2, 2, 3, 1.0]}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://b/1", "n": [3, 1, 2]}'));
SELECT receipt(ledger_insert('lib', '{"id": "http://b/1", "n": [3, 4]}'));
SELECT ledger_get('lib', 'http://b/1', '{"@vocab": "http://e/"}')->'n' AS n;

-- lists: order counts, items are statements with a position
SELECT receipt(ledger_upsert('lib', '{"id": "http://b/1", "tags": ["a", "b", "a"]}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://b/1", "tags": ["a", "b", "a"]}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://b/1", "tags": ["a", "a"]}'));
SELECT o, op FROM ledger_flakes('lib', 5);
SELECT ledger_get('lib', 'http://b/1')->'tags' AS tags;

-- language, datatype and JSON literals are part of a value's identity
SELECT receipt(ledger_upsert('lib', '{"id": "http://b/1", "label": {"en": "x", "de": "x"}, "data": {"a": [null, []]}, "v": {"@value": "1", "@type": "http://t"}}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://b/1", "label": {"en": "x"}, "data": {"a": [null, []]}, "v": "1"}'));
SELECT ledger_get('lib', 'http://b/1')->'label' AS label, ledger_get('lib', 'http://b/1')->'data' AS data, ledger_get('lib', 'http://b/1')->'v' AS v;

-- nested nodes with @id are upserted too; a bare reference touches only the referrer
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/a", "knows": {"id": "http://p/b", "name": "B", "age": 1}}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/a", "knows": {"id": "http://p/b", "name": "B2"}}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/a", "knows": "http://p/b"}'));
SELECT receipt(ledger_replace('lib', '{"id": "http://p/a", "knows": {"id": "http://p/b", "name": "B3"}}'));
SELECT ledger_get('lib', 'http://p/b', '{}');

-- nodes without @id belong to their owner
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/c", "addr": [{"city": "X", "geo": {"lat": 1}}, {"city": "Y"}]}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/c", "addr": [{"city": "X", "geo": {"lat": 1}}, {"city": "Y"}]}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/c", "addr": [{"city": "Z"}]}'));
SELECT count(*) FROM "lib:main" WHERE iri ~ '^_:';
SELECT receipt(ledger_insert('lib', '{"id": "http://p/c", "addr": {"city": "W"}}'));
SELECT receipt(ledger_insert('lib', '{"id": "http://p/c", "addr": {"city": "W"}}'));
SELECT doc - '@id' AS doc FROM "lib:main" WHERE iri ~ '^_:' ORDER BY doc::text COLLATE "C";
-- their labels address them
SELECT receipt(ledger_upsert('lib', jsonb_build_object('id', iri, 'zip', 1))) FROM "lib:main" WHERE doc @> '{"http://e/city": [{"@value": "W"}]}';
SELECT receipt(ledger_delete('lib', 'http://p/c'));
SELECT count(*) FROM "lib:main" WHERE iri ~ '^_:';
-- and at the top they are what they say
SELECT receipt(ledger_upsert('lib', '{"note": "hello"}')) FROM generate_series(1, 2);

-- reverse properties and @included
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/d", "@reverse": {"knows": {"id": "http://p/e"}}, "@included": [{"id": "http://p/f", "name": "F"}]}'));

-- named graphs are kept apart
SELECT receipt(ledger_upsert('lib', '{"id": "http://g/1", "@graph": [{"id": "http://p/a", "name": "in g"}]}'));
SELECT ledger_get('lib', 'http://p/a', '{}'), ledger_get('lib', 'http://p/a', '{}', options => '{"graph": "http://g/1"}');
SELECT t, s, o, op FROM ledger_flakes('lib', graph => 'http://g/1');
-- ... their names may be compact; with a prefix that nobody knows they are IRIs as they stand
SELECT create_ledger('short', '{"context": {"g": "http://g/", "p": "http://p/"}}');
SELECT receipt(ledger_upsert('short', '{"@id": "g:1", "@graph": [{"@id": "p:a", "p:name": "in g"}]}'));
SELECT ledger_get('short', 'p:a', options => '{"graph": "g:1"}'), ledger_get('short', 'p:a', '{"x": "http://g/"}', options => '{"graph": "x:1"}');
SELECT t, s, o, op FROM ledger_flakes('short', graph => 'g:1');
SELECT receipt(ledger_update('short', '{"where": {"@id": "?s", "p:name": "?n"}, "insert": {"@id": "?s", "p:alias": "?n"}}', '{"graph": "g:1"}'));
SELECT ledger_get('short', 'p:a', options => '{"graph": "nobody:1"}');
SELECT ledger_get('short', 'p:a', options => '{"graph": "not an IRI"}');
SELECT ledger_delete('short', 'p:a', '{"graph": "nobody:1"}');
SELECT receipt(ledger_delete('short', 'p:a', '{"graph": "g:1"}'));
SELECT drop_ledger('short');
SELECT receipt(ledger_delete('lib', 'http://p/a', '{"graph": "http://g/1"}'));
SELECT ledger_get('lib', 'http://p/a', '{}') IS NOT NULL AS "the other stays";
SELECT receipt(ledger_delete('lib', 'http://p/nobody'));

-- the same node twice in a payload: all its values
SELECT receipt(ledger_upsert('lib', '[{"id": "http://p/g", "n": 1}, {"id": "http://p/g", "n": 2, "m": 3}]'));
SELECT ledger_get('lib', 'http://p/g', '{}');

-- one transaction takes one t, and leaves net flakes only
BEGIN;
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "n": 1}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "n": 2}'));
SAVEPOINT s;
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "n": 3}'));
ROLLBACK TO s;
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/i", "n": 1}'));
COMMIT;
SELECT s, o, op FROM ledger_flakes('lib', (SELECT t FROM "lib:main_head"));
-- what is undone within a transaction leaves neither flake nor row; its t stays
SELECT doc->'http://e/n' AS n FROM "lib:main" WHERE iri = 'http://p/h';
BEGIN;
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "n": 7, "m": 1}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "n": 2}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "m": null}', '{"nulls": "delete"}'));
COMMIT;
SELECT (SELECT count(*) FROM "lib:main_log" l WHERE l.t = h.t) AS rows, (SELECT count(*) FROM ledger_flakes('lib', h.t)) AS flakes FROM "lib:main_head" h;
-- a set that stays the same keeps its stored order, whatever else changes
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "set": [1, 2, 3], "m": 1}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "set": [3, 2.0, 1], "m": 2}'));
SELECT doc->'http://e/set' AS set FROM "lib:main" WHERE iri = 'http://p/h';
-- the nameless nodes of one owner in two graphs are two
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/k", "addr": {"city": "X"}}'));
SELECT receipt(ledger_upsert('lib', '{"id": "http://g/2", "@graph": [{"id": "http://p/k", "addr": {"city": "X"}}]}'));
SELECT count(*), count(DISTINCT iri) FROM "lib:main" WHERE iri LIKE '\_:anon%' AND doc @> '{"http://e/city": [{"@value": "X"}]}';
-- a rolled back transaction leaves no gap
BEGIN;
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "n": 4}'));
ROLLBACK;
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "n": 5}'));
SELECT (SELECT t FROM "lib:main_head") - count(DISTINCT t) AS "net nothing, once" FROM "lib:main_flakes";

-- nothing new: nothing written, no transaction id
BEGIN;
SELECT receipt(ledger_upsert('lib', '{"id": "http://p/h", "n": 5}'));
SELECT pg_current_xact_id_if_assigned() IS NULL AS "no xid";
COMMIT;

-- a branch is a ledger of its own; without history
SELECT create_ledger('lib:bare', '{"history": false, "index": false}');
SELECT receipt(ledger_upsert('lib:bare', '{"@id": "http://p/a", "http://e/n": 1}'));
SELECT ledger_get('lib:bare', 'http://p/a');
SELECT relname FROM pg_class WHERE relname ~ '^lib:' AND relkind = 'r' ORDER BY 1;

-- who may read or write the tables may read or write the ledger
CREATE ROLE ledger_reader;
GRANT SELECT ON "lib:main", "lib:main_head" TO ledger_reader;
SET ROLE ledger_reader;
\set VERBOSITY sqlstate
SELECT ledger_get('lib', 'http://p/h', '{}');
SELECT ledger_get('lib', 'http://p/h', '{}', 1);
SELECT ledger_upsert('lib', '{"id": "http://p/h", "n": 6}');
SELECT drop_ledger('lib');
RESET ROLE;
SET default_transaction_read_only = on;
SELECT ledger_upsert('lib', '{"id": "http://p/h", "n": 6}');
RESET default_transaction_read_only;
\set VERBOSITY default
REVOKE ALL ON "lib:main", "lib:main_head" FROM ledger_reader;
DROP ROLE ledger_reader;

-- dropping the table of nodes drops the ledger
SELECT drop_ledger('lib');
DROP TABLE "lib:bare";
SELECT relname FROM pg_class WHERE relname ~ '^lib:' AND relkind = 'r' ORDER BY 1;
DROP FUNCTION receipt(jsonb);

-- an IRI argument may be compact by the ledger's context, whatever context the
-- answer is to have
SELECT create_ledger('short', '{"context": {"ex": "http://e/"}}');
SELECT ledger_upsert('short', '{"@id": "ex:a", "ex:n": 1}') ->> 't' AS t;
SELECT ledger_get('short', 'ex:a') AS by_default, ledger_get('short', 'ex:a', '{}') AS expanded,
       ledger_get('short', 'o:a', '{"o": "http://e/"}') AS by_its_own, ledger_get('short', 'ex:a', '{"ex": "http://other/"}') AS redefined;
SELECT ledger_delete('short', 'ex:a') ->> 'retracted' AS retracted;
SELECT drop_ledger('short');
