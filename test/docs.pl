#!/usr/bin/perl
# docs.pl [--write] PAGE...: runs the SQL of pages of documentation and compares
# what they say is answered.  ./dev docs and ./dev check call it; the server is
# that of the environment (PGHOST, PGPORT, PGUSER), psql that of PATH.
#
# Every page gets a database of its own, with the extension unless the page
# begins with creating it, and one session.  Its ```sql blocks run in their order:
#
#	SELECT 1;
#	-- 1					comment lines right beneath a statement are what it
#						answers: a row a line, columns parted by " | ",
#						or "ERROR:  UP001: …", "DETAIL:  …", "WARNING:  …"
#
# A block ``` or ```text right behind a sql block is what psql prints for those
# of its statements that have no such comments.  In answers … stands for any
# text, a TID for any TID, and how many blanks there are does not matter.
# Comments above a statement (the block's first lines, or behind an empty line)
# and at the end of its line are prose.  A statement without an answer must
# not fail.  HTML comments, which readers do not see, say more:
#
#	<!-- not run: WHY -->		the next block is no test
#	<!-- needs: contexts -->	the next block is skipped, aloud, where
#					share/extension/upsert_contexts.sql is not installed
#					(psql's variable "contexts" is its path, and
#					"root" the folder of the sources)
#	<!-- all needs: iso-codes -->	so is the page, without Debian's iso-codes
#	<!-- file: NAME -->		the next block is a file of this name for \copy
#	<!-- run			SQL up to the line with the end of the comment
#
# --write puts what was answered in the place of what was said wrongly, and of
# answers "?": to be read before it is committed.
use strict;
use warnings;
use utf8;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);

binmode STDOUT, ':utf8';

my $write = @ARGV && $ARGV[0] eq '--write' && shift @ARGV;
my $mark = '@@docs@@';
my $root = abs_path($0) =~ s{/test/docs\.pl$}{}r;
my ($count, $bad) = (0, 0);
my $scratch = tempdir(CLEANUP => 1);

sub slurp
{
	my ($file) = @_;
	open(my $fh, '<:utf8', $file) or die "$file: $!\n";
	local $/;
	return scalar <$fh>;
}

sub spew
{
	my ($file, $text) = @_;
	open(my $fh, '>:utf8', $file) or die "$file: $!\n";
	print $fh $text;
	close($fh) or die "$file: $!\n";
	return;
}

sub ok
{
	my ($good, $label, @why) = @_;

	$count++;
	$bad++ unless $good;
	print $good ? 'ok' : 'not ok', " $count - $label\n";
	print map { "#   $_\n" } map { split /\n/ } @why unless $good;
	return $good;
}

sub skipped
{
	my ($label, $why) = @_;
	$count++;
	print "ok $count - $label # skip $why\n";
	return;
}

# The blocks of a page: kind, line of the fence, text, and what stood above
sub blocks
{
	my ($page, @lines) = @_;
	my @blocks;
	my %above;

	for (my $i = 0; $i < @lines; $i++)
	{
		if ($lines[$i] =~ /^<!-- all needs: (.*?) -->$/) { $above{all} = $1; }
		elsif ($lines[$i] =~ /^<!-- (not run|needs|file): (.*?) -->$/) { $above{$1} = $2; }
		elsif ($lines[$i] =~ /^<!-- run$/)
		{
			my %same = %above;
			%above = ();
			my $from = $i + 1;
			$i++ until $i >= @lines || $lines[$i] =~ /^-->$/;
			push @blocks, { kind => 'sql', from => $from, to => $i, above => \%same };
		}
		elsif ($lines[$i] =~ /^(\s*)```(\w*)/)
		{
			my ($indent, $kind, $from) = ($1, $2, $i + 1);
			die "$page:$from: an indented block of SQL\n" if $indent ne '' && $kind eq 'sql';
			do { $i++ } until $i >= @lines || $lines[$i] =~ /^\s*```\s*$/;
			die "$page:$from: a block without an end\n" if $i >= @lines;
			push @blocks, { kind => $kind, from => $from, to => $i, above => {%above} };
			%above = ();
		}
	}
	return @blocks;
}

