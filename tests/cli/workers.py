#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Several workers of a replay write what one writes: the same bytes, the same account."""
import glob
import os
import signal
import subprocess
import sys
import time
import unittest

import capture
from run import SECONDS, TRACEE, CommandLine

HERE = os.path.dirname(os.path.abspath(__file__))
COUNTS = ("2", "3", "4")


class Workers(CommandLine):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.captures = []
        for path in sorted(glob.glob(f"{HERE}/../captures/*.pcap*")):
            with open(path, "rb") as file:
                content = file.read()
            # The same packets again and again: for streams they are old, early or both. A
            # section of a pcapng file may follow another.
            head = 0 if path.endswith("ng") else 24
            repeated = content[:head] + content[head:] * (1 + 400_000 // len(content))
            cls.captures.append(cls.file("many-" + os.path.basename(path), repeated))

    def outputs_of(self, workers, path, *arguments):
        """The bytes of some outputs and what was said, without the paths."""
        places = {form: os.path.join(self.folder, f"{form}-{workers}")
                  for form in ("json", "json-v1", "table")}
        specs = [word for form, place in places.items()
                 for word in ("--output", f"{form}:{place}")]
        done = self.run_tracee("--input", path, "--workers", workers, *specs, *arguments)
        contents = []
        for form, place in places.items():
            with open(place, "rb") as file:
                contents.append(file.read())
        said = done.stderr.decode()
        self.assertEqual("one worker only" in said, False, said)
        for place in places.values():
            said = said.replace(place, "PLACE")
        return done.returncode, contents, said

    def same(self, path, *arguments):
        alone = self.outputs_of("1", path, *arguments)
        for count in COUNTS:
            self.assertTrue(self.outputs_of(count, path, *arguments) == alone,
                            (path, count, arguments))
        return alone

    def test_every_capture(self):
        self.assertGreater(len(self.captures), 5)
        for path in self.captures:
            status, contents, said = self.same(path, "--events", "*", "--output", "option:extended")
            self.assertEqual(status, 0, said)
            # More than one chunk, or nothing is shown.
            self.assertGreater(contents[0].count(b"\n"), 1000, path)

    def test_filters_and_fields_that_only_some_events_have(self):
        for path in self.captures[:4]:
            self.same(path, "--events", "net_packet_dns,net_packet_http")
            self.same(path, "--events", "net_packet_tcp")
            self.same(path, "--events", "*", "--filter", "data.src_port > 1000", "--pcap-filter",
                      "port 53 or port 80")

    def test_what_is_redacted(self):
        many, = (path for path in self.captures if path.endswith("many-dns.pcap"))
        plain = self.same(many, "--events", "net_packet_dns")[1][0]
        hidden = self.same(many, "--events", "net_packet_dns", "--redact", "dns=test")[1][0]
        self.assertIn(b"example.test", plain)
        self.assertNotIn(b"example.test", hidden)

    def test_owners_that_the_file_has(self):
        owned = self.file("owned.pcapng", capture.pcap())
        written = os.path.join(self.folder, "written.pcapng")
        self.replay("--events", "*", "--write", written, path=owned)
        with open(written, "rb") as file:
            many = self.file("many.pcapng", file.read() * 200)
        self.same(many, "--events", "*", "--output", "option:extended")

    def test_damage_is_found_at_the_same_place(self):
        with open(self.captures[0], "rb") as file:
            content = file.read()
        for name, damaged in (("cut.pcap", content[:-7]),
                              ("bad.pcap", content + b"\xff" * 64 + content)):
            status, _, said = self.same(self.file(name, damaged), "--events", "*")
            self.assertEqual(status, 1, said)

    def test_frames_without_ip_before_and_between(self):
        # More of them than a block of the file keeps.
        with open(self.captures[0], "rb") as file:
            content = file.read()
        arp = b"\0" * 8 + (1200).to_bytes(4, "little") * 2 + b"\xff" * 12 + b"\x08\x06" + bytes(1186)
        self.assertEqual(content[:4], b"\xd4\xc3\xb2\xa1")
        mixed = content[:24] + arp * 1000 + content[24:] + arp * 1000
        status, _, said = self.same(self.file("arp.pcap", mixed), "--events", "*")
        self.assertEqual(status, 0, said)
        self.assertIn("without IP 2000", said)

    def test_one_worker_where_order_counts(self):
        for arguments, reason in ((("-c", "3"), "--count"), (("--write", "/dev/null"), "packets"),
                                  (("--output", "option:sort-events"), "sorts"),
                                  (("--output", "option:relative-time"), "time")):
            done = self.run_tracee("--input", self.input, "--workers", "2", "--output", "json",
                                   *arguments)
            self.assertEqual(done.returncode, 0, arguments)
            self.assertRegex(done.stderr.decode(), f"one worker only, because.*{reason}")
        with open(self.input, "rb") as file:
            done = self.run_tracee("--input", "-", "--workers", "2", "--output", "json",
                                   stdin=file.read())
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"no regular file", done.stderr)

    def test_wrong_numbers(self):
        for number in ("0", "17", "-1", "two", ""):
            self.fails(2, "--input", self.input, "--workers", number, says="--workers")

    def test_a_reader_that_goes_ends_all(self):
        with subprocess.Popen([TRACEE, "--input", self.captures[0], "--workers", "3", "--output",
                               "json", "--events", "*"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.wait(SECONDS), 0)

    def test_a_signal_ends_all_with_an_account(self):
        # The reader is slow, so that the workers wait.
        with subprocess.Popen([TRACEE, "--input", self.captures[0], "--workers", "3", "--output",
                               "json", "--events", "*"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, bufsize=0) as process:
            first = process.stdout.readline()
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            rest, said = process.communicate(timeout=SECONDS)
            self.assertEqual(process.returncode, 0, said)
        lines = (first + rest).count(b"\n")
        self.assertIn(f"matched {lines}, written {lines}, dropped 0", said.decode())


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=1))
