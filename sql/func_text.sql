-- Identifiers, paths, sets, check sums, sounds, addresses, bytes, the session.
-- Every row of "want" is a call and the answer that AQL's documentation gives
-- or, where it gives none, that follows from its text.
CREATE TEMP TABLE want (n serial, expr text, answer text);
INSERT INTO want (expr, answer) VALUES
	('ENTRIES({foo: "bar", _key: "123"})', '[["foo", "bar"], ["_key", "123"]]'), ('ENTRIES({})', '[]'), ('ENTRIES({a: {b: [1]}})', '[["a", {"b": [1]}]]'),
	('VALUE({foo: {bar: "baz"}}, ["foo", "bar"])', '"baz"'), ('VALUE({foo: [{bar: "baz"}, {bar: {inner: true}}]}, ["foo", 1, "bar"])', '{"inner": true}'), ('VALUE({a: [1, 2]}, ["a", -1])', '2'), ('VALUE({a: 1}, [])', '{"a": 1}'), ('VALUE({a: 1}, ["b", "c"])', 'null'), ('VALUE({"1": 2}, [1])', '2'), ('VALUE({a: "x"}, ["a", 0])', 'null'),
	('PARSE_COLLECTION("_users/my-user")', '"_users"'), ('PARSE_COLLECTION({_id: "mycollection/mykey", value: "some value"})', '"mycollection"'), ('PARSE_KEY("_users/my-user")', '"my-user"'), ('PARSE_KEY({_id: "mycollection/mykey"})', '"mykey"'),
	('IS_SAME_COLLECTION("_users", "_users/my-user")', 'true'), ('IS_SAME_COLLECTION("_users", {_id: "_users/my-user"})', 'true'), ('IS_SAME_COLLECTION("_users", "foobar/baz")', 'false'), ('IS_SAME_COLLECTION("_users", {_id: "something/else"})', 'false'),
	('CHECK_DOCUMENT({a: 1, a: 2})', 'true'), ('CHECK_DOCUMENT([1])', 'false'), ('CHECK_DOCUMENT(null)', 'false'),
	('INTERLEAVE([1, 1, 1], [2, 2, 2], [3, 3, 3])', '[1, 2, 3, 1, 2, 3, 1, 2, 3]'), ('INTERLEAVE([1], [2, 2], [3, 3, 3])', '[1, 2, 3, 2, 3, 3]'), ('INTERLEAVE([], [])', '[]'),
	('JACCARD([1, 2, 3, 4], [3, 4, 5, 6])', '0.3333333333333333'), ('JACCARD([1, 1, 2, 2, 2, 3], [2, 2, 3, 4])', '0.5'), ('JACCARD([1, 2, 3], [])', '0'), ('JACCARD([], [])', '1'), ('JACCARD([1], [1.0])', '1'),
	('IN_RANGE(4, 3, 5, true, true)', 'true'), ('IN_RANGE(3, 3, 5, true, false)', 'true'), ('IN_RANGE(3, 3, 5, false, true)', 'false'), ('IN_RANGE(5, 3, 5, true, false)', 'false'), ('IN_RANGE(3, 3, 3, true, false)', 'false'), ('IN_RANGE("b", "a", "c", true, true)', 'true'), ('IN_RANGE(null, null, true, true, true)', 'true'), ('IN_RANGE([], 0, "z", true, true)', 'false'),
	('CRC32("foobar")', '"D5F5C7F"'), ('CRC32("")', '"0"'), ('FNV64("foobar")', '"85944171F73967E8"'), ('FNV64("")', '"CBF29CE484222325"'), ('HASH({a: 1, b: 2}) == HASH({b: 2, a: 1})', 'true'), ('HASH(1) == HASH("1")', 'false'), ('HASH([1, 2]) == HASH([2, 1])', 'false'), ('IS_NUMBER(HASH(null))', 'true'),
	('SOUNDEX("example")', '"E251"'), ('SOUNDEX("ekzampul")', '"E251"'), ('SOUNDEX("soundex")', '"S532"'), ('SOUNDEX("sounteks")', '"S532"'), ('SOUNDEX("Ashcraft")', '"A261"'), ('SOUNDEX("Tymczak")', '"T522"'), ('SOUNDEX("Pfister")', '"P236"'), ('SOUNDEX("Honeyman")', '"H555"'), ('SOUNDEX("a")', '"A000"'), ('SOUNDEX("")', '""'), ('SOUNDEX("12!")', '""'),
	('IS_IPV4("127.0.0.1")', 'true'), ('IS_IPV4("8.8.8.8")', 'true'), ('IS_IPV4("008.008.008.008")', 'true'), ('IS_IPV4("12345.2.3.4")', 'false'), ('IS_IPV4("12.34")', 'false'), ('IS_IPV4(8888)', 'false'), ('IS_IPV4("1.2.3.256")', 'false'), ('IS_IPV4("1.2.3.4 ")', 'false'), ('IS_IPV4("1..3.4")', 'false'), ('IS_IPV4("1.2.3.4.5")', 'false'), ('IS_IPV4("0001.2.3.4")', 'false'),
	('IPV4_TO_NUMBER("0.0.0.0")', '0'), ('IPV4_TO_NUMBER("127.0.0.1")', '2130706433'), ('IPV4_TO_NUMBER("255.255.255.255")', '4294967295'), ('IPV4_FROM_NUMBER(0)', '"0.0.0.0"'), ('IPV4_FROM_NUMBER(134744072)', '"8.8.8.8"'), ('IPV4_FROM_NUMBER(4294967295)', '"255.255.255.255"'),
	('SUBSTRING_BYTES("Holy", 1, 2)', '"ol"'), ('SUBSTRING_BYTES("über", 2)', '"ber"'), ('SUBSTRING_BYTES("über", 0, 2)', '"ü"'), ('SUBSTRING_BYTES("abc", -2)', '"bc"'), ('SUBSTRING_BYTES("abc", 7)', '""'), ('SUBSTRING_BYTES("abc", 1, 99)', '"bc"'),
	('DECODE_REV("3jzfcijpj2z2a")', '{"date": "2023-06-30T15:03:01.887Z", "count": 7174}');
