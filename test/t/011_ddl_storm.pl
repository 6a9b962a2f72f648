# Catalogs change while all doors write: indexes come, go and are built anew,
# columns, triggers, policies and privileges as well, tables are truncated and
# rewritten, partitions attached and detached.  A call may fail, but only with
# an error that says so; what it reported as written is there.  And one session
# that has used everything has callbacks of the relation cache left.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $seconds = 8 * soak();
my $node = new_node('main', 'wal_level = logical', 'max_connections = 30',
	'deadlock_timeout = 100ms', q{log_line_prefix = '%e '},
	'log_min_messages = error');

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE writer;
GRANT ALL ON SCHEMA public TO writer;
SET ROLE writer;
SELECT create_collection('docs');
SELECT create_collection('other');
CREATE TABLE parts (id int PRIMARY KEY, marks jsonb, size int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (5);
CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (5) TO (10);
CREATE VIEW seen AS SELECT _key, doc FROM docs;
SELECT create_ledger('led');
SELECT create_record_store('recs');
CREATE SEQUENCE mark;
CREATE TABLE done (target text, k text, mark text);
CREATE TABLE failed (state text, message text);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
RESET ROLE;
CREATE ROLE other_writer IN ROLE writer;
GRANT ALL ON ALL TABLES IN SCHEMA public TO other_writer;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO other_writer;
SQL

# each goes through its own transaction, and tells what it has written
my $writers = $node->basedir . '/writers.sql';
append_to_file($writers, <<'SQL');
\set door random(0, 8)
\set k random(0, 9)
SELECT write_one(:door, :k);
SQL
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION write_one(door int, k int) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
	m text := 'm' || nextval('mark');
	marks jsonb := jsonb_build_object('m', jsonb_build_object(m, 1));
	key text := 'k' || k;
	target text;
BEGIN
	CASE door
		WHEN 0 THEN
			target := 'docs';
			PERFORM upsert('docs', marks || jsonb_build_object('_key', key));
		WHEN 1 THEN
			target := 'docs';
			PERFORM upsert_by('docs', docexpr '{_key: @k}', docexpr '{_key: @k, m: @m}', docexpr '{m: @m}', NULL,
				jsonb_build_object('k', key, 'm', marks->'m'));
		WHEN 2 THEN
			target := 'docs';
			-- asked of the statement itself: a moment later the document may be there, or may be seen
			PERFORM FROM c8ql('FOR d IN seen FILTER d._key == @k UPDATE d._key WITH {m: @m} IN docs RETURN 1',
				jsonb_build_object('k', key, 'm', marks->'m'));
			IF NOT FOUND THEN
				RETURN;
			END IF;
		WHEN 3 THEN
			PERFORM upsert_many('other', jsonb_build_array(marks || '{"_key": "a"}', marks || '{"_key": "b"}'), '{"ignoreErrors": true}');
		WHEN 4 THEN
			PERFORM upsert_object('parts', jsonb_build_object('id', k, 'marks', marks));
		WHEN 5 THEN
			PERFORM upsert_by('other', docexpr '{n: @n}', docexpr '{n: @n}', docexpr '{m: @m}', NULL, jsonb_build_object('n', k, 'm', marks->'m'));
		WHEN 6 THEN
			PERFORM ledger_upsert('led', jsonb_build_object('@id', 'http://e/' || k, 'http://e/m', m));
		WHEN 7 THEN
			PERFORM at_upsert_record('recs', 'did:plc:a', 'com.example.x', '{m: @m}', '{m: @m}', key, jsonb_build_object('m', marks->'m'));
		ELSE
			PERFORM upsert_from('other', format('SELECT doc || ''{"_key": "c"}'' FROM seen WHERE _key = %L', key));
	END CASE;
	INSERT INTO done VALUES (target, key, m);
EXCEPTION WHEN OTHERS THEN
	INSERT INTO failed VALUES (sqlstate, sqlerrm);
END $f$;
SQL

my @changes = split /\n/, <<'SQL';
CREATE INDEX CONCURRENTLY docs_gin ON docs USING gin (doc);
REINDEX TABLE CONCURRENTLY docs;
REINDEX INDEX CONCURRENTLY docs_pkey;
DROP INDEX CONCURRENTLY docs_gin;
ALTER TABLE docs ADD COLUMN more int DEFAULT 7;
CREATE UNIQUE INDEX CONCURRENTLY other_n ON other ((doc->'n'));
ALTER TABLE docs ALTER COLUMN more TYPE text;
ALTER TABLE docs DROP COLUMN more;
CREATE TRIGGER nothing BEFORE INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION nothing();
VACUUM FULL docs;
DROP TRIGGER nothing ON docs;
TRUNCATE other;
DROP INDEX other_n;
CREATE POLICY p ON docs USING (true);
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
ALTER TABLE docs DISABLE ROW LEVEL SECURITY;
DROP POLICY p ON docs;
REVOKE UPDATE ON docs FROM other_writer;
GRANT UPDATE ON docs TO other_writer;
ALTER TABLE other DROP CONSTRAINT other_pkey, ADD PRIMARY KEY (_key);
ALTER TABLE parts DETACH PARTITION part_2;
ALTER TABLE parts ATTACH PARTITION part_2 FOR VALUES FROM (5) TO (10);
ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY;
ALTER TABLE parts ATTACH PARTITION part_1 FOR VALUES FROM (0) TO (5);
ALTER TABLE parts ALTER COLUMN size TYPE bigint;
ALTER TABLE parts ALTER COLUMN size TYPE int;
DROP VIEW seen; CREATE VIEW seen AS SELECT _key, doc FROM docs; GRANT ALL ON seen TO writer, other_writer;
REINDEX TABLE CONCURRENTLY "led:main";
REINDEX TABLE CONCURRENTLY "led:main_log";
ALTER TABLE "led:main" ADD more int; ALTER TABLE "led:main" DROP more;
REINDEX TABLE CONCURRENTLY recs;
ALTER TABLE recs ADD more int DEFAULT 1; ALTER TABLE recs DROP more;
ALTER TABLE recs_repos ADD more int; ALTER TABLE recs_repos DROP more;
DROP TABLE IF EXISTS gone; CREATE TABLE gone AS SELECT 1 AS a;
SQL
my $storm = $node->basedir . '/storm.sql';
append_to_file($storm, join("\n", (@changes) x 500) . "\n");

each_store(
	sub {
		my ($set, $label) = @_;

		local $ENV{PGOPTIONS} = '-c lock_timeout=2s -c client_min_messages=error';
		my $changer = IPC::Run::start(
			[ 'psql', '-qXAt', '-f', $storm, $node->connstr('postgres') ],
			'>', '/dev/null', '2>', '/dev/null');

		local $ENV{PGOPTIONS} = '-c role=other_writer -c ' . ($label =~ s/direct/upsert.direct/r);
		$node->command_checks_all(
			[ 'pgbench', '-n', '-c', '4', '-j', '1', '-T', $seconds, '-M', 'prepared', '-f', $writers, 'postgres' ],
			0,
			[qr{actually processed: \d\d+}],
			[qr{^(?!.*(aborted|server closed))}s],
			"$label: no connection is lost");
		$changer->kill_kill;
	});

# the last change may still run
$node->poll_query_until('postgres',
	q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()});
