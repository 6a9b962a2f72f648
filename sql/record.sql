-- Records: creating, putting, upserting, deleting, saving many; the rules of
-- keys, "$type", validation and limits; tables of other shapes.
\set VERBOSITY sqlstate
CREATE FUNCTION pg_temp.error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; context text;
BEGIN
    EXECUTE command;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''), substring(context from '(?n)^(?:record|item) .*'));
END $$;

-- the store
SELECT create_record_store('records');
\d records
\d records_repos
SELECT create_record_store('records');
CREATE SCHEMA at_other;
SELECT create_record_store('at_other."Odd name"');
SELECT action FROM at_put_record('at_other."Odd name"', 'did:plc:abc', 'a.b.c', 'x', '{}');
SELECT repo FROM at_other."Odd name_repos";
SELECT at_get_record('at_other."Odd name"', 'at://did:plc:abc/a.b.c/x') -> 'value' AS value;
SET client_min_messages = warning;
DROP SCHEMA at_other CASCADE;
RESET client_min_messages;

-- creating
SELECT uri, cid, action, old, new, validation_status, cid = record_cid(new) AS proved FROM at_create_record('records', 'did:plc:abc', 'xyz.statusphere.status', '{"status": "hello"}', '3abc123');
SELECT p.rkey <> '3abc123' AND at_is_valid('tid', p.rkey) AS tid, action FROM at_create_record('records', 'did:plc:abc', 'xyz.statusphere.status', '{"status": "hello"}'), at_uri_parts(uri) AS p;
SELECT pg_temp.error_of($$SELECT at_create_record('records', 'did:plc:abc', 'xyz.statusphere.status', '{"status": "hello"}', '3abc123')$$);
SELECT uri, repo, collection, rkey, record, at_is_valid('tid', rev) AS rev, indexed_at = created_at AS same_time FROM records WHERE rkey = '3abc123';

-- putting: the whole record
SELECT action, old, new FROM at_put_record('records', 'did:plc:abc', 'xyz.statusphere.status', '3abc123', '{"mood": 1}');
SELECT action, old = new AS same FROM at_put_record('records', 'did:plc:abc', 'xyz.statusphere.status', '3abc123', '{"mood": 1.0, "$type": "xyz.statusphere.status"}');
SELECT action FROM at_put_record('records', 'did:plc:def', 'xyz.statusphere.status', '3abc123', '{"mood": 1}');
SELECT action FROM at_put_record('records', 'bob.test', 'xyz.statusphere.status', '3abc123', '{"mood": 1}');
SELECT repo, rev = (SELECT max(rev) FROM records AS r WHERE r.repo = records_repos.repo) AS rev FROM records_repos ORDER BY repo;

