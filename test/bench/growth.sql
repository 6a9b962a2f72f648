-- Batches of 10,000 documents of 200 bytes into tables of 10^4 and 10^6 rows,
-- with BENCH_LARGE in the environment 10^4 and 10^7: what a document costs in a
-- larger table, beside set-based INSERT ... ON CONFLICT.  New keys come in no
-- order between those that are there ("new"), or ascend behind them, as TIDs do
-- ("ascending").  The rows and pages of the index that a batch needs are read
-- before it.  Every batch has keys of its own.  The sizes are measured in turn.
-- Besides the lines of lib.sql: work=growth of=WORK who=ours|theirs rows=N from=10000,
-- the time of a document in N rows over that in 10,000.
-- bench-conf: fsync = off
-- bench-conf: checkpoint_timeout = 1h
-- bench-conf: max_wal_size = 20GB
-- bench-conf: wal_level = minimal
-- bench-conf: max_wal_senders = 0
\ir lib.sql
\set large ''
\getenv large BENCH_LARGE
CREATE EXTENSION pg_prewarm;

CREATE TABLE size (rows bigint PRIMARY KEY, n bigint NOT NULL, reset boolean NOT NULL);
INSERT INTO size SELECT r, bench.size(r), r = 10000 FROM unnest(CASE WHEN :'large' = '' THEN ARRAY[10000, 1000000] ELSE ARRAY[10000, 10000000] END) r;

-- a table that is made in the same transaction needs no WAL
CREATE PROCEDURE load(which bigint) LANGUAGE plpgsql AS $$
DECLARE
	size size;
BEGIN
	SELECT * INTO size FROM size s WHERE s.rows = which;
	CALL bench.tables('ours_' || size.rows, 'theirs_' || size.rows);
	EXECUTE format('INSERT INTO %I (_key, _rev, doc) SELECT d->>''_key'', ''3kaaaaaaaaaaa'', d - ''_key'' FROM (SELECT bench.small(''user-'' || lpad(i::text, 9, ''0''), i, 0) AS d FROM generate_series(1, %s) i OFFSET 0) s',
				   'ours_' || size.rows, size.n);
	EXECUTE format('INSERT INTO %I SELECT * FROM %I', 'theirs_' || size.rows, 'ours_' || size.rows);
	IF size.reset THEN
		EXECUTE format('CREATE TABLE %I AS SELECT * FROM %I', 'base_' || size.rows, 'ours_' || size.rows);
	END IF;
END $$;
SELECT format('CALL load(%s)', rows) FROM size \gexec
VACUUM (ANALYZE);
CHECKPOINT;
SELECT count(pg_prewarm(c.oid::regclass)) FROM pg_class c WHERE relname ~ '^(ours|theirs)_' AND relkind IN ('r', 'i') \g /dev/null

CREATE TABLE input (docs jsonb, keys text[]);
ALTER TABLE input ALTER docs SET STORAGE EXTERNAL;

-- before each statement: the batch of a round, and what it needs of the table
CREATE PROCEDURE prepare(tab text, size size, work text, round int) LANGUAGE plpgsql AS $$
DECLARE
	batch bigint := least(bench.size(10000), size.n);
	-- rounds and works have keys of their own: 7919 is prime
	start bigint := (round * 5 + array_position('{new,ascending,changed,unchanged,guarded}', work)) * batch;
BEGIN
	IF size.reset THEN
		EXECUTE format('TRUNCATE %I; INSERT INTO %1$I (_key, _rev, doc) SELECT _key, _rev, doc FROM %I', tab, 'base_' || size.rows);
	END IF;
	TRUNCATE input;
	INSERT INTO input SELECT jsonb_agg(bench.small(key, j, CASE work WHEN 'changed' THEN 1 ELSE 0 END) ORDER BY i), array_agg(key)
	FROM (SELECT i, j, CASE work WHEN 'ascending' THEN 'user-' || lpad((900000000 + start + i)::text, 9, '0')
			WHEN 'new' THEN 'user-' || lpad(j::text, 9, '0') || 'n' || round ELSE 'user-' || lpad(j::text, 9, '0') END AS key
		  FROM (SELECT i, 1 + (start + i) * 7919 % size.n AS j FROM generate_series(1, batch) i) r) k;
	COMMIT;
	EXECUTE format('SELECT count(doc->''n'') FROM %I WHERE _key = ANY((SELECT keys FROM input)::text[])', tab);
	COMMIT;
END $$;

CREATE PROCEDURE run(rounds int) LANGUAGE plpgsql AS $$
DECLARE
	size size;
	work text;
	who text;
	facts text;
	sides text[];
BEGIN
	FOR round IN 0 .. rounds LOOP
		FOREACH work IN ARRAY '{new,ascending,changed,unchanged,guarded}'::text[] LOOP
			FOR size IN SELECT * FROM size ORDER BY rows LOOP
				facts := format('work=%s against=on_conflict rows=%s batch=10000 bytes=200 indexes=0 warm=1', work, size.rows);
				FOREACH who IN ARRAY CASE round % 2 WHEN 0 THEN '{ours,theirs}' ELSE '{theirs,ours}' END::text[] LOOP
					CALL prepare(who || '_' || size.rows, size, work, round);
					CALL bench.once(facts, who, round, CASE who WHEN 'ours' THEN format('SELECT upsert_load(%L, docs) FROM input', 'ours_' || size.rows)
														ELSE bench.on_conflict('theirs_' || size.rows, 'input', work = 'guarded') END, 'SELECT 1');
				END LOOP;
			END LOOP;
		END LOOP;
	END LOOP;
	DELETE FROM bench.run WHERE bench.run.round = 0;
END $$;
CALL run(bench.rounds(5));
\pset tuples_only on
\pset format unaligned
SELECT bench.line(label, label, least(bench.size(10000), (SELECT min(n) FROM size))) FROM (SELECT DISTINCT label FROM bench.run) l ORDER BY label;
SELECT format('work=growth of=%s who=%s rows=%s from=10000 rounds=%s time=%s time_least=%s time_most=%s cpu=%s', l.work, b.who, l.rows, count(*),
	round((percentile_cont(0.5) WITHIN GROUP (ORDER BY b.us) / percentile_cont(0.5) WITHIN GROUP (ORDER BY s.us))::numeric, 3),
	round(min(b.us / s.us)::numeric, 3), round(max(b.us / s.us)::numeric, 3),
	round((percentile_cont(0.5) WITHIN GROUP (ORDER BY b.cpu) / percentile_cont(0.5) WITHIN GROUP (ORDER BY s.cpu))::numeric, 3))
FROM (SELECT DISTINCT label, substring(label FROM 'work=(\w+)') AS work, substring(label FROM 'rows=(\d+)')::bigint AS rows FROM bench.run) l
	JOIN bench.run b ON b.label = l.label
	JOIN bench.run s ON s.label = replace(l.label, 'rows=' || l.rows, 'rows=10000') AND s.round = b.round AND s.who = b.who
WHERE l.rows <> 10000 GROUP BY l.work, b.who, l.rows ORDER BY l.work, b.who;
