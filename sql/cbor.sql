-- DAG-CBOR both ways.
\set VERBOSITY sqlstate
-- what a command fails with: SQLSTATE, message, detail
CREATE FUNCTION pg_temp.error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text;
BEGIN
    EXECUTE command;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''));
END $$;

-- scalars: the shortest head at every boundary (RFC 8949, appendix A)
SELECT j, dag_cbor(j::jsonb) AS bytes
FROM unnest(ARRAY['0', '1', '10', '23', '24', '25', '100', '255', '256', '1000', '65535', '65536', '1000000',
                  '4294967295', '4294967296', '1000000000000', '9223372036854775807',
                  '-1', '-10', '-24', '-25', '-100', '-256', '-257', '-1000', '-9223372036854775808',
                  'false', 'true', 'null', '""', '"a"', '"IETF"', '"ü"', '"水"', '"\\\""',
                  '[]', '{}', '[1, 2, 3]', '[1, [2, 3], [4, 5]]', '{"a": 1, "b": [2, 3]}']) WITH ORDINALITY AS v(j, ord)
ORDER BY ord;
-- the head of a string and of an array, each just below and at a boundary
SELECT n, left(encode(dag_cbor(to_jsonb(repeat('x', n))), 'hex'), 12) AS string,
       left(encode(dag_cbor((SELECT jsonb_agg(0) FROM generate_series(1, n))), 'hex'), 12) AS array
FROM unnest(ARRAY[23, 24, 255, 256, 65535, 65536]) AS n;

-- numbers: an integer however it is written, 64 bits exactly
SELECT j, dag_cbor(j::jsonb) AS bytes FROM unnest(ARRAY['123.0', '1e3', '-0', '0.0', '-0.0', '1.50e1', '123.000000000000000000000']) AS j;
SELECT dag_cbor('9007199254740993'), dag_cbor('-9007199254740993');
-- whatever digits they are stored as: zeros at the end, decimals that are none
WITH numbers AS (SELECT sign * m * 10::numeric ^ e AS n FROM unnest(ARRAY[1, -1]) sign, unnest(ARRAY[1, 3, 10, 9999, 10001, 20002000, 123456789]) m, generate_series(0, 18) e),
	forms AS (SELECT trunc(n) AS n, form FROM numbers, unnest(ARRAY[trunc(n), trunc(n, 2), trunc(n, 70)]) form WHERE abs(n) <= 9223372036854775807)
SELECT count(*) > 500 AS many, bool_and(dag_cbor_decode(dag_cbor(to_jsonb(form))) = to_jsonb(n)) AS back,
	bool_and(CASE WHEN n >= 4294967296 THEN dag_cbor(to_jsonb(form)) = '\x1b'::bytea || int8send(n::int8) WHEN n < -4294967296 THEN dag_cbor(to_jsonb(form)) = '\x3b'::bytea || int8send((-1 - n)::int8) ELSE true END) AS bytes
FROM forms;
SELECT count(*), count(DISTINCT e) AS errors, min(e COLLATE "C") FROM unnest(ARRAY[0.5, -0.5, 1.5, 10000.5, 99990000.0001, 0.0001, 1e-20, 12345678901234567.1, 9223372036854775806.5]) n, pg_temp.error_of(format('SELECT dag_cbor(%L)', n::text)) e;
SELECT dag_cbor('9223372036854775808');
SELECT dag_cbor('-9223372036854775809');
SELECT dag_cbor('1e100');
SELECT dag_cbor('0.5');
SELECT dag_cbor('{"a": 1.5e-300}');

-- keys: shorter first, then bytewise; a shorter key that sorts higher comes first
SELECT dag_cbor('{"aa": 1, "b": 2, "a": 3, "": 4}'),
       dag_cbor('{"é": 1, "zz": 2, "z": 3}') AS bytes_not_characters;
-- duplicates are gone before we see them, the last one wins
SELECT dag_cbor('{"a": 1, "a": 2}');

-- links and bytes
SELECT dag_cbor('{"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}');
SELECT dag_cbor('{"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}');
SELECT j, dag_cbor(jsonb_build_object('$bytes', j)) AS bytes
FROM unnest(ARRAY['', 'AA', 'AA==', 'AAA', 'AAA=', 'AAAA', '+/+/', 'nFERjvLLiw9qm45JrqH9QTzyC2Lu1Xb4ne6+sBrCzI0']) WITH ORDINALITY AS v(j, ord)
ORDER BY ord;
-- nested in arrays and objects, with neighbours on both sides
SELECT dag_cbor('{"a": [{"$bytes": "AA"}, 1], "b": {"$bytes": "AQ"}, "c": 2}');

