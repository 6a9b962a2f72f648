#!/usr/bin/perl
# pages.pl: what can be seen of the pages without a server.  Links lead
# somewhere, anchors included; files that are named are there, and blocks under
# <!-- from: FILE --> (what a bench wrote) are that file; every page of docs/ is reached from README within
# two clicks; README is short and its tables fit a terminal; words are spelt as
# aspell and test/aspell.words know them (without aspell that is skipped, aloud).
# pages.pl --words prints the words that neither knows, for the list; --write puts
# files under their <!-- from: FILE -->.
use strict;
use warnings;
use utf8;

use Cwd qw(abs_path);
use File::Basename qw(dirname);

binmode STDOUT, ':utf8';

my $root = abs_path($0) =~ s{/test/pages\.pl$}{}r;
chdir $root or die "$root: $!\n";
my ($count, $bad) = (0, 0);
my $write = @ARGV && $ARGV[0] eq '--write';

sub ok
{
	my ($good, $label, @why) = @_;

	$count++;
	$bad++ unless $good;
	print $good ? 'ok' : 'not ok', " $count - $label\n";
	print map { "#   $_\n" } @why unless $good;
	return;
}

sub slurp
{
	my ($file) = @_;
	open(my $fh, '<:utf8', $file) or die "$file: $!\n";
	local $/;
	return scalar <$fh>;
}

my @pages = grep { -f } glob('*.md docs/*.md docs/*/*.md src/*.md test/*/README.md');
my (%anchors, %links, %prose);

# headings as GitHub makes anchors of them
foreach my $page (@pages)
{
	my $text = slurp($page);
	my (%seen, @prose);

	$text =~ s/^<!--.*?-->$//msg;
	$text =~ s/^(\s*)```.*?^\s*```\s*$//msg;
	foreach my $line (split /\n/, $text)
	{
		if ($line =~ /^#+ (.*?)\s*$/)
		{
			my $slug = lc($1 =~ s/\[([^]]*)\]\([^)]*\)/$1/gr);
			$slug =~ s/[^\w\- ]//g;
			$slug =~ tr/ /-/;
			$anchors{$page}{ $seen{$slug} ? "$slug-$seen{$slug}" : $slug } = 1;
			$seen{$slug}++;
		}
		$anchors{$page}{$1} = 1 while $line =~ /<a id="([^"]*)"/g;
		$line =~ s/(`+).*?\1/ /g;
		push @{ $links{$page} }, $1 while $line =~ /\]\(([^)\s]+)\)/g;
		$line =~ s/\]\([^)]*\)/]/g;
		push @prose, $line;
	}
	$prose{$page} = join("\n", @prose);
}

foreach my $page (@pages)
{
	my @broken;
	foreach my $link (@{ $links{$page} })
	{
		next if $link =~ /^\w+:/;
		my ($file, $anchor) = $link =~ /^([^#]*)(?:#(.*))?$/;
		my $target = $file eq '' ? $page : dirname($page) . "/$file";
		1 while $target =~ s{(^|/)\./}{$1} || $target =~ s{(^|/)(?!\.\.)[^/]+/\.\./}{$1};
		if (!-e $target) { push @broken, $link; }
		elsif (defined $anchor && !$anchors{$target}{$anchor}) { push @broken, "$link (no such heading)"; }
	}
	ok(!@broken, "$page: links", @broken);
}

# files of the sources that a page names, and blocks that are a file's
foreach my $page (@pages)
{
	my $text = slurp($page);
	my @gone = grep { !-e && !/NAME|NNN/ } $text =~ m{`((?:sql|src|test|demo|tools|docs|expected)/[\w./-]+\w)`}g;

	ok(!@gone, "$page: files that are named", @gone);
	while ($text =~ /^<!-- from: (.*?) -->\n```\w*\n(.*?)^```$/msg)
	{
		my ($file, $block) = ($1, $2);
		ok(-e $file && slurp($file) eq $block, "$page: as $file");
	}
	if ($write && $text =~ s/^(<!-- from: (.*?) -->\n```\w*\n).*?^```$/$1 . slurp($2) . '```'/msge)
	{
		open(my $fh, '>:utf8', $page) or die "$page: $!\n";
		print $fh $text;
		close $fh;
	}
}

