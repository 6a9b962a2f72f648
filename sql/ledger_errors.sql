-- Bad input: the SQLSTATE, and for the new messages the text.
\set VERBOSITY sqlstate
SELECT create_ledger('');
SELECT create_ledger('a b');
SELECT create_ledger('a:b:c');
SELECT create_ledger(':x');
SELECT create_ledger('x:');
SELECT create_ledger('"x"');
SELECT create_ledger(repeat('x', 60));
SELECT create_ledger('e', '[]');
SELECT create_ledger('e', '{"histroy": true}');
SELECT create_ledger('e', '{"history": 1}');
SELECT create_ledger('e', '{"context": 1}');
SELECT create_ledger('e', '{"context": {"x": 1}}');
SELECT ledger_upsert('e', '{}');
SELECT ledger_get('e', 'http://x');
SELECT * FROM ledger_flakes('e');
SELECT drop_ledger('e');
SELECT create_ledger('e');
SELECT create_ledger('e:main');
CREATE TABLE "t:main" (a int);
SELECT ledger_upsert('t', '{}');
CREATE TABLE "t:main_head" (a int);
SELECT ledger_upsert('t', '{}');
DROP TABLE "t:main", "t:main_head";

SELECT ledger_upsert('e', '1');
SELECT ledger_upsert('e', '"x"');
SELECT ledger_upsert('e', '{"@id": "http://x"}');
SELECT ledger_upsert('e', '{"@id": 1, "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": null, "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "", "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "x", "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "_:", "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "http://x/<y>", "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": {"@id": "y z"}}');
SELECT ledger_upsert('e', '{"@id": "http://x", "@type": "T"}');
SELECT ledger_upsert('e', '{"@id": "http://x", "@type": 1}');
SELECT ledger_upsert('e', '{"@id": "http://x", "@type": {"@id": "http://t"}}');
SELECT ledger_upsert('e', '{"@id": "http://x", "p": 1}');
SELECT ledger_upsert('e', '{"@id": "http://x", "_:p": 1}');
SELECT ledger_upsert('e', '{"@id": "ex:alice", "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "http://x", "ex:p": 1}');
SELECT ledger_upsert('e', '{"@context": "http://nowhere/", "@id": "http://x", "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type": {"@id": "http://t"}}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": [{"@list": [1]}, {"@list": [2]}]}');
SELECT ledger_upsert('e', jsonb_build_object('@id', 'http://x/' || repeat('x', 3000), 'http://p', 1));
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": 1}', '{"null": "delete"}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": 1}', '{"nulls": true}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": 1}', '{"strictCompactIri": 1}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": 1}', '{"base": "x"}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": 1}', '{"graph": "http://g"}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": 1}', '1');
SELECT ledger_delete('e', 'x');
SELECT ledger_get('e', '');
SELECT ledger_get('e', 'http://x', '1');
SELECT ledger_get('e', 'http://x', options => '{"graph": 1}');
SELECT ledger_insert('e', '{"@id": "http://l", "http://p": {"@list": [1]}}')->'t';
SELECT ledger_insert('e', '{"@id": "http://l", "http://p": {"@list": [1, 2]}}')->'t';
SELECT ledger_insert('e', '{"@id": "http://l", "http://p": {"@list": [1]}}')->'t';
-- lifted rules
SELECT ledger_upsert('e', '{"@id": "ex:alice", "http://p": 1}', '{"strictCompactIri": false}')->'nodes';
SELECT ledger_upsert('e', '{"@id": "x", "http://p": 1}', '{"base": "http://b/"}')->'nodes';
SELECT ledger_upsert('e', jsonb_build_object('@id', 'http://x/' || repeat('x', 2500), 'http://p', 1))->'asserted';
-- nothing of all that was stored
SELECT left(iri, 20) FROM "e:main" ORDER BY 1;
SELECT create_ledger('bare', '{"history": false}');
SELECT * FROM ledger_flakes('bare');
SELECT ledger_get('bare', 'http://x', t => 1);

-- the words
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT ledger_upsert('nosuch', '{}');
SELECT create_ledger('a b');
SELECT ledger_upsert('e', '{"@id": "a b", "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "ex:alice", "http://p": 1}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": null}');
SELECT ledger_upsert('e', '{"@id": "http://x", "http://p": null}', '{"nulls": "error"}');
SELECT ledger_insert('e', '{"@id": "http://l", "http://p": {"@list": [3]}}');
SELECT ledger_get('bare', 'http://x', t => 1);
SELECT drop_ledger('e'), drop_ledger('bare');
