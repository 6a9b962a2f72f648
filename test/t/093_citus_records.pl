# Stores of records whose repositories Citus keeps on two workers: the same
# answers as of one in one place.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
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

# whole repositories: two commits of one, which sql/at_repo.sql has
my ($cars) = PostgreSQL::Test::Utils::slurp_file("$FindBin::RealBin/../../sql/at_repo.sql") =~ /^(INSERT INTO car VALUES .*?'base64'\)\);)$/ms;
$c->safe_psql('postgres', "CREATE TABLE car (n int, file bytea);\n$cars");
my $import = q{SELECT r.* FROM public.car, at_import_repo('status', file) AS r WHERE n = %d};
my $all_of_it = q{SELECT count(*), min(uri), max(uri), bool_and(cid = record_cid(record)), mst_root(collection || '/' || rkey, cid) FROM status WHERE repo = 'did:plc:abc'};
push @statements, sprintf($import, 1), $all_of_it, sprintf($import, 1),
  q{UPDATE status SET record = '{"$type": "a.b.c"}', cid = record_cid('{"$type": "a.b.c"}') WHERE repo = 'did:plc:abc' AND rkey = 'k001'; DELETE FROM status WHERE repo = 'did:plc:abc' AND rkey IN ('k003', 'k005')},
  sprintf($import, 1), $all_of_it, sprintf($import, 2), $all_of_it, sprintf($import, 1),
  q{SELECT count(*), min(uri), max(uri) FROM status_tombstones WHERE uri LIKE 'at://did:plc:abc/%'},
  q{SELECT at_put_record('status', 'did:plc:abc', 'a.b.c', 'k001', '{"n": 1}')},
  q{SELECT action, cid FROM at_put_record('status', 'did:plc:abc', 'a.b.c', 'k001', '{"n": 1}', '{"force": true}')},
  sprintf($import, 2), $all_of_it,
  # events out of a query, of many repositories
  q{SELECT * FROM at_apply_events_from('status', $$SELECT jsonb_build_object('did', 'did:plc:n' || i % 13, 'time_us', 1000 + i, 'kind', 'commit', 'commit',
	jsonb_build_object('rev', '3kaaaaaaa' || substr('234567abcdef', 1 + i / 100, 1) || substr('234567abcdefghij', 1 + i / 10 % 10, 1) || substr('234567abcdefghij', 1 + i % 10, 1) || '2',
		'operation', CASE WHEN i % 17 = 16 THEN 'delete' ELSE 'update' END, 'collection', 'x.y.z', 'rkey', 'k' || i % 5, 'cid', NULL)
	|| CASE WHEN i % 17 = 16 THEN '{}' ELSE jsonb_build_object('record', jsonb_build_object('n', i)) END) FROM generate_series(1, 500) i$$, '{"consumer": "bulk"}')},
  q{SELECT repo, rkey, rev, record FROM status WHERE repo LIKE 'did:plc:n%' ORDER BY uri},
  q{SELECT repo, upstream, floor FROM status_repos WHERE repo LIKE 'did:plc:n%' ORDER BY 1},
  q{SELECT consumer, time_us FROM status_consumers ORDER BY 1},
  # one call for several repositories, and one that ends in an error
  q{SELECT count(*), count(DISTINCT rev) FROM at_save_all('status', 'did:plc:many', (SELECT jsonb_agg(jsonb_build_object('collection', 'x.y.z', 'rkey', 'r' || i, 'record', jsonb_build_object('n', i))) FROM generate_series(1, 200) i))},
  q{SELECT count(*) FILTER (WHERE action = 'unchanged') FROM at_save_all('status', 'did:plc:many', (SELECT jsonb_agg(jsonb_build_object('collection', 'x.y.z', 'rkey', 'r' || i, 'record', jsonb_build_object('n', i))) FROM generate_series(1, 200) i))},
  q{SELECT * FROM at_apply_writes('status', 'did:plc:many', '[{"$type": "com.atproto.repo.applyWrites#create", "collection": "x.y.z", "rkey": "w1", "value": {"n": 1}}, {"$type": "com.atproto.repo.applyWrites#create", "collection": "x.y.z", "rkey": "r1", "value": {"n": 1}}]')},
  q{SELECT count(*), max(rev) = (SELECT rev FROM status_repos WHERE repo = 'did:plc:many') FROM status WHERE repo = 'did:plc:many'},
  q{SELECT at_list_records('status', 'did:plc:many', 'x.y.z', '{"limit": 3, "reverse": true}') #> '{records,2,value}'};

foreach my $sql (@statements)
{
	is(says($c, 'shards', $sql), says($c, 'plain', $sql), $sql);
}
rows_are($c, q{SELECT count(DISTINCT shardid) > 1 FROM (SELECT get_shard_id_for_distribution_column('shards.status', repo) AS shardid FROM shards.status_repos) r}, 't', 'of several shards');
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
rows_are($c, qq{SELECT subject, severity FROM collection_advice('tenant.$_') WHERE advice ~ 'belongs to'}, '', "advice: $_ lies together") foreach qw("mydb:main" st);
$c->safe_psql('postgres', q{
	CREATE SCHEMA here; SET search_path = here, public; SELECT create_ledger('book:main'), create_record_store('st'), create_collection('c');
	CREATE SCHEMA apart; SET search_path = apart, public; SELECT create_ledger('book:main');
	SELECT create_distributed_table('"book:main"', 'iri', colocate_with => 'none')});
rows_are($c, q{SELECT count(*) FROM collection_advice('here.c') WHERE advice ~ 'belongs to'}, '0', 'a collection is by itself');
rows_are($c, qq{SELECT subject, severity, advice ~ 'CREATE SCHEMA' FROM collection_advice('here.$_') WHERE advice ~ 'belongs to'}, "$_|notice|t" =~ s/"//gr, "advice: $_ lies on this node") foreach qw("book:main" st);
rows_are($c, q{SELECT DISTINCT severity, advice ~ '"book:main"' FROM collection_advice('apart."book:main"') WHERE advice ~ 'belongs to'}, 'warning|t', 'advice: a ledger torn apart');
$c->safe_psql('postgres', q{SET client_min_messages = error; DROP SCHEMA apart CASCADE; DROP SCHEMA here CASCADE});
$c->safe_psql('postgres', q{SET search_path = tenant, public; SELECT drop_ledger('mydb:main'), drop_collection('c'); DROP TABLE st CASCADE});
rows_are($c, q{SELECT count(*) FROM citus_tables}, '0', 'and goes');

done_testing();
