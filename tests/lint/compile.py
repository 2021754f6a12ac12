# SPDX-License-Identifier: Apache-2.0
"""compile.py clang|tidy ROOT BUILD: every source of ours through clang.

clang: it compiles without a warning. tidy: the checks of .clang-tidy; not tests.

What passed is remembered in BUILD by the content of all it was made of, so a
second run looks only at what changed since.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import tree

CLANG = "clang++-14"
TIDY = "clang-tidy-14"
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wnon-virtual-dtor", "-Werror"]
REMEDY = {
    "clang": "The tree compiles without warnings with g++ and clang++; mend the code, or disable "
             "one warning in one place and say why.",
    "tidy": "Each ends with its check's name; `clang-tidy-14 -p build --fix FILE` mends some. "
            "// NOLINT(check): reason, where the code is right.",
}


class Unit:
    """One source and how it is compiled."""

    def __init__(self, entry):
        self.folder, self.source = entry["directory"], entry["file"]
        words = shlex.split(entry["command"])[1:]
        self.arguments, self.output = [], ""
        words = iter(words)
        for word in words:
            if word == "-o":
                self.output = next(words)
            elif word not in ("-c", self.source):
                self.arguments.append(word)

    def command(self, mode, root):
        if mode == "clang":
            return [CLANG, *self.arguments, *WARNINGS, "-fsyntax-only", self.source]
        return [TIDY, "--quiet", f"--config-file={root}/.clang-tidy", self.source, "--", CLANG,
                *self.arguments]

    def is_test(self, root):
        path = os.path.relpath(self.source, root)
        return path.startswith("tests/") or path.endswith(("_test.cpp", "_fuzz.cpp"))


def units(mode, root, build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    ours = {}
    for entry in entries:
        path = os.path.relpath(entry["file"], root)
        if tree.is_cxx(path) and os.path.exists(entry["file"]):
            ours.setdefault(path, Unit(entry))  # one is enough where two targets share a source
    # What goes wrong in a test is seen when it runs, and the test framework's headers
    # would take more of clang-tidy's time than all of src.
    return [unit for unit in ours.values() if mode == "clang" or not unit.is_test(root)]


def dependencies(build):
    """The files each object was made of, as ninja noted them."""
    done = subprocess.run(["ninja", "-C", build, "-t", "deps"], stdout=subprocess.PIPE, text=True,
                          check=False)
    out, current = {}, None
    for line in done.stdout.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            # Notes of another state than the object's say nothing.
            current = []
            if line.endswith("(VALID)"):
                out[line.split(": #deps")[0]] = current
    return out


class Content:
    """Hashes of files, each read once."""

    def __init__(self):
        self.known = {}

    def of(self, path):
        if path not in self.known:
            with open(path, "rb") as file:
                self.known[path] = hashlib.sha256(file.read()).hexdigest()
        return self.known[path]


def key_of(unit, command, config, parts, content):
    """Names all that the result depends on; None: not known."""
    paths = parts.get(unit.output)
    if not paths:
        return None
    summary = hashlib.sha256(" ".join([*command, config]).encode())
    for path in paths:
        try:
            summary.update(content.of(os.path.join(unit.folder, path)).encode())
        except OSError:
            return None
    return summary.hexdigest()


def cleaned(text):
    """Without clang's counts of what it suppressed."""
    lines = [line for line in text.splitlines()
             if not re.match(r"\d+ (warnings?|errors?)|Suppressed |Use -header|Error while", line)]
    return "\n".join(lines).strip()


def places(text, root):
    """Each diagnostic with its source line, the notes dropped."""
    found, current = [], None
    for line in text.splitlines():
        match = re.match(r"(\S+?:\d+:\d+): (warning|error|note|fatal error): (.*)", line)
        if match:
            current = None
            if match[2] != "note":
                path = os.path.relpath(os.path.realpath(match[1].split(":")[0]), root)
                spot = match[1].split(":", 1)[1]
                current = [f"{path}:{spot}: {match[3]}"]
                found.append(current)
        elif current is not None and len(current) == 1:
            current.append(line)
    return ["\n".join(lines) for lines in found] or [text]


def main(mode, root, build):
    root = os.path.realpath(root)
    for tool in (CLANG, TIDY, "ninja"):
        if not shutil.which(tool):
            tree.skip(f"{tool} is not installed")
    cache = os.path.join(build, "lint", mode)
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(root, ".clang-tidy"), encoding="utf-8") as file:
        config = file.read() if mode == "tidy" else ""
    parts, content = dependencies(build), Content()

    def check(unit):
        command = unit.command(mode, root)
        key = key_of(unit, command, config, parts, content)
        mark = os.path.join(cache, key) if key else None
        if mark and os.path.exists(mark):
            return "known", []
        done = subprocess.run(command, cwd=unit.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            return "bad", places(cleaned(done.stdout), root)
        if mark:
            with open(mark, "w", encoding="utf-8"):
                pass
        return "good", []

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, units(mode, root, build)))
    counts = {state: sum(1 for result in results if result[0] == state)
              for state in ("known", "good", "bad")}
    print(f"{mode}: {counts['good']} checked, {counts['known']} not changed since they passed, "
          f"{counts['bad']} with problems")
    # Headers are seen by many sources.
    problems = dict.fromkeys(problem for _, found in results for problem in found)
    tree.finish(sorted(problems), REMEDY[mode])


main(*sys.argv[1:])
