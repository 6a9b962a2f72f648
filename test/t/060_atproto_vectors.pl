# The interoperability vectors of the AT Protocol: string formats, data model,
# lexicons, TIDs; the CIDs of generated records against npm's @ipld/dag-cbor, and
# the roots of generated trees against @atproto/repo.
#
# The vectors are not part of this repository: ATPROTO_VECTORS names their
# folder (see its SOURCE.md).  Without them, or without npm, the part that
# needs them is skipped, aloud.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use File::Temp qw(tempdir);
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $node = new_node('main');
my $json = JSON::PP->new->utf8->canonical->allow_nonref->allow_bignum;

sub literal
{
	my ($text) = @_;
	return "'" . ($text =~ s/'/''/gr) . "'";
}

# the first column of a query, as lines
sub column
{
	my ($sql) = @_;
	return split /\n/, $node->safe_psql('postgres', $sql);
}

# SQLSTATE of a statement, '' if it works
sub state_of
{
	my ($sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql");
	return $err =~ /ERROR:\s+([0-9A-Z]{5})/ ? $1 : $rc ? "psql: $err" : '';
}

# the lines of a file of vectors
sub lines
{
	my ($path) = @_;
	return grep { $_ ne '' && !/^#/ } split /\n/, slurp_file($path);
}

sub formats
{
	my ($dir) = @_;
	my %format = (
		tid => 'tid', recordkey => 'record-key', nsid => 'nsid', aturi => 'at-uri', did => 'did',
		atidentifier => 'at-identifier', datetime => 'datetime', handle => 'handle', cid => 'cid',
		language => 'language', uri => 'uri');

	foreach my $path (sort glob "$dir/syntax/*.txt")
	{
		my ($name, $verdict) = $path =~ m{/([a-z]+)_(?:syntax|parse)_(valid|invalid)\.txt$};
		if (!defined $name || !defined $format{$name})
		{
			fail("$path: vectors that this test does not know");
			next;
		}
		my $expected = $verdict eq 'valid' ? 'true' : 'false';
		my @values = lines($path);
		my @wrong = column("SELECT v FROM unnest(ARRAY["
			  . join(',', map { literal($_) } @values)
			  . "]::text[]) AS v WHERE at_is_valid('$format{$name}', v) <> $expected");

		is("@wrong", '', "$name: " . scalar(@values) . " $verdict");
	}
	return;
}

sub data_model
{
	my ($dir) = @_;

	foreach my $vector (@{ $json->decode(slurp_file("$dir/data-model/data-model-fixtures.json")) })
	{
		my $record = literal($json->encode($vector->{json}));
		my $padded = $vector->{cbor_base64};
		$padded .= '=' while length($padded) % 4;
		is(join('|', column("SELECT record_cid($record), dag_cbor($record) = decode('$padded', 'base64'), dag_cbor_decode(decode('$padded', 'base64')) = ${record}::jsonb")),
			"$vector->{cid}|t|t", "fixture $vector->{cid}");
	}

	# the text of each vector, for 123.0 must stay what it is
	foreach my $kind ('valid', 'invalid')
	{
		my $file = literal(slurp_file("$dir/data-model/data-model-$kind.json"));
		my $n = ($node->safe_psql('postgres', "SELECT jsonb_array_length($file)"));
		foreach my $i (0 .. $n - 1)
		{
			my $note = $node->safe_psql('postgres', "SELECT ${file}::jsonb -> $i ->> 'note'");
			is(state_of("SELECT record_cid(${file}::jsonb -> $i -> 'json')"),
				$kind eq 'valid' ? '' : 'UP006', "data model, $kind: $note");
		}
	}
	return;
}

sub lexicons
{
	my ($dir) = @_;
	my ($id) = column('SELECT at_put_lexicon(' . literal(slurp_file("$dir/lexicon/catalog/record.json")) . ')');

	$node->safe_psql('postgres', "SELECT create_record_store('catalog')");
	foreach my $kind ('valid', 'invalid')
	{
		foreach my $vector (@{ $json->decode(slurp_file("$dir/lexicon/record-data-$kind.json")) })
		{
			my $record = literal($json->encode($vector->{data}));
			is(state_of("SELECT at_put_record('catalog', 'did:plc:abc', '$id', '$vector->{rkey}', $record, '{\"validate\": true}')"),
				$kind eq 'valid' ? '' : 'UP006', "lexicon, $kind: $vector->{name}");
		}
	}
	return;
}

sub tids
{
	my ($dir) = @_;
	my @rows;

	foreach my $line (lines("$dir/tid_convert.jsonl"))
	{
		my $v = $json->decode($line);
		push @rows, "('$v->{tid}', $v->{integer}, $v->{unix_micros}, $v->{clock_id})";
	}
	is($node->safe_psql('postgres', q{SELECT count(*), count(*) FILTER (WHERE at_tid_to_bigint(tid) = n AND at_tid_from_bigint(n) = tid
		  AND at_tid_to_timestamptz(tid) = 'epoch'::timestamptz + us * interval '1 microsecond'
		  AND at_tid_from_timestamptz('epoch'::timestamptz + us * interval '1 microsecond', clock) = tid)
		FROM (VALUES } . join(',', @rows) . ') AS v(tid, n, us, clock)'),
		@rows . '|' . @rows, scalar(@rows) . ' TIDs converted both ways');
	return;
}

# a folder with these packages of npm; undef, aloud, where there is no npm
sub npm
{
	my ($label, @packages) = @_;
	my $dir = tempdir(CLEANUP => 1);
	my $install = "cd $dir && npm init -y && npm install @packages";

	return $dir if system("($install) >$dir/log 2>&1") == 0;
	diag("SKIPPED: npm cannot install @packages here");
	pass("SKIPPED: $label against $packages[0]");
	return;
}

# what a script makes of the rows of a query, as lines
sub from_node
{
	my ($dir, $script, $sql) = @_;

	append_to_file("$dir/script.mjs", $script);
	append_to_file("$dir/in", $node->safe_psql('postgres', $sql) . "\n");
	return split /\n/, `node $dir/script.mjs <$dir/in`;
}

# generated records: our CIDs against those of npm's @ipld/dag-cbor
sub npm_cids
{
	my $dir = npm('CIDs', '@ipld/dag-cbor', 'multiformats') or return;
	my $script = <<'JS';
import * as codec from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { readFileSync } from 'fs'
const value = v => {
  if (Array.isArray(v)) return v.map(value)
  if (v === null || typeof v !== 'object') return v
  const keys = Object.keys(v)
  if (keys.length === 1 && keys[0] === '$link') return CID.parse(v.$link)
  if (keys.length === 1 && keys[0] === '$bytes') return new Uint8Array(Buffer.from(v.$bytes, 'base64'))
  return Object.fromEntries(keys.map(k => [k, value(v[k])]))
}
for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean))
  console.log(CID.createV1(codec.code, await sha256.digest(codec.encode(value(JSON.parse(line))))).toString())
JS

	$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION random_value(depth int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	CASE floor(random() * CASE WHEN depth > 0 THEN 10 ELSE 7 END)::int
	WHEN 0 THEN RETURN to_jsonb(floor((random() - 0.5) * 2 ^ floor(random() * 53))::bigint);
	WHEN 1 THEN RETURN to_jsonb(random() < 0.5);
	WHEN 2 THEN RETURN 'null';
	WHEN 3 THEN RETURN to_jsonb(repeat(chr(32 + floor(random() * 90)::int), floor(random() * 40)::int));
	WHEN 4 THEN RETURN to_jsonb(repeat(chr(200 + floor(random() * 50000)::int), floor(random() * 100)::int));
	WHEN 5 THEN RETURN jsonb_build_object('$bytes', translate(encode(substr(sha256(random()::text::bytea), 1, floor(random() * 33)::int), 'base64'), E'=\n', ''));
	WHEN 6 THEN RETURN jsonb_build_object('$link', record_cid(jsonb_build_object('n', random()::text)));
	WHEN 7 THEN RETURN coalesce((SELECT jsonb_agg(random_value(depth - 1)) FROM generate_series(1, floor(random() * 30)::int)), '[]');
	ELSE RETURN coalesce((SELECT jsonb_object_agg(repeat(chr(CASE WHEN random() < 0.3 THEN 200 + floor(random() * 50000)::int ELSE 97 + floor(random() * 26)::int END), 1 + floor(random() * 5)::int), random_value(depth - 1)) FROM generate_series(1, floor(random() * 30)::int)), '{}');
	END CASE;
END $$;
SELECT setseed(0.5);
CREATE TABLE generated AS SELECT i, jsonb_build_object('$type', 'a.b.c', 'i', i, 'v', random_value(3)) AS record FROM generate_series(1, 2000) AS i;
SQL
	my @theirs = from_node($dir, $script, 'SELECT record FROM generated ORDER BY i');
	my @ours = column('SELECT record_cid(record) FROM generated ORDER BY i');
	is(scalar(@theirs), 2000, '@ipld/dag-cbor computed 2000 CIDs');
	is(scalar(grep { $ours[$_] ne ($theirs[$_] // '') } 0 .. $#ours), 0, '2000 generated records: the same CIDs');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM generated WHERE dag_cbor_decode(dag_cbor(record)) = record'), 2000, '2000 generated records decoded');
	return;
}

# roots of generated trees against those of the reference implementation
sub npm_roots
{
	my $dir = npm('MST roots', '@atproto/repo') or return;
	my $script = <<'JS';
import { MST, MemoryBlockstore } from '@atproto/repo'
import { CID } from 'multiformats/cid'
import { readFileSync } from 'fs'
const trees = []
for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const [tree, path, cid] = line.split('|')
  trees[tree] = await (trees[tree] ?? await MST.create(new MemoryBlockstore())).add(path, CID.parse(cid))
}
for (const tree of trees.filter(Boolean)) console.log((await tree.getPointer()).toString())
JS

	# 60 trees of 1 to 400 keys: long and short, with and without common prefixes
	$node->safe_psql('postgres', <<'SQL');
SELECT setseed(0.25);
CREATE TABLE tree AS SELECT DISTINCT ON (t, path) t, path, record_cid(jsonb_build_object('n', random()::text)) AS cid
FROM generate_series(1, 60) AS t, LATERAL (
	SELECT (ARRAY['a.b.c/', 'com.example.longer.record/', 'app.bsky.feed.post/'])[1 + floor(random() * (1 + t % 3))::int]
		|| CASE t % 4 WHEN 0 THEN i::text WHEN 1 THEN at_tid() WHEN 2 THEN substr(md5(random()::text), 1, 1 + floor(random() * 30)::int) ELSE repeat('x', i % 200) || i END AS path
	FROM generate_series(1, 1 + (t * t) / 9) AS i) AS p;
SQL
	my @theirs = from_node($dir, $script, 'SELECT t, path, cid FROM tree ORDER BY t, random()');
	my @ours = column('SELECT mst_root(path, cid) FROM tree GROUP BY t ORDER BY t');
	is(scalar(@theirs), 60, '@atproto/repo computed 60 roots');
	is("@ours", "@theirs", '60 generated trees: the same roots');
	return;
}

# other server encodings: strings are converted, and keys put in UTF-8's order
sub encodings
{
	my $record = q{('{"' || U&'\00e9' || '": 1, "zz": 2, "' || U&'\00fc\00fc' || '": [3], "abc": "' || U&'\00e9t\00e9' || '"}')::jsonb};
	my $cid = $node->safe_psql('postgres', "SELECT record_cid($record)");

	$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	$node->safe_psql('latin', 'CREATE EXTENSION upsert');
	is($node->safe_psql('latin', "SELECT record_cid($record), dag_cbor_decode(dag_cbor($record)) = ${record}"), "$cid|t", 'LATIN1: the same CID');
	like(($node->psql('latin', "\\set VERBOSITY sqlstate\nSELECT dag_cbor_decode('\\x63e6b0b4')"))[2], qr/22P05/, 'LATIN1: a character that it lacks');
	is($node->safe_psql('latin', q{SELECT at_put_lexicon('{"lexicon": 1, "id": "a.b.c", "defs": {"main": {"type": "record", "key": "any", "record": {"type": "object", "properties": {"s": {"type": "string", "maxLength": 4, "maxGraphemes": 2}}}}}}'),
		at_validation_status('a.b.c', jsonb_build_object('$type', 'a.b.c', 's', U&'\00e9\00e9'))}), 'a.b.c|valid', 'LATIN1: lengths are those of UTF-8');
	return;
}

my $dir = $ENV{ATPROTO_VECTORS} || 'test/vectors/atproto-vectors';
if (-f "$dir/SOURCE.md")
{
	formats($dir);
	data_model($dir);
	lexicons($dir);
	tids($dir);
}
else
{
	diag("SKIPPED: the AT Protocol vectors are not at $dir; ATPROTO_VECTORS names their folder");
	pass('SKIPPED: AT Protocol vectors; set ATPROTO_VECTORS');
}
encodings();
npm_cids();
npm_roots();

$node->stop;
done_testing();
