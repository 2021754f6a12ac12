#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""root.py PACKAGES SOURCE: the packages in a Debian root that has nothing else.

The root is made by debootstrap from this machine's package sources; TRACEE_BASE_ROOT may
name one that is there already, which is copied. First the tarball, where none of its
libraries is installed; then the way of a new user: install, three commands, the manual, a
detector of one's own and its finding; an image of it, as a pod of containerd; an upgrade that keeps the configuration; removal,
which leaves conffiles, and purging, which leaves nothing. Needs root; takes minutes."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

PACKAGES, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
BASE = os.environ.get("TRACEE_BASE_ROOT")
SECONDS = 600
if os.geteuid() != 0 or not (BASE or shutil.which("debootstrap")):
    print("skipped: needs root and debootstrap")
    sys.exit(77)

# Runs what follows in the root, with the host's /proc, /sys and /dev for so long.
INSIDE = """set -e
for folder in proc sys dev; do mount --rbind /$folder "$0/$folder"; done
exec chroot "$0" "$@"
"""
# What apt and dpkg keep for themselves.
BOOKS = re.compile(r"/(var/(lib/(apt|dpkg|systemd|pam|ucf|man-db)|cache|log)|run|tmp|"
                   r"etc/(ld\.so\.cache|\.pwd\.lock|shadow-|passwd-|group-|gshadow-))(/|$)")
DETECTOR = """\
type: detector
id: secret-port
produced_event: {name: secret_port, version: 1.0.0, description: Somebody used the port}
requirements: {events: [{name: net_packet_udp}]}
threat: {description: Somebody used the secret port, severity: high}
auto_populate: {threat: true, detected_from: true}
conditions:
  - data.dst_port == 9999
"""


def sources():
    """The Debian part of this machine's package sources: (file, text), and the mirror."""
    for path in ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"):
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        mirror = re.search(r"(?m)^(?:URIs: |deb (?:\[.*\] )?)(https?://\S+)", text)
        if mirror and "debian" in text:
            return path, mirror[1]
    return None, "http://deb.debian.org/debian"


def wait_for(condition, what):
    end = time.monotonic() + 120
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.2)


def remove_groups(top):
    """The cgroups that systemd made; False as long as one is in use."""
    try:
        for place, _, _ in os.walk(top, topdown=False):
            os.rmdir(place)
    except OSError:
        return False
    return True