-- upserting: merged into what is there; what is not mentioned stays
SELECT action, new FROM at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{n: 1, list: [1], o: {a: 1}}', '{n: OLD.n + @by, o: {b: 2}, list: [2]}', 'k', '{"by": 5}');
SELECT action, new FROM at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{n: 1, list: [1], o: {a: 1}}', '{n: OLD.n + @by, o: {b: 2}, list: [2]}', 'k', '{"by": 5}');
SELECT action, old = new AS same FROM at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{}', '{n: OLD.n}', 'k');
SELECT action, old = new AS same FROM at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{}', '{}', 'k');
SELECT new FROM at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{}', '{n: null, o: {a: null}}', 'k', options => '{"keepNull": false}');
SELECT new FROM at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{}', '{o: {c: 3}}', 'k', options => '{"mergeObjects": false}');
SELECT new FROM at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{"status": "from jsonb"}'::jsonb, '{"status": "from jsonb"}'::jsonb, 'k');
SELECT pg_temp.error_of($$SELECT at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{}', '[1]', 'k')$$);
SELECT pg_temp.error_of($$SELECT at_upsert_record('records', 'did:plc:abc', 'a.b.c', '1', '{}', 'new')$$);
SELECT pg_temp.error_of($$SELECT at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{}', '{n: 0.5}', 'k')$$);
SELECT pg_temp.error_of($$SELECT at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{}', '{`$type`: "d.e.f"}', 'k')$$);
SELECT pg_temp.error_of($$SELECT at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{', '{}', 'k')$$);
SELECT pg_temp.error_of($$SELECT at_upsert_record('records', 'did:plc:abc', 'a.b.c', '{n: @missing}', '{}', 'new')$$);

-- what changes nothing writes nothing: no transaction id, row, or revision
BEGIN;
SELECT action FROM at_put_record('records', 'bob.test', 'xyz.statusphere.status', '3abc123', '{"mood": 1}');
SELECT action FROM at_delete_record('records', 'at://bob.test/xyz.statusphere.status/none');
SELECT action FROM at_save_all('records', 'bob.test', '[{"collection": "xyz.statusphere.status", "rkey": "3abc123", "record": {"mood": 1}}]');
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_transaction_id,
       (SELECT count(*) FROM pg_locks WHERE relation = 'records_repos'::regclass AND mode = 'RowExclusiveLock') AS repo_locks;
COMMIT;

-- reading
SELECT at_get_record('records', 'at://bob.test/xyz.statusphere.status/3abc123');
SELECT at_get_record('records', 'at://bob.test/xyz.statusphere.status/none') IS NULL AS nothing;
SELECT pg_temp.error_of($$SELECT at_get_record('records', 'at://bob.test/xyz.statusphere.status')$$);
SELECT pg_temp.error_of($$SELECT at_get_record('records', 'bob.test')$$);

-- deleting
CREATE TEMP TABLE deleted AS SELECT * FROM at_delete_record('records', 'at://bob.test/xyz.statusphere.status/3abc123');
SELECT uri, cid, action, old, new, rev = (SELECT rev FROM records_repos WHERE repo = 'bob.test') AS last_rev FROM deleted;
SELECT action, rev FROM at_delete_record('records', 'at://bob.test/xyz.statusphere.status/3abc123');
SELECT pg_temp.error_of($$SELECT at_delete_record('records', 'at://bob.test')$$);

-- revisions rise strictly with each write of a repository, deletions included
CREATE TEMP TABLE revs (i serial, rev text COLLATE "C");
INSERT INTO revs (rev) SELECT (at_put_record('records', 'did:plc:rev', 'a.b.c', (i % 7)::text, jsonb_build_object('i', i))).rev FROM generate_series(1, 200) AS i;
INSERT INTO revs (rev) SELECT (at_delete_record('records', 'at://did:plc:rev/a.b.c/' || i)).rev FROM generate_series(0, 6) AS i;
INSERT INTO revs (rev) SELECT (at_create_record('records', 'did:plc:rev', 'a.b.c', '{}')).rev FROM generate_series(1, 100) AS i;
SELECT count(*) AS revs, count(*) FILTER (WHERE rev <= before) AS not_rising FROM (SELECT rev, lag(rev) OVER (ORDER BY i) AS before FROM revs) AS r;
-- also within one transaction, across savepoints that are rolled back, and after it
CREATE TEMP TABLE revs2 (i serial, rev text COLLATE "C");
BEGIN;
INSERT INTO revs2 (rev) SELECT (at_create_record('records', 'did:plc:rev', 'a.b.c', '{}')).rev FROM generate_series(1, 10) AS i;
SAVEPOINT a;
SELECT count(at_create_record('records', 'did:plc:rev', 'a.b.c', '{}')) FROM generate_series(1, 10) AS i;
ROLLBACK TO a;
INSERT INTO revs2 (rev) SELECT (at_create_record('records', 'did:plc:rev', 'a.b.c', '{}')).rev FROM generate_series(1, 10) AS i;
SAVEPOINT b;
INSERT INTO revs2 (rev) SELECT (at_create_record('records', repo, 'a.b.c', '{}')).rev FROM generate_series(1, 10) AS i, unnest(ARRAY['did:plc:rev2', 'did:plc:rev']) AS repo;
RELEASE b;
COMMIT;
INSERT INTO revs2 (rev) SELECT (at_create_record('records', 'did:plc:rev', 'a.b.c', '{}')).rev;
SELECT count(*) AS revs, count(*) FILTER (WHERE rev <= before) AS not_rising FROM (SELECT rev, lag(rev) OVER (ORDER BY i) AS before FROM revs2 WHERE rev NOT IN (SELECT rev FROM records WHERE repo = 'did:plc:rev2')) AS r;
SELECT o.repo, o.rev >= max(r.rev) AS behind_no_record, at_tid_to_timestamptz(o.rev) < clock_timestamp() + interval '10 ms' AS not_ahead_of_time FROM records_repos AS o JOIN records AS r USING (repo) WHERE o.repo LIKE 'did:plc:rev%' GROUP BY o.repo, o.rev ORDER BY o.repo;
-- a reservation that was rolled back is not used
BEGIN;
SELECT count((at_create_record('records', 'did:plc:rev3', 'a.b.c', '{}')).rev) FROM generate_series(1, 5) AS i;
SAVEPOINT c;
SELECT count((at_create_record('records', 'did:plc:rev3', 'a.b.c', '{}')).rev) FROM generate_series(1, 20) AS i;
ROLLBACK TO c;
SELECT action FROM at_create_record('records', 'did:plc:rev3', 'a.b.c', '{}');
COMMIT;
SELECT o.rev >= max(r.rev) AS behind_no_record FROM records_repos AS o JOIN records AS r USING (repo) WHERE repo = 'did:plc:rev3' GROUP BY o.rev;
-- also when the repository's clock is ahead of ours, or a record's is
UPDATE records_repos SET rev = '7zzzzzzzzzzzz' WHERE repo = 'did:plc:rev';
SELECT rev COLLATE "C" > '7zzzzzzzzzzzz' AND at_is_valid('tid', rev) AS ahead FROM at_put_record('records', 'did:plc:rev', 'a.b.c', 'ahead', '{"n": 2}');
UPDATE records SET rev = 'azzzzzzzzzzzz' WHERE uri = 'at://did:plc:rev/a.b.c/ahead';
SELECT rev COLLATE "C" > 'azzzzzzzzzzzz' AS ahead FROM at_put_record('records', 'did:plc:rev', 'a.b.c', 'ahead', '{"n": 3}');
-- a batch has one revision, also for a record that it writes twice; but one that is ahead of it goes on from where it is
SELECT array_agg(action ORDER BY n) AS actions, count(DISTINCT rev) AS revs FROM at_save_all('records', 'did:plc:rev4', '[{"collection": "a.b.c", "rkey": "x", "record": {"n": 1}},
  {"collection": "a.b.c", "rkey": "y", "record": {}}, {"collection": "a.b.c", "rkey": "x", "record": {"n": 2}}]') WITH ORDINALITY AS r(uri, cid, rev, action, old, new, status, n);
UPDATE records SET rev = 'azzzzzzzzzzzz' WHERE uri = 'at://did:plc:rev4/a.b.c/y';
SELECT uri, rev COLLATE "C" > 'azzzzzzzzzzzz' AS ahead FROM at_save_all('records', 'did:plc:rev4', '[{"collection": "a.b.c", "rkey": "x", "record": {"n": 3}}, {"collection": "a.b.c", "rkey": "y", "record": {"n": 3}}]');

-- saving many: all or none, answers in input order, one revision
SELECT ordinality AS n, uri, action, new FROM at_save_all('records', 'did:plc:abc', '[
  {"collection": "z.y.x", "rkey": "b", "record": {"n": 1}}, {"collection": "a.b.c", "rkey": "z", "record": {"n": 2}}, {"collection": "a.b.c", "rkey": "a", "record": {"n": 3}}]') WITH ORDINALITY;
SELECT ordinality AS n, uri, action, old, new FROM at_save_all('records', 'did:plc:abc', '[
  {"collection": "z.y.x", "rkey": "b", "record": {"n": 1}}, {"collection": "a.b.c", "rkey": "z", "record": {"n": 20}}, {"collection": "a.b.c", "rkey": "z", "record": {"n": 21}}]') WITH ORDINALITY;
SELECT count(*) AS answers, count(DISTINCT p.rkey) AS keys FROM at_save_all('records', 'did:plc:abc', '[{"collection": "z.y.x", "record": {}}, {"collection": "z.y.x", "record": {}}]'), at_uri_parts(uri) AS p;
SELECT count(*) AS answers FROM at_save_all('records', 'did:plc:abc', '[]');
-- the last one fails: nothing is saved, and the error names it
SELECT count(*) AS before FROM records \gset
SELECT pg_temp.error_of($$SELECT * FROM at_save_all('records', 'did:plc:abc', '[{"collection": "a.b.c", "rkey": "new1", "record": {}}, {"collection": "a.b.c", "rkey": "new2", "record": {}}, {"collection": "z.y.x", "rkey": "new3", "record": {"deep": [{"n": 0.5}]}}]')$$);
SELECT count(*) - :before AS saved FROM records;
SELECT pg_temp.error_of($$SELECT * FROM at_save_all('records', 'did:plc:abc', '$$ || batch || $$')$$) AS error
FROM unnest(ARRAY['{}', '1', '[1]', '[[]]', '[{}]', '[{"collection": "a.b.c"}]', '[{"record": {}}]', '[{"collection": 1, "record": {}}]', '[{"collection": "a.b.c", "record": {}, "rkey": null}]',
  '[{"collection": "a.b.c", "record": [], "rkey": "k"}]', '[{"collection": "a.b.c", "record": {}, "uri": "x"}]', '[{"collection": "a.b", "record": {}}]', '[{"collection": "a.b.c", "record": {}, "rkey": "a/b"}]',
  '[{"collection": "a.b.c", "record": {}}, {"collection": "a.b.c", "record": {"$type": "x.y.z"}, "rkey": "k"}]']) WITH ORDINALITY AS v(batch, ord) ORDER BY ord;
SELECT pg_temp.error_of($$SELECT * FROM at_save_all('records', 'did:plc:abc', '[{"collection": "a.b.c", "record": {}}, {"collection": "a.b.c", "record": {}}]', '{"sameRkey": true}')$$) ~ '^UP002' AS same_key_twice;

-- applyWrites
SELECT ordinality AS n, uri, action, old, new FROM at_apply_writes('records', 'did:plc:apply', '[
  {"$type": "com.atproto.repo.applyWrites#create", "collection": "a.b.c", "rkey": "two", "value": {"n": 2}},
  {"$type": "com.atproto.repo.applyWrites#create", "collection": "a.b.c", "rkey": "one", "value": {"n": 1}},
  {"$type": "com.atproto.repo.applyWrites#update", "collection": "a.b.c", "rkey": "two", "value": {"n": 22}},
  {"$type": "com.atproto.repo.applyWrites#delete", "collection": "a.b.c", "rkey": "one"}]') WITH ORDINALITY;
SELECT rkey, record FROM records WHERE repo = 'did:plc:apply' ORDER BY rkey;
SELECT pg_temp.error_of($$SELECT * FROM at_apply_writes('records', 'did:plc:apply', '$$ || batch || $$')$$) AS error
FROM unnest(ARRAY['[{"$type": "com.atproto.repo.applyWrites#create", "collection": "a.b.c", "rkey": "two", "value": {"n": 22}}]',
  '[{"$type": "com.atproto.repo.applyWrites#update", "collection": "a.b.c", "rkey": "none", "value": {}}]', '[{"$type": "com.atproto.repo.applyWrites#delete", "collection": "a.b.c", "rkey": "none"}]',
  '[{"$type": "com.atproto.repo.applyWrites#upsert", "collection": "a.b.c", "rkey": "x", "value": {}}]', '[{"collection": "a.b.c", "rkey": "x", "value": {}}]', '[{"$type": "com.atproto.repo.applyWrites#update", "collection": "a.b.c", "value": {}}]',
  '[{"$type": "com.atproto.repo.applyWrites#create", "collection": "a.b.c"}]', '[{"$type": "com.atproto.repo.applyWrites#delete", "collection": "a.b.c", "rkey": "two", "value": {}}]', '[{"$type": "com.atproto.repo.applyWrites#create", "collection": "a.b.c", "value": {}, "swapRecord": null}]',
  '[{"$type": "com.atproto.repo.applyWrites#delete", "rkey": "two"}]']) WITH ORDINALITY AS v(batch, ord) ORDER BY ord;
-- its limits, and the settings that raise them
CREATE FUNCTION pg_temp.writes(n int, size int) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_agg(jsonb_build_object('$type', 'com.atproto.repo.applyWrites#create', 'collection', 'a.b.c', 'value', jsonb_build_object('s', repeat('x', size)))) FROM generate_series(1, n) $$;
SELECT count(*) FROM at_apply_writes('records', 'did:plc:apply', pg_temp.writes(200, 1));
SELECT pg_temp.error_of($$SELECT * FROM at_apply_writes('records', 'did:plc:apply', pg_temp.writes(201, 1))$$);
SELECT regexp_replace(pg_temp.error_of($$SELECT * FROM at_apply_writes('records', 'did:plc:apply', pg_temp.writes(21, 100000))$$), ' . item.*', '') AS error;
SET upsert.at_max_writes = 201;
SET upsert.at_max_writes_size = 3000000;
SELECT count(*) FROM at_apply_writes('records', 'did:plc:apply', pg_temp.writes(201, 1));
SELECT count(*) FROM at_apply_writes('records', 'did:plc:apply', pg_temp.writes(21, 100000));
SELECT pg_temp.error_of(format('SELECT at_put_record(%L, %L, %L, %L, %L)', 'records', 'did:plc:abc', 'a.b.c', 'big', jsonb_build_object('s', repeat('x', 1048576))));
SET upsert.at_max_record_size = 21;
SELECT length(dag_cbor('{"$type": "a.b.c", "s": "12345"}')) AS size, action FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'small', '{"s": "12345"}');
SELECT pg_temp.error_of($$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'small', '{"s": "123456"}')$$);
SET upsert.at_max_record_size = '2MB';
SELECT action FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'big', jsonb_build_object('s', repeat('x', 1048576)));
RESET upsert.at_max_writes;
RESET upsert.at_max_writes_size;
RESET upsert.at_max_record_size;

-- keys, types and names that are wrong
SELECT pg_temp.error_of(c) AS error FROM unnest(ARRAY[
  $$SELECT at_put_record('records', 'plc:abc', 'a.b.c', 'k', '{}')$$, $$SELECT at_put_record('records', '', 'a.b.c', 'k', '{}')$$,
  $$SELECT at_put_record('records', 'did:plc:abc', 'a.b', 'k', '{}')$$, $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', '', '{}')$$,
  $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', '..', '{}')$$, $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'a b', '{}')$$,
  $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"$type": "a.b.d"}')$$, $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"$type": null}')$$,
  $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"$type": "a.b.c#main"}')$$, $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"$type": "a.b.d"}', '{"validate": false}')$$,
  $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '[]')$$, $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', 'null')$$, $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"x": 0.5}', '{"validate": false}')$$,
  $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', NULL, '{}')$$, $$SELECT at_put_record(NULL, 'did:plc:abc', 'a.b.c', 'k', '{}')$$, $$SELECT at_create_record('records', 'did:plc:abc', 'a.b.c', NULL)$$,
  $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{}', '[]')$$, $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{}', '{"validate": 1}')$$, $$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{}', '{"ifRev": null}')$$,
  $$SELECT * FROM at_save_all('records', 'did:plc:abc', '[]', '{"swapRecord": null}')$$, $$SELECT at_put_record('pg_class', 'did:plc:abc', 'a.b.c', 'k', '{}')$$, $$SELECT at_put_record('records_repos', 'did:plc:abc', 'a.b.c', 'k', '{}')$$]) WITH ORDINALITY AS v(c, ord) ORDER BY ord;

