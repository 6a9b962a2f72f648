-- Functions of arrays.
-- Every row of "want" is a call and the answer that AQL's documentation gives.
-- The first query shows what differs from it (nothing), the second how many
-- were tried.
CREATE TEMP TABLE want (n serial, expr text, answer text);
INSERT INTO want (expr, answer) VALUES
	('LENGTH([1, [2, 3], null])', '3'), ('LENGTH([])', '0'), ('LENGTH({a: 1, b: 2})', '2'), ('LENGTH({})', '0'), ('LENGTH("äöü")', '3'), ('LENGTH("")', '0'), ('LENGTH(12.50)', '4'), ('LENGTH(-7)', '2'),
	('LENGTH(null)', '0'), ('LENGTH(false)', '0'), ('LENGTH(true)', '1'), ('COUNT([1, 2])', '2'), ('COUNT(null)', '0'),
	('FIRST([1, 2, 3])', '1'), ('FIRST([])', 'null'), ('FIRST([[]])', '[]'), ('LAST([1, 2, 3])', '3'), ('LAST([])', 'null'),
	('NTH(["foo", "bar", "baz"], 2)', '"baz"'), ('NTH(["foo", "bar", "baz"], 3)', 'null'), ('NTH(["foo", "bar", "baz"], -1)', 'null'), ('NTH(["a", "b"], "1")', '"b"'), ('NTH(["a", "b"], 1.9)', '"b"'), ('NTH(["a"], null)', '"a"'), ('NTH([], 0)', 'null'), ('NTH([1], 1e300)', 'null'),
	('POSITION([2, 4, 6, 8], 4)', 'true'), ('POSITION([2, 4, 6, 8], 4, true)', '1'), ('POSITION([2, 4], 5)', 'false'), ('POSITION([2, 4], 5, true)', '-1'), ('POSITION([], null)', 'false'), ('POSITION([null], null)', 'true'), ('POSITION(["1"], 1)', 'false'), ('CONTAINS_ARRAY([{a: 1}], {a: 1.0})', 'true'),
	('PUSH([1, 2, 3, 4], 5)', '[1, 2, 3, 4, 5]'), ('PUSH([1, 2, 2, 3], 2)', '[1, 2, 2, 3, 2]'), ('PUSH([1, 2, 2, 3], 2, true)', '[1, 2, 2, 3]'), ('PUSH([1], 2, true)', '[1, 2]'), ('PUSH(null, 1)', '[1]'), ('PUSH(null, null, true)', '[null]'), ('PUSH([1], [2])', '[1, [2]]'),
	('UNSHIFT([1, 2, 3, 4], 4)', '[4, 1, 2, 3, 4]'), ('UNSHIFT([1, 2, 3, 4], 4, true)', '[1, 2, 3, 4]'), ('UNSHIFT(null, 1)', '[1]'), ('UNSHIFT([], [0])', '[[0]]'), ('UNSHIFT([1], 2, true)', '[2, 1]'),
	('APPEND([1, 2, 3], [5, 6, 9])', '[1, 2, 3, 5, 6, 9]'), ('APPEND([1, 2, 3, 4], [3, 4, 5, 2, 9], true)', '[1, 2, 3, 4, 5, 9]'), ('APPEND([1, 1], [2, 1], true)', '[1, 2]'), ('APPEND([1], 2)', '[1, 2]'), ('APPEND([1], 1, true)', '[1]'), ('APPEND([1], {a: 1})', '[1, {"a": 1}]'),
	('APPEND(null, [1])', '[1]'), ('APPEND(null, "a")', '"a"'), ('APPEND([1], null)', '[1]'), ('APPEND([1, 1], [], true)', '[1, 1]'), ('APPEND(null, null)', 'null'), ('APPEND([], [1, 1])', '[1, 1]'),
	('POP([1, 2, 3, 4])', '[1, 2, 3]'), ('POP([1])', '[]'), ('POP([])', '[]'), ('POP(null)', 'null'), ('SHIFT([1, 2, 3, 4])', '[2, 3, 4]'), ('SHIFT([1])', '[]'), ('SHIFT([])', '[]'), ('SHIFT(null)', 'null'),
	('SLICE([1, 2, 3, 4, 5], 0, 1)', '[1]'), ('SLICE([1, 2, 3, 4, 5], 1, 2)', '[2, 3]'), ('SLICE([1, 2, 3, 4, 5], 3)', '[4, 5]'), ('SLICE([1, 2, 3, 4, 5], 1, -1)', '[2, 3, 4]'), ('SLICE([1, 2, 3, 4, 5], 0, -2)', '[1, 2, 3]'), ('SLICE([1, 2, 3, 4, 5], -3, 2)', '[3, 4]'),
	('SLICE([1, 2], -9)', '[1, 2]'), ('SLICE([1, 2], 9)', '[]'), ('SLICE([1, 2], 0, -9)', '[]'), ('SLICE([1, 2], 0, null)', '[1, 2]'), ('SLICE([1, 2], 0, 0)', '[]'), ('SLICE([1, 2], 1, 1e300)', '[2]'), ('SLICE([1, 2], -1e300, 1e300)', '[1, 2]'),
	('REMOVE_VALUE(["a", "b", "b", "a", "c"], "a")', '["b", "b", "c"]'), ('REMOVE_VALUE(["a", "b", "b", "a", "c"], "a", 1)', '["b", "b", "a", "c"]'), ('REMOVE_VALUE(["a"], "a", 0)', '["a"]'), ('REMOVE_VALUE(["a", "a"], "a", -1)', '[]'), ('REMOVE_VALUE([null, 0], null)', '[0]'), ('REMOVE_VALUE(null, 1)', '[]'), ('REMOVE_VALUE(["a", "a"], "a", null)', '[]'),
	('REMOVE_VALUES(["a", "a", "b", "c", "d", "e", "f"], ["a", "f", "d"])', '["b", "c", "e"]'), ('REMOVE_VALUES([1], null)', '[1]'), ('REMOVE_VALUES(null, [1])', '[]'), ('REMOVE_VALUES([1, 2], [])', '[1, 2]'),
	('REMOVE_NTH(["a", "b", "c", "d", "e"], 1)', '["a", "c", "d", "e"]'), ('REMOVE_NTH(["a", "b", "c", "d", "e"], -2)', '["a", "b", "c", "e"]'), ('REMOVE_NTH(["a"], 1)', '["a"]'), ('REMOVE_NTH(["a"], -2)', '["a"]'), ('REMOVE_NTH(null, 0)', '[]'),
	('REPLACE_NTH(["a", "b", "c"], 1, "z")', '["a", "z", "c"]'), ('REPLACE_NTH(["a", "b", "c"], 3, "z")', '["a", "b", "c", "z"]'), ('REPLACE_NTH(["a", "b", "c"], 6, "z", "y")', '["a", "b", "c", "y", "y", "y", "z"]'), ('REPLACE_NTH(["a", "b", "c"], -1, "z")', '["a", "b", "z"]'), ('REPLACE_NTH(["a", "b", "c"], -9, "z")', '["z", "b", "c"]'), ('REPLACE_NTH([], 0, 1)', '[1]'), ('REPLACE_NTH([1], 2, 3, null)', '[1, null, 3]'),
	('REVERSE([2, 4, 6])', '[6, 4, 2]'), ('REVERSE([])', '[]'), ('REVERSE("foobär")', '"räboof"'), ('REVERSE("")', '""'),
	('SORTED([8, 4, 2, 10, 6])', '[2, 4, 6, 8, 10]'), ('SORTED([{}, [], "b", "B", 1, true, false, null])', '[null, false, true, 1, "B", "b", [], {}]'), ('SORTED([])', '[]'),
	('SORTED_UNIQUE([8, 4, 2, 10, 6, 2, 8, 6, 4])', '[2, 4, 6, 8, 10]'), ('SORTED_UNIQUE([null, 1, 1.0, "1", null])', '[null, 1, "1"]'), ('SORTED_UNIQUE([])', '[]'),
	('UNIQUE([1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5])', '[1, 2, 3, 4, 5]'), ('UNIQUE([3, 1, 3, [1], [1, null], {}, {a: null}])', '[3, 1, [1], {}]'), ('UNIQUE([])', '[]'),
	('UNION([1, 2, 3], [1, 2])', '[1, 2, 3, 1, 2]'), ('UNION([], [], [1])', '[1]'), ('UNION_DISTINCT([1, 2, 3], [3, 1, 2, 4])', '[1, 2, 3, 4]'), ('UNION_DISTINCT([1, 1], [], [null, 1])', '[1, null]'),
	('MINUS([1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 8])', '[1, 2]'), ('MINUS([1, 1, 2], [3])', '[1, 2]'), ('MINUS([], [1])', '[]'), ('INTERSECTION([1, 2, 3, 4, 5], [2, 3, 4, 5, 6], [3, 4, 5, 6, 7])', '[3, 4, 5]'), ('INTERSECTION([2, 4, 6], [8, 10])', '[]'), ('INTERSECTION([1, 1], [1, 1])', '[1]'),
	('OUTERSECTION([1, 2, 3], [2, 3, 4], [3, 4, 5])', '[1, 5]'), ('OUTERSECTION([1, 1], [2])', '[2]'),
	('FLATTEN([1, 2, [3, 4], 5, [6, 7], [8, [9, 10]]])', '[1, 2, 3, 4, 5, 6, 7, 8, [9, 10]]'), ('FLATTEN([1, 2, [3, 4], 5, [6, 7], [8, [9, 10]]], 2)', '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]'), ('FLATTEN([[[1]]], 0)', '[[1]]'), ('FLATTEN([[[1]]], -5)', '[[1]]'), ('FLATTEN([[[[1]]]], 1e9)', '[1]'), ('FLATTEN([])', '[]'), ('FLATTEN([{a: [1]}])', '[{"a": [1]}]');
