# docs/clients.md: each program runs as printed, through its real library, and
# prints what the page says; psycopg2's also through pgbouncer in transaction
# mode.  What is not installed is skipped, aloud: Debian's python3-psycopg2,
# python3-psycopg, python3-asyncpg, python3-sqlalchemy, python3-django,
# libpostgresql-jdbc-java with a JDK, pgbouncer; npm's pg, postgres and knex, in
# CLIENTS_NPM/node_modules or fetched.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $page = slurp_file("$FindBin::RealBin/../../docs/clients.md");
my ($table) = $page =~ /^```sql\n(CREATE TABLE goods.*?)^```/ms;
my ($printed) = $page =~ /^```\n(inserted a\n.*?)^```/ms;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $npm = $ENV{CLIENTS_NPM} || ($ENV{JSONLD_NPM} || $folder) . '/clients';
my $jar = '/usr/share/java/postgresql.jar';
my $node = new_node('clients', "listen_addresses = '127.0.0.1'");
my $ran = 0;

# what the command prints, or undef if it fails
sub output
{
	my (@command) = @_;
	my ($stdout, $stderr);

	# dies of a command that is not there
	my $ok = eval { IPC::Run::run(\@command, '<', \undef, '>', \$stdout, '2>', \$stderr, IPC::Run::timeout(120)); };
	note("@command: " . ($@ || $stderr)) if !$ok;
	return $ok ? $stdout : undef;
}

sub has_python { return defined(output('/usr/bin/python3', '-c', "import $_[0]")) }

sub has_npm
{
	my ($package, $major) = @_;
	return 1 if -d "$npm/node_modules/$package";
	return 0 if !defined(output('mkdir', '-p', $npm));
	return defined(output('npm', 'install', '--silent', '--no-audit', '--no-fund', '--fetch-retries=0', '--prefix', $npm, "$package\@$major"));
}

# client's heading => [is it there, suffix, command before the file]
my %clients = (
	'psycopg2' => [ sub { has_python('psycopg2') }, 'py', '/usr/bin/python3' ],
	'psycopg 3' => [ sub { has_python('psycopg') }, 'py', '/usr/bin/python3' ],
	'asyncpg' => [ sub { has_python('asyncpg') }, 'py', '/usr/bin/python3' ],
	'SQLAlchemy' => [ sub { has_python('sqlalchemy, psycopg2') }, 'py', '/usr/bin/python3' ],
	'Django' => [ sub { has_python('django, psycopg2') }, 'py', '/usr/bin/python3' ],
	'node-postgres (pg)' => [ sub { has_npm('pg', 8) }, 'cjs', 'node' ],
	'postgres.js' => [ sub { has_npm('postgres', 3) }, 'cjs', 'node' ],
	'knex' => [ sub { has_npm('pg', 8) && has_npm('knex', 3) }, 'cjs', 'node' ],
	'JDBC' => [ sub { -f $jar && defined(output('javac', '-version')) }, 'java', 'java', '-cp', $jar ]);

sub fresh_table { return $node->safe_psql('postgres', "DROP TABLE IF EXISTS goods, people;\n$table"); }

local %ENV = (%ENV, PGHOST => '127.0.0.1', PGPORT => $node->port, PGDATABASE => 'postgres',
	PGUSER => $ENV{PGUSER} || getpwuid($<), NODE_PATH => "$npm/node_modules");

my %programs;
foreach my $section (split /^## /m, $page)
{
	my ($name) = $section =~ /\A(.*)\n/;
	my ($program) = $section =~ /^```(?:python|js|java)\n(.*?)^```/ms;

	$programs{$name} = $program if defined($program);
}
is(join(', ', sort keys %programs), join(', ', sort keys %clients), 'the programs of the page are known here');

foreach my $name (sort keys %programs)
{
  SKIP:
	{
		my ($there, $suffix, @command) = @{ $clients{$name} };
		my $file = "$folder/Goods.$suffix";

		if (!$there->())
		{
			diag("SKIPPED: client $name: not installed");
			skip("client $name is not installed", 1);
		}
		append_to_file($file, '');
		open(my $fh, '>', $file) or die "$file: $!";
		print $fh $programs{$name};
		close($fh);
		fresh_table();
		is(output(@command, $file), $printed, "$name prints what the page says");
		$ran++;
	}
}

# --- pgbouncer ----------------------------------------------------------------

SKIP:
{
	my ($bouncer) = grep { -x } '/usr/sbin/pgbouncer', '/usr/bin/pgbouncer';
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $program = $programs{'psycopg2'};
	my $log = "$folder/pgbouncer.log";

	if (!$bouncer || !has_python('psycopg2'))
	{
		diag('SKIPPED: pgbouncer: not installed, or psycopg2 is not');
		skip('no pgbouncer', 1);
	}
	append_to_file("$folder/pgbouncer.ini", <<"INI");
[databases]
postgres = host=127.0.0.1 port=$ENV{PGPORT} dbname=postgres user=$ENV{PGUSER}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
pool_mode = transaction
logfile = $log
pidfile = $folder/pgbouncer.pid
INI
	append_to_file("$folder/bounced.py", $program =~ s/PREPARE put \(jsonb\) AS //r =~ s/^cur\.execute\("SELECT action FROM.*\n//mr
		  =~ s/EXECUTE put \(%s\)/SELECT action FROM upsert_object('goods', %s)/gr);
	my $daemon = IPC::Run::start([ $bouncer, '-q', "$folder/pgbouncer.ini" ], '>', '/dev/null', '2>&1');
	{
		local $ENV{PGPORT} = $port;
		my $up = 0;
		foreach (1 .. 100)
		{
			last if $up = defined(output('psql', '-XAtc', 'SELECT 1'));
			select(undef, undef, undef, 0.1);
		}
		local $ENV{PGPORT} = $node->port;
		fresh_table();
		local $ENV{PGPORT} = $port;
		is(output('/usr/bin/python3', "$folder/bounced.py"), $printed, 'psycopg2 through pgbouncer prints the same');
	}
	$daemon->kill_kill;
}

note("$ran clients ran");
done_testing();
