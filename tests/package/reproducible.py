#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""reproducible.py SOURCE [FILE…]: builds FILEs (default: tracee) from copies of the tree in two folders
whose names differ, with no cache, and wants the same bytes. Of linked files: objects on their way
to link-time optimisation hold their place. Exit status: 0 they are the same, 1 not."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


def build(tree, files):
    place = tree / "build-release"
    environment = dict(os.environ, CCACHE_DISABLE="1", SOURCE_DATE_EPOCH="1700000000")
    for command in (["cmake", "--preset", "release", "-DTRACEE_BENCH=OFF"],
                    ["cmake", "--build", str(place), "--target", *files]):
        done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"reproducible: {' '.join(command)}: {done.stdout[-2000:]}")
    return {file: hashlib.sha256((place / file).read_bytes()).hexdigest() for file in files}


def main():
    source, files = pathlib.Path(sys.argv[1]), sys.argv[2:] or ["tracee"]
    with tempfile.TemporaryDirectory(prefix="tracee-a-") as first, \
            tempfile.TemporaryDirectory(prefix="tracee-another-place-") as second:
        trees = pathlib.Path(first) / "tree", pathlib.Path(second) / "somewhere" / "else"
        for tree in trees:  # both before the first is built: somebody may be at work in the tree
            shutil.copytree(source, tree, ignore=shutil.ignore_patterns("build*", ".git"))
        one, other = (build(tree, files) for tree in trees)
    differ = [file for file in files if one[file] != other[file]]
    for file in files:
        print(f"{file}: {one[file]}" + (f" and {other[file]}" if file in differ else ", twice"))
    return 1 if differ else 0


sys.exit(main())
