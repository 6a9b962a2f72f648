# The release: its number is the same wherever it stands; what was released is as
# it was; and each version that there is goes by ALTER EXTENSION … UPDATE to the
# newest, to the very catalog of a fresh one, with the data of all doors in use.
use strict;
use warnings;

use Digest::SHA;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $root = "$FindBin::RealBin/../..";

# --- one number ---------------------------------------------------------------

my $meta = slurp_file("$root/META.json");
my @numbers = $meta =~ /"version": "([0-9.]+)"/g;
my ($version) = @numbers;
pop @numbers if $numbers[-1] eq '1.0.0' && $meta =~ /"meta-spec"/;	# of META.json's own format
my $short = $version =~ s/\.0\z//r;

is(join(' ', @numbers), join(' ', ($version) x @numbers), "META.json has one version, $version");
foreach my $extension ('upsert', 'upsert_lua/upsert_lua')
{
	my ($default) = slurp_file("$root/$extension.control") =~ /^default_version = '(.*)'$/m;
	my ($folder, $name) = $extension =~ m{^(?:(.*)/)?(.*)$};

	is($default, $short, "$name.control says $short");
	ok(-f join('/', $root, grep { defined } $folder, "sql/$name--$short.sql"), "$name--$short.sql is there");
}
like(slurp_file("$root/CHANGELOG.md"), qr/^## \Q$short\E\b/m, 'CHANGELOG has it');
my ($newest) = slurp_file("$root/CHANGELOG.md") =~ /^## ([0-9.]+)/m;
is($newest, $short, 'as its newest');
like(slurp_file("$root/debian/changelog"), qr/\Aupsert \(\Q$version\E-/, 'and so has debian/changelog');

# --- what was released stays --------------------------------------------------

foreach my $line (grep { /^[0-9a-f]/ } split /\n/, slurp_file("$root/sql/released.sha256"))
{
	my ($sum, $file) = split ' ', $line;
	is(Digest::SHA->new(256)->addfile("$root/$file")->hexdigest, $sum, "$file is as it was released");
}

# --- the chain ----------------------------------------------------------------

my $node = new_node('release');
# all that the extension consists of, as text
my $catalog = <<'SQL';
SELECT m.what, coalesce(pg_get_functiondef(p.oid), pg_get_viewdef(c.oid), format_type(t.oid, NULL), o.oprname || o.oprcode::text, '')
	|| coalesce(obj_description(d.objid, 'pg_proc'), '') || coalesce(p.proacl::text, c.relacl::text, '')
	|| coalesce((SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull, ',' ORDER BY attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0), '')
FROM pg_depend d
	CROSS JOIN LATERAL (SELECT pg_describe_object(d.classid, d.objid, 0) AS what) m
	LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid AND p.prokind IN ('f', 'p')
	LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
	LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
	LEFT JOIN pg_operator o ON d.classid = 'pg_operator'::regclass AND o.oid = d.objid
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'upsert')
ORDER BY m.what COLLATE "C";
SQL
$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE SCHEMA ext; CREATE EXTENSION upsert SCHEMA ext');
my $fresh = $node->safe_psql('fresh', $catalog);
my $use = slurp_file("$root/test/upgrade/fill.sql") =~ s/^CREATE (?:EXTENSION upsert|SCHEMA ext)\b.*;$//gmr;
my @versions = split /\n/, $node->safe_psql('postgres',
	q{SELECT version FROM pg_available_extension_versions WHERE name = 'upsert' ORDER BY string_to_array(version, '.')::int[]});

cmp_ok(length($fresh), '>', 50_000, 'the catalog of a fresh one is told');
is($versions[-1], $short, 'the newest version can be had');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension_update_paths('upsert') WHERE target = '$short' AND path IS NULL"),
	0, 'from each version there is a way to it');
foreach my $from (@versions)
{
	my $db = 'from_' . ($from =~ tr/./_/r);

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, "CREATE SCHEMA ext; CREATE EXTENSION upsert SCHEMA ext VERSION '$from'");
	$node->safe_psql($db, $use);
	$node->safe_psql($db, 'ALTER EXTENSION upsert UPDATE');
	is($node->safe_psql($db, $catalog), $fresh, "from $from: the catalog is that of a fresh one");
	my ($rc, $out, $err) = $node->psql($db, slurp_file("$root/test/upgrade/goon.sql"));
	unlike($err, qr/^ERROR:\s+(?:XX|function|operator)/m, "from $from: all doors go on");
}

done_testing();