WITH got AS MATERIALIZED (
	SELECT n, expr, answer, c8ql_eval(expr::docexpr)::text AS got FROM want ORDER BY n)
SELECT expr, answer, got FROM got WHERE got IS DISTINCT FROM answer ORDER BY n;
SELECT count(*) AS tried FROM want;
-- what is no array: null and warning 1563 or, where the function changes the array, 1542
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES
	('FIRST(1)'), ('FIRST(null)'), ('LAST({})'), ('LAST(null)'), ('NTH("abc", 0)'), ('NTH(null, 0)'), ('POSITION("abc", "a")'), ('CONTAINS_ARRAY(null, 1)'), ('REVERSE(1)'), ('REVERSE(null)'),
	('SORTED("a")'), ('SORTED(null)'), ('SORTED_UNIQUE(1)'), ('SORTED_UNIQUE(null)'), ('UNIQUE({})'), ('UNIQUE(null)'), ('INTERSECTION([1], null)'), ('OUTERSECTION(1, [1])'), ('FLATTEN("a")'), ('FLATTEN(null)')) v(expr);
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES
	('PUSH(1, 2)'), ('PUSH("a", 2)'), ('UNSHIFT({}, 2)'), ('APPEND(1, 2)'), ('APPEND("a", [2])'), ('POP("a")'), ('SHIFT(1)'), ('SLICE("abc", 1)'), ('SLICE(null, 1)'),
	('REMOVE_VALUE(1, 1)'), ('REMOVE_VALUES(1, [1])'), ('REMOVE_VALUES([1], 1)'), ('REMOVE_NTH("a", 0)'), ('REPLACE_NTH(null, 0, 1)'), ('REPLACE_NTH([], null, 1)'), ('REPLACE_NTH([], 1, 1)'),
	('UNION([1], 2)'), ('UNION(null, [1])'), ('UNION_DISTINCT(null, [1])'), ('UNION_DISTINCT([1], "a")'), ('MINUS([1], null)'), ('MINUS(1, [1])')) v(expr);
-- large arrays: nothing is quadratic
SELECT c8ql_eval('LENGTH(UNIQUE(APPEND(RANGE(1, 100000), RANGE(50000, 150000))))'),
	c8ql_eval('LENGTH(REMOVE_VALUES(RANGE(1, 100000), RANGE(50001, 150000)))'),
	c8ql_eval('LENGTH(INTERSECTION(RANGE(1, 100000), RANGE(100000, 1)))');
-- limits
SELECT c8ql_eval('LENGTH(REPLACE_NTH([], 999999, 1, 0))');
\set VERBOSITY sqlstate
SELECT c8ql_eval('REPLACE_NTH([], 1000000, 1, 0)');
SELECT c8ql_eval('REPLACE_NTH([], 1e300, 1, 0)');
\set VERBOSITY default
DROP TABLE want;
