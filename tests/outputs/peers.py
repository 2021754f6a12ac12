# SPDX-License-Identifier: Apache-2.0
"""Peers for the tests of network outputs, none of which shares code with tracee: a
Fluent forward receiver (python3-msgpack) and HTTP servers (python's own)."""
import http.server
import json
import socket
import socketserver
import struct
import threading
import time

import msgpack


class Server:
    """A threading server on a port of 127.0.0.1 that can be killed and started again."""

    def __init__(self, port, handler, base):
        class Listener(base):
            allow_reuse_address = True
            daemon_threads = True
        self.connections = []
        self.server = Listener(("127.0.0.1", port), handler)
        self.server.peer = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        """Its connections break, too."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Forward:
    """Takes messages of the Forward mode; acknowledges chunks once they are kept."""

    def __init__(self, port, acknowledges=True):
        self.events, self.times, self.tags, self.lock = [], [], set(), threading.Lock()
        self.acknowledges, self.broken, self.messages = acknowledges, [], 0
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.server.peer.connections.append(self.request)
                unpacker = msgpack.Unpacker(raw=False, max_buffer_size=1 << 28,
                                            ext_hook=lambda code, data: (code, data))
                while True:
                    try:
                        data = self.request.recv(1 << 16)
                    except OSError:
                        return
                    if not data:
                        return
                    unpacker.feed(data)
                    for message in unpacker:
                        outer.take(message, self.request)
        self.peer = Server(port, Handler, socketserver.ThreadingTCPServer)

    def take(self, message, connection):
        with self.lock:
            try:
                tag, entries, options = message
                self.tags.add(tag)
                assert options["size"] == len(entries), options
                for (code, when), record in entries:
                    assert code == 0 and len(when) == 8 and list(record) == ["event"], record
                    self.times.append(struct.unpack("!II", when))
                    self.events.append(record["event"])
                self.messages += 1
            except Exception as problem:  # pylint: disable=broad-except
                self.broken.append(repr(problem))
                return
        if self.acknowledges and "chunk" in options:
            try:
                connection.sendall(msgpack.packb({"ack": options["chunk"]}))
            except OSError:
                pass

    def stop(self):
        self.peer.stop()


class Http:
    """Takes posts; `answer(number)` gives (status, headers, body) for each, `slow` is
    how long that takes. Keeps those that it answers with 200, and the size of all."""

    def __init__(self, port, answer=lambda number: (200, {}, b"{}"), slow=0):
        self.requests, self.all, self.lock = [], 0, threading.Lock()
        self.sizes = []  # lines of each post
        self.slow, self.answer = slow, answer
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                self.server.peer.connections.append(self.request)
                super().setup()

            def do_POST(self):  # pylint: disable=invalid-name
                size = int(self.headers["Content-Length"])
                body = self.rfile.read(size)
                if len(body) < size:
                    return  # we have been killed
                time.sleep(outer.slow)
                with outer.lock:
                    outer.all += 1
                    outer.sizes.append(len(body.splitlines()))
                    status, headers, answer = outer.answer(outer.all)
                    if status == 200:
                        outer.requests.append((self.path, dict(self.headers), body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                try:
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # the client has gone, or we have been killed

            def log_message(self, *_):
                pass
        self.peer = Server(port, Handler, http.server.ThreadingHTTPServer)

    def lines(self):
        with self.lock:
            return [line for _, _, body in self.requests for line in body.splitlines()]

    def stop(self):
        self.peer.stop()


def otlp_records(body):
    """The log records of a request, held against the shape that OpenTelemetry's
    protocol gives its JSON encoding (lowerCamelCase names, 64-bit numbers as texts)."""
    def only(value, *names):
        assert set(value) <= set(names), (set(value), names)

    def attributes(pairs):
        out = {}
        for pair in pairs:
            assert set(pair) == {"key", "value"} and set(pair["value"]) == {"stringValue"}, pair
            assert isinstance(pair["value"]["stringValue"], str)
            out[pair["key"]] = pair["value"]["stringValue"]
        return out
    top = json.loads(body)
    only(top, "resourceLogs")
    out = []
    for resource_logs in top["resourceLogs"]:
        only(resource_logs, "resource", "scopeLogs", "schemaUrl")
        only(resource_logs["resource"], "attributes", "droppedAttributesCount")
        resource = attributes(resource_logs["resource"]["attributes"])
        assert resource["service.name"]
        for scope_logs in resource_logs["scopeLogs"]:
            only(scope_logs, "scope", "logRecords", "schemaUrl")
            only(scope_logs["scope"], "name", "version", "attributes", "droppedAttributesCount")
            for record in scope_logs["logRecords"]:
                only(record, "timeUnixNano", "observedTimeUnixNano", "severityNumber",
                     "severityText", "body", "attributes", "droppedAttributesCount", "flags",
                     "traceId", "spanId")
                for name in ("timeUnixNano", "observedTimeUnixNano"):
                    assert isinstance(record[name], str) and record[name].isdigit(), record
                assert isinstance(record["severityNumber"], int)
                assert 1 <= record["severityNumber"] <= 24
                assert set(record["body"]) == {"stringValue"}
                out.append((int(record["timeUnixNano"]), attributes(record["attributes"]),
                            record["body"]["stringValue"], resource))
    return out
