#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""notify.py TRACEE POLICIES: the protocol of sd_notify(3), with a socket of our own."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TRACEE, POLICIES = sys.argv[1:3]
SECONDS = 90
if os.geteuid() != 0:
    print("skipped: tracing needs root")
    sys.exit(77)


class Notify(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tracee-notify-")
        self.addCleanup(shutil.rmtree, self.folder)

    def listen(self, address):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(address)
        listener.settimeout(SECONDS)
        self.addCleanup(listener.close)
        return listener

    def start(self, listener, *arguments, **environment):
        name = listener.getsockname()
        name = "@" + name[1:].decode() if isinstance(name, bytes) else name
        process = subprocess.Popen([TRACEE, "--output", "none", *arguments],
                                   stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "NOTIFY_SOCKET": name, **environment})
        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def until(self, listener, state):
        """The first message with that line; what comes before may only be a sign of life."""
        while True:
            lines = listener.recv(4096).decode().split("\n")
            if state in lines:
                return lines
            self.assertEqual(lines, ["WATCHDOG=1"])

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=SECONDS)[1]
        self.assertEqual(process.returncode, 0, said)
        return said

    def test_life_of_a_service(self):
        listener = self.listen(os.path.join(self.folder, "notify"))
        policies = shutil.copytree(POLICIES, os.path.join(self.folder, "policies"))
        process = self.start(listener, "--policy", policies, WATCHDOG_USEC="200000")
        ready = self.until(listener, "READY=1")
        self.assertRegex("\n".join(ready), r"(?m)^STATUS=tracing \d+ events$")
        for _ in range(3):
            self.until(listener, "WATCHDOG=1")
        process.send_signal(signal.SIGHUP)
        before = time.monotonic_ns() // 1000
        reloading = self.until(listener, "RELOADING=1")
        usec = int(re.search(r"MONOTONIC_USEC=(\d+)", "\n".join(reloading))[1])
        self.assertLess(abs(usec - before), SECONDS * 1_000_000)
        self.until(listener, "READY=1")
        # Policies that are wrong are told of; the service goes on as before.
        with open(os.path.join(policies, "wrong.yaml"), "w", encoding="ascii") as file:
            file.write("type: policy\nname: [")
        process.send_signal(signal.SIGHUP)
        self.until(listener, "RELOADING=1")
        self.until(listener, "READY=1")
        self.until(listener, "WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        self.until(listener, "STOPPING=1")
        self.assertIn("the policies stay as they were", process.communicate(timeout=SECONDS)[1])
        self.assertEqual(process.returncode, 0)

    def test_nothing_to_reload(self):
        listener = self.listen("\0tracee-notify-" + str(os.getpid()))  # an abstract one
        process = self.start(listener)
        self.until(listener, "READY=1")
        process.send_signal(signal.SIGHUP)
        self.until(listener, "RELOADING=1")
        self.until(listener, "READY=1")
        self.end(process)

    def test_watchdog_of_another_process(self):
        listener = self.listen(os.path.join(self.folder, "notify"))
        process = self.start(listener, "--duration", "1s", WATCHDOG_USEC="1000", WATCHDOG_PID="1")
        process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 0)
        states = []
        listener.settimeout(0)
        try:
            while True:
                states.append(listener.recv(4096).decode().split("\n")[0])
        except BlockingIOError:
            pass
        self.assertEqual(states, ["READY=1", "STOPPING=1"])

    def test_nobody_listens(self):
        for path in (os.path.join(self.folder, "none"), "relative", "/" + "x" * 200, ""):
            done = subprocess.run([TRACEE, "--output", "none", "--duration", "10ms"],
                                  env={**os.environ, "NOTIFY_SOCKET": path}, timeout=SECONDS,
                                  stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.returncode, 0, (path, done.stderr))


unittest.main(argv=sys.argv[:1])