-- validation: as asked, and what it says
SELECT pg_temp.error_of($$SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 99}', '{"validate": true}')$$);
SELECT validation_status FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 99}');
SELECT validation_status FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 98}', '{"validate": false}');
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.count", "defs": {"main": {"type": "record", "key": "tid", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 0}}}}}}'),
       at_put_lexicon('{"lexicon": 1, "id": "com.example.profile", "defs": {"main": {"type": "record", "key": "literal:self", "record": {"type": "object", "properties": {}}}}}'),
       at_put_lexicon('{"lexicon": 1, "id": "com.example.named", "defs": {"main": {"type": "record", "key": "nsid", "record": {"type": "object", "properties": {}}}}}');
SELECT action, validation_status FROM at_put_record('records', 'did:plc:abc', 'com.example.count', '3jzfcijpj2z2a', '{"n": 1}');
SELECT action, validation_status FROM at_put_record('records', 'did:plc:abc', 'com.example.count', '3jzfcijpj2z2a', '{"n": 2}', '{"validate": true}');
SELECT pg_temp.error_of($$SELECT at_put_record('records', 'did:plc:abc', 'com.example.count', '3jzfcijpj2z2a', '{"n": -1}')$$);
SELECT action, validation_status FROM at_put_record('records', 'did:plc:abc', 'com.example.count', 'k', '{"n": -1}', '{"validate": false}');
SELECT pg_temp.error_of($$SELECT at_upsert_record('records', 'did:plc:abc', 'com.example.count', '{n: 0}', '{n: OLD.n - 9}', '3jzfcijpj2z2a')$$);
SELECT pg_temp.error_of($$SELECT at_put_record('records', 'did:plc:abc', 'com.example.count', 'k', '{"n": 1}')$$) AS key_is_no_tid;
SELECT pg_temp.error_of($$SELECT at_put_record('records', 'did:plc:abc', 'com.example.profile', 'me', '{}')$$) AS key_is_not_self;
SELECT pg_temp.error_of($$SELECT at_create_record('records', 'did:plc:abc', 'com.example.named', '{}')$$) AS no_key;
SELECT uri FROM at_create_record('records', 'did:plc:abc', 'com.example.profile', '{}') AS literal_key;
SELECT uri FROM at_create_record('records', 'did:plc:abc', 'com.example.named', '{}', 'com.example.name');
-- a batch of several collections, each by its own lexicon
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.word1", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "string"}}}}}}');
SELECT uri, validation_status FROM at_save_all('records', 'did:plc:abc', '[{"collection": "com.example.count", "rkey": "3jzfcijpj2z2b", "record": {"n": 1}},
  {"collection": "com.example.word1", "rkey": "w", "record": {"n": "one"}}, {"collection": "com.example.other", "rkey": "o", "record": {"n": "one"}}, {"collection": "com.example.count", "rkey": "3jzfcijpj2z2c", "record": {"n": 2}}]');
