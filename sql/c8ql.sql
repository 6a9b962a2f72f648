-- Statements: clauses, scopes, own writes, collections.
\set SHOW_CONTEXT never
SELECT create_collection('people'), create_collection('log');
SELECT inserted FROM upsert_load('people', '[{"_key":"a","name":"Ann","age":30,"city":"Rome"},{"_key":"b","name":"Bob","age":25,"city":"Oslo"},
  {"_key":"c","name":"Cid","age":30,"city":"Rome"},{"_key":"d","name":"Dan","city":"Rome"}]');

-- FOR: arrays, ranges, parameters, subqueries, collections
SELECT c8ql('FOR x IN [1, "a", null, [2]] RETURN x');
SELECT c8ql('FOR x IN 3..1 RETURN x');
SELECT c8ql('FOR x IN @list RETURN x.v', '{"list": [{"v": 1}, {"v": 2}]}');
SELECT c8ql('FOR x IN (FOR y IN 1..3 RETURN y * y) RETURN x');
SELECT c8ql('FOR p IN people SORT p._key RETURN p.name');
SELECT c8ql('FOR p IN @@c FILTER p._id == "people/a" RETURN UNSET(p, "_rev")', '{"@c": "people"}');
SELECT c8ql('FOR x IN 1..2 FOR y IN 1..2 RETURN [x, y]');
SELECT c8ql('FOR x IN [] RETURN x');
SELECT c8ql('FOR p IN `people` FILTER p.name == "Ann" RETURN p.age');

-- LET, FILTER, SORT, LIMIT
SELECT c8ql('LET a = 1, b = a + 1 LET c = a + b RETURN {a, b, c}');
SELECT c8ql('FOR p IN people FILTER p.age > 26 SORT p.name DESC RETURN p.name');
SELECT c8ql('FOR p IN people SORT p.age, p.name RETURN [p.age, p.name]');
SELECT c8ql('FOR p IN people SORT p.age DESC, p.name DESC LIMIT 1, 2 RETURN p.name');
SELECT c8ql('FOR x IN 1..10 LIMIT 3 RETURN x');
SELECT c8ql('FOR x IN 1..10 LIMIT @o, @n RETURN x', '{"o": 8, "n": 5}');
SELECT c8ql('FOR x IN 1..3 LIMIT 0 RETURN x');
-- sorting is stable and keeps all variables
SELECT c8ql('FOR x IN [[2, "a"], [1, "b"], [2, "c"], [1, "d"]] LET k = x[0] SORT k RETURN CONCAT(k, x[1])');

-- RETURN DISTINCT
SELECT c8ql('FOR x IN [1, 2, 1.0, "1", null, null, [1], [1, null]] RETURN DISTINCT x');

-- COLLECT
SELECT c8ql('FOR p IN people COLLECT city = p.city RETURN city');
SELECT c8ql('FOR p IN people COLLECT city = p.city WITH COUNT INTO n RETURN {city, n}');
SELECT c8ql('FOR p IN people COLLECT WITH COUNT INTO n RETURN n');
SELECT c8ql('FOR p IN people FILTER false COLLECT WITH COUNT INTO n RETURN n');
SELECT c8ql('FOR p IN people FILTER false COLLECT c = p.city WITH COUNT INTO n RETURN n');
SELECT c8ql('FOR p IN people COLLECT city = p.city, age = p.age RETURN [city, age]');
SELECT c8ql('FOR p IN people COLLECT city = p.city AGGREGATE oldest = MAX(p.age), total = SUM(p.age), n = LENGTH(), ages = UNIQUE(p.age) RETURN {city, oldest, total, n, ages}');
SELECT c8ql('FOR p IN people COLLECT AGGREGATE avg = AVERAGE(p.age), d = COUNT_DISTINCT(p.city) RETURN [avg, d]');
SELECT c8ql('FOR p IN people SORT p.name COLLECT city = p.city INTO g = p.name RETURN {city, g}');
SELECT c8ql('FOR p IN people LET n = p.name SORT n COLLECT city = p.city INTO g KEEP n RETURN {city, g}');
SELECT c8ql('FOR x IN 1..2 LET y = x * 10 COLLECT z = 1 INTO g RETURN g');

