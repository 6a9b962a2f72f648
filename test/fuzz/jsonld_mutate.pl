# Documents, contexts and frames as they are in the world, with parts changed.
#
#	perl jsonld_mutate.pl SEED ROUNDS | psql
#
# It prints the psql script: as many mutants as rounds, each sent through every
# call of the processor.  A mutant is the text of a document in which a few
# tokens or whole values have given way to others, of any of the documents or
# out of the words of JSON-LD, so that it is always JSON.  What counts is that
# the server lives and that errors are those of the contract.
use strict;
use warnings;

use Cwd qw(realpath);
use File::Basename qw(dirname);
use JSON::PP;

my ($seed, $rounds) = @ARGV;
srand($seed =~ /\A0\.(\d+)\z/ ? "1$1" : $seed);
my $here = dirname(realpath($0));

sub pick { return $_[rand @_] }

no warnings 'qw';
my @words = ((map { "\"$_\"" } qw(@id @type @value @language @direction @list @set @graph @index @reverse @included @nest @context
  @none @json @vocab @base @protected @propagate @import @version @container @prefix @default @embed @explicit @null @omitDefault
  @requireAll @always ltr rtl en _:b0 _:x relative ../up #f http://e/p http://e/ urn:x a:b : / @x)), '""', '"\u00e9"');
my @scalars = (@words, qw(null true false 0 1.1 -1 1e400 123456789012345678901234567890 [] {} [{}] [[]] {"@id":"urn:x"} {"@value":null}));

# a text as tokens, and where its values begin and end
sub parts
{
	my @tokens = shift =~ /("(?:[^"\\]|\\.)*"|-?[0-9][-+.eE0-9]*|true|false|null|[][{}:,])/g;
	my (@values, @open);
	foreach my $i (0 .. $#tokens)
	{
		if ($tokens[$i] =~ /^[[{]$/) { push @open, $i; }
		elsif ($tokens[$i] =~ /^[]}]$/) { push @values, [ pop @open, $i ]; }
		elsif ($tokens[$i] !~ /^[:,]$/ && ($tokens[ $i + 1 ] // '') ne ':') { push @values, [ $i, $i ]; }
	}
	my @keys = grep { ($tokens[ $_ + 1 ] // '') eq ':' } 0 .. $#tokens;
	return { tokens => \@tokens, values => \@values, keys => \@keys };
}

my @corpus;
foreach my $file (sort glob "$here/../bench/jsonld/*.json")
{
	open my $in, '<:encoding(UTF-8)', $file or die "$file: $!";
	my $json = JSON::PP->new->decode(do { local $/; <$in> });
	my @documents = $file =~ /contexts/ ? values %$json : $json;
	push @corpus, map { parts(JSON::PP->new->canonical->encode($_)) } grep { length JSON::PP->new->encode($_) < 20000 } @documents;
}
push @corpus, map { parts($_) } split /\n/, <<'EOF';
{"@context":{"@vocab":"http://e/","@protected":true,"T":{"@id":"http://e/T","@context":{"@protected":true,"name":"http://e/name","proof":{"@id":"http://e/proof","@type":"@id","@container":"@graph"}}},"name":"http://e/name"},"@type":"T","name":"n","proof":{"@type":"T","name":"m"}}
{"@context":{"@vocab":"http://e/","kids":{"@reverse":"http://e/parent","@container":"@index","@index":"nick","@context":{"nick":"http://e/nick"}},"label":{"@container":["@language","@set"]},"data":{"@type":"@json"},"list":{"@container":"@list"}},"@id":"http://e/p","kids":{"joe":{"@id":"http://e/k"}},"label":{"en":["a","b"],"@none":"c"},"data":[1,{"b":[]}],"list":[[1,2],[],{"@id":"_:x"}],"@included":[{"@id":"_:x","name":"y"}]}
{"@context":{"@vocab":"http://e/"},"@id":{},"@type":["Library","Book"],"contains":{"@type":{},"@embed":"@always","title":{"@default":"none"},"@reverse":{"contains":{"@explicit":true}}},"label":{"@value":{},"@language":["en",{}]},"@graph":[{"@id":[],"list":{"@list":[{}]}}],"@included":[{"@omitDefault":true,"@requireAll":true}]}
{"@graph":[{"@id":"_:a","http://e/p":[{"@id":"_:b"},{"@id":"_:c"}]},{"@id":"_:b","http://e/p":{"@id":"_:c"}},{"@id":"_:c","http://e/p":{"@id":"_:a"},"@graph":[{"@id":"_:a","http://e/q":{"@value":"x","@language":"en","@direction":"rtl"}}]}]}
EOF

sub mutant
{
	my $from = pick(@corpus);
	my @tokens = @{ $from->{tokens} };
	my @gone;
	foreach (0 .. rand 4)
	{
		my ($first, $last) = @{ pick(@{ $from->{values} }) };
		if (rand() < 0.3 && @{ $from->{keys} })
		{
			my $key = pick(@{ $from->{keys} });
			$tokens[$key] = pick(@words) if !$gone[$key];
			next;
		}
		next if $gone[$first];
		my $value = pick(@scalars);
		if (rand() < 0.4)
		{
			my $other = pick(@corpus);
			my ($a, $b) = @{ pick(@{ $other->{values} }) };
			$value = join '', @{ $other->{tokens} }[ $a .. $b ] if $b - $a < 400;
		}
		# the value goes where the first token stood, the others are nothing
		$tokens[$first] = $value;
		$tokens[$_] = '' foreach $first + 1 .. $last;
		$gone[$_] = 1 foreach $first .. $last;
	}
	return join '', @tokens;
}

sub quote { return '$mutant$' . $_[0] . '$mutant$' }

binmode STDOUT, ':encoding(UTF-8)';
print <<'EOF';
\pset tuples_only on
SET client_min_messages = warning;
SET upsert.jsonld_max_work = 20000;
SET upsert.jsonld_max_output = '2MB';
CREATE EXTENSION upsert;
CREATE FUNCTION try(doc jsonb, other jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	call text;
BEGIN
	FOREACH call IN ARRAY ARRAY['expand', 'compact', 'flatten', 'flatten with', 'quads', 'canonize', 'frame', 'frame always', '1.0', 'safe'] LOOP
		BEGIN
			CASE call
			WHEN 'expand' THEN PERFORM jsonld_expand(doc, '{"base": "http://b.example/d"}');
			WHEN 'compact' THEN PERFORM jsonld_compact(doc, COALESCE(other -> '@context', '{}'));
			WHEN 'flatten' THEN PERFORM jsonld_flatten(doc);
			WHEN 'flatten with' THEN PERFORM jsonld_flatten(doc, COALESCE(doc -> '@context', '{}'), '{"ordered": true}');
			WHEN 'quads' THEN PERFORM FROM jsonld_quads(doc, '{"rdfDirection": "compound-literal", "produceGeneralizedRdf": true}');
			WHEN 'canonize' THEN PERFORM jsonld_from_rdf(jsonld_canonize_inline(doc, '{"safe": false, "hashAlgorithm": "SHA-384"}'));
			WHEN 'frame' THEN PERFORM jsonld_frame(doc, other);
			WHEN 'frame always' THEN PERFORM jsonld_frame(other, doc, '{"embed": "@always", "omitGraph": false}');
			WHEN '1.0' THEN PERFORM jsonld_compact(doc, COALESCE(doc -> '@context', '{}'), '{"processingMode": "json-ld-1.0", "compactArrays": false}');
			ELSE PERFORM jsonld_expand(doc, '{"safe": true, "strictCompactIri": true, "base": "http://b.example/"}');
			END CASE;
		EXCEPTION
			WHEN SQLSTATE 'UP008' OR SQLSTATE 'UP009' OR numeric_value_out_of_range THEN NULL;
			WHEN OTHERS THEN RETURN format('%s: %s %s', call, sqlstate, sqlerrm);
		END;
	END LOOP;
	RETURN NULL;
END $$;
EOF
my ($doc, $other) = (mutant(), mutant());
foreach (1 .. $rounds)
{
	my $next = mutant();
	print 'SELECT wrong, doc, other FROM (VALUES (', quote($next), '::jsonb, ', quote($doc), "::jsonb)) AS v (doc, other), try(doc, other) AS wrong WHERE wrong IS NOT NULL;\n";
	$doc = $next;
}
