# Every verb on collections with shards, on reference ones, and on plain tables:
# the same answers, the same errors.  Revisions and generated keys are TIDs, and
# compared as such.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

my ($c, $one, $two) = citus_nodes();

my %options = (
	plain => [ '{}', '{"type": "edge"}' ],
	shards => [ '{"shards": 4}', '{"shards": 4, "type": "edge"}' ],
	reference => [ '{"reference": true}', '{"reference": true, "type": "edge"}' ]);

sub quiet
{
	my ($text) = @_;

	$text =~ s/\b[2-7a-j][2-7a-z]{12}\b/TID/g;
	$text =~ s/^psql:<stdin>:\d+: //mg;
	$text =~ s/^LINE \d+:.*\n.*\n?//mg;
	return $text;
}

# what a statement says in one of the schemas, errors and all
sub says
{
	my ($node, $schema, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres',
		"\\set SHOW_CONTEXT never\nSET search_path = $schema, public; SET client_min_messages = error;\n$sql");

	return quiet("$out\n$err");
}

foreach my $schema (sort keys %options)
{
	my ($plain, $edge) = @{ $options{$schema} };

	$c->safe_psql('postgres', <<SQL);
CREATE SCHEMA $schema; SET search_path = $schema, public;
SELECT create_collection('people', '$plain'), create_collection('knows', '$edge'), create_collection('log', '$plain');
SQL
}

