#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The judge of the live cases finds what is wrong, whatever it is."""
import copy
import unittest

from expect import Condition, NOBODY, addresses, entity, matches, murmur3, owner_complaints

EPOCH = 1_700_000_000_123_456_789
TRUTH = {
    "processName": "client", "processId": 3, "threadId": 3, "parentProcessId": 1,
    "hostProcessId": 503, "hostThreadId": 503, "hostParentProcessId": 501, "userId": 1000,
    "mountNamespace": 41, "pidNamespace": 42, "cgroupId": 43, "hostName": "box",
    "start": 5_000_000_000, "parentStart": 4_000_000_000,
}
EVENT = {
    "timestamp": EPOCH + 9_000_000_000, "threadStartTime": EPOCH + 5_004_000_000, "processorId": 0,
    "processId": 3, "cgroupId": 43, "threadId": 3, "parentProcessId": 1, "hostProcessId": 503,
    "hostThreadId": 503, "hostParentProcessId": 501, "userId": 1000, "mountNamespace": 41,
    "pidNamespace": 42, "processName": "client", "hostName": "box", "containerId": "",
    "container": {}, "eventName": "net_packet_udp", "syscall": "sendto",
    "threadEntityId": entity(503, 5_000_000_000), "processEntityId": entity(503, 5_000_000_000),
    "parentEntityId": entity(501, 4_000_000_000),
    "args": [{"name": "src", "type": "const char*", "value": "10.0.0.1"},
             {"name": "proto_udp", "type": "trace.ProtoUDP", "value": {"length": 8}},
             {"name": "list", "type": "", "value": [{"name": "a"}, {"name": "b"}]}],
}
WRONG = {int: 77, str: "other", dict: {"id": "x"}}


class Owners(unittest.TestCase):
    def complaints(self, event, threads=None):
        return owner_complaints(event, {503: TRUTH}, threads or {}, EPOCH)

    def changed(self, **fields):
        return {**copy.deepcopy(EVENT), **fields}

    def test_truth_holds(self):
        self.assertEqual(self.complaints(EVENT), [])

    def test_each_wrong_field_is_found(self):
        for field in ("threadStartTime", "processId", "cgroupId", "threadId", "parentProcessId",
                      "hostProcessId", "hostThreadId", "hostParentProcessId", "userId",
                      "mountNamespace", "pidNamespace", "processName", "hostName", "threadEntityId",
                      "processEntityId", "parentEntityId", "processorId"):
            event = self.changed(**{field: WRONG[type(EVENT[field])] + WRONG[type(EVENT[field])]})
            self.assertTrue(self.complaints(event), field)

    def test_start_may_err_by_a_tick(self):
        for late, holds in ((-2_000_000, False), (0, True), (9_999_999, True), (12_000_000, False)):
            event = self.changed(threadStartTime=EPOCH + TRUTH["start"] + late)
            self.assertEqual(self.complaints(event) == [], holds, late)

    def test_stranger_is_found(self):
        self.assertIn("had no part", self.complaints(self.changed(hostProcessId=504))[0])

    def test_nobody_has_no_fields(self):
        nobody = self.changed(**NOBODY)
        self.assertEqual(self.complaints(nobody), [])
        for field, value in NOBODY.items():
            if field != "hostProcessId":
                self.assertTrue(self.complaints({**nobody, field: WRONG[type(value)]}), field)

    def test_thread_must_be_announced(self):
        start = EPOCH + 6_000_000_000
        thread = self.changed(hostThreadId=505, threadId=5, processName="net-0",
                              threadStartTime=start, threadEntityId=entity(505, 6_000_000_000))
        self.assertEqual(self.complaints(thread, {503: "net-*"}), [])
        self.assertTrue(self.complaints(thread))
        self.assertTrue(self.complaints({**thread, "processName": "client"}, {503: "net-*"}))
        self.assertTrue(self.complaints({**thread, "threadStartTime": EPOCH}, {503: "net-*"}))
        self.assertTrue(self.complaints({**thread, "threadEntityId": 1}, {503: "net-*"}))


class Matching(unittest.TestCase):
    def holds(self, text):
        return Condition(text).holds(EVENT)

    def test_conditions(self):
        for text in ("src=10.0.0.1", "src=10.*", "proto_udp.length=8", "list.name=b", "userId=1000",
                     "src!=10.0.0.2", "list.name!=c", "syscall=send*"):
            self.assertTrue(self.holds(text), text)
        for text in ("src=10.0.0.2", "proto_udp.length=9", "list.name=c", "list.name!=a",
                     "nothing=1", "src!=10.*"):
            self.assertFalse(self.holds(text), text)
        with self.assertRaises(SyntaxError):
            Condition("src")

    def test_events(self):
        self.assertTrue(matches(EVENT, "net_packet_*", {503}, []))
        self.assertFalse(matches(EVENT, "net_packet_tcp", None, []))
        self.assertFalse(matches(EVENT, "net_packet_udp", {504}, []))
        self.assertEqual(addresses(EVENT), {"10.0.0.1"})

    def test_hash(self):
        self.assertEqual(murmur3(bytes(12)), 0xf6c56b4a)
        self.assertEqual(entity(472, 5_520_000_000), 131662446)


if __name__ == "__main__":
    unittest.main()
