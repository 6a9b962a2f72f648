-- Options "by" (attributes find the document) and "ignoreChanges".
\set SHOW_CONTEXT never
SELECT create_collection('byu', '{"unique": ["mail"]}'), create_collection('bys');
CREATE FUNCTION shown(d jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT d - '_rev' - '_id' $$;
CREATE FUNCTION many(c regclass, docs jsonb, options jsonb) RETURNS TABLE (ord int, action text, key text, new jsonb, error text) LANGUAGE sql AS $$
	SELECT ord, action, regexp_replace(key, '^[2-7a-z]{13}$', 'TID'), shown(new) - '_key', concat_ws(' | ', error ->> 'sqlstate', error ->> 'message', error ->> 'detail') FROM upsert_many(c, docs, options)
$$;
-- the same with an index that arbitrates and without
SELECT c, m.* FROM unnest(ARRAY['byu', 'bys']) c, many(c::regclass, '[{"_key": "k1", "mail": "a", "n": 1}, {"mail": "b", "n": 1}, {"mail": "a", "n": 2}, {"mail": 1, "x": 1}, {"mail": 1.0, "y": 1}, {"mail": {"o": [1]}}]', '{"by": ["mail"]}') m ORDER BY c DESC, ord;
SELECT c, m.* FROM unnest(ARRAY['byu', 'bys']) c, many(c::regclass, '[{"mail": "b", "n": 1}, {"_key": "k1", "mail": "a", "n": 3}, {"_key": "other", "mail": "a", "n": 4}, {"n": 5}, {"mail": null}, {"_key": "k1", "mail": "c"}, {"mail": "a", "_id": "k1", "z": 0}, 5, {"mail": "1"}]', '{"by": ["mail"], "ignoreErrors": true}') m ORDER BY c DESC, ord;
SELECT many('byu', '[{"mail": "a"}, {"n": 5}]', '{"by": ["mail"]}');
SELECT many('byu', '[{"mail": "a", "_key": "other"}]', '{"by": ["mail"]}');
SELECT many('bys', '[{"mail": "a", "_key": "other"}]', '{"by": ["mail"]}');
-- the modes, conditions and policies are those of any batch
SELECT c, m.* FROM unnest(ARRAY['byu', 'bys']) c, many(c::regclass, '[{"mail": "a", "only": 1}]', '{"by": ["mail"], "mode": "replace"}') m ORDER BY c DESC, ord;
SELECT c, m.* FROM unnest(ARRAY['byu', 'bys']) c, many(c::regclass, '[{"mail": "a", "d": 1}, {"mail": "a", "d": 2}, {"mail": "new", "d": 1}]', '{"by": ["mail"], "dryRun": true, "duplicates": "last"}') m ORDER BY c DESC, ord;
SELECT c, m.* FROM unnest(ARRAY['byu', 'bys']) c, many(c::regclass, '[{"mail": "a", "d": 1}, {"mail": "new", "d": 1}]', '{"by": ["mail"], "mustExist": true, "ignoreErrors": true, "return": "key"}') m ORDER BY c DESC, ord;
SELECT c, m.* FROM unnest(ARRAY['byu', 'bys']) c, many(c::regclass, '[{"mail": "a", "d": 1}, {"mail": "a", "d": 2}]', '{"by": ["mail"], "duplicates": "error", "ignoreErrors": true}') m ORDER BY c DESC, ord;
SELECT * FROM upsert_load('byu', '[{"mail": "a", "l": 1}, {"mail": "l", "l": 1}]', '{"by": ["mail"]}');
SELECT * FROM upsert_from('bys', $$SELECT jsonb_build_object('mail', 'f' || i % 300, 'i', i) FROM generate_series(1, 1000) i$$, '{"by": ["mail"]}');
SELECT * FROM upsert_from('byu', $$SELECT jsonb_build_object('mail', 'f' || i % 300, 'i', i) FROM generate_series(1, 1000) i$$, '{"by": ["mail"], "duplicates": "last"}');
SELECT (SELECT count(*) FROM bys), (SELECT count(*) FROM byu), (SELECT doc FROM bys WHERE doc ->> 'mail' = 'f7'), (SELECT doc FROM byu WHERE doc ->> 'mail' = 'f7');
-- several attributes, in any order of theirs; an index on two columns
SELECT m.* FROM many('bys', '[{"a": 1, "b": "x"}, {"b": "x", "a": 1, "c": 2}, {"a": 2, "b": "x"}, {"b": 1, "a": "x"}]', '{"by": ["b", "a"]}') m;
CREATE TABLE two (id uuid PRIMARY KEY DEFAULT '00000000-0000-0000-0000-000000000001', doc jsonb, a jsonb GENERATED ALWAYS AS (doc -> 'a') STORED, b jsonb GENERATED ALWAYS AS (doc -> 'b') STORED, UNIQUE (b, a));
SELECT action, key, new FROM upsert_many('two', '[{"a": 1, "b": 2}]', '{"by": ["a", "b"]}');
SELECT action, key, new FROM upsert_many('two', '[{"b": 2, "a": 1, "c": 3}]', '{"by": ["a", "b"]}');
-- several match
SELECT count(*) FROM upsert_many('bys', '[{"g": 1}, {"g": 1}]');
\set VERBOSITY terse
SELECT upsert_many('bys', '[{"g": 1, "h": 1}]', '{"by": ["g"]}') IS NULL;
SELECT upsert_many('bys', '[]', '{"by": []}');
SELECT upsert_many('bys', '[]', '{"by": "mail"}');
SELECT upsert_many('bys', '[]', '{"by": [1]}');
SELECT upsert_many('bys', '[]', '{"by": ["_key"]}');
SELECT upsert('bys', '{}', '{"by": ["mail"]}');
\set VERBOSITY default
-- a big batch without an index takes one lock
BEGIN;
SELECT * FROM upsert_load('bys', (SELECT jsonb_agg(jsonb_build_object('big', i)) FROM generate_series(1, 400) i), '{"by": ["big"]}');
SELECT mode, count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() GROUP BY 1;
ROLLBACK;

-- ignoreChanges
SELECT action FROM upsert('bys', '{"_key": "i", "seen": 1, "at": {"x": 1}, "n": 1}');
SELECT action, shown(new) AS new FROM upsert('bys', '{"_key": "i", "seen": 2, "at": {"x": 2}}', '{"ignoreChanges": ["seen", "at"]}');
SELECT action, shown(new) AS new FROM upsert('bys', '{"_key": "i", "seen": 2, "at": {"x": 2}}', '{"ignoreChanges": ["seen"]}');
SELECT action, shown(new) AS new FROM upsert('bys', '{"_key": "i", "seen": 3, "n": 2}', '{"ignoreChanges": ["seen", "at", "absent"]}');
SELECT action, shown(new) AS new FROM upsert('bys', '{"_key": "i", "n": 2}', '{"ignoreChanges": ["seen", "at"], "mode": "replace"}');
SELECT action, shown(new) AS new FROM upsert('bys', '{"_key": "i2", "seen": 1}', '{"ignoreChanges": ["seen"]}');
SELECT action FROM upsert_by('bys', '{_key: "i"}', '{}', '{seen: 9}', NULL, '{}', '{"ignoreChanges": ["seen"]}');
SELECT ord, action FROM upsert_many('bys', '[{"_key": "i", "seen": 8}, {"_key": "i2", "seen": 8, "m": 1}]', '{"ignoreChanges": ["seen"], "dryRun": true}');
\set VERBOSITY terse
SELECT upsert('bys', '{"_key": "i", "seen": 4}', '{"ignoreChanges": ["seen"], "ifRev": "2222222222222"}');
SELECT upsert('bys', '{"_key": "i"}', '{"ignoreChanges": "seen"}');
CREATE TABLE seen (id int PRIMARY KEY, n int, at timestamptz);
SELECT action FROM upsert_object('seen', '{"id": 1, "n": 1, "at": "2026-01-01"}');
SELECT action FROM upsert_object('seen', '{"id": 1, "n": 1, "at": "2026-01-02"}', NULL::text, '{"ignoreChanges": ["at"]}');
SELECT action FROM upsert_object('seen', '{"id": 1, "n": 2, "at": "2026-01-03"}', NULL::text, '{"ignoreChanges": ["at"]}');
SELECT n, at::date FROM seen;
SELECT upsert_object('seen', '{"id": 1}', NULL::text, '{"ignoreChanges": ["att"]}');
DROP TABLE byu, bys, two, seen;
DROP FUNCTION shown, many;