-- subqueries, correlated, as arguments without parentheses of their own
SELECT c8ql('FOR c IN ["Oslo", "Rome"] LET n = (FOR p IN people FILTER p.city == c SORT p.name RETURN p.name) RETURN {c, n}');
SELECT c8ql('RETURN LENGTH(FOR p IN people RETURN 1)');
SELECT c8ql('RETURN FIRST(FOR x IN 5..7 RETURN x)');
SELECT c8ql('RETURN [LENGTH(people), COLLECTION_COUNT(people), COLLECTION_COUNT("people"), COUNT(@@c)]', '{"@c": "people"}');
SELECT c8ql('RETURN [DOCUMENT("people/a").name, DOCUMENT(people, "b").name, DOCUMENT("people/zz"), DOCUMENT(["people/c", "people/x", "people/d"])[*].name, DOCUMENT("nowhere/1")]');
SELECT c8ql_eval('(FOR p IN people SORT p._key RETURN p._key)');

-- INSERT, UPDATE, REPLACE, REMOVE
SELECT c8ql('INSERT {_key: "1", at: 1} INTO log RETURN [OLD, NEW.at, NEW._id]');
SELECT c8ql('FOR i IN 2..4 INSERT {_key: TO_STRING(i), at: i} IN log');
SELECT c8ql('UPDATE "1" WITH {at: 10, more: {a: 1}} IN log RETURN [OLD.at, NEW.at]');
SELECT c8ql('UPDATE {_key: "1", more: {b: 2}} IN log RETURN NEW.more');
SELECT c8ql('FOR l IN log FILTER l.at < 4 SORT l._key UPDATE l WITH {at: l.at * 2} IN log RETURN NEW.at');
SELECT c8ql('REPLACE "1" WITH {x: 1} IN log RETURN UNSET(NEW, "_rev")');
SELECT c8ql('FOR l IN log FILTER l.x == 1 REMOVE l IN log RETURN OLD.x');
SELECT c8ql('REMOVE "2" IN log RETURN [OLD.at, NEW]');
SELECT _key, doc FROM log ORDER BY 1;
TRUNCATE log;

