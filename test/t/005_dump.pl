# pg_dump and restore of a database with collections, the extension in a
# schema of its own; and pg_upgrade.  What comes back is equal, upserting it
# again changes nothing, and DROP EXTENSION CASCADE leaves the collections alone.
# The same with something of every kind in it, by the scripts of test/upgrade,
# which ./dev matrix runs from each major to the next.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = PostgreSQL::Test::Cluster->new('old');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE src');
$node->safe_psql('src', <<'SQL');
CREATE SCHEMA ext;
CREATE EXTENSION upsert SCHEMA ext;
CREATE SCHEMA app;
SET search_path = app, ext;
SELECT create_collection('person', '{"unique": ["email", "name.last"]}');
SELECT create_collection('knows', '{"type": "edge"}');
SELECT upsert_load('person', (SELECT jsonb_agg(jsonb_build_object('_key', 'p' || g, 'email', g || '@x', 'name', jsonb_build_object('last', 'L' || g))) FROM generate_series(1, 500) g));
SELECT upsert_load('knows', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || g, '_from', 'person/p' || g, '_to', 'person/p' || g + 1)) FROM generate_series(1, 499) g));
SQL

my $all = <<'SQL';
SELECT md5(string_agg(p::text, ',' ORDER BY _key)) FROM app.person p
UNION ALL SELECT md5(string_agg(k::text, ',' ORDER BY _key)) FROM app.knows k;
SQL
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';

# the database equals the one that was dumped, and works
sub is_whole
{
	my ($of, $db, $expected, $label) = @_;

	rows_are($of, $all, $expected, "$label: the documents are equal", $db);
	rows_are($of, <<'SQL', "unchanged\nupdated", "$label: upserts go on", $db);
SET search_path = app, ext;
SELECT action FROM upsert('person', '{"_key": "p1", "email": "1@x"}');
SELECT action FROM upsert('person', '{"_key": "p1", "restored": true}');
SQL
	rows_are($of, <<'SQL', "t\nt", "$label: plain SQL moves revisions", $db);
SET search_path = app, ext;
WITH before AS (SELECT get_document('person', 'p3') ->> '_rev' AS rev), u AS (UPDATE person SET doc = doc || '{"plain": true}' WHERE _key = 'p3' RETURNING _rev)
SELECT u._rev > before.rev FROM before, u;
SELECT count(*) = 2 FROM upsert_collections;
SQL
	sqlstate_is($of,
		q{SET search_path = app, ext; SELECT upsert('person', '{"_key": "other", "email": "2@x"}')},
		'23505', "$label: so do unique attributes", $db);
	sqlstate_is($of,
		q{SET search_path = app, ext; SELECT upsert('knows', '{"_key": "other", "n": 1}')},
		'UP006', "$label: so does the kind of a collection", $db);
	return;
}

# what a script of test/upgrade says, errors and all
sub script
{
	my ($of, $db, $name) = @_;
	my ($out, $err);

	$of->psql($db, slurp_file("$FindBin::RealBin/../upgrade/$name.sql"),
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	return "$out\n$err";
}

sub is_every_kind
{
	my ($of, $db, $expected, $label, @names) = @_;

	is(script($of, $db, $_), $expected->{$_}, "$label: every kind, $_") foreach @names, 'state';
	return;
}

$node->safe_psql('postgres', 'CREATE DATABASE every');
script($node, 'every', 'fill');
my %every = map { ($_ => script($node, 'every', $_)) } 'state', 'goon', 'kept';
unlike($every{state}, qr/ERROR/, 'every kind is there');
is_every_kind($node, 'every', \%every, 'again', 'state', 'goon', 'kept');
$node->command_ok([ 'pg_dump', '-F', 'custom', '-f', "$dump.every", 'every' ], 'every kind: dump');
$node->safe_psql('postgres', 'CREATE DATABASE every_restored');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'every_restored', "$dump.every" ], 'every kind: restore');
is_every_kind($node, 'every_restored', \%every, 'restored', 'state', 'goon');

my $before = $node->safe_psql('src', $all);
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
	is_whole($node, $db, $before, $format);
}
unlike(slurp_file("$dump.plain"), qr/CREATE (FUNCTION|OPERATOR)/,
	'what belongs to the extension is not dumped');

# the collections are ordinary tables: they need no extension to live, but the
# default and the guard of their revisions are the extension's
sqlstate_is($node, 'DROP EXTENSION upsert', '2BP01', 'not dropped without CASCADE', 'restored_plain');
$node->safe_psql('restored_plain', 'DROP EXTENSION upsert CASCADE');
rows_are($node, 'SELECT count(*) FROM app.person', 500, 'dropped: the documents stay', 'restored_plain');
rows_are($node, q{SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal UNION ALL
SELECT count(*) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = adrelid AND a.attnum = adnum WHERE attname = '_rev'},
	"0\n0", 'dropped: default and guard are gone', 'restored_plain');
$node->safe_psql('restored_plain', 'CREATE EXTENSION upsert SCHEMA ext');
rows_are($node, q{SET search_path = app, ext; SELECT action FROM upsert('person', '{"_key": "p2", "n": 1}')},
	'updated', 'created again: they are collections as before', 'restored_plain');
rows_are($node, q{SET search_path = app, ext; SELECT count(*) FROM collection_advice('person') WHERE advice LIKE '%Run: %'},
	2, 'created again: what is missing is named', 'restored_plain');

# pg_upgrade, to the same version for want of another
SKIP:
{
	my ($server, $tool) = map { /(\d+(?:\.\d+)?)/ ? $1 : '' }
	  map { (run_command([ $node->config_data('--bindir') . "/$_", '--version' ]))[0] } 'postgres', 'pg_upgrade';

	skip "SKIPPED: pg_upgrade is of '$tool', the server of '$server'", 1 if $server eq '' || $server ne $tool;
	my $upgraded = PostgreSQL::Test::Cluster->new('new');
	$upgraded->init;
	$node->stop;
	chdir PostgreSQL::Test::Utils::tempdir();
	command_ok(
		[
			'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D',
			$upgraded->data_dir, '-b', $node->config_data('--bindir'), '-B',
			$upgraded->config_data('--bindir'), '-s', $node->host, '-p',
			$node->port, '-P', $upgraded->port
		],
		'pg_upgrade');
	$upgraded->start;
	is_whole($upgraded, 'src', $before, 'upgraded');
	is_every_kind($upgraded, 'every', \%every, 'upgraded', 'state', 'goon', 'kept');
	rows_are($upgraded, q{SELECT extversion = default_version FROM pg_extension JOIN pg_available_extensions ON extname = name WHERE extname = 'upsert'},
		't', 'upgraded: the extension is at the version of its files', 'src');
	$upgraded->safe_psql('src', 'ALTER EXTENSION upsert UPDATE');
	$upgraded->stop;
}
done_testing();
