-- New rows of a batch wait, to be inserted together.  Nobody can tell, and what
-- would let somebody tell is not done so.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE FUNCTION docs(n int, extra jsonb DEFAULT '{}') RETURNS jsonb STABLE LANGUAGE sql AS
  $$ SELECT jsonb_agg(jsonb_build_object('_key', 'k' || lpad(i::text, 4, '0'), 'n', i) || extra ORDER BY i * 7919 % 1009) FROM generate_series(1, n) i $$;

-- more than go at once, twice, with rows between them that are there
SELECT create_collection('p');
SELECT * FROM upsert_load('p', docs(1500));
SELECT * FROM upsert_load('p', docs(3000));
SELECT count(*), count(DISTINCT _key), sum((doc->>'n')::int), count(DISTINCT _rev) FROM p;
SELECT action, count(*), count(old), count(new) FROM upsert_many('p', docs(3100, '{"m": 1}')) GROUP BY 1 ORDER BY 1;
-- every other one is there, and changes; or does not
DELETE FROM p WHERE (doc->>'n')::int % 2 = 0;
SELECT * FROM upsert_load('p', docs(3100, '{"m": 2}'));
DELETE FROM p WHERE (doc->>'n')::int % 2 = 0;
SELECT * FROM upsert_load('p', docs(3100, '{"m": 2}'));
SELECT count(*), count(DISTINCT _key), sum((doc->>'m')::int) FROM p;
-- documents without a key come last; more than a transaction has subtransactions for
TRUNCATE p;
SELECT * FROM upsert_load('p', docs(100) || (SELECT jsonb_agg(jsonb_build_object('n', -i)) FROM generate_series(1, 100) i));
BEGIN;
DO $$ BEGIN
  FOR i IN 1..40 LOOP
    PERFORM upsert_load('p', (SELECT jsonb_agg(jsonb_build_object('_key', format('t%s-%s', i, j))) FROM generate_series(1, 60) j));
  END LOOP;
END $$;
SELECT count(*) FROM p WHERE _key LIKE 't%';
ROLLBACK;
SELECT count(*) FROM p WHERE _key LIKE 't%';
-- documents that are stored out of line
SELECT * FROM upsert_load('p', (SELECT jsonb_agg(jsonb_build_object('_key', 'big' || i, 'text', (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 200) j))) FROM generate_series(1, 40) i));
SELECT count(*), sum(length(doc->>'text')) FROM p WHERE _key LIKE 'big%';
-- alone with the table: locked, temporary, made just now
SELECT * FROM upsert_load('p', docs(200, '{"x": 1}'), '{"exclusive": true}');
SELECT create_collection('pg_temp.q');
SELECT * FROM upsert_load('pg_temp.q', docs(2500));
BEGIN;
SELECT create_collection('made');
SELECT * FROM upsert_load('made', docs(2500));
SAVEPOINT s;
SELECT * FROM upsert_load('made', docs(2600));
ROLLBACK TO s;
SELECT count(*) FROM made;
COMMIT;
DROP TABLE made;

