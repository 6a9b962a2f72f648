-- Every error of the language: message, number in DETAIL, SQLSTATE.
\set SHOW_CONTEXT never
SELECT create_collection('err'), create_collection('err2'), create_collection('rel', '{"type": "edge"}');
CREATE TABLE queries (n int GENERATED ALWAYS AS IDENTITY, errornum int, query text, bind jsonb DEFAULT '{}');
SELECT c8ql('INSERT {_key: "a", x: 1} IN err');
INSERT INTO queries (errornum, query, bind) VALUES
  (1200, 'UPSERT {_key: "a"} INSERT {} UPDATE {_rev: "r", y: 1} IN err OPTIONS {ignoreRevs: false}', '{}'),
  (1200, 'REPLACE "a" WITH {_rev: "r"} IN err OPTIONS {ignoreRevs: false}', '{}'),
  (1202, 'UPDATE "nobody" WITH {} IN err', '{}'),
  (1202, 'REMOVE "nobody" IN err', '{}'),
  (1203, 'UPSERT {} INSERT {} UPDATE {} IN nowhere', '{}'),
  (1203, 'FOR x IN nowhere RETURN x', '{}'),
  (1203, 'UPSERT {} INSERT {} UPDATE {} IN @@c', '{"@c": "nowhere"}'),
  (1203, 'RETURN x', '{}'),
  (1203, 'RETURN CURRENT', '{}'),
  (1203, 'UPSERT {} INSERT {a: NEW.x} UPDATE {} IN err', '{}'),
  (1203, 'UPSERT {} INSERT {} UPDATE {a: NEW.x} IN err', '{}'),
  (1203, 'UPSERT {a: CURRENT.x} INSERT {} UPDATE {} IN err', '{}'),
  (1203, 'FOR x IN 1..2 COLLECT y = x RETURN x', '{}'),
  (1203, 'LET a = (FOR x IN 1..2 RETURN x) RETURN x', '{}'),
  (1203, 'WITH nowhere RETURN 1', '{}'),
  (1210, 'INSERT {_key: "a"} IN err', '{}'),
  (1210, 'UPSERT {x: 2} INSERT {_key: "a"} UPDATE {} IN err', '{}'),
  (1210, 'UPSERT {_key: "a", x: 2} INSERT {_key: "a"} UPDATE {} IN err', '{}'),
  (1221, 'UPSERT {x: 2} INSERT {_key: null} UPDATE {} IN err', '{}'),
  (1221, 'UPSERT {x: 2} INSERT {_key: 1} UPDATE {} IN err', '{}'),
  (1221, 'UPSERT {x: 2} INSERT {_key: "a b"} UPDATE {} IN err', '{}'),
  (1221, 'UPSERT {x: 2} INSERT {_key: ""} UPDATE {} IN err', '{}'),
  (1221, 'FOR i IN ["é"] INSERT {_key: i} IN err', '{}'),
  (1227, 'UPSERT {x: 2} INSERT "x" UPDATE {} IN err', '{}'),
  (1227, 'UPSERT {x: 1} INSERT {} UPDATE [1] IN err', '{}'),
  (1227, 'UPSERT {x: 1} INSERT {} REPLACE null IN err', '{}'),
  (1227, 'INSERT 5 IN err', '{}'),
  (1233, 'UPSERT {x: 1} INSERT {x: 1} UPDATE {} IN rel', '{}'),
  (1233, 'UPSERT {x: 1} INSERT {_from: "a/1", _to: "b"} UPDATE {} IN rel', '{}'),
  (1501, 'UPSERT doc INSERT {} UPDATE {} IN err', '{}'),
  (1501, 'UPSERT "x" INSERT {} UPDATE {} IN err', '{}'),
  (1501, 'UPSERT [1] INSERT {} UPDATE {} IN err', '{}'),
  (1501, 'UPSERT null INSERT {} UPDATE {} IN err', '{}'),
  (1501, 'UPSERT {[1]: 2} INSERT {} UPDATE {} IN err', '{}'),
  (1501, 'UPSERT {@a: 2} INSERT {} UPDATE {} IN err', '{"a": "x"}'),
  (1501, 'UPSERT {a: {[1]: 2}} INSERT {} UPDATE {} IN err', '{}'),
  (1501, 'UPSERT @s INSERT {} UPDATE {} IN err', '{"s": 1}'),
  (1501, 'UPSERT @s INSERT {} UPDATE {} IN err', '{"s": [1]}'),
  (1501, 'UPSERT {} INSERT {} IN err', '{}'),
  (1501, 'UPSERT {} UPDATE {} IN err', '{}'),
  (1501, 'UPSERT {} INSERT {} UPDATE {} REPLACE {} IN err', '{}'),
  (1501, 'UPSERT {} INSERT {} UPDATE {}', '{}'),
  (1501, 'UPSERT {} INSERT {} UPDATE {} IN CONCAT("e", "rr")', '{}'),
  (1501, 'FOR x IN 1..3', '{}'),
  (1501, 'RETURN 1; RETURN 2', '{}'),
  (1502, '', '{}'),
  (1502, ' /* nothing */ ', '{}'),
  (1504, 'FOR x IN 1..3 LIMIT -1 RETURN x', '{}'),
  (1511, 'LET a = 1 LET a = 2 RETURN a', '{}'),
  (1511, 'FOR x IN 1..2 FOR x IN 1..2 RETURN x', '{}'),
  (1511, 'LET a = 1 LET b = (LET a = 2 RETURN a) RETURN b', '{}'),
  (1512, 'RETURN {a}', '{}'),
  (1512, 'FOR x IN 1..2 COLLECT a = x INTO g KEEP nope RETURN g', '{}'),
  (1540, 'RETURN NOPE(1)', '{}'),
  (1540, 'RETURN my::nope(1)', '{}'),
  (1541, 'RETURN LENGTH()', '{}'),
  (1541, 'RETURN LENGTH(1, 2)', '{}'),
  (1551, 'RETURN @a', '{}'),
  (1551, 'RETURN [@a, @b]', '{"a": 1}'),
  (1551, 'UPSERT {} INSERT {} UPDATE {} IN @@c', '{"c": "err"}'),
  (1552, 'RETURN 1', '{"a": 1}'),
  (1552, 'RETURN @a', '{"a": 1, "@a": "err"}'),
  (1553, 'UPSERT {} INSERT {} UPDATE {} IN @@c', '{"@c": 1}'),
  (1553, 'RETURN {a: 1}.@n', '{"n": 1}'),
  (1563, 'FOR x IN 5 RETURN x', '{}'),
  (1563, 'FOR x IN @l RETURN x', '{"l": {"a": 1}}'),
  (1563, 'FOR x IN null RETURN x', '{}'),
  (1569, 'RETURN FAIL("no")', '{}'),
  (1573, 'UPSERT {} INSERT {a: (INSERT {} IN err2)} UPDATE {} IN err', '{}'),
  (1574, 'FOR x IN 1..2 COLLECT AGGREGATE a = CONCAT(x) RETURN a', '{}'),
  (1575, 'LET t = true UPSERT {} INSERT {} UPDATE {} IN err OPTIONS {keepNull: t}', '{}'),
  (1577, 'UPSERT {} INSERT {} UPDATE {} IN err OPTIONS {indexHint: "nope", forceIndexHint: true}', '{}'),
  (1579, 'UPSERT {} INSERT {} UPDATE {} IN err FOR x IN err RETURN x', '{}'),
  (1579, 'UPSERT {} INSERT {} UPDATE {} IN err UPSERT {} INSERT {} UPDATE {} IN err', '{}'),
  (1579, 'UPSERT {} INSERT {} UPDATE {} IN err RETURN LENGTH(err)', '{}'),
  (1579, 'UPSERT {} INSERT {} UPDATE {} IN err2 RETURN DOCUMENT("err/a")', '{}'),
  (1579, 'LET t = (UPSERT {} INSERT {} UPDATE {} IN err) FOR x IN err RETURN x', '{}'),
  (1579, 'LET t = (UPSERT {} INSERT {} UPDATE {} IN err) INSERT {} IN @@c', '{"@c": "err"}'),
  (1579, 'LET t = (UPSERT {} INSERT {} UPDATE {} IN err2) RETURN COLLECTION_COUNT("err")', '{}');

