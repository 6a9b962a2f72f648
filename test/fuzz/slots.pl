# C8QL against a model: statements of nested subqueries, loops, sorts, groups and
# writes, of which this script knows the answer.
#
#	perl slots.pl SEED ROUNDS | psql
#
# It prints the psql script: a statement, what it must answer, and what must
# stand in the collections afterwards.  A statement is a tree that is made at
# random, printed as text, and evaluated here clause by clause on lists of rows:
#
#	rows = ({})				FOR, LET, FILTER, SORT, LIMIT, COLLECT, WINDOW, traversals, writes: rows -> rows
#	row  = {variable => value}	value = ['n', 1] ['s', "x"] ['b', 1] ['z'] ['a', [...]] ['o', {...}]
#
# so that no variable of one row or query can reach another one, which is what
# an engine with slots, contexts and cursors has to prove.  Reads see the
# collections as they were when the statement began; writes see each other.
# Only writes fail, so it makes no difference that the engine asks for rows one
# by one.  Strings are long and of all lengths, for memory to move.
use strict;
use warnings;

my ($seed, $rounds) = @ARGV;
srand($seed =~ /\A0\.(\d+)\z/ ? "1$1" : $seed);
$| = 1;

sub pick { return $_[rand @_] }
sub chance { return rand() < $_[0] }

# ----------
# Values
# ----------
my %rank = (z => 0, b => 1, n => 2, s => 3, a => 4, o => 5);

sub num { return ['n', $_[0]] }
sub str { return ['s', $_[0]] }
sub bool { return ['b', $_[0] ? 1 : 0] }
sub arr { return ['a', [@_]] }
my $null = ['z'];

