-- Batches: upsert_many, upsert_load, upsert_from.
\set SHOW_CONTEXT never
SELECT create_collection('docs', '{"unique": ["email"]}');
ALTER TABLE docs ADD CHECK (doc ->> 'age' IS NULL OR (doc ->> 'age')::int >= 0);
CREATE FUNCTION shown(d jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT d - '_rev' - '_id' $$;

-- answers in input order
SELECT ord, action, key, shown(old) AS old, shown(new) AS new, error
  FROM upsert_many('docs', '[{"_key": "c", "v": 1}, {"_key": "a", "v": 1}, {"_key": "b", "v": 1}, {"_key": "a", "w": 2}, {"_key": "a", "w": 2}]');
SELECT ord, action, length(key), shown(new) - '_key' AS new FROM upsert_many('docs', '[{"gen": 1}, {"_key": "c", "v": 2}, {"gen": 2}]');
SELECT ord, action, key, shown(new) AS new FROM upsert_many('docs', '[{"_key": "c", "v": 3}]', '{"mode": "replace", "return": "new"}');
SELECT * FROM upsert_many('docs', '[]');

-- duplicates
DELETE FROM docs;
SELECT ord, action, key, shown(new) AS new FROM upsert_many('docs', '[{"_key": "a", "x": 1}, {"_key": "b"}, {"_key": "a", "y": 2}]', '{"duplicates": "apply"}');
SELECT ord, action, key, shown(new) AS new FROM upsert_many('docs', '[{"_key": "p", "x": 1}, {"_key": "q"}, {"_key": "p", "y": 2}, {"_key": "p", "z": 3}]', '{"duplicates": "first"}');
SELECT ord, action, key, shown(new) AS new FROM upsert_many('docs', '[{"_key": "s", "x": 1}, {"_key": "t"}, {"_key": "s", "y": 2}, {"_key": "s", "z": 3}]', '{"duplicates": "last"}');
SELECT upsert_load('docs', '[{"_key": "u"}, {"_key": "v"}, {"_key": "u"}]', '{"duplicates": "error"}');
SELECT upsert_load('docs', '[{"no": 1}, {"no": 1}]', '{"duplicates": "error"}');
SELECT count(*) FROM docs WHERE _key IN ('u', 'v');

-- one that fails takes all with it ...
DELETE FROM docs;
\set VERBOSITY terse
SELECT upsert_load('docs', '[{"_key": "a", "age": 1}, {"_key": "b", "age": -1}, {"_key": "c"}]');
\set VERBOSITY default
SELECT upsert_load('docs', '[{"_key": "a", "age": 1}, {"_key": "b c"}]');
SELECT upsert_load('docs', '[{"_key": "a", "age": 1}, 7]');
SELECT count(*) FROM docs;

-- ... unless errors are ignored: each item has its own
SELECT ord, action, key, shown(new) AS new, error ->> 'sqlstate' AS sqlstate, error ->> 'message' AS message
  FROM upsert_many('docs', '[{"_key": "a", "email": "x", "age": 1}, {"_key": "b", "age": -1}, {"_key": "c", "email": "x"}, {"_key": "d e"}, 7, {"_key": "f", "_rev": "r"}, {"_key": "g", "age": "old"}, {"_key": "h"}]',
                   '{"ignoreErrors": true}');
SELECT ord, action, error ->> 'sqlstate' AS sqlstate FROM upsert_many('docs', '[{"_key": "a", "v": 1, "_rev": "wrong"}, {"_key": "h", "v": 1}]', '{"ignoreErrors": true, "ignoreRevs": false}');
SELECT ord, action, error ->> 'sqlstate' AS sqlstate FROM upsert_many('docs', '[{"_key": "a", "v": 1}, {"_key": "new"}]', '{"ignoreErrors": true, "ifRev": null}');
SELECT * FROM upsert_load('docs', '[{"_key": "a", "age": -1}, {"_key": "i"}, {"_key": "h"}, {"_key": "h", "n": 1}]', '{"ignoreErrors": true}');
SELECT _key, doc FROM docs ORDER BY _key;

-- many items, many of them bad: no good one is lost, no bad one gets in, and few subtransactions
DELETE FROM docs;
SELECT * FROM upsert_load('docs', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'age', CASE WHEN i % 100 = 0 THEN -1 ELSE i END)) FROM generate_series(1, 3000) i), '{"ignoreErrors": true}');
SELECT count(*), count(*) FILTER (WHERE (doc ->> 'age')::int < 0) AS bad FROM docs;
SELECT * FROM upsert_load('docs', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'age', CASE WHEN i % 100 = 0 THEN -1 ELSE i END)) FROM generate_series(1, 3000) i), '{"ignoreErrors": true}');

