#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a tracing process may still do, as the kernel shows it, and that it still works.

  confined.py --tracee TRACEE

No thread has a capability, new privileges are ruled out, system calls are filtered. Even so
policies are read again, files are made anew, packets come and the account is complete. Files
outside the outputs' folder cannot be written, which is tried through SIGUSR1 and a symbolic
link. Exit status: 0 it holds, 1 it does not, 77 the machine lacks something, which is said.
"""
import glob
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile

from process import Failure, alone, await_, libc, read, script
from run import need_capabilities

POLICY = """apiVersion: tracee.aquasec.com/v1beta1
kind: Policy
metadata: {{name: {name}}}
spec: {{scope: [global], rules: [{{event: net_packet_udp}}]}}
"""


def expect(condition, what):
    if not condition:
        raise Failure(what)


class Traced:
    def __init__(self, program, folder, *arguments):
        self.errors = os.path.join(folder, "errors")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen([program, *arguments], stderr=errors,
                                            stdout=subprocess.DEVNULL)
        await_("tracee traces", lambda: "tracee: tracing" in self.said() or
               self.process.poll() is not None)
        expect(self.process.poll() is None, self.said())

    def said(self):
        return read(self.errors)

    def threads(self):
        """The members of /proc/PID/task/TID/status that matter, of each thread."""
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/status"):
            yield dict(re.findall(r"^(\w+):\s*(\S+)", read(path), re.MULTILINE))

    def end(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(60)
        expect(status == 0, f"status {status}: {self.said()}")
        found = re.search(r"seen (\d+), filtered (\d+), emitted (\d+), lost (\d+)", self.said())
        expect(found, self.said())
        seen, filtered, emitted, lost = map(int, found.groups())
        expect(seen == filtered + emitted + lost, found[0])


def send(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", port))


def has_events(path, port):
    return os.path.exists(path) and f'"value":{port}' in read(path)


def has_kafka(program):
    said = subprocess.run([program, "--input", "/dev/null", "--output", "kafka:127.0.0.1:1/none"],
                          stderr=subprocess.PIPE, check=False).stderr.decode()
    return "TRACEE_KAFKA" not in said


def confined(program, folder):
    policy, out = os.path.join(folder, "policy.yaml"), os.path.join(folder, "out")
    os.mkdir(out)
    with open(policy, "w", encoding="ascii") as file:
        file.write(POLICY.format(name="first"))
    path = os.path.join(out, "events.json")
    kafka = ["--output", "kafka:127.0.0.1:1/none"] if has_kafka(program) else []
    traced = Traced(program, folder, "--policy", policy, "--output", f"json:{path}", *kafka)
    try:
        threads = list(traced.threads())
        expect(not kafka or any(thread["Name"].startswith("rdk:") for thread in threads),
               "the Kafka library has no thread")
        for thread in threads:
            expect(int(thread["CapEff"], 16) & ~4 == 0, f"capabilities {thread['CapEff']}")
            expect(int(thread["CapPrm"], 16) & ~4 == 0, f"capabilities {thread['CapPrm']}")
            expect(thread["NoNewPrivs"] == "1", "new privileges are possible")
            expect(thread["Seccomp"] == "2", "system calls are not filtered")
        send(17001)
        await_("the packet", lambda: has_events(path, 17001))

        with open(policy, "w", encoding="ascii") as file:
            file.write(POLICY.format(name="second"))
        traced.process.send_signal(signal.SIGHUP)
        await_("the new policy", lambda: (send(17002), '"second"' in read(path))[1])

        os.rename(path, path + ".1")
        traced.process.send_signal(signal.SIGUSR1)
        await_("a new file", lambda: (send(17003), has_events(path, 17003))[1])

        # Its folder becomes a link to elsewhere: there nothing may be written.
        elsewhere = os.path.join(folder, "elsewhere")
        os.mkdir(elsewhere)
        os.rename(out, out + ".moved")
        os.symlink(elsewhere, out)
        traced.process.send_signal(signal.SIGUSR1)
        await_("a complaint", lambda: (send(17004), "cannot" in traced.said())[1])
        if libc.syscall(444, None, 0, 1) > 0:  # landlock_create_ruleset(2): its version
            expect(os.listdir(elsewhere) == [], "a file where no output goes")
        else:
            print("no Landlock here: where files are written is not limited", file=sys.stderr)
        traced.end()
    finally:
        if traced.process.poll() is None:
            traced.process.kill()
            traced.process.wait()


def another_user(program, folder):
    path = os.path.join(folder, "nobody.json")
    traced = Traced(program, folder, "--user", "nobody", "--events", "net_packet_udp",
                    "--output", f"json:{path}")
    try:
        for thread in traced.threads():
            expect(thread["Uid"] != "0", "still root")
            expect(int(thread["CapPrm"], 16) == 0, f"capabilities {thread['CapPrm']}")
        send(17005)
        await_("the packet", lambda: has_events(path, 17005))
        traced.end()
    finally:
        if traced.process.poll() is None:
            traced.process.kill()
            traced.process.wait()


def work(program):
    need_capabilities()
    for case in (confined, another_user):
        with alone(), tempfile.TemporaryDirectory(prefix="tracee-confined-") as folder:
            os.chmod(folder, 0o755)
            case(program, folder)


if __name__ == "__main__":
    script(__doc__, work)
