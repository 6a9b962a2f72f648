#!/usr/bin/perl
# table.pl [--check] RESULTS PAGE [README]: makes the blocks of docs/performance.md that stand
# between <!-- made: NAME --> and <!-- end --> of what `./dev bench table`
# recorded, and the figures of README's paragraph on speed; for `./dev bench --plot`.
# With --check nothing is written: it says whether the page is that.
#
# RESULTS has a file for each bench, of lines of words NAME=VALUE (lib.sql says
# which), and exact.txt, whose columns are case, ours, theirs and ratio.
use strict;
use warnings;
use utf8;

use File::Basename qw(dirname);
use lib dirname(__FILE__);
use Results qw(lines pick exact heading);

binmode STDOUT, ':utf8';
my $check = @ARGV && $ARGV[0] eq '--check' && shift @ARGV;
my ($results, $page, $readme) = @ARGV;
my @lines = lines($results);
my %exact = exact($results);
my @profile = lines($results, 'profile');
my %block;

sub number { my ($v) = @_; return $v >= 9.95 ? sprintf('%.0f', $v) : $v >= 2 ? sprintf('%.1f', $v) : sprintf('%.2f', $v); }
# what differences of two runs leave below nothing is nothing
sub count { my ($n) = @_; $n = 0 if $n < 0; return scalar reverse(join(',', unpack('(A3)*', reverse int($n + 0.5)))); }
sub size { my ($n) = @_; return $n >= 1000 ? count($n / 1000) . ' kB' : "$n B"; }

# "0.71 (0.66–0.80)"
sub ratio
{
	my ($line, $name) = @_;
	return '' unless $line && defined $line->{$name};
	return number($line->{$name}) . (defined $line->{"${name}_least"} ? ' (' . number($line->{"${name}_least"}) . '–' . number($line->{"${name}_most"}) . ')' : '');
}

# a figure beside what it should be, and whether it is: what is missed is bold
sub held
{
	my ($text, $value, $sign, $limit) = @_;
	my $good = $sign eq '≤' ? $value <= $limit : $value >= $limit;

	$limit = sprintf('%.2f', $limit) if $limit =~ /\./;
	return ($good ? "$text $sign $limit" : "**$text**, not $sign $limit", $good);
}

sub table
{
	my ($head, @rows) = @_;
	return join "\n", '| ' . join(' | ', @$head) . ' |', '|' . '---|' x @$head, (map { '| ' . join(' | ', @$_) . ' |' } @rows), '';
}

