# SPDX-License-Identifier: Apache-2.0
"""Judges events: does one match, and does its envelope tell the truth about its owner."""
import fnmatch
import os
import re

from process import TICK_NS

NOBODY = {
    "threadStartTime": 0, "processId": 0, "cgroupId": 0, "threadId": 0, "parentProcessId": 0,
    "hostProcessId": 0, "hostThreadId": 0, "hostParentProcessId": 0, "userId": 0,
    "mountNamespace": 0, "pidNamespace": 0, "processName": "", "hostName": "", "containerId": "",
    "container": {}, "syscall": "", "threadEntityId": 0, "processEntityId": 0, "parentEntityId": 0,
}
# Fields that a thread shares with its process; the others are looked at one by one.
OF_PROCESS = ("processId", "parentProcessId", "hostProcessId", "hostParentProcessId", "userId",
              "mountNamespace", "pidNamespace", "cgroupId", "hostName")
CLOCK_ERROR_NS = 1_000_000  # two readings of the boot epoch, under load


def arguments(event):
    return {argument["name"]: argument["value"] for argument in event["args"]}


def values(value, path):
    """What stands at a dotted path; through lists, of any element."""
    if isinstance(value, list):
        return [found for element in value for found in values(element, path)]
    if not path:
        return [value]
    if not isinstance(value, dict) or path[0] not in value:
        return []
    return values(value[path[0]], path[1:])


def addresses(event):
    data = arguments(event)
    return {address for path in ("src", "dst", "metadata.src_ip", "metadata.dst_ip")
            for address in values(data, path.split("."))}


class Condition:
    """PATH=VALUE or PATH!=VALUE; VALUE may hold stars. PATH is one of the arguments or envelope."""

    def __init__(self, text):
        match = re.fullmatch(r"([\w.-]+?)(!?=)(.*)", text)
        if not match:
            raise SyntaxError(f"'{text}' is no condition; write PATH=VALUE")
        self.path, self.negated = match[1].split("."), match[2] == "!="
        self.value = match[3]

    def holds(self, event):
        found = values(arguments(event), self.path) or values(event, self.path)
        return any(fnmatch.fnmatchcase(str(each), self.value) for each in found) != self.negated


def matches(event, name, pids, conditions):
    """`pids`: of the owners it may have; None: whoever."""
    return (fnmatch.fnmatchcase(event["eventName"], name)
            and (pids is None or event["hostProcessId"] in pids)
            and all(condition.holds(event) for condition in conditions))


def murmur3(data, seed=0x18273645):
    """32 bits; `data` is a multiple of four bytes."""
    mask, value = 0xffffffff, seed

    def rotated(x, n):
        return (x << n | x >> (32 - n)) & mask

    for i in range(0, len(data), 4):
        block = int.from_bytes(data[i:i + 4], "little") * 0xcc9e2d51 & mask
        value = (rotated(value ^ rotated(block, 15) * 0x1b873593 & mask, 13) * 5 + 0xe6546b64) & mask
    value ^= len(data)
    value = (value ^ value >> 16) * 0x85ebca6b & mask
    value = (value ^ value >> 13) * 0xc2b2ae35 & mask
    return value ^ value >> 16


def entity(host_id, start):
    return murmur3(host_id.to_bytes(4, "big") + start.to_bytes(8, "big")) if host_id else 0


def owner_complaints(event, owners, threads, boot_epoch_ns):
    """All that the envelope says wrongly. `owners`: facts by host pid; `threads`: pattern of the
    names of its further threads, by host pid."""
    pid = event["hostProcessId"]
    if pid == 0:
        expected = NOBODY
    elif pid not in owners:
        return [f"belongs to process {pid} ({event['processName']}), which had no part in it"]
    else:
        truth = owners[pid]
        expected = {field: truth[field] for field in OF_PROCESS}
        expected["processEntityId"] = entity(pid, truth["start"])
        expected["parentEntityId"] = entity(truth["hostParentProcessId"], truth["parentStart"])
        if event["hostThreadId"] == pid:
            names = truth["processName"], truth.get("laterName", truth["processName"])
            expected["processName"] = names[event["processName"] == names[1]]
            expected["threadId"] = truth["threadId"]
            expected["threadEntityId"] = expected["processEntityId"]
    wrong = [f"{field} is {event[field]!r}, not {value!r}"
             for field, value in expected.items() if event[field] != value]
    if pid:
        wrong += thread_complaints(event, truth, threads.get(pid), boot_epoch_ns)
    if not 0 <= event["processorId"] < os.cpu_count():
        wrong.append(f"processorId {event['processorId']} is no processor")
    return wrong


def thread_complaints(event, truth, pattern, boot_epoch_ns):
    late = event["threadStartTime"] - boot_epoch_ns - truth["start"]
    if event["hostThreadId"] == event["hostProcessId"]:
        if -CLOCK_ERROR_NS <= late <= TICK_NS + CLOCK_ERROR_NS:
            return []
        return [f"threadStartTime is {late} ns after the process' start"]
    wrong = []
    if pattern is None or not fnmatch.fnmatchcase(event["processName"], pattern):
        wrong.append(f"thread {event['hostThreadId']} '{event['processName']}' is not expected")
    if not -CLOCK_ERROR_NS <= late <= event["timestamp"] - boot_epoch_ns - truth["start"]:
        wrong.append(f"threadStartTime is {late} ns after the process' start")
    start = (event["threadStartTime"] - boot_epoch_ns) // TICK_NS * TICK_NS
    around = [max(start + step, 0) for step in (-TICK_NS, 0, TICK_NS)]  # the clock error may cross a tick
    if event["threadEntityId"] not in [entity(event["hostThreadId"], each) for each in around]:
        wrong.append("threadEntityId does not fit the thread's id and start")
    return wrong


def shown(event):
    """One event in one line, for reports."""
    data = arguments(event)

    def one(*paths):
        return next((str(value) for path in paths for value in values(data, path.split("."))), "")

    flags = "".join(flag[0] for flag in ("SYN", "ACK", "FIN", "RST", "PSH")
                    if one(f"proto_tcp.{flag}") == "1")
    owner = f"{event['processName']}/{event['hostProcessId']}/{event['hostThreadId']}"
    return (f"{event['timestamp'] // 1000 % 10**8:08} {owner if event['hostProcessId'] else '-':28} "
            f"{event['eventName']:26} {one('src', 'metadata.src_ip')}:"
            f"{one('src_port', 'metadata.src_port')} > {one('dst', 'metadata.dst_ip')}:"
            f"{one('dst_port', 'metadata.dst_port')} {flags} {event['syscall']}")
