#!/usr/bin/env bash
# ./dev matrix [ROW...]: ./dev check on every PostgreSQL that can be had, the two
# commands of the README on empty machines, other compilers, and pg_upgrade from
# each major to the next.  The last thing printed is the table: rows that were
# not asked for are those of the last run that had them.
#
#	servers		what is installed here; 17 in a chroot of Debian 13; 18, and 19
#				while Debian's experimental has it, in one of sid (gcc of their own)
#	own			the servers of PG_CONFIGS="/x/bin/pg_config ...", for instance 16,
#				which no Debian has, or builds with assertions
#	empty		Debian 12 and 13 without package lists, compiler or server: ./dev try,
#				./dev docs (README, tutorial and all other pages, as typed from them) and
#				./dev check, as root and as somebody who has sudo (COMMANDS=try WHO=root:
#				these only)
#	compilers	gcc and clang of sid, -Werror
#	upgrade		15 -> 17 -> 18 -> 19 (test/upgrade.sh), as far as they are there
#
# ROW is one of these words, or a major.  Chroots need root, mmdebstrap and
# Debian's mirror; they stay in UPSERT_RIGS.  What could not be had is said.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
base=$UPSERT_DEV_DIR
rigs=$UPSERT_RIGS
logs=$base-matrix
mkdir -p "$rigs/rows" "$logs"
chmod 755 "$rigs"
wanted=("$@")
commit=$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown)
failed=0