$node->safe_psql('postgres', 'ALTER TABLE docs DISABLE ROW LEVEL SECURITY');
note($node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM done) || ' calls succeeded; failed: ' || coalesce((SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) n FROM failed GROUP BY state) f), 'none')}));
rows_are($node, q{SELECT count(*) > 100 FROM done WHERE target = 'docs'}, 't', 'calls succeeded');
rows_are($node,
	q{SELECT count(*) FROM done LEFT JOIN docs ON _key = k WHERE target = 'docs' AND NOT coalesce(doc->'m' ? mark, false)},
	0, 'what was written is there');
# 42501 privileges, 55P03 lock_timeout, 40P01 deadlocks, 23514 no partition, 42P01 between DROP and CREATE
rows_are($node,
	q{SELECT DISTINCT state, message FROM failed WHERE state NOT IN ('42501', '55P03', '40P01', '23514', '42P01') ORDER BY 1, 2},
	'', 'no error but those that say what happened');
unlike(slurp_file($node->logfile), qr/^XX|cache lookup failed|TRAP|PANIC|terminated by signal/m, 'no internal error');
amcheck_is_clean($node, 'indexes agree with tables');

# ten places for callbacks of the relation cache: PostgreSQL's own, ours, and pgoutput's
$node->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('s', 'pgoutput'); CREATE PUBLICATION p FOR ALL TABLES});
my ($rc, $out, $err) = $node->psql('postgres', <<'SQL');
SELECT count(*) FROM upsert_many('docs', '[{"_key": "last"}]');
SELECT action FROM upsert_object('docs', '{"_key": "x", "_rev": "1", "doc": {}}');
SELECT c8ql_execute('FOR d IN docs FILTER d._key == "last" UPDATE d WITH {n: 1} IN docs');
SELECT c8ql_eval('LENGTH((FOR d IN docs RETURN d)) > 0');
SELECT ledger_upsert('led', '{"@id": "http://e/z", "http://e/m": 1}') IS NOT NULL;
SELECT action FROM at_put_record('recs', 'did:plc:b', 'com.example.x', 'last', '{"$type": "com.example.x"}');
SELECT jsonld_set_context('http://e/ctx', '{"@context": {"a": "http://e/a"}}');
SELECT jsonld_expand('{"@context": "http://e/ctx", "a": 1}');
SELECT count(*) > 0 FROM pg_logical_slot_get_binary_changes('s', NULL, NULL, 'proto_version', '1', 'publication_names', 'p');
SELECT 'lives';
SQL
like($out, qr/^lives$/m, 'a session that has used everything still decodes') or diag($err);

$node->stop;
done_testing();
