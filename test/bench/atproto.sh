#!/usr/bin/env bash
# AT Protocol records: CIDs a second against npm's @ipld/dag-cbor with
# multiformats on the same records (above 1: ours is faster), and the time of
# at_put_record and at_save_all over that of the engine's upsert and
# upsert_load on the same documents.  Rounds of ours and theirs in turn; ratios
# of medians.  Without npm the first part is skipped, aloud.
#
#   rounds=7 ./dev bench atproto
set -euo pipefail
rounds=${rounds:-5}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
# milliseconds of one statement
time_of() { sql -c '\timing on' -c '\o /dev/null' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1; }
median() { sort -n "$1" | awk '{a[NR] = $1} END {print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2}'; }
ratio() { awk -v l="$1" -v a="$(median "$2")" -v b="$(median "$3")" -v w="$4" 'BEGIN {printf "%-44s %6.2f x %s\n", l, a / b, w}'; }

sql <<'SQL' >/dev/null
CREATE EXTENSION upsert;
CREATE TABLE source AS SELECT i, jsonb_build_object('$type', 'app.bsky.feed.post', 'text', repeat('lorem ipsum ', 5 + i % 20),
	'langs', jsonb_build_array('en'), 'createdAt', '2026-11-22T00:00:00.000Z', 'n', i,
	'reply', jsonb_build_object('root', jsonb_build_object('uri', 'at://did:plc:abc/app.bsky.feed.post/3k' || i, 'cid', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'))) AS record
FROM generate_series(1, 10000) AS i;
VACUUM ANALYZE source;
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
	for _ in $(seq "$rounds"); do
		time_of 'SELECT count(record_cid(record)) FROM source' >>"$tmp/ours.cid"
		node "$tmp/cids.mjs" "$tmp/records" >>"$tmp/theirs.cid"
	done
	ratio 'record_cid' "$tmp/theirs.cid" "$tmp/ours.cid" 'the records/s of @ipld/dag-cbor + multiformats'
else
	echo 'SKIPPED: npm cannot install @ipld/dag-cbor here'
fi

put() { time_of "SELECT count(r.uri) FROM source, at_put_record('records', 'did:plc:abc', 'app.bsky.feed.post', 'k' || i, $1) AS r"; }
upsert() { time_of "SELECT count(u.key) FROM source, upsert('documents', $1 || jsonb_build_object('_key', 'k' || i), '{\"mode\": \"replace\"}') AS u"; }
for round in $(seq "$rounds"); do
	sql -c 'TRUNCATE records, records_repos, documents'
	for case in new changed unchanged; do
		doc=record
		[ $case = new ] || doc="(record || jsonb_build_object('n', -$round))"
		put "$doc" >>"$tmp/ours.$case"
		upsert "$doc" >>"$tmp/theirs.$case"
	done
	sql -c 'TRUNCATE records, records_repos, documents'
	time_of "SELECT count(*) FROM at_save_all('records', 'did:plc:abc', (SELECT jsonb_agg(jsonb_build_object('collection', 'app.bsky.feed.post', 'rkey', 'k' || i, 'record', record)) FROM source))" >>"$tmp/ours.load"
	time_of "SELECT * FROM upsert_load('documents', (SELECT jsonb_agg(record || jsonb_build_object('_key', 'k' || i)) FROM source))" >>"$tmp/theirs.load"
done
for case in new changed unchanged; do
	ratio "at_put_record, $case" "$tmp/ours.$case" "$tmp/theirs.$case" 'the time of upsert'
done
ratio 'at_save_all of 10,000 records' "$tmp/ours.load" "$tmp/theirs.load" 'the time of upsert_load'
