-- since_18: what PostgreSQL 18 and 19 added to tables; older ones have nothing to show
\set SHOW_CONTEXT never
SELECT current_setting('server_version_num')::int < 180000 AS older \gset
\if :older
\echo skipped: tables as PostgreSQL 18 made them possible
\quit
\endif

-- virtual generated columns: shown as SELECT shows them, and stored by nobody
CREATE TABLE vt (id int PRIMARY KEY, a int, v int GENERATED ALWAYS AS (a * 2), s int GENERATED ALWAYS AS (a + 1) STORED,
	w text GENERATED ALWAYS AS (upper(t)) VIRTUAL, t text);
SELECT * FROM upsert_object('vt', '{"id": 1, "a": 10, "t": "one"}');
SELECT * FROM upsert_object('vt', '{"id": 1, "a": 11}');
SELECT * FROM upsert_object('vt', '{"id": 1, "a": 11}');
SELECT action, old, new FROM upsert_object('vt', '{"id": 1, "t": "uno"}', options => '{"dryRun": true}');
SELECT action, old, new FROM upsert_object('vt', '{"id": 2, "a": 7}', options => '{"dryRun": true}');
SELECT action, old, new FROM upsert_objects('vt', '[{"id": 3, "a": 1}, {"id": 3, "a": 2}, {"id": 1, "t": "x"}]', options => '{"dryRun": true}');
SELECT action, old, new FROM upsert_objects('vt', '[{"id": 3, "a": 1}, {"id": 3, "a": 2}, {"id": 1, "t": "x"}]');
SELECT * FROM vt ORDER BY id;
-- a row that was read may be sent back whole; other values are refused
SELECT action FROM upsert_object('vt', (SELECT to_jsonb(vt) FROM vt WHERE id = 1));
SELECT action, new FROM upsert_object('vt', (SELECT to_jsonb(vt) || '{"t": "y", "w": "X"}' FROM vt WHERE id = 1));
SELECT action FROM upsert_object('vt', '{"id": 1, "v": null}');
SELECT action FROM upsert_object('vt', '{"id": 1, "v": 23}');
SELECT action FROM upsert_object('vt', '{"id": 9, "v": 23}');
SELECT jsonb_pretty(object_schema('vt') -> 'properties' -> 'v') AS v, object_schema('vt') -> 'required' AS required;
-- no value of theirs is in any tuple
CREATE FUNCTION vt_tuple() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% % v %', TG_OP, NEW.id, NEW.v; RETURN NEW; END $$;
CREATE TRIGGER vt_before BEFORE INSERT OR UPDATE ON vt FOR EACH ROW EXECUTE FUNCTION vt_tuple();
SELECT action, new FROM upsert_object('vt', '{"id": 4, "a": 4}');
SELECT action, new FROM upsert_object('vt', '{"id": 4, "a": 5}');
DROP TRIGGER vt_before ON vt;
-- who may not read one is not shown it
CREATE ROLE regress_since_18;
GRANT INSERT, UPDATE, SELECT (id, a) ON vt TO regress_since_18;
SET ROLE regress_since_18;
SELECT action, old, new FROM upsert_object('vt', '{"id": 4, "a": 6}');
RESET ROLE;

-- constraints of them, in earnest and in dry runs
CREATE TABLE vc (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) NOT NULL, CHECK (b < 100));
SELECT action, new FROM upsert_object('vc', '{"id": 1, "a": 1}', options => '{"dryRun": true}');
SELECT action, new FROM upsert_object('vc', '{"id": 1, "a": 1}');
\set VERBOSITY terse
SELECT action FROM upsert_object('vc', '{"id": 2}', options => '{"dryRun": true}');
SELECT action FROM upsert_object('vc', '{"id": 2}');
SELECT action FROM upsert_object('vc', '{"id": 1, "a": 50}', options => '{"dryRun": true}');
SELECT action FROM upsert_object('vc', '{"id": 1, "a": 50}');

