#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Outputs that are files: rotation, retention, compression, SIGUSR1, a full disk."""
import ctypes
import os
import re
import signal
import subprocess

from support import LOST, TRACEE, OutputTest, await_, main, numbers

ASIDE = re.compile(r"^events\.json\.\d{8}T\d{6}\.\d{6}Z(\.zst)?$")


def lines_of(path):
    await_(lambda: os.path.exists(path), path)
    if path.endswith(".zst"):
        content = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    else:
        with open(path, "rb") as file:
            content = file.read()
    assert content == b"" or content.endswith(b"\n"), f"{path} ends within an event"
    return content.splitlines()


def await_lines(path, count):
    """Until a file that is being written has so many; a reader may see half of a write."""
    def reached():
        if not os.path.exists(path):
            return False
        with open(path, "rb") as file:
            return file.read().count(b"\n") == count
    await_(reached, f"{count} lines in {path}")


class Rotation(OutputTest):
    def aside(self):
        names = [name for name in os.listdir(self.folder) if name != "events.json"]
        for name in names:
            self.assertRegex(name, ASIDE)
        return [self.path(name) for name in sorted(names)]

    def test_by_size_loses_nothing(self):
        tracee = self.tracee("--output", f"json:{self.path('events.json')}?rotate-size=300KiB")
        fed = tracee.feed(5000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        aside = self.aside()
        self.assertGreater(len(aside), 3)
        found = [number for path in [*aside, self.path("events.json")]
                 for number in numbers(lines_of(path))]
        self.assertEqual(found, fed)
        for path in aside:  # a batch of at most 256 KiB more than the size
            self.assertLess(os.path.getsize(path), 600 * 1024)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)

    def test_compressed_and_kept(self):
        tracee = self.tracee("--output", f"json:{self.path('events.json')}"
                             "?rotate-size=64KiB&keep=3&compress=zstd&fsync=rotate")
        fed = tracee.feed(5000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        aside = self.aside()
        self.assertEqual(len(aside), 3, aside)
        self.assertTrue(all(path.endswith(".zst") for path in aside), aside)
        found = [number for path in [*aside, self.path("events.json")]
                 for number in numbers(lines_of(path))]
        self.assertEqual(found, fed[-len(found):])
        self.assertGreater(len(found), 200)

    def test_by_time(self):
        tracee = self.tracee("--output", f"json:{self.path('events.json')}?rotate-time=100ms")
        fed = []
        # Only a file that holds something is set aside.
        while len(self.aside()) < 2:
            fed += tracee.feed(600)
        self.assertEqual(tracee.end(), 0, tracee.said)
        found = [number for path in [*self.aside(), self.path("events.json")]
                 for number in numbers(lines_of(path))]
        self.assertEqual(found, fed)

    def test_a_new_run_goes_on(self):
        spec = f"json:{self.path('events.json')}?rotate-size=1GiB"
        for _ in range(2):
            tracee = self.tracee("--output", spec)
            tracee.feed(10)
            self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(len(lines_of(self.path("events.json"))), 20)

    def test_what_a_crash_left_is_tidied(self):
        old = self.path("events.json.20200101T000000.000000Z")
        with open(old, "wb") as file:
            file.write(b"{}\n" * 1000)
        with open(old + ".zst.tmp", "wb") as file:
            file.write(b"half")
        for name in ("events.json.mine", "other"):
            with open(self.path(name), "wb") as file:
                file.write(b"x")
        tracee = self.tracee("--output", f"json:{self.path('events.json')}"
                             "?rotate-size=1GiB&compress=zstd")
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(sorted(os.listdir(self.folder)),
                         ["events.json", os.path.basename(old) + ".zst", "events.json.mine", "other"])
        self.assertEqual(len(lines_of(old + ".zst")), 1000)

    def test_table_begins_each_file_with_its_heading(self):
        tracee = self.tracee("--output", f"table:{self.path('events.json')}?rotate-size=64KiB")
        tracee.feed(8000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        aside = self.aside()
        self.assertTrue(aside)
        for path in [*aside, self.path("events.json")]:
            lines = lines_of(path)
            self.assertEqual([line for line in lines if line.startswith(b"TIME ")], lines[:1], path)


class Reopen(OutputTest):
    def test_logrotate(self):
        path = self.path("events.json")
        tracee = self.tracee("--output", f"json:{path}")
        fed = tracee.feed(500)
        await_lines(path, 500)
        os.rename(path, path + ".1")
        tracee.process.send_signal(signal.SIGUSR1)
        # Asked for between two packets.
        while not os.path.exists(path):
            fed += tracee.feed(1)
        fed += tracee.feed(500)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(numbers(lines_of(path + ".1") + lines_of(path)), fed)
        self.assertGreaterEqual(len(lines_of(path)), 500)

    def test_copytruncate(self):
        path = self.path("events.json")
        tracee = self.tracee("--output", f"json:{path}")
        tracee.feed(500)
        await_lines(path, 500)
        os.truncate(path, 0)
        fed = tracee.feed(500)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(numbers(lines_of(path)), fed)  # and no hole before them


class FullDisk(OutputTest):
    """Needs root: a small file system of its own, in a mount namespace of its own."""

    def small_disk(self):
        """self.folder becomes a file system of 16 MiB, of which half a MiB is free."""
        if os.geteuid() != 0:
            self.skipTest("root is needed for a small file system")
        libc = ctypes.CDLL(None, use_errno=True)
        here = os.open("/proc/self/ns/mnt", os.O_RDONLY)
        new_ns, private = 0x20000, 0x44000
        if libc.unshare(new_ns) != 0:
            self.skipTest("no mount namespace can be made here")
        self.addCleanup(os.close, here)
        self.addCleanup(libc.setns, here, new_ns)
        libc.mount(b"none", b"/", None, private, None)
        self.assertEqual(libc.mount(b"none", self.folder.encode(), b"tmpfs", 0, b"size=16m"), 0)
        self.addCleanup(libc.umount, self.folder.encode())

        filler = self.path("filler")
        with open(filler, "wb") as file:
            file.write(b"x" * (15 * 1024 + 512) * 1024)
        return filler

    def test_packets_are_kept_whole(self):
        """--write ends with the last whole packet; the rest goes on, and the status tells."""
        self.small_disk()
        path = self.path("out.pcapng")
        tracee = self.tracee("--write", path, "--output", "json")
        fed = tracee.feed(20_000)
        self.assertEqual(tracee.end(), 1, tracee.said)
        self.assertTrue(tracee.has_said("No space left on device"), tracee.said)
        self.assertEqual(numbers(tracee.stdout.splitlines()), fed)
        account = next(line for line in tracee.said if f"{path}: matched" in line)
        matched, written, dropped = map(int, re.findall(r"(?:matched|written|dropped) (\d+)", account))
        self.assertEqual((matched, written + dropped), (len(fed), len(fed)))
        self.assertGreater(min(written, dropped), 1000)
        again = subprocess.run([TRACEE, "--input", path, "--output", "json", "--events",
                                "net_packet_udp"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               check=False)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(numbers(again.stdout.splitlines()), fed[:written])
        for reader in (["tshark", "-r", path, "-T", "fields", "-e", "frame.number"],
                       ["tcpdump", "-nr", path]):
            done = subprocess.run(reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, written),
                             (reader, done.stderr))
        self.assertEqual(subprocess.run(["capinfos", path], stdout=subprocess.DEVNULL,
                                        check=False).returncode, 0)

    def test_is_reported_and_survived(self):
        filler = self.small_disk()
        path = self.path("events.json")
        tracee = self.tracee("--output", f"json:{path}", "--output", "json")
        fed = tracee.feed(2000)  # two megabytes
        tracee.await_said("No space left on device")
        fed += tracee.feed(2000)  # goes on
        os.unlink(filler)
        fed += tracee.feed(200)
        tracee.await_said("can be written again")
        self.assertEqual(tracee.end(), 0, tracee.said)
        matched, written, dropped = tracee.account(f"json:{path}")
        lines = lines_of(path)
        self.assertEqual(len(lines), written)
        self.assertGreater(dropped, 1000)
        found = numbers(lines)
        self.assertEqual(found, sorted(set(found)))
        self.assertEqual(matched - len(lines), dropped)
        # Said once, not for each event; and the other output has all, and was told.
        self.assertEqual(sum("No space left" in line for line in tracee.said), 1, tracee.said)
        self.assertEqual(numbers(tracee.stdout.splitlines()), fed)
        self.assertIn(LOST.encode(), tracee.stdout)


class Captures(OutputTest):
    """pcapng files: each is whole, and together they have every packet once."""

    def packets(self, path):
        """The numbers of its packets, by libpcap."""
        done = subprocess.run(["tcpdump", "-ttnr", path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=True)
        self.assertNotIn(b"truncated", done.stderr)
        return [round(float(line.split()[0]) * 1_000_000) for line in done.stdout.splitlines()]

    def files(self):
        names = sorted(os.listdir(self.folder), key=lambda name: (name == "out.pcapng", name))
        return [self.path(name) for name in names]

    def test_rotated(self):
        tracee = self.tracee("--output", f"pcapng:{self.path('out.pcapng')}?rotate-size=128KiB")
        fed = tracee.feed(5000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        files = self.files()
        self.assertGreater(len(files), 3)
        for path in files:
            self.assertRegex(os.path.basename(path), r"^out\.pcapng(\.\d{8}T\d{6}\.\d{6}Z)?$")
            self.assertLess(os.path.getsize(path), 256 * 1024)  # one batch more
            subprocess.run(["capinfos", path], stdout=subprocess.DEVNULL, check=True)
        self.assertEqual([number for path in files for number in self.packets(path)], fed)

    def test_only_the_newest_are_kept(self):
        tracee = self.tracee("--output",
                             f"pcapng:{self.path('out.pcapng')}?rotate-size=128KiB&keep=2")
        fed = tracee.feed(5000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        files = self.files()
        self.assertEqual(len(files), 3, files)
        found = [number for path in files for number in self.packets(path)]
        self.assertEqual(found, fed[-len(found):])

    def test_logrotate(self):
        path = self.path("out.pcapng")
        tracee = self.tracee("--write", path, "--output", "none")
        fed = tracee.feed(500)
        await_(tracee.drained, "the first packets")
        os.rename(path, self.path("out.old"))
        tracee.process.send_signal(signal.SIGUSR1)
        while not os.path.exists(path):
            fed += tracee.feed(1)
        fed += tracee.feed(500)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual([number for path in self.files() for number in self.packets(path)], fed)
        self.assertGreaterEqual(len(self.packets(path)), 500)

    def test_refused(self):
        path = self.path("x.pcapng")
        for options, says in (("keep=3", "rotate-size"), ("rotate-size=5", "64KiB"),
                              ("rotat-size=1MiB", "'rotate-size'?"),
                              ("filter=data.dst_port == 1", "filter")):
            self.refused(f"pcapng:{path}?{options}", says)
        self.refused("pcapng:/dev/null?rotate-size=1MiB", "regular")


class Refused(OutputTest):
    def test_options(self):
        path = self.path("x")
        for options, says in (("keep=3", ("rotated", "rotate-size")), ("rotate-size=5", "64KiB"),
                              ("rotate-size=x", "rotate-size"), ("rotate-time=1x", "rotate-time"),
                              ("rotate-size=1MiB&keep=0", "keep"), ("fsync=often", "fsync"),
                              ("rotate-size=1MiB&compress=gzip", ("gzip", "none, zstd")),
                              ("rotat-size=1MiB", "'rotate-size'?"), ("append", "append=VALUE"),
                              ("append=true&append=true", "twice"), ("queue=8MiB", "'queue'"),
                              ("filter=data.dst_prt == 1", ("column", "'dst_port'?")),
                              ("events=net_packet_tpc", "net_packet_tcp")):
            self.refused(f"json:{path}?{options}", *([says] if isinstance(says, str) else says))
        self.refused("json:/dev/null?rotate-size=1MiB", "regular")
        self.refused("json?rotate-size=1MiB", "rotate-size")

    def test_links_in_shared_folders(self):
        os.chmod(self.folder, 0o1777)
        os.symlink(self.path("target"), self.path("link"))
        self.refused(f"json:{self.path('link')}", "symbolic link", status=1)
        self.refused(f"pcapng:{self.path('link')}", "symbolic link", status=1)
        self.assertFalse(os.path.exists(self.path("target")))


class Filters(OutputTest):
    def test_each_output_has_its_own(self):
        paths = [self.path(name) for name in "abc"]
        tracee = self.tracee(
            "--output", f"json:{paths[0]}?filter=data.proto_udp.srcPort == 1000 && data.dst_port != 1",
            "--output", f"json:{paths[1]}?filter=data.dst_port == 1",
            "--output", f"json:{paths[2]}?events=net_packet_ipv4", events="net_packet_udp,net_packet_ipv4")
        tracee.feed(50)
        self.assertEqual(tracee.end(), 0, tracee.said)
        counts = [len(lines_of(path)) for path in paths]
        self.assertEqual(counts, [50, 0, 50])
        self.assertEqual(tracee.account(f"json:{paths[1]}"), (0, 0, 0))
        self.assertTrue(all(b"net_packet_ipv4" in line for line in lines_of(paths[2])))


if __name__ == "__main__":
    main()
