#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of a few replays with callgrind and compares them with
counts.txt beside this file: more than 5 % above is a failure. Unlike time, the
counts do not depend on what else the machine does.

UPDATE=1 writes the counts anew; the diff is yours to explain.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
TOLERANCE = 0.05
COUNTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "counts.txt")
COMPILER, FLAGS = "GNU-12.2.0", "x86_64 RelWithDebInfo"
PACKETS = 3000

# Each begins when the replay does, so that start-up and linking are not in it.
WORKS = {
    "all-events-json": ["--output", "json", "--events", "net_packet_*"],
    "tcp-json": ["--output", "json", "--events", "net_packet_tcp"],
    "dns-json": ["--output", "json", "--events", "net_packet_dns"],
    "http-decode": ["--output", "none", "--events", "net_packet_http"],
    "nothing-matches": ["--output", "json", "--events", "net_packet_tcp.data.dst_port=1"],
}


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def count(tracee, capture, arguments, folder):
    """Instructions a packet within run_replay()."""
    profile = os.path.join(folder, "profile")
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--toggle-collect=tracee::run_replay*",
         f"--callgrind-out-file={profile}", tracee, "--no-confine", "--input", capture, *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found or int(found[1]) < PACKETS:
        sys.exit(f"callgrind failed:\n{done.stderr}")
    return int(found[1]) / PACKETS


def read_counts():
    with open(COUNTS, encoding="utf-8") as file:
        rows = (line.split() for line in file if not line.startswith("#"))
        return {name: float(number) for name, number in rows}


def write_counts(counts):
    with open(COUNTS, "w", encoding="utf-8") as file:
        file.write(f"# Instructions a packet; {COMPILER}, {FLAGS}. instructions.py\n")
        for name, number in counts.items():
            file.write(f"{name} {number:.0f}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--flags", required=True)
    parser.add_argument("tracee")
    parser.add_argument("make_capture")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        skip("valgrind is not installed")
    if (options.compiler, options.flags.strip()) != (COMPILER, FLAGS):
        skip(f"the counts are of {COMPILER} {FLAGS}, this is {options.compiler} {options.flags}")

    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "mixed.pcap")
        subprocess.run([options.make_capture, "mixed", str(PACKETS), capture], check=True)
        counts = {name: count(options.tracee, capture, arguments, folder)
                  for name, arguments in WORKS.items()}
    if os.environ.get("UPDATE"):
        write_counts(counts)
        return
    expected = read_counts()
    failed = expected.keys() != counts.keys()
    for name, number in counts.items():
        change = number / expected.get(name, number) - 1
        failed |= change > TOLERANCE
        note = "  TOO MANY" if change > TOLERANCE else ""
        if change < -TOLERANCE:
            note = "  fewer: UPDATE=1 to hold on to it"
        print(f"{name}: {number:.0f} instructions a packet, {change:+.1%}{note}")
    if failed:
        sys.exit("more instructions than counts.txt allows; if that is meant, run with UPDATE=1")


if __name__ == "__main__":
    main()
