-- Lexicons: their own rules, and records that match them or do not.
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

-- nothing known: the record still has to hold to the data model
SELECT at_validation_status('xyz.statusphere.status', '{"$type": "xyz.statusphere.status", "status": "hello"}');
SELECT at_validation_status('xyz.statusphere.status', '{"a": 0.5}');
SELECT at_validation_status('xyz.statusphere.status', '[]');
SELECT at_validation_status('status', '{}');

SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.all", "defs": {
  "main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["integer"], "nullable": ["maybe"], "properties": {
    "boolean": {"type": "boolean"}, "no": {"type": "boolean", "const": false},
    "integer": {"type": "integer"}, "range": {"type": "integer", "minimum": -2, "maximum": 20}, "four": {"type": "integer", "const": 4}, "square": {"type": "integer", "enum": [1, 4, 9]},
    "string": {"type": "string"}, "maybe": {"type": "string"}, "bytes8": {"type": "string", "minLength": 2, "maxLength": 8}, "graphemes3": {"type": "string", "minGraphemes": 2, "maxGraphemes": 3}, "most3": {"type": "string", "maxGraphemes": 3},
    "fish": {"type": "string", "enum": ["cod", "eel"]}, "colour": {"type": "string", "knownValues": ["blue"]}, "fixed": {"type": "string", "const": "x"}, "when": {"type": "string", "format": "datetime"},
    "did": {"type": "string", "format": "did"}, "raw": {"type": "bytes", "minLength": 2, "maxLength": 4}, "link": {"type": "cid-link"},
    "blob": {"type": "blob", "accept": ["image/*", "text/plain"], "maxSize": 1000}, "any": {"type": "blob", "accept": ["*/*"]},
    "list": {"type": "array", "items": {"type": "integer", "maximum": 9}, "minLength": 2, "maxLength": 3},
    "inner": {"type": "object", "required": ["b"], "properties": {"b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": "string"}}}}}},
    "ref": {"type": "ref", "ref": "#point"}, "strong": {"type": "ref", "ref": "com.example.all#point"}, "afar": {"type": "ref", "ref": "com.example.elsewhere#thing"},
    "open": {"type": "union", "refs": ["#point", "com.example.all#line", "com.example.elsewhere"]}, "closed": {"type": "union", "closed": true, "refs": ["#point"]},
    "unknown": {"type": "unknown"}}}},
  "point": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}, "next": {"type": "ref", "ref": "#point"}}},
  "line": {"type": "object", "properties": {"from": {"type": "ref", "ref": "#point"}}},
  "colour": {"type": "token"}}}');

-- what matches
SELECT at_validation_status('com.example.all', '{"$type": "com.example.all", "integer": 1}' || f::jsonb) AS status, f AS fields
FROM unnest(ARRAY['{}', '{"undeclared": {"a": [1]}}', '{"boolean": false, "no": false}', '{"integer": 1.0}', '{"range": -2}', '{"range": 20}', '{"four": 4, "square": 9}',
  '{"maybe": null}', '{"bytes8": "ab", "string": ""}', '{"bytes8": "12345678"}', '{"bytes8": "日本"}', '{"graphemes3": "ab"}', '{"most3": ""}', '{"most3": "abc"}', '{"most3": "日本語"}', '{"graphemes3": "日本語"}', '{"graphemes3": "👨‍👩‍👧‍👦🇯🇵é"}',
  '{"fish": "eel", "colour": "red", "fixed": "x"}', '{"when": "2024-01-01T00:00:00Z", "did": "did:plc:abc"}', '{"raw": {"$bytes": "AAA"}}', '{"raw": {"$bytes": "AAAAAA=="}}',
  '{"link": {"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}}',
  '{"blob": {"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/png", "size": 1000}}',
  '{"blob": {"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "text/plain", "size": 1}}',
  '{"any": {"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "x/", "size": 9999}}',
  '{"list": [1, 9]}', '{"list": [1, 2, 3]}', '{"inner": {"b": [{"c": "x"}, {}]}}', '{"ref": {"x": 1, "next": {"x": 2, "next": {"x": 3}}}}', '{"strong": {"x": 1}}',
  '{"open": {"$type": "com.example.all#point", "x": 1}}', '{"open": {"$type": "com.example.all#line", "from": {"x": 1}}}', '{"open": {"$type": "com.example.other"}}', '{"closed": {"$type": "com.example.all#point", "x": 1}}',
  '{"unknown": {}}', '{"unknown": {"$type": "com.example.other", "a": [null]}}',
  '{"afar": {"x": 1}}', '{"open": {"$type": "com.example.elsewhere"}}']) WITH ORDINALITY AS v(f, ord) ORDER BY ord;

