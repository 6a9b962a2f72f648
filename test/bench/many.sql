-- upsert_many (a row for each item, with OLD, NEW and action) against
-- INSERT ... ON CONFLICT ... RETURNING, which gives NEW only.
-- bench-conf: fsync = off
\ir lib.sql

SELECT create_collection('ours') \g /dev/null
CREATE TABLE theirs (LIKE ours INCLUDING ALL);
CREATE TABLE input AS
SELECT version, jsonb_agg(jsonb_build_object('_key', md5(i::text), 'n', i, 'version', version, 'text', repeat('lorem ipsum ', 30),
										   'in', jsonb_build_object('a', i, 'b', 'two'))) AS docs
FROM generate_series(0, 1) version, generate_series(1, 1000) i GROUP BY version;

CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE ours, theirs;
	PERFORM upsert_load('ours', docs) FROM input WHERE version = 0;
	INSERT INTO theirs SELECT * FROM ours;
END $$;

CREATE PROCEDURE one(what text, version int, setup text) LANGUAGE plpgsql AS $$
DECLARE
	theirs text := format($q$WITH r AS (INSERT INTO theirs AS t SELECT d->>'_key', '3kaaaaaaaaaaa', d - '_key'
		FROM input, jsonb_array_elements(docs) d WHERE version = %s
		ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev RETURNING _key, _rev, doc)
		SELECT count(doc) FROM r$q$, version);
	give text;
BEGIN
	FOREACH give IN ARRAY '{both,new,key}'::text[] LOOP
		CALL bench.compare(what || ', return ' || give,
			format($q$SELECT count(new) FROM input, upsert_many('ours', docs, '{"return": "%s"}') WHERE version = %s$q$, give, version),
			theirs, 1000, setup, 31);
	END LOOP;
END $$;

CALL one('new', 0, 'TRUNCATE ours, theirs');
CALL one('changed', 1, 'CALL fill()');
CALL one('unchanged', 0, 'CALL fill()');
