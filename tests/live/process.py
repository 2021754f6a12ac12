# SPDX-License-Identifier: Apache-2.0
"""Starts processes in the places a case wants them, and knows their facts.

A process stops before exec until its facts are read from /proc, so that even the
shortest one is known in full: these facts are what tracee's owners are held
against. All processes of a case live in one cgroup of their own, which is how
they are found and ended whatever they fork.
"""
import argparse
import contextlib
import ctypes
import fcntl
import os
import re
import shutil
import signal
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x4000000, 0x20000000, 0x40000000
MS_REC, MS_PRIVATE, MNT_DETACH = 0x4000, 0x40000, 2
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
BOX_HOST_NAME = "box"
# A build with a sanitizer is given so many times as long.
PATIENCE = int(os.environ.get("TRACEE_PATIENCE", "1"))


class Skip(Exception):
    """The machine lacks what the case needs."""


class Failure(Exception):
    """The case does not hold."""


def outcome(work):
    """Runs a test. Its exit status: 0 it holds, 1 it does not, 77 the machine lacks something."""
    try:
        work()
    except Skip as skip:
        print(f"skipped: {skip}", file=sys.stderr)
        return 77
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def script(what, work):
    """main() of a test that is a program of its own: work(TRACEE), and its exit status."""
    parser = argparse.ArgumentParser(description=what.splitlines()[0])
    parser.add_argument("--tracee", required=True)
    options = parser.parse_args()
    sys.exit(outcome(lambda: work(os.path.abspath(options.tracee))))


def need_own_machine(what):
    """For what is the whole machine's: only in the virtual machines of ./dev kernels."""
    if "TRACEE_OWN_MACHINE" not in os.environ:
        raise Skip(f"{what} not only this test's (TRACEE_OWN_MACHINE is not set)")


def need_programs(*names):
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for name in names:
        if shutil.which(name) is None:
            raise Skip(f"needs {name}")


