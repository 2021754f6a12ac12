#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""image.py TRACEE BUILD_IMAGE: the OCI image, taken apart and run. As root: it is entered."""
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

TRACEE, BUILD = os.path.abspath(sys.argv[1]), sys.argv[2]
SECONDS = 120
CAPABILITIES = ("bpf", "perfmon", "net_admin", "sys_ptrace", "dac_read_search")
if os.geteuid() != 0:
    print("skipped: entering the image needs root")
    sys.exit(77)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tracee-image-")
        # Without debugging symbols, as in a package.
        cls.program = os.path.join(cls.folder, "tracee")
        subprocess.run(["strip", "-o", cls.program, TRACEE], check=True)
        cls.tar = cls.build("image.tar")
        cls.layout = os.path.join(cls.folder, "layout")
        with tarfile.open(cls.tar) as tar:
            tar.extractall(cls.layout)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def build(cls, name, *options):
        path = os.path.join(cls.folder, name)
        subprocess.run([BUILD, "--binary", cls.program, *options, path], check=True,
                       env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}, timeout=SECONDS)
        return path

    def blob(self, descriptor):
        with open(os.path.join(self.layout, "blobs/sha256",
                               descriptor["digest"].removeprefix("sha256:")), "rb") as file:
            data = file.read()
        self.assertEqual(f"sha256:{sha256(data)}", descriptor["digest"])
        self.assertEqual(len(data), descriptor["size"])
        return data

    def parts(self):
        with open(os.path.join(self.layout, "index.json"), encoding="utf-8") as file:
            index = json.load(file)
        manifest = json.loads(self.blob(index["manifests"][0]))
        return (json.loads(self.blob(manifest["config"])),
                gzip.decompress(self.blob(manifest["layers"][0])))

    def test_layout(self):
        with open(os.path.join(self.layout, "oci-layout"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), {"imageLayoutVersion": "1.0.0"})
        config, layer = self.parts()
        self.assertEqual(config["rootfs"]["diff_ids"], [f"sha256:{sha256(layer)}"])
        self.assertEqual(config["config"]["Entrypoint"], ["/usr/bin/tracee"])

    def test_same_files_same_bytes(self):
        with open(self.tar, "rb") as one, open(self.build("again.tar"), "rb") as two:
            self.assertEqual(sha256(one.read()), sha256(two.read()))

    def test_usage(self):
        done = subprocess.run([BUILD], stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("OUT.tar", done.stderr)

    def test_runs_and_traces(self):
        """In the image's files, with /proc and /sys to read and five capabilities, as a
        container has them."""
        root = os.path.join(self.folder, "root")
        with tarfile.open(self.build("files.tar", "--rootfs")) as tar:
            tar.extractall(root)
        names = {name for _, _, files in os.walk(root) for name in files}
        self.assertLessEqual(names & {"sh", "bash", "dpkg", "busybox"}, set())
        bounds = "-all," + ",".join("+" + name for name in CAPABILITIES)
        script = (f"mount --rbind -o ro /proc {root}/proc && mount --rbind -o ro /sys {root}/sys &&"
                  f" exec setpriv --bounding-set {bounds},+sys_chroot --inh-caps=-all"
                  f" --no-new-privs chroot {root} /usr/bin/tracee")
        for arguments, says in ((["--version"], ""),
                                (["--output", "json", "--duration", "1s"], "tracing 6 events")):
            done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c",
                                   script + ' "$@"', "sh", *arguments], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(says, done.stderr)


unittest.main(argv=sys.argv[:1])