# What is asked: work, against, and a list of [what, limit, where to find it].
# "exact" is of instructions; time, cpu and wal are ratios of a line's; of the
# rest the line itself is what counts.
my $batch = 'against=on_conflict rows=10000 indexes=0';
my @reach = (
	(map { my ($size, $bytes, $limit) = @$_; map { ["new, $size, batches of " . count($_), 'set-based `ON CONFLICT`', ['exact', 0.58, $bytes == 200 ? 'load_new' : 'load_new_1k'],
		['time', $limit, "work=new $batch batch=$_ bytes=$bytes"], ['wal', $bytes == 200 ? 0.80 : undef, "work=new $batch batch=$_ bytes=$bytes"]] } (1000, 10000) } ['200 B', 200, 0.75], ['1 kB', 1000, 0.85]),
	(map { ["changed, 200 B, batches of " . count($_), 'the same', ['exact', 0.65, 'load_changed'], ['time', 0.75, "work=changed $batch batch=$_ bytes=200"], ['wal', 0.94, "work=changed $batch batch=$_ bytes=200"]] } (1000, 10000)),
	(map { ["unchanged, 200 B, batches of " . count($_), 'the same, unguarded', ['exact', 0.22, 'load_same'], ['time', 0.22, "work=unchanged $batch batch=$_ bytes=200"], ['bytes', 0, "work=unchanged $batch batch=$_ bytes=200"], ['xids', 0, "work=unchanged $batch batch=$_ bytes=200"]],
	  ["unchanged, 200 B, batches of " . count($_), 'guarded by `IS DISTINCT FROM`', ['exact', undef, 'load_guarded'], ['time', 0.35, "work=guarded $batch batch=$_ bytes=200"], ['bytes', 0, "work=guarded $batch batch=$_ bytes=200"], ['xids', 0, "work=guarded $batch batch=$_ bytes=200"]] } (1000, 10000)),
	(map { ["`exclusive`, new, batches of " . count($_), '`upsert_load` without', ['exact', 1, 'load_exclusive'], ['time', 1, "work=exclusive batch=$_"], ['xids', 1, "work=exclusive batch=$_"]] } (1000, 10000)),
	['`upsert_from` a file of 1,000,000', 'COPY to a temporary table on both sides, then `ON CONFLICT`', ['time', 0.60, 'work=import_file of=new rows=1000000'], ['wal', undef, 'work=import_file of=new rows=1000000']],
	['`upsert_from` a table of 1,000,000', 'that COPY and `ON CONFLICT`', ['time', 0.60, 'work=import_table of=new rows=1000000'], ['wal', undef, 'work=import_table of=new rows=1000000']],
	(map { ["one key 20,000 times, $_->[1]", '20,000 keys', ($_->[0] eq 'many' ? () : ['exact', 1.5, "$_->[0]_one_key"]), ['time', 1.5, "work=one_key_$_->[0]"]] } ['load', '`upsert_load`'], ['many', '`upsert_many`'], ['c8ql', 'a loop of C8QL'], ['objects', '`upsert_objects`']),
	(map { my $c = $_; map { ["single $_->[0], $c client" . ($c > 1 ? 's' : ''), 'prepared `ON CONFLICT RETURNING`', ($c == 1 ? ['exact', 0.70, $_->[1], "client_$_->[1]"] : ()), ['calls', 1.0, "work=single_$_->[0] clients=$c"]] } ['new', 'insert'], ['changed', 'update'] } (1, 8)),
	(map { ["single $_->[0]", 'the same, answering with the row before, too', ['exact', 0.70, "$_->[1]_old", "client_$_->[1]_old"]] } ['new', 'insert'], ['changed', 'update']),
	(map { ["single unchanged, $_ client" . ($_ > 1 ? 's' : ''), 'guarded `ON CONFLICT`', ($_ == 1 ? ['exact', 0.70, 'unchanged', 'client_unchanged'] : ()), ['calls', 4, "work=single_unchanged clients=$_"]] } (1, 8)),
	['first call of a backend', "SQL's", ['time', 1.3, 'work=first against=on_conflict']],
	['the same, library preloaded', "SQL's", ['time', 1.3, 'work=first against=preloaded']],
	(map { ["C8QL loop, $_", 'PL/pgSQL loop of `ON CONFLICT`', ['exact', 0.55, $_ eq 'new' ? 'c8ql_loop_new' : 'c8ql_loop'], ['time', 0.55, "work=c8ql_$_"]] } qw(new changed)),
	['`upsert_objects` new', '`jsonb_populate_recordset … ON CONFLICT`', ['exact', 0.80, 'objects_new'], ['time', 0.80, 'work=objects_new']],
	['ledger, new flat nodes', '`upsert_load`', ['exact', 1.1, 'ledger_new'], ['time', 1.1, 'work=ledger_new_bare']],
	['the same with history', '`upsert_load`', ['exact', 1.5, 'ledger_history'], ['time', 1.5, 'work=ledger_new_past']],
	['`at_save_all`', '`upsert_load`', ['exact', 1.3, 'save_all'], ['time', 1.3, 'work=save_all']],
	(map { ["$_->[0], in 10,000,000 rows", 'in 10,000 rows', ['time', 1.5, "work=growth of=$_->[1] who=ours rows=10000000"]] } ['new, in any order', 'new'], ['new, ascending', 'ascending'], ['changed', 'changed'], ['unchanged', 'unchanged']),
	['two sessions, batches in opposite order', '', ['deadlocks', 0, 'work=opposite against=ours']],
);