@contextlib.contextmanager
def alone():
    """No other test that looks at the whole host runs meanwhile."""
    with open("/run/tracee-live.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def await_(what, condition, seconds=60, alive=lambda: True):
    """Returns what `condition` gives once that is true; the time is for loaded machines."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end or not alive():
            result = condition()  # it may have come true together with the end
            if result:
                return result
            raise Failure(f"no sign of {what}")
        time.sleep(0.01)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def cgroup2_root():
    for line in read("/proc/self/mounts").splitlines():
        _, point, kind, options = line.split()[:4]
        if kind == "cgroup2" and "rw" in options.split(","):
            return point
    raise Skip("needs a writable cgroup v2 mount")


class Cgroup:
    """The cgroup v2 of a case."""

    PREFIX = "tracee-live-"

    def __init__(self):
        root = cgroup2_root()
        for name in os.listdir(root):  # of a case that was killed: cases run one at a time
            if name.startswith(self.PREFIX):
                self.end(os.path.join(root, name))
        self.path = os.path.join(root, self.PREFIX + str(os.getpid()))
        os.mkdir(self.path)

    @staticmethod
    def end(path):
        end = time.monotonic() + 10
        while True:
            for pid in read(os.path.join(path, "cgroup.procs")).split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            reap()
            try:
                return os.rmdir(path)
            except OSError:
                if time.monotonic() > end:
                    return None
            time.sleep(0.01)


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


# --- facts ---

def boot_epoch_ns():
    """Nanoseconds since 1970 at boot; the tightest of several tries errs least."""
    tries = []
    for _ in range(32):
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        real = time.clock_gettime_ns(time.CLOCK_REALTIME)
        after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        tries.append((after - before, real - (before + after) // 2))
    return min(tries)[1]


def stat_of(pid):
    """Parent and start (ns since boot, whole ticks) of a process or thread."""
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return int(fields[1]), int(fields[19]) * TICK_NS


def status_of(pid):
    return dict(line.split(":\t", 1) for line in read(f"/proc/{pid}/status").splitlines())


def namespace(pid, kind):
    return os.stat(f"/proc/{pid}/ns/{kind}").st_ino


def cgroup_id(pid):
    path = re.search(r"^0::(.*)$", read(f"/proc/{pid}/cgroup"), re.MULTILINE).group(1)
    return os.stat(cgroup2_root() + path).st_ino


def facts(pid, name, host_name):
    """What the envelope has to say of a process."""
    parent, start = stat_of(pid)
    numbers = [int(number) for number in status_of(pid)["NSpid"].split()]
    parents = [int(number) for number in status_of(parent)["NSpid"].split()] if parent else []
    depth = len(numbers)
    return {
        "processName": name[:15],
        "processId": numbers[-1],
        "threadId": numbers[-1],
        "parentProcessId": parents[depth - 1] if len(parents) >= depth else 0,
        "hostProcessId": pid,
        "hostThreadId": pid,
        "hostParentProcessId": parent,
        "userId": int(status_of(pid)["Uid"].split()[1]),
        "mountNamespace": namespace(pid, "mnt"),
        "pidNamespace": namespace(pid, "pid"),
        "cgroupId": cgroup_id(pid),
        "hostName": host_name[:15],
        "start": start,
        "parentStart": stat_of(parent)[1] if parent else 0,
    }


def children_of(pid):
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


# --- network namespaces ---

class Netns:
    """Exists as long as its one process, which does nothing else."""

    def __init__(self, name, cgroup):
        self.name = name
        self.holder = Process(name, ["sleep", "infinity"], cgroup=cgroup, new_net=True)
        self.pid = self.holder.pid


def ip(*arguments, net=None):
    process = Process("ip", ["ip", *arguments], net=net)
    if process.wait(30) != 0:
        raise Failure(f"ip {' '.join(arguments)}: {process.output()}")


def make_netns(ends, cgroup):
    """One namespace, or two with a cable between. `ends`: (name, addresses)."""
    spaces = []
    for name, _ in ends:
        spaces.append(Netns(name, cgroup))
        ip("link", "set", "lo", "up", net=spaces[-1])
    if len(spaces) == 2:
        ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
           str(spaces[1].pid), net=spaces[0])
    for space, (_, addresses) in zip(spaces, ends):
        device = "eth0" if len(spaces) == 2 else "lo"
        for address in addresses:
            # nodad: usable at once, without asking the neighbours whether it is taken.
            ip("address", "add", address, "dev", device, *(["nodad"] if ":" in address else []),
               net=space)
    for space in spaces:
        if len(spaces) == 2:
            ip("link", "set", "eth0", "up", net=space)
    return spaces


# --- processes ---

class Process:
    """A process that has begun to run; its facts were read before its first instruction."""

    folder = None  # for what processes print
    count = 0

    def __init__(self, name, argv, *, net=None, new_net=False, uid=None, cgroup=None, boxed=False,
                 without=None, stdin=b"", stdout=None):
        self.name, self.argv, self.boxed = name, argv, boxed
        self.status = None
        program = shutil.which(argv[0])
        if program is None:
            raise Skip(f"needs {argv[0]}")
        Process.count += 1
        self.output_path = os.path.join(Process.folder, f"{Process.count}-{name}.out")
        self.error_path = os.path.join(Process.folder, f"{Process.count}-{name}.err")
        net_fd = os.open(f"/proc/{net.pid}/ns/net", os.O_RDONLY) if net else None
        input_read, self.stdin = os.pipe()
        ready_read, ready_write = os.pipe()
        go_read, go_write = os.pipe()
        self.pid = self.child = os.fork()
        if self.child == 0:
            try:
                for fd in (go_write, ready_read, self.stdin):
                    os.close(fd)
                out = stdout
                if out is None:
                    out = os.open(self.output_path, os.O_WRONLY | os.O_CREAT, 0o644)
                err = os.open(self.error_path, os.O_WRONLY | os.O_CREAT, 0o644)
                for ours, theirs in ((input_read, 0), (out, 1), (err, 2)):
                    os.dup2(ours, theirs)
                for number in (signal.SIGPIPE, signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, signal.SIG_DFL)
                enter(net_fd, new_net, cgroup, boxed, without, uid)
                os.write(ready_write, b"!")
                os.read(go_read, 1)
                os.execv(program, argv)
            except BaseException as error:  # nothing of the engine may run in here
                os.write(2, f"run.py: {name}: {error}\n".encode())
            finally:
                os._exit(127)
        for fd in (ready_write, go_read, input_read, *([net_fd] if net else [])):
            os.close(fd)
        if not os.read(ready_read, 1):
            raise Failure(f"{name} did not start: {self.output()}")
        if boxed:
            self.pid = children_of(self.child)[0]
        self.facts = facts(self.pid, os.path.basename(program),
                           BOX_HOST_NAME if boxed else os.uname().nodename)
        os.close(ready_read)
        os.close(go_write)
        if stdin is not None:
            os.write(self.stdin, stdin)
            os.close(self.stdin)

    def output(self):
        return "".join(read(path) for path in (self.output_path, self.error_path)
                       if os.path.exists(path))

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.child, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait(self, seconds=60):
        await_(f"the end of {self.name} ({' '.join(self.argv)})", self.ended, seconds)
        return self.status

    def tell(self, text):
        os.write(self.stdin, text.encode() + b"\n")

    def kill(self, number=signal.SIGTERM):
        if not self.ended():
            os.kill(self.pid, number)


def enter(net_fd, new_net, cgroup, boxed, without, uid):
    """In the child: takes the place it is to run in."""
    if cgroup is not None:
        with open(os.path.join(cgroup.path, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write("0")
    if net_fd is not None:
        call("setns", net_fd, CLONE_NEWNET)
    if new_net:
        call("unshare", CLONE_NEWNET)
    if boxed:
        enter_box()
    if without is not None:
        call("unshare", CLONE_NEWNS)
        call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
        WITHOUT[without]()
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)


def enter_box():
    """Process, mount and UTS namespaces of its own, like a container."""
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    call("unshare", CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS)
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    call("sethostname", BOX_HOST_NAME.encode(), len(BOX_HOST_NAME))
    inner = os.fork()
    if inner != 0:
        os.closerange(3, 256)  # among them the other ends of pipes
        os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]) & 0xff)
    call("mount", b"proc", b"/proc", b"proc", 0, None)


def hide_cgroup2():
    for line in reversed(read("/proc/self/mounts").splitlines()):
        _, point, kind = line.split()[:3]
        if kind == "cgroup2":
            call("umount2", point.encode(), MNT_DETACH)


def hide_btf():
    call("mount", b"none", b"/sys/kernel/btf", b"tmpfs", 0, None)


WITHOUT = {"cgroup2": hide_cgroup2, "btf": hide_btf}


def listening(process, place):
    """`place` as in tcp6:80: is that port bound in the process' network namespace?"""
    table, port = re.fullmatch(r"((?:tcp|udp)6?):(\d+)", place).groups()
    for line in read(f"/proc/{process.pid}/net/{table}").splitlines()[1:]:
        _, local, _, state = line.split()[:4]
        if int(local.rpartition(":")[2], 16) == int(port) and state in ("0A", "07"):
            return True
    return False
