#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boots Debian kernels in QEMU and runs the kernel and live layers inside.

run.py FOLDER [--only MACHINE…] [--cases PATTERN] [--write docs/kernels.md]

FOLDER keeps what is fetched and built: Debian packages by an apt of its own (signed,
of this release and its security updates), root file systems unpacked from them, an
arm64 build. Nothing of it is installed on this machine. Each virtual machine is one
kernel with one initramfs: the packages the live cases need, busybox as the first
process, this tree's tests and programs. cgroup v2 is the only hierarchy in there.

Exit status: 0 every case holds or names what its machine lacks, 1 some do not.
"""
import argparse
import concurrent.futures
import fnmatch
import glob
import json
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
RELEASE = "bookworm"
SKIPPED = 77


class Machine:
    """A kernel on an architecture, and the back ends to force on it."""

    def __init__(self, name, arch, kernel, back_ends):
        self.name, self.arch, self.kernel, self.back_ends = name, arch, kernel, back_ends
        self.release, self.check, self.results, self.seconds, self.trouble = "", [], [], 0, ""
        self.commit = ""

    KEPT = ("release", "check", "results", "seconds", "trouble", "commit")

    def path(self, folder):
        return f"{folder}/{self.name.replace(' ', '-')}.json"

    def keep(self, folder):
        with open(self.path(folder), "w", encoding="utf-8") as file:
            json.dump({name: getattr(self, name) for name in self.KEPT}, file)

    def recall(self, folder):
        """What its last whole run has found, if there was one."""
        if os.path.exists(self.path(folder)):
            with open(self.path(folder), encoding="utf-8") as file:
                vars(self).update(json.load(file))

    def command(self, memory, image, initramfs, log):
        append = "panic=-1 quiet cgroup_no_v1=all no_timer_check rdinit=/init"
        if self.arch == "arm64":
            start = ["qemu-system-aarch64", "-M", "virt", "-accel", "tcg"]
            # Signing pointers as the architecture has it is slow to emulate.
            start += ["-cpu", "max,pauth-impdef=on"]
            append += " console=ttyAMA0"
        else:
            start = ["qemu-system-x86_64", "-cpu", "max", "-accel", "tcg"]
            append += " console=ttyS0"
        return [*start, "-smp", "2", "-m", str(memory), "-nographic", "-no-reboot", "-nic", "none",
                "-monitor", "none", "-serial", f"file:{log}", "-kernel", image, "-initrd",
                initramfs, "-append", append]


MACHINES = [
    Machine("6.1 amd64", "amd64", "linux-image-cloud-amd64", ["auto", "cgroup"]),
    Machine("6.12 amd64", "amd64", "linux-image-6.12-cloud-amd64",
            ["tracepoint", "fentry", "cgroup"]),
    Machine("6.1 arm64", "arm64", "linux-image-cloud-arm64", ["auto", "cgroup"]),
]
# What the programs of the live cases need and no package of packages.txt names.
IN_MACHINE = ["busybox-static", "python3", "bpftool", "procps", "libc-bin"]
LEFT_OUT = re.compile(
    r"usr/(include|share/(doc|man|locale|info|lintian|bug|perl|perl5|i18n|bash-completion|"
    r"pkgconfig|cmake|mime|nginx/html)|lib/[^/]+/(perl|perl5|perl-base|gconv|cmake|pkgconfig)|"
    r"lib/python3/dist-packages|lib/gcc|src|lib/python3[^/]*/(test|idlelib|lib2to3|turtledemo)|"
    r"lib/llvm[^/]*)(/|$)|.*\.(a|o|pyc)$")


def say(text):
    print(f"kernels: {text}", file=sys.stderr, flush=True)


def die(text):
    sys.exit(f"kernels: {text}")


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode != 0:
        die(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}")
    return done.stdout


def listed_packages():
    """From packages.txt: what is linked against, and what the live cases start."""
    libraries, programs, section = [], [], ""
    with open(f"{TREE}/packages.txt", encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("#"):
                section = line
            elif line.endswith("-dev") and not line.startswith("libclang"):
                libraries.append(line)
            elif "live" in section:
                programs.append(line)
    return libraries, programs


class Debian:
    """Packages of one architecture, fetched by an apt that knows no installed package."""

    def __init__(self, folder, arch):
        self.folder, self.arch = f"{folder}/apt-{arch}", arch
        for part in ("lists/partial", "cache/archives/partial", "empty/partial"):
            os.makedirs(f"{self.folder}/{part}", exist_ok=True)
        with open(f"{self.folder}/sources.list", "w", encoding="ascii") as file:
            for where, suite in (("debian", RELEASE), ("debian-security", f"{RELEASE}-security")):
                file.write(f"deb [signed-by={KEYRING} arch={arch}] "
                           f"http://deb.debian.org/{where} {suite} main\n")
        with open(f"{self.folder}/status", "a", encoding="ascii"):
            pass
        self.options = []
        for name, value in {
                "Dir::Etc::SourceList": f"{self.folder}/sources.list",
                "Dir::Etc::SourceParts": "/dev/null", "Dir::Etc::Preferences": "/dev/null",
                "Dir::Etc::PreferencesParts": "/dev/null",
                "Dir::State::Lists": f"{self.folder}/lists",
                "Dir::State::status": f"{self.folder}/status",
                "Dir::Cache": f"{self.folder}/cache", "APT::Architecture": arch,
                "APT::Architectures::": arch, "APT::Sandbox::User": "root",
                "Debug::NoLocking": "1"}.items():
            self.options += ["-o", f"{name}={value}"]

    def update(self):
        """At most once in some hours."""
        mark = f"{self.folder}/updated"
        if os.path.exists(mark) and time.time() - os.path.getmtime(mark) < 6 * 3600:
            return
        run("apt-get", *self.options, "update", "-q")
        with open(mark, "w", encoding="ascii"):
            pass

    def fetch(self, packages):
        """The files of these packages and of all they depend on."""
        install = ["install", "-qq", "-y", "--no-install-recommends", *packages]
        run("apt-get", *self.options, "--download-only", *install)
        # Of packages that it has, apt does not tell the names.
        listed = run("apt-get", *self.options, "-o", f"Dir::Cache::archives={self.folder}/empty",
                     "--print-uris", *install)
        names = re.findall(r"^'[^']*' (\S+\.deb) ", listed, re.MULTILINE)
        return [f"{self.folder}/cache/archives/{name}" for name in names]


def unpack(files, root):
    """Anew when the list has changed."""
    mark, wanted = f"{root}.list", "\n".join(sorted(files))
    if os.path.exists(mark) and open(mark, encoding="utf-8").read() == wanted:
        return
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    for file in files:
        run("dpkg-deb", "-x", file, root)
    with open(mark, "w", encoding="utf-8") as file:
        file.write(wanted)


# --- initramfs ---

class Initramfs:
    """A cpio archive in the kernel's own form (Documentation/driver-api/early-userspace)."""

    def __init__(self, path):
        self.file, self.inode, self.folders = open(path, "wb"), 0, set()

    def add(self, name, mode, content=b""):
        parent = os.path.dirname(name)
        if parent and parent not in self.folders:
            self.add(parent, stat.S_IFDIR | 0o755)
        if stat.S_ISDIR(mode):
            if name in self.folders:
                return
            self.folders.add(name)
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
        self.file.write(head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4))

    def add_file(self, name, path, mode=None):
        with open(path, "rb") as file:
            self.add(name, stat.S_IFREG | (mode or stat.S_IMODE(os.stat(path).st_mode)),
                     file.read())

    def add_tree(self, root, prefix="", skip=None):
        for folder, folders, files in os.walk(root):
            inside = os.path.relpath(folder, root)
            for name in sorted(folders + files):
                path = os.path.join(folder, name)
                name = os.path.normpath(os.path.join(prefix, inside, name))
                if skip and skip.match(name):
                    continue
                mode = os.lstat(path).st_mode
                if stat.S_ISLNK(mode):
                    self.add(name, mode, os.readlink(path).encode())
                elif stat.S_ISREG(mode):
                    self.add_file(name, path)
                elif stat.S_ISDIR(mode):
                    self.add(name, stat.S_IFDIR | stat.S_IMODE(mode))

    def close(self):
        self.add("TRAILER!!!", 0)
        self.file.close()