SELECT pg_temp.error_of($$SELECT * FROM at_save_all('records', 'did:plc:abc', '[{"collection": "com.example.count", "rkey": "3jzfcijpj2z2b", "record": {"n": 1}}, {"collection": "com.example.word1", "rkey": "w", "record": {"n": 1}}]')$$);
SELECT at_put_lexicon('{"lexicon": 1, "id": "com.example.part1", "defs": {"part": {"type": "object", "required": ["p"], "properties": {"p": {"type": "integer"}}}}}'),
       at_put_lexicon('{"lexicon": 1, "id": "com.example.whole", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "properties": {"w": {"type": "ref", "ref": "com.example.part1#part"}}}}}}');
SELECT validation_status FROM at_put_record('records', 'did:plc:abc', 'com.example.whole', 'w', '{"w": {"p": 1}}');
SELECT pg_temp.error_of($$SELECT at_put_record('records', 'did:plc:abc', 'com.example.whole', 'w', '{"w": {}}')$$);
-- a record that no longer suits may still go
SELECT action FROM at_delete_record('records', 'at://did:plc:abc/com.example.count/k');
TRUNCATE at_lexicons;

-- dryRun: the answer, and nothing else
SELECT action, new FROM at_put_record('records', 'did:plc:dry', 'a.b.c', 'k', '{"n": 1}', '{"dryRun": true}');
SELECT action, count(*) FROM at_save_all('records', 'did:plc:dry', '[{"collection": "a.b.c", "record": {}}, {"collection": "a.b.d", "record": {}}]', '{"dryRun": true}') GROUP BY action;
SELECT count(*) AS records, (SELECT count(*) FROM records_repos WHERE repo = 'did:plc:dry') AS repos FROM records WHERE repo = 'did:plc:dry';

