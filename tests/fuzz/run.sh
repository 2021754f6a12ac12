#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD SECONDS: each fuzz target for so long, two at a time. What a target
# finds new goes to BUILD/corpus/NAME; a crash ends with its input beside it. Only
# small, telling inputs belong into tests/fuzz/NAME.
set -u
build=$1
seconds=$2
here=$(cd "$(dirname "$0")" && pwd)
failed=0
fuzz() {
	name=$(basename "$1" _fuzz)
	mkdir -p "$build/corpus/$name" "$build/crashes"
	"$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$build/crashes/$name-" \
		"$build/corpus/$name" "$here/$name" >"$build/corpus/$name.log" 2>&1
	status=$?
	runs=$(sed -n 's/stat::number_of_executed_units: *//p' "$build/corpus/$name.log")
	edges=$(sed -n 's/.*DONE *cov: \([0-9]*\).*/\1/p' "$build/corpus/$name.log")
	echo "$name: ${runs:-no} runs, ${edges:-no} edges, exit status $status"
	[ "$status" -eq 0 ] || tail -n 30 "$build/corpus/$name.log"
	return "$status"
}
set -- "$build"/*_fuzz
while [ $# -gt 0 ]; do
	fuzz "$1" & first=$!
	shift
	if [ $# -gt 0 ]; then
		fuzz "$1" & second=$!
		shift
		wait "$second" || failed=1
	fi
	wait "$first" || failed=1
done
exit "$failed"
