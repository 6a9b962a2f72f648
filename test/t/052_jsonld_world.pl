# The world's contexts and documents, against npm's jsonld 9.
#
# Needs Node.js and npm's registry, or JSONLD_NPM: a folder whose node_modules
# holds the packages already; without, it is skipped, aloud.  jsonld_world.cjs
# collects the documents that the packages carry, makes others of the terms of
# each published context, and combines the contexts by pairs; each is expanded,
# flattened, compacted, canonized and framed there and here.  The contexts get
# into the registry by the script that `make contexts` makes.
#
# Answers are compared by structure up to the labels of blank nodes.  Where
# they differ on purpose the reason is in %known.

use strict;
use warnings;

use Encode qw(decode_utf8 encode_utf8);
use File::Basename qw(dirname);
use FindBin;
use JSON::PP;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::JsonLd;

my $here = $FindBin::RealBin;
my $list = "$here/../../tools/contexts/sources.tsv";
my $make = "$here/../../tools/contexts/make.cjs";
my $folder = $ENV{JSONLD_NPM} || PostgreSQL::Test::Utils::tempdir();
my $reader = JSON::PP->new->utf8(0)->allow_nonref->allow_bignum;
my $writer = JSON::PP->new->utf8(0)->allow_nonref->canonical->allow_bignum;

# --- npm ----------------------------------------------------------------------

sub skip_test
{
	my $why = shift;
	diag("SKIPPED: the comparison with npm's jsonld: $why");
	plan skip_all => "SKIPPED: no comparison with npm's jsonld: $why";
}

my %packages = map { $_ => 1 } qw(jsonld@9.0.0 ro-crate@3.7.2);
foreach my $line (split /\n/, slurp_file($list))
{
	my (undef, $package) = split /\t/, $line;
	$packages{$package} = 1 if $line !~ /^#/ && defined $package && $package ne '-';
}
skip_test('no Node.js') if system('node --version >/dev/null 2>&1') != 0;
if (!-f "$folder/node_modules/jsonld/package.json")
{
	my $log = "$PostgreSQL::Test::Utils::log_path/npm.log";
	mkdir $folder;
	system("cd '$folder' && npm install --no-audit --no-fund --ignore-scripts --no-save --prefix . "
		  . join(' ', map { "'$_'" } sort keys %packages) . " >'$log' 2>&1") == 0
	  or skip_test('npm could not install: ' . (split /\n/, slurp_file($log))[-1]);
}

my $contexts = qx{node '$make' --modules '$folder' '$list'};
is($?, 0, 'the script of contexts is made');
my @cases = map { $reader->decode(decode_utf8($_)) } split /\n/, qx{node '$here/jsonld_world.cjs' '$folder' '$list'};
is($?, 0, 'npm has answered');

# --- the same calls here --------------------------------------------------------

my %call = (
	expand => 'jsonld_expand(doc, o)',
	flatten => 'jsonld_flatten(doc, NULL, o)',
	compact => 'jsonld_compact(doc, context, o)',
	canonize => q{to_jsonb(jsonld_canonize(doc, o || '{"safe": false}'))},
	frame => 'jsonld_frame(doc, frame, o)');
my $script = <<'SQL';
CREATE EXTENSION upsert;
CREATE FUNCTION run(ord int, call text, doc jsonb, context jsonb, frame jsonb) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
	detail text;
	message text;
BEGIN
	EXECUTE format('SELECT %s FROM (SELECT $1 AS doc, $2 AS context, $3 AS frame, ''{"base": "https://world.example/doc"}''::jsonb AS o) AS a', call)
	INTO answer USING doc, context, frame;
	RETURN json_build_object('ord', ord, 'answer', answer);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, message = MESSAGE_TEXT;
	RETURN json_build_object('ord', ord, 'error', substring(detail FROM '^[^:.]*'), 'message', message, 'detail', detail);
END $$;
SQL
$script .= decode_utf8($contexts);
my @asked;
foreach my $case (@cases)
{
	foreach my $name (sort keys %{ $case->{want} })
	{
		push @asked, [ $case, $name ];
		$script .= "SELECT run($#asked, " . join(', ', map { sql_quote($_) } $call{$name},
			map { defined $_ ? $writer->encode($_) : undef } @$case{qw(doc context frame)}) . ");\n";
	}
}