-- the mirror can be compared with a signed commit
SELECT repo, count(*) AS records, mst_root(collection || '/' || rkey, cid) IS NOT NULL AS root, bool_and(cid = record_cid(record)) AS proved FROM records WHERE repo = 'did:plc:def' GROUP BY repo;

-- tables of another shape: uri, cid and record are enough
CREATE TABLE happy (uri text PRIMARY KEY, did text NOT NULL, collection text NOT NULL, rkey text NOT NULL, record jsonb NOT NULL, cid text, indexed_at timestamptz NOT NULL DEFAULT now(), extra text DEFAULT 'kept');
INSERT INTO happy (uri, did, collection, rkey, record, indexed_at) VALUES ('at://did:plc:abc/a.b.c/local', 'did:plc:abc', 'a.b.c', 'local', '{"$type": "a.b.c", "n": 1}', '2020-01-01');
SELECT uri, rev, action, new FROM at_put_record('happy', 'did:plc:abc', 'a.b.c', 'k', '{"n": 1}');
SELECT action FROM at_put_record('happy', 'did:plc:abc', 'a.b.c', 'k', '{"n": 1}');
SELECT action, new FROM at_upsert_record('happy', 'did:plc:abc', 'a.b.c', '{}', '{n: OLD.n + 1}', 'k');
-- a row saved without a CID has the one of its record; writing fills it in
SELECT at_get_record('happy', 'at://did:plc:abc/a.b.c/local') ->> 'cid' = record_cid(record) AS cid FROM happy WHERE rkey = 'local';
SELECT action FROM at_put_record('happy', 'did:plc:abc', 'a.b.c', 'local', '{"n": 1}', jsonb_build_object('swapRecord', record_cid('{"$type": "a.b.c", "n": 1}')));
SELECT uri, did, collection, rkey, record, cid = record_cid(record) AS proved, extra, indexed_at > '2025-01-01' AS indexed_now FROM happy ORDER BY uri;
SELECT action FROM at_delete_record('happy', 'at://did:plc:abc/a.b.c/local');
CREATE TABLE bare (uri text PRIMARY KEY, cid text, record jsonb, rev text);
SELECT action, rev IS NOT NULL AS rev FROM at_put_record('bare', 'did:plc:abc', 'a.b.c', 'k', '{}');
SELECT r2.rev COLLATE "C" > r1.rev AS rising FROM bare AS r1, LATERAL at_put_record('bare', 'did:plc:abc', 'a.b.c', 'k', '{"n": 2}') AS r2;
-- times are the transaction's, whatever the defaults; created_at stays
CREATE TABLE timed (uri text PRIMARY KEY, cid text, record jsonb, indexed_at timestamptz DEFAULT '2001-01-01', created_at timestamptz DEFAULT '2001-01-01');
BEGIN;
SELECT action FROM at_put_record('timed', 'did:plc:abc', 'a.b.c', 'k', '{}');
SELECT indexed_at = now() AS indexed, created_at = now() AS created FROM timed;
UPDATE timed SET indexed_at = '2002-02-02', created_at = '2002-02-02';
SELECT action FROM at_put_record('timed', 'did:plc:abc', 'a.b.c', 'k', '{"n": 2}');
SELECT indexed_at = now() AS indexed, created_at FROM timed;
COMMIT;
-- columns that come, go and change between calls
ALTER TABLE timed DROP COLUMN cid, DROP COLUMN created_at, ADD COLUMN rkey text, ADD COLUMN cid text, ADD COLUMN rev varchar;
SELECT action FROM at_put_record('timed', 'did:plc:abc', 'a.b.c', 'k', '{"n": 2}');
SELECT action FROM at_put_record('timed', 'did:plc:abc', 'a.b.c', 'l', '{}');
SELECT uri, rkey, cid = record_cid(record) AS proved, rev IS NOT NULL AS rev FROM timed ORDER BY uri;
ALTER TABLE timed RENAME COLUMN record TO value;
SELECT pg_temp.error_of($$SELECT at_put_record('timed', 'did:plc:abc', 'a.b.c', 'k', '{}')$$);
DROP TABLE timed;
SELECT pg_temp.error_of($$SELECT at_put_record(0, 'did:plc:abc', 'a.b.c', 'k', '{}')$$) AS put, pg_temp.error_of($$SELECT at_get_record(0, 'at://did:plc:abc/a.b.c/k')$$) AS get;
CREATE TABLE wrong (uri text PRIMARY KEY, cid text, record json);
SELECT pg_temp.error_of($$SELECT at_put_record('wrong', 'did:plc:abc', 'a.b.c', 'k', '{}')$$);
SELECT pg_temp.error_of($$SELECT at_get_record('wrong', 'at://did:plc:abc/a.b.c/k')$$);

