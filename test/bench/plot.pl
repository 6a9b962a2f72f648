#!/usr/bin/perl
# plot.pl RESULTS DIRECTORY: draws what `./dev bench --record` and `./dev bench table`
# put into RESULTS as SVG files, for `./dev bench --plot`.  Colours follow the
# reader's light or dark scheme.  A plot whose figures are not there is left out.
use strict;
use warnings;
use utf8;

use File::Basename qw(dirname);
use lib dirname(__FILE__);
use Results qw(lines pick exact);

my ($results, $dir) = @ARGV;
my ($w, $h) = (680, 300);
my ($left, $right, $top, $bottom) = (56, 170, 34, 40);
my @lines = lines($results);
my %exact = exact($results);

sub text
{
	my ($x, $y, $text, $more) = @_;
	$text =~ s/&/&amp;/g;
	$text =~ s/</&lt;/g;
	return sprintf(qq{<text x="%.1f" y="%.1f"%s>%s</text>\n}, $x, $y, $more // '', $text);
}

sub drawing
{
	my ($name, $title, $high, @parts) = @_;
	open(my $fh, '>:utf8', "$dir/$name.svg") or die "$dir/$name.svg: $!\n";
	print $fh <<"EOS", text(8, 18, $title, ' class="t"'), @parts, "</svg>\n";
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $w $high" width="$w" height="$high" role="img">
<style>
text { font: 12px sans-serif; fill: #333 } .t { font-weight: bold } .e { text-anchor: end } .m { text-anchor: middle }
.g { stroke: #ccc; stroke-width: 1 } .one { stroke: #777; stroke-width: 1.5; stroke-dasharray: 5 3 } polyline { fill: none; stroke-width: 2.5 } .r { stroke: #333; stroke-width: 1 } .dash { stroke-dasharray: 4 3 }
.c0 { stroke: #0072b2; fill: #0072b2 } .c1 { stroke: #d55e00; fill: #d55e00 } .c2 { stroke: #009e73; fill: #009e73 } .c3 { stroke: #aa4499; fill: #aa4499 }
polyline.c0, polyline.c1, polyline.c2, polyline.c3 { fill: none } text.c0, text.c1, text.c2, text.c3 { stroke: none }
\@media (prefers-color-scheme: dark) { text { fill: #ddd } .g { stroke: #444 } .one { stroke: #999 } .r { stroke: #ddd }
.c0 { stroke: #56b4e9; fill: #56b4e9 } .c1 { stroke: #f0a050; fill: #f0a050 } .c2 { stroke: #40c8a0; fill: #40c8a0 } .c3 { stroke: #dd88cc; fill: #dd88cc } }
</style>
EOS
	close $fh;
	print "$dir/$name.svg\n";
	return;
}

# a round figure not below, and the step of its axis
sub axis
{
	my ($max) = @_;
	my $step = 10**int(log($max) / log(10) - ($max < 1 ? 1 : 0));
	foreach my $f (0.25, 0.5, 1, 2) { if ($max / ($step * $f) <= 6) { $step *= $f; last; } }
	my $n = int($max / $step);
	return (($n * $step >= $max ? $n : $n + 1) * $step, $step);
}

# lines over a logarithmic axis: name, title, label beneath, whether there is a
# line at 1, and for each line a label, its colour and [x, y]...
sub line_plot
{
	my ($name, $title, $beneath, $one, @series) = @_;
	@series = grep { @$_ > 2 } @series;
	return unless @series;
	my %xs = map { $_->[0] => 1 } map { @$_[2 .. $#$_] } @series;
	my @xs = sort { $a <=> $b } keys %xs;
	return if @xs < 2;
	my ($most) = sort { $b <=> $a } map { $_->[1] } map { @$_[2 .. $#$_] } @series;
	my ($max, $step) = axis($one && $most < 1 ? 1 : $most);
	my $x_of = sub { $left + 20 + ($w - $left - $right - 40) * log($_[0] / $xs[0]) / log($xs[-1] / $xs[0]) };
	my $y_of = sub { $h - $bottom - ($h - $top - $bottom) * $_[0] / $max };
	my @parts;

	for (my $v = 0; $v <= $max + 1e-9; $v += $step)
	{
		push @parts, sprintf(qq{<line class="%s" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>\n}, $one && abs($v - 1) < 1e-9 ? 'one' : 'g', $left, $w - $right, ($y_of->($v)) x 2),
		  text($left - 6, $y_of->($v) + 4, $step < 1 ? sprintf('%.2f', $v) : $v, ' class="e"');
	}
	push @parts, text($x_of->($_), $h - $bottom + 18, $_ >= 1e5 ? '10^' . sprintf('%.0f', log($_) / log(10)) : $_, ' class="m"') foreach @xs;
	push @parts, text(($left + $w - $right) / 2, $h - 6, $beneath, ' class="m"');
	my $last = 1e9;
	foreach my $s (sort { $a->[-1][1] <=> $b->[-1][1] } @series)
	{
		my ($label, $class, @points) = @$s;
		my $y = $y_of->($points[-1][1]);
		$y = $last - 13 if $last - $y < 13;
		$last = $y;
		push @parts, sprintf(qq{<polyline class="%s" points="%s"/>\n}, $class, join ' ', map { sprintf '%.1f,%.1f', $x_of->($_->[0]), $y_of->($_->[1]) } @points),
		  text($w - $right + 4, $y + 4, $label, qq{ class="$class"});
	}
	drawing($name, $title, $h, @parts);
	return;
}

# bars from the left, a line at 1: each a label, a value and perhaps the range of the runs
sub bar_plot
{
	my ($name, $title, @bars) = @_;
	return unless @bars;
	my ($from, $room) = (230, 60);
	my ($most) = sort { $b <=> $a } map { $_->[1], $_->[3] // 0 } @bars;
	my ($max) = axis($most < 1 ? 1 : $most > 4 ? 4 : $most);
	my $x_of = sub { $from + ($w - $from - $room) * ($_[0] > $max ? $max : $_[0]) / $max };
	my $high = 50 + 22 * @bars;
	my @parts;

	for my $i (0 .. $#bars)
	{
		my ($label, $value, $least, $greatest) = @{ $bars[$i] };
		my $y = 40 + 22 * $i;
		push @parts, text($from - 6, $y + 11, $label, ' class="e"'),
		  sprintf(qq{<rect class="c%d" x="%d" y="%d" width="%.1f" height="15"/>\n}, $value <= 1 ? 2 : 1, $from, $y, $x_of->($value) - $from);
		push @parts, sprintf(qq{<line class="r" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>\n}, $x_of->($least), $x_of->($greatest), ($y + 7) x 2) if defined $greatest;
		push @parts, text($x_of->($greatest // $value) + 5, $y + 12, sprintf('%.2f', $value));
	}
	push @parts, sprintf(qq{<line class="one" x1="%.1f" x2="%.1f" y1="32" y2="%d"/>\n}, ($x_of->(1)) x 2, $high - 8);
	drawing($name, $title, $high, @parts);
	return;
}

# ./dev bench load
if (open(my $fh, '<', "$results/load.txt"))
{
	my (%time, %wal);
	while (<$fh>)
	{
		next unless /^(\d+) (\S.*?)\s+([\d.]+) x the time\s+[\d.?]+ x the CPU\s+WAL\/doc\s+(\d+) :\s+(\d+)/;
		push @{ $time{$2} }, [ $1, $3 ];
		$wal{$2} = [ $1, $4, $5 ];
	}
	my @kinds = ('new', 'changed', 'unchanged', 'unchanged, guarded by WHERE');
	line_plot('batches', 'upsert_load: time in times that of INSERT ... ON CONFLICT', 'documents in a batch', 1, map { [ $kinds[$_] =~ s/by WHERE//r, "c$_", @{ $time{ $kinds[$_] } // [] } ] } 0 .. $#kinds);

	if ($wal{new})
	{
		my $y_of = sub { $h - $bottom - ($h - $top - $bottom) * $_[0] / 1000 };
		my $slot = ($w - $left - $right) / @kinds;
		my @parts = map { sprintf(qq{<line class="g" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>\n}, $left, $w - $right, ($y_of->($_)) x 2), text($left - 6, $y_of->($_) + 4, $_, ' class="e"') } map { 200 * $_ } 0 .. 5;
		for my $k (0 .. $#kinds)
		{
			for my $who (0, 1)
			{
				my ($v, $x) = ($wal{ $kinds[$k] }[ 1 + $who ], $left + $slot * $k + 14 + 42 * $who);
				push @parts, sprintf(qq{<rect class="c$who" x="%.1f" y="%.1f" width="36" height="%.1f"/>\n}, $x, $y_of->($v), $h - $bottom - $y_of->($v)), text($x + 18, $y_of->($v) - 4, $v, ' class="m"');
			}
			push @parts, text($left + $slot * ($k + 0.5), $h - $bottom + 18, $kinds[$k] =~ s/.*guarded.*/guarded/r, ' class="m"');
		}
		push @parts, text($w - $right + 8, $top + 20, 'upsert_load', ' class="c0"'), text($w - $right + 8, $top + 38, 'ON CONFLICT', ' class="c1"');
		drawing('wal', "Bytes of WAL a document, batches of $wal{new}[0]", $h, @parts);
	}
}

bar_plot('instructions', 'Instructions in times those of the plain SQL that comes nearest', map { [ $_, $exact{$_}{ratio} ] } grep { $exact{$_} && $exact{$_}{ratio} ne '-' }
	  qw(load_new load_changed load_same load_guarded load_exclusive insert update unchanged object objects upsert_by c8ql record));

# the table's time by row
my $batch = 'against=on_conflict rows=10000 indexes=0 bytes=200 batch=10000';
bar_plot('ratios', 'Time in times that of what is beside it; the line is the range of the runs', map { my ($label, $l) = ($_->[0], pick(\@lines, $_->[1])); $l ? [ $label, @$l{qw(time time_least time_most)} ] : () }
	['upsert_load new', "work=new $batch"], ['changed', "work=changed $batch"], ['unchanged', "work=unchanged $batch"], ['unchanged, SQL guarded', "work=guarded $batch"],
	['exclusive / not', 'work=exclusive batch=10000'], ['new / MERGE', 'work=new against=merge'], ['new / PL/pgSQL loop', 'work=new against=plpgsql'],
	['upsert_from a file', 'work=import_file of=new rows=1000000'], ['upsert_from a table', 'work=import_table of=new rows=1000000'], ['COPY into the view', 'work=import_view of=new'],
	['one key / many keys', 'work=one_key_load'], ['C8QL loop, new', 'work=c8ql_new'], ['C8QL loop, changed', 'work=c8ql_changed'], ['upsert_objects new', 'work=objects_new'],
	['ledger new', 'work=ledger_new_bare'], ['ledger new, history', 'work=ledger_new_past'], ['at_save_all', 'work=save_all'],
	['first call', 'work=first against=on_conflict'], ['first call, preloaded', 'work=first against=preloaded']);

# by the size of the table: a figure of each run's own machine is divided by its own smallest
my @works = qw(new ascending changed unchanged);
line_plot('growth', 'Time of a document, in times that in 10,000 rows (dashed: ON CONFLICT)', 'rows in the table', 1,
	map { my $k = $_; map { my $who = $_;
		my @points = map { [ $_->{rows}, $_->{time} ] } sort { $a->{rows} <=> $b->{rows} } grep { $_->{work} eq 'growth' && $_->{of} eq $works[$k] && $_->{who} eq $who } @lines;
		[ $works[$k] . ($who eq 'ours' ? '' : ', SQL'), "c$k" . ($who eq 'ours' ? '' : ' dash'), @points ? ([ 10000, 1 ], @points) : () ] } qw(ours theirs) } 0 .. $#works);

my @singles = sort { $a->{clients} <=> $b->{clients} } grep { $_->{work} eq 'single_changed' } @lines;
line_plot('clients', 'Calls a second, one changed document each; a flush takes 1 ms', 'clients', 0,
	['upsert', 'c0', map { [ $_->{clients}, $_->{rate} ] } @singles], ['ON CONFLICT', 'c1', map { [ $_->{clients}, $_->{rate_theirs} ] } @singles]);

@works = qw(new changed unchanged guarded);
line_plot('documents', 'upsert_load: time in times that of ON CONFLICT, batches of 1,000', 'bytes of a document', 1,
	map { my $k = $_; [ $works[$k] eq 'guarded' ? 'unchanged, guarded' : $works[$k], "c$k", map { [ $_->{bytes}, $_->{time} ] } sort { $a->{bytes} <=> $b->{bytes} }
		  grep { $_->{file} eq 'batches' && $_->{work} eq $works[$k] && $_->{against} eq 'on_conflict' && !$_->{indexes} && $_->{batch} == 1000 } @lines ] } 0 .. $#works);
