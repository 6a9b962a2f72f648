-- Values: order, equality, truth, casts and arithmetic.
-- Nothing here has a name of its own in SQL; c8ql_eval shows it.

-- 1. The total order.  Each row is greater than the one before it; values in
-- one row are equal to each other.
CREATE TEMP TABLE ladder (rung int, v jsonb);
INSERT INTO ladder VALUES
	(1, 'null'), (2, 'false'), (3, 'true'),
	(4, '-12345678901234567890'), (5, '-1.5'), (6, '0'), (6, '0.00'), (7, '1'), (7, '1.0'), (8, '9007199254740992'), (9, '9007199254740993'), (10, '1e400'),
	(11, '""'), (12, '" "'), (13, '"0"'), (14, '"A"'), (15, '"AB"'), (16, '"a"'), (17, '"ab"'), (18, '"b"'), (19, '"ä"'), (20, '"€"'), (21, '"😀"'),
	(22, '[]'), (22, '[null]'), (22, '[null, null]'), (23, '[false]'), (24, '[0]'), (25, '[0, false]'), (26, '[1]'), (26, '[1.0, null]'), (27, '[1, "a"]'), (28, '["a"]'), (29, '[[]]'), (30, '[[0]]'), (31, '[{}]'),
	-- sorted union of names; what is missing is null: b against a decides at a
	(32, '{}'), (32, '{"a": null}'), (32, '{"zz": null, "b": null}'), (33, '{"b": 1}'), (34, '{"b": 1, "c": 0}'), (35, '{"b": 2}'), (36, '{"aa": 0}'), (37, '{"aa": 0, "b": 1}'), (38, '{"a": 1}'), (38, '{"a": 1.0, "x": null}'), (39, '{"a": 1, "b": 2}'), (40, '{"a": []}'), (41, '{"a": {}}'), (42, '{"a": {"b": 1}}');
SELECT l.v AS "left", r.v AS "right" FROM ladder l, ladder r,
	LATERAL (SELECT c8ql_eval('[@l < @r, @l <= @r, @l == @r, @l != @r, @l >= @r, @l > @r, @l IN [@r], POSITION([0, @l], @r)]', jsonb_build_object('l', l.v, 'r', r.v)) AS got OFFSET 0) g
	WHERE got IS DISTINCT FROM CASE
		WHEN l.rung < r.rung THEN jsonb_build_array(true, true, false, true, false, false, false, r.rung = 6)
		WHEN l.rung > r.rung THEN jsonb_build_array(false, false, false, true, true, true, false, r.rung = 6)
		ELSE '[false, true, true, false, true, false, true, true]' END;
SELECT count(*) AS compared FROM ladder l, ladder r;
-- sorting agrees with it, and so does the hash that makes things unique
SELECT c8ql_eval('LENGTH(UNIQUE(@v))', jsonb_build_object('v', jsonb_agg(v))) AS rungs, count(DISTINCT rung) FROM ladder;
SELECT count(*) AS out_of_order FROM (
	SELECT rung, lag(rung) OVER (ORDER BY ord) AS before FROM (SELECT c8ql_eval('SORTED(@v)', jsonb_build_object('v', jsonb_agg(v ORDER BY v::text))) AS sorted FROM ladder) s,
		jsonb_array_elements(sorted) WITH ORDINALITY AS e(v, ord) JOIN ladder USING (v)) o WHERE rung < before;

