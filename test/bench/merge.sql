-- jsonb_merge (deep) beside PostgreSQL's shallow || and beside the usual
-- recursive function in PL/pgSQL, for documents of about 150 B, 1 kB and 8 kB.
-- The patch changes a top-level attribute, adds one and changes a nested one.
-- Documents lie in a materialized CTE, so that nobody pays for TOAST; what the
-- scan costs is in all the figures.  WAL is nil.
\ir lib.sql

-- merge, as it is usually written: one assignment per attribute of the patch
CREATE FUNCTION bench.deep_merge(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	k text;
	v jsonb;
BEGIN
	FOR k, v IN SELECT * FROM jsonb_each(b) LOOP
		IF jsonb_typeof(v) = 'object' AND jsonb_typeof(a -> k) = 'object' THEN
			v := bench.deep_merge(a -> k, v);
		END IF;
		a := a || jsonb_build_object(k, v);
	END LOOP;
	RETURN a;
END $$;

-- groups of attributes as an application has them: text, numbers, tags, nested
CREATE FUNCTION bench.document(groups int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('name', 'Ada Lovelace, countess', 'visits', 7, 'active', true,
			'address', jsonb_build_object('city', 'London', 'zip', 'W1J 7NT')) ||
		coalesce(jsonb_object_agg('group' || i, jsonb_build_object(
			'title', 'group number ' || i, 'count', i * 17, 'ratio', i / 8.0,
			'tags', '["one", "two", "three"]'::jsonb, 'open', i % 2 = 0)) ||
			jsonb_object_agg('note' || i, repeat('lorem ', i % 5 + 1)), '{}')
	FROM generate_series(1, groups) i
$$;
CREATE TABLE bench.input AS
	SELECT size, bench.document(groups) AS doc,
		'{"visits": 8, "seen": "2026-01-01", "address": {"zip": "W1J 7NU"}}'::jsonb AS patch
	FROM (VALUES ('150 B', 0), ('1 kB', 5), ('8 kB', 44)) t(size, groups);
SELECT size, pg_column_size(doc::text::jsonb) AS bytes FROM bench.input ORDER BY 2;
-- all three do the same, or (||) what is asked of it
SELECT size, jsonb_merge(doc, patch) = bench.deep_merge(doc, patch) AS same FROM bench.input ORDER BY length(doc::text);

CREATE FUNCTION bench.many(size text, expression text, n int) RETURNS text LANGUAGE sql AS $$
	SELECT format('WITH d AS MATERIALIZED (SELECT doc::text::jsonb AS doc, patch FROM bench.input WHERE size = %L)
		SELECT count(%s) FROM d, generate_series(1, %s)', size, expression, n)
$$;
SELECT format('CALL bench.compare(%L, %L, %L, %s)', 'jsonb_merge / ||, ' || size,
	bench.many(size, 'jsonb_merge(doc, patch)', n), bench.many(size, 'doc || patch', n), n)
FROM (VALUES ('150 B', 40000), ('1 kB', 20000), ('8 kB', 4000)) t(size, n) \gexec
SELECT format('CALL bench.compare(%L, %L, %L, %s)', 'unchanged / ||, ' || size,
	bench.many(size, 'jsonb_merge(doc, doc)', n), bench.many(size, 'doc || doc', n), n)
FROM (VALUES ('150 B', 40000), ('1 kB', 20000), ('8 kB', 4000)) t(size, n) \gexec
SELECT format('CALL bench.compare(%L, %L, %L, %s)', 'jsonb_merge / PL/pgSQL, ' || size,
	bench.many(size, 'jsonb_merge(doc, patch)', n), bench.many(size, 'bench.deep_merge(doc, patch)', n), n)
FROM (VALUES ('150 B', 4000), ('1 kB', 2000), ('8 kB', 1000)) t(size, n) \gexec
