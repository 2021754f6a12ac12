#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""libraries.py Libraries: what the program loads, and from where."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

TRACEE = os.path.abspath(os.environ["TRACEE"])


def run(*command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, **more)


class Libraries(unittest.TestCase):
    def test_none_comes_from_where_one_happens_to_be(self):
        """Root may be anywhere; what lies there is not root's."""
        names = re.findall(r"^\s*(\S+) =>", run("ldd", TRACEE).stdout, re.MULTILINE)
        self.assertIn("libbpf.so.1", names)
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                    file.write("no library")
            done = run(TRACEE, "--version", cwd=folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_paths_are_whole(self):
        dynamic = run("readelf", "-dW", TRACEE).stdout
        for paths in re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", dynamic):
            for path in paths.split(":"):
                self.assertRegex(path, r"^(\$ORIGIN|/)", paths)

    def test_what_few_runs_need_is_not_loaded_at_the_start(self):
        linked = run("ldd", TRACEE).stdout
        for name in ("curl", "rdkafka", "nats", "microhttpd", "pcap", "crypto", "dbus"):
            self.assertNotIn(f"lib{name}", linked)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
