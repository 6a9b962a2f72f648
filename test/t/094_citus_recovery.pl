# A node dies in the middle of a call that writes on two: between two parts of a
# batch, when the other node is prepared and this one is not, and when all are
# prepared and the coordinator has decided.  After recovery the call is there as
# a whole, or not at all.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

# what is left prepared is recovered when we say so
my ($c, $one, $two) = citus_nodes('citus.recover_2pc_interval = -1', 'max_prepared_transactions = 20');

$c->safe_psql('postgres', q{SELECT create_collection('whole', '{"shards": 4}')});
# at a COMMIT or PREPARE the key "hold" waits for whoever has the advisory lock
$c->safe_psql('postgres', q{
	SET citus.enable_unsafe_triggers = on;
	CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.doc ? 'hold' THEN PERFORM pg_catalog.pg_advisory_xact_lock(1); END IF;
		RETURN NULL;
	END $$;
	CREATE CONSTRAINT TRIGGER hold AFTER INSERT OR UPDATE ON whole DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION hold()});

# two keys of either worker, in the order of their shards
sub keys_of
{
	my ($node) = @_;

	return split /\n/, $c->safe_psql('postgres', sprintf q{
		SELECT DISTINCT ON (s.shardid) 'k' || i FROM generate_series(1, 100) i,
			citus_shards s WHERE s.table_name = 'whole'::regclass AND s.nodeport = %d
			AND s.shardid = get_shard_id_for_distribution_column('whole', 'k' || i) ORDER BY s.shardid, i}, $node->port);
}
my %key = (one => [ keys_of($one) ], two => [ keys_of($two) ]);
is(scalar(@{ $key{one} }) . scalar(@{ $key{two} }), '22', 'two keys of either worker');

