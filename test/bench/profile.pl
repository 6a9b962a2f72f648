#!/usr/bin/perl
# profile.pl DIRECTORY: where the instructions of the cases of test/exact.sh go.
# DIRECTORY has what callgrind wrote for a case done N times, CASE.ours.N and
# CASE.plain.N, two of each; their difference is divided as there.  Prints a line
# a case and side,
#
#	case=NAME side=ours|plain all=N GROUP=N...
#
# Groups are of functions by name, and of our own by the folder of their source;
# what a function calls is not in its figure.  A server without debug symbols
# tells only the names that it exports: what has none belongs to those that
# called it, as does what the C library does.
use strict;
use warnings;

my ($dir) = @ARGV;

# the first that fits
my @groups = (
	[ sha256 => qr/sha256|cryptohash|EVP_/ ],
	[ btree => qr/^_bt_|^bt[a-z]|^index|Index(?:Tuple|Scan|Form)|^systable/ ],
	[ wal => qr/XLog|xlog|crc32|^log_heap/ ],
	[ rows => qr/^heap_(?:form|deform|compute|fill|copy_|getattr|tuple)|^slot_|^tts_|nocachegetattr|^Exec(?:Store|Copy|Clear|Force|Fetch|Materialize)|toast|detoast/ ],
	[ heap => qr/^heap|^Heap|^table_|RelationPut|RelationGetBuffer|^Page|visibilitymap|^SearchTuple|Satisfies/ ],
	[ memory => qr/palloc|pfree|AllocSet|MemoryContext|repalloc|malloc|^free|realloc|mcxt/ ],
	[ buffers => qr/Buffer|Pin|LWLock|ResourceOwner|hash_|smgr|^Lock|LockAcq|LockRel|Speculative|^get_hash|tag_hash/ ],
	[ transactions => qr/Snapshot|Xact|TransactionId|CommandCounter|SubTrans|CommandId|Invalidat|Transaction|Trigger/ ],
	[ jsonb => qr/json/i ],
	[ executor => qr/^Exec|^exec_|plpgsql|SPI_|^_SPI|Portal|^eval|[Pp]lan|Expr|tuplestore|fmgr|Function|Dest|receive|relation_(?:open|close)|catcache|CatCache|SearchSysCache|RelationId/ ],
	[ types => qr/numeric|text|varlena|datum|int[248]|cstring|collation|strcmp|Datum|format|str|uuid|date|timestamp/i ],
);

sub read_profile
{
	my ($file) = @_;
	my (%names, %self, %caller, %of, $object, $source, $fn, $callee, $call);
	my $name = sub {
		my ($kind, $text) = @_;
		my ($id, $rest) = $text =~ /^(\(\d+\))(?: (.*))?$/ or return $text;
		$names{$kind}{$id} = $rest if defined $rest;
		return $names{$kind}{$id} // $id;
	};

	open(my $fh, '<', $file) or die "$file: $!\n";
	($object, $source) = ('', '');
	while (<$fh>)
	{
		chomp;
		if (/^ob=(.*)/) { $object = $name->('ob', $1); }
		elsif (/^fl=(.*)/) { $source = $name->('fl', $1); }
		elsif (/^f[ie]=(.*)/) { $name->('fl', $1); }
		elsif (/^fn=(.*)/)
		{
			$fn = $name->('fn', $1);
			$of{$fn} //= [ $object, $source ];
		}
		elsif (/^cf[il]=(.*)/) { $name->('fl', $1); }
		elsif (/^cob=(.*)/) { $name->('ob', $1); }
		elsif (/^cfn=(.*)/) { $callee = $name->('fn', $1); }
		elsif (/^calls=/) { $call = 1; }
		elsif (/^[+*\d-]\S* (\d+)/)
		{
			if ($call) { $caller{$callee}{$fn} += $1; }
			else { $self{$fn} += $1; }
			$call = 0;
		}
	}
	return (\%self, \%caller, \%of);
}

# groups of a function's own instructions, and their shares
sub shares
{
	my ($fn, $caller, $of, $depth) = @_;
	my ($object, $source) = @{ $of->{$fn} // [ '', '' ] };

	return { "our_$1" => 1 } if $object =~ /upsert\w*\.so/ && $source =~ m{src/(\w+)/[\w.]+$};
	return { sha256 => 1 } if $object =~ /libcrypto/;
	return { our_ => 1 } if $object =~ /upsert\w*\.so/;
	if ($fn !~ /^(?:0x|\?\?\?)/ && $object !~ /libc[.-]/)
	{
		foreach my $g (@groups) { return { $g->[0] => 1 } if $fn =~ $g->[1]; }
	}
	# those of the callers, by what it did for each
	my %sum;
	my $callers = $caller->{$fn} // {};
	my @callers = grep { $_ ne $fn } sort keys %$callers;
	my $all = 0;
	$all += $callers->{$_} foreach @callers;
	return { rest => 1 } if !$all || $depth >= 5;
	foreach my $c (@callers)
	{
		my $of_caller = shares($c, $caller, $of, $depth + 1);
		$sum{$_} += $of_caller->{$_} * $callers->{$c} / $all foreach keys %$of_caller;
	}
	return \%sum;
}

my %runs;
foreach my $file (glob("$dir/*")) { $runs{$1}{$2}{$3} = $file if $file =~ m{/(\w+)\.(ours|plain)\.(\d+)$}; }
foreach my $case (sort keys %runs)
{
	foreach my $side (sort keys %{ $runs{$case} })
	{
		my ($few, $many) = sort { $a <=> $b } keys %{ $runs{$case}{$side} };
		next unless defined $many;
		my ($less, $called) = read_profile($runs{$case}{$side}{$few});
		my ($more, $caller, $of) = read_profile($runs{$case}{$side}{$many});
		# of calls, too, only what more items add
		foreach my $fn (keys %$caller)
		{
			foreach my $by (keys %{ $caller->{$fn} })
			{
				$caller->{$fn}{$by} -= $called->{$fn}{$by} // 0;
				delete $caller->{$fn}{$by} if $caller->{$fn}{$by} <= 0;
			}
		}
		my (%sum, $all);
		foreach my $fn (keys %$more)
		{
			my $n = ($more->{$fn} - ($less->{$fn} // 0)) / ($many - $few);
			next unless $n > 0.5 || $n < -0.5;
			my $shares = shares($fn, $caller, $of, 0);
			$sum{$_} += $n * $shares->{$_} foreach keys %$shares;
			$all += $n;
		}
		print join(' ', "case=$case side=$side", sprintf('all=%.0f', $all), map { sprintf('%s=%.0f', $_, $sum{$_}) } sort { $sum{$b} <=> $sum{$a} || $a cmp $b } keys %sum), "\n";
	}
}
