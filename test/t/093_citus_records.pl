# Stores of records whose repositories Citus keeps on two workers: the same
# answers as of one in one place.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

my ($c, $one, $two) = citus_nodes();

$c->safe_psql('postgres', q{
	CREATE SCHEMA plain; CREATE SCHEMA shards;
	SET search_path = plain, public; SELECT create_record_store('status', '{"refs": true}');
	SET search_path = shards, public; SELECT create_record_store('status', '{"refs": true, "shards": 4}')});
rows_are($c, q{SELECT count(*), count(DISTINCT colocation_id) FROM citus_tables WHERE table_name::text LIKE 'shards.%' AND distribution_column = 'repo'},
	'4|1', 'records and what is of their repository lie together');
rows_are($c, q{SELECT citus_table_type FROM citus_tables WHERE table_name = 'shards.status_consumers'::regclass}, 'reference', 'consumers are everywhere');

sub says
{
	my ($node, $schema, $sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres',
		"\\set SHOW_CONTEXT never\nSET search_path = $schema, public; SET client_min_messages = error;\n$sql");
	my $text = "$out\n$err";

	$text =~ s/\b[2-7a-j][2-7a-z]{12}\b/TID/g;
	$text =~ s/^psql:<stdin>:\d+: //mg;
	return $text;
}

