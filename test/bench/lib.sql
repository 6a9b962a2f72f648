-- What the SQL benches share: \ir lib.sql, then one CALL of compare() per line
-- of the answer.  It runs "ours" and "theirs" in turn, ROUNDS times (who goes
-- first alternates), each after "setup", and prints the ratios of the medians,
-- by the clock and by the processor time of the backend (which a machine with
-- other work to do disturbs less), and the bytes of WAL per document.  A ratio
-- below 1 means that ours is faster.  Bare times are not printed: they say
-- more about the machine.
--
--	CALL bench.compare('label', ours => 'SELECT ...', theirs => 'INSERT ...',
--					   docs => 1000, setup => 'TRUNCATE ...', rounds => 15);
--
-- The benches of the table of docs/performance.md print lines for table.pl and
-- plot.pl instead, words of the form NAME=VALUE: the facts that they are given,
-- and behind them
--
--	rounds		how many
--	time, cpu	ratio of the medians; time_least ... the range of the rounds' ratios
--	us, us_theirs	medians, microseconds an item
--	wal, wal_theirs	medians, bytes an item
--	xids, xids_theirs	transaction ids that a statement took
--
--	CALL bench.row('work=new rows=10000', ...as compare);
--
-- In "setup" %who% is "ours" or "theirs", and ";;" commits: what reads rows behind
-- it leaves them as those of a table are that somebody has read.  BENCH_SCALE=0.01 in the environment
-- makes all sizes of these benches as much smaller, and does two rounds: to see
-- that they run.
\pset footer off
\set QUIET on
CREATE EXTENSION IF NOT EXISTS upsert;
CREATE SCHEMA bench;
\set scale 1
\getenv scale BENCH_SCALE
SELECT set_config('bench.scale', :'scale', false) \g /dev/null

CREATE TABLE bench.run (
	label text NOT NULL,
	who text NOT NULL,
	round int NOT NULL,
	us float8 NOT NULL,
	cpu float8 NOT NULL,
	wal numeric NOT NULL,
	xids numeric NOT NULL
);

-- a size, made smaller; how many rounds
CREATE FUNCTION bench.size(n bigint) RETURNS bigint LANGUAGE sql
RETURN greatest(n * current_setting('bench.scale')::float8, least(n, 100))::bigint;
CREATE FUNCTION bench.rounds(n int) RETURNS int LANGUAGE sql
RETURN CASE WHEN current_setting('bench.scale')::float8 < 1 THEN 2 ELSE n END;

-- nanoseconds this backend has been on a processor (Linux).  The kernel counts
-- when a process leaves the processor, so it does
CREATE FUNCTION bench.cpu() RETURNS float8 LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM pg_sleep(0.00005);
	RETURN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8;
END $$;

-- run one statement once, note its times and WAL
CREATE PROCEDURE bench.once(label text, who text, round int, statement text, setup text)
LANGUAGE plpgsql AS $$
DECLARE
	t0 timestamptz;
	t1 timestamptz;
	lsn pg_lsn;
	cpu float8;
	wal numeric;
	xid xid8;
	part text;
BEGIN
	FOREACH part IN ARRAY string_to_array(replace(setup, '%who%', who), ';;') LOOP
		EXECUTE part;
		COMMIT;
	END LOOP;
	lsn := pg_current_wal_insert_lsn();
	xid := pg_snapshot_xmax(pg_current_snapshot());
	COMMIT;
	cpu := bench.cpu();
	t0 := clock_timestamp();
	EXECUTE statement;
	COMMIT;
	t1 := clock_timestamp();
	cpu := bench.cpu() - cpu;
	wal := pg_current_wal_insert_lsn() - lsn;
	INSERT INTO bench.run VALUES (label, who, round, extract(epoch FROM t1 - t0) * 1e6, cpu, wal,
								  pg_snapshot_xmax(pg_current_snapshot())::text::numeric - xid::text::numeric);
	COMMIT;
END $$;

-- statements in turn, the first of them first in every other round; round 0
-- warms caches and does not count
CREATE PROCEDURE bench.in_turn(label text, who text[], statements text[], setup text, rounds int, warm boolean DEFAULT true)
LANGUAGE plpgsql AS $$
DECLARE
	n int := cardinality(who);
	k int;
BEGIN
	FOR i IN CASE WHEN warm THEN 0 ELSE 1 END .. rounds LOOP
		FOR j IN 1 .. n LOOP
			k := CASE WHEN i % 2 = 0 THEN j ELSE n + 1 - j END;
			CALL bench.once(label, who[k], i, statements[k], setup);
		END LOOP;
	END LOOP;
	DELETE FROM bench.run b WHERE b.label = in_turn.label AND round = 0;
END $$;

CREATE PROCEDURE bench.compare(label text, ours text, theirs text, docs bigint,
							   setup text DEFAULT 'SELECT 1', rounds int DEFAULT 15)
LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	CALL bench.in_turn(label, '{ours,theirs}', ARRAY[ours, theirs], setup, rounds);
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE who = 'ours') /
		percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE who = 'theirs') AS ratio,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) FILTER (WHERE who = 'ours') /
		nullif(percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) FILTER (WHERE who = 'theirs'), 0) AS cpu_ratio,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY wal) FILTER (WHERE who = 'ours') / docs AS ours_wal,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY wal) FILTER (WHERE who = 'theirs') / docs AS theirs_wal
	INTO r FROM bench.run b WHERE b.label = compare.label;
	RAISE INFO USING MESSAGE = format('%s %s x the time %s x the CPU  WAL/doc %s : %s', rpad(label, 34),
									  to_char(r.ratio, '990.99'), coalesce(to_char(r.cpu_ratio, '990.99'), '      ?'), to_char(r.ours_wal, '9990'), to_char(r.theirs_wal, '9990'));
END $$;

-- the line of one side against another, out of what was run under a label
CREATE FUNCTION bench.line(facts text, of text, docs bigint, ours text DEFAULT 'ours', theirs text DEFAULT 'theirs') RETURNS text LANGUAGE sql AS $$
	SELECT format('%s rounds=%s time=%s time_least=%s time_most=%s cpu=%s cpu_least=%s cpu_most=%s us=%s us_theirs=%s wal=%s wal_theirs=%s xids=%s xids_theirs=%s', facts, count(*),
		round((percentile_cont(0.5) WITHIN GROUP (ORDER BY o.us) / percentile_cont(0.5) WITHIN GROUP (ORDER BY t.us))::numeric, 3),
		round(min(o.us / t.us)::numeric, 3), round(max(o.us / t.us)::numeric, 3),
		round((percentile_cont(0.5) WITHIN GROUP (ORDER BY o.cpu) / percentile_cont(0.5) WITHIN GROUP (ORDER BY t.cpu))::numeric, 3),
		round(min(o.cpu / t.cpu)::numeric, 3), round(max(o.cpu / t.cpu)::numeric, 3),
		round((percentile_cont(0.5) WITHIN GROUP (ORDER BY o.us) / docs)::numeric, 3), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY t.us) / docs)::numeric, 3),
		round((percentile_cont(0.5) WITHIN GROUP (ORDER BY o.wal) / docs)::numeric, 1), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY t.wal) / docs)::numeric, 1),
		percentile_disc(0.5) WITHIN GROUP (ORDER BY o.xids), percentile_disc(0.5) WITHIN GROUP (ORDER BY t.xids))
	FROM bench.run o, bench.run t WHERE o.label = of AND t.label = of AND o.round = t.round AND o.who = ours AND t.who = theirs
$$;

CREATE PROCEDURE bench.row(facts text, ours text, theirs text, docs bigint,
						   setup text DEFAULT 'SELECT 1', rounds int DEFAULT 7)
LANGUAGE plpgsql AS $$
BEGIN
	CALL bench.in_turn(facts, '{ours,theirs}', ARRAY[ours, theirs], setup, bench.rounds(rounds));
	RAISE INFO USING MESSAGE = bench.line(facts, facts, docs);
END $$;

-- documents of 200 bytes as JSON, and longer ones; one attribute differs by version
CREATE FUNCTION bench.small(key text, i bigint, version int) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
	SELECT jsonb_build_object('_key', key, 'n', i + version, 'name', 'somebody ' || i, 'email', i || '@example.org', 'active', true, 'text', repeat(md5(i::text), 3))
$$;
CREATE FUNCTION bench.doc(key text, i bigint, version int, bytes int) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
	SELECT bench.small(key, i, version) ||
		coalesce((SELECT jsonb_object_agg('field' || g, md5(i || '-' || g) || md5(g || '+' || i)) FROM generate_series(1, (bytes - 200) / 79) g), '{}')
$$;

-- a collection NAME, and a plain table of the same shape and fillfactor that
-- keeps no revision; with so many secondary indexes
CREATE PROCEDURE bench.tables(ours text, theirs text, indexes int DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
	t text;
BEGIN
	PERFORM create_collection(ours);
	EXECUTE format('CREATE TABLE %I (_key text COLLATE "C" PRIMARY KEY, _rev text COLLATE "C", doc jsonb NOT NULL) WITH (%s)', theirs,
				   (SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = ours::regclass));
	FOREACH t IN ARRAY ARRAY[ours, theirs] LOOP
		FOR i IN 1 .. indexes LOOP
			-- columns, since an index on an expression of doc would end HOT on both sides
			EXECUTE format('ALTER TABLE %I ADD %I text COLLATE "C" GENERATED ALWAYS AS (%s) STORED', t, 'c' || i,
						   (ARRAY['doc->>''email''', 'doc->>''name''', 'doc->>''text''', 'right(doc->>''text'', 16)'])[i]);
			EXECUTE format('CREATE INDEX ON %I (%I)', t, 'c' || i);
		END LOOP;
	END LOOP;
END $$;

-- set-based SQL for a batch in "input", which is one jsonb array
CREATE FUNCTION bench.on_conflict(target text, input text, guarded boolean DEFAULT false) RETURNS text LANGUAGE sql RETURN
	format('INSERT INTO %I AS t (_key, doc) SELECT d->>''_key'', d - ''_key'' FROM %s, jsonb_array_elements(docs) d ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc%s',
		   target, input, CASE WHEN guarded THEN ' WHERE t.doc IS DISTINCT FROM t.doc || EXCLUDED.doc' ELSE '' END);
