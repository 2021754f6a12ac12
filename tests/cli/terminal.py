#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a person sees on a terminal and a pipe never does: the footer of a live trace, the
colours of `check`; and what is said to who lacks the rights. The live parts need root."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import fcntl
import pty
import select
import struct
import termios
import time
import unittest

TRACEE = os.path.abspath(os.environ["TRACEE"])
SECONDS = 90 * int(os.environ.get("TRACEE_PATIENCE", "1"))
ROOT = os.geteuid() == 0
EVENTS = ["--events", "net_packet_udp.data.dst_port=9999", "--scope", "comm=asker"]


class Terminal:
    """A program on a terminal of its own; stderr may go elsewhere."""

    def __init__(self, *command, rows=24, columns=80, stderr=None, **environment):
        self.fd, other = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other if stderr is None else stderr,
            start_new_session=True, env={**os.environ, "TERM": "xterm", **environment})
        os.close(other)
        self.seen = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:  # the last writer has gone
                return False
        return True

    def until(self, pattern, meanwhile=lambda: None):
        limit = time.monotonic() + SECONDS
        while not (found := re.search(pattern, self.seen)):
            if time.monotonic() > limit:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            meanwhile()
            self.read(0.2)
        return found

    def end(self):
        self.process.send_signal(signal.SIGINT)
        while self.read(1):
            if self.process.poll() is not None and not select.select([self.fd], [], [], 0)[0]:
                break
        status = self.process.wait(SECONDS)
        os.close(self.fd)
        return status


def ask():
    """A packet, by a process whose name nobody else has."""
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write("asker")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:
        speaker.sendto(b"hello", ("127.0.0.1", 9999))


class People(unittest.TestCase):
    @unittest.skipUnless(ROOT, "tracing needs root")
    def test_footer(self):
        terminal = Terminal(TRACEE, *EVENTS)
        terminal.until(r"\x1b\[1;23r")  # all rows but the last scroll
        terminal.until(r"\x1b\[24;1H\x1b\[7m packets ")
        terminal.until(r"net_packet_udp.*dst_port: .*9999", ask)
        terminal.until(r" events [\d,]+/s   in all [1-9][\d,]*   lost 0   dropped 0 ")
        for line in re.findall(r"\x1b\[24;1H\x1b\[7m(.*?)\x1b\[0m", terminal.seen):
            self.assertEqual(len(line), 80)
        terminal.resize(12, 40)
        terminal.until(r"\x1b\[1;11r")
        terminal.until(r"\x1b\[12;1H\x1b\[7m.{40}\x1b\[0m")
        self.assertEqual(terminal.end(), 0)
        # The terminal is as it was, before the account is told.
        self.assertRegex(terminal.seen, r"(?s)\x1b\[r\x1b\[12;1H\x1b\[2K.*tracee: packets: seen")

    @unittest.skipUnless(ROOT, "tracing needs root")
    def test_no_footer_elsewhere(self):
        short = [TRACEE, *EVENTS, "--duration", "1500ms"]
        done = subprocess.run(short, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                              timeout=SECONDS)
        self.assertNotIn(b"\x1b", done.stdout + done.stderr)
        with tempfile.TemporaryFile() as file:
            terminal = Terminal(*short, stderr=file)
            terminal.process.wait(SECONDS)
            terminal.end()
            file.seek(0)
            self.assertNotIn(b"\x1b", file.read())
            self.assertNotIn("packets ", terminal.seen)
        for more, environment in (([], {"TERM": "dumb"}), (["--output", "none"], {}),
                                  (["--", "sleep", "1.5"], {})):
            terminal = Terminal(*(short if not more or more[0] != "--" else [TRACEE, *EVENTS]),
                                *more, **environment)
            terminal.process.wait(SECONDS)
            terminal.end()
            self.assertNotIn("\x1b[1;23r", terminal.seen, more)

    @unittest.skipUnless(ROOT, "the whole table needs root")
    def test_check_is_coloured_for_people_only(self):
        terminal = Terminal(TRACEE, "check")
        terminal.process.wait(SECONDS)
        terminal.end()
        self.assertRegex(terminal.seen, r"\x1b\[32myes +\x1b\[0mprivilege and BTF")
        plain = Terminal(TRACEE, "check", NO_COLOR="1")
        plain.process.wait(SECONDS)
        plain.end()
        self.assertNotIn("\x1b", plain.seen)
        piped = subprocess.run([TRACEE, "check"], stdout=subprocess.PIPE, check=True).stdout
        self.assertNotIn(b"\x1b", piped)

    def test_without_rights(self):
        """The one command to run, with the arguments as they have to be quoted."""
        def drop():
            if ROOT:
                os.setgroups([])
                os.setuid(65534)
        with tempfile.TemporaryDirectory() as folder:
            # Where anybody may run it.
            os.chmod(folder, 0o755)
            program = os.path.join(folder, "tracee")
            with open(TRACEE, "rb") as source, open(program, "wb") as copy:
                copy.write(source.read())
            os.chmod(program, 0o755)
            done = subprocess.run(["./tracee", "--filter", "data.dst_port == 80 && syscall != 'x'"],
                                  cwd=folder, preexec_fn=drop, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("live tracing is not permitted: missing CAP_BPF", done.stderr)
        self.assertIn("run as root: sudo ./tracee --filter "
                      "'data.dst_port == 80 && syscall != '\\''x'\\'''\n", done.stderr)

    def test_mistyped_names(self):
        for arguments, near in ((["--evnets", "x"], "--events"), (["explian"], "explain"),
                                (["--events", "net_packet_dsn"], "net_packet_dns"),
                                (["explain", "net_packet_dnss"], "net_packet_dns"),
                                (["--events", "net_packet_tcp.data.dst_prt=1"], "dst_port"),
                                (["--filter", "data.dst_prt == 1"], "dst_port"),
                                (["--output", "jsno", "--input", "/dev/null"], "json"),
                                (["--output", "option:exteded"], "extended")):
            done = subprocess.run([TRACEE, *arguments], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn(f"did you mean '{near}'?", done.stderr)


unittest.main(argv=sys.argv[:1])
