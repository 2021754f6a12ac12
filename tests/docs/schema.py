#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""schema.py TRACEE PLUGINS [live]: every event that comes out is what the schema says.

Over every capture of the tree, in all forms; with `live` (as root) over the demo. And the
schema can say no: each key that is taken away, added or changed is found."""
import copy
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import jsonschema

TRACEE, PLUGINS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
CAPTURES = sorted(glob.glob(os.path.join(TESTS, "captures", "*.pcap*")) +
                  glob.glob(os.path.join(TESTS, "golden", "reference", "*.pcap")))
ALL = ("--events", "*")
DETECTED = ("--detectors", PLUGINS)


def run(*arguments):
    done = subprocess.run([TRACEE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    assert done.returncode in (0, 1), (arguments, done.stderr.decode())
    return done.stdout.decode()


def validator(*arguments):
    schema = json.loads(run("docs", "--format", "schema", *arguments))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


class Schema(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tracee-schema-")
        cls.schema = validator()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def holds(self, lines, schema=None):
        events = [json.loads(line) for line in lines]
        for event in events:
            error = jsonschema.exceptions.best_match((schema or self.schema).iter_errors(event))
            self.assertIsNone(error, (error and error.message, json.dumps(event)[:2000]))
        return events

    def test_every_capture(self):
        self.assertGreater(len(CAPTURES), 6)
        names = {}
        for path in CAPTURES:
            for more in ((), ("--output", "option:extended", "--output", "option:exec-path")):
                lines = run("--input", path, "--output", "json", *ALL, *more).splitlines()
                for event in self.holds(lines):
                    names[event["eventName"]] = event
        listed = {line.split()[1] for line in run("list").splitlines() if line[:1].isdigit()}
        self.assertEqual(set(names) | {"lost_events"}, listed)

    def test_losses(self):
        out = os.path.join(self.folder, "out.json")
        run("--input", CAPTURES[0], *ALL, "--output", "json:/dev/full", "--output", "json:" + out)
        with open(out, encoding="utf-8") as file:
            events = self.holds(file.read().splitlines())
        self.assertIn("lost_events", {event["eventName"] for event in events})

    def test_findings(self):
        schema = validator(*DETECTED)
        rule = os.path.join(self.folder, "rule.yaml")
        with open(rule, "w", encoding="utf-8") as file:
            file.write(RULE)
        for arguments in (DETECTED, ("--detectors", rule)):
            own = validator(*arguments)
            found = 0
            for path in CAPTURES:
                lines = run("--input", path, "--output", "json", "--events", "tag=detectors",
                            *arguments).splitlines()
                found += len(self.holds(lines, own))
                # Who does not know the detectors takes them as findings.
                self.holds(lines)
                if arguments == DETECTED:
                    self.holds(lines, schema)
            if arguments != DETECTED:
                self.assertGreater(found, 0)

    def test_it_can_say_no(self):
        kinds = {}
        for path in CAPTURES:
            for line in run("--input", path, "--output", "json", *ALL).splitlines():
                event = json.loads(line)
                kinds.setdefault(event["eventName"], event)
        for event in kinds.values():
            changes = [(key, None) for key in event if key != "matchedPolicies"]
            changes += [("new", 1), ("eventId", int(event["eventId"])), ("timestamp", "0"),
                        ("processId", -1), ("args", event["args"][1:]), ("argsNum", 99),
                        ("eventName", "net_packet_other"), ("metadata", {})]
            for key, value in changes:
                changed = copy.deepcopy(event)
                if value is None:
                    del changed[key]
                else:
                    changed[key] = value
                self.assertFalse(self.schema.is_valid(changed), (event["eventName"], key, value))
            for i, argument in enumerate(event["args"]):
                for key, value in (("name", "x"), ("type", "x"), ("value", [[]])):
                    changed = copy.deepcopy(event)
                    changed["args"][i][key] = value
                    self.assertFalse(self.schema.is_valid(changed), (event["eventName"], key, i))
                if isinstance(argument["value"], dict):
                    for member in argument["value"]:
                        changed = copy.deepcopy(event)
                        del changed["args"][i]["value"][member]
                        self.assertFalse(self.schema.is_valid(changed), member)

    def test_the_reference_page_is_current(self):
        with open(os.path.join(TESTS, "..", "docs", "events.md"), encoding="utf-8") as file:
            self.assertEqual(file.read(), run("docs", "--format", "md"),
                             "write it anew: tracee docs --format md > docs/events.md")


class Live(Schema):
    """As root: dig and curl, traced."""

    def test_the_demo(self):
        out = os.path.join(self.folder, "demo.json")
        done = subprocess.run([os.path.join(TESTS, "live", "demo.sh"), TRACEE, out],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode())
        with open(out, encoding="utf-8") as file:
            events = self.holds(file.read().splitlines())
        self.assertEqual({event["eventName"] for event in events} - {"lost_events"}, {
            f"net_packet_{kind}" for kind in ("dns_request", "dns_response", "http_request",
                                              "http_response")})
        self.assertTrue(all(event["hostProcessId"] > 0 for event in events), "owners are known")


RULE = """
type: detector
id: any-question
produced_event:
  name: any_question
  version: 1.0.0
  description: Somebody asks
  fields: [{name: host, type: string}, {name: port, type: uint32}]
requirements: {events: [{name: net_packet_dns}]}
threat: {name: Asking, description: To ask is a risk, severity: medium}
auto_populate: {threat: true, detected_from: true}
conditions: [data.proto_dns.QR == 0]
output: {fields: [{name: host, expression: data.src}, {name: port, expression: data.src_port}]}
"""

if __name__ == "__main__":
    if sys.argv[3:] == ["live"]:
        if os.geteuid() != 0:
            print("skipped: tracing needs root")
            sys.exit(77)
        unittest.main(argv=sys.argv[:1] + ["Live.test_the_demo"])
    unittest.main(argv=sys.argv[:1] + ["Schema"])
