-- Events of the network into a table of records.
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
-- an event of microsecond n; its revision is the TID of that
CREATE FUNCTION pg_temp.rev(n bigint) RETURNS text LANGUAGE sql AS $$ SELECT at_tid_from_bigint((1700000000000000 + n) * 1024) $$;
CREATE FUNCTION pg_temp.event(n bigint, repo text, rkey text, record jsonb, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('did', repo, 'time_us', 1700000000000000 + n, 'kind', 'commit', 'commit',
		jsonb_build_object('rev', pg_temp.rev(n), 'collection', 'a.b.c', 'rkey', rkey)
		|| CASE WHEN record IS NULL THEN '{"operation": "delete"}' ELSE jsonb_build_object('operation', 'create', 'record', record, 'cid', record_cid(record)) END || more) $$;
CREATE FUNCTION pg_temp.put(n bigint, rkey text DEFAULT 'k', repo text DEFAULT 'did:plc:a') RETURNS jsonb LANGUAGE sql AS $$ SELECT pg_temp.event(n, repo, rkey, jsonb_build_object('$type', 'a.b.c', 'n', n)) $$;
CREATE FUNCTION pg_temp.gone(n bigint, rkey text DEFAULT 'k', repo text DEFAULT 'did:plc:a') RETURNS jsonb LANGUAGE sql AS $$ SELECT pg_temp.event(n, repo, rkey, NULL) $$;
CREATE FUNCTION pg_temp.account(n bigint, status text, repo text DEFAULT 'did:plc:a') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('did', repo, 'time_us', 1700000000000000 + n, 'kind', 'account', 'account', jsonb_build_object('active', false, 'did', repo, 'seq', n, 'status', status)) $$;
-- the number of a revision, for reading
CREATE FUNCTION pg_temp.n(rev text) RETURNS bigint LANGUAGE sql AS $$ SELECT at_tid_to_bigint(rev) / 1024 - 1700000000000000 $$;
CREATE FUNCTION pg_temp.apply(store regclass, VARIADIC events jsonb[]) RETURNS TABLE (ord int, uri text, n bigint, rev bigint, action text, error text) LANGUAGE sql AS $$
	SELECT ord, r.uri, (at_get_record(store, CASE WHEN r.uri LIKE '%/%/%/%' THEN r.uri END) -> 'value' ->> 'n')::bigint, pg_temp.n(r.rev), action, concat_ws(' | ', error ->> 'sqlstate', error ->> 'message', error ->> 'detail')
	FROM at_apply_events(store, to_jsonb(events)) AS r ORDER BY ord $$;
SELECT create_record_store('mirror');

-- the newest wins, whatever the order and how often; a deletion leaves a tombstone
SELECT * FROM pg_temp.apply('mirror', pg_temp.put(10), pg_temp.put(20), pg_temp.put(15), pg_temp.put(10));
SELECT * FROM pg_temp.apply('mirror', pg_temp.put(20), pg_temp.put(15));
SELECT * FROM pg_temp.apply('mirror', pg_temp.gone(19), pg_temp.gone(30), pg_temp.put(25), pg_temp.gone(30));
SELECT * FROM pg_temp.apply('mirror', pg_temp.put(29), pg_temp.gone(30), pg_temp.gone(20));
SELECT (SELECT count(*) FROM mirror) AS records, uri, pg_temp.n(rev) AS rev FROM mirror_tombstones;
SELECT * FROM pg_temp.apply('mirror', pg_temp.put(31));
SELECT (SELECT count(*) FROM mirror) AS records, count(*) AS tombstones FROM mirror_tombstones;
-- what was never seen is deleted, too
SELECT * FROM pg_temp.apply('mirror', pg_temp.gone(50, 'late'), pg_temp.put(49, 'late'));
-- the same content with a newer revision is news: an older event must not undo it
SELECT * FROM pg_temp.apply('mirror', pg_temp.event(40, 'did:plc:a', 'k', '{"$type": "a.b.c", "n": 31}'), pg_temp.put(35));
SELECT uri, pg_temp.n(rev) AS rev, cid = record_cid(record) AS cid, repo, collection, rkey FROM mirror;
-- nothing new: no lock, no transaction id
BEGIN;
SELECT action, count(*) FROM at_apply_events('mirror', jsonb_build_array(pg_temp.put(31), pg_temp.gone(50, 'late'), pg_temp.put(49, 'late')), '{"consumer": "test"}') GROUP BY 1 ORDER BY 1;
ROLLBACK;
SELECT count(*) FROM mirror_consumers;
BEGIN;
SELECT action, count(*) FROM at_apply_events('mirror', jsonb_build_array(pg_temp.put(31), pg_temp.gone(50, 'late'), pg_temp.put(49, 'late'))) GROUP BY 1 ORDER BY 1;
SELECT txid_current_if_assigned() IS NULL AS nothing_written;
COMMIT;

-- one revision: a record has one state at it, so this does not occur; but the outcome does not depend on the order
SELECT count(*) FROM (VALUES ('a', ARRAY[1, 2]), ('b', ARRAY[2, 1]), ('c', ARRAY[1, 2, 3]), ('d', ARRAY[3, 1, 2]), ('e', ARRAY[2, 3, 1])) AS v(k, o), unnest(o) WITH ORDINALITY AS u(n, ord),
	LATERAL at_apply_events('mirror', jsonb_build_array(pg_temp.event(5, 'did:plc:tie', k, CASE WHEN n < 3 THEN jsonb_build_object('$type', 'a.b.c', 'n', n) END))) AS r;
SELECT rkey, record ->> 'n' AS n FROM mirror WHERE repo = 'did:plc:tie' UNION ALL SELECT right(uri, 1), 'deleted' FROM mirror_tombstones WHERE uri LIKE '%:tie/%' ORDER BY 1;

-- errors are their event's, and the others go on
SELECT ord, uri, action, error FROM pg_temp.apply('mirror', pg_temp.put(60, 'good1'),
	'1', '[]', '{}', '{"did": "did:plc:a"}', '{"did": "alice.test", "kind": "identity"}', '{"did": 1, "kind": "identity"}', '{"did": "did:plc:a", "kind": "post"}', '{"did": "did:plc:a", "kind": 1}', '{"did": "did:plc:a", "kind": "commit"}', '{"did": "did:plc:a", "kind": "commit", "commit": []}',
	'{"did": "did:plc:a", "kind": "commit", "time_us": "x"}', '{"did": "did:plc:a", "kind": "commit", "time_us": 1.5}', '{"did": "did:plc:a", "kind": "commit", "time_us": -1}',
	pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"rev": "x"}'), pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"rev": null}'), pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"collection": "a.b"}'), pg_temp.event(61, 'did:plc:a', '..', '{}'), pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"operation": "merge"}'),
	pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"operation": 1}'), pg_temp.event(61, 'did:plc:a', 'bad', NULL, '{"operation": "create"}'), pg_temp.event(61, 'did:plc:a', 'bad', '{"$type": "a.b.c"}', '{"cid": "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"}'), pg_temp.event(61, 'did:plc:a', 'bad', '{"$type": "a.b.c"}', '{"cid": "x"}'),
	pg_temp.event(61, 'did:plc:a', 'bad', '{"$type": "a.b.d"}'), pg_temp.event(61, 'did:plc:a', 'bad', '{"n": 1}'), pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"record": {"$type": "a.b.c", "n": 1.5}, "cid": null}'), pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"record": []}'), pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"record": null}'),
	pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"record": null, "block": "x", "cid": null}'), pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"block": {"$bytes": "AA"}}'), pg_temp.event(61, 'did:plc:a', 'bad', '{}', '{"record": null, "block": {"$bytes": "AA"}, "cid": null}'),
	pg_temp.account(61, 'takendown'), pg_temp.account(61, 'deactivated'), '{"did": "did:plc:a", "kind": "account", "account": {"status": "deleted"}}', '{"did": "did:plc:a", "kind": "account", "account": {"active": true}}', '{"did": "did:plc:a", "time_us": 1, "kind": "identity", "identity": {"handle": "a.test"}, "new": 1}',
	pg_temp.put(62, 'good2'));
