#!/usr/bin/env bash
# Clients: single calls by 1 and 8 of them (and by others, for the plot), each
# commit flushed to a disk whose flush takes a fixed time (flush.c), beside a
# prepared INSERT ... ON CONFLICT ... RETURNING on a table of the same fillfactor
# that keeps no revision; a client that has documents and pipelines them; two
# that write overlapping batches in opposite order; the first call of a backend.
# Lines for the table of docs/performance.md: calls is the ratio of calls a
# second, above 1 where ours makes more; cpu that of the backends' processor time
# a call; other names as in lib.sql.
# bench-conf: fsync = on
# bench-conf: synchronous_commit = on
# bench-conf: checkpoint_timeout = 1h
# bench-flush: 1000
set -euo pipefail
rounds=5 seconds=2 share=1
if [ "${BENCH_SCALE:-1}" != 1 ]; then rounds=2 seconds=1 share=50; fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export PGOPTIONS='-c client_min_messages=warning'

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
{
	cat "$(dirname "$0")/lib.sql"
	cat <<'SQL'
CALL bench.tables('ours', 'theirs');
INSERT INTO ours (_key, _rev, doc) SELECT 'k' || i, '3kaaaaaaaaaaa', bench.small('', i, 0) - '_key' FROM generate_series(1, 20000) i;
INSERT INTO theirs SELECT * FROM ours;
VACUUM ANALYZE;
SQL
} >"$tmp/setup.sql"
sql -f "$tmp/setup.sql" >/dev/null
data=$(sql -c 'SHOW data_directory') postmaster=
# processor time of the server's processes that have ended, in 1/100 s; ours is one
ended() {
	while [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")" != 1 ]; do :; done
	postmaster=$(head -n 1 "$data/postmaster.pid")
	sed 's/.*) //' "/proc/$postmaster/stat" | awk '{print $14 + $15}'
}

# line FACTS FILE-OF-OURS FILE-OF-THEIRS: what was noted in each round, columns calls cpu wal
line() {
	paste -d' ' "$2" "$3" | awk -v facts="$1" '
		function median(a, n,   i, j, x) {
			for (i = 2; i <= n; i++) for (j = i; j > 1 && a[j] < a[j - 1]; j--) { x = a[j]; a[j] = a[j - 1]; a[j - 1] = x }
			return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
		}
		{
			r = $1 / $4; c = $5 > 0 ? $2 / $5 : 0
			if (NR == 1 || r < least) least = r
			if (NR == 1 || r > most) most = r
			if (NR == 1 || c < cleast) cleast = c
			if (NR == 1 || c > cmost) cmost = c
			o[NR] = $1; oc[NR] = $2; ow[NR] = $3; t[NR] = $4; tc[NR] = $5; tw[NR] = $6
		}
		END {
			a = median(o, NR); b = median(t, NR); x = median(oc, NR); y = median(tc, NR)
			printf "%s rounds=%d calls=%.3f calls_least=%.3f calls_most=%.3f cpu=%.3f cpu_least=%.3f cpu_most=%.3f rate=%.1f rate_theirs=%.1f wal=%.1f wal_theirs=%.1f\n",
				facts, NR, a / b, least, most, (y > 0 ? x / y : 0), cleast, cmost, a, b, median(ow, NR), median(tw, NR)
		}'
}

