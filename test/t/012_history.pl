# The history checker.  Clients run random transactions (merge, replace, ifRev,
# increments, batches, C8QL, SQL's own UPDATE, DELETE and INSERT, savepoints,
# rollbacks, errors) on a few hot keys, at every isolation level, by both
# stores at once.  What they were answered, and whether it was committed, is
# then put in order offline.  Per document there must be one chain
#
#		absent -> inserted -> updated -> ... -> deleted -> inserted -> ...
#
# in which the OLD of each call is the NEW of its predecessor and of no other
# (nothing lost), each NEW is what the call makes of its OLD, revisions rise,
# and the last one is what is stored; an `unchanged` answer is some version of
# the chain that has what the call wanted.  A call that had ended before
# another began does not come after it.  The same for records, with a revision
# for each repository and CIDs, and for ledgers, whose t have no gaps.
#
#	UPSERT_SOAK=10 UPSERT_SEED=7 ./dev tap test/t/012_history.pl
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $seed = $ENV{UPSERT_SEED} || int(rand(1 << 30));
srand($seed);
note "again: UPSERT_SEED=$seed";

my $clients = 6;
my $transactions = 40 * soak();
my $node = new_node('main', 'max_connections = 50', 'deadlock_timeout = 20ms',
	'log_min_messages = fatal');
my $json = JSON::PP->new->canonical->allow_nonref;
my $dir = PostgreSQL::Test::Utils::tempdir();
my $next_op = 0;

sub pick { return $_[ int(rand(@_)) ]; }
sub chance { return rand() < shift; }

# --- scripts ------------------------------------------------------------------

