# upsert_stats in shared memory: of all sessions, bounded, seen by whoever may
# read or write the table, forgotten by owners, empty after a restart, and of
# each server its own.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = PostgreSQL::Test::Cluster->new('stats');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'upsert'
upsert.stats_max = 16
max_prepared_transactions = 5
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION upsert;
SELECT create_collection('docs');
CREATE VIEW counted AS SELECT target, calls, inserted, updated, unchanged, ignored, folded FROM upsert_stats;
CREATE ROLE poor LOGIN;
CREATE ROLE writer LOGIN;
CREATE ROLE reader LOGIN IN ROLE pg_read_all_stats;
GRANT INSERT ON docs TO writer;
SQL

# --- all sessions, each on its own connection ---------------------------------
rows_are($node, 'SELECT * FROM counted', '', 'nothing yet');
$node->safe_psql('postgres', q{SELECT upsert('docs', '{"_key": "a"}')});
$node->safe_psql('postgres', q{SELECT upsert('docs', '{"_key": "a"}')});
rows_are($node, 'SELECT * FROM counted', 'docs|2|1|0|1|0|0', 'what two other sessions have done');
rows_are($node, 'SELECT shared, since < now(), direct, sql FROM upsert_stats', 't|t|2|0', 'shared, and by which store');
$node->safe_psql('postgres', q{SET upsert.direct = off; SELECT upsert('docs', '{"_key": "b"}')});
rows_are($node, 'SELECT direct, sql FROM upsert_stats', '2|1', 'the other store');

$node->safe_psql('postgres', q{SELECT upsert_stats_reset('docs')});
$node->pgbench('--no-vacuum --client=5 --transactions=200', 0, [qr{processed: 1000/1000}], [qr{^$}],
	'races', { '017_stats' => <<'SQL' });
\set k random(1, 20)
SELECT action FROM upsert('docs', jsonb_build_object('_key', 'k' || :k, 'n', :client_id));
SQL
rows_are($node, 'SELECT calls, inserted + updated + unchanged, inserted, retries = conflicts FROM upsert_stats',
	'1000|1000|20|t', 'nothing is lost where five sessions count');

# --- transactions ---------------------------------------------------------------
$node->safe_psql('postgres', q{SELECT upsert_stats_reset()});
$node->safe_psql('postgres', <<'SQL');
BEGIN; SELECT upsert('docs', '{"_key": "r1"}'); ROLLBACK;
BEGIN; SELECT upsert('docs', '{"_key": "r2"}'); PREPARE TRANSACTION 'p';
SQL
rows_are($node, 'SELECT * FROM counted', 'docs|2|1|0|0|0|0', 'a transaction that is prepared counts');
$node->safe_psql('postgres', q{ROLLBACK PREPARED 'p'});
$node->psql('postgres', q{SELECT upsert('docs', '{"_key": "/"}')});
$node->psql('postgres', q{BEGIN; SELECT upsert('docs', '{"_key": "r3"}'); SELECT 1 / 0; COMMIT});
rows_are($node, 'SELECT * FROM counted', 'docs|4|1|0|0|0|0', 'calls that failed were calls');

# a session that is killed has told of all that it committed
my ($stdin, $stdout, $stderr) = ('', '', '');
my $session = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
	'<', \$stdin, '>', \$stdout, '2>', \$stderr);
$stdin .= qq{SELECT action FROM upsert('docs', '{"_key": "killed"}');\nBEGIN;\nSELECT upsert('docs', '{"_key": "open"}') IS NULL;\nSELECT 'pid ' || pg_backend_pid();\n};
$session->pump until $stdout =~ /pid (\d+)\n/ || !$session->pumpable;
my ($pid) = $stdout =~ /pid (\d+)/;
rows_are($node, 'SELECT * FROM counted', 'docs|5|2|0|0|0|0', 'shown when it commits, not later');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)");
$session->finish;
rows_are($node, 'SELECT * FROM counted', 'docs|6|2|0|0|0|0', 'and what was not committed were calls');

# --- who sees and forgets it ------------------------------------------------------
my $as = sub {
	my ($role, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $sql, extra_params => [ '-U', $role ]);
	return $err =~ /ERROR:\s+(.*)/ ? $1 : $out;
};
is($as->('poor', 'SELECT target FROM upsert_stats'), '', 'a role without privileges sees nothing');
is($as->('poor', 'SELECT target FROM upsert_stats_rows()'), '', '... by the function either');
is($as->('writer', 'SELECT target FROM upsert_stats'), 'docs', 'who may write sees it');
is($as->('reader', 'SELECT target FROM upsert_stats'), 'docs', 'pg_read_all_stats sees it');
is($as->($_, q{SELECT upsert_stats_reset('docs')}), 'must be owner of table docs', "$_ does not forget a table")
  foreach ('poor', 'writer', 'reader');
