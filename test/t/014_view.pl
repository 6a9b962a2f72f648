# COPY through a view of upsert_view(): it is cancelled and terminated in the
# middle, fails at a row in the middle, and is rolled back to savepoints; what
# was collected goes with it, and the session goes on.  Collections, and rows of
# ordinary tables.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $n = 100_000 * soak();
my $half = $n / 2;
my $node = new_node('main', 'autovacuum = off', 'fsync = off');
my $file = PostgreSQL::Test::Utils::tempdir() . '/copy';

$node->safe_psql('postgres', <<SQL);
SELECT create_collection('docs');
SELECT upsert_view('docs');
CREATE TABLE rows (id int PRIMARY KEY, n int);
SELECT upsert_view('rows');
INSERT INTO docs_upsert SELECT jsonb_build_object('_key', i::text, 'old', true) FROM generate_series(1, $half) i;
INSERT INTO rows_upsert SELECT i, 0 FROM generate_series(1, $half) i;
COPY (SELECT jsonb_build_object('_key', i::text, 'i', i) FROM generate_series(1, $n) i) TO '$file.docs';
COPY (SELECT CASE i WHEN $half THEN '[]' ELSE jsonb_build_object('_key', i::text, 'i', i) END FROM generate_series(1, $n) i) TO '$file.docs.bad';
COPY (SELECT i, i FROM generate_series(1, $n) i) TO '$file.rows';
COPY (SELECT nullif(i, $half), i FROM generate_series(1, $n) i) TO '$file.rows.bad';
SQL
my %done = (
	docs => q{SELECT count(*), count(doc->'i'), count(doc->'old') FROM docs},
	rows => q{SELECT count(*), count(*) FILTER (WHERE n = id), count(*) FILTER (WHERE n = 0) FROM rows});

foreach my $what ('docs', 'rows')
{
	my $before = "$half|0|$half";

	foreach my $how ('cancel', 'terminate')
	{
		my ($in, $out, $err) = ('', '', '');
		my $size = $node->safe_psql('postgres', "SELECT pg_relation_size('$what')");
		my $run = IPC::Run::start(
			[ 'psql', '-qAtX', '-h', $node->host, '-p', $node->port, '-d', 'postgres',
				'-c', "COPY ${what}_upsert FROM '$file.$what'", '-c', $done{$what} ],
			\$in, \$out, \$err);
		$node->poll_query_until('postgres', "SELECT pg_relation_size('$what') > $size + 1000000")
		  or die 'the COPY does not write';
		$node->safe_psql('postgres', "SELECT pg_${how}_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY %upsert%'");
		IPC::Run::finish($run);
		chomp $out;
		is($out, $before, "$what: cancelled: nothing is there, and the session goes on") if $how eq 'cancel';
		rows_are($node, $done{$what}, $before, "$what: $how: nothing of it is there");
	}
	sqlstate_is($node, "COPY ${what}_upsert FROM '$file.$what.bad'", $what eq 'docs' ? 'UP006' : '23502', "$what: a row in the middle fails");
	rows_are($node, $done{$what}, $before, "$what: nothing of it is there");

	my $one = $what eq 'docs' ? q{('{"_key": "0", "one": 1}')} : '(0, 1)';
	my $two = $what eq 'docs' ? q{('{"_key": "0", "two": 2}')} : '(0, 2)';
	my $all = $what eq 'docs' ? q{doc} : 'n';
	$node->psql('postgres', <<SQL, on_error_stop => 0);
BEGIN;
INSERT INTO ${what}_upsert VALUES $one;
SAVEPOINT s;
COPY ${what}_upsert FROM '$file.$what';
ROLLBACK TO s;
COPY ${what}_upsert FROM '$file.$what.bad';
ROLLBACK TO s;
INSERT INTO ${what}_upsert VALUES $two;
COMMIT;
SQL
	rows_are($node, $done{$what}, $half + 1 . "|0|$half", "$what: rolled back to a savepoint: nothing of the COPY is there");
	my $key = $what eq 'docs' ? q{_key = '0'} : 'id = 0';
	rows_are($node, "SELECT $all FROM $what WHERE $key", $what eq 'docs' ? '{"one": 1, "two": 2}' : '2',
		"$what: what came before and after is");

	$node->safe_psql('postgres', "COPY ${what}_upsert FROM '$file.$what'");
	rows_are($node, $done{$what}, $n + 1 . ($what eq 'docs' ? "|$n|$half" : "|$n|0"), "$what: left alone, all of it is there");
}

$node->stop;
done_testing();
