# Eight clients: every effect of an idempotency key once, whoever comes first;
# documents found by attributes, with an index and without, never twice and
# without deadlock; a plain UPDATE among upserts loses no count, and neither
# loses one to it.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('main', 'max_connections = 50', 'deadlock_timeout = 100ms');

each_store(
	sub {
		my ($set, $label) = @_;
		my $direct = $label =~ s/direct/upsert.direct/r;
		local $ENV{PGOPTIONS} = "-c $direct";

		$node->safe_psql('postgres', <<'SQL');
DROP TABLE IF EXISTS counts, byu, bys;
SELECT create_collection('counts'), create_collection('byu', '{"unique": ["mail"]}'), create_collection('bys');
SELECT upsert_forget('-1 hour');
SQL
		# all go through the same keys, side by side
		my $keys = 1000 * soak();
		pgbench_is_clean($node, $keys / 2, "$label: first calls", <<"SQL");
\\set k random(1, $keys)
SELECT action FROM upsert_by('counts', '{_key: \@k}', '{_key: \@k, n: 1}', '{n: OLD.n + 1}', NULL, jsonb_build_object('k', 'k' || :k), jsonb_build_object('idempotencyKey', :k::text));
SQL
		rows_are($node, q{SELECT count(*) > 10, max((doc->'n')::int) FROM counts}, 't|1', "$label: every effect once");
		rows_are($node, q{SELECT (SELECT count(*) FROM upsert_answers) = (SELECT count(*) FROM counts)}, 't', "$label: one answer a key");

		foreach my $c ('byu', 'bys')
		{
			pgbench_is_clean($node, 25 * soak(), "$label: $c: batches by attribute, in random order", <<"SQL");
SELECT * FROM upsert_load('$c', (SELECT jsonb_agg(jsonb_build_object('mail', m, 'r', random()::text) ORDER BY random()) FROM (SELECT 'm' || (random() * 50)::int AS m FROM generate_series(1, 20)) x), '{"by": ["mail"]}');
SQL
			rows_are($node, qq{SELECT count(*) > 10, count(*) = count(DISTINCT doc->'mail') FROM $c}, 't|t', "$label: $c: no value twice");
		}

		$node->safe_psql('postgres', q{SELECT upsert('counts', '{"_key": "shared", "n": 0}')});
		pgbench_is_clean($node, 50 * soak(), "$label: plain updates and upserts under a revision", <<'SQL');
DO $$
DECLARE d jsonb; done boolean := false;
BEGIN
	IF random() < 0.5 THEN
		UPDATE counts SET doc = jsonb_set(doc, '{n}', to_jsonb((doc->>'n')::int + 1)) WHERE _key = 'shared';
	ELSE
		WHILE NOT done LOOP
			BEGIN
				d := get_document('counts', 'shared');
				PERFORM upsert('counts', jsonb_build_object('_key', 'shared', 'n', (d->>'n')::int + 1), jsonb_build_object('ifRev', d->'_rev'));
				done := true;
			EXCEPTION WHEN SQLSTATE 'UP001' THEN NULL;
			END;
		END LOOP;
	END IF;
END $$;
SQL
		rows_are($node, q{SELECT (doc->'n')::int FROM counts WHERE _key = 'shared'}, 8 * 50 * soak(), "$label: no count lost");
	});

$node->stop;
done_testing();