SELECT rkey FROM mirror WHERE rkey LIKE 'good%' OR rkey LIKE 'bad%' ORDER BY 1;
-- without a CID "$type" is filled in; bytes stand for a record
SELECT ord, action, n, error FROM pg_temp.apply('mirror', jsonb_set(pg_temp.event(63, 'did:plc:a', 'filled', '{"n": 7}'), '{commit}', (pg_temp.event(63, 'did:plc:a', 'filled', '{"n": 7}') -> 'commit') - 'cid'),
	jsonb_set(pg_temp.event(64, 'did:plc:a', 'bytes', '{"$type": "a.b.c", "n": 8}'), '{commit}', (pg_temp.event(64, 'did:plc:a', 'bytes', '{"$type": "a.b.c", "n": 8}') -> 'commit') - 'record' || '{"block": {"$bytes": "omFuCGUkdHlwZWVhLmIuYw"}}'));
-- an error of the database is its event's, too, and undoes what was remembered of it
CREATE UNIQUE INDEX one_n ON mirror ((record ->> 'n'));
SELECT ord, action, n, error FROM pg_temp.apply('mirror', pg_temp.put(70, 'u1'), pg_temp.event(71, 'did:plc:a', 'u2', '{"$type": "a.b.c", "n": 70}'), pg_temp.event(72, 'did:plc:a', 'u2', '{"$type": "a.b.c", "n": 72}'), pg_temp.put(73, 'u3', 'did:plc:b'), pg_temp.event(74, 'did:plc:b', 'u4', '{"$type": "a.b.c", "n": 73}'));
SELECT ord, action, n, error FROM pg_temp.apply('mirror', pg_temp.event(71, 'did:plc:a', 'u2', '{"$type": "a.b.c", "n": 70}'), pg_temp.event(74, 'did:plc:b', 'u4', '{"$type": "a.b.c", "n": 73}'));
DROP INDEX one_n;
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.rkey = 'silent' THEN RETURN NULL; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON mirror FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse();
SELECT ord, action, n, rev, error FROM pg_temp.apply('mirror', pg_temp.put(75, 'silent'), pg_temp.put(76, 'loud'));
DROP TRIGGER refuse ON mirror;

