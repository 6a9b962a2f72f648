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
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by", "n": 1, "name": "it''s"}', '{"n": OLD.n + 1, "was": OLD._rev != null}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '{"n": OLD.n + @by, "id": OLD._id}', bind => '{"by": 5}')},
	q{SELECT * FROM upsert_by('people', '{"_key": @k}', '{"_key": @k}', replace => '{"r": OLD.n}', bind => '{"k": "by"}', options => '{"return": "new"}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by", "r": 1}', '{"_key": "by2", "n": 1}', '{"n": OLD.n + 1}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by", "r": 1}', '{"_key": "by3", "n": 1}', '{"n": OLD.n + 1}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by4"}', '{"_key": "by5", "n": 1}', '{"n": OLD.n + 1}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by4"}', '{"_key": "by5", "n": 1}', '{"n": OLD.n + 1}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '{"n": 1}', options => '{"ifRev": null}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '{"n": 1}', options => '{"ifRev": "x", "ignoreErrors": true}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by9"}', NULL, '{"n": 1}', options => '{"mustExist": true}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', NULL, '{"x": null, "n": 3}', options => '{"mustExist": true, "keepNull": false}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '{"n": 4}', options => '{"dryRun": true}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '{"n": 1, "v": 2}', options => '{"versionAttribute": "v"}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '{"n": 2, "v": 1}', options => '{"versionAttribute": "v"}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '[1]')},
	q{SELECT * FROM upsert_by('people', '{"_key": "by"}', '{"_key": "by"}', '{"n": LENGTH(FOR p IN people FILTER p._key == "a" RETURN 1)}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "idem"}', '{"_key": "idem", "n": 1}', '{"n": OLD.n + 1}', options => '{"idempotencyKey": "by1"}')},
	q{SELECT * FROM upsert_by('people', '{"_key": "idem"}', '{"_key": "idem", "n": 1}', '{"n": OLD.n + 1}', options => '{"idempotencyKey": "by1"}')},
	# reading, patching, deleting
	q{SELECT * FROM patch_document('people', 'by', '[{"op": "test", "path": "/_key", "value": "by"}, {"op": "add", "path": "/deep", "value": {"x": [1, 2]}}]', '{"return": "diff"}')},
	q{SELECT * FROM patch_document('people', 'by', '[{"op": "replace", "path": "/_rev", "value": "x"}]')},
	q{SELECT * FROM patch_document('people', 'by', '[{"op": "remove", "path": "/nope"}]')},
	q{SELECT * FROM patch_document('people', 'by', '[{"op": "add", "path": "/n", "value": 1}]', '{"ifRev": "x"}')},
	q{SELECT * FROM patch_document('people', '!/', '[]')},
	q{SELECT * FROM delete_document('people', 'by', '{"dryRun": true}')},
	q{SELECT * FROM delete_document('people', 'by', '{"ifRev": "x"}')},
	q{SELECT * FROM delete_document('people', 'by', '{"return": "none"}')},
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
	# loops by key
	q{SELECT c8ql('FOR d IN @docs UPSERT {_key: d._key} INSERT d UPDATE {n: OLD.n + @by + d.n, s: d.s} IN people RETURN [OLD, NEW, d.s]',
		'{"docs": [{"_key": "lo1", "n": 1, "s": "it''s \\"q\\" \\\\"}, {"_key": "lo2", "n": 5, "s": [1.50, null, {"a": {}}]}, {"_key": "lo1", "n": 7}, {"_key": "lo3", "n": 1}], "by": 10}')},
	q{SELECT c8ql('FOR d IN 1..9 LET k = CONCAT("lo", d % 5) LET e = d * 2 UPSERT {_key: k} INSERT {_key: k, e, n: 1} REPLACE {n: OLD.n + 1, e: e - d, r: OLD._rev != null, i: OLD._id} IN people RETURN UNSET(NEW, "_rev")')},
	q{SELECT c8ql_execute('FOR d IN 1..9 UPSERT {_key: CONCAT("lo", d % 5)} INSERT {_key: CONCAT("lo", d % 5), n: 1} UPDATE {n: OLD.n + 1, z: d / (d % 3)} IN people')},
	q{SELECT c8ql_execute('FOR d IN 1..9 UPSERT {_key: CONCAT("lo", d % 5)} INSERT {_key: CONCAT("lo", d % 5), n: 1} UPDATE {n: OLD.n + 1, z: d / (d % 3)} IN people RETURN [d, NEW.n, NEW.z]')},
	q{SELECT c8ql_execute('FOR d IN 1..9 UPSERT {_key: CONCAT("lo", d % 5)} INSERT {_key: CONCAT("lo", d % 5), n: 1} UPDATE {n: OLD.n + 1, z: d / (d % 3)} IN people', '{}', '{"failOnWarning": true}')},
	q{SELECT c8ql_execute('FOR d IN ["lo1", "!/", "lo2", null, "lo1"] UPSERT {_key: d} INSERT {_key: d} UPDATE {n: OLD.n + 1} IN people OPTIONS {ignoreErrors: true} RETURN [d, NEW.n]')},
	q{SELECT c8ql_execute('FOR d IN ["lo1", "lo2"] UPSERT {_key: d} INSERT {_key: d} UPDATE {n: OLD.n + 1, _rev: "x"} IN people OPTIONS {ignoreErrors: true, ignoreRevs: false} RETURN [d, NEW.n]')},
	q{SELECT c8ql('FOR d IN ["lo1", "lo2"] UPSERT {_key: d} INSERT {_key: d} UPDATE {n: OLD.n + 1, _rev: "x"} IN people OPTIONS {ignoreRevs: false} RETURN [d, NEW.n]')},
	q{SELECT c8ql('FOR d IN ["lo1", "lo2"] UPSERT {_key: d} INSERT {_key: d} UPDATE d IN people')},
	q{SELECT c8ql('FOR d IN ["lo1", "lo9"] UPSERT {_key: d} INSERT {_key: CONCAT(d, "x"), n: 1} UPDATE {n: null, z: null} IN people OPTIONS {keepNull: false} RETURN [d, UNSET(NEW, "_rev")]')},
	q{SELECT c8ql('FOR d IN ["lo1", "lo2"] UPSERT {_key: d} INSERT {n: 1} UPDATE {o: {x: 1}} IN people OPTIONS {mergeObjects: false, nope: 1} RETURN NEW.o')},
	q{SELECT c8ql('FOR row IN [{_key: "lo1", a: 1}, {_key: "lo4"}] LET rows = 3 LET collection = @collection LET `odd name` = @rows UPSERT {_key: row._key} INSERT row UPDATE {rows, collection, t: `odd name`, u: @row} IN @@c RETURN UNSET(NEW, "_rev")', '{"collection": "C", "rows": [1], "row": {"r": 1}, "@c": "people"}')},
	q{SELECT c8ql('LET x = 7 LET y = (FOR d IN ["lo1", "lo2"] UPSERT {_key: d} INSERT {_key: d} UPDATE {x} IN people RETURN [d, NEW.x, x]) RETURN y')},
	q{SELECT c8ql('FOR d IN ["lo1", "lo2"] UPSERT {_key: d} INSERT {_key: d} UPDATE {all: (FOR v IN [3, 1, 2] FILTER v > 1 SORT v RETURN v), n: OLD.all[* FILTER CURRENT > 2]} IN people RETURN NEW.n')},
	q{SELECT c8ql('FOR p IN people FILTER p._key LIKE "lo%" SORT p._key UPSERT {_key: p._key} INSERT {_key: p._key} UPDATE {seen: p.n} IN people RETURN [OLD.n, NEW.seen]')},
	q{SELECT c8ql('FOR d IN ["lo1", "lo2", "lo3"] UPSERT {_key: d} INSERT {_key: d} UPDATE {q: 1} IN people LIMIT 1 RETURN NEW.q')},
	q{SELECT c8ql('FOR d IN ["lo1", "lo2", "lo3"] UPSERT {_key: d, q: 1} INSERT {_key: d} UPDATE {q: 2} IN people RETURN NEW.q')},
	q{SELECT c8ql('FOR d IN ["lo1", "lo2"] UPSERT {_key: d} INSERT {_key: d} UPDATE {w: 1} IN people COLLECT w = NEW.w WITH COUNT INTO c RETURN [w, c]')},
	q{SELECT count(c8ql('FOR i IN 1..3000 UPSERT {_key: CONCAT("big", i % 700)} INSERT {_key: CONCAT("big", i % 700), n: 1} UPDATE {n: OLD.n + 1} IN log RETURN NEW.n'))},
	q{SELECT c8ql_execute('FOR i IN 1..3000 UPSERT {_key: CONCAT("big", i % 700)} INSERT {_key: CONCAT("big", i % 700), n: 1} UPDATE {n: OLD.n + 1} IN log')},
	q{SELECT c8ql('FOR d IN [{_key: "ed1", _from: "people/a", _to: "people/b"}, {_key: "ed2", _from: "people/a"}] UPSERT {_key: d._key} INSERT d UPDATE d IN knows')},
	q{BEGIN; SELECT c8ql('FOR d IN ["lo1", "lo2"] UPSERT {_key: d} INSERT {_key: d} UPDATE {tx: 1} IN people'); ROLLBACK; SELECT get_document('people', 'lo1') -> 'tx'},
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
