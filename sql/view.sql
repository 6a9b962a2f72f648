-- upsert_view(): INSERT and COPY that are upserts.
\set SHOW_CONTEXT never
SELECT create_collection('people');
SELECT upsert_view('people');
COPY people_upsert (doc) FROM stdin;
{"_key": "a", "n": 1}
{"_key": "b", "n": 1}
{"_key": "a", "m": 2}
\.
SELECT _key, doc FROM people ORDER BY 1;
INSERT INTO people_upsert VALUES ('{"_key": "a", "n": 3}'), ('{"_id": "people/c"}') RETURNING doc;
INSERT INTO people_upsert SELECT jsonb_build_object('_key', 'g' || i % 1500, 'i', i) FROM generate_series(1, 2500) i;
SELECT count(*), sum((doc->'i')::int) FROM people WHERE doc ? 'i';
SELECT * FROM people_upsert;
PREPARE ins AS INSERT INTO people_upsert VALUES ($1);
EXECUTE ins('{"_key": "p", "n": 1}');
EXECUTE ins('{"_key": "p", "n": 2}');
SELECT doc FROM people WHERE _key IN ('a', 'p') ORDER BY _key;
-- errors take all of the statement with them
INSERT INTO people_upsert SELECT CASE WHEN i = 2200 THEN '5' ELSE jsonb_build_object('_key', 'bad' || i) END FROM generate_series(1, 2500) i;
INSERT INTO people_upsert VALUES ('{"_key": "bad"}'), (NULL);
SELECT count(*) FROM people WHERE _key LIKE 'bad%';
-- savepoints: what is collected dies with its part of the transaction
BEGIN;
INSERT INTO people_upsert VALUES ('{"_key": "s1"}');
SAVEPOINT one;
INSERT INTO people_upsert VALUES ('{"_key": "s2"}');
INSERT INTO people_upsert VALUES ('{"_key": "s3"}'), ('{"_key": "s/3"}');
ROLLBACK TO one;
INSERT INTO people_upsert VALUES ('{"_key": "s4"}');
DO $$ BEGIN INSERT INTO people_upsert VALUES ('{"_key": "s5"}'), ('[]'); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', sqlerrm; END $$;
COMMIT;
SELECT _key FROM people WHERE _key ~ '^s[0-9]' ORDER BY 1;
-- several statements at once, one in another
WITH one AS (INSERT INTO people_upsert VALUES ('{"_key": "w", "one": 1}') RETURNING doc), two AS (INSERT INTO people_upsert VALUES ('{"_key": "w", "two": 2}') RETURNING doc)
	SELECT count(*) FROM (TABLE one UNION ALL TABLE two) x;
SELECT doc FROM people WHERE _key = 'w';
CREATE FUNCTION nest(i int) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN
	IF i > 0 THEN
		INSERT INTO people_upsert SELECT nest(i - 1) FROM generate_series(1, 2);
	END IF;
	RETURN jsonb_build_object('_key', 'n' || i, 'at', i);
END $$;
INSERT INTO people_upsert VALUES (nest(3));
SELECT count(*) FROM people WHERE _key ~ '^n[0-9]';
CREATE TABLE seen (key text);
SELECT create_collection('copies');
SELECT upsert_view('copies', '{"mode": "replace", "duplicates": "last"}');
CREATE FUNCTION copy_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO copies_upsert VALUES (new.doc || jsonb_build_object('_key', 'same', 'of', new._key)); INSERT INTO seen VALUES (new._key); RETURN NULL; END $$;
CREATE TRIGGER copy_it AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION copy_it();
INSERT INTO people_upsert VALUES ('{"_key": "t1", "x": 1}'), ('{"_key": "t2"}'), ('{"_key": "t3"}');
SELECT _key, doc FROM copies;
SELECT string_agg(key, ' ' ORDER BY key) FROM seen;
DROP TRIGGER copy_it ON people;

