-- The language's smaller parts.
\set SHOW_CONTEXT never

-- numbers
SELECT c8ql('RETURN [.5, -.5, .5e1, 1.5, 0.25 + .25, 1..3, [.1, .2]]');
SELECT c8ql('FOR i IN 1..3 RETURN i * .5');
-- LIMIT offset, null: all that there are
SELECT array_agg(x) FROM c8ql('FOR i IN 1..5 LIMIT 2, null RETURN i') x;
SELECT array_agg(x) FROM c8ql('FOR i IN 1..5 LIMIT @o, @n RETURN i', '{"o": 3, "n": null}') x;
SELECT array_agg(x) FROM c8ql('FOR i IN 1..5 LIMIT null RETURN i') x;

-- tables of other schemas
CREATE SCHEMA "my schema";
SELECT create_collection('"my schema".users'), create_collection('"my schema"."A.B"');
SELECT c8ql('INSERT {_key: "1", n: 1} IN `my schema.users` RETURN NEW.n');
SELECT c8ql('FOR u IN `my schema`.users RETURN u.n');
SELECT c8ql('FOR u IN `my schema`.`users` UPDATE u WITH {n: u.n + 1} IN `my schema`.users RETURN NEW.n');
SELECT c8ql('RETURN [LENGTH(`my schema`.users), COLLECTION_COUNT(`my schema`.users), DOCUMENT(`my schema`.users, "1").n, DOCUMENT("my schema.users/1").n]');
SELECT c8ql('UPSERT {n: 2} INSERT {} UPDATE {n: 3} IN `my schema`.`users` RETURN NEW.n');
SELECT c8ql('WITH `my schema`.users FOR u IN @@c RETURN u.n', '{"@c": "my schema.users"}');
SELECT c8ql('INSERT {} IN `my schema.A.B` RETURN 1');
SELECT c8ql('FOR x IN `my schema`.`A.B` RETURN 2');
-- a variable comes first
SELECT c8ql('LET `my schema` = {users: [7]} FOR u IN `my schema`.users RETURN u');
DROP SCHEMA "my schema" CASCADE;

-- taking values apart
SELECT c8ql('LET {a, b: x, c: {d}, e: [f, , g]} = {a: 1, b: 2, c: {d: 3}, e: [4, 5, 6]} RETURN [a, x, d, f, g]');
SELECT c8ql('LET [x, , y] = [1, 2, 3], z = x + y RETURN [x, y, z]');
SELECT c8ql('LET [x, y] = {a: 1}, {a} = [1], {"b c": w} = null, [[n], {m}] = [[7], {m: 8}] RETURN [x, y, a, w, n, m]');
SELECT c8ql('FOR [k, v] IN ENTRIES({p: 1, q: 2}) RETURN {k, v}');
SELECT c8ql('FOR {n, o: {p}} IN [{n: 1, o: {p: 2}}, {m: 2}, 3] RETURN [n, p]');
-- the value is computed once, and what holds it is nobody's
SELECT c8ql('FOR i IN 1..2 LET {a, b} = {a: i, b: WARN(i < 2, "once")} COLLECT z = 1 INTO g RETURN g');
SELECT c8ql('LET a = 1 LET {a} = {a: 2} RETURN a');
SELECT c8ql('LET [a, {a}] = [1, {a: 2}] RETURN a');
SELECT '(LET {a, b: [c, , d]} = x FOR {e} IN y RETURN [a, c, d, e])'::docexpr;
SELECT create_collection('parts');
SELECT c8ql('INSERT {_key: "k", n: 1, l: [2, 3]} INTO parts LET {_key, n, l: [, third]} = NEW RETURN [_key, n, third]');
SELECT c8ql('FOR {_key, _id, n} IN parts RETURN [_key, _id, n]');