-- UPSERT forms: object, parameter, nested, shorthand, FILTER
SELECT c8ql('UPSERT @s INSERT @d UPDATE @d IN log RETURN [OLD == null, NEW.v]', '{"s": {"k": 1}, "d": {"k": 1, "v": 2}}');
SELECT c8ql('UPSERT @s INSERT @d UPDATE @d IN log RETURN [OLD == null, NEW.v]', '{"s": {"k": 1}, "d": {"v": 3}}');
SELECT c8ql('LET k = 1 UPSERT {k} INSERT {k} UPDATE {hits: OLD.hits + 1} IN log RETURN NEW.hits');
SELECT c8ql('UPSERT {a: {b: {c: "x"}}} INSERT {a: {b: {c: "x", d: 1}, e: 2}} UPDATE {n: OLD.n + 1} IN log RETURN NEW.n');
SELECT c8ql('UPSERT {a: {b: {c: "x"}}} INSERT {} UPDATE {n: OLD.n + 1} IN log RETURN NEW.n');
SELECT c8ql('UPSERT FILTER CURRENT.n > 0 && $CURRENT.a.e == 2 INSERT {} UPDATE {n: OLD.n + 10} IN log RETURN NEW.n');
SELECT c8ql('LET two = {e: 2} UPSERT {a: two} INSERT {whole: two} UPDATE {} IN log RETURN NEW.whole');
-- equality is the language's: null is missing, 1 is 1.0, arrays whole
SELECT c8ql('UPSERT {k: 1.0} INSERT {} UPDATE {seen: 1} IN log RETURN OLD.k');
SELECT c8ql('UPSERT {k: "1"} INSERT {k: "1"} UPDATE {} IN log RETURN OLD');
SELECT c8ql('UPSERT {whole: {e: 2}, k: null} INSERT {} UPDATE {found: true} IN log RETURN NEW.found');
SELECT c8ql('UPSERT {list: [1, {a: 2}]} INSERT {list: [1, {a: 2}, null]} UPDATE {} IN log RETURN OLD');
SELECT c8ql('UPSERT {list: [1, {a: 2}]} INSERT {} UPDATE {} IN log RETURN OLD.list');
SELECT c8ql('UPSERT {o: {}} INSERT {o: {}} UPDATE {} IN log RETURN OLD');
SELECT c8ql('UPSERT {o: {}} INSERT {o: 1} UPDATE {} IN log RETURN OLD.o');
-- a quoted name with dots is one attribute
SELECT c8ql('UPSERT {"a.b": 1} INSERT {"a.b": 1} UPDATE {} IN log RETURN OLD');
SELECT c8ql('UPSERT {"a.b": 1} INSERT {} UPDATE {} IN log RETURN OLD["a.b"]');
-- an empty search matches anything, the least key first
TRUNCATE log;
SELECT c8ql('UPSERT {} INSERT {_key: "m", n: 1} UPDATE {n: OLD.n + 1} IN log RETURN NEW.n');
SELECT c8ql('INSERT {_key: "b", n: 5} IN log');
SELECT c8ql('UPSERT {} INSERT {} UPDATE {n: OLD.n + 1} IN log RETURN [NEW._key, NEW.n]');

-- own writes are seen row by row: 2,000 times the same
TRUNCATE log;
SELECT c8ql_execute('FOR i IN 1..2000 UPSERT {_key: "x"} INSERT {_key: "x", n: 1} UPDATE {n: OLD.n + 1} IN log')->'extra'->'stats' AS by_key;
SELECT c8ql_execute('FOR i IN 1..2000 UPSERT {name: "y"} INSERT {name: "y", n: 1} UPDATE {n: OLD.n + 1} IN log')->'extra'->'stats' AS by_name;
SELECT doc FROM log ORDER BY doc->>'name' NULLS FIRST;
-- an UPDATE that says nothing, or only the key, writes nothing
SELECT c8ql_execute('UPSERT {name: "y"} INSERT {} UPDATE {} IN log RETURN OLD._rev == NEW._rev') AS nothing;
SELECT c8ql_execute('UPSERT {name: "y"} INSERT {} UPDATE {_key: "other"} IN log RETURN OLD == NEW') AS only_key;
SELECT c8ql_execute('UPSERT {name: "y"} INSERT {} UPDATE {n: 2000} IN log RETURN OLD == NEW') AS same;

