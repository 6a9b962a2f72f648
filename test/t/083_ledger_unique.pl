# Eight clients give the same few values to different nodes of a ledger: under
# uniqueProperties each value ends up with one node, at every isolation level.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Upsert::Test;

my $node = new_node('unique', 'max_connections = 50', 'deadlock_timeout = 100ms');
my $n = 100 * soak();

# each client gives values to nodes of its own; who comes late is told so
my $script = <<'SQL';
\set v random(1, 200)
\set w random(1, 200)
SELECT claim(:client_id, :v, :w);
SQL

each_store(
	sub {
		my ($set, $label) = @_;
		my $direct = $label =~ s/direct/upsert.direct/r;

		for my $level ('read committed', 'repeatable read', 'serializable')
		{
			local $ENV{PGOPTIONS} = "-c $direct -c default_transaction_isolation=" . ($level =~ s/ /\\ /r);

			$node->safe_psql('postgres', q{
				DROP TABLE IF EXISTS "uni:main"; SELECT create_ledger('uni');
				CREATE OR REPLACE FUNCTION claim(client int, v int, w int) RETURNS text LANGUAGE plpgsql AS $$
				BEGIN
					PERFORM ledger_insert('uni', jsonb_build_array(
						jsonb_build_object('@id', 'http://n/' || client || '/' || v, 'http://p/mail', v),
						jsonb_build_object('@id', 'http://n/' || client || '/' || w, 'http://p/mail', w)), '{"uniqueProperties": ["http://p/mail"]}');
					RETURN 'mine';
				EXCEPTION WHEN unique_violation THEN RETURN 'taken';
				WHEN serialization_failure THEN RETURN 'again';
				WHEN deadlock_detected THEN RETURN 'again';
				END $$});
			pgbench_is_clean($node, $n, "$label, $level", $script, $level eq 'read committed' ? () : ('--max-tries=100'));
			rows_are($node,
				q{SELECT count(*) FROM (SELECT doc->'http://p/mail' FROM "uni:main" GROUP BY 1 HAVING count(*) > 1) AS twice},
				0, "$label, $level: no value has two nodes");
			rows_are($node, q{SELECT count(*) > 20 FROM "uni:main"}, 't', "$label, $level: values were given");
		}
	});

done_testing();
