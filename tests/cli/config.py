#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Options from files and the environment, and secrets in the command line. As run.py."""
import os
import subprocess
import sys
import unittest

import yaml

from run import SECONDS, TRACEE, CommandLine

# One good value for each option that a file may have.
ALL = {
    "events": ["net_packet_dns", "net_packet_tcp.data.dst_port=80"], "scope": ["comm=curl", "uid>=0"],
    "policy": ["POLICY"], "filter": ['data.dst_port == 80 && process.name != "a\\b\tc"'],
    "detectors": ["DETECTORS"], "pcap-filter": "tcp port 80", "explain": True, "no-pushdown": True,
    "output": ["json", 'table:/x y?filter=event.name == "a" && data.x == 1', "option:extended"],
    "redact": ["headers", "dns=.corp.example"], "write": "/tmp/with a blank",
    "capture": ["network", "dir:/srv"], "input": "-", "count": 3, "duration": "5m",
    "dns-ports": [53, 5353], "ring-size": "64KiB", "shed": "sample:8", "attribution": "cgroup",
    "metrics": "127.0.0.1:1", "cri": ["docker:/run/docker.sock"], "user": "nobody",
    "no-confine": True, "workers": 2,
}


class Config(CommandLine):
    def config(self, text, name="tracee.yaml"):
        return self.file(name, text.encode() if isinstance(text, str) else yaml.dump(text).encode())

    def run_with(self, *arguments, **variables):
        return subprocess.run([TRACEE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=SECONDS, check=False, env={**os.environ, **variables})

    def dump(self, *arguments, **variables):
        done = self.run_with("--dump-config", *arguments, **variables)
        self.assertEqual((done.returncode, done.stderr), (0, b""), arguments)
        return done.stdout.decode()

    def test_every_option_has_a_place_in_a_file(self):
        dumped = self.dump()
        names = {line.lstrip("# ").split(":")[0] for line in dumped.splitlines()
                 if line and (not line.startswith(("# ", " ")) or line.endswith(":"))}
        help_text = self.run_tracee("--help").stdout.decode()
        self.assertEqual(names, set(ALL))
        for name in ALL:
            self.assertIn("--" + name, help_text)

    def test_a_dump_is_read_back_as_it_is(self):
        first = self.dump("--config", self.config(ALL))
        self.assertEqual({name: value if isinstance(value, (list, bool)) else str(value)
                          for name, value in ALL.items()},
                         {name: value if isinstance(value, (list, bool)) else str(value)
                          for name, value in yaml.safe_load(first).items()})
        self.assertEqual(self.dump("--config", self.config(first, "again.yaml")), first)
        nothing = self.dump()
        self.assertEqual(self.dump("--config", self.config(nothing, "none.yaml")), nothing)

    def test_the_same_run(self):
        path = self.config({"events": "net_packet_tcp,net_packet_udp", "output": ["json"],
                            "filter": "data.src_port > 0", "input": self.input})
        by_file = self.run_tracee("--config", path)
        self.assertEqual(by_file.returncode, 0, by_file.stderr)
        by_words = self.run_tracee("--events", "net_packet_tcp,net_packet_udp", "--output", "json",
                                   "--filter", "data.src_port > 0", "--input", self.input)
        self.assertGreater(len(by_file.stdout), 1000)
        self.assertEqual(by_file.stdout, by_words.stdout)
        by_environment = self.run_with(TRACEE_EVENTS="net_packet_tcp\nnet_packet_udp\n",
                                       TRACEE_OUTPUT="json", TRACEE_FILTER="data.src_port > 0",
                                       TRACEE_INPUT=self.input)
        self.assertEqual(by_environment.stdout, by_words.stdout)
        self.assertEqual(self.run_with(TRACEE_CONFIG=path).stdout, by_words.stdout)

    def test_what_comes_before_what(self):
        path = self.config({"count": 1, "ring-size": "1MiB", "dns-ports": [1], "explain": True})

        def value(name, *arguments, **variables):
            return yaml.safe_load(self.dump("--config", path, *arguments, **variables))[name]
        self.assertEqual(value("count"), 1)
        self.assertEqual(value("count", TRACEE_COUNT="2"), 2)
        self.assertEqual(value("count", "-c", "3", TRACEE_COUNT="2"), 3)
        self.assertEqual(value("dns-ports", TRACEE_DNS_PORTS="2\n3"), [2, 3])
        self.assertEqual(value("dns-ports", "--dns-ports", "4"), [4])  # all of it
        self.assertEqual(value("ring-size", TRACEE_RING_SIZE=""), "1MiB")  # says nothing
        self.assertFalse(value("explain", TRACEE_EXPLAIN="no"))

    def test_an_output_as_a_map(self):
        output = os.path.join(self.folder, "map.json")
        path = self.config({"input": self.input, "events": "net_packet_tcp", "output": [
            "none", {"to": "json:" + output, "filter": 'data.src_port == 80 && "a%b" != "c"',
                     "append": "yes", "fsync": "rotate"}]})
        done = self.run_tracee("--config", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(output, encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), len(self.replay(
                "--events", "net_packet_tcp", "--filter", "data.src_port == 80")))

    def test_mistakes_have_a_place(self):
        for text, place, says in (
                ("events: x\nevnts: y\n", "2:1", "'events'?"),
                ("config: x\n", "1:1", "unknown option 'config'"),
                ("events:\n  - net_packet_dns\n  - net_packet_dsn\n", "3:5", "'net_packet_dns'?"),
                ("output: [none, jsn]\n", "1:16", "'json'?"),
                ("output:\n- to: json:/tmp/x\n  rotat-size: 1\n", "2:3", "'rotate-size'?"),
                ("output:\n- too: json\n", "2:3", "there is no to:"),
                ("output:\n- to: json\n  keep: [1]\n", "3:9", "keep is not one value"),
                ("filter:\n  data.dst_prt == 1\n", "2:3", "unknown field 'dst_prt'"),
                ("scope: comx=1\n", "1:8", "'comm'?"),
                ("ring-size: 12parsecs\n", "1:12", "as in 16MiB"),
                ("count: 0\n", "1:8", "give 1 or more"), ("dns-ports: [53, x]\n", "1:17", "'x'"),
                ("attribution: magic\n", "1:14", "auto, tracepoint"), ("cri: [x]\n", "1:7", "SOCKET"),
                ("explain: perhaps\n", "1:10", "true or false"), ("count:\n", "1:1", "no value"),
                ("count: [1]\n", "1:8", "not a value"), ("pcap-filter: xyz\n", "1:14", "tcpdump's"),
                ("capture: netwrk\n", "1:10", "'network'?"),
                ("detectors: /nonexistent.yaml\n", "1:12", "No such file"),
                ("- events\n", "1:1", "NAME: VALUE"), ("events: [a\n", "2:1", "not valid YAML"),
                ("count: 1\ncount: 2\n", "2:1", "stands twice"),
                ("count: 1\n---\ncount: 2\n", "3:1", "in one")):
            path = self.config(text)
            done = self.run_tracee("--config", path, "--input", "/dev/null")
            said = done.stderr.decode()
            self.assertEqual(done.returncode, 2, (text, said))
            self.assertTrue(said.startswith(f"tracee: {path}:{place}: "), (text, said))
            self.assertIn(says, said, text)
        self.fails(2, "--config", "/nonexistent", says="No such file")
        self.fails(2, "--config", "", says="empty path")

    def test_mistakes_in_the_environment(self):
        done = self.run_with("--input", "/dev/null", TRACEE_COUNT="x")
        self.assertEqual(done.returncode, 2)
        self.assertTrue(done.stderr.startswith(b"tracee: TRACEE_COUNT: count: 'x'"), done.stderr)
        # A Kubernetes service of our name makes the last two: nothing is wrong with them.
        done = self.run_with("--input", "/dev/null", "--output", "none", TRACEE_EVNETS="x",
                             TRACEE_PORT="tcp://10.0.0.1:80", TRACEE_SERVICE_HOST="10.0.0.1")
        self.assertEqual(done.stderr.decode().count("did you mean"), 1, done.stderr)
        self.assertIn(b"TRACEE_EVNETS is not known; did you mean TRACEE_EVENTS?", done.stderr)

    def test_secrets_are_not_shown(self):
        secret = "s3cret"
        spec = f"webhook:http://joe:{secret}@127.0.0.1:1/?token={secret}&retries=1&drain=10ms"
        dumped = self.dump("--output", spec)
        self.assertNotIn(secret, dumped)
        self.assertIn("token=***", dumped)
        kept = "webhook:http://127.0.0.1:1/?token=env:TOKEN&password-file=/run/secret"
        self.assertIn(kept, self.dump("--output", kept, TOKEN=secret))
        tracee = subprocess.Popen([TRACEE, "--input", "-", "--output", spec], stdin=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        self.addCleanup(tracee.wait)
        self.addCleanup(tracee.kill)
        said = tracee.stderr.readline().decode()
        with open(f"/proc/{tracee.pid}/cmdline", "rb") as file:
            words = file.read().decode().split("\0")
        said += tracee.communicate()[1].decode()
        self.assertNotIn(secret, said + " ".join(words))
        self.assertEqual(words[4], spec.replace(secret, "*" * len(secret)))
        self.assertIn("`ps`", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
