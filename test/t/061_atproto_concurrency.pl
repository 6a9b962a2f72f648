# Eight clients count in the same records: no count is lost, every row proves
# its CID, no revision is ahead of its repository's, and nobody deadlocks,
# whatever the store; the same with batches in random order.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('main', 'max_connections = 50', 'deadlock_timeout = 100ms');
my $n = 100 * soak();

each_store(
	sub {
		my ($set, $label) = @_;
		my $direct = $label =~ s/direct/upsert.direct/r;
		local $ENV{PGOPTIONS} = "-c $direct";

		$node->safe_psql('postgres', q{DROP TABLE IF EXISTS counts; SELECT create_record_store('counts')});
		pgbench_is_clean($node, $n, "$label: single upserts", <<'SQL');
\set k random(1, 5)
\set who random(1, 2)
SELECT rev FROM at_upsert_record('counts', 'r' || :who || '.test', 'a.b.c', '{n: 1}', '{n: OLD.n + 1}', 'k' || :k);
SQL
		rows_are($node, q{SELECT sum((record->>'n')::int), bool_and(cid = record_cid(record)), bool_and(c.rev <= r.rev)
			FROM counts AS c JOIN counts_repos AS r USING (repo)},
			8 * $n . '|t|t', "$label: no count lost, CIDs proved, revisions in order");
		pgbench_is_clean($node, $n, "$label: batches in random order", <<'SQL');
\set who random(1, 2)
SELECT count(*) FROM at_save_all('counts', 'r' || :who || '.test', (SELECT jsonb_agg(jsonb_build_object('collection', 'a.b.c', 'rkey', 'k' || k, 'record', jsonb_build_object('n', random()::text)) ORDER BY random()) FROM generate_series(1, 5) AS k));
SQL
		rows_are($node, q{SELECT count(*), bool_and(cid = record_cid(record)), max(revs) FROM counts,
			(SELECT max(n) AS revs FROM (SELECT count(DISTINCT rev) AS n FROM counts GROUP BY repo) AS r) AS m},
			'10|t|1', "$label: each repository shows one batch whole");
	});

$node->stop;
done_testing();
