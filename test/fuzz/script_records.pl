# Record scripts and what they leave behind: random ones over all that the API
# has.
#
#	perl script_records.pl SEED ROUNDS | psql
#
# It prints the psql script.  A round is a script, some with an input, some as
# queries, some called in a subtransaction that is rolled back, some from a
# trigger of the table that another writes.  A script may answer, or end with a
# Lua error or one that the contract knows; what stands in the table afterwards
# has the names and the CIDs that it should have, and a query has changed
# nothing.  Whether scripts can break out or stay is scripts.pl's question; the
# library by itself is compared with plain Lua's in native/script.c.
use strict;
use warnings;

my ($seed, $rounds) = @ARGV;
srand($seed =~ /\A0\.(\d+)\z/ ? "1$1" : $seed);

sub pick { return $_[rand @_] }
sub chance { return rand() < $_[0] }

my $depth = 0;
my @variables = qw(a b c r s t);

# ----------
# Words
# ----------
sub key { return pick(qw(self k1 k2 k3 3jzfcijpj2z2a a.b .. _ A:b), 'a b', '', 'x' x 600) }
sub nsid { return pick(qw(a.b.c a.b.d x.y.z com.example.thing not a..b)) }
sub did { return pick(qw(did:plc:abc did:plc:abc did:plc:def did:web:x did: me)) }
sub uri { return chance(0.8) ? 'at://' . pick(qw(did:plc:abc did:plc:def)) . '/' . pick(qw(a.b.c a.b.d)) . '/' . pick(qw(self k1 k2 k3)) : pick('at://', 'x', 'at://' . did() . '/' . nsid() . '/' . key()) }
sub quoted { my $s = shift; return '"' . $s . '"' }
sub string
{
	return quoted(pick(uri(), key(), nsid(), did(), '', 'text', '\\0', '\\xff', '\\u{1F600}', '$type', '_uri', 'x' x int(rand 300), '2026-11-26T00:00:00Z', '%a+', '(.-)b'));
}
sub number { return pick(0, 1, -1, 2, 3, 20, 100, 101, '1.5', '1e300', '0/0', '2^53', 'math.maxinteger', 'math.mininteger', '1/0', int(rand 1000)) }

# ----------
# Expressions
# ----------
sub table
{
	my @parts;
	for (1 .. rand 5)
	{
		my $value = expression();
		push @parts, pick($value, $value, "n = $value", "text = $value", "['\$type'] = $value", "_rkey = $value", "save = $value", "[" . number() . "] = $value", "x = $value");
	}
	return '{' . join(', ', @parts) . '}';
}

sub record
{
	return pick(@variables) if chance(0.3);
	return 'Record(' . pick('collection', quoted(nsid())) . ', ' . (chance(0.8) ? '{n = ' . pick(1, 2, number()) . ', t = ' . expression() . '}' : table()) . ')' if chance(0.6);
	return 'Record.load(' . quoted(uri()) . ')';
}

sub options
{
	my @parts = ('collection = ' . pick('collection', quoted(nsid())));
	push @parts, 'did = ' . quoted(did()) if chance(0.3);
	push @parts, 'limit = ' . number() if chance(0.3);
	push @parts, 'cursor = ' . pick(quoted('x'), 'a', quoted('AAAA')) if chance(0.2);
	push @parts, 'sort = ' . pick(map { quoted($_) } qw(n text rkey created_at a.b t[0] nothing)) if chance(0.3);
	push @parts, 'reverse = ' . pick(qw(true false 1)) if chance(0.2);
	push @parts, 'filter = ' . filter(0) if chance(0.4);
	push @parts, pick('uri', 'field', 'query', 'sortDirection', 'other') . ' = ' . string() if chance(0.3);
	return '{' . join(', ', @parts) . '}';
}

sub filter
{
	my $level = shift;
	return table() if chance(0.05);
	return '{' . pick('["and"]', '["or"]', 'all', 'any') . ' = {' . join(', ', map { filter($level + 1) } 1 .. rand 4) . '}}' if $level < 4 && chance(0.3);
	return '{field = ' . pick(map { quoted($_) } qw(n text t.a uri rkey)) . ', op = ' . pick(map { quoted($_) } qw(= != < > <= >= in like contains ~)) . ', value = ' . expression() . '}';
}

