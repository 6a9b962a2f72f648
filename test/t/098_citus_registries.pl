# Contexts, lexicons and record scripts are known on all nodes once their tables
# are reference tables; ledgers and other stores on shards.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

my ($c, $one, $two) = citus_nodes(q{shared_preload_libraries = 'citus, upsert'});
my @nodes = ([ $c, 'coordinator' ], [ $one, 'one' ], [ $two, 'two' ]);
my $scripts = $c->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'upsert_lua'});

sub lexicon
{
	my ($required) = @_;

	return qq{'{"lexicon": 1, "id": "x.y.z", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["$required"], "properties": {"$required": {"type": "integer"}}}}}}'};
}
my $expand = q{SELECT jsonld_expand('{"@context": "http://e/c", "n": 1}')};
my $validate = q{SELECT at_validation_status('x.y.z', '{"$type": "x.y.z", "a": 1}')};

# what is there before stays
$c->safe_psql('postgres', q{SELECT jsonld_set_context('http://e/c', '{"@context": {"n": "http://e/old"}}')});
$c->safe_psql('postgres', 'SELECT at_put_lexicon(' . lexicon('a') . ')');
$c->safe_psql('postgres', q{CREATE EXTENSION upsert_lua; SELECT at_put_script('x.y.call', 'function handle(input, ctx) return {said = input.n} end', NULL, 'query')}) if $scripts;
sqlstate_is($one, $expand, 'UP008', 'a worker does not know of a context');
rows_are($one, $validate, 'unknown', 'nor of a lexicon');

sqlstate_is($c, q{CREATE ROLE somebody; SET ROLE somebody; SELECT upsert_share_registries()}, '42501', 'their owner shares them');
rows_are($c, 'SELECT upsert_share_registries()', 2 + $scripts, 'shared');
rows_are($c, 'SELECT upsert_share_registries()', '0', 'once');

# sessions that keep what they have read
my %session = map { $_->[1] => $_->[0]->background_psql('postgres', on_error_stop => 0) } @nodes;

sub everywhere
{
	my ($sql, $expected, $label) = @_;

	is($session{$_}->query($sql), $expected, "$_: $label") foreach sort keys %session;
	return;
}
everywhere($expand, '[{"http://e/old": [{"@value": 1}]}]', 'a context');
everywhere($validate, 'valid', 'a lexicon');

# from each node, to all
foreach my $from (@nodes)
{
	my ($node, $name) = @$from;

	$node->safe_psql('postgres', qq{SELECT jsonld_set_context('http://e/c', '{"\@context": {"n": "http://e/$name"}}')});
	everywhere($expand, qq([{"http://e/$name": [{"\@value": 1}]}]), "a context that $name has changed");
	rows_are($node, qq{SELECT jsonld_set_context('http://e/c', '{"\@context": {"n": "http://e/$name"}}')}, 'f', 'which is there');
	$node->safe_psql('postgres', 'SELECT at_put_lexicon(' . lexicon('b') . ')');
	everywhere(q{SELECT at_validation_status('x.y.z', '{"$type": "x.y.z", "b": 1}')}, 'valid', "a lexicon that $name has changed");
	$node->safe_psql('postgres', 'SELECT at_put_lexicon(' . lexicon('a') . ')');
	everywhere($validate, 'valid', 'and back');
	$node->safe_psql('postgres', q{BEGIN; SELECT jsonld_drop_context('http://e/c'); ROLLBACK});
	everywhere($expand, qq([{"http://e/$name": [{"\@value": 1}]}]), 'what was rolled back was not');
}
rows_are($two, q{SELECT jsonld_drop_context('http://e/c')}, 't', 'dropped');
sqlstate_is($_->[0], $expand, 'UP008', "$_->[1] has none any more") foreach @nodes;
rows_are($one, q{SELECT at_drop_lexicon('x.y.z')}, 't', 'a lexicon');
everywhere($validate, 'unknown', 'is forgotten everywhere');
$_->quit foreach values %session;

# --- records of a store with shards are validated wherever the call is made ----------

