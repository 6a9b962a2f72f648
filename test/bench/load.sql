-- upsert_load of jsonb arrays against the best set-based statement of plain
-- SQL on a table of the same shape: all new, all changed, all unchanged.
-- bench-conf: fsync = off
\ir lib.sql

SELECT create_collection('ours') \g /dev/null
CREATE TABLE theirs (_key text COLLATE "C" PRIMARY KEY, _rev text COLLATE "C" NOT NULL, doc jsonb NOT NULL);
DO $$
BEGIN
	EXECUTE format('ALTER TABLE theirs SET (fillfactor = %s)',
				   coalesce((SELECT split_part(o, '=', 2) FROM pg_class, unnest(reloptions) o
							 WHERE oid = 'ours'::regclass AND o LIKE 'fillfactor=%'), '100'));
END $$;

-- documents of about 526 bytes of JSON text
CREATE FUNCTION document(i int, version int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('_key', 'user:' || md5(i::text), 'name', 'Name ' || i, 'email', 'user' || i || '@example.org',
		'age', i % 90, 'active', i % 3 = 0, 'score', i * 1.25, 'visits', version,
		'tags', jsonb_build_array('alpha', 'beta', 'gamma' || i % 10),
		'address', jsonb_build_object('street', i || ' Long Street', 'city', 'City ' || i % 1000, 'zip', lpad((i % 99999)::text, 5, '0'),
									  'geo', jsonb_build_object('lat', i % 90 + 0.12345, 'lon', i % 180 + 0.54321)),
		'bio', repeat('lorem ipsum ', 14))
$$;
CREATE TABLE input (size int, version int, docs jsonb);
ALTER TABLE input ALTER docs SET STORAGE EXTERNAL;
INSERT INTO input SELECT size, version, (SELECT jsonb_agg(document(i, version) ORDER BY md5(i::text || 'shuffle')) FROM generate_series(1, size) i)
FROM (VALUES (100), (1000), (10000)) s(size), generate_series(0, 1) version;

-- the same bytes in both tables: the key is not stored in the document
CREATE PROCEDURE fill(n int) LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE ours, theirs;
	PERFORM upsert_load('ours', docs) FROM input WHERE size = n AND version = 0;
	INSERT INTO theirs SELECT * FROM ours;
END $$;

CREATE PROCEDURE one(n int, rounds int) LANGUAGE plpgsql AS $$
DECLARE
	ours text := format('SELECT upsert_load(''ours'', docs) FROM input WHERE size = %s AND version = %%s', n);
	-- a shallow merge, and a revision, as the cheapest thing that does the same job
	theirs text := format($q$INSERT INTO theirs AS t SELECT d->>'_key', '3kaaaaaaaaaaa', d - '_key'
		FROM input, jsonb_array_elements(docs) d WHERE size = %s AND version = %%s
		ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev$q$, n);
	fill text := format('CALL fill(%s)', n);
BEGIN
	CALL bench.compare(n || ' new', format(ours, 0), format(theirs, 0), n, 'TRUNCATE ours, theirs', rounds);
	CALL bench.compare(n || ' changed', format(ours, 1), format(theirs, 1), n, fill, rounds);
	CALL bench.compare(n || ' unchanged', format(ours, 0), format(theirs, 0), n, fill, rounds);
	CALL bench.compare(n || ' unchanged, guarded by WHERE', format(ours, 0),
					   format(theirs, 0) || ' WHERE t.doc IS DISTINCT FROM t.doc || EXCLUDED.doc', n, fill, rounds);
END $$;

CALL one(100, 101);
CALL one(1000, 41);
CALL one(10000, 11);
