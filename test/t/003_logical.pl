# Logical replication: what upserts of every kind write on the publisher
# arrives on the subscriber, speculative insertions and TOASTed documents
# included; without a replica identity an update is refused, as in SQL.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $publisher = new_node('publisher', 'wal_level = logical',
	'max_wal_senders = 4', 'max_replication_slots = 4');
my $subscriber = new_node('subscriber');

$_->safe_psql('postgres', <<'SQL') foreach ($publisher, $subscriber);
SELECT create_collection('docs', '{"unique": ["serial"]}');
CREATE SEQUENCE mark;
SQL
$publisher->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE docs');
$subscriber->safe_psql('postgres',
	'CREATE SUBSCRIPTION s CONNECTION $$'
	  . $publisher->connstr('postgres')
	  . '$$ PUBLICATION p');
$subscriber->wait_for_subscription_sync($publisher, 's');

each_store(
	sub {
		my ($set, $label) = @_;
		local $ENV{PGOPTIONS} = '-c ' . ($label =~ s/direct/upsert.direct/r);

		pgbench_is_clean($publisher, 100, "$label: races", <<'SQL', '-D', 'i=0');
\set i :i + 1
SELECT action FROM upsert('docs', jsonb_build_object('_key', 'k' || :i, 'm', jsonb_build_object('x' || nextval('mark'), 1)));
SQL
		$publisher->safe_psql('postgres', <<SQL);
$set
SELECT upsert_load('docs', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || g, 'serial', g, 'loaded', true)) FROM generate_series(50, 200) g));
SELECT upsert('docs', jsonb_build_object('_key', 'toast', 'long', (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 5000) g)));
SELECT upsert('docs', '{"_key": "toast", "short": "$label"}');
SELECT upsert('docs', '{"_key": "k1", "only": 1}', '{"mode": "replace"}');
SELECT upsert('docs', '{"_key": "k2", "m": null}', '{"mode": "mergePatch"}');
SELECT * FROM upsert_many('docs', '[{"_key": "k3", "serial": 60}, {"_key": "k4", "kept": 1}]', '{"ignoreErrors": true}');
DELETE FROM docs WHERE _key = 'k5';
SQL
		$publisher->wait_for_catchup('s');
		my $all = q{SELECT count(*), md5(string_agg(d::text, ',' ORDER BY _key)) FROM docs d};
		rows_are($subscriber, $all, $publisher->safe_psql('postgres', $all),
			"$label: the subscriber equals the publisher");
	});
rows_are($publisher, 'SELECT count(*) > 150 FROM docs', 't', 'there was something to compare');

$publisher->safe_psql('postgres', 'ALTER TABLE docs REPLICA IDENTITY NOTHING');
each_store(
	sub {
		my ($set, $label) = @_;

		sqlstate_is($publisher, qq{$set SELECT upsert('docs', '{"_key": "k1", "refused": 1}')},
			'55000', "$label: no update without a replica identity");
	});
rows_are($publisher, q{SELECT count(*) FROM docs WHERE doc ? 'refused'}, 0, 'nothing was written');

$subscriber->stop;
$publisher->stop;
done_testing();
