-- Loops of C8QL whose UPSERT is by key are written together, and rows of one
-- key are one row version: it is as if each row had been written by itself.
SET client_min_messages = warning;

-- How many row versions the transaction has written: the session's counts, that
-- were sent away before it began.
CREATE FUNCTION pg_temp.versions(target regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT pg_stat_get_xact_tuples_inserted(%1$L::regclass) + pg_stat_get_xact_tuples_updated(%1$L::regclass)', target) INTO n;
	RETURN n;
END $$;

-- How many a statement writes.
CREATE FUNCTION pg_temp.counted(target regclass, statement text, bind jsonb DEFAULT '{}') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE before bigint := pg_temp.versions(target);
BEGIN
	PERFORM c8ql(statement, bind);
	RETURN pg_temp.versions(target) - before;
END $$;

SELECT create_collection('loops');
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT c8ql('FOR k IN ["b", "a", "b", "b", "c", "a"] UPSERT {_key: k} INSERT {_key: k, n: 1} UPDATE {n: OLD.n + 1} IN loops RETURN [k, OLD.n, NEW.n, NEW._key, NEW._rev == OLD._rev]');
SELECT pg_temp.versions('loops');
SELECT pg_temp.counted('loops', 'FOR i IN 1..3000 UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {n: OLD.n + 1} IN loops');
-- with answers, by the thousands; REPLACE; nothing to do
SELECT pg_temp.counted('loops', 'FOR i IN 1..3000 UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {n: OLD.n + 1} IN loops RETURN NEW');
SELECT pg_temp.counted('loops', 'FOR i IN 1..20 LET k = CONCAT("r", i % 4) UPSERT {_key: k} INSERT {_key: k, i: i} REPLACE {i: i} IN loops');
SELECT pg_temp.counted('loops', 'FOR i IN 1..20 LET k = CONCAT("r", i % 4) UPSERT {_key: k} INSERT {_key: k} UPDATE {} IN loops');
SELECT pg_temp.counted('loops', 'FOR d IN @docs UPSERT {_key: d._key} INSERT d UPDATE d IN loops', '{"docs": [{"_key": "d", "a": 1}, {"_key": "e", "a": 1}, {"_key": "d", "b": 2}]}');
COMMIT;
SELECT _key, doc FROM loops ORDER BY _key;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT pg_temp.counted('loops', 'FOR d IN @docs UPSERT {_key: d._key} INSERT MERGE(d, {made: DATE_NOW() > 0}) UPDATE MERGE(d, {n: LENGTH(OLD)}) IN loops', '{"docs": [{"_key": "m1", "a": 1}, {"_key": "m2"}, {"_key": "m1"}, {"_key": "m1", "b": 2}]}');
SELECT pg_temp.counted('loops', 'FOR d IN @docs UPSERT {_key: d._key} INSERT MERGE({_key: d._key}, {a: 1}) UPDATE {u: 1} IN loops', '{"docs": [{"_key": "m3"}, {"_key": "m2"}, {"_key": "m3"}]}');
-- each is written: the keys are another's, or unlike in every call
SELECT pg_temp.counted('loops', 'FOR d IN @docs UPSERT {_key: d._key} INSERT MERGE({_key: "m4"}, d) UPDATE {n: d} IN loops', '{"docs": [{"_key": "m4"}, {"_key": "m2"}, {"_key": "m2"}]}');
SELECT pg_temp.counted('loops', 'FOR d IN 1..2 UPSERT {_key: "m1"} INSERT {_key: UUID()} UPDATE {n: d} IN loops');
SELECT pg_temp.counted('loops', 'FOR d IN 1..2 UPSERT {_key: "m1"} INSERT {_key: "m1"} UPDATE {n: [d, FIRST(FOR l IN loops FILTER l._key == "m1" RETURN l.n)]} IN loops');
COMMIT;
SELECT _key, doc FROM loops WHERE _key LIKE 'm%' ORDER BY _key;
-- what a loop is not told to write it does not: where one row fails, nothing is
SELECT c8ql('FOR i IN 1..9 UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE i == 7 ? FAIL("seven") : {n: 0} IN loops');
SELECT doc FROM loops WHERE _key = 'a';
-- counts, warnings in the order of the rows, and LIMIT
SELECT e->'result' AS result, e#>'{extra,stats}' AS stats, jsonb_path_query_array(e, '$.extra.warnings[*].code') AS warnings FROM c8ql_execute('FOR i IN 1..6 LET k = CONCAT("w", i % 2) UPSERT {_key: k} INSERT {_key: k, n: LENGTH(FIRST(i))} UPDATE {n: FIRST(i) + i, t: TO_STRING(10 / (i % 3))} IN loops LIMIT 4, 1 RETURN NEW.n') e;
SELECT doc FROM loops WHERE _key LIKE 'w%' ORDER BY _key;
-- INSERT without a key makes a document for each row that finds none
SELECT c8ql('FOR k IN ["x", "a", "x", "y", "a"] UPSERT {_key: k} INSERT {new: k} UPDATE {old: k} IN loops RETURN [k, OLD == null, NEW.new, NEW.old, NEW._key == k]');
SELECT doc->>'new' AS new, count(*) FROM loops WHERE doc ? 'new' GROUP BY 1 ORDER BY 1;
DELETE FROM loops WHERE doc ? 'new';
-- rows that may be another's: no key, an illegal one, INSERT with another key
SELECT c8ql('FOR r IN [["p", "p"], ["q", "p2"], ["p2", "p2"], ["p", "p"], [null, "p3"], ["p3", "p3"], ["not one", "p4"], ["p4", "p4"], ["q", "q"]]
	UPSERT {_key: r[0]} INSERT {_key: r[1], n: 1} UPDATE {n: OLD.n + 1} IN loops RETURN [r[0], OLD.n, NEW._key, NEW.n]');
SELECT c8ql('FOR r IN [["s", "s"], ["t", "s"]] UPSERT {_key: r[0]} INSERT {_key: r[1]} UPDATE {} IN loops');
SELECT c8ql('FOR r IN [["u", "u"], [1, "u"]] UPSERT {_key: r[0]} INSERT {_key: r[1]} UPDATE {} IN loops');
SELECT c8ql('FOR r IN [["u", "u"], ["v", 1]] UPSERT {_key: r[0]} INSERT {_key: r[1]} UPDATE {} IN loops');
SELECT count(*) FROM loops WHERE _key IN ('s', 't', 'u', 'v');
-- variables of an outer loop and of a subquery, COLLECT, another collection after it
SELECT create_collection('other');
SELECT c8ql('FOR a IN 1..2 LET x = a * 10 FOR b IN 1..2 LET k = CONCAT("v", b) UPSERT {_key: k} INSERT {_key: k, s: [x + b]} UPDATE {s: PUSH(OLD.s, x + b)} IN loops RETURN [a, b, x, NEW.s]');
SELECT c8ql('FOR a IN 1..2 LET n = (FOR b IN 1..3 UPSERT {_key: CONCAT("sub", a)} INSERT {_key: CONCAT("sub", a), b: [b]} UPDATE {b: PUSH(OLD.b, b)} IN loops RETURN LENGTH(NEW.b)) RETURN [a, n]');
SELECT c8ql('FOR i IN 1..4 LET k = CONCAT("o", i % 2) UPSERT {_key: k} INSERT {_key: k, n: 1} UPDATE {n: OLD.n + 1} IN loops UPSERT {_key: k} INSERT {_key: k, from: NEW.n} UPDATE {to: i} IN other RETURN [i, NEW.from, NEW.to]');
SELECT c8ql('FOR i IN 1..5 LET k = CONCAT("c", i % 2) UPSERT {_key: k} INSERT {_key: k} UPDATE {i: i} IN loops COLLECT g = i % 2 INTO gs RETURN [g, gs[*].i, gs[*].k]');
SELECT c8ql('FOR d IN loops FILTER d._key LIKE "v%" UPSERT {_key: d._key} INSERT {} UPDATE {twice: APPEND(OLD.s, d.s)} IN loops RETURN NEW.twice');

-- The law: together is as row by row.  A trigger that does nothing sees each row.
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT create_collection('together'), create_collection('apart');
CREATE TRIGGER nothing AFTER INSERT OR UPDATE ON apart FOR EACH ROW EXECUTE FUNCTION nothing();
-- a number below m, the same in every run
CREATE FUNCTION pg_temp.some(seed text, m int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
	SELECT abs(('x' || left(md5(seed), 7))::bit(28)::int) % m $$;
CREATE FUNCTION pg_temp.rows(seed text, n int, bad bool) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('k', 'k' || pg_temp.some(s || 'k', 6), 'v', pg_temp.some(s || 'v', 4), 'o', jsonb_build_object('a' || pg_temp.some(s || 'o', 3), i))
		|| CASE WHEN bad THEN CASE pg_temp.some(s || '!', 20) WHEN 0 THEN '{"k": null}'::jsonb WHEN 1 THEN '{"k": "no key"}' WHEN 2 THEN '{"i": "k1"}' WHEN 3 THEN '{"u": 3}' WHEN 4 THEN '{"r": "2222222222222"}' WHEN 5 THEN '{"d": [1]}' ELSE '{}' END ELSE '{}' END
		ORDER BY i)
	FROM generate_series(1, n) i, LATERAL (SELECT seed || '/' || i AS s) s $$;
-- the answer without revisions; generated keys differ
CREATE FUNCTION pg_temp.answer(target text, statement text, rows jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	RETURN regexp_replace(replace(c8ql_execute(statement, jsonb_build_object('rows', rows, '@c', target))::text, target, 'table'), '3[2-7a-z]{12}', 'rev', 'g');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN regexp_replace(replace(concat_ws(': ', SQLSTATE, SQLERRM, detail), target, 'table'), '3[2-7a-z]{12}', 'rev', 'g');
END $$;
CREATE FUNCTION pg_temp.law(statement text, bad bool, OUT differences int, OUT errors int, OUT written bool) LANGUAGE plpgsql AS $$
DECLARE rows jsonb; one text; other text; before bigint := pg_temp.versions('together');
BEGIN
	differences := 0; errors := 0;
	FOR round IN 1..8 LOOP
		IF round % 4 = 1 THEN DELETE FROM together; DELETE FROM apart; END IF;
		rows := pg_temp.rows(round || statement, 20, bad);
		one := pg_temp.answer('together', statement, rows);
		other := pg_temp.answer('apart', statement, rows);
		differences := differences + (one IS DISTINCT FROM other)::int;
		errors := errors + (one NOT LIKE '{%' OR one NOT LIKE '%"writesIgnored": 0,%')::int;
		SELECT differences + count(*) INTO differences FROM (SELECT doc, count(*) FROM together GROUP BY doc) f FULL JOIN (SELECT doc, count(*) FROM apart GROUP BY doc) u USING (doc, count) WHERE f IS NULL OR u IS NULL;
		SELECT differences + count(*) INTO differences FROM together f JOIN apart u USING (_key) WHERE f.doc <> u.doc;
	END LOOP;
	written := pg_temp.versions('together') > before;
END $$;
CREATE TEMP TABLE statements (n int, bad bool, statement text);
INSERT INTO statements VALUES
	(1, false, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, n: 1, o: r.o} UPDATE {n: OLD.n + 1, o: r.o} IN @@c RETURN [r, OLD, NEW]'),
	(2, false, 'FOR r IN @rows LET d = MERGE(r, {_key: r.k}) UPSERT {_key: d._key} INSERT d REPLACE r IN @@c RETURN [OLD, NEW]'),
	(3, false, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, v: r.v} UPDATE {v: r.v} IN @@c'),
	(4, false, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, v: r.v} UPDATE r.v > OLD.v ? {v: r.v} : {} IN @@c RETURN NEW'),
	(5, false, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {v: r.v} UPDATE {v: r.v} IN @@c RETURN NEW.v'),
	(6, false, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, o: r.o} UPDATE {o: r.o} IN @@c OPTIONS {mergeObjects: false} RETURN {OLD, NEW}'),
	(7, false, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, v: r.v} UPDATE {v: r.v == 0 ? null : r.v, w: 1 / r.v} IN @@c OPTIONS {keepNull: false} RETURN NEW'),
	(8, false, 'FOR r IN @rows SORT r.v FILTER r.v > 0 UPSERT {_key: r.k} INSERT {_key: r.k, n: 1} UPDATE {n: OLD.n + 1} IN @@c LIMIT 3, 5 RETURN [r.v, NEW.n]'),
	(9, true, 'FOR r IN @rows LET i = NOT_NULL(r.i, r.k) UPSERT {_key: r.k} INSERT {_key: i, n: 1, o: r.o} UPDATE {n: OLD.n + 1, o: r.o} IN @@c RETURN [r, OLD, NEW]'),
	(10, true, 'FOR r IN @rows LET i = NOT_NULL(r.i, r.k) UPSERT {_key: r.k} INSERT {_key: i, n: 1} UPDATE {n: OLD.n + 1} IN @@c OPTIONS {ignoreErrors: true} RETURN [r, OLD, NEW]'),
	(11, true, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, n: 1} UPDATE {_rev: r.r, n: OLD.n + 1} IN @@c OPTIONS {ignoreErrors: true, ignoreRevs: false} RETURN [r, OLD, NEW]'),
	(12, true, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, n: 1} UPDATE {_rev: r.r, n: OLD.n + 1} IN @@c OPTIONS {ignoreErrors: true, ignoreRevs: false} RETURN r.v'),
	(13, true, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, n: 1} UPDATE {_rev: r.r, n: OLD.n + 1} IN @@c OPTIONS {ignoreRevs: false}'),
	(14, true, 'FOR r IN @rows UPSERT {_key: r.k} INSERT r.d == null ? {_key: r.k} : 1 UPDATE r.u == null ? {n: r.v} : r.u IN @@c OPTIONS {ignoreErrors: true} RETURN NEW'),
	(15, true, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, x: r.d} UPDATE {n: 1 / r.v, r: LENGTH(r.d)} IN @@c RETURN NEW'),
	(16, false, 'FOR r IN @rows UPSERT {_key: r.k} INSERT {_key: r.k, n: 1} UPDATE {n: OLD.n + 1} IN @@c OPTIONS {exclusive: true} RETURN NEW.n');
SELECT n, l.* FROM statements, LATERAL pg_temp.law(statement, bad) l ORDER BY n;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT n, l.* FROM statements, LATERAL pg_temp.law(statement, bad) l WHERE n IN (1, 5, 10) ORDER BY n;
SAVEPOINT a;
SELECT n, l.* FROM statements, LATERAL pg_temp.law(statement, bad) l WHERE n = 1;
ROLLBACK TO a;
SELECT n, l.* FROM statements, LATERAL pg_temp.law(statement, bad) l WHERE n = 2;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT n, l.* FROM statements, LATERAL pg_temp.law(statement, bad) l WHERE n IN (1, 10, 12) ORDER BY n;
COMMIT;
-- a constraint that each version meets
ALTER TABLE together ADD CHECK (doc->'n' IS NULL OR (doc->>'n')::int > 0);
SELECT n, l.* FROM statements, LATERAL pg_temp.law(statement, bad) l WHERE n IN (1, 10) ORDER BY n;

-- Constraints see the last of a key; if that is refused, each row is asked
SELECT c8ql('FOR n IN [1, -1, 2] UPSERT {_key: "z"} INSERT {_key: "z", n} UPDATE {n} IN together RETURN NEW.n');
\set VERBOSITY terse
SELECT c8ql('FOR n IN [1, 2, -1] UPSERT {_key: "z"} INSERT {_key: "z", n} UPDATE {n} IN together RETURN NEW.n');
\set VERBOSITY default
SELECT c8ql('FOR n IN [3, -3, 4, -1] UPSERT {_key: "z"} INSERT {_key: "z", n} UPDATE {n} IN together OPTIONS {ignoreErrors: true} RETURN [OLD.n, NEW.n]');
-- Another unique index shows the order of rows: each is written in its turn
SELECT create_collection('emails', '{"unique": ["email"]}');
SELECT c8ql('FOR r IN [["b", "x"], ["b", "y"], ["a", "x"]] UPSERT {_key: r[0]} INSERT {_key: r[0], email: r[1]} UPDATE {email: r[1]} IN emails RETURN [NEW._key, NEW.email]');
-- Triggers see each row; foreign keys ask for the last of a key only
CREATE TABLE log (what text, key text, doc jsonb);
CREATE FUNCTION note_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO log SELECT TG_NAME, _key, doc FROM rows; RETURN NULL; END $$;
CREATE TRIGGER ins AFTER INSERT ON other REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION note_all();
CREATE TRIGGER upd AFTER UPDATE ON other REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION note_all();
SELECT count(*) FROM c8ql('FOR i IN 1..4 LET k = CONCAT("t", i % 2) UPSERT {_key: k} INSERT {_key: k} UPDATE {i: i} IN other RETURN 1');
SELECT * FROM log ORDER BY key, what;
DROP TRIGGER ins ON other; DROP TRIGGER upd ON other;
CREATE TABLE parent (id text PRIMARY KEY);
INSERT INTO parent VALUES ('p1');
ALTER TABLE other ADD p text GENERATED ALWAYS AS (doc->>'p') STORED REFERENCES parent;
SELECT c8ql('FOR p IN ["p2", "p1"] UPSERT {_key: "f"} INSERT {_key: "f", p: "p2"} UPDATE {p: p} IN other RETURN NEW.p');
SELECT c8ql('FOR p IN ["p1", "p2"] UPSERT {_key: "f"} INSERT {_key: "f", p: "p2"} UPDATE {p: p} IN other OPTIONS {ignoreErrors: true} RETURN NEW.p');
\set SHOW_CONTEXT never
SELECT c8ql('FOR p IN ["p1", "p2"] UPSERT {_key: "f"} INSERT {_key: "f", p: "p2"} UPDATE {p: p} IN other RETURN NEW.p');

DROP TABLE loops, other, together, apart, emails, parent, log;
DROP FUNCTION nothing(), note_all();