-- LIMIT after a modification limits what is answered, not what is written
TRUNCATE log;
SELECT c8ql('FOR i IN 1..10 UPSERT {i} INSERT {i} UPDATE {} IN log LIMIT 5, 0 RETURN NEW.i');
SELECT count(*) FROM log;
SELECT c8ql('FOR i IN 11..20 UPSERT {i} INSERT {i} UPDATE {} IN log LIMIT 2, 3 RETURN NEW.i');
SELECT count(*) FROM log;
SELECT c8ql('FOR i IN 1..30 LIMIT 25, 2 UPSERT {i} INSERT {i} UPDATE {} IN log RETURN NEW.i');
SELECT count(*) FROM log;
-- clauses after it
SELECT c8ql('FOR i IN 19..22 UPSERT {i} INSERT {i} UPDATE {} IN log LET what = OLD ? "update" : "insert" FILTER what == "insert" SORT NEW.i DESC RETURN [NEW.i, what]');
SELECT c8ql('FOR i IN 1..5 UPSERT {i} INSERT {i} UPDATE {} IN log COLLECT WITH COUNT INTO n RETURN n');
-- two collections in one statement, and in subqueries
SELECT c8ql('FOR p IN people UPSERT {who: p.name} INSERT {who: p.name} UPDATE {} IN log UPDATE p WITH {logged: true} IN people COLLECT WITH COUNT INTO n RETURN n');
SELECT c8ql('LET a = FIRST(UPSERT {who: "Eve"} INSERT {who: "Eve"} UPDATE {} IN log RETURN NEW) LET b = FIRST(UPSERT {name: "Eve"} INSERT {name: "Eve", log: a.who} UPDATE {} IN people RETURN NEW) RETURN [a.who, b.log]');
SELECT c8ql('LET x = (UPSERT {who: "Fay"} INSERT {who: "Fay"} UPDATE {} IN log) RETURN x');
-- a FOR over the collection does not see what the statement writes
SELECT c8ql_execute('FOR l IN log INSERT {copy: l._key} IN log')->'extra'->'stats'->'inserted' AS inserted, (SELECT count(*) FROM log) AS before;

-- OLD and NEW: a variable of the user's comes first; $OLD is always it
TRUNCATE log;
SELECT c8ql('LET OLD = "mine" UPSERT {a: 1} INSERT {a: 1} UPDATE {} IN log RETURN [OLD, $OLD, NEW.a, $NEW.a]');
SELECT c8ql('UPSERT {a: 1} INSERT {} UPDATE {} IN log RETURN {OLD: KEEP(OLD, "a"), NEW: KEEP(NEW, "a")}');
SELECT jsonb_object_keys(c8ql('UPSERT {a: 1} INSERT {} UPDATE {} IN log RETURN {OLD, NEW}'));

-- both documents are evaluated; only the one that is taken must be an object
SELECT c8ql('UPSERT {a: 1} INSERT "no object" UPDATE {b: 1} IN log RETURN NEW.b');
SELECT c8ql('UPSERT {a: 2} INSERT {a: 2} UPDATE "no object" IN log RETURN NEW.a');
SELECT c8ql('UPSERT {a: 1} INSERT {x: FIRST(1)} UPDATE {b: 2} IN log RETURN NEW.b');
SELECT c8ql('UPSERT {a: 3} INSERT {a: 3} UPDATE {x: REPLACE_NTH(OLD.list, 1, 2)} IN log RETURN NEW.a');

-- a table of one's own
CREATE TABLE own (id int PRIMARY KEY, doc jsonb);
SELECT c8ql('UPSERT {_key: "7"} INSERT {_key: "7", n: 1} UPDATE {n: OLD.n + 1} IN own RETURN NEW');
SELECT c8ql('UPSERT {n: 1} INSERT {} UPDATE {n: OLD.n + 1} IN own RETURN NEW');
TABLE own;
-- other schemas: by the search path, or by name
CREATE SCHEMA elsewhere;
SELECT create_collection('elsewhere.things');
SELECT c8ql('UPSERT {a: 1} INSERT {a: 1} UPDATE {} IN `elsewhere.things` RETURN NEW.a');
SET search_path = elsewhere, public;
SELECT c8ql('FOR t IN things RETURN t.a');
RESET search_path;

-- 1579, lifted: from top to bottom, row by row
SELECT c8ql('FOR i IN 1..2 UPSERT {i} INSERT {i} UPDATE {} IN log LET n = LENGTH(FOR l IN log FILTER l.i != null RETURN 1) RETURN n', '{}', '{"accessAfterWrite": true}');
SELECT c8ql('UPSERT {z: 1} INSERT {z: 1} UPDATE {} IN log UPSERT {z: 1} INSERT {} UPDATE {z: 2} IN log RETURN NEW.z', '{}', '{"accessAfterWrite": true}');

