-- Functions of types, casts and choice; and the directory of all functions.
-- Every row of "want" is a call and the answer that AQL's documentation gives.
-- The first query shows what differs from it (nothing), the second how many
-- were tried.
CREATE TEMP TABLE want (n serial, expr text, answer text);
INSERT INTO want (expr, answer) VALUES
	('IS_NULL(null)', 'true'), ('IS_NULL(0)', 'false'), ('IS_NULL({}.a)', 'true'),
	('IS_BOOL(false)', 'true'), ('IS_BOOL("false")', 'false'), ('IS_BOOL(null)', 'false'),
	('IS_NUMBER(1.5)', 'true'), ('IS_NUMBER("1")', 'false'), ('IS_NUMBER(null)', 'false'),
	('IS_STRING("")', 'true'), ('IS_STRING(1)', 'false'), ('IS_STRING(null)', 'false'),
	('IS_ARRAY([])', 'true'), ('IS_ARRAY({})', 'false'), ('IS_ARRAY(null)', 'false'), ('IS_LIST([1])', 'true'),
	('IS_OBJECT({})', 'true'), ('IS_OBJECT([])', 'false'), ('IS_OBJECT(null)', 'false'), ('IS_DOCUMENT({a: 1})', 'true'),
	('IS_KEY("a_b-c:d.e@f(g)h+i,j=k;l$m!n*o''p%q9")', 'true'), ('IS_KEY("")', 'false'), ('IS_KEY("a/b")', 'false'),
	('IS_KEY("a b")', 'false'), ('IS_KEY("ä")', 'false'), ('IS_KEY(1)', 'false'), ('IS_KEY(null)', 'false'),
	('IS_KEY(REPEAT("k", 254))', 'true'), ('IS_KEY(REPEAT("k", 255))', 'false'),
	('TYPENAME(null)', '"null"'), ('TYPENAME(true)', '"bool"'), ('TYPENAME(1)', '"number"'),
	('TYPENAME("a")', '"string"'), ('TYPENAME([])', '"array"'), ('TYPENAME({})', '"object"'),
	('TO_BOOL(null)', 'false'), ('TO_BOOL(false)', 'false'), ('TO_BOOL(0)', 'false'), ('TO_BOOL("")', 'false'),
	('TO_BOOL(0.1)', 'true'), ('TO_BOOL("0")', 'true'), ('TO_BOOL("false")', 'true'), ('TO_BOOL([])', 'true'), ('TO_BOOL({})', 'true'),
	('TO_NUMBER(null)', '0'), ('TO_NUMBER(false)', '0'), ('TO_NUMBER(true)', '1'), ('TO_NUMBER("")', '0'), ('TO_NUMBER("   ")', '0'),
	('TO_NUMBER(" 12.50\n")', '12.5'), ('TO_NUMBER("-1e3")', '-1000'), ('TO_NUMBER("+7")', '7'), ('TO_NUMBER("12a")', '0'), ('TO_NUMBER("1 2")', '0'),
	('TO_NUMBER("0x10")', '0'), ('TO_NUMBER("NaN")', '0'), ('TO_NUMBER("Infinity")', '0'), ('TO_NUMBER("1e")', '0'), ('TO_NUMBER(".")', '0'),
	('TO_NUMBER("1e1000")', '0'), ('TO_NUMBER("12345678901234567890")', '12345678901234567890'),
	('TO_NUMBER([])', '0'), ('TO_NUMBER([[["5"]]])', '5'), ('TO_NUMBER([1, 2])', '0'), ('TO_NUMBER({a: 1})', '0'),
	('TO_STRING(null)', '""'), ('TO_STRING(true)', '"true"'), ('TO_STRING(1.50)', '"1.5"'), ('TO_STRING("a\"b")', '"a\"b"'),
	('TO_STRING([null, 1, "a\n"])', '"[null,1,\"a\\n\"]"'), ('TO_STRING({b: {}, a: []})', '"{\"a\":[],\"b\":{}}"'),
	('TO_ARRAY(null)', '[]'), ('TO_ARRAY(0)', '[0]'), ('TO_ARRAY("ab")', '["ab"]'), ('TO_ARRAY([1, [2]])', '[1, [2]]'),
	('TO_ARRAY({a: 1, b: [2]})', '[1, [2]]'), ('TO_LIST(false)', '[false]'),
	('NOT_NULL(null)', 'null'), ('NOT_NULL(null, null, false, 1)', 'false'),
	('FIRST_LIST(1, "a", [2], [3])', '[2]'), ('FIRST_LIST(null)', 'null'),
	('FIRST_DOCUMENT([], {a: 1}, {})', '{"a": 1}'), ('FIRST_DOCUMENT(null, [])', 'null'),
	('PASSTHRU([1])', '[1]'), ('PASSTHRU(null)', 'null'), ('NOOPT("a")', '"a"'), ('NOEVAL(2)', '2'),
	('ASSERT(1 == 1, "never")', 'true'), ('WARN("x", "never")', 'true'),
	-- names know no case
	('is_null(null)', 'true'), ('Not_Null(1)', '1');
WITH got AS MATERIALIZED (
	SELECT n, expr, answer, c8ql_eval(expr::docexpr)::text AS got FROM want ORDER BY n)
SELECT expr, answer, got FROM got WHERE got IS DISTINCT FROM answer ORDER BY n;
SELECT count(*) AS tried FROM want;
-- warnings and errors that are asked for
SELECT c8ql_eval('WARN(1 > 2, "one is not greater")');
SELECT c8ql_eval('WARN(true, 1)');
SELECT c8ql_eval('ASSERT(true, null)');
SELECT c8ql_eval('ASSERT(1 > 2, "one is not greater")');
SELECT c8ql_eval('FAIL("on purpose")');
SELECT c8ql_eval('FAIL()');
SELECT c8ql_eval('true ? 1 : FAIL("not reached")');

-- the directory: every function refuses one argument too few and one too many
CREATE FUNCTION pg_temp.arity_error(name text, args int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM c8ql_eval((name || '(' || array_to_string(array_fill('null'::text, ARRAY[args]), ', ') || ')')::docexpr);
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || substring(detail FROM '^errorNum \d+');
END $$;
SELECT e.error, count(*) > 100 AS "all" FROM c8ql_functions() f,
	LATERAL (VALUES (f.min_args - 1), (f.max_args + 1)) a(n),
	LATERAL (SELECT pg_temp.arity_error(f.name, a.n) AS error OFFSET 0) e
	WHERE a.n >= 0 GROUP BY 1 ORDER BY 1;
SELECT name, min_args, max_args FROM c8ql_functions() WHERE is_volatile ORDER BY name;
SELECT count(*) - count(DISTINCT name) AS twice, bool_and(name = upper(name)) AS upper FROM c8ql_functions();
SELECT c8ql_eval('NO_SUCH_FUNCTION(1)');
SELECT c8ql_eval('LENGT([])');
DROP TABLE want;
