# Searches that no index covers lock what is not there, and such a lock is a
# node's own: on tables with shards, and of which each node has a copy, they are
# the coordinator's, whatever the door.  Two nodes, one search, two documents
# cannot be had.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Citus;
use Upsert::Test;

my ($c, $one, $two) = citus_nodes('log_statement = none');

$c->safe_psql('postgres', q{
	SELECT create_collection('people', '{"shards": 4}'), create_collection('copies', '{"reference": true}'),
		create_collection('named', '{"reference": true, "unique": ["mail"]}');
	SELECT upsert('people', '{"_key": "a", "mail": "there"}'), upsert('copies', '{"_key": "a", "mail": "there"}');
	CREATE TABLE rows (id text PRIMARY KEY, mail text, n int);
	SELECT create_distributed_table('rows', 'id', colocate_with => 'none');
	CREATE TABLE loose (id text, mail text, n int);
	SELECT create_distributed_table('loose', 'id', colocate_with => 'none');
	CREATE TABLE locals (id text PRIMARY KEY, mail text);
	SELECT citus_add_local_table_to_metadata('locals');
	SET citus.enable_schema_based_sharding = on; CREATE SCHEMA tenant;
	SET search_path = tenant, public;
	SELECT create_collection('c'), create_ledger('mydb:main'), create_record_store('st');});

# what locks a search, with the table and the value of "mail" in it
my @searches = (
	[ 'documents', q{SELECT action FROM upsert_by('%s', '{"mail": "%s"}', '{"mail": "%2$s"}', '{"n": 1}')} ],
	[ 'documents', q{SELECT action FROM upsert_by('%s', '{"mail": "%s"}', '{"mail": "%2$s"}', '{"n": 1}', options => '{"ignoreErrors": false}')} ],
	[ 'documents', q{SELECT action FROM upsert_many('%s', '[{"mail": "%s"}]', '{"by": ["mail"]}')} ],
	[ 'documents', q{SELECT inserted FROM upsert_load('%s', (SELECT jsonb_agg(jsonb_build_object('mail', '%s' || i)) FROM generate_series(1, 300) i), '{"by": ["mail"]}')} ],
	[ 'documents', q{SELECT inserted FROM upsert_from('%s', 'SELECT ''{"mail": "%s"}''::jsonb', '{"by": ["mail"]}')} ],
	[ 'documents', q{SELECT c8ql('UPSERT {mail: "%2$s"} INSERT {mail: "%2$s"} UPDATE {n: 1} IN @@c', '{"@c": "%1$s"}')} ],
	[ 'documents', q{SELECT c8ql('FOR i IN 1..3 UPSERT {mail: CONCAT("%2$s", i)} INSERT {mail: CONCAT("%2$s", i)} REPLACE {n: 1} IN @@c', '{"@c": "%1$s"}')} ],
	[ 'rows', q{SELECT action FROM upsert_object('%s', '{"id": "%s", "mail": "%2$s"}', ARRAY['mail'])} ],
	[ 'rows', q{SELECT action FROM upsert_objects('%s', '[{"id": "%s", "mail": "%2$s"}]', ARRAY['mail'])} ],
	[ 'loose', q{SELECT action FROM upsert_object('%s', '{"id": "%s", "mail": "x"}', ARRAY['id'])} ]);
my %tables = (documents => [qw(people copies tenant.c)], rows => ['rows'], loose => ['loose']);
my $n = 0;

