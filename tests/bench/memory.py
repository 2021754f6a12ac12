# SPDX-License-Identifier: Apache-2.0
"""What tracee holds when there is much to remember, and whether it grows."""
import re
import statistics
import subprocess
import time

from common import Table, alone, die, say
from live import tracee

SOCKETS, FLOWS = 10_000, 65_536
RATE = 20_000
SAMPLE_S = 1


def smaps(pid, name):
    """KiB, by the kernel's names."""
    with open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as file:
        return file.read()


def memory(pid):
    sums = {name: int(value) for name, value in
            re.findall(r"^(\w+): +(\d+) kB", smaps(pid, "smaps_rollup"), re.MULTILINE)}
    # A mapping is its line and the lines of figures below it.
    ring = sum(int(re.search(r"^Rss: +(\d+)", part, re.MULTILINE)[1])
               for part in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", smaps(pid, "smaps"))
               if "bpf-map" in part.partition("\n")[0] or "bpf_ringbuf" in part.partition("\n")[0])
    return {"rss": sums["Rss"], "ring": ring, "pss": sums["Pss"],
            "private": sums["Private_Clean"] + sums["Private_Dirty"], "anon": sums["Anonymous"]}


def slope(samples):
    """KiB a minute over the second half, by least squares."""
    late = samples[len(samples) // 2:]
    return 60 * statistics.linear_regression(*zip(*late)).slope if len(late) > 1 else 0


def add(table, what, found):
    table.add(what, *(f"{found[name] / 1024:.1f}" for name in ("rss", "ring", "pss", "private")))


def memory_of(bench, place):
    """The flows are both ends of half as many connections."""
    table = Table("Memory", "MiB. All twelve events as JSON to /dev/null. Each of the flows is one "
                  "end of a connection over loopback that has carried the beginning of an HTTP "
                  "request; the sockets send 20,000 datagrams/s together.",
                  ("state", "resident", "of it the ring and rules", "PSS", "private"))
    with alone(), tracee(bench, "tracee", "net_packet_*") as tracer:
        pid = tracer.process.pid
        time.sleep(1)
        add(table, "nothing special", memory(pid))
        seconds = max(10, 60 * bench.minutes)
        command = place.inside(f"{bench.tools}/open_streams", str(FLOWS // 2))
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as streams:
            if streams.stdout.readline() != "open\n":
                die("open_streams does not open them")
            time.sleep(1)
            add(table, f"{FLOWS:,} flows of HTTP", memory(pid))
            with subprocess.Popen(place.inside(f"{bench.tools}/paced", str(RATE), str(seconds),
                                               str(SOCKETS), "1"),
                                  stdout=subprocess.DEVNULL) as sockets:
                samples = watch(pid, sockets)
                if sockets.returncode != 0:
                    die("paced failed")
            add(table, f"and {SOCKETS:,} sockets", samples[-1][1])
            streams.stdin.close()
    evicted = int(re.search(r"streams: evicted (\d+)", tracer.said)[1])
    table.print()
    print(f"\n{evicted:,} flows had to leave the table; {tracer.lost:,} packets of "
          f"{tracer.seen:,} were lost.")
    private = [(moment, found["anon"]) for moment, found in samples]
    if bench.minutes > 0:
        print(f"In {bench.minutes:g} minutes of that load its own memory was "
              f"{max(size for _, size in private):,} KiB at most and grew by {slope(private):+.1f} "
              "KiB a minute in the second half.")


def watch(pid, load):
    """(seconds, memory) until the load ends."""
    samples = []
    start = time.monotonic()
    while load.poll() is None:
        samples.append((time.monotonic() - start, memory(pid)))
        time.sleep(SAMPLE_S)
    say(f"memory: {len(samples)} samples")
    return samples