-- what does not
-- (unaligned: how wide an emoji is depends on the version of psql)
\pset format unaligned
SELECT f AS fields, pg_temp.error_of(format('SELECT at_validation_status(%L, %L)', 'com.example.all', '{"$type": "com.example.all", "integer": 1}' || f::jsonb)) AS error
FROM unnest(ARRAY['{"boolean": 0}', '{"boolean": null}', '{"no": true}', '{"integer": "1"}', '{"integer": true}', '{"integer": null}', '{"range": -3}', '{"range": 21}', '{"four": 5}', '{"square": 2}',
  '{"string": 1}', '{"string": {}}', '{"string": null}', '{"bytes8": "a"}', '{"bytes8": "123456789"}', '{"bytes8": "日本語"}', '{"graphemes3": "a"}', '{"graphemes3": "é"}', '{"graphemes3": "abcd"}', '{"most3": "abcd"}', '{"most3": "日本語訳"}', '{"graphemes3": "👨‍👩‍👧‍👦"}',
  '{"fish": "bee"}', '{"fish": ""}', '{"fixed": "y"}', '{"when": "2024-01-01"}', '{"when": ""}', '{"did": "plc:abc"}',
  '{"raw": "AAAA"}', '{"raw": {}}', '{"raw": {"$bytes": "AA"}}', '{"raw": {"$bytes": "AAAAAAA"}}', '{"raw": {"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}}',
  '{"link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}', '{"link": {"$bytes": "AA"}}', '{"link": []}',
  '{"blob": "x"}', '{"blob": {"a": 1}}', '{"blob": {"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/png", "size": 1001}}',
  '{"blob": {"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "imagex/png", "size": 1}}',
  '{"blob": {"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "text/plain2", "size": 1}}',
  '{"list": 1}', '{"list": {}}', '{"list": [1]}', '{"list": [1, 2, 3, 4]}', '{"list": [1, 10]}', '{"list": [1, null]}', '{"list": ["a", "b"]}',
  '{"inner": []}', '{"inner": {}}', '{"inner": {"b": [{}, {"c": 1}]}}', '{"ref": {}}', '{"ref": {"x": 1, "next": {"x": "2"}}}', '{"ref": 1}',
  '{"open": 1}', '{"open": {}}', '{"open": {"$type": "com.example.all#point"}}', '{"open": {"$type": "com.example.all#line", "from": {"x": null}}}', '{"closed": {"$type": "com.example.all#line"}}', '{"closed": {"$type": "com.example.other"}}',
  '{"closed": {"x": 1}}', '{"unknown": 1}', '{"unknown": []}', '{"unknown": null}', '{"unknown": {"$bytes": "AA"}}', '{"unknown": {"$link": "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}}',
  '{"unknown": {"$type": "blob", "ref": {"$link": "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"}, "mimeType": "image/png", "size": 1}}']) WITH ORDINALITY AS v(f, ord) ORDER BY ord;
\pset format aligned
SELECT pg_temp.error_of($$SELECT at_validation_status('com.example.all', '{"$type": "com.example.all"}')$$) AS missing;
SELECT at_validation_status('com.example.all', '{"integer": 1}') AS no_type;
SELECT pg_temp.error_of($$SELECT at_validation_status('com.example.all', '{"$type": "com.example.all#main", "integer": 1}')$$) AS other_type;
SELECT pg_temp.error_of($$SELECT at_validation_status('com.example.all', '[]')$$) AS no_object;


-- registering what was missing makes the unknown known
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.elsewhere", "defs": {"main": {"type": "object", "properties": {}}, "thing": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}}}');
SELECT at_validation_status('com.example.all', '{"$type": "com.example.all", "integer": 1, "afar": {"x": 1}}');
SELECT pg_temp.error_of($$SELECT at_validation_status('com.example.all', '{"$type": "com.example.all", "integer": 1, "afar": {"y": 1}}')$$);
-- a lexicon without a record
SELECT pg_temp.error_of($$SELECT at_validation_status('com.example.elsewhere', '{"$type": "com.example.elsewhere"}')$$);

-- references in the resolved form
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.resolved", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "properties": {
  "part": {"type": "ref", "ref": "lex:com.example.resolved#part"}, "afar": {"type": "ref", "ref": "lex:com.example.elsewhere#thing"},
  "one": {"type": "union", "closed": true, "refs": ["lex:com.example.resolved#part", "lex:com.example.elsewhere"]}}}}, "part": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}}');
