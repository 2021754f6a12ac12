#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fluent forward, against a receiver of another msgpack library."""
import json

from peers import Forward
from support import OutputTest, await_, free_port, main, numbers


class ForwardTest(OutputTest):
    def peer(self, port, **options):
        peer = Forward(port, **options)
        self.addCleanup(peer.stop)
        return peer

    def test_all_arrive_as_they_are(self):
        port = free_port()
        peer = self.peer(port)
        path = self.path("same.json")
        tracee = self.tracee("--output", f"forward:tcp://127.0.0.1:{port}?tag=my.tag&requireAck=true",
                             "--output", f"json:{path}")
        fed = tracee.feed(5000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(peer.broken, [])
        with open(path, encoding="utf-8") as file:
            self.assertEqual(peer.events, file.read().splitlines())
        self.assertEqual(peer.times, [(number // 1_000_000, number % 1_000_000 * 1000) for number in fed])
        self.assertEqual(peer.tags, {"my.tag"})
        self.assertEqual(tracee.account("forward"), (5000, 5000, 0))

    def test_with_acks_a_restart_loses_nothing(self):
        port = free_port()
        first = self.peer(port)
        tracee = self.tracee("--output", f"forward:tcp://127.0.0.1:{port}?requireAck=true"
                             "&retry-most=200ms&drain=60s")
        fed = tracee.feed(3000)
        await_(lambda: first.messages > 0, "the first message")
        first.stop()
        fed += tracee.feed(3000)
        tracee.await_said("trying again")
        second = self.peer(port)
        fed += tracee.feed(3000)
        self.assertEqual(tracee.end(), 0, tracee.said)
        found = set(numbers(first.events)) | set(numbers(second.events))
        self.assertEqual(found, set(fed))
        self.assertEqual(tracee.account("forward"), (9000, 9000, 0))
        self.assertTrue(tracee.has_said("in order again"))

    def test_a_peer_that_never_acknowledges_is_not_believed(self):
        port = free_port()
        self.peer(port, acknowledges=False)
        tracee = self.tracee("--output", f"forward:tcp://127.0.0.1:{port}?requireAck=true"
                             "&ackTimeout=100ms&retry-most=100ms&drain=500ms")
        tracee.feed(100)
        tracee.end()
        self.assertEqual(tracee.account("forward"), (100, 0, 100))
        self.assertTrue(tracee.has_said("no acknowledgement"))

    def test_drops_are_counted_exactly_and_memory_is_bounded(self):
        for policy in ("drop-newest", "drop-oldest"):
            port = free_port()
            tracee = self.tracee("--output", f"forward:tcp://127.0.0.1:{port}?requireAck=true&queue=4MiB"
                                 f"&when-full={policy}&retry-most=100ms&drain=60s", "--output", "none")
            fed = tracee.feed(30000)  # 30 MB for 4 MiB, and nobody there
            await_(lambda: tracee.drained(), "all was read")
            self.assertLess(tracee.memory_kib(), 64 * 1024)
            peer = self.peer(port)
            await_(lambda: any("lost_events" in event for event in list(peer.events)),
                   "the stream tells of it")
            self.assertEqual(tracee.end(), 0, tracee.said)
            matched, written, dropped = tracee.account("forward")
            self.assertEqual(len(peer.events), written)
            self.assertEqual(matched - len(peer.events), dropped)
            self.assertGreater(dropped, 20000)
            found = numbers(peer.events)
            self.assertEqual(found, sorted(set(found)))
            if policy == "drop-newest":
                self.assertEqual(found[:1000], fed[:1000])
            else:
                self.assertEqual(found[-1000:], fed[-1000:])
            told = [json.loads(event)["args"] for event in peer.events if "lost_events" in event]
            self.assertEqual(sum(argument["value"] for arguments in told for argument in arguments
                                 if argument["name"] == "count"), dropped)

    def test_refused(self):
        for place, says in (("udp://h:1", "tcp"), ("tcp://", "forward:tcp://"), ("tcp://h:0", "HOST"),
                            ("tcp://h:99999", "HOST"), ("tcp://u:p@h:1", "passwords")):
            self.refused("forward:" + place, says)
        said = self.refused("forward:tcp://u:geheim@h:1/x", "HOST")
        self.assertNotIn("geheim", said)
        for options, says in (("requireack=true", "'requireAck'?"), ("connectionTimeout=x", "time"),
                              ("tag=", "empty")):
            self.refused("forward:tcp://127.0.0.1:1?" + options, says)


if __name__ == "__main__":
    main()
