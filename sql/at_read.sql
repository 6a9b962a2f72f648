-- Reading tables of records: pages of collections, and who refers to whom.
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
SELECT create_record_store('linked', '{"refs": true, "opaque": true}'), create_record_store('plain');
SELECT count(*) FROM generate_series(1, 250) AS i, at_put_record('linked', 'did:plc:a', 'a.b.c', 'k' || lpad(i::text, 3, '0'), jsonb_build_object('n', i));
SELECT count(*) FROM at_save_all('linked', 'did:plc:a', '[{"collection": "a.b.cd", "rkey": "x", "record": {}}, {"collection": "a.b.b", "rkey": "x", "record": {}}]');
SELECT count(*) FROM at_put_record('linked', 'alice.test', 'a.b.c', 'x', '{}');

-- as com.atproto.repo.listRecords: the newest key first, 50 a page
CREATE FUNCTION pg_temp.page(options jsonb, repo text DEFAULT 'did:plc:a', collection text DEFAULT 'a.b.c') RETURNS TABLE (n bigint, first text, last text, cursor text) LANGUAGE sql AS $$
	SELECT count(*), min(right(r ->> 'uri', 4)) FILTER (WHERE ord = 1), min(right(r ->> 'uri', 4)) FILTER (WHERE ord = jsonb_array_length(p -> 'records')), p ->> 'cursor'
	FROM at_list_records('linked', repo, collection, options) AS p LEFT JOIN LATERAL jsonb_array_elements(p -> 'records') WITH ORDINALITY AS e(r, ord) ON true GROUP BY p $$;
SELECT o, p.* FROM unnest(ARRAY['{}', '{"cursor": "k201"}', '{"reverse": true}', '{"reverse": true, "cursor": "k050", "limit": 100}', '{"limit": 1}', '{"cursor": "k100", "limit": 100}', '{"cursor": "k001"}', '{"cursor": "zzz", "reverse": true}', NULL]::jsonb[]) WITH ORDINALITY AS v(o, ord), pg_temp.page(o) AS p ORDER BY ord;
SELECT at_list_records('linked', 'alice.test', 'a.b.c');
SELECT at_list_records('linked', 'did:plc:b', 'a.b.c');
SELECT at_list_records(NULL, 'did:plc:b', 'a.b.c') IS NULL AND at_list_records('linked', NULL, 'a.b.c') IS NULL AND at_list_records('linked', 'did:plc:b', NULL) IS NULL AS nulls;
SELECT pg_temp.error_of(format('SELECT at_list_records(''linked'', %s)', a)) FROM unnest(ARRAY[$$'x', 'a.b.c'$$, $$'did:plc:a', 'a.b'$$, $$'did:plc:a', 'a.b.c', '{"cursor": "a/b"}'$$, $$'did:plc:a', 'a.b.c', '{"limit": 0}'$$, $$'did:plc:a', 'a.b.c', '{"limit": 101}'$$, $$'did:plc:a', 'a.b.c', '{"limit": "5"}'$$, $$'did:plc:a', 'a.b.c', '{"collection": "a.b.c"}'$$, $$'did:plc:a', 'a.b.c', '[]'$$]) AS a;
SELECT pg_temp.error_of($$SELECT at_list_records('pg_class', 'did:plc:a', 'a.b.c')$$);
-- a table of another shape, and what is only bytes
CREATE TABLE bare (uri text PRIMARY KEY, cid text, record jsonb);
INSERT INTO bare VALUES ('at://did:plc:a/a.b.c/x', NULL, '{"$type": "a.b.c"}');
SELECT at_list_records('bare', 'did:plc:a', 'a.b.c');
SELECT validation_status FROM at_put_record('linked', 'did:plc:o', 'a.b.c', 'x', '{"n": 1.5}', '{"validate": "report"}');
SELECT at_list_records('linked', 'did:plc:o', 'a.b.c');
SELECT at_get_record('linked', 'at://did:plc:o/a.b.c/x') ->> 'value' IS NULL AS no_value, record_cid('{"$type": "a.b.c"}') = at_get_record('bare', 'at://did:plc:a/a.b.c/x') ->> 'cid' AS cid;

-- references: AT URIs and DIDs at any depth, each once, and what changes of them
SELECT action FROM at_put_record('linked', 'did:plc:l', 'a.b.like', '1', '{"subject": {"uri": "at://did:plc:p/a.b.post/1", "cid": "x"}, "via": ["did:plc:v", "did:plc:v", {"deep": [["at://did:plc:p/a.b.post/1"]]}], "text": "at://did:plc:p/a.b.post/1 and more", "n": 1, "at://did:plc:k/a.b.c/d": 1, "x": "did:", "y": "at://x"}');
SELECT action FROM at_put_record('linked', 'did:plc:m', 'a.b.like', '1', '{"subject": {"uri": "at://did:plc:p/a.b.post/1"}}');
SELECT action FROM at_create_record('linked', 'did:plc:m', 'a.b.follow', '{"subject": "did:plc:v"}', '1');
SELECT * FROM linked_refs ORDER BY 1, 2;
SELECT t, at_backlinks('linked', t) FROM unnest(ARRAY['at://did:plc:p/a.b.post/1', 'did:plc:v', 'did:plc:nobody']) AS t;
SELECT * FROM at_backlinks('linked', 'did:plc:v', '{"collection": "a.b.follow"}');
SELECT * FROM at_backlinks('linked', 'at://did:plc:p/a.b.post/1', '{"limit": 1}');
SELECT * FROM at_backlinks('linked', 'at://did:plc:p/a.b.post/1', '{"limit": 1, "cursor": "at://did:plc:l/a.b.like/1"}');
SELECT action FROM at_upsert_record('linked', 'did:plc:l', 'a.b.like', '{}', '{via: ["did:plc:w"]}', '1');
SELECT target FROM linked_refs WHERE uri = 'at://did:plc:l/a.b.like/1' ORDER BY 1;
SELECT action FROM at_put_record('linked', 'did:plc:l', 'a.b.like', '1', '{"subject": "did:plc:dry"}', '{"dryRun": true}');
SELECT action FROM at_delete_record('linked', 'at://did:plc:m/a.b.like/1');
SELECT action FROM at_apply_writes('linked', 'did:plc:m', '[{"$type": "com.atproto.repo.applyWrites#delete", "collection": "a.b.follow", "rkey": "1"}, {"$type": "com.atproto.repo.applyWrites#create", "collection": "a.b.follow", "rkey": "2", "value": {"subject": "did:plc:w"}}]');
BEGIN;
SELECT action FROM at_put_record('linked', 'did:plc:m', 'a.b.follow', '3', '{"subject": "did:plc:w"}');
ROLLBACK;
SELECT * FROM linked_refs ORDER BY 1, 2;
SELECT count(*) FROM at_backlinks(NULL, 'x') UNION ALL SELECT count(*) FROM at_backlinks('linked', NULL);
SELECT pg_temp.error_of(c) FROM unnest(ARRAY[$$SELECT at_backlinks('plain', 'did:plc:a')$$, $$SELECT at_backlinks('pg_class', 'did:plc:a')$$, $$SELECT at_backlinks('linked', 'did:plc:a', '{"limit": 0}')$$, $$SELECT at_backlinks('linked', 'did:plc:a', '{"cursor": "x"}')$$, $$SELECT at_backlinks('linked', 'did:plc:a', '{"collection": "x"}')$$, $$SELECT at_backlinks('linked', 'did:plc:a', '{"reverse": true}')$$]) AS c;
DROP TABLE linked, plain, bare;
