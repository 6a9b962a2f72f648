-- TIDs: text, integer, time, and the generator.
\set VERBOSITY sqlstate
SET timezone = 'UTC';

-- text to integer and back: zero, one, a day of 2024, the greatest of the layout
SELECT t, at_tid_to_bigint(t) AS n, at_tid_from_bigint(at_tid_to_bigint(t)) = t AS back
FROM (VALUES ('2222222222222'), ('2222222222223'), ('3khuwc44c2222'),
             ('3fw47frphuwnu'), ('bzzzzzzzzzzzz')) AS v(t);

-- time: the epoch, a whole second, microseconds, the end
SELECT t, at_tid_to_timestamptz(t) AS at
FROM (VALUES ('2222222222222'), ('3khuwc44c2222'), ('3fw47frphuwnu'), ('bzzzzzzzzzzzz')) AS v(t);
SELECT at_tid_from_timestamptz('2024-01-01 00:00:00+00') AS plain,
       at_tid_from_timestamptz('2018-12-02 22:13:27.50166+00', 634) AS with_clock_id,
       at_tid_from_timestamptz('1970-01-01 00:00:00+00') AS epoch,
       at_tid_from_timestamptz('2255-06-05 23:47:34.740991+00', 1023) AS last;

-- text that is no TID
SELECT at_tid_to_bigint('');
SELECT at_tid_to_bigint('3khuwc44c222');			-- 12 characters
SELECT at_tid_to_bigint('3khuwc44c22222');			-- 14
SELECT at_tid_to_bigint('3khuwc44c2221');			-- 1 is no digit
SELECT at_tid_to_bigint('3KHUWC44C2222');			-- case matters
SELECT at_tid_to_bigint('3khu-wc44-c22');			-- the old dashes
SELECT at_tid_to_bigint('kjzfcijpj2z2a');			-- the first digit overflows
SELECT at_tid_to_timestamptz('zzzzzzzzzzzzz');
SELECT at_tid_to_bigint('3khuwc44c222é');
-- a TID by its syntax that the layout has no room for
SELECT at_tid_to_bigint('c222222222222');
SELECT at_tid_to_timestamptz('j222222222222');
-- integers and times without a TID
SELECT at_tid_from_bigint(-1);
SELECT at_tid_from_timestamptz('1969-12-31 23:59:59.999999+00');
SELECT at_tid_from_timestamptz('2255-06-05 23:47:34.740992+00');
SELECT at_tid_from_timestamptz('infinity');
SELECT at_tid_from_timestamptz('-infinity');
SELECT at_tid_from_timestamptz('294276-12-31 23:59:59.999999+00');
SELECT at_tid_from_timestamptz('2024-01-01', -1);
SELECT at_tid_from_timestamptz('2024-01-01', 1024);
SELECT at_tid_to_bigint(NULL) IS NULL AND at_tid_from_timestamptz(NULL) IS NULL AS strict;

-- text order is time order
SELECT bool_and(at_tid_from_bigint(n) COLLATE "C" < at_tid_from_bigint(n + step) COLLATE "C") AS sorted
FROM (VALUES (0::bigint), (31), (1023), (1024), (1744964812800000000), (9223372036854774000)) AS v(n),
     generate_series(1, 700, 37) AS step;

-- the generator: strictly increasing within a statement, near the clock
WITH made AS MATERIALIZED (SELECT i, at_tid() AS t FROM generate_series(1, 20000) AS i),
     pairs AS (SELECT t, lag(t) OVER (ORDER BY i) AS before FROM made)
SELECT count(DISTINCT t) AS tids,
       count(*) FILTER (WHERE before COLLATE "C" >= t COLLATE "C") AS out_of_order,
       count(*) FILTER (WHERE at_tid_to_timestamptz(t) NOT BETWEEN now() AND clock_timestamp() + interval '1 min') AS off_clock,
       count(DISTINCT at_tid_to_bigint(t) & 1023) AS clock_ids
FROM pairs;
SELECT proname, provolatile, proparallel, proisstrict
FROM pg_catalog.pg_proc WHERE proname LIKE 'at\_tid%' ORDER BY proname COLLATE "C";

-- servers that must not make the same TIDs have their own microseconds, and
-- other clock ids: whatever is made under another number differs
SET upsert.node_id = 3;
CREATE TEMP TABLE made AS SELECT 3 AS node, i, at_tid() AS t FROM generate_series(1, 2000) AS i;
SET upsert.node_id = 35;
INSERT INTO made SELECT 35, i, at_tid() FROM generate_series(1, 2000) AS i;
SET upsert.node_id = 4;
INSERT INTO made SELECT 4, i, at_tid() FROM generate_series(1, 2000) AS i;
RESET upsert.node_id;
INSERT INTO made SELECT NULL, i, at_tid() FROM generate_series(1, 2000) AS i;
SELECT node, count(DISTINCT t) AS tids, bool_and(at_tid_to_bigint(t) >> 10 & 31 = node % 32) AS sliced,
       count(DISTINCT at_tid_to_bigint(t) & 1023) AS clock_ids,
       bool_and(t COLLATE "C" > coalesce(before, '') COLLATE "C") AS sorted
FROM (SELECT *, lag(t) OVER (PARTITION BY node ORDER BY i) AS before FROM made) AS m GROUP BY node ORDER BY node;
SELECT count(DISTINCT at_tid_to_bigint(t) & 1023) AS clock_ids FROM made;
-- a revision from the future is outbid within the slice
SET upsert.node_id = 5;
CREATE TABLE ahead (_key text PRIMARY KEY, _rev text, doc jsonb NOT NULL);
INSERT INTO ahead VALUES ('a', at_tid_from_timestamptz('2250-01-01', 7), '{}');
SELECT at_tid_to_bigint(rev) - at_tid_to_bigint(at_tid_from_timestamptz('2250-01-01')) >> 10 BETWEEN 1 AND 32 AS next,
       at_tid_to_bigint(rev) >> 10 & 31 AS slice
FROM upsert('ahead', '{"_key": "a", "v": 1}');
SET upsert.node_id = 1024;
RESET upsert.node_id;
-- where there is Citus its group is the number
BEGIN;
SET LOCAL allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_local_group (groupid int);
INSERT INTO pg_dist_local_group VALUES (6);
COMMIT;
SELECT at_tid_to_bigint(at_tid()) >> 10 & 31 AS slice;
BEGIN;
SET LOCAL allow_system_table_mods = on;
DROP TABLE pg_catalog.pg_dist_local_group;
COMMIT;
DROP TABLE ahead, made;
