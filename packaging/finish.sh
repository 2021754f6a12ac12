#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# finish.sh ROOT EPOCH GENERATOR: run by CPack over the installed files, before it
# packs them. One time and few modes for all of them; what Debian's policy asks in
# a .deb, and the libraries beside the program in a tarball.
set -eu
root=$1 epoch=$2 kind=$3
here=$(cd "$(dirname "$0")" && pwd)

# The libraries a program needs but for those of the C library and the loader, which
# only work as a set with the kernel's and the host's files.
libraries_of() {
	"$here/../deploy/container/libraries.sh" "$1" |
		grep -vE '^(libc|libm|libdl|libpthread|librt|libresolv|ld-linux[^ ]*)\.so' || true
}

if [ "$kind" = DEB ]; then
	gzip -9n <"$here/debian/changelog" >"$root/usr/share/doc/tracee/changelog.gz"
	find "$root/usr/share/man" -type f ! -name '*.gz' -exec gzip -9n {} +
	mkdir -p "$root/etc/tracee" "$root/usr/share/lintian/overrides"
	mv "$root/usr/share/tracee/tracee.yaml" "$root/etc/tracee/"
	rmdir "$root/usr/share/tracee" 2>/dev/null || true
	cp "$here/debian/lintian-overrides" "$root/usr/share/lintian/overrides/tracee"
else
	mkdir -p "$root/lib/tracee"
	libraries_of "$root/bin/tracee" | while read -r name path; do
		cp "$path" "$root/lib/tracee/$name"
	done
fi
find "$root" -type d -exec chmod 0755 {} +
find "$root" -type f ! -perm -u+x -exec chmod 0644 {} +
find "$root" -type f -perm -u+x -exec chmod 0755 {} +
# Plugins are libraries; nobody runs them.
find "$root" -name '*.so' -exec chmod 0644 {} +
find "$root" -exec touch -h -d "@$epoch" {} +