foreach my $search (@searches)
{
	my ($kind, $sql) = @$search;

	foreach my $table (@{ $tables{$kind} })
	{
		my $call = sprintf $sql, $table, 'm' . $n++;

		sqlstate_is($_, $call, '0A000', "not on a worker: $call") foreach ($one, $two);
		my ($rc, $out, $err) = $c->psql('postgres', $call);
		is($rc . $err, '0', 'but on the coordinator');
	}
}
# what is found locks nothing, nor does a dry run
rows_are($one, q{SELECT action FROM upsert_by('people', '{"mail": "there"}', '{"mail": "there"}', '{"n": 1}')}, 'updated', 'on a worker: what is there');
rows_are($one, q{SELECT action FROM upsert_by('people', '{"mail": "new"}', '{"mail": "new"}', '{"n": 1}', options => '{"dryRun": true}')}, 'inserted', 'on a worker: a dry run');
# a unique index would keep a second one out, but by an error
rows_are($c, q{SELECT action FROM upsert_by('named', '{"mail": "u"}', '{"mail": "u"}', '{"n": 1}')}, 'inserted', 'by a unique attribute');
rows_are($one, q{SELECT action FROM upsert_by('named', '{"mail": "u"}', '{"mail": "u"}', '{"n": 3}')}, 'updated', 'on a worker: what an index finds');
rows_are($two, q{SELECT action FROM upsert_many('named', '[{"mail": "u", "n": 2}]', '{"by": ["mail"]}')}, 'updated', 'and on the other');
sqlstate_is($one, q{SELECT upsert_by('named', '{"mail": "v"}', '{"mail": "v"}', '{"n": 1}')}, '0A000', 'and what it does not find is the coordinator\'s');
rows_are($one, q{SELECT action FROM upsert_object('rows', '{"id": "k", "mail": "k"}')}, 'inserted', 'rows by the key');
# rows that are found on any shard are locked and changed on theirs
$c->safe_psql('postgres', q{
	CREATE TABLE by_owner (_key text PRIMARY KEY, owner text, doc jsonb);
	ALTER TABLE by_owner DROP CONSTRAINT by_owner_pkey, ADD PRIMARY KEY (_key, owner);
	SELECT create_distributed_table('by_owner', 'owner', colocate_with => 'none');
	SELECT upsert_objects('rows', '[{"id": "f1", "mail": "f1", "n": 1}, {"id": "f2", "mail": "f2", "n": 1}, {"id": "f3", "mail": "f3", "n": 1}]')});
