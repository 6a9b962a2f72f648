# Where writing is not allowed, the functions that write say what PostgreSQL
# says: on a hot standby, and in a read-only transaction (but for temporary
# tables).
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', <<'SQL');
CREATE EXTENSION upsert;
SELECT create_collection('docs');
SELECT upsert('docs', '{"_key": "k", "n": 1}');
SQL
$primary->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'b', has_streaming => 1);
$standby->start;

# no-ops included: what may be written does not depend on the data
my @writing = (
	q{upsert('docs', '{"_key": "k", "n": 2}')},
	q{upsert('docs', '{"_key": "k", "n": 1}')},
	q{upsert('docs', '{"_key": "new"}')},
	q{upsert_many('docs', '[{"_key": "k", "n": 2}]')},
	q{upsert_load('docs', '[{"_key": "k", "n": 2}]')},
	q{upsert_from('docs', $$SELECT '{"_key": "k", "n": 2}'::jsonb$$)},
	q{'docs' |+ '{"_key": "k", "n": 2}'},
	q{'docs' |= '{"_key": "k", "n": 2}'},
	q{create_collection('more')});

each_store(
	sub {
		my ($set, $label) = @_;

		foreach my $call (@writing)
		{
			sqlstate_is($standby, "$set SELECT $call", '25006', "$label: standby: $call");
			sqlstate_is($primary, "$set BEGIN READ ONLY; SELECT $call",
				'25006', "$label: read only: $call");
		}
		like(
			($standby->psql('postgres', "$set SELECT $writing[0]"))[2],
			qr/cannot execute .* during recovery/,
			"$label: PostgreSQL's own message on a standby");
		like(
			($primary->psql('postgres', "$set BEGIN READ ONLY; SELECT $writing[0]"))[2],
			qr/cannot execute .* in a read-only transaction/,
			"$label: PostgreSQL's own message in a read-only transaction");
		rows_are($primary, <<SQL, "inserted\nupdated", "$label: temporary tables may be written in a read-only transaction");
$set
CREATE TEMP TABLE t (_key text PRIMARY KEY, _rev text, doc jsonb NOT NULL);
BEGIN READ ONLY;
SELECT action FROM upsert('t', '{"_key": "k"}');
SELECT action FROM upsert('t', '{"_key": "k", "n": 1}');
SQL
		my $key = $label =~ s{=}{-}r;
		$primary->safe_psql('postgres', qq{$set SELECT upsert('docs', '{"_key": "$key"}')});
	});

rows_are($primary, q{SELECT _key, doc FROM docs WHERE _key NOT LIKE 'direct%'}, 'k|{"n": 1}', 'nothing else was written');
$primary->wait_for_catchup($standby);
my $all = 'SELECT string_agg(d::text, \',\' ORDER BY _key) FROM docs d';
rows_are($standby, $all, $primary->safe_psql('postgres', $all), 'the standby has what the primary has');

# after promotion it is a primary like any other
$standby->promote;
rows_are($standby, q{SELECT action FROM upsert('docs', '{"_key": "k", "n": 1}')}, 'unchanged', 'promoted: unchanged');
rows_are($standby, q{SELECT action FROM upsert('docs', '{"_key": "k", "n": 2}')}, 'updated', 'promoted: updated');

$standby->stop;
$primary->stop;
done_testing();
