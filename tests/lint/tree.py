# SPDX-License-Identifier: Apache-2.0
"""The files of the tree, and how a lint test ends."""
import os
import subprocess
import sys

SKIPPED = 77


def files(root):
    """Paths of the tree's files, from its root: those that git knows or would
    take, or everything but build folders where there is no git."""
    git = ["git", "-C", root, "-c", f"safe.directory={root}", "ls-files", "-z", "--cached",
           "--others", "--exclude-standard"]
    try:
        done = subprocess.run(git, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        found = os.fsdecode(done.stdout).split("\0")
    except (OSError, subprocess.CalledProcessError):
        found = walked(root)
    return sorted({path for path in found if path and os.path.isfile(os.path.join(root, path))})


def walked(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders
                      if not (name.startswith("build") or name in (".git", "__pycache__"))]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def is_cxx(path):
    """A C++ source or header of ours; not wire.h and src/bpf, which are C."""
    return (path.endswith((".cpp", ".h")) and
            path.startswith(("src/", "include/", "detectors/", "tests/")) and
            not path.startswith(("src/bpf/", "src/wire/")))


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def finish(problems, remedy):
    """Ends the test; prints each problem, and what to do about them."""
    if not problems:
        sys.exit(0)
    for problem in problems:
        print(problem)
    print(f"\n{len(problems)} found. {remedy}")
    sys.exit(1)
