# SPDX-License-Identifier: Apache-2.0
"""Loads that others know, untraced, beside tracee and beside tcpdump. Needs root.

Each part is a function of a Bench and a Place. The tracers take turns; `priority` is a
command that runs another at real-time priority, or nothing.
"""
import collections
import json
import os
import re
import select
import signal
import statistics
import subprocess
import time
import typing

from common import Table, alone, await_, die, in_turns, say
from tracers import Bpftrace, EmptyPrograms, Tcpdump, Tracee, Tracer, timed, usage_of

TCP_PORT, HTTP_PORT = 5201, 8080
NGINX = """daemon off;
worker_processes 1;
user root;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
	{log}
	keepalive_requests 1000000000;
	server {{
		listen 127.0.0.1:{port};
		{site}
	}}
}}
"""


class Site(typing.NamedTuple):
    """What nginx answers with, and what it writes for each request."""
    answer: str
    log: str = "access_log off;"


HELLO = 'location / { return 200 "hello\\n"; }'
BARE = Site(HELLO)
# What a Debian package of nginx does: a small page from disk, and a line in a log.
PAGE_BYTES = 615
PAGE = Site("root .; index index.html;", "sendfile on; tcp_nopush on; access_log access.log;")
COUNTED = Site(HELLO, 'log_format number "$uri"; access_log requests.log number buffer=64k;')
# One thread, so one counter.
COUNTING_SCRIPT = """local n = 0
function request()
  n = n + 1
  return wrk.format("GET", "/" .. n)
end
"""
# A million lines are read: by what is in them, not as JSON.
REQUEST = re.compile(r'"processName":"(wrk|nginx)".*"eventName":"net_packet_http_request"'
                     r'.*"uri_path":"(/\d+)"')
CONNECTIONS = 64
FIRST_CPU, SECOND_CPU = 0, 1
UDP = "net_packet_udp"


class Samples:
    """Figures of each tracer, over the rounds."""

    def __init__(self):
        self.of = collections.defaultdict(lambda: collections.defaultdict(list))

    def add(self, who, **figures):
        for name, value in figures.items():
            self.of[who][name].append(value)

    def median(self, who, name):
        return statistics.median(self.of[who][name])

    def least(self, who, name):
        return min(self.of[who][name])

    def total(self, who, name):
        return sum(self.of[who][name])


def tracee(bench, name, events, output="json", **options):
    return Tracee(name, [*bench.priority, bench.tracee, "--events", events, "--output", output],
                  **options)


def others(bench, place, *expression):
    """tcpdump to text and to packets, as tracee's JSON and `--write` are; bpftrace if it is there;
    and as the limit programs that do nothing, on the hooks that tracee looks from."""
    found = [lambda: EmptyPrograms([*bench.priority, f"{bench.tools}/empty_programs"]),
             lambda: Tcpdump("tcpdump -nn", [*bench.priority, *place.inside(
                 "tcpdump", "-nn", "-i", "lo", *expression)]),
             lambda: Tcpdump("tcpdump -w /dev/null", [*bench.priority, *place.inside(
                 "tcpdump", "-i", "lo", "-w", "/dev/null", *expression)])]
    if Bpftrace.can_trace():
        found.append(lambda: Bpftrace(bench.priority))
    return found


def beside(bench, peers, work, rounds=None):
    """Calls work() while each tracer runs, in turns; what it returns is kept."""
    samples = Samples()
    names = [make().name for make in peers]
    for make in in_turns(peers, rounds or bench.rounds):
        with alone(), make() as tracer:
            start = time.monotonic()
            figures = work()
            seconds = time.monotonic() - start
        samples.add(tracer.name, tracer=tracer.cpu / seconds, lost=tracer.lost,
                    seen=tracer.seen, written=tracer.written, **figures)
    return names, samples


def share(samples, who, alone_name, figure, better, of="median"):
    value, untraced = getattr(samples, of)(who, figure), getattr(samples, of)(alone_name, figure)
    return f"{(value / untraced) ** better:.1%}"


