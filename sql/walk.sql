-- Batches that are looked up in windows of the index: keys of several types,
-- dense and sparse, new and old, among dead entries.  SQL says what is right.
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.law(target regclass, keytype text, rows int, docs int, spread int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	differs bigint; batch jsonb; answer upsert_summary; was bigint;
BEGIN
	EXECUTE format('DELETE FROM %s', target);
	EXECUTE format('INSERT INTO %s (id, doc) SELECT pg_temp.key(i * 3, %L)::%s, jsonb_build_object(''n'', i) FROM generate_series(1, %s) i', target, keytype, keytype, rows);
	-- dead entries of living rows, of rows that are gone, and entries that lead elsewhere
	EXECUTE format('UPDATE %s SET doc = doc || ''{"moved": true}'', more = 1 WHERE (doc->>''n'')::int %% 5 = 0', target);
	EXECUTE format('DELETE FROM %s WHERE (doc->>''n'')::int %% 7 = 0', target);
	CREATE TEMP TABLE wanted (id text PRIMARY KEY, doc jsonb);
	EXECUTE format('INSERT INTO wanted SELECT id::text, doc FROM %s', target);
	was := (SELECT count(*) FROM wanted);
	FOR round IN 1..3 LOOP
		SELECT jsonb_agg(jsonb_build_object('_key', pg_temp.key(i * spread + round - 1, keytype), 'r' || round, i) ORDER BY i * 7919 % 1009) INTO batch FROM generate_series(1, docs) i;
		answer := upsert_load(target, batch);
		INSERT INTO wanted SELECT d->>'_key', d - '_key' FROM jsonb_array_elements(batch) d ON CONFLICT (id) DO UPDATE SET doc = wanted.doc || EXCLUDED.doc;
		IF answer.inserted <> (SELECT count(*) FROM wanted) - was OR answer.inserted + answer.updated + answer.unchanged <> docs THEN
			RETURN 'wrong counts: ' || answer;
		END IF;
		was := was + answer.inserted;
		answer := upsert_load(target, batch);
		IF answer.unchanged <> docs THEN
			RETURN 'not the same again: ' || answer;
		END IF;
	END LOOP;
	EXECUTE format('SELECT count(*) FROM %s t FULL JOIN wanted w ON t.id::text = w.id WHERE t.doc IS DISTINCT FROM w.doc', target) INTO differs;
	DROP TABLE wanted;
	RETURN differs || ' differences';
END $$;
CREATE FUNCTION pg_temp.key(i int, keytype text) RETURNS text LANGUAGE sql AS
$$ SELECT CASE keytype WHEN 'text' THEN 'key-' || i WHEN 'uuid' THEN md5(i::text)::uuid::text ELSE i::text END $$;

CREATE TABLE walk_int (id int PRIMARY KEY, doc jsonb NOT NULL, more int);
CREATE TABLE walk_bigint (id bigint PRIMARY KEY, doc jsonb NOT NULL, more int);
CREATE TABLE walk_uuid (id uuid PRIMARY KEY, doc jsonb NOT NULL, more int);
CREATE TABLE walk_text (id text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL, more int);
CREATE TABLE walk_posix (id text COLLATE "POSIX" PRIMARY KEY, doc jsonb NOT NULL, more int);
CREATE TABLE walk_down (id text COLLATE "C" NOT NULL, doc jsonb NOT NULL, more int);
CREATE UNIQUE INDEX ON walk_down (id DESC);
ALTER TABLE walk_down ADD PRIMARY KEY (id);
CREATE INDEX ON walk_int (more); CREATE INDEX ON walk_bigint (more); CREATE INDEX ON walk_uuid (more); CREATE INDEX ON walk_text (more);
SELECT t, k, pg_temp.law(t, k, 300, 200, 1) AS dense, pg_temp.law(t, k, 3000, 100, 90) AS sparse, pg_temp.law(t, k, 10, 700, 1) AS new, pg_temp.law(t, k, 0, 900, 2) AS empty
FROM (VALUES ('walk_int'::regclass, 'int'), ('walk_bigint', 'bigint'), ('walk_uuid', 'uuid'), ('walk_text', 'text'), ('walk_posix', 'text'), ('walk_down', 'text')) v (t, k);

-- keys of several columns: in the order of the index and in another, downwards, with columns that may be NULL, among dead entries
CREATE FUNCTION pg_temp.composite(target regclass, rows int, objects int, spread int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	differs bigint; batch jsonb; counts jsonb; was bigint;
BEGIN
	EXECUTE format('DELETE FROM %s', target);
	EXECUTE format('INSERT INTO %s (a, b, n) SELECT i / 10 * 3, ''k'' || i %% 10, i FROM generate_series(1, %s) i', target, rows);
	EXECUTE format('UPDATE %s SET more = 1 WHERE n %% 5 = 0', target);
	EXECUTE format('DELETE FROM %s WHERE n %% 7 = 0', target);
	CREATE TEMP TABLE wanted (a int, b text, n int, more int, PRIMARY KEY (a, b));
	EXECUTE format('INSERT INTO wanted SELECT a, b, n, more FROM %s', target);
	was := (SELECT count(*) FROM wanted);
	FOR round IN 1..3 LOOP
		SELECT jsonb_agg(jsonb_build_object('a', i * spread / 8 + round, 'b', 'k' || i * spread % 8, 'n', i, 'more', round) ORDER BY i * 7919 % 1009) INTO batch FROM generate_series(1, objects) i;
		SELECT jsonb_object_agg(action, n) INTO counts FROM (SELECT action, count(*) AS n FROM upsert_objects(target, batch, columns => '{a,b}') GROUP BY 1) c;
		INSERT INTO wanted SELECT * FROM jsonb_populate_recordset(NULL::wanted, batch) ON CONFLICT (a, b) DO UPDATE SET n = EXCLUDED.n, more = EXCLUDED.more;
		IF coalesce((counts->>'inserted')::int, 0) <> (SELECT count(*) FROM wanted) - was THEN
			RETURN 'wrong counts: ' || counts;
		END IF;
		was := was + coalesce((counts->>'inserted')::int, 0);
		IF EXISTS (SELECT FROM upsert_objects(target, batch, columns => '{a,b}') WHERE action <> 'unchanged') THEN
			RETURN 'not the same again';
		END IF;
	END LOOP;
	EXECUTE format('SELECT count(*) FROM %s t FULL JOIN wanted w USING (a, b) WHERE (t.n, t.more) IS DISTINCT FROM (w.n, w.more)', target) INTO differs;
	DROP TABLE wanted;
	RETURN differs || ' differences';
END $$;
CREATE TABLE walk_ab (a int, b text COLLATE "C", n int, more int, PRIMARY KEY (a, b));
CREATE TABLE walk_ba (a int, b text COLLATE "C", n int, more int, PRIMARY KEY (b, a) INCLUDE (n));
CREATE TABLE walk_up_down (a int NOT NULL, b text COLLATE "C" NOT NULL, n int, more int);
CREATE UNIQUE INDEX ON walk_up_down (a, b DESC);
CREATE TABLE walk_nullable (a int, b text COLLATE "C", n int, more int, UNIQUE (a, b));
CREATE TABLE walk_first (a int NOT NULL, b text COLLATE "C" NOT NULL, n int, more int);
CREATE UNIQUE INDEX ON walk_first (a NULLS FIRST, b NULLS FIRST);
SELECT t, pg_temp.composite(t, 300, 200, 1) AS dense, pg_temp.composite(t, 3000, 100, 90) AS sparse, pg_temp.composite(t, 10, 700, 1) AS new, pg_temp.composite(t, 0, 900, 2) AS empty
FROM unnest(ARRAY['walk_ab', 'walk_ba', 'walk_up_down', 'walk_nullable', 'walk_first']::regclass[]) t;
-- entries of rows from before a column was NOT NULL
INSERT INTO walk_nullable SELECT i, NULL, i FROM generate_series(1, 100) i;
DELETE FROM walk_nullable WHERE b IS NULL;
ALTER TABLE walk_nullable ALTER a SET NOT NULL, ALTER b SET NOT NULL;
SELECT pg_temp.composite('walk_nullable', 300, 200, 1) AS dense, pg_temp.composite('walk_nullable', 0, 900, 2) AS empty;
DROP TABLE walk_ab, walk_ba, walk_up_down, walk_nullable, walk_first;

-- user code that runs within the batch inserts what is still to come
CREATE TABLE walk_ahead (id int PRIMARY KEY, doc jsonb NOT NULL, made int DEFAULT 0);
CREATE FUNCTION ahead() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO walk_ahead SELECT coalesce(max(id), 0) + 3, '{"ahead": true}', 1 FROM walk_ahead WHERE id < 1000 ON CONFLICT DO NOTHING;
	RETURN 2;
END $$;
ALTER TABLE walk_ahead ALTER made SET DEFAULT ahead();
SELECT upsert_load('walk_ahead', (SELECT jsonb_agg(jsonb_build_object('_key', i, 'n', i)) FROM generate_series(1, 60) i));
SELECT count(*), sum(id), count(doc->'ahead') > 0 AS ahead, count(doc->'n') FROM walk_ahead WHERE id <= 60;

DROP TABLE walk_int, walk_bigint, walk_uuid, walk_text, walk_posix, walk_down, walk_ahead;
DROP FUNCTION ahead();
