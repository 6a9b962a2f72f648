# What holds on one machine holds on shards: what changes nothing writes nothing,
# rights and policies, cancelled calls, savepoints, schemas, prepared statements,
# retries.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

# nothing else is to write WAL meanwhile
my ($c, $one, $two) = citus_nodes('autovacuum = off', 'bgwriter_lru_maxpages = 0', 'checkpoint_timeout = 1h',
	'citus.recover_2pc_interval = -1', 'citus.defer_shard_delete_interval = -1');

# --- what changes nothing ---------------------------------------------------------

my $documents = sub { my ($n) = @_; return "(SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'n', 1)) FROM generate_series(1, $n) i)"; };

$c->safe_psql('postgres', q{SELECT create_collection('same', '{"shards": 4}')});
$c->safe_psql('postgres', "SELECT upsert_load('same', " . $documents->(1000) . ')');

# bytes of WAL, and transaction ids, of either worker: the least of three runs,
# as a page that is read may be tidied up
sub written
{
	my ($sql) = @_;
	my $least;

	foreach (1 .. 3)
	{
		my @run = written_once($sql);

		$least ||= \@run;
		foreach my $i (0, 1)
		{
			foreach my $j (0, 1) { $least->[$i][$j] = $run[$i][$j] if $run[$i][$j] < $least->[$i][$j]; }
		}
	}
	return @$least;
}

sub written_once
{
	my ($sql) = @_;
	my $ask = q{SELECT pg_current_wal_insert_lsn() - '0/0', pg_snapshot_xmax(pg_current_snapshot())};
	my @before;
	my @after;

	# hint bits, and what a first call looks up
	$c->safe_psql('postgres', $sql) foreach 1 .. 2;
	$_->safe_psql('postgres', 'CHECKPOINT') foreach ($one, $two);
	# a running-xacts record follows a checkpoint, and none follows that
	@before = map { $_->safe_psql('postgres', $ask) } ($one, $two);
	$c->safe_psql('postgres', $sql);
	@after = map { $_->safe_psql('postgres', $ask) } ($one, $two);
	return map {
		my ($lsn, $xid) = split /\|/, $before[$_];
		my ($lsn_after, $xid_after) = split /\|/, $after[$_];
		[ $lsn_after - $lsn, $xid_after - $xid ]
	} 0, 1;
}

my $key = q{'{"_key": "k1", "n": 1}'};
foreach my $call (
	"SELECT upsert('same', $key)",
	"SELECT upsert('same', $key, '{\"mode\": \"replace\"}')",
	"BEGIN; SELECT upsert('same', $key); COMMIT",
	"SELECT upsert_many('same', '[{\"_key\": \"k1\", \"n\": 1}]')",
	q{SELECT upsert_by('same', '{"_key": "k1"}', '{"_key": "k1"}', '{"n": 1}')},
	q{SELECT c8ql('FOR i IN 1..20 UPSERT {_key: CONCAT("k", i)} INSERT {} UPDATE {n: 1} IN same')},
	q{SELECT patch_document('same', 'k1', '[{"op": "add", "path": "/n", "value": 1}]')},
	q{SELECT delete_document('same', 'nobody')},
	q{SELECT get_document('same', 'k1')},
	'SET upsert.direct = off; SELECT upsert_load(\'same\', ' . $documents->(100) . ')')
{
	is(join(' ', map { "@$_" } written($call)), '0 0 0 0', "no WAL, no transaction id: $call");
}
# a batch over several shards is a transaction over nodes, which Citus prepares
foreach my $n (100, 1000)
{
	my @each = written("SELECT upsert_load('same', " . $documents->($n) . ')');

	foreach my $of (@each)
	{
		cmp_ok($of->[0], '<=', 2000, "$n documents in a batch: of a worker's WAL no more than its PREPARE");
		cmp_ok($of->[1], '<=', 1, 'and its transaction id');
	}
}

# --- rights -------------------------------------------------------------------------

