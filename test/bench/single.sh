#!/usr/bin/env bash
# One upsert a call, prepared, each commit flushed, 1 and 8 clients: against
# prepared INSERT ... ON CONFLICT ... RETURNING on a table of the same shape and
# fillfactor, which makes a revision, too.  Rounds of ours and theirs in turn;
# prints, of the medians,
#
#	calls/s		ours : theirs, and the ratio (above 1: ours is faster)
#	flush		mean time of one flush, ms, ours : theirs
#	calls/flush time	calls/s x flush time, the ratio: how many calls get done
#			in the time that the device takes for one flush.  The device
#			has moods, which calls/s follow and this does not
#	WAL			bytes a call, ours : theirs
#
# and then what the first call of a backend takes, without and with
# shared_preload_libraries.  BENCH_ROUNDS=0: that alone.
# bench-conf: fsync = on
# bench-conf: synchronous_commit = on
# bench-conf: track_wal_io_timing = on
set -euo pipefail
rounds=${BENCH_ROUNDS:-5} seconds=${BENCH_SECONDS:-2}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
median() { sort -n | awk '{a[NR] = $1} END {print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2}'; }

sql <<'SQL' >/dev/null
CREATE EXTENSION upsert;
SELECT create_collection('ours');
CREATE TABLE theirs (LIKE ours INCLUDING ALL);
-- LIKE leaves the fillfactor out, and with it HOT updates
DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE theirs SET (%s)', array_to_string(reloptions, ', ')) FROM pg_class WHERE oid = 'ours'::regclass); END $$;
DO $$ BEGIN ASSERT (SELECT count(DISTINCT reloptions) = 1 FROM pg_class WHERE oid IN ('ours'::regclass, 'theirs'::regclass)); END $$;
SELECT upsert_load('ours', (SELECT jsonb_agg(jsonb_build_object('_key', 'k' || i, 'n', 0, 'name', 'somebody ' || i, 'text', repeat('lorem ipsum ', 12))) FROM generate_series(1, 20000) i));
INSERT INTO theirs SELECT * FROM ours;
VACUUM ANALYZE ours, theirs;
SQL

# where flushes are counted: 18 has moved them
if [ "$(sql -c 'SHOW server_version_num')" -ge 180000 ]; then
	flushes="SELECT coalesce(sum(fsyncs), 0), coalesce(sum(fsync_time), 0) FROM pg_stat_io WHERE object = 'wal'"
else
	flushes='SELECT wal_sync, wal_sync_time FROM pg_stat_wal'
fi

both="SELECT * FROM upsert('ours', \$doc);"
new="SELECT action, key, rev, new FROM upsert('ours', \$doc, '{\"return\": \"new\"}');"
theirs="INSERT INTO theirs AS t VALUES ('k' || :k, clock_timestamp()::text, \$doc - '_key') ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev"
returning="RETURNING _key, _rev, doc;"
guarded="$theirs WHERE t.doc IS DISTINCT FROM t.doc || EXCLUDED.doc $returning"
theirs_old="WITH o AS (SELECT _rev, doc FROM theirs WHERE _key = 'k' || :k FOR UPDATE), n AS ($theirs RETURNING _key, _rev, doc) SELECT n.*, o._rev AS old_rev, o.doc AS old FROM n LEFT JOIN o ON true;"

# run NAME CLIENTS: a line "calls/s flush-ms calls/s*flush WAL" more in NAME.out
run() {
	local lsn before after n tps
	lsn=$(sql -c 'SELECT pg_current_wal_insert_lsn()')
	before=$(sql -F ' ' -c "$flushes")
	pgbench -n -M prepared -c "$2" -j 2 -T "$seconds" -f "$tmp/$1.sql" >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
	n=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$tmp/log")
	tps=$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$tmp/log")
	after=$(sql -F ' ' -c "$flushes")
	echo "$before $after $tps $(sql -c "SELECT (pg_current_wal_insert_lsn() - '$lsn') / $n")" |
		awk '{f = $3 > $1 ? ($4 - $2) / ($3 - $1) : 0; print $5, f, $5 * f / 1000, $6}' >>"$tmp/$1.out"
}
column() { cut -d' ' -f"$2" "$tmp/$1.out" | median; }

