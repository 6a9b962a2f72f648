-- Does a transaction cost more in a larger ledger?  Ledgers with history of
-- 10^4, 10^5 and 10^6 flakes (ten a node; "-v max=7" in psql goes on to 10^7),
-- in each of which, in turn, one node of 10 predicates is changed, one is new,
-- and a call changes 100 nodes.  Prints the median time relative to that of
-- the smallest ledger, and the bytes of WAL per transaction.
-- bench-conf: fsync = off
\ir lib.sql
\if :{?max}
\else
	\set max 6
\endif

CREATE FUNCTION nodes(first int, last int, version int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('@context', '{"@vocab": "http://e/"}'::jsonb, '@graph', jsonb_agg(
		(SELECT jsonb_object_agg('p' || k, 'value ' || i || ' ' || k * version) FROM generate_series(1, 10) k) || jsonb_build_object('@id', 'http://n/' || i)))
	FROM generate_series(first, last) i
$$;
CREATE TABLE sample (size int, kind text, us float8, wal numeric);

CREATE PROCEDURE load(max int) LANGUAGE plpgsql AS $$
BEGIN
	FOR size IN 4 .. max LOOP
		PERFORM create_ledger('size' || size, '{"index": false}');
		FOR i IN 1 .. (10 ^ (size - 1))::int BY 10000 LOOP
			PERFORM ledger_upsert('size' || size, nodes(i, least(i + 9999, (10 ^ (size - 1))::int), 0));
			COMMIT;
		END LOOP;
	END LOOP;
END $$;

CREATE PROCEDURE run(max int, rounds int) LANGUAGE plpgsql AS $$
DECLARE
	txn jsonb;
	at timestamptz;
	lsn pg_lsn;
	n int;
BEGIN
	FOR round IN 1 .. rounds LOOP
		FOR size IN 4 .. max LOOP
			n := 10 ^ (size - 1);
			FOR kind IN 1 .. 3 LOOP
				-- spread over the ledger; 7919 is prime
				txn := CASE kind
					WHEN 1 THEN nodes(1 + round * 7919 % n, 1 + round * 7919 % n, round)
					WHEN 2 THEN nodes(n + round, n + round, 0)
					ELSE nodes(1 + round * 7919 % (n - 100), 100 + round * 7919 % (n - 100), round + 1) END;
				lsn := pg_current_wal_insert_lsn();
				at := clock_timestamp();
				PERFORM ledger_upsert('size' || size, txn);
				COMMIT;
				INSERT INTO sample VALUES (size, (ARRAY['one node changed', 'one node new', '100 nodes changed'])[kind],
					extract(epoch FROM clock_timestamp() - at) * 1e6, pg_current_wal_insert_lsn() - lsn);
				COMMIT;
			END LOOP;
		END LOOP;
	END LOOP;
END $$;

CALL load(:max);
CHECKPOINT;
CALL run(:max, 20);
TRUNCATE sample;
CALL run(:max, 200);
SELECT kind, '10^' || size AS flakes, to_char(us / first_value(us) OVER (PARTITION BY kind ORDER BY size), '990.99') AS "x the smallest", wal AS "WAL bytes"
FROM (SELECT kind, size, percentile_cont(0.5) WITHIN GROUP (ORDER BY us) AS us, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY wal)) AS wal FROM sample GROUP BY 1, 2) m
ORDER BY kind, size;
