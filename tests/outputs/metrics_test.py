#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""--metrics: what it shows, held against what is known, and strangers who are not kind.

Read by Debian's prometheus_client. Every metric that the dashboard and the alerts of
contrib/ name is in a real scrape. With `live` (as root), of a live trace."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest

import yaml
from prometheus_client.parser import text_string_to_metric_families

import support
from support import SECONDS, TRACEE, await_

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CONNECTIONS = 32  # as metrics_server.cpp has it
# What is there only when something is: of a live trace, of detectors, of a file.
LIVE = {"tracee_kernel_packets", "tracee_kernel_process_news", "tracee_bpf_program_seconds",
        "tracee_bpf_program_runs", "tracee_table_evicted", "tracee_map_used", "tracee_map_capacity"}
DETECTORS = {f"tracee_detector_{name}" for name in ("on", "events", "findings", "errors", "seconds")}


def get(port, path="/metrics", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


class Scrape(dict):
    """(name, sorted labels) to value. Refuses what Prometheus would."""

    def __init__(self, text):
        super().__init__()
        self.families = set()
        for family in text_string_to_metric_families(text):
            assert family.name not in self.families, f"{family.name} stands twice"
            assert family.documentation.endswith(".") and family.type in ("counter", "gauge"), family
            self.families.add(family.name)
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self, f"{key} stands twice"
                assert sample.value >= 0, key
                assert sample.name.endswith("_total") == (family.type == "counter"), key
                self[key] = sample.value

    def value(self, name, **labels):
        return self[(name, tuple(sorted(labels.items())))]


def metric_names(text):
    return set(re.findall(r"\b(?:tracee|process)_[a-z_]+\b", text))


def named_in_contrib():
    names = set()
    with open(os.path.join(ROOT, "contrib/prometheus/tracee-alerts.yml"), encoding="utf-8") as file:
        for group in yaml.safe_load(file)["groups"]:
            for rule in group["rules"]:
                names |= metric_names(rule["expr"])
                assert rule["annotations"]["summary"], rule
    with open(os.path.join(ROOT, "contrib/grafana/tracee.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            names |= metric_names(target["expr"])
    for variable in dashboard["templating"]["list"]:
        names |= metric_names(json.dumps(variable["query"]))
    return names


class MetricsTest(support.OutputTest):
    def port_of(self, tracee):
        tracee.await_said("metrics at http://")
        line = next(line for line in tracee.said if "metrics at http://" in line)
        return int(re.search(r"http://127\.0\.0\.1:(\d+)/metrics$", line)[1])

    def scrape_when(self, port, condition):
        """The first scrape of which it holds: the numbers are up to a second old."""
        def look():
            status, text = get(port)
            if status != 200:
                return None
            scrape = Scrape(text)
            return scrape if condition(scrape) else None
        return await_(look, "the numbers in /metrics")

    def start_replay(self, *arguments, **options):
        tracee = self.tracee("--metrics", "127.0.0.1:0", *arguments, **options)
        return tracee, self.port_of(tracee)


class Replay(MetricsTest):
    def test_numbers(self):
        out = self.path("out.json")
        tracee, port = self.start_replay("--output", "json:" + out, "--output", "none", "--output",
                                         "json:/dev/full", "--output", "none",
                                         events="net_packet_udp,net_packet_tcp")
        tracee.feed(1234)
        scrape = self.scrape_when(port, lambda s: s.value(
            "tracee_packets_received_total") == 1234 and s.value(
                "tracee_output_events_total", output="json:/dev/full", result="dropped") > 0)
        for name, labels, value in (
                ("tracee_events_total", {"event": "net_packet_udp"}, 1234),
                ("tracee_events_total", {"event": "net_packet_tcp"}, 0),
                ("tracee_packets_attributed_total", {"attribution": "none"}, 1234),
                ("tracee_file_packets_total", {}, 1234),
                ("tracee_output_up", {"output": "json:" + out}, 1),
                ("tracee_output_up", {"output": "json:/dev/full"}, 0),
                ("tracee_reloads_total", {"result": "done"}, 0)):
            self.assertEqual(scrape.value(name, **labels), value, (name, labels))
        scrape.value("tracee_output_events_total", output="none#2", result="matched")
        self.assertEqual(scrape.value("tracee_lost_events_total", stage="output"),
                         scrape.value("tracee_output_events_total", output="json:/dev/full",
                                      result="dropped"))
        self.assertEqual(scrape.value("tracee_output_bytes_total", output="json:" + out),
                         os.path.getsize(out))
        self.assertGreater(scrape.value("process_resident_memory_bytes"), 1e6)
        self.assertGreater(scrape.value("process_cpu_seconds_total"), 0)
        version = subprocess.run([TRACEE, "--version"], stdout=subprocess.PIPE, check=True).stdout
        scrape.value("tracee_build_info", version=version.decode().split()[1])
        tracee.end()

    def test_queues_and_failures(self):
        peer = support.free_port()
        spec = f"webhook:http://127.0.0.1:{peer}/x?drain=10ms"
        tracee, port = self.start_replay("--output", spec)
        tracee.feed(1000)
        name = spec.partition("?")[0]
        scrape = self.scrape_when(port, lambda s: s.value(
            "tracee_output_queue_events", output=name) == 1000 and s.value(
                "tracee_output_failures_total", output=name) > 0)
        self.assertGreater(scrape.value("tracee_output_queue_bytes", output=name), 1000)
        self.assertEqual(scrape.value("tracee_output_queue_limit_bytes", output=name), 16 << 20)
        tracee.end()

    def test_reloads_and_health(self):
        policy = self.path("policy.yaml")
        text = ("apiVersion: tracee.aquasec.com/v1beta1\nkind: Policy\nmetadata: {name: one}\n"
                "spec: {scope: [global], rules: [{event: net_packet_udp}]}\n")
        with open(policy, "w", encoding="utf-8") as file:
            file.write(text)
        process = self.start(TRACEE, "--input", "-", "--policy", policy, "--output", "none",
                             "--metrics", "0", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        port = int(re.search(rb":(\d+)/metrics", process.stderr.readline())[1])
        process.stdin.write(support.capture.pcap())
        process.stdin.flush()
        await_(lambda: get(port, "/readyz")[0] == 200, "ready")
        self.assertEqual(get(port, "/healthz"), (200, "ok\n"))
        process.send_signal(signal.SIGHUP)
        self.scrape_when(port, lambda s: s.value("tracee_reloads_total", result="done") == 1 and
                         abs(s.value("tracee_last_reload_timestamp_seconds") - time.time()) < 600)
        with open(policy, "w", encoding="utf-8") as file:
            file.write("broken: [")
        process.send_signal(signal.SIGHUP)
        self.scrape_when(port, lambda s: s.value("tracee_reloads_total", result="failed") == 1)

    def test_other_requests(self):
        tracee, port = self.start_replay("--output", "none")
        await_(lambda: get(port, "/readyz")[0] == 200, "ready")
        self.assertEqual(get(port, "/")[0], 404)
        self.assertEqual(get(port, "/metrics/../etc/passwd")[0], 404)
        self.assertEqual(get(port, method="POST")[0], 405)
        self.assertEqual(get(port, method="DELETE")[0], 405)
        self.assertEqual(get(port, method="HEAD"), (200, ""))
        tracee.end()
        self.assertFalse(support.connects(port))

    def test_addresses(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            for address, status, says in (
                    ("x", 2, "[::1]:9466"), ("127.0.0.1:x", 2, "127.0.0.1:9466"),
                    ("127.0.0.1:99999", 2, "not an address"), (":9466", 2, "not an address"),
                    ("192.0.2.1:9466", 1, "address of this host"),
                    (f"127.0.0.1:{taken.getsockname()[1]}", 1, "another port")):
                path = self.path("in.pcap")
                with open(path, "wb") as file:
                    file.write(support.capture.pcap())
                done = subprocess.run([TRACEE, "--input", path, "--metrics", address],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, status, (address, done.stderr))
                self.assertIn(says, done.stderr.decode(), address)
                self.assertTrue(done.stderr.startswith(b"tracee: --metrics: "), done.stderr)

    def test_unkind_clients(self):
        tracee, port = self.start_replay("--output", "none")
        tracee.feed(10)
        await_(lambda: get(port, "/readyz")[0] == 200, "ready")
        before = tracee.memory_kib()
        # Garbage, endless heads, bodies that never come: each is answered or cut off.
        for bytes_ in (b"\x00\xff" * 5000, b"GET " + b"a" * 100_000, b"\r\n" * 10_000,
                       b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 70_000 + b"\r\n\r\n",
                       b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
                       b"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
                       b"GET /metrics HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"):
            with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as client:
                try:
                    client.sendall(bytes_)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65536):
                        pass
                except OSError:  # cut off
                    pass
            self.assertEqual(get(port, "/healthz")[0], 200, bytes_[:40])
        # Many who are slow: a letter now and then. None of them may stay for ever, and when
        # they are gone others are served.
        slow = [socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
                for _ in range(CONNECTIONS + 16)]
        gone = set()

        def trickle():
            for i, client in enumerate(slow):
                if i in gone:
                    continue
                try:
                    client.setblocking(False)
                    client.send(b"G")
                    if client.recv(100) == b"":
                        gone.add(i)
                except BlockingIOError:
                    pass
                except OSError:
                    gone.add(i)
            tracee.feed(1)
            return len(gone) == len(slow)
        await_(trickle, "slow clients are cut off")
        for client in slow:
            client.close()
        scrape = self.scrape_when(port, lambda s: s.value(
            "tracee_packets_received_total") == tracee.sent)  # tracing went on
        self.assertEqual(scrape.value("tracee_events_total", event="net_packet_udp"), tracee.sent)
        self.assertLess(tracee.memory_kib() - before, 8 * 1024)
        tracee.end()

    def test_contrib_names_what_exists(self):
        tracee, port = self.start_replay("--output", "none")
        await_(lambda: get(port, "/readyz")[0] == 200, "ready")
        have = Scrape(get(port)[1]).families
        wanted = {name.removesuffix("_total") for name in named_in_contrib()}
        self.assertGreater(len(wanted), 15)
        self.assertEqual(wanted - have - LIVE - DETECTORS, set())
        tracee.end()


class Live(MetricsTest):
    """As root: a live trace, a detector, and everything that contrib/ names."""

    def test_a_live_trace(self):
        rule = self.path("rule.yaml")
        with open(rule, "w", encoding="utf-8") as file:
            file.write(RULE)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind(("127.0.0.1", 0))
            to = server.getsockname()
            process = self.start(TRACEE, "--metrics", "0", "--output", "none", "--events",
                                 f"net_packet_udp.data.dst_port={to[1]}", "--events", "many_metrics",
                                 "--detectors", rule, stderr=subprocess.PIPE)
            port = int(re.search(rb":(\d+)/metrics", process.stderr.readline())[1])
            while b"tracing" not in (line := process.stderr.readline()):
                self.assertTrue(line)
            for _ in range(100):
                client.sendto(b"x", to)
                server.recv(10)
            scrape = self.scrape_when(port, lambda s: s.value(
                "tracee_events_total", event="net_packet_udp") >= 200)  # both directions
        self.assertEqual(scrape.value("tracee_events_total", event="net_packet_udp"), 200)
        self.assertEqual(
            scrape.value("tracee_kernel_packets_total", result="seen"),
            sum(scrape.value("tracee_kernel_packets_total", result=result)
                for result in ("filtered", "shed", "ring_full", "load_failed", "emitted")))
        self.assertGreaterEqual(
            scrape.value("tracee_packets_attributed_total", attribution="user"), 100)
        self.assertGreaterEqual(scrape.value("tracee_bpf_program_runs_total", program="on_egress"),
                                100)
        self.assertGreater(scrape.value("tracee_bpf_program_seconds_total", program="on_egress"), 0)
        self.assertEqual(scrape.value("tracee_map_capacity", map="packets"), 16 << 20)
        self.assertGreater(scrape.value("tracee_map_used", map="processes"), 1)
        self.assertEqual(scrape.value("tracee_detector_on", detector="many-metrics"), 1)
        have = scrape.families - {"tracee_file_packets"}
        self.assertEqual(LIVE | DETECTORS, (LIVE | DETECTORS) & have)
        self.assertEqual({name.removesuffix("_total") for name in named_in_contrib()} - have, set())
        with open(os.path.join(ROOT, "docs/metrics.md"), encoding="utf-8") as file:
            told = {name.removesuffix("_total") for name in metric_names(file.read())}
        self.assertEqual(have - told, set(), "docs/metrics.md tells of every metric")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=SECONDS), 0)


RULE = """
type: detector
id: many-metrics
produced_event: {name: many_metrics, version: 1.0.0, description: A test}
requirements: {events: [{name: net_packet_dns}]}
conditions: [data.proto_dns.QR == 0]
"""

if __name__ == "__main__":
    if sys.argv[1:2] == ["live"] and os.geteuid() != 0:
        print("skipped: tracing needs root")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], "Live" if sys.argv[1:2] == ["live"] else "Replay"])