-- an account that is gone takes along what is not newer, and what comes too late
SELECT * FROM pg_temp.apply('mirror', pg_temp.put(100, 'x', 'did:plc:z'), pg_temp.put(200, 'y', 'did:plc:z'), pg_temp.gone(100, 'z', 'did:plc:z'));
SELECT * FROM pg_temp.apply('mirror', pg_temp.put(140, 'w', 'did:plc:z'), pg_temp.account(150, 'deleted', 'did:plc:z'), pg_temp.put(160, 'v', 'did:plc:z'), pg_temp.put(141, 'u', 'did:plc:z'), pg_temp.account(150, 'deleted', 'did:plc:z'));
SELECT rkey, pg_temp.n(rev) AS rev FROM mirror WHERE repo = 'did:plc:z' ORDER BY 1;
SELECT uri FROM mirror_tombstones WHERE uri LIKE 'at://did:plc:z/%';
SELECT * FROM pg_temp.apply('mirror', pg_temp.account(149, 'deleted', 'did:plc:z'), pg_temp.put(150, 'x', 'did:plc:z'), pg_temp.put(151, 'x', 'did:plc:z'));
SELECT repo, pg_temp.n(upstream) AS upstream, pg_temp.n(floor) AS floor FROM mirror_repos ORDER BY 1;

-- cursors
SELECT count(*) FROM at_apply_events('mirror', jsonb_build_array(pg_temp.put(300, 'c'), '{"time_us": 1700000000000400}'), '{"consumer": "test"}');
SELECT count(*) FROM at_apply_events('mirror', jsonb_build_array(pg_temp.put(299, 'c')), '{"consumer": "test"}');
SELECT count(*) FROM at_apply_events('mirror', '[]', '{"consumer": "nothing"}');
SELECT consumer, time_us - 1700000000000000 AS n FROM mirror_consumers;