-- how it will be looked up
SELECT create_collection('uniq', '{"unique": ["email", "a.b"]}');
SELECT c8ql_explain('UPSERT {_key: "x"} INSERT {} UPDATE {} IN log');
SELECT c8ql_explain('FOR l IN log UPSERT {email: l.x} INSERT {} UPDATE {} IN uniq');
SELECT c8ql_explain('UPSERT {a: {b: 1}} INSERT {} UPDATE {} IN uniq');
-- a search by parameter: what its value says
SELECT c8ql_explain('UPSERT @s INSERT {} UPDATE {} IN uniq', jsonb_build_object('s', s))
FROM unnest('{"{\"a\": {\"b\": 1}}", "{\"_key\": 1}", "{\"other\": 1}", "5"}'::jsonb[]) s;
SELECT c8ql_explain('UPSERT {name: 1} INSERT {} UPDATE {} IN log');
CREATE INDEX log_name ON log ((doc->>'name'));
SELECT c8ql_explain('UPSERT {name: 1} INSERT {} UPDATE {} IN log');
CREATE INDEX log_doc ON log USING gin (doc jsonb_path_ops);
SELECT c8ql_explain('UPSERT {other: 1} INSERT {} UPDATE {} IN log UPSERT {x: 1} INSERT {} UPDATE {} IN @@c', '{"@c": "people"}');
SELECT c8ql('FOR i IN 1..3 UPSERT {email: "e", a: {b: 1}} INSERT {email: "e", a: {b: 1}, n: 1} UPDATE {n: OLD.n + 1} IN uniq RETURN NEW.n');
SELECT c8ql('FOR i IN 1..3 UPSERT {name: "n"} INSERT {name: "n", n: 1} UPDATE {n: OLD.n + 1} IN log RETURN NEW.n');
-- other types do not match, whatever the index says
SELECT c8ql('UPSERT {name: 1} INSERT {name: 1} UPDATE {} IN log RETURN OLD');
SELECT c8ql('UPSERT {name: 1.0} INSERT {} UPDATE {} IN log RETURN OLD.name');

-- edges
-- SQL folds names, the language does not: the name as it stands comes first
SELECT create_collection('Folded');
SELECT c8ql('UPSERT {a: 1} INSERT {a: 1} UPDATE {} IN Folded RETURN SPLIT(NEW._id, "/")[0]');
CREATE TABLE "Folded" (k text PRIMARY KEY, doc jsonb);
SELECT c8ql('UPSERT {a: 1} INSERT {a: 1} UPDATE {} IN Folded RETURN SPLIT(NEW._id, "/")[0]');
SELECT c8ql('UPSERT {a: 1} INSERT {a: 1} UPDATE {b: 1} IN @@c RETURN SPLIT(NEW._id, "/")[0]', '{"@c": "FOLDED"}');
DROP TABLE folded, "Folded";

SELECT create_collection('knows', '{"type": "edge"}');
SELECT c8ql('FOR i IN 1..2 UPSERT {_from: "people/a", _to: "people/b"} INSERT {_from: "people/a", _to: "people/b", n: 1} UPDATE {n: OLD.n + 1, _to: "people/c"} IN knows RETURN [NEW._from, NEW._to, NEW.n]');

-- locks on searches are bounded, and are not the user's advisory locks
TRUNCATE people;
BEGIN;
SELECT c8ql_execute('FOR i IN 1..600 UPSERT {name: i} INSERT {name: i} UPDATE {} IN people')->'extra'->'stats'->'inserted' AS inserted;
SELECT count(*) BETWEEN 250 AND 260 AS bounded, count(*) FILTER (WHERE objsubid IN (1, 2)) AS users FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
COMMIT;

-- bounded memory: a long loop, a long scan
SELECT c8ql('FOR x IN 1..300000 FILTER x % 100000 == 0 RETURN x');
SELECT c8ql('FOR x IN 1..1000000000000 LIMIT 2 RETURN x');
DROP TABLE people, log, own, uniq, knows;
DROP SCHEMA elsewhere CASCADE;
