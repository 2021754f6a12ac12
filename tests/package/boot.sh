#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# boot.sh ROOT CGROUP: ROOT's systemd as process 1 of namespaces of its own, in a
# new cgroup. It ends when this process does; who started it removes the cgroups.
set -eu
mkdir "$2"
echo $$ >"$2/cgroup.procs"
# shellcheck disable=SC2016
exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --propagation private \
	sh -euc '
root=$0
# Services get namespaces of their own, which takes a root that is a mount.
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in null zero full random urandom tty; do
	: >"$root/dev/$name"
	mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
hostname tracee-package
exec chroot "$root" env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --log-target=console --show-status=false systemd.unit=multi-user.target
' "$1"
