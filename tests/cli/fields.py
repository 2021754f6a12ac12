#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts events by the filters of fields.tsv and holds the counts against tshark's.

fields.py [FILE|FOLDER…]: capture files, by default those of tests/captures. The filters are policies,
so each file is replayed once. Exit status: 0 all agree, 1 some do not, 77 tshark is missing.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "..", "captures")
# Frames that are cut or malformed make no events; headers quoted by ICMP are not the packet's.
OUTERMOST = {"net_packet_tcp": "!icmp && !icmpv6 && tcp", "net_packet_udp": "!icmp && !icmpv6 && udp"}


def cases():
    with open(os.path.join(HERE, "fields.tsv"), encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                event, filters, display = line.rstrip("\n").split("\t")
                if event in OUTERMOST:
                    display = f"{OUTERMOST[event]} && ({display})"
                yield event, filters, display


def tracee_counts(path, folder, number):
    command = [os.environ["TRACEE"], "--input", path, "--output", "json", "--policy", folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{path}: {done.stderr.decode()}")
    counts = [0] * number
    for line in done.stdout.splitlines():
        for policy in json.loads(line)["matchedPolicies"]:
            counts[int(policy[1:])] += 1
    return counts


def tshark_counts(path, displays):
    """One pass: a column of the statistics for each filter."""
    command = ["tshark", "-q", "-n", "-r", path, "-o", "ip.defragment:FALSE",
               "-o", "ipv6.defragment:FALSE", "-z", ",".join(["io,stat,0", *displays])]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    row = re.search(r"^\|[^|\n]*<>[^|\n]*\|(.*)\|$", done.stdout.decode(), re.MULTILINE)
    if not row:  # no time passes in this file, so tshark keeps no account
        return None
    return [int(cell) for cell in row[1].split("|")[::2]]


def main():
    if not shutil.which("tshark"):
        print("needs tshark")
        return 77
    os.environ.setdefault("TRACEE", os.path.join(HERE, "..", "..", "build", "tracee"))
    paths = []
    for path in sys.argv[1:] or [CAPTURES]:
        inside = sorted(os.listdir(path)) if os.path.isdir(path) else [""]
        paths += [os.path.join(path, name).rstrip("/") for name in inside
                  if ".pcap" in os.path.basename(os.path.join(path, name))]
    wanted, wrong, total = list(cases()), 0, [0] * 1000
    with tempfile.TemporaryDirectory() as folder:
        for number, (event, filters, _) in enumerate(wanted):
            policy = {"type": "policy", "name": f"f{number}", "scope": ["global"],
                      "rules": [{"event": event, "filters": filters.split()}]}
            with open(f"{folder}/{number:03}.json", "w", encoding="utf-8") as file:
                json.dump(policy, file)
        for path in paths:
            ours = tracee_counts(path, folder, len(wanted))
            theirs = tshark_counts(path, [display for _, _, display in wanted])
            if theirs is None:
                print(f"{os.path.basename(path)}: left out, tshark counts nothing")
                continue
            for number, (case, one, other) in enumerate(zip(wanted, ours, theirs, strict=True)):
                total[number] += one
                if one != other:
                    wrong += 1
                    print(f"{os.path.basename(path)}: {case[0]} {case[1]}: {one}, tshark {other}")
    # A filter that no packet passes shows little.
    empty = [case[1] for number, case in enumerate(wanted) if total[number] == 0]
    print(f"{len(wanted)} filters on {len(paths)} files: {wrong} counts differ; of no packet are: "
          f"{', '.join(empty) or 'none'}")
    return 1 if wrong or len(empty) > len(wanted) // 4 else 0


if __name__ == "__main__":
    sys.exit(main())