-- 2. Truth, casts, arithmetic
-- Every row of "want" is an expression and the answer that AQL's documentation
-- gives.  The first query shows what differs from it (nothing), the second how
-- many were tried.
CREATE TEMP TABLE want (n serial, expr text, answer text);
INSERT INTO want (expr, answer) VALUES
	('[!null, !false, !0, !0.0, !"", !-0]', '[true, true, true, true, true, true]'), ('[!true, !1, !-0.1, !"0", !"false", !" ", ![], !{}]', '[false, false, false, false, false, false, false, false]'),
	('null + 1', '1'), ('true + true', '2'), ('"5" + 1', '6'), ('" 5\t" + "1e1"', '15'), ('"a" + 1', '1'), ('[] + 1', '1'), ('[3] + 1', '4'), ('[["4"]] + 1', '5'), ('[1, 2] + 1', '1'), ('{a: 1} + 1', '1'), ('"1" + "2"', '3'),
	('0.1 + 0.2', '0.3'), ('1.50 + 0.50', '2'), ('1.25 * 4', '5'), ('0.1 * 3', '0.3'), ('1.10 - 0.1', '1'), ('-"7"', '-7'), ('+"7.50"', '7.5'), ('-null', '0'), ('+{}', '0'), ('-"1.50"', '-1.5'),
	('9007199254740993 + 1', '9007199254740994'), ('12345678901234567890 * 10', '123456789012345678900'), ('99999999999999999999 - 1', '99999999999999999998'),
	('4 / 2', '2'), ('1 / 4', '0.25'), ('1 / 3', '0.3333333333333333'), ('2 / 3', '0.6666666666666666'), ('-7 / 2', '-3.5'), ('10 / 2.5', '4'), ('"9" / "3"', '3'), ('null / 5', '0'),
	('123456789012345678900 / 10', '12345678901234567890'), ('9007199254740993 / 1', '9007199254740993'), ('1e308 / 1e-308', 'null'), ('1 / 1e400', '0'),
	('7 % 3', '1'), ('-7 % 3', '-1'), ('7 % -3', '1'), ('7.5 % 2', '1.5'), ('5 % "2"', '1'), ('12345678901234567891 % 10', '1'), ('true % 2', '1'),
	('SQRT(2) * SQRT(2) == 2', 'false'), ('LENGTH(TO_STRING(1 / 3))', '18'), ('1 / 3 * 3', '0.9999999999999999'), ('1e21', '1000000000000000000000'),
	-- reading
	('{a: {b: [1, 2]}}.a.b[1]', '2'), ('[1, 2, 3][-1]', '3'), ('[1, 2, 3][3]', 'null'), ('[1][-2]', 'null'), ('("abc")[0]', 'null'), ('(null).a.b', 'null'), ('{"0": "x"}[0]', '"x"'), ('[1, 2]["1"]', '2'), ('[1]["a"]', 'null');
WITH got AS MATERIALIZED (
	SELECT n, expr, answer, c8ql_eval(expr::docexpr)::text AS got FROM want ORDER BY n)
SELECT expr, answer, got FROM got WHERE got IS DISTINCT FROM answer ORDER BY n;
SELECT count(*) AS tried FROM want;
-- division by zero: null and warning 1562
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES ('1 / 0'), ('0 / 0'), ('1 % 0'), ('5 / "x"'), ('5 % null'), ('5 / []'), ('1.5 / 0.00')) v(expr);

-- 3. What is built has PostgreSQL's own image: rebuilt containers of all sizes
-- around the stride of offsets are bytewise the same (*= compares images)
SELECT count(*) AS rebuilt, count(*) FILTER (WHERE NOT ROW(o)::record OPERATOR(pg_catalog.*=) ROW(r)::record) AS different FROM (
	SELECT o, c8ql_eval('MERGE(OLD, {})', jsonb_build_object('OLD', o)) AS r FROM (
		SELECT jsonb_object_agg(k || repeat('x', k % 5), CASE k % 6 WHEN 0 THEN to_jsonb(k) WHEN 1 THEN to_jsonb('s' || k) WHEN 2 THEN 'null' WHEN 3 THEN 'true'
			WHEN 4 THEN jsonb_build_array(k, 'x', jsonb_build_array()) ELSE jsonb_build_object('k', k * 1.5, 'e', '{}'::jsonb) END) AS o
			FROM generate_series(1, 140) n, generate_series(1, n) k GROUP BY n) docs) x;
SELECT count(*) AS rebuilt, count(*) FILTER (WHERE NOT ROW(o)::record OPERATOR(pg_catalog.*=) ROW(r)::record) AS different FROM (
	SELECT o, c8ql_eval('REVERSE(REVERSE(OLD))', jsonb_build_object('OLD', o)) AS r FROM (
		SELECT jsonb_agg(CASE k % 6 WHEN 0 THEN to_jsonb(k) WHEN 1 THEN to_jsonb('s' || k) WHEN 2 THEN 'null' WHEN 3 THEN 'false'
			WHEN 4 THEN jsonb_build_array(k, 'x', jsonb_build_array()) ELSE jsonb_build_object('k', k * 1.5, 'e', '{}'::jsonb) END ORDER BY k) AS o
			FROM generate_series(1, 140) n, generate_series(1, n) k GROUP BY n) docs) x;
DROP TABLE want, ladder;
