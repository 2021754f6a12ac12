#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fails each call of tracee that can fail, once.

run.py TRACEE FAIL.SO CASE [--seconds N]

Each case is run once to count the calls of each function of fail.c, then again for calls of each:
the first, the last, and as many between as there is time for. A run must end by itself, with a
status of its own (never by a signal), must say why when that is not 0, must leave only whole
lines in its files, and nothing in the kernel. Exit status: 0 all did, 1 some did not, 77 no rights.
"""
import argparse
import errno
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CAPTURES = HERE.parent / "captures"
RULES = HERE.parent.parent / "detectors" / "rules"
LIMIT = 20
ERRNO = {"mmap": errno.ENOMEM, "malloc": errno.ENOMEM, "bind": errno.EADDRINUSE,
         "write": errno.ENOSPC, "rename": errno.EACCES, "fsync": errno.EIO, "read": errno.EIO,
         "ftruncate": errno.EIO, "bpf": errno.ENOMEM, "perf_event_open": errno.EACCES,
         "pthread_create": errno.EAGAIN}
# Functions with very many calls get so many tries at most.
MOST = {"malloc": 24, "bpf": 24, "read": 12, "write": 12, "mmap": 12}


class Failure(Exception):
    """What a run should not have done."""


def replay(folder):
    """a capture to every kind of file, with a configuration, a policy and detectors"""
    (folder / "config.yaml").write_text(f"policy: {folder}/policy.yaml\n", encoding="ascii")
    policy(folder)
    return ["--config", f"{folder}/config.yaml", "-r", f"{CAPTURES}/dns.pcap", "--detectors",
            f"{RULES}/dns_rebinding.yaml", "-o", f"json:{folder}/out.json", "-o",
            f"table:{folder}/table", "-w", f"{folder}/out.pcapng"]


def rotation(folder):
    """files that are rotated and packed"""
    return ["-r", f"{CAPTURES}/tcp_udp.pcap", "-o",
            f"json:{folder}/out.json?rotate-size=64KiB&keep=3&compress=zstd",
            "-o", f"pcapng:{folder}/out.pcapng?rotate-size=64KiB&keep=2"]


def live(folder):
    """a live trace with metrics and a socket"""
    return ["--duration", "200ms", "-e", "net_packet_udp", "-o", f"json:{folder}/out.json", "-o",
            f"unix:{folder}/events", "--metrics", "127.0.0.1:0"]


def reload(folder):
    """policies read again, and files made anew, while it traces"""
    policy(folder)
    return ["-p", f"{folder}/policy.yaml", "--detectors", f"{RULES}/dns_rebinding.yaml", "-o",
            f"json:{folder}/out.json", "-w", f"{folder}/out.pcapng"]


def policy(folder):
    (folder / "policy.yaml").write_text(
        "type: policy\nname: one\nscope: [global]\nrules: [{event: net_packet_dns}]\n",
        encoding="ascii")


CASES = {case.__name__: case for case in (replay, rotation, live, reload)}


class Run:
    """One run of a case, with a fault or with counting."""

    def __init__(self, options, fault):
        self.options, self.fault = options, fault

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory(prefix="tracee-faults-")
        folder = self.folder = pathlib.Path(self.place.name)
        environment = dict(os.environ, LD_PRELOAD=self.options.interposer)
        if self.fault:
            environment["FAULT"] = "{}:{}:{}".format(*self.fault)
        else:
            environment["FAULT_COUNTS"] = f"{folder}/counts"
        if self.options.case == "reload":
            environment["FAULT_WHEN"] = f"{folder}/now"
        with open(folder / "errors", "wb") as errors:
            self.process = subprocess.Popen(
                [self.options.tracee, *CASES[self.options.case](folder)], env=environment,
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.place.cleanup()

    def said(self):
        return (self.folder / "errors").read_text(encoding="utf-8", errors="replace")

    def wait_for(self, text):
        end = time.monotonic() + LIMIT
        while text not in self.said() and self.process.poll() is None:
            if time.monotonic() > end:
                raise Failure(f"it never says '{text}'")
            time.sleep(0.01)

    def finish(self):
        if self.options.case == "reload":
            self.wait_for("tracee: tracing")
            (self.folder / "now").touch()
            for number in (signal.SIGHUP, signal.SIGUSR1):
                self.process.send_signal(number)
                time.sleep(0.3)
            self.process.send_signal(signal.SIGINT)
        try:
            self.status = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Failure("it hangs") from None

    def check(self):
        said = self.said()
        if self.status < 0:
            raise Failure(f"it ends by {signal.Signals(-self.status).name}")
        if self.status not in (0, 1, 2, 3):
            raise Failure(f"status {self.status}")
        if self.status != 0 and not re.search(r"^tracee: (?!\w+: \w+ \d)", said, re.MULTILINE):
            raise Failure(f"status {self.status} and no reason")
        if self.status == 0 and "matched " not in said:
            raise Failure("status 0 and no summary")
        for path in self.folder.glob("out.json"):
            text = path.read_text(encoding="utf-8")
            if text and not text.endswith("\n"):
                raise Failure(f"{path.name} ends inside a line")
            for line in text.splitlines():
                json.loads(line)
        for matched, written, dropped in re.findall(
                r"matched (\d+), written (\d+), dropped (\d+)", said):
            if int(matched) != int(written) + int(dropped):
                raise Failure("an output's account is not exact")


def counted(options):
    with Run(options, None) as run:
        run.finish()
        if run.status != 0:
            raise Failure(f"without a fault: status {run.status}: {run.said()}")
        run.check()
        lines = (run.folder / "counts").read_text(encoding="ascii").split()
    return {name: int(count) for name, count in zip(lines[::2], lines[1::2]) if count != "0"}


def plan(counts):
    """(function, number), the ends of each first, then what lies between."""
    tries = []
    for name, count in counts.items():
        most = min(count, MOST.get(name, 40))
        # What fails before main() has begun ends the process, as with any program.
        first = min(500, count) if name == "malloc" else 1
        numbers = sorted({first + i * (count - first) // max(most - 1, 1) for i in range(most)})
        rank = {number: 0 if number in (first, count) else 1 + i % 7 for i, number in enumerate(numbers)}
        tries += [(rank[number], name, number) for number in numbers]
    return [(name, number) for _, name, number in sorted(tries)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tracee")
    parser.add_argument("interposer")
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--only", help="FUNCTION:NUMBER")
    options = parser.parse_args()
    options.tracee, options.interposer = map(os.path.abspath, (options.tracee, options.interposer))
    if options.case in ("live", "reload") and os.geteuid() != 0:
        print("faults: needs root", file=sys.stderr)
        return 77
    try:
        counts = counted(options)
    except Failure as failure:
        print(f"{options.case}: {failure}")
        return 77 if "status 3" in str(failure) else 1
    tries = plan(counts)
    if options.only:
        name, number = options.only.split(":")
        tries = [(name, int(number))]
    end, bad, done = time.monotonic() + options.seconds, 0, 0
    statuses = {}
    for name, number in tries:
        if time.monotonic() > end:
            break
        done += 1
        with Run(options, (name, number, ERRNO.get(name, errno.EMFILE))) as run:
            try:
                run.finish()
                run.check()
                statuses[run.status] = statuses.get(run.status, 0) + 1
            except Failure as failure:
                bad += 1
                print(f"{options.case}: {name} {number} of {counts.get(name)}: {failure}\n"
                      + "\n".join("    " + line for line in run.said().splitlines()[-6:]))
    told = ", ".join(f"status {status}: {count}" for status, count in sorted(statuses.items()))
    print(f"{options.case}: {done} of {len(tries)} faults tried; {told}; {bad} not as they should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
