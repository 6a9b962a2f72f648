-- Functions of objects and JSON.  Attributes come in jsonb's order: shorter
-- names first.
-- Every row of "want" is a call and the answer that AQL's documentation gives.
-- The first query shows what differs from it (nothing), the second how many
-- were tried.
CREATE TEMP TABLE want (n serial, expr text, answer text);
INSERT INTO want (expr, answer) VALUES
	('HAS({name: "Jane"}, "name")', 'true'), ('HAS({name: "Jane"}, "age")', 'false'), ('HAS({name: null}, "name")', 'true'), ('HAS({"1": 0}, 1)', 'true'), ('HAS("name", "name")', 'false'), ('HAS(null, "a")', 'false'), ('HAS([], 0)', 'false'), ('HAS({"": 1}, null)', 'true'),
	('ATTRIBUTES({foo: "bar", _key: "123", _custom: "yes"})', '["foo", "_key", "_custom"]'), ('ATTRIBUTES({foo: "bar", _key: "123", _custom: "yes"}, true)', '["foo"]'), ('ATTRIBUTES({b: 1, aa: 2}, false, true)', '["aa", "b"]'), ('ATTRIBUTES({})', '[]'), ('KEYS({a: 1})', '["a"]'),
	('VALUES({_key: "users/jane", name: "Jane", age: 35})', '[35, "users/jane", "Jane"]'), ('VALUES({_key: "users/jane", name: "Jane", age: 35}, true)', '[35, "Jane"]'), ('VALUES({})', '[]'),
	('UNSET({a: 1, b: 2, c: 3}, "a", "c")', '{"b": 2}'), ('UNSET({a: 1, b: 2, c: 3}, ["a", "b"])', '{"c": 3}'), ('UNSET({a: 1}, "x")', '{"a": 1}'), ('UNSET({"1": 1, b: 2}, 1)', '{"b": 2}'), ('UNSET({a: {a: 1}}, "b")', '{"a": {"a": 1}}'), ('UNSET({a: 1}, null)', '{"a": 1}'),
	('UNSET_RECURSIVE({foo: {bar: 1, baz: 2}, bar: 3}, "bar")', '{"foo": {"baz": 2}}'), ('UNSET_RECURSIVE({a: [{b: 1}], b: 2}, ["b"])', '{"a": [{"b": 1}]}'),
	('KEEP({a: 1, b: 2, c: 3}, "a", "c")', '{"a": 1, "c": 3}'), ('KEEP({a: 1, b: 2}, ["b", "x"])', '{"b": 2}'), ('KEEP({a: 1}, "x")', '{}'), ('KEEP_RECURSIVE({a: {a: 1, b: 2}, b: 3}, "a")', '{"a": {"a": 1}}'), ('KEEP_RECURSIVE({a: [{b: 1}]}, "a")', '{"a": [{"b": 1}]}'),
	('MERGE({a: 1, b: 2}, {b: 3, c: 4}, {c: null})', '{"a": 1, "b": 3, "c": null}'), ('MERGE([{a: 1}, {b: {c: 1}}, {b: {d: 2}}])', '{"a": 1, "b": {"d": 2}}'), ('MERGE({a: 1})', '{"a": 1}'), ('MERGE([])', '{}'), ('MERGE({}, {})', '{}'),
	('MERGE_RECURSIVE({"user-1": {name: "Jane", livesIn: {city: "LA"}}}, {"user-1": {age: 42, livesIn: {state: "CA"}}})', '{"user-1": {"age": 42, "name": "Jane", "livesIn": {"city": "LA", "state": "CA"}}}'), ('MERGE_RECURSIVE([{a: {b: 1}}, {a: 2}, {a: {c: 3}}])', '{"a": {"c": 3}}'), ('MERGE_RECURSIVE({a: [1]}, {a: [2]})', '{"a": [2]}'), ('MERGE_RECURSIVE({a: 1})', '{"a": 1}'),
	('ZIP(["name", "active", "hobbies"], ["some user", true, ["swimming", "riding"]])', '{"name": "some user", "active": true, "hobbies": ["swimming", "riding"]}'), ('ZIP([1, null, "1"], ["a", "b", "c"])', '{"": "b", "1": "a"}'), ('ZIP([], [])', '{}'),
	('TRANSLATE("FR", {US: "United States", FR: "France"})', '"France"'), ('TRANSLATE(42, {"42": true})', 'true'), ('TRANSLATE("DE", {US: "United States"})', '"DE"'), ('TRANSLATE("DE", {}, "not found!")', '"not found!"'), ('TRANSLATE("DE", {}, null)', 'null'), ('TRANSLATE(null, {"": 1})', '1'), ('TRANSLATE("a", {a: null}, 1)', 'null'),
	('MATCHES({name: "jane", age: 27, active: true}, {age: 27, active: true})', 'true'), ('MATCHES({test: 1}, [{test: 1, foo: "bar"}, {foo: 1}, {test: 1}], true)', '2'), ('MATCHES({a: 1}, {a: 2})', 'false'), ('MATCHES({a: 1}, {})', 'true'), ('MATCHES({a: 1}, {b: null})', 'true'), ('MATCHES({a: 1}, [{a: 1}, {}], true)', '0'), ('MATCHES({a: 1}, [], true)', '-1'), ('MATCHES(null, {})', 'false'), ('MATCHES("a", "a")', 'false'),
	('PARSE_IDENTIFIER("_users/my-user")', '{"key": "my-user", "collection": "_users"}'), ('PARSE_IDENTIFIER({_id: "mycollection/mykey", value: 1})', '{"key": "mykey", "collection": "mycollection"}'),
	('JSON_STRINGIFY("a")', '"\"a\""'), ('JSON_STRINGIFY(null)', '"null"'), ('JSON_STRINGIFY(1.0)', '"1"'), ('JSON_STRINGIFY([{a: [true]}, "\t\"ä"])', '"[{\"a\":[true]},\"\\t\\\"ä\"]"'), ('JSON_STRINGIFY("\u0001")', '"\"\\u0001\""'),
	('JSON_PARSE("123")', '123'), ('JSON_PARSE("[true, {\"a\": null}]")', '[true, {"a": null}]'), ('JSON_PARSE("\"\\u00e4\"")', '"ä"'), ('JSON_PARSE(" null ")', 'null'), ('JSON_PARSE("{\"a\":1,\"a\":2}")', '{"a": 2}'), ('JSON_PARSE(JSON_STRINGIFY({a: [1.5, "x"]}))', '{"a": [1.5, "x"]}');