-- rows of an ordinary table
CREATE TABLE goods (sku text PRIMARY KEY, n int DEFAULT 7, price numeric(9, 2), tags text[], meta jsonb, at timestamptz, id int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (n * 2) STORED);
SELECT upsert_view('goods');
SELECT upsert_view('copies', '{"columns": ["_key", "doc"]}');
DROP VIEW copies_upsert;
SELECT upsert_view('copies', '{"columns": ["_key", "doc"]}');
\d goods_upsert
\d copies_upsert
COPY goods_upsert FROM stdin WITH (FORMAT csv);
a,1,1.50,"{x,""y,z""}","{""k"": 1}",2026-01-01 00:00:00+00
b,,,,,
a,2,1.5,,"{""k"": 2}",2026-01-02 00:00:00+00
\.
SET timezone = 'UTC';
SELECT sku, n, price, tags, meta, at, twice FROM goods ORDER BY 1;
INSERT INTO goods_upsert (sku, n) VALUES ('b', 5), ('c', 6) RETURNING sku, n;
SELECT sku, n, price, twice FROM goods ORDER BY 1;
INSERT INTO copies_upsert VALUES ('row', '{"a": 1}');
SELECT doc FROM copies WHERE _key = 'row';
\set VERBOSITY terse
INSERT INTO goods_upsert (n) VALUES (1);
SELECT upsert_view('goods', '{"columns": ["sku", "nn"]}');
SELECT upsert_view('goods', '{"columns": []}');
DROP VIEW goods_upsert;
SELECT upsert_view('goods', '{"columns": ["sku", "n"], "ignoreErrors": true, "mustExist": true}');
INSERT INTO goods_upsert VALUES ('a', 9), ('none', 1);
SELECT sku, n FROM goods ORDER BY 1;
-- a thousand rows at a time
DROP VIEW goods_upsert;
SELECT upsert_view('goods', '{"columns": ["sku", "n"]}');
INSERT INTO goods_upsert SELECT 'k' || i % 2000, i FROM generate_series(1, 3500) i;
SELECT count(*), sum(n) FROM goods WHERE sku LIKE 'k%';

-- refused
SELECT upsert_view('people');
SELECT upsert_view('people_upsert');
SELECT upsert_view('goods', '{"mode": "replace"}');
SELECT upsert_view('copies', '{"dryRun": true}');
SELECT upsert_view('copies', '{"return": "new"}');
SELECT upsert_view(NULL);
UPDATE people_upsert SET doc = NULL;
DELETE FROM people_upsert;
CREATE TRIGGER wrong BEFORE INSERT ON seen FOR EACH ROW EXECUTE FUNCTION upsert_view_insert();
INSERT INTO seen VALUES ('x');
DROP TRIGGER upsert_begin ON people_upsert;
INSERT INTO people_upsert VALUES ('{}');
DROP VIEW people_upsert;

-- it blocks nothing, and tells when its target is gone
\set VERBOSITY default
SELECT upsert_view('people');
ALTER TABLE people ADD more int;
ALTER TABLE people ALTER doc TYPE jsonb USING doc || '{"t": 1}';
ALTER TABLE goods DROP n CASCADE;
INSERT INTO goods_upsert VALUES ('a', 1);
ALTER TABLE people RENAME TO folk;
INSERT INTO people_upsert VALUES ('{"_key": "z"}');
ALTER TABLE folk RENAME TO people;
INSERT INTO people_upsert VALUES ('{"_key": "z"}') RETURNING doc;
-- with the rights of who inserts
CREATE ROLE regress_view;
GRANT INSERT ON people_upsert TO regress_view;
SET ROLE regress_view;
INSERT INTO people_upsert VALUES ('{"_key": "z", "r": 1}');
SELECT upsert_view('people');
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON people TO regress_view;
SET ROLE regress_view;
INSERT INTO people_upsert VALUES ('{"_key": "z", "r": 1}');
RESET ROLE;
SELECT doc - 't' AS doc FROM people WHERE _key = 'z';
SELECT drop_collection('people');
INSERT INTO people_upsert VALUES ('{"_key": "z"}');
DROP VIEW people_upsert, goods_upsert, copies_upsert;
DROP TABLE goods, copies, seen;
DROP FUNCTION nest, copy_it;
DROP ROLE regress_view;
