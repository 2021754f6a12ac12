#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""As root: tracee --output pcapng | tshark -r - , with owners."""
import os
import socket
import subprocess
import sys
import unittest

import support
from support import SECONDS, TRACEE


class Pipe(support.OutputTest):
    def test_wireshark_reads_what_comes(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind(("127.0.0.1", 0))
            server.settimeout(SECONDS)
            to = server.getsockname()
            tracee = self.start(TRACEE, "--output", "pcapng", "--events",
                                f"net_packet_udp.data.dst_port={to[1]}", stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
            shark = self.start("tshark", "-l", "-r", "-", "-T", "fields", "-e", "udp.dstport", "-e",
                               "frame.packet_flags", "-e", "frame.comment", stdin=tracee.stdout,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            tracee.stdout.close()
            while b"tracing" not in (line := tracee.stderr.readline()):
                self.assertTrue(line, "tracee ended")
            for _ in range(3):
                client.sendto(b"x", to)
                server.recv(10)
            # tshark shows them when its own buffer is full or its input ends.
            tracee.terminate()
            seen = [line.split("\t")
                    for line in shark.communicate(timeout=SECONDS)[0].decode().splitlines()]
            self.assertEqual(tracee.wait(timeout=SECONDS), 0, tracee.stderr.read())
            self.assertEqual(shark.returncode, 0)
        self.assertEqual(len(seen), 6, seen)
        for port, _, comment in seen:
            self.assertEqual(port, str(to[1]))
            self.assertIn(f"pid={os.getpid()} ", comment)
        self.assertEqual([int(flags, 16) & 3 for _, flags, _ in seen], [2, 1] * 3)  # out, in


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: tracing needs root")
        sys.exit(77)
    support.main()
