-- Dry runs: the answer of the call, as far as it can be known without writing
-- or locking.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE TABLE dry (
	id serial PRIMARY KEY,
	name text COLLATE "C" UNIQUE,
	kind text DEFAULT 'plain' CHECK (kind <> 'bad'),
	made timestamptz DEFAULT now(),
	token uuid DEFAULT gen_random_uuid(),
	label text GENERATED ALWAYS AS (kind || '!') STORED,
	short text GENERATED ALWAYS AS (left(token::text, 4)) STORED,
	n int NOT NULL,
	CHECK (id > 0),
	CHECK (n < 100 OR kind = 'big'));

-- defaults that are not volatile, and what is generated of known columns
BEGIN;
SELECT action, key, new - 'made' AS new, (new->>'made')::timestamptz = now() AS made
FROM upsert_object('dry', '{"name": "a", "n": 1}', 'dry_name_key', '{"dryRun": true}');
-- the real thing says the same where the dry run said something
SELECT action, key, new - '{made,token,short}'::text[] AS new FROM upsert_object('dry', '{"name": "a", "n": 1}', 'dry_name_key');
COMMIT;
-- no sequence value was used
SELECT currval('dry_id_seq');
SELECT action, old - '{made,token,short}'::text[] AS old, new - '{made,token,short}'::text[] AS new
FROM upsert_object('dry', '{"name": "a", "kind": "big", "n": 200}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "a", "n": 1}', 'dry_name_key', '{"dryRun": true}');
SELECT new FROM upsert_object('dry', '{"name": "a", "kind": "big"}', 'dry_name_key', '{"dryRun": true, "return": "diff"}');

-- constraints of the row itself are asked
\set VERBOSITY terse
SELECT action FROM upsert_object('dry', '{"name": "b"}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "b", "n": null}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "b", "n": 1, "kind": "bad"}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "b", "n": 100}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "a", "n": 100}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "a", "n": null}', 'dry_name_key', '{"dryRun": true}');
\set VERBOSITY default
SELECT action FROM upsert_object('dry', '{"name": "b", "n": 100, "kind": "big"}', 'dry_name_key', '{"dryRun": true}');
SELECT ord, action, error->>'sqlstate' AS error FROM upsert_objects('dry',
	'[{"name": "b", "n": 1}, {"name": "c"}, {"name": "a", "kind": "bad"}]', 'dry_name_key', '{"dryRun": true, "ignoreErrors": true}');

-- in a batch each item finds what the one before has left
SELECT ord, action, key, old - '{made,token,short}'::text[] AS old, new - '{made,token,short}'::text[] AS new FROM upsert_objects('dry',
	'[{"name": "q", "n": 1}, {"name": "a", "n": 2}, {"name": "q", "kind": "x"}, {"name": "q", "n": 1}]', 'dry_name_key', '{"dryRun": true}');
SELECT create_collection('dry_docs', '{"unique": ["mail"]}');
SELECT * FROM upsert_load('dry_docs', '[{"_key": "a", "x": 1}, {"_key": "b"}, {"_key": "a", "x": 1}, {"_key": "a", "y": 1}]', '{"dryRun": true}');
SELECT * FROM upsert_from('dry_docs', 'SELECT jsonb_build_object(''_key'', (i % 3)::text, ''n'', i) FROM generate_series(1, 10) i', '{"dryRun": true}');
SELECT ord, action, old - '_rev' AS old, new - '_rev' AS new, new->>'_rev' > coalesce(old->>'_rev', '') AS rev_rises
FROM upsert_many('dry_docs', '[{"_key": "a", "x": 1}, {"_key": "a", "y": 1}]', '{"dryRun": true, "mode": "replace"}');
SELECT (SELECT count(*) FROM dry_docs) AS docs, count(*) AS rows FROM dry;

-- a key that the table would make
CREATE TABLE dry_ids (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, doc jsonb);
SELECT * FROM upsert('dry_ids', '{"a": 1}', '{"dryRun": true}');
SELECT * FROM upsert('dry_ids', '{"a": 1}');
SELECT * FROM upsert('dry_ids', '{"_key": 77}', '{"dryRun": true}');
SELECT * FROM upsert('dry_ids', '{"_key": 77}');

-- a trigger may mend what a constraint would refuse
CREATE FUNCTION dry_mend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := 7; RETURN NEW; END $$;
CREATE TRIGGER mend BEFORE INSERT ON dry FOR EACH ROW EXECUTE FUNCTION dry_mend();
SELECT action, new->'n' AS n FROM upsert_object('dry', '{"name": "b"}', 'dry_name_key', '{"dryRun": true}');
SELECT action, new->'n' AS n FROM upsert_object('dry', '{"name": "b"}', 'dry_name_key');
DROP TRIGGER mend ON dry;