-- forms that are nearly links or bytes
SELECT left(j, 60) AS data, pg_temp.error_of(format('SELECT dag_cbor(%L)', j)) AS error FROM unnest(ARRAY[
  '{"$link": 1}', '{"$link": null}', '{"$link": {}}', '{"$link": []}', '{"$link": ""}', '{"$link": "b"}',
  '{"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2"}',	-- a digit short
  '{"$link": "Bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}',
  '{"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2b"}',	-- bits left over
  '{"$link": "zdj7WhuEjrB52m1BisYCtmjH1hSKa7yZ3jEZ9JcXaFRD51wVz"}',			-- base 58
  '{"$link": "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR"}',				-- version 0
  '{"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a", "x": 1}',
  '{"$bytes": 1}', '{"$bytes": [1, 2]}', '{"$bytes": {"a": 1}}', '{"$bytes": "A"}', '{"$bytes": "AA="}', '{"$bytes": "AA==="}',
  '{"$bytes": "AAAA="}', '{"$bytes": "A=AA"}', '{"$bytes": "AA=A"}', '{"$bytes": "A A"}', '{"$bytes": "-_-_"}', '{"$bytes": "AA\n"}', '{"$bytes": "="}',
  '{"$bytes": "AA", "$link": "x"}', '{"$bytes": "AA", "a": 1}']) WITH ORDINALITY AS v(j, ord)
ORDER BY ord;

-- "$type" is a non-empty string wherever it stands; other keys with "$" are left alone
SELECT dag_cbor('{"$type": "x", "$unknown": null, "$": 1}');
-- a blob is whole or refused
SELECT dag_cbor('{"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/jpeg", "size": 10000}') AS blob;
SELECT dag_cbor_decode(dag_cbor('{"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "/", "size": 0}')) AS empty_blob;
SELECT j AS data, pg_temp.error_of(format('SELECT dag_cbor(%L)', j)) AS error FROM unnest(ARRAY[
  '{"$type": null}', '{"$type": 1}', '{"$type": ""}', '{"$type": {}}', '[{"x": {"$type": []}}]',
  '{"$type": "blob"}',
  '{"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/jpeg", "size": "10000"}',
  '{"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/jpeg", "size": -1}',
  '{"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "jpeg", "size": 1}',
  '{"$type": "blob", "ref": {"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}, "mimeType": "image/jpeg", "size": 1}',
  '{"$type": "blob", "ref": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity", "mimeType": "image/jpeg", "size": 1}',
  '{"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/jpeg", "size": 1, "x": 1}',
  '{"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/jpeg"}',
  -- the path leads to the fault
  '1.5', '[0, 1.5]', '{"a": {"b": [1, {"c d": 1.5}]}}', '{"ü": [[[0.1]]]}', '{"1a": 0.1}', '{"": 0.1}', '{"a\"b": 1e99}'])
WITH ORDINALITY AS v(j, ord) ORDER BY ord;
SELECT pg_temp.error_of(format('SELECT dag_cbor(%L)', repeat('[', 30) || '1.5' || repeat(']', 30))) AS long_path;

-- depth: a limit of our own before the stack ends
SELECT length(dag_cbor((repeat('[', 500) || repeat(']', 500))::jsonb)) AS bytes;
SELECT dag_cbor((repeat('[', 501) || repeat(']', 501))::jsonb);
SELECT dag_cbor((repeat('{"a":', 501) || '1' || repeat('}', 501))::jsonb);

-- decoding: the inverse
SELECT j, dag_cbor_decode(dag_cbor(j::jsonb)) AS back
FROM unnest(ARRAY['0', '-1', '9223372036854775807', '-9223372036854775808', 'null', 'true', 'false', '"水"', '[]', '{}',
  '[[], {}, [null]]', '{"b": {"aa": [1, "x"], "c": {}}, "$type": "t"}',
  '{"$bytes": "AA=="}', '{"a": {"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}}']) WITH ORDINALITY AS v(j, ord)
ORDER BY ord;
-- a link to anything, as long as it is a version 1 CID
SELECT dag_cbor_decode('\xd82a581a00017012142c26b46b68ffc68ff99b453c1d30413413422d70') IS NULL AS sha256_of_20_bytes;
SELECT dag_cbor_decode('\xd82a581900017011142c26b46b68ffc68ff99b453c1d30413413422d70') AS sha1;