-- a collection with one; in whole rows, too
CREATE TABLE vdoc (_key text PRIMARY KEY, doc jsonb NOT NULL, n int GENERATED ALWAYS AS ((doc ->> 'n')::int));
SELECT action, new FROM upsert('vdoc', '{"_key": "a", "n": 1}');
SELECT action, old, new FROM upsert('vdoc', '{"_key": "a", "n": 2}');
SELECT c8ql('FOR d IN vdoc FILTER d.n == 2 RETURN d.n');
SELECT _key, n FROM vdoc;

-- NOT ENFORCED: nobody asks
CREATE TABLE ne (id int PRIMARY KEY, a int CONSTRAINT small CHECK (a < 10) NOT ENFORCED, r int REFERENCES vt NOT ENFORCED);
SELECT action, new FROM upsert_object('ne', '{"id": 1, "a": 50, "r": 404}', options => '{"dryRun": true}');
SELECT action, new FROM upsert_object('ne', '{"id": 1, "a": 50, "r": 404}');
SELECT action, new FROM upsert_object('ne', '{"id": 1, "a": 51}', options => '{"dryRun": true}');
SELECT action, new FROM upsert_object('ne', '{"id": 1, "a": 51}');

-- NOT NULL NOT VALID: rows that are there may stay, what is written must obey
CREATE TABLE nv (id int PRIMARY KEY, a int, b int);
INSERT INTO nv VALUES (1, NULL, 1);
ALTER TABLE nv ADD CONSTRAINT nv_a NOT NULL a NOT VALID;
SELECT action FROM upsert_object('nv', '{"id": 1, "b": 1}');
SELECT action FROM upsert_object('nv', '{"id": 1, "b": 2}', options => '{"dryRun": true}');
SELECT action FROM upsert_object('nv', '{"id": 1, "b": 2}');
SELECT action, new FROM upsert_object('nv', '{"id": 1, "a": 1, "b": 2}', options => '{"dryRun": true}');
SELECT action, new FROM upsert_object('nv', '{"id": 1, "a": 1, "b": 2}');
SELECT action FROM upsert_object('nv', '{"id": 2}');
SELECT object_schema('nv') -> 'required' AS required, object_schema('nv') -> 'properties' -> 'a' ->> 'type' AS a;