SELECT f, pg_temp.error_of(format('SELECT at_validation_status(''com.example.resolved'', %L)', f)) AS error FROM unnest(ARRAY[
  '{"part": {"n": 1}, "afar": {"x": 1}, "one": {"$type": "com.example.resolved#part", "n": 1}}', '{"one": {"$type": "com.example.elsewhere"}}',
  '{"part": {}}', '{"afar": {}}', '{"one": {"$type": "com.example.resolved#part"}}', '{"one": {"$type": "com.example.resolved"}}']) WITH ORDINALITY AS v(f, ord) ORDER BY ord;
SELECT at_drop_lexicon('com.example.resolved');

-- replacing, dropping, rolling back: the cache follows
BEGIN;
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.elsewhere", "defs": {"thing": {"type": "object", "required": ["y"], "properties": {"y": {"type": "integer"}}}}}');
SELECT at_validation_status('com.example.all', '{"$type": "com.example.all", "integer": 1, "afar": {"y": 1}}') AS inside;
ROLLBACK;
SELECT at_validation_status('com.example.all', '{"$type": "com.example.all", "integer": 1, "afar": {"x": 1}}') AS rolled_back;
SELECT at_drop_lexicon('com.example.elsewhere'), at_drop_lexicon('com.example.elsewhere') AS again;
SELECT at_validation_status('com.example.all', '{"$type": "com.example.all", "integer": 1, "afar": {"y": 1}}') AS dropped;
SELECT nsid, lexicon -> 'id' AS id FROM at_lexicons ORDER BY nsid;
UPDATE at_lexicons SET lexicon = jsonb_set(lexicon, '{defs,main,record,required}', '[]');
SELECT at_validation_status('com.example.all', '{"$type": "com.example.all"}') AS changed_by_hand;
TRUNCATE at_lexicons;
SELECT at_validation_status('com.example.all', '{"$type": "com.example.all"}') AS truncated;
-- even one that was written around the check does no harm
INSERT INTO at_lexicons VALUES ('com.example.bad', '{"defs": {"main": {"type": "record", "record": {"type": "object", "required": 1, "nullable": {}, "properties": {"a": {"type": "array", "items": 1}, "b": 7, "c": {"type": "ref"}, "d": {"type": "union", "refs": [1]}}}}}}');
SELECT at_validation_status('com.example.bad', '{"$type": "com.example.bad", "a": [1], "b": 1, "d": {"$type": "x"}}');
SELECT pg_temp.error_of($$SELECT at_validation_status('com.example.bad', '{"$type": "com.example.bad", "c": 1}')$$);
DELETE FROM at_lexicons;

-- lexicons that are none
SELECT pg_temp.error_of(format('SELECT at_put_lexicon(%L)', l)) AS error
FROM unnest(ARRAY['1', '[]', '{}', '{"lexicon": 2, "id": "a.b.c", "defs": {"main": {"type": "token"}}}', '{"lexicon": "1", "id": "a.b.c", "defs": {"main": {"type": "token"}}}',
  '{"lexicon": 1, "id": "a.b", "defs": {"main": {"type": "token"}}}', '{"lexicon": 1, "id": 1, "defs": {"main": {"type": "token"}}}', '{"lexicon": 1, "id": "a.b.c#main", "defs": {"main": {"type": "token"}}}',
  '{"lexicon": 1, "id": "a.b.c"}', '{"lexicon": 1, "id": "a.b.c", "defs": {}}', '{"lexicon": 1, "id": "a.b.c", "defs": []}', '{"lexicon": 1, "id": "a.b.c", "defs": {"main": 1}}', '{"lexicon": 1, "id": "a.b.c", "defs": {"main": {}}}'])