WITH got AS MATERIALIZED (
	SELECT n, expr, answer, c8ql_eval(expr::docexpr)::text AS got FROM want ORDER BY n)
SELECT expr, answer, got FROM got WHERE got IS DISTINCT FROM answer ORDER BY n;
SELECT count(*) AS tried FROM want;
-- wrong types: null and warning 1542
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES
	('ATTRIBUTES([])'), ('KEYS(null)'), ('VALUES("a")'), ('VALUES(null)'), ('UNSET(null, "a")'), ('UNSET([], "a")'), ('UNSET_RECURSIVE(1, "a")'), ('KEEP(null, "a")'), ('KEEP_RECURSIVE("a", "a")'),
	('MERGE(null, {})'), ('MERGE({}, null)'), ('MERGE({}, [])'), ('MERGE([{}, 1])'), ('MERGE(1)'), ('MERGE_RECURSIVE({}, 1)'), ('MERGE_RECURSIVE(null)'),
	('ZIP(["a"], [])'), ('ZIP("a", ["a"])'), ('ZIP(null, null)'), ('TRANSLATE("a", null)'), ('TRANSLATE("a", [])'),
	('PARSE_IDENTIFIER("nocollection")'), ('PARSE_IDENTIFIER("a/b/c")'), ('PARSE_IDENTIFIER({})'), ('PARSE_IDENTIFIER({_id: 1})'), ('PARSE_IDENTIFIER(null)'),
	('JSON_PARSE(1)'), ('JSON_PARSE(null)'), ('JSON_PARSE("")'), ('JSON_PARSE("[1")'), ('JSON_PARSE("1 2")'), ('JSON_PARSE("''a''")'), ('JSON_PARSE("1e5000")'), ('JSON_PARSE("\"\\u0000\"")'), ('JSON_PARSE("\"\\ud800\"")')) v(expr);
-- a warning, and a result nevertheless
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES ('UNSET({a: 1, b: 2}, ["a", 1])'), ('KEEP({a: 1, b: 2}, ["a", null])'), ('MATCHES({a: 1}, [1, {a: 1}], true)')) v(expr);
-- depth is limited by the stack, with a clean error
SET max_stack_depth = '200kB';
\set VERBOSITY sqlstate
SELECT c8ql_eval('JSON_PARSE(REPEAT("[", 100000))');
SELECT c8ql_eval('FLATTEN(JSON_PARSE(CONCAT(REPEAT("[", 100000), REPEAT("]", 100000))), 1000000)');
\set VERBOSITY default
RESET max_stack_depth;
DROP TABLE want;