-- each raises its error, with its number, and changes nothing
CREATE FUNCTION raised(query text, bind jsonb, OUT state text, OUT message text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM c8ql(query, bind);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END $$;
SELECT errornum, r.state, r.detail ~ ('errorNum ' || errornum || '(\n|$)') AS number, query, r.message
FROM queries, raised(query, bind) r ORDER BY errornum, n;
SELECT count(*) FROM err;
SELECT count(*) FROM err2;

-- the place: line, column, and the line itself
SELECT c8ql($$FOR d IN [1, 2]
	UPSERT { a: d }
	INSERT { a: d, }
	UPDATE { a: d + } IN err$$);
SELECT c8ql($$FOR d IN [1, 2]
  RETURN nope(d)$$);
SELECT c8ql('UPSERT {} INSERT {} UPDATE {} IN err OPTION {}');
-- a unique index of the table's own
CREATE UNIQUE INDEX ON err ((doc->>'u'));
SELECT c8ql('FOR i IN 1..2 UPSERT {i} INSERT {i, u: "same"} UPDATE {} IN err');
SELECT count(*) FROM err;
-- not a collection
CREATE TABLE no_collection (a int, b int);
SELECT c8ql('FOR x IN no_collection RETURN x');
-- NULL arguments
SELECT c8ql(NULL);
SELECT c8ql_execute(NULL);
SELECT c8ql('RETURN 1', NULL, NULL), c8ql_execute('RETURN 1', NULL, NULL)->'result' AS result;
-- where nothing may be written
BEGIN READ ONLY;
SELECT c8ql('RETURN LENGTH(err)');
SELECT c8ql('UPSERT {a: 1} INSERT {} UPDATE {} IN err');
ROLLBACK;
-- privileges are the caller's
CREATE ROLE regress_c8ql_reader;
GRANT SELECT ON err TO regress_c8ql_reader;
SET ROLE regress_c8ql_reader;
SELECT c8ql('RETURN LENGTH(err)');
SELECT c8ql('RETURN LENGTH(err2)');
SELECT c8ql('UPSERT {a: 1} INSERT {} UPDATE {} IN err');
RESET ROLE;
-- a subtransaction that fails takes its statement with it
DO $$
BEGIN
  PERFORM c8ql('UPSERT {sub: 1} INSERT {sub: 1} UPDATE {} IN err');
  BEGIN
    PERFORM c8ql('FOR i IN [1, 0] UPSERT {sub: 2} INSERT {sub: 2} UPDATE {x: FAIL("stop")} IN err');
  EXCEPTION WHEN raise_exception THEN NULL;
  END;
  PERFORM c8ql('UPSERT {sub: 1} INSERT {} UPDATE {n: 1} IN err');
END $$;
SELECT doc FROM err WHERE doc ? 'sub';
REVOKE ALL ON err FROM regress_c8ql_reader;
DROP ROLE regress_c8ql_reader;
DROP FUNCTION raised;
DROP TABLE err, err2, rel, queries, no_collection;