WITH ORDINALITY AS v(l, ord) ORDER BY ord;
SELECT d AS definition, pg_temp.error_of(format('SELECT at_put_lexicon(%L)', jsonb_build_object('lexicon', 1, 'id', 'a.b.c', 'defs', jsonb_build_object('x', d::jsonb)))) AS error
FROM unnest(ARRAY['{"type": "number"}', '{"type": 1}', '{"type": "record", "key": "tid", "record": {"type": "object", "properties": {}}}', '{"type": "query"}', '{"type": "ref", "ref": "#y"}', '{"type": "union", "refs": []}', '{"type": "unknown"}',
  '{"type": "object"}', '{"type": "object", "properties": {"a": {"type": "token"}}}', '{"type": "object", "properties": {"a": {"type": "record"}}}', '{"type": "object", "properties": [], "required": []}', '{"type": "object", "properties": {}, "required": "a"}',
  '{"type": "object", "properties": {}, "required": ["a"]}', '{"type": "object", "properties": {"a": {"type": "array"}}}', '{"type": "object", "properties": {"a": {"type": "array", "items": {"type": "thing"}}}}', '{"type": "object", "properties": {}, "nullable": [1]}',
  '{"type": "string", "format": "email"}', '{"type": "string", "maxLength": -1}', '{"type": "string", "maxLength": 1.5}', '{"type": "string", "maxLength": "9"}', '{"type": "string", "minLength": 3, "maxLength": 2}', '{"type": "string", "enum": "a"}', '{"type": "string", "enum": [1]}',
  '{"type": "integer", "minimum": 3, "maximum": 2}', '{"type": "integer", "enum": ["a"]}', '{"type": "integer", "const": "a"}', '{"type": "boolean", "const": 1}', '{"type": "blob", "accept": "image/*"}', '{"type": "blob", "maxSize": -1}',
  '{"type": "array", "items": {"type": "ref"}}', '{"type": "array", "items": {"type": "ref", "ref": "x"}}', '{"type": "array", "items": {"type": "ref", "ref": "a.b.c#"}}', '{"type": "array", "items": {"type": "ref", "ref": "lex:#x"}}', '{"type": "array", "items": {"type": "ref", "ref": "lex:"}}', '{"type": "array", "items": {"type": "ref", "ref": "lex:lex:a.b.c"}}', '{"type": "array", "items": {"type": "union"}}', '{"type": "array", "items": {"type": "union", "refs": ["a"]}}',
  '{"type": "array", "items": {"type": "union", "closed": true, "refs": []}}', '{"type": "array", "items": {"type": "union", "closed": 1, "refs": []}}']) WITH ORDINALITY AS v(d, ord) ORDER BY ord;
SELECT d AS main, pg_temp.error_of(format('SELECT at_put_lexicon(%L)', jsonb_build_object('lexicon', 1, 'id', 'a.b.c', 'defs', jsonb_build_object('main', d::jsonb)))) AS error
FROM unnest(ARRAY['{"type": "record", "record": {"type": "object", "properties": {}}}', '{"type": "record", "key": "rkey", "record": {"type": "object", "properties": {}}}', '{"type": "record", "key": "literal:", "record": {"type": "object", "properties": {}}}',
  '{"type": "record", "key": "literal:..", "record": {"type": "object", "properties": {}}}', '{"type": "record", "key": "tid"}', '{"type": "record", "key": "tid", "record": {"type": "ref", "ref": "#x"}}', '{"type": "record", "key": "tid", "record": {"type": "object"}}',
  '{"type": "query"}', '{"type": "procedure"}', '{"type": "subscription"}', '{"type": "permission-set"}', '{"type": "object", "properties": {}}', '{"type": "record", "key": "literal:self", "record": {"type": "object", "properties": {}}}']) WITH ORDINALITY AS v(d, ord) ORDER BY ord;
TRUNCATE at_lexicons;

-- grapheme clusters: an Indic conjunct is one, unless its consonants are kept apart
\a
SELECT to_json(s) AS s, at_graphemes(s) AS clusters FROM unnest(ARRAY['', 'a', E'\r\n', E'\n\r', 'é', 'é', 'क्ष', 'क्‌ष', 'क्‍ष', 'क़ष', 'क्क्क', '્ક', 'ક્ેક', 'ക്ക', 'แม่', '한국', '👩‍👩‍👧‍👦🇯🇵🇩🇪', '🇯🇵🇩', '👍🏽', 'ᄀ가각']) WITH ORDINALITY AS v(s, ord) ORDER BY ord;
\a
SELECT at_graphemes(repeat('क्ष', 300)) AS conjuncts, at_graphemes(NULL) IS NULL AS strict;

-- everybody may read lexicons, their owner writes them
CREATE ROLE regress_at_reader;
SET ROLE regress_at_reader;
SELECT at_validation_status('a.b.c', '{}');
SELECT at_put_lexicon('{"lexicon": 1, "id": "a.b.c", "defs": {"x": {"type": "token"}}}');
SELECT at_drop_lexicon('a.b.c');
RESET ROLE;
DROP ROLE regress_at_reader;