$c->safe_psql('postgres', q{SELECT create_record_store('status', '{"shards": 4}')});
$c->safe_psql('postgres', 'SELECT at_put_lexicon(' . lexicon('a') . ')');
foreach my $from (@nodes)
{
	my ($node, $name) = @$from;

	rows_are($node, qq{SELECT action, validation_status FROM at_put_record('status', 'did:plc:$name', 'x.y.z', 'k', '{"a": 1}')}, 'inserted|valid', "on $name: a valid record");
	sqlstate_is($node, qq{SELECT at_put_record('status', 'did:plc:$name', 'x.y.z', 'k', '{"a": "x"}')}, 'UP006', 'and one that is not');
	rows_are($node, q{SELECT at_call('status', 'x.y.call', '{"n": 7}')}, '{"said": 7}', 'a script') if $scripts;
}

# --- dump, restore, drop ----------------------------------------------------------------

$c->safe_psql('postgres', q{SELECT jsonld_set_context('http://e/kept', '{"@context": {"n": "http://e/n"}}')});
my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$c->command_ok([ 'pg_dump', '-f', $file, '--extension=upsert', '--extension=upsert_lua', 'postgres' ], 'dumped')
  if $scripts;
$c->command_ok([ 'pg_dump', '-f', $file, '--extension=upsert', 'postgres' ], 'dumped') if !$scripts;
my $dump = slurp_file($file);
like($dump, qr{^http://e/kept\t}m, 'what is in them is in a dump');
unlike($dump, qr/registry_1\d{5}/, 'their shards are not');
$c->safe_psql('postgres', 'CREATE DATABASE alone');
$c->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f', $file, 'alone' ], 'restored, where there is no Citus');
rows_are($c, q{SELECT jsonld_expand('{"@context": "http://e/kept", "n": 1}')}, '[{"http://e/n": [{"@value": 1}]}]', 'they are there', 'alone');
$c->safe_psql('postgres', 'DROP TABLE status CASCADE; DROP EXTENSION upsert CASCADE');
rows_are($_->[0], q{SELECT count(*) FROM pg_dist_partition}, '0', "nothing of them is left: $_->[1]") foreach @nodes;
rows_are($_->[0], q{SELECT count(*) FROM pg_proc WHERE proname = 'upsert_many'}, '0', 'nor of the extension') foreach @nodes;
$c->safe_psql('postgres', 'CREATE EXTENSION upsert');
rows_are($c, 'SELECT upsert_share_registries()', '2', 'and again');
rows_are($one, q{SELECT jsonld_set_context('http://e/c', '{"@context": {"n": "http://e/n"}}')}, 't', 'as before');
rows_are($two, $expand, '[{"http://e/n": [{"@value": 1}]}]', 'on all');


# --- tables of others ----------------------------------------------------------------

# Citus would put a collection beside them, and then refuse it
$c->safe_psql('postgres', q{
	CREATE TABLE events (tenant text, n int); SELECT create_distributed_table('events', 'tenant', shard_count => 4);
	SELECT create_collection('people', '{"shards": 4}'), create_collection('visits', '{"shards": 4}'), create_collection('more', '{"shards": 6}')});
rows_are($c, q{SELECT count(*), count(DISTINCT colocation_id) FROM citus_tables WHERE table_name IN ('people'::regclass, 'visits')}, '2|1', 'beside a table of another collation: a group of their own');
rows_are($c, q{SELECT action FROM upsert('visits', '{"_key": "a"}')}, 'inserted', 'that takes upserts');

# --- what was done, on all nodes -----------------------------------------------------

$c->safe_psql('postgres', q{
	SELECT upsert_load('people', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i)) FROM generate_series(1, 100) i));
	SELECT upsert('people', '{"_key": "k1", "n": 1}'); SELECT upsert('people', '{"_key": "k1", "n": 1}');
	SELECT delete_document('people', 'k2')});
my ($sum) = slurp_file("$FindBin::RealBin/../../docs/scaling.md") =~ /^(SELECT coalesce\(d\.logicalrelid.*?;)$/ms;
like($c->safe_psql('postgres', $sum // 'SELECT 1'), qr/^people\|100\|1\|1\|1\|/m, 'docs/scaling.md: sums over nodes');

done_testing();
