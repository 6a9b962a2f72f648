# The recipe of demo/cluster: a PL/Proxy router and two shards.  What it
# promises: a key is on one shard, batches are split and answered in order, all
# shards are read; and what it does not.  Skipped, aloud, without PL/Proxy.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $router = PostgreSQL::Test::Cluster->new('router');
$router->init;
$router->start;
if ($router->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'plproxy'}) eq '0')
{
	diag('SKIPPED: PL/Proxy is not installed (Debian: postgresql-NN-plproxy)');
	plan skip_all => 'SKIPPED: no PL/Proxy; install postgresql-NN-plproxy';
}

my @shards = map { PostgreSQL::Test::Cluster->new("shard$_") } 0, 1;
foreach my $shard (@shards)
{
	$shard->init(allows_streaming => 1);
	$shard->append_conf('postgresql.conf', "shared_preload_libraries = 'upsert'\n");
	$shard->start;
	$shard->safe_psql('postgres', slurp_file('demo/cluster/shard.sql'));
}
$router->command_ok(
	[
		'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $router->connstr('postgres'),
		(map { ('-v', "p$_=" . $shards[$_]->connstr('postgres')) } 0, 1), '-f', 'demo/cluster/router.sql'
	],
	'the router is set up');
my $counts = sub { join ' ', map { $_->safe_psql('postgres', 'SELECT count(*) FROM people') } @shards };

# --- single calls ---------------------------------------------------------------
rows_are($router, q{SELECT action, key, new->'n' FROM people_upsert('a', '{"n": 1}')}, 'inserted|a|1', 'inserted');
rows_are($router, q{SELECT action FROM people_upsert('a', '{"n": 1}')}, 'unchanged', 'unchanged');
rows_are($router, q{SELECT action, old->'n' FROM people_upsert('a', '{"n": 2}')}, 'updated|1', 'updated');
rows_are($router, q{SELECT g->'n', g->>'_id' FROM people_get('a') g}, '2|people/a', 'read');
rows_are($router, q{SELECT action FROM people_upsert('a', '{"n": 9}', '{"dryRun": true}')}, 'updated', 'options go with it');
rows_are($router, q{SELECT action FROM people_delete('a')}, 'deleted', 'deleted');
is($counts->(), '0 0', 'everywhere');

# --- batches ----------------------------------------------------------------------
$router->safe_psql('postgres', q{CREATE FUNCTION load(v int) RETURNS SETOF upsert_item LANGUAGE sql AS $$
	SELECT * FROM people_upsert_many((SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'v', v) ORDER BY i DESC) FROM generate_series(1, 1000) i)) $$});
rows_are($router, q{SELECT count(*), bool_and(action = 'inserted'), bool_and(key = 'k' || 1001 - ord) FROM load(1)},
	'1000|t|t', 'answers in the order of the input');
my ($first, $second) = split / /, $counts->();
ok($first > 300 && $second > 300 && $first + $second == 1000, "the keys are spread: $first and $second");
rows_are($router, q{SELECT action, count(*) FROM load(1) GROUP BY 1}, 'unchanged|1000', 'again: unchanged');
rows_are($router, q{SELECT ord, action, key FROM people_upsert_many('[{"_key": "k1", "v": 2}, {"_key": "k2", "v": 1}, {"_key": "k1", "w": 3}]')},
	"1|updated|k1\n2|unchanged|k2\n3|updated|k1", 'a key twice is on one shard');
rows_are($router, q{SELECT count(*) FROM people_upsert_many('[]')}, '0', 'an empty batch');
rows_are($router, q{SELECT ord, action, error->>'sqlstate' FROM people_upsert_many('[{"_key": "/"}, {"_key": "k2", "v": 1}]', '{"ignoreErrors": true}')},
	"1|ignored|UP004\n2|unchanged|", 'ignoreErrors');
my ($rc, $out, $err) = $router->psql('postgres', q{SELECT people_upsert_many('[{"_key": "k1"}, {"v": 1}]')});
like($err, qr/Hash function returned NULL/, 'a document without a key has no shard');
$router->pgbench('--no-vacuum --client=4 --transactions=50', 0, [qr{processed: 200/200}], [qr{^$}],
	'batches of several sessions', { '018_plproxy' => <<'SQL' });
