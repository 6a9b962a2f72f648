-- The function library: every function with random arguments, the laws of the
-- order, and calls whose text has been spoiled.
\pset tuples_only on
\set QUIET on
SET client_min_messages = error;
CREATE EXTENSION upsert;
SELECT setseed(:seed) \g /dev/null

CREATE TABLE pool (v jsonb);
INSERT INTO pool VALUES
	('null'), ('true'), ('false'), ('0'), ('0.00'), ('1'), ('-1'), ('2'), ('-3'), ('1.5'), ('1e300'), ('-1e300'), ('1e-300'), ('1e400'), ('12345678901234567890'), ('9007199254740993'),
	('253402300799999'), ('-62167219200000'), ('""'), ('"a"'), ('"b"'), ('"abc"'), ('"äöü😀"'), ('" 12.50 "'), ('"-1e3"'),
	('"2020-02-30T10:11:12.345Z"'), ('"0000-01-01"'), ('"9999-12-31T23:59:59-23:59"'), ('"P1Y2M3DT4H5M6.7S"'), ('"P"'), ('"day"'), ('"y"'), ('"m"'), ('"w"'),
	('"(a|b)*c"'), ('"["'), ('"(ä?)\\1"'), ('"%_\\"'), ('"%yyyy-%mm %z %"'), ('"$1$9\\"'), ('"[1,{\"a\":2}]"'), ('"\\u0000"'), ('"a/b"'), ('" \t\n"'), ('"rank"'), ('"interpolation"'),
	('[]'), ('[null]'), ('[1, 2, 3]'), ('["a", "b", "a"]'), ('[[1, [2, [3]]], {}]'), ('[1, "2", null, [3], {"a": 4}]'), ('["", "a"]'), ('[1.5, 2.5]'),
	('{}'), ('{"a": 1}'), ('{"a": {"b": [1, {"c": null}]}, "_key": "x"}'), ('{"a": null, "b": "x", "": 0}'), ('{"_id": "c/k"}'), ('{"aa": 1, "b": 2}');
INSERT INTO pool SELECT jsonb_agg(n) FROM generate_series(1, 70) n;
INSERT INTO pool SELECT jsonb_object_agg('k' || n, n) FROM generate_series(1, 70) n;
INSERT INTO pool SELECT to_jsonb(repeat('äb', 300));

CREATE FUNCTION random_value() RETURNS jsonb LANGUAGE sql VOLATILE AS
	'SELECT v FROM pool OFFSET floor(random() * (SELECT count(*) FROM pool)) LIMIT 1';

-- what went wrong, NULL if nothing did
CREATE FUNCTION violation(expr text, bind jsonb) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	answer jsonb;
BEGIN
	answer := c8ql_eval(expr::docexpr, bind);
	IF answer::text::jsonb IS DISTINCT FROM answer THEN
		RETURN 'unsound image: ' || expr || ' ' || bind;
	END IF;
	RETURN NULL;
EXCEPTION
	-- a limit, FAIL or ASSERT; and for spoiled texts the errors of the language
	WHEN SQLSTATE 'UP009' OR program_limit_exceeded OR raise_exception OR syntax_error OR undefined_function
		OR undefined_parameter OR undefined_table OR feature_not_supported OR numeric_value_out_of_range OR invalid_parameter_value THEN
		RETURN NULL;
	WHEN OTHERS THEN
		RETURN SQLSTATE || ' ' || SQLERRM || ': ' || expr || ' ' || bind;
END $$;

CREATE FUNCTION call_text(name text, args int) RETURNS text LANGUAGE sql AS
	$$SELECT name || '(' || COALESCE(string_agg('@p' || i, ', '), '') || ')' FROM generate_series(1, args) i$$;

CREATE TABLE calls AS SELECT call_text(name, n) AS expr, n AS args
	FROM c8ql_functions(), generate_series(min_args, LEAST(COALESCE(max_args, 4), 5)) n
	WHERE name NOT IN ('DOCUMENT', 'COLLECTION_COUNT');

-- random calls, "rounds" of them for each hundred functions
SELECT v FROM calls, generate_series(1, :rounds / 100 + 1) r,
	LATERAL (SELECT violation(expr, COALESCE((SELECT jsonb_object_agg('p' || i, random_value()) FROM generate_series(1, args) i WHERE r > 0), '{}')) AS v OFFSET 0) x
	WHERE v IS NOT NULL;

-- the order is total: one of <, ==, > holds, == is >= and <=, and < is transitive
SELECT 'order: ' || b::text FROM (SELECT jsonb_build_object('a', random_value(), 'b', random_value(), 'c', random_value()) AS b FROM generate_series(1, :rounds)) t
	WHERE c8ql_eval('((@a < @b) + (@a == @b) + (@a > @b) == 1) && ((@a <= @b) == !(@a > @b)) && ((@a >= @b) == !(@a < @b))
		&& (!(@a < @b && @b < @c) || @a < @c) && (@a != @b || LENGTH(UNIQUE([@a, @b])) == 1) && (@a == @b || LENGTH(UNIQUE([@a, @b])) == 2)', b) <> 'true';

-- spoiled texts: a character dropped, doubled or replaced
SELECT v FROM (SELECT call_text('CONCAT', 2) || ' ' || expr AS e, expr, args FROM calls ORDER BY random() LIMIT :rounds) c,
	LATERAL (SELECT 1 + floor(random() * length(expr))::int AS at, floor(random() * 3) AS how, substr('()[]{}@"''`.,:?*/%!<>=&|-+\09aZ$_ ä', 1 + floor(random() * 36)::int, 1) AS junk WHERE args >= 0) s,
	LATERAL (SELECT violation(CASE how WHEN 0 THEN overlay(expr PLACING '' FROM at FOR 1) WHEN 1 THEN overlay(expr PLACING junk FROM at FOR 1) ELSE overlay(expr PLACING junk FROM at FOR 0) END, '{"p1": 1, "p2": "a", "p3": [1], "p4": {}, "p5": null}') AS v OFFSET 0) x
	WHERE v IS NOT NULL;