is($as->($_, q{SELECT upsert_stats_reset()}), 'must be owner of database postgres', "$_ does not forget all")
  foreach ('poor', 'writer', 'reader');
$node->safe_psql('postgres', 'ALTER TABLE docs OWNER TO writer');
is($as->('writer', q{SELECT upsert_stats_reset('docs')}), '', 'the owner does');
rows_are($node, 'SELECT * FROM counted', '', 'it is forgotten');

# --- databases, names, and tables that are gone ------------------------------------
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', q{CREATE EXTENSION upsert; SELECT create_collection('docs'); SELECT upsert('docs', '{"_key": "a"}')});
rows_are($node, 'SELECT count(*) FROM upsert_stats', '0', 'another database shows nothing here');
rows_are($node, 'SELECT target, calls FROM upsert_stats', 'docs|1', 'but there', 'other');
$node->safe_psql('postgres', q{SELECT upsert('docs', '{"_key": "c"}'); ALTER TABLE docs RENAME TO papers});
rows_are($node, 'SELECT target, calls FROM upsert_stats', 'papers|1', 'renamed');
$node->safe_psql('postgres', q{SELECT upsert_stats_reset()});
rows_are($node, 'SELECT target, calls FROM upsert_stats', 'docs|1', 'reset is of this database', 'other');
$node->safe_psql('postgres', q{SELECT upsert('papers', '{"_key": "d"}'); BEGIN; DROP TABLE papers; ROLLBACK});
rows_are($node, 'SELECT target, calls FROM upsert_stats', 'papers|1', 'a DROP that is rolled back');
$node->safe_psql('postgres', 'DROP TABLE papers');
rows_are($node, 'SELECT target FROM upsert_stats', '', 'dropped');

# --- bounded -------------------------------------------------------------------------
$node->safe_psql('postgres', <<'SQL');
SELECT count(create_collection('t' || i)) FROM generate_series(1, 60) i;
CREATE PROCEDURE each() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..60 LOOP
		FOR j IN 1..3 LOOP
			PERFORM upsert('t1', '{"_key": "busy"}');
			COMMIT;
		END LOOP;
		PERFORM upsert(('t' || i)::regclass, '{"_key": "k"}');
		COMMIT;
	END LOOP;
END
$$;
CALL each();
SQL
rows_are($node, 'SELECT count(*) FROM upsert_stats', '16', 'sixteen tables and no more');
rows_are($node, q{SELECT calls FROM upsert_stats WHERE target = 't1'::regclass}, '181', 'the busy one was kept');
rows_are($node, q{SELECT calls FROM upsert_stats WHERE target = 't60'::regclass}, '1', 'so was the last');

# --- a standby has its own, and it is empty: it writes nothing -----------------------
$node->backup('b');
my $standby = PostgreSQL::Test::Cluster->new('stats_standby');
$standby->init_from_backup($node, 'b', has_streaming => 1);
$standby->start;
rows_are($standby, 'SELECT count(*) FROM upsert_stats', '0', 'standby: nothing');
$standby->safe_psql('postgres', q{SELECT upsert('t1', '{"_key": "k", "n": 1}', '{"dryRun": true}')});
$standby->psql('postgres', q{SELECT upsert('t1', '{"_key": "k", "n": 1}')});
rows_are($standby, 'SELECT count(*) FROM upsert_stats', '0', 'standby: dry runs and refusals are not counted');
rows_are($standby, 'SELECT upsert_stats_reset() IS NULL', 'f', 'standby: reset');
$standby->promote;
$standby->safe_psql('postgres', q{SELECT upsert('t1', '{"_key": "k", "n": 1}')});
rows_are($standby, 'SELECT target, calls, updated FROM upsert_stats', 't1|1|1', 'promoted');
$standby->stop;

# --- restart ----------------------------------------------------------------------------
$node->restart;
rows_are($node, 'SELECT count(*) FROM upsert_stats', '0', 'a restart begins anew');
rows_are($node, 'SHOW upsert.stats_max', '16', 'the setting');
rows_are($node, q{SELECT count(*) FROM pg_shmem_allocations WHERE name = 'upsert_stats'}, '1', 'the memory has its name');

# --- without preloading: the session's own ------------------------------------------------
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
$node->restart;
rows_are($node, <<'SQL', "f|1", 'not preloaded: this session');
SELECT FROM upsert('t1', '{"_key": "k"}');
SELECT shared, calls FROM upsert_stats;
SQL
rows_are($node, 'SELECT count(*) FROM upsert_stats', '0', 'not preloaded: not of others');
$node->stop;
done_testing();