# compare LABEL OURS THEIRS FIRST-LINES DOCUMENT
compare() {
	local i who clients
	[ "$rounds" != 0 ] || return 0
	printf '%s\n%s\n' "$4" "${2//\$doc/$5}" >"$tmp/ours.sql"
	printf '%s\n%s\n' "$4" "${3//\$doc/$5}" >"$tmp/theirs.sql"
	for clients in 1 8; do
		: >"$tmp/ours.out"
		: >"$tmp/theirs.out"
		for i in $(seq 1 "$rounds"); do
			for who in $([ $((i % 2)) = 0 ] && echo ours theirs || echo theirs ours); do run $who $clients; done
		done
		echo "$(column ours 1) $(column theirs 1) $(column ours 2) $(column theirs 2) $(column ours 3) $(column theirs 3) $(column ours 4) $(column theirs 4)" |
			awk -v l="$1" -v c=$clients '{printf "%-34s %d clients  calls/s %6d : %6d = %5.2f  flush %5.2f : %5.2f  calls/flush time %s  WAL %4d : %4d\n", l, c, $1, $2, $1 / $2, $3, $4, ($3 > 0 && $6 > 0 ? sprintf("%5.2f", $5 / $6) : "    -"), $7, $8}'
	done
}

k='\set k random(1, 20000)'
# a fresh value each time: a change
change="jsonb_build_object('_key', 'k' || :k, 'n', random())"
same="jsonb_build_object('_key', 'k' || :k, 'text', repeat('lorem ipsum ', 12))"
whole="jsonb_build_object('_key', 'k' || :k, 'n', 1, 'name', 'somebody ' || :k, 'text', repeat('lorem ipsum ', 12))"
fresh='\set k random(100000, 1000000000)'
compare 'changed: new' "$new" "$theirs $returning" "$k" "$change"
compare 'changed: old and new' "$both" "$theirs $returning" "$k" "$change"
compare 'changed: old and new, theirs too' "$both" "$theirs_old" "$k" "$change"
compare 'new: old and new' "$both" "$theirs $returning" "$fresh" "$whole"
compare 'unchanged: old and new, guarded' "$both" "$guarded" "$k" "$same"

# The first call of a backend: its time, without a flush, and the pages that it
# touches first.
first() {	# STATEMENT
	PGOPTIONS='-c synchronous_commit=off -c log_statement_stats=on -c client_min_messages=log' psql -qAtX -c '\timing on' -c "$1" 2>&1 |
		awk '/page faults/ {split($2, f, "/"); n = f[2]} /^Time:/ {t = $2} END {print t, n}'
}
compare_first() {	# LABEL
	local i who doc="'{\"_key\": \"k7\", \"n\": 1}'::jsonb"
	: >"$tmp/ours.out"
	: >"$tmp/theirs.out"
	for i in $(seq 1 41); do
		for who in $([ $((i % 2)) = 0 ] && echo ours theirs || echo theirs ours); do
			if [ $who = ours ]; then first "${both/\$doc/${doc/1/$i}}"; else first "$(sed "s/:k/7/; s/\$doc/${doc/1/$i}/" <<<"$theirs $returning")"; fi >>"$tmp/$who.out"
		done
	done
	echo "$(column ours 1) $(column theirs 1) $(column ours 2) $(column theirs 2)" |
		awk -v l="$1" '{printf "%-34s ms %5.2f : %5.2f = %4.2f  page faults %4d : %4d\n", l, $1, $2, $1 / $2, $3, $4}'
}
compare_first 'first call of a backend'
pg_ctl -D "$PGHOST/data" -m fast -w restart -o '-c shared_preload_libraries=upsert' >/dev/null
compare_first 'first call, preloaded'
