#!/usr/bin/env bash
# ./dev matrix: ./dev check on other servers: each PostgreSQL that is installed
# here, the one of Debian 13 in a throw-away chroot (as root, with mmdebstrap
# and network), and the server of PG_CONFIG if that is set, for instance
# one built with assertions.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
base=$UPSERT_DEV_DIR
results=()

run() {	# run LABEL COMMAND...
	local label=$1 log=$base-matrix.log verdict rc=0
	shift
	printf '== %s\n' "$label"
	"$@" 2>&1 | tee "$log" || rc=$?
	verdict=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1) || true
	[ "$rc" = 0 ] || failed=1
	results+=("$(printf '%-28s %s' "$label" "${verdict:-did not get through}")")
}

chroot_check() {	# chroot_check SUITE VERSION
	local root=$base-chroot-$1
	if ! [ -e "$root/etc/debian_version" ]; then
		mmdebstrap --variant=minbase --include="postgresql-$2,postgresql-server-dev-$2,gcc,libc6-dev,make,flex,bison,perl,libipc-run-perl,git" \
			"$1" "$root"
	fi
	rm -rf "$root/upsert"
	mkdir -p "$root/upsert"
	(cd "$here" && git ls-files -z | tar -cf - --null -T -) | tar -C "$root/upsert" -xf -
	# /dev/shm and /proc are what the server and the tests need from outside
	unshare -m sh -c "mount -t proc proc '$root/proc' && mkdir -p '$root/dev/shm' && mount -t tmpfs tmpfs '$root/dev/shm' &&
		chmod 1777 '$root/dev/shm' '$root/tmp' '$root/var/tmp' && exec chroot '$root' /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin PGVERSION=$2 /upsert/dev check"
}

failed=0
for v in 15 16 17 18 19; do
	[ ! -x /usr/lib/postgresql/$v/bin/postgres ] ||
		run "PostgreSQL $v" env -u PG_CONFIG UPSERT_DEV_DIR="$base-$v" PGVERSION=$v "$here/dev" check
done
[ -z "${PG_CONFIG:-}" ] || run "$PG_CONFIG" env UPSERT_DEV_DIR="$base-own" "$here/dev" check
if [ "$(id -u)" != 0 ]; then
	results+=("skipped: PostgreSQL 17 in a Debian 13 chroot: needs root")
elif ! command -v mmdebstrap >/dev/null; then
	results+=("skipped: PostgreSQL 17 in a Debian 13 chroot: apt-get install mmdebstrap")
else
	run "PostgreSQL 17 (Debian 13)" chroot_check trixie 17
fi
printf '%s\n' "${results[@]}"
exit $failed
