# The W3C test suites of the JSON-LD 1.1 API and of Framing, and properties over
# their documents.
#
# The suite is not part of this repository: JSONLD_SUITE names its folder (a
# copy of w3c/json-ld-api's tests/, with skip.txt: "algorithm#test TAB reason").
# Every test runs in one psql session; this file builds the script, reads back
# one line of JSON per test, and judges:
#   - JSON-LD by structure: arrays are unordered but for @list and JSON
#     literals, language tags in lower case;
#   - flattened and framed documents the same up to the labels of blank nodes;
#   - N-Quads by isomorphism of the datasets;
#   - a negative test by SQLSTATE UP008 and the code that begins its DETAIL.

use strict;
use warnings;

use Encode qw(decode_utf8 encode_utf8);
use FindBin;
use JSON::PP;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::JsonLd;

my $suite = need_suite();
my $base_iri = suite_base();
my @algorithms = qw(expand compact flatten toRdf fromRdf frame);
my @option_names = qw(base expandContext compactArrays compactToRelative ordered
  processingMode rdfDirection useNativeTypes useRdfType produceGeneralizedRdf
  embed explicit requireAll omitDefault omitGraph);
my $json = JSON::PP->new->utf8(0)->allow_nonref->allow_bignum;
my $writer = JSON::PP->new->utf8(0)->allow_nonref->canonical;

# --- N-Quads ------------------------------------------------------------------

sub unescape
{
	my $s = shift;
	my %short =
	  (t => "\t", b => "\b", n => "\n", r => "\r", f => "\f", '"' => '"', "'" => "'", '\\' => '\\');
	$s =~ s/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/
		defined $3 ? $short{$3} : chr(hex($1 \/\/ $2))/gex;
	return $s;
}

