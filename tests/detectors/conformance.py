#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""conformance.py ROOT: each test that docs/detectors-conformance.md names exists."""
import os
import re
import sys


def main(root):
    tests = set()
    for folder in ("tests/detectors", "tests/filters", "src/detect"):
        for name in os.listdir(os.path.join(root, folder)):
            if name.endswith("_test.cpp"):
                with open(os.path.join(root, folder, name), encoding="utf-8") as file:
                    tests |= {".".join(pair) for pair in re.findall(r"^TEST(?:_F)?\((\w+), (\w+)\)",
                                                                    file.read(), re.MULTILINE)}
    for name in os.listdir(os.path.join(root, "tests/live")):
        if name.endswith(".live"):
            tests.add("live." + name[:-5])
    tests |= {"detectors.out_of_tree", "detectors.test_verb", "detectors.rules"}
    with open(os.path.join(root, "docs/detectors-conformance.md"), encoding="utf-8") as file:
        rows = [line for line in file if line.startswith("| ") and not line.startswith("| -")][1:]
    named = [name for row in rows for name in re.findall(r"`([\w.]+)`", row.split("|")[2])]
    lost = [name for name in named if name not in tests]
    bare = [row.split("|")[1].strip() for row in rows if "`" not in row.split("|")[2]]
    for name in lost:
        print(f"no such test: {name}")
    for row in bare:
        print(f"no test named for: {row}")
    if len(rows) < 30:
        print(f"only {len(rows)} rows; the table is not read as it is written")
    sys.exit(1 if lost or bare or len(rows) < 30 else 0)


main(sys.argv[1])
