#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The command line, without root: TRACEE=build/tracee run.py [GROUP…] (see the classes).

Everything is run for real, against the capture of capture.py; a test states the
arguments and what has to come out: exit status, standard output, standard error."""
import fcntl
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

import capture

TRACEE = os.path.abspath(os.environ.get("TRACEE", "build/tracee"))
# For anything; a loaded machine is slow, and a build with a sanitizer (TRACEE_PATIENCE) slower.
SECONDS = 60 * int(os.environ.get("TRACEE_PATIENCE", "1"))
EVENTS = ("net_packet_ipv4", "net_packet_ipv6", "net_packet_tcp", "net_packet_udp",
          "net_packet_icmp", "net_packet_icmpv6", "net_packet_dns", "net_packet_dns_request",
          "net_packet_dns_response", "net_packet_http", "net_packet_http_request",
          "net_packet_http_response")
DEFAULT = ("net_packet_icmp", "net_packet_icmpv6", "net_packet_dns_request",
           "net_packet_dns_response", "net_packet_http_request", "net_packet_http_response")


class CommandLine(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tracee-cli-")
        cls.input = cls.file("in.pcap", capture.pcap())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def setUp(self):
        def late(*_):
            raise TimeoutError(f"not done after {SECONDS} seconds")
        signal.signal(signal.SIGALRM, late)
        signal.alarm(SECONDS)
        self.addCleanup(signal.alarm, 0)

    @classmethod
    def file(cls, name, content):
        path = os.path.join(cls.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run_tracee(self, *arguments, stdin=b""):
        return subprocess.run([TRACEE, *arguments], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SECONDS, check=False)

    def replay(self, *arguments, path=None, stdin=b""):
        """Runs to a good end; gives the events."""
        done = self.run_tracee("--input", path or self.input, "--output", "json", *arguments,
                               stdin=stdin)
        self.assertEqual(done.returncode, 0, (arguments, done.stderr.decode()))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def fails(self, status, *arguments, says=(), stdin=b""):
        """Ends with this status, says each of these texts and, on a line of its own, what to do."""
        done = self.run_tracee(*arguments, stdin=stdin)
        said = done.stderr.decode()
        self.assertEqual(done.returncode, status, (arguments, said))
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, said, arguments)
        what, hint = said.splitlines()[-2:] if said.count("\n") > 1 else (said, "")
        self.assertTrue(what.startswith("tracee: "), (arguments, said))
        self.assertTrue(hint.startswith("        ") and hint.strip(), (arguments, said))
        return done


def numbers(events):
    return [event["timestamp"] // 1_000_000_000 for event in events]


class Verbs(CommandLine):
    def good(self, *arguments):
        done = self.run_tracee(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, b""), arguments)
        return done.stdout.decode()

    def test_version(self):
        self.assertRegex(self.good("--version"), r"\Atracee \d+\.\d+\.\d+\n\Z")

    def test_help(self):
        text = self.good("--help")
        self.assertEqual(text, self.good("-h"))
        for word in ("--events", "--output", "--input", "--duration", "-c", "list", "explain"):
            self.assertIn(word, text)

    def test_check(self):
        done = self.run_tracee("check")
        self.assertIn(done.returncode, (0, 3))  # what the host allows
        self.assertTrue(done.stdout.startswith(b"Linux "), done.stdout)

    def test_list_names_every_event_and_set(self):
        words = self.good("list").split()
        for word in EVENTS + ("lost_events", "default", "network_events"):
            self.assertIn(word, words)

    def test_explain_every_event(self):
        for event in EVENTS + ("lost_events",):
            text = self.good("explain", event)
            self.assertTrue(text.startswith(event + " ("), event)
            for part in ("Fields", "Example", "Sets"):
                self.assertIn(part, text, event)

    def test_examples_of_explain_are_accepted(self):
        for event in EVENTS:
            lines = self.good("explain", event).splitlines()
            example = lines[lines.index("Example:") + 1].split()
            self.assertEqual(example[0], "tracee")
            done = self.run_tracee("--input", self.input, *example[1:])
            self.assertEqual(done.returncode, 0, (example, done.stderr))

    def test_every_explained_field_can_be_filtered(self):
        values = {"number": "1", "flag": "1", "bool": "true", "text": "x", "address": "10.0.0.1",
                  "map": "x"}
        count = 0
        for event in EVENTS:
            text = self.good("explain", event).partition("Fields")[2].partition("Example")[0]
            for line in text.splitlines()[1:]:
                words = line.split()
                if len(words) < 2 or words[1] == "record" or "of record" in line[38:54]:
                    continue
                path = words[0].replace(".NAME", ".Accept")
                kind = words[3] if words[1:3] == ["list", "of"] else words[1]
                self.replay("--events", f"{event}.data.{path}={values[kind]}")
                count += 1
        self.assertGreater(count, 100)

    def test_explain_lists_a_kind_of_record_once(self):
        text = self.good("explain", "net_packet_dns")
        self.assertEqual(text.count("SOA.serial"), 1)
        self.assertRegex(text, r"proto_dns\.authorities +list of record +.*"
                               r"Fields as of proto_dns\.answers\.")
        self.replay("--events", "net_packet_dns.data.proto_dns.authorities.SOA.serial=1")
        self.assertRegex(text.partition("Example")[2], "1024-65535")

    def test_unknown_event_to_explain(self):
        self.fails(2, "explain", "net_packet_htp", says=("'net_packet_htp'", "'net_packet_http'?"))
        self.fails(2, "explain")
        self.fails(2, "explain", "net_packet_tcp", "net_packet_udp")


class Usage(CommandLine):
    """Mistakes in --events: class, place, hint, status 2, and not one event."""

    def wrong(self, says, *flags, hint=""):
        arguments = [each for flag in flags for each in ("--events", flag)]
        done = self.fails(2, "--input", self.input, "--output", "json", *arguments,
                          says=(f"--events: {says}", hint))
        self.assertEqual(done.stdout, b"")

    def test_empty_flag(self):
        self.wrong("empty flag", "")

    def test_format(self):
        event = "net_packet_tcp"
        for flag in (f"{event},,{event}", f",{event}", f"{event},", f" {event}", f"{event} ",
                     f"{event}, {event}", f"- {event}", "-", ".retval", f"{event}.", f"{event}.data.",
                     f"{event}.data", f"{event}.b.c.d=1", f"{event}.data.src=", f"{event}.data.src!=",
                     f"{event}.data.src", f"{event}.data=1", f"{event}..src=1", f"{event}=1", "=1",
                     "tag=", "tag=default,"):
            self.wrong("invalid flag format", flag)

    def test_operator(self):
        for operator in ("==", "=!", "<>", ">>", "!", "=<", "!==", "=>", "<<"):
            self.wrong("invalid flag operator", f"net_packet_tcp.data.src_port{operator}80")

    def test_value(self):
        for value in (" 80", "80 ", "\t80", "80\t", "80, 81", "80,,81", "80,"):
            self.wrong("invalid flag value", f"net_packet_tcp.data.src_port={value}")

    def test_event(self):
        self.wrong("invalid event to trace", "net_packet_tpc", hint="'net_packet_tcp'")
        self.wrong("invalid event to trace", "net_packet_tpc.data.src=1", hint="'net_packet_tcp'")
        self.wrong("invalid event to trace", "defalt", hint="'default'")
        self.wrong("invalid event to trace", "nothing*")
        self.wrong("invalid event to trace", "NET_PACKET_TCP")

    def test_exclusion(self):
        self.wrong("invalid event to exclude", "-net_packet_tpc", hint="'net_packet_tcp'")
        self.wrong("invalid event to exclude", "-net_packet_*")
        self.wrong("invalid event to exclude", "-default")
        self.wrong("every selected event is excluded", "net_packet_tcp", "-net_packet_tcp")

    def test_kind(self):
        self.wrong("invalid flag format", "net_packet_tcp.retvall=5")
        self.wrong("invalid flag format", "net_packet_tcp.date.src=10.0.0.1")

    def test_field(self):
        for field, hint in (("scr", "'src'"), ("proto_tcp.SNY", "'SYN'"), ("proto_tpc.SYN", "'proto_tcp'"),
                            ("nothing_like_it", "src_port"), ("src_port.low", "src_port")):
            self.wrong("invalid event data field", f"net_packet_tcp.data.{field}=1", hint=hint)
        self.wrong("invalid event data field", "net_packet_tcp.data.proto_tcp=1", hint="structure")
        self.wrong("invalid event data field", "net_packet_icmp.data.src_port=1")
        self.wrong("invalid event data field", "net_packet_http.data.proto_http.headers=1")
        self.wrong("invalid event data field", "net_packet_*.data.src_port=1")  # icmp lacks it

    def test_structure_names_its_members(self):
        self.wrong("invalid event data field", "net_packet_tcp.data.proto_tcp=1", hint="srcPort")

    def test_tag(self):
        self.wrong("invalid tag", "tag=netwrok_events", hint="'network_events'")
        self.wrong("invalid tag", "tag=one,two")

    def test_numbers(self):
        for value, hint in (("8*", "range"), ("http", "number"), ("65536", "65535"), ("-1", "65535"),
                            ("99999999999999999999999", "65535"), ("90-80", "80-90"), ("1-x", "number"),
                            ("0x", "number"), ("1.5", "number"), ("+1", "number")):
            self.wrong("invalid flag value", f"net_packet_tcp.data.src_port={value}", hint=hint)
        self.wrong("invalid flag value", "net_packet_tcp.data.src_port<1-2")

    def test_addresses(self):
        for value in ("10.0.0", "10.0.0.256", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/x", "fd00::/129",
                      "fd00:::1", "www.example.com", "*", "**", "1*0.1"):
            self.wrong("invalid flag value", f"net_packet_tcp.data.src={value}")
        self.wrong("invalid flag value", "net_packet_tcp.data.src<10.0.0.1", hint="= or !=")

    def test_texts_and_flags(self):
        for value in ("*", "**", "a*b", "*a*b*"):
            self.wrong("invalid flag value", f"net_packet_http.data.proto_http.host={value}")
        self.wrong("invalid flag value", "net_packet_http.data.proto_http.host>a", hint="= or !=")
        for value in ("2", "yes", "-1", "0-1", "TRUE"):
            self.wrong("invalid flag value", f"net_packet_tcp.data.proto_tcp.SYN={value}")
        self.wrong("invalid flag value", "net_packet_tcp.data.proto_tcp.SYN>0", hint="= or !=")


class Options(CommandLine):
    def test_unknown_options_and_verbs(self):
        self.fails(2, "--evnts", "x", says=("'--evnts'", "'--events'?"))
        self.fails(2, "--evnts=x", says="'--events'?")
        self.fails(2, "--ouptut", "x", says="'--output'?")
        self.fails(2, "--frobnicate", says="'--frobnicate'")
        self.fails(2, "-z", says="'-z'")
        self.fails(2, "lst", says=("'lst'", "'list'?"))
        self.fails(2, "explian", "net_packet_tcp", says="'explain'?")
        self.fails(2, "list", "extra", says="extra")

    def test_values(self):
        for arguments in (("-c", "0"), ("-c", "-1"), ("-c", "x"), ("-c", ""), ("-c",), ("--events",),
                          ("--output",), ("--input",), ("--duration", "5x"), ("--duration", "0s"),
                          ("--duration", "-1s"), ("--dns-ports", "0"),
                          ("--dns-ports", "65536"), ("--dns-ports", "x"), ("--ring-size", "1"),
                          ("--attribution", "kprobe"), ("--attribution", ""),
                          ("--cri", ""), ("--cri", "docker"), ("--cri", "dockerd:/run/docker.sock"),
                          ("--cri", "none", "--cri", "docker:/run/docker.sock"), ("--",),
                          ("--", ""), ("--input", self.input, "--", "true"),
                          ("--ring-size", "x"), ("--ring-size", "99GiB"),
                          ("--input", self.input, "--input", self.input)):
            self.fails(2, "--output", "none", *arguments)

    def test_empty_values(self):
        for option in ("--duration", "--ring-size", "--dns-ports"):
            self.fails(2, "--input", self.input, option, "", says=option)

    def test_messages_name_the_option(self):
        for arguments in (("-c", "0"), ("--events",), ("--duration", "5x"), ("--ring-size", "1"),
                          ("--dns-ports", "0")):
            self.fails(2, *arguments, says=arguments[0])

    def test_messages_are_short(self):
        for arguments in (("-c", "0"), ("-c", "x"), ("--duration", "5x"), ("--events",)):
            for line in self.fails(2, *arguments).stderr.decode().splitlines():
                self.assertLessEqual(len(line), 120, arguments)

    def test_output_mistakes(self):
        for spec, says in (("jsn", ("'jsn'", "'json'?")), ("tabel", "'table'?"), ("xml", "formats are"),
                           ("", "format"), ("json:", "empty path"), ("none:x", "no path"),
                           ("json:" + self.folder, "is a directory")):
            self.fails(2, "--input", self.input, "--output", spec, says=says)

    def test_outputs_that_cannot_be_written(self):
        self.fails(1, "--input", self.input, "--output", f"json:{self.folder}/none/x",
                   says=f"{self.folder}/none/x")
        self.fails(1, "--input", self.input, "--output", "json:/dev/full",
                   says=("/dev/full", "No space left on device"))
        self.fails(1, "--input", self.input, "--output", "json:/proc/nothing", says="/proc/nothing")

    def test_full_standard_output(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TRACEE, "--input", self.input, "--output", "json"], stdout=full,
                                  stderr=subprocess.PIPE, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output: No space left on device", done.stderr)

    def test_one_failing_output_leaves_the_other(self):
        good = os.path.join(self.folder, "good.json")
        self.fails(1, "--input", self.input, "--output", "json:/dev/full", "--output", f"json:{good}")
        with open(good, "rb") as file:
            names = [json.loads(line)["eventName"] for line in file]
        # All events, and at the end what the other one lost.
        self.assertEqual(names, [event["eventName"] for event in self.replay()] + ["lost_events"])

    def test_same_path_twice(self):
        path = os.path.join(self.folder, "twice")
        self.fails(2, "--input", self.input, "--output", f"json:{path}", "--output", f"table:{path}",
                   says=path)


class Outputs(CommandLine):
    def test_streams_are_kept_apart(self):
        done = self.run_tracee("--input", self.input, "--output", "json")
        for line in done.stdout.splitlines():
            self.assertIn("eventName", json.loads(line))
        lines = done.stderr.decode().splitlines()
        self.assertTrue(lines and all(line.startswith("tracee: ") for line in lines), lines)

    def test_default_is_the_table(self):
        plain = self.run_tracee("--input", self.input)
        self.assertEqual(plain.returncode, 0)
        self.assertTrue(plain.stdout.startswith(b"TIME "), plain.stdout[:80])
        self.assertEqual(plain.stdout,
                         self.run_tracee("--input", self.input, "--output", "table").stdout)
        # A heading and an event a line; the end and the statistics are not for this stream.
        self.assertEqual(len(plain.stdout.splitlines()), 1 + len(self.replay()))
        self.assertIn(b"End of events stream\nStats: {EventCount:", plain.stderr)

    def test_several(self):
        paths = [os.path.join(self.folder, name) for name in ("a.json", "b.json", "c.table")]
        done = self.run_tracee("--input", self.input, "--output", f"json:{paths[0]}", "-o", "json",
                               f"--output=json:{paths[1]}", "--output", f"table:{paths[2]}",
                               "--output", "none")
        self.assertEqual(done.returncode, 0, done.stderr)
        content = []
        for path in paths:
            with open(path, "rb") as file:
                content.append(file.read())
        self.assertEqual(content[0], done.stdout)
        self.assertEqual(content[1], done.stdout)
        self.assertEqual(len(content[2].splitlines()), 1 + len(done.stdout.splitlines()))

    def test_colours_are_for_terminals(self):
        """On a terminal, unless NO_COLOR is set and not empty."""
        def shown(**environment):
            master, terminal = os.openpty()
            kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
            done = subprocess.run([TRACEE, "--input", self.input, "-c", "1"], stdout=terminal,
                                  stderr=subprocess.PIPE, timeout=SECONDS, check=False,
                                  env={**kept, "TERM": "xterm", **environment})
            os.close(terminal)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(b"\x1b", done.stderr)
            text = os.read(master, 65536)
            os.close(master)
            return text
        self.assertIn(b"\x1b[", shown())
        self.assertIn(b"\x1b[", shown(NO_COLOR=""))
        plain = self.run_tracee("--input", self.input, "-c", "1").stdout
        self.assertNotIn(b"\x1b", plain)
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertEqual(shown(**environment).replace(b"\r\n", b"\n"), plain)

    def test_options(self):
        def heading(*arguments):
            return self.run_tracee("--input", self.input, *arguments).stdout.decode().split("\n")[0].split()
        plain = ["TIME", "UID", "COMM", "PID", "TID", "RET", "EVENT", "ARGS"]
        self.assertEqual(heading(), plain)
        pairs = ["UID", "COMM", "PID/host", "TID/host", "RET", "EVENT", "ARGS"]
        self.assertEqual(heading("-o", "option:containers"), ["TIME", "CONTAINER_ID"] + pairs)
        self.assertEqual(heading("-o", "option:enriched"), ["TIME", "CONTAINER_ID", "IMAGE"] + pairs)
        self.assertEqual(heading("-s", "container"), ["TIME", "CONTAINER_ID", "IMAGE"] + pairs)
        times = [event["timestamp"] for event in self.replay("-o", "option:relative-time")]
        self.assertEqual(times[0], 0)
        full = [event["timestamp"] for event in self.replay()]
        self.assertEqual(times, [time - full[0] for time in full])
        self.fails(2, "-o", "option:relativ-time", says="did you mean 'relative-time'?")
        self.fails(2, "-o", "option:exec-env", says="nothing to show")

    def test_none(self):
        done = self.run_tracee("--input", self.input, "--output", "none")
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertIn(b"matched 7, written 7", done.stderr)

    def test_file_is_replaced(self):
        path = self.file("old.json", b"x" * 100_000)
        self.run_tracee("--input", self.input, "--output", f"json:{path}")
        with open(path, "rb") as file:
            self.assertTrue(file.read().startswith(b"{"))

    def test_account(self):
        said = self.run_tracee("--input", self.input, "--output", "json").stderr.decode()
        for line in ("packets: read 11, without IP 0", "decode: received 11, malformed 0",
                     "output json: matched 7, written 7, dropped 0"):
            self.assertIn("tracee: " + line, said)

    def test_same_file_same_bytes(self):
        for output in ("json", "json-v1", "table", "table-verbose"):
            runs = {self.run_tracee("--input", self.input, "--events", "tag=network_events",
                                    "--output", output).stdout for _ in range(3)}
            self.assertEqual(len(runs), 1)

    def test_a_reader_that_leaves(self):
        path = self.file("many.pcap", capture.pcap(capture.PACKETS * 20_000))
        tracee = subprocess.Popen([TRACEE, "--input", path, "--output", "json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tracee.stdout.readline()
        tracee.stdout.close()
        tracee.stdout = None
        _, said = tracee.communicate(timeout=SECONDS)
        self.assertEqual(tracee.returncode, 0, said)

    def test_a_reader_that_is_gone_before_it_starts(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        done = subprocess.run([TRACEE, "--input", self.input, "--output", "json"], stdout=write_end,
                              stderr=subprocess.PIPE, timeout=SECONDS, check=False)
        os.close(write_end)
        self.assertEqual(done.returncode, 0, done.stderr)


class Inputs(CommandLine):
    def test_files_that_are_none(self):
        self.fails(1, "--input", f"{self.folder}/missing", says=(f"{self.folder}/missing", "No such file"))
        self.fails(1, "--input", self.folder, says=(self.folder, "directory"))
        self.fails(1, "--input", self.file("empty", b""), says="empty")
        self.fails(1, "--input", self.file("garbage", b"This is no capture, as you see.\n" * 20))
        self.fails(1, "--input", "-", stdin=b"")
        self.fails(1, "--input", "-", stdin=b"garbage" * 100)

    def test_empty_name(self):
        self.fails(2, "--input", "", "--duration", "1s", "--output", "none", says="--input")

    def test_cut_file(self):
        """Whatever is whole is decoded, then status 1. The cut goes through every place."""
        whole = capture.pcap()
        ends, at = [24], 24
        for packet in capture.PACKETS:
            at += 16 + len(packet)
            ends.append(at)
        for cut in list(range(24, ends[3] + 1)) + [len(whole) - 1]:
            path = self.file("cut.pcap", whole[:cut])
            done = self.run_tracee("--input", path, "--output", "json", "--events", "net_packet_ipv*")
            packets = sum(end <= cut for end in ends) - 1
            self.assertEqual(len(done.stdout.splitlines()), packets, cut)
            self.assertEqual(done.returncode, 0 if cut in ends else 1, (cut, done.stderr))
            if cut not in ends:
                self.assertIn(b"cut.pcap", done.stderr)

    def test_cut_head(self):
        for cut in (1, 4, 23):
            self.fails(1, "--input", self.file("head.pcap", capture.pcap()[:cut]))

    def test_absurd_length(self):
        head = capture.pcap(())
        broken = head + struct.pack("<IIII", 1, 0, 0x7fffffff, 0x7fffffff) + b"x" * 100
        self.fails(1, "--input", self.file("absurd.pcap", broken))

    def test_standard_input(self):
        self.assertEqual(self.replay(), self.replay(path="-", stdin=capture.pcap()))

    def test_no_packets(self):
        self.assertEqual(self.replay(path=self.file("none.pcap", capture.pcap(()))), [])

    def test_unknown_link_type(self):
        path = self.file("link.pcap", capture.pcap(link=147))
        done = self.run_tracee("--input", path, "--output", "json")
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertIn(b"read 11, without IP 11", done.stderr)


class Ends(CommandLine):
    def test_count(self):
        everything = self.replay("--events", "tag=network_events")
        for count in (1, 2, 5, len(everything), 1000):
            self.assertEqual(self.replay("--events", "tag=network_events", "-c", str(count)),
                             everything[:count])

    def test_count_counts_what_is_kept(self):
        kept = self.replay("--events", "net_packet_tcp.data.src_port=80", "-c", "1")
        self.assertEqual(numbers(kept), [2])

    def start_waiting(self, *arguments):
        """A replay that has read all packets and waits for more on standard input."""
        tracee = subprocess.Popen([TRACEE, "--input", "-", "--output", "json", *arguments],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        for clean_up in (tracee.stderr.close, tracee.stdout.close, tracee.stdin.close, tracee.wait,
                         tracee.kill):  # the last is the first
            self.addCleanup(clean_up)
        tracee.stdin.write(capture.pcap())
        tracee.stdin.flush()
        while self.unread(tracee.stdin) or self.state(tracee.pid) != "S":
            time.sleep(0.01)
        return tracee

    @staticmethod
    def unread(pipe):
        return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, struct.pack("i", 0)))[0]

    @staticmethod
    def state(pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0]

    def finish(self, tracee, seconds=SECONDS):
        """Awaits the end without closing standard input."""
        status = tracee.wait(timeout=seconds)
        self.assertEqual(status, 0, tracee.stderr.read())
        self.assertEqual(len(tracee.stdout.read().splitlines()), len(self.replay()))

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            tracee = self.start_waiting()
            tracee.send_signal(number)
            self.finish(tracee)

    def test_a_later_signal_ends_it_even_when_a_write_blocks(self):
        """One right behind the first is the same request: timeout(1) sends two."""
        path = self.file("many.pcap", capture.pcap(capture.PACKETS * 20_000))
        tracee = subprocess.Popen([TRACEE, "--input", path, "--output", "json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(tracee.stdout.close)
        tracee.stdout.read(1)  # and nobody reads the rest
        time.sleep(0.2)
        tracee.send_signal(signal.SIGINT)
        time.sleep(0.2)
        tracee.send_signal(signal.SIGINT)
        time.sleep(0.7)
        self.assertIsNone(tracee.poll())
        tracee.send_signal(signal.SIGINT)
        self.assertEqual(tracee.wait(timeout=SECONDS), 128 + signal.SIGINT)

    def test_duration_while_it_waits(self):
        self.finish(self.start_waiting("--duration", "300ms"), seconds=3)

    def test_events_do_not_wait_for_more_packets(self):
        tracee = self.start_waiting()
        self.assertTrue(select.select([tracee.stdout], [], [], 3)[0])


class Selection(CommandLine):
    """What is selected and kept, told by the packets' numbers; see capture.py."""

    def names(self, *flags):
        arguments = [each for flag in flags for each in ("--events", flag)]
        return sorted({event["eventName"] for event in self.replay(*arguments)})

    def kept(self, packets, *flags):
        arguments = [each for flag in flags for each in ("--events", flag)]
        self.assertEqual(numbers(self.replay(*arguments)), packets, flags)

    def test_default_set(self):
        self.assertEqual(self.names(), sorted(DEFAULT))
        self.assertEqual(self.names("default"), sorted(DEFAULT))
        self.assertEqual(self.names("tag=default"), sorted(DEFAULT))

    def test_sets(self):
        self.assertEqual(self.names("tag=network_events"), sorted(EVENTS))
        self.assertEqual(self.names("tag=nonsense,default"), sorted(DEFAULT))
        self.assertEqual(self.names("network_events"), sorted(EVENTS))

    def test_prefix(self):
        self.assertEqual(self.names("net_packet_dns*"), sorted(EVENTS[6:9]))
        self.assertEqual(self.names("*"), sorted(EVENTS))
        self.kept([1, 2, 3, 4], "net_packet_tcp*.data.proto_tcp.NS=0")

    def test_union(self):
        self.assertEqual(self.names("net_packet_tcp", "net_packet_udp,net_packet_icmp"),
                         ["net_packet_icmp", "net_packet_tcp", "net_packet_udp"])

    def test_exclusions(self):
        left = sorted(set(DEFAULT) - {"net_packet_icmp"})
        self.assertEqual(self.names("-net_packet_icmp"), left)
        self.assertEqual(self.names("-net_packet_icmp", "tag=default"), left)
        self.assertEqual(self.names("net_packet_tcp,net_packet_udp,-net_packet_tcp"),
                         ["net_packet_udp"])
        self.assertEqual(self.names("-net_packet_tcp", "net_packet_tcp,net_packet_udp"),
                         ["net_packet_udp"])

    def test_numbers(self):
        tcp = "net_packet_tcp.data."
        for value, packets in (("=80", [2, 4]), ("=0x50", [2, 4]), ("!=80", [1, 3]), ("=1-100", [2, 4]),
                               ("!=1-100", [1, 3]), ("=80,40000", [1, 2, 3, 4]), ("<81", [2, 4]),
                               ("<80", []), ("<=80", [2, 4]), (">80", [1, 3]), (">=80", [1, 2, 3, 4]),
                               ("=1-79,81-39999", []), ("=0-65535", [1, 2, 3, 4])):
            self.kept(packets, f"{tcp}src_port{value}")
        self.kept([2, 4], "net_packet_tcp.args.src_port=80")
        self.kept([8], "net_packet_ipv4.data.proto_ipv4.TTL<5")
        self.kept([2, 4], "net_packet_ipv4.data.proto_ipv4.TTL=60")

    def test_one_field_several_times(self):
        port, ttl = "net_packet_tcp.data.src_port", "net_packet_ipv4.data.proto_ipv4.TTL"
        self.kept([1, 2, 3, 4], f"{port}=80", f"{port}=40000")
        self.kept([2, 4], f"{port}>79", f"{port}<81")
        self.kept([2, 4, 8], f"{ttl}<=60", f"{ttl}>=1")
        self.kept([1, 3, 5, 6, 7, 8, 9], f"{ttl}>=64", f"{ttl}=1")
        self.kept([2, 4], f"{ttl}>1", f"{ttl}!=64")
        self.kept([1, 2, 3, 4], f"{port}=80", f"{port}!=80")  # `=` wins, the rest is not 80
        self.kept([], f"{port}!=80,40000")

    def test_several_fields_are_anded(self):
        self.kept([2], "net_packet_tcp.data.src_port=80", "net_packet_tcp.data.proto_tcp.SYN=1")

    def test_filters_of_events_are_apart(self):
        self.kept([2, 4, 9], "net_packet_tcp.data.src_port=80", "net_packet_icmp")

    def test_addresses(self):
        for value, packets in (("=10.9.9.9", [6, 7]), ("=10.9.0.0/16", [6, 7]), ("!=10.0.0.0/24", [6, 7, 10]),
                               ("=10.9.*", [6, 7]), ("=*.9.9", [6, 7]), ("=*.9.*", [6, 7]),
                               ("=0.0.0.0/0", [5, 6, 7, 8]), ("=fd00::1", [10]), ("=fd00::/8", [10]),
                               ("=fd00:0::0001", [10]), ("=fd00:*", [10]), ("=::/0", [10]),
                               ("=10.0.0.1/32,fd00::1/128", [5, 8, 10]), ("!=10.0.0.1,10.9.9.9", [10]),
                               ("=::ffff:10.9.9.9", [6, 7])):
            self.kept(packets, f"net_packet_udp.data.src{value}")
        self.kept([8], "net_packet_udp.data.dst=172.16.0.0/12")

    def test_aliases(self):
        self.kept([8], "net_packet_udp.data.dest=172.16.0.9")
        self.kept([5], "net_packet_udp.data.dest_port=53")

    def test_flags(self):
        for value, packets in (("=1", [1, 2]), ("=true", [1, 2]), ("=0", [3, 4]), ("=false", [3, 4]),
                               ("!=1", [3, 4]), ("=0,1", [1, 2, 3, 4])):
            self.kept(packets, f"net_packet_tcp.data.proto_tcp.SYN{value}")

    def test_texts(self):
        host = "net_packet_http.data.proto_http.host"
        for value, packets in (("=www.example.com", [3]), ("=www.*", [3]), ("=*.com", [3]),
                               ("=*example*", [3]), ("=WWW.*", []), ("!=www.example.com", [4]),
                               ("!=*example*", [4]), ("=www.example.co", [])):
            self.kept(packets, host + value)
        self.kept([9], "net_packet_icmp.data.proto_icmp.typeCode=EchoRequest")
        self.kept([9], "net_packet_ipv4.data.proto_ipv4.protocol=ICMP*")
        self.kept([4], "net_packet_http_response.data.http_response.status=404 Not Found")
        self.kept([4], "net_packet_http_response.data.http_response.status_code>=400")

    def test_headers(self):
        headers = "net_packet_http.data.proto_http.headers."
        self.kept([3], headers + "User-Agent=curl*")
        self.kept([3], headers + "user-agent=curl/8.1")
        self.kept([4], headers + "SERVER=nginx")
        self.kept([4], headers + "User-Agent!=curl*")  # packet 4 has none, so nothing equals
        self.kept([], headers + "X-Nothing=*a*")

    def test_through_lists(self):
        dns, response = "net_packet_dns.data.proto_dns.", "net_packet_dns_response.data.dns_response."
        self.kept([5, 6], dns + "questions.name=*.example.com")
        self.kept([7], dns + "questions.name!=www.example.com")
        self.kept([6], dns + "answers.IP=192.0.2.2")
        self.kept([5, 7], dns + "answers.IP!=192.0.2.2")  # no element equals
        self.kept([7], dns + "responseCode=non-existent*")
        self.kept([6], response + "dns_answer.answer=192.0.2.1")
        self.kept([6], response + "query_data.query_type=A")
        self.kept([5], "net_packet_dns_request.data.dns_questions.query=www.example.com")

    def test_members_of_other_record_types_are_absent(self):
        self.kept([7], "net_packet_dns.data.proto_dns.answers.MX.preference<=10")

    def test_metadata(self):
        self.kept([3], "net_packet_http_request.data.metadata.src_ip=10.0.0.0/8")
        self.kept([3], "net_packet_http_request.data.metadata.dst_port=80")

    def test_dns_ports(self):
        packet = capture.ipv4("10.0.0.1", "10.0.0.2", 17, capture.udp(
            5000, 5300, capture.dns(1, 0x0100, "a.b", capture.A)))
        path = self.file("ports.pcap", capture.pcap((packet,)))
        for ports, count in ((None, 0), ("5300", 1), ("53,5300", 1), ("53", 0)):
            arguments = ("--dns-ports", ports) if ports else ()
            events = self.replay("--events", "net_packet_dns", *arguments, path=path)
            self.assertEqual(len(events), count, ports)


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=1))
