# What the reference library of the AT Protocol says (npm @atproto/*), on all
# lexicons of @atproto/api, on records that are made by them and then spoilt, on
# strings, grapheme clusters and whole repositories.  Where we differ is listed,
# by the reason, with who is right.  Without npm all of it is skipped, aloud.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use File::Temp qw(tempdir);
use PostgreSQL::Test::Utils;
use Test::More;
use Upsert::Test;

my $dir = tempdir(CLEANUP => 1);
if (system("(cd $dir && npm init -y && npm install \@atproto/syntax \@atproto/lexicon \@atproto/api \@atproto/lex-data \@atproto/repo \@atproto/crypto) >$dir/log 2>&1") != 0)
{
	diag('SKIPPED: npm cannot install @atproto/* here');
	pass('SKIPPED: the reference library of the AT Protocol');
	done_testing();
	exit;
}
system("cp $FindBin::RealBin/atproto_reference.mjs $dir && cd $dir && node atproto_reference.mjs 90000 12000 >$dir/said 2>>$dir/log") == 0
  or die slurp_file("$dir/log");
chmod 0755, $dir;

my $node = new_node('reference');
sub rows { return $node->safe_psql('postgres', $_[0]); }

$node->safe_psql('postgres', 'CREATE TABLE said (j jsonb)');
$node->safe_psql('postgres', "\\copy said FROM '$dir/said' WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')");
cmp_ok(rows(q{SELECT count(*) FROM said WHERE j->>'kind' = 'lexicon'}), '>=', 300, 'all lexicons of @atproto/api');
rows(q{SELECT count(at_put_lexicon(j->'doc')) FROM said WHERE j->>'kind' = 'lexicon'});

is(rows(q{SELECT count(*), count(*) FILTER (WHERE at_graphemes(j->>'s') <> (j->>'n')::int) FROM said WHERE j->>'kind' = 'grapheme'}), '10000|0', 'grapheme clusters');

# strings
rows(q{CREATE TABLE strings AS SELECT j->>'format' AS format, j->>'s' AS s, (j->>'ok')::bool AS theirs, at_is_valid(j->>'format', j->>'s') AS ours FROM said WHERE j->>'kind' = 'string'});
cmp_ok(rows('SELECT count(*) FROM strings'), '>=', 50000, 'strings');
is(rows(q{SELECT count(*) FROM strings WHERE theirs <> ours AND format NOT IN ('uri', 'at-uri')}), 0, 'strings: the same verdict but for URIs');
# the specification is ours here: the last part of an AT URI is a record key, and no slash follows
is(rows(q{SELECT count(*) FROM strings WHERE format = 'at-uri' AND theirs <> ours AND (ours OR at_is_valid('record-key', split_part(s, '/', 5)) AND s !~ '/$')}), 0, 'at-uri: they take what is no record key');
# RFC 3986 is ours: they take any character behind \w+: and two slashes, and no scheme with + - . and no empty authority
is(rows(q{SELECT count(*) FROM strings WHERE format = 'uri' AND ours AND NOT theirs AND s !~ '^[A-Za-z0-9]*[+.-]' AND s !~ '^[a-zA-Z0-9]+:/'}), 0, 'uri: they refuse schemes and paths that RFC 3986 has');
is(rows(q{SELECT count(*) FROM strings WHERE format = 'uri' AND theirs AND NOT ours AND s !~ '[][]|%(?![0-9A-Fa-f]{2})|#.*#|^[0-9_]|^[a-zA-Z0-9]*_|@.*@|:[^/]*:|:[0-9]*[^0-9/?#]|://[^/]*[^ -~]'}), 0, 'uri: they take what RFC 3986 has not');

# records
rows(q{CREATE FUNCTION verdict(c text, r jsonb) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM at_validation_status(c, r); RETURN NULL; EXCEPTION WHEN OTHERS THEN RETURN sqlerrm; END $$;
	CREATE TABLE records AS SELECT (j->>'ok')::bool AS theirs, j->>'why' AS why, verdict(j->>'c', j->'r') AS ours FROM said WHERE j->>'kind' = 'record'});
cmp_ok(rows('SELECT count(*) FROM records'), '>=', 10000, 'records');
# the data model is strict with blobs and says what types are accepted; their validator leaves that to others
is(rows(q{SELECT string_agg(DISTINCT ours, '; ') FROM records WHERE theirs AND ours !~ 'of a blob must|blob of a type|blob greater|not of format (at-uri|uri|datetime)|a blob must have'}), '', 'records: what only they take');
# a "#" in the wrong place of a $type is an error of theirs, not a verdict
is(rows(q{SELECT string_agg(DISTINCT why, '; ') FROM records WHERE NOT theirs AND ours IS NULL AND why !~ 'hash segment|must be a cid string'}), '', 'records: what only we take');
diag('records: ' . rows(q{SELECT count(*) FILTER (WHERE theirs = (ours IS NULL)) || ' of ' || count(*) || ' the same' FROM records}));

# whole repositories
rows(q{SELECT create_record_store('repos')});
rows(q{SELECT count(r.*) FROM said, at_import_repo('repos', decode(j->>'b64', 'base64')) AS r WHERE j->>'kind' = 'car'});
is(rows(q{SELECT bool_and(j->>'root' = (SELECT mst_root(collection || '/' || rkey, cid) FROM repos WHERE repo = 'did:plc:n' || (j->>'n'))), bool_and((j->>'n')::int = (SELECT count(*) FROM repos WHERE repo = 'did:plc:n' || (j->>'n'))) FROM said WHERE j->>'kind' = 'car'}), 't|t', 'repositories of @atproto/repo, imported: the same roots');
is(rows(q{SELECT bool_and(cid = record_cid(record)) FROM repos}), 't', 'and the same CIDs');

$node->stop;
done_testing();
