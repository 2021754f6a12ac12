#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Traces a changing load for long: is every owner right, is anything lost, does memory grow?

run.py TRACEE [--minutes N] [--write docs/soak.md]

In a network namespace of its own: nginx and dnsmasq, whose clients (load.py) come at a rate that
changes; every minute connections of processes whose ids are used again at once (the live
tests' churn.py), a container that comes and goes (of a containerd of its own), and other
policies by SIGHUP. All events are read from a pipe and judged as they come. Needs root.
Exit status: 0 all owners right, the account exact, every request told at both its ends and
memory flat; 1 not so; 77 the machine lacks something, which is said.
"""
import argparse
import collections
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "live"))
import churn  # noqa: E402
from containerd import IMAGE, Containerd, make_image  # noqa: E402
from process import Failure, await_, boot_epoch_ns, need_programs, outcome, read  # noqa: E402
from run import need_capabilities  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LIVE = os.path.join(os.path.dirname(HERE), "live")
SERVERS, CONTAINER = "10.78.0.1", "10.78.0.2"
# Each round has an address of its own: its ports are the same each time.
CHURN = [f"10.78.0.{number}" for number in range(10, 250)]
CHURNS = 500
# Events are judged so long after they came: by then it is known who was to own them.
DELAY_S = 3
# Slower growth than this is noise: pages that are touched for the first time.
FLAT_KIB_PER_MINUTE = 16
POLICY = """apiVersion: tracee.aquasec.com/v1beta1
kind: Policy
metadata:
  name: soak{name}
spec:
  scope: [global]
  rules:
"""
RULE = """  - event: {event}
    filters: ["data.src=10.78.0.*"]
"""
META_RULE = """  - event: {event}
    filters: ["data.metadata.src_ip=10.78.0.*"]
"""
CONTAINER_WORK = (f"ip link set lo up; ip addr add {CONTAINER}/32 dev lo; mkdir -p /www; "
                  f"echo hello >/www/index.html; httpd -p {CONTAINER}:80 -h /www; "
                  f"for i in 1 2 3 4 5 6 7 8 9 10; do wget -q -O /dev/null http://{CONTAINER}/; "
                  "sleep 1; done")
HTTP, DNS = "net_packet_http_request", "net_packet_dns_request"


def policy(number):
    """Every other time with an event more."""
    text = POLICY.format(name=number) + RULE.format(event="net_packet_tcp")
    text += META_RULE.format(event=HTTP) + META_RULE.format(event=DNS)
    return text + (RULE.format(event="net_packet_icmp") if number % 2 else "")


class Verdicts:
    """Judges events; those of a round of churn are kept until its end. One thread's."""

    def __init__(self):
        self.owners = {}         # port: (pid, name), told by load.py before it is used
        self.wrong = []
        self.events = 0
        self.asked = {HTTP: 0, DNS: 0}   # events of requests to the servers
        self.round = []          # events of the churn that runs
        self.named, self.nameless = set(), 0
        self.lost = 0
        self.latest = 0          # time of the last event that was judged

    def complain(self, event, why):
        if len(self.wrong) < 3:
            print(f"soak: {why}: {json.dumps(event)}", file=sys.stderr)
        self.wrong.append(why)

    def look_at(self, line):
        event = json.loads(line)
        name = event["eventName"]
        if name == "lost_events":
            self.lost += 1
            return
        self.events += 1
        self.latest = event["timestamp"]
        data = {argument["name"]: argument["value"] for argument in event["args"]}
        packet = data.get("metadata", data)
        source = packet.get("src", packet.get("src_ip"))
        if source == CONTAINER:
            self.judge_container(event)
        elif source == SERVERS and name in ("net_packet_tcp", *self.asked):
            if name in self.asked:
                self.asked[name] += 1
            self.judge(event, packet, data)
        elif name == "net_packet_tcp":
            self.round.append(line)

    def judge_container(self, event):
        container = event["container"]
        if event["containerId"] and container.get("name"):
            self.named.add(event["containerId"])
        elif event["containerId"] in self.named:
            self.complain(event, "the container has lost its name")
        else:
            self.nameless += 1

    def judge(self, event, packet, data):
        leaves = event["network"]["direction"] == "egress"
        to_server = packet["dst_port"] in (53, 80)
        port = packet["src_port"] if to_server else packet["dst_port"]
        server = packet["dst_port"] if to_server else packet["src_port"]
        if event["hostProcessId"] == 0:
            if not (leaves and data.get("proto_tcp", {}).get("RST") == 1):
                self.complain(event, "nobody's")
        elif to_server == leaves:
            owner = self.owners.get(port)
            if (event["hostProcessId"], event["processName"]) != owner:
                self.complain(event, f"not {owner}")
        elif event["processName"] != {53: "dnsmasq", 80: "nginx"}[server]:
            self.complain(event, "not the server's")


class Soak:
    def __init__(self, program, folder, seconds):
        self.program, self.folder, self.seconds = program, folder, seconds
        self.netns = f"tracee-soak-{os.getpid()}"
        self.verdicts, self.waiting = Verdicts(), collections.deque()
        self.processes, self.threads, self.memory = [], [], []
        self.containerd, self.churns, self.containers, self.reloads = None, 0, 0, 0
        self.asked = None

    # --- start and end ---

    def start(self, *command, inside=True, **options):
        prefix = ["ip", "netns", "exec", self.netns] if inside else []
        log = open(f"{self.folder}/{len(self.processes)}.log", "wb")
        process = subprocess.Popen([*prefix, *command], stderr=log,
                                   stdout=options.pop("stdout", log), **options)
        self.processes.append(process)
        return process

    def begin(self):
        subprocess.run(["ip", "netns", "add", self.netns], check=True)
        subprocess.run(["ip", "-n", self.netns, "link", "set", "lo", "up"], check=True)
        for address in [SERVERS, *CHURN]:
            subprocess.run(["ip", "-n", self.netns, "addr", "add", f"{address}/32", "dev", "lo"],
                           check=True)
        self.start("nginx", "-p", self.folder, "-c", f"{LIVE}/nginx.conf")
        self.start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
                   "--no-hosts", "--user=root", f"--pid-file={self.folder}/dnsmasq.pid",
                   "--bind-interfaces", f"--listen-address={SERVERS}",
                   "--address=/example.test/192.0.2.7")
        self.containerd = Containerd(self.folder)
        make_image(f"{self.folder}/image.tar", shutil.which("busybox"))
        self.containerd.ctr("image", "import", "--snapshotter", "native",
                            f"{self.folder}/image.tar")
        self.write_policy()
        self.tracee = self.start(
            self.program, "--policy", f"{self.folder}/policy.yaml", "--cri",
            f"containerd:{self.containerd.socket}", "--output", "json", "--output",
            "option:extended", inside=False, stdout=subprocess.PIPE)
        self.errors = f"{self.folder}/{len(self.processes) - 1}.log"
        self.in_thread(self.read_events)
        await_("tracee tracing", lambda: "tracee: tracing" in read(self.errors),
               alive=lambda: self.tracee.poll() is None)

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()
        if self.containerd:
            self.containerd.end()
        subprocess.run(["ip", "netns", "delete", self.netns], check=False)

    def in_thread(self, work):
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.threads.append(thread)
        return thread

    # --- what is read ---

    def read_events(self):
        with self.tracee.stdout as lines:
            for line in lines:
                self.waiting.append((time.monotonic() + DELAY_S, line))

    def judge(self, until):
        """Those that came before, in their order."""
        while self.waiting and self.waiting[0][0] < until:
            self.verdicts.look_at(self.waiting.popleft()[1])

    def idle(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.2)
            self.judge(time.monotonic())

    def read_ports(self):
        with self.load.stdout as lines:
            for line in lines:
                what, *rest = line.decode().split()
                if what == "open":
                    self.verdicts.owners[int(rest[0])] = (int(rest[1]), rest[2])
                else:
                    self.asked = dict(zip((HTTP, DNS), map(int, rest)))

    # --- what happens every minute ---

    def write_policy(self):
        path = f"{self.folder}/policy.yaml"
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(policy(self.reloads))
        os.rename(path + ".new", path)

    def reload(self):
        before = read(self.errors).count("policies read again")
        self.reloads += 1
        self.write_policy()
        self.tracee.send_signal(signal.SIGHUP)
        await_("policies read again",
               lambda: read(self.errors).count("policies read again") > before)

    def churn(self):
        log = f"{self.folder}/churn.log"
        process = self.start(f"{LIVE}/programs/churn.py", str(CHURNS),
                             CHURN[self.churns % len(CHURN)], log)
        await_("the end of churn.py", lambda: self.idle(0.5) or process.poll() is not None, 300)
        if process.poll() != 0:
            raise Failure("churn.py failed")
        end = time.time_ns() + 1_000_000_000
        await_("the events behind it", lambda: self.idle(0.5) or self.verdicts.latest > end, 300)
        # `ip` has become the program: the id is the listener's.
        judge = churn.Judge(log, process.pid, boot_epoch_ns())
        events, self.verdicts.round = self.verdicts.round, []
        for line in events:
            judge.look_at(line)
        for event, why in judge.wrong:
            self.verdicts.complain(event, f"churn: {why}")
        verdict = judge.verdict(CHURNS)
        if verdict:
            raise Failure(f"churn: {verdict}")
        os.unlink(log)
        self.churns += 1

    def container(self):
        name = f"soak-{os.getpid()}-{self.containers}"
        self.containerd.containers.append(("default", name))
        self.containerd.ctr("run", "--detach", "--snapshotter", "native", "--cap-add",
                            "CAP_NET_ADMIN", IMAGE, name, "/bin/sh", "-c", CONTAINER_WORK)
        self.idle(12)
        self.containerd.ctr("task", "kill", "--signal", "KILL", name, check=False)
        await_("the end of the container",
               lambda: self.containerd.ctr("task", "rm", name, check=False) == 0)
        self.containerd.ctr("container", "rm", name)
        self.containers += 1

    def sample_memory(self):
        status = read(f"/proc/{self.tracee.pid}/status")
        self.memory.append((time.monotonic(), int(re.search(r"RssAnon:\s+(\d+)", status)[1])))

    def run(self):
        self.load = self.start(f"{HERE}/load.py", SERVERS, str(self.seconds),
                               stdout=subprocess.PIPE)
        ports = self.in_thread(self.read_ports)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and self.tracee.poll() is None:
            minute = time.monotonic() + 60
            for step in (self.reload, self.churn, self.container):
                step()
                self.sample_memory()
            while time.monotonic() < min(minute, end):
                self.idle(1)
                self.sample_memory()
        if self.load.wait(120) != 0:
            raise Failure(read(f"{self.folder}/{len(self.processes) - 1}.log")[-2000:])
        ports.join()
        self.idle(2)
        self.tracee.send_signal(signal.SIGINT)
        status = self.tracee.wait(60)
        for thread in self.threads:
            thread.join()
        self.judge(float("inf"))
        if status != 0:
            raise Failure(f"tracee ended with status {status}: {read(self.errors)[-2000:]}")

    # --- what is found ---

    def growth(self):
        """KiB a minute over the second half, by least squares; and the most there was."""
        late = self.memory[len(self.memory) // 2:]
        slope = statistics.linear_regression(*zip(*late)).slope if len(late) > 1 else 0
        return slope * 60, max(y for _, y in self.memory)

    def account(self):
        said = read(self.errors)
        found = re.search(r"seen (\d+), filtered (\d+), emitted (\d+), lost (\d+)", said)
        seen, filtered, emitted, lost = map(int, found.groups())
        if seen != filtered + emitted + lost:
            raise Failure(f"the account is not exact: {found[0]}")
        return seen, lost

    def table(self):
        """Lines of the page, and what speaks against the run."""
        v = self.verdicts
        seen, lost = self.account()
        growth, most = self.growth()
        against = []
        if v.wrong:
            against.append(f"{len(v.wrong)} wrong owners")
        if lost or v.lost:
            against.append(f"{lost} packets lost")
        for event, count in self.asked.items():
            if v.asked[event] != 2 * count:
                against.append(f"{event}: {v.asked[event]} events of {count} requests")
        if growth > FLAT_KIB_PER_MINUTE:
            against.append(f"memory grows by {growth:.1f} KiB a minute")
        if len(v.named) != self.containers:
            against.append(f"{len(v.named)} of {self.containers} containers had their name")
        rows = [("minutes", f"{self.seconds / 60:.0f}"), ("packets seen", f"{seen:,}"),
                ("lost", f"{lost:,}"), ("events judged", f"{v.events:,}"),
                ("wrong owners", len(v.wrong)),
                ("HTTP requests, each told at both ends", f"{self.asked[HTTP]:,}"),
                ("DNS queries, each told at both ends", f"{self.asked[DNS]:,}"),
                (f"rounds of {CHURNS} connections whose processes' ids are used again", self.churns),
                ("containers that came and went", self.containers),
                ("events of theirs before the name had come", v.nameless),
                ("policies read again", self.reloads),
                ("private memory, most", f"{most:,} KiB"),
                ("its growth in the second half", f"{growth:+.1f} KiB a minute")]
        return ["| what | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)], against


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tracee")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--write", help="the page whose table a good run of 30 minutes replaces")
    options = parser.parse_args()
    table, against = [], []

    def work():
        need_capabilities()
        need_programs("containerd", "ctr", "runc", "busybox", "nginx", "dnsmasq", "ip")
        with tempfile.TemporaryDirectory(prefix="tracee-soak-") as folder:
            soak = Soak(os.path.abspath(options.tracee), folder, options.minutes * 60)
            try:
                soak.begin()
                soak.run()
                found = soak.table()
            finally:
                soak.end()
        table.extend(found[0])
        against.extend(found[1])

    status = outcome(work)
    if status != 0:
        return status
    print("\n".join(table))
    for line in against:
        print(f"soak: {line}", file=sys.stderr)
    if options.write and not against and options.minutes >= 30:
        head = read(options.write).partition("<!-- table -->")[0]
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(f"{head}<!-- table -->\n\n" + "\n".join(table) + "\n")
    return 1 if against else 0


if __name__ == "__main__":
    sys.exit(main())
