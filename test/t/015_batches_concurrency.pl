# Eight clients load batches side by side: the same new keys at the same time,
# each in an order of its own, half of them twice.  Nothing of any batch is
# lost, no key is there twice, nobody deadlocks; a batch that is rolled back
# leaves nothing.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('main', 'max_connections = 50', 'deadlock_timeout = 100ms');
my $rounds = 40 * soak();

each_store(
	sub {
		my ($set, $label) = @_;
		my $direct = $label =~ s/direct/upsert.direct/r;
		local $ENV{PGOPTIONS} = "-c $direct";

		$node->safe_psql('postgres', <<'SQL');
DROP TABLE IF EXISTS loads, things, sent;
SELECT create_collection('loads', '{"unique": ["mail"]}');
CREATE TABLE things (id int PRIMARY KEY, who text, n int);
CREATE TABLE sent (client int, round int, undone boolean);
DROP FUNCTION IF EXISTS load_round;
-- the next batch of a client: 150 documents, of which 100 are also in the one before it
CREATE FUNCTION load_round(client int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	r int := (SELECT count(*) FROM sent s WHERE s.client = load_round.client);
	batch jsonb := (SELECT jsonb_agg(jsonb_build_object('_key', lpad(k::text, 6, '0'), 'mail', k, format('c%s/%s', client, r), 1) ORDER BY random())
					FROM generate_series(r * 50, r * 50 + 149) k);
	undone boolean := random() < 0.1;
BEGIN
	BEGIN
		PERFORM upsert_load('loads', batch || CASE WHEN r % 2 = 0 THEN batch ELSE '[]' END);
		PERFORM upsert_objects('things', (SELECT jsonb_agg(jsonb_build_object('id', k, 'who', format('c%s/%s', client, r)) ORDER BY random()) FROM generate_series(r * 50, r * 50 + 149) k));
		IF undone THEN
			RAISE query_canceled;
		END IF;
	EXCEPTION WHEN query_canceled THEN NULL;
	END;
	INSERT INTO sent VALUES (client, r, undone);
END $$;
SQL
		pgbench_is_clean($node, $rounds, "$label: batches with the same new keys", 'SELECT load_round(:client_id);');
		rows_are($node, q{SELECT count(*) = count(DISTINCT _key), count(*) = count(DISTINCT doc->'mail'), bool_and(doc->>'mail' = ltrim(_key, '0') OR doc->>'mail' = '0') FROM loads},
			't|t|t', "$label: each key once");
		rows_are($node, q{SELECT (SELECT sum((SELECT count(*) - 1 FROM jsonb_object_keys(doc))) FROM loads) - (SELECT 150 * count(*) FROM sent WHERE NOT undone)},
			'0', "$label: nothing is lost, and nothing left of what was undone");
		rows_are($node, q{SELECT count(*) FROM things t WHERE NOT EXISTS (SELECT FROM sent s WHERE NOT s.undone AND t.who = format('c%s/%s', s.client, s.round))},
			'0', "$label: rows of objects are those of batches that stand");
	});

$node->stop;
done_testing();
