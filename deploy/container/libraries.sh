#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libraries.sh PROGRAM [ROOT]
#
# Prints each library that the program, or the one in a Debian root, is loaded with or loads
# later: `NAME PATH`, as its own dynamic linker finds it. What it loads later it names in its
# texts. A library that is not installed is told by the linker, and left out.
set -eu
program=$1 root=${2-}
linked=$(${root:+chroot "$root"} ldd "$program")
later=$(grep -aoE '\blib[[:alnum:]_.+-]+\.so(\.[0-9]+)+' "${root%/}$program" | sort -u |
	while read -r name; do
		case $linked in
		*"$name "*) ;;
		*) printf '%s ' "$name" ;;
		esac
	done)
${root:+chroot "$root"} env LD_PRELOAD="$later" ldd "$program" |
	sed -n 's/^[[:blank:]]*\(.*\) (0x[0-9a-f]*)$/\1/p' | while read -r name arrow path; do
	case "$arrow,$name" in
	'=>',*) printf '%s %s\n' "$name" "$path" ;;
	,/*) printf '%s %s\n' "${name##*/}" "$name" ;;
	esac
done