# single FACTS CLIENTS OURS THEIRS FIRST-LINES
single() {
	local i who lsn n cpu
	printf '%s\n%s\n' "$5" "$3" >"$tmp/ours.sql"
	printf '%s\n%s\n' "$5" "$4" >"$tmp/theirs.sql"
	: >"$tmp/ours.out"
	: >"$tmp/theirs.out"
	for i in $(seq 1 "$rounds"); do
		for who in $([ $((i % 2)) = 0 ] && echo ours theirs || echo theirs ours); do
			lsn=$(sql -c 'SELECT pg_current_wal_insert_lsn()')
			cpu=$(ended)
			pgbench -n -M prepared -c "$2" -j "$([ "$2" = 1 ] && echo 1 || echo 2)" -T $seconds -D "round=$i" -f "$tmp/$who.sql" >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
			cpu=$(($(ended) - cpu))
			n=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$tmp/log")
			echo "$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$tmp/log") $(awk "BEGIN {print $cpu / $n}") $(sql -c "SELECT round((pg_current_wal_insert_lsn() - '$lsn') / $n, 1)")" >>"$tmp/$who.out"
		done
	done
	line "work=$1 clients=$2 rows=20000 bytes=200" "$tmp/ours.out" "$tmp/theirs.out"
}

ours="SELECT action, old, new, rev FROM upsert('ours', (\$doc)::jsonb);"
theirs="INSERT INTO theirs AS t (_key, doc) VALUES (\$key, (\$doc)::jsonb) ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc\$where RETURNING doc;"
calls() {	# calls NAME AGAINST CLIENTS KEY VALUES WHERE FIRST-LINES
	local o="${ours//\$doc/\'{\"_key\": \"\' || $4 || \'\", $5\}\'}" t=${theirs//\$key/$4}
	t=${t//\$doc/\'\{$5\}\'}
	single "single_$1 against=$2" "$3" "$o" "${t//\$where/$6}" "$7"
}
k='\set k random(1, 20000)'
n="$k"$'\n''\set v random(1, 1000000000)'
fresh='\set k random(100000, 1000000000)'
guard=' WHERE t.doc IS DISTINCT FROM t.doc || EXCLUDED.doc'
calls changed on_conflict 1 "'k' || :k" "\"n\": ' || :v || '" '' "$n"
calls changed on_conflict 8 "'k' || :k" "\"n\": ' || :v || '" '' "$n"
calls new on_conflict 1 "'k' || :k" '"n": 1, "name": "somebody", "active": true' '' "$fresh"
calls new on_conflict 8 "'k' || :k" '"n": 1, "name": "somebody", "active": true' '' "$fresh"
calls unchanged guarded 1 "'k' || :k" '"active": true' "$guard" "$k"
calls unchanged guarded 8 "'k' || :k" '"active": true' "$guard" "$k"
for c in 2 4 16; do calls changed on_conflict $c "'k' || :k" "\"n\": ' || :v || '" '' "$n"; done

# a client that pipelines, and one that awaits each answer
works='new changed unchanged'
cc -O2 -I"$(pg_config --includedir)" "$(dirname "$0")/pipeline.c" -o "$tmp/pipeline" -L"$(pg_config --libdir)" -lpq 2>"$tmp/log" ||
	{ echo "SKIPPED: clients that pipeline need libpq's headers: $(tail -n 1 "$tmp/log")"; works=; }
sql -c "SELECT 'n' || i * 7919 % 10007, bench.small('', i, 0) - '_key' FROM generate_series(1, 10000 / $share) i" | sed 's/|/\t/' >"$tmp/docs"
for what in $works; do
	for mode in theirs one; do
		: >"$tmp/ours.out"
		: >"$tmp/theirs.out"
		for i in $(seq 1 "$rounds"); do
			for who in $([ $((i % 2)) = 0 ] && echo ours $mode || echo $mode ours); do
				sql -c 'TRUNCATE ours, theirs'
				case $what in
					changed) sql -c "INSERT INTO ours (_key, _rev, doc) SELECT 'n' || i * 7919 % 10007, '3kaaaaaaaaaaa', bench.small('', i, 1) - '_key' FROM generate_series(1, 10000) i" ;;
					unchanged) sql -c "INSERT INTO ours (_key, _rev, doc) SELECT 'n' || i * 7919 % 10007, '3kaaaaaaaaaaa', bench.small('', i, 0) - '_key' FROM generate_series(1, 10000) i" ;;
				esac
				sql -c 'INSERT INTO theirs SELECT * FROM ours'
				cpu=$(ended)
				lsn=$(sql -c 'SELECT pg_current_wal_insert_lsn()')
				us=$("$tmp/pipeline" "$who" "$tmp/docs" 1000)
				cpu=$(($(ended) - cpu))
				echo "$(awk "BEGIN {print 1e6 / $us}") $cpu $(sql -c "SELECT round((pg_current_wal_insert_lsn() - '$lsn') / $(wc -l <"$tmp/docs"), 1)")" >>"$tmp/$([ "$who" = ours ] && echo ours || echo theirs).out"
			done
		done
		line "work=client_$what against=$([ $mode = theirs ] && echo pipeline || echo one_by_one) rows=10000 batch=1000 bytes=200" "$tmp/ours.out" "$tmp/theirs.out"
	done