rows_are($c, q{SELECT action, old ->> 'n', new ->> 'n', new ->> 'id' FROM upsert_object('rows', '{"mail": "f1", "n": 2}', ARRAY['mail'])}, 'updated|1|2|f1', 'objects by another column');
rows_are($one, q{SELECT action, new ->> 'n' FROM upsert_object('rows', '{"id": "f1", "mail": "f1", "n": 3}', ARRAY['mail'])}, 'updated|3', 'on a worker');
rows_are($c, q{SELECT ord, action FROM upsert_objects('rows', '[{"mail": "f3", "n": 5}, {"mail": "f1", "n": 3}, {"mail": "f2", "n": 5}]', ARRAY['mail'])}, "1|updated\n2|unchanged\n3|updated", 'in batches');
rows_are($c, q{SELECT string_agg(id || n, ' ' ORDER BY id) FROM rows WHERE mail LIKE 'f_'}, 'f13 f25 f35', 'as they are');
rows_are($c, q{SELECT action FROM upsert_object('by_owner', '{"_key": "a", "owner": "o", "doc": {"n": 1}}') UNION ALL SELECT action FROM upsert_object('by_owner', '{"_key": "a", "owner": "o", "doc": {"n": 2}}')}, "inserted\nupdated", 'keys of several columns');
# a shard is no collection to search in
my $shard = $one->safe_psql('postgres', sprintf q{SELECT shard_name('people', shardid) FROM citus_shards WHERE table_name = 'people'::regclass AND nodeport = %d LIMIT 1}, $one->port);
sqlstate_is($one, qq{SELECT upsert_by('$shard', '{"mail": "s"}', '{"mail": "s"}', '{"n": 1}')}, '0A000', 'nor in a shard');
# what a ledger is to have once
foreach my $case ([ $c, '{}', '' ], [ $one, '{}', '' ], [ $c, '{"uniqueProperties": ["http://e/mail"]}', '' ], [ $one, '{"uniqueProperties": ["http://e/mail"]}', '0A000' ])
{
	my ($node, $options, $state) = @$case;
	my ($rc, $out, $err) = $node->psql('postgres', sprintf qq{\\set VERBOSITY sqlstate
		SET search_path = tenant, public; SELECT ledger_insert('mydb:main', '{"\@id": "http://e/%d", "http://e/mail": "m%d"}', '%s')}, ++$n, $n, $options);

	is(($err =~ /ERROR:\s+(\w+)/)[0] // '', $state, 'a ledger, ' . $node->name . ", $options");
}

# --- two at once ------------------------------------------------------------------------

# starts pgbench
sub clients
{
	my ($node, $script) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/' . $n++;
	my ($out, $err) = ('', '');

	append_to_file($file, $script);
	return {
		err => \$err,
		out => \$out,
		run => IPC::Run::start(
			[ 'pgbench', '-n', '-c', '3', '-j', '1', '-t', 60 * soak(), '-h', $node->host, '-p', $node->port,
				'-f', $file, 'postgres' ], '<', \undef, '>', \$out, '2>', \$err) };
}

sub all_end_well
{
	my ($label, @clients) = @_;
	my $bad = 0;

	foreach my $clients (@clients)
	{
		my $well = $clients->{run}->finish;

		$bad++ if !$well || ${ $clients->{out} } !~ /number of failed transactions: 0 /;
		diag(substr(${ $clients->{err} }, 0, 1000)) if ${ $clients->{err} } =~ /ERROR/;
	}
	is($bad, 0, $label);
	return;
}

my $k = "\\set k random(1, 40)\n";
all_end_well('searches by all doors', map { clients($c, $k . $_) } (
	q{SELECT upsert_by('people', format('{"mail": "r%s"}', :k)::docexpr, format('{"mail": "r%s"}', :k)::docexpr, '{"n": OLD.n + 1}');} . "\n",
	q{SELECT upsert_many('people', jsonb_build_array(jsonb_build_object('mail', 'r' || :k), jsonb_build_object('mail', 'r' || (:k + 1))), '{"by": ["mail"]}');} . "\n",
	q{SELECT c8ql('UPSERT {mail: @m} INSERT {mail: @m} UPDATE {n: OLD.n + 1} IN people', jsonb_build_object('m', 'r' || :k));} . "\n"));
rows_are($c, q{SELECT count(*) - count(DISTINCT doc ->> 'mail') FROM people WHERE doc ->> 'mail' LIKE 'r%'}, '0', 'no search inserted twice');
all_end_well('rows by another column', map { clients($c, $k . q{SELECT upsert_object('rows', jsonb_build_object('id', 'w' || :k, 'mail', 'w' || :k, 'n', (random() * 1000)::int), ARRAY['mail']);} . "\n") } 1 .. 2);
rows_are($c, q{SELECT count(*) - count(DISTINCT mail) FROM rows WHERE mail LIKE 'w%'}, '0', 'none twice');
all_end_well('rows without a unique key', map { clients($c, $k . q{SELECT upsert_object('loose', jsonb_build_object('id', 'r' || :k, 'n', (random() * 1000)::int), ARRAY['id']);} . "\n") } 1 .. 2);
rows_are($c, q{SELECT count(*) - count(DISTINCT id) FROM loose WHERE id LIKE 'r%'}, '0', 'none twice');

# clocks: a ledger's, and those of repositories
$c->safe_psql('postgres', q{SET search_path = tenant, public; SELECT ledger_insert('mydb:main', '{"@id": "http://e/c", "http://e/n": 0}')});
$c->safe_psql('postgres', q{SELECT create_record_store('status', '{"shards": 4}')});
my $ledger = $k . q{SET search_path = tenant, public;
SELECT ledger_upsert('mydb:main', jsonb_build_object('@id', 'http://e/k' || :k, 'http://e/n', (random() * 1e6)::int));} . "\n";
my $t = $c->safe_psql('postgres', q{SET search_path = tenant, public; SELECT ledger_insert('mydb:main', '{"@id": "http://e/first", "http://e/n": 0}') ->> 't'});
all_end_well('a ledger on three nodes', map { clients($_, $ledger) } ($c, $one, $two));
rows_are($c, q{SET search_path = tenant, public; SELECT count(*), count(DISTINCT t), max(t) FROM ledger_log('mydb:main') WHERE t > } . $t,
	join('|', 540 * soak(), 540 * soak(), $t + 540 * soak()), 'has a t for each transaction, and leaves none out');
my $record = qq{\\set r random(1, 4)
\\set k random(1, 3)
SELECT at_upsert_record('status', 'did:plc:q' || :r, 'x.y.z', '{"n": 1}', '{"n": OLD.n + 1}', 'k' || :k);\n};
all_end_well('records on three nodes', map { clients($_, $record) } ($c, $one, $two));
rows_are($c, q{SELECT sum((record ->> 'n')::int) FROM status}, 540 * soak(), 'no increment is lost');
rows_are($c, q{SELECT count(*) FROM status s JOIN status_repos r USING (repo) WHERE s.rev > r.rev}, '0', 'no record is newer than its repository');

done_testing();
