# chroot.sh: a command in a tree of Debian's; for matrix.sh and package.sh

in_chroot() {	# in_chroot ROOT COMMAND...: gone, and all that it started, when it ends; CHROOT_ENV="NAME=VALUE" is there, too
	local root=$1
	shift
	unshare --mount --pid --fork --kill-child sh -c '
		root=$1
		shift
		mount -t proc proc "$root/proc"
		mkdir -p "$root/dev/shm"
		mount -t tmpfs tmpfs "$root/dev/shm"
		chmod 1777 "$root/dev/shm" "$root/tmp" "$root/var/tmp"
		exec chroot "$root" /usr/bin/env -i LC_ALL=C.UTF-8 HOME=/root ${CHROOT_ENV:-} PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$root" "$@"
}
