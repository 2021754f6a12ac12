#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""files.py PACKAGES SOURCE: the .deb as lintian, and its program as readelf sees them."""
import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

PACKAGES, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=True).stdout


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        [cls.deb] = glob.glob(os.path.join(PACKAGES, "*.deb"))
        cls.folder = tempfile.TemporaryDirectory(prefix="tracee-deb-")
        cls.addClassCleanup(cls.folder.cleanup)
        run("dpkg-deb", "-x", cls.deb, cls.folder.name)
        cls.program = os.path.join(cls.folder.name, "usr/bin/tracee")

    def test_lintian(self):
        done = subprocess.run(["lintian", "--fail-on", "error", self.deb],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_control(self):
        fields = dict(re.findall(r"(?m)^([\w-]+): (.*)$", run("dpkg-deb", "-f", self.deb)))
        self.assertEqual(fields["Package"], "tracee")
        for library in ("libbpf1", "libc6", "libcurl4", "libfmt9", "libncursesw6", "libpcap0.8",
                        "libre2-9", "libyaml-cpp0.7", "libzstd1"):
            self.assertRegex(fields["Depends"], rf"\b{re.escape(library)}\b")
        for library in ("libnats3.4", "librdkafka1"):
            self.assertNotIn(library, fields["Depends"])
            self.assertIn(library, fields["Recommends"])
        # What building takes is not asked of who runs it.
        self.assertNotRegex(fields["Depends"], r"-dev\b|clang|python|g\+\+|gcc(?!-s1)")
        self.assertEqual(run("dpkg-deb", "-I", self.deb, "conffiles"), "/etc/tracee/tracee.yaml\n")

    def test_hardened(self):
        headers = run("readelf", "-hlW", self.program)
        self.assertRegex(headers, r"Type: +DYN")
        self.assertIn("GNU_RELRO", headers)
        self.assertRegex(headers, r"GNU_STACK .* RW +0x")
        dynamic = run("readelf", "-dW", self.program)
        self.assertRegex(dynamic, r"FLAGS_1.*NOW.*PIE")
        self.assertNotRegex(dynamic, r"RPATH|RUNPATH")
        symbols = run("readelf", "--dyn-syms", "-W", self.program)
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk@")
        for plugin in glob.glob(os.path.join(self.folder.name, "usr/lib/tracee/detectors/*/*.so")):
            self.assertIn("GNU_RELRO", run("readelf", "-lW", plugin))

    def test_nothing_of_the_machine_it_was_made_on(self):
        for place, _, names in os.walk(self.folder.name):
            for name in names:
                with open(os.path.join(place, name), "rb") as file:
                    self.assertNotIn(SOURCE.encode(), file.read(), name)

    def test_the_readme_finds_its_pages(self):
        doc = os.path.join(self.folder.name, "usr/share/doc/tracee")
        with open(os.path.join(doc, "README.md"), encoding="utf-8") as file:
            links = set(re.findall(r"\]\((docs/[^)#]*)", file.read()))
        self.assertGreater(len(links), 3)
        for link in links:
            self.assertTrue(os.path.exists(os.path.join(doc, link)), link)

    def test_root_owns_all(self):
        for line in run("dpkg-deb", "-c", self.deb).splitlines():
            mode, owner = line.split()[:2]
            self.assertEqual(owner, "root/root", line)
            self.assertNotRegex(mode, r"^.{5}w|^.{8}w|s", line)


unittest.main(argv=sys.argv[:1])
