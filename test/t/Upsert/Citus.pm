# Three nodes of Citus: a coordinator without shards, and two workers.  Tests
# that want them skip, aloud, where Citus is not installed; ./dev citus builds it.
package Upsert::Citus;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(citus_nodes);

my @settings = (
	q{shared_preload_libraries = 'citus'},
	q{citus.node_conninfo = 'sslmode=disable'},
	'citus.enable_statistics_collection = off',
	'citus.shard_count = 4',
	'wal_level = logical',
	'max_prepared_transactions = 50',
	'max_connections = 120',
	'max_worker_processes = 20',
	'max_replication_slots = 20',
	'max_wal_senders = 20');

# (COORDINATOR, WORKER, WORKER), the extensions made, more settings at will
sub citus_nodes
{
	my @more = @_;
	my ($share) = run_command([ 'pg_config', '--sharedir' ]);
	my @nodes;

	if (!-f "$share/extension/citus.control")
	{
		diag('SKIPPED: Citus is not installed; ./dev citus builds it');
		plan skip_all => 'SKIPPED: Citus is not installed; ./dev citus builds it';
	}
	foreach my $name (qw(coordinator one two))
	{
		my $node = PostgreSQL::Test::Cluster->new($name);

		$node->init;
		$node->append_conf('postgresql.conf', "$_\n") foreach @settings, @more;
		$node->append_conf("postgresql.conf", "citus.local_hostname = '" . $node->host . "'\n");
		$node->start;
		$node->safe_psql('postgres', 'CREATE EXTENSION citus');
		push @nodes, $node;
	}
	my ($coordinator, @workers) = @nodes;

	$coordinator->safe_psql('postgres',
		sprintf(q{SELECT citus_set_coordinator_host('%s', %d)}, $coordinator->host, $coordinator->port));
	$coordinator->safe_psql('postgres', sprintf(q{SELECT citus_add_node('%s', %d)}, $_->host, $_->port))
	  foreach @workers;
	$coordinator->safe_psql('postgres', 'CREATE EXTENSION upsert');
	return @nodes;
}

1;
