#!/usr/bin/env bash
# run.sh [SECONDS [NAME...]]: see README.md beside this file.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seconds=${1:-60}; [ $# = 0 ] || shift
names=("$@")
[ ${#names[@]} != 0 ] || for f in "$here"/test/fuzz/*.sql; do names+=("$(basename "$f" .sql)"); done

sanitize=${FUZZ_SANITIZE:-undefined}
export UPSERT_DEV_DIR=${UPSERT_DEV_DIR:-/var/tmp/upsert-fuzz-$(id -u)-$(printf %s "$here$sanitize${PG_CONFIG:-}" | cksum | cut -d' ' -f1)}
export UPSERT_CFLAGS="-fsanitize=$sanitize -fno-sanitize-recover=all"
export SHLIB_LINK="-fsanitize=$sanitize"
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=0:abort_on_error=1

psql() { "$here/dev" psql -qX "$@"; }

"$here/dev" build
if [ -n "${FUZZ_PRELOAD:-}" ]; then export LD_PRELOAD=$FUZZ_PRELOAD; fi
end=$((SECONDS + seconds)) runs=0
log=$UPSERT_DEV_DIR/fuzz.out
while :; do
	for name in "${names[@]}"; do
		seed=${FUZZ_SEED:-0.$(printf %05d $((RANDOM % 100000)))}
		psql -c 'DROP DATABASE IF EXISTS fuzz' -c 'CREATE DATABASE fuzz' >"$log" 2>&1 || { cat "$log"; exit 1; }
		rc=0
		psql -d fuzz -At -v ON_ERROR_STOP=1 -v seed="$seed" -v rounds="${FUZZ_ROUNDS:-1000}" \
			-f "$UPSERT_DEV_DIR/src/test/fuzz/$name.sql" >"$log" 2>&1 || rc=$?
		if [ $rc != 0 ] || [ -s "$log" ]; then
			head -c 4000 "$log"
			echo "fuzz: $name failed; again: FUZZ_SEED=$seed FUZZ_ROUNDS=${FUZZ_ROUNDS:-1000} ./dev fuzz 1 $name; server log: $UPSERT_DEV_DIR"
			exit 1
		fi
		runs=$((runs + 1))
		if [ -n "${FUZZ_SEED:-}" ] || [ $SECONDS -ge $end ]; then
			echo "fuzz: $runs runs of ${FUZZ_ROUNDS:-1000} rounds, no violation"
			exit 0
		fi
	done
done
