-- What an error that leaves a batch says of its item, and what an ignored item
-- says of its error.
\pset format unaligned
\pset tuples_only on
SELECT create_collection('docs', '{"unique": ["mail"]}');
ALTER TABLE docs ADD CONSTRAINT small CHECK ((doc->'n')::int < 10);
CREATE TABLE lines (id int, part text COLLATE "C", n int CONSTRAINT few CHECK (n < 10), made date, PRIMARY KEY (id, part));
SELECT create_record_store('records');
CREATE FUNCTION no_seven() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.doc->>'n' = '7' THEN
		RAISE 'not seven' USING DETAIL = 'It is seven.', HINT = 'Take six.';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER no_seven BEFORE INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION no_seven();
-- the lines of the context that are ours, under the message
CREATE FUNCTION context_of(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	context text;
BEGIN
	EXECUTE 'SELECT 1 FROM ' || call;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	RETURN SQLSTATE || coalesce((SELECT string_agg(' | ' || line, '' ORDER BY i) FROM unnest(string_to_array(context, E'\n')) WITH ORDINALITY l (line, i)
		WHERE line ~ '^(item|attribute|record|node)'), '');
END $$;

\echo == documents
SELECT call, context_of(call) FROM (VALUES
	(1, $$upsert_many('docs', '[{"_key": "e1"}, {"_key": "e2", "n": 11}, {"_key": "e3"}]')$$),
	(2, $$upsert_load('docs', '[{"_key": "e2", "n": 11}, {"_key": "e1"}]')$$),
	(3, $$upsert_load('docs', '[{"_key": "e1"}, {"_key": "not a key"}]')$$),
	(4, $$upsert_load('docs', '[{"_key": "e1"}, {"_key": 7}]')$$),
	(5, $$upsert_load('docs', '[{"_key": "e1"}, [], 7]')$$),
	(6, $$upsert_load('docs', '[{"_key": "e1"}, {"n": 7}]')$$),
	(7, $$upsert_load('docs', '[{"_key": "e1"}, {"_key": "e7", "n": 7}]')$$),
	(8, $$upsert_load('docs', '[{"_key": "e1", "mail": "x"}, {"_key": "e2", "mail": "x"}]')$$),
	(9, $$upsert_load('docs', '[{"_key": "e1"}]', '{"ifRev": "2222222222222"}')$$),
	(10, $$upsert_load('docs', '[{"_key": "e1", "n": 1}]', '{"versionAttribute": "v"}')$$),
	(11, $$upsert_load('docs', '[{"_key": "e1", "v": "x"}]', '{"versionAttribute": "v"}')$$),
	(12, $$upsert_load('docs', '[{"_key": "e1"}, {"_key": "e2"}, {"_key": "e1"}]', '{"duplicates": "error"}')$$),
	(13, $$upsert_load('docs', '5')$$),
	(14, $$upsert_from('docs', 'SELECT jsonb_build_object(''_key'', ''k'' || i, ''n'', CASE i WHEN 1234 THEN 11 ELSE 1 END) FROM generate_series(3000, 1, -1) i')$$),
	(15, $$upsert_from('docs', 'VALUES (''{"_key": "a"}''::jsonb), (''[]'')')$$),
	(16, $$upsert_load('docs', jsonb_build_array(jsonb_build_object('_key', repeat('k', 254), 'n', 11)))$$),
	(17, $$upsert('docs', '{"_key": "e2", "n": 11}')$$),
	(18, $$upsert('docs', '{"_key": "e2", "n": 11}', '{"ignoreErrors": true}')$$),
	(19, $$jsonld_upsert('docs', '[{"@id": "http://a/1", "http://a/p": 1}, {"@id": "http://a/2", "http://a/p": 2}]', '{"ifRev": "2222222222222"}')$$)) c (i, call) ORDER BY i;
-- what does not belong to one item, unless each is a statement of its own
CREATE TABLE parents (id text PRIMARY KEY);
SELECT create_collection('children');
ALTER TABLE children ADD parent text GENERATED ALWAYS AS (doc->>'p') STORED REFERENCES parents;
SELECT left(context_of($$upsert_load('children', '[{"_key": "c1"}, {"_key": "c2", "p": "nobody"}]')$$), 5);

\echo == objects
SELECT call, context_of(call) FROM (VALUES
	(1, $$upsert_objects('lines', '[{"id": 2, "part": "b", "n": 1}, {"id": 1, "part": "a", "n": 11}]')$$),
	(2, $$upsert_objects('lines', '[{"id": 2, "part": "b"}, {"id": 1, "part": "a", "made": "soon"}]')$$),
	(3, $$upsert_objects('lines', '[{"id": 2, "part": "b"}, {"id": "one", "part": "a"}]')$$),
	(4, $$upsert_objects('lines', '[{"id": 2, "part": "b"}, {"id": 1}]')$$),
	(5, $$upsert_objects('lines', '[{"id": 2, "part": "b"}, {"id": 1, "part": "a", "nn": 1}]')$$),
	(6, $$upsert_objects('lines', '[{"id": 2, "part": "b"}, 5]')$$),
	(7, $$upsert_objects('lines', jsonb_build_array(jsonb_build_object('id', 2, 'part', repeat('ä', 200), 'n', 11)))$$),
	(8, $$upsert_objects('lines', '[{"id": 2, "part": "b"}, {"id": 1, "part": "a"}, {"id": 1, "part": "a"}]', NULL, '{"duplicates": "error"}')$$),
	(9, $$upsert_object('lines', '{"id": 1, "part": "a", "n": 11}')$$),
	(10, $$upsert_object('lines', '{"id": 1, "part": "a", "n": "x"}')$$)) c (i, call) ORDER BY i;

\echo == records
SELECT call, context_of(call) FROM (VALUES
	(1, $$at_save_all('records', 'did:plc:abc', '[{"collection": "a.b.c", "rkey": "b", "record": {}}, {"collection": "a.b.c", "rkey": "a", "record": {"x": 0.5}}]')$$),
	(2, $$at_save_all('records', 'did:plc:abc', '[{"collection": "a.b.c", "rkey": "b", "record": {}}, {"collection": "a.b", "rkey": "a", "record": {}}]')$$),
	(3, $$at_save_all('records', 'did:plc:abc', '[{"collection": "a.b.c", "rkey": "b", "record": {}}, {"rkey": "a", "record": {}}]')$$),
	(4, $$at_apply_writes('records', 'did:plc:abc', '[{"$type": "com.atproto.repo.applyWrites#delete", "collection": "a.b.c", "rkey": "b"}]')$$),
	(5, $$at_put_record('records', 'did:plc:abc', 'a.b.c', 'a', '{"x": 0.5}')$$)) c (i, call) ORDER BY i;

\echo == nodes of ledgers
SELECT create_ledger('book');
ALTER TABLE "book:main" ADD CONSTRAINT no_bad CHECK (NOT doc ? 'http://a/bad');
SELECT call, context_of(call) FROM (VALUES
	(1, $$ledger_upsert('book', '[{"@id": "http://a/2", "http://a/bad": 9}, {"@id": "http://a/1", "http://a/n": 1}]')$$),
	(2, $$ledger_insert('book', '[{"@id": "http://a/2", "http://a/n": 1}, {"@id": "http://a/1", "http://a/bad": 9}]')$$),
	(3, $$ledger_replace('book', '{"@id": "http://a/1", "http://a/knows": {"@id": "http://a/2", "http://a/bad": 9}}')$$),
	(4, $$ledger_upsert('book', '{"@id": "http://a/1", "http://a/bad": 9}')$$),
	(5, $$ledger_upsert('book', '[{"@id": "http://g/1", "@graph": [{"@id": "http://a/1", "http://a/bad": 9}]}, {"@id": "http://a/1", "http://a/n": 1}]')$$),
	(6, $$ledger_upsert('book', '[{"@id": "http://a/1", "http://a/n": 1}, {"@id": "http://a/2", "http://a/p": {"http://a/bad": 9}}]')$$)) c (i, call) ORDER BY i;
SELECT drop_ledger('book');

\echo == the error of an ignored item
SELECT ord, action, key, regexp_replace(error::text, '[2-7a-z]{13}', 'TID') FROM upsert_many('docs', '[{"_key": "e1", "mail": "x"}, {"_key": "e2", "n": 11}, {"_key": "e3", "mail": "x"}, {"_key": "e7", "n": 7}, {"_key": "no key"}, 5, {"n": 7}]', '{"ignoreErrors": true}');
SELECT ord, action, key, error FROM upsert_objects('lines', '[{"id": 1, "part": "a", "n": 11}, {"id": 1, "part": "b", "n": "x"}, {"id": "x", "part": "b"}, {"id": 1}, {"id": 1, "part": null}, {"id": 1, "part": "c", "nn": 1}, {"id": 1, "part": "d", "made": "soon"}, 5]', NULL, '{"ignoreErrors": true}');
-- the attribute is that of this item's error only
SELECT ord, action, error->>'column' FROM upsert_objects('lines', '[{"id": 1, "part": "b", "n": "x"}, {"id": 1, "part": "a", "nn": 11}]', NULL, '{"ignoreErrors": true}');
-- who asks for an error of duplicates and to ignore errors has the repeated ones ignored
SELECT ord, action, key, new->'n' AS n, error - 'message' - 'hint' FROM upsert_many('docs', '[{"_key": "d", "n": 1}, {"_key": "c", "n": 1}, {"_key": "d", "n": 2}, {"_key": "d", "n": 3}]', '{"ignoreErrors": true, "duplicates": "error"}');
SELECT ord, action, key, new->'n' AS n, error - 'message' - 'hint' FROM upsert_objects('lines', '[{"id": 8, "part": "d", "n": 1}, {"id": 8, "part": "d", "n": 2}, {"id": 7, "part": "d", "n": 3}]', NULL, '{"ignoreErrors": true, "duplicates": "error"}');
SELECT ord, action, key, new->'n' AS n, error FROM upsert_many('docs', '[{"_key": "f", "n": 1}, {"_key": "g", "n": 1}, {"_key": "f", "n": 2}, {"_key": "f", "n": 3}, {"_key": "g", "n": 2}]', '{"duplicates": "last"}');
SELECT ord, action, key, new->'n' AS n, error FROM upsert_many('docs', '[{"_key": "h", "n": 1}, {"_key": "i", "n": 1}, {"_key": "h", "n": 2}, {"_key": "h", "n": 3}, {"_key": "i", "n": 2}]', '{"duplicates": "first"}');

\echo == by every kind of key
CREATE FUNCTION order_of(key_type text, keys jsonb, wrong jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('CREATE TABLE kinds (id %s PRIMARY KEY, doc jsonb CHECK (doc->>''n'' <> ''1''), at int GENERATED ALWAYS AS IDENTITY)', key_type);
	PERFORM upsert_load('kinds', (SELECT jsonb_agg(jsonb_build_object('_key', k, 'n', 0) ORDER BY i) FROM jsonb_array_elements(keys) WITH ORDINALITY e (k, i)));
	SELECT string_agg(id::text, ' ' ORDER BY at) INTO answer FROM kinds;
	answer := answer || ' | ' || context_of(format('upsert_load(''kinds'', %L)', jsonb_build_array(jsonb_build_object('_key', keys->0, 'n', 2), jsonb_build_object('_key', wrong, 'n', 1))));
	DROP TABLE kinds;
	RETURN answer;
END $$;
SELECT order_of('int', '[3, "20", 1, -5]', '7');
SELECT order_of('bigint', '[3000000000, "20", 1, -5]', '"7"');
SELECT order_of('text COLLATE "C"', '["same-start-b", "same-start-a", "same-start", "same-start-aa", "Z"]', '"x"');
SELECT order_of('varchar(20) COLLATE "C"', '["b", "a", "aaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaa"]', '"x"');
SELECT order_of('uuid', '["b0000000-0000-0000-0000-000000000000", "a0000000-0000-0000-0000-000000000000", "a0000000-0000-0000-0000-00000000000a"]', '"c0000000-0000-0000-0000-000000000000"');

DROP TABLE docs, lines, records, children, parents;
DROP FUNCTION no_seven, context_of, order_of;