# N-Quads as a document that canon() and isomorphic() understand: a set of maps.
sub quads_of
{
	my %quads;
	my $resource = qr/<[^>]*>|_:[^\s<"]+?(?=\s|\.\s*$)/;
	my $literal = qr/"(?:[^"\\]|\\.)*"(?:\@[A-Za-z0-9-]+|\^\^<[^>]*>)?/;

	foreach my $line (split /[\r\n]+/, shift)
	{
		next if $line =~ /^\s*(?:#|$)/;
		$line =~ /^\s*($resource)\s*($resource)\s*($resource|$literal)\s*($resource)?\s*\.\s*(?:#.*)?$/
		  or die "not N-Quads: $line";
		my %quad = (s => $1, p => $2, o => $3, g => $4 // '');
		$_ = unescape($_) foreach values %quad;
		$quad{o} =~ s/\@([A-Za-z0-9-]+)$/'@' . lc $1/e if $quad{o} =~ /^"/;
		$quad{o} =~ s/\^\^<http:\/\/www\.w3\.org\/2001\/XMLSchema#string>$//;
		$quads{ canon(\%quad, {}) } = \%quad;
	}
	return [ values %quads ];
}

# --- the tests ----------------------------------------------------------------

my %skip;
foreach my $line (split /\n/, slurp_file("$suite/skip.txt"))
{
	my ($id, $reason) = split /\t/, $line;
	$skip{$id} = $reason if defined $reason;
}

my (@tests, %table, %contexts);
foreach my $algorithm (@algorithms)
{
	my $manifest = $json->decode(text_of("$algorithm/manifest.jsonld"));
	$table{$algorithm} = { passed => 0, run => 0, skipped => 0, mode => 0, mode_run => 0 };
	foreach my $entry (@{ $manifest->{sequence} })
	{
		my $id = "$algorithm$entry->{'@id'}";
		my $reason = $skip{$id} // '';
		$reason = 'spec-1.0: framing has no skip.txt'
		  if $algorithm eq 'frame' && ($entry->{option}{specVersion} // '') eq 'json-ld-1.0';
		$reason = 'mode-1.0: framing has no skip.txt'
		  if $reason eq '' && $algorithm eq 'frame' && ($entry->{option}{processingMode} // '') eq 'json-ld-1.0';
		if ($reason ne '' && $reason !~ /^mode-1\.0/)
		{
			$table{$algorithm}{skipped}++;
			next;
		}
		my %test = (
			id => $id,
			algorithm => $algorithm,
			name => $entry->{name},
			mode => $reason ne '',
			input => $entry->{input},
			context => $entry->{context} // $entry->{frame},
			expect => $entry->{expect},
			error => $entry->{expectErrorCode},
			options => {});
		foreach my $name (@option_names)
		{
			my $value = ($entry->{option} // {})->{$name};
			$test{options}{$name} = $value if defined $value;
		}
		my $base = $algorithm eq 'frame' ? $base_iri =~ s/json-ld-api/json-ld-framing/r : $base_iri;
		$test{options}{base} //= $base . $entry->{input} if $algorithm ne 'fromRdf';
		$test{options}{expandContext} = $json->decode(text_of($test{options}{expandContext}))
		  if defined $test{options}{expandContext};
		if ($algorithm ne 'fromRdf')
		{
			find_contexts($_, \%contexts) foreach grep { defined } @test{qw(input context)};
		}
		push @tests, \%test;
	}
}

# --- one session for all ------------------------------------------------------

my $script = <<'SQL';
CREATE EXTENSION upsert;
CREATE TABLE test (ord int PRIMARY KEY, algorithm text, input text, context text, options text);
CREATE FUNCTION run(statement text, t test) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	state text;
	message text;
	detail text;
BEGIN
	EXECUTE statement INTO answer USING t.input, t.context, t.options;
	RETURN json_build_object('answer', answer);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN json_build_object('state', state, 'message', message, 'detail', detail);
END $$;
SQL
foreach my $target (sort keys %contexts)
{
	$script .= 'DO $do$ BEGIN PERFORM jsonld_set_context('
	  . sql_quote($base_iri . $target) . ', ' . sql_quote(text_of($target))
	  . "::jsonb); EXCEPTION WHEN SQLSTATE 'UP008' THEN NULL; END \$do\$;\n";    # not a context
}
for my $i (0 .. $#tests)
{
	my $test = $tests[$i];
	$script .= "INSERT INTO test VALUES ($i, "
	  . join(', ',
		sql_quote($test->{algorithm}),
		sql_quote(text_of($test->{input})),
		sql_quote(defined $test->{context} ? text_of($test->{context}) : undef),
		sql_quote($writer->encode($test->{options})))
	  . ");\n";
}

# what a statement sees: $1 input, $2 context, $3 options
my %statement = (
	expand => 'SELECT jsonld_expand($1::jsonb, $3::jsonb)',
	compact => 'SELECT jsonld_compact($1::jsonb, $2::jsonb, $3::jsonb)',
	flatten => 'SELECT jsonld_flatten($1::jsonb, NULL, $3::jsonb)',
	toRdf => 'SELECT jsonld_to_rdf($1::jsonb, $3::jsonb)',
	fromRdf => 'SELECT jsonld_from_rdf($1, $3::jsonb)',
	frame => 'SELECT jsonld_frame($1::jsonb, $2::jsonb, $3::jsonb)');
foreach my $algorithm (@algorithms)
{
	$script .= "SELECT json_build_object('ord', ord, 'test', run("
	  . sql_quote($statement{$algorithm})
	  . ", test)) FROM test WHERE algorithm = '$algorithm' ORDER BY ord;\n";
}

# Properties: a name, the algorithm whose tests lend their input, and two
# statements that must answer the same, up to blank nodes.
my @properties = (
	[
		'expand(compact(expand(d), c)) = expand(d)', 'compact', 'json',
		'SELECT jsonld_expand(jsonld_compact(jsonld_expand($1::jsonb, $3::jsonb), $2::jsonb, $3::jsonb), $3::jsonb)',
		'SELECT jsonld_expand($1::jsonb, $3::jsonb)'
	],
	[
		'expand(expand(d)) = expand(d)', 'expand', 'json',
		'SELECT jsonld_expand(jsonld_expand($1::jsonb, $3::jsonb), $3::jsonb)',
		'SELECT jsonld_expand($1::jsonb, $3::jsonb)'
	],
	[
		'to_rdf(flatten(d)) = to_rdf(d)', 'toRdf', 'rdf',
		'SELECT jsonld_to_rdf(jsonld_flatten($1::jsonb, NULL, $3::jsonb), $3::jsonb)',
		'SELECT jsonld_to_rdf($1::jsonb, $3::jsonb)'
	],
	[
		'flatten(flatten(d)) = flatten(d)', 'flatten', 'json',
		'SELECT jsonld_flatten(jsonld_flatten($1::jsonb, NULL, $3::jsonb), NULL, $3::jsonb)',
		'SELECT jsonld_flatten($1::jsonb, NULL, $3::jsonb)'
	],
	[
		'to_rdf(from_rdf(to_rdf(d))) = to_rdf(d)', 'toRdf', 'rdf',
		'SELECT jsonld_to_rdf(jsonld_from_rdf(jsonld_to_rdf($1::jsonb, $3::jsonb), $3::jsonb), $3::jsonb)',
		'SELECT jsonld_to_rdf($1::jsonb, $3::jsonb)'
	],
	[
		'to_rdf(from_rdf(n)) = n', 'fromRdf', 'rdf',
		'SELECT jsonld_to_rdf(jsonld_from_rdf($1, $3::jsonb), $3::jsonb)',
		'SELECT $1'
	]);
for my $p (0 .. $#properties)
{
	my ($name, $algorithm, $kind, $left, $right) = @{ $properties[$p] };
	$script .= "SELECT json_build_object('property', $p, 'ord', ord, 'left', run("
	  . sql_quote($left) . ", test), 'right', run(" . sql_quote($right)
	  . ", test)) FROM test WHERE algorithm = '$algorithm' ORDER BY ord;\n";
}

my $node = PostgreSQL::Test::Cluster->new('jsonld');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
my ($out, $err) = ('', '');
my $status = $node->psql('postgres', encode_utf8($script),
	stdout => \$out, stderr => \$err, on_error_die => 0);
$node->stop;
is($status, 0, 'the session came to its end') or diag($err);
is(join("\n", grep { /WARNING|ERROR/ } split /\n/, $err), '', 'contexts registered');

# --- judgement ----------------------------------------------------------------

sub short
{
	my $text = shift // '(nothing)';
	return length $text > 1500 ? substr($text, 0, 1500) . '…' : $text;
}

# Does the answer fit the test?  Answers (verdict, what to say if not).
sub judge
{
	my ($test, $got) = @_;

	if (defined $test->{error})
	{
		my $state = $got->{state} // 'none';
		my $detail = $got->{detail} // '';
		return ($state eq 'UP008' && $detail =~ /^\Q$test->{error}\E(?:[:.]|$)/,
			"expected $test->{error}, got " . short($writer->encode($got)));
	}
	return (0, "$got->{state} $got->{message}: $got->{detail}") if defined $got->{state};
	return (1) if !defined $test->{expect};    # a syntax test
	my $expected = text_of($test->{expect});
	my $same;
	if ($test->{algorithm} eq 'toRdf')
	{
		$same = isomorphic(quads_of($got->{answer}), quads_of($expected));
	}
	else
	{
		my ($a, $b) = map { $json->decode($_) } $got->{answer}, $expected;
		$same = canon($a, {}) eq canon($b, {});
		$same ||= isomorphic($a, $b) if $test->{algorithm} =~ /^(?:flatten|frame)$/;
	}
	return ($same, 'got      ' . short($got->{answer}) . "\nexpected " . short($expected));
}

my (%held, %judged);
foreach my $line (split /\n/, decode_utf8($out))
{
	next if $line !~ /^\{/;
	my $row = JSON::PP->new->utf8(0)->decode($line);
	my $test = $tests[ $row->{ord} ];

	if (defined $row->{property})
	{
		my ($name, $algorithm, $kind) = @{ $properties[ $row->{property} ] };
		my ($left, $right) = @$row{qw(left right)};
		# the input itself is in error
		next if defined $right->{state} || defined $test->{error};
		my $same = 0;
		if (!defined $left->{state})
		{
			$same = $kind eq 'rdf'
			  ? isomorphic(map { quads_of($_->{answer}) } $left, $right)
			  : isomorphic(map { $json->decode($_->{answer}) } $left, $right);
		}
		$held{$name}{ $same ? 'yes' : 'no' }++;
		push @{ $held{$name}{failed} }, [ $test->{id}, $left, $right ] if !$same;
		next;
	}

	my ($passed, $why) = judge($test, $row->{test});
	$judged{ $test->{id} } = 1;
	ok($passed, "$test->{id} $test->{name}") or diag($why);
	my $cell = $table{ $test->{algorithm} };
	$cell->{ $test->{mode} ? 'mode_run' : 'run' }++;
	$cell->{ $test->{mode} ? 'mode' : 'passed' }++ if $passed;
}
is(join(' ', grep { !$judged{$_} } map { $_->{id} } @tests), '', 'every test has an answer');

# Documents whose round trip loses something by the letter of the
# specification, with the reason.
my $compacted = 'expand(compact(expand(d), c)) = expand(d)';
my %lossy = (
	# a graph container without @index drops the index of the graph
	"$compacted compact#t0079" => 1,
	"$compacted compact#t0088" => 1,
	# a graph of several nodes becomes one node with @included
	"$compacted compact#t0109" => 1,
	"$compacted compact#t0110" => 1,
	# an IRI that looks like a keyword expands to {"@id": null}, which is no
	# valid input
	'expand(expand(d)) = expand(d) expand#t0122' => 1,
	# relative IRIs that "@base": null left alone meet the base option again
	'to_rdf(flatten(d)) = to_rdf(d) toRdf#tli14' => 1,
	# native types forget the lexical form: "1"^^xsd:boolean, "1.0"^^xsd:integer
	'to_rdf(from_rdf(n)) = n fromRdf#t0027' => 1,
);
foreach my $property (@properties)
{
	my $name = $property->[0];
	my @failed =
	  grep { !$lossy{"$name $_->[0]"} } @{ $held{$name}{failed} // [] };
	is(scalar @failed, 0, sprintf('property %s holds for %d documents', $name, $held{$name}{yes} // 0));
	diag("$_->[0]\n left  " . short($writer->encode($_->[1])) . "\n right " . short($writer->encode($_->[2])))
	  foreach @failed;
}

note(sprintf('%-10s %14s %14s %8s', 'algorithm', 'passed/total', '1.0 mode', 'skipped'));
foreach my $algorithm (@algorithms)
{
	my $cell = $table{$algorithm};
	note(sprintf('%-10s %14s %14s %8d',
			$algorithm, "$cell->{passed}/$cell->{run}",
			"$cell->{mode}/$cell->{mode_run}", $cell->{skipped}));
}

done_testing();
