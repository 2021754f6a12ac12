#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fails each call of tracee that can fail, once.

run.py TRACEE FAIL.SO CASE [--seconds N]

Each case is run once to count the calls of each function of fail.c, then again for calls of each:
the first, the last, and as many between as there is time for. A run must end by itself, with a
status of its own (never by a signal), must say why when that is not 0, must leave only whole
lines in its files, and no program and no map in the kernel (a link that is left keeps its
program). Exit status: 0 all did, 1 some did not, 77 no rights.
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
sys.path.insert(0, str(HERE.parent / "live"))
from process import alone  # noqa: E402

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
    return ["--config", f"{folder}/config.yaml", "-r", f"{CAPTURES}/dns.pcap", "--pcap-filter", "udp",
            "--detectors",
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


LIVE = ("live", "reload")
CASES = {case.__name__: case for case in (replay, rotation, live, reload)}


class Kernel:
    """What a tracing tracee holds in the kernel, by name; other tracers may run beside it."""

    def __init__(self, tracee):
        with tempfile.TemporaryFile() as errors, subprocess.Popen(
                [tracee, "-o", "none"], stdin=subprocess.DEVNULL, stderr=errors) as one:
            end = time.monotonic() + LIMIT
            said = b""
            while b"tracee: tracing" not in said:
                if one.poll() is not None or time.monotonic() > end:
                    one.kill()
                    raise Failure(f"without a fault, it does not trace: {said.decode()}")
                time.sleep(0.01)
                errors.seek(0)
                said = errors.read()
            held = self.held([one.pid])
            self.names = {self.listed()[each] for each in held if each in self.listed()}
            one.send_signal(signal.SIGINT)
        if not self.names:
            raise Failure("a tracing tracee holds nothing in the kernel")
        self.before = set(self.listed())

    @staticmethod
    def listed():
        """(kind, id) → name"""
        found = {}
        for kind in ("prog", "map"):
            done = subprocess.run(["bpftool", "-j", kind], stdout=subprocess.PIPE, check=True)
            found.update({(kind, one["id"]): one.get("name", "")
                          for one in json.loads(done.stdout or "[]")})
        return found

    @staticmethod
    def held(pids):
        found = set()
        for pid in pids:
            for path in pathlib.Path(f"/proc/{pid}/fdinfo").glob("*"):
                try:
                    text = path.read_text(encoding="ascii", errors="replace")
                except OSError:  # it has ended
                    continue
                found |= {(kind, int(number)) for kind, number in
                          re.findall(r"^(prog|map)_id:\t(\d+)$", text, re.MULTILINE)}
        return found

    def check(self):
        end = time.monotonic() + LIMIT
        while True:
            left = {each for each, name in self.listed().items()
                    if each not in self.before and name in self.names}
            if left:  # what a living process holds is that one's
                left -= self.held(pid.name for pid in pathlib.Path("/proc").glob("[0-9]*"))
            if not left:
                return
            if time.monotonic() > end:
                raise Failure(f"it leaves in the kernel: {sorted(left)}")
            time.sleep(0.05)


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
        rank = {number: 0 if number in (first, count) else 1 + i % 7
                for i, number in enumerate(numbers)}
        tries += [(rank[number], name, number) for number in numbers]
    return [(name, number) for _, name, number in sorted(tries)]


def trial(options, counts, kernel, fault):
    """Runs with one fault; the run's status, or None when it is not as it should be."""
    name, number = fault
    with Run(options, (name, number, ERRNO.get(name, errno.EMFILE))) as run:
        try:
            run.finish()
            run.check()
            if kernel:
                kernel.check()
            return run.status
        except Failure as failure:
            print(f"{options.case}: {name} {number} of {counts.get(name)}: {failure}\n"
                  + "\n".join("    " + line for line in run.said().splitlines()[-6:]))
    return None


def work(options):
    try:
        kernel = Kernel(options.tracee) if options.case in LIVE else None
        counts = counted(options)
    except Failure as failure:
        print(f"{options.case}: {failure}")
        return 77 if "status 3" in str(failure) else 1
    tries = plan(counts)
    if options.only:
        name, number = options.only.split(":")
        tries = [(name, int(number))]
    end, statuses = time.monotonic() + options.seconds, []
    for fault in tries:
        if time.monotonic() > end:
            break
        statuses.append(trial(options, counts, kernel, fault))
    bad = statuses.count(None)
    told = ", ".join(f"status {status}: {statuses.count(status)}"
                     for status in sorted(set(statuses) - {None}))
    print(f"{options.case}: {len(statuses)} of {len(tries)} faults tried; {told}; "
          f"{bad} not as they should be")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tracee")
    parser.add_argument("interposer")
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--only", help="FUNCTION:NUMBER")
    options = parser.parse_args()
    options.tracee, options.interposer = map(os.path.abspath, (options.tracee, options.interposer))
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if options.case not in LIVE:
        return work(options)
    if os.geteuid() != 0:
        print("faults: needs root", file=sys.stderr)
        return 77
    with alone():
        return work(options)


if __name__ == "__main__":
    sys.exit(main())
