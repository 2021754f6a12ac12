#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`tracee -- COMMAND`: its status, its signals, its packets and nobody else's.

  command.py --tracee TRACEE

Exit status: 0 it holds, 1 it does not, 77 the machine lacks something.
"""
import json
import os
import signal
import socket
import subprocess

from process import Failure, alone, script
from run import need_capabilities

# A datagram at once, from a process of its own; then what the case wants.
SEND = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); " \
       "s.sendto(b'x', ('127.0.0.1', 7077))"


class Run:
    def __init__(self, tracee, arguments, command):
        self.process = subprocess.Popen(
            [tracee, "--events", "net_packet_udp", "--output", "json", *arguments, "--", *command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.said = b""

    def say_until(self, text):
        while text not in self.said:
            more = os.read(self.process.stderr.fileno(), 65536)
            if not more:
                raise Failure(f"it has said {self.said}")
            self.said += more

    def end(self, status):
        out, err = self.process.communicate(timeout=120)
        self.said += err
        if self.process.returncode != status:
            raise Failure(f"status {self.process.returncode}, not {status}:\n{self.said.decode()}")
        return [json.loads(line) for line in out.splitlines()]


def expect(condition, what):
    if not condition:
        raise Failure(str(what))


def check(tracee):
    # Its status; its output is not among the events; the first packet is there, and
    # none of another process.
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    run = Run(tracee, [], ["sh", "-c", f'python3 -c "{SEND}"; echo hello; read x; exit 7'])
    run.say_until(b"hello")
    for _ in range(50):
        other.sendto(b"y", ("127.0.0.1", 7078))
    events = run.end(7)
    ports = {argument["value"] for event in events for argument in event["args"]
             if argument["name"] == "dst_port"}
    expect(ports == {7077}, f"ports {ports}: {run.said}")
    expect(all(event["processName"] == "python3" for event in events), events)

    # A command that ends by a signal; one that is not there; one that is no program.
    Run(tracee, [], ["sh", "-c", "kill -9 $$"]).end(137)
    for command, status, text in ((["no-such-program"], 127, b"No such file"),
                                  (["/no/such/program"], 127, b"No such file"),
                                  (["/etc"], 126, b"ermission"),
                                  (["/etc/passwd"], 126, b"ermission")):
        run = Run(tracee, [], command)
        run.end(status)
        expect(text in run.said and b"tracing" not in run.said, run.said)

    # Signals go on to it, and it decides.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        run = Run(tracee, [], ["sh", "-c", f"trap 'exit 9' {number.value}; echo ready; "
                                           "while :; do sleep 0.1; done"])
        run.say_until(b"ready")
        run.process.send_signal(number)
        run.end(9)

    # Who ends first: the limit does, and the command is told.
    run = Run(tracee, ["-c", "1"],
              ["sh", "-c", f"trap 'echo told; exit' 15; echo ready; python3 -c \"{SEND}\"; "
                           "while :; do sleep 0.1; done"])
    run.say_until(b"ready")
    expect(len(run.end(0)) == 1, run.said)
    expect(b"told" in run.said, run.said)


def work(program):
    need_capabilities()
    with alone():
        check(program)


if __name__ == "__main__":
    script(__doc__, work)
