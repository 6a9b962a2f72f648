-- Record scripts: the two pages' scripts against the functions that do the same,
-- each call for another repository, as calls of different users are.
\ir lib.sql
CREATE EXTENSION upsert_lua;
SELECT create_record_store('records');
CREATE TABLE calls AS SELECT i, 'did:plc:u' || i AS did, jsonb_build_object('status', 'hello') AS created,
	jsonb_build_object('status', 'hello', 'rkey', 'k') AS keyed, jsonb_build_object('text', 'Hello world', 'lang', 'en', 'source', 'web') AS posted
FROM generate_series(1, 2000) i;
VACUUM ANALYZE calls;
\set upsert `cat scripts/upsert.lua`
\set sidecar `cat scripts/sidecar.lua`
SELECT at_put_script('x.y.upsert', :'upsert', 'xyz.statusphere.status');

SELECT format('SELECT count(at_script(''records'', %L, created, did, ''xyz.statusphere.status'')) FROM calls', :'upsert') AS script_new,
	format('SELECT count(at_script(''records'', %L, keyed, did, ''xyz.statusphere.status'')) FROM calls', :'upsert') AS script_keyed,
	format('SELECT count(at_script(''records'', %L, posted, did)) FROM calls', :'sidecar') AS script_sidecar,
	$q$SELECT count(at_call('records', 'x.y.upsert', created, did)) FROM calls$q$ AS call_new,
	$q$SELECT count(u.uri) FROM calls, at_upsert_record('records', did, 'xyz.statusphere.status', '{status: @status, createdAt: DATE_ISO8601(DATE_NOW()), updatedAt: DATE_ISO8601(DATE_NOW())}', '{status: @status, updatedAt: DATE_ISO8601(DATE_NOW())}', NULL, created) u$q$ AS function_new,
	$q$SELECT count(u.uri) FROM calls, at_upsert_record('records', did, 'xyz.statusphere.status', '{status: @status, createdAt: DATE_ISO8601(DATE_NOW()), updatedAt: DATE_ISO8601(DATE_NOW())}', '{status: @status, updatedAt: DATE_ISO8601(DATE_NOW())}', 'k', keyed) u$q$ AS function_keyed,
	$q$SELECT count(u.uri) FROM calls, at_save_all('records', did, jsonb_build_array(jsonb_build_object('collection', 'xyz.statusphere.post', 'record', jsonb_build_object('text', posted -> 'text', 'createdAt', to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))),
		jsonb_build_object('collection', 'xyz.statusphere.postMetadata', 'record', jsonb_build_object('lang', posted -> 'lang', 'source', posted -> 'source', 'createdAt', to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))), '{"sameRkey": true}') u$q$ AS function_sidecar \gset
CALL bench.compare('upsert, new', :'script_new', :'function_new', 2000, 'TRUNCATE records, records_repos');
CALL bench.compare('upsert, changed', :'script_keyed', :'function_keyed', 2000, 'SELECT 1');
CALL bench.compare('sidecar', :'script_sidecar', :'function_sidecar', 2000, 'TRUNCATE records, records_repos');
CALL bench.compare('upsert, new, registered', :'call_new', :'function_new', 2000, 'TRUNCATE records, records_repos');