def losses(samples, who):
    """Of all rounds."""
    if None in samples.of[who]["lost"]:
        return ""
    lost, seen = samples.total(who, "lost"), samples.total(who, "seen")
    if who == Tracer.name:
        return ""
    return f"{lost:,}" if lost == 0 or seen == 0 else f"{lost:,} ({lost / seen:.1%})"


def rate_table(title, note, unit, cost_unit, names, samples, digits=0):
    """A row for each tracer: rate, cost of the load, and the tracer's own."""
    table = Table(title, note, ("tracer", unit, "of untraced", f"CPU {cost_unit}, median",
                                "of untraced", "least", "of untraced", "tracer's CPU", "lost"))
    first = names[0]
    for who in names:
        table.add(who, f"{samples.median(who, 'rate'):,.{digits}f}",
                  share(samples, who, first, "rate", 1),
                  f"{samples.median(who, 'cost'):,.1f}", share(samples, who, first, "cost", -1),
                  f"{samples.least(who, 'cost'):,.1f}",
                  share(samples, who, first, "cost", -1, "least"),
                  "" if who == Tracer.name else f"{samples.median(who, 'tracer'):.0%}",
                  losses(samples, who))
    table.print()


NOTE_COST = ("CPU is the processor time of both ends, without the tracer's own, which is of one "
             "processor; lost: packets, in all rounds. bpftrace prints the task and the length of "
             "what leaves, and no more; it tells its losses to nobody here.")


# --- TCP ---

def iperf3(bench, place):
    def work():
        with subprocess.Popen([*bench.priority, *place.inside(
                "iperf3", "--server", "--one-off", "--port", str(TCP_PORT))],
                              stdout=subprocess.DEVNULL) as server:
            await_("iperf3's server", lambda: is_listening(place, TCP_PORT))
            text, client_cpu = timed([*bench.priority, *place.inside(
                "iperf3", "--client", "127.0.0.1", "--port", str(TCP_PORT), "--time",
                str(bench.seconds), "--json")])
            server_cpu = usage_of(server)
        moved = json.loads(text)["end"]["sum_received"]
        return {"rate": moved["bits_per_second"] / 1e9,
                "cost": (client_cpu + server_cpu) * 1e3 / (moved["bytes"] / 1e9)}

    peers = [Tracer,
             lambda: tracee(bench, "tracee, output none", "net_packet_*", "none"),
             lambda: tracee(bench, "tracee, JSON", "net_packet_*"),
             *others(bench, place)]
    names, samples = beside(bench, peers, work)
    rate_table("iperf3", "TCP over loopback, one stream; all twelve events; output to /dev/null. "
               + NOTE_COST, "Gbit/s", "ms/GB", names, samples, digits=1)


def is_listening(place, port):
    done = subprocess.run(place.inside("ss", "-Hltn", f"sport = {port}"), stdout=subprocess.PIPE,
                          check=True)
    return bool(done.stdout.strip())


# --- HTTP ---

class Nginx:
    def __init__(self, bench, place, site):
        self.bench, self.place, self.cpu = bench, place, 0
        with open(f"{place.folder}/nginx.conf", "w", encoding="ascii") as file:
            file.write(NGINX.format(log=site.log, site=site.answer, port=HTTP_PORT))
        with open(f"{place.folder}/index.html", "w", encoding="ascii") as file:
            file.write("x" * PAGE_BYTES)

    def __enter__(self):
        self.process = subprocess.Popen(
            [*self.bench.priority, *self.place.inside(
                "nginx", "-p", self.place.folder, "-c", f"{self.place.folder}/nginx.conf")],
            stderr=subprocess.DEVNULL)
        await_("nginx", lambda: is_listening(self.place, HTTP_PORT))
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)  # writes its log first
        self.cpu = usage_of(self.process)
        if os.path.exists(f"{self.place.folder}/access.log"):
            os.unlink(f"{self.place.folder}/access.log")

    def load(self, *arguments):
        """(requests, a second, wrk's processor seconds)"""
        text, cpu = timed([*self.bench.priority, *self.place.inside(
            "wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration",
            f"{self.bench.seconds}s", *arguments, f"http://127.0.0.1:{HTTP_PORT}/")])
        if "Socket errors" in text or "Non-2xx" in text:
            die(f"wrk met errors: {text}")
        return (int(re.search(r"(\d+) requests in", text)[1]),
                float(re.search(r"Requests/sec: *([\d.]+)", text)[1]), cpu)


