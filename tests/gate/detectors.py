#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two hundred YAML detectors cost at most half as much again as one that uses the same
events. Counted in instructions by callgrind, in one run, so that nothing else matters.
"""
import argparse
import os
import shutil
import subprocess
import tempfile

import instructions

MOST = 1.5
DETECTORS = 200

RULE = """type: detector
id: rule-{number}
produced_event: {{name: rule_{number}, version: 1.0.0, fields: [{{name: peer, type: string}}]}}
requirements: {{events: [{events}]}}
conditions: ['{condition}']
threshold: {{by: [data.src], count: 3, within: 10s}}
output: {{fields: [{{name: peer, expression: data.dst}}]}}
"""
# What shipped rules and those of users ask: ports, networks, names, headers.
SHAPES = [
    ("net_packet_tcp", "data.proto_tcp.SYN == 1 && data.dst_port == {port}"),
    ("net_packet_tcp", "data.dst in 203.0.{number}.0/24"),
    ("net_packet_dns", 'data.proto_dns.questions.exists(q, q.name.endsWith("domain{number}.test"))'),
    ("net_packet_dns", 'data.proto_dns.questions.name == "www.domain{number}.test"'),
    ("net_packet_http", 'data.proto_http.headers["User-Agent"].startsWith("agent/{number}")'),
]


def write(folder, number, events, condition):
    with open(os.path.join(folder, f"{number}.yaml"), "w", encoding="utf-8") as file:
        file.write(RULE.format(number=number, events=events,
                               condition=condition.format(number=number, port=20000 + number)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tracee")
    parser.add_argument("make_capture")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        instructions.skip("valgrind is not installed")
    with tempfile.TemporaryDirectory() as folder:
        one, many = os.path.join(folder, "one"), os.path.join(folder, "many")
        os.mkdir(one)
        os.mkdir(many)
        write(one, 0, "{name: net_packet_tcp}, {name: net_packet_dns}, {name: net_packet_http}",
              "data.dst_port == {port}")
        for number in range(DETECTORS):
            event, condition = SHAPES[number % len(SHAPES)]
            write(many, number, f"{{name: {event}}}", condition)
        capture = os.path.join(folder, "mixed.pcap")
        subprocess.run([options.make_capture, "mixed", str(instructions.PACKETS), capture], check=True)
        counts = [instructions.count(options.tracee, capture,
                                     ["--output", "json", "--events", "tag=detectors",
                                      "--detectors", rules], folder)
                  for rules in (one, many)]
    ratio = counts[1] / counts[0]
    print(f"one detector: {counts[0]:.0f} instructions a packet, {DETECTORS}: {counts[1]:.0f}, "
          f"{ratio:.2f} times as many")
    if ratio > MOST:
        raise SystemExit(f"more than {MOST} times as many")


if __name__ == "__main__":
    main()