-- a check that comes only at the end of a group: foreign keys
CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents VALUES (1);
SELECT create_collection('children');
ALTER TABLE children ADD parent int GENERATED ALWAYS AS ((doc ->> 'parent')::int) STORED REFERENCES parents;
SELECT upsert_load('children', '[{"_key": "a", "parent": 1}, {"_key": "b", "parent": 2}]');
SELECT ord, action, error ->> 'sqlstate' AS sqlstate, error ->> 'constraint' AS "constraint"
  FROM upsert_many('children', '[{"_key": "a", "parent": 1}, {"_key": "b", "parent": 2}, {"_key": "c"}, {"_key": "d", "parent": 3}, {"_key": "e", "parent": 1}]', '{"ignoreErrors": true}');
SELECT _key, parent FROM children ORDER BY 1;

-- from a query, in chunks
DELETE FROM docs;
SELECT * FROM upsert_from('docs', $$SELECT jsonb_build_object('_key', 'k' || i % 2500, 'i', i) FROM generate_series(1, 5000) i$$);
SELECT * FROM upsert_from('docs', $$SELECT jsonb_build_object('_key', 'k' || i % 2500, 'i', i) FROM generate_series(2501, 5000) i$$);
-- "duplicates" counts for the whole query, not for a chunk
SELECT * FROM upsert_from('docs', $$SELECT jsonb_build_object('_key', 'k' || i % 2500, 'i', i) FROM generate_series(1, 5000) i$$, '{"duplicates": "error"}');
SELECT * FROM upsert_from('docs', $$SELECT jsonb_build_object('_key', 'k' || i % 2500, 'i', i) FROM generate_series(1, 5000) i$$, '{"duplicates": "last"}');
SELECT * FROM upsert_from('docs', $$SELECT jsonb_build_object('_key', 'k' || i, 'i', i) FROM generate_series(1, 2) i UNION ALL SELECT '{"_key": "k x"}' UNION ALL SELECT '7'$$, '{"ignoreErrors": true}');
-- from the collection itself: the query sees it as it was
SELECT * FROM upsert_from('docs', $$SELECT doc || jsonb_build_object('_key', 'copy-' || _key) FROM docs$$);
SELECT * FROM upsert_from('docs', 'SELECT 1');
SELECT * FROM upsert_from('docs', 'SELECT NULL::jsonb');
SELECT * FROM upsert_from('docs', 'SELECT doc, doc FROM docs');
SELECT * FROM upsert_from('docs', 'SELEC 1');
SELECT * FROM upsert_from('docs', 'DELETE FROM docs');
SELECT * FROM upsert_from('docs', 'SELECT doc FROM docs; SELECT 1');
SELECT * FROM upsert_from('docs', '');
SELECT count(*) FROM docs;

-- arrays only
SELECT upsert_load('docs', '{}');
SELECT upsert_load('docs', '1');
SELECT upsert_many('docs', '{"_key": "a"}');
SELECT upsert_load('docs', NULL);

-- dry run of a batch
SELECT ord, action, key FROM upsert_many('docs', '[{"_key": "k1", "i": 0}, {"_key": "dry"}, {"_key": "k2", "i": 4502}]', '{"dryRun": true}');
SELECT count(*) FROM docs WHERE _key = 'dry';

-- called per row, a document may come twice, and each call sees the one before
SELECT i, (upsert('docs', jsonb_build_object('_key', 'same', 'n' || i, i))).action FROM generate_series(1, 3) i;
SELECT doc FROM docs WHERE _key = 'same';

DROP TABLE docs, children, parents;
DROP FUNCTION shown;