def wrk(bench, place):
    wrk_on(bench, place, BARE, "wrk", "answered with 6 bytes")
    wrk_on(bench, place, PAGE, "wrk and a page",
           f"answered with a page of {PAGE_BYTES} bytes from tmpfs, and logged")
    exactly_once(bench, place)


def wrk_on(bench, place, site, title, answered):
    def work():
        with Nginx(bench, place, site) as nginx:
            count, rate, cpu = nginx.load()
        return {"rate": rate, "cost": (cpu + nginx.cpu) * 1e6 / count}

    peers = [Tracer,
             lambda: tracee(bench, "tracee, net_packet_http", "net_packet_http"),
             lambda: tracee(bench, "tracee, net_packet_http_request", "net_packet_http_request"),
             *others(bench, place)]
    names, samples = beside(bench, peers, work)
    rate_table(title, f"HTTP requests of {CONNECTIONS} connections to nginx, {answered}; output as "
               "JSON to /dev/null. " + NOTE_COST, "requests/s", "µs/request", names, samples)


def exactly_once(bench, place):
    """Requests with numbers, by nginx's log and by events."""
    events = f"{place.folder}/events.json"
    script = f"{place.folder}/count.lua"
    with open(script, "w", encoding="ascii") as file:
        file.write(COUNTING_SCRIPT)
    total = collections.Counter()
    for _ in range(bench.rounds):
        with alone(), tracee(bench, "tracee", "net_packet_http_request", f"json:{events}") as own:
            with Nginx(bench, place, COUNTED) as nginx:
                nginx.load("--script", script)
        total += judge_requests(events, f"{place.folder}/requests.log")
        total["lost"] += own.lost
        for path in (events, f"{place.folder}/requests.log"):
            os.unlink(path)
    table = Table("Each request once", "The same load, each request with a number of its own, JSON "
                  "to a file on tmpfs; an end is told by the process, wrk or nginx;"
                  f" {bench.rounds} runs together. A request that nginx had not logged "
                  f"when wrk left is one of at most {CONNECTIONS} a run.",
                  ("requests in nginx's log", "seen once at both ends", "missed at an end",
                   "seen twice", "seen, not logged", "packets lost"))
    table.add(*(f"{total[name]:,}" for name in ("logged", "right", "missed", "twice", "unlogged",
                                                "lost")))
    table.print()


def judge_requests(events, log):
    with open(log, encoding="ascii") as file:
        logged = set(file.read().split())
    # By whose it is: one event at each end.
    seen = {"wrk": collections.Counter(), "nginx": collections.Counter()}
    with open(events, encoding="utf-8") as file:
        for line in file:
            hit = REQUEST.search(line)
            if hit:
                seen[hit[1]][hit[2]] += 1
    found = collections.Counter(logged=len(logged))
    for number in logged:
        both = [end[number] for end in seen.values()]
        found["right"] += both == [1, 1]
        found["missed"] += 0 in both
    found["twice"] = sum(count > 1 for end in seen.values() for count in end.values())
    found["unlogged"] = len(set().union(*seen.values()) - logged)
    return found


# --- UDP ---

class Load:
    """What the paced sender did, on a CPU of its own. `ready` is called when its sockets are
    there and nothing is sent yet."""

    def __init__(self, bench, place, rate, seconds, *more, ready=lambda: None):
        with subprocess.Popen(
                ["taskset", "-c", str(FIRST_CPU), *bench.priority, *place.inside(
                    f"{bench.tools}/paced", str(round(rate)), str(seconds), *map(str, more))],
                stdout=subprocess.PIPE, text=True) as process:
            if process.stdout.readline() != "ready\n":
                die("paced does not begin")
            ready()
            text = process.stdout.read()
        if process.returncode != 0:
            die("paced failed")
        sent, took, cost, late = map(float, text.split())
        self.sent, self.seconds, self.rate = int(sent), took, sent / took
        self.cost_us, self.late_ms = cost, late