my ($reached, $missed, $unseen) = (0, 0, 0);
my %profiled;
my @rows;
foreach my $row (@reach)
{
	my ($work, $against, @asked) = @$row;
	my (%cell, $bad, $bad_case, $seen);
	foreach my $ask (@asked)
	{
		my ($what, $limit, @where) = @$ask;
		my ($value, $text, $column, $sign) = (undef, undef, $what, $what eq 'calls' ? '≥' : '≤');
		if ($what eq 'exact')
		{
			# the better fitting case is the last
			my ($case) = grep { $exact{$_} } reverse @where;
			if ($case)
			{
				($value, $text) = ($exact{$case}{ratio}, sprintf('%.2f', $exact{$case}{ratio}));
				# callgrind keeps none of clients' backends
				($bad_case) = grep { pick(\@profile, "case=$_ side=ours") } reverse @where;
			}
		}
		elsif (my $line = pick(\@lines, $where[0]))
		{
			if ($what eq 'wal') { $value = $line->{wal_theirs} ? $line->{wal} / $line->{wal_theirs} : 0; $text = number($value); }
			elsif ($what eq 'bytes') { ($value, $text, $column) = (int($line->{wal}), count($line->{wal}) . ' B', 'wal'); }
			elsif ($what eq 'xids') { ($value, $text, $column) = ($line->{xids}, "xids: $line->{xids}", 'more'); }
			elsif ($what eq 'deadlocks')
			{
				my $theirs = pick(\@lines, 'work=opposite against=theirs');
				($value, $text, $column) = ($line->{deadlocks}, "deadlocks in " . count($line->{rounds}) . " rounds: $line->{deadlocks} (`ON CONFLICT`: $theirs->{deadlocks})", 'more');
			}
			elsif ($what eq 'calls') { ($value, $text, $column) = ($line->{calls}, ratio($line, 'calls') . ' × calls/s', 'time'); }
			else { ($value, $text) = ($line->{$what}, ratio($line, $what)); }
			$cell{cpu} //= ratio($line, 'cpu') if $line->{cpu};
		}
		$seen ||= defined $value;
		if (!defined $value) { $text = 'not measured'; }
		elsif (defined $limit)
		{
			my $good;
			($text, $good) = held($text, $value, $sign, $limit);
			$bad ||= !$good;
		}
		$cell{ $column eq 'exact' ? 'instructions' : $column } = $text;
	}
	if (!$seen) { $unseen++; }
	elsif ($bad) { $missed++; }
	else { $reached++; }
	$profiled{$bad_case} = 1 if $bad && $bad_case;
	push @rows, [ $work, $against, (map { $cell{$_} // '' } qw(instructions time cpu wal more)), $bad ? '**missed**' : '' ];
}
$block{reach} = table(['work', 'beside', 'instructions', 'time', 'CPU time', 'WAL', '', ''], @rows) . "\n" . "$reached rows reached, $missed missed" . ($unseen ? ", $unseen not measured" : '') . ".\n";

# the lines as they are
my %said = (recordset => '`jsonb_populate_recordset`', upsert_load => '`upsert_load`', guarded => 'unchanged, guarded', on_conflict => '`ON CONFLICT`', merge => '`MERGE`', revising => '`ON CONFLICT` that keeps a revision', plpgsql => 'a loop in PL/pgSQL', pipeline => 'a client that pipelines', one_by_one => 'a client that awaits answers', ascending => 'new, ascending', copy_on_conflict => 'COPY to a temporary table, `ON CONFLICT`');
sub said { my ($word) = @_; return $said{$word} // $word =~ tr/_/ /r; }
sub wal { my ($line) = @_; return count($line->{wal}) . ' : ' . count($line->{wal_theirs}); }
sub figures { my ($line) = @_; return (ratio($line, defined $line->{calls} ? 'calls' : 'time'), ratio($line, 'cpu'), wal($line)); }
my @figures = ('time', 'CPU time', 'WAL, bytes');

$block{documents} = table(['work', 'document', 'batch', @figures], map { [ said($_->{work}), size($_->{bytes}), count($_->{batch}), figures($_) ] }
	  grep { $_->{file} eq 'batches' && $_->{against} eq 'on_conflict' && !$_->{indexes} } @lines);
$block{indexes} = table(['work', 'secondary indexes', @figures], map { [ said($_->{work}), $_->{indexes}, figures($_) ] }
	  sort { $a->{indexes} <=> $b->{indexes} } grep { $_->{file} eq 'batches' && $_->{against} eq 'on_conflict' && $_->{batch} == 1000 && $_->{bytes} == 200 } @lines);
$block{ways} = table(['work', 'batch', 'beside', @figures], map { [ said($_->{work}), count($_->{batch}), said($_->{against}), figures($_) ] } grep { $_->{file} eq 'batches' && $_->{against} =~ /^(merge|plpgsql|revising)$/ } @lines);
$block{pipelines} = table(['work', 'beside', 'documents/s', 'CPU time of the server', 'WAL, bytes'], map { [ $_->{work} =~ s/client_//r, said($_->{against}), figures($_) ] } grep { $_->{work} =~ /^client_/ } @lines);
$block{files} = table(['documents', 'there already', 'ours', @figures], map { [ count($_->{rows}), $_->{of} eq 'half' ? 'half' : 'none', { file => 'COPY, `upsert_from`', table => '`upsert_from` a table', view => 'COPY into the view' }->{ $_->{work} =~ s/import_//r }, figures($_) ] } grep { $_->{work} =~ /^import_/ } @lines);
$block{growth} = table(['work', 'rows', @figures, 'a document over one in 10,000 rows', 'with `ON CONFLICT`'], map { my $l = $_;
	  [ said($l->{work}), count($l->{rows}), figures($l), map { my $who = $_; $l->{rows} == 10000 ? '' : ratio(pick(\@lines, "work=growth of=$l->{work} rows=$l->{rows} who=$who"), 'time') } qw(ours theirs) ] }
	  sort { $a->{work} cmp $b->{work} || $a->{rows} <=> $b->{rows} } grep { $_->{file} =~ /^growth/ && $_->{work} ne 'growth' && !($_->{file} eq 'growth-large' && $_->{rows} == 10000 && pick(\@lines, 'file=growth')) } @lines);
$block{singles} = table(['work', 'clients', 'calls/s', 'CPU time', 'WAL, bytes'], map { [ $_->{work} =~ s/single_//r, $_->{clients}, figures($_) ] } sort { $a->{work} cmp $b->{work} || $a->{clients} <=> $b->{clients} } grep { $_->{work} =~ /^single_/ } @lines);
$block{doors} = table(['work', 'beside', @figures], map { [ said($_->{work}), said($_->{against}), figures($_) ] } grep { $_->{file} eq 'doors' } @lines);
$block{instructions} = table(['case', 'ours', 'beside', 'ratio'], map { [ "`$_->{case}`", count($_->{ours}), $_->{ratio} eq '-' ? '' : (count($_->{theirs}), sprintf('%.2f', $_->{ratio}))[0], $_->{ratio} eq '-' ? '' : sprintf('%.2f', $_->{ratio}) ] } sort { $a->{line} <=> $b->{line} } values %exact);
$block{conditions} = join("\n", map { "- `$_`: " . heading($results, $_) } grep { heading($results, $_) } qw(exact batches growth growth-large import doors clients)) . "\n";

# where the instructions of what misses go
my @groups = ([ executor => 'executor, PL/pgSQL' ], [ buffers => 'buffers, locks' ], [ memory => 'memory' ], [ btree => 'btree' ], [ heap => 'heap' ], [ rows => 'forming rows' ], [ wal => 'WAL' ], [ jsonb => 'jsonb' ], [ types => 'other types' ],
	[ transactions => 'snapshots' ], [ sha256 => 'SHA-256' ]);
sub profile
{
	my ($line) = @_;
	my $ours = 0;
	$ours += $line->{$_} foreach grep { /^our_/ } keys %$line;
	my @most = grep { $_ ne 'our_' && $line->{$_} >= 0.03 * $line->{all} } sort { $line->{$b} <=> $line->{$a} || $a cmp $b } grep { /^our_/ } keys %$line;
	return [ $line->{side} eq 'ours' ? "`$line->{case}`" : '', $line->{side} eq 'ours' ? 'ours' : 'beside', count($line->{all}), (map { count($line->{ $_->[0] } // 0) } @groups),
		$ours ? count($ours) . (@most ? ': ' . join(', ', map { '`' . s/^our_//r . '` ' . count($line->{$_}) } @most) : '') : '' ];
}
$block{profile} = table(['case', '', 'all', (map { $_->[1] } @groups), "upsert's own, by folder of `src`"], map { my $case = $_; map { profile($_) } grep { $_ } map { pick(\@profile, "case=$case side=$_") } qw(ours plain) }
	  sort { $exact{$a}{line} <=> $exact{$b}{line} } keys %profiled);

# into the pages
my $good = 1;
sub rewrite
{
	my ($file, $change) = @_;
	open(my $in, '<:utf8', $file) or die "$file: $!\n";
	my $old = do { local $/; <$in> };
	close $in;
	my $new = $change->($old);
	return if $new eq $old;
	if ($check) { $good = 0; print "$file is not what $results makes of it: ./dev bench --plot\n"; return; }
	open(my $out, '>:utf8', $file) or die "$file: $!\n";
	print $out $new;
	close $out;
	print "$file\n";
	return;
}
rewrite($page, sub { $_[0] =~ s/(<!-- made: (\w+) -->\n).*?(?=<!-- end -->)/$1 . ($block{$2} \/\/ die "$page: no block $2\n")/gesr });
if ($readme)
{
	my @ratios = map { $exact{$_} ? sprintf('%.2f', $exact{$_}{ratio}) : () } qw(load_new load_changed load_same insert update unchanged);
	rewrite($readme, sub { my ($text) = @_; $text =~ s/(?<=^## Speed\n)(.*?)(?=^## |\z)/my $s = $1; my $i = 0; $s =~ s{\b\d+\.\d\d\b}{$ratios[$i++] \/\/ $&}ger/emsr }) if @ratios == 6;
}
print "$reached reached, $missed missed, $unseen not measured\n" unless $check;
exit($good ? 0 : 1);
