#!/usr/bin/env bash
# ./dev memcheck [STEP...]: faults that a stock server hides.
#
#	assert		./dev check on a server of 15 with assertions, clobbered memory and
#				checked contexts, built from Debian's source package (10 minutes
#				once; kept in UPSERT_RIGS)
#	assert-18	the same on 18, from the source of Debian sid; if asked for
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
prefix=$rigs/assert-15	# of the server that the step wants
steps=("$@")
[ ${#steps[@]} != 0 ] || steps=(assert ubsan asan valgrind)
rows=()
failed=0
mkdir -p "$rigs"
chmod 755 "$rigs"

say() { printf '== %s\n' "$*"; }
row() { rows+=("$(printf '%-28s %s' "$@")"); }

# --- the server -------------------------------------------------------------

# The source of a PostgreSQL with Debian's patches, by lists of our own: the
# system's need no deb-src for it.  A mirror may lack the newest.
get_source() {	# get_source MAJOR
	local apt=$rigs/apt-$1 release=sid version options
	[ "$1" != 15 ] || release=bookworm
	mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$rigs/src"
	{
		echo "deb-src http://deb.debian.org/debian $release main"
		[ $release = sid ] || echo "deb-src http://deb.debian.org/debian-security $release-security main"
	} >"$apt/sources.list"
	options=(-q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$apt/lists"
		-o Dir::Cache::Archives="$apt/archives" -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= -o APT::Sandbox::User=)
	apt-get "${options[@]}" update
	for version in $(apt-cache "${options[@]}" showsrc "postgresql-$1" | sed -n 's/^Version: //p' | sort -rV); do
		(cd "$rigs/src" && apt-get "${options[@]}" source "postgresql-$1=$version") && return
	done
	return 1
}
source_of() { find "$rigs/src" -maxdepth 1 -type d -name "postgresql-$1-$1*" 2>/dev/null | sort -V | tail -n 1; }
build_server() {	# build_server MAJOR: sets prefix
	local source log=$rigs/assert-$1.log
	prefix=$rigs/assert-$1
	[ "$("$prefix/bin/pg_config" --pkglibdir 2>/dev/null)" != "$prefix/lib/postgresql" ] || return 0
	say "building PostgreSQL $1 with assertions, see $log"
	{
		{ [ -n "$(source_of "$1")" ] || get_source "$1"; } &&
			source=$(source_of "$1") &&
			rm -rf "$rigs/build-assert-$1" "$prefix" &&
			mkdir -p "$rigs/build-assert-$1" &&
			cd "$rigs/build-assert-$1" &&
			# by Debian's patch other libdirs than one of this name are the system's
			"$source/configure" -q --prefix="$prefix" --libdir="$prefix/lib/postgresql" --enable-cassert --enable-debug \
				--enable-tap-tests --with-icu --without-readline CFLAGS="-O1 -fno-omit-frame-pointer -DUSE_VALGRIND" &&
			make -s -j"$(nproc)" all && make -s -C contrib all &&
			make -s install && make -s -C contrib install &&
			cp "$source/src/tools/valgrind.supp" "$prefix/" &&
			cd "$here"
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
	run "$1, direct=off" env UPSERT_DEV_DIR="$2" PGOPTIONS="${PGOPTIONS:-} -c upsert.direct=off" "$here/dev" regress
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
	major=15
	[ $step != assert-18 ] || major=18
	case $step in assert* | asan | valgrind) build_server $major || { failed=1; row "$step" "skipped: no server with assertions"; continue; } ;; esac
	case $step in
		assert | assert-18)
			run "assertions, $major" env PG_CONFIG="$prefix/bin/pg_config" UPSERT_DEV_DIR="$base-$step" "$here/dev" check
			;;
		ubsan)
			COPT="-fsanitize=undefined -fno-sanitize-recover=all" SHLIB_LINK=-lubsan \
				both_stores "undefined behaviour" "$base-ubsan"
			;;
		asan)
			export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0
			# stack frames are larger with it
			PGOPTIONS="-c max_stack_depth=7MB" PG_CONFIG=$prefix/bin/pg_config COPT="-fsanitize=address" SHLIB_LINK=-lasan UPSERT_PRELOAD=$(gcc -print-file-name=libasan.so) \
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