my @statements = (
	# documents
	q{SELECT * FROM upsert('people', '{"_key": "a", "n": 1, "o": {"x": 1}}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "n": 2, "o": {"y": null}}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "n": 2}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "o": {"y": null}}', '{"keepNull": false}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "o": {"z": 1}}', '{"mergeObjects": false}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "q": 1}', '{"mode": "replace"}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "q": null}', '{"mode": "mergePatch"}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "q": 5}', '{"mode": "nothing"}')},
	q{SELECT action, new - '_key' - '_id' FROM upsert('people', '{"n": 1}')},
	q{SELECT * FROM upsert('people', '{"_id": "people/b", "n": 1}')},
	q{SELECT * FROM upsert('people', '{"_id": "others/b", "n": 1}')},
	q{SELECT * FROM upsert('people', '{"_key": "!/"}')},
	q{SELECT * FROM upsert('people', '[1]')},
	q{SELECT * FROM upsert('people', '{"_key": "a"}', '{"nope": 1}')},
	q{SELECT * FROM upsert('people', '{"_key": "a"}', '{"ifRev": null}')},
	q{SELECT * FROM upsert('people', '{"_key": "new"}', '{"ifRev": null}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "n": 3}', '{"ifRev": "x"}')},
	q{SELECT * FROM upsert('people', '{"_key": "nobody"}', '{"ifRev": "x"}')},
	q{SELECT * FROM upsert('people', '{"_key": "nobody"}', '{"mustExist": true}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "_rev": "x"}', '{"ignoreRevs": false}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "v": 5}', '{"versionAttribute": "v"}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "v": 4}', '{"versionAttribute": "v"}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "v": 9}', '{"ignoreChanges": ["v"]}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "n": 7}', '{"return": "diff"}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "n": 8}', '{"return": "none"}')},
	q{SELECT * FROM upsert('people', '{"_key": "dry"}', '{"dryRun": true}')},
	q{SELECT * FROM upsert('people', '{"_key": "a", "n": 9}', '{"exclusive": true, "waitForSync": true}')},
	q{SELECT * FROM upsert('people', '{"_key": "i", "n": 1}', '{"idempotencyKey": "k1"}')},
	q{SELECT * FROM upsert('people', '{"_key": "i", "n": 1}', '{"idempotencyKey": "k1"}')},
	q{SELECT 'people'::regclass |+ '{"_key": "op", "n": 1}'},
	q{SELECT 'people'::regclass |= '{"_key": "op", "m": 1}'},
	# batches
	q{SELECT * FROM upsert_many('people', '[{"_key": "z", "n": 1}, {"_key": "a", "n": 1}, {"_key": "m"}, {"_key": "z", "m": 1}]')},
	q{SELECT * FROM upsert_many('people', '[{"_key": "z"}, {"_key": "!"}, {"_key": "/"}, 5, {"_key": "b", "_rev": "x"}]', '{"ignoreErrors": true, "ignoreRevs": false}')},
	q{SELECT * FROM upsert_many('people', '[{"_key": "z"}, {"_key": "a", "_rev": "x"}]', '{"ignoreRevs": false}')},
	q{SELECT * FROM upsert_many('people', '[{"_key": "z"}, {"_key": "a"}, {"_key": "z"}]', '{"duplicates": "error"}')},
	q{SELECT * FROM upsert_many('people', '[{"_key": "z", "d": 1}, {"_key": "a"}, {"_key": "z", "d": 2}]', '{"duplicates": "first"}')},
	q{SELECT * FROM upsert_many('people', '[{"_key": "z", "d": 1}, {"_key": "a"}, {"_key": "z", "d": 2}]', '{"duplicates": "last", "return": "new"}')},
	q{SELECT * FROM upsert_many('people', '[]')},
	q{SELECT * FROM upsert_many('people', '{}')},
	q{SELECT * FROM upsert_many('people', '[{"mail": "x", "n": 1}, {"mail": "y"}]', '{"by": ["mail"], "return": "none"}')},
	q{SELECT * FROM upsert_many('people', '[{"mail": "x", "n": 2}, {"mail": "y"}]', '{"by": ["mail"], "return": "none"}')},
	q{SELECT * FROM upsert_load('people', (SELECT jsonb_agg(jsonb_build_object('_key', 'l' || i, 'n', i)) FROM generate_series(1, 50) i))},
	q{SELECT * FROM upsert_load('people', (SELECT jsonb_agg(jsonb_build_object('_key', 'l' || i, 'n', i % 7)) FROM generate_series(1, 60) i))},
	q{SELECT * FROM upsert_load('people', '[{"_key": "l1", "n": 99}, {"_key": "l2", "n": 99}]', '{"dryRun": true}')},
	q{SELECT * FROM upsert_from('log', 'SELECT jsonb_build_object(''_key'', i % 40, ''n'', i) FROM generate_series(1, 2500) i')},
	q{SELECT * FROM upsert_from('log', 'SELECT jsonb_build_object(''_key'', (i % 40)::text, ''n'', i) FROM generate_series(1, 2500) i')},
	q{SELECT * FROM upsert_from('log', 'SELECT jsonb_build_object(''_key'', (i % 40)::text) FROM generate_series(1, 2500) i')},
	q{CALL upsert_import('log', 'SELECT jsonb_build_object(''_key'', ''i'' || i) FROM generate_series(1, 30) i', '{"batchSize": 7}')},
	# all that JSON has goes there and back
	q{SELECT * FROM upsert('people', '{"_key": "j", "s": ["", "it''s", "a\\\\b\\"c\\n", "äöü€𝄞", ":1:;#-"], "n": [0, -1, 1.50, 1e-7, -0.0, 1e30, 123456789012345678, 1234567890123456789, -99999999999999999999.9], "x": [null, true, false, {}, [], [[]], {"": {"ä''\\\\": {}}}]}')},
	q{SELECT * FROM upsert('people', '{"_key": "j", "t": 1}')},
	q{SELECT * FROM upsert_many('people', (SELECT jsonb_agg(jsonb_build_object('_key', 'j' || i, 'o', (SELECT jsonb_object_agg('a' || k, CASE k % 4 WHEN 0 THEN to_jsonb(k) WHEN 1 THEN to_jsonb(repeat('x', k)) WHEN 2 THEN '{"z": 1.0}' ELSE '[1, "2"]' END) FROM generate_series(1, i * 10) k)) ORDER BY i) FROM generate_series(1, 12) i))},
	q{SELECT * FROM upsert_many('people', (SELECT jsonb_agg(jsonb_build_object('_key', 'j' || i, 'o', jsonb_build_object('a3', i))) FROM generate_series(1, 12) i), '{"return": "old"}')},
	# by search
	q{SELECT action, new - '_key' - '_id' FROM upsert_by('people', '{"mail": "s"}', '{"mail": "s", "n": 1}', '{"n": OLD.n + 1}')},
	q{SELECT action, new - '_key' - '_id' FROM upsert_by('people', '{"mail": "s"}', '{"mail": "s", "n": 1}', '{"n": OLD.n + 1}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '{"n": OLD.n + 1}')},
	# reading, patching, deleting
	q{SELECT get_document('people', 'a'), get_document('people', 'nobody')},
	q{SELECT * FROM patch_document('people', 'a', '[{"op": "add", "path": "/p", "value": 1}]')},
	q{SELECT * FROM patch_document('people', 'nobody', '[]')},
	q{SELECT * FROM delete_document('people', 'i')},
	q{SELECT * FROM delete_document('people', 'i')},
	q{SELECT * FROM delete_document('people', 'i', '{"mustExist": true}')},
	# of a document that fills no small chunk of memory
	q{SET upsert.direct = off; SELECT action FROM upsert('people', jsonb_build_object('_key', 'big', 't', repeat('x', 20000)))},
	q{SET upsert.direct = off; SELECT action, length(old ->> 't'), old ->> '_key' FROM upsert('people', '{"_key": "big", "n": 1}')},
	q{SELECT action, length(old ->> 't'), old ->> 'n' FROM patch_document('people', 'big', '[{"op": "add", "path": "/p", "value": 1}]')},
	q{SELECT action, length(old ->> 't'), old ->> 'p' FROM delete_document('people', 'big')},
	# edges
	q{SELECT * FROM upsert('knows', '{"_key": "e", "_from": "people/a", "_to": "people/b"}')},
	q{SELECT * FROM upsert('knows', '{"_key": "e", "_to": "people/op"}')},
	q{SELECT * FROM upsert('knows', '{"_key": "f", "_from": "people/a"}')},
	q{SELECT * FROM upsert_many('knows', '[{"_key": "g", "_from": "people/a", "_to": "people/z"}, {"_key": "h", "_from": "x"}]', '{"ignoreErrors": true}')},
	# C8QL
	q{SELECT c8ql('FOR p IN people FILTER p._key IN ["a", "b", "z"] SORT p._key RETURN UNSET(p, "_rev")')},
	q{SELECT c8ql('INSERT {_key: "c1", n: 1} INTO people RETURN NEW')},
	q{SELECT c8ql('INSERT {_key: "c1", n: 1} INTO people RETURN NEW')},
	q{SELECT c8ql('INSERT {_key: "c1", n: 2} INTO people OPTIONS {overwriteMode: "update"} RETURN [OLD, NEW]')},
	q{SELECT c8ql('UPSERT {_key: "c1"} INSERT {_key: "c1"} UPDATE {n: OLD.n + 1} IN people RETURN [OLD, NEW]')},
	q{SELECT c8ql('FOR i IN 1..5 UPSERT {_key: CONCAT("c", i)} INSERT {_key: CONCAT("c", i), n: 0} UPDATE {n: OLD.n + 1} IN people RETURN NEW.n')},
	q{SELECT c8ql('UPDATE "c1" WITH {m: 1} IN people RETURN NEW')},
	q{SELECT c8ql('REPLACE "c1" WITH {m: 2} IN people RETURN NEW')},
	q{SELECT c8ql('REMOVE "c1" IN people RETURN OLD')},
	q{SELECT c8ql('REMOVE "c1" IN people RETURN OLD')},
	q{SELECT c8ql('FOR p IN people FILTER p.n == 3 SORT p._key LIMIT 5 RETURN p._key')},
	q{SELECT c8ql('FOR v IN 1..2 OUTBOUND "people/a" knows SORT v._key RETURN v._key')},
	q{SELECT c8ql('FOR p IN people COLLECT n = p.n WITH COUNT INTO c SORT n RETURN [n, c]')},
	# rows
	q{SELECT action, key FROM upsert_object('people', '{"_key": "obj", "doc": {"n": 1}}')},
	q{SELECT action, key FROM upsert_object('people', '{"_key": "obj", "doc": {"n": 2}}')},
	q{SELECT ord, action, key FROM upsert_objects('people', '[{"_key": "obj", "doc": {"n": 2}}, {"_key": "obj2", "doc": {}}]')},
	# views
	q{SELECT upsert_view('people'); COPY people_upsert(doc) FROM STDIN;
{"_key": "v1", "n": 1}
{"_key": "a", "n": 1000}
\.
SELECT count(*) FROM people WHERE _key = 'v1'},
	q{INSERT INTO people_upsert(doc) VALUES ('{"_key": "v2"}'), ('{"_key": "v1", "n": 2}')},
	# plain SQL beside them
	q{INSERT INTO people (_key, doc) VALUES ('s1', '{}') RETURNING _key, _rev, doc},
	q{UPDATE people SET doc = '{"n": 1}' WHERE _key = 's1'; SELECT * FROM upsert('people', '{"_key": "s1", "m": 1}')},
	q{SELECT _key, doc FROM people WHERE _key !~ '^[2-7a-j][2-7a-z]{12}$' ORDER BY _key},
	q{SELECT count(*) FROM people},
	q{SELECT _key, doc FROM log ORDER BY _key},
	q{BEGIN; SELECT count(*) FROM upsert_many('people', '[{"_key": "t1"}, {"_key": "t2"}, {"_key": "t3"}]'); SAVEPOINT s; SELECT * FROM upsert('people', '{"_key": "t4"}'); ROLLBACK TO s; COMMIT; SELECT _key FROM people WHERE _key LIKE 't_' ORDER BY 1},
	q{DO $$ BEGIN PERFORM upsert('people', '{"_key": "t5"}'); PERFORM upsert('people', '{"_key": "t6", "_rev": "x"}', '{"ignoreRevs": false}'); EXCEPTION WHEN OTHERS THEN RAISE EXCEPTION 'caught %', SQLERRM; END $$},
	q{SELECT get_document('people', 't5') IS NULL});

foreach my $sql (@statements)
{
	my $expected = says($c, 'plain', $sql);
	(my $label = $sql) =~ s/\n.*//s;

	is(says($c, $_, $sql), $expected, "$_: $label") foreach qw(shards reference);
}

# on a worker as on the coordinator, but for searches that lock
my $writes = q{SELECT ord, action, new FROM upsert_many('people', '[{"_key": "a", "w": 1}, {"_key": "w1"}, {"_key": "w2"}]')};
my $worked = says($c, 'plain', "BEGIN; $writes; ROLLBACK");

is(says($_->[0], $_->[1], "BEGIN; $writes; ROLLBACK"), $worked, "on a worker: $_->[1]")
  foreach ([ $one, 'shards' ], [ $two, 'shards' ], [ $one, 'reference' ]);
sqlstate_is($one, q{SELECT upsert_by('shards.people', '{"mail": "w"}', '{"mail": "w"}', '{"n": 1}')}, '0A000',
	'a search that locks is the coordinator\'s');
sqlstate_is($one, q{SELECT upsert_by('reference.people', '{"mail": "w"}', '{"mail": "w"}', '{"n": 1}')}, '0A000', 'of reference ones, too');
sqlstate_is($one, q{SELECT upsert_many('shards.people', '[{"mail": "w"}]', '{"by": ["mail"]}')}, '0A000', 'and by attributes');

# copies of a reference collection are copies
is(quiet($_->safe_psql('postgres', 'SELECT * FROM reference.people ORDER BY _key')),
	quiet($c->safe_psql('postgres', 'SELECT * FROM reference.people ORDER BY _key')), 'the same on all nodes')
  foreach ($one, $two);

done_testing();
