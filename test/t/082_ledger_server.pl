# Ledgers and the server around them: "where" goes by index on a ledger of
# some size, pg_dump and restore bring back ledgers that go on, and what a
# dump brings back of the clock deceives no transaction.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('ledgerserver', 'jit = off');

# --- plans ---------------------------------------------------------------------

my $n = 20_000;
$node->safe_psql('postgres', qq{
	SELECT create_ledger('big', '{"context": {"\@vocab": "http://e/", "knows": {"\@type": "\@id"}}}');
	SELECT ledger_insert('big', (SELECT jsonb_agg(jsonb_build_object('\@id', 'http://e/' || g, '\@type', 'P', 'name', 'N' || g, 'age', g % 100, 'mail', g || '\@x',
		'knows', 'http://e/' || (g * 7) % $n, 'list', jsonb_build_object('\@list', jsonb_build_array(g, 'x')))) FROM generate_series(1, $n) g));
	SELECT ledger_insert('big', (SELECT jsonb_build_object('\@id', 'http://g/1', '\@graph', jsonb_agg(jsonb_build_object('\@id', 'http://e/' || g, 'name', 'N' || g))) FROM generate_series(1, $n) g));
	VACUUM ANALYZE "big:main"});

# The plan of the query of an update that matches so many nodes: no sequential
# scan of the nodes.
sub goes_by_index
{
	my ($where, $hits, $label) = @_;
	my ($stdout, $stderr) = ('', '');

	$node->psql('postgres', qq{
		LOAD 'auto_explain';
		SET auto_explain.log_min_duration = 0;
		SET auto_explain.log_nested_statements = on;
		SET client_min_messages = log;
		BEGIN;
		SELECT ledger_update('big', '{"where": $where, "insert": {"\@id": "?s", "hit": 1}}')->'asserted';
		ROLLBACK},
		stdout => \$stdout, stderr => \$stderr);
	like($stdout, qr/^$hits$/m, "$label: matches");
	# the first plan of a query with a chain is that of "where"
	my ($tree) = grep { /\A[^\n]* AS q0 / } split /Query Text: /, $stderr;
	$tree = defined $tree ? $tree =~ s/\A[^\n]*//r =~ s/LOG:.*//sr : '';
	like($tree, qr/Index (Only )?Scan/, "$label: by index");
	unlike($tree, qr/Seq Scan on "big:main"/, "$label: not by reading all");
	return;
}
goes_by_index('{"@id": "?s", "name": "N77", "age": "?a"}', 1, 'a constant');
goes_by_index('{"@id": "?s", "name": "N77", "age": "?a", "mail": "?m", "knows": "?k", "list": "?l", "@type": "?t"}', 1, 'many variables');
goes_by_index('[{"@id": "http://e/77", "age": "?a"}, {"@id": "?s", "mail": "77@x"}]', 1, 'an IRI');
goes_by_index('[{"@id": "?x", "mail": "77@x", "knows": "?s"}, {"@id": "?s", "name": "?n"}]', 1, 'from a reference to its node');
goes_by_index('[{"@id": "?x", "mail": "77@x"}, {"@id": "?s", "knows": "?x"}]', 1, 'from a node to those that refer to it');
goes_by_index('{"@id": "http://e/77", "@reverse": {"knows": {"@id": "?s", "@type": "P"}}}', 1, '@reverse');
goes_by_index('{"@id": "?s", "list": {"@list": [77]}}', 1, 'an item of a list');
goes_by_index('[{"@id": "?s", "mail": "77@x"}, ["optional", {"@id": "?s", "age": "?a"}], ["not-exists", {"@id": "?s", "hit": "?h"}], ["bind", "?b", "(+ ?a 1)"], ["filter", "(> ?b 0)"]]', 1, 'operators');
goes_by_index('["union", {"@id": "?s", "mail": "77@x"}, {"@id": "?s", "mail": "78@x"}]', 2, 'a union');
goes_by_index('[["values", ["?s", [{"@id": "http://e/5"}, {"@id": "http://e/6"}]]], {"@id": "?s", "name": "?n"}]', 2, 'values');
goes_by_index('[["graph", "http://g/1", {"@id": "?s", "name": "N77"}]]', 1, 'a graph');
goes_by_index('[{"@id": "?s", "mail": "77@x"}, ["graph", "?g", {"@id": "?s", "name": "?n"}]]', 1, 'any graph');
goes_by_index('[["query", {"select": "(max ?a)", "where": {"@id": "?s", "mail": "77@x", "age": "?a"}}], {"@id": "?s", "mail": "78@x"}]', 1, 'a subquery');

