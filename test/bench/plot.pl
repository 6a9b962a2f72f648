#!/usr/bin/perl
# plot.pl RESULTS DIRECTORY: draws what `./dev bench --record load --exact` put
# into RESULTS as SVG files, for `./dev bench --plot`.  Colours follow the
# reader's light or dark scheme.  A plot whose file is not there is left out.
use strict;
use warnings;

my ($results, $dir) = @ARGV;
my ($w, $h) = (680, 300);
my ($left, $right, $top, $bottom) = (56, 150, 34, 40);

sub slurp
{
	my ($file) = @_;
	open(my $fh, '<', "$results/$file") or return;
	local $/;
	return scalar <$fh>;
}

sub text
{
	my ($x, $y, $text, $more) = @_;
	$text =~ s/&/&amp;/g;
	$text =~ s/</&lt;/g;
	return sprintf(qq{<text x="%.1f" y="%.1f"%s>%s</text>\n}, $x, $y, $more // '', $text);
}

sub drawing
{
	my ($name, $title, @parts) = @_;
	open(my $fh, '>', "$dir/$name.svg") or die "$dir/$name.svg: $!\n";
	print $fh <<"EOF", text(8, 18, $title, ' class="t"'), @parts, "</svg>\n";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $w $h" width="$w" height="$h" role="img">
<style>
text { font: 12px sans-serif; fill: #333 } .t { font-weight: bold } .e { text-anchor: end } .m { text-anchor: middle }
.g { stroke: #ccc; stroke-width: 1 } .one { stroke: #777; stroke-width: 1.5; stroke-dasharray: 5 3 } polyline { fill: none; stroke-width: 2.5 }
.c0 { stroke: #0072b2; fill: #0072b2 } .c1 { stroke: #d55e00; fill: #d55e00 } .c2 { stroke: #009e73; fill: #009e73 } .c3 { stroke: #aa4499; fill: #aa4499 }
polyline.c0, polyline.c1, polyline.c2, polyline.c3 { fill: none } text.c0, text.c1, text.c2, text.c3 { stroke: none }
\@media (prefers-color-scheme: dark) { text { fill: #ddd } .g { stroke: #444 } .one { stroke: #999 }
.c0 { stroke: #56b4e9; fill: #56b4e9 } .c1 { stroke: #f0a050; fill: #f0a050 } .c2 { stroke: #40c8a0; fill: #40c8a0 } .c3 { stroke: #dd88cc; fill: #dd88cc } }
</style>
EOF
	close $fh;
	print "$dir/$name.svg\n";
	return;
}

# lines and labels of an axis that goes from 0 to $max
sub y_axis
{
	my ($max, $step, $format) = @_;
	my @parts;
	for (my $v = 0; $v <= $max + 1e-9; $v += $step)
	{
		my $y = $h - $bottom - ($h - $top - $bottom) * $v / $max;
		push @parts, sprintf(qq{<line class="%s" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>\n}, abs($v - 1) < 1e-9 && $max < 10 ? 'one' : 'g', $left, $w - $right, $y, $y),
		  text($left - 6, $y + 4, sprintf($format, $v), ' class="e"');
	}
	return @parts;
}

sub y_of { my ($v, $max) = @_; return $h - $bottom - ($h - $top - $bottom) * ($v > $max ? $max : $v) / $max; }

if (my $load = slurp('load.txt'))
{
	my (%time, %wal);
	while ($load =~ /^(\d+) (\S.*?)\s+([\d.]+) x the time\s+[\d.?]+ x the CPU\s+WAL\/doc\s+(\d+) :\s+(\d+)/mg)
	{
		$time{$2}{$1} = $3;
		$wal{$2}{$1} = [ $4, $5 ];
	}
	my @kinds = ('new', 'changed', 'unchanged', 'unchanged, guarded by WHERE');
	my @sizes = sort { $a <=> $b } keys %{ $time{new} };
	my ($max) = map { $_ < 1.5 ? 1.5 : 0.5 * (1 + int(2 * $_)) } sort { $b <=> $a } map { values %{ $time{$_} } } @kinds;
	my @parts = y_axis($max, 0.25, '%.2f');
	my $x_of = sub { $left + 20 + ($w - $left - $right - 40) * log($_[0] / $sizes[0]) / log($sizes[-1] / $sizes[0]) };

	push @parts, text($x_of->($_), $h - $bottom + 18, $_, ' class="m"') foreach @sizes;
	push @parts, text(($left + $w - $right) / 2, $h - 6, 'documents in a batch', ' class="m"');
	my $last = 1e9;
	foreach my $k (sort { $time{ $kinds[$a] }{ $sizes[-1] } <=> $time{ $kinds[$b] }{ $sizes[-1] } } 0 .. $#kinds)
	{
		my $of = $time{ $kinds[$k] };
		my $y = y_of($of->{ $sizes[-1] }, $max);
		$y = $last - 13 if $last - $y < 13;
		$last = $y;
		push @parts, sprintf(qq{<polyline class="c$k" points="%s"/>\n}, join ' ', map { sprintf '%.1f,%.1f', $x_of->($_), y_of($of->{$_}, $max) } @sizes),
		  text($w - $right + 4, $y + 4, $kinds[$k] =~ s/by WHERE//r, qq{ class="c$k"});
	}
	drawing('batches', 'upsert_load: time in times that of INSERT ... ON CONFLICT', @parts);

	my $size = $sizes[-1];
	@parts = y_axis(1000, 200, '%d');
	my $slot = ($w - $left - $right) / @kinds;
	for my $k (0 .. $#kinds)
	{
		for my $who (0, 1)
		{
			my $v = $wal{ $kinds[$k] }{$size}[$who];
			my $x = $left + $slot * $k + 18 + 42 * $who;
			push @parts, sprintf(qq{<rect class="c$who" x="%.1f" y="%.1f" width="36" height="%.1f"/>\n}, $x, y_of($v, 1000), $h - $bottom - y_of($v, 1000)),
			  text($x + 18, y_of($v, 1000) - 4, $v, ' class="m"');
		}
		push @parts, text($left + $slot * ($k + 0.5), $h - $bottom + 18, $kinds[$k] =~ s/.*guarded.*/guarded/r, ' class="m"');
	}
	push @parts, text($w - $right + 8, $top + 20, 'upsert_load', ' class="c0"'), text($w - $right + 8, $top + 38, 'ON CONFLICT', ' class="c1"');
	drawing('wal', "Bytes of WAL a document, batches of $size", @parts);
}

if (my $exact = slurp('exact.txt'))
{
	my %ratio;
	$ratio{$1} = $2 while $exact =~ /^(\w+)\s+\d+\s+\d+\s+([\d.]+)$/mg;
	my @names = grep { defined $ratio{$_} } qw(load_new load_changed load_same load_guarded load_exclusive insert update unchanged object objects upsert_by c8ql record);
	my ($max) = map { 0.5 * (1 + int(2 * $_)) } sort { $b <=> $a } @ratio{@names};
	my @parts;

	($left, $right, $top, $bottom) = (110, 60, 30, 20);
	$h = 40 + 22 * @names + 10;
	my $x_of = sub { $left + ($w - $left - $right) * $_[0] / $max };
	for my $i (0 .. $#names)
	{
		my $y = 40 + 22 * $i;
		push @parts, text($left - 6, $y + 11, $names[$i], ' class="e"'),
		  sprintf(qq{<rect class="c%d" x="%d" y="%d" width="%.1f" height="15"/>\n}, $ratio{ $names[$i] } < 1 ? 2 : 1, $left, $y, $x_of->($ratio{ $names[$i] }) - $left),
		  text($x_of->($ratio{ $names[$i] }) + 5, $y + 12, sprintf('%.2f', $ratio{ $names[$i] }));
	}
	push @parts, sprintf(qq{<line class="one" x1="%.1f" x2="%.1f" y1="32" y2="%d"/>\n}, $x_of->(1), $x_of->(1), $h - 8);
	drawing('instructions', 'Instructions in times those of the plain SQL that comes nearest', @parts);
}
