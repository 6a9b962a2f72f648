-- Batches of documents, ready as jsonb, into a table that has 10,000 already
-- (1,000 of 10 kB): by size of batch and document, by the number of secondary
-- indexes, "exclusive", one key in all of a batch; against set-based
-- INSERT ... ON CONFLICT, and at one size against the other ways to upsert from
-- within the server.  Lines for the table of docs/performance.md.
-- bench-conf: fsync = off
-- bench-conf: checkpoint_timeout = 1h
\ir lib.sql

CREATE TABLE base (bytes int, _key text, doc jsonb);
CREATE TABLE input (work text, bytes int, batch int, docs jsonb);
ALTER TABLE input ALTER docs SET STORAGE EXTERNAL;
CREATE FUNCTION nominal(bytes int) RETURNS bigint LANGUAGE sql RETURN CASE WHEN bytes > 5000 THEN 1000 ELSE 10000 END;
CREATE FUNCTION base_rows(bytes int) RETURNS bigint LANGUAGE sql RETURN bench.size(nominal(bytes));
CREATE FUNCTION name_of(i bigint) RETURNS text IMMUTABLE LANGUAGE sql RETURN 'user-' || lpad(i::text, 9, '0');

-- keys of a batch are spread over the table, and come in no order; 7919 is prime
CREATE PROCEDURE make(size int, batches int[]) LANGUAGE plpgsql AS $$
DECLARE
	n bigint := base_rows(size);
BEGIN
	INSERT INTO base SELECT size, name_of(i), bench.doc('', i, 0, size) - '_key' FROM generate_series(1, n) i;
	INSERT INTO input SELECT work, size, b, (SELECT jsonb_agg(bench.doc(name_of(j) || suffix, j, version, size) ORDER BY i)
											 FROM (SELECT i, 1 + i * 7919 % n AS j FROM generate_series(1, least(bench.size(b), n)) i) k)
		FROM unnest(batches) b, (VALUES ('new', 'n', 0), ('changed', '', 1), ('unchanged', '', 0)) w (work, suffix, version);
END $$;
CALL make(200, '{1000,10000}');
CALL make(1000, '{1000,10000}');
CALL make(10000, '{1000}');
VACUUM ANALYZE base, input;

CREATE FUNCTION input(work text, bytes int, batch int) RETURNS text LANGUAGE sql
RETURN format('(SELECT docs FROM input WHERE work = %L AND bytes = %s AND batch = %s) b', work, bytes, batch);

CREATE FUNCTION fill(size int) RETURNS text LANGUAGE sql RETURN
	format('TRUNCATE %%who%%; INSERT INTO %%who%% (_key, _rev, doc) SELECT _key, ''3kaaaaaaaaaaa'', doc FROM base WHERE bytes = %s;; SELECT count(*) FROM %%who%%', size);

CREATE PROCEDURE one(what text, bytes int, batch int, indexes int, rounds int) LANGUAGE plpgsql AS $$
DECLARE
	work text := CASE what WHEN 'guarded' THEN 'unchanged' ELSE what END;
BEGIN
	CALL bench.row(format('work=%s against=on_conflict rows=%s batch=%s bytes=%s indexes=%s', what, nominal(bytes), batch, bytes, indexes),
				   format('SELECT upsert_load(''ours'', docs) FROM %s', input(work, bytes, batch)),
				   bench.on_conflict('theirs', input(work, bytes, batch), what = 'guarded'), bench.size(batch), fill(bytes), rounds);
END $$;

