-- What stands beside the data of a transaction, and who made a t, when and why.
\set SHOW_CONTEXT never
\pset format unaligned
SELECT create_ledger('lg', '{"context": {"@vocab": "http://e/", "ex": "http://e/", "f": "https://ns.flur.ee/db#"}}');
-- an envelope: keys beside @graph are the transaction's
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:a", "n": 1}], "reason": "audit", "ticket": [7, {"@id": "ex:t7"}], "@type": "Load"}') - 'nodes';
SELECT ledger_upsert('lg', '{"@context": {"x": "http://x/"}, "@graph": {"@id": "x:b", "x:n": 1}, "x:why": "x", "ledger": "lg:main", "opts": {"author": "ann", "message": "first"}}') - 'nodes';
SELECT ledger_insert('lg', '{"@id": "ex:c", "n": 1, "ledger": "lg", "txn-meta": {"reason": "by txn-meta"}}', '{"author": "bob"}') - 'nodes';
SELECT ledger_update('lg', '{"insert": {"@id": "ex:c", "m": 1}, "txn-meta": {"reason": "update"}, "opts": {"message": "m"}}') - 'nodes';
SELECT ledger_delete('lg', 'ex:c', '{"message": "gone", "author": "cid"}') - 'nodes';
SELECT t, author, role = current_user AS mine, at = now() AS at_now, message, asserted, retracted, metadata FROM ledger_log('lg');
-- an @id, by whatever name, makes a named graph
SELECT ledger_upsert('lg', '{"@context": {"@vocab": "http://e/", "id": "@id"}, "id": "http://g/1", "@graph": [{"id": "http://e/g", "n": 1}]}')->'nodes';
SELECT ledger_upsert('lg', '{"@context": {"@vocab": "http://e/", "id": "@id"}, "id": "http://g/1", "label": "a graph", "@graph": [{"id": "http://e/h", "n": 1}]}')->'nodes';
-- no null, no nodes, no keywords
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:a", "n": 2}], "reason": null}');
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:a", "n": 2}], "reason": {"deep": 1}}');
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:a", "n": 2}], "@reverse": {"reason": {"@id": "ex:x"}}}');
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:a", "n": 2}], "nope:reason": 1}');
SELECT ledger_upsert('lg', '{"@graph": [], "reason": 1}');
-- reserved keys are never data, whatever the vocabulary; those without a place are refused
SELECT ledger_upsert('lg', '{"@id": "ex:a", "ledger": "other"}');
SELECT ledger_upsert('lg', jsonb_build_object('@id', 'ex:a', 'n', 3, key, 'x')) FROM unnest(ARRAY['where']) key;
SELECT ledger_replace('lg', '{"@id": "ex:a", "n": 3, "graph": "ex:g"}');
SELECT ledger_insert('lg', '{"@graph": [{"@id": "ex:a", "n": 3}], "values": [1]}');
SELECT ledger_upsert('lg', '{"@context": {"from": "http://e/from"}, "@id": "http://e/a", "from": "x"}');
SELECT ledger_update('lg', '{"@context": {"where": "http://e/where"}, "insert": {"@id": "http://e/a", "where": "x"}}');
SELECT ledger_upsert('lg', '[{"@id": "ex:deep", "where": {"values": 1}}]')->'asserted';
-- an option is said once, or twice the same
SELECT ledger_upsert('lg', '{"@id": "ex:a", "n": 3, "opts": {"nulls": "error"}}', '{"nulls": "delete"}');
SELECT ledger_upsert('lg', '{"@id": "ex:a", "n": 3, "opts": {"nulls": "error"}}', '{"nulls": "error", "message": "same"}')->'t';
SELECT ledger_upsert('lg', '{"@id": "ex:a", "n": 3, "opts": 1}');
SELECT ledger_upsert('lg', '{"@id": "ex:a", "n": 3}', '{"author": 1}');
SELECT ledger_get('lg', 'ex:a', NULL, NULL, '{"author": "x"}');
-- one transaction, one row: the last word stands, metadata meet, counts are net
BEGIN;
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:s", "n": 1, "m": 1}], "reason": "one", "kept": 1}', '{"author": "ann", "message": "one"}')->'t';
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:s", "n": 2}], "reason": "two"}', '{"message": "two"}')->'t';
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:s", "n": 2}], "lost": "says nothing"}', '{"message": "three"}')->'t';
SELECT ledger_delete('lg', 'ex:deep')->'t';
COMMIT;
SELECT author, message, asserted, retracted, metadata FROM ledger_log('lg', 10, 10);
SELECT count(*) FILTER (WHERE op) AS asserted, count(*) FILTER (WHERE NOT op) AS retracted FROM ledger_flakes('lg', 10, 10);
-- what nothing changed is not kept
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "ex:s", "n": 2}], "reason": "nothing"}', '{"message": "nothing"}')->'t';
SELECT count(*) FROM ledger_log('lg');
-- patterns see the commits as the graph #txn-meta
SELECT ledger_update('lg', '{"where": ["graph", "#txn-meta", {"@id": "?c", "reason": "two", "f:t": "?t", "f:message": "?m", "f:author": "?a"}], "insert": {"@id": "ex:found", "at": "?t", "says": ["?m", "?a"]}}')->'asserted';
SELECT ledger_get('lg', 'ex:found') - '@context';
SELECT ledger_update('lg', '{"from": "lg#txn-meta", "where": {"@id": "?c", "@type": "Load", "ticket": {"@id": "ex:t7"}, "f:time": "?when"}, "insert": {"@id": "ex:found", "load": "?c"}}')->'asserted';
SELECT ledger_get('lg', 'ex:found')->'load';
SELECT ledger_update('lg', '{"where": {"@id": "?c", "@graph": "lg:main#txn-meta", "f:author": "bob"}, "insert": {"@id": "ex:found", "bob": "?c"}}')->'asserted';
SELECT ledger_update('lg', '{"insert": {"@id": "ex:c", "@graph": "#txn-meta", "n": 1}}');
-- a time as t
SELECT ledger_get('lg', 'ex:a', NULL, NULL, '{"at": "infinity"}')->'n' AS now, ledger_get('lg', 'ex:a', NULL, NULL, '{"at": "2001-01-01 00:00:00+00"}') IS NULL AS before,
	ledger_get('lg', 'ex:a', NULL, NULL, jsonb_build_object('at', (SELECT at FROM ledger_log('lg', 1, 1))))->'n' AS first;
SELECT ledger_get('lg', 'ex:a', NULL, 1, '{"at": "2001-01-01"}');
SELECT ledger_get('lg', 'ex:a', NULL, NULL, '{"at": "yesterday or so"}');
SELECT * FROM ledger_log('lg', 1, 99);
SELECT count(*) FROM ledger_log(NULL);
SELECT drop_ledger('lg');
-- without history nobody knows
SELECT create_ledger('lg', '{"history": false}');
SELECT ledger_upsert('lg', '{"@graph": [{"@id": "http://e/a", "http://e/n": 2}], "http://e/reason": "x"}')->'t';
SELECT ledger_upsert('lg', '{"@id": "http://e/a", "http://e/n": 2}', '{"author": "x"}')->'t';
SELECT * FROM ledger_log('lg');
SELECT drop_ledger('lg');
