# Batches and single calls by all doors, on all nodes, over the same few
# documents: nobody waits in a circle, and no increment is lost.
#
# UPSERT_MINUTES=30 lets them run so long, instead of 15 seconds.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

my ($c, $one, $two) = citus_nodes('deadlock_timeout = 200', 'citus.distributed_deadlock_detection_factor = 2',
	'log_statement = none', 'log_duration = off', 'log_replication_commands = off');
my $seconds = $ENV{UPSERT_MINUTES} ? 60 * $ENV{UPSERT_MINUTES} : 15 * soak();
my $dir = PostgreSQL::Test::Utils::tempdir();
my $n = 0;

$c->safe_psql('postgres', q{
	SELECT create_collection('mixed', '{"shards": 4}'), create_collection('counters', '{"shards": 4, "colocateWith": "mixed"}'),
		create_collection('whole', '{"reference": true}');
	SELECT upsert_load('counters', (SELECT jsonb_agg(jsonb_build_object('_key', 'c' || i, 'n', 1)) FROM generate_series(1, 12) i));
	SELECT upsert_view('mixed')});

# starts pgbench
sub clients
{
	my ($node, $clients, $script, @options) = @_;
	my $file = "$dir/" . $n++;
	my ($out, $err) = ('', '');

	append_to_file($file, $script);
	return {
		label => $node->name . ': ' . substr($script, 0, 60) =~ s/\n.*//sr,
		err => \$err,
		out => \$out,
		run => IPC::Run::start(
			[ 'pgbench', '-n', '-c', $clients, '-j', '1', '-T', $seconds, '-h', $node->host, '-p', $node->port,
				@options, '-f', $file, 'postgres' ], '<', \undef, '>', \$out, '2>', \$err) };
}

# they ended well, and so many transactions
sub done
{
	my ($clients) = @_;
	my $well = $clients->{run}->finish;
	my ($failed) = ${ $clients->{out} } =~ /number of failed transactions: (\d+)/;
	my ($processed) = ${ $clients->{out} } =~ /actually processed: (\d+)/;

	is(($well ? '' : 'some stopped, ') . ($failed // 'none told'), '0', $clients->{label})
	  or diag(substr(${ $clients->{err} }, 0, 2000));
	note('transactions: ', $processed // 'none told');
	return $processed // 0;
}

my $some = q{(SELECT jsonb_agg(jsonb_build_object('_key', 'k' || (random() * 60)::int, 'n', (random() * 3)::int)) FROM generate_series(1, 20))};
my $one_of = q{jsonb_build_object('_key', 'k' || (random() * 60)::int, 'n', (random() * 3)::int)};
my $counter = q{\set k random(1, 12)
SELECT upsert_by('counters', format('{"_key": "c%s"}', :k)::docexpr, format('{"_key": "c%s", "n": 1}', :k)::docexpr, '{"n": OLD.n + 1}');
};
my $c8ql = q{\set k random(1, 12)
SELECT c8ql('UPSERT {_key: @k} INSERT {_key: @k, n: 1} UPDATE {n: OLD.n + 1} IN counters', jsonb_build_object('k', 'c' || :k));
};

# single calls, batches, both roads, transactions of one call
my @writers = (
	clients($c, 2, "SELECT upsert_load('mixed', $some);\n"),
	clients($one, 1, "SELECT upsert_load('mixed', $some);\n"),
	clients($two, 1, "SELECT count(*) FROM upsert_many('mixed', $some);\n"),
	clients($c, 1, "SET upsert.direct = off;\nSELECT upsert_load('mixed', $some);\nRESET upsert.direct;\n"),
	clients($c, 1, qq{SELECT upsert_from('mixed', \$\$SELECT $one_of FROM generate_series(1, 30)\$\$);\n}),
	clients($c, 1, "BEGIN;\nSELECT count(*) FROM upsert_many('mixed', $some, '{\"ignoreErrors\": true}');\nCOMMIT;\n"),
	clients($c, 1, "SELECT c8ql('FOR d IN \@docs UPSERT {_key: d._key} INSERT d UPDATE {n: d.n} IN mixed', jsonb_build_object('docs', $some));\n"),
	clients($one, 1, "SELECT c8ql('FOR d IN \@docs UPSERT {_key: d._key} INSERT d REPLACE d IN mixed', jsonb_build_object('docs', $some));\n"),
	clients($c, 1, "INSERT INTO mixed_upsert(doc) SELECT $one_of FROM generate_series(1, 20);\n"),
	clients($c, 2, "SELECT upsert('mixed', $one_of);\n"),
	clients($two, 1, "SELECT upsert('mixed', $one_of);\n"),
	clients($c, 1, q{SELECT delete_document('mixed', 'k' || (random() * 60)::int);} . "\n"),
	clients($one, 1, q{SELECT delete_document('mixed', 'k' || (random() * 60)::int);} . "\n"),
	clients($c, 1, "SELECT upsert('whole', $one_of);\n"),
	clients($one, 1, "SELECT upsert_load('whole', $some);\n"));
my $patch = q{\set k random(1, 12)
SELECT patch_document('counters', 'c' || :k, '[{"op": "add", "path": "/p", "value": 1}]');
};
my @counters = (
	clients($c, 1, $counter),
	clients($one, 1, $counter),
	clients($two, 1, $c8ql),
	clients($c, 1, $c8ql));

push @writers, clients($c, 1, $patch), clients($two, 1, $patch);
done($_) foreach @writers;
my $increments = 12;
$increments += done($_) foreach @counters;
rows_are($c, q{SELECT sum((doc ->> 'n')::int) FROM counters}, $increments, 'no increment is lost');
rows_are($c, q{SELECT count(*), count(DISTINCT _key) FROM mixed}, $c->safe_psql('postgres', q{SELECT count(DISTINCT _key), count(*) FROM mixed}), 'keys are keys');

foreach my $node ($c, $one, $two)
{
	my $log = slurp_file($node->logfile);

	unlike($log, qr/deadlock|terminated by signal|TRAP|PANIC/, 'the log of ' . $node->name . ' knows of no deadlock and no crash');
}
rows_are($_, 'SELECT count(*) FROM pg_prepared_xacts', '0', 'nothing is left prepared') foreach ($one, $two);
my $copies = q{SELECT md5(string_agg(t::text, ',' ORDER BY _key)) FROM whole t};
rows_are($_, $copies, $c->safe_psql('postgres', $copies), 'copies are the same') foreach ($one, $two);

# --- exclusive ------------------------------------------------------------------

# Those who wait in the queue of a LOCK TABLE seem to Citus to be those whom it waits
# for, where both have no transaction of Citus yet: 40P01, to be repeated.  What
# must not be is a circle that nobody sees.
$seconds = 5 * soak();
@writers = map { clients(@$_, '--max-tries=1000') } (
	[ $c, 1, "SELECT upsert_load('mixed', $some, '{\"exclusive\": true}');\n" ],
	[ $one, 1, "SELECT upsert('mixed', $one_of, '{\"exclusive\": true}');\n" ],
	[ $two, 1, "SELECT upsert_load('mixed', $some, '{\"exclusive\": true}');\n" ],
	[ $c, 2, "SELECT upsert_load('mixed', $some);\n" ],
	[ $one, 2, "SELECT upsert('mixed', $one_of);\n" ],
	[ $two, 1, "SELECT upsert_load('mixed', $some);\n" ],
	[ $c, 1, "INSERT INTO mixed_upsert(doc) SELECT $one_of FROM generate_series(1, 20);\n" ]);
ok(done($_) > 0, 'and some are done') foreach @writers;

done_testing();
