#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who waits for whom: the thread that reads packets does not interrupt what runs.

  scheduling.py --tracee TRACEE

Exit status: 0 it holds, 1 it does not, 77 the machine lacks something.
"""
import os
import signal
import subprocess
import sys

from process import Failure, script
from run import need_capabilities

TRACE = ["--events", "net_packet_udp", "--output", "none"]
POLICY = "import os; print('policy', os.sched_getscheduler(0))"


def policies(command):
    """Of each thread of a tracer that traces, the reader's first."""
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        for line in process.stderr:
            if b"tracee: tracing" in line:
                break
        tasks = sorted(map(int, os.listdir(f"/proc/{process.pid}/task")))
        found = [os.sched_getscheduler(task) & ~os.SCHED_RESET_ON_FORK for task in tasks]
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    if process.returncode != 0:
        raise Failure(f"{command} ended with {process.returncode}")
    return found


def expect(found, wanted, what):
    if found != wanted:
        raise Failure(f"{what}: {found}, not {wanted}")


def check(tracee):
    reader, *rest = policies([tracee, *TRACE])
    expect(reader, os.SCHED_BATCH, "the reader's policy")
    expect(set(rest) or None, {os.SCHED_OTHER}, "the policy of its other threads")
    expect(policies(["chrt", "--rr", "1", tracee, *TRACE])[0], os.SCHED_RR, "a chosen policy")
    done = subprocess.run([tracee, *TRACE, "--", sys.executable, "-c", POLICY],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    expect(done.stdout, f"policy {os.SCHED_OTHER}\n", "the policy of a command")


def work(program):
    need_capabilities()
    check(program)


if __name__ == "__main__":
    script(__doc__, work)