# documents of both workers; those of one of them hold the commit up
sub documents
{
	my ($n, $holding) = @_;

	return sprintf q{[%s]}, join ', ', map {
		my $node = $_;
		map { sprintf q{{"_key": "%s", "try%d": 1%s}}, $_, $n, ($holding // '') eq $node ? ', "hold": 1' : '' } @{ $key{$node} }
	} qw(one two);
}

sub is_there
{
	my ($n, $expected, $label) = @_;
	my $all = @{ $key{one} } + @{ $key{two} };

	$c->poll_query_until('postgres', 'SELECT true');
	$c->psql('postgres', 'SELECT recover_prepared_transactions()');
	$_->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_prepared_xacts') foreach ($one, $two);
	# connections that died are met once, and made anew
	$c->psql('postgres', 'SELECT count(*) FROM whole');
	rows_are($c, qq{SELECT count(*) FROM (SELECT doc FROM whole OFFSET 0) w WHERE doc ? 'try$n'}, $expected ? $all : 0, $label);
	return;
}

# takes the advisory lock on a node
sub holder
{
	my ($node) = @_;
	my $psql = $node->background_psql('postgres', on_error_stop => 0);

	$psql->query_safe('SELECT pg_advisory_lock(1)');
	return $psql;
}

# sends a call, and goes on
sub start
{
	my ($sql) = @_;
	my $psql = $c->background_psql('postgres', on_error_stop => 0);

	$psql->{stdin} .= "$sql;\n\\echo done\n";
	$psql->{run}->pump_nb;
	return $psql;
}

# what came of it
sub ended
{
	my ($psql) = @_;

	$psql->{run}->pump until $psql->{stdout} =~ /done/ || !$psql->{run}->pumpable;
	my $said = $psql->{stderr};
	$psql->{run}->kill_kill;
	return $said;
}

sub prepared { my ($node) = @_; return $node->poll_query_until('postgres', 'SELECT count(*) > 0 FROM pg_prepared_xacts'); }
sub waits
{
	my ($node, $event) = @_;

	return $node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = '$event'");
}

my $try = 0;

# --- between two parts of a batch ------------------------------------------------

# the part of the one worker is written, that of the other waits for a row
$c->safe_psql('postgres', sprintf q{SELECT upsert_load('whole', '%s')}, documents(0));
foreach my $case ([ $one, 'two', $two ], [ $two, 'one', $one ])
{
	my ($blocked, $name, $dies) = @$case;
	my $last = $key{ $blocked == $one ? 'one' : 'two' }->[-1];
	my $lock = $blocked->background_psql('postgres', on_error_stop => 0);

	$try++;
	$lock->query_safe('BEGIN');
	$lock->query_safe(qq{UPDATE whole SET doc = doc WHERE _key = '$last'});
	my $call = start(sprintf q{SELECT upsert_load('whole', '%s')}, documents($try));
	ok(waits($blocked, 'transactionid') || waits($blocked, 'tuple'), "a part waits, $name has written");
	$dies->stop('immediate');
	$lock->query('ROLLBACK');
	$lock->quit;
	like(ended($call), qr/ERROR|connection/, 'the call ends in an error');
	$dies->start;
	is_there($try, 0, "$name killed between parts of a batch: nothing");
}

# --- one is prepared, the other is not ---------------------------------------------

foreach my $case ([ $one, 'one', $two, 'two' ], [ $two, 'two', $one, 'one' ])
{
	my ($held, $name, $dies, $other) = @$case;
	my $lock = holder($held);

	$try++;
	my $call = start(sprintf q{SELECT upsert_load('whole', '%s')}, documents($try, $name));
	ok(prepared($dies), "$other is prepared");
	ok(waits($held, 'advisory'), "$name is not");
	$dies->stop('immediate');
	$dies->start;
	ok(prepared($dies), 'and stays so through its recovery');
	$lock->query('SELECT pg_advisory_unlock(1)');
	$lock->quit;
	ended($call);
	# the coordinator had not decided when it lost the node, or it had the answer
	# already and decides now: either way all or nothing
	$c->psql('postgres', 'SELECT recover_prepared_transactions()');
	my $there = $c->safe_psql('postgres', qq{SELECT count(*) > 0 FROM (SELECT doc FROM whole OFFSET 0) w WHERE doc ? 'try$try'});
	is_there($try, $there eq 't', "$other killed when it alone was prepared: " . ($there eq 't' ? 'all' : 'nothing'));
}

# --- all are prepared, and the coordinator has decided --------------------------------

# it waits for a standby that is none, behind the record of its commit
sub decide_and_wait
{
	$try++;
	$c->append_conf('postgresql.conf', q{synchronous_standby_names = 'nobody'});
	$c->reload;
	my $call = start(sprintf q{SELECT upsert_load('whole', '%s')}, documents($try));
	ok(waits($c, 'SyncRep'), 'decided');
	ok(prepared($one) && prepared($two), 'and all are prepared');
	return $call;
}

sub let_go
{
	$c->append_conf('postgresql.conf', q{synchronous_standby_names = ''});
	return;
}

foreach my $case ([ $one, 'one' ], [ $two, 'two' ])
{
	my ($dies, $name) = @$case;
	my $call = decide_and_wait();

	$dies->stop('immediate');
	let_go();
	$c->reload;
	ended($call);
	$dies->start;
	is_there($try, 1, "$name killed between PREPARE and COMMIT PREPARED: all");
}

my $call = decide_and_wait();
$c->stop('immediate');
ended($call);
let_go();
$c->start;
is_there($try, 1, 'the coordinator killed after its decision: all');

# --- the coordinator dies before ------------------------------------------------------

my $lock = holder($one);
$try++;
$call = start(sprintf q{SELECT upsert_load('whole', '%s')}, documents($try, 'one'));
ok(prepared($two) && waits($one, 'advisory'), 'one of two is prepared');
$c->stop('immediate');
ended($call);
$lock->query('SELECT pg_advisory_unlock(1)');
$lock->quit;
$c->start;
$one->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE wait_event = 'advisory'});
is_there($try, 0, 'the coordinator killed before its decision: nothing');

# --- both at once ---------------------------------------------------------------------

$call = decide_and_wait();
$_->stop('immediate') foreach ($c, $one, $two);
ended($call);
let_go();
$_->start foreach ($one, $two, $c);
is_there($try, 1, 'all killed after the decision: all');

rows_are($c, sprintf(q{SELECT * FROM upsert_load('whole', '%s')}, documents($try)), '0|0|' . (@{ $key{one} } + @{ $key{two} }) . '|0',
	'the load again: all of it unchanged');

done_testing();
