# What the TAP tests of upsert share.  A test starts with
#
#	use FindBin;
#	use lib $FindBin::RealBin;
#	use Upsert::Test;
#
#	my $node = new_node('name', 'setting = value', ...);
#
# UPSERT_SOAK=N in the environment multiplies the work (./dev soak).
package Upsert::Test;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_node sqlstate_is rows_are amcheck_is_clean pgbench_is_clean
  each_store soak);

# how much more work than usual
sub soak { return $ENV{UPSERT_SOAK} || 1; }

# a running node with the extension, set up with the given lines
sub new_node
{
	my ($name, @conf) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init;
	$node->append_conf('postgresql.conf', "$_\n") foreach @conf;
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION upsert');
	return $node;
}

# run CODE(SETTING, LABEL) with both implementations of the store: SETTING is
# a line of SQL to put before one's own
sub each_store
{
	my ($code) = @_;

	foreach my $direct ('on', 'off')
	{
		$code->("SET upsert.direct = $direct;", "direct=$direct");
	}
	return;
}

# the SQL must end in an error with this SQLSTATE
sub sqlstate_is
{
	my ($node, $sql, $state, $label, $db) = @_;
	my ($rc, $out, $err) =
	  $node->psql($db || 'postgres', "\\set VERBOSITY sqlstate\n$sql");
	my ($got) = ($err // '') =~ /ERROR:\s+([0-9A-Z]{5})/;

	is($got // "no error ($out)", $state, $label);
	return;
}

sub rows_are
{
	my ($node, $sql, $expected, $label, $db) = @_;

	is($node->safe_psql($db || 'postgres', $sql), $expected, $label);
	return;
}

# every btree index agrees with its heap, and every heap is sane
sub amcheck_is_clean
{
	my ($node, $label, $db) = @_;

	$node->safe_psql($db || 'postgres', 'CREATE EXTENSION IF NOT EXISTS amcheck');
	$node->command_ok(
		[
			'pg_amcheck', '--heapallindexed', '--rootdescend', '-d',
			$db || 'postgres'
		],
		$label);
	return;
}

# pgbench with this script, 8 clients: no error, all transactions done
sub pgbench_is_clean
{
	my ($node, $transactions, $label, $script, @options) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . "/script.sql";
	my $total = 8 * $transactions;

	append_to_file($file, $script);
	$node->command_checks_all(
		[
			'pgbench', '-n', '-c', '8', '-j', '2', '-t', $transactions,
			'-M', 'prepared', @options, '-f', $file, 'postgres'
		],
		0,
		[qr{actually processed: $total/$total\b}],
		[qr{^(?!.*(ERROR|error:|abort))}s],
		$label);
	return;
}

1;
