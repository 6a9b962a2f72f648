-- Writes events of the network to standard output, a JSON text a line, as
-- Jetstream sends them: 2,000 accounts that post, like, follow, change and delete, now
-- and then one that is gone; delivered as networks do, a tenth of it twice and
-- a twentieth of it late.  The same events each time, on every version of
-- PostgreSQL: chance is made of md5().  docs/mirror.md uses it.
--
--	psql -qAtX -v n=100000 -f demo/events.sql >events.jsonl
\if :{?n}
\else
	\set n 100000
\endif
SET search_path = public, pg_catalog;
-- 0 <= chance < 1, of a number and what it is for
CREATE FUNCTION pg_temp.chance(i bigint, what text) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT ('x' || left(md5(what || i), 8))::bit(32)::bigint::float8 / 4294967296 $$;
CREATE TEMP TABLE deed AS SELECT i, 1 + floor(pg_temp.chance(i, 'who') ^ 2 * 2000)::int AS who, pg_temp.chance(i, 'what') AS what,
	floor(pg_temp.chance(i, 'about') * i)::int AS about, pg_temp.chance(i, 'late') AS late, 1700000000000000 + i * 1000::bigint AS us
FROM generate_series(1, :n) AS i;
ALTER TABLE deed ADD PRIMARY KEY (i);
CREATE INDEX ON deed (who, i);
ANALYZE deed;
CREATE TEMP TABLE told AS SELECT i, late, jsonb_build_object('did', 'did:plc:' || left(md5(who::text), 24), 'time_us', us) || CASE
	WHEN what < 0.0005 THEN jsonb_build_object('kind', 'account', 'account', jsonb_build_object('active', false, 'did', 'did:plc:' || left(md5(who::text), 24), 'seq', i, 'status', 'deleted', 'time', '2023-11-14T22:13:20Z'))
	WHEN what < 0.01 THEN jsonb_build_object('kind', 'identity', 'identity', jsonb_build_object('did', 'did:plc:' || left(md5(who::text), 24), 'handle', 'user' || who || '.test', 'seq', i, 'time', '2023-11-14T22:13:20Z'))
	ELSE jsonb_build_object('kind', 'commit', 'commit', jsonb_build_object('rev', at_tid_from_bigint(us * 1024 + 7), 'collection', collection, 'rkey', rkey)
		|| CASE WHEN what > 0.92 THEN '{"operation": "delete"}' ELSE jsonb_build_object('operation', CASE WHEN what > 0.88 THEN 'update' ELSE 'create' END, 'record', record, 'cid', record_cid(record)) END) END AS event
FROM deed,
	-- a change or a deletion is of something that the same account did before, if it did
	LATERAL (SELECT CASE WHEN what > 0.88 THEN coalesce((SELECT max(d.i) FROM deed AS d WHERE d.who = deed.who AND d.i < deed.i AND d.what BETWEEN 0.01 AND 0.88 AND d.i > deed.i - 5000), i) ELSE i END AS of) AS o,
	LATERAL (SELECT d.what AS kind FROM deed AS d WHERE d.i = o.of) AS k,
	LATERAL (SELECT CASE WHEN kind < 0.4 OR kind > 0.88 THEN 'app.bsky.feed.post' WHEN kind < 0.7 THEN 'app.bsky.feed.like' ELSE 'app.bsky.graph.follow' END AS collection, at_tid_from_bigint((1700000000000000 + o.of * 1000::bigint) * 1024 + 7) AS rkey) AS c,
	LATERAL (SELECT jsonb_build_object('$type', collection, 'createdAt', '2023-11-14T22:13:20.000Z') || CASE collection
		WHEN 'app.bsky.feed.post' THEN jsonb_build_object('text', repeat('lorem ipsum ', 1 + i % 20), 'langs', '["en"]'::jsonb)
		WHEN 'app.bsky.feed.like' THEN jsonb_build_object('subject', jsonb_build_object('uri', 'at://did:plc:' || left(md5((1 + about % 2000)::text), 24) || '/app.bsky.feed.post/' || at_tid_from_bigint((1700000000000000 + about * 1000::bigint) * 1024 + 7), 'cid', record_cid(jsonb_build_object('about', about))))
		ELSE jsonb_build_object('subject', 'did:plc:' || left(md5((1 + about % 2000)::text), 24)) END AS record) AS r;
\copy (SELECT event FROM (SELECT event, i + CASE WHEN late < 0.05 THEN 5000 * late * 20 ELSE 0 END AS at, i FROM told UNION ALL SELECT event, i + 300 * late, i FROM told WHERE late > 0.9) AS sent ORDER BY at, i) TO STDOUT WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')