-- from a query
CREATE TABLE staging AS SELECT pg_temp.put(400 + i, 'q' || i % 100, 'did:plc:q' || i % 7) AS event FROM generate_series(1, 5000) AS i UNION ALL SELECT pg_temp.gone(6000 + i, 'q' || i, 'did:plc:q1') FROM generate_series(0, 9) AS i;
SELECT inserted > 600 AS inserted, updated > 500 AS updated, deleted + unchanged AS gone, inserted + updated + unchanged + deleted + ignored AS events FROM at_apply_events_from('mirror', 'SELECT event FROM staging ORDER BY random()', '{"consumer": "staging"}');
SELECT count(*), (SELECT count(*) FROM mirror_tombstones WHERE uri LIKE 'at://did:plc:q%') AS tombstones, (SELECT time_us - 1700000000000000 FROM mirror_consumers WHERE consumer = 'staging') AS cursor FROM mirror WHERE repo LIKE 'did:plc:q%';
SELECT (s).inserted + (s).updated + (s).deleted AS written FROM at_apply_events_from('mirror', 'SELECT event FROM staging') AS s;
SELECT * FROM at_apply_events_from('mirror', $$SELECT '{"did": "x"}'::jsonb UNION ALL SELECT '2'$$);
SELECT pg_temp.error_of(c) FROM unnest(ARRAY[$$SELECT at_apply_events_from('mirror', 'SELECT 1')$$, $$SELECT at_apply_events_from('mirror', 'SELECT NULL::jsonb')$$, $$SELECT at_apply_events_from('mirror', 'DROP TABLE mirror')$$, $$SELECT at_apply_events_from('mirror', 'SELECT event FROM staging', '{"dryRun": true}')$$,
	$$SELECT * FROM at_apply_events('mirror', '{}')$$, $$SELECT * FROM at_apply_events('mirror', '1')$$, $$SELECT * FROM at_apply_events('mirror', '[]', '{"consumer": 1}')$$, $$SELECT * FROM at_apply_events('mirror', '[]', '{"validate": "x"}')$$, $$SELECT * FROM at_apply_events('pg_class', '[]')$$]) AS c;

-- a mirror is not written locally, unless by force; which does not make it one of ours
SELECT pg_temp.error_of($$SELECT at_put_record('mirror', 'did:plc:q1', 'a.b.c', 'x', '{}')$$);
SELECT action FROM at_put_record('mirror', 'did:plc:q1', 'a.b.c', 'x', '{}', '{"force": true}');
SELECT action FROM at_put_record('mirror', 'did:plc:ours', 'a.b.c', 'x', '{}');
BEGIN;
SELECT action FROM at_put_record('mirror', 'did:plc:ours', 'a.b.c', 'y', '{}');
SELECT action FROM pg_temp.apply('mirror', pg_temp.put(1, 'z', 'did:plc:ours'));
SELECT pg_temp.error_of($$SELECT at_put_record('mirror', 'did:plc:ours', 'a.b.c', 'z', '{}')$$);
ROLLBACK;

-- reported, and kept as bytes
SELECT create_record_store('odd', '{"opaque": true, "refs": true}');
SELECT at_put_lexicon('{"lexicon": 1, "id": "a.b.c", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}}}');
SELECT ord, action, error ->> 'message' AS message, error ->> 'detail' AS detail FROM at_apply_events('odd', jsonb_build_array(pg_temp.event(1, 'did:plc:a', 'k1', '{"$type": "a.b.c"}'), pg_temp.event(2, 'did:plc:a', 'k2', '{"$type": "a.b.c"}', '{"record": {"$type": "a.b.c", "n": 1.5}, "cid": "bafyreifhppjg42oslhhrpd3ktgb5socba3siwr6o2mzibd4rkkf7urlqfu"}'),
	pg_temp.event(3, 'did:plc:a', 'k3', '{"$type": "a.b.c"}', '{"record": {"$type": "a.b.c", "n": 1.25}, "cid": "bafyreifhppjg42oslhhrpd3ktgb5socba3siwr6o2mzibd4rkkf7urlqfu"}')), '{"validate": "report"}');