def write_initramfs(path, machine, root, kernel_root, build, plan):
    image = Initramfs(path)
    image.add_tree(root, skip=LEFT_OUT)
    image.add_file("init", f"{HERE}/init", 0o755)
    image.add_file("bin/busybox", f"{root}/bin/busybox", 0o755)
    image.add("usr/bin/nc", stat.S_IFLNK | 0o777, b"/bin/nc.openbsd")
    for name, content in {
            "etc/passwd": "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
                          "www-data:x:33:33::/:/bin/sh\nbind:x:101:101::/:/bin/sh\n"
                          "dnsmasq:x:102:65534::/:/bin/sh\n",
            "etc/group": "root:x:0:\nnogroup:x:65534:\nwww-data:x:33:\nbind:x:101:\n",
            "etc/hosts": "127.0.0.1 localhost\n", "etc/resolv.conf": "",
            "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
            "matrix/plan": plan}.items():
        image.add(name, stat.S_IFREG | 0o644, content.encode())
    for module in glob.glob(f"{kernel_root}/lib/modules/*/kernel/drivers/net/veth.ko*"):
        with open(module, "rb") as file:
            content = file.read()
        if module.endswith(".xz"):
            content = lzma.decompress(content)
        image.add("matrix/modules/veth.ko", stat.S_IFREG | 0o644, content)
    for name in ("tracee", "tests/kernel/kernel_test"):
        image.add_file(f"matrix/{os.path.basename(name)}", f"{build}/{name}", 0o755)
    image.add("matrix/busybox", stat.S_IFDIR | 0o755)
    image.add_tree(f"{TREE}/tests/live", "matrix/source/tests/live", re.compile(r".*__pycache__"))
    image.close()


