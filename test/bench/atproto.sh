#!/usr/bin/env bash
# AT Protocol records: CIDs a second against npm's @ipld/dag-cbor with
# multiformats on the same records (above 1: ours is faster), and the time of
# at_put_record and at_save_all over that of the engine's upsert and
# upsert_load on the same documents.  Rounds of ours and theirs in turn; the
# ratio of their medians, and its range over the runs.  Without npm the first
# part is skipped, aloud.
#
#   runs=5 rounds=7 ./dev bench atproto
set -euo pipefail
rounds=${rounds:-5}
runs=${runs:-3}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
# milliseconds of one statement
time_of() { sql -c '\timing on' -c '\o /dev/null' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1; }
median() { sort -n "$1" | awk '{a[NR] = $1} END {print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2}'; }

sql <<'SQL' >/dev/null
CREATE EXTENSION upsert;
CREATE TABLE source AS SELECT i, jsonb_build_object('$type', 'app.bsky.feed.post', 'text', repeat('lorem ipsum ', 5 + i % 20),
	'langs', jsonb_build_array('en'), 'createdAt', '2026-11-22T00:00:00.000Z', 'n', i,
	'reply', jsonb_build_object('root', jsonb_build_object('uri', 'at://did:plc:abc/app.bsky.feed.post/3k' || i, 'cid', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'))) AS record
FROM generate_series(1, 10000) AS i;
VACUUM ANALYZE source;
-- the same records as events of 500 repositories, and as documents
CREATE TABLE delivered AS SELECT jsonb_agg(jsonb_build_object('did', 'did:plc:' || left(md5((i % 500)::text), 24), 'time_us', 1700000000000000 + i, 'kind', 'commit', 'commit', jsonb_build_object('rev', at_tid_from_bigint((1700000000000000 + i) * 1024),
		'operation', 'create', 'collection', 'app.bsky.feed.post', 'rkey', at_tid_from_bigint((1700000000000000 + i) * 1024), 'cid', record_cid(record), 'record', record)) ORDER BY i) AS events,
	jsonb_agg(record || jsonb_build_object('_key', 'did:plc:' || left(md5((i % 500)::text), 24) || ':app.bsky.feed.post:' || i) ORDER BY i) AS docs FROM source;
SELECT create_record_store('records'), create_collection('documents');
SQL

if (cd "$tmp" && npm init -y && npm install @ipld/dag-cbor multiformats) >"$tmp/npm.log" 2>&1; then
	sql -c 'SELECT record FROM source ORDER BY i' >"$tmp/records"
	cat >"$tmp/cids.mjs" <<'JS'
import * as codec from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { readFileSync } from 'fs'
const records = readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean).map(JSON.parse)
const run = async () => { let n = 0; for (const r of records) n += CID.createV1(codec.code, await sha256.digest(codec.encode(r))).toString().length; return n }
await run()		// warm
const start = process.hrtime.bigint()
await run()
console.log(Number(process.hrtime.bigint() - start) / 1e6)
JS
	for run in $(seq "$runs"); do
		for _ in $(seq "$rounds"); do
			time_of 'SELECT count(record_cid(record)) FROM source' >>"$tmp/ours.$run"
			node "$tmp/cids.mjs" "$tmp/records" >>"$tmp/theirs.$run"
		done
		awk -v a="$(median "$tmp/theirs.$run")" -v b="$(median "$tmp/ours.$run")" 'BEGIN {print a / b}' >>"$tmp/ratios"
	done
	sort -n "$tmp/ratios" | awk 'NR == 1 {least = $1} END {printf "%-32s  %5.2f to %5.2f x the records/s of @ipld/dag-cbor + multiformats\n", "record_cid", least, $1}'
else
	echo 'SKIPPED: npm cannot install @ipld/dag-cbor here'
fi

# the same records as a repository
if (cd "$tmp" && npm install @atproto/repo @atproto/crypto) >>"$tmp/npm.log" 2>&1; then
	cat >"$tmp/car.mjs" <<'JS'
import { Repo, MemoryBlockstore, WriteOpAction, getFullRepo } from '@atproto/repo'
import { Secp256k1Keypair } from '@atproto/crypto'
import { readFileSync, writeFileSync } from 'fs'
const writes = readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean).map((r, i) => ({ action: WriteOpAction.Create, collection: 'app.bsky.feed.post', rkey: 'k' + i, record: JSON.parse(r) }))
const store = new MemoryBlockstore()
const repo = await Repo.create(store, 'did:plc:abc', await Secp256k1Keypair.create(), writes)
const chunks = []
for await (const chunk of getFullRepo(store, repo.cid)) chunks.push(chunk)
writeFileSync(process.argv[3], Buffer.concat(chunks).toString('hex'))
JS
	sql -c 'SELECT record FROM source ORDER BY i' >"$tmp/records"
	node "$tmp/car.mjs" "$tmp/records" "$tmp/repo.car"
	sql -c 'CREATE TABLE hex (h text)' -c "\\copy hex FROM '$tmp/repo.car'" -c "CREATE TABLE car AS SELECT decode(h, 'hex') AS file FROM hex" >/dev/null
else
	echo 'SKIPPED: npm cannot install @atproto/repo here'
fi

# the engine's own calls on the same documents, statements in turn in one session
{
	echo '\ir lib.sql'
	for run in $(seq "$runs"); do
		put() { echo "SELECT count(r.uri) FROM source, at_put_record('records', 'did:plc:abc', 'app.bsky.feed.post', 'k' || i, $1) AS r"; }
		upsert() { echo "SELECT count(u.key) FROM source, upsert('documents', $1 || jsonb_build_object('_key', 'k' || i), '{\"mode\": \"replace\"}') AS u"; }
		compare() { echo "CALL bench.compare('$1|$run', \$ours\$$2\$ours\$, \$theirs\$$3\$theirs\$, 10000, 'SELECT 1; $4', $rounds);"; }
		changed="(record || jsonb_build_object('n', floor(random() * 1e9)))"
		compare 'at_put_record, new' "$(put record)" "$(upsert record)" 'TRUNCATE records, records_repos, documents'
		compare 'at_put_record, changed' "$(put "$changed")" "$(upsert "$changed")" ''
		compare 'at_put_record, unchanged' "$(put record)" "$(upsert record)" ''
		compare 'at_save_all of 10,000 records' \
			"SELECT count(*) FROM at_save_all('records', 'did:plc:abc', (SELECT jsonb_agg(jsonb_build_object('collection', 'app.bsky.feed.post', 'rkey', 'k' || i, 'record', record)) FROM source))" \
			"SELECT * FROM upsert_load('documents', (SELECT jsonb_agg(record || jsonb_build_object('_key', 'k' || i)) FROM source))" \
			'TRUNCATE records, records_repos, documents'
		events="SELECT count(*) FROM at_apply_events('records', (SELECT events FROM delivered))"
		load="SELECT * FROM upsert_load('documents', (SELECT docs FROM delivered))"
		compare 'at_apply_events, 10,000 new' "$events" "$load" 'TRUNCATE records, records_repos, documents'
		echo "$events;" | sed 's/^/\\o \/dev\/null\n/; s/$/\n\\o/'
		compare 'at_apply_events, redelivered' "$events" "$load" 'TRUNCATE documents'
		[ ! -s "$tmp/repo.car" ] || compare 'at_import_repo, new' "SELECT * FROM at_import_repo('records', (SELECT file FROM car))" "$load" 'TRUNCATE records, records_repos, documents'
	done
	cat <<'SQL'
SELECT format('%s %s to %s x the time, %s to %s x the CPU of the engine', rpad(label, 32), to_char(min(us), '0.99'), to_char(max(us), '0.99'), to_char(min(cpu), '0.99'), to_char(max(cpu), '0.99'))
FROM (SELECT split_part(label, '|', 1) AS label, split_part(label, '|', 2) AS run,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE who = 'ours') / percentile_cont(0.5) WITHIN GROUP (ORDER BY us) FILTER (WHERE who = 'theirs') AS us,
		percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) FILTER (WHERE who = 'ours') / percentile_cont(0.5) WITHIN GROUP (ORDER BY cpu) FILTER (WHERE who = 'theirs') AS cpu
	FROM bench.run GROUP BY 1, 2) AS r
GROUP BY label ORDER BY label;
SQL
} >"$tmp/compare.sql"
cp "$(dirname "$0")/lib.sql" "$tmp"
sql -f "$tmp/compare.sql" 2>"$tmp/compare.err" || { cat "$tmp/compare.err" >&2; exit 1; }
