# SPDX-License-Identifier: Apache-2.0
"""What the tests of outputs share: a tracee that replays what the test feeds it.

Every packet is a datagram of its own microsecond, so an event names its packet and
a test can say exactly which ones arrived. Waits are for conditions, with one limit."""
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import capture  # noqa: E402

TRACEE = os.path.abspath(os.environ.get("TRACEE", "build/tracee"))
PATIENCE = int(os.environ.get("TRACEE_PATIENCE", "1"))  # with a build that has a sanitizer
# For anything; a loaded machine is slow.
SECONDS = int(os.environ.get("TRACEE_TEST_SECONDS", "120")) * PATIENCE
PACKET = capture.ipv4("10.0.0.1", "10.0.0.2", 17, capture.udp(1000, 2000, b"payload"))
LOST = "lost_events"


def await_(condition, what):
    """What `condition` returns, as soon as it is true."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not after {SECONDS} seconds: {what}")


def numbers(lines):
    """The packets of which these are the events, without what tells of losses."""
    events = [json.loads(line) for line in lines]
    return [event["timestamp"] // 1000 for event in events if event["eventName"] != LOST]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def connects(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


class Tracee:
    """tracee --input - with these arguments; feed() gives it packets."""

    def __init__(self, *arguments, env=None, events="net_packet_udp"):
        self.process = subprocess.Popen(
            [TRACEE, "--input", "-", "--events", events, *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.sent, self.said, self.stdout = 0, [], b""
        self.status = None
        self.threads = [threading.Thread(target=work, daemon=True)
                        for work in (self._listen, self._collect)]
        for thread in self.threads:
            thread.start()
        self.process.stdin.write(capture.pcap(()))
        self.process.stdin.flush()

    def _listen(self):
        for line in self.process.stderr:
            self.said.append(line.decode().rstrip("\n"))

    def _collect(self):
        self.stdout = self.process.stdout.read()

    def feed(self, count):
        """Its packets' numbers."""
        first = self.sent
        chunk = []
        for number in range(first, first + count):
            chunk.append(struct.pack("<IIII", number // 1_000_000, number % 1_000_000,
                                     len(PACKET), len(PACKET)) + PACKET)
            if len(chunk) == 1000:
                self.process.stdin.write(b"".join(chunk))
                chunk.clear()
        self.process.stdin.write(b"".join(chunk))
        self.process.stdin.flush()
        self.sent += count
        return list(range(first, first + count))

    def has_said(self, text):
        return any(text in line for line in list(self.said))

    def await_said(self, text):
        await_(lambda: self.has_said(text) or self.process.poll() is not None, f"tracee says {text}")
        if not self.has_said(text):
            raise AssertionError((text, self.said))

    def drained(self):
        """Nothing that was fed waits in the pipe."""
        waiting = bytearray(4)
        fcntl.ioctl(self.process.stdin.fileno(), termios.FIONREAD, waiting)
        return waiting == bytearray(4)

    def memory_kib(self):
        """A sanitizer takes as many times as much as it is slower."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) // PATIENCE

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        """The input ends; waits for the exit status."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.status = self.process.wait(timeout=SECONDS)
        for thread in self.threads:
            thread.join(SECONDS)
        return self.status

    def account(self, name=""):
        """(matched, written, dropped) of an output, after end()."""
        for line in self.said:
            found = re.search(r"output (\S+): matched (\d+), written (\d+), dropped (\d+)", line)
            if found and found[1].startswith(name):
                matched, written, dropped = map(int, found.groups()[1:])
                if matched != written + dropped:
                    raise AssertionError(f"matched != written + dropped: {line}")
                return matched, written, dropped
        raise AssertionError((name, self.said))

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except OSError:
                pass


class OutputTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tracee-outputs-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tracee(self, *arguments, **options):
        tracee = Tracee(*arguments, **options)
        self.addCleanup(tracee.kill)
        return tracee

    def refused(self, spec, *says, status=2, env=None):
        """An output that is wrong: the status, what it says, and a hint."""
        done = subprocess.run([TRACEE, "--input", "/dev/null", "--output", spec], timeout=SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env={**os.environ, **(env or {})})
        said = done.stderr.decode()
        # Warned of first, whatever else is wrong.
        said = re.sub(r"\Atracee: a secret stood in the command line.*\n", "", said)
        self.assertEqual(done.returncode, status, (spec, said))
        for text in says:
            self.assertIn(text, said, spec)
        self.assertRegex(said, r"\Atracee: --output.*\n        \S", spec)
        return said

    def start(self, *command, **options):
        """A peer; ended with the test."""
        process = subprocess.Popen(command, **options)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        self.addCleanup(end)
        return process

    def end_with(self, process, number=signal.SIGKILL):
        process.send_signal(number)
        process.wait(timeout=SECONDS)


def main():
    sys.exit(unittest.main(argv=[sys.argv[0], *sys.argv[1:]], verbosity=1))
