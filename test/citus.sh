#!/usr/bin/env bash
# ./dev citus [TEST...]: the tests with a coordinator and two workers of Citus.
# ./dev citus bench: test/bench/citus.sh, times beside those of Citus' own INSERT.
#
# Citus is in no Debian suite.  It is fetched once (UPSERT_CITUS=... a git
# directory or a source tree that is here already; else its public repository),
# built outside the checkout into a private PostgreSQL 15 and kept in
# UPSERT_RIGS/citus; nothing of it is installed, and no root is needed.  Where
# that cannot be, the tests are skipped, aloud.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
rig=$UPSERT_RIGS/citus
tag=v13.2.2
source=${UPSERT_CITUS:-https://github.com/citusdata/citus}
server=/usr/lib/postgresql/15/bin

say() { printf '== %s\n' "$*" >&2; }
skip() { printf '# SKIPPED: Citus: %s\n' "$*"; exit 0; }

# headers and libraries that it wants, unpacked where they disturb nobody
libraries() {
	local p so
	mkdir -p "$rig/deb" "$rig/deps/usr/lib/x86_64-linux-gnu"
	(cd "$rig/deb" && apt-get download liblz4-dev libzstd-dev libkrb5-dev krb5-multidev) >"$rig/deb.log" 2>&1 || return 1
	for p in "$rig"/deb/*.deb; do dpkg -x "$p" "$rig/deps"; done
	for so in liblz4.so.1 libzstd.so.1; do
		for p in /usr/lib/*/$so; do ln -sf "$p" "$rig/deps/usr/lib/x86_64-linux-gnu/${so%.1}"; done
	done
}

fetch() {
	[ ! -f "$rig/src/configure" ] || return 0
	rm -rf "$rig/src"
	if [ -d "$source" ] && git -C "$source" rev-parse "$tag" >/dev/null 2>&1; then
		mkdir -p "$rig/src" && git -C "$source" archive "$tag" | tar -x -C "$rig/src"
	elif [ -f "$source/configure" ]; then cp -a "$source" "$rig/src"
	else git clone -q --depth 1 -b "$tag" "$source" "$rig/src" 2>"$rig/fetch.log"; fi
}

private_root() {
	local d
	[ ! -d "$rig/root" ] || return 0
	mkdir -p "$rig/root$(dirname $server)"
	cp -a $server "$rig/root$server"
	for d in $($server/pg_config --pkglibdir) $($server/pg_config --sharedir) $($server/pg_config --includedir); do
		mkdir -p "$rig/root$(dirname "$d")"
		cp -as "$d" "$rig/root$d"
	done
}

# minors of 15 brought a function that Citus has of its own
mend() {
	local f=$rig/src/src/include/pg_version_compat.h
	grep -q have_createdb_privilege "$($server/pg_config --includedir-server)/commands/dbcommands.h" || return 0
	sed -i '/^static inline bool$/{N;/\nhave_createdb_privilege(void)$/{:a;N;/\n}$/!ba;d}}' "$f"
	grep -q dbcommands "$f" || sed -i '0,/^#define SetListCellPtr/s//#include "commands\/dbcommands.h"\n&/' "$f"
}

build() {
	(cd "$rig/src" && ./configure PG_CONFIG="$rig/root$server/pg_config" --without-libcurl \
		CPPFLAGS="-I$rig/deps/usr/include" LDFLAGS="-L$rig/deps/usr/lib/x86_64-linux-gnu" &&
		nice -n 10 make -j2 with_llvm=no && make with_llvm=no install) >"$rig/build.log" 2>&1
}

if ! [ -f "$rig/root/usr/share/postgresql/15/extension/citus.control" ]; then
	[ -x $server/postgres ] && [ -d "$($server/pg_config --includedir-server)" ] || skip "no PostgreSQL 15 with its headers in $server"
	mkdir -p "$rig"
	say "building Citus ${tag#v} in $rig"
	fetch || skip "cannot be fetched from $source; set UPSERT_CITUS"
	libraries || skip "headers of lz4, zstd and krb5 cannot be had, see $rig/deb.log"
	private_root
	mend
	build || skip "does not build, see $rig/build.log"
	chmod -R a+rX "$rig/root"
fi
unset UPSERT_DEV_DIR
if [ "${1:-}" = bench ]; then
	shift
	PG_CONFIG=$rig/root$server/pg_config exec "$here/dev" bench "$@" citus
fi
[ $# != 0 ] || set -- test/t/09*_citus*.pl
PG_CONFIG=$rig/root$server/pg_config exec "$here/dev" tap "$@"
