# Collections whose shards Citus keeps on two workers: options, answers, errors,
# which road is taken, and what the roads have in common.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

my ($c, $one, $two) = citus_nodes();

# --- making -------------------------------------------------------------------

rows_are($c, q{SELECT create_collection('people', '{"shards": 4}')}, 'people', 'a collection with shards');
rows_are($c,
	q{SELECT citus_table_type, distribution_column, shard_count FROM citus_tables WHERE table_name = 'people'::regclass},
	'distributed|_key|4', 'by its key');
rows_are($c, q{SELECT create_collection('visits', '{"colocateWith": "people"}')}, 'visits', 'another one beside it');
rows_are($c,
	q{SELECT count(DISTINCT colocation_id), count(*) FROM citus_tables WHERE table_name IN ('people'::regclass, 'visits')},
	'1|2', 'in one group');
rows_are($c, q{SELECT count(*) FROM pg_proc WHERE proname LIKE 'upsert\_group\_%'}, '1', 'with one function');
rows_are($c, q{SELECT create_collection('more', '{"shards": 4, "colocateWith": "people"}')}, 'more', 'shards as many as there are');
sqlstate_is($c, q{SELECT create_collection('x', '{"shards": 5, "colocateWith": "people"}')}, '22023', 'and no others');
rows_are($c, q{SELECT create_collection('countries', '{"reference": true, "unique": ["name"]}')}, 'countries', 'a reference collection');
rows_are($c, q{SELECT citus_table_type FROM citus_tables WHERE table_name = 'countries'::regclass}, 'reference', 'is one');
rows_are($c, q{SELECT create_collection('knows', '{"shards": 4, "type": "edge"}')}, 'knows', 'edges');
sqlstate_is($c, q{SELECT create_collection('x', '{"shards": 4, "unique": ["a"]}')}, '22023', 'unique attributes cannot be');

# --- answers ------------------------------------------------------------------

rows_are($c, q{SELECT action, key, old, new - '_rev' FROM upsert('people', '{"_key": "a", "n": 1}')},
	'inserted|a||{"n": 1, "_id": "people/a", "_key": "a"}', 'inserted, and _id has the logical name');
rows_are($c, q{SELECT action, old - '_rev', new - '_rev' FROM upsert('people', '{"_id": "people/a", "m": 2}')},
	'updated|{"n": 1, "_id": "people/a", "_key": "a"}|{"m": 2, "n": 1, "_id": "people/a", "_key": "a"}', 'merged');
rows_are($c, q{SELECT action FROM upsert('people', '{"_key": "a", "m": 2}')}, 'unchanged', 'unchanged');
rows_are($c, q{SELECT 'people'::regclass |= '{"_key": "a", "z": 1}' ->> 'z' IS NULL}, 'f', 'the operators');
rows_are($c,
	q{SELECT ord, action, new - '_rev' - '_id' FROM upsert_many('people', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || (7 - i), 'i', i)) FROM generate_series(1, 6) i))},
	join("\n", map { sprintf '%d|inserted|{"i": %d, "_key": "k%d"}', $_, $_, 7 - $_ } 1 .. 6), 'a batch answers in input order');
rows_are($c, q{SELECT * FROM upsert_load('people', '[{"_key": "k1"}, {"_key": "k2", "j": 1}, {"_key": "new"}, {"n": 1}]')},
	'2|1|1|0', 'counts');
rows_are($c, q{SELECT ord, action FROM upsert_many('people', '[{"_key": "d", "a": 1}, {"_key": "k1"}, {"_key": "d", "b": 1}]')},
	"1|inserted\n2|unchanged\n3|updated", 'a key twice');
rows_are($c, q{SELECT count(*), count(DISTINCT key) FROM upsert_many('people', '[{"n": 1}, {"n": 2}, {"n": 3}]')}, '3|3', 'keys are generated');
rows_are($c, q{SELECT action, new - '_rev' FROM upsert('people', '{"_key": "dry", "n": 1}', '{"dryRun": true}')},
	'inserted|{"n": 1, "_id": "people/dry", "_key": "dry"}', 'a dry run');
rows_are($c, q{SELECT get_document('people', 'dry') IS NULL}, 't', 'writes nothing');

