#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The unix socket: several readers, slow ones, ones that leave."""
import os
import re
import select
import socket
import threading
import time

from support import OutputTest, await_, main, numbers


class Reader:
    """Reads all there is, on a thread; or, not started, nothing."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        await_(lambda: self.socket.connect_ex(path) == 0, path)
        self.parts, self.count = [], 0
        self.thread = threading.Thread(target=self._read, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def _read(self):
        while part := self.socket.recv(1 << 20):
            self.parts.append(part)
            self.count += part.count(b"\n")

    def last(self):
        """The number of the newest packet it has seen."""
        found = re.findall(rb'"timestamp":(\d+)000,', b"".join(self.parts[-9:])[-4096:])
        return int(found[-1]) if found else -1

    def lines(self):
        """All of them, when the other end has been closed."""
        self.thread.join(120)
        self.socket.close()
        data = b"".join(self.parts)
        assert data == b"" or data.endswith(b"\n"), "ends within an event"
        return data.splitlines()


class Unix(OutputTest):
    def begin(self, options="", readers=1):
        path = self.path("s")
        tracee = self.tracee("--output", f"unix:{path}{options}")
        found = [Reader(path) for _ in range(readers)]
        return tracee, found

    def until_taken(self, tracee, reader):
        """Feeds until the first event comes through: before, nobody had been seen."""
        fed = []
        while not reader.count:
            fed += tracee.feed(1)
            time.sleep(0.01)  # or thousands would wait for a reader on a busy machine
        return fed

    def test_several_readers_get_all(self):
        tracee, readers = self.begin("?reader-buffer=64MiB", readers=3)
        for reader in readers:
            reader.start()
        for reader in readers:
            self.until_taken(tracee, reader)
        fed = tracee.feed(20000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        for reader in readers:
            self.assertEqual(numbers(reader.lines())[-20000:], fed)
        self.assertEqual(tracee.account()[2], 0)
        self.assertFalse(os.path.exists(self.path("s")))

    def test_a_slow_reader_loses_for_itself_only(self):
        tracee, (slow, quick) = self.begin("?reader-buffer=2MiB", readers=2)
        quick.start()
        self.until_taken(tracee, quick)
        fed = []
        for _ in range(20):  # of a megabyte each
            fed += tracee.feed(1000)
            await_(lambda: quick.last() == fed[-1], "the quick reader keeps up")
        self.assertLess(tracee.memory_kib(), 200 * 1024)
        slow.start()
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(numbers(quick.lines())[-20000:], fed)
        kept = numbers(slow.lines())
        self.assertEqual(kept, sorted(set(kept)))
        line = next(line for line in tracee.said if "output unix" in line)
        missed = int(line.partition("single readers: ")[2].rstrip(")"))
        self.assertEqual(tracee.account()[2], 0)
        self.assertEqual(len(kept) + missed, tracee.account()[0])

    def test_loss_of_the_only_reader_is_exact(self):
        tracee, (reader,) = self.begin("?reader-buffer=1MiB")
        while not select.select([reader.socket], [], [], 0.01)[0]:
            tracee.feed(1)  # until it is known to be there
        # Not reading yet: what the kernel's buffer and ours hold is all that it will get.
        tracee.feed(30000)
        reader.start()
        self.assertEqual(tracee.end(), 0, tracee.said)
        matched, written, dropped = tracee.account()
        self.assertEqual(len(reader.lines()), written)
        self.assertGreater(dropped, 1000)
        self.assertLessEqual(matched, tracee.sent + 100)

    def test_nobody_there_costs_nothing(self):
        tracee = self.tracee("--output", f"unix:{self.path('s')}")
        tracee.feed(5000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(tracee.account(), (0, 0, 0))

    def test_one_that_leaves(self):
        tracee, (first, second) = self.begin(readers=2)
        second.start()
        self.until_taken(tracee, second)
        first.socket.close()
        fed = tracee.feed(1000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(numbers(second.lines())[-1000:], fed)

    def test_refused(self):
        path = self.path("file")
        with open(path, "w", encoding="ascii"):
            pass
        self.refused(f"unix:{path}", "no socket")
        self.refused(f"unix:{self.path('x' * 120)}", "too long")
        self.refused(f"unix:{self.folder}/none/s", "cannot listen", status=1)
        self.refused(f"unix:{self.path('s')}?mode=9", "mode")
        self.refused(f"unix:{self.path('s')}?quee=1MiB", "'queue'?")
        self.refused(f"unix:{self.path('s')}?when-full=drop", "drop-newest")

    def test_mode_and_a_socket_left_behind(self):
        path = self.path("s")
        with socket.socket(socket.AF_UNIX) as old:
            old.bind(path)
        tracee = self.tracee("--output", f"unix:{path}?mode=0660")
        await_(lambda: os.path.exists(path) and os.stat(path).st_mode & 0o777 == 0o660, "the socket")
        self.refused(f"unix:{path}", "another process listens", status=1)
        self.assertEqual(tracee.end(), 0, tracee.said)


if __name__ == "__main__":
    main()