-- [? ...]
SELECT c8ql('LET a = [1, 2, 3, 4] RETURN [a[? 2 FILTER CURRENT % 2 == 0], a[? 3 FILTER CURRENT % 2 == 0], a[? 1..2 FILTER CURRENT > 2], a[? 3..4 FILTER CURRENT > 2], a[?], [][?], @n[?]]', '{"n": null}');
SELECT c8ql('LET a = [1, 2, 3, 4] RETURN [a[? ALL FILTER CURRENT > 0], a[? ALL FILTER CURRENT > 1], a[? NONE FILTER CURRENT > 4], a[? NONE FILTER CURRENT > 3], a[? ANY FILTER CURRENT == 4], a[? FILTER CURRENT == 5], a[? AT LEAST (1 + 1) FILTER CURRENT > 2], a[? AT LEAST (3) FILTER CURRENT > 2]]');
SELECT c8ql('RETURN [[][? ALL FILTER false], [][? NONE FILTER true], [][? 0 FILTER true], {}[? NONE FILTER true], [{a: [1]}, {a: []}][*].a[? FILTER CURRENT == 1]]');
SELECT c8ql('LET x = [[1, 2], [3]] RETURN x[? FILTER CURRENT[? 2 FILTER CURRENT > 0]]');
SELECT 'x[? 2..3 FILTER CURRENT > 1 && y[? AT LEAST (2) FILTER CURRENT]].z'::docexpr;
SELECT 'a[?][? NONE FILTER b] || a[? ALL FILTER c]'::docexpr;

-- fullCount: rows before the last LIMIT of the outermost query
CREATE FUNCTION full_count(text) RETURNS jsonb LANGUAGE sql AS $$SELECT c8ql_execute($1, '{}', '{"fullCount": true}')->'extra'->'stats'->'fullCount'$$;
SELECT full_count('FOR x IN 1..100 LIMIT 3, 5 RETURN x');
SELECT full_count('FOR x IN 1..100 LIMIT 90 FILTER x > 2 LIMIT 2 LET y = (FOR z IN 1..3 LIMIT 1 RETURN z) RETURN y');
SELECT full_count('FOR x IN 1..10 LIMIT 0 RETURN x'), full_count('FOR x IN 1..10 LIMIT 20, null RETURN x');
SELECT full_count('FOR x IN 1..10 RETURN x'), full_count('RETURN (FOR x IN 1..10 LIMIT 1 RETURN x)');
SELECT count(*) FROM c8ql('FOR x IN 1..10 LIMIT 4 RETURN x', '{}', '{"fullCount": true}');

-- what people type
CREATE FUNCTION hint(query text, OUT state text, OUT message text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM c8ql(query);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;
SELECT q, h.* FROM unnest(ARRAY['RETURN LENGHT([1])', 'RETURN coalesce(1)', 'RETURN now()', 'RETURN zzzzzz(1)', 'RETURN DATE_ISO(1)', 'RETURN 1;', 'RETURN 1; RETURN 2', 'SELECT * FROM x',
  'FOR x IN parts WHERE x.n == 1 RETURN x', 'FOR x IN parts FILTER x.n = 1 RETURN x', 'FOR x IN parts FILTER x.n <> 1 RETURN x', 'FOR x IN parts FILTER x.n IS NULL RETURN x', 'FOR x IN parts FILTER x.n != 1 ORDER BY x RETURN x',
  'FOR x IN parts GROUP BY x RETURN x', 'DELETE "a" IN parts', 'UPDATE "k" SET {n: 1} IN parts', 'INSERT INTO parts VALUES (1)', 'RETURN OLD', 'UPDATE "k" WITH {n: OLD.n + 1} IN parts', 'UPSERT {} INSERT {n: NEW.n} UPDATE {} IN parts', 'RETURN CURRENT',
  'RETURN 1 & 2', 'RETURN 1 | 2', 'FOR x IN parts FILTER x.n BETWEEN 1 AND 2 RETURN x',
  'FOR x IN v SEARCH x.a == 1 RETURN x', 'FOR x IN v SEARCH ANALYZER(x.a == 1, "t") RETURN x', 'FOR v IN 1..2 OUTBOUND "a/1" GRAPH "g" RETURN v', 'FOR v IN ANY SHORTEST_PATH "a/1" TO "b/1" GRAPH "g" RETURN v',
  'FOR v IN 1..3 OUTBOUND K_PATHS "a" TO "b" GRAPH "g" RETURN v', 'FOR v IN OUTBOUND K_SHORTEST_PATHS "a" TO "b" edges RETURN v', 'FOR x, y IN [1] RETURN x', 'FOR a, b, c, d IN ANY "a/b" parts RETURN a']) q, hint(q) h;
DROP TABLE parts;
DROP FUNCTION hint, full_count;
