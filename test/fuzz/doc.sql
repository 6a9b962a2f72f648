-- The document algebra: its laws, then hostile patches.
\pset tuples_only on
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION upsert;

-- prints violations only, and leaves its schema to us
\set keep_laws true
\ir ../../sql/laws.sql

-- a valid patch of the document with something wrong somewhere
CREATE FUNCTION spoil(patch jsonb, doc jsonb) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	n int := jsonb_array_length(patch);
	i text := floor(random() * greatest(n, 1))::int::text;
BEGIN
	IF n = 0 THEN
		RETURN jsonb_build_array(random_json(2));
	END IF;
	CASE floor(random() * 9)::int
	WHEN 0 THEN RETURN jsonb_set(patch, ARRAY[i, 'op'], to_jsonb(pick('add', 'remove', 'replace', 'move', 'copy', 'test', 'ADD', '')));
	WHEN 1 THEN RETURN jsonb_set(patch, ARRAY[i, 'path'], to_jsonb(random_pointer()));
	WHEN 2 THEN RETURN jsonb_set(jsonb_set(patch, ARRAY[i, 'from'], to_jsonb(random_pointer())), ARRAY[i, 'op'], to_jsonb(pick('move', 'copy')));
	WHEN 3 THEN RETURN patch #- ARRAY[i, pick('op', 'path', 'value')];
	WHEN 4 THEN RETURN jsonb_set(patch, ARRAY[i, pick('op', 'path', 'value', 'from')], random_json(2));
	WHEN 5 THEN RETURN patch || patch;
	WHEN 6 THEN RETURN jsonb_set(patch, ARRAY[i], random_json(2));
	WHEN 7 THEN RETURN jsonb_build_array(jsonb_build_object('op', 'copy', 'from', '', 'path', random_pointer())) || patch;
	ELSE RETURN jsonb_insert(patch, ARRAY[i], jsonb_build_object('op', pick('copy', 'move'), 'from', patch #>> ARRAY[i, 'path'], 'path', random_pointer()));
	END CASE;
EXCEPTION WHEN data_exception THEN
	RETURN patch || patch;		-- spoilt so far that jsonb_set refuses it
END $$;
CREATE FUNCTION random_pointer() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN random() < 0.1 THEN pick('', 'a', '/~', '/~2', '//', '/-', '/a/-', '/0/0', '/18446744073709551616')
		ELSE (SELECT string_agg('/' || replace(replace(random_key(), '~', '~0'), '/', '~1'), '') FROM generate_series(1, 1 + floor(random() * 3)::int)) END
$$;
-- NULL if all is well, else what is wrong
CREATE FUNCTION try(doc jsonb, patch jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r jsonb := jsonb_patch(doc, patch);
BEGIN
	IF NOT canonical(r) OR NOT same(r, jsonb_patch(doc, jsonb_diff(doc, r))) THEN
		RETURN 'bad result';
	END IF;
	RETURN NULL;
END $$;
CREATE FUNCTION outcome(doc jsonb, patch jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN try(doc, patch);
EXCEPTION WHEN SQLSTATE '22023' OR SQLSTATE '2203A' OR SQLSTATE '22033' OR check_violation OR program_limit_exceeded THEN
	RETURN NULL;
END $$;
SELECT a, spoilt, what FROM pair, LATERAL (SELECT jsonb_diff(a, b) AS d) x, generate_series(1, 5) k,
	LATERAL (SELECT spoil(d, a) AS once WHERE k > 0) y, LATERAL (SELECT CASE WHEN k % 2 = 0 AND jsonb_typeof(once) = 'array' THEN spoil(once, a) ELSE once END AS spoilt) z,
	LATERAL (SELECT outcome(a, spoilt) AS what) w
WHERE what IS NOT NULL;
-- merge patches that are no patches at all
SELECT a, d FROM pair, LATERAL (SELECT jsonb_diff(a, b) AS d) x
WHERE NOT canonical(jsonb_merge_patch(a, d)) OR NOT canonical(jsonb_merge_patch(d, b));
