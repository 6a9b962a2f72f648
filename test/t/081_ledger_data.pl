# Real documents in a ledger.
#
# iso-codes, written as schema.org JSON-LD: what is stored is what was sent,
# the same again changes nothing, one change is one change.
#
# The documents of the W3C JSON-LD suite: a payload is either refused with a
# documented SQLSTATE, or its nodes are those that flattening it gives, by
# each verb, and the same again changes nothing.
use strict;
use warnings;

use Encode qw(decode_utf8 encode_utf8);
use FindBin;
use JSON::PP;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::JsonLd;
use Upsert::Test;

my $json = JSON::PP->new->utf8(0)->allow_nonref->allow_bignum;
my $writer = JSON::PP->new->utf8(0)->allow_nonref->canonical->allow_bignum;
my $node = new_node('ledgerdata');

# runs a script (characters); what it prints
sub run_sql
{
	my ($script) = @_;
	return decode_utf8($node->safe_psql('postgres', encode_utf8($script)));
}

# --- iso-codes ----------------------------------------------------------------

my $iso = $ENV{ISO_CODES} || '/usr/share/iso-codes/json';

# the entries of one of its files
sub codes
{
	my ($standard) = @_;
	return @{ $json->decode(decode_utf8(slurp_file("$iso/iso_$standard.json")))->{$standard} };
}

# The payload, and the nodes as they must be stored: IRI -> expanded node.
sub iso_graph
{
	my $schema = 'https://schema.org/';
	my (@payload, %stored);

	# a node from (predicate, value or undef) pairs; a value is a string, a
	# number, an array of these, or a hash as JSON-LD has it
	my $add = sub {
		my ($id, $type, @pairs) = @_;
		my %sent = ('@id' => $id, '@type' => "schema:$type");
		my %kept = ('@id' => $id, '@type' => ["$schema$type"]);
		while (my ($predicate, $value) = splice @pairs, 0, 2)
		{
			next if !defined $value;
			$sent{"schema:$predicate"} = $value;
			$kept{"$schema$predicate"} =
			  [ map { ref $_ eq 'HASH' ? $_ : { '@value' => $_ } } ref $value eq 'ARRAY' ? @$value : $value ];
		}
		push @payload, \%sent;
		$stored{$id} = \%kept;
	};

	foreach my $c (codes('3166-1'))
	{
		my %names = map { $_ => 1 } grep { defined } @$c{qw(name official_name common_name)};
		$add->("urn:iso:3166:$c->{alpha_2}", 'Country',
			name => { '@value' => $c->{name}, '@language' => 'en' },
			alternateName => [ sort keys %names ],
			identifier => [ $c->{alpha_2}, $c->{alpha_3} ],
			position => 0 + $c->{numeric});
	}
	foreach my $s (codes('3166-2'))
	{
		my ($country) = split /-/, $s->{code};
		my $parent = !defined $s->{parent} ? $country
		  : $s->{parent} =~ /-/ ? $s->{parent} : "$country-$s->{parent}";
		$add->("urn:iso:3166:$s->{code}", 'AdministrativeArea',
			name => $s->{name}, additionalType => $s->{type},
			containedInPlace => { '@id' => "urn:iso:3166:$parent" });
	}
	foreach my $l (codes('639-3'))
	{
		$add->("urn:iso:639:$l->{alpha_3}", 'Language',
			name => $l->{name}, identifier => $l->{alpha_2}, alternateName => $l->{inverted_name});
	}
	return (\@payload, \%stored);
}

