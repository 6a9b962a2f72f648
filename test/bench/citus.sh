#!/usr/bin/env bash
# Batches and single calls on a coordinator and two workers of Citus, against
# INSERT ... SELECT ... ON CONFLICT through Citus on a table of the same shape.
# For `./dev citus bench`; needs a server that has Citus, and says so if not.
#
#	10000 changed	0.85 x the time ...  ms 40 (38 .. 42) : 47 (45 .. 50)
#
# One session for ours and one for theirs, in turn: ratios of medians, and in
# parentheses the quartiles.  CPU is that of all processes of the three servers,
# WAL that of the workers.  Single calls by 8 clients: throughput, above 1 ours is faster.
set -euo pipefail
rounds=${BENCH_ROUNDS:-9} items=${BENCH_ITEMS:-10000} seconds=${BENCH_SECONDS:-3} shards=${BENCH_SHARDS:-4}
kinds=${BENCH_KINDS-new changed unchanged} singles=${BENCH_SINGLES-new unchanged changed}
share=$(pg_config --sharedir)
[ -f "$share/extension/citus.control" ] || { echo "SKIPPED: no Citus in this PostgreSQL; ./dev citus bench"; exit 0; }

tmp=$(mktemp -d /tmp/upsert-citus.XXXXXX)
stop() {
	local n
	for n in coordinator one two; do pg_ctl -D "$tmp/$n" -m immediate stop >/dev/null 2>&1 || true; done
	rm -rf "$tmp"
}
trap stop EXIT

# --- three servers ------------------------------------------------------------

export PGHOST=$tmp PGUSER=postgres PGDATABASE=postgres
base=$((20000 + $$ % 20000))
port() { case $1 in coordinator) echo $base ;; one) echo $((base + 1)) ;; two) echo $((base + 2)) ;; esac; }
sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }
export PGOPTIONS="-c client_min_messages=warning"
for n in coordinator one two; do
	initdb -D "$tmp/$n" -U postgres -A trust -E UTF8 --no-locale >"$tmp/initdb.log" 2>&1 || { tail -n 3 "$tmp/initdb.log"; exit 1; }
	cat >>"$tmp/$n/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$tmp'
		port = $(port $n)
		shared_preload_libraries = 'citus'
		citus.node_conninfo = 'sslmode=disable'
		citus.local_hostname = '$tmp'
		citus.enable_statistics_collection = off
		citus.recover_2pc_interval = -1
		max_prepared_transactions = 50
		shared_buffers = 256MB
		max_wal_size = 4GB
		autovacuum = off
		fsync = ${BENCH_FSYNC:-off}
	CONF
	pg_ctl -D "$tmp/$n" -l "$tmp/$n.log" -w start >/dev/null </dev/null || { tail -n 5 "$tmp/$n.log"; exit 1; }
	PGPORT=$(port $n) sql -c 'CREATE EXTENSION citus'
done
export PGPORT=$base
sql <<SQL >/dev/null
SELECT citus_set_coordinator_host('$tmp', $base);
SELECT citus_add_node('$tmp', $((base + 1)));
SELECT citus_add_node('$tmp', $((base + 2)));
CREATE EXTENSION upsert;
SELECT create_collection('ours', '{"shards": $shards}');
CREATE TABLE theirs (LIKE ours INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES) WITH (fillfactor = 85);
SELECT create_distributed_table('theirs', '_key', colocate_with => 'ours');
CREATE TABLE batches (kind text, n int, docs jsonb, PRIMARY KEY (kind, n));
ALTER TABLE batches ALTER docs SET STORAGE EXTERNAL;
-- documents of about 250 bytes
CREATE FUNCTION batch(prefix text, mark int) RETURNS jsonb LANGUAGE sql AS \$\$
	SELECT jsonb_agg(jsonb_build_object('_key', prefix || 100000 + ((i * 7919) % $items), 'n', mark, 'name', 'somebody ' || i,
		'email', i || '@example.org', 'active', true, 'text', repeat(md5(i::text), 3)) ORDER BY i) FROM generate_series(1, $items) i \$\$;
