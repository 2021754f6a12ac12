#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh TRACEE CASE: runs cases/CASE.args and compares what comes out with
# cases/CASE.out. A first line `exit N` in the .args file names the exit status
# (0 without). With UPDATE=1 the .out file is written instead; read its diff.
set -u
tracee=$1
case=$(dirname "$0")/cases/$2
cd "$(dirname "$0")/../captures" || exit 1
case=../golden/cases/$2
want=0
args=$(cat "$case.args")
case "$args" in "exit "*)
	want=$(printf '%s' "$args" | sed -n '1s/exit //p')
	args=$(printf '%s' "$args" | sed 1d)
	;;
esac
out=$(mktemp)
trap 'rm -f "$out"' EXIT
# Local time appears in tables; the arguments are words, quoted as in a shell.
eval "set -- $args"
TZ=UTC "$tracee" "$@" >"$out" 2>/dev/null
got=$?
if [ "$got" -ne "$want" ]; then
	echo "exit status $got, expected $want"
	exit 1
fi
if [ "${UPDATE:-}" = 1 ]; then
	cp "$out" "$case.out"
	exit 0
fi
diff -u "$case.out" "$out" | cut -c1-2000 | head -n 40
cmp -s "$case.out" "$out"