-- beside SQL that keeps a revision, as ours does: a constant is the cheapest
CREATE PROCEDURE revising(what text, batch int, rounds int) LANGUAGE plpgsql AS $$
BEGIN
	CALL bench.row(format('work=%s against=revising rows=10000 batch=%s bytes=200 indexes=0', what, batch),
				   format('SELECT upsert_load(''ours'', docs) FROM %s', input(what, 200, batch)),
				   format('INSERT INTO theirs AS t SELECT d->>''_key'', ''3kaaaaaaaaaab'', d - ''_key'' FROM %s, jsonb_array_elements(docs) d
						   ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev', input(what, 200, batch)), bench.size(batch), fill(200), rounds);
END $$;

CREATE PROCEDURE all_of(bytes int, batch int, indexes int, rounds int) LANGUAGE plpgsql AS $$
DECLARE
	what text;
BEGIN
	FOREACH what IN ARRAY '{new,changed,unchanged,guarded}'::text[] LOOP
		CALL one(what, bytes, batch, indexes, rounds);
	END LOOP;
END $$;

-- other ways; ours is upsert_load as before
CREATE PROCEDURE others(what text) LANGUAGE plpgsql AS $$
DECLARE
	ours text := format('SELECT upsert_load(''ours'', docs) FROM %s', input(what, 200, 1000));
	facts text := format('work=%s against=%%s rows=10000 batch=1000 bytes=200 indexes=0', what);
BEGIN
	CALL bench.row(format(facts, 'merge'), ours, format($q$
		MERGE INTO theirs t USING (SELECT d->>'_key' AS _key, d - '_key' AS doc FROM %s, jsonb_array_elements(docs) d) s ON t._key = s._key
		WHEN MATCHED THEN UPDATE SET doc = t.doc || s.doc WHEN NOT MATCHED THEN INSERT (_key, doc) VALUES (s._key, s.doc)$q$, input(what, 200, 1000)),
		bench.size(1000), fill(200) || '; ANALYZE %who%', 11);
	CALL bench.row(format(facts, 'plpgsql'), ours, format($q$DO $d$
		DECLARE d jsonb;
		BEGIN
			FOR d IN SELECT jsonb_array_elements(docs) FROM %s LOOP
				INSERT INTO theirs AS t (_key, doc) VALUES (d->>'_key', d - '_key') ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc;
			END LOOP;
		END $d$ $q$, input(what, 200, 1000)), bench.size(1000), fill(200), 11);
END $$;

CALL bench.tables('ours', 'theirs');
CALL all_of(200, 1000, 0, 15);
CALL all_of(200, 10000, 0, 7);
CALL all_of(1000, 1000, 0, 11);
CALL all_of(1000, 10000, 0, 5);
CALL all_of(10000, 1000, 0, 5);
CALL revising('new', 1000, 9);
CALL revising('changed', 1000, 9);
CALL revising('new', 10000, 5);
CALL revising('changed', 10000, 5);
CALL others('new');
CALL others('changed');
CALL others('unchanged');

-- against ours without
CREATE PROCEDURE exclusively(batch int, rounds int) LANGUAGE plpgsql AS $$
BEGIN
	CALL bench.row(format('work=exclusive against=upsert_load rows=10000 batch=%s bytes=200 indexes=0', batch),
				   format('SELECT upsert_load(''ours'', docs, ''{"exclusive": true}'') FROM %s', input('new', 200, batch)),
				   format('SELECT upsert_load(''ours'', docs) FROM %s', input('new', 200, batch)), bench.size(batch),
				   replace(fill(200), '%who%', 'ours'), rounds);
END $$;
CALL exclusively(1000, 15);
CALL exclusively(10000, 7);

INSERT INTO input SELECT 'one_key', 200, 20000, jsonb_agg(bench.small('one', i, 0)) FROM generate_series(1, bench.size(20000)) i;
INSERT INTO input SELECT 'keys', 200, 20000, jsonb_agg(bench.small('key-' || i * 7919 % 1000003, i, 0)) FROM generate_series(1, bench.size(20000)) i;
CREATE TABLE lines (id text COLLATE "C" PRIMARY KEY, n int, name text, email text, active boolean, text text);
SELECT format('CALL bench.row(%L, %L, %L, %s, %L, 5)', 'work=one_key_' || name || ' against=keys rows=0 batch=20000 bytes=200 indexes=0',
			  replace(call, '%', input('one_key', 200, 20000)), replace(call, '%', input('keys', 200, 20000)), bench.size(20000), 'TRUNCATE ours, lines')
FROM (VALUES ('load', $$SELECT upsert_load('ours', docs) FROM %$$), ('many', $$SELECT count(u.rev) FROM %, upsert_many('ours', docs) u$$),
	('c8ql', $$SELECT c8ql('FOR d IN @docs UPSERT {_key: d._key} INSERT d UPDATE d IN ours', jsonb_build_object('docs', docs)) FROM %$$),
	('objects', $$SELECT count(*) FROM (SELECT jsonb_agg(d - '_key' || jsonb_build_object('id', d->'_key')) AS docs FROM %, jsonb_array_elements(docs) d) b, upsert_objects('lines', docs, NULL, '{"return": "none"}')$$)) v (name, call) \gexec

DROP TABLE ours, theirs;
CALL bench.tables('ours', 'theirs', 1);
CALL all_of(200, 1000, 1, 7);
DROP TABLE ours, theirs;
CALL bench.tables('ours', 'theirs', 4);
CALL all_of(200, 1000, 4, 7);
