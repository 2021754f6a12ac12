#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""unit.py TRACEE UNIT: the unit is one systemd takes, and tracee runs within its bounds.

systemd itself is not needed. The capabilities of the unit are those tracee is run
with; the system calls it makes are compared with those the unit allows."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TRACEE, UNIT = os.path.abspath(sys.argv[1]), sys.argv[2]
SECONDS = 120


def settings(text):
    out = {}
    for line in text.splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            out.setdefault(key, []).append(value)
    return out


def allowed_calls(filters):
    """The names behind `@set name`, minus those of lines that begin with ~."""
    def expand(words):
        names = set()
        for word in words:
            if not word.startswith("@"):
                names.add(word)
                continue
            listed = subprocess.run(["systemd-analyze", "syscall-filter", word],
                                    stdout=subprocess.PIPE, text=True, check=True).stdout
            inner = [line.strip() for line in listed.splitlines()[1:]]
            names |= expand([name for name in inner if name and not name.startswith("#")])
        return names
    allowed = set()
    for line in filters:
        if line.startswith("~"):
            allowed -= expand(line[1:].split())
        else:
            allowed |= expand(line.split())
    return allowed


class Unit(unittest.TestCase):
    def setUp(self):
        with open(UNIT, encoding="utf-8") as file:
            self.text = file.read().replace("@BINDIR@/tracee", TRACEE)
        self.settings = settings(self.text)
        self.folder = tempfile.mkdtemp(prefix="tracee-unit-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.unit = os.path.join(self.folder, "tracee.service")
        with open(self.unit, "w", encoding="utf-8") as file:
            file.write(self.text)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_takes_it(self):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", self.unit],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        ours = [line for line in done.stdout.splitlines() if "tracee" in line]
        self.assertEqual(ours, [], done.stdout)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_exposure(self):
        """The score of `systemd-analyze security`, 0 is best. Before a change of the unit
        raises it, look at what it opens."""
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", self.unit],
                              stdout=subprocess.PIPE, text=True, check=False)
        score = float(re.search(r"exposure level for tracee.service: ([\d.]+)", done.stdout)[1])
        print(f"exposure {score}")
        self.assertLessEqual(score, 3.0, done.stdout)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
    def test_capabilities_are_enough(self):
        names = self.settings["CapabilityBoundingSet"][0].split()
        bounds = "-all," + ",".join("+" + name.removeprefix("CAP_").lower() for name in names)
        command = ["setpriv", "--bounding-set", bounds, "--inh-caps", "-all", "--no-new-privs",
                   TRACEE]
        done = subprocess.run([*command, "--output", "none", "--duration", "1s"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("cannot", done.stderr)
        # Where nobody has mounted tracefs, tracee mounts its own, which takes SYS_ADMIN.
        if not os.path.exists("/sys/kernel/tracing/events"):
            return
        checked = [subprocess.run([*each, "check"], stdout=subprocess.PIPE, text=True,
                                  timeout=SECONDS, check=False).stdout
                   for each in (command, [TRACEE])]
        self.assertEqual(*checked)  # as much as with all capabilities

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("strace") and
                         shutil.which("systemd-analyze"), "needs root, strace, systemd-analyze")
    def test_system_calls_are_allowed(self):
        log = os.path.join(self.folder, "calls")
        events = os.path.join(self.folder, "events.json")
        # What is traced cannot look at itself for leaks, where the build has a sanitizer for that.
        policy = self.settings["CPUSchedulingPolicy"][0]
        subprocess.run(["chrt", f"--{policy}", "0", "strace", "-f", "-qq", "-o", log, TRACEE,
                        "--output", "json:" + events, "--events", "*", "--duration", "2s"],
                       stderr=subprocess.DEVNULL,
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}, timeout=SECONDS,
                       check=True)
        with open(log, encoding="utf-8", errors="replace") as file:
            made = set(re.findall(r"^\d+ +(\w+)\(", file.read(), re.MULTILINE))
        self.assertIn("bpf", made)
        refused = made - allowed_calls(self.settings["SystemCallFilter"])
        # What follows mounts what a usual host has mounted; without, it does with less.
        refused -= {"execve", "fsopen", "fsconfig", "fsmount"}
        self.assertEqual(refused, set())


unittest.main(argv=sys.argv[:1])
