#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# out_of_tree.sh SOURCE BUILD TRACEE: the example plugin is built outside of the
# tree against the installed header, and loads; one of another ABI does not.
set -eu
source=$1 build=$2 tracee=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >/dev/null
cp -r "$source/detectors/document" "$work/project"
cmake -S "$work/project" -B "$work/out" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 &&
	cmake --build "$work/out" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$tracee" detectors list "$work/out/dns.so" | grep -q '^7500 *DNS ' || {
	echo "the example does not load"
	exit 1
}

sed 's/kAbi = 1;/kAbi = 999;/' "$work/prefix/include/tracee/detector.h" >"$work/header"
grep -q 'kAbi = 999;' "$work/header"
cp "$work/header" "$work/prefix/include/tracee/detector.h"
cmake --build "$work/out" --clean-first >>"$work/log" 2>&1
status=0
"$tracee" --detectors "$work/out/dns.so" --input /dev/null 2>"$work/said" || status=$?
[ $status -eq 2 ] || { echo "exit status $status for another ABI"; exit 1; }
grep -q 'a plugin of ABI 999, this tracee has ABI' "$work/said" || {
	cat "$work/said"
	exit 1
}