-- what is filled in stands where jsonb has it, byte for byte, whatever stands beside it
CREATE TEMP TABLE filled AS
	SELECT n, k, (SELECT coalesce(jsonb_object_agg(left(md5((n * 7 + i)::text), 1 + (i + k) % 9) || i, v), '{}') FROM generate_series(1, n) i,
		LATERAL (SELECT CASE (i * k) % 6 WHEN 0 THEN to_jsonb(i) WHEN 1 THEN to_jsonb(repeat('x', i % 5)) WHEN 2 THEN '{"a": [1, {"b": null}]}' WHEN 3 THEN 'null' WHEN 4 THEN '[]' ELSE to_jsonb(true) END) l (v)) AS record
	FROM unnest(ARRAY[0, 1, 2, 3, 15, 16, 17, 31, 33, 70]) n, generate_series(1, 7) k;
SELECT count(*), count(DISTINCT f.record) AS different, bool_and(record_image_eq(ROW(s.new), ROW(f.record || '{"$type": "a.b.c"}'))) AS same
FROM filled f, at_put_record('records', 'did:plc:abc', 'a.b.c', 'f' || n || '-' || k, record, '{"dryRun": true}') s;
SELECT count(*), bool_and(record_image_eq(ROW(s.new), ROW(f.record || '{"$type": "a.b.c"}'))) AS same
FROM (SELECT jsonb_agg(jsonb_build_object('collection', 'a.b.c', 'rkey', 'f' || n || '-' || k, 'record', record || CASE k WHEN 3 THEN '{"$type": "a.b.c"}' ELSE '{}'::jsonb END) ORDER BY n, k) AS records FROM filled) r,
	at_save_all('records', 'did:plc:abc', records, '{"dryRun": true}') s JOIN filled f ON s.uri = 'at://did:plc:abc/a.b.c/f' || n || '-' || k;

-- a trigger that will not have it
CREATE FUNCTION pg_temp.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER no BEFORE INSERT ON bare FOR EACH ROW EXECUTE FUNCTION pg_temp.no();
SELECT action, cid, new FROM at_put_record('bare', 'did:plc:abc', 'a.b.c', 'n', '{}');

-- the caller's rights, and read-only transactions
CREATE ROLE regress_at_writer;
GRANT SELECT ON records TO regress_at_writer;
SET ROLE regress_at_writer;
SELECT action FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 98}');
SELECT action FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 97}');
SELECT action FROM at_delete_record('records', 'at://did:plc:abc/a.b.c/k');
SELECT at_get_record('bare', 'at://did:plc:abc/a.b.c/k');
RESET ROLE;
BEGIN READ ONLY;
SELECT action FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 97}');
ROLLBACK;
DROP TABLE happy, bare, wrong, records;
DROP ROLE regress_at_writer;
