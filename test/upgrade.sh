#!/usr/bin/env bash
# upgrade.sh VERSION VERSION...: one cluster by pg_upgrade through these majors of
# PostgreSQL, all installed here.  The first is filled (upgrade/fill.sql) and
# everything is summed up (state.sql): the sums must be the same after each
# step, as must be what every door answers when it goes on (goon.sql), and what
# retries are told (kept.sql).  A dump of the first is restored at each step, and
# must be the same but for the last: what is kept for retries is in no dump.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
base=${UPSERT_DEV_DIR:-/var/tmp/upsert-up-$(id -u)}
sql=$here/test/upgrade
passed=0 failed=0

as() {
	if [ "$(id -u)" = 0 ]; then (cd "$W" && HOME=$W runuser -u postgres -- "$@"); else (cd "$W" && "$@"); fi
}
ok() {	# ok LABEL COMMAND...
	local label=$1
	shift
	if "$@"; then passed=$((passed + 1)); echo "ok - $label"; else failed=$((failed + 1)); echo "not ok - $label"; fi
}
# the extension built for it, in a private root
use() {	# use VERSION
	W=$base-$1
	UPSERT_DEV_DIR=$W PG_CONFIG=/usr/lib/postgresql/$1/bin/pg_config UPSERT_CFLAGS=${UPSERT_CFLAGS:-} "$here/dev" build
	bin=$W/root/usr/lib/postgresql/$1/bin
	data=$W/upgraded
}
start() {
	export PGHOST=$W PGPORT=5432 PGUSER=postgres PGDATABASE=src
	as "$bin/pg_ctl" -D "$data" -l "$W/upgraded.log" -w -o "-c listen_addresses= -c unix_socket_directories=$W -c fsync=off" start </dev/null >/dev/null ||
		{ tail -n 5 "$W/upgraded.log"; exit 1; }
}
stop() { as "$bin/pg_ctl" -D "$data" -m fast -w stop >/dev/null; }
psql() { as "$bin/psql" -qX "$@" 2>&1; }
init() {
	as rm -rf "$data"
	# 18 brought checksums as the default, and pg_upgrade wants both to agree
	as "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --no-locale \
		$([ "$1" -lt 18 ] || echo --no-data-checksums) >"$W/initdb.log" 2>&1 || { tail -n 3 "$W/initdb.log"; exit 1; }
}
same() { diff -u "$1" "$2"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ $# -ge 2 ] || { echo "upgrade.sh: give two majors or more"; echo "0 passed, 1 failed"; exit 1; }
use "$1"
init "$1"
start
PGDATABASE=postgres psql -c 'CREATE DATABASE src'
psql -v ON_ERROR_STOP=1 -f - <"$sql/fill.sql" >"$work/fill" || { tail -n 5 "$work/fill"; exit 1; }
psql -f - <"$sql/state.sql" >"$work/state"
psql -f - <"$sql/goon.sql" >"$work/goon"
psql -f - <"$sql/kept.sql" >"$work/kept"
ok "$1: everything is there" test "$(grep -c '|' "$work/state")" -ge 30
ok "$1: no error but those that are meant" test "$(grep -c 'ERROR:' "$work"/{state,goon,kept} | paste -sd ' ' | sed 's/[^ ]*://g')" = "0 6 3"
psql -f - <"$sql/state.sql" >"$work/state.$1"
ok "$1: and it is as it was again" same "$work/state" "$work/state.$1"
as "$bin/pg_dump" >"$work/dump"
stop
from=$1
shift
for to in "$@"; do
	oldbin=$bin olddata=$data oldW=$W
	use "$to"
	# 15.20 and 17.12 note a version in pg_attribute.attoptions, of which no
	# dump can be restored in a minor release that is older than they are
	if grep -qa pg_attver "$oldbin/postgres" && ! grep -qa pg_attver "$bin/postgres"; then
		echo "note: attoptions pg_attver, which $to does not know, are taken away"
		newbin=$bin newdata=$data newW=$W bin=$oldbin data=$olddata W=$oldW
		start
		for db in template1 postgres src; do
			psql -d $db -c "UPDATE pg_attribute SET attoptions = NULL WHERE attoptions::text ~ '^{pg_attver=[0-9]*}$'" >/dev/null
		done
		stop
		bin=$newbin data=$newdata W=$newW
	fi
	init "$to"
	log=$work/pg_upgrade.log rc=0
	# without a private folder the old cluster could not be asked by name
	as mkdir -p "$W/up"
	(cd "$W/up" && if [ "$(id -u)" = 0 ]; then HOME=$W runuser -u postgres -- "$bin/pg_upgrade" --no-sync -U postgres -d "$olddata" -D "$data" -b "$oldbin" -B "$bin" -s "$W"; else
		"$bin/pg_upgrade" --no-sync -U postgres -d "$olddata" -D "$data" -b "$oldbin" -B "$bin" -s "$W"; fi) >"$log" 2>&1 || rc=$?
	ok "$from -> $to: pg_upgrade" test $rc = 0
	[ $rc = 0 ] || { tail -n 20 "$log"; break; }
	start
	psql -f - <"$sql/state.sql" >"$work/state.$to"
	ok "$from -> $to: everything is as it was" same "$work/state" "$work/state.$to"
	psql -f - <"$sql/goon.sql" >"$work/goon.$to"
	ok "$from -> $to: every door goes on" same "$work/goon" "$work/goon.$to"
	psql -f - <"$sql/state.sql" >"$work/state.$to"
	psql -f - <"$sql/kept.sql" >"$work/kept.$to"
	ok "$from -> $to: retries are told the same" same "$work/kept" "$work/kept.$to"
	psql -f - <"$sql/state.sql" >"$work/state.$to"
	ok "$from -> $to: and it is as it was again" same "$work/state" "$work/state.$to"
	PGDATABASE=postgres psql -c 'CREATE DATABASE restored'
	export PGDATABASE=restored
	ok "$to: restore" psql -v ON_ERROR_STOP=1 -o /dev/null -f - <"$work/dump"
	psql -f - <"$sql/state.sql" >"$work/state.$to"
	ok "$to: what was dumped is as it was" same "$work/state" "$work/state.$to"
	psql -f - <"$sql/goon.sql" >"$work/goon.$to"
	ok "$to: and goes on" same "$work/goon" "$work/goon.$to"
	PGDATABASE=postgres psql -c 'DROP DATABASE restored'
	stop
	from=$to
done
printf '%d passed, %d failed\n' $passed $failed
[ $failed = 0 ]
