# SPDX-License-Identifier: Apache-2.0
"""What the parts of a bench share: tables, commands that are timed, turns."""
import os
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "live"))
from process import alone, await_  # noqa: E402,F401


class Table:
    """Rows as Markdown, columns aligned."""

    def __init__(self, title, note, head):
        self.title, self.note, self.rows = title, note, [head]

    def add(self, *cells):
        self.rows.append(cells)

    def print(self):
        widths = [max(len(row[i]) for row in self.rows) for i in range(len(self.rows[0]))]
        print(f"\n## {self.title}\n")
        if self.note:
            print(f"{self.note}\n")
        for number, row in enumerate(self.rows):
            cells = [cell.rjust(width) if cell[:1].isdigit() else cell.ljust(width)
                     for cell, width in zip(row, widths)]
            print("| " + " | ".join(cells) + " |")
            if number == 0:
                print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
        sys.stdout.flush()


def die(text):
    sys.exit(f"bench: {text}")


def say(text):
    print(f"bench: {text}", file=sys.stderr)


def measure(command):
    """Wall seconds, processor seconds and standard error of one run."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        stderr = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        die(f"{' '.join(command)} failed:\n{stderr}")
    return wall, usage.ru_utime + usage.ru_stime, stderr


def lines_of(command):
    """Cells of what a microbenchmark prints, and its exit code."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return [line.split("\t") for line in done.stdout.splitlines()], done.returncode


class Runner:
    """A command on a capture of so many packets."""

    def __init__(self, name, packets, command, start_up=None):
        self.name, self.packets, self.command = name, packets, command
        self.start_up = start_up  # a command whose time is taken off
        self.walls, self.cpus, self.stderr = [], [], ""

    def run(self):
        wall, cpu, self.stderr = measure(self.command)
        if self.start_up:
            empty_wall, empty_cpu, _ = measure(self.start_up)
            wall, cpu = wall - empty_wall, cpu - empty_cpu
        self.walls.append(wall / self.packets)
        self.cpus.append(cpu / self.packets)

    def wall(self):
        return statistics.median(self.walls)

    def cpu(self):
        return statistics.median(self.cpus)


def in_turns(peers, rounds):
    """Each peer once a round, in an order that changes from round to round."""
    for number in range(rounds):
        yield from peers if number % 2 == 0 else reversed(peers)


def run_in_turns(runners, rounds):
    for runner in in_turns(runners, rounds):
        runner.run()


def events_written(stderr):
    """From tracee's summary; ends the run if an event was lost."""
    found = re.search(r"output \S+: matched (\d+), written (\d+), dropped 0", stderr)
    if not found or found[1] != found[2]:
        die(f"tracee did not write all its events:\n{stderr}")
    return int(found[1])
