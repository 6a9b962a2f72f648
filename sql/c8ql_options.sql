-- OPTIONS of UPSERT and of the other modifications.
\set SHOW_CONTEXT never
SELECT create_collection('opt');
CREATE FUNCTION stats(text, jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS
  $$SELECT r->'extra'->'stats' || jsonb_build_object('result', r->'result', 'warnings', r->'extra'->'warnings') FROM c8ql_execute($1, $2) r$$;
CREATE FUNCTION body(jsonb) RETURNS jsonb LANGUAGE sql AS $$SELECT $1 - '_id' - '_key' - '_rev'$$;

-- keepNull and mergeObjects
SELECT c8ql('INSERT {_key: "a", x: 1, o: {p: 1, q: {r: 1}}, l: [1, 2]} IN opt');
SELECT body(c8ql('UPSERT {_key: "a"} INSERT {} UPDATE {x: null, o: {q: {s: 2}}, l: [3]} IN opt RETURN NEW'));
SELECT body(c8ql('UPSERT {_key: "a"} INSERT {} UPDATE {x: null, o: {p: null, q: {r: null}}, n: {v: null}, l: [null]} IN opt OPTIONS {keepNull: false} RETURN NEW'));
SELECT body(c8ql('UPSERT {_key: "a"} INSERT {} UPDATE {o: {z: 1}} IN opt OPTIONS {mergeObjects: false} RETURN NEW'));
-- neither has an effect on REPLACE, nor on INSERT
SELECT body(c8ql('UPSERT {_key: "a"} INSERT {} REPLACE {o: {z: null}, y: null} IN opt OPTIONS {mergeObjects: false, keepNull: false} RETURN NEW'));
SELECT body(c8ql('UPSERT {_key: "b"} INSERT {_key: "b", y: null} REPLACE {} IN opt OPTIONS {keepNull: false} RETURN NEW'));
SELECT body(c8ql('UPSERT {_key: "b"} INSERT {} REPLACE {} IN opt RETURN NEW'));

-- ignoreRevs
SELECT c8ql('UPSERT {_key: "a"} INSERT {} UPDATE {_rev: "old", n: 1} IN opt RETURN NEW.n');
SELECT c8ql('FOR d IN opt FILTER d._key == "a" UPSERT {_key: "a"} INSERT {} UPDATE {_rev: d._rev, n: 2} IN opt OPTIONS {ignoreRevs: false} RETURN NEW.n');
SELECT c8ql('UPSERT {_key: "a"} INSERT {} UPDATE {n: 3} IN opt OPTIONS {ignoreRevs: false} RETURN NEW.n');
SELECT c8ql('UPSERT {_key: "a"} INSERT {} UPDATE {_rev: "", n: 4} IN opt OPTIONS {ignoreRevs: false} RETURN NEW.n');
SELECT c8ql('UPSERT {_key: "new"} INSERT {_key: "new", _rev: "x"} UPDATE {_rev: "x"} IN opt OPTIONS {ignoreRevs: false} RETURN NEW._rev == "x"');
\set VERBOSITY sqlstate
SELECT c8ql('UPSERT {_key: "a"} INSERT {} UPDATE {_rev: "old", n: 5} IN opt OPTIONS {ignoreRevs: false} RETURN NEW.n');
SELECT c8ql('UPSERT {_key: "a"} INSERT {} UPDATE {_rev: 5, n: 5} IN opt OPTIONS {ignoreRevs: false} RETURN NEW.n');
\set VERBOSITY default

-- ignoreErrors: what is counted, which rows go on
TRUNCATE opt;
SELECT c8ql('FOR i IN [1, 3] INSERT {_key: TO_STRING(i)} IN opt');
-- 1210: the search does not match, the key is there
SELECT stats('FOR i IN 1..4 UPSERT {nope: i} INSERT {_key: TO_STRING(i), nope: i} UPDATE {} IN opt OPTIONS {ignoreErrors: true} RETURN NEW._key');
SELECT _key FROM opt ORDER BY 1;
-- neither OLD nor NEW is used: the row goes on
SELECT stats('FOR i IN 1..4 UPSERT {other: i} INSERT {_key: TO_STRING(i)} UPDATE {} IN opt OPTIONS {ignoreErrors: true} RETURN i');
-- 1221, 1200
SELECT stats('FOR k IN [1, "a b", "ok", null] UPSERT {z: k} INSERT {_key: k, z: k} UPDATE {} IN opt OPTIONS {ignoreErrors: true} RETURN NEW._key');
SELECT stats('UPSERT {_key: "ok"} INSERT {} UPDATE {_rev: "x", n: 1} IN opt OPTIONS {ignoreErrors: true, ignoreRevs: false} RETURN NEW');
-- an INSERT document that is no object is skipped and not counted
SELECT stats('FOR i IN 1..3 UPSERT {no: i} INSERT (i == 2 ? "x" : {no: i}) UPDATE {} IN opt OPTIONS {ignoreErrors: true} RETURN NEW.no');
-- an UPDATE document that is none is an error all the same, and so is FAIL()
\set VERBOSITY sqlstate
SELECT stats('UPSERT {no: 1} INSERT {} UPDATE "x" IN opt OPTIONS {ignoreErrors: true}');
SELECT stats('UPSERT {no: 1} INSERT {} UPDATE {a: FAIL("x")} IN opt OPTIONS {ignoreErrors: true}');
\set VERBOSITY default
-- constraints of the table's own, and what was written before stays
ALTER TABLE opt ADD CONSTRAINT small CHECK ((doc->>'n')::int < 3);
SELECT stats('FOR i IN 1..4 UPSERT {n: i} INSERT {n: i} UPDATE {} IN opt OPTIONS {ignoreErrors: true} RETURN NEW.n');
SELECT stats('FOR i IN 1..4 INSERT {_key: CONCAT("k", i), n: i} IN opt OPTIONS {ignoreErrors: true} RETURN NEW.n');
SELECT stats('FOR k IN ["k1", "k9", "k2"] UPDATE k WITH {u: 1} IN opt OPTIONS {ignoreErrors: true} RETURN NEW.n');
SELECT stats('FOR k IN ["k1", "k9", "k2"] REMOVE k IN opt OPTIONS {ignoreErrors: true} RETURN OLD.n');
ALTER TABLE opt DROP CONSTRAINT small;

-- exclusive, waitForSync and what is accepted without effect
SELECT stats('UPSERT {e: 1} INSERT {e: 1} UPDATE {} IN opt OPTIONS {exclusive: true, waitForSync: true, readOwnWrites: false, skipDocumentValidation: true, refillIndexCaches: true, useCache: false, disableIndex: true, indexHint: "no", overwriteMode: "ignore"} RETURN NEW.e');
-- names have their case, values count by their truth
SELECT stats('UPSERT {e: 1} INSERT {} UPDATE {f: null} IN opt OPTIONS {keepnull: false, KeepNull: false, keepNull: 1} RETURN HAS(NEW, "f")');
SELECT stats('UPSERT {e: 1} INSERT {} UPDATE {f: null} IN opt OPTIONS {keepNull: 0} RETURN HAS(NEW, "f")');
-- unknown: a warning, and the query runs
SELECT stats('UPSERT {e: 1} INSERT {} UPDATE {g: 1} IN opt OPTIONS {versionAttribute: "g", nonsense: 1} RETURN NEW.g');
SELECT c8ql('UPSERT {e: 1} INSERT {} UPDATE {g: 2} IN opt OPTIONS {nonsense: 1} RETURN NEW.g');
-- parameters are known in time
SELECT stats('UPSERT {e: 1} INSERT {} UPDATE {f: null} IN opt OPTIONS {keepNull: @k} RETURN HAS(NEW, "f")', '{"k": false}');
-- overwriteMode and versionAttribute of the others
SELECT body(c8ql('INSERT {_key: "w", a: 1, b: {c: 1}} IN opt RETURN NEW'));
SELECT c8ql('INSERT {_key: "w", b: {d: 2}} IN opt OPTIONS {overwriteMode: "ignore"} RETURN NEW');
SELECT body(c8ql('INSERT {_key: "w", b: {d: 2}} IN opt OPTIONS {overwriteMode: "update"} RETURN NEW'));
SELECT body(c8ql('INSERT {_key: "w", x: 1} IN opt OPTIONS {overwriteMode: "replace"} RETURN NEW'));
SELECT body(c8ql('INSERT {_key: "w", x: 2} IN opt OPTIONS {overwrite: true} RETURN NEW'));
SELECT body(c8ql('UPDATE "w" WITH {x: 1, old: true} IN opt OPTIONS {versionAttribute: "x"} RETURN NEW'));
SELECT body(c8ql('UPDATE "w" WITH {x: 3} IN opt OPTIONS {versionAttribute: "x"} RETURN NEW'));

\set VERBOSITY sqlstate
SELECT c8ql('LET k = 1 UPSERT {e: 1} INSERT {} UPDATE {} IN opt OPTIONS {keepNull: k}');
SELECT c8ql('UPSERT {e: 1} INSERT {} UPDATE {} IN opt OPTIONS {keepNull: RAND()}');
SELECT c8ql('UPSERT {e: 1} INSERT {} UPDATE {} IN opt OPTIONS @o', '{"o": {}}');
SELECT c8ql('UPSERT {e: 1} INSERT {} UPDATE {} IN opt OPTIONS "x"');
SELECT c8ql('UPSERT {e: 1} INSERT {} UPDATE {} IN opt SETTINGS {}');
SELECT c8ql('UPSERT {e: 1} INSERT {} UPDATE {} IN opt OPTIONS {indexHint: "no_such_index", forceIndexHint: true}');
SELECT c8ql('UPSERT {e: 1} INSERT {} UPDATE {} IN opt OPTIONS {indexHint: ["no", "opt_pkey"], forceIndexHint: true}');
SELECT c8ql('INSERT {_key: "w"} IN opt OPTIONS {overwriteMode: "conflict"}');

-- options of the functions
SELECT c8ql('RETURN 1 / 0', '{}', '{"failOnWarning": true}');
SELECT c8ql('UPSERT {e: 1} INSERT {} UPDATE {} IN opt OPTIONS {nonsense: 1}', '{}', '{"failOnWarning": true}');
SELECT c8ql('RETURN 1', '{}', '{"failOnWarning": 1}');
SELECT c8ql('RETURN 1', '{}', '{"unknown": true}');
SELECT c8ql('RETURN 1', '{}', '[]');
SELECT c8ql('RETURN 1', '[]');
\set VERBOSITY default
SELECT c8ql_execute('RETURN [1 / 0, FIRST(1)]');
DROP FUNCTION stats, body;
DROP TABLE opt;