sub call
{
	my $f = pick('Record.load(%u)', 'Record.load_all({%u, %u, %e})', 'Record.save_all({%r, %r})', 'Record.delete_local(%u)', 'Record.new(collection, %t)', '(%r):save()', '(%r):delete()', '(%r):set_rkey(%k):save()',
		'(%r):set_repo(%d)', '(%r):set_key_type(%s)', '(%r):generate_rkey()', '(%r):save_local()', '(%r):delete_local()', '(%r)._uri', '(%r)._cid', '(%r)._schema', 'db.get(%u)', 'db.query(%o)', 'db.query(%o).records', 'db.search(%o)', 'db.backlinks(%o)',
		'db.count(collection)', 'db.count(%s, %d)', 'now()', 'TID()', 'TID.toISO8601(%e)', 'TID.fromISO8601(%e)', 'TID.toNumber(%e)', 'TID.fromNumber(%e)', 'TID.toUnixMicroseconds(TID())', 'TID.fromUnixMicroseconds(%e)',
		'json.encode(%e)', 'json.decode(%s)', 'json.decode(json.encode(%t))', 'toarray(%t)', 'log(%e)', 'print(%e, %e)', 'input.n', 'input.list', 'params.x', 'env.y', 'http.get(%s)', 'xrpc.query(%s)', 'atproto.sign(%t)', 'db.raw(%s)',
		'tostring(%e)', 'tonumber(%e)', 'type(%e)', 'next(%t)', 'select("#", %e, %e)', 'setmetatable(%t, %t)', 'getmetatable(%e)', 'rawset(%t, %s, %e)', 'rawget(%r, %s)', 'table.concat(%t)', 'table.unpack(%t)', '(%s):gsub(%s, %e)', '(%s):rep(%n)',
		'string.format(%s, %e)', 'pcall(error, %e)', 'assert(%e, %e)', 'coroutine.create(%e)', 'math.floor(%n)', 'os.date(%s)', 'os.time(%t)', 'handle()', 'load(%s)', 'table.sort(%t)', 'table.remove(%t)');
	$f =~ s/%([a-z])/$1 eq 'u' ? (chance(0.9) ? quoted(uri()) : expression()) : $1 eq 'e' ? expression() : $1 eq 'r' ? record() : $1 eq 't' ? table() : $1 eq 'k' ? quoted(key()) : $1 eq 'd' ? quoted(did()) : $1 eq 's' ? string() : $1 eq 'o' ? options() : number()/ge;
	return $f;
}

sub expression
{
	my $e;
	return pick(number(), string()) if $depth > 4;
	$depth++;
	my $kind = int rand 10;
	if ($kind < 2) { $e = pick(number(), string(), 'nil', 'true', 'json.null') }
	elsif ($kind < 4) { $e = pick(@variables) }
	elsif ($kind < 5) { $e = table() }
	elsif ($kind < 6) { $e = '(' . expression() . ' ' . pick('+', '-', '*', '/', '//', '%', '..', '==', '<', 'and', 'or', '&', '<<') . ' ' . expression() . ')' }
	elsif ($kind < 7) { $e = 'function(...) ' . (chance(0.5) ? block(1) : '') . ' return ' . expression() . ' end' }
	elsif ($kind < 8) { $e = 'input' . pick('', '.n', '.list', '[1]') }
	else { $e = call() }
	$depth--;
	return $e;
}

# ----------
# Statements
# ----------
sub block
{
	my $n = shift;
	return join(' ', map { statement() } 1 .. $n);
}

sub statement
{
	return 'P(function() a = ' . call() . ' end)' if $depth > 4;
	$depth++;
	my $s = pick(
		sub { pick(@variables) . ' = ' . expression() },
		sub { 'P(function() ' . pick(@variables) . ' = ' . call() . ' end)' },
		sub { 'P(function() ' . pick(@variables) . ' = ' . call() . ' end)' },
		sub { pick(@variables) . ' = ' . call() },
		sub { 'r = ' . record() },
		sub { 'P(function() r.' . pick(qw(n text _uri save t)) . ' = ' . expression() . ' end)' },
		sub { 'P(function() r = ' . record() . ' r:set_rkey(' . quoted(key()) . ') r:save() end)' },
		sub { 'if ' . expression() . ' then ' . block(rand 3) . ' end' },
		sub { 'for i = 1, ' . int(rand 4) . ' do ' . block(rand 3) . ' end' },
		sub { 'P(function() for k, v in pairs(' . pick(expression(), record()) . ') do b = k ' . block(rand 2) . ' if n > 50 then break end n = n + 1 end end)' },
		sub { 'do local x <close> = setmetatable({}, {__close = function() ' . block(rand 2) . ' end}) end' },
		sub { 'P(function() ' . block(rand 4) . ' end)' })->();
	$depth--;
	return $s;
}

