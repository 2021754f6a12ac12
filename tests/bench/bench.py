#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures a release build beside its peers and prints the table.

Figures of one row come from one run: the peers take turns, in an order that
changes from round to round, and the median of the rounds counts. The ratio is
of processor time (user and system), which other work on the machine disturbs
least; packets/s is by the wall clock.
"""
import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys

import growth
import live
import memory
from common import Runner, Table, die, events_written, lines_of, run_in_turns, say
from tracers import Place

# Functions of a Bench and the place of their load; they need root.
LIVE = {"iperf3": live.iperf3, "wrk": live.wrk, "paced": live.paced,
        "ping_pong": live.ping_pong, "start": live.start, "growth": growth.growth,
        "memory": memory.memory_of}
PARTS = ("events", "filters", "owners", "kernel", "unwanted", "sockets", "replay", "workers",
         *LIVE)


class Bench:
    def __init__(self, options):
        build = os.path.abspath(options.build)
        self.packets, self.rounds = options.packets, options.rounds
        self.seconds, self.minutes = options.seconds, options.minutes
        self.priority = ["chrt", "--fifo", "10"] if options.real_time else []
        self.tracee = f"{build}/tracee"
        self.tools = f"{build}/tests/bench"
        for needed in (self.tracee, f"{self.tools}/make_capture"):
            if not os.path.exists(needed):
                die(f"{needed} is not there; build it with TRACEE_BENCH=ON, or run ./dev bench")

    def events(self):
        table = Table("Events", "One thread; processor time, 512 different packets in turn; the "
                      "printed event has an owner. libtins makes objects of headers and of DNS "
                      "records, and prints nothing.",
                      ("event", "packet", "decode ns/packet", "libtins ns/packet",
                       "copy ns/packet", "JSON ns/event", "JSON bytes"))
        rows, code = lines_of([f"{self.tools}/events_bench"])
        if code != 0:
            die("events_bench failed")
        peer = f"{self.tools}/tins_bench"
        tins = dict(lines_of([peer])[0]) if os.path.exists(peer) else {}
        for event, packet, decode, json, size, copy in rows:
            table.add(event, packet, f"{float(decode):.0f}",
                      f"{float(tins[event]):.0f}" if event in tins else "", f"{float(copy):.0f}",
                      f"{float(json):.0f}", size)
        table.print()

    def filters(self):
        table = Table("Filters", "Whether one event is kept, by filters of different shapes.",
                      ("filter", "kept", "ns/event"))
        rows, code = lines_of([f"{self.tools}/filter_bench"])
        if code != 0:
            die("filter_bench failed")
        for text, share, ns in rows:
            # A bar would end the cell.
            table.add("`" + text.replace("|", "\\|") + "`", f"{float(share):.0%}", ns)
        table.print()

    def owners(self):
        table = Table("Owners", "What a packet's owner costs, with 2,000 processes known.",
                      ("from", "ns/packet"))
        rows, code = lines_of([f"{self.tools}/enrich_bench"])
        if code != 0:
            die("enrich_bench failed")
        for what, ns in rows:
            table.add(what, ns)
        table.print()

    def kernel(self):
        rows, code = lines_of([f"{self.tools}/kernel_bench"])
        if code != 0:
            print(f"\n## Kernel\n\nNot measured: {'; '.join(row[0] for row in rows[-2:])}.")
            return
        table = Table("Kernel", "BPF_PROG_TEST_RUN; the packets belong to no socket, and nobody "
                      "is woken.", ("program", "ns/packet", "above the empty one"))
        empty = float(rows[0][1])
        for name, ns in rows:
            table.add(name, ns, f"{float(ns) - empty:.0f}")
        table.print()

    def unwanted(self):
        """What a packet costs that nobody wants."""
        rows, code = lines_of([f"{self.tools}/run_time_bench"])
        if code != 0:
            print(f"\n## Unwanted packets\n\nNot measured: {rows[-1][0]}.")
            return
        table = Table("Unwanted packets", "By the kernel's own count of the programs' time, which "
                      "has its own cost in each, while datagrams go over loopback; beside an empty "
                      "program on the same cgroup.",
                      ("left out by", "empty, in", "empty, out", "ns in", "ns out", "above, in",
                       "above, out"))
        for name, empty_in, empty_out, ns_in, ns_out in rows:
            table.add(name, empty_in, empty_out, ns_in, ns_out,
                      str(int(ns_in) - int(empty_in)), str(int(ns_out) - int(empty_out)))
        table.print()

    def sockets(self):
        rows, code = lines_of([f"{self.tools}/owner_bench"])
        if code != 0:
            why = "; ".join(row[0] for row in rows[-2:])
            print(f"\n## Owners of sockets\n\nNot measured: {why}.")
            return
        ns = {name: float(value) for name, value in rows}
        table = Table("Owners of sockets", "The kernel's run-time statistics "
                      "(kernel.bpf_stats_enabled) on datagrams over loopback; the look itself "
                      "costs as much as the program that does nothing, and is taken off.",
                      ("what", "ns", "of it for the owner", "limit"))
        empty = {f"each {use}": ns.pop(f"a program at a {use} that does nothing")
                 for use in ("send", "receive")}
        for name, value in ns.items():
            if name.startswith("each"):
                above = f"{value - empty[name]:.0f}"
                table.add(name, above, above, "60")
            elif not name.endswith("kept"):
                without = ns[f"{name}, no owner kept"]
                table.add(name, f"{value - empty['each send']:.0f}", f"{value - without:.0f}", "25")
        table.print()

    def capture(self, mix, packets):
        path = f"{self.tools}/{mix}-{packets}.pcap"
        # Made anew after each build: the maker may have changed.
        maker = f"{self.tools}/make_capture"
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(maker):
            say(f"making {path}")
            subprocess.run([maker, mix, str(packets), path + ".new"], check=True)
            os.rename(path + ".new", path)
        with open(path, "rb") as file:  # into the page cache
            while file.read(1 << 20):
                pass
        return path

    def tracee_on(self, path, events):
        return self.workers_on(path, events, 1, self.packets)

    def workers_on(self, path, events, workers, packets):
        command = [self.tracee, "--input", path, "--output", "json", "--events", events,
                   "--workers", str(workers)]
        return Runner("tracee", packets, command)

    def tcpdump_on(self, path, *expression):
        name = " ".join(["tcpdump -nn", *(f"'{word}'" for word in expression)])
        return Runner(name, self.packets, ["tcpdump", "-nn", "-r", path, *expression])

    def tshark_on(self, mix, *arguments):
        """tshark is slow: a slice, and its start-up is taken off."""
        if not shutil.which("tshark"):
            return []
        slice_packets = min(self.packets, 10_000)
        path, empty = self.capture(mix, slice_packets), self.capture(mix, 1)
        command = ["tshark", "-n", "-T", "ek", *arguments, "-r"]
        return [Runner(" ".join(command[:-1]), slice_packets, command + [path],
                       command + [empty])]

    def read_loop_on(self, path):
        return Runner("bare libpcap loop", self.packets, [f"{self.tools}/read_loop", path])

    def replay(self):
        tcp, mixed = self.capture("tcp", self.packets), self.capture("mixed", self.packets)
        tcp_events = "net_packet_tcp"
        works = [
            ("TCP capture, net_packet_tcp as JSON",
             [self.tracee_on(tcp, tcp_events), self.tcpdump_on(tcp), *self.tshark_on("tcp")]),
            ("mixed capture, net_packet_tcp as JSON",
             [self.tracee_on(mixed, tcp_events), self.tcpdump_on(mixed, "tcp"),
              *self.tshark_on("mixed", "-Y", "tcp")]),
            ("mixed capture, all twelve events as JSON",
             [self.tracee_on(mixed, "net_packet_*"), self.tcpdump_on(mixed),
              *self.tshark_on("mixed")]),
            ("mixed capture, net_packet_dns as JSON",
             [self.tracee_on(mixed, "net_packet_dns"), self.tcpdump_on(mixed, "port 53"),
              *self.tshark_on("mixed", "-Y", "dns")]),
            ("mixed capture, a filter that matches nothing",
             [self.tracee_on(mixed, "net_packet_tcp.data.dst_port=1"),
              self.tcpdump_on(mixed, "port 1"), self.read_loop_on(mixed)]),
        ]
        table = Table(
            "Replay", f"{self.packets:,} packets, output to /dev/null; packets/s by the wall "
            "clock, the rest by processor time. CPU ns/event is the whole run over the events "
            "printed.",
            ("work", "program", "packets/s", "CPU ns/packet", "CPU ns/event", "peer ÷ tracee"))
        for work, runners in works:
            say(work)
            run_in_turns(runners, self.rounds)
            own = runners[0]
            for runner in runners:
                is_own = runner is own
                events = events_written(own.stderr) if is_own else 0
                table.add(
                    work if is_own else "", runner.name, f"{1 / runner.wall():,.0f}",
                    f"{runner.cpu() * 1e9:,.0f}",
                    f"{own.cpu() * 1e9 * own.packets / events:,.0f}" if events else "",
                    "" if is_own else f"{runner.cpu() / own.cpu():.2f} ×")
        table.print()

    def workers(self):
        packets = 4 * self.packets
        path = self.capture("mixed", packets)
        table = Table("Workers of a replay", f"{packets:,} packets, output to /dev/null, start "
                      "included; medians of runs that take turns.",
                      ("work", "workers", "events/s", "CPU ns/event", "of one worker's events/s"))
        for work, events in (("mixed capture, all twelve events as JSON", "net_packet_*"),
                             ("mixed capture, net_packet_tcp as JSON", "net_packet_tcp")):
            say(work)
            runners = [self.workers_on(path, events, count, packets) for count in (1, 2)]
            run_in_turns(runners, self.rounds)
            for count, runner in enumerate(runners, 1):
                written = events_written(runner.stderr) / packets
                table.add(work if count == 1 else "", str(count), f"{written / runner.wall():,.0f}",
                          f"{runner.cpu() * 1e9 / written:,.0f}",
                          f"{runners[0].wall() / runner.wall():.2f} ×")
        table.print()


def machine():
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model or platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"


def run_live(bench, names):
    """Those of them that are parts of LIVE."""
    parts = [name for name in LIVE if name in names]
    if not parts:
        return
    if os.geteuid() != 0:
        print(f"\n## Live\n\nNot measured: {', '.join(parts)} (they need root).")
        return
    with Place() as place:
        for name in parts:
            say(name)
            LIVE[name](bench, place)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", help="the release build's folder")
    parser.add_argument("--packets", type=int, default=500_000, help="of a capture")
    parser.add_argument("--rounds", type=int, default=5, help="of each replay and live load")
    parser.add_argument("--seconds", type=int, default=3, help="of each live load")
    parser.add_argument("--minutes", type=float, default=0, help="of a long look at memory")
    parser.add_argument("--real-time", action="store_true",
                        help="live loads and tracers at real-time priority: where other work runs")
    parser.add_argument("--only", choices=(*PARTS, "live"), action="append")
    options = parser.parse_args()
    if options.packets < 1 or options.rounds < 1 or options.seconds < 1:
        parser.error("--packets, --rounds and --seconds are at least 1")
    # A namespace and what is on tmpfs are removed even so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    bench = Bench(options)
    names = set(options.only or PARTS)
    if "live" in names:
        names |= set(LIVE)
    print(f"{machine()}; median of {options.rounds} rounds for replays and live loads, 15 for the "
          f"rest; load {os.getloadavg()[0]:.1f} at the start"
          f"{'; at real-time priority' if options.real_time else ''}.")
    for part in PARTS:
        if part in names and part not in LIVE:
            getattr(bench, part)()
    run_live(bench, names)


if __name__ == "__main__":
    main()
