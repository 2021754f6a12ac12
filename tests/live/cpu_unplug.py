#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A processor is taken away and given back while tracee traces; none of its packets is missing.

  cpu_unplug.py --tracee TRACEE

Processors are the whole machine's, so this runs only where TRACEE_OWN_MACHINE is in the
environment: in the virtual machines of ./dev kernels. Exit status: 0 it holds, 1 it
does not, 77 it may not run here, which is said.
"""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile

from process import Failure, Skip, alone, await_, need_own_machine, read, script
from run import need_capabilities

SWITCH = "/sys/devices/system/cpu/cpu1/online"
PACKETS = 50


def switch(on):
    with open(SWITCH, "w", encoding="ascii") as file:
        file.write("1" if on else "0")


def send(cpu, port):
    """Datagrams from one processor, if it is there; how many."""
    everywhere = os.sched_getaffinity(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            os.sched_setaffinity(0, {cpu})
        except OSError:
            return 0
        try:
            for _ in range(PACKETS):
                with contextlib.suppress(ConnectionRefusedError):
                    one.sendto(b"x", ("127.0.0.1", port))
        finally:
            os.sched_setaffinity(0, everywhere)
    return PACKETS


def seen(path):
    """How many datagrams left for each port, and from which processors."""
    count, processors = {}, {}
    for line in read(path).splitlines():
        event = json.loads(line) if line.endswith("}") else {"args": []}
        for argument in event["args"]:
            if argument["name"] == "dst_port":
                port = argument["value"]
                count[port] = count.get(port, 0) + 1
                processors.setdefault(port, set()).add(event["processorId"])
    return count, processors


class Traced:
    def __init__(self, program, folder, name):
        self.out, self.errors = (os.path.join(folder, f"{name}.{end}") for end in ("json", "said"))
        with open(self.out, "wb") as out, open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [program, "--events", "net_packet_udp", "--output", "json"], stdout=out,
                stderr=errors)
        await_("tracee traces", lambda: "tracee: tracing" in read(self.errors),
               alive=lambda: self.process.poll() is None)

    def end(self, sent):
        """`sent`: datagrams by port. Nobody listens there: each is seen as it leaves."""
        await_("every packet", lambda: all(seen(self.out)[0].get(port, 0) >= number
                                           for port, number in sent.items()), seconds=20)
        self.process.send_signal(signal.SIGINT)
        if self.process.wait(60) != 0:
            raise Failure(read(self.errors))
        numbers = re.search(r"seen (\d+), filtered (\d+), emitted (\d+), lost (\d+)",
                            read(self.errors))
        counted, filtered, emitted, lost = map(int, numbers.groups())
        if counted != filtered + emitted + lost or lost != 0:
            raise Failure(f"the account is {numbers[0]}")
        count, processors = seen(self.out)
        for port, number in sent.items():
            if count.get(port, 0) != number:
                raise Failure(f"{count.get(port, 0)} packets to port {port}, not {number}")
        return processors


def cpu_unplug(program, folder):
    # There when it starts, then away, then back.
    traced, sent = Traced(program, folder, "there"), {}
    try:
        sent[17031] = send(1, 17031)
        switch(False)
        if send(1, 17032) != 0:
            raise Failure("the processor is still there")
        sent[17033] = send(0, 17033)
        switch(True)
        sent[17034] = send(1, 17034)
        processors = traced.end(sent)
        if processors[17031] != {1} or processors[17034] != {1}:
            raise Failure(f"packets of processor 1 are said to be of {processors}")
    finally:
        switch(True)
        traced.process.kill()
        traced.process.wait()

    # Away when it starts, and there later.
    switch(False)
    traced = None
    try:
        traced = Traced(program, folder, "away")
        switch(True)
        traced.end({17035: send(1, 17035), 17036: send(0, 17036)})
    finally:
        switch(True)
        if traced:
            traced.process.kill()
            traced.process.wait()


def work(program):
    need_own_machine("the processors are")
    if not os.path.exists(SWITCH):
        raise Skip("there is no second processor that can be taken away")
    need_capabilities()
    with alone(), tempfile.TemporaryDirectory() as folder:
        cpu_unplug(program, folder)


if __name__ == "__main__":
    script(__doc__, work)
