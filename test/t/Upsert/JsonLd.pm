# The files of the W3C JSON-LD suite, and when two documents are the same:
# arrays are unordered but for @list and JSON literals, language tags in lower
# case, blank nodes equal up to their labels.
package Upsert::JsonLd;

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Encode qw(decode_utf8 encode_utf8);
use Exporter 'import';
use File::Basename qw(dirname);
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(need_suite suite_base text_of find_contexts canon isomorphic sql_quote);

my $suite = $ENV{JSONLD_SUITE} || 'test/vectors/jsonld-suite';
my $base_iri = 'https://w3c.github.io/json-ld-api/tests/';
my $writer = JSON::PP->new->utf8(0)->allow_nonref->canonical;

# skips the whole test, aloud, where the suite is not to be had; its folder
sub need_suite
{
	return $suite if -f "$suite/skip.txt";
	diag("SKIPPED: the JSON-LD suite is not at $suite; JSONLD_SUITE names its folder");
	plan skip_all => 'SKIPPED: no JSON-LD test suite; set JSONLD_SUITE';
}

# the IRI that its files are relative to
sub suite_base { return $base_iri; }

# --- files --------------------------------------------------------------------

my %text_of;

# the text of one of the suite's files, as characters
sub text_of
{
	my $path = shift;
	$text_of{$path} //= decode_utf8(slurp_file("$suite/$path"));
	return $text_of{$path};
}

# "a/b/../c" -> "a/c"
sub normal_path
{
	my @parts;
	foreach my $part (split m{/}, shift)
	{
		if ($part eq '..') { pop @parts; }
		elsif ($part ne '.' && $part ne '') { push @parts, $part; }
	}
	return join '/', @parts;
}

# The context documents that a file refers to, and those that they refer to.
sub find_contexts
{
	my ($path, $found) = @_;
	my $text = text_of($path);
	while ($text =~ /"([^"\s]+\.jsonld)"/g)
	{
		my $reference = $1;
		my $target =
		  index($reference, $base_iri) == 0
		  ? substr($reference, length $base_iri)
		  : normal_path(dirname($path) . "/$reference");
		next if $found->{$target} || !-f "$suite/$target";
		$found->{$target} = 1;
		find_contexts($target, $found);
	}
	return;
}

# --- canonical strings and isomorphism ----------------------------------------

# A string that is the same for equal values.  $label maps blank node labels.
sub canon
{
	my ($v, $label, $ordered) = @_;

	return 'null' if !defined $v;
	if (ref $v eq 'HASH')
	{
		my @members;
		while (my ($key, $value) = each %$v)
		{
			my $text;
			if ($key eq '@value') { $text = canon($value, {}, 'all'); }
			elsif ($key eq '@language' && !ref $value) { $text = lc($value // 'null'); }
			else { $text = canon($value, $label, $ordered || ($key eq '@list' ? 'list' : '')); }
			push @members, $writer->encode($label->{$key} // $key) . ':' . $text;
		}
		return '{' . join(',', sort @members) . '}';
	}
	if (ref $v eq 'ARRAY')
	{
		my $inner = ($ordered // '') eq 'all' ? 'all' : '';
		my @items = map { canon($_, $label, $inner) } @$v;
		@items = sort @items if !$ordered;
		return '[' . join(',', @items) . ']';
	}
	return $v ? 'true' : 'false' if ref $v eq 'JSON::PP::Boolean';
	return 'n' . $v->bsstr() if ref $v;
	return $writer->encode($label->{$v} // "$v");
}

# The blank node labels in a document (a value of its own is not looked into).
sub labels_of
{
	my ($v, $found) = @_;

	if (ref $v eq 'HASH')
	{
		foreach my $key (keys %$v)
		{
			$found->{$key} = 1 if $key =~ /^_:/;
			labels_of($v->{$key}, $found) if $key ne '@value';
		}
	}
	elsif (ref $v eq 'ARRAY') { labels_of($_, $found) foreach @$v; }
	elsif (defined $v && !ref $v && $v =~ /^_:/) { $found->{$v} = 1; }
	return $found;
}

# Give each label a colour by what the document says of it, until nothing more
# is told apart.
sub refine
{
	my ($doc, $colour) = @_;
	my $classes = 0;

	for (;;)
	{
		my %next;
		foreach my $label (keys %$colour)
		{
			my %seen = map { $_ => "_:$colour->{$_}" } keys %$colour;
			$seen{$label} = "_:*$colour->{$label}";
			$next{$label} = md5_hex(encode_utf8(canon($doc, \%seen)));
		}
		my $found = keys %{ { reverse %next } };
		%$colour = %next;
		last if $found <= $classes;
		$classes = $found;
	}
	return;
}

# Equal up to a renaming of blank nodes?  Colours first; where they leave a
# choice, every way to pair one label with those of its colour.
sub isomorphic
{
	my ($one, $other, $colour_one, $colour_other) = @_;

	$colour_one //= { map { $_ => '' } keys %{ labels_of($one, {}) } };
	$colour_other //= { map { $_ => '' } keys %{ labels_of($other, {}) } };
	return 0 if keys %$colour_one != keys %$colour_other;
	refine($one, $colour_one);
	refine($other, $colour_other);
	return 0
	  if join(',', sort values %$colour_one) ne join(',', sort values %$colour_other);

	my %class;
	push @{ $class{ $colour_one->{$_} } }, $_ foreach sort keys %$colour_one;
	my ($choice) = grep { @{ $class{$_} } > 1 } sort keys %class;
	if (!defined $choice)
	{
		my %a = map { $_ => "_:$colour_one->{$_}" } keys %$colour_one;
		my %b = map { $_ => "_:$colour_other->{$_}" } keys %$colour_other;
		return canon($one, \%a) eq canon($other, \%b);
	}
	my $pick = $class{$choice}[0];
	foreach my $partner (grep { $colour_other->{$_} eq $choice } sort keys %$colour_other)
	{
		return 1
		  if isomorphic($one, $other,
			{ %$colour_one, $pick => 'chosen' },
			{ %$colour_other, $partner => 'chosen' });
	}
	return 0;
}

# --- SQL -----------------------------------------------------------------------

# a string literal
sub sql_quote
{
	my $s = shift;
	return 'NULL' if !defined $s;
	die 'the quoting tag occurs in a file' if $s =~ /\$suite\$/;
	return "\$suite\$$s\$suite\$";
}

1;
