# Logical replication: what upserts of every kind write on the publisher
# arrives on the subscriber, speculative insertions and TOASTed documents
# included, and it can take over from there; without a replica identity an
# update is refused, as in SQL.
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

# --- the other doors' tables, and going on where they have arrived -----------------
$_->safe_psql('postgres', <<'SQL') foreach ($publisher, $subscriber);
SELECT create_collection('flights', '{"type": "edge"}');
SELECT create_record_store('records', '{"refs": true}');
SELECT create_ledger('book');
CREATE TABLE lines (id int PRIMARY KEY, sku text UNIQUE, qty int DEFAULT 1, twice int GENERATED ALWAYS AS (qty * 2) STORED);
CREATE VIEW replicated AS SELECT quote_ident(relname) AS name FROM pg_class
	WHERE relkind = 'r' AND (relname IN ('flights', 'lines') OR relname ~ '^(records|book:)') ORDER BY 1;
SQL
my $tables = $publisher->safe_psql('postgres', q{SELECT string_agg(name, ', ' ORDER BY name) FROM replicated});
$publisher->safe_psql('postgres', "ALTER PUBLICATION p ADD TABLE $tables");
$subscriber->safe_psql('postgres', q{ALTER SUBSCRIPTION s REFRESH PUBLICATION WITH (copy_data = false)});
$publisher->safe_psql('postgres', <<'SQL');
SELECT upsert_load('flights', (SELECT jsonb_agg(jsonb_build_object('_from', 'docs/k' || i, '_to', 'docs/k' || i + 1)) FROM generate_series(1, 20) i));
SELECT c8ql('FOR f IN flights LIMIT 5 UPDATE f WITH {seen: true} IN flights');
SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k' || i, jsonb_build_object('n', i, 'subject', 'at://did:plc:abc/a.b.c/k1')) FROM generate_series(1, 5) i;
SELECT at_delete_record('records', 'at://did:plc:abc/a.b.c/k5');
SELECT upsert_objects('lines', '[{"id": 1, "sku": "a"}, {"id": 2, "sku": "b", "qty": 4}]');
SELECT upsert_object('lines', '{"sku": "b", "qty": 5}', 'any');
SELECT ledger_upsert('book', '{"@id": "http://a/1", "http://a/p": [1, 2]}');
SELECT ledger_update('book', '{"where": {"@id": "?s", "http://a/p": 1}, "delete": {"@id": "?s", "http://a/p": 1}}');
SQL
$publisher->wait_for_catchup('s');
foreach my $name (split /\n/, $publisher->safe_psql('postgres', 'SELECT name FROM replicated'))
{
	my $all = "SELECT count(*), md5(string_agg(r::text, ',' ORDER BY r::text COLLATE \"C\")) FROM $name r";
	rows_are($subscriber, $all, $publisher->safe_psql('postgres', $all), "$name is the same");
}
foreach my $read (q{ledger_get('book', 'http://a/1')}, q{ledger_get('book', 'http://a/1', NULL, 1)},
	q{at_get_record('records', 'at://did:plc:abc/a.b.c/k2')}, q{(SELECT string_agg(b, ',' ORDER BY b) FROM at_backlinks('records', 'at://did:plc:abc/a.b.c/k1') b)},
	q{(SELECT count(*) FROM c8ql('FOR v IN 1..3 OUTBOUND "docs/k1" flights RETURN v') v)})
{
	my $there = $publisher->safe_psql('postgres', "SELECT $read");
	isnt($there, '', "there is something to read: $read");
	rows_are($subscriber, "SELECT $read", $there, "read the same: $read");
}

# the subscriber takes over: what has arrived is its own, revisions and clocks go on
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION s');
rows_are($subscriber, <<'SQL', "unchanged\nupdated|t\nupdated|t\nunchanged\nunchanged|b\n3", 'it goes on there');
SELECT action FROM upsert('docs', '{"_key": "k2"}');
SELECT action, rev > old->>'_rev' FROM upsert('docs', '{"_key": "k2", "here": 1}');
SELECT r.action, r.rev > before.rev FROM (SELECT max(rev) AS rev FROM records) before, at_put_record('records', 'did:plc:abc', 'a.b.c', 'k1', '{"n": 10}') r;
SELECT action FROM at_put_record('records', 'did:plc:abc', 'a.b.c', 'k1', '{"n": 10}');
SELECT action, new->>'sku' FROM upsert_object('lines', '{"id": 2, "qty": 5}');
SELECT ledger_upsert('book', '{"@id": "http://a/1", "http://a/p": 3}')->'t';
SQL

$subscriber->stop;
$publisher->stop;
done_testing();
