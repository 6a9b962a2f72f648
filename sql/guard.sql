-- Plain SQL beside upserts: _rev has a default, and a guard moves it with the
-- document; drop_collection() and the view of collections go by the guard.
\set SHOW_CONTEXT never
SELECT create_collection('guarded', '{"unique": ["mail", "a.b"]}'), create_collection('guarded_edges', '{"type": "edge"}');
CREATE TABLE revs (n int GENERATED ALWAYS AS IDENTITY, rev text);
CREATE FUNCTION moved() RETURNS text LANGUAGE sql AS $$
	INSERT INTO revs (rev) SELECT _rev FROM guarded WHERE _key = 'a';
	SELECT CASE WHEN a.rev > b.rev THEN 'moved' WHEN a.rev = b.rev THEN 'kept' ELSE 'wrong' END
	FROM revs a LEFT JOIN revs b ON b.n = a.n - 1 ORDER BY a.n DESC LIMIT 1
$$;

INSERT INTO guarded (_key, doc) VALUES ('a', '{"n": 1}'), ('b', '{}');
SELECT count(DISTINCT _rev), min(length(_rev)) FROM guarded;
SELECT moved() IS NOT NULL AS first;
UPDATE guarded SET doc = '{"n": 2}' WHERE _key = 'a';
SELECT moved() AS document;
UPDATE guarded SET doc = doc WHERE _key = 'a';
SELECT moved() AS same_document;
UPDATE guarded SET doc = '{"n": 2.0}' WHERE _key = 'a';
SELECT moved() AS same_value;
UPDATE guarded SET _key = 'a' WHERE _key = 'a';
SELECT moved() AS other_column;
UPDATE guarded SET doc = '{"n": 3}', _rev = 'azzzzzzzzzzzz' WHERE _key = 'a';
SELECT _rev FROM guarded WHERE _key = 'a';
UPDATE guarded SET doc = '{"n": 4}' WHERE _key = 'a';
SELECT _rev > 'azzzzzzzzzzzz' AS outbid FROM guarded WHERE _key = 'a';
SELECT moved() IS NOT NULL AS again;
INSERT INTO guarded (_key, doc) VALUES ('a', '{"n": 5}') ON CONFLICT (_key) DO UPDATE SET doc = excluded.doc;
SELECT moved() AS on_conflict;
MERGE INTO guarded g USING (VALUES ('a', '{"n": 6}'::jsonb)) v (k, d) ON g._key = v.k WHEN MATCHED THEN UPDATE SET doc = v.d;
SELECT moved() AS merged;
COPY guarded (_key, doc) FROM stdin;
c	{"mail": "c"}
\.
SELECT length(_rev) FROM guarded WHERE _key = 'c';
-- what a user's trigger makes of the document counts, whatever its name
CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.doc := new.doc || jsonb_build_object('t', coalesce((old.doc->>'t')::int, 0) + 1); RETURN new; END $$;
CREATE TRIGGER zzz BEFORE UPDATE ON guarded FOR EACH ROW EXECUTE FUNCTION count_up();
UPDATE guarded SET _key = 'a' WHERE _key = 'a';
SELECT moved() AS by_trigger;
-- an upsert fires the user's, and has one revision
SELECT action, new - '_rev' AS new FROM upsert('guarded', '{"_key": "a", "n": 7}');
SELECT moved() AS upserted;
DROP TRIGGER zzz ON guarded;
SELECT action FROM upsert('guarded', '{"_key": "a", "n": 8}');
SELECT moved() AS upserted;
-- a lost update through the back door is noticed
DO $$
DECLARE r text := get_document('guarded', 'a') ->> '_rev';
BEGIN
	UPDATE guarded SET doc = doc || '{"back": "door"}' WHERE _key = 'a';
	PERFORM upsert('guarded', '{"_key": "a", "n": 9}', jsonb_build_object('ifRev', r));
EXCEPTION WHEN SQLSTATE 'UP001' THEN
	RAISE NOTICE '%', sqlerrm;
END $$;
-- whoever brings revisions along keeps them
SET session_replication_role = replica;
UPDATE guarded SET doc = '{}' WHERE _key = 'a';
RESET session_replication_role;
SELECT moved() AS replica;
-- upserts of rows take it as a revision, too
SELECT action FROM upsert_object('guarded', '{"_key": "a", "doc": {"n": 10}}');
SELECT moved() AS object;
-- it stands nowhere else
\set VERBOSITY terse
CREATE TRIGGER wrong BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION upsert_guard_revision();
INSERT INTO guarded (_key, doc) VALUES ('z', '{}');
DROP TRIGGER wrong ON guarded;
\set VERBOSITY default

-- a table of one's own: what collection_advice says to run does it
CREATE TABLE own (id int PRIMARY KEY, _rev text, doc jsonb, other int) WITH (fillfactor = 85);
SELECT * FROM collection_advice('own');
SELECT format('%s', regexp_replace(advice, '^.* Run: ', '')) FROM collection_advice('own')
\gexec
SELECT * FROM collection_advice('own');
INSERT INTO own (id, doc) VALUES (1, NULL);
UPDATE own SET _rev = NULL;
UPDATE own SET other = 1;
SELECT id, _rev FROM own;
UPDATE own SET doc = '{}';
SELECT length(_rev) FROM own;
SELECT action FROM upsert('own', '{"_key": 1, "x": 1}');
ALTER TABLE own DROP _rev;
UPDATE own SET doc = '{"y": 1}';
SELECT * FROM collection_advice('guarded');
SELECT * FROM collection_advice('guarded_edges');

-- what was made, and nothing else
ANALYZE guarded;
SET upsert.direct = on;
SELECT name, type, documents, size > 0 AS size, unique_attributes, path FROM upsert_collections WHERE name::text IN ('guarded', 'guarded_edges', 'own') ORDER BY name::text;
SET upsert.direct = off;
SELECT path FROM upsert_collections WHERE name = 'guarded'::regclass;
RESET upsert.direct;
SELECT drop_collection('own');
SELECT drop_collection('pg_class');
SELECT drop_collection(NULL);
CREATE VIEW needs AS SELECT * FROM guarded;
\set VERBOSITY terse
SELECT drop_collection('needs');
SELECT drop_collection('guarded');
DROP VIEW needs;
CREATE ROLE regress_guard;
SET ROLE regress_guard;
SELECT count(*) >= 2 AS seen FROM upsert_collections;
SELECT drop_collection('guarded');
RESET ROLE;
SELECT drop_collection('guarded'), drop_collection('guarded_edges');
SELECT to_regclass('guarded'), to_regclass('guarded_edges');
DROP TABLE own, revs;
DROP FUNCTION moved, count_up;
DROP ROLE regress_guard;
