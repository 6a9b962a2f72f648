-- Objects of one key in one batch are one row version: what they answer, what is
-- stored, and that it is as if each had been written.
SET client_min_messages = warning;

-- How many row versions the transaction has written: the session's counts, that
-- were sent away before it began.
CREATE FUNCTION pg_temp.versions(target regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT pg_stat_get_xact_tuples_inserted(%1$L::regclass) + pg_stat_get_xact_tuples_updated(%1$L::regclass)', target) INTO n;
	RETURN n;
END $$;

-- How many a batch writes, of a table that is emptied by that.
CREATE FUNCTION pg_temp.counted(target regclass, objects jsonb, options jsonb DEFAULT '{}') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE before bigint := pg_temp.versions(target);
BEGIN
	PERFORM upsert_objects(target, objects, options => options);
	RETURN pg_temp.versions(target) - before;
END $$;

-- An error, and the item that it names.
CREATE FUNCTION pg_temp.fails(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; context text;
BEGIN
	EXECUTE call;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, context = PG_EXCEPTION_CONTEXT;
	RETURN concat_ws(': ', message, substring(context FROM 'item .* of the batch[^\n]*'));
END $$;

CREATE TABLE lines (id int PRIMARY KEY, sku text NOT NULL DEFAULT 'none', n int, twice int GENERATED ALWAYS AS (n * 2) STORED, day date DEFAULT '2026-01-01');
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT ord, action, key, old, new
FROM upsert_objects('lines', '[{"id": 1, "n": 1}, {"id": 2, "sku": "b"}, {"id": 1, "sku": "a"}, {"id": 1, "sku": "a"}, {"id": 1, "n": null, "day": "2026-02-02"}]');
SELECT pg_temp.versions('lines');
COMMIT;
SELECT * FROM lines ORDER BY id;
-- back to what it was: written all the same, as each would have been
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT pg_temp.counted('lines', '[{"id": 1, "n": 5}, {"id": 1, "n": null}]');
SELECT pg_temp.counted('lines', '[{"id": 1, "sku": "a"}, {"id": 1, "n": null}]') AS unchanged;
SELECT pg_temp.counted('lines', (SELECT jsonb_agg(jsonb_build_object('id', 3 + i % 2, 'n', i)) FROM generate_series(1, 2000) i));
SELECT pg_temp.counted('lines', (SELECT jsonb_agg(jsonb_build_object('id', 3 + i % 2, 'n', -i)) FROM generate_series(1, 2000) i), '{"ignoreErrors": true, "return": "none"}');
SELECT pg_temp.counted('lines', '[{"id": 1, "n": 5}, {"id": 1, "n": 6}]', '{"dryRun": true}');
COMMIT;
SELECT * FROM lines ORDER BY id;

-- What may not be NULL is asked of each item, a CHECK of the last: if that is refused, each is asked
SELECT pg_temp.fails($f$SELECT upsert_objects('lines', '[{"id": 1, "sku": "c"}, {"id": 1, "sku": null}, {"id": 1, "sku": "d"}]')$f$);
SELECT ord, action, new->>'sku' AS sku, error->>'sqlstate' AS error
FROM upsert_objects('lines', '[{"id": 1, "sku": "c"}, {"id": 1, "sku": null}, {"id": 1, "sku": "d"}]', options => '{"ignoreErrors": true}');
ALTER TABLE lines ADD CHECK (n < 100);
SELECT pg_temp.fails($f$SELECT upsert_objects('lines', '[{"id": 1, "n": 1}, {"id": 1, "n": 100}, {"id": 1, "n": 2}]')$f$);
SELECT pg_temp.fails($f$SELECT upsert_objects('lines', '[{"id": 1, "n": 1}, {"id": 2, "n": 1}, {"id": 1, "n": 100}, {"id": 1, "day": null}]')$f$);
SELECT ord, action, new->>'n' AS n, error->>'sqlstate' AS error
FROM upsert_objects('lines', '[{"id": 1, "n": 1}, {"id": 2, "n": 1}, {"id": 1, "n": 100}, {"id": 1, "day": null}]', options => '{"ignoreErrors": true}');
SELECT pg_temp.fails($f$SELECT upsert_objects('lines', '[{"id": 1, "n": 1}, {"id": 1, "n": "x"}]')$f$);
SELECT pg_temp.fails($f$SELECT upsert_objects('lines', '[{"id": 1, "n": 1}, {"id": 1, "twice": 3}]')$f$);
SELECT pg_temp.fails($f$SELECT upsert_objects('lines', '[{"id": 1, "n": 1}, {"id": 1, "n": 2000000000}]')$f$);
SELECT * FROM lines ORDER BY id;

-- One by one: what only writing tells, what another's code may see, and what a role may not do
CREATE TABLE made (id int PRIMARY KEY, s serial, u uuid DEFAULT gen_random_uuid(), n int);
SELECT ord, action, old->'s' AS old, new->'s' AS new, old->'u' IS NOT DISTINCT FROM new->'u' AS same FROM upsert_objects('made', '[{"id": 1, "n": 1}, {"id": 1, "n": 2}, {"id": 1, "n": 3}]');
SELECT ord, action, old->'s' AS old, new->'s' AS new FROM upsert_objects('made', '[{"id": 1, "n": 1}, {"id": 2}, {"id": 1, "n": 2}, {"id": 2, "n": 3}]');
SELECT id, s, n FROM made ORDER BY id;
CREATE DOMAIN small AS int CHECK (VALUE < 10);
ALTER TABLE made ADD d small;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT pg_temp.counted('made', '[{"id": 1, "n": 5}, {"id": 1, "n": 6}]');
COMMIT;
CREATE ROLE fold_inserts;
GRANT SELECT, INSERT ON lines TO fold_inserts;
SET ROLE fold_inserts;
SELECT pg_temp.fails($f$SELECT upsert_objects('lines', '[{"id": 7, "n": 1}, {"id": 7, "n": 2}]')$f$);
RESET ROLE;
GRANT UPDATE (sku) ON lines TO fold_inserts;
SET ROLE fold_inserts;
SELECT ord, action FROM upsert_objects('lines', '[{"id": 7, "n": 1}, {"id": 7, "sku": "x"}]');
RESET ROLE;

-- Row triggers see each item, statement triggers one row of each key
CREATE TABLE log (what text, id int, n int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO log VALUES (TG_NAME, NEW.id, NEW.n); RETURN NULL; END $$;
CREATE FUNCTION note_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO log SELECT TG_NAME, id, n FROM rows; RETURN NULL; END $$;
CREATE TABLE fired (id int PRIMARY KEY, n int);
CREATE TRIGGER ins AFTER INSERT ON fired REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION note_all();
CREATE TRIGGER upd AFTER UPDATE ON fired REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION note_all();
INSERT INTO fired VALUES (1, 0); TRUNCATE log;
SELECT count(*) FROM upsert_objects('fired', '[{"id": 1, "n": 1}, {"id": 2, "n": 1}, {"id": 1, "n": 2}, {"id": 2, "n": 2}]');
ALTER TABLE fired ADD CHECK (n < 100);
SELECT count(*) FROM upsert_objects('fired', '[{"id": 1, "n": 3}, {"id": 2, "n": 100}, {"id": 1, "n": 4}, {"id": 2, "n": 3}]');
SELECT * FROM log ORDER BY what, id, n;
TRUNCATE log;
CREATE TRIGGER each AFTER INSERT OR UPDATE ON fired FOR EACH ROW EXECUTE FUNCTION note();
SELECT count(*) FROM upsert_objects('fired', '[{"id": 1, "n": 5}, {"id": 2, "n": 5}, {"id": 1, "n": 6}]');
SELECT * FROM log ORDER BY what, id, n;

-- The law: folded is as unfolded.  A row trigger that does nothing unfolds.
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TABLE folded (a int, b text COLLATE "C", n int NOT NULL DEFAULT 1, t text DEFAULT 'as ever', x numeric(6, 2), j jsonb, v int, twice int GENERATED ALWAYS AS (n * 2) STORED, at timestamptz DEFAULT now(), _rev text, PRIMARY KEY (b, a));
CREATE TABLE unfolded (LIKE folded INCLUDING ALL);
CREATE TRIGGER nothing AFTER INSERT OR UPDATE ON unfolded FOR EACH ROW EXECUTE FUNCTION nothing();
-- a number below m, the same in every run
CREATE FUNCTION pg_temp.some(seed text, m int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
	SELECT abs(('x' || left(md5(seed), 7))::bit(28)::int) % m $$;
CREATE FUNCTION pg_temp.batch(seed text, n int, bad bool) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('a', pg_temp.some(s || 'a', 3), 'b', pg_temp.some(s || 'b', 2)::text)
		|| CASE WHEN pg_temp.some(s || 'n?', 5) > 0 THEN jsonb_build_object('n', pg_temp.some(s || 'n', 4)) ELSE '{}' END
		|| CASE WHEN pg_temp.some(s || 't?', 3) = 0 THEN jsonb_build_object('t', (ARRAY['x', 'y', NULL])[1 + pg_temp.some(s || 't', 3)]) ELSE '{}' END
		|| CASE WHEN pg_temp.some(s || 'x?', 3) = 0 THEN jsonb_build_object('x', pg_temp.some(s || 'x', 300) / 7.0) ELSE '{}' END
		|| CASE WHEN pg_temp.some(s || 'j?', 2) = 0 THEN jsonb_build_object('j', jsonb_build_object('k' || pg_temp.some(s || 'j', 3), CASE WHEN pg_temp.some(s || 'k', 3) > 0 THEN i END)) ELSE '{}' END
		|| CASE WHEN pg_temp.some(s || 'v?', 2) = 0 THEN jsonb_build_object('v', pg_temp.some(s || 'v', 9)) ELSE '{}' END
		|| CASE WHEN bad THEN CASE pg_temp.some(s || '!', 25) WHEN 0 THEN '{"n": null}'::jsonb WHEN 1 THEN '{"n": "x"}' WHEN 2 THEN '{"x": 1e9}' WHEN 3 THEN '{"twice": 3}' WHEN 4 THEN '{"_rev": "2222222222222"}' WHEN 5 THEN '{"n": 2147483647}' ELSE '{}' END ELSE '{}' END
		ORDER BY i)
	FROM generate_series(1, n) i, LATERAL (SELECT seed || '/' || i AS s) s $$;
CREATE FUNCTION pg_temp.answers(target regclass, objects jsonb, options jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE message text; context text; result jsonb;
BEGIN
	SELECT jsonb_agg(jsonb_build_object('ord', ord, 'action', action, 'key', key, 'rev', rev IS NOT NULL, 'error', regexp_replace(replace((error - 'table')::text, target::text, 'table'), '3[2-7a-z]{12}', 'rev'), 'old', old - '_rev',
		'new', CASE WHEN jsonb_typeof(new) = 'object' THEN new - '_rev' ELSE (SELECT jsonb_agg(d) FROM jsonb_array_elements(CASE WHEN jsonb_typeof(new) = 'array' THEN new END) d WHERE d->>'path' <> '/_rev') END) ORDER BY ord)
	INTO result FROM upsert_objects(target, objects, options => options);
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, context = PG_EXCEPTION_CONTEXT;
	RETURN to_jsonb(concat_ws(': ', replace(message, target::text, 'table'), substring(context FROM 'item .* of the batch[^\n]*')));
END $$;
CREATE FUNCTION pg_temp.law(options jsonb, bad bool, OUT differences int, OUT errors int, OUT written bool) LANGUAGE plpgsql AS $$
DECLARE objects jsonb; f jsonb; u jsonb; before bigint := pg_temp.versions('folded');
BEGIN
	differences := 0; errors := 0;
	FOR round IN 1..12 LOOP
		IF round % 4 = 1 THEN DELETE FROM folded; DELETE FROM unfolded; END IF;
		objects := pg_temp.batch(round || options::text, 25, bad);
		f := pg_temp.answers('folded', objects, options);
		u := pg_temp.answers('unfolded', objects, options);
		differences := differences + (f IS DISTINCT FROM u)::int;
		errors := errors + (jsonb_typeof(f) = 'string' OR f @> '[{"action": "ignored"}]')::int;
		SELECT differences + count(*) INTO differences FROM folded f FULL JOIN unfolded u USING (a, b)
			WHERE (f.n, f.t, f.x, f.j, f.v, f.twice, f.at, f._rev IS NULL) IS DISTINCT FROM (u.n, u.t, u.x, u.j, u.v, u.twice, u.at, u._rev IS NULL);
	END LOOP;
	written := pg_temp.versions('folded') > before;
END $$;
SELECT o, bad, l.* FROM unnest(ARRAY['{}', '{"mergeObjects": true}', '{"mergeObjects": true, "keepNull": false}', '{"mergeObjects": true, "mode": "mergePatch"}', '{"mode": "nothing"}', '{"jsonNull": true}',
	'{"ignoreErrors": true}', '{"ignoreRevs": false, "ignoreErrors": true}', '{"ifRev": null, "ignoreErrors": true}', '{"versionAttribute": "v"}', '{"mustExist": true, "ignoreErrors": true}',
	'{"ignoreChanges": ["t", "v"]}', '{"return": "diff"}', '{"return": "none"}', '{"return": "old"}', '{"duplicates": "last"}', '{"dryRun": true}']::jsonb[]) o, (VALUES (false), (true)) b (bad), LATERAL pg_temp.law(o, bad) l;
-- within a transaction's levels, and savepoints
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT l.* FROM pg_temp.law('{"ignoreErrors": true}', true) l;
SAVEPOINT a;
SELECT l.* FROM pg_temp.law('{}', false) l;
ROLLBACK TO a;
SELECT l.* FROM pg_temp.law('{"mergeObjects": true}', false) l;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT l.* FROM pg_temp.law('{"ignoreErrors": true}', true) l;
SELECT l.* FROM pg_temp.law('{}', false) l;
COMMIT;

DROP TABLE lines, made, fired, log, folded, unfolded;
DROP FUNCTION note(), note_all(), nothing();
DROP DOMAIN small;
DROP ROLE fold_inserts;