$c->safe_psql('postgres', q{
	SELECT create_collection('people', '{"shards": 4}');
	CREATE TABLE plain (LIKE people INCLUDING ALL);
	CREATE ROLE nobody LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE inserter LOGIN; CREATE ROLE writer LOGIN;
	GRANT SELECT ON people, plain TO reader; GRANT INSERT ON people, plain TO inserter;
	GRANT SELECT, INSERT, UPDATE, DELETE ON people, plain TO writer});
foreach my $role (qw(nobody reader inserter writer))
{
	foreach my $call (
		q{upsert('%s', '{"_key": "a", "n": 1}')},
		q{upsert_load('%s', '[{"_key": "a", "n": 2}, {"_key": "b"}, {"_key": "c"}, {"_key": "d"}]')},
		q{upsert('%s', '{"_key": "a", "n": 2}', '{"dryRun": true, "return": "none"}')},
		q{delete_document('%s', 'd', '{"return": "none"}')},
		q{get_document('%s', 'b') ->> 'n'})
	{
		my @said = map {
			my ($rc, $out, $err) = $c->psql('postgres', "\\set VERBOSITY sqlstate\nSET ROLE $role; SELECT (" . sprintf($call, $_) . ')::text');
			($out . '|' . ($err =~ /ERROR:\s+(\w+)/ ? $1 : 'done')) =~ s/[2-7a-j][2-7a-z]{12}/TID/gr =~ s/(people|plain)/T/gr;
		} qw(people plain);

		is($said[0], $said[1], "$role: $call: $said[1]");
	}
}

# --- policies -------------------------------------------------------------------------

$c->safe_psql('postgres', q{
	SELECT upsert_load('people', '[{"_key": "mine", "owner": "writer"}, {"_key": "theirs", "owner": "root"}]');
	INSERT INTO plain SELECT * FROM people ON CONFLICT DO NOTHING});
foreach my $table (qw(people plain))
{
	$c->safe_psql('postgres', qq{
		ALTER TABLE $table ENABLE ROW LEVEL SECURITY;
		CREATE POLICY own ON $table USING (doc ->> 'owner' = current_user)});
}
foreach my $call (
	q{upsert('%s', '{"_key": "mine", "n": 1}')},
	q{upsert('%s', '{"_key": "theirs", "n": 1}')},
	q{upsert('%s', '{"_key": "new"}')},
	q{upsert('%s', '{"_key": "new", "owner": "writer"}')},
	q{upsert_load('%s', '[{"_key": "mine", "n": 2}, {"_key": "theirs", "n": 2}, {"_key": "new2"}]', '{"ignoreErrors": true}')},
	q{delete_document('%s', 'theirs')},
	q{get_document('%s', 'theirs')})
{
	my @said = map {
		my ($rc, $out, $err) = $c->psql('postgres', "\\set VERBOSITY sqlstate\nSET ROLE writer; SELECT (" . sprintf($call, $_) . ')::text');
		($out . '|' . ($err =~ /ERROR:\s+(\w+)/ ? $1 : 'done')) =~ s/[2-7a-j][2-7a-z]{12}/TID/gr =~ s/(people|plain)/T/gr;
	} qw(people plain);

	is($said[0], $said[1], "policies: $call: $said[1]");
}
rows_are($c, q{SELECT doc ->> 'n' IS NULL FROM people WHERE _key = 'theirs'}, 't', 'what a policy hides is as it was');
$c->safe_psql('postgres', 'ALTER TABLE people DISABLE ROW LEVEL SECURITY');

# --- cancelled in the middle --------------------------------------------------------------