INSERT INTO batches SELECT 'new', i, batch(i || '-', 0) FROM generate_series(1, $rounds + 1) i;
INSERT INTO batches SELECT 'changed', i, batch('k', i) FROM generate_series(1, $rounds + 1) i;
INSERT INTO batches SELECT 'unchanged', i, batch('k', $rounds + 1) FROM generate_series(1, $rounds + 1) i;
INSERT INTO batches SELECT kind || ' answers', n, CASE kind WHEN 'new' THEN batch('a' || n || '-', 0) ELSE docs END FROM batches;
SELECT upsert_load('ours', docs) FROM batches WHERE kind = 'unchanged' AND n = 1;
INSERT INTO theirs SELECT * FROM ours;
VACUUM ANALYZE;
SQL

# --- what is measured -----------------------------------------------------------

# clock ticks of the three servers, of what has ended, too
ticks() {
	local n pid all=
	for n in coordinator one two; do
		pid=$(head -n 1 "$tmp/$n/postmaster.pid")
		all+=" $pid $(ps -o pid= --ppid "$pid")"
	done
	for pid in $all; do cat "/proc/$pid/stat" 2>/dev/null || true; done |
		awk '{sub(/.*\) /, ""); t += $12 + $13 + $14 + $15} END {print t}'
}
lsns() { local n; for n in one two; do PGPORT=$(port $n) sql -c 'SELECT pg_current_wal_insert_lsn() - $$0/0$$'; done | awk '{s += $1} END {printf "%d\n", s}'; }
# two sessions that stay
coproc OURS { exec psql -qAtX 2>&1; }
{ coproc THEIRS { exec psql -qAtX 2>&1; }; } 2>/dev/null
tell() {	# tell WHO SQL: the milliseconds that it took
	local line ms= in out
	case $1 in ours) in=${OURS[1]} out=${OURS[0]} ;; theirs) in=${THEIRS[1]} out=${THEIRS[0]} ;; esac
	printf '\\timing on\n%s\n\\timing off\n\\echo done\n' "$2" >&"$in"
	while IFS= read -r line <&"$out"; do
		case $line in
			done) break ;;
			Time:*) ms=${line#Time: } ms=${ms%% ms*} ;;
			*ERROR*) echo "$line" >&2; exit 1 ;;
		esac
	done
	echo "$ms"
}
quartiles() { sort -n | awk '{a[NR] = $1} END {print a[int((NR + 3) / 4)], a[int((NR + 1) / 2)], a[int((3 * NR + 3) / 4)]}'; }

# statement WHO KIND N
statement() {
	local docs="(SELECT docs FROM batches WHERE kind = '$2${answers:+ $answers}' AND n = $3)"
	case $1$answers in
		ours) echo "SELECT * FROM upsert_load('ours', $docs);" ;;
		theirs) echo "INSERT INTO theirs AS t SELECT d->>'_key', '3kaaaaaaaaaaa', d - '_key' FROM jsonb_array_elements($docs) d ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev;" ;;
		oursanswers) echo "SELECT count(new) FROM upsert_many('ours', $docs, '{\"return\": \"new\"}');" ;;
		theirsanswers) echo "WITH w AS (INSERT INTO theirs AS t SELECT d->>'_key', '3kaaaaaaaaaaa', d - '_key' FROM jsonb_array_elements($docs) d ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev RETURNING doc) SELECT count(doc) FROM w;" ;;
	esac
}
compare() {	# compare KIND: batches
	local n who before wal ms
	: >"$tmp/ours" ; : >"$tmp/theirs"
	for n in $(seq 1 $((rounds + 1))); do
		for who in $([ $((n % 2)) = 0 ] && echo ours theirs || echo theirs ours); do
			wal=$(lsns) before=$(ticks)
			ms=$(tell $who "$(statement $who "$1" "$n")")
			# the first one of a kind warms up
			[ "$n" = 1 ] || echo "$ms $((($(ticks) - before) * 10)) $(($(lsns) - wal))" >>"$tmp/$who"
		done
	done
	local o t oc tc
	read -r -a o <<<"$(cut -d' ' -f1 "$tmp/ours" | quartiles)"
	read -r -a t <<<"$(cut -d' ' -f1 "$tmp/theirs" | quartiles)"
	oc=$(awk '{s += $2} END {print s / NR}' "$tmp/ours") tc=$(awk '{s += $2} END {print s / NR}' "$tmp/theirs")
	awk -v l="$items $1${answers:+, $answers}" -v o="${o[*]}" -v t="${t[*]}" -v oc="$oc" -v tc="$tc" \
		-v ow="$(cut -d' ' -f3 "$tmp/ours" | quartiles | cut -d' ' -f2)" -v tw="$(cut -d' ' -f3 "$tmp/theirs" | quartiles | cut -d' ' -f2)" 'BEGIN {
		split(o, a); split(t, b)
		printf "%-26s %5.2f x the time %5.2f x the CPU   ms %4d (%d .. %d) : %4d (%d .. %d)   CPU ms %4d : %4d   WAL %7d : %7d\n",
			l, a[2] / b[2], oc / tc, a[2], a[1], a[3], b[2], b[1], b[3], oc, tc, ow, tw }'
}