# --- errors -------------------------------------------------------------------

sub error_is
{
	my ($node, $sql, $pattern, $label) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', $sql);

	like($err, $pattern, $label);
	return;
}

sqlstate_is($c, q{SELECT upsert('people', '{"_key": "a"}', '{"ifRev": null}')}, 'UP002', 'preconditions there');
sqlstate_is($c, q{SELECT upsert('people', '{"_key": "nobody"}', '{"mustExist": true}')}, 'UP003', 'mustExist');
sqlstate_is($c, q{SELECT upsert('people', '{"_key": "!/"}')}, 'UP004', 'bad keys');
sqlstate_is($c, q{SELECT upsert('people', '{"_id": "other/a"}')}, 'UP004', 'of another collection');
error_is($c, q{SELECT upsert_many('people', '[{"_key": "a"}, {"_key": "nobody"}]', '{"mustExist": true}')},
	qr/item 2 of the batch, key "nobody"/, 'an error names its item');
error_is($c, q{SELECT upsert('people', '{"_key": "nobody"}', '{"mustExist": true}')},
	qr/^(?!.*(item 1 of|upsert_group_\d+\('))/s, 'no item where there is one, and no call of ours');
rows_are($c,
	q{SELECT ord, action, error->>'sqlstate' FROM upsert_many('people', '[{"_key": "a", "_rev": "x"}, {"_key": "!/"}, {"_key": "k1"}]', '{"ignoreErrors": true, "ignoreRevs": false}')},
	"1|ignored|UP001\n2|ignored|UP004\n3|unchanged|", 'ignoreErrors');
$c->safe_psql('postgres', q{ALTER TABLE people ADD CONSTRAINT small CHECK ((doc->>'n')::int < 100)});
error_is($c, q{SELECT upsert('people', '{"_key": "a", "n": 100}')},
	qr/relation "people" violates check constraint "small"/, 'constraints have the logical names');
rows_are($c, q{SELECT error->>'constraint', error->>'table' FROM upsert_many('people', '[{"_key": "a", "n": 100}]', '{"ignoreErrors": true}')},
	'small|people', 'also in answers');

# --- all or nothing -----------------------------------------------------------

error_is($c, q{SELECT upsert_load('people', '[{"_key": "t1"}, {"_key": "t2"}, {"_key": "t3"}, {"_key": "t4"}, {"_key": "t5", "n": 100}]')},
	qr/item 5 of the batch/, 'one fails');
rows_are($c, q{SELECT count(*) FROM people WHERE _key LIKE 't_'}, '0', 'and no shard has anything');
$c->safe_psql('postgres', q{BEGIN; SELECT upsert_load('people', '[{"_key": "t1"}, {"_key": "t2"}, {"_key": "t3"}]'); ROLLBACK});
rows_are($c, q{SELECT count(*) FROM people WHERE _key LIKE 't_'}, '0', 'nothing is left of what was rolled back');
rows_are($c, q{BEGIN; SELECT upsert_load('people', '[{"_key": "t1"}, {"_key": "t2"}, {"_key": "t3"}]'); SELECT count(*) FROM people WHERE _key LIKE 't_'; COMMIT},
	"(3,0,0,0)\n3", 'a transaction sees what it wrote');
# what runs behind a statement, or in none, is a part of it all the same
$c->safe_psql('postgres', q{SELECT upsert_view('people')});
my $bad = q{jsonb_build_object('_key', 't' || i, 'n', i * 10) FROM generate_series(1, 10) i};
foreach my $direct (qw(on off))
{
	sqlstate_is($c, "SET upsert.direct = $direct; INSERT INTO people_upsert(doc) SELECT $bad", '23514', "a view, direct = $direct");
	sqlstate_is($c, "SET upsert.direct = $direct;\nCOPY people_upsert(doc) FROM STDIN;\n" . join("\n", map { qq({"_key": "t$_", "n": ${_}0}) } 1 .. 10) . "\n\\.\n",
		'23514', "COPY, direct = $direct");
	sqlstate_is($c, "SET upsert.direct = $direct; CALL upsert_import('people', \$\$SELECT $bad\$\$)", '23514', "an import, direct = $direct");
	sqlstate_is($c, "SET upsert.direct = $direct; SELECT upsert_from('people', \$\$SELECT $bad\$\$)", '23514', "a query, direct = $direct");
	rows_are($c, q{SELECT count(*) FROM people WHERE _key ~ '^t[0-9]+$' AND doc ? 'n'}, '0', 'nothing is there');
}
rows_are($c, q{INSERT INTO people_upsert(doc) SELECT jsonb_build_object('_key', 't' || i) FROM generate_series(1, 3) i; SELECT count(*) FROM people WHERE _key LIKE 't_'},
	'3', 'else all');
$c->safe_psql('postgres', 'DROP VIEW people_upsert');
rows_are($c, q{SELECT DISTINCT result FROM run_command_on_workers('SELECT count(*) FROM pg_prepared_xacts')}, '0', 'nothing is left prepared');

# --- the roads ----------------------------------------------------------------

# how many statements on the shards a call sends: none, where it is routed
my $same = q{SELECT ord, action, new - '_rev' FROM upsert_many('people', '[{"_key": "a", "r": 1}, {"_key": "k1", "r": 1}, {"_key": "r1"}]')};
my $routed = $c->safe_psql('postgres', "BEGIN; $same; ROLLBACK");
rows_are($c, "SET upsert.direct = off; BEGIN; $same; ROLLBACK", $routed, 'through SQL the answers are the same');
rows_are($c, "BEGIN; ALTER FUNCTION upsert_group_1 RENAME TO g; $same; ROLLBACK", $routed, 'and without the function')
  if $c->safe_psql('postgres', q{SELECT to_regproc('upsert_group_1') IS NOT NULL}) eq 't';
rows_are($one, "BEGIN; $same; ROLLBACK", $routed, 'on a worker');
rows_are($two, "BEGIN; $same; ROLLBACK", $routed, 'on the other one');
rows_are($c, q{SELECT count(*) FROM upsert_on_shard('people', 1, '#6:#0:#0:#1:O1:4:_keys1:a', '{}')}, '0',
	'what is no shard is left alone');
rows_are($c, q{SELECT action FROM upsert('people', '{"_key": "ex"}', '{"exclusive": true}')}, 'inserted', 'exclusive');
rows_are($c, q{SELECT action, old - '_rev' FROM delete_document('people', 'ex')}, 'deleted|{"_id": "people/ex", "_key": "ex"}', 'delete_document');

# Citus says of each call that it sends one
sub sent
{
	my ($sql, $n, $label) = @_;
	my ($rc, $out, $err) = $c->psql('postgres', "SET client_min_messages = debug1; $sql");

	is(scalar(() = $err =~ /pushing down the function call/g), $n, $label);
	return;
}
sent(q{SELECT upsert('people', '{"_key": "a"}')}, 1, 'upsert is sent');
sent(q{SELECT delete_document('people', 'nobody')}, 1, 'delete_document, too');
sent(q{SELECT patch_document('people', 'a', '[]')}, 1, 'patch_document');
sent(q{SELECT upsert_by('people', '{"_key": "a"}', '{"_key": "a"}', '{"m": OLD.m}')}, 1, 'upsert_by with a key');
sent(q{SELECT upsert_by('people', '{"nobody": "a"}', '{"_key": "nn"}', '{}')}, 0, 'not without');
sent(q{SELECT upsert_by('people', '{"_key": RAND() < 2 ? "a" : "b"}', '{"_key": "a"}', '{"m": (FOR p IN people LIMIT 1 RETURN 1)}')}, 0, 'nor if it reads');
sent(q{SELECT c8ql('FOR i IN 1..100 UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {m: OLD.m} IN people')}, 1, 'a loop over a key: one message');
sent(q{SELECT c8ql('FOR i IN 1..100 UPSERT {_key: CONCAT("k", i % 6)} INSERT {_key: CONCAT("k", i % 6)} UPDATE {i} IN people')},
	$c->safe_psql('postgres', q{SELECT count(DISTINCT get_shard_id_for_distribution_column('people', 'k' || i)) FROM generate_series(0, 5) i}), 'over several: one a shard');
sent(q{SELECT c8ql('UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {m: OLD.m} IN people RETURN NEW')}, 1, 'without a loop');
sent(q{SELECT c8ql('FOR i IN 1..3 UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {m: (FOR p IN people LIMIT 1 RETURN 1)} IN people')}, 0, 'not what reads');
$c->safe_psql('postgres', q{SELECT delete_document('people', 'nn')});

# what nodes send each other may be sent by anybody: cut off anywhere, and with any
# character spoilt, it is done or refused, and no key is put where it does not lie
# (a statement can be any, and does what it would do to the table by its name)
my ($shard_of_a, $port_of_a) = split /\|/, $c->safe_psql('postgres',
	q{SELECT shardid, nodeport FROM citus_shards WHERE shardid = get_shard_id_for_distribution_column('people', 'a')});
my ($holds_a) = grep { $_->port == $port_of_a } ($one, $two);
my $statement = 'FOR r IN @rows UPSERT {_key: r[1]} INSERT {_key: r[1]} UPDATE {f: r[0]} IN @@c RETURN [r[0], OLD, NEW]';
my %calls = (
	documents => '#6:#0:#1:#1:O2:1:f4:_keyd1;s1:a',
	deletion => '#6:#1:#1:s1:as2:{}-',
	patch => '#6:#2:#1:s1:as2:{}a1:O3:2:op4:path5:values3:adds2:/fd1.5;',
	by => '#6:#3:#1:s1:as2:{}#0:s11:{_key: "a"}s11:{_key: "a"}s6:{f: 1}O0:',
	loop => sprintf('#6:#4:#1:s1:a#1:s%d:%ss2:@cO1:4:rowsa1:a2:d0;s1:a', length $statement, $statement));
$c->safe_psql('postgres', q{
	CREATE FUNCTION try(shard bigint, args text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		RETURN CASE count(*) WHEN 0 THEN 'nothing' ELSE 'done' END FROM upsert_on_shard('people', shard, args, '{}');
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLSTATE;
	END $$});
foreach my $call (sort keys %calls)
{
	my $args = '$a$' . $calls{$call} . '$a$';
	my $result = $holds_a->safe_psql('postgres', <<SQL);
BEGIN;
SELECT try($shard_of_a, $args);
SELECT count(*) FROM (SELECT try($shard_of_a, left($args, i)) AS r FROM generate_series(0, length($args) - 1) i) t WHERE r LIKE 'XX%';
SELECT count(*) FROM (SELECT try($shard_of_a, overlay($args placing ch from i)) AS r FROM generate_series(1, length($args)) i, unnest('{n,d,a,O,-,#,0,9,:}'::text[]) ch) t WHERE r LIKE 'XX%';
SELECT count(*) FROM people_$shard_of_a WHERE '$call' <> 'loop' AND get_shard_id_for_distribution_column('people', _key) <> $shard_of_a;
ROLLBACK;
SQL
	is($result, "done\n0\n0\n0", "spoilt arguments: $call");
}

# --- what is said of them ------------------------------------------------------

my $advice = q{SELECT subject, substr(advice, 1, 24) FROM collection_advice('%s') WHERE advice ~ 'shards|each node'};

rows_are($c, sprintf($advice, 'people'), 'people|It has 4 shards: upserts', 'advice: shards');
rows_are($c, sprintf($advice, 'countries'), 'countries|All of it is on each nod', 'advice: reference');
rows_are($c, q{SELECT string_agg(name || ' ' || path, ', ' ORDER BY name::text) FROM upsert_collections WHERE name::text IN ('people', 'countries')},
	'countries SQL, people shards', 'paths');
$c->safe_psql('postgres', q{
	CREATE TABLE own (_key text PRIMARY KEY, _rev text, doc jsonb);
	SELECT create_distributed_table('own', '_key', colocate_with => 'none')});
my ($command) = $c->safe_psql('postgres', q{SELECT advice FROM collection_advice('own') WHERE severity = 'warning' AND advice ~ 'upsert_group'}) =~ /Run: (.*)/;
rows_are($c, q{SELECT collection_path('own')}, 'SQL', 'a table of ones own');
$c->safe_psql('postgres', $command);
rows_are($c, q{SELECT collection_path('own')}, 'shards', 'after what the advice says to run');
rows_are($c, q{SELECT count(*) FROM upsert_many('own', '[{"_key": "a"}, {"_key": "b"}]') WHERE action = 'inserted'}, '2', 'takes upserts');

my $shard = $one->safe_psql('postgres', sprintf q{SELECT shard_name('people', shardid) FROM citus_shards WHERE table_name = 'people'::regclass AND nodeport = %d LIMIT 1}, $one->port);
rows_are($one, qq{SELECT count(*) FROM collection_advice('$shard') WHERE advice ~ 'BEFORE UPDATE'}, '0', 'the guard of a shard is known there');
rows_are($one, qq{SELECT collection_path('$shard')}, 'direct', 'which is written to directly');

# --- a function that somebody else has put there --------------------------------

$c->safe_psql('postgres', q{
	CREATE ROLE owner LOGIN; CREATE ROLE writer LOGIN;
	CREATE SCHEMA s; GRANT ALL ON SCHEMA s TO owner; GRANT USAGE ON SCHEMA s TO writer;
	SET ROLE owner;
	CREATE TABLE s.t (_key text PRIMARY KEY, _rev text, doc jsonb);
	GRANT ALL ON s.t TO writer;
	SELECT create_distributed_table('s.t', '_key', colocate_with => 'none')});
my $group = $c->safe_psql('postgres', q{SELECT colocation_id FROM citus_tables WHERE table_name = 's.t'::regclass});
$c->safe_psql('postgres', qq{
	GRANT CREATE ON SCHEMA s TO writer, owner;
	SET ROLE writer;
	CREATE FUNCTION s.upsert_group_$group(key text, collection regclass, shard bigint, docs text, request jsonb)
	RETURNS SETOF upsert_item LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''called''; END'});
rows_are($c, q{SELECT collection_path('s.t')}, 'SQL', 'is not called');
rows_are($c, q{SET ROLE owner; SELECT action FROM upsert('s.t', '{"_key": "a"}')}, 'inserted', 'and the table is written to all the same');
$c->safe_psql('postgres', qq{ALTER FUNCTION s.upsert_group_$group OWNER TO owner});
sqlstate_is($c, q{SELECT upsert('s.t', '{"_key": "a"}')}, 'P0001', 'its owner\'s is');

# what it answers is looked at
$c->safe_psql('postgres', qq{SET ROLE owner; DROP FUNCTION s.upsert_group_$group;
	CREATE FUNCTION s.upsert_group_$group(key text, collection regclass, shard bigint, docs text, request jsonb)
	RETURNS SETOF text LANGUAGE sql AS 'SELECT current_setting(''my.answer'')'});
sqlstate_is($c, qq{SET my.answer = '$_'; SELECT upsert('s.t', '{"_key": "a"}')}, '22P02', "no outcome: $_") for '#99:-----', '#0:', 'x';
sqlstate_is($c, qq{SET search_path = s, public; SET my.answer = '$_'; SELECT c8ql('UPSERT {_key: "a"} INSERT {_key: "a"} UPDATE {n: 1} IN t RETURN NEW')},
	'22P02', "no answer of a loop: $_")
  for '#1:#9:#0:-n', '#1:#0:#1:#5:-', '#1:#0:#0:--', '#1:#0:#0:rn-';

# --- several nodes ---------------------------------------------------------------

my $holder = $c->background_psql('postgres');
$holder->query_safe(q{BEGIN});
$holder->query_safe(q{SELECT upsert('people', '{"_key": "x1"}', '{"exclusive": true}')});
sqlstate_is($one, q{SET lock_timeout = 500; SELECT upsert('people', '{"_key": "x2"}')}, '55P03', 'exclusive holds off those on other nodes');
$holder->query_safe(q{COMMIT});
$holder->quit;
rows_are($one, q{SELECT action FROM upsert('people', '{"_key": "x2"}')}, 'inserted', 'to the end of its transaction');
error_is($c, q{SET upsert.direct = off; SELECT upsert('people', '{"_key": "a", "n": 100}')},
	qr/relation "people" violates check constraint "small"/, 'names through SQL');
$c->safe_psql('postgres', q{SELECT upsert('countries', '{"_key": "a", "name": "A"}')});
error_is($c, q{SELECT upsert('countries', '{"_key": "b", "name": "A"}')}, qr/unique constraint "countries_name_key"/, 'of reference collections, too');

done_testing();
