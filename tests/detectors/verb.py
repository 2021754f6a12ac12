#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""verb.py TRACEE ROOT: `tracee detectors test`, as its user sees it."""
import os
import subprocess
import sys
import tempfile

RULE = """type: detector
id: one
produced_event: {name: one, version: 1.0.0, fields: [{name: peer, type: string}]}
requirements: {events: [{name: net_packet_icmp, data_filters: ["proto_icmp.typeCode=EchoRequest"]}]}
output: {fields: [{name: peer, expression: data.dst}]}
"""


def main(tracee, root):
    captures = os.path.join(os.path.abspath(root), "detectors/rules/captures")
    pings = os.path.join(captures, "icmp_ping.pcap")
    with tempfile.TemporaryDirectory() as folder:
        rule = os.path.join(folder, "rule.yaml")

        def case(what, text, status, said, *more, findings=None, capture=pings):
            with open(rule, "w", encoding="utf-8") as file:
                file.write(text)
            given = ("--input", capture) if capture else ()
            done = subprocess.run((tracee, "detectors", "test", rule, *given, *more), check=False,
                                  capture_output=True, text=True, timeout=120)
            found = done.stdout.count('"eventName":"one"')
            wrong = (done.returncode != status or said not in done.stderr or
                     findings not in (None, found))
            if wrong:
                print(f"{what}: status {done.returncode}, {found} findings\n{done.stderr}")
            return wrong

        wrong = [
            case("no expectation", RULE, 0, "", findings=14),
            case("as expected", RULE + "expect: {findings: 14, fields: {peer: 192.0.2.1}}\n", 0,
                 "14 findings, as expected"),
            case("another count", RULE + "expect: {findings: 13}\n", 1,
                 "rule.yaml:6:9: " + pings + ": 14 findings, expected 13", findings=14),
            case("another field", RULE + "expect: {findings: 14, fields: {peer: 192.0.2.9}}\n", 1,
                 "expected one with peer=192.0.2.9"),
            case("another capture", RULE + "expect: [{capture: other.pcap, findings: 0}]\n", 1,
                 "nothing is expected of it"),
            case("by name", RULE + f"expect: [{{capture: {pings}, findings: 14}}]\n", 0,
                 "as expected", capture=None),
            case("a filter", RULE, 0, "", "--filter", 'data.peer == "192.0.2.9"', findings=0),
            case("no capture", RULE, 2, "no capture to test with", capture=None),
            case("missing capture", RULE, 1, "none.pcap", capture="/nonexistent/none.pcap"),
            case("broken file", RULE.replace("data.dst", "data.dts"), 2, "did you mean 'dst'?"),
            case("unknown field", RULE + "expect: {findings: 1, fields: {pear: x}}\n", 2,
                 "rule.yaml:6:32: the output has no field 'pear'"),
            case("no count", RULE + "expect: {capture: x.pcap}\n", 2, "rule.yaml:6:9: no findings"),
        ]
    sys.exit(1 if any(wrong) else 0)


main(*sys.argv[1:])
