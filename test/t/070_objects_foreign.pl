# Objects into a foreign table: postgres_fdw on loopback.  There is no row of
# ours to lock and no arbiter: columns are the criteria, the search lock keeps
# upserts apart, and an update asks that the row still reads as it did.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('main', 'max_connections = 50');

if ($node->psql('postgres', 'CREATE EXTENSION postgres_fdw') != 0)
{
	diag 'SKIPPED: postgres_fdw is not installed';
	plan skip_all => 'postgres_fdw is not installed';
}
my ($host, $port) = ($node->host, $node->port);
$node->safe_psql(
	'postgres', qq{
	CREATE TABLE remote (id int PRIMARY KEY, note text, n int DEFAULT 5);
	CREATE TABLE marks (k int, n int);
	CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '$host', port '$port', dbname 'postgres');
	CREATE USER MAPPING FOR CURRENT_USER SERVER loopback;
	CREATE FOREIGN TABLE near (id int NOT NULL, note text, n int)
		SERVER loopback OPTIONS (table_name 'remote');
	CREATE FOREIGN TABLE near_marks (k int, n int)
		SERVER loopback OPTIONS (table_name 'marks');
});

sub upsert
{
	my ($object) = @_;

	return "SELECT action, key, new FROM upsert_object('near', '$object', ARRAY['id'])";
}
rows_are($node, upsert('{"id": 1, "note": "a"}'),
	'inserted|1|{"n": null, "id": 1, "note": "a"}', 'a remote row is inserted');
rows_are($node, upsert('{"id": 1, "note": "b"}'),
	'updated|1|{"n": null, "id": 1, "note": "b"}', 'and updated');
rows_are($node, upsert('{"id": 1, "note": "b"}'),
	'unchanged|1|{"n": null, "id": 1, "note": "b"}', 'and left alone');
rows_are($node, 'SELECT * FROM remote', '1|b|', 'there as here');
my ($rc, $out, $err) = $node->psql('postgres',
	q{SELECT * FROM upsert_object('near', '{"id": 1}')});
like($err, qr/has no primary key/, 'a foreign table has no keys of its own');
rows_are($node,
	q{SELECT object_schema('near', NULL, 'create')->'required'},
	'["id"]', 'its schema is known');

# eight clients: as many rows as keys
$node->pgbench(
	'--no-vacuum --client=8 --jobs=2 --transactions=25',
	0,
	[qr{processed: 200/200}],
	[qr{^$}],
	'objects into a foreign table concurrently',
	{
		'070_objects' =>
		  q{\set k random(1, 20)
SELECT action FROM upsert_object('near_marks', jsonb_build_object('k', :k, 'n', :client_id), ARRAY['k']);}
	});
rows_are($node, 'SELECT count(*) = count(DISTINCT k) FROM marks', 't',
	'no key came twice');

done_testing();
