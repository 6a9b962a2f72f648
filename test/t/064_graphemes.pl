# Grapheme clusters, by the Unicode Consortium's own test file of the version whose
# table we have.  GRAPHEME_TEST names the file; without, it is that of Debian's
# package unicode-data, if it is of this version.  Else skipped, aloud.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my ($ours) = slurp_file("$FindBin::RealBin/../../src/atproto/grapheme_table.h") =~ /Unicode ([0-9.]+[0-9])/;
my $file = $ENV{GRAPHEME_TEST} || '/usr/share/unicode/auxiliary/GraphemeBreakTest.txt';
my $text = -f $file ? slurp_file($file) : '';
my ($theirs) = $text =~ /\A# GraphemeBreakTest-([0-9.]+)\.txt/;

if (!defined($theirs) || $theirs ne $ours)
{
	my $why = defined($theirs) ? "$file is of $theirs, the table of $ours" : "there is no $file";
	diag("SKIPPED: Unicode's test of grapheme clusters: $why");
	plan skip_all => "SKIPPED: $why";
}

my $node = new_node('graphemes');
my (@lines, @asked);
foreach my $line (split /\n/, $text)
{
	$line =~ s/#.*//;
	my @points = $line =~ /([0-9A-F]{4,6})/g;
	# each cluster ends with a division sign, and so does the start of the line
	my $clusters = (() = $line =~ /\xc3\xb7/g) - 1;

	# no string of PostgreSQL has U+0000
	next if !@points || grep { hex == 0 } @points;
	push @lines, "$clusters: @points";
	push @asked, "($clusters, " . join('||', map { "U&'\\+" . sprintf('%06x', hex) . "'" } @points) . ')';
}
cmp_ok(scalar(@lines), '>', 500, 'the file has lines');
my @wrong = split /\n/, $node->safe_psql('postgres',
	'SELECT n, at_graphemes(s), to_json(s) FROM (VALUES ' . join(', ', @asked) . ') v(n, s) WHERE n <> at_graphemes(s)');
is(join("\n", @wrong), '', scalar(@lines) . " strings have as many clusters as Unicode $ours says");

done_testing();
