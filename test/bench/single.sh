#!/usr/bin/env bash
# One upsert a call, prepared, 8 clients, each commit flushed: against prepared
# INSERT ... ON CONFLICT ... RETURNING on a table of the same shape.  Rounds of
# ours and theirs in turn; prints the ratio of the median throughputs (above 1:
# ours is faster) and the bytes of WAL per call.
# bench-conf: fsync = on
# bench-conf: synchronous_commit = on
set -euo pipefail
rounds=${BENCH_ROUNDS:-7} seconds=${BENCH_SECONDS:-3}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
sql <<'SQL' >/dev/null
CREATE EXTENSION upsert;
SELECT create_collection('ours');
CREATE TABLE theirs (LIKE ours INCLUDING ALL);
-- LIKE leaves the fillfactor out, and with it HOT updates
DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE theirs SET (%s)', array_to_string(reloptions, ', ')) FROM pg_class WHERE oid = 'ours'::regclass); END $$;
SELECT upsert_load('ours', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'n', 0, 'text', repeat('lorem ipsum ', 35))) FROM generate_series(1, 20000) i));
INSERT INTO theirs SELECT * FROM ours;
VACUUM ANALYZE ours, theirs;
SQL

ours="SELECT action, new, rev FROM upsert('ours', \$doc, '{\"return\": \"new\"}');"
both="SELECT action, old, new, rev FROM upsert('ours', \$doc);"
theirs="INSERT INTO theirs AS t VALUES ('k' || :k, '3kaaaaaaaaaaa', \$doc::jsonb - '_key') ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev RETURNING doc, _rev;"

# compare LABEL OURS THEIRS FIRST-LINES DOCUMENT
compare() {
	local label=$1 i who lsn n
	printf '%s\n%s\n' "$4" "${2//\$doc/$5}" >"$tmp/ours.sql"
	printf '%s\n%s\n' "$4" "${3//\$doc/$5}" >"$tmp/theirs.sql"
	: >"$tmp/ours.out"
	: >"$tmp/theirs.out"
	for i in $(seq 1 "$rounds"); do
		for who in $([ $((i % 2)) = 0 ] && echo ours theirs || echo theirs ours); do
			lsn=$(sql -c 'SELECT pg_current_wal_insert_lsn()')
			pgbench -n -M prepared -c 8 -j 2 -T "$seconds" -D "round=$i" -f "$tmp/$who.sql" >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
			n=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$tmp/log")
			echo "$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$tmp/log") $(sql -c "SELECT (pg_current_wal_insert_lsn() - '$lsn') / $n")" >>"$tmp/$who.out"
		done
	done
	median() { sort -n | awk '{a[NR] = $1} END {print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2}'; }
	awk -v l="$label" -v o="$(cut -d' ' -f1 "$tmp/ours.out" | median)" -v t="$(cut -d' ' -f1 "$tmp/theirs.out" | median)" \
		-v ow="$(cut -d' ' -f2 "$tmp/ours.out" | median)" -v tw="$(cut -d' ' -f2 "$tmp/theirs.out" | median)" \
		'BEGIN {printf "%-44s %6.2f x the calls/s  WAL/call %4d : %4d\n", l, o / t, ow, tw}'
}

k='\set k random(1, 20000)'
# a fresh value each time: a change
change="jsonb_build_object('_key', 'k' || :k, 'n', random())"
same="jsonb_build_object('_key', 'k' || :k, 'text', repeat('lorem ipsum ', 35))"
new="jsonb_build_object('_key', 'k' || :k, 'n', 1, 'text', repeat('lorem ipsum ', 35))"
fresh='\set k random(100000, 1000000000)'
compare 'changed, return new' "$ours" "$theirs" "$k" "$change"
compare 'changed, return both' "$both" "$theirs" "$k" "$change"
compare 'unchanged, return both' "$both" "$theirs" "$k" "$same"
compare 'new, return both' "$both" "$theirs" "$fresh" "$new"
