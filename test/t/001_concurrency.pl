# Eight clients merge marks into the same documents: as many marks as calls
# must be there, whatever the store, the isolation level, and REINDEX and
# VACUUM do meanwhile; then amcheck looks at heap and indexes.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('main', 'autovacuum_naptime = 1s',
	'autovacuum_vacuum_threshold = 100', 'max_connections = 50',
	'deadlock_timeout = 100ms');
my $n = 500 * soak();

$node->safe_psql('postgres', 'CREATE SEQUENCE mark');

# as many marks as calls, in the collection "marks"
sub marks_are
{
	my ($expected, $label) = @_;

	rows_are(
		$node,
		q{SELECT sum((SELECT count(*) FROM jsonb_object_keys(doc->'m'))),
			count(*) = count(DISTINCT _key) FROM marks},
		"$expected|t",
		$label);
	return;
}

each_store(
	sub {
		my ($set, $label) = @_;
		my $direct = $label =~ s/direct/upsert.direct/r;
		local $ENV{PGOPTIONS} = "-c $direct";
		my $fresh = sub {
			$node->safe_psql('postgres',
				q{DROP TABLE IF EXISTS marks; SELECT create_collection('marks')});
		};

		# all clients walk through the same missing keys: insert races
		$fresh->();
		pgbench_is_clean($node, $n, "$label: insert races", <<'SQL', '-D', 'i=0');
\set i :i + 1
SELECT action FROM upsert('marks', jsonb_build_object('_key', 'k' || :i, 'm', jsonb_build_object('x' || nextval('mark'), 1)), '{"return": "none"}');
SQL
		marks_are(8 * $n, "$label: insert races: no mark lost");
		rows_are($node, 'SELECT count(*) FROM marks',
			$n, "$label: insert races: one document a key");

		# a few hot rows, single calls and the operator in turn
		$fresh->();
		pgbench_is_clean($node, $n, "$label: hot rows", <<'SQL');
\set k random(1, 5)
\set op random(0, 1)
\if :op
SELECT 'marks' |+ jsonb_build_object('_key', 'k' || :k, 'm', jsonb_build_object('x' || nextval('mark'), 1));
\else
SELECT new->'m' FROM upsert('marks', jsonb_build_object('_key', 'k' || :k, 'm', jsonb_build_object('x' || nextval('mark'), 1)));
\endif
SQL
		marks_are(8 * $n, "$label: hot rows: no mark lost");

		# batches over the same keys in random order: no deadlock
		$fresh->();
		my $batches = int($n / 5);
		pgbench_is_clean($node, $batches, "$label: batches", <<'SQL');
SELECT count(*) FROM upsert_many('marks', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || g % 30, 'm', jsonb_build_object('x' || nextval('mark'), 1)) ORDER BY random()) FROM generate_series(1, 40) g));
SQL
		marks_are(8 * 40 * $batches, "$label: batches: no mark lost");
		pgbench_is_clean($node, $batches, "$label: loads", <<'SQL');
SELECT * FROM upsert_load('marks', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || g % 30, 'm', jsonb_build_object('x' || nextval('mark'), 1)) ORDER BY random()) FROM generate_series(1, 40) g));
SQL
		marks_are(2 * 8 * 40 * $batches, "$label: loads: no mark lost");

		# REPEATABLE READ: who loses gets 40001 and tries again; SERIALIZABLE likewise
		foreach my $level ('repeatable read', 'serializable')
		{
			$fresh->();
			my $escaped = $level =~ s/ /\\ /r;
			local $ENV{PGOPTIONS} =
			  "-c $direct -c default_transaction_isolation=$escaped";
			my $tries = int($n / 5);
			pgbench_is_clean($node, $tries, "$label: $level", <<'SQL', '--max-tries=1000');
\set k random(1, 20)
SELECT action FROM upsert('marks', jsonb_build_object('_key', 'k' || :k, 'm', jsonb_build_object('x' || nextval('mark'), 1)));
SQL
			marks_are(8 * $tries, "$label: $level: no mark lost");
		}

		amcheck_is_clean($node, "$label: amcheck");
	});

# insert races with a second unique attribute: all mean the same row, so that
# is no violation (INSERT ... ON CONFLICT raises 23505 now and then)
$node->safe_psql('postgres',
	q{DROP TABLE marks; SELECT create_collection('marks', '{"unique": ["u"]}')});
pgbench_is_clean($node, $n, 'two unique attributes', <<'SQL', '-D', 'i=0');
\set i :i + 1
SELECT action FROM upsert('marks', jsonb_build_object('_key', 'k' || :i, 'u', 'u' || :i, 'm', jsonb_build_object('x' || nextval('mark'), 1)));
SQL
marks_are(8 * $n, 'two unique attributes: no mark lost');

# compare-and-set on the revision, tried again on UP001, is a correct counter
$node->safe_psql('postgres', <<'SQL');
SELECT create_collection('counter');
SELECT upsert('counter', '{"_key": "c", "n": 0}');
CREATE FUNCTION increment() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	was record;
BEGIN
	LOOP
		SELECT _rev, (doc->>'n')::int AS n INTO was FROM counter;
		BEGIN
			PERFORM upsert('counter', jsonb_build_object('_key', 'c', 'n', was.n + 1),
						   jsonb_build_object('ifRev', was._rev));
			RETURN;
		EXCEPTION WHEN SQLSTATE 'UP001' THEN
		END;
	END LOOP;
END $$;
SQL
pgbench_is_clean($node, 100, 'compare-and-set', 'SELECT increment();');
rows_are($node, q{SELECT doc->'n' FROM counter}, 800, 'compare-and-set: no increment lost');

# the indexes are rebuilt under the upserts' feet
$node->safe_psql('postgres',
	q{DROP TABLE marks; SELECT create_collection('marks', '{"unique": ["u"]}');
	SELECT upsert_load('marks', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || g, 'u', 'u' || g)) FROM generate_series(0, 49) g))});
my $reindex = PostgreSQL::Test::Utils::tempdir() . '/reindex.sql';
append_to_file($reindex,
	"REINDEX TABLE CONCURRENTLY marks;\nVACUUM marks;\n");
my ($out, $err) = ('', '');
my $runner = IPC::Run::start(
	[
		'pgbench', '-n', '-h', $node->host, '-p', $node->port, '-T', 600,
		'-f', $reindex, 'postgres'
	],
	'>', \$out, '2>', \$err);
pgbench_is_clean($node, $n, 'while REINDEX CONCURRENTLY runs', <<'SQL', '-D', 'i=0');
\set i :i + 1
SELECT action FROM upsert('marks', jsonb_build_object('_key', 'k' || (:i % 50), 'u', 'u' || (:i % 50), 'm', jsonb_build_object('x' || nextval('mark'), 1)));
SQL
$runner->kill_kill;
marks_are(8 * $n, 'while REINDEX CONCURRENTLY runs: no mark lost');
$node->safe_psql('postgres', 'REINDEX TABLE marks');
amcheck_is_clean($node, 'amcheck at last');

$node->stop;
done_testing();