-- summaries of pages: rows of one page with one value, several, NULL, in ranges that are summarized and not
SELECT create_collection('brin');
ALTER TABLE brin ADD v int GENERATED ALWAYS AS ((doc->>'v')::int) STORED, ADD w bigint GENERATED ALWAYS AS ((doc->>'n')::int / 100) STORED;
CREATE INDEX brin_pages ON brin USING brin (v, w) WITH (pages_per_range = 1);
SELECT * FROM upsert_load('brin', docs(500, '{"v": 1}'), '{"exclusive": true}');
SELECT brin_summarize_new_values('brin_pages') > 0 AS summarized;
SELECT * FROM upsert_load('brin', (SELECT jsonb_agg(d || jsonb_build_object('_key', format('m%s', d->'n'), 'v', (d->'n')::int / 7 % 5 * 100)) FROM jsonb_array_elements(docs(900)) d), '{"exclusive": true}');
SELECT * FROM upsert_load('brin', (SELECT jsonb_agg(d || jsonb_build_object('_key', format('n%s', d->'n'), 'v', NULLIF((d->'n')::int % 3, 0))) FROM jsonb_array_elements(docs(300)) d), '{"exclusive": true}');
SET enable_seqscan = off;
SELECT v, count(*), sum(w) FROM (VALUES (0), (1), (2), (100), (200), (300), (400)) x (v), LATERAL (SELECT w FROM brin b WHERE b.v = x.v OFFSET 0) b GROUP BY 1 ORDER BY 1;
SELECT brin_summarize_new_values('brin_pages') > 0 AS summarized;
SELECT * FROM upsert_load('brin', (SELECT jsonb_agg(d || jsonb_build_object('_key', format('o%s', d->'n'), 'v', (d->'n')::int / 7 % 5 * 100)) FROM jsonb_array_elements(docs(700)) d), '{"exclusive": true}');
SELECT v, count(*), sum(w) FROM (VALUES (0), (1), (2), (100), (200), (300), (400)) x (v), LATERAL (SELECT w FROM brin b WHERE b.v = x.v OFFSET 0) b GROUP BY 1 ORDER BY 1;
RESET enable_seqscan;
SELECT v, count(*), sum(w) FROM brin GROUP BY 1 ORDER BY 1;
DROP TABLE brin;

-- what the table adds, and what it refuses
CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents VALUES (1), (2);
SELECT create_collection('c');
ALTER TABLE c ADD id int GENERATED ALWAYS AS IDENTITY, ADD made date DEFAULT current_date,
  ADD n int GENERATED ALWAYS AS ((doc->>'n')::int) STORED CHECK (n <> 77),
  ADD parent int GENERATED ALWAYS AS ((doc->>'parent')::int) STORED REFERENCES parents,
  ADD later int GENERATED ALWAYS AS ((doc->>'later')::int) STORED UNIQUE DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX c_tags ON c USING gin (doc);
CREATE UNIQUE INDEX c_mail ON c ((doc->>'mail')) WHERE doc ? 'mail';
SELECT * FROM upsert_load('c', docs(60, '{"parent": 1}'));
SELECT count(*), count(DISTINCT id), max(id), min(made) = current_date AS today, sum(n) FROM c WHERE parent = 1;
SELECT * FROM upsert_load('c', docs(100, '{"parent": 1}'));
SELECT * FROM upsert_load('c', docs(70, '{"parent": 3}'));
SELECT * FROM upsert_load('c', docs(70, '{"later": 1}'));
SELECT * FROM upsert_load('c', docs(70, '{"mail": "a"}'));
SELECT count(*), max(_key), count(later) FROM c;
-- the one at fault is named, whether it waits or not
DO $$
DECLARE what text;
BEGIN
  PERFORM upsert_load('c', docs(60, '{"a": 1}') || (SELECT jsonb_agg(jsonb_build_object('_key', 'l' || i, 'mail', nullif(i, 50) || '@')) FROM generate_series(10, 60) i) ||
    '[{"_key": "l50x", "mail": "40@"}]');
EXCEPTION WHEN unique_violation THEN
  GET STACKED DIAGNOSTICS what = PG_EXCEPTION_CONTEXT;
  RAISE NOTICE '%', substring(what from 'item .* of the batch, key "[^"]*"');
END $$;
DO $$
DECLARE what text;
BEGIN
  PERFORM upsert_load('c', docs(60, '{"a": 1}') || (SELECT jsonb_agg(jsonb_build_object('_key', 'l' || i, 'mail', i || '@')) FROM generate_series(10, 60) i) ||
    '[{"_key": "l50x", "mail": "40@"}]', '{"exclusive": true}');
EXCEPTION WHEN unique_violation THEN
  GET STACKED DIAGNOSTICS what = PG_EXCEPTION_CONTEXT;
  RAISE NOTICE '%', substring(what from 'item .* of the batch, key "[^"]*"');