def on_one_cpu(bench, make):
    """The tracer, on the CPU that the sender leaves to it."""
    tracer = make()
    tracer.command = ["taskset", "-c", str(SECOND_CPU), *tracer.command]
    return tracer


class Form:
    """What is sent, and how many packets each datagram is to a tracer."""

    def __init__(self, name, packets, *more):
        self.name, self.packets, self.more = name, packets, more


TO_ITSELF = Form("one socket", 2)
TO_GROUP = Form("three, by multicast", 4, 1, 64, 0, 3)


def run_paced(bench, place, make, form, rate, seconds):
    """(load, tracer) of one run; what the tracer wrote is deleted."""
    with alone(), on_one_cpu(bench, make) as tracer:
        load = Load(bench, place, rate, seconds, *form.more)
        time.sleep(0.1)  # what it has not read yet
    tracer.core = tracer.cpu / load.seconds
    for name in os.listdir(place.folder):
        if name.startswith("paced"):
            os.unlink(f"{place.folder}/{name}")
    return load, tracer


def greatest_rate(bench, place, make, form, most):
    """The greatest rate, in datagrams a second, of which nothing is lost in every round."""
    low, high = 0, most
    for _ in range(5):
        middle = (low + high) / 2
        load, tracer = run_paced(bench, place, make, form, middle, bench.seconds / 2)
        good = tracer.lost == 0 and load.rate > 0.95 * middle
        say(f"paced: {form.packets * load.rate:,.0f} events/s, {tracer.lost} lost")
        low, high = (middle, high) if good else (low, middle)
    while low > 1000:
        runs = []
        while len(runs) < bench.rounds and (not runs or runs[-1][1].lost == 0):
            runs.append(run_paced(bench, place, make, form, low, bench.seconds))
        if runs[-1][1].lost == 0:
            return runs
        say(f"paced: {runs[-1][1].lost} lost in a round")
        low *= 0.93
    return []


def paced(bench, place):
    path = f"{place.folder}/paced.json"
    to_file = ("a file", f"json:{path}")
    rotated = ("a new file each 16 MiB", f"json:{path}?rotate-size=16MiB&keep=1")
    most = {}
    with alone():
        for form in (TO_ITSELF, TO_GROUP):
            most[form] = statistics.median(
                Load(bench, place, 0, bench.seconds, *form.more).rate
                for _ in range(bench.rounds))
    table = Table("Paced datagrams", "64 bytes, 64 with one call, over loopback. A tracer sees "
                  "each leave and each come. The sender has one CPU, the tracer the other, and "
                  f"files are on tmpfs. The greatest rate of which {bench.rounds} runs of "
                  f"{bench.seconds} s lose nothing, found by halving; tcpdump, which takes what "
                  "passes lo once, at tracee's first rate.",
                  ("tracer", "to", "receivers", "datagrams/s", "untraced", "events/s",
                   "tracer's CPU", "sender's CPU", "late, ms", "lost"))
    first = None
    for form, (to, output) in [(TO_ITSELF, to_file), (TO_ITSELF, rotated),
                               (TO_ITSELF, ("/dev/null", "json:/dev/null")),
                               (TO_GROUP, to_file), (TO_GROUP, rotated)]:
        runs = greatest_rate(bench, place,
                             lambda output=output: tracee(bench, "tracee, JSON", UDP, output),
                             form, most[form])
        if runs:
            reached = add_paced(table, to, form, most[form], form.packets, runs)
            first = first or reached
        else:
            table.add("tracee, JSON", to, form.name, "none", *[""] * 6)
    for name, arguments, stdout in [("tcpdump -nn", (), path),
                                    ("tcpdump -w", ("-Z", "root", "-w", path), "/dev/null")]:
        command = [*bench.priority, *place.inside("tcpdump", "-i", "lo", "-nn", *arguments, "udp")]
        runs = first and [run_paced(bench, place, lambda: Tcpdump(name, command, stdout),
                                    TO_ITSELF, first, bench.seconds) for _ in range(bench.rounds)]
        if runs:
            add_paced(table, "a file", TO_ITSELF, most[TO_ITSELF], 1, runs)
    table.print()