$c->safe_psql('postgres', q{SELECT create_collection('t', '{"shards": 4}'); SELECT upsert_load('t', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i)) FROM generate_series(1, 40) i))});
my $all = q{(SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'x', 1)) FROM generate_series(1, 40) i)};
foreach my $shard (0 .. 3)
{
	my $row = $c->safe_psql('postgres', qq{SELECT 'k' || i FROM generate_series(1, 40) i WHERE get_shard_id_for_distribution_column('t', 'k' || i) =
		(SELECT shardid FROM citus_shards WHERE table_name = 't'::regclass ORDER BY shardid LIMIT 1 OFFSET $shard) LIMIT 1});
	my $lock = $c->background_psql('postgres');

	$lock->query_safe('BEGIN');
	$lock->query_safe("UPDATE t SET doc = doc WHERE _key = '$row'");
	sqlstate_is($c, "SET statement_timeout = 500; SELECT upsert_load('t', $all)", '57014', "cancelled while it waits in shard $shard");
	$lock->query_safe('ROLLBACK');
	$lock->quit;
	rows_are($c, q{SELECT count(*) FROM t WHERE doc ? 'x'}, '0', 'nothing of it is there');
	rows_are($_, q{SELECT count(*) FROM pg_prepared_xacts}, '0', 'or prepared') foreach ($one, $two);
}
rows_are($c, "BEGIN; SELECT upsert_load('t', $all); ROLLBACK; SELECT upsert_load('t', $all)", "(0,40,0,0)\n(0,40,0,0)", 'and the connections serve');

# --- savepoints ---------------------------------------------------------------------------

rows_are($c, q{
	BEGIN;
	SELECT upsert_load('t', '[{"_key": "s1"}, {"_key": "s2"}, {"_key": "s3"}, {"_key": "s4"}]');
	SAVEPOINT a;
	SELECT upsert_load('t', '[{"_key": "s1", "no": 1}, {"_key": "s5"}, {"_key": "s6"}, {"_key": "s7"}]');
	ROLLBACK TO a;
	SELECT upsert_load('t', '[{"_key": "s2", "yes": 1}, {"_key": "s8"}]');
	SAVEPOINT b;
	SELECT upsert('t', '{"_key": "s9"}') IS NULL;
	RELEASE b;
	COMMIT;
	SELECT string_agg(_key || doc::text, ' ' ORDER BY _key) FROM t WHERE _key LIKE 's_'},
	"(4,0,0,0)\n(3,1,0,0)\n(1,1,0,0)\nf\ns1{} s2{\"yes\": 1} s3{} s4{} s8{} s9{}", 'savepoints, rolled back and released');
rows_are($c, q{
	DO $$
	BEGIN
		PERFORM upsert_load('t', '[{"_key": "e1"}, {"_key": "e2"}, {"_key": "e3"}]');
		BEGIN
			PERFORM upsert_load('t', '[{"_key": "e1", "x": 1}, {"_key": "e4"}, {"_key": "!/"}]');
		EXCEPTION WHEN OTHERS THEN
			PERFORM upsert('t', jsonb_build_object('_key', 'e5', 'state', SQLSTATE));
		END;
	END $$;
	SELECT string_agg(_key || doc::text, ' ' ORDER BY _key) FROM t WHERE _key LIKE 'e_'},
	'e1{} e2{} e3{} e5{"state": "UP004"}', 'errors that are caught');

# --- schemas ------------------------------------------------------------------------------

$c->safe_psql('postgres', q{CREATE SCHEMA a; CREATE SCHEMA b; SELECT create_collection('a.t', '{"shards": 4}'); SELECT create_collection('b.t', '{"colocateWith": "a.t"}')});
rows_are($c, q{
	BEGIN; SET LOCAL search_path = a, public; SELECT (upsert('t', '{"_key": "in", "schema": "a"}')).action; COMMIT;
	BEGIN; SET LOCAL search_path = b, public; SELECT action FROM upsert_many('t', '[{"_key": "in", "schema": "b"}, {"_key": "in2"}]'); COMMIT;
	SET search_path = pg_catalog; SELECT action, new ->> '_id' FROM public.upsert('a.t', '{"_key": "in"}');
	SELECT (SELECT doc ->> 'schema' FROM a.t WHERE _key = 'in'), (SELECT doc ->> 'schema' FROM b.t WHERE _key = 'in'), (SELECT count(*) FROM public.t WHERE _key = 'in')},
	"inserted\ninserted\ninserted\nunchanged|t/in\na|b|0", 'SET LOCAL search_path says which');

