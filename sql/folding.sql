-- Items of one key in one batch are one write: what they answer, what is
-- stored, and what constraints and triggers see of them.
SET client_min_messages = warning;

-- How many row versions the transaction has written: the session's counts, that
-- were sent away before it began.
CREATE FUNCTION pg_temp.versions(target regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format('SELECT pg_stat_get_xact_tuples_inserted(%1$L::regclass) + pg_stat_get_xact_tuples_updated(%1$L::regclass)', target) INTO n;
	RETURN n;
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

SELECT create_collection('fold');
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT ord, action, key, old - '_rev' AS old, new - '_rev' AS new
FROM upsert_many('fold', '[{"_key": "a", "n": 1}, {"_key": "b"}, {"_key": "a", "m": 2}, {"_key": "a", "m": 2}, {"_key": "a", "n": null}]', '{"keepNull": false}');
SELECT pg_temp.versions('fold');
COMMIT;
-- revisions: each its own, in order, the last one is stored; also where the content is what it was
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
CREATE TEMP TABLE revs AS SELECT ord, rev FROM upsert_many('fold', '[{"_key": "a", "m": 3}, {"_key": "a", "m": 4}, {"_key": "a", "m": 2}]');
SELECT count(DISTINCT rev), array_agg(rev ORDER BY ord) = array_agg(rev ORDER BY rev) AS later, max(rev) = (SELECT _rev FROM fold WHERE _key = 'a') AS stored FROM revs;
SELECT doc FROM fold WHERE _key = 'a';
SELECT pg_temp.versions('fold');
COMMIT;
-- preconditions are asked in turn
SELECT ord, action, key, new - '_rev' AS new, error->>'sqlstate' AS error
FROM upsert_many('fold', '[{"_key": "c", "v": 2}, {"_key": "c", "v": 1}, {"_key": "c", "v": 3}]', '{"versionAttribute": "v"}');
SELECT ord, action, key, new - '_rev' AS new, error->>'sqlstate' AS error
FROM upsert_many('fold', '[{"_key": "d", "v": 2}, {"_key": "d", "v": 1}]', '{"ifRev": null, "ignoreErrors": true}');
\set VERBOSITY terse
SELECT upsert_load('fold', '[{"_key": "e", "v": 2}, {"_key": "f"}, {"_key": "e", "v": 1}]', '{"ifRev": null}');
\set VERBOSITY default
SELECT count(*) FROM fold WHERE _key IN ('e', 'f');
-- a dry run answers the same
SELECT ord, action, key, old - '_rev' AS old, new - '_rev' AS new
FROM upsert_many('fold', '[{"_key": "a", "n": 1}, {"_key": "g"}, {"_key": "a", "m": 7}, {"_key": "g", "x": 1}]', '{"dryRun": true}');
-- summaries count items
SELECT upsert_load('fold', '[{"_key": "h", "n": 1}, {"_key": "h", "n": 1}, {"_key": "h", "n": 2}]');
SELECT upsert_from('fold', $$SELECT jsonb_build_object('_key', 'h', 'n', i % 2) FROM generate_series(1, 5) i$$);
SELECT doc FROM fold WHERE _key = 'h';
-- some thousand times the same key
SELECT upsert_load('fold', (SELECT jsonb_agg(jsonb_build_object('_key', 'many', 'n', i, 'k' || i % 10, i)) FROM generate_series(1, 3000) i));
SELECT doc FROM fold WHERE _key = 'many';

-- a role that may not update does not, in a batch
CREATE ROLE fold_inserts;
GRANT SELECT, INSERT ON fold TO fold_inserts;
SET ROLE fold_inserts;
SELECT upsert_load('fold', '[{"_key": "r1"}, {"_key": "r2"}]');
SELECT pg_temp.fails($f$SELECT upsert_load('fold', '[{"_key": "r3", "n": 1}, {"_key": "r3", "n": 2}]')$f$);
RESET ROLE;

-- A constraint sees the last only; if that is refused, each item is asked.
CREATE TABLE checked (id int PRIMARY KEY, doc jsonb NOT NULL,
	n int GENERATED ALWAYS AS ((doc->>'n')::int) STORED CHECK (n >= 0),
	u text GENERATED ALWAYS AS (doc->>'u') STORED UNIQUE);
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT upsert_load('checked', '[{"_key": 1, "n": 1}, {"_key": 1, "n": -1}, {"_key": 1, "n": 2}, {"_key": 2}]');
SELECT pg_temp.versions('checked');
COMMIT;
SELECT pg_temp.fails($f$SELECT upsert_load('checked', '[{"_key": 1, "n": 3}, {"_key": 1, "n": -1}, {"_key": 2, "n": 5}, {"_key": 1, "m": 1}]')$f$);
SELECT pg_temp.fails($f$SELECT upsert_load('checked', '[{"_key": 2, "u": "x"}, {"_key": 3, "u": "y"}, {"_key": 2, "m": "y"}, {"_key": 3, "u": "x"}]')$f$);
SELECT pg_temp.fails($f$SELECT upsert_load('checked', '[{"_key": 4, "n": 1}, {"_key": 4, "n": "x"}]')$f$);
SELECT pg_temp.fails($f$SELECT upsert_from('checked', $$SELECT jsonb_build_object('_key', 4, 'n', 2 - i) FROM generate_series(1, 3) i$$)$f$);
SELECT ord, action, key, new - '_rev' AS new, error->>'message' AS error
FROM upsert_many('checked', '[{"_key": 1, "n": 3}, {"_key": 1, "n": -1}, {"_key": 2, "n": 5}, {"_key": 1, "m": 1}, {"_key": 2, "n": -1}]', '{"ignoreErrors": true}');
SELECT id, doc FROM checked ORDER BY id;
SELECT pg_temp.fails($f$SELECT upsert_load('checked', '[{"_key": 1, "n": 3}, {"_key": 1, "n": -1}]', '{"dryRun": true}')$f$);

-- Row triggers see each item, statement triggers one row of each key; foreign keys ask for the last only.
CREATE TABLE log (what text, id int, doc jsonb);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO log VALUES (TG_NAME, NEW.id, NEW.doc); RETURN NULL; END $$;
CREATE FUNCTION note_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO log SELECT TG_NAME, id, doc FROM rows; RETURN NULL; END $$;
CREATE TABLE fired (id int PRIMARY KEY, doc jsonb NOT NULL);
CREATE TRIGGER each AFTER INSERT OR UPDATE ON fired FOR EACH ROW EXECUTE FUNCTION note();
SELECT upsert_load('fired', '[{"_key": 1, "n": 1}, {"_key": 2}, {"_key": 1, "n": 2}]');
SELECT * FROM log ORDER BY id, doc;
ALTER TABLE fired DISABLE TRIGGER each;
CREATE TRIGGER ins AFTER INSERT ON fired REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION note_all();
CREATE TRIGGER upd AFTER UPDATE ON fired REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION note_all();
TRUNCATE log;
SELECT pg_stat_force_next_flush() \g /dev/null
BEGIN;
SELECT upsert_load('fired', '[{"_key": 1, "n": 1}, {"_key": 3}, {"_key": 1, "n": 5}, {"_key": 3, "n": 2}]');
SELECT pg_temp.versions('fired');
COMMIT;
SELECT * FROM log ORDER BY what, id, doc;
DROP TRIGGER each ON fired; DROP TRIGGER ins ON fired; DROP TRIGGER upd ON fired;
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1);
ALTER TABLE fired ADD p int GENERATED ALWAYS AS ((doc->>'p')::int) STORED REFERENCES parent;
SELECT upsert_load('fired', '[{"_key": 1, "p": 2}, {"_key": 3}, {"_key": 1, "p": 1}]');
\set SHOW_CONTEXT never
SELECT upsert_load('fired', '[{"_key": 1, "p": 1}, {"_key": 3}, {"_key": 1, "p": 2}]');
\set SHOW_CONTEXT errors
SELECT ord, action, key, new - '_rev' AS new, error->>'sqlstate' AS error
FROM upsert_many('fired', '[{"_key": 1, "q": 1}, {"_key": 3, "p": 1}, {"_key": 1, "p": 2}, {"_key": 1, "r": 2}]', '{"ignoreErrors": true}');

