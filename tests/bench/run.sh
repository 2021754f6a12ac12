#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD [ARGS]: measures a release build and prints one table; see
# bench.py --help for ARGS. `./dev bench` makes the build.
set -eu
here=$(dirname "$0")
build=${1:?usage: run.sh BUILD [ARGS]}
shift
# `./dev bench` may name its dev build too; only the release build is measured.
if [ -d "${1:-}" ]; then shift; fi
exec python3 "$here/bench.py" "$build" "$@"