done

# two sessions, 1,000 batches each of 100 documents, in opposite orders
sql -c 'TRUNCATE ours, theirs' -c "ALTER SYSTEM SET deadlock_timeout = '10ms'" -c 'SELECT pg_reload_conf()' \
	-c "CREATE TABLE batch AS SELECT session, (SELECT jsonb_agg(jsonb_build_object('_key', 'd' || i, 'n', 0) ORDER BY CASE session WHEN 0 THEN i ELSE -i END) FROM generate_series(1, 100) i) AS docs FROM generate_series(0, 1) session" >/dev/null
changed="(SELECT jsonb_agg(d || jsonb_build_object('by', :client_id, 'n', :v) ORDER BY i) AS docs FROM batch, jsonb_array_elements(docs) WITH ORDINALITY e (d, i) WHERE session = :client_id) b"
echo "\\set v random(1, 1000000000)
SELECT upsert_load('ours', docs) FROM $changed;" >"$tmp/ours.sql"
echo "\\set v random(1, 1000000000)
INSERT INTO theirs AS t (_key, doc) SELECT d->>'_key', d - '_key' FROM $changed, jsonb_array_elements(docs) d ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc;" >"$tmp/theirs.sql"
for who in ours theirs; do
	pgbench -n -c 2 -j 2 -t $((1000 / share)) --failures-detailed -f "$tmp/$who.sql" >"$tmp/log" 2>/dev/null || { cat "$tmp/log"; exit 1; }
	echo "work=opposite against=$who rounds=$((1000 / share)) deadlocks=$(sed -n 's/^number of deadlock failures: \([0-9]*\).*/\1/p' "$tmp/log")"
done

# the first statement of a backend, which loads the module; then with the module preloaded
first() {
	local i who
	sql -c 'TRUNCATE ours, theirs' -c 'SET synchronous_commit = off' -c "SELECT upsert_load('ours', '[{\"_key\": \"k\", \"n\": 1}]')" -c 'INSERT INTO theirs SELECT * FROM ours' >/dev/null
	: >"$tmp/ours.out"
	: >"$tmp/theirs.out"
	for i in $(seq 1 $((rounds * 5))); do
		for who in $([ $((i % 2)) = 0 ] && echo ours theirs || echo theirs ours); do
			[ $who = ours ] && s="SELECT action, old, new, rev FROM upsert('ours', '{\"_key\": \"k\", \"n\": $i}')" ||
				s="INSERT INTO theirs AS t (_key, doc) VALUES ('k', '{\"n\": $i}') ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc RETURNING doc"
			PGOPTIONS="$PGOPTIONS -c synchronous_commit=off" sql -c '\timing on' -c "$s" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1 0 0/p' >>"$tmp/$who.out"
		done
	done
	line "work=first against=$1" "$tmp/ours.out" "$tmp/theirs.out" | sed 's/calls/time/g; s/ cpu.*//'
}
first on_conflict
sql -c "ALTER SYSTEM SET shared_preload_libraries = 'upsert'"
pg_ctl -D "$data" -m fast -w restart -l "$data/../server.log" >/dev/null </dev/null
first preloaded