def add_paced(table, to, form, most, events, runs):
    def median(figure):
        return statistics.median(figure(load, tracer) for load, tracer in runs)

    rate = median(lambda load, _: load.rate)
    lost, seen = (sum(getattr(tracer, name) for _, tracer in runs) for name in ("lost", "seen"))
    table.add(runs[0][1].name, to, form.name, f"{rate:,.0f}", f"{most:,.0f}",
              f"{events * rate:,.0f}", f"{median(lambda _, tracer: tracer.core):.0%}",
              f"{median(lambda load, _: load.cost_us * load.rate / 1e6):.0%}",
              f"{max(load.late_ms for load, _ in runs):,.1f}",
              f"{lost:,}" + (f" ({lost / seen:.1%})" if lost and seen else ""))
    return rate


def ping_pong(bench, place):
    def work():
        text, _ = timed([*bench.priority, *place.inside(f"{bench.tools}/ping_pong", "1")])
        rate, cost = map(float, text.split())
        return {"rate": rate, "cost": cost}

    def own(name, *arguments):
        return lambda: Tracee(name, [*bench.priority, bench.tracee, *arguments])

    nothing = ("--output", "none")
    peers = [Tracer,
             own("a port that nobody has", "--events", f"{UDP}.data.dst_port=1", *nothing),
             own("a name that nobody has", "--events", UDP, "--scope", "comm=nobody", *nothing),
             own("tracee, JSON", "--events", UDP, "--output", "json"),
             *others(bench, place, "udp")]
    names, samples = beside(bench, peers, work, max(bench.rounds, 9))
    rate_table("Ping-pong", "UDP between two processes on loopback, 1 byte; of the filters that "
               "match nothing the output is none. " + NOTE_COST, "round trips/s",
               "µs/round trip", names, samples)


# --- start ---



def start(bench, place):
    """From exec to the first line, while datagrams come."""
    peers = [("tracee, JSON", [bench.tracee, "--events", UDP, "--output", "json"],
              b"tracee: tracing"),
             ("tracee, JSON, all events", [bench.tracee, "--events", "net_packet_*", "--output",
                                           "json"], b"tracee: tracing"),
             ("tcpdump -nn -l", place.inside("tcpdump", "-nn", "-l", "-i", "lo"), b"listening on")]
    samples = Samples()
    with subprocess.Popen([*bench.priority, *place.inside(f"{bench.tools}/paced", "2000", "3600",
                                                          "1", "1")],
                          stdout=subprocess.DEVNULL) as load:
        for name, command, ready in in_turns(peers, max(bench.rounds, 9)):
            with alone():
                samples.add(name, **start_once([*bench.priority, *command], ready))
        load.kill()
    table = Table("Start", "From the start of the program, while datagrams go over loopback.",
                  ("tracer", "until it traces, ms", "until its first line, ms, median", "least"))
    for name, _, _ in peers:
        table.add(name, f"{samples.median(name, 'ready'):.0f}",
                  f"{samples.median(name, 'first'):.0f}", f"{samples.least(name, 'first'):.0f}")
    table.print()


def start_once(command, ready):
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for line in process.stderr:
            if ready in line:
                break
        traces = time.monotonic() - begin
        # It can be silent by mistake, and must not hang the bench and the lock.
        shows, _, _ = select.select([process.stdout], [], [], 30)
        if not shows or not process.stdout.readline():
            process.kill()
            die(f"{' '.join(command)} shows nothing")
        first = time.monotonic() - begin
        process.send_signal(signal.SIGINT)
        process.communicate()
    return {"ready": traces * 1e3, "first": first * 1e3}
