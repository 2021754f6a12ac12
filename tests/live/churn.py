# SPDX-License-Identifier: Apache-2.0
"""Judges what programs/churn.py did: the owner of each event of each connection."""
import json

from process import TICK_NS, read

SERVER_PORT = 7000
CLOCK_ERROR_NS = 1_000_000


class Party:
    """A process that took part in a connection."""

    def __init__(self, pid, start, name, moment):
        self.pid, self.start, self.name, self.moment = int(pid), int(start), name, int(moment)

    def is_owner(self, event, boot_epoch_ns):
        """The name is the process' own, so that the next one with its id is told from it."""
        ticks = (event["threadStartTime"] - boot_epoch_ns) / TICK_NS - self.start
        return (event["hostProcessId"] == self.pid and event["processName"] == self.name
                and -0.2 < ticks < 1.2)


def parties(path):
    """Clients, workers and workers that close, each by the client's port."""
    found = {"client": {}, "worker": {}, "closing": {}}
    for line in read(path).splitlines():
        end, port, *rest = line.split()
        found[end][int(port)] = Party(*rest)
    return found.values()


class Judge:
    """Looks at one event after the other."""

    def __init__(self, log, master, boot_epoch_ns):
        self.clients, self.workers, self.closing = parties(log)
        self.master, self.boot_epoch_ns = master, boot_epoch_ns
        self.wrong, self.events, self.nobody = [], 0, 0
        self.seen_client, self.seen_worker = set(), set()

    def complaint(self, event):
        data = {argument["name"]: argument["value"] for argument in event["args"]}
        network = event["network"]
        to_server = data["dst_port"] == SERVER_PORT
        port = data["src_port"] if to_server else data["dst_port"]
        if port not in self.clients:
            return "is of no connection"
        leaves = network["direction"] == "egress"
        if event["hostProcessId"] == 0:
            # The kernel's answer to what comes for a connection that is gone.
            gone = None if to_server else self.closing.get(port)
            time = event["timestamp"] - self.boot_epoch_ns
            if not gone or time + CLOCK_ERROR_NS < gone.moment:
                self.nobody += 1
            return None if data["proto_tcp"]["RST"] == 1 and leaves else "is nobody's"
        if to_server == leaves:
            self.seen_client.add(port)
            client = self.clients[port]
            return None if client.is_owner(event, self.boot_epoch_ns) else f"is {client.name}'s"
        worker = self.workers.get(port)
        if worker and worker.is_owner(event, self.boot_epoch_ns):
            self.seen_worker.add(port)
            return None if network["attribution"] == "user" else "is said to be the listener's"
        if event["hostProcessId"] != self.master or network["attribution"] != "listener":
            return f"is {worker.name}'s" if worker else "is the listener's"
        # What comes for a connection that is gone meets the listener again.
        time = event["timestamp"] - self.boot_epoch_ns
        if worker and worker.moment + CLOCK_ERROR_NS < time and (
                port not in self.closing or time < self.closing[port].moment):
            return f"came {time - worker.moment} ns after {worker.name} had accepted"
        return None

    def look_at(self, line):
        event = json.loads(line)
        if event["eventName"] != "net_packet_tcp":
            return
        self.events += 1
        found = self.complaint(event)
        if found:
            self.wrong.append((event, found))

    def verdict(self, connections):
        """What speaks against it, or None."""
        processes = {(client.pid, client.start, client.name) for client in self.clients.values()}
        ids = {client.pid for client in self.clients.values()}
        if len(self.clients) != connections:
            return f"there were {len(self.clients)} connections, not {connections}"
        if len(ids) * 2 > len(processes):
            return f"{len(processes)} processes had {len(ids)} ids: hardly one was used again"
        if len({worker.name for worker in self.workers.values()}) < 2:
            return "one worker took all connections"
        if len(self.seen_client) != connections:
            return f"only {len(self.seen_client)} connections have an event of their client"
        # A connection that its client has reset is, at times, never accepted.
        if len(self.seen_worker) < len(self.workers):
            return (f"only {len(self.seen_worker)} of {len(self.workers)} accepted connections have "
                    f"an event of their worker")
        if self.nobody * 100 > self.events:
            return f"{self.nobody} of {self.events} events are nobody's"
        return None