WITH got AS MATERIALIZED (
	SELECT n, expr, answer, c8ql_eval(expr::docexpr)::text AS got FROM want ORDER BY n)
SELECT expr, answer, got FROM got WHERE got IS DISTINCT FROM answer ORDER BY n;
SELECT count(*) AS tried FROM want;
SELECT c8ql_eval('CURRENT_USER()') = to_jsonb(current_user) AS "user", c8ql_eval('CURRENT_DATABASE()') = to_jsonb(current_database()) AS "database",
	c8ql_eval('VERSION()') = (SELECT to_jsonb(extversion) FROM pg_extension WHERE extname = 'upsert') AS "version";
-- null and a warning
SELECT expr, c8ql_eval(expr::docexpr) FROM (VALUES
	('ENTRIES([1])'), ('ENTRIES(null)'), ('VALUE([1], [0])'), ('VALUE({a: 1}, "a")'), ('VALUE({a: 1}, [null])'), ('PARSE_KEY("a")'), ('PARSE_KEY({})'), ('PARSE_COLLECTION("a/b/c")'), ('PARSE_COLLECTION(1)'),
	('IS_SAME_COLLECTION("a", {})'), ('IS_SAME_COLLECTION("a", 1)'), ('INTERLEAVE([1], 2)'), ('JACCARD([1], null)'), ('IPV4_TO_NUMBER("milk")'), ('IPV4_TO_NUMBER(1)'), ('IPV4_FROM_NUMBER(-1)'), ('IPV4_FROM_NUMBER(4294967296)'), ('IPV4_FROM_NUMBER("1")'),
	('SUBSTRING_BYTES("\u00fcber", 1)'), ('SUBSTRING_BYTES("\u00fcber", 0, 1)'), ('SUBSTRING_BYTES("abc", 1, -1)'), ('DECODE_REV(1)'), ('DECODE_REV("_YU0HOEG---")'), ('DECODE_REV("jzzzzzzzzzzzz")')) v(expr);
DROP TABLE want;
