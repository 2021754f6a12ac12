#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""installed.py BUILD: what `cmake --install` puts where."""
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(sys.argv[1])


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="tracee-installed-")
        cls.addClassCleanup(cls.folder.cleanup)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.folder.name],
                       stdout=subprocess.DEVNULL, check=True)
        cls.files = {os.path.relpath(os.path.join(place, name), cls.folder.name)
                     for place, _, names in os.walk(cls.folder.name) for name in names}

    def tracee(self, *arguments):
        return subprocess.run([os.path.join(self.folder.name, "bin/tracee"), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)

    def test_places(self):
        wanted = ["bin/tracee", "include/tracee/detector.h", "lib/cmake/tracee/tracee-config.cmake",
                  "lib/systemd/system/tracee.service", "lib/tracee/detectors/e2e/dns.so",
                  "share/bash-completion/completions/tracee", "share/doc/tracee/README.md",
                  "share/doc/tracee/copyright", "share/doc/tracee/examples/policies/web.yaml",
                  "share/doc/tracee/examples/plugin/dns.cpp", "share/doc/tracee/docs/filters.md",
                  "share/fish/vendor_completions.d/tracee.fish", "share/man/man1/tracee.1",
                  "share/man/man7/tracee-filters.7", "share/tracee/tracee.yaml",
                  "share/zsh/vendor-completions/_tracee"]
        self.assertEqual([path for path in wanted if path not in self.files], [])
        # Nothing lands where nobody looks for it.
        tops = {path.split(os.sep)[0] for path in self.files}
        self.assertEqual(tops, {"bin", "include", "lib", "share"})

    def test_a_manual_page_of_each_event(self):
        events = re.findall(r"(?m)^\d+ +(\S+)", self.tracee("list").stdout)
        self.assertGreater(len(events), 10)
        for event in events:
            self.assertIn(f"share/man/man7/tracee-{event}.7", self.files)

    def test_the_configuration_is_taken(self):
        path = os.path.join(self.folder.name, "share/tracee/tracee.yaml")
        done = self.tracee("--config", path, "--explain")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("net_packet_dns_request", done.stdout)
        self.assertNotIn("net_packet_tcp", done.stdout)

    def test_the_shipped_detectors_are_taken(self):
        folders = [os.path.join(self.folder.name, "lib/tracee/detectors/e2e")]
        folders += glob.glob(os.path.join(self.folder.name, "share/tracee/detectors"))
        done = self.tracee("detectors", "list", *folders)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertGreater(len(done.stdout.splitlines()), 10)

    def test_the_service_runs_what_is_there(self):
        with open(os.path.join(self.folder.name, "lib/systemd/system/tracee.service"),
                  encoding="utf-8") as file:
            start = re.search(r"(?m)^ExecStart=(.*)$", file.read())[1].split()
        self.assertEqual(start, ["/usr/bin/tracee", "--config", "/etc/tracee/tracee.yaml"])


unittest.main(argv=sys.argv[:1])
