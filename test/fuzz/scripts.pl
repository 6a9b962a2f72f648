# scripts.pl SEED ROUNDS: record scripts of upsert_lua made at random.
#
# Statements and expressions of Lua over everything that a script can see: the
# library as upsert_lua has it, records, the database, JSON; arguments of the
# right kind and of every wrong one, patterns and formats spliced, errors caught
# and not, metamethods that throw, and scripts with bytes changed.  Each ends
# with an answer or an error of the contract, within the time of a statement.
# Where upsert_lua is not installed it prints nothing to run.
use strict;
use warnings;

my ($seed, $rounds) = @ARGV;
srand($seed * 1e6);

sub pick { return $_[ int rand @_ ]; }
sub chance { return rand() < shift; }

my @names = qw(a b c d);
my %calls = (
	string => [ qw(byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper) ],
	table => [ qw(concat insert move pack remove sort unpack) ],
	math => [ qw(abs ceil floor fmod huge max maxinteger min modf random randomseed sqrt tointeger type ult) ],
	os => [ qw(clock date difftime time) ],
	json => [ qw(encode decode) ],
	db => [ qw(get query search backlinks count backend) ],
	TID => [ qw(toUnixMicroseconds fromUnixMicroseconds toNumber fromNumber) ],
	Record => [ qw(load load_all save_all delete_local) ]);
my @globals = qw(assert error getmetatable ipairs next pairs pcall rawequal rawget rawlen rawset select setmetatable
  tonumber tostring type xpcall TID now log toarray Record);
my @methods = qw(save delete save_local delete_local set_rkey set_repo set_key_type generate_rkey byte find format gsub match rep sub upper);
my @texts = ('', 'a', 'k1', 'a.b.c', 'did:plc:a', 'did:plc:b', 'at://did:plc:a/a.b.c/k1', 'at://did:plc:b/a.b.d/k2', 'at://x', '3jzfcijpj2z2a', 'zzzzzzzzzzzzz', '%d', '%s%s%s', '%q', '%99.99f', '%5.3s', '%i%', '%a',
	'(.-)%1', '%b()', '%f[%w]', '[^%s-]+', '[a-', '(()', '%', '.-.-.-.-.-b', '^(a*)*$', '<i4', '!16d', 's1z', 'i17', '>j', 'B', 'Xi', "\0\xff", 'tid', 'any', 'literal:self', '*t', '!%c', '%Ex', '[1, 2, {"a": null}]', '{"a": 1.5e300}', '[', '"\ud800"', "\xc3\xa9", "\xff\xfe", '$type', '$link', '__index', 'x' x 300);