# --- prepared statements --------------------------------------------------------------------

my $session = $c->background_psql('postgres', on_error_stop => 0);
my $did = sub { return $session->query_safe($_[0]); };
$did->(q{PREPARE put(jsonb) AS SELECT action, new ->> 'n' FROM upsert('t', $1)});
$did->(q{PREPARE load(jsonb) AS SELECT * FROM upsert_load('t', $1)});
is($did->(q{EXECUTE put('{"_key": "p", "n": 1}')}), 'inserted|1', 'prepared');
is($did->(q{EXECUTE load('[{"_key": "p1"}, {"_key": "p2"}, {"_key": "p3"}]')}), '3|0|0|0', 'batches');
$c->safe_psql('postgres', q{ALTER TABLE t ADD COLUMN extra int DEFAULT 7});
is($did->(q{EXECUTE put('{"_key": "p", "n": 2}')}), 'updated|2', 'after ADD COLUMN');
is($did->(q{EXECUTE load('[{"_key": "p1", "n": 1}, {"_key": "p2"}, {"_key": "p4"}]')}), '1|1|1|0', 'batches, too');
$c->safe_psql('postgres', q{ALTER TABLE t ADD CONSTRAINT little CHECK ((doc ->> 'n')::int < 10)});
$session->query(q{EXECUTE put('{"_key": "p", "n": 11}')});
like($session->{stderr}, qr/relation "t" violates check constraint "little"/, 'after ADD CONSTRAINT');
$session->{stderr} = '';
foreach my $i (0 .. 3)
{
	$c->safe_psql('postgres', sprintf q{
		SELECT citus_move_shard_placement(shardid, nodename, nodeport, nodename, %d - nodeport, 'block_writes')
		FROM (SELECT * FROM citus_shards WHERE table_name = 't'::regclass ORDER BY shardid LIMIT 1 OFFSET %d) s}, $one->port + $two->port, $i);
	is($did->(sprintf q{EXECUTE put('{"_key": "p", "n": %d}')}, $i + 3), 'updated|' . ($i + 3), "after a shard has moved ($i)");
	is($did->(sprintf q{EXECUTE load('[{"_key": "p1", "m": %d}, {"_key": "p2"}, {"_key": "p3", "m": %d}]')}, $i, $i), '0|2|1|0', 'batches, too');
}
$c->safe_psql('postgres', q{ALTER TABLE t DROP COLUMN extra});
is($did->(q{EXECUTE put('{"_key": "p", "n": 8}')}), 'updated|8', 'after DROP COLUMN');
$session->quit;

# --- retries ----------------------------------------------------------------------------------

foreach my $call (
	q{upsert('t', '{"_key": "i1", "n": 1}', '{"idempotencyKey": "one"}')},
	q{upsert_load('t', '[{"_key": "i1", "n": 2}, {"_key": "i2"}, {"_key": "i3"}]', '{"idempotencyKey": "two"}')},
	q{delete_document('t', 'i1', '{"idempotencyKey": "three"}')},
	q{patch_document('t', 'i2', '[{"op": "add", "path": "/n", "value": 1}]', '{"idempotencyKey": "four"}')})
{
	my $first = $c->safe_psql('postgres', "SELECT $call");

	rows_are($c, "SELECT $call", $first, "a retry has the first answer: $call");
}
sqlstate_is($c, q{SELECT upsert('t', '{"_key": "i1", "n": 9}', '{"idempotencyKey": "one"}')}, 'UP010', 'another request under the key');
$c->safe_psql('postgres', q{BEGIN; SELECT upsert('t', '{"_key": "i9"}', '{"idempotencyKey": "five"}'); ROLLBACK});
rows_are($c, q{SELECT action FROM upsert('t', '{"_key": "i9"}', '{"idempotencyKey": "five"}')}, 'inserted', 'what was rolled back was no first call');

done_testing();
