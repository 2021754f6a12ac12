#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Overload and faults: what is lost, whether it is told to the packet, and how soon nothing is lost.

run.py TRACEE [--only CASE…] [--seconds N] [--long N] [--write docs/overload.md]

Each case traces UDP over loopback while senders flood it, does something to tracee, and ends it.
Meanwhile a probe leaves every 10 ms, each for a port of its own, so what was not seen is known by
name: recovery is the time from relief to the last probe that is missing. Needs root. Every
process, cgroup and namespace is the case's own. Exit status: 0 every account is exact and every
recovery within a second, 1 not so, 77 the machine lacks something, which is said.
"""
import argparse
import contextlib
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

FLOOD_PORT, FIRST_PROBE, PROBES = 9, 20000, 20000
EVENTS = "net_packet_udp"
DROPS = "queue=2MiB&when-full=drop-oldest"  # options of a sink that must hold nobody up


class Failure(Exception):
    """The case does not hold."""


def flood(sent, stop, size):
    """As many datagrams as it can, by 32 flows in turn; counts them."""
    with contextlib.ExitStack() as stack:
        flows = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                 for _ in range(32)]
        for one in flows:
            one.connect(("127.0.0.1", FLOOD_PORT))
        count = 0
        while not stop.is_set():
            for number in range(1000):
                with contextlib.suppress(OSError):
                    flows[number % len(flows)].send(b"x" * size)
                    count += 1
            sent.value = count


class Load:
    """Floods with two processes until stopped. The socket that it goes to is never read: without
    one each second send would be refused, and half of what is seen be the kernel's errors.
    """

    def __init__(self, size=64):
        self.size = size

    def __enter__(self):
        self.sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sink.bind(("127.0.0.1", FLOOD_PORT))
        self.stop = multiprocessing.Event()
        self.counts = [multiprocessing.Value("Q", 0, lock=False) for _ in range(2)]
        self.senders = [multiprocessing.Process(target=flood, args=(count, self.stop, self.size))
                        for count in self.counts]
        self.begin = time.monotonic()
        for sender in self.senders:
            sender.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for sender in self.senders:
            sender.join(30)
        seconds = time.monotonic() - self.begin
        self.sink.close()
        self.sent = sum(count.value for count in self.counts)
        self.rate = self.sent / seconds


class Probe:
    """A datagram every 10 ms to the next port, from now until the end of the case."""

    def __init__(self):
        self.socket, self.times = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), []

    def during(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                self.socket.sendto(b"probe", ("127.0.0.1", FIRST_PROBE + len(self.times)))
            self.times.append(time.monotonic())
            time.sleep(0.01)


class Tracee:
    def __init__(self, program, folder, *arguments, before=None):
        self.path, self.errors = f"{folder}/probes.json", f"{folder}/errors"
        first, last = FIRST_PROBE, FIRST_PROBE + PROBES
        with open(self.errors, "wb") as errors:
            # Every event is formatted; only the probes are kept.
            self.process = subprocess.Popen(
                [program, "--events", EVENTS, "--output", "json:/dev/null", "--output",
                 f"json:{self.path}?filter=data.dst_port >= {first} && data.dst_port < {last}",
                 *arguments], stdout=subprocess.DEVNULL, stderr=errors, preexec_fn=before)
        end = time.monotonic() + 60
        while "tracee: tracing" not in self.said():
            if time.monotonic() > end or self.process.poll() is not None:
                raise Failure(f"tracee does not trace: {self.said()}")
            time.sleep(0.01)

    def said(self):
        with open(self.errors, encoding="utf-8") as file:
            return file.read()

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])

    def end(self):
        """(seen, lost) by the account, which has to be exact; and the probes that were seen."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(120)
        said = self.said()
        if status != 0:
            raise Failure(f"status {status}: {said}")
        shed = re.search(r"shed: packets (\d+), payloads (\d+)", said)
        self.shed, self.cut = map(int, shed.groups()) if shed else (0, 0)
        packets = re.search(r"seen (\d+), filtered (\d+), emitted (\d+), lost (\d+)", said)
        seen, filtered, emitted, lost = map(int, packets.groups())
        received = int(re.search(r"decode: received (\d+)", said)[1])
        if seen != filtered + emitted + lost or emitted != received:
            raise Failure(f"the account is not exact: {said}")
        for matched, written, dropped in re.findall(
                r"matched (\d+), written (\d+), dropped (\d+)", said):
            if int(matched) != int(written) + int(dropped):
                raise Failure(f"an output's account is not exact: {said}")
        told, told_cut, ports = 0, 0, set()
        with open(self.path, encoding="utf-8") as file:
            for line in file:
                event = json.loads(line)
                arguments = {one["name"]: one["value"] for one in event["args"]}
                if event["eventName"] == "lost_events":
                    if arguments["stage"] in ("ring_full", "load_failed", "shed"):
                        told += arguments["count"]
                    elif arguments["stage"] == "payload":
                        told_cut += arguments["count"]
                else:
                    ports.add(arguments["dst_port"])
        if told != lost:
            raise Failure(f"{lost} packets were lost and {told} told")
        if told_cut != self.cut:
            raise Failure(f"{self.cut} packets came without payload and {told_cut} told")
        return seen, lost, ports


