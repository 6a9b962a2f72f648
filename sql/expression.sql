-- Operators, types, comparison, truthiness, arithmetic, access, expansion.
\set SHOW_CONTEXT never
CREATE FUNCTION e(text, jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS 'SELECT c8ql_eval($1::docexpr, $2)';

-- the order of types; nothing is unknown
SELECT e('[null == null, null < false, false < true, true < 0, 9 < "", "z" < [], [9] < {}, null < {}]');
SELECT e('[null < 0, null != 0, null <= null, null > null]');
SELECT e('[1 == 1.0, 1 == "1", true == 1, "a" == "A", 1 != 1]');
SELECT e('["a" < "b", "B" < "a", "a" < "aa", "é" > "z"]');
-- arrays by element, objects by the union of names; missing is null
SELECT e('[[1] == [1, null], [1] < [1, 0], [2] > [1, 9], [] == [null], [[1]] == [[1, null]]]');
SELECT e('[{} == {b: null}, {a: 1} == {a: 1, b: null}, {a: 1} < {a: 2}, {b: 1} < {a: 1}, {a: {b: 1}} == {a: {b: 1.0}}]');

-- truthiness
SELECT e('[!null, !false, !0, !0.0, !"", !" ", !"0", !"false", ![], !{}, !1, !-1]');
SELECT e('[NOT NOT "x", NOT true]');
-- && and || give an operand, and look no further than they must
SELECT e('[1 && 2, 0 && 2, null || "x", "" || 0, [] || 1, false || null, 1 || FAIL("not reached"), 0 && FAIL("not reached")]');
SELECT e('[1 ? "a" : FAIL("x"), 0 ? FAIL("x") : "b", null ?: "c", "d" ?: FAIL("x")]');

-- arithmetic casts its operands; + never concatenates
SELECT e('[1 + 2, 1 + null, 1 + true, "1" + "2", " 7 " + 1, "x" + 1, [] + 1, [4] + 1, [1, 2] + 1, {} + 1, [["5"]] * 2]');
SELECT e('[5 - 7, 2 * 3.5, 7 / 2, 6 / 2, 1 / 3, 7 % 3, -7 % 3, 7 % -3, 5.5 % 2]');
SELECT e('[-"3", +"3", -null, +true, -[2], +"x"]');
-- integers stay exact
SELECT e('[9007199254740993 + 0, 12345678901234567890 * 10, 2 * 4503599627370497 + 1]');
SELECT e('0.1 + 0.2');
-- division by zero is null and a warning
SELECT e('[1 / 0, 1 % 0, 0 / 0, 1 / "x"]');

-- IN
SELECT e('[2 IN [1, 2], 3 IN [1, 2], 2 NOT IN [1, 2], 3 NOT IN [1, 2], "1" IN [1], null IN [null], {} IN [{a: null}]]');
SELECT e('[1 IN 1, 1 NOT IN 1, "a" IN "abc", "a" NOT IN null, 1 IN {a: 1}]');
SELECT e('[2 IN 1..3, 4 IN 1..3]');
-- patterns
SELECT e('["abc" LIKE "a%", "abc" LIKE "_b_", "abc" NOT LIKE "a%", "ABC" LIKE "a%", "abc" =~ "^a.c$", "abc" !~ "x"]');

-- ranges
SELECT e('[1..3, 3..1, 2..2, -1..1, 1.9..3.9, "1".."2"]');
SELECT e('1..10000001');
-- array comparisons
SELECT e('[[1, 2] ALL > 0, [1, 2] ALL > 1, [1, 2] ANY == 2, [1, 2] NONE == 3, [1, 2] NONE == 1]');
SELECT e('[[1, 2] ALL IN [1, 2, 3], [1, 4] ANY IN [4], [1, 2] NONE IN [3], [1, 2] ANY NOT IN [1]]');
SELECT e('[[] ALL == 1, [] ANY == 1, [] NONE == 1, 1 ALL == 1, null NONE == 1]');
SELECT e('[[1, 2, 3] AT LEAST (2) > 1, [1, 2, 3] AT LEAST (3) > 1]');

-- attributes and indexes
SELECT e('[OLD.a, OLD.b.c, OLD.b["c"], OLD["b"].c, OLD.x, OLD.x.y.z, OLD.a.b]', '{"OLD": {"a": 1, "b": {"c": 2}}}');
SELECT e('[[1, 2, 3][0], [1, 2, 3][-1], [1, 2, 3][3], [1, 2, 3][-4], [1, 2, 3]["1"], [1, 2, 3]["x"], [1, 2, 3][1.9], [1][null], ("abc")[0], (null)[0]]');
SELECT e('{"1": "one", x: "ex"}[1]');
SELECT e('[{a: 1}["a"], {a: 1}[null], {a: 1}.b]');

-- expansion
SELECT e('OLD[*].a', '{"OLD": [{"a": 1}, {"a": 2}, {}, 3]}');
SELECT e('[OLD[*], OLD[*].a, OLD[**]]', '{"OLD": {"a": 1}}');
SELECT e('OLD[*].b[*].c', '{"OLD": [{"b": [{"c": 1}, {"c": 2}]}, {"b": [{"c": 3}]}, {}]}');
SELECT e('OLD[*].b[**].c', '{"OLD": [{"b": [{"c": 1}, {"c": 2}]}, {"b": [{"c": 3}]}]}');
SELECT e('[[1, [2, [3, [4]]]][*], [1, [2, [3, [4]]]][**], [1, [2, [3, [4]]]][***]]');
SELECT e('[(OLD[*].a)[0], OLD[*].a[0]]', '{"OLD": [{"a": [1]}, {"a": [2]}]}');
SELECT e('(1..10)[* FILTER CURRENT % 2 == 0 LIMIT 1, 3 RETURN CURRENT * 10]');
SELECT e('(1..10)[* LIMIT 2]');
SELECT e('(1..3)[* RETURN {v: CURRENT}].v');
SELECT e('[[1, 2], [3]][* RETURN CURRENT[* RETURN CURRENT * 2]]');
SELECT e('CURRENT');

-- literals: the first of several equal names wins, names are computed late
SELECT e('{a: 1, b: 2, a: 3, ["a"]: 4, b: 5}');
SELECT e('{[OLD.n]: 1, [null]: 2, [1 + 1]: 3, [[1]]: 4}', '{"OLD": {"n": "x"}}');
SELECT e('{OLD, NEW}', '{"OLD": 1}');

-- functions: any case, checked when compiled
SELECT e('[concat("a", 1), Length([1, 2]), COUNT([1])]');
SELECT e('NO_SUCH(1)');
SELECT e('my::func(1)');
SELECT e('LENGTH()');
SELECT e('LENGTH(1, 2)');
SELECT e('CONCAT()');
SELECT e('FIRST(1)');
-- a constant part that warns, warns where it is evaluated and not before
SELECT e('false ? 1 / 0 : "quiet"');
SELECT e('FAIL("because")');

\set VERBOSITY sqlstate
SELECT e('unknown_name');
SELECT e('{unknown_name}');
SELECT e('NO_SUCH(1)');
SELECT e('LENGTH()');
SELECT e('1..10000001');
SELECT e('OLD.@p', '{"p": 1}');
SELECT e('@p');
SELECT e('FAIL("because")');
DROP FUNCTION e;