# single KIND KEY DOCUMENT: what pgbench is to choose, and the document
single() {
	local who i before n
	printf '%s\nSELECT action, new, rev FROM upsert($$ours$$, $${"_key": "%s", %s}$$, $${"return": "new"}$$);\n' "$2" "$3" "$4" >"$tmp/ours.sql"
	printf '%s\nINSERT INTO theirs AS t VALUES ($$%s$$, $$3kaaaaaaaaaaa$$, $${%s}$$) ON CONFLICT (_key) DO UPDATE SET doc = t.doc || EXCLUDED.doc, _rev = EXCLUDED._rev RETURNING doc, _rev;\n' "$2" "$3" "$4" >"$tmp/theirs.sql"
	: >"$tmp/ours" ; : >"$tmp/theirs"
	for i in $(seq 1 "$rounds"); do
		for who in $([ $((i % 2)) = 0 ] && echo ours theirs || echo theirs ours); do
			before=$(ticks)
			pgbench -n -c "${BENCH_CLIENTS:-8}" -j 2 -T "$seconds" -f "$tmp/$who.sql" >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
			n=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$tmp/log")
			echo "$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' "$tmp/log") $((($(ticks) - before) * 10000 / n))" >>"$tmp/$who"
		done
	done
	awk -v l="single, $1" -v o="$(cut -d' ' -f1 "$tmp/ours" | quartiles)" -v t="$(cut -d' ' -f1 "$tmp/theirs" | quartiles)" \
		-v oc="$(cut -d' ' -f2 "$tmp/ours" | quartiles)" -v tc="$(cut -d' ' -f2 "$tmp/theirs" | quartiles)" 'BEGIN {
		split(o, a); split(t, b); split(oc, c); split(tc, d)
		printf "%-26s %5.2f x the calls/s %3.2f x the CPU   /s %5d (%d .. %d) : %5d (%d .. %d)   CPU us %4d : %4d\n",
			l, a[2] / b[2], c[2] / d[2], a[2], a[1], a[3], b[2], b[1], b[3], c[2], d[2] }'
}

answers=
for kind in $kinds; do compare "$kind"; done
answers=answers
for kind in ${BENCH_ANSWERS-$kinds}; do compare "$kind"; done
# all the same to begin with
sql -c "SELECT upsert_load('ours', (SELECT jsonb_agg(d || '{\"n\": 0}') FROM jsonb_array_elements(docs) d)) FROM batches WHERE kind = 'unchanged' AND n = 1" >/dev/null
answers=
for kind in $singles; do
	case $kind in
		new) single new '\set k random(100000, 1000000000)' 's:k' '"n": 1, "text": "lorem ipsum"' ;;
		changed) single changed "\\set k random(100000, $((99999 + items)))
\\set r random(1, 1000000000)" 'k:k' '"n": :r' ;;
		unchanged) single unchanged "\\set k random(100000, $((99999 + items)))" 'k:k' '"n": 0' ;;
	esac
done