sub compare
{
	my ($x, $y) = @_;
	return $rank{$x->[0]} <=> $rank{$y->[0]} if $x->[0] ne $y->[0];
	return 0 if $x->[0] eq 'z';
	return $x->[1] <=> $y->[1] if $x->[0] eq 'n' || $x->[0] eq 'b';
	return $x->[1] cmp $y->[1] if $x->[0] eq 's';
	if ($x->[0] eq 'a')
	{
		my $n = @{ $x->[1] } > @{ $y->[1] } ? @{ $x->[1] } : @{ $y->[1] };
		for my $i (0 .. $n - 1)
		{
			my $c = compare($x->[1][$i] // $null, $y->[1][$i] // $null);
			return $c if $c;
		}
		return 0;
	}
	my %names = (%{ $x->[1] }, %{ $y->[1] });
	for my $name (sort keys %names)
	{
		my $c = compare($x->[1]{$name} // $null, $y->[1]{$name} // $null);
		return $c if $c;
	}
	return 0;
}

sub truthy
{
	my ($v) = @_;
	return 0 if $v->[0] eq 'z';
	return $v->[1] != 0 if $v->[0] eq 'b' || $v->[0] eq 'n';
	return $v->[1] ne '' if $v->[0] eq 's';
	return 1;
}

sub json
{
	my ($v) = @_;
	return 'null' if $v->[0] eq 'z';
	return $v->[1] ? 'true' : 'false' if $v->[0] eq 'b';
	return "$v->[1]" if $v->[0] eq 'n';
	return qq("$v->[1]") if $v->[0] eq 's';
	return '[' . join(', ', map { json($_) } @{ $v->[1] }) . ']' if $v->[0] eq 'a';
	return '{' . join(', ', map { qq("$_": ) . json($v->[1]{$_}) } sort keys %{ $v->[1] }) . '}';
}

sub text
{
	my ($v) = @_;
	return $v->[0] eq 'z' ? '' : $v->[0] eq 'b' ? ($v->[1] ? 'true' : 'false') : "$v->[1]";
}

sub merge
{
	my ($old, $new) = @_;
	my %merged = %{ $old->[1] };
	for my $name (keys %{ $new->[1] })
	{
		my ($was, $is) = ($merged{$name}, $new->[1]{$name});
		$merged{$name} = $was && $was->[0] eq 'o' && $is->[0] eq 'o' ? merge($was, $is) : $is;
	}
	return ['o', \%merged];
}

# ----------
# The collections: now, and as they were when the statement began
# ----------
my @collections = qw(ca cb cc cd);
my (%state, %before, %stats);

sub fresh_state
{
	%state = ();
	for my $c (@collections)
	{
		$state{$c} = {};
		for my $i (1 .. 1 + int rand 6)
		{
			my %doc;
			$doc{n} = num(int rand 9) if chance(0.8);
			$doc{s} = str('abcdefgh' x int rand 12) if chance(0.7);
			($doc{_from}, $doc{_to}) = map { str(pick('ca', 'ca', 'cb') . '/k' . (1 + int rand 5)) } 1 .. 2 if chance(0.8);
			$doc{l} = arr(map { num(int rand 9) } 1 .. rand 4) if chance(0.7);
			$doc{o} = ['o', { p => num(int rand 5), q => str('q' x int rand 200) }] if chance(0.6);
			$state{$c}{"k$i"} = ['o', \%doc];
		}
	}
	return;
}

sub shown
{
	my ($key, $doc) = @_;
	return ['o', { %{ $doc->[1] }, _key => str($key) }];
}

# ----------
# Expressions: [kind, parts]; what they look like, and what they are worth
# ----------
sub show
{
	my ($e) = @_;
	my ($kind, @p) = @$e;
	return json($p[0]) if $kind eq 'const';
	return $p[0] if $kind eq 'var';
	return $p[0] . '(' . join(', ', map { show($_) } @p[1 .. $#p]) . ')' if $kind eq 'call';
	return '(' . show($p[1]) . " $p[0] " . show($p[2]) . ')' if $kind eq 'op';
	return '(!' . show($p[0]) . ')' if $kind eq 'not';
	return '(' . show($p[0]) . ' ? ' . show($p[1]) . ' : ' . show($p[2]) . ')' if $kind eq 'if';
	return show($p[0]) . ".$p[1]" if $kind eq 'attr';
	return show($p[0]) . '[' . show($p[1]) . ']' if $kind eq 'index';
	return '[' . join(', ', map { show($_) } @p) . ']' if $kind eq 'array';
	return '{' . join(', ', map { "$_->[0]: " . show($_->[1]) } @p) . '}' if $kind eq 'object';
	return '(' . show($p[0]) . '..' . show($p[1]) . ')' if $kind eq 'range';
	# what follows [*] is done to each element; parentheses end that
	return '(' . show($p[0]) . '[* FILTER ' . show($p[1]) . ' RETURN ' . show($p[2]) . '])' if $kind eq 'expand';
	return '(' . show_query($p[0]) . ')' if $kind eq 'sub';
	return '(' . show($p[0]) . ")[? $p[1] FILTER " . show($p[2]) . ']' if $kind eq 'question';
	die $kind;
}

sub worth
{
	my ($e, $row) = @_;
	my ($kind, @p) = @$e;
	return $p[0] if $kind eq 'const';
	return $row->{ $p[0] } // die "no $p[0]" if $kind eq 'var';
	return array_of(run_query($p[0], $row)) if $kind eq 'sub';
	return truthy(worth($p[0], $row)) ? worth($p[1], $row) : worth($p[2], $row) if $kind eq 'if';
	return arr(map { worth($_, $row) } @p) if $kind eq 'array';
	return ['o', { map { $_->[0] => worth($_->[1], $row) } @p }] if $kind eq 'object';
	return bool(!truthy(worth($p[0], $row))) if $kind eq 'not';
	if ($kind eq 'attr')
	{
		my $base = worth($p[0], $row);
		return $base->[0] eq 'o' ? $base->[1]{ $p[1] } // $null : $null;
	}
	if ($kind eq 'index')
	{
		my ($base, $i) = map { worth($_, $row) } @p;
		return $base->[0] eq 'a' && $i->[0] eq 'n' ? $base->[1][ $i->[1] ] // $null : $null;
	}
	if ($kind eq 'range')
	{
		my ($from, $to) = map { worth($_, $row)->[1] } @p;
		return arr(map { num($_) } $from <= $to ? $from .. $to : reverse $to .. $from);
	}
	if ($kind eq 'expand')
	{
		my $base = worth($p[0], $row);
		my @rows = map { { %$row, CURRENT => $_ } } $base->[0] eq 'a' ? @{ $base->[1] } : ();
		return arr(map { worth($p[2], $_) } grep { truthy(worth($p[1], $_)) } @rows);
	}
	if ($kind eq 'question')
	{
		my $base = worth($p[0], $row);
		return bool(0) if $base->[0] ne 'a';
		my @rows = map { { %$row, CURRENT => $_ } } @{ $base->[1] };
		my $n = grep { truthy(worth($p[2], $_)) } @rows;
		return bool($n > 0) if $p[1] eq 'ANY';
		return bool($n == @rows) if $p[1] eq 'ALL';
		return bool($n == 0) if $p[1] eq 'NONE';
		return bool($n >= $1) if $p[1] =~ /\AAT LEAST \((\d)\)\z/;
		return bool($n >= $1 && $n <= $2) if $p[1] =~ /\A(\d)\.\.(\d)\z/;
		return bool($n == $p[1]);
	}
	if ($kind eq 'op')
	{
		my $op = shift @p;
		my $x = worth($p[0], $row);
		return truthy($x) ? worth($p[1], $row) : $x if $op eq '&&';
		return truthy($x) ? $x : worth($p[1], $row) if $op eq '||';
		my $y = worth($p[1], $row);
		return num($x->[1] + $y->[1]) if $op eq '+';
		return num($x->[1] - $y->[1]) if $op eq '-';
		return num($x->[1] % $y->[1]) if $op eq '%';
		return bool(scalar grep { compare($_, $x) == 0 } @{ $y->[1] }) if $op eq 'IN';
		my $c = compare($x, $y);
		return bool($op eq '==' ? $c == 0 : $op eq '!=' ? $c != 0 : $op eq '<' ? $c < 0 : $c >= 0);
	}
	my $name = shift @p;
	if ($name eq 'ASSERT')
	{
		die { failed => 'assert' } if !truthy(worth($p[0], $row));
		return bool(1);
	}
	if ($name eq 'DOCUMENT')
	{
		my ($c, $key) = split m{/}, worth($p[0], $row)->[1];
		return $before{$c}{$key} ? shown($key, $before{$c}{$key}) : $null;
	}
	my @v = map { worth($_, $row) } @p;
	return str(join '', map { text($_) } @v) if $name eq 'CONCAT';
	return str($v[0][1] x $v[1][1]) if $name eq 'REPEAT';
	return num($v[0][0] eq 's' ? length $v[0][1] : scalar @{ $v[0][1] }) if $name eq 'LENGTH';
	return $v[0][1][0] // $null if $name eq 'FIRST';
	return $v[0][1][-1] // $null if $name eq 'LAST';
	return arr(reverse @{ $v[0][1] }) if $name eq 'REVERSE';
	die $name;
}

sub array_of { return ['a', $_[0]] }

sub elements
{
	die { failed => 'array' } if !$_[0];
	return @{ $_[0][1] };
}

# ----------
# Queries: a list of clauses [kind, parts]
# ----------
sub show_clause
{
	my ($kind, @p) = @{ $_[0] };
	return "FOR $p[0] IN " . show($p[1]) if $kind eq 'for';
	return "FOR $p[0] IN $p[1]" . ($p[2] ? ' FILTER ' . show($p[2]) : '') . ($p[3] ? " FOR $p[3] IN $p[0].l" : '') .
	  " SORT $p[0]._key" if $kind eq 'scan';
	return "LET $p[0] = " . show($p[1]) if $kind eq 'let';
	return "LET [$p[0], , $p[1]] = " . show($p[2]) if $kind eq 'items';
	return "LET {n: $p[0], o: {p: $p[1]}} = " . show($p[2]) if $kind eq 'parts';
	if ($kind eq 'hop')
	{
		my ($v, $e, $p, $n, $length, $c, $direction, $least, $most, $start, $prune, $options) = @p;
		return "FOR $v, $e, $p IN $least..$most $direction " . show($start) . " $c" . (defined $prune ? " PRUNE $e.n == $prune" : '') .
		  "$options SORT $p.edges[*]._key LET $n = $v.n, $length = LENGTH($p.vertices)";
	}
	if ($kind eq 'window')
	{
		my ($before, $after, $value, $aggregates) = @p;
		my ($preceding, $following) = map { /unbounded/ ? qq("$_") : $_ } $before, $after;
		return 'WINDOW ' . ($value ? show($value) . ' WITH ' : '') . "{preceding: $preceding, following: $following} AGGREGATE " .
		  join(', ', map { "$_->[0] = $_->[1](" . show($_->[2]) . ')' } @$aggregates);
	}
	return 'FILTER ' . show($p[0]) if $kind eq 'filter';
	return 'SORT ' . join(', ', map { show($_->[0]) . ($_->[1] ? ' DESC' : '') } @p) if $kind eq 'sort';
	return "LIMIT $p[0], $p[1]" if $kind eq 'limit';
	return 'RETURN ' . ($p[1] ? 'DISTINCT ' : '') . show($p[0]) if $kind eq 'return';
	if ($kind eq 'collect')
	{
		my ($groups, $aggregates, $into) = @p;
		my $s = 'COLLECT ' . join(', ', map { "$_->[0] = " . show($_->[1]) } @$groups);
		$s .= ' AGGREGATE ' . join(', ', map { "$_->[0] = $_->[1](" . show($_->[2]) . ')' } @$aggregates) if @$aggregates;
		$s .= " INTO $into->[0] = " . show($into->[1]) if $into;
		return $s;
	}
	my ($c, $options) = ($p[0], $p[1] ? ' OPTIONS {ignoreErrors: true}' : '');
	my @e = map { show($_) } @p[2 .. $#p];
	return "INSERT $e[0] IN $c$options" if $kind eq 'insert';
	return "REMOVE $e[0] IN $c$options" if $kind eq 'remove';
	return uc($kind) . " $e[0] WITH $e[1] IN $c$options" if $kind eq 'update' || $kind eq 'replace';
	return "UPSERT $e[0] INSERT $e[1] UPDATE $e[2] IN $c$options";
}
sub show_query { return join ' ', map { show_clause($_) } @{ $_[0] } }

sub is_write { return $_[0][0] =~ /\A(insert|update|replace|remove|upsert)\z/ }

sub run_query
{
	my ($query, $outer) = @_;
	my @rows = ({%$outer});
	my @result;

	for my $n (0 .. $#$query)
	{
		my ($kind, @p) = @{ $query->[$n] };
		my @next;

		if ($kind eq 'for')
		{
			for my $row (@rows) { push @next, map { { %$row, $p[0] => $_ } } @{ worth($p[1], $row)->[1] } }
		}
		elsif ($kind eq 'scan')
		{
			# SORT is of all rows, by key, and stable
			for my $key (sort keys %{ $before{ $p[1] } })
			{
				my @found = map { { %$_, $p[0] => shown($key, $before{ $p[1] }{$key}) } } @rows;
				@found = grep { truthy(worth($p[2], $_)) } @found if $p[2];
				@found = map { my $row = $_; map { { %$row, $p[3] => $_ } } elements($row->{ $p[0] }[1]{l}) } @found if $p[3];
				push @next, @found;
			}
		}
		elsif ($kind eq 'let') { @next = map { { %$_, $p[0] => worth($p[1], $_) } } @rows }
		elsif ($kind eq 'items')
		{
			for my $row (@rows)
			{
				my $v = worth($p[2], $row)->[1];
				push @next, { %$row, $p[0] => $v->[0] // $null, $p[1] => $v->[2] // $null };
			}
		}
		elsif ($kind eq 'parts')
		{
			for my $row (@rows)
			{
				my $v = worth($p[2], $row);
				my ($n, $o) = map { $v->[0] eq 'o' ? $v->[1]{$_} // $null : $null } qw(n o);
				push @next, { %$row, $p[0] => $n, $p[1] => $o->[0] eq 'o' ? $o->[1]{p} // $null : $null };
			}
		}
		elsif ($kind eq 'hop') { @next = hop(\@rows, @p) }
		elsif ($kind eq 'window') { @next = window(\@rows, @p) }
		elsif ($kind eq 'filter') { @next = grep { truthy(worth($p[0], $_)) } @rows }
		elsif ($kind eq 'limit') { @next = grep { defined } @rows[ $p[0] .. $p[0] + $p[1] - 1 ] if $p[1] && @rows }
		elsif ($kind eq 'sort')
		{
			my @keyed = map { my $row = $_; [ $row, map { worth($_->[0], $row) } @p ] } @rows;
			my @order = sort {
				my $c = 0;
				for my $i (0 .. $#p)
				{
					$c = compare($keyed[$a][ $i + 1 ], $keyed[$b][ $i + 1 ]) * ($p[$i][1] ? -1 : 1);
					last if $c;
				}
				$c || $a <=> $b
			} 0 .. $#keyed;
			@next = map { $keyed[$_][0] } @order;
		}
		elsif ($kind eq 'collect') { @next = collect($outer, \@rows, @p) }
		elsif ($kind eq 'return')
		{
			for my $row (@rows)
			{
				my $v = worth($p[0], $row);
				push @result, $v unless $p[1] && grep { compare($_, $v) == 0 } @result;
			}
		}
		else
		{
			my $used = join(' ', map { show_clause($_) } @{$query}[ $n + 1 .. $#$query ]) =~ /\b(OLD|NEW)\b/;
			for my $row (@rows)
			{
				my $done = write_row($kind, $row, @p);
				push @next, { %$row, $done ? %$done : () } if $done || !$used;
			}
		}
		@rows = @next;
	}
	return \@result;
}

# All paths of so many edges, no edge twice, in the order of their edges' keys.
sub hop
{
	my ($rows, $v, $e, $p, $n, $length, $c, $direction, $least, $most, $start, $prune, $options) = @_;
	my @found;
	my $walk;
	$walk = sub {
		my ($row, $at, $vertices, $keys) = @_;
		return if @$keys >= $most;
		for my $key (keys %{ $before{$c} })
		{
			my ($from, $to) = map { $before{$c}{$key}[1]{$_} // $null } qw(_from _to);
			next if $from->[0] ne 's' || $to->[0] ne 's' || grep { $_ eq $key } @$keys;
			for my $pair ($direction ne 'INBOUND' ? [ $from, $to ] : (), $direction ne 'OUTBOUND' ? [ $to, $from ] : ())
			{
				next if $pair->[0][1] ne $at;
				my $next = $pair->[1][1];
				next if $options =~ /uniqueVertices/ && grep { $_ eq $next } @$vertices;
				my ($collection, $k) = split m{/}, $next;
				my $doc = $before{$collection}{$k};
				my @path = (@$keys, $key);
				my $edge = shown($key, $before{$c}{$key});
				push @found,
				  [
					$row, arr(map { str($_) } @path),
					{ %$row, $e => $edge, $n => $doc ? $doc->[1]{n} // $null : $null, $length => num(@path + 1) }
				  ] if @path >= $least;
				my $stop = defined $prune && compare($edge->[1]{n} // $null, num($prune)) == 0;
				$walk->($row, $next, [ @$vertices, $next ], \@path) if !$stop;
				last if $from->[1] eq $to->[1];
			}
		}
	};
	my $number = 0;
	my %order;
	for my $row (@$rows)
	{
		my $at = worth($start, $row)->[1];
		$order{$row} = $number++;
		# where PRUNE looks at the start, it must be there
		my ($collection, $k) = split m{/}, $at;
		next if defined $prune && !$before{$collection}{$k};
		$walk->($row, $at, [$at], []);
	}
	return map { $_->[2] } sort { compare($a->[1], $b->[1]) || $order{ $a->[0] } <=> $order{ $b->[0] } } @found;
}

sub window
{
	my ($rows, $before, $after, $value, $aggregates) = @_;
	my @rows = map { { row => $_, value => $value ? worth($value, $_)->[1] : 0 } } @$rows;
	for my $one (@rows) { $one->{args} = [ map { worth($_->[2], $one->{row}) } @$aggregates ] }
	my @order = sort { $rows[$a]{value} <=> $rows[$b]{value} || $a <=> $b } 0 .. $#rows;
	@rows = @rows[@order] if $value;
	my @next;
	for my $i (0 .. $#rows)
	{
		my @frame = grep {
			my $distance = $value ? $rows[$_]{value} - $rows[$i]{value} : $_ - $i;
			($before eq 'unbounded' || $distance >= -$before) && ($after eq 'unbounded' || $distance <= $after)
		} 0 .. $#rows;
		my %row = %{ $rows[$i]{row} };
		for my $k (0 .. $#$aggregates)
		{
			my ($name, $function) = @{ $aggregates->[$k] };
			my @v = map { $rows[$_]{args}[$k] } @frame;
			my @sorted = sort { compare($a, $b) } @v;
			my $sum = 0;
			$sum += $_->[1] for @v;
			$row{$name} =
			  $function eq 'COUNT' ? num(scalar @v) : $function eq 'SUM' ? num($sum) :
			  $function eq 'MAX' ? $sorted[-1] : $function eq 'PUSH' ? arr(@v) : $sorted[0];
		}
		push @next, \%row;
	}
	return @next;
}

sub collect
{
	my ($outer, $rows, $groups, $aggregates, $into) = @_;
	my @kept;
	for my $row (@$rows)
	{
		push @kept,
		  {
			keys => [ map { worth($_->[1], $row) } @$groups ],
			args => [ map { worth($_->[2], $row) } @$aggregates ],
			into => $into ? worth($into->[1], $row) : undef
		  };
	}
	my $cmp = sub {
		for my $i (0 .. $#$groups)
		{
			my $c = compare($_[0]{keys}[$i], $_[1]{keys}[$i]);
			return $c if $c;
		}
		return 0;
	};
	my @order = sort { $cmp->($kept[$a], $kept[$b]) || $a <=> $b } 0 .. $#kept;
	my @next;
	while (@order)
	{
		my @group = ($kept[ shift @order ]);
		push @group, $kept[ shift @order ] while @order && $cmp->($group[0], $kept[ $order[0] ]) == 0;
		my %row = %$outer;
		$row{ $groups->[$_][0] } = $group[0]{keys}[$_] for 0 .. $#$groups;
		for my $i (0 .. $#$aggregates)
		{
			my ($name, $function) = @{ $aggregates->[$i] };
			my @v = map { $_->{args}[$i] } @group;
			my ($least, @sorted) = (undef, sort { compare($a, $b) } @v);
			my $sum = 0;
			$sum += $_->[0] eq 'n' ? $_->[1] : 0 for @v;
			$row{$name} =
			  $function eq 'COUNT' ? num(scalar @v) : $function eq 'SUM' ? num($sum) :
			  $function eq 'MAX' ? $sorted[-1] : $sorted[0];
		}
		$row{ $into->[0] } = arr(map { $_->{into} } @group) if $into;
		push @next, \%row;
	}
	return @next;
}

# One row of a write: {OLD, NEW}, or nothing if it failed and that is ignored.
sub write_row
{
	my ($kind, $row, $c, $ignore, @p) = @_;
	my %saved = %{ $state{$c} };
	my @outside;

	# what is evaluated outside of what may be ignored
	@outside = (worth($p[0], $row)) if $kind eq 'insert' || $kind eq 'upsert';
	@outside = (undef, worth($p[1], $row)) if $kind eq 'update' || $kind eq 'replace';

	my $done = eval { write_document($kind, $row, $c, \@p, \@outside) };
	if (!$done)
	{
		my $error = $@;
		die $error if !ref $error || !$error->{failed} || !$ignore || $error->{always};
		$state{$c} = \%saved;
		$stats{ignored}++;
		return;
	}
	$stats{executed}++;
	return $done;
}

sub checked_key
{
	my ($v) = @_;
	die { failed => 'key' } if !$v || $v->[0] ne 's' || $v->[1] !~ /\A[a-z0-9]{1,254}\z/;
	return $v->[1];
}

sub body
{
	my %attributes = %{ $_[0][1] };
	delete $attributes{_key};
	return ['o', \%attributes];
}

sub write_document
{
	my ($kind, $row, $c, $p, $outside) = @_;
	my $docs = $state{$c};
	my ($key, $old, $new);

	if ($kind eq 'insert')
	{
		$key = checked_key($outside->[0][1]{_key});
		die { failed => 'unique' } if $docs->{$key};
		$new = body($outside->[0]);
	}
	elsif ($kind eq 'upsert')
	{
		my $search = $outside->[0][1];
		for my $candidate (sort keys %$docs)
		{
			my $doc = shown($candidate, $docs->{$candidate});
			next if grep { compare($doc->[1]{$_} // $null, $search->{$_}) } keys %$search;
			$key = $candidate;
			last;
		}
		my %with = (%$row, OLD => defined $key ? shown($key, $docs->{$key}) : $null);
		# both are evaluated; an error in them is one, come what may
		my ($insert, $update) = map { my $e = $_; eval { worth($e, \%with) } // die { failed => 'x', always => 1 } } @{$p}[ 1, 2 ];
		if (defined $key)
		{
			$old = $docs->{$key};
			$new = merge($old, body($update));
		}
		else
		{
			$key = checked_key($insert->[1]{_key});
			die { failed => 'unique' } if $docs->{$key};
			$new = body($insert);
		}
	}
	else
	{
		$key = checked_key(worth($p->[0], $row));
		$old = $docs->{$key} // die { failed => 'not found' };
		$new = $kind eq 'update' ? merge($old, body($outside->[1])) : body($outside->[1]) if $kind ne 'remove';
	}
	delete $docs->{$key};
	$docs->{$key} = $new if $new;
	return { OLD => $old ? shown($key, $old) : $null, NEW => $new ? shown($key, $new) : $null };
}

# ----------
# Making them up
# ----------
# A scope: variables by kind (int str arr obj doc any), what may be read and
# written, and how deep we are.
my $nvariables;
my %written;

sub variable { return 'v' . ++$nvariables }

sub of_kind
{
	my ($scope, @kinds) = @_;
	return map { ['var', $_] } grep { my $k = $scope->{vars}{$_}; grep { $k eq $_ } @kinds } sort keys %{ $scope->{vars} };
}

sub with { my ($scope, %vars) = @_; return { %$scope, vars => { %{ $scope->{vars} }, %vars } } }

# null where a document lacks it
sub or_else { return ['if', ['op', '==', $_[0], ['const', $null]], ['const', $_[1]], $_[0]] }

sub make
{
	my ($kind, $scope, $depth) = @_;
	my @docs = of_kind($scope, 'doc');

	$depth //= 0;
	if ($kind eq 'int')
	{
		my @vars = of_kind($scope, 'int');
		return pick(@vars) if @vars && chance(0.5);
		return ['const', num(int rand 7)] if $depth > 2 || chance(0.3);
		return or_else(['attr', pick(@docs), 'n'], num(0)) if @docs && chance(0.5);
		return ['call', 'LENGTH', make(pick('arr', 'str'), $scope, $depth + 1)] if chance(0.4);
		return ['op', '%', ['op', '+', map { make('int', $scope, $depth + 1) } 1 .. 2], ['const', num(7)]];
	}
	if ($kind eq 'str')
	{
		my @vars = of_kind($scope, 'str');
		return pick(@vars) if @vars && chance(0.5);
		return ['const', str(join '', map { pick('a' .. 'e') } 1 .. rand 20)] if $depth > 2 || chance(0.2);
		return or_else(['attr', pick(@docs), 's'], str('none')) if @docs && chance(0.5);
		return ['call', 'REPEAT', ['const', str(pick('x' .. 'z'))], ['const', num(int rand(chance(0.1) ? 3000 : 200))]] if chance(0.4);
		return ['call', 'CONCAT', map { make(pick('int', 'str'), $scope, $depth + 1) } 1 .. 1 + rand 3];
	}
	if ($kind eq 'bool')
	{
		return ['op', pick('==', '!=', '<', '>='), map { make('int', $scope, $depth + 1) } 1 .. 2] if chance(0.4);
		return ['op', pick('<', '>=', '!='), map { make('any', $scope, $depth + 1) } 1 .. 2] if $depth > 2 || chance(0.3);
		return ['op', 'IN', make('int', $scope, $depth + 1), make('arr', $scope, $depth + 1)] if chance(0.3);
		return ['not', make('bool', $scope, $depth + 1)] if chance(0.2);
		return ['question', make('arr', $scope, $depth + 1), pick('ANY', 'ALL', 'NONE', '1', '2', '1..2', '0..1', 'AT LEAST (2)'),
			make('bool', with($scope, CURRENT => 'any'), $depth + 1)] if chance(0.2);
		return ['op', pick('&&', '||'), map { make('bool', $scope, $depth + 1) } 1 .. 2];
	}
	if ($kind eq 'arr')
	{
		my @vars = of_kind($scope, 'arr');
		return pick(@vars) if @vars && chance(0.3);
		return ['array', map { ['const', num(int rand 9)] } 1 .. rand 4] if $depth > 2 || $scope->{level} > 3;
		return ['range', map { ['const', num(int rand 4)] } 1 .. 2] if chance(0.2);
		return or_else(['attr', pick(@docs), 'l'], arr()) if @docs && chance(0.3);
		return ['call', 'REVERSE', make('arr', $scope, $depth + 1)] if chance(0.1);
		return ['sub', make_query({ %$scope, level => $scope->{level} + 1 }, 0)] if chance(0.6);
		if (chance(0.4))
		{
			my $inner = with($scope, CURRENT => 'any');
			return ['expand', make('arr', $scope, $depth + 1), make('bool', $inner, $depth + 1), make('any', $inner, $depth + 1)];
		}
		return ['array', map { make('any', $scope, $depth + 1) } 1 .. rand 4];
	}
	if ($kind eq 'obj')
	{
		return ['object', map { [$_, make('any', $scope, $depth + 1)] } grep { chance(0.6) } qw(a b c)];
	}
	my @vars = of_kind($scope, 'any', 'obj');
	return pick(@vars) if @vars && chance(0.4);
	return ['attr', pick(@docs), pick(qw(n s l o _key gone))] if @docs && chance(0.3);
	return ['attr', ['attr', pick(@docs), 'o'], pick(qw(p q))] if @docs && chance(0.3);
	return ['call', pick('FIRST', 'LAST'), make('arr', $scope, $depth + 1)] if $depth < 3 && chance(0.3);
	return ['index', make('arr', $scope, $depth + 1), make('int', $scope, $depth + 1)] if $depth < 3 && chance(0.2);
	my @readable = grep { !$written{$_} } @collections;
	return ['attr', ['call', 'DOCUMENT', ['const', str(pick(@readable) . '/k' . (1 + int rand 7))]], pick(qw(n s l))]
	  if !%written && chance(0.1);
	return make(pick($depth > 2 ? qw(int str) : qw(int str bool arr obj)), $scope, $depth + 1);
}

# A key that may be there, or not, or be none; with an assertion that may fail.
sub make_key
{
	my ($scope, $may_fail) = @_;
	my $key = ['call', 'CONCAT', ['const', str('k')], make('int', $scope, 1)];
	return ['call', 'CONCAT', ['const', str('n')], make('int', $scope, 1), make('int', $scope, 1)] if chance(0.3);
	return $key if !$may_fail || chance(0.3);
	my @readable = grep { !$written{$_} } @collections;
	if (@readable && chance(0.7))
	{
		# a cursor that an error leaves open: of ASSERT, or for want of an array
		my ($c, $v, $e) = (pick(@readable), variable(), chance(0.3) ? variable() : undef);
		my $inner = with($scope, $v => 'doc');
		my $assert = chance(0.7) ? ['call', 'ASSERT', make('bool', $inner, 1), ['const', str('boom')]] : undef;
		my $query = [['scan', $v, $c, $assert, $e]];
		push @$query, ['sort', [make('any', $inner, 1), chance(0.5)]] if chance(0.4);
		push @$query, ['return', ['attr', ['var', $v], '_key'], 0];
		return ['call', pick('FIRST', 'LAST'), ['sub', $query]];
	}
	return ['if', make('bool', $scope, 1), $key, ['const', pick($null, num(3), str('bad key'), str(''))]];
}

sub make_body
{
	my ($scope, $key) = @_;
	my @attributes = $key ? ['_key', $key] : ();
	push @attributes, ['n', make('int', $scope, 1)] if chance(0.7);
	push @attributes, ['s', make('str', $scope, 1)] if chance(0.6);
	push @attributes, ['o', ['object', ['p', make('int', $scope, 1)], chance(0.5) ? ['q', make('str', $scope, 1)] : ()]] if chance(0.4);
	push @attributes, ['l', ['array', map { make('int', $scope, 1) } 1 .. rand 4]] if chance(0.4);
	return ['object', @attributes];
}

# Sets what is visible after it in $scope->{vars}.
sub make_write
{
	my ($scope) = @_;
	my @free = grep { !$written{$_} } @collections;
	return if !@free;
	my ($c, $ignore, $kind) = (pick(@free), chance(0.7), pick(qw(insert upsert update replace remove)));
	my @parts;

	if ($kind eq 'insert') { @parts = make_body($scope, make_key($scope, 0)) }
	elsif ($kind eq 'remove') { @parts = make_key($scope, $ignore) }
	elsif ($kind eq 'upsert')
	{
		my $with_old = with($scope, OLD => 'doc');
		my $key = make_key($scope, 0);
		my $search = chance(0.5) ? ['object', ['_key', $key]] : ['object', ['n', make('int', $scope, 1)], chance(0.3) ? ['s', make('str', $scope, 1)] : ()];
		@parts = ($search, make_body($scope, chance(0.8) ? $key : make_key($scope, 0)), make_body($with_old));
	}
	else { @parts = (make_key($scope, $ignore), make_body($scope)) }
	$written{$c} = 1;
	return [$kind, $c, $ignore ? 1 : 0, @parts];
}

sub make_query
{
	my ($outer, $writes) = @_;
	my $scope = $outer;
	my $own = sub { my %vars = @_; $scope = with($scope, %vars) };
	my @clauses;
	my $rows = 1;

	for (1 .. 1 + int rand($outer->{level} ? 4 : 6))
	{
		my $what = rand;
		my $v = variable();
		my @readable = grep { !$written{$_} } @collections;

		if ($what < 0.2 && @readable && $rows < 40)
		{
			# a filter that an index can help with
			my $filter = chance(0.5) ? ['op', pick('==', '==', '<', '>='), ['attr', ['var', $v], 'n'], make('int', $scope)] : undef;
			$filter = ['op', '==', ['attr', ['var', $v], 's'], make(pick('str', 'any'), $scope)] if chance(0.2);
			$filter = ['op', '&&', ['op', '<', ['attr', ['var', $v], 'n'], make('int', $scope)], ['op', '>=', ['attr', ['var', $v], 'n'], make('int', $scope)]] if chance(0.1);
			$filter = ['op', 'IN', ['attr', ['var', $v], '_key'], make('arr', $scope)] if chance(0.05);
			push @clauses, ['scan', $v, pick(@readable), $filter];
			$own->($v => 'doc');
			$rows *= 4;
		}
		elsif ($what < 0.35 && $rows < 40)
		{
			my $ints = chance(0.5);
			push @clauses, ['for', $v, $ints ? ['range', map { ['const', num(int rand 5)] } 1 .. 2] : make('arr', $scope)];
			$own->($v => $ints ? 'int' : 'any');
			$rows *= 3;
		}
		elsif ($what < 0.41 && !%written && $rows < 20)
		{
			my ($e, $p, $n, $length) = map { variable() } 1 .. 4;
			my $least = 1 + int rand 2;
			my $options = pick('', '', ' OPTIONS {order: "bfs"}', ' OPTIONS {uniqueVertices: "path"}', ' OPTIONS {order: "bfs", uniqueVertices: "path"}');
			push @clauses, ['hop', $v, $e, $p, $n, $length, pick(@readable), pick(qw(OUTBOUND INBOUND ANY)), $least, $least + int rand 2,
				['call', 'CONCAT', ['const', str(pick('ca', 'cb') . '/k')], make('int', $scope, 2)], chance(0.3) ? int rand 9 : undef, $options];
			$own->($e => 'doc', $n => 'any', $length => 'int');
			$rows *= 4;
		}
		elsif ($what < 0.45)
		{
			my @aggregates = map { [variable(), pick(qw(SUM MAX MIN COUNT PUSH)), make('int', $scope)] } 1 .. 1 + rand 2;
			push @clauses, ['window', (map { chance(0.2) ? 'unbounded' : int rand 4 } 1 .. 2), chance(0.4) ? make('int', $scope) : undef, \@aggregates];
			$own->(map { $_->[0] => $_->[1] eq 'PUSH' ? 'arr' : 'int' } @aggregates);
		}
		elsif ($what < 0.48)
		{
			my $w = variable();
			push @clauses, chance(0.5) ? ['items', $v, $w, make('arr', $scope)] : ['parts', $v, $w, make(pick('obj', 'any'), $scope)];
			$own->($v => 'any', $w => 'any');
		}
		elsif ($what < 0.55)
		{
			my $kind = pick(qw(int str arr obj any));
			push @clauses, ['let', $v, make($kind, $scope)];
			$own->($v => $kind);
		}
		elsif ($what < 0.63) { push @clauses, ['filter', make('bool', $scope)] }
		elsif ($what < 0.78) { push @clauses, ['sort', map { [make(pick('any', 'str', 'int'), $scope), chance(0.4)] } 1 .. 1 + rand 2] }
		elsif ($what < 0.84)
		{
			push @clauses, ['limit', int rand 2, int rand 5];
			$rows = 4 if $rows > 4;
		}
		elsif ($what < 0.92)
		{
			my $kind = pick(qw(int str any));
			my @groups = ([$v, make($kind, $scope)]);
			my %vars = ($v => $kind);
			my (@aggregates, $into);
			if (chance(0.4))
			{
				my $a = variable();
				push @aggregates, [$a, pick(qw(SUM MAX MIN COUNT)), make('int', $scope)];
				$vars{$a} = 'int';
			}
			if (chance(0.5))
			{
				my $g = variable();
				$into = [$g, make(pick(qw(int str obj)), $scope)];
				$vars{$g} = 'arr';
			}
			push @clauses, ['collect', \@groups, \@aggregates, $into];
			$scope = with($outer, %vars);
		}
		elsif ($writes && chance(0.5) && @readable)
		{
			# a write in a subquery of its own
			my $inner = { %$scope, level => $scope->{level} + 1 };
			my $e = variable();
			my $range = ['for', $e, ['range', map { ['const', num(int rand 3)] } 1 .. 2]];
			$inner = with($inner, $e => 'int');
			my $write = make_write($inner);
			my $seen = with($inner, NEW => 'doc', OLD => 'doc');
			push @clauses, ['let', $v, ['sub', [$range, $write, ['return', make('any', $seen), 0]]]];
			$own->($v => 'arr');
		}
		elsif ($writes && @readable)
		{
			my $write = make_write($scope);
			push @clauses, $write;
			$own->(NEW => 'doc', OLD => 'doc') if chance(0.8);
		}
	}
	push @clauses, ['return', ['array', map { make('any', $scope) } 1 .. 1 + rand 3], chance(0.1)];
	return \@clauses;
}

# ----------
# The script
# ----------
print <<'SQL';
\pset tuples_only on
\set QUIET on
SET client_min_messages = error;
SET statement_timeout = '120s';
CREATE EXTENSION upsert;
SELECT create_collection(c) FROM unnest(ARRAY['ca', 'cb', 'cc', 'cd']) c \g /dev/null
CREATE INDEX ON ca ((doc -> 'n'));
CREATE INDEX ON cb ((doc ->> 's'));
CREATE INDEX ON cc ((doc -> 's'));
CREATE INDEX ON cd ((doc ->> '_from'));
CREATE FUNCTION stored() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('ca', (SELECT jsonb_object_agg(_key, doc) FROM ca), 'cb', (SELECT jsonb_object_agg(_key, doc) FROM cb),
		'cc', (SELECT jsonb_object_agg(_key, doc) FROM cc), 'cd', (SELECT jsonb_object_agg(_key, doc) FROM cd)) $$;
-- prints what is wrong, if anything is; a statement that fails leaves nothing behind
CREATE FUNCTION must(q text, result jsonb, executed int, ignored int, state jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
	again jsonb;
	error text;
BEGIN
	-- what only reads is a value, too, of a program that its call site keeps
	IF q !~ '(INSERT|UPDATE|REPLACE|REMOVE|UPSERT) ' THEN
		FOR i IN 1..2 LOOP
			again := c8ql_eval(('(' || q || ')')::docexpr);
			IF again <> result THEN
				RETURN NEXT format(E'is worth %s\nand not %s\nby %s', again, result, q);
			END IF;
		END LOOP;
	END IF;
	BEGIN
		answer := c8ql_execute(q);
	EXCEPTION WHEN OTHERS THEN
		error := SQLSTATE || ' ' || SQLERRM;
	END;
	IF error ~ '^(XX|58|57)' THEN
		RETURN NEXT error || ': ' || q;
	ELSIF result IS NULL AND error IS NULL THEN
		RETURN NEXT 'no error: ' || q;
	ELSIF result IS NOT NULL AND error IS NOT NULL THEN
		RETURN NEXT error || ': ' || q;
	ELSIF result IS NOT NULL AND answer -> 'result' <> result THEN
		RETURN NEXT format(E'answers %s\nand not %s\nto %s', answer -> 'result', result, q);
	ELSIF result IS NOT NULL AND ((answer -> 'extra' -> 'stats' ->> 'writesExecuted')::int <> executed
		OR (answer -> 'extra' -> 'stats' ->> 'writesIgnored')::int <> ignored) THEN
		RETURN NEXT format(E'counts %s and not %s, %s: %s', answer -> 'extra', executed, ignored, q);
	ELSIF stored() <> state THEN
		RETURN NEXT format(E'stores %s\nand not %s\nby %s', stored(), state, q);
	END IF;
END $$;
SQL

sub state_json
{
	return '{' . join(', ', map {
		my $c = $_;
		qq("$c": ) . (%{ $state{$c} } ? json(['o', $state{$c}]) : 'null')
	} @collections) . '}';
}

my $made = 0;
while ($made < $rounds)
{
	my $direct = pick('on', 'off');
	fresh_state();
	print "SET upsert.direct = $direct;\nTRUNCATE ca, cb, cc, cd;\n";
	for my $c (@collections)
	{
		print "SELECT upsert_load('$c', \$j\$", json(arr(map { shown($_, $state{$c}{$_}) } sort keys %{ $state{$c} })), "\$j\$) \\g /dev/null\n";
	}
	for (1 .. 20)
	{
		my (%kept, $result);
		$nvariables = 0;
		%written = %stats = ();
		my $query = make_query({ vars => {}, level => 0 }, chance(0.7));
		my $text = show_query($query);
		next if length $text > 20000;

		%kept = map { $_ => { %{ $state{$_} } } } @collections;
		%before = map { $_ => { %{ $state{$_} } } } @collections;
		$result = eval { run_query($query, {}) };
		if (!$result)
		{
			die "$@\n$text" if !ref $@;
			%state = %kept;
		}
		my $answer = $result ? json(['a', $result]) : undef;
		if (length($answer // '') > 200_000)
		{
			%state = %kept;
			next;
		}
		print 'SELECT must($q$', $text, '$q$, ', defined $answer ? "\$j\$$answer\$j\$" : 'NULL', ', ',
		  ($stats{executed} // 0) . ', ' . ($stats{ignored} // 0), ', $j$', state_json(), "\$j\$);\n";
		$made++;
	}
}