# One answer is a line "R {...}", behind it "S op SQLSTATE": what it was worth.
# $ops is the code that makes statements; it returns SQL that yields JSON.
sub script_of
{
	my ($ops) = @_;
	my $sql = "\\set ON_ERROR_ROLLBACK " . pick('on', 'off', 'off') . "\n";

	$sql .= "SET statement_timeout = '60s';\n";
	foreach my $n (1 .. $transactions)
	{
		my $level = pick('READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
		my $savepoints = 0;

		$sql .= 'SET upsert.direct = ' . pick('on', 'off') . ";\n";
		$sql .= "SELECT 'N ' || extract(epoch FROM clock_timestamp());\n";
		$sql .= "\\echo T\nBEGIN ISOLATION LEVEL $level;\n";
		foreach (1 .. pick(1, 1, 1, 2, 3, 5))
		{
			if (chance(0.15))
			{
				$savepoints++;
				$sql .= "SAVEPOINT s$savepoints;\n\\echo P $savepoints :SQLSTATE\n";
			}
			elsif ($savepoints && chance(0.25))
			{
				$sql .= "ROLLBACK TO s$savepoints;\n\\echo B $savepoints :SQLSTATE\n";
			}
			my $op = ++$next_op;
			my $what = $ops->($op);
			# what changes rows in a WITH must stay on top
			$what = $what =~ /^WITH/ ? $what =~ s/SELECT r FROM u$/SELECT 'R ' || r::text FROM u/r :
			  "SELECT 'R ' || r::text FROM ($what) AS q(r)";
			$sql .= "$what;\n\\echo S $op :SQLSTATE\n";
		}
		$sql .= (chance(0.1) ? 'ROLLBACK' : 'COMMIT') . ";\n\\echo E :SQLSTATE\n";
		$sql .= "SELECT 'N ' || extract(epoch FROM clock_timestamp());\n";
	}
	return $sql;
}

# Runs a script a client; what was committed, in no order.
sub run_clients
{
	my ($label, $ops) = @_;
	my (%pids, @committed);

	foreach my $client (1 .. $clients)
	{
		my $file = "$dir/client$client";
		open my $out, '>', "$file.sql" or die;
		print $out script_of($ops);
		close $out;
		my $pid = fork() // die 'fork';
		if ($pid == 0)
		{
			open STDOUT, '>', "$file.out";
			open STDERR, '>', "$file.err";
			exec 'psql', '-XAt', '-d', $node->connstr('postgres'), '-v',
			  'VERBOSITY=verbose', '-f', "$file.sql";
			exit 127;
		}
		$pids{$pid} = $client;
	}
	waitpid($_, 0) foreach keys %pids;

	my (%states, $broken);
	foreach my $client (1 .. $clients)
	{
		my $err = slurp_file("$dir/client$client.err");
		$broken //= $1 if $err =~ /^(.*(?:ERROR:\s+(?:XX|58|57|21|53)|server closed).*)$/m;
		push @committed, committed_of("$dir/client$client.out", \%states, $client);
	}
	is($broken, undef, "$label: no error out of place");
	note join ' ', map { "$_: $states{$_}" } sort keys %states;
	cmp_ok(scalar @committed, '>', $clients * $transactions / 4, "$label: most was committed");
	return @committed;
}

# The answers of one client that were committed: {op, rows, start, end, txn}
sub committed_of
{
	my ($file, $states, $client) = @_;
	my (@all, @pending, @rows, %mark, $tag);
	my ($time, $start, $txn) = (0, 0, 0);

	foreach my $line (split /\n/, slurp_file($file))
	{
		if ($line =~ /^N (.*)/) { $time = $1; $_->{end} //= $time foreach reverse @all[ -($#all + 1 < 40 ? $#all + 1 : 40) .. -1 ]; }
		elsif ($line eq 'T') { @pending = @rows = (); %mark = (); $start = $time; $txn++; $tag = ''; }
		elsif ($line =~ /^R (.*)/) { push @rows, $json->decode($1); }
		elsif ($line =~ /^S (\d+) (\w+)/)
		{
			$states->{$2}++;
			push @pending, { op => $1, rows => [@rows], start => $start, txn => "$client.$txn" }
			  if $2 eq '00000';
			@rows = ();
		}
		elsif ($line =~ /^P (\d+) (\w+)/) { $mark{$1} = @pending if $2 eq '00000'; }
		elsif ($line =~ /^B (\d+) (\w+)/)
		{
			$#pending = $mark{$1} - 1 if $2 eq '00000' && defined $mark{$1};
		}
		elsif ($line eq 'COMMIT' || $line eq 'ROLLBACK') { $tag = $line; }
		elsif ($line =~ /^E (\w+)/)
		{
			$states->{"commit $1"}++ if $1 ne '00000';
			push @all, @pending if $1 eq '00000' && $tag eq 'COMMIT';
			@pending = ();
		}
	}
	return @all;
}

# --- order --------------------------------------------------------------------

# The chain of one key: @$steps of {op, old, new, rev_old, rev_new, want}, and
# what is stored.  Returns what is wrong, or ''.
sub wrong_with_chain
{
	my ($steps, $stored, $stored_rev) = @_;
	my (%made, %used, @unchanged);
	my ($inserts, $deletes) = (0, 0);

	foreach my $s (@$steps)
	{
		if ($s->{action} eq 'unchanged') { push @unchanged, $s; next; }
		if (defined $s->{rev_new})
		{
			return "op $s->{op} and op $made{$s->{rev_new}}{op} made the same revision" if $made{ $s->{rev_new} };
			$made{ $s->{rev_new} } = $s;
		}
		if (!defined $s->{rev_old}) { $inserts++; }
		else
		{
			return "op $s->{op} and op $used{$s->{rev_old}}{op} changed the same version" if $used{ $s->{rev_old} };
			$used{ $s->{rev_old} } = $s;
		}
		$deletes++ if !defined $s->{rev_new};
		return "op $s->{op}: revision $s->{rev_new} after $s->{rev_old}"
		  if defined $s->{rev_old} && defined $s->{rev_new} && $s->{rev_new} le $s->{rev_old};
		return "op $s->{op}: made " . $json->encode($s->{new}) . ', wanted ' . $json->encode($s->{want})
		  if $s->{want} && $json->encode($s->{want}) ne $json->encode($s->{new});
	}
	foreach my $rev (keys %used)
	{
		my ($s, $before) = ($used{$rev}, $made{$rev});

		return "op $s->{op} changed a version that nobody made" if !$before;
		return "op $s->{op} saw " . $json->encode($s->{old}) . ", op $before->{op} had made " . $json->encode($before->{new})
		  if $json->encode($s->{old}) ne $json->encode($before->{new});
		return "op $before->{op} comes before op $s->{op}, which had ended when it began"
		  if defined $s->{end} && $before->{start} > $s->{end};
	}
	foreach my $rev (keys %made)
	{
		next if $used{$rev} || (defined $stored_rev && $rev eq $stored_rev);
		return "what op $made{$rev}{op} made is lost";
	}
	return 'what is stored was made by nobody' if defined $stored_rev && !$made{$stored_rev};
	return 'what is stored was changed since' if defined $stored_rev && $used{$stored_rev};
	return 'what is stored is not what was made'
	  if defined $stored_rev && $json->encode($stored) ne $json->encode($made{$stored_rev}{new});
	return "$inserts inserts, $deletes deletes" if $inserts - $deletes != (defined $stored_rev ? 1 : 0);
	foreach my $s (@unchanged)
	{
		next if !defined $s->{rev_new};
		return "op $s->{op} found unchanged what nobody made" if !$made{ $s->{rev_new} };
		return "op $s->{op} found unchanged another content"
		  if $json->encode($s->{new}) ne $json->encode($made{ $s->{rev_new} }{new});
		return "op $s->{op} was answered unchanged, but wanted " . $json->encode($s->{want})
		  if $s->{want} && $json->encode($s->{want}) ne $json->encode($s->{new});
	}
	return '';
}

# All chains at once: %$stored of key to [revision, content]
sub chains_hold
{
	my ($label, $steps, $stored) = @_;
	my (%of, $wrong);

	push @{ $of{ $_->{key} } }, $_ foreach @$steps;
	$of{$_} //= [] foreach keys %$stored;
	foreach my $key (sort keys %of)
	{
		my ($rev, $content) = @{ $stored->{$key} // [] };

		$wrong //= wrong_with_chain($of{$key}, $content, $rev) || undef;
		$wrong = "$key: $wrong" if defined $wrong && $wrong !~ /^\Q$key\E: /;
		last if defined $wrong;
	}
	is($wrong, undef, sprintf '%s: %d answers have an order', $label, scalar @$steps);
	return;
}

# --- documents ----------------------------------------------------------------

$node->safe_psql('postgres', q{SELECT create_collection('docs')});
my @keys = ('a', 'b', 'c', 'd');
my %want;	# op => code that makes NEW of OLD, by key

sub lit { my $text = $json->encode(shift); $text =~ s/'/''/g; return "'$text'"; }

# SQL that yields one JSON for each row of an upsert_result
sub answers
{
	my ($op, $call) = @_;
	return qq{SELECT jsonb_build_object('op', $op, 'key', key, 'action', action, 'old', old, 'new', new) FROM $call};
}

sub document_op
{
	my ($op) = @_;
	my $k = pick(@keys);
	my $kind = pick(qw(merge merge replace ifrev count count count c8ql batch batch2 update delete insert same remove nothing));
	my $doc = { w => $op, 'c' . $op % 3 => 1 };
	my $with_key = sub { return lit({ %{ $_[0] }, _key => $_[1] }); };

	$want{$op} = sub { my $old = shift; return { %{ $old // {} }, %$doc }; };
	return answers($op, "upsert('docs', " . $with_key->($doc, $k) . ')') if $kind eq 'merge';
	if ($kind eq 'replace')
	{
		$want{$op} = sub { return $doc; };
		return answers($op, "upsert('docs', " . $with_key->($doc, $k) . q{, '{"mode": "replace"}')});
	}
	return answers($op, "upsert('docs', " . $with_key->($doc, $k)
		  . ", jsonb_build_object('ifRev', (SELECT _rev FROM docs WHERE _key = '$k')))") if $kind eq 'ifrev';
	if ($kind eq 'count' || $kind eq 'c8ql')
	{
		$want{$op} = sub { my $old = shift; return $old ? { %$old, n => ($old->{n} // 0) + 1, w => $op } : { n => 1, w => $op }; };
		return answers($op, qq{upsert_by('docs', '{_key: "$k"}', '{_key: "$k", n: 1, w: $op}', '{n: OLD.n + 1, w: $op}')})
		  if $kind eq 'count';
		return qq{SELECT jsonb_build_object('op', $op, 'key', '$k', 'action', CASE WHEN r->'old' = 'null' THEN 'inserted' ELSE 'updated' END, 'old', nullif(r->'old', 'null'), 'new', r->'new')
			FROM c8ql('UPSERT {_key: "$k"} INSERT {_key: "$k", n: 1, w: $op} UPDATE {n: OLD.n + 1, w: $op} IN docs RETURN {old: OLD, new: NEW}') AS c(r)};
	}
	if ($kind eq 'batch' || $kind eq 'batch2')
	{
		my @docs = map { { %$doc, _key => $_ } } grep { chance(0.6) } @keys;
		@docs = ({ %$doc, _key => $k }) if !@docs;
		# a key that comes twice: the second has another mark
		if ($kind eq 'batch2')
		{
			push @docs, { _key => $docs[0]{_key}, w => "$op+" };
			$want{$op} = sub {
				my ($old, $new) = @_;
				return { %{ $old // {} }, (($new->{w} // '') eq "$op+" ? (w => "$op+") : %$doc) };
			};
		}
		return answers($op, "upsert_many('docs', " . lit(\@docs) . ') ORDER BY ord');
	}
	if ($kind eq 'update')
	{
		return qq{WITH o AS MATERIALIZED (SELECT * FROM docs WHERE _key = '$k' FOR UPDATE),
			u AS (UPDATE docs AS d SET doc = d.doc || @{[lit($doc)]}, _rev = at_tid_from_bigint(greatest(at_tid_to_bigint(at_tid()), at_tid_to_bigint(o._rev) + 1024)) FROM o WHERE d._key = o._key
				RETURNING jsonb_build_object('op', $op, 'key', d._key, 'action', 'updated', 'old', o.doc || jsonb_build_object('_rev', o._rev), 'new', d.doc || jsonb_build_object('_rev', d._rev)) AS r)
			SELECT r FROM u};
	}
	if ($kind eq 'delete')
	{
		delete $want{$op};
		return qq{WITH u AS (DELETE FROM docs WHERE _key = '$k'
				RETURNING jsonb_build_object('op', $op, 'key', _key, 'action', 'deleted', 'old', doc || jsonb_build_object('_rev', _rev)) AS r)
			SELECT r FROM u};
	}
	if ($kind eq 'insert')
	{
		return qq{WITH u AS (INSERT INTO docs VALUES ('$k', at_tid(), @{[lit($doc)]}) ON CONFLICT DO NOTHING
				RETURNING jsonb_build_object('op', $op, 'key', _key, 'action', 'inserted', 'new', doc || jsonb_build_object('_rev', _rev)) AS r)
			SELECT r FROM u};
	}
	if ($kind eq 'same')
	{
		$want{$op} = sub { my $old = shift; return { %{ $old // {} }, c0 => 1 }; };
		return answers($op, "upsert('docs', " . $with_key->({ c0 => 1 }, $k) . ')');
	}
	if ($kind eq 'remove')
	{
		delete $want{$op};
		return qq{SELECT jsonb_build_object('op', $op, 'key', '$k', 'action', 'deleted', 'old', r)
			FROM c8ql('REMOVE "$k" IN docs OPTIONS {ignoreErrors: true} RETURN OLD') AS c(r) WHERE r <> 'null'};
	}
	$want{$op} = sub { my $old = shift; return $old // $doc; };
	return answers($op, "upsert('docs', " . $with_key->($doc, $k) . q{, '{"mode": "nothing"}')});
}

# {op, key, action, old, new} as steps of a chain
sub document_steps
{
	my @steps;

	foreach my $answer (@_)
	{
		foreach my $row (@{ $answer->{rows} })
		{
			my %step = (%$answer, key => $row->{key}, action => $row->{action});

			next if $row->{action} eq 'ignored';
			foreach my $side ('old', 'new')
			{
				my $doc = $row->{$side} or next;
				$step{"rev_$side"} = delete $doc->{_rev};
				delete @$doc{ '_id', '_key' };
				$step{$side} = $doc;
			}
			$step{want} = $want{ $row->{op} }->($step{old}, $step{new}) if $want{ $row->{op} };
			push @steps, \%step;
		}
	}
	return \@steps;
}

my @answers = run_clients('documents', \&document_op);
my %stored = map { my ($key, $rev, $doc) = split /\|/, $_, 3; ($key => [ $rev, $json->decode($doc) ]) }
  split /\n/, $node->safe_psql('postgres', 'SELECT * FROM docs');
chains_hold('documents', document_steps(@answers), \%stored);

# --- records ------------------------------------------------------------------

$node->safe_psql('postgres', q{SELECT create_record_store('recs')});
%want = ();

sub record_op
{
	my ($op) = @_;
	my ($repo, $rkey) = ('did:plc:' . pick('one', 'two'), 'k' . pick(1, 2, 3));
	my $uri = "at://$repo/a.b.c/$rkey";
	my $kind = pick(qw(put put count count count save delete));
	my $shown = sub {
		return qq{SELECT jsonb_build_object('op', $op, 'key', uri, 'action', action, 'old', old, 'new', new, 'rev', rev) FROM $_[0]};
	};

	if ($kind eq 'put')
	{
		$want{$op} = sub { return { w => $op, '$type' => 'a.b.c' }; };
		return $shown->("at_put_record('recs', '$repo', 'a.b.c', '$rkey', '{\"w\": $op}')");
	}
	if ($kind eq 'count')
	{
		$want{$op} = sub {
			my $old = shift;
			return $old ? { %$old, n => ($old->{n} // 0) + 1, w => $op } : { n => 1, w => $op, '$type' => 'a.b.c' };
		};
		return $shown->("at_upsert_record('recs', '$repo', 'a.b.c', '{n: 1, w: $op}', '{n: OLD.n + 1, w: $op}', '$rkey')");
	}
	if ($kind eq 'save')
	{
		$want{$op} = sub { return { w => $op, '$type' => 'a.b.c' }; };
		return $shown->("at_save_all('recs', '$repo', "
			  . lit([ map { { collection => 'a.b.c', rkey => "k$_", record => { w => $op } } } 1 .. pick(1, 2, 3) ]) . ')');
	}
	return $shown->("at_delete_record('recs', '$uri')");
}

# a version of a record is told by its mark, a batch's by its URI besides
sub record_steps
{
	my ($revisions, @all) = @_;
	my @steps;

	foreach my $answer (@all)
	{
		foreach my $row (@{ $answer->{rows} })
		{
			my %step = (%$answer, key => $row->{key}, action => $row->{action}, old => $row->{old}, new => $row->{new});

			next if $row->{action} eq 'unchanged' && !$row->{new};
			foreach my $side ('old', 'new')
			{
				delete $step{$side} if !defined $step{$side};
				$step{"rev_$side"} = sprintf '%09d', $step{$side}{w} if $step{$side};
			}
			delete $step{rev_new}, delete $step{new} if $row->{action} eq 'deleted';
			$step{want} = $want{ $row->{op} }->($step{old}) if $want{ $row->{op} } && $step{new};
			$step{rev} = $row->{rev};
			push @steps, \%step;
			my ($repo) = $row->{key} =~ m{^at://([^/]+)/};
			$revisions->{$repo}{ $row->{rev} }{ $answer->{txn} } = 1
			  if $row->{action} =~ /^(inserted|updated)$/ && defined $row->{rev};
		}
	}
	return \@steps;
}

@answers = run_clients('records', \&record_op);
my %revisions;
my $steps = record_steps(\%revisions, @answers);
# operations are numbered before they run: marks are no order
{
	my %rev_of = map { defined $_->{rev_new} && $_->{action} ne 'unchanged' ? ("$_->{key} $_->{rev_new}" => $_->{rev}) : () } @$steps;
	foreach my $s (@$steps)
	{
		foreach my $side ('rev_old', 'rev_new')
		{
			$s->{$side} = $rev_of{"$s->{key} $s->{$side}"} // "? $s->{$side}" if defined $s->{$side};
		}
	}
}
%stored = map { my ($key, $rev, $record) = split /\|/, $_, 3; ($key => [ $rev, $json->decode($record) ]) }
  split /\n/, $node->safe_psql('postgres', 'SELECT uri, rev, record FROM recs');
chains_hold('records', $steps, \%stored);
my ($twice) = grep { my $r = $_; grep { keys %{ $revisions{$r}{$_} } > 1 } keys %{ $revisions{$r} } } sort keys %revisions;
is($twice, undef, 'records: no two transactions have one revision of a repository');
rows_are($node, q{SELECT coalesce(bool_and(cid = record_cid(record) AND c.rev <= r.rev), true) FROM recs AS c JOIN recs_repos AS r USING (repo)},
	't', 'records: CIDs are proved, no revision is ahead of its repository');

# --- ledgers ------------------------------------------------------------------

$node->safe_psql('postgres', q{SELECT create_ledger('race'), ledger_upsert('race', '{"@id": "http://n/1", "http://p/c": 0}')});

sub ledger_op
{
	my ($op) = @_;
	my $call = pick(
		q{ledger_update('race', '{"where": [{"@id": "http://n/1", "http://p/c": "?c"}, ["bind", "?d", "(+ ?c 1)"]], "delete": {"@id": "http://n/1", "http://p/c": "?c"}, "insert": {"@id": "http://n/1", "http://p/c": "?d"}}')},
		qq{ledger_upsert('race', '{"\@id": "http://n/@{[pick(2, 3)]}", "http://p/w": $op, "http://p/@{[pick(1 .. 4)]}": @{[pick(1, 2)]}}')},
		qq{ledger_replace('race', '{"\@id": "http://n/4", "http://p/w": @{[pick(1 .. 3)]}}')},
		qq{ledger_delete('race', 'http://n/@{[pick(2, 4)]}')});
	my $count = $call =~ /bind/ ? 1 : 0;

	return qq{SELECT jsonb_build_object('op', $op, 'count', $count, 't', r->'t', 'changes', (r->>'asserted')::int + (r->>'retracted')::int) FROM $call AS l(r)};
}

@answers = run_clients('ledgers', \&ledger_op);
my ($counted, %txn_of, $shared) = (0);
foreach my $answer (@answers)
{
	foreach my $row (@{ $answer->{rows} })
	{
		$counted++ if $row->{count} && $row->{changes};
		next if !$row->{changes};
		$shared //= $row->{t} if ($txn_of{ $row->{t} } //= $answer->{txn}) ne $answer->{txn};
	}
}
is($shared, undef, 'ledgers: no two transactions have one t');
rows_are($node, q{SELECT doc->'http://p/c' FROM "race:main" WHERE iri = 'http://n/1'},
	sprintf('[{"@value": %d}]', $counted), 'ledgers: no increment lost');
# what two calls of a transaction have asserted and retracted is in no flake
my $head = $node->safe_psql('postgres', 'SELECT t FROM "race:main_head"');
is(join(' ', sort { $a <=> $b } 1, keys %txn_of), join(' ', 1 .. $head),
	'ledgers: t has no gaps');
rows_are($node, qq{SELECT count(*) FROM (SELECT DISTINCT t FROM ledger_flakes('race')) AS f WHERE t NOT IN (@{[join ', ', 1, keys %txn_of]})},
	0, 'ledgers: no flakes but those of what was committed');
rows_are($node,
	q{SELECT count(*) FROM "race:main" WHERE ledger_get('race', iri, '{}') IS DISTINCT FROM ledger_get('race', iri, '{}', (SELECT t FROM "race:main_head"))},
	0, 'ledgers: the flakes make the nodes');
rows_are($node,
	q{SELECT count(*) FROM (SELECT s, p, o::text, sum(CASE WHEN op THEN 1 ELSE -1 END) AS n FROM ledger_flakes('race') GROUP BY s, p, o::text) AS f WHERE n NOT IN (0, 1)},
	0, 'ledgers: nothing is asserted twice or retracted before');

amcheck_is_clean($node, 'amcheck');
$node->stop;
done_testing();
