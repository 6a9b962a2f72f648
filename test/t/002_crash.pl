# A backend is killed, and the server stopped immediately, in the middle of a
# batch: afterwards nothing of the batch is there, all that was committed is,
# and amcheck finds nothing.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use Upsert::Test;

my $node = new_node('main', 'restart_after_crash = on', 'autovacuum = off');

$node->safe_psql('postgres', <<'SQL');
SELECT create_collection('big');
SELECT upsert_load('big', (SELECT jsonb_agg(jsonb_build_object('_key', 'old' || g, 'n', 0)) FROM generate_series(1, 1000) g));
CREATE TABLE source AS SELECT jsonb_build_object('_key', k, 'n', 1, 'text', repeat('x', 200)) AS doc
	FROM (SELECT 'old' || g AS k FROM generate_series(1, 1000) g UNION ALL SELECT 'new' || g FROM generate_series(1, 300000) g) s;
SQL
my $committed = 'SELECT count(*), sum((doc->>\'n\')::int) FROM big';

# start a long batch in the background and wait until it has written
sub start_batch
{
	my ($set) = @_;
	my $handle = { in => '', out => '', err => '' };
	my $size = $node->safe_psql('postgres', q{SELECT pg_relation_size('big')});

	$handle->{run} = IPC::Run::start(
		[
			'psql', '-qAtX', '-h', $node->host, '-p', $node->port, '-d',
			'postgres', '-c', "/* batch */ $set",
			'-c', q{SELECT inserted FROM upsert_from('big', 'SELECT doc FROM source')}
		],
		\$handle->{in}, \$handle->{out}, \$handle->{err});
	$node->poll_query_until('postgres',
		"SELECT pg_relation_size('big') > $size + 2000000")
	  or die 'the batch does not write';
	return $handle;
}
my $backend = q{SELECT pid FROM pg_stat_activity WHERE query LIKE '%upsert_from%' AND pid <> pg_backend_pid()};

each_store(
	sub {
		my ($set, $label) = @_;

		# a cancel and a termination are an ordinary rollback
		foreach my $how ('cancel', 'terminate')
		{
			my $batch = start_batch($set);
			$node->safe_psql('postgres', "SELECT pg_${how}_backend(pid) FROM ($backend) b");
			IPC::Run::finish($batch->{run});
			is($batch->{out}, '', "$label: $how: the batch did not end well");
			rows_are($node, $committed, '1000|0', "$label: $how: nothing of it is there");
		}

		# kill -9 of its backend: the server recovers
		my $batch = start_batch($set);
		my $pid = $node->safe_psql('postgres', $backend);
		kill 'KILL', $pid;
		IPC::Run::finish($batch->{run});
		$node->poll_query_until('postgres', 'SELECT true') or die 'no recovery';
		is($batch->{out}, '', "$label: kill -9: the batch did not end well");
		rows_are($node, $committed, '1000|0', "$label: kill -9: nothing of it is there");

		# the whole server
		$batch = start_batch($set);
		$node->stop('immediate');
		IPC::Run::finish($batch->{run});
		$node->start;
		is($batch->{out}, '', "$label: immediate stop: the batch did not end well");
		rows_are($node, $committed, '1000|0', "$label: immediate stop: nothing of it is there");
		amcheck_is_clean($node, "$label: amcheck");
		$node->safe_psql('postgres', 'VACUUM big');

		# waitForSync: on disk though the session does not ask for it
		$node->safe_psql('postgres', <<SQL);
$set
SET synchronous_commit = off;
SELECT upsert('big', '{"_key": "sync"}', '{"waitForSync": true}');
SQL
		$node->stop('immediate');
		$node->start;
		rows_are($node, q{DELETE FROM big WHERE _key = 'sync' RETURNING _key},
			'sync', "$label: waitForSync survives an immediate stop");
	});

# and the batch itself, left alone
$node->safe_psql('postgres', q{SELECT upsert_from('big', 'SELECT doc FROM source')});
rows_are($node, $committed, '301000|301000', 'left alone, all of it is there');

$node->stop;
done_testing();
