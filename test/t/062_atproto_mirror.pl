# A mirror converges: random histories of 50 repositories, with deletions of
# records and of accounts, delivered in random order, with repeats, by eight
# consumers at once; some are cut off in the middle.  Whatever has arrived
# stays, nobody deadlocks, and when all has arrived the store is the model:
# of each record the newest revision, or its tombstone.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('mirror', 'max_connections = 50', 'deadlock_timeout = 100ms');
my $batches = 60 * soak();

# event i: what, when; a revision is a TID of its microsecond
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION tid(us bigint, clock int DEFAULT 5) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT at_tid_from_bigint((1700000000000000 + us) * 1024 + clock) $$;
SELECT setseed(0.42);
CREATE TABLE history AS SELECT i, 'did:plc:r' || did AS repo, 'k' || k AS rkey, tid(i * 7) AS rev,
	CASE WHEN op < 0.004 THEN 'gone' WHEN op < 0.3 THEN 'delete' ELSE 'put' END AS op, jsonb_build_object('$type', 'a.b.c', 'n', i % 97, 'subject', 'did:plc:r' || k) AS record
FROM (SELECT i, 1 + floor(random() * 50)::int AS did, floor(random() * 20)::int AS k, random() AS op FROM generate_series(1, 12000) AS i) AS h;
CREATE TABLE events AS SELECT i, CASE op
	WHEN 'gone' THEN jsonb_build_object('did', repo, 'time_us', 1700000000000000 + i * 7, 'kind', 'account', 'account', '{"status": "deleted", "active": false}'::jsonb)
	ELSE jsonb_build_object('did', repo, 'time_us', 1700000000000000 + i * 7, 'kind', 'commit', 'commit', jsonb_build_object('rev', rev, 'collection', 'a.b.c', 'rkey', rkey)
		|| CASE op WHEN 'delete' THEN '{"operation": "delete"}' ELSE jsonb_build_object('operation', CASE i % 2 WHEN 0 THEN 'create' ELSE 'update' END, 'cid', record_cid(record))
			|| CASE i % 3 WHEN 0 THEN jsonb_build_object('block', dag_cbor_decode(substr(dag_cbor('{"$bytes": ""}'), 2) || CASE WHEN length(b) < 24 THEN substr(int4send(64 + length(b)), 4, 1) ELSE '\x58' || substr(int4send(length(b)), 4, 1) END || b))
				ELSE jsonb_build_object('record', record) END END) END AS event
FROM history, LATERAL (SELECT dag_cbor(record) AS b) AS d;
ALTER TABLE events ADD PRIMARY KEY (i);
CREATE VIEW floors AS SELECT repo, max(tid(i * 7, 1023)) AS floor FROM history WHERE op = 'gone' GROUP BY repo;
CREATE VIEW model AS SELECT DISTINCT ON (uri) * FROM (SELECT 'at://' || repo || '/a.b.c/' || rkey AS uri, repo, rev, op, record_cid(record) AS cid
	FROM history LEFT JOIN floors USING (repo) WHERE op <> 'gone' AND (floor IS NULL OR rev COLLATE "C" > floor)) AS h ORDER BY uri, rev COLLATE "C" DESC;
SQL

# what of the store is not the model
my $differs = <<'SQL';
SELECT count(*) FROM (
	(SELECT uri, rev, cid, 'put' AS op FROM mirror UNION ALL SELECT uri, rev, NULL, 'delete' FROM mirror_tombstones)
	EXCEPT SELECT uri, rev, CASE op WHEN 'put' THEN cid END, op FROM model) AS a
SQL
my $missing = <<'SQL';
SELECT count(*) FROM (SELECT uri, rev, CASE op WHEN 'put' THEN cid END, op FROM model
	EXCEPT (SELECT uri, rev, cid, 'put' FROM mirror UNION ALL SELECT uri, rev, NULL, 'delete' FROM mirror_tombstones)) AS a
SQL
my $refs = <<'SQL';
SELECT count(*) FROM ((SELECT record->>'subject', uri FROM mirror EXCEPT SELECT target, uri FROM mirror_refs)
	UNION ALL (SELECT target, uri FROM mirror_refs EXCEPT SELECT record->>'subject', uri FROM mirror)) AS d