wants() {	# wants WORD...: was no row asked for, or one of these?
	local w x
	[ ${#wanted[@]} != 0 ] || return 0
	for w in "${wanted[@]}"; do for x in "$@"; do [ "$w" != "$x" ] || return 0; done; done
	return 1
}
row() {	# row LABEL BUILDS WARNINGS PASSED FAILED NOTE
	printf '%-34s %-7s %8s %7s %7s  %-10s %-9s %s\n' "${@:1:5}" "$(date -u +%Y-%m-%d)" "$commit" "$6" |
		tee "$rigs/rows/${1//[^A-Za-z0-9.,_-]/_}"
}
missing() {	# missing LABEL REASON
	printf 'NOT HAD: %s: %s\n' "$1" "$2"
	row "$1" - - - - "not had: $2"
}
run() {	# run LABEL COMMAND...: a row from what ./dev check or try prints
	local label=$1 log=$logs/${1//[^A-Za-z0-9.]/_}.log rc=0 verdict builds=yes warnings note=
	shift
	printf '== %s\n' "$label"
	"$@" </dev/null >"$log" 2>&1 || rc=$?
	verdict=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1) || true
	warnings=$(sed -n 's/^== .*, \([0-9]*\) warnings$/\1/p' "$log" | tail -n 1)
	note=$(sed -n 's/^== \(PostgreSQL\|postgres (PostgreSQL)\) \([^ ,]*\).*, \(gcc\|.*clang\).* \([0-9.]*\), [0-9]* warnings$/\2, \3 \4/p' "$log" | tail -n 1)
	if grep -qE 'dev: build failed|dev: install failed' "$log"; then builds=no; fi
	if [ "$rc" != 0 ]; then
		failed=1
		grep -E '[1-9][0-9]* failed$|^not ok|FAILED|^dev: |error: ' "$log" | head -n 20 || true
		note="$note, see $log"
	fi
	if [ -n "$verdict" ]; then
		row "$label" $builds "${warnings:--}" "${verdict%% passed*}" "$(sed 's/.*, \([0-9]*\) failed/\1/' <<<"$verdict")" "$note"
	else
		row "$label" $builds - "$([ "$rc" = 0 ] && echo done || echo -)" "$([ "$rc" = 0 ] && echo 0 || echo -)" "$note"
	fi
}

# --- chroots ----------------------------------------------------------------

can_chroot() {
	if [ "$(id -u)" != 0 ]; then why="needs root"; return 1; fi
	if ! command -v mmdebstrap >/dev/null; then why="needs the package mmdebstrap"; return 1; fi
}
. "$here/test/chroot.sh"
chroot_of() {	# chroot_of SUITE PACKAGES: $rigs/chroot-SUITE, made once
	local root=$rigs/chroot-$1 log=$logs/chroot-$1.log
	if ! [ -e "$root/etc/debian_version" ]; then
		printf '== fetching Debian %s\n' "$1"
		# a mirror that is behind is better than none
		nice mmdebstrap --aptopt='Acquire::Check-Valid-Until "false"' --variant=minbase \
			--include="$2,gcc,libc6-dev,make,flex,bison,perl,libipc-run-perl,iso-codes" "$1" "$root.new" >"$log" 2>&1 ||
			{ tail -n 3 "$log"; rm -rf "$root.new"; return 1; }
		mv "$root.new" "$root"
	fi
}
fetch_in() {	# fetch_in ROOT APT-ARGUMENT...
	local root=$1
	shift
	in_chroot "$root" sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"' sh "$@" \
		>>"$logs/$(basename "$root").log" 2>&1
}
# the sources, and the vectors beside them, as a fresh checkout would have them;
# each kind of row has a tree of its own
put_tree() {	# put_tree ROOT DIRECTORY
	local d
	rm -rf "${1:?}/$2"
	mkdir -p "$1/$2/main"
	(cd "$here" && git ls-files -zco --exclude-standard | tar -cf - --null -T - --ignore-failed-read) | tar -C "$1/$2/main" --no-same-owner -xf -
	for d in "$here/../shared" "$here/../../shared"; do
		if [ -d "$d" ]; then mkdir -p "$1/$2/shared"; cp -r "$d"/{jsonld-suite,atproto-vectors,rdf-canon} "$1/$2/shared/" 2>/dev/null || true; break; fi
	done
	chmod -R u+rwX,go+rX "$1/$2"
}
check_in() {	# check_in ROOT VERSION
	put_tree "$1" matrix
	rm -rf "${1:?}/var/tmp/matrix-$2"
	in_chroot "$1" env PGVERSION="$2" UPSERT_CFLAGS=-Wno-error UPSERT_DEV_DIR="/var/tmp/matrix-$2" /matrix/main/dev check
}

# --- servers ----------------------------------------------------------------

here_too() { [ -x "/usr/lib/postgresql/$1/bin/postgres" ] && [ -x "/usr/lib/postgresql/$1/bin/pg_config" ]; }
for v in 15 16 17 18 19; do
	wants servers "$v" || continue
	if here_too "$v"; then
		UPSERT_DEV_DIR="$base-m$v" PGVERSION=$v "$here/dev" clean >/dev/null 2>&1 || true
		run "$v, this machine" env -u PG_CONFIG UPSERT_CFLAGS=-Wno-error UPSERT_DEV_DIR="$base-m$v" PGVERSION="$v" "$here/dev" check
		continue
	fi
	case $v in
		15) suite=bookworm ;;
		16) case " ${PG_CONFIGS:-} " in *16*) ;; *) missing "$v" "no Debian has it; name one in PG_CONFIGS" ;; esac; continue ;;
		17) suite=trixie ;;
		*) suite=sid ;;
	esac
	if ! can_chroot; then missing "$v, Debian $suite" "$why"; continue; fi
	first=$v
	[ "$v" != 19 ] || first=18
	if ! chroot_of $suite "postgresql-$first,postgresql-server-dev-$first"; then
		missing "$v, Debian $suite" "mmdebstrap failed"; continue
	fi
	root=$rigs/chroot-$suite
	if [ "$v" = 19 ] && ! [ -x "$root/usr/lib/postgresql/19/bin/postgres" ]; then
		echo 'deb http://deb.debian.org/debian experimental main' >"$root/etc/apt/sources.list.d/experimental.list"
		fetch_in "$root" -t experimental postgresql-19 postgresql-server-dev-19 || true
	fi
	if ! [ -x "$root/usr/lib/postgresql/$v/bin/postgres" ]; then
		missing "$v, Debian $suite" "no package postgresql-$v"; continue
	fi
	run "$v, Debian $suite" check_in "$root" "$v"
done
if wants own; then
	for cfg in ${PG_CONFIGS:-}; do
		run "$("$cfg" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'), $(basename "$(dirname "$(dirname "$cfg")")")" \
			env PG_CONFIG="$cfg" UPSERT_CFLAGS=-Wno-error UPSERT_DEV_DIR="$base-own$(cksum <<<"$cfg" | cut -d' ' -f1)" "$here/dev" check
	done
fi

# --- empty machines ---------------------------------------------------------

