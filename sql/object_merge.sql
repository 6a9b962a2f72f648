-- What is given meets what is stored: jsonb columns, composites, JSON nulls.
CREATE TABLE om (id int PRIMARY KEY, meta jsonb, n int, plain json);
INSERT INTO om VALUES (1, '{"name": "n", "a": {"x": 1}}', 1, '{"k": 1}');
-- replaced by default
SELECT action, new FROM upsert_object('om', '{"id": 1, "meta": {"a": {"y": 2}}}', NULL::text, '{"dryRun": true}');
-- merged on request, at any depth
SELECT action, new->'meta' AS meta FROM upsert_object('om', '{"id": 1, "meta": {"university": "Oxford", "a": {"y": 2}}}', NULL::text, '{"mergeObjects": true}');
SELECT action FROM upsert_object('om', '{"id": 1, "meta": {"a": {"y": 2}}}', NULL::text, '{"mergeObjects": true}');
-- json columns are replaced
SELECT new->'plain' AS plain FROM upsert_object('om', '{"id": 1, "plain": {"l": 2}}', NULL::text, '{"mergeObjects": true}');
-- nulls inside: kept, removed, removed by a patch
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 1, "meta": {"name": null}}', NULL::text, '{"mergeObjects": true, "dryRun": true}');
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 1, "meta": {"name": null, "a": {"x": null}}}', NULL::text, '{"mergeObjects": true, "keepNull": false, "dryRun": true}');
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 1, "meta": {"name": null, "a": {"x": null, "z": [null]}}}', NULL::text, '{"mode": "mergePatch"}');
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 2, "meta": {"a": null, "b": {"c": null, "d": 1}}}', NULL::text, '{"mergeObjects": true, "keepNull": false}');
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 3, "meta": {"a": null, "b": {"c": null, "d": 1}}}', NULL::text, '{"mode": "mergePatch"}');
-- what is no object replaces, and is replaced
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 3, "meta": [1]}', NULL::text, '{"mergeObjects": true}');
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 3, "meta": {"b": 1}}', NULL::text, '{"mergeObjects": true}');
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 3, "meta": null}', NULL::text, '{"mergeObjects": true}');
SELECT new->'meta' AS meta FROM upsert_object('om', '{"id": 3, "meta": {"c": 1}}', NULL::text, '{"mergeObjects": true}');
-- in a batch each item meets what the one before left
SELECT ord, action, new->'meta' AS meta FROM upsert_objects('om', '[{"id": 4, "meta": {"a": 1}}, {"id": 4, "meta": {"b": 2}}]', NULL::text, '{"mergeObjects": true}');
SELECT meta FROM om WHERE id = 4;
-- options that say nothing here
SELECT upsert_object('om', '{"id": 1}', NULL::text, '{"keepNull": false}');
SELECT upsert_object('om', '{"id": 1}', NULL::text, '{"mode": "replace"}');
SELECT upsert_object('om', '{"id": 1}', NULL::text, '{"mode": "mergePatch", "mergeObjects": false}');
SELECT upsert_object('om', '{"id": 1}', NULL::text, '{"mergeObjects": 1}');
SELECT upsert_object('om', '{"id": 1}', NULL::text, '{"jsonNull": "yes"}');

-- JSON's null: stays where it is stored, and can be asked for
INSERT INTO om VALUES (5, 'null', 5);
SELECT action, new->'meta' AS meta FROM upsert_object('om', (SELECT to_jsonb(om) FROM om WHERE id = 5));
SELECT meta IS NULL AS sql_null FROM om WHERE id = 5;
SELECT action FROM upsert_object('om', '{"id": 6, "meta": null}');
SELECT action FROM upsert_object('om', '{"id": 6, "meta": null}', NULL::text, '{"jsonNull": true}');
SELECT action FROM upsert_object('om', '{"id": 7, "meta": null, "n": null}', NULL::text, '{"jsonNull": true}');
SELECT id, meta, meta IS NULL AS sql_null, n IS NULL AS n_null FROM om WHERE id IN (6, 7) ORDER BY id;

-- a domain looks at what comes out
CREATE DOMAIN om_small AS jsonb CHECK (jsonb_typeof(value) <> 'object' OR NOT value ?& ARRAY['a', 'b']);
CREATE TABLE om2 (id int PRIMARY KEY, meta om_small);
SELECT action FROM upsert_object('om2', '{"id": 1, "meta": {"a": 1}}');
SELECT upsert_object('om2', '{"id": 1, "meta": {"b": 1}}', NULL::text, '{"mergeObjects": true}');
SELECT action, new FROM upsert_object('om2', '{"id": 1, "meta": {"a": 2}}', NULL::text, '{"mergeObjects": true}');

