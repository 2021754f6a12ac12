# SPDX-License-Identifier: Apache-2.0
"""Tracers that a load runs beside: tracee, tcpdump, or nobody; and the place of the load."""
import os
import re
import shutil
import signal
import subprocess
import tempfile

from common import await_, die


class Place:
    """A network namespace with a loopback of its own, and a folder on tmpfs."""

    def __init__(self):
        self.name = f"tracee-bench-{os.getpid()}"

    def __enter__(self):
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)
        self.folder = tempfile.mkdtemp(prefix="tracee-bench-", dir="/dev/shm")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)
        subprocess.run(["ip", "netns", "delete", self.name], check=False)

    def inside(self, *command):
        return ["nsenter", f"--net=/run/netns/{self.name}", *command]


def usage_of(process):
    """Ends a wait for a child; processor seconds of it and its children."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def cpu_ns(pid):
    """Of all threads there are; those that have ended are not in it."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


class Tracer:
    """Runs from `with` to its end, and then knows what it cost and what it lost.

    cpu: processor seconds of the time that it traced, without its start.
    lost, seen: packets. written: events.
    """

    name = "not traced"

    def __init__(self):
        self.process, self.cpu, self.lost, self.seen, self.written, self.said = None, 0, 0, 0, 0, ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Program(Tracer):
    """`ready`: what it says on standard error when it traces."""

    ready = b""

    def __init__(self, name, command, stdout="/dev/null"):
        super().__init__()
        self.name, self.command, self.stdout = name, command, stdout

    def __enter__(self):
        with open(self.stdout, "wb") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=subprocess.PIPE)
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if self.ready in line:
                break
        else:
            die(f"{' '.join(self.command)}: {b''.join(lines).decode()}")
        self.before_ns = cpu_ns(self.process.pid)
        return self

    def __exit__(self, kind, *_):
        self.cpu = (cpu_ns(self.process.pid) - self.before_ns) / 1e9
        self.process.send_signal(signal.SIGINT)
        self.said = self.process.stderr.read().decode()
        self.process.stderr.close()
        if self.process.wait(60) != 0 and kind is None:
            die(f"{' '.join(self.command)}: {self.said}")
        if kind is None:
            self.account()

    def account(self):
        raise NotImplementedError


class Tracee(Program):
    ready = b"tracee: tracing"

    def __init__(self, name, command, stdout="/dev/null"):
        super().__init__(name, command, stdout)

    def account(self):
        found = re.search(r"seen (\d+), filtered (\d+), emitted (\d+), lost (\d+)", self.said)
        self.seen, filtered, emitted, self.lost = map(int, found.groups())
        if self.seen != filtered + emitted + self.lost:
            die(f"the account is not exact: {found[0]}")
        for matched, written, dropped in re.findall(
                r"matched (\d+), written (\d+), dropped (\d+)", self.said):
            if int(matched) != int(written) + int(dropped) or dropped != "0":
                die(f"an output lost events: {self.said}")
            self.written = int(written)


class Tcpdump(Program):
    ready = b"listening on"

    def account(self):
        self.seen = int(re.search(r"(\d+) packets? received by filter", self.said)[1])
        self.lost = int(re.search(r"(\d+) packets? dropped by kernel", self.said)[1])
        # It counts what it has printed; the rest was received and is neither.
        self.written = int(re.search(r"(\d+) packets? captured", self.said)[1])


class EmptyPrograms(Program):
    """The limit: what the hooks cost that tracee looks from."""

    ready = b"attached"

    def __init__(self, command):
        super().__init__("empty programs", command)

    def account(self):
        self.lost = None


class Bpftrace(Program):
    """The task, its number and the length of each packet that a device is given. Its tracepoint
    has no more, and what it lost is told among the lines that nobody keeps."""

    TRACEPOINT = "tracepoint:net:net_dev_queue"
    SCRIPT = TRACEPOINT + ' { printf("%s %d %d\\n", comm, pid, args->len); }'

    @classmethod
    def can_trace(cls):
        """It is there, and finds the tracepoint; tracefs may not be where it looks."""
        if not shutil.which("bpftrace"):
            return False
        found = subprocess.run(["bpftrace", "-l", cls.TRACEPOINT],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return bool(found.stdout.strip())

    def __init__(self, priority):
        super().__init__("bpftrace", [*priority, "bpftrace", "-o", "/dev/null", "-e", self.SCRIPT])

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        await_("bpftrace", self.traces)
        self.before_ns = cpu_ns(self.process.pid)
        return self

    def traces(self):
        folder = f"/proc/{self.process.pid}/fd"
        try:
            return any("perf_event" in os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder))
        except FileNotFoundError:  # closed meanwhile
            return False

    def account(self):
        self.lost = None


def timed(command, **options):
    """Standard output and processor seconds of a command."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
        text = process.stdout.read()
        seconds = usage_of(process)
    if process.returncode != 0:
        die(f"{' '.join(command)} failed: {text}")
    return text, seconds