# --- dump and restore -------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE src');
$node->safe_psql('src', <<'SQL');
CREATE SCHEMA ext;
CREATE EXTENSION upsert SCHEMA ext;
CREATE SCHEMA app;
SET search_path = app, ext;
SELECT create_ledger('led', '{"context": {"@vocab": "http://e/"}}'), create_ledger('led:bare', '{"history": false, "index": false}');
SELECT ledger_upsert('led', jsonb_build_object('@id', 'http://n/' || g % 20, 'a', g, 'l', jsonb_build_object('@list', jsonb_build_array(g, 'x')), 'sub', jsonb_build_object('b', g % 3))) FROM generate_series(1, 30) g;
SELECT ledger_upsert('led', '{"@id": "http://n/1", "a": "changed"}');
SELECT ledger_upsert('led', '{"@id": "http://g", "@graph": [{"@id": "http://n/1", "a": "in g"}]}');
SELECT ledger_delete('led', 'http://n/2');
SELECT ledger_upsert('led:bare', '{"@id": "http://n/1", "http://e/a": 1}');
SQL
my $all = <<'SQL';
SET search_path = app, ext;
SELECT md5(string_agg(n::text, ',' ORDER BY graph, iri)) FROM "led:main" n
UNION ALL SELECT md5(string_agg(f::text, ',' ORDER BY t, graph, s, p, op, o)) FROM "led:main_flakes" f
UNION ALL SELECT md5(string_agg(coalesce(ledger_get('led', iri, '{}', t)::text, '-'), ',' ORDER BY iri, t)) FROM "led:main", generate_series(1, 4) t
UNION ALL SELECT t || ' ' || (context->>'@vocab') FROM "led:main_head"
UNION ALL SELECT ledger_get('led:bare', 'http://n/1')::text;
SQL
my $before = $node->safe_psql('src', $all);
like($before, qr{^4 http://e/$}m, 'dump: something to bring back');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
foreach my $format ('plain', 'custom')
{
	my $db = "restored_$format";

	$node->command_ok([ 'pg_dump', '-F', $format, '-f', "$dump.$format", 'src' ], "$format: dump");
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->command_ok(
		$format eq 'plain'
		? [ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $db, '-f', "$dump.plain" ]
		: [ 'pg_restore', '--exit-on-error', '-d', $db, "$dump.custom" ],
		"$format: restore");
	rows_are($node, $all, $before, "$format: nodes, flakes, history, t and context are equal", $db);
	rows_are($node, <<'SQL', "4|0\n5|2\n5\n5\n6|1\nchanged\n2", "$format: t goes on", $db);
SET search_path = app, ext;
SELECT r->'t', r->'asserted' FROM ledger_upsert('led', '{"@id": "http://n/1", "a": "changed"}') r;
SELECT r->'t', (r->>'asserted')::int + (r->>'retracted')::int FROM ledger_upsert('led', '{"@id": "http://n/1", "a": "restored"}') r;
SELECT t FROM "led:main_head";
SELECT max(t) FROM "led:main_flakes";
SELECT r->'t', r->'asserted' FROM ledger_update('led', '{"where": {"@id": "?s", "a": "restored"}, "insert": {"@id": "?s", "b": 1}}') r;
SELECT ledger_get('led', 'http://n/1', t => 4)->>'a';
SELECT ledger_upsert('led:bare', '{"@id": "http://n/1", "http://e/a": 2}')->'t';
SQL
	# dropping the table of nodes drops the ledger, as where it was made
	rows_are($node, q{SET search_path = app, ext; SELECT drop_ledger('led:bare'); SELECT count(*) FROM pg_class WHERE relname LIKE 'led:bare%'},
		"\n0", "$format: a restored ledger is dropped whole", $db);
}

# The clock remembers which transaction has set it.  A dump can bring that back
# into a server where another transaction will get the number.
rows_are($node, <<'SQL', "5\n5|5\n6", 'a number of a transaction from elsewhere', 'src');
SET search_path = app, ext;
BEGIN;
UPDATE "led:main_head" SET txn = (pg_current_xact_id()::text::bigint + 1)::text::xid8, t = 4;
COMMIT;
BEGIN;
SELECT ledger_upsert('led', '{"@id": "http://n/1", "a": "first"}')->'t';
SELECT r->'t', (SELECT t FROM "led:main_head") FROM ledger_upsert('led', '{"@id": "http://n/1", "b": "same"}') r;
COMMIT;
SELECT ledger_upsert('led', '{"@id": "http://n/1", "a": "next"}')->'t';
SQL

amcheck_is_clean($node, 'amcheck', 'src');
done_testing();
