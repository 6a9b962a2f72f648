--
-- User code that a write runs may write, too: nothing that serves one call at
-- a time is shared with it.
--
\set VERBOSITY terse
SET client_min_messages = warning;
SET statement_timeout = '20s';

-- a domain's CHECK upserts into the table whose value is being checked
CREATE TABLE rt (id int PRIMARY KEY);
CREATE FUNCTION rf(v text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	IF v LIKE 'outer%' THEN
		PERFORM upsert_object('rt', '{"id": 2, "t": "ok", "a": ["ok"], "c": {"d": "ok"}, "r": "[a,b)"}');
	END IF;
	RETURN true;
END $$;
SET reentry.max = 5;
CREATE DOMAIN rd AS text CHECK (rf(VALUE) AND length(VALUE) < current_setting('reentry.max')::int);
CREATE TYPE rc AS (d rd);
CREATE TYPE rr AS RANGE (subtype = rd, subtype_opclass = text_ops);
ALTER TABLE rt ADD t rd, ADD a rd[], ADD c rc, ADD r rr;
SELECT action FROM upsert_object('rt', '{"id": 1, "t": "outer-value-100"}');
SELECT action FROM upsert_object('rt', '{"id": 1, "a": ["ok", "outer-value-100"]}');
SELECT action FROM upsert_object('rt', '{"id": 1, "c": {"d": "outer-value-100"}}');
SELECT action FROM upsert_object('rt', '{"id": 1, "r": "[outer-value-100,p)"}');
SELECT ord, action, error ->> 'message' AS error FROM upsert_objects('rt', '[{"id": 1, "t": "outer-value-100"}, {"id": 3, "t": "ok"}, {"id": 4, "a": ["outer-value-100"]}, {"id": 5, "c": {"d": "outer-value-100"}}]', options => '{"ignoreErrors": true}');
SELECT * FROM rt ORDER BY id;
-- what it lets through is what was sent
SET reentry.max = 20;
SELECT action FROM upsert_object('rt', '{"id": 6, "t": "outer-t", "a": ["outer-a", "outer-b"], "c": {"d": "outer-c"}, "r": "[outer-r,p)"}');
SELECT * FROM rt ORDER BY id;
-- errors in there leave nothing behind that the next call would use
CREATE OR REPLACE FUNCTION rf(v text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	IF v LIKE 'outer%' THEN
		BEGIN
			PERFORM upsert_object('rt', '{"id": 2, "t": "outest"}');
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END IF;
	IF v = 'outest' THEN
		RAISE 'no';
	END IF;
	RETURN length(v) < 8;
END $$;
SELECT action FROM upsert_object('rt', '{"id": 7, "t": "outer-t"}');
SELECT action FROM upsert_object('rt', '{"id": 7, "t": "outer-value"}');
SELECT action FROM upsert_object('rt', '{"id": 7, "t": "long value"}');
SELECT id, t FROM rt WHERE id IN (2, 7);

-- the key is of such a domain
CREATE TABLE rk (v int, CONSTRAINT never CHECK (v < 100));
CREATE FUNCTION rkf(k text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	IF k LIKE 'outer%' THEN
		PERFORM upsert_object('rk', '{"k": "in", "v": 1}');
	END IF;
	RETURN length(k) < 8;
END $$;
CREATE DOMAIN rkd AS text CHECK (rkf(VALUE));
ALTER TABLE rk ADD k rkd PRIMARY KEY;
SELECT action FROM upsert_object('rk', '{"k": "outer-1", "v": 2}');
SELECT action FROM upsert_object('rk', '{"k": "outer-12", "v": 2}');
SELECT ord, action, error ->> 'message' AS error FROM upsert_objects('rk', '[{"k": "outer-2", "v": 3}, {"k": "outer-12", "v": 2}, {"k": "a", "v": 4}, {"k": "outer-1", "v": 5}]', options => '{"ignoreErrors": true}');
SELECT k, v FROM rk ORDER BY k;

-- defaults, CHECK constraints, generated columns and index expressions that write
CREATE TABLE re (id int PRIMARY KEY, n int, doc jsonb NOT NULL DEFAULT '{}');
CREATE FUNCTION re_writes(n int, said text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF n < 100 THEN
		PERFORM upsert_object('re', jsonb_build_object('id', n + 100, 'n', n + 100, 'doc', jsonb_build_object('by', said)));
		PERFORM c8ql('FOR i IN 1..2 UPSERT {_key: @k} INSERT {_key: @k, i} UPDATE {i, by: @by, was: OLD.i} IN re', jsonb_build_object('k', (n + 200)::text, 'by', said));
	END IF;
	RETURN n;
END $$;
ALTER TABLE re ADD CHECK (re_writes(n, 'check') IS NOT NULL OR n IS NULL);
ALTER TABLE re ADD g int GENERATED ALWAYS AS (re_writes(n, 'generated')) STORED;
CREATE INDEX re_n ON re (re_writes(n, 'index'));
SELECT action FROM upsert_object('re', '{"id": 1, "n": 1, "doc": {"a": 1}}');
SELECT action FROM upsert_object('re', '{"id": 1, "n": 2, "doc": {"a": 2}}');
SELECT id, n, g, doc FROM re ORDER BY id;

-- operator classes written in SQL, for keys and versions
CREATE TYPE ro AS (i int);
CREATE FUNCTION ro_cmp(a ro, b ro) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	-- not into the table that is compared: PostgreSQL holds its index's pages meanwhile
	IF (a).i < 100 AND (b).i < 100 THEN
		PERFORM upsert_objects('ro_log', '[{"k": {"i": 102}, "v": {"i": 102}}, {"k": {"i": 101}, "v": {"i": 101}}]', options => '{"versionAttribute": "v"}');
	END IF;
	RETURN (a).i - (b).i;
END $$;
CREATE FUNCTION ro_lt(a ro, b ro) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ro_cmp(a, b) < 0';
CREATE FUNCTION ro_le(a ro, b ro) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ro_cmp(a, b) <= 0';
CREATE FUNCTION ro_eq(a ro, b ro) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ro_cmp(a, b) = 0';
CREATE FUNCTION ro_ge(a ro, b ro) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ro_cmp(a, b) >= 0';
CREATE FUNCTION ro_gt(a ro, b ro) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ro_cmp(a, b) > 0';
CREATE OPERATOR < (LEFTARG = ro, RIGHTARG = ro, FUNCTION = ro_lt);
CREATE OPERATOR <= (LEFTARG = ro, RIGHTARG = ro, FUNCTION = ro_le);
CREATE OPERATOR = (LEFTARG = ro, RIGHTARG = ro, FUNCTION = ro_eq);
CREATE OPERATOR >= (LEFTARG = ro, RIGHTARG = ro, FUNCTION = ro_ge);
CREATE OPERATOR > (LEFTARG = ro, RIGHTARG = ro, FUNCTION = ro_gt);
CREATE OPERATOR CLASS ro_ops DEFAULT FOR TYPE ro USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 ro_cmp(ro, ro);
CREATE TABLE ro_t (k ro PRIMARY KEY, v ro);
CREATE TABLE ro_log (k ro PRIMARY KEY, v ro);
SELECT ord, action FROM upsert_objects('ro_t', '[{"k": {"i": 3}, "v": {"i": 1}}, {"k": {"i": 1}, "v": {"i": 2}}, {"k": {"i": 2}, "v": {"i": 3}}]', options => '{"versionAttribute": "v"}');
SELECT ord, action FROM upsert_objects('ro_t', '[{"k": {"i": 3}, "v": {"i": 2}}, {"k": {"i": 1}, "v": {"i": 2}}]', options => '{"versionAttribute": "v"}');
SELECT k, v FROM ro_t ORDER BY (k).i;
SELECT k, v FROM ro_log ORDER BY (k).i;

-- expressions kept with a call site: a view that they read evaluates them again
CREATE TABLE rv (id int PRIMARY KEY, doc jsonb);
INSERT INTO rv VALUES (1, '{"n": 1}'), (2, '{"n": 2}');
CREATE FUNCTION rv_reads(d jsonb) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	depth int := current_setting('reentry.depth');
	r jsonb;
BEGIN
	IF depth > 0 THEN
		PERFORM set_config('reentry.depth', (depth - 1)::text, true);
		r := c8ql_eval('(FOR x IN rv LET s = (FOR y IN [x.n, 2, @d] SORT CONCAT(REPEAT("Z", 100), y) RETURN y) SORT x.n DESC RETURN [x.n, s])', jsonb_build_object('d', depth));
		PERFORM set_config('reentry.said', current_setting('reentry.said') || depth || ' ' || r || E'\n', true);
		PERFORM set_config('reentry.depth', depth::text, true);
	END IF;
	RETURN true;
END $$;
CREATE ROLE reentry_role;
ALTER TABLE rv ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON rv USING (rv_reads(doc));
GRANT SELECT ON rv TO reentry_role;
BEGIN;
SET LOCAL ROLE reentry_role;
SET LOCAL reentry.depth = 2;
SET LOCAL reentry.said = '';
SELECT c8ql('FOR x IN rv SORT x.n DESC RETURN x.n');
SELECT current_setting('reentry.said');
COMMIT;

DROP TABLE rt, rk, re, ro_t, ro_log, rv CASCADE;
DROP ROLE reentry_role;
DROP TYPE rr, rc, ro CASCADE;
DROP DOMAIN rd, rkd;
DROP FUNCTION rf, rkf, re_writes, rv_reads;
