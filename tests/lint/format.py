# SPDX-License-Identifier: Apache-2.0
"""format.py ROOT: the sources look as .clang-format says."""
import re
import shutil
import subprocess
import sys

import tree

CLANG_FORMAT = "clang-format-14"  # other versions format differently


def main(root):
    if not shutil.which(CLANG_FORMAT):
        tree.skip(f"{CLANG_FORMAT} is not installed")
    paths = [path for path in tree.files(root) if tree.is_cxx(path)]
    done = subprocess.run([CLANG_FORMAT, "--dry-run", "-Werror", *paths], cwd=root,
                          stderr=subprocess.PIPE, text=True, check=False)
    places = re.findall(r"^(\S+):(\d+):\d+: error:", done.stderr, re.MULTILINE)
    by_path = {}
    for path, line in places:
        by_path.setdefault(path, []).append(line)
    problems = [f"{path}: line {', '.join(dict.fromkeys(lines))}"
                for path, lines in by_path.items()]
    if done.returncode != 0 and not problems:
        problems = [done.stderr]
    tree.finish(problems, "Run ./dev format.")


main(sys.argv[1])
