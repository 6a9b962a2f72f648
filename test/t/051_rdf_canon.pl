# The W3C test suite of RDF Dataset Canonicalization (RDFC-1.0).
#
# The suite is not part of this repository: RDF_CANON names its folder (a copy
# of w3c/rdf-canon's tests/ with manifest.jsonld).  Every test runs in one psql
# session; canonical N-Quads are compared to the letter, maps of labels as
# maps, and a negative test must end with UP009 within a second.

use strict;
use warnings;

use Encode qw(decode_utf8 encode_utf8);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use FindBin;
use lib $FindBin::RealBin;
use Upsert::JsonLd;

my $suite = $ENV{RDF_CANON} || 'test/vectors/rdf-canon';
if (!-f "$suite/manifest.jsonld")
{
	diag("SKIPPED: the RDF canonicalization suite is not at $suite; RDF_CANON names its folder");
	plan skip_all => 'SKIPPED: no RDF canonicalization test suite; set RDF_CANON';
}

my $json = JSON::PP->new->utf8(0);
my $manifest = $json->decode(decode_utf8(slurp_file("$suite/manifest.jsonld")));
my %call = (
	'rdfc:RDFC10EvalTest' => 'SELECT rdf_canonize($1, $2)',
	'rdfc:RDFC10MapTest' => 'SELECT rdf_canonical_labels($1, $2)',
	'rdfc:RDFC10NegativeEvalTest' => 'SELECT rdf_canonize($1, $2)');

my $script = <<'SQL';
CREATE EXTENSION upsert;
CREATE FUNCTION run(ord int, statement text, nquads text, options jsonb) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	start timestamptz := clock_timestamp();
	state text;
	message text;
BEGIN
	EXECUTE statement INTO answer USING nquads, options;
	RETURN json_build_object('ord', ord, 'answer', answer);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RETURN json_build_object('ord', ord, 'state', state, 'message', message,
		'seconds', extract(epoch FROM clock_timestamp() - start));
END $$;
SQL
my @tests = @{ $manifest->{entries} };
for my $i (0 .. $#tests)
{
	my $test = $tests[$i];
	my %options;
	# the manifest writes it without the hyphen
	$options{hashAlgorithm} = $test->{hashAlgorithm} =~ s/^SHA(\d)/SHA-$1/r
	  if defined $test->{hashAlgorithm};
	$script .= "SELECT run($i, "
	  . join(', ',
		sql_quote($call{ $test->{type} } // die "unknown type $test->{type}"),
		sql_quote(decode_utf8(slurp_file("$suite/$test->{action}"))),
		sql_quote($json->encode(\%options)))
	  . ");\n";
}

my $node = PostgreSQL::Test::Cluster->new('canon');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
my ($out, $err) = ('', '');
my $status = $node->psql('postgres', encode_utf8($script), stdout => \$out, stderr => \$err);
$node->stop;
is($status, 0, 'the session came to its end') or diag($err);

my %judged;
foreach my $line (split /\n/, decode_utf8($out))
{
	next if $line !~ /^\{/;
	my $got = $json->decode($line);
	my $test = $tests[ $got->{ord} ];
	my $name = encode_utf8("$test->{id} $test->{name}");
	$judged{ $test->{id} } = 1;
	if ($test->{type} eq 'rdfc:RDFC10NegativeEvalTest')
	{
		# four times a second: the machine may be busy
		ok(($got->{state} // '') eq 'UP009' && $got->{seconds} < 4, $name)
		  or diag($json->encode($got));
	}
	elsif (defined $got->{state}) { fail($name); diag("$got->{state} $got->{message}"); }
	elsif ($test->{type} eq 'rdfc:RDFC10MapTest')
	{
		is_deeply($json->decode($got->{answer}),
			$json->decode(decode_utf8(slurp_file("$suite/$test->{result}"))), $name);
	}
	else { is($got->{answer}, decode_utf8(slurp_file("$suite/$test->{result}")), $name); }
}
is(join(' ', grep { !$judged{$_} } map { $_->{id} } @tests), '', 'every test has an answer');

done_testing();
