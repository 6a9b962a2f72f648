-- Type docexpr: in, out, send, receive, casts, storage.
\set SHOW_CONTEXT never

SELECT '{ name: ''superuser'', logins: OLD.logins+1,/* c */ when: DATE_NOW(), }'::docexpr;
-- constants print as JSON
SELECT '{a: [1, 2.50, -3, "x", true, null, {}], "b c": {"d": []}}'::docexpr::text::jsonb;

-- a jsonb value is the equivalent constant expression, whatever it is
SELECT j, j::docexpr, c8ql_eval(j) = j AS same, j::docexpr::text = j::text::docexpr::text AS equivalent
FROM (VALUES ('null'::jsonb), ('true'), ('-1.50'), ('"a\"b\u00e9"'), ('[]'), ('{}'), ('{"": {"a.b": [1, [2, {"c": null}]]}}')) t (j);

-- stored and read back, small and toasted
CREATE TABLE rules (id int PRIMARY KEY, rule docexpr);
INSERT INTO rules VALUES (1, '{n: OLD.n + @step}'), (2, '{"constant": 1}'::jsonb),
  (3, ('[' || (SELECT string_agg('OLD.attribute' || i, ', ' ORDER BY i) FROM generate_series(1, 5000) i) || ']')::docexpr);
SELECT id, c8ql_eval(rule, '{"OLD": {"n": 41, "attribute5000": "last"}, "step": 1}') -> 'n' AS n,
       c8ql_eval(rule, '{"OLD": {"n": 41, "attribute5000": "last"}, "step": 1}') -> 4999 AS last
FROM rules ORDER BY id;
SELECT id, length(rule::text) FROM rules ORDER BY id;

-- one call site, another expression in each row
SELECT n, c8ql_eval(('OLD.n ' || op || ' 2')::docexpr, jsonb_build_object('OLD', jsonb_build_object('n', n)))
FROM generate_series(5, 6) n, (VALUES ('+'), ('-'), ('*'), ('/'), ('%')) o (op) ORDER BY n, op COLLATE "C";

-- the binary format is the text behind a version byte
SELECT encode(docexpr_send('a+1'), 'escape');
SELECT docexpr_send('{a: "é"}') = '\x01'::bytea || convert_to('{"a": "é"}', 'UTF8') AS same;
CREATE TABLE rules_copy (LIKE rules);
\copy (SELECT * FROM rules) TO 'results/docexpr.bin' WITH (FORMAT binary)
\copy rules_copy FROM 'results/docexpr.bin' WITH (FORMAT binary)
SELECT count(*) FROM rules JOIN rules_copy c USING (id) WHERE rules.rule::text = c.rule::text;

-- NULL
SELECT c8ql_eval(NULL);
SELECT c8ql_eval('1', NULL);

-- bad input
SELECT c8ql_eval('1', '[]');
SELECT c8ql_eval('(INSERT {} IN c)');
\set VERBOSITY sqlstate
SELECT c8ql_eval('(INSERT {} IN c)');
SELECT '{a:'::docexpr;
INSERT INTO rules VALUES (4, 'a b');
DROP TABLE rules, rules_copy;