SQL

each_store(
	sub {
		my ($set, $label) = @_;
		my $direct = $label =~ s/direct/upsert.direct/r;
		local $ENV{PGOPTIONS} = "-c $direct";

		$node->safe_psql('postgres', q{DROP TABLE IF EXISTS mirror; SELECT create_record_store('mirror', '{"refs": true}')});
		pgbench_is_clean($node, $batches, "$label: eight consumers, events in random order", <<'SQL');
SELECT count(*) FROM at_apply_events('mirror', (SELECT jsonb_agg(event ORDER BY random()) FROM events JOIN (SELECT DISTINCT 1 + floor(random() * 12000)::int AS i FROM generate_series(1, 40)) AS r USING (i)), '{"consumer": "c"}');
SQL

		# consumers that die in the middle: what was not committed never was
		for my $round (1 .. 3)
		{
			$node->psql('postgres', "BEGIN; SELECT count(*) FROM at_apply_events('mirror', (SELECT jsonb_agg(event ORDER BY random()) FROM events WHERE i % 7 = $round)); SELECT pg_terminate_backend(pg_backend_pid());");
		}

		# all of it, by both roads, twice
		$node->safe_psql('postgres', q{SELECT at_apply_events_from('mirror', 'SELECT event FROM events WHERE i % 2 = 0 ORDER BY random()');
			SELECT count(*) FROM at_apply_events('mirror', (SELECT jsonb_agg(event ORDER BY random()) FROM events WHERE i % 2 = 1))});
		is($node->safe_psql('postgres', $missing), 0, "$label: all of the model is stored");
		is($node->safe_psql('postgres', $differs), 0, "$label: and nothing else");
		is($node->safe_psql('postgres', $refs), 0, "$label: references are those of the records");
		is($node->safe_psql('postgres', q{SELECT bool_and(cid = record_cid(record)) FROM mirror}), 't', "$label: CIDs are proved");
		is($node->safe_psql('postgres', q{SELECT (s).inserted + (s).updated + (s).deleted FROM at_apply_events_from('mirror', 'SELECT event FROM events ORDER BY random()') AS s}),
			0, "$label: all of it once more is nothing");
		is($node->safe_psql('postgres', q{BEGIN; SELECT count(*) > 2000 FROM at_apply_events('mirror', (SELECT jsonb_agg(event ORDER BY random()) FROM events WHERE i < 3000));
			SELECT txid_current_if_assigned() IS NULL}), "t\nt", "$label: and writes nothing");
	});
# docs/mirror.md: events of a file, by COPY
my $file = $node->basedir . '/events.jsonl';
system("psql -qAtX -d '" . $node->connstr('postgres') . "' -v n=3000 -f demo/events.sql >$file") == 0 or die "demo/events.sql failed";
$node->safe_psql('postgres', q{SELECT create_record_store('sky', '{"refs": true}'); CREATE TABLE staging (event jsonb)});
$node->safe_psql('postgres', "\\copy staging FROM '$file' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')");
my $from = q{at_apply_events_from('sky', 'SELECT event FROM staging', '{"consumer": "file"}')};
is($node->safe_psql('postgres', "SELECT inserted > 2000 AND updated + unchanged + deleted + ignored + inserted = (SELECT count(*) FROM staging) FROM $from"), 't', 'docs/mirror.md: events of a file');
is($node->safe_psql('postgres', "SELECT inserted + updated + deleted FROM $from"), 0, 'docs/mirror.md: the same once more is nothing');
is($node->safe_psql('postgres', q{SELECT count(*) > 2000, bool_and(cid = record_cid(record)), (SELECT count(*) > 100 FROM sky_tombstones), (SELECT time_us FROM sky_consumers) FROM sky}), 't|t|t|1700000003000000', 'docs/mirror.md: what is stored');

unlike(slurp_file($node->logfile), qr/deadlock detected|TRAP|PANIC/, 'no deadlock');

$node->stop;
done_testing();