END $$;
-- items that fail in the middle are left out
SELECT ord, action, error->>'sqlstate' AS sqlstate FROM upsert_many('c', docs(300) || '[{"_key": "m1", "mail": "x"}, {"_key": "m2", "mail": "x"}, {"_key": "m3", "mail": "y"}]', '{"ignoreErrors": true}') i
  WHERE action = 'ignored' OR ord > 300 ORDER BY ord;
SELECT count(*), count(DISTINCT _key) FROM c;
-- an index entry that is too long
SELECT create_collection('long');
CREATE INDEX long_text ON long ((doc->>'text'));
SELECT action, error->>'sqlstate' AS sqlstate, count(*) FROM upsert_many('long', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'text', CASE i % 30 WHEN 29 THEN (SELECT string_agg(md5(j::text), '') FROM generate_series(1, 1000) j) END)) FROM generate_series(1, 100) i), '{"ignoreErrors": true}') GROUP BY 1, 2 ORDER BY 1;
\set VERBOSITY sqlstate
SELECT count(*) FROM upsert_many('long', (SELECT jsonb_agg(jsonb_build_object('_key', 'l' || i, 'text', CASE i % 30 WHEN 29 THEN (SELECT string_agg(md5(j::text), '') FROM generate_series(1, 1000) j) END)) FROM generate_series(1, 100) i));
\set VERBOSITY terse
SELECT count(*) FROM long;
-- items of one key are one row that waits
SELECT action, count(*), count(old) FROM upsert_many('p', docs(60, '{"f": 1}') || docs(60, '{"f": 2}') || (SELECT jsonb_agg(jsonb_build_object('_key', 'f' || i % 50, 'i', i)) FROM generate_series(1, 200) i)) GROUP BY 1 ORDER BY 1;
SELECT count(*), sum((doc->>'i')::int) FROM p WHERE _key LIKE 'f%';

-- statement triggers see all rows
CREATE TABLE seen (what text, n bigint, total bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen SELECT TG_OP, count(*), sum((doc->>'n')::int) FROM new_rows;
  RETURN NULL;
END $$;
CREATE TRIGGER a AFTER INSERT ON c REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION note();
CREATE TRIGGER b AFTER UPDATE ON c REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION note();
SELECT * FROM upsert_load('c', (SELECT jsonb_agg(jsonb_build_object('_key', 's' || i, 'n', 1000 + i)) FROM generate_series(1, 100) i));
SELECT * FROM upsert_load('c', (SELECT jsonb_agg(jsonb_build_object('_key', 's' || i, 'n', 2000 + i)) FROM generate_series(51, 150) i));
SELECT what, sum(n), sum(total) FROM seen GROUP BY 1 ORDER BY 1;

-- whoever looks at the table while it is written sees the rows before his own
CREATE FUNCTION rows_of_v() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM v); END $$;
CREATE FUNCTION rows_before(text) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM v); END $$;
SELECT create_collection('v');
ALTER TABLE v ADD before bigint DEFAULT rows_of_v();
SELECT * FROM upsert_load('v', docs(100));
SELECT count(DISTINCT before), min(before), max(before) FROM v;
TRUNCATE v;
ALTER TABLE v DROP before, ADD CHECK (_key = '' OR rows_of_v() < 50);
SELECT * FROM upsert_load('v', docs(100));
ALTER TABLE v DROP CONSTRAINT v__key_check;
CREATE INDEX v_before ON v (rows_before(_key));
SELECT * FROM upsert_load('v', docs(100));
SET enable_seqscan = off;
SELECT count(*) FROM v WHERE rows_before(_key) < 50;
RESET enable_seqscan;
TRUNCATE v;
DROP INDEX v_before;
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.doc = NEW.doc || jsonb_build_object('before', rows_of_v()); RETURN NEW; END $$;
CREATE TRIGGER follow BEFORE INSERT ON v FOR EACH ROW EXECUTE FUNCTION follow();
SELECT * FROM upsert_load('v', docs(100));
SELECT count(DISTINCT doc->'before') FROM v;
-- indexes that are not plain
DROP TRIGGER follow ON v;
TRUNCATE v;
CREATE INDEX ON v USING brin (_key);
SELECT * FROM upsert_load('v', docs(100));
CREATE TABLE ex (_key text COLLATE "C" PRIMARY KEY, _rev text COLLATE "C", doc jsonb NOT NULL, span int4range GENERATED ALWAYS AS (int4range((doc->>'n')::int, (doc->>'n')::int + 1)) STORED,
  EXCLUDE USING gist (span WITH &&));
