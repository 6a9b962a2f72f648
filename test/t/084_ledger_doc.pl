# docs/ledgers.md: each statement runs, and answers what the page says.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Upsert::Test;

my $node = new_node('ledger_doc');
my $page = PostgreSQL::Test::Utils::slurp_file("$FindBin::RealBin/../../docs/ledgers.md");
my $blocks = 0;

# statements, and behind them what they answer
while ($page =~ /^```sql\n(.*?)^```\n(?:\n?^```\n(.*?)^```\n)?/msg)
{
	my ($sql, $answer) = ($1, $2);
	my ($stdout, $stderr);
	my ($title) = $sql =~ /\A(.{0,60})/;

	$node->psql('postgres', $sql, stdout => \$stdout, stderr => \$stderr,
		extra_params => [ '--pset=format=aligned', '--pset=tuples_only=off' ]);
	$stderr =~ s/^.*NOTICE:.*\n?//mg;
	is($stderr =~ s/^.*?(?=ERROR:)//rs, $answer && $answer =~ /^ERROR/ ? $answer =~ s/\n\z//r : '', "no more errors than said: $title");
	if (defined($answer) && $answer !~ /^ERROR/)
	{
		s/[ \t]+$//mg, s/\n+\z// for $stdout, $answer;
		is($stdout, $answer, "as on the page: $title");
	}
	$blocks++;
}
cmp_ok($blocks, '>', 15, 'blocks of the page');

done_testing();