# The statements of a block: first line, text, and the lines of its answer
sub statements
{
	my ($first, @lines) = @_;
	my @found;
	my ($text, $line, $quote, $start) = ('', $first, undef, $first);

	for (my $i = 0; $i < @lines; $i++)
	{
		my $rest = $lines[$i];
		my $ended = 0;

		if (!defined $quote && $text !~ /\S/)
		{
			# between statements: prose, or a command of psql
			next if $rest =~ /^\s*(--.*)?$/;
			$start = $first + $i;
			if ($rest =~ /^\\/) { $ended = 1; $text = "$rest\n"; $rest = ''; }
		}
		while ($rest ne '')
		{
			if (defined $quote)
			{
				my $at = index($rest, $quote);
				if ($at < 0) { $text .= $rest; last; }
				$at += length($quote);
				$text .= substr($rest, 0, $at, '');
				$quote = undef;
			}
			elsif ($rest =~ s/^('|"|\$\w*\$)//) { $text .= $1; $quote = $1; }
			elsif ($rest =~ s{^/\*}{}) { $text .= '/*'; $quote = '*/'; }
			elsif ($rest =~ s/^--.*//) { }
			elsif ($rest =~ s/^(\\.*)//) { $text .= $1; $ended = 1; }
			elsif ($rest =~ s/^;//) { $text .= ';'; $ended = 1; }
			else { $rest =~ s/^(.[^'"\$\/\-\\;]*)//; $text .= $1; $ended = 0 if $1 =~ /\S/; }
		}
		$text .= "\n" unless $text =~ /\n\z/;
		next unless $ended && !defined $quote;

		my %statement = (line => $start, text => $text);
		# rows of COPY FROM STDIN go with it
		if ($text =~ /^\s*\\?COPY\b.*\bFROM\s+STDIN\b/is)
		{
			do { $statement{text} .= ($lines[++$i] // '\\.') . "\n" } until $i >= @lines || $lines[$i] eq '\\.';
		}
		my $j = $i;
		$j++ while $j + 1 < @lines && $lines[ $j + 1 ] =~ /^--/;
		@statement{qw(answer_from answer_to)} = ($first + $i + 1, $first + $j + 1);
		$statement{answer} = join('', map { s/^-- ?//r . "\n" } @lines[ $i + 1 .. $j ]) if $j > $i;
		$i = $j;
		push @found, \%statement;
		$text = '';
	}
	die "line $start: a statement without an end\n" if $text =~ /\S/ || defined $quote;
	return @found;
}

# what does not matter in an answer
sub plain
{
	my ($text) = @_;
	$text =~ s/\b3[a-z2-7]{12}\b/TID/g;
	$text =~ s/\s+/ /g;
	$text =~ s/-{2,}/--/g;
	return $text =~ s/^ | $//gr;
}

# is this text what is said, … standing for anything?
sub alike
{
	my ($got, $said) = map { plain($_) } @_;
	my $pattern = join '.*', map { quotemeta } split(/…/, $said, -1);
	return scalar($got =~ /^$pattern\z/s);
}

# what goes to stderr: [ERROR, 22023, text], …
sub messages
{
	my ($text) = @_;
	my @items;
	foreach my $line (split /\n/, $text)
	{
		if ($line =~ /^[A-Z]+ NAME:  /) { next; }
		elsif ($line =~ /^([A-Z]+):  (?:([0-9A-Z]{5}): )?(.*)/) { push @items, [ $1, $2 // '', $3 ]; }
		elsif ($line =~ /^\S+: (error: .*)/) { push @items, [ 'ERROR', '', $1 ]; }
		elsif (@items) { $items[-1][2] .= "\n$line"; }
	}
	return grep { $_->[0] !~ /^(LOCATION|LINE|STATEMENT)$/ } @items;
}

# Compares what a statement or a block printed with what is said of it
sub compare
{
	my ($said, $out, $err) = @_;
	my @got = messages($err);
	my (@said, $rows);

	if ($said =~ /^(?:ERROR|WARNING|NOTICE|DETAIL|HINT|CONTEXT):/m)
	{
		($rows, my $rest) = $said =~ /\A(.*?)^((?:ERROR|WARNING|NOTICE|DETAIL|HINT|CONTEXT):.*)\z/ms;
		@said = messages($rest);
		# rows may come behind a warning
		if ($said[-1][0] ne 'ERROR' && $said[-1][2] =~ s/\n(.*)//s) { $rows .= $1; }
	}
	else { $rows = $said; }
	foreach my $s (@said)
	{
		return 0 unless grep { $_->[0] eq $s->[0] && ($s->[1] eq '' || $s->[1] eq $_->[1]) && alike($_->[2], $s->[2]) } @got;
	}
	return 0 if !(grep { $_->[0] eq 'ERROR' } @said) && (grep { $_->[0] eq 'ERROR' } @got);
	$out =~ s/^\(\d+ rows?\)\n//mg unless $rows =~ /^\(\d+ rows?\)$/m;
	return alike($out, $rows);
}

# as the page would have to say it
sub printed
{
	my ($out, $err, $prefix) = @_;
	my $text = $out =~ s/[ \t]+$//mgr;
	foreach my $m (messages($err))
	{
		next if $m->[0] eq 'NOTICE' || $m->[0] eq 'CONTEXT';
		$text .= "$m->[0]:  " . ($m->[1] && $m->[0] ne 'DETAIL' ? "$m->[1]: " : '') . "$m->[2]\n";
	}
	$text =~ s/\n+\z/\n/;
	return map { "$prefix$_" =~ s/ +\z//r } split /\n/, $text;
}

sub psql
{
	my ($db, @args) = @_;
	system('psql', '-qXAt', '-d', $db, '-v', 'ON_ERROR_STOP=1', @args) == 0 or die "psql failed: @args\n";
	return;
}

sub run_page
{
	my ($page) = @_;
	my $path = abs_path($page) // die "no page $page\n";
	my @lines = split /\n/, slurp($path);
	my $name = $path =~ s{^\Q$root\E/}{}r;
	my @blocks = blocks($name, @lines);
	my $db = lc($name =~ s/\W+/_/gr);
	my @run;
	my $script = '';
	my $contexts = `pg_config --sharedir`;
	chomp $contexts;
	$contexts .= '/extension/upsert_contexts.sql';

	if (my ($needs) = map { $_->{above}{all} // () } @blocks)
	{
		my %there = (
			'iso-codes' => ['/usr/share/iso-codes/json/iso_3166-1.json', 'no iso-codes: apt-get install iso-codes'],
			'upsert_lua' => [$contexts =~ s/upsert_contexts\.sql$/upsert_lua.control/r, 'upsert_lua was not built']);
		die "$name: needs what?\n" unless $there{$needs};
		if (!-e $there{$needs}[0]) { skipped($name, $there{$needs}[1]); return; }
	}
	my $dir = "$scratch/$db";
	mkdir $dir or die "$dir: $!\n";
	for (my $b = 0; $b < @blocks; $b++)
	{
		my $block = $blocks[$b];
		my @text = @lines[ $block->{from} .. $block->{to} - 1 ];
		my $next = $blocks[ $b + 1 ];
		if (defined $block->{above}{file}) { spew("$dir/$block->{above}{file}", join("\n", @text) . "\n"); next; }
		next unless $block->{kind} eq 'sql';
		next if defined $block->{above}{'not run'};
		if (defined $block->{above}{needs})
		{
			die "$name:$block->{from}: needs what?\n" unless $block->{above}{needs} eq 'contexts';
			if (!-e $contexts) { skipped("$name:$block->{from}", 'no contexts: make contexts'); next; }
		}
		$block->{statements} = [ statements($block->{from} + 1, @text) ];
		# is there a block of what it prints?
		if ($next && $next->{kind} =~ /^(text)?$/ && !defined $next->{above}{'not run'}
			&& !grep { /\S/ } @lines[ $block->{to} + 1 .. $next->{from} - 2 ])
		{
			$block->{printed} = $next;
		}
		foreach my $statement (@{ $block->{statements} })
		{
			my $rows = defined $statement->{answer} ? "\\pset format unaligned\n\\pset fieldsep ' | '\n\\pset tuples_only on\n"
			  : "\\pset format aligned\n\\pset tuples_only off\n";
			$statement->{number} = @run;
			$script .= "$rows\\echo $mark$statement->{number}\n\\warn $mark$statement->{number}\n$statement->{text}";
			push @run, $statement;
		}
	}
	return if !@run;

	psql('postgres', '-c', 'SET client_min_messages = warning', '-c', "DROP DATABASE IF EXISTS $db", '-c', "CREATE DATABASE $db");
	psql($db, '-c', 'CREATE EXTENSION upsert') unless $run[0]{text} =~ /^\s*CREATE EXTENSION\b.*\bupsert\b/i;
	spew("$dir/.script", $script);
	system("cd '$dir' && PGTZ=UTC PGOPTIONS='-c client_min_messages=notice' psql -qX -d $db -v VERBOSITY=verbose -v contexts='$contexts' -v root='$root' -v ON_ERROR_STOP=0 <.script >.out 2>.err");
	my %printed;
	foreach my $where ('out', 'err')
	{
		my $text = slurp("$dir/.$where");
		my $at = '';
		foreach my $line (split /^/, $text)
		{
			if ($line =~ /^\Q$mark\E(\d+)$/) { $at = $1; $printed{$where}{$at} //= ''; }
			elsif ($at ne '') { $printed{$where}{$at} .= $line; }
		}
	}
	psql('postgres', '-c', "DROP DATABASE $db WITH (FORCE)");
	# roles are the server's, not the database's
	open(my $roles, '-|', 'psql', '-qXAt', '-d', 'postgres', '-c',
		q{SELECT quote_ident(rolname) FROM pg_roles WHERE oid >= 16384}) or die;
	while (my $role = <$roles>) { chomp $role; psql('postgres', '-c', "DROP ROLE $role"); }
	close $roles;

	my @edits;
	my $failed = 0;
	my $check = sub {
		my ($good, $label, @why) = @_;
		ok($good, $label, @why);
		$failed++ unless $good;
		return $good;
	};
	foreach my $block (grep { $_->{statements} } @blocks)
	{
		my ($rest_out, $rest_err) = ('', '');
		foreach my $statement (@{ $block->{statements} })
		{
			my ($out, $err) = map { $printed{$_}{ $statement->{number} } } 'out', 'err';
			my $label = "$name:$statement->{line}";
			if (!defined $out) { $check->(0, $label, 'it was not reached'); next; }
			if (defined $statement->{answer})
			{
				next if $check->(compare($statement->{answer}, $out, $err), $label, 'said:', $statement->{answer}, 'answered:', $out, $err);
				push @edits, [ $statement->{answer_from} - 1, $statement->{answer_to} - 1, printed($out, $err, '-- ') ];
			}
			elsif ($block->{printed}) { $rest_out .= $out; $rest_err .= $err; }
			else
			{
				my @wrong = grep { $_->[0] =~ /^(ERROR|FATAL|PANIC)$/ } messages($err);
				$check->(!@wrong, $label, $err) if @wrong;
			}
		}
		if (my $answer = $block->{printed})
		{
			my $said = join("\n", @lines[ $answer->{from} .. $answer->{to} - 1 ]) . "\n";
			next if $check->(compare($said, $rest_out, $rest_err), "$name:" . ($answer->{from} + 1), 'said:', $said, 'answered:', $rest_out, $rest_err);
			push @edits, [ $answer->{from}, $answer->{to}, printed($rest_out, $rest_err, '') ];
		}
	}
	ok(1, "$name: " . @run . ' statements') unless $failed;
	if ($write && @edits)
	{
		foreach my $edit (sort { $b->[0] <=> $a->[0] } @edits)
		{
			my ($from, $to, @new) = @$edit;
			splice @lines, $from, $to - $from, @new;
		}
		spew($path, join("\n", @lines) . "\n");
	}
	return;
}

foreach my $page (@ARGV)
{
	eval { run_page($page); 1 } or ok(0, $page, $@);
}
print "1..$count\n";
exit($bad ? 1 : 0);
