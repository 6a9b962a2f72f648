#!/usr/bin/env bash
# package.sh [SUITE...]: the packages of this tree, made and used as on machines
# that know nothing (bookworm and trixie unless told; needs root and
# mmdebstrap):
#
#	build	an empty Debian: debian/control for its majors, dpkg-buildpackage,
#			lintian
#	use		another one: the clock starts with nothing, the package is installed,
#			CREATE EXTENSION by an ordinary role, and ends with the first upsert
#	test	autopkgtest with the packages
#	source	docs/installation.md's own lines, by a user with sudo
#
# ./dev package.  The packages end up in $UPSERT_RIGS/packages/SUITE.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rigs=${UPSERT_RIGS:-/var/tmp/upsert-rigs}
[ "$(id -u)" = 0 ] || { echo "package: needs root" >&2; exit 2; }
command -v mmdebstrap >/dev/null || { echo "package: needs the package mmdebstrap" >&2; exit 2; }
rc=0

export CHROOT_ENV=DEBIAN_FRONTEND=noninteractive
. "$here/test/chroot.sh"
empty() {	# empty SUITE NAME: a fresh Debian in $rigs/NAME
	if ! [ -e "$rigs/empty-$1.tar" ]; then
		nice mmdebstrap --variant=minbase --include=sudo "$1" "$rigs/empty-$1.new.tar" >"$rigs/empty-$1.log" 2>&1
		mv "$rigs/empty-$1.new.tar" "$rigs/empty-$1.tar"
	fi
	rm -rf "${rigs:?}/$2"
	mkdir -p "$rigs/$2"
	tar -C "$rigs/$2" -xf "$rigs/empty-$1.tar"
	cp -L /etc/resolv.conf /etc/hosts "$rigs/$2/etc/" 2>/dev/null || true
}
put_tree() {	# put_tree ROOT DIRECTORY
	mkdir -p "$1/$2"
	(cd "$here" && git ls-files -zco --exclude-standard | tar -cf - --null -T - --ignore-failed-read) | tar -C "$1/$2" --no-same-owner -xf -
	chmod -R u+rwX,go+rX "$1/$2"
}
step() {	# step LABEL COMMAND...: ok or not, with the end of what it said
	local label=$1 log
	log=$out/$(tr -c 'a-z0-9\n' - <<<"$1").log
	shift
	if "$@" >"$log" 2>&1 </dev/null; then echo "ok $label"
	else tail -n 25 "$log" | sed 's/^/#   /'; echo "not ok $label: $log"; rc=1; return 1
	fi
}

build() {
	put_tree "$root" root/upsert
	cat >"$root/root/build.sh" <<-'E'
		set -eu
		apt-get update -q
		apt-get install -y -q --no-install-recommends build-essential debhelper fakeroot lintian flex bison liblua5.4-dev pkg-config postgresql-all
		cd /root/upsert
		rm -f debian/control
		pg_buildext updatecontrol
		dpkg-buildpackage -us -uc -b
		lintian --fail-on error,warning --tag-display-limit 0 ../*.changes
	E
	in_chroot "$root" sh /root/build.sh
	cp "$root"/root/*.deb "$root"/root/*.changes "$out/"
}
use() {
	mkdir -p "$root/root/debs"
	cp "$out"/*.deb "$root/root/debs/"
	cat >"$root/root/use.sh" <<-'E'
		set -eu
		began=$(date +%s)
		apt-get update -q
		apt-get install -y -q --no-install-recommends postgresql /root/debs/postgresql-*-upsert_*.deb
		v=$(ls /etc/postgresql)
		pg_ctlcluster $v main start
		runuser -u postgres -- createuser app
		runuser -u postgres -- createdb -O app app
		echo 'local all all trust' >/etc/postgresql/$v/main/pg_hba.conf
		pg_ctlcluster $v main reload
		psql -XAt -v ON_ERROR_STOP=1 -U app app <<-'SQL'
			CREATE EXTENSION upsert;
			SELECT create_collection('people');
			SELECT action FROM upsert('people', '{"_key": "ada", "name": "Ada"}');
			SELECT action FROM upsert('people', '{"_key": "ada", "born": 1815}');
		SQL
		echo "seconds from nothing to the first upsert: $(($(date +%s) - began))"
		[ $(($(date +%s) - began)) -lt 300 ]
		apt-get install -y -q --no-install-recommends /root/debs/postgresql-*-upsert-lua_*.deb
		psql -XAt -v ON_ERROR_STOP=1 -U app app <<-'SQL'
			CREATE EXTENSION upsert_lua;
			SELECT create_record_store('records');
			SELECT at_script('records', 'function handle() return {answer = 42} end');
		SQL
		apt-get remove -y -q "postgresql-$v-upsert" "postgresql-$v-upsert-lua"
		pg_ctlcluster $v main stop
	E
	in_chroot "$root" sh /root/use.sh
}
test_packages() {
	in_chroot "$root" sh -c 'apt-get install -y -q --no-install-recommends autopkgtest make postgresql-server-dev-all /root/debs/*.deb &&
		cd /root/upsert && rm -f debian/control && pg_buildext updatecontrol &&
		autopkgtest --no-built-binaries -B /root/upsert -- null'
}
from_source() {
	cat >"$root/root/source.sh" <<-'E'
		set -eu
		id somebody >/dev/null 2>&1 || useradd -m -s /bin/bash somebody
		echo "somebody ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/somebody
		cp -r /root/upsert /home/somebody/upsert && chown -R somebody /home/somebody/upsert
		apt-get update -q
		apt-get install -y -q --no-install-recommends postgresql
		v=$(ls /etc/postgresql)
		# the page's block, for the major that is here
		sed -n '/^```sh$/,/^```$/p' /root/upsert/docs/installation.md | sed -n '/postgresql-server-dev/,/^```$/p' | sed '/^```/d; /CREATE EXTENSION/d' |
			sed "s/17/$v/g; s/apt-get install/apt-get install -y -q/" >/home/somebody/lines.sh
		cat /home/somebody/lines.sh
		runuser -u somebody -- sh -euc 'cd ~/upsert && sh -eux ~/lines.sh'
		pg_ctlcluster $v main start
		runuser -u postgres -- createuser somebody
		runuser -u postgres -- createdb -O somebody mydb
		runuser -u somebody -- psql -d mydb -c 'CREATE EXTENSION upsert'
		pg_ctlcluster $v main stop
	E
	in_chroot "$root" sh /root/source.sh
}

for suite in "${@:-bookworm}" $([ $# != 0 ] || echo trixie); do
	out=$rigs/packages/$suite
	rm -rf "$out"
	mkdir -p "$out"
	root=$rigs/package-$suite
	empty "$suite" "package-$suite"
	if step "$suite: packages are built, and lintian has nothing to say" build; then
		empty "$suite" "package-$suite"
		put_tree "$root" root/upsert
		if step "$suite: from nothing to the first upsert, by an ordinary role" use; then
			sed -n 's/^seconds/# seconds/p' "$out"/*first-upsert*.log
		fi
		step "$suite: autopkgtest" test_packages || true
	fi
	empty "$suite" "package-$suite"
	put_tree "$root" root/upsert
	step "$suite: from the sources, as the page says, by a user with sudo" from_source || true
	rm -rf "$root"
done
exit $rc
