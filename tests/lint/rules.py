# SPDX-License-Identifier: Apache-2.0
"""rules.py ROOT: the rules of the tree that no compiler knows."""
import os
import re
import subprocess
import sys

import tree

MOST_LINES = 700
CODE = (".cpp", ".h", ".c", ".py", ".sh", ".cmake", "CMakeLists.txt")
# Scripts without a suffix.
SCRIPTS = ("dev", ".ci/run")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def rooms(root):
    """Each room and what it may include, as the root CMakeLists.txt declares."""
    out = {}
    for name, rest in re.findall(r"^room\((\w+)([^)]*)\)", read(root, "CMakeLists.txt"),
                                 re.MULTILINE):
        depends = re.search(r"DEPENDS((?:\s+[a-z_]+)+)", rest)
        out[name] = {name, *(depends[1].split() if depends else ())}
    return out


def includes_of(path, text, allowed):
    """What a file includes that it may not. A room's own files are reached by
    the room's name, its neighbours only if it declares them."""
    parts = path.split("/")
    room = parts[1] if parts[0] == "src" and len(parts) > 2 else None
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        target = match[1]
        if target.startswith("../") or "/../" in target:
            yield f'{path}:{line}: include "{target}" by its room\'s name, not by ".."'
        if room not in allowed:
            continue
        other = target.split("/")[0]
        if "/" in target and other in allowed and other not in allowed[room]:
            yield (f'{path}:{line}: room {room} may not include "{target}"; if it should, add '
                   f"{other} to its DEPENDS in CMakeLists.txt, else move what it needs")


def file_problems(root):
    allowed = rooms(root)
    for path in tree.files(root):
        if not (path.endswith(CODE) or path in SCRIPTS):
            continue
        text = read(root, path)
        start = "\n".join(text.split("\n", 3)[:3])
        if "SPDX-License-Identifier: " not in start:
            yield f"{path}:1: no SPDX-License-Identifier in the first three lines"
        lines = text.count("\n")
        if lines > MOST_LINES:
            yield f"{path}: {lines} lines; more than {MOST_LINES} hide too much, split it"
        if not text.endswith("\n") or text.endswith("\n\n"):
            yield f"{path}:{lines + 1}: a file ends with exactly one newline"
        if path.endswith((".cpp", ".h", ".c")):
            yield from includes_of(path, text, allowed)
        if path.endswith(".h") and tree.is_cxx(path) and "#pragma once" not in text:
            yield f"{path}:1: no #pragma once"


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False)
    return done.stdout.endswith(" installed")


def package_problems(root):
    names = [line.strip() for line in read(root, "packages.txt").splitlines()]
    names = [name for name in names if name and not name.startswith("#")]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"packages.txt: {name} is listed twice"
    if not os.path.exists("/usr/bin/dpkg-query"):
        return
    for name in names:
        if not installed(name):
            yield f"packages.txt: {name} is not installed; is that its name in Debian 12?"


def main(root):
    problems = [*file_problems(root), *package_problems(root)]
    tree.finish(problems, "The rules are those of CONTRIBUTING.md and tests/lint/rules.py.")


main(sys.argv[1])
