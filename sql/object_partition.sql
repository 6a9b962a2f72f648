-- upsert_object on partitioned tables, inheritance, views, rules, unlogged and temporary tables
\set SHOW_CONTEXT never
CREATE TABLE parts (region text COLLATE "C", id int, note text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('eu');
CREATE TABLE parts_us PARTITION OF parts FOR VALUES IN ('us');
SELECT action, key, new FROM upsert_object('parts', '{"region": "eu", "id": 1, "note": "a"}');
SELECT action, key, new FROM upsert_object('parts', '{"region": "us", "id": 1, "note": "b"}');
SELECT action, key, new FROM upsert_object('parts', '{"region": "us", "id": 1, "note": "c"}');
SELECT action, key FROM upsert_object('parts', '{"region": "us", "id": 1, "note": "c"}');
-- the first rows of two partitions have the same ctid
SELECT tableoid::regclass, ctid, * FROM parts ORDER BY 1;
SELECT action FROM upsert_object('parts', '{"region": "asia", "id": 1}');
-- a row that moves
SELECT action, new FROM upsert_object('parts', '{"id": 1, "note": "c", "region": "us"}', ARRAY['note', 'id']);
SELECT action, new FROM upsert_object('parts', '{"region": "eu", "id": 2, "note": "m"}', ARRAY['note']);
SELECT action, new FROM upsert_object('parts', '{"region": "us", "id": 2, "note": "m"}', ARRAY['note']);
SELECT tableoid::regclass, * FROM parts ORDER BY region, id;
-- a partition itself
SELECT action FROM upsert_object('parts_eu', '{"region": "eu", "id": 1, "note": "direct"}');
SELECT action FROM upsert_object('parts_eu', '{"region": "us", "id": 9}');
SELECT * FROM upsert_criteria('parts');
SELECT ord, action, key FROM upsert_objects('parts', '[{"region": "us", "id": 3}, {"region": "eu", "id": 3}, {"region": "eu", "id": 1, "note": "direct"}]');

-- inheritance: the children's rows are the parent's too
CREATE TABLE animals (name text COLLATE "C" PRIMARY KEY, legs int);
CREATE TABLE birds (wings int) INHERITS (animals);
INSERT INTO animals VALUES ('cat', 4);
INSERT INTO birds VALUES ('owl', 2, 2);
SELECT action, new FROM upsert_object('animals', '{"name": "cat", "legs": 3}');
SELECT action, new FROM upsert_object('animals', '{"name": "owl", "legs": 1}');
SELECT action, new FROM upsert_object('animals', '{"name": "ant", "legs": 6}');
SELECT tableoid::regclass, * FROM animals ORDER BY name;
-- ... and one of the child's may stand where one of the parent's does
ALTER TABLE animals ADD tag int UNIQUE;
CREATE UNIQUE INDEX ON birds (tag);
TRUNCATE animals;
INSERT INTO animals VALUES ('cat', 4, 1);
INSERT INTO birds (name, legs, tag) VALUES ('owl', 2, 2);
SELECT count(DISTINCT ctid) AS places FROM animals;
SELECT action FROM upsert_object('animals', '{"name": "cat", "tag": 2}', 'any');
SELECT action, key, new FROM upsert_object('animals', '{"name": "jay", "tag": 2}', 'any');

-- views: an automatically updatable one, and one with INSTEAD OF triggers
CREATE TABLE base (id int PRIMARY KEY, a text, b text DEFAULT 'deflt');
CREATE VIEW simple AS SELECT id, a FROM base;
SELECT action, key, new FROM upsert_object('simple', '{"id": 1, "a": "x"}', ARRAY['id']);
SELECT action, key, new FROM upsert_object('simple', '{"id": 1, "a": "y"}', ARRAY['id']);
SELECT action, key, new FROM upsert_object('simple', '{"id": 1, "a": "y"}', ARRAY['id']);
SELECT * FROM upsert_object('simple', '{"id": 1, "a": "y"}');
SELECT * FROM base;
CREATE VIEW shown AS SELECT id, upper(a) AS a FROM base;
SELECT action FROM upsert_object('shown', '{"id": 2, "a": "z"}', ARRAY['id']);
CREATE FUNCTION shown_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF tg_op = 'INSERT' THEN
		INSERT INTO base (id, a) VALUES (new.id, lower(new.a));
	ELSE
		UPDATE base SET a = lower(new.a) WHERE id = old.id;
	END IF;
	RETURN new;
END $$;
CREATE TRIGGER shown_write INSTEAD OF INSERT OR UPDATE ON shown FOR EACH ROW EXECUTE FUNCTION shown_write();
SELECT action, new FROM upsert_object('shown', '{"id": 2, "a": "Z"}', ARRAY['id']);
SELECT action, new FROM upsert_object('shown', '{"id": 2, "a": "W"}', ARRAY['id']);
SELECT action, new FROM upsert_object('shown', '{"id": 2, "a": "W"}', ARRAY['id']);
SELECT * FROM base ORDER BY id;
SELECT object_schema('shown', NULL, 'create')->'required' AS required;

-- rules
CREATE TABLE ruled (id int PRIMARY KEY, a text);
CREATE TABLE ruled_log (id int, a text);
CREATE RULE ruled_copy AS ON UPDATE TO ruled DO ALSO INSERT INTO ruled_log VALUES (new.id, new.a);
SELECT action, new FROM upsert_object('ruled', '{"id": 1, "a": "x"}');
SELECT action, new FROM upsert_object('ruled', '{"id": 1, "a": "y"}');
SELECT * FROM ruled_log;

-- temporary tables may be written in a read-only transaction
CREATE TEMP TABLE fleeting (id int PRIMARY KEY, a text);
BEGIN READ ONLY;
SELECT action FROM upsert_object('fleeting', '{"id": 1, "a": "x"}');
COMMIT;
CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY, a text);
SELECT action FROM upsert_object('unlogged', '{"id": 1, "a": "x"}');
-- the catalogs are not for this
\set VERBOSITY sqlstate
SELECT action FROM upsert_object('pg_class', '{"oid": 1}');
\set VERBOSITY default

DROP TABLE parts, animals, birds, base, ruled, ruled_log, unlogged, fleeting CASCADE;
DROP FUNCTION shown_write;