-- what is not the one encoding of a document
SELECT what, pg_temp.error_of(format('SELECT dag_cbor_decode(%L)', bytes)) AS error
FROM (VALUES
  ('nothing', '\x'),
  ('23 in two bytes', '\x1817'), ('255 in three', '\x1900ff'), ('65535 in five', '\x1a0000ffff'), ('2^32-1 in nine', '\x1b00000000ffffffff'),
  ('2^63', '\x1b8000000000000000'), ('-2^63-1', '\x3b8000000000000000'),
  ('cut off head', '\x1900'), ('cut off string', '\x6261'), ('cut off bytes', '\x58ff00'),
  ('string length not shortest', '\x780161'),
  ('array cut off', '\x8201'), ('huge array', '\x9b7fffffffffffffff'), ('huge map', '\xbb7fffffffffffffff'), ('huge string', '\x7bffffffffffffffff'),
  ('indefinite array', '\x9f01ff'), ('indefinite map', '\xbf616101ff'), ('indefinite string', '\x7f6161ff'), ('indefinite bytes', '\x5f4101ff'),
  ('break', '\xff'), ('reserved head', '\x1c'), ('reserved head 30', '\x3e'),
  ('undefined', '\xf7'), ('simple 0', '\xe0'), ('simple in two bytes', '\xf820'), ('half float', '\xf93c00'), ('float', '\xfa47c35000'), ('double', '\xfb3ff199999999999a'),
  ('trailing byte', '\x0000'), ('second item', '\xa0a0'),
  ('integer key', '\xa10102'), ('bytes as key', '\xa1416101'), ('keys out of order', '\xa2616201616101'), ('longer key first', '\xa262616101616201'),
  ('key twice', '\xa2616101616102'), ('map cut off', '\xa16161'),
  ('not UTF-8', '\x61ff'), ('overlong UTF-8', '\x62c080'), ('surrogate', '\x63eda080'), ('U+0000', '\x6100'), ('U+0000 in a key', '\xa1610001'),
  ('tag 0', '\xc06161'), ('tag 42 not shortest', '\xd9002a4100'), ('tag 42 on text', '\xd82a6161'), ('link without zero', '\xd82a450155120161'),
  ('link empty', '\xd82a40'), ('link of a zero', '\xd82a4100'), ('link to version 0', '\xd82a5823001220' || repeat('00', 32)),
  ('digest cut off', '\xd82a58240001711220' || repeat('00', 31)), ('digest too long', '\xd82a58260001711220' || repeat('00', 33)),
  ('varint not shortest', '\xd82a5826000181001220' || repeat('00', 32)), ('SHA-256 of 31 bytes', '\xd82a5824000171121f' || repeat('00', 31)),
  ('a map that is bytes in JSON', '\xa1662462797465736141'), ('a map with $link', '\xa2652464696e6b0165246c696e6b01'), ('a map that is a link', '\xa165246c696e6b6161'),
  ('$type not a string', '\xa1652474797065f6'), ('$type empty', '\xa165247479706560'), ('half a blob', '\xa165247479706564626c6f62'),
  ('500 levels and one', '\x' || repeat('81', 501) || '00')) AS v(what, bytes);
SELECT jsonb_typeof(dag_cbor_decode(('\x' || repeat('81', 500) || '00')::bytea)) AS depth_500;
-- more entries than a jsonb can be made from
SELECT pg_temp.error_of($$SELECT dag_cbor_decode('\x9a01000000' || decode(repeat('f6', 16777216), 'hex'))$$) AS elements,
       pg_temp.error_of($$SELECT dag_cbor_decode('\xba0071c71e' || decode(repeat('60f6', 7456542), 'hex'))$$) AS pairs;

-- round trips over a document with everything in it
WITH docs AS (
  SELECT jsonb_build_object('n', i * 7919 * (1 - 2 * (i % 2)), repeat('k', i % 40), i, 's', repeat('ß水', i % 300), 'a', jsonb_build_array(i, NULL, i % 3 = 0, jsonb_build_object()),
         'b', jsonb_build_object('$bytes', translate(encode(substr(sha256(i::text::bytea), 1, i % 33), 'base64'), E'=\n', ''))) AS d
  FROM generate_series(1, 500) AS i)
SELECT count(*) AS docs, count(*) FILTER (WHERE dag_cbor_decode(dag_cbor(d)) = d) AS same FROM docs;
SELECT dag_cbor(NULL) IS NULL AND dag_cbor_decode(NULL) IS NULL AS strict;
