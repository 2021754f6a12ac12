#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Times of packets and processes follow a clock that is set while tracee traces.

  clock_set.py --tracee TRACEE

The clock is the whole machine's, so this runs only where TRACEE_OWN_MACHINE is in the
environment: in the virtual machines of ./dev kernels. Exit status: 0 it holds, 1 it
does not, 77 it may not run here, which is said.
"""
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

from process import Failure, alone, await_, need_own_machine, read, script
from run import need_capabilities

HOUR = 3600


def events(path, port):
    found = []
    for line in read(path).splitlines():
        event = json.loads(line) if line.endswith("}") else {}
        ports = [a["value"] for a in event.get("args", []) if a["name"] == "dst_port"]
        if ports == [port]:
            found.append(event)
    return found


def event_at(path, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", port))
    await_("the packet", lambda: events(path, port))
    return events(path, port)[0]


def near(what, ns, seconds, slack):
    if abs(ns / 1e9 - seconds) > slack:
        raise Failure(f"{what} is {ns / 1e9:.3f}, not {seconds:.3f}")


def move(seconds):
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)


def clock_set(program, folder):
    path = os.path.join(folder, "events")
    with open(path, "wb") as out, open(os.path.join(folder, "said"), "wb") as said:
        traced = subprocess.Popen([program, "--events", "net_packet_udp", "--output", "json"],
                                  stdout=out, stderr=said)
    moved = 0
    try:
        await_("tracee traces", lambda: "tracee: tracing" in read(os.path.join(folder, "said")))
        first = event_at(path, 17011)
        near("a packet's time", first["timestamp"], time.time(), 5)
        for port, step in ((17012, HOUR), (17013, -2 * HOUR), (17014, HOUR)):
            move(step)
            moved += step
            time.sleep(3)  # it looks once a second
            event = event_at(path, port)
            near("a packet's time after a step", event["timestamp"], time.time(), 5)
            near("the step of a thread's start",
                 event["threadStartTime"] - first["threadStartTime"], moved, 0.01)
            if event["processEntityId"] != first["processEntityId"]:
                raise Failure("the process has become another")
        traced.send_signal(signal.SIGINT)
        if traced.wait(60) != 0:
            raise Failure(read(os.path.join(folder, "said")))
    finally:
        move(-moved)
        traced.kill()
        traced.wait()


def work(program):
    need_own_machine("the clock is")
    need_capabilities()
    with alone(), tempfile.TemporaryDirectory() as folder:
        clock_set(program, folder)


if __name__ == "__main__":
    script(__doc__, work)