class Root(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix="tracee-root-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        path, mirror = sources()
        if BASE:
            subprocess.run(["cp", "-a", BASE + "/.", cls.root], check=True)
        else:
            subprocess.run(["debootstrap", "--variant=minbase", "bookworm", cls.root, mirror],
                           stdout=subprocess.DEVNULL, check=True)
        if path:
            for old in glob.glob(cls.root + "/etc/apt/sources.list*"):
                shutil.rmtree(old) if os.path.isdir(old) else os.remove(old)
            os.makedirs(os.path.dirname(cls.root + path), exist_ok=True)
            shutil.copy(path, cls.root + path)
        for config in glob.glob("/etc/apt/apt.conf.d/99*"):
            shutil.copy(config, cls.root + config)
        shutil.copy("/etc/resolv.conf", cls.root + "/etc/resolv.conf")
        [cls.deb] = glob.glob(os.path.join(PACKAGES, "*.deb"))
        [cls.tarball] = glob.glob(os.path.join(PACKAGES, "*.tar.gz"))

    def run_in(self, *command, status=0, **more):
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", INSIDE, self.root,
             *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=SECONDS, check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root",
                 "DEBIAN_FRONTEND": "noninteractive", **more})
        self.assertEqual(done.returncode, status, (command, done.stdout[-2000:], done.stderr))
        return done

    def apt(self, *words):
        return self.run_in("apt-get", "-q", "-y", "--no-install-recommends", "-o",
                           "Dpkg::Options::=--force-confold", *words)

    def write(self, path, text):
        with open(self.root + path, "w", encoding="utf-8") as file:
            file.write(text)

    def files(self):
        """Every path of the root but the books of the package manager."""
        out = set()
        for place, folders, names in os.walk(self.root):
            for name in folders + names:
                path = os.path.join(place, name).removeprefix(self.root)
                if not BOOKS.match(path):
                    out.add(path)
            folders[:] = [name for name in folders
                          if os.path.join(place, name).removeprefix(self.root)
                          not in ("/proc", "/sys", "/dev")]
        return out

    def captures(self):
        for name in ("dns.pcap", "mixed.pcapng"):
            shutil.copy(os.path.join(SOURCE, "tests/captures", name), self.root + "/tmp/" + name)

    def test_1_tarball(self):
        """Anywhere, without a single library of its own installed."""
        self.captures()
        place = self.root + "/opt/some where"
        os.mkdir(place)
        subprocess.run(["tar", "-xf", self.tarball, "--strip-components=1", "-C", place],
                       check=True)
        program = "/opt/some where/bin/tracee"
        self.assertRegex(self.run_in(program, "--version").stdout, r"^tracee \d")
        replayed = self.run_in(program, "--input", "/tmp/dns.pcap", "--output", "json",
                               "--events", "net_packet_dns")
        self.assertGreater(len([json.loads(line) for line in replayed.stdout.splitlines()]), 0)
        # What it loads is its own, but for the C library.
        recipe = "/opt/some where/share/doc/tracee/examples/deploy/container/libraries.sh"
        loaded = self.run_in(recipe, program).stdout
        self.assertIn("librdkafka.so.1 ", loaded)
        self.assertNotIn("not found", loaded)
        for name, path in re.findall(r"(\S+) (.+)", loaded):
            if name.startswith("ld-linux"):
                continue
            if not re.match(r"lib(c|m|dl|pthread|rt|resolv)\.so", name):
                self.assertIn("/lib/tracee/", path + loaded, name)
        self.assertEqual(self.run_in(program, "detectors", "list",
                                     "/opt/some where/lib/tracee/detectors/e2e").stderr, "")
        live = self.run_in(program, "--duration", "100ms", "--output", "none")
        self.assertIn("tracing", live.stderr)
        shutil.rmtree(place)

    def test_2_life_of_the_package(self):
        self.apt("update")
        self.apt("install", "man-db")
        before = self.files()
        shutil.copy(self.deb, self.root + "/tmp/tracee.deb")
        self.apt("install", "/tmp/tracee.deb")
        self.new_user()
        self.image()
        # An upgrade: another version, and a configuration that was changed by hand.
        self.write("/etc/tracee/tracee.yaml", "# mine\noutput: [none]\n")
        newer = os.path.join(self.root, "tmp/newer")
        subprocess.run(["dpkg-deb", "-R", self.deb, newer], check=True)
        control = os.path.join(newer, "DEBIAN/control")
        with open(control, encoding="utf-8") as file:
            text = re.sub(r"(?m)^Version: .*$", "Version: 99.0", file.read())
        with open(control, "w", encoding="utf-8") as file:
            file.write(text)
        with open(os.path.join(newer, "etc/tracee/tracee.yaml"), "a", encoding="utf-8") as file:
            file.write("# the newer package's\n")
        with open(os.path.join(newer, "DEBIAN/md5sums"), "w", encoding="utf-8"):
            pass
        subprocess.run(["dpkg-deb", "-b", "--root-owner-group", newer, self.root +
                        "/tmp/newer.deb"], stdout=subprocess.DEVNULL, check=True)
        shutil.rmtree(newer)
        self.apt("install", "/tmp/newer.deb")
        self.assertEqual(self.run_in("dpkg-query", "-W", "-f", "${Version} ${Status}",
                                     "tracee").stdout, "99.0 install ok installed")
        with open(self.root + "/etc/tracee/tracee.yaml", encoding="utf-8") as file:
            self.assertEqual(file.read(), "# mine\noutput: [none]\n")
        self.run_in("tracee", "--config", "/etc/tracee/tracee.yaml", "--duration", "100ms")
        # Removed: what its owner may have changed stays. Purged: nothing does.
        self.write("/var/log/tracee.note", "")  # not ours
        os.makedirs(self.root + "/var/log/tracee", exist_ok=True)
        self.write("/var/log/tracee/events.json", "{}\n")
        self.apt("remove", "tracee")
        left = {path for path in self.files() - before if "tracee" in path}
        self.assertEqual(left, {"/etc/tracee", "/etc/tracee/tracee.yaml",
                                "/etc/tracee/tracee.yaml.dpkg-dist"} & left)
        self.assertIn("/etc/tracee/tracee.yaml", left)
        self.assertTrue(os.path.exists(self.root + "/var/log/tracee/events.json"))
        self.apt("purge", "tracee")
        self.apt("autoremove", "--purge")
        self.assertFalse(os.path.exists(self.root + "/var/log/tracee"))
        self.assertTrue(os.path.exists(self.root + "/var/log/tracee.note"))
        self.assertEqual(sorted(self.files() ^ before), [])
        listed = self.run_in("sh", "-c", "dpkg-query -l tracee 2>&1 || true").stdout
        self.assertNotRegex(listed, r"(?m)^[^u]\w +tracee ")

    def test_3_service(self):
        """systemd itself, as process 1 of a namespace: the unit starts, traces, reloads.

        Without D-Bus, which nothing here needs: root speaks to systemd by its own socket."""
        self.apt("update")
        self.apt("install", "systemd")
        shutil.copy(self.deb, self.root + "/tmp/tracee.deb")
        self.apt("install", "/tmp/tracee.deb")
        group = f"/sys/fs/cgroup/unified/tracee-package-{os.getpid()}"
        if not os.path.isdir(os.path.dirname(group)):
            group = group.replace("/unified", "")
        log = tempfile.TemporaryFile()
        self.addCleanup(log.close)
        boot = subprocess.Popen(
            [os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot.sh"), self.root,
             group], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def end():
            boot.kill()  # and systemd with it
            boot.wait()
            wait_for(lambda: remove_groups(group), "an empty cgroup")
        self.addCleanup(end)

        def manager():
            with open(f"/proc/{boot.pid}/task/{boot.pid}/children", encoding="ascii") as file:
                return file.read().split()

        def system(*command, status=(0,)):
            done = subprocess.run(["nsenter", "-t", manager()[0], "-a", "-r", *command],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
            if done.returncode not in status:
                journal = subprocess.run(["nsenter", "-t", manager()[0], "-a", "-r", "journalctl",
                                          "-u", "tracee", "--no-pager"], text=True, check=False,
                                         stdout=subprocess.PIPE).stdout
                self.fail(f"{command}: {done.stdout}\n{journal}")
            return done.stdout

        def up():
            log.seek(0)
            self.assertIsNone(boot.poll(), log.read())
            return manager() and system("systemctl", "is-system-running", status=range(256)) \
                .strip() in ("running", "degraded")
        try:
            wait_for(up, "systemd")
        except AssertionError as late:
            for question in ("list-jobs", "--failed"):
                print(system("systemctl", "--no-pager", question, status=range(256)))
            print(system("journalctl", "--no-pager", "-n", "60", status=range(256)))
            raise late
        self.assertEqual(system("systemctl", "is-enabled", "tracee", status=(1,)), "disabled\n")
        system("systemctl", "enable", "--now", "tracee")  # comes back when tracee is ready
        self.assertEqual(system("systemctl", "is-active", "tracee"), "active\n")
        shown = dict(line.split("=", 1) for line in system(
            "systemctl", "show", "tracee", "-p", "MainPID,StatusText,WatchdogUSec,Type,NRestarts"
        ).splitlines())
        self.assertEqual((shown["Type"], shown["StatusText"]), ("notify", "tracing 6 events"))
        self.assertEqual(shown["WatchdogUSec"], "30s")
        status = system("cat", f"/proc/{shown['MainPID']}/status")
        # BPF, PERFMON, NET_ADMIN, SYS_PTRACE, DAC_READ_SEARCH and none else
        bound = sum(1 << bit for bit in (39, 38, 12, 19, 2))
        held = {kind: int(re.search(rf"{kind}:\t(\w+)", status)[1], 16)
                for kind in ("CapEff", "CapPrm", "CapBnd")}
        self.assertEqual(held["CapBnd"], bound)
        # What it started with is given up, but for reading its files again.
        for kind in ("CapEff", "CapPrm"):
            self.assertEqual(held[kind] & ~(1 << 2), 0, held)
        self.assertIn("NoNewPrivs:\t1", status)
        # What a process of that system asks for is in its log.
        events = self.root + "/var/log/tracee/events.json"
        query = r"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x04test\0\0\x01\0\x01"

        self.write("/tmp/ask.sh", f"printf '{query}' >/dev/udp/127.0.0.1/53\n")

        def asked():
            # Not from here: who enters a namespace is in the host's cgroup yet.
            system("systemd-run", "-q", "--collect", "bash", "/tmp/ask.sh")
            with open(events, encoding="utf-8") as file:
                return any('"www.example.test"' in line and '"processName":"bash"' in line
                           for line in file)
        wait_for(asked, "a query in the service's log")
        system("systemctl", "reload", "tracee")
        self.assertEqual(system("systemctl", "is-active", "tracee"), "active\n")
        again = system("systemctl", "show", "tracee", "-p", "MainPID", "--value").strip()
        self.assertEqual(again, shown["MainPID"])
        # A wrong configuration is said and not tried again; the old one is put back.
        with open(self.root + "/etc/tracee/tracee.yaml", encoding="utf-8") as file:
            good = file.read()
        self.write("/etc/tracee/tracee.yaml", "evnets: [net_packet_dns]\n")
        system("systemctl", "restart", "tracee", status=(1,))
        ended = system("systemctl", "show", "tracee", "-p", "ExecMainStatus,NRestarts,ActiveState")
        self.assertEqual(sorted(ended.split()),
                         ["ActiveState=failed", "ExecMainStatus=2", "NRestarts=0"])
        self.write("/etc/tracee/tracee.yaml", good)
        system("systemctl", "restart", "tracee")
        # Removed while it runs.
        system("apt-get", "-q", "-y", "purge", "tracee")
        self.assertEqual(system("systemctl", "is-active", "tracee", status=(3, 4)), "inactive\n")
        self.assertFalse(os.path.lexists(
            self.root + "/etc/systemd/system/multi-user.target.wants/tracee.service"))
        self.assertFalse(os.path.exists(self.root + "/var/log/tracee"))

    def image(self):
        """An image of what was installed, without a network, and a pod of it."""
        image = self.root + "/tmp/image.tar"
        recipe = self.root + "/usr/share/doc/tracee/examples/deploy/container/build-image.sh"
        subprocess.run(["unshare", "--net", recipe, "--root", self.root, "--tag", "tracee:test",
                        image], check=True, timeout=SECONDS)
        done = subprocess.run(
            [os.path.join(SOURCE, "tests/deploy/container.py"),
             self.root + "/usr/share/doc/tracee/examples/deploy", "--image", image],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS,
            check=False)
        print(done.stdout, end="")  # why it was left out, if it was
        self.assertIn(done.returncode, (0, 77), done.stdout)

    def new_user(self):
        """Three commands of README, a page of the manual, a detector and its finding."""
        self.captures()
        checked = self.run_in("tracee", "check").stdout
        self.assertIn("BTF", checked)
        asked = self.run_in("tracee", "--output", "json", "--events",
                            "net_packet_udp.data.dst_port=9999", "-c", "1", "--duration", "60s",
                            "--", "bash", "-c", "echo hello >/dev/udp/127.0.0.1/9999")
        event = json.loads(asked.stdout.splitlines()[0])
        self.assertEqual((event["processName"], event["eventName"]), ("bash", "net_packet_udp"))
        table = self.run_in("tracee", "--events", "net_packet_dns", "--input", "/tmp/dns.pcap")
        self.assertIn("net_packet_dns", table.stdout)
        # What is only recommended was not installed.
        refused = self.run_in("tracee", "--output", "kafka:127.0.0.1:9092/t", "--input",
                              "/tmp/dns.pcap", status=1)
        self.assertIn("install it; in Debian it is in librdkafka1", refused.stderr)
        manual = re.sub(".\b", "", self.run_in("man", "tracee", PAGER="cat",
                                               MANPAGER="cat").stdout)
        self.assertRegex(manual, r"tracee [-\N{EN DASH}\u2010\u2014] show which process")
        for page, word in (("tracee-net_packet_dns", "proto_dns.questions.name"),
                           ("tracee.yaml", "TRACEE_"), ("tracee-detectors", "conditions")):
            text = self.run_in("man", page, PAGER="cat", MANPAGER="cat").stdout
            self.assertIn(word, re.sub(".\b", "", text).replace("\u2010", "-"))
        self.write("/root/mine.yaml", DETECTOR)
        listed = self.run_in("tracee", "detectors", "list", "/root/mine.yaml").stdout
        self.assertIn("secret_port", listed)
        found = self.run_in("tracee", "--detectors", "/root/mine.yaml", "--events", "secret_port",
                            "--output", "json", "--", "bash", "-c",
                            "echo hello >/dev/udp/127.0.0.1/9999")
        finding = json.loads(found.stdout.splitlines()[0])
        self.assertEqual((finding["eventName"], finding["processName"]), ("secret_port", "bash"))
        os.remove(self.root + "/root/mine.yaml")
        offered = self.run_in("bash", "-c", "source /usr/share/bash-completion/completions/tracee;"
                              "COMP_LINE='tracee expl' COMP_POINT=11; _tracee; echo $COMPREPLY")
        self.assertEqual(offered.stdout, "explain\n")
        self.run_in("tracee", "detectors", "list", "/usr/lib/tracee/detectors/e2e")
        self.assertTrue(os.path.exists(self.root + "/lib/systemd/system/tracee.service"))


unittest.main(argv=sys.argv[:1] + sys.argv[3:])