# as_user ROOT COMMAND: root, or somebody with sudo, as in a fresh checkout
as_user() {
	local root=$1 who=$2 cmd=$3
	if [ "$who" = root ]; then
		put_tree "$root" root/upsert
		in_chroot "$root" /root/upsert/main/dev "$cmd"
	else
		put_tree "$root" home/somebody/upsert
		chroot "$root" sh -c 'id somebody >/dev/null 2>&1 || useradd -M -d /home/somebody -s /bin/bash somebody; chown -R somebody /home/somebody; echo "somebody ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/somebody'
		in_chroot "$root" runuser -u somebody -- env HOME=/home/somebody /home/somebody/upsert/main/dev "$cmd"
	fi
}
if wants empty; then
	for suite in bookworm trixie; do
		if ! can_chroot; then missing "empty Debian $suite" "$why"; continue; fi
		if ! [ -e "$rigs/empty-$suite.tar" ]; then
			printf '== fetching an empty Debian %s\n' $suite
			nice mmdebstrap --variant=minbase --include=sudo $suite "$rigs/empty-$suite.new.tar" >"$logs/empty-$suite.log" 2>&1 ||
				{ missing "empty Debian $suite" "mmdebstrap failed"; continue; }
			mv "$rigs/empty-$suite.new.tar" "$rigs/empty-$suite.tar"
		fi
		for who in ${WHO:-root somebody}; do
			root=$rigs/empty-$suite-$who
			rm -rf "$root"
			mkdir -p "$root"
			tar -C "$root" -xf "$rigs/empty-$suite.tar"
			cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
			for cmd in ${COMMANDS:-try docs check}; do
				run "$cmd, empty $suite, $who" as_user "$root" $who $cmd
			done
			rm -rf "$root"
		done
	done
fi

# A server of an older Debian runs in a newer one with the libraries that it
# brings along; their names carry versions, so nothing is replaced.
lend() {	# lend FROM-ROOT TO-ROOT VERSION
	local from=$1 to=$2 v=$3 d lib
	[ ! -x "$to/usr/lib/postgresql/$v/bin/postgres" ] || return 0
	[ -x "$from/usr/lib/postgresql/$v/bin/postgres" ] || return 1
	for d in lib share include; do
		[ ! -d "$from/usr/$d/postgresql/$v" ] || { mkdir -p "$to/usr/$d/postgresql"; cp -a "$from/usr/$d/postgresql/$v" "$to/usr/$d/postgresql/"; }
	done
	for lib in $(chroot "${from:-/}" sh -c "ldd /usr/lib/postgresql/$v/bin/* /usr/lib/postgresql/$v/lib/*.so 2>/dev/null" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | sort -u); do
		[ -e "$to$lib" ] || { mkdir -p "$to$(dirname "$lib")"; cp -L "$from$lib" "$to$lib"; }
	done
}
# --- compilers --------------------------------------------------------------

if wants compilers; then
	root=$rigs/chroot-sid
	if ! can_chroot; then missing "compilers" "$why"
	elif ! [ -d "$root" ]; then missing "compilers" "no chroot of sid; run ./dev matrix 18"
	else
		[ -e "$root/usr/bin/clang" ] || fetch_in "$root" gcc-13 gcc-14 gcc-15 clang || fetch_in "$root" clang || true
		# the flags of 15 are known to all of them
		if lend "" "$root" 15; then v=15; else v=18; fi
		put_tree "$root" matrix-cc
		for cc in "$root"/usr/bin/gcc-[0-9][0-9] "$root"/usr/bin/clang; do
			[ -e "$cc" ] || continue
			cc=$(basename "$cc")
			run "$cc, sid" in_chroot "$root" env PG_CONFIG=/usr/lib/postgresql/$v/bin/pg_config UPSERT_CC="$cc" UPSERT_DEV_DIR="/var/tmp/matrix-$cc" /matrix-cc/main/dev build
		done
	fi
	for cc in /usr/bin/gcc-[0-9][0-9] /usr/bin/clang; do
		[ ! -x "$cc" ] || run "$(basename "$cc"), this machine" env UPSERT_CC="$cc" UPSERT_DEV_DIR="$base-$(basename "$cc")" "$here/dev" build
	done
fi

# --- pg_upgrade -------------------------------------------------------------

if wants upgrade; then
	root=$rigs/chroot-sid
	if ! can_chroot; then missing "pg_upgrade" "$why"
	elif ! [ -d "$root" ]; then missing "pg_upgrade" "no chroot of sid; run ./dev matrix 18"
	else
		lend "" "$root" 15 || missing "pg_upgrade from 15" "15 is not installed here"
		lend "$rigs/chroot-trixie" "$root" 17 || missing "pg_upgrade from 17" "no chroot of Debian 13; run ./dev matrix 17"
		path=()
		for v in 15 17 18 19; do [ ! -x "$root/usr/lib/postgresql/$v/bin/pg_upgrade" ] || path+=("$v"); done
		put_tree "$root" matrix-up
		rm -rf "$root"/var/tmp/matrix-up*
		run "pg_upgrade ${path[*]}" in_chroot "$root" env UPSERT_DEV_DIR=/var/tmp/matrix-up /matrix-up/main/test/upgrade.sh "${path[@]}"
	fi
fi

printf '\n%-34s %-7s %8s %7s %7s  %-10s %-9s %s\n' row builds warnings passed failed date commit note
sort -V "$rigs"/rows/*
exit $failed
