#!/usr/bin/env bash
# run.sh [native|asan] [ARG...]: see README.md beside this file.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
sanitize=undefined
case ${1:-} in
	native) shift; exec "$here/test/fuzz/native/run.sh" "$@" ;;
	asan)
		shift
		[ -n "${PG_CONFIG:-}" ] || { echo "fuzz asan: PG_CONFIG must name a server that you built; Debian's hangs under libasan" >&2; exit 1; }
		sanitize=address,undefined UPSERT_PRELOAD=$(gcc -print-file-name=libasan.so)
		export UPSERT_PRELOAD
		;;
esac
seconds=${1:-60}; [ $# = 0 ] || shift
names=("$@")
[ ${#names[@]} != 0 ] || for f in "$here"/test/fuzz/*.{sql,pl}; do
	f=$(basename "$f")
	names+=("${f%.*}")
done
rounds=${FUZZ_ROUNDS:-1000}

export UPSERT_DEV_DIR=${UPSERT_DEV_DIR:-/var/tmp/upsert-fuzz-$(id -u)-$(printf %s "$here$sanitize${PG_CONFIG:-}" | cksum | cut -d' ' -f1)}
export UPSERT_CFLAGS="-fsanitize=$sanitize -fno-sanitize-recover=all"
export SHLIB_LINK="-fsanitize=$sanitize"
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=0:abort_on_error=1

"$here/dev" psql -qX -c 'SELECT 1' >/dev/null	# builds, and starts the server
psql=$(find "$UPSERT_DEV_DIR/root" -name psql | head -n 1)
export PGHOST=$UPSERT_DEV_DIR/cluster-play PGPORT=5432 PGUSER=postgres PGCLIENTENCODING=UTF8
log=$UPSERT_DEV_DIR/fuzz.out
: >"$PGHOST/server.log"
end=$((SECONDS + seconds)) runs=0
while :; do
	for name in "${names[@]}"; do
		seed=${FUZZ_SEED:-0.$(printf %05d $((RANDOM % 100000)))}
		"$psql" -qX -d postgres -c 'DROP DATABASE IF EXISTS fuzz' -c 'CREATE DATABASE fuzz' >"$log" 2>&1 || { cat "$log"; exit 1; }
		rc=0
		# NAME.sql is run, NAME.pl prints what is run
		script() { if [ -f "$here/test/fuzz/$name.pl" ]; then perl "$here/test/fuzz/$name.pl" "$seed" "$rounds"; else cat "$here/test/fuzz/$name.sql"; fi; }
		script | "$psql" -qX -d fuzz -At -v ON_ERROR_STOP=1 -v seed="$seed" -v rounds="$rounds" >"$log" 2>&1 || rc=$?
		# a server with assertions says here who wrote past the end of a chunk
		grep -aE 'TRAP|PANIC|was terminated by signal|(problem|detected .*) in .*(context|alloc set|block|chunk)|resource was not closed|leak' "$PGHOST/server.log" >>"$log" || true
		if [ $rc != 0 ] || [ -s "$log" ]; then
			head -c 4000 "$log"
			echo "fuzz: $name failed; again: FUZZ_SEED=$seed FUZZ_ROUNDS=$rounds ./dev fuzz ${UPSERT_PRELOAD:+asan }1 $name; server log: $PGHOST/server.log"
			exit 1
		fi
		runs=$((runs + 1))
		if [ -n "${FUZZ_SEED:-}" ] || [ $SECONDS -ge $end ]; then
			echo "fuzz: $runs runs of $rounds rounds (${names[*]}), -fsanitize=$sanitize, no violation"
			exit 0
		fi
	done
done
