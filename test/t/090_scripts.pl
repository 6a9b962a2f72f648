# Record scripts (upsert_lua) on a whole server: scripts of several clients that
# load, add one and save lose nothing; they end when they are told to; they are
# in dumps; and the companion knows which upsert it was built for.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('main', 'max_connections = 50', 'deadlock_timeout = 100ms');
if ($node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'upsert_lua'}) eq '0')
{
	$node->stop;
	plan skip_all => 'skipped: record scripts, upsert_lua was not built';
}
my $n = 25 * soak();

# 4 clients, each with so many transactions; retries: those that lost
sub clients
{
	my ($label, $script, @options) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
	my $total = 4 * $n;

	append_to_file($file, $script);
	$node->command_checks_all(
		[ 'pgbench', '-n', '-c', '4', '-j', '2', '-t', $n, @options, '-f', $file, 'postgres' ],
		0, [qr{actually processed: $total/$total\b}], [qr{^(?!.*(ERROR|error:|abort))}s], $label);
	return;
}

$node->safe_psql('postgres', 'CREATE EXTENSION upsert_lua');
my $add = <<'LUA';
function handle()
  local r = Record.load(input.uri)
  if not r then
    r = Record("a.b.c", { n = 0 }):set_repo(input.uri:match("//([^/]+)")):set_rkey("n")
  end
  r.n = r.n + 1
  r:save()
end
LUA
$node->safe_psql('postgres', "SELECT at_put_script('add', \$lua\$$add\$lua\$, NULL)");

each_store(
	sub {
		my ($set, $label) = @_;
		local $ENV{PGOPTIONS} = '-c ' . ($label =~ s/direct/upsert.direct/r);

		$node->safe_psql('postgres', q{DROP TABLE IF EXISTS counts; SELECT create_record_store('counts')});
		clients("$label: one's own repository",
			q{SELECT at_call('counts', 'add', '{"uri": "at://did:plc:abc/a.b.c/n"}', 'did:plc:abc');});
		clients("$label: another's", <<'SQL', '--max-tries=1000');
SELECT at_call('counts', 'add', '{"uri": "at://did:plc:def/a.b.c/n"}', 'did:plc:u' || :client_id);
SQL
		rows_are($node, q{SELECT repo, record->>'n', cid = record_cid(record), c.rev <= r.rev
			FROM counts AS c JOIN counts_repos AS r USING (repo) ORDER BY repo},
			sprintf("did:plc:abc|%d|t|t\ndid:plc:def|%d|t|t", 4 * $n, 4 * $n), "$label: no increment lost");
	});

# told to end
my $endless = 'function handle() while true do pcall(function() while true do end end) end end';
my ($out, $err) = ('', '');
$node->psql('postgres', "SET upsert_lua.max_steps = 2000000000; SET statement_timeout = '300ms'; SELECT at_script('counts', '$endless')", stderr => \$err);
like($err, qr/canceling statement due to statement timeout/, 'a timeout ends an endless script that catches everything');
$node->safe_psql('postgres', 'CREATE TABLE pids (pid int)');
my $harness = IPC::Run::start(
	[
		'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', 'INSERT INTO pids SELECT pg_backend_pid()',
		'-c', 'SET upsert_lua.max_steps = 2000000000', '-c', "SELECT at_script('counts', '$endless')"
	],
	'>', \$out, '2>', \$err);
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pids JOIN pg_stat_activity USING (pid) WHERE state = 'active' AND query LIKE '%at_script%'})
  or die 'the script has not begun';
$err = '';
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pids');
$harness->finish;
like($err, qr/canceling statement due to user request/, '... and so does a cancel');

# dumped and restored, with upsert in a schema of its own
$node->safe_psql('postgres', 'CREATE DATABASE src');
$node->safe_psql('src', <<'SQL');
CREATE SCHEMA ext;
CREATE EXTENSION upsert SCHEMA ext;
CREATE EXTENSION upsert_lua;
SELECT ext.create_record_store('public.counts');
SELECT ext.at_put_script('hello', 'function handle(i) return {hello = i.name, n = db.count("a.b.c")} end', 'a.b.c', 'query');
SQL
is($node->safe_psql('src', q{SELECT ext.at_call('public.counts', 'hello', '{"name": "world"}')}),
	'{"n": 0, "hello": "world"}', 'the companion is where upsert is, not where one happens to be');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('src'), '-f', $dump ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE dst');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('dst'), '-f', $dump ], 'restore');
is($node->safe_psql('dst', q{SELECT ext.at_call('public.counts', 'hello', '{"name": "again"}')}),
	'{"n": 0, "hello": "again"}', 'a registered script comes back');
is($node->safe_psql('dst', q{DROP EXTENSION upsert_lua; SELECT to_regclass('ext.at_scripts') IS NULL, to_regclass('public.counts') IS NOT NULL}),
	't|t', 'and goes with the companion, the records stay');

# who is no superuser may install both, and owns what is registered
$node->safe_psql('postgres', 'CREATE ROLE tenant LOGIN; CREATE DATABASE theirs OWNER tenant');
is($node->safe_psql('theirs', q{SET ROLE tenant; CREATE SCHEMA mine; SET search_path = mine; CREATE EXTENSION upsert_lua CASCADE;
	SELECT at_put_script('m', 'function handle() return caller_did end', NULL); SELECT at_call('pg_class', 'm', '{}', NULL) IS NULL}),
	"m\nt", 'the owner of a database installs it and registers scripts');

# another upsert than it was built for
my $other = PostgreSQL::Test::Utils::tempdir() . '/other';
append_to_file("$other.c", <<'C');
#include "postgres.h"
#include "fmgr.h"
PG_MODULE_MAGIC;
void _PG_init(void);
static const struct { int version; const char *upsert; } other = {99, "0.9"};
void _PG_init(void) { *find_rendezvous_variable("upsert_companion") = (void *) &other; }
C
my ($cc, $include) = map { chomp(my $line = `pg_config $_`); $line } '--cc', '--includedir-server';
system("$cc -O1 -fPIC -shared -I$include -o $other.so $other.c") == 0 or die 'could not build it';
$node->psql('postgres', "LOAD '$other.so'; LOAD 'upsert_lua'", stderr => \$err);
like($err, qr/upsert_lua does not work with the module upsert 0\.9/, 'another upsert is refused by name');

$node->stop;
done_testing();
