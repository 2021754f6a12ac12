#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a hostile packet costs: attacks.py's captures replayed, beside a host's ordinary traffic.

run.py TRACEE MAKE_CAPTURE [--once] [--only ATTACK…] [--write docs/security.md]

Counted in instructions by callgrind, which do not depend on what else the machine does. An attack
holds when a packet costs no more than PACKET times an ordinary one, or its bytes no more than BYTE
times as much as ordinary bytes (PATTERN times with a regular expression); and when it costs no more
a packet when it is twice as large, which --once leaves out. --write also takes the time and writes
the table.
Exit status: 0 all hold, 1 some do not, 77 there is no callgrind.
"""
import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

import attacks

# A packet may hold many messages, so what counts for it is its bytes.
PACKET, BYTE, GROWTH = 2, 40, 1.15
# A pattern is chosen by the user; what RE2 promises is that time grows with the text.
PATTERN = 128
MARK = "<!-- attacks -->"


class Measure:
    def __init__(self, tracee, folder):
        self.tracee, self.folder = tracee, folder
        self.path = os.path.join(folder, "attack.pcap")
        self.rules = os.path.join(folder, "rules")
        os.mkdir(self.rules)
        with open(os.path.join(self.rules, "asks.yaml"), "w", encoding="ascii") as file:
            file.write(attacks.DETECTORS)

    def command(self, options):
        if options is attacks.ASKING:
            options = options + ["--detectors", self.rules]
        return [self.tracee, "--no-confine", "--input", self.path, "--output", "json", *options]

    def instructions(self, options):
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=tracee::run_replay*",
             f"--callgrind-out-file={self.folder}/profile", *self.command(options)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or not found:
            sys.exit(f"callgrind failed:\n{done.stderr}")
        return int(found[1])

    def cpu_ns(self, options):
        """The least of five."""
        times = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(self.command(options), stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(times) * 1e9

    def attack(self, make, options, once, timed):
        """(packets, bytes a packet, instructions a packet, growth, ns a packet)"""
        found = []
        for scale in (1,) if once else (1, 2):
            content, packets = attacks.capture(make(scale))
            with open(self.path, "wb") as file:
                file.write(content)
            found.append((packets, len(content) / packets, self.instructions(options) / packets))
        packets, size, cost = found[-1]
        ns = 0
        if timed:  # beside a capture of nothing, for what each start costs
            whole = self.cpu_ns(options)
            with open(self.path, "wb") as file:
                file.write(attacks.capture([])[0])
            ns = (whole - self.cpu_ns(options)) / packets
        return packets, size, cost, cost / found[0][2], ns


def ordinary(make_capture, packets):
    """As an attack: a host's traffic, as the benchmarks have it."""
    def make(scale):
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run([make_capture, "mixed", str(packets * scale), file.name], check=True)
            yield from attacks.of_ethernet(file.read())
    make.__doc__ = "ordinary traffic, for comparison"
    make.__name__ = "ordinary"
    return make


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tracee")
    parser.add_argument("make_capture")
    parser.add_argument("--once", action="store_true", help="do not ask how costs grow")
    parser.add_argument("--only", action="append")
    parser.add_argument("--write", help="the page whose table is to be replaced")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not installed")
        return 77
    rows, bad, usual = [], 0, None
    with tempfile.TemporaryDirectory(prefix="tracee-attacks-") as folder:
        measure = Measure(os.path.abspath(options.tracee), folder)
        works = [(ordinary(options.make_capture, 1000), attacks.ALL), *attacks.ATTACKS]
        for make, asked in works:
            if usual and options.only and make.__name__ not in options.only:
                continue
            packets, size, cost, growth, ns = measure.attack(make, asked, options.once,
                                                             options.write)
            usual = usual or (cost, cost / size)
            by_packet, by_byte = cost / usual[0], cost / size / usual[1]
            wrong = []
            if by_packet > PACKET and by_byte > (PATTERN if "--filter" in asked else BYTE):
                wrong.append("COSTS TOO MUCH")
            if growth > GROWTH:
                wrong.append("GROWS")
            bad += bool(wrong)
            asks = f": `{asked[-1]}`".replace("|", "\\|") if "--filter" in asked else ""
            what = make.__doc__ + asks
            print(f"{make.__name__}: {packets} of {size:.0f} bytes, {cost:.0f} instructions each, "
                  f"{by_packet:.2f} of an ordinary packet, {by_byte:.2f} by the byte, {growth:.2f} "
                  f"when twice as large {' '.join(wrong)}", flush=True)
            rows.append(f"| {what} | {size:,.0f} | {cost:,.0f} | {ns / 1000:,.1f} µs | "
                        f"{by_packet:.2f} | {by_byte:.2f} | {growth:.2f} |")
    if options.write:
        with open(options.write, encoding="utf-8") as file:
            head, _, rest = file.read().partition(MARK)
        table, _, tail = rest.lstrip("\n").partition("\n\n")
        if options.only:  # the others keep their rows
            told = {make.__doc__ for make, _ in works if make.__name__ in options.only}
            rows = [row for row in table.splitlines()[2:]
                    if not any(row.startswith(f"| {what}") for what in told)] + rows[1:]
        table = ["| packets | bytes | instructions | time | × ordinary | × by the byte | "
                 "twice as many |", "|" + "---|" * 7, *rows]
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(f"{head}{MARK}\n\n" + "\n".join(table) + f"\n\n{tail}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