-- WITHOUT OVERLAPS: the row of the same key and time, or 23P01 as INSERT has it
CREATE TYPE room AS RANGE (subtype = int4);
CREATE TABLE booked (no room, during daterange, who text, PRIMARY KEY (no, during WITHOUT OVERLAPS));
SELECT name, columns, usable FROM upsert_criteria('booked');
SELECT action, key, new FROM upsert_object('booked', '{"no": "[1,2)", "during": "[2026-01-01,2026-02-01)", "who": "ann"}');
SELECT action, key, old, new FROM upsert_object('booked', '{"no": "[1,2)", "during": "[2026-01-01,2026-02-01)", "who": "bob"}');
SELECT action FROM upsert_object('booked', '{"no": "[1,2)", "during": "[2026-01-01,2026-02-01)", "who": "bob"}');
SELECT action FROM upsert_object('booked', '{"no": "[1,2)", "during": "[2026-01-15,2026-03-01)", "who": "cem"}');
SELECT action, new FROM upsert_object('booked', '{"no": "[1,2)", "during": "[2026-02-01,2026-03-01)", "who": "cem"}');
SELECT action FROM upsert_object('booked', '{"no": "[1,2)", "during": "[2026-02-01,2026-03-01)", "who": "dan"}', ARRAY['no', 'during']);
SELECT action, error ->> 'sqlstate' AS sqlstate FROM upsert_objects('booked', '[{"no": "[2,3)", "during": "[2026-01-01,2026-01-02)"}, {"no": "[1,2)", "during": "[2026-01-31,2026-02-01)"}]', options => '{"ignoreErrors": true}');
SELECT action FROM upsert_object('booked', '{"no": "[1,2)", "during": "empty"}');
SELECT object_schema('booked') -> 'required' AS required, object_schema('booked', NULL, 'update') -> 'required' AS "update";
-- as another key of the table than the one that is looked for
CREATE TABLE priced (id int PRIMARY KEY, no room, during daterange, cents int, UNIQUE (no, during WITHOUT OVERLAPS));
SELECT name, usable FROM upsert_criteria('priced') ORDER BY name;
SELECT action FROM upsert_objects('priced', '[{"id": 1, "no": "[1,2)", "during": "[2026-01-01,2026-02-01)", "cents": 1}, {"id": 2, "no": "[1,2)", "during": "[2026-02-01,2026-03-01)", "cents": 2}, {"id": 1, "cents": 3}]');
SELECT action FROM upsert_object('priced', '{"id": 3, "no": "[1,2)", "during": "[2026-01-01,2026-02-01)"}');
SELECT action FROM upsert_object('priced', '{"id": 2, "during": "[2026-01-31,2026-03-01)"}');
SELECT action, key, new FROM upsert_object('priced', '{"no": "[1,2)", "during": "[2026-02-01,2026-03-01)", "cents": 4}', 'priced_no_during_key');
SELECT action, key FROM upsert_object('priced', '{"no": "[1,2)", "during": "[2026-02-01,2026-03-01)", "cents": 5}', 'any');
-- a foreign key over the time
CREATE TABLE guests (id int PRIMARY KEY, no room, stay daterange, FOREIGN KEY (no, PERIOD stay) REFERENCES booked (no, PERIOD during));
SELECT action FROM upsert_object('guests', '{"id": 1, "no": "[1,2)", "stay": "[2026-01-10,2026-02-10)"}');
SELECT action FROM upsert_object('guests', '{"id": 1, "stay": "[2026-02-10,2026-03-10)"}');
SELECT action FROM upsert_object('guests', '{"id": 2, "no": "[7,8)", "stay": "[2026-01-10,2026-02-10)"}');

-- partitions inherit the identity, and may have generated columns of their own
CREATE TABLE pi (no int GENERATED ALWAYS AS IDENTITY, id int, k int, a int, v int GENERATED ALWAYS AS (a * 2), PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE pi_1 PARTITION OF pi (v GENERATED ALWAYS AS (a * 3)) FOR VALUES IN (1);
CREATE TABLE pi_2 PARTITION OF pi FOR VALUES IN (2);
SELECT action, new FROM upsert_object('pi', '{"id": 1, "k": 1, "a": 1}');
SELECT action, new FROM upsert_object('pi', '{"id": 2, "k": 2, "a": 1}');
SELECT action, old, new FROM upsert_object('pi_1', '{"id": 1, "k": 1, "a": 2}');
SELECT action, old, new FROM upsert_object('pi', '{"id": 1, "k": 1, "a": 3}');
SELECT action, new FROM upsert_object('pi_2', '{"id": 3, "k": 2, "a": 9}');
SELECT action, old, new FROM upsert_object('pi', '{"id": 1, "k": 1, "a": 5}', options => '{"dryRun": true}');
SELECT action FROM upsert_object('pi_1', '{"id": 4, "k": 1, "no": 7}');
SELECT * FROM pi ORDER BY no;

-- columns that are named as RETURNING names the rows since 18
CREATE TABLE named (id int PRIMARY KEY, old text, new text);
SELECT action, old, new FROM upsert_object('named', '{"id": 1, "old": "o", "new": "n"}');
SELECT action, old, new FROM upsert_object('named', '{"id": 1, "old": "p"}');
CREATE TABLE old (id int PRIMARY KEY, new text);
SELECT action, old, new FROM upsert_object('old', '{"id": 1, "new": "n"}');
SELECT action, old, new FROM upsert_object('old', '{"id": 1, "new": "m"}');

DROP TABLE vt, vc, vdoc, ne, nv, guests, booked, priced, pi, named, old;
DROP FUNCTION vt_tuple;
DROP TYPE room;
DROP ROLE regress_since_18;
