#!/usr/bin/env bash
# ./dev memcheck [STEP...]: faults that a stock server hides.
#
#	assert		./dev check on a server with assertions, clobbered memory and
#				checked contexts, built from Debian's source package (10 minutes
#				once; kept in UPSERT_RIGS)
#	ubsan		regress, both stores, compiled with -fsanitize=undefined
#	asan		the same with -fsanitize=address, on the server of "assert"
#	valgrind	regress and isolation on that server, under valgrind with
#				PostgreSQL's own suppressions (an hour or so on two cores);
#				TESTS="batch c8ql" SPECS= ./dev memcheck valgrind takes a few,
#				VALGRIND_OPTIONS=--track-origins=yes says where values came from
#
# A step fails with its tests, and valgrind's with any error that it reports.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
base=$UPSERT_DEV_DIR
rigs=$UPSERT_RIGS
prefix=$rigs/assert-15
steps=("$@")
[ ${#steps[@]} != 0 ] || steps=(assert ubsan asan valgrind)
rows=()
failed=0
mkdir -p "$rigs"
chmod 755 "$rigs"

say() { printf '== %s\n' "$*"; }
row() { rows+=("$(printf '%-28s %s' "$@")"); }

# --- the server -------------------------------------------------------------

# The source of PostgreSQL 15 with Debian's patches, by lists of our own: the
# system's need no deb-src for it.  A mirror may lack the newest.
get_source() {
	local apt=$rigs/apt release version options
	. /etc/os-release
	release=${VERSION_CODENAME:-bookworm}
	mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$rigs/src"
	{
		echo "deb-src http://deb.debian.org/debian $release main"
		echo "deb-src http://deb.debian.org/debian-security $release-security main"
	} >"$apt/sources.list"
	options=(-q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$apt/lists"
		-o Dir::Cache::Archives="$apt/archives" -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= -o APT::Sandbox::User=)
	apt-get "${options[@]}" update
	for version in $(apt-cache "${options[@]}" showsrc postgresql-15 | sed -n 's/^Version: //p' | sort -rV); do
		(cd "$rigs/src" && apt-get "${options[@]}" source "postgresql-15=$version") && return
	done
	return 1
}
build_server() {
	local source log=$rigs/assert-15.log
	[ ! -x "$prefix/bin/postgres" ] || return 0
	say "building PostgreSQL 15 with assertions, see $log"
	{
		source=$(find "$rigs/src" -maxdepth 1 -type d -name 'postgresql-15-15.*' 2>/dev/null | sort -V | tail -n 1)
		[ -n "$source" ] || get_source
		source=$(find "$rigs/src" -maxdepth 1 -type d -name 'postgresql-15-15.*' | sort -V | tail -n 1)
		mkdir -p "$rigs/build-assert"
		cd "$rigs/build-assert"
		"$source/configure" -q --prefix="$prefix" --enable-cassert --enable-debug --enable-tap-tests --with-icu --without-readline \
			CFLAGS="-O1 -fno-omit-frame-pointer -DUSE_VALGRIND"
		nice make -s -j"$(nproc)" all
		make -s -C contrib all
		make -s install
		make -s -C contrib install
		cp "$source/src/tools/valgrind.supp" "$prefix/"
	} >"$log" 2>&1 || {
		tail -n 5 "$log"
		echo "memcheck: no server; it takes apt-get install dpkg-dev gcc make flex bison pkg-config libicu-dev zlib1g-dev valgrind"
		return 1
	}
}

# --- the steps --------------------------------------------------------------

# run LABEL COMMAND...: its verdict is a row
run() {
	local label=$1 log=$base-memcheck.log rc=0
	shift
	say "$label"
	"$@" 2>&1 | tee "$log" || rc=$?
	[ $rc = 0 ] || failed=1
	row "$label" "$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 || echo 'did not get through')"
}
both_stores() {	# both_stores LABEL DIRECTORY
	run "$1" env UPSERT_DEV_DIR="$2" "$here/dev" regress
	run "$1, direct=off" env UPSERT_DEV_DIR="$2" PGOPTIONS='-c upsert.direct=off' "$here/dev" regress
	harmed "$1" "$2"
	UPSERT_DEV_DIR="$2" "$here/dev" stop >/dev/null 2>&1 || true
}
# what a sanitizer said went into the server's log, with the server
harmed() {	# harmed LABEL DIRECTORY
	local log=$2/cluster-play/server.log
	if grep -qE 'runtime error|AddressSanitizer|TRAP|was terminated by signal' "$log"; then
		failed=1
		row "$1" "the server was harmed, see $log"
		grep -E -A 12 'runtime error|AddressSanitizer|TRAP|was terminated by signal' "$log" | head -n 60
	fi
}
# errors of the processes, one row each kind of place
valgrind_errors() {
	local n
	n=$(cat "$1"/*.log | grep -c 'VALGRINDERROR-BEGIN' || true)
	row "valgrind's errors" "$n, in $(find "$1" -name '*.log' | wc -l) processes"
	[ "$n" != 0 ] || return 0
	failed=1
	cat "$1"/*.log | sed -n '/VALGRINDERROR-BEGIN/,/VALGRINDERROR-END/p' | sed 's/^==[0-9]*== *//; s/0x[0-9A-F]*: //' | head -n 200
}

for step in "${steps[@]}"; do
	case $step in assert | asan | valgrind) build_server || { failed=1; row "$step" "skipped: no server with assertions"; continue; } ;; esac
	case $step in
		assert)
			run "assertions" env PG_CONFIG="$prefix/bin/pg_config" UPSERT_DEV_DIR="$base-assert" "$here/dev" check
			;;
		ubsan)
			COPT="-fsanitize=undefined -fno-sanitize-recover=all" SHLIB_LINK=-lubsan \
				both_stores "undefined behaviour" "$base-ubsan"
			;;
		asan)
			export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0
			PG_CONFIG=$prefix/bin/pg_config COPT="-fsanitize=address" SHLIB_LINK=-lasan UPSERT_PRELOAD=$(gcc -print-file-name=libasan.so) \
				both_stores "addresses" "$base-asan"
			;;
		valgrind)
			command -v valgrind >/dev/null || { failed=1; row valgrind "skipped: apt-get install valgrind"; continue; }
			dir=$base-valgrind
			out=/var/tmp/upsert-valgrind-$(id -u)
			UPSERT_DEV_DIR=$dir PG_CONFIG=$prefix/bin/pg_config "$here/dev" stop >/dev/null 2>&1 || true
			rm -rf "$out"
			mkdir -p "$out"
			[ "$(id -u)" != 0 ] || chown postgres "$out"
			cp "$here/test/valgrind.supp" "$out/ours.supp"
			cat >"$out/postgres" <<-EOF
				#!/bin/sh
				exec valgrind --quiet --leak-check=no --trace-children=yes ${VALGRIND_OPTIONS:-} \\
					--error-markers=VALGRINDERROR-BEGIN,VALGRINDERROR-END --log-file=$out/%p.log \\
					--suppressions=$prefix/valgrind.supp --suppressions=$out/ours.supp \\
					$dir/root$prefix/bin/postgres "\$@"
			EOF
			chmod 755 "$out/postgres"
			export UPSERT_POSTGRES=$out/postgres PGCTLTIMEOUT=600
			# shellcheck disable=SC2086
			run "regress under valgrind" env PG_CONFIG="$prefix/bin/pg_config" UPSERT_DEV_DIR="$dir" "$here/dev" regress ${TESTS:-}
			[ -n "${SPECS-all}" ] &&
				run "isolation under valgrind" env PG_CONFIG="$prefix/bin/pg_config" UPSERT_DEV_DIR="$dir" "$here/dev" isolation ${SPECS:-}
			UPSERT_DEV_DIR=$dir PG_CONFIG=$prefix/bin/pg_config "$here/dev" stop >/dev/null 2>&1 || true
			unset UPSERT_POSTGRES
			valgrind_errors "$out"
			;;
		*) echo "memcheck: unknown step $step"; exit 1 ;;
	esac
done

printf '\n'
printf '%s\n' "${rows[@]}"
exit $failed
