-- ledgers: the option uniqueProperties
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SCHEMA ledger_unique;
SET search_path = ledger_unique, public;
SELECT create_ledger('u', '{"context": {"ex": "http://ex/", "mail": "ex:mail"}}');
\set unique '{"uniqueProperties": ["mail", "ex:code"]}'
SELECT ledger_insert('u', '[{"@id": "ex:a", "mail": "a@x", "ex:code": 1, "ex:n": 1}, {"@id": "ex:b", "mail": ["b@x", "bb@x"], "ex:n": 1}]', :'unique')->'t';
-- one's own value is no conflict, and neither is one that nobody has
SELECT ledger_upsert('u', '{"@id": "ex:a", "mail": "a@x", "ex:n": 2}', :'unique')->'t', ledger_replace('u', '{"@id": "ex:a", "mail": ["a@x", "aa@x"], "ex:code": 1}', :'unique')->'t';
-- another one's is
SELECT ledger_insert('u', '{"@id": "ex:c", "mail": "a@x"}', :'unique');
SELECT ledger_upsert('u', '{"@id": "ex:c", "mail": "bb@x"}', :'unique');
SELECT ledger_replace('u', '{"@id": "ex:b", "mail": "aa@x"}', :'unique');
SELECT ledger_update('u', '{"where": {"@id": "ex:a", "mail": "?m"}, "insert": {"@id": "ex:d", "mail": "?m"}}', :'unique');
-- in whichever spelling; a value of another type is another
SELECT ledger_insert('u', '{"@id": "ex:c", "ex:code": {"@value": "1", "@type": "http://www.w3.org/2001/XMLSchema#integer"}}', :'unique');
SELECT ledger_insert('u', '{"@id": "ex:c", "ex:code": "1"}', :'unique')->'t';
-- references too
SELECT ledger_insert('u', '{"@id": "ex:c", "ex:code": {"@id": "ex:one"}}', :'unique')->'t';
SELECT ledger_insert('u', '{"@id": "ex:d", "ex:code": {"@id": "ex:one"}}', :'unique');
-- twice in a call; changed hands in a call; given back
SELECT ledger_insert('u', '[{"@id": "ex:e", "mail": "e@x"}, {"@id": "ex:f", "mail": "e@x"}]', :'unique');
SELECT ledger_upsert('u', '[{"@id": "ex:a", "mail": "b@x"}, {"@id": "ex:b", "mail": "a@x"}]', :'unique')->'asserted';
SELECT ledger_update('u', '{"delete": {"@id": "ex:a", "mail": "b@x"}, "insert": {"@id": "ex:g", "mail": "b@x"}}', :'unique')->'asserted';
-- graphs apart; without the option nothing is checked; what was there before is not
SELECT ledger_insert('u', '{"@id": "ex:g1", "@graph": [{"@id": "ex:z", "mail": "a@x"}]}', :'unique')->'asserted';
SELECT ledger_insert('u', '[{"@id": "ex:g1", "@graph": [{"@id": "ex:y", "mail": "y@x"}]}, {"@id": "ex:g2", "@graph": [{"@id": "ex:y2", "mail": "y@x"}, {"@id": "ex:y3", "mail": "y@x"}]}]', :'unique');
SELECT ledger_insert('u', '{"@id": "ex:h", "mail": "a@x"}')->'asserted', ledger_upsert('u', '{"@id": "ex:h", "mail": "a@x"}', :'unique')->'asserted';
-- many at once
SELECT ledger_insert('u', (SELECT jsonb_agg(jsonb_build_object('@id', 'ex:m' || i, 'mail', i || '@m')) FROM generate_series(1, 300) AS i), :'unique')->'asserted';
SELECT ledger_insert('u', (SELECT jsonb_agg(jsonb_build_object('@id', 'ex:o' || i, 'mail', (i + 290) || '@m')) FROM generate_series(10, 40) AS i), :'unique');
SELECT ledger_insert('u', (SELECT jsonb_agg(jsonb_build_object('@id', 'ex:o' || i, 'mail', (i + 291) || '@m')) FROM generate_series(10, 40) AS i), :'unique')->'asserted';
-- lists and their items are no such values
SELECT ledger_insert('u', '[{"@id": "ex:p", "ex:code": {"@list": [7]}}, {"@id": "ex:q", "ex:code": {"@list": [7]}}]', :'unique')->'asserted';
-- in the payload, by its context; without history; with other indexes
SELECT ledger_insert('u', '{"@context": {"e": "http://ex/mail"}, "opts": {"uniqueProperties": ["e"]}, "@graph": [{"@id": "http://ex/r", "e": "a@x"}]}');
SELECT create_ledger('n', '{"history": false, "index": "values"}'), create_ledger('n:none', '{"index": false}');
SELECT ledger_insert('n', '[{"@id": "http://a", "http://p": 1}, {"@id": "http://b", "http://p": 1}]', '{"uniqueProperties": ["http://p"]}');
SELECT ledger_insert('n:none', '[{"@id": "http://a", "http://p": 1}, {"@id": "http://b", "http://p": 1}]', '{"uniqueProperties": ["http://p"]}');
SELECT ledger_insert('n', '{"@id": "http://a", "http://p": 1}', '{"uniqueProperties": ["http://p"]}')->'asserted';
-- what is no such option
SELECT ledger_insert('u', '{"@id": "ex:c", "mail": "q"}', '{"uniqueProperties": "mail"}');
SELECT ledger_insert('u', '{"@id": "ex:c", "mail": "q"}', '{"uniqueProperties": [1]}');
SELECT ledger_insert('u', '{"@id": "ex:c", "mail": "q"}', '{"uniqueProperties": ["@type"]}');
SELECT ledger_insert('u', '{"@id": "ex:c", "mail": "q"}', '{"uniqueProperties": ["nope"]}');
SELECT ledger_delete('u', 'ex:c', '{"uniqueProperties": ["mail"]}');
SELECT ledger_insert('u', '{"@id": "ex:c", "mail": "q"}', '{"uniqueProperties": []}')->'asserted';
DROP SCHEMA ledger_unique CASCADE;
