-- upsert_object(s) into an ordinary table against what one writes by hand:
-- INSERT ... ON CONFLICT for one row, jsonb_to_recordset with it for a batch,
-- RETURNING what of the answer that can return.
-- bench-conf: fsync = off
\ir lib.sql

CREATE TABLE ours (id int PRIMARY KEY, sku text NOT NULL, qty int NOT NULL, price numeric(10,2), note text, at timestamptz);
CREATE TABLE theirs (LIKE ours INCLUDING ALL);
CREATE TABLE input AS
SELECT version, jsonb_agg(o ORDER BY md5(o->>'id')) AS objects, array_agg(o ORDER BY md5(o->>'id')) AS singles
FROM generate_series(0, 1) version, generate_series(1, 10000) i,
	LATERAL jsonb_build_object('id', i, 'sku', md5(i::text), 'qty', i % 100 + version, 'price', i * 0.01,
							   'note', repeat('lorem ', 20), 'at', '2026-01-01T00:00:00+00:00') o
GROUP BY version;

CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE ours, theirs;
	PERFORM count(*) FROM input, upsert_objects('ours', objects, NULL, '{"return": "none"}') WHERE version = 0;
	INSERT INTO theirs SELECT * FROM ours;
END $$;

CREATE PROCEDURE batch(what text, version int, setup text) LANGUAGE plpgsql AS $$
DECLARE
	give text;
	returning_ text;
BEGIN
	FOREACH give IN ARRAY '{none,key,new,both}'::text[] LOOP
		-- it has no way to return the old row
		returning_ := CASE give WHEN 'none' THEN '' WHEN 'key' THEN 'RETURNING theirs.id' ELSE 'RETURNING to_jsonb(theirs)' END;
		CALL bench.compare('batch, ' || what || ', return ' || give,
			format($q$SELECT count(*) FROM input, upsert_objects('ours', objects, NULL, '{"return": "%s"}') WHERE version = %s$q$, give, version),
			format(CASE give WHEN 'none' THEN '%s' ELSE 'WITH w AS (%s) SELECT count(*) FROM w' END,
				   format($q$INSERT INTO theirs SELECT r.* FROM input, jsonb_to_recordset(objects)
				AS r (id int, sku text, qty int, price numeric(10,2), note text, at timestamptz) WHERE version = %s
				ON CONFLICT (id) DO UPDATE SET sku = EXCLUDED.sku, qty = EXCLUDED.qty, price = EXCLUDED.price,
					note = EXCLUDED.note, at = EXCLUDED.at %s$q$, version, returning_)),
			10000, setup, 9);
	END LOOP;
END $$;

-- one call a row, as a client makes them: each a statement of its own
CREATE PROCEDURE ours_singly(v int, n int) LANGUAGE plpgsql AS $$
DECLARE
	o jsonb;
BEGIN
	FOREACH o IN ARRAY (SELECT singles[1:n] FROM input WHERE version = v) LOOP
		PERFORM upsert_object('ours', o, NULL, '{"return": "key"}');
	END LOOP;
END $$;
CREATE PROCEDURE theirs_singly(v int, n int) LANGUAGE plpgsql AS $$
DECLARE
	o jsonb;
BEGIN
	FOREACH o IN ARRAY (SELECT singles[1:n] FROM input WHERE version = v) LOOP
		INSERT INTO theirs VALUES ((o->>'id')::int, o->>'sku', (o->>'qty')::int, (o->>'price')::numeric(10,2), o->>'note', (o->>'at')::timestamptz)
		ON CONFLICT (id) DO UPDATE SET sku = EXCLUDED.sku, qty = EXCLUDED.qty, price = EXCLUDED.price,
			note = EXCLUDED.note, at = EXCLUDED.at;
	END LOOP;
END $$;

CALL batch('new', 0, 'TRUNCATE ours, theirs');
CALL batch('changed', 1, 'CALL fill()');
CALL batch('unchanged', 0, 'CALL fill()');
CALL bench.compare('single, new', 'CALL ours_singly(0, 2000)', 'CALL theirs_singly(0, 2000)', 2000, 'TRUNCATE ours, theirs', 9);
CALL bench.compare('single, changed', 'CALL ours_singly(1, 2000)', 'CALL theirs_singly(1, 2000)', 2000, 'CALL fill()', 9);
CALL bench.compare('single, unchanged', 'CALL ours_singly(0, 2000)', 'CALL theirs_singly(0, 2000)', 2000, 'CALL fill()', 9);
