#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build-image.sh [--root ROOT] [--binary FILE] [--tag NAME:TAG] [--rootfs] OUT.tar
#
# Writes an OCI image (a layout in a tar, for `ctr image import`, `skopeo`, `podman
# load`) with tracee, the libraries it needs and nothing else: no shell, no package
# manager, no network needed. Files are taken from ROOT, a Debian root in which the
# package is installed (default: this host's). --binary: that file as the program,
# with this host's libraries. --rootfs: only the files, for a Dockerfile. Two runs
# over the same files give the same bytes when SOURCE_DATE_EPOCH is set.
set -eu

root='' binary='' tag=tracee:latest only_files=''
while [ $# -gt 1 ]; do
	case "$1" in
	--root) root=${2%/} && shift 2 ;;
	--binary) binary=$2 && shift 2 ;;
	--tag) tag=$2 && shift 2 ;;
	--rootfs) only_files=1 && shift ;;
	*) break ;;
	esac
done
if [ $# -ne 1 ]; then
	sed -n '3,4s/^# //p' "$0" >&2
	exit 2
fi
out=$(realpath -m "$1")
epoch=${SOURCE_DATE_EPOCH:-$(date +%s)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
files=$work/files
mkdir -p "$files/usr/bin" "$files/etc/tracee" "$files/tmp" "$files/proc" "$files/sys" \
	"$files/var/log/tracee"

# The loader and the libraries of a program, those it loads later too. A root whose files
# are merged below /usr has /lib as a link, and so has the image.
for folder in lib lib64; do
	mkdir -p "$files/usr/$folder"
	ln -s "usr/$folder" "$files/$folder"
done
add_libraries() {
	"$(dirname "$0")/libraries.sh" "$1" "$root" | while read -r _ library; do
		mkdir -p "$files$(dirname "$library")"
		cp -L "$root$library" "$files$library"
	done
}
if [ -n "$binary" ]; then
	cp "$binary" "$files/usr/bin/tracee"
	root='' add_libraries "$binary"
else
	cp "$root/usr/bin/tracee" "$files/usr/bin/tracee"
	add_libraries /usr/bin/tracee
	for folder in etc/tracee usr/lib/tracee usr/share/tracee; do
		[ ! -d "$root/$folder" ] || { mkdir -p "$files/$folder" && cp -r "$root/$folder/." "$files/$folder"; }
	done
	cp "$root/usr/share/doc/tracee/copyright" "$files/usr/share/" 2>/dev/null || true
fi
printf 'root:x:0:0:root:/:/usr/sbin/nologin\n' >"$files/etc/passwd"
printf 'root:x:0:\n' >"$files/etc/group"
chmod 1777 "$files/tmp"

pack() { # FOLDER, to standard output
	tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --format=gnu \
		-C "$1" -cf - .
}
if [ -n "$only_files" ]; then
	pack "$files" >"$out"
	exit
fi

image=$work/image
mkdir -p "$image/blobs/sha256"
# add_blob FILE: moves it to its place; prints digest and size.
add_blob() {
	digest=$(sha256sum "$1" | cut -d' ' -f1)
	mv "$1" "$image/blobs/sha256/$digest"
	printf '"digest":"sha256:%s","size":%s' "$digest" "$(stat -c %s "$image/blobs/sha256/$digest")"
}
case "$(uname -m)" in
x86_64) machine=amd64 ;;
aarch64) machine=arm64 ;;
*) machine=$(uname -m) ;;
esac
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)

pack "$files" >"$work/layer.tar"
plain=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
gzip -9n "$work/layer.tar"
layer=$(add_blob "$work/layer.tar.gz")
cat >"$work/config" <<-END
	{"created":"$created","architecture":"$machine","os":"linux","config":{"User":"0:0","Entrypoint":["/usr/bin/tracee"],"Cmd":["--output","json"],"WorkingDir":"/","Labels":{"org.opencontainers.image.title":"tracee","org.opencontainers.image.licenses":"Apache-2.0"}},"rootfs":{"type":"layers","diff_ids":["sha256:$plain"]},"history":[{"created":"$created","created_by":"build-image.sh"}]}
END
config=$(add_blob "$work/config")
cat >"$work/manifest" <<-END
	{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",$config},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",$layer}]}
END
manifest=$(add_blob "$work/manifest")
cat >"$image/index.json" <<-END
	{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",$manifest,"platform":{"architecture":"$machine","os":"linux"},"annotations":{"io.containerd.image.name":"docker.io/library/$tag","org.opencontainers.image.ref.name":"${tag#*:}"}}]}
END
printf '{"imageLayoutVersion":"1.0.0"}' >"$image/oci-layout"
pack "$image" >"$out"
