# Eight clients on one ledger: different predicates of one node all survive,
# where-delete-insert loses no increment, t has neither gap nor duplicate, the
# replay of the flakes is the state, and a crash leaves no half t.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Upsert::Test;

my $node = new_node('ledger', 'max_connections = 50', 'deadlock_timeout = 100ms');
my $n = 125 * soak();

# what must hold of the ledger whatever was done to it
sub ledger_is_whole
{
	my ($transactions, $label) = @_;

	rows_are($node,
		q{SELECT (SELECT t FROM "race:main_head"), min(t), max(t), count(DISTINCT t) FROM "race:main_flakes"},
		"$transactions|1|$transactions|$transactions",
		"$label: every t once");
	rows_are($node,
		q{SELECT count(*) FROM "race:main" WHERE ledger_get('race', iri, '{}') IS DISTINCT FROM ledger_get('race', iri, '{}', }
		  . "$transactions)",
		0, "$label: the flakes make the nodes");
	return;
}

each_store(
	sub {
		my ($set, $label) = @_;
		my $direct = $label =~ s/direct/upsert.direct/r;
		local $ENV{PGOPTIONS} = "-c $direct";

		$node->safe_psql('postgres', q{
			DROP SEQUENCE IF EXISTS mark; CREATE SEQUENCE mark;
			DROP TABLE IF EXISTS "race:main"; SELECT create_ledger('race');
			SELECT ledger_upsert('race', '{"@id": "http://n/count", "http://p/c": 0}')});

		# each transaction adds a predicate of its own to one of three nodes
		pgbench_is_clean($node, $n, "$label: upserts", <<'SQL');
\set k random(1, 3)
SELECT ledger_upsert('race', jsonb_build_object('@id', 'http://n/' || :k, 'http://p/' || nextval('mark'), 1));
SQL
		rows_are($node,
			q{SELECT sum((SELECT count(*) - 1 FROM jsonb_object_keys(doc))) FROM "race:main" WHERE iri <> 'http://n/count'},
			8 * $n, "$label: no predicate lost");
		ledger_is_whole(8 * $n + 1, "$label: upserts");

		# a counter in the language of the ledger
		pgbench_is_clean($node, $n, "$label: updates", <<'SQL');
SELECT ledger_update('race', '{"where": [{"@id": "http://n/count", "http://p/c": "?c"}, ["bind", "?d", "(+ ?c 1)"]], "delete": {"@id": "http://n/count", "http://p/c": "?c"}, "insert": {"@id": "http://n/count", "http://p/c": "?d"}}');
SQL
		rows_are($node, q{SELECT doc->'http://p/c' FROM "race:main" WHERE iri = 'http://n/count'},
			sprintf('[{"@value": %d}]', 8 * $n), "$label: no increment lost");
		ledger_is_whole(16 * $n + 1, "$label: updates");
	});

# the server dies with a transaction open: its t is taken by the next
my $before = $node->safe_psql('postgres', q{SELECT t FROM "race:main_head"});
$node->psql('postgres', q{
	BEGIN;
	SELECT ledger_upsert('race', '{"@id": "http://n/lost", "http://p/x": 1}');
	CHECKPOINT;
	SELECT pg_terminate_backend(pg_backend_pid())});
$node->stop('immediate');
$node->start;
rows_are($node, q{SELECT t FROM "race:main_head"}, $before, 'crash: t is as it was');
rows_are($node,
	q{SELECT ledger_get('race', 'http://n/lost') IS NULL, (SELECT max(t) FROM "race:main_flakes")},
	"t|$before", 'crash: neither node nor flake');
rows_are($node,
	q{SELECT ledger_upsert('race', '{"@id": "http://n/kept", "http://p/x": 1}')->'t'},
	$before + 1, 'crash: the next transaction takes the next t');

amcheck_is_clean($node, 'amcheck');
done_testing();
