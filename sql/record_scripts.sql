-- The two record scripts, each as one statement with the script's answer.
SELECT create_record_store('statusphere');

-- "Upsert a Record".  input.status and input.rkey come as bind parameters, the
-- caller's DID as the repository.
PREPARE set_status(text, jsonb) AS
SELECT jsonb_build_object('uri', uri, 'cid', cid) AS answer, action, old, new, rev
FROM at_upsert_record('statusphere', 'did:plc:abc', 'xyz.statusphere.status',
  insert => '{status: @status, createdAt: DATE_ISO8601(DATE_NOW()), updatedAt: DATE_ISO8601(DATE_NOW())}',
  update => '{status: @status, updatedAt: DATE_ISO8601(DATE_NOW())}',
  rkey => $1, bind => $2);

-- curl -d '{"status": "hello"}': no rkey, so a new TID is generated
CREATE TEMP TABLE created AS EXECUTE set_status(NULL, '{"status": "hello"}');
SELECT p.authority, p.collection, at_is_valid('tid', p.rkey) AS tid, at_is_valid('cid', answer ->> 'cid') AS cid,
       action, old, new - '{createdAt,updatedAt}'::text[] AS new,
       new ->> 'createdAt' <= new ->> 'updatedAt' AND at_is_valid('datetime', new ->> 'createdAt') AS dates
FROM created, at_uri_parts(answer ->> 'uri') AS p;
-- without rkey it always creates
CREATE TEMP TABLE again AS EXECUTE set_status(NULL, '{"status": "hello"}');
SELECT again.answer ->> 'uri' COLLATE "C" > created.answer ->> 'uri' AS another FROM again, created;

-- curl -d '{"rkey": "3abc123", "status": "updated"}': creates, as nothing is there ...
SELECT pg_sleep(0.002);
CREATE TEMP TABLE first AS EXECUTE set_status('3abc123', '{"status": "created"}');
SELECT pg_sleep(0.002);
-- ... and then updates the same record: createdAt stays, updatedAt moves on
CREATE TEMP TABLE second AS EXECUTE set_status('3abc123', '{"status": "updated"}');
SELECT first.answer ->> 'uri' AS uri, first.action, second.action, second.answer ->> 'uri' = first.answer ->> 'uri' AS same_uri,
       second.answer ->> 'cid' <> first.answer ->> 'cid' AS new_cid, second.rev COLLATE "C" > first.rev AS later,
       second.new ->> 'status' AS status, second.new ->> '$type' AS type,
       second.new ->> 'createdAt' = first.new ->> 'createdAt' AS created_stays,
       second.new ->> 'updatedAt' > first.new ->> 'updatedAt' AS updated_moves, second.old = first.new AS old_shown
FROM first, second;
-- the answer is what getRecord shows, and the table proves its own CIDs
SELECT at_get_record('statusphere', answer ->> 'uri') - 'value' = answer AS same FROM second;
SELECT count(*) AS records, bool_and(cid = record_cid(record)) AS proved FROM statusphere;

-- "Sidecar Records": two records of two collections under one generated key
PREPARE create_post(jsonb) AS
SELECT jsonb_object_agg(p.collection, jsonb_build_object('uri', uri, 'cid', cid)) AS answer,
       jsonb_object_agg(p.collection, new) AS records, count(DISTINCT p.rkey) AS keys, count(DISTINCT rev) AS revs
FROM at_save_all('statusphere', 'did:plc:abc', $1, '{"sameRkey": true}'), at_uri_parts(uri) AS p;
CREATE TEMP TABLE sidecar AS EXECUTE create_post('[
  {"collection": "xyz.statusphere.post", "record": {"text": "Hello world", "createdAt": "2026-11-22T00:00:00Z"}},
  {"collection": "xyz.statusphere.postMetadata", "record": {"lang": "en", "source": "web", "createdAt": "2026-11-22T00:00:00Z"}}]');
SELECT keys, revs, answer #>> '{xyz.statusphere.post,cid}' AS post, answer #>> '{xyz.statusphere.postMetadata,cid}' AS metadata FROM sidecar;
SELECT jsonb_pretty(records) AS records FROM sidecar;
SELECT replace(answer #>> '{xyz.statusphere.post,uri}', 'xyz.statusphere.post', 'xyz.statusphere.postMetadata')
       = answer #>> '{xyz.statusphere.postMetadata,uri}' AS one_key_derives_the_other FROM sidecar;
DROP TABLE statusphere;
SELECT to_regclass('statusphere_repos') IS NULL AS repos_dropped;
