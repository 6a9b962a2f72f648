# A hot standby: what reads, reads there, dry runs of all doors among it.  Where
# writing is not allowed, there and in a read-only transaction (but for temporary
# tables), the functions that write say what PostgreSQL says.
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

sub write_script
{
	my ($name, $sql) = @_;
	my $file = "$PostgreSQL::Test::Utils::tmp_check/004_$name.sql";

	append_to_file($file, $sql);
	return $file;
}

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

# what only reads, it reads there; dry runs too, of all doors
$primary->safe_psql('postgres', <<'SQL');
SELECT create_collection('flights', '{"type": "edge"}');
SELECT create_record_store('records', '{"refs": true}');
SELECT create_ledger('book');
CREATE TABLE lines (id int PRIMARY KEY, sku text UNIQUE, qty int);
INSERT INTO lines VALUES (1, 'a', 1);
SELECT upsert_load('docs', (SELECT jsonb_agg(jsonb_build_object('_key', 'p' || i, 'n', i)) FROM generate_series(1, 100) i));
SELECT upsert_load('flights', (SELECT jsonb_agg(jsonb_build_object('_from', 'docs/p' || i, '_to', 'docs/p' || i + 1)) FROM generate_series(1, 99) i));
SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 1}');
SELECT ledger_upsert('book', '{"@id": "http://a/1", "http://a/p": 1}');
SELECT jsonld_set_context('http://c.example/', '{"@context": {"name": "http://schema.org/name"}}');
SELECT upsert('docs', '{"_key": "once"}', '{"idempotencyKey": "i"}');
SQL
my @reading = (
	q{get_document('docs', 'p7')->'n'},
	q{(SELECT string_agg(r::text, ',') FROM c8ql('FOR d IN docs FILTER d.n > 97 SORT d.n RETURN d.n') r)},
	q{(SELECT r FROM c8ql('FOR d IN docs FILTER d.n > 0 COLLECT AGGREGATE s = SUM(d.n), c = COUNT() RETURN [s, c]') r)},
	q{(SELECT count(*) FROM c8ql('FOR v IN 1..5 OUTBOUND "docs/p1" flights RETURN v._key') r)},
	q{(SELECT string_agg(c8ql_explain::text, '') IS NOT NULL FROM c8ql_explain('FOR d IN docs RETURN d'))},
	q{jsonld_expand('{"@context": "http://c.example/", "name": "x"}')},
	q{jsonld_compact('[{"http://schema.org/name": [{"@value": "x"}]}]', '"http://c.example/"')},
	q{at_get_record('records', 'at://did:plc:abc/a.b.c/k')->'value'},
	q{at_list_records('records', 'did:plc:abc', 'a.b.c')->'records'->0->'value'},
	q{ledger_get('book', 'http://a/1')->'http://a/p'},
	q{(SELECT string_agg(p || o::text, ',' ORDER BY p) FROM ledger_flakes('book'))},
	q{(SELECT count(*) FROM ledger_log('book'))},
	q{(SELECT string_agg(name, ',' ORDER BY name) FROM upsert_criteria('lines'))},
	q{object_schema('lines')->'properties' ? 'sku'},
	q{(SELECT count(*) FROM collection_advice('docs'))},
	q{(SELECT string_agg(path, ',' ORDER BY name::text) FROM upsert_collections)});
