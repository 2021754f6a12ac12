# SPDX-License-Identifier: Apache-2.0
"""shell.py ROOT: shellcheck over the shell scripts."""
import os
import shutil
import subprocess
import sys

import tree


def is_shell(path):
    with open(path, "rb") as file:
        first = file.readline(100)
    return first.startswith(b"#!") and first.rstrip().endswith((b"/sh", b"bash", b"env sh"))


def main(root):
    if not shutil.which("shellcheck"):
        tree.skip("shellcheck is not installed")
    scripts = [path for path in tree.files(root) if is_shell(os.path.join(root, path))]
    done = subprocess.run(["shellcheck", "--format=gcc", "--severity=warning", *scripts], cwd=root,
                          stdout=subprocess.PIPE, text=True, check=False)
    tree.finish(done.stdout.splitlines(),
                "`shellcheck FILE` explains each; a directive that disables one says why.")


main(sys.argv[1])