-- composites: fields that are not given stay
CREATE TYPE om_zip AS (code int, ext text);
CREATE TYPE om_addr AS (street text, zip om_zip, tags text[]);
CREATE DOMAIN om_home AS om_addr CHECK ((value).street IS DISTINCT FROM 'nowhere');
CREATE TABLE om3 (id int PRIMARY KEY, a om_addr, b om_addr[], home om_home);
SELECT new FROM upsert_object('om3', '{"id": 1, "a": {"street": "High", "zip": {"code": 5, "ext": "x"}, "tags": ["t"]}, "b": [{"street": "Low"}], "home": {"street": "h", "tags": []}}');
SELECT action, new->'a' AS a FROM upsert_object('om3', '{"id": 1, "a": {"zip": {"code": 6}}}');
SELECT action FROM upsert_object('om3', '{"id": 1, "a": {"street": "High"}}');
SELECT new->'a' AS a FROM upsert_object('om3', '{"id": 1, "a": {"street": null}}');
SELECT new->'home' AS home FROM upsert_object('om3', '{"id": 1, "home": {"zip": {"code": 1}}}');
SELECT upsert_object('om3', '{"id": 1, "home": {"street": "nowhere"}}');
-- elements of arrays are given whole; so is all with mergeObjects false
SELECT new->'b' AS b FROM upsert_object('om3', '{"id": 1, "b": [{"tags": ["u"]}]}');
SELECT new->'a' AS a FROM upsert_object('om3', '{"id": 1, "a": {"street": "New"}}', NULL::text, '{"mergeObjects": false}');
SELECT new->'a' AS a FROM upsert_object('om3', '{"id": 1, "a": "(Text,,)"}');
SELECT new->'a' AS a FROM upsert_object('om3', '{"id": 1, "a": null}');
SELECT new->'a' AS a FROM upsert_object('om3', '{"id": 1, "a": {"street": "Again"}}');
-- strict at every depth
\set VERBOSITY default
SELECT upsert_object('om3', '{"id": 1, "a": {"stret": "High", "zip": 5}}');
SELECT upsert_object('om3', '{"id": 1, "a": {"zip": {"cod": 5}}}');
SELECT upsert_object('om3', '{"id": 1, "b": [{"street": "x"}, {"zip": {"Code": 1}}]}');
SELECT upsert_object('om3', '{"id": 1, "home": {"x": 1}}');
SELECT ord, action, error->>'sqlstate' AS sqlstate, error->>'column' AS "column" FROM upsert_objects('om3', '[{"id": 8, "a": {"x": 1}}]', NULL::text, '{"ignoreErrors": true}');

-- whole numbers are whole, however they are written
CREATE TABLE om4 (id bigint PRIMARY KEY, s smallint, i int);
SELECT new FROM upsert_object('om4', '{"id": 7.0, "s": 1.00, "i": 2e1}');
SELECT upsert_object('om4', '{"id": 7.5}');
SELECT upsert_object('om4', '{"id": 7, "s": 40000.0}');
-- JSON that was written as JSON twice
SELECT upsert_object('om4', '"{\"id\": 1}"');
SELECT upsert_object('om4', '"x"');

-- who merges reads
CREATE ROLE regress_om;
GRANT SELECT (id), INSERT, UPDATE ON om, om3 TO regress_om;
SET ROLE regress_om;
SELECT upsert_object('om', '{"id": 1, "meta": {"a": 1}}', NULL::text, '{"mergeObjects": true}');
SELECT upsert_object('om3', '{"id": 1, "a": {"street": "x"}}');
SELECT action FROM upsert_object('om3', '{"id": 1, "a": {"street": "x"}}', NULL::text, '{"mergeObjects": false}');
RESET ROLE;

-- criteria as columns: an array, its literal, in batches and schemas
CREATE TABLE om5 (a int, b int, c int, UNIQUE (a, b));
SELECT action, key FROM upsert_object('om5', '{"a": 1, "b": 2, "c": 3}', columns => ARRAY['a', 'b']);
SELECT action, key FROM upsert_object('om5', '{"a": 1, "b": 2, "c": 4}', '{a,b}');
SELECT action, key FROM upsert_object('om5', '{"a": 1, "b": 2, "c": 5}', '{ "b" , a}'::text);
SELECT ord, action, key FROM upsert_objects('om5', '[{"a": 1, "c": 6}, {"a": 2, "b": 0, "c": 6}]', ARRAY['a']);
SELECT ord, action, key FROM upsert_objects('om5', '[{"a": 1, "b": 2, "c": 7}, {"a": 1, "b": 2, "c": 8}]', criteria => '{a,b}');
SELECT object_schema('om5', ARRAY['a'], 'update') = object_schema('om5', '{a}', 'update') AS same, object_schema('om5', ARRAY['a'])->'required' AS required;
SELECT upsert_object('om5', '{"a": 1}', '{a,}');
SELECT upsert_object('om5', '{"a": 1}', '{a,x}');
SELECT upsert_object('om5', '{"a": 1}', '{}');
DROP TABLE om, om2, om3, om4, om5;
DROP TYPE om_addr CASCADE;
DROP TYPE om_zip;
DROP DOMAIN om_small;
DROP ROLE regress_om;
