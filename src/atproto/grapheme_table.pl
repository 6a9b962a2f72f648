#!/usr/bin/env perl
# Writes grapheme_table.h: the classes of characters that grapheme clusters
# are made of, from the Unicode data that this perl carries.
#
#	perl src/atproto/grapheme_table.pl >src/atproto/grapheme_table.h
use strict;
use warnings;
use Unicode::UCD qw(prop_invmap);

# Hangul syllables (LV, LVT) are computed, CR and LF are controls
my %class = (
	Control => 'CONTROL', CR => 'CONTROL', LF => 'CONTROL',
	Extend => 'EXTEND', ZWJ => 'ZWJ', Regional_Indicator => 'REGIONAL',
	Prepend => 'PREPEND', SpacingMark => 'SPACING',
	L => 'L', V => 'V', T => 'T');

my @ranges;

sub collect
{
	my ($property, $map) = @_;
	my ($starts, $values) = prop_invmap($property);
	for my $i (0 .. $#$starts)
	{
		my $name = $map->($values->[$i]) or next;
		my $end = $i < $#$starts ? $starts->[ $i + 1 ] - 1 : 0x10ffff;
		push @ranges, [ $starts->[$i], $end, $name ];
	}
}
collect('Grapheme_Cluster_Break', sub { $class{ $_[0] } });
collect('Extended_Pictographic', sub { $_[0] eq 'Y' ? 'PICTOGRAPH' : undef });
@ranges = sort { $a->[0] <=> $b->[0] } @ranges;

my @merged;
for my $range (@ranges)
{
	if (@merged && $merged[-1][1] + 1 == $range->[0] && $merged[-1][2] eq $range->[2])
	{
		$merged[-1][1] = $range->[1];
	}
	else
	{
		push @merged, [@$range];
	}
}

my $version = Unicode::UCD::UnicodeVersion();
print <<"HEADER";
/*
 * grapheme_table.h
 *		Classes of characters for grapheme clusters, Unicode $version.
 *
 * Written by grapheme_table.pl; do not edit.  Only grapheme.c includes it.
 */
#ifndef UPSERT_ATPROTO_GRAPHEME_TABLE_H
#define UPSERT_ATPROTO_GRAPHEME_TABLE_H

static const GraphemeRange grapheme_ranges[] =
{
HEADER
printf "\t{0x%05X, 0x%05X, GRAPHEME_%s},\n", @$_ for @merged;
print "};\n\n#endif\t\t\t\t\t\t\t/* UPSERT_ATPROTO_GRAPHEME_TABLE_H */\n";