my $record = q{'{"text": "hi", "createdAt": "2026-01-01T00:00:00Z", "subject": "at://did:plc:b/x.y.z/k"}'};
my $event = q{{"did": "did:plc:m%d", "time_us": %d, "kind": "commit", "commit": {"rev": "%s", "operation": "%s", "collection": "x.y.z", "rkey": "%s"%s}}};
my $of = sub { my ($m, $t, $rev, $op, $rkey, $n) = @_; sprintf $event, $m, $t, $rev, $op, $rkey, defined $n ? qq{, "cid": null, "record": {"n": $n}} : '' };
my @statements = (
	qq{SELECT action, validation_status FROM at_create_record('status', 'did:plc:a', 'x.y.z', $record, 'r1')},
	qq{SELECT action FROM at_create_record('status', 'did:plc:a', 'x.y.z', $record, 'r1')},
	qq{SELECT action, old IS NULL FROM at_create_record('status', 'did:plc:a', 'x.y.z', $record)},
	q{SELECT * FROM at_put_record('status', 'did:plc:a', 'x.y.z', 'r1', '{"text": "b"}')},
	q{SELECT * FROM at_put_record('status', 'did:plc:a', 'x.y.z', 'r1', '{"text": "b"}')},
	q{SELECT * FROM at_put_record('status', 'did:plc:a', 'x.y.z', 'r1', '{"text": "c"}', '{"swapRecord": null}')},
	q{SELECT * FROM at_upsert_record('status', 'did:plc:a', 'x.y.z', '{"n": 1}', '{"n": OLD.n + 1}', 'up')},
	q{SELECT * FROM at_upsert_record('status', 'did:plc:a', 'x.y.z', '{"n": 1}', '{"n": OLD.n + 1}', 'up')},
	q{SELECT * FROM at_save_all('status', 'did:plc:c', '[{"collection": "x.y.z", "record": {"s": 1}, "rkey": "s1"}, {"collection": "x.y.w", "record": {"s": 2}, "rkey": "s2"}]')},
	q{SELECT * FROM at_apply_writes('status', 'did:plc:c', '[{"$type": "com.atproto.repo.applyWrites#delete", "collection": "x.y.w", "rkey": "s2"}, {"$type": "com.atproto.repo.applyWrites#update", "collection": "x.y.z", "rkey": "s1", "value": {"s": 3}}]')},
	q{SELECT at_get_record('status', 'at://did:plc:c/x.y.z/s1'), at_get_record('status', 'at://did:plc:c/x.y.z/nothing')},
	q{SELECT at_list_records('status', 'did:plc:a', 'x.y.z', '{"limit": 50}') #> '{records,0,value}'},
	q{SELECT at_backlinks('status', 'at://did:plc:b/x.y.z/k') ~ '^at://did:plc:a/x.y.z/'},
	qq{SELECT * FROM at_delete_record('status', 'at://did:plc:a/x.y.z/up')},
	qq{SELECT * FROM at_delete_record('status', 'at://did:plc:a/x.y.z/up')},
	q{SELECT ord, uri, action, error FROM at_apply_events('status', '[} . join(', ', $of->(1, 1, '3kaaaaaaaaaa2', 'create', 'e1', 1), $of->(2, 2, '3kaaaaaaaaaa2', 'create', 'e1', 1), $of->(1, 3, '3kaaaaaaaaab2', 'update', 'e1', 2), $of->(2, 4, '3kaaaaaaaaac2', 'delete', 'e1')) . q{]')},
	q{SELECT ord, uri, action, error FROM at_apply_events('status', '[} . join(', ', $of->(1, 1, '3kaaaaaaaaaa2', 'create', 'e1', 1), $of->(2, 2, '3kaaaaaaaaaa2', 'create', 'e1', 1)) . q{]', '{"consumer": "me"}')},
	q{SELECT ord, uri, action, error FROM at_apply_events('status', '[} . $of->(2, 5, '3kaaaaaaaaad2', 'create', 'e1', 7) . q{]', '{"consumer": "me"}')},
	q{SELECT * FROM at_put_record('status', 'did:plc:m1', 'x.y.z', 'e1', '{"text": "b"}')},
	q{SELECT ord, uri, action, error FROM at_apply_events('status', '[{"did": "did:plc:m1", "time_us": 9, "kind": "account", "account": {"active": false, "status": "deleted", "did": "did:plc:m1", "seq": 1, "time": "2026-01-01T00:00:00Z"}}]')},
	q{BEGIN; SELECT action FROM at_put_record('status', 'did:plc:a', 'x.y.z', 't1', '{"a": 1}'); SELECT action FROM at_put_record('status', 'did:plc:a', 'x.y.z', 't2', '{"a": 1}'); COMMIT; SELECT count(*) FROM status WHERE rkey LIKE 't_'},
	q{SELECT at_forget_tombstones('status', '-1 hour')},
	q{SELECT repo, collection, cid, record FROM status ORDER BY repo, collection, cid},
	q{SELECT target, regexp_replace(uri, '[^/]*$', '') FROM status_refs ORDER BY 1, 2},
	q{SELECT repo FROM status_repos ORDER BY 1},
	q{SELECT consumer, time_us FROM status_consumers});

foreach my $sql (@statements)
{
	is(says($c, 'shards', $sql), says($c, 'plain', $sql), $sql);
}
foreach my $node ($one, $two)
{
	rows_are($node, q{BEGIN; SELECT action FROM at_put_record('shards.status', 'did:plc:a', 'x.y.z', 'w1', '{"a": 1}'); ROLLBACK}, 'inserted', 'on a worker');
}
$c->safe_psql('postgres', 'DROP TABLE shards.status CASCADE');
rows_are($c, q{SELECT count(*) FROM citus_tables}, '0', 'all goes with the store');

# --- a schema that is one shard ------------------------------------------------------

$c->safe_psql('postgres', q{
	SET citus.enable_schema_based_sharding = on; CREATE SCHEMA tenant;
	SET search_path = tenant, public;
	SELECT create_collection('c'), create_ledger('mydb:main'), create_record_store('st', '{"refs": true}')});
rows_are($c, q{SELECT count(*), count(DISTINCT colocation_id) FROM citus_tables WHERE citus_table_type = 'schema'},
	$c->safe_psql('postgres', q{SELECT count(*) || '|1' FROM pg_class WHERE relnamespace = 'tenant'::regnamespace AND relkind = 'r'}),
	'what is made in a distributed schema lies where it does');
rows_are($c, q{SET search_path = tenant, public; SELECT action FROM upsert('c', '{"_key": "a"}') UNION ALL SELECT action FROM at_put_record('st', 'did:plc:a', 'x.y.z', 'r', '{"a": 1}')},
	"inserted\ninserted", 'and is written to');
rows_are($c, q{SET search_path = tenant, public; SELECT ledger_upsert('mydb:main', '{"@id": "http://e/a", "http://e/p": 1}') ->> 't', ledger_upsert('mydb:main', '{"@id": "http://e/a", "http://e/p": 2}') -> 'retracted'},
	'1|1', 'ledgers, too');
rows_are($one, q{SET search_path = tenant, public; SELECT ledger_get('mydb:main', 'http://e/a'), get_document('c', 'a') ->> '_id'},
	'{"@id": "http://e/a", "http://e/p": 2}|c/a', 'from other nodes');
rows_are($c, q{SELECT advice ~ 'node of its schema' FROM collection_advice('tenant.c') WHERE subject = 'c' AND advice ~ 'node'}, 't', 'advice');
$c->safe_psql('postgres', q{SET search_path = tenant, public; SELECT drop_ledger('mydb:main'), drop_collection('c'); DROP TABLE st CASCADE});
rows_are($c, q{SELECT count(*) FROM citus_tables}, '0', 'and goes');

done_testing();