-- a domain's NOT NULL, a constraint on the whole row, on tableoid
CREATE DOMAIN dry_some AS int NOT NULL;
CREATE TABLE dry_odd (k int PRIMARY KEY, d dry_some, e int DEFAULT 5);
ALTER TABLE dry_odd ADD CHECK (tableoid <> 0), ADD CHECK (dry_odd IS DISTINCT FROM ROW(3, 3, 3)::dry_odd);
\set VERBOSITY terse
SELECT action FROM upsert_object('dry_odd', '{"k": 1}', NULL, '{"dryRun": true}');
SELECT action FROM upsert_object('dry_odd', '{"k": 3, "d": 3, "e": 3}', NULL, '{"dryRun": true}');
\set VERBOSITY default
SELECT action, new FROM upsert_object('dry_odd', '{"k": 1, "d": 1}', NULL, '{"dryRun": true}');

-- nothing that is not one's right
CREATE ROLE regress_dry;
GRANT SELECT ON dry, dry_docs TO regress_dry;
GRANT INSERT (name, n), UPDATE (n) ON dry TO regress_dry;
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO regress_dry', current_schema()); END $$;
SET ROLE regress_dry;
\set VERBOSITY sqlstate
SELECT action FROM upsert_object('dry', '{"name": "a", "n": 5}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "a", "kind": "x"}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "z", "n": 5}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert_object('dry', '{"name": "z", "n": 5, "kind": "x"}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert('dry_docs', '{"_key": "a"}', '{"dryRun": true}');
RESET ROLE;
\set VERBOSITY default

-- where nothing may be written a dry run may still look, and takes no lock of writers
BEGIN READ ONLY;
SELECT action, new->'n' AS n FROM upsert_object('dry', '{"name": "a", "n": 9}', 'dry_name_key', '{"dryRun": true}');
SELECT action FROM upsert('dry_docs', '{"_key": "a"}', '{"dryRun": true}');
SELECT mode FROM pg_locks WHERE relation = 'dry'::regclass AND pid = pg_backend_pid();
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_xid;
COMMIT;
DROP TABLE dry, dry_docs, dry_ids, dry_odd;
DROP DOMAIN dry_some;
DROP FUNCTION dry_mend;
DO $$ BEGIN EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM regress_dry', current_schema()); END $$;
DROP ROLE regress_dry;

-- bounds of partitions and WITH CHECK OPTION
CREATE TABLE parts (id int, part text, v int DEFAULT 7, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE parts_a (v int, part text NOT NULL, id int NOT NULL) PARTITION BY RANGE (id);
ALTER TABLE parts ATTACH PARTITION parts_a FOR VALUES IN ('a');
CREATE TABLE parts_a1 PARTITION OF parts_a FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b', NULL);
SELECT t, r.try, a.action, a.error ->> 'sqlstate' AS sqlstate, a.error ->> 'message' AS message FROM (VALUES ('parts'), ('parts_a'), ('parts_a1'), ('parts_b')) t(t),
	(VALUES ('{"id": 1, "part": "a"}'), ('{"id": 11, "part": "a"}'), ('{"id": 11, "part": "b"}'), ('{"id": 1, "part": "c"}')) r(try),
	upsert_objects(t::regclass, jsonb_build_array(try::jsonb), '{id,part}', '{"dryRun": true, "ignoreErrors": true}') a ORDER BY try COLLATE "C", t;
INSERT INTO parts VALUES (1, 'a', 1);
SELECT upsert_object('parts', '{"id": 1, "part": "a", "v": 2}', NULL::text, '{"dryRun": true}');
CREATE TABLE based (id int PRIMARY KEY, v int, hidden int DEFAULT 1);
CREATE VIEW positive AS SELECT v, id AS key FROM based WHERE v > 0;
CREATE VIEW small AS SELECT key, v FROM positive WHERE v < 10 WITH CASCADED CHECK OPTION;
CREATE VIEW small_local AS SELECT key, v FROM positive WHERE v < 10 WITH LOCAL CHECK OPTION;
CREATE VIEW above AS SELECT * FROM small_local WHERE v <> 5;
CREATE VIEW unknown AS SELECT id AS key, v FROM based WHERE hidden = 1 WITH CHECK OPTION;
SELECT t.t, r.v, a.action, a.error ->> 'sqlstate' AS dry, a.error ->> 'message' AS message, b.error ->> 'sqlstate' AS wet FROM (VALUES ('positive', 100), ('small', 200), ('small_local', 300), ('above', 400), ('unknown', 500)) t(t, o),
	(VALUES (1, '1'), (2, '-1'), (3, '11'), (4, '5'), (5, 'null')) r(k, v),
	upsert_objects(t::regclass, format('[{"key": %s, "v": %s}]', k + o, v)::jsonb, '{key}', '{"dryRun": true, "ignoreErrors": true}') a,
	upsert_objects(t::regclass, format('[{"key": %s, "v": %s}]', k + o, v)::jsonb, '{key}', '{"ignoreErrors": true}') b ORDER BY o, k;
DROP VIEW positive, small, small_local, above, unknown;
DROP TABLE parts, based;
-- a domain that allows no NULL: which column it is
CREATE DOMAIN needed AS int NOT NULL;
CREATE TABLE domained (id int PRIMARY KEY, d needed);
\set SHOW_CONTEXT always
SELECT upsert_object('domained', '{"id": 1}', NULL::text, '{"dryRun": true}');
SELECT upsert_object('domained', '{"id": 1, "d": null}');
DROP TABLE domained;
DROP DOMAIN needed;