class Group:
    """A cgroup of version 1 or 2 for one process, of one controller."""

    def __init__(self, controller):
        self.path = None
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            for line in mounts:
                _, point, kind, options = line.split()[:4]
                if kind == "cgroup" and controller in options.split(","):
                    self.path, self.version = f"{point}/tracee-overload-{os.getpid()}", 1
                elif kind == "cgroup2" and self.path is None:
                    with open(f"{point}/cgroup.controllers", encoding="ascii") as file:
                        if controller in file.read().split():
                            self.path, self.version = f"{point}/tracee-overload-{os.getpid()}", 2
        if self.path is None:
            raise Failure(f"no cgroup controller {controller}")
        os.mkdir(self.path)

    def set(self, name, value):
        with open(f"{self.path}/{name}", "w", encoding="ascii") as file:
            file.write(str(value))

    def number(self, name, key):
        with open(f"{self.path}/{name}", encoding="ascii") as file:
            return int(re.search(rf"^{key} (\d+)", file.read(), re.MULTILINE)[1])

    def add_self(self):
        self.set("cgroup.procs", os.getpid())

    def remove(self):
        os.rmdir(self.path)


def cpu_share(group, percent):
    period = 100_000
    if group.version == 1:
        group.set("cpu.cfs_quota_us", -1 if percent is None else period * percent // 100)
    else:
        group.set("cpu.max", f"{'max' if percent is None else period * percent // 100} {period}")


# --- cases: each makes trouble, and returns the moment of relief and the load ---

def nothing(tracee, probe, seconds):
    """a flood, for comparison"""
    with Load() as load:
        probe.during(seconds)
    return time.monotonic(), load


def stopped(tracee, probe, seconds):
    """stopped (SIGSTOP) under a flood, then continued"""
    with Load() as load:
        tracee.process.send_signal(signal.SIGSTOP)
        probe.during(seconds)
    tracee.process.send_signal(signal.SIGCONT)
    return time.monotonic(), load


def shed_headers(tracee, probe, seconds):
    """stopped under a flood of which payload is wanted, `--shed headers`"""
    with Load(1000) as load:
        tracee.process.send_signal(signal.SIGSTOP)
        probe.during(seconds)
    tracee.process.send_signal(signal.SIGCONT)
    return time.monotonic(), load


def shed_sample(tracee, probe, seconds):
    """stopped under a flood, `--shed sample:16`"""
    return stopped(tracee, probe, seconds)


def killed_sink(tracee, probe, seconds):
    """a webhook that nobody serves, under a flood"""
    return nothing(tracee, probe, seconds)


def dead_sinks(tracee, probe, seconds):
    """Kafka, NATS, Fluent and OTLP servers that are not there, under a flood"""
    return nothing(tracee, probe, seconds)


def starved(tracee, probe, seconds, percent=5):
    """5 % of a processor, a ring of 4 MiB and a second format, under a flood"""
    group = Group("cpu")
    try:
        cpu_share(group, percent)
        group.set("cgroup.procs", tracee.process.pid)
        with Load() as load:
            probe.during(seconds)
        if group.number("cpu.stat", "nr_throttled") == 0:
            raise Failure("the limit was never reached")
        cpu_share(group, None)
        relief = time.monotonic()
    finally:
        with open(f"{os.path.dirname(group.path)}/cgroup.procs", "w", encoding="ascii") as root:
            root.write(str(tracee.process.pid))
        group.remove()
    return relief, load


def starved_sample(tracee, probe, seconds):
    """5 % of a processor, a ring of 4 MiB and `--shed sample:16`, under a flood"""
    return starved(tracee, probe, seconds)


def outrun(tracee, probe, seconds):
    """2 % of a processor, less than half of what the flood takes, and a ring of the usual size"""
    return starved(tracee, probe, seconds, 2)


def namespaces(tracee, probe, seconds):
    """network namespaces made and deleted with packets on their way"""
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        name = f"tracee-overload-{os.getpid()}-{number}"
        number += 1
        subprocess.run(["ip", "netns", "add", name], check=True)
        sender = subprocess.Popen(
            ["ip", "netns", "exec", name, "sh", "-c",
             "ip link set lo up; exec ping -q -i 0.002 -c 1000 127.0.0.1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        probe.during(0.2)
        subprocess.run(["ip", "netns", "delete", name], check=True)
        sender.kill()
        sender.wait()
    return time.monotonic(), None


def renamed(tracee, probe, seconds):
    """an interface renamed and taken away while it carries packets"""
    one = f"tro{os.getpid() % 100000}"
    other = one + "x"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        subprocess.run(["ip", "link", "add", one, "type", "veth", "peer", "name", one + "p"],
                       check=True)
        subprocess.run(["ip", "addr", "add", "10.213.77.1/24", "dev", one], check=True)
        subprocess.run(["ip", "link", "set", one, "up"], check=True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            with contextlib.suppress(OSError):
                sender.sendto(b"x", ("10.213.77.2", FLOOD_PORT))
            subprocess.run(["ip", "link", "set", one, "down"], check=True)
            subprocess.run(["ip", "link", "set", one, "name", other], check=True)
            subprocess.run(["ip", "link", "set", other, "up"], check=True)
            with contextlib.suppress(OSError):
                sender.sendto(b"x", ("10.213.77.2", FLOOD_PORT))
        subprocess.run(["ip", "link", "delete", other], check=True)
        probe.during(0.1)
    return time.monotonic(), None


def cgroups(tracee, probe, seconds):
    """cgroups made and removed with packets of theirs on the way, and cgroup2 mounted again"""
    number, end = 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="tracee-overload-") as point:
        while time.monotonic() < end:
            subprocess.run(["mount", "-t", "cgroup2", "none", point], check=True)
            try:
                path = f"{point}/tracee-overload-{os.getpid()}-{number}"
                number += 1
                os.mkdir(path)
                send = ("import socket\nfor _ in range(100): socket.socket(socket.AF_INET, "
                        f"socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {FLOOD_PORT}))")
                subprocess.run(["sh", "-c", f"echo $$ >{path}/cgroup.procs; exec python3 -c \"$1\"",
                                "sh", send], check=False, stderr=subprocess.DEVNULL)
                os.rmdir(path)
            finally:
                subprocess.run(["umount", point], check=True)
            probe.during(0.1)
    return time.monotonic(), None


def run(program, case, seconds):
    arguments, before, group = ARGUMENTS.get(case, []), None, None
    with tempfile.TemporaryDirectory(prefix="tracee-overload-") as folder:
        if case is small_memory:
            group = Group("memory")
            group.set("memory.limit_in_bytes" if group.version == 1 else "memory.max", 64 << 20)
            before = group.add_self
        tracee = None
        try:
            tracee = Tracee(program, folder, *arguments, before=before)
            probe = Probe()
            probe.during(0.5)
            relief, load = case(tracee, probe, seconds)
            probe.during(3)
            memory = tracee.memory_kib()
            seen, lost, ports = tracee.end()
        finally:
            if tracee and tracee.process.poll() is None:
                tracee.process.kill()
                tracee.process.wait()
            if group:
                group.remove()
    missing = [at for number, at in enumerate(probe.times) if FIRST_PROBE + number not in ports]
    recovery = max([at - relief for at in missing] + [0])
    if (case is shed_headers and tracee.cut == 0) or (case in (shed_sample, starved_sample) and tracee.shed == 0):
        raise Failure("nothing was shed")
    if lost == 0 and case in (stopped, starved, starved_sample, outrun):
        raise Failure("nothing was lost: that was no trouble")
    return {"seen": seen, "lost": lost, "cut": tracee.cut, "rate": load.rate if load else 0,
            "missing": f"{len(missing)} of {len(probe.times)}", "recovery": recovery,
            "memory": memory}


def small_memory(tracee, probe, seconds):
    """64 MiB of memory, its own and the kernel's for it, under a flood"""
    return nothing(tracee, probe, seconds)


CASES = [nothing, stopped, shed_headers, shed_sample, starved, starved_sample, outrun, small_memory,
         killed_sink, dead_sinks, namespaces, renamed, cgroups]
# 5 % is enough for one format, and the usual ring takes in what a short flood brings.
SLOWER = ["--ring-size", "4MiB", "--output", "table-verbose:/dev/zero"]
SAMPLE = ["--shed", "sample:16"]
DEAD = ("kafka:127.0.0.1:1/topic", "nats:nats://127.0.0.1:1/subject", "forward:tcp://127.0.0.1:1",
        "otlp:http://127.0.0.1:1")
ARGUMENTS = {
    shed_headers: ["--shed", "headers", "--events", "net_packet_dns",
                   "--dns-ports", str(FLOOD_PORT)],
    shed_sample: SAMPLE,
    starved: SLOWER,
    starved_sample: [*SLOWER, *SAMPLE],
    killed_sink: ["--output", f"webhook:http://127.0.0.1:1/?{DROPS}"],
    dead_sinks: [word for place in DEAD for word in ("--output", f"{place}?{DROPS}")],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tracee")
    parser.add_argument("--only", action="append", choices=[case.__name__ for case in CASES])
    parser.add_argument("--seconds", type=float, default=10, help="of trouble, each case")
    parser.add_argument("--long", type=float, default=10, help="seconds of the case `outrun`")
    parser.add_argument("--write", help="the page whose table is to be replaced")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("overload: needs root", file=sys.stderr)
        return 77
    lines = ["| what happens | for | packets sent/s | seen | lost, all told | cut, all told | probes not seen | "
             "nothing lost after | most memory |", "|" + "---|" * 9]
    bad = 0
    for case in CASES:
        if options.only and case.__name__ not in options.only:
            continue
        print(f"overload: {case.__name__}", file=sys.stderr)
        try:
            seconds = options.long if case is outrun else options.seconds
            found = run(os.path.abspath(options.tracee), case, seconds)
        except Failure as failure:
            bad += 1
            lines.append(f"| {case.__doc__} | {seconds:.0f} s | failed: {failure} | | | | | | |")
            continue
        bad += found["recovery"] > 1
        lines.append(
            f"| {case.__doc__} | {seconds:.0f} s | {found['rate']:,.0f} | {found['seen']:,} | {found['lost']:,} | "
            f"{found['cut']:,} | {found['missing']} | {found['recovery'] * 1000:.0f} ms | {found['memory'] >> 10} MiB |")
    table = "\n".join(lines)
    print(table)
    if options.write and not options.only:
        with open(options.write, encoding="utf-8") as file:
            head = file.read().partition("<!-- table -->")[0]
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(f"{head}<!-- table -->\n\n{table}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