# pages of docs/ that README links, and those that these link
my %reached;
foreach my $link (@{ $links{'README.md'} }) { $reached{ $link =~ s/#.*//r } = 1; }
foreach my $page (grep { $reached{$_} } @pages)
{
	foreach my $link (@{ $links{$page} }) { $reached{ dirname($page) . '/' . ($link =~ s/#.*//r) } = 1; }
}
my @lost = grep { m{^docs/} && !$reached{$_} } @pages;
ok(!@lost, 'README.md: every page is two clicks away', @lost);

my @lines = split /\n/, slurp('README.md');
ok(@lines <= 200, 'README.md: 200 lines at most', scalar(@lines) . ' lines');
my @wide = grep { /^\|/ && grep { length > 102 } split /(?<!\\)\|/ } @lines;
ok(!@wide, 'README.md: no table cell above 100 characters', @wide);

# README's figures are those that were recorded
if (-e 'test/bench/results/exact.txt')
{
	my $exact = slurp('test/bench/results/exact.txt');
	my $said = join("\n", @lines) =~ s/.*^## Speed$//msr =~ s/^## .*//msr;
	my @ratios = map { $exact =~ /^$_\s+\d+\s+\d+\s+([\d.]+)$/m ? sprintf('%.2f', $1) : '?' } qw(load_new load_changed load_same insert update unchanged);
	my $pattern = join '.*', map { quotemeta } @ratios;

	ok($said =~ /$pattern/s, 'README.md: speed as in test/bench/results/exact.txt', "@ratios");
}

# the tables of docs/performance.md are those that the recorded benches make
my $tables = `$^X test/bench/table.pl --check test/bench/results docs/performance.md`;
ok($? == 0, 'docs/performance.md: tables as in test/bench/results', split /\n/, $tables);

# SQLSTATEs and ArangoDB's numbers that the sources raise are in docs/errors.md
my $sharedir = `pg_config --sharedir 2>/dev/null` || '';
chomp $sharedir;
if (-e "$sharedir/errcodes.txt")
{
	my %code = map { /^(\w{5})\s+\w\s+(ERRCODE_\w+)/ ? ($2 => $1) : () } split /\n/, slurp("$sharedir/errcodes.txt");
	my %said = map { $_ => 1 } slurp('docs/errors.md') =~ /\b([0-9A-Z]{5})\b/g;
	my ($sources, @missing) = ('');

	$sources .= slurp($_) foreach glob('src/*.h src/*/*.[ch] src/*/*/*.[ch]');
	while ($sources =~ /define (ERRCODE_UPSERT_\w+)\s+MAKE_SQLSTATE\((.*?)\)/g)
	{
		my ($name, $letters) = ($1, $2);
		$code{$name} = join('', $letters =~ /'(.)'/g);
	}
	my %raised = map { $_ => 1 } $sources =~ /(?:errcode\(|return )\s*(ERRCODE_\w+)/g;
	@missing = grep { !defined $code{$_} || !$said{ $code{$_} } && $code{$_} !~ /^XX000/ } sort keys %raised;
	ok(!@missing, 'docs/errors.md: every SQLSTATE of the sources', @missing);

	my %number = map { /define (EXPR_(?:ERR|WARN|FAIL|ASSERT)_\w+)\s+(\d+)/ ? ($1 => $2) : () } split /\n/, $sources;
	my (%row, %state, @cases);
	foreach my $line (split /\n/, slurp('docs/errors.md'))
	{
		next unless $line =~ /^\| ([\d, ]+) \| ([0-9A-Z]{5}) \|/;
		my ($numbers, $state) = ($1, $2);
		$row{$_} = $state foreach split /, /, $numbers;
	}
	foreach my $line (split /\n/, slurp('src/expr/error.c'))
	{
		if ($line =~ /^\s+case (\w+):/) { push @cases, $number{$1} // $1; }
		elsif ($line =~ /^\s+return (ERRCODE_\w+);/) { $state{$_} = $code{$1} foreach @cases; @cases = (); }
	}
	@missing = grep { !$row{$_} || $state{$_} && $state{$_} ne $row{$_} } sort { $a <=> $b } values %number;
	ok(!@missing, 'docs/errors.md: every errorNum of the sources', map { "$_ " . ($state{$_} // '') } @missing);
}
else
{
	$count++;
	print "ok $count - SQLSTATEs of docs/errors.md # skip no errcodes.txt\n";
}

my %unknown;
if (-x '/usr/bin/aspell' || grep { -x "$_/aspell" } split /:/, $ENV{PATH})
{
	my %known = map { $_ => 1 } grep { !/^#/ } split /\n/, slurp('test/aspell.words');

	foreach my $page (grep { m{^(README\.md|docs/)} && $_ ne 'docs/functions.md' } @pages)
	{
		my $file = "/tmp/upsert-words.$$";
		open(my $fh, '>:utf8', $file) or die "$file: $!\n";
		# lower case after an apostrophe, file names and what is half a word are no words
		print $fh map { "$_\n" } grep { !/[_\d\/.@:\\]/ } map { s/^[\W_]+|[\W_]+$//gr } map { split /[\s—–…·→\/-]+/ } $prose{$page};
		close $fh;
		my %wrong;
		foreach my $word (split /\n/, `aspell --lang=en --encoding=utf-8 list <$file`)
		{
			utf8::decode($word);
			$wrong{$word} = 1 unless $known{$word} || $known{ lc $word };
		}
		unlink $file;
		$unknown{$_} = 1 foreach keys %wrong;
		ok(!%wrong, "$page: spelling", sort keys %wrong);
	}
}
else
{
	$count++;
	print "ok $count - spelling # skip no aspell\n";
}
if (@ARGV && $ARGV[0] eq '--words') { print map { "$_\n" } sort keys %unknown; exit; }
print "1..$count\n";
exit($bad ? 1 : 0);
