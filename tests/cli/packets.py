#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Packets in files: --write, --output pcapng, --capture. As run.py; what comes out is
read by libpcap (tcpdump), Wireshark (tshark, capinfos) and tracee itself."""
import os
import subprocess
import sys
import unittest

import capture
from run import SECONDS, TRACEE, CommandLine

COUNT = len(capture.PACKETS)


def tool(*arguments, stdin=b""):
    done = subprocess.run(arguments, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=SECONDS, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Write(CommandLine):
    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, *arguments, name="out.pcapng"):
        """Runs to a good end with --write; gives what standard error said."""
        done = self.run_tracee("--input", self.input, "--write", self.path(name), *arguments)
        self.assertEqual((done.returncode, done.stdout), (0, b""), (arguments, done.stderr))
        return done.stderr.decode()

    def count(self, name):
        return len(tool("tcpdump", "-nr", self.path(name))[1].splitlines())

    def test_every_packet_and_nothing_else(self):
        said = self.write()
        self.assertIn(f"out.pcapng: matched {COUNT}, written {COUNT}, dropped 0\n", said)
        self.assertIn("events: decoded 0,", said)  # nobody looks at them

    def test_everybody_can_read_it(self):
        self.write()
        status, listing, said = tool("tcpdump", "-nr", self.path("out.pcapng"))
        self.assertEqual((status, len(listing.splitlines())), (0, COUNT), said)
        status, listing, said = tool("tshark", "-r", self.path("out.pcapng"), "-T", "fields",
                                     "-e", "frame.time_epoch", "-e", "frame.len")
        self.assertEqual(status, 0, said)
        self.assertEqual([line.split() for line in listing.splitlines()],
                         [[f"{second}.000000000", str(len(packet) + 4)]
                          for second, packet in enumerate(capture.PACKETS, 1)])
        status, listing, said = tool("capinfos", self.path("out.pcapng"))
        self.assertEqual(status, 0, said)
        self.assertIn("nanoseconds (9)", listing)
        self.assertIn("Number of stat entries = 1", listing)

    def test_reading_it_gives_the_same_events(self):
        self.write()
        for arguments in (("--events", "net_packet_*"), ("-o", "option:extended")):
            self.assertEqual(self.replay(*arguments, path=self.path("out.pcapng")),
                             self.replay(*arguments))
        again = self.run_tracee("-r", self.path("out.pcapng"), "-w", self.path("again.pcapng"))
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.read("again.pcapng"), self.read("out.pcapng"))

    def test_no_packets(self):
        path = self.file("empty.pcap", capture.pcap(()))
        done = self.run_tracee("--input", path, "-w", self.path("empty.pcapng"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(tool("tcpdump", "-r", self.path("empty.pcapng"))[:2], (0, ""))
        self.assertEqual(tool("capinfos", self.path("empty.pcapng"))[0], 0)

    def test_selected_packets(self):
        self.write("--events", "net_packet_udp.data.dst_port=53")
        self.assertEqual(self.count("out.pcapng"), 1)
        self.write("--filter", "data.dst_port == 80", "--events", "net_packet_tcp")
        self.assertEqual(self.count("out.pcapng"), 2)
        self.write("--pcap-filter", "icmp or icmp6")
        self.assertEqual(self.count("out.pcapng"), 2)
        self.write("--scope", "comm=nobody")
        self.assertEqual(self.count("out.pcapng"), 0)
        self.write("--scope", "uid=0")
        self.assertEqual(self.count("out.pcapng"), COUNT)
        self.write("-c", "3")
        self.assertEqual(self.count("out.pcapng"), 3)

    def test_beside_other_outputs(self):
        done = self.run_tracee("--input", self.input, "-o", "json", "-o",
                               "pcapng:" + self.path("o.pcapng"), "-w", self.path("w.pcapng"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), len(self.replay()))
        self.assertEqual(self.read("o.pcapng"), self.read("w.pcapng"))

    def test_standard_output(self):
        self.write()
        for arguments in (("-o", "pcapng"), ("-w", "-")):
            done = self.run_tracee("--input", self.input, *arguments)
            self.assertEqual((done.returncode, done.stdout), (0, self.read("out.pcapng")))
        status, listing, said = tool("tshark", "-r", "-", stdin=self.read("out.pcapng"))
        self.assertEqual((status, len(listing.splitlines())), (0, COUNT), said)

    def test_wrong_ones(self):
        for option, path in (("-w", ""), ("-o", "pcapng:")):
            replay = ("--input", self.input, option)
            self.fails(2, *replay, path + self.folder, says="is a directory")
            self.fails(1, *replay, path + self.folder + "/none/x", says="/none/x")
            self.fails(1, *replay, path + "/dev/full",
                       says="cannot write to /dev/full: No space left on device")
        self.fails(2, "-r", self.input, "-o", "pcapng:", says="empty path")
        self.fails(2, "-r", self.input, "-o", "pcapng", "-o", "json", says="two outputs")
        self.fails(2, "-r", self.input, "-o", "pcapgn", says="'pcapng'?")
        self.fails(2, "-r", self.input, "-o", "pcapng:x?filter=true", says="filter")

    def test_a_terminal_is_no_file(self):
        master, terminal = os.openpty()
        done = subprocess.run([TRACEE, "--input", self.input, "-o", "pcapng"], stdout=terminal,
                              stderr=subprocess.PIPE, timeout=SECONDS, check=False)
        os.close(terminal)
        os.close(master)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"standard output is a terminal", done.stderr)

    def test_a_reader_that_leaves(self):
        path = self.file("many.pcap", capture.pcap(capture.PACKETS * 20_000))
        tracee = subprocess.Popen([TRACEE, "--input", path, "--output", "pcapng"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tracee.stdout.read(100)
        tracee.stdout.close()
        tracee.stdout = None
        _, said = tracee.communicate(timeout=SECONDS)
        self.assertEqual(tracee.returncode, 0, said)


class Capture(CommandLine):
    def captured(self, *words, more=()):
        """The files of a run below out/pcap, by name: how many packets each holds."""
        folder = os.path.join(self.folder, "captured")
        options = [part for word in ("network", "dir:" + folder, "clear-dir", *words)
                   for part in ("--capture", word)]
        done = self.run_tracee("--input", self.input, "--output", "none", *options, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {}
        for place, _, names in os.walk(os.path.join(folder, "out", "pcap")):
            for name in names:
                path = os.path.join(place, name)
                listing = tool("tshark", "-r", path, "-T", "fields", "-e", "frame.cap_len",
                               "-e", "frame.len")[1]
                found[os.path.relpath(path, os.path.join(folder, "out", "pcap"))] = [
                    tuple(map(int, line.split())) for line in listing.splitlines()]
        return found

    def test_splits(self):
        self.assertEqual({name: len(packets) for name, packets in self.captured(
            "pcap:single,process,container,command").items()},
            {"single.pcap": COUNT, "processes/host/unknown_0_0.pcap": COUNT,
             "containers/host.pcap": COUNT, "commands/host/unknown.pcap": COUNT})

    def test_clear_dir_and_appending(self):
        self.captured()
        again = self.run_tracee("--input", self.input, "-o", "none", "--capture", "network",
                                "--capture", "dir:" + os.path.join(self.folder, "captured"))
        self.assertEqual(again.returncode, 0, again.stderr)
        path = os.path.join(self.folder, "captured", "out", "pcap", "single.pcap")
        self.assertEqual(len(tool("tshark", "-r", path)[1].splitlines()), 2 * COUNT)
        self.assertEqual(len(self.captured()["single.pcap"]), COUNT)

    def test_snap_lengths(self):
        link = 4
        full = [len(packet) + link for packet in capture.PACKETS]

        def kept(word, packet):
            return self.captured(word)["single.pcap"][packet]
        self.assertEqual(kept("pcap-snaplen:headers", 2), (20 + 20 + link, full[2]))
        self.assertEqual(kept("pcap-snaplen:10b", 2), (20 + 20 + 10 + link, full[2]))
        self.assertEqual(kept("pcap-snaplen:headers", 9), (40 + 8 + link, full[9]))
        for whole in (4, 8, 10):  # DNS, ICMP, ICMPv6
            self.assertEqual(kept("pcap-snaplen:headers", whole), (full[whole], full[whole]))
        for packet in self.captured("pcap-snaplen:max")["single.pcap"]:
            self.assertEqual(*packet)

    def test_selected_packets(self):
        events = ("--events", "net_packet_dns_request")
        self.assertEqual(len(self.captured("pcap-options:filtered", more=events)["single.pcap"]), 1)
        self.assertEqual(len(self.captured(more=events)["single.pcap"]), COUNT)

    def test_a_table_beside_it(self):
        done = self.run_tracee("--input", self.input, "--capture", "network", "--capture",
                               "dir:" + os.path.join(self.folder, "captured"))
        self.assertTrue(done.stdout.startswith(b"TIME "))
        self.assertIn(f"NetCapCount:{COUNT} ".encode(), done.stderr)

    def test_wrong_ones(self):
        for word, says in (("netwrk", "'network'?"), ("pcap:proces", "'process'?"),
                           ("pcap-snaplen:96", "256b"), ("exec", "--capture network"),
                           ("dir:/tmp", "add --capture network")):
            self.fails(2, "--input", self.input, "--capture", word, says=says)
        self.fails(1, "--input", self.input, "--capture", "network", "--capture", "dir:/dev/null",
                   says=("/dev/null/out", "dir:PATH"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
