-- upsert_object: JSON values as values of every kind of column type
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE pair AS (x int, y text);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN required AS text NOT NULL;
CREATE DOMAIN grid AS int[] CHECK (cardinality(value) < 5);
CREATE TABLE types (
	id int PRIMARY KEY, i2 int2, i8 int8, n numeric, n2 numeric(6,2), f float8, b bool, t text, v varchar(3), c char(4),
	u uuid, d date, tz timestamptz, ts timestamp, iv interval, by bytea, j json, jb jsonb, m mood, p pair, ps pair[],
	a int[], aa text[], pos positive, g grid, r int4range, ip inet, x bit(3));

-- numbers do not go through doubles
SELECT new->'i8' AS i8, new->'n' AS n, new->'n2' AS n2, new->'f' AS f FROM upsert_object('types',
	'{"id": 1, "i8": 9223372036854775807, "n": 12345678901234567890.1234567890, "n2": 1.005, "f": 0.1}');
SELECT new->'n' AS n FROM upsert_object('types', '{"id": 1, "n": "NaN"}');
SELECT new->'n' AS n FROM upsert_object('types', '{"id": 1, "n": "1e3"}');
SELECT new->'i2' AS i2 FROM upsert_object('types', '{"id": 1, "i2": "7"}');
SELECT new->'i2' AS i2 FROM upsert_object('types', '{"id": "1", "i2": 40000}');
SELECT new->'i2' AS i2 FROM upsert_object('types', '{"id": 1, "i2": 1.5}');
SELECT new->'i2' AS i2 FROM upsert_object('types', '{"id": 1, "i2": true}');
SELECT new->'n2' AS n2 FROM upsert_object('types', '{"id": 1, "n2": 12345}');

-- text, of whatever
SELECT new->'t' AS t, new->'v' AS v, new->'c' AS c FROM upsert_object('types', '{"id": 1, "t": "é\"\\", "v": "abc", "c": "x"}');
SELECT new->'t' AS t FROM upsert_object('types', '{"id": 1, "t": 1.50}');
SELECT new->'t' AS t FROM upsert_object('types', '{"id": 1, "t": true}');
SELECT new->'t' AS t FROM upsert_object('types', '{"id": 1, "t": {"a": [1, "x"]}}');
SELECT new->'v' AS v FROM upsert_object('types', '{"id": 1, "v": "abcd"}');
SELECT new->'b' AS b FROM upsert_object('types', '{"id": 1, "b": true}');
SELECT new->'b' AS b FROM upsert_object('types', '{"id": 1, "b": "no"}');

-- the others
SELECT new - ARRAY['n', 'n2', 'i2', 'i8', 'f', 'b', 't', 'v', 'c', 'id'] AS new FROM upsert_object('types', '{"id": 2,
	"u": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "d": "2026-02-28", "tz": "2026-02-28T12:00:00+02:00", "ts": "2026-02-28 12:00",
	"iv": "1 day 02:00", "by": "\\xdeadbeef", "j": {"b": 1, "a": [null]}, "jb": {"b": 1, "a": [null]}, "m": "ok",
	"p": {"x": 1, "y": "one"}, "ps": [{"x": 1}, {"y": "two"}, null], "a": [1, null, 3], "aa": [["a", "b"], ["c", "d"]],
	"pos": 5, "g": [1, 2], "r": "[1,5)", "ip": "10.0.0.1/8", "x": "101"}');
-- a row read is a row unchanged, whatever is in it
SELECT action FROM upsert_object('types', (SELECT to_jsonb(w) FROM types w WHERE id = 2));
-- arrays and composites as text
SELECT new->'a' AS a, new->'p' AS p FROM upsert_object('types', '{"id": 2, "a": "{4,5}", "p": "(7,seven)"}');

-- json and jsonb take any value, strings as strings; null is NULL
SELECT jsonb_typeof(new->'j') AS j, jsonb_typeof(new->'jb') AS jb FROM upsert_object('types', '{"id": 3, "j": "{\"a\": 1}", "jb": "[1]"}');
SELECT jsonb_typeof(new->'j') AS j, jsonb_typeof(new->'jb') AS jb FROM upsert_object('types', '{"id": 3, "j": 5, "jb": false}');
SELECT action FROM upsert_object('types', '{"id": 3, "j": null, "jb": null, "a": null, "p": null, "t": null, "pos": null}');
SELECT j IS NULL AS j, jb IS NULL AS jb, a IS NULL AS a, pos IS NULL AS pos FROM types WHERE id = 3;

-- values that are none
SELECT 1 FROM upsert_object('types', '{"id": 1, "m": "glad"}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "u": "x"}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "d": "2026-02-30"}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "a": {"x": 1}}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "a": [1, "x"]}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "a": [1, [2]]}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "p": [1]}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "p": {"x": "no"}}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "pos": 0}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "g": [1, 2, 3, 4, 5]}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "x": "10"}');
SELECT 1 FROM upsert_object('types', '{"id": 1, "by": "\\xz"}');
SELECT 1 FROM upsert_object('types', '{"id": {"a": 1}}');
-- the attribute at fault stands in the context
\set SHOW_CONTEXT always
SELECT 1 FROM upsert_object('types', '{"id": 1, "i8": "x"}');
\set SHOW_CONTEXT never

-- a domain that is NOT NULL says nothing of rows that do not give it
CREATE TABLE strict (id int PRIMARY KEY, name required, n int);
SELECT action FROM upsert_object('strict', '{"id": 1, "name": "a"}');
SELECT action, new FROM upsert_object('strict', '{"id": 1, "n": 2}');
SELECT action FROM upsert_object('strict', '{"id": 1, "name": null}');
SELECT action FROM upsert_object('strict', '{"id": 2, "n": 1}');

DROP TABLE types, strict;
DROP DOMAIN positive, required, grid;
DROP TYPE mood, pair;