SKIP:
{
	if (!-f "$iso/iso_3166-1.json")
	{
		diag("SKIPPED: iso-codes is not at $iso; install the package, or set ISO_CODES");
		skip 'SKIPPED: no iso-codes', 1;
	}
	my ($payload, $stored) = iso_graph();
	my $statements = 0;
	foreach my $kept (values %$stored)
	{
		$statements += @$_ foreach grep { ref } values %$kept;
	}
	cmp_ok(scalar keys %$stored, '>', 10_000, 'iso-codes: many nodes');
	is(scalar @$payload, scalar keys %$stored, 'iso-codes: each once');

	my $document = sql_quote($writer->encode({ '@context' => { schema => 'https://schema.org/' }, '@graph' => $payload }));
	my $counts = q{SELECT r->'t', r->'asserted', r->'retracted', jsonb_array_length(r->'nodes'), (SELECT string_agg(DISTINCT n->>'action', ' ') FROM jsonb_array_elements(r->'nodes') n) FROM r};
	my $n = keys %$stored;
	run_sql("CREATE TABLE payload AS SELECT $document\::jsonb AS doc; SELECT create_ledger('iso')");
	foreach my $step (
		[ 'ledger_upsert', "1|$statements|0|$n|inserted" ],
		[ 'ledger_upsert', "1|0|0|$n|unchanged" ],
		[ 'ledger_replace', "1|0|0|$n|unchanged" ],
		[ 'ledger_insert', "1|0|0|$n|unchanged" ])
	{
		my ($verb, $expected) = @$step;
		is(run_sql("WITH r AS (SELECT $verb('iso', doc) AS r FROM payload) $counts"), $expected, "iso-codes: $verb");
	}
	is(run_sql(q{SELECT count(*), count(DISTINCT (s, p, o)), bool_and(op) FROM "iso:main_flakes"}),
		"$statements|$statements|t", 'iso-codes: flakes');

	# read back, against what Perl says that it must be
	my $compare = sub {
		my ($query, $label) = @_;
		my %seen;
		my @wrong;
		foreach my $line (split /\n/, run_sql($query))
		{
			my $doc = $json->decode($line);
			my $id = $doc->{'@id'};
			$seen{$id} = 1;
			push @wrong, $id
			  if !$stored->{$id} || canon($doc, {}) ne canon($stored->{$id}, {});
		}
		is(scalar keys %seen, $n, "$label: no node lost");
		is(join(' ', splice @wrong, 0, 5), '', "$label: each as it was sent");
	};
	$compare->('SELECT doc FROM "iso:main"', 'iso-codes, the table');
	$compare->(q{SELECT jsonld_expand(ledger_get('iso', iri, '{"s": "https://schema.org/"}'))->0 FROM "iso:main"}, 'iso-codes, ledger_get');

	# one change, and what was before
	is( run_sql(q{WITH r AS (SELECT ledger_upsert('iso', '{"@id": "urn:iso:3166:DE", "https://schema.org/name": {"@value": "Alemania", "@language": "es"}}') AS r) } . $counts),
		'2|1|1|1|updated', 'iso-codes: one change');
	$compare->(q{SELECT jsonld_expand(ledger_get('iso', iri, '{}', 1))->0 FROM "iso:main"}, 'iso-codes, t = 1');
	is( run_sql(q{SELECT r->'asserted', r->'retracted', jsonb_array_length(r->'nodes') FROM ledger_update('iso', '{"@context": {"s": "https://schema.org/"},
			"where": [{"@id": "?country", "@type": "s:Country", "s:identifier": "CHE"}, {"@id": "?area", "s:containedInPlace": {"@id": "?country"}, "s:name": "?name"}, ["filter", "(strStarts ?name \"Z\")"], ["bind", "?long", "(concat ?name \", CH\")"]],
			"delete": {"@id": "?area", "s:name": "?name"}, "insert": {"@id": "?area", "s:name": "?long"}}') r}),
		'2|2|2', 'iso-codes: Zug and Zurich');
	$compare->(q{SELECT jsonld_expand(ledger_get('iso', iri, '{}', 1))->0 FROM "iso:main"}, 'iso-codes, t = 1 after all');
}

# --- the suite ----------------------------------------------------------------

my $suite = $ENV{JSONLD_SUITE} || 'test/vectors/jsonld-suite';
SKIP:
{
	if (!-f "$suite/skip.txt")
	{
		diag("SKIPPED: the JSON-LD suite is not at $suite; JSONLD_SUITE names its folder");
		skip 'SKIPPED: no JSON-LD test suite; set JSONLD_SUITE', 1;
	}
	suite_in_ledgers();
}

# Flattened, or the nodes of a ledger, as the set of [graph, node] that a ledger
# would keep: no node of which nothing is said, no empty sets and lists, no
# @index.
# a literal in the one spelling that its RDF term has in a ledger
sub term
{
	my ($v) = @_;
	my $xsd = 'http://www.w3.org/2001/XMLSchema#';
	my ($value, $type) = @$v{ '@value', '@type' };

	return $v if !exists $v->{'@value'} || !defined $type || $type eq '@json';
	return { '@value' => $value, '@type' => '@json' } if $type eq 'http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON';
	my $bool = JSON::PP::is_bool($value);
	my $number = !$bool && (ref $value || $writer->encode([$value]) !~ /"/);
	return { '@value' => "$value" } if $type eq "${xsd}string";
	if ($type eq "${xsd}boolean")
	{
		return { '@value' => $value } if $bool;
		return { '@value' => $value eq 'true' ? JSON::PP::true : JSON::PP::false } if $value =~ /^(true|false)$/;
	}
	if ($type eq "${xsd}integer" && $value =~ /^(0|-?[1-9][0-9]{0,19})$/)
	{
		return { '@value' => $value + 0 };
	}
	if ($type eq "${xsd}double" && ($number || $value =~ /^-?[0-9][.](0|[0-9]*[1-9])E-?[0-9]+$/))
	{
		my $n = $number ? $value : Math::BigFloat->new($value);
		return $n == int($n) && abs($n) < 1e21 ? { '@value' => $n, '@type' => $type } : { '@value' => $n };
	}
	return { '@value' => $bool ? ($value ? 'true' : 'false') : "$value", '@type' => $type } if ($bool || $number) && $type !~ /^\Q$xsd\E/;
	return $v;
}

sub kept
{
	my ($nodes, $graph) = @_;
	my @kept;

	foreach my $node (@$nodes)
	{
		my %copy = %$node;
		my $inner = delete $copy{'@graph'};
		delete $copy{'@index'};
		push @kept, @{ kept($inner, $copy{'@id'}) } if $inner;
		foreach my $key (grep { $_ ne '@id' } keys %copy)
		{
			my (%seen, @values);
			foreach my $value (@{ $copy{$key} })
			{
				my $v = ref $value eq 'HASH' ? {%$value} : $value;
				delete $v->{'@index'} if ref $v;
				$v = term($v) if ref $v;
				if (ref $v && $v->{'@list'})
				{
					next if !@{ $v->{'@list'} };
					$v->{'@list'} = [ map { my %i = %$_; delete $i{'@index'}; term(\%i) } @{ $v->{'@list'} } ];
				}
				push @values, $v if !$seen{ canon($v, {}) }++;
			}
			if (@values) { $copy{$key} = \@values; }
			else { delete $copy{$key}; }
		}
		push @kept, { g => $graph, n => \%copy } if keys %copy > 1;
	}
	return \@kept;
}

sub is_envelope
{
	my ($doc) = @_;

	return ref $doc eq 'HASH' && exists $doc->{'@graph'} && !exists $doc->{'@id'} && grep { $_ !~ /^@(graph|context)$/ } keys %$doc;
}

sub suite_in_ledgers
{
	my (@documents, %contexts, %refused);
	my ($accepted, $same) = (0, 0);

	foreach my $algorithm (qw(expand compact flatten toRdf))
	{
		my $manifest = $json->decode(text_of("$algorithm/manifest.jsonld"));
		my %seen;
		foreach my $entry (@{ $manifest->{sequence} })
		{
			next if $seen{ $entry->{input} }++ || text_of($entry->{input}) =~ /\\u0000/;
			find_contexts($entry->{input}, \%contexts);
			push @documents, $entry->{input};
		}
	}
	my $script = <<'SQL';
CREATE FUNCTION in_ledger(verb text, doc jsonb, base text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	first jsonb; again jsonb; nodes jsonb; answer jsonb;
BEGIN
	EXECUTE format('SELECT %I($1, $2, $3)', verb) INTO first USING 's', doc, jsonb_build_object('base', base, 'strictCompactIri', false);
	EXECUTE format('SELECT %I($1, $2, $3)', verb) INTO again USING 's', doc, jsonb_build_object('base', base, 'strictCompactIri', false);
	SELECT jsonb_agg(CASE WHEN graph = '' THEN doc_ ELSE jsonb_build_object('@id', graph, '@graph', jsonb_build_array(doc_)) END) INTO nodes
	FROM (SELECT n.graph, n.doc FROM "s:main" n) x(graph, doc_);
	answer := jsonb_build_object('asserted', first->'asserted', 'flakes', (SELECT count(*) FROM "s:main_flakes"), 'again', (again->>'asserted')::int + (again->>'retracted')::int, 'nodes', nodes);
	RAISE SQLSTATE 'UPXXX';
EXCEPTION WHEN SQLSTATE 'UPXXX' THEN
	RETURN answer;
WHEN OTHERS THEN
	RETURN jsonb_build_object('state', SQLSTATE, 'message', SQLERRM);
END $$;
CREATE FUNCTION flat(doc jsonb, base text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN jsonb_build_object('nodes', jsonld_flatten(doc, NULL, jsonb_build_object('base', base)));
EXCEPTION WHEN OTHERS THEN
	RETURN jsonb_build_object('state', SQLSTATE, 'message', SQLERRM);
END $$;
SELECT create_ledger('s');
CREATE TABLE document (ord int, doc jsonb, base text);
SQL
	foreach my $target (sort keys %contexts)
	{
		$script .= 'DO $do$ BEGIN PERFORM jsonld_set_context(' . sql_quote(suite_base() . $target) . ', '
		  . sql_quote(text_of($target)) . "::jsonb); EXCEPTION WHEN SQLSTATE 'UP008' THEN NULL; END \$do\$;\n";
	}
	for my $i (0 .. $#documents)
	{
		$script .= "INSERT INTO document VALUES ($i, " . sql_quote(text_of($documents[$i])) . '::jsonb, ' . sql_quote(suite_base() . $documents[$i]) . ");\n";
	}
	run_sql($script);
	my @verbs = qw(ledger_upsert ledger_replace ledger_insert);
	my $rows = run_sql('SELECT jsonb_build_object(\'ord\', ord, \'flat\', flat(doc, base), '
		  . join(', ', map { "'$_', in_ledger('$_', doc, base)" } @verbs) . ') FROM document ORDER BY ord');
	my @failed;
	my $answers = 0;
	foreach my $line (split /\n/, $rows)
	{
		my $row = $json->decode($line);
		my $flat = $row->{flat};
		my $name = $documents[ $row->{ord} ];
		my $expected = $flat->{nodes} && kept($flat->{nodes}, '');
		$answers++;
		foreach my $verb (@verbs)
		{
			my $got = $row->{$verb};
			if (defined $got->{state})
			{
				my $why = $got->{message} =~ s/"[^"]*"/…/gr;
				$refused{"$got->{state} $why"}++;
				# UP008 for what is no JSON-LD or would be dropped, UP006 for what
				# says nothing or cannot be stored, UP004 for what cannot be a name
				push @failed, "$verb $name: $line" if $got->{state} !~ /^UP00[468]$/;
				push @failed, "$verb $name says something" if $why eq 'the transaction says nothing' && $expected && @$expected && !is_envelope($json->decode(text_of($name)));
				next;
			}
			$accepted++;
			push @failed, "$verb $name: flattening fails: $flat->{message}" if !$expected;
			push @failed, "$verb $name: not idempotent" if $got->{again} != 0;
			push @failed, "$verb $name: $got->{asserted} asserted, $got->{flakes} flakes" if $got->{asserted} != $got->{flakes};
			# keys beside @graph are the transaction's, not data
			next if !$expected || is_envelope($json->decode(text_of($name)));
			if (isomorphic(kept($got->{nodes}, ''), $expected)) { $same++; }
			else { push @failed, "$verb $name\n got      " . $writer->encode($got->{nodes}) . "\n expected " . $writer->encode($expected); }
		}
	}
	is($answers, scalar @documents, 'suite: every document has an answer');
	is(scalar @failed, 0, 'suite: no node lost, none made up, or refused as documented');
	diag($_) foreach map { substr $_, 0, 2000 } splice @failed, 0, 8;
	cmp_ok($accepted, '>', 1.5 * @documents, "suite: $accepted payloads accepted of " . 3 * @documents);
	note("$refused{$_} refused: $_") foreach sort { $refused{$b} <=> $refused{$a} } keys %refused;
	return;
}

done_testing();
