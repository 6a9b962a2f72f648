# An upsert that changes nothing costs nothing: no WAL, no transaction id, no
# row lock, no trigger, no sequence value, no revision.  Each check is shown
# to be able to fail by the same call with a change.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

# wal_level = minimal: the background writer logs no snapshots of running
# transactions, so the WAL position moves only for what is written
my $node = new_node('main', 'wal_level = minimal', 'max_wal_senders = 0',
	'autovacuum = off', 'checkpoint_timeout = 1h');

$node->safe_psql('postgres', <<'SQL');
CREATE SEQUENCE fired;
CREATE SEQUENCE serial;
CREATE TABLE docs (_key text COLLATE "C" PRIMARY KEY, _rev text COLLATE "C", doc jsonb NOT NULL,
				   no bigint DEFAULT nextval('serial'));
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM nextval('fired');
	RETURN NEW;
END $$;
SELECT upsert_load('docs', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || g, 'n', g, 'in', jsonb_build_object('v', 1))) FROM generate_series(1, 1000) g));
CREATE TRIGGER a BEFORE INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER b AFTER INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER c BEFORE INSERT OR UPDATE ON docs FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE TRIGGER d AFTER INSERT OR UPDATE ON docs FOR EACH STATEMENT EXECUTE FUNCTION note();
VACUUM FREEZE docs;
SQL

my $batch = q{(SELECT jsonb_agg(jsonb_build_object('_key', 'k' || g, 'in', '{"v": 1}'::jsonb, 'n', g)) FROM generate_series(1, 1000) g)};
my %nothing = (
	'upsert' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "n": 1}')},
	'upsert, nested' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "in": {"v": 1}}')},
	'upsert, number spelt otherwise' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "n": 1.0}')},
	'upsert, replace' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "in": {"v": 1}, "n": 1}', '{"mode": "replace"}')},
	'upsert, mergePatch' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "gone": null}', '{"mode": "mergePatch"}')},
	'upsert, keepNull' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "gone": null}', '{"keepNull": false}')},
	'upsert, nothing' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "n": 7}', '{"mode": "nothing"}')},
	'upsert, ifRev' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "n": 1}', (SELECT jsonb_build_object('ifRev', _rev) FROM docs WHERE _key = 'k1'))},
	'upsert, older version' => q{SELECT action FROM upsert('docs', '{"_key": "k1", "n": 0}', '{"versionAttribute": "n"}')},
	'upsert, dry run' => q{SELECT action FROM upsert('docs', '{"_key": "fresh"}', '{"dryRun": true}')},
	'|+' => q{SELECT 'docs' |+ '{"_key": "k1", "n": 1}'},
	'|=' => q{SELECT 'docs' |= '{"_key": "k1", "n": 1, "in": {"v": 1}}'},
	'upsert_many' => "SELECT * FROM upsert_many('docs', $batch)",
	'upsert_many, swallowed' => q{SELECT * FROM upsert_many('docs', '[{"_key": "k1", "n": 2, "_rev": "nope"}]', '{"ignoreRevs": false, "ignoreErrors": true}')},
	'upsert_load' => "SELECT * FROM upsert_load('docs', $batch)",
	'upsert_from' => q{SELECT * FROM upsert_from('docs', $$SELECT doc || jsonb_build_object('_key', _key) FROM docs$$)},
);

# what a statement costs: WAL bytes, and whether a transaction id
sub cost
{
	my ($set, $sql) = @_;
	my $state = q{SELECT pg_current_wal_insert_lsn(), (SELECT last_value FROM fired), (SELECT last_value FROM serial),
		(SELECT md5(string_agg(ctid::text || xmin || xmax || _rev, ',' ORDER BY _key)) FROM docs)};
	# the first run fills caches and sets hint bits
	$node->safe_psql('postgres', "$set BEGIN; $sql; ROLLBACK");
	my $before = $node->safe_psql('postgres', $state);
	my $out = $node->safe_psql('postgres',
		"$set BEGIN; $sql; SELECT 'xid:' || (pg_current_xact_id_if_assigned() IS NOT NULL); COMMIT");
	my $after = $node->safe_psql('postgres', $state);
	my ($xid) = $out =~ /xid:(\w+)/;

	return ($before eq $after && $xid eq 'false')
	  ? 'nothing'
	  : "before $before after $after xid $xid";
}

each_store(
	sub {
		my ($set, $label) = @_;

		foreach my $what (sort keys %nothing)
		{
			is(cost($set, $nothing{$what}), 'nothing', "$label: $what");
		}
		isnt(cost($set, q{SELECT action FROM upsert('docs', '{"_key": "k1", "changed": true}')}),
			'nothing', "$label: a change does cost something");
		$node->safe_psql('postgres', q{SELECT upsert('docs', '{"_key": "k1", "changed": null}', '{"keepNull": false}'); VACUUM FREEZE docs});

		# one changed row in a batch: its row triggers, statement triggers, no more
		my $sum = $node->safe_psql('postgres', <<SQL);
$set
SELECT setval('fired', 1);
SELECT setval('serial', 1);
SELECT updated, unchanged FROM upsert_load('docs', $batch || '[{"_key": "k5", "n": "five"}]');
SELECT (SELECT last_value FROM fired) BETWEEN 5 AND 7, (SELECT last_value FROM serial);
SELECT updated, unchanged FROM upsert_load('docs', '[{"_key": "k5", "n": 5}]');
VACUUM FREEZE docs;
SQL
		is($sum, "1\n1\n1|1000\nt|1\n1|0", "$label: a batch pays for what changes");

		# a sequence gives a value only for a row really inserted
		is($node->safe_psql('postgres', <<SQL), "2\nupdated\n2\ninserted\n3", "$label: defaults are for new rows");
$set
SELECT setval('serial', 2);
SELECT action FROM upsert('docs', '{"_key": "k6", "x": 1}');
SELECT last_value FROM serial;
SELECT action FROM upsert('docs', '{"_key": "k6666"}');
SELECT last_value FROM serial;
DELETE FROM docs WHERE _key = 'k6666';
UPDATE docs SET doc = doc - 'x' WHERE _key = 'k6';
VACUUM FREEZE docs;
SQL
	});

$node->stop;
done_testing();