# --- builds ---

def build_arm64(folder, sysroot):
    build = f"{folder}/build-arm64"
    environment = dict(os.environ, TRACEE_SYSROOT=sysroot, PKG_CONFIG_SYSROOT_DIR=sysroot,
                       PKG_CONFIG_LIBDIR=f"{sysroot}/usr/lib/aarch64-linux-gnu/pkgconfig:"
                                         f"{sysroot}/usr/share/pkgconfig")
    if not os.path.exists(f"{build}/build.ninja"):
        run("cmake", "-S", TREE, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
            f"-DCMAKE_TOOLCHAIN_FILE={HERE}/arm64.cmake", "-DTRACEE_BENCH=OFF",
            # Sources that are the same on every architecture.
            "-DLLHTTP_SOURCES=/usr/share/llhttp", "-DLLHTTP_INCLUDE=/usr/share/include/llhttp",
            "-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache",
            "-DCMAKE_GTEST_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST", env=environment)
    run("cmake", "--build", build, "--target", "tracee", "kernel_test", env=environment)
    return build


# --- runs ---

def plan_for(machine, pattern):
    """What init does, a line each: LAYER BACK_END CASE."""
    with open(f"{HERE}/cases.txt", encoding="ascii") as file:
        cases = [line.split() for line in file if not line.startswith("#")]
    lines = []
    for back_end in machine.back_ends:
        first = back_end == machine.back_ends[0]
        lines.append(f"check {back_end} -")
        # Layout, types and packets do not depend on who tells owners.
        suites = ["WireLayout.*", "KernelTypes.*", "Packets.*", "LiveTraffic.*"]
        for suite in suites if first else suites[-1:]:
            lines.append(f"kernel {back_end} {suite}")
        lines += [f"live {back_end} {name}" for name, how in cases if first or how == "each"]
    kept = [line for line in lines
            if line.startswith("check") or fnmatch.fnmatch(line.split()[2], pattern)]
    return "\n".join(kept) + "\n"