SELECT count(*) FROM people_upsert_many((SELECT jsonb_agg(jsonb_build_object('_key', 'r' || i, 'by', jsonb_build_object('c' || :client_id, 1)) ORDER BY random()) FROM generate_series(1, 20) i));
SQL
rows_are($router, q{SELECT count(*), min(n::int) FROM people_c8ql('FOR p IN people FILTER p._key LIKE "r%" RETURN LENGTH(p.by)') n}, '20|4', 'nothing is lost');

# --- all shards ---------------------------------------------------------------------
rows_are($router, q{SELECT count(*), sum(n::int) FROM people_c8ql('FOR p IN people COLLECT WITH COUNT INTO n RETURN n') n}, '2|1020', 'counted on all');
rows_are($router, q{SELECT d->>'_key' FROM people_c8ql('FOR p IN people FILTER p.v == @v SORT p._key LIMIT 3 RETURN p', '{"v": 1}') d ORDER BY d->>'_key' COLLATE "C" LIMIT 3},
	"k10\nk100\nk1000", 'the first of the firsts');

rows_are($router, 'SELECT count(*), sum(inserted), sum(unchanged) > 2000 FROM people_stats()', '2|1021|t', 'counted by the shards');

# --- what is not promised --------------------------------------------------------------
$router->safe_psql('postgres', q{BEGIN; SELECT people_upsert('rolled', '{"n": 1}'); ROLLBACK});
rows_are($router, q{SELECT count(*) FROM people_get('rolled') g WHERE g IS NOT NULL}, '1', 'a ROLLBACK on the router takes nothing back');
my $batch = q{people_upsert_many((SELECT jsonb_agg(jsonb_build_object('_key', 'b' || i, 'n', 1)) FROM generate_series(1, 40) i) || '[{"_key": "/"}]'};
($rc, $out, $err) = $router->psql('postgres', "SELECT * FROM $batch)");
like($err, qr/REMOTE ERROR: illegal document key/, 'a bad item is an error');
sqlstate_is($router, "SELECT * FROM $batch)", 'UP004', 'with its SQLSTATE');

# PL/Proxy cancels what the other shard is at, if that is not done sooner
my $stored = 0;
for my $try (1 .. 50)
{
	$stored = $router->safe_psql('postgres', q{SELECT count(*) FROM people_c8ql('FOR p IN people FILTER p._key LIKE "b%" RETURN 1')});
	last if $stored > 0;
	$router->psql('postgres', "SELECT * FROM $batch)");
}
ok($stored > 0 && $stored < 40, "the other shard keeps its part: $stored of 40");
rows_are($router, qq{SELECT count(*) FILTER (WHERE action = 'unchanged'), count(*) FILTER (WHERE action <> 'ignored') FROM $batch, '{"ignoreErrors": true}')},
	"$stored|40", 'and repeated, all is there');

# a shard that is down: those of its keys fail, and are done when it is back
$shards[1]->stop;
($rc, $out, $err) = $router->psql('postgres', q{SELECT count(*) FROM load(2)});
isnt($rc, 0, 'a batch fails without a shard');
$shards[1]->start;
rows_are($router, q{SELECT count(*) FILTER (WHERE action IN ('updated', 'unchanged')) FROM load(2)}, '1000', 'and is repeated');

# --- twice as many -----------------------------------------------------------------------
foreach my $i (0, 1)
{
	$shards[$i]->backup('half');
	my $half = PostgreSQL::Test::Cluster->new('shard' . ($i + 2));
	$half->init_from_backup($shards[$i], 'half');
	$half->start;
	push @shards, $half;
}
my $sum = q{SELECT md5(string_agg(p::text, ',' ORDER BY p->>'_key' COLLATE "C")), count(*) FROM people_c8ql('FOR p IN people RETURN p') p};
my $before = $router->safe_psql('postgres', $sum);
$router->safe_psql('postgres', 'ALTER SERVER shards OPTIONS (' . join(', ', map { "ADD p$_ \$\$" . $shards[$_]->connstr('postgres') . '$$' } 2, 3) . ')');
$shards[$_]->safe_psql('postgres', "DELETE FROM people WHERE hashtext(_key) & 3 <> $_") foreach 0 .. 3;
rows_are($router, $sum, $before, 'four shards have what two had');
rows_are($router, q{SELECT count(*) FILTER (WHERE action = 'unchanged') FROM load(2)}, '1000', 'and find all');
my $least = (sort { $a <=> $b } split / /, $counts->())[0];
ok($least > 150, "each its part: $least at least");

$_->stop foreach ($router, @shards);
done_testing();
