-- Records as DAG-CBOR, records that are stored though they are invalid, and optional bind parameters.
\set VERBOSITY terse
CREATE FUNCTION pg_temp.error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''));
END $$;
SELECT create_record_store('plain'), create_record_store('opaque', '{"opaque": true, "refs": false}');
SELECT table_name, string_agg(column_name || ' ' || data_type || CASE is_nullable WHEN 'YES' THEN '' ELSE ' not null' END, ', ' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name LIKE 'opaque%' GROUP BY 1 ORDER BY 1;

-- a record as bytes is the record
SELECT action, cid = record_cid('{"$type": "a.b.c", "n": 1}') AS cid, old, new, validation_status FROM at_put_block('plain', 'did:plc:abc', 'a.b.c', 'k', dag_cbor('{"$type": "a.b.c", "n": 1}'));
SELECT action FROM at_put_record('plain', 'did:plc:abc', 'a.b.c', 'k', '{"n": 1}');
SELECT action, old, new FROM at_put_block('plain', 'did:plc:abc', 'a.b.c', 'k', dag_cbor('{"$type": "a.b.c", "n": 2}'), '{"dryRun": true}');
SELECT action, old, new FROM at_put_block('plain', 'did:plc:abc', 'a.b.c', 'k', dag_cbor('{"$type": "a.b.c", "n": 2}'));
SELECT b AS block, pg_temp.error_of(format('SELECT at_put_block(''plain'', ''did:plc:abc'', ''a.b.c'', ''k'', %L)', b)) AS error FROM unnest(ARRAY[
	'', '\xa0', '\x80', '\xd82a', dag_cbor('{"$type": "a.b.d"}'), dag_cbor('{"n": 1}'), dag_cbor('{"$type": "a.b.c"}') || '\x00', '\xa26161fb3ff800000000000065247479706565612e622e63', '\xa26161610065247479706565612e622e63', dag_cbor('{"$link": "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"}')]::bytea[])
	WITH ORDINALITY AS v(b, ord) ORDER BY ord;
SELECT pg_temp.error_of(c) FROM unnest(ARRAY[$$SELECT at_put_block('plain', 'did:plc:abc', 'a.b.c', 'k', NULL)$$, $$SELECT at_put_block('plain', 'did:plc:abc', 'a.b.c', 'k', dag_cbor('{"$type": "a.b.c"}'), '{"swapRecord": null}')$$,
	$$SELECT at_put_block('plain', 'did:plc:abc', 'a.b', 'k', dag_cbor('{"$type": "a.b"}'))$$, $$SELECT at_put_block('plain', 'did:plc:abc', 'a.b.c', 'k', dag_cbor('{"$type": "a.b.c"}'), '{"refs": true}')$$,
	$$SELECT create_record_store('x', '{"refs": 1}')$$, $$SELECT create_record_store('x', '{"opak": true}')$$, $$SELECT create_record_store(NULL)$$]) AS c;

-- "report": what breaks the lexicon is stored, and says so
SELECT at_put_lexicon('{"lexicon": 1, "id": "a.b.c", "defs": {"main": {"type": "record", "key": "tid", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "maximum": 9}}}}}}');
SELECT pg_temp.error_of($$SELECT at_put_record('plain', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2a', '{"n": 10}')$$);
SELECT action, new, validation_status FROM at_put_record('plain', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2a', '{"n": 10}', '{"validate": "report"}');
SELECT action, new, validation_status FROM at_put_record('plain', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2a', '{"n": 10}', '{"validate": "report"}');
SELECT action, new, validation_status FROM at_put_record('plain', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2a', '{"n": 9}', '{"validate": "report"}');
SELECT action, new, validation_status FROM at_put_record('plain', 'did:plc:abc', 'a.b.d', 'k', '{"n": 10}', '{"validate": "report"}');
SELECT action, new, validation_status FROM at_create_record('plain', 'did:plc:abc', 'a.b.c', '{"n": 1}', 'no-tid', '{"validate": "report"}');
SELECT action, new, validation_status FROM at_put_record('plain', 'did:plc:abc', 'a.b.d', 'k', '{"$type": "a.b.e"}', '{"validate": "report"}');
SELECT uri, action, validation_status FROM at_save_all('plain', 'did:plc:abc', '[{"collection": "a.b.c", "rkey": "3jzfcijpj2z2b", "record": {"n": 10}}, {"collection": "a.b.c", "rkey": "3jzfcijpj2z2c", "record": {"n": 1}}]', '{"validate": "report"}');
SELECT action, new, validation_status FROM at_upsert_record('plain', 'did:plc:abc', 'a.b.c', '{n: 1}', '{n: OLD.n + 100}', '3jzfcijpj2z2c', options => '{"validate": "report"}');
-- what only bytes can hold needs a column for them
SELECT pg_temp.error_of($$SELECT at_put_record('plain', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2d', '{"n": 1.5}', '{"validate": "report"}')$$);
SELECT action, cid, old, new, validation_status FROM at_put_record('opaque', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2d', '{"n": 1.5}', '{"validate": "report"}');
SELECT action FROM at_put_record('opaque', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2d', '{"n": 1.5}', '{"validate": "report"}');
SELECT action, cid, validation_status FROM at_put_block('opaque', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2e', '\xa26161610065247479706565612e622e63', '{"validate": "report"}');
SELECT j, action, validation_status FROM (VALUES (1, '{"a": {"$link": "x"}}'), (2, '{"a": {"$bytes": "A"}, "b": -1e300}'), (3, '{"a": {"$type": "blob"}}'), (4, '{"a": {"$link": "x", "y": 1}, "z": [0.1, 123.0, 99999999999999999999]}'), (5, '{"$type": ""}')) AS v(i, j), at_put_record('opaque', 'did:plc:abc', 'a.b.d', 'k' || i, j::jsonb, '{"validate": "report"}') ORDER BY i;
SELECT rkey, record, block, cid = 'bafyrei' || right(blob_cid(block), 52) AS proved FROM opaque ORDER BY uri;
SELECT at_get_record('opaque', 'at://did:plc:abc/a.b.c/3jzfcijpj2z2d');
SELECT pg_temp.error_of($$SELECT at_put_block('opaque', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2f', '\xa2616161', '{"validate": "report"}')$$);
SELECT pg_temp.error_of($$SELECT at_put_block('opaque', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2f', '\x8161', '{"validate": "report"}')$$);
SELECT pg_temp.error_of($$SELECT at_put_record('opaque', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2f', '{"n": 1e999}', '{"validate": "report"}')$$);
SELECT pg_temp.error_of($$SELECT at_upsert_record('opaque', 'did:plc:abc', 'a.b.c', '{n: 1}', '{n: 2}', '3jzfcijpj2z2d')$$);
SELECT action, old, new FROM at_put_record('opaque', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2d', '{"n": 2}');
SELECT action, old, new FROM at_put_record('opaque', 'did:plc:abc', 'a.b.c', '3jzfcijpj2z2d', '{"n": 2.5}', '{"validate": "report"}');
SELECT action, old, new FROM at_delete_record('opaque', 'at://did:plc:abc/a.b.c/3jzfcijpj2z2d');
SELECT at_drop_lexicon('a.b.c');

-- a bind parameter that nothing is given for
SELECT pg_temp.error_of($$SELECT at_upsert_record('plain', 'did:plc:abc', 'a.b.e', '{status: @status, x: 1}', '{status: @status}', 'k')$$);
SELECT action, new FROM at_upsert_record('plain', 'did:plc:abc', 'a.b.e', '{status: @status, x: 1, [@k]: @v}', '{status: @status}', 'k', '{"k": "y"}', '{"missingBind": "absent"}');
SELECT action, new FROM at_upsert_record('plain', 'did:plc:abc', 'a.b.e', '{}', '{status: @status, x: @x == null ? 2 : @x, deep: {a: @a}, list: [@a]}', 'k', NULL, '{"missingBind": "absent"}');
SELECT action, new FROM at_upsert_record('plain', 'did:plc:abc', 'a.b.e', '{}', '{status: @status}', 'k', '{"status": "hi"}', '{"missingBind": "absent"}');
SELECT action, new FROM at_upsert_record('plain', 'did:plc:abc', 'a.b.e', '{}', '{status: @status}', 'k', '{}', '{"missingBind": "absent"}');
SELECT action, new FROM at_upsert_record('plain', 'did:plc:abc', 'a.b.e', '{}', '{status: @status}', 'k', '{"status": null}', '{"missingBind": "absent"}');
SELECT pg_temp.error_of($$SELECT at_upsert_record('plain', 'did:plc:abc', 'a.b.e', '{}', '{status: @status}', 'k', '{}', '{"missingBind": "error"}')$$);
SELECT pg_temp.error_of($$SELECT at_upsert_record('plain', 'did:plc:abc', 'a.b.e', '{}', '{status: @status}', 'k', '{}', '{"missingBind": "null"}')$$);
SELECT pg_temp.error_of($$SELECT at_put_record('plain', 'did:plc:abc', 'a.b.e', 'k', '{}', '{"missingBind": "absent"}')$$);
DROP TABLE plain, opaque;
