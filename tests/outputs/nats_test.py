#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""NATS JetStream: Debian's nats-server, read through a client written here, so that
nothing of the library under test reads what it wrote."""
import json
import socket
import subprocess

from support import OutputTest, SECONDS, await_, connects, free_port, main, numbers


class Client:
    """Enough of the protocol to ask the server."""

    def __init__(self, port, options=None):
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.file.readline()  # INFO
        self.send("CONNECT " + json.dumps({"verbose": False, "headers": True, **(options or {})}))
        self.send("SUB inbox 1")

    def send(self, line, payload=None):
        self.socket.sendall(line.encode() + b"\r\n" + (payload + b"\r\n" if payload is not None else b""))

    def ask(self, subject, question=b""):
        self.send(f"PUB {subject} inbox {len(question)}", question)
        while True:
            line = self.file.readline().split()
            if not line:
                raise AssertionError("the server has gone")
            if line[0] == b"PING":
                self.send("PONG")
            elif line[0] in (b"MSG", b"HMSG"):
                data = self.file.read(int(line[-1]))
                self.file.readline()
                return data[int(line[-2]):] if line[0] == b"HMSG" else data

    def messages(self, stream):
        """All that the stream holds."""
        state = json.loads(self.ask(f"$JS.API.STREAM.INFO.{stream}"))["state"]
        out = []
        for number in range(state["first_seq"], state["last_seq"] + 1):
            out.append(self.ask(f"$JS.API.DIRECT.GET.{stream}", json.dumps({"seq": number}).encode()))
        return out

    def close(self):
        self.file.close()
        self.socket.close()


class Nats(OutputTest):
    def server(self, port, *arguments):
        process = self.start("/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd",
                             self.path("store"), *arguments, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        await_(lambda: connects(port), "nats-server")
        return process

    def client(self, port, **options):
        client = Client(port, options)
        self.addCleanup(client.close)
        return client

    def stream(self, client):
        answer = client.ask("$JS.API.STREAM.CREATE.S", json.dumps(
            {"name": "S", "subjects": ["tracee.events"], "retention": "limits", "storage": "file",
             "num_replicas": 1, "max_msgs": -1, "max_bytes": -1, "max_age": 0, "discard": "old",
             "allow_direct": True, "duplicate_window": 120_000_000_000}).encode())
        self.assertNotIn("error", json.loads(answer))

    def test_all_arrive(self):
        port = free_port()
        self.server(port)
        client = self.client(port)
        self.stream(client)
        tracee = self.tracee("--output", f"nats:nats://127.0.0.1:{port}/tracee.events", "--output", "json")
        tracee.feed(2500)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(client.messages("S"), tracee.stdout.splitlines())
        self.assertEqual(tracee.account("nats"), (2500, 2500, 0))

    def test_the_stream_is_made_when_asked(self):
        port = free_port()
        self.server(port)
        tracee = self.tracee("--output", f"nats:127.0.0.1:{port}/tracee.events?stream=MADE")
        tracee.feed(10)
        self.assertEqual(tracee.end(), 0, tracee.said)
        info = json.loads(self.client(port).ask("$JS.API.STREAM.INFO.MADE"))
        self.assertEqual(info["state"]["messages"], 10)

    def test_a_restart_loses_nothing(self):
        port = free_port()
        first = self.server(port)
        client = self.client(port)
        self.stream(client)
        tracee = self.tracee("--output", f"nats:127.0.0.1:{port}/tracee.events?retry-most=200ms"
                             "&ackTimeout=2s&drain=60s")
        fed = tracee.feed(2000)
        await_(lambda: json.loads(client.ask("$JS.API.STREAM.INFO.S"))["state"]["messages"] > 0, "the first")
        self.end_with(first)
        fed += tracee.feed(2000)
        tracee.await_said("trying again")
        self.server(port)
        self.assertEqual(tracee.end(), 0, tracee.said)
        # At least once; and the ids keep what was sent twice from being stored twice.
        self.assertEqual(sorted(numbers(self.client(port).messages("S"))), fed)
        self.assertEqual(tracee.account("nats"), (4000, 4000, 0))

    def test_without_a_stream_nothing_counts_as_written(self):
        port = free_port()
        self.server(port)
        tracee = self.tracee("--output", f"nats:127.0.0.1:{port}/tracee.events?drain=1s&ackTimeout=500ms")
        tracee.feed(20)
        tracee.end()
        self.assertEqual(tracee.account("nats"), (20, 0, 20))

    def test_passwords(self):
        port = free_port()
        self.server(port, "--user", "joe", "--pass", "geheim")
        file = self.path("secret")
        with open(file, "w", encoding="ascii") as out:
            out.write("geheim\n")
        spec = f"nats:127.0.0.1:{port}/tracee.events?stream=S&user=joe"
        tracee = self.tracee("--output", f"{spec}&password-file={file}")
        tracee.feed(10)
        self.assertEqual(tracee.end(), 0, tracee.said)
        self.assertEqual(tracee.account("nats"), (10, 10, 0))
        stranger = self.tracee("--output", f"{spec}&password=falsch&drain=1s")
        stranger.feed(10)
        stranger.end()
        self.assertEqual(stranger.account("nats"), (10, 0, 10))
        self.assertNotIn("falsch", "\n".join(stranger.said))

    def test_refused(self):
        for place, says in (("h:4222", "SUBJECT"), ("http://h/x", "nats://"), ("h/a.*", "SUBJECT"), ("h/", "SUBJECT")):
            self.refused("nats:" + place, says)
        self.refused("nats:h/x?strem=S", "'stream'?")
        self.refused("nats:h/x?tls-ca=/x", "TLS")


if __name__ == "__main__":
    main()