def boot(machine, folder, image, plan, limit):
    log = f"{folder}/{machine.name.replace(' ', '-')}.log"
    open(log, "w", encoding="ascii").close()
    initramfs = f"{folder}/{machine.name.replace(' ', '-')}.cpio"
    begin = time.monotonic()
    with subprocess.Popen(machine.command(2048, image, initramfs, log), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as qemu:
        try:
            _, complaint = qemu.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            qemu.kill()
            complaint = f"not done after {limit} s"
    machine.seconds = time.monotonic() - begin
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read().replace("\r", "")
    running = re.search(r"RUNNING (\S+) (\S+)$", text, re.MULTILINE)
    machine.release = running[1] if running else "did not boot"
    machine.check = re.findall(r"^CHECK (\S+) (yes|less|no)\s+(\S.*)$", text, re.MULTILINE)
    machine.results = [(layer, back_end, case, int(status), int(seconds))
                       for layer, back_end, case, status, seconds in
                       re.findall(r"^RESULT (\S+) (\S+) (\S+) (\d+) (\d+)$", text, re.MULTILINE)]
    wanted = sum(not line.startswith("check") for line in plan.splitlines())
    if "\nFINISHED" not in text or len(machine.results) != wanted:
        machine.trouble = (f"{len(machine.results)} of {wanted} cases came to an end; see {log}"
                           f" {complaint.strip()}")


def bad(machine):
    return [result for result in machine.results if result[3] not in (0, SKIPPED)]


def attribution(machine, back_end):
    """What `tracee check` said serves there."""
    for name, _, text in machine.check:
        found = re.match(r"attribution\s+(\w+):", text)
        if name == back_end and found:
            return found[1]
    return "none"


def accept_hook(machine, back_end):
    for name, _, text in machine.check:
        if name == back_end and text.startswith("accepted connections"):
            return next((short for word, short in (
                ("inet_accept", "function"), ("exit of", "system call"),
                ("address", "address")) if word in text), "?")
    return "?"


def table(machines):
    rows = [("kernel", "arch", "`--attribution`", "serves", "accept by", "kernel tests",
             "live cases", "skipped", "failed", "of commit")]
    for machine in machines:
        if not machine.results:
            rows.append((machine.name.split()[0], machine.arch, *["not run"] * 7, "none"))
        for back_end in machine.back_ends if machine.results else []:
            own = [result for result in machine.results if result[1] == back_end]
            held = {layer: sum(r[0] == layer and r[3] == 0 for r in own)
                    for layer in ("kernel", "live")}
            skipped = [r[2] for r in own if r[3] == SKIPPED]
            failed = [r[2] for r in own if r[3] not in (0, SKIPPED)]
            rows.append((machine.release, machine.arch, back_end, attribution(machine, back_end),
                         accept_hook(machine, back_end), f"{held['kernel']} suites",
                         str(held["live"]), ", ".join(skipped) or "none",
                         ", ".join(failed) or machine.trouble and "see above" or "none",
                         machine.commit))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def commit():
    """Of the tree; with + when it has changes."""
    return run("git", "-c", f"safe.directory={TREE}", "-C", TREE, "describe", "--always",
               "--abbrev=10", "--dirty=+").strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--build", default=f"{TREE}/build", help="this machine's build")
    parser.add_argument("--only", action="append", choices=[machine.name for machine in MACHINES])
    parser.add_argument("--cases", default="*", help="only those whose name matches")
    parser.add_argument("--limit", type=int, default=3600, help="seconds for one machine")
    parser.add_argument("--at-once", type=int, default=1, help="machines that run side by side")
    parser.add_argument("--write", help="the page whose table is to be replaced")
    options = parser.parse_args()
    folder = os.path.abspath(options.folder)
    machines = [machine for machine in MACHINES if machine.name in (options.only or [machine.name])]
    for machine in machines:
        machine.commit = commit()
    libraries, programs = listed_packages()
    jobs = []
    for arch in sorted({machine.arch for machine in machines}):
        debian = Debian(folder, arch)
        say(f"packages for {arch}")
        debian.update()
        root = f"{folder}/root-{arch}"
        unpack(debian.fetch([*IN_MACHINE, *libraries, *programs, "libstdc++-12-dev"]), root)
        build = options.build
        if arch == "arm64":
            say("building for arm64")
            build = build_arm64(folder, root)
        for machine in machines:
            if machine.arch != arch:
                continue
            kernel_root = f"{folder}/{machine.kernel}"
            unpack([file for file in debian.fetch([machine.kernel]) if "linux-image" in file],
                   kernel_root)
            plan = plan_for(machine, options.cases)
            write_initramfs(f"{folder}/{machine.name.replace(' ', '-')}.cpio", machine, root,
                            kernel_root, build, plan)
            image = glob.glob(f"{kernel_root}/boot/vmlinuz-*")
            if len(image) != 1:
                die(f"{machine.kernel} holds {len(image)} kernels")
            jobs.append((machine, folder, image[0], plan, options.limit))
    with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        for job in jobs:
            say(f"{job[0].name}: {len(job[3].splitlines())} steps")
        list(pool.map(lambda job: boot(*job), jobs))
    for machine in machines:
        say(f"{machine.name}: {machine.release}, {machine.seconds:.0f} s {machine.trouble}")
        for layer, back_end, case, status, _ in bad(machine):
            say(f"{machine.name}: {layer} {case} with {back_end}: status {status}")
    if options.cases == "*":
        for machine in machines:
            machine.keep(folder)
    print(table(machines))
    # Rows of machines that did not run now are those of their last whole run.
    for machine in MACHINES:
        if machine not in machines:
            machine.recall(folder)
    shown = table(MACHINES)
    if options.write and options.cases != "*":
        say(f"{options.write} is left as it is: this was a part")
    elif options.write:
        with open(options.write, encoding="utf-8") as file:
            head = file.read().partition("<!-- table -->")[0]
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(f"{head}<!-- table -->\n\n{shown}\n")
    return 1 if any(machine.trouble or bad(machine) for machine in machines) else 0


if __name__ == "__main__":
    sys.exit(main())