my $node = PostgreSQL::Test::Cluster->new('world');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
my ($out, $err) = ('', '');
my $status = $node->psql('postgres', encode_utf8($script), stdout => \$out, stderr => \$err);
is($status, 0, 'the session came to its end') or diag($err);
$node->stop;

# --- judgement ------------------------------------------------------------------

# References that stand in a @graph, as the strings that they must not be there;
# and a @graph of one node as that node.
sub graph_strings
{
	my ($v, $in_graph) = @_;
	return [ map { graph_strings($_, $in_graph) } @$v ] if ref $v eq 'ARRAY';
	return $v if ref $v ne 'HASH';
	return (values %$v)[0] if $in_graph && keys %$v == 1 && (keys %$v)[0] =~ /^@?id$/;
	my %copy = map { $_ => graph_strings($v->{$_}, $_ eq '@graph') } keys %$v;
	$copy{'@graph'} = $copy{'@graph'}[0] if ref $copy{'@graph'} eq 'ARRAY' && @{ $copy{'@graph'} } == 1;
	return \%copy;
}

# Differences on purpose: why, and a test of (call, want, got, case).
my @known = ({
		# "a blank node identifier which appears only once in any property value
		# within results": npm counts the nodes that it makes and leaves out, too
		why => 'npm keeps the label of a blank node that occurs once in the framed answer',
		when => sub {
			my ($name, $want) = @_;
			return 0 if $name ne 'frame';
			my %times;
			$times{$_}++ foreach $writer->encode($want) =~ /"(_:b[0-9]+)"/g;
			return scalar grep { $_ == 1 } values %times;
		}
	},
	{
		# a scalar in @graph is dropped when the answer is expanded again
		why => 'npm writes a reference in a @graph as a string, and a @graph of one without its array',
		when => sub {
			my ($name, $want, $got) = @_;
			return canon(graph_strings($want), {}) eq canon(graph_strings($got->{answer}), {});
		}
	});

my (%count, %excused, @wrong);
foreach my $line (split /\n/, decode_utf8($out))
{
	next if $line !~ /^\{/;
	my $got = $reader->decode($line);
	my ($case, $name) = @{ $asked[ $got->{ord} ] };
	my $want = $case->{want}{$name};
	my $same;
	if (ref $want eq 'HASH' && exists $want->{error}) { $same = ($got->{error} // '') eq $want->{error}; }
	elsif (defined $got->{error}) { $same = 0; }
	else { $same = canon($want, {}) eq canon($got->{answer}, {}) || isomorphic($want, $got->{answer}); }
	$count{ $case->{kind} }{$name}++;
	next if $same;
	my ($reason) = grep { $_->{when}->($name, $want, $got, $case) } @known;
	if ($reason) { push @{ $excused{ $reason->{why} } }, "$name $case->{name}"; next; }
	push @wrong, [ $case, $name, $want, $got ];
}
my $documents = grep { $_->{kind} eq 'document' } @cases;
my $pairs = grep { $_->{kind} eq 'pair' } @cases;
cmp_ok($documents, '>=', 600, "$documents documents");
cmp_ok($pairs, '>=', 380, "$pairs pairs of contexts");
is(scalar(map { values %$_ } values %count) > 0 ? 1 : 0, 1, 'answers were compared');
is(scalar @wrong, 0, 'every answer is that of npm, or differs on purpose');
my $show = $ENV{JSONLD_WORLD_SHOW} // 10;
foreach my $w (grep { $show-- > 0 } @wrong)
{
	my ($case, $name, $want, $got) = @$w;
	diag(join "\n", "$name of $case->{name}", map { substr $_, 0, 3000 } 'document ' . $writer->encode($case->{doc}),
		'frame    ' . $writer->encode($case->{frame}), 'npm      ' . $writer->encode($want), 'here     ' . $writer->encode($got));
}
note("$_: " . scalar @{ $excused{$_} } . " (" . $excused{$_}[0] . ' ...)') foreach sort keys %excused;

done_testing();
