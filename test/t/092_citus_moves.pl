# Races over several nodes: marks while shards move, batches of different roads
# in different orders, the same searches, and a worker that dies.
#
# UPSERT_MARKS=20000 makes so many marks, instead of 2,400, and moves shards as
# long as they are made.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

my ($c, $one, $two) = citus_nodes('citus.defer_shard_delete_interval = -1',
	'deadlock_timeout = 200', 'citus.distributed_deadlock_detection_factor = 2');
my $file = PostgreSQL::Test::Utils::tempdir() . '/script';

# starts pgbench: 4 clients
sub clients
{
	my ($node, $transactions, $script, @options) = @_;
	my $name = "$file." . $node->name . int(rand(1e9));
	my ($out, $err) = ('', '');

	append_to_file($name, $script);
	return {
		err => \$err,
		out => \$out,
		run => IPC::Run::start(
			[ 'pgbench', '-n', '-c', '4', '-j', '1', '-t', $transactions, '-h', $node->host, '-p', $node->port,
				@options, '-f', $name, 'postgres' ], '<', \undef, '>', \$out, '2>', \$err) };
}

sub ended_well
{
	my ($clients, $label) = @_;

	# a client that stops makes pgbench end badly
	my $well = $clients->{run}->finish;
	# deadlocks are failed transactions to pgbench, and nothing to be told
	my ($failed) = ${ $clients->{out} } =~ /number of failed transactions: (\d+)/;
	is(($well ? '' : 'some stopped, ') . ($failed // 'none told'), '0', $label)
	  or diag(substr(${ $clients->{err} }, 0, 2000));
	return;
}

# --- marks while shards move ----------------------------------------------------

$c->safe_psql('postgres', q{SELECT create_collection('marks', '{"shards": 4}')});
my $n = ($ENV{UPSERT_MARKS} || 2400 * soak()) / 8;
my $mark = q{
\set k random(1, 40)
\set m random(1, 1000000000)
SELECT action FROM upsert('marks', jsonb_build_object('_key', 'k' || :k, 'm' || :client_id || '_NODE_' || :m, 1)) \gset
INSERT INTO written VALUES ('k' || :k, 'm' || :client_id || '_NODE_' || :m, ':action');
};
my @all;
foreach my $node ($c, $one)
{
	my $name = $node->name;

	# what each node has been told it wrote, in a table of its own
	$node->safe_psql('postgres', 'SET citus.enable_ddl_propagation = off; CREATE TABLE written (k text, m text, action text)');
	(my $script = $mark) =~ s/NODE/$name/g;
	push @all, clients($node, $n, $script);
}
my $moves = 0;
my $busy = 0;
for (my $i = 1; $i <= 3 || grep { $_->{run}->pumpable } @all; $i++)
{
	my ($shard, $from_host, $from_port) = split /\|/, $c->safe_psql('postgres', sprintf
		q{SELECT shardid, nodename, nodeport FROM citus_shards WHERE table_name = 'marks'::regclass ORDER BY shardid LIMIT 1 OFFSET %d}, $i % 4);
	my $to = $from_port == $one->port ? $two : $one;
	my ($rc, $out, $err) = $c->psql('postgres', sprintf(
		q{SELECT citus_move_shard_placement(%s, '%s', %s, '%s', %s, '%s')},
		$shard, $from_host, $from_port, $to->host, $to->port, $i % 3 == 2 ? 'block_writes' : 'force_logical'));

	$rc == 0 ? $moves++ : diag($err);
	foreach my $run (map { $_->{run} } @all) { $run->pump_nb if $run->pumpable }
	$busy = $moves if grep { $_->{run}->pumpable } @all;
	last if $rc != 0;
}
ok($moves >= 3, 'three shards have moved meanwhile');
note("$moves moves, $busy of them ended before the last mark was made");
ended_well($_, 'no client met an error') foreach @all;
my $lost = 0;
my $count = 0;
foreach my $node ($c, $one)
{
	foreach my $row (split /\n/, $node->safe_psql('postgres', 'SELECT k, m, action FROM written'))
	{
		my ($k, $m, $action) = split /\|/, $row;

		$count++;
		$lost++ if $action eq 'ignored';
	}
	$lost += $node->safe_psql('postgres', q{SELECT count(*) FROM written w WHERE NOT EXISTS (SELECT FROM (SELECT _key, doc FROM marks OFFSET 0) d WHERE d._key = w.k AND d.doc ? w.m)});
}
is($count, 2 * 4 * $n, 'all marks were made');
is($lost, 0, 'and none of them is lost');

# --- batches by several roads ---------------------------------------------------

$c->safe_psql('postgres', q{SELECT create_collection('mixed', '{"shards": 4}')});
my $docs = q{(SELECT jsonb_agg(jsonb_build_object('_key', 'k' || (random() * 60)::int, 'n', random())) FROM generate_series(1, 20))};
my $runs = 40 * soak();

@all = (
	clients($c, $runs, "SELECT upsert_load('mixed', $docs);\n"),
	clients($one, $runs, "SELECT upsert_load('mixed', $docs);\n"),
	clients($c, $runs, "SET upsert.direct = off;\nSELECT upsert_load('mixed', $docs);\nRESET upsert.direct;\n"),
	clients($c, $runs, q{SELECT upsert_from('mixed', 'SELECT jsonb_build_object(''_key'', ''k'' || (random() * 60)::int, ''n'', random()) FROM generate_series(1, 30)');} . "\n"),
	clients($c, 5 * $runs, "SELECT upsert('mixed', jsonb_build_object('_key', 'k' || (random() * 60)::int, 'n', random()));\n"));
ended_well($_, 'no deadlock, whatever road') foreach @all;

# --- the same searches ------------------------------------------------------------

$c->safe_psql('postgres', q{SELECT create_collection('found', '{"shards": 4}')});
@all = map { clients($c, 50 * soak(), <<'SQL') } 1 .. 2;
\set k random(1, 30)
SELECT upsert_by('found', format('{"mail": "%s"}', :k)::docexpr, format('{"mail": "%s", "n": 1}', :k)::docexpr, '{"n": OLD.n + 1}');
SQL
ended_well($_, 'searches') foreach @all;
rows_are($c, q{SELECT count(*) - count(DISTINCT doc->>'mail') FROM found}, '0', 'no search inserted twice');

# --- copies -----------------------------------------------------------------------

$c->safe_psql('postgres', q{SELECT create_collection('copies', '{"reference": true}')});
my $copy = q{SELECT upsert('copies', jsonb_build_object('_key', 'k' || (random() * 5)::int, 'm' || (random() * 1e9)::int, 1));} . "\n";
@all = (clients($c, 40 * soak(), $copy), clients($one, 40 * soak(), $copy));
ended_well($_, 'writers of a reference collection') foreach @all;
my $sum = q{SELECT md5(string_agg(t::text, ',' ORDER BY _key)), sum((SELECT count(*) FROM jsonb_object_keys(doc))) FROM copies t};
rows_are($one, $sum, $c->safe_psql('postgres', $sum), 'the same on this node') ;
rows_are($two, $sum, $c->safe_psql('postgres', $sum), 'and on that one');
like($c->safe_psql('postgres', $sum), qr/\|@{[ 320 * soak() ]}$/, 'with all marks');

# --- a worker dies ------------------------------------------------------------------

$c->safe_psql('postgres', q{SELECT create_collection('whole', '{"shards": 4}')});
my $psql = $c->background_psql('postgres', on_error_stop => 0);
$psql->query('BEGIN');
$psql->query(q{SELECT upsert_load('whole', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i)) FROM generate_series(1, 50) i))});
$two->stop('immediate');
$psql->query('COMMIT');
$psql->quit;
$two->start;
rows_are($c, q{SELECT count(*) FROM whole}, '0', 'killed between statement and commit: nothing');

# between PREPARE and COMMIT PREPARED: recovery finds that it was committed
my $committed = 0;
foreach my $try (1 .. 6)
{
	my $load = clients($c, 30, qq{\\set r random(1, 1000000000)
SELECT upsert_load('whole', (SELECT jsonb_agg(jsonb_build_object('_key', 't${try}_' || :client_id || '_' || :r || '_' || i)) FROM generate_series(1, 8) i));\n});

	select(undef, undef, undef, 0.15 * $try);
	$two->stop('immediate');
	$load->{run}->finish;
	$two->start;
}
$c->safe_psql('postgres', 'SELECT recover_prepared_transactions()');
rows_are($c, q{SELECT count(*) FROM (SELECT regexp_replace(_key, '_[0-9]+$', '') AS call, count(*) AS n FROM (SELECT _key FROM whole OFFSET 0) w GROUP BY 1) c WHERE n <> 8},
	'0', 'each call is there as a whole, or not at all');
ok($c->safe_psql('postgres', 'SELECT count(*) FROM whole') > 0, 'and some are');

done_testing();
