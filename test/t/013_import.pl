# upsert_import() is killed over and over, at any moment, by kill -9 of its
# backend: the server recovers, the load goes on behind its last batch, and in
# the end each document was written once and none was left out.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use Upsert::Test;

my $kills = 10 * soak();
my $documents = 12000 * $kills;
my $node = new_node('main', 'restart_after_crash = on', 'autovacuum = off', 'fsync = off');

# a document that is written again shows: it would be another one
$node->safe_psql('postgres', <<SQL);
SELECT create_collection('big');
CREATE TABLE written (key text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN INSERT INTO written VALUES (new._key); RETURN NULL; END \$\$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON big FOR EACH ROW EXECUTE FUNCTION note();
CREATE TABLE source AS SELECT i FROM generate_series(1, $documents) i;
SQL
my $call = q{CALL upsert_import('big', 'SELECT CASE WHEN i % 1000 = 0 THEN jsonb_build_object(''n'', i) ELSE jsonb_build_object(''_key'', i::text, ''r'', random()) END FROM source ORDER BY i DESC', '{"batchSize": 3, "resumeKey": "again", "errorTable": "failed"}')};
my $killed = 0;
my $progressed = 0;
my $before = 0;

while ($killed < $kills)
{
	my ($in, $out, $err) = ('', '', '');
	my $run = IPC::Run::start(
		[ 'psql', '-qAtX', '-h', $node->host, '-p', $node->port, '-d', 'postgres', '-c', $call ],
		\$in, \$out, \$err);
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'CALL upsert_import%' AND state = 'active' OR EXISTS (SELECT FROM upsert_imports WHERE state = 'finished')})
	  or die 'the load does not start';
	# mostly when it has written something, now and then before
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM upsert_imports WHERE batches > $before OR state = 'finished'") or die 'no batch'
	  if $killed % 4;
	usleep(int(rand(150_000)));
	my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL upsert_import%' AND state = 'active'});
	if ($pid eq '')
	{
		IPC::Run::finish($run);
		last;
	}
	kill 'KILL', $pid;
	IPC::Run::finish($run);
	$node->poll_query_until('postgres', 'SELECT true') or die 'no recovery';
	$killed++;
	my $now = $node->safe_psql('postgres', 'SELECT coalesce(max(batches), 0) FROM upsert_imports');
	$progressed++ if $now > $before;
	$before = $now;
}
ok($killed > 0, "killed $killed times");
ok($progressed > $killed / 4, "and it had come further $progressed times");
rows_are($node, q{SELECT state FROM upsert_progress}, 'interrupted', 'the progress tells of it')
  if $killed == $kills;
$node->safe_psql('postgres', $call) if $killed == $kills;
rows_are($node, q{SELECT state, inserted + failed, failed, updated + unchanged + ignored FROM upsert_progress},
	"finished|$documents|" . $documents / 1000 . '|0', 'finished: all are counted');
rows_are($node, q{SELECT count(*), count(DISTINCT key) FROM written},
	join('|', ($documents - $documents / 1000) x 2), 'each document was written once');
rows_are($node, q{SELECT count(*), count(DISTINCT doc) FROM failed}, join('|', ($documents / 1000) x 2),
	'each failed one was noted once');
amcheck_is_clean($node, 'amcheck');

$node->stop;
done_testing();
