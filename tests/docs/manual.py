# SPDX-License-Identifier: Apache-2.0
"""manual.py TRACEE DOCS: the manual pages, as mandoc sees them."""
import os
import re
import subprocess
import sys
import unittest

TRACEE, DOCS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MAN = os.path.join(DOCS, "man")


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)


def pages():
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(MAN)
                  for name in names if re.search(r"\.[1-9]$", name))


def rendered(path):
    done = run("mandoc", "-T", "utf8", "-O", "width=80", path)
    return re.sub(".\b", "", done.stdout)


class Manual(unittest.TestCase):
    def test_lint(self):
        """Clean but for pages of ours, which mandoc looks for in the system's manual."""
        names = {os.path.basename(path) for path in pages()}
        complaints = []
        for line in run("mandoc", "-T", "lint", *pages()).stdout.splitlines():
            missing = re.search(r"referenced manual not found: Xr (\S+) (\d)", line)
            if not (missing and f"{missing[1]}.{missing[2]}" in names):
                complaints.append(line)
        self.assertEqual(complaints, [])

    def test_a_page_for_everything(self):
        names = {os.path.basename(path) for path in pages()}
        events = [line.split()[1] for line in run(TRACEE, "list").stdout.splitlines()
                  if re.match(r"\d+ ", line)]
        self.assertGreater(len(events), 10)
        for name in ["tracee.1", "tracee.yaml.5", "tracee-events.7", "tracee-filters.7", "tracee-detectors.7",
                     *(f"tracee-{event}.7" for event in events)]:
            self.assertIn(name, names)

    def test_every_option_and_verb(self):
        text = rendered(os.path.join(MAN, "man1", "tracee.1"))
        usage = run(TRACEE, "--help").stdout
        options = re.findall(r"^ +(?:-\w,)?(--[\w-]+|-\w)\b", usage, re.MULTILINE)
        verbs = re.findall(r"^  (\w+) ", usage.partition("Subcommands:")[2], re.MULTILINE)
        self.assertGreater(len(options), 10)
        self.assertGreater(len(verbs), 4)
        for word in options:
            self.assertRegex(text, rf"(?m)^ +(-\w, )?{word}\b")
        for word in verbs:
            self.assertRegex(text, rf"(?m)^ +{word}\b")

    def test_fields_are_those_of_explain(self):
        text = rendered(os.path.join(MAN, "man7", "tracee-net_packet_http.7"))
        explained = run(TRACEE, "explain", "net_packet_http").stdout.partition("Fields")[2]
        fields = re.findall(r"^  (\S+) +\w", explained.partition("Example")[0], re.MULTILINE)
        self.assertGreater(len(fields), 8)
        for field in fields:
            self.assertRegex(text, rf"(?m)^ +{re.escape(field)} \(")

    def test_nothing_is_lost_on_the_way_to_the_screen(self):
        """What roff takes for a request or an escape vanishes from the page."""
        text = rendered(os.path.join(MAN, "man7", "tracee-filters.7"))
        with open(os.path.join(os.path.dirname(__file__), "../../docs/filters.md"),
                  encoding="utf-8") as file:
            source = file.read()
        shown = re.sub(r"[\s\u2010]+", "", text)
        for code in re.findall(r"`([^`\n]+)`", source):
            self.assertIn(re.sub(r"\s+", "", code).replace("\\|", "|"), shown)

    def test_print_one_page(self):
        done = run(TRACEE, "docs", "--format", "man", "net_packet_udp")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(".Dt TRACEE-NET_PACKET_UDP 7\n", done.stdout)
        done = run(TRACEE, "docs", "--format", "man", "net_packet_upd")
        self.assertEqual(done.returncode, 2)
        self.assertIn("net_packet_udp'?", done.stderr)
        self.assertEqual(run(TRACEE, "docs", "--format", "roff").returncode, 2)
        self.assertEqual(run(TRACEE, "docs").returncode, 2)
        done = run(TRACEE, "docs", "--format", "man", "--to", "/proc/nowhere")
        self.assertEqual(done.returncode, 1)

    def test_same_day_same_bytes(self):
        def page():
            return subprocess.run([TRACEE, "docs", "--format", "man"], stdout=subprocess.PIPE,
                                  env={**os.environ, "SOURCE_DATE_EPOCH": "86400"},
                                  check=True).stdout
        self.assertIn(b".Dd January 2, 1970\n", page())
        self.assertEqual(page(), page())


unittest.main(argv=sys.argv[:1])