# ----------
# The psql script
# ----------
print <<'SQL';
\pset tuples_only on
\pset format unaligned
\set QUIET on
SET client_min_messages = warning;
SELECT count(*) = 0 AS none FROM pg_available_extensions WHERE name = 'upsert_lua' \gset
\if :none
\quit
\endif
CREATE EXTENSION upsert;
CREATE EXTENSION upsert_lua;
SELECT create_record_store('fs') \g /dev/null
SELECT create_record_store('beside') \g /dev/null
SET upsert_lua.max_steps = 100000;
SET upsert_lua.max_memory = '8MB';
SET statement_timeout = '60s';
SELECT at_put_lexicon('{"lexicon": 1, "id": "a.b.d", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "default": 7}, "text": {"type": "string"}}}}}}') \g /dev/null
CREATE FUNCTION beside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM at_script('beside', 'function handle() Record(collection, {n = #input.uri}):set_rkey("k" .. #input.uri % 5):save() return {} end', jsonb_build_object('uri', NEW.uri), 'did:plc:abc', 'a.b.c');
	RETURN NULL;
END $$;
CREATE TRIGGER beside AFTER INSERT OR UPDATE ON fs FOR EACH ROW WHEN (NEW.rkey = 'k2') EXECUTE FUNCTION beside();
-- what is wrong; NULL: nothing
CREATE FUNCTION judge(script text, input jsonb, caller_did text, options jsonb, undone boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := CASE WHEN options ->> 'kind' = 'query' OR options ? 'dryRun' THEN (SELECT string_agg(uri || cid, ' ' ORDER BY uri) FROM fs) END;
	wrong text;
BEGIN
	BEGIN
		PERFORM at_script('fs', script, input, caller_did, 'a.b.c', options);
		IF undone THEN
			RAISE EXCEPTION 'undone' USING ERRCODE = 'P0001';
		END IF;
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE !~ '^(39000|UP0(01|02|03|04|06|07|09)|22\w{3}|42601|54000|25006|40001|P0001)$' THEN
			RETURN SQLSTATE || ' ' || SQLERRM || E'\n' || script;
		END IF;
	END;
	SELECT 'stored wrong: ' || uri INTO wrong FROM (TABLE fs UNION ALL TABLE beside) r
	WHERE cid IS DISTINCT FROM record_cid(record) OR uri <> 'at://' || repo || '/' || collection || '/' || rkey OR record ->> '$type' <> collection;
	IF wrong IS NULL AND before IS DISTINCT FROM (CASE WHEN options ->> 'kind' = 'query' OR options ? 'dryRun' THEN (SELECT string_agg(uri || cid, ' ' ORDER BY uri) FROM fs) END) THEN
		wrong := 'a query, or a dry run, has written';
	END IF;
	RETURN wrong || E'\n' || script;
END $$;
SQL

for my $round (1 .. $rounds)
{
	$depth = 0;
	my $script = "local a, b, c, r, s, t = 1, 'two', {3}, Record(collection, {n = 1}), 'a.b.c', {}\nlocal n = 0\nlocal function P(f) local ok, m = pcall(f) if not ok then s = m end end\nfunction handle(input, ctx)\n" . block(1 + rand 8) . "\nreturn " . expression() . "\nend";
	$script = 'local function f() end ' . substr($script, 0, rand length $script) if chance(0.03);
	my $input = pick('{}', '{"n": 1, "list": [1, 2, {"x": null}]}', '{"_uri": "x", "_rkey": "y", "n": 2}', '[]', '"text"', '{"list": []}');
	my $caller = chance(0.9) ? "'did:plc:abc'" : 'NULL';
	my $options = pick('{}', '{}', '{"kind": "query"}', '{"dryRun": true}', '{"params": {"x": "1"}, "env": {"y": "z"}}');
	my $undone = chance(0.1) ? 'true' : 'false';
	print "SELECT j FROM judge(\$lua\$$script\$lua\$, '$input', $caller, '$options', $undone) j WHERE j IS NOT NULL;\n";
}