sub text
{
	my $t = chance(0.2) ? pick(@texts) . pick(@texts) : pick(@texts);
	return '"' . join('', map { my $c = ord; $c >= 32 && $c < 127 && $c != 34 && $c != 92 ? chr $c : sprintf '\\%03d', $c } split //, $t) . '"';
}

sub expr
{
	my ($depth) = @_;
	my $what = rand;

	return pick(@names, qw(input ctx params env caller_did collection method nil true false), '{}', '...') if $depth <= 0 && $what < 0.45;
	return pick(0, 1, -1, 2, 3, 0.5, -0.0, '1e308', '1/0', '0/0', 'math.maxinteger', 'math.mininteger', '1e15', '2^53', 255, 10000, '1000000000') if $depth <= 0 && $what < 0.65;
	return text() if $depth <= 0 || $what < 0.08;
	if ($what < 0.3)
	{
		my $module = pick(sort keys %calls);
		return "$module." . pick(@{ $calls{$module} }) . '(' . arguments($depth - 1) . ')';
	}
	return pick(@globals) . '(' . arguments($depth - 1) . ')' if $what < 0.42;
	return '(' . expr($depth - 1) . '):' . pick(@methods) . '(' . arguments($depth - 1) . ')' if $what < 0.5;
	return 'Record(' . pick('"a.b.c"', '"a.b.d"', expr(0)) . ', ' . table($depth - 1) . ')' if $what < 0.56;
	return 'Record.load(' . pick('"at://did:plc:a/a.b.c/k1"', '"at://did:plc:b/a.b.d/k2"', expr(0)) . ')' if $what < 0.62;
	return table($depth) if $what < 0.7;
	return '(' . expr($depth - 1) . ' ' . pick(qw(+ - * / // % ^ .. == ~= < <= and or & | ~ << >>)) . ' ' . expr($depth - 1) . ')' if $what < 0.8;
	return pick('-', '#', 'not ', '~') . expr($depth - 1) if $what < 0.84;
	return '(' . expr($depth - 1) . ')' . pick('.a', '._uri', '.n', '[1]', '[' . expr($depth - 1) . ']') if $what < 0.92;
	return '(function(' . pick('...', 'a, ...', 'a, b, ...') . ') ' . block($depth - 1) . ' end)' if $what < 0.96;
	return 'pcall(' . pick('error', 'function(...) ' . block($depth - 1) . ' end', expr($depth - 1)) . ', ' . expr($depth - 1) . ')';
}

sub arguments
{
	my ($depth) = @_;
	return join ', ', map { expr($depth - int rand 2) } 1 .. pick(0, 1, 1, 1, 2, 2, 3, 4);
}

sub table
{
	my ($depth) = @_;
	return '{}' if $depth <= 0;
	return 'setmetatable(' . table($depth - 1) . ', {' . pick(qw(__index __newindex __call __tostring __eq __lt __len __concat __add __gc __close __mode __pairs __name __metatable)) . ' = ' . expr($depth - 1) . '})' if chance(0.15);
	return '{' . join(', ', map { pick('', '', 'a = ', 'n = ', '["$type"] = ', 'collection = ', 'limit = ', 'uri = ', 'rkey = ', 'year = ', '[' . pick(1, 2, 2.5, '"x"', '1e9') . '] = ') . expr($depth - 1) } 1 .. int rand 4) . '}';
}

sub block
{
	my ($depth) = @_;
	my $out = '';

	foreach (1 .. pick(1, 1, 2, 3))
	{
		my $what = rand;
		# what goes wrong is not the end
		my $caught = chance(0.6);

		$out .= 'pcall(function(...) ' if $caught;
		if ($depth <= 0 || $what < 0.3) { $out .= pick(@names) . ' = ' . expr($depth) . "; "; }
		elsif ($what < 0.42) { $out .= 'local ' . pick(@names, 'k <close>', 'k <const>') . ' = ' . expr($depth) . '; '; }
		elsif ($what < 0.52) { $out .= 'if ' . expr($depth - 1) . ' then ' . block($depth - 1) . pick('', 'else ' . block($depth - 1)) . ' end; '; }
		elsif ($what < 0.58) { $out .= 'for i = 1, ' . pick(3, 10, expr(0)) . ' do ' . block($depth - 1) . ' end; '; }
		elsif ($what < 0.64) { $out .= 'for k, v in ' . pick('pairs', 'ipairs', 'next,', 'string.gmatch') . '(' . expr($depth - 1) . ') do ' . block($depth - 1) . ' end; '; }
		elsif ($what < 0.68) { $out .= 'while ' . expr($depth - 1) . ' do ' . block($depth - 1) . pick('', ' break') . ' end; '; }
		elsif ($what < 0.74) { $out .= pick(@names) . pick('.a', '[1]', '.n', '["$type"]') . ' = ' . expr($depth) . '; '; }
		elsif ($what < 0.9) { $out .= 'local _ = ' . expr($depth) . '; '; }
		else { $out .= 'local r = Record("a.b.c", {n = ' . expr($depth - 1) . '}); ' . pick('', 'r:set_rkey(' . expr(0) . '); ') . pick('r:save(); ', 'pcall(r.save, r); ', 'r:delete(); ', 'r.n = ' . expr(0) . '; r:save(); '); }
		$out .= 'end, ...); ' if $caught;
	}
	return $out . (chance(0.2) ? 'do return ' . expr($depth) . ' end ' : '');
}

print <<'SQL';
\pset tuples_only on
\set QUIET on
SET client_min_messages = error;
SELECT count(*) = 0 AS none FROM pg_available_extensions WHERE name = 'upsert_lua' \gset
\if :none
\quit
\endif
CREATE EXTENSION upsert;
CREATE EXTENSION upsert_lua;
SELECT create_record_store('lr', '{"refs": true}') \g /dev/null
SELECT at_put_record('lr', 'did:plc:a', 'a.b.c', 'k1', '{"n": 1, "to": "at://did:plc:b/a.b.d/k2"}'), at_put_record('lr', 'did:plc:b', 'a.b.d', 'k2', '{"n": 2, "l": [1, {"x": null}]}') \g /dev/null
CREATE FUNCTION run(n int, script text, options jsonb, direct text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('upsert.direct', direct, true);
	BEGIN
		PERFORM at_script('lr', script, '{"a": [1, 2.5, "x", null, {"b": true}], "status": "s", "n": 1}', CASE n % 7 WHEN 0 THEN NULL ELSE 'did:plc:a' END, 'a.b.c', options);
		RAISE EXCEPTION USING ERRCODE = 'U0000';
	EXCEPTION
		WHEN query_canceled THEN
			NULL;
		WHEN OTHERS THEN
			IF SQLSTATE ~ '^(XX|58)' OR SQLERRM ~ 'cache lookup failed' THEN
				RETURN NEXT format('%s %s: script %s: %s', SQLSTATE, SQLERRM, n, script);
			END IF;
	END;
	IF clock_timestamp() - now() > interval '15s' THEN
		RETURN NEXT format('deaf to its cancel for %s: script %s: %s', clock_timestamp() - now(), n, script);
	END IF;
END $$;
SET statement_timeout = '3s';
SQL
foreach my $n (1 .. $rounds)
{
	my $script = 'local a, b, c, d = input, {1, 2, 3}, "text", 7; function handle(input, ctx, ...) ' . block(pick(1, 2, 3, 4)) . ' return ' . expr(2) . ' end';

	$script = block(2) . $script if chance(0.1);
	# bytes changed
	substr($script, int rand length $script, pick(0, 1, 2, 5)) = pick('', '(', ')', 'end', '"', '--', '[[', "\\", ',', ' ', '{', 'goto x', '::x::') if chance(0.15);
	$script = substr $script, 0, 20000;
	my $options = pick('{}', '{}', '{}', '{"kind": "query"}', '{"dryRun": true}', '{"force": true, "env": {"K": "v"}, "params": {"limit": 3}}');
	printf "SELECT run(%d, \$fz\$%s\$fz\$, '%s', '%s');\n", $n, $script, $options, pick('on', 'off');
}
