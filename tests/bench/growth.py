# SPDX-License-Identifier: Apache-2.0
"""What an event costs when there are more rules, more sockets, more packets."""
import contextlib
import json
import os
import statistics
import subprocess
import time

from common import Table, alone, events_written, in_turns, run_in_turns, say
from live import UDP, Load, on_one_cpu, tracee

PORT, PORTS = 20000, 64
RATE = 50_000
STATISTICS = "/proc/sys/kernel/bpf_stats_enabled"
POLICY = """type: policy
name: policy-{number:02}
scope: [global]
rules:
  - event: {event}
    filters: ["{filter}"]
"""


@contextlib.contextmanager
def program_statistics():
    """The kernel takes the time of programs, of everybody's."""
    with open(STATISTICS, encoding="ascii") as file:
        before = file.read()
    write(STATISTICS, "1")
    try:
        yield
    finally:
        write(STATISTICS, before)


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def program_times():
    """Nanoseconds that each BPF program has run, by id."""
    shown = subprocess.run(["bpftool", "--json", "prog", "show"], stdout=subprocess.PIPE,
                           check=True).stdout
    return {program["id"]: program.get("run_time_ns", 0)
            for program in json.loads(shown) or [] if "id" in program}


def cost(bench, place, make, *load):
    """ns of tracee and of its programs for each event; and what was lost. Making the sockets
    is no event's cost, and not in it."""
    with alone(), program_statistics():
        others, before = program_times(), {}
        with on_one_cpu(bench, make) as tracer:
            sent = Load(bench, place, RATE, bench.seconds, *load,
                        ready=lambda: before.update(program_times()))
            time.sleep(0.1)
            after = program_times()
    kernel = sum(ns - before.get(number, 0) for number, ns in after.items()
                 if number not in others)
    events = 2 * sent.sent
    return {"user": tracer.cpu * 1e9 / tracer.written, "kernel": kernel / events,
            "lost": tracer.lost}


def growth_live(bench, place, table, what, forms):
    """`forms`: name, tracer, load; the first is what the others are held against."""
    found = {name: [] for name, _, _ in forms}
    for name, make, load in in_turns(forms, bench.rounds):
        found[name].append(cost(bench, place, make, *load))
    first = None
    for name, _, _ in forms:
        user, kernel = (statistics.median(one[figure] for one in found[name])
                        for figure in ("user", "kernel"))
        both, lost = user + kernel, sum(one["lost"] for one in found[name])
        first = first or both
        table.add(what, name, f"{user:,.0f}", f"{kernel:,.0f}", f"{both:,.0f}",
                  f"{both / first:.2f} ×", f"{lost:,}")
        what = ""


def rules(bench, place, count):
    """A tracer with so many policies, of which each event meets one."""
    folder = f"{place.folder}/policies-{count}"
    os.makedirs(folder, exist_ok=True)
    for number in range(count):
        port = f"data.dst_port={PORT + number}" if count > 1 else f"data.dst_port>={PORT}"
        write(f"{folder}/{number:02}.yaml", POLICY.format(number=number, event=UDP, filter=port))
    tracer = tracee(bench, "tracee", UDP)
    tracer.command = [*bench.priority, bench.tracee, "--policy", folder, "--output", "json"]
    return tracer


def growth(bench, place):
    table = Table("Growth", f"Live: {RATE:,} datagrams/s over loopback, each from the next socket "
                  "to itself, net_packet_udp as JSON to /dev/null. User: tracee's processor time; "
                  "kernel: what its programs ran (kernel.bpf_stats_enabled), those at a send "
                  f"included; medians of {bench.rounds} runs in turns. Each of the 64 rules asks "
                  "for another port, and each event meets one of them.",
                  ("what", "how many", "user ns/event", "kernel ns/event", "both", "growth",
                   "lost"))
    ports = (PORTS, 1, PORT)
    growth_live(bench, place, table, "rules",
                [("1", lambda: rules(bench, place, 1), ports),
                 ("64", lambda: rules(bench, place, PORTS), ports)])
    growth_live(bench, place, table, "sockets",
                [(f"{count:,}", lambda: tracee(bench, "tracee", UDP), (count, 1))
                 for count in (10, 10_000)])
    table.print()
    growth_replay(bench)


def growth_replay(bench):
    """The start, which is that of one packet, is taken off."""
    sizes = (1_000, 100_000, 10_000_000)
    table = Table("Growth of a replay", "A mixed capture, all twelve events as JSON to /dev/null, "
                  "one worker. The processor time of one packet's replay is taken off.",
                  ("packets", "runs", "CPU ns/event", "growth"))
    empty = bench.capture("mixed", 1)
    costs = {}
    for packets in sizes:
        path = bench.capture("mixed", packets)
        # What is short is disturbed most, and takes no time.
        rounds = max(bench.rounds, min(100, 10_000_000 // packets))
        say(f"{packets:,} packets, {rounds} times")
        runners = [bench.workers_on(path, "net_packet_*", 1, packets),
                   bench.workers_on(empty, "net_packet_*", 1, 1)]
        run_in_turns(runners, rounds)
        costs[packets] = ((runners[0].cpu() * packets - runners[1].cpu())
                          / events_written(runners[0].stderr), rounds)
        if packets == sizes[-1]:
            os.unlink(path)  # gigabytes
    first = costs[sizes[0]][0]
    for packets, (seconds, rounds) in costs.items():
        table.add(f"{packets:,}", str(rounds), f"{seconds * 1e9:,.0f}", f"{seconds / first:.2f} ×")
    table.print()