-- Partitions, and children, whose own triggers see each item
CREATE TABLE parted (id int PRIMARY KEY, doc jsonb NOT NULL) PARTITION BY LIST (id);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted2 PARTITION OF parted FOR VALUES IN (2);
SELECT upsert_load('parted', '[{"_key": 1, "n": 1}, {"_key": 2}, {"_key": 1, "n": 2}]');
SELECT id, doc FROM parted ORDER BY id;
TRUNCATE log;
CREATE TRIGGER each AFTER INSERT OR UPDATE ON parted2 FOR EACH ROW EXECUTE FUNCTION note();
SELECT upsert_load('parted', '[{"_key": 2, "n": 1}, {"_key": 1}, {"_key": 2, "n": 2}]');
SELECT * FROM log ORDER BY id, doc;

-- The law: folded is as unfolded.  A row trigger that does nothing unfolds.
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT create_collection('folded'), create_collection('unfolded');
CREATE TRIGGER nothing AFTER INSERT OR UPDATE ON unfolded FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE FUNCTION pg_temp.law(options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	docs jsonb; differs bigint; total bigint := 0; writes bigint;
BEGIN
	TRUNCATE folded, unfolded;
	FOR round IN 1..8 LOOP
		SELECT jsonb_agg(jsonb_build_object('_key', 'k' || (i * 7 + round * i) % 5)
			|| CASE i % 4 WHEN 0 THEN '{"a": null}'::jsonb WHEN 1 THEN jsonb_build_object('a', i % 3) WHEN 2 THEN jsonb_build_object('o', jsonb_build_object('x' || i % 3, i)) ELSE jsonb_build_object('v', (i * 5) % 11) END
			|| CASE WHEN i % 13 = 0 THEN '{"_rev": "2222222222222"}'::jsonb ELSE '{}' END)
		INTO docs FROM generate_series(1, 30) i;
		SELECT count(*) INTO differs FROM
			(SELECT ord, action, key, old - '_rev' - '_id' AS old, new - '_rev' - '_id' AS new, error->>'sqlstate' AS error, rev IS NULL AS norev FROM upsert_many('folded', docs, options)) f
			FULL JOIN (SELECT ord, action, key, old - '_rev' - '_id' AS old, new - '_rev' - '_id' AS new, error->>'sqlstate' AS error, rev IS NULL AS norev FROM upsert_many('unfolded', docs, options)) u USING (ord)
			WHERE f IS DISTINCT FROM u;
		total := total + differs;
		SELECT count(*) INTO differs FROM folded f FULL JOIN unfolded u USING (_key) WHERE f.doc IS DISTINCT FROM u.doc;
		total := total + differs;
	END LOOP;
	RETURN total || ' differences';
EXCEPTION WHEN OTHERS THEN RETURN SQLERRM;
END $$;
SELECT o, pg_temp.law(o) FROM unnest(ARRAY['{}', '{"mode": "replace"}', '{"mode": "mergePatch"}', '{"mode": "nothing"}', '{"keepNull": false}', '{"mergeObjects": false}',
	'{"ignoreRevs": false, "ignoreErrors": true}', '{"ifRev": null, "ignoreErrors": true}', '{"versionAttribute": "v", "ignoreErrors": true}', '{"mustExist": true, "ignoreErrors": true}',
	'{"ignoreChanges": ["a"]}', '{"return": "diff"}', '{"return": "none"}', '{"dryRun": true}']::jsonb[]) o;

DROP TABLE fold, checked, log, fired, parent, parted, folded, unfolded;
DROP FUNCTION note(), note_all(), nothing();
DROP ROLE fold_inserts;