my @dry = (
	q{upsert('docs', '{"_key": "p1", "n": 2}', '{"dryRun": true}')},
	q{upsert('docs', '{"_key": "p1", "n": 1}', '{"dryRun": true}')},
	q{upsert('docs', '{"_key": "fresh"}', '{"dryRun": true}')},
	q{upsert_many('docs', '[{"_key": "p1", "n": 2}, {"_key": "p1", "n": 3}, {"_key": "/"}]', '{"dryRun": true, "ignoreErrors": true}')},
	q{upsert_by('docs', '{n: 5}', '{n: 5}', '{n: OLD.n + 1}', NULL, '{}', '{"dryRun": true}')},
	q{delete_document('docs', 'p1', '{"dryRun": true}')},
	q{patch_document('docs', 'p1', '[{"op": "remove", "path": "/n"}]', '{"dryRun": true}')},
	q{upsert_object('lines', '{"id": 1, "qty": 5}', NULL::text, '{"dryRun": true}')},
	q{upsert_object('lines', '{"sku": "b", "id": 2}', 'any', '{"dryRun": true}')},
	q{at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 2}', '{"dryRun": true}')});
$primary->wait_for_catchup($standby);
my %dry = map { $_ => 1 } @dry;
each_store(
	sub {
		my ($set, $label) = @_;

		foreach my $call (@reading, @dry)
		{
			# revisions and times of what is not written differ
			my $sql = $dry{$call} ? "$set SELECT r.action FROM $call r" : "$set SELECT $call";
			my $there = $primary->safe_psql('postgres', $sql);
			isnt($there, '', "$label: primary: $call");
			rows_are($standby, $sql, $there, "$label: standby: $call");
		}
		# the table's plain SQL is there as well, and prepared reads
		rows_are($standby, qq{$set PREPARE q(int) AS SELECT count(*) FROM c8ql('FOR d IN docs FILTER d.n == \@n RETURN d', jsonb_build_object('n', \$1)) AS r; EXECUTE q(5); EXECUTE q(6);},
			"1\n1", "$label: standby: prepared");
		sqlstate_is($standby, qq{$set SELECT c8ql('UPSERT {_key: "p1"} INSERT {} UPDATE {n: 7} IN docs')}, '25006', "$label: standby: C8QL that writes");
		sqlstate_is($standby, qq{$set SELECT at_put_record('records', 'did:plc:abc', 'a.b.c', 'k', '{"n": 2}')}, '25006', "$label: standby: a record");
		sqlstate_is($standby, qq{$set SELECT ledger_upsert('book', '{"\@id": "http://a/2", "http://a/p": 1}')}, '25006', "$label: standby: a ledger");
		sqlstate_is($standby, qq{$set SELECT upsert_object('lines', '{"id": 1, "qty": 5}')}, '25006', "$label: standby: an object");
		rows_are($standby, qq{$set SELECT action FROM upsert('docs', '{"_key": "once"}', '{"idempotencyKey": "i"}')}, 'inserted', "$label: standby: a retry gets the answer of the first call");
	});

# many readers there, while upserts arrive: every read is of one moment
$primary->safe_psql('postgres', q{SELECT upsert_load('docs', '[{"_key": "left", "v": 0}, {"_key": "right", "v": 0}]')});
$primary->wait_for_catchup($standby);
my ($in, $out, $err) = ('', '', '');
my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '2', '-t', '400', '-f', write_script('pair', <<'SQL'), $primary->connstr('postgres') ], '<', \$in, '>', \$out, '2>', \$err);
SELECT upsert_load('docs', jsonb_build_array(jsonb_build_object('_key', 'left', 'v', :client_id * 1000000 + 1 + random_v), jsonb_build_object('_key', 'right', 'v', :client_id * 1000000 + 1 + random_v))) FROM (SELECT (random() * 100000)::int AS random_v) r;
SQL
$standby->pgbench('--no-vacuum --client=4 --transactions=200', 0, [qr{processed: 800/800}], [qr{^$}],
	'standby: many read while upserts arrive', { '004_read' => <<'SQL' });
SELECT 1 / (count(DISTINCT r) = 1)::int FROM c8ql('FOR d IN docs FILTER d._key IN ["left", "right"] RETURN d.v') r;
SQL
$load->finish;
like($out, qr{processed: 800/800}, 'while they arrived');
$primary->wait_for_catchup($standby);
rows_are($standby, $all, $primary->safe_psql('postgres', $all), 'and all has arrived');

# after promotion it is a primary like any other
$standby->promote;
rows_are($standby, q{SELECT action FROM upsert('docs', '{"_key": "k", "n": 1}')}, 'unchanged', 'promoted: unchanged');
rows_are($standby, q{SELECT action FROM upsert('docs', '{"_key": "k", "n": 2}')}, 'updated', 'promoted: updated');

$standby->stop;
$primary->stop;
done_testing();