SELECT * FROM upsert_load('ex', docs(100));
SELECT * FROM upsert_load('ex', (SELECT jsonb_agg(jsonb_build_object('_key', 'x' || i, 'n', 60 + i)) FROM generate_series(1, 100) i));

-- objects
CREATE TABLE lines (id int PRIMARY KEY, sku text UNIQUE, qty int DEFAULT 7, twice int GENERATED ALWAYS AS (qty * 2) STORED);
SELECT action, count(*), count(old), sum((new->>'twice')::int) FROM upsert_objects('lines', (SELECT jsonb_agg(jsonb_build_object('id', i, 'sku', 's' || i) ORDER BY i % 7) FROM generate_series(1, 100) i)) GROUP BY 1;
SELECT action, count(*), count(old), sum((new->>'twice')::int) FROM upsert_objects('lines', (SELECT jsonb_agg(jsonb_build_object('id', i, 'qty', i % 2 + 7) ORDER BY i % 7) FROM generate_series(51, 150) i)) GROUP BY 1 ORDER BY 1;
SELECT ord, action, key, error->>'sqlstate' AS sqlstate FROM upsert_objects('lines', (SELECT jsonb_agg(jsonb_build_object('id', i, 'sku', CASE i WHEN 260 THEN 's7' ELSE 's' || i END, 'twice', CASE i WHEN 270 THEN 5 ELSE 14 END)) FROM generate_series(201, 300) i), 'lines_pkey', '{"ignoreErrors": true}') WHERE action <> 'inserted' OR ord IN (59, 61);
SELECT * FROM upsert_objects('lines', (SELECT jsonb_agg(jsonb_build_object('id', i, 'sku', CASE i WHEN 360 THEN 's7' ELSE 's' || i END)) FROM generate_series(301, 400) i));
-- keys that come twice
SELECT action, count(*) FROM upsert_objects('lines', (SELECT jsonb_agg(jsonb_build_object('id', 400 + i % 60, 'qty', i)) FROM generate_series(1, 100) i)) GROUP BY 1 ORDER BY 1;
SELECT count(*), count(DISTINCT id), sum(qty), sum(twice) FROM lines;

-- records: with keys of their own, and with keys that are made
SELECT create_record_store('recs');
CREATE FUNCTION records(first int, last int) RETURNS jsonb STABLE LANGUAGE sql AS
  $$ SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('collection', 'a.b.c', 'rkey', CASE WHEN i % 4 > 0 THEN 'r' || i END, 'record', jsonb_build_object('n', i))) ORDER BY i % 7) FROM generate_series(first, last) i $$;
SELECT action, count(*), count(DISTINCT uri), count(cid), count(old), count(new), count(DISTINCT rev) FROM at_save_all('recs', 'did:plc:abc', records(1, 200)) GROUP BY 1;
SELECT action, count(*), count(DISTINCT uri), count(cid), count(old), count(new), count(DISTINCT rev) FROM at_save_all('recs', 'did:plc:abc', records(101, 300)) GROUP BY 1 ORDER BY 1;
SELECT count(*), sum((record->>'n')::int), count(DISTINCT rev) FROM recs;

DROP TABLE p, c, v, ex, long, parents, seen, lines, recs;
DROP FUNCTION docs, records, note, rows_of_v, rows_before, follow;