SELECT ord, action, error ->> 'message' AS message FROM at_apply_events('odd', jsonb_build_array(pg_temp.event(1, 'did:plc:a', 'k4', '{"$type": "a.b.c"}'), pg_temp.event(1, 'did:plc:a', 'k5', '{"$type": "a.b.c", "n": 1}'), pg_temp.event(1, 'did:plc:a', 'k6', '{"$type": "a.b.c", "subject": "did:plc:b"}')));
SELECT ord, action, error ->> 'message' AS message FROM at_apply_events('odd', jsonb_build_array(pg_temp.event(2, 'did:plc:a', 'k6', '{"$type": "a.b.c", "subject": "did:plc:b"}')), '{"validate": false}');
SELECT rkey, record, block IS NOT NULL AS block FROM odd ORDER BY uri;
SELECT * FROM odd_refs;
SELECT at_drop_lexicon('a.b.c');

-- tombstones go by their age
UPDATE mirror_tombstones SET deleted_at = now() - interval '1 day' WHERE uri LIKE 'at://did:plc:q%';
CREATE RULE nothing AS ON DELETE TO mirror_tombstones DO INSTEAD NOTHING;
SELECT pg_temp.error_of($$SELECT at_forget_tombstones('mirror', '1 hour')$$);
DROP RULE nothing ON mirror_tombstones;
SELECT at_forget_tombstones('mirror', '1 hour'), at_forget_tombstones('mirror', '1 hour') AS again;
SELECT pg_temp.error_of(c) FROM unnest(ARRAY[$$SELECT at_forget_tombstones('mirror', NULL)$$, $$SELECT at_forget_tombstones('pg_class', '1 hour')$$]) AS c;
CREATE TABLE bare (uri text PRIMARY KEY, cid text, record jsonb, rev text);
SELECT pg_temp.error_of(c) FROM unnest(ARRAY[$$SELECT * FROM at_apply_events('bare', '[]')$$, $$SELECT * FROM at_apply_events('bare', '[]', '{"consumer": "x"}')$$, $$SELECT at_forget_tombstones('bare', '1 hour')$$]) AS c;
SELECT pg_temp.error_of(format('SELECT * FROM at_apply_events(''bare'', %L)', jsonb_build_array(pg_temp.put(1))));
SELECT pg_temp.error_of(format('SELECT * FROM at_apply_events(''bare'', %L, ''{"consumer": "x"}'')', jsonb_build_array(pg_temp.account(1, 'active'))));

-- with the rights of the caller
CREATE ROLE regress_at_consumer;
GRANT SELECT, INSERT, UPDATE, DELETE ON mirror TO regress_at_consumer;
SET ROLE regress_at_consumer;
SELECT pg_temp.error_of(format('SELECT * FROM at_apply_events(''mirror'', %L)', jsonb_build_array(pg_temp.put(9000))));
RESET ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON mirror_repos, mirror_tombstones TO regress_at_consumer;
SET ROLE regress_at_consumer;
SELECT ord, action FROM at_apply_events('mirror', jsonb_build_array(pg_temp.put(9000), pg_temp.gone(9001)));
RESET ROLE;
DROP OWNED BY regress_at_consumer;
DROP ROLE regress_at_consumer;
-- REPEATABLE READ: what was looked at is what is written, or 40001
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT ord, action FROM at_apply_events('mirror', jsonb_build_array(pg_temp.put(9002), pg_temp.gone(9003), pg_temp.put(9001)));
COMMIT;
DROP TABLE mirror, odd, bare, staging;
SELECT relname FROM pg_class WHERE relname LIKE 'mirror%' OR relname LIKE 'odd%';
