#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kafka: librdkafka's mock cluster in a process of its own, read by kcat."""
import os
import subprocess

from support import OutputTest, SECONDS, await_, main, numbers

MOCK = os.environ.get("KAFKA_MOCK", "build/tests/outputs/kafka_mock")


class Kafka(OutputTest):
    def cluster(self):
        mock = self.start(MOCK, "events", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL)
        return mock, mock.stdout.readline().strip()

    def tell(self, mock, word):
        mock.stdin.write(word + "\n")
        mock.stdin.flush()
        self.assertEqual(mock.stdout.readline(), "ok\n")

    def read(self, brokers, form="%s\n"):
        done = subprocess.run(["kcat", "-C", "-q", "-b", brokers, "-t", "events", "-e", "-o", "beginning",
                               "-f", form], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=SECONDS, check=True)
        return done.stdout.splitlines()

    def test_all_arrive(self):
        for compression in ("lz4", "zstd"):
            _, brokers = self.cluster()
            tracee = self.tracee("--output", f"kafka:{brokers}/events?compression={compression}",
                                 "--output", "json")
            tracee.feed(3000)
            self.assertEqual(tracee.end(), 0, tracee.said)
            self.assertEqual(sorted(self.read(brokers)), sorted(tracee.stdout.splitlines()))
            self.assertEqual(tracee.account("kafka"), (3000, 3000, 0))

    def test_a_flow_keeps_its_partition(self):
        _, brokers = self.cluster()
        tracee = self.tracee("--output", f"kafka:{brokers}/events?key=flow")
        fed = tracee.feed(500)
        self.assertEqual(tracee.end(), 0, tracee.said)
        lines = self.read(brokers, "%p|%k|%s\n")
        self.assertEqual({tuple(line.split(b"|")[:2])[1] for line in lines},
                         {b"10.0.0.1 1000 10.0.0.2 2000"})
        self.assertEqual(len({line.split(b"|")[0] for line in lines}), 1)
        self.assertEqual(numbers(line.split(b"|", 2)[2] for line in lines), fed)  # in order

    def test_a_broker_that_comes_back_has_all(self):
        mock, brokers = self.cluster()
        tracee = self.tracee("--output", f"kafka:{brokers}/events?reconnect.backoff.max.ms=500&drain=60s")
        fed = tracee.feed(2000)
        await_(lambda: self.read(brokers), "the first messages")
        self.tell(mock, "down")
        fed += tracee.feed(2000)
        tracee.await_said("trying again")
        self.tell(mock, "up")
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(set(numbers(self.read(brokers))), set(fed))
        self.assertEqual(tracee.account("kafka"), (4000, 4000, 0))

    def test_drops_are_counted_exactly(self):
        mock, brokers = self.cluster()
        tracee = self.tracee("--output", f"kafka:{brokers}/events?queue=2MiB&when-full=drop-newest"
                             "&queue.buffering.max.kbytes=2048&reconnect.backoff.max.ms=500&drain=60s")
        tracee.feed(100)
        await_(lambda: self.read(brokers), "the first messages")
        self.tell(mock, "down")
        tracee.feed(20000)
        await_(tracee.drained, "all was read")
        self.assertLess(tracee.memory_kib(), 96 * 1024)
        self.tell(mock, "up")
        self.assertEqual(tracee.end(), 0, tracee.said)
        matched, written, dropped = tracee.account("kafka")
        lines = self.read(brokers)
        self.assertEqual(len(lines), written)
        self.assertEqual(matched - len(lines), dropped)
        self.assertGreater(dropped, 5000)

    def test_nobody_there(self):
        tracee = self.tracee("--output", "kafka:127.0.0.1:1/events?drain=1s")
        tracee.feed(50)
        tracee.end()
        self.assertEqual(tracee.account("kafka"), (50, 0, 50))

    def test_refused(self):
        for place, says in (("h:9092", "TOPIC"), ("/t", "TOPIC"), ("u:p@h/t", "sasl.username")):
            self.refused("kafka:" + place, says)
        for options, says in (("compression=best", "zstd"), ("key=pid", "flow"), ("sasl.pasword=x", "sasl.pasword"),
                              ("linger.ms=soon", "linger.ms"), ("acks=many", "all"),
                              ("sasl.password=env:TRACEE_NOT_SET", "TRACEE_NOT_SET")):
            self.refused("kafka:127.0.0.1:1/t?" + options, says)
        said = self.refused("kafka:127.0.0.1:1/t?sasl.password=geheim&linger.ms=x", "linger.ms")
        self.assertNotIn("geheim", said)


if __name__ == "__main__":
    main()
