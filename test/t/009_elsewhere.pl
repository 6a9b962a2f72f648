# Tables whose rows an extension has elsewhere.  A planner hook (built here,
# test/modules/elsewhere.c) stands for a distributed engine: what is written
# must go where statements go, to the row with the key and no other, and a
# change that meets no row is not a trigger's word.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $source = "$FindBin::RealBin/../modules/elsewhere.c";
my $library = PostgreSQL::Test::Utils::tempdir() . '/elsewhere.so';
my ($cc, $include) = map { chomp(my $line = `pg_config $_`); $line } '--cc', '--includedir-server';
system("$cc -Wall -Werror -O1 -g -fPIC -shared -I$include -o $library $source") == 0
  or die 'could not build elsewhere.c';

my $node = new_node('main', "session_preload_libraries = '$library'");

# the same keys lie in two partitions at the same places
$node->safe_psql(
	'postgres', q{
	CREATE TABLE shell (_key text COLLATE "C" PRIMARY KEY, _rev text COLLATE "C", doc jsonb NOT NULL);
	CREATE TABLE shard (LIKE shell) PARTITION BY HASH (_key);
	CREATE TABLE shard_0 PARTITION OF shard FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE shard_1 PARTITION OF shard FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	ALTER TABLE shard ADD PRIMARY KEY (_key);
	CREATE TABLE object_shell (id int PRIMARY KEY, v int, w int DEFAULT 5);
	CREATE TABLE object_shard (LIKE object_shell INCLUDING DEFAULTS) PARTITION BY HASH (id);
	CREATE TABLE object_shard_0 PARTITION OF object_shard FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE object_shard_1 PARTITION OF object_shard FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	ALTER TABLE object_shard ADD PRIMARY KEY (id);
});
my $documents = q{SET elsewhere.shell = 'shell'; SET elsewhere.shard = 'shard';};
my $objects = q{SET elsewhere.shell = 'object_shell'; SET elsewhere.shard = 'object_shard';};

each_store(
	sub {
		my ($set, $label) = @_;
		my $here = "$set $documents";

		$node->safe_psql('postgres', 'TRUNCATE shell, shard, object_shell, object_shard; ALTER TABLE object_shell ALTER w SET DEFAULT 5');
		rows_are($node,
			"$here SELECT inserted FROM upsert_load('shell', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'n', i)) FROM generate_series(1, 40) AS i))",
			'40', "$label: documents are inserted");
		rows_are($node, 'SELECT (SELECT count(*) FROM ONLY shell), (SELECT count(*) FROM shard)',
			'0|40', "$label: ... where they are read");
		cmp_ok(
			$node->safe_psql('postgres',
				'SELECT count(*) FROM shard_0 AS a JOIN shard_1 AS b ON a.ctid = b.ctid'),
			'>', 0, "$label: ... some at the same places");

		rows_are($node,
			"$here SELECT string_agg(action, ' ' ORDER BY i) FROM generate_series(1, 40) AS i, upsert('shell', jsonb_build_object('_key', 'k' || i, 'hit', i)) WHERE i % 4 = 0",
			join(' ', ('updated') x 10), "$label: documents are updated");
		rows_are($node,
			q{SELECT count(*), bool_and(doc->'hit' = doc->'n') FROM shard WHERE doc ? 'hit'},
			'10|t', "$label: ... and no others");
		rows_are($node,
			"$here SELECT c8ql('FOR k IN [\"k1\", \"k2\"] REMOVE k IN shell RETURN OLD.n'); SELECT count(*) FROM shell",
			"1\n2\n38", "$label: one document is removed for each that was to be");
		rows_are($node,
			"$here SELECT action, new->'n' FROM upsert('shell', '{\"_key\": \"k3\", \"dry\": 1}', '{\"dryRun\": true}')",
			'updated|3', "$label: a dry run looks where the rows are");

		# while a shard moves
		rows_are($node,
			"$here SET elsewhere.lose = 3; SELECT action, new->'late' FROM upsert('shell', '{\"_key\": \"k3\", \"late\": true}')",
			'updated|true', "$label: a change that meets no row is tried again");
		rows_are($node,
			"$here SET elsewhere.lose = 3; SELECT c8ql('REMOVE \"k5\" IN shell RETURN OLD.n')",
			'5', "$label: ... and a removal");
		sqlstate_is($node,
			"$here SET elsewhere.lose = 1000000; SELECT action FROM upsert('shell', '{\"_key\": \"k3\", \"late\": false}');",
			'40001', "$label: ... and is an error if it never meets it");

		# objects, and one table after the other in a session
		rows_are($node,
			"$here SELECT count(*) FROM shell; $objects SELECT action FROM upsert_objects('object_shell', (SELECT jsonb_agg(jsonb_build_object('id', i, 'v', i)) FROM generate_series(1, 20) AS i)); SELECT action, new FROM upsert_object('object_shell', '{\"id\": 7, \"v\": 70}')",
			join("\n", '37', ('inserted') x 20, 'updated|{"v": 70, "w": 5, "id": 7}'),
			"$label: objects");
		rows_are($node,
			'SELECT (SELECT count(*) FROM ONLY object_shell), (SELECT count(*) FROM object_shard), (SELECT count(*) FROM object_shard WHERE v <> id)',
			'0|20|1', "$label: ... where they are read");

		# what is known of a table goes when the table changes
		rows_are($node,
			"$set SELECT action FROM upsert_object('object_shell', '{\"id\": 100}'); $objects ALTER TABLE object_shell ALTER w SET DEFAULT 6; SELECT action FROM upsert_object('object_shell', '{\"id\": 101}'); SELECT (SELECT string_agg(id::text, ' ') FROM object_shard WHERE id >= 100)",
			"inserted\ninserted\n101",
			"$label: a table that is handed over in mid-session");
	});
$node->stop;
done_testing();
