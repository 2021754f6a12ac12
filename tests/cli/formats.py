#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Templates of the user, and events in the order of their times. As run.py."""
import json
import os
import struct
import sys
import unittest

import capture
from run import CommandLine

PACKET = capture.ipv4("10.0.0.1", "10.0.0.2", 17, capture.udp(1000, 2000, b"x"))


def capture_of(times_us):
    return capture.pcap(()) + b"".join(
        struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(PACKET), len(PACKET)) + PACKET
        for time in times_us)


class Templates(CommandLine):
    def wrong(self, text, place, says):
        path = self.file("wrong.mustache", text.encode())
        done = self.fails(2, "--input", self.input, "--output", "template=" + path, says=says)
        self.assertEqual(done.stderr.decode().split(" ")[1], f"{path}:{place}:", text)

    def test_mistakes_have_a_place(self):
        self.wrong("{{eventNam}}", "1:1", "'eventName'?")
        self.wrong("a\n b {{data.srcc}}", "2:4", "'src'?")
        self.wrong("\n\n{{#data}}", "3:1", "Unclosed section")
        self.wrong("x{{/data}}", "1:2", "Unopened section")
        self.wrong("\nx {{data", "2:3", "Unclosed tag")

    def test_files_that_are_none(self):
        for path, says in (("/nonexistent", "No such file"), (self.folder, "Is a directory")):
            self.fails(2, "--input", self.input, "--output", "template=" + path, says=says)
        big = self.file("big.mustache", b"x" * (1 << 20) + b"x")
        self.fails(2, "--input", self.input, "--output", "template=" + big, says="1 MiB")
        self.fails(2, "--input", self.input, "--output", "template", says="template=FILE")
        self.fails(2, "--input", self.input, "--output", "gotemplate=x", says="Mustache")

    def test_to_a_file_and_beside_others(self):
        path = self.file("line.mustache", b"{{eventName}} {{data.src}}\n")
        out = os.path.join(self.folder, "lines.txt")
        events = self.replay("--events", "net_packet_tcp", "--output", f"template={path}:{out}")
        with open(out, encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual(lines, [f"{event['eventName']} {event['args'][0]['value']}"
                                 for event in events])

    def test_packets_cannot_write_to_a_terminal(self):
        request = b"GET /a HTTP/1.1\r\nHost: a\r\nX: \x1b[31m\r\n\r\n"
        packet = capture.ipv4("10.0.0.1", "10.0.0.2", 6, capture.tcp(5000, 80, 0x18, request))
        path = self.file("escape.pcap", capture.pcap((packet,)))
        template = self.file("x.mustache", b"{{#data.proto_http}}{{headers.X}}{{/data.proto_http}}")
        done = self.run_tracee("--input", path, "--events", "net_packet_http", "--output",
                               "template=" + template)
        self.assertEqual(done.stdout, b"\\u001b[31m\n", done.stderr)


class Order(CommandLine):
    def times(self, times_us, *arguments):
        path = self.file("order.pcap", capture_of(times_us))
        events = self.replay("--events", "net_packet_udp", *arguments, path=path)
        return [event["timestamp"] // 1000 for event in events]

    def test_by_time_within_the_delay(self):
        times = [1000, 3000, 2000, 90_000, 500, 70_000, 70_001, 69_999]
        self.assertEqual(self.times(times), times)
        self.assertEqual(self.times(times, "--output", "option:sort-events"), sorted(times))

    def test_nothing_is_lost(self):
        # Neighbours change places, over far more than may wait.
        times = [i ^ 1 for i in range(100_000)]
        self.assertEqual(self.times(times, "--output", "option:sort-events"), sorted(times))

    def test_each_output_and_its_headers(self):
        times = [2000, 1000, 4000, 3000]
        out = os.path.join(self.folder, "sorted.json")
        path = self.file("order.pcap", capture_of(times))
        done = self.run_tracee("--input", path, "--events", "net_packet_udp", "--output", "table",
                               "--output", "json:" + out, "--output", "option:sort-events")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(out, encoding="utf-8") as file:
            self.assertEqual([json.loads(line)["timestamp"] // 1000 for line in file],
                             sorted(times))
        rows = done.stdout.decode().splitlines()[1:]
        self.assertEqual([row.split()[0].split(":")[-1] for row in rows],
                         [f"{time:06}" for time in sorted(times)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
