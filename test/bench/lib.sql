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
\pset footer off
\set QUIET on
CREATE EXTENSION IF NOT EXISTS upsert;
CREATE SCHEMA bench;

CREATE TABLE bench.run (
	label text NOT NULL,
	who text NOT NULL,
	us float8 NOT NULL,
	cpu float8 NOT NULL,
	wal numeric NOT NULL
);

-- nanoseconds this backend has been on a processor (Linux)
CREATE FUNCTION bench.cpu() RETURNS float8 LANGUAGE sql VOLATILE
RETURN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8;

-- run one statement once, note its times and WAL
CREATE PROCEDURE bench.once(label text, who text, statement text, setup text)
LANGUAGE plpgsql AS $$
DECLARE
	t0 timestamptz;
	t1 timestamptz;
	lsn pg_lsn;
	cpu float8;
	wal numeric;
BEGIN
	EXECUTE setup;
	COMMIT;
	lsn := pg_current_wal_insert_lsn();
	cpu := bench.cpu();
	t0 := clock_timestamp();
	EXECUTE statement;
	COMMIT;
	t1 := clock_timestamp();
	cpu := bench.cpu() - cpu;
	wal := pg_current_wal_insert_lsn() - lsn;
	INSERT INTO bench.run VALUES (label, who, extract(epoch FROM t1 - t0) * 1e6, cpu, wal);
	COMMIT;
END $$;

CREATE PROCEDURE bench.compare(label text, ours text, theirs text, docs bigint,
							   setup text DEFAULT 'SELECT 1', rounds int DEFAULT 15)
LANGUAGE plpgsql AS $$
DECLARE
	r record;
BEGIN
	-- the first round warms caches and does not count
	FOR i IN 0 .. rounds LOOP
		IF i % 2 = 0 THEN
			CALL bench.once(label, 'ours', ours, setup);
			CALL bench.once(label, 'theirs', theirs, setup);
		ELSE
			CALL bench.once(label, 'theirs', theirs, setup);
			CALL bench.once(label, 'ours', ours, setup);
		END IF;
		IF i = 0 THEN
			DELETE FROM bench.run b WHERE b.label = compare.label;
		END IF;
	END LOOP;
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE who = 'ours') /
		percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE who = 'theirs') AS ratio,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) FILTER (WHERE who = 'ours') /
		-- the kernel counts in ticks: what takes less has none
		nullif(percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) FILTER (WHERE who = 'theirs'), 0) AS cpu_ratio,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY wal) FILTER (WHERE who = 'ours') / docs AS ours_wal,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY wal) FILTER (WHERE who = 'theirs') / docs AS theirs_wal
	INTO r FROM bench.run b WHERE b.label = compare.label;
	RAISE INFO USING MESSAGE = format('%s %s x the time %s x the CPU  WAL/doc %s : %s', rpad(label, 34),
									  to_char(r.ratio, '990.99'), coalesce(to_char(r.cpu_ratio, '990.99'), '      ?'), to_char(r.ours_wal, '9990'), to_char(r.theirs_wal, '9990'));
END $$;
