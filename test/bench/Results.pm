# Results.pm: what `./dev bench --record` left in a folder, for table.pl and plot.pl.
package Results;
use strict;
use warnings;

use Exporter qw(import);
our @EXPORT_OK = qw(lines pick exact heading);

sub slurp
{
	my ($file) = @_;
	open(my $fh, '<:utf8', $file) or return '';
	local $/;
	return scalar <$fh>;
}

# lines of words NAME=VALUE, each a hash; its file is in it, too.  Of the
# benches of the table, or of these files
sub lines
{
	my ($results, @names) = @_;
	my @lines;

	@names = qw(batches growth growth-large import doors clients) unless @names;
	foreach my $name (@names)
	{
		push @lines, map { +{ file => $name, map { split /=/, $_, 2 } split / / } } grep { /^(?:work|case)=/ } split /\n/, slurp("$results/$name.txt");
	}
	return @lines;
}

# the first line that has all these words
sub pick
{
	my ($lines, $words) = @_;
	my %want = map { split /=/, $_, 2 } split / /, $words;
	my ($line) = grep { my $l = $_; !grep { !defined $l->{$_} || $l->{$_} ne $want{$_} } keys %want } @$lines;

	return $line;
}

# instructions by case
sub exact
{
	my ($results) = @_;
	my (%exact, $n);

	foreach (split /\n/, slurp("$results/exact.txt"))
	{
		$exact{$1} = { case => $1, ours => $2, theirs => $3, ratio => $4, line => $n++ } if /^(\w+)\s+(\d+)\s+(\d+|-)\s+([\d.]+|-)$/;
	}
	return %exact;
}

# what a bench ran on
sub heading
{
	my ($results, $name) = @_;
	return slurp("$results/$name.txt") =~ /^# (.*)/ ? $1 : undef;
}

1;
